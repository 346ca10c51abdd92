/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-sink.c -- "scp -t": records come in, files and directories appear.
 *
 * A record names one entry of the directory at hand, never a path.  The data
 * of a file is referred to where it lies and written when the receive buffer
 * wants its room back.  A file that failed while its data was on the way has
 * the rest of it swallowed: the protocol knows no earlier moment to say so.
 */

#include "scp-int.h"

#define SINK_IOV 64

enum sink_state {
  SINK_RECORD,                  /* a record, up to its LF */
  SINK_DATA,                    /* the bytes of a file */
  SINK_STATUS                   /* the source's word on these bytes */
};

struct sink_times {
  bool known;                   /* a T record came */
  struct timespec at[2];        /* access, modification */
};

struct sink_dir {
  struct sink_dir *up;
  pool *pool;
  const char *path;             /* as the client would call it */
  const char *real;             /* what host_permit() made of it */
  bool created;
  mode_t mode;
  struct sink_times times;
};

struct sink_file {
  pool *pool;                   /* NULL: there is no file at hand */
  struct host_op op;
  struct host_file *file;
  const char *path;
  mode_t mode;
  struct sink_times times;
  uint64_t left;                /* bytes still to come */
  off_t at;                     /* bytes written */
  int err;                      /* first failure, an errno */
};

struct scp_sink {
  enum sink_state state;
  const char *target;
  bool target_is_dir, target_slash;
  struct sink_dir *top;         /* NULL: the target itself */
  unsigned int depth;
  struct sink_times times;      /* for the next C or D */
  struct sink_file file;
  struct iovec iov[SINK_IOV];   /* data not yet written */
  int niov;
  struct scp_answer answer;
  size_t len;                   /* of line */
  char line[SCP_RECORD_MAX + 1];
};

/* ---- Start */

/* Trailing slashes say "directory" and are not part of the name. */
static const char *strip_slashes(pool *p, const char *path, bool *had) {
  size_t len = strlen(path);

  *had = false;
  while (len > 1 && path[len - 1] == '/') {
    len--;
    *had = true;
  }

  return pstrndup(p, path, len);
}

int scp_sink_start(struct scp *s) {
  struct scp_sink *k = pcalloc(s->pool, sizeof(*k));
  const char *path;
  struct stat st;

  s->sink = k;
  path = scp_word_path(s, s->pool, &s->args.all);
  k->target = strip_slashes(s->pool, path, &k->target_slash);
  host_doing(s->host, "scp upload", k->target);

  if (host_stat(s->host, scp_absolute(s, s->pool, k->target), &st) == 0) {
    k->target_is_dir = S_ISDIR(st.st_mode);
    errno = ENOTDIR;
  }

  if (s->args.directory && !k->target_is_dir) {
    int res = scp_say_error(s, k->target, strerror(errno));

    scp_finish(s);
    return res;
  }

  return scp_say_ok(s);
}

/* ---- Directories */

static void give_times(struct scp *s, struct sink_times *to) {
  *to = s->sink->times;
  s->sink->times.known = false;
}

static bool wants_times(const struct scp *s, const struct sink_times *t) {
  return s->args.times && t->known &&
    (s->conn->set->opts & SFTP_OPT_IGNORE_SCP_UPLOAD_TIMES) == 0;
}

static bool wants_perms(const struct scp *s) {
  return (s->conn->set->opts & SFTP_OPT_IGNORE_SCP_UPLOAD_PERMS) == 0;
}

/* Where a record's entry goes; NULL with errno. */
static const char *place(struct scp *s, pool *p, const char *name) {
  struct scp_sink *k = s->sink;

  if (k->top != NULL) {
    return scp_join(p, k->top->path, name);
  }

  return k->target_is_dir ? scp_join(p, k->target, name) : k->target;
}

/* Makes the directory unless it is there.  0 or an errno. */
static int make_dir(struct scp *s, struct sink_dir *d, const char **refused) {
  struct host_op op;
  struct stat st;
  mode_t mode = 0777;
  int err = 0;

  d->real = scp_absolute(s, d->pool, d->path);
  if (host_stat(s->host, d->real, &st) == 0) {
    return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
  }

  if (wants_perms(s)) {
    mode = (d->mode & 0777) | S_IRWXU;  /* entries are to be made in it */
  }

  host_op_begin(s->host, &op, d->pool, HOST_SCP_MKDIR, d->real);
  d->real = host_permit(&op, d->real, NULL);
  if (d->real == NULL || host_mkdir(&op, d->real, mode) < 0) {
    err = errno != 0 ? errno : EIO;

  } else {
    d->created = true;
  }

  *refused = op.refused;
  scp_op_end(&op, err);
  return err;
}

static int on_dir(struct scp *s, mode_t mode, const char *name) {
  struct scp_sink *k = s->sink;
  struct sink_dir *d;
  const char *refused = NULL;
  pool *p;
  int err, res;

  if (!s->args.recursive) {
    return scp_say_error(s, name, "directory, and -r was not given");
  }

  if (k->depth >= SCP_SINK_DEPTH_MAX) {
    return scp_say_error(s, name, "directories are too deep");
  }

  p = make_sub_pool(s->pool);
  d = pcalloc(p, sizeof(*d));
  d->pool = p;
  d->mode = mode;
  give_times(s, &d->times);

  d->path = place(s, p, name);
  err = d->path != NULL ? make_dir(s, d, &refused) : errno;
  if (err != 0) {
    res = scp_say_error(s, d->path != NULL ? d->path : name,
      scp_reason(p, err, refused));
    destroy_pool(p);
    return res;
  }

  d->up = k->top;
  k->top = d;
  k->depth++;
  return scp_say_ok(s);
}

/* What the mode of a directory should be now that it is filled; -1 when it is
 * right.  Without -p the umask stays in force and only the bits that we added
 * for ourselves go.
 */
static int final_mode(struct scp *s, const struct sink_dir *d) {
  struct stat st;

  if (!wants_perms(s) || (!d->created && !s->args.times)) {
    return -1;
  }

  if (s->args.times) {
    return d->mode;
  }

  if ((d->mode & S_IRWXU) == S_IRWXU ||
      host_stat(s->host, d->real, &st) < 0) {
    return -1;
  }

  return st.st_mode & 07777 & ~(S_IRWXU & ~d->mode);
}

/* 0 or an errno. */
static int set_dir_attrs(struct scp *s, struct host_op *op,
    const struct sink_dir *d, const char *path) {
  int mode = final_mode(s, d);

  if (mode >= 0 && ((op != NULL &&
      host_permit_attr(op, path, HOST_ATTR_PERMS) < 0) ||
      host_chmod(s->host, path, (mode_t) mode) < 0)) {
    return errno;
  }

  if (wants_times(s, &d->times) &&
      host_utimes(s->host, path, d->times.at, true) < 0) {
    return errno;
  }

  return 0;
}

/* Mode and times when all entries are in.  A directory that was there before
 * is changed like by SETSTAT; one that we made was permitted with its making.
 */
static int finish_dir(struct scp *s, struct sink_dir *d,
    const char **refused) {
  struct host_op op;
  const char *path;
  int err;

  if (d->created) {
    return set_dir_attrs(s, NULL, d, d->real);
  }

  if (!s->args.times || (!wants_perms(s) && !wants_times(s, &d->times))) {
    return 0;
  }

  host_op_begin(s->host, &op, d->pool, HOST_SETSTAT, d->real);
  path = host_permit(&op, d->real, NULL);
  err = path != NULL ? set_dir_attrs(s, &op, d, path) : errno;
  *refused = op.refused;
  scp_op_end(&op, err);
  return err;
}

static int on_dir_end(struct scp *s) {
  struct scp_sink *k = s->sink;
  struct sink_dir *d = k->top;
  const char *refused = NULL;
  int err, res;

  if (d == NULL) {
    return scp_say_fatal(s, "protocol error: E outside of a directory");
  }

  k->top = d->up;
  k->depth--;
  err = finish_dir(s, d, &refused);
  res = err == 0 ? scp_say_ok(s) :
    scp_say_error(s, d->path, scp_reason(d->pool, err, refused));
  destroy_pool(d->pool);
  return res;
}

/* ---- Files */

static void drop_file(struct scp_sink *k) {
  pool *p = k->file.pool;

  memset(&k->file, 0, sizeof(k->file));
  k->niov = 0;
  k->state = SINK_RECORD;
  destroy_pool(p);
}

/* 0 or an errno. */
static int open_file(struct scp *s, struct sink_file *f) {
  const char *path = scp_absolute(s, f->pool, f->path);
  mode_t mode = 0666;
  int err = 0;

  if (wants_perms(s)) {
    mode = f->mode & 0777;
  }

  host_op_begin(s->host, &f->op, f->pool, HOST_SCP_RECV, path);
  path = host_permit(&f->op, path, NULL);
  if (path != NULL) {
    f->file = host_open(&f->op, path, O_WRONLY|O_CREAT|O_TRUNC, mode);
  }

  if (f->file == NULL) {
    err = errno != 0 ? errno : EIO;
    scp_op_end(&f->op, err);
    return err;
  }

  f->op.file = f->file;
  return 0;
}

static int on_file(struct scp *s, mode_t mode, uint64_t size,
    const char *name) {
  struct scp_sink *k = s->sink;
  struct sink_file *f = &k->file;
  int err, res;

  f->pool = make_sub_pool(s->pool);
  f->mode = mode;
  f->left = size;
  give_times(s, &f->times);

  f->path = place(s, f->pool, name);
  if (f->path == NULL) {
    err = errno;
    f->path = name;

  } else if (f->path == k->target && k->target_slash) {
    err = ENOTDIR;

  } else {
    err = open_file(s, f);
  }

  if (err != 0) {
    res = scp_say_error(s, f->path,
      scp_reason(f->pool, err, f->op.refused));
    drop_file(k);
    return res;
  }

  host_doing(s->host, "scp upload", f->path);
  SFTP_TRACE(TRACE_SCP, 7, "receiving '%s', %llu bytes", f->path,
    (unsigned long long) size);
  k->state = size > 0 ? SINK_DATA : SINK_STATUS;
  return scp_say_ok(s);
}

static void write_out(struct scp *s) {
  struct scp_sink *k = s->sink;
  struct sink_file *f = &k->file;
  size_t done = 0;

  if (k->niov == 0) {
    return;
  }

  if (f->err == 0 &&
      host_pwritev(f->file, k->iov, k->niov, f->at, &done) < 0) {
    f->err = errno != 0 ? errno : EIO;
  }

  k->niov = 0;
  f->at += (off_t) done;
}

static void refer(struct scp *s, const unsigned char *p, size_t len) {
  struct scp_sink *k = s->sink;
  struct iovec *last = k->niov > 0 ? &k->iov[k->niov - 1] : NULL;

  if (last != NULL &&
      (const unsigned char *) last->iov_base + last->iov_len == p) {
    last->iov_len += len;
    return;
  }

  if (k->niov == SINK_IOV) {
    write_out(s);
  }

  k->iov[k->niov].iov_base = (void *) (uintptr_t) p;
  k->iov[k->niov++].iov_len = len;
}

static size_t take_data(struct scp *s, const unsigned char *p, size_t len) {
  struct scp_sink *k = s->sink;
  struct sink_file *f = &k->file;
  size_t n = len < f->left ? len : (size_t) f->left;

  if (f->err == 0) {
    refer(s, p, n);
  }

  host_active(s->host, HOST_ACTIVE_TRANSFER);
  f->left -= n;
  if (f->left == 0) {
    k->state = SINK_STATUS;
  }

  return n;
}

/* Mode and times of a complete file, and no byte of an older, longer one.
 * 0 or an errno; the content is there all the same.
 */
static int set_file_attrs(struct scp *s, struct sink_file *f) {
  struct stat st;
  int err = 0;

  if (host_fstat(f->file, &st) == 0 && S_ISREG(st.st_mode) &&
      st.st_size > f->at && host_ftruncate(f->file, f->at) < 0) {
    err = errno;
  }

  if (s->args.times && wants_perms(s) &&
      host_fchmod(f->file, f->mode) < 0) {
    err = errno;
  }

  if (wants_times(s, &f->times) &&
      host_futimes(f->file, f->times.at) < 0) {
    err = errno;
  }

  return err;
}

/* Closes the file at hand.  *note gets an errno when the file is complete
 * and only its attributes could not be set.  0 or an errno.
 */
static int close_file(struct scp *s, int *note) {
  struct sink_file *f = &s->sink->file;

  *note = 0;
  write_out(s);
  if (f->err == 0) {
    *note = set_file_attrs(s, f);
  }

  if (host_close(&f->op, f->file, f->err == 0) < 0 && f->err == 0) {
    f->err = errno != 0 ? errno : EIO;
  }

  scp_op_end(&f->op, f->err);
  return f->err;
}

static int end_file(struct scp *s) {
  struct sink_file *f = &s->sink->file;
  int err, note, res;

  err = close_file(s, &note);
  if (err == ECANCELED) {
    res = scp_say_error(s, f->path, "incomplete, says the client");

  } else if (err != 0) {
    res = scp_say_error(s, f->path, scp_reason(f->pool, err, f->op.refused));

  } else if (note != 0) {
    res = scp_say_error(s, f->path, pstrcat(f->pool,
      "received, but its mode or times could not be set: ", strerror(note),
      NULL));

  } else {
    res = scp_say_ok(s);
  }

  drop_file(s->sink);
  return res;
}

/* The copy ends with a file at hand.  Its bytes may still be missing, or only
 * the client's last word (libssh2 never sends it).
 */
static void abandon_file(struct scp *s, bool orderly) {
  struct scp_sink *k = s->sink;
  struct sink_file *f = &k->file;
  int note;

  if (f->pool == NULL) {
    return;
  }

  if (!orderly || k->state != SINK_STATUS || k->answer.kind != 0) {
    k->niov = 0;                /* the bytes may be gone by now */
    f->err = f->err != 0 ? f->err : ECONNABORTED;
  }

  if (close_file(s, &note) != 0) {
    s->errors++;
    sftp_log("scp: upload of '%s' aborted after %lld bytes", f->path,
      (long long) f->at);
  }

  drop_file(k);
}

static int take_status(struct scp *s, const unsigned char *p, size_t len,
    size_t *used) {
  struct scp_sink *k = s->sink;
  struct sink_file *f = &k->file;
  enum scp_said said;

  *used = scp_answer_read(&k->answer, p, len, &said);
  switch (said) {
    case SCP_SAID_NOTHING:
      return SFTP_OK;

    case SCP_SAID_YES:
      return end_file(s);

    case SCP_SAID_NO:
      scp_heard(s, k->answer.text, k->answer.len);
      f->err = f->err != 0 ? f->err : ECANCELED;
      return end_file(s);

    case SCP_SAID_STOP:
      scp_heard(s, k->answer.text, k->answer.len);
      abandon_file(s, false);
      scp_finish(s);
      return SFTP_OK;
  }

  return SFTP_OK;
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

/* One entry of the directory at hand, and nothing else. */
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

  return k->line[0] == 'C' ? on_file(s, mode, size, at) : on_dir(s, mode, at);
}

/* A whole record is in line, without its LF. */
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
      return k->len == 1 ? on_dir_end(s) :
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
      used += take_data(s, p + used, len - used);
      continue;
    }

    /* A client that reads no answers gets no more of them. */
    if (sftp_channel_room(s->ch) == 0) {
      break;
    }

    res = k->state == SINK_RECORD ?
      take_record(s, p + used, len - used, &n) :
      take_status(s, p + used, len - used, &n);
    if (res != SFTP_OK) {
      return res;
    }

    used += n;
  }

  return (ssize_t) used;
}

int scp_sink_flush(struct scp *s) {
  write_out(s);
  return SFTP_OK;
}

int scp_sink_eof(struct scp *s) {
  struct scp_sink *k = s->sink;

  abandon_file(s, true);
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

  abandon_file(s, scp_orderly(s));
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
