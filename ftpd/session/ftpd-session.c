/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-session.c -- one session as ProFTPD sees it: its beginning, counters,
 * notes, protocol.
 */

#include "ftpd-abi.h"
#include "ftpd-conf.h"
#include "ftpd-session.h"

#include "conn.h"
#include "ftpd-report.h"
#include "ftpd-user.h"
#include "ssh2.h"

static pr_fh_t *open_display_login(server_rec *s) {
  const char *path = get_param_ptr(s->conf, "DisplayLogin", FALSE);
  struct stat st;
  pr_fh_t *fh;

  /* A relative one is looked for where the login lands. */
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

struct ftpd *ftpd_new(pool *p, server_rec *s) {
  struct ftpd *h = pcalloc(p, sizeof(struct ftpd));

  h->pool = p;
  h->server = s;
  h->remote_ip = pstrdup(p, pr_netaddr_get_ipstr(session.c->remote_addr));
  h->wants_poll = h->wants_io = -1;
  h->forced_umask = -1;
  h->set = ftpd_conf_settings(p, s);
  h->display_login = open_display_login(s);
  ftpd_set_current(h);
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

  if (h->wants_io < 0) {
    h->wants_io = pr_event_listening("ssh2.netio-read") > 0 ||
      pr_event_listening("ssh2.netio-write") > 0;
  }

  if (h->wants_io == 1) {
    io_event("ssh2.netio-read", in);
    io_event("ssh2.netio-write", out);
  }
}

void ftpd_env(struct ftpd *h, const char *name, const char *value) {
  if (pr_env_set(h->pool, name, value) < 0) {
    SFTP_TRACE(TRACE_SSH2, 3, "unable to set %s: %s", name, strerror(errno));
  }
}

void ftpd_note(struct ftpd *h, const char *name, const char *value) {
  const char *old = pr_table_get(session.notes, name, NULL);

  /* After a rekey most of them are what they were. */
  if (old != NULL && strcmp(old, value) == 0) {
    return;
  }

  if (old != NULL) {
    (void) pr_table_remove(session.notes, name, NULL);
  }

  (void) pr_table_add_dup(session.notes, pstrdup(h->pool, name), value, 0);
  ftpd_env(h, name, value);
}

void ftpd_set_protocol(struct ftpd *h, const char *protocol) {
  (void) h;
  if (pr_session_set_protocol(protocol) < 0) {
    SFTP_TRACE(TRACE_SSH2, 3, "unable to set protocol '%s': %s", protocol,
      strerror(errno));
  }

  /* The host's POST_CMD PASS made text transfers the rule, as FTP has it. */
  session.sf_flags &= ~(SF_ASCII|SF_ASCII_OVERRIDE);
}

void ftpd_keyed(struct ftpd *h) {
  h->keyed = true;
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
