/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-controls-counters.c -- ftpdctl sftp counters. */

#include "ftpd-board.h"
#include "ftpd-controls-int.h"
#include "ftpd-gauges.h"
#include "ftpd-limits.h"
#include "ftpd-tally.h"

#ifdef PR_USE_CTRLS

static void tell_value(pr_ctrls_t *ctrl, const struct tally_row *row,
    unsigned int i, unsigned int j, uint64_t value) {
  const struct tally_label *a = row->labels[0], *b = row->labels[1];

  if (a == NULL) {
    (void) pr_ctrls_add_response(ctrl, "%s %llu", row->name,
      (unsigned long long) value);

  } else if (b == NULL) {
    (void) pr_ctrls_add_response(ctrl, "%s %s=%s %llu", row->name, a->name,
      a->value(i), (unsigned long long) value);

  } else {
    (void) pr_ctrls_add_response(ctrl, "%s %s=%s %s=%s %llu", row->name,
      a->name, a->value(i), b->name, b->value(j), (unsigned long long) value);
  }
}

/* Of counters with labels, only what has happened. */
static void tell_counter(pr_ctrls_t *ctrl, enum tally what,
    const uint64_t *sums) {
  const struct tally_row *row = &ftpd_tally_rows[what];
  unsigned int i, j;

  for (i = 0; i < ftpd_tally_values(what, 0); i++) {
    for (j = 0; j < ftpd_tally_values(what, 1); j++) {
      uint64_t value = sums[ftpd_tally_place(what, i, j)];

      if (value > 0 || row->labels[0] == NULL) {
        tell_value(ctrl, row, i, j, value);
      }
    }
  }
}

static void tell_limits(pr_ctrls_t *ctrl) {
  pool *p = make_sub_pool(ctrl->ctrls_tmp_pool);
  const array_header *uses = ftpd_limits(p);
  const struct limit_use *u = uses->elts;
  unsigned int i;

  for (i = 0; i < uses->nelts; i++) {
    (void) pr_ctrls_add_response(ctrl, LIMIT_USED " limit='%s' server=%s %u of "
      "%u", sftp_printable(p, u[i].limit), u[i].server, u[i].now, u[i].max);
  }

  destroy_pool(p);
}

static void tell_clients(pr_ctrls_t *ctrl) {
  struct book *b = ftpd_board_book();
  struct book_agreed a;
  unsigned int at = 0;

  while (b != NULL && ftpd_book_alg(b, &at, &a)) {
    (void) pr_ctrls_add_response(ctrl, BOOK_AGREED " client='%s' kind=%s "
      "algorithm=%s %llu", a.client, a.kind, a.alg,
      (unsigned long long) a.count);
  }
}

static void tell_gauge(pr_ctrls_t *ctrl, const struct gauge *g,
    unsigned int running) {
  uint64_t now, max = 0;

  if (!g->read(running, &now, &max)) {
    return;
  }

  if (max > 0) {
    (void) pr_ctrls_add_response(ctrl, "%s %llu of %llu", g->name,
      (unsigned long long) now, (unsigned long long) max);

  } else {
    (void) pr_ctrls_add_response(ctrl, "%s %llu", g->name,
      (unsigned long long) now);
  }
}

int ftpd_control_counters(pr_ctrls_t *ctrl, int argc, char **argv) {
  uint64_t sums[BOARD_SERIES];
  const char *only = argc > 0 ? argv[0] : NULL;
  unsigned int i, running;
  bool found = only == NULL;

  if (argc > 1) {
    return CONTROL_USAGE;
  }

  running = ftpd_board_sum(sums);
  for (i = 0; ftpd_gauges[i].name != NULL; i++) {
    if (only == NULL || strcmp(only, ftpd_gauges[i].name) == 0) {
      found = true;
      tell_gauge(ctrl, &ftpd_gauges[i], running);
    }
  }

  if (only == NULL || strcmp(only, LIMIT_USED) == 0) {
    found = true;
    tell_limits(ctrl);
  }

  for (i = 0; i < TALLY_NCOUNTERS; i++) {
    if (only == NULL || strcmp(only, ftpd_tally_rows[i].name) == 0) {
      found = true;
      tell_counter(ctrl, i, sums);
    }
  }

  if (only == NULL || strcmp(only, BOOK_AGREED) == 0) {
    found = true;
    tell_clients(ctrl);
  }

  if (!found) {
    (void) pr_ctrls_add_response(ctrl, "there is no counter of that name");
    return -1;
  }

  return 0;
}

#endif /* PR_USE_CTRLS */
