/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* channel-out.c -- output of a channel, within the client's window. */

#include "channel-int.h"
#include "kex.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* The receive window doubles, up to this size, when a client uses half of it in
 * less than one round trip.  OpenSSH's client becomes slow with a huge window,
 * so it is never larger than the path needs.
 */
#define WINDOW_MAX (32 * 1024 * 1024)

/* Maximum data per message, whatever the client allows. */
#define DATA_MAX (128 * 1024)
#define DATA_HEADER 9           /* number, recipient, length */
#define STDERR_MAX (64 * 1024)

/* ---- Output */

static size_t data_max(const struct sftp_channel *ch) {
  return ch->out.packet_max < DATA_MAX ? ch->out.packet_max : DATA_MAX;
}

int sftp_channels_finish_gather(void *arg) {
  struct sftp_channels *all = arg;
  struct sftp_wr *w = all->wr;

  if (all->gathering == NULL) {
    return SFTP_OK;
  }

  all->gathering = NULL;
  sftp_packet_gathering(all->conn->pkts, false);
  if (sftp_wr_end(w) == SFTP_OK) {
    sftp_put_u32(w->ptr + 5, (uint32_t) (w->len - DATA_HEADER));
  }

  return sftp_packet_end(all->conn->pkts);
}

/* The open message of this channel, which is begun if necessary; NULL on
 * failure.
 */
static struct sftp_wr *gather(struct sftp_channel *ch) {
  struct sftp_channels *all = ch->conn->channels;

  if (all->gathering != ch) {
    all->wr = sftp_packet_begin(ch->conn->pkts, SSH_MSG_CHANNEL_DATA,
      DATA_HEADER + data_max(ch));
    sftp_wr_u32(all->wr, ch->remote_id);
    sftp_wr_u32(all->wr, 0);
    if (sftp_wr_end(all->wr) != SFTP_OK) {
      return NULL;
    }

    all->gathering = ch;
    sftp_packet_gathering(ch->conn->pkts, true);
  }

  return all->wr;
}

bool sftp_channel_may_send(const struct sftp_channel *ch) {
  return !sftp_packets_held(ch->conn->pkts) && !ch->serve.starting;
}

/* Puts as much of n bytes into messages as the window allows; returns how many
 * bytes, or an error.
 */
static ssize_t send_some(struct sftp_channel *ch, const unsigned char *p,
    size_t n) {
  size_t sent = 0;

  while (sent < n && ch->out.window > 0) {
    struct sftp_wr *w = gather(ch);
    size_t part;

    if (w == NULL) {
      return SFTP_ERR_LIMIT;
    }

    part = data_max(ch) - (w->len - DATA_HEADER);
    if (part > n - sent) {
      part = n - sent;
    }

    if (part > ch->out.window) {
      part = ch->out.window;
    }

    sftp_wr_bytes(w, p + sent, part);
    sent += part;
    ch->out.window -= (uint32_t) part;
    if (w->len - DATA_HEADER >= data_max(ch)) {
      int res = sftp_channels_finish_gather(ch->conn->channels);

      if (res != SFTP_OK) {
        return res;
      }
    }
  }

  return (ssize_t) sent;
}

int sftp_channel_send_queued(struct sftp_channel *ch) {
  size_t n = sftp_queue_len(&ch->out.queue);
  ssize_t sent;

  if (n == 0 || !sftp_channel_may_send(ch) ||
      sftp_packets_pending(ch->conn->pkts) >= PENDING_SOFT) {
    return SFTP_OK;
  }

  sent = send_some(ch, ch->out.queue.buf + ch->out.queue.start, n);
  if (sent < 0) {
    return (int) sent;
  }

  sftp_queue_drop(&ch->out.queue, (size_t) sent);
  return SFTP_OK;
}

int sftp_channel_write(struct sftp_channel *ch, const void *p, size_t n) {
  ssize_t sent = 0;

  if (ch->end.close_sent) {
    return SFTP_OK;             /* the client has closed */
  }

  if (sftp_queue_len(&ch->out.queue) == 0 && sftp_channel_may_send(ch)) {
    sent = send_some(ch, p, n);
    if (sent < 0) {
      return (int) sent;
    }
  }

  return (size_t) sent == n ? SFTP_OK :
    sftp_queue_add(&ch->out.queue, (const unsigned char *) p + sent,
      n - (size_t) sent);
}

int sftp_channel_write_stderr(struct sftp_channel *ch, const void *p,
    size_t n) {
  if (ch->end.close_sent || sftp_queue_len(&ch->out.err) + n > STDERR_MAX) {
    return SFTP_OK;             /* diagnostics may be lost */
  }

  return sftp_queue_add(&ch->out.err, p, n);
}

int sftp_channel_send_stderr(struct sftp_channel *ch) {
  size_t n = sftp_queue_len(&ch->out.err);
  struct sftp_wr *w;

  if (n > data_max(ch)) {
    n = data_max(ch);
  }

  if (n > ch->out.window) {
    n = ch->out.window;
  }

  if (n == 0 || !sftp_channel_may_send(ch)) {
    return SFTP_OK;
  }

  w = sftp_packet_begin(ch->conn->pkts, SSH_MSG_CHANNEL_EXTENDED_DATA, n + 16);
  sftp_wr_u32(w, ch->remote_id);
  sftp_wr_u32(w, SSH_EXTENDED_DATA_STDERR);
  sftp_wr_string(w, ch->out.err.buf + ch->out.err.start, n);
  ch->out.window -= (uint32_t) n;
  sftp_queue_drop(&ch->out.err, n);
  return sftp_packet_end(ch->conn->pkts);
}

size_t sftp_channel_room(struct sftp_channel *ch) {
  size_t queued = sftp_queue_len(&ch->out.queue);

  if (ch->end.close_sent) {
    return QUEUE_SOFT;          /* output is dropped */
  }

  if (queued >= QUEUE_SOFT ||
      sftp_packets_pending(ch->conn->pkts) >= PENDING_SOFT ||
      sftp_kex_holds(ch->conn)) {
    ch->serve.stalled = true;
    return 0;
  }

  return QUEUE_SOFT - queued;
}

int sftp_channel_reserve(struct sftp_channel *ch, size_t n, struct iovec *iov,
    int max) {
  size_t each = data_max(ch), npieces = (n + each - 1) / each, i;

  ch->out.reserved = 0;
  if (n == 0 || n > ch->out.window || npieces > MAX_PIECES ||
      npieces > (size_t) max || sftp_queue_len(&ch->out.queue) > 0 ||
      !sftp_channel_may_send(ch) || ch->end.close_sent ||
      sftp_packet_layout(ch->conn->pkts, DATA_HEADER + each, (int) npieces,
        ch->out.at) == 0) {
    return 0;
  }

  for (i = 0; i < npieces; i++) {
    iov[i].iov_base = ch->out.at[i] + DATA_HEADER;
    iov[i].iov_len = n < each ? n : each;
    n -= iov[i].iov_len;
    ch->out.reserved += iov[i].iov_len;
  }

  return (int) npieces;
}

int sftp_channel_commit(struct sftp_channel *ch, size_t n) {
  size_t each = data_max(ch), i;
  int res = SFTP_OK;

  if (n > ch->out.reserved) {
    return SFTP_ERR_LIMIT;
  }

  ch->out.reserved = 0;
  for (i = 0; n > 0 && res == SFTP_OK; i++) {
    unsigned char *p = ch->out.at[i];
    size_t part = n < each ? n : each;

    p[0] = SSH_MSG_CHANNEL_DATA;
    sftp_put_u32(p + 1, ch->remote_id);
    sftp_put_u32(p + 5, (uint32_t) part);
    res = sftp_packet_seal_next(ch->conn->pkts, DATA_HEADER + part);
    ch->out.window -= (uint32_t) part;
    n -= part;
  }

  return res;
}

void sftp_channel_finish(struct sftp_channel *ch, int status) {
  if (!ch->end.finishing) {
    ch->end.finishing = true;
    ch->end.exit_status = status;
  }
}

void sftp_channel_again(struct sftp_channel *ch) {
  ch->serve.again = true;
}

/* ---- Small messages */

int sftp_channel_send_id(struct sftp_channel *ch, uint8_t type) {
  struct sftp_wr *w = sftp_packet_begin(ch->conn->pkts, type, 16);

  sftp_wr_u32(w, ch->remote_id);
  return sftp_packet_end(ch->conn->pkts);
}

static int send_exit_status(struct sftp_channel *ch) {
  struct sftp_wr *w = sftp_packet_begin(ch->conn->pkts,
    SSH_MSG_CHANNEL_REQUEST, 64);

  sftp_wr_u32(w, ch->remote_id);
  sftp_wr_text(w, "exit-status");
  sftp_wr_bool(w, false);
  sftp_wr_u32(w, (uint32_t) ch->end.exit_status);
  return sftp_packet_end(ch->conn->pkts);
}

int sftp_channel_send_close(struct sftp_channel *ch, bool clean) {
  int res = SFTP_OK;

  if (ch->end.close_sent) {
    return SFTP_OK;
  }

  ch->end.close_sent = true;
  if (clean && ch->end.exit_status >= 0) {
    res = send_exit_status(ch);
  }

  if (res == SFTP_OK && clean) {
    res = sftp_channel_send_id(ch, SSH_MSG_CHANNEL_EOF);
  }

  return res == SFTP_OK ? sftp_channel_send_id(ch, SSH_MSG_CHANNEL_CLOSE) : res;
}

/* Round-trip time of the path in ms, 0 when it cannot be known. */
static uint64_t path_rtt_ms(const struct ssh_conn *c) {
  struct tcp_info info;
  socklen_t len = sizeof(info);

  memset(&info, 0, sizeof(info));
  if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0) {
    return 0;
  }

  return info.tcpi_rtt / 1000;
}

/* A client that uses half of the window within one round trip is limited by it,
 * so the window doubles.
 */
static uint32_t window_growth(struct sftp_channel *ch) {
  uint64_t now = sftp_now_ms(), took = now - ch->in.adjusted_ms;
  uint32_t more = 0;

  if (ch->conn->set->window == 0 && ch->in.window_max < WINDOW_MAX &&
      took < path_rtt_ms(ch->conn)) {
    more = ch->in.window_max;
    ch->in.window_max += more;
  }

  ch->in.adjusted_ms = now;
  return more;
}

/* Reopens the window in large steps. */
int sftp_channel_adjust_window(struct sftp_channel *ch) {
  struct sftp_wr *w;
  uint32_t n = ch->in.used;

  if (n < ch->in.window_max / 2 || ch->end.close_sent || ch->in.eof) {
    return SFTP_OK;
  }

  n += window_growth(ch);
  ch->in.used = 0;
  ch->in.window += n;
  w = sftp_packet_begin(ch->conn->pkts, SSH_MSG_CHANNEL_WINDOW_ADJUST, 16);
  sftp_wr_u32(w, ch->remote_id);
  sftp_wr_u32(w, n);
  return sftp_packet_end(ch->conn->pkts);
}
