/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-lock-t.c -- locks of SFTP clients on bytes, and the marks of transfers:
 * files that are opened twice.
 */

#include "daemon.h"
#include "ftpd-conf.h"
#include "ftpd-digest-receipt.h"
#include "ftpd-files.h"
#include "ftpd-hidden.h"
#include "ftpd-io.h"
#include "ftpd-locks.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "tap.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static pool *p;
static char path[] = "/tmp/ftpd-lock-XXXXXX";
static struct ftpd ftpd;
static bool has_ftpd, plain = true, best = true, engine, kept;
static unsigned int kept_uses, hidden, ndropped;
static const char *answered;
static int cmd_errno;

static xaset_t servers;
static server_rec server[2];
xaset_t *server_list = &servers;

struct ftpd *ftpd_current(void) {
  return has_ftpd ? &ftpd : NULL;
}

void ftpd_receipt_drop(int fd) {
  ndropped += fcntl(fd, F_GETFD) >= 0;
}

bool ftpd_conf_engine(server_rec *s) {
  return s == &server[1] && engine;
}

bool ftpd_fs_member(pr_fs_t *fs, size_t offset) {
  (void) fs;
  return plain && offset == offsetof(pr_fs_t, open);
}

pr_fs_t *pr_get_fs(const char *name, int *exact) {
  (void) name;
  (void) exact;
  return NULL;
}

char *pr_fs_decode_path(pool *in, const char *name) {
  return pstrdup(in, name);
}

char *dir_best_path(pool *in, const char *name) {
  return best ? pstrdup(in, name) : NULL;
}

bool ftpd_open_lock_kept(int fd, unsigned int uses) {
  (void) fd;
  kept_uses = uses;
  return kept;
}

void ftpd_hidden_pre(cmd_rec *cmd) {
  (void) cmd;
  hidden++;
}

void pr_response_add_err(const char *code, const char *fmt, ...) {
  (void) fmt;
  answered = code;
}

int pr_cmd_set_errno(cmd_rec *cmd, int err) {
  (void) cmd;
  cmd_errno = err;
  return 0;
}

void pr_log_debug(int level, const char *fmt, ...) {
  (void) level;
  (void) fmt;
}

/* ---- What the system says of the file system */

static long fs_type;
static int no_fs;

int fstatfs(int fd, struct statfs *fs) {
  (void) fd;
  memset(fs, 0, sizeof(*fs));
  fs->f_type = fs_type;
  return no_fs != 0 ? -1 : 0;
}

static void networks_are_not_local(void) {
  static const uint32_t remote[] = { NFS_SUPER_MAGIC, SMB_SUPER_MAGIC,
    CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, AFS_SUPER_MAGIC, AFS_FS_MAGIC,
    CEPH_SUPER_MAGIC, CODA_SUPER_MAGIC, OCFS2_SUPER_MAGIC, V9FS_MAGIC };
  size_t i, n = 0;

  for (i = 0; i < SFTP_NELEMS(remote); i++) {
    fs_type = remote[i];
    n += !ftpd_lock_is_local(0);
  }

  is_int(n, SFTP_NELEMS(remote), "file systems of networks");
  fs_type = EXT4_SUPER_MAGIC;
  ok(ftpd_lock_is_local(0), "one of a disk");
  no_fs = 1;
  ok(!ftpd_lock_is_local(0), "one that is unknown");
  no_fs = 0;
}

/* ---- Locks of clients */

static struct ftpd_file *opened(void) {
  struct ftpd_file *f = pcalloc(p, sizeof(*f));

  f->pool = p;
  f->fd = open(path, O_RDWR);
  if (f->fd < 0) {
    bail_out("no file: %s", strerror(errno));
  }

  return f;
}

/* 0, or the errno. */
static int lock(struct ftpd_file *f, off_t offset, off_t len, bool exclusive) {
  return ftpd_lock(f, offset, len, exclusive) == 0 ? 0 : errno;
}

static int unlock(struct ftpd_file *f, off_t offset, off_t len) {
  return ftpd_unlock(f, offset, len) == 0 ? 0 : errno;
}

static void ranges_exclude_each_other(void) {
  struct ftpd_file *a = opened(), *b = opened();
  struct ftpd_range *spare;

  is_int(lseek(a->fd, 7, SEEK_SET), 7, "(offsets do not matter)");
  is_int(lock(a, 10, 10, true), 0, "ten bytes");
  is_int(lock(b, 19, 1, true), EAGAIN, "the last of them");
  is_int(lock(b, 10, 1, false), EAGAIN, "the first, for reading");
  is_int(lock(b, 20, 5, true), 0, "what follows");
  is_int(lock(b, 0, 10, true), 0, "what comes before");
  is_int(lock(a, 10, 10, true), EAGAIN, "not twice by one file");
  is_int(lock(a, 5, 6, false), EAGAIN, "nor a part");
  is_int(lock(a, 19, 1, false), EAGAIN, "at either end");
  is_int(lock(a, 30, 5, false), 0, "reading");
  is_int(lock(b, 30, 5, false), 0, "excludes no other reading");
  is_int(unlock(a, 10, 9), ENOENT, "another length");
  is_int(unlock(a, 11, 10), ENOENT, "another offset");
  is_int(unlock(a, 10, 10), 0, "the same range");
  is_int(unlock(a, 10, 10), ENOENT, "once");
  is_int(lock(b, 10, 10, true), 0, "is free again");
  is_int(unlock(a, 30, 5), 0, "another one");
  ok(a->locks == NULL && a->spare_locks != NULL, "no lock is left");
  spare = a->spare_locks;
  is_int(lock(a, 40, 5, true), 0, "a lock");
  ok(a->locks == spare, "uses memory again");
  (void) close(a->fd);
  (void) close(b->fd);
}

static void ranges_have_an_end(void) {
  static const off_t space = FTPD_LOCK_SPACE;
  struct ftpd_file *a = opened(), *b = opened();

  is_int(lock(a, -1, 5, true), EINVAL, "before the beginning");
  is_int(lock(a, 0, -1, true), EINVAL, "a negative length");
  is_int(lock(a, space, 1, true), EINVAL, "behind the end");
  is_int(unlock(a, -1, 5), EINVAL, "nor unlocked");
  is_int(lock(a, 100, 0, true), 0, "to the end");
  is_int(lock(b, space - 1, 1, true), EAGAIN, "which is there");
  is_int(lock(b, 99, 1, true), 0, "and begins there");
  is_int(unlock(a, 100, 0), 0, "by the same words");
  is_int(lock(a, 100, space, true), 0, "a length beyond the end");
  is_int(unlock(a, 100, space - 100), 0, "is cut");
  is_int(lock(a, 100, space - 100, true), 0, "exactly");
  is_int(unlock(a, 100, 0), 0, "there");
  is_int(lock(b, 0, 1, true), 0, "(another one)");
  (void) close(a->fd);
  (void) close(b->fd);
}

static void locks_have_a_maximum(void) {
  struct ftpd_file *a = opened();
  off_t i;
  int res = 0;

  for (i = 0; i < 1024 && res == 0; i++) {
    res = lock(a, 2 * i, 1, true);
  }

  ok(res == 0 && i == 1024, "1024 locks");
  is_int(lock(a, 5000, 1, true), EAGAIN, "not more");
  is_int(unlock(a, 0, 1), 0, "one less");
  is_int(lock(a, 5000, 1, true), 0, "one more");
  (void) close(a->fd);
}

/* ---- Marks of transfers */

static cmd_rec *transfer(const char *name, const char *arg) {
  cmd_rec *cmd = pr_cmd_alloc(make_sub_pool(p), 2, name, arg);

  cmd->arg = (char *) arg;
  answered = NULL;
  errno = cmd_errno = 0;
  return cmd;
}

static bool refused(modret_t *res) {
  return res != NULL && MODRET_ISERROR(res);
}

/* Whether a transfer is refused that ends at once. */
static bool reads(const char *arg) {
  cmd_rec *cmd = transfer(C_RETR, arg);
  bool res = refused(ftpd_lock_pre_read(cmd));

  destroy_pool(cmd->pool);
  return res;
}

static bool writes(const char *name, const char *arg) {
  cmd_rec *cmd = transfer(name, arg);
  bool res = refused(ftpd_lock_pre_write(cmd));

  destroy_pool(cmd->pool);
  return res;
}

static void transfers_respect_locks(void) {
  struct ftpd_file *a = opened();

  is_int(lock(a, 10, 10, true), 0, "a lock");
  ok(reads(path), "nobody reads");
  ok(answered != NULL && strcmp(answered, R_450) == 0 && errno == EBUSY &&
    cmd_errno == EBUSY, "with a reason");
  ok(writes(C_STOR, path), "nor writes");
  session.restart_pos = 19;
  ok(reads(path), "up to its last byte");
  session.restart_pos = 20;
  ok(!reads(path) && !writes(C_APPE, path), "behind it, they do");
  session.restart_pos = 0;
  is_int(unlock(a, 10, 10), 0, "no lock");
  ok(!reads(path) && !writes(C_STOR, path), "no refusal");
  is_int(lock(a, 10, 10, false), 0, "a lock for reading");
  ok(!reads(path), "is one for reading");
  ok(writes(C_STOR, path), "and not for writing");
  (void) close(a->fd);
  kept = true;
  ok(reads(path) && kept_uses == FTPD_USE_READ, "uses may be denied");
  ok(writes(C_STOR, path) && kept_uses == FTPD_USE_WRITE, "both of them");
  kept = false;
}

static void transfers_are_marked(void) {
  struct ftpd_file *a = opened();
  cmd_rec *cmd = transfer(C_RETR, path);

  ok(!refused(ftpd_lock_pre_read(cmd)), "somebody reads");
  ok(ftpd_lock_transfers(a->fd, true, false) &&
    !ftpd_lock_transfers(a->fd, false, true), "which is seen");
  is_int(lock(a, 10, 10, true), EAGAIN, "nobody locks for writing");
  is_int(lock(a, 10, 10, false), 0, "but for reading");
  is_int(unlock(a, 10, 10), 0, "(no more)");
  destroy_pool(cmd->pool);
  ok(!ftpd_lock_transfers(a->fd, true, true), "until its end");
  cmd = transfer(C_STOR, path);
  ndropped = 0;
  ok(!refused(ftpd_lock_pre_write(cmd)), "somebody writes");
  ok(ftpd_lock_transfers(a->fd, false, true) &&
    !ftpd_lock_transfers(a->fd, true, false), "which is seen");
  is_int(lock(a, 10, 10, false), EAGAIN, "nobody locks");
  ok(!reads(path) && !writes(C_STOR, path),
    "transfers do not hinder each other");
  is_int(ndropped, 3, "writers of the file have no mark when it begins");
  destroy_pool(cmd->pool);
  is_int(ndropped, 4, "and none when it ends");
  (void) close(a->fd);
}

static void some_files_have_no_marks(void) {
  struct ftpd_file *a = opened();
  struct ftpd_op op = { .req = FTPD_SCP_SEND };

  is_int(lock(a, 10, 10, true), 0, "a lock");
  ok(reads(path), "hinders");
  ok(!reads("") && !reads(NULL) && !writes(C_STOR, "") &&
    !writes(C_STOR, NULL), "no path");
  ok(!reads("/tmp") && !reads("/no/file"), "no file");
  plain = false;
  ok(!reads(path), "another file system");
  plain = true;
  best = false;
  ok(!reads(path), "a path that is not known");
  best = true;
  fs_type = NFS_SUPER_MAGIC;
  ok(!reads(path), "a network");
  fs_type = EXT4_SUPER_MAGIC;
  has_ftpd = true;
  ok(!reads(path), "other sessions of SSH");
  daemon_files.op = &op;
  ok(reads(path), "SCP does not");
  op.req = FTPD_SCP_RECV;
  ok(writes(C_STOR, path), "in either direction");
  op.req = FTPD_OPEN_READ;
  ok(!reads(path), "SFTP does");
  daemon_files.op = NULL;
  has_ftpd = false;
  (void) close(a->fd);
}

/* In a process of its own: a daemon keeps what it is. */
static void daemons_without_ssh_have_no_locks(void) {
  struct ftpd_file *a = opened();
  int status = -1;
  pid_t pid;

  is_int(lock(a, 10, 10, true), 0, "a lock");
  pid = fork();
  if (pid == 0) {
    engine = false;
    _exit((reads(path) ? 1 : 0) + (writes(C_STOR, path) ? 2 : 0) +
      (hidden > 0 ? 4 : 0));
  }

  (void) waitpid(pid, &status, 0);
  is_int(WEXITSTATUS(status), 0, "does not matter where nobody makes one");
  (void) close(a->fd);
}

static void uploads_look_for_hidden_names(void) {
  hidden = 0;
  (void) writes(C_STOR, path);
  is_int(hidden, 1, "STOR");
  (void) writes(C_APPE, path);
  (void) writes(C_STOR, "");
  (void) writes(C_STOR, NULL);
  (void) reads(path);
  has_ftpd = true;
  (void) writes(C_STOR, path);
  has_ftpd = false;
  is_int(hidden, 1, "of FTP alone");
}

int main(void) {
  int fd = mkstemp(path);

  if (fd < 0) {
    bail_out("no file: %s", strerror(errno));
  }

  (void) close(fd);
  p = daemon_files.pool = make_sub_pool(NULL);
  servers.xas_list = (xasetmember_t *) &server[0];
  server[0].next = &server[1];
  engine = true;
  networks_are_not_local();
  ranges_exclude_each_other();
  ranges_have_an_end();
  daemons_without_ssh_have_no_locks();
  locks_have_a_maximum();
  transfers_respect_locks();
  transfers_are_marked();
  some_files_have_no_marks();
  uploads_look_for_hidden_names();
  (void) unlink(path);
  return done_testing();
}
