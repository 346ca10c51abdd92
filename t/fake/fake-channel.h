/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fake-channel.h -- a channel without a connection, for tests of services.
 *
 * It collects the service's output, can narrow the window, and feeds the
 * service like channel.c: bytes that are left are offered again with those that
 * follow, flush() comes before bytes move, ready() after room() was 0.
 *
 * The functions of service.h are weak here: a test that needs the real channels
 * gets those.
 */

#ifndef MOD_SFTP_FAKE_CHANNEL_H
#define MOD_SFTP_FAKE_CHANNEL_H

#include "service.h"

struct sftp_channel {
  struct ssh_conn *conn;
  /* May be set by a test at any time. */
  size_t window;                /* bytes that may still be sent; SIZE_MAX */
  size_t soft;                  /* bytes that may wait before room() is 0 */
  size_t piece;                 /* bytes per message; 32768 */
  bool no_reserve;              /* in-place writing is not available */
  unsigned int fail_at;         /* the write of data that fails, 0: none */

  /* The results. */
  unsigned char *out, *err;     /* data and stderr, sent or waiting */
  size_t out_len, err_len, waiting;
  unsigned int nreserved;       /* how often data was written in place */
  unsigned int writes;          /* of data, in place or not */
  bool finished;
  int status;

  /* Private. */
  const struct sftp_service *ops;
  void *svc;
  unsigned char *left;
  size_t left_len, reserved, out_size, err_size;
  bool stalled, dead, again, eof_in;
};

struct sftp_channel *fake_channel_new(struct ssh_conn *c);
/* Calls the service's close() unless that was done, and frees. */
void fake_channel_free(struct sftp_channel *ch);
/* The service that it runs. */
void fake_channel_serve(struct sftp_channel *ch,
  const struct sftp_service *ops, void *svc);
/* Bytes of the client; returns SFTP_OK or the service's error. */
int fake_channel_feed(struct sftp_channel *ch, const void *p, size_t n);
/* More window: waiting output is sent, the service continues. */
int fake_channel_open_window(struct sftp_channel *ch, size_t n);
/* The turns that a service asked for with sftp_channel_again(), at most n;
 * returns how many there were, or the service's error.
 */
int fake_channel_work(struct sftp_channel *ch, int n);
int fake_channel_eof(struct sftp_channel *ch);
void fake_channel_close(struct sftp_channel *ch);
/* Bytes that were offered and not used. */
size_t fake_channel_left(const struct sftp_channel *ch);
/* Drops the output so far. */
void fake_channel_clear(struct sftp_channel *ch);

#endif /* MOD_SFTP_FAKE_CHANNEL_H */
