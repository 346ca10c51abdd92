/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-open.c -- opens the file of a permitted STOR, APPE or RETR. */

#include "ftpd-ask.h"
#include "ftpd-bottleneck.h"
#include "ftpd-check.h"
#include "ftpd-count.h"
#include "ftpd-digest.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-hidden.h"
#include "ftpd-limit.h"
#include "ftpd-live.h"
#include "ftpd-locks.h"
#include "ftpd-onclose.h"
#include "ftpd-openfile.h"
#include "ftpd-ownership.h"
#include "ftpd-path.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"
#include "ftpd-record.h"
#include "ftpd-request.h"
#include "ftpd-scan.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-transfer.h"
#include "ftpd-uploads.h"
#include "ftpd-vroot.h"

#include "ftpd-attrs.h"
#include "ftpd-io.h"

pr_fh_t *ftpd_open_held(const char *path, int flags) {
  pr_fh_t *fh;

  if (ftpd_hold(path) < 0) {
    return NULL;
  }

  fh = pr_fsio_open(path, flags|O_NOFOLLOW);
  (void) ftpd_let_go(0);
  if (fh != NULL && ftpd_check_opened(path, fh) < 0) {
    ftpd_drop(fh);
    fh = NULL;
  }

  return fh;
}

/* Opens with the permissions that mode and the umask allow, and never with
 * more.
 */
pr_fh_t *ftpd_open_new(const char *path, int flags, mode_t mode,
    bool exists) {
  mode_t ours = ~mode & 0777, mask = umask(ours), extra;
  pr_fh_t *fh;
  int xerrno;

  if ((mask & ~ours) != 0) {
    (void) umask(mask | ours);
  }

  fh = ftpd_open_held(path, flags);
  xerrno = errno;
  (void) umask(mask);

  /* FSIO creates with at most 0666. */
  extra = exists ? 0 : mode & 07777 & ~mask & ~0666;
  if (fh != NULL && extra != 0) {
    (void) pr_fsio_fchmod(fh, mode & 07777 & ~mask);
  }

  errno = xerrno;
  return fh;
}

/* Whether this upload goes to a temporary name first.  An upload that changes
 * an existing file in place (a resumed one) cannot: it would replace the file
 * by its tail.
 */
static const char *hidden_path(struct op_state *state, int flags,
    bool exists) {
  const char *path;

  if (state->xfer_type != STOR_HIDDEN) {
    return NULL;
  }

  path = pr_table_get(state->equivalent->notes, "mod_xfer.store-hidden-path",
    NULL);
  if (path != NULL && exists && (flags & O_TRUNC) == 0) {
    sftp_log("HiddenStores ignored for '%s': the file is changed in place",
      state->path);
    path = NULL;
  }

  if (path == NULL) {
    state->xfer_type = STOR_DEFAULT;
  }

  return path;
}

/* The open(2) flags of the temporary name. */
static int hidden_flags(struct op_state *state, int flags) {
  flags = (flags & ~O_EXCL)|O_CREAT;
  if (pr_table_get(state->equivalent->notes, "mod_xfer.store-hidden-nfs",
      NULL) == NULL) {
    flags |= O_EXCL;
  }

  return flags;
}

int ftpd_may_open(struct ftpd_op *op, const struct stat *st) {
  if (S_ISDIR(st->st_mode)) {
    errno = EISDIR;
    return -1;
  }

  if (S_ISFIFO(st->st_mode) &&
      (op->ftpd->set->opts & SFTP_OPT_IGNORE_FIFOS) != 0) {
    ftpd_refuse(op, "FIFOs are not served (SFTPOptions IgnoreFIFOs)");
    errno = EPERM;
    return -1;
  }

  return 0;
}

static int check_before(struct ftpd_op *op, const char *path, int flags,
    bool *exists, struct stat *st) {
  struct ftpd_file *uploading = ftpd_uploading(op->ftpd, path);

  *exists = (uploading != NULL ? ftpd_fstat(uploading, st) :
    op->exclusive ? ftpd_lstat(op->ftpd, path, st) :
    ftpd_stat(op->ftpd, path, st)) == 0;
  if (*exists && ftpd_may_open(op, st) < 0) {
    return -1;
  }

  if (*exists && (flags & (O_CREAT|O_EXCL)) == (O_CREAT|O_EXCL)) {
    errno = EEXIST;
    return -1;
  }

  if (!*exists && (flags & O_CREAT) == 0) {
    errno = ENOENT;
    return -1;
  }

  if (op->ftpd->files->nopen >= ftpd_max_handles(op->ftpd)) {
    ftpd_refuse(op, "too many open files");
    errno = EMFILE;
    return -1;
  }

  return 0;
}

/* Checks reading from a file that is opened for both, of which mod_xfer only
 * saw the STOR; and deletion on close.
 */
static int check_more(struct ftpd_op *op, const char *path, int flags) {
  const struct sftp_rule *rule = &sftp_rules[op->req].first;
  bool both = (flags & O_ACCMODE) == O_RDWR;

  if (op->deny != 0 && ftpd_may_keep(op, path,
      (flags & O_ACCMODE) != O_WRONLY, (flags & O_ACCMODE) != O_RDONLY) < 0) {
    return -1;
  }

  if ((both && ftpd_limit(op, rule, SFTP_EFF_READ, path) < 0) ||
      (op->deletes && ftpd_onclose_check(op, path) < 0)) {
    return -1;
  }

  /* Umask and owner are again those of the upload. */
  return both || op->deny != 0 ||
    (op->deletes && (flags & O_ACCMODE) != O_RDONLY) ?
    ftpd_limit(op, rule, rule->effects, path) : 0;
}

/* Until the first READ or WRITE sets the offset. */
static void note_begin(struct ftpd_file *f) {
  if (f->append) {
    f->ways[WAY_WRITE].begun = true;
    f->ways[WAY_WRITE].begin = f->size;
  }

  ftpd_note_offset(f->cmd, f->append ? f->size : 0);
}

/* Selects the functions for the data. */
void ftpd_choose_io(struct ftpd_file *f) {
  pr_fs_t *fs = f->fh->fh_fs;

  f->direct_rd = FTPD_FS_PLAIN(fs, read) && FTPD_FS_PLAIN(fs, pread);
  f->direct_wr = FTPD_FS_PLAIN(fs, write) && FTPD_FS_PLAIN(fs, pwrite) &&
    FTPD_FS_PLAIN(fs, lseek);
  f->listened =
    (f->wr && pr_event_listening("mod_sftp.sftp.data-read") > 0) ||
    (f->rd && pr_event_listening("mod_sftp.sftp.data-write") > 0);
}

static void link_file(struct ftpd_file *f) {
  struct ftpd_files *s = ftpd_files_of(f->h);

  f->next = s->open;
  if (s->open != NULL) {
    s->open->prev = f;
  }

  s->open = f;
  s->nopen++;
}

void ftpd_file_unlink(struct ftpd_file *f) {
  struct ftpd_files *s = ftpd_files_of(f->h);

  ftpd_live_closed(f);
  if (f->prev != NULL) {
    f->prev->next = f->next;

  } else {
    s->open = f->next;
  }

  if (f->next != NULL) {
    f->next->prev = f->prev;
  }

  s->nopen--;
  if (s->rate_of == f) {
    s->rate_of = NULL;
  }

  ftpd_score_closed(f->h);
}

/* The file to open, and its flags. */
struct opening {
  struct opening *next;
  struct ftpd *h;
  const char *path;
  const char *hidden;           /* the temporary file until it is complete */
  const char *pending;          /* to be read: this session's own upload */
  const struct upload_check *check;     /* SFTPUploadCheck, or NULL */
  pr_fh_t *reader;              /* for the check */
  struct ftpd_check_copy *copy; /* for the check: what it begins with */
  pr_fh_t *fh;                  /* of the copy */
  bool paid;                    /* its name counts in the quota */
  const struct stat *old;       /* what the upload will replace */
  int flags;                    /* as open(2) */
  mode_t mode;
  bool exists;
};

/* The opened file becomes a separate one. */
static bool is_fresh(const struct opening *o) {
  return o->hidden != NULL || !o->exists;
}

/* It begins as a copy of the existing one. */
static bool is_copy(const struct opening *o) {
  return o->check != NULL && o->exists && (o->flags & O_TRUNC) == 0;
}

/* Creates the struct of an open file; takes over the command. */
static struct ftpd_file *new_file(struct ftpd_op *op, pr_fh_t *fh,
    const struct opening *o, const struct stat *st) {
  struct op_state *state = op->state;
  struct ftpd_file *f = pcalloc(state->pool, sizeof(*f));

  f->h = op->ftpd;
  f->pool = state->pool;
  f->fh = fh;
  f->fd = PR_FH_FD(fh);
  f->path = pstrdup(f->pool, o->path);
  f->recorded = ftpd_vroot_outside(f->pool, f->path);
  f->replaces = o->exists;
  if (o->hidden != NULL) {
    f->hidden = pstrdup(f->pool, o->hidden);
    f->mark = state->mark;
    state->mark = 0;
  }

  f->check = o->check;
  f->reader = o->reader;
  f->cmd = state->equivalent;
  f->req = op->req;
  f->rd = (o->flags & O_ACCMODE) != O_WRONLY;
  f->wr = (o->flags & O_ACCMODE) != O_RDONLY;
  f->append = (o->flags & O_APPEND) != 0;
  f->on_close = op->deletes;
  f->scp = op->req == FTPD_SCP_RECV || op->req == FTPD_SCP_SEND;
  f->stream = !S_ISREG(st->st_mode);
  f->fresh = is_fresh(o);
  f->mode = st->st_mode;
  f->size = st->st_size;
  f->is.dev = st->st_dev;
  f->is.ino = st->st_ino;
  f->xfer_type = state->xfer_type;
  f->modified = pr_table_get(f->cmd->notes, "mod_xfer.file-modified",
    NULL) != NULL;
  f->begun_us = sftp_now_us();
  return f;
}

static void opened(struct ftpd_op *op, struct ftpd_file *f) {
  struct op_state *state = op->state;

  ftpd_choose_io(f);
  if (f->wr) {
    f->max_size = ftpd_max_store_size();
  }

  ftpd_rate_begin(f);
  note_begin(f);
  link_file(f);
  ftpd_bottleneck_begin(f);
  ftpd_digest_begin(f);
  ftpd_live_opened(f);
  ftpd_record_opened(f);
  state->handed = true;
  state->opened = f;
  ftpd_stalled_hold(f->h);
  ftpd_tick(f->h);
  ftpd_score_open(f);
  if (f->wr && f->rd && state->own != NULL) {
    state->own->cmd_class |= CL_READ;
  }

  ftpd_xfer_end();
}

/* Checks an open file before it is used or truncated. */
static int claim_file(struct ftpd_op *op, pr_fh_t *fh, const struct opening *o,
    struct stat *st) {
  const struct op_state *state = op->state;
  off_t old;

  if (pr_fsio_fstat(fh, st) < 0) {
    return -1;
  }

  if (!S_ISREG(st->st_mode)) {
    (void) pr_fsio_set_block(fh);
  }

  if (S_ISDIR(st->st_mode)) {
    errno = EISDIR;
    return -1;
  }

  if (!S_ISREG(st->st_mode)) {
    errno = ENOTSUP;
    return op->deny == 0 ? 0 : -1;
  }

  if (ftpd_open_lock(op, fh, st, o->flags) < 0 ||
      ((o->hidden == NULL || o->exists) &&
       ftpd_count_open(op, state->equivalent) < 0)) {
    return -1;
  }

  if ((o->flags & O_TRUNC) != 0 && (!is_fresh(o) || st->st_size > 0)) {
    old = st->st_size;
    st->st_size = 0;
    if (pr_fsio_ftruncate(fh, 0) < 0) {
      return -1;
    }

    ftpd_quota_cut(op->ftpd, o->path, fh, old);
  }

  return 0;
}

/* A file has appeared, for which nothing was checked. */
static bool turned_up(const struct opening *o) {
  return errno == EEXIST && !o->exists && o->hidden == NULL &&
    (o->flags & O_EXCL) == 0;
}

/* For open(2).  A file that did not exist is created; one that appears
 * meanwhile is not used.
 */
static int flags_of(struct op_state *state, const struct opening *o) {
  int flags = o->check != NULL ?
    o->flags|O_CREAT|O_EXCL :
    o->hidden != NULL ? hidden_flags(state, o->flags) :
    o->exists ? o->flags : o->flags|O_EXCL;

  /* Never waits for the other end of a FIFO. */
  return (flags & ~O_TRUNC)|O_NONBLOCK|O_NOCTTY;
}

/* An upload that will be checked. */
static int prepare_check(struct ftpd_op *op, struct opening *o,
    pr_fh_t *fh) {
  if (o->check == NULL) {
    return 0;
  }

  o->reader = ftpd_check_begin(o->hidden, fh, o->exists ? o->old : NULL);
  if (o->reader == NULL) {
    return -1;
  }

  if (is_copy(o)) {
    o->copy = ftpd_check_copy_begin(op, o->path, fh);
    if (o->copy == NULL) {
      ftpd_drop(o->reader);
      o->reader = NULL;
      return -1;
    }
  }

  return 0;
}

/* Opens the path, or its temporary file. */
static pr_fh_t *open_fh(struct ftpd_op *op, struct opening *o,
    struct stat *st) {
  const char *name = o->hidden != NULL ? o->hidden : o->pending != NULL ?
    o->pending : o->path;
  pr_fh_t *fh;
  int xerrno;

  fh = ftpd_open_new(name, flags_of(op->state, o), o->mode, !is_fresh(o));
  if (fh == NULL) {
    xerrno = errno;
    if (!turned_up(o)) {
      sftp_log("error opening '%s': %s", name, strerror(xerrno));
    }

    errno = xerrno;
    return NULL;
  }

  if (claim_file(op, fh, o, st) < 0 ||
      ((o->flags & O_ACCMODE) != O_WRONLY && S_ISREG(st->st_mode) &&
       ftpd_max_retrieve(op, o->path, st->st_size) < 0) ||
      prepare_check(op, o, fh) < 0) {
    xerrno = errno;
    ftpd_drop(fh);
    if (is_fresh(o)) {
      (void) FTPD_HELD(name, pr_fsio_unlink(name));
    }

    errno = xerrno;
    return NULL;
  }

  return fh;
}

/* A new file counts as one in the quota. */
static pr_fh_t *open_paid(struct ftpd_op *op, struct opening *o,
    struct stat *st) {
  pr_fh_t *fh;

  if (is_fresh(o) && ftpd_quota_name(op->ftpd, o->path, 0) < 0) {
    ftpd_quota_refuse(op);
    return NULL;
  }

  o->paid = is_fresh(o);
  fh = open_fh(op, o, st);
  if (fh == NULL && o->paid) {
    o->paid = false;
    ftpd_quota_unname(op->ftpd, o->path, 0);
  }

  return fh;
}

/* Checks the file that exists now, by its own path: mod_xfer's handlers checked
 * the rules for replacing it only if they saw it.
 */
static int check_seen(struct ftpd_op *op, const struct opening *o) {
  const struct op_state *state = op->state;

  if (!o->exists || (o->flags & O_ACCMODE) == O_RDONLY ||
      op->req == FTPD_OPEN_APPEND) {
    return 0;
  }

  return pr_table_get(state->equivalent->notes, "mod_xfer.file-modified",
    NULL) != NULL ? ftpd_may_overwrite(op, o->path) :
    ftpd_may_replace(op, o->path);
}

static pr_fh_t *open_seen(struct ftpd_op *op, struct opening *o,
    struct stat *st) {
  pr_fh_t *fh = open_paid(op, o, st);

  if (fh == NULL && turned_up(o)) {
    o->exists = true;
    fh = check_seen(op, o) == 0 ? open_paid(op, o, st) : NULL;
  }

  return fh;
}

/* The temporary file, if there is to be one; 0 or -1. */
static int hide(struct ftpd_op *op, struct opening *o, const struct stat *st) {
  if ((o->flags & O_ACCMODE) == O_RDONLY) {
    const struct ftpd_file *f = ftpd_uploading(op->ftpd, o->path);

    o->pending = f != NULL ? f->hidden : NULL;
    return 0;
  }

  o->check = ftpd_check_of();
  if (o->check != NULL && o->exists && ftpd_check_kind(op, st) < 0) {
    return -1;
  }

  if (o->check != NULL) {
    o->hidden = ftpd_check_name(op->pool, o->path);
    o->old = st;
    return o->exists && ftpd_uploading(op->ftpd, o->path) == NULL ?
      ftpd_open_lock_changed(o->path) : 0;
  }

  o->hidden = hidden_path(op->state, o->flags, o->exists);
  return o->hidden != NULL && ((o->exists &&
    ftpd_open_lock_changed(o->path) < 0) ||
    ftpd_hidden_take(op, o->hidden) < 0) ? -1 : 0;
}

/* ---- Uploads that will be checked, until they are open files */

static void begin_opening(struct opening *o) {
  struct ftpd_files *s = ftpd_files_of(o->h);

  if (o->check != NULL) {
    o->next = s->opening;
    s->opening = o;
  }
}

static void end_opening(const struct opening *o) {
  struct opening **at = &ftpd_files_of(o->h)->opening;

  while (*at != NULL && *at != o) {
    at = &(*at)->next;
  }

  if (*at != NULL) {
    *at = o->next;
  }
}

/* Its name was made for it: nobody else's file has it. */
static void remove_opening(struct opening *o) {
  ftpd_stand_anew();
  (void) FTPD_HELD(o->hidden, pr_fsio_unlink(o->hidden));
  if (o->paid) {
    ftpd_quota_unname(o->h, o->path, 0);
  }
}

void ftpd_open_drop(struct ftpd_op *op) {
  struct op_state *state = op->state;
  struct opening *o = state != NULL ? state->opening : NULL;
  int xerrno = errno;

  if (o != NULL) {
    state->opening = NULL;
    end_opening(o);
    ftpd_check_copy_end(o->copy, false);
    ftpd_drop(o->reader);
    ftpd_drop(o->fh);
    remove_opening(o);
    errno = xerrno;
  }
}

void ftpd_open_abort(struct ftpd *h) {
  struct opening *o;

  while ((o = h->files->opening) != NULL) {
    end_opening(o);
    if (o->copy != NULL) {
      ftpd_check_copy_end(o->copy, false);
    }

    remove_opening(o);
  }
}

/* ---- The whole */

/* The struct of an open file; takes over fh. */
static struct ftpd_file *finish(struct ftpd_op *op, const struct opening *o,
    pr_fh_t *fh, const struct stat *st) {
  struct ftpd_file *f = new_file(op, fh, o, st);

  f->made = f->wr && !is_copy(o) && (is_fresh(o) || (o->flags & O_TRUNC) != 0);
  ftpd_restart_rules(f);
  if (f->made) {
    ftpd_upload_note(op->ftpd, st);
  }

  /* As in FTP, written files get their new owner, whether they existed or not.
   */
  if (f->wr && !f->stream) {
    ftpd_give_away(op->pool, fh, o->path);
  }

  opened(op, f);
  end_opening(o);
  ftpd_quota_open(f, is_fresh(o));
  return f;
}

/* Other requests may have been served since the last piece. */
struct ftpd_file *ftpd_open_go_on(struct ftpd_op *op) {
  struct op_state *state = op->state;
  struct opening *o = state->opening;
  struct stat st;
  int res;

  ftpd_tick(op->ftpd);
  res = ftpd_check_copy_some(o->copy, o->fh);
  if (res > 0) {
    errno = EINPROGRESS;
    return NULL;
  }

  if (res < 0 || pr_fsio_fstat(o->fh, &st) < 0) {
    ftpd_open_drop(op);
    return NULL;
  }

  state->opening = NULL;
  ftpd_check_copy_end(o->copy, true);
  o->copy = NULL;
  ftpd_stand_anew();
  session.dir_config = dir_match_path(op->pool, (char *) ftpd_outside(op->pool,
    o->path));
  return finish(op, o, o->fh, &st);
}

struct ftpd_file *ftpd_open(struct ftpd_op *op, const char *path, int flags,
    mode_t mode) {
  struct op_state *state = op->state;
  struct opening *o = pcalloc(op->pool, sizeof(*o));
  struct stat st, old;

  if (state == NULL || state->equivalent == NULL || state->handed) {
    errno = EINVAL;             /* never permitted */
    return NULL;
  }

  o->h = op->ftpd;
  o->path = path;
  o->flags = flags;
  o->mode = mode;
  if (check_before(op, path, flags, &o->exists, &old) < 0 ||
      check_seen(op, o) < 0 || check_more(op, path, flags) < 0 ||
      hide(op, o, &old) < 0) {
    return NULL;
  }

  if (o->hidden != NULL || (flags & O_CREAT) != 0) {
    o->mode = ftpd_new_mode(op, path, mode, 0666);
  }

  begin_opening(o);
  o->fh = open_seen(op, o, &st);
  if (o->fh == NULL) {
    end_opening(o);
    return NULL;
  }

  if (o->copy != NULL) {
    state->opening = o;
    errno = EINPROGRESS;
    return NULL;
  }

  return finish(op, o, o->fh, &st);
}
