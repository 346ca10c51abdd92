/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-open.c -- OPEN and CLOSE. */

#include <fcntl.h>

#include "effects.h"
#include "forced.h"
#include "ftpd-attrs.h"
#include "ftpd-io.h"
#include "ftpd-tree.h"
#include "fxp-file-attrs.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-job.h"
#include "fxp-open.h"
#include "fxp-owner.h"
#include "fxp-reply.h"
#include "fxp-session.h"

/* draft-ietf-secsh-filexfer-02, section 6.3 */
#define SSH_FXF_READ    0x01U
#define SSH_FXF_WRITE   0x02U
#define SSH_FXF_APPEND  0x04U
#define SSH_FXF_CREAT   0x08U
#define SSH_FXF_TRUNC   0x10U
#define SSH_FXF_EXCL    0x20U
#define SSH_FXF_TEXT    0x40U   /* since version 4 */

/* draft -13, section 8.1.1: access ... */
#define ACE4_READ_DATA          0x00000001U
#define ACE4_WRITE_DATA         0x00000002U
#define ACE4_APPEND_DATA        0x00000004U
#define ACE4_READ_NAMED_ATTRS   0x00000008U
#define ACE4_WRITE_NAMED_ATTRS  0x00000010U

/* ... and flags of version 5 and later */
#define SSH_FXF_ACCESS_DISPOSITION      0x00000007U
#define SSH_FXF_CREATE_NEW              0U
#define SSH_FXF_CREATE_TRUNCATE         1U
#define SSH_FXF_OPEN_EXISTING           2U
#define SSH_FXF_OPEN_OR_CREATE          3U
#define SSH_FXF_TRUNCATE_EXISTING       4U
#define SSH_FXF_APPEND_DATA             0x00000008U
#define SSH_FXF_APPEND_DATA_ATOMIC      0x00000010U
#define SSH_FXF_TEXT_MODE               0x00000020U
#define SSH_FXF_NOFOLLOW                0x00000400U
#define SSH_FXF_DELETE_ON_CLOSE         0x00000800U
/* The other rights are not supported: audits, backups. */

/* ---- OPEN */

struct fxp_open {
  bool reads, writes, appends, text, nofollow, deletes;
  unsigned int deny;            /* FTPD_USE_*, others */
  int flags;                    /* as open(2) */
};

/* Everything that can change a file counts as writing, whether the client says
 * so or not: otherwise a client that may only read could create and truncate.
 */
static void read_open_v3(struct fxp_open *how, uint32_t pflags) {
  const uint32_t changing = SSH_FXF_WRITE|SSH_FXF_APPEND|SSH_FXF_CREAT|
    SSH_FXF_TRUNC;

  memset(how, 0, sizeof(*how));
  how->writes = (pflags & changing) != 0;
  how->reads = (pflags & SSH_FXF_READ) != 0 || !how->writes;
  how->appends = (pflags & SSH_FXF_APPEND) != 0;
  how->text = (pflags & SSH_FXF_TEXT) != 0;
  how->flags = how->writes ? how->reads ? O_RDWR : O_WRONLY : O_RDONLY;
  how->flags |= how->appends ? O_APPEND : 0;
  how->flags |= (pflags & SSH_FXF_TRUNC) != 0 ? O_TRUNC : 0;
  if ((pflags & SSH_FXF_CREAT) != 0) {
    how->flags |= O_CREAT;
    how->flags |= (pflags & SSH_FXF_EXCL) != 0 ? O_EXCL : 0;
  }
}

/* Error message if a flag is not supported, or NULL.  The server cannot prevent
 * other programs from removing a file, so it does not promise that.
 */
static const char *not_served(unsigned int version, uint32_t access,
    uint32_t flags) {
  if ((access & (ACE4_READ_NAMED_ATTRS|ACE4_WRITE_NAMED_ATTRS)) != 0) {
    return "Named attributes not supported";
  }

  if ((flags & SSH_FXF_BLOCK_DELETE) != 0 && (version < 6 ||
      (flags & SSH_FXF_BLOCK_ADVISORY) == 0)) {
    return version < 6 ? "Lock against removal not supported" :
      "Lock against removal not supported unless advisory";
  }

  return (flags & ~(version >= 6 ? FXP_OPEN_FLAGS_V6 : FXP_OPEN_FLAGS_V5)) !=
    0 ? "Flags of OPEN not supported" : NULL;
}

/* Version 5 and later separate the disposition of the file from the access
 * (draft -13, section 8.1.1).  Rights about attributes have no effect here:
 * each request for attributes is checked separately.
 */
static void read_open_v5(struct fxp_open *how, uint32_t access,
    uint32_t flags) {
  static const int dispositions[] = {
    [SSH_FXF_CREATE_NEW] = O_CREAT|O_EXCL,
    [SSH_FXF_CREATE_TRUNCATE] = O_CREAT|O_TRUNC,
    [SSH_FXF_OPEN_EXISTING] = 0,
    [SSH_FXF_OPEN_OR_CREATE] = O_CREAT,
    [SSH_FXF_TRUNCATE_EXISTING] = O_TRUNC
  };

  int disposition = dispositions[flags & SSH_FXF_ACCESS_DISPOSITION];

  memset(how, 0, sizeof(*how));
  how->appends = (flags & (SSH_FXF_APPEND_DATA|SSH_FXF_APPEND_DATA_ATOMIC)) !=
    0 || (access & (ACE4_WRITE_DATA|ACE4_APPEND_DATA)) == ACE4_APPEND_DATA;
  how->text = (flags & SSH_FXF_TEXT_MODE) != 0;
  how->nofollow = (flags & SSH_FXF_NOFOLLOW) != 0;
  how->deletes = (flags & SSH_FXF_DELETE_ON_CLOSE) != 0;
  how->deny = fxp_lock_denies(flags);
  how->writes = how->appends || disposition != 0 ||
    (access & (ACE4_WRITE_DATA|ACE4_APPEND_DATA)) != 0;
  how->reads = (access & ACE4_READ_DATA) != 0 || !how->writes;
  how->flags = how->writes ? how->reads ? O_RDWR : O_WRONLY : O_RDONLY;
  how->flags |= disposition | (how->appends ? O_APPEND : 0);
}

static mode_t mode_of(const struct fxp_req *req, const struct fxp_attrs *a,
    mode_t otherwise) {
  if ((a->has & FXP_ATTR_PERMS) == 0 || (req->fxp->conn->set->opts &
      SFTP_OPT_IGNORE_SFTP_UPLOAD_PERMS) != 0) {
    return otherwise;
  }

  return (mode_t) (a->perms & 07777);
}

/* Sets the owner that a client requests for a new file; if that is not
 * permitted, the owner remains unchanged, as with other servers.
 */
static void give_new_file(struct fxp_req *req, struct ftpd_file *file,
    struct fxp_attrs *a) {
  struct stat st;

  if (ftpd_fstat(file, &st) == 0 && fxp_attrs_ids(req, a, &st) == NULL &&
      (st.st_uid != (uid_t) a->uid || st.st_gid != (gid_t) a->gid)) {
    (void) ftpd_fchown(file,
      st.st_uid == (uid_t) a->uid ? (uid_t) -1 : (uid_t) a->uid,
      st.st_gid == (gid_t) a->gid ? (gid_t) -1 : (gid_t) a->gid);
  }
}

/* OPEN is permitted for the target of a link.  Checking whether the name is a
 * link requires the right to LSTAT, and locking the right to LOCK: without them
 * such an OPEN is refused.
 */
static uint32_t ask_first(struct fxp_req *req, enum ftpd_request what,
    const char *path) {
  struct ftpd_op op;
  struct stat st;
  const char *used;
  int err = 0;

  ftpd_op_begin(req->ftpd, &op, req->pool, what, path);
  used = ftpd_permit(&op, path, NULL);
  if (used == NULL) {
    err = errno;

  } else if (what == FTPD_LSTAT && ftpd_lstat(req->ftpd, used, &st) == 0 &&
      S_ISLNK(st.st_mode)) {
    err = ELOOP;
  }

  ftpd_op_end(&op, used != NULL ? 0 : err, used != NULL ? SSH_FX_OK :
    SSH_FX_PERMISSION_DENIED, NULL);
  if (err == 0) {
    return SSH_FX_OK;
  }

  fxp_begin(req, FTPD_OPEN_READ, path);
  req->op.refused = op.refused;
  return fxp_refused(req, err);
}

/* Checks the other effects of OPEN. */
static uint32_t ask_more(struct fxp_req *req, const char *path,
    const struct fxp_open *how) {
  uint32_t status = SSH_FX_OK;

  if (how->deletes && !fxp_is_allowed(req->fxp, "REMOVE", NULL)) {
    return SSH_FX_PERMISSION_DENIED;
  }

  if (how->deny != 0) {
    status = fxp_is_allowed(req->fxp, "LOCK", NULL) ?
      ask_first(req, FTPD_LOCK, path) : SSH_FX_PERMISSION_DENIED;
  }

  return status == SSH_FX_OK && how->nofollow ?
    ask_first(req, FTPD_LSTAT, path) : status;
}

/* Sets the attributes of OPEN, other than permissions. */
static void set_on_new(struct fxp_req *req, struct ftpd_file *file,
    const char *path, struct fxp_attrs *a) {
  unsigned long opts = req->fxp->conn->set->opts;
  struct fxp_target t = { file, path, true };

  if (!sftp_forced_allows(req->fxp->conn->services.forced, "FSETSTAT", NULL)) {
    return;
  }

  if ((a->has & FXP_ATTR_OWNER) != 0 &&
      (opts & SFTP_OPT_IGNORE_SFTP_SET_OWNERS) == 0 &&
      ftpd_may_set_new(&req->op, path, SFTP_EFF_OWNER)) {
    give_new_file(req, file, a);
  }

  if (a->npairs > 0 && (opts & SFTP_OPT_IGNORE_SFTP_UPLOAD_XATTRS) == 0 &&
      ftpd_may_set_new(&req->op, path, SFTP_EFF_ATTR)) {
    (void) fxp_xattrs_set(req, a, &t);
  }
}

/* A file that is truncated first is not appended to. */
static enum ftpd_request request_of(const struct fxp_open *how) {
  return how->appends && (how->flags & O_TRUNC) == 0 ? FTPD_OPEN_APPEND :
    how->writes ? FTPD_OPEN_WRITE : FTPD_OPEN_READ;
}

/* Replies the handle of a file that is open now. */
static uint32_t opened(struct fxp_req *req, struct ftpd_file *file,
    const struct fxp_open *how) {
  struct fxp_handle *h = fxp_handle_new(req->fxp, file, NULL);

  if (h == NULL) {
    (void) ftpd_close(&req->op, file, EMFILE);
    return fxp_status(req, EMFILE);
  }

  h->can_read = how->reads;
  h->can_write = how->writes;
  h->text_mode = how->text;
  req->op.handle = h->text;
  req->op.file = file;
  return fxp_reply_handle(req, h);
}

/* The server copies a file that existed. */
static uint32_t go_on(struct fxp_req *req, void *state) {
  struct ftpd_file *file = ftpd_open_go_on(&req->op);

  return file != NULL ? opened(req, file, state) : errno == EINPROGRESS ?
    FXP_LATER : fxp_refused(req, errno);
}

/* The end of the operation stops it. */
static void stop(void *state) {
  (void) state;
}

static uint32_t open_later(struct fxp_req *req, const struct fxp_open *how) {
  struct fxp_open *kept = palloc(req->pool, sizeof(*kept));

  *kept = *how;
  return fxp_later(req, go_on, stop, kept);
}

static uint32_t open_file(struct fxp_req *req, const char *path,
    const struct fxp_open *how, struct fxp_attrs *a) {
  bool made = how->writes && (how->flags & O_CREAT) != 0 &&
    ((a->has & FXP_ATTR_OWNER) != 0 || a->npairs > 0);
  struct ftpd_file *file;
  struct stat st;

  fxp_begin(req, request_of(how), path);
  req->op.exclusive = (how->flags & O_EXCL) != 0;
  path = ftpd_permit(&req->op, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  req->op.deny = how->deny;
  req->op.deletes = how->deletes;
  made = made && ftpd_lstat(req->ftpd, path, &st) < 0 && errno == ENOENT;
  file = ftpd_open(&req->op, path, how->flags, mode_of(req, a, 0666));
  if (file == NULL) {
    return errno == EINPROGRESS ? open_later(req, how) :
      fxp_refused(req, errno);
  }

  if (made) {
    set_on_new(req, file, path, a);
  }

  return opened(req, file, how);
}

/* Flags that are not supported, or do not exist: version 5 has no status for an
 * invalid parameter.
 */
static uint32_t check_flags(struct fxp_req *req, const char *path,
    uint32_t access, uint32_t flags) {
  unsigned int version = req->fxp->version;
  const char *text = not_served(version, access, flags);

  if (text != NULL) {
    fxp_begin(req, FTPD_OPEN_READ, path);
    return fxp_fail(req, SSH_FX_OP_UNSUPPORTED, ENOTSUP, text);
  }

  if ((flags & SSH_FXF_ACCESS_DISPOSITION) > SSH_FXF_TRUNCATE_EXISTING) {
    fxp_begin(req, FTPD_OPEN_READ, path);
    return fxp_fail(req, version >= 6 ? SSH_FX_INVALID_PARAMETER :
      SSH_FX_FAILURE, EINVAL, "Invalid flags of OPEN");
  }

  return SSH_FX_OK;
}

/* OPEN: string path, since version 5 u32 access, u32 flags, attributes.
 * Replies HANDLE (section 6.3).
 */
uint32_t fxp_do_open(struct fxp_req *req) {
  const char *path = fxp_read_path(req);
  uint32_t access = req->fxp->version >= 5 ? sftp_rd_u32(&req->in) : 0;
  uint32_t flags = sftp_rd_u32(&req->in), status;
  struct fxp_open how;
  struct fxp_attrs a;

  fxp_attrs_read(&req->in, req->pool, req->fxp->version, &a);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  if (!fxp_handle_room(req->fxp)) {
    return fxp_fail(req, SSH_FX_FAILURE, EMFILE, "Too many open handles");
  }

  if (req->fxp->version < 5) {
    read_open_v3(&how, req->fxp->version >= 4 ? flags :
      flags & ~SSH_FXF_TEXT);
    return open_file(req, path, &how, &a);
  }

  status = check_flags(req, path, access, flags);
  if (status != SSH_FX_OK) {
    return status;
  }

  read_open_v5(&how, access, flags);
  status = ask_more(req, path, &how);
  return status == SSH_FX_OK ? open_file(req, path, &how, &a) : status;
}

/* ---- CLOSE: string handle (section 6.3) */

uint32_t fxp_do_close(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  struct fxp_handle *h;
  int res, err;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL) {
    return fxp_bad_handle(req);
  }

  /* The operation lives longer than the handle. */
  fxp_begin(req, FTPD_CLOSE, pstrdup(req->pool, h->text));
  req->op.handle = req->op.arg;
  req->op.file = h->file;
  res = h->file != NULL ? ftpd_close(&req->op, h->file,
    h->write_failed ? EIO : 0) :
    ftpd_closedir(&req->op, h->dir);
  err = errno;
  req->op.file = NULL;
  fxp_handle_free(req->fxp, h);
  return res == 0 ? SSH_FX_OK : fxp_refused(req, err);
}
