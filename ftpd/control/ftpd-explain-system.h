/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-explain-system.h -- ftpdctl sftp explain: what the file system would say
 * to the user of the child (ftpd-explain-system.c).  Nothing is changed or
 * opened.
 */

#ifndef MOD_SFTP_FTPD_EXPLAIN_SYSTEM_H
#define MOD_SFTP_FTPD_EXPLAIN_SYSTEM_H

#include "ftpd-request.h"

/* In the child, while it sees /proc. */
void ftpd_explain_system_init(void);

/* op was permitted for these paths (to: NULL if there is one).  0; -1 with
 * errno, or op->rule for a rule of this module; 1 if nobody can tell, because
 * of op->rule.
 */
int ftpd_explain_system(struct ftpd_op *op, const char *path, const char *to);
/* The same for SETSTAT of op->effects.  0 means any attribute: one that may be
 * set is enough, and lines say which may not.
 */
int ftpd_explain_attributes(struct ftpd_op *op, const char *path);

/* The SFTP_EFF_* of "chmod" and similar words; 0: it is no such word. */
unsigned int ftpd_explain_attribute(const char *word);
/* These words, with ", " before each. */
const char *ftpd_explain_attribute_words(pool *p);

#endif /* MOD_SFTP_FTPD_EXPLAIN_SYSTEM_H */
