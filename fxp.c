/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp.c -- SFTP: the table of requests, how one is run, and INIT. */

#include "forced.h"
#include "fxp-int.h"

/* Requests after which the pool they share is made anew, and bytes. */
#define REQ_POOL_COUNT 32
#define REQ_POOL_BYTES 65536
/* Bytes for answers, unless more are asked for. */
#define OUT_SIZE_FIRST 2048

static const struct fxp_row fxp_rows[256] = {
  /*                     name       versions  handler */
  [SSH_FXP_OPEN] =     { "OPEN",     1, 6, fxp_do_open },
  [SSH_FXP_CLOSE] =    { "CLOSE",    1, 6, fxp_do_close },
  [SSH_FXP_READ] =     { "READ",     1, 6, fxp_do_read },
  [SSH_FXP_LSTAT] =    { "LSTAT",    1, 6, fxp_do_lstat },
  [SSH_FXP_FSTAT] =    { "FSTAT",    1, 6, fxp_do_fstat },
  [SSH_FXP_SETSTAT] =  { "SETSTAT",  1, 6, fxp_do_setstat },
  [SSH_FXP_FSETSTAT] = { "FSETSTAT", 1, 6, fxp_do_fsetstat },
  [SSH_FXP_OPENDIR] =  { "OPENDIR",  1, 6, fxp_do_opendir },
  [SSH_FXP_READDIR] =  { "READDIR",  1, 6, fxp_do_readdir },
  [SSH_FXP_REMOVE] =   { "REMOVE",   1, 6, fxp_do_remove },
  [SSH_FXP_MKDIR] =    { "MKDIR",    1, 6, fxp_do_mkdir },
  [SSH_FXP_RMDIR] =    { "RMDIR",    1, 6, fxp_do_rmdir },
  [SSH_FXP_REALPATH] = { "REALPATH", 1, 6, fxp_do_realpath },
  [SSH_FXP_STAT] =     { "STAT",     1, 6, fxp_do_stat },
  [SSH_FXP_RENAME] =   { "RENAME",   2, 6, fxp_do_rename },
  [SSH_FXP_READLINK] = { "READLINK", 3, 6, fxp_do_readlink },
  /* Version 6 has LINK for it; Erlang's ssh_sftp sends SYMLINK all the same. */
  [SSH_FXP_SYMLINK] =  { "SYMLINK",  3, 6, fxp_do_symlink },
  [SSH_FXP_LINK] =     { "LINK",     6, 6, fxp_do_link },
  [SSH_FXP_BLOCK] =    { "LOCK",     6, 6, fxp_do_block },
  [SSH_FXP_UNBLOCK] =  { "UNLOCK",   6, 6, fxp_do_unblock },
  [SSH_FXP_EXTENDED] = { "EXTENDED", 3, 6, fxp_do_extended }
};

/* ---- What handlers share */

void fxp_begin(struct fxp_req *req, enum ftpd_request what, const char *arg) {
  SFTP_TRACE(TRACE_SFTP, 7, "request %lu: %s %s", (unsigned long) req->id,
    req->name, arg);
  ftpd_op_begin(req->ftpd, &req->op, req->pool, what, arg);
  req->op_open = true;
}

void fxp_begin_handle(struct fxp_req *req, enum ftpd_request what,
    const char *arg, const struct fxp_handle *h) {
  fxp_begin(req, what, arg != NULL ? arg : h->text);
  req->op.handle = h->text;
  req->op.file = h->file;
}

uint32_t fxp_permit_handle(struct fxp_req *req, enum ftpd_request what,
    const char *arg, const struct fxp_handle *h) {
  fxp_begin_handle(req, what, arg, h);
  return ftpd_permit_handle(&req->op, fxp_handle_path(h)) == 0 ? SSH_FX_OK :
    fxp_refused(req, errno);
}

const char *fxp_permit(struct fxp_req *req, enum ftpd_request what,
    const char *path, const char **second) {
  const char *arg = path;

  if (second != NULL) {
    arg = pstrcat(req->pool, path, " ", *second, (char *) NULL);
  }

  fxp_begin(req, what, arg);
  return ftpd_permit(&req->op, path, second);
}

/* What cannot be converted is taken as it is: it may well be a name that was
 * sent as it is, because it could not be converted.
 */
const char *fxp_read_name(struct fxp_req *req) {
  const char *name = sftp_rd_text(&req->in, req->pool), *here = NULL;

  if (req->fxp->translate) {
    here = ftpd_from_utf8(req->ftpd, req->pool, name);
  }

  return here != NULL ? here : name;
}

const char *fxp_name_out(struct fxp_req *req, const char *name) {
  const char *there = NULL;

  if (req->fxp->translate) {
    there = ftpd_to_utf8(req->ftpd, req->pool, name);
  }

  return there != NULL ? there : name;
}

const char *fxp_read_path(struct fxp_req *req) {
  const char *path = fxp_read_name(req);

  return path[0] != '\0' ? path : ftpd_cwd(req->ftpd);
}

void fxp_send(struct fxp *f, const void *p, size_t n) {
  if (f->err == SFTP_OK) {
    f->err = sftp_channel_write(f->ch, p, n);
  }
}

void fxp_out_reset(struct fxp *f, size_t n) {
  if (f->out_pool == NULL || f->out.size < n) {
    n = n > OUT_SIZE_FIRST ? n : OUT_SIZE_FIRST;
    destroy_pool(f->out_pool);
    f->out_pool = make_sub_pool(f->pool);
    pr_pool_tag(f->out_pool, "SFTP answers");
    sftp_wr_init(&f->out, f->out_pool, n,
      n > FXP_REPLY_MAX ? n : FXP_REPLY_MAX);
  }

  f->out.len = 0;
  f->out.err = SFTP_OK;
}

void fxp_out_shrink(struct fxp *f) {
  if (f->out_pool != NULL && f->out.size > OUT_SIZE_FIRST) {
    destroy_pool(f->out_pool);
    f->out_pool = NULL;
  }
}

bool fxp_is_allowed(const struct fxp *f, const char *name) {
  if (sftp_forced_allows(f->conn->forced, name)) {
    return true;
  }

  sftp_log("SFTP %s refused: the command of the user's key, '%s', does not "
    "allow it", name, f->conn->forced->text);
  return false;
}

/* ---- One request */

/* Making a pool costs more than many a request: they share one for a while. */
pool *fxp_request_pool(struct fxp *f, size_t len) {
  if (f->req_count >= REQ_POOL_COUNT || f->req_bytes >= REQ_POOL_BYTES) {
    destroy_pool(f->req_pool);
    f->req_pool = NULL;
  }

  if (f->req_pool == NULL) {
    f->req_pool = make_sub_pool(f->pool);
    pr_pool_tag(f->req_pool, "SFTP requests");
    f->req_count = 0;
    f->req_bytes = 0;
  }

  f->req_count++;
  f->req_bytes += len;
  return f->req_pool;
}

void fxp_finish_request(struct fxp_req *req, uint32_t status) {
  const char *text = req->text;
  int err = req->err;

  if (status == FXP_REPLIED) {
    status = SSH_FX_OK;
    text = fxp_status_text(status);
    err = 0;

  } else {
    text = text != NULL ? text : fxp_status_text(status);
    fxp_out_reset(req->fxp, 0);
    fxp_put_status(&req->fxp->out, req->fxp->version, req->id, status, text,
      req->data);
    fxp_send(req->fxp, req->fxp->out.ptr, req->fxp->out.len);
    SFTP_TRACE(TRACE_SFTP, 8, "request %lu: status %lu (%s)",
      (unsigned long) req->id, (unsigned long) status, text);
    if (status == SSH_FX_OK) {
      err = 0;

    } else if (err == 0 && status != SSH_FX_EOF) {
      err = status == SSH_FX_OP_UNSUPPORTED ? ENOSYS : EIO;
    }
  }

  if (req->op_open) {
    ftpd_op_end(&req->op, err, status, text);
  }

  if (req->outer_open) {
    ftpd_op_end(&req->outer, err, status, text);
  }

  if (req->fxp->leave && !req->fxp->done) {
    req->fxp->done = true;
    sftp_channel_finish(req->fxp->ch, 1);
  }
}

void fxp_run(struct fxp *f, const unsigned char *p, size_t len) {
  const struct fxp_row *row = &fxp_rows[p[0]];
  struct fxp_req req;
  uint32_t status;

  memset(&req, 0, sizeof(req));
  req.fxp = f;
  req.ftpd = f->ftpd;
  req.type = p[0];
  req.id = sftp_get_u32(p + 1);
  req.name = row->name;
  req.pool = fxp_request_pool(f, len);
  sftp_rd_init(&req.in, p + 5, len - 5);
  if (row->run == NULL || f->version < row->min || f->version > row->max) {
    sftp_log("SFTP request of unknown type %u", req.type);
    ftpd_event(f->ftpd, "sftp.invalid-request", &req);
    fxp_finish_request(&req, SSH_FX_OP_UNSUPPORTED);
    return;
  }

  if (p[0] != SSH_FXP_EXTENDED && !fxp_is_allowed(f, row->name)) {
    fxp_finish_request(&req, SSH_FX_PERMISSION_DENIED);
    return;
  }

  status = row->run(&req);
  f->selectable = false;
  if (status == SSH_FX_BAD_MESSAGE) {
    sftp_log("malformed SFTP %s request", row->name);
    req.err = EBADMSG;
  }

  if (status == FXP_LATER) {
    fxp_job_hold(f, &req);
    return;
  }

  fxp_finish_request(&req, status);
}

/* ---- INIT */

/* The session cannot go on: the client is told why where it shows it. */
static void give_up(struct fxp *f, const char *why) {
  sftp_log("SFTP session ended: %s", why);
  (void) sftp_channel_write_stderr(f->ch, why, strlen(why));
  f->done = true;
  sftp_channel_finish(f->ch, 1);
}

static void send_version(struct fxp *f) {
  size_t mark;

  fxp_out_reset(f, 0);
  mark = sftp_wr_begin(&f->out);
  sftp_wr_u8(&f->out, SSH_FXP_VERSION);
  sftp_wr_u32(&f->out, f->version);
  fxp_version_pairs(&f->out, f);
  sftp_wr_finish(&f->out, mark);
  fxp_send(f, f->out.ptr, f->out.len);
}

/* The message of the day belongs before the first answer. */
static void show_login_message(struct fxp *f) {
  const char *text = ftpd_login_message(f->ftpd, f->pool);

  if (text != NULL && text[0] != '\0') {
    (void) sftp_channel_write_stderr(f->ch, text, strlen(text));
  }
}

/* INIT: u32 version, then pairs that concern nobody here.  A second one
 * starts no second session: it is answered again.
 */
void fxp_on_init(struct fxp *f, const unsigned char *p, size_t len) {
  uint32_t wanted = sftp_get_u32(p + 1);
  unsigned int version;
  struct ftpd_op op;
  char arg[16];

  snprintf(arg, sizeof(arg), "%lu", (unsigned long) wanted);
  sftp_client_observed(f->conn, "speaks SFTP", sftp_str_of(arg));
  version = fxp_version_for(f, wanted);
  SFTP_TRACE(TRACE_SFTP, 7, "INIT %s", arg);
  ftpd_op_begin(f->ftpd, &op, fxp_request_pool(f, len), FTPD_INIT, arg);
  if (version == 0) {
    give_up(f, "this server speaks later versions of SFTP than the client\r\n");
    ftpd_op_end(&op, ENOTSUP, SSH_FX_OP_UNSUPPORTED, "Unsupported version");
    return;
  }

  if (f->version == 0) {
    show_login_message(f);
  }

  fxp_version_set(f, version);
  send_version(f);
  ftpd_op_end(&op, 0, SSH_FX_OK, "OK");
}
