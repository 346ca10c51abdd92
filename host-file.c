/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-file.c -- open files: from the STOR, APPE or RETR that was permitted
 * to its log line.
 *
 * Data moves by preadv(2) and pwritev(2) on the descriptor when no module put
 * its own functions over those of the system; otherwise through FSIO, with
 * lseek and write rather than pwrite, because that is what quota modules of
 * these hosts watch.
 *
 * session.xfer is one for the whole session and files are many: it is filled
 * from the file before others are told anything about it.
 */

#include "host-files.h"
#include "conn.h"

#include <limits.h>
#include <sys/ioctl.h>

#define TICK_MS 250             /* timers are touched at most that often */
#define SCORE_MS 1000
#define RATED_BYTES 16384       /* at a time when somebody counts them */
#define COPY_BYTES (8 * 1024 * 1024)
#define BUF_BYTES (256 * 1024)
#define NIOV 64
/* Appended before a file with a limit is looked at again: about a WRITE. */
#define END_GOOD_BYTES (256 * 1024)

/* ---- session.xfer */

static void xfer_load(const struct host_file *f) {
  if (session.xfer.p == NULL) {
    session.xfer.p = make_sub_pool(session.pool);
    pr_pool_tag(session.xfer.p, "SFTP transfer pool");
  }

  session.xfer.path = session.xfer.filename = f->path;
  session.xfer.path_hidden = f->hidden;
  session.xfer.direction = f->wr ? PR_NETIO_IO_RD : PR_NETIO_IO_WR;
  session.xfer.xfer_type = f->xfer_type;
  session.xfer.start_time = f->start;
  session.xfer.total_bytes = f->total;
  session.xfer.file_size = f->size;
}

static void xfer_command(const struct host_file *f) {
  session.curr_cmd = f->cmd->argv[0];
  session.curr_cmd_id = f->cmd->cmd_id;
  session.curr_cmd_rec = f->cmd;
  session.curr_phase = CMD;
}

void host_file_describe(const struct host_file *f, cmd_rec *cmd,
    bool moved) {
  off_t *offset;

  xfer_load(f);
  (void) pr_table_add_dup(cmd->notes, f->wr ? "mod_xfer.store-path" :
    "mod_xfer.retr-path", f->path, 0);
  if (f->modified && !moved) {
    (void) pr_table_add_dup(cmd->notes, "mod_xfer.file-modified", "true", 0);
  }

  if (moved) {
    offset = palloc(cmd->pool, sizeof(*offset));
    *offset = f->offset;
    (void) pr_table_add(cmd->notes, "mod_xfer.file-offset", offset,
      sizeof(*offset));
  }
}

/* What is left of a file for the log line of its CLOSE. */
static void keep_closed(struct host_op *op, const struct host_file *f) {
  struct op_state *state = host_op_state(op);

  state->closed = *f;
  state->closed.path = pstrdup(op->pool, f->path);
  state->closed.hidden = NULL;
  state->closed.pool = NULL;
  state->closed.cmd = NULL;
}

/* ---- Timers */

static int stalled_cb(CALLBACK_FRAME) {
  struct host *h = host_current();

  (void) p1;
  (void) p2;
  (void) p3;
  (void) data;

  if (h == NULL) {
    return 0;
  }

  if (h->files != NULL && h->files->open != NULL) {
    xfer_load(h->files->open);
    xfer_command(h->files->open);
  }

  pr_event_generate("core.timeout-stalled", NULL);
  sftp_log("data stalled timeout (TimeoutStalled %d) reached",
    pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED));
  pr_log_pri(PR_LOG_NOTICE, "Data transfer stall timeout: %d seconds",
    pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED));
  host_goodbye(11, "data stalled timeout reached");
  pr_session_disconnect(&sftp_module, PR_SESS_DISCONNECT_TIMEOUT,
    "TimeoutStalled during data transfer");
  return 0;
}

void host_stalled_hold(struct host *h) {
  struct host_files *s = host_files_of(h);
  int secs = pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED);

  if (s->nstalled++ == 0 && secs > 0) {
    (void) pr_timer_remove(PR_TIMER_STALLED, &sftp_module);
    (void) pr_timer_add(secs, PR_TIMER_STALLED, &sftp_module, stalled_cb,
      "TimeoutStalled");
  }
}

void host_stalled_release(struct host *h) {
  struct host_files *s = host_files_of(h);

  if (s->nstalled > 0 && --s->nstalled == 0) {
    (void) pr_timer_remove(PR_TIMER_STALLED, &sftp_module);
  }
}

void host_tick(struct host_files *s) {
  uint64_t now = host_coarse_ms();

  if (now < s->tick_ms) {
    return;
  }

  s->tick_ms = now + TICK_MS;
  if (pr_data_get_timeout(PR_DATA_TIMEOUT_NO_TRANSFER) > 0) {
    (void) pr_timer_reset(PR_TIMER_NOXFER, ANY_MODULE);
  }

  if (s->nstalled > 0 && pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED) > 0) {
    (void) pr_timer_reset(PR_TIMER_STALLED, &sftp_module);
  }
}

/* ---- Scoreboard */

static void score_open(struct host_file *f) {
  struct host_files *s = host_files_of(f->h);

  s->score_ms = host_coarse_ms() + SCORE_MS;
  (void) pr_scoreboard_entry_update(session.pid,
    PR_SCORE_CMD, "%s", f->cmd->argv[0], NULL, NULL);
  /* Texts come last: where the host's list of arguments goes on behind one
   * depends on the machine.
   */
  (void) pr_scoreboard_entry_update(session.pid,
    PR_SCORE_XFER_SIZE, f->wr ? (off_t) 0 : f->size,
    PR_SCORE_XFER_DONE, (off_t) 0,
    PR_SCORE_CMD_ARG, "%s", f->path, NULL, NULL);
  pr_proctitle_set("%s - %s: %s %s", session.user, session.proc_prefix,
    (char *) f->cmd->argv[0], f->path);
}

static void score_moved(struct host_file *f) {
  struct host_files *s = host_files_of(f->h);
  struct timeval now;
  uint64_t ms = host_coarse_ms();
  unsigned long elapsed;

  if (ms < s->score_ms) {
    return;
  }

  s->score_ms = ms + SCORE_MS;
  gettimeofday(&now, NULL);
  elapsed = (unsigned long) ((now.tv_sec - f->start.tv_sec) * 1000L +
    (now.tv_usec - f->start.tv_usec) / 1000L);
  (void) pr_scoreboard_entry_update(session.pid,
    PR_SCORE_XFER_DONE, f->total,
    PR_SCORE_XFER_LEN, f->total,
    PR_SCORE_XFER_ELAPSED, elapsed, NULL);
}

/* ---- Limits of size and rate */

static bool applies(const config_rec *c) {
  char **items = (char **) &c->argv[3];

  if (c->argc <= 3) {
    return true;
  }

  if (strcasecmp(c->argv[2], "user") == 0) {
    return pr_expr_eval_user_or(items) == TRUE;
  }

  if (strcasecmp(c->argv[2], "group") == 0) {
    return pr_expr_eval_group_or(items) == TRUE;
  }

  return strcasecmp(c->argv[2], "class") == 0 &&
    pr_expr_eval_class_or(items) == TRUE;
}

/* MaxStoreFileSize of the folder last checked, the most special one; 0: none.
 */
off_t host_max_store_size(void) {
  config_rec *c;
  unsigned int best = 0;
  off_t max = 0;

  c = find_config(CURRENT_CONF, CONF_PARAM, "MaxStoreFileSize", FALSE);
  while (c != NULL) {
    unsigned int weight = *((unsigned int *) c->argv[1]);

    if (weight > best && applies(c)) {
      best = weight;
      max = *((off_t *) c->argv[0]);
    }

    c = find_config_next(c, c->next, CONF_PARAM, "MaxStoreFileSize", FALSE);
  }

  return max;
}

static int within(off_t max, off_t size) {
  if (max > 0 && size > max) {
    pr_log_pri(PR_LOG_NOTICE, "MaxStoreFileSize (%" PR_LU " bytes) reached",
      (pr_off_t) max);
    sftp_log("MaxStoreFileSize (%lld bytes) reached", (long long) max);
    errno = EFBIG;
    return -1;
  }

  return 0;
}

int host_max_store(off_t size) {
  return within(host_max_store_size(), size);
}

/* TransferRate: the host keeps one rate, that of the command last loaded. */
static void rate_load(struct host_file *f) {
  struct host_files *s = host_files_of(f->h);
  pool *p;

  if (s->rate_of == f) {
    return;
  }

  p = make_sub_pool(s->pool);
  session.dir_config = dir_match_path(p, (char *) host_outside(p, f->path));
  destroy_pool(p);
  pr_throttle_init(f->cmd);
  s->rate_of = f;
}

static void rate_pause(struct host_file *f, bool end) {
  if (f->rated) {
    rate_load(f);
    xfer_load(f);
    pr_throttle_pause(f->total, end);
    errno = 0;
  }
}

/* ---- Open */

/* UserOwner and GroupOwner; what fails is logged, never the client's error. */
void host_give_away(pool *p, pr_fh_t *fh, const char *path) {
  bool root = session.fsuid != (uid_t) -1;
  struct stat st;
  unsigned int i;
  int res, xerrno;

  (void) p;
  if (session.fsuid == (uid_t) -1 && session.fsgid == (gid_t) -1) {
    return;
  }

  if (!root) {
    gid_t *gids = session.gids != NULL ? session.gids->elts : NULL;

    root = true;
    for (i = 0; gids != NULL && i < (unsigned int) session.gids->nelts; i++) {
      if (gids[i] == session.fsgid) {
        root = false;
      }
    }
  }

  if (pr_fsio_fstat(fh, &st) < 0) {
    return;
  }

  if (root) {
    PRIVS_ROOT
  }
  res = pr_fsio_fchown(fh, session.fsuid, session.fsgid);
  xerrno = errno;
  if (res == 0) {
    /* chown takes set-id bits away. */
    (void) pr_fsio_fchmod(fh, st.st_mode & 07777);
  }
  if (root) {
    PRIVS_RELINQUISH
  }

  if (res < 0) {
    sftp_log("unable to give '%s' to its UserOwner or GroupOwner: %s", path,
      strerror(xerrno));
  }
}

/* Opens with the permissions that mode and the umask allow, and not for a
 * moment with more.  The path has no links left to follow: one that turns up
 * now was put there after the rules were asked.
 */
pr_fh_t *host_open_new(const char *path, int flags, mode_t mode,
    bool exists) {
  mode_t ours = ~mode & 0777, mask = umask(ours), extra;
  pr_fh_t *fh;
  int xerrno;

  if ((mask & ~ours) != 0) {
    (void) umask(mask | ours);
  }

  fh = pr_fsio_open(path, flags|O_NOFOLLOW);
  xerrno = errno;
  (void) umask(mask);

  /* FSIO creates with 0666 at most. */
  extra = exists ? 0 : mode & 07777 & ~mask & ~0666;
  if (fh != NULL && extra != 0) {
    (void) pr_fsio_fchmod(fh, mode & 07777 & ~mask);
  }

  errno = xerrno;
  return fh;
}

/* Whether this upload goes to a temporary name first.  What changes an
 * existing file in place (a resumed upload) cannot: it would replace the file
 * by its tail.
 */
static const char *hidden_path(struct op_state *state, int flags,
    bool exists) {
  const char *path;

  if (state->xfer_type != STOR_HIDDEN) {
    return NULL;
  }

  path = pr_table_get(state->twin->notes, "mod_xfer.store-hidden-path", NULL);
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
  flags &= ~(O_TRUNC|O_EXCL);
  flags |= O_CREAT;
  if (pr_table_get(state->twin->notes, "mod_xfer.store-hidden-nfs",
      NULL) == NULL) {
    flags |= O_EXCL;
  }

  return flags;
}

static int check_before(struct host_op *op, const char *path, int flags,
    bool *exists, struct stat *st) {
  *exists = host_stat(op->host, path, st) == 0;
  if (*exists && S_ISDIR(st->st_mode)) {
    errno = EISDIR;
    return -1;
  }

  if (*exists && S_ISFIFO(st->st_mode) &&
      (op->host->set->opts & SFTP_OPT_IGNORE_FIFOS) != 0) {
    host_refuse(op, "FIFOs are not served (SFTPOptions IgnoreFIFOs)");
    errno = EPERM;
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

  if (op->host->files->nopen >= host_max_handles(op->host)) {
    host_refuse(op, "too many open files");
    errno = EMFILE;
    return -1;
  }

  return 0;
}

/* Reading from what was opened for both, of which mod_xfer saw only the STOR;
 * removal on close.
 */
static int check_more(struct host_op *op, const char *path, int flags) {
  static const struct limit_rule retr = { C_RETR, G_READ, { NULL } },
    stor = { C_STOR, G_WRITE, { NULL } };

  bool both = (flags & O_ACCMODE) == O_RDWR;

  if ((both && host_limit(op->host, op, op->pool, &retr, path, NULL) < 0) ||
      (op->deletes && host_onclose_check(op, path) < 0)) {
    return -1;
  }

  /* Umask and owner are again those of the upload. */
  return both || (op->deletes && (flags & O_ACCMODE) != O_RDONLY) ?
    host_limit(op->host, op, op->pool, &stor, path, NULL) : 0;
}

static void note_offset(struct host_file *f) {
  off_t *offset = palloc(f->pool, sizeof(*offset));

  *offset = f->append ? f->size : 0;
  (void) pr_table_add(f->cmd->notes, "mod_xfer.file-offset", offset,
    sizeof(*offset));
}

/* Which functions serve the data. */
void host_choose_io(struct host_file *f) {
  pr_fs_t *fs = f->fh->fh_fs;

  f->direct_rd = HOST_FS_PLAIN(fs, read) && HOST_FS_PLAIN(fs, pread);
  f->direct_wr = HOST_FS_PLAIN(fs, write) && HOST_FS_PLAIN(fs, pwrite) &&
    HOST_FS_PLAIN(fs, lseek);
  f->listened =
    (f->wr && pr_event_listening("mod_sftp.sftp.data-read") > 0) ||
    (f->rd && pr_event_listening("mod_sftp.sftp.data-write") > 0);
}

static void link_file(struct host_file *f) {
  struct host_files *s = host_files_of(f->h);

  f->next = s->open;
  if (s->open != NULL) {
    s->open->prev = f;
  }

  s->open = f;
  s->nopen++;
}

static void unlink_file(struct host_file *f) {
  struct host_files *s = host_files_of(f->h);

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
}

/* The file around an open descriptor; takes the command over. */
static struct host_file *new_file(struct host_op *op, pr_fh_t *fh,
    const char *path, const char *hidden, int flags, const struct stat *st) {
  struct op_state *state = op->state;
  struct host_file *f = pcalloc(state->pool, sizeof(*f));

  f->h = op->host;
  f->pool = state->pool;
  f->fh = fh;
  f->fd = PR_FH_FD(fh);
  f->path = pstrdup(f->pool, path);
  f->hidden = hidden != NULL ? pstrdup(f->pool, hidden) : NULL;
  f->cmd = state->twin;
  f->req = op->req;
  f->rd = (flags & O_ACCMODE) != O_WRONLY;
  f->wr = (flags & O_ACCMODE) != O_RDONLY;
  f->append = (flags & O_APPEND) != 0;
  f->on_close = op->deletes;
  f->scp = op->req == HOST_SCP_RECV || op->req == HOST_SCP_SEND;
  f->stream = !S_ISREG(st->st_mode);
  f->size = st->st_size;
  f->xfer_type = state->xfer_type;
  f->modified = pr_table_get(f->cmd->notes, "mod_xfer.file-modified",
    NULL) != NULL;
  gettimeofday(&f->start, NULL);
  return f;
}

static void opened(struct host_op *op, struct host_file *f) {
  struct op_state *state = op->state;

  host_choose_io(f);
  if (f->wr) {
    f->max_size = host_max_store_size();
  }

  pr_throttle_init(f->cmd);
  f->rated = pr_throttle_have_rate();
  host_files_of(f->h)->rate_of = f->rated ? f : NULL;
  note_offset(f);
  link_file(f);
  state->handed = true;
  state->opened = f;
  host_stalled_hold(f->h);
  host_tick(f->h->files);
  score_open(f);
  if (f->wr && f->rd && state->own != NULL) {
    state->own->cmd_class |= CL_READ;
  }

  host_xfer_end();
}

/* What is open, but not for us yet: only who may have it cuts it down. */
static int take(struct host_op *op, pr_fh_t *fh, int flags, bool exists,
    struct stat *st) {
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

  if (host_share(op, fh, flags) < 0) {
    return -1;
  }

  if ((flags & O_TRUNC) != 0 && (exists || st->st_size > 0)) {
    st->st_size = 0;
    return pr_fsio_ftruncate(fh, 0);
  }

  return 0;
}

struct host_file *host_open(struct host_op *op, const char *path, int flags,
    mode_t mode) {
  struct op_state *state = op->state;
  const char *hidden = NULL;
  struct host_file *f;
  struct stat st;
  pr_fh_t *fh;
  bool exists;
  int oflags, xerrno;

  if (state == NULL || state->twin == NULL || state->handed) {
    errno = EINVAL;             /* never permitted */
    return NULL;
  }

  if (check_before(op, path, flags, &exists, &st) < 0 ||
      check_more(op, path, flags) < 0) {
    return NULL;
  }

  if ((flags & O_ACCMODE) != O_RDONLY) {
    hidden = hidden_path(state, flags, exists);
    if (hidden != NULL && exists && host_share_changed(path) < 0) {
      return NULL;
    }
  }

  /* Nobody waits for the other end of a FIFO. */
  oflags = (hidden != NULL ? hidden_flags(state, flags) : flags) |
    O_NONBLOCK|O_NOCTTY;
  if ((oflags & O_CREAT) != 0) {
    mode = host_new_mode(op, path, mode);
  }

  fh = host_open_new(hidden != NULL ? hidden : path, oflags & ~O_TRUNC, mode,
    exists && hidden == NULL);
  if (fh == NULL) {
    xerrno = errno;
    sftp_log("error opening '%s': %s", hidden != NULL ? hidden : path,
      strerror(xerrno));
    errno = xerrno;
    return NULL;
  }

  if (take(op, fh, flags, exists && hidden == NULL, &st) < 0) {
    xerrno = errno;
    (void) pr_fsio_close(fh);
    if (hidden != NULL) {
      (void) pr_fsio_unlink(hidden);
    }

    errno = xerrno;
    return NULL;
  }

  f = new_file(op, fh, path, hidden, flags, &st);
  f->made = f->wr && (!exists || hidden != NULL || (flags & O_TRUNC) != 0);
  if (f->made) {
    host_give_away(op->pool, fh, path);
  }

  opened(op, f);
  return f;
}

/* ---- Close */

void host_log_transfer(struct host_file *f, char how) {
  pool *p = make_sub_pool(session.pool);
  struct timeval now;

  gettimeofday(&now, NULL);
  (void) xferlog_write(now.tv_sec - f->start.tv_sec,
    pr_netaddr_get_sess_remote_name(), f->total, host_outside(p, f->path),
    'b', f->wr ? 'i' : 'o', 'r', session.user, how, "_");
  destroy_pool(p);
}

/* What DeleteAbortedStores says: temporary files go unless it is off, others
 * stay unless it is on.
 */
static void remove_aborted(struct host_file *f) {
  unsigned char *remove_it;

  if (!f->wr || !f->made || (f->on_close && f->hidden == NULL)) {
    return;
  }

  remove_it = get_param_ptr(CURRENT_CONF, "DeleteAbortedStores", FALSE);
  if (f->hidden != NULL) {
    if (f->on_close || remove_it == NULL || *remove_it == TRUE) {
      (void) pr_fsio_unlink(f->hidden);
    }

  } else if (remove_it != NULL && *remove_it == TRUE) {
    (void) pr_fsio_unlink(f->path);
  }
}

/* Moves an upload from its temporary name into place. */
static int reveal(struct host_file *f) {
  int xerrno;

  if (f->hidden == NULL) {
    return 0;
  }

  if (pr_fsio_rename(f->hidden, f->path) < 0) {
    xerrno = errno;
    sftp_log("error renaming '%s' to '%s': %s", f->hidden, f->path,
      strerror(xerrno));
    (void) pr_fsio_unlink(f->hidden);
    f->hidden = NULL;
    errno = xerrno;
    return -1;
  }

  f->hidden = NULL;
  return 0;
}

/* The rules of the file's own folder, for DeleteAbortedStores. */
static void enter_folder(struct host_file *f) {
  session.dir_config = dir_match_path(f->pool,
    (char *) host_outside(f->pool, f->path));
}

int host_close(struct host_op *op, struct host_file *f, bool complete) {
  struct stat st;
  int res, xerrno;
  bool ok, removes = host_onclose_needed(f, &st);

  rate_pause(f, true);
  enter_folder(f);
  xfer_load(f);
  xfer_command(f);

  res = pr_fsio_close(f->fh);
  xerrno = errno;
  f->fh = NULL;
  if (res == 0 && complete) {
    res = reveal(f);
    xerrno = errno;
  }

  ok = complete && res == 0 && !f->failed;
  if (!ok && !complete) {
    remove_aborted(f);
  } else if (res < 0 && f->hidden != NULL) {
    (void) pr_fsio_unlink(f->hidden);
  }

  pr_fs_clear_cache2(f->path);
  xfer_load(f);
  if (op != NULL && op->handle != NULL) {
    (void) pr_table_add_dup(f->cmd->notes, "sftp.file-handle", op->handle, 0);
  }

  if (ok) {
    host_phase_end(f->cmd, true, R_226, "Transfer complete");

  } else {
    host_log_transfer(f, 'i');
    (void) pr_table_add_dup(f->cmd->notes, "mod_sftp.file-status", "failed",
      0);
    session.xfer.xfer_type = STOR_DEFAULT;      /* cleaned up already */
    host_phase_end(f->cmd, false, complete ? R_451 : R_426, complete ?
      strerror(res < 0 ? xerrno : EIO) : "Transfer aborted");
  }

  host_xfer_end();
  host_stalled_release(f->h);
  unlink_file(f);

  /* The class of the CLOSE is that of its file. */
  if (op != NULL && op->req == HOST_CLOSE) {
    struct op_state *state = host_op_state(op);

    keep_closed(op, f);
    state->own = host_phase_needed(op->host, HOST_CLOSE, ok ? PHASE_OK :
      PHASE_ERR) ? host_cmd(op->pool, "CLOSE", op->arg, CL_SFTP |
      (f->wr ? CL_WRITE : 0) | (f->rd ? CL_READ : 0), FALSE) : NULL;
  }

  if (removes && f->hidden == NULL &&
      host_onclose(f->h, op, f->path, &st) < 0 && res == 0) {
    res = -1;
    xerrno = errno;
  }

  destroy_pool(f->pool);
  errno = xerrno;
  return res;
}

void host_file_abort(struct host_file *f) {
  (void) host_close(NULL, f, false);
}

void host_abort_all(struct host *h) {
  unsigned int n = 0;

  if (h->files == NULL) {
    return;
  }

  while (h->files->open != NULL) {
    host_file_abort(h->files->open);
    n++;
  }

  if (n > 0) {
    sftp_log("aborting %u unclosed file handle%s", n, n != 1 ? "s" : "");
  }
}

const char *host_file_path(const struct host_file *f) {
  return f->path;
}

/* ---- Data */

static void tell(const char *event, const struct iovec *iov, int n,
    size_t len) {
  int i;

  for (i = 0; i < n && len > 0; i++) {
    pr_buffer_t buf;
    size_t part = iov[i].iov_len < len ? iov[i].iov_len : len;

    memset(&buf, 0, sizeof(buf));
    buf.buf = buf.current = iov[i].iov_base;
    buf.buflen = part;
    pr_event_generate(event, &buf);
    len -= part;
  }
}

static void account(struct host_file *f, size_t n, bool out) {
  f->total += (off_t) n;
  session.total_bytes += (off_t) n;
  if (out) {
    session.total_bytes_out += (off_t) n;

  } else {
    session.total_bytes_in += (off_t) n;
  }

  host_tick(f->h->files);
  score_moved(f);
}

/* A window on an iovec list: at most max bytes behind the first skip ones. */
static int window(const struct iovec *iov, int n, size_t skip, size_t max,
    struct iovec out[NIOV]) {
  int i, m = 0;

  for (i = 0; i < n && m < NIOV && max > 0; i++) {
    size_t len = iov[i].iov_len;

    if (skip >= len) {
      skip -= len;
      continue;
    }

    len -= skip;
    out[m].iov_base = (char *) iov[i].iov_base + skip;
    out[m].iov_len = len < max ? len : max;
    skip = 0;
    max -= out[m++].iov_len;
  }

  return m;
}

static ssize_t read_some(struct host_file *f, const struct iovec *iov, int n,
    off_t offset) {
  if (f->stream) {
    return readv(f->fd, iov, n);
  }

  return f->direct_rd ? preadv(f->fd, iov, n, offset) :
    pr_fsio_pread(f->fh, iov[0].iov_base, iov[0].iov_len, offset);
}

/* Through FSIO: one piece, written where the descriptor stands. */
static ssize_t write_hooked(struct host_file *f, const struct iovec *iov,
    off_t offset) {
  ssize_t res;

  if (!f->append && !f->stream && f->pos != offset) {
    if (pr_fsio_lseek(f->fh, offset, SEEK_SET) < 0) {
      return -1;
    }

    f->pos = offset;
  }

  /* As in FTP, where data are counted when they arrive. */
  xfer_load(f);
  session.xfer.total_bytes += (off_t) iov[0].iov_len;
  xfer_command(f);
  res = pr_fsio_write(f->fh, iov[0].iov_base, iov[0].iov_len);
  session.curr_cmd_rec = NULL;
  if (res > 0) {
    f->pos += res;
  }

  return res;
}

static ssize_t write_some(struct host_file *f, const struct iovec *iov, int n,
    off_t offset) {
  if (!f->direct_wr) {
    return write_hooked(f, iov, offset);
  }

  return f->append || f->stream ? writev(f->fd, iov, n) :
    pwritev(f->fd, iov, n, offset);
}

static size_t total_of(const struct iovec *iov, int n) {
  size_t len = 0;
  int i;

  for (i = 0; i < n; i++) {
    len += iov[i].iov_len;
  }

  return len;
}

ssize_t host_preadv(struct host_file *f, const struct iovec *iov, int n,
    off_t offset) {
  size_t want = total_of(iov, n), done = 0;
  struct iovec part[NIOV];

  f->offset = offset;
  if (!f->rd) {
    errno = EBADF;
    return -1;
  }

  while (done < want) {
    int m = window(iov, n, done, f->rated ? RATED_BYTES : SIZE_MAX, part);
    ssize_t res = read_some(f, part, m, offset + (off_t) done);

    if (res < 0 && errno == EINTR) {
      continue;
    }

    if (res < 0 && done == 0) {
      return -1;
    }

    if (res <= 0) {
      break;
    }

    account(f, (size_t) res, true);
    if (f->listened) {
      tell("mod_sftp.sftp.data-write", part, m, (size_t) res);
    }

    done += (size_t) res;
    rate_pause(f, false);
  }

  return (ssize_t) done;
}

/* Where len bytes will be appended.  A WRITE comes in pieces: the file is not
 * looked at for each, unless the limit seems to be near.
 */
static int append_at(struct host_file *f, size_t len, off_t *offset) {
  struct stat st;

  if (len > f->end_good || f->end > f->max_size - (off_t) len) {
    if (host_fstat(f, &st) < 0) {
      return -1;
    }

    f->end = st.st_size;
    f->end_good = len > END_GOOD_BYTES ? len : END_GOOD_BYTES;
  }

  *offset = f->end;
  f->end += (off_t) len;
  f->end_good -= len;
  return 0;
}

static int check_size(struct host_file *f, off_t offset, size_t len) {
  if (f->max_size <= 0) {
    return 0;
  }

  if (f->append && append_at(f, len, &offset) < 0) {
    return -1;
  }

  if (within(f->max_size, offset + (off_t) len) < 0) {
    char why[64];

    if ((f->h->set->opts & SFTP_OPT_TERSE_REFUSALS) == 0 &&
        f->refused == NULL) {
      snprintf(why, sizeof(why), "MaxStoreFileSize is %lld bytes",
        (long long) f->max_size);
      f->refused = pstrdup(f->pool, why);
    }

    f->end_good = 0;
    return -1;
  }

  return 0;
}

const char *host_file_refused(const struct host_file *f) {
  return f->refused;
}

int host_pwritev(struct host_file *f, const struct iovec *iov, int n,
    off_t offset, size_t *done) {
  size_t want = total_of(iov, n);
  struct iovec part[NIOV];

  *done = 0;
  f->offset = offset;
  if (!f->wr) {
    errno = EBADF;
    return -1;
  }

  if (offset < 0 || (uint64_t) offset + want > INT64_MAX) {
    errno = EFBIG;
    return -1;
  }

  if (check_size(f, offset, want) < 0) {
    f->failed = true;
    return -1;
  }

  while (*done < want) {
    int m = window(iov, n, *done, f->rated || !f->direct_wr ? RATED_BYTES :
      SIZE_MAX, part);
    ssize_t res;

    if (f->listened) {
      tell("mod_sftp.sftp.data-read", part, m, total_of(part, m));
    }

    do {
      res = write_some(f, part, m, offset + (off_t) *done);
    } while (res < 0 && errno == EINTR);

    if (res <= 0) {
      if (res == 0) {
        errno = EIO;
      }

      f->failed = true;
      f->end_good = 0;
      return -1;
    }

    account(f, (size_t) res, false);
    *done += (size_t) res;
    rate_pause(f, false);
  }

  return 0;
}

/* ---- What can be done with an open file */

int host_fstat(struct host_file *f, struct stat *st) {
  return HOST_FS_PLAIN(f->fh->fh_fs, fstat) ? fstat(f->fd, st) :
    pr_fsio_fstat(f->fh, st);
}

int host_ftruncate(struct host_file *f, off_t size) {
  if (!f->wr || size < 0) {
    errno = EINVAL;
    return -1;
  }

  if (within(f->max_size, size) < 0) {
    return -1;
  }

  f->end_good = 0;
  pr_fs_clear_cache2(f->path);
  return pr_fsio_ftruncate(f->fh, size);
}

int host_fchmod(struct host_file *f, mode_t mode) {
  return pr_fsio_fchmod(f->fh, mode);
}

int host_fchown(struct host_file *f, uid_t uid, gid_t gid) {
  return pr_fsio_fchown(f->fh, uid, gid);
}

int host_fsync(struct host_file *f) {
  return pr_fsio_fsync(f->fh);
}

int host_fstatvfs(struct host_file *f, struct statvfs *st) {
  return fstatvfs(f->fd, st);
}

/* ---- Copies */

/* In the kernel: bytes copied, 0 at the end, -1 when it cannot be done. */
static ssize_t copy_direct(struct host_file *from, off_t from_off,
    struct host_file *to, off_t to_off, size_t len) {
  ssize_t res;

  if (from->stream || to->stream || to->append || from->rated || to->rated ||
      from->listened || to->listened || !from->direct_rd ||
      !to->direct_wr) {
    errno = EXDEV;
    return -1;
  }

  do {
    res = copy_file_range(from->fd, &from_off, to->fd, &to_off, len, 0);
  } while (res < 0 && errno == EINTR);

  if (res > 0) {
    account(to, (size_t) res, false);
  }

  return res;
}

static bool is_unfit(int xerrno) {
  return xerrno == EXDEV || xerrno == EINVAL || xerrno == ENOSYS ||
    xerrno == EOPNOTSUPP || xerrno == EBADF;
}

static ssize_t copy_buffered(struct host_file *from, off_t from_off,
    struct host_file *to, off_t to_off, size_t len, void *buf) {
  struct iovec iov = { buf, len < BUF_BYTES ? len : BUF_BYTES };
  size_t done;
  ssize_t res;

  res = host_preadv(from, &iov, 1, from_off);
  if (res <= 0) {
    return res;
  }

  iov.iov_len = (size_t) res;
  return host_pwritev(to, &iov, 1, to_off, &done) < 0 ? -1 : res;
}

/* Bytes to copy, and whether source and target may be copied at all. */
static int copy_len(struct host_file *from, off_t from_off,
    struct host_file *to, off_t to_off, uint64_t *len) {
  struct stat src, dst;

  if (!from->rd || !to->wr) {
    errno = EBADF;
    return -1;
  }

  if (host_fstat(from, &src) < 0 || host_fstat(to, &dst) < 0) {
    return -1;
  }

  if (from_off < 0 || to_off < 0) {
    errno = EINVAL;
    return -1;
  }

  if (from_off >= src.st_size) {
    *len = 0;
    return 0;
  }

  if (*len == 0 || *len > (uint64_t) (src.st_size - from_off)) {
    *len = (uint64_t) (src.st_size - from_off);
  }

  if ((uint64_t) to_off + *len > INT64_MAX) {
    errno = EFBIG;
    return -1;
  }

  if (src.st_dev == dst.st_dev && src.st_ino == dst.st_ino &&
      (to->append || (from_off < to_off + (off_t) *len &&
       to_off < from_off + (off_t) *len))) {
    errno = EINVAL;             /* onto itself */
    return -1;
  }

  return check_size(to, to_off, *len);
}

int host_copy_range(struct host_file *from, off_t from_off,
    struct host_file *to, off_t to_off, uint64_t len, uint64_t *done) {
  pool *p = NULL;
  void *buf = NULL;
  ssize_t res = 0;
  int xerrno;

  *done = 0;
  if (copy_len(from, from_off, to, to_off, &len) < 0) {
    return -1;
  }

  while (len > 0) {
    size_t part = len < COPY_BYTES ? (size_t) len : COPY_BYTES;

    if (buf == NULL) {
      res = copy_direct(from, from_off, to, to_off, part);
      if (res < 0 && is_unfit(errno)) {
        p = make_sub_pool(host_files_of(from->h)->pool);
        buf = palloc(p, BUF_BYTES);
        continue;
      }

    } else {
      res = copy_buffered(from, from_off, to, to_off, part, buf);
    }

    if (res <= 0) {
      break;
    }

    from_off += res;
    to_off += res;
    len -= (uint64_t) res;
    *done += (uint64_t) res;
    host_poll(from->h);
  }

  xerrno = errno;
  if (p != NULL) {
    destroy_pool(p);
  }

  errno = xerrno;
  return res < 0 ? -1 : 0;
}
