/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* channel.c -- the channels of a connection, and the messages about them (RFC
 * 4254, section 5).
 */

#include "channel-int.h"
#include "ftpd-report.h"
#include "global.h"
#include "kex.h"
#include "qos.h"


/* The first window: enough for 2 MiB per round trip. */
#define WINDOW_FIRST (2 * 1024 * 1024)
#define LOCAL_PACKET_MAX (128 * 1024)

struct sftp_channels *sftp_channels_new(struct ssh_conn *c) {
  struct sftp_channels *all = pcalloc(c->pool, sizeof(*all));

  all->conn = c;
  sftp_packet_set_gather(c->pkts, sftp_channels_finish_gather, all);
  return all;
}

uint32_t sftp_channel_id(const struct sftp_channel *ch) {
  return ch->id;
}

struct ssh_conn *sftp_channel_conn(const struct sftp_channel *ch) {
  return ch->conn;
}

const struct sftp_service_row *sftp_channel_row(
    const struct sftp_channel *ch) {
  return ch->serve.row;
}

unsigned int sftp_channels_count(const struct ssh_conn *c) {
  return c->channels->count;
}

/* ---- The list of channels */

struct sftp_channel *sftp_channel_find(struct ssh_conn *c, uint32_t id) {
  struct sftp_channel *ch;

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    if (ch->id == id) {
      return ch;
    }
  }

  return NULL;
}

int sftp_channel_unknown(struct ssh_conn *c, const char *what, uint32_t id) {
  return sftp_fail(c, SFTP_ERR_ORDER, "%s for channel %u, which is not open",
    what, id);
}

void sftp_channel_serve(const struct sftp_channel *ch) {
  ftpd_serving(ch->conn->ftpd, ch->serve.ops->name);
}

void sftp_channel_stop_service(struct sftp_channel *ch) {
  const struct sftp_service *ops = ch->serve.ops;

  if (ops != NULL) {
    sftp_channel_serve(ch);
    ch->serve.ops = NULL;
    ops->close(ch->serve.state);
  }
}

static void remove_channel(struct sftp_channel *ch) {
  struct sftp_channels *all = ch->conn->channels;
  struct sftp_channel **pp = &all->first;

  if (all->gathering == ch) {
    (void) sftp_channels_finish_gather(all);
  }

  sftp_channel_stop_service(ch);
  while (*pp != ch) {
    pp = &(*pp)->next;
  }

  *pp = ch->next;
  all->count--;
  sftp_queue_free(&ch->in.queue);
  sftp_queue_free(&ch->out.queue);
  sftp_queue_free(&ch->out.err);
  destroy_pool(ch->pool);
}

void sftp_channels_close_all(struct ssh_conn *c) {
  while (c->channels->first != NULL) {
    remove_channel(c->channels->first);
  }
}

bool sftp_channels_last(const struct ssh_conn *c, uint32_t *remote_id) {
  const struct sftp_channel *ch;

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    if (!ch->end.close_sent) {
      *remote_id = ch->remote_id;
      return true;
    }
  }

  return false;
}

int sftp_channel_service_failed(struct sftp_channel *ch, int err) {
  sftp_log("closing channel %u: %s", ch->id, sftp_strerror(err));
  sftp_channel_stop_service(ch);
  sftp_queue_drop(&ch->in.queue, sftp_queue_len(&ch->in.queue));
  sftp_channel_finish(ch, 1);
  return SFTP_OK;
}

/* ---- CHANNEL_OPEN */

static int refuse_open(struct ssh_conn *c, uint32_t remote_id,
    uint32_t reason, const char *text) {
  struct sftp_wr *w = sftp_packet_begin(c->pkts,
    SSH_MSG_CHANNEL_OPEN_FAILURE, strlen(text) + 64);

  sftp_wr_u32(w, remote_id);
  sftp_wr_u32(w, reason);
  sftp_wr_text(w, text);
  sftp_wr_text(w, "en-US");
  return sftp_packet_end(c->pkts);
}

static int confirm_open(struct sftp_channel *ch, uint32_t packet) {
  struct sftp_wr *w = sftp_packet_begin(ch->conn->pkts,
    SSH_MSG_CHANNEL_OPEN_CONFIRMATION, 32);

  sftp_wr_u32(w, ch->remote_id);
  sftp_wr_u32(w, ch->id);
  sftp_wr_u32(w, ch->in.window);
  sftp_wr_u32(w, packet);
  return sftp_packet_end(ch->conn->pkts);
}

static int add_channel(struct ssh_conn *c, uint32_t remote_id,
    uint32_t window, uint32_t packet) {
  struct sftp_channels *all = c->channels;
  pool *p = make_sub_pool(c->pool);
  struct sftp_channel *ch = pcalloc(p, sizeof(*ch));

  pr_pool_tag(p, "SSH channel");
  ch->conn = c;
  ch->pool = p;
  ch->id = all->next_id++;
  ch->remote_id = remote_id;
  ch->out.window = window;
  ch->out.packet_max = packet;
  ch->in.window = ch->in.window_max = c->set->window > 0 ? c->set->window :
    WINDOW_FIRST;
  ch->in.adjusted_ms = sftp_now_ms();
  ch->end.exit_status = -1;
  ch->next = all->first;
  all->first = ch;
  if (all->count++ == 0) {
    sftp_qos_choose(c, true);
  }

  return confirm_open(ch, c->set->max_packet > 0 ? c->set->max_packet :
    LOCAL_PACKET_MAX);
}

int sftp_on_channel_open(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_str type = sftp_rd_string(r);
  uint32_t remote_id = sftp_rd_u32(r), window = sftp_rd_u32(r),
    packet = sftp_rd_u32(r);
  bool session = sftp_str_is(type, "session"),
    broken = session && sftp_global_no_more_sessions(c);
  char name[64];

  if (!session) {
    (void) sftp_rd_rest(r);     /* fields of the other types */
  }

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_OPEN");
  }

  sftp_escape(name, sizeof(name), type.ptr, type.len);
  ftpd_ssh_cmd(c->ftpd, "CHANNEL_OPEN", name, FTPD_SSH_MISC,
    session && !broken);
  if (!session) {
    sftp_log("refused to open a channel of type '%s'", name);
    return refuse_open(c, remote_id, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED,
      "this service is for file transfer only: no forwarding");
  }

  /* OpenSSH PROTOCOL, section 2.2: whoever opens it is not the client that
   * promised.
   */
  if (broken) {
    return sftp_fail(c, SFTP_ERR_ORDER, "possible attack: a session is opened "
      "after no-more-sessions@openssh.com");
  }

  if (packet == 0) {
    return refuse_open(c, remote_id, SSH_OPEN_RESOURCE_SHORTAGE,
      "a maximum packet size of 0 lets no data through");
  }

  if (c->channels->count >= c->set->max_channels) {
    sftp_log("refused to open more than %u channels (SFTPMaxChannels)",
      c->set->max_channels);
    return refuse_open(c, remote_id, SSH_OPEN_RESOURCE_SHORTAGE,
      "too many channels are open");
  }

  return add_channel(c, remote_id, window, packet);
}

/* ---- Flow control and the end */

int sftp_on_channel_window_adjust(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t id = sftp_rd_u32(r), n = sftp_rd_u32(r);
  struct sftp_channel *ch;

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_WINDOW_ADJUST");
  }

  ch = sftp_channel_find(c, id);
  if (ch == NULL) {
    return sftp_channel_unknown(c, "CHANNEL_WINDOW_ADJUST", id);
  }

  if (n > 0) {
    ftpd_ssh_adjust(c->ftpd, id, n);
  }

  /* RFC 4254, section 5.2: at most 2^32-1; more changes nothing. */
  ch->out.window = n > UINT32_MAX - ch->out.window ? UINT32_MAX :
    ch->out.window + n;
  return SFTP_OK;
}

int sftp_on_channel_eof(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t id = sftp_rd_u32(r);
  struct sftp_channel *ch;
  char arg[16];

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_EOF");
  }

  ch = sftp_channel_find(c, id);
  if (ch == NULL) {
    return sftp_channel_unknown(c, "CHANNEL_EOF", id);
  }

  snprintf(arg, sizeof(arg), "%u", id);
  ftpd_ssh_cmd(c->ftpd, "CHANNEL_EOF", arg, FTPD_SSH_MISC, true);
  ch->in.eof = true;            /* the pump tells the service */
  return SFTP_OK;
}

int sftp_on_channel_close(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t id = sftp_rd_u32(r);
  struct sftp_channel *ch;
  char arg[16];
  int res;

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_CLOSE");
  }

  ch = sftp_channel_find(c, id);
  if (ch == NULL) {
    return sftp_channel_unknown(c, "CHANNEL_CLOSE", id);
  }

  snprintf(arg, sizeof(arg), "%u", id);
  ftpd_ssh_cmd(c->ftpd, "CHANNEL_CLOSE", arg, FTPD_SSH_MISC, true);
  if (ch->serve.ops != NULL) {
    sftp_channel_serve(ch);
    (void) ch->serve.ops->flush(ch->serve.state);
  }

  ch->end.close_got = true;
  res = sftp_channel_send_close(ch, false);
  remove_channel(ch);
  if (c->channels->count == 0) {
    sftp_qos_choose(c, false);
  }

  return res;
}

int sftp_on_channel_reply(struct ssh_conn *c, struct sftp_rd *r) {
  (void) sftp_rd_u32(r);
  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed channel reply");
  }

  return SFTP_OK;
}

/* ---- Turns of the loop */

int sftp_channels_flush(struct ssh_conn *c) {
  struct sftp_channel *ch;

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    if (ch->serve.ops != NULL) {
      int res;

      sftp_channel_serve(ch);
      res = ch->serve.ops->flush(ch->serve.state);

      ch->in.taken = false;
      if (res != SFTP_OK) {
        (void) sftp_channel_service_failed(ch, res);
      }
    }
  }

  return SFTP_OK;
}

/* Continues a service that had to stop, while there is room. */
static int resume(struct sftp_channel *ch) {
  int res = SFTP_OK;

  if (ch->serve.stalled && (sftp_queue_len(&ch->out.queue) >= QUEUE_SOFT ||
      sftp_packets_pending(ch->conn->pkts) >= PENDING_SOFT)) {
    return SFTP_OK;
  }

  if (!ch->serve.stalled && !ch->serve.again) {
    return SFTP_OK;
  }

  ch->serve.stalled = ch->serve.again = false;
  if (ch->serve.ops != NULL) {
    sftp_channel_serve(ch);
    res = ch->serve.ops->ready(ch->serve.state);
    if (res != SFTP_OK) {
      return sftp_channel_service_failed(ch, res);
    }
  }

  if (!ch->serve.stalled && !ch->serve.again &&
      sftp_queue_len(&ch->in.queue) > 0) {
    res = sftp_channel_offer_kept(ch);
    if (res == SFTP_OK) {
      res = sftp_channel_settle_in(ch);
    }

    if (res == SFTP_OK) {
      res = sftp_channel_adjust_window(ch);
    }
  }

  return res;
}

static int tell_eof(struct sftp_channel *ch) {
  int res;

  if (!ch->in.eof || ch->in.eof_told || ch->serve.stalled || ch->serve.again) {
    return SFTP_OK;
  }

  ch->in.eof_told = true;
  if (ch->serve.ops == NULL) {
    sftp_channel_finish(ch, -1);
    return SFTP_OK;
  }

  sftp_channel_serve(ch);
  res = ch->serve.ops->flush(ch->serve.state);
  if (res == SFTP_OK) {
    res = ch->serve.ops->eof(ch->serve.state);
  }

  return res == SFTP_OK ? SFTP_OK : sftp_channel_service_failed(ch, res);
}

static int pump(struct sftp_channel *ch) {
  int res = sftp_channel_send_queued(ch);

  if (res == SFTP_OK && ch->in.early && ch->serve.ops != NULL) {
    ch->in.early = false;
    res = sftp_channel_offer_kept(ch);
  }

  if (res == SFTP_OK) {
    res = resume(ch);
  }

  if (res == SFTP_OK) {
    res = tell_eof(ch);
  }

  if (res == SFTP_OK) {
    res = sftp_channel_send_queued(ch);
  }

  if (res == SFTP_OK) {
    res = sftp_channel_send_stderr(ch);
  }

  if (res == SFTP_OK && ch->end.finishing &&
      sftp_queue_len(&ch->out.queue) == 0 &&
      sftp_queue_len(&ch->out.err) == 0) {
    res = sftp_channel_send_close(ch, true);
  }

  return res;
}

int sftp_channels_pump(struct ssh_conn *c) {
  struct sftp_channel *ch;
  int res = SFTP_OK;

  for (ch = c->channels->first; ch != NULL && res == SFTP_OK; ch = ch->next) {
    res = pump(ch);
  }

  return res;
}

bool sftp_channels_runnable(const struct ssh_conn *c) {
  const struct sftp_channel *ch;

  if (sftp_packets_held(c->pkts) ||
      sftp_packets_pending(c->pkts) >= PENDING_SOFT) {
    return false;
  }

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    size_t queued = sftp_queue_len(&ch->out.queue);

    if ((queued > 0 && ch->out.window > 0) ||
        (ch->serve.stalled && queued < QUEUE_SOFT && !ch->end.close_sent &&
          !sftp_kex_holds(c))) {
      return true;
    }
  }

  return false;
}

bool sftp_channels_blocked(const struct ssh_conn *c) {
  const struct sftp_channel *ch;

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    if (sftp_queue_len(&ch->out.queue) > 0 && ch->out.window == 0 &&
        !ch->end.close_sent) {
      return true;
    }
  }

  return false;
}

bool sftp_channels_working(const struct ssh_conn *c) {
  const struct sftp_channel *ch;

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    if (ch->serve.again && !ch->serve.stalled && ch->serve.ops != NULL) {
      return true;
    }
  }

  return false;
}

size_t sftp_channels_missing(const struct ssh_conn *c) {
  const struct sftp_channel *ch;

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    if (ch->serve.ops != NULL && ch->serve.ops->missing != NULL) {
      size_t n = ch->serve.ops->missing(ch->serve.state);

      if (n > 0) {
        return n < ch->in.window ? n : ch->in.window;
      }
    }
  }

  return 0;
}
