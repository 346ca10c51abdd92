/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-openssh.c -- OpenSSH's private key files: "openssh-key-v1" in armour
 * (PROTOCOL.key).
 *
 * Everything that is decoded is in one buffer, which is wiped before returning;
 * keys are decrypted in place.
 */

#include <openssl/err.h>
#include <sodium.h>

#include "base64.h"
#include "bcrypt-pbkdf.h"
#include "keyfile.h"
#include "keys-int.h"

#define ARMOUR_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define ARMOUR_END "-----END OPENSSH PRIVATE KEY-----"
#define MAGIC "openssh-key-v1"          /* with its NUL */
#define FILE_MAX_LEN (64 * 1024)
#define ROUNDS_MAX 100000               /* minutes */
#define KEYIV_MAX_LEN 64
#define TAG_LEN 16
#define NO_CIPHER_BLOCK 8
#define PADDING_BLOCK 16

struct box_cipher {
  const char *name;
  const char *evp;              /* NULL: chacha20-poly1305 */
  size_t key_len, iv_len, block_len, tag_len;
};

static const struct box_cipher box_ciphers[] = {
  { "aes256-ctr", "AES-256-CTR", 32, 16, 16, 0 },
  { "aes192-ctr", "AES-192-CTR", 24, 16, 16, 0 },
  { "aes128-ctr", "AES-128-CTR", 16, 16, 16, 0 },
  { "aes256-cbc", "AES-256-CBC", 32, 16, 16, 0 },
  { "aes192-cbc", "AES-192-CBC", 24, 16, 16, 0 },
  { "aes128-cbc", "AES-128-CBC", 16, 16, 16, 0 },
  { "3des-cbc", "DES-EDE3-CBC", 24, 8, 8, 0 },
  { "aes256-gcm@openssh.com", "AES-256-GCM", 32, 12, 16, TAG_LEN },
  { "aes128-gcm@openssh.com", "AES-128-GCM", 16, 12, 16, TAG_LEN },
  { "chacha20-poly1305@openssh.com", NULL, 64, 0, 8, TAG_LEN },
};

/* The file, decoded. */
struct sealed {
  struct sftp_str cipher, kdf, kdf_options;
  struct sftp_str public_blob;
  struct sftp_str box, tag;
};

/* ---- Armour */

/* The bytes inside the armour, in p; the caller wipes them. */
static int unwrap(pool *p, struct sftp_str file, struct sftp_str *bytes) {
  const unsigned char *from, *to, *c;
  struct sftp_str text = { NULL, 0 };
  unsigned char *packed;
  int res;

  from = memmem(file.ptr, file.len, ARMOUR_BEGIN, strlen(ARMOUR_BEGIN));
  if (from == NULL || file.len > FILE_MAX_LEN) {
    return SFTP_ERR_FORMAT;
  }

  from += strlen(ARMOUR_BEGIN);
  to = memmem(from, file.len - (size_t) (from - file.ptr), ARMOUR_END,
    strlen(ARMOUR_END));
  if (to == NULL || to == from) {
    return SFTP_ERR_FORMAT;
  }

  packed = palloc(p, (size_t) (to - from));
  for (c = from; c < to; c++) {
    if (*c != '\n' && *c != '\r' && *c != ' ' && *c != '\t') {
      packed[text.len++] = *c;
    }
  }

  text.ptr = packed;
  res = sftp_base64_decode(p, text, bytes);
  sftp_wipe(packed, text.len);
  return res;
}

static int read_sealed(struct sftp_str bytes, struct sealed *s) {
  struct sftp_str magic;
  struct sftp_rd r;

  sftp_rd_init_str(&r, bytes);
  magic = sftp_rd_bytes(&r, sizeof(MAGIC));
  if (magic.len != sizeof(MAGIC) ||
      memcmp(magic.ptr, MAGIC, sizeof(MAGIC)) != 0) {
    return SFTP_ERR_FORMAT;
  }

  s->cipher = sftp_rd_string(&r);
  s->kdf = sftp_rd_string(&r);
  s->kdf_options = sftp_rd_string(&r);
  if (sftp_rd_u32(&r) != 1) {
    sftp_rd_fail(&r, SFTP_ERR_LIMIT);
  }

  s->public_blob = sftp_rd_string(&r);
  s->box = sftp_rd_string(&r);
  s->tag = sftp_rd_rest(&r);
  return sftp_rd_end(&r);
}

/* ---- Encryption */

static const struct box_cipher *find_cipher(struct sftp_str name) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(box_ciphers); i++) {
    if (sftp_str_is(name, box_ciphers[i].name)) {
      return &box_ciphers[i];
    }
  }

  return NULL;
}

static int derive_key(pool *p, const struct sealed *s, const char *passphrase,
    unsigned char *keyiv, size_t len, const char **why) {
  struct sftp_str salt;
  struct sftp_rd r;
  uint32_t rounds;

  if (!sftp_str_is(s->kdf, "bcrypt")) {
    *why = "the file's key derivation is not bcrypt";
    return SFTP_ERR_UNSUPPORTED;
  }

  sftp_rd_init_str(&r, s->kdf_options);
  salt = sftp_rd_string(&r);
  rounds = sftp_rd_u32(&r);
  if (sftp_rd_end(&r) != SFTP_OK || salt.len == 0 || rounds == 0) {
    *why = "the file is damaged: bad options of its key derivation";
    return SFTP_ERR_FORMAT;
  }

  if (rounds > ROUNDS_MAX) {
    *why = sftp_key_why(p, "the file asks for %u rounds of key derivation, "
      "at most %u are accepted", (unsigned) rounds, (unsigned) ROUNDS_MAX);
    return SFTP_ERR_LIMIT;
  }

  if (passphrase == NULL || *passphrase == '\0') {
    *why = "the key is encrypted and needs a passphrase";
    return SFTP_ERR_PASSPHRASE;
  }

  return sftp_bcrypt_pbkdf(sftp_str_of(passphrase), salt, rounds, keyiv, len);
}

static int open_chacha(const unsigned char *key, unsigned char *box,
    size_t len, const unsigned char *tag) {
  static const unsigned char nonce[crypto_stream_chacha20_NONCEBYTES];
  unsigned char poly[crypto_onetimeauth_KEYBYTES];
  int res = SFTP_ERR_MAC;

  crypto_stream_chacha20(poly, sizeof(poly), nonce, key);
  if (crypto_onetimeauth_verify(tag, box, len, poly) == 0) {
    crypto_stream_chacha20_xor_ic(box, box, len, nonce, 1, key);
    res = SFTP_OK;
  }

  sftp_wipe(poly, sizeof(poly));
  return res;
}

static int open_evp(const struct box_cipher *bc, const unsigned char *keyiv,
    unsigned char *box, size_t len, const unsigned char *tag) {
  EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, bc->evp, NULL);
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  int n = 0, res = SFTP_ERR_CRYPTO;

  if (cipher == NULL || ctx == NULL || EVP_DecryptInit_ex2(ctx, cipher, keyiv,
      keyiv + bc->key_len, NULL) != 1 ||
      EVP_CIPHER_CTX_set_padding(ctx, 0) != 1) {
    goto done;
  }

  if (bc->tag_len > 0 && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
      (int) bc->tag_len, (void *) (uintptr_t) tag) != 1) {
    goto done;
  }

  if (EVP_DecryptUpdate(ctx, box, &n, box, (int) len) == 1) {
    res = EVP_DecryptFinal_ex(ctx, box + n, &n) == 1 ? SFTP_OK : SFTP_ERR_MAC;
  }

done:
  ERR_clear_error();
  EVP_CIPHER_CTX_free(ctx);
  EVP_CIPHER_free(cipher);
  return res;
}

/* Decrypts s->box in place; the caller owns its bytes. */
static int open_box(pool *p, struct sealed *s, const char *passphrase,
    const char **why) {
  const struct box_cipher *bc = find_cipher(s->cipher);
  size_t block_len = bc != NULL ? bc->block_len : NO_CIPHER_BLOCK;
  unsigned char keyiv[KEYIV_MAX_LEN], *box;
  int res;

  if (bc == NULL && !sftp_str_is(s->cipher, "none")) {
    *why = "the file is encrypted with a cipher that is not supported here; "
      "change it with `ssh-keygen -p -Z aes256-ctr'";
    return SFTP_ERR_UNSUPPORTED;
  }

  if (s->tag.len != (bc != NULL ? bc->tag_len : 0) || s->box.len == 0 ||
      s->box.len % block_len != 0) {
    *why = "the file is damaged: bad lengths";
    return SFTP_ERR_FORMAT;
  }

  if (bc == NULL) {
    if (sftp_str_is(s->kdf, "none") && s->kdf_options.len == 0) {
      return SFTP_OK;
    }

    *why = "the file is damaged: a key derivation, but no cipher";
    return SFTP_ERR_FORMAT;
  }

  res = derive_key(p, s, passphrase, keyiv, bc->key_len + bc->iv_len, why);
  if (res == SFTP_OK) {
    box = (unsigned char *) (uintptr_t) s->box.ptr;
    res = bc->evp == NULL ?
      open_chacha(keyiv, box, s->box.len, s->tag.ptr) :
      open_evp(bc, keyiv, box, s->box.len, s->tag.ptr);
    if (res == SFTP_ERR_MAC) {
      *why = "the passphrase is wrong";
      res = SFTP_ERR_PASSPHRASE;
    }
  }

  sftp_wipe(keyiv, sizeof(keyiv));
  return res;
}

/* ---- Content */

/* 1, 2, 3 ... up to the end of a block; PuTTY's puttygen fills blocks of 16
 * in unencrypted files too.
 */
static bool padding_is_good(struct sftp_str padding) {
  size_t i;

  if (padding.len >= PADDING_BLOCK) {
    return false;
  }

  for (i = 0; i < padding.len; i++) {
    if (padding.ptr[i] != i + 1) {
      return false;
    }
  }

  return true;
}

static int read_box(pool *p, const struct sealed *s, struct sftp_key **key,
    const char **why) {
  const struct sftp_key_type *type;
  struct sftp_str name, padding;
  struct sftp_rd r;
  int res;

  sftp_rd_init_str(&r, s->box);
  if (sftp_rd_u32(&r) != sftp_rd_u32(&r)) {
    if (find_cipher(s->cipher) != NULL) {
      *why = "the passphrase is wrong";
      return SFTP_ERR_PASSPHRASE;
    }

    *why = "the file is damaged: its check numbers differ";
    return SFTP_ERR_FORMAT;
  }

  name = sftp_rd_string(&r);
  type = sftp_key_type_find(name);
  if (sftp_rd_ok(&r) == SFTP_OK && type == NULL) {
    *why = sftp_key_why(p, "a key of type %.*s is not supported here",
      (int) (name.len < 64 ? name.len : 64), (const char *) name.ptr);
    return SFTP_ERR_UNSUPPORTED;
  }

  *why = "the file is damaged: its private part cannot be read";
  if (sftp_rd_ok(&r) != SFTP_OK) {
    return SFTP_ERR_FORMAT;
  }

  *key = sftp_key_new(p, type);
  res = type->ops->read_private(*key, &r);
  (void) sftp_rd_string(&r);    /* comment */
  padding = sftp_rd_rest(&r);
  if (res == SFTP_ERR_KEY_SIZE) {
    *why = sftp_strerror(res);
  }

  if (res == SFTP_OK) {
    res = sftp_rd_end(&r);
  }

  if (res == SFTP_OK && !padding_is_good(padding)) {
    res = SFTP_ERR_FORMAT;
  }

  return res;
}

static int read_key(pool *p, struct sealed *s, const char *passphrase,
    struct sftp_key **key, const char **why) {
  int res = open_box(p, s, passphrase, why);

  if (res == SFTP_OK) {
    res = read_box(p, s, key, why);
  }

  if (res == SFTP_OK) {
    res = sftp_key_set_blob(*key);
  }

  if (res == SFTP_OK && !sftp_str_same((*key)->blob, s->public_blob)) {
    *why = "the private part of the file does not belong to its public part";
    res = SFTP_ERR_FORMAT;
  }

  return res;
}

int sftp_key_from_openssh(pool *p, struct sftp_str file,
    const char *passphrase, struct sftp_key **key, const char **why) {
  struct sftp_str bytes;
  struct sealed s;
  int res = unwrap(p, file, &bytes);

  if (res != SFTP_OK) {
    *why = "the file is damaged: bad base64 or no end line";
    return res;
  }

  memset(&s, 0, sizeof(s));
  res = read_sealed(bytes, &s);
  if (res == SFTP_ERR_LIMIT) {
    *why = "the file must hold exactly one key";
  } else if (res != SFTP_OK) {
    *why = "the file is damaged: it ends early or is not openssh-key-v1";
  } else {
    res = read_key(p, &s, passphrase, key, why);
  }

  sftp_wipe((unsigned char *) (uintptr_t) bytes.ptr, bytes.len);
  return res;
}
