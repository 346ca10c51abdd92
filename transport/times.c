/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* times.c -- what a connection waits for: the account, and its shares. */

#include "times.h"

#include "conn.h"

/* The kernel is asked at most this often: a sleep for less than that is judged
 * by the last answer.
 */
#define LOOK_US 10000

/* After less output than this, the last round trip may have been one of a small
 * message, which the client's kernel acknowledges late.
 */
#define BULK_BYTES 4096

static const char *const cause_names[NCAUSES] = {
  [CAUSE_CPU] = "cpu",
  [CAUSE_DISK] = "disk",
  [CAUSE_RATE] = "rate",
  [CAUSE_WINDOW] = "window",
  [CAUSE_REQUESTS] = "requests",
  [CAUSE_CLIENT] = "client",
  [CAUSE_NETWORK] = "network"
};

/* What a sleep is put down to.  The wait for a request or for a window can be
 * no shorter than a round trip, which more requests at once or a larger window
 * would have filled; what it lasts longer is the client's.
 */
static const struct {
  enum sftp_cause cause, in_trip;
} sleep_rows[] = {
  [SLEEP_OUTPUT] = { CAUSE_NETWORK, CAUSE_NETWORK },
  [SLEEP_READER] = { CAUSE_CLIENT, CAUSE_CLIENT },
  [SLEEP_WINDOW] = { CAUSE_CLIENT, CAUSE_WINDOW },
  [SLEEP_PACKET] = { CAUSE_NETWORK, CAUSE_NETWORK },
  [SLEEP_REST] = { CAUSE_CLIENT, CAUSE_CLIENT },
  [SLEEP_REQUEST] = { CAUSE_CLIENT, CAUSE_REQUESTS }
};

const char *sftp_cause_name(enum sftp_cause cause) {
  return cause_names[cause];
}

struct sftp_times *sftp_times_new(pool *p) {
  struct sftp_times *t = pcalloc(p, sizeof(*t));

  t->shown = &t->own;
  return t;
}

void sftp_times_show(struct sftp_times *t, struct sftp_times_shown *to) {
  memset(to, 0, sizeof(*to));
  t->shown = to;
}

/* Nobody else writes it. */
static uint64_t get(const _Atomic uint64_t *n) {
  return atomic_load_explicit(n, memory_order_relaxed);
}

static void set(_Atomic uint64_t *n, uint64_t value) {
  atomic_store_explicit(n, value, memory_order_relaxed);
}

/* ---- Sleeps */

void sftp_times_split(enum sftp_sleep why, uint64_t slept_us, uint64_t trip_us,
    uint64_t us[NCAUSES]) {
  uint64_t in_trip = slept_us < trip_us ? slept_us : trip_us;

  us[sleep_rows[why].in_trip] += in_trip;
  us[sleep_rows[why].cause] += slept_us - in_trip;
}

static void add(struct sftp_times *t, enum sftp_cause cause, uint64_t us) {
  _Atomic uint64_t *n = &t->shown->us[cause];

  set(n, get(n) + us);
}

void sftp_times_settle(struct sftp_times *t, uint64_t full_us) {
  uint64_t part = full_us < t->output_us ? full_us : t->output_us;

  if (t->output_us > 0) {
    add(t, CAUSE_CLIENT, part);
    add(t, CAUSE_NETWORK, t->output_us - part);
    t->reads_slowly = part > t->output_us / 2;
    t->output_us = 0;
  }
}

static void look_at_socket(struct ssh_conn *c, uint64_t now_us) {
  struct sftp_times *t = c->times;
  uint64_t full_us = t->tcp.full_us;

  sftp_tcp_look(c->fd, &t->tcp);
  t->looked_us = now_us;
  sftp_times_settle(t, t->tcp.full_us > full_us ? t->tcp.full_us - full_us :
    0);
}

bool sftp_times_backlog(const struct sftp_tcp *tcp, size_t out) {
  return tcp->unsent > out || (tcp->unsent > 0 && tcp->busy);
}

void sftp_times_sleep(struct ssh_conn *c, enum sftp_sleep why, size_t out) {
  struct sftp_times *t = c->times;
  uint64_t now_us, trip_us;
  size_t since = out - t->out_before;

  if (!t->on) {
    return;
  }

  now_us = sftp_now_us();
  if (now_us - t->looked_us >= LOOK_US) {
    look_at_socket(c, now_us);
  }

  t->out_before = out;
  if ((why == SLEEP_WINDOW || why == SLEEP_REQUEST) &&
      sftp_times_backlog(&t->tcp, since)) {
    why = SLEEP_OUTPUT;
  }

  if (why == SLEEP_OUTPUT && t->reads_slowly) {
    why = SLEEP_READER;
  }

  trip_us = since >= BULK_BYTES ? t->tcp.rtt_us : t->tcp.min_rtt_us;
  trip_us += trip_us / 2;       /* it varies */
  atomic_store_explicit(&t->shown->sleep, why, memory_order_relaxed);
  atomic_store_explicit(&t->shown->trip_us, trip_us < UINT32_MAX ?
    (uint32_t) trip_us : UINT32_MAX, memory_order_relaxed);
  set(&t->shown->asleep_us, now_us);
}

/* Puts down the sleep until now. */
static void count_sleep(struct ssh_conn *c, uint64_t now_us) {
  struct sftp_times *t = c->times;
  struct sftp_times_shown *s = t->shown;
  uint64_t begun_us = get(&s->asleep_us), us[NCAUSES] = { 0 };
  enum sftp_cause i;

  if (s->sleep == SLEEP_OUTPUT || s->sleep == SLEEP_READER) {
    t->output_us += now_us - begun_us;
    if (now_us - t->looked_us >= LOOK_US) {
      look_at_socket(c, now_us);
    }

    return;
  }

  sftp_times_split(s->sleep, now_us - begun_us, s->trip_us, us);
  for (i = CAUSE_CPU; i < NCAUSES; i++) {
    if (us[i] > 0) {
      add(t, i, us[i]);
    }
  }
}

void sftp_times_wake(struct ssh_conn *c) {
  _Atomic uint64_t *asleep_us = &c->times->shown->asleep_us;

  if (get(asleep_us) > 0) {
    count_sleep(c, sftp_now_us());
    set(asleep_us, 0);
  }
}

/* ---- The account */

static void copy(const struct sftp_times_shown *s, uint64_t us[NCAUSES]) {
  enum sftp_cause i;

  for (i = CAUSE_CPU; i < NCAUSES; i++) {
    us[i] = get(&s->us[i]);
  }
}

void sftp_times_read(struct ssh_conn *c, uint64_t us[NCAUSES]) {
  struct sftp_times *t = c->times;
  uint64_t now_us = sftp_now_us();

  t->on = true;

  /* A timer or a signal closes the file during a sleep. */
  if (get(&t->shown->asleep_us) > 0) {
    count_sleep(c, now_us);
    set(&t->shown->asleep_us, now_us);
  }

  if (t->output_us > 0) {
    look_at_socket(c, now_us);
  }

  copy(t->shown, us);
}

void sftp_times_add(struct ssh_conn *c, enum sftp_cause cause, uint64_t us) {
  add(c->times, cause, us);
}

void sftp_times_look(const struct sftp_times_shown *s, uint64_t now_us,
    uint64_t us[NCAUSES]) {
  uint64_t begun_us = get(&s->asleep_us);
  unsigned int why = s->sleep;

  copy(s, us);
  if (begun_us > 0 && begun_us < now_us && why < SFTP_NELEMS(sleep_rows)) {
    sftp_times_split(why, now_us - begun_us, s->trip_us, us);
  }
}

void sftp_times_between(const uint64_t before[NCAUSES], uint64_t us[NCAUSES],
    uint64_t took_us) {
  uint64_t sum = 0;
  enum sftp_cause i;

  for (i = CAUSE_CPU; i < NCAUSES; i++) {
    us[i] = us[i] > before[i] && i != CAUSE_CPU ? us[i] - before[i] : 0;
    sum += us[i];
  }

  us[CAUSE_CPU] = took_us > sum ? took_us - sum : 0;
}

enum sftp_cause sftp_times_most(const uint64_t us[NCAUSES]) {
  enum sftp_cause most = CAUSE_CPU, i;

  for (i = CAUSE_CPU; i < NCAUSES; i++) {
    most = us[i] > us[most] ? i : most;
  }

  return most;
}

/* No snprintf(): the smallest transfer has such a text. */
static char *put_part(char *at, const char *name, unsigned int percent) {
  size_t n = strlen(name);

  memcpy(at, name, n);
  at += n;
  *at++ = ' ';
  if (percent == 100) {
    *at++ = '1';
  }

  if (percent >= 10) {
    *at++ = (char) ('0' + percent / 10 % 10);
  }

  *at++ = (char) ('0' + percent % 10);
  *at++ = '%';
  return at;
}

void sftp_times_text(const uint64_t us[NCAUSES], char *out, size_t size) {
  char all[NCAUSES * sizeof("requests 100%, ")], *at = all;
  uint64_t left[NCAUSES], sum = 0, rest = 100;
  enum sftp_cause i;
  size_t len;

  memcpy(left, us, sizeof(left));
  for (i = CAUSE_CPU; i < NCAUSES; i++) {
    sum += left[i];
  }

  sum = sum > 0 ? sum : 1;
  for (;;) {
    uint64_t percent;

    /* Two halves are rounded up. */
    i = sftp_times_most(left);
    percent = (left[i] * 100 + sum / 2) / sum;
    percent = percent < rest ? percent : rest;
    rest -= percent;
    if (percent == 0 && at > all) {
      break;
    }

    if (at > all) {
      *at++ = ',';
      *at++ = ' ';
    }

    at = put_part(at, cause_names[i], (unsigned int) percent);
    left[i] = 0;
  }

  len = (size_t) (at - all) < size ? (size_t) (at - all) : size - 1;
  memcpy(out, all, len);
  out[len] = '\0';
}
