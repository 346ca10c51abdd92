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
  unsigned int timeout_ms;
  size_t out_max;               /* bytes; more output is a failure */
  bool any_status;              /* exit statuses other than 0 are not errors */
};

struct ftpd_output {
  char *text;                   /* len bytes, without a NUL; it is not wiped */
  size_t len, size;
  char err[1024];               /* the beginning of its stderr */
  size_t errlen;
};

/* Runs it to its end with stdin at /dev/null.  NULL if it exited with 0 in
 * time, otherwise the error.  Text is in p.
 */
const char *ftpd_run(pool *p, const struct ftpd_run *r, struct ftpd_output *o);
/* Why the program must not be run: users other than root can change it, or a
 * directory above it, and would act as its user.  NULL: only root can.
 */
const char *ftpd_run_objection(pool *p, const char *path);

#endif /* MOD_SFTP_FTPD_RUN_H */
