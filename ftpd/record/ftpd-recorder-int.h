/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-recorder-int.h -- the recorder's files and sessions, for the sources of
 * this process alone.
 */

#ifndef MOD_SFTP_FTPD_RECORDER_INT_H
#define MOD_SFTP_FTPD_RECORDER_INT_H

#include "ftpd-record-pass.h"
#include "ftpd-recorder.h"

struct client {
  struct client *next, *prev;
  pool *pool;
  uint64_t id;                  /* for the keeper */
  int fds[RECORD_FDS];          /* the socket; the memory of its transfers */
  struct record_file *file;
  struct record_hello hello;
  struct record_pins pins;
  bool ended;                   /* it has said goodbye */
  bool repeats;                 /* its next message may be in the file */
};

struct recorder_state {
  pool *pool;
  int epoll;
  struct record_file **files;
  unsigned int nfiles;
  struct client *clients;
  const struct recorder *is;
  int keeper;                   /* -1: there is none */
  bool watched, open;           /* the daemon and the door are there */
  bool stuck;                   /* the keeper was, and is no more */
  bool asked;                   /* the daemon for another recorder */
  bool over;                    /* another recorder goes on */
};

extern struct recorder_state ftpd_recorder;

/* ---- ftpd-recorder-files.c */

struct record_file *ftpd_recorder_find(const char *path);
/* The same; a file that is not configured any more is written on. */
struct record_file *ftpd_recorder_file(const char *path);
/* Those of the configuration, before they are opened. */
void ftpd_recorder_configure(void);
void ftpd_recorder_open_files(void);
/* One that is configured cannot be opened, or was removed. */
bool ftpd_recorder_lacks_file(void);
/* Signs what is due; all: whatever has no signature. */
void ftpd_recorder_sign(bool all);
/* Milliseconds until a signature is due; -1: none is. */
int ftpd_recorder_due_ms(void);

/* ---- ftpd-recorder-sessions.c */

int ftpd_recorder_watch(int fd, void *what);
/* Takes over the descriptors.  NULL: its file is not known. */
struct client *ftpd_recorder_add(int fds[RECORD_FDS],
  const struct record_hello *hello);
void ftpd_recorder_drop(struct client *c);
/* It has sent something, or has ended. */
void ftpd_recorder_on_client(struct client *c);
/* There is no descriptor left for a session. */
void ftpd_recorder_unserved(const struct record_hello *hello);

/* ---- ftpd-recorder-hand.c */

/* To the next recorder: 0, or -1. */
int ftpd_recorder_hand_over(int to);
/* What the last recorder, or its keeper, hands over. */
void ftpd_recorder_take_over(int from);

/* What the recorder knows about a session, for its keeper. */
void ftpd_recorder_keep(const struct client *c);
void ftpd_recorder_keep_not(const struct client *c);
/* How many records a file does not have. */
void ftpd_recorder_keep_losses(struct record_file *f);
/* This recorder ends, and needs nothing to be kept. */
void ftpd_recorder_keep_nothing(void);

#endif /* MOD_SFTP_FTPD_RECORDER_INT_H */
