/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* conn-wait-t.c -- how a connection sleeps: for what, for how long, and what
 * it asks the kernel for.
 */

#include "../fake/client.h"
#include "../fake/ftpd-log.h"
#include "../fake/ftpd-session.h"
#include "conn-int.h"
#include "packet-int.h"
#include "tap.h"
#include "times.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

static struct client *cl;
static bool idle;

/* What the kernel is asked for.  The socket is not of TCP. */
static int lowat;
static unsigned int nlowat, nquick;

int setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
  (void) fd;
  (void) len;
  if (level == SOL_SOCKET && name == SO_RCVLOWAT) {
    memcpy(&lowat, value, sizeof(lowat));
    nlowat++;
  }

  nquick += level == IPPROTO_TCP && name == TCP_QUICKACK &&
    *((const int *) value) == 1;
  return 0;
}

/* The waits for a large request; nothing arrives in them, or a byte. */
static unsigned int nlong;
static bool arrives;

int poll(struct pollfd *fds, nfds_t n, int ms) {
  struct timespec none = { 0, 0 };

  if (ms == 20) {
    nlong++;
    fds->revents = 0;
    if (arrives) {
      fds->revents = POLLIN;
      return 1;
    }
  }

  return ppoll(fds, n, &none, NULL);
}

static struct conn_ahead nothing(void) {
  const struct conn_ahead ahead = { false, false, 0, UINT64_MAX };

  fake_waits = 0;
  fake_wait_ms[0] = fake_wait_ms[1] = -2;
  fake_wait_events = 0;
  fake_idle = &idle;
  nlowat = nquick = nlong = 0;
  return ahead;
}

static int wait_for(const struct conn_ahead *ahead) {
  return sftp_conn_wait(cl->server, ahead);
}

static void meet(bool keyed) {
  uint64_t us[NCAUSES];

  fake_session_reset();
  if (keyed) {
    cl = client_at_service();
    client_login(cl);

  } else {
    cl = client_new();
    (void) client_version(cl);
  }

  sftp_times_read(cl->server, us);
}

/* Output that waits. */
static void put_output(size_t n) {
  static const char much[1024 * 1024];

  if (sftp_packets_raw(cl->server->pkts, much, n) != SFTP_OK) {
    bail_out("no memory");
  }
}

static void part(void) {
  client_free(cl);
}

/* Waits until no reply is prompt because of what was before. */
static void settle(void) {
  struct conn_ahead ahead = nothing();
  unsigned int i;

  for (i = 0; i < 4; i++) {
    (void) wait_for(&ahead);
  }
}

static enum sftp_sleep reason(const struct conn_ahead *ahead) {
  cl->server->times->shown->sleep = 99;
  (void) wait_for(ahead);
  return (enum sftp_sleep) cl->server->times->shown->sleep;
}

static void each_sleep_has_its_reason(void) {
  struct conn_ahead ahead = nothing();

  meet(true);
  is_int(reason(&ahead), SLEEP_REQUEST, "all is answered");
  ahead.missing = 1;
  is_int(reason(&ahead), SLEEP_REST, "a request came in part");
  ahead.blocked = true;
  is_int(reason(&ahead), SLEEP_WINDOW, "the window is closed");
  put_output(1);
  is_int(reason(&ahead), SLEEP_OUTPUT, "output waits");
  part();

  meet(false);
  client_drain(cl);
  (void) !send(cl->fd, "\0\0\0\374\4\2\0\0", 8, 0);
  (void) client_pump(cl);
  is_int(sftp_packets_missing(cl->server->pkts), 248, "a packet came in part");
  ahead.blocked = true;
  is_int(reason(&ahead), SLEEP_PACKET, "... and its rest is waited for");
  part();
}

static void sleeps_end_at_a_deadline(void) {
  static const struct {
    uint64_t due;
    int first, then;            /* -2: there is none */
  } rows[] = {
    { 0, -2, 1 }, { 500, -2, 501 }, { 1998, -2, 1999 }, { 1999, 2000, 0 },
    { 5000, 2000, 3001 }, { 3600 * 1000, 2000, 3600 * 1000 - 2000 + 1 },
    { 3602 * 1000 + 1, 2000, -1 }, { UINT64_MAX, 2000, -1 }
  };
  size_t i;

  meet(true);
  settle();
  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    struct conn_ahead ahead = nothing();

    ahead.due_ms = rows[i].due;
    is_int(wait_for(&ahead), SFTP_OK, "deadline %zu", i);
    is_int(fake_wait_ms[0], rows[i].first, "... the first sleep");
    is_int(fake_wait_ms[1], i == 3 ? 1 : rows[i].then, "... the last one");
    is_int(fake_waits, rows[i].first == -2 ? 1 : 2, "... and no other");
  }

  cl->set->alive.secs = 7;
  {
    struct conn_ahead ahead = nothing();

    (void) wait_for(&ahead);
    is_int(fake_wait_ms[1], 7001, "a client is asked whether it lives");
  }

  part();
}

static void long_sleeps_free_memory(void) {
  struct conn_ahead ahead = nothing();

  meet(true);
  settle();
  put_output(60000);
  (void) !sftp_packets_flush(cl->server->pkts);
  ahead.due_ms = 1000;
  (void) wait_for(&ahead);
  ok(cl->server->pkts->out.buf != NULL, "a short sleep keeps buffers");
  ahead.due_ms = 5000;
  (void) wait_for(&ahead);
  ok(cl->server->pkts->out.buf == NULL, "a long one frees them");
  part();
}

static void output_is_waited_for(void) {
  struct conn_ahead ahead = nothing();
  unsigned int i;

  meet(true);
  (void) wait_for(&ahead);
  is_int(fake_wait_events, POLLIN, "input");
  put_output(1);
  ahead = nothing();
  (void) wait_for(&ahead);
  is_int(fake_wait_events, POLLIN|POLLOUT, "input, and room for output");
  for (i = 0; i < 4; i++) {
    put_output(1024 * 1024 - (i == 3 ? 2 : 0));
  }

  ahead = nothing();
  (void) wait_for(&ahead);
  is_int(fake_wait_events, POLLIN|POLLOUT, "a byte less than too much");
  put_output(1);
  ahead = nothing();
  (void) wait_for(&ahead);
  is_int(fake_wait_events, POLLOUT, "no input while too much waits");
  part();
}

static void input_is_read(void) {
  struct conn_ahead ahead = nothing();
  size_t before;

  meet(true);
  settle();
  before = sftp_packets_in(cl->server->pkts)->total;
  client_send(cl, SSH_MSG_IGNORE, "\0\0\0\0", 4);
  ahead = nothing();
  is_int(wait_for(&ahead), 1, "a message");
  ok(sftp_packets_in(cl->server->pkts)->total > before, "... is read");
  ahead.working = true;
  is_int(wait_for(&ahead), SFTP_OK, "none, while there is work");
  is_int(fake_waits, 1, "... which is no sleep");
  client_send(cl, SSH_MSG_IGNORE, "\0\0\0\0", 4);
  is_int(wait_for(&ahead), 1, "one, while there is work");
  is_int(fake_waits, 1, "... is no sleep either");
  (void) shutdown(cl->fd, SHUT_WR);
  is_int(wait_for(&ahead), SFTP_ERR_EOF, "the end");
  ahead.working = false;
  is_int(wait_for(&ahead), SFTP_ERR_EOF, "... ends a sleep");
  part();
}

/* ---- What the kernel is asked for */

static void large_requests_arrive_in_large_parts(void) {
  static const struct {
    size_t missing;
    int lowat;
  } rows[] = {
    { 48 * 1024, 48 * 1024 }, { 48 * 1024 - 1, 1 }, { 100000, 100000 },
    { 192 * 1024, 192 * 1024 }, { 192 * 1024 - 1, 192 * 1024 - 1 },
    { 192 * 1024 + 1, 192 * 1024 }, { 0, 1 }, { 1000000, 192 * 1024 }
  };
  struct conn_ahead ahead;
  size_t i;

  meet(true);
  settle();
  arrives = true;
  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    ahead = nothing();
    ahead.missing = rows[i].missing;
    (void) wait_for(&ahead);
    is_int(lowat, rows[i].lowat, "%zu bytes are missing", rows[i].missing);
    ok(nlowat == 1 && nlong == (rows[i].lowat > 1), "... and a sleep is short, "
      "or it is not");
    (void) wait_for(&ahead);
    is_int(nlowat, 1, "... which is not said twice");
  }

  ahead = nothing();
  arrives = false;
  ahead.missing = 60000;
  (void) wait_for(&ahead);
  ok(lowat == 1 && nlong == 1 && fake_waits == 2, "who sends too little is "
    "served soon");
  part();
}

static void who_stops_is_not_trusted_for_a_while(void) {
  struct conn_ahead ahead = nothing();
  unsigned int n = 0;

  meet(true);
  settle();
  arrives = false;
  ahead.missing = 60000;
  (void) wait_for(&ahead);
  arrives = true;
  do {
    ahead.missing = 60000;
    (void) wait_for(&ahead);
    n++;
  } while (lowat == 1 && n < 100);

  is_int(n, 65, "... for 64 turns");
  part();
}

static void small_parts_before_the_login(void) {
  struct conn_ahead ahead = nothing();

  meet(true);
  settle();
  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  ahead.missing = 60000;
  (void) wait_for(&ahead);
  ok(nlong == 0 && nquick == 1, "a rekey runs: small parts, soon");
  part();
}

static void a_process_may_take_over(void) {
  meet(true);
  settle();
  (void) nothing();
  lowat = 7;
  sftp_conn_wait_afresh(cl->server);
  ok(nlowat == 1 && lowat == 1, "what another process has set is undone");
  part();
}

static unsigned int prompt(size_t in, bool reply) {
  static const unsigned char bytes[2000];
  struct conn_ahead ahead = nothing();

  if ((in > 0 && (send(cl->fd, bytes, in, 0) != (ssize_t) in ||
      sftp_packets_fill(cl->server->pkts) != 1))) {
    bail_out("nothing arrives");
  }

  if (reply) {
    put_output(1);
    (void) !sftp_packets_flush(cl->server->pkts);
  }

  (void) wait_for(&ahead);
  return nquick;
}

static void replies_are_prompt(void) {
  struct conn_ahead ahead = nothing();
  unsigned int i;

  meet(false);
  for (i = 0; i < 5; i++) {
    (void) wait_for(&ahead);
  }

  is_int(nquick, 5, "before the login");
  part();

  meet(true);
  (void) client_pump(cl);
  (void) wait_for(&ahead);
  settle();
  is_int(prompt(0, false), 0, "silence");
  is_int(prompt(1024, false), 1, "little input");
  is_int(prompt(0, false), 0, "... once");
  is_int(prompt(1025, false), 0, "much");
  is_int(prompt(100, true), 0, "a reply takes it along");
  is_int(prompt(0, true), 0, "a reply alone");
  cl->server->state.authenticated = false;
  is_int(prompt(0, false), 1, "a login");
  cl->server->state.authenticated = true;
  is_int(prompt(0, false), 1, "... and after it");
  is_int(prompt(0, false), 0, "... no more");
  part();
}

int main(void) {
  each_sleep_has_its_reason();
  sleeps_end_at_a_deadline();
  long_sleeps_free_memory();
  output_is_waited_for();
  input_is_read();
  large_requests_arrive_in_large_parts();
  who_stops_is_not_trusted_for_a_while();
  small_parts_before_the_login();
  a_process_may_take_over();
  replies_are_prompt();
  return done_testing();
}
