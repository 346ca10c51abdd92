/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-file.c -- private key files: which format it has, which type the key is,
 * and the checks that every private key must pass before it is used.
 */

#include <openssl/err.h>

#include <sodium.h>

#include "crypto.h"
#include "keys-int.h"

static bool has(struct sftp_str file, const char *text) {
  return memmem(file.ptr, file.len, text, strlen(text)) != NULL;
}

static bool begins(struct sftp_str file, const char *text) {
  size_t len = strlen(text);

  return file.len >= len && memcmp(file.ptr, text, len) == 0;
}

/* ---- Files that are not private keys */

/* Names the most likely mistake; NULL when none is known. */
static const char *mistake(struct sftp_str file) {
  static const struct {
    const char *mark;
    bool first;                 /* at the beginning only */
    const char *why;
  } mistakes[] = {
    { "-----BEGIN PUBLIC KEY-----", false, "it is a public key" },
    { "-----BEGIN RSA PUBLIC KEY-----", false, "it is a public key" },
    { "---- BEGIN SSH2 PUBLIC KEY ----", false, "it is a public key" },
    { "ssh-", true, "it is a public key" },
    { "ecdsa-sha2-", true, "it is a public key" },
    { "sk-", true, "it is the public key of a security key" },
    { "-----BEGIN CERTIFICATE-----", false, "it is an X.509 certificate" },
    { "-----BEGIN DH PARAMETERS-----", false, "it holds DH parameters" },
    { "PuTTY-User-Key-File-", true, "it is a PuTTY key; convert it with "
      "`puttygen FILE -O private-openssh'" },
    { "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", false, "it is a key in "
      "ssh.com's format; convert it with `ssh-keygen -i -f FILE'" },
  };
  size_t i;

  if (file.len == 0) {
    return "it is empty";
  }

  for (i = 0; i < SFTP_NELEMS(mistakes); i++) {
    if (mistakes[i].first ? begins(file, mistakes[i].mark) :
        has(file, mistakes[i].mark)) {
      return mistakes[i].why;
    }
  }

  return NULL;
}

static const char *accepted(pool *p) {
  const struct sftp_key_type *t;
  const char *names = "";

  for (t = sftp_key_types; t->name != NULL; t++) {
    if (*t->evp != '\0') {
      names = sftp_key_why(p, "%s%s%s", names, t == sftp_key_types ? "" : ", ",
        t->name);
    }
  }

  return sftp_key_why(p, "accepted are private keys in PEM (PKCS#1, PKCS#8, "
    "SEC1) or OpenSSH format, of type %s", names);
}

/* ---- PEM */

/* Finds the type that takes over the key and its numbers. */
static int adopt(pool *p, EVP_PKEY *pkey, OSSL_PARAM **numbers,
    struct sftp_key **key, const char **why) {
  const struct sftp_key_type *t;
  int res = SFTP_ERR_UNSUPPORTED;

  for (t = sftp_key_types; t->name != NULL; t++) {
    if (*t->evp == '\0' || EVP_PKEY_is_a(pkey, t->evp) != 1) {
      continue;
    }

    if (EVP_PKEY_up_ref(pkey) != 1) {
      return SFTP_ERR_CRYPTO;
    }

    *key = sftp_key_new(p, t);
    res = t->ops->adopt(*key, pkey, *numbers);
    if (res == SFTP_OK) {
      sftp_key_set_guarded(*key, *numbers);
      *numbers = NULL;
      return sftp_key_set_blob(*key);
    }

    if (res == SFTP_ERR_FORMAT) {
      *why = "the file is damaged: the numbers of the key do not fit";
      return res;
    }
  }

  *why = sftp_key_why(p, "a key of this type, size or curve is not supported; "
    "%s", accepted(p));
  return res;
}

static int from_pem(pool *p, struct sftp_str file, const char *passphrase,
    struct sftp_key **key, const char **why) {
  char type[SFTP_KEY_EVP_LEN];
  OSSL_PARAM *numbers;
  EVP_PKEY *pkey;
  int res;

  res = sftp_key_read_pem(p, file, passphrase, type, &numbers, why);
  if (res != SFTP_OK) {
    return res;
  }

  pkey = sftp_key_of_numbers(type, numbers);
  if (pkey == NULL) {
    *why = "the file is damaged: libcrypto refuses the numbers of the key";
    res = SFTP_ERR_FORMAT;

  } else {
    res = adopt(p, pkey, &numbers, key, why);
  }

  EVP_PKEY_free(pkey);
  sodium_free(numbers);
  return res;
}

/* ---- Checks of every key */

/* Whether what the private part signs verifies with the public part alone,
 * read again from its wire form: finds damaged and mismatched files.
 */
static bool works(pool *p, struct sftp_key *key) {
  static const char text[] = "does the private part fit the public part?";
  const struct sftp_sig_alg *alg;
  struct sftp_key *public_part;
  struct sftp_wr sig;

  if (sftp_key_from_blob(p, key->blob, &public_part) != SFTP_OK) {
    return false;
  }

  for (alg = sftp_sig_algs; alg->alg.name != NULL; alg++) {
    if (strcmp(alg->key_type, key->type->name) == 0) {
      sftp_wr_init(&sig, p, 128, 8192);
      return sftp_key_sign(key, alg, sftp_str_of(text), &sig) == SFTP_OK &&
        sftp_key_verify(public_part, alg, sftp_wr_get(&sig),
          sftp_str_of(text)) == SFTP_OK;
    }
  }

  return false;
}

static int read_file(pool *p, struct sftp_str file, const char *passphrase,
    struct sftp_key **key, const char **why) {
  const char *known;

  if (has(file, "-----BEGIN OPENSSH PRIVATE KEY-----")) {
    return sftp_key_from_openssh(p, file, passphrase, key, why);
  }

  if (has(file, "-----BEGIN ") && has(file, " PRIVATE KEY-----")) {
    if (has(file, "\n-----END ")) {
      return from_pem(p, file, passphrase, key, why);
    }

    *why = "the file is cut short: its END line is missing";
    return SFTP_ERR_FORMAT;
  }

  known = mistake(file);
  *why = sftp_key_why(p, "%s; %s", known != NULL ? known :
    "it is no private key", accepted(p));
  return SFTP_ERR_FORMAT;
}

int sftp_key_from_file(pool *p, struct sftp_str file, const char *passphrase,
    struct sftp_key **key, const char **why) {
  struct sftp_key *found = NULL;
  int res;

  *key = NULL;
  *why = "the file is damaged";
  res = read_file(p, file, passphrase, &found, why);
  if (res != SFTP_OK) {
    ERR_clear_error();
    return res;
  }

  if (!sftp_key_approved(found)) {
    *why = sftp_key_why(p, "FIPS does not approve of keys of type %s",
      found->type->name);
    return SFTP_ERR_UNSUPPORTED;
  }

  found->is_private = true;
  if (!works(p, found)) {
    found->is_private = false;
    *why = "the key cannot sign: its private part is damaged, does not "
      "belong to its public part, or is too small";
    ERR_clear_error();
    return SFTP_ERR_FORMAT;
  }

  res = sftp_key_guard(found);
  if (res != SFTP_OK) {
    *why = "the key cannot be moved to guarded memory";
    return res;
  }

  *why = NULL;
  *key = found;
  return SFTP_OK;
}
