/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cell-contract.c -- the contract with the daemon, as far as the transport
 * needs it before a login: everything goes to the monitor.
 */

#include "cell.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "ftpd-lines.h"
#include "ftpd-report.h"
#include "ftpd-user.h"
#include "ftpd-wait.h"
#include "kex-elsewhere.h"
#include "ssh2.h"

/* Reports wait for the next question, which wakes the monitor, but not longer:
 * many clients take some tenths of a second for their part of an exchange.
 */
#define REPORTS_WAIT_MS 250

static struct ftpd *cell;       /* lines have no other way to find it */

/* A writer in a pool of its own. */
static pool *begin(struct ftpd *h, struct sftp_wr *w) {
  pool *p = make_sub_pool(h->pool);

  sftp_wr_init(w, p, 512, SFTP_PAIR_MAX);
  return p;
}

/* ---- Waiting */

int ftpd_wait(struct ftpd *h, int fd, short events, int timeout_ms) {
  struct pollfd pfd[2] = { { CELL_PAIR, POLLIN, 0 }, { fd, events, 0 } };
  bool soon = cell_has_reports(h) &&
    (timeout_ms < 0 || timeout_ms > REPORTS_WAIT_MS);
  int n = poll(pfd, 2, soon ? REPORTS_WAIT_MS : timeout_ms);

  if (n == 0) {
    cell_send_reports(h);
    n = !soon ? 0 : poll(pfd, 2, timeout_ms < 0 ? -1 :
      timeout_ms - REPORTS_WAIT_MS);
  }

  if (n <= 0) {
    return 0;
  }

  if (pfd[0].revents != 0) {
    cell_serve_monitor(h);
  }

  return pfd[1].revents;
}

void ftpd_poll(struct ftpd *h) {
  (void) h;
}

void ftpd_active(struct ftpd *h, enum ftpd_activity what) {
  (void) h;                     /* the monitor hears of bytes */
  (void) what;
}

/* ---- Reports */

void ftpd_count_raw(struct ftpd *h, size_t in, size_t out) {
  h->in += in;
  h->out += out;
}

/* The monitor knows what they say. */
void ftpd_note(struct ftpd *h, const char *name, const char *value) {
  (void) h;
  (void) name;
  (void) value;
}

static void tell_message(struct ftpd *h, enum sftp_pair_type type,
    const struct sftp_pkt *pkt, struct sftp_rd *verdict) {
  struct sftp_str fields = { pkt->in.ptr, pkt->in.left };
  struct sftp_wr w;
  pool *p = begin(h, &w);

  cell_write_message(&w, pkt->seqno, pkt->type, fields);
  if (verdict != NULL) {
    cell_ask(h, type, &w, PAIR_VERDICT, verdict);

  } else {
    cell_tell(h, type, &w);
  }

  sftp_wr_wipe(&w);
  destroy_pool(p);
}

void ftpd_event(struct ftpd *h, const char *name, const void *data) {
  struct sftp_wr w;
  pool *p;

  if (strcmp(name, "ssh2.invalid-packet") == 0) {
    tell_message(h, PAIR_INVALID, data, NULL);
    return;
  }

  p = begin(h, &w);
  sftp_wr_text(&w, name);
  cell_tell(h, PAIR_EVENT, &w);
  destroy_pool(p);
}

/* The monitor offers requests itself. */
static bool is_request(uint8_t type) {
  return type == SSH_MSG_SERVICE_REQUEST ||
    type == SSH_MSG_USERAUTH_REQUEST ||
    type == SSH_MSG_USERAUTH_INFO_RESPONSE;
}

int ftpd_message(struct ftpd *h, const struct sftp_pkt *pkt) {
  struct sftp_rd r;
  uint32_t verdict;

  if (!h->brief->offers || is_request(pkt->type)) {
    return 0;
  }

  tell_message(h, PAIR_OFFER, pkt, &r);
  verdict = sftp_rd_u32(&r);
  return verdict == 2 ? SFTP_ERR_DENIED : (int) verdict;
}

void ftpd_ssh_cmd(struct ftpd *h, const char *name, const char *arg,
    enum ftpd_ssh_class cls, bool ok) {
  struct sftp_wr w;
  pool *p = begin(h, &w);

  sftp_wr_text(&w, name);
  sftp_wr_text(&w, arg);
  sftp_wr_u8(&w, (uint8_t) cls);
  sftp_wr_bool(&w, ok);
  cell_tell(h, PAIR_COMMAND, &w);
  destroy_pool(p);
}

/* Asks for the settings that apply now; NULL: they are the same. */
static const struct sftp_settings *ask_settings(struct ftpd *h,
    enum sftp_pair_type type, const struct sftp_wr *w) {
  struct sftp_rd r;
  bool changed;

  cell_ask(h, type, w, PAIR_SETTINGS, &r);
  changed = sftp_rd_bool(&r);
  if (changed) {
    cell_take_brief(h, &r);
  }

  return changed ? &h->brief->set : NULL;
}

void cell_observed(struct ssh_conn *c, const char *const *does, size_t n) {
  const struct sftp_settings *set;
  pool *p = make_sub_pool(c->pool);
  struct sftp_wr w;
  size_t i, len = 0;

  for (i = 0; i < n; i++) {
    len += strlen(does[i]) + 4;
  }

  sftp_wr_init(&w, p, len, SFTP_PAIR_MAX);
  for (i = 0; i < n; i++) {
    sftp_wr_text(&w, does[i]);
  }

  set = ask_settings(c->ftpd, PAIR_OBSERVED, &w);
  c->set = set != NULL ? set : c->set;
  destroy_pool(p);
}

/* The client's identification: what it does comes by cell_observed(). */
const struct sftp_settings *ftpd_client(struct ftpd *h, const char *software,
    const char *does) {
  const struct sftp_settings *set;
  struct sftp_wr w;
  pool *p = begin(h, &w);

  (void) software;
  (void) does;
  sftp_wr_text(&w, h->conn->peer.ident);
  set = ask_settings(h, PAIR_CLIENT, &w);
  destroy_pool(p);
  return set;
}

void ftpd_keyed(struct ftpd *h) {
  struct sftp_wr w;
  pool *p = begin(h, &w);

  sftp_agreed_write(h->conn, &w);
  cell_tell(h, PAIR_AGREED, &w);
  destroy_pool(p);
}

const char *ftpd_remote_ip(struct ftpd *h) {
  return h->brief->remote_ip;
}

/* ---- Lines, and the clock */

static void tell_line(enum sftp_pair_sink sink, unsigned int detail,
    const char *kind, const char *line) {
  struct sftp_wr w;
  pool *p;

  if (cell == NULL) {
    return;
  }

  p = begin(cell, &w);
  sftp_wr_u8(&w, (uint8_t) sink);
  sftp_wr_u32(&w, detail);
  sftp_wr_u32(&w, (uint32_t) (uintptr_t) kind);
  sftp_wr_text(&w, line);
  cell_tell(cell, PAIR_LINE, &w);
  destroy_pool(p);
}

void cell_set_current(struct ftpd *h) {
  cell = h;
}

void ftpd_log_line(const char *kind, const char *line) {
  tell_line(SINK_LOG, 0, kind, line);
}

void ftpd_log_why_line(enum sftp_why why, const char *line) {
  tell_line(SINK_WHY, why, NULL, line);
}

void ftpd_auth_log_line(int level, const char *line) {
  tell_line(SINK_AUTH, (unsigned int) level, NULL, line);
}

/* The channel, and the level in the upper half. */
void ftpd_trace_line(enum sftp_trace_channel chan, int level,
    const char *line) {
  tell_line(SINK_TRACE, (unsigned int) chan | (unsigned int) level << 16, NULL,
    line);
}

static uint64_t now_ns(void) {
  struct timespec ts;

  (void) clock_gettime(CLOCK_MONOTONIC, &ts);
  return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}

uint64_t ftpd_now_ms(void) {
  return now_ns() / 1000000;
}

uint64_t ftpd_now_us(void) {
  return now_ns() / 1000;
}
