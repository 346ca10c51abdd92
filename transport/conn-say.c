/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* conn-say.c -- text for the user of a client that is logged in: an
 * SSH_MSG_DEBUG that should always be displayed (RFC 4253, section 11.3).
 */

#include "conn-int.h"

#include "kex.h"

void sftp_conn_say(struct ssh_conn *c, const char *text) {
  char *say = c->loop->say;
  size_t len = strlen(say);

  snprintf(say + len, sizeof(c->loop->say) - len, "%s%s", len > 0 ? "\r\n" :
    "", text);
}

int sftp_conn_say_check(struct ssh_conn *c) {
  char *say = c->loop->say;
  struct sftp_wr *w;

  if (*say == '\0' || !c->state.authenticated || sftp_kex_running(c)) {
    return SFTP_OK;
  }

  w = sftp_packet_begin(c->pkts, SSH_MSG_DEBUG, strlen(say) + 64);
  sftp_wr_bool(w, true);
  sftp_wr_text(w, say);
  sftp_wr_text(w, "");
  *say = '\0';
  return sftp_packet_end(c->pkts);
}
