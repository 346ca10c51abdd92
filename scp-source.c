/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-source.c -- "scp -f": files and directories leave as records.
 *
 * After each record the client's word decides what comes next.  Directories
 * are walked with an explicit stack, links are followed, and a directory that
 * is already on the stack is not entered again.  Data is read straight into
 * the messages that carry it.
 */

#include "scp-int.h"

#define SOURCE_CHUNK (256 * 1024)
#define SOURCE_PIECE_MIN (16 * 1024)
#define SOURCE_SCRATCH (32 * 1024)
#define SOURCE_IOV 32

enum source_state {
  SRC_WAIT,                     /* for the client's word */
  SRC_NEXT,                     /* for room; then the next entry */
  SRC_DATA                      /* for room; then more of the file */
};

/* What the client's word is about. */
enum source_step { ABOUT_START, ABOUT_TIMES, ABOUT_FILE, ABOUT_DATA,
  ABOUT_DIR, ABOUT_UP };

struct source_dir {
  struct source_dir *up;
  pool *pool;
  struct host_dir *dir;
  const char *path;
  dev_t dev;
  ino_t ino;
};

/* The file whose record or data is on the way. */
struct source_file {
  pool *pool;                   /* NULL: none */
  struct host_op op;
  struct host_file *file;
  const char *path;
  uint64_t left;                /* bytes still to send */
  off_t at;
  int err;                      /* first failure, an errno */
};

struct scp_source {
  enum source_state state;
  enum source_step step;
  struct scp_word *words;
  unsigned int nwords, next_word;
  const char **found;           /* the rest of what a pattern matched */
  struct source_dir *top;
  unsigned int depth;
  struct source_file file;
  struct source_dir *entering;  /* announced, not yet answered */
  const char *record;           /* C or D, to follow T; in the entry's pool */
  struct scp_answer answer;
  unsigned char *scratch;
};

static int go_on(struct scp *s);

static int wait_about(struct scp_source *src, enum source_step step) {
  src->state = SRC_WAIT;
  src->step = step;
  return SFTP_OK;
}

/* ---- Names of sources */

/* The text as a pattern that matches itself alone. */
static const char *escape_pattern(pool *p, const char *text) {
  char *out = palloc(p, 2 * strlen(text) + 1), *at = out;

  for (; *text != '\0'; text++) {
    if (strchr("*?[]{},\\~", *text) != NULL) {
      *at++ = '\\';
    }

    *at++ = *text;
  }

  *at = '\0';
  return out;
}

/* Patterns are absolute, so that what they match is, too. */
static const char *absolute_pattern(struct scp *s, pool *p,
    const struct scp_word *w) {
  const char *cwd, *slash = strchr(w->pattern, '/'), *dir;

  if (w->pattern[0] == '/') {
    return w->pattern;
  }

  if (w->tilde && slash != NULL) {
    struct scp_word home = { pstrndup(p, w->text, strcspn(w->text, "/")),
      NULL, true };

    dir = scp_word_path(s, p, &home);
    if (*dir == '/') {
      return pstrcat(p, escape_pattern(p, strcmp(dir, "/") == 0 ? "" : dir),
        slash, NULL);
    }
  }

  cwd = host_cwd(s->host);
  return pstrcat(p, escape_pattern(p, strcmp(cwd, "/") == 0 ? "" : cwd), "/",
    w->pattern, NULL);
}

/* What matches a pattern: the list, or NULL when nothing does and when the
 * host does not match patterns at all (it hands back what it was given).
 */
static const char **match(struct scp *s, const struct scp_word *w) {
  const char *pattern = absolute_pattern(s, s->pool, w);
  const char **found = host_glob(s->host, s->pool, pattern);

  if (found == NULL || found[0] == NULL ||
      (found[1] == NULL && strcmp(found[0], pattern) == 0)) {
    return NULL;
  }

  return found;
}

/* The next source that the command line names; NULL behind the last. */
static const char *next_source(struct scp *s) {
  struct scp_source *src = s->source;
  const struct scp_word *w;

  if (src->found != NULL && *src->found != NULL) {
    return *src->found++;
  }

  if (src->next_word == src->nwords) {
    return NULL;
  }

  w = &src->words[src->next_word++];
  src->found = w->pattern != NULL ? match(s, w) : NULL;
  if (src->found != NULL) {
    return *src->found++;
  }

  return scp_word_path(s, s->pool, w);  /* as a shell: the word itself */
}

static bool has_more(const struct scp_source *src) {
  return src->top != NULL || src->next_word < src->nwords ||
    (src->found != NULL && *src->found != NULL);
}

/* The last component, without slashes behind it. */
static const char *last_component(pool *p, const char *path) {
  size_t end = strlen(path), start;

  while (end > 1 && path[end - 1] == '/') {
    end--;
  }

  for (start = end; start > 0 && path[start - 1] != '/'; start--) {
  }

  return pstrndup(p, path + start, end - start);
}

static bool is_dots(const char *name) {
  return *name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* What the client shall call this source.  No client accepts "." or "..":
 * these get the directory's real name, and "/" that of the user.
 */
static const char *source_name(struct scp *s, pool *p, const char *path) {
  const char *name = last_component(p, path), *real;

  if (!is_dots(name)) {
    return name;
  }

  real = host_realpath(s->host, p, scp_absolute(s, p, path));
  name = real != NULL ? last_component(p, real) : "";
  return is_dots(name) ? host_user(s->host) : name;
}

/* ---- Announcing */

static int send_text(struct scp *s, const char *text) {
  SFTP_TRACE(TRACE_SCP, 8, "sending record '%s'", text);
  return sftp_channel_write(s->ch, text, strlen(text));
}

static int send_record(struct scp *s) {
  struct scp_source *src = s->source;
  int res = send_text(s, src->record);

  if (res != SFTP_OK) {
    return res;
  }

  return wait_about(src, src->entering != NULL ? ABOUT_DIR : ABOUT_FILE);
}

static uint64_t seconds(const struct timespec *t) {
  return t->tv_sec > 0 ? (uint64_t) t->tv_sec : 0;
}

/* Sends T if times are wanted, else C or D; the pool is the entry's. */
static int announce(struct scp *s, pool *p, const struct stat *st,
    const char *name) {
  struct scp_source *src = s->source;
  bool dir = S_ISDIR(st->st_mode);
  char text[64];
  int res;

  snprintf(text, sizeof(text), "%c%04o %llu ", dir ? 'D' : 'C',
    (unsigned int) (st->st_mode & 07777),
    dir ? 0ULL : (unsigned long long) st->st_size);
  src->record = pstrcat(p, text, name, "\n", NULL);
  if (!s->args.times) {
    return send_record(s);
  }

  snprintf(text, sizeof(text), "T%llu 0 %llu 0\n",
    (unsigned long long) seconds(&st->st_mtim),
    (unsigned long long) seconds(&st->st_atim));
  res = send_text(s, text);
  return res != SFTP_OK ? res : wait_about(src, ABOUT_TIMES);
}

/* ---- Directories */

static void close_dir(struct scp *s, struct source_dir *d) {
  struct host_op op;
  int err = 0;

  host_op_begin(s->host, &op, d->pool, HOST_CLOSE, d->path);
  if (host_closedir(&op, d->dir) < 0) {
    err = errno;
  }

  scp_op_end(&op, err);
  destroy_pool(d->pool);
}

static bool is_inside_itself(const struct scp_source *src,
    const struct stat *st) {
  const struct source_dir *d;

  for (d = src->top; d != NULL; d = d->up) {
    if (st->st_ino != 0 && d->dev == st->st_dev && d->ino == st->st_ino) {
      return true;
    }
  }

  return false;
}

/* NULL with errno and *refused. */
static struct host_dir *open_dir(struct scp *s, pool *p, const char *path,
    const char **refused) {
  struct host_op op;
  struct host_dir *dir = NULL;
  const char *real = scp_absolute(s, p, path);
  int err = 0;

  host_op_begin(s->host, &op, p, HOST_OPENDIR, real);
  real = host_permit(&op, real, NULL);
  if (real != NULL) {
    dir = host_opendir(&op, real);
  }

  if (dir == NULL) {
    err = errno != 0 ? errno : EIO;
  }

  *refused = op.refused;
  scp_op_end(&op, err);
  errno = err;
  return dir;
}

/* Takes over p, which holds path and name. */
static int begin_dir(struct scp *s, pool *p, const char *path,
    const char *name, const struct stat *st) {
  struct scp_source *src = s->source;
  struct source_dir *d = pcalloc(p, sizeof(*d));
  const char *refused = NULL, *wrong = NULL;
  int res;

  if (!s->args.recursive) {
    wrong = "is a directory, and -r was not given";

  } else if (src->depth >= SCP_SOURCE_DEPTH_MAX) {
    wrong = "directories are too deep";

  } else if (is_inside_itself(src, st)) {
    wrong = "is a link to a directory that contains it";

  } else {
    d->dir = open_dir(s, p, path, &refused);
    if (d->dir == NULL) {
      wrong = scp_reason(p, errno, refused);
    }
  }

  if (wrong != NULL) {
    res = scp_say_error(s, path, wrong);
    destroy_pool(p);
    return res;
  }

  d->pool = p;
  d->path = path;
  d->dev = st->st_dev;
  d->ino = st->st_ino;
  src->entering = d;
  return announce(s, p, st, name);
}

static void enter(struct scp_source *src) {
  struct source_dir *d = src->entering;

  src->entering = NULL;
  d->up = src->top;
  src->top = d;
  src->depth++;
}

static struct source_dir *leave(struct scp_source *src) {
  struct source_dir *d = src->top;

  src->top = d->up;
  src->depth--;
  return d;
}

/* ---- Files */

static void close_file(struct scp *s) {
  struct source_file *f = &s->source->file;
  pool *p = f->pool;

  if (host_close(&f->op, f->file, f->err == 0) < 0 && f->err == 0) {
    f->err = errno != 0 ? errno : EIO;
  }

  scp_op_end(&f->op, f->err);
  memset(f, 0, sizeof(*f));
  destroy_pool(p);
}

/* Opens the file at hand and learns what it is.  0 or an errno. */
static int open_file(struct scp *s, struct source_file *f, struct stat *st) {
  const char *path = scp_absolute(s, f->pool, f->path);

  host_op_begin(s->host, &f->op, f->pool, HOST_SCP_SEND, path);
  path = host_permit(&f->op, path, NULL);
  if (path != NULL) {
    f->file = host_open(&f->op, path, O_RDONLY, 0);
  }

  if (f->file == NULL) {
    f->err = errno != 0 ? errno : EIO;
    scp_op_end(&f->op, f->err);
    return f->err;
  }

  f->op.file = f->file;
  if (host_fstat(f->file, st) < 0) {
    f->err = errno;

  } else if (!S_ISREG(st->st_mode)) {
    f->err = EINVAL;
  }

  return f->err;
}

/* Takes over p, which holds path and name. */
static int begin_file(struct scp *s, pool *p, const char *path,
    const char *name) {
  struct scp_source *src = s->source;
  struct source_file *f = &src->file;
  struct stat st;
  int err, res;

  f->pool = p;
  f->path = path;
  err = open_file(s, f, &st);
  if (err != 0) {
    res = scp_say_error(s, path, scp_reason(p, err, f->op.refused));
    if (f->file != NULL) {
      close_file(s);

    } else {
      memset(f, 0, sizeof(*f));
      destroy_pool(p);
    }

    return res;
  }

  host_doing(s->host, "scp download", path);
  f->left = (uint64_t) st.st_size;
  return announce(s, p, &st, name);
}

/* Reads up to n bytes straight into messages.  Returns the bytes sent (0 at
 * the end of the file), -1 when there is no place for that, or sets *res.
 */
static ssize_t send_in_place(struct scp *s, size_t n, int *res) {
  struct source_file *f = &s->source->file;
  struct iovec iov[SOURCE_IOV];
  ssize_t got;
  int pieces = 0;

  /* The window may hold less than we would like to send. */
  for (; pieces == 0; n /= 2) {
    pieces = sftp_channel_reserve(s->ch, n, iov, SOURCE_IOV);
    if (pieces == 0 && n <= SOURCE_PIECE_MIN) {
      return -1;
    }
  }

  got = host_preadv(f->file, iov, pieces, f->at);
  if (got < 0) {
    f->err = errno != 0 ? errno : EIO;
    got = 0;
  }

  *res = sftp_channel_commit(s->ch, (size_t) got);
  return got;
}

static unsigned char *scratch(struct scp *s) {
  struct scp_source *src = s->source;

  if (src->scratch == NULL) {
    src->scratch = palloc(s->pool, SOURCE_SCRATCH);
  }

  return src->scratch;
}

/* The same by way of a buffer of our own. */
static ssize_t send_copied(struct scp *s, size_t n, int *res) {
  struct source_file *f = &s->source->file;
  struct iovec iov = { scratch(s), n < SOURCE_SCRATCH ? n : SOURCE_SCRATCH };
  ssize_t got = host_preadv(f->file, &iov, 1, f->at);

  if (got < 0) {
    f->err = errno != 0 ? errno : EIO;
    return 0;
  }

  *res = sftp_channel_write(s->ch, iov.iov_base, (size_t) got);
  return got;
}

/* The record promised a size: what the file no longer has is sent as zeros,
 * and the client is told at the end.
 */
static ssize_t send_padding(struct scp *s, size_t n, int *res) {
  unsigned char *zeros = scratch(s);

  n = n < SOURCE_SCRATCH ? n : SOURCE_SCRATCH;
  memset(zeros, 0, n);
  *res = sftp_channel_write(s->ch, zeros, n);
  return (ssize_t) n;
}

static ssize_t send_some(struct scp *s, size_t n, int *res) {
  struct source_file *f = &s->source->file;
  ssize_t sent;

  if (f->err != 0) {
    return send_padding(s, n, res);
  }

  sent = send_in_place(s, n, res);
  if (sent < 0) {
    sent = send_copied(s, n, res);
  }

  if (sent == 0 && f->err == 0) {
    f->err = ENODATA;            /* the file shrank */
  }

  f->at += sent;
  return sent;
}

static int end_data(struct scp *s) {
  struct source_file *f = &s->source->file;
  int res;

  if (f->err == 0) {
    res = scp_say_ok(s);

  } else {
    res = scp_say_error(s, f->path, f->err == ENODATA ?
      "became shorter while it was sent" : strerror(f->err));
  }

  return res != SFTP_OK ? res : wait_about(s->source, ABOUT_DATA);
}

static int send_data(struct scp *s) {
  struct source_file *f = &s->source->file;

  s->source->state = SRC_DATA;
  while (f->left > 0) {
    size_t n = f->left < SOURCE_CHUNK ? (size_t) f->left : SOURCE_CHUNK;
    int res = SFTP_OK;
    ssize_t sent;

    if (sftp_channel_room(s->ch) == 0) {
      return SFTP_OK;
    }

    sent = send_some(s, n, &res);
    if (res != SFTP_OK) {
      return res;
    }

    f->left -= (uint64_t) sent;
    host_active(s->host, HOST_ACTIVE_TRANSFER);
  }

  return end_data(s);
}

/* ---- One entry after the other */

/* Takes over p, which holds path and name. */
static int begin_entry(struct scp *s, pool *p, const char *path,
    const char *name) {
  const char *wrong = NULL;
  struct stat st;
  int res;

  if (strchr(name, '\n') != NULL) {
    wrong = "a name with a line feed cannot be sent by scp";

  } else if (host_stat(s->host, scp_absolute(s, p, path), &st) < 0) {
    return begin_file(s, p, path, name);        /* the gate has the reason */

  } else if (S_ISDIR(st.st_mode)) {
    return begin_dir(s, p, path, name, &st);

  } else if (!S_ISREG(st.st_mode)) {
    wrong = "is not a regular file";
  }

  if (wrong == NULL) {
    return begin_file(s, p, path, name);
  }

  res = scp_say_error(s, path, wrong);
  destroy_pool(p);
  return res;
}

static int next_named(struct scp *s) {
  const char *path = next_source(s);
  pool *p;

  if (path == NULL) {
    scp_finish(s);
    return SFTP_OK;
  }

  p = make_sub_pool(s->pool);
  path = pstrdup(p, path);
  return begin_entry(s, p, path, source_name(s, p, path));
}

static int end_dir(struct scp *s) {
  int res;

  close_dir(s, leave(s->source));
  res = send_text(s, "E\n");
  return res != SFTP_OK ? res : wait_about(s->source, ABOUT_UP);
}

static int next_in_dir(struct scp *s) {
  struct source_dir *d = s->source->top;
  const char *name, *path;
  struct stat st;
  pool *p;
  int got;

  got = host_readdir(d->dir, &name, &st);
  if (got <= 0) {
    int res = got < 0 ? scp_say_error(s, d->path, strerror(errno)) : SFTP_OK;

    return res != SFTP_OK ? res : end_dir(s);
  }

  if (is_dots(name)) {
    return SFTP_OK;
  }

  p = make_sub_pool(s->pool);
  name = pstrdup(p, name);
  path = scp_join(p, d->path, name);
  if (path == NULL) {
    int res = scp_say_error(s, name, strerror(errno));

    destroy_pool(p);
    return res;
  }

  return begin_entry(s, p, path, name);
}

/* Up to the next record, or to the end.  What cannot be sent costs an error
 * record each: a client that does not read them makes us wait.
 */
static int go_on(struct scp *s) {
  struct scp_source *src = s->source;
  int res = SFTP_OK;

  src->state = SRC_NEXT;
  while (res == SFTP_OK && src->state == SRC_NEXT && !s->done &&
      sftp_channel_room(s->ch) > 0) {
    res = src->top != NULL ? next_in_dir(s) : next_named(s);
  }

  return res;
}

/* ---- The client's word */

/* Gives up what was announced and is not wanted. */
static void drop_entry(struct scp *s, int err) {
  struct scp_source *src = s->source;

  if (src->entering != NULL) {
    close_dir(s, src->entering);
    src->entering = NULL;
  }

  if (src->file.pool != NULL) {
    src->file.err = src->file.err != 0 ? src->file.err : err;
    close_file(s);
  }
}

static int on_yes(struct scp *s) {
  struct scp_source *src = s->source;

  switch (src->step) {
    case ABOUT_TIMES:
      return send_record(s);

    case ABOUT_FILE:
      return send_data(s);

    case ABOUT_DATA:
      close_file(s);
      return go_on(s);

    case ABOUT_DIR:
      enter(src);
      return go_on(s);

    default:
      return go_on(s);
  }
}

static int on_no(struct scp *s) {
  scp_heard(s, s->source->answer.text, s->source->answer.len);
  drop_entry(s, ECANCELED);
  return go_on(s);
}

static void drop_all(struct scp *s, int err) {
  struct scp_source *src = s->source;

  drop_entry(s, err);
  while (src->top != NULL) {
    close_dir(s, leave(src));
  }
}

/* ---- For scp.c */

int scp_source_start(struct scp *s) {
  struct scp_source *src = pcalloc(s->pool, sizeof(*src));
  struct scp_args *a = &s->args;
  struct stat st;

  s->source = src;
  src->words = a->words;
  src->nwords = a->nwords;

  /* Clients that do not quote mean one name with blanks if there is one. */
  if (a->nwords > 1 && strlen(a->all.text) < PATH_MAX &&
      host_stat(s->host, scp_absolute(s, s->pool,
        scp_word_path(s, s->pool, &a->all)), &st) == 0) {
    a->all.pattern = NULL;
    src->words = &a->all;
    src->nwords = 1;
  }

  host_doing(s->host, "scp download", src->words[0].text);
  return wait_about(src, ABOUT_START);
}

ssize_t scp_source_input(struct scp *s, const unsigned char *p, size_t len) {
  struct scp_source *src = s->source;
  size_t used = 0;

  while (used < len && src->state == SRC_WAIT && !s->done) {
    enum scp_said said;
    int res = SFTP_OK;

    used += scp_answer_read(&src->answer, p + used, len - used, &said);
    if (said == SCP_SAID_YES) {
      res = on_yes(s);

    } else if (said == SCP_SAID_STOP ||
        (said == SCP_SAID_NO && src->step == ABOUT_START)) {
      scp_heard(s, src->answer.text, src->answer.len);
      drop_all(s, ECANCELED);
      scp_finish(s);

    } else if (said == SCP_SAID_NO) {
      res = on_no(s);
    }

    if (res != SFTP_OK) {
      return res;
    }
  }

  return (ssize_t) used;
}

int scp_source_ready(struct scp *s) {
  switch (s->source->state) {
    case SRC_DATA:
      return send_data(s);

    case SRC_NEXT:
      return go_on(s);

    default:
      return SFTP_OK;
  }
}

/* A client that leaves when it has all bytes has what it wants. */
static void end_of_words(struct scp *s, bool orderly) {
  struct scp_source *src = s->source;

  if (src->state == SRC_WAIT && src->step == ABOUT_DATA && orderly &&
      src->answer.kind == 0) {
    close_file(s);
  }

  if (src->file.pool != NULL || src->entering != NULL || has_more(src) ||
      src->step == ABOUT_START) {
    s->errors++;
    sftp_log("scp: download aborted by the end of the %s",
      orderly ? "channel" : "connection");
  }

  drop_all(s, ECONNABORTED);
}

int scp_source_eof(struct scp *s) {
  if (s->source->state != SRC_WAIT) {
    return SFTP_OK;             /* what is under way needs no word yet */
  }

  end_of_words(s, true);
  scp_finish(s);
  return SFTP_OK;
}

void scp_source_close(struct scp *s) {
  if (!s->done) {
    end_of_words(s, scp_orderly(s));
  }
}
