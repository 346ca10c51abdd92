/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-fault.c -- the result of a transfer: its first offset, its error, and
 * their form in records.
 */

#include "ftpd-openfile.h"
#include "ftpd-record.h"

void ftpd_fault_note(struct ftpd_file *f, enum ftpd_way way, off_t offset,
    size_t done, int err) {
  off_t end = offset + (off_t) done;

  if (!f->ways[way].begun) {
    f->ways[way].begun = true;
    f->ways[way].begin = offset;
  }

  ftpd_record_moved(f, way);
  if (err == 0) {
    if (f->ways[way].err != 0 && f->ways[way].at >= offset &&
        f->ways[way].at < end) {
      f->ways[way].err = 0;     /* repeated successfully */
    }

    return;
  }

  if (f->ways[way].err == 0) {
    f->ways[way].err = err;
    f->ways[way].at = end;
    sftp_log("error %s '%s' at byte %lld: %s", way == WAY_WRITE ? "writing" :
      "reading", f->path, (long long) end, f->refused != NULL ? f->refused :
      strerror(err));
  }
}

/* Whatever is written later, and whatever a second fsync() says: what was to be
 * on disk may not be.
 */
void ftpd_fault_sync(struct ftpd_file *f, int err) {
  if ((err != EIO && err != ENOSPC && err != EDQUOT) ||
      f->ways[WAY_WRITE].err != 0) {
    return;
  }

  f->ways[WAY_WRITE].err = err;
  f->ways[WAY_WRITE].at = -1;
  sftp_log("error bringing '%s' to disk: %s", f->path, strerror(err));
}

off_t ftpd_file_moved(const struct ftpd_file *f, enum ftpd_way way) {
  return way == WAY_READ ? f->total_rd : f->total - f->total_rd;
}

const char *ftpd_fault_code(int err) {
  switch (err) {
    case ENOSPC:
      return R_452;

    case EDQUOT:
    case EFBIG:
      return R_552;

    case EACCES:
    case EPERM:
      return R_550;

    case ECONNABORTED:
    case ECANCELED:
      return R_426;

    default:
      return R_451;
  }
}

/* Who or what ended the session; nothing if it goes on. */
static const char *ended_why(void) {
  const char *details = NULL;

  switch (session.disconnect_reason) {
    case PR_SESS_DISCONNECT_TIMEOUT:
      (void) pr_session_get_disconnect_reason(&details);
      return details != NULL ? details : "A timeout ended the session";

    case PR_SESS_DISCONNECT_SIGNAL:
    case PR_SESS_DISCONNECT_SERVER_SHUTDOWN:
      return "The server ended the session";

    default:
      return "The connection ended";
  }
}

const char *ftpd_fault_why(int err, const char *refused) {
  if (refused != NULL && *refused != '\0') {
    return refused;
  }

  switch (err) {
    case ECONNABORTED:
      return ended_why();

    case ECANCELED:
      return "The client gave up";

    case ENODATA:
      return "The file became shorter";

    default:
      return strerror(err);
  }
}

/* The host's formatter looks for %{transfer-failure} after a full stop, but not
 * in a session of SCP.
 */
const char *ftpd_fault_answer(cmd_rec *cmd, const char *what,
    const char *why) {
  (void) pr_table_add_dup(cmd->notes, "mod_sftp.file-status", "failed", 0);
  (void) pr_table_add_dup(cmd->notes, "mod_sftp.transfer-failure", why, 0);
  return pstrcat(cmd->pool, what, ". ", why, NULL);
}
