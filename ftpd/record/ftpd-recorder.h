/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-recorder.h -- the process that writes the records, and what it is told
 * (ftpd-recorder.c).
 */

#ifndef MOD_SFTP_FTPD_RECORDER_H
#define MOD_SFTP_FTPD_RECORDER_H

#include "ftpd-record-file.h"
#include "ftpd-session.h"

/* A session introduces itself before it reads anything from its client; the
 * message has its end of a pair of sockets, too.
 */
struct record_hello {
  char path[PATH_MAX];          /* of its file */
  char session[64], from[64];
  unsigned int port;
  char server[128];
  unsigned char answers;        /* each message is answered by an errno */
};

/* What one recorder hands over to the next, all of its files first. */
struct record_handed {
  struct record_hello hello;
  struct record_head head;      /* of a file: hello.path */
  struct record_pins pins;
  unsigned char is_client, ended;
};

struct recorder {
  int door;                     /* where sessions introduce themselves */
  int control;                  /* the daemon's: a socket to hand over to */
  int before;                   /* what the last recorder hands over; -1 */
};

/* Runs it, and returns when nobody is left: with the rights of root, which it
 * gives up for those of uid and gid when its files are open.  All other sockets
 * of the process are closed.
 */
void ftpd_recorder_run(const struct recorder *r, uid_t uid, gid_t gid);

#endif /* MOD_SFTP_FTPD_RECORDER_H */
