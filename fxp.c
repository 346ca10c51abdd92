/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp.c -- SFTP: from bytes to requests, the table, and INIT. */

#include "fxp-int.h"

/* Requests after which the pool they share is made anew, and bytes. */
#define REQ_POOL_COUNT 32
#define REQ_POOL_BYTES 65536
/* What an idle session keeps for its answers. */
#define OUT_SIZE_IDLE 2048
/* Requests between two looks at the host's timers and signals. */
#define POLL_EVERY 64

static const struct fxp_row fxp_rows[256] = {
  /*                     name       versions  handler */
  [SSH_FXP_OPEN] =     { "OPEN",     3, 3, fxp_do_open },
  [SSH_FXP_CLOSE] =    { "CLOSE",    3, 6, fxp_do_close },
  [SSH_FXP_READ] =     { "READ",     3, 6, fxp_do_read },
  [SSH_FXP_LSTAT] =    { "LSTAT",    3, 3, fxp_do_lstat },
  [SSH_FXP_FSTAT] =    { "FSTAT",    3, 3, fxp_do_fstat },
  [SSH_FXP_SETSTAT] =  { "SETSTAT",  3, 6, fxp_do_setstat },
  [SSH_FXP_FSETSTAT] = { "FSETSTAT", 3, 6, fxp_do_fsetstat },
  [SSH_FXP_OPENDIR] =  { "OPENDIR",  3, 6, fxp_do_opendir },
  [SSH_FXP_READDIR] =  { "READDIR",  3, 3, fxp_do_readdir },
  [SSH_FXP_REMOVE] =   { "REMOVE",   3, 6, fxp_do_remove },
  [SSH_FXP_MKDIR] =    { "MKDIR",    3, 6, fxp_do_mkdir },
  [SSH_FXP_RMDIR] =    { "RMDIR",    3, 6, fxp_do_rmdir },
  [SSH_FXP_REALPATH] = { "REALPATH", 3, 5, fxp_do_realpath },
  [SSH_FXP_STAT] =     { "STAT",     3, 3, fxp_do_stat },
  [SSH_FXP_RENAME] =   { "RENAME",   3, 4, fxp_do_rename },
  [SSH_FXP_READLINK] = { "READLINK", 3, 6, fxp_do_readlink },
  [SSH_FXP_SYMLINK] =  { "SYMLINK",  3, 5, fxp_do_symlink },
  [SSH_FXP_EXTENDED] = { "EXTENDED", 3, 6, fxp_do_extended }
};

/* ---- What handlers share */

void fxp_begin(struct fxp_req *req, enum host_request what, const char *arg) {
  SFTP_TRACE(TRACE_SFTP, 7, "request %lu: %s %s", (unsigned long) req->id,
    req->name, arg);
  host_op_begin(req->host, &req->op, req->pool, what, arg);
  req->op_open = true;
}

void fxp_begin_handle(struct fxp_req *req, enum host_request what,
    const struct fxp_handle *h) {
  fxp_begin(req, what, h->text);
  req->op.handle = h->text;
  req->op.file = h->file;
}

const char *fxp_permit(struct fxp_req *req, enum host_request what,
    const char *path, const char **second) {
  const char *arg = path;

  if (second != NULL) {
    arg = pstrcat(req->pool, path, " ", *second, (char *) NULL);
  }

  fxp_begin(req, what, arg);
  return host_permit(&req->op, path, second);
}

const char *fxp_read_path(struct fxp_req *req) {
  const char *path = sftp_rd_text(&req->in, req->pool);

  return path[0] != '\0' ? path : host_cwd(req->host);
}

void fxp_send(struct fxp *f, const void *p, size_t n) {
  if (f->err == SFTP_OK) {
    f->err = sftp_channel_write(f->ch, p, n);
  }
}

void fxp_out_reset(struct fxp *f, size_t n) {
  if (f->out_pool == NULL || f->out.size < n) {
    n = n > OUT_SIZE_IDLE ? n : OUT_SIZE_IDLE;
    destroy_pool(f->out_pool);
    f->out_pool = make_sub_pool(f->pool);
    pr_pool_tag(f->out_pool, "SFTP answers");
    sftp_wr_init(&f->out, f->out_pool, n,
      n > FXP_REPLY_MAX ? n : FXP_REPLY_MAX);
  }

  f->out.len = 0;
  f->out.err = SFTP_OK;
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

/* Answers with the status a handler returned and closes what it began. */
static void finish_request(struct fxp_req *req, uint32_t status) {
  const char *text = req->text;
  int err = req->err;

  if (status == FXP_REPLIED) {
    status = SSH_FX_OK;
    text = fxp_status_text(status);
    err = 0;

  } else {
    text = text != NULL ? text : fxp_status_text(status);
    fxp_out_reset(req->fxp, 0);
    fxp_put_status(&req->fxp->out, req->id, status, text);
    fxp_send(req->fxp, req->fxp->out.ptr, req->fxp->out.len);
    SFTP_TRACE(TRACE_SFTP, 8, "request %lu: status %lu (%s)",
      (unsigned long) req->id, (unsigned long) status, text);
    if (status == SSH_FX_OK || status == SSH_FX_EOF) {
      err = 0;

    } else if (err == 0) {
      err = status == SSH_FX_OP_UNSUPPORTED ? ENOSYS : EIO;
    }
  }

  if (req->op_open) {
    host_op_end(&req->op, err, status, text);
  }

  if (req->outer_open) {
    host_op_end(&req->outer, err, status, text);
  }
}

static void run_request(struct fxp *f, const unsigned char *p, size_t len) {
  const struct fxp_row *row = &fxp_rows[p[0]];
  struct fxp_req req;
  uint32_t status;

  memset(&req, 0, sizeof(req));
  req.fxp = f;
  req.host = f->host;
  req.type = p[0];
  req.id = sftp_get_u32(p + 1);
  req.name = row->name;
  req.pool = fxp_request_pool(f, len);
  sftp_rd_init(&req.in, p + 5, len - 5);
  if (row->run == NULL || f->version < row->min || f->version > row->max) {
    sftp_log("SFTP request of unknown type %u", req.type);
    finish_request(&req, SSH_FX_OP_UNSUPPORTED);
    return;
  }

  status = row->run(&req);
  if (status == SSH_FX_BAD_MESSAGE) {
    sftp_log("malformed SFTP %s request", row->name);
    req.err = EBADMSG;
  }

  finish_request(&req, status);
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
  fxp_put_extensions(&f->out, f);
  sftp_wr_finish(&f->out, mark);
  fxp_send(f, f->out.ptr, f->out.len);
}

/* The message of the day belongs before the first answer. */
static void show_login_message(struct fxp *f) {
  const char *text = host_login_message(f->host, f->pool);

  if (text != NULL && text[0] != '\0') {
    (void) sftp_channel_write_stderr(f->ch, text, strlen(text));
  }
}

/* INIT: u32 version, then pairs that concern nobody here.  A second one
 * starts no second session: it is answered again.
 */
static void on_init(struct fxp *f, const unsigned char *p, size_t len) {
  uint32_t wanted = sftp_get_u32(p + 1);
  unsigned int lowest = f->conn->set->sftp_min_version;
  struct host_op op;
  char arg[16];

  lowest = lowest < FXP_VERSION_MIN ? FXP_VERSION_MIN : lowest;
  lowest = lowest > FXP_VERSION_MAX ? FXP_VERSION_MAX : lowest;
  snprintf(arg, sizeof(arg), "%lu", (unsigned long) wanted);
  SFTP_TRACE(TRACE_SFTP, 7, "INIT %s", arg);
  host_op_begin(f->host, &op, fxp_request_pool(f, len), HOST_INIT, arg);
  if (wanted < lowest) {
    give_up(f, "this server speaks SFTP version 3 and later, the client asks"
      " for less\r\n");
    host_op_end(&op, ENOTSUP, SSH_FX_OP_UNSUPPORTED, "Unsupported version");
    return;
  }

  if (f->version == 0) {
    show_login_message(f);
  }

  f->version = wanted < FXP_VERSION_MAX ? wanted : FXP_VERSION_MAX;
  send_version(f);
  host_op_end(&op, 0, SSH_FX_OK, "OK");
}

/* ---- From bytes to requests */

/* The length field of a request; 0 when it ends the channel. */
static size_t check_length(struct fxp *f, const unsigned char *p) {
  uint32_t len = sftp_get_u32(p);

  if (len < FXP_REQUEST_MIN) {
    sftp_log("SFTP request of %lu bytes is too short for one",
      (unsigned long) len);
    f->err = SFTP_ERR_SHORT;
    return 0;
  }

  if (len > FXP_REQUEST_MAX) {
    sftp_log("SFTP request of %lu bytes is longer than the %lu that are taken",
      (unsigned long) len, (unsigned long) FXP_REQUEST_MAX);
    f->err = SFTP_ERR_LIMIT;
    return 0;
  }

  return len;
}

/* Takes one request from n bytes, or the beginning of a WRITE; returns the
 * bytes used, 0 when more are needed.
 */
static size_t take_request(struct fxp *f, const unsigned char *p, size_t n) {
  size_t len, used;

  if (n < 5) {
    f->need = n >= 4 ? 1 : 0;
    return 0;
  }

  len = check_length(f, p);
  if (len == 0) {
    return 0;
  }

  if (f->version == 0 && p[4] != SSH_FXP_INIT) {
    sftp_log("SFTP request of type %u before INIT", p[4]);
    f->err = SFTP_ERR_ORDER;
    return 0;
  }

  if (p[4] == SSH_FXP_WRITE) {
    used = fxp_write_header(f, p + 4, n - 4, len);
    f->need = used > 0 ? 0 : 4 + len - n;
    return used > 0 ? 4 + used : 0;
  }

  if (n - 4 < len) {
    f->need = 4 + len - n;
    return 0;
  }

  /* What was gathered comes before whatever is asked now. */
  fxp_write_out(f);
  if (p[4] == SSH_FXP_INIT) {
    on_init(f, p + 4, len);

  } else {
    run_request(f, p + 4, len);
  }

  return 4 + len;
}

static ssize_t fxp_input(void *svc, const unsigned char *p, size_t len) {
  struct fxp *f = svc;
  size_t used = 0, n;
  unsigned int count = 0;

  f->need = 0;
  while (f->err == SFTP_OK && !f->done && used < len) {
    if (f->writing) {
      used += fxp_write_data(f, p + used, len - used);
      continue;
    }

    if (sftp_channel_room(f->ch) == 0) {
      break;
    }

    n = take_request(f, p + used, len - used);
    if (n == 0) {
      break;
    }

    used += n;
    if (++count % POLL_EVERY == 0) {
      host_poll(f->host);
    }
  }

  if (f->err != SFTP_OK) {
    return f->err;
  }

  return (ssize_t) (f->done ? len : used);
}

/* ---- The service */

static int fxp_flush(void *svc) {
  struct fxp *f = svc;

  fxp_write_out(f);
  if (f->out_pool != NULL && f->out.size > OUT_SIZE_IDLE) {
    destroy_pool(f->out_pool);
    f->out_pool = NULL;
  }

  return f->err;
}

static int fxp_ready(void *svc) {
  struct fxp *f = svc;

  /* Requests that wait are offered again by the channel; none is half done. */
  return f->err;
}

static int fxp_eof(void *svc) {
  struct fxp *f = svc;

  fxp_write_out(f);
  if (f->writing || f->need > 0) {
    sftp_log("the client ended SFTP in the middle of a request");
  }

  if (!f->done) {
    f->done = true;
    sftp_channel_finish(f->ch, 0);
  }

  return f->err;
}

static void fxp_close(void *svc) {
  struct fxp *f = svc;

  f->done = true;
  f->writing = false;
  fxp_handle_abort_all(f);
}

static size_t fxp_missing(void *svc) {
  struct fxp *f = svc;

  return f->writing ? f->cur_left : f->need;
}

const struct sftp_service sftp_fxp_service = {
  .name = "sftp",
  .input = fxp_input,
  .flush = fxp_flush,
  .ready = fxp_ready,
  .eof = fxp_eof,
  .close = fxp_close,
  .missing = fxp_missing
};

/* Clients that follow the draft's order of SYMLINK, link first, unless the
 * server calls itself OpenSSH (which has it the other way round, and which all
 * others follow).
 */
static bool sends_link_first(const char *software) {
  static const char *const prefixes[] = {
    "libssh_", "libssh-", "AsyncSSH_", "ssh2js", "Ruby/Net::SSH", "phpseclib"
  };
  size_t i;

  for (i = 0; software != NULL && i < SFTP_NELEMS(prefixes); i++) {
    if (strncmp(software, prefixes[i], strlen(prefixes[i])) == 0) {
      return true;
    }
  }

  return false;
}

void *sftp_fxp_start(struct ssh_conn *c, struct sftp_channel *ch, pool *p,
    const char *args, const char **why) {
  struct fxp *f = pcalloc(p, sizeof(*f));

  (void) args;
  (void) why;
  f->conn = c;
  f->ch = ch;
  f->host = c->host;
  f->pool = p;
  f->link_first = sends_link_first(c->client_software);
  f->max_handles = host_max_handles(c->host);
  host_set_protocol(c->host, "sftp");
  return f;
}
