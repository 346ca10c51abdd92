/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-vroot-t.c -- the names below mod_vroot's root, and whether they are what
 * the module shows.
 */

#include "daemon.h"
#include "ftpd-held.h"
#include "ftpd-path.h"
#include "ftpd-vroot.h"
#include "tap.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>

static pool *p;
static server_rec server;
static struct ftpd ftpd;
static pr_fs_t vroot = { .fs_name = "vroot" }, other = { .fs_name = "x" };
static pr_fs_t *serves = &vroot;
static char dir[] = "/tmp/ftpd-vroot-XXXXXX";   /* the root */
static const char *outside;     /* another directory, of an alias */
static bool shows = true;       /* the module shows what is there */
static module vroot_module;
static bool has_module;

pr_fs_t *ftpd_fs_of(const char *path) {
  return strncmp(path, "/other", 6) == 0 ? &other : serves;
}

pr_fs_t *ftpd_fs_of_dir(const char *path) {
  return strncmp(path, "/otherdir", 9) == 0 ? &other : serves;
}

struct ftpd *ftpd_current(void) {
  return &ftpd;
}

/* No ".." but at the end of the way. */
const char *ftpd_canon(struct ftpd *h, pool *in, const char *path) {
  (void) h;
  (void) daemon_call("canon %s", path);
  return strcmp(path, "/a/..") == 0 ? "/" : pstrdup(in, path);
}

const char *ftpd_stand(const char *path) {
  return daemon_call("stand %s", path) < 0 ? NULL : path;
}

/* What the module shows at a path inside. */
int pr_fsio_stat(const char *path, struct stat *st) {
  const char *place = strcmp(path, "/") == 0 ? dir : strcmp(path, "/alias") ==
    0 ? outside : strcmp(path, "/alias/in") == 0 ? pstrcat(p, outside, "/in",
    NULL) : strcmp(path, "/alias-file") == 0 ? pstrcat(p, outside, "/file",
    NULL) : strcmp(path, "/shown") == 0 ? outside : pstrcat(p, dir, path,
    NULL);

  (void) daemon_call("stat %s", path);
  return stat(shows ? place : "/tmp", st);
}

module *pr_module_get(const char *name) {
  return has_module && strcmp(name, "mod_vroot.c") == 0 ? &vroot_module :
    NULL;
}

int pr_stash_remove_cmd(const char *name, module *m, unsigned char phase,
    const char *group, int cls) {
  (void) m;
  (void) group;
  (void) cls;
  return daemon_call("remove %s %d", name, phase);
}

const char *path_subst_uservar(pool *in, const char **path) {
  (void) in;
  return strcmp(*path, "none") == 0 ? NULL : *path;
}

char *dir_best_path(pool *in, const char *path) {
  return path != NULL ? pstrdup(in, path) : NULL;
}

void ftpd_bottom_init(void) {
  (void) daemon_call("bottom_init");
}

void ftpd_vroot_hold(pr_fs_t *fs) {
  (void) daemon_call("vroot_hold %s", fs->fs_name);
}

static void told(const char *path) {
  (void) pr_table_remove(session.notes, "mod_sftp.chroot-path", NULL);
  if (path != NULL) {
    (void) pr_table_add(session.notes, "mod_sftp.chroot-path", path, 0);
  }
}

static void add_alias(const char *source, const char *path) {
  (void) daemon_add_words("VRootAlias", (const char *const[]) { source, path,
    NULL });
}

/* ---- Before it is known, and in FTP's sessions */

static void without_a_root(void) {
  is_str(ftpd_vroot_inside("/a"), "/a", "paths are what they are");
  is_str(ftpd_vroot_outside(p, "/a"), "/a", "outside, too");
  ok(ftpd_vroot_root() == NULL && !ftpd_vroot_serves("/a") &&
    !ftpd_vroot_serves_dir("/a"), "nothing is served");
  ok(!ftpd_vroot_is_alias("/a") && !ftpd_vroot_has_alias("/a") &&
    !ftpd_vroot_shows_alias("/"), "nor an alias");
}

static void paths_in_ftp(void) {
  told(NULL);
  is_str(ftpd_vroot_outside_ftp(p, "/a"), "/a", "FTP without a root");
  told("/srv/x//");
  is_str(ftpd_vroot_outside_ftp(p, "/a"), "/srv/x/a", "with one");
  is_str(ftpd_vroot_outside_ftp(p, "/"), "/srv/x", "the root itself");
  is_str(ftpd_vroot_outside_ftp(p, "/srv/x/a"), "/srv/x/a", "once");
  is_str(ftpd_vroot_outside_ftp(p, "/srv/x"), "/srv/x", "the root, too");
  is_str(ftpd_vroot_outside_ftp(p, "/srv/xy"), "/srv/x/srv/xy",
    "a similar name is another");
  is_str(ftpd_vroot_outside_ftp(p, "a"), "a", "not a relative one");
  told("/");
  is_str(ftpd_vroot_outside_ftp(p, "/a"), "/a", "the system's root");
  session.chroot_path = "/srv/";
  told("/srv/x");
  is_str(ftpd_vroot_outside_ftp(p, "/a"), "/x/a", "below a real chroot");
  told("/srvx");
  is_str(ftpd_vroot_outside_ftp(p, "/a"), "/a", "which it has to be");
  told("/other/x");
  is_str(ftpd_vroot_outside_ftp(p, "/a"), "/a", "or is not known");
  session.chroot_path = NULL;
}

/* ---- Each of these is another session */

static bool not_another_module(void) {
  serves = &other;
  ftpd_vroot_init();
  return daemon_calls()[0] == '\0' && !ftpd_vroot_serves("/a");
}

static bool not_without_a_module(void) {
  serves = NULL;
  ftpd_vroot_init();
  return daemon_calls()[0] == '\0';
}

static bool modules_above_it(void) {
  vroot.fs_name = "vroot+more";
  ftpd_vroot_init();
  return ftpd_vroot_serves("/a");
}

static bool not_similar_names(void) {
  vroot.fs_name = "vroots";
  ftpd_vroot_init();
  return !ftpd_vroot_serves("/a");
}

static bool not_what_differs(void) {
  shows = false;
  ftpd_vroot_init();
  return !ftpd_vroot_serves("/a") && ftpd_vroot_root() == NULL &&
    strstr(daemon_calls(), "vroot_hold") == NULL;
}

static bool not_what_cannot_be_entered(void) {
  daemon_fails("stand", EACCES);
  ftpd_vroot_init();
  return !ftpd_vroot_serves("/a");
}

static bool not_what_was_not_told(void) {
  told(NULL);
  ftpd_vroot_init();
  return !ftpd_vroot_serves("/a");
}

static bool not_the_root_of_all(void) {
  told("/");
  ftpd_vroot_init();
  return !ftpd_vroot_serves("/a");
}

static bool its_handlers_are_removed(void) {
  has_module = true;
  ftpd_vroot_init();
  return strcmp(daemon_calls_of("remove"), text("remove RETR %d; "
    "remove RETR %d; remove RETR %d; remove STOR %d; remove STOR %d; "
    "remove STOR %d; remove APPE %d; remove APPE %d; remove APPE %d; ",
    PRE_CMD, POST_CMD, POST_CMD_ERR, PRE_CMD, POST_CMD, POST_CMD_ERR, PRE_CMD,
    POST_CMD, POST_CMD_ERR)) == 0;
}

static bool slashes_do_not_matter(void) {
  told(pstrcat(p, dir, "//", NULL));
  ftpd_vroot_init();
  return strcmp(ftpd_vroot_root(), dir) == 0;
}

static const struct {
  bool (*passes)(void);
  const char *what;
} sessions[] = {
  { not_another_module, "another module is none" },
  { not_without_a_module, "nothing is none" },
  { modules_above_it, "modules may be above it" },
  { not_similar_names, "a similar name is none" },
  { not_what_differs, "the root has to be what the module shows" },
  { not_what_cannot_be_entered, "the root has to be there" },
  { not_what_was_not_told, "the login has to name it" },
  { not_the_root_of_all, "the system's root is none" },
  { its_handlers_are_removed, "its handlers of transfers are removed" },
  { slashes_do_not_matter, "slashes at the end do not matter" },
};

static bool in_a_process(bool (*passes)(void)) {
  pid_t pid = fork();
  int status = -1;

  if (pid == 0) {
    _exit(passes() ? 0 : 1);
  }

  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* ---- The root of this one, and three aliases */

static void the_root_is_found(void) {
  ftpd_vroot_init();
  is_str(daemon_calls_of("remove stand bottom_init vroot_hold"),
    text("stand %s; bottom_init; vroot_hold vroot; ", dir), "a root is held");
  is_str(ftpd_vroot_root(), dir, "it is known");
  ok(ftpd_vroot_serves("/a") && !ftpd_vroot_serves("/other") &&
    ftpd_vroot_serves_dir("/other") && !ftpd_vroot_serves_dir("/otherdir"),
    "it serves its paths");
  ftpd_vroot_init();
  is_str(daemon_calls(), "", "it is found once");
}

static void names(void) {
  is_str(ftpd_vroot_inside("/a/b"), "/a/b", "a path inside");
  is_str(ftpd_vroot_inside(pstrcat(p, dir, "/a", NULL)), "/a",
    "one that begins with the root");
  is_str(ftpd_vroot_inside(dir), "/", "the root");
  is_str(ftpd_vroot_inside(pstrcat(p, dir, dir, "/a", NULL)), "/a",
    "twice");
  is_str(ftpd_vroot_inside(pstrcat(p, dir, "x/a", NULL)), pstrcat(p, dir,
    "x/a", NULL), "a similar name is another");
  is_str(ftpd_vroot_inside(pstrcat(p, "//tmp/./", dir + 5, "/a", NULL)), "/a",
    "slashes and dots do not matter");
  is_str(ftpd_vroot_inside(pstrcat(p, "/tmp/.x", dir + 5, NULL)), pstrcat(p,
    "/tmp/.x", dir + 5, NULL), "but names with a dot");
  is_str(ftpd_vroot_inside("/tmp/."), "/tmp/.", "a part of it");
  is_str(ftpd_vroot_inside("tmp"), "tmp", "a relative path");
  is_str(ftpd_vroot_inside(pstrcat(p, dir + 1, "/a", NULL)), pstrcat(p,
    dir + 1, "/a", NULL), "even of these names");
  is_str(ftpd_vroot_outside(p, "/a"), pstrcat(p, dir, "/a", NULL),
    "a path in records");
  is_str(ftpd_vroot_outside(p, "/"), dir, "that of the root");
  is_str(ftpd_vroot_outside(p, pstrcat(p, dir, "/a", NULL)), pstrcat(p, dir,
    "/a", NULL), "once");
}

static void aliases(void) {
  ok(ftpd_vroot_is_alias("/alias") && ftpd_vroot_is_alias("/alias/in") &&
    !ftpd_vroot_is_alias("/alias/x") && !ftpd_vroot_is_alias("/aliasx") &&
    !ftpd_vroot_is_alias("/"), "aliases");
  ok(ftpd_vroot_has_alias("/alias/x") && ftpd_vroot_has_alias("/alias") &&
    !ftpd_vroot_has_alias("/aliasx") && !ftpd_vroot_has_alias("/a"),
    "paths below them");
  ok(ftpd_vroot_shows_alias("/") && ftpd_vroot_shows_alias("/alias") &&
    !ftpd_vroot_shows_alias("/a") && !ftpd_vroot_shows_alias("/alias/in") &&
    !ftpd_vroot_shows_alias("/ali"), "directories that show them");
  ok(!ftpd_vroot_is_alias("/bad"), "one that the module does not show");
  ok(ftpd_vroot_is_alias("/alias-gone"), "a source that is not there");
  ok(!ftpd_vroot_is_alias("/shown"), "unless the module shows something");
}

static const char *place(const char *path) {
  static char buf[PATH_MAX];

  return ftpd_vroot_place(path, buf, sizeof(buf));
}

static void places(void) {
  char buf[PATH_MAX];
  const char *whole = pstrcat(p, dir, "/a", NULL);

  is_str(place("/a"), whole, "a path's place");
  is_str(place("/"), pstrcat(p, dir, "/.", NULL), "that of the root");
  is_str(place("/alias"), pstrcat(p, outside, "/.", NULL), "of an alias");
  is_str(place("/alias/x"), pstrcat(p, outside, "/x", NULL), "below it");
  is_str(place("/alias/"), pstrcat(p, outside, "/.", NULL), "with a slash");
  is_str(place("/alias/in/y"), pstrcat(p, outside, "/in/y", NULL),
    "the longest alias");
  is_str(place("/alias-file"), pstrcat(p, outside, "/file", NULL),
    "an alias of a file");
  ok(ftpd_vroot_place("/a", buf, 4) == NULL && errno == ENAMETOOLONG,
    "one that is too long");
  ok(ftpd_vroot_place("/a", buf, strlen(whole)) == NULL, "by its end");
}

static void texts_of_links(void) {
  (void) daemon_calls();
  is_str(ftpd_vroot_text(&ftpd, p, "a/b", "/d/l"), "a/b", "a relative text");
  is_str(ftpd_vroot_text(&ftpd, p, "..a/b../c..d...", "/d/l"),
    "..a/b../c..d...", "with dots in names");
  is_str(daemon_calls(), "", "is left alone");
  is_str(ftpd_vroot_text(&ftpd, p, "/a", "/d/l"), pstrcat(p, dir, "/a", NULL),
    "an absolute one");
  is_str(ftpd_vroot_text(&ftpd, p, "/", "/d/l"), dir, "the root");
  is_str(ftpd_vroot_text(&ftpd, p, "../x", "/d/l"), pstrcat(p, dir,
    "/d/../x", NULL), "one that leads up");
  is_str(ftpd_vroot_text(&ftpd, p, "x/..", "/d/l"), pstrcat(p, dir,
    "/d/x/..", NULL), "at its end");
  is_str(ftpd_vroot_text(&ftpd, p, "..", "/a/l"), dir, "or as a whole");
}

int main(void) {
  unsigned int i;

  p = session.pool = make_sub_pool(NULL);
  session.notes = pr_table_alloc(p, 0);
  main_server = &server;
  if (mkdtemp(dir) == NULL) {
    bail_out("no directory");
  }

  outside = pstrcat(p, dir, ".outside", NULL);
  (void) mkdir(outside, 0700);
  (void) mkdir(pstrcat(p, outside, "/in", NULL), 0700);
  (void) close(creat(pstrcat(p, outside, "/file", NULL), 0600));
  without_a_root();
  paths_in_ftp();
  told(dir);
  for (i = 0; i < SFTP_NELEMS(sessions); i++) {
    ok(in_a_process(sessions[i].passes), "%s", sessions[i].what);
  }

  add_alias(outside, "/alias");
  add_alias(pstrcat(p, outside, "/in", NULL), "/alias/in");
  add_alias(pstrcat(p, outside, "/file", NULL), "/alias-file");
  add_alias(dir, "/");
  add_alias(pstrcat(p, outside, "/gone", NULL), "/alias-gone");
  add_alias(pstrcat(p, outside, "/gone", NULL), "/shown");
  add_alias(outside, "/bad");
  add_alias("none", "/alias-none");
  add_alias(outside, "none");
  the_root_is_found();
  names();
  aliases();
  places();
  texts_of_links();
  (void) unlink(pstrcat(p, outside, "/file", NULL));
  (void) rmdir(pstrcat(p, outside, "/in", NULL));
  (void) rmdir(outside);
  (void) rmdir(dir);
  destroy_pool(p);
  return done_testing();
}
