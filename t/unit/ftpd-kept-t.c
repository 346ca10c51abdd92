/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-kept-t.c -- data that the daemon keeps over reloads: found again by the
 * environment, and only in its own process.
 */

#include "daemon.h"
#include "ftpd-kept.h"
#include "tap.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENV "MOD_SFTP_KEPT"

static void put(const char *path, const char *text, const char *phrase) {
  struct ftpd_kept one = { path, sftp_str_of(text), phrase };

  ftpd_kept_put(&one);
}

/* The text and the passphrase, or "". */
static const char *kept(const char *path) {
  const struct ftpd_kept *k = ftpd_kept_find(path);
  static char text[100];

  snprintf(text, sizeof(text), "%s%s%s", k != NULL ? (const char *)
    k->text.ptr : "", k != NULL && k->phrase != NULL ? "+" : "", k != NULL &&
    k->phrase != NULL ? k->phrase : "");
  return text;
}

static void the_first_start_has_nothing(void) {
  unsetenv(ENV);
  ok(!ftpd_kept_reloading(), "no daemon was here before");
  ftpd_kept_open();
  is_str(kept("/a"), "", "it keeps nothing");
  put("/a", "one", NULL);
  put("/b", "two", "secret");
  is_str(kept("/a"), "one", "until something is put");
  is_str(kept("/b"), "two+secret", "with its passphrase");
  is_str(kept("/ab"), "", "nothing else");
  put("/a", "new", "more");
  is_str(kept("/a"), "new+more", "the newer one counts");
  ftpd_kept_close();
  ok(getenv(ENV) == NULL, "the process is not its final one yet");
  ftpd_kept_free();
  ftpd_kept_open();
  is_str(kept("/a"), "new+more", "so that nothing is freed");
  is_str(kept("/b"), "two+secret", "either");
  ftpd_kept_close();
  ftpd_kept_settle();
  ok(getenv(ENV) != NULL && ftpd_kept_reloading(), "now it is");
}

static void what_is_not_used_is_dropped(void) {
  ftpd_kept_open();
  is_str(kept("/b"), "two+secret", "a file that is used");
  ftpd_kept_close();
  ftpd_kept_open();
  is_str(kept("/a"), "", "another one is dropped");
  put("/c", "three", NULL);
  is_str(kept("/b"), "two+secret", "the first is there");
  ftpd_kept_close();
  ftpd_kept_open();
  is_str(kept("/c"), "three", "one that was put");
  is_str(kept("/b"), "two+secret", "and one that was found");
  ftpd_kept_close();
}

/* Whether this process, or a child of it, can read the page. */
static int readable(void *page) {
  unsigned char one;

  return mincore(page, 1, &one) == 0 ? 1 : 0;
}

static void *page_of(const void *at) {
  return (void *) ((uintptr_t) at & ~(uintptr_t) (getpagesize() - 1));
}

static void sessions_have_no_such_memory(void) {
  const struct ftpd_kept *k;
  void *page, *later;
  int status = -1;
  pid_t pid;

  ftpd_kept_open();
  k = ftpd_kept_find("/b");
  page = page_of(k);
  later = page_of(ftpd_kept_find("/c"));
  ftpd_kept_close();
  is_int(readable(page) + readable(later), 2, "the daemon has it");
  pid = fork();
  if (pid == 0) {
    _exit(readable(page) + readable(later) + (ftpd_kept_reloading() ? 4 : 0));
  }

  (void) waitpid(pid, &status, 0);
  is_int(WEXITSTATUS(status), 0, "its child has not, and knows of none");
}

static void children_crash(void (*run)(void), const char *what) {
  int status = 0;
  pid_t pid = fork();

  if (pid == 0) {
    run();
    _exit(0);
  }

  (void) waitpid(pid, &status, 0);
  ok(WIFSIGNALED(status) || WEXITSTATUS(status) != 0, "%s", what);
}

static const struct ftpd_kept *closed;

static void read_closed(void) {
  _exit(closed->path[0] == 'x');
}

static void closed_memory_cannot_be_read(void) {
  ftpd_kept_open();
  closed = ftpd_kept_find("/b");
  is_str(kept("/c"), "three", "(it stays)");
  ftpd_kept_close();
  children_crash(read_closed, "not even by mistake");
}

static void environments_of_others_do_not_count(void) {
  char own[96], text[96];
  char *rest;

  snprintf(own, sizeof(own), "%s", getenv(ENV));
  rest = strchr(own, ':');
  snprintf(text, sizeof(text), "%ld%s", (long) getpid() + 1, rest);
  (void) setenv(ENV, text, 1);
  ok(!ftpd_kept_reloading(), "another process");
  (void) setenv(ENV, "", 1);
  ok(!ftpd_kept_reloading(), "an empty text");
  snprintf(text, sizeof(text), "%ld:1", (long) getpid());
  (void) setenv(ENV, text, 1);
  ok(!ftpd_kept_reloading(), "a text that is cut");
  (void) setenv(ENV, own, 1);
  ok(ftpd_kept_reloading(), "the right one");
}

static void memory_may_be_missing(void) {
  struct ftpd_kept huge = { "/c", { (const unsigned char *) "x",
    (size_t) 1 << 62 }, NULL };

  ftpd_kept_open();
  ftpd_kept_put(&huge);
  is_str(kept("/c"), "", "a file too large is not kept");
  is_str(kept("/b"), "two+secret", "the others are");
  ftpd_kept_close();
}

static void the_end_frees_all(void) {
  ftpd_kept_free();
  ok(getenv(ENV) == NULL && !ftpd_kept_reloading(), "nothing is known");
  ftpd_kept_open();
  is_str(kept("/b"), "", "nothing is kept");
  ftpd_kept_close();
}

/* As after a reload, with the variables of a new module: another layout is that
 * of another build.
 */
static void other_layouts_are_left(void) {
  char text[96];

  snprintf(text, sizeof(text), "%ld:2:0x10", (long) getpid());
  (void) setenv(ENV, text, 1);
  ok(ftpd_kept_reloading(), "another build was here");
  ftpd_kept_open();
  is_str(kept("/b"), "", "its memory is not touched");
  put("/d", "four", NULL);
  ftpd_kept_close();
  ok(strstr(getenv(ENV), ":1:") != NULL, "the new one is known");
  ftpd_kept_free();
}

int main(void) {
  the_first_start_has_nothing();
  what_is_not_used_is_dropped();
  sessions_have_no_such_memory();
  closed_memory_cannot_be_read();
  environments_of_others_do_not_count();
  memory_may_be_missing();
  the_end_frees_all();
  other_layouts_are_left();
  return done_testing();
}
