/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-metrics.c -- SFTPMetricsFile: the counters as OpenMetrics text.
 *
 * Prometheus's own text format, which node_exporter and promtool read, differs
 * from OpenMetrics in how it names a typed counter.  Counters here have no
 * TYPE line, so that the text is right in both.
 *
 * The daemon writes a temporary file beside the file, and renames it: a reader
 * sees all of it or the one before.  Whatever fails is a line in the system log
 * and nothing else.
 */

#include "directives.h"
#include "ftpd-board.h"
#include "ftpd-gauges.h"
#include "ftpd-kept.h"
#include "ftpd-limits.h"
#include "ftpd-metrics.h"
#include "ftpd-tally.h"

#define PREFIX "mod_sftp_"
#define SUFFIX ".tmp"

static struct {
  const struct metrics *conf;   /* NULL: off */
  pid_t master;
  int timer;
  int told;                     /* the errno that was logged; 0: none */
} state = { NULL, 0, -1, 0 };

/* ---- The text */

static void write_help(FILE *out, const char *name, const char *suffix,
    const char *help) {
  fprintf(out, "# HELP " PREFIX "%s%s %s\n", name, suffix, help);
}

static void write_gauge_head(FILE *out, const char *name, const char *suffix,
    const char *help) {
  write_help(out, name, suffix, help);
  fprintf(out, "# TYPE " PREFIX "%s%s gauge\n", name, suffix);
}

static void write_value(FILE *out, const struct tally_row *row,
    unsigned int i, unsigned int j, uint64_t value) {
  const struct tally_label *a = row->labels[0], *b = row->labels[1];

  fprintf(out, PREFIX "%s_total", row->name);
  if (a != NULL && b != NULL) {
    fprintf(out, "{%s=\"%s\",%s=\"%s\"}", a->name, a->value(i), b->name,
      b->value(j));

  } else if (a != NULL) {
    fprintf(out, "{%s=\"%s\"}", a->name, a->value(i));
  }

  fprintf(out, " %llu\n", (unsigned long long) value);
}

static void write_counter(FILE *out, enum tally what, const uint64_t *sums) {
  const struct tally_row *row = &ftpd_tally_rows[what];
  unsigned int i, j;

  write_help(out, row->name, "_total", row->help);
  for (i = 0; i < ftpd_tally_values(what, 0); i++) {
    for (j = 0; j < ftpd_tally_values(what, 1); j++) {
      write_value(out, row, i, j, sums[ftpd_tally_place(what, i, j)]);
    }
  }
}

static void write_label(FILE *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') {
      (void) fputc('\\', out);
    }

    (void) fputc(*text, out);
  }
}

static void write_limit(FILE *out, const char *name,
    const struct limit_use *u, unsigned int value) {
  fprintf(out, PREFIX "%s{limit=\"", name);
  write_label(out, u->limit);
  fprintf(out, "\",server=\"%s\"} %u\n", u->server, value);
}

static void write_limits(FILE *out) {
  pool *p = make_sub_pool(permanent_pool);
  const array_header *uses = ftpd_limits(p);
  const struct limit_use *u = uses->elts;
  unsigned int i;

  write_gauge_head(out, LIMIT_USED, "", LIMIT_USED_HELP);
  for (i = 0; i < uses->nelts; i++) {
    write_limit(out, LIMIT_USED, &u[i], u[i].now);
  }

  write_gauge_head(out, LIMIT_MAX, "", LIMIT_MAX_HELP);
  for (i = 0; i < uses->nelts; i++) {
    write_limit(out, LIMIT_MAX, &u[i], u[i].max);
  }

  destroy_pool(p);
}

static void write_clients(FILE *out) {
  struct book *b = ftpd_board_book();
  struct book_agreed a;
  unsigned int at = 0;

  write_help(out, BOOK_AGREED, "_total", BOOK_AGREED_HELP);
  while (b != NULL && ftpd_book_alg(b, &at, &a)) {
    fprintf(out, PREFIX BOOK_AGREED "_total{client=\"");
    write_label(out, a.client);
    fprintf(out, "\",kind=\"%s\",algorithm=\"%s\"} %llu\n", a.kind, a.alg,
      (unsigned long long) a.count);
  }
}

static void write_gauge(FILE *out, const struct gauge *g,
    unsigned int running) {
  uint64_t now, max = 0;

  if (!g->read(running, &now, &max)) {
    return;
  }

  write_gauge_head(out, g->name, "", g->help);
  fprintf(out, PREFIX "%s %llu\n", g->name, (unsigned long long) now);
  if (max > 0) {
    write_gauge_head(out, g->name, "_limit", g->help);
    fprintf(out, PREFIX "%s_limit %llu\n", g->name,
      (unsigned long long) max);
  }
}

static void write_all(FILE *out) {
  uint64_t sums[BOARD_SERIES];
  unsigned int i, running = ftpd_board_sum(sums);

  write_gauge_head(out, "info", "", "the version of this module");
  fprintf(out, PREFIX "info{version=\"" SFTP_VERSION "\"} 1\n");
  for (i = 0; ftpd_gauges[i].name != NULL; i++) {
    write_gauge(out, &ftpd_gauges[i], running);
  }

  for (i = 0; i < TALLY_NCOUNTERS; i++) {
    write_counter(out, i, sums);
  }

  write_limits(out);
  write_clients(out);
  fprintf(out, "# EOF\n");
}

/* ---- The file */

/* A new file of that name, whatever is there. */
static FILE *open_temporary(const char *path) {
  FILE *out = NULL;
  int fd, xerrno;

  PRIVS_ROOT
  (void) unlink(path);
  fd = open(path, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0644);
  xerrno = errno;
  PRIVS_RELINQUISH
  if (fd >= 0) {
    (void) fchmod(fd, 0644);
    out = fdopen(fd, "w");
    if (out == NULL) {
      xerrno = errno;
      (void) close(fd);
    }
  }

  errno = xerrno;
  return out;
}

static int rename_file(const char *from, const char *to, bool complete) {
  int res, xerrno;

  PRIVS_ROOT
  res = complete ? rename(from, to) : -1;
  xerrno = errno;
  if (res < 0) {
    (void) unlink(from);
  }

  PRIVS_RELINQUISH
  errno = xerrno;
  return res;
}

static int write_file(pool *p, const char *path) {
  const char *temporary = pstrcat(p, path, SUFFIX, NULL);
  FILE *out = open_temporary(temporary);
  bool failed;
  int xerrno, res;

  if (out == NULL) {
    return -1;
  }

  errno = 0;
  write_all(out);
  failed = fflush(out) != 0 || ferror(out) != 0;
  xerrno = errno;
  failed |= fclose(out) != 0;
  if (failed && xerrno == 0) {
    xerrno = errno != 0 ? errno : EIO;
  }

  res = rename_file(temporary, path, !failed);
  errno = failed ? xerrno : errno;
  return res;
}

static void tell_result(int err) {
  if (err == state.told) {
    return;
  }

  state.told = err;
  if (err != 0) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": unable to write SFTPMetricsFile '%s': %s", state.conf->path,
      strerror(err));

  } else {
    pr_log_pri(PR_LOG_NOTICE, MOD_SFTP_VERSION
      ": SFTPMetricsFile '%s' is written again", state.conf->path);
  }
}

static int on_timer(CALLBACK_FRAME) {
  (void) p1;
  (void) p2;
  (void) p3;
  (void) data;
  if (state.conf != NULL && state.master == getpid()) {
    pool *p = make_sub_pool(permanent_pool);

    tell_result(write_file(p, state.conf->path) < 0 ? errno : 0);
    destroy_pool(p);
  }

  return 1;
}

/* ---- The daemon */

void ftpd_metrics_end(void) {
  if (state.timer >= 0) {
    (void) pr_timer_remove(state.timer, &sftp_module);
  }

  state.timer = -1;
  state.conf = NULL;
}

static void begin(void) {
  ftpd_metrics_end();
  state.conf = get_param_ptr(main_server->conf, "SFTPMetricsFile", FALSE);
  if (state.conf == NULL) {
    return;
  }

  if (ServerType == SERVER_INETD) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": SFTPMetricsFile has no effect with ServerType inetd");
    state.conf = NULL;
    return;
  }

  state.master = getpid();
  state.timer = pr_timer_add((int) state.conf->secs, -1, &sftp_module,
    on_timer, "SFTPMetricsFile");
}

void ftpd_metrics_start(void) {
  begin();
  (void) on_timer(0, 0, 0, NULL);
}

void ftpd_metrics_restart(void) {
  if (ftpd_kept_reloading()) {
    begin();
  }
}
