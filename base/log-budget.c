/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* log-budget.c -- how many log lines of a kind one session may write. */

#include "log-budget.h"

#include <stdio.h>

#define LINE_MS (1000 / SFTP_LOG_PER_SECOND)

static struct sftp_log_kind *find_kind(struct sftp_log_budget *b,
    const char *format) {
  size_t i, last = SFTP_NELEMS(b->kinds) - 1;

  for (i = 0; i < last && b->kinds[i].format != NULL; i++) {
    if (b->kinds[i].format == format) {
      break;
    }
  }

  b->kinds[i].format = format;
  return &b->kinds[i];
}

/* The budget is a point in time: each line delays the moment when the whole
 * budget is available again.
 */
bool sftp_log_may(struct sftp_log_budget *b, const char *format,
    const char *line, uint64_t now_ms) {
  struct sftp_log_kind *k = find_kind(b, format);
  uint64_t cost = (1 + strlen(line) / SFTP_LOG_LINE_BYTES) * LINE_MS;
  uint64_t full = k->full_ms > now_ms ? k->full_ms : now_ms;

  if (full + cost <= now_ms + SFTP_LOG_AT_ONCE * LINE_MS) {
    k->full_ms = full + cost;
    return true;
  }

  if (k->missing++ == 0) {
    b->nmissing++;
    k->tell_ms = now_ms + SFTP_LOG_TELL_MS;
  }

  snprintf(k->last, sizeof(k->last), "%s", line);
  return false;
}

bool sftp_log_missing(struct sftp_log_budget *b, bool all, uint64_t now_ms,
    char *out, size_t size) {
  size_t i;

  for (i = 0; b->nmissing > 0 && i < SFTP_NELEMS(b->kinds); i++) {
    struct sftp_log_kind *k = &b->kinds[i];

    if (k->missing > 0 && (all || now_ms >= k->tell_ms)) {
      snprintf(out, size, "%lu more line%s like this %s left out: %s",
        k->missing, k->missing == 1 ? "" : "s", k->missing == 1 ? "was" :
        "were", k->last);
      k->missing = 0;
      b->nmissing--;
      return true;
    }
  }

  return false;
}
