/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-op.c -- the gate: one table of requests, and how each begins and ends.
 *
 * ftpd-permit.c checks permissions in between.  The phases of the FTP
 * equivalent come at the end, then the request's own.  The phase CMD is never
 * dispatched: ProFTPD would begin an FTP transfer.
 */

#include "ftpd-cmd.h"
#include "ftpd-digest.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-hidden.h"
#include "ftpd-log.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-phase.h"
#include "ftpd-record.h"
#include "ftpd-request.h"
#include "ftpd-tally.h"
#include "ftpd-transfer.h"
#include "ftpd-vroot.h"

#include "ftpd-attrs.h"
#include "ftpd-report.h"

#include <time.h>

/* Own command, class, flags, equivalent, its class and code. base/effects.c has
 * the names of <Limit>.
 */
const struct req_row ftpd_requests[FTPD_NREQUESTS] = {
  [FTPD_INIT] = { "INIT", CL_MISC, 0, EQUIV_NONE, NULL, 0, NULL },

  /* mod_xfer's PRE_CMD handlers check <Limit>, filters, AllowOverwrite. */
  [FTPD_OPEN_READ] = { "OPEN", CL_READ, ROW_FOLLOW1, EQUIV_FILE, C_RETR,
    CL_READ, R_226 },
  [FTPD_OPEN_WRITE] = { "OPEN", CL_WRITE, ROW_FOLLOW1|ROW_FILTER1, EQUIV_FILE,
    C_STOR, CL_WRITE, R_226 },
  [FTPD_OPEN_APPEND] = { "OPEN", CL_WRITE, ROW_FOLLOW1|ROW_FILTER1,
    EQUIV_FILE, C_APPE, CL_WRITE, R_226 },
  [FTPD_SCP_RECV] = { NULL, CL_WRITE, ROW_FOLLOW1|ROW_FILTER1, EQUIV_FILE,
    C_STOR, CL_WRITE, R_226 },
  [FTPD_SCP_SEND] = { NULL, CL_READ, ROW_FOLLOW1, EQUIV_FILE, C_RETR, CL_READ,
    R_226 },

  [FTPD_CLOSE] = { "CLOSE", 0, 0, EQUIV_NONE, NULL, 0, NULL },
  [FTPD_READ] = { "READ", CL_READ, 0, EQUIV_NONE, NULL, 0, NULL },
  [FTPD_WRITE] = { "WRITE", CL_WRITE, 0, EQUIV_NONE, NULL, 0, NULL },

  [FTPD_LSTAT] = { "LSTAT", CL_READ, ROW_PRE|ROW_LOOKS, EQUIV_NONE, NULL, 0,
    NULL },
  [FTPD_STAT] = { "STAT", CL_READ, ROW_PRE|ROW_FOLLOW1|ROW_LOOKS, EQUIV_NONE,
    NULL, 0, NULL },
  [FTPD_FSTAT] = { "FSTAT", CL_READ, ROW_LOOKS, EQUIV_NONE, NULL, 0, NULL },
  [FTPD_SETSTAT] = { "SETSTAT", CL_WRITE, ROW_PRE|ROW_FOLLOW1|ROW_FILTER1,
    EQUIV_NONE, NULL, 0, NULL },
  [FTPD_LSETSTAT] = { "SETSTAT", CL_WRITE, ROW_PRE|ROW_FILTER1, EQUIV_NONE,
    NULL, 0, NULL },
  [FTPD_FSETSTAT] = { "FSETSTAT", CL_WRITE, ROW_HANDLE_PRE|ROW_FILTER1,
    EQUIV_NONE, NULL, 0, NULL },

  [FTPD_OPENDIR] = { "OPENDIR", CL_DIRS, ROW_PRE|ROW_FOLLOW1, EQUIV_LIST,
    C_MLSD, CL_DIRS, R_226 },
  [FTPD_READDIR] = { "READDIR", CL_DIRS, ROW_LOOKS, EQUIV_NONE, NULL, 0, NULL
    },

  /* As mkdir(2): a link makes the name exist. */
  [FTPD_MKDIR] = { "MKDIR", CL_WRITE|CL_DIRS, ROW_PRE|ROW_FILTER1, EQUIV_PATH,
    C_MKD, CL_WRITE|CL_DIRS, R_257 },
  [FTPD_SCP_MKDIR] = { NULL, CL_WRITE, ROW_FILTER1, EQUIV_PATH, C_MKD,
    CL_WRITE|CL_DIRS, R_257 },
  [FTPD_RMDIR] = { "RMDIR", CL_WRITE, ROW_PRE|ROW_FILTER1, EQUIV_PATH, C_RMD,
    CL_WRITE|CL_DIRS, R_250 },
  [FTPD_REMOVE] = { "REMOVE", CL_WRITE, ROW_PRE|ROW_FILTER1, EQUIV_PATH,
    C_DELE, CL_WRITE, R_250 },
  [FTPD_RENAME] = { "RENAME", CL_MISC|CL_WRITE,
    ROW_FILTER1|ROW_FILTER2|ROW_TWO, EQUIV_RENAME, C_RNFR, CL_MISC|CL_WRITE,
    R_350 },

  [FTPD_REALPATH] = { "REALPATH", CL_INFO, ROW_PRE|ROW_FOLLOW1|ROW_LOOKS,
    EQUIV_NONE, NULL, 0, NULL },
  [FTPD_READLINK] = { "READLINK", CL_READ, ROW_PRE|ROW_LOOKS, EQUIV_NONE,
    NULL, 0, NULL },
  [FTPD_SYMLINK] = { "SYMLINK", CL_WRITE, ROW_FILTER2|ROW_TWO, EQUIV_SYMLINK,
    "SYMLINK", CL_WRITE, NULL },
  [FTPD_LINK] = { "LINK", CL_WRITE, ROW_PRE|ROW_FILTER1|ROW_FILTER2|ROW_TWO,
    EQUIV_NONE, NULL, 0, NULL },
  [FTPD_HARDLINK] = { "HARDLINK", CL_MISC|CL_WRITE,
    ROW_PRE|ROW_FILTER1|ROW_FILTER2|ROW_TWO, EQUIV_NONE, NULL, 0, NULL },

  [FTPD_LOCK] = { "LOCK", CL_WRITE, ROW_FOLLOW1, EQUIV_NONE, NULL, 0, NULL },
  [FTPD_UNLOCK] = { "UNLOCK", CL_WRITE, 0, EQUIV_NONE, NULL, 0, NULL },

  [FTPD_EXTENDED] = { "EXTENDED", CL_MISC, 0, EQUIV_NONE, NULL, 0, NULL },
  [FTPD_STATVFS] = { "EXTENDED", CL_MISC, ROW_FOLLOW1|ROW_WORDS|ROW_LOOKS,
    EQUIV_NONE, NULL, 0, NULL },
  [FTPD_FSYNC] = { "FSYNC", CL_MISC, ROW_HANDLE_PRE, EQUIV_NONE, NULL, 0, NULL
    },
  [FTPD_HOMEDIR] = { "HOMEDIR", CL_MISC, 0, EQUIV_NONE, NULL, 0, NULL },
  [FTPD_LIMITS] = { "LIMITS", CL_MISC, 0, EQUIV_NONE, NULL, 0, NULL },
  [FTPD_COPY] = { "EXTENDED", CL_MISC|CL_WRITE,
    ROW_FOLLOW1|ROW_FILTER1|ROW_FILTER2|ROW_TWO, EQUIV_SITE_COPY, C_SITE,
    CL_MISC|CL_WRITE, R_200 },
  [FTPD_DIGEST] = { "EXTENDED", CL_MISC|CL_READ, ROW_FOLLOW1|ROW_WORDS,
    EQUIV_NONE, NULL, 0, NULL },
  [FTPD_XATTR_GET] = { "EXTENDED", CL_MISC|CL_READ, ROW_PRE, EQUIV_NONE, NULL,
    0, NULL },
  [FTPD_XATTR_SET] = { "EXTENDED", CL_MISC|CL_WRITE, ROW_PRE|ROW_FILTER1,
    EQUIV_NONE, NULL, 0, NULL },
};

/* ---- State */

struct ftpd_files *ftpd_files_of(struct ftpd *h) {
  struct ftpd_files *s = h->files;
  pool *p;

  if (s != NULL) {
    return s;
  }

  p = make_sub_pool(h->pool);
  pr_pool_tag(p, "SFTP files pool");
  s = pcalloc(p, sizeof(*s));
  s->pool = p;
  h->files = s;

  /* FTP's default type would appear in the TransferLog. */
  session.sf_flags &= ~SF_ASCII;
  return s;
}

struct op_state *ftpd_op_state(struct ftpd_op *op) {
  struct op_state *state = op->state;

  if (state == NULL) {
    state = pcalloc(op->pool, sizeof(*state));
    op->state = state;
  }

  return state;
}

uint64_t ftpd_coarse_ms(void) {
  struct timespec ts;

  (void) clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
  return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

void ftpd_op_begin(struct ftpd *h, struct ftpd_op *op, pool *p,
    enum ftpd_request req, const char *arg) {
  memset(op, 0, sizeof(*op));
  op->ftpd = h;
  op->pool = p;
  op->req = req;
  op->arg = arg;

  /* mod_vroot and other modules that map paths do not do so during logging;
   * this state of the previous operation must not apply to the next.
   */
  session.curr_phase = PRE_CMD;
  ftpd_record_anew();
  ftpd_vroot_init();
  ftpd_files_of(h)->nops++;
  ftpd_stand_anew();
  ftpd_lines_suspect(h, arg);
  ftpd_digest_look_all(h, req);

  if (req != FTPD_READ && req != FTPD_WRITE &&
      ftpd_requests[req].name != NULL) {
    ftpd_doing(h, ftpd_requests[req].name, arg);
  }
}

const char *ftpd_op_name(const struct ftpd_op *op) {
  const struct req_row *row = &ftpd_requests[op->req];

  return row->name == NULL || row->kind == EQUIV_FILE ? row->equivalent :
    row->name;
}

int ftpd_own_class(enum ftpd_request req) {
  return CL_SFTP | (req == FTPD_STAT ? CL_READ : 0);
}

cmd_rec *ftpd_own_cmd(struct ftpd_op *op, const char *arg) {
  struct op_state *state = ftpd_op_state(op);
  const struct req_row *row = &ftpd_requests[op->req];

  if (state->own == NULL) {
    state->own = ftpd_cmd(op->pool, row->name, arg, ftpd_own_class(op->req),
      FALSE);
  }

  return state->own;
}

/* ---- The end */

static void end_removed(struct ftpd_op *op, const struct op_state *state) {
  if (state->removed) {
    (void) xferlog_write(0, pr_netaddr_get_sess_remote_name(), state->size,
      sftp_printable(op->pool, ftpd_outside(op->pool, state->path)), 'b', 'd',
      'r', session.user, 'c', "_");
  }
}

/* Records of these contain %{transfer-failure}: the text after the first full
 * stop, which must not be one in a name.
 */
static bool is_transfer(const struct ftpd_op *op) {
  const enum equivalent kind = ftpd_requests[op->req].kind;

  return kind == EQUIV_FILE || kind == EQUIV_LIST;
}

static const char *refused_code(int err) {
  return err == ENOSPC || err == EDQUOT || err == EFBIG ?
    ftpd_fault_code(err) : R_550;
}

/* The reply that FTP would have sent. */
static const char *equivalent_text(struct ftpd_op *op, cmd_rec *cmd,
    int err) {
  const char *name = cmd->argv[0];

  if (err != 0 && is_transfer(op)) {
    return ftpd_fault_answer(cmd, "Transfer refused",
      ftpd_fault_why(err, op->refused));
  }

  if (err != 0) {
    return pstrcat(op->pool, cmd->arg, ": ", strerror(err), NULL);
  }

  if (strcmp(name, C_RNFR) == 0) {
    return "File or directory exists, ready for destination name";
  }

  if (strcmp(name, C_RNTO) == 0) {
    return "Rename successful";
  }

  if (strcmp(name, C_MKD) == 0) {
    return pstrcat(op->pool, "\"", cmd->arg,
      "\" - Directory successfully created", NULL);
  }

  return pstrcat(op->pool, name, " command successful", NULL);
}

/* FTP has data of a transfer from RNFR that was accepted to the end of RNTO: %b
 * is 0 for these, and "-" for others.
 */
static void begin_xfer(struct ftpd_op *op, const cmd_rec *cmd, int err) {
  const struct op_state *state = op->state;

  if (cmd->cmd_id == PR_CMD_SITE_ID) {
    ftpd_xfer_begin(cmd->arg, PR_NETIO_IO_WR);

  } else if (cmd == state->equivalent2 ? state->first_ok :
      err == 0 && strcmp(cmd->argv[0], C_RNFR) == 0) {
    ftpd_xfer_begin(ftpd_canon(op->ftpd, op->pool, cmd->arg),
      PR_NETIO_IO_WR);

  } else {
    ftpd_xfer_end();
  }
}

static void end_equivalent(struct ftpd_op *op, cmd_rec *cmd, int err,
    const char *done) {
  struct op_state *state = op->state;

  begin_xfer(op, cmd, err);
  session.xfer.total_bytes = state->removed ? state->size : 0;
  if (err != 0 && !is_transfer(op)) {
    (void) pr_table_add_dup(cmd->notes, "mod_sftp.file-status", "failed", 0);
  }

  ftpd_phase_end(cmd, err == 0, err == 0 ? done : state->code != NULL ?
    state->code : refused_code(err), equivalent_text(op, cmd, err));
}

/* FTP has two steps: if the second is refused, the first succeeded, provided
 * there was something to rename.
 */
static int first_error(struct ftpd_op *op, int err) {
  const struct op_state *state = op->state;
  struct stat st;

  return err != 0 && state->equivalent2 != NULL && state->first_ok &&
    ftpd_lstat(op->ftpd, state->path, &st) == 0 ? 0 : err;
}

/* Ends equivalents that no open file or directory has taken over. */
static void end_equivalents(struct ftpd_op *op, int err) {
  struct op_state *state = op->state;
  const struct req_row *row = &ftpd_requests[op->req];

  if (state == NULL || state->equivalent == NULL || state->handed) {
    return;
  }

  end_equivalent(op, state->equivalent, first_error(op, err), row->done);
  if (state->equivalent2 != NULL) {
    end_equivalent(op, state->equivalent2, err, R_250);
    (void) pr_table_remove(session.notes, "mod_core.rnfr-path", NULL);
  }

  ftpd_xfer_end();
  if (err == 0) {
    end_removed(op, state);
  }

  if (state->pool != NULL && state->pool != op->pool) {
    destroy_pool(state->pool);
  }

  state->pool = NULL;
  state->equivalent = state->equivalent2 = NULL;
}

/* The file that log lines of the operation describe; NULL: none. */
static const struct ftpd_file *file_of(struct ftpd_op *op) {
  struct op_state *state = op->state;

  if (state != NULL && state->opened != NULL) {
    return state->opened;
  }

  if (op->req == FTPD_CLOSE) {
    return state != NULL && state->closed.path != NULL ? &state->closed :
      NULL;
  }

  return op->file;
}

static void end_own(struct ftpd_op *op, int err, unsigned int status,
    const char *text) {
  struct op_state *state = op->state;
  const struct ftpd_file *f;
  char code[16];
  cmd_rec *cmd;

  /* Modules that saw the beginning see the end. */
  if ((state == NULL || state->own == NULL) &&
      !ftpd_phase_needed(op->ftpd, op->req, err == 0 ? PHASE_OK :
        PHASE_ERR)) {
    return;
  }

  cmd = ftpd_own_cmd(op, op->arg);
  if (op->handle != NULL) {
    (void) pr_table_add_dup(cmd->notes, "sftp.file-handle", op->handle, 0);
  }

  if (err != 0) {
    (void) pr_table_add_dup(cmd->notes, "mod_sftp.file-status", "failed", 0);
  }

  f = file_of(op);
  if (f != NULL) {
    off_t offset = (off_t) op->offset;

    ftpd_file_describe(f, cmd, op->req == FTPD_READ || op->req == FTPD_WRITE ?
      &offset : NULL);
  }

  snprintf(code, sizeof(code), "%u", status);
  ftpd_phase_end(cmd, err == 0, code, text != NULL ? text : err == 0 ? "OK" :
    strerror(err));
  if (f != NULL) {
    ftpd_xfer_end();
  }
}

void ftpd_op_end(struct ftpd_op *op, int err, unsigned int status,
    const char *text) {
  int xerrno = errno;

  struct op_state *state = op->state;

  ftpd_tally_operation(op->req, err, op->rule != NULL ? op->rule :
    op->refused);
  ftpd_record_operation(op, err);
  ftpd_digest_timed_all(op->ftpd, op->req);

  /* Its results are not valid for long. */
  ftpd_files_of(op->ftpd)->nops++;
  ftpd_stand_anew();
  ftpd_open_drop(op);
  end_equivalents(op, err);
  if (state != NULL) {
    ftpd_hidden_free(state->mark);
  }

  if (ftpd_requests[op->req].name != NULL) {
    end_own(op, err, status, text);
  }

  errno = xerrno;
}
