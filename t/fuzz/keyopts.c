/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: the options of a user's key, as the daemon's
 * side reads them from files of users before the login, and the addresses of a
 * certificate.
 *
 * No restriction is ignored: a key that its options allow is refused with one
 * more option that does not.
 */

#include "daemon.h"
#include "forced.h"
#include "ftpd-keyopts.h"
#include "ftpd-userkey.h"
#include "target.h"

static void options(pool *p, const char *text) {
  static const char *const restrictions[] = { "from=\"203.0.113.1\"",
    "expiry-time=\"19800101\"", "unknown" };
  struct ftpd_keyopts o;
  struct ftpd_key_grant grant;
  struct sftp_forced f;
  const char *why = NULL;
  size_t i;

  if (!ftpd_keyopts_read(p, text, &o, &why)) {
    must(why != NULL);
    return;
  }

  must(o.env != NULL && (o.principals == NULL || o.authority));
  must(o.command == NULL ||
    sftp_forced_parse(p, o.command, &f, &why) == SFTP_OK);
  memset(&grant, 0, sizeof(grant));
  ftpd_keyopts_grant(&o, &grant);
  for (i = 0; i < SFTP_NELEMS(restrictions); i++) {
    const char *more = pstrcat(p, text, ",", restrictions[i], NULL);

    why = NULL;
    must(!ftpd_keyopts_read(p, more, &o, &why) && why != NULL);
  }
}

static int one_input(const uint8_t *data, size_t size) {
  pool *p;
  const char *text;

  if (size == 0 || memchr(data, '\0', size) != NULL) {
    return 0;
  }

  p = make_sub_pool(permanent_pool);
  daemon_client("192.0.2.7", "client.example.org");
  text = pstrndup(p, (const char *) data, size);
  options(p, text);
  (void) ftpd_source_allows(p, text);
  destroy_pool(p);
  return 0;
}
