/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-lost.c -- sessions that did not end by themselves: their slots on the
 * board say what they did.
 */

#include "ftpd-kept.h"
#include "ftpd-live.h"
#include "ftpd-lost.h"
#include "ftpd-tally.h"

#define WATCH_SECS 5

static struct {
  pid_t master;
  int timer;                    /* -1: none */
} state = { 0, -1 };

static void tell_file(pool *p, pid_t pid, const struct board_file *f) {
  ftpd_tally(TALLY_TRANSFERS, f->in ? TALLY_IN : TALLY_OUT, TALLY_PART, 1);
  pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
    ": session %lu: %s of '%s' is lost after %llu bytes", (unsigned long) pid,
    f->in ? "upload" : "download", sftp_printable(p, f->path),
    (unsigned long long) atomic_load(&f->moved));
}

static void tell_lost(pid_t pid, const struct board_slot *s) {
  struct board_info b;
  const char *user;
  unsigned int i;
  pool *p;

  /* It may have ended in the middle of a change: what is there is told. */
  (void) ftpd_live_read(s, &b);
  if (b.address[0] == '\0') {
    return;                     /* it had not begun */
  }

  ftpd_tally_killed();
  p = make_sub_pool(permanent_pool);
  user = b.user[0] == '\0' ? "nobody" :
    pstrcat(p, "'", sftp_printable(p, b.user), "'", NULL);
  pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
    ": session %lu of %s from %s was killed, or crashed", (unsigned long) pid,
    user, sftp_printable(p, b.address));
  for (i = 0; i < BOARD_FILES; i++) {
    if (b.files[i].used) {
      tell_file(p, pid, &b.files[i]);
    }
  }

  destroy_pool(p);
}

static int on_timer(CALLBACK_FRAME) {
  (void) p1;
  (void) p2;
  (void) p3;
  (void) data;
  if (state.master == getpid()) {
    ftpd_board_sweep();
  }

  return 1;
}

void ftpd_lost_end(void) {
  if (state.timer >= 0) {
    (void) pr_timer_remove(state.timer, &sftp_module);
  }

  state.timer = -1;
}

void ftpd_lost_start(void) {
  ftpd_lost_end();
  if (ServerType == SERVER_INETD) {
    return;                     /* each has a master of its own */
  }

  ftpd_board_on_lost(tell_lost);
  state.master = getpid();
  state.timer = pr_timer_add(WATCH_SECS, -1, &sftp_module, on_timer,
    "lost sessions");
}

void ftpd_lost_restart(void) {
  if (ftpd_kept_reloading()) {
    ftpd_lost_start();
  }
}
