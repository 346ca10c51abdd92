/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-limits-t.c -- how much of the daemon's limits is in use, by the
 * scoreboard.
 */

#include "daemon.h"
#include "ftpd-conf.h"
#include "ftpd-limits.h"
#include "tap.h"

#define HERE DAEMON_IP ":21"

static pool *p;
static server_rec server = { .ServerPort = 21 };
static xaset_t servers;
xaset_t *server_list = &servers;
static bool engine = true;

bool ftpd_conf_engine(server_rec *s) {
  (void) s;
  return engine;
}

/* ---- The scoreboard */

static pr_scoreboard_entry_t board[8];
static unsigned int nboard, at;
static int nopen;
static unsigned int nopened;
static bool closed, broken;

int pr_open_scoreboard(int flags) {
  if (closed || daemon_root != 1 || flags != O_RDWR) {
    return -1;
  }

  nopen++;
  nopened++;
  return 0;
}

int pr_rewind_scoreboard(void) {
  at = 0;
  return broken ? -1 : 0;
}

pr_scoreboard_entry_t *pr_scoreboard_entry_read(void) {
  return at < nboard ? &board[at++] : NULL;
}

int pr_restore_scoreboard(void) {
  return 0;
}

int pr_close_scoreboard(int keep) {
  (void) keep;
  return --nopen;
}

static void add_session(const char *user, const char *client,
    const char *class, const char *cmd, const char *where) {
  pr_scoreboard_entry_t *one = &board[nboard++];

  strcpy(one->sce_user, user);
  strcpy(one->sce_client_addr, client);
  strcpy(one->sce_class, class);
  strcpy(one->sce_cmd, cmd);
  strcpy(one->sce_server_addr, where);
}

/* ---- Limits */

static unsigned int *number(unsigned int n) {
  unsigned int *max = palloc(p, sizeof(n));

  *max = n;
  return max;
}

static void add_limit(const char *directive, unsigned int max) {
  add_config_param(directive, 1)->argv[0] = number(max);
}

static void add_second(const char *directive, void *first, unsigned int max) {
  config_rec *c = add_config_param(directive, 2);

  c->argv[0] = first;
  c->argv[1] = number(max);
}

/* "MaxClients 3/10, ..." */
static const char *uses(void) {
  array_header *all = ftpd_limits(p);
  const struct limit_use *u = all->elts;
  const char *text = "";
  unsigned int i;

  for (i = 0; i < all->nelts; i++) {
    char numbers[32];

    snprintf(numbers, sizeof(numbers), " %u/%u", u[i].now, u[i].max);
    text = pstrcat(p, text, i > 0 ? ", " : "", u[i].limit, numbers,
      strcmp(u[i].server, HERE) == 0 ? "" : " elsewhere", NULL);
  }

  return text;
}

static void each_limit_counts_its_own(void) {
  static char *verbs[] = { (char *) "stor", (char *) "APPE", NULL };
  static const struct { const char *directive, *is; } row[] = {
    { "MaxClients", "MaxClients 6/9" },
    { "MaxClientsPerHost", "MaxClientsPerHost 3/9" },
    { "MaxClientsPerUser", "MaxClientsPerUser 3/9" },
    { "MaxConnectionsPerHost", "MaxConnectionsPerHost 3/9" },
    { "MaxHostsPerUser", "MaxHostsPerUser 2/9" } };
  size_t i;

  nboard = 0;
  add_session("alice", "10.0.0.1", "in", "STOR", HERE);
  add_session("alice", "10.0.0.2", "out", "STOR", HERE);
  add_session("alice", "10.0.0.1", "in", "RETR", HERE);
  add_session("bob", "10.0.0.1", "out", "APPE", HERE);
  add_session("(none)", "10.0.0.3", "in", "", HERE);
  add_session("", "10.0.0.4", "in", "", HERE);
  add_session("alice", "10.0.0.9", "in", "STOR", DAEMON_IP ":22");
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    daemon_forget_config();
    add_limit(row[i].directive, 9);
    is_str(uses(), row[i].is, "%s", row[i].directive);
  }

  daemon_forget_config();
  add_second("MaxClientsPerClass", pstrdup(p, "in"), 5);
  add_second("MaxClientsPerClass", pstrdup(p, "none"), 6);
  is_str(uses(), "MaxClientsPerClass in 4/5, MaxClientsPerClass none 0/6",
    "a limit for each class");
  daemon_forget_config();
  add_second("MaxTransfersPerHost", verbs, 7);
  add_second("MaxTransfersPerUser", verbs, 8);
  is_str(uses(), "MaxTransfersPerHost stor,APPE 2/7, MaxTransfersPerUser "
    "stor,APPE 2/8", "listed commands, in any letters");
  is_int(nopen, 0, "the scoreboard is closed again");
}

static void names_are_whole(void) {
  nboard = 0;
  add_session("al", "10.0.0.1", "in", "", HERE);
  add_session("al", "10.0.0.2", "in", "", HERE);
  add_session("alice", "10.0.0.3", "in", "", HERE);
  add_session("alicia", "10.0.0.4", "in", "", HERE);
  daemon_forget_config();
  add_limit("MaxHostsPerUser", 9);
  is_str(uses(), "MaxHostsPerUser 2/9", "the beginning of a name is another");
}

static void who_is_not_logged_in_is_no_user(void) {
  nboard = 0;
  add_session("", "10.0.0.1", "in", "", HERE);
  add_session("", "10.0.0.2", "in", "", HERE);
  add_session("(none)", "10.0.0.2", "in", "", HERE);
  daemon_forget_config();
  add_limit("MaxClientsPerUser", 9);
  is_str(uses(), "MaxClientsPerUser 0/9", "nobody");
}

static void limits_are_told_once(void) {
  nboard = 0;
  daemon_forget_config();
  add_limit("MaxClients", 3);
  add_limit("MaxClients", 4);
  is_str(uses(), "MaxClients 0/3", "the first of two");
  daemon_forget_config();
  add_limit("MaxClients", 0);
  is_str(uses(), "", "0 is none");
  daemon_forget_config();
  add_limit("MaxClients", UINT_MAX);
  is_str(uses(), "", "nor is \"none\"");
  daemon_forget_config();
  add_config_param("MaxClientsPerClass", 1)->argv[0] = pstrdup(p, "in");
  is_str(uses(), "", "nor is a record without a number");
}

static void servers_that_do_not_serve_have_none(void) {
  daemon_forget_config();
  nopened = 0;
  is_str(uses(), "", "no limit");
  is_int(nopened, 0, "and no look at the scoreboard");
  add_limit("MaxClients", 3);
  engine = false;
  is_str(uses(), "", "SFTPEngine off");
  engine = true;
  server.addr = NULL;
  is_str(uses(), "", "no address");
  server.addr = session.c->local_addr;
  closed = true;
  is_str(uses(), "", "no scoreboard");
  closed = false;
  broken = true;
  is_str(uses(), "", "a broken one");
  broken = false;
  is_int(nopen, 0, "which is closed");
  is_str(uses(), "MaxClients 0/3", "and all is well again");
  is_int(daemon_root, 0, "privileges were given back");
}

int main(void) {
  p = make_sub_pool(NULL);
  daemon_client("10.0.0.1", "client.example");
  server.addr = session.c->local_addr;
  servers.xas_list = (xasetmember_t *) &server;
  each_limit_counts_its_own();
  names_are_whole();
  who_is_not_logged_in_is_no_user();
  limits_are_told_once();
  servers_that_do_not_serve_have_none();
  destroy_pool(p);
  return done_testing();
}
