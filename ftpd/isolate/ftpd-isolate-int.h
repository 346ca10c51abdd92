/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-isolate-int.h -- what the files of SFTPIsolation share. */

#ifndef MOD_SFTP_FTPD_ISOLATE_INT_H
#define MOD_SFTP_FTPD_ISOLATE_INT_H

#include "ftpd-conf.h"
#include "ftpd-isolate.h"

/* What a cell is made of: the client's socket, the pair's other end, and a pipe
 * that ends it when its session closes the other end.
 */
#define CELL_NFDS 3

/* ---- ftpd-isolate.c */

bool ftpd_isolate_wanted_anywhere(void);
/* A line where there is no account of its own; the logs are open by then. */
void ftpd_isolate_tell_account(void);
/* The program's path, for log lines. */
const char *ftpd_isolate_program(void);
/* Starts the program; its parent is not this process, which need not wait for
 * it.  0, or -1 with errno.
 */
int ftpd_isolate_run(const char *how, const int *fds, size_t nfds);
/* Moves fd: sessions put the client's socket at 0 and 1, which the daemon may
 * have closed.
 */
int ftpd_isolate_high(int fd);

/* ---- ftpd-nursery.c */

/* The socket of the daemon's nursery; -1: there is none. */
int ftpd_nursery_control(void);
void ftpd_nursery_close(void);

#endif /* MOD_SFTP_FTPD_ISOLATE_INT_H */
