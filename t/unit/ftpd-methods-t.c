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

/* Of ftpd-rules.c: lines for everybody. */
bool ftpd_rule_is(cmd_rec *cmd, const char **error) {
  (void) cmd;
  *error = NULL;
  return false;
}

void ftpd_rule_set(const cmd_rec *cmd, config_rec *c) {
  (void) cmd;
  (void) c;
}

void ftpd_rule_warn(const cmd_rec *cmd, bool is_rule, const char *form) {
  (void) cmd;
  (void) is_rule;
  (void) form;
}

bool ftpd_rule_next(server_rec *s, const char *record, config_rec **at,
    struct ftpd_rule *rule) {
  (void) s;
  (void) record;
  (void) at;
  (void) rule;
  return false;
}

bool ftpd_rule_has_keys(server_rec *s) {
  (void) s;
  return false;
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
    "publickey nonsense" };
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
}

int main(void) {
  p = make_sub_pool(NULL);
  chains_are_kept_in_order();
  what_never_completes_is_refused();
  drivers_have_to_be_loaded();
  destroy_pool(p);
  return done_testing();
}
