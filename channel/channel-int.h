/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* channel-int.h -- private to the channel family: channel.c (open, close, the
 * list, the turns of the loop), channel-in.c, channel-out.c and
 * channel-request.c.
 */

#ifndef MOD_SFTP_CHANNEL_INT_H
#define MOD_SFTP_CHANNEL_INT_H

#include "channel.h"
#include "conn.h"
#include "queue.h"
#include "service.h"
#include "service.h"

/* The amount of output waiting in a channel, or in the socket's buffer, above
 * which the service must stop.
 */
#define QUEUE_SOFT (64 * 1024)
#define PENDING_SOFT (512 * 1024)

#define MAX_PIECES 32

/* What comes from the client. */
struct channel_in {
  uint32_t window, window_max;  /* what the client may still send */
  uint32_t used;                /* used by the service, not yet given back */
  uint64_t adjusted_ms;
  struct sftp_queue queue;      /* bytes that the service left */
  bool taken;                   /* the service points into `queue' */
  bool early;                   /* `queue' is from before the service started */
  bool eof, eof_told;
};

/* What goes to the client. */
struct channel_out {
  uint32_t window, packet_max;  /* what we may still send; at once */
  struct sftp_queue queue, err; /* data and stderr that wait */
  unsigned char *at[MAX_PIECES];        /* reserved payloads */
  size_t reserved;
};

/* The service; ops is NULL before its start. */
struct channel_service {
  const struct sftp_service_row *row;   /* the row of the request */
  const struct sftp_service *ops;
  void *state;
  bool starting;                /* no output before the request's answer */
  bool stalled;                 /* room() was 0 */
  bool again;                   /* the service continues in the next turn */
};

struct channel_end {
  bool finishing;               /* close when all output is sent */
  int exit_status;
  bool close_sent, close_got;
};

struct sftp_channel {
  struct sftp_channel *next;
  struct ssh_conn *conn;
  pool *pool;
  uint32_t id, remote_id;
  unsigned int nenv;            /* variables that were accepted */

  struct channel_service serve;
  struct channel_end end;
  struct channel_in in;
  struct channel_out out;
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
/* Sets the current service for records; before each call of the service. */
void sftp_channel_serve(const struct sftp_channel *ch);
/* Closes the channel of a service that failed; the connection continues. */
int sftp_channel_service_failed(struct sftp_channel *ch, int err);
void sftp_channel_stop_service(struct sftp_channel *ch);

/* ---- channel-out.c */

/* Ends the message that collects data, of any channel. */
int sftp_channels_finish_gather(void *channels);
bool sftp_channel_may_send(const struct sftp_channel *ch);
/* Sends a message that has only the channel's number. */
int sftp_channel_send_id(struct sftp_channel *ch, uint8_t type);
/* Sends waiting output, as far as window and socket allow. */
int sftp_channel_send_queued(struct sftp_channel *ch);
int sftp_channel_send_stderr(struct sftp_channel *ch);
/* Sends CLOSE once; after a clean end, exit-status and EOF come first. */
int sftp_channel_send_close(struct sftp_channel *ch, bool clean);
int sftp_channel_adjust_window(struct sftp_channel *ch);

/* ---- channel-in.c */

/* Offers again the bytes that the service left. */
int sftp_channel_offer_kept(struct sftp_channel *ch);
/* Lets the service use the bytes that it refers to before they move. */
int sftp_channel_settle_in(struct sftp_channel *ch);

#endif /* MOD_SFTP_CHANNEL_INT_H */
