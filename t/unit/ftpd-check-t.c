/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-check-t.c -- uploads that are checked before they get their name: names,
 * copies and verdicts.
 */

#include "daemon.h"
#include "directives.h"
#include "ftpd-attrs.h"
#include "ftpd-check.h"
#include "ftpd-checker.h"
#include "ftpd-files.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/ioctl.h>

static pool *p;
static server_rec server;
static struct ftpd ftpd = { .server = &server };
static struct ftpd_op op = { .ftpd = &ftpd };
static bool on = true;
static const struct upload_check check = { .text = "prog arg",
  .program = "prog", .tells = true };

bool ftpd_checker_on(void) {
  return on;
}

const char *ftpd_op_name(const struct ftpd_op *one) {
  (void) one;
  return "OPEN";
}

/* ---- The program, and what happens meanwhile */

static int fd;                  /* of the upload */
static off_t checked_size, checked_at;
static int changes;             /* 1: its size; 2: its times */

int ftpd_checker_ask(struct ftpd *h, pool *in, const struct upload_check *c,
    const struct ftpd_checked *upload, const char **line) {
  (void) h;
  (void) in;
  (void) c;
  checked_size = upload->size;
  checked_at = lseek(upload->fd, 0, SEEK_CUR);
  *line = "said";
  if (changes == 1) {
    ok(ftruncate(fd, 1) == 0, "it is changed");
  }

  return daemon_call("ask %s", upload->path);
}

/* Times of a file in which something else was changed. */
int fstat(int of, struct stat *st) {
  static int n;
  int res = fstatat(of, "", st, AT_EMPTY_PATH);

  if (daemon_call("sys_fstat") < 0) {
    return -1;
  }

  n++;
  if (changes == 2) {
    st->st_ctim.tv_sec = n;
  }

  if (changes == 3) {
    st->st_ctim.tv_nsec = n;
  }

  return res;
}

/* ---- The system: cloning fails; reads and writes may be short */

static bool clones;
static size_t most;             /* bytes of a read or write */

int ioctl(int to, unsigned long request, ...) {
  (void) to;
  (void) request;
  if (!clones) {
    errno = EOPNOTSUPP;
  }

  return clones ? 0 : -1;
}

ssize_t pread(int from, void *buf, size_t n, off_t at) {
  if (daemon_call("pread %zu %lld", n, (long long) at) < 0) {
    return -1;
  }

  n = n < most ? n : most;
  return lseek(from, at, SEEK_SET) < 0 ? -1 : read(from, buf, n);
}

ssize_t pwrite(int to, const void *buf, size_t n, off_t at) {
  if (daemon_call("pwrite %zu %lld", n, (long long) at) < 0) {
    return -1;
  }

  n = n < most ? n : most;
  return lseek(to, at, SEEK_SET) < 0 ? -1 : write(to, buf, n);
}

/* ---- Files */

static int temporary(size_t size) {
  char name[] = "/tmp/ftpd-check-XXXXXX";
  int one = mkstemp(name);
  char *bytes = malloc(size + 1);

  (void) unlink(name);
  t_fill(bytes, size, 7);
  if (one < 0 || write(one, bytes, size) != (ssize_t) size) {
    bail_out("no file");
  }

  free(bytes);
  return one;
}

static pr_fh_t held_fh = { .fh_path = "/f" };

pr_fh_t *ftpd_open_held(const char *path, int flags) {
  if (daemon_call("open_held %s 0%o", path, (unsigned int) flags) < 0) {
    return NULL;
  }

  return &held_fh;
}

static struct stat second_fstat;        /* of the reader */
static bool other_reader;

int pr_fsio_fstat(pr_fh_t *fh, struct stat *st) {
  *st = fh == &held_fh && other_reader ? second_fstat : daemon_fstat;
  return daemon_call("fstat %s", fh == &held_fh ? "reader" : "file");
}

static struct ftpd_file *add(const char *path, bool is_checked) {
  struct ftpd_file *f = pcalloc(p, sizeof(*f));

  f->h = &ftpd;
  f->pool = p;
  f->path = path;
  f->hidden = pstrcat(p, path, ".h", NULL);
  f->check = is_checked ? &check : NULL;
  f->next = daemon_files.open;
  daemon_files.open = f;
  return f;
}

static void anew(void) {
  daemon_calls_anew();
  daemon_forget_config();
  memset(&daemon_fstat, 0, sizeof(daemon_fstat));
  memset(&daemon_lstat, 0, sizeof(daemon_lstat));
  daemon_fstat.st_mode = S_IFREG|0620;
  daemon_fstat.st_dev = 1;
  daemon_fstat.st_ino = 2;
  daemon_fstat.st_gid = 5;
  daemon_files.open = NULL;
  daemon_refused = NULL;
  op.req = FTPD_OPEN_WRITE;
  on = true;
  clones = other_reader = false;
  changes = 0;
  most = (size_t) -1;
  errno = EBADE;
}

static void set_check(const struct upload_check *one) {
  daemon_set_param("SFTPUploadCheck", (void *) one);
}

/* ---- Where there is one */

static void checks_of_a_directory(void) {
  static const struct upload_check none = { .text = NULL };

  anew();
  ok(ftpd_check_of() == NULL, "no check");
  set_check(&check);
  ok(ftpd_check_of() == &check, "a check");
  on = false;
  ok(ftpd_check_of() == NULL, "not without the program");
  on = true;
  set_check(&none);
  ok(ftpd_check_of() == NULL, "or where it is off");
}

static void names(void) {
  const char *one, *two;

  anew();
  one = ftpd_check_name(p, "/d/f");
  two = ftpd_check_name(p, "/d/f");
  ok(strncmp(one, "/d/.unchecked.", 14) == 0 && strlen(one) == 30 &&
    strspn(one + 14, "0123456789abcdef") == 16, "a name beside the path");
  ok(strcmp(one, two) != 0, "which is another one each time");
  ok(ftpd_check_is_name(one) && ftpd_check_is_name(".UNCHECKED.x") &&
    ftpd_check_is_name(".unchecked."), "is known, in any case");
  ok(!ftpd_check_is_name("/.unchecked.d/f") &&
    !ftpd_check_is_name("/.unchecked"), "others are not");
}

static void requests_with_such_names(void) {
  static const enum ftpd_request harmless[] = { FTPD_REMOVE, FTPD_STAT,
    FTPD_LSTAT, FTPD_REALPATH };
  unsigned int i;

  anew();
  is_int(ftpd_check_names(&op, "/f", NULL), 0, "another name");
  is_int(ftpd_check_names(&op, "/f", "/g"), 0, "or two");
  ok(daemon_refused == NULL, "are not refused");
  ok(ftpd_check_names(&op, "/.unchecked.x", NULL) < 0 && errno == EACCES,
    "one is refused");
  is_str(daemon_refused, "names with .unchecked. are those of uploads that "
    "were not checked", "with the reason");
  ok(ftpd_check_names(&op, "/f", "/.unchecked.x") < 0, "even as a second one");
  for (i = 0; i < SFTP_NELEMS(harmless); i++) {
    op.req = harmless[i];
    is_int(ftpd_check_names(&op, "/.unchecked.x", NULL), 0,
      "looking and removing is harmless (%u)", i);
  }

  op.req = FTPD_RENAME;
  ok(ftpd_check_names(&op, "/.unchecked.x", NULL) < 0, "renaming is not");
  on = false;
  is_int(ftpd_check_names(&op, "/.unchecked.x", NULL), 0,
    "without a check it is a name");
}

static void what_cannot_be_checked(void) {
  struct stat st = { .st_mode = S_IFIFO };

  anew();
  is_int(ftpd_check_kind(&op, &st), 0, "a FIFO without a check");
  is_int(ftpd_check_resize(&op, "/f", 5), 0, "and a size");
  set_check(&check);
  ok(ftpd_check_kind(&op, &st) < 0 && errno == EPERM, "a FIFO");
  is_str(daemon_refused, "only regular files can be checked", "is refused");
  st.st_mode = S_IFREG;
  is_int(ftpd_check_kind(&op, &st), 0, "a file is not");
  ok(ftpd_check_resize(&op, "/f", 5) < 0 && errno == EACCES, "a size by path");
  is_str(daemon_refused, "where uploads are checked, only open files change "
    "their size", "is refused");
  is_int(ftpd_check_resize(&op, "/f", 0), 0, "nothing needs no check");
}

/* ---- Uploads under way */

static void uploads_by_path(void) {
  struct ftpd_file *old, *f;

  anew();
  ok(ftpd_uploading(&ftpd, "/f") == NULL, "none");
  old = add("/f", true);
  f = add("/f", true);
  (void) add("/g", true);
  (void) add("/f", false);
  add("/f", true)->closing = true;
  add("/f", true)->unnamed = true;
  ok(ftpd_uploading(&ftpd, "/f") == f, "the newest that is checked");
  on = false;
  ok(ftpd_uploading(&ftpd, "/f") == NULL, "not without the program");
  on = true;
  ok(!ftpd_check_removed(&ftpd, "/x"), "another path is removed");
  ok(!f->unnamed && !old->unnamed, "nothing happens");
  ok(ftpd_check_removed(&ftpd, "/f"), "theirs is");
  ok(f->unnamed && old->unnamed, "all lose their name");
  ok(!ftpd_check_removed(&ftpd, "/f"), "once");
}

static void uploads_follow_a_rename(void) {
  struct ftpd_file *old, *f, *g;

  anew();
  is_int(ftpd_check_renamed(&op, "/f", "/d/to"), 0, "no upload");
  old = add("/f", true);
  g = add("/g", true);
  f = add("/f", true);
  daemon_lstat.st_mode = S_IFREG;
  (void) daemon_calls();
  is_int(ftpd_check_renamed(&op, "/f", "/d/to"), 0, "two uploads");
  ok(strcmp(f->path, "/d/to") == 0 && strcmp(old->path, "/d/to") == 0 &&
    strcmp(g->path, "/g") == 0, "get the new path");
  ok(ftpd_check_is_name(f->hidden) && ftpd_check_is_name(old->hidden) &&
    strncmp(f->hidden, "/d/", 3) == 0 && strcmp(f->hidden, old->hidden) != 0,
    "and names beside it");
  is_str(f->recorded, "/vroot/d/to", "in records, too");
  ok(f->replaces, "something is there");
  is_str(daemon_calls(), text("quota_counts /f; quota_counts /d/to; "
    "rename /f.h %s; lstat /d/to; rename /f.h %s; lstat /d/to; ", f->hidden,
    old->hidden), "their files are renamed");
  daemon_lstat.st_mode = 0;
  is_int(ftpd_check_renamed(&op, "/d/to", "/h"), 0, "again");
  ok(!f->replaces, "nothing is there");
}

static void renames_that_fail(void) {
  struct ftpd_file *old, *f;

  anew();
  old = add("/f", true);
  f = add("/f", true);
  daemon_fails("rename", EACCES);
  ok(ftpd_check_renamed(&op, "/f", "/to") < 0 && errno == EACCES,
    "a directory that takes no files");
  ok(strcmp(f->path, "/f") == 0 && strcmp(f->hidden, "/f.h") == 0 &&
    strcmp(old->path, "/f") == 0, "keeps them out");
  is_int(strstr(strstr(daemon_calls_of("rename"), "rename") + 1, "rename") ==
    NULL, 1, "and is asked once");
  anew();
  (void) add("/f", true);
  daemon_fails_at("quota_counts", 2, 0);
  ok(ftpd_check_renamed(&op, "/f", "/to") < 0 && errno == EXDEV,
    "what counts otherwise there");
  is_str(daemon_calls_of("rename"), "", "is not renamed");
}

/* ---- The reader */

static void readers(void) {
  pr_fh_t fh = { .fh_path = "/f.h" };
  struct stat old = { .st_mode = S_IFREG|04751, .st_gid = 5 };

  anew();
  ok(ftpd_check_begin("/f.h", &fh, NULL) == &held_fh, "a new file");
  is_str(daemon_calls_of("fchmod fchown open_held drop"), text("fchmod /f.h "
    "600; open_held /f.h 0%o; fchmod /f.h 620; ", O_RDONLY|O_NONBLOCK|
    O_NOCTTY), "keeps its mode, which may not allow reading");
  ok(ftpd_check_begin("/f.h", &fh, &old) == &held_fh, "one like another");
  is_str(daemon_calls_of("fchmod fchown"), "fchmod /f.h 600; "
    "fchmod /f.h 751; ", "gets that mode, without set-id bits");
  old.st_gid = 6;
  (void) ftpd_check_begin("/f.h", &fh, &old);
  is_str(daemon_calls_of("fchmod fchown"), "fchown /f.h -1 6; fchmod /f.h 600; "
    "fchmod /f.h 751; ", "and that group");
  daemon_fails("fchown", EPERM);
  (void) ftpd_check_begin("/f.h", &fh, &old);
  is_str(daemon_calls_of("fchmod"), "fchmod /f.h 600; fchmod /f.h 701; ",
    "or nothing for its own group");
  daemon_fails("fstat", EIO);
  ok(ftpd_check_begin("/f.h", &fh, NULL) == NULL && errno == EIO,
    "what cannot be looked at");
  is_str(daemon_calls_of("fchmod open_held"), "", "is left alone");
}

static void other_readers(void) {
  pr_fh_t fh = { .fh_path = "/f.h" };

  anew();
  daemon_fails("open_held", EACCES);
  ok(ftpd_check_begin("/f.h", &fh, NULL) == NULL && errno == EACCES,
    "what cannot be opened");
  is_str(daemon_calls_of("fchmod drop"), "fchmod /f.h 600; fchmod /f.h 620; ",
    "has its mode again");
  anew();
  other_reader = true;
  second_fstat = daemon_fstat;
  ok(ftpd_check_begin("/f.h", &fh, NULL) == &held_fh, "the same file");
  second_fstat.st_ino++;
  ok(ftpd_check_begin("/f.h", &fh, NULL) == NULL && errno == EACCES,
    "another one by that name");
  is_str(daemon_calls_of("drop"), "drop /f; ", "is closed");
  second_fstat = daemon_fstat;
  second_fstat.st_dev++;
  ok(ftpd_check_begin("/f.h", &fh, NULL) == NULL, "even of the same number");
  anew();
  daemon_fails_at("fstat", 2, EIO);
  ok(ftpd_check_begin("/f.h", &fh, NULL) == NULL && errno == EACCES,
    "or one that cannot be looked at");
}

/* ---- Copies */

static pr_fh_t to = { .fh_path = "/to" };

static bool same_bytes(int one, int other, size_t size) {
  char *a = malloc(size + 1), *b = malloc(size + 1);
  bool same;

  (void) lseek(one, 0, SEEK_SET);
  (void) lseek(other, 0, SEEK_SET);
  same = read(one, a, size) == (ssize_t) size &&
    read(other, b, size + 1) == (ssize_t) size && memcmp(a, b, size) == 0;
  free(a);
  free(b);
  return same;
}

static struct ftpd_check_copy *copy_of(size_t size) {
  struct ftpd_check_copy *c;

  held_fh.fh_fd = temporary(size);
  to.fh_fd = temporary(0);
  c = ftpd_check_copy_begin(&op, "/f", &to);
  return c;
}

static void forget_files(void) {
  (void) close(held_fh.fh_fd);
  (void) close(to.fh_fd);
}

static void copies_in_turns(void) {
  const size_t turn = 8 * 1024 * 1024;
  struct ftpd_check_copy *c;

  anew();
  c = copy_of(turn + 1);
  ok(c != NULL, "a copy begins");
  is_str(daemon_calls_of("open_held drop quota_counts quota_pay"), text(
    "open_held /f 0%o; drop /f; quota_counts /f; ", O_RDONLY|O_NONBLOCK|
    O_NOCTTY), "of the file that is there");
  is_int(ftpd_check_copy_some(c, &to), 1, "in turns");
  is_int(lseek(to.fh_fd, 0, SEEK_END), turn, "of 8 MiB");
  is_int(ftpd_check_copy_some(c, &to), 0, "then it is complete");
  ok(same_bytes(held_fh.fh_fd, to.fh_fd, turn + 1), "and the same");
  (void) daemon_calls();
  ftpd_check_copy_end(c, true);
  is_str(daemon_calls_of("quota_give_back"), "", "and costs nothing");
  forget_files();

  anew();
  c = copy_of(turn);
  is_int(ftpd_check_copy_some(c, &to), 0, "exactly one turn");
  ftpd_check_copy_end(c, true);
  forget_files();

  anew();
  c = copy_of(256 * 1024 + 3);
  (void) daemon_calls();
  is_int(ftpd_check_copy_some(c, &to), 0, "a small file");
  is_str(daemon_calls(), "pread 262144 0; pwrite 262144 0; pread 3 262144; "
    "pwrite 3 262144; ", "in pieces of 256 KiB");
  ftpd_check_copy_end(c, true);
  forget_files();
}

static void short_reads_and_writes(void) {
  struct ftpd_check_copy *c;

  anew();
  c = copy_of(10);
  most = 4;
  daemon_fails_at("pread", 2, EINTR);
  daemon_fails_at("pwrite", 2, EINTR);
  is_int(ftpd_check_copy_some(c, &to), 0, "pieces, and interruptions");
  ok(same_bytes(held_fh.fh_fd, to.fh_fd, 10), "make the same file");
  ftpd_check_copy_end(c, true);
  forget_files();
  anew();
  c = copy_of(10);
  most = 2;
  (void) daemon_calls();
  is_int(ftpd_check_copy_some(c, &to), 0, "a writer that takes little");
  ok(same_bytes(held_fh.fh_fd, to.fh_fd, 10), "gets all");
  ftpd_check_copy_end(c, true);
  forget_files();
  anew();
  c = copy_of(10);
  ok(ftruncate(held_fh.fh_fd, 4) == 0, "a file that becomes shorter");
  is_int(ftpd_check_copy_some(c, &to), 0, "ends there");
  is_int(lseek(to.fh_fd, 0, SEEK_END), 4, "with what it has");
  ftpd_check_copy_end(c, true);
  forget_files();
  anew();
  c = copy_of(10);
  daemon_fails("pread", EIO);
  ok(ftpd_check_copy_some(c, &to) < 0 && errno == EIO, "a bad disk");
  ftpd_check_copy_end(c, true);
  forget_files();
  anew();
  c = copy_of(10);
  daemon_fails("pwrite", ENOSPC);
  ok(ftpd_check_copy_some(c, &to) < 0 && errno == ENOSPC, "a full disk");
  ftpd_check_copy_end(c, true);
  forget_files();
}

static void partial_writes(void) {
  struct ftpd_check_copy *c;
  size_t i;

  for (i = 1; i < 4; i++) {
    anew();
    c = copy_of(3);
    most = i;
    is_int(ftpd_check_copy_some(c, &to), 0, "%zu bytes at a time", i);
    ok(same_bytes(held_fh.fh_fd, to.fh_fd, 3), "make the same file");
    ftpd_check_copy_end(c, true);
    forget_files();
  }
}

static void clones_share_their_blocks(void) {
  struct ftpd_check_copy *c;

  anew();
  clones = true;
  c = copy_of(10);
  (void) daemon_calls();
  is_int(ftpd_check_copy_some(c, &to), 0, "a clone is complete");
  is_str(daemon_calls(), "", "at once");
  ftpd_check_copy_end(c, true);
  forget_files();
}

static void copies_count(void) {
  struct ftpd_check_copy *c;

  anew();
  daemon_fails("quota_counts", 0);
  c = copy_of(10);
  is_str(daemon_calls_of("quota_pay"), "quota_pay 10 0; ", "a copy counts");
  errno = EBADE;
  ftpd_check_copy_end(c, false);
  ok(errno == EBADE, "until it is dropped");
  is_str(daemon_calls_of("quota_give_back"), "quota_give_back 10 0; ",
    "then no more");
  forget_files();
  c = copy_of(10);
  (void) daemon_calls();
  ftpd_check_copy_end(c, true);
  is_str(daemon_calls_of("quota_give_back"), "", "or it is done");
  forget_files();
  anew();
  c = copy_of(10);
  ftpd_check_copy_end(c, false);
  is_str(daemon_calls_of("quota_pay quota_give_back"), "",
    "where nothing counts it does not");
  forget_files();
  anew();
  daemon_fails("quota_counts", 0);
  daemon_fails("quota_pay", EDOM);
  ok(copy_of(10) == NULL && errno == EDQUOT, "a full quota");
  is_str(daemon_calls_of("quota_refuse quota_give_back"), "quota_refuse; ",
    "is told, and gets nothing back");
  forget_files();
  anew();
  daemon_fails("sys_fstat", EIO);
  ok(copy_of(10) == NULL && errno == EIO, "a size that is not known");
  is_str(daemon_calls_of("quota_pay"), "", "is not paid");
  forget_files();
}

static void originals(void) {
  struct ftpd_check_copy *c;
  pr_fh_t reader = { .fh_path = "reader" };
  struct ftpd_file *f;

  anew();
  daemon_fails("open_held", EACCES);
  ok(copy_of(10) == NULL && errno == EACCES, "a file that cannot be read");
  is_str(daemon_refused, "the file cannot be read, to change and check a copy",
    "is refused with a reason");
  forget_files();
  anew();
  f = add("/f", true);
  f->reader = &reader;
  reader.fh_fd = temporary(6);
  c = copy_of(10);
  is_str(daemon_calls_of("open_held drop"), "", "what the session uploads");
  is_int(ftpd_check_copy_some(c, &to), 0, "is copied");
  ok(same_bytes(reader.fh_fd, to.fh_fd, 6), "from there");
  ftpd_check_copy_end(c, true);
  ok(fcntl(reader.fh_fd, F_GETFD) >= 0, "which stays open");
  (void) close(reader.fh_fd);
  (void) daemon_calls();
  ok(ftpd_check_copy_begin(&op, "/f", &to) == NULL && errno == EBADF,
    "unless it is not");
  forget_files();
}

/* ---- Verdicts */

static struct ftpd_file *upload(void) {
  static pr_fh_t reader = { .fh_path = "reader" };
  struct ftpd_file *f;

  anew();
  f = add("/f", true);
  f->reader = &reader;
  fd = reader.fh_fd = temporary(12);
  (void) daemon_calls();
  return f;
}

static void verdicts(void) {
  static const struct upload_check silent = { .text = "prog",
    .program = "prog" };
  struct ftpd_file *f = upload();

  is_int(ftpd_check_end(f), 0, "an upload is accepted");
  ok(checked_size == 12 && checked_at == 0, "of which all was read");
  ok(f->refused == NULL, "without a reason");
  f->check = NULL;
  (void) daemon_calls();
  is_int(ftpd_check_end(f), 0, "one without a check");
  is_str(daemon_calls(), "", "is not looked at");
  f = upload();
  daemon_fails("ask", EDOM);
  is_int(ftpd_check_end(f), EPERM, "one is refused");
  is_str(f->refused, "refused by a check: said", "with what the program said");
  f->check = &silent;
  is_int(ftpd_check_end(f), EPERM, "or without");
  is_str(f->refused, "refused by a check of the server", "its words");
  f = upload();
  daemon_fails("sys_fstat", EIO);
  is_int(ftpd_check_end(f), EIO, "one that cannot be looked at");
  is_str(daemon_calls_of("ask"), "", "is not checked");
  f = upload();
  (void) close(fd);
  is_int(ftpd_check_end(f), EBADF, "nor one that is closed");
}

static void changes_meanwhile(void) {
  struct ftpd_file *f;
  int what;

  for (what = 1; what <= 3; what++) {
    f = upload();
    changes = what;
    is_int(ftpd_check_end(f), EPERM, "one that is changed meanwhile (%d)",
      what);
    is_str(f->refused, "refused by a check: it was changed while it was "
      "checked", "is refused");
  }

  f = upload();
  daemon_fails_at("sys_fstat", 2, EIO);
  is_int(ftpd_check_end(f), EPERM, "or that vanishes");
}

static void readers_are_dropped(void) {
  struct ftpd_file *f = upload();

  ftpd_check_drop(f);
  ok(f->reader == NULL, "the reader is closed");
  ftpd_check_drop(f);
  is_str(daemon_calls(), "drop reader; ", "once");
}

int main(void) {
  p = make_sub_pool(NULL);
  session.pool = ftpd.pool = op.pool = daemon_files.pool = p;
  main_server = &server;
  checks_of_a_directory();
  names();
  requests_with_such_names();
  what_cannot_be_checked();
  uploads_by_path();
  uploads_follow_a_rename();
  renames_that_fail();
  readers();
  other_readers();
  copies_in_turns();
  short_reads_and_writes();
  partial_writes();
  clones_share_their_blocks();
  copies_count();
  originals();
  verdicts();
  changes_meanwhile();
  readers_are_dropped();
  destroy_pool(p);
  return done_testing();
}
