/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keyldap.c -- the store "ldap": the host's mod_ldap looks up the keys of
 * a user, by its HOOK for that.
 */

#include "ftpd-session.h"
#include "ftpd-source.h"

static modret_t *look_up(pool *p, const char *user) {
  cmdtable *hook = pr_stash_get_symbol2(PR_SYM_HOOK,
    "ldap_ssh_publickey_lookup", NULL, NULL, NULL);
  cmd_rec *cmd;

  if (hook == NULL) {
    return NULL;
  }

  cmd = pr_cmd_alloc(p, 1, pstrdup(p, user));
  cmd->tmp_pool = p;
  return pr_module_call(hook->m, hook->handler, cmd);
}

int ftpd_keyldap_read(const struct ftpd_ask *ask, char **words SFTP_UNUSED,
    struct ftpd_answer *a) {
  const char *user = ask->ftpd->user, *all = "";
  modret_t *mr = look_up(ask->pool, user);
  const array_header *keys;
  unsigned int i;

  if (mr == NULL || !MODRET_HASDATA(mr)) {
    sftp_log_why(WHY_MISSING, "no public keys of user '%s' in the directory",
      user);
    return -1;
  }

  /* Each value of the attribute is a key, in any format that a file may have.
   */
  keys = mr->data;
  for (i = 0; i < (unsigned int) keys->nelts; i++) {
    all = pstrcat(ask->pool, all, ((char **) keys->elts)[i], "\n", NULL);
  }

  a->text = sftp_str_of(all);
  a->where = "ldap:";
  return 0;
}
