/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-session.c -- one session as ProFTPD sees it: its start, counters, notes,
 * protocol.
 */

#include "ftpd-abi.h"
#include "ftpd-clock.h"
#include "ftpd-conf.h"
#include "ftpd-lines.h"
#include "ftpd-live.h"
#include "ftpd-session.h"
#include "ftpd-tally.h"

#include "conn.h"
#include "disconnect.h"
#include "ftpd-report.h"
#include "ftpd-user.h"
#include "ssh2.h"

static pr_fh_t *open_display_login(server_rec *s) {
  const char *path = get_param_ptr(s->conf, "DisplayLogin", FALSE);
  struct stat st;
  pr_fh_t *fh;

  /* A relative path starts from the directory after the login. */
  if (path == NULL || *path != '/') {
    return NULL;
  }

  fh = pr_fsio_open(path, O_RDONLY);
  if (fh != NULL && (pr_fsio_fstat(fh, &st) < 0 || !S_ISREG(st.st_mode))) {
    (void) pr_fsio_close(fh);
    fh = NULL;
  }

  if (fh == NULL) {
    sftp_log("unable to open DisplayLogin file '%s'", path);
  }

  return fh;
}

/* The daemon has noted the time by the clock; looking up the client's name may
 * have taken a while since.
 */
static uint64_t connected_ms(void) {
  uint64_t now = 0, ago;

  pr_gettimeofday_millis(&now);
  ago = now > session.connect_time_ms ? now - session.connect_time_ms : 0;
  now = ftpd_now_ms();
  return ago < now ? now - ago : 0;
}

struct ftpd *ftpd_new(pool *p, server_rec *s) {
  struct ftpd *h = pcalloc(p, sizeof(struct ftpd));

  h->pool = p;
  h->server = s;
  h->remote_ip = pstrdup(p, pr_netaddr_get_ipstr(session.c->remote_addr));
  ftpd_clock_begin();
  h->begun_ms = connected_ms();
  h->wants_poll = h->wants_io = h->wants_adjusts = -1;
  h->forced_umask = -1;
  h->set = ftpd_conf_settings(p, s);
  h->display_login = open_display_login(s);
  ftpd_set_current(h);
  ftpd_live_begin(h);
  ftpd_abi_publish(h);
  return h;
}

/* ---- Counters, notes, protocol */

static void io_event(const char *name, size_t n) {
  int bytes = n < INT_MAX ? (int) n : INT_MAX;

  if (bytes > 0) {
    pr_event_generate(name, &bytes);
  }
}

void ftpd_count_raw(struct ftpd *h, size_t in, size_t out) {
  session.total_raw_in += (off_t) in;
  session.total_raw_out += (off_t) out;
  ftpd_tally(TALLY_WIRE_BYTES, TALLY_IN, 0, in);
  ftpd_tally(TALLY_WIRE_BYTES, TALLY_OUT, 0, out);

  if (h->wants_io < 0) {
    h->wants_io = pr_event_listening("ssh2.netio-read") > 0 ||
      pr_event_listening("ssh2.netio-write") > 0;
  }

  if (h->wants_io == 1) {
    io_event("ssh2.netio-read", in);
    io_event("ssh2.netio-write", out);
  }
}

/* Environment and notes are for records, and for programs that write some:
 * without control characters. setenv(3) copies; the host needs a pool for its
 * own work.
 */

void ftpd_env(struct ftpd *h, const char *name, const char *value) {
  pool *p = make_sub_pool(h->pool);

  pr_pool_tag(p, "SSH environment");
  if (pr_env_set(p, name, sftp_printable(p, value)) < 0) {
    SFTP_TRACE(TRACE_SSH2, 3, "unable to set %s: %s", name, strerror(errno));
  }

  destroy_pool(p);
}

/* The value of a note belongs to this module and has room for a new one: the
 * daemon's table stores the address, and its own copies would last as long as
 * the session.
 */
struct ftpd_note {
  struct ftpd_note *next;
  const char *name;
  char *value;
  size_t size;
};

static struct ftpd_note *find_note(struct ftpd *h, const char *name) {
  struct ftpd_note *n;

  for (n = h->notes; n != NULL && strcmp(n->name, name) != 0; n = n->next) {
    ;
  }

  if (n == NULL) {
    n = pcalloc(h->pool, sizeof(*n));
    n->name = pstrdup(h->pool, name);
    n->next = h->notes;
    h->notes = n;
  }

  return n;
}

static void set_note(struct ftpd *h, const char *name, const char *value) {
  struct ftpd_note *n = find_note(h, name);
  size_t len = strlen(value) + 1;

  if (len > n->size) {
    n->size = n->size > 0 ? 2 * len : len;
    n->value = palloc(h->pool, n->size);
  }

  memcpy(n->value, value, len);
  if (pr_table_set(session.notes, n->name, n->value, len) < 0) {
    (void) pr_table_add(session.notes, n->name, n->value, len);
  }
}

void ftpd_note(struct ftpd *h, const char *name, const char *value) {
  const char *old = pr_table_get(session.notes, name, NULL);

  pool *p = make_sub_pool(h->pool);

  pr_pool_tag(p, "SSH note");
  value = sftp_printable(p, value);

  /* After a rekey most of them are unchanged. */
  if (old == NULL || strcmp(old, value) != 0) {
    set_note(h, name, value);
    ftpd_env(h, name, value);
  }

  destroy_pool(p);
}

/* The daemon's own function copies the text permanently, so it is only used the
 * first time.
 */
static int tell_protocol(const struct ftpd *h, const char *protocol) {
  if (h->protocol == NULL) {
    return pr_session_set_protocol(protocol);
  }

  if (pr_table_set(session.notes, "protocol", protocol,
      strlen(protocol) + 1) < 0) {
    return -1;
  }

  (void) pr_scoreboard_entry_update(session.pid, PR_SCORE_PROTOCOL, protocol,
    NULL);
  return 0;
}

void ftpd_set_protocol(struct ftpd *h, const char *protocol) {
  if ((h->protocol == NULL || strcmp(h->protocol, protocol) != 0) &&
      tell_protocol(h, protocol) < 0) {
    SFTP_TRACE(TRACE_SSH2, 3, "unable to set protocol '%s': %s", protocol,
      strerror(errno));
  }

  h->protocol = protocol;
  ftpd_live_changed(h);

  /* The daemon's POST_CMD of PASS has selected text transfers, as in FTP. */
  session.sf_flags &= ~(SF_ASCII|SF_ASCII_OVERRIDE);
}

void ftpd_sftp_version(struct ftpd *h, unsigned int version) {
  (void) h;
  ftpd_live_version(version);
}

void ftpd_serving(struct ftpd *h, const char *service) {
  h->serving = strcmp(service, "exec") != 0 ? service : NULL;
}

void ftpd_protocol_settle(struct ftpd *h) {
  if (h->serving != NULL && h->serving != h->protocol) {
    ftpd_set_protocol(h, h->serving);
  }
}

void ftpd_keyed(struct ftpd *h) {
  ftpd_tally_keyed(h->keyed);
  h->keyed = true;
  ftpd_live_changed(h);
  ftpd_abi_publish(h);
}

const char *ftpd_remote_ip(struct ftpd *h) {
  return h->remote_ip;
}

void ftpd_disconnect(unsigned int reason, const char *text) {
  struct ftpd *h = ftpd_current();

  if (h != NULL && h->conn != NULL && h->keyed) {
    sftp_disconnect(h->conn, reason, text);
  }
}
