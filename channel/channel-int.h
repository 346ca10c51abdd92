/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* channel-int.h -- inside the channel family: channel.c (open, close, the
 * list, the turns of the loop), channel-in.c, channel-out.c and
 * channel-request.c.
 */

#ifndef MOD_SFTP_CHANNEL_INT_H
#define MOD_SFTP_CHANNEL_INT_H

#include "channel.h"
#include "conn.h"
#include "queue.h"

/* How much output may wait in a channel, or in the socket's buffer, before the
 * service must stop.
 */
#define QUEUE_SOFT (64 * 1024)
#define PENDING_SOFT (512 * 1024)

#define MAX_PIECES 32

struct sftp_channel {
  struct sftp_channel *next;
  struct ssh_conn *conn;
  pool *pool;
  uint32_t id, remote_id;

  uint32_t window, window_max;  /* what the client may still send */
  uint32_t used;                /* taken by the service, not yet given back */
  uint64_t adjusted_ms;
  uint32_t remote_window, remote_packet;

  struct sftp_queue in;              /* bytes that the service left */
  bool in_taken;                /* the service points into `in' */
  bool in_early;                /* `in' is from before the service started */
  struct sftp_queue out, err;

  const struct sftp_service_row *row;   /* the row of the request */
  const struct sftp_service *ops;
  void *svc;
  bool starting;                /* no output before the request's answer */
  bool stalled;                 /* room() was 0 */
  bool again;                   /* the service goes on in the next turn */
  bool eof_in, eof_told;
  bool finishing;               /* close when all is out */
  int exit_status;
  bool close_sent, close_got;

  unsigned char *at[MAX_PIECES];        /* reserved payloads */
  size_t reserved;
  unsigned int nenv;
};

struct sftp_channels {
  struct ssh_conn *conn;
  struct sftp_channel *first;
  unsigned int count;
  uint32_t next_id;
  size_t env_bytes;             /* accepted so far, names and values */
  struct sftp_channel *gathering;       /* whose message is open */
  struct sftp_wr *wr;
};

/* ---- channel.c */

struct sftp_channel *sftp_channel_find(struct ssh_conn *c, uint32_t id);
/* A message for a channel that is not open ends the connection. */
int sftp_channel_unknown(struct ssh_conn *c, const char *what, uint32_t id);
/* Closes the channel of a service that failed; the connection goes on. */
/* Whose turn it is, for records; before each call of the service. */
void sftp_channel_serve(const struct sftp_channel *ch);
int sftp_channel_service_failed(struct sftp_channel *ch, int err);
void sftp_channel_stop_service(struct sftp_channel *ch);

/* ---- channel-out.c */

/* Ends the message that gathers data, of whichever channel. */
int sftp_channels_finish_gather(void *channels);
bool sftp_channel_may_send(const struct sftp_channel *ch);
/* Sends a message that has only the channel's number. */
int sftp_channel_send_id(struct sftp_channel *ch, uint8_t type);
/* Sends what waits, as far as window and socket allow. */
int sftp_channel_send_queued(struct sftp_channel *ch);
int sftp_channel_send_stderr(struct sftp_channel *ch);
/* Sends CLOSE once; after a clean end, exit-status and EOF go before it. */
int sftp_channel_send_close(struct sftp_channel *ch, bool clean);
int sftp_channel_adjust_window(struct sftp_channel *ch);

/* ---- channel-in.c */

/* Offers again what the service left. */
int sftp_channel_offer_kept(struct sftp_channel *ch);
/* Lets the service use the bytes that it refers to, before they move. */
int sftp_channel_settle_in(struct sftp_channel *ch);

#endif /* MOD_SFTP_CHANNEL_INT_H */
