/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* log-budget.h -- how many log lines of a kind one session may write.
 *
 * The kind of a line is the format it was made with.  Each kind has a budget of
 * its own, so that many lines of one never cost a line of another: a number of
 * lines at once, and so many per second.  Long lines count for several.  Lines
 * that are left out are counted, and a later line says how many and shows the
 * last one.
 */

#ifndef MOD_SFTP_LOG_BUDGET_H
#define MOD_SFTP_LOG_BUDGET_H

#include "base.h"

#define SFTP_LOG_AT_ONCE 200
#define SFTP_LOG_PER_SECOND 5
#define SFTP_LOG_LINE_BYTES 256         /* a longer line counts for several */
#define SFTP_LOG_TELL_MS 10000          /* until missing lines are reported */

struct sftp_log_kind {
  const char *format;           /* NULL: not used yet */
  uint64_t full_ms;             /* when all of its budget is there again */
  uint64_t tell_ms;             /* when its missing lines are reported */
  unsigned long missing;
  char last[256];               /* of them */
};

/* Zeroed to begin with.  If there are more kinds than places, they share the
 * last place.
 */
struct sftp_log_budget {
  struct sftp_log_kind kinds[192];
  unsigned int nmissing;        /* kinds with missing lines */
};

/* True: the line may be written; false: it is counted as missing. */
bool sftp_log_may(struct sftp_log_budget *b, const char *format,
  const char *line, uint64_t now_ms);
/* The next line about missing ones that is due (all: for every kind, because
 * the session ends); false: there is none.
 */
bool sftp_log_missing(struct sftp_log_budget *b, bool all, uint64_t now_ms,
  char *out, size_t size);

#endif /* MOD_SFTP_LOG_BUDGET_H */
