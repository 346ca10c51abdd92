/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-internal-file-t.c -- files that the server itself processes: how they
 * are opened, replaced and closed, and what is left.
 */

#include "daemon.h"
#include "ftpd-files.h"
#include "ftpd-io.h"
#include "ftpd-openfile.h"
#include "ftpd-request.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/uio.h>

static pool *p;
static server_rec server;
static struct ftpd ftpd = { .server = &server, .files = &daemon_files };
static struct op_state state;
static struct ftpd_op op;
static bool alone;
static size_t portion;

bool ftpd_receipt_alone(int fd) {
  (void) fd;
  return alone;
}

size_t ftpd_portion(const struct ftpd_file *f, size_t max) {
  (void) f;
  return max < portion ? max : portion;
}

void ftpd_choose_io(struct ftpd_file *f) {
  f->direct_rd = true;
  f->listened = true;
}

/* The state of the new file beside the old one. */
static struct stat beside;

int pr_fsio_fstat(pr_fh_t *fh, struct stat *st) {
  bool is_beside = strstr(fh->fh_path, ".beside") != NULL;

  if (daemon_call("%s", is_beside ? "fstat_beside" : "fstat") < 0) {
    return -1;
  }

  *st = is_beside ? beside : daemon_fstat;
  return 0;
}

pr_fh_t *ftpd_open_new(const char *path, int flags, mode_t mode,
    bool exists) {
  pr_fh_t *fh;

  if (daemon_call("open_new %s 0%o %o%s", path, (unsigned int) flags,
      (unsigned int) mode, exists ? " exists" : "") < 0) {
    return NULL;
  }

  fh = pcalloc(p, sizeof(*fh));
  fh->fh_path = pstrdup(p, path);
  fh->fh_fd = 77;
  return fh;
}

void ftpd_log_transfer(struct ftpd_file *f, enum ftpd_way way, char how) {
  (void) daemon_call("log %s %d %c", f->path, (int) way, how);
}

static void anew(enum ftpd_request req) {
  daemon_calls_anew();
  memset(&state, 0, sizeof(state));
  memset(&op, 0, sizeof(op));
  memset(&daemon_lstat, 0, sizeof(daemon_lstat));
  memset(&daemon_fstat, 0, sizeof(daemon_fstat));
  daemon_fstat.st_mode = S_IFREG|0640;
  daemon_fstat.st_nlink = 1;
  daemon_fstat.st_uid = 11;
  daemon_fstat.st_gid = 12;
  daemon_fstat.st_size = 33;
  daemon_fstat.st_dev = 1;
  daemon_fstat.st_ino = 2;
  beside = daemon_fstat;
  beside.st_ino = 3;
  beside.st_size = 0;
  alone = true;
  portion = (size_t) -1;
  op.ftpd = &ftpd;
  op.pool = p;
  op.req = req;
  op.state = &state;
  state.equivalent = pr_cmd_alloc(p, 1, C_SITE);
  errno = EBADE;
}

static void is_there(void) {
  daemon_lstat = daemon_fstat;
}

#define HOW   (O_NONBLOCK|O_NOCTTY)
#define STORE (O_WRONLY|O_CREAT|O_TRUNC)

static void fails_with(int flags, int err, const char *what) {
  struct ftpd_file *f = ftpd_open_internal(&op, "/f", flags, 0600, 50);
  int xerrno = errno;

  ok(f == NULL, "%s: not opened", what);
  is_int(xerrno, err, "%s: errno", what);
}

/* ---- Reading */

static void sources_are_opened(void) {
  struct ftpd_file *f;

  anew(FTPD_COPY);
  is_there();
  f = ftpd_open_internal(&op, "/f", O_RDONLY, 0, 0);
  is_str(daemon_calls(), text("stat /f; open_new /f 0%o 0 exists; fstat; "
    "open_lock /f 00; rate_begin /f; ", HOW), "a source is locked");
  ok(f->rd && !f->wr && !f->made && !f->listened && f->hidden == NULL &&
    f->old == NULL && f->direct_rd && f->fd == 77, "what it is");
  ok(f->size == 33 && f->is.dev == 1 && f->is.ino == 2 && f->begun_us > 0 &&
    f->h == &ftpd && f->req == FTPD_COPY && f->cmd == state.equivalent,
    "which it is, and whose");
  is_str(f->recorded, "/vroot/f", "its name in records");
  is_str(f->path, "/f", "and its path");
  is_int(ftpd_close_internal(f, true), 0, "it is closed");
  is_str(daemon_calls(), "stand_anew; settle_begin; quota_closing /f; "
    "close /f; rate_end /f; ", "without a record");
  anew(FTPD_COPY);
  is_there();
  op.state = NULL;
  f = ftpd_open_internal(&op, "/f", O_RDONLY, 0, 0);
  ok(f->cmd == NULL, "an operation without a state has no command");
  daemon_fails("close", EIO);
  ok(ftpd_close_internal(f, true) < 0 && errno == EIO, "a close that fails");
}

static void sums_have_a_limit(void) {
  anew(FTPD_DIGEST);
  is_there();
  ok(ftpd_open_internal(&op, "/f", O_RDONLY, 0, 0) != NULL, "a checksum");
  is_str(daemon_calls_of("max_digest"), "max_digest /f 33; ", "has a limit");
  daemon_fails("max_digest", EPERM);
  fails_with(O_RDONLY, EPERM, "above it");
  is_str(daemon_calls_of("drop unlink"), "drop /f; ", "it is closed");
  anew(FTPD_COPY);
  is_there();
  (void) ftpd_open_internal(&op, "/f", O_RDONLY, 0, 0);
  is_str(daemon_calls_of("max_digest"), "", "a copy does not");
}

static void what_is_no_file(void) {
  static const struct {
    mode_t mode;
    int err;
  } rows[] = { { S_IFDIR, EISDIR }, { S_IFIFO, EINVAL } };
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    anew(FTPD_COPY);
    daemon_lstat.st_mode = rows[i].mode;
    fails_with(O_RDONLY, rows[i].err, "another kind");
    is_str(daemon_calls_of("open_new"), "", "is not opened");
    anew(FTPD_COPY);
    is_there();
    daemon_fstat.st_mode = rows[i].mode;
    fails_with(O_RDONLY, rows[i].err, "another kind by now");
    is_str(daemon_calls_of("drop unlink open_lock"), "drop /f; ",
      "is closed, and not locked");
  }

  anew(FTPD_COPY);
  fails_with(O_RDONLY, ENOENT, "nothing");
  anew(FTPD_COPY);
  is_there();
  daemon_fails("fstat", EIO);
  fails_with(O_RDONLY, EIO, "what cannot be looked at");
  anew(FTPD_COPY);
  is_there();
  daemon_fails("open_lock", EAGAIN);
  fails_with(O_RDONLY, EAGAIN, "what others use");
  is_str(daemon_calls_of("drop unlink"), "drop /f; ", "stays");
}

/* ---- New files */

static void new_files(void) {
  struct ftpd_file *f;

  anew(FTPD_COPY);
  daemon_max_store = 99;
  daemon_fstat.st_size = 0;
  f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);
  is_str(daemon_calls(), text("stat /f; max_store /f 50; new_mode /f 600 666; "
    "open_new /f 0%o 600; fstat; open_lock /f 0%o; give_away /f /f; "
    "rate_begin /f; quota_name /f 0; quota_open /f fresh; ", O_WRONLY|O_CREAT|
    O_EXCL|HOW, STORE), "a new file");
  ok(f->made && f->wr && !f->rd && !f->replaces && f->hidden == NULL &&
    f->max_size == 99, "which it is");
  is_int(ftpd_close_internal(f, true), 0, "it is complete");
  is_str(daemon_calls(), "stand_anew; settle_begin; quota_closing /f; "
    "scan_close /f /f; quota_closed /f; clear_cache /f; log /f 1 c; "
    "rate_end /f; ", "and has a record");
  daemon_max_store = 0;
}

static void new_files_that_fail(void) {
  static const char *const calls[] = { "fstat", "open_lock" };
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(calls); i++) {
    anew(FTPD_COPY);
    daemon_fails(calls[i], EDOM);
    fails_with(STORE, EDOM, calls[i]);
    is_str(daemon_calls_of("drop unlink hold"), "drop /f; hold /f; "
      "unlink /f; ", "%s: nothing is left", calls[i]);
  }

  anew(FTPD_COPY);
  daemon_fails("max_store", EFBIG);
  fails_with(STORE, EFBIG, "too big");
  is_str(daemon_calls_of("open_new"), "", "is not opened");
  anew(FTPD_COPY);
  daemon_fails("open_new", EROFS);
  fails_with(STORE, EROFS, "a disk for reading");
  anew(FTPD_COPY);
  daemon_fails("quota_name", EDQUOT);
  fails_with(STORE, EDQUOT, "a full quota");
  is_str(daemon_calls_of("quota_refuse settle_remove quota_open log"),
    "quota_refuse; settle_remove /f; log /f 1 i; ", "nothing is left");
}

static void incomplete_files(void) {
  struct ftpd_file *f;

  anew(FTPD_COPY);
  f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);
  is_int(ftpd_close_internal(f, false), 0, "an incomplete one");
  is_str(daemon_calls_of("settle_remove log quota_gone"), "settle_remove /f; "
    "log /f 1 i; ", "is removed");
  anew(FTPD_COPY);
  f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);
  f->counted = true;
  (void) ftpd_close_internal(f, false);
  is_str(daemon_calls_of("settle_remove quota_gone"), "settle_remove /f; "
    "quota_gone /f 33; ", "and counts no more");
  anew(FTPD_COPY);
  f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);
  f->counted = true;
  daemon_fstat.st_nlink = 0;
  (void) ftpd_close_internal(f, false);
  is_str(daemon_calls_of("quota_gone"), "", "if it had a name");
  anew(FTPD_COPY);
  f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);
  f->counted = true;
  daemon_fails("settle_remove", ENOENT);
  (void) ftpd_close_internal(f, false);
  is_str(daemon_calls_of("quota_gone"), "", "and was removed");
  anew(FTPD_COPY);
  f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);
  daemon_fails("scan_close", ENOSPC);
  ok(ftpd_close_internal(f, true) < 0 && errno == ENOSPC, "a full disk");
  is_str(daemon_calls_of("settle_remove log"), "settle_remove /f; "
    "log /f 1 i; ", "makes it incomplete");
  anew(FTPD_COPY);
  is_there();
  f = ftpd_open_internal(&op, "/f", O_WRONLY, 0600, 50);
  is_int(ftpd_close_internal(f, false), 0, "one that was there");
  is_str(daemon_calls_of("settle_remove settle_reveal log"), "log /f 1 i; ",
    "stays");
}

/* ---- Existing files */

static void in_place(void) {
  struct ftpd_file *f;

  anew(FTPD_COPY);
  is_there();
  f = ftpd_open_internal(&op, "/f", O_WRONLY|O_CREAT, 0600, 50);
  is_str(daemon_calls_of("may_replace open_new ftruncate give_away quota_name "
    "quota_open"), text("may_replace /f; open_new /f 0%o 600 exists; "
    "quota_open /f; ", O_WRONLY|O_CREAT|HOW), "without O_TRUNC");
  ok(f->size == 33 && !f->made && f->hidden == NULL, "it is what it was");
  anew(FTPD_COPY);
  is_there();
  daemon_fails("may_replace", EACCES);
  fails_with(STORE, EACCES, "one that may not be replaced");
  is_str(daemon_calls_of("open_new"), "", "is not opened");
}

static void beside_the_old_one(void) {
  struct ftpd_file *f;

  anew(FTPD_COPY);
  is_there();
  f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);
  is_str(daemon_calls_of("open_new fchown fchmod give_away ftruncate drop "
    "quota_name quota_open"), text("open_new /f 0%o 600 exists; "
    "open_new /f.beside 0%o 640; fchown /f.beside -1 12; "
    "fchmod /f.beside 640; give_away /f.beside /f; quota_name /f 0; "
    "quota_open /f fresh; ", O_WRONLY|O_CREAT|HOW, O_WRONLY|O_CREAT|O_EXCL|
    O_NOCTTY), "a file is replaced by one like it");
  ok(f->replaces && f->old != NULL && !f->made && f->size == 0 &&
    f->is.ino == 3, "which is the new one");
  is_str(f->hidden, "/f.beside", "under its own name");
  daemon_lstat.st_size = 44;
  f->counted = true;
  is_int(ftpd_close_internal(f, true), 0, "it is complete");
  is_str(daemon_calls_of("settle_reveal quota_gone settle_remove drop log"),
    "settle_reveal /f.beside /f; quota_gone /f 44; drop /f; log /f 1 c; ",
    "and takes the place of the old one");

  anew(FTPD_COPY);
  is_there();
  f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);
  is_int(ftpd_close_internal(f, false), 0, "an incomplete one");
  is_str(daemon_calls_of("settle_reveal settle_remove quota_gone lstat drop"),
    "settle_remove /f.beside; drop /f; ", "leaves the old one");
  anew(FTPD_COPY);
  is_there();
  f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);
  f->counted = true;
  memset(&daemon_lstat, 0, sizeof(daemon_lstat));
  (void) ftpd_close_internal(f, true);
  is_str(daemon_calls_of("quota_gone"), "", "an old one that is gone");
  anew(FTPD_COPY);
  is_there();
  f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);
  (void) ftpd_close_internal(f, true);
  is_str(daemon_calls_of("quota_gone"), "", "or that did not count");
  anew(FTPD_COPY);
  is_there();
  f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);
  f->counted = true;
  daemon_fails("settle_reveal", EEXIST);
  ok(ftpd_close_internal(f, true) < 0 && errno == EEXIST, "a name that is "
    "taken");
  is_str(daemon_calls_of("settle_remove quota_gone log"), "settle_remove "
    "/f.beside; quota_gone /f 33; log /f 1 i; ", "leaves nothing new");
  anew(FTPD_COPY);
  is_there();
  daemon_fails("quota_name", EDQUOT);
  fails_with(STORE, EDQUOT, "a full quota");
  is_str(daemon_calls_of("settle_remove"), "settle_remove /f.beside; ",
    "the same");
}

static const char *written_in_place(void) {
  struct ftpd_file *f = ftpd_open_internal(&op, "/f", STORE, 0600, 50);

  ok(f != NULL && f->hidden == NULL && f->old == NULL && !f->replaces &&
    f->size == 0, "written in place");
  return daemon_calls_of("ftruncate quota_cut drop unlink quota_open");
}

#define EMPTIED "ftruncate /f 0; quota_cut /f 33; quota_open /f; "

static void files_that_cannot_be_replaced(void) {
  static const int errs[] = { EPERM, EACCES, ENAMETOOLONG };
  unsigned int i;

  anew(FTPD_COPY);
  is_there();
  daemon_fstat.st_nlink = 2;
  is_str(written_in_place(), EMPTIED, "a file with two names");
  anew(FTPD_COPY);
  is_there();
  alone = false;
  is_str(written_in_place(), EMPTIED, "one with attributes");
  for (i = 0; i < SFTP_NELEMS(errs); i++) {
    anew(FTPD_COPY);
    is_there();
    daemon_fails_at("open_new", 2, errs[i]);
    is_str(written_in_place(), EMPTIED, "a directory that takes no new one");
  }

  for (i = 0; i < 4; i++) {
    anew(FTPD_COPY);
    is_there();
    beside.st_uid += i == 0;
    beside.st_gid += i == 1;
    beside.st_mode += i == 2;
    if (i == 3) {
      daemon_fails("fstat_beside", EIO);
    }

    is_str(written_in_place(), "drop /f.beside; unlink /f.beside; "
      EMPTIED, "a new one that is not like it (%u)", i);
  }

  anew(FTPD_COPY);
  is_there();
  daemon_fails_at("open_new", 2, ENOSPC);
  fails_with(STORE, ENOSPC, "another error");
  is_str(daemon_calls_of("drop ftruncate"), "drop /f; ", "changes nothing");
  anew(FTPD_COPY);
  is_there();
  alone = false;
  daemon_fails("ftruncate", EIO);
  fails_with(STORE, EIO, "a failure in place");
  is_str(daemon_calls_of("drop quota_cut"), "drop /f; ", "is one");
}

static void files_that_have_turned_up(void) {
  anew(FTPD_COPY);
  daemon_fails_at("open_new", 1, EEXIST);
  ok(ftpd_open_internal(&op, "/f", O_WRONLY|O_CREAT, 0600, 50) != NULL,
    "one that has turned up is used");
  is_str(daemon_calls_of("open_new may_replace give_away"), text("open_new /f "
    "0%o 600; may_replace /f; open_new /f 0%o 600 exists; ", O_WRONLY|O_CREAT|
    O_EXCL|HOW, O_WRONLY|HOW), "where it may be replaced");
  anew(FTPD_COPY);
  daemon_fails_at("open_new", 1, EEXIST);
  daemon_fails("may_replace", EACCES);
  fails_with(STORE, EACCES, "otherwise not");
  anew(FTPD_COPY);
  daemon_fails_at("open_new", 1, EEXIST);
  fails_with(STORE|O_EXCL, EEXIST, "nor if it was to be new");
  anew(FTPD_COPY);
  is_there();
  daemon_fails_at("open_new", 1, EEXIST);
  fails_with(STORE, EEXIST, "one that was there has not turned up");
  anew(FTPD_COPY);
  daemon_fails_at("open_new", 1, EEXIST);
  daemon_fails("open_lock", EAGAIN);
  fails_with(STORE, EAGAIN, "in use");
  is_str(daemon_calls_of("unlink"), "", "it is not removed");
}

/* ---- Looking into a file */

static void peeks(void) {
  char name[] = "/tmp/ftpd-internal-XXXXXX", buf[10] = "";
  struct ftpd_file f = { .path = "/f", .rd = true, .direct_rd = true };
  pr_fh_t fh = { .fh_path = "/f" };

  anew(FTPD_DIGEST);
  f.fh = &fh;
  f.fd = mkstemp(name);
  (void) unlink(name);
  ok(write(f.fd, "0123456789", 10) == 10, "a file");
  portion = 4;
  is_int(ftpd_peek(&f, buf, 9, 1), 9, "is read in portions");
  is_mem(buf, 9, "123456789", 9, "to the end");
  is_int(f.peeked, 9, "which counts");
  is_str(daemon_calls(), "rate_pause /f; rate_pause /f; rate_pause /f; ",
    "after each it pauses");
  is_int(ftpd_peek(&f, buf, 10, 5), 5, "a short read is the end");
  is_int(ftpd_peek(&f, buf, 10, 10), 0, "and nothing is");
  is_int(ftpd_peek(&f, buf, 0, 0), 0, "nothing is read of nothing");
  (void) close(f.fd);
  ok(ftpd_peek(&f, buf, 9, 1) < 0 && errno == EBADF, "an error is one");
  f.direct_rd = false;
  (void) daemon_calls();
  is_int(ftpd_peek(&f, buf, 6, 1), 6, "a module's file");
  is_str(daemon_calls_of("pread"), "pread /f 4 1; pread /f 2 5; ",
    "is read by it");
  daemon_fails_at("pread", 2, EIO);
  is_int(ftpd_peek(&f, buf, 6, 1), 4, "an error later is an end");
  daemon_fails_at("pread", 1, EINTR);
  is_int(ftpd_peek(&f, buf, 6, 1), 6, "an interruption is none");
  f.stream = true;
  ok(ftpd_peek(&f, buf, 1, 0) < 0 && errno == EBADF, "not a FIFO");
  f.stream = f.rd = false;
  ok(ftpd_peek(&f, buf, 1, 0) < 0 && errno == EBADF, "nor an upload");
}

int main(void) {
  p = make_sub_pool(NULL);
  session.pool = ftpd.pool = daemon_files.pool = p;
  main_server = &server;
  sources_are_opened();
  sums_have_a_limit();
  what_is_no_file();
  new_files();
  new_files_that_fail();
  incomplete_files();
  in_place();
  beside_the_old_one();
  files_that_cannot_be_replaced();
  files_that_have_turned_up();
  peeks();
  destroy_pool(p);
  return done_testing();
}
