/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-hidden.c -- HiddenStores: temporary files of killed sessions.
 *
 * mod_xfer refuses an upload whose temporary file exists.  The system knows
 * whether a running session is writing it: each FTP or SFTP session locks the
 * name that it uploads to, on a byte of a file that the master created in
 * memory and that nobody else can reach.  The lock ends with the process, in
 * every case, and no other process inherits it.  The offset of the byte is a
 * keyed hash of directory and name, so that nobody can find two names for one
 * offset.
 */

#include "ftpd-conf.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-hidden.h"
#include "ftpd-locks.h"
#include "ftpd-path.h"
#include "ftpd-quota.h"

#include "ftpd-attrs.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>

/* Tells the next instance of this module in the master where the file is:
 * descriptor and inode.
 */
#define MARKS_ENV "MOD_SFTP_UPLOADS"

/* It begins with the key of the hash. */
static int marks = -1;

/* ---- Names that are taken */

static int old_marks(void) {
  const char *text = getenv(MARKS_ENV);
  unsigned long long ino = 0;
  struct stat st;
  int fd = -1;

  return text != NULL && sscanf(text, "%d:%llu", &fd, &ino) == 2 &&
    fcntl(fd, F_GET_SEALS) >= 0 && fstat(fd, &st) == 0 && st.st_ino == ino &&
    st.st_size == crypto_shorthash_KEYBYTES ? fd : -1;
}

static int new_marks(void) {
  unsigned char key[crypto_shorthash_KEYBYTES];
  int fd = memfd_create("mod_sftp uploads", MFD_CLOEXEC), high;

  if (fd < 0) {
    return -1;
  }

  /* A descriptor that daemons do not close. */
  high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
  (void) close(fd);
  sftp_random(key, sizeof(key));
  if (high >= 0 && pwrite(high, key, sizeof(key), 0) !=
      (ssize_t) sizeof(key)) {
    (void) close(high);
    high = -1;
  }

  sodium_memzero(key, sizeof(key));
  return high;
}

void ftpd_hidden_init(void) {
  struct stat st;
  char text[64];

  /* There is no common master of all sessions. */
  if (ServerType == SERVER_INETD) {
    return;
  }

  if (marks < 0) {
    marks = old_marks();
  }

  if (marks < 0) {
    marks = new_marks();
  }

  if (marks >= 0 && fstat(marks, &st) == 0) {
    snprintf(text, sizeof(text), "%d:%llu", marks,
      (unsigned long long) st.st_ino);
    (void) setenv(MARKS_ENV, text, 1);
  }
}

/* The offset of the mark of a path; -1 with errno. */
static off_t place_of(pool *p, const char *path) {
  unsigned char key[crypto_shorthash_KEYBYTES], hash[crypto_shorthash_BYTES];
  const char *base = strrchr(path, '/');
  uint64_t place = 0;
  size_t i, len;
  struct stat st;
  char *text;

  if (marks < 0 || pread(marks, key, sizeof(key), 0) !=
      (ssize_t) sizeof(key)) {
    errno = ENOTSUP;
    return -1;
  }

  if (base == NULL || pr_fsio_stat(base == path ? "/" :
      pstrndup(p, path, (size_t) (base - path)), &st) < 0) {
    return -1;
  }

  len = strlen(base) + 48;
  text = palloc(p, len);
  len = (size_t) snprintf(text, len, "%llx:%llx%s",
    (unsigned long long) st.st_dev, (unsigned long long) st.st_ino, base);
  crypto_shorthash(hash, (const unsigned char *) text, len, key);
  sodium_memzero(key, sizeof(key));
  for (i = 0; i < sizeof(hash); i++) {
    place = place << 8 | hash[i];
  }

  /* 0 means none, and the highest bit is needed for lengths. */
  return (off_t) (place >> 2) + 1;
}

static int set_mark(off_t mark, short type) {
  struct flock fl = { .l_type = type, .l_whence = SEEK_SET,
    .l_start = mark, .l_len = 1 };

  return fcntl(marks, F_SETLK, &fl);
}

void ftpd_hidden_free(off_t mark) {
  int xerrno = errno;

  if (mark > 0 && marks >= 0) {
    (void) set_mark(mark, F_UNLCK);
  }

  errno = xerrno;
}

/* ---- Refusals */

static int refuse_upload(struct ftpd_op *op, const char *hidden,
    const char *why, int xerrno) {
  sftp_log("upload refused: '%s' %s", hidden, why);
  ftpd_refuse(op, "'%s' %s", strrchr(hidden, '/') + 1, why);
  errno = xerrno;
  return -1;
}

static int refuse_used(struct ftpd_op *op, const char *hidden, bool ours) {
  return refuse_upload(op, hidden, ours ?
    "is a file that this session is already uploading" :
    "is a file that another session is uploading", EAGAIN);
}

/* Two locks of one process on the same byte are one lock. */
static bool is_ours(struct ftpd_op *op, const char *hidden) {
  const struct ftpd_file *f;

  for (f = ftpd_files_of(op->ftpd)->open; f != NULL; f = f->next) {
    if (f->hidden != NULL && strcmp(f->hidden, hidden) == 0) {
      return true;
    }
  }

  return false;
}

/* If names cannot be locked, everything is as in FTP. */
int ftpd_hidden_take(struct ftpd_op *op, const char *hidden) {
  struct op_state *state = ftpd_op_state(op);
  off_t mark;

  if (state->mark > 0) {
    return 0;
  }

  mark = place_of(op->pool, hidden);
  if (mark < 0) {
    return 0;
  }

  if (is_ours(op, hidden)) {
    return refuse_used(op, hidden, true);
  }

  if (set_mark(mark, F_WRLCK) < 0) {
    return refuse_used(op, hidden, false);
  }

  state->mark = mark;
  return 0;
}

/* ---- What is left */

/* mod_xfer's name for the temporary file of path, by a configuration, or NULL.
 */
static const char *hidden_of(pool *p, xaset_t *set, const char *path) {
  config_rec *c = find_config(set, CONF_PARAM, "HiddenStores", FALSE);
  const char *base = strrchr(path, '/'), *prefix, *suffix;
  char pid[24];

  if (c == NULL || c->argc < 3 || *((int *) c->argv[0]) != TRUE ||
      base == NULL) {
    return NULL;
  }

  snprintf(pid, sizeof(pid), "%lu", (unsigned long) session.pid);
  prefix = sreplace(p, c->argv[1], "%P", pid, NULL);
  suffix = sreplace(p, c->argv[2], "%P", pid, NULL);
  base++;
  return pstrcat(p, pstrndup(p, path, (size_t) (base - path)), prefix, base,
    suffix, NULL);
}

bool ftpd_hidden_on(pool *p, const char *path) {
  return hidden_of(p, CURRENT_CONF, path) != NULL;
}

static int open_held(const char *path, int flags) {
  return FTPD_HELD(path, open(ftpd_held_name(path), flags|O_NONBLOCK|O_NOCTTY|
    O_NOFOLLOW|O_CLOEXEC));
}

/* Locks reveal sessions of an earlier daemon, and sessions that have the file
 * open under its own name.  NULL, or the reason why it must not be touched.
 */
static const char *check_open(const char *hidden, const struct stat *st) {
  const char *why = NULL;
  struct stat now;
  int fd;

  if (!FTPD_FS_PLAIN(ftpd_fs_of(hidden), open)) {
    return NULL;
  }

  fd = open_held(hidden, O_RDONLY);
  if (fd < 0) {
    fd = open_held(hidden, O_WRONLY);
  }

  if (fd < 0 || fstat(fd, &now) < 0 || now.st_dev != st->st_dev ||
      now.st_ino != st->st_ino) {
    why = "is there, and cannot be opened to see who uses it";

  } else if (!ftpd_lock_is_local(fd)) {
    why = "is on a network file system, where others may be writing it";

  } else if (ftpd_open_lock_used(fd)) {
    why = "is in use by a session";
  }

  if (fd >= 0) {
    (void) close(fd);
  }

  return why;
}

static const char *check_left(const char *hidden, const struct stat *st) {
  if (!S_ISREG(st->st_mode) || st->st_nlink != 1) {
    return "is there, and no session's: not a file, or one with other names";
  }

  if (st->st_uid != session.uid && st->st_uid != session.fsuid) {
    return "is there, and another user's";
  }

  return check_open(hidden, st);
}

static int remove_left(struct ftpd_op *op, const char *hidden) {
  const char *why;
  struct stat st;
  int xerrno;

  pr_fs_clear_cache2(hidden);
  if (ftpd_lstat(op->ftpd, hidden, &st) < 0) {
    return errno == ENOENT ? 0 : -1;
  }

  why = check_left(hidden, &st);
  if (why != NULL) {
    return refuse_upload(op, hidden, why, EEXIST);
  }

  if (FTPD_HELD(hidden, pr_fsio_unlink(hidden)) < 0) {
    xerrno = errno;
    return refuse_upload(op, hidden, "was left by a session that has ended, "
      "and cannot be removed", xerrno);
  }

  ftpd_quota_gone(op->ftpd, op->arg != NULL ? op->arg : hidden, &st);
  sftp_log("'%s' (%lld bytes), left by a session that ended, is replaced",
    hidden, (long long) st.st_size);
  return 0;
}

int ftpd_hidden_clear(struct ftpd_op *op) {
  struct op_state *state = ftpd_op_state(op);
  const char *path, *hidden = NULL;

  path = pr_table_get(state->equivalent->notes, "mod_xfer.store-path", NULL);
  if (path != NULL) {
    hidden = hidden_of(op->pool, CURRENT_CONF, path);
  }

  if (hidden == NULL) {
    errno = EEXIST;
    return -1;
  }

  if (ftpd_hidden_take(op, hidden) < 0) {
    return -1;
  }

  return state->mark > 0 ? remove_left(op, hidden) : refuse_upload(op, hidden,
    "exists, and it is unknown whether a session is uploading it", EEXIST);
}

/* ---- In sessions of FTP */

static void drop_mark(void *data) {
  ftpd_hidden_free((off_t) (intptr_t) data);
}

void ftpd_hidden_pre(cmd_rec *cmd) {
  const char *path, *hidden;
  config_rec *dir;
  off_t mark;

  path = dir_best_path(cmd->tmp_pool, pr_fs_decode_path(cmd->tmp_pool,
    cmd->arg));
  if (path == NULL) {
    return;
  }

  dir = dir_match_path(cmd->tmp_pool, (char *) path);
  hidden = hidden_of(cmd->tmp_pool, dir != NULL ? dir->subset :
    session.anon_config != NULL ? session.anon_config->subset :
    main_server->conf, path);
  mark = hidden != NULL ? place_of(cmd->tmp_pool, hidden) : -1;
  if (mark > 0 && set_mark(mark, F_WRLCK) == 0) {
    register_cleanup2(cmd->pool, (void *) (intptr_t) mark, drop_mark);
  }
}
