/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-sync-t.c -- SFTPUploadSync: what is brought to disk, and what is told.
 */

#include "daemon.h"
#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-sync.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/wait.h>

static server_rec server;
static pool *p;
static pr_fh_t fh = { .fh_path = "/f" };
static struct ftpd_file f;
static int on = 1;
static int synced_fd;

pr_fs_t *ftpd_fs_of(const char *path) {
  (void) path;
  return &daemon_fs;
}

bool ftpd_vroot_serves(const char *path) {
  (void) path;
  return daemon_call("vroot_serves") < 0;
}

static dev_t other_dev;         /* what has the path now, as a difference */
static ino_t other_ino;

int ftpd_look(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  (void) stat("/dev/null", st);
  st->st_dev += other_dev;
  st->st_ino += other_ino;
  return daemon_call("look %s", path);
}

int fsync(int fd) {
  synced_fd = fd;
  return daemon_call("sys_fsync");
}

int syncfs(int fd) {
  synced_fd = fd;
  return daemon_call("sys_syncfs");
}

/* "." can be opened, or not. */
static bool is_closed;

int open(const char *path, int flags, ...) {
  if (is_closed && strcmp(path, ".") == 0) {
    errno = EACCES;
    return -1;
  }

  return openat(AT_FDCWD, path, flags);
}

static void anew(void) {
  is_closed = false;
  other_dev = other_ino = 0;
  daemon_calls_anew();
  memset(&f, 0, sizeof(f));
  f.fh = &fh;
  f.path = "/f";
  f.wr = f.made = true;
  f.fd = open("/dev/null", O_RDONLY);
  synced_fd = -1;
  errno = EBADE;
}

static bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

static int not_if_it_is_off(void) {
  struct ftpd_sync s;
  int bad = 0;

  anew();
  on = 0;
  daemon_set_param("SFTPUploadSync", &on);
  bad += ftpd_sync_data(&f, true, &s) != 0 || s.fd != -1;
  on = 1;
  bad += ftpd_sync_data(&f, true, &s) != 0 || s.fd != -1;
  return bad + (daemon_calls()[0] != '\0');
}

static int not_if_it_is_not_set(void) {
  struct ftpd_sync s;

  anew();
  return ftpd_sync_data(&f, true, &s) != 0 || s.fd != -1 ||
    daemon_calls()[0] != '\0';
}

static void new_files(void) {
  struct ftpd_sync s;
  int kept;

  anew();
  is_int(ftpd_sync_data(&f, true, &s), 0, "data of a new file");
  is_str(daemon_calls(), "fsync /f; ", "are brought to disk");
  kept = s.fd;
  ok(kept > STDERR_FILENO && kept != f.fd && (fcntl(kept, F_GETFD) &
    FD_CLOEXEC) != 0, "it is kept");
  (void) close(f.fd);
  is_int(ftpd_sync_end(&f, true, &s), 0, "then its name");
  is_str(daemon_calls_of("hold sys_fsync let_go sys_syncfs"), "hold /f; "
    "sys_fsync; let_go; ", "by its directory");
  ok(s.fd == -1 && !is_open(kept) && !is_open(synced_fd), "all is closed");
  is_int(ftpd_sync_end(&f, true, &s), 0, "which is all");
  is_str(daemon_calls(), "", "there is to do");
}

static void hidden_and_other_files(void) {
  struct ftpd_sync s;

  anew();
  f.made = false;
  f.hidden = "/.in.f";
  is_int(ftpd_sync_data(&f, true, &s), 0, "a temporary name");
  ok(s.fd >= 0, "changes");
  is_int(ftpd_sync_end(&f, false, &s), 0, "unless something failed");
  is_str(daemon_calls_of("sys_fsync sys_syncfs"), "", "then nothing is done");
  ok(s.fd == -1, "and nothing kept");
  anew();
  f.made = false;
  is_int(ftpd_sync_data(&f, true, &s), 0, "an old file");
  ok(s.fd == -1, "has its name");
  is_str(daemon_calls_of("fsync"), "fsync /f; ", "and new data");
  anew();
  is_int(ftpd_sync_data(&f, false, &s), 0, "an incomplete one");
  is_str(daemon_calls_of("fsync"), "", "is not brought to disk");
  f.wr = false;
  is_int(ftpd_sync_data(&f, true, &s), 0, "nor a download");
  is_str(daemon_calls_of("fsync"), "", "of course");
}

static void directories_that_cannot_be_read(void) {
  struct ftpd_sync s;

  anew();
  (void) ftpd_sync_data(&f, true, &s);
  daemon_fails("sys_fsync", EINVAL);
  is_int(ftpd_sync_end(&f, true, &s), 0, "a directory that cannot be written");
  is_str(daemon_calls_of("sys_fsync sys_syncfs"), "sys_fsync; sys_syncfs; ",
    "then all is");
  anew();
  (void) ftpd_sync_data(&f, true, &s);
  daemon_fails("hold", ENOENT);
  is_int(ftpd_sync_end(&f, true, &s), 0, "one that has moved");
  is_str(daemon_calls_of("sys_fsync sys_syncfs"), "sys_syncfs; ", "the same");
  anew();
  (void) ftpd_sync_data(&f, true, &s);
  daemon_fails("fs_member", (int) offsetof(pr_fs_t, open));
  is_int(ftpd_sync_end(&f, true, &s), 0, "a module's");
  is_str(daemon_calls_of("hold sys_syncfs"), "sys_syncfs; ", "the same");
}

static const char *ended(void) {
  struct ftpd_sync s;

  (void) ftpd_sync_data(&f, true, &s);
  (void) daemon_calls();
  is_int(ftpd_sync_end(&f, true, &s), 0, "a name");
  return daemon_calls_of("look hold sys_syncfs");
}

static void files_that_were_renamed(void) {
  anew();
  is_str(ended(), "look /f; hold /f; ", "that the file has");
  other_ino = 1;
  is_str(ended(), "look /f; sys_syncfs; ", "that another has by now");
  other_ino = 0;
  other_dev = 1;
  is_str(ended(), "look /f; sys_syncfs; ", "on another device");
  anew();
  daemon_fails("look", ENOENT);
  is_str(ended(), "look /f; sys_syncfs; ", "that nobody has");
}

static void failures(void) {
  struct ftpd_sync s;

  anew();
  daemon_fails("fsync", EIO);
  ok(ftpd_sync_data(&f, true, &s) < 0 && errno == EIO, "a bad disk");
  (void) ftpd_sync_end(&f, false, &s);
  anew();
  (void) close(f.fd);
  ok(ftpd_sync_data(&f, true, &s) < 0 && errno == EBADF,
    "a file that cannot be kept");
  is_str(daemon_calls_of("fsync"), "", "is not brought to disk");
  anew();
  (void) ftpd_sync_data(&f, true, &s);
  daemon_fails("sys_fsync", EINVAL);
  daemon_fails("sys_syncfs", EIO);
  ok(ftpd_sync_end(&f, true, &s) < 0 && errno == EIO, "a bad name");
  ok(s.fd == -1, "is closed, too");
}

static void standing_nowhere(void) {
  struct ftpd_sync s;
  char dir[] = "/tmp/ftpd-sync-XXXXXX";

  anew();
  ok(mkdtemp(dir) != NULL && chdir(dir) == 0 && rmdir(dir) == 0,
    "a directory that is gone");
  (void) ftpd_sync_data(&f, true, &s);
  is_int(ftpd_sync_end(&f, true, &s), 0, "has no names");
  ok(chdir("/") == 0, "elsewhere");
  anew();
  (void) ftpd_sync_data(&f, true, &s);
  is_closed = true;
  is_int(ftpd_sync_end(&f, true, &s), 0, "one that may not be read");
  is_str(daemon_calls_of("sys_fsync sys_syncfs"), "sys_syncfs; ",
    "then all is brought to disk");
}

/* A process of its own: the answer is kept. */
static bool passes_elsewhere(int (*test)(void)) {
  pid_t pid = fork();
  int status = -1;

  if (pid == 0) {
    _exit(test());
  }

  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  main_server = &server;
  ok(passes_elsewhere(not_if_it_is_off), "a session in which it is off");
  ok(passes_elsewhere(not_if_it_is_not_set), "one in which it is not set");
  daemon_set_param("SFTPUploadSync", &on);
  new_files();
  hidden_and_other_files();
  directories_that_cannot_be_read();
  files_that_were_renamed();
  failures();
  standing_nowhere();
  destroy_pool(p);
  return done_testing();
}
