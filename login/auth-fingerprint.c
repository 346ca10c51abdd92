/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-fingerprint.c -- fingerprints of keys, as SFTPKeyFingerprints says. */

#include "auth-key.h"

/* Only tests have settings without a digest. */
const char *sftp_auth_fingerprint_digest(const struct ssh_conn *c) {
  const char *digest = c->set->fingerprint.digest;

  return digest != NULL ? digest : "SHA256";
}

const char *sftp_auth_fingerprint(const struct ssh_conn *c, pool *p,
    struct sftp_str blob) {
  const char *text = sftp_key_fingerprint(p, blob,
    sftp_auth_fingerprint_digest(c),
    c->set->fingerprint.form != FINGERPRINT_BASE64);
  char *plain, *to;

  if (text == NULL || c->set->fingerprint.form != FINGERPRINT_HEX) {
    return text;
  }

  plain = to = pstrdup(p, text);
  for (; *text != '\0'; text++) {
    if (*text != ':') {
      *to++ = *text;
    }
  }

  *to = '\0';
  return plain;
}

const char *sftp_auth_print(const struct ssh_conn *c, pool *p,
    struct sftp_str blob) {
  const char *digest = "SHA256", *print;

  if (c->set->fingerprint.named) {
    digest = sftp_auth_fingerprint_digest(c);
    print = sftp_auth_fingerprint(c, p, blob);

  } else {
    print = sftp_key_fingerprint(p, blob, digest, false);
  }

  return pstrcat(p, digest, ":", print != NULL ? print : "(unknown)", NULL);
}
