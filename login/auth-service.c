/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-service.c -- SERVICE_REQUEST and the banner. */

#include "auth-method.h"
#include "auth-state.h"
#include "ftpd-report.h"

/* Maximum size of the banner. */
#define BANNER_MAX 65536

/* ---- Services (RFC 4253, section 10) */

static int accept_service(struct ssh_conn *c, struct sftp_str name) {
  struct sftp_wr *w = sftp_packet_begin(c->pkts, SSH_MSG_SERVICE_ACCEPT,
    5 + name.len);

  sftp_wr_str(w, name);
  return sftp_packet_end(c->pkts);
}

int sftp_on_service_request(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_str name = sftp_rd_string(r);
  char text[4 * SFTP_AUTH_NAME_MAX + 1];
  int res = sftp_rd_end(r);
  bool ok;

  if (res != SFTP_OK) {
    return sftp_fail(c, res, "SERVICE_REQUEST is malformed");
  }

  /* Each is a line of ExtendedLog, and other modules may act on it. */
  res = sftp_budget_use(c, BUDGET_SERVICES, 1);
  if (res != SFTP_OK) {
    return res;
  }

  sftp_escape(text, sizeof(text), name.ptr, name.len);
  ok = c->state.authenticated ? sftp_str_is(name, "ssh-connection") :
    sftp_str_is(name, "ssh-userauth");
  if (c->state.authenticated && sftp_str_is(name, "ssh-userauth")) {
    /* Twisted requests the service again after each rekey.  This is ignored, as
     * a login would be (RFC 4252, section 5.1).
     */
    return SFTP_OK;
  }

  ftpd_ssh_cmd(c->ftpd, "SERVICE_REQUEST", text, FTPD_SSH_MISC, ok);
  if (!ok) {
    return sftp_fail(c, SFTP_ERR_SERVICE, "service '%s' is not available%s",
      text, c->state.authenticated ? "" : " before login");
  }

  res = accept_service(c, name);
  if (res != SFTP_OK) {
    return sftp_fail(c, res, "cannot send SERVICE_ACCEPT");
  }

  if (!c->state.authenticated) {
    sftp_phase_enter(c, PH_AUTH);
  }

  return SFTP_OK;
}

/* ---- Banner (RFC 4252, section 5.4) */

/* Every line end becomes CR LF; the last line gets one, too. */
static size_t put_lines(char *to, const char *text) {
  size_t n = 0;

  for (; *text != '\0'; text++) {
    if (*text == '\n' || (*text == '\r' && text[1] != '\n')) {
      to[n++] = '\r';
      to[n++] = '\n';

    } else if (*text != '\r') {
      to[n++] = *text;
    }
  }

  if (n < 2 || to[n - 1] != '\n') {
    to[n++] = '\r';
    to[n++] = '\n';
  }

  return n;
}

int sftp_auth_banner(struct ssh_conn *c, const char *text) {
  size_t len = strlen(text);
  struct sftp_wr *w;
  pool *p;
  char *lines;
  int res;

  if (c->state.authenticated) {
    return SFTP_OK;             /* RFC 4252, section 5.4: only before */
  }

  if (len > BANNER_MAX) {
    return SFTP_ERR_LIMIT;
  }

  p = make_sub_pool(c->pool);
  lines = palloc(p, 2 * len + 2);
  len = put_lines(lines, text);
  w = sftp_packet_begin(c->pkts, SSH_MSG_USERAUTH_BANNER, len + 16);
  sftp_wr_string(w, lines, len);
  sftp_wr_text(w, "");          /* language tag */
  res = sftp_packet_end(c->pkts);
  destroy_pool(p);
  return res;
}
