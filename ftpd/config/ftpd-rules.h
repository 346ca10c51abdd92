/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-rules.h -- lines of a directive for some users: "user|group|class names"
 * before what the directive takes for everybody else.
 */

#ifndef MOD_SFTP_FTPD_RULES_H
#define MOD_SFTP_FTPD_RULES_H

#include "directives.h"

enum ftpd_rule_kind { FTPD_RULE_USER, FTPD_RULE_GROUP, FTPD_RULE_CLASS };

struct ftpd_rule {
  enum ftpd_rule_kind kind;
  const char *names;            /* joined by commas */
};

/* Arguments of the record of such a line: one for the directive itself, the
 * kind, the names; further ones are the directive's.
 */
#define FTPD_RULE_ARGS 3

/* Whether the line begins with user, group or class.  *error: NULL, or the
 * message if it is wrong.
 */
bool ftpd_rule_is(cmd_rec *cmd, const char **error);
/* Fills in kind and names of the record. */
void ftpd_rule_set(const cmd_rec *cmd, config_rec *c);
/* mod_ifsession applies its sections after the login, but <IfClass> when the
 * session begins: the login sees the rules there, but not the line for all
 * users, which may have been read before.  The form is that of a line that
 * would have an effect.
 */
void ftpd_rule_warn(const cmd_rec *cmd, bool is_rule, const char *form);

/* The next record of that name after *at, NULL before the first; false: there
 * is none.
 */
bool ftpd_rule_next(server_rec *s, const char *record, config_rec **at,
  struct ftpd_rule *rule);

/* The lines of SFTPAuthorizedUserKeys for some users: their records. */
#define FTPD_KEYS_RULE "SFTPAuthorizedUserKeys for"

/* Whether there is a line of SFTPAuthorizedUserKeys for anybody. */
bool ftpd_rule_has_keys(server_rec *s);

#endif /* MOD_SFTP_FTPD_RULES_H */
