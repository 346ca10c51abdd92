/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-ownership.c -- changes of owners: with the user's own rights, or by
 * UserOwner and GroupOwner.
 */

#include "ftpd-held.h"
#include "ftpd-ownership.h"
#include "ftpd-path.h"
#include "ftpd-privs.h"

#include <fcntl.h>
#include <grp.h>

/* ---- By the user's own right */

int ftpd_may_chown(const struct stat *now, uid_t uid, gid_t gid) {
  bool same_uid = uid == (uid_t) -1 || uid == now->st_uid;
  bool same_gid = gid == (gid_t) -1 || gid == now->st_gid;

  if (geteuid() == PR_ROOT_UID || (same_uid && (same_gid ||
      (now->st_uid == geteuid() && group_member(gid))))) {
    return 0;
  }

  errno = EPERM;
  return -1;
}

/* ---- By UserOwner and GroupOwner */

static bool has_owner(void) {
  return session.fsuid != (uid_t) -1 || session.fsgid != (gid_t) -1;
}

/* The change needs privileges, unless it is to one of the user's groups. */
static bool takes_privileges(void) {
  return session.fsuid != (uid_t) -1 || !group_member(session.fsgid);
}

static void tell_failure(const char *path) {
  sftp_log("unable to give '%s' to its UserOwner or GroupOwner: %s", path,
    strerror(errno));
}

void ftpd_give_away(pool *p, pr_fh_t *fh, const char *path) {
  struct stat st;
  bool root;
  int res;

  (void) p;
  if (!has_owner() || pr_fsio_fstat(fh, &st) < 0) {
    return;
  }

  root = takes_privileges();
  if (root) {
    ftpd_privs_chown_begin();
  }

  res = pr_fsio_fchown(fh, session.fsuid, session.fsgid);
  if (root) {
    ftpd_privs_chown_end();
  }

  if (res < 0) {
    tell_failure(path);

  } else if ((st.st_mode & 07000) != 0) {
    /* chown removed them.  Setting them again with privileges would let a user
     * create a program that runs as another user.
     */
    (void) pr_fsio_fchmod(fh, st.st_mode & 07777);
  }
}

/* By descriptor: the name may refer to another file by now. */
static int give_plain(const char *path, bool root) {
  int fd = FTPD_HELD(path, open(ftpd_held_name(path), O_PATH|O_DIRECTORY|
    O_NOFOLLOW|O_CLOEXEC));
  int res = -1, xerrno = EPERM;
  struct stat st;

  if (fd < 0 || fstat(fd, &st) < 0) {
    xerrno = errno;

  } else if (st.st_uid == geteuid()) {
    if (root) {
      ftpd_privs_chown_begin();
    }

    res = fchownat(fd, "", session.fsuid, session.fsgid, AT_EMPTY_PATH);
    xerrno = errno;
    if (root) {
      ftpd_privs_chown_end();
    }
  }

  if (fd >= 0) {
    (void) close(fd);
  }

  pr_fs_clear_cache2(path);
  errno = xerrno;
  return res;
}

static int give_by_name(const char *path, bool root) {
  int res;

  if (root) {
    ftpd_privs_chown_begin();
  }

  res = pr_fsio_lchown(path, session.fsuid, session.fsgid);
  if (root) {
    ftpd_privs_chown_end();
  }

  return res;
}

void ftpd_give_away_dir(const char *path) {
  bool root;

  if (!has_owner()) {
    return;
  }

  root = takes_privileges();
  if ((FTPD_HOLDABLE(path, lchown) ? give_plain(path, root) :
      give_by_name(path, root)) < 0) {
    tell_failure(path);
  }
}
