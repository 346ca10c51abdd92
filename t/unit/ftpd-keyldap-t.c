/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keyldap-t.c -- the store "ldap": what mod_ldap's hook answers. */

#include "daemon.h"
#include "ftpd-source.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

static pool *p;
static array_header *keys;
static module ldap;
static bool has_hook, answers;
static unsigned int calls;

static modret_t *lookup(cmd_rec *cmd) {
  modret_t *res = pcalloc(p, sizeof(*res));

  calls += cmd->argc == 1 && strcmp(cmd->argv[0], "alice") == 0 &&
    cmd->tmp_pool == p;
  res->data = keys;
  return answers ? res : NULL;
}

static cmdtable hook = { .handler = lookup, .m = &ldap };

void *pr_stash_get_symbol2(pr_stash_type_t type, const char *name, void *prev,
    int *cache, unsigned int *hash) {
  (void) prev;
  (void) cache;
  (void) hash;
  return has_hook && type == PR_SYM_HOOK &&
    strcmp(name, "ldap_ssh_publickey_lookup") == 0 ? &hook : NULL;
}

modret_t *pr_module_call(module *m, modret_t *(*fn)(cmd_rec *), cmd_rec *cmd) {
  return m == &ldap ? fn(cmd) : NULL;
}

static int ask(struct ftpd_answer *a) {
  struct ftpd ftpd = { .user = "alice" };
  struct ftpd_ask one = { .ftpd = &ftpd, .pool = p };

  memset(a, 0, sizeof(*a));
  fake_log_reset();
  return ftpd_keyldap_read(&one, NULL, a);
}

static void no_answer_is_logged(void) {
  struct ftpd_answer a;

  is_int(ask(&a), -1, "no module");
  ok(calls == 0 && fake_log_has("no public keys of user 'alice'"), "is logged");
  has_hook = true;
  is_int(ask(&a), -1, "a module that declines");
  ok(calls == 1 && fake_log_has("no public keys of user 'alice'"), "is logged");
  answers = true;
  is_int(ask(&a), -1, "or has nothing to tell");
  ok(fake_log_has("no public keys of user 'alice'"), "is logged");
}

static void keys_are_lines(void) {
  static const char *text[] = { "one", "two\nlines", "beyond" };
  struct ftpd_answer a;

  keys = make_array(p, 1, sizeof(char *));
  keys->elts = text;
  is_int(ask(&a), 0, "no key");
  ok(a.text.len == 0, "is no text");
  keys->nelts = 1;
  is_int(ask(&a), 0, "a key");
  is_str((const char *) a.text.ptr, "one\n", "is a line");
  keys->nelts = 2;
  is_int(ask(&a), 0, "two");
  is_mem(a.text.ptr, a.text.len, "one\ntwo\nlines\n", 14, "are more");
  is_str(a.where, "ldap:", "from there");
}

int main(void) {
  p = make_sub_pool(NULL);
  no_answer_is_logged();
  keys_are_lines();
  destroy_pool(p);
  return done_testing();
}
