/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "crypto.h"
#include "curves.h"
#include "kex-method.h"
#include "mlkem.h"
#include "params.h"
#include "tap.h"

#define INIT 30                 /* KEXDH_INIT, KEX_ECDH_INIT */

static pool *top;

static struct sftp_str as_str(const void *p, size_t n) {
  struct sftp_str s = { p, n };

  return s;
}

/* ---- The server's side */

static const struct sftp_kex_method *method(const char *name) {
  const struct sftp_kex_method *m;

  for (m = sftp_kex_methods; m->alg.name != NULL; m++) {
    if (strcmp(m->alg.name, name) == 0) {
      return m;
    }
  }

  bail_out("no method %s", name);
}

static struct sftp_kex_exchange *begin(const char *name) {
  pool *p = make_sub_pool(top);
  struct sftp_kex_exchange *x = pcalloc(p, sizeof(*x));

  x->pool = p;
  x->method = method(name);
  x->reply_type = 31;
  sftp_wr_init(&x->hashed, p, 64, 65536);
  sftp_wr_init(&x->reply, p, 64, 65536);
  sftp_wr_init(&x->k, p, 64, 65536);
  return x;
}

static int feed(struct sftp_kex_exchange *x, unsigned int type,
    const void *bytes, size_t len) {
  unsigned char *copy = t_exact_copy(bytes, len);
  struct sftp_rd r;
  int res;

  sftp_rd_init(&r, copy, len);
  res = x->method->ops->message(x, type, &r);
  free(copy);
  return res;
}

/* One message with one string; ends the exchange.  1 when an error left
 * something behind.
 */
static int try_string(const char *name, const void *bytes, size_t len) {
  struct sftp_kex_exchange *x = begin(name);
  struct sftp_wr w;
  int res;

  sftp_wr_init(&w, x->pool, 64, 65536);
  sftp_wr_string(&w, bytes, len);
  res = feed(x, INIT, w.ptr, w.len);
  if (res != SFTP_OK && (x->done || x->k.len > 0 || x->reply.len > 0)) {
    res = 1;
  }

  destroy_pool(x->pool);
  return res;
}

static int try_hex(const char *name, const char *hex) {
  size_t len;
  unsigned char *bytes = t_hex(hex, &len);
  int res = try_string(name, bytes, len);

  free(bytes);
  return res;
}

/* hashed is theirs then ours, reply is ours. */
static bool fields_are_good(const struct sftp_kex_exchange *x,
    struct sftp_str theirs, struct sftp_str *ours) {
  struct sftp_rd r;
  struct sftp_str a, b;

  sftp_rd_init(&r, x->hashed.ptr, x->hashed.len);
  a = sftp_rd_string(&r);
  b = sftp_rd_string(&r);
  if (sftp_rd_end(&r) != SFTP_OK || !sftp_str_same(a, theirs)) {
    return false;
  }

  sftp_rd_init(&r, x->reply.ptr, x->reply.len);
  *ours = sftp_rd_string(&r);
  return sftp_rd_end(&r) == SFTP_OK && sftp_str_same(*ours, b) && x->done &&
    x->reply_type == 31;
}

/* Whether K is the number in these bytes, as RFC 4251, section 5, writes it. */
static bool k_is(const struct sftp_kex_exchange *x, const unsigned char *n,
    size_t len) {
  unsigned char want[2048];
  size_t zero;

  while (len > 0 && n[0] == 0) {
    n++;
    len--;
  }

  zero = len > 0 && n[0] >= 0x80 ? 1 : 0;
  sftp_put_u32(want, (uint32_t) (len + zero));
  want[4] = 0;
  memcpy(want + 4 + zero, n, len);
  return x->k.len == 4 + zero + len && memcmp(x->k.ptr, want, x->k.len) == 0;
}

static void order_and_lengths_are_kept(const char *name, const void *bytes,
    size_t len) {
  struct sftp_kex_exchange *x = begin(name);
  size_t n, refused = 0;
  unsigned int type;
  struct sftp_wr w;

  sftp_wr_init(&w, top, 64, 65536);
  sftp_wr_string(&w, bytes, len);
  for (type = 20; type < 50; type++) {
    if (type != INIT) {
      refused += feed(x, type, w.ptr, w.len) == SFTP_ERR_ORDER;
    }
  }

  is_int(refused, 29, "%s: only message 30 comes from a client", name);
  refused = 0;
  for (n = 0; n < w.len; n++) {
    refused += feed(x, INIT, w.ptr, n) == SFTP_ERR_SHORT;
  }

  is_int(refused, w.len, "%s: every prefix of it is refused", name);
  sftp_wr_u8(&w, 0);
  is_int(feed(x, INIT, w.ptr, w.len), SFTP_ERR_EXTRA, "%s: so is a byte more",
    name);
  is_int(feed(x, INIT, w.ptr, w.len - 1), SFTP_OK, "%s: as it is it is taken",
    name);
  is_int(feed(x, INIT, w.ptr, w.len - 1), SFTP_ERR_ORDER, "%s: but once",
    name);
  destroy_pool(x->pool);
}

/* ---- Curve25519 */

/* RFC 7748, section 6.1. */
static const unsigned char alice_private[32] = {
  0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1, 0x72,
  0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a,
  0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a
};
static const unsigned char alice_public[32] = {
  0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d, 0xdc,
  0xb4, 0x3e, 0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4,
  0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a
};

/* libcrypto's X25519 against ours, which is libsodium's. */
static void x25519_secret(struct sftp_str theirs, unsigned char *secret) {
  EVP_PKEY *mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL,
    alice_private, 32);
  EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL,
    theirs.ptr, theirs.len);
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);
  size_t len = 32;

  if (ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
      EVP_PKEY_derive_set_peer(ctx, peer) != 1 ||
      EVP_PKEY_derive(ctx, secret, &len) != 1) {
    bail_out("no X25519 in libcrypto");
  }

  EVP_PKEY_CTX_free(ctx);
  EVP_PKEY_free(peer);
  EVP_PKEY_free(mine);
}

static void x25519_agrees_with_libcrypto(const char *name) {
  unsigned char secret[32], message[36];
  size_t i, agreed = 0, n = 2000;
  bool zero = false;

  sftp_put_u32(message, 32);
  memcpy(message + 4, alice_public, 32);
  /* One K in 256 begins with a zero byte, which must go: go on until then. */
  for (i = 0; i < n && !(zero && i >= 50); i++) {
    struct sftp_kex_exchange *x = begin(name);
    struct sftp_str ours;

    if (feed(x, INIT, message, sizeof(message)) == SFTP_OK &&
        fields_are_good(x, as_str(alice_public, 32), &ours) &&
        ours.len == 32) {
      x25519_secret(ours, secret);
      agreed += k_is(x, secret, sizeof(secret));
      zero = zero || secret[0] == 0;
    }

    destroy_pool(x->pool);
  }

  is_int(agreed, i, "%s: both sides have the same K", name);
  ok(zero, "%s: also when it begins with a zero byte", name);
}

static void x25519_refuses_what_gives_zero(const char *name) {
  /* Orders 1, 2, 4 and 8, and the same beyond p. */
  static const char *const bad[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000080",
  };
  unsigned char point[33] = { 9 };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    is_int(try_hex(name, bad[i]), SFTP_ERR_KEX, "%s: %.16s... is refused",
      name, bad[i]);
  }

  is_int(try_string(name, point, 32), SFTP_OK, "%s: 9 is taken", name);
  is_int(try_string(name, point, 31), SFTP_ERR_FORMAT, "%s: not 31 bytes",
    name);
  is_int(try_string(name, point, 33), SFTP_ERR_FORMAT, "%s: nor 33", name);
  is_int(try_string(name, "", 0), SFTP_ERR_FORMAT, "%s: nor nothing", name);
}

/* ---- Curve448 */

static void x448_agrees_and_refuses(void) {
  static const char name[] = "curve448-sha512";
  EVP_PKEY *mine = EVP_PKEY_Q_keygen(NULL, NULL, "X448");
  unsigned char pub[57], secret[56], bad[56] = { 0 };
  struct sftp_kex_exchange *x = begin(name);
  size_t len = 56, secret_len = 56;
  struct sftp_str ours;
  EVP_PKEY *peer;
  EVP_PKEY_CTX *ctx;
  struct sftp_wr w;

  EVP_PKEY_get_raw_public_key(mine, pub, &len);
  sftp_wr_init(&w, top, 64, 128);
  sftp_wr_string(&w, pub, 56);
  is_int(feed(x, INIT, w.ptr, w.len), SFTP_OK, "%s: the point is taken", name);
  ok(fields_are_good(x, as_str(pub, 56), &ours) && ours.len == 56,
    "%s: the fields are good", name);
  peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X448, NULL, ours.ptr, ours.len);
  ctx = EVP_PKEY_CTX_new(mine, NULL);
  ok(EVP_PKEY_derive_init(ctx) == 1 &&
    EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
    EVP_PKEY_derive(ctx, secret, &secret_len) == 1 &&
    k_is(x, secret, secret_len), "%s: both sides have the same K", name);
  destroy_pool(x->pool);
  order_and_lengths_are_kept(name, pub, 56);
  pub[56] = 0;
  is_int(try_string(name, pub, 55), SFTP_ERR_FORMAT, "%s: not 55 bytes", name);
  is_int(try_string(name, pub, 57), SFTP_ERR_FORMAT, "%s: nor 57", name);
  is_int(try_string(name, bad, 56), SFTP_ERR_KEX, "%s: nor 0", name);
  bad[0] = 1;
  is_int(try_string(name, bad, 56), SFTP_ERR_KEX, "%s: nor 1", name);
  memset(bad, 0xff, 56);
  bad[0] = bad[28] = 0xfe;
  is_int(try_string(name, bad, 56), SFTP_ERR_KEX, "%s: nor -1", name);

  EVP_PKEY_CTX_free(ctx);
  EVP_PKEY_free(peer);
  EVP_PKEY_free(mine);
}

/* ---- NIST curves */

static const struct {
  const char *name, *curve;
  size_t len;
  const char *private, *x, *y;  /* RFC 5903, section 8: i, gix, giy */
} ec[] = {
  { "ecdh-sha2-nistp256", "P-256", 32,
    "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
    "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180",
    "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3" },
  { "ecdh-sha2-nistp384", "P-384", 48,
    "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
    "e35b538041e649ee3faef896783ab194",
    "667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6"
    "de3ac808acb4bdb4c88732aee95f41aa",
    "9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada024181535a0f38e"
    "eb9fcff3c2c947dae69b4c634573a81c" },
  { "ecdh-sha2-nistp521", "P-521", 66,
    "0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a0"
    "95aa85a30fe1c2952c6771d937ba9777f5957b2639bab072462f68c27a57382d"
    "4a52",
    "0015417e84dbf28c0ad3c278713349dc7df153c897a1891bd98bab4357c9ecbe"
    "e1e3bf42e00b8e380aeae57c2d107564941885942af5a7f4601723c4195d176c"
    "ed3e",
    "017cae20b6641d2eeb695786d8c946146239d099e18e1d5a514c739d7cb4a10a"
    "d8a788015ac405d7799dc75e7b7d5b6cf2261a6a7f1507438bf01beb6ca3926f"
    "9582" },
};

static void ec_secret(size_t i, struct sftp_str mine, struct sftp_str theirs,
    unsigned char *secret) {
  const struct sftp_curve *curve = sftp_curve_find(ec[i].curve);
  unsigned char *d = t_hex(ec[i].private, NULL);
  EVP_PKEY *key, *peer = sftp_curve_public(curve, theirs);
  struct sftp_params l;
  EVP_PKEY_CTX *ctx;
  size_t len = ec[i].len;

  sftp_params_init(&l);
  sftp_params_text(&l, OSSL_PKEY_PARAM_GROUP_NAME, ec[i].curve);
  sftp_params_bytes(&l, OSSL_PKEY_PARAM_PUB_KEY, mine);
  sftp_params_number(&l, OSSL_PKEY_PARAM_PRIV_KEY, as_str(d, len), true);
  key = sftp_params_key(&l, "EC", EVP_PKEY_KEYPAIR);
  ctx = EVP_PKEY_CTX_new(key, NULL);
  if (ctx == NULL || EVP_PKEY_check(ctx) != 1 ||
      EVP_PKEY_derive_init(ctx) != 1 ||
      EVP_PKEY_derive_set_peer(ctx, peer) != 1 ||
      EVP_PKEY_derive(ctx, secret, &len) != 1) {
    bail_out("%s: the test's own side fails", ec[i].name);
  }

  EVP_PKEY_CTX_free(ctx);
  EVP_PKEY_free(key);
  EVP_PKEY_free(peer);
  free(d);
}

static void ecdh_agrees_and_refuses(size_t i) {
  const char *name = ec[i].name;
  unsigned char *point, secret[66], bad[134] = { 0 };
  struct sftp_kex_exchange *x = begin(name);
  struct sftp_str ours;
  struct sftp_wr w;
  size_t len, n, refused = 0;

  point = t_hex(pstrcat(top, "04", ec[i].x, ec[i].y, NULL), &len);
  sftp_wr_init(&w, top, 64, 256);
  sftp_wr_string(&w, point, len);
  is_int(feed(x, INIT, w.ptr, w.len), SFTP_OK, "%s: RFC 5903's point is taken",
    name);
  ok(fields_are_good(x, as_str(point, len), &ours), "%s: the fields are good",
    name);
  ec_secret(i, as_str(point, len), ours, secret);
  ok(k_is(x, secret, ec[i].len), "%s: both sides have the same K", name);
  destroy_pool(x->pool);
  order_and_lengths_are_kept(name, point, len);

  memcpy(bad, point, len);
  for (n = 0; n < len; n++) {
    bad[n] ^= 1;
    refused += try_string(name, bad, len) == SFTP_ERR_KEX;
    bad[n] ^= 1;
  }

  is_int(refused, len, "%s: points off the curve are refused", name);
  is_int(try_string(name, bad, len - 1), SFTP_ERR_KEX, "%s: and short ones",
    name);
  is_int(try_string(name, bad, len + 1), SFTP_ERR_KEX, "%s: and long ones",
    name);
  is_int(try_string(name, "", 0), SFTP_ERR_KEX, "%s: and no point", name);
  is_int(try_string(name, "", 1), SFTP_ERR_KEX, "%s: and infinity", name);
  bad[0] = (unsigned char) (2 | (bad[len - 1] & 1));
  is_int(try_string(name, bad, 1 + ec[i].len), SFTP_ERR_KEX,
    "%s: and compressed ones", name);
  bad[0] |= 4;
  is_int(try_string(name, bad, len), SFTP_ERR_KEX, "%s: and hybrid ones",
    name);
  memset(bad + 1, 0, len - 1);
  bad[0] = 4;
  is_int(try_string(name, bad, len), SFTP_ERR_KEX, "%s: and (0, 0)", name);
  free(point);
}

/* ---- Fixed groups */

static const struct {
  const char *name;
  BIGNUM *(*prime)(BIGNUM *bn);
} dh[] = {
  { "diffie-hellman-group14-sha256", BN_get_rfc3526_prime_2048 },
  { "diffie-hellman-group14-sha1", BN_get_rfc3526_prime_2048 },
  { "diffie-hellman-group16-sha512", BN_get_rfc3526_prime_4096 },
  { "diffie-hellman-group18-sha512", BN_get_rfc3526_prime_8192 },
  { "diffie-hellman-group1-sha1", BN_get_rfc2409_prime_1024 },
};

static int try_number(const char *name, const BIGNUM *bn) {
  unsigned char buf[1100];
  size_t len = (size_t) BN_bn2bin(bn, buf + 1);

  buf[0] = 0;
  if (len > 0 && (buf[1] & 0x80) != 0) {
    return try_string(name, buf, len + 1);
  }

  return try_string(name, buf + 1, len);
}

static void dh_agrees_and_refuses(size_t i) {
  const char *name = dh[i].name;
  BIGNUM *p = dh[i].prime(NULL), *a = BN_new(), *e = BN_new();
  BIGNUM *f = BN_new(), *k = BN_new(), *two = BN_new();
  BN_CTX *ctx = BN_CTX_new();
  unsigned char buf[1100], secret[1100];
  struct sftp_kex_exchange *x = begin(name);
  struct sftp_str theirs = { buf, 0 }, ours;
  struct sftp_wr w;

  BN_set_word(two, 2);
  BN_rand(a, 300, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
  BN_mod_exp(e, two, a, p, ctx);
  sftp_wr_init(&w, top, 64, 2048);
  sftp_wr_mpint(&w, buf, (size_t) BN_bn2bin(e, buf));
  is_int(feed(x, INIT, w.ptr, w.len), SFTP_OK, "%s: e is taken", name);
  theirs = as_str(w.ptr + 4, w.len - 4);
  ok(fields_are_good(x, theirs, &ours), "%s: e and f are mpints in H", name);
  BN_bin2bn(ours.ptr, (int) ours.len, f);
  ok(BN_cmp(f, two) > 0 && BN_cmp(f, p) < 0, "%s: f is in range", name);
  BN_mod_exp(k, f, a, p, ctx);
  ok(k_is(x, secret, (size_t) BN_bn2bin(k, secret)),
    "%s: both sides have the same K", name);
  destroy_pool(x->pool);
  if (i == 0) {
    order_and_lengths_are_kept(name, theirs.ptr, theirs.len);
  }

  BN_zero(e);
  is_int(try_number(name, e), SFTP_ERR_KEX, "%s: e = 0 is refused", name);
  BN_one(e);
  is_int(try_number(name, e), SFTP_ERR_KEX, "%s: e = 1 is refused", name);
  is_int(try_number(name, p), SFTP_ERR_KEX, "%s: e = p is refused", name);
  BN_add(e, p, two);
  is_int(try_number(name, e), SFTP_ERR_KEX, "%s: e = p + 2 is refused", name);
  BN_sub(e, p, BN_value_one());
  is_int(try_number(name, e), SFTP_ERR_KEX, "%s: e = p - 1 is refused", name);
  BN_sub(e, p, two);
  is_int(try_number(name, e), SFTP_OK, "%s: e = p - 2 is taken", name);
  is_int(try_number(name, two), SFTP_OK, "%s: e = 2 is taken", name);
  is_int(try_string(name, "\x80", 1), SFTP_ERR_FORMAT,
    "%s: a negative e is refused", name);
  is_int(try_string(name, "\0\2", 2), SFTP_ERR_FORMAT,
    "%s: and superfluous zeros", name);

  BN_free(p);
  BN_free(a);
  BN_free(e);
  BN_free(f);
  BN_free(k);
  BN_free(two);
  BN_CTX_free(ctx);
}

static void enormous_numbers_are_refused(void) {
  unsigned char *bytes = palloc(top, 3000);

  memset(bytes, 0x55, 3000);
  ok(try_string("diffie-hellman-group14-sha256", bytes, 2048) < 0,
    "e of 16384 bits is refused");
  is_int(try_string("diffie-hellman-group14-sha256", bytes, 3000),
    SFTP_ERR_LIMIT, "e of 24000 bits is not even looked at");
}

/* ---- Group exchange */

static unsigned char sent[4096];
static size_t sent_len;

static int keep_sent(struct sftp_kex_exchange *x SFTP_UNUSED,
    struct sftp_str payload) {
  memcpy(sent, payload.ptr, payload.len);
  sent_len = payload.len;
  return SFTP_OK;
}

/* Asks for a group; its bits, or the error. */
static int ask(struct sftp_kex_exchange *x, uint32_t min, uint32_t want,
    uint32_t max) {
  unsigned char msg[12];
  struct sftp_str p;
  struct sftp_rd r;
  BIGNUM *bn;
  int res;

  x->send = keep_sent;
  sftp_put_u32(msg, min);
  sftp_put_u32(msg + 4, want);
  sftp_put_u32(msg + 8, max);
  res = min == 0 ? feed(x, 30, msg + 4, 4) : feed(x, 34, msg, 12);
  if (res != SFTP_OK) {
    return res;
  }

  sftp_rd_init(&r, sent, sent_len);
  if (sftp_rd_u8(&r) != 31) {
    return -1000;
  }

  p = sftp_rd_mpint(&r);
  sftp_rd_mpint(&r);
  if (sftp_rd_end(&r) != SFTP_OK) {
    return -1001;
  }

  bn = BN_bin2bn(p.ptr, (int) p.len, NULL);
  res = BN_num_bits(bn);
  BN_free(bn);
  return res;
}

static const char *params_file(void) {
  static const char *const names[] = { "ffdhe3072", "ffdhe2048", "ffdhe4096",
    "ffdhe3072" };
  BIO *bio = BIO_new(BIO_s_mem());
  const char *text;
  char *all;
  long len;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    struct sftp_params l;
    EVP_PKEY *group;

    sftp_params_init(&l);
    sftp_params_text(&l, OSSL_PKEY_PARAM_GROUP_NAME, names[i]);
    group = sftp_params_key(&l, "DH", EVP_PKEY_KEY_PARAMETERS);
    PEM_write_bio_Parameters(bio, group);
    BIO_printf(bio, "text between groups\n");
    EVP_PKEY_free(group);
  }

  len = BIO_get_mem_data(bio, &all);
  text = pstrndup(top, all, (size_t) len);
  BIO_free(bio);
  return text;
}

static void gex_chooses_the_right_size(void) {
  static const struct {
    uint32_t min, want, max;    /* min 0: the old request */
    bool weak, file;
    int bits;
  } t[] = {
    { 2048, 2048, 8192, false, false, 2048 },
    { 2048, 2049, 8192, false, false, 3072 },
    { 2048, 4000, 8192, false, false, 4096 },
    { 2048, 8192, 8192, false, false, 8192 },
    { 2048, 7000, 8000, false, false, 6144 },
    { 1024, 1024, 8192, false, false, 2048 },
    { 1, 1, 4294967295U, false, false, 2048 },
    { 1024, 1024, 8192, true, false, 1536 },
    { 2048, 5000, 16384, false, false, 6144 },
    { 2048, 3072, 8192, false, true, 3072 },
    { 2048, 3000, 8192, false, true, 3072 },
    { 2048, 2048, 8192, false, true, 2048 },
    { 2048, 5000, 8192, false, true, 6144 },
    { 2048, 5000, 6000, false, true, 4096 },
    { 0, 2048, 0, false, false, 2048 },
    { 0, 1, 0, false, false, 2048 },
    { 0, 4097, 0, false, false, 6144 },
    { 0, 8193, 0, false, false, SFTP_ERR_KEX },
    { 1024, 1024, 1024, false, false, SFTP_ERR_KEX },
    { 8193, 8193, 9000, false, false, SFTP_ERR_KEX },
    { 4096, 2048, 8192, false, false, SFTP_ERR_KEX },
    { 2048, 8192, 4096, false, false, SFTP_ERR_KEX },
    { 2100, 2200, 2300, false, false, SFTP_ERR_KEX },
  };
  const char *file = params_file();
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    struct sftp_kex_exchange *x =
      begin("diffie-hellman-group-exchange-sha256");

    x->weak_dh = t[i].weak;
    if (t[i].file) {
      x->dh_param_file = file;
      x->dh_param_len = strlen(file);
    }

    is_int(ask(x, t[i].min, t[i].want, t[i].max), t[i].bits,
      "%u to %u, best %u%s%s", t[i].min, t[i].max, t[i].want,
      t[i].weak ? ", AllowWeakDH" : "", t[i].file ? ", from a file" : "");
    destroy_pool(x->pool);
  }
}

/* The whole exchange; with the groups of a file, which libcrypto need not
 * know, too.
 */
static void gex_agrees(uint32_t min, const char *file) {
  const char *name = "diffie-hellman-group-exchange-sha256";
  struct sftp_kex_exchange *x = begin(name);
  BIGNUM *p, *g, *a = BN_new(), *e = BN_new(), *f, *k = BN_new();
  BN_CTX *ctx = BN_CTX_new();
  unsigned char buf[1100];
  struct sftp_str s;
  struct sftp_rd r;
  struct sftp_wr w, h;

  x->dh_param_file = file;
  x->dh_param_len = file != NULL ? strlen(file) : 0;
  is_int(ask(x, min, 3072, 8192), 3072, "%s: a group comes", name);
  sftp_wr_init(&h, top, 64, 8192);
  if (min > 0) {
    sftp_wr_u32(&h, min);
  }

  sftp_wr_u32(&h, 3072);
  if (min > 0) {
    sftp_wr_u32(&h, 8192);
  }

  sftp_rd_init(&r, sent + 1, sent_len - 1);
  sftp_wr_bytes(&h, sent + 1, sent_len - 1);
  s = sftp_rd_mpint(&r);
  p = BN_bin2bn(s.ptr, (int) s.len, NULL);
  s = sftp_rd_mpint(&r);
  g = BN_bin2bn(s.ptr, (int) s.len, NULL);
  BN_rand(a, 300, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
  BN_mod_exp(e, g, a, p, ctx);
  sftp_wr_init(&w, top, 64, 2048);
  sftp_wr_mpint(&w, buf, (size_t) BN_bn2bin(e, buf));
  sftp_wr_bytes(&h, w.ptr, w.len);
  is_int(feed(x, 34, buf, 12), SFTP_ERR_ORDER, "%s: one request only", name);
  is_int(feed(x, 30, buf, 4), SFTP_ERR_ORDER, "%s: nor an old one", name);
  is_int(feed(x, 32, w.ptr, w.len - 1), SFTP_ERR_SHORT, "%s: e is whole",
    name);
  is_int(feed(x, 32, w.ptr, w.len), SFTP_OK, "%s: e is taken", name);
  ok(x->done && x->reply_type == 33, "%s: the reply has number 33", name);
  sftp_rd_init(&r, x->reply.ptr, x->reply.len);
  s = sftp_rd_mpint(&r);
  f = BN_bin2bn(s.ptr, (int) s.len, NULL);
  sftp_wr_bytes(&h, x->reply.ptr, x->reply.len);
  is_mem(x->hashed.ptr, x->hashed.len, h.ptr, h.len,
    "%s: request, p, g, e, f are hashed", name);
  BN_mod_exp(k, f, a, p, ctx);
  ok(k_is(x, buf, (size_t) BN_bn2bin(k, buf)), "%s: both have the same K",
    name);
  is_int(feed(x, 32, w.ptr, w.len), SFTP_ERR_ORDER, "%s: but once", name);
  destroy_pool(x->pool);
  BN_free(p);
  BN_free(g);
  BN_free(a);
  BN_free(e);
  BN_free(f);
  BN_free(k);
  BN_CTX_free(ctx);
}

/* What crashed the packaged module: e of 0, 1, p - 1, p + 2. */
static void gex_refuses_bad_values(void) {
  static const int add[] = { 0, 1, -1, 2 };
  size_t i;

  for (i = 0; i < 8; i++) {
    struct sftp_kex_exchange *x = begin("diffie-hellman-group-exchange-sha1");
    BIGNUM *e = BN_get_rfc3526_prime_2048(NULL);
    unsigned char buf[300];
    struct sftp_wr w;

    ask(x, 2048, 2048, 8192);
    if (i >= 4) {
      BN_set_word(e, i - 4);
    } else if (add[i] < 0) {
      BN_sub_word(e, 1);
    } else {
      BN_add_word(e, (BN_ULONG) add[i]);
    }

    sftp_wr_init(&w, x->pool, 64, 2048);
    sftp_wr_mpint(&w, buf, (size_t) BN_bn2bin(e, buf));
    is_int(feed(x, 32, w.ptr, w.len), i < 6 ? SFTP_ERR_KEX : SFTP_OK,
      "e = %s%d is %s", i < 4 ? "p + " : "", i < 4 ? add[i] : (int) i - 4,
      i < 6 ? "refused" : "taken");
    BN_free(e);
    destroy_pool(x->pool);
  }
}

static void gex_keeps_order(void) {
  struct sftp_kex_exchange *x = begin("diffie-hellman-group-exchange-sha256");
  unsigned char msg[13] = { 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 32, 0, 0 };
  size_t n, refused = 0;
  unsigned int type;

  x->send = keep_sent;
  for (type = 20; type < 50; type++) {
    refused += type == 30 || type == 34 ||
      feed(x, type, msg, 12) == SFTP_ERR_ORDER;
  }

  is_int(refused, 30, "an exchange begins with 30 or 34");
  refused = 0;
  for (n = 0; n < 12; n++) {
    refused += feed(x, 34, msg, n) == SFTP_ERR_SHORT;
  }

  is_int(refused, 12, "every prefix of a request is refused");
  is_int(feed(x, 34, msg, 13), SFTP_ERR_EXTRA, "so is a byte more");
  is_int(x->hashed.len, 0, "nothing of them is hashed");
  destroy_pool(x->pool);
}

/* ---- Hybrids */

static const struct {
  const char *name, *digest;
  const struct sftp_mlkem *kem;
  int ec;                       /* row of ec[], or -1: X25519 */
} hybrid[] = {
  { "mlkem768x25519-sha256", "SHA256", &sftp_mlkem768, -1 },
  { "mlkem768nistp256-sha256", "SHA256", &sftp_mlkem768, 0 },
  { "mlkem1024nistp384-sha384", "SHA384", &sftp_mlkem1024, 1 },
};

/* The client's half of the curve: its public part, and with the server's the
 * secret.
 */
static struct sftp_str curve_public(int i) {
  struct sftp_str copy;
  unsigned char *point;
  size_t len;

  if (i < 0) {
    return as_str(alice_public, 32);
  }

  point = t_hex(pstrcat(top, "04", ec[i].x, ec[i].y, NULL), &len);
  copy = sftp_str_copy(top, as_str(point, len));
  free(point);
  return copy;
}

static size_t curve_secret(int i, struct sftp_str mine,
    struct sftp_str theirs, unsigned char *secret) {
  if (i < 0) {
    x25519_secret(theirs, secret);
    return 32;
  }

  ec_secret((size_t) i, mine, theirs, secret);
  return ec[i].len;
}

static void hybrids_agree_and_refuse(size_t i) {
  const char *name = hybrid[i].name;
  const struct sftp_mlkem *kem = hybrid[i].kem;
  struct sftp_str mine = curve_public(hybrid[i].ec), ours, theirs;
  unsigned char seed[64], pub[SFTP_MLKEM_MAX_PUBLIC_LEN + 133];
  unsigned char priv[SFTP_MLKEM_MAX_PRIVATE_LEN], joined[32 + 66];
  unsigned char k[64], want[68];
  size_t len = kem->public_len + mine.len, n, k_len = 0;
  struct sftp_kex_exchange *x = begin(name);
  struct sftp_wr w;

  t_fill(seed, sizeof(seed), 3);
  if (sftp_mlkem_keygen_with(kem, seed, seed + 32, pub, priv) != SFTP_OK) {
    bail_out("no ML-KEM key");
  }

  memcpy(pub + kem->public_len, mine.ptr, mine.len);
  sftp_wr_init(&w, top, 64, 65536);
  sftp_wr_string(&w, pub, len);
  is_int(feed(x, INIT, w.ptr, w.len), SFTP_OK, "%s: C_INIT is taken", name);
  ok(fields_are_good(x, as_str(pub, len), &ours) &&
    ours.len == kem->ciphertext_len + mine.len, "%s: the fields are good",
    name);
  theirs = as_str(ours.ptr + kem->ciphertext_len, mine.len);
  ok(sftp_mlkem_decaps(kem, priv, ours.ptr, joined) == SFTP_OK,
    "%s: the ciphertext is opened", name);
  n = 32 + curve_secret(hybrid[i].ec, mine, theirs, joined + 32);
  EVP_Q_digest(NULL, hybrid[i].digest, NULL, joined, n, k, &k_len);
  sftp_put_u32(want, (uint32_t) k_len);
  memcpy(want + 4, k, k_len);
  is_mem(x->k.ptr, x->k.len, want, 4 + k_len, "%s: K is a string, the same on "
    "both sides", name);
  destroy_pool(x->pool);
  order_and_lengths_are_kept(name, pub, len);

  ok(try_string(name, pub, len - 1) < 0, "%s: a byte less is refused", name);
  ok(try_string(name, pub, len + 1) < 0, "%s: a byte more is refused", name);
  ok(try_string(name, pub, kem->public_len) < 0,
    "%s: half of it is refused", name);
  ok(try_string(name, pub, 32) < 0, "%s: a curve's alone is refused", name);
  memset(pub + kem->public_len, 0, mine.len);
  is_int(try_string(name, pub, len), SFTP_ERR_KEX,
    "%s: a bad point is refused", name);
  memcpy(pub + kem->public_len, mine.ptr, mine.len);
  memset(pub, 0xff, 3);
  is_int(try_string(name, pub, len), SFTP_ERR_FORMAT,
    "%s: a bad ML-KEM key is refused", name);
}

/* ---- RSA (RFC 4432) */

static struct sftp_str pubkey;  /* what the server sent last */

static int keep_pubkey(struct sftp_kex_exchange *x, struct sftp_str payload) {
  pubkey = sftp_str_copy(x->pool, payload);
  return SFTP_OK;
}

static struct sftp_kex_exchange *begin_rsa(const char *name) {
  struct sftp_kex_exchange *x = begin(name);

  x->send = keep_pubkey;
  x->host_key = sftp_str_of("the host key");
  if (x->method->ops->begin(x) != SFTP_OK) {
    bail_out("%s does not begin", name);
  }

  return x;
}

/* The server's key out of KEXRSA_PUBKEY; its blob. */
static EVP_PKEY *rsa_public(struct sftp_str *blob) {
  struct sftp_rd r;
  struct sftp_params l;
  struct sftp_str n, e, host_key;

  sftp_rd_init(&r, pubkey.ptr, pubkey.len);
  ok(sftp_rd_u8(&r) == 30, "the server speaks first");
  host_key = sftp_rd_string(&r);
  *blob = sftp_rd_string(&r);
  ok(sftp_rd_end(&r) == SFTP_OK && sftp_str_is(host_key, "the host key"),
    "with its host key");
  sftp_rd_init(&r, blob->ptr, blob->len);
  ok(sftp_str_is(sftp_rd_string(&r), "ssh-rsa"), "and a key of RSA");
  e = sftp_rd_mpint(&r);
  n = sftp_rd_mpint(&r);
  ok(sftp_rd_end(&r) == SFTP_OK && n.len == 256, "of 2048 bits");
  sftp_params_init(&l);
  sftp_params_number(&l, OSSL_PKEY_PARAM_RSA_N, n, false);
  sftp_params_number(&l, OSSL_PKEY_PARAM_RSA_E, e, false);
  return sftp_params_key(&l, "RSA", EVP_PKEY_PUBLIC_KEY);
}

static size_t rsa_seal(EVP_PKEY *key, const char *digest, const void *plain,
    size_t len, unsigned char *out) {
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
  size_t n = 256;

  if (ctx == NULL || EVP_PKEY_encrypt_init(ctx) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, digest, NULL) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, digest, NULL) != 1 ||
      EVP_PKEY_encrypt(ctx, out, &n, plain, len) != 1) {
    bail_out("cannot encrypt for RSA");
  }

  EVP_PKEY_CTX_free(ctx);
  return n;
}

/* One exchange whose secret is these bytes; what became of it. */
static int rsa_try(const char *name, const void *plain, size_t len,
    const char *digest, size_t flip) {
  struct sftp_kex_exchange *x = begin_rsa(name);
  unsigned char sealed[256];
  struct sftp_str blob;
  EVP_PKEY *key = rsa_public(&blob);
  struct sftp_wr w;
  int res;

  rsa_seal(key, digest, plain, len, sealed);
  if (flip > 0) {
    sealed[flip] ^= 1;
  }

  sftp_wr_init(&w, x->pool, 512, 65536);
  sftp_wr_string(&w, sealed, sizeof(sealed));
  res = feed(x, 31, w.ptr, w.len);
  if (res != SFTP_OK && (x->done || x->k.len > 0)) {
    res = 1;
  }

  EVP_PKEY_free(key);
  destroy_pool(x->pool);
  return res;
}

static void rsa_agrees_and_refuses(const char *name, const char *digest,
    size_t hlen) {
  size_t max = 2048 - 2 * hlen - 49, len = (max + 7) / 8, n;
  unsigned char plain[256], sealed[256];
  struct sftp_kex_exchange *x = begin_rsa(name);
  struct sftp_str blob, a, b;
  EVP_PKEY *key = rsa_public(&blob);
  struct sftp_wr w;
  struct sftp_rd r;

  /* The largest K that may come, as an mpint. */
  memset(plain, 0xff, sizeof(plain));
  sftp_put_u32(plain, (uint32_t) len);
  plain[4] = (unsigned char) (0xff >> (8 - max % 8));
  n = rsa_seal(key, digest, plain, 4 + len, sealed);
  sftp_wr_init(&w, x->pool, 512, 65536);
  sftp_wr_string(&w, sealed, n);
  is_int(feed(x, 30, w.ptr, w.len), SFTP_ERR_ORDER, "%s: not message 30", name);
  is_int(feed(x, 31, w.ptr, w.len - 1), SFTP_ERR_SHORT, "%s: not short", name);
  is_int(feed(x, 31, w.ptr, w.len), SFTP_OK, "%s: the secret is taken", name);
  ok(x->done && x->bare_reply && x->reply_type == 32,
    "%s: the signature follows", name);
  ok(k_is(x, plain + 4, len), "%s: K is what was encrypted", name);
  sftp_rd_init(&r, x->hashed.ptr, x->hashed.len);
  a = sftp_rd_string(&r);
  b = sftp_rd_string(&r);
  ok(sftp_rd_end(&r) == SFTP_OK && sftp_str_same(a, blob) &&
    sftp_str_same(b, as_str(sealed, n)), "%s: hashed are both messages", name);
  is_int(feed(x, 31, w.ptr, w.len), SFTP_ERR_ORDER, "%s: once", name);
  EVP_PKEY_free(key);
  destroy_pool(x->pool);

  is_int(rsa_try(name, plain, 4 + len, digest, 7), SFTP_ERR_KEX,
    "%s: a flipped bit is refused", name);
  is_int(rsa_try(name, plain, 3 + len, digest, 0), SFTP_ERR_KEX,
    "%s: half an mpint is refused", name);
  is_int(rsa_try(name, "\0\0\0\1\x90", 5, digest, 0), SFTP_ERR_KEX,
    "%s: a negative K is refused", name);
  is_int(rsa_try(name, "", 0, digest, 0), SFTP_ERR_KEX,
    "%s: nothing is refused", name);
  is_int(rsa_try(name, "\0\0\0\1\x10", 5, digest, 0), SFTP_OK,
    "%s: a small K is a number, too", name);
}

static void rsa_needs_its_digest(void) {
  is_int(rsa_try("rsa2048-sha256", "\0\0\0\1\x10", 5, "SHA1", 0),
    SFTP_ERR_KEX, "OAEP with another digest is refused");
}

/* ---- The table */

static void the_table_is_whole(void) {
  const struct sftp_kex_method *m;

  for (m = sftp_kex_methods; m->alg.name != NULL; m++) {
    ok(sftp_crypto_digest(m->digest) != NULL && m->ops != NULL &&
      m->ops->message != NULL && m->ops->command != NULL,
      "%s has a digest and code", m->alg.name);
  }

  ok((sftp_kex_methods[0].alg.flags & ALG_DEFAULT) != 0,
    "the first row is offered by default");
  ok((method("diffie-hellman-group14-sha1")->alg.flags & ALG_DEFAULT) == 0 &&
    (method("diffie-hellman-group1-sha1")->alg.flags & ALG_DEFAULT) == 0,
    "SHA-1 is not");
}

int main(void) {
  size_t i;

  init_pools();
  top = make_sub_pool(permanent_pool);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto");
  }

  the_table_is_whole();
  rsa_agrees_and_refuses("rsa2048-sha256", "SHA256", 256);
  rsa_agrees_and_refuses("rsa1024-sha1", "SHA1", 160);
  rsa_needs_its_digest();
  x25519_agrees_with_libcrypto("curve25519-sha256");
  x25519_agrees_with_libcrypto("curve25519-sha256@libssh.org");
  x25519_refuses_what_gives_zero("curve25519-sha256");
  order_and_lengths_are_kept("curve25519-sha256", alice_public, 32);
  for (i = 0; i < SFTP_NELEMS(ec); i++) {
    ecdh_agrees_and_refuses(i);
  }

  for (i = 0; i < SFTP_NELEMS(dh); i++) {
    dh_agrees_and_refuses(i);
  }

  enormous_numbers_are_refused();
  x448_agrees_and_refuses();
  gex_chooses_the_right_size();
  gex_agrees(2048, NULL);
  gex_agrees(0, NULL);
  gex_agrees(2048, params_file());
  gex_refuses_bad_values();
  gex_keeps_order();
  for (i = 0; i < SFTP_NELEMS(hybrid); i++) {
    hybrids_agree_and_refuse(i);
  }

  destroy_pool(top);
  sftp_crypto_free();
  free_pools();
  return done_testing();
}
