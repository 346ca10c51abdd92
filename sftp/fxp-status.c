/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-status.c -- the status for an errno, in each version of the protocol. */

#include "fxp-gate.h"
#include "fxp-reply.h"
#include "fxp-session.h"

/* The status for an errno in each version of the protocol. */
static const struct errno_row {
  int err;
  uint8_t v3, v4, v5, v6;
  const char *text;
} errno_rows[] = {
  { 0,            0, 0, 0, 0, "OK" },
  { ENOENT,       SSH_FX_NO_SUCH_FILE, SSH_FX_NO_SUCH_FILE,
                  SSH_FX_NO_SUCH_FILE, SSH_FX_NO_SUCH_FILE, "No such file" },
  { EBADF,        SSH_FX_NO_SUCH_FILE, SSH_FX_NO_SUCH_FILE,
                  SSH_FX_NO_SUCH_FILE, SSH_FX_NO_SUCH_FILE, "No such file" },
  { ENXIO,        SSH_FX_NO_SUCH_FILE, SSH_FX_NO_SUCH_FILE,
                  SSH_FX_NO_SUCH_FILE, SSH_FX_NO_SUCH_FILE, "No such file" },
  { ENODATA,      SSH_FX_NO_SUCH_FILE, SSH_FX_NO_SUCH_FILE,
                  SSH_FX_NO_SUCH_FILE, SSH_FX_NO_SUCH_FILE, "No such file" },
  { EACCES,       SSH_FX_PERMISSION_DENIED, SSH_FX_PERMISSION_DENIED,
                  SSH_FX_PERMISSION_DENIED, SSH_FX_PERMISSION_DENIED,
                  "Permission denied" },
  { EPERM,        SSH_FX_PERMISSION_DENIED, SSH_FX_PERMISSION_DENIED,
                  SSH_FX_PERMISSION_DENIED, SSH_FX_PERMISSION_DENIED,
                  "Permission denied" },
  { EAGAIN,       SSH_FX_FAILURE, SSH_FX_FAILURE, SSH_FX_LOCK_CONFLICT,
                  SSH_FX_LOCK_CONFLICT, "Locked by another session" },
  { ENOSYS,       SSH_FX_OP_UNSUPPORTED, SSH_FX_OP_UNSUPPORTED,
                  SSH_FX_OP_UNSUPPORTED, SSH_FX_OP_UNSUPPORTED,
                  "Unsupported operation" },
  { ENOTSUP,      SSH_FX_OP_UNSUPPORTED, SSH_FX_OP_UNSUPPORTED,
                  SSH_FX_OP_UNSUPPORTED, SSH_FX_OP_UNSUPPORTED,
                  "Unsupported operation" },
  { EINVAL,       SSH_FX_FAILURE, SSH_FX_FAILURE, SSH_FX_FAILURE,
                  SSH_FX_INVALID_PARAMETER, "Invalid parameter" },
  { EFAULT,       SSH_FX_FAILURE, SSH_FX_FAILURE, SSH_FX_FAILURE,
                  SSH_FX_INVALID_PARAMETER, "Invalid parameter" },
  { E2BIG,        SSH_FX_FAILURE, SSH_FX_FAILURE, SSH_FX_FAILURE,
                  SSH_FX_INVALID_PARAMETER, "Invalid parameter" },
  { ERANGE,       SSH_FX_FAILURE, SSH_FX_FAILURE, SSH_FX_FAILURE,
                  SSH_FX_INVALID_PARAMETER, "Invalid parameter" },
  { EROFS,        SSH_FX_FAILURE, SSH_FX_WRITE_PROTECT,
                  SSH_FX_WRITE_PROTECT, SSH_FX_WRITE_PROTECT,
                  "Read-only file system" },
  { EEXIST,       SSH_FX_FAILURE, SSH_FX_FILE_ALREADY_EXISTS,
                  SSH_FX_FILE_ALREADY_EXISTS, SSH_FX_FILE_ALREADY_EXISTS,
                  "File already exists" },
  { EDQUOT,       SSH_FX_FAILURE, SSH_FX_FAILURE, SSH_FX_QUOTA_EXCEEDED,
                  SSH_FX_QUOTA_EXCEEDED, "Quota exceeded" },
  { EFBIG,        SSH_FX_FAILURE, SSH_FX_FAILURE,
                  SSH_FX_NO_SPACE_ON_FILESYSTEM,
                  SSH_FX_NO_SPACE_ON_FILESYSTEM, "File too large" },
  { ENOSPC,       SSH_FX_FAILURE, SSH_FX_FAILURE,
                  SSH_FX_NO_SPACE_ON_FILESYSTEM,
                  SSH_FX_NO_SPACE_ON_FILESYSTEM, "Out of disk space" },
  { EISDIR,       SSH_FX_FAILURE, SSH_FX_FAILURE, SSH_FX_FAILURE,
                  SSH_FX_FILE_IS_A_DIRECTORY, "File is a directory" },
  { ENOTDIR,      SSH_FX_FAILURE, SSH_FX_FAILURE, SSH_FX_FAILURE,
                  SSH_FX_NOT_A_DIRECTORY, "Not a directory" },
  { ELOOP,        SSH_FX_FAILURE, SSH_FX_FAILURE, SSH_FX_FAILURE,
                  SSH_FX_LINK_LOOP, "Link loop" },
  { ENAMETOOLONG, SSH_FX_FAILURE, SSH_FX_FAILURE, SSH_FX_FAILURE,
                  SSH_FX_INVALID_FILENAME, "Invalid filename" },
  { ENOTEMPTY,    SSH_FX_FAILURE, SSH_FX_FAILURE, SSH_FX_FAILURE,
                  SSH_FX_DIR_NOT_EMPTY, "Directory is not empty" }
};

uint32_t fxp_status_of(unsigned int version, int err, const char **text) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(errno_rows); i++) {
    const struct errno_row *row = &errno_rows[i];

    if (row->err == err) {
      *text = row->text;
      return version >= 6 ? row->v6 : version == 5 ? row->v5 :
        version == 4 ? row->v4 : row->v3;
    }
  }

  *text = strerror(err);
  return SSH_FX_FAILURE;
}

const char *fxp_status_text(uint32_t status) {
  switch (status) {
    case SSH_FX_OK:
      return "OK";

    case SSH_FX_EOF:
      return "End of file";

    case SSH_FX_NO_SUCH_FILE:
      return "No such file";

    case SSH_FX_PERMISSION_DENIED:
      return "Permission denied";

    case SSH_FX_BAD_MESSAGE:
      return "Bad message";

    case SSH_FX_OP_UNSUPPORTED:
      return "Unsupported operation";

    case SSH_FX_INVALID_HANDLE:
      return "Invalid handle";

    case SSH_FX_NO_MATCHING_BYTE_RANGE_LOCK:
      return "No such lock";

    case SSH_FX_LOCK_CONFLICT:
    case SSH_FX_BYTE_RANGE_LOCK_CONFLICT:
      return "Locked by another session";

    case SSH_FX_INVALID_PARAMETER:
      return "Invalid parameter";

    default:
      return "Failure";
  }
}

uint32_t fxp_fail(struct fxp_req *req, uint32_t status, int err,
    const char *text) {
  req->err = err;
  req->text = text;
  return status;
}

uint32_t fxp_status(struct fxp_req *req, int err) {
  const char *text;
  uint32_t status;

  /* A failure without errno is still a failure. */
  status = fxp_status_of(req->fxp->version, err != 0 ? err : EIO, &text);
  return fxp_fail(req, status, err != 0 ? err : EIO, text);
}

uint32_t fxp_refused(struct fxp_req *req, int err) {
  uint32_t status = fxp_status(req, err != 0 ? err : EACCES);

  if (req->op_open && req->op.refused != NULL && req->op.refused[0] != '\0') {
    req->text = pstrcat(req->pool, req->text, ": ", req->op.refused,
      (char *) NULL);
  }

  return status;
}

/* Version 4 introduced the status for this; clients of version 3 get FAILURE.
 */
uint32_t fxp_bad_handle_status(unsigned int version) {
  return version >= 4 ? SSH_FX_INVALID_HANDLE : SSH_FX_FAILURE;
}

uint32_t fxp_bad_handle(struct fxp_req *req) {
  return fxp_fail(req, fxp_bad_handle_status(req->fxp->version), EBADF,
    "Invalid handle");
}
