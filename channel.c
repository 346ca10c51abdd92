/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "channel.h"

#include <fnmatch.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>

#include "conn.h"
#include "host.h"

/* Our windows.  The first is enough for 2 MiB per round trip; it doubles when
 * a client uses half of it up in less than one.  OpenSSH's client crawls with
 * a huge one, so it is never larger than the path needs.
 */
#define WINDOW_FIRST (2 * 1024 * 1024)
#define WINDOW_MAX (32 * 1024 * 1024)
#define LOCAL_PACKET_MAX (128 * 1024)

/* Data per message at most, whatever the client allows. */
#define DATA_MAX (128 * 1024)
#define DATA_HEADER 9           /* number, recipient, length */

/* Output that waits in a channel, or in the socket's buffer, before the
 * service has to stop.
 */
#define QUEUE_SOFT (64 * 1024)
#define PENDING_SOFT (512 * 1024)
#define STDERR_MAX (64 * 1024)

#define MAX_PIECES 32
#define MAX_ENV 64
#define MAX_ENV_NAME 128
#define MAX_ENV_VALUE 4096

static const char file_transfer_only[] =
  "This service is for file transfer only (SFTP and SCP).\r\n";

/* Bytes that wait; `start' moves as they leave. */
struct queue {
  unsigned char *buf;
  size_t start, end, size;
};

struct sftp_channel {
  struct sftp_channel *next;
  struct ssh_conn *conn;
  pool *pool;
  uint32_t id, remote_id;

  uint32_t window, window_max;  /* what the client may still send */
  uint32_t used;                /* taken by the service, not yet given back */
  uint64_t adjusted_ms;
  uint32_t remote_window, remote_packet;

  struct queue in;              /* bytes the service left */
  bool in_taken;                /* it holds pointers into `in' */
  bool in_early;                /* `in' came before there was a service */
  struct queue out, err;

  const struct sftp_service *ops;
  void *svc;
  bool starting;                /* no output before the request's answer */
  bool stalled;                 /* room() was 0 */
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
  struct sftp_channel *gathering;       /* whose message is open */
  struct sftp_wr *wr;
};

static int finish_gather(void *arg);

struct sftp_channels *sftp_channels_new(struct ssh_conn *c) {
  struct sftp_channels *all = pcalloc(c->pool, sizeof(*all));

  all->conn = c;
  sftp_packet_set_gather(c->pkts, finish_gather, all);
  return all;
}

uint32_t sftp_channel_id(const struct sftp_channel *ch) {
  return ch->id;
}

struct ssh_conn *sftp_channel_conn(const struct sftp_channel *ch) {
  return ch->conn;
}

unsigned int sftp_channels_count(const struct ssh_conn *c) {
  return c->channels->count;
}

/* ---- Queues */

static size_t queue_len(const struct queue *q) {
  return q->end - q->start;
}

static int queue_add(struct queue *q, const void *p, size_t n) {
  if (n > q->size - q->end && q->start > 0) {
    memmove(q->buf, q->buf + q->start, queue_len(q));
    q->end -= q->start;
    q->start = 0;
  }

  if (n > q->size - q->end) {
    size_t want = q->size > 0 ? q->size : 1024;
    unsigned char *buf;

    while (want < q->end + n) {
      want *= 2;
    }

    buf = realloc(q->buf, want);
    if (buf == NULL) {
      return SFTP_ERR_LIMIT;
    }

    q->buf = buf;
    q->size = want;
  }

  memcpy(q->buf + q->end, p, n);
  q->end += n;
  return SFTP_OK;
}

static void queue_drop(struct queue *q, size_t n) {
  q->start += n;
  if (q->start == q->end) {
    q->start = q->end = 0;
    if (q->size > QUEUE_SOFT) {
      free(q->buf);
      q->buf = NULL;
      q->size = 0;
    }
  }
}

static void queue_free(struct queue *q) {
  free(q->buf);
  memset(q, 0, sizeof(*q));
}

/* ---- Output */

static size_t data_max(const struct sftp_channel *ch) {
  return ch->remote_packet < DATA_MAX ? ch->remote_packet : DATA_MAX;
}

static int finish_gather(void *arg) {
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

/* The open message of this channel, begun if need be; NULL on failure. */
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

static bool may_send(const struct sftp_channel *ch) {
  return !sftp_packets_held(ch->conn->pkts) && !ch->starting;
}

/* Puts what the window allows of n bytes into messages; returns how many, or
 * an error.
 */
static ssize_t send_some(struct sftp_channel *ch, const unsigned char *p,
    size_t n) {
  size_t sent = 0;

  while (sent < n && ch->remote_window > 0) {
    struct sftp_wr *w = gather(ch);
    size_t part;

    if (w == NULL) {
      return SFTP_ERR_LIMIT;
    }

    part = data_max(ch) - (w->len - DATA_HEADER);
    if (part > n - sent) {
      part = n - sent;
    }

    if (part > ch->remote_window) {
      part = ch->remote_window;
    }

    sftp_wr_bytes(w, p + sent, part);
    sent += part;
    ch->remote_window -= (uint32_t) part;
    if (w->len - DATA_HEADER >= data_max(ch)) {
      int res = finish_gather(ch->conn->channels);

      if (res != SFTP_OK) {
        return res;
      }
    }
  }

  return (ssize_t) sent;
}

int sftp_channel_write(struct sftp_channel *ch, const void *p, size_t n) {
  ssize_t sent = 0;

  if (ch->close_sent) {
    return SFTP_OK;             /* nobody listens any more */
  }

  if (queue_len(&ch->out) == 0 && may_send(ch)) {
    sent = send_some(ch, p, n);
    if (sent < 0) {
      return (int) sent;
    }
  }

  return (size_t) sent == n ? SFTP_OK :
    queue_add(&ch->out, (const unsigned char *) p + sent, n - (size_t) sent);
}

int sftp_channel_write_stderr(struct sftp_channel *ch, const void *p,
    size_t n) {
  if (ch->close_sent || queue_len(&ch->err) + n > STDERR_MAX) {
    return SFTP_OK;             /* a diagnostic is not worth more */
  }

  return queue_add(&ch->err, p, n);
}

static int send_stderr(struct sftp_channel *ch) {
  size_t n = queue_len(&ch->err);
  struct sftp_wr *w;

  if (n > data_max(ch)) {
    n = data_max(ch);
  }

  if (n > ch->remote_window) {
    n = ch->remote_window;
  }

  if (n == 0 || !may_send(ch)) {
    return SFTP_OK;
  }

  w = sftp_packet_begin(ch->conn->pkts, SSH_MSG_CHANNEL_EXTENDED_DATA, n + 16);
  sftp_wr_u32(w, ch->remote_id);
  sftp_wr_u32(w, SSH_EXTENDED_DATA_STDERR);
  sftp_wr_string(w, ch->err.buf + ch->err.start, n);
  ch->remote_window -= (uint32_t) n;
  queue_drop(&ch->err, n);
  return sftp_packet_end(ch->conn->pkts);
}

size_t sftp_channel_room(const struct sftp_channel *ch) {
  struct sftp_channel *c = (struct sftp_channel *) ch;
  size_t queued = queue_len(&ch->out);

  if (ch->close_sent) {
    return QUEUE_SOFT;          /* what is written goes nowhere */
  }

  if (queued >= QUEUE_SOFT ||
      sftp_packets_pending(ch->conn->pkts) >= PENDING_SOFT) {
    c->stalled = true;
    return 0;
  }

  return QUEUE_SOFT - queued;
}

int sftp_channel_reserve(struct sftp_channel *ch, size_t n, struct iovec *iov,
    int max) {
  size_t each = data_max(ch), npieces = (n + each - 1) / each, i;

  ch->reserved = 0;
  if (n == 0 || n > ch->remote_window || npieces > MAX_PIECES ||
      npieces > (size_t) max || queue_len(&ch->out) > 0 || !may_send(ch) ||
      ch->close_sent ||
      sftp_packet_layout(ch->conn->pkts, DATA_HEADER + each, (int) npieces,
        ch->at) == 0) {
    return 0;
  }

  for (i = 0; i < npieces; i++) {
    iov[i].iov_base = ch->at[i] + DATA_HEADER;
    iov[i].iov_len = n < each ? n : each;
    n -= iov[i].iov_len;
    ch->reserved += iov[i].iov_len;
  }

  return (int) npieces;
}

int sftp_channel_commit(struct sftp_channel *ch, size_t n) {
  size_t each = data_max(ch), i;
  int res = SFTP_OK;

  if (n > ch->reserved) {
    return SFTP_ERR_LIMIT;
  }

  ch->reserved = 0;
  for (i = 0; n > 0 && res == SFTP_OK; i++) {
    unsigned char *p = ch->at[i];
    size_t part = n < each ? n : each;

    p[0] = SSH_MSG_CHANNEL_DATA;
    sftp_put_u32(p + 1, ch->remote_id);
    sftp_put_u32(p + 5, (uint32_t) part);
    res = sftp_packet_seal_next(ch->conn->pkts, DATA_HEADER + part);
    ch->remote_window -= (uint32_t) part;
    n -= part;
  }

  return res;
}

void sftp_channel_finish(struct sftp_channel *ch, int status) {
  if (!ch->finishing) {
    ch->finishing = true;
    ch->exit_status = status;
  }
}

/* ---- Small messages */

static int send_id(struct sftp_channel *ch, uint8_t type) {
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
  sftp_wr_u32(w, (uint32_t) ch->exit_status);
  return sftp_packet_end(ch->conn->pkts);
}

static int send_close(struct sftp_channel *ch, bool clean) {
  int res = SFTP_OK;

  if (ch->close_sent) {
    return SFTP_OK;
  }

  ch->close_sent = true;
  if (clean && ch->exit_status >= 0) {
    res = send_exit_status(ch);
  }

  if (res == SFTP_OK && clean) {
    res = send_id(ch, SSH_MSG_CHANNEL_EOF);
  }

  return res == SFTP_OK ? send_id(ch, SSH_MSG_CHANNEL_CLOSE) : res;
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

/* A client that uses half of the window up within one round trip is held back
 * by it: twice as much, then.
 */
static uint32_t window_growth(struct sftp_channel *ch) {
  uint64_t now = sftp_now_ms(), took = now - ch->adjusted_ms;
  uint32_t more = 0;

  if (ch->conn->set->window == 0 && ch->window_max < WINDOW_MAX &&
      took < path_rtt_ms(ch->conn)) {
    more = ch->window_max;
    ch->window_max += more;
  }

  ch->adjusted_ms = now;
  return more;
}

/* Gives the window back in big steps. */
static int adjust_window(struct sftp_channel *ch) {
  struct sftp_wr *w;
  uint32_t n = ch->used;

  if (n < ch->window_max / 2 || ch->close_sent || ch->eof_in) {
    return SFTP_OK;
  }

  n += window_growth(ch);
  ch->used = 0;
  ch->window += n;
  w = sftp_packet_begin(ch->conn->pkts, SSH_MSG_CHANNEL_WINDOW_ADJUST, 16);
  sftp_wr_u32(w, ch->remote_id);
  sftp_wr_u32(w, n);
  return sftp_packet_end(ch->conn->pkts);
}

/* ---- The list of channels */

static struct sftp_channel *find(struct ssh_conn *c, uint32_t id) {
  struct sftp_channel *ch;

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    if (ch->id == id) {
      return ch;
    }
  }

  return NULL;
}

static int no_channel(struct ssh_conn *c, const char *what, uint32_t id) {
  return sftp_fail(c, SFTP_ERR_ORDER, "%s for channel %u, which is not open",
    what, id);
}

static void stop_service(struct sftp_channel *ch) {
  const struct sftp_service *ops = ch->ops;

  ch->ops = NULL;
  if (ops != NULL) {
    ops->close(ch->svc);
  }
}

static void remove_channel(struct sftp_channel *ch) {
  struct sftp_channels *all = ch->conn->channels;
  struct sftp_channel **pp = &all->first;

  if (all->gathering == ch) {
    (void) finish_gather(all);
  }

  stop_service(ch);
  while (*pp != ch) {
    pp = &(*pp)->next;
  }

  *pp = ch->next;
  all->count--;
  queue_free(&ch->in);
  queue_free(&ch->out);
  queue_free(&ch->err);
  destroy_pool(ch->pool);
}

void sftp_channels_close_all(struct ssh_conn *c) {
  while (c->channels != NULL && c->channels->first != NULL) {
    remove_channel(c->channels->first);
  }
}

bool sftp_channels_last(const struct ssh_conn *c, uint32_t *remote_id) {
  const struct sftp_channel *ch;

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    if (!ch->close_sent) {
      *remote_id = ch->remote_id;
      return true;
    }
  }

  return false;
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
  sftp_wr_u32(w, ch->window);
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
  ch->remote_window = window;
  ch->remote_packet = packet;
  ch->window = ch->window_max = c->set->window > 0 ? c->set->window :
    WINDOW_FIRST;
  ch->adjusted_ms = sftp_now_ms();
  ch->exit_status = -1;
  ch->next = all->first;
  all->first = ch;
  all->count++;
  return confirm_open(ch, c->set->max_packet > 0 ? c->set->max_packet :
    LOCAL_PACKET_MAX);
}

int sftp_on_channel_open(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_str type = sftp_rd_string(r);
  uint32_t remote_id = sftp_rd_u32(r), window = sftp_rd_u32(r),
    packet = sftp_rd_u32(r);
  bool session = sftp_str_is(type, "session");
  char name[64];

  if (!session) {
    (void) sftp_rd_rest(r);     /* fields of the other types */
  }

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_OPEN");
  }

  sftp_escape(name, sizeof(name), type.ptr, type.len);
  host_ssh_cmd(c->host, "CHANNEL_OPEN", name, HOST_SSH_MISC, session);
  if (!session) {
    sftp_log("refused to open a channel of type '%s'", name);
    return refuse_open(c, remote_id, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED,
      "this service is for file transfer only: no forwarding");
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

/* ---- Input */

static int service_failed(struct sftp_channel *ch, int err) {
  sftp_log("closing channel %u: %s", ch->id, sftp_strerror(err));
  stop_service(ch);
  queue_drop(&ch->in, queue_len(&ch->in));
  sftp_channel_finish(ch, 1);
  return SFTP_OK;
}

/* Before bytes in ch->in move, the service uses what it refers to. */
static int settle_in(struct sftp_channel *ch) {
  if (!ch->in_taken || ch->ops == NULL) {
    ch->in_taken = false;
    return SFTP_OK;
  }

  ch->in_taken = false;
  return ch->ops->flush(ch->svc);
}

/* Offers bytes; returns how many were used.  A service that fails ends its
 * channel and uses everything up.
 */
static size_t offer(struct sftp_channel *ch, const unsigned char *p,
    size_t n) {
  ssize_t used;

  if (ch->ops == NULL) {
    /* Not started: keep it.  Ended: nobody wants it. */
    used = ch->finishing ? (ssize_t) n : 0;

  } else {
    used = ch->ops->input(ch->svc, p, n);
    if (used < 0) {
      (void) service_failed(ch, (int) used);
      used = (ssize_t) n;
    }
  }

  ch->used += (uint32_t) used;
  return (size_t) used;
}

/* Offers what was left before; the rest stays. */
static int offer_kept(struct sftp_channel *ch) {
  size_t n = queue_len(&ch->in), used;
  int res = settle_in(ch);

  if (res != SFTP_OK) {
    return service_failed(ch, res);
  }

  if (n > 0) {
    used = offer(ch, ch->in.buf + ch->in.start, n);
    ch->in_taken = used > 0;
    if (queue_len(&ch->in) >= used) {
      /* Only the mark moves: the bytes stay until settle_in(). */
      ch->in.start += used;
    }
  }

  return SFTP_OK;
}

static int keep(struct sftp_channel *ch, const unsigned char *p, size_t n) {
  int res = settle_in(ch);

  if (res == SFTP_OK) {
    if (queue_len(&ch->in) == 0) {
      queue_drop(&ch->in, 0);
    }

    res = queue_add(&ch->in, p, n);
  }

  return res;
}

/* New bytes behind those that were left.  Only as many as the service needs
 * to get over the seam are copied; the rest is offered where it lies.
 */
static int take_data(struct sftp_channel *ch, const unsigned char *p,
    size_t n) {
  int res = SFTP_OK;

  while (n > 0 && res == SFTP_OK) {
    size_t part = queue_len(&ch->in);

    if (part == 0 && !ch->stalled) {
      part = offer(ch, p, n);
      p += part;
      n -= part;
      return n > 0 ? keep(ch, p, n) : SFTP_OK;
    }

    if (ch->stalled || ch->ops == NULL) {
      return keep(ch, p, n);
    }

    if (part < 1024) {
      part = 1024;
    }

    if (part > n) {
      part = n;
    }

    res = keep(ch, p, part);
    p += part;
    n -= part;
    if (res == SFTP_OK) {
      res = offer_kept(ch);
    }
  }

  return res;
}

int sftp_on_channel_data(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t id = sftp_rd_u32(r);
  struct sftp_str data = sftp_rd_string(r);
  struct sftp_channel *ch;
  int res;

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_DATA");
  }

  ch = find(c, id);
  if (ch == NULL || ch->eof_in || ch->close_got) {
    return no_channel(c, "CHANNEL_DATA", id);
  }

  if (data.len > ch->window) {
    return sftp_fail(c, SFTP_ERR_LIMIT,
      "client sent %lu bytes into a window of %u", (unsigned long) data.len,
      ch->window);
  }

  ch->window -= (uint32_t) data.len;
  res = take_data(ch, data.ptr, data.len);
  return res == SFTP_OK ? adjust_window(ch) :
    sftp_fail(c, res, "out of memory for channel %u", id);
}

int sftp_on_channel_extended_data(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t id = sftp_rd_u32(r);
  struct sftp_str data;
  struct sftp_channel *ch;

  (void) sftp_rd_u32(r);
  data = sftp_rd_string(r);
  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_EXTENDED_DATA");
  }

  ch = find(c, id);
  if (ch == NULL || ch->eof_in) {
    return no_channel(c, "CHANNEL_EXTENDED_DATA", id);
  }

  if (data.len > ch->window) {
    return sftp_fail(c, SFTP_ERR_LIMIT, "client sent beyond its window");
  }

  /* Nothing here reads a client's stderr. */
  ch->window -= (uint32_t) data.len;
  ch->used += (uint32_t) data.len;
  return adjust_window(ch);
}

int sftp_on_channel_window_adjust(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t id = sftp_rd_u32(r), n = sftp_rd_u32(r);
  struct sftp_channel *ch;

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_WINDOW_ADJUST");
  }

  ch = find(c, id);
  if (ch == NULL) {
    return no_channel(c, "CHANNEL_WINDOW_ADJUST", id);
  }

  /* RFC 4254, section 5.2: at most 2^32-1; more changes nothing. */
  ch->remote_window = n > UINT32_MAX - ch->remote_window ? UINT32_MAX :
    ch->remote_window + n;
  return SFTP_OK;
}

int sftp_on_channel_eof(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t id = sftp_rd_u32(r);
  struct sftp_channel *ch;
  char arg[16];

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_EOF");
  }

  ch = find(c, id);
  if (ch == NULL) {
    return no_channel(c, "CHANNEL_EOF", id);
  }

  snprintf(arg, sizeof(arg), "%u", id);
  host_ssh_cmd(c->host, "CHANNEL_EOF", arg, HOST_SSH_MISC, true);
  ch->eof_in = true;            /* told to the service by the pump */
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

  ch = find(c, id);
  if (ch == NULL) {
    return no_channel(c, "CHANNEL_CLOSE", id);
  }

  snprintf(arg, sizeof(arg), "%u", id);
  host_ssh_cmd(c->host, "CHANNEL_CLOSE", arg, HOST_SSH_MISC, true);
  if (ch->ops != NULL) {
    (void) ch->ops->flush(ch->svc);
  }

  ch->close_got = true;
  res = send_close(ch, false);
  remove_channel(ch);
  return res;
}

int sftp_on_channel_reply(struct ssh_conn *c, struct sftp_rd *r) {
  (void) sftp_rd_u32(r);
  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed channel reply");
  }

  return SFTP_OK;
}

/* ---- CHANNEL_REQUEST */

static const struct sftp_service_row *find_service(const char *request,
    const char *word, size_t len) {
  const struct sftp_service_row *row;

  for (row = sftp_service_rows; row->request != NULL; row++) {
    if (strcmp(row->request, request) == 0 && strlen(row->word) == len &&
        memcmp(row->word, word, len) == 0) {
      return row;
    }
  }

  return NULL;
}

static bool start_service(struct sftp_channel *ch,
    const struct sftp_service_row *row, const char *args) {
  struct ssh_conn *c = ch->conn;
  const char *why = "refused";

  if ((c->set->services & row->need) != row->need) {
    sftp_log("%s is not enabled (Protocols)", row->word);
    return false;
  }

  ch->starting = true;
  ch->svc = row->start(c, ch, ch->pool, args, &why);
  if (ch->svc == NULL) {
    sftp_log("unable to start %s: %s", row->word, why);
    (void) sftp_channel_write_stderr(ch, why, strlen(why));
    (void) sftp_channel_write_stderr(ch, "\r\n", 2);
    return false;
  }

  ch->ops = row->ops;
  ch->in_early = queue_len(&ch->in) > 0;
  return true;
}

/* Tells a person at the other end what this is, and ends the channel. */
static bool explain(struct sftp_channel *ch, int status) {
  if (queue_len(&ch->err) == 0) {
    (void) sftp_channel_write_stderr(ch, file_transfer_only,
      sizeof(file_transfer_only) - 1);
  }

  sftp_channel_finish(ch, status);
  return true;
}

static bool request_subsystem(struct sftp_channel *ch, const char *name) {
  const struct sftp_service_row *row =
    find_service("subsystem", name, strlen(name));

  sftp_log("'subsystem' channel request for '%s' subsystem", name);
  return row != NULL && ch->ops == NULL && start_service(ch, row, "");
}

static bool request_exec(struct sftp_channel *ch, const char *command) {
  size_t len = strcspn(command, " \t");
  const struct sftp_service_row *row = find_service("exec", command, len);

  if (ch->ops != NULL) {
    return false;
  }

  if (row == NULL) {
    sftp_log("unsupported exec command '%s'", command);
    return explain(ch, 127);
  }

  if (!start_service(ch, row, command + len)) {
    return explain(ch, 1);
  }

  return true;
}

static bool is_denied_env(const char *name) {
  static const char *const denied[] = { "DYLD_LIBRARY_PATH", "HOME",
    "LD_CONFIG", "LD_CONFIG_32", "LD_CONFIG_64", "LD_LIBMAP",
    "LD_LIBRARY_PATH", "LD_NOCONFIG", "LD_NOCONFIG_32", "LD_NOCONFIG_64",
    "LD_PRELOAD", "LD_RUN_PATH", "LIBPATH", "PATH", "SFTP",
    "SFTP_LIBRARY_VERSION", "SFTP_CLIENT_CIPHER_ALGO",
    "SFTP_CLIENT_MAC_ALGO", "SFTP_CLIENT_COMPRESSION_ALGO", "SFTP_KEX_ALGO",
    "SFTP_SERVER_CIPHER_ALGO", "SFTP_SERVER_MAC_ALGO",
    "SFTP_SERVER_COMPRESSION_ALGO", "SHLIB_PATH", "TMP", "TMPDIR", "TZ",
    "USER", NULL };
  size_t i;

  for (i = 0; denied[i] != NULL; i++) {
    if (strcasecmp(denied[i], name) == 0) {
      return true;
    }
  }

  return false;
}

static bool request_env(struct sftp_channel *ch, const char *name,
    const char *value) {
  const char *const *pattern = ch->conn->set->accept_env;

  if (*name == '\0' || strlen(name) > MAX_ENV_NAME ||
      strchr(name, '=') != NULL || strlen(value) > MAX_ENV_VALUE ||
      ch->nenv >= MAX_ENV) {
    return false;
  }

  if (!is_denied_env(name)) {
    for (; pattern != NULL && *pattern != NULL; pattern++) {
      if (fnmatch(*pattern, name, 0) == 0) {
        ch->nenv++;
        host_env(ch->conn->host, name, value);
        return true;
      }
    }
  }

  sftp_log("environment variable '%s' is prohibited by policy "
    "(SFTPAcceptEnv)", name);
  return false;
}

/* Nothing is ever raised here: a signal that ends a command ends the channel. */
static bool request_signal(struct sftp_channel *ch, const char *name) {
  static const char *const ends[] = { "ABRT", "INT", "KILL", "QUIT", "TERM",
    NULL };
  size_t i;

  for (i = 0; ends[i] != NULL; i++) {
    if (strcmp(ends[i], name) == 0) {
      sftp_log("client sent signal %s: closing channel %u", name, ch->id);
      stop_service(ch);
      sftp_channel_finish(ch, -1);
      return true;
    }
  }

  return false;
}

struct request {
  const char *type;
  unsigned int ntexts;          /* strings that follow */
  bool (*run)(struct sftp_channel *ch, const char *const *text);
};

static bool run_subsystem(struct sftp_channel *ch, const char *const *text) {
  return request_subsystem(ch, text[0]);
}

static bool run_exec(struct sftp_channel *ch, const char *const *text) {
  return request_exec(ch, text[0]);
}

static bool run_env(struct sftp_channel *ch, const char *const *text) {
  return request_env(ch, text[0], text[1]);
}

static bool run_signal(struct sftp_channel *ch, const char *const *text) {
  return request_signal(ch, text[0]);
}

static bool run_shell(struct sftp_channel *ch, const char *const *text) {
  (void) text;
  sftp_log("unsupported 'shell' channel requested, ignoring");
  return ch->ops == NULL && !ch->finishing && explain(ch, 1);
}

static const struct request requests[] = {
  { "subsystem", 1, run_subsystem },
  { "exec", 1, run_exec },
  { "env", 2, run_env },
  { "signal", 1, run_signal },
  { "shell", 0, run_shell },
  { NULL, 0, NULL }
};

static int answer(struct sftp_channel *ch, bool wanted, bool ok) {
  int res = SFTP_OK;

  ch->starting = false;
  if (wanted && !ch->close_sent) {
    res = send_id(ch, ok ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE);
  }

  return res;
}

int sftp_on_channel_request(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t id = sftp_rd_u32(r);
  struct sftp_str type = sftp_rd_string(r);
  bool want = sftp_rd_bool(r), ok = false;
  const struct request *req = requests;
  struct sftp_channel *ch = find(c, id);
  const char *text[2] = { "", "" };
  char name[64];
  unsigned int i;

  if (sftp_rd_ok(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_REQUEST");
  }

  if (ch == NULL) {
    return no_channel(c, "CHANNEL_REQUEST", id);
  }

  while (req->type != NULL && !sftp_str_is(type, req->type)) {
    req++;
  }

  sftp_escape(name, sizeof(name), type.ptr, type.len);
  for (i = 0; i < req->ntexts; i++) {
    text[i] = sftp_rd_text(r, ch->pool);
  }

  if (req->type == NULL) {
    sftp_log("unsupported '%s' channel requested, ignoring", name);

  } else if (sftp_rd_end(r) == SFTP_OK) {
    ok = req->run(ch, text);

  } else if (r->err != SFTP_ERR_FORMAT) {
    return sftp_fail(c, r->err, "malformed '%s' channel request", name);
  }

  host_ssh_cmd(c->host, "CHANNEL_REQUEST", name, HOST_SSH_MISC,
    ok || req->type == NULL);
  return answer(ch, want, ok);
}

/* ---- Turns of the loop */

int sftp_channels_flush(struct ssh_conn *c) {
  struct sftp_channel *ch;

  if (c->channels == NULL) {
    return SFTP_OK;
  }

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    if (ch->ops != NULL) {
      int res = ch->ops->flush(ch->svc);

      ch->in_taken = false;
      if (res != SFTP_OK) {
        (void) service_failed(ch, res);
      }
    }
  }

  return SFTP_OK;
}

static int send_queued(struct sftp_channel *ch) {
  size_t n = queue_len(&ch->out);
  ssize_t sent;

  if (n == 0 || !may_send(ch) ||
      sftp_packets_pending(ch->conn->pkts) >= PENDING_SOFT) {
    return SFTP_OK;
  }

  sent = send_some(ch, ch->out.buf + ch->out.start, n);
  if (sent < 0) {
    return (int) sent;
  }

  queue_drop(&ch->out, (size_t) sent);
  return SFTP_OK;
}

/* Lets a service that had to stop go on, while there is room. */
static int resume(struct sftp_channel *ch) {
  int res = SFTP_OK;

  if (!ch->stalled || queue_len(&ch->out) >= QUEUE_SOFT ||
      sftp_packets_pending(ch->conn->pkts) >= PENDING_SOFT) {
    return SFTP_OK;
  }

  ch->stalled = false;
  if (ch->ops != NULL) {
    res = ch->ops->ready(ch->svc);
    if (res != SFTP_OK) {
      return service_failed(ch, res);
    }
  }

  if (!ch->stalled && queue_len(&ch->in) > 0) {
    res = offer_kept(ch);
    if (res == SFTP_OK) {
      res = settle_in(ch);
    }

    if (res == SFTP_OK) {
      res = adjust_window(ch);
    }
  }

  return res;
}

static int tell_eof(struct sftp_channel *ch) {
  int res;

  if (!ch->eof_in || ch->eof_told || ch->stalled) {
    return SFTP_OK;
  }

  ch->eof_told = true;
  if (ch->ops == NULL) {
    sftp_channel_finish(ch, -1);
    return SFTP_OK;
  }

  res = ch->ops->flush(ch->svc);
  if (res == SFTP_OK) {
    res = ch->ops->eof(ch->svc);
  }

  return res == SFTP_OK ? SFTP_OK : service_failed(ch, res);
}

static int pump(struct sftp_channel *ch) {
  int res = send_queued(ch);

  if (res == SFTP_OK && ch->in_early && ch->ops != NULL) {
    ch->in_early = false;
    res = offer_kept(ch);
  }

  if (res == SFTP_OK) {
    res = resume(ch);
  }

  if (res == SFTP_OK) {
    res = tell_eof(ch);
  }

  if (res == SFTP_OK) {
    res = send_queued(ch);
  }

  if (res == SFTP_OK) {
    res = send_stderr(ch);
  }

  if (res == SFTP_OK && ch->finishing && queue_len(&ch->out) == 0 &&
      queue_len(&ch->err) == 0) {
    res = send_close(ch, true);
  }

  return res;
}

int sftp_channels_pump(struct ssh_conn *c) {
  struct sftp_channel *ch;
  int res = SFTP_OK;

  if (c->channels == NULL) {
    return SFTP_OK;
  }

  for (ch = c->channels->first; ch != NULL && res == SFTP_OK; ch = ch->next) {
    res = pump(ch);
  }

  return res;
}

bool sftp_channels_runnable(const struct ssh_conn *c) {
  const struct sftp_channel *ch;

  if (c->channels == NULL || sftp_packets_held(c->pkts) ||
      sftp_packets_pending(c->pkts) >= PENDING_SOFT) {
    return false;
  }

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    size_t queued = queue_len(&ch->out);

    if ((queued > 0 && ch->remote_window > 0) ||
        (ch->stalled && queued < QUEUE_SOFT && !ch->close_sent)) {
      return true;
    }
  }

  return false;
}

size_t sftp_channels_missing(const struct ssh_conn *c) {
  const struct sftp_channel *ch;

  if (c->channels == NULL) {
    return 0;
  }

  for (ch = c->channels->first; ch != NULL; ch = ch->next) {
    if (ch->ops != NULL && ch->ops->missing != NULL) {
      size_t n = ch->ops->missing(ch->svc);

      if (n > 0) {
        return n < ch->window ? n : ch->window;
      }
    }
  }

  return 0;
}
