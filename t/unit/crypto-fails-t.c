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
#include <openssl/dsa.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <sodium.h>
#include <sys/mman.h>
#include <zlib.h>

#include "../fake/client.h"
#include "../fake/ftpd-auth.h"
#include "../fake/ftpd-file.h"
#include "alg-table.h"
#include "checksum.h"
#include "cipher.h"
#include "crypto.h"
#include "keys.h"
#include "kex-method.h"
#include "mac.h"
#include "tap.h"
#include "userauth.h"

#define BUFFER_MIN 16384

/* What is shared with the processes that decode keys. */
static struct {
  unsigned int calls, fail_at;
  char failed[64];              /* the call that did */
} *run;
static unsigned int may_fail;   /* calls that are no loss */
static bool blames;             /* each failure is libcrypto's, by its error */
static pool *top, *p;

/* Calls of the fake client do not count. */
static bool with_client, paused;

static bool fails_now(const char *name) {
  if (run == NULL || paused || (with_client && !client_serves) ||
      ++run->calls != run->fail_at) {
    return false;
  }

  snprintf(run->failed, sizeof(run->failed), "%s", name);
  return true;
}

/* In place of the library's function of that name. */
#define CALL_AS(type, failure, name, params, args) \
  type name params; \
  type name params { \
    static type (*real) params; \
    if (real == NULL) { \
      void *found = dlsym(RTLD_NEXT, #name); \
      memcpy(&real, &found, sizeof(real)); \
    } \
    return fails_now(#name) ? failure : real args; \
  }
#define CALL_OF(type, name, params, args) CALL_AS(type, 0, name, params, args)
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
CALL(EVP_CIPHER_CTX_get_params, (EVP_CIPHER_CTX *c, OSSL_PARAM params[]),
  (c, params))
CALL(EVP_PKEY_derive_set_peer, (EVP_PKEY_CTX *c, EVP_PKEY *peer), (c, peer))
CALL(EVP_PKEY_decrypt_init, (EVP_PKEY_CTX *c), (c))
CALL(EVP_PKEY_decrypt, (EVP_PKEY_CTX *c, unsigned char *out, size_t *n,
  const unsigned char *in, size_t len), (c, out, n, in, len))
CALL(EVP_PKEY_encapsulate_init, (EVP_PKEY_CTX *c, const OSSL_PARAM params[]),
  (c, params))
CALL(EVP_PKEY_encapsulate, (EVP_PKEY_CTX *c, unsigned char *out, size_t *n,
  unsigned char *secret, size_t *len), (c, out, n, secret, len))
CALL(EVP_PKEY_CTX_set_rsa_padding, (EVP_PKEY_CTX *c, int pad), (c, pad))
CALL(EVP_PKEY_CTX_set_rsa_oaep_md_name, (EVP_PKEY_CTX *c, const char *name,
  const char *props), (c, name, props))
CALL(EVP_PKEY_CTX_set_rsa_mgf1_md_name, (EVP_PKEY_CTX *c, const char *name,
  const char *props), (c, name, props))
CALL(EVP_PKEY_public_check, (EVP_PKEY_CTX *c), (c))
CALL(EVP_PKEY_todata, (const EVP_PKEY *key, int what, OSSL_PARAM **params),
  (key, what, params))
CALL(EVP_PKEY_up_ref, (EVP_PKEY *key), (key))
CALL_OF(const char *, EVP_PKEY_get0_type_name, (const EVP_PKEY *key), (key))
CALL_OF(BIO *, BIO_new_mem_buf, (const void *bytes, int len), (bytes, len))
CALL_OF(EVP_PKEY *, PEM_read_bio_PrivateKey, (BIO *b, EVP_PKEY **key,
  pem_password_cb *ask, void *arg), (b, key, ask, arg))
CALL_OF(OSSL_PARAM_BLD *, OSSL_PARAM_BLD_new, (void), ())
CALL(OSSL_PARAM_BLD_push_BN, (OSSL_PARAM_BLD *b, const char *name,
  const BIGNUM *bn), (b, name, bn))
CALL(OSSL_PARAM_BLD_push_octet_string, (OSSL_PARAM_BLD *b, const char *name,
  const void *bytes, size_t len), (b, name, bytes, len))
CALL(OSSL_PARAM_BLD_push_utf8_string, (OSSL_PARAM_BLD *b, const char *name,
  const char *text, size_t len), (b, name, text, len))
CALL_OF(OSSL_PARAM *, OSSL_PARAM_BLD_to_param, (OSSL_PARAM_BLD *b), (b))
CALL_OF(DSA_SIG *, DSA_SIG_new, (void), ())
CALL(DSA_SIG_set0, (DSA_SIG *sig, BIGNUM *r, BIGNUM *s), (sig, r, s))
CALL_OF(DSA_SIG *, d2i_DSA_SIG, (DSA_SIG **sig, const unsigned char **at,
  long len), (sig, at, len))
CALL_AS(int, -1, i2d_DSA_SIG, (const DSA_SIG *sig, unsigned char **to),
  (sig, to))
CALL_OF(ECDSA_SIG *, ECDSA_SIG_new, (void), ())
CALL(ECDSA_SIG_set0, (ECDSA_SIG *sig, BIGNUM *r, BIGNUM *s), (sig, r, s))
CALL_OF(ECDSA_SIG *, d2i_ECDSA_SIG, (ECDSA_SIG **sig,
  const unsigned char **at, long len), (sig, at, len))
CALL_AS(int, -1, i2d_ECDSA_SIG, (const ECDSA_SIG *sig, unsigned char **to),
  (sig, to))
CALL_OF(EVP_MAC_CTX *, EVP_MAC_CTX_new, (EVP_MAC *mac), (mac))
CALL_OF(EVP_MD_CTX *, EVP_MD_CTX_new, (void), ())
CALL_OF(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), ())
CALL_OF(BN_CTX *, BN_CTX_secure_new, (void), ())
CALL_OF(BIGNUM *, BN_new, (void), ())
CALL_OF(BIGNUM *, BN_secure_new, (void), ())
CALL(BN_sub, (BIGNUM *r, const BIGNUM *a, const BIGNUM *b), (r, a, b))
CALL(BN_div, (BIGNUM *q, BIGNUM *r, const BIGNUM *a, const BIGNUM *b,
  BN_CTX *c), (q, r, a, b, c))
CALL(BN_mul, (BIGNUM *r, const BIGNUM *a, const BIGNUM *b, BN_CTX *c),
  (r, a, b, c))
CALL(BN_mod_mul, (BIGNUM *r, const BIGNUM *a, const BIGNUM *b,
  const BIGNUM *m, BN_CTX *c), (r, a, b, m, c))
CALL_AS(int, -1, BN_bn2binpad, (const BIGNUM *bn, unsigned char *to, int len),
  (bn, to, len))
CALL_OF(BIGNUM *, BN_bin2bn, (const unsigned char *s, int n, BIGNUM *bn),
  (s, n, bn))
CALL_AS(int, -1, crypto_scalarmult_curve25519, (unsigned char *q,
  const unsigned char *n, const unsigned char *point), (q, n, point))
CALL_AS(int, -1, crypto_scalarmult_curve25519_base, (unsigned char *q,
  const unsigned char *n), (q, n))
CALL_AS(int, -1, crypto_sign_detached, (unsigned char *sig,
  unsigned long long *n, const unsigned char *d, unsigned long long len,
  const unsigned char *key), (sig, n, d, len, key))
CALL_OF(void *, sodium_malloc, (size_t n), (n))
CALL_AS(int, Z_MEM_ERROR, deflateInit_, (z_stream *z, int level,
  const char *version, int size), (z, level, version, size))
CALL_AS(int, Z_MEM_ERROR, inflateInit_, (z_stream *z, const char *version,
  int size), (z, version, size))

/* Of buffers: pools end the process when there is no memory. */
void *realloc(void *old, size_t n) {
  static void *(*real)(void *, size_t);

  if (real == NULL) {
    void *found = dlsym(RTLD_NEXT, "realloc");

    memcpy(&real, &found, sizeof(real));
  }

  return n >= BUFFER_MIN && fails_now("realloc") ? NULL : real(old, n);
}

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
  if (fails_now("EVP_PKEY_Q_keygen")) {
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

static int crypt_packet(const struct sftp_cipher_alg *alg, size_t len) {
  unsigned char packet[1024 + 64] = { 0, 0, (unsigned char) (len >> 8),
    (unsigned char) len };
  struct sftp_cipher *in, *out;
  int res = sftp_cipher_new(p, alg, zeros, zeros, true, &out);

  if (res == SFTP_OK) {
    res = sftp_cipher_new(p, alg, zeros, zeros, false, &in);
  }

  if (res == SFTP_OK && alg->tag_len > 0) {
    res = alg->ops->seal(out, 1, packet, len);
    return res == SFTP_OK ? alg->ops->open(in, 1, packet, len) : res;
  }

  if (res == SFTP_OK) {
    res = alg->ops->crypt(out, packet, len);
  }

  return res == SFTP_OK ? alg->ops->crypt(in, packet, len) : res;
}

/* Short and long ones may go different ways. */
static int do_cipher(const void *what) {
  int res = crypt_packet(what, 64);

  return res == SFTP_OK ? crypt_packet(what, 1024) : res;
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

static int do_write_public(const void *what) {
  const struct sftp_key *key = what;
  unsigned char blob[8192];
  struct sftp_wr w;

  sftp_wr_init_fixed(&w, blob, sizeof(blob));
  return key->type->ops->write_public(key, &w);
}

/* By curve25519-sha256, with their signatures, and messages under new keys.
 * What counts is that the server fails, not its client.
 */
struct offer {
  const char *cipher, *mac, *comp;
};

static int do_two_exchanges(const void *what) {
  const struct offer *offer = what;
  struct client *cl = client_new();
  int res;

  cl->set->ciphers = cl->cipher = offer->cipher;
  cl->set->macs = cl->mac = offer->mac;
  cl->comp = offer->comp;
  cl->set->compression = COMPRESS_ON;
  with_client = true;
  res = client_version(cl);
  if (res == SFTP_OK && client_kex(cl) == SFTP_OK &&
      client_kex(cl) == SFTP_OK) {
    client_login(cl);
    client_send(cl, SSH_MSG_PING, "\0\0\0\2hi", 6);
    (void) client_pump(cl);
  }

  with_client = false;
  res = cl->server->failure.err;
  client_free(cl);
  return res;
}

/* ---- A login, and a session of SFTP: each answer can fail */

static struct sftp_wr message;
static unsigned char message_bytes[1024];

static struct sftp_wr *begin_message(void) {
  sftp_wr_init_fixed(&message, message_bytes, sizeof(message_bytes));
  return &message;
}

static int end_message(struct client *cl, uint8_t type) {
  if (cl->server->failure.err == SFTP_OK) {
    client_send(cl, type, message.ptr, message.len);
    (void) client_pump(cl);
    client_drain(cl);
  }

  return cl->server->failure.err;
}

static void request_login(struct client *cl, const char *method,
    const char *word, const struct sftp_key *key) {
  struct sftp_wr *w = begin_message();

  sftp_wr_text(w, "alice");
  sftp_wr_text(w, "ssh-connection");
  sftp_wr_text(w, method);
  if (word != NULL) {
    sftp_wr_bool(w, false);
    sftp_wr_text(w, word);
  }

  if (key != NULL) {
    sftp_wr_str(w, key->blob);
  }

  (void) end_message(cl, SSH_MSG_USERAUTH_REQUEST);
}

static void log_in(struct client *cl) {
  static const struct sftp_chain_step pw[] = { { AUTH_PASSWORD, NULL } },
    pk[] = { { AUTH_PUBLICKEY, NULL } };
  static const struct sftp_chain chains[] = { { pw, 1 }, { pk, 1 } };
  static struct fake_user users[2] = { { .name = "alice",
    .password = "secret" } };

  fake_auth_reset();
  users[0].keys[0] = cl->set->host_keys[0]->blob;
  fake_auth.users = users;
  fake_auth.conn = cl->server;
  fake_auth.late = cl->set;
  fake_auth.banner = "hello";
  cl->set->chains = chains;
  cl->set->nchains = SFTP_NELEMS(chains);
  cl->server->auth = sftp_auth_new(cl->server);
  sftp_wr_text(begin_message(), "ssh-userauth");
  (void) end_message(cl, SSH_MSG_SERVICE_REQUEST);
  request_login(cl, "none", NULL, NULL);
  request_login(cl, "publickey", "ssh-ed25519", cl->set->host_keys[0]);
  request_login(cl, "password", "wrong", NULL);
  request_login(cl, "password", "secret", NULL);
}

static void channel_request(struct client *cl, const char *type,
    const char *word) {
  struct sftp_wr *w = begin_message();

  sftp_wr_u32(w, 0);
  sftp_wr_text(w, type);
  sftp_wr_bool(w, true);
  if (word != NULL) {
    sftp_wr_text(w, word);
  }

  (void) end_message(cl, SSH_MSG_CHANNEL_REQUEST);
}

static void open_channel(struct client *cl, const char *type) {
  struct sftp_wr *w = begin_message();

  sftp_wr_text(w, type);
  sftp_wr_u32(w, 0);
  sftp_wr_u32(w, 1000000);
  sftp_wr_u32(w, 32768);
  (void) end_message(cl, SSH_MSG_CHANNEL_OPEN);
}

static void channel_data(struct client *cl, const void *bytes, size_t len) {
  sftp_wr_u32(begin_message(), 0);
  sftp_wr_string(&message, bytes, len);
  (void) end_message(cl, SSH_MSG_CHANNEL_DATA);
}

static void ask_globally(struct client *cl, const char *name) {
  sftp_wr_text(begin_message(), name);
  sftp_wr_bool(&message, true);
  (void) end_message(cl, SSH_MSG_GLOBAL_REQUEST);
}

static int do_session(const void *what SFTP_UNUSED) {
  struct client *cl = client_new();
  int res;

  paused = with_client = true;
  fake_fs_reset();
  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no connection");
  }

  paused = false;
  log_in(cl);
  ask_globally(cl, "unknown");
  ask_globally(cl, "no-more-sessions@example.com");
  open_channel(cl, "x11");
  open_channel(cl, "session");
  channel_request(cl, "pty-req", NULL);
  channel_request(cl, "subsystem", "sftp");
  channel_data(cl, "\0\0\0\5\1\0\0\0\3", 9);
  channel_data(cl, "\0\0\0\12\21\0\0\0\1\0\0\0\1/", 14);
  (void) begin_message();
  (void) end_message(cl, 200);
  sftp_wr_u32(begin_message(), 0);
  (void) end_message(cl, SSH_MSG_CHANNEL_EOF);
  sftp_wr_u32(begin_message(), 0);
  res = end_message(cl, SSH_MSG_CHANNEL_CLOSE);
  with_client = false;
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
  run->calls = 0;
  run->fail_at = n;
  res = work(what);
  run->fail_at = 0;
  destroy_pool(p);
  return res;
}

/* What is checked by a call is wrong when that fails. */
static bool is_check(const char *call) {
  return strstr(call, "Final") != NULL || strstr(call, "Verify") != NULL;
}

static void every_call(const char *text, int (*work)(const void *),
    const void *what) {
  int good = once(work, what, 0);       /* fetches what is fetched once */
  unsigned int count, n, lax = 0, odd = 0;

  good = good == SFTP_OK ? once(work, what, 0) : good;
  count = run->calls;
  if (good != SFTP_OK) {
    is_int(good, SFTP_ERR_UNSUPPORTED, "%s is not here", text);
    return;
  }

  for (n = 1; n <= count; n++) {
    int res = once(work, what, n);

    if (res == SFTP_OK) {
      diag("%s: %s may fail", text, run->failed);
      lax++;

    } else if (blames && res != SFTP_ERR_CRYPTO &&
        (res != SFTP_ERR_MAC || !is_check(run->failed))) {
      diag("%s: %s failed: %d", text, run->failed, res);
      odd++;
    }
  }

  is_int(lax, may_fail, "%s: all %u calls matter", text, count);
  is_int(odd, 0, "... and are said to have failed");
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
    blames = true;
    every_call(pstrcat(top, name, ", in public", NULL), do_write_public,
      f.key);
    blames = false;
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
  static unsigned char hybrid[1184 + 32], sntrup[1158 + 32];
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
  hybrid[1184] = sntrup[1158] = 9;
  try_part("mlkem768x25519-sha256", 30, hybrid, sizeof(hybrid));
  try_part("sntrup761x25519-sha512", 30, sntrup, sizeof(sntrup));
  try_part("diffie-hellman-group1-sha1", 30, number, sizeof(number));
  try_part("rsa2048-sha256", 0, NULL, 0);
}

int main(void) {
  static const struct offer offers[] = {
    { "aes128-gcm@openssh.com", "hmac-sha2-256", "none" },
    { "aes128-ctr", "hmac-sha2-256-etm@openssh.com", "zlib" }
  };
  size_t i;

  top = make_sub_pool(NULL);
  run = mmap(NULL, sizeof(*run), PROT_READ|PROT_WRITE,
    MAP_SHARED|MAP_ANONYMOUS, -1, 0);
  if (run == MAP_FAILED || sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto");
  }

  blames = true;
  for (i = 0; sftp_ciphers[i].alg.name != NULL; i++) {
    every_call(sftp_ciphers[i].alg.name, do_cipher, &sftp_ciphers[i]);
  }

  for (i = 0; sftp_macs[i].alg.name != NULL; i++) {
    every_call(sftp_macs[i].alg.name, do_mac, &sftp_macs[i]);
  }

  every_call("md5", do_sum, "md5");
  every_call("sha256", do_sum, "sha256");
  every_call("crc32", do_sum, "crc32");
  blames = false;
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
  key_file("ed25519-pkcs8", "ssh-ed25519");
  key_file("ecdsa521", "ecdsa-sha2-nistp521");
  key_file("rsa-pkcs1", "ssh-rsa");
  key_file("dsa-pem", "ssh-dss");
  key_file("mldsa44-ed25519", "ssh-mldsa44-ed25519@openssh.com");
  may_fail = 1;                 /* what is received grows for speed alone */
  for (i = 0; i < SFTP_NELEMS(offers); i++) {
    every_call(pstrcat(top, "two exchanges by ", offers[i].cipher, NULL),
      do_two_exchanges, &offers[i]);
  }

  every_call("a session", do_session, NULL);
  may_fail = 0;
  try_parts();

  destroy_pool(top);
  return done_testing();
}
