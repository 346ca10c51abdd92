/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* channel-t.c -- channels over a whole connection: opening, windows in both
 * directions, bytes offered and kept, several at once, refusals.
 */

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../fake/client.h"
#include "../fake/ftpd-log.h"
#include "../fake/ftpd-session.h"
#include "channel.h"
#include "forced.h"
#include "kex.h"
#include "qos.h"
#include "service.h"
#include "tap.h"

/* A service that takes its input in lines of `unit' bytes and notes what it
 * was given; what it refers to is only looked at in flush().
 */
struct sink {
  struct sftp_channel *ch;
  size_t unit, nrefs, total, flushes, readies;
  bool eof, closed;
  const unsigned char *ref[4096];
  size_t ref_len[4096];
  unsigned char *got;
  size_t produce;               /* bytes still to send */
  unsigned char next;
};

/* The call of the service that fails. */
enum failing { NOTHING, INPUT, FLUSH, READY };

static struct sink *last;
static size_t start_unit = 1, start_produce;
static enum failing start_failing;
static char start_args[64];
static unsigned char got_bytes[8 * 1024 * 1024];

static int produce(struct sink *s) {
  while (s->produce > 0 && sftp_channel_room(s->ch) > 0) {
    unsigned char buf[5000];
    size_t n = s->produce < sizeof(buf) ? s->produce : sizeof(buf), i;
    struct iovec iov[8];
    int pieces = (s->next & 1) != 0 ?
      sftp_channel_reserve(s->ch, n, iov, 8) : 0, res;

    for (i = 0; i < n; i++) {
      buf[i] = (unsigned char) ((s->produce - i) * 31);
    }

    if (pieces > 0) {
      size_t done = 0;
      int k;

      for (k = 0; k < pieces; k++) {
        memcpy(iov[k].iov_base, buf + done, iov[k].iov_len);
        done += iov[k].iov_len;
      }

      res = sftp_channel_commit(s->ch, n);

    } else {
      res = sftp_channel_write(s->ch, buf, n);
    }

    if (res != SFTP_OK) {
      return res;
    }

    s->produce -= n;
    s->next++;
  }

  return SFTP_OK;
}

static ssize_t sink_input(void *svc, const unsigned char *p, size_t len) {
  struct sink *s = svc;
  size_t used = len - len % s->unit;

  if (start_failing == INPUT) {
    return SFTP_ERR_FORMAT;
  }

  if (used > 0 && s->nrefs < SFTP_NELEMS(s->ref)) {
    s->ref[s->nrefs] = p;
    s->ref_len[s->nrefs++] = used;
  }

  return (ssize_t) used;
}

static int sink_flush(void *svc) {
  struct sink *s = svc;
  size_t i;

  for (i = 0; i < s->nrefs; i++) {
    memcpy(got_bytes + s->total, s->ref[i], s->ref_len[i]);
    s->total += s->ref_len[i];
  }

  s->flushes += s->nrefs > 0;
  s->nrefs = 0;
  return start_failing == FLUSH && s->total > 0 ? SFTP_ERR_FORMAT :
    produce(s);
}

static int sink_ready(void *svc) {
  struct sink *s = svc;

  s->readies++;
  return start_failing == READY ? SFTP_ERR_FORMAT : produce(s);
}

static int sink_eof(void *svc) {
  struct sink *s = svc;

  s->eof = true;
  sftp_channel_finish(s->ch, 7);
  return SFTP_OK;
}

static void sink_close(void *svc) {
  struct sink *s = svc;

  s->closed = true;
}

static size_t sink_missing(void *svc) {
  (void) svc;
  return 0;
}

static void *sink_start(struct ssh_conn *c, struct sftp_channel *ch, pool *p,
    const char *args, const char **why) {
  struct sink *s = calloc(1, sizeof(*s));

  (void) c;
  (void) p;
  if (strstr(args, "refuse") != NULL) {
    free(s);
    *why = "the sink refuses";
    return NULL;
  }

  snprintf(start_args, sizeof(start_args), "%s", args);
  s->ch = ch;
  s->unit = start_unit;
  s->produce = start_produce;
  last = s;
  return s;
}

static const struct sftp_service sink_ops = { "sink", sink_input, sink_flush,
  sink_ready, sink_eof, sink_close, sink_missing };

static const struct sftp_service_row rows[] = {
  { "subsystem", "sftp", SFTP_SERVICE_FL_SFTP, &sink_ops, sink_start },
  { "exec", "scp", SFTP_SERVICE_FL_SCP, &sink_ops, sink_start },
  { NULL, NULL, 0, NULL, NULL }
};

static struct client *open_client(void) {
  struct client *cl = client_new();

  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no connection");
  }

  client_login(cl);
  cl->server->services.rows = rows;
  return cl;
}

static void send_open(struct client *cl, const char *type, uint32_t id,
    uint32_t window, uint32_t packet) {
  unsigned char buf[128];
  struct sftp_wr w;

  sftp_wr_init_fixed(&w, buf, sizeof(buf));
  sftp_wr_text(&w, type);
  sftp_wr_u32(&w, id);
  sftp_wr_u32(&w, window);
  sftp_wr_u32(&w, packet);
  client_send(cl, SSH_MSG_CHANNEL_OPEN, w.ptr, w.len);
}

static uint32_t open_channel(struct client *cl, uint32_t id, uint32_t window,
    uint32_t packet) {
  struct sftp_pkt pkt;

  send_open(cl, "session", id, window, packet);
  if (!client_expect(cl, SSH_MSG_CHANNEL_OPEN_CONFIRMATION, &pkt)) {
    bail_out("no confirmation");
  }

  is_int(sftp_rd_u32(&pkt.in), id, "the confirmation is for our channel");
  return sftp_rd_u32(&pkt.in);
}

static void send_request(struct client *cl, uint32_t id, const char *type,
    const char *text) {
  unsigned char buf[512];
  struct sftp_wr w;

  sftp_wr_init_fixed(&w, buf, sizeof(buf));
  sftp_wr_u32(&w, id);
  sftp_wr_text(&w, type);
  sftp_wr_bool(&w, true);
  if (text != NULL) {
    sftp_wr_text(&w, text);
  }

  client_send(cl, SSH_MSG_CHANNEL_REQUEST, w.ptr, w.len);
}

static bool request(struct client *cl, uint32_t id, const char *type,
    const char *text) {
  struct sftp_pkt pkt;

  send_request(cl, id, type, text);
  while (client_recv(cl, &pkt)) {
    if (pkt.type == SSH_MSG_CHANNEL_SUCCESS ||
        pkt.type == SSH_MSG_CHANNEL_FAILURE) {
      return pkt.type == SSH_MSG_CHANNEL_SUCCESS;
    }
  }

  bail_out("no answer to %s", type);
}

static void send_data(struct client *cl, uint32_t id, const void *p,
    size_t n) {
  unsigned char *buf = malloc(n + 8);

  sftp_put_u32(buf, id);
  sftp_put_u32(buf + 4, (uint32_t) n);
  memcpy(buf + 8, p, n);
  client_send(cl, SSH_MSG_CHANNEL_DATA, buf, n + 8);
  free(buf);
}

static void adjust(struct client *cl, uint32_t id, uint32_t n) {
  unsigned char buf[8];

  sftp_put_u32(buf, id);
  sftp_put_u32(buf + 4, n);
  client_send(cl, SSH_MSG_CHANNEL_WINDOW_ADJUST, buf, sizeof(buf));
}

/* ---- */

static void input_arrives_whole(size_t unit, size_t piece, size_t total) {
  struct client *cl;
  unsigned char *all = malloc(total);
  size_t at;
  uint32_t id;

  start_unit = unit;
  start_produce = 0;
  cl = open_client();
  t_fill(all, total, 17);
  id = open_channel(cl, 5, 100000, 32768);
  ok(request(cl, id, "subsystem", "sftp"), "the subsystem starts");
  for (at = 0; at < total; at += piece) {
    size_t n = total - at < piece ? total - at : piece;

    send_data(cl, id, all + at, n);
    if (at % (3 * piece) == 0 && client_pump(cl) != SFTP_OK) {
      break;
    }
  }

  is_int(client_pump(cl), SFTP_OK, "no failure");
  total -= total % unit;
  ok(last->total == total && memcmp(got_bytes, all, total) == 0,
    "pieces of %lu in units of %lu arrive as they were",
    (unsigned long) piece, (unsigned long) unit);
  free(all);
  client_free(cl);
  free(last);
}

/* A client need not wait for the answer to its request. */
static void early_input_waits(void) {
  struct client *cl;
  uint32_t id;

  start_unit = 1;
  start_produce = 0;
  cl = open_client();
  id = open_channel(cl, 5, 100000, 32768);
  send_data(cl, id, "before ", 7);
  send_data(cl, id, "the ", 4);
  is_int(client_pump(cl), SFTP_OK, "data before the service");
  ok(request(cl, id, "subsystem", "sftp"), "which starts");
  send_data(cl, id, "start", 5);
  is_int(client_pump(cl), SFTP_OK, "and more");
  ok(last->total == 16 && memcmp(got_bytes, "before the start", 16) == 0,
    "arrives in its order");
  client_free(cl);
  free(last);
}

static void window_is_given_back(void) {
  struct client *cl;
  struct sftp_pkt pkt;
  unsigned char block[32768] = { 0 };
  uint32_t id, sent = 0, back = 0;

  start_unit = 1;
  cl = open_client();
  cl->set->window = 262144;
  id = open_channel(cl, 1, 0, 32768);
  (void) request(cl, id, "subsystem", "sftp");
  while (sent < 4 * 262144) {
    send_data(cl, id, block, sizeof(block));
    sent += sizeof(block);
    while (client_recv(cl, &pkt)) {
      if (pkt.type == SSH_MSG_CHANNEL_WINDOW_ADJUST) {
        (void) sftp_rd_u32(&pkt.in);
        back += sftp_rd_u32(&pkt.in);
      }
    }
  }

  ok(back >= sent - 262144 && back <= sent,
    "of %u bytes sent %u were given back", sent, back);
  client_free(cl);
  free(last);
}

static void beyond_the_window_is_an_error(void) {
  struct client *cl;
  unsigned char block[1001] = { 0 };
  uint32_t id;

  start_unit = 1;
  cl = open_client();
  cl->set->window = 1000;
  id = open_channel(cl, 1, 0, 32768);
  (void) request(cl, id, "subsystem", "sftp");
  send_data(cl, id, block, sizeof(block));
  is_int(client_pump(cl), SFTP_ERR_LIMIT, "one byte too many");
  client_free(cl);
  free(last);
}

/* What came for a channel: counts bytes while they are right. */
struct received {
  size_t total, n;
  uint32_t packet;
  bool wrong;
};

static void take(void *arg, struct sftp_pkt *pkt) {
  struct received *r = arg;
  struct sftp_str data;
  size_t i;

  if (pkt->type != SSH_MSG_CHANNEL_DATA) {
    return;
  }

  (void) sftp_rd_u32(&pkt->in);
  data = sftp_rd_string(&pkt->in);
  r->wrong = r->wrong || data.len > r->packet;
  for (i = 0; i < data.len; i++) {
    r->wrong = r->wrong ||
      data.ptr[i] != (unsigned char) ((r->total - r->n) * 31);
    r->n++;
  }
}

static void drain(struct client *cl, struct received *r) {
  struct sftp_pkt pkt;

  while (client_recv(cl, &pkt)) {
    take(r, &pkt);
  }
}

static void output_keeps_to_the_window(uint32_t packet) {
  struct received r = { 1000000, 0, packet, false };
  struct client *cl;
  size_t n;
  uint32_t id;
  unsigned int rounds = 0, commands;

  start_unit = 1;
  start_produce = r.total;
  cl = open_client();
  id = open_channel(cl, 1, 0, packet);
  (void) request(cl, id, "subsystem", "sftp");
  drain(cl, &r);
  is_int(r.n, 0, "a window of 0 means silence");
  ok(sftp_channels_blocked(cl->server), "output waits for the window");
  commands = fake_commands("CHANNEL_WINDOW_ADJUST");
  adjust(cl, id, 0);
  drain(cl, &r);
  is_int(fake_commands("CHANNEL_WINDOW_ADJUST"), commands,
    "the daemon is not told of a window that does not grow");
  for (n = 1; r.n < r.total && rounds++ < 1000; n = n * 3 + 1) {
    uint32_t step = n > 70000 ? 70000 : (uint32_t) n;
    size_t before = r.n, left = r.total - r.n;

    adjust(cl, id, step);
    drain(cl, &r);
    if (r.n - before != (step < left ? step : left)) {
      diag("window %u let %lu through", step, (unsigned long) (r.n - before));
      break;
    }
  }

  ok(r.n == r.total && !r.wrong, "every byte, exactly as the window allows "
    "(packets of %u)", packet);
  ok(last->readies > 0, "the service was told to go on");
  ok(!sftp_channels_blocked(cl->server), "nothing waits at the end");
  start_produce = 0;
  client_free(cl);
  free(last);
}

static void output_survives_rekeys(void) {
  struct received r = { 2000000, 0, 32768, false };
  struct client *cl;
  unsigned int nkex = 0, rounds = 0;
  uint32_t id;

  start_unit = 1;
  start_produce = r.total;
  cl = open_client();
  id = open_channel(cl, 1, 0, 32768);
  (void) request(cl, id, "subsystem", "sftp");
  cl->set->rekey.bytes = 65536;
  cl->on_other = take;
  cl->arg = &r;
  while (r.n < r.total && rounds++ < 1000) {
    adjust(cl, id, 20000);
    (void) client_pump(cl);
    if (sftp_kex_running(cl->server)) {
      nkex++;
      if (client_kex(cl) != SFTP_OK) {
        diag("rekey %u failed: %s", nkex, cl->server->failure.why);
        break;
      }
    }

    drain(cl, &r);
  }

  ok(r.n == r.total && !r.wrong, "all bytes over %u rekeys of the server",
    nkex);
  ok(nkex > 20, "one about every 64 KiB");
  start_produce = 0;
  client_free(cl);
  free(last);
}

static void several_channels_do_not_mix(void) {
  struct client *cl;
  struct sink *s[3];
  uint32_t id[3];
  unsigned int i, k;

  start_unit = 10;
  cl = open_client();
  for (i = 0; i < 3; i++) {
    id[i] = open_channel(cl, 100 + i, 100000, 32768);
    (void) request(cl, id[i], "subsystem", "sftp");
    s[i] = last;
  }

  for (k = 0; k < 50; k++) {
    for (i = 0; i < 3; i++) {
      unsigned char b[7];

      memset(b, (int) (i * 64 + k), sizeof(b));
      send_data(cl, id[i], b, sizeof(b));
    }
  }

  is_int(client_pump(cl), SFTP_OK, "150 fragments on three channels");
  for (i = 0; i < 3; i++) {
    is_int(s[i]->total, 350, "channel %u got all of its own", i);
  }

  client_free(cl);
  for (i = 0; i < 3; i++) {
    ok(s[i]->closed, "and was closed with the connection");
    free(s[i]);
  }
}

static void refusals_are_polite(void) {
  static const char *const types[] = { "direct-tcpip", "forwarded-tcpip",
    "x11", "auth-agent@openssh.com", "tun@openssh.com", "nonsense" };
  struct client *cl = open_client();
  struct sftp_pkt pkt;
  uint32_t id;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(types); i++) {
    send_open(cl, types[i], 9, 1000, 1000);
    ok(client_expect(cl, SSH_MSG_CHANNEL_OPEN_FAILURE, &pkt),
      "a channel of type %s is refused", types[i]);
  }

  send_open(cl, "session", 9, 1000, 0);
  ok(client_expect(cl, SSH_MSG_CHANNEL_OPEN_FAILURE, &pkt),
    "a maximum packet of 0 is refused");

  id = open_channel(cl, 1, 100000, 32768);
  ok(!request(cl, id, "pty-req", NULL), "no terminal");
  ok(!request(cl, id, "x11-req", NULL), "no X11");
  ok(!request(cl, id, "auth-agent-req@openssh.com", NULL), "no agent");
  ok(!request(cl, id, "subsystem", "netconf"), "no other subsystem");
  ok(!request(cl, id, "subsystem", "sftpx"), "no longer name");
  send_request(cl, id, "shell", NULL);
  ok(client_expect(cl, SSH_MSG_CHANNEL_EXTENDED_DATA, &pkt),
    "a shell is answered on stderr");
  (void) sftp_rd_u32(&pkt.in);
  (void) sftp_rd_u32(&pkt.in);
  ok(strstr(sftp_rd_text(&pkt.in, cl->pool), "file transfer only") != NULL,
    "with a text that says what this is");
  ok(client_expect(cl, SSH_MSG_CHANNEL_REQUEST, &pkt) &&
    client_expect(cl, SSH_MSG_CHANNEL_CLOSE, &pkt),
    "then exit status and the end of the channel");
  is_int(client_pump(cl), SFTP_OK, "the connection goes on");
  id = open_channel(cl, 2, 100000, 32768);
  ok(request(cl, id, "shell", NULL), "a request that gets a text has not "
    "failed");
  client_free(cl);
}

static void too_many_channels(void) {
  struct client *cl = open_client();
  struct sftp_pkt pkt;
  unsigned int i;

  cl->set->max_channels = 3;
  for (i = 0; i < 3; i++) {
    (void) open_channel(cl, i, 1000, 1000);
  }

  send_open(cl, "session", 3, 1000, 1000);
  ok(client_expect(cl, SSH_MSG_CHANNEL_OPEN_FAILURE, &pkt),
    "one more is refused");
  is_int(client_pump(cl), SFTP_OK, "and the connection goes on");
  client_free(cl);
}

/* OpenSSH PROTOCOL, section 2.2. */
static void no_more_sessions_is_honoured(bool want) {
  struct client *cl = open_client();
  uint32_t id = open_channel(cl, 5, 100000, 32768);
  struct sftp_pkt pkt;
  struct sftp_wr w;

  sftp_wr_init(&w, cl->pool, 64, 64);
  sftp_wr_text(&w, "no-more-sessions@openssh.com");
  sftp_wr_bool(&w, want);
  client_send(cl, SSH_MSG_GLOBAL_REQUEST, w.ptr, w.len);
  is_int(client_pump(cl), SFTP_OK, "no more sessions are asked for");
  ok(client_expect(cl, SSH_MSG_REQUEST_SUCCESS, &pkt) == want,
    "%s", want ? "which is granted" : "without an answer");
  ok(request(cl, id, "subsystem", "sftp"), "the open channel goes on");
  send_open(cl, "direct-tcpip", 8, 1000, 1000);
  ok(client_expect(cl, SSH_MSG_CHANNEL_OPEN_FAILURE, &pkt),
    "other types are refused as ever");
  send_open(cl, "session", 9, 1000, 1000);
  is_int(client_pump(cl), SFTP_ERR_ORDER, "another session ends all");
  ok(strstr(cl->server->failure.why, "no-more-sessions@openssh.com") != NULL,
    "and the log says why");
  client_free(cl);
  free(last);
  last = NULL;
}

static int class_of(int fd) {
  int class = -1;
  socklen_t len = sizeof(class);

  (void) getsockopt(fd, IPPROTO_IP, IP_TOS, &class, &len);
  return class;
}

static void channels_are_bulk(void) {
  static const struct sftp_qos_classes classes = { 0xb8, 0x20 };
  struct client *cl = open_client();
  int fd = cl->server->fd;
  uint32_t first, second;
  unsigned char number[4];

  cl->set->qos = &classes;
  cl->server->fd = socket(AF_INET, SOCK_STREAM, 0);
  first = open_channel(cl, 5, 100000, 32768);
  is_int(class_of(cl->server->fd), 0x20, "a channel makes traffic bulk");
  second = open_channel(cl, 6, 100000, 32768);
  sftp_put_u32(number, first);
  client_send(cl, SSH_MSG_CHANNEL_CLOSE, number, 4);
  (void) client_pump(cl);
  is_int(class_of(cl->server->fd), 0x20, "one of two ends");
  sftp_put_u32(number, second);
  client_send(cl, SSH_MSG_CHANNEL_CLOSE, number, 4);
  (void) client_pump(cl);
  is_int(class_of(cl->server->fd), 0xb8, "both have ended");
  close(cl->server->fd);
  cl->server->fd = fd;
  client_free(cl);
  free(last);
  last = NULL;
}

static void environment_is_filtered(void) {
  struct client *cl = open_client();
  uint32_t id = open_channel(cl, 1, 1000, 1000);
  unsigned char buf[128];
  struct sftp_wr w;
  struct sftp_pkt pkt;
  static const struct { const char *name; bool good; } vars[] = {
    { "LANG", true }, { "LC_ALL", false }, { "LD_PRELOAD", false },
    { "ld_preload", false }, { "LANG=x", false }, { "", false } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(vars); i++) {
    sftp_wr_init_fixed(&w, buf, sizeof(buf));
    sftp_wr_u32(&w, id);
    sftp_wr_text(&w, "env");
    sftp_wr_bool(&w, true);
    sftp_wr_text(&w, vars[i].name);
    sftp_wr_text(&w, "C.UTF-8");
    client_send(cl, SSH_MSG_CHANNEL_REQUEST, w.ptr, w.len);
    ok(client_recv(cl, &pkt) && pkt.type == (vars[i].good ?
      SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE),
      "env '%s' is %s", vars[i].name, vars[i].good ? "taken" : "refused");
  }

  is_str(fake_note("LANG"), "C.UTF-8", "and set");
  client_free(cl);
}

static void signals_end_the_channel_only(void) {
  struct client *cl;
  struct sftp_pkt pkt;
  uint32_t id;

  start_unit = 1;
  cl = open_client();
  id = open_channel(cl, 1, 1000, 1000);
  (void) request(cl, id, "subsystem", "sftp");
  ok(request(cl, id, "signal", "TERM"), "TERM is taken");
  ok(last->closed, "the service was closed");
  ok(client_expect(cl, SSH_MSG_CHANNEL_CLOSE, &pkt), "and the channel");
  is_int(client_pump(cl), SFTP_OK, "the process lives");
  client_free(cl);
  free(last);
}

static void eof_ends_with_the_status(void) {
  struct client *cl;
  struct sftp_pkt pkt;
  unsigned char idb[4];
  unsigned int failures;
  uint32_t id;

  start_unit = 1;
  cl = open_client();
  id = open_channel(cl, 1, 1000, 1000);
  (void) request(cl, id, "exec", "scp -t x");
  sftp_put_u32(idb, id);
  failures = fake_failures("CHANNEL_EOF");
  client_send(cl, SSH_MSG_CHANNEL_EOF, idb, 4);
  ok(client_expect(cl, SSH_MSG_CHANNEL_REQUEST, &pkt), "a request comes");
  (void) sftp_rd_u32(&pkt.in);
  ok(sftp_str_is(sftp_rd_string(&pkt.in), "exit-status"), "exit-status");
  (void) sftp_rd_bool(&pkt.in);
  is_int(sftp_rd_u32(&pkt.in), 7, "with the service's status");
  is_int(fake_failures("CHANNEL_EOF"), failures, "theirs is logged as good");
  ok(client_recv(cl, &pkt) && pkt.type == SSH_MSG_CHANNEL_EOF, "then EOF");
  ok(client_recv(cl, &pkt) && pkt.type == SSH_MSG_CHANNEL_CLOSE,
    "then CLOSE");
  client_send(cl, SSH_MSG_CHANNEL_CLOSE, idb, 4);
  is_int(client_pump(cl), SFTP_OK, "and both are through");
  is_int(sftp_channels_count(cl->server), 0, "no channel is left");
  client_free(cl);
  free(last);
}

/* Data of another type counts against the window like any other. */
static void send_extended(struct client *cl, uint32_t id, size_t n) {
  unsigned char buf[1024] = { 0 };

  sftp_put_u32(buf, id);
  sftp_put_u32(buf + 4, 1);
  sftp_put_u32(buf + 8, (uint32_t) n);
  client_send(cl, SSH_MSG_CHANNEL_EXTENDED_DATA, buf, n + 12);
}

static void extended_data_counts(void) {
  static const struct { size_t bytes; bool eof; int res; } row[] = {
    { 1000, false, SFTP_OK }, { 1001, false, SFTP_ERR_LIMIT },
    { 1, true, SFTP_ERR_ORDER } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    struct client *cl;
    unsigned char idb[4];
    uint32_t id;

    start_unit = 1;
    cl = open_client();
    cl->set->window = 1000;
    id = open_channel(cl, 1, 0, 32768);
    (void) request(cl, id, "subsystem", "sftp");
    if (row[i].eof) {
      sftp_put_u32(idb, id);
      client_send(cl, SSH_MSG_CHANNEL_EOF, idb, 4);
    }

    send_extended(cl, id, row[i].bytes);
    is_int(client_pump(cl), row[i].res,
      "extended data of %lu bytes into a window of 1000%s",
      (unsigned long) row[i].bytes, row[i].eof ? ", after EOF" : "");
    is_int(last->total, 0, "... which no service gets");
    client_free(cl);
    free(last);
  }
}

/* A message to a channel that a service has: of these fields, behind the number
 * of the channel unless it is not about one.
 */
struct whole {
  const char *name;
  uint8_t type;
  bool numbered, more;          /* more may follow, as others define it */
  size_t len;
  const char *bytes;
};

static const struct whole wholes[] = {
  { "CHANNEL_OPEN", SSH_MSG_CHANNEL_OPEN, false, false, 23,
    "\0\0\0\7session\0\0\0\1\0\0\1\0\0\0\1\0" },
  { "CHANNEL_OPEN of another type", SSH_MSG_CHANNEL_OPEN, false, true, 19,
    "\0\0\0\3x11\0\0\0\1\0\0\1\0\0\0\1\0" },
  { "CHANNEL_WINDOW_ADJUST", SSH_MSG_CHANNEL_WINDOW_ADJUST, true, false, 4,
    "\0\0\1\0" },
  { "CHANNEL_DATA", SSH_MSG_CHANNEL_DATA, true, false, 9,
    "\0\0\0\5data!" },
  { "CHANNEL_EXTENDED_DATA", SSH_MSG_CHANNEL_EXTENDED_DATA, true, false, 13,
    "\0\0\0\1\0\0\0\5data!" },
  { "CHANNEL_EOF", SSH_MSG_CHANNEL_EOF, true, false, 0, "" },
  { "CHANNEL_CLOSE", SSH_MSG_CHANNEL_CLOSE, true, false, 0, "" },
  { "CHANNEL_SUCCESS", SSH_MSG_CHANNEL_SUCCESS, true, false, 0, "" },
  { "CHANNEL_FAILURE", SSH_MSG_CHANNEL_FAILURE, true, false, 0, "" },
  { "CHANNEL_REQUEST", SSH_MSG_CHANNEL_REQUEST, true, true, 6,
    "\0\0\0\1x\1" },
  { "signal", SSH_MSG_CHANNEL_REQUEST, true, false, 19,
    "\0\0\0\6signal\1\0\0\0\4TERM" },
  { "env", SSH_MSG_CHANNEL_REQUEST, true, false, 18,
    "\0\0\0\3env\1\0\0\0\1X\0\0\0\1y" },
  { "GLOBAL_REQUEST", SSH_MSG_GLOBAL_REQUEST, false, true, 6,
    "\0\0\0\1x\1" },
  { "PING", SSH_MSG_PING, false, false, 6, "\0\0\0\2hi" }
};

/* What the server makes of the first `len' bytes. */
static int send_part(const struct whole *w, size_t len) {
  struct client *cl;
  unsigned char msg[64] = { 0 };
  size_t head = w->numbered ? 4 : 0;
  uint32_t id;
  int res;

  start_unit = 1;
  cl = open_client();
  id = open_channel(cl, 1, 0, 32768);
  (void) request(cl, id, "subsystem", "sftp");
  sftp_put_u32(msg, id);
  memcpy(msg + head, w->bytes, w->len);
  client_send(cl, w->type, msg, len);
  res = client_pump(cl);
  client_free(cl);
  free(last);
  return res;
}

static void malformed_messages_are_refused(void) {
  size_t i, n;

  for (i = 0; i < SFTP_NELEMS(wholes); i++) {
    const struct whole *w = &wholes[i];
    size_t len = w->len + (w->numbered ? 4 : 0);

    for (n = 0; n < len; n++) {
      is_int(send_part(w, n), SFTP_ERR_SHORT, "%s: %lu of %lu bytes", w->name,
        (unsigned long) n, (unsigned long) len);
    }

    is_int(send_part(w, len), SFTP_OK, "%s: as it should be", w->name);
    is_int(send_part(w, len + 1), w->more ? SFTP_OK : SFTP_ERR_EXTRA,
      "%s: one byte more", w->name);
  }
}

static void strange_channels_end_the_connection(void) {
  const uint8_t types[] = { SSH_MSG_CHANNEL_DATA, SSH_MSG_CHANNEL_EOF,
    SSH_MSG_CHANNEL_CLOSE, SSH_MSG_CHANNEL_WINDOW_ADJUST,
    SSH_MSG_CHANNEL_REQUEST, SSH_MSG_CHANNEL_EXTENDED_DATA };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(types); i++) {
    struct client *cl = open_client();

    client_send(cl, types[i], "\0\0\0\x63\0\0\0\0\0\0\0\0",
      types[i] == SSH_MSG_CHANNEL_REQUEST ? 9 :
      types[i] == SSH_MSG_CHANNEL_EXTENDED_DATA ? 12 :
      types[i] == SSH_MSG_CHANNEL_EOF || types[i] == SSH_MSG_CHANNEL_CLOSE ?
      4 : 8);
    is_int(client_pump(cl), SFTP_ERR_ORDER, "message %u for no channel",
      types[i]);
    client_free(cl);
  }
}

/* A service that fails ends its channel, not the connection. */
static void services_fail_alone(enum failing failing) {
  struct client *cl;
  struct sftp_pkt pkt;
  uint32_t id;

  start_unit = 1;
  start_produce = failing == READY ? 500000 : 0;
  start_failing = failing;
  cl = open_client();
  id = open_channel(cl, 1, 1000, 1000);
  (void) request(cl, id, "subsystem", "sftp");
  send_data(cl, id, "data", 4);
  is_int(client_pump(cl), SFTP_OK, "the connection goes on (%d)", failing);
  adjust(cl, id, 100000);
  is_int(client_pump(cl), SFTP_OK, "... indeed");
  ok(client_expect(cl, SSH_MSG_CHANNEL_CLOSE, &pkt) && last->closed,
    "the channel and the service end");
  start_failing = NOTHING;
  start_produce = 0;
  client_free(cl);
  free(last);
}

static void services_are_those_that_are_on(void) {
  static const struct sftp_forced sftp = { .text = "internal-sftp",
      .service = SFTP_SERVICE_FL_SFTP, .umask = -1 },
    scp = { .text = "scp -t /x", .service = SFTP_SERVICE_FL_SCP,
      .scp_args = "-t /x", .umask = -1 };
  static const struct {
    unsigned int on;
    const struct sftp_forced *forced;
    bool sftp, scp;
    const char *args;
  } t[] = {
    { SFTP_SERVICE_FL_SFTP|SFTP_SERVICE_FL_SCP, NULL, true, true, " -t a" },
    { SFTP_SERVICE_FL_SFTP, NULL, true, false, "" },
    { SFTP_SERVICE_FL_SCP, NULL, false, true, " -t a" },
    { SFTP_SERVICE_FL_SFTP|SFTP_SERVICE_FL_SCP, &sftp, true, false, "" },
    { SFTP_SERVICE_FL_SFTP|SFTP_SERVICE_FL_SCP, &scp, false, true, "-t /x" }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    struct client *cl = open_client();
    uint32_t id = open_channel(cl, 1, 1000, 1000);
    struct sink *first;

    last = NULL;
    cl->set->services = t[i].on;
    cl->server->services.forced = t[i].forced;
    (void) request(cl, id, "exec", "scp -t a");
    is_int(last != NULL, t[i].scp, "scp, row %lu", (unsigned long) i);
    ok(last == NULL || strcmp(start_args, t[i].args) == 0, "... '%s'",
      start_args);
    first = last;
    last = NULL;
    id = open_channel(cl, 2, 1000, 1000);
    is_int(request(cl, id, "subsystem", "sftp"), t[i].sftp, "... sftp");
    client_free(cl);
    free(first);
    free(last);
  }
}

/* What the logs of commands have: all is good but what is refused. */
static void each_message_has_a_record(void) {
  static const struct { const char *name; unsigned int all, failed; } t[] = {
    { "KEXINIT", 2, 0 }, { "NEWKEYS", 2, 0 }, { "EXT_INFO", 1, 0 },
    { "ECDH_INIT", 2, 0 }, { "CHANNEL_OPEN", 2, 1 },
    { "CHANNEL_REQUEST", 2, 1 }, { "CHANNEL_EOF", 1, 0 },
    { "CHANNEL_CLOSE", 1, 0 }
  };
  struct client *cl;
  struct sftp_pkt pkt;
  unsigned char idb[4];
  uint32_t id;
  size_t i;

  start_unit = 1;
  fake_session_reset();
  cl = open_client();
  is_int(client_kex(cl), SFTP_OK, "keys are exchanged again");
  id = open_channel(cl, 1, 1000, 1000);
  send_open(cl, "x11", 9, 1000, 1000);
  ok(client_expect(cl, SSH_MSG_CHANNEL_OPEN_FAILURE, &pkt), "no X11");
  ok(request(cl, id, "subsystem", "sftp"), "a service");
  ok(!request(cl, id, "subsystem", "sftp"), "... once");
  sftp_put_u32(idb, id);
  client_send(cl, SSH_MSG_CHANNEL_EOF, idb, 4);
  client_send(cl, SSH_MSG_CHANNEL_CLOSE, idb, 4);
  is_int(client_pump(cl), SFTP_OK, "... which ends");
  for (i = 0; i < SFTP_NELEMS(t); i++) {
    is_int(fake_commands(t[i].name), t[i].all, "%s in the log", t[i].name);
    is_int(fake_failures(t[i].name), t[i].failed, "... that failed");
  }

  client_send(cl, SSH_MSG_KEXINIT, "short", 5);
  is_int(client_pump(cl), SFTP_ERR_SHORT, "a malformed KEXINIT");
  is_int(fake_failures("KEXINIT"), 1, "... failed");
  client_free(cl);
  free(last);
}

int main(void) {
  input_arrives_whole(1, 30000, 1500000);
  input_arrives_whole(1000, 777, 300000);
  input_arrives_whole(50000, 32768, 1500000);
  input_arrives_whole(3, 1, 3000);
  early_input_waits();
  window_is_given_back();
  beyond_the_window_is_an_error();
  output_keeps_to_the_window(32768);
  output_keeps_to_the_window(1);
  output_keeps_to_the_window(100000);
  output_survives_rekeys();
  several_channels_do_not_mix();
  refusals_are_polite();
  too_many_channels();
  no_more_sessions_is_honoured(true);
  no_more_sessions_is_honoured(false);
  channels_are_bulk();
  environment_is_filtered();
  signals_end_the_channel_only();
  eof_ends_with_the_status();
  extended_data_counts();
  malformed_messages_are_refused();
  strange_channels_end_the_connection();
  services_fail_alone(INPUT);
  services_fail_alone(FLUSH);
  services_fail_alone(READY);
  services_are_those_that_are_on();
  each_message_has_a_record();
  return done_testing();
}
