/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quota.c -- limits on what a user stores, accounted for in advance.
 *
 * The size of a change is added to the tally before the change is made, so that
 * no two sessions can use the same room.  While files are open, somewhat more
 * is reserved than is needed, so that not every WRITE has to access the table;
 * near the limit the reserve becomes smaller.  It is given back when the last
 * file is closed.
 */

#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"
#include "ftpd-quotatab.h"

#define AHEAD_BYTES (1024.0 * 1024)
#define AHEAD_SHARE 16          /* at most this part of the remaining room */

struct quota_state {
  bool on;
  struct quota_limit limit;
  struct quota_amounts used;    /* as last read */
  double bytes, moved;          /* reserved, but not used yet */
  unsigned int writers;
  char why[256];
};

/* NULL if the user has no limit. */
static struct quota_state *quota_of(struct ftpd *h) {
  struct ftpd_files *s;

  if (h == NULL || !h->logged_in) {
    return NULL;
  }

  s = ftpd_files_of(h);
  if (s->quota == NULL) {
    s->quota = pcalloc(s->pool, sizeof(*s->quota));
    s->quota->on = ftpd_quotatab_begin(h, &s->quota->limit);
  }

  return s->quota->on ? s->quota : NULL;
}

bool ftpd_quota_counts(struct ftpd *h, const char *path) {
  return quota_of(h) != NULL && !ftpd_quotatab_excludes(path);
}

bool ftpd_quota_has_dirs(struct ftpd *h) {
  struct quota_state *q = quota_of(h);

  return q != NULL && q->limit.directories;
}

int ftpd_quota_pre(cmd_rec *cmd) {
  return quota_of(ftpd_current()) == NULL ? 0 : ftpd_quotatab_pre(cmd);
}

void ftpd_quota_forget(void) {
  if (quota_of(ftpd_current()) != NULL) {
    ftpd_quotatab_forget();
  }
}

/* ---- The tally */

/* If a table cannot be read, its last content counts. */
static void look(struct quota_state *q) {
  if (!q->limit.per_session) {
    (void) ftpd_quotatab_read(&q->used);
  }
}

static double not_below_0(double n) {
  return n > 0 ? n : 0;
}

static double at_most(double n, double max) {
  return n < max ? n : max;
}

/* Amounts without a limit are not counted. */
static void count(struct quota_state *q, enum quota_event event, double bytes,
    double moved) {
  const struct quota_amounts *max = &q->limit.max;
  struct quota_amounts *used = &q->used;

  bytes = max->bytes > 0 ? bytes : 0;
  moved = max->moved > 0 ? moved : 0;
  if (bytes == 0 && moved == 0 && (event == QUOTA_SIZE ||
      (max->files == 0 && max->transfers == 0))) {
    return;
  }

  ftpd_quotatab_count(event, bytes, moved);
  if (q->limit.per_session) {
    used->bytes = not_below_0(used->bytes + (event == QUOTA_GONE ? -bytes :
      bytes));
    used->moved = not_below_0(used->moved + moved);
    used->files += event == QUOTA_NEW ? 1 : 0;
    used->files -= event == QUOTA_GONE && used->files > 0 ? 1 : 0;
    used->transfers += event == QUOTA_NEW || event == QUOTA_AGAIN ? 1 : 0;
  }
}

static int say_no(struct quota_state *q, const char *what, double used,
    double max) {
  snprintf(q->why, sizeof(q->why), "quota of %s: %.0f of %.0f %s are used",
    q->limit.owner, not_below_0(used), max, what);
  errno = EDQUOT;
  return -1;
}

const char *ftpd_quota_why(struct ftpd *h) {
  struct quota_state *q = quota_of(h);

  return q == NULL || *q->why == '\0' ||
    (h->set->opts & SFTP_OPT_TERSE_REFUSALS) != 0 ? NULL : q->why;
}

void ftpd_quota_refuse(struct ftpd_op *op) {
  struct quota_state *q = quota_of(op->ftpd);

  if (q != NULL && errno == EDQUOT) {
    sftp_log("'%s' refused: %s", op->arg != NULL ? op->arg : "", q->why);
    ftpd_refuse(op, "%s", q->why);
    errno = EDQUOT;
  }
}

/* Whether bytes and moved more would exceed a limit. */
static int check_limits(struct quota_state *q, double bytes, double moved) {
  const struct quota_amounts *max = &q->limit.max;

  if (!q->limit.hard) {
    return 0;
  }

  if (bytes > 0 && q->used.bytes + bytes > max->bytes) {
    return say_no(q, "bytes", q->used.bytes - q->bytes, max->bytes);
  }

  return moved > 0 && q->used.moved + moved > max->moved ?
    say_no(q, "bytes to be moved", q->used.moved - q->moved, max->moved) : 0;
}

/* More than is needed, while there are writers who will need it. */
static double ahead(const struct quota_state *q, double need, double used,
    double max) {
  double n = (max - used - need) / AHEAD_SHARE;

  n = n < AHEAD_BYTES ? not_below_0(n) : AHEAD_BYTES;
  return need > 0 && q->writers > 0 ? (double) (off_t) n : 0;
}

static bool is_over(const struct quota_state *q, double bytes, double moved) {
  return q->limit.hard && ((bytes > 0 && q->used.bytes > q->limit.max.bytes) ||
    (moved > 0 && q->used.moved > q->limit.max.moved));
}

/* Adds to the tally, and checks whether others did so at the same time. */
static int buy(struct quota_state *q, double bytes, double moved, bool more) {
  double b, m;

  look(q);
  if (check_limits(q, bytes, moved) < 0) {
    return -1;
  }

  b = bytes + (more ? ahead(q, bytes, q->used.bytes, q->limit.max.bytes) : 0);
  m = moved + (more ? ahead(q, moved, q->used.moved, q->limit.max.moved) : 0);
  count(q, QUOTA_SIZE, b, m);
  look(q);
  if (!is_over(q, bytes, moved)) {
    q->bytes += b;
    q->moved += m;
    return 0;
  }

  count(q, QUOTA_SIZE, -b, -m);
  if (more) {
    return buy(q, bytes, moved, false);
  }

  return bytes > 0 && q->used.bytes > q->limit.max.bytes ?
    say_no(q, "bytes", q->used.bytes - b - q->bytes, q->limit.max.bytes) :
    say_no(q, "bytes to be moved", q->used.moved - m - q->moved,
      q->limit.max.moved);
}

static void settle_quota(struct quota_state *q) {
  count(q, QUOTA_SIZE, -q->bytes, -q->moved);
  q->bytes = q->moved = 0;
}

int ftpd_quota_pay(struct ftpd *h, off_t bytes, off_t moved) {
  struct quota_state *q = quota_of(h);
  double b, m;

  if (q == NULL) {
    return 0;
  }

  b = q->limit.max.bytes > 0 ? (double) bytes : 0;
  m = q->limit.max.moved > 0 ? (double) moved : 0;
  if ((b > q->bytes || m > q->moved) && buy(q, not_below_0(b - q->bytes),
      not_below_0(m - q->moved), true) < 0) {
    return -1;
  }

  q->bytes -= b;
  q->moved -= m;
  return 0;
}

void ftpd_quota_give_back(struct ftpd *h, off_t bytes, off_t moved) {
  struct quota_state *q = quota_of(h);

  if (q == NULL || (bytes == 0 && moved == 0)) {
    return;
  }

  /* What was never counted cannot be subtracted. */
  look(q);
  q->bytes = at_most(q->bytes + (double) bytes, q->used.bytes);
  q->moved = at_most(q->moved + (double) moved, q->used.moved);
  if (q->writers == 0 || q->bytes > AHEAD_BYTES || q->moved > AHEAD_BYTES) {
    settle_quota(q);
  }
}

void ftpd_quota_hold(struct ftpd *h) {
  struct quota_state *q = quota_of(h);

  if (q != NULL) {
    q->writers++;
  }
}

void ftpd_quota_release(struct ftpd *h) {
  struct quota_state *q = quota_of(h);

  if (q != NULL && --q->writers == 0) {
    settle_quota(q);
  }
}

/* ---- Names */

static int check_files(struct quota_state *q, unsigned int more) {
  const struct quota_amounts *max = &q->limit.max;

  if (max->files > 0 && q->used.files + more > max->files) {
    return say_no(q, "files", q->used.files - !more, max->files);
  }

  return max->transfers > 0 && q->used.transfers + more > max->transfers ?
    say_no(q, "uploads", q->used.transfers - !more, max->transfers) : 0;
}

int ftpd_quota_name(struct ftpd *h, const char *path, off_t bytes) {
  struct quota_state *q = quota_of(h);

  if (q == NULL || ftpd_quotatab_excludes(path)) {
    return 0;
  }

  look(q);
  if (check_files(q, 1) < 0 || ftpd_quota_pay(h, bytes, 0) < 0) {
    return -1;
  }

  count(q, QUOTA_NEW, 0, 0);
  look(q);
  if (check_files(q, 0) < 0) {
    count(q, QUOTA_GONE, 0, 0);
    ftpd_quota_give_back(h, bytes, 0);
    errno = EDQUOT;
    return -1;
  }

  return 0;
}

void ftpd_quota_again(struct ftpd *h) {
  struct quota_state *q = quota_of(h);

  if (q != NULL && q->limit.max.transfers > 0) {
    count(q, QUOTA_AGAIN, 0, 0);
  }
}

void ftpd_quota_unname(struct ftpd *h, const char *path, off_t bytes) {
  struct quota_state *q = quota_of(h);
  int xerrno = errno;

  if (q != NULL && !ftpd_quotatab_excludes(path)) {
    count(q, QUOTA_GONE, 0, 0);
    ftpd_quota_give_back(h, bytes, 0);
  }

  errno = xerrno;
}

/* The bytes that were removed with a name: none if the file has another name,
 * or while this session has it open.
 */
static double bytes_gone(struct ftpd *h, const struct stat *st) {
  if (!S_ISDIR(st->st_mode) && st->st_nlink > 1) {
    return 0;
  }

  if (S_ISREG(st->st_mode)) {
    return ftpd_quota_note_removed(h, st) ? 0 : (double) st->st_size;
  }

  return S_ISLNK(st->st_mode) || S_ISDIR(st->st_mode) ? (double) st->st_size :
    0;
}

void ftpd_quota_gone(struct ftpd *h, const char *path, const struct stat *st) {
  struct quota_state *q = quota_of(h);
  int xerrno = errno;
  double bytes;
  pool *p;

  if (q != NULL && (!S_ISDIR(st->st_mode) || q->limit.directories) &&
      !ftpd_quotatab_excludes(path)) {
    bytes = bytes_gone(h, st);
    p = make_sub_pool(h->pool);
    if (st->st_uid == session.uid || q->limit.per_session ||
        ftpd_quotatab_gone_of(p, st->st_uid, bytes) < 0) {
      count(q, QUOTA_GONE, bytes, 0);
    }

    destroy_pool(p);
  }

  errno = xerrno;
}

/* Directories move with their content, wherever it counts. */
static bool moves_in(struct ftpd *h, const char *from, const char *to,
    const struct stat *st) {
  return quota_of(h) != NULL && !S_ISDIR(st->st_mode) &&
    ftpd_quotatab_excludes(from) && !ftpd_quotatab_excludes(to);
}

int ftpd_quota_rename(struct ftpd *h, const char *from, const char *to,
    const struct stat *st) {
  return moves_in(h, from, to, st) ? ftpd_quota_name(h, to, st->st_size) : 0;
}

void ftpd_quota_renamed(struct ftpd *h, const char *from, const char *to,
    const struct stat *st, bool done) {
  if (moves_in(h, from, to, st) && !done) {
    ftpd_quota_unname(h, to, st->st_size);

  } else if (done && moves_in(h, to, from, st)) {
    ftpd_quota_gone(h, from, st);
  }
}
