/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-sink.c -- "scp -t": receives records and creates files and directories.
 *
 * A record names one entry of the current directory, never a path.
 */

#include "ftpd-attrs.h"
#include "ftpd-gate.h"
#include "ftpd-report.h"
#include "scp-sink.h"

/* ---- Start */

/* Trailing slashes mean "directory" and are not part of the name. */
static const char *strip_slashes(pool *p, const char *path, bool *had) {
  size_t len = strlen(path);

  *had = false;
  while (len > 1 && path[len - 1] == '/') {
    len--;
    *had = true;
  }

  return pstrndup(p, path, len);
}

/* Whether the target is a directory; 0 or an errno.  Users who may not look at
 * it do not learn that: their files go into an existing directory, and rules
 * are checked there, but replies only contain the name that they sent.
 */
static int look_at_target(struct scp *s) {
  struct scp_sink *k = s->sink;
  const char *path = scp_absolute(s, s->pool, k->target);
  struct stat st;
  int err;

  k->unseen = !ftpd_may_look(s->ftpd, s->pool, &path);
  err = ftpd_stat(s->ftpd, path, &st) < 0 ? errno :
    S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
  k->target_is_dir = err == 0;
  if (k->unseen) {
    k->target_is_dir |= s->args.directory || k->target_slash;
    err = 0;
  }

  return err;
}

int scp_sink_start(struct scp *s) {
  struct scp_sink *k = pcalloc(s->pool, sizeof(*k));
  const char *path;
  int err;

  s->sink = k;
  path = scp_word_path(s, s->pool, &s->args.all);
  k->target = strip_slashes(s->pool, path, &k->target_slash);
  ftpd_doing(s->ftpd, "scp upload", k->target);

  err = look_at_target(s);
  if (s->args.directory && err != 0) {
    int res;

    scp_op_refuse(s, s->pool, FTPD_SCP_RECV, k->target, err);
    res = scp_say_error(s, k->target, strerror(err));

    scp_finish(s);
    return res;
  }

  return scp_say_ok(s);
}

/* ---- For entries */

void scp_sink_give_times(struct scp *s, struct sink_times *to) {
  *to = s->sink->times;
  s->sink->times.known = false;
}

bool scp_sink_wants_times(const struct scp *s, const struct sink_times *t) {
  return s->args.times && t->known &&
    (s->conn->set->opts & SFTP_OPT_IGNORE_SCP_UPLOAD_TIMES) == 0;
}

bool scp_sink_wants_perms(const struct scp *s) {
  return (s->conn->set->opts & SFTP_OPT_IGNORE_SCP_UPLOAD_PERMS) == 0;
}

const char *scp_sink_shown(struct scp *s, pool *p, const char *path,
    const char *name) {
  return s->sink->unseen || path == NULL ? pstrdup(p, name) : path;
}

const char *scp_sink_place(struct scp *s, pool *p, const char *name) {
  struct scp_sink *k = s->sink;

  if (k->top != NULL) {
    return scp_join(p, k->top->path, name);
  }

  /* Records have "name", not "./name". */
  return !k->target_is_dir ? k->target : strcmp(k->target, ".") == 0 ?
    pstrdup(p, name) : scp_join(p, k->target, name);
}

/* ---- Records */

/* Decimal digits, at least one, up to 63 bits. */
static bool read_number(const char **at, uint64_t *v) {
  const char *c = *at;

  for (*v = 0; *c >= '0' && *c <= '9'; c++) {
    uint64_t digit = (uint64_t) (*c - '0');

    if (*v > (INT64_MAX - digit) / 10) {
      return false;
    }

    *v = *v * 10 + digit;
  }

  if (c == *at) {
    return false;
  }

  *at = c;
  return true;
}

static bool read_char(const char **at, char c) {
  if (**at != c) {
    return false;
  }

  (*at)++;
  return true;
}

static int on_times(struct scp *s) {
  struct sink_times *t = &s->sink->times;
  const char *at = s->sink->line + 1;
  uint64_t msecs, musecs, asecs, ausecs;

  if (!read_number(&at, &msecs) || !read_char(&at, ' ') ||
      !read_number(&at, &musecs) || !read_char(&at, ' ') ||
      !read_number(&at, &asecs) || !read_char(&at, ' ') ||
      !read_number(&at, &ausecs) || *at != '\0' ||
      musecs > 999999 || ausecs > 999999) {
    return scp_say_fatal(s, "protocol error: malformed T record");
  }

  t->known = true;
  t->at[0].tv_sec = (time_t) asecs;
  t->at[0].tv_nsec = (long) ausecs * 1000;
  t->at[1].tv_sec = (time_t) msecs;
  t->at[1].tv_nsec = (long) musecs * 1000;
  return scp_say_ok(s);
}

static bool read_mode(const char **at, mode_t *mode) {
  int i;

  for (*mode = 0, i = 0; i < 4; i++, (*at)++) {
    if (**at < '0' || **at > '7') {
      return false;
    }

    *mode = *mode << 3 | (mode_t) (**at - '0');
  }

  return true;
}

/* The name must be a single entry of the current directory. */
static bool is_entry(const char *name, size_t len) {
  return len > 0 && strlen(name) == len && strchr(name, '/') == NULL &&
    strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int on_entry(struct scp *s) {
  struct scp_sink *k = s->sink;
  const char *at = k->line + 1;
  uint64_t size;
  mode_t mode;

  if (!read_mode(&at, &mode) || !read_char(&at, ' ') ||
      !read_number(&at, &size) || !read_char(&at, ' ')) {
    return scp_say_fatal(s, k->line[0] == 'C' ?
      "protocol error: malformed C record" :
      "protocol error: malformed D record");
  }

  if (!is_entry(at, (size_t) (k->line + k->len - at))) {
    k->times.known = false;
    return scp_say_error(s, at, "not an acceptable name");
  }

  return k->line[0] == 'C' ? scp_sink_on_file(s, mode, size, at) :
    scp_sink_on_dir(s, mode, at);
}

/* line contains a complete record, without its LF. */
static int on_record(struct scp *s) {
  struct scp_sink *k = s->sink;

  switch (k->line[0]) {
    case 'C':
    case 'D':
      return on_entry(s);

    case 'T':
      return on_times(s);

    case 'E':
      k->times.known = false;
      return k->len == 1 ? scp_sink_on_dir_end(s) :
        scp_say_fatal(s, "protocol error: malformed E record");

    case 1:                     /* a file that the client cannot read */
      scp_heard(s, k->line + 1, k->len - 1);
      return SFTP_OK;

    default:
      scp_heard(s, k->line + 1, k->len - 1);
      scp_finish(s);
      return SFTP_OK;
  }
}

static int take_record(struct scp *s, const unsigned char *p, size_t len,
    size_t *used) {
  struct scp_sink *k = s->sink;
  const unsigned char *lf = memchr(p, '\n', len);
  size_t n = lf != NULL ? (size_t) (lf - p) : len;
  int res;

  if (k->len == 0 && (n == 0 || memchr("CDTE\1\2", p[0], 6) == NULL)) {
    return scp_say_fatal(s, "protocol error: not a record");
  }

  if (n > SCP_RECORD_MAX - k->len) {
    return scp_say_fatal(s, "protocol error: record is too long");
  }

  memcpy(k->line + k->len, p, n);
  k->len += n;
  *used = lf != NULL ? n + 1 : n;
  if (lf == NULL) {
    return SFTP_OK;
  }

  k->line[k->len] = '\0';
  res = on_record(s);
  k->len = 0;
  return res;
}

/* ---- For scp.c */

ssize_t scp_sink_input(struct scp *s, const unsigned char *p, size_t len) {
  struct scp_sink *k = s->sink;
  size_t used = 0;

  while (used < len && !s->done) {
    size_t n = 0;
    int res = SFTP_OK;

    if (k->state == SINK_DATA) {
      used += scp_sink_take_data(s, p + used, len - used);
      continue;
    }

    /* A client that does not read replies gets no more of them. */
    if (sftp_channel_room(s->ch) == 0) {
      break;
    }

    res = k->state == SINK_RECORD ?
      take_record(s, p + used, len - used, &n) :
      scp_sink_take_status(s, p + used, len - used, &n);
    if (res != SFTP_OK) {
      return res;
    }

    used += n;
  }

  return (ssize_t) used;
}

int scp_sink_flush(struct scp *s) {
  scp_sink_write_out(s);
  return SFTP_OK;
}

int scp_sink_eof(struct scp *s) {
  struct scp_sink *k = s->sink;

  scp_sink_abandon_file(s, true);
  if (k->top != NULL || k->len > 0) {
    s->errors++;
    sftp_log("scp: client ended in the middle of %s",
      k->top != NULL ? k->top->path : "a record");
  }

  scp_finish(s);
  return SFTP_OK;
}

void scp_sink_close(struct scp *s) {
  struct scp_sink *k = s->sink;

  scp_sink_abandon_file(s, scp_orderly(s));
  while (k->top != NULL) {
    struct sink_dir *d = k->top;

    k->top = d->up;
    destroy_pool(d->pool);
  }
}

size_t scp_sink_missing(struct scp *s) {
  const struct scp_sink *k = s->sink;

  switch (k->state) {
    case SINK_DATA:
      return (size_t) k->file.left + 1;

    case SINK_STATUS:
      return 1;

    default:
      return 0;
  }
}
