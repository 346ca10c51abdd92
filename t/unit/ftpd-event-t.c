/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-event-t.c -- events of the daemon: what begins and ends with it, and
 * what clients are told at the end of a session.
 */

#include "daemon.h"

#include "channel.h"
#include "conn.h"
#include "crypto.h"
#include "disconnect.h"
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
#include "ftpd-report.h"
#include "ftpd-scan.h"
#include "ftpd-startups.h"
#include "ftpd-tally.h"
#include "ftpd-user.h"
#include "ssh2.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

#include <setjmp.h>
#include <time.h>
#include <unistd.h>

module sftp_module;

static pool *p;
static struct ssh_conn conn;
static server_rec server;
static struct ftpd ftpd, *current;

/* ---- What happened, each a word */

static char seen[2000];

static void saw(const char *fmt, ...) SFTP_PRINTF(1, 2);

static void saw(const char *fmt, ...) {
  size_t n = strlen(seen);
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(seen + n, sizeof(seen) - n, fmt, ap);
  va_end(ap);
  n = strlen(seen);
  snprintf(seen + n, sizeof(seen) - n, ";");
}

static void happened(const char *want, const char *what) {
  is_str(seen, want, "%s", what);
  seen[0] = '\0';
}

#define SEEN(name) \
  void name(void) { \
    saw("%s", &#name[sizeof("ftpd_") - 1]); \
  }

SEEN(ftpd_log_system)
SEEN(ftpd_confine_check)
SEEN(ftpd_isolate_restart)
SEEN(ftpd_penalty_start)
SEEN(ftpd_startups_start)
SEEN(ftpd_controls_start)
SEEN(ftpd_record_restart)
SEEN(ftpd_lost_restart)
SEEN(ftpd_metrics_restart)
SEEN(ftpd_hidden_init)
SEEN(ftpd_kept_settle)
SEEN(ftpd_board_tell)
SEEN(ftpd_isolate_start)
SEEN(ftpd_record_start)
SEEN(ftpd_lost_start)
SEEN(ftpd_metrics_start)
SEEN(ftpd_isolate_stop)
SEEN(ftpd_hostkeys_free)
SEEN(ftpd_kept_free)
SEEN(ftpd_log_close)
SEEN(ftpd_controls_end)
SEEN(ftpd_record_stop)
SEEN(ftpd_lost_end)
SEEN(ftpd_metrics_end)
SEEN(ftpd_deadline_end)
SEEN(ftpd_tally_ended)
SEEN(ftpd_board_ended)
SEEN(ftpd_scan_init)
SEEN(ftpd_message_init)

/* ---- Of the daemon */

static struct {
  const char *event;
  void (*run)(const void *, void *);
  void *user_data;
} listeners[40];

static unsigned int nlisteners, most = SFTP_NELEMS(listeners);
static const char *heard;       /* an event that others listen to */

int pr_event_register(module *m, const char *event,
    void (*run)(const void *, void *), void *user_data) {
  (void) m;
  if (nlisteners >= most) {
    errno = ENOSPC;
    return -1;
  }

  listeners[nlisteners].event = event;
  listeners[nlisteners].user_data = user_data;
  listeners[nlisteners++].run = run;
  return 0;
}

int pr_event_unregister(module *m, const char *event,
    void (*run)(const void *, void *)) {
  unsigned int i, n = 0;

  (void) m;
  for (i = 0; i < nlisteners; i++) {
    if ((event != NULL && strcmp(listeners[i].event, event) != 0) ||
        (run != NULL && listeners[i].run != run)) {
      listeners[n++] = listeners[i];
    }
  }

  nlisteners = n;
  return 0;
}

/* The last one comes first. */
static unsigned int happens(const char *event, const void *data) {
  unsigned int i, n = 0;

  for (i = nlisteners; i-- > 0; ) {
    if (strcmp(listeners[i].event, event) == 0) {
      listeners[i].run(data, listeners[i].user_data);
      n++;
    }
  }

  return n;
}

int pr_event_listening(const char *event) {
  return heard != NULL && strcmp(event, heard) == 0 ? 1 : 0;
}

void pr_event_generate(const char *event, const void *data) {
  saw("%s%s", event, data != NULL ? " with data" : "");
}

int pr_response_block(int block) {
  saw("block %d", block);
  return 0;
}

static jmp_buf ended;

void pr_session_end(int flags) {
  saw("end %d", flags == PR_SESS_END_FL_ERROR);
  longjmp(ended, 1);
}

static pid_t parent = 100, parent_after = 100;
static unsigned int nsleeps, ends_after;

pid_t getppid(void) {
  return ends_after > 0 && nsleeps >= ends_after ? parent_after : parent;
}

int nanosleep(const struct timespec *ts, struct timespec *left) {
  (void) ts;
  (void) left;
  nsleeps++;
  return 0;
}

/* ---- Of the core, and of the other files of ftpd/ */

struct ftpd *ftpd_current(void) {
  return current;
}

void ftpd_disconnect(unsigned int reason, const char *text) {
  saw("disconnect %u %s", reason, text);
}

struct ssh2_packet *ftpd_hook_packet(pool *in, const struct sftp_pkt *pkt) {
  (void) pkt;
  return pcalloc(in, 8);
}

void ftpd_abi_publish(const struct ftpd *h) {
  (void) h;
  saw("publish");
}

const char *ftpd_remote_ip(struct ftpd *h) {
  return h->remote_ip;
}

void ftpd_proxy_connect(conn_t *c) {
  (void) c;
  saw("proxy");
}

void ftpd_penalty_connect(const conn_t *c) {
  (void) c;
  saw("penalty");
}

static int conf_faults, record_faults;
static const char *isolate_why;

int ftpd_conf_check(void) {
  return conf_faults;
}

int ftpd_record_check(pool *in) {
  (void) in;
  return record_faults;
}

const char *ftpd_isolate_check(pool *in) {
  (void) in;
  return isolate_why;
}

static bool engine = true;

bool ftpd_conf_engine(server_rec *s) {
  (void) s;
  return engine;
}

static const char *ending;

const char *ftpd_live_ending(pool *in) {
  (void) in;
  return ending;
}

void sftp_channels_close_all(struct ssh_conn *c) {
  (void) c;
  saw("close all");
}

void ftpd_abort_all(struct ftpd *h) {
  (void) h;
  saw("abort all");
}

bool ftpd_log_tell_missing(bool whole) {
  saw("missing %d", whole);
  return false;
}

void sftp_disconnect_linger(const struct ssh_conn *c) {
  (void) c;
  saw("linger");
}

/* ---- The tests */

static void begin(void) {
  daemon_client("198.51.100.7", "client");
  memset(&ftpd, 0, sizeof(ftpd));
  ftpd.pool = session.pool = p;
  ftpd.remote_ip = "198.51.100.7";
  ftpd.conn = &conn;
  ftpd.keyed = true;
  current = &ftpd;
  main_server = &server;
  server.pool = p;
  session.notes = pr_table_alloc(p, 0);
  session.conn_class = NULL;
  session.disconnect_reason = 0;
  conf_faults = record_faults = 0;
  isolate_why = ending = heard = NULL;
  engine = true;
  seen[0] = '\0';
  daemon_forget_config();
  fake_log_reset();
}

static void start(void) {
  nlisteners = 0;
  most = SFTP_NELEMS(listeners);
  is_int(ftpd_events_master(), 0, "the daemon");
}

/* Whether the event ends the process. */
static bool ends(const char *event) {
  if (setjmp(ended) == 0) {
    (void) happens(event, NULL);
    return false;
  }

  return true;
}

static void servers_start(void) {
  begin();
  start();
  ok(!ends("core.postparse"), "a configuration");
  happened("log_system;confine_check;isolate_restart;penalty_start;"
    "startups_start;controls_start;record_restart;lost_restart;"
    "metrics_restart;hidden_init;", "begins all");
  is_int(happens("core.connect", NULL), 1, "a connection");
  happened("proxy;penalty;", "is looked at");
  ok(!ends("core.postparse"), "a reload");
  seen[0] = '\0';
  is_int(happens("core.connect", NULL), 1, "... looks once");
  seen[0] = '\0';
  (void) happens("core.startup", NULL);
  happened("kept_settle;board_tell;isolate_start;record_start;lost_start;"
    "metrics_start;", "the start");
  (void) happens("core.shutdown", NULL);
  happened("isolate_stop;hostkeys_free;kept_free;log_close;",
    "the end");
  (void) happens("core.module-unload", "mod_other.c");
  happened("", "another module");
  ok(nlisteners > 0, "... takes no listener");
  (void) happens("core.module-unload", "mod_sftp.c");
  happened("controls_end;isolate_stop;record_stop;lost_end;metrics_end;"
    "hostkeys_free;log_close;block 0;", "this one");
  is_int(nlisteners, 0, "takes all");
}

static void bad_servers_do_not(void) {
  begin();
  start();
  conf_faults = 1;
  ok(ends("core.postparse"), "faults");
  happened("log_system;end 1;", "end it");
  ok(session.disconnect_reason == PR_SESS_DISCONNECT_BAD_CONFIG &&
    session.disconnect_module == &sftp_module, "... with a reason");
  begin();
  record_faults = 1;
  ok(ends("core.postparse"), "faults of the record");
  begin();
  isolate_why = "no account";
  ok(ends("core.postparse") && strstr(daemon_message, "no account") != NULL,
    "no isolation");
  begin();
  main_server = NULL;
  ok(ends("core.postparse"), "no address");
  happened("end 1;", "... at once");
  begin();
  most = nlisteners;
  (void) ends("core.postparse");
  ok(strstr(daemon_message, "unable to listen to connections") != NULL,
    "nobody listens");
  nlisteners = 0;
  most = 5;
  is_int(ftpd_events_master(), -1, "no room for events");
  most = SFTP_NELEMS(listeners);
}

static void our_events(void) {
  static const struct { int err; bool bad; } row[] = {
    { SFTP_ERR_SHORT, true }, { SFTP_ERR_EXTRA, true },
    { SFTP_ERR_FORMAT, true }, { SFTP_ERR_LIMIT, true },
    { SFTP_ERR_MAC, true }, { SFTP_ERR_ORDER, true },
    { SFTP_ERR_VERSION, true }, { SFTP_ERR_BUDGET, true },
    { SFTP_ERR_EOF, false }, { SFTP_OK, false } };
  size_t i;

  begin();
  ftpd_event(&ftpd, "x", NULL);
  happened("publish;x;", "any");
  ftpd_event(&ftpd, "mod_sftp.ssh.client-compression", NULL);
  happened("publish;mod_sftp.ssh.client-compression;"
    "mod_sftp.ssh2.client-compression;", "by two names");
  ftpd_event(&ftpd, "mod_sftp.ssh.server-compression", NULL);
  happened("publish;mod_sftp.ssh.server-compression;"
    "mod_sftp.ssh2.server-compression;", "both ways");
  ftpd_event(&ftpd, "ssh2.invalid-packet", NULL);
  happened("", "nobody listens");
  heard = "ssh2.invalid-packet";
  ftpd_event(&ftpd, "ssh2.invalid-packet", NULL);
  happened("ssh2.invalid-packet with data;", "somebody does");
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    ftpd.tried = true;
    ftpd_event_stranger(&ftpd, row[i].err);
    happened(row[i].bad ? "core.bad-protocol with data;" : "",
      "a client who has tried");
    ftpd.tried = false;
    ftpd_event_stranger(&ftpd, row[i].err);
    happened(row[i].bad ? "core.bad-protocol with data;publish;"
      "mod_sftp.ssh2.no-authentication;" : "publish;"
      "mod_sftp.ssh2.no-authentication;", "one who has not");
  }
}

static void timeouts_are_told(void) {
  begin();
  start();
  (void) happens("core.timeout-login", NULL);
  happened("disconnect 11 login timeout reached;", "a login");
  is_int(fake_log_lines, 0, "... by DISCONNECT");
  ftpd.keyed = false;
  (void) happens("core.timeout-idle", NULL);
  ok(fake_log_has("disconnecting 198.51.100.7 (idle timeout reached)"),
    "before keys");
  fake_log_reset();
  ftpd.conn = NULL;
  (void) happens("core.timeout-session", NULL);
  current = NULL;
  (void) happens("core.timeout-stalled", NULL);
  is_int(fake_log_lines, 0, "or without a session");
}

static void bans_are_told(void) {
  static struct class_struc class = { .cls_name = (char *) "here" };

  begin();
  start();
  ftpd.user = "alice";
  (void) happens("mod_ban.ban-user", NULL);
  happened("disconnect 11 User alice has been banned;", "a user");
  (void) happens("mod_ban.ban-host", NULL);
  happened("disconnect 11 Host 198.51.100.7 has been banned;", "a host");
  (void) happens("mod_ban.ban-class", NULL);
  happened("disconnect 11 Banned;", "a class");
  daemon_set_param("BanMessage", pstrdup(p, "%a %c %h %u"));
  (void) happens("mod_ban.ban-user", NULL);
  happened("disconnect 11 198.51.100.7  client alice;", "a message");
  session.conn_class = &class;
  ftpd.user = NULL;
  (void) happens("mod_ban.ban-user", NULL);
  happened("disconnect 11 198.51.100.7 here client ;", "... of a class");
  daemon_forget_config();
  (void) happens("mod_ban.ban-user", NULL);
  happened("disconnect 11 User  has been banned;", "nobody");
  current = NULL;
  (void) happens("mod_ban.ban-user", NULL);
  happened("", "no session");
}

/* What the client got as a line. */
static const char *line(int fd) {
  static char text[200];
  ssize_t n = read(fd, text, sizeof(text) - 1);

  text[n > 0 ? n : 0] = '\0';
  return text;
}

static void limits_are_told(void) {
  static unsigned int five = 5;
  static struct class_struc class = { .cls_name = (char *) "here" };
  config_rec *c;
  int fd[2];

  begin();
  nlisteners = 0;
  ftpd_events_session(&ftpd);
  happened("scan_init;message_init;", "a session");
  (void) happens("mod_auth.max-clients", NULL);
  happened("disconnect 12 Maximum connections for host/user reached;",
    "no record");
  c = daemon_add_words("MaxClients", (const char *const[]) { "x", NULL });
  c->argv[0] = &five;
  (void) happens("mod_auth.max-clients", NULL);
  happened("disconnect 12 Maximum connections for host/user reached;",
    "no text");
  daemon_forget_config();
  c = daemon_add_words("MaxClients", (const char *const[]) { "x", "only %m",
    NULL });
  c->argv[0] = &five;
  (void) happens("mod_auth.max-clients", NULL);
  happened("disconnect 12 only 5;", "its text");
  c->argv[1] = NULL;
  (void) happens("mod_auth.max-clients", NULL);
  happened("disconnect 12 Maximum connections for host/user reached;",
    "an empty one");
  c = daemon_add_words("MaxClientsPerClass", (const char *const[]) { "there",
    "x", "there %m", NULL });
  c->argv[1] = &five;
  c = daemon_add_words("MaxClientsPerClass", (const char *const[]) { "here",
    "x", "here %m", NULL });
  c->argv[1] = &five;
  (void) happens("mod_auth.max-clients-per-class", NULL);
  happened("disconnect 12 Maximum connections for host/user reached;",
    "no class");
  session.conn_class = &class;
  (void) happens("mod_auth.max-clients-per-class", NULL);
  happened("disconnect 12 here 5;", "the class");
  if (pipe(fd) < 0) {
    bail_out("no pipe");
  }

  session.c->wfd = fd[1];
  ftpd.keyed = false;
  (void) happens("mod_auth.max-clients-per-class", NULL);
  happened("", "before keys");
  is_str(line(fd[0]), "here 5\r\n", "... a line");
  current = NULL;
  (void) happens("mod_auth.max-clients-per-class", NULL);
  is_str(line(fd[0]), "here 5\r\n", "... without a session");
  fake_log_reset();
  session.c->wfd = -1;
  (void) happens("mod_auth.max-clients-per-class", NULL);
  ok(fake_log_has("unable to send the client 'here 5'"), "or nothing");
  session.c = NULL;
  fake_log_reset();
  (void) happens("mod_auth.max-clients-per-class", NULL);
  ok(!fake_log_has("unable"), "nobody is there");
  (void) close(fd[0]);
  (void) close(fd[1]);
}

static void refusals_of_wrappers_are_told(void) {
  begin();
  start();
  (void) happens("mod_wrap.connection-denied", NULL);
  happened("disconnect 11 Access denied;block 1;", "a refusal");
  daemon_set_param("WrapDenyMsg", pstrdup(p, "not %u"));
  (void) happens("mod_wrap.connection-denied", NULL);
  happened("disconnect 11 not unknown;block 1;", "its text");
  (void) pr_table_add(session.notes, "mod_auth.orig-user", "bob", 0);
  (void) happens("mod_wrap.connection-denied", NULL);
  happened("disconnect 11 not bob;block 1;", "of a user");
  ftpd.user = "alice";
  (void) happens("mod_wrap.connection-denied", NULL);
  happened("disconnect 11 not alice;block 1;", "... of this session");
  engine = false;
  (void) happens("mod_wrap.connection-denied", NULL);
  happened("", "not for FTP");
}

static void roots_are_kept(void) {
  begin();
  nlisteners = 0;
  ftpd_events_ftp();
  (void) happens("core.chroot", "/root");
  is_str(pr_table_get(session.notes, "mod_sftp.chroot-path", NULL), "/root",
    "a root");
  (void) happens("core.chroot", "/other");
  is_str(pr_table_get(session.notes, "mod_sftp.chroot-path", NULL), "/other",
    "another one");
  (void) happens("core.chroot", NULL);
  ok(pr_table_get(session.notes, "mod_sftp.chroot-path", NULL) == NULL,
    "none");
  start();
  ftpd_event_chroot_only();
  is_int(nlisteners, 1, "a session without a client");
  is_int(happens("core.chroot", "/x"), 1, "... has a root");
}

static void is_end(const char *why) {
  ftpd.ended = false;
  ftpd.keyed = true;
  seen[0] = '\0';
  nsleeps = 0;
  (void) happens("core.exit", NULL);
  happened(pstrcat(p, "deadline_end;disconnect 11 ", why, ";close all;"
    "abort all;tally_ended;board_ended;missing 1;linger;", NULL), why);
}

static void sessions_end(void) {
  begin();
  nlisteners = 0;
  parent = 100;
  parent_after = 1;
  ends_after = 0;
  ftpd_events_session(&ftpd);
  is_end("session ended by the server");
  ok(ftpd.ended && !ftpd.keyed, "... for good");
  (void) happens("core.exit", NULL);
  happened("", "once");
  session.disconnect_reason = PR_SESS_DISCONNECT_SIGNAL;
  is_end("disconnected by the administrator");
  is_int(nsleeps, 25, "... after a quarter of a second");
  ends_after = 3;
  is_end("server is shutting down");
  is_int(nsleeps, 3, "... at once");
  session.disconnect_reason = PR_SESS_DISCONNECT_SERVER_SHUTDOWN;
  is_end("server is shutting down");
  ending = "";
  is_end("disconnected by the administrator");
  ok(fake_log_has("ended by ftpdctl: no reason"), "... in the log");
  ending = "backup";
  is_end("disconnected by the administrator: backup");
  ok(fake_log_has("ended by ftpdctl: backup"), "... in the log");
  ending = NULL;
  session.disconnect_reason = 0;
  ftpd.asking = "query '/q'";
  is_end("session ended by the server");
  ok(fake_log_has("query '/q' failed, and ended the session"),
    "a module ends it");
  ftpd.asking = NULL;
  ftpd.conn = NULL;
  ftpd.ended = false;
  (void) happens("core.exit", NULL);
  happened("deadline_end;disconnect 11 session ended by the server;"
    "abort all;tally_ended;board_ended;missing 1;", "without a connection");
  current = NULL;
  ftpd.ended = false;
  (void) happens("core.exit", NULL);
  happened("", "or a session");
  ftpd_event_exit_first();
  current = &ftpd;
  is_int(happens("core.exit", NULL), 2, "it may come first");
  ok(strstr(seen, "abort all;") != NULL &&
    strstr(strstr(seen, "abort all;") + 1, "abort all;") == NULL, "... once");
}

static void lines_cost_little(void) {
  unsigned int n;

  begin();
  start();
  n = nlisteners;
  ftpd_event_log_first();
  is_int(nlisteners, n, "nobody listens to lines");
  heard = "core.log.tracelog";
  ftpd_event_log_first();
  is_int(nlisteners, n, "or somebody does");
}

int main(void) {
  p = make_sub_pool(NULL);
  servers_start();
  bad_servers_do_not();
  our_events();
  timeouts_are_told();
  bans_are_told();
  limits_are_told();
  refusals_of_wrappers_are_told();
  roots_are_kept();
  sessions_end();
  lines_cost_little();
  destroy_pool(p);
  return done_testing();
}
