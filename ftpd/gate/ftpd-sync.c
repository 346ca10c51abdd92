/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-sync.c -- SFTPUploadSync: an upload is on disk before its client hears
 * that it is done.
 */

#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-sync.h"

#include "ftpd-lines.h"

/* The server of a session stays the same. */
static bool is_wanted(void) {
  static bool looked, wanted;
  const int *on;

  if (!looked) {
    on = get_param_ptr(main_server->conf, "SFTPUploadSync", FALSE);
    wanted = on != NULL && *on != 0;
    looked = true;
  }

  return wanted;
}

static int told(const struct ftpd_file *f, int res) {
  int xerrno = errno;

  if (res < 0) {
    sftp_log("SFTPUploadSync: unable to bring '%s' to disk: %s", f->path,
      strerror(xerrno));
  }

  errno = xerrno;
  return res;
}

int ftpd_sync_data(const struct ftpd_file *f, bool complete,
    struct ftpd_sync *s) {
  s->fd = -1;
  if (!complete || !f->wr || !is_wanted()) {
    return 0;
  }

  if (f->made || f->hidden != NULL) {
    s->fd = fcntl(f->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (s->fd < 0) {
      return told(f, -1);
    }
  }

  return told(f, pr_fsio_fsync(f->fh));
}

/* The directory that holds the file; the process stands in it. */
static int sync_here(void) {
  int fd = open(".", O_RDONLY|O_DIRECTORY|O_CLOEXEC), res, xerrno;

  if (fd < 0) {
    return -1;
  }

  res = fsync(fd);
  xerrno = errno;
  (void) close(fd);
  errno = xerrno;
  return res;
}

/* Who knows where it is now, when it was renamed meanwhile? */
static bool is_there(const struct ftpd_file *f, int fd) {
  struct stat is, st;

  return fstat(fd, &is) == 0 && ftpd_look(f->h, f->path, &st) == 0 &&
    is.st_dev == st.st_dev && is.st_ino == st.st_ino;
}

/* Users may not read every directory in which they may write, and not every
 * file system knows how to write one: then all of the file system is written.
 */
static int sync_name(const struct ftpd_file *f, int fd) {
  if (FTPD_HOLDABLE(f->path, open) && is_there(f, fd) &&
      FTPD_HELD(f->path, sync_here()) == 0) {
    return 0;
  }

  return syncfs(fd);
}

int ftpd_sync_end(const struct ftpd_file *f, bool good, struct ftpd_sync *s) {
  int res = 0, xerrno;

  if (s->fd < 0) {
    return 0;
  }

  if (good) {
    res = told(f, sync_name(f, s->fd));
  }

  xerrno = errno;
  (void) close(s->fd);
  s->fd = -1;
  errno = xerrno;
  return res;
}
