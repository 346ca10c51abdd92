/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-data.c -- the content of open files.
 *
 * It is transferred by preadv(2) and pwritev(2) on the descriptor if no module
 * has replaced the system's functions; otherwise through FSIO, with lseek and
 * write rather than pwrite, because quota modules watch these.
 */

#include "ftpd-bottleneck.h"
#include "ftpd-cmd.h"
#include "ftpd-digest.h"
#include "ftpd-files.h"
#include "ftpd-live.h"
#include "ftpd-openfile.h"
#include "ftpd-quota-file.h"
#include "ftpd-tally.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-transfer.h"

#include "ftpd-attrs.h"
#include "ftpd-io.h"
#include "ftpd-wait.h"

#include <limits.h>
#include <sys/ioctl.h>

#define COPY_BYTES (8 * 1024 * 1024)
#define BUF_BYTES (256 * 1024)
#define NIOV 64
/* Bytes that may be appended before a file with a limit is checked again: about
 * the size of a WRITE.
 */
#define END_GOOD_BYTES (256 * 1024)
/* The clock is read for calls of at least this many bytes. */
#define TIMED_BYTES 4096

static void tell_listeners(const char *event, const struct iovec *iov, int n,
    size_t len) {
  int i;

  for (i = 0; i < n && len > 0; i++) {
    pr_buffer_t buf;
    size_t part = iov[i].iov_len < len ? iov[i].iov_len : len;

    memset(&buf, 0, sizeof(buf));
    buf.buf = buf.current = iov[i].iov_base;
    buf.buflen = part;
    pr_event_generate(event, &buf);
    len -= part;
  }
}

static void account(struct ftpd_file *f, size_t n, bool out) {
  f->total += (off_t) n;
  session.total_bytes += (off_t) n;
  ftpd_tally(TALLY_BYTES, out ? TALLY_OUT : TALLY_IN, f->scp ? TALLY_SCP :
    TALLY_SFTP, n);
  ftpd_live_moved(f, n);
  if (out) {
    f->total_rd += (off_t) n;
    session.total_bytes_out += (off_t) n;

  } else {
    session.total_bytes_in += (off_t) n;
  }

  ftpd_tick(f->h);
  ftpd_score_moved(f);
}

/* A part of an iovec list: at most max bytes after the first skip ones. */
static int window(const struct iovec *iov, int n, size_t skip, size_t max,
    struct iovec out[NIOV]) {
  int i, m = 0;

  for (i = 0; i < n && m < NIOV && max > 0; i++) {
    size_t len = iov[i].iov_len;

    if (skip >= len) {
      skip -= len;
      continue;
    }

    len -= skip;
    out[m].iov_base = (char *) iov[i].iov_base + skip;
    out[m].iov_len = len < max ? len : max;
    skip = 0;
    max -= out[m++].iov_len;
  }

  return m;
}

static uint64_t begin_timed(size_t bytes) {
  return bytes >= TIMED_BYTES ? sftp_now_us() : 0;
}

static void end_timed(const struct ftpd_file *f, uint64_t begun_us) {
  int xerrno = errno;

  if (begun_us > 0) {
    ftpd_bottleneck_add(f, CAUSE_DISK, begun_us);
  }

  errno = xerrno;
}

static ssize_t read_some(struct ftpd_file *f, const struct iovec *iov, int n,
    off_t offset) {
  if (f->stream) {
    return readv(f->fd, iov, n);
  }

  return f->direct_rd ? preadv(f->fd, iov, n, offset) :
    pr_fsio_pread(f->fh, iov[0].iov_base, iov[0].iov_len, offset);
}

/* Through FSIO: one piece, written at the descriptor's offset. */
static ssize_t write_hooked(struct ftpd_file *f, const struct iovec *iov,
    off_t offset) {
  ssize_t res;

  if (!f->append && !f->stream && f->pos != offset) {
    if (pr_fsio_lseek(f->fh, offset, SEEK_SET) < 0) {
      return -1;
    }

    f->pos = offset;
  }

  /* As in FTP, data is counted when it arrives. */
  ftpd_xfer_load(f);
  session.xfer.total_bytes += (off_t) iov[0].iov_len;
  ftpd_xfer_command(f);
  res = pr_fsio_write(f->fh, iov[0].iov_base, iov[0].iov_len);
  ftpd_cmd_forget();
  if (res > 0) {
    f->pos += res;
  }

  return res;
}

static ssize_t write_some(struct ftpd_file *f, const struct iovec *iov, int n,
    off_t offset) {
  if (!f->direct_wr) {
    return write_hooked(f, iov, offset);
  }

  return f->append || f->stream ? writev(f->fd, iov, n) :
    pwritev(f->fd, iov, n, offset);
}

static size_t total_of(const struct iovec *iov, int n) {
  size_t len = 0;
  int i;

  for (i = 0; i < n; i++) {
    len += iov[i].iov_len;
  }

  return len;
}

static ssize_t read_all(struct ftpd_file *f, const struct iovec *iov, int n,
    off_t offset) {
  size_t want = total_of(iov, n), done = 0;
  struct iovec part[NIOV];

  if (ftpd_restart_check(f, offset, false) < 0) {
    return -1;
  }

  while (done < want) {
    int m = window(iov, n, done, ftpd_portion(f, SIZE_MAX), part);
    uint64_t begun_us = begin_timed(want - done);
    ssize_t res = read_some(f, part, m, offset + (off_t) done);

    end_timed(f, begun_us);
    if (res < 0 && errno == EINTR) {
      continue;
    }

    if (res < 0 && done == 0) {
      return -1;
    }

    if (res <= 0) {
      break;
    }

    account(f, (size_t) res, true);
    if (f->listened) {
      tell_listeners("mod_sftp.sftp.data-write", part, m, (size_t) res);
    }

    done += (size_t) res;
    ftpd_rate_pause(f, false);
  }

  ftpd_restart_note(f, offset + (off_t) want, false);
  return (ssize_t) done;
}

ssize_t ftpd_preadv(struct ftpd_file *f, const struct iovec *iov, int n,
    off_t offset) {
  ssize_t res;

  if (!f->rd) {
    errno = EBADF;
    return -1;
  }

  res = read_all(f, iov, n, offset);
  ftpd_digest_add(f, WAY_READ, iov, n, offset, res > 0 ? (size_t) res : 0);
  ftpd_fault_note(f, WAY_READ, offset, res > 0 ? (size_t) res : 0,
    res < 0 ? errno : 0);
  return res;
}

/* The offset at which len bytes will be appended.  A WRITE comes in pieces: the
 * file is checked for each piece only when the limit may be near.
 */
static int append_at(struct ftpd_file *f, size_t len, off_t *offset) {
  struct stat st;

  if (len > f->end_good || f->end > f->max_size - (off_t) len) {
    if (ftpd_fstat(f, &st) < 0) {
      return -1;
    }

    f->end = st.st_size;
    f->end_good = len > END_GOOD_BYTES ? len : END_GOOD_BYTES;
  }

  *offset = f->end;
  f->end += (off_t) len;
  f->end_good -= len;
  return 0;
}

static int check_size(struct ftpd_file *f, off_t offset, size_t len) {
  if (f->max_size <= 0) {
    return 0;
  }

  if (f->append && append_at(f, len, &offset) < 0) {
    return -1;
  }

  if (ftpd_file_within(f, offset + (off_t) len) < 0) {
    f->end_good = 0;
    return -1;
  }

  return 0;
}

const char *ftpd_file_refused(const struct ftpd_file *f) {
  return f->refused;
}

/* Writes the requested bytes, which the quota has accounted for. */
static int write_all(struct ftpd_file *f, const struct iovec *iov, int n,
    off_t offset, size_t want, size_t *done) {
  struct iovec part[NIOV];

  while (*done < want) {
    int m = window(iov, n, *done, f->rated || !f->direct_wr ? FTPD_PORTION :
      SIZE_MAX, part);
    uint64_t begun_us;
    ssize_t res;

    if (f->listened) {
      tell_listeners("mod_sftp.sftp.data-read", part, m, total_of(part, m));
    }

    begun_us = begin_timed(want - *done);
    do {
      res = write_some(f, part, m, offset + (off_t) *done);
    } while (res < 0 && errno == EINTR);

    end_timed(f, begun_us);

    if (res <= 0) {
      if (res == 0) {
        errno = EIO;
      }

      f->end_good = 0;
      return -1;
    }

    account(f, (size_t) res, false);
    *done += (size_t) res;
    ftpd_rate_pause(f, false);
  }

  return 0;
}

/* Of several pieces, writes those for which the quota has room. */
static int write_counted(struct ftpd_file *f, const struct iovec *iov, int n,
    off_t offset, size_t want, size_t *done) {
  struct ftpd_growth growth;
  int i, res = 0;

  if (ftpd_quota_grow(f, offset, want, &growth) == 0) {
    res = write_all(f, iov, n, offset, want, done);
    ftpd_quota_grown(f, &growth, *done);
    return res;
  }

  for (i = 0; n > 1 && res == 0 && i < n; i++) {
    size_t one = 0;

    res = write_counted(f, iov + i, 1, offset + (off_t) *done,
      iov[i].iov_len, &one);
    *done += one;
  }

  return n > 1 ? res : -1;
}

static int write_checked(struct ftpd_file *f, const struct iovec *iov, int n,
    off_t offset, size_t *done) {
  size_t want = total_of(iov, n);

  if (offset < 0 || (uint64_t) offset + want > INT64_MAX) {
    errno = EFBIG;
    return -1;
  }

  if (ftpd_restart_check(f, offset, true) < 0 ||
      check_size(f, offset, want) < 0) {
    return -1;
  }

  if ((f->counted ? write_counted : write_all)(f, iov, n, offset, want,
        done) < 0) {
    return -1;
  }

  ftpd_restart_note(f, offset + (off_t) want, true);
  return 0;
}

int ftpd_pwritev(struct ftpd_file *f, const struct iovec *iov, int n,
    off_t offset, size_t *done) {
  int res;

  *done = 0;
  if (!f->wr) {
    errno = EBADF;
    return -1;
  }

  ftpd_digest_coming(f);
  res = write_checked(f, iov, n, offset, done);
  ftpd_digest_add(f, WAY_WRITE, iov, n, offset, *done);
  ftpd_fault_note(f, WAY_WRITE, offset, *done, res < 0 ? errno : 0);
  return res;
}

/* ---- Copies */

/* Copies in the kernel: returns the bytes copied, 0 at the end, -1 if it
 * cannot.
 */
static ssize_t copy_direct(struct ftpd_file *from, off_t from_off,
    struct ftpd_file *to, off_t to_off, size_t len) {
  struct ftpd_growth growth;
  uint64_t begun_us;
  ssize_t res;

  if (from->stream || to->stream || to->append || from->rated || to->rated ||
      from->listened || to->listened || !from->direct_rd ||
      !to->direct_wr) {
    errno = EXDEV;
    return -1;
  }

  if (ftpd_quota_grow(to, to_off, len, &growth) < 0) {
    return -1;
  }

  begun_us = begin_timed(len);
  do {
    res = copy_file_range(from->fd, &from_off, to->fd, &to_off, len, 0);
  } while (res < 0 && errno == EINTR);

  end_timed(to, begun_us);

  ftpd_quota_grown(to, &growth, res > 0 ? (size_t) res : 0);

  if (res > 0) {
    account(to, (size_t) res, false);
  }

  return res;
}

static bool is_unfit(int xerrno) {
  return xerrno == EXDEV || xerrno == EINVAL || xerrno == ENOSYS ||
    xerrno == EOPNOTSUPP || xerrno == EBADF;
}

static ssize_t copy_buffered(struct ftpd_file *from, off_t from_off,
    struct ftpd_file *to, off_t to_off, size_t len, void *buf) {
  struct iovec iov = { buf, len < BUF_BYTES ? len : BUF_BYTES };
  size_t done;
  ssize_t res;

  /* Data that stays on the server is not a download. */
  res = from->stream ? ftpd_preadv(from, &iov, 1, from_off) :
    ftpd_peek(from, buf, iov.iov_len, from_off);
  if (res <= 0) {
    return res;
  }

  iov.iov_len = (size_t) res;
  return ftpd_pwritev(to, &iov, 1, to_off, &done) < 0 ? -1 : res;
}

/* The number of bytes to copy, and whether source and target may be copied at
 * all.
 */
static int copy_len(struct ftpd_file *from, off_t from_off,
    struct ftpd_file *to, off_t to_off, uint64_t *len) {
  struct stat src, dst;

  if (!from->rd || !to->wr) {
    errno = EBADF;
    return -1;
  }

  if (ftpd_fstat(from, &src) < 0 || ftpd_fstat(to, &dst) < 0) {
    return -1;
  }

  if (from_off < 0 || to_off < 0) {
    errno = EINVAL;
    return -1;
  }

  if (from_off >= src.st_size) {
    *len = 0;
    return 0;
  }

  if (*len == 0 || *len > (uint64_t) (src.st_size - from_off)) {
    *len = (uint64_t) (src.st_size - from_off);
  }

  if ((uint64_t) to_off + *len > INT64_MAX) {
    errno = EFBIG;
    return -1;
  }

  if (src.st_dev == dst.st_dev && src.st_ino == dst.st_ino &&
      (to->append || (from_off < to_off + (off_t) *len &&
       to_off < from_off + (off_t) *len))) {
    errno = EINVAL;             /* onto the same file */
    return -1;
  }

  return ftpd_restart_check(from, from_off, false) < 0 ||
    ftpd_restart_check(to, to_off, true) < 0 ||
    check_size(to, to_off, *len) < 0 ? -1 :
    ftpd_quota_fits(to, to_off, *len);
}

static int copy_all(struct ftpd_file *from, off_t from_off,
    struct ftpd_file *to, off_t to_off, uint64_t len, uint64_t *done) {
  pool *p = NULL;
  void *buf = NULL;
  ssize_t res = 0;
  int xerrno;

  if (copy_len(from, from_off, to, to_off, &len) < 0) {
    return -1;
  }

  while (len > 0) {
    size_t part = len < COPY_BYTES ? (size_t) len : COPY_BYTES;

    if (buf == NULL) {
      res = copy_direct(from, from_off, to, to_off, part);
      if (res < 0 && is_unfit(errno)) {
        p = make_sub_pool(ftpd_files_of(from->h)->pool);
        buf = palloc(p, BUF_BYTES);
        continue;
      }

    } else {
      res = copy_buffered(from, from_off, to, to_off, part, buf);
    }

    if (res <= 0) {
      break;
    }

    from_off += res;
    to_off += res;
    len -= (uint64_t) res;
    *done += (uint64_t) res;
    ftpd_poll(from->h);
  }

  xerrno = errno;
  if (p != NULL) {
    destroy_pool(p);
  }

  errno = xerrno;
  return res < 0 ? -1 : 0;
}

int ftpd_copy_range(struct ftpd_file *from, off_t from_off,
    struct ftpd_file *to, off_t to_off, uint64_t len, uint64_t *done) {
  int res;

  *done = 0;
  ftpd_digest_coming(to);
  res = copy_all(from, from_off, to, to_off, len, done);
  if (from->rd && to->wr) {
    from->copied = true;
    ftpd_digest_spoil(to);
    ftpd_fault_note(to, WAY_WRITE, to_off, (size_t) *done, res < 0 ? errno :
      0);
  }

  return res;
}
