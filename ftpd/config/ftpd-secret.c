/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-secret.c -- a secret of the daemon, shared by all of its sessions. */

#include "ftpd-kept.h"
#include "ftpd-secret.h"

#include <sodium.h>

/* No file has that path. */
#define KEPT_AS "a secret that was drawn"

static const unsigned char label[] = "mod_sftp secret of a file: ";

static unsigned char secret[FTPD_SECRET_LEN];
static bool mixed;

void ftpd_secret_begin(void) {
  memset(secret, 0, sizeof(secret));
  mixed = false;
}

void ftpd_secret_mix(struct sftp_str text) {
  crypto_generichash_state st;
  unsigned char md[FTPD_SECRET_LEN];
  size_t i;

  (void) crypto_generichash_init(&st, NULL, 0, sizeof(md));
  (void) crypto_generichash_update(&st, label, sizeof(label));
  (void) crypto_generichash_update(&st, text.ptr, text.len);
  (void) crypto_generichash_final(&st, md, sizeof(md));
  for (i = 0; i < sizeof(secret); i++) {
    secret[i] = (unsigned char) (secret[i] + md[i]);
  }

  mixed = true;
  sftp_wipe(md, sizeof(md));
  sftp_wipe(&st, sizeof(st));
}

/* The secret of an earlier load of this module in the daemon, or a new one. */
static void draw(void) {
  const struct ftpd_kept *old = ftpd_kept_find(KEPT_AS);
  struct ftpd_kept drawn = { KEPT_AS, { secret, sizeof(secret) }, NULL };

  if (old != NULL && old->text.len == sizeof(secret)) {
    memcpy(secret, old->text.ptr, sizeof(secret));
    return;
  }

  sftp_random(secret, sizeof(secret));
  ftpd_kept_put(&drawn);
}

void ftpd_secret_settle(void) {
  if (!mixed) {
    draw();
  }
}

void ftpd_secret_derive(const char *purpose, unsigned char *key) {
  crypto_generichash_state st;

  (void) crypto_generichash_init(&st, secret, sizeof(secret), FTPD_SECRET_LEN);
  (void) crypto_generichash_update(&st, (const unsigned char *) "key: ",
    sizeof("key: "));
  (void) crypto_generichash_update(&st, (const unsigned char *) purpose,
    strlen(purpose));
  (void) crypto_generichash_final(&st, key, FTPD_SECRET_LEN);
  sftp_wipe(&st, sizeof(st));
}

unsigned int ftpd_secret_pick(const char *text, unsigned int n) {
  unsigned char md[crypto_generichash_BYTES];

  (void) crypto_generichash(md, sizeof(md), (const unsigned char *) text,
    strlen(text), secret, sizeof(secret));
  return (md[0] | (unsigned int) md[1] << 8 | (unsigned int) md[2] << 16) % n;
}
