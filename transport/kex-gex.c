/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-gex.c -- Diffie-Hellman in a group of the size that the client requests:
 * RFC 4419, RFC 8270.
 *
 * The groups are those of SFTPDHParamFile or, without that, of RFC 3526.
 */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "kex-dh.h"

#define GEX_REQUEST_OLD 30      /* RFC 4419, section 5 */
#define GEX_GROUP 31
#define GEX_INIT 32
#define GEX_REPLY 33
#define GEX_REQUEST 34

#define MIN_BITS 2048           /* RFC 8270 */
#define WEAK_BITS 1024          /* AllowWeakDH */
#define MAX_LEN (SFTP_DH_MAX_BITS / 8)

/* The group chosen so far, and how well it fits. */
struct choice {
  uint32_t min, want, max;      /* bits */
  uint32_t bits;                /* bits of the best group so far; 0: none */
  unsigned int nequal;          /* groups of that size seen */
  struct sftp_dh_group group;
  unsigned char p[MAX_LEN], g[MAX_LEN];
};

/* ---- Choosing */

/* The smallest group that is large enough, otherwise the largest; any fits
 * better than none.
 */
static bool fits_better(const struct choice *c, uint32_t bits) {
  if (bits >= c->want) {
    return c->bits < c->want || bits < c->bits;
  }

  return c->bits < c->want && bits > c->bits;
}

/* Twice the strength of the group, by the table of RFC 3526, section 8, with a
 * margin.
 */
static unsigned int private_bits(uint32_t bits) {
  return bits <= 3072 ? 320 : bits <= 4096 ? 384 : 512;
}

static void consider(struct choice *c, const char *name, const BIGNUM *p,
    const BIGNUM *g) {
  uint32_t bits = (uint32_t) BN_num_bits(p), pick = 0;

  if (bits < c->min || bits > c->max || !BN_is_odd(p) ||
      BN_cmp(g, BN_value_one()) <= 0 || BN_cmp(g, p) >= 0) {
    return;
  }

  /* Of several groups of one size, a random one: the n-th replaces the earlier
   * ones with a chance of 1 in n.
   */
  if (bits == c->bits) {
    sftp_random(&pick, sizeof(pick));
    c->nequal++;
    if (pick % c->nequal != 0) {
      return;
    }
  } else if (fits_better(c, bits)) {
    c->bits = bits;
    c->nequal = 1;
  } else {
    return;
  }

  c->group.name = name;
  c->group.p.ptr = c->p;
  c->group.p.len = (size_t) BN_bn2bin(p, c->p);
  c->group.g.ptr = c->g;
  c->group.g.len = (size_t) BN_bn2bin(g, c->g);
  c->group.private_bits = private_bits(bits);
}

static void consider_file(struct choice *c, const char *text, size_t len) {
  BIO *bio = BIO_new_mem_buf(text, (int) len);
  EVP_PKEY *params;

  while (bio != NULL &&
      (params = PEM_read_bio_Parameters(bio, NULL)) != NULL) {
    BIGNUM *p = NULL, *g = NULL;

    if (EVP_PKEY_get_bn_param(params, OSSL_PKEY_PARAM_FFC_P, &p) == 1 &&
        EVP_PKEY_get_bn_param(params, OSSL_PKEY_PARAM_FFC_G, &g) == 1) {
      consider(c, NULL, p, g);
    }

    BN_free(p);
    BN_free(g);
    EVP_PKEY_free(params);
  }

  BIO_free(bio);
  ERR_clear_error();
}

static void consider_built_in(struct choice *c) {
  static const struct {
    const char *name;
    BIGNUM *(*prime)(BIGNUM *bn);
  } groups[] = {
    { "modp_1536", BN_get_rfc3526_prime_1536 },
    { "modp_2048", BN_get_rfc3526_prime_2048 },
    { "modp_3072", BN_get_rfc3526_prime_3072 },
    { "modp_4096", BN_get_rfc3526_prime_4096 },
    { "modp_6144", BN_get_rfc3526_prime_6144 },
    { "modp_8192", BN_get_rfc3526_prime_8192 },
  };
  BIGNUM *two = BN_new();
  size_t i;

  for (i = 0; i < SFTP_NELEMS(groups) && two != NULL; i++) {
    BIGNUM *p = groups[i].prime(NULL);

    if (p != NULL && BN_set_word(two, 2) == 1) {
      consider(c, groups[i].name, p, two);
    }

    BN_free(p);
  }

  BN_free(two);
}

/* ---- Messages */

/* Limits the client's sizes to ours; false if no size is left. */
static bool set_bounds(struct choice *c, bool weak, uint32_t min,
    uint32_t want, uint32_t max) {
  uint32_t least = weak ? WEAK_BITS : MIN_BITS;

  if (min > want || want > max) {
    return false;
  }

  c->min = min > least ? min : least;
  c->max = max < SFTP_DH_MAX_BITS ? max : SFTP_DH_MAX_BITS;
  c->want = want > c->min ? want : c->min;
  return c->min <= c->max;
}

static int send_group(struct sftp_kex_exchange *x, struct choice *c) {
  struct sftp_wr w;

  if (x->dh_param_file != NULL && x->dh_param_len <= INT32_MAX) {
    consider_file(c, x->dh_param_file, x->dh_param_len);
  }

  if (c->bits < c->want) {
    consider_built_in(c);
  }

  if (c->bits == 0) {
    return SFTP_ERR_KEX;
  }

  sftp_wr_init(&w, x->pool, 2 * MAX_LEN + 16, 2 * MAX_LEN + 16);
  sftp_wr_u8(&w, GEX_GROUP);
  sftp_wr_mpint(&w, c->group.p.ptr, c->group.p.len);
  sftp_wr_mpint(&w, c->group.g.ptr, c->group.g.len);
  sftp_wr_mpint(&x->hashed, c->group.p.ptr, c->group.p.len);
  sftp_wr_mpint(&x->hashed, c->group.g.ptr, c->group.g.len);
  if (sftp_wr_end(&w) != SFTP_OK) {
    return sftp_wr_end(&w);
  }

  x->state = c;
  return x->send(x, sftp_wr_get(&w));
}

/* The request is hashed as it was sent: RFC 4419, section 3. */
static int on_request(struct sftp_kex_exchange *x, struct sftp_rd *r) {
  uint32_t min = sftp_rd_u32(r), want = sftp_rd_u32(r), max = sftp_rd_u32(r);
  struct choice *c;
  int res = sftp_rd_end(r);

  if (res != SFTP_OK) {
    return res;
  }

  c = pcalloc(x->pool, sizeof(*c));
  if (!set_bounds(c, x->weak_dh, min, want, max)) {
    return SFTP_ERR_KEX;
  }

  sftp_wr_u32(&x->hashed, min);
  sftp_wr_u32(&x->hashed, want);
  sftp_wr_u32(&x->hashed, max);
  return send_group(x, c);
}

static int on_old_request(struct sftp_kex_exchange *x, struct sftp_rd *r) {
  uint32_t want = sftp_rd_u32(r);
  struct choice *c;
  int res = sftp_rd_end(r);

  if (res != SFTP_OK) {
    return res;
  }

  c = pcalloc(x->pool, sizeof(*c));
  if (want > SFTP_DH_MAX_BITS ||
      !set_bounds(c, x->weak_dh, 0, want, SFTP_DH_MAX_BITS)) {
    return SFTP_ERR_KEX;
  }

  sftp_wr_u32(&x->hashed, want);
  return send_group(x, c);
}

static int on_init(struct sftp_kex_exchange *x, struct sftp_rd *r) {
  const struct choice *c = x->state;
  struct sftp_str e = sftp_rd_mpint(r);
  int res = sftp_rd_end(r);

  if (res != SFTP_OK) {
    return res;
  }

  x->reply_type = GEX_REPLY;
  return sftp_kex_dh_reply(x, &c->group, e);
}

static int gex_message(struct sftp_kex_exchange *x, unsigned int type,
    struct sftp_rd *r) {
  if (x->done) {
    return SFTP_ERR_ORDER;
  }

  if (type == GEX_REQUEST && x->state == NULL) {
    x->command = "DH_GEX_REQUEST";
    return on_request(x, r);
  }

  if (type == GEX_REQUEST_OLD && x->state == NULL) {
    x->command = "DH_GEX_REQUEST_OLD";
    return on_old_request(x, r);
  }

  x->command = NULL;
  return type == GEX_INIT && x->state != NULL ? on_init(x, r) :
    SFTP_ERR_ORDER;
}

const struct sftp_kex_ops sftp_kex_gex = {
  gex_message, NULL, "DH_GEX_INIT", NULL
};
