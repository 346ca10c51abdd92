/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mac-hmac.c -- HMAC (RFC 2104) over sequence number and packet (RFC 4253,
 * section 6.4; RFC 6668).
 *
 * The key goes through the hash once, when the MAC is keyed: each packet begins
 * with copies of the two states behind it.  For small packets this was measured
 * to be faster than libcrypto's HMAC with a kept key.
 */

#include "crypto.h"
#include "mac-int.h"

#define BLOCK_MAX 144           /* of any hash libcrypto has */

struct hmac {
  EVP_MD_CTX *inner, *outer;    /* behind the key */
  EVP_MD_CTX *work;
};

static void hmac_free(struct sftp_mac *m) {
  struct hmac *h = m->state;

  if (h != NULL) {
    EVP_MD_CTX_free(h->inner);          /* wipes the states */
    EVP_MD_CTX_free(h->outer);
    EVP_MD_CTX_free(h->work);
    sftp_wipe(h, sizeof(*h));
    m->state = NULL;
  }
}

/* Starts a hash with the key combined with the byte pad. */
static EVP_MD_CTX *keyed(const EVP_MD *md, const unsigned char *key,
    size_t key_len, unsigned char pad) {
  unsigned char block[BLOCK_MAX];
  size_t i, block_len = (size_t) EVP_MD_get_block_size(md);
  EVP_MD_CTX *ctx;

  if (key_len > block_len || block_len > sizeof(block)) {
    return NULL;
  }

  for (i = 0; i < block_len; i++) {
    block[i] = (unsigned char) ((i < key_len ? key[i] : 0) ^ pad);
  }

  ctx = EVP_MD_CTX_new();
  if (ctx != NULL && (EVP_DigestInit_ex2(ctx, md, NULL) != 1 ||
      EVP_DigestUpdate(ctx, block, block_len) != 1)) {
    EVP_MD_CTX_free(ctx);
    ctx = NULL;
  }

  sftp_wipe(block, sizeof(block));
  return ctx;
}

static int hmac_init(struct sftp_mac *m, const unsigned char *key) {
  const EVP_MD *md = sftp_crypto_digest(m->alg->digest);
  struct hmac *h;

  if (md == NULL) {
    return SFTP_ERR_UNSUPPORTED;
  }

  h = pcalloc(m->pool, sizeof(*h));
  m->state = h;
  h->inner = keyed(md, key, m->alg->key_len, 0x36);
  h->outer = keyed(md, key, m->alg->key_len, 0x5c);
  h->work = EVP_MD_CTX_new();
  if (h->inner == NULL || h->outer == NULL || h->work == NULL) {
    return SFTP_ERR_CRYPTO;
  }

  return SFTP_OK;
}

static int hmac_compute(struct sftp_mac *m, uint32_t seqno,
    const unsigned char *p, size_t n, unsigned char *out) {
  struct hmac *h = m->state;
  unsigned char hash[EVP_MAX_MD_SIZE], number[4];
  unsigned int len;
  int res = SFTP_ERR_CRYPTO;

  sftp_put_u32(number, seqno);
  if (EVP_MD_CTX_copy_ex(h->work, h->inner) == 1 &&
      EVP_DigestUpdate(h->work, number, sizeof(number)) == 1 &&
      EVP_DigestUpdate(h->work, p, n) == 1 &&
      EVP_DigestFinal_ex(h->work, hash, &len) == 1 &&
      EVP_MD_CTX_copy_ex(h->work, h->outer) == 1 &&
      EVP_DigestUpdate(h->work, hash, len) == 1 &&
      EVP_DigestFinal_ex(h->work, hash, &len) == 1 &&
      len >= m->alg->mac_len) {
    memcpy(out, hash, m->alg->mac_len);
    res = SFTP_OK;
  }

  sftp_wipe(hash, sizeof(hash));
  return res;
}

const struct sftp_mac_ops sftp_mac_hmac = {
  hmac_init, hmac_free, hmac_compute, NULL
};
