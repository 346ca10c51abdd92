/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* log-budget.h -- how many log lines of a kind one session may write.
 *
 * The kind of a line is the format that it was made with.  Each kind has its
 * own budget, so that many lines of one kind never cost lines of another: a
 * number of lines at once, and a number per second.  Long lines count several
 * times.  Lines that are left out are counted, and a later line reports their
 * number and shows the last of them.
 */

#ifndef MOD_SFTP_LOG_BUDGET_H
#define MOD_SFTP_LOG_BUDGET_H

#include "base.h"

#define SFTP_LOG_AT_ONCE 200
#define SFTP_LOG_PER_SECOND 5
#define SFTP_LOG_LINE_BYTES 256         /* a longer line counts several times */
#define SFTP_LOG_TELL_MS 10000          /* until missing lines are reported */

struct sftp_log_kind {
  const char *format;           /* NULL: not used yet */
  uint64_t full_ms;             /* when the whole budget is available again */
  uint64_t tell_ms;             /* when its missing lines are reported */
  unsigned long missing;
  char last[256];               /* of them */
};

/* Initially zeroed.  If there are more kinds than slots, they share the last
 * slot.
 */
struct sftp_log_budget {
  struct sftp_log_kind kinds[192];
  unsigned int nmissing;        /* kinds with missing lines */
};

/* True: the line may be written; false: it is counted as missing. */
bool sftp_log_may(struct sftp_log_budget *b, const char *format,
  const char *line, uint64_t now_ms);
/* The next line about missing ones that is due (all: for every kind, because
 * the session ends); false: none is due.
 */
bool sftp_log_missing(struct sftp_log_budget *b, bool all, uint64_t now_ms,
  char *out, size_t size);

#endif /* MOD_SFTP_LOG_BUDGET_H */
