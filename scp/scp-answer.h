/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-answer.h -- reads a reply of the peer, byte by byte (scp.c). */

#ifndef MOD_SFTP_SCP_ANSWER_H
#define MOD_SFTP_SCP_ANSWER_H

#include "base.h"

/* Maximum text of the peer that is kept for the log. */
#define SCP_TEXT_MAX 512

enum scp_said { SCP_SAID_NOTHING, SCP_SAID_YES, SCP_SAID_NO, SCP_SAID_STOP };

struct scp_answer {
  unsigned char kind;           /* first byte of a text, or 0: none begun */
  char text[SCP_TEXT_MAX];      /* cut at this size */
  size_t len;
};

/* Takes bytes up to the end of one reply; returns how many.  *said remains
 * SCP_SAID_NOTHING until the reply is complete.
 */
size_t scp_answer_read(struct scp_answer *a, const unsigned char *p,
  size_t len, enum scp_said *said);

#endif /* MOD_SFTP_SCP_ANSWER_H */
