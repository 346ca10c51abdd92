/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-held.c -- ensures that the file that was checked is the file that is
 * used.
 *
 * Rules are checked for a path without links.  Before the path is used,
 * somebody may replace one of its directories by a link.  So the process enters
 * the directory of the path and asks the kernel where it is now.  If that is
 * the path's directory, it was there at that moment, with no link on the way.
 * The last name is then used relative to it, and not followed if it is a link.
 * If somebody moves directories after that, this one moves along.
 *
 * A .ftpaccess binds the rules to a directory, not to its path.  It is read
 * relative to the process, and until the operation ends, no other directory is
 * held by that path.
 *
 * Most requests are for the same directory as the previous one.  They need one
 * more system call, and shorter path lookups.
 */

#include "ftpd-held.h"
#include "ftpd-path.h"
#include "ftpd-scan.h"

#include <fcntl.h>
#include <limits.h>

/* A process is in one directory. */
static char here[PATH_MAX];             /* "": not known */
static bool sure;                       /* it was checked in this operation */
static struct ftpd_place here_at;
static struct ftpd_held held[2];
static char names[2][NAME_MAX + 1];     /* that their paths do not end in */
static unsigned int nheld;

/* The directories whose rules were read; an operation has few. */
static struct pin {
  char dir[PATH_MAX];
  struct ftpd_place at;         /* zeroes: nothing may be there */
  struct ftpd_place rules;      /* its .ftpaccess, as the daemon saw it */
  bool looked;                  /* it did; all zero: there was none */
  bool own;                     /* this operation changes it */
} pins[8];
static unsigned int npins;

/* ---- Where a path is */

static bool is_served(const char *path) {
  pr_fs_t *fs = ftpd_fs_of(path);

  return !ftpd_vroot_serves(path) &&
    (!FTPD_FS_PLAIN(fs, lstat) || !FTPD_FS_PLAIN(fs, readlink));
}

const char *ftpd_where(const char *path, char *buf, size_t size) {
  return ftpd_vroot_serves(path) ? ftpd_vroot_place(path, buf, size) : path;
}

const char *ftpd_where_dir(const char *dir, char *buf, size_t size) {
  const char *at = ftpd_where(dir, buf, size);
  size_t n = at == buf ? strlen(buf) : 0;

  if (n >= 2 && strcmp(buf + n - 2, "/.") == 0) {
    buf[n == 2 ? 1 : n - 2] = '\0';
  }

  return at;
}

/* ---- Where the process is */

static bool is_here(const char *dir) {
  char now[PATH_MAX];

  if (strcmp(dir, here) != 0) {
    return false;
  }

  sure = sure || (getcwd(now, sizeof(now)) != NULL && strcmp(now, here) == 0);
  return sure;
}

void ftpd_stand_anew(void) {
  sure = false;
  npins = 0;
}

void ftpd_stand_elsewhere(void) {
  here[0] = '\0';
  sure = false;
}

void ftpd_stand_as_told(void) {
  char dir[PATH_MAX];
  pr_fs_t *fs = ftpd_fs_of_dir(pr_fs_getcwd());
  bool plain = FTPD_FS_PLAIN(fs, chdir);

  if (plain && strcmp(here, pr_fs_getcwd()) == 0) {
    return;
  }

  sstrncpy(dir, pr_fs_getcwd(), sizeof(dir));
  while (fs->fs_next != NULL && fs->chdir == NULL) {
    fs = fs->fs_next;
  }

  ftpd_stand_elsewhere();
  if ((plain ? chdir(dir) : fs->chdir(fs, dir)) < 0) {
    SFTP_TRACE(TRACE_SFTP, 3, "unable to go back to '%s': %s", dir,
      strerror(errno));
  }
}

void ftpd_stand_for(const cmd_rec *cmd) {
  if (cmd->arg != NULL && *cmd->arg != '\0' && *cmd->arg != '/') {
    ftpd_stand_as_told();
  }
}

const char *ftpd_stand(const char *dir) {
  struct stat st;

  if (is_here(dir)) {
    return here;
  }

  ftpd_stand_elsewhere();
  if (chdir(dir) < 0 || stat(".", &st) < 0 ||
      getcwd(here, sizeof(here)) == NULL) {
    here[0] = '\0';
    return NULL;
  }

  here_at.dev = st.st_dev;
  here_at.ino = st.st_ino;

  if (here[0] != '/') {
    here[0] = '\0';             /* outside of the root */
    errno = ENOENT;
    return NULL;
  }

  sure = true;
  return here;
}

bool ftpd_stands_at(const char *dir, struct ftpd_place *at) {
  char buf[PATH_MAX];
  const char *is = ftpd_where_dir(*dir != '\0' ? dir : "/", buf, sizeof(buf));

  if (is == NULL || strcmp(here, is) != 0) {
    return false;
  }

  *at = here_at;
  return true;
}

/* The path from here up to the directory that is dir[0..n); NULL: it is not
 * above.
 */
static char *way_up(const char *dir, size_t n, char *buf, size_t size) {
  const char *left = strcmp(here, "/") == 0 ? "" : here;
  char *end = buf;

  if (strncmp(left, dir, n) != 0 || (left[n] != '/' && left[n] != '\0')) {
    return NULL;
  }

  for (left = left + n; *left != '\0'; left++) {
    if ((size_t) (end - buf) + 4 > size) {
      return NULL;
    }

    if (*left == '/') {
      memcpy(end, "../", 3);
      end += 3;
    }
  }

  return end;
}

const char *ftpd_from_here(const char *path, char *buf, size_t size) {
  const char *name = strrchr(path, '/');
  size_t n = strlen(here);
  char *end;

  if (!sure || name == NULL || name[1] == '\0') {
    return path;
  }

  if (n > 1 && strncmp(path, here, n) == 0 && path[n] == '/') {
    return path[n + 1] != '/' ? path + n + 1 : path;
  }

  end = way_up(path, (size_t) (name - path), buf, size);
  if (end == NULL || (size_t) (end - buf) + strlen(name) >= size) {
    return path;
  }

  memcpy(end, name + 1, strlen(name));
  return buf;
}

/* ---- Held paths */

/* Inside a chroot the host protects /etc and /lib against changes, and
 * recognizes them by their paths: nothing there can become a link.  mod_vroot
 * does not.
 */
static bool is_guarded(const char *path) {
  int on;

  if ((strncmp(path, "/etc", 4) != 0 && strncmp(path, "/lib", 4) != 0) ||
      (path[4] != '/' && path[4] != '\0') || ftpd_vroot_serves(path)) {
    return false;
  }

  on = pr_fsio_guard_chroot(FALSE);
  (void) pr_fsio_guard_chroot(on);
  return on != FALSE;
}

static int refuse(const char *path) {
  sftp_log("'%s' is not used: it has changed since the check",
    path);
  errno = ENOENT;
  return -1;
}

static struct pin *pin_of(const char *dir) {
  unsigned int i;

  for (i = 0; i < npins && i < SFTP_NELEMS(pins); i++) {
    if (strcmp(pins[i].dir, dir) == 0) {
      return &pins[i];
    }
  }

  return NULL;
}

static bool is_same(const struct ftpd_place *a, const struct ftpd_place *b) {
  return a->dev == b->dev && a->ino == b->ino;
}

bool ftpd_pin(const char *dir) {
  static const struct ftpd_place nowhere;
  struct ftpd_place at;
  const char *is, *where;
  char buf[PATH_MAX];
  struct pin *pin;
  bool there;

  if (is_served(dir) || strlen(dir) >= PATH_MAX) {
    return false;
  }

  where = ftpd_where_dir(dir, buf, sizeof(buf));
  is = where != NULL ? ftpd_stand(where) : NULL;
  there = is != NULL && strcmp(is, where) == 0;
  at = there ? here_at : nowhere;
  pin = pin_of(dir);
  if (pin != NULL && !is_same(&pin->at, &at)) {
    pin->at = nowhere;

  } else if (pin == NULL) {
    pin = &pins[npins++ % SFTP_NELEMS(pins)];
    memset(pin, 0, sizeof(*pin));
    sstrncpy(pin->dir, dir, sizeof(pin->dir));
    pin->at = at;
  }

  return there && is_same(&pin->at, &at);
}

bool ftpd_is_pinned(const char *path) {
  const char *slash = strrchr(path, '/');
  char dir[PATH_MAX];
  size_t n = slash == path ? 1 : (size_t) (slash - path);

  if (is_served(path)) {
    return true;
  }

  if (n >= sizeof(dir)) {
    return false;
  }

  memcpy(dir, path, n);
  dir[n] = '\0';
  return pin_of(dir) != NULL;
}

/* The daemon reads by path, and may read in another directory than the one that
 * is held: the file that it saw is compared with the one in this directory.
 */
void ftpd_pin_rules(const char *path, const struct stat *st) {
  const char *slash = strrchr(path, '/');
  struct ftpd_place seen = { 0, 0 };
  char dir[PATH_MAX];
  struct pin *pin;

  if (npins == 0 || slash == NULL || (size_t) (slash - path) >= sizeof(dir)) {
    return;
  }

  sstrncpy(dir, slash == path ? "/" : path, slash == path ? 2 :
    (size_t) (slash - path) + 1);
  pin = pin_of(dir);
  if (pin == NULL || pin->own) {
    return;
  }

  if (st != NULL) {
    seen.dev = st->st_dev;
    seen.ino = st->st_ino;
  }

  if (pin->looked && !is_same(&pin->rules, &seen)) {
    memset(&pin->at, 0, sizeof(pin->at));
  }

  pin->looked = true;
  pin->rules = seen;
}

static bool has_other_rules(const struct pin *pin) {
  struct ftpd_place now = { 0, 0 };
  struct stat st;

  if (!pin->looked || pin->own) {
    return false;
  }

  if (stat(".ftpaccess", &st) == 0) {
    now.dev = st.st_dev;
    now.ino = st.st_ino;
  }

  return !is_same(&pin->rules, &now);
}

/* The process is in the directory of path. */
static bool is_pinned_other(const char *dir, const char *path) {
  struct pin *pin = pin_of(dir);

  if (pin == NULL) {
    return false;
  }

  if (!is_same(&pin->at, &here_at) || has_other_rules(pin)) {
    return true;
  }

  pin->own = pin->own || ftpd_ftpaccess_is(path);
  return false;
}

/* For a lookup, which does not last. */
static int look_at_served(const char *path) {
  pool *p = make_sub_pool(session.pool);
  bool same = strcmp(ftpd_resolve(ftpd_current(), p, path, false), path) == 0;

  destroy_pool(p);
  return same ? 0 : refuse(path);
}

static int add(const char *path, const char *where) {
  const char *name = strrchr(where, '/') + 1;

  if (is_guarded(path)) {
    return 0;
  }

  if (where != path) {
    if (strlen(name) >= sizeof(names[nheld])) {
      errno = ENAMETOOLONG;
      return -1;
    }

    name = strcpy(names[nheld], name);
  }

  held[nheld].path = path;
  held[nheld].name = *name != '\0' ? name : ".";
  held[nheld].dir = AT_FDCWD;
  nheld++;
  return 0;
}

/* The directory of an absolute path. */
static const char *dir_of(const char *path, char *buf, size_t size) {
  const char *slash = strrchr(path, '/');
  size_t n = slash == path ? 1 : (size_t) (slash - path);

  if (slash == NULL || n >= size) {
    errno = slash == NULL ? EINVAL : ENAMETOOLONG;
    return NULL;
  }

  memcpy(buf, path, n);
  buf[n] = '\0';
  return buf;
}

static int hold(const char *path) {
  char buf[PATH_MAX], dir[PATH_MAX], shown[PATH_MAX];
  const char *where, *at;

  if (is_served(path)) {
    return look_at_served(path);
  }

  where = ftpd_where(path, buf, sizeof(buf));
  if (where == NULL || dir_of(where, dir, sizeof(dir)) == NULL ||
      dir_of(path, shown, sizeof(shown)) == NULL) {
    return -1;
  }

  at = ftpd_stand(dir);
  if (at == NULL) {
    return -1;
  }

  /* An alias is in no directory of its path. */
  if (strcmp(at, dir) != 0 ||
      (!ftpd_vroot_is_alias(path) && is_pinned_other(shown, path))) {
    return refuse(path);
  }

  return add(path, where);
}

int ftpd_hold(const char *path) {
  ftpd_bottom_init();
  (void) ftpd_let_go(0);
  return hold(path);
}

/* The directory of the first path, as the process enters that of the second. */
static int keep_open(void) {
  if (nheld == 0) {
    return 0;
  }

  held[0].dir = open(".", O_PATH|O_DIRECTORY|O_CLOEXEC);
  return held[0].dir < 0 ? -1 : 0;
}

int ftpd_hold_two(const char *from, const char *to) {
  return ftpd_hold(from) < 0 || keep_open() < 0 || hold(to) < 0 ?
    ftpd_let_go(-1) : 0;
}

int ftpd_let_go(int res) {
  int xerrno = errno;

  while (nheld > 0) {
    nheld--;
    if (held[nheld].dir >= 0) {
      (void) close(held[nheld].dir);
    }
  }

  errno = xerrno;
  return res;
}

const struct ftpd_held *ftpd_held_of(const char *path) {
  unsigned int i;

  for (i = 0; i < nheld; i++) {
    if (strcmp(held[i].path, path) == 0) {
      return &held[i];
    }
  }

  return NULL;
}

const char *ftpd_held_name(const char *path) {
  const struct ftpd_held *at = ftpd_held_of(path);

  return at != NULL ? at->name : path;
}

/* ---- Files of a module that is not known */

/* The location of the directory that a module shows as dir, from the kernel. */
static bool go_through(const char *dir, char *at, size_t size) {
  pr_fh_t *fh = pr_fsio_open(dir, O_PATH|O_DIRECTORY);
  bool went;

  if (fh == NULL) {
    return false;
  }

  here[0] = '\0';
  went = fchdir(PR_FH_FD(fh)) == 0 && getcwd(at, size) != NULL;
  ftpd_drop(fh);
  return went;
}

/* Nobody moves the root that a module shows: the location of a path must be as
 * far below it as the path says, unless the module also shows other places.
 */
static bool is_in_place(const char *path, const struct stat *st) {
  char root[PATH_MAX], at[PATH_MAX], dir[PATH_MAX];
  size_t n = (size_t) (strrchr(path, '/') - path), len;
  struct stat now;

  if (n >= sizeof(dir) || !go_through("/", root, sizeof(root))) {
    return false;
  }

  memcpy(dir, path, n);
  dir[n] = '\0';
  len = strcmp(root, "/") == 0 ? 0 : strlen(root);
  return go_through(n == 0 ? "/" : dir, at, sizeof(at)) &&
    strncmp(at, root, len) == 0 && strcmp(at + len, dir) == 0 &&
    fstatat(AT_FDCWD, path[n + 1] != '\0' ? path + n + 1 : ".", &now,
      AT_SYMLINK_NOFOLLOW) == 0 &&
    now.st_dev == st->st_dev && now.st_ino == st->st_ino;
}

/* If there is no location to compare: immediately before and after. */
static int compare(const char *path, const struct stat *st) {
  struct stat now;

  pr_fs_clear_cache2(path);
  return pr_fsio_lstat(path, &now) == 0 && st->st_dev == now.st_dev &&
    st->st_ino == now.st_ino ? look_at_served(path) : refuse(path);
}

int ftpd_check_opened(const char *path, pr_fh_t *fh) {
  struct stat st;

  if (!is_served(path)) {
    return 0;
  }

  if (pr_fsio_fstat(fh, &st) < 0) {
    return -1;
  }

  return is_in_place(path, &st) ? 0 : compare(path, &st);
}
