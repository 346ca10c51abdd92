/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-data-t.c -- reading, writing and copying open files: real ones, with
 * calls that are interrupted, fail or do a part.
 */

#include "daemon.h"
#include "ftpd-attrs.h"
#include "ftpd-bottleneck.h"
#include "ftpd-cmd.h"
#include "ftpd-digest.h"
#include "ftpd-files.h"
#include "ftpd-io.h"
#include "ftpd-live.h"
#include "ftpd-openfile.h"
#include "ftpd-quota-file.h"
#include "ftpd-tally.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-transfer.h"
#include "ftpd-wait.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static pool *p;
static struct ftpd ftpd;

/* ---- The system: calls that are interrupted, fail, or do at most so much */

static struct {
  unsigned int ncalls, interrupts, fail_at;     /* that call fails; 0: none */
  size_t most;
  int err;                      /* 0: 0 bytes, as at the end */
  bool no_seeks;
} sys;

/* The bytes that a call may process, -1 with errno. */
static ssize_t may(size_t want) {
  sys.ncalls++;
  if (sys.interrupts > 0) {
    sys.interrupts--;
    errno = EINTR;
    return -1;
  }

  if (sys.fail_at > 0 && sys.ncalls >= sys.fail_at) {
    errno = sys.err != 0 ? sys.err : EINTR;     /* an old one: no error */
    return sys.err != 0 ? -1 : 0;
  }

  return (ssize_t) (sys.most > 0 && want > sys.most ? sys.most : want);
}

static ssize_t do_vector(int fd, const struct iovec *iov, int n, off_t offset,
    bool out) {
  struct iovec one = iov[0];
  size_t want = 0;
  ssize_t res;
  int i;

  for (i = 0; i < n; i++) {
    want += iov[i].iov_len;
  }

  res = may(want);
  if (res <= 0) {
    return res;
  }

  if ((size_t) res < want) {
    one.iov_len = (size_t) res < one.iov_len ? (size_t) res : one.iov_len;
    iov = &one;
    n = 1;
  }

  return offset < 0 ? syscall(out ? SYS_writev : SYS_readv, fd, iov, n) :
    syscall(out ? SYS_pwritev : SYS_preadv, fd, iov, n, offset, 0);
}

static bool by_offset;

ssize_t readv(int fd, const struct iovec *iov, int n) {
  by_offset = false;
  return do_vector(fd, iov, n, -1, false);
}

ssize_t writev(int fd, const struct iovec *iov, int n) {
  by_offset = false;
  return do_vector(fd, iov, n, -1, true);
}

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t offset) {
  by_offset = true;
  return do_vector(fd, iov, n, offset, false);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t offset) {
  by_offset = true;
  return do_vector(fd, iov, n, offset, true);
}

static unsigned int ncopies;

ssize_t copy_file_range(int from, off_t *from_off, int to, off_t *to_off,
    size_t len, unsigned int flags) {
  static char block[1 << 23];
  ssize_t res = may(len);

  (void) flags;
  ncopies++;
  res = res <= 0 ? res : pread(from, block, (size_t) res, *from_off);
  if (res > 0) {
    res = pwrite(to, block, (size_t) res, *to_off);
    *from_off += res;
    *to_off += res;
  }

  return res;
}

/* ---- FSIO, with its files' own descriptors */

static unsigned int nseeks, nhooked;

off_t pr_fsio_lseek(pr_fh_t *fh, off_t offset, int whence) {
  nseeks++;
  errno = ESPIPE;
  return sys.no_seeks ? -1 : lseek(fh->fh_fd, offset, whence);
}

ssize_t pr_fsio_pread(pr_fh_t *fh, void *buf, size_t n, off_t offset) {
  ssize_t res = may(n);

  nhooked++;
  return res <= 0 ? res : pread(fh->fh_fd, buf, (size_t) res, offset);
}

int pr_fsio_write(pr_fh_t *fh, const char *buf, size_t n) {
  ssize_t res = may(n);

  nhooked++;
  return res <= 0 ? (int) res : (int) write(fh->fh_fd, buf, (size_t) res);
}

/* ---- The rest of the daemon's side: rules, quotas, records */

static struct {
  bool no_restart, no_write_restart;
  size_t portion;
  size_t room;                  /* of the quota */
  bool unfit;                   /* a copy does not fit */
} rule;

static struct {
  unsigned int pauses, polls, ticks, scores, timed, loads, commands, forgets,
    stats;
  size_t live, in, out, scp, grown, heard_in, heard_out;
  off_t noted_rd, noted_wr;
  enum ftpd_way way;
  off_t offset;
  size_t done;
  int err;
  unsigned int nfaults, nspoilt, nlooks, nempty;
  size_t digested[NWAYS];
} seen;

int ftpd_restart_check(struct ftpd_file *f, off_t offset, bool writes) {
  (void) f;
  (void) offset;
  errno = EACCES;
  return (writes ? rule.no_write_restart : rule.no_restart) ? -1 : 0;
}

void ftpd_restart_note(struct ftpd_file *f, off_t end, bool writes) {
  (void) f;
  *(writes ? &seen.noted_wr : &seen.noted_rd) = end;
}

size_t ftpd_portion(const struct ftpd_file *f, size_t max) {
  (void) f;
  return rule.portion > 0 && rule.portion < max ? rule.portion : max;
}

void ftpd_rate_pause(struct ftpd_file *f, bool end) {
  (void) f;
  seen.pauses += !end;
}

int ftpd_file_within(struct ftpd_file *f, off_t size) {
  errno = EFBIG;
  return size > f->max_size ? -1 : 0;
}

int ftpd_quota_grow(struct ftpd_file *f, off_t offset, size_t len,
    struct ftpd_growth *g) {
  (void) f;
  (void) offset;
  memset(g, 0, sizeof(*g));
  if (rule.room < len) {
    errno = EDQUOT;
    return -1;
  }

  rule.room -= len;
  return 0;
}

void ftpd_quota_grown(struct ftpd_file *f, const struct ftpd_growth *g,
    size_t done) {
  (void) f;
  (void) g;
  seen.grown += done;
}

int ftpd_quota_fits(struct ftpd_file *f, off_t offset, uint64_t len) {
  (void) f;
  (void) offset;
  (void) len;
  errno = EDQUOT;
  return rule.unfit ? -1 : 0;
}

void ftpd_fault_note(struct ftpd_file *f, enum ftpd_way way, off_t offset,
    size_t done, int err) {
  (void) f;
  seen.way = way;
  seen.offset = offset;
  seen.done = done;
  seen.err = err;
  seen.nfaults++;
}

void ftpd_digest_coming(struct ftpd_file *f) {
  (void) f;
  seen.nlooks++;
}

void ftpd_digest_add(struct ftpd_file *f, enum ftpd_way way,
    const struct iovec *iov, int n, off_t offset, size_t done) {
  (void) f;
  (void) iov;
  (void) n;
  (void) offset;
  seen.digested[way] += done;
}

void ftpd_digest_spoil(struct ftpd_file *f) {
  (void) f;
  seen.nspoilt++;
}

int ftpd_fstat(struct ftpd_file *f, struct stat *st) {
  seen.stats++;
  return fstat(f->fd, st);
}

ssize_t ftpd_peek(struct ftpd_file *f, void *buf, size_t n, off_t offset) {
  return sys.err == ENXIO ? may(n) : pread(f->fd, buf, n, offset);
}

void ftpd_poll(struct ftpd *h) {
  (void) h;
  seen.polls++;
}

void ftpd_tick(struct ftpd *h) {
  (void) h;
  seen.ticks++;
}

void ftpd_score_moved(struct ftpd_file *f) {
  (void) f;
  seen.scores++;
}

void ftpd_live_moved(struct ftpd_file *f, size_t n) {
  (void) f;
  seen.live += n;
}

void ftpd_tally(enum tally what, unsigned int i, unsigned int j, uint64_t n) {
  if (what == TALLY_BYTES) {
    *(i == TALLY_OUT ? &seen.out : &seen.in) += n;
    seen.scp += j == TALLY_SCP ? n : 0;
  }
}

void ftpd_bottleneck_add(const struct ftpd_file *f, enum sftp_cause cause,
    uint64_t begun_us) {
  (void) f;
  (void) begun_us;
  seen.timed += cause == CAUSE_DISK;
  errno = 0;
}

void ftpd_xfer_load(const struct ftpd_file *f) {
  (void) f;
  seen.loads++;
}

void ftpd_xfer_command(const struct ftpd_file *f) {
  (void) f;
  seen.commands++;
}

void ftpd_cmd_forget(void) {
  seen.forgets++;
}

void pr_event_generate(const char *event, const void *data) {
  const pr_buffer_t *buf = data;

  seen.nempty += buf->buflen == 0;
  if (strcmp(event, "mod_sftp.sftp.data-read") == 0) {
    seen.heard_in += buf->buflen;

  } else if (strcmp(event, "mod_sftp.sftp.data-write") == 0) {
    seen.heard_out += buf->buflen;
  }
}

/* ---- Files */

static unsigned char data[1 << 20];

static void begin(void) {
  memset(&sys, 0, sizeof(sys));
  memset(&rule, 0, sizeof(rule));
  memset(&seen, 0, sizeof(seen));
  rule.room = SIZE_MAX;
  ncopies = nseeks = nhooked = 0;
  session.total_bytes = session.total_bytes_in = session.total_bytes_out = 0;
  session.xfer.total_bytes = 0;
}

/* A file with the first len bytes of data. */
static struct ftpd_file open_file(size_t len) {
  struct ftpd_file f = { .h = &ftpd, .path = "/f", .rd = true, .wr = true,
    .direct_rd = true, .direct_wr = true };
  char name[] = "/tmp/ftpd-data-XXXXXX";

  begin();
  f.fd = mkstemp(name);
  (void) unlink(name);
  if (f.fd < 0 || pwrite(f.fd, data, len, 0) != (ssize_t) len) {
    bail_out("no file: %s", strerror(errno));
  }

  f.fh = pcalloc(p, sizeof(*f.fh));
  f.fh->fh_fd = f.fd;
  return f;
}

static void close_file(struct ftpd_file *f) {
  (void) close(f->fd);
}

static bool has(const struct ftpd_file *f, const void *bytes, size_t len) {
  unsigned char *got = palloc(p, len + 1);

  return pread(f->fd, got, len + 1, 0) == (ssize_t) len &&
    memcmp(got, bytes, len) == 0;
}

static unsigned char buf[1 << 20];

static ssize_t read_at(struct ftpd_file *f, size_t len, off_t offset) {
  struct iovec iov[2] = { { buf, len / 2 }, { buf + len / 2, len - len / 2 } };

  memset(buf, 0, sizeof(buf));
  return ftpd_preadv(f, iov, 2, offset);
}

static size_t wrote;

static int write_at(struct ftpd_file *f, size_t len, off_t offset) {
  struct iovec iov[2] = { { data, len / 2 }, { data + len / 2, len - len / 2 }
    };

  wrote = 4711;
  return ftpd_pwritev(f, iov, 2, offset, &wrote);
}

/* ---- Reading */

static bool is_fault(enum ftpd_way way, off_t offset, size_t done, int err) {
  return seen.nfaults == 1 && seen.way == way && seen.offset == offset &&
    seen.done == done && seen.err == err;
}

static void files_are_read(void) {
  struct ftpd_file f = open_file(10000);

  is_int(read_at(&f, 1000, 50), 1000, "a part of it");
  ok(memcmp(buf, data + 50, 1000) == 0 && by_offset, "at its offset");
  ok(is_fault(WAY_READ, 50, 1000, 0), "the record knows");
  is_int(seen.noted_rd, 1050, "so far it was read");
  is_int(seen.digested[WAY_READ], 1000, "a digest has them");
  is_int(seen.timed, 0, "few bytes are not timed");
  ok(f.total == 1000 && f.total_rd == 1000 && seen.live == 1000 && seen.out ==
    1000 && seen.in == 0 && seen.scp == 0, "bytes are counted");
  ok(session.total_bytes == 1000 && session.total_bytes_out == 1000 &&
    session.total_bytes_in == 0, "in the session, too");
  ok(seen.ticks == 1 && seen.scores == 1 && seen.pauses == 1, "once");
  f.scp = true;
  is_int(read_at(&f, 4096, 0), 4096, "SCP");
  is_int(seen.scp, 4096, "has its own count");
  is_int(seen.timed, 1, "4 KiB are timed");
  is_int(read_at(&f, 1000, 9500), 500, "at the end there is less");
  errno = EINTR;
  is_int(read_at(&f, 1000, 10000), 0, "or nothing");
  is_int(seen.err, 0, "which is no error");
  close_file(&f);
}

static void reading_goes_on(void) {
  struct ftpd_file f = open_file(10000);

  sys.interrupts = 2;
  is_int(read_at(&f, 100, 0), 100, "after signals");
  sys.most = 7;
  seen.pauses = 0;
  is_int(read_at(&f, 100, 10), 100, "in pieces of 7 bytes");
  ok(memcmp(buf, data + 10, 100) == 0, "each in its place");
  ok(seen.pauses >= 15, "with the rate's pauses");
  sys.most = 0;
  rule.portion = 30;
  f.listened = true;
  sys.ncalls = 0;
  is_int(read_at(&f, 100, 10), 100, "in portions");
  is_int(sys.ncalls, 4, "of 30 bytes");
  ok(memcmp(buf, data + 10, 100) == 0, "of the same bytes");
  is_int(seen.heard_out, 100, "which listeners get");
  is_int(seen.heard_in, 0, "as sent");
  sys.most = 7;
  is_int(read_at(&f, 100, 10), 100, "in small pieces, too");
  is_int(seen.nempty, 0, "none of which is empty");
  close_file(&f);
}

static void reading_fails(void) {
  struct ftpd_file f = open_file(10000);

  sys.fail_at = 1;
  sys.err = EIO;
  is_int(read_at(&f, 5000, 3), -1, "an error");
  is_int(errno, EIO, "is told, whatever the clock does");
  ok(is_fault(WAY_READ, 3, 0, EIO) && seen.digested[WAY_READ] == 0,
    "and noted");
  is_int(f.total, 0, "nothing was read");
  begin();
  sys.most = 10;
  sys.fail_at = 3;
  sys.err = EIO;
  is_int(read_at(&f, 100, 0), 20, "an error after some bytes");
  ok(is_fault(WAY_READ, 0, 20, 0), "is one of the next request");
  begin();
  rule.no_restart = true;
  is_int(read_at(&f, 100, 7), -1, "a restart that is not allowed");
  ok(is_fault(WAY_READ, 7, 0, EACCES) && sys.ncalls == 0, "reads nothing");
  begin();
  f.rd = false;
  is_int(read_at(&f, 100, 0), -1, "a file that is only written");
  ok(errno == EBADF && sys.ncalls == 0 && seen.nfaults == 0, "is not read");
  close_file(&f);
}

static void others_read_otherwise(void) {
  struct ftpd_file f = open_file(1000);

  f.direct_rd = false;
  is_int(read_at(&f, 100, 5), 100, "through FSIO");
  ok(nhooked == 2 && memcmp(buf, data + 5, 100) == 0, "a piece at a time");
  f.stream = true;
  is_int(read_at(&f, 100, 500), 100, "a stream");
  ok(!by_offset && memcmp(buf, data, 100) == 0, "has no offsets");
  close_file(&f);
}

static void many_pieces_are_read(void) {
  struct ftpd_file f = open_file(10000);
  struct iovec iov[100];
  int i;

  memset(buf, 0, sizeof(buf));
  for (i = 0; i < 100; i++) {
    iov[i].iov_base = buf + 10 * i;
    iov[i].iov_len = i % 7 == 3 ? 0 : 10;
  }

  is_int(ftpd_preadv(&f, iov, 64, 0), 550, "64 pieces, 9 of them empty");
  is_int(sys.ncalls, 1, "by one call");
  sys.ncalls = 0;
  is_int(ftpd_preadv(&f, iov, 100, 0), 860, "100 pieces");
  is_int(sys.ncalls, 2, "by two calls");
  ok(memcmp(buf, data, 30) == 0 && memcmp(buf + 40, data + 30, 10) == 0 &&
    memcmp(buf + 990, data + 850, 10) == 0, "each in its place");
  close_file(&f);
}

/* ---- Writing */

static void files_are_written(void) {
  struct ftpd_file f = open_file(0);

  is_int(write_at(&f, 5000, 0), 0, "bytes");
  ok(has(&f, data, 5000) && wrote == 5000 && by_offset, "are there");
  ok(is_fault(WAY_WRITE, 0, 5000, 0), "the record knows");
  ok(f.total == 5000 && f.total_rd == 0 && seen.live == 5000 && seen.in ==
    5000 && seen.out == 0, "bytes are counted");
  ok(session.total_bytes_in == 5000 && session.total_bytes_out == 0 &&
    seen.pauses == 1 && seen.timed == 1, "in the session, too");
  is_int(seen.noted_wr, 5000, "so far it was written");
  ok(seen.digested[WAY_WRITE] == 5000 && seen.nlooks == 1, "a digest has them");
  is_int(write_at(&f, 100, 5000), 0, "what follows");
  is_int(seen.noted_wr, 5100, "goes on");
  begin();
  sys.interrupts = 2;
  sys.most = 7;
  is_int(write_at(&f, 100, 0), 0, "after signals, in pieces of 7 bytes");
  ok(wrote == 100 && has(&f, data, 5000) == false, "over the old ones");
  close_file(&f);
}

static void writing_fails(void) {
  struct ftpd_file f = open_file(0);

  f.end_good = 5;
  sys.most = 10;
  sys.fail_at = 3;
  sys.err = ENOSPC;
  is_int(write_at(&f, 5000, 0), -1, "a full disk");
  ok(errno == ENOSPC && wrote == 20, "after 20 bytes");
  ok(is_fault(WAY_WRITE, 0, 20, ENOSPC), "is noted");
  is_int(seen.noted_wr, 0, "it does not go on there");
  is_int(f.end_good, 0, "and its end is looked for again");
  begin();
  sys.fail_at = 1;
  is_int(write_at(&f, 100, 0), -1, "0 bytes");
  ok(errno == EIO && wrote == 0, "are an error");
  begin();
  rule.no_write_restart = true;
  is_int(write_at(&f, 100, 7), -1, "a restart that is not allowed");
  ok(is_fault(WAY_WRITE, 7, 0, EACCES) && sys.ncalls == 0, "writes nothing");
  begin();
  is_int(write_at(&f, 100, -1), -1, "a place before the file");
  is_int(errno, EFBIG, "is none");
  is_int(write_at(&f, 100, INT64_MAX - 99), -1, "nor one beyond all");
  ok(errno == EFBIG && sys.ncalls == 0, "files");
  sys.fail_at = 1;
  sys.err = EROFS;
  is_int(write_at(&f, 100, INT64_MAX - 100), -1, "the last place");
  is_int(errno, EROFS, "is the system's business");
  begin();
  f.wr = false;
  is_int(write_at(&f, 100, 0), -1, "a file that is only read");
  ok(errno == EBADF && wrote == 0 && seen.nfaults == 0, "is not written");
  close_file(&f);
}

static void listeners_get_what_comes(void) {
  struct ftpd_file f = open_file(0);

  f.listened = f.rated = true;
  is_int(write_at(&f, 2 * FTPD_PORTION + 1, 0), 0, "a file with a rate");
  ok(sys.ncalls == 3 && seen.pauses == 3, "in three portions");
  is_int(seen.heard_in, 2 * FTPD_PORTION + 1, "all of it");
  ok(seen.heard_out == 0 && has(&f, data, 2 * FTPD_PORTION + 1), "comes in");
  close_file(&f);
}

static void others_write_otherwise(void) {
  struct ftpd_file f = open_file(0);

  f.direct_wr = false;
  is_int(write_at(&f, 100, 0), 0, "through FSIO");
  ok(nhooked == 2 && nseeks == 0 && f.pos == 100, "without a seek");
  is_int(write_at(&f, 10, 50), 0, "elsewhere");
  ok(nseeks == 1 && f.pos == 60, "with one");
  ok(pread(f.fd, buf, 60, 0) == 60 && memcmp(buf, data, 50) == 0 &&
    memcmp(buf + 50, data, 10) == 0 && lseek(f.fd, 0, SEEK_CUR) == 60,
    "it is there");
  ok(seen.loads == 4 && seen.commands == 4 && seen.forgets == 4,
    "as a command");
  is_int(session.xfer.total_bytes, 110, "bytes are counted as they come");
  sys.no_seeks = true;
  is_int(write_at(&f, 10, 0), -1, "a seek fails");
  ok(f.pos == 60 && seen.loads == 4 && wrote == 0 && errno == ESPIPE,
    "then nothing is written");
  sys.no_seeks = false;
  sys.fail_at = 1;
  sys.err = EIO;
  is_int(write_at(&f, 10, 60), -1, "a write fails");
  is_int(f.pos, 60, "and does not move");
  sys.fail_at = 0;
  is_int(write_at(&f, 10, 0), 0, "back to the beginning");
  is_int(f.pos, 10, "it goes on");
  begin();
  f.append = true;
  is_int(write_at(&f, 10, 0), 0, "appending");
  is_int(nseeks, 0, "needs no seek");
  f.append = false;
  f.stream = true;
  is_int(write_at(&f, 10, 0), 0, "nor does a stream");
  is_int(nseeks, 0, "which has no places");
  f.direct_wr = true;
  by_offset = true;
  is_int(write_at(&f, 10, 0), 0, "written by the system");
  ok(!by_offset, "without an offset");
  f.stream = false;
  f.append = by_offset = true;
  is_int(write_at(&f, 10, 0), 0, "so is one");
  ok(!by_offset, "that grows");
  close_file(&f);
}

/* ---- Limits of sizes */

static void sizes_are_limited(void) {
  struct ftpd_file f = open_file(0);

  f.max_size = 100;
  is_int(write_at(&f, 50, 50), 0, "up to MaxStoreFileSize");
  f.end_good = 5;
  is_int(write_at(&f, 50, 51), -1, "not one byte more");
  ok(errno == EFBIG && wrote == 0 && f.end_good == 0, "nothing of it");
  f.max_size = 0;
  is_int(write_at(&f, 50, 51), 0, "without a limit");
  is_int(seen.stats, 0, "nobody looks for the end");
  close_file(&f);
}

static void ends_are_looked_for_rarely(void) {
  struct ftpd_file f = open_file(100);

  f.append = true;
  f.max_size = 1000000;
  (void) lseek(f.fd, 0, SEEK_END);
  is_int(write_at(&f, 1000, 0), 0, "the first piece");
  ok(seen.stats == 1 && f.end == 1100, "looks for the end");
  ok(f.end_good == 256 * 1024 - 1000, "which is good for 256 KiB");
  is_int(write_at(&f, 1000, 0), 0, "the next one");
  ok(seen.stats == 1 && f.end == 2100, "does not");
  is_int(write_at(&f, 256 * 1024 - 2000, 0), 0, "the last one");
  ok(seen.stats == 1 && f.end_good == 0, "neither");
  is_int(write_at(&f, 1, 0), 0, "then it is looked for");
  is_int(seen.stats, 2, "again");
  is_int(write_at(&f, 300000, 0), 0, "for a large one");
  ok(seen.stats == 3 && f.end_good == 0, "it is good for that one");
  f.end_good = 500000;
  f.end = f.max_size - 10;
  is_int(write_at(&f, 10, 0), 0, "near the limit");
  is_int(seen.stats, 3, "the last bytes");
  f.end_good = 500000;
  f.end = f.max_size - 10;
  is_int(write_at(&f, 11, 0), 0, "and what may not fit");
  is_int(seen.stats, 4, "is looked at");
  f.fd = -1;
  f.end_good = 0;
  is_int(write_at(&f, 10, 0), -1, "an end that cannot be found");
  ok(errno == EBADF && sys.ncalls == 7, "is an error");
}

/* ---- Quotas */

static void quotas_take_what_fits(void) {
  struct ftpd_file f = open_file(0);

  f.counted = true;
  is_int(write_at(&f, 100, 0), 0, "what fits");
  is_int(seen.grown, 100, "is accounted for");
  rule.room = 60;
  is_int(write_at(&f, 100, 100), -1, "one of two pieces");
  ok(errno == EDQUOT && wrote == 50 && seen.grown == 150, "is written");
  ok(has(&f, data, 100) == false && seen.done == 50 && seen.err == EDQUOT,
    "the rest is refused");
  is_int(seen.noted_wr, 100, "it does not go on there");
  rule.room = 40;
  is_int(write_at(&f, 100, 150), -1, "no piece fits");
  is_int(wrote, 0, "nothing is written");
  f.counted = false;
  is_int(write_at(&f, 100, 150), 0, "without a quota");
  is_int(seen.grown, 150, "nothing is accounted for");
  close_file(&f);
}

/* ---- Copies */

static uint64_t copied;

static int copy(struct ftpd_file *from, off_t from_off, struct ftpd_file *to,
    off_t to_off, uint64_t len) {
  copied = 4711;
  return ftpd_copy_range(from, from_off, to, to_off, len, &copied);
}

static void the_kernel_copies(void) {
  struct ftpd_file from = open_file(10000), to = open_file(0);

  is_int(copy(&from, 100, &to, 0, 5000), 0, "a part");
  ok(has(&to, data + 100, 5000) && copied == 5000, "is there");
  ok(ncopies == 1 && seen.polls == 1 && seen.timed == 1, "by one call");
  ok(is_fault(WAY_WRITE, 0, 5000, 0) && from.copied && !to.copied, "noted");
  ok(seen.in == 5000 && seen.out == 0 && seen.grown == 5000, "and counted");
  is_int(seen.nspoilt, 1, "a digest has to be made anew");
  is_int(copy(&from, 0, &to, 0, 0), 0, "all of it");
  ok(copied == 10000 && has(&to, data, 10000), "that is 0");
  is_int(copy(&from, 9000, &to, 0, 5000), 0, "more than there is");
  is_int(copied, 1000, "that is what there is");
  is_int(copy(&from, 10000, &to, 0, 5), 0, "at the end");
  is_int(copied, 0, "nothing");
  is_int(copy(&from, 10001, &to, 0, 5), 0, "and behind it");
  is_int(copied, 0, "nothing, too");
  begin();
  sys.interrupts = 1;
  sys.most = 3000;
  is_int(copy(&from, 0, &to, 0, 0), 0, "after a signal, in pieces");
  ok(copied == 10000 && seen.polls == 4 && has(&to, data, 10000), "all of it");
  close_file(&from);
  close_file(&to);
}

static void large_copies_have_parts(void) {
  struct ftpd_file from = open_file(0), to = open_file(0);
  off_t size = 20 * 1024 * 1024;

  if (ftruncate(from.fd, size) < 0) {
    bail_out("no large file: %s", strerror(errno));
  }

  is_int(copy(&from, 0, &to, 0, 0), 0, "20 MiB");
  ok(copied == (uint64_t) size && seen.polls >= 3, "are three parts");
  close_file(&from);
  close_file(&to);
}

static void copies_are_checked(void) {
  struct ftpd_file from = open_file(1000), to = open_file(0), same = from;

  from.rd = false;
  is_int(copy(&from, 0, &to, 0, 0), -1, "a source that is not read");
  ok(errno == EBADF && seen.nfaults == 0 && !from.copied, "is none");
  from.rd = true;
  to.wr = false;
  is_int(copy(&from, 0, &to, 0, 0), -1, "a target that is not written");
  ok(errno == EBADF && seen.nfaults == 0, "is none");
  to.wr = true;
  is_int(copy(&from, -1, &to, 0, 0), -1, "a place before the source");
  is_int(errno, EINVAL, "is none");
  is_int(copy(&from, 0, &to, -1, 0), -1, "nor one before the target");
  is_int(errno, EINVAL, "is one");
  is_int(copy(&from, 0, &to, INT64_MAX - 999, 0), -1, "a place beyond all");
  is_int(errno, EFBIG, "is too large");
  sys.fail_at = 1;
  sys.err = EROFS;
  is_int(copy(&from, 0, &to, INT64_MAX - 1000, 0), -1, "the last place");
  is_int(errno, EROFS, "is the system's business");
  begin();
  rule.no_restart = true;
  is_int(copy(&from, 5, &to, 0, 0), -1, "AllowRetrieveRestart");
  is_int(errno, EACCES, "counts");
  begin();
  rule.no_write_restart = true;
  is_int(copy(&from, 5, &to, 0, 0), -1, "AllowStoreRestart, too");
  begin();
  to.max_size = 999;
  is_int(copy(&from, 0, &to, 0, 0), -1, "MaxStoreFileSize");
  is_int(errno, EFBIG, "as well");
  to.max_size = 1000;
  is_int(copy(&from, 0, &to, 0, 0), 0, "which is not reached");
  rule.unfit = true;
  is_int(copy(&from, 0, &to, 0, 0), -1, "a quota");
  ok(errno == EDQUOT && copied == 0 && seen.err == EDQUOT, "before a byte");
  begin();
  same = from;
  is_int(copy(&from, 0, &same, 500, 501), -1, "a file onto itself");
  is_int(errno, EINVAL, "is refused");
  is_int(copy(&from, 500, &same, 0, 0), 0, "unless behind");
  is_int(copy(&from, 0, &same, 500, 500), 0, "or before");
  is_int(copy(&from, 500, &same, 499, 1), 0, "by one byte");
  is_int(copy(&from, 500, &same, 500, 1), -1, "not on the same one");
  same.append = true;
  is_int(copy(&from, 0, &same, 5000, 10), -1, "or where it grows");
  from.fd = -1;
  is_int(copy(&from, 0, &to, 0, 0), -1, "a source that is gone");
  ok(errno == EBADF && seen.err == EBADF, "is an error");
  from.fd = same.fd;
  close_file(&from);
  close_file(&to);
}

/* Sets one of the reasons why the kernel must not copy. */
static void set_reason(int i, struct ftpd_file *from, struct ftpd_file *to) {
  from->stream = i == 0;
  to->append = i == 1;
  to->stream = i == 2;
  from->rated = i == 3;
  to->rated = i == 4;
  from->listened = i == 5;
  to->listened = i == 6;
  from->direct_rd = i != 7;
  to->direct_wr = i != 8;
}

static void some_files_need_a_buffer(void) {
  int i;

  for (i = 0; i < 9; i++) {
    struct ftpd_file from = open_file(300000), to = open_file(0);

    set_reason(i, &from, &to);
    (void) lseek(from.fd, 0, SEEK_SET);
    is_int(copy(&from, 0, &to, 0, 0), 0, "reason %d", i);
    ok(ncopies == 0 && has(&to, data, 300000) && copied == 300000, "is copied "
      "through memory");
    is_int(seen.polls, 2, "256 KiB at a time");
    is_int(seen.out, i == 0 ? 300000 : 0, "which is no download");
    close_file(&from);
    close_file(&to);
  }
}

static void sources_may_fail(void) {
  struct ftpd_file from = open_file(1000), to = open_file(0);

  to.rated = true;
  sys.fail_at = 1;
  sys.err = ENXIO;
  is_int(copy(&from, 0, &to, 0, 0), -1, "a source that cannot be read");
  ok(errno == ENXIO && copied == 0 && seen.err == ENXIO, "is an error");
  close_file(&from);
  close_file(&to);
}

static void what_the_kernel_cannot_is_copied(void) {
  static const int unfit[] = { EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EBADF };
  struct ftpd_file from = open_file(1000), to = open_file(0);
  size_t i;

  for (i = 0; i < SFTP_NELEMS(unfit); i++) {
    begin();
    sys.fail_at = 1;
    sys.err = unfit[i];
    to.direct_wr = true;
    is_int(copy(&from, 0, &to, 0, 0), -1, "%s", strerror(unfit[i]));
    ok(ncopies == 1 && sys.ncalls == 2, "is tried by hand, and fails there");
  }

  begin();
  sys.fail_at = 1;
  sys.err = ENOSPC;
  is_int(copy(&from, 0, &to, 0, 0), -1, "a full disk");
  ok(errno == ENOSPC && sys.ncalls == 1 && seen.err == ENOSPC, "is an error");
  begin();
  rule.room = 10;
  is_int(copy(&from, 0, &to, 0, 0), -1, "a quota");
  ok(errno == EDQUOT && ncopies == 0, "is asked before");
  begin();
  sys.most = 400;
  sys.fail_at = 3;
  sys.err = 0;
  is_int(copy(&from, 0, &to, 0, 0), 0, "a source that became shorter");
  ok(copied == 800 && seen.grown == 800, "is copied up to its end");
  close_file(&from);
  close_file(&to);
}

int main(void) {
  p = make_sub_pool(NULL);
  daemon_files.pool = p;
  t_fill(data, sizeof(data), 1);
  files_are_read();
  reading_goes_on();
  reading_fails();
  others_read_otherwise();
  many_pieces_are_read();
  files_are_written();
  writing_fails();
  listeners_get_what_comes();
  others_write_otherwise();
  sizes_are_limited();
  ends_are_looked_for_rarely();
  quotas_take_what_fits();
  the_kernel_copies();
  large_copies_have_parts();
  copies_are_checked();
  some_files_need_a_buffer();
  sources_may_fail();
  what_the_kernel_cannot_is_copied();
  destroy_pool(p);
  return done_testing();
}
