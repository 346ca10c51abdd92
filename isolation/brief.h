/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* brief.h -- what a cell must know: the settings that the transport uses, with
 * host keys as their public blobs.
 */

#ifndef MOD_SFTP_BRIEF_H
#define MOD_SFTP_BRIEF_H

#include "settings.h"

/* Bytes. */
#define SFTP_BRIEF_MAX (512 * 1024)

struct sftp_brief {
  struct sftp_settings set;
  const char *remote_ip;
  bool offers;                  /* a module wants to see every message */
  int trace[TRACE_NCHANNELS];
};

/* remote_ip and trace levels are this process's. */
void sftp_brief_write(struct sftp_wr *w, const struct sftp_settings *set,
  const char *remote_ip, bool offers);
/* Reads it; everything lives in p. */
int sftp_brief_read(pool *p, struct sftp_rd *r, struct sftp_brief *b)
  SFTP_MUST_CHECK;

#endif /* MOD_SFTP_BRIEF_H */
