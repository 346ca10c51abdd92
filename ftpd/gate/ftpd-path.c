/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-path.c -- names of paths, and what can be done with a path alone.
 *
 * Everything goes through FSIO, because modules put their own file systems
 * there.  Where FSIO would end at the system call anyway, looks (stat, lstat,
 * resolving links) call it themselves: FSIO's own cache of such answers is 30
 * seconds old at worst, and it costs more than it saves.
 */

#include "ftpd-files.h"

#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#define MAX_LINKS 40            /* as the kernel has it */
#define MAX_HANDLES 1024
#define MAX_BRACES 4

/* The bottom of the stack of file systems: the system's own functions. */
static pr_fs_t *sys_fs = NULL;

void ftpd_files_init(void) {
  pr_fs_t *fs = pr_get_fs("/", NULL);

  while (fs != NULL && fs->fs_next != NULL) {
    fs = fs->fs_next;
  }

  sys_fs = fs;
}

/* Functions of an FS record, by their place in it. */
static void *member_of(const pr_fs_t *fs, size_t offset) {
  void *fn;

  memcpy(&fn, (const char *) fs + offset, sizeof(fn));
  return fn;
}

bool ftpd_fs_member(pr_fs_t *fs, size_t offset) {
  if (sys_fs == NULL) {
    ftpd_files_init();
  }

  /* The same walk that FSIO does. */
  while (fs != NULL && fs->fs_next != NULL && member_of(fs, offset) == NULL) {
    fs = fs->fs_next;
  }

  return fs != NULL && sys_fs != NULL &&
    member_of(fs, offset) == member_of(sys_fs, offset);
}

static pr_fs_t *fs_of(const char *path) {
  return pr_get_fs(path, NULL);
}

/* ---- Paths as text */

const char *ftpd_cwd(struct ftpd *h) {
  (void) h;
  return session.vwd[0] != '\0' ? session.vwd :
    session.cwd[0] != '\0' ? session.cwd : "/";
}

/* Drops the last name of out[0..n). */
static size_t drop_name(const char *out, size_t n) {
  while (n > 0 && out[n - 1] != '/') {
    n--;
  }

  return n > 0 ? n - 1 : 0;
}

/* Appends the names of path to out, "." and ".." taken out. */
static size_t append_names(char *out, size_t n, const char *path) {
  while (*path != '\0') {
    size_t len = strcspn(path, "/");

    if (len == 2 && path[0] == '.' && path[1] == '.') {
      n = drop_name(out, n);

    } else if (len > 0 && !(len == 1 && path[0] == '.')) {
      out[n++] = '/';
      memcpy(out + n, path, len);
      n += len;
    }

    path += len;
    path += strspn(path, "/");
  }

  return n;
}

const char *ftpd_canon(struct ftpd *h, pool *p, const char *path) {
  const char *cwd = ftpd_cwd(h);
  size_t n = 0;
  char *out;

  out = palloc(p, strlen(cwd) + strlen(path) + 4);
  if (*path != '/') {
    n = append_names(out, n, cwd);
  }

  n = append_names(out, n, path);
  if (n == 0) {
    out[n++] = '/';
  }

  out[n] = '\0';
  return out;
}

const char *ftpd_outside(pool *p, const char *path) {
  const char *res = dir_abs_path(p, path, FALSE);

  return res != NULL ? res : path;
}

/* ---- Links */

static const char *join(pool *p, const char *dir, const char *name) {
  return pstrcat(p, strcmp(dir, "/") == 0 ? "" : dir, "/", name, NULL);
}

/* Resolves what exists of a canonical path, keeps the rest as it is. */
static const char *resolve_existing(pool *p, const char *path) {
  char real[PATH_MAX], *head;
  size_t n = strlen(path);

  if (n >= PATH_MAX) {
    return path;
  }

  head = pstrdup(p, path);
  while (n > 1) {
    if (realpath(head, real) != NULL) {
      return path[n] == '\0' ? pstrdup(p, real) :
        join(p, real, path + n + 1);
    }

    n = drop_name(head, n);
    head[n] = '\0';
  }

  return path;
}

/* A last name that is a link to nothing yet: where it leads. */
static const char *resolve_dangling(struct ftpd *h, pool *p,
    const char *path) {
  char text[PATH_MAX];
  struct stat st;
  int i;

  for (i = 0; i < MAX_LINKS; i++) {
    ssize_t len;

    if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode)) {
      return path;
    }

    len = readlink(path, text, sizeof(text) - 1);
    if (len <= 0) {
      return path;
    }

    text[len] = '\0';
    if (text[0] != '/') {
      char *dir = pstrdup(p, path);

      dir[drop_name(dir, strlen(dir))] = '\0';
      path = pstrcat(p, dir, "/", text, NULL);

    } else {
      path = pstrdup(p, text);
    }

    path = resolve_existing(p, ftpd_canon(h, p, path));
  }

  return path;
}

/* Most last names are no links: one look tells, and only what leads to them is
 * resolved.  NULL for those that are, and for what leads nowhere.
 */
static const char *resolve_plain(pool *p, const char *path) {
  const char *name = strrchr(path, '/'), *res;
  char real[PATH_MAX];
  struct stat st;

  if (name == NULL || name[1] == '\0' || realpath(name == path ? "/" :
      pstrndup(p, path, (size_t) (name - path)), real) == NULL) {
    return NULL;
  }

  res = join(p, real, name + 1);
  return lstat(res, &st) == 0 && S_ISLNK(st.st_mode) ? NULL : res;
}

const char *ftpd_resolve(struct ftpd *h, pool *p, const char *path,
    bool follow) {
  pr_fs_t *fs = fs_of(path);
  const char *name = strrchr(path, '/');
  const char *plain;
  char *res;

  if (!follow && name != NULL && name[1] != '\0') {
    return join(p, ftpd_resolve(h, p, name == path ? "/" :
      pstrndup(p, path, (size_t) (name - path)), true), name + 1);
  }

  if (FTPD_FS_PLAIN(fs, lstat) && FTPD_FS_PLAIN(fs, readlink)) {
    plain = resolve_plain(p, path);
    return plain != NULL ? plain :
      resolve_dangling(h, p, resolve_existing(p, path));
  }

  pr_fs_clear_cache2(path);
  res = dir_best_path(p, path);
  return res != NULL ? res : path;
}

const char *ftpd_realpath(struct ftpd *h, pool *p, const char *path) {
  return ftpd_resolve(h, p, ftpd_canon(h, p, path), true);
}

int ftpd_readlink(struct ftpd *h, pool *p, const char *path,
    const char **target) {
  char text[PATH_MAX + 1];
  size_t root = 0;
  int len;

  (void) h;
  len = pr_fsio_readlink(path, text, sizeof(text) - 1);
  if (len < 0) {
    return -1;
  }

  text[len] = '\0';

  /* A link made outside the chroot names its target as seen from there: what
   * lies inside is named as seen from here, the rest is left as it is.
   */
  if (text[0] == '/' && session.chroot_path != NULL) {
    root = strlen(session.chroot_path);
    while (root > 0 && session.chroot_path[root - 1] == '/') {
      root--;
    }

    if (strncmp(text, session.chroot_path, root) != 0 ||
        (text[root] != '/' && text[root] != '\0')) {
      root = 0;
    }
  }

  *target = text[root] != '\0' ? pstrdup(p, text + root) :
    root > 0 ? "/" : "";
  return 0;
}

/* ---- Looks */

int ftpd_stat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  if (FTPD_FS_PLAIN(fs_of(path), stat)) {
    return stat(path, st);
  }

  pr_fs_clear_cache2(path);
  return pr_fsio_stat(path, st);
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  if (FTPD_FS_PLAIN(fs_of(path), lstat)) {
    return lstat(path, st);
  }

  pr_fs_clear_cache2(path);
  return pr_fsio_lstat(path, st);
}

int ftpd_statvfs(struct ftpd *h, const char *path, struct statvfs *st) {
  pr_fh_t *fh;
  int res, xerrno;

  (void) h;
  if (FTPD_FS_PLAIN(fs_of(path), open)) {
    return statvfs(path, st);
  }

  /* Whoever maps paths maps them when it opens. */
  fh = pr_fsio_open(path, O_RDONLY|O_NONBLOCK);
  if (fh == NULL) {
    return -1;
  }

  res = fstatvfs(PR_FH_FD(fh), st);
  xerrno = errno;
  (void) pr_fsio_close(fh);
  errno = xerrno;
  return res;
}

/* ---- Changes */

int ftpd_truncate(struct ftpd *h, const char *path, off_t size) {
  (void) h;
  if (size < 0) {
    errno = EINVAL;
    return -1;
  }

  return ftpd_max_store(size) < 0 || ftpd_open_lock_changed(path) < 0 ? -1 :
    pr_fsio_truncate(path, size);
}

int ftpd_chmod(struct ftpd *h, const char *path, mode_t mode) {
  (void) h;
  return pr_fsio_chmod(path, mode);
}

int ftpd_chown(struct ftpd *h, const char *path, uid_t uid, gid_t gid) {
  (void) h;
  return pr_fsio_chown(path, uid, gid);
}

int ftpd_lchown(struct ftpd *h, const char *path, uid_t uid, gid_t gid) {
  (void) h;
  return pr_fsio_lchown(path, uid, gid);
}

/* FSIO knows microseconds and both times at once only. */
static int whole_times(const struct timespec ts[2], struct timeval tv[2]) {
  unsigned int i;

  for (i = 0; i < 2; i++) {
    if (ts[i].tv_nsec == UTIME_OMIT || ts[i].tv_nsec == UTIME_NOW) {
      return -1;
    }

    tv[i].tv_sec = ts[i].tv_sec;
    tv[i].tv_usec = ts[i].tv_nsec / 1000;
  }

  return 0;
}

/* Puts the file's own times where ts says to leave them. */
static void fill_times(const struct stat *st, struct timespec ts[2]) {
  if (ts[0].tv_nsec == UTIME_OMIT) {
    ts[0] = st->st_atim;
  }

  if (ts[1].tv_nsec == UTIME_OMIT) {
    ts[1] = st->st_mtim;
  }

  if (ts[0].tv_nsec == UTIME_NOW) {
    (void) clock_gettime(CLOCK_REALTIME, &ts[0]);
  }

  if (ts[1].tv_nsec == UTIME_NOW) {
    (void) clock_gettime(CLOCK_REALTIME, &ts[1]);
  }
}

int ftpd_utimes(struct ftpd *h, const char *path, const struct timespec ts[2],
    bool follow) {
  struct timespec set[2] = { ts[0], ts[1] };
  struct timeval tv[2];
  struct stat st;

  if ((follow ? ftpd_stat(h, path, &st) : ftpd_lstat(h, path, &st)) < 0) {
    return -1;
  }

  fill_times(&st, set);
  if (!follow && S_ISLNK(st.st_mode)) {
    if (!FTPD_FS_PLAIN(fs_of(path), utimes)) {
      errno = ENOSYS;
      return -1;
    }

    return utimensat(AT_FDCWD, path, set, AT_SYMLINK_NOFOLLOW);
  }

  if (whole_times(set, tv) < 0) {
    errno = EINVAL;
    return -1;
  }

  return pr_fsio_utimes(path, tv);
}

int ftpd_futimes(struct ftpd_file *f, const struct timespec ts[2]) {
  struct timespec set[2] = { ts[0], ts[1] };
  struct timeval tv[2];
  struct stat st;

  if (ftpd_fstat(f, &st) < 0) {
    return -1;
  }

  fill_times(&st, set);
  if (whole_times(set, tv) < 0) {
    errno = EINVAL;
    return -1;
  }

  return pr_fsio_futimes(f->fh, tv);
}

int ftpd_mkdir(struct ftpd_op *op, const char *path, mode_t mode) {
  mode_t mask;
  int res;

  /* The umask of the folder is in force since ftpd_permit(). */
  res = pr_fsio_smkdir(op->pool, path, mode & 01777, session.fsuid,
    session.fsgid);
  if (res == 0 && (mode & 07000) != 0) {
    mask = umask(0);
    (void) umask(mask);
    (void) pr_fsio_chmod(path, mode & 07777 & ~mask);
  }

  return res;
}

int ftpd_rmdir(struct ftpd *h, const char *path) {
  (void) h;
  return pr_fsio_rmdir(path);
}

int ftpd_unlink(struct ftpd_op *op, const char *path) {
  struct op_state *state = ftpd_op_state(op);
  struct stat st;

  if (ftpd_lstat(op->ftpd, path, &st) < 0) {
    return -1;
  }

  if (S_ISDIR(st.st_mode)) {
    errno = EISDIR;
    return -1;
  }

  if (pr_fsio_unlink(path) < 0) {
    return -1;
  }

  state->removed = true;
  state->size = st.st_size;
  state->path = path;
  return 0;
}

int ftpd_link(struct ftpd *h, const char *from, const char *to) {
  (void) h;
  return pr_fsio_link(from, to);
}

int ftpd_symlink(struct ftpd *h, const char *target, const char *path) {
  (void) h;
  return pr_fsio_symlink(target, path);
}

/* ---- The session's own */

bool ftpd_times_gmt(struct ftpd *h) {
  unsigned char *gmt = get_param_ptr(h->server->conf, "TimesGMT", FALSE);

  return gmt == NULL || *gmt == TRUE;
}

const char *ftpd_user(struct ftpd *h) {
  return session.user != NULL ? session.user : h->user;
}

const char *ftpd_home(struct ftpd *h, pool *p, const char *user) {
  struct passwd *pw;
  const char *home;
  size_t n;

  /* Other users' homes are nobody's business. */
  if (*user != '\0' && strcmp(user, ftpd_user(h)) != 0) {
    errno = EACCES;
    return NULL;
  }

  pw = pr_auth_getpwnam(p, ftpd_user(h));
  if (pw == NULL || pw->pw_dir == NULL) {
    return pstrdup(p, ftpd_cwd(h));
  }

  home = pw->pw_dir;
  if (session.chroot_path != NULL) {
    n = strlen(session.chroot_path);
    if (strncmp(home, session.chroot_path, n) == 0 &&
        (home[n] == '/' || home[n] == '\0')) {
      home += n;

    } else if (n > 1) {
      return pstrdup(p, ftpd_cwd(h));
    }
  }

  return ftpd_canon(h, p, *home != '\0' ? home : "/");
}

static unsigned int max_handles(void) {
  struct rlimit lim;

  if (getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_cur == RLIM_INFINITY ||
      lim.rlim_cur > MAX_HANDLES + 16) {
    return MAX_HANDLES;
  }

  return lim.rlim_cur > 24 ? (unsigned int) lim.rlim_cur - 16 : 8;
}

unsigned int ftpd_max_handles(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->max_open == 0) {
    s->max_open = max_handles();
  }

  return s->max_open;
}

/* Where the last slash before the first wildcard is in what a pattern
 * matches: up to there the client knows the name already.
 */
static size_t known_of(const char *pattern) {
  size_t known = 0, len = 0;

  for (; *pattern != '\0' && strchr("*?[{", *pattern) == NULL; pattern++) {
    if (*pattern == '\\' && pattern[1] != '\0') {
      pattern++;
    }

    if (*pattern == '/') {
      known = len;
    }

    len++;
  }

  return known;
}

const char **ftpd_glob(struct ftpd *h, pool *p, const char *pattern) {
  unsigned char *use = get_param_ptr(CURRENT_CONF, "UseGlobbing", FALSE);
  const char **paths, *full, *brace;
  unsigned int nbraces = 0;
  glob_t g;
  size_t i, n = 0;
  int res;

  /* Each brace multiplies the patterns. */
  for (brace = pattern; (brace = strchr(brace, '{')) != NULL; brace++) {
    nbraces++;
  }

  if (nbraces > MAX_BRACES || strlen(pattern) > PATH_MAX) {
    errno = E2BIG;
    return NULL;
  }

  full = *pattern == '/' ? pattern : join(p, ftpd_cwd(h), pattern);
  if (use != NULL && *use == FALSE) {
    paths = pcalloc(p, 2 * sizeof(*paths));
    paths[0] = full;
    return paths;
  }

  memset(&g, 0, sizeof(g));
  res = pr_fs_glob(full, GLOB_BRACE, NULL, &g);
  if (res != 0) {
    pr_fs_globfree(&g);
    paths = pcalloc(p, sizeof(*paths));
    errno = res == GLOB_NOMATCH ? ENOENT : res == GLOB_NOSPACE ? ENOMEM : EIO;
    return paths;
  }

  paths = pcalloc(p, (g.gl_pathc + 1) * sizeof(*paths));
  for (i = 0; i < g.gl_pathc; i++) {
    if (ftpd_is_listed(h, p, g.gl_pathv[i], known_of(full))) {
      paths[n++] = pstrdup(p, g.gl_pathv[i]);
    }
  }

  pr_fs_globfree(&g);
  return paths;
}
