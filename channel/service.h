/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* service.h -- what a service on a channel is, and what it may ask of its
 * channel.
 *
 * A channel carries one service: the SFTP subsystem, SCP, or a small command.
 * Services know nothing of windows and packets: they take bytes and return
 * bytes.
 *
 * In: bytes are offered in place, in the receive buffer.  A service takes what
 * it can use; the rest is kept and offered again, together with what follows.
 * Bytes taken may be referred to until flush() is called, so that writes to a
 * file can be gathered.
 *
 * Out: small answers are gathered into one message; bulk data is read straight
 * into messages (reserve, commit).  Output that the window does not allow waits
 * in the channel, and sftp_channel_room() tells the service to stop.
 */

#ifndef MOD_SFTP_SERVICE_H
#define MOD_SFTP_SERVICE_H

#include <sys/uio.h>

#include "wire.h"

struct ssh_conn;
struct sftp_channel;

struct sftp_service {
  const char *name;             /* "sftp", "scp" */
  /* Takes bytes of the client; returns how many were used (0..len), or a
   * negative SFTP_ERR_* that ends the channel.  The next offer contains at
   * least the bytes that were left and those that have arrived since.
   */
  ssize_t (*input)(void *svc, const unsigned char *p, size_t len);
  /* The bytes taken so far will move: the service must use them now. */
  int (*flush)(void *svc);
  /* Called when there is room to send again, after room() was 0, and in the
   * next turn after sftp_channel_again().  Input that was left is offered again
   * afterwards.
   */
  int (*ready)(void *svc);
  /* No more bytes will come; all received bytes were offered. */
  int (*eof)(void *svc);
  /* The channel is closed: abort what is open. */
  void (*close)(void *svc);
  /* The number of bytes needed at least to complete the current request (0:
   * unknown).
   */
  size_t (*missing)(void *svc);
};

/* Begins a service on a channel. pool lives as long as the channel. args is the
 * command line after the row's word for exec, "" for a subsystem.  Returns the
 * service's state, or NULL to refuse; *why is then a text for log and client.
 */
typedef void *(*sftp_service_start)(struct ssh_conn *c,
  struct sftp_channel *ch, pool *p, const char *args, const char **why);

/* The service for each request; passed in c->services.rows. */
struct sftp_service_row {
  const char *request;          /* "subsystem" or "exec" */
  const char *word;             /* the subsystem or the command's first word; ""
                                 * for all commands without a row */
  unsigned int need;            /* SFTP_SERVICE_FL_* that must be on */
  const struct sftp_service *ops;
  sftp_service_start start;
};

/* ---- What services call */

uint32_t sftp_channel_id(const struct sftp_channel *ch);
/* Bytes the service may still produce before it should wait for ready(). */
size_t sftp_channel_room(struct sftp_channel *ch);
/* Data to the client; copied, and queued while the window is closed.
 * Diagnostics on stderr are dropped if too much of them is waiting.
 */
int sftp_channel_write(struct sftp_channel *ch, const void *p, size_t n)
  SFTP_MUST_CHECK;
int sftp_channel_write_stderr(struct sftp_channel *ch, const void *p,
  size_t n);
/* Reserves room for n bytes of data in place, as pieces; returns how many
 * pieces were set, or 0 if that is impossible at this time (window, rekey,
 * compression): then read elsewhere and use sftp_channel_write().
 */
int sftp_channel_reserve(struct sftp_channel *ch, size_t n, struct iovec *iov,
  int max);
/* Sends the first n of the bytes that were reserved last; n may be 0. */
int sftp_channel_commit(struct sftp_channel *ch, size_t n) SFTP_MUST_CHECK;
/* The service has ended: exit-status (unless negative), EOF and CLOSE are sent
 * after everything written before.
 */
void sftp_channel_finish(struct sftp_channel *ch, int status);
/* For work that is too long for one turn: ready() is called in the next turn,
 * and the service does not get the client's EOF before that.
 */
void sftp_channel_again(struct sftp_channel *ch);
struct ssh_conn *sftp_channel_conn(const struct sftp_channel *ch);
/* The row of the service; valid from start() on. */
const struct sftp_service_row *sftp_channel_row(const struct sftp_channel *ch);

#endif /* MOD_SFTP_SERVICE_H */
