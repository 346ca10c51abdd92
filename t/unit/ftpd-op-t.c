/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */
/* ftpd-op-t.c -- operations of the gate: how they begin and end, and the
 * phases, records and names that the end has.
 */

#include "daemon.h"
#include "ftpd-cmd.h"
#include "ftpd-files.h"
#include "ftpd-openfile.h"
#include "ftpd-phase.h"
#include "ftpd-request.h"
#include "tap.h"

#include <sys/syscall.h>
#include <time.h>

static pool *p;
static server_rec server;
static struct ftpd ftpd = { .server = &server };
static struct op_state *state;
static struct ftpd_op op;

void ftpd_open_drop(struct ftpd_op *one) {
  (void) one;
  (void) daemon_call("open_drop");
}

static void anew(enum ftpd_request req) {
  memset(&daemon_lstat, 0, sizeof(daemon_lstat));
  memset(&op, 0, sizeof(op));
  ftpd_op_begin(&ftpd, &op, p, req, "arg");
  daemon_calls_anew();
  state = ftpd_op_state(&op);
  state->pool = op.pool;
  state->path = "/f";
  errno = EBADE;
}

static cmd_rec *command(const char *name) {
  cmd_rec *cmd = pr_cmd_alloc(p, 2, name, "/f");

  cmd->arg = pstrdup(p, "/f");
  return cmd;
}

/* What the end says of the phases of commands. */
static const char *ended(int err) {
  ftpd_op_end(&op, err, err != 0 ? 4 : 0, NULL);
  return daemon_calls_of("phase_end xferlog xfer_begin xfer_end");
}

/* ---- The beginning */

static void operations_begin(void) {
  session.sf_flags = SF_ASCII|SF_ANON;
  session.curr_phase = LOG_CMD;
  memset(&op, 1, sizeof(op));
  ftpd_op_begin(&ftpd, &op, p, FTPD_REMOVE, "arg");
  ok(op.ftpd == &ftpd && op.pool == p && op.req == FTPD_REMOVE &&
    strcmp(op.arg, "arg") == 0 && op.state == NULL && op.handle == NULL &&
    op.deny == 0 && op.refused == NULL, "an operation is new");
  ok(session.curr_phase == PRE_CMD, "paths are mapped again");
  is_int(session.sf_flags, SF_ANON, "FTP's type is not ASCII");
  ok(ftpd.files != NULL && ftpd.files->nops == 1 && ftpd.files->pool != p,
    "the session has a state");
  is_str(daemon_calls(), text("record_anew; vroot_init; stand_anew; "
    "lines_suspect arg; digest_look_all %d; doing REMOVE arg; ",
    FTPD_REMOVE), "and others are told");
}

static void not_all_are_shown(void) {
  struct ftpd_files *files = ftpd.files;

  ftpd_op_begin(&ftpd, &op, p, FTPD_READ, "arg");
  is_str(daemon_calls_of("doing"), "", "READ is not what the session does");
  ftpd_op_begin(&ftpd, &op, p, FTPD_WRITE, "arg");
  is_str(daemon_calls_of("doing"), "", "nor WRITE");
  ftpd_op_begin(&ftpd, &op, p, FTPD_SCP_MKDIR, "arg");
  is_str(daemon_calls_of("doing"), "", "nor what has no name of its own");
  ok(ftpd.files == files && files->nops == 4, "each has its number");
  session.sf_flags = SF_ASCII;
  ok(ftpd_files_of(&ftpd) == files && session.sf_flags == SF_ASCII,
    "the state is made once");
}

static void a_state_is_made_once(void) {
  anew(FTPD_OPENDIR);
  ok(ftpd_op_state(&op) == state && op.state == state, "it stays");
}

/* The clock, when it says something. */
static const struct timespec *now;

int clock_gettime(clockid_t clock, struct timespec *ts) {
  if (now == NULL || clock != CLOCK_MONOTONIC_COARSE) {
    return (int) syscall(SYS_clock_gettime, clock, ts);
  }

  *ts = *now;
  return 0;
}

static void milliseconds(void) {
  static const struct timespec then = { 2000000000, 999999999 };

  now = &then;
  ok(ftpd_coarse_ms() == UINT64_C(2000000000999), "of a coarse clock");
  now = NULL;
}

static void names_for_logs(void) {
  static const struct {
    enum ftpd_request req;
    const char *name;
  } rows[] = { { FTPD_OPEN_READ, C_RETR }, { FTPD_OPEN_APPEND, C_APPE },
    { FTPD_SCP_MKDIR, C_MKD }, { FTPD_RMDIR, "RMDIR" }, { FTPD_SCP_RECV,
    C_STOR } };
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    op.req = rows[i].req;
    is_str(ftpd_op_name(&op), rows[i].name, "%s is called that",
      rows[i].name);
  }

  is_int(ftpd_own_class(FTPD_STAT), CL_SFTP|CL_READ, "STAT is one of FTP's");
  is_int(ftpd_own_class(FTPD_LSTAT), CL_SFTP, "others are not");
}

static void own_commands(void) {
  cmd_rec *cmd;

  anew(FTPD_LSTAT);
  cmd = ftpd_own_cmd(&op, "/other");
  is_str(daemon_calls(), text("cmd LSTAT /other 0x%x; ", CL_SFTP),
    "a command by its own name");
  ok(ftpd_own_cmd(&op, "/f") == cmd, "which is made once");
}

/* ---- The end: the own command */

static void all_are_told_of_the_end(void) {
  unsigned long nops;

  anew(FTPD_LSTAT);
  state->mark = 7;
  nops = ftpd.files->nops;
  op.refused = "why";
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls(), text("tally_operation %d 0 why; record_operation 0; "
    "digest_timed_all %d; stand_anew; open_drop; hidden_free 7; "
    "phase_needed %d 1; ", FTPD_LSTAT, FTPD_LSTAT, FTPD_LSTAT),
    "in this order");
  ok(errno == EBADE && ftpd.files->nops == nops + 1, "errno stays");
  anew(FTPD_LSTAT);
  op.refused = "why";
  op.rule = "rule";
  ftpd_op_end(&op, EACCES, 3, NULL);
  is_str(daemon_calls_of("tally_operation record_operation phase_needed"),
    text("tally_operation %d %d rule; record_operation %d; phase_needed %d 2; ",
    FTPD_LSTAT, EACCES, EACCES, FTPD_LSTAT), "the rule counts");
  ftpd_op_begin(&ftpd, &op, p, FTPD_LSTAT, "arg");
  (void) daemon_calls();
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls_of("hidden_free phase_needed"), text("phase_needed "
    "%d 1; ", FTPD_LSTAT), "without a state there is no name to free");
  anew(FTPD_SCP_MKDIR);
  daemon_fails("phase_needed", 0);
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls_of("phase_needed phase_end"), "",
    "what has no name of its own has no end by it");
}

static void ends_of_own_commands(void) {
  anew(FTPD_LSTAT);
  daemon_fails("phase_needed", 0);
  op.handle = "h1";
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls_of("cmd phase_end xfer_end describe"), text("cmd LSTAT "
    "arg 0x%x; phase_end LSTAT 0 OK; ", CL_SFTP), "a success");
  is_str(pr_table_get(state->own->notes, "sftp.file-handle", NULL), "h1",
    "with its handle");
  ok(pr_table_get(state->own->notes, "mod_sftp.file-status", NULL) == NULL,
    "has not failed");
  anew(FTPD_LSTAT);
  daemon_fails("phase_needed", 0);
  ftpd_op_end(&op, ENOENT, 2, NULL);
  is_str(daemon_calls_of("phase_end"), "phase_end LSTAT failed 2 No such file "
    "or directory; ", "a failure");
  is_str(pr_table_get(state->own->notes, "mod_sftp.file-status", NULL),
    "failed", "has");
  ok(pr_table_get(state->own->notes, "sftp.file-handle", NULL) == NULL,
    "without a handle");
  anew(FTPD_LSTAT);
  (void) ftpd_own_cmd(&op, "/f");
  (void) daemon_calls();
  ftpd_op_end(&op, ENOENT, 2, "not there");
  is_str(daemon_calls_of("phase_needed phase_end"), "phase_end LSTAT failed 2 "
    "not there; ", "who saw the beginning sees the end");
}

static void files_of_own_commands(void) {
  struct ftpd_file file = { .path = "/file" }, opened = { .path = "/opened" };

  anew(FTPD_FSTAT);
  daemon_fails("phase_needed", 0);
  op.file = &file;
  op.offset = 44;
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls_of("describe phase_end xfer_end"), "describe /file -1; "
    "phase_end FSTAT 0 OK; xfer_end; ", "the file of a handle");
  anew(FTPD_READ);
  daemon_fails("phase_needed", 0);
  op.file = &file;
  op.offset = 44;
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls_of("describe"), "describe /file 44; ",
    "with the offset of a READ");
  anew(FTPD_WRITE);
  daemon_fails("phase_needed", 0);
  op.file = &file;
  op.offset = 45;
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls_of("describe"), "describe /file 45; ", "or a WRITE");
  anew(FTPD_OPEN_READ);
  daemon_fails("phase_needed", 0);
  state->opened = &opened;
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls_of("describe"), "describe /opened -1; ",
    "the file that was opened");
  anew(FTPD_CLOSE);
  daemon_fails("phase_needed", 0);
  op.file = &file;
  state->closed.path = "/closed";
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls_of("describe"), "describe /closed -1; ",
    "the file that was closed");
  anew(FTPD_CLOSE);
  daemon_fails("phase_needed", 0);
  op.file = &file;
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls_of("describe xfer_end"), "", "or none: its handle was "
    "not one");
  ftpd_op_begin(&ftpd, &op, p, FTPD_CLOSE, "arg");
  daemon_calls_anew();
  daemon_fails("phase_needed", 0);
  op.file = &file;
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls_of("describe xfer_end"), "", "even without a state");
  ftpd_op_begin(&ftpd, &op, p, FTPD_FSTAT, "arg");
  daemon_calls_anew();
  daemon_fails("phase_needed", 0);
  op.file = &file;
  ftpd_op_end(&op, 0, 0, NULL);
  is_str(daemon_calls_of("describe"), "describe /file -1; ",
    "which others do not need");
}

/* ---- The end: FTP's equivalents */

static void equivalents_that_are_not_theirs(void) {
  anew(FTPD_OPEN_READ);
  is_str(ended(0), "", "no equivalent");
  anew(FTPD_OPEN_READ);
  state->equivalent = command(C_RETR);
  state->handed = true;
  is_str(ended(0), "", "one that belongs to an open file");
  ok(state->equivalent != NULL, "which keeps it");
}

static void ends_of_transfers(void) {
  anew(FTPD_OPEN_READ);
  state->equivalent = command(C_RETR);
  is_str(ended(EACCES), "xfer_end; phase_end RETR failed 550 Transfer refused. "
    "Permission denied; xfer_end; ", "a transfer that is refused");
  ok(state->equivalent == NULL && state->pool == NULL, "has ended");
  anew(FTPD_OPEN_WRITE);
  state->equivalent = command(C_STOR);
  is_str(ended(ENOSPC), "xfer_end; phase_end STOR failed 552 Transfer refused. "
    "No space left on device; xfer_end; ", "a full disk");
  anew(FTPD_OPEN_WRITE);
  state->equivalent = command(C_STOR);
  is_str(ended(EDQUOT), "xfer_end; phase_end STOR failed 552 Transfer refused. "
    "Disk quota exceeded; xfer_end; ", "a full quota");
  anew(FTPD_OPEN_WRITE);
  state->equivalent = command(C_STOR);
  is_str(ended(EFBIG), "xfer_end; phase_end STOR failed 552 Transfer refused. "
    "File too large; xfer_end; ", "a file that is too big");
  anew(FTPD_OPEN_WRITE);
  state->equivalent = command(C_STOR);
  state->code = "451";
  op.refused = "a rule";
  is_str(ended(EACCES), "xfer_end; phase_end STOR failed 451 Transfer refused. "
    "a rule; xfer_end; ", "a handler's own code");
  anew(FTPD_OPENDIR);
  state->equivalent = command(C_MLSD);
  is_str(ended(EACCES), "xfer_end; phase_end MLSD failed 550 Transfer refused. "
    "Permission denied; xfer_end; ", "a listing is a transfer");
  anew(FTPD_OPENDIR);
  state->equivalent = command(C_MLSD);
  is_str(ended(0), "xfer_end; phase_end MLSD 226 MLSD command successful; "
    "xfer_end; ", "and may succeed");
}

static void notes_of_failures(void) {
  cmd_rec *cmd = command(C_MKD);

  anew(FTPD_MKDIR);
  state->equivalent = cmd;
  is_str(ended(EEXIST), "xfer_end; phase_end MKD failed 550 /f: File exists; "
    "xfer_end; ", "a directory that is there");
  is_str(pr_table_get(cmd->notes, "mod_sftp.file-status", NULL), "failed",
    "its failure is noted");
  cmd = command(C_MKD);
  anew(FTPD_MKDIR);
  state->equivalent = cmd;
  is_str(ended(0), "xfer_end; phase_end MKD 257 \"/f\" - Directory "
    "successfully created; xfer_end; ", "one that is made");
  ok(pr_table_get(cmd->notes, "mod_sftp.file-status", NULL) == NULL,
    "is no failure");
  cmd = command(C_RETR);
  anew(FTPD_OPEN_READ);
  state->equivalent = cmd;
  (void) ended(EACCES);
  ok(pr_table_get(cmd->notes, "mod_sftp.file-status", NULL) == NULL,
    "that of a transfer has notes of its own");
}

static off_t bytes_then;

void ftpd_phase_end(cmd_rec *cmd, bool good, const char *code,
    const char *answer) {
  bytes_then = session.xfer.total_bytes;
  (void) daemon_call("phase_end %s %s%s %s", (const char *) cmd->argv[0],
    good ? "" : "failed ", code, answer);
}

static void removals(void) {
  anew(FTPD_REMOVE);
  state->equivalent = command(C_DELE);
  state->removed = true;
  state->size = 55;
  is_str(ended(0), "xfer_end; phase_end DELE 250 DELE command successful; "
    "xfer_end; xferlog 0 client 55 /root/f d alice c; ",
    "a removed file has a line");
  is_int(bytes_then, 55, "and its size");
  anew(FTPD_REMOVE);
  state->equivalent = command(C_DELE);
  state->removed = true;
  is_str(ended(EACCES), "xfer_end; phase_end DELE failed 550 /f: Permission "
    "denied; xfer_end; ", "not one that is refused afterwards");
  session.xfer.total_bytes = 9;
  anew(FTPD_RMDIR);
  state->equivalent = command(C_RMD);
  state->size = 55;
  is_str(ended(0), "xfer_end; phase_end RMD 250 RMD command successful; "
    "xfer_end; ", "a directory has none");
  is_int(bytes_then, 0, "and no size");
}

static const char *renamed(bool first_ok, bool there, int err) {
  anew(FTPD_RENAME);
  state->equivalent = command(C_RNFR);
  state->equivalent2 = command(C_RNTO);
  state->first_ok = first_ok;
  daemon_lstat.st_mode = there ? S_IFREG : 0;
  (void) pr_table_add(session.notes, "mod_core.rnfr-path", "/f", 0);
  return ended(err);
}

#define READY "phase_end RNFR 350 File or directory exists, ready for " \
  "destination name; "

static void renames(void) {
  is_str(renamed(true, true, 0), text("xfer_begin /f %d; " READY
    "xfer_begin /f %d; phase_end RNTO 250 Rename successful; xfer_end; ",
    PR_NETIO_IO_WR, PR_NETIO_IO_WR), "a rename has two steps");
  ok(pr_table_get(session.notes, "mod_core.rnfr-path", NULL) == NULL &&
    state->equivalent2 == NULL, "and then none is pending");
  is_str(renamed(true, true, EACCES), text("xfer_begin /f %d; " READY
    "xfer_begin /f %d; phase_end RNTO failed 550 /f: Permission denied; "
    "xfer_end; ", PR_NETIO_IO_WR, PR_NETIO_IO_WR), "the second is refused");
  is_str(renamed(true, false, ENOENT), text("xfer_end; phase_end RNFR failed "
    "550 /f: No such file or directory; xfer_begin /f %d; phase_end RNTO "
    "failed 550 /f: No such file or directory; xfer_end; ", PR_NETIO_IO_WR),
    "there was nothing to rename");
  is_str(renamed(false, true, EACCES), "xfer_end; phase_end RNFR failed 550 "
    "/f: Permission denied; xfer_end; phase_end RNTO failed 550 /f: "
    "Permission denied; xfer_end; ", "the first is refused");
  anew(FTPD_RENAME);
  state->equivalent = command(C_RNFR);
  state->first_ok = true;
  daemon_lstat.st_mode = S_IFREG;
  is_str(ended(EACCES), "xfer_end; phase_end RNFR failed 550 /f: Permission "
    "denied; xfer_end; ", "without a second step there is one");
}

static void copies(void) {
  cmd_rec *cmd = command(C_SITE);

  anew(FTPD_COPY);
  cmd->cmd_id = PR_CMD_SITE_ID;
  state->equivalent = cmd;
  is_str(ended(0), text("xfer_begin /f %d; phase_end SITE 200 SITE command "
    "successful; xfer_end; ", PR_NETIO_IO_WR), "a copy is a transfer of SITE");
}

static void pools_of_equivalents(void) {
  pool *own = make_sub_pool(p);

  anew(FTPD_MKDIR);
  state->equivalent = command(C_MKD);
  state->pool = own;
  (void) ended(0);
  ok(state->pool == NULL, "its pool has gone");
  anew(FTPD_MKDIR);
  state->equivalent = command(C_MKD);
  state->pool = NULL;
  (void) ended(0);
  ok(state->pool == NULL, "if it had one");
}

int main(void) {
  p = make_sub_pool(NULL);
  session.pool = ftpd.pool = p;
  session.user = "alice";
  session.notes = pr_table_alloc(p, 0);
  main_server = &server;
  operations_begin();
  not_all_are_shown();
  a_state_is_made_once();
  milliseconds();
  names_for_logs();
  own_commands();
  all_are_told_of_the_end();
  ends_of_own_commands();
  files_of_own_commands();
  equivalents_that_are_not_theirs();
  ends_of_transfers();
  notes_of_failures();
  removals();
  renames();
  copies();
  pools_of_equivalents();
  destroy_pool(p);
  return done_testing();
}
