/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* params.c -- lists of parameters for libcrypto's keys. */

#include <openssl/err.h>

#include "params.h"

void sftp_params_init(struct sftp_params *l) {
  memset(l, 0, sizeof(*l));
  l->list = OSSL_PARAM_BLD_new();
  l->failed = l->list == NULL;
}

void sftp_params_bn(struct sftp_params *l, const char *name, BIGNUM *bn) {
  if (bn == NULL || l->nnumbers == SFTP_PARAMS_MAX) {
    BN_clear_free(bn);
    l->failed = true;
    return;
  }

  l->numbers[l->nnumbers++] = bn;
  if (!l->failed && OSSL_PARAM_BLD_push_BN(l->list, name, bn) != 1) {
    l->failed = true;
  }
}

const BIGNUM *sftp_params_number(struct sftp_params *l, const char *name,
    struct sftp_str bytes, bool secret) {
  /* What is pushed from a secure BIGNUM is copied to memory that
   * OSSL_PARAM_free() wipes, with a secure heap or without.
   */
  BIGNUM *bn = secret ? BN_secure_new() : BN_new();

  if (bn != NULL && BN_bin2bn(bytes.ptr, (int) bytes.len, bn) == NULL) {
    BN_clear_free(bn);
    bn = NULL;
  }

  sftp_params_bn(l, name, bn);
  return l->failed ? NULL : bn;
}

void sftp_params_text(struct sftp_params *l, const char *name,
    const char *text) {
  if (!l->failed &&
      OSSL_PARAM_BLD_push_utf8_string(l->list, name, text, 0) != 1) {
    l->failed = true;
  }
}

void sftp_params_bytes(struct sftp_params *l, const char *name,
    struct sftp_str bytes) {
  if (!l->failed && OSSL_PARAM_BLD_push_octet_string(l->list, name, bytes.ptr,
      bytes.len) != 1) {
    l->failed = true;
  }
}

EVP_PKEY *sftp_params_key(struct sftp_params *l, const char *type,
    int selection) {
  EVP_PKEY_CTX *ctx = NULL;
  EVP_PKEY *pkey = NULL;
  OSSL_PARAM *params = NULL;

  if (!l->failed) {
    params = OSSL_PARAM_BLD_to_param(l->list);
    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
  }

  if (params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
      EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1) {
    EVP_PKEY_free(pkey);
    pkey = NULL;
  }

  if (pkey == NULL) {
    ERR_clear_error();
  }

  EVP_PKEY_CTX_free(ctx);
  OSSL_PARAM_free(params);
  OSSL_PARAM_BLD_free(l->list);
  while (l->nnumbers > 0) {
    BN_clear_free(l->numbers[--l->nnumbers]);
  }

  l->list = NULL;
  return pkey;
}

/* ---- Copies of libcrypto's lists */

#define ALIGNMENT 16U

/* Texts are read with their NUL, which their length does not include. */
static size_t padded(size_t len) {
  return (len + ALIGNMENT) & ~(size_t) (ALIGNMENT - 1);
}

/* The bytes of the list itself, including its end. */
static size_t list_len(const OSSL_PARAM *list) {
  size_t n = 1;

  for (; list->key != NULL; list++) {
    n++;
  }

  return padded(n * sizeof(*list));
}

size_t sftp_params_room(const OSSL_PARAM *list) {
  size_t len = list_len(list);

  for (; list->key != NULL; list++) {
    len += padded(list->data_size) + padded(strlen(list->key));
  }

  return len;
}

static unsigned char *place(unsigned char **at, const void *data,
    size_t len) {
  unsigned char *start = *at;

  if (len > 0) {
    memcpy(start, data, len);
  }

  *at += padded(len);
  return start;
}

void sftp_params_place(void *room, const OSSL_PARAM *list) {
  OSSL_PARAM *copy = room;
  unsigned char *at = (unsigned char *) room + list_len(list);

  memset(room, 0, sftp_params_room(list));
  for (; list->key != NULL; list++, copy++) {
    *copy = *list;
    copy->data = place(&at, list->data, list->data_size);
    copy->key = (const char *) place(&at, list->key, strlen(list->key));
  }

  *copy = *list;                /* the end */
}
