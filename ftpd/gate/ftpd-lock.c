/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-lock.c -- locks of SFTP clients on bytes of files, which transfers of
 * FTP and SCP respect.
 *
 * They are the system's locks of an open file description: other programs see
 * them, and closing the file ends them.  Transfers mark the files they use by
 * locks on bytes that no file has: one shared by all readers, and a separate
 * one for each writer, so that transfers do not hinder each other.  A transfer
 * marks the file and then checks for locks; a client locks and then checks for
 * marks: one of the two sees the other.
 */

#include "ftpd-conf.h"
#include "ftpd-digest-receipt.h"
#include "ftpd-files.h"
#include "ftpd-hidden.h"
#include "ftpd-locks.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"

#include "ftpd-io.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define SPACE           FTPD_LOCK_SPACE
#define READ_MARK       SPACE
#define WRITE_MARKS     (SPACE + 1)
#define WRITE_MARKS_LEN ((off_t) 1 << 32)
#define LOCKS_MAX       1024

struct ftpd_range {
  struct ftpd_range *next;
  off_t offset, len;
};

bool ftpd_lock_is_local(int fd) {
  static const uint32_t remote[] = { NFS_SUPER_MAGIC, SMB_SUPER_MAGIC,
    CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, AFS_SUPER_MAGIC, AFS_FS_MAGIC,
    CEPH_SUPER_MAGIC, CODA_SUPER_MAGIC, OCFS2_SUPER_MAGIC, V9FS_MAGIC };
  struct statfs fs;
  size_t i;

  if (fstatfs(fd, &fs) < 0) {
    return false;
  }

  for (i = 0; i < SFTP_NELEMS(remote); i++) {
    if ((uint32_t) fs.f_type == remote[i]) {
      return false;
    }
  }

  return true;
}

static int set_lock(int fd, short type, off_t offset, off_t len) {
  struct flock fl = { .l_type = type, .l_whence = SEEK_SET,
    .l_start = offset, .l_len = len };

  return fcntl(fd, F_OFD_SETLK, &fl);
}

/* Whether somebody else's lock prevents this one.  If the system has no locks
 * at all, nobody can have one; if it cannot tell, the bytes count as locked.
 */
static bool is_taken(int fd, short type, off_t offset, off_t len) {
  struct flock fl = { .l_type = type, .l_whence = SEEK_SET,
    .l_start = offset, .l_len = len };
  int res;

  do {
    res = fcntl(fd, F_OFD_GETLK, &fl);
  } while (res < 0 && errno == EINTR);

  if (res < 0) {
    return errno != EINVAL && errno != ENOLCK && errno != ENOSYS &&
      errno != EOPNOTSUPP;
  }

  return fl.l_type != F_UNLCK;
}

/* ---- Locks of clients */

static bool overlaps(const struct ftpd_range *r, off_t offset, off_t len) {
  return offset < r->offset + r->len && r->offset < offset + len;
}

/* Converts the range; false if it is too large for locks. */
static bool clip(off_t offset, off_t *len) {
  if (offset < 0 || *len < 0 || offset >= SPACE) {
    errno = EINVAL;
    return false;
  }

  if (*len == 0 || *len > SPACE - offset) {
    *len = SPACE - offset;
  }

  return true;
}

/* Refuses to lock bytes twice through one file: the system would merge the
 * locks, and the first UNBLOCK would release both.
 */
static bool is_free(const struct ftpd_file *f, off_t offset, off_t len) {
  const struct ftpd_range *r;
  unsigned int n = 0;

  for (r = f->locks; r != NULL; r = r->next) {
    if (overlaps(r, offset, len) || ++n >= LOCKS_MAX) {
      errno = EAGAIN;
      return false;
    }
  }

  return true;
}

bool ftpd_lock_transfers(int fd, bool reads, bool writes) {
  return (writes && is_taken(fd, F_WRLCK, WRITE_MARKS, WRITE_MARKS_LEN)) ||
    (reads && is_taken(fd, F_WRLCK, READ_MARK, 1));
}

int ftpd_lock(struct ftpd_file *f, off_t offset, off_t len, bool exclusive) {
  struct ftpd_range *r;

  if (!clip(offset, &len) || !is_free(f, offset, len)) {
    return -1;
  }

  if (set_lock(f->fd, exclusive ? F_WRLCK : F_RDLCK, offset, len) < 0) {
    return -1;
  }

  if (ftpd_lock_transfers(f->fd, exclusive, true)) {
    (void) set_lock(f->fd, F_UNLCK, offset, len);
    errno = EAGAIN;
    return -1;
  }

  r = f->spare_locks;
  if (r != NULL) {
    f->spare_locks = r->next;

  } else {
    r = palloc(f->pool, sizeof(*r));
  }

  r->offset = offset;
  r->len = len;
  r->next = f->locks;
  f->locks = r;
  return 0;
}

int ftpd_unlock(struct ftpd_file *f, off_t offset, off_t len) {
  struct ftpd_range **rp = &f->locks, *r;

  if (!clip(offset, &len)) {
    return -1;
  }

  while (*rp != NULL && ((*rp)->offset != offset || (*rp)->len != len)) {
    rp = &(*rp)->next;
  }

  r = *rp;
  if (r == NULL) {
    errno = ENOENT;
    return -1;
  }

  *rp = r->next;
  r->next = f->spare_locks;
  f->spare_locks = r;
  return set_lock(f->fd, F_UNLCK, offset, len);
}

/* ---- Locks of transfers */

static void drop_mark(void *data) {
  (void) close((int) (intptr_t) data);
}

/* A session of SFTP that writes the file meanwhile finds that its own mark, for
 * SFTPTransferDigest, is gone.
 */
static void drop_upload(void *data) {
  ftpd_receipt_drop((int) (intptr_t) data);
  drop_mark(data);
}

extern xaset_t *server_list;

/* There can only be locks if this daemon serves SFTP. */
static bool is_served(void) {
  static signed char served = -1;
  server_rec *s;

  if (served < 0) {
    served = 0;
    for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
      if (ftpd_conf_engine(s)) {
        served = 1;
      }
    }
  }

  return served == 1;
}

/* The path of the transfer's file, or NULL if it is unknown. */
static const char *file_of(cmd_rec *cmd) {
  struct ftpd *h = ftpd_current();
  struct stat st;
  const char *path;

  if (cmd->arg == NULL || *cmd->arg == '\0' || !is_served()) {
    return NULL;
  }

  if (h != NULL) {
    struct ftpd_op *op = ftpd_files_of(h)->op;

    /* SFTP may lock bytes, or the whole file at OPEN. */
    if (op == NULL || (op->req != FTPD_SCP_RECV &&
        op->req != FTPD_SCP_SEND)) {
      return NULL;
    }

    path = cmd->arg;

  } else {
    path = dir_best_path(cmd->tmp_pool, pr_fs_decode_path(cmd->tmp_pool,
      cmd->arg));
  }

  if (path == NULL || !FTPD_FS_PLAIN(pr_get_fs(path, NULL), open) ||
      stat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
    return NULL;
  }

  return path;
}

static modret_t *keep_away(cmd_rec *cmd, bool writes) {
  const char *path = file_of(cmd);
  off_t from = session.restart_pos;
  int fd;

  if (path == NULL) {
    return PR_DECLINED(cmd);
  }

  fd = open(path, (writes ? O_WRONLY : O_RDONLY)|O_NONBLOCK|O_NOCTTY|
    O_CLOEXEC);
  if (fd < 0) {
    return PR_DECLINED(cmd);
  }

  if (!ftpd_lock_is_local(fd)) {
    (void) close(fd);
    return PR_DECLINED(cmd);
  }

  (void) set_lock(fd, writes ? F_WRLCK : F_RDLCK, writes ? WRITE_MARKS +
    (off_t) getpid() : READ_MARK, 1);
  if (is_taken(fd, writes ? F_WRLCK : F_RDLCK, from, SPACE - from) ||
      ftpd_open_lock_kept(fd, writes ? FTPD_USE_WRITE : FTPD_USE_READ)) {
    (void) close(fd);
    pr_log_debug(DEBUG2, MOD_SFTP_VERSION ": '%s' is locked by another"
      " session", path);
    pr_response_add_err(R_450, "%s: %s", cmd->arg,
      "Locked by another session");
    pr_cmd_set_errno(cmd, EBUSY);
    errno = EBUSY;
    return PR_ERROR(cmd);
  }

  /* The mark lasts as long as the command. */
  if (writes && ftpd_current() == NULL) {
    ftpd_receipt_drop(fd);
  }

  register_cleanup2(cmd->pool, (void *) (intptr_t) fd, writes &&
    ftpd_current() == NULL ? drop_upload : drop_mark);
  return PR_DECLINED(cmd);
}

modret_t *ftpd_lock_pre_read(cmd_rec *cmd) {
  return keep_away(cmd, false);
}

modret_t *ftpd_lock_pre_write(cmd_rec *cmd) {
  if (ftpd_current() == NULL && cmd->arg != NULL && *cmd->arg != '\0' &&
      strcmp(cmd->argv[0], C_STOR) == 0 && is_served()) {
    ftpd_hidden_pre(cmd);
  }

  return keep_away(cmd, true);
}
