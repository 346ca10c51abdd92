/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-dir.c -- directories: OPENDIR, READDIR, MKDIR, RMDIR. */

#include <sys/stat.h>
#include <time.h>

#include "ftpd-attrs.h"
#include "ftpd-tree.h"
#include "ftpd-wait.h"
#include "fxp-file-attrs.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-job.h"
#include "fxp-owner.h"
#include "fxp-reply.h"
#include "fxp-session.h"

/* A reply to READDIR is full when less than one more entry fits: a name has at
 * most 255 bytes and occurs twice.
 */
#define NAMES_BYTES 32768
#define ENTRY_BYTES_MAX 1024
#define LONGNAME_MAX 640
#define HALF_YEAR_SECS (180 * 24 * 60 * 60)

/* ---- OPENDIR: string path.  Replies HANDLE
 * (draft-ietf-secsh-filexfer-02, section 6.7).
 */
uint32_t fxp_do_opendir(struct fxp_req *req) {
  const char *path = fxp_read_path(req);
  struct fxp_handle *h;
  struct ftpd_dir *dir;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  if (!fxp_handle_room(req->fxp)) {
    return fxp_fail(req, SSH_FX_FAILURE, EMFILE, "Too many open handles");
  }

  path = fxp_permit(req, FTPD_OPENDIR, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  dir = ftpd_opendir(&req->op, path);
  if (dir == NULL) {
    return fxp_refused(req, errno);
  }

  h = fxp_handle_new(req->fxp, NULL, dir);
  if (h == NULL) {
    (void) ftpd_closedir(&req->op, dir);
    return fxp_status(req, EMFILE);
  }

  req->op.handle = h->text;
  return fxp_reply_handle(req, h);
}

/* ---- The long form of a name, as `ls -l' has it: for people, but clients
 * print it as it is.
 */

static char type_letter(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return 'd';

    case S_IFLNK:
      return 'l';

    case S_IFCHR:
      return 'c';

    case S_IFBLK:
      return 'b';

    case S_IFIFO:
      return 'p';

    case S_IFSOCK:
      return 's';

    default:
      return '-';
  }
}

static void mode_text(char p[11], mode_t mode) {
  static const char letters[] = "rwxrwxrwx";
  int i;

  p[0] = type_letter(mode);
  for (i = 0; i < 9; i++) {
    p[i + 1] = (mode & (0400U >> i)) != 0 ? letters[i] : '-';
  }

  if ((mode & S_ISUID) != 0) {
    p[3] = p[3] == 'x' ? 's' : 'S';
  }

  if ((mode & S_ISGID) != 0) {
    p[6] = p[6] == 'x' ? 's' : 'S';
  }

  if ((mode & S_ISVTX) != 0) {
    p[9] = p[9] == 'x' ? 't' : 'T';
  }

  p[10] = '\0';
}

/* Months are those of the C locale, whatever the server's locale is. */
static void date_text(char *p, size_t size, time_t t, time_t now, bool gmt) {
  static const char months[12][4] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
    "Nov", "Dec"
  };
  struct tm tm;

  if ((gmt ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) == NULL) {
    snprintf(p, size, "%s", "Jan  1  1970");
    return;
  }

  if (t < now - HALF_YEAR_SECS || t > now + HALF_YEAR_SECS) {
    snprintf(p, size, "%s %2d %5ld", months[tm.tm_mon], tm.tm_mday,
      (long) tm.tm_year + 1900);

  } else {
    snprintf(p, size, "%s %2d %02d:%02d", months[tm.tm_mon], tm.tm_mday,
      tm.tm_hour, tm.tm_min);
  }
}

/* Attributes that a listing needs for each of its entries. */
struct listing {
  time_t now;
  bool gmt;
};

static size_t long_name(const struct fxp_attrs *a, const struct listing *l,
    char *p, size_t size, const char *name, const struct stat *st) {
  char mode[11], date[32];
  int n;

  mode_text(mode, st->st_mode);
  date_text(date, sizeof(date), st->st_mtime, l->now, l->gmt);
  n = snprintf(p, size, "%s %3lu %-8s %-8s %8llu %s %s", mode,
    (unsigned long) st->st_nlink,
    a->owner, a->group,
    (unsigned long long) st->st_size, date, name);
  return n < 0 ? 0 : (size_t) n < size ? (size_t) n : size - 1;
}

/* ---- READDIR: string handle.  Replies NAME, or STATUS with EOF behind the
 * last entry (section 6.7).
 */

/* Version 4 and later have this instead of the long form. */
static void describe_entry(struct fxp_req *req, struct fxp_attrs *a,
    const char *name, const char *shown) {
  a->has |= FXP_ATTR_NSEC|FXP_ATTR_NLINK;
  if (shown != name && strcmp(shown, name) != 0) {
    a->raw_name = name;
    a->has |= FXP_ATTR_RAW;
  }

  a->has &= fxp_attrs_known(req->fxp->version);
}

static void put_entry(struct fxp_req *req, const struct listing *l,
    struct sftp_wr *w, const char *name, const struct stat *st) {
  const char *shown = fxp_name_out(req, name);
  char longname[LONGNAME_MAX];
  struct fxp_attrs a;
  size_t len;

  fxp_attrs_of(&a, st);
  fxp_attrs_names(req, &a);
  sftp_wr_text(w, shown);
  if (req->fxp->version < 4) {
    len = long_name(&a, l, longname, sizeof(longname), shown, st);
    sftp_wr_string(w, longname, len);

  } else {
    describe_entry(req, &a, name, shown);
  }

  fxp_attrs_write(w, req->fxp->version, &a);
}

/* Adds as many entries as one reply holds; -1 with errno if the first fails, -2
 * if there is none yet: it needs another turn.
 */
static int put_entries(struct fxp_req *req, struct fxp_handle *h,
    struct sftp_wr *w, size_t limit) {
  struct listing l = { time(NULL), ftpd_times_gmt(req->ftpd) };
  const char *name;
  struct stat st;
  int count = 0, res = 1;

  while (sftp_wr_end(w) == SFTP_OK && w->len + ENTRY_BYTES_MAX <= limit) {
    res = h->at_end ? 0 : ftpd_readdir(h->dir, &name, &st);
    if (res != 1) {
      h->at_end = h->at_end || res == 0;
      break;
    }

    put_entry(req, &l, w, name, &st);
    count++;
  }

  return count > 0 || res == 0 ? count : res == 2 ? -2 : -1;
}

/* Many clients were written for a server that never sent more. */
static size_t names_limit(const struct fxp *f) {
  uint32_t max = f->conn->set->client.readdir_max;

  return max > 0 ? max : NAMES_BYTES;
}

/* A step of the job, which is complete after the first one unless a great many
 * entries are hidden.
 */
static uint32_t list_some(struct fxp_req *req, void *handle) {
  struct fxp_handle *h = handle;
  size_t limit = names_limit(req->fxp);
  struct sftp_wr *w;
  int count;

  ftpd_active(req->ftpd, FTPD_ACTIVE_TRANSFER);
  fxp_out_reset(req->fxp, limit);
  w = fxp_reply(req, SSH_FXP_NAME);
  sftp_wr_u32(w, 0);
  count = put_entries(req, h, w, limit);
  if (count <= 0) {
    return count == 0 ? SSH_FX_EOF : count == -2 ? FXP_LATER :
      fxp_status(req, errno);
  }

  if (req->fxp->version >= 6) {
    sftp_wr_bool(w, h->at_end); /* draft -13, section 9.4 */
  }

  if (sftp_wr_end(w) == SFTP_OK) {
    sftp_put_u32(w->ptr + 9, (uint32_t) count);
  }

  return fxp_reply_send(req);
}

/* The handle remains open. */
static void stop_listing(void *handle) {
  (void) handle;
}

uint32_t fxp_do_readdir(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  struct fxp_handle *h;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL || h->dir == NULL) {
    return fxp_bad_handle(req);
  }

  fxp_begin_handle(req, FTPD_READDIR, NULL, h);

  /* A directory that may not be listed appears empty, as in FTP. */
  if (!h->permitted && ftpd_permit_handle(&req->op, ftpd_dir_path(h->dir)) <
      0) {
    return SSH_FX_EOF;
  }

  h->permitted = true;
  return fxp_later(req, list_some, stop_listing, h);
}

/* ---- MKDIR: string path, attributes (section 6.6) */

uint32_t fxp_do_mkdir(struct fxp_req *req) {
  const char *path = fxp_read_path(req);
  struct fxp_attrs a;
  mode_t mode = 0777;

  fxp_attrs_read(&req->in, req->pool, req->fxp->version, &a);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  path = fxp_permit(req, FTPD_MKDIR, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  if ((a.has & FXP_ATTR_PERMS) != 0 && (req->fxp->conn->set->opts &
      SFTP_OPT_IGNORE_SFTP_UPLOAD_PERMS) == 0) {
    mode = (mode_t) (a.perms & 07777);
  }

  return ftpd_mkdir(&req->op, path, mode) == 0 ? SSH_FX_OK :
    fxp_refused(req, errno);
}

/* ---- RMDIR: string path */

uint32_t fxp_do_rmdir(struct fxp_req *req) {
  const char *path = fxp_read_path(req);

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  path = fxp_permit(req, FTPD_RMDIR, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  return ftpd_rmdir(req->ftpd, path) == 0 ? SSH_FX_OK :
    fxp_status(req, errno);
}
