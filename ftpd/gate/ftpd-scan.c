/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-scan.c -- uploads that mod_clamav scans.
 *
 * It does so when FSIO closes a file while the command is STOR, APPE or STOU:
 * it scans the file at the path by which the file was opened, which the scanner
 * gets relative to the directory that FSIO assumes for the process.  It reports
 * a virus by an event; it removes the file, and the close succeeds.  If it
 * cannot scan, the close fails.
 *
 * In FTP nothing happens to a file meanwhile.  Here it may have got another
 * name, or a second one: a refused file is truncated as well, and a file that
 * is not at the module's path is refused.
 */

#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-scan.h"

#include <fcntl.h>

static char virus[128];         /* in the file that is being closed */

static void on_virus(const void *data, void *user_data) {
  (void) user_data;
  sstrncpy(virus, data != NULL && *(const char *) data != '\0' ? data :
    "of unknown name", sizeof(virus));
}

void ftpd_scan_init(void) {
  (void) pr_event_register(&sftp_module, "mod_clamav.virus-found", on_virus,
    NULL);
}

/* The directive that the module looks at; NULL: it does not scan.  It sets one
 * byte and reads four: with "off" it may scan as well.
 */
static const unsigned char *scan_setting(pr_fh_t *fh) {
  return FTPD_FS_PLAIN(fh->fh_fs, close) ? NULL :
    get_param_ptr(CURRENT_CONF, "ClamAV", FALSE);
}

/* ---- The file, and where it is */

struct scan {
  pool *pool;
  const char *path;
  struct stat st;
  bool on;                      /* what is not scanned is refused */
  int fd;                       /* stays open meanwhile; -1 */
};

static bool is_there(const struct scan *s) {
  struct stat st;

  pr_fs_clear_cache2(s->path);
  return pr_fsio_lstat(s->path, &st) == 0 && st.st_dev == s->st.st_dev &&
    st.st_ino == s->st.st_ino;
}

/* Under all of its names. */
static void empty(const struct scan *s) {
  if (s->fd < 0 || ftruncate(s->fd, 0) < 0) {
    sftp_log("unable to truncate the refused file '%s': %s", s->path,
      strerror(errno));
  }
}

static int was_moved(const struct scan *s, const char **why) {
  *why = "it was moved before it was scanned for viruses";
  empty(s);
  return EPERM;
}

static void remove_it(const struct scan *s) {
  if (is_there(s) && FTPD_HELD(s->path, pr_fsio_unlink(s->path)) < 0) {
    sftp_log("unable to remove the refused file '%s': %s", s->path,
      strerror(errno));
  }
}

/* ---- The close */

/* Modules do not learn of an upload. */
static int close_plain(pr_fh_t *fh) {
  const char *cmd = session.curr_cmd;
  int err;

  session.curr_cmd = NULL;
  err = pr_fsio_close(fh) < 0 ? errno : 0;
  session.curr_cmd = cmd;
  return err;
}

static bool scanning, removes;

bool ftpd_scan_removes(void) {
  removes = removes || scanning;
  return scanning;
}

/* As an upload, whatever the command was. */
static int close_upload(pr_fh_t *fh) {
  const char *cmd = session.curr_cmd;
  int err;

  if (cmd == NULL || strcmp(cmd, C_APPE) != 0) {
    session.curr_cmd = C_STOR;
  }

  virus[0] = '\0';
  ftpd_stand_as_told();
  scanning = true;
  removes = false;
  err = pr_fsio_close(fh) < 0 ? errno : 0;
  scanning = false;
  session.curr_cmd = cmd;
  return err;
}

/* Whether the file got another name, even if it has its own again. */
static bool has_moved(const struct scan *s) {
  struct stat now;

  return !is_there(s) || (s->fd >= 0 && (fstat(s->fd, &now) < 0 ||
    now.st_ctim.tv_sec != s->st.st_ctim.tv_sec ||
    now.st_ctim.tv_nsec != s->st.st_ctim.tv_nsec));
}

/* The module's verdict, if it saw the file. */
static int judge_scan(const struct scan *s, int err, const char **why,
    bool *gone) {
  if (virus[0] != '\0') {
    *why = pstrcat(s->pool, "virus found: ", virus, NULL);
    *gone = true;
    empty(s);
    remove_it(s);
    return EPERM;
  }

  if (err == EPERM) {
    *why = "it could not be scanned for viruses";
    if (removes) {
      remove_it(s);
    }

    *gone = !is_there(s);
    return err;
  }

  return err != 0 || !s->on || !has_moved(s) ? err : was_moved(s, why);
}

static int close_scanned(pool *p, pr_fh_t *fh, bool on, const char **why,
    bool *gone) {
  struct scan s = { .pool = p, .on = on, .fd = -1 };
  int err;

  s.path = pstrdup(p, fh->fh_path);
  if (pr_fsio_fstat(fh, &s.st) < 0 || !S_ISREG(s.st.st_mode) ||
      s.st.st_nlink == 0) {
    return close_plain(fh);
  }

  s.fd = fcntl(PR_FH_FD(fh), F_DUPFD_CLOEXEC, 0);
  if (is_there(&s)) {
    err = judge_scan(&s, close_upload(fh), why, gone);

  } else {
    err = close_plain(fh);
    err = on ? was_moved(&s, why) : err;
  }

  if (s.fd >= 0) {
    (void) close(s.fd);
  }

  return err;
}

int ftpd_scan_close(pool *p, pr_fh_t *fh, const char *name, const char **why,
    bool *gone) {
  const unsigned char *on = scan_setting(fh);
  const char *reason = NULL;
  int err;

  *gone = false;
  err = on != NULL ? close_scanned(p, fh, *on != 0, &reason, gone) :
    pr_fsio_close(fh) < 0 ? errno : 0;
  if (err != 0) {
    sftp_log("error closing '%s': %s", name, reason != NULL ? reason :
      strerror(err));
  }

  if (reason != NULL) {
    *why = reason;
  }

  return err;
}

void ftpd_drop(pr_fh_t *fh) {
  int xerrno = errno;

  (void) close_plain(fh);
  errno = xerrno;
}

/* ---- Names */

void ftpd_scan_renamed(struct ftpd *h, const char *from, const char *to) {
  size_t len = strlen(from);
  struct ftpd_file *f;

  for (f = ftpd_files_of(h)->open; f != NULL; f = f->next) {
    const char *path = f->fh != NULL ? f->fh->fh_path : "";

    if (f->wr && strncmp(path, from, len) == 0 &&
        (path[len] == '\0' || path[len] == '/')) {
      f->fh->fh_path = pstrcat(f->fh->fh_pool, to, path + len, NULL);
    }
  }
}
