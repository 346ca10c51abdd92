/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-stalled.c -- TimeoutStalled and TimeoutNoTransfer: the timers that
 * transferred data resets.
 */

#include "ftpd-clock.h"
#include "ftpd-files.h"
#include "ftpd-transfer.h"

#include "ssh2.h"

#define TICK_MS 250             /* timers are reset at most this often */

struct stall_state {
  uint64_t tick_ms;             /* the next reset */
  uint64_t moved_ms;            /* when data was moved last, or a file opened */
  unsigned int nopen;           /* open files that keep the stalled timer
                                 * running */
  int open_timer;               /* restarts that of TimeoutNoTransfer ... */
  bool renew;                   /* ... now */
};

static struct stall_state *stall_of(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->stall == NULL) {
    s->stall = pcalloc(s->pool, sizeof(*s->stall));
  }

  return s->stall;
}

/* The daemon's timer may be early: after a step of the clock, and because it
 * counts whole seconds.
 */
static bool has_stalled(struct ftpd *h) {
  uint64_t moved_ms = stall_of(h)->moved_ms;

  if (h->xfer_reset_ms > moved_ms) {
    moved_ms = h->xfer_reset_ms;
  }

  return sftp_now_ms() - moved_ms + 1000 >=
    (uint64_t) pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED) * 1000;
}

static int stalled_cb(CALLBACK_FRAME) {
  struct ftpd *h = ftpd_current();

  (void) p1;
  (void) p2;
  (void) p3;
  (void) data;

  if (h == NULL) {
    return 0;
  }

  if (!has_stalled(h)) {
    return 1;
  }

  /* mod_log would record the current command, and as a success: each open file
   * has its record at the end of the session.
   */
  session.curr_cmd_rec = NULL;
  pr_event_generate("core.timeout-stalled", NULL);
  sftp_log("data stalled timeout (TimeoutStalled %d) reached",
    pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED));
  pr_log_pri(PR_LOG_NOTICE, "Data transfer stall timeout: %d seconds",
    pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED));
  ftpd_disconnect(SSH_DISCONNECT_BY_APPLICATION,
    "data stalled timeout reached");
  pr_session_disconnect(&sftp_module, PR_SESS_DISCONNECT_TIMEOUT,
    "TimeoutStalled during data transfer");
  return 0;
}

/* As in FTP, TimeoutNoTransfer does not count while a transfer is open.  One
 * timer cannot reset another: this wakes the loop, which does.
 */
static int still_open_cb(CALLBACK_FRAME) {
  struct ftpd *h = ftpd_current();

  (void) p1;
  (void) p2;
  (void) p3;
  (void) data;
  if (h != NULL) {
    stall_of(h)->renew = true;
  }

  return 1;
}

void ftpd_stalled_renew(struct ftpd *h) {
  struct stall_state *s = h->files != NULL ? h->files->stall : NULL;

  if (s != NULL && s->renew) {
    s->renew = false;
    ftpd_timer_reset(PR_TIMER_NOXFER);
  }
}

static void hold_timers(struct stall_state *s) {
  int secs = pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED);

  ftpd_clock_check();
  s->moved_ms = sftp_now_ms();
  if (secs > 0) {
    (void) pr_timer_remove(PR_TIMER_STALLED, &sftp_module);
    (void) pr_timer_add(secs, PR_TIMER_STALLED, &sftp_module, stalled_cb,
      "TimeoutStalled");
  }

  secs = pr_data_get_timeout(PR_DATA_TIMEOUT_NO_TRANSFER);
  if (secs > 0) {
    s->open_timer = pr_timer_add(secs > 3 ? secs / 2 : 1, -1, &sftp_module,
      still_open_cb, "TimeoutNoTransfer during a transfer");
  }
}

void ftpd_stalled_hold(struct ftpd *h) {
  struct stall_state *s = stall_of(h);

  if (s->nopen++ == 0) {
    hold_timers(s);
  }
}

void ftpd_stalled_release(struct ftpd *h) {
  struct stall_state *s = stall_of(h);

  if (s->nopen > 0 && --s->nopen == 0) {
    ftpd_clock_check();
    (void) pr_timer_remove(PR_TIMER_STALLED, &sftp_module);
    if (s->open_timer > 0) {
      (void) pr_timer_remove(s->open_timer, &sftp_module);
      s->open_timer = 0;
    }
  }
}

void ftpd_tick(struct ftpd *h) {
  struct stall_state *s = stall_of(h);
  uint64_t now = ftpd_coarse_ms();

  if (now < s->tick_ms) {
    return;
  }

  s->tick_ms = now + TICK_MS;
  s->moved_ms = now;
  if (pr_data_get_timeout(PR_DATA_TIMEOUT_NO_TRANSFER) > 0) {
    ftpd_timer_reset(PR_TIMER_NOXFER);
  }

  if (s->nopen > 0 && pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED) > 0) {
    ftpd_timer_reset(PR_TIMER_STALLED);
  }
}
