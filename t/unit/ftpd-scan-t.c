/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-scan-t.c -- uploads that mod_clamav scans: a module that finds what this
 * test says, in files of a real directory.
 */

#include "daemon.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-scan.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

#include "../fake/ftpd-log.h"

module sftp_module;

static pool *p;
static char top[] = "/tmp/ftpd-scan-XXXXXX";
static pr_fs_t fs;

/* ---- FSIO, and the module in it */

static bool hooked = true;      /* the module serves closes */
static int close_errno, held;
static const char *virus, *seen_cmd, *moves_to;
static bool removes, appears, replaces, loses_fd;
static unsigned int told, cleared, unlinks;

static const char *at(const char *name) {
  return pstrcat(p, top, "/", name, NULL);
}

int pr_fsio_close(pr_fh_t *fh) {
  seen_cmd = session.curr_cmd;
  if (virus != NULL) {
    (void) daemon_happens("mod_clamav.virus-found", virus);
  }

  if (moves_to != NULL) {
    (void) rename(fh->fh_path, moves_to);
  }

  if (appears) {
    (void) close(open(fh->fh_path, O_WRONLY|O_CREAT, 0600));
  }

  if (replaces) {
    (void) rename(fh->fh_path, at("away"));
    (void) rename(at("away"), fh->fh_path);
  }

  if (removes && ftpd_scan_removes()) {
    errno = 0;
  }

  (void) close(fh->fh_fd);
  errno = close_errno != 0 ? close_errno : EINTR;
  return close_errno != 0 ? -1 : 0;
}

int pr_fsio_fstat(pr_fh_t *fh, struct stat *st) {
  return loses_fd ? -1 : fstat(fh->fh_fd, st);
}

int pr_fsio_lstat(const char *path, struct stat *st) {
  return lstat(path, st);
}

int pr_fsio_unlink(const char *path) {
  unlinks += held == 1;
  return unlink(path);
}

int pr_fs_clear_cache2(const char *path) {
  cleared += *path != '\0';
  return 0;
}

int ftpd_hold(const char *path) {
  (void) path;
  held++;
  return 0;
}

int ftpd_let_go(int res) {
  held--;
  return res;
}

void ftpd_stand_as_told(void) {
  told++;
}

bool ftpd_fs_member(pr_fs_t *of, size_t offset) {
  return of == &fs && offset == offsetof(pr_fs_t, close) && !hooked;
}

/* ---- Closes */

static struct {
  int err;
  bool gone;
  const char *why;
} was;

static pr_fh_t *made(const char *name) {
  pr_fh_t *fh = pcalloc(p, sizeof(*fh));

  fh->fh_path = pstrdup(p, at(name));
  fh->fh_pool = p;
  fh->fh_fs = &fs;
  fh->fh_fd = open(at(name), O_RDWR|O_CREAT|O_TRUNC, 0600);
  if (fh->fh_fd < 0 || write(fh->fh_fd, "data", 4) != 4) {
    bail_out("no file %s: %s", name, strerror(errno));
  }

  return fh;
}

static int end(pr_fh_t *fh) {
  memset(&was, 0, sizeof(was));
  told = 0;
  unlinks = 0;
  was.err = ftpd_scan_close(p, fh, "name", &was.why, &was.gone);
  return was.err;
}

static off_t size_of(const char *name) {
  struct stat st;

  return lstat(at(name), &st) == 0 ? st.st_size : -1;
}

static void begin(bool on, const char *cmd) {
  static unsigned char setting;

  setting = on;
  daemon_forget_config();
  daemon_set_param("ClamAV", &setting);
  session.curr_cmd = cmd;
  virus = moves_to = NULL;
  removes = appears = replaces = loses_fd = false;
  close_errno = 0;
  hooked = true;
  (void) unlink(at("a"));
  (void) unlink(at("b"));
  fake_log_reset();
}

static void without_the_module_nothing_is_scanned(void) {
  begin(true, C_STOR);
  hooked = false;
  is_int(end(made("a")), 0, "the system's own close");
  ok(told == 0 && was.why == NULL && !was.gone && seen_cmd == session.curr_cmd,
    "is called as it is");
  close_errno = EIO;
  is_int(end(made("a")), EIO, "its error");
  ok(fake_log_has("error closing 'name'"), "is logged");
  begin(true, C_STOR);
  daemon_forget_config();
  is_int(end(made("a")), 0, "no directive");
  is_int(told, 0, "no scan");
}

static void uploads_are_stor_or_appe(void) {
  begin(true, C_STOR);
  is_int(end(made("a")), 0, "a clean file");
  ok(told == 1 && size_of("a") == 4 && was.why == NULL && !was.gone,
    "stays as it is");
  is_str(seen_cmd, C_STOR, "the module sees STOR");
  begin(true, C_APPE);
  (void) end(made("a"));
  is_str(seen_cmd, C_APPE, "or APPE");
  begin(true, C_RETR);
  (void) end(made("a"));
  is_str(seen_cmd, C_STOR, "no other command");
  is_str(session.curr_cmd, C_RETR, "which the session has again");
  begin(true, NULL);
  (void) end(made("a"));
  is_str(seen_cmd, C_STOR, "nor none");
  begin(true, C_STOR);
  close_errno = EIO;
  is_int(end(made("a")), EIO, "an error of the file system");
  ok(was.why == NULL && size_of("a") == 4, "is no verdict");
}

static void what_is_no_file_is_not_scanned(void) {
  pr_fh_t *fh;
  int fd[2];

  begin(true, C_STOR);
  fh = made("a");
  (void) unlink(at("a"));
  is_int(end(fh), 0, "a file without a name");
  ok(told == 0 && seen_cmd == NULL, "is closed without a command");
  is_str(session.curr_cmd, C_STOR, "which the session keeps");
  begin(true, C_STOR);
  fh = made("a");
  loses_fd = true;
  close_errno = ENOSPC;
  is_int(end(fh), ENOSPC, "nor one of which nothing is known");
  is_int(told, 0, "with its own error");
  begin(true, C_STOR);
  fh = made("a");
  if (pipe(fd) == 0) {
    (void) dup2(fd[0], fh->fh_fd);
    (void) close(fd[0]);
    (void) close(fd[1]);
  }

  is_int(end(fh), 0, "a pipe");
  is_int(told, 0, "is not scanned");
}

/* ---- Verdicts */

static void viruses_are_removed(void) {
  begin(true, C_STOR);
  virus = "Eicar";
  is_int(end(made("a")), EPERM, "a virus");
  is_str(was.why, "virus found: Eicar", "is named");
  ok(was.gone && size_of("a") == -1 && unlinks == 1, "and removed");
  ok(fake_log_has("virus found: Eicar") && !fake_log_has("unable to"),
    "which is logged");
  begin(false, C_STOR);
  virus = "";
  (void) end(made("a"));
  is_str(was.why, "virus found: of unknown name", "one without a name");
  begin(true, C_STOR);
  is_int(link(at("a"), at("b")) < 0, true, "(no file)");
  is_int(end(made("a")), 0, "the next file is clean");
}

static void other_names_are_emptied(void) {
  pr_fh_t *fh;

  begin(true, C_STOR);
  virus = "Eicar";
  fh = made("a");
  is_int(link(at("a"), at("b")), 0, "a second name");
  (void) end(fh);
  ok(size_of("a") == -1 && size_of("b") == 0, "is of an empty file");
  begin(true, C_STOR);
  virus = "Eicar";
  moves_to = at("b");
  appears = true;
  (void) end(made("a"));
  ok(size_of("b") == 0 && size_of("a") == 0 && unlinks == 0,
    "a file that moved is emptied, and another one at its path stays");
}

static void files_that_cannot_be_scanned_stay(void) {
  begin(true, C_STOR);
  close_errno = EPERM;
  is_int(end(made("a")), EPERM, "no scan");
  is_str(was.why, "it could not be scanned for viruses", "is a reason");
  ok(!was.gone && size_of("a") == 4, "the module left it");
  begin(true, C_STOR);
  close_errno = EPERM;
  removes = true;
  is_int(end(made("a")), EPERM, "no scan");
  ok(was.gone && size_of("a") == -1, "the module wants it removed");
  begin(true, C_STOR);
  close_errno = EPERM;
  is_int(end(made("a")), EPERM, "the next one");
  is_int(size_of("a"), 4, "stays again");
  ok(!ftpd_scan_removes(), "without a scan, nothing is removed for it");
  is_int(end(made("a")), EPERM, "and that");
  is_int(size_of("a"), 4, "has no effect on the next");
}

static void files_that_moved_are_refused(void) {
  begin(true, C_STOR);
  moves_to = at("b");
  is_int(end(made("a")), EPERM, "moved while it was scanned");
  is_str(was.why, "it was moved before it was scanned for viruses", "why");
  is_int(size_of("b"), 0, "it is emptied");
  begin(true, C_STOR);
  replaces = true;
  is_int(end(made("a")), EPERM, "moved, and back again");
  is_int(size_of("a"), 0, "is emptied, too");
  begin(false, C_STOR);
  moves_to = at("b");
  is_int(end(made("a")), 0, "with ClamAV off");
  is_int(size_of("b"), 4, "nothing is refused");
}

static void files_that_are_elsewhere_are_refused(void) {
  pr_fh_t *fh;

  begin(true, C_STOR);
  fh = made("a");
  (void) rename(at("a"), at("b"));
  is_int(end(fh), EPERM, "a file that is elsewhere");
  ok(told == 0 && size_of("b") == 0 && seen_cmd == NULL && !was.gone,
    "is not scanned, but emptied");
  begin(true, C_STOR);
  fh = made("a");
  (void) rename(at("a"), at("b"));
  (void) end(made("a"));
  is_int(end(fh), EPERM, "another file is at its path");
  begin(false, C_STOR);
  fh = made("a");
  (void) rename(at("a"), at("b"));
  is_int(end(fh), 0, "with ClamAV off");
  is_int(size_of("b"), 4, "it stays");
  begin(false, C_STOR);
  close_errno = EIO;
  fh = made("a");
  (void) rename(at("a"), at("b"));
  is_int(end(fh), EIO, "with its error");
}

static void descriptors_are_closed(void) {
  int before = dup(0), after;

  begin(true, C_STOR);
  (void) close(before);
  (void) end(made("a"));
  virus = "x";
  (void) end(made("a"));
  after = dup(0);
  ok(after == before && fcntl(after + 1, F_GETFD) < 0, "none stays open");
  (void) close(after);
}

static void drops_keep_the_error(void) {
  begin(true, C_STOR);
  close_errno = EIO;
  errno = ENOSPC;
  ftpd_drop(made("a"));
  errno = ENOSPC;
  is_int(seen_cmd == NULL, true, "modules do not learn of it");
  ftpd_drop(made("a"));
  is_int(errno, ENOSPC, "nor does the caller");
}

/* ---- Names */

static void renames_reach_open_files(void) {
  static const struct { const char *path, *is; bool wr; } row[] = {
    { "/d/a", "/e/a", true }, { "/d", "/e", true }, { "/dd/a", "/dd/a", true },
    { "/c", "/c", true }, { "/d/a", "/d/a", false } };
  struct ftpd_file file[SFTP_NELEMS(row) + 1];
  size_t i;

  memset(file, 0, sizeof(file));
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    file[i].fh = pcalloc(p, sizeof(*file[i].fh));
    file[i].fh->fh_path = pstrdup(p, row[i].path);
    file[i].fh->fh_pool = p;
    file[i].wr = row[i].wr;
    file[i].next = &file[i + 1];
  }

  file[i].wr = true;
  daemon_files.open = file;
  ftpd_scan_renamed(NULL, "/d", "/e");
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    is_str(file[i].fh->fh_path, row[i].is, "%s, %s", row[i].path, row[i].wr ?
      "written" : "read");
  }
}

int main(void) {
  p = make_sub_pool(NULL);
  if (mkdtemp(top) == NULL) {
    bail_out("no directory: %s", strerror(errno));
  }

  ftpd_scan_init();
  without_the_module_nothing_is_scanned();
  uploads_are_stor_or_appe();
  what_is_no_file_is_not_scanned();
  viruses_are_removed();
  other_names_are_emptied();
  files_that_cannot_be_scanned_stay();
  files_that_moved_are_refused();
  files_that_are_elsewhere_are_refused();
  descriptors_are_closed();
  drops_keep_the_error();
  renames_reach_open_files();
  (void) unlink(at("a"));
  (void) unlink(at("b"));
  (void) rmdir(top);
  destroy_pool(p);
  return done_testing();
}
