/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys.c -- the table of key types, and what all types share. */

#include <openssl/err.h>

#include "base64.h"
#include "crypto.h"
#include "keyfile.h"
#include "keys-int.h"

#define BLOB_MAX_LEN (64 * 1024)
#define WHY_MAX_LEN 512
#define NUMBER_MAX_LEN (16384 / 8)       /* RSA, the longest that is accepted */

/* Experimental: nobody is offered it who does not name it. */
#define MLDSA44_ED25519 "ssh-mldsa44-ed25519@openssh.com"

const struct sftp_key_type sftp_key_types[] = {
  /* name                 code               parameter   libcrypto  bits */
  { "ssh-ed25519",         &sftp_key_ed25519, NULL,       "ED25519", 256,
    NULL },
  { "ecdsa-sha2-nistp256", &sftp_key_ecdsa,   "nistp256", "EC",      0,
    NULL },
  { "ecdsa-sha2-nistp384", &sftp_key_ecdsa,   "nistp384", "EC",      0,
    NULL },
  { "ecdsa-sha2-nistp521", &sftp_key_ecdsa,   "nistp521", "EC",      0,
    NULL },
  { "ssh-rsa",             &sftp_key_rsa,     NULL,       "RSA",     0,
    NULL },
  { "ssh-ed448",           &sftp_key_ed448,   NULL,       "ED448",   448,
    NULL },
  { "ssh-dss",             &sftp_key_dsa,     NULL,       "DSA",     0,
    NULL },
  { "sk-ssh-ed25519@openssh.com", &sftp_key_sk_ed25519, "ssh-ed25519", "",
    256, NULL },
  { "sk-ecdsa-sha2-nistp256@openssh.com", &sftp_key_sk_ecdsa,
    "ecdsa-sha2-nistp256", "", 256, NULL },
  { MLDSA44_ED25519,       &sftp_key_mldsa44, NULL,       "",        256,
    "ML-DSA-44" },
  { NULL, NULL, NULL, NULL, 0, NULL }
};

#define SIG_DEFAULT ALG_DEFAULT
#define SIG_APPROVED (ALG_DEFAULT | ALG_FIPS)

#define SK_ED25519 "sk-ssh-ed25519@openssh.com"
#define SK_ECDSA "sk-ecdsa-sha2-nistp256@openssh.com"
#define WEBAUTHN "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"

/* An algorithm whose signatures carry its own name. */
#define PLAIN(name, flags, type, digest) \
  { { name, flags }, type, digest, name, NULL }
/* The same below a certificate of that type. */
#define CERT(name, flags, type, digest, sig, cert) \
  { { name "-cert-v01@openssh.com", flags }, type, digest, sig, \
    cert "-cert-v01@openssh.com" }

/* In order of preference. */
const struct sftp_sig_alg sftp_sig_algs[] = {
  PLAIN("ssh-ed25519", SIG_DEFAULT, "ssh-ed25519", NULL),
  PLAIN("ssh-ed448", SIG_DEFAULT, "ssh-ed448", NULL),
  PLAIN("ecdsa-sha2-nistp256", SIG_APPROVED, "ecdsa-sha2-nistp256", "SHA256"),
  PLAIN("ecdsa-sha2-nistp384", SIG_APPROVED, "ecdsa-sha2-nistp384", "SHA384"),
  PLAIN("ecdsa-sha2-nistp521", SIG_APPROVED, "ecdsa-sha2-nistp521", "SHA512"),
  PLAIN("rsa-sha2-512", SIG_APPROVED, "ssh-rsa", "SHA512"),
  PLAIN("rsa-sha2-256", SIG_APPROVED, "ssh-rsa", "SHA256"),
  PLAIN("ssh-rsa", ALG_OPT_IN, "ssh-rsa", "SHA1"),
  PLAIN("ssh-dss", ALG_OPT_IN, "ssh-dss", "SHA1"),
  PLAIN(MLDSA44_ED25519, ALG_OPT_IN, MLDSA44_ED25519, NULL),

  /* PROTOCOL.u2f: only users have such keys. */
  PLAIN(SK_ED25519, SIG_DEFAULT | ALG_USER, SK_ED25519, "SHA256"),
  PLAIN(SK_ECDSA, SIG_APPROVED | ALG_USER, SK_ECDSA, "SHA256"),
  PLAIN(WEBAUTHN, SIG_APPROVED | ALG_USER, SK_ECDSA, "SHA256"),

  /* PROTOCOL.certkeys */
  CERT("ssh-ed25519", SIG_DEFAULT, "ssh-ed25519", NULL, "ssh-ed25519",
    "ssh-ed25519"),
  CERT("ecdsa-sha2-nistp256", SIG_APPROVED, "ecdsa-sha2-nistp256", "SHA256",
    "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"),
  CERT("ecdsa-sha2-nistp384", SIG_APPROVED, "ecdsa-sha2-nistp384", "SHA384",
    "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"),
  CERT("ecdsa-sha2-nistp521", SIG_APPROVED, "ecdsa-sha2-nistp521", "SHA512",
    "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"),
  CERT("rsa-sha2-512", SIG_APPROVED, "ssh-rsa", "SHA512", "rsa-sha2-512",
    "ssh-rsa"),
  CERT("rsa-sha2-256", SIG_APPROVED, "ssh-rsa", "SHA256", "rsa-sha2-256",
    "ssh-rsa"),
  CERT("ssh-rsa", ALG_OPT_IN, "ssh-rsa", "SHA1", "ssh-rsa", "ssh-rsa"),
  CERT("ssh-dss", ALG_OPT_IN, "ssh-dss", "SHA1", "ssh-dss", "ssh-dss"),
  CERT("sk-ssh-ed25519", SIG_DEFAULT | ALG_USER, SK_ED25519, "SHA256",
    SK_ED25519, "sk-ssh-ed25519"),
  CERT("sk-ecdsa-sha2-nistp256", SIG_APPROVED | ALG_USER, SK_ECDSA, "SHA256",
    SK_ECDSA, "sk-ecdsa-sha2-nistp256"),
  { { NULL, 0 }, NULL, NULL, NULL, NULL }
};

const struct sftp_key_type *sftp_key_type_find(struct sftp_str name) {
  const struct sftp_key_type *t;

  for (t = sftp_key_types; t->name != NULL; t++) {
    if (sftp_str_is(name, t->name)) {
      return t->needs == NULL || sftp_crypto_has_key(t->needs) ? t : NULL;
    }
  }

  return NULL;
}

const struct sftp_sig_alg *sftp_sig_alg_find(struct sftp_str name) {
  const struct sftp_sig_alg *a;

  for (a = sftp_sig_algs; a->alg.name != NULL; a++) {
    if (sftp_str_is(name, a->alg.name)) {
      return a;
    }
  }

  return NULL;
}

bool sftp_sig_is_usable(const struct sftp_alg *alg) {
  const struct sftp_sig_alg *sig = (const void *) alg;

  return sftp_crypto_permits(alg) &&
    sftp_key_type_find(sftp_str_of(sig->key_type)) != NULL &&
    (sig->digest == NULL || sftp_crypto_digest(sig->digest) != NULL);
}

/* ---- Making and freeing keys */

static void key_cleanup(void *data) {
  struct sftp_key *key = data;

  EVP_PKEY_free(key->pkey);
  key->pkey = NULL;
}

struct sftp_key *sftp_key_new(pool *p, const struct sftp_key_type *type) {
  struct sftp_key *key = pcalloc(p, sizeof(*key));

  key->type = type;
  key->pool = p;
  register_cleanup2(p, key, key_cleanup);
  return key;
}

void sftp_key_put_number(const struct sftp_key *key, const char *name,
    struct sftp_wr *w) {
  unsigned char bytes[NUMBER_MAX_LEN];
  BIGNUM *bn = NULL;

  if (EVP_PKEY_get_bn_param(key->pkey, name, &bn) == 1 &&
      BN_num_bytes(bn) <= (int) sizeof(bytes)) {
    sftp_wr_mpint(w, bytes, (size_t) BN_bn2bin(bn, bytes));
  } else {
    sftp_wr_fail(w, SFTP_ERR_CRYPTO);
  }

  BN_free(bn);
}

int sftp_key_set_blob(struct sftp_key *key) {
  struct sftp_wr w;
  int res;

  sftp_wr_init(&w, key->pool, 128, BLOB_MAX_LEN);
  sftp_wr_text(&w, key->type->name);
  res = key->type->ops->write_public(key, &w);
  if (res != SFTP_OK) {
    return res;
  }

  key->blob = sftp_wr_get(&w);
  return sftp_wr_end(&w);
}

int sftp_key_from_blob(pool *p, struct sftp_str blob, struct sftp_key **res) {
  const struct sftp_key_type *type;
  struct sftp_key *key;
  struct sftp_rd r;
  struct sftp_str name;
  int err;

  *res = NULL;
  if (blob.len > BLOB_MAX_LEN) {
    return SFTP_ERR_LIMIT;
  }

  sftp_rd_init_str(&r, blob);
  name = sftp_rd_string(&r);
  err = sftp_rd_ok(&r);
  if (err != SFTP_OK) {
    return err;
  }

  type = sftp_key_type_find(name);
  if (type == NULL) {
    return SFTP_ERR_UNSUPPORTED;
  }

  key = sftp_key_new(p, type);
  err = type->ops->read_public(key, &r);
  if (err != SFTP_OK) {
    return err;
  }

  key->blob = sftp_str_copy(p, blob);
  *res = key;
  return SFTP_OK;
}

/* ---- Properties of a key */

unsigned int sftp_key_bits(const struct sftp_key *key) {
  if (key->type->bits > 0) {
    return key->type->bits;
  }

  return (unsigned int) EVP_PKEY_get_bits(key->pkey);
}

bool sftp_key_approved(const struct sftp_key *key) {
  const struct sftp_sig_alg *alg;

  if (!sftp_crypto_fips()) {
    return true;
  }

  for (alg = sftp_sig_algs; alg->alg.name != NULL; alg++) {
    if ((alg->alg.flags & ALG_FIPS) != 0 &&
        strcmp(alg->key_type, key->type->name) == 0) {
      return true;
    }
  }

  return false;
}

bool sftp_key_is_sk(const struct sftp_key *key) {
  return key->type->ops->verify_sk != NULL;
}

bool sftp_key_same(const struct sftp_key *a, const struct sftp_key *b) {
  /* Only canonical forms are accepted (strict mpints, uncompressed points), so
   * equal parameters are equal bytes.
   */
  return a->type == b->type && sftp_str_same(a->blob, b->blob);
}

static const char *hex_of(pool *p, const unsigned char *md, size_t len) {
  static const char digits[] = "0123456789abcdef";
  char *text = palloc(p, len * 3 + 1), *t = text;
  size_t i;

  for (i = 0; i < len; i++) {
    if (i > 0) {
      *t++ = ':';
    }

    *t++ = digits[md[i] >> 4];
    *t++ = digits[md[i] & 15];
  }

  *t = '\0';
  return text;
}

const char *sftp_key_fingerprint(pool *p, struct sftp_str blob,
    const char *digest, bool hex) {
  unsigned char md[EVP_MAX_MD_SIZE];
  struct sftp_str sum = { md, sizeof(md) };

  if (sftp_crypto_fingerprint(digest, blob, md, &sum.len) != SFTP_OK) {
    return NULL;
  }

  return hex ? hex_of(p, md, sum.len) : sftp_base64_encode(p, sum, false);
}

/* ---- Texts for the administrator */

const char *sftp_key_why(pool *p, const char *fmt, ...) {
  char text[WHY_MAX_LEN];
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(text, sizeof(text), fmt, ap);
  va_end(ap);
  return sftp_str_dup(p, sftp_str_of(text));
}

/* ---- Signatures */

int sftp_key_evp_sign(const struct sftp_key *key, const char *digest,
    struct sftp_str data, unsigned char *sig, size_t *sig_len) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_PKEY *pkey = sftp_key_unguard(key);
  int res = SFTP_ERR_CRYPTO;

  if (ctx != NULL && pkey != NULL && EVP_DigestSignInit_ex(ctx, NULL, digest,
      NULL, NULL, pkey, NULL) == 1 &&
      EVP_DigestSign(ctx, sig, sig_len, data.ptr, data.len) == 1) {
    res = SFTP_OK;
  }

  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(pkey);
  return res;
}

int sftp_key_evp_write(const struct sftp_key *key, const char *digest,
    struct sftp_str data, struct sftp_wr *w) {
  unsigned char sig[NUMBER_MAX_LEN];
  size_t len = sizeof(sig);
  int res = sftp_key_evp_sign(key, digest, data, sig, &len);

  if (res == SFTP_OK) {
    sftp_wr_bytes(w, sig, len);
    res = sftp_wr_end(w);
  }

  return res;
}

int sftp_key_evp_verify(const struct sftp_key *key, const char *digest,
    const unsigned char *sig, size_t sig_len, struct sftp_str data) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  int res = SFTP_ERR_CRYPTO;

  if (ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL,
      key->pkey, NULL) == 1) {
    /* 0 and negative values mean that it is not valid. */
    res = EVP_DigestVerify(ctx, sig, sig_len, data.ptr, data.len) == 1 ?
      SFTP_OK : SFTP_ERR_MAC;
    ERR_clear_error();
  }

  EVP_MD_CTX_free(ctx);
  return res;
}

static bool alg_fits(const struct sftp_key *key,
    const struct sftp_sig_alg *alg) {
  return strcmp(key->type->name, alg->key_type) == 0;
}

int sftp_key_sign(const struct sftp_key *key, const struct sftp_sig_alg *alg,
    struct sftp_str data, struct sftp_wr *w) {
  size_t mark;
  int res;

  if (!key->is_private || !alg_fits(key, alg)) {
    return SFTP_ERR_UNSUPPORTED;
  }

  if (key->sign_by != NULL) {
    return key->sign_by(key, alg, data, w);
  }

  sftp_wr_text(w, alg->sig_name);
  mark = sftp_wr_begin(w);
  res = key->type->ops->sign(key, alg->digest, data, w);
  if (res != SFTP_OK) {
    return res;
  }

  sftp_wr_finish(w, mark);
  return sftp_wr_end(w);
}

int sftp_key_verify_info(const struct sftp_key *key,
    const struct sftp_sig_alg *alg, struct sftp_str sig, struct sftp_str data,
    struct sftp_sig_info *info) {
  struct sftp_rd r;
  struct sftp_str name, inner;
  int res;

  memset(info, 0, sizeof(*info));
  sftp_rd_init_str(&r, sig);
  name = sftp_rd_string(&r);
  res = sftp_rd_ok(&r);
  if (res != SFTP_OK) {
    return res;
  }

  if (!alg_fits(key, alg) || !sftp_str_is(name, alg->sig_name)) {
    return SFTP_ERR_FORMAT;
  }

  if (key->type->ops->verify_sk != NULL) {
    return key->type->ops->verify_sk(key, alg, &r, data, info);
  }

  inner = sftp_rd_string(&r);
  res = sftp_rd_end(&r);
  if (res != SFTP_OK) {
    return res;
  }

  info->touched = info->verified = true;
  return key->type->ops->verify(key, alg->digest, inner, data);
}

int sftp_key_verify(const struct sftp_key *key, const struct sftp_sig_alg *alg,
    struct sftp_str sig, struct sftp_str data) {
  struct sftp_sig_info info;
  int res = sftp_key_verify_info(key, alg, sig, data, &info);

  return res == SFTP_OK && !info.touched ? SFTP_ERR_DENIED : res;
}
