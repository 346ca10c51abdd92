/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: KEXINIT, and the messages of every key exchange.
 *
 * The first byte selects a method or, after the last one, a connection that
 * gets a KEXINIT and the messages after it, or an encapsulation by our ML-KEM
 * and its opening.  Then come messages: a byte for the
 * type, two for the length, the fields.
 */

#include <fcntl.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "../fake/client.h"
#include "alg-table.h"
#include "crypto.h"
#include "kex-method.h"
#include "mlkem.h"
#include "target.h"

enum { FILE_OF_GROUPS = 255, SEALED = 254 };

/* The next message; false at the end. */
static bool next(struct sftp_str *left, unsigned int *type,
    struct sftp_str *fields) {
  size_t len;

  if (left->len < 3) {
    return false;
  }

  *type = left->ptr[0];
  len = (size_t) left->ptr[1] << 8 | left->ptr[2];
  left->ptr += 3;
  left->len -= 3;
  fields->ptr = left->ptr;
  fields->len = len < left->len ? len : left->len;
  left->ptr += fields->len;
  left->len -= fields->len;
  return true;
}

/* ---- Methods */

static int swallow(struct sftp_kex_exchange *x, struct sftp_str payload) {
  (void) x;
  must(payload.len > 1);
  return SFTP_OK;
}

static struct sftp_kex_exchange *new_exchange(pool *p,
    const struct sftp_kex_method *m) {
  struct sftp_kex_exchange *x = pcalloc(p, sizeof(*x));

  x->pool = p;
  x->method = m;
  x->reply_type = 31;
  x->send = swallow;
  x->host_key = sftp_str_of("host key");
  sftp_wr_init(&x->hashed, p, 64, 65536);
  sftp_wr_init(&x->reply, p, 64, 65536);
  sftp_wr_init(&x->k, p, 64, 65536);
  return x;
}

/* A key of RSA takes too long to make for each input. */
static void *rsa_key(const struct sftp_kex_method *m) {
  static struct sftp_kex_exchange *kept;

  if (kept == NULL) {
    kept = new_exchange(make_sub_pool(permanent_pool), m);
    must(m->ops->begin(kept) == SFTP_OK);
  }

  return kept->state;
}

/* What a client would send to that key (RFC 4432, section 4). */
static struct sftp_str seal(pool *p, const struct sftp_kex_method *m,
    struct sftp_str text) {
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, rsa_key(m), NULL);
  unsigned char out[512];
  size_t len = sizeof(out);
  struct sftp_wr w;

  sftp_wr_init(&w, p, 1024, 1024);
  if (EVP_PKEY_encrypt_init(ctx) == 1 &&
      EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
      EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, m->digest, NULL) == 1 &&
      EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, m->digest, NULL) == 1 &&
      EVP_PKEY_encrypt(ctx, out, &len, text.ptr, text.len) == 1) {
    sftp_wr_string(&w, out, len);
  }

  EVP_PKEY_CTX_free(ctx);
  ERR_clear_error();
  return sftp_wr_get(&w);
}

/* Two numbers stand for something else than a message: a file of groups, and a
 * text that is encrypted first.
 */
static bool prepare(struct sftp_kex_exchange *x, unsigned int *type,
    struct sftp_str *fields) {
  if (*type == FILE_OF_GROUPS) {
    x->dh_param_file = sftp_str_dup(x->pool, *fields);
    x->dh_param_len = fields->len;
    return false;
  }

  if (*type == SEALED && x->method->ops->begin != NULL) {
    *fields = seal(x->pool, x->method, *fields);
    *type = 31;
  }

  return true;
}

static void method(pool *p, const struct sftp_kex_method *m, bool weak,
    struct sftp_str left) {
  struct sftp_kex_exchange *x = new_exchange(p, m);
  struct sftp_str fields;
  unsigned int type;

  x->weak_dh = weak;
  if (m->ops->begin != NULL) {
    x->state = rsa_key(m);
  }

  while (next(&left, &type, &fields)) {
    struct sftp_rd r;
    bool was_done = x->done;
    int res;

    if (!prepare(x, &type, &fields)) {
      continue;
    }

    sftp_rd_init_str(&r, fields);
    res = m->ops->message(x, type, &r);
    must(res == SFTP_OK || x->done == was_done);
    if (res == SFTP_OK && x->done) {
      must(!was_done && x->k.len > 0 && sftp_wr_end(&x->k) == SFTP_OK);
      must(x->bare_reply || x->reply.len > 0);
    }
  }
}

/* ---- Key encapsulation, by both sides */

static void kem(const struct sftp_mlkem *m, struct sftp_rd *r) {
  unsigned char pub[SFTP_MLKEM_MAX_PUBLIC_LEN], seed[3][SFTP_MLKEM_SEED_LEN],
    priv[SFTP_MLKEM_MAX_PRIVATE_LEN], sealed[SFTP_MLKEM_MAX_CIPHERTEXT_LEN],
    secret[2][SFTP_MLKEM_SECRET_LEN];
  uint32_t at;
  size_t i;

  memset(seed, 0, sizeof(seed));
  for (i = 0; i < SFTP_NELEMS(seed); i++) {
    size_t n = r->left < sizeof(seed[i]) ? r->left : sizeof(seed[i]);

    memcpy(seed[i], sftp_rd_bytes(r, n).ptr, n);
  }

  must(sftp_mlkem_keygen_with(m, seed[0], seed[1], pub, priv) == SFTP_OK &&
    sftp_mlkem_encaps_with(m, pub, seed[2], sealed, secret[0]) == SFTP_OK &&
    sftp_mlkem_decaps(m, priv, sealed, secret[1]) == SFTP_OK);
  must(memcmp(secret[0], secret[1], sizeof(secret[0])) == 0);
  if (r->left > 2) {
    at = (uint32_t) sftp_rd_u8(r) << 8;
    at = (at | sftp_rd_u8(r)) % m->ciphertext_len;
    sealed[at] ^= sftp_rd_u8(r) | 1;
    must(sftp_mlkem_decaps(m, priv, sealed, secret[1]) == SFTP_OK);
    must(memcmp(secret[0], secret[1], sizeof(secret[0])) != 0);
  }
}

/* What libcrypto has given is given back, and fetched again. */
static void encapsulate(struct sftp_str in) {
  struct sftp_rd r;
  uint8_t how;

  sftp_rd_init_str(&r, in);
  how = sftp_rd_u8(&r);
  if ((how & 2) != 0) {
    sftp_crypto_free();
    must(sftp_crypto_init() == SFTP_OK);
    sftp_alg_prefetch();
  }

  sftp_crypto_set_fips((how & 4) != 0);
  must(sftp_crypto_fips() == ((how & 4) != 0) || sftp_crypto_has_fips());
  kem((how & 1) != 0 ? &sftp_mlkem1024 : &sftp_mlkem768, &r);
  sftp_crypto_set_fips(false);
}

/* ---- A connection */

static void drain(int fd) {
  char buf[4096];

  while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
  }
}

static void connection(struct sftp_str left) {
  struct client *cl = client_new();
  struct sftp_str fields;
  unsigned int type;

  cl->set->kex = sftp_alg_list(cl->pool, ALGS_KEX, 0, 0);
  cl->set->ciphers = sftp_alg_list(cl->pool, ALGS_CIPHER, 0, 0);
  cl->set->macs = sftp_alg_list(cl->pool, ALGS_MAC, 0, 0);
  (void) client_version(cl);
  while (next(&left, &type, &fields)) {
    client_send(cl, (uint8_t) type, fields.ptr, fields.len);
    if (client_pump(cl) != SFTP_OK) {
      break;
    }
  }

  drain(cl->fd);
  (void) client_pump(cl);
  client_free(cl);
}

static int one_input(const uint8_t *data, size_t size) {
  struct sftp_str left = { data + 1, size - 1 };
  size_t n = 0;
  pool *p;

  if (size < 1 || sftp_crypto_init() != SFTP_OK) {
    return 0;
  }

  while (sftp_kex_methods[n].alg.name != NULL) {
    n++;
  }

  if ((data[0] & 0x7f) % (n + 2) >= n) {
    ((data[0] & 0x7f) % (n + 2) == n ? connection : encapsulate)(left);
    return 0;
  }

  p = make_sub_pool(permanent_pool);
  method(p, &sftp_kex_methods[(data[0] & 0x7f) % (n + 2)],
    (data[0] & 0x80) != 0, left);
  destroy_pool(p);
  return 0;
}
