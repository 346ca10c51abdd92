/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record.h -- SFTPTransferRecord: one JSON object for each transfer,
 * login, refusal and change, in a chain of hashes that host keys sign.
 *
 * A process of its own, the recorder, has the files and the keys; it is forked
 * by the daemon (ftpd-record-start.c, ftpd-recorder.c).  A session has a socket
 * to it (ftpd-record-session.c), and can neither read nor change what has been
 * written, whoever controls the session.
 */

#ifndef MOD_SFTP_FTPD_RECORD_H
#define MOD_SFTP_FTPD_RECORD_H

#include "ftpd-record-fields.h"
#include "ftpd-session.h"

#include "ftpd-gate.h"
#include "ftpd-openfile.h"

struct sftp_cert;

/* ---- ftpd-record-conf.c */

/* SFTPTransferRecord; path NULL: none. */
struct record_conf {
  const char *path;
  unsigned int records, minutes;        /* between signatures */
  bool stops;                   /* what cannot be recorded is refused */
};

const struct record_conf *ftpd_record_conf(server_rec *s);
/* Before the start: the number of faults, which are logged. */
int ftpd_record_check(pool *p);

/* ---- ftpd-record-start.c: the daemon */

void ftpd_record_start(void);
void ftpd_record_restart(void);         /* does nothing before the start */
void ftpd_record_stop(void);

/* ---- ftpd-record-session.c: a session */

/* This process is a session of main_server. */
void ftpd_record_enter(void);
bool ftpd_record_on(void);
bool ftpd_record_logged_in(void);
/* The login has a record.  If it was not refused, the end of the session will
 * have one, too.
 */
void ftpd_record_login_told(bool ok);
/* Sends an event; whatever fails is said in the system log. */
void ftpd_record_send(struct record_event *e);
/* Whether what happens now will be recorded, or does not have to be.  EIO. */
int ftpd_record_may(struct ftpd_op *op);

/* ---- ftpd-record-events.c: what sessions of this module do */

/* The key that a login is about to use. */
void ftpd_record_key(pool *p, struct sftp_str blob,
  const struct sftp_cert *cert);
/* How an attempt to log in has ended: "ok", "partial", "failed". */
void ftpd_record_login(struct ftpd *h, const char *method, const char *end);
/* An attempt ends the connection: nobody can have that name. */
void ftpd_record_odd_login(const char *user, const char *why);
/* A module ends the session that has just logged in. */
void ftpd_record_turned_away(const char *why);
/* An operation begins; what it sets. */
void ftpd_record_anew(void);
void ftpd_record_mode(mode_t mode);
void ftpd_record_size(off_t size);
void ftpd_record_owner(uid_t uid, gid_t gid);
void ftpd_record_xattr(const char *name, bool removed);
/* One thing that an operation sets was set, if res is 0: a failure of the next
 * does not undo it.  Returns res, and keeps errno.
 */
int ftpd_record_did(const char *part, int res);
/* An operation of the gate has ended. */
void ftpd_record_operation(struct ftpd_op *op, int err);
/* SCP has set the mode, which is no operation: 0, or -1 with errno.  Returns
 * res, and keeps errno.
 */
int ftpd_record_scp_mode(struct ftpd *h, const char *path, int res);
/* A file was opened; bytes were moved; one way of it has ended. */
void ftpd_record_opened(struct ftpd_file *f);
void ftpd_record_moved(const struct ftpd_file *f, enum ftpd_way way);
void ftpd_record_ended(struct ftpd_file *f, enum ftpd_way way);
/* A transfer has ended; err: 0 or an errno. */
void ftpd_record_transfer(const struct ftpd_file *f, enum ftpd_way way,
  cmd_rec *cmd, int err);

/* ---- ftpd-record-ftp.c: what FTP's sessions do */

modret_t *ftpd_record_ftp_begins(cmd_rec *cmd); /* PRE_CMD of transfers */
modret_t *ftpd_record_ftp_site(cmd_rec *cmd);   /* PRE_CMD of SITE */
modret_t *ftpd_record_ftp(cmd_rec *cmd);        /* LOG_CMD */
modret_t *ftpd_record_ftp_failed(cmd_rec *cmd); /* LOG_CMD_ERR */

#endif /* MOD_SFTP_FTPD_RECORD_H */
