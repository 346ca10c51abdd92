/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-controls-int.h -- commands of ftpdctl sftp, for their table.
 *
 * A command gets the words after its name.  It returns 0, or -1 after a line
 * that says what is wrong; -2 asks for its usage line.
 */

#ifndef MOD_SFTP_FTPD_CONTROLS_INT_H
#define MOD_SFTP_FTPD_CONTROLS_INT_H

#include "ftpd-session.h"

#ifdef PR_USE_CTRLS
# include <mod_ctrls.h>

# define CONTROL_USAGE (-2)

/* ftpd-controls-config.c */
int ftpd_control_config(pr_ctrls_t *ctrl, int argc, char **argv);
/* The first server with SFTPEngine that the word means, any if it is NULL; or
 * NULL.  The other function says so.
 */
server_rec *ftpd_control_server(const char *word);
int ftpd_control_no_server(pr_ctrls_t *ctrl);

/* ftpd-controls-explain.c */
int ftpd_control_explain(pr_ctrls_t *ctrl, int argc, char **argv);
/* Runs a function in a child of the daemon, which waits for no more than 5
 * seconds, and tells the lines that it prints.  -1: a line says what failed.
 */
int ftpd_control_child(pr_ctrls_t *ctrl, void (*call)(void *data), void *data);

/* ftpd-controls-counters.c */
int ftpd_control_counters(pr_ctrls_t *ctrl, int argc, char **argv);

/* ftpd-controls-keys.c */
int ftpd_control_keys(pr_ctrls_t *ctrl, int argc, char **argv);

/* ftpd-controls-whatif.c */
int ftpd_control_whatif(pr_ctrls_t *ctrl, int argc, char **argv);

/* ftpd-controls-sessions.c */
/* Local time, in p. */
const char *ftpd_control_time(pool *p, int64_t secs);
/* "1 login", "2 logins". */
const char *ftpd_control_logins(pool *p, uint64_t n);
int ftpd_control_sessions(pr_ctrls_t *ctrl, int argc, char **argv);
int ftpd_control_end(pr_ctrls_t *ctrl, int argc, char **argv);

#endif /* PR_USE_CTRLS */

#endif /* MOD_SFTP_FTPD_CONTROLS_INT_H */
