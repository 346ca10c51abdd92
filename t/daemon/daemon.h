/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* daemon.h -- what tests of ftpd/ set and see of the daemon's functions.
 *
 * A test t/unit/ftpd-NAME-t.c is linked with ftpd-NAME.o alone: of the other
 * files of ftpd/ it defines itself what that one calls.
 */

#ifndef MOD_SFTP_TEST_DAEMON_H
#define MOD_SFTP_TEST_DAEMON_H

#include "ftpd-session.h"

/* Where the client is from. */
void daemon_client(const char *ip, const char *name);
extern bool daemon_has_ipv6;            /* UseIPv6; true at first */

/* A directive as it stands in the configuration, its words apart by spaces. */
cmd_rec *daemon_directive(pool *p, const char *line);
/* Why its handler refused it; NULL: it took it. */
const char *daemon_refusal(const modret_t *res);
/* The record that was added last. */
extern config_rec *daemon_record;
/* What get_param_ptr() finds, by the directive's name. */
void daemon_set_param(const char *name, void *value);
/* A record with these words, NULL at their end, behind those that are there. */
config_rec *daemon_add_words(const char *name, const char *const *words);
/* From now on there are no records. */
void daemon_forget_config(void);

/* Adds a line to the responses that wait (resp_list). */
void daemon_respond(const char *text);

#endif /* MOD_SFTP_TEST_DAEMON_H */
