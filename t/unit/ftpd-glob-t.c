/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-glob-t.c -- patterns: how many braces, and what is asked about. */

#include "daemon.h"
#include "ftpd-attrs.h"
#include "ftpd-path.h"
#include "ftpd-tree.h"
#include "ftpd-user.h"
#include "tap.h"

#include <fcntl.h>

static pool *p;
static char top[] = "/tmp/glob-t-XXXXXX";
static const char *hidden = "";
static size_t known_least;            /* that a path was asked about with */

/* Of the other files of ftpd/. */
const char *ftpd_cwd(struct ftpd *h) {
  (void) h;
  return top;
}

const char *ftpd_join(pool *q, const char *dir, const char *name) {
  return pstrcat(q, dir, "/", name, NULL);
}

bool ftpd_is_listed(struct ftpd *h, pool *q, const char *path, size_t known) {
  struct stat st;

  (void) h;
  (void) q;
  known_least = known < known_least ? known : known_least;
  return (*hidden == '\0' || strstr(path, hidden) == NULL) &&
    lstat(path, &st) == 0;
}

const char *ftpd_resolve(struct ftpd *h, pool *q, const char *path,
    bool follow) {
  (void) h;
  (void) q;
  (void) follow;
  return path;
}

int ftpd_stat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  return stat(path, st);
}

static void make_file(const char *name) {
  int fd = open(pstrcat(p, top, "/", name, NULL), O_CREAT|O_WRONLY, 0600);

  if (fd < 0) {
    bail_out("cannot make %s", name);
  }

  (void) close(fd);
}

/* The names that match, without the directory, apart by spaces. */
static const char *names(const char *pattern) {
  struct ftpd_glob *g = ftpd_glob_begin(NULL, p, pattern);
  const char **found = NULL, *text = "";
  int res = 0;

  known_least = SIZE_MAX;
  while (g != NULL && res == 0) {
    res = ftpd_glob_step(g, &found);
  }

  for (; found != NULL && *found != NULL; found++) {
    text = pstrcat(p, text, *text != '\0' ? " " : "", *found + strlen(top) + 1,
      NULL);
  }

  if (g != NULL) {
    ftpd_glob_end(g);
  }

  return res < 0 ? strerror(errno) : text;
}

static void patterns_are_matched(void) {
  is_str(names("a*"), "a1 a2", "a star");
  is_str(names("?1"), "a1 b1", "one character");
  is_str(names("[b]*"), "b1", "a class");
  is_str(names("{b,a}1"), "b1 a1", "braces, in their order");
  is_str(names("none*"), "", "nothing matches");
  is_str(names("sub"), "sub", "a name without wildcards");
  is_str(names("s*/c?"), "sub/c1", "wildcards in two names");
  is_str(names("\\a1"), "a1", "a quoted character");
  is_str(names("*/"), "sub/", "a slash behind it: directories");
  is_str(names("*/.."), "sub/..", "... and with what they are in");
  is_str(names("s*/../a1"), "sub/../a1", "up and down");
  hidden = "/a2";
  is_str(names("a*"), "a1", "what listings hide is left out");
  hidden = "";
}

static void braces_have_a_limit(void) {
  const char *text = "a1";
  unsigned int n;

  for (n = 0; n < 2000 && *names(text) == 'a'; n++) {
    text = pstrcat(p, text, "{,}", NULL);
  }

  ok(n > 1 && n < 2000 && ftpd_glob_begin(NULL, p, text) == NULL &&
    errno == E2BIG, "a pattern with %u of them is refused", n);
  text = pstrcat(p, "a*", NULL);
  while (strlen(text) <= PATH_MAX) {
    text = pstrcat(p, text, text, NULL);
  }

  ok(ftpd_glob_begin(NULL, p, text) == NULL && errno == E2BIG,
    "one that is too long, too");
}

static void what_the_client_said_is_known(void) {
  size_t len = strlen(top);

  (void) names("a*");
  is_int(known_least, len, "up to the slash before the pattern");
  (void) names("sub/c*");
  is_int(known_least, len + 4, "also further down");
  (void) names("s\\ub/c*");
  is_int(known_least, len + 4, "quoted characters are one");
  (void) names("s*/c1");
  is_int(known_least, len, "not behind a pattern");
}

static void globbing_can_be_off(void) {
  static unsigned char off = FALSE;

  daemon_set_param("UseGlobbing", &off);
  is_str(names("a*"), "a*", "UseGlobbing off: the pattern is a name");
}

int main(void) {
  p = make_sub_pool(NULL);
  if (mkdtemp(top) == NULL ||
      mkdir(pstrcat(p, top, "/sub", NULL), 0700) < 0) {
    bail_out("no directory");
  }

  make_file("a1");
  make_file("a2");
  make_file("b1");
  make_file("sub/c1");
  patterns_are_matched();
  braces_have_a_limit();
  what_the_client_said_is_known();
  globbing_can_be_off();
  (void) unlink(pstrcat(p, top, "/a1", NULL));
  (void) unlink(pstrcat(p, top, "/a2", NULL));
  (void) unlink(pstrcat(p, top, "/b1", NULL));
  (void) unlink(pstrcat(p, top, "/sub/c1", NULL));
  (void) rmdir(pstrcat(p, top, "/sub", NULL));
  (void) rmdir(top);
  destroy_pool(p);
  return done_testing();
}
