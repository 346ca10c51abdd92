/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* conn-wait.c -- how a connection sleeps between its turns. */

#include "conn-int.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "ftpd-wait.h"
#include "kex.h"
#include "times.h"
#include "traffic.h"

/* While a large request arrives, the kernel wakes the process only for a large
 * part of it.  If the client stops in the middle (for a rekey, for example),
 * the process notices after this many milliseconds, and then uses no such limit
 * for a while.
 */
#define LOWAT_MIN (48 * 1024)
#define LOWAT_MAX (192 * 1024)
#define LOWAT_WAIT_MS 20
#define LOWAT_PENALTY 64

/* Clients with Nagle's algorithm hold a small message back until the one before
 * is acknowledged, and kernels delay that by up to 40 ms unless there is a
 * reply.  So prompt acknowledgements are requested: before the login is
 * complete, during key exchanges and this many waits later, and after input of
 * up to this many bytes without a reply (a WINDOW_ADJUST, which may be followed
 * by a READ).
 */
#define HURRY_TURNS 2
#define HURRY_BYTES 1024

/* After a sleep of this many milliseconds, buffers are freed. */
#define DOZE_MS 2000

static void set_lowat(struct ssh_conn *c, size_t want) {
  int n = want > LOWAT_MAX ? LOWAT_MAX : (int) want;

  if (n != c->loop->wait.lowat &&
      setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &n, sizeof(n)) == 0) {
    c->loop->wait.lowat = n;
  }
}

static bool is_unanswered(struct ssh_conn *c) {
  struct conn_wait *w = &c->loop->wait;
  size_t in = sftp_packets_in(c->pkts)->total - w->hurry_in,
    out = sftp_packets_out(c->pkts)->total - w->hurry_out;

  w->hurry_in += in;
  w->hurry_out += out;
  return in > 0 && in <= HURRY_BYTES && out == 0;
}

static void hurry(struct ssh_conn *c) {
  bool unanswered = is_unanswered(c);
  int on = 1;

  if (!c->state.authenticated || sftp_kex_running(c)) {
    c->loop->wait.hurry = HURRY_TURNS;
  }

  if (unanswered || c->loop->wait.hurry > 0) {
    c->loop->wait.hurry -= c->loop->wait.hurry > 0;
    (void) setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
  }
}

/* The number of bytes that must arrive before the kernel wakes the process. */
static size_t worth_waking(struct ssh_conn *c, size_t missing) {
  size_t packet = sftp_packets_missing(c->pkts);
  size_t n = packet > missing ? packet : missing;

  if (sftp_kex_running(c)) {
    return 1;                   /* the next message is small */
  }

  if (c->loop->wait.lowat_penalty > 0) {
    c->loop->wait.lowat_penalty--;
    return 1;
  }

  return n >= LOWAT_MIN ? n : 1;
}

static uint64_t sooner(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static int next_deadline_ms(const struct ssh_conn *c, uint64_t due_ms) {
  uint64_t ms = sooner(sftp_kex_due_ms(c), sftp_traffic_due_ms(c));

  ms = sooner(ms, sooner(sftp_conn_alive_max_ms(c), due_ms));
  return ms > 3600 * 1000 ? -1 : (int) ms + 1;
}

static enum sftp_sleep sleep_reason(const struct ssh_conn *c,
    const struct conn_ahead *ahead) {
  if (sftp_packets_pending(c->pkts) > 0) {
    return SLEEP_OUTPUT;
  }

  if (sftp_packets_missing(c->pkts) > 0) {
    return SLEEP_PACKET;
  }

  return ahead->blocked ? SLEEP_WINDOW : ahead->missing > 0 ? SLEEP_REST :
    SLEEP_REQUEST;
}

static void fall_asleep(struct ssh_conn *c, const struct conn_ahead *ahead) {
  sftp_times_sleep(c, sleep_reason(c, ahead),
    sftp_packets_out(c->pkts)->total);
}

/* The socket is idle: frees memory and sleeps until it is no longer idle. */
static short doze(struct ssh_conn *c, short events,
    const struct conn_ahead *ahead) {
  uint64_t due_ms = ahead->due_ms;
  int deadline = next_deadline_ms(c, due_ms), ms = DOZE_MS;
  short got;

  if (deadline >= 0 && deadline < ms) {
    ms = deadline;
  }

  got = (short) ftpd_wait(c->ftpd, c->fd, events, ms);
  if (got == 0 && ms == DOZE_MS) {
    if (events == POLLIN) {
      sftp_packets_shrink(c->pkts);
    }

    sftp_times_wake(c);
    fall_asleep(c, ahead);
    deadline = next_deadline_ms(c, due_ms == UINT64_MAX ? due_ms :
      due_ms - sooner(due_ms, DOZE_MS));
    got = (short) ftpd_wait(c->ftpd, c->fd, events, deadline);
  }

  return got;
}

void sftp_conn_wait_init(struct conn_wait *w) {
  w->lowat = 1;
}

void sftp_conn_wait_afresh(struct ssh_conn *c) {
  c->loop->wait.lowat = 0;
  set_lowat(c, 1);
}

int sftp_conn_wait(struct ssh_conn *c, const struct conn_ahead *ahead) {
  size_t pending = sftp_packets_pending(c->pkts);
  struct pollfd pfd = { c->fd, 0, 0 };

  hurry(c);
  if (pending < PENDING_MAX) {
    pfd.events |= POLLIN;
  }

  if (pending > 0) {
    pfd.events |= POLLOUT;

  } else {
    set_lowat(c, worth_waking(c, ahead->missing));
  }

  /* There is other work: reads what has arrived, without waiting. */
  if (ahead->working) {
    (void) poll(&pfd, 1, 0);
    ftpd_active(c->ftpd, FTPD_ACTIVE_PACKET);
    ftpd_poll(c->ftpd);
    return (pfd.revents & (POLLIN|POLLHUP|POLLERR)) != 0 ?
      sftp_packets_fill(c->pkts) : SFTP_OK;
  }

  fall_asleep(c, ahead);
  if (c->loop->wait.lowat > 1 && poll(&pfd, 1, LOWAT_WAIT_MS) == 0) {
    c->loop->wait.lowat_penalty = LOWAT_PENALTY;
    set_lowat(c, 1);
  }

  if (pfd.revents == 0) {
    pfd.revents = doze(c, pfd.events, ahead);
  }

  sftp_times_wake(c);

  ftpd_poll(c->ftpd);
  if ((pfd.revents & (POLLIN|POLLHUP|POLLERR)) == 0) {
    return SFTP_OK;
  }

  return sftp_packets_fill(c->pkts);
}
