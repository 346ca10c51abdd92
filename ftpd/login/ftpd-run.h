/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-run.h -- runs programs and returns their output. */

#ifndef MOD_SFTP_FTPD_RUN_H
#define MOD_SFTP_FTPD_RUN_H

#include "ftpd-session.h"

struct ftpd_run {
  const char *path;
  void (*call)(void *data);     /* a function in place of the program: it runs
                                 * in a copy of this process, as root, with
                                 * the default actions of signals that end
                                 * processes; or NULL */
  void *data;
  char *const *argv, *const *envp;      /* envp NULL: the environment of this
                                         * process */
  const char *user;             /* the user it runs as, NULL: root */
  uid_t uid;
  gid_t gid;
  int in;                       /* its stdin, 0: /dev/null */
  int until;                    /* a connection whose end ends it, or 0 */
  unsigned int timeout_ms;
  size_t out_max;               /* bytes; more output is a failure */
  bool any_status;              /* exit statuses other than 0 are not errors */
};

struct ftpd_output {
  char *text;                   /* len bytes, without a NUL; it is not wiped */
  size_t len, size;
  char err[1024];               /* the beginning of its stderr */
  size_t errlen;
  int status;                   /* of its exit; -1: it did not exit by itself */
};

/* Runs it to its end.  NULL if it exited with 0 in time, otherwise the error.
 * Text is in p.
 */
const char *ftpd_run(pool *p, const struct ftpd_run *r, struct ftpd_output *o);
/* Why the program must not be run: users other than root can change it, or a
 * directory above it, and would act as its user.  NULL: only root can.
 */
const char *ftpd_run_objection(pool *p, const char *path);
/* The path of a program of ours, which stands beside this module, wherever that
 * is; NULL: unknown.
 */
const char *ftpd_run_beside(pool *p, const char *name);

#endif /* MOD_SFTP_FTPD_RUN_H */
