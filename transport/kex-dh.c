/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-dh.c -- Diffie-Hellman in a fixed group: RFC 4253, section 8; RFC
 * 8268.
 */

#include <openssl/core_names.h>
#include <openssl/err.h>

#include "kex-dh.h"
#include "params.h"
#include "ssh2.h"

#define DH_MAX_LEN (SFTP_DH_MAX_BITS / 8)
#define OAKLEY_LEN (1024 / 8)

/* ---- Groups */

static void put_group(struct sftp_params *l,
    const struct sftp_dh_group *group) {
  if (group->name != NULL) {
    sftp_params_text(l, OSSL_PKEY_PARAM_GROUP_NAME, group->name);
    return;
  }

  sftp_params_number(l, OSSL_PKEY_PARAM_FFC_P, group->p, false);
  sftp_params_number(l, OSSL_PKEY_PARAM_FFC_G, group->g, false);
}

/* Private exponents have twice the group's strength: libcrypto does that if it
 * knows the group, by name or by prime.
 */
static int set_private_bits(EVP_PKEY_CTX *ctx,
    const struct sftp_dh_group *group) {
  int bits = (int) group->private_bits;
  OSSL_PARAM params[2];

  if (group->name != NULL) {
    return 1;
  }

  params[0] = OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_DH_PRIV_LEN, &bits);
  params[1] = OSSL_PARAM_construct_end();
  return EVP_PKEY_CTX_set_params(ctx, params);
}

static EVP_PKEY *new_key(const struct sftp_dh_group *group) {
  struct sftp_params l;
  EVP_PKEY *domain, *mine = NULL;
  EVP_PKEY_CTX *ctx;

  sftp_params_init(&l);
  put_group(&l, group);
  domain = sftp_params_key(&l, "DH", EVP_PKEY_KEY_PARAMETERS);
  if (domain == NULL) {
    return NULL;
  }

  ctx = EVP_PKEY_CTX_new_from_pkey(NULL, domain, NULL);
  if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
      set_private_bits(ctx, group) == 1 &&
      EVP_PKEY_generate(ctx, &mine) != 1) {
    mine = NULL;
  }

  EVP_PKEY_CTX_free(ctx);
  EVP_PKEY_free(domain);
  return mine;
}

/* ---- Numbers */

/* 1 < e < p - 1: stricter than RFC 4253, section 8, which permits 1 and p - 1.
 * The groups have safe primes, so no other element is of small order.
 */
static bool in_range(const EVP_PKEY *mine, struct sftp_str e) {
  BIGNUM *p = NULL, *bn = BN_bin2bn(e.ptr, (int) e.len, NULL);
  bool good = false;

  if (bn != NULL && EVP_PKEY_get_bn_param(mine, OSSL_PKEY_PARAM_FFC_P,
      &p) == 1 && BN_sub_word(p, 1) == 1) {
    good = BN_cmp(bn, BN_value_one()) > 0 && BN_cmp(bn, p) < 0;
  }

  BN_free(p);
  BN_free(bn);
  return good;
}

static int derive_secret(EVP_PKEY *mine, const struct sftp_dh_group *group,
    struct sftp_str e, unsigned char *secret, size_t *len) {
  struct sftp_params l;
  EVP_PKEY_CTX *ctx = NULL;
  EVP_PKEY *theirs;
  int res = SFTP_ERR_KEX;

  sftp_params_init(&l);
  put_group(&l, group);
  sftp_params_number(&l, OSSL_PKEY_PARAM_PUB_KEY, e, false);
  theirs = sftp_params_key(&l, "DH", EVP_PKEY_PUBLIC_KEY);
  if (theirs != NULL) {
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
  }

  if (ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
      EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) == 1 &&
      EVP_PKEY_derive(ctx, secret, len) == 1) {
    res = SFTP_OK;
  }

  EVP_PKEY_CTX_free(ctx);
  EVP_PKEY_free(theirs);
  return res;
}

int sftp_kex_dh_reply(struct sftp_kex_exchange *x,
    const struct sftp_dh_group *group, struct sftp_str e) {
  unsigned char f[DH_MAX_LEN], secret[DH_MAX_LEN];
  size_t f_len = 0, secret_len = sizeof(secret);
  EVP_PKEY *mine = new_key(group);
  BIGNUM *bn = NULL;
  int res = SFTP_ERR_KEX;

  if (mine == NULL || !in_range(mine, e) ||
      EVP_PKEY_get_bn_param(mine, OSSL_PKEY_PARAM_PUB_KEY, &bn) != 1 ||
      BN_num_bytes(bn) > (int) sizeof(f) ||
      derive_secret(mine, group, e, secret, &secret_len) != SFTP_OK) {
    goto done;
  }

  f_len = (size_t) BN_bn2bin(bn, f);
  sftp_wr_mpint(&x->hashed, e.ptr, e.len);
  sftp_wr_mpint(&x->hashed, f, f_len);
  sftp_wr_mpint(&x->reply, f, f_len);
  sftp_wr_mpint(&x->k, secret, secret_len);
  x->done = true;
  res = SFTP_OK;

done:
  sftp_wipe(secret, sizeof(secret));
  BN_free(bn);
  EVP_PKEY_free(mine);
  ERR_clear_error();
  return res;
}

/* The Second Oakley Group (RFC 2409), which libcrypto has without a name. */
static int oakley_reply(struct sftp_kex_exchange *x, struct sftp_str e) {
  unsigned char p[OAKLEY_LEN];
  struct sftp_dh_group group = { NULL, { p, sizeof(p) }, { NULL, 0 }, 256 };
  BIGNUM *bn = BN_get_rfc2409_prime_1024(NULL);
  int len = bn != NULL ? BN_bn2binpad(bn, p, sizeof(p)) : -1;

  BN_free(bn);
  group.g = sftp_str_of("\x02");
  return len > 0 ? sftp_kex_dh_reply(x, &group, e) : SFTP_ERR_CRYPTO;
}

static int dh_message(struct sftp_kex_exchange *x, unsigned int type,
    struct sftp_rd *r) {
  struct sftp_dh_group group = { x->method->parameter, { NULL, 0 },
    { NULL, 0 }, 0 };
  struct sftp_str e;
  int res;

  if (type != SSH_MSG_KEXDH_INIT || x->done) {
    return SFTP_ERR_ORDER;
  }

  e = sftp_rd_mpint(r);
  res = sftp_rd_end(r);
  if (res != SFTP_OK) {
    return res;
  }

  return strcmp(group.name, "oakley_1024") == 0 ? oakley_reply(x, e) :
    sftp_kex_dh_reply(x, &group, e);
}

const struct sftp_kex_ops sftp_kex_dh = {
  dh_message, NULL, "DH_INIT", NULL
};
