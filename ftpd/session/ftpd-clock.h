/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-clock.h -- the system's clock may be set while a session runs.
 *
 * Whatever this module measures itself, it measures with ftpd_now_ms(), which
 * nobody can set.  The daemon measures with the system's clock: these functions
 * keep its timers, rates and durations right when that is set.
 */

#ifndef MOD_SFTP_FTPD_CLOCK_H
#define MOD_SFTP_FTPD_CLOCK_H

#include "conf.h"

/* The session begins: there was no step yet. */
void ftpd_clock_begin(void);
/* Has the clock been set since the last call?  If so, the daemon's timers are
 * told, which otherwise would take a step forward for time that has passed.
 */
void ftpd_clock_check(void);
/* pr_timer_reset() of any module's timer, whatever the clock does. */
void ftpd_timer_reset(int timerno);
/* What the clock would have shown at that time of ftpd_now_us(), if it had not
 * been set since: the daemon computes durations from it.
 */
struct timeval ftpd_clock_at(uint64_t us);

#endif /* MOD_SFTP_FTPD_CLOCK_H */
