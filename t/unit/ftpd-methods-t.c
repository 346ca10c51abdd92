/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-methods-t.c -- SFTPAuthMethods: chains, and which of them make sense. */

#include "daemon.h"
#include "directives-int.h"
#include "directives-set.h"
#include "directives.h"
#include "ftpd-methods.h"
#include "ftpd-rules.h"
#include "tap.h"

static pool *p;
static unsigned int ndrivers;

/* Of ftpd-abi.c: there is the driver "pam", if any. */
sftp_kbdint_driver_t *sftp_kbdint_get_driver(const char *name) {
  static sftp_kbdint_driver_t driver;

  return ndrivers > 0 && strcmp(name, "pam") == 0 ? &driver : NULL;
}

unsigned int sftp_kbdint_have_drivers(void) {
  return ndrivers;
}

/* Of ftpd-rules.c: a line that begins with "user" is a rule. */
static bool has_keys;
static const char *rule_error;

bool ftpd_rule_is(cmd_rec *cmd, const char **error) {
  *error = rule_error;
  return cmd->argc > 1 && strcmp(cmd->argv[1], "user") == 0;
}

void ftpd_rule_set(const cmd_rec *cmd, config_rec *c) {
  c->argv[2] = cmd->argv[2];
}

void ftpd_rule_warn(const cmd_rec *cmd, bool is_rule, const char *form) {
  (void) cmd;
  (void) is_rule;
  (void) form;
}

bool ftpd_rule_next(server_rec *s, const char *record, config_rec **at,
    struct ftpd_rule *rule) {
  (void) rule;
  *at = *at == NULL ? find_config(s->conf, CONF_PARAM, record, FALSE) :
    find_config_next(*at, (*at)->next, CONF_PARAM, record, FALSE);
  return *at != NULL;
}

bool ftpd_rule_has_keys(server_rec *s) {
  (void) s;
  return has_keys;
}

/* The refusal, or NULL. */
static const char *set(const char *chains) {
  return daemon_refusal(ftpd_set_authmethods(daemon_directive(p,
    pstrcat(p, "SFTPAuthMethods ", chains, NULL))));
}

static const struct sftp_auth_method *step(unsigned int chain,
    unsigned int n) {
  array_header *chains = daemon_record->argv[0];
  const struct sftp_auth_chain *c;

  c = ((struct sftp_auth_chain **) chains->elts)[chain];
  return n < (unsigned int) c->methods->nelts ?
    ((struct sftp_auth_method **) c->methods->elts)[n] : NULL;
}

static void chains_are_kept_in_order(void) {
  ok(set("publickey+password publickey+hostbased") == NULL, "two chains");
  is_int(((array_header *) daemon_record->argv[0])->nelts, 2, "both are there");
  is_str(step(0, 0)->method_name, "publickey", "a first step");
  is_str(step(0, 1)->method_name, "password", "a second");
  ok(step(0, 2) == NULL, "and no third");
  is_int(step(1, 1)->method_id, AUTH_HOSTBASED, "the other one's");
  ok(set("publickey+publickey") == NULL, "two keys are two proofs");
}

static void what_never_completes_is_refused(void) {
  static const char *const bad[] = { "", "+", "password+", "+password",
    "password++publickey", "password+password", "hostbased+hostbased",
    "publickey+password+publickey+password", "none", "Password", "gssapi",
    "keyboard-interactive", "keyboard-interactive:pam",
    "publickey nonsense", "+publickey", "publickey++password" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    ok(set(bad[i]) != NULL, "'%s'", bad[i]);
  }
}

static void drivers_have_to_be_loaded(void) {
  ndrivers = 1;
  ok(set("keyboard-interactive") == NULL && step(0, 0)->submethod_name == NULL,
    "any driver");
  ok(set("publickey+keyboard-interactive:pam") == NULL, "one by its name");
  is_str(step(0, 1)->submethod_name, "pam", "that name is kept");
  ok(set("keyboard-interactive:otp") != NULL, "one that is not loaded");
  ok(set("keyboard-interactive:") != NULL, "none at all");
  ok(set("keyboard-interactive:pam+keyboard-interactive:pam") != NULL,
    "the same one twice is no other proof");
  ok(set("keyboard-interactive+keyboard-interactive:pam") == NULL &&
    set("keyboard-interactive:pam+keyboard-interactive") == NULL,
    "any driver may be another one");
}

static void lines_for_some_have_names(void) {
  ndrivers = 0;
  ok(set("user alice publickey password") == NULL, "a rule");
  is_str(daemon_record->name, FTPD_METHODS_RULE, "has a name of its own");
  is_int(daemon_record->argc, FTPD_RULE_ARGS, "and arguments");
  is_str(daemon_record->argv[2], "alice", "with whom it is for");
  is_int(((array_header *) daemon_record->argv[0])->nelts, 2, "two chains");
  ok(set("user alice") != NULL, "without a chain it is refused");
  ok(set("user alice hostbased") == NULL, "with one it is not");
  rule_error = "wrong names";
  is_str(set("user alice hostbased"), "SFTPAuthMethods: wrong names",
    "names may be wrong");
  rule_error = NULL;
  ok(set("password") == NULL, "a line for all");
  is_int(daemon_record->argc, 1, "has only its chains");
  is_str(daemon_record->name, "SFTPAuthMethods", "and the directive's name");
}

/* The methods of the chains, each of one step. */
static const char *chains_of(const struct sftp_settings *to) {
  const char *text = "";
  unsigned int i, k;

  for (i = 0; i < to->nchains; i++) {
    for (k = 0; k < to->chains[i].nsteps; k++) {
      unsigned int method = to->chains[i].steps[k].method;

      text = pstrcat(p, text, k > 0 ? "+" : i > 0 ? " " : "",
        method == AUTH_PUBLICKEY ? "pk" : method == AUTH_HOSTBASED ? "hb" :
        method == AUTH_KBDINT ? "ki" : "pw", NULL);
    }
  }

  return text;
}

static void defaults_are_what_could_work(void) {
  static const struct { bool keys, ca, hosts; unsigned int drivers;
      const char *is; } row[] = {
    { false, false, false, 0, "pw" }, { true, false, false, 0, "pk pw" },
    { false, true, false, 0, "pk pw" }, { false, false, true, 0, "hb pw" },
    { false, false, false, 1, "ki pw" },
    { true, true, true, 2, "pk hb ki pw" } };
  server_rec server = { .conf = NULL };
  struct sftp_settings to;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    daemon_forget_config();
    has_keys = row[i].keys;
    ndrivers = row[i].drivers;
    if (row[i].ca) {
      daemon_add_words("SFTPTrustedUserCAKeys", (const char *const []) {
        "file:/ca", NULL });
    }

    if (row[i].hosts) {
      daemon_add_words("SFTPAuthorizedHostKeys", (const char *const []) {
        "file:/hosts", NULL });
    }

    ftpd_methods_chains(p, &server, &to);
    is_str(chains_of(&to), row[i].is, "defaults, row %lu", (unsigned long) i);
  }

  daemon_forget_config();
  (void) set("publickey+hostbased password");
  ftpd_methods_chains(p, &server, &to);
  is_str(chains_of(&to), "pk+hb pw", "the chains of the line");
  is_int(to.nchains, 2, "two");
}

static void methods_of_any_user_are_used(void) {
  server_rec server = { .conf = NULL };
  struct sftp_settings to;

  daemon_forget_config();
  ndrivers = 0;
  (void) set("publickey+password");
  ftpd_methods_chains(p, &server, &to);
  ok(ftpd_methods_use(p, &server, &to, AUTH_PUBLICKEY), "a first step");
  ok(ftpd_methods_use(p, &server, &to, AUTH_PASSWORD), "a second one");
  ok(!ftpd_methods_use(p, &server, &to, AUTH_HOSTBASED), "no step");
  (void) set("user bob publickey");
  (void) set("user alice password hostbased");
  ok(ftpd_methods_use(p, &server, &to, AUTH_HOSTBASED), "of a user's rule");
  ok(!ftpd_methods_use(p, &server, &to, AUTH_KBDINT), "of nobody's");
}

int main(void) {
  p = make_sub_pool(NULL);
  chains_are_kept_in_order();
  what_never_completes_is_refused();
  drivers_have_to_be_loaded();
  lines_for_some_have_names();
  defaults_are_what_could_work();
  methods_of_any_user_are_used();
  destroy_pool(p);
  return done_testing();
}
