/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* alg-profile.c -- whole offers by name, and offers changed by signs. */

#include <fnmatch.h>
#include <strings.h>

#include "alg-profile.h"
#include "crypto.h"
#include "namelist.h"

/* A list of all algorithms of a family is less than half as long. */
#define LIST_MAX 16384

/* The default offer of the packaged module, in its order: programs of old
 * partners may depend on exactly that.
 */
static const char *const legacy[ALGS_NFAMILIES] = {
  [ALGS_KEX] = "curve448-sha512,curve25519-sha256,"
    "curve25519-sha256@libssh.org,ecdh-sha2-nistp521,ecdh-sha2-nistp384,"
    "ecdh-sha2-nistp256,diffie-hellman-group18-sha512,"
    "diffie-hellman-group16-sha512,diffie-hellman-group14-sha256,"
    "diffie-hellman-group-exchange-sha256,diffie-hellman-group-exchange-sha1,"
    "diffie-hellman-group14-sha1,rsa1024-sha1",
  [ALGS_HOSTKEY] = "ssh-ed25519,ssh-ed448,ecdsa-sha2-nistp256,"
    "ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256,"
    "ssh-rsa,ssh-dss",
  [ALGS_CIPHER] = "aes256-ctr,aes192-ctr,aes128-ctr,aes256-gcm@openssh.com,"
    "aes128-gcm@openssh.com,aes256-cbc,aes192-cbc,aes128-cbc,cast128-cbc,"
    "3des-cbc",
  [ALGS_MAC] = "hmac-sha2-256,hmac-sha2-256-etm@openssh.com,hmac-sha2-512,"
    "hmac-sha2-512-etm@openssh.com,hmac-sha1,hmac-sha1-etm@openssh.com,"
    "hmac-sha1-96,hmac-sha1-96-etm@openssh.com,umac-64@openssh.com,"
    "umac-64-etm@openssh.com,umac-128@openssh.com,umac-128-etm@openssh.com",
  [ALGS_COMPRESS] = "none",
  /* For users, its algorithms are added to the default ones. */
  [ALGS_SIGNATURE] = "+ssh-rsa,+ssh-dss"
};

int sftp_alg_profile_find(const char *name) {
  static const char *const names[] = {
    [PROFILE_DEFAULT] = "default", [PROFILE_MODERN] = "modern",
    [PROFILE_LEGACY] = "legacy"
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    if (strcasecmp(names[i], name) == 0) {
      return (int) i;
    }
  }

  return -1;
}

/* ---- Changing lists */

static void put_name(struct sftp_wr *w, struct sftp_str name) {
  if (w->len > 0) {
    sftp_wr_u8(w, ',');
  }

  sftp_wr_bytes(w, name.ptr, name.len);
}

static const char *ended(pool *p, struct sftp_wr *w) {
  return sftp_str_dup(p, sftp_wr_get(w));
}

static bool is_usable(enum sftp_alg_family f, struct sftp_str name) {
  const struct sftp_alg *alg = sftp_alg_find(f, name);

  return alg != NULL && sftp_alg_usable(f, alg);
}

/* The list without the names that match the pattern. */
static const char *without(pool *p, const char *list, const char *pattern) {
  struct sftp_str left = sftp_str_of(list), name;
  struct sftp_wr w;

  sftp_wr_init(&w, p, 512, LIST_MAX);
  while (sftp_names_next(&left, &name)) {
    if (fnmatch(pattern, sftp_str_dup(p, name), 0) != 0) {
      put_name(&w, name);
    }
  }

  return ended(p, &w);
}

static const char *joined(pool *p, const char *a, const char *b) {
  return *a == '\0' ? b : *b == '\0' ? a : pstrcat(p, a, ",", b, NULL);
}

/* Applies one word of the directive: with + or -, or without a sign. */
static const char *change(pool *p, enum sftp_alg_family f, const char *list,
    struct sftp_str word) {
  struct sftp_str name = { word.ptr + 1, word.len - 1 };
  const char *text;

  if (word.ptr[0] == '-') {
    return without(p, list, sftp_str_dup(p, name));
  }

  if (word.ptr[0] != '+') {
    name = word;
  }

  text = sftp_str_dup(p, name);
  return is_usable(f, name) && !sftp_names_have(sftp_str_of(list), text) ?
    joined(p, list, text) : list;
}

const char *sftp_alg_change(pool *p, enum sftp_alg_family f, const char *base,
    const char *list) {
  struct sftp_str left = sftp_str_of(list), word;
  const char *res = *list != '\0' && strchr("+-^", *list) != NULL ? base : "";
  const char *heads = "";

  while (sftp_names_next(&left, &word)) {
    if (word.len > 0 && word.ptr[0] == '^') {
      /* Several of them keep the order of the directive. */
      struct sftp_str name = { word.ptr + 1, word.len - 1 };
      const char *text = sftp_str_dup(p, name);

      if (is_usable(f, name) && !sftp_names_have(sftp_str_of(heads), text)) {
        heads = joined(p, heads, text);
        res = without(p, res, text);
      }

    } else if (word.len > 0 && word.ptr[0] == '-') {
      res = change(p, f, res, word);
      heads = change(p, f, heads, word);

    } else if (word.len > 0) {
      res = change(p, f, res, word);
    }
  }

  /* A name that is in both appears once. */
  left = sftp_str_of(heads);
  while (sftp_names_next(&left, &word)) {
    res = without(p, res, sftp_str_dup(p, word));
  }

  return joined(p, heads, res);
}

/* ---- Offers */

static const char *by_flags(pool *p, enum sftp_alg_family f,
    enum sftp_alg_profile profile) {
  const struct sftp_alg *alg;
  unsigned int want = profile == PROFILE_MODERN &&
    (f == ALGS_KEX || f == ALGS_CIPHER || f == ALGS_MAC) ? ALG_MODERN :
    ALG_DEFAULT;
  struct sftp_wr w;
  size_t i;

  /* With FIPS, too few algorithms of the profile "modern" are left. */
  if (sftp_crypto_fips() && f != ALGS_COMPRESS) {
    want = ALG_DEFAULT | ALG_FIPS_OFFER;
  }

  sftp_wr_init(&w, p, 512, LIST_MAX);
  for (i = 0; (alg = sftp_alg_at(f, i)) != NULL; i++) {
    if ((alg->flags & want) != 0 && sftp_alg_usable(f, alg)) {
      put_name(&w, sftp_str_of(alg->name));
    }
  }

  return ended(p, &w);
}

const char *sftp_alg_profile(pool *p, enum sftp_alg_family f,
    enum sftp_alg_profile profile) {
  const char *list;

  if (profile == PROFILE_LEGACY) {
    return sftp_alg_change(p, f, by_flags(p, f, PROFILE_DEFAULT), legacy[f]);
  }

  list = by_flags(p, f, profile);
  if (f == ALGS_HOSTKEY && profile == PROFILE_MODERN) {
    list = sftp_alg_change(p, f, list, "-ecdsa-*");
  }

  if (f == ALGS_CIPHER && !sftp_crypto_fast_aes()) {
    list = sftp_alg_change(p, f, list, "^chacha20-poly1305@openssh.com");
  }

  return list;
}
