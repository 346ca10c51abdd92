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
 * message has its end of a pair of sockets, and the memory of its transfers.
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
  struct record_head head;      /* of a file: hello.path ... */
  struct record_stated stated;  /* ... its last line about itself ... */
  uint64_t nlost;               /* ... and what it does not have */
  int lost_error, told_error;
  struct record_pins pins;
  unsigned char is_client, ended;
};

struct recorder {
  int door;                     /* where sessions introduce themselves */
  int control;                  /* the daemon's: a socket to hand over to */
  int keep;                     /* the same for its keeper; -1: it has none */
  int before;                   /* what the last one hands over; -1: nothing */
  bool crashed;                 /* that one has ended without doing so */
  uid_t uid;                    /* without root's rights */
  gid_t gid;
};

/* Runs it, and returns when nobody is left: with the rights of root, which it
 * gives up for those of uid and gid when its files are open.  All other sockets
 * of the process are closed.
 */
void ftpd_recorder_run(const struct recorder *r);
/* Its keeper: until the recorder at the other end of this socket has ended, and
 * the daemon has another one if it was killed.
 */
void ftpd_recorder_keeper(int from, int control);

#endif /* MOD_SFTP_FTPD_RECORDER_H */
