/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-penalty-t.c -- which sources get a penalty, and for what; which are
 * refused.
 */

#include "daemon.h"
#include "ftpd-board.h"
#include "ftpd-conf.h"
#include "ftpd-penalty-shm.h"
#include "ftpd-penalty.h"
#include "ftpd-tally.h"
#include "tap.h"

#include <arpa/inet.h>
#include <unistd.h>

#include "../fake/ftpd-log.h"

static pool *p;

/* ---- The memory */

static struct source_state state;
static bool full, opens = true, engine;
static unsigned int nopened, nclosed, ntold, left_board;
static uint64_t entered, added_tag;
static unsigned int added, tallied, blocked;
static unsigned char asked[16];
static size_t nasked;
static unsigned int asked_kind;

bool ftpd_penalty_shm_open(const struct penalties *conf) {
  (void) conf;
  nopened++;
  return opens;
}

void ftpd_penalty_shm_tell(void) {
  ntold++;
}

void ftpd_penalty_shm_close(void) {
  nclosed++;
}

uint64_t ftpd_penalty_shm_tag(unsigned int kind, const unsigned char *net,
    size_t len) {
  asked_kind = kind;
  memcpy(asked, net, len);
  nasked = len;
  return 99;
}

void ftpd_penalty_shm_enter(uint64_t tag) {
  entered = tag;
}

void ftpd_penalty_shm_add(uint64_t tag, enum penalty why) {
  added_tag = tag;
  added = why;
}

struct source_state ftpd_penalty_shm_state(uint64_t tag) {
  (void) tag;
  return state;
}

bool ftpd_penalty_shm_full(unsigned int kind) {
  return full && kind == asked_kind;
}

uint64_t ftpd_penalty_shm_usage(unsigned int kind) {
  return 10 + kind;
}

void ftpd_board_close(void) {
  left_board++;
}

void ftpd_tally(enum tally what, unsigned int i, unsigned int j, uint64_t n) {
  if (what == TALLY_PENALTIES) {
    tallied = 100 + i;
  }

  blocked += what == TALLY_BLOCKED && j == 0 && n == 1;
}

bool ftpd_conf_engine(server_rec *s) {
  (void) s;
  return engine;
}

/* ---- The daemon */

static struct ftpd ftpd;
static bool has_ftpd, mapped;
static int family = AF_INET, ended = -1;
static unsigned char raw[16];

struct ftpd *ftpd_current(void) {
  return has_ftpd ? &ftpd : NULL;
}

void *pr_netaddr_get_inaddr(const pr_netaddr_t *addr) {
  (void) addr;
  return raw;
}

int pr_netaddr_get_family(const pr_netaddr_t *addr) {
  (void) addr;
  return family;
}

int pr_netaddr_is_v4mappedv6(const pr_netaddr_t *addr) {
  (void) addr;
  return mapped ? TRUE : FALSE;
}

void pr_session_disconnect(module *m, int reason, const char *why) {
  (void) m;
  (void) why;
  ended = reason;
}

module sftp_module;
char ServerType = SERVER_STANDALONE;

/* ---- The configuration */

static server_rec server;
static struct penalties conf;

static void start(void) {
  nopened = nclosed = 0;
  daemon_messages = 0;
  ftpd_penalty_start();
}

static void penalties_need_a_daemon(void) {
  uint64_t now, max;

  daemon_forget_config();
  start();
  ok(nopened == 0 && nclosed == 1, "no directive: no memory");
  ok(!ftpd_penalty_usage(0, &now, &max), "and no use of it");
  daemon_set_param("SFTPPerSourcePenalties", &conf);
  conf.on = false;
  start();
  ok(nopened == 0 && nclosed == 1, "off");
  conf.on = true;
  ServerType = SERVER_INETD;
  start();
  ok(nopened == 0 && nclosed == 1, "inetd");
  is_int(daemon_messages, 1, "which is logged");
  ServerType = SERVER_STANDALONE;
  opens = false;
  start();
  ok(nopened == 1 && nclosed == 0, "memory that cannot be opened");
  ok(!ftpd_penalty_usage(0, &now, &max), "is not used");
  opens = true;
  start();
  ok(nopened == 1 && nclosed == 0 && daemon_messages == 0, "on");
  conf.max_sources[SOURCES_IPV4] = 5;
  conf.max_sources[SOURCES_IPV6] = 6;
  ok(ftpd_penalty_usage(SOURCES_IPV6, &now, &max) && max == 6 &&
    now == 10 + SOURCES_IPV6, "its use");
  ok(conf.bits4 == 32 && conf.bits6 == 128 && conf.exempt == NULL,
    "single addresses, and no exceptions");
  is_int(ftpd_penalty_init(), 0, "a process that changes its number");
  is_int(daemon_happens("core.startup", NULL), 1, "is noticed");
  is_int(ntold, 1, "and told to the memory");
}

static void networks_are_cut(void) {
  static unsigned int bits4 = 20, bits6 = 64;
  static const struct {
    unsigned int bits4, bits6;
    int family;
    bool mapped;
    const char *is;
    unsigned int kind;
  } row[] = {
    { 32, 128, AF_INET, false, "fffefdfc", SOURCES_IPV4 },
    { 20, 128, AF_INET, false, "fffef000", SOURCES_IPV4 },
    { 1, 128, AF_INET, false, "80000000", SOURCES_IPV4 },
    { 8, 128, AF_INET, false, "ff000000", SOURCES_IPV4 },
    { 0, 128, AF_INET, false, "00000000", SOURCES_IPV4 },
    { 24, 0, AF_INET6, true, "f3f2f100", SOURCES_IPV4 },
    { 0, 128, AF_INET6, false, "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0",
      SOURCES_IPV6 },
    { 0, 65, AF_INET6, false, "fffefdfcfbfaf9f88000000000000000",
      SOURCES_IPV6 },
    { 0, 9, AF_INET6, false, "ff800000000000000000000000000000",
      SOURCES_IPV6 } };
  config_rec *c = add_config_param("SFTPPerSourceNetBlockSize", 2, NULL, NULL);
  size_t i, j;

  c->argv[0] = &bits4;
  c->argv[1] = &bits6;
  for (i = 0; i < 16; i++) {
    raw[i] = (unsigned char) (255 - i);
  }

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    char text[33];

    bits4 = row[i].bits4;
    bits6 = row[i].bits6;
    family = row[i].family;
    mapped = row[i].mapped;
    start();
    ftpd_penalty_connect(session.c);
    for (j = 0; j < nasked; j++) {
      snprintf(text + 2 * j, 3, "%02x", asked[j]);
    }

    is_str(text, row[i].is, "%u and %u bits", bits4, bits6);
    is_int(asked_kind, row[i].kind, "of that kind");
  }

  family = AF_INET;
  mapped = false;
  bits4 = 32;
}

static void some_are_exempt(void) {
  config_rec *c = add_config_param("SFTPPerSourcePenaltyExemptList", 2, NULL,
    NULL);

  c->argv[0] = pr_netacl_create(p, pstrdup(p, "10.0.0.0/8"));
  c->argv[1] = pr_netacl_create(p, pstrdup(p, "192.168.0.0/16"));
  start();
  daemon_client("192.168.3.4", "client");
  nclosed = 0;
  ftpd_penalty_connect(session.c);
  ok(!ftpd_penalty_watches() && nclosed == 1, "an address of the list");
  daemon_client("198.51.100.7", "client");
  nclosed = 0;
  entered = 0;
  ftpd_penalty_connect(session.c);
  ok(ftpd_penalty_watches() && nclosed == 0, "another one");
  is_int(entered, 0, "crashes without a penalty are not watched");
  conf.secs[PENALTY_CRASH] = 1;
  ftpd_penalty_connect(session.c);
  is_int(entered, 99, "with one they are");
}

/* ---- Ends */

static void connect_again(void) {
  daemon_forget_listeners();
  ftpd_penalty_connect(session.c);
  session.disconnect_reason = PR_SESS_DISCONNECT_UNSPECIFIED;
  session.user = NULL;
  has_ftpd = false;
  memset(&ftpd, 0, sizeof(ftpd));
  added = tallied = left_board = 0;
  added_tag = 0;
}

static unsigned int end(int reason) {
  session.disconnect_reason = reason;
  is_int(daemon_happens("core.exit", NULL), 1, "the session ends");
  return added;
}

static void ends_have_penalties(void) {
  static const struct { int reason; unsigned int is; } row[] = {
    { PR_SESS_DISCONNECT_SEGFAULT, PENALTY_CRASH },
    { PR_SESS_DISCONNECT_CONFIG_ACL, PENALTY_REFUSED },
    { PR_SESS_DISCONNECT_MODULE_ACL, PENALTY_REFUSED },
    { PR_SESS_DISCONNECT_BANNED, PENALTY_REFUSED },
    { PR_SESS_DISCONNECT_SESSION_INIT_FAILED, PENALTY_NONE },
    { PR_SESS_DISCONNECT_SIGNAL, PENALTY_NONE },
    { PR_SESS_DISCONNECT_NOMEM, PENALTY_NONE },
    { PR_SESS_DISCONNECT_SERVER_SHUTDOWN, PENALTY_NONE },
    { PR_SESS_DISCONNECT_BAD_CONFIG, PENALTY_NONE },
    { PR_SESS_DISCONNECT_CLIENT_EOF, PENALTY_NOAUTH } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    connect_again();
    is_int(end(row[i].reason), row[i].is, "reason %d", row[i].reason);
    is_int(added_tag, row[i].is != PENALTY_NONE ? 99 : 0, "for the source");
    is_int(tallied, row[i].is != PENALTY_NONE ?
      100 + row[i].is - PENALTY_CRASH : 0, "and counted");
    ok(!ftpd_penalty_watches() && left_board == 1, "it is done");
    added = 0;
    is_int(end(row[i].reason), 0, "nothing twice");
  }
}

static void users_have_none(void) {
  connect_again();
  session.user = "alice";
  is_int(end(PR_SESS_DISCONNECT_BANNED), PENALTY_NONE, "a user");
  connect_again();
  session.user = "alice";
  is_int(end(PR_SESS_DISCONNECT_SEGFAULT), PENALTY_CRASH, "but for a crash");
  connect_again();
  has_ftpd = true;
  is_int(end(PR_SESS_DISCONNECT_CLIENT_EOF), PENALTY_NOAUTH, "nobody");
  connect_again();
  has_ftpd = ftpd.logged_in = true;
  is_int(end(PR_SESS_DISCONNECT_CLIENT_EOF), PENALTY_NONE, "a login");
  connect_again();
  has_ftpd = ftpd.tried = true;
  is_int(end(PR_SESS_DISCONNECT_CLIENT_EOF), PENALTY_AUTHFAIL, "an attempt");
  connect_again();
  ftpd_penalty_spare();
  is_int(end(PR_SESS_DISCONNECT_CLIENT_EOF), PENALTY_NONE, "a spared one");
}

static void authentication_is_watched(void) {
  int code = PR_AUTH_NOPWD;

  connect_again();
  (void) daemon_happens("mod_auth.authentication-code", &code);
  is_int(end(0), PENALTY_INVALIDUSER, "an unknown user");
  connect_again();
  code = PR_AUTH_BADPWD;
  (void) daemon_happens("mod_auth.authentication-code", &code);
  is_int(end(0), PENALTY_AUTHFAIL, "a wrong password");
  connect_again();
  code = PR_AUTH_OK;
  (void) daemon_happens("mod_auth.authentication-code", &code);
  ok(!ftpd_penalty_watches() && left_board == 1, "a login leaves the memory");
  is_int(end(0), 0, "before the session ends");
  connect_again();
  (void) daemon_happens("core.timeout-login", NULL);
  is_int(end(0), PENALTY_GRACE, "TimeoutLogin");
}

static void failures_are_told_apart(void) {
  static const struct { int err; unsigned int is; } row[] = {
    { SFTP_ERR_BUDGET, PENALTY_BUDGET }, { SFTP_ERR_CELL, PENALTY_CRASH },
    { SFTP_ERR_TIMEOUT, PENALTY_GRACE }, { SFTP_ERR_MAC, PENALTY_NOAUTH } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    connect_again();
    ftpd_penalty_failed(row[i].err);
    is_int(end(0), row[i].is, "error %d", row[i].err);
  }

  connect_again();
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    ftpd_penalty_failed(row[i].err);
  }

  is_int(end(0), PENALTY_CRASH, "the worst counts");
}

/* ---- Refusals */

static char told[64];

static void check(void) {
  int fd[2];
  ssize_t n;

  if (pipe(fd) < 0) {
    bail_out("no pipe");
  }

  ended = -1;
  blocked = 0;
  daemon_message[0] = '\0';
  session.c->wfd = fd[1];
  ftpd_penalty_check();
  (void) close(fd[1]);
  n = read(fd[0], told, sizeof(told) - 1);
  told[n > 0 ? n : 0] = '\0';
  (void) close(fd[0]);
}

static void sources_are_refused(void) {
  static const struct { uint64_t ms; const char *secs; } row[] = {
    { 1, ", 1 seconds" }, { 1000, ", 1 seconds" }, { 1001, ", 2 seconds" } };
  size_t i;

  connect_again();
  memset(&state, 0, sizeof(state));
  check();
  ok(ended == -1 && blocked == 0 && *told == '\0', "no penalty");
  state.why = PENALTY_BUDGET;
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    state.left_ms = row[i].ms;
    check();
    ok(strstr(daemon_message, row[i].secs) != NULL &&
      strstr(daemon_message, "using too much") != NULL &&
      strstr(daemon_message, "198.51.100.7") != NULL, "the log: %s",
      daemon_message);
    ok(ended == PR_SESS_DISCONNECT_BANNED && blocked == 1, "refused");
  }

  is_str(told, "421 Not allowed at this time\r\n", "told as in FTP");
  engine = true;
  check();
  is_str(told, "Not allowed at this time\r\n", "told as in SSH");
  is_int(end(PR_SESS_DISCONNECT_BANNED), PENALTY_NONE, "without another one");
  check();
  is_int(ended, -1, "what is not watched is not refused");
}

static void a_full_memory_may_refuse_all(void) {
  connect_again();
  memset(&state, 0, sizeof(state));
  full = true;
  check();
  is_int(ended, -1, "it refuses nobody");
  conf.deny_all[SOURCES_IPV4] = true;
  check();
  ok(ended == PR_SESS_DISCONNECT_BANNED &&
    strstr(daemon_message, "max-sources4") != NULL, "or all");
  family = AF_INET6;
  connect_again();
  check();
  is_int(ended, -1, "of that kind");
  conf.deny_all[SOURCES_IPV6] = true;
  check();
  ok(ended == PR_SESS_DISCONNECT_BANNED &&
    strstr(daemon_message, "max-sources6") != NULL, "or the other one");
  full = false;
  check();
  is_int(ended, -1, "memory that is not full");
}

int main(void) {
  p = make_sub_pool(NULL);
  session.pool = p;
  main_server = &server;
  daemon_client("198.51.100.7", "client");
  penalties_need_a_daemon();
  networks_are_cut();
  some_are_exempt();
  ends_have_penalties();
  users_have_none();
  authentication_is_watched();
  failures_are_told_apart();
  sources_are_refused();
  a_full_memory_may_refuse_all();
  destroy_pool(p);
  return done_testing();
}
