/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-file.c -- open files: further operations on them, and closing, up to the
 * log line.
 */

#include "ftpd-bottleneck.h"
#include "ftpd-check.h"
#include "ftpd-cmd.h"
#include "ftpd-count.h"
#include "ftpd-digest.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-hidden.h"
#include "ftpd-onclose.h"
#include "ftpd-openfile.h"
#include "ftpd-ownership.h"
#include "ftpd-path.h"
#include "ftpd-phase.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"
#include "ftpd-record.h"
#include "ftpd-request.h"
#include "ftpd-scan.h"
#include "ftpd-settle.h"
#include "ftpd-sync.h"
#include "ftpd-tally.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-transfer.h"

#include "ftpd-attrs.h"
#include "ftpd-io.h"

/* ---- Close */

/* Data of a closed file for the log line of CLOSE. */
static void keep_closed(struct ftpd_op *op, const struct ftpd_file *f) {
  struct op_state *state = ftpd_op_state(op);

  state->closed = *f;
  state->closed.path = pstrdup(op->pool, f->path);
  state->closed.recorded = pstrdup(op->pool, f->recorded);
  state->closed.hidden = NULL;
  state->closed.digest = NULL;
  state->closed.pool = NULL;
  state->closed.cmd = NULL;
}

void ftpd_log_transfer(struct ftpd_file *f, enum ftpd_way way, char how) {
  pool *p = make_sub_pool(session.pool);
  long secs = (long) ((sftp_now_us() - f->begun_us) / 1000000);

  ftpd_protocol_settle(f->h);
  (void) xferlog_write(secs,
    pr_netaddr_get_sess_remote_name(), ftpd_file_moved(f, way),
    sftp_printable(p, ftpd_outside(p, f->recorded)), 'b',
    way == WAY_WRITE ? 'i' : 'o', 'r', session.user, how, "_");
  destroy_pool(p);
}

/* st is from the time of closing. */
static void was_removed(struct ftpd_file *f, const struct stat *st) {
  f->hidden = NULL;
  if (f->counted && st->st_nlink > 0) {
    ftpd_quota_gone(f->h, f->path, st);
  }
}

/* Removes the upload; st is from the time of closing. */
static void remove_upload(struct ftpd_file *f, const char *name,
    const struct stat *st) {
  if (ftpd_settle_remove(f, name) == 0 && f->counted && st->st_nlink > 0) {
    ftpd_quota_gone(f->h, f->path, st);
  }
}

/* DeleteAbortedStores: temporary files are removed unless it is off, other
 * files remain unless it is on.
 */
static void remove_aborted(struct ftpd_file *f, const struct stat *st) {
  unsigned char *remove_it;

  if (!f->wr || ((!f->made || f->on_close) && f->hidden == NULL)) {
    return;
  }

  remove_it = get_param_ptr(CURRENT_CONF, "DeleteAbortedStores", FALSE);
  if (f->hidden != NULL) {
    if (f->on_close || remove_it == NULL || *remove_it == TRUE) {
      remove_upload(f, f->hidden, st);
    }

  } else if (remove_it != NULL && *remove_it == TRUE) {
    remove_upload(f, f->path, st);
  }
}

/* Moves an upload from its temporary name into place. */
static int reveal(struct ftpd_file *f, const struct stat *st) {
  struct stat old;
  bool replaces;
  int xerrno;

  if (f->hidden == NULL) {
    return 0;
  }

  replaces = f->counted && ftpd_lstat(f->h, f->path, &old) == 0;

  if (ftpd_settle_reveal(f) < 0) {
    xerrno = errno;
    sftp_log("error renaming '%s' to '%s': %s", f->hidden, f->path,
      strerror(xerrno));
    remove_upload(f, f->hidden, st);
    f->hidden = NULL;
    errno = xerrno;
    return -1;
  }

  if (replaces) {
    ftpd_quota_gone(f->h, f->path, &old);
  }

  f->hidden = NULL;
  return 0;
}

/* The rules of the file's own directory, for DeleteAbortedStores. */
static void enter_folder(struct ftpd_file *f) {
  session.dir_config = dir_match_path(f->pool,
    (char *) ftpd_outside(f->pool, f->path));
}

/* Of an upload that was aborted, or that failed at its end. */
static void remove_rest(struct ftpd_file *f, bool complete, int err,
    const struct stat *st) {
  if (f->unnamed) {
    remove_upload(f, f->hidden, st);

  } else if (!complete) {
    remove_aborted(f, st);

  } else if (err != 0 && f->hidden != NULL) {
    remove_upload(f, f->hidden, st);
  }
}

/* Closes the descriptor, and moves the file into place or removes it: 0 or an
 * errno.
 */
static int settle_file(struct ftpd_file *f, bool complete) {
  struct ftpd_sync sync;
  struct stat st;
  bool gone = false, named = complete && !f->unnamed;
  uint64_t begun_us;
  int err, closed = 0;

  ftpd_settle_begin(f, complete);
  ftpd_quota_closing(f, &st);
  ftpd_digest_end(f, complete);
  begun_us = sftp_now_us();
  err = ftpd_sync_data(f, complete, &sync) < 0 ? errno : 0;
  ftpd_bottleneck_add(f, CAUSE_DISK, begun_us);
  if (f->wr) {
    closed = ftpd_scan_close(f->pool, f->fh, f->path, &f->refused, &gone);

  } else if (pr_fsio_close(f->fh) < 0) {
    closed = errno;
  }

  f->fh = NULL;
  err = err != 0 ? err : closed;
  if (gone) {
    was_removed(f, &st);
  }

  if (err == 0 && named) {
    err = ftpd_check_end(f);
  }

  if (err == 0 && named && reveal(f, &st) < 0) {
    err = errno;
  }

  if (ftpd_sync_end(f, err == 0, &sync) < 0) {
    err = errno;
  }

  ftpd_digest_keep(f, err == 0 && named);
  remove_rest(f, complete, err, &st);
  ftpd_check_drop(f);
  ftpd_hidden_free(f->mark);
  ftpd_quota_closed(f, &st);
  pr_fs_clear_cache2(f->path);
  return err;
}

/* ---- The end of the STOR, APPE or RETR, for all who listen */

/* Whether one direction deserves a record: not a source that only the server
 * read, nor the unused direction of a file opened for both.
 */
static bool is_recorded(const struct ftpd_file *f, enum ftpd_way way) {
  if (ftpd_file_moved(f, way) > 0 || f->ways[way].err != 0) {
    return true;
  }

  return way == WAY_WRITE ? f->made || (f->total_rd == 0 && !f->copied) :
    !f->wr && !f->copied;
}

/* mod_xfer has set it, inside mod_vroot's root. */
static void note_path(const struct ftpd_file *f, cmd_rec *cmd,
    enum ftpd_way way) {
  const char *key = way == WAY_WRITE ? "mod_xfer.store-path" :
    "mod_xfer.retr-path";

  (void) pr_table_remove(cmd->notes, key, NULL);
  (void) pr_table_add_dup(cmd->notes, key, f->recorded, 0);
}

static void end_way(struct ftpd_file *f, enum ftpd_way way, cmd_rec *cmd,
    unsigned int parts, int err) {
  ftpd_xfer_load_way(f, way);
  note_path(f, cmd, way);
  ftpd_note_begin(f, cmd);
  if (f->ways[way].begun) {
    ftpd_note_offset(cmd, f->ways[way].begin);
  }

  ftpd_bottleneck_tell(f, way, cmd, (parts & PART_LOG) != 0);
  if ((parts & PART_LOG) != 0) {
    ftpd_record_transfer(f, way, cmd, err);
  }

  /* Handlers may end the session. */
  ftpd_record_ended(f, way);

  if (err == 0) {
    ftpd_digest_tell(f, way, cmd);
    ftpd_phase_part(cmd, parts, true, R_226, "Transfer complete");
    return;
  }

  if ((parts & PART_LOG) != 0) {
    ftpd_log_transfer(f, way, 'i');
  }

  session.xfer.xfer_type = STOR_DEFAULT;        /* cleaned up already */
  ftpd_phase_part(cmd, parts, false, ftpd_fault_code(err), ftpd_fault_answer(
    cmd, "Transfer aborted", ftpd_fault_why(err, f->refused)));
}

/* Handlers see one command; reading as well is only recorded. */
static void end_second(struct ftpd_file *f, const char *handle, int err) {
  cmd_rec *cmd = ftpd_cmd(f->pool, C_RETR, f->path, CL_READ, true);

  ftpd_note_offset(cmd, 0);
  if (handle != NULL) {
    (void) pr_table_add_dup(cmd->notes, "sftp.file-handle", handle, 0);
  }

  end_way(f, WAY_READ, cmd, PART_LOG, err);
}

/* why: the reason for aborting the transfer; closed: the error at the end. */
static void end_transfer(struct ftpd_file *f, const char *handle, int why,
    int closed) {
  enum ftpd_way way = f->wr ? WAY_WRITE : WAY_READ;
  int err = f->ways[way].err != 0 ? f->ways[way].err : why != 0 ? why :
    closed;

  if (handle != NULL) {
    (void) pr_table_add_dup(f->cmd->notes, "sftp.file-handle", handle, 0);
  }

  if (f->wr && f->rd && !is_recorded(f, WAY_READ)) {
    ftpd_record_ended(f, WAY_READ);
  }

  end_way(f, way, f->cmd, is_recorded(f, way) ? PART_POST|PART_LOG :
    PART_POST, err);
  ftpd_count_end(f->h, f->cmd);
  if (f->wr && f->rd && is_recorded(f, WAY_READ)) {
    end_second(f, handle, f->ways[WAY_READ].err != 0 ?
      f->ways[WAY_READ].err : why);
  }

  ftpd_xfer_end();
}

/* The CLOSE itself. */
static void note_close(struct ftpd_op *op, const struct ftpd_file *f,
    bool ok) {
  struct op_state *state = ftpd_op_state(op);

  keep_closed(op, f);
  state->own = ftpd_phase_needed(op->ftpd, FTPD_CLOSE, ok ? PHASE_OK :
    PHASE_ERR) ? ftpd_cmd(op->pool, "CLOSE", op->arg, CL_SFTP, FALSE) :
    NULL;
}

int ftpd_close(struct ftpd_op *op, struct ftpd_file *f, int why) {
  struct stat st;
  bool removes, complete, loses;
  int err;

  /* A signal, a timeout or another module ends the session meanwhile. */
  if (f->closing) {
    errno = EBADF;
    return -1;
  }

  f->closing = true;
  removes = ftpd_onclose_needed(f, &st);
  complete = why == 0 && f->ways[WAY_WRITE].err == 0;
  loses = !complete && f->hidden != NULL && !f->unnamed;
  ftpd_rate_pause(f, true);
  ftpd_stand_anew();
  enter_folder(f);
  ftpd_xfer_load(f);
  ftpd_xfer_command(f);

  err = settle_file(f, complete);
  if (op != NULL && err != 0 && f->refused != NULL) {
    op->refused = pstrdup(op->pool, f->refused);
  }

  ftpd_tally(TALLY_TRANSFERS, f->wr ? TALLY_IN : TALLY_OUT, complete &&
    err == 0 && f->ways[WAY_READ].err == 0 ? TALLY_WHOLE : TALLY_PART, 1);
  /* Before others are told: one that ends the session must not find it. */
  ftpd_stalled_release(f->h);
  ftpd_file_unlink(f);
  end_transfer(f, op != NULL ? op->handle : NULL, why, err);
  if (op != NULL && op->req == FTPD_CLOSE) {
    note_close(op, f, complete && err == 0);
  }

  /* The answer to a WRITE may have been overlooked. */
  if (loses && err == 0) {
    err = f->ways[WAY_WRITE].err != 0 ? f->ways[WAY_WRITE].err : why;
  }

  if (removes && f->hidden == NULL && !f->unnamed &&
      ftpd_onclose(f->h, op, f->path, &st) < 0 && err == 0) {
    err = errno;
  }

  destroy_pool(f->pool);
  errno = err;
  return err == 0 ? 0 : -1;
}

void ftpd_file_abort(struct ftpd_file *f) {
  (void) ftpd_close(NULL, f, ECONNABORTED);
}

/* The session is ended in the middle of ftpd_close(): nobody judges the upload
 * any more.
 */
static void stop_closing(struct ftpd_file *f) {
  struct stat st;

  if (f->reader != NULL && f->hidden != NULL &&
      fstat(PR_FH_FD(f->reader), &st) == 0) {
    remove_aborted(f, &st);
  }

  ftpd_file_unlink(f);
  end_transfer(f, NULL, ECONNABORTED, 0);
}

void ftpd_abort_all(struct ftpd *h) {
  unsigned int n = 0;

  if (h->files == NULL) {
    return;
  }

  ftpd_open_abort(h);
  while (h->files->open != NULL) {
    if (h->files->open->closing) {
      stop_closing(h->files->open);

    } else {
      ftpd_file_abort(h->files->open);
      n++;
    }
  }

  if (n > 0) {
    sftp_log("aborting %u unclosed file handle%s", n, n != 1 ? "s" : "");
  }
}

const char *ftpd_file_path(const struct ftpd_file *f) {
  return f->path;
}

/* ---- What can be done with an open file */

int ftpd_fstat(struct ftpd_file *f, struct stat *st) {
  return FTPD_FS_PLAIN(f->fh->fh_fs, fstat) ? fstat(f->fd, st) :
    pr_fsio_fstat(f->fh, st);
}

int ftpd_ftruncate(struct ftpd_file *f, off_t size) {
  struct ftpd_growth growth;
  int res;

  ftpd_record_size(size);
  if (!f->wr || size < 0) {
    errno = EINVAL;
    return -1;
  }

  if (ftpd_file_within(f, size) < 0 ||
      ftpd_quota_resize(f, size, &growth) < 0) {
    return -1;
  }

  f->end_good = 0;
  pr_fs_clear_cache2(f->path);
  ftpd_digest_coming(f);
  res = pr_fsio_ftruncate(f->fh, size);
  ftpd_digest_resized(f, size);
  ftpd_quota_grown(f, &growth, 0);
  return ftpd_record_did("size", res);
}

int ftpd_fchmod(struct ftpd_file *f, mode_t mode) {
  int res;

  ftpd_record_mode(mode);
  ftpd_digest_look(f);
  res = ftpd_record_scp_mode(f->h, f->path, pr_fsio_fchmod(f->fh, mode));
  ftpd_digest_timed(f);
  return ftpd_record_did("mode", res);
}

int ftpd_fchown(struct ftpd_file *f, uid_t uid, gid_t gid) {
  struct stat st;
  int res;

  ftpd_record_owner(uid, gid);
  ftpd_digest_look(f);
  res = pr_fsio_fstat(f->fh, &st) < 0 || ftpd_may_chown(&st, uid, gid) < 0 ?
    -1 : pr_fsio_fchown(f->fh, uid, gid);
  ftpd_digest_timed(f);
  return ftpd_record_did("owner", res);
}

int ftpd_fsync(struct ftpd_file *f) {
  int res = pr_fsio_fsync(f->fh), xerrno = errno;

  if (res < 0 && f->wr) {
    ftpd_fault_sync(f, xerrno);
  }

  errno = xerrno;
  return res;
}

int ftpd_fstatvfs(struct ftpd_file *f, struct statvfs *st) {
  return fstatvfs(f->fd, st);
}
