/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: everything that reads keys.
 *
 * The first byte selects a public key blob and a signature under it, a private
 * key file, a file of authorized keys, or a name-list.
 */

#include "crypto.h"
#include "keyfile.h"
#include "keys.h"
#include "namelist.h"
#include "target.h"

#define PASSPHRASE "correct horse"      /* t/data/keys/README */

/* A key that was read must be writable as it was, and refuse junk. */
static void blob(pool *p, struct sftp_str in) {
  struct sftp_rd r;
  struct sftp_str key_blob, sig, text = { (const unsigned char *) "data", 4 };
  struct sftp_key *key = NULL;
  struct sftp_wr w;
  size_t i;

  sftp_wr_init(&w, p, 1024, 65536);
  sftp_rd_init_str(&r, in);
  key_blob = sftp_rd_string(&r);
  sig = sftp_rd_rest(&r);
  if (sftp_rd_ok(&r) != SFTP_OK ||
      sftp_key_from_blob(p, key_blob, &key) != SFTP_OK) {
    return;
  }

  must(key != NULL && sftp_str_same(key->blob, key_blob));
  must(sftp_key_bits(key) > 0 && sftp_key_same(key, key));
  must(sftp_key_fingerprint(p, key->blob, "SHA256", false) != NULL);
  for (i = 0; sftp_sig_algs[i].alg.name != NULL; i++) {
    (void) !sftp_key_verify(key, &sftp_sig_algs[i], sig, text);
    must(sftp_key_sign(key, &sftp_sig_algs[i], text, &w) != SFTP_OK);
  }
}

static void private_file(pool *p, struct sftp_str in) {
  struct sftp_key *key = NULL;
  const char *why = NULL;

  if (sftp_key_from_file(p, in, PASSPHRASE, &key, &why) == SFTP_OK) {
    must(key != NULL && key->is_private);

  } else {
    must(why != NULL);
  }
}

/* Each option is one byte of the text or more: they come to an end. */
static void options(pool *p, const char *text) {
  size_t left = text != NULL ? strlen(text) : 0;
  const char *name, *value;

  while (text != NULL && sftp_keyopts_next(p, &text, &name, &value) > 0) {
    must(*name != '\0' && strlen(text) < left);
    left = strlen(text);
  }
}

static void authorised(pool *p, struct sftp_str in) {
  struct sftp_keyfile f;
  struct sftp_keyfile_entry e;

  sftp_keyfile_init(&f, p, in);
  while (sftp_keyfile_next(&f, &e)) {
    struct sftp_key *key;

    must(e.blob.len > 0 && e.line > 0);
    options(p, e.options);
    (void) !sftp_key_from_blob(p, e.blob, &key);
  }

  must(f.nbroken == 0 || f.broken_why != NULL);
}

static void names(pool *p, struct sftp_str in) {
  struct sftp_str left = in, name;
  size_t total = 0;

  (void) p;
  while (sftp_names_next(&left, &name)) {
    total += name.len;
  }

  must(total <= in.len);
  (void) sftp_names_valid(in);
  (void) sftp_names_match(in, sftp_str_of("a,b,curve25519-sha256"));
}

static int one_input(const uint8_t *data, size_t size) {
  static const fuzz_parser parsers[] = {
    blob, private_file, authorised, names
  };

  fuzz_one_of(parsers, SFTP_NELEMS(parsers), data, size);
  return 0;
}
