/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-links-t.c -- what the texts of links mean, and where paths with links
 * lead, in a real directory.
 */

#include "daemon.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-log.h"
#include "ftpd-path.h"
#include "ftpd-tree.h"
#include "tap.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

static pool *p;
static server_rec server;
static struct ftpd ftpd;
static char top[] = "/tmp/ftpd-links-XXXXXX";

/* ---- The rest of the daemon's side: paths are those of the system */

static const char *vroot, *suspect;
static bool plain = true, lstat_alone, alias, held_ok = true;
static unsigned int nlooks, nclears, nholds;

size_t ftpd_path_append(char *out, size_t n, const char *name, size_t len) {
  if (len == 2 && memcmp(name, "..", 2) == 0) {
    while (n > 0 && out[--n] != '/') {
    }

    return n;
  }

  if (len != 1 || *name != '.') {
    out[n++] = '/';
    memcpy(out + n, name, len);
    n += len;
  }

  return n;
}

const char *ftpd_canon(struct ftpd *h, pool *in, const char *path) {
  char out[PATH_MAX] = "/";
  size_t n = 0, len;

  (void) h;
  while (*(path += strspn(path, "/")) != '\0') {
    len = strcspn(path, "/");
    n = ftpd_path_append(out, n, path, len);
    path += len;
  }

  return n == 0 ? "/" : pstrndup(in, out, n);
}

unsigned int ftpd_depth(const char *path) {
  unsigned int n = 0;

  while (*path != '\0') {
    n += *path++ == '/';
  }

  return n;
}

const char *ftpd_vroot_root(void) {
  return vroot;
}

const char *ftpd_vroot_inside(const char *path) {
  return path;
}

bool ftpd_vroot_serves(const char *path) {
  (void) path;
  return false;
}

bool ftpd_vroot_is_alias(const char *path) {
  (void) path;
  return alias;
}

pr_fs_t *ftpd_fs_of(const char *path) {
  (void) path;
  return NULL;
}

bool ftpd_fs_member(pr_fs_t *fs, size_t offset) {
  (void) fs;
  return plain && (!lstat_alone || offset == offsetof(pr_fs_t, lstat));
}

const char *ftpd_where(const char *path, char *buf, size_t size) {
  (void) buf;
  (void) size;
  nlooks++;
  return path;
}

const char *ftpd_where_dir(const char *dir, char *buf, size_t size) {
  (void) buf;
  (void) size;
  return dir;
}

const char *ftpd_stand(const char *dir) {
  static char at[PATH_MAX];

  return chdir(dir) < 0 ? NULL : getcwd(at, sizeof(at));
}

int ftpd_hold(const char *path) {
  (void) path;
  nholds++;
  errno = EAGAIN;
  return held_ok ? 0 : -1;
}

int ftpd_let_go(int res) {
  nholds--;
  return res;
}

int pr_fsio_lstat(const char *path, struct stat *st) {
  nlooks++;
  return lstat(path, st);
}

int pr_fsio_readlink(const char *path, char *text, size_t size) {
  return (int) readlink(path, text, size);
}

int pr_fs_clear_cache2(const char *path) {
  (void) path;
  nclears++;
  return 0;
}

struct ftpd *ftpd_current(void) {
  return &ftpd;
}

void ftpd_lines_suspect(struct ftpd *h, const char *text) {
  (void) h;
  suspect = text;
}

/* ---- Texts */

static const struct { const char *root, *text, *means; } texts[] = {
  { NULL, "/jail/a", "/jail/a" },
  { "/", "/jail/a", "/jail/a" },
  { "/jail", "a", "a" },
  { "/jail", "jail/a", "jail/a" },
  { "/jail", "/jail/a", "/a" },
  { "/jail", "/jail", "/" },
  { "/jail/", "/jail/a", "/a" },
  { "/jail//", "/jail/a/", "/a/" },
  { "/jail", "/jail/", "/" },
  { "/jail", "/jailer/a", "/jailer/a" },
  { "/jail", "/jai", "/jai" },
  { "/jail", "/other", "/other" },
  { "/jail", "/jail/a/../b", "/a/../b" },
  { "/jail", "/jail/../b", "/jail/../b" },
  { "/jail", "/jail/./../b", "/jail/./../b" },
  { "/jail", "/jail/a/../../b", "/jail/a/../../b" },
  { "/jail", "/jail/a//../..", "/jail/a//../.." },
  { "/jail", "/jail/../jail/b", "/b" },
  { "/jail", "/x/../jail/./b", "/b" },
  { "/jail", "/jail/.a/./b", "/.a/./b" },
  { "/jail", "/jail/a./b/./c", "/a./b/./c" },
  { "/jail", "/jail/..a/./b", "/..a/./b" },
  { "/jail", "/jail/a/../b/./c", "/a/../b/./c" },
  { "/jail", "/jail/././b", "/././b" }
};

static void texts_mean_what_they_name_inside(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(texts); i++) {
    session.chroot_path = texts[i].root;
    is_str(ftpd_link_means(&ftpd, p, texts[i].text), texts[i].means, "%s in "
      "%s", texts[i].text, texts[i].root != NULL ? texts[i].root : "no root");
  }

  vroot = "/seen";
  is_str(ftpd_link_means(&ftpd, p, "/seen/a"), "/a", "mod_vroot's root");
  is_str(ftpd_link_means(&ftpd, p, "/jail/a"), "/jail/a", "comes first");
  vroot = NULL;
  session.chroot_path = NULL;
}

static void texts_are_replaced_in_their_place(void) {
  char text[] = "/jail/abc";

  session.chroot_path = "/jail";
  is_int(ftpd_link_says(text, 9), 4, "shorter");
  is_mem(text, 9, "/abcl/abc", 9, "and not one byte more");
  is_int(ftpd_link_says(text, -1), -1, "an error");
  is_int(ftpd_link_says(text, 0), 0, "nothing");
  memcpy(text, "/jail/abc", 9);
  is_int(ftpd_link_says(text, 7), 2, "a part of the buffer");
  is_int(ftpd_link_says(text + 1, 8), 8, "a relative text");
  session.chroot_path = NULL;
}

/* ---- Paths */

static const char *at(const char *name) {
  return pstrcat(p, top, "/", name, NULL);
}

static void make_link(const char *text, const char *name) {
  if (symlink(text, at(name)) < 0) {
    bail_out("no link %s: %s", name, strerror(errno));
  }
}

static void make_tree(void) {
  if (mkdtemp(top) == NULL || mkdir(at("dir"), 0700) < 0 ||
      mkdir(at("dir/sub"), 0700) < 0 ||
      close(creat(at("file"), 0600)) < 0) {
    bail_out("no directory: %s", strerror(errno));
  }

  make_link("dir", "link");
  make_link("dir/sub", "deep");
  make_link("../file", "dir/back");
  make_link("loop", "loop");
  make_link("none", "broken");
  make_link("none/../file", "lost");
  make_link("none/../link", "lost2");
  make_link("file/../dir", "beside");
  make_link("./dir", "dotted");
  make_link(at("dir"), "absolute");
  make_link(pstrcat(p, "/jail", top, "/dir", NULL), "jailed");
}

static void remove_tree(void) {
  if (chdir("/") < 0 || system(pstrcat(p, "rm -rf ", top, NULL)) != 0) {
    diag("%s is left", top);
  }
}

static const char *leads(const char *name, bool follow) {
  return ftpd_resolve(&ftpd, p, at(name), follow);
}

static const struct { const char *path, *last_kept, *whole; } paths[] = {
  { "file", "file", "file" },
  { "link", "link", "dir" },
  { "link/sub", "dir/sub", "dir/sub" },
  { "link/none", "dir/none", "dir/none" },
  { "deep/x", "dir/sub/x", "dir/sub/x" },
  { "dir/back", "dir/back", "file" },
  { "link/back", "dir/back", "file" },
  { "broken", "broken", "none" },
  { "broken/x", "none/x", "none/x" },
  { "lost", "lost", "file" },
  { "lost2", "lost2", "dir" },
  { "beside/sub", "dir/sub", "dir/sub" },
  { "absolute", "absolute", "dir" },
  { "absolute/back", "dir/back", "file" },
  { "none/x/y", "none/x/y", "none/x/y" }
};

static void links_are_replaced(void) {
  size_t i;
  int way;

  for (way = 0; way < 3; way++) {
    plain = way != 2;
    session.chroot_path = way == 1 ? "/jail" : NULL;
    for (i = 0; i < SFTP_NELEMS(paths); i++) {
      is_str(leads(paths[i].path, false), at(paths[i].last_kept), "%s, but "
        "for its last name", paths[i].path);
      is_str(leads(paths[i].path, true), at(paths[i].whole), "%s",
        paths[i].path);
      is_int(ftpd_resolve_error(), 0, "no error");
    }

    is_str(leads("jailed/sub", true), way == 1 ? at("dir/sub") :
      pstrcat(p, "/jail", top, "/dir/sub", NULL), "an outside path");
    is_str(ftpd_resolve(&ftpd, p, "/", true), "/", "the root");
    is_str(ftpd_resolve(&ftpd, p, "/", false), "/", "which has no name");
    is_str(ftpd_resolve(&ftpd, p, "/tmp", false), "/tmp", "a name in it");
  }

  plain = true;
  session.chroot_path = NULL;
}

static void modules_interpret_their_own_texts(void) {
  session.chroot_path = "/jail";
  plain = false;
  is_str(leads("jailed", true), pstrcat(p, "/jail", top, "/dir", NULL),
    "the text of a file system that a module serves");
  plain = true;
  session.chroot_path = NULL;
}

static unsigned int looks_for(const char *name) {
  nlooks = nclears = 0;
  (void) leads(name, true);
  return nlooks;
}

static void little_is_looked_at(void) {
  is_int(looks_for("dir/sub"), 0, "a path without links is not walked");
  is_int(looks_for("dir/none"), 0, "nor one of a new file");
  is_int(looks_for("link/sub"), 0, "nor one that the system follows");
  is_int(looks_for("none/x/y"), 3, "behind a missing name, nothing exists");
  is_int(looks_for("dotted"), 4, "and \".\" is where it is");
  is_int(nclears, 0, "the system's answers are new");
  session.chroot_path = "/jail";
  is_int(looks_for("dir/sub"), 0, "not in a root, either");
  is_int(looks_for("link/sub"), 5, "where the system does not follow");
  session.chroot_path = NULL;
  lstat_alone = true;
  is_int(looks_for("dir/sub"), 4, "a module that reads links is asked");
  lstat_alone = plain = false;
  is_int(looks_for("dir/sub"), 4, "a module is asked for each name");
  is_int(nclears, 4, "with nothing kept");
  alias = true;
  (void) leads("link", true);
  is_str(leads("link", true), at("dir"), "an alias of a module is none");
  plain = true;
  is_int(looks_for("link"), 0, "an alias is not walked");
  is_str(leads("link", true), at("link"), "it is what it is");
  alias = false;
}

/* ---- Limits */

static void paths_end(void) {
  is_str(leads("loop", true), at("loop"), "a loop leads nowhere");
  is_int(ftpd_resolve_error(), ELOOP, "which is an error");
  is_str(suspect, at("loop"), "its text may be hostile");
  (void) leads("dir", true);
  is_int(ftpd_resolve_error(), 0, "of that path alone");
}

static void forty_links_are_followed(void) {
  char name[16], text[16];
  int i;

  for (i = 1; i <= 41; i++) {
    snprintf(name, sizeof(name), "l%d", i);
    snprintf(text, sizeof(text), "l%d", i - 1);
    make_link(i == 1 ? "file" : text, name);
  }

  is_str(leads("l40", true), at("file"), "40 links");
  is_str(leads("l41", true), at("l41"), "41 links");
  is_int(ftpd_resolve_error(), ELOOP, "are too many");
}

/* The text n times. */
static char *repeated(const char *text, size_t n) {
  size_t len = strlen(text), i;
  char *out = pcalloc(p, n * len + 1);

  for (i = 0; i < n; i++) {
    memcpy(out + i * len, text, len);
  }

  return out;
}

static void names_and_bytes_are_counted(void) {
  const char *path, *names;

  /* The directory has two names, the link one. */
  make_link(repeated("./", 1024 - 3), "dots");
  make_link(repeated("./", 1024 - 2), "more");
  is_str(leads("dots", true), top, "1024 names");
  is_str(leads("more", true), at("more"), "one more");
  is_int(ftpd_resolve_error(), ELOOP, "is too many");

  path = repeated("/n", 256);
  is_str(ftpd_resolve(&ftpd, p, path, true), path, "256 names");
  is_int(ftpd_resolve_error(), 0, "are in order");
  path = repeated("/n", 257);
  is_str(ftpd_resolve(&ftpd, p, path, true), path, "257");
  is_int(ftpd_resolve_error(), ELOOP, "are too deep");

  names = pstrcat(p, "/", repeated("n", 100), NULL);
  path = pstrcat(p, repeated(names, 40), "/", repeated("n", 54), NULL);
  is_int(strlen(path), PATH_MAX - 1, "the longest path");
  (void) ftpd_resolve(&ftpd, p, path, true);
  is_int(ftpd_resolve_error(), 0, "has its place");
  (void) ftpd_resolve(&ftpd, p, pstrcat(p, path, "n", NULL), true);
  is_int(ftpd_resolve_error(), ELOOP, "one byte more has none");
}

static void what_follows_links_is_bounded(void) {
  const char *there = repeated("xxxxxxxxxxxxxxxxxxxx/../", 100);

  make_link(pstrcat(p, "t2/", there, NULL), "t1");
  make_link(pstrcat(p, "t3/", there, NULL), "t2");
  make_link("dir", "t3");
  is_str(leads("t2", true), at("dir"), "2,400 bytes behind a link");
  is_str(leads("t1", true), at("t1"), "4,800");
  is_int(ftpd_resolve_error(), ELOOP, "are too many");
}

/* ---- What is shown */

static void links_may_be_hidden(void) {
  static unsigned char off = FALSE, on = TRUE;

  ok(ftpd_shows_links(&ftpd), "they are shown");
  daemon_set_param("ShowSymlinks", &off);
  ok(ftpd_shows_links(&ftpd), "which is looked up once");
  daemon_files.links_known = false;
  ok(!ftpd_shows_links(&ftpd), "ShowSymlinks off");
  is_str(ftpd_realpath(&ftpd, p, at("./link")), at("link"), "REALPATH does "
    "not tell");
  daemon_set_param("ShowSymlinks", &on);
  daemon_files.links_known = false;
  ok(ftpd_shows_links(&ftpd), "ShowSymlinks on");
  is_str(ftpd_realpath(&ftpd, p, at("./link")), at("dir"), "REALPATH tells");
}

static void links_are_read(void) {
  static unsigned char off = FALSE;
  const char *text = NULL;
  char small[4];

  session.chroot_path = "/jail";
  is_int(ftpd_readlink(&ftpd, p, at("jailed"), &text), 0, "a link");
  is_str(text, at("dir"), "as it is seen inside");
  session.chroot_path = NULL;
  is_int(ftpd_readlink(&ftpd, p, at("file"), &text), -1, "a file");
  is_int(errno, EINVAL, "is none");
  is_int(ftpd_link_text(at("link"), small, sizeof(small)), 0, "a small text");
  is_str(small, "dir", "and its end");
  is_int(ftpd_link_text(at("lost"), small, sizeof(small)), 0, "a large one");
  is_str(small, "non", "is cut");
  is_int(nholds, 0, "paths are held for that time");
  held_ok = false;
  is_int(ftpd_link_text(at("link"), small, sizeof(small)), -1, "or not");
  is_int(errno, EAGAIN, "which is an error");
  held_ok = true;
  daemon_set_param("ShowSymlinks", &off);
  daemon_files.links_known = false;
  is_int(ftpd_readlink(&ftpd, p, at("link"), &text), -1, "ShowSymlinks off");
  is_int(errno, EINVAL, "a link is none");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  main_server = &server;
  texts_mean_what_they_name_inside();
  texts_are_replaced_in_their_place();
  make_tree();
  links_are_replaced();
  modules_interpret_their_own_texts();
  little_is_looked_at();
  paths_end();
  forty_links_are_followed();
  names_and_bytes_are_counted();
  what_follows_links_is_bounded();
  links_may_be_hidden();
  links_are_read();
  remove_tree();
  destroy_pool(p);
  return done_testing();
}
