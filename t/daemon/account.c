/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* account.c -- who is told about an open file: transfers, rates, records,
 * phases.  Each call leaves a trace.
 */

#include "daemon.h"
#include "ftpd-bottleneck.h"
#include "ftpd-cmd.h"
#include "ftpd-live.h"
#include "ftpd-log.h"
#include "ftpd-phase.h"
#include "ftpd-record.h"
#include "ftpd-report.h"
#include "ftpd-tally.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-transfer.h"

cmd_rec *daemon_cmd;

/* ---- Transfers */

DAEMON_WEAK void ftpd_xfer_begin(const char *path, int direction) {
  (void) daemon_call("xfer_begin %s %d", path, direction);
}

DAEMON_WEAK void ftpd_xfer_end(void) {
  (void) daemon_call("xfer_end");
}

DAEMON_WEAK void ftpd_xfer_load(const struct ftpd_file *f) {
  (void) daemon_call("xfer_load %s", f->path);
}

DAEMON_WEAK void ftpd_xfer_load_way(const struct ftpd_file *f,
    enum ftpd_way way) {
  (void) daemon_call("xfer_load_way %s %d", f->path, (int) way);
}

DAEMON_WEAK void ftpd_xfer_command(const struct ftpd_file *f) {
  (void) daemon_call("xfer_command %s", f->path);
}

DAEMON_WEAK void ftpd_note_begin(const struct ftpd_file *f, cmd_rec *cmd) {
  (void) f;
  (void) daemon_call("note_begin %s", (const char *) cmd->argv[0]);
}

DAEMON_WEAK void ftpd_note_offset(cmd_rec *cmd, off_t value) {
  (void) daemon_call("note_offset %s %lld", (const char *) cmd->argv[0],
    (long long) value);
}

DAEMON_WEAK void ftpd_file_describe(const struct ftpd_file *f, cmd_rec *cmd,
    const off_t *moved) {
  (void) cmd;
  (void) daemon_call("describe %s %lld", f->path, moved != NULL ?
    (long long) *moved : -1);
}

DAEMON_WEAK void ftpd_tick(struct ftpd *h) {
  (void) h;
  (void) daemon_call("tick");
}

DAEMON_WEAK void ftpd_stalled_hold(struct ftpd *h) {
  (void) h;
  (void) daemon_call("stalled_hold");
}

DAEMON_WEAK void ftpd_stalled_release(struct ftpd *h) {
  (void) h;
  (void) daemon_call("stalled_release");
}

DAEMON_WEAK void ftpd_score_open(struct ftpd_file *f) {
  (void) daemon_call("score_open %s", f->path);
}

DAEMON_WEAK void ftpd_score_closed(struct ftpd *h) {
  (void) h;
  (void) daemon_call("score_closed");
}

DAEMON_WEAK void ftpd_rate_begin(struct ftpd_file *f) {
  (void) daemon_call("rate_begin %s", f->path);
}

DAEMON_WEAK void ftpd_rate_end(struct ftpd_file *f) {
  (void) daemon_call("rate_end %s", f->path);
}

DAEMON_WEAK void ftpd_rate_pause(struct ftpd_file *f, bool end) {
  (void) daemon_call("rate_pause %s%s", f->path, end ? " end" : "");
}

/* ---- Why they failed */

DAEMON_WEAK const char *ftpd_fault_code(int err) {
  return err == ENOSPC || err == EDQUOT || err == EFBIG ? R_552 : R_426;
}

DAEMON_WEAK const char *ftpd_fault_why(int err, const char *refused) {
  return refused != NULL ? refused : strerror(err);
}

DAEMON_WEAK const char *ftpd_fault_answer(cmd_rec *cmd, const char *what,
    const char *why) {
  return pstrcat(cmd->pool, what, ". ", why, NULL);
}

DAEMON_WEAK void ftpd_fault_sync(struct ftpd_file *f, int err) {
  (void) daemon_call("fault_sync %s %d", f->path, err);
}

DAEMON_WEAK off_t ftpd_file_moved(const struct ftpd_file *f,
    enum ftpd_way way) {
  return way == WAY_READ ? f->total_rd : f->total - f->total_rd;
}

/* ---- What becomes known about them */

DAEMON_WEAK void ftpd_bottleneck_begin(struct ftpd_file *f) {
  (void) daemon_call("bottleneck_begin %s", f->path);
}

DAEMON_WEAK void ftpd_bottleneck_add(const struct ftpd_file *f,
    enum sftp_cause cause, uint64_t begun_us) {
  (void) f;
  (void) begun_us;
  (void) daemon_call("bottleneck_add %d", (int) cause);
}

DAEMON_WEAK void ftpd_bottleneck_tell(const struct ftpd_file *f,
    enum ftpd_way way, cmd_rec *cmd, bool recorded) {
  (void) f;
  (void) cmd;
  (void) daemon_call("bottleneck_tell %d%s", (int) way, recorded ?
    " recorded" : "");
}

DAEMON_WEAK void ftpd_live_opened(struct ftpd_file *f) {
  (void) daemon_call("live_opened %s", f->path);
}

DAEMON_WEAK void ftpd_live_closed(struct ftpd_file *f) {
  (void) daemon_call("live_closed %s", f->path);
}

DAEMON_WEAK void ftpd_doing(struct ftpd *h, const char *cmd,
    const char *arg) {
  (void) h;
  (void) daemon_call("doing %s %s", cmd, arg);
}

DAEMON_WEAK void ftpd_lines_suspect(struct ftpd *h, const char *text) {
  (void) h;
  (void) daemon_call("lines_suspect %s", text);
}

DAEMON_WEAK void ftpd_tally(enum tally what, unsigned int i, unsigned int j,
    uint64_t n) {
  (void) daemon_call("tally %d %u %u %llu", (int) what, i, j,
    (unsigned long long) n);
}

DAEMON_WEAK void ftpd_tally_operation(unsigned int request, int err,
    const char *refused) {
  (void) daemon_call("tally_operation %u %d %s", request, err,
    refused != NULL ? refused : "-");
}

DAEMON_WEAK void ftpd_protocol_settle(struct ftpd *h) {
  (void) h;
  (void) daemon_call("protocol_settle");
}

/* ---- SFTPTransferRecord */

DAEMON_WEAK void ftpd_record_anew(void) {
  (void) daemon_call("record_anew");
}

DAEMON_WEAK void ftpd_record_mode(mode_t mode) {
  (void) daemon_call("record_mode %o", (unsigned int) mode);
}

DAEMON_WEAK void ftpd_record_size(off_t size) {
  (void) daemon_call("record_size %lld", (long long) size);
}

DAEMON_WEAK void ftpd_record_owner(uid_t uid, gid_t gid) {
  (void) daemon_call("record_owner %d %d", (int) uid, (int) gid);
}

DAEMON_WEAK void ftpd_record_xattr(const char *name, bool removed) {
  (void) daemon_call("record_xattr %s%s", name, removed ? " removed" : "");
}

DAEMON_WEAK int ftpd_record_did(const char *part, int res) {
  (void) daemon_call("record_did %s %d", part, res);
  return res;
}

DAEMON_WEAK int ftpd_record_scp_mode(struct ftpd *h, const char *path,
    int res) {
  (void) h;
  (void) daemon_call("record_scp_mode %s %d", path, res);
  return res;
}

DAEMON_WEAK void ftpd_record_operation(struct ftpd_op *op, int err) {
  (void) op;
  (void) daemon_call("record_operation %d", err);
}

DAEMON_WEAK void ftpd_record_opened(struct ftpd_file *f) {
  (void) daemon_call("record_opened %s", f->path);
}

DAEMON_WEAK void ftpd_record_ended(struct ftpd_file *f, enum ftpd_way way) {
  (void) f;
  (void) daemon_call("record_ended %d", (int) way);
}

DAEMON_WEAK void ftpd_record_transfer(const struct ftpd_file *f,
    enum ftpd_way way, cmd_rec *cmd, int err) {
  (void) f;
  (void) daemon_call("record_transfer %d %s %d", (int) way,
    (const char *) cmd->argv[0], err);
}

DAEMON_WEAK int xferlog_write(long secs, const char *host, off_t size,
    const char *path, char type, char direction, char access,
    const char *user, char how, const char *suffix) {
  (void) type;
  (void) access;
  (void) suffix;
  return daemon_call("xferlog %ld %s %lld %s %c %s %c", secs, host,
    (long long) size, path, direction, user, how);
}

DAEMON_WEAK const char *pr_netaddr_get_sess_remote_name(void) {
  return "client";
}

/* ---- Commands and their phases */

DAEMON_WEAK cmd_rec *ftpd_cmd(pool *p, const char *name, const char *arg,
    int cls, bool ftp) {
  cmd_rec *cmd = pr_cmd_alloc(permanent_pool, 2, name, arg);

  (void) p;                     /* a test looks at it when p is gone */
  cmd->arg = pstrdup(cmd->pool, arg);
  daemon_cmd = cmd;
  cmd->cmd_class = cls;
  (void) daemon_call("cmd %s %s 0x%x%s", name, arg, (unsigned int) cls,
    ftp ? " ftp" : "");
  return cmd;
}

DAEMON_WEAK bool ftpd_phase_needed(struct ftpd *h, enum ftpd_request req,
    enum phase_set set) {
  (void) h;
  return daemon_call("phase_needed %d %d", (int) req, (int) set) < 0;
}

DAEMON_WEAK void ftpd_phase_part(cmd_rec *cmd, unsigned int parts, bool ok,
    const char *code, const char *text) {
  (void) daemon_call("phase %s 0x%x %s%s %s", (const char *) cmd->argv[0],
    parts, ok ? "" : "failed ", code, text);
}

DAEMON_WEAK void ftpd_phase_end(cmd_rec *cmd, bool ok, const char *code,
    const char *text) {
  (void) daemon_call("phase_end %s %s%s %s", (const char *) cmd->argv[0],
    ok ? "" : "failed ", code, text);
}
