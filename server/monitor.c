/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* monitor.c -- the loop of a monitor, from the first question of its cell to
 * the state of the connection, or to its end.
 */

#include "monitor-int.h"

#include <poll.h>

#include "brief.h"
#include "disconnect.h"
#include "ftpd-user.h"
#include "ftpd-wait.h"
#include "monitor.h"
#include "qos.h"
#include "ssh2.h"

/* The cell sends the state at once. */
#define STATE_WAIT_MS 10000

int sftp_monitor_attacked(struct sftp_monitor *m, const char *fmt, ...) {
  char text[512];
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(text, sizeof(text), fmt, ap);
  va_end(ap);
  m->stage = STAGE_OVER;
  m->c->peer.gone = true;       /* nobody would pass a message on */
  return sftp_fail(m->c, SFTP_ERR_CELL, "attack on the monitor: %s", text);
}

/* ---- To the cell */

/* A cell that is gone has said why, or will be missed. */
static int ignore_end(int res) {
  return res == SFTP_ERR_EOF || res == SFTP_ERR_IO ? SFTP_OK : res;
}

int sftp_monitor_answer(struct sftp_monitor *m, enum sftp_pair_type type,
    const struct sftp_wr *w) {
  struct sftp_str none = { NULL, 0 };
  int res = w != NULL ? sftp_wr_end(w) : SFTP_OK;

  if (res == SFTP_OK) {
    res = ignore_end(sftp_pair_send(&m->pair, type,
      w != NULL ? sftp_wr_get(w) : none));
  }

  return res != SFTP_OK ? sftp_monitor_attacked(m, "no answer is taken: %s",
    sftp_strerror(res)) : SFTP_OK;
}

int sftp_monitor_brief(struct sftp_monitor *m, pool *p, bool changed) {
  struct sftp_wr w;

  sftp_wr_init(&w, p, 8192, SFTP_BRIEF_MAX);
  sftp_wr_bool(&w, true);
  if (changed) {
    sftp_brief_write(&w, m->c->set, ftpd_remote_ip(m->c->ftpd), m->offers);
  }

  if (!changed || sftp_str_same(sftp_wr_get(&w), m->told)) {
    sftp_wr_init(&w, p, 1, 1);
    sftp_wr_bool(&w, false);

  } else {
    m->told = sftp_str_copy(m->c->pool, sftp_wr_get(&w));
  }

  return sftp_monitor_answer(m, PAIR_SETTINGS, &w);
}

/* The last message of a request: GO or RELEASE follows it at once. */
static bool ends_request(uint8_t type) {
  return type == SSH_MSG_SERVICE_ACCEPT || type == SSH_MSG_USERAUTH_FAILURE ||
    type == SSH_MSG_USERAUTH_SUCCESS || type == SSH_MSG_USERAUTH_PK_OK;
}

/* What the login sends.  A cell is woken up once for a reply and what follows
 * it.  DISCONNECT is the last: the cell sends it and ends.
 */
static int relay(void *arg, struct sftp_str payload) {
  struct sftp_monitor *m = arg;
  int res = sftp_pair_put(&m->pair, PAIR_SEND, payload);

  if (res == SFTP_OK && !(m->owed && ends_request(payload.ptr[0]))) {
    res = sftp_pair_flush(&m->pair);
  }

  res = ignore_end(res);

  if (res == SFTP_OK && payload.ptr[0] == SSH_MSG_DISCONNECT) {
    sftp_socket_drain(m->pair.fd);
  }

  return res != SFTP_OK ? sftp_monitor_attacked(m, "no message is taken: %s",
    sftp_strerror(res)) : SFTP_OK;
}

/* ---- The loop */

/* The cell has ended without a word: if it never was there, the client is not
 * to blame.
 */
static int missed(struct sftp_monitor *m) {
  bool began = m->count[PAIR_HELLO] > 0;

  m->stage = STAGE_OVER;
  m->c->peer.gone = true;
  return began ?
    sftp_fail(m->c, SFTP_ERR_CELL, "the isolated process has ended") :
    sftp_fail(m->c, SFTP_ERR_IO, "no isolated process could be started");
}

static int wait_for_cell(struct sftp_monitor *m) {
  struct ssh_conn *c = m->c;
  struct conn_ahead ahead = { .due_ms = UINT64_MAX };
  int ms, res = SFTP_OK;

  c->upper->look_ahead(c, &ahead);
  ms = ahead.due_ms < STATE_WAIT_MS ? (int) ahead.due_ms + 1 : STATE_WAIT_MS;
  if (ftpd_wait(c->ftpd, m->pair.fd, POLLIN, ms) != 0) {
    res = sftp_pair_fill(&m->pair);
  }

  if (res == SFTP_ERR_EOF || res == SFTP_ERR_IO) {
    return missed(m);
  }

  return res < 0 ? sftp_monitor_attacked(m, "%s", sftp_strerror(res)) :
    c->upper->check(c);
}

/* One message of the cell, or a wait for it. */
static int turn(struct sftp_monitor *m) {
  struct sftp_rd r;
  uint8_t type;
  int res = sftp_pair_next(&m->pair, sftp_monitor_max, &type, &r);

  if (res < 0) {
    return sftp_monitor_attacked(m, "message %u is too long", type);
  }

  return res == 1 ? sftp_monitor_serve(m, type, &r) : wait_for_cell(m);
}

/* Also the nested loop of a dialogue, which waits for the answers. */
static int run_until(struct ssh_conn *c, const bool *stop) {
  struct sftp_monitor *m = c->monitor;
  int res = c->failure.err;

  while (res == SFTP_OK && !*stop) {
    if (m->owed) {
      m->owed = false;
      res = sftp_monitor_answer(m, PAIR_GO, NULL);
    }

    if (res == SFTP_OK) {
      res = turn(m);
    }

    res = res == SFTP_OK ? c->failure.err : res;
  }

  return res;
}

/* The client is logged in: its connection comes here. */
static int take_over(struct sftp_monitor *m) {
  uint64_t until = sftp_now_ms() + STATE_WAIT_MS;
  int res;

  m->stage = STAGE_RELEASED;
  res = sftp_monitor_answer(m, PAIR_RELEASE, NULL);
  while (res == SFTP_OK && m->stage == STAGE_RELEASED) {
    res = sftp_now_ms() < until ? turn(m) :
      sftp_monitor_attacked(m, "no state comes");
  }

  return res;
}

static struct sftp_monitor *begin(struct ssh_conn *c, int pair, bool offers) {
  struct sftp_monitor *m = pcalloc(c->pool, sizeof(*m));
  size_t i;

  m->c = c;
  m->offers = offers;
  m->stage = STAGE_BEGUN;
  for (i = 0; i < NOFFERED; i++) {
    m->offered[i] = *c->set;
  }

  sftp_pair_init(&m->pair, c->pool, pair);
  m->loop = c->run_until;
  c->monitor = m;
  c->run_until = run_until;
  sftp_packets_relay(c->pkts, relay, m);
  sftp_qos_choose(c, false);
  return m;
}

static void end(struct sftp_monitor *m) {
  struct ssh_conn *c = m->c;

  sftp_packets_relay(c->pkts, NULL, NULL);
  c->run_until = m->loop;
  c->monitor = NULL;
  sftp_pair_close(&m->pair);
  ftpd_cell_over(c->ftpd);
}

int sftp_monitor_run(struct ssh_conn *c, int pair, bool offers) {
  static const bool never = false;
  struct sftp_monitor *m = begin(c, pair, offers);
  pool *p = make_sub_pool(c->pool);
  int res = sftp_monitor_brief(m, p, true);

  destroy_pool(p);
  if (res == SFTP_OK) {
    res = run_until(c, &c->state.authenticated);
  }

  if (res == SFTP_OK) {
    res = take_over(m);
  }

  if (res != SFTP_OK) {
    res = sftp_conn_finish(c, res);
    end(m);
    return res;
  }

  end(m);
  return sftp_conn_finish(c, c->run_until(c, &never));
}
