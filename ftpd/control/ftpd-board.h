/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-board.h -- memory that the daemon and its sessions share: what each
 * session has done, and what all have done before.
 *
 * The master creates it before the first session, and it survives reloads.  A
 * session gets a slot, which nobody else writes: no lock and no system call is
 * needed.  It keeps nothing but its slot, so it can neither read nor change
 * what others have done.  When its process has ended, however that happened,
 * somebody else adds its slot to the totals.
 */

#ifndef MOD_SFTP_FTPD_BOARD_H
#define MOD_SFTP_FTPD_BOARD_H

#include "ftpd-book.h"

#include "times.h"

#define BOARD_SERIES 512
#define BOARD_SLOTS 4096

#define BOARD_FILES 8
#define BOARD_ALGS 8            /* kex, host key, then pairs of directions */

struct board_file {
  unsigned char used, in;       /* no bool: a session may write anything */
  uint64_t since_ms;
  uint64_t size;                /* of a download; 0: unknown */
  _Atomic uint64_t moved;
  uint64_t spent_us[NCAUSES];   /* the account when it was opened */
  char path[256];
};

/* What the session is.  Its process adds 1 to seq before and after it changes
 * a text.
 */
struct board_info {
  _Atomic unsigned int seq;
  uint64_t since_ms;
  char address[64], user[64], client[128], protocol[16], algs[BOARD_ALGS][48];
  unsigned int version;         /* of SFTP; 0: none */
  unsigned int nopen;
  struct sftp_times_shown times;
  struct board_file files[BOARD_FILES];
};

/* Pages of its own: aligned. */
struct board_slot {
  _Atomic uint64_t counts[BOARD_SERIES];
  struct board_info info;
  struct book_login login;
  _Atomic int ended;            /* by itself, and its records are written */
  /* Written by the daemon, to end the session. */
  _Atomic int ending;
  char reason[256];
} __attribute__((aligned(4096)));

/* In the master, at every (re)start: creates the memory, or finds it again if
 * its layout is the same.
 */
void ftpd_board_open(uint64_t layout);
/* The master's process id has changed since it opened the memory. */
void ftpd_board_tell(void);
/* This process no longer needs the memory, apart from the slot that it may
 * have.
 */
void ftpd_board_close(void);
/* This process is a session: it gets a slot and leaves the rest.  False if
 * there is none: what it adds goes to the totals then, until it closes them.
 */
bool ftpd_board_enter(void);

/* The slot of this process; NULL if it has none. */
struct board_slot *ftpd_board_own(void);
/* This session ends by itself. */
void ftpd_board_ended(void);
/* What this process adds to. */
void ftpd_board_add(unsigned int series, uint64_t n);

/* Called when the slot of a session is emptied that did not end by itself: its
 * process was killed, or crashed.
 */
typedef void (*ftpd_board_lost_t)(pid_t pid, const struct board_slot *s);
void ftpd_board_on_lost(ftpd_board_lost_t tell);
/* In the master: empties the slots of sessions that have ended. */
void ftpd_board_sweep(void);

/* In the master: what all sessions have done, which never becomes less, and how
 * many are running.
 */
unsigned int ftpd_board_sum(uint64_t sums[BOARD_SERIES]);
/* In the master: the first running session in the slots from *at on, and its
 * slot; 0: there is none.  *at becomes the next.
 */
pid_t ftpd_board_next(unsigned int *at, struct board_slot **slot);

/* In the master: the tables of ftpd-book.h, with all logins until now; NULL:
 * there are none.
 */
struct book *ftpd_board_book(void);

#endif /* MOD_SFTP_FTPD_BOARD_H */
