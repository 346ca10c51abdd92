/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* conn.c -- the one read loop of a connection.  It sleeps in conn-wait.c. */

#include "conn.h"

#include "conn-int.h"
#include "conn-loop.h"
#include "disconnect.h"
#include "ftpd-report.h"
#include "ftpd-user.h"
#include "ftpd-wait.h"
#include "kex.h"
#include "qos.h"
#include "ssh-version.h"
#include "times.h"
#include "traffic.h"

#define MAX_UNIMPLEMENTED 1024

static int run_until(struct ssh_conn *c, const bool *stop);

struct ssh_conn *sftp_conn_begin(pool *p, int fd,
    const struct sftp_settings *set, struct ftpd *ftpd,
    const struct sftp_upper *upper) {
  struct ssh_conn *c = pcalloc(p, sizeof(*c));

  c->pool = p;
  c->fd = fd;
  c->set = set;
  c->ftpd = ftpd;
  c->upper = upper;
  sftp_phase_begin(c);
  c->loop = pcalloc(p, sizeof(*c->loop));
  sftp_conn_wait_init(&c->loop->wait);
  c->loop->alive.heard_ms = sftp_now_ms();
  c->pkts = sftp_packets_new(p, fd);
  c->times = sftp_times_new(p);
  c->kex = sftp_kex_new(c);
  c->traffic = sftp_traffic_new(c);
  c->run_until = run_until;
  return c;
}

/* ---- Messages of the transport that ask for nothing */

int sftp_on_ignore(struct ssh_conn *c, struct sftp_rd *r) {
  (void) c;
  (void) r;
  return SFTP_OK;
}

int sftp_on_debug(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_str text;

  (void) c;
  (void) sftp_rd_bool(r);
  text = sftp_rd_string(r);
  if (sftp_rd_ok(r) == SFTP_OK) {
    SFTP_TRACE(TRACE_SSH2, 5, "client sent SSH_MSG_DEBUG: %.*s",
      text.len < 512 ? (int) text.len : 512, (const char *) text.ptr);
  }

  return SFTP_OK;
}

int sftp_on_unimplemented(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t seqno = sftp_rd_u32(r);

  (void) c;
  SFTP_TRACE(TRACE_SSH2, 5, "client did not understand message %u", seqno);
  return SFTP_OK;
}

/* ---- The message that has come */

static int send_unimplemented(struct ssh_conn *c, uint32_t seqno) {
  struct sftp_wr *w;

  if (++c->loop->nunimplemented > MAX_UNIMPLEMENTED) {
    return sftp_fail(c, SFTP_ERR_LIMIT, "too many unknown messages");
  }

  w = sftp_packet_begin(c->pkts, SSH_MSG_UNIMPLEMENTED, 16);
  sftp_wr_u32(w, seqno);
  return sftp_packet_end(c->pkts);
}

static const char *needed(const struct ssh_conn *c) {
  return !c->state.keyed ? "Key exchange required" :
    c->state.phase == PH_SERVICE ? "Service request required" :
    !c->state.authenticated ? "User authentication required" :
    "not expected now";
}

/* The phases a message is checked against.  During a rekey, messages of the
 * connection protocol are still accepted: they may have been in flight, and
 * some clients keep sending them.
 */
static unsigned int phases_for(const struct ssh_conn *c, uint8_t type) {
  enum sftp_phase beyond = sftp_phase_beyond_exchange(c);

  return beyond == PH_OPEN && type >= SSH_MSG_GLOBAL_REQUEST ? PH_OPEN :
    c->state.phase;
}

/* Counts a message before anything looks at it. */
static int spend(struct ssh_conn *c, const struct sftp_pkt *pkt) {
  int res = sftp_budget_use(c, BUDGET_MESSAGES, 1);

  return res == SFTP_OK ? sftp_budget_use(c, BUDGET_BYTES, 1 + pkt->in.left) :
    res;
}

int sftp_conn_dispatch(struct ssh_conn *c, struct sftp_pkt *pkt) {
  const struct sftp_msg *m = &c->upper->msgs[pkt->type];
  bool strict = c->state.strict_kex && !c->state.keyed;
  int res;

  SFTP_TRACE(TRACE_SSH2, 17, "received %s (%u), %lu bytes",
    m->name != NULL ? m->name : "unknown message", pkt->type,
    (unsigned long) pkt->in.left);

  res = spend(c, pkt);
  if (res != SFTP_OK) {
    return res;
  }

  res = ftpd_message(c->ftpd, pkt);
  if (res != 0) {
    return res > 0 ? SFTP_OK :
      sftp_fail(c, res, "%s refused by a module", m->name != NULL ? m->name :
      "unknown message");
  }

  if (m->run == NULL && !strict &&
      (pkt->type < SSH_MSG_USERAUTH_REQUEST || c->state.authenticated)) {
    return send_unimplemented(c, pkt->seqno);
  }

  if (((strict ? m->strict : m->phases) & phases_for(c, pkt->type)) == 0) {
    ftpd_event(c->ftpd, "ssh2.invalid-packet", pkt);
    return sftp_fail(c, SFTP_ERR_ORDER,
      "unable to handle %s (%u) message: %s",
      m->name != NULL ? m->name : "unknown", pkt->type, needed(c));
  }

  c->state.msg_type = pkt->type;
  res = m->run(c, &pkt->in);
  return res == SFTP_OK ? SFTP_OK :
    sftp_fail(c, res, "%s: %s", m->name, sftp_strerror(res));
}

/* ---- One turn: everything that can be done without waiting */

static int read_version(struct ssh_conn *c) {
  const struct sftp_settings *set;
  int res = sftp_version_read(c);

  if (res == 1) {
    set = ftpd_client(c->ftpd, c->peer.software, NULL);
    c->set = set != NULL ? set : c->set;
    sftp_phase_enter(c, PH_KEXINIT);
    ftpd_note(c->ftpd, "SFTP", "1");
    ftpd_note(c->ftpd, "SFTP_CLIENT_BANNER",
      strchr(c->peer.ident + 4, '-') + 1);
    return sftp_kex_first(c);
  }

  return res == 0 ? SFTP_OK : res;
}

/* A nested loop has reached its goal: the outer loop handles later messages of
 * the client after its caller is done.
 */
static bool is_stopped(const struct ssh_conn *c) {
  return c->loop->stop != NULL && *c->loop->stop;
}

static int handle_messages(struct ssh_conn *c) {
  struct sftp_pkt pkt;
  const char *why = NULL;
  int res = SFTP_OK;

  while (c->failure.err == SFTP_OK && c->state.phase != PH_VERSION &&
      !is_stopped(c) && sftp_packets_pending(c->pkts) < PENDING_MAX) {
    res = sftp_packets_next(c->pkts, &pkt, &why);
    if (res == SFTP_ERR_MAC) {
      sftp_log("unable to verify MAC on packet from socket %d", c->fd);
    }

    if (res < 0) {
      return sftp_fail(c, res, "%s", why != NULL ? why : sftp_strerror(res));
    }

    if (res == 0) {
      return SFTP_OK;
    }

    c->loop->alive.heard_ms = sftp_now_ms();
    res = sftp_conn_dispatch(c, &pkt);
    if (res == SFTP_OK && !sftp_packets_stable(c->pkts)) {
      res = c->upper->flush(c);
    }

    if (res == SFTP_OK && sftp_kex_wanted(c)) {
      res = sftp_kex_check(c);
    }

    if (res != SFTP_OK) {
      return res;
    }
  }

  return res < 0 ? res : SFTP_OK;
}

static int check_alive(struct ssh_conn *c) {
  uint32_t id;

  return !sftp_conn_alive_due(c) ? SFTP_OK :
    sftp_conn_alive_ask(c, c->upper->last_channel(c, &id) ? &id : NULL);
}

static void tell_counters(struct ssh_conn *c) {
  size_t in = sftp_packets_in(c->pkts)->total,
    out = sftp_packets_out(c->pkts)->total;

  if (in != c->loop->told_in || out != c->loop->told_out) {
    ftpd_count_raw(c->ftpd, in - c->loop->told_in, out - c->loop->told_out);
    c->loop->told_in = in;
    c->loop->told_out = out;
  }
}

/* A negative result ends the connection, with the system's word if there is
 * one.
 */
static int told(struct ssh_conn *c, int res) {
  int xerrno = res == SFTP_ERR_IO ? sftp_packets_errno(c->pkts) : 0;

  if (res >= 0) {
    return SFTP_OK;
  }

  return xerrno == 0 ? sftp_fail(c, res, "%s", sftp_strerror(res)) :
    sftp_fail(c, res, "%s: %s", sftp_strerror(res), strerror(xerrno));
}

/* Does everything once; 1: the socket has accepted all output, 0: some is left.
 */
static int turn_once(struct ssh_conn *c) {
  int res = handle_messages(c);

  if (res == SFTP_OK) {
    res = c->upper->flush(c);
  }

  if (res == SFTP_OK) {
    res = c->upper->pump(c);
  }

  if (res == SFTP_OK) {
    res = sftp_traffic_check(c);
  }

  if (res == SFTP_OK) {
    res = sftp_conn_say_check(c);
  }

  if (res == SFTP_OK) {
    res = sftp_kex_check(c);
  }

  if (res == SFTP_OK) {
    res = check_alive(c);
  }

  if (res == SFTP_OK) {
    res = c->upper->check(c);
  }

  return res == SFTP_OK ? sftp_packets_flush(c->pkts) : res;
}

int sftp_conn_turn(struct ssh_conn *c) {
  int res = c->failure.err;

  if (res == SFTP_OK && c->state.phase == PH_VERSION) {
    res = read_version(c);
  }

  while (res == SFTP_OK) {
    res = turn_once(c);
    if (res == 1 && c->upper->runnable(c)) {
      res = SFTP_OK;
      continue;
    }

    break;
  }

  tell_counters(c);
  return told(c, res);
}

/* Gets more input: bytes that have arrived already, or it waits for them. */
static int get_input(struct ssh_conn *c) {
  struct conn_ahead ahead = { .due_ms = UINT64_MAX };
  int res;

  c->upper->look_ahead(c, &ahead);
  res = sftp_conn_wait(c, &ahead);

  if (res == 1) {
    ftpd_active(c->ftpd, FTPD_ACTIVE_PACKET);
  }

  return told(c, res);
}

static int run_until(struct ssh_conn *c, const bool *stop) {
  const bool *outer = c->loop->stop;
  int res;

  c->loop->stop = stop;
  res = sftp_conn_turn(c);
  while (res == SFTP_OK && !*stop) {
    res = get_input(c);
    if (res == SFTP_OK) {
      res = sftp_conn_turn(c);
    }
  }

  c->loop->stop = outer;
  return res;
}

/* ---- The whole connection */

static void end_connection(struct ssh_conn *c) {
  const char *why = c->failure.why;

  sftp_kex_broken_off(c, c->failure.err == SFTP_ERR_EOF ? "received EOF" : why);
  switch (c->failure.err) {
    case SFTP_ERR_EOF:
      sftp_log("disconnecting client (received EOF)");
      break;

    case SFTP_ERR_CLOSED:
      break;                    /* logged where it was read */

    default:
      if (c->peer.gone || c->peer.ident == NULL) {
        sftp_log("disconnecting %s (%s)", ftpd_remote_ip(c->ftpd), why);

      } else {
        sftp_disconnect(c, sftp_disconnect_reason(c->failure.err), why);
      }
  }

  sftp_phase_enter(c, PH_DEAD);
  c->upper->end(c);
}

int sftp_conn_start(struct ssh_conn *c) {
  int res;

  sftp_qos_choose(c, false);
  res = sftp_version_send(c);
  if (res == SFTP_OK &&
      (c->set->opts & (SFTP_OPT_PESSIMISTIC_KEXINIT|
        SFTP_OPT_OLD_PROTO_COMPAT)) == 0) {
    /* Both are sent in one segment, so a client that waits for ours loses no
     * time.
     */
    res = sftp_kex_start(c, "first");
  }

  return res;
}

int sftp_conn_finish(struct ssh_conn *c, int err) {
  (void) sftp_fail(c, err, "%s", sftp_strerror(err));
  if (c->failure.told) {
    sftp_phase_enter(c, PH_DEAD);
    c->upper->end(c);

  } else {
    end_connection(c);
  }

  return c->failure.err;
}

int sftp_conn_run(struct ssh_conn *c) {
  static const bool never = false;
  int res = sftp_conn_start(c);

  return sftp_conn_finish(c, res == SFTP_OK ? c->run_until(c, &never) : res);
}
