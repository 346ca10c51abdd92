/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* daemon.h -- what tests of ftpd/ set and see of the daemon's functions.
 *
 * A test t/unit/ftpd-NAME-t.c is linked only with ftpd-NAME.o: it defines
 * itself what that file calls in other files of ftpd/.
 */

#ifndef MOD_SFTP_TEST_DAEMON_H
#define MOD_SFTP_TEST_DAEMON_H

#include "ftpd-session.h"

/* The address of the client; the server's is DAEMON_IP. */
#define DAEMON_IP "192.0.2.1"
void daemon_client(const char *ip, const char *name);
/* Calls of pr_log_pri(), and the last of them. */
extern unsigned int daemon_messages;
extern char daemon_message[512];
extern int daemon_priority;
extern bool daemon_has_ipv6;            /* UseIPv6; true at first */

/* A directive as in the configuration, its words separated by spaces. */
cmd_rec *daemon_directive(pool *p, const char *line);
/* Why its handler refused it; NULL: it was accepted. */
const char *daemon_refusal(const modret_t *res);
/* The record that was added last. */
extern config_rec *daemon_record;
/* The result of get_param_ptr(), by the directive's name. */
void daemon_set_param(const char *name, void *value);
/* Appends a record with these words, NULL-terminated. */
config_rec *daemon_add_words(const char *name, const char *const *words);
/* Removes all records. */
void daemon_forget_config(void);

/* What ftpd_files_of() returns (ftpd-files.h). */
extern struct ftpd_files daemon_files;
/* What ftpd_refuse() said last. */
extern const char *daemon_refused;

/* How often the rights of root are taken and not given back, and were taken
 * (privs.c).
 */
extern unsigned int daemon_root, daemon_roots;

/* Tells the listeners of an event; returns how many there are (event.c). */
unsigned int daemon_happens(const char *event, const void *data);
void daemon_forget_listeners(void);

/* Timers that run, by their descriptions; one expires, with its result
 * (timer.c).
 */
struct daemon_timer {
  callback_t call;              /* NULL: unused */
  int secs, id;
  const char *what;
};

extern struct daemon_timer daemon_timers[8];
struct daemon_timer *daemon_timer(const char *what);
int daemon_expire(const char *what);

/* Adds a line to the pending responses (resp_list). */
void daemon_respond(const char *text);

#endif /* MOD_SFTP_TEST_DAEMON_H */
