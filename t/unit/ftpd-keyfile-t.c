/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keyfile-t.c -- files whose content decides a login: who may write to
 * them, and to the directories and links on the way; in a real directory.
 */

#include "daemon.h"
#include "ftpd-keyfile.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

static pool *p;
static char top[] = "/tmp/ftpd-keyfile-XXXXXX";
static struct passwd alice = { .pw_name = (char *) "alice", .pw_uid = 4711,
  .pw_dir = top };
static struct ftpd_keyfile_rule rule = { &alice, false, 100000 };

static const char *at(const char *name) {
  return pstrcat(p, top, "/", name, NULL);
}

static void make(const char *name, const char *text, mode_t mode) {
  int fd = open(at(name), O_WRONLY|O_CREAT|O_TRUNC, 0600);

  if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0 ||
      close(fd) < 0) {
    bail_out("no file: %s", strerror(errno));
  }
}

/* The text; or why there is none. */
static const char *text_at(const char *path) {
  struct sftp_str text;
  const char *why;

  errno = 0;
  if (ftpd_keyfile_text(p, path, &rule, &text, &why) == 0) {
    return (const char *) text.ptr;
  }

  return pstrcat(p, "- ", why != NULL ? why : strerror(errno), NULL);
}

static const char *text_of(const char *name) {
  return text_at(at(name));
}

static bool says(const char *name, const char *why) {
  const char *got = text_of(name);

  if (*got != '-' || strstr(got, why) == NULL) {
    printf("# %s: %s\n", name, got);
    return false;
  }

  return true;
}

/* ---- The file */

static void files_are_read(void) {
  struct stat st;
  struct sftp_str text;
  const char *why;
  int fd;

  make("key", "text\n", 0644);
  is_str(text_of("key"), "text\n", "a file");
  make("key", "", 0600);
  is_str(text_of("key"), "", "an empty one");
  ok(says("none", strerror(ENOENT)), "no file");
  ok(says("d", "not a regular file"), "a directory");
  is_int(mkfifo(at("fifo"), 0600), 0, "(a FIFO)");
  ok(says("fifo", "not a regular file"), "nobody waits for a FIFO");
  make("key", "123456789", 0600);
  rule.max = 9;
  is_str(text_of("key"), "123456789", "just not too large");
  rule.max = 8;
  ok(says("key", "too large"), "one byte more");
  rule.max = 100000;
  fd = ftpd_keyfile_open(p, at("key"), &rule, &st, &why);
  ok(fd >= 0 && st.st_size == 9 && why == NULL, "open");
  is_int(ftpd_keyfile_whole(p, fd, 9, &text), 0, "and read");
  ok(text.len == 9 && text.ptr[9] == '\0', "with an end");
  ok(fcntl(fd, F_GETFD) < 0, "it is closed");
  is_int(daemon_root, 0, "rights are given back");
}

static void parts_are_read(void) {
  struct sftp_str text;
  char buf[8];
  int fd;

  make("key", "123456789", 0600);
  fd = open(at("key"), O_RDONLY);
  is_int(ftpd_keyfile_at(fd, buf, 4, 5), 0, "a part");
  is_mem(buf, 4, "6789", 4, "at its offset");
  errno = 0;
  is_int(ftpd_keyfile_at(fd, buf, 5, 5), -1, "more than there is");
  is_int(errno, EINVAL, "is an error");
  is_int(ftpd_keyfile_at(fd, buf, 0, 5), 0, "nothing");
  errno = 0;
  is_int(ftpd_keyfile_whole(p, fd, 10, &text), -1, "a file that was longer");
  is_int(errno, EINVAL, "is an error");
  errno = 0;
  is_int(ftpd_keyfile_at(-1, buf, 1, 0), -1, "no file");
  is_int(errno, EBADF, "is one");
}

static void others_may_not_write(void) {
  static const struct { mode_t mode; const char *why; } row[] = {
    { 0600, NULL }, { 0644, NULL }, { 0755, NULL },
    { 0620, "it has mode 0620: its group may write" },
    { 0602, "it has mode 0602: anybody may write" },
    { 0666, "it has mode 0666: anybody may write" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    make("key", "text", row[i].mode);
    if (row[i].why == NULL) {
      is_str(text_of("key"), "text", "mode %04o", (unsigned) row[i].mode);
    } else {
      ok(says("key", row[i].why), "%s", row[i].why);
    }

    rule.insecure = true;
    is_str(text_of("key"), "text", "which may not matter");
    rule.insecure = false;
  }
}

/* ---- Directories */

static void directories_are_judged(void) {
  make("d/key", "text", 0600);
  is_str(text_of("d/key"), "text", "a directory");
  (void) chmod(at("d"), 0775);
  ok(says("d/key", pstrcat(p, "directory '", at("d"), "' has mode 0775: its "
    "group may write", NULL)), "its group");
  (void) chmod(at("d"), 0757);
  ok(says("d/key", "/d' has mode 0757: anybody may write"), "anybody");
  (void) chmod(at("d"), 0755);
  make("d/e/key", "text", 0600);
  is_str(text_of("d/e/key"), "text", "two of them");
  (void) chmod(at("d"), 0777);
  ok(says("d/e/key", "/d' has mode 0777"), "the first one counts");
  (void) chmod(at("d"), 0755);
  (void) chmod(top, 0770);
  ok(says("d/key", pstrcat(p, "directory '", top, "' has mode 0770", NULL)),
    "so does the home directory");
  (void) chmod(top, 0755);
  rule.user = NULL;
  ok(says("key", "directory '/tmp' has mode 1777"),
    "without a user, all directories do");
  alice.pw_dir = (char *) "/";
  rule.user = &alice;
  ok(says("key", "directory '/tmp' has mode 1777"), "or a home of all");
  alice.pw_dir = (char *) "relative";
  ok(says("key", "directory '/tmp' has mode 1777"), "or without a path");
  alice.pw_dir = NULL;
  ok(says("key", "directory '/tmp' has mode 1777"), "or none");
  alice.pw_dir = pstrndup(p, top, strlen(top) - 1);
  ok(says("key", "directory '/tmp' has mode 1777"),
    "or whose name begins the same");
  alice.pw_dir = pstrcat(p, top, "//", NULL);
  is_str(text_of("d/key"), "text", "slashes do not matter");
  alice.pw_dir = top;
  ok(*text_at("/etc/passwd") != '-' || strstr(text_at("/etc/passwd"),
    "too large") != NULL, "a file of the system");
}

/* ---- Owners: only root can give files away */

static void owners_are_judged(void) {
  if (geteuid() != 0) {
    skip("only root can give files away");
    return;
  }

  make("key", "text", 0600);
  (void) !chown(at("key"), 4711, 0);
  is_str(text_of("key"), "text", "the user's own");
  (void) !chown(at("key"), 4712, 0);
  ok(says("key", "it belongs to user 4712 (accepted: root, user 4711, or "
    "SFTPOptions InsecureUserKeyPerms)"), "that of another one");
  alice.pw_uid = 0;
  ok(says("key", "(accepted: root, or"), "root needs no other name");
  alice.pw_uid = 4711;
  rule.insecure = true;
  is_str(text_of("key"), "text", "which may not matter");
  rule.insecure = false;
  (void) unlink(at("key"));
  (void) !chown(at("d"), 4712, 0);
  ok(says("d/key", "/d' belongs to user 4712"), "so are directories'");
  (void) !chown(at("d"), 0, 0);
}

/* ---- Links */

static void links_are_resolved(void) {
  unsigned int i;

  make("d/key", "text", 0600);
  is_int(symlink("d/key", at("link")), 0, "(a link)");
  is_str(text_of("link"), "text", "a link");
  (void) unlink(at("link"));
  is_int(symlink(at("d/key"), at("link")), 0, "(a link)");
  is_str(text_of("link"), "text", "a full path");
  is_int(symlink("../d/./e/..//key", at("d/up")), 0, "(a link)");
  is_str(text_of("d/up"), "text", "dots");
  is_str(text_of("d/../d/./key"), "text", "in the path, too");
  is_int(symlink("d", at("dir")), 0, "(a link)");
  is_str(text_of("dir/key"), "text", "a directory");
  is_int(symlink("nowhere", at("broken")), 0, "(a link)");
  ok(says("broken", strerror(ENOENT)), "a link to nothing");
  is_int(symlink("loop", at("loop")), 0, "(a link)");
  ok(says("loop", strerror(ELOOP)), "a link to itself");
  for (i = 0; i < 41; i++) {
    char from[16], to[16];

    snprintf(to, sizeof(to), "l%u", i);
    snprintf(from, sizeof(from), "l%u", i - 1);
    (void) !symlink(i == 0 ? "d/key" : from, at(to));
  }

  is_str(text_of("l39"), "text", "40 links");
  ok(says("l40", strerror(ELOOP)), "not more");
  for (i = 0; i < 41; i++) {
    char to[16];

    snprintf(to, sizeof(to), "l%u", i);
    (void) unlink(at(to));
  }
}

static void directories_of_links_are_judged(void) {
  is_int(mkdir(at("open"), 0700), 0, "(a directory)");
  (void) chmod(at("open"), 0777);
  is_int(symlink(at("d/key"), at("open/link")), 0, "(a link)");
  ok(says("open/link", "/open' has mode 0777"), "anybody may change the link");
  is_int(symlink("open/link", at("two")), 0, "(a link)");
  ok(says("two", "/open' has mode 0777"), "also behind another one");
  is_int(symlink("d", at("open/dir")), 0, "(a link)");
  is_str(text_of("open/../d/key"), "text", "a way through is no link");
  ok(says("open/dir/key", "/open' has mode 0777"), "or a directory");
}

static void homes_may_be_links(void) {
  const char *home = pstrcat(p, top, ".home", NULL);

  is_int(symlink(top, home), 0, "(a link)");
  alice.pw_dir = (char *) home;
  is_str(text_at(pstrcat(p, home, "/d/key", NULL)), "text",
    "a home directory that is a link");
  is_str(text_of("d/key"), "text", "by its own path, too");
  (void) unlink(home);
  errno = 0;
  ok(*text_at(pstrcat(p, home, "/d/key", NULL)) == '-', "no home");
  alice.pw_dir = top;
}

static void descriptors_are_closed(void) {
  int before = dup(0), after;

  (void) close(before);
  (void) text_of("link");
  (void) text_of("open/link");
  (void) text_of("broken");
  (void) text_of("none");
  (void) text_of("d");
  after = dup(0);
  is_int(after, before, "none stays open");
  (void) close(after);
}

static void remove_all(void) {
  static const char *const names[] = { "key", "fifo", "d/key", "d/e/key",
    "d/up", "link", "dir", "broken", "loop", "open/link", "open/dir", "two" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    (void) unlink(at(names[i]));
  }

  (void) rmdir(at("open"));
  (void) rmdir(at("d/e"));
  (void) rmdir(at("d"));
  (void) rmdir(top);
}

int main(void) {
  p = make_sub_pool(NULL);
  if (mkdtemp(top) == NULL || chmod(top, 0755) < 0 ||
      mkdir(at("d"), 0755) < 0 || mkdir(at("d/e"), 0755) < 0) {
    bail_out("no directory: %s", strerror(errno));
  }

  files_are_read();
  parts_are_read();
  others_may_not_write();
  directories_are_judged();
  owners_are_judged();
  links_are_resolved();
  directories_of_links_are_judged();
  homes_may_be_links();
  descriptors_are_closed();
  remove_all();
  destroy_pool(p);
  return done_testing();
}
