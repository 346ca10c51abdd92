/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-calls.h -- the system calls that a confined session is denied, and the
 * program for the kernel that denies them.
 */

#ifndef MOD_SFTP_FTPD_CALLS_H
#define MOD_SFTP_FTPD_CALLS_H

#include "ftpd-needs.h"

#include <linux/filter.h>
#include <sys/types.h>

/* When a call of the table is allowed all the same. */
enum ftpd_call_check {
  CALL_NEVER,
  CALL_UNIX,                    /* in the family AF_UNIX */
  CALL_SELF,                    /* first argument: this process */
  CALL_SELF_OR_0,
  CALL_SELF_OR_TEST,            /* or signal 0, which only asks */
  CALL_THREAD,                  /* for a thread, not a process */
  CALL_NO_LINGER                /* not for SO_LINGER */
};

struct ftpd_call {
  const char *name;
  int nr;                       /* -1: not on this machine */
  enum ftpd_call_check check;
  unsigned int freed_by;        /* NEED_*: allowed if one of them is there */
};

extern const struct ftpd_call ftpd_calls[];
extern const size_t ftpd_ncalls;

#define FTPD_FILTER_MAX 1024

struct ftpd_filter {
  struct sock_filter code[FTPD_FILTER_MAX];
  unsigned int n;
};

/* The filter for process self with these needs (NEED_*).  0, or -1 with errno:
 * ENOSYS on a machine whose calls are unknown.
 */
int ftpd_filter_build(struct ftpd_filter *f, unsigned int needs, pid_t self);
/* Makes it the filter of another process. */
void ftpd_filter_adopt(struct ftpd_filter *f, pid_t from, pid_t to);
/* Installs it for good; it needs no_new_privs or CAP_SYS_ADMIN.  0, or -1 with
 * errno.
 */
int ftpd_filter_install(const struct ftpd_filter *f);

#endif /* MOD_SFTP_FTPD_CALLS_H */
