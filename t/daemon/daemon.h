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

#include <sys/stat.h>

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
/* New records are only in that set; NULL: in all sets. */
extern xaset_t *daemon_set;
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

/* ---- Calls of others
 *
 * Functions of FSIO (fsio.c) and of other files of ftpd/ (neighbours.c): a test
 * that defines one itself gets its own.  Each leaves a trace, and succeeds.
 */
#define DAEMON_WEAK __attribute__((weak))

/* Leaves "NAME ARGUMENTS; " in the trace: 0, or -1 with errno if that name is
 * to fail.
 */
int daemon_call(const char *fmt, ...) SFTP_PRINTF(1, 2);
/* From now on calls of that name fail, or only the n-th of them (1: the next
 * one). Those that answer yes or no say yes; their err is 0.
 */
void daemon_fails(const char *name, int err);
void daemon_fails_at(const char *name, unsigned int n, int err);
/* Nothing fails any more, and the trace is empty. */
void daemon_calls_anew(void);
/* The trace since the last of these calls; valid until the next but one. */
const char *daemon_calls(void);
/* Of such a trace, as printf() makes it; valid as long. */
const char *text(const char *fmt, ...) SFTP_PRINTF(1, 2);
/* The calls of these names alone, separated by spaces. */
const char *daemon_calls_of(const char *names);

/* What pr_fsio_fstat() says; what ftpd_lstat() and ftpd_stat() say of any path,
 * which fail unless it has a mode.
 */
extern struct stat daemon_fstat, daemon_lstat;
extern unsigned int daemon_max_handles;
extern off_t daemon_max_store;          /* MaxStoreFileSize; 0: none */
extern const struct upload_check *daemon_check;       /* SFTPUploadCheck */
extern pr_fs_t daemon_fs;               /* that serves all files */
extern cmd_rec *daemon_cmd;             /* that ftpd_cmd() made last */
extern int daemon_fd;                   /* of files that FSIO opens */

#endif /* MOD_SFTP_TEST_DAEMON_H */
