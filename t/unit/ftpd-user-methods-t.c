/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-user-methods-t.c -- which rule of SFTPAuthMethods applies to whom. */

#include "daemon.h"
#include "ftpd-login.h"
#include "ftpd-methods.h"
#include "ftpd-rules.h"
#include "ftpd-secret.h"
#include "tap.h"

static pool *p;
static server_rec server;
static struct sftp_settings set;
static struct ftpd_login state;
static struct ftpd ftpd = { .server = &server, .set = &set, .login = &state };

/* ---- The rules, in their order */

static struct row {
  const char *record;
  enum ftpd_rule_kind kind;
  const char *names;
} rows[8];

static config_rec records[8];
static const config_rec *chosen;

bool ftpd_rule_next(server_rec *s, const char *record, config_rec **at,
    struct ftpd_rule *rule) {
  size_t i = *at == NULL ? 0 : (size_t) (*at - records) + 1;

  (void) s;
  while (i < SFTP_NELEMS(rows) && (rows[i].record == NULL ||
      strcmp(rows[i].record, record) != 0)) {
    i++;
  }

  if (i == SFTP_NELEMS(rows)) {
    return false;
  }

  *at = &records[i];
  rule->kind = rows[i].kind;
  rule->names = rows[i].names;
  return true;
}

void ftpd_methods_of_rule(pool *in, const config_rec *c,
    struct sftp_settings *to) {
  (void) in;
  (void) to;
  chosen = c;
}

/* ---- The secret, and time */

static const char *picked_for;
static unsigned int pick, picked_below, npicks, npauses;

unsigned int ftpd_secret_pick(const char *text, unsigned int n) {
  picked_for = text;
  picked_below = n;
  npicks++;
  return pick;
}

void ftpd_auth_pause(struct ftpd *h, uint64_t begin_us, unsigned int floor_ms) {
  (void) h;
  (void) begin_us;
  npauses += floor_ms == 50;
}

/* ---- The accounts: alice in staff and users, whatever her name's spelling */

static unsigned int group_lookups, account_lookups;
static bool nameless_group;

struct passwd *pr_auth_getpwnam(pool *in, const char *name) {
  static struct passwd alice = { .pw_name = (char *) "alice", .pw_gid = 100 };

  (void) in;
  account_lookups++;
  return strcasecmp(name, "alice") == 0 ? &alice : NULL;
}

int pr_auth_getgroups(pool *in, const char *name, array_header **gids,
    array_header **names) {
  (void) gids;
  group_lookups++;
  if (strcmp(name, "alice") != 0) {
    return -1;
  }

  *names = make_array(in, 1, sizeof(char *));
  *((const char **) push_array(*names)) = "staff";
  return 0;
}

const char *pr_auth_gid2name(pool *in, gid_t gid) {
  (void) in;
  return nameless_group ? NULL : gid == 100 ? "users" : "daemon";
}

char *pr_str_get_token(char **list, char *sep) {
  char *word;

  if (*list == NULL || **list == '\0') {
    return NULL;
  }

  word = strsep(list, sep);
  return word;
}

/* ---- Who gets what */

static void begin(void) {
  memset(rows, 0, sizeof(rows));
  memset(&state, 0, sizeof(state));
  session.conn_class = NULL;
  pick = npicks = npauses = group_lookups = account_lookups = 0;
  nameless_group = false;
}

/* The index of the chosen rule; -1: none. */
static int rule_of(const char *user) {
  chosen = NULL;
  ftpd.user = user;
  ftpd_auth_methods(&ftpd);
  return chosen != NULL ? (int) (chosen - records) : -1;
}

#define M FTPD_METHODS_RULE
#define K FTPD_KEYS_RULE

static void without_rules_nobody_is_looked_up(void) {
  begin();
  is_int(rule_of("alice"), -1, "no rule");
  is_int(npicks + npauses + group_lookups + account_lookups, 0,
    "costs nothing");
}

static void the_first_rule_that_fits_applies(void) {
  begin();
  rows[0] = (struct row) { M, FTPD_RULE_USER, "bob,carol" };
  rows[1] = (struct row) { M, FTPD_RULE_GROUP, "wheel,staff" };
  rows[2] = (struct row) { M, FTPD_RULE_USER, "dave,alice" };
  is_int(rule_of("alice"), 1, "a group's");
  is_int(npauses, 1, "in a time that tells nothing");
  is_int(account_lookups, 1, "after one look-up");
  rows[1].names = "wheel";
  is_int(rule_of("alice"), 2, "the user's own");
  is_int(rule_of("ALICE"), 2, "in other letters");
  is_int(rule_of("al ice"), 2, "or with blanks");
  rows[2].names = "ALICE";
  is_int(rule_of("ALICE"), 2, "a rule may name what was given");
  is_int(rule_of("alice"), -1, "which is not the account");
  rows[1].names = "users";
  is_int(rule_of("alice"), 1, "the account's own group counts");
  rows[1].names = "staf,staffs";
  is_int(rule_of("alice"), -1, "names are whole");
  nameless_group = true;
  is_int(rule_of("alice"), -1, "or has no name");
  nameless_group = false;
  rows[0] = (struct row) { M, FTPD_RULE_GROUP, "x" };
  group_lookups = 0;
  (void) rule_of("alice");
  is_int(group_lookups, 1, "groups are looked up once");
}

static void classes_are_of_the_connection(void) {
  static const struct class_struc inside = { .cls_name = (char *) "inside" };

  begin();
  rows[0] = (struct row) { M, FTPD_RULE_CLASS, "x,inside" };
  is_int(rule_of("alice"), -1, "no class");
  session.conn_class = &inside;
  is_int(rule_of("alice"), 0, "the class");
  is_int(rule_of("nobody"), 0, "also of names without an account");
  is_int(npicks, 0, "which reveals nothing");
}

/* Otherwise the list of methods would tell which users exist. */
static void names_without_account_get_a_rule_by_chance(void) {
  begin();
  rows[0] = (struct row) { M, FTPD_RULE_CLASS, "x" };
  rows[1] = (struct row) { M, FTPD_RULE_USER, "nobody" };
  rows[2] = (struct row) { M, FTPD_RULE_GROUP, "daemon" };
  is_int(rule_of("No Body"), 1, "the first rule about users");
  is_str(picked_for, "nobody", "by the plain form of the name");
  is_int(picked_below, 3, "of two rules, or none");
  pick = 1;
  is_int(rule_of("nobody"), 2, "the second one");
  pick = 2;
  is_int(rule_of("nobody"), -1, "or none, though both name it");
  pick = 0;
  group_lookups = 0;
  rows[1].names = "bob";
  rows[2].record = NULL;
  rows[3] = (struct row) { M, FTPD_RULE_GROUP, "x" };
  pick = 1;
  is_int(rule_of("nobody"), 3, "records between do not count");
  is_int(group_lookups, 1, "groups are looked up all the same");
}

static void guests_exist(void) {
  static config_rec anon;

  begin();
  state.anon = &anon;
  rows[0] = (struct row) { M, FTPD_RULE_USER, "guest" };
  pick = 1;
  is_int(rule_of("guest"), 0, "a rule for an anonymous user");
  pick = 0;
  is_int(rule_of("other"), -1, "is not for others");
}

static void key_stores_have_rules_of_their_own(void) {
  begin();
  rows[0] = (struct row) { K, FTPD_RULE_USER, "bob" };
  rows[1] = (struct row) { M, FTPD_RULE_USER, "alice" };
  rows[2] = (struct row) { K, FTPD_RULE_GROUP, "staff" };
  is_int(rule_of("alice"), 1, "the methods");
  ok(state.stores == &records[2], "the key stores");
  pick = 2;
  (void) rule_of("nobody");
  is_int(picked_below, 3, "two rules of keys, or none");
  ok(state.stores == NULL, "none");
  rows[1].record = NULL;
  npauses = 0;
  (void) rule_of("alice");
  is_int(npauses, 1, "rules of keys alone take their time, too");
}

int main(void) {
  p = make_sub_pool(NULL);
  ftpd.pool = p;
  without_rules_nobody_is_looked_up();
  the_first_rule_that_fits_applies();
  classes_are_of_the_connection();
  names_without_account_get_a_rule_by_chance();
  guests_exist();
  key_stores_have_rules_of_their_own();
  destroy_pool(p);
  return done_testing();
}
