/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-path.c -- requests that name paths: REMOVE, RENAME, REALPATH, links. */

#include "fxp-int.h"

/* REMOVE: string path (draft-ietf-secsh-filexfer-02, section 6.5). */
uint32_t fxp_do_remove(struct fxp_req *req) {
  const char *path = fxp_read_path(req);

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  path = fxp_permit(req, HOST_REMOVE, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  return host_unlink(&req->op, path) == 0 ? SSH_FX_OK :
    fxp_refused(req, errno);
}

/* RENAME, posix-rename@openssh.com: string old, string new.  The draft's own
 * request does not replace what is there (section 6.5).
 */
static uint32_t rename_path(struct fxp_req *req, bool overwrite) {
  const char *from = fxp_read_path(req), *to = fxp_read_path(req);

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  from = fxp_permit(req, HOST_RENAME, from, &to);
  if (from == NULL) {
    return fxp_refused(req, errno);
  }

  return host_rename(&req->op, from, to, overwrite) == 0 ? SSH_FX_OK :
    fxp_refused(req, errno);
}

uint32_t fxp_do_rename(struct fxp_req *req) {
  return rename_path(req, false);
}

uint32_t fxp_do_posix_rename(struct fxp_req *req) {
  return rename_path(req, true);
}

/* ---- Names of paths */

static uint32_t reply_realpath(struct fxp_req *req, const char *path) {
  path = fxp_permit(req, HOST_REALPATH, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  path = host_realpath(req->host, req->pool, path);
  return path != NULL ? fxp_reply_name(req, path) : fxp_status(req, errno);
}

/* REALPATH: string path.  Replies NAME (section 6.11).  What does not exist
 * is answered too: clients ask before they create.
 */
uint32_t fxp_do_realpath(struct fxp_req *req) {
  const char *path = fxp_read_path(req);

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  return reply_realpath(req, path);
}

/* expand-path@openssh.com: string path, which may begin with ~ or ~user. */
uint32_t fxp_do_expand_path(struct fxp_req *req) {
  const char *path = fxp_read_path(req), *home, *rest;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  if (path[0] != '~') {
    return reply_realpath(req, path);
  }

  rest = path + strcspn(path, "/");
  home = host_home(req->host, req->pool,
    pstrndup(req->pool, path + 1, (size_t) (rest - path) - 1));
  if (home == NULL) {
    return fxp_fail(req, SSH_FX_NO_SUCH_FILE, ENOENT, "No such user");
  }

  return reply_realpath(req, pstrcat(req->pool, home, rest, (char *) NULL));
}

/* home-directory: string user, "" for the own.  Replies NAME. */
uint32_t fxp_do_home_directory(struct fxp_req *req) {
  const char *user = sftp_rd_text(&req->in, req->pool), *home;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  fxp_begin(req, HOST_HOMEDIR, user);
  home = host_home(req->host, req->pool, user);
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

  path = fxp_permit(req, HOST_READLINK, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  return host_readlink(req->host, req->pool, path, &target) == 0 ?
    fxp_reply_name(req, target) : fxp_status(req, errno);
}

/* SYMLINK: string target, string link as most clients send it; the draft
 * (section 6.10) has the link first.
 */
uint32_t fxp_do_symlink(struct fxp_req *req) {
  const char *first = sftp_rd_text(&req->in, req->pool);
  const char *second = sftp_rd_text(&req->in, req->pool);
  const char *target = req->fxp->link_first ? second : first;
  const char *link = req->fxp->link_first ? first : second;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  if (target[0] == '\0' || link[0] == '\0') {
    return fxp_status(req, ENOENT);
  }

  target = fxp_permit(req, HOST_SYMLINK, target, &link);
  if (target == NULL) {
    return fxp_refused(req, errno);
  }

  return host_symlink(req->host, target, link) == 0 ? SSH_FX_OK :
    fxp_status(req, errno);
}

/* hardlink@openssh.com: string old, string new. */
uint32_t fxp_do_hardlink(struct fxp_req *req) {
  const char *from = fxp_read_path(req), *to = fxp_read_path(req);

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  from = fxp_permit(req, HOST_HARDLINK, from, &to);
  if (from == NULL) {
    return fxp_refused(req, errno);
  }

  return host_link(req->host, from, to) == 0 ? SSH_FX_OK :
    fxp_status(req, errno);
}
