/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-file.c -- a file of records: opens it, and appends to its
 * chain.
 */

#include "ftpd-record-file-int.h"
#include "ftpd-session.h"

#include "checksum.h"

#include <fcntl.h>
#include <sys/file.h>

#define LOCK_STEPS 200
/* A step of the system's clock that gets a record. */
#define STEP_US 1000000
/* Bytes of a long record: two names and a key. */
#define ROOM 16384

/* Whoever can read the file can lock it, and delays the first record only: what
 * cannot be locked is lost.
 */
static int lock_file(struct record_file *f) {
  static const struct timespec step = { 0, 5000000 };
  int i, steps = f->told_error == EWOULDBLOCK ? 1 : LOCK_STEPS;

  for (i = 0; i < steps; i++) {
    if (flock(f->fd, LOCK_EX|LOCK_NB) == 0) {
      return 0;
    }

    if (errno != EWOULDBLOCK && errno != EINTR) {
      return -1;
    }

    (void) nanosleep(&step, NULL);
  }

  errno = EWOULDBLOCK;
  return -1;
}

static void tell_gone(struct record_file *f) {
  if (!f->told_gone) {
    f->told_gone = true;
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION ": SFTPTransferRecord '%s': "
      "the file was removed: what is written until there is another one is "
      "lost",
      f->path);
  }
}

int ftpd_record_append_begin(struct record_file *f) {
  struct stat st;
  int xerrno;

  if (f->fd < 0) {
    errno = f->open_error;
    return -1;
  }

  if (lock_file(f) < 0) {
    return -1;
  }

  if (fstat(f->fd, &st) == 0) {
    if (st.st_nlink == 0) {
      tell_gone(f);
    }

    if (st.st_size == f->size || ftpd_record_catch_up(f, st.st_size) == 0) {
      return 0;
    }
  }

  xerrno = errno;
  f->size = -1;
  (void) flock(f->fd, LOCK_UN);
  errno = xerrno;
  return -1;
}

void ftpd_record_append_end(struct record_file *f) {
  int xerrno = errno;

  (void) flock(f->fd, LOCK_UN);
  errno = xerrno;
}

/* ---- Losses, and steps of the clock */

static void tell_result(struct record_file *f, int err) {
  if (err == f->told_error) {
    return;
  }

  f->told_error = err;
  if (err != 0) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": SFTPTransferRecord '%s': "
      "records cannot be written: %s", f->path, strerror(err));

  } else {
    pr_log_pri(PR_LOG_NOTICE, MOD_SFTP_VERSION ": SFTPTransferRecord '%s': "
      "records are written again", f->path);
  }
}

static int write_losses(struct record_file *f) {
  struct record_note n;

  if (f->nlost == 0) {
    return 0;
  }

  ftpd_record_note(&n, "lost");
  sftp_json_number(&n.j, "records", f->nlost);
  sftp_json_text(&n.j, "why", sftp_str_of(strerror(f->lost_error)));
  if (ftpd_record_note_write(f, &n) < 0) {
    return -1;
  }

  f->nlost = 0;
  return 0;
}

/* The configuration may have changed since the last line about it. */
static int write_change(struct record_file *f) {
  struct record_stated now;

  ftpd_record_state(f, &now);
  return memcmp(&now, &f->stated, sizeof(now)) == 0 ? 0 :
    ftpd_record_write_begin(f, "the configuration has changed", false);
}

static int64_t clock_now(void) {
  struct timespec ts;

  (void) clock_gettime(CLOCK_REALTIME, &ts);
  return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000 -
    (int64_t) sftp_now_us();
}

static int write_step(struct record_file *f) {
  int64_t now = clock_now(), step = now - f->clock_us;
  char text[32];
  struct record_note n;

  if (step > -STEP_US && step < STEP_US) {
    f->clock_us = now;
    return 0;
  }

  snprintf(text, sizeof(text), "%+lld", (long long) (step +
    (step < 0 ? -STEP_US / 2 : STEP_US / 2)) / STEP_US);
  ftpd_record_note(&n, "clock");
  sftp_json_text(&n.j, "seconds", sftp_str_of(text));
  if (ftpd_record_note_write(f, &n) < 0) {
    return -1;
  }

  f->clock_us = now;
  return 0;
}

/* ---- Records */

/* What reports a loss is short, and may fit where a record does not. */
static int find_room(const struct record_file *f) {
  return fallocate(f->fd, FALLOC_FL_KEEP_SIZE, f->size, ROOM) == 0 ||
    (errno != ENOSPC && errno != EDQUOT) ? 0 : -1;
}

int ftpd_record_file_append(struct record_file *f, struct sftp_str members) {
  int err = 0;

  if (ftpd_record_append_begin(f) < 0) {
    err = errno;

  } else {
    if ((members.len == 0 && find_room(f) < 0) || write_losses(f) < 0 ||
        write_change(f) < 0 || write_step(f) < 0 ||
        (members.len > 0 && ftpd_record_write(f, members) < 0)) {
      err = errno;
    }

    if (f->key != NULL && f->nunsigned > 0 && ftpd_record_is_shared(f) &&
        sftp_now_ms() >= f->again_ms) {
      ftpd_record_sign(f);
    }

    ftpd_record_append_end(f);
  }

  if (err != 0 && members.len > 0) {
    f->nlost++;
    f->lost_error = err;
  }

  tell_result(f, err);
  return err;
}

/* ---- The file */

struct record_file *ftpd_record_file_new(pool *p, const char *path) {
  struct record_file *f = pcalloc(p, sizeof(*f));

  f->pool = p;
  f->path = pstrdup(p, path);
  f->begin = "the daemon has started";
  f->fd = -1;
  f->open_error = ENOENT;
  f->size = -1;
  f->line = palloc(p, RECORD_LINE_MAX);
  f->sum = sftp_sum_new(p, "sha256");
  f->clock_us = clock_now();
  return f;
}

/* A daemon may have closed the standard descriptors, to which others print. */
static int open_high(const char *path) {
  int low = open(path, O_RDWR|O_APPEND|O_CREAT|O_NOFOLLOW|O_CLOEXEC|
    O_NONBLOCK|O_NOCTTY, 0600), fd, xerrno;

  if (low < 0 || low > 2) {
    return low;
  }

  fd = fcntl(low, F_DUPFD_CLOEXEC, 3);
  xerrno = errno;
  (void) close(low);
  errno = xerrno;
  return fd;
}

void ftpd_record_file_open(struct record_file *f) {
  static const struct sftp_str nothing = { (const unsigned char *) "", 0 };
  struct stat st;

  f->fd = open_high(f->path);
  if (f->fd >= 0 && (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode))) {
    (void) close(f->fd);
    f->fd = -1;
    errno = EINVAL;
  }

  f->open_error = f->fd < 0 ? errno : 0;
  if (f->sum == NULL && f->fd >= 0) {
    (void) close(f->fd);
    f->fd = -1;
    f->open_error = ENOSYS;
  }

  if (f->fd >= 0) {
    ftpd_record_show(f);
  }

  (void) ftpd_record_file_append(f, nothing);
  ftpd_record_file_sign(f, true);
}
