/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-sink-file.c -- files of an upload.
 *
 * The data stays in the receive buffer and is written when the buffer needs the
 * room.  If a file fails during its transfer, the rest is discarded: the
 * protocol cannot report it earlier.
 */

#include "effects.h"
#include "ftpd-attrs.h"
#include "ftpd-io.h"
#include "ftpd-report.h"
#include "ftpd-wait.h"
#include "scp-sink.h"

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

  if (scp_sink_wants_perms(s)) {
    mode = f->mode & 0777;
  }

  ftpd_op_begin(s->ftpd, &f->op, f->pool, FTPD_SCP_RECV, path);
  path = ftpd_permit(&f->op, path, NULL);
  if (path != NULL) {
    f->file = ftpd_open(&f->op, path, O_WRONLY|O_CREAT|O_TRUNC, mode);
  }

  if (f->file == NULL) {
    err = errno != 0 ? errno : EIO;
    scp_op_end(&f->op, err);
    return err;
  }

  f->op.file = f->file;
  return 0;
}

int scp_sink_on_file(struct scp *s, mode_t mode, uint64_t size,
    const char *name) {
  struct scp_sink *k = s->sink;
  struct sink_file *f = &k->file;
  int err, res;

  f->pool = make_sub_pool(s->pool);
  f->mode = mode;
  f->left = size;
  scp_sink_give_times(s, &f->times);

  f->path = scp_sink_place(s, f->pool, name);
  f->shown = scp_sink_shown(s, f->pool, f->path, name);
  if (f->path == NULL) {
    err = errno;
    f->path = name;

  } else if (f->path == k->target && k->target_slash) {
    err = ENOTDIR;

  } else {
    err = open_file(s, f);
  }

  if (err != 0) {
    res = scp_say_error(s, f->shown,
      scp_reason(f->pool, err, f->op.refused));
    drop_file(k);
    return res;
  }

  ftpd_doing(s->ftpd, "scp upload", f->path);
  SFTP_TRACE(TRACE_SCP, 7, "receiving '%s', %llu bytes", f->path,
    (unsigned long long) size);
  k->state = size > 0 ? SINK_DATA : SINK_STATUS;
  return scp_say_ok(s);
}

void scp_sink_write_out(struct scp *s) {
  struct scp_sink *k = s->sink;
  struct sink_file *f = &k->file;
  size_t done = 0;

  if (k->niov == 0) {
    return;
  }

  if (f->err == 0 &&
      ftpd_pwritev(f->file, k->iov, k->niov, f->at, &done) < 0) {
    const char *refused;

    f->err = errno != 0 ? errno : EIO;
    refused = ftpd_file_refused(f->file);
    if (refused != NULL) {
      f->op.refused = pstrdup(f->pool, refused);
    }
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
    scp_sink_write_out(s);
  }

  k->iov[k->niov].iov_base = (void *) (uintptr_t) p;
  k->iov[k->niov++].iov_len = len;
}

size_t scp_sink_take_data(struct scp *s, const unsigned char *p, size_t len) {
  struct scp_sink *k = s->sink;
  struct sink_file *f = &k->file;
  size_t n = len < f->left ? len : (size_t) f->left;

  if (f->err == 0) {
    refer(s, p, n);
  }

  ftpd_active(s->ftpd, FTPD_ACTIVE_TRANSFER);
  f->left -= n;
  if (f->left == 0) {
    k->state = SINK_STATUS;
  }

  return n;
}

/* Sets the mode that -p requires, unless the file has it. */
static int set_mode(struct scp *s, struct sink_file *f,
    const struct stat *st) {
  return !s->args.times || !scp_sink_wants_perms(s) ||
    (st->st_mode & 07777) == f->mode ? 0 :
    ftpd_permit_effect(&f->op, ftpd_file_path(f->file), SFTP_EFF_MODE) < 0 ?
    -1 : ftpd_fchmod(f->file, f->mode);
}

static int set_times(struct scp *s, struct sink_file *f) {
  return !scp_sink_wants_times(s, &f->times) ? 0 :
    ftpd_permit_effect(&f->op, ftpd_file_path(f->file), SFTP_EFF_TIME) < 0 ?
    -1 : ftpd_futimes(f->file, f->times.at);
}

/* Sets mode and times of a complete file, and truncates an older, longer one. 0
 * or an errno; the content is complete in any case.
 */
static int set_file_attrs(struct scp *s, struct sink_file *f) {
  struct stat st;
  int err = 0;

  if (ftpd_fstat(f->file, &st) < 0) {
    return errno;
  }

  if (S_ISREG(st.st_mode) && st.st_size > f->at &&
      ftpd_ftruncate(f->file, f->at) < 0) {
    err = errno;
  }

  if (set_mode(s, f, &st) < 0) {
    err = errno;
  }

  if (set_times(s, f) < 0) {
    err = errno;
  }

  return err;
}

/* Closes the current file.  *note is an errno if the file is complete and only
 * its attributes could not be set. 0 or an errno.
 */
static int close_file(struct scp *s, int *note) {
  struct sink_file *f = &s->sink->file;

  *note = 0;
  scp_sink_write_out(s);
  if (f->err == 0) {
    *note = set_file_attrs(s, f);
  }

  if (ftpd_close(&f->op, f->file, f->err) < 0 && f->err == 0) {
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
    res = scp_say_error(s, f->shown, "incomplete, says the client");

  } else if (err != 0) {
    res = scp_say_error(s, f->shown, scp_reason(f->pool, err, f->op.refused));

  } else if (note != 0) {
    res = scp_say_error(s, f->shown, pstrcat(f->pool,
      "received, but its mode or times could not be set: ",
      scp_reason(f->pool, note, f->op.refused), NULL));

  } else {
    res = scp_say_ok(s);
  }

  drop_file(s->sink);
  return res;
}

void scp_sink_abandon_file(struct scp *s, bool orderly) {
  struct scp_sink *k = s->sink;
  struct sink_file *f = &k->file;
  int note;

  /* A timeout can end the session while the file is being opened. */
  if (f->file == NULL) {
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

int scp_sink_take_status(struct scp *s, const unsigned char *p, size_t len,
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
      scp_sink_abandon_file(s, false);
      scp_finish(s);
      return SFTP_OK;
  }

  return SFTP_OK;
}
