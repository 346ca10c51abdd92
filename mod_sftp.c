/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mod_sftp.c -- the module as the daemon sees it: its tables, its start in the
 * parent and in every session, and the loop that replaces the daemon's.
 */

#include "ftpd-abi.h"
#include "ftpd-board.h"
#include "ftpd-charset.h"
#include "ftpd-conf.h"
#include "ftpd-controls.h"
#include "ftpd-event.h"
#include "ftpd-isolate.h"
#include "ftpd-keystore.h"
#include "ftpd-log.h"
#include "ftpd-lost.h"
#include "ftpd-metrics.h"
#include "ftpd-path.h"
#include "ftpd-penalty.h"
#include "ftpd-place.h"
#include "ftpd-proxy.h"
#include "ftpd-record.h"
#include "ftpd-session.h"
#include "ftpd-startups.h"
#include "ftpd-tally.h"

#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>

#include "alg-table.h"
#include "conn-loop.h"
#include "messages.h"
#include "conn.h"
#include "crypto.h"
#include "ftpd-report.h"
#include "monitor.h"

/* ---- The loop */

/* The reason why the connection ended, as a reason of the daemon. */
static int disconnect_code(int err) {
  switch (err) {
    case SFTP_ERR_EOF:
    case SFTP_ERR_IO:
      return PR_SESS_DISCONNECT_CLIENT_EOF;

    case SFTP_ERR_CLOSED:
      return PR_SESS_DISCONNECT_CLIENT_QUIT;

    case SFTP_ERR_TIMEOUT:
      return PR_SESS_DISCONNECT_TIMEOUT;

    case SFTP_ERR_DENIED:
    case SFTP_ERR_TOOMANY:
      return PR_SESS_DISCONNECT_CONFIG_ACL;

    case SFTP_ERR_VERSION:
      return PR_SESS_DISCONNECT_BAD_PROTOCOL;

    default:
      return PR_SESS_DISCONNECT_BY_APPLICATION;
  }
}

/* A separate descriptor of the connection: the daemon closes its own before it
 * reports the end of the session, but the client should learn the reason.
 */
static int connection_fd(conn_t *conn) {
  int fd = fcntl(conn->rfd, F_DUPFD_CLOEXEC, 3), on = 1;

  if (fd < 0) {
    return conn->rfd;
  }

  (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

/* Serves the client: until its login through a cell, unless SFTPIsolation is
 * off.
 */
static int serve_client(struct ftpd *h, int fd) {
  int pair;

  if (!ftpd_isolate_wanted(h->server)) {
    ftpd_isolate_leave();
    return sftp_conn_run(h->conn);
  }

  pair = ftpd_isolate_cell(h, fd);
  return pair < 0 ? sftp_conn_finish(h->conn, SFTP_ERR_CELL) :
    sftp_monitor_run(h->conn, pair, ftpd_hook_wants_messages());
}

static void serve(server_rec *s, conn_t *conn) {
  struct ftpd *h = ftpd_current();
  int fd, err;

  (void) s;
  ftpd_trace_levels();
  ftpd_lines_watch(h);
  ftpd_charset_init(h);
  sftp_log("client (%s:%d) connected to server (%s:%d)",
    pr_netaddr_get_ipstr(conn->remote_addr), conn->remote_port,
    pr_netaddr_get_ipstr(conn->local_addr), conn->local_port);
  if (ftpd_proxy_via() != NULL) {
    sftp_log("forwarded by proxy %s", ftpd_proxy_via());
  }

  fd = connection_fd(conn);
  h->conn = sftp_conn_new(h->pool, fd, h->set, h);
  h->conn->services.rows = ftpd_exec_services(h->pool, h->conn->services.rows);
  err = serve_client(h, fd);
  h->keyed = false;

  ftpd_tally_end(err);

  /* Now, while others can still see whose connection this is. */
  if (!h->logged_in) {
    ftpd_penalty_failed(err);
    ftpd_event_stranger(h, err);
  }

  pr_session_disconnect(&sftp_module, disconnect_code(err),
    err == SFTP_ERR_EOF || err == SFTP_ERR_CLOSED ? NULL :
    h->conn->failure.why);
}

/* For handlers of other modules that require a login. */
static int is_logged_in(cmd_rec *cmd) {
  struct ftpd *h = ftpd_current();

  (void) cmd;
  return h != NULL && h->logged_in ? TRUE : FALSE;
}

/* ---- Initialization */

static void session_notes(struct ftpd *h) {
  conn_t *c = session.c;
  char text[512];

  ftpd_note(h, "SFTP_LIBRARY_VERSION", OpenSSL_version(OPENSSL_VERSION));

  snprintf(text, sizeof(text), "%.64s %d %.64s %d",
    pr_netaddr_get_ipstr(c->remote_addr), c->remote_port,
    pr_netaddr_get_ipstr(c->local_addr), c->local_port);
  ftpd_note(h, "SSH_CONNECTION", text);
}

static int sftp_sess_init(void) {
  struct ftpd *h;

  ftpd_lost_end();
  ftpd_metrics_end();
  ftpd_penalty_check();
  ftpd_record_enter();
  if (!ftpd_conf_engine(main_server)) {
    ftpd_isolate_leave();
    if (ftpd_record_on()) {
      ftpd_events_ftp();
    }

    if (!ftpd_penalty_watches()) {
      ftpd_board_close();
    }

    return 0;
  }

  ftpd_tally_session();
  ftpd_startups_enter();
  ftpd_log_open(main_server);
  h = ftpd_new(session.pool, main_server);

  if (h->set->nhost_keys == 0) {
    sftp_log("no available host keys, unable to handle session");
    errno = EACCES;
    return -1;
  }

  ftpd_crash_watch();
  ftpd_deadline_begin(h);
  ftpd_events_session(h);
  session_notes(h);

  /* No FTP on this connection: no responses, no data port, no "220". */
  session.data_port = 0;
  pr_response_block(TRUE);
  (void) pr_session_set_protocol("ssh2");
  set_auth_check(is_logged_in);
  pr_cmd_set_handler(serve);
  return 0;
}

/* This restricts the offer.  OpenSSL is responsible for a validated
 * implementation, by its fips provider and configuration.
 */
static void fips(void) {
  bool demanded = pr_define_exists("SFTP_USE_FIPS");

  if (demanded) {
    sftp_crypto_set_fips(true);
  }

  if (demanded && !sftp_crypto_has_fips()) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION ": SFTP_USE_FIPS: only "
      "approved algorithms are offered, but OpenSSL's fips provider is not "
      "active: their implementation is not validated");

  } else if (sftp_crypto_fips()) {
    pr_log_pri(PR_LOG_NOTICE, MOD_SFTP_VERSION
      ": only approved algorithms are offered (%s), implemented by OpenSSL's "
      "fips provider", demanded ? "SFTP_USE_FIPS" : "OpenSSL's configuration");
  }
}

static int sftp_init(void) {
  unsigned long built = OPENSSL_VERSION_NUMBER, here = OpenSSL_version_num();

  ftpd_abi_init();

  if (built >> 28 != here >> 28) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": compiled against %s, but running with %s", OPENSSL_VERSION_TEXT,
      OpenSSL_version(OPENSSL_VERSION));
  }

  if (sftp_crypto_init() != SFTP_OK) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": unable to use libcrypto: %s",
      sftp_crypto_errors(sftp_pool));
    errno = EPERM;
    return -1;
  }

  sftp_alg_prefetch();
  fips();
  ftpd_keystore_init();
  ftpd_files_init();
  ftpd_controls_init();
  ftpd_place_init();
  return ftpd_penalty_init() < 0 ? -1 : ftpd_events_master();
}

SFTP_EXPORT module sftp_module = {
  NULL, NULL,
  0x20,                         /* module API version */
  "sftp",
  sftp_conftab,
  ftpd_hooks,                   /* commands: none of FTP's own */
  NULL,                         /* authentication handlers */
  sftp_init,
  sftp_sess_init,
  MOD_SFTP_VERSION,
  NULL,                         /* handle */
  0                             /* priority */
};
