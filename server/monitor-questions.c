/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* monitor-questions.c -- what a cell may send to its monitor: a row for each
 * message says when, how long, how often.
 *
 * Everything here may come from an attacker who has taken over the cell.
 */

#include "monitor-int.h"

#include "ftpd-lines.h"
#include "ftpd-report.h"
#include "ftpd-user.h"
#include "ftpd-wait.h"
#include "kex-elsewhere.h"
#include "kex.h"
#include "messages.h"
#include "ssh-version.h"
#include "ssh2.h"

#define LINE_BYTES 4200
/* That are not traces: an exchange has about 15, and there are five. */
#define LINES_MAX 1000
/* What one KEXINIT offers: version.c has the length of each. */
#define OBSERVED_MAX 512
#define OBSERVED_LEN_MAX (OBSERVED_MAX * 132)
/* In one turn of its loop. */
#define BYTES_MAX (16 * 1024 * 1024)
#define HELLO_LEN_MAX 1024
#define REQUEST_LEN_MAX (128 * 1024 + 16)

static int on_hello(struct sftp_monitor *m, struct sftp_rd *r) {
  struct sftp_str missing = sftp_rd_string(r);
  char line[HELLO_LEN_MAX];

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_monitor_attacked(m, "malformed HELLO");
  }

  if (missing.len > 0) {
    sftp_escape(line, sizeof(line), missing.ptr, missing.len);
    sftp_log("this login is isolated (SFTPIsolation), but this system refuses: "
      "%s", line);
  }

  return SFTP_OK;
}

/* ---- The client's program */

static void keep_offer(struct sftp_monitor *m, size_t from) {
  for (; from < NOFFERED; from++) {
    m->offered[from] = *m->c->set;
  }
}

/* True: the settings have changed. */
static bool tell_client(struct sftp_monitor *m, const char *does) {
  struct ssh_conn *c = m->c;
  const struct sftp_settings *set = ftpd_client(c->ftpd, c->peer.software,
    does);

  c->set = set != NULL ? set : c->set;
  return set != NULL;
}

static int answer_settings(struct sftp_monitor *m, bool changed,
    size_t from) {
  pool *p = make_sub_pool(m->c->pool);
  int res;

  keep_offer(m, from);
  res = sftp_monitor_brief(m, p, changed);
  destroy_pool(p);
  return res;
}

static int on_client(struct sftp_monitor *m, struct sftp_rd *r) {
  struct ssh_conn *c = m->c;
  const char *ident = sftp_rd_text(r, c->pool);

  if (sftp_rd_end(r) != SFTP_OK || !sftp_version_is_acceptable(c, ident)) {
    return sftp_monitor_attacked(m, "an impossible identification");
  }

  sftp_version_know(c, ident);
  m->stage = STAGE_KNOWN;
  ftpd_note(c->ftpd, "SFTP", "1");
  ftpd_note(c->ftpd, "SFTP_CLIENT_BANNER",
    strchr(c->peer.ident + 4, '-') + 1);
  return answer_settings(m, tell_client(m, NULL), OFFERED_KNOWN);
}

static int on_observed(struct sftp_monitor *m, struct sftp_rd *r) {
  pool *p = make_sub_pool(m->c->pool);
  bool changed = false;
  size_t n;
  int res;

  for (n = 0; n < OBSERVED_MAX && r->left > 0 && sftp_rd_ok(r) == SFTP_OK;
      n++) {
    const char *does = sftp_rd_text(r, p);

    changed |= sftp_rd_ok(r) == SFTP_OK && tell_client(m, does);
  }

  res = sftp_rd_end(r) == SFTP_OK && n > 0 ?
    answer_settings(m, changed, OFFERED_LAST) :
    sftp_monitor_attacked(m, "malformed OBSERVED");
  destroy_pool(p);
  return res;
}

/* ---- Key exchanges */

static int on_transcript(struct sftp_monitor *m, struct sftp_rd *r) {
  struct ssh_conn *c = m->c;
  int res = sftp_budget_use(c, BUDGET_EXCHANGES, 1);
  struct sftp_wr w;
  size_t i;
  pool *p;

  if (res != SFTP_OK) {
    return res;
  }

  p = make_sub_pool(c->pool);
  sftp_wr_init(&w, p, 1024, 16384);
  res = SFTP_ERR_DENIED;
  for (i = NOFFERED; i-- > 0 && res == SFTP_ERR_DENIED; ) {
    struct sftp_rd again = *r;

    res = sftp_transcript_sign(c, &m->offered[i], &again, &w);
  }

  if (res == SFTP_OK) {
    m->stage = m->stage == STAGE_KNOWN ? STAGE_SIGNED : m->stage;
    res = sftp_monitor_answer(m, PAIR_SIGNATURE, &w);

  } else {
    res = sftp_monitor_attacked(m, "not an exchange to sign: %s",
      sftp_strerror(res));
  }

  destroy_pool(p);
  return res;
}

static int on_groups(struct sftp_monitor *m, struct sftp_rd *r) {
  const struct sftp_settings *set = m->c->set;
  struct sftp_wr w;
  pool *p;
  int res;

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_monitor_attacked(m, "malformed GROUPS");
  }

  p = make_sub_pool(m->c->pool);
  sftp_wr_init(&w, p, set->dh_param_len + 16, SFTP_PAIR_MAX);
  sftp_wr_string(&w, set->dh_param_file, set->dh_param_len);
  res = sftp_monitor_answer(m, PAIR_GROUPS_ARE, &w);
  destroy_pool(p);
  return res;
}

static int on_agreed(struct sftp_monitor *m, struct sftp_rd *r) {
  struct ssh_conn *c = m->c;

  if (sftp_agreed_read(c, r) != SFTP_OK) {
    return sftp_monitor_attacked(m, "malformed AGREED");
  }

  if (m->stage == STAGE_SIGNED) {
    m->stage = STAGE_KEYED;
    c->state.keyed = true;
    sftp_phase_enter(c, PH_SERVICE);
  }

  ftpd_keyed(c->ftpd);
  return SFTP_OK;
}

/* ---- Messages of the client */

static bool read_message(struct sftp_rd *r, struct sftp_pkt *pkt) {
  pkt->seqno = sftp_rd_u32(r);
  pkt->type = sftp_rd_u8(r);
  pkt->in = *r;
  return sftp_rd_ok(r) == SFTP_OK;
}

static bool is_request(uint8_t type) {
  return type == SSH_MSG_SERVICE_REQUEST ||
    type == SSH_MSG_USERAUTH_REQUEST ||
    type == SSH_MSG_USERAUTH_INFO_RESPONSE;
}

/* Its bytes are copied: a dialogue receives other messages meanwhile. */
static int on_request(struct sftp_monitor *m, struct sftp_rd *r) {
  struct ssh_conn *c = m->c;
  struct sftp_pkt pkt;
  struct sftp_str copy;
  pool *p;
  int res;

  if (m->owed || !read_message(r, &pkt) || !is_request(pkt.type)) {
    return sftp_monitor_attacked(m, "a request out of order");
  }

  m->owed = true;
  p = make_sub_pool(c->pool);
  pr_pool_tag(p, "SSH request");
  copy = sftp_str_copy(p, sftp_rd_rest(r));
  sftp_rd_init_str(&pkt.in, copy);
  res = sftp_conn_dispatch(c, &pkt);
  sftp_wipe((void *) copy.ptr, copy.len);
  destroy_pool(p);
  return res;
}

static int on_offer(struct sftp_monitor *m, struct sftp_rd *r) {
  struct sftp_pkt pkt;
  struct sftp_wr w;
  unsigned char verdict[4];
  int res;

  if (!m->offers || !read_message(r, &pkt) || is_request(pkt.type)) {
    return sftp_monitor_attacked(m, "an offer out of order");
  }

  res = ftpd_message(m->c->ftpd, &pkt);
  sftp_wr_init_fixed(&w, verdict, sizeof(verdict));
  sftp_wr_u32(&w, res < 0 ? 2 : (uint32_t) res);
  return sftp_monitor_answer(m, PAIR_VERDICT, &w);
}

static int on_invalid(struct sftp_monitor *m, struct sftp_rd *r) {
  struct sftp_pkt pkt;

  if (!read_message(r, &pkt)) {
    return sftp_monitor_attacked(m, "malformed INVALID");
  }

  ftpd_event(m->c->ftpd, "ssh2.invalid-packet", &pkt);
  return SFTP_OK;
}

/* ---- Reports */

/* Other modules act on commands: those of a key exchange only. */
static bool is_command(const char *name, const char *arg) {
  static const char *const names[] = { "KEXINIT", "NEWKEYS", "EXT_INFO",
    "DH_INIT", "ECDH_INIT", "DH_GEX_INIT", "DH_GEX_REQUEST",
    "DH_GEX_REQUEST_OLD", "KEXRSA_SECRET" };
  bool known = false;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    known |= strcmp(name, names[i]) == 0;
  }

  return known && (*arg == '\0' || strcmp(arg, "(data)") == 0);
}

static int on_command(struct sftp_monitor *m, struct sftp_rd *r) {
  pool *p = make_sub_pool(m->c->pool);
  const char *name = sftp_rd_text(r, p), *arg = sftp_rd_text(r, p);
  unsigned int class = sftp_rd_u8(r);
  bool ok = sftp_rd_bool(r);
  int res = SFTP_OK;

  if (sftp_rd_end(r) != SFTP_OK || !is_command(name, arg) ||
      class > FTPD_SSH_MISC) {
    res = sftp_monitor_attacked(m, "malformed COMMAND");

  } else {
    ftpd_ssh_cmd(m->c->ftpd, name, arg, (enum ftpd_ssh_class) class, ok);
  }

  destroy_pool(p);
  return res;
}

static int on_event(struct sftp_monitor *m, struct sftp_rd *r) {
  static const char *const events[] = {
    "mod_sftp.ssh2.kex.completed", "mod_sftp.ssh2.kex.failed",
    "mod_sftp.ssh.client-compression", "mod_sftp.ssh.server-compression"
  };
  struct sftp_str name = sftp_rd_string(r);
  size_t i;

  for (i = 0; i < SFTP_NELEMS(events); i++) {
    if (sftp_rd_end(r) == SFTP_OK && sftp_str_is(name, events[i])) {
      ftpd_event(m->c->ftpd, events[i], NULL);
      return SFTP_OK;
    }
  }

  return sftp_monitor_attacked(m, "malformed EVENT");
}

static int on_bytes(struct sftp_monitor *m, struct sftp_rd *r) {
  uint64_t in = sftp_rd_u64(r), out = sftp_rd_u64(r);

  if (sftp_rd_end(r) != SFTP_OK || in > BYTES_MAX || out > BYTES_MAX) {
    return sftp_monitor_attacked(m, "malformed BYTES");
  }

  ftpd_count_raw(m->c->ftpd, (size_t) in, (size_t) out);
  ftpd_active(m->c->ftpd, FTPD_ACTIVE_PACKET);
  return SFTP_OK;
}

/* Lines of one kind have a budget (log-budget.h): a kind is an address here. */
static const char *kind_of(uint32_t number) {
  static const char kinds[128];

  return &kinds[(number ^ number >> 7) % sizeof(kinds)];
}

static void write_line(enum sftp_pair_sink sink, uint32_t detail,
    uint32_t kind, const char *line) {
  switch (sink) {
    case SINK_LOG:
      ftpd_log_line(kind_of(kind), line);
      break;

    case SINK_WHY:
      ftpd_log_why_line(detail == WHY_MISSING ? WHY_MISSING : WHY_OBJECTION,
        line);
      break;

    case SINK_AUTH:             /* the monitor alone knows of logins */
      break;

    case SINK_TRACE:
      ftpd_trace_line((enum sftp_trace_channel) ((detail & 0xffff) %
        TRACE_NCHANNELS), (int) (detail >> 16 & 0xff), line);
      break;
  }
}

static int on_line(struct sftp_monitor *m, struct sftp_rd *r) {
  unsigned int sink = sftp_rd_u8(r);
  uint32_t detail = sftp_rd_u32(r), kind = sftp_rd_u32(r);
  struct sftp_str text = sftp_rd_string(r);
  char line[LINE_BYTES];

  if (sftp_rd_end(r) != SFTP_OK || sink > SINK_TRACE || sink == SINK_AUTH) {
    return sftp_monitor_attacked(m, "malformed LINE");
  }

  m->explained = m->explained || sink != SINK_TRACE;
  if (sink != SINK_TRACE && ++m->nlines > LINES_MAX) {
    return sftp_monitor_attacked(m, "too many lines for the log");
  }

  sftp_escape(line, sizeof(line), text.ptr, text.len);
  write_line((enum sftp_pair_sink) sink, detail, kind, line);
  return SFTP_OK;
}

/* ---- The end of the cell */

static int on_failed(struct sftp_monitor *m, struct sftp_rd *r) {
  struct ssh_conn *c = m->c;
  uint32_t err = sftp_rd_u32(r);
  const char *why = sftp_rd_text(r, c->pool);

  if (sftp_rd_end(r) != SFTP_OK || err == 0 || err >= (uint32_t) -SFTP_ERR_CELL)
  {
    return sftp_monitor_attacked(m, "malformed FAILED");
  }

  if (!m->explained) {
    sftp_log("disconnecting %s (%s)", ftpd_remote_ip(c->ftpd),
      sftp_printable(c->pool, why));
  }

  m->stage = STAGE_OVER;
  c->failure.told = true;
  return sftp_fail(c, -(int) err, "%s", why);
}

static int on_state(struct sftp_monitor *m, struct sftp_rd *r) {
  struct sftp_str state = sftp_rd_string(r);
  int res = sftp_rd_end(r);
  size_t i;

  if (res == SFTP_OK) {
    res = SFTP_ERR_DENIED;
  }

  for (i = NOFFERED; i-- > 0 && res == SFTP_ERR_DENIED; ) {
    struct sftp_rd in;

    sftp_rd_init_str(&in, state);
    res = sftp_handover_read(m->c, &m->offered[i], &in);
  }

  if (res != SFTP_OK) {
    return sftp_monitor_attacked(m, "not a state to take over: %s",
      sftp_strerror(res));
  }

  m->stage = STAGE_OVER;
  return SFTP_OK;
}

/* ---- The table */

struct question {
  const char *name;
  unsigned int stages;
  size_t max_len;               /* of its fields, in bytes */
  unsigned int max_count;       /* in one login */
  int (*run)(struct sftp_monitor *m, struct sftp_rd *r);
};

/* The numbers are far beyond what the budgets before a login (budget.c) let a
 * client cause.
 */
static const struct question questions[PAIR_LAST_OF_CELL + 1] = {
  [PAIR_HELLO] = { "HELLO", STAGE_BEGUN, HELLO_LEN_MAX, 1, on_hello },
  [PAIR_CLIENT] = { "CLIENT", STAGE_BEGUN, 512, 1, on_client },
  [PAIR_OBSERVED] = { "OBSERVED", STAGE_EXCHANGES, OBSERVED_LEN_MAX, 10,
    on_observed },
  [PAIR_TRANSCRIPT] = { "TRANSCRIPT", STAGE_EXCHANGES, SFTP_TRANSCRIPT_MAX, 10,
    on_transcript },
  [PAIR_GROUPS] = { "GROUPS", STAGE_EXCHANGES, 0, 10, on_groups },
  [PAIR_AGREED] = { "AGREED", STAGE_SIGNED|STAGE_KEYED, SFTP_AGREED_MAX, 10,
    on_agreed },
  [PAIR_REQUEST] = { "REQUEST", STAGE_KEYED, REQUEST_LEN_MAX, 1000,
    on_request },
  [PAIR_OFFER] = { "OFFER", STAGE_EXCHANGES, SFTP_PACKET_MAX, 2000, on_offer },
  [PAIR_COMMAND] = { "COMMAND", STAGE_ALIVE, 512, 2000, on_command },
  [PAIR_EVENT] = { "EVENT", STAGE_ALIVE, 128, 100, on_event },
  [PAIR_INVALID] = { "INVALID", STAGE_ALIVE, SFTP_PACKET_MAX, 10, on_invalid },
  [PAIR_BYTES] = { "BYTES", STAGE_ANY, 16, 100000, on_bytes },
  [PAIR_LINE] = { "LINE", STAGE_ANY, LINE_BYTES, 20000, on_line },
  [PAIR_FAILED] = { "FAILED", STAGE_ALIVE, 4096, 1, on_failed },
  [PAIR_STATE] = { "STATE", STAGE_RELEASED, SFTP_HANDOVER_MAX + 4, 1,
    on_state }
};

static const struct question *find_question(uint8_t type) {
  return type < SFTP_NELEMS(questions) && questions[type].run != NULL ?
    &questions[type] : NULL;
}

size_t sftp_monitor_max(uint8_t type) {
  const struct question *q = find_question(type);

  return q != NULL ? q->max_len : 0;
}

int sftp_monitor_serve(struct sftp_monitor *m, uint8_t type,
    struct sftp_rd *r) {
  const struct question *q = find_question(type);

  if (q == NULL || (q->stages & m->stage) == 0) {
    return sftp_monitor_attacked(m, "message %u (%s) out of order", type,
      q != NULL ? q->name : "unknown");
  }

  /* The client's steps: what is told of one does not explain the next. */
  if (type == PAIR_CLIENT || type == PAIR_REQUEST || type == PAIR_AGREED) {
    m->explained = false;
  }

  if (++m->count[type] > q->max_count) {
    return sftp_monitor_attacked(m, "too many %s messages", q->name);
  }

  return q->run(m, r);
}
