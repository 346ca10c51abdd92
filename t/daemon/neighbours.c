/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* neighbours.c -- functions of ftpd/ around an open file: each leaves a trace.
 */

#include "daemon.h"
#include "ftpd-ask.h"
#include "ftpd-attrs.h"
#include "ftpd-bottleneck.h"
#include "ftpd-check.h"
#include "ftpd-count.h"
#include "ftpd-digest.h"
#include "ftpd-filter.h"
#include "ftpd-hidden.h"
#include "ftpd-io.h"
#include "ftpd-limit.h"
#include "ftpd-live.h"
#include "ftpd-locks.h"
#include "ftpd-onclose.h"
#include "ftpd-ownership.h"
#include "ftpd-quota-file.h"
#include "ftpd-record.h"
#include "ftpd-scan.h"
#include "ftpd-settle.h"
#include "ftpd-sync.h"
#include "ftpd-tally.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-transfer.h"
#include "ftpd-uploads.h"

off_t daemon_max_store;
unsigned int daemon_max_handles = 10;
const struct upload_check *daemon_check;

static const char *name_of(const pr_fh_t *fh) {
  return fh == NULL ? "none" : fh->fh_path != NULL ? fh->fh_path : "-";
}

/* ---- Rules */

DAEMON_WEAK int ftpd_may_replace(struct ftpd_op *op, const char *path) {
  (void) op;
  return daemon_call("may_replace %s", path);
}

DAEMON_WEAK int ftpd_may_overwrite(struct ftpd_op *op, const char *path) {
  return daemon_call("may_overwrite %s%s", path, op == NULL ? " silently" :
    "");
}

DAEMON_WEAK int ftpd_may_keep(struct ftpd_op *op, const char *path,
    bool reads, bool writes) {
  (void) op;
  return daemon_call("may_keep %s%s%s", path, reads ? " r" : "",
    writes ? " w" : "");
}

DAEMON_WEAK mode_t ftpd_new_mode(struct ftpd_op *op, const char *path,
    mode_t mode, mode_t plain) {
  (void) op;
  (void) daemon_call("new_mode %s %o %o", path, (unsigned int) mode,
    (unsigned int) plain);
  return mode;
}

DAEMON_WEAK int ftpd_limit(struct ftpd_op *op, const struct sftp_rule *rule,
    unsigned int effects, const char *path) {
  (void) op;
  (void) rule;
  return daemon_call("limit %s 0x%x", path, effects);
}

DAEMON_WEAK int ftpd_max_store(struct ftpd_op *op, const char *path,
    off_t size) {
  (void) op;
  return daemon_call("max_store %s %lld", path, (long long) size);
}

DAEMON_WEAK off_t ftpd_max_store_size(void) {
  return daemon_max_store;
}

DAEMON_WEAK int ftpd_max_retrieve(struct ftpd_op *op, const char *path,
    off_t size) {
  (void) op;
  return daemon_call("max_retrieve %s %lld", path, (long long) size);
}

DAEMON_WEAK int ftpd_max_digest(struct ftpd_op *op, const char *path,
    off_t size) {
  (void) op;
  return daemon_call("max_digest %s %lld", path, (long long) size);
}

DAEMON_WEAK int ftpd_file_within(struct ftpd_file *f, off_t size) {
  return daemon_call("within %s %lld", f->path, (long long) size);
}

DAEMON_WEAK void ftpd_restart_rules(struct ftpd_file *f) {
  (void) daemon_call("restart_rules%s", f->made ? " made" : "");
}

DAEMON_WEAK int ftpd_count_open(struct ftpd_op *op, cmd_rec *cmd) {
  (void) op;
  return daemon_call("count_open %s", (const char *) cmd->argv[0]);
}

DAEMON_WEAK void ftpd_count_end(struct ftpd *h, const cmd_rec *cmd) {
  (void) h;
  (void) daemon_call("count_end %s", (const char *) cmd->argv[0]);
}

DAEMON_WEAK unsigned int ftpd_max_handles(struct ftpd *h) {
  (void) h;
  return daemon_max_handles;
}

/* ---- Owners, and removal at the end */

DAEMON_WEAK void ftpd_give_away(pool *p, pr_fh_t *fh, const char *path) {
  (void) p;
  (void) daemon_call("give_away %s %s", name_of(fh), path);
}

DAEMON_WEAK int ftpd_may_chown(const struct stat *now, uid_t uid,
    gid_t gid) {
  (void) now;
  return daemon_call("may_chown %d %d", (int) uid, (int) gid);
}

DAEMON_WEAK int ftpd_onclose_check(struct ftpd_op *op, const char *path) {
  (void) op;
  return daemon_call("onclose_check %s", path);
}

DAEMON_WEAK bool ftpd_onclose_needed(struct ftpd_file *f, struct stat *st) {
  memset(st, 0, sizeof(*st));
  return daemon_call("onclose_needed %s", f->path) < 0;
}

DAEMON_WEAK int ftpd_onclose(struct ftpd *h, struct ftpd_op *outer,
    const char *path, const struct stat *file) {
  (void) h;
  (void) outer;
  (void) file;
  return daemon_call("onclose %s", path);
}

DAEMON_WEAK void ftpd_upload_note(struct ftpd *h, const struct stat *st) {
  (void) h;
  (void) daemon_call("upload_note %llu", (unsigned long long) st->st_ino);
}

/* ---- Locks, and temporary names */

DAEMON_WEAK int ftpd_open_lock(const struct ftpd_op *op, pr_fh_t *fh,
    const struct stat *st, int flags) {
  (void) op;
  (void) st;
  return daemon_call("open_lock %s 0%o", name_of(fh), (unsigned int) flags);
}

DAEMON_WEAK int ftpd_open_lock_changed(const char *path) {
  return daemon_call("open_lock_changed %s", path);
}

DAEMON_WEAK int ftpd_hidden_take(struct ftpd_op *op, const char *hidden) {
  (void) op;
  return daemon_call("hidden_take %s", hidden);
}

DAEMON_WEAK void ftpd_hidden_free(off_t mark) {
  (void) daemon_call("hidden_free %lld", (long long) mark);
}

/* ---- SFTPUploadCheck, and scanners */

static int copy;

DAEMON_WEAK const struct upload_check *ftpd_check_of(void) {
  return daemon_check;
}

DAEMON_WEAK const char *ftpd_check_name(pool *p, const char *path) {
  return pstrcat(p, path, ".unchecked", NULL);
}

DAEMON_WEAK int ftpd_check_kind(struct ftpd_op *op, const struct stat *st) {
  (void) op;
  (void) st;
  return daemon_call("check_kind");
}

DAEMON_WEAK pr_fh_t *ftpd_check_begin(const char *hidden, pr_fh_t *fh,
    const struct stat *old) {
  static pr_fh_t reader = { .fh_path = "reader" };

  (void) fh;
  return daemon_call("check_begin %s%s", hidden, old != NULL ? " old" : "") < 0
    ? NULL : &reader;
}

DAEMON_WEAK struct ftpd_check_copy *ftpd_check_copy_begin(struct ftpd_op *op,
    const char *path, pr_fh_t *to) {
  (void) op;
  return daemon_call("copy_begin %s %s", path, name_of(to)) < 0 ? NULL :
    (struct ftpd_check_copy *) (void *) &copy;
}

/* Fails with ENOENT: fails; otherwise: there is more. */
DAEMON_WEAK int ftpd_check_copy_some(struct ftpd_check_copy *c, pr_fh_t *to) {
  (void) c;
  return daemon_call("copy_some %s", name_of(to)) == 0 ? 0 :
    errno == ENOENT ? -1 : 1;
}

DAEMON_WEAK void ftpd_check_copy_end(struct ftpd_check_copy *c, bool done) {
  if (c != NULL) {
    (void) daemon_call("copy_end%s", done ? " done" : "");
  }
}

DAEMON_WEAK int ftpd_check_end(struct ftpd_file *f) {
  return daemon_call("check_end %s", f->path) < 0 ? errno : 0;
}

DAEMON_WEAK void ftpd_check_drop(struct ftpd_file *f) {
  (void) daemon_call("check_drop %s", f->path);
}

DAEMON_WEAK struct ftpd_file *ftpd_uploading(struct ftpd *h,
    const char *path) {
  (void) h;
  (void) path;
  return NULL;
}

DAEMON_WEAK int ftpd_fstat(struct ftpd_file *f, struct stat *st) {
  if (daemon_call("file_fstat %s", f->path) < 0) {
    return -1;
  }

  *st = daemon_fstat;
  return 0;
}

/* EPERM: it was removed for that reason. */
DAEMON_WEAK int ftpd_scan_close(pool *p, pr_fh_t *fh, const char *name,
    const char **why, bool *gone) {
  (void) p;
  if (daemon_call("scan_close %s %s", name_of(fh), name) == 0) {
    return 0;
  }

  *gone = errno == EPERM;
  *why = "a virus";
  return errno;
}

DAEMON_WEAK void ftpd_drop(pr_fh_t *fh) {
  if (fh != NULL) {
    (void) daemon_call("drop %s", name_of(fh));
  }
}

/* ---- The end of an upload */

DAEMON_WEAK void ftpd_settle_begin(struct ftpd_file *f, bool complete) {
  (void) f;
  (void) daemon_call("settle_begin%s", complete ? " complete" : "");
}

DAEMON_WEAK int ftpd_settle_reveal(struct ftpd_file *f) {
  return daemon_call("settle_reveal %s %s", f->hidden, f->path);
}

DAEMON_WEAK int ftpd_settle_remove(struct ftpd_file *f, const char *name) {
  (void) f;
  return daemon_call("settle_remove %s", name);
}

DAEMON_WEAK int ftpd_sync_data(const struct ftpd_file *f, bool complete,
    struct ftpd_sync *s) {
  (void) f;
  s->fd = -1;
  return daemon_call("sync_data%s", complete ? " complete" : "");
}

DAEMON_WEAK int ftpd_sync_end(const struct ftpd_file *f, bool good,
    struct ftpd_sync *s) {
  (void) f;
  (void) s;
  return daemon_call("sync_end%s", good ? " good" : "");
}

/* ---- Quotas */

DAEMON_WEAK bool ftpd_quota_counts(struct ftpd *h, const char *path) {
  (void) h;
  return daemon_call("quota_counts %s", path) < 0;
}

DAEMON_WEAK int ftpd_quota_name(struct ftpd *h, const char *path,
    off_t bytes) {
  (void) h;
  return daemon_call("quota_name %s %lld", path, (long long) bytes);
}

DAEMON_WEAK void ftpd_quota_unname(struct ftpd *h, const char *path,
    off_t bytes) {
  (void) h;
  (void) daemon_call("quota_unname %s %lld", path, (long long) bytes);
}

DAEMON_WEAK void ftpd_quota_refuse(struct ftpd_op *op) {
  (void) op;
  (void) daemon_call("quota_refuse");
}

DAEMON_WEAK int ftpd_quota_pay(struct ftpd *h, off_t bytes, off_t moved) {
  (void) h;
  return daemon_call("quota_pay %lld %lld", (long long) bytes,
    (long long) moved);
}

DAEMON_WEAK void ftpd_quota_give_back(struct ftpd *h, off_t bytes,
    off_t moved) {
  (void) h;
  (void) daemon_call("quota_give_back %lld %lld", (long long) bytes,
    (long long) moved);
}

DAEMON_WEAK void ftpd_quota_gone(struct ftpd *h, const char *path,
    const struct stat *st) {
  (void) h;
  (void) daemon_call("quota_gone %s %lld", path, (long long) st->st_size);
}

DAEMON_WEAK void ftpd_quota_open(struct ftpd_file *f, bool fresh) {
  (void) daemon_call("quota_open %s%s", f->path, fresh ? " fresh" : "");
}

DAEMON_WEAK void ftpd_quota_closing(struct ftpd_file *f, struct stat *st) {
  *st = daemon_fstat;
  (void) daemon_call("quota_closing %s", f->path);
}

DAEMON_WEAK void ftpd_quota_closed(struct ftpd_file *f,
    const struct stat *st) {
  (void) st;
  (void) daemon_call("quota_closed %s", f->path);
}

DAEMON_WEAK void ftpd_quota_cut(struct ftpd *h, const char *path, pr_fh_t *fh,
    off_t size) {
  (void) h;
  (void) fh;
  (void) daemon_call("quota_cut %s %lld", path, (long long) size);
}

DAEMON_WEAK int ftpd_quota_resize(struct ftpd_file *f, off_t size,
    struct ftpd_growth *g) {
  memset(g, 0, sizeof(*g));
  return daemon_call("quota_resize %s %lld", f->path, (long long) size);
}

DAEMON_WEAK void ftpd_quota_grown(struct ftpd_file *f,
    const struct ftpd_growth *g, size_t done) {
  (void) g;
  (void) daemon_call("quota_grown %s %zu", f->path, done);
}

/* ---- Digests */

DAEMON_WEAK void ftpd_digest_begin(struct ftpd_file *f) {
  (void) daemon_call("digest_begin %s", f->path);
}

DAEMON_WEAK void ftpd_digest_coming(struct ftpd_file *f) {
  (void) daemon_call("digest_coming %s", f->path);
}

DAEMON_WEAK void ftpd_digest_look(struct ftpd_file *f) {
  (void) daemon_call("digest_look %s", f->path);
}

DAEMON_WEAK void ftpd_digest_look_all(struct ftpd *h, enum ftpd_request req) {
  (void) h;
  (void) daemon_call("digest_look_all %d", (int) req);
}

DAEMON_WEAK void ftpd_digest_timed(struct ftpd_file *f) {
  (void) daemon_call("digest_timed %s", f->path);
}

DAEMON_WEAK void ftpd_digest_timed_all(struct ftpd *h,
    enum ftpd_request req) {
  (void) h;
  (void) daemon_call("digest_timed_all %d", (int) req);
}

DAEMON_WEAK void ftpd_digest_resized(struct ftpd_file *f, off_t size) {
  (void) daemon_call("digest_resized %s %lld", f->path, (long long) size);
}

DAEMON_WEAK void ftpd_digest_end(struct ftpd_file *f, bool complete) {
  (void) f;
  (void) daemon_call("digest_end%s", complete ? " complete" : "");
}

DAEMON_WEAK void ftpd_digest_keep(struct ftpd_file *f, bool good) {
  (void) f;
  (void) daemon_call("digest_keep%s", good ? " good" : "");
}

DAEMON_WEAK void ftpd_digest_tell(const struct ftpd_file *f,
    enum ftpd_way way, cmd_rec *cmd) {
  (void) f;
  (void) daemon_call("digest_tell %d %s", (int) way,
    (const char *) cmd->argv[0]);
}
