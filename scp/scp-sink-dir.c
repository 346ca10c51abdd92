/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-sink-dir.c -- directories of an upload: created at their D record; they
 * get mode and times when all entries are complete.
 */

#include "effects.h"
#include "ftpd-attrs.h"
#include "ftpd-tree.h"
#include "scp-sink.h"

/* Creates the directory unless it exists. 0 or an errno. */
static int make_dir(struct scp *s, struct sink_dir *d, const char **refused) {
  struct ftpd_op op;
  struct stat st;
  const char *there;
  mode_t mode = 0777;
  bool looks;
  int err = 0;

  d->real = scp_absolute(s, d->pool, d->path);
  there = d->real;
  looks = ftpd_may_look(s->ftpd, d->pool, &there);
  if (looks && ftpd_stat(s->ftpd, there, &st) == 0) {
    if (S_ISDIR(st.st_mode)) {
      return 0;
    }

    scp_op_refuse(s, d->pool, FTPD_SCP_MKDIR, d->real, ENOTDIR);
    return ENOTDIR;
  }

  if (scp_sink_wants_perms(s)) {
    mode = (d->mode & 0777) | S_IRWXU;  /* entries must be made in it */
  }

  ftpd_op_begin(s->ftpd, &op, d->pool, FTPD_SCP_MKDIR, d->real);
  d->real = ftpd_permit(&op, d->real, NULL);
  if (d->real == NULL || ftpd_mkdir(&op, d->real, mode) < 0) {
    err = errno != 0 ? errno : EIO;

  } else {
    d->created = true;
  }

  *refused = op.refused;
  scp_op_end(&op, err);

  /* The user may not look at it; rules are checked for its entries. */
  return err == EEXIST && !looks ? 0 : err;
}

int scp_sink_on_dir(struct scp *s, mode_t mode, const char *name) {
  struct scp_sink *k = s->sink;
  struct sink_dir *d;
  const char *refused = NULL;
  pool *p;
  int err, res;

  if (!s->args.recursive) {
    return scp_say_error(s, name, "directory, and -r was not given");
  }

  if (k->depth >= SCP_SINK_DEPTH_MAX) {
    return scp_say_error(s, name, "directories are too deep");
  }

  p = make_sub_pool(s->pool);
  d = pcalloc(p, sizeof(*d));
  d->pool = p;
  d->mode = mode;
  scp_sink_give_times(s, &d->times);

  d->path = scp_sink_place(s, p, name);
  d->shown = scp_sink_shown(s, p, d->path, name);
  err = d->path != NULL ? make_dir(s, d, &refused) : errno;
  if (err != 0) {
    res = scp_say_error(s, d->shown,
      scp_reason(p, err, refused));
    destroy_pool(p);
    return res;
  }

  d->up = k->top;
  k->top = d;
  k->depth++;
  return scp_say_ok(s);
}

/* The mode that a directory should have now that it is complete; -1 if it is
 * correct.  Without -p the umask remains in force and only the bits that were
 * added temporarily are removed.
 */
static int final_mode(struct scp *s, const struct sink_dir *d) {
  struct stat st;

  if (!scp_sink_wants_perms(s) || (!d->created && !s->args.times)) {
    return -1;
  }

  if (s->args.times) {
    return d->mode;
  }

  if ((d->mode & S_IRWXU) == S_IRWXU ||
      ftpd_stat(s->ftpd, d->real, &st) < 0) {
    return -1;
  }

  return st.st_mode & 07777 & ~(S_IRWXU & ~d->mode);
}

/* 0 or the errno of setting the mode.  The times are set in any case. */
static int set_dir_attrs(struct scp *s, struct ftpd_op *op,
    const struct sink_dir *d, const char *path) {
  int mode = final_mode(s, d), err = 0;

  if (mode >= 0 && (ftpd_permit_effect(op, path, SFTP_EFF_MODE) < 0 ||
      ftpd_chmod(s->ftpd, path, (mode_t) mode) < 0)) {
    err = errno;
  }

  if (scp_sink_wants_times(s, &d->times) &&
      (ftpd_permit_effect(op, path, SFTP_EFF_TIME) < 0 ||
       ftpd_utimes(s->ftpd, path, d->times.at, true) < 0) && err == 0) {
    err = errno;
  }

  return err;
}

/* For a new directory this is part of MKDIR, which is logged. */
static int finish_made(struct scp *s, struct sink_dir *d,
    const char **refused) {
  struct ftpd_op op;
  int err;

  memset(&op, 0, sizeof(op));
  op.ftpd = s->ftpd;
  op.pool = d->pool;
  op.req = FTPD_SCP_MKDIR;
  err = set_dir_attrs(s, &op, d, d->real);
  *refused = op.refused;
  return s->args.times ? err : 0;
}

/* Sets mode and times after the last entry.  An existing directory is changed
 * as by SETSTAT.
 */
static int finish_dir(struct scp *s, struct sink_dir *d,
    const char **refused) {
  struct ftpd_op op;
  const char *path;
  int err;

  if (d->created) {
    return finish_made(s, d, refused);
  }

  if (!s->args.times ||
      (!scp_sink_wants_perms(s) && !scp_sink_wants_times(s, &d->times))) {
    return 0;
  }

  ftpd_op_begin(s->ftpd, &op, d->pool, FTPD_SETSTAT, d->real);
  op.effects = (scp_sink_wants_perms(s) ? SFTP_EFF_MODE : 0) |
    (scp_sink_wants_times(s, &d->times) ? SFTP_EFF_TIME : 0);
  path = ftpd_permit(&op, d->real, NULL);
  err = path != NULL ? set_dir_attrs(s, &op, d, path) : errno;
  *refused = op.refused;
  scp_op_end(&op, err);
  return err;
}

int scp_sink_on_dir_end(struct scp *s) {
  struct scp_sink *k = s->sink;
  struct sink_dir *d = k->top;
  const char *refused = NULL;
  int err, res;

  if (d == NULL) {
    return scp_say_fatal(s, "protocol error: E outside of a directory");
  }

  k->top = d->up;
  k->depth--;
  err = finish_dir(s, d, &refused);
  res = err == 0 ? scp_say_ok(s) :
    scp_say_error(s, d->shown, scp_reason(d->pool, err, refused));
  destroy_pool(d->pool);
  return res;
}
