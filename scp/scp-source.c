/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-source.c -- "scp -f": sends files and directories as records.
 *
 * After each record the client's reply decides what comes next.  Directories
 * are walked with an explicit stack, links are followed, and a directory that
 * is already on the stack is not entered again.
 */

#include "ftpd-attrs.h"
#include "ftpd-report.h"
#include "ftpd-tree.h"
#include "scp-source.h"

/* Maximum number of entries per turn. */
#define TURN_ENTRIES 64

int scp_source_wait(struct scp_source *src, enum source_step step) {
  src->state = SRC_WAIT;
  src->step = step;
  return SFTP_OK;
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

  return scp_source_wait(src, src->entering != NULL ? ABOUT_DIR : ABOUT_FILE);
}

static uint64_t seconds(const struct timespec *t) {
  return t->tv_sec > 0 ? (uint64_t) t->tv_sec : 0;
}

int scp_source_announce(struct scp *s, pool *p, const struct stat *st,
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
  return res != SFTP_OK ? res : scp_source_wait(src, ABOUT_TIMES);
}

/* ---- Directories */

static void close_dir(struct scp *s, struct source_dir *d) {
  struct ftpd_op op;
  int err = 0;

  ftpd_op_begin(s->ftpd, &op, d->pool, FTPD_CLOSE, d->path);
  if (ftpd_closedir(&op, d->dir) < 0) {
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
static struct ftpd_dir *open_dir(struct scp *s, pool *p, const char *path,
    const char **refused) {
  struct ftpd_op op;
  struct ftpd_dir *dir = NULL;
  const char *real = scp_absolute(s, p, path);
  int err = 0;

  ftpd_op_begin(s->ftpd, &op, p, FTPD_OPENDIR, real);
  real = ftpd_permit(&op, real, NULL);
  if (real != NULL) {
    dir = ftpd_opendir(&op, real);
  }

  if (dir == NULL) {
    err = errno != 0 ? errno : EIO;
  }

  *refused = op.refused;
  scp_op_end(&op, err);
  errno = err;
  return dir;
}

/* Takes ownership of p, which contains path and name. */
static int begin_dir(struct scp *s, pool *p, const char *path,
    const char *name, const struct stat *st) {
  struct scp_source *src = s->source;
  struct source_dir *d = pcalloc(p, sizeof(*d));
  const char *refused = NULL, *wrong = NULL;
  int res, err = 0;

  if (!s->args.recursive) {
    wrong = "is a directory, and -r was not given";
    err = EISDIR;

  } else if (src->depth >= SCP_SOURCE_DEPTH_MAX) {
    wrong = "directories are too deep";
    err = ENAMETOOLONG;

  } else if (is_inside_itself(src, st)) {
    wrong = "is a link to a directory that contains it";
    err = ELOOP;

  } else {
    d->dir = open_dir(s, p, path, &refused);
    if (d->dir == NULL) {
      wrong = scp_reason(p, errno, refused);
    }
  }

  if (err != 0) {
    scp_op_refuse(s, p, FTPD_SCP_SEND, path, err);
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
  return scp_source_announce(s, p, st, name);
}

static void enter_directory(struct scp_source *src) {
  struct source_dir *d = src->entering;

  src->entering = NULL;
  d->up = src->top;
  src->top = d;
  src->depth++;
}

static struct source_dir *leave_dir(struct scp_source *src) {
  struct source_dir *d = src->top;

  src->top = d->up;
  src->depth--;
  return d;
}

/* ---- One entry after the other */

/* Takes ownership of p, which contains path and name. */
static int begin_entry(struct scp *s, pool *p, const char *path,
    const char *name) {
  const char *wrong = NULL, *there = scp_absolute(s, p, path);
  struct stat st;
  int res;

  if (strchr(name, '\n') != NULL) {
    name = scp_source_encoded(p, name);
  }

  if (!ftpd_may_look(s->ftpd, p, &there) ||
      ftpd_stat(s->ftpd, there, &st) < 0) {
    return scp_source_begin_file(s, p, path, name);     /* the gate has the
                                                         * reason */

  } else if (S_ISDIR(st.st_mode)) {
    return begin_dir(s, p, path, name, &st);

  } else if (!S_ISREG(st.st_mode)) {
    wrong = "is not a regular file";
  }

  if (wrong == NULL) {
    return scp_source_begin_file(s, p, path, name);
  }

  scp_op_refuse(s, p, FTPD_SCP_SEND, path, EINVAL);
  res = scp_say_error(s, path, wrong);
  destroy_pool(p);
  return res;
}

static int next_named(struct scp *s) {
  const char *path = NULL;
  int got = scp_source_next(s, &path);
  pool *p;

  if (s->source->later) {
    return SFTP_OK;
  }

  if (got < 0) {
    return scp_say_error(s, path, strerror(errno));
  }

  if (got == 0) {
    scp_finish(s);
    return SFTP_OK;
  }

  p = make_sub_pool(s->pool);
  path = pstrdup(p, path);
  return begin_entry(s, p, path, scp_source_name(s, p, path));
}

static int end_dir(struct scp *s) {
  int res;

  close_dir(s, leave_dir(s->source));
  res = send_text(s, "E\n");
  return res != SFTP_OK ? res : scp_source_wait(s->source, ABOUT_UP);
}

static int next_in_dir(struct scp *s) {
  struct source_dir *d = s->source->top;
  const char *name, *path;
  struct stat st;
  pool *p;
  int got;

  got = ftpd_readdir(d->dir, &name, &st);
  if (got == 2) {
    s->source->later = true;
    return SFTP_OK;
  }

  if (got <= 0) {
    int res = got < 0 ? scp_say_error(s, d->path, strerror(errno)) : SFTP_OK;

    return res != SFTP_OK ? res : end_dir(s);
  }

  if (scp_is_dots(name)) {
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

/* Continues up to the next record, or to the end.  Each entry that cannot be
 * sent becomes an error record, so a client that does not read them pauses the
 * copy.  A turn handles a few entries, so that other channels get their turns.
 */
static int go_on(struct scp *s) {
  struct scp_source *src = s->source;
  int res = SFTP_OK, n;

  src->state = SRC_NEXT;
  src->later = src->matched = false;
  for (n = 0; res == SFTP_OK && src->state == SRC_NEXT && !s->done &&
      sftp_channel_room(s->ch) > 0; n++) {
    if (n == TURN_ENTRIES || src->later) {
      sftp_channel_again(s->ch);
      break;
    }

    res = src->top != NULL ? next_in_dir(s) : next_named(s);
  }

  return res;
}

/* ---- The client's answers */

/* Drops an entry that was announced and refused. */
static void drop_entry(struct scp *s, int err) {
  struct scp_source *src = s->source;

  if (src->entering != NULL) {
    close_dir(s, src->entering);
    src->entering = NULL;
  }

  /* A timeout can end the session while the file is being opened. */
  if (src->file.file != NULL) {
    src->file.err = src->file.err != 0 ? src->file.err : err;
    scp_source_close_file(s);
  }
}

static int on_yes(struct scp *s) {
  struct scp_source *src = s->source;

  switch (src->step) {
    case ABOUT_TIMES:
      return send_record(s);

    case ABOUT_FILE:
      return scp_source_send_data(s);

    case ABOUT_DATA:
      scp_source_close_file(s);
      return go_on(s);

    case ABOUT_DIR:
      enter_directory(src);
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
    close_dir(s, leave_dir(src));
  }
}

/* ---- For scp.c */

int scp_source_start(struct scp *s) {
  struct scp_source *src = pcalloc(s->pool, sizeof(*src));
  struct scp_args *a = &s->args;
  const char *whole;
  struct stat st;

  s->source = src;
  src->words = a->words;
  src->nwords = a->nwords;

  /* For clients that do not quote, the arguments are one name with blanks if it
   * exists.
   */
  whole = a->nwords > 1 && strlen(a->all.text) < PATH_MAX ?
    scp_absolute(s, s->pool, scp_word_path(s, s->pool, &a->all)) : NULL;
  if (whole != NULL && ftpd_may_look(s->ftpd, s->pool, &whole) &&
      ftpd_stat(s->ftpd, whole, &st) == 0) {
    a->all.pattern = NULL;
    src->words = &a->all;
    src->nwords = 1;
  }

  ftpd_doing(s->ftpd, "scp download", src->words[0].text);
  return scp_source_wait(src, ABOUT_START);
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
      return scp_source_send_data(s);

    case SRC_NEXT:
      return go_on(s);

    default:
      return SFTP_OK;
  }
}

/* A client may disconnect when it has all bytes. */
static void end_of_words(struct scp *s, bool orderly) {
  struct scp_source *src = s->source;

  if (src->state == SRC_WAIT && src->step == ABOUT_DATA && orderly &&
      src->answer.kind == 0) {
    scp_source_close_file(s);
  }

  if (src->file.pool != NULL || src->entering != NULL ||
      scp_source_has_more(src) || src->step == ABOUT_START) {
    s->errors++;
    sftp_log("scp: download aborted by the end of the %s",
      orderly ? "channel" : "connection");
  }

  drop_all(s, ECONNABORTED);
}

int scp_source_eof(struct scp *s) {
  if (s->source->state != SRC_WAIT) {
    return SFTP_OK;             /* what is under way needs no answer yet */
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
