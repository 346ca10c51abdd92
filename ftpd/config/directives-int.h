/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* directives-int.h -- shared by the handlers of directives*.c. */

#ifndef MOD_SFTP_DIRECTIVES_INT_H
#define MOD_SFTP_DIRECTIVES_INT_H

#include "alg-table.h"
#include "directives.h"
#include "number.h"

#define CTXT_SERVER (CONF_ROOT|CONF_VIRTUAL|CONF_GLOBAL)

#define CHECK_ONE(cmd) \
  do { \
    if ((cmd)->argc != 2) { \
      CONF_ERROR((cmd), "wrong number of parameters: expected one"); \
    } \
    CHECK_CONF((cmd), CTXT_SERVER); \
  } while (0)

#define CHECK_SOME(cmd) \
  do { \
    if ((cmd)->argc < 2) { \
      CONF_ERROR((cmd), "wrong number of parameters: expected at least one"); \
    } \
    CHECK_CONF((cmd), CTXT_SERVER); \
  } while (0)

/* Flags for records of cumulative directives: mod_ifsession would otherwise
 * replace them by those of its sections.
 */
long ftpd_multi_flag(void);

/* The name of a family in error messages. */
extern const char *const ftpd_alg_kinds[ALGS_NFAMILIES];

/* Adds one name, optionally with a sign, to the comma-separated list (NULL:
 * empty) in p.  Names that cannot be used here are left out with a warning.
 * Returns NULL, or the error message.
 */
const char *ftpd_alg_add(cmd_rec *cmd, pool *p, enum sftp_alg_family f,
  const char *name, size_t len, const char **list);
/* The same for names joined by commas. */
const char *ftpd_alg_words(cmd_rec *cmd, pool *p, enum sftp_alg_family f,
  const char *text, const char **list);
/* The list, or an error message in *err if it remained empty. */
const char *ftpd_alg_done(cmd_rec *cmd, enum sftp_alg_family f,
  const char *list, const char **err);

/* Whether the line is in <Global>. */
bool ftpd_conf_in_global(const cmd_rec *cmd);
/* Records of the directive: with one word, with all words, with a value of n
 * bytes.
 */
config_rec *ftpd_conf_add_word(cmd_rec *cmd);
config_rec *ftpd_conf_add_words(cmd_rec *cmd);
config_rec *ftpd_conf_add_value(cmd_rec *cmd, const void *value, size_t n);

#endif /* MOD_SFTP_DIRECTIVES_INT_H */
