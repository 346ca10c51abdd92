/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-dir.c -- listings.
 *
 * Everything that applies to all entries (who may list, the values of DirFake*,
 * whether any rule could hide or deny one) is determined when the directory is
 * opened.  Where FSIO would only make the system call, this uses readdir, and
 * fstatat on the directory's descriptor.
 */

#include "ftpd-clock.h"
#include "ftpd-cmd.h"
#include "ftpd-fake.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-limit.h"
#include "ftpd-listing.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-phase.h"
#include "ftpd-request.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-transfer.h"

#include "ftpd-attrs.h"
#include "ftpd-io.h"
#include "ftpd-tree.h"
#include "path.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

/* The pool for checks of entries is emptied after this many. */
#define SCRATCH_ENTRIES 64

/* Hidden entries that one call skips. */
#define HIDDEN_MAX 256

/* <Limit> of listings, for a directory and for each of its entries. */
static int ask_list(struct ftpd *h, pool *p, const char *path,
    struct limit_answer *answer) {
  return ftpd_limit_ask(h, p, &sftp_rules[FTPD_READDIR].first, SFTP_EFF_LIST,
    path, answer);
}

static DIR *open_held(const char *path) {
  int fd = open(ftpd_held_name(path), O_RDONLY|O_DIRECTORY|O_NOFOLLOW|
    O_NONBLOCK|O_CLOEXEC), xerrno;
  DIR *dirh = fd >= 0 ? fdopendir(fd) : NULL;

  if (dirh == NULL && fd >= 0) {
    xerrno = errno;
    (void) close(fd);
    errno = xerrno;
  }

  return dirh;
}

/* Whether FSIO would list what the system lists, and nothing else. */
static bool is_direct(const char *path) {
  pr_fs_t *fs = ftpd_fs_of_dir(path);

  return ftpd_vroot_serves_dir(path) ? !ftpd_vroot_shows_alias(path) :
    FTPD_FS_PLAIN(fs, opendir) && FTPD_FS_PLAIN(fs, readdir) &&
    FTPD_FS_PLAIN(fs, lstat);
}

static int open_handle(struct ftpd_dir *d) {
  d->direct = is_direct(d->path);
  if (ftpd_hold(d->path) < 0) {
    return -1;
  }

  d->dirh = d->direct ? (void *) open_held(d->path) :
    pr_fsio_opendir(d->path);
  (void) ftpd_let_go(0);
  if (d->dirh == NULL) {
    return -1;
  }

  d->fd = d->direct ? dirfd((DIR *) d->dirh) : -1;
  return 0;
}

struct ftpd_dir *ftpd_opendir(struct ftpd_op *op, const char *path) {
  struct op_state *state = op->state;
  struct ftpd_dir *d;
  pool *p;

  if (op->req == FTPD_OPENDIR && (state == NULL || state->equivalent == NULL ||
      state->handed)) {
    errno = EINVAL;             /* never permitted */
    return NULL;
  }

  if (ftpd_files_of(op->ftpd)->nopen >= ftpd_max_handles(op->ftpd)) {
    errno = EMFILE;
    return NULL;
  }

  /* The directory takes over the MLSD's pool when it is open. */
  p = op->req == FTPD_OPENDIR ? state->pool :
    make_sub_pool(ftpd_files_of(op->ftpd)->pool);
  d = pcalloc(p, sizeof(*d));
  d->h = op->ftpd;
  d->pool = p;
  d->path = pstrdup(p, path);
  if (open_handle(d) < 0) {
    int xerrno = errno;

    sftp_log("error opening directory '%s': %s", path, strerror(xerrno));
    if (op->req != FTPD_OPENDIR) {
      destroy_pool(p);
    }

    errno = xerrno;
    return NULL;
  }

  d->denied = ftpd_limit(op, &sftp_rules[FTPD_READDIR].first, SFTP_EFF_LIST,
    path) < 0;
  ftpd_fake_of(op->ftpd, path, &d->fake);

  /* Checked as an entry of the directory; subdirectories are checked one by
   * one.
   */
  ftpd_limit_learn(op->ftpd, sftp_path_join(op->pool, path, "."), d->fd);
  d->links = ftpd_shows_links(op->ftpd);
  d->begun_us = sftp_now_us();
  if (op->req == FTPD_OPENDIR) {
    d->cmd = state->equivalent;
    state->handed = true;
  }

  ftpd_files_of(op->ftpd)->nopen++;
  ftpd_stalled_hold(op->ftpd);
  ftpd_tick(op->ftpd);
  ftpd_xfer_end();
  return d;
}

const char *ftpd_dir_path(const struct ftpd_dir *d) {
  return d->path;
}

static const char *entry_path(struct ftpd_dir *d, const char *name) {
  if (d->scratch == NULL || d->count % SCRATCH_ENTRIES == 0) {
    if (d->scratch != NULL) {
      destroy_pool(d->scratch);
    }

    d->scratch = make_sub_pool(d->pool);
  }

  d->count++;
  return sftp_path_join(d->scratch, d->path, name);
}

/* "." and "..": no rule applies to them, but Hide* may hide them, by name or
 * owner, as in FTP.
 */
static bool is_dot_visible(struct ftpd_dir *d, const char *name) {
  struct limit_answer a;
  const char *path;

  if (ftpd_limit_quiet_dir(d->h, FTPD_READDIR, d->path)) {
    return true;
  }

  path = entry_path(d, name);
  (void) ask_list(d->h, d->scratch, path, &a);
  return !a.hidden;
}

/* Whether <Limit> and the Hide* directives let the entry be seen. */
static bool is_visible(struct ftpd_dir *d, const char *name,
    const struct stat *st) {
  const char *path;
  struct limit_answer a;
  int res;

  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
    return is_dot_visible(d, name);
  }

  if (!S_ISDIR(st->st_mode) && ftpd_limit_quiet_dir(d->h, FTPD_READDIR,
      d->path)) {
    return true;
  }

  path = entry_path(d, name);
  res = ask_list(d->h, d->scratch, path, &a);
  if (res == 0 && !S_ISDIR(st->st_mode)) {
    ftpd_limit_learn(d->h, path, d->fd);
  }

  return res == 0 && !a.hidden;
}

/* For a link that is not shown as one: its target, if that is visible. */
static int stat_target(struct ftpd_dir *d, const char *name,
    struct stat *st) {
  const char *path = entry_path(d, name);
  struct limit_answer a;

  path = ftpd_resolve(d->h, d->scratch, path, true);
  return ask_list(d->h, d->scratch, path, &a) < 0 || a.hidden ? -1 :
    ftpd_stat(d->h, path, st);
}

static int stat_entry(struct ftpd_dir *d, const char *name,
    struct stat *st) {
  int res = d->direct ? fstatat(d->fd, name, st, AT_SYMLINK_NOFOLLOW) :
    ftpd_lstat(d->h, entry_path(d, name), st);

  return res == 0 && S_ISLNK(st->st_mode) && !d->links ?
    stat_target(d, name, st) : res;
}

int ftpd_readdir(struct ftpd_dir *d, const char **name, struct stat *st) {
  struct dirent *dent;
  unsigned int n;

  if (d->denied) {
    return 0;
  }

  ftpd_tick(d->h);
  for (n = 0; n < HIDDEN_MAX; n++) {
    errno = 0;
    dent = d->direct ? readdir((DIR *) d->dirh) : pr_fsio_readdir(d->dirh);
    if (dent == NULL) {
      return errno != 0 ? -1 : 0;
    }

    if (stat_entry(d, dent->d_name, st) < 0 ||
        !is_visible(d, dent->d_name, st)) {
      continue;
    }

    ftpd_fake_apply(&d->fake, st);
    *name = dent->d_name;
    return 1;
  }

  return 2;
}

int ftpd_closedir(struct ftpd_op *op, struct ftpd_dir *d) {
  void *dirh = d->dirh;
  int res, xerrno;

  /* A signal, a timeout or another module ends the session meanwhile. */
  if (dirh == NULL) {
    errno = EBADF;
    return -1;
  }

  d->dirh = NULL;
  res = d->direct ? closedir((DIR *) dirh) : pr_fsio_closedir(dirh);
  xerrno = errno;
  if (d->cmd != NULL) {
    ftpd_xfer_begin(d->path, PR_NETIO_IO_WR);
    session.xfer.start_time = ftpd_clock_at(d->begun_us);
    ftpd_phase_end(d->cmd, res == 0, res == 0 ? R_226 : R_451, res == 0 ?
      "Transfer complete" : strerror(xerrno));
    ftpd_xfer_end();
  }

  if (op != NULL && op->req == FTPD_CLOSE &&
      ftpd_phase_needed(op->ftpd, FTPD_CLOSE, res == 0 ? PHASE_OK :
        PHASE_ERR)) {
    ftpd_op_state(op)->own = ftpd_cmd(op->pool, "CLOSE", op->arg,
      CL_SFTP, FALSE);
  }

  ftpd_stalled_release(d->h);
  d->h->files->nopen--;
  destroy_pool(d->pool);
  errno = xerrno;
  return res;
}

/* Whether one name of a path, up to `end', is visible in its directory. */
static bool is_name_listed(struct ftpd *h, pool *p, const char *path,
    size_t end) {
  const char *whole = pstrndup(p, path, end), *name = strrchr(whole, '/') + 1;
  struct limit_answer a;
  const char *dir, *real;
  struct stat st;

  if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
    return true;
  }

  dir = ftpd_canon(h, p, pstrndup(p, whole, (size_t) (name - whole)));
  if (ask_list(h, p, dir, &a) < 0 ||
      ask_list(h, p, sftp_path_join(p, dir, name), &a) < 0 || a.hidden) {
    return false;
  }

  /* The target of links: a name is shown if it exists, not if it was found. */
  real = ftpd_resolve(h, p, dir, true);
  if (strcmp(real, dir) != 0 && (ask_list(h, p, real, &a) < 0 ||
      ask_list(h, p, sftp_path_join(p, real, name), &a) < 0 || a.hidden)) {
    return false;
  }

  return ftpd_lstat(h, sftp_path_join(p, real, name), &st) == 0;
}

bool ftpd_is_listed(struct ftpd *h, pool *parent, const char *path,
    size_t known) {
  pool *p = make_sub_pool(parent);
  bool listed = true;
  size_t end = known;

  while (listed && path[end] != '\0') {
    end += 1 + strcspn(path + end + 1, "/");
    listed = is_name_listed(h, p, path, end);
  }

  destroy_pool(p);
  return listed;
}
