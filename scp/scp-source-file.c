/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-source-file.c -- files of a download: read straight into the messages
 * that carry them.
 */

#include "ftpd-attrs.h"
#include "ftpd-io.h"
#include "ftpd-report.h"
#include "ftpd-wait.h"
#include "scp-source.h"

#define SOURCE_CHUNK (256 * 1024)
#define SOURCE_PIECE_MIN (16 * 1024)
#define SOURCE_SCRATCH (32 * 1024)
#define SOURCE_IOV 32

void scp_source_close_file(struct scp *s) {
  struct source_file *f = &s->source->file;
  pool *p = f->pool;

  if (ftpd_close(&f->op, f->file, f->err) < 0 && f->err == 0) {
    f->err = errno != 0 ? errno : EIO;
  }

  scp_op_end(&f->op, f->err);
  memset(f, 0, sizeof(*f));
  destroy_pool(p);
}

/* Opens the current file and checks it. 0 or an errno. */
static int open_file(struct scp *s, struct source_file *f, struct stat *st) {
  const char *path = scp_absolute(s, f->pool, f->path);

  ftpd_op_begin(s->ftpd, &f->op, f->pool, FTPD_SCP_SEND, path);
  path = ftpd_permit(&f->op, path, NULL);
  if (path != NULL) {
    f->file = ftpd_open(&f->op, path, O_RDONLY, 0);
  }

  if (f->file == NULL) {
    f->err = errno != 0 ? errno : EIO;
    scp_op_end(&f->op, f->err);
    return f->err;
  }

  f->op.file = f->file;
  if (ftpd_fstat(f->file, st) < 0) {
    f->err = errno;

  } else if (!S_ISREG(st->st_mode)) {
    f->err = EINVAL;
  }

  return f->err;
}

int scp_source_begin_file(struct scp *s, pool *p, const char *path,
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
      scp_source_close_file(s);

    } else {
      memset(f, 0, sizeof(*f));
      destroy_pool(p);
    }

    return res;
  }

  ftpd_doing(s->ftpd, "scp download", path);
  f->left = (uint64_t) st.st_size;
  return scp_source_announce(s, p, &st, name);
}

/* Reads up to n bytes straight into messages.  Returns the bytes sent (0 at the
 * end of the file), -1 if there is no room for that, or sets *res.
 */
static ssize_t send_in_place(struct scp *s, size_t n, int *res) {
  struct source_file *f = &s->source->file;
  struct iovec iov[SOURCE_IOV];
  ssize_t got;
  int pieces = 0;

  /* The window may be smaller than the available room. */
  for (; pieces == 0; n /= 2) {
    pieces = sftp_channel_reserve(s->ch, n, iov, SOURCE_IOV);
    if (pieces == 0 && n <= SOURCE_PIECE_MIN) {
      return -1;
    }
  }

  got = ftpd_preadv(f->file, iov, pieces, f->at);
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

/* The same through a buffer. */
static ssize_t send_copied(struct scp *s, size_t n, int *res) {
  struct source_file *f = &s->source->file;
  struct iovec iov = { scratch(s), n < SOURCE_SCRATCH ? n : SOURCE_SCRATCH };
  ssize_t got = ftpd_preadv(f->file, &iov, 1, f->at);

  if (got < 0) {
    f->err = errno != 0 ? errno : EIO;
    return 0;
  }

  *res = sftp_channel_write(s->ch, iov.iov_base, (size_t) got);
  return got;
}

/* The record contained a size: missing bytes are sent as zeros, and the client
 * gets an error at the end.
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

  return res != SFTP_OK ? res : scp_source_wait(s->source, ABOUT_DATA);
}

int scp_source_send_data(struct scp *s) {
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
    ftpd_active(s->ftpd, FTPD_ACTIVE_TRANSFER);
  }

  return end_data(s);
}
