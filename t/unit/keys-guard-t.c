/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* Private keys are nowhere in readable memory, before and after a signature:
 * all of it is searched for bytes of the keys of the tests.
 */

#include "crypto.h"
#include "keys.h"
#include "tap.h"

#define NEEDLE_LEN 12U

static const struct sftp_str data = {
  (const unsigned char *) "what is signed", 14
};

/* Bytes from the middle of the secret numbers, here in hexadecimal only. */
static const struct {
  const char *file;
  const char *secret;
} keys[] = {
  { "rsa-pkcs1", "836e451b516ce3bf7191038e" },          /* a prime */
  { "rsa-pkcs8-aes", "836e451b516ce3bf7191038e" },
  { "rsa", "a6be5d17aefecd253b589220" },
  { "ecdsa384-sec1", "9e2681dd85c0e9e3c9287712" },
  { "ecdsa384-pkcs8", "9e2681dd85c0e9e3c9287712" },
  { "ecdsa256", "cbe95733cab2334b551c43b1" },
  { "ed448-pkcs8", "07c4ab11da8631e70ffa5d21" },
  { "ed25519-pkcs8", "80d8d8f3803b750339603556" },
  { "dsa-pem", "185b20e353d9e63ca3ac7e44" },
  { "dsa", "17820eea185b20e353d9e63c" },
  { "ed448", "c684c7582ee61d374bafe237" },
  { "ed25519", "8f7f927876d72079f8625694" }
};

static struct sftp_str test_file(pool *p, const char *name) {
  const char *dir = getenv("srcdir");
  FILE *f = fopen(pstrcat(p, dir != NULL ? dir : ".", "/t/data/keys/", name,
    NULL), "rb");
  unsigned char *bytes = palloc(p, 16384);
  struct sftp_str s = { bytes, 0 };

  if (f == NULL) {
    bail_out("cannot read %s", name);
  }

  s.len = fread(bytes, 1, 16384, f);
  fclose(f);
  return s;
}

/* ---- The search.  What is looked for is never written down in one piece. */

static unsigned int nibble(char c) {
  return c <= '9' ? (unsigned int) (c - '0') : (unsigned int) (c - 'a') + 10;
}

static unsigned int byte_of(const char *secret, unsigned int i) {
  return nibble(secret[2 * i]) << 4 | nibble(secret[2 * i + 1]);
}

static bool stands_at(const unsigned char *at, const char *secret,
    bool backwards) {
  unsigned int i;

  for (i = 0; i < NEEDLE_LEN; i++) {
    if (at[i] != byte_of(secret, backwards ? NEEDLE_LEN - 1 - i : i)) {
      return false;
    }
  }

  return true;
}

static unsigned int count_in(const unsigned char *at, const unsigned char *end,
    const char *secret) {
  unsigned int n = 0;

  for (; at + NEEDLE_LEN <= end; at++) {
    /* Numbers of libcrypto have the last byte first. */
    n += stands_at(at, secret, false) || stands_at(at, secret, true);
  }

  return n;
}

/* -1 where memory cannot be searched. */
static int copies(const char *secret) {
  FILE *maps = fopen("/proc/self/maps", "r");
  unsigned long from, to;
  char line[512], perms[5];
  int n = 0;

  if (maps == NULL) {
    return -1;
  }

  while (fgets(line, sizeof(line), maps) != NULL) {
    if (sscanf(line, "%lx-%lx %4s", &from, &to, perms) == 3 &&
        perms[0] == 'r' && strstr(line, "[v") == NULL) {
      n += (int) count_in((const unsigned char *) from,
        (const unsigned char *) to, secret);
    }
  }

  fclose(maps);
  return n;
}

/* ---- */

static bool signs(pool *p, const struct sftp_key *key) {
  const struct sftp_sig_alg *alg = sftp_sig_algs;
  struct sftp_key *public_part;
  struct sftp_wr sig;

  while (strcmp(alg->key_type, key->type->name) != 0) {
    alg++;
  }

  sftp_wr_init(&sig, p, 128, 8192);
  return sftp_key_sign(key, alg, data, &sig) == SFTP_OK &&
    sftp_key_from_blob(p, key->blob, &public_part) == SFTP_OK &&
    sftp_key_verify(public_part, alg, sftp_wr_get(&sig), data) == SFTP_OK;
}

static void key_is_nowhere_to_be_read(pool *top, size_t i) {
  pool *p = make_sub_pool(top);
  struct sftp_key *key;
  const char *why;

  if (sftp_key_from_file(p, test_file(p, keys[i].file), "correct horse", &key,
      &why) != SFTP_OK) {
    bail_out("%s: %s", keys[i].file, why);
  }

  is_int(copies(keys[i].secret), 0, "%s: copies when loaded", keys[i].file);
  ok(signs(p, key) && signs(p, key), "%s: it signs", keys[i].file);
  is_int(copies(keys[i].secret), 0, "%s: copies when it has signed",
    keys[i].file);
  destroy_pool(p);
}

static void search_finds_what_is_there(void) {
  unsigned char *copy = malloc(NEEDLE_LEN);
  unsigned int i;

  for (i = 0; i < NEEDLE_LEN; i++) {
    copy[i] = (unsigned char) byte_of(keys[0].secret, i);
  }

  is_int(copies(keys[0].secret), 1, "the search finds a copy");
  sftp_wipe(copy, NEEDLE_LEN);
  free(copy);
}

int main(void) {
  size_t i;
  pool *top;

#if defined(__SANITIZE_ADDRESS__)
  skip_all("memory is not as usual with this sanitizer");
#endif
  top = make_sub_pool(NULL);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto");
  }

  search_finds_what_is_there();
  for (i = 0; i < SFTP_NELEMS(keys); i++) {
    key_is_nowhere_to_be_read(top, i);
  }

  destroy_pool(top);
  return done_testing();
}
