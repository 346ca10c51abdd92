/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-t.c -- the digest of a transfer: of which bytes it is made, and
 * when there is none.
 */

#include "daemon.h"
#include "directives.h"
#include "ftpd-attrs.h"
#include "ftpd-digest-mark.h"
#include "ftpd-digest-receipt.h"
#include "ftpd-digest.h"
#include "ftpd-files.h"
#include "ftpd-io.h"
#include "ftpd-locks.h"
#include "tap.h"

#include <fcntl.h>

#define ABCDEFGH \
  "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab"
#define NOTHING \
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define READ_BYTE 0xaa          /* of the digest that reading gives */

static pool *p;
static server_rec server;
static struct ftpd ftpd = { .server = &server };
static struct ftpd_files files;
static struct transfer_digest conf = { .on = true, .secs = 7 };
static struct stat state;       /* of the one file */
static bool is_local, stat_fails;

/* ---- Of the other files of ftpd/ */

struct ftpd_files *ftpd_files_of(struct ftpd *h) {
  (void) h;
  return &files;
}

int ftpd_fstat(struct ftpd_file *f, struct stat *st) {
  (void) f;
  *st = state;
  return stat_fails ? -1 : 0;
}

bool ftpd_lock_is_local(int fd) {
  (void) fd;
  return is_local;
}

off_t ftpd_file_moved(const struct ftpd_file *f, enum ftpd_way way) {
  return way == WAY_READ ? f->total_rd : f->total - f->total_rd;
}

static unsigned int nreads;

int ftpd_digest_read(struct ftpd_file *f, struct sftp_sum *sum,
    unsigned int secs, unsigned char *out) {
  (void) f;
  (void) sum;
  nreads += secs == conf.secs;
  memset(out, READ_BYTE, 32);
  return 0;
}

static bool is_possible;
static char receipt[FTPD_RECEIPT_HEX];
static struct stat receipt_of;

bool ftpd_receipt_possible(pool *in, pr_fh_t *fh) {
  (void) in;
  (void) fh;
  return is_possible;
}

void ftpd_receipt_put(int fd, const struct stat *st, const char *hex) {
  ok(fcntl(fd, F_GETFD) == FD_CLOEXEC, "... is put by a descriptor");
  receipt_of = *st;
  memcpy(receipt, hex, sizeof(receipt));
}

static unsigned int nmarks;
static bool mark_is_lost;

void ftpd_mark_set(struct ftpd_mark *m, int fd) {
  (void) m;
  (void) fd;
  nmarks++;
}

bool ftpd_mark_is_kept(const struct ftpd_mark *m, int fd) {
  (void) m;
  (void) fd;
  return !mark_is_lost;
}

static unsigned int ndrops;

void ftpd_receipt_drop(int fd) {
  (void) fd;
  ndrops++;
}

bool ftpd_receipt_get(pool *in, pr_fh_t *fh, char hex[FTPD_RECEIPT_HEX]) {
  (void) in;
  (void) fh;
  memcpy(hex, receipt, sizeof(receipt));
  return *receipt != '\0';
}

static const char *noted;

int pr_table_add_dup(pr_table_t *notes, const char *key, const void *value,
    size_t n) {
  (void) notes;
  (void) n;
  noted = strcmp(key, "mod_sftp.sha256") == 0 ? value : NULL;
  return 0;
}

/* ---- One file, which may be open several times */

static struct ftpd_file *new_file(bool wr, bool rd) {
  struct ftpd_file *f = pcalloc(p, sizeof(*f));

  f->h = &ftpd;
  f->pool = p;
  f->wr = wr;
  f->rd = rd;
  f->size = state.st_size;
  f->next = files.open;
  files.open = f;
  return f;
}

static struct ftpd_file *begin_any(bool wr, bool made) {
  struct ftpd_file *f;

  files.open = NULL;
  memset(&state, 0, sizeof(state));
  is_local = true;
  *receipt = '\0';
  nreads = 0;
  conf.reads = false;
  f = new_file(wr, !wr);
  f->made = made;
  ftpd_digest_begin(f);
  return f;
}

static struct ftpd_file *begin(bool wr) {
  return begin_any(wr, wr);
}

/* In two pieces, of which n bytes arrive. */
static void put_some(struct ftpd_file *f, const char *text, off_t at,
    size_t n) {
  size_t half = strlen(text) / 2;
  struct iovec iov[2] = { { (void *) text, half },
    { (void *) (text + half), strlen(text) - half } };

  ftpd_digest_coming(f);
  if (state.st_size < at + (off_t) n) {
    state.st_size = at + (off_t) n;
  }

  state.st_mtim.tv_nsec++;
  f->total += (off_t) n;
  ftpd_digest_add(f, WAY_WRITE, iov, 2, at, n);
}

static void put(struct ftpd_file *f, const char *text, off_t at) {
  put_some(f, text, at, strlen(text));
}

static void get(struct ftpd_file *f, const char *text, off_t at) {
  struct iovec iov = { (void *) text, strlen(text) };

  f->total += (off_t) iov.iov_len;
  f->total_rd += (off_t) iov.iov_len;
  ftpd_digest_add(f, WAY_READ, &iov, 1, at, iov.iov_len);
}

static const char *end_with(struct ftpd_file *f, bool complete, bool good) {
  ftpd_digest_end(f, complete);
  ftpd_digest_keep(f, good);
  return ftpd_digest_of(f, f->wr ? WAY_WRITE : WAY_READ);
}

static const char *end(struct ftpd_file *f) {
  return end_with(f, true, true);
}

static bool is(const char *got, const char *wanted) {
  if (got == NULL || strcmp(got, wanted) != 0) {
    printf("# got %s\n", got != NULL ? got : "none");
    return false;
  }

  return true;
}

/* ---- The tests */

static void in_order(void) {
  struct ftpd_file *f = begin(true);
  cmd_rec cmd = { .notes = NULL };

  put(f, "abc", 0);
  put(f, "defgh", 3);
  ok(is(end(f), ABCDEFGH), "what is written in order");
  ok(ftpd_digest_of(f, WAY_READ) == NULL, "... not what is read");
  ftpd_digest_tell(f, WAY_READ, &cmd);
  ok(noted == NULL, "no note of what is read");
  ftpd_digest_tell(f, WAY_WRITE, &cmd);
  ok(noted != NULL && strcmp(noted, ABCDEFGH) == 0, "a note");
  ok(is(end(begin(true)), NOTHING), "an empty file");

  f = begin(true);
  f->append = true;
  put(f, "abcd", 0);
  put(f, "efgh", 0);
  state.st_size = 8;
  ok(is(end(f), ABCDEFGH), "appended, whatever the offsets");

  f = begin(true);
  put_some(f, "abcdef", 0, 2);
  put(f, "cdefgh", 2);
  ok(is(end(f), ABCDEFGH), "only bytes that were written");
}

static void not_in_order(void) {
  static const struct {
    off_t first, second, size;
    const char *what;
  } rows[] = {
    { 4, 0, 8, "backwards" }, { 0, 5, 9, "with a gap" },
    { 0, 3, 7, "overlapping" }, { 1, 5, 9, "from the second byte" },
    { 0, 4, 9, "in a longer file" }, { 0, 4, 7, "in one that was cut" }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    struct ftpd_file *f = begin(true);

    put(f, "abcd", rows[i].first);
    put(f, "efgh", rows[i].second);
    state.st_size = rows[i].size;
    ok(end(f) == NULL, "none %s", rows[i].what);
  }
}

static void changed_otherwise(void) {
  struct ftpd_file *f = begin(true);

  put(f, "abcd", 0);
  state.st_mtim.tv_nsec++;
  put(f, "efgh", 4);
  ok(end(f) == NULL, "none if others write between two writes");

  f = begin(true);
  put(f, "abcdefgh", 0);
  state.st_mtim.tv_sec++;
  ok(end(f) == NULL, "... or before the end");

  f = begin(true);
  put(f, "abcd", 0);
  ftpd_digest_coming(f);
  state.st_mtim.tv_sec = 5;
  ftpd_digest_timed(f);
  put(f, "efgh", 4);
  ok(is(end(f), ABCDEFGH), "the client may set its times");

  f = begin(true);
  state.st_size = 8;
  ftpd_digest_resized(f, 8);
  put(f, "abcdefgh", 0);
  ok(is(end(f), ABCDEFGH), "... and its size before the bytes");

  f = begin(true);
  put(f, "abcd", 0);
  ftpd_digest_resized(f, 3);
  put(f, "efgh", 4);
  ok(end(f) == NULL, "... but not cut them off");

  f = begin(true);
  put(f, "abcdefgh", 0);
  ftpd_digest_spoil_all(&ftpd);
  ok(end(f) == NULL, "none after a change by name");

  f = begin(true);
  put(f, "abcdefgh", 0);
  stat_fails = true;
  ok(end(f) == NULL, "none if nobody knows the size");
  stat_fails = false;
}

static void two_handles(void) {
  struct ftpd_file *f = begin(true), *second;

  put(f, "abcdefgh", 0);
  second = new_file(true, false);
  ftpd_digest_begin(second);
  ok(end(f) == NULL && end(second) == NULL, "none if two handles write");

  f = begin(true);
  put(f, "abcdefgh", 0);
  second = new_file(false, true);
  ftpd_digest_begin(second);
  get(second, "abcdefgh", 0);
  ok(is(end(f), ABCDEFGH) && is(end(second), ABCDEFGH),
    "one of them may read");

  f = begin(true);
  put(f, "abcdefgh", 0);
  second = new_file(true, false);
  second->is.ino = 5;
  ftpd_digest_begin(second);
  ok(is(end(f), ABCDEFGH), "two files do not matter");
}

static void failed(void) {
  struct ftpd_file *f = begin(true);

  put(f, "abcdefgh", 0);
  ok(end_with(f, false, false) == NULL, "none if it was aborted");

  f = begin(true);
  put(f, "abcdefgh", 0);
  ok(end_with(f, true, false) == NULL, "... or did not get its name");

  f = begin(false);
  state.st_size = 8;
  get(f, "abcdefgh", 0);
  f->ways[WAY_READ].err = EIO;
  ok(end(f) == NULL, "... or a READ failed");
}

static void downloads(void) {
  struct ftpd_file *f = begin(false);

  state.st_size = 8;
  get(f, "abcd", 0);
  get(f, "efgh", 4);
  ok(is(end(f), ABCDEFGH), "a download in order");

  f = begin(false);
  state.st_size = 9;
  get(f, "abcdefgh", 0);
  conf.reads = true;
  ok(end(f) == NULL && nreads == 0, "none of a part, which nobody reads");
}

static void read_at_the_end(void) {
  struct ftpd_file *f = begin(true);
  const char *hex;

  conf.reads = true;
  put(f, "efgh", 4);
  hex = end(f);
  ok(hex != NULL && strspn(hex, "a") == 64 && nreads == 1,
    "out of order it is read at its end");

  f = begin(true);
  conf.reads = true;
  put(f, "abcdefgh", 0);
  ok(is(end(f), ABCDEFGH) && nreads == 0, "in order it is not");

  f = begin(true);
  conf.reads = true;
  f->made = false;
  state.st_size = 8;
  ok(end(f) == NULL && nreads == 0, "nor if nothing was written");

  f = begin(true);
  conf.reads = true;
  put(f, "efgh", 4);
  ok(end_with(f, false, false) == NULL && nreads == 0, "nor if aborted");
}

static const char *receipt_after(struct ftpd_file *f, bool good) {
  put(f, "abcdefgh", 0);
  (void) end_with(f, true, good);
  return *receipt != '\0' ? receipt : NULL;
}

static void receipts(void) {
  struct ftpd_file *f;
  unsigned char sum[32];

  is_possible = true;
  f = begin(true);
  put(f, "abcd", 4);
  (void) end(f);
  f = begin(true);

  ok(is(receipt_after(f, true), ABCDEFGH), "an upload has a receipt");
  ok(receipt_of.st_size == 8 && receipt_of.st_mtim.tv_nsec == 1,
    "... of the file as it was");
  ok(ftpd_known_digest(f, "sha256", sum) && sum[0] == 0x9c &&
    sum[31] == 0xab, "it answers");
  ok(!ftpd_known_digest(f, "md5", sum), "... not for another sum");
  conf.on = false;
  ok(!ftpd_known_digest(f, "sha256", sum), "... nor if none are wanted");
  conf.on = true;
  *receipt = '\0';
  ok(!ftpd_known_digest(f, "sha256", sum), "... nor without one");

  ok(ndrops > 0, "what was not in order has lost its receipt");
  ndrops = 0;
  ok(receipt_after(begin(true), false) == NULL, "none of one that failed");
  f = begin(true);
  f->digest = NULL;
  ok(receipt_after(f, true) == NULL, "... or has no digest");
  is_local = false;
  f = begin(true);
  is_local = false;
  ftpd_digest_begin(f);
  ok(receipt_after(f, true) == NULL, "... or is on another machine");

  ndrops = nmarks = 0;
  f = begin_any(true, false);
  ok(is(end(f), NOTHING) && *receipt == '\0' && ndrops == 0 &&
    nmarks == 0, "none of what was not changed");

  f = begin(false);
  state.st_size = 8;
  get(f, "abcdefgh", 0);
  ok(is(end(f), ABCDEFGH) && *receipt == '\0' && nmarks == 0,
    "a download changes nothing");
}

/* What other sessions and programs do, whatever the times say. */
static void others(void) {
  struct ftpd_file *f;

  nmarks = 0;
  f = begin(true);
  ok(nmarks == 1, "a file that may have been cut is marked at once");
  put(f, "abcd", 0);
  put(f, "efgh", 4);
  ok(is(end(f), ABCDEFGH) && nmarks == 1 && *receipt != '\0',
    "one mark for each");
  nmarks = 0;
  f = begin_any(true, false);
  ok(nmarks == 0, "another before its first byte");
  put(f, "abcdefgh", 0);
  ok(is(end(f), ABCDEFGH) && nmarks == 1, "and then");

  f = begin(true);
  put(f, "abcdefgh", 0);
  mark_is_lost = true;
  ok(end(f) == NULL && *receipt == '\0', "another session writes: no digest");
  mark_is_lost = false;

  f = begin(true);
  put(f, "abcd", 0);
  state.st_ctim.tv_nsec++;
  put(f, "efgh", 4);
  ok(end(f) == NULL && *receipt == '\0',
    "the inode was changed by somebody else: no digest");
  f = begin(true);
  put(f, "abcd", 0);
  ftpd_digest_look_all(&ftpd, FTPD_SETSTAT);
  state.st_ctim.tv_nsec++;
  state.st_mtim.tv_nsec++;
  ftpd_digest_timed_all(&ftpd, FTPD_SETSTAT);
  put(f, "efgh", 4);
  ok(is(end(f), ABCDEFGH) && *receipt != '\0', "by a request of its own: "
    "both");
  f = begin(true);
  put(f, "abcd", 0);
  ftpd_digest_look_all(&ftpd, FTPD_STAT);
  state.st_ctim.tv_nsec++;
  ftpd_digest_timed_all(&ftpd, FTPD_STAT);
  put(f, "efgh", 4);
  ok(end(f) == NULL, "not by one that changes nothing");

  f = begin(true);
  put(f, "abcdefgh", 0);
  ftpd_digest_look(f);
  state.st_ctim.tv_nsec++;
  ftpd_digest_timed(f);
  ok(is(end(f), ABCDEFGH) && *receipt != '\0', "by the client itself: both");
}

static void not_wanted(void) {
  struct ftpd_file *f;

  conf.on = false;
  f = begin(true);
  put(f, "abcdefgh", 0);
  ok(f->digest == NULL && end(f) == NULL, "none if the directive says none");
  conf.on = true;

  files.open = NULL;
  f = new_file(true, false);
  f->stream = true;
  ftpd_digest_begin(f);
  ok(f->digest == NULL, "none of a FIFO");
}

int main(void) {
  p = make_sub_pool(NULL);
  daemon_set_param("SFTPTransferDigest", &conf);
  in_order();
  not_in_order();
  changed_otherwise();
  two_handles();
  failed();
  downloads();
  read_at_the_end();
  receipts();
  others();
  not_wanted();
  return done_testing();
}
