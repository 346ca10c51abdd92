/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest.c -- SFTPTransferDigest: the digest of a file, made of the bytes
 * as they pass in order, while they are in the cache.
 *
 * It counts only if it is that of the whole file.  What other sessions write
 * meanwhile shows in the mark (ftpd-digest-mark.c), and what others do in the
 * file's times, which are compared between two writes; not on network file
 * systems, where that would have each write wait for the server.
 */

#include "ftpd-digest-mark.h"
#include "ftpd-digest-receipt.h"
#include "ftpd-digest.h"
#include "ftpd-files.h"
#include "ftpd-locks.h"

#include "checksum.h"
#include "directives.h"
#include "ftpd-attrs.h"
#include "ftpd-io.h"

#include <fcntl.h>
#include <sodium.h>

#define SHA256_LEN 32

struct ftpd_digest {
  const struct transfer_digest *conf;
  struct sftp_sum *sum;
  off_t next;                   /* bytes that it has */
  bool spoiled;                 /* they did not come in order */
  bool watched;                 /* for changes by others */
  bool may_have, marked;        /* a receipt; the mark of one who writes */
  bool touched;                 /* others changed it, or something about it */
  struct timespec mtime, ctime; /* when this session changed it last */
  struct ftpd_mark mark;
  char hex[FTPD_RECEIPT_HEX];   /* "": there is no digest */
  int fd;                       /* of an upload that gets a receipt; or -1 */
  struct stat st;               /* its state at its end */
};

static enum ftpd_way way_of(const struct ftpd_file *f) {
  return f->wr ? WAY_WRITE : WAY_READ;
}

/* ---- Begin */

/* Two handles for one file: neither knows all of the bytes. */
static void spoil_shared(struct ftpd_file *f) {
  struct ftpd_file *other;

  for (other = ftpd_files_of(f->h)->open; other != NULL;
      other = other->next) {
    if (other != f && other->wr && other->is.dev == f->is.dev &&
        other->is.ino == f->is.ino) {
      ftpd_digest_spoil(other);
      ftpd_digest_spoil(f);
    }
  }
}

static void note_time(struct ftpd_file *f) {
  struct ftpd_digest *d = f->digest;
  struct stat st;

  if (d->watched && !d->spoiled && ftpd_fstat(f, &st) == 0) {
    d->mtime = st.st_mtim;
    d->ctime = st.st_ctim;
  }
}

void ftpd_digest_begin(struct ftpd_file *f) {
  const struct transfer_digest *conf = get_param_ptr(CURRENT_CONF,
    "SFTPTransferDigest", FALSE);
  struct ftpd_digest *d;

  if (conf == NULL || !conf->on || f->stream) {
    return;
  }

  d = pcalloc(f->pool, sizeof(*d));
  d->conf = conf;
  d->sum = sftp_sum_new(f->pool, "sha256");
  if (d->sum == NULL || sftp_sum_begin(d->sum) != SFTP_OK) {
    return;
  }

  f->digest = d;
  d->fd = -1;
  d->spoiled = f->append && f->size > 0;
  if (f->wr) {
    spoil_shared(f);
    d->watched = ftpd_lock_is_local(f->fd);
    d->may_have = d->watched && ftpd_receipt_possible(f->pool, f->fh);
    note_time(f);
  }

  if (f->made) {
    ftpd_digest_coming(f);      /* it may have been cut: others see that */
  }
}

/* ---- The bytes */

void ftpd_digest_spoil(struct ftpd_file *f) {
  if (f->digest != NULL) {
    f->digest->spoiled = true;
  }
}

void ftpd_digest_spoil_all(struct ftpd *h) {
  struct ftpd_file *f;

  for (f = ftpd_files_of(h)->open; f != NULL; f = f->next) {
    if (f->wr) {
      ftpd_digest_spoil(f);
    }
  }
}

static bool is_same(const struct timespec *a, const struct timespec *b) {
  return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

void ftpd_digest_look(struct ftpd_file *f) {
  struct ftpd_digest *d = f->digest;
  struct stat st;

  if (d == NULL || !d->watched || d->spoiled) {
    return;
  }

  /* Who writes can set the one time back, but not the other. */
  d->touched = ftpd_fstat(f, &st) < 0 || !is_same(&st.st_ctim, &d->ctime);
  d->spoiled = d->touched || !is_same(&st.st_mtim, &d->mtime);
}

/* Requests by path that may change the times of an open file. */
static bool sets_times(enum ftpd_request req) {
  return req == FTPD_SETSTAT || req == FTPD_LSETSTAT;
}

void ftpd_digest_look_all(struct ftpd *h, enum ftpd_request req) {
  struct ftpd_file *f;

  for (f = ftpd_files_of(h)->open; f != NULL && sets_times(req); f = f->next) {
    ftpd_digest_look(f);
  }
}

void ftpd_digest_timed_all(struct ftpd *h, enum ftpd_request req) {
  struct ftpd_file *f;

  for (f = ftpd_files_of(h)->open; f != NULL && sets_times(req); f = f->next) {
    ftpd_digest_timed(f);
  }
}

void ftpd_digest_coming(struct ftpd_file *f) {
  struct ftpd_digest *d = f->digest;

  if (d == NULL) {
    return;
  }

  ftpd_digest_look(f);
  if (d->may_have && !d->marked) {
    d->marked = true;
    ftpd_mark_set(&d->mark, f->fd);
    note_time(f);
  }
}

void ftpd_digest_add(struct ftpd_file *f, enum ftpd_way way,
    const struct iovec *iov, int n, off_t offset, size_t done) {
  struct ftpd_digest *d = f->digest;
  int i;

  if (d == NULL || d->spoiled || done == 0 || way != way_of(f)) {
    return;
  }

  d->spoiled = !f->append && offset != d->next;
  for (i = 0; i < n && done > 0 && !d->spoiled; i++) {
    size_t part = iov[i].iov_len < done ? iov[i].iov_len : done;

    d->spoiled = sftp_sum_add(d->sum, iov[i].iov_base, part) != SFTP_OK;
    d->next += (off_t) part;
    done -= part;
  }

  if (f->wr) {
    note_time(f);
  }
}

void ftpd_digest_timed(struct ftpd_file *f) {
  if (f->digest != NULL) {
    note_time(f);
  }
}

void ftpd_digest_resized(struct ftpd_file *f, off_t size) {
  struct ftpd_digest *d = f->digest;

  if (d != NULL) {
    d->spoiled = d->spoiled || size < d->next;
    note_time(f);
  }
}

/* ---- End */

/* Whether this session has changed the file at all. */
static bool has_changed(const struct ftpd_file *f) {
  return f->wr && (f->made || ftpd_file_moved(f, WAY_WRITE) > 0);
}

static bool is_whole(const struct ftpd_digest *d) {
  return !d->spoiled && d->st.st_size == d->next;
}

/* 0, or -1 if there is none. */
static int make_sum(struct ftpd_file *f, unsigned char *sum) {
  struct ftpd_digest *d = f->digest;

  ftpd_digest_look(f);
  d->spoiled = d->spoiled || !ftpd_mark_is_kept(&d->mark, f->fd);
  if (ftpd_fstat(f, &d->st) < 0) {
    return -1;
  }

  if (is_whole(d)) {
    return sftp_sum_end(d->sum, sum) == SFTP_OK ? 0 : -1;
  }

  return d->conf->reads && has_changed(f) ?
    ftpd_digest_read(f, d->sum, d->conf->secs, sum) : -1;
}

void ftpd_digest_end(struct ftpd_file *f, bool complete) {
  struct ftpd_digest *d = f->digest;
  unsigned char sum[SFTP_SUM_MAX];

  if (d == NULL) {
    return;
  }

  if (!complete || f->ways[way_of(f)].err != 0 || make_sum(f, sum) < 0) {
    if (has_changed(f) || d->marked) {
      ftpd_receipt_drop(f->fd); /* that of what it was, or the mark */
    }

    return;
  }

  (void) sodium_bin2hex(d->hex, sizeof(d->hex), sum, SHA256_LEN);
  if (d->may_have && (has_changed(f) || d->marked)) {
    d->fd = fcntl(f->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  }
}

void ftpd_digest_keep(struct ftpd_file *f, bool good) {
  struct ftpd_digest *d = f->digest;

  if (d == NULL) {
    return;
  }

  if (!good) {
    *d->hex = '\0';
  }

  if (d->fd >= 0) {
    if (good && !d->touched && ftpd_mark_is_kept(&d->mark, d->fd)) {
      ftpd_receipt_put(d->fd, &d->st, d->hex);

    } else {
      ftpd_receipt_drop(d->fd);
    }

    (void) close(d->fd);
    d->fd = -1;
  }
}

const char *ftpd_digest_of(const struct ftpd_file *f, enum ftpd_way way) {
  return f->digest != NULL && way == way_of(f) && *f->digest->hex != '\0' ?
    f->digest->hex : NULL;
}

void ftpd_digest_tell(const struct ftpd_file *f, enum ftpd_way way,
    cmd_rec *cmd) {
  const char *hex = ftpd_digest_of(f, way);

  if (hex != NULL) {
    (void) pr_table_add_dup(cmd->notes, "mod_sftp.sha256", hex, 0);
  }
}

/* ---- Questions */

bool ftpd_known_digest(struct ftpd_file *f, const char *name,
    unsigned char *out) {
  const struct transfer_digest *conf = get_param_ptr(CURRENT_CONF,
    "SFTPTransferDigest", FALSE);
  char hex[FTPD_RECEIPT_HEX];
  size_t len;

  if (conf == NULL || !conf->on || f->stream ||
      strcasecmp(name, "sha256") != 0 ||
      !ftpd_receipt_get(f->pool, f->fh, hex)) {
    return false;
  }

  SFTP_TRACE(TRACE_SFTP, 7, "the receipt of '%s' has its digest", f->path);
  return sodium_hex2bin(out, SHA256_LEN, hex, strlen(hex), NULL, &len,
    NULL) == 0 && len == SHA256_LEN;
}
