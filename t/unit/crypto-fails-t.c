/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* Each call of libcrypto fails once in each cipher, MAC, checksum, signature,
 * key file and key exchange: none of them goes on with what it did not get.
 */

#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "../fake/client.h"
#include "alg-table.h"
#include "checksum.h"
#include "cipher.h"
#include "crypto.h"
#include "keys.h"
#include "kex-method.h"
#include "mac.h"
#include "tap.h"

static unsigned int calls, fail_at;
static pool *top, *p;

/* Calls of the fake client do not count. */
static bool with_client;

static bool fails_now(void) {
  return (!with_client || client_serves) && ++calls == fail_at;
}

/* In place of libcrypto's function of that name. */
#define CALL_OF(type, name, params, args) \
  type name params; \
  type name params { \
    static type (*real) params; \
    if (real == NULL) { \
      void *found = dlsym(RTLD_NEXT, #name); \
      memcpy(&real, &found, sizeof(real)); \
    } \
    return fails_now() ? 0 : real args; \
  }
#define CALL(name, params, args) CALL_OF(int, name, params, args)

CALL(EVP_CipherInit_ex2, (EVP_CIPHER_CTX *c, const EVP_CIPHER *t,
  const unsigned char *key, const unsigned char *iv, int enc,
  const OSSL_PARAM params[]), (c, t, key, iv, enc, params))
CALL(EVP_CipherUpdate, (EVP_CIPHER_CTX *c, unsigned char *out, int *outl,
  const unsigned char *in, int inl), (c, out, outl, in, inl))
CALL(EVP_CipherFinal_ex, (EVP_CIPHER_CTX *c, unsigned char *out, int *outl),
  (c, out, outl))
CALL(EVP_EncryptInit_ex2, (EVP_CIPHER_CTX *c, const EVP_CIPHER *t,
  const unsigned char *key, const unsigned char *iv,
  const OSSL_PARAM params[]), (c, t, key, iv, params))
CALL(EVP_EncryptUpdate, (EVP_CIPHER_CTX *c, unsigned char *out, int *outl,
  const unsigned char *in, int inl), (c, out, outl, in, inl))
CALL(EVP_DecryptInit_ex2, (EVP_CIPHER_CTX *c, const EVP_CIPHER *t,
  const unsigned char *key, const unsigned char *iv,
  const OSSL_PARAM params[]), (c, t, key, iv, params))
CALL(EVP_DecryptUpdate, (EVP_CIPHER_CTX *c, unsigned char *out, int *outl,
  const unsigned char *in, int inl), (c, out, outl, in, inl))
CALL(EVP_DecryptFinal_ex, (EVP_CIPHER_CTX *c, unsigned char *out, int *outl),
  (c, out, outl))
CALL(EVP_CIPHER_CTX_ctrl, (EVP_CIPHER_CTX *c, int type, int arg, void *ptr),
  (c, type, arg, ptr))
CALL(EVP_CIPHER_CTX_set_padding, (EVP_CIPHER_CTX *c, int pad), (c, pad))
CALL(EVP_CIPHER_CTX_set_key_length, (EVP_CIPHER_CTX *c, int len), (c, len))
CALL(EVP_DigestInit_ex2, (EVP_MD_CTX *c, const EVP_MD *t,
  const OSSL_PARAM params[]), (c, t, params))
CALL(EVP_DigestUpdate, (EVP_MD_CTX *c, const void *d, size_t n), (c, d, n))
CALL(EVP_DigestFinal_ex, (EVP_MD_CTX *c, unsigned char *md, unsigned int *n),
  (c, md, n))
CALL(EVP_MD_CTX_copy_ex, (EVP_MD_CTX *to, const EVP_MD_CTX *from), (to, from))
CALL(EVP_MAC_init, (EVP_MAC_CTX *c, const unsigned char *key, size_t n,
  const OSSL_PARAM params[]), (c, key, n, params))
CALL(EVP_MAC_update, (EVP_MAC_CTX *c, const unsigned char *d, size_t n),
  (c, d, n))
CALL(EVP_MAC_final, (EVP_MAC_CTX *c, unsigned char *out, size_t *n,
  size_t size), (c, out, n, size))
CALL(EVP_DigestSignInit_ex, (EVP_MD_CTX *c, EVP_PKEY_CTX **pc,
  const char *name, OSSL_LIB_CTX *lib, const char *props, EVP_PKEY *key,
  const OSSL_PARAM params[]), (c, pc, name, lib, props, key, params))
CALL(EVP_DigestSign, (EVP_MD_CTX *c, unsigned char *sig, size_t *n,
  const unsigned char *d, size_t len), (c, sig, n, d, len))
CALL(EVP_DigestVerifyInit_ex, (EVP_MD_CTX *c, EVP_PKEY_CTX **pc,
  const char *name, OSSL_LIB_CTX *lib, const char *props, EVP_PKEY *key,
  const OSSL_PARAM params[]), (c, pc, name, lib, props, key, params))
CALL(EVP_DigestVerify, (EVP_MD_CTX *c, const unsigned char *sig, size_t n,
  const unsigned char *d, size_t len), (c, sig, n, d, len))
CALL(EVP_PKEY_fromdata_init, (EVP_PKEY_CTX *c), (c))
CALL(EVP_PKEY_fromdata, (EVP_PKEY_CTX *c, EVP_PKEY **key, int what,
  OSSL_PARAM params[]), (c, key, what, params))

CALL(EVP_PKEY_get_raw_public_key, (const EVP_PKEY *key, unsigned char *pub,
  size_t *len), (key, pub, len))
CALL(EVP_PKEY_get_bn_param, (const EVP_PKEY *key, const char *name,
  BIGNUM **bn), (key, name, bn))
CALL(EVP_PKEY_get_octet_string_param, (const EVP_PKEY *key, const char *name,
  unsigned char *buf, size_t size, size_t *len), (key, name, buf, size, len))
CALL(EVP_PKEY_derive_init, (EVP_PKEY_CTX *c), (c))
CALL(EVP_PKEY_derive_set_peer_ex, (EVP_PKEY_CTX *c, EVP_PKEY *peer, int check),
  (c, peer, check))
CALL(EVP_PKEY_derive, (EVP_PKEY_CTX *c, unsigned char *key, size_t *len),
  (c, key, len))
CALL(EVP_PKEY_keygen_init, (EVP_PKEY_CTX *c), (c))
CALL(EVP_PKEY_generate, (EVP_PKEY_CTX *c, EVP_PKEY **key), (c, key))
CALL_OF(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_pkey, (OSSL_LIB_CTX *lib,
  EVP_PKEY *key, const char *props), (lib, key, props))
CALL_OF(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name, (OSSL_LIB_CTX *lib,
  const char *name, const char *props), (lib, name, props))
CALL_OF(EVP_PKEY *, EVP_PKEY_new_raw_public_key_ex, (OSSL_LIB_CTX *lib,
  const char *type, const char *props, const unsigned char *pub, size_t n),
  (lib, type, props, pub, n))
CALL_OF(EVP_PKEY *, EVP_PKEY_new_raw_private_key_ex, (OSSL_LIB_CTX *lib,
  const char *type, const char *props, const unsigned char *key, size_t n),
  (lib, type, props, key, n))
CALL_OF(EVP_MD_CTX *, EVP_MD_CTX_new, (void), ())
CALL_OF(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), ())
CALL_OF(BIGNUM *, BN_new, (void), ())
CALL_OF(BIGNUM *, BN_bin2bn, (const unsigned char *s, int n, BIGNUM *bn),
  (s, n, bn))

/* With what RSA and EC want besides. */
EVP_PKEY *EVP_PKEY_Q_keygen(OSSL_LIB_CTX *lib, const char *props,
    const char *type, ...) {
  static EVP_PKEY *(*real)(OSSL_LIB_CTX *, const char *, const char *, ...);
  EVP_PKEY *key = NULL;
  va_list ap;

  if (real == NULL) {
    void *found = dlsym(RTLD_NEXT, "EVP_PKEY_Q_keygen");

    memcpy(&real, &found, sizeof(real));
  }

  va_start(ap, type);
  if (fails_now()) {
    key = NULL;

  } else if (strcmp(type, "RSA") == 0) {
    key = real(lib, props, type, va_arg(ap, size_t));

  } else if (strcmp(type, "EC") == 0) {
    key = real(lib, props, type, va_arg(ap, const char *));

  } else {
    key = real(lib, props, type);
  }

  va_end(ap);
  return key;
}

static const unsigned char zeros[256];

/* ---- What is done: 0, or an error */

static int do_cipher(const void *what) {
  const struct sftp_cipher_alg *alg = what;
  unsigned char packet[64 + 64] = { 0, 0, 0, 64 };
  struct sftp_cipher *in, *out;
  int res = sftp_cipher_new(p, alg, zeros, zeros, true, &out);

  if (res == SFTP_OK) {
    res = sftp_cipher_new(p, alg, zeros, zeros, false, &in);
  }

  if (res == SFTP_OK && alg->tag_len > 0) {
    res = alg->ops->seal(out, 1, packet, 64);
    return res == SFTP_OK ? alg->ops->open(in, 1, packet, 64) : res;
  }

  if (res == SFTP_OK) {
    res = alg->ops->crypt(out, packet, 64);
  }

  return res == SFTP_OK ? alg->ops->crypt(in, packet, 64) : res;
}

static int do_mac(const void *what) {
  const struct sftp_mac_alg *alg = what;
  unsigned char code[64];
  struct sftp_mac *m;
  int res = sftp_mac_new(p, alg, zeros, &m);

  if (res == SFTP_OK) {
    res = sftp_mac_compute(m, 7, zeros, 100, code);
  }

  return res == SFTP_OK ? sftp_mac_check(m, 7, zeros, 100, code) : res;
}

static int do_sum(const void *name) {
  struct sftp_sum *s = sftp_sum_new(p, name);
  unsigned char sum[SFTP_SUM_MAX];

  return s == NULL || sftp_sum_begin(s) != SFTP_OK ||
    sftp_sum_add(s, zeros, 100) != SFTP_OK || sftp_sum_add(s, zeros, 50) !=
    SFTP_OK ? SFTP_ERR_CRYPTO : sftp_sum_end(s, sum);
}

struct file {
  const char *name, *alg;
  struct sftp_str text;
  struct sftp_key *key;
};

static int load(const struct file *f, struct sftp_key **key) {
  const char *why;

  return sftp_key_from_file(p, f->text, "correct horse", key, &why);
}

static int do_load(const void *what) {
  struct sftp_key *key;

  return load(what, &key);
}

static int do_sign(const void *what) {
  const struct file *f = what;
  const struct sftp_sig_alg *alg = sftp_sig_alg_find(sftp_str_of(f->alg));
  struct sftp_str data = { zeros, 100 };
  unsigned char sig[8192];
  struct sftp_str made = { sig, 0 };
  struct sftp_wr w;
  int res;

  sftp_wr_init_fixed(&w, sig, sizeof(sig));
  res = sftp_key_sign(f->key, alg, data, &w);
  made.len = w.len;
  return res == SFTP_OK ? sftp_key_verify(f->key, alg, made, data) : res;
}

/* By curve25519-sha256, with their signatures, and messages under new keys.
 * What counts is that the server fails, not its client.
 */
static int do_two_exchanges(const void *cipher) {
  struct client *cl = client_new();
  int res;

  cl->cipher = cipher;
  with_client = true;
  res = client_version(cl);
  if (res == SFTP_OK && client_kex(cl) == SFTP_OK) {
    (void) client_kex(cl);
  }

  with_client = false;
  res = cl->server->failure.err;
  client_free(cl);
  return res;
}

/* The server's part of a method: the type and the fields of the client's
 * message.
 */
struct part {
  const char *name;
  unsigned int type;
  struct sftp_str fields;
};

static int drop(struct sftp_kex_exchange *x SFTP_UNUSED,
    struct sftp_str payload SFTP_UNUSED) {
  return SFTP_OK;
}

static int do_part(const void *what) {
  const struct part *part = what;
  struct sftp_kex_exchange x = { .pool = p, .method = sftp_kex_methods,
    .reply_type = 31, .send = drop };
  struct sftp_rd r;
  int res = SFTP_OK;

  while (strcmp(x.method->alg.name, part->name) != 0) {
    x.method++;
  }

  sftp_wr_init(&x.hashed, p, 64, 65536);
  sftp_wr_init(&x.reply, p, 64, 65536);
  sftp_wr_init(&x.k, p, 64, 65536);
  if (x.method->ops->begin != NULL) {
    res = x.method->ops->begin(&x);
  }

  if (res == SFTP_OK && part->type != 0) {
    sftp_rd_init_str(&r, part->fields);
    res = x.method->ops->message(&x, part->type, &r);
  }

  return res;
}

/* ---- The calls, one after the other */

static int once(int (*work)(const void *), const void *what, unsigned int n) {
  int res;

  p = make_sub_pool(top);
  calls = 0;
  fail_at = n;
  res = work(what);
  fail_at = 0;
  destroy_pool(p);
  return res;
}

static void every_call(const char *text, int (*work)(const void *),
    const void *what) {
  int good = once(work, what, 0);       /* fetches what is fetched once */
  unsigned int count, n, lax = 0;

  good = good == SFTP_OK ? once(work, what, 0) : good;
  count = calls;
  if (good != SFTP_OK) {
    ok(true, "%s is not here", text);
    return;
  }

  for (n = 1; n <= count; n++) {
    if (once(work, what, n) == SFTP_OK) {
      lax++;
    }
  }

  is_int(lax, 0, "%s: all %u calls matter", text, count);
}

static void key_file(const char *name, const char *alg) {
  struct file f = { name, alg, { NULL, 0 }, NULL };
  const char *dir = getenv("srcdir");
  unsigned char *text = palloc(top, 16384);
  FILE *in = fopen(pstrcat(top, dir != NULL ? dir : ".", "/t/data/keys/", name,
    NULL), "r");

  if (in == NULL) {
    bail_out("no key %s", name);
  }

  f.text.ptr = text;
  f.text.len = fread(text, 1, 16384, in);
  (void) fclose(in);
  every_call(name, do_load, &f);
  p = top;
  if (load(&f, &f.key) == SFTP_OK) {
    every_call(pstrcat(top, name, ", ", alg, NULL), do_sign, &f);
  }
}

/* A message of one string with these bytes. */
static void try_part(const char *name, unsigned int type, const void *bytes,
    size_t len) {
  struct part part = { name, type, { NULL, 0 } };
  struct sftp_wr w;

  sftp_wr_init(&w, top, 64, 65536);
  sftp_wr_string(&w, bytes, len);
  part.fields = sftp_wr_get(&w);
  every_call(name, do_part, &part);
}

static void try_parts(void) {
  static const unsigned char nine[32] = { 9 }, five[56] = { 5 };
  static const unsigned char number[] = { 4, 0, 0, 0, 0, 0, 0, 0, 0 };
  static unsigned char hybrid[1184 + 32];
  EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
  unsigned char point[65];
  size_t len = 0;

  if (key == NULL || EVP_PKEY_get_octet_string_param(key, "pub", point,
      sizeof(point), &len) != 1) {
    bail_out("no point of P-256");
  }

  EVP_PKEY_free(key);
  try_part("ecdh-sha2-nistp256", 30, point, len);
  try_part("curve25519-sha256", 30, nine, sizeof(nine));
  try_part("curve448-sha512", 30, five, sizeof(five));
  try_part("diffie-hellman-group14-sha256", 30, number, sizeof(number));
  hybrid[1184] = 9;
  try_part("mlkem768x25519-sha256", 30, hybrid, sizeof(hybrid));
  try_part("rsa2048-sha256", 0, NULL, 0);
}

int main(void) {
  size_t i;

  top = make_sub_pool(NULL);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto");
  }

  for (i = 0; sftp_ciphers[i].alg.name != NULL; i++) {
    every_call(sftp_ciphers[i].alg.name, do_cipher, &sftp_ciphers[i]);
  }

  for (i = 0; sftp_macs[i].alg.name != NULL; i++) {
    every_call(sftp_macs[i].alg.name, do_mac, &sftp_macs[i]);
  }

  every_call("md5", do_sum, "md5");
  every_call("sha256", do_sum, "sha256");
  every_call("crc32", do_sum, "crc32");
  key_file("ecdsa256", "ecdsa-sha2-nistp256");
  key_file("ed25519", "ssh-ed25519");
  key_file("rsa", "rsa-sha2-256");
  key_file("ed25519-aes256-gcm", "ssh-ed25519");
  key_file("ed25519-3des-cbc", "ssh-ed25519");
  key_file("ed448", "ssh-ed448");
  key_file("ed448-pkcs8", "ssh-ed448");
  key_file("ecdsa384-sec1", "ecdsa-sha2-nistp384");
  key_file("dsa", "ssh-dss");
  key_file("rsa-pkcs8", "rsa-sha2-512");
  key_file("ed25519-chacha20-poly1305", "ssh-ed25519");
  every_call("two exchanges", do_two_exchanges, "aes128-gcm@openssh.com");
  every_call("with a MAC", do_two_exchanges, "aes128-ctr");
  try_parts();

  destroy_pool(top);
  return done_testing();
}
