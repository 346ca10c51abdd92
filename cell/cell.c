/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cell.c -- a cell: the transport's loop, and the monitor's answers. */

#include "cell.h"

#include <poll.h>
#include <unistd.h>

#include "kex-elsewhere.h"
#include "kex.h"
#include "ssh2.h"

/* How long the client may take to read the last words. */
#define LAST_WORDS_MS 2000

void cell_end(struct ftpd *h) {
  struct pollfd pfd = { CELL_CLIENT, POLLOUT, 0 };

  /* A DISCONNECT of the monitor may be the last message. */
  while (h->conn != NULL && sftp_packets_flush(h->conn->pkts) == 0 &&
      poll(&pfd, 1, LAST_WORDS_MS) > 0 && (pfd.revents & POLLOUT) != 0) {
    ;
  }

  _exit(0);
}

/* The monitor is gone, or it sent what it never sends. */
static void check(struct ftpd *h, int res) {
  if (res < 0) {
    cell_end(h);
  }
}

/* ---- To the monitor */

static void tell_bytes(struct ftpd *h) {
  unsigned char fields[16];

  if (h->in > 0 || h->out > 0) {
    sftp_put_u64(fields, h->in);
    sftp_put_u64(fields + 8, h->out);
    h->in = h->out = 0;
    check(h, sftp_pair_put(&h->pair, PAIR_BYTES,
      (struct sftp_str) { fields, sizeof(fields) }));
  }
}

bool cell_has_reports(const struct ftpd *h) {
  return h->in > 0 || h->out > 0 || h->pair.out_len > 0;
}

void cell_send_reports(struct ftpd *h) {
  tell_bytes(h);
  check(h, sftp_pair_flush(&h->pair));
}

void cell_tell(struct ftpd *h, enum sftp_pair_type type,
    const struct sftp_wr *w) {
  struct sftp_str none = { NULL, 0 };

  if (w != NULL) {
    check(h, sftp_wr_end(w));
  }

  tell_bytes(h);
  check(h, sftp_pair_put(&h->pair, type, w != NULL ? sftp_wr_get(w) : none));
}

/* ---- From the monitor */

static size_t max_len(uint8_t type) {
  return type == PAIR_SETTINGS || type == PAIR_GROUPS_ARE ||
    type == PAIR_SEND ? SFTP_PAIR_MAX : 64 * 1024;
}

static void send_message(struct ftpd *h, struct sftp_rd *r) {
  struct sftp_str payload = sftp_rd_rest(r);
  struct ssh_conn *c = h->conn;

  if (c == NULL || payload.len == 0 ||
      sftp_packet_send(c->pkts, payload) != SFTP_OK) {
    cell_end(h);
  }

  if (payload.ptr[0] == SSH_MSG_SERVICE_ACCEPT) {
    sftp_phase_enter(c, PH_AUTH);

  } else if (payload.ptr[0] == SSH_MSG_DISCONNECT) {
    cell_end(h);
  }
}

/* The client is logged in: the session goes on in the monitor. */
static void hand_over(struct ftpd *h) {
  struct sftp_wr state, w;

  /* The client hears of it while the session takes over what is left. */
  (void) sftp_packets_flush(h->conn->pkts);
  sftp_handover_begin(&state, h->pool);
  if (sftp_handover_write(h->conn, &state) == SFTP_OK) {
    sftp_wr_init(&w, h->pool, state.len + 16, SFTP_PAIR_MAX);
    sftp_wr_str(&w, sftp_wr_get(&state));
    cell_tell(h, PAIR_STATE, &w);
    check(h, sftp_pair_flush(&h->pair));
    sftp_wr_wipe(&w);
  }

  sftp_wr_wipe(&state);
  sftp_pair_close(&h->pair);
  _exit(0);
}

/* One message that is not an answer. */
static void serve(struct ftpd *h, uint8_t type, struct sftp_rd *r) {
  switch (type) {
    case PAIR_SEND:
      send_message(h, r);
      break;

    case PAIR_GO:
      h->asked = false;
      break;

    case PAIR_RELEASE:
      hand_over(h);
      break;

    default:
      cell_end(h);
  }
}

/* The next message, if all of it has arrived. */
static bool next(struct ftpd *h, uint8_t *type, struct sftp_rd *r) {
  int res = sftp_pair_next(&h->pair, max_len, type, r);

  check(h, res);
  return res == 1;
}

void cell_serve_monitor(struct ftpd *h) {
  struct sftp_rd r;
  uint8_t type;
  int res = sftp_pair_fill(&h->pair);

  while (next(h, &type, &r)) {
    serve(h, type, &r);
  }

  check(h, res);
}

static void wait_for_monitor(struct ftpd *h) {
  struct pollfd pfd = { CELL_PAIR, POLLIN, 0 };

  if (poll(&pfd, 1, -1) < 0 && errno != EINTR) {
    cell_end(h);
  }
}

void cell_ask(struct ftpd *h, enum sftp_pair_type type,
    const struct sftp_wr *w, enum sftp_pair_type answer, struct sftp_rd *r) {
  uint8_t got;

  cell_tell(h, type, w);
  check(h, sftp_pair_flush(&h->pair));
  for (;;) {
    while (!next(h, &got, r)) {
      wait_for_monitor(h);
      check(h, sftp_pair_fill(&h->pair));
    }

    if (got == answer) {
      return;
    }

    serve(h, got, r);
  }
}

void cell_take_brief(struct ftpd *h, struct sftp_rd *r) {
  struct sftp_brief *b = pcalloc(h->pool, sizeof(*b));

  if (sftp_brief_read(h->pool, r, b) != SFTP_OK) {
    cell_end(h);
  }

  h->brief = b;
  memcpy(sftp_trace_levels, b->trace, sizeof(b->trace));
}

/* ---- What the monitor does for the key exchange */

static int sign_elsewhere(struct ssh_conn *c, struct sftp_str H,
    struct sftp_wr *sig) {
  pool *p = make_sub_pool(c->pool);
  struct sftp_wr w;
  struct sftp_str hash, signature;
  struct sftp_rd r;

  sftp_wr_init(&w, p, 8192, SFTP_TRANSCRIPT_MAX);
  sftp_transcript_write(c, &w);
  cell_ask(c->ftpd, PAIR_TRANSCRIPT, &w, PAIR_SIGNATURE, &r);
  sftp_wr_wipe(&w);
  destroy_pool(p);
  hash = sftp_rd_string(&r);
  signature = sftp_rd_string(&r);
  if (sftp_rd_end(&r) != SFTP_OK || !sftp_str_same(hash, H)) {
    return SFTP_ERR_CRYPTO;
  }

  sftp_wr_bytes(sig, signature.ptr, signature.len);
  return sftp_wr_end(sig);
}

static struct sftp_str groups_elsewhere(struct ssh_conn *c) {
  struct sftp_str text;
  struct sftp_rd r;

  cell_ask(c->ftpd, PAIR_GROUPS, NULL, PAIR_GROUPS_ARE, &r);
  text = sftp_rd_string(&r);
  return sftp_rd_end(&r) == SFTP_OK ? sftp_str_copy(c->pool, text) :
    sftp_str_of("");
}

static const struct sftp_elsewhere elsewhere = {
  .sign = sign_elsewhere, .observed = cell_observed,
  .groups = groups_elsewhere
};

/* ---- The connection */

/* The monitor speaks first. */
static void get_brief(struct ftpd *h) {
  struct sftp_rd r;
  uint8_t type;

  while (!next(h, &type, &r)) {
    wait_for_monitor(h);
    check(h, sftp_pair_fill(&h->pair));
  }

  if (type != PAIR_SETTINGS || !sftp_rd_bool(&r)) {
    cell_end(h);
  }

  cell_take_brief(h, &r);
}

/* A request is being served: output goes on, input waits. */
static void wait_for_go(struct ftpd *h) {
  struct pollfd pfd[2] = {
    { CELL_PAIR, POLLIN, 0 }, { CELL_CLIENT, POLLOUT, 0 }
  };
  int res;

  check(h, sftp_pair_flush(&h->pair));
  while (h->asked) {
    res = sftp_packets_flush(h->conn->pkts);
    check(h, res);
    if (poll(pfd, res == 0 ? 2 : 1, -1) < 0 && errno != EINTR) {
      cell_end(h);
    }

    if (pfd[0].revents != 0) {
      cell_serve_monitor(h);
    }
  }
}

static void fail(struct ftpd *h, int err) {
  struct sftp_wr w;

  err = sftp_conn_finish(h->conn, err);
  sftp_wr_init(&w, h->pool, 2048, 8192);
  sftp_wr_u32(&w, (uint32_t) -err);
  sftp_wr_text(&w, h->conn->failure.why);
  cell_tell(h, PAIR_FAILED, &w);
  check(h, sftp_pair_flush(&h->pair));
  cell_end(h);
}

void cell_run(const char *missing) {
  static struct ftpd cell;
  struct ftpd *h = &cell;
  struct sftp_wr w;
  int res;

  h->pool = make_sub_pool(NULL);
  sftp_pair_init(&h->pair, h->pool, CELL_PAIR);
  cell_set_current(h);
  sftp_wr_init(&w, h->pool, 512, 1024);
  sftp_wr_text(&w, missing);
  cell_tell(h, PAIR_HELLO, &w);
  check(h, sftp_pair_flush(&h->pair));
  get_brief(h);
  h->conn = sftp_conn_begin(h->pool, CELL_CLIENT, &h->brief->set, h,
    &cell_upper);
  h->conn->elsewhere = &elsewhere;
  h->conn->state.keep_keys = true;

  res = sftp_conn_start(h->conn);
  while (res == SFTP_OK) {
    res = h->conn->run_until(h->conn, &h->asked);
    if (res == SFTP_OK) {
      wait_for_go(h);
    }
  }

  fail(h, res);
  _exit(0);
}
