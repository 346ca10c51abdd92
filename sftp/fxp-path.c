/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-path.c -- requests that name paths: REMOVE, RENAME, REALPATH, links. */

#include "ftpd-attrs.h"
#include "ftpd-tree.h"
#include "ftpd-user.h"
#include "fxp-file-attrs.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-job.h"
#include "fxp-reply.h"
#include "fxp-session.h"

/* REMOVE: string path (draft-ietf-secsh-filexfer-02, section 6.5). */
uint32_t fxp_do_remove(struct fxp_req *req) {
  const char *path = fxp_read_path(req);

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  path = fxp_permit(req, FTPD_REMOVE, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  return ftpd_unlink(&req->op, path) == 0 ? SSH_FX_OK :
    fxp_refused(req, errno);
}

/* draft -13, section 8.3: all of them replace an existing file, atomically. */
#define SSH_FXF_RENAME_ANY      0x00000007U     /* overwrite, atomic, native */

static uint32_t renamed(struct fxp_req *req, int res) {
  return res == 0 ? SSH_FX_OK : fxp_refused(req, errno);
}

static uint32_t go_on(struct fxp_req *req, void *state) {
  int res = ftpd_rename_step(&req->op, state);

  return res > 0 ? FXP_LATER : renamed(req, res);
}

static void stop_rename(void *state) {
  ftpd_rename_stop(state);
}

/* RENAME: string old, string new, since version 5 u32 flags;
 * posix-rename@openssh.com the same without.  The draft's own request does not
 * replace files (section 6.5) unless flags say so.
 */
static uint32_t rename_path(struct fxp_req *req, bool overwrite) {
  const char *from = fxp_read_path(req), *to = fxp_read_path(req);
  bool flagged = !overwrite && req->fxp->version >= 5;
  struct ftpd_moving *moving;
  int res;

  /* Some clients omit the flags. */
  if (flagged && req->in.left > 0) {
    overwrite = (sftp_rd_u32(&req->in) & SSH_FXF_RENAME_ANY) != 0;
  }

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  if (flagged && overwrite &&
      !fxp_is_allowed(req->fxp, "RENAME", "over a file")) {
    return SSH_FX_PERMISSION_DENIED;
  }

  from = fxp_permit(req, FTPD_RENAME, from, &to);
  if (from == NULL) {
    return fxp_refused(req, errno);
  }

  res = ftpd_rename(&req->op, from, to, overwrite, &moving);
  return res > 0 ? fxp_later(req, go_on, stop_rename, moving) :
    renamed(req, res);
}

uint32_t fxp_do_rename(struct fxp_req *req) {
  return rename_path(req, false);
}

uint32_t fxp_do_posix_rename(struct fxp_req *req) {
  return rename_path(req, true);
}

/* ---- Names of paths */

/* The empty path is the directory after the login: only its name is returned.
 */
static const char *read_named(struct fxp_req *req) {
  const char *path = fxp_read_path(req);

  return path[0] != '\0' ? path : ftpd_cwd(req->ftpd);
}

static uint32_t reply_realpath(struct fxp_req *req, const char *path) {
  path = fxp_permit(req, FTPD_REALPATH, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  path = req->op.blind != 0 ? path : ftpd_realpath(req->ftpd, req->pool, path);
  return path != NULL ? fxp_reply_name(req, path) : fxp_status(req, errno);
}

/* draft -13, section 8.9: how REALPATH checks the path. */
enum {
  SSH_FXP_REALPATH_NO_CHECK = 1,
  SSH_FXP_REALPATH_STAT_IF = 2,
  SSH_FXP_REALPATH_STAT_ALWAYS = 3
};

/* The fields of version 6 after the path: a control byte and strings that are
 * appended to it one by one, all of them optional.
 */
static const char *read_composed(struct fxp_req *req, const char *first,
    uint8_t *control) {
  char *path;
  size_t n;

  *control = SSH_FXP_REALPATH_NO_CHECK;
  if (req->fxp->version >= 6 && req->in.left > 0) {
    *control = sftp_rd_u8(&req->in);
  }

  if (req->fxp->version < 6 || req->in.left == 0) {
    return first;
  }

  /* Reserves room for everything at once: a conversion turns one byte into at
   * most four.
   */
  n = strlen(first);
  path = palloc(req->pool, n + 4 * req->in.left + 2);
  memcpy(path, first, n + 1);
  while (req->in.left > 0 && sftp_rd_ok(&req->in) == SFTP_OK) {
    const char *more = fxp_read_name(req);
    size_t len = strlen(more);

    if (more[0] == '/') {
      n = 0;

    } else {
      path[n++] = '/';
    }

    memcpy(path + n, more, len + 1);
    n += len;
  }

  return path;
}

/* Replies with the name and its attributes, as LSTAT permits them. */
static uint32_t reply_looked_at(struct fxp_req *req, const char *path,
    bool must) {
  struct fxp_target t = { NULL, NULL, true };
  struct fxp_attrs a;
  struct stat st;

  t.path = fxp_permit(req, FTPD_REALPATH, path, NULL);
  if (t.path == NULL && (must || errno != ENOENT)) {
    return fxp_refused(req, errno);
  }

  if (req->op.blind != 0) {
    return must ? fxp_refused(req, req->op.blind) : fxp_reply_name(req, t.path);
  }

  path = ftpd_realpath(req->ftpd, req->pool, t.path != NULL ? t.path : path);
  if (path == NULL) {
    return fxp_status(req, errno);
  }

  if (t.path == NULL || ftpd_stat(req->ftpd, t.path, &st) < 0) {
    return must ? fxp_status(req, errno) : fxp_reply_name(req, path);
  }

  ftpd_fake_stat(req->ftpd, t.path, &st);
  fxp_attrs_describe(req, &t, &st, FXP_ATTR_COMMON, &a);
  return fxp_reply_name_attrs(req, path, &a);
}

/* REALPATH: string path, since version 6 more.  Replies NAME (section 6.11).
 * Missing files get a reply, too: clients ask before they create.
 */
uint32_t fxp_do_realpath(struct fxp_req *req) {
  const char *path = read_named(req);
  uint8_t control;

  path = read_composed(req, path, &control);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  switch (control) {
    case SSH_FXP_REALPATH_NO_CHECK:
      return reply_realpath(req, path);

    case SSH_FXP_REALPATH_STAT_IF:
    case SSH_FXP_REALPATH_STAT_ALWAYS:
      if (!fxp_is_allowed(req->fxp, "REALPATH", "with attributes")) {
        return SSH_FX_PERMISSION_DENIED;
      }

      return reply_looked_at(req, path,
        control == SSH_FXP_REALPATH_STAT_ALWAYS);

    default:
      return fxp_fail(req, SSH_FX_INVALID_PARAMETER, EINVAL,
        "Invalid control byte");
  }
}

/* expand-path@openssh.com: string path, which may begin with ~ or ~user. */
uint32_t fxp_do_expand_path(struct fxp_req *req) {
  const char *path = read_named(req), *home, *rest;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  if (path[0] != '~') {
    return reply_realpath(req, path);
  }

  rest = path + strcspn(path, "/");
  home = ftpd_home(req->ftpd, req->pool,
    pstrndup(req->pool, path + 1, (size_t) (rest - path) - 1));
  if (home == NULL) {
    return fxp_fail(req, SSH_FX_NO_SUCH_FILE, ENOENT, "No such user");
  }

  return reply_realpath(req, pstrcat(req->pool, home, rest, (char *) NULL));
}

/* home-directory: string user, "" for the session's own.  Replies NAME. */
uint32_t fxp_do_home_directory(struct fxp_req *req) {
  const char *user = sftp_rd_text(&req->in, req->pool), *home;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  fxp_begin(req, FTPD_HOMEDIR, user);
  home = ftpd_home(req->ftpd, req->pool, user);
  return home != NULL ? fxp_reply_name(req, home) :
    fxp_fail(req, SSH_FX_NO_SUCH_FILE, ENOENT, "No such user");
}

/* ---- Links */

/* READLINK: string path.  Replies NAME with the text of the link (section
 * 6.10).
 */
uint32_t fxp_do_readlink(struct fxp_req *req) {
  const char *path = fxp_read_path(req), *target = NULL;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  path = fxp_permit(req, FTPD_READLINK, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  return ftpd_readlink(req->ftpd, req->pool, path, &target) == 0 ?
    fxp_reply_name(req, target) : fxp_status(req, errno);
}

static uint32_t make_symlink(struct fxp_req *req, const char *target,
    const char *link) {
  target = fxp_permit(req, FTPD_SYMLINK, target, &link);
  if (target == NULL) {
    return fxp_refused(req, errno);
  }

  return ftpd_symlink(&req->op, target, link) == 0 ? SSH_FX_OK :
    fxp_refused(req, errno);
}

/* SYMLINK: string target, string link as most clients send it; the draft
 * (section 6.10) has the link first.
 */
uint32_t fxp_do_symlink(struct fxp_req *req) {
  const char *first = fxp_read_name(req), *second = fxp_read_name(req);

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  return req->fxp->conn->set->client.link_order == LINK_ORDER_LINK ?
    make_symlink(req, second, first) : make_symlink(req, first, second);
}

/* LINK: string new, string existing, bool symbolic (draft -13, section 8.8);
 * some clients have them as in SYMLINK.
 */
uint32_t fxp_do_link(struct fxp_req *req) {
  const char *first = fxp_read_name(req), *second = fxp_read_name(req);
  bool symbolic = sftp_rd_bool(&req->in);
  bool swapped = req->fxp->conn->set->client.link_order == LINK_ORDER_LAST;
  const char *link = swapped ? second : first;
  const char *existing = swapped ? first : second;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  if (!fxp_is_allowed(req->fxp, "LINK", symbolic ? "symbolic" : "hard")) {
    return SSH_FX_PERMISSION_DENIED;
  }

  if (symbolic) {
    ftpd_op_begin(req->ftpd, &req->outer, req->pool, FTPD_LINK,
      pstrcat(req->pool, existing, " ", link, (char *) NULL));
    req->outer_open = true;
    return make_symlink(req, existing, link);
  }

  existing = fxp_permit(req, FTPD_LINK, existing, &link);
  if (existing == NULL) {
    return fxp_refused(req, errno);
  }

  return ftpd_link(&req->op, existing, link) == 0 ? SSH_FX_OK :
    fxp_refused(req, errno);
}

/* hardlink@openssh.com: string old, string new. */
uint32_t fxp_do_hardlink(struct fxp_req *req) {
  const char *from = fxp_read_path(req), *to = fxp_read_path(req);

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  from = fxp_permit(req, FTPD_HARDLINK, from, &to);
  if (from == NULL) {
    return fxp_refused(req, errno);
  }

  return ftpd_link(&req->op, from, to) == 0 ? SSH_FX_OK :
    fxp_refused(req, errno);
}
