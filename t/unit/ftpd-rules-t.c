/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-rules-t.c -- lines for some users: who is named, and in which order. */

#include "daemon.h"
#include "directives-int.h"
#include "ftpd-rules.h"
#include "tap.h"

static pool *p;
static server_rec server;

/* Of directives.c. */
long ftpd_multi_flag(void) {
  return 0;
}

static cmd_rec *line(const char *words) {
  return daemon_directive(p, pstrcat(p, "SFTPAuthMethods ", words, NULL));
}

static void the_first_word_decides(void) {
  static const char *const rules[] = { "user a x", "GROUP a,b x", "class a" };
  static const char *const others[] = { "users a x", "publickey", "User: x" };
  const char *error;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rules); i++) {
    ok(ftpd_rule_is(line(rules[i]), &error) && error == NULL, "%s", rules[i]);
    ok(!ftpd_rule_is(line(others[i]), &error) && error == NULL, "%s",
      others[i]);
  }

  ok(ftpd_rule_is(line("user"), &error) && error == NULL,
    "names that are missing are for the caller");
}

static void patterns_are_refused(void) {
  static const char *const bad[] = { "*", "a,b?", "!a", "a,!b", ",a", "a,",
    "a,,b" };
  const char *error;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    ok(ftpd_rule_is(line(pstrcat(p, "user ", bad[i], " x", NULL)), &error) &&
      error != NULL, "%s", bad[i]);
  }

  (void) ftpd_rule_is(line("group a* x"), &error);
  ok(strstr(error, "SFTPAuthMethods without user") != NULL, "the directive");
}

static void names_may_be_missing(void) {
  const char *error;

  ok(ftpd_rule_is(line("user a"), &error) && error == NULL, "one word");
  ok(ftpd_rule_is(line("user *"), &error) && error != NULL,
    "it is looked at, whatever follows");
}

/* mod_ifsession's sections, but <IfClass> with a rule, are read too late. */
static void rules_without_effect_are_told(void) {
  static const struct { const char *section; bool rule; unsigned int told; }
    row[] = {
      { NULL, false, 0 }, { NULL, true, 0 }, { "<Directory>", false, 0 },
      { "<If", false, 1 }, { "<IfUser>", false, 1 }, { "<IfUser>", true, 1 },
      { "<ifgroup>", true, 1 }, { "<IfClass>", true, 0 },
      { "<ifclass>", true, 0 }, { "<IfClass>", false, 1 } };
  config_rec section = { .next = NULL };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    cmd_rec *cmd = line("user a x");

    section.name = (char *) row[i].section;
    cmd->config = &section;
    daemon_messages = 0;
    ftpd_rule_warn(cmd, row[i].rule, "form");
    is_int(daemon_messages, row[i].told, "%s%s", row[i].section != NULL ?
      row[i].section : "no name", row[i].rule ? ", a rule" : "");
  }

  daemon_messages = 0;
  ftpd_rule_warn(line("user a x"), false, "form");
  is_int(daemon_messages, 0, "in no section");
}

static config_rec *add(const char *record, const char *words) {
  config_rec *c = daemon_add_words(record, (const char *const []) { "", "", "",
    NULL });

  ftpd_rule_set(line(words), c);
  return c;
}

static void records_keep_their_order(void) {
  struct ftpd_rule rule;
  config_rec *at = NULL;

  daemon_forget_config();
  add("a rule", "group b,c x");
  add("another", "user z x");
  add("a rule", "class d x");
  ok(ftpd_rule_next(&server, "a rule", &at, &rule), "the first");
  is_int(rule.kind, FTPD_RULE_GROUP, "its kind");
  is_str(rule.names, "b,c", "its names");
  ok(ftpd_rule_next(&server, "a rule", &at, &rule) &&
    rule.kind == FTPD_RULE_CLASS, "the second");
  ok(!ftpd_rule_next(&server, "a rule", &at, &rule), "and no third");
}

static void keys_of_anybody_are_keys(void) {
  daemon_forget_config();
  ok(!ftpd_rule_has_keys(&server), "none");
  add(FTPD_KEYS_RULE, "user a x");
  ok(ftpd_rule_has_keys(&server), "of some users");
  daemon_forget_config();
  daemon_add_words("SFTPAuthorizedUserKeys", (const char *const []) {
    "file:/keys", NULL });
  ok(ftpd_rule_has_keys(&server), "of all");
}

int main(void) {
  p = make_sub_pool(NULL);
  the_first_word_decides();
  patterns_are_refused();
  names_may_be_missing();
  rules_without_effect_are_told();
  records_keep_their_order();
  keys_of_anybody_are_keys();
  destroy_pool(p);
  return done_testing();
}
