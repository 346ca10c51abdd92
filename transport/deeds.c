/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* deeds.c -- what the client at hand does, for those who know clients by it
 * (clients.h).
 */

#include <stdio.h>

#include "conn.h"
#include "host.h"

void sftp_client_did(struct ssh_conn *c, const char *how,
    struct sftp_str what) {
  const struct sftp_settings *set;
  char text[128];

  snprintf(text, sizeof(text), "%s %.*s", how, (int) (what.len < sizeof(text) ?
    what.len : sizeof(text)), (const char *) what.ptr);
  set = host_client(c->host, c->client_software, text);
  c->set = set != NULL ? set : c->set;
}
