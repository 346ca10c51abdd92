/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-metrics.h -- SFTPMetricsFile: the counters as OpenMetrics text,
 * written from time to time.
 */

#ifndef MOD_SFTP_FTPD_METRICS_H
#define MOD_SFTP_FTPD_METRICS_H

#include "ftpd-session.h"

/* In the master: the daemon has gone to the background, and its log is open. */
void ftpd_metrics_start(void);
/* The configuration has been read; does nothing before the start. */
void ftpd_metrics_restart(void);
/* In every session, and when the module is unloaded: no more writing. */
void ftpd_metrics_end(void);

#endif /* MOD_SFTP_FTPD_METRICS_H */
