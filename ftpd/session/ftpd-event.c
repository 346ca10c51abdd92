/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-event.c -- events of the host and of other modules that end a session or
 * mark stages in the life of the server, and events that this module generates.
 */

#include "ftpd-abi.h"
#include "ftpd-board.h"
#include "ftpd-conf.h"
#include "ftpd-confine.h"
#include "ftpd-controls.h"
#include "ftpd-event.h"
#include "ftpd-hidden.h"
#include "ftpd-hostkeys.h"
#include "ftpd-isolate.h"
#include "ftpd-kept.h"
#include "ftpd-live.h"
#include "ftpd-log.h"
#include "ftpd-lost.h"
#include "ftpd-message.h"
#include "ftpd-metrics.h"
#include "ftpd-openfile.h"
#include "ftpd-penalty.h"
#include "ftpd-proxy.h"
#include "ftpd-record.h"
#include "ftpd-scan.h"
#include "ftpd-session.h"
#include "ftpd-startups.h"
#include "ftpd-tally.h"

#include "channel.h"
#include "conn.h"
#include "crypto.h"
#include "disconnect.h"
#include "ftpd-report.h"
#include "ftpd-user.h"
#include "ssh2.h"

/* ---- Ours */

static void invalid_packet(struct ftpd *h, const struct sftp_pkt *pkt) {
  pool *p;

  if (pr_event_listening("ssh2.invalid-packet") <= 0) {
    return;
  }

  p = make_sub_pool(h->pool);
  pr_event_generate("ssh2.invalid-packet", ftpd_hook_packet(p, pkt));
  destroy_pool(p);
}

void ftpd_event(struct ftpd *h, const char *name, const void *data) {
  if (strcmp(name, "ssh2.invalid-packet") == 0) {
    invalid_packet(h, data);
    return;
  }

  ftpd_abi_publish(h);
  pr_event_generate(name, data);

  /* One is documented; mod_snmp listens to the other. */
  if (strcmp(name, "mod_sftp.ssh.client-compression") == 0) {
    pr_event_generate("mod_sftp.ssh2.client-compression", data);

  } else if (strcmp(name, "mod_sftp.ssh.server-compression") == 0) {
    pr_event_generate("mod_sftp.ssh2.server-compression", data);
  }
}

/* The event that the core generates when an FTP client speaks another protocol.
 */
static void bad_protocol(struct ftpd *h) {
  pool *p = make_sub_pool(h->pool);
  cmd_rec *cmd = pr_cmd_alloc(p, 1, pstrdup(p, "unknown"));

  cmd->is_ftp = FALSE;
  cmd->protocol = "unknown";
  pr_event_generate("core.bad-protocol", cmd);
  destroy_pool(p);
}

void ftpd_event_stranger(struct ftpd *h, int err) {
  switch (err) {
    case SFTP_ERR_SHORT:
    case SFTP_ERR_EXTRA:
    case SFTP_ERR_FORMAT:
    case SFTP_ERR_LIMIT:
    case SFTP_ERR_MAC:
    case SFTP_ERR_ORDER:
    case SFTP_ERR_VERSION:
    case SFTP_ERR_BUDGET:
      bad_protocol(h);
      break;

    default:
      break;
  }

  if (!h->tried) {
    ftpd_event(h, "mod_sftp.ssh2.no-authentication", NULL);
  }
}

/* ---- The life of the server */

static void on_connect(const void *data, void *user_data) {
  conn_t *conn = (conn_t *) data;

  (void) user_data;
  ftpd_proxy_connect(conn);
  ftpd_penalty_connect(conn);
}

/* The last registered listener is called first, and others must see the
 * client's address.
 */
static void connect_first(void) {
  (void) pr_event_unregister(&sftp_module, "core.connect", on_connect);
  if (pr_event_register(&sftp_module, "core.connect", on_connect, NULL) < 0) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION
      ": unable to listen to connections: %s", strerror(errno));
  }
}

static void end_start(const char *why) {
  pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": %s", why);
  session.disconnect_reason = PR_SESS_DISCONNECT_BAD_CONFIG;
  session.disconnect_module = &sftp_module;
  pr_session_end(PR_SESS_END_FL_ERROR);
}

static void on_postparse(const void *data, void *user_data) {
  const char *why;

  (void) data;
  (void) user_data;

  /* The daemon would crash: it has dropped a server whose name it cannot
   * resolve.
   */
  if (main_server == NULL) {
    end_start("the main server has no address: set DefaultAddress, or put the "
      "name of this machine into /etc/hosts");
  }

  ftpd_log_system();

  if (ftpd_conf_check() + ftpd_record_check(main_server->pool) > 0) {
    end_start("the server does not start with this configuration");
  }

  why = ftpd_isolate_check(main_server->pool);
  if (why != NULL) {
    end_start(why);
  }

  connect_first();
  ftpd_confine_check();
  ftpd_isolate_restart();
  ftpd_penalty_start();
  ftpd_startups_start();
  ftpd_controls_start();
  ftpd_record_restart();
  ftpd_lost_restart();
  ftpd_metrics_restart();
  ftpd_hidden_init();
}

/* The daemon has gone to the background, if it does. */
static void on_startup(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
  ftpd_kept_settle();
  ftpd_board_tell();
  ftpd_isolate_start();
  ftpd_record_start();
  ftpd_lost_start();
  ftpd_metrics_start();
}

static void on_shutdown(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
  ftpd_isolate_stop();
  ftpd_hostkeys_free();
  ftpd_kept_free();
  ftpd_log_close();
  sftp_crypto_free();
}

#ifdef PR_SHARED_MODULE
static void on_module_unload(const void *data, void *user_data) {
  (void) user_data;

  if (strcmp(data, "mod_sftp.c") == 0) {
    pr_event_unregister(&sftp_module, NULL, NULL);
    ftpd_controls_end();
    ftpd_isolate_stop();
    ftpd_record_stop();
    ftpd_lost_end();
    ftpd_metrics_end();
    ftpd_hostkeys_free();
    ftpd_log_close();
    sftp_crypto_free();
    pr_response_block(FALSE);
  }
}
#endif

/* ---- The end of a session */

/* user_data: the text for the client, who hears nothing without keys. */
static void on_timeout(const void *data, void *user_data) {
  const struct ftpd *h = ftpd_current();

  (void) data;
  if (h != NULL && h->conn != NULL && !h->keyed) {
    sftp_log("disconnecting %s (%s)", h->remote_ip, (const char *) user_data);
  }

  ftpd_disconnect(SSH_DISCONNECT_BY_APPLICATION, user_data);
}

static void on_ban(const void *data, void *user_data) {
  struct ftpd *h = ftpd_current();
  const char *message = get_param_ptr(main_server->conf, "BanMessage", FALSE);
  char text[512];

  (void) data;
  if (h == NULL) {
    return;
  }

  if (message != NULL) {
    ftpd_disconnect(SSH_DISCONNECT_BY_APPLICATION, sreplace(h->pool, message,
      "%a", ftpd_remote_ip(h),
      "%c", session.conn_class != NULL ? session.conn_class->cls_name : "",
      "%h", session.c->remote_name,
      "%u", h->user != NULL ? h->user : "", NULL));
    return;
  }

  if (strcmp(user_data, "user") == 0) {
    snprintf(text, sizeof(text), "User %s has been banned",
      h->user != NULL ? h->user : "");

  } else if (strcmp(user_data, "host") == 0) {
    snprintf(text, sizeof(text), "Host %s has been banned",
      ftpd_remote_ip(h));

  } else {
    snprintf(text, sizeof(text), "Banned");
  }

  ftpd_disconnect(SSH_DISCONNECT_BY_APPLICATION, text);
}

/* The text that FTP would have sent: the client gets it in DISCONNECT or,
 * before the first key exchange, as a line before the server's version.
 */
static void tell_reason(unsigned int reason, const char *text) {
  struct ftpd *h = ftpd_current();
  const char *line;

  if (h != NULL && h->keyed) {
    ftpd_disconnect(reason, text);
    return;
  }

  if (session.c == NULL) {
    return;
  }

  line = pstrcat(session.pool, text, "\r\n", NULL);
  if (write(session.c->wfd, line, strlen(line)) < 0) {
    sftp_log("unable to send the client '%s': %s", text, strerror(errno));
  }
}

/* Limits of the host: the event when one is exceeded, and the directive, which
 * may contain a text for the client.
 */
static struct limit {
  const char *event, *directive;
  unsigned int max;             /* its position in the record; a class comes
                                 * before it */
} limits[] = {
  { "mod_auth.max-clients", "MaxClients", 0 },
  { "mod_auth.max-clients-per-class", "MaxClientsPerClass", 1 },
  { "mod_auth.max-clients-per-host", "MaxClientsPerHost", 0 },
  { "mod_auth.max-clients-per-user", "MaxClientsPerUser", 0 },
  { "mod_auth.max-connections-per-host", "MaxConnectionsPerHost", 0 },
  { "mod_auth.max-hosts-per-user", "MaxHostsPerUser", 0 }
};

static config_rec *limit_record(const struct limit *l) {
  config_rec *c = find_config(TOPLEVEL_CONF, CONF_PARAM, l->directive, FALSE);

  while (c != NULL && l->max > 0 && (session.conn_class == NULL ||
      strcmp(c->argv[0], session.conn_class->cls_name) != 0)) {
    c = find_config_next(c, c->next, CONF_PARAM, l->directive, FALSE);
  }

  return c;
}

static void on_too_many(const void *data, void *user_data) {
  const struct limit *l = user_data;
  config_rec *c = limit_record(l);
  const char *text = "Maximum connections for host/user reached";
  char max[16];

  (void) data;
  if (c != NULL && c->argc > l->max + 1 && c->argv[l->max + 1] != NULL) {
    snprintf(max, sizeof(max), "%u", *((unsigned int *) c->argv[l->max]));
    text = sreplace(session.pool, c->argv[l->max + 1], "%m", max, NULL);
  }

  tell_reason(SSH_DISCONNECT_TOO_MANY_CONNECTIONS, text);
}

/* mod_wrap and mod_wrap2 refuse before the first key exchange, too. */
static void on_wrap_denied(const void *data, void *user_data) {
  struct ftpd *h = ftpd_current();
  const char *text, *user;

  (void) data;
  (void) user_data;
  if (!ftpd_conf_engine(main_server)) {
    return;
  }

  user = h != NULL && h->user != NULL ? h->user :
    pr_table_get(session.notes, "mod_auth.orig-user", NULL);
  text = get_param_ptr(main_server->conf, "WrapDenyMsg", FALSE);
  text = text != NULL ? sreplace(session.pool, text, "%u",
    user != NULL ? user : "unknown", NULL) : "Access denied";

  tell_reason(SSH_DISCONNECT_BY_APPLICATION, text);
  pr_response_block(TRUE);
}

static void on_chroot(const void *data, void *user_data) {
  const char *path = data;

  (void) user_data;
  (void) pr_table_remove(session.notes, "mod_sftp.chroot-path", NULL);
  if (path != NULL &&
      pr_table_add_dup(session.notes, "mod_sftp.chroot-path", path, 0) < 0) {
    SFTP_TRACE(TRACE_SSH2, 3, "unable to keep the chroot path: %s",
      strerror(errno));
  }
}

/* Process id of the daemon. */
static pid_t master;

#define MASTER_ENDS_MS 250
#define STEP_MS 10

/* A signal ends one session, which is kicked, or all sessions when the daemon
 * ends: the daemon then ends itself right after sending them.
 */
static bool master_ends(void) {
  static const struct timespec step = { 0, STEP_MS * 1000000L };
  int ms;

  for (ms = 0; ms < MASTER_ENDS_MS && getppid() == master; ms += STEP_MS) {
    (void) nanosleep(&step, NULL);
  }

  return getppid() != master;
}

static const char *why_ended(struct ftpd *h) {
  const char *reason = ftpd_live_ending(h->pool);

  if (reason != NULL) {
    sftp_log("ended by ftpdctl: %s", *reason != '\0' ? reason : "no reason");
    return *reason == '\0' ? "disconnected by the administrator" :
      pstrcat(h->pool, "disconnected by the administrator: ", reason, NULL);
  }

  switch (session.disconnect_reason) {
    case PR_SESS_DISCONNECT_SERVER_SHUTDOWN:
    case PR_SESS_DISCONNECT_SIGNAL:
      return master_ends() ? "server is shutting down" :
        "disconnected by the administrator";

    default:
      return "session ended by the server";
  }
}

/* The daemon ends the session: open transfers are aborted, so that they appear
 * in the logs and leave nothing behind.
 */
static void on_exit_session(const void *data, void *user_data) {
  struct ftpd *h = ftpd_current();

  (void) data;
  (void) user_data;
  if (h == NULL || h->ended) {
    return;
  }

  h->ended = true;
  if (h->asking != NULL) {
    sftp_log("%s failed, and ended the session (see SQLLogFile, and SQLOptions "
      "noDisconnectOnError)", h->asking);
  }

  ftpd_deadline_end();          /* the login does not hang */
  ftpd_disconnect(SSH_DISCONNECT_BY_APPLICATION, why_ended(h));
  h->keyed = false;

  if (h->conn != NULL) {
    sftp_channels_close_all(h->conn);
  }

  ftpd_abort_all(h);
  ftpd_tally_ended();
  ftpd_board_ended();
  (void) ftpd_log_tell_missing(true);
  if (h->conn != NULL) {
    sftp_disconnect_linger(h->conn);
  }
}

static void on_exit_before(const void *data, void *user_data) {
  on_exit_session(data, user_data);
}

/* The last registered listener is called first. */
void ftpd_event_exit_first(void) {
  (void) pr_event_register(&sftp_module, "core.exit", on_exit_before, NULL);
}

static void ignore(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
}

/* For each line and each trace message, written or not, the daemon asks whether
 * somebody listens: a hundred times for each file, in a list of all names.  The
 * last name comes first, and stays there without a handler.
 */
void ftpd_event_log_first(void) {
  static const char *const events[] = { "core.log.syslog",
    "core.log.systemlog", "core.log.tracelog" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(events); i++) {
    if (pr_event_listening(events[i]) <= 0) {
      (void) pr_event_register(&sftp_module, events[i], ignore, NULL);
      (void) pr_event_unregister(&sftp_module, events[i], ignore);
    }
  }
}

void ftpd_event_chroot_only(void) {
  (void) pr_event_unregister(NULL, NULL, NULL);
  (void) pr_event_register(&sftp_module, "core.chroot", on_chroot, NULL);
}

int ftpd_events_master(void) {
  static char ban_class[] = "class", ban_host[] = "host", ban_user[] = "user";
  static const struct {
    const char *event;
    void (*run)(const void *, void *);
    void *user_data;
  } events[] = {
    { "core.postparse", on_postparse, NULL },
    { "core.startup", on_startup, NULL },
    { "core.shutdown", on_shutdown, NULL },
#ifdef PR_SHARED_MODULE
    { "core.module-unload", on_module_unload, NULL },
#endif
    { "core.timeout-login", on_timeout, "login timeout reached" },
    { "core.timeout-idle", on_timeout, "idle timeout reached" },
    { "core.timeout-no-transfer", on_timeout, "no transfer timeout reached" },
    { "core.timeout-stalled", on_timeout, "data stalled timeout reached" },
    { "core.timeout-session", on_timeout, "session timeout reached" },
    { "mod_ban.ban-class", on_ban, ban_class },
    { "mod_ban.ban-host", on_ban, ban_host },
    { "mod_ban.ban-user", on_ban, ban_user },
    { "mod_wrap.connection-denied", on_wrap_denied, NULL }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(events); i++) {
    if (pr_event_register(&sftp_module, events[i].event, events[i].run,
        events[i].user_data) < 0) {
      return -1;
    }
  }

  return 0;
}

void ftpd_events_ftp(void) {
  (void) pr_event_register(&sftp_module, "core.chroot", on_chroot, NULL);
}

void ftpd_events_session(struct ftpd *h) {
  size_t i;

  (void) h;
  master = getppid();
  for (i = 0; i < SFTP_NELEMS(limits); i++) {
    (void) pr_event_register(&sftp_module, limits[i].event,
      on_too_many, &limits[i]);
  }

  ftpd_scan_init();
  ftpd_message_init();
  (void) pr_event_register(&sftp_module, "core.chroot", on_chroot, NULL);
  (void) pr_event_register(&sftp_module, "core.exit", on_exit_session, NULL);
}
