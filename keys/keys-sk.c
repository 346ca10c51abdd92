/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-sk.c -- security keys (FIDO): PROTOCOL.u2f of OpenSSH; signatures made
 * by a browser: W3C Web Authentication, sections 5.8.1 and 6.1.
 *
 * The device does not sign the data itself, but a hash of it together with the
 * application and with flags (was the device touched?).  The caller decides
 * which flags are enough: see struct sftp_sig_info.
 */

#include <openssl/err.h>

#include "base64.h"
#include "keyfile.h"
#include "keys-int.h"

#define HASH_LEN 32             /* SHA-256 */

/* Bits of the device's flags (Web Authentication, section 6.1). */
#define FLAG_PRESENT 0x01
#define FLAG_VERIFIED 0x04
#define FLAG_CREDENTIAL 0x40
#define FLAG_EXTENSIONS 0x80

/* The longest text of a browser. */
#define CLIENT_DATA_MAX 65536

struct sk {
  struct sftp_key *plain;       /* what the device signs with */
  unsigned char application[HASH_LEN];
};

static bool hash(struct sftp_str data, unsigned char *md) {
  size_t len = HASH_LEN;
  bool good = EVP_Q_digest(NULL, "SHA256", NULL, data.ptr, data.len, md,
    &len) == 1 && len == HASH_LEN;

  ERR_clear_error();
  return good;
}

/* The fields are those of the type `parameter', nfields of them, and the
 * application.
 */
static int read_fields(struct sftp_key *key, struct sftp_rd *r,
    unsigned int nfields) {
  struct sk *sk = pcalloc(key->pool, sizeof(*sk));
  struct sftp_str application;
  struct sftp_wr w;
  int res;

  sftp_wr_init(&w, key->pool, 128, 1024);
  sftp_wr_text(&w, key->type->parameter);
  while (nfields-- > 0) {
    sftp_wr_str(&w, sftp_rd_string(r));
  }

  application = sftp_rd_string(r);
  res = sftp_rd_end(r);
  if (res != SFTP_OK) {
    return res;
  }

  res = sftp_wr_end(&w);
  if (res == SFTP_OK) {
    res = sftp_key_from_blob(key->pool, sftp_wr_get(&w), &sk->plain);
  }

  if (res == SFTP_OK && !hash(application, sk->application)) {
    res = SFTP_ERR_CRYPTO;
  }

  key->state = sk;
  return res;
}

static int sk_ecdsa_read_public(struct sftp_key *key, struct sftp_rd *r) {
  return read_fields(key, r, 2);
}

static int sk_ed25519_read_public(struct sftp_key *key, struct sftp_rd *r) {
  return read_fields(key, r, 1);
}

/* ---- Private parts are in the device */

static int no_private(struct sftp_key *key SFTP_UNUSED,
    struct sftp_rd *r SFTP_UNUSED) {
  return SFTP_ERR_UNSUPPORTED;
}

static int no_adopt(struct sftp_key *key SFTP_UNUSED, EVP_PKEY *pkey,
    OSSL_PARAM *numbers SFTP_UNUSED) {
  EVP_PKEY_free(pkey);
  return SFTP_ERR_UNSUPPORTED;
}

static int no_write(const struct sftp_key *key SFTP_UNUSED,
    struct sftp_wr *w SFTP_UNUSED) {
  return SFTP_ERR_UNSUPPORTED;
}

static int no_sign(const struct sftp_key *key SFTP_UNUSED,
    const char *digest SFTP_UNUSED, struct sftp_str data SFTP_UNUSED,
    struct sftp_wr *sig SFTP_UNUSED) {
  return SFTP_ERR_UNSUPPORTED;
}

/* A signature of a device cannot be judged without its flags. */
static int no_verify(const struct sftp_key *key SFTP_UNUSED,
    const char *digest SFTP_UNUSED, struct sftp_str sig SFTP_UNUSED,
    struct sftp_str data SFTP_UNUSED) {
  return SFTP_ERR_UNSUPPORTED;
}

/* ---- Signatures */

/* What a browser puts around the data: everything up to the origin is known. */
struct browser {
  struct sftp_str origin, client_data, extensions;
};

/* RFC 4648, section 5. */
static void to_base64url(char *text) {
  for (; *text != '\0'; text++) {
    *text = *text == '+' ? '-' : *text == '/' ? '_' : *text;
  }
}

/* The browser's text must begin with exactly the expected data and origin, so
 * that no parser can be misled.
 */
static bool asked_for(pool *p, const struct browser *b, struct sftp_str data) {
  char *challenge = pstrdup(p, sftp_base64_encode(p, data, false));
  struct sftp_wr w;
  struct sftp_str begin;
  unsigned char after;

  if (memchr(b->origin.ptr, '"', b->origin.len) != NULL ||
      memchr(b->origin.ptr, '\\', b->origin.len) != NULL) {
    return false;
  }

  to_base64url(challenge);
  sftp_wr_init(&w, p, 512, 2 * CLIENT_DATA_MAX);
#define PUT(text) sftp_wr_bytes(&w, (text), strlen(text))
  PUT("{\"type\":\"webauthn.get\",\"challenge\":\"");
  PUT(challenge);
  PUT("\",\"origin\":\"");
  sftp_wr_bytes(&w, b->origin.ptr, b->origin.len);
  PUT("\"");
#undef PUT
  begin = sftp_wr_get(&w);
  if (sftp_wr_end(&w) != SFTP_OK || b->client_data.len <= begin.len ||
      memcmp(b->client_data.ptr, begin.ptr, begin.len) != 0) {
    return false;
  }

  after = b->client_data.ptr[begin.len];
  return after == ',' || after == '}';
}

static void read_browser(struct sftp_rd *r, struct browser *b) {
  b->origin = sftp_rd_string(r);
  b->client_data = sftp_rd_string(r);
  b->extensions = sftp_rd_string(r);
  if (b->origin.len > 1024 || b->client_data.len > CLIENT_DATA_MAX ||
      b->extensions.len > 1024) {
    sftp_rd_fail(r, SFTP_ERR_LIMIT);
  }
}

static bool fits_flags(const struct browser *b, unsigned int flags) {
  bool has_extensions = (flags & FLAG_EXTENSIONS) != 0;

  return (flags & FLAG_CREDENTIAL) == 0 &&
    has_extensions == (b->extensions.len > 0);
}

/* What the security key signed: application, flags, counter, what a browser
 * adds, and the hash of the data.
 */
static int write_signed(struct sftp_wr *w, const struct sk *sk,
    unsigned int flags, uint32_t counter, struct sftp_str extensions,
    struct sftp_str data) {
  unsigned char md[HASH_LEN];

  if (!hash(data, md)) {
    return SFTP_ERR_CRYPTO;
  }

  sftp_wr_bytes(w, sk->application, HASH_LEN);
  sftp_wr_u8(w, (uint8_t) flags);
  sftp_wr_u32(w, counter);
  sftp_wr_bytes(w, extensions.ptr, extensions.len);
  sftp_wr_bytes(w, md, HASH_LEN);
  return sftp_wr_end(w);
}

static int sk_verify(const struct sftp_key *key, const struct sftp_sig_alg *alg,
    struct sftp_rd *r, struct sftp_str data, struct sftp_sig_info *info) {
  const struct sk *sk = key->state;
  bool by_browser = strncmp(alg->sig_name, "webauthn-", 9) == 0;
  struct sftp_str inner = sftp_rd_string(r);
  unsigned int flags = sftp_rd_u8(r);
  uint32_t counter = sftp_rd_u32(r);
  struct browser b;
  struct sftp_wr w;
  pool *p;
  int res;

  memset(&b, 0, sizeof(b));
  b.extensions = sftp_str_of("");
  if (by_browser) {
    read_browser(r, &b);
  }

  res = sftp_rd_end(r);
  if (res != SFTP_OK) {
    return res;
  }

  p = make_sub_pool(key->pool);
  pr_pool_tag(p, "sftp security key signature");
  res = SFTP_ERR_MAC;
  if (by_browser && (!fits_flags(&b, flags) || !asked_for(p, &b, data))) {
    goto done;
  }

  sftp_wr_init(&w, p, 128, 2048);
  res = write_signed(&w, sk, flags, counter, b.extensions,
    by_browser ? b.client_data : data);
  if (res == SFTP_OK) {
    res = sk->plain->type->ops->verify(sk->plain, alg->digest, inner,
      sftp_wr_get(&w));
  }

  if (res == SFTP_OK) {
    info->touched = (flags & FLAG_PRESENT) != 0;
    info->verified = (flags & FLAG_VERIFIED) != 0;
    info->counter = counter;
  }

done:
  destroy_pool(p);
  return res;
}

const struct sftp_key_ops sftp_key_sk_ecdsa = {
  sk_ecdsa_read_public, no_private, no_adopt, no_write, no_sign, no_verify,
  sk_verify
};

const struct sftp_key_ops sftp_key_sk_ed25519 = {
  sk_ed25519_read_public, no_private, no_adopt, no_write, no_sign, no_verify,
  sk_verify
};
