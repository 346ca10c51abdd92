/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-files.h -- what the files behind the gate share: ftpd-op.c (the table
 * of requests), ftpd-permit.c, ftpd-phase.c (command phases: who listens),
 * ftpd-limit.c (<Limit>, filters, hidden files, reasons), ftpd-path.c,
 * ftpd-file.c, ftpd-dir.c and their kin.
 */

#ifndef MOD_SFTP_FTPD_FILES_H
#define MOD_SFTP_FTPD_FILES_H

#include "ftpd-int.h"

/* ---- The table of requests (ftpd-op.c) */

enum equivalent { TWIN_NONE, TWIN_FILE, TWIN_LIST, TWIN_PATH, TWIN_RENAME,
  TWIN_SITE_COPY, TWIN_SYMLINK };

#define ROW_PRE         0x01    /* its own name has a PRE_CMD phase */
#define ROW_FOLLOW1     0x02    /* the first path: the last link is followed */
#define ROW_FILTER1     0x04    /* PathAllowFilter and PathDenyFilter */
#define ROW_FILTER2     0x08
#define ROW_LOOKS       0x10    /* only looks: may be decided per folder */
#define ROW_HANDLE_PRE  0x20    /* PRE_CMD also when it names a handle */

struct limit_rule {
  const char *name;             /* of <Limit>, NULL: no rule */
  const char *group;            /* READ, WRITE, DIRS or NULL */
  const char *also[2];          /* further names that may deny or allow */
};

struct req_row {
  const char *name;             /* own command; NULL: only the equivalent's */
  int cls;
  unsigned int flags;           /* ROW_* */
  enum equivalent kind;
  const char *equivalent;             /* FTP command that means the same */
  int equivalent_class;
  const char *done;             /* code of the equivalent's success */
  struct limit_rule first, second;
};

extern const struct req_row ftpd_requests[FTPD_NREQUESTS];

/* ---- State */

enum phase_set { PHASE_PRE, PHASE_OK, PHASE_ERR, NPHASES };

struct ftpd_file {
  struct ftpd_file *next, *prev;
  struct ftpd *h;
  pool *pool;
  pr_fh_t *fh;
  int fd;
  const char *path;             /* final name */
  const char *hidden;           /* where it is until then: HiddenStores, and
                                 * copies over what is there */
  pr_fh_t *old;                 /* that: open for its locks, or NULL */
  cmd_rec *cmd;                 /* RETR, STOR or APPE since its PRE_CMD */
  enum ftpd_request req;
  bool rd, wr, append, scp;
  bool made;                    /* created or truncated by us */
  bool stream;                  /* no offsets: FIFO, device */
  bool direct_rd, direct_wr;    /* the system's own functions serve it */
  bool rated;                   /* TransferRate holds */
  bool listened;                /* somebody wants the data events */
  bool on_close;                /* then it is removed */
  const char *refused;          /* the rule that did it, for the client */
  off_t pos;                    /* of the descriptor, for hooked writes */
  off_t max_size;               /* MaxStoreFileSize; 0: none */
  off_t end;                    /* append, max_size: where the file ended */
  size_t end_good;              /* ... which holds for so many bytes more */
  bool modified;                /* existed before the upload */
  off_t total, size;            /* moved; at open */
  off_t offset;                 /* of the last READ or WRITE */
  int xfer_type;
  struct timeval start;
  struct ftpd_range *locks, *spare_locks;       /* ftpd-lock.c's own */
};

struct ftpd_range;

struct op_state {
  pool *pool;                   /* of the equivalents; goes to the file if opened */
  cmd_rec *own, *equivalent, *twin2;
  bool handed;                  /* the equivalent now belongs to a file or folder */
  int xfer_type;                /* after STOR's PRE_CMD */
  const char *path, *path2;     /* canonical names as used */
  off_t size;                   /* REMOVE: of what was removed */
  bool removed;
  struct ftpd_file *opened;     /* by this operation */
  struct ftpd_file closed;      /* by this operation: as it was */
};

/* What DirFake* say in a folder. */
struct fake {
  bool has_uid, has_gid, has_mode;
  uid_t uid;
  gid_t gid;
  mode_t mode;
};

struct ftpd_dir {
  struct ftpd *h;
  pool *pool, *scratch;
  void *dirh;                   /* DIR *, or the host's handle */
  int fd;                       /* direct: of the folder */
  bool direct, quiet, denied;
  unsigned int count;
  const char *path;
  cmd_rec *cmd;                 /* MLSD */
  struct fake fake;
  struct timeval start;
};

struct ftpd_files {
  pool *pool;
  struct ftpd_file *open;       /* all open files */
  unsigned int nopen, max_open; /* 0: not yet known */
  struct ftpd_op *op;           /* whose PRE_CMD is under way, or NULL */

  signed char need[FTPD_NREQUESTS][NPHASES];    /* -1: not known yet */
  signed char quiet[FTPD_NREQUESTS];            /* no static rule matters */
  signed char idle[64];         /* of ftpd-phase.c's table */
  signed char rate;             /* MaxCommandRate set */

  char quiet_dir[PR_TUNABLE_PATH_MAX + 1];      /* no .ftpaccess in there */
  uint64_t quiet_until_ms;

  cmd_rec *limit;               /* for <Limit> look-ups */
  struct ftpd_file *rate_of;    /* whose TransferRate is loaded */

  uint64_t tick_ms, score_ms;
  char score_cmd[32];           /* what the scoreboard shows */
  unsigned int nstalled;        /* what keeps the stalled timer going */

  dev_t dev;                    /* of the file opened last, and whether its */
  bool dev_known, dev_local;    /* file system is this machine's own */

  char fake_dir[PR_TUNABLE_PATH_MAX + 1];
  struct fake fake;
  uint64_t fake_until_ms;

  uid_t last_uid;
  gid_t last_gid;
  char last_user[128], last_group[128];
};

/* The state of h, made at its first use. */
struct ftpd_files *ftpd_files_of(struct ftpd *h);
struct op_state *ftpd_op_state(struct ftpd_op *op);
/* The command under the request's own name, made at its first use. */
cmd_rec *ftpd_own_cmd(struct ftpd_op *op, const char *arg);
/* Milliseconds, coarse and cheap. */
uint64_t ftpd_coarse_ms(void);

/* ---- ftpd-equivalent.c: PRE_CMD; 0, or -1 with errno and op->refused */

/* Of the own name; *path is replaced when a handler rewrote it. */
int ftpd_own_pre(struct ftpd_op *op, const char **path);
/* Of the equivalent, and of both for a rename; second may be NULL otherwise. */
int ftpd_equivalents_pre(struct ftpd_op *op, const char **path,
  const char **second);
/* Of a second SYMLINK, "text<TAB>link": only for handlers that rewrite. */
int ftpd_symlink_pre(struct ftpd_op *op, const char **text,
  const char **link);

/* ---- ftpd-permit.c */

/* The mode for a new file: without what the user may not SITE_CHMOD. */
mode_t ftpd_new_mode(struct ftpd_op *op, const char *path, mode_t mode);

/* ---- ftpd-lock.c, ftpd-open-lock.c: locks */

/* Files end here, as far as locks go. */
#define FTPD_LOCK_SPACE ((off_t) 1 << 62)

/* Whether asking for locks costs next to nothing: on a network file system each
 * question goes to its server, which may be slow or away.
 */
bool ftpd_lock_is_local(int fd);
/* Whether FTP or SCP transfers the file. */
bool ftpd_lock_transfers(int fd, bool reads, bool writes);
/* Notes what op opened the file for, and what it keeps from others.  EAGAIN:
 * they use it for that, or keep it from us; ENOTSUP: they cannot be kept away.
 */
int ftpd_open_lock(const struct ftpd_op *op, pr_fh_t *fh, const struct stat *st,
  int flags);
/* Whether somebody keeps one of the uses from others. */
bool ftpd_open_lock_kept(int fd, unsigned int uses);
/* The same for a file that is changed by its name: -1 with EAGAIN when writing
 * is kept from us.
 */
int ftpd_open_lock_changed(const char *path);

/* ---- ftpd-onclose.c: files that are removed when they are closed */

/* Whether the file may be removed later; 0, or -1 with errno. */
int ftpd_onclose_check(struct ftpd_op *op, const char *path);
/* Before it is closed: whether there is something to remove; what it is. */
bool ftpd_onclose_needed(struct ftpd_file *f, struct stat *st);
/* Removes it; outer is the operation that closes it, or NULL. */
int ftpd_onclose(struct ftpd *h, struct ftpd_op *outer, const char *path,
  const struct stat *file);

/* ---- ftpd-phase.c */

/* True when somebody but an idle module handles that phase of the row. */
bool ftpd_phase_needed(struct ftpd *h, enum ftpd_request req,
  enum phase_set set);
/* Dispatches PRE_CMD; -1 with errno when refused. */
int ftpd_phase_pre(cmd_rec *cmd);
/* What the refusing handler of the PRE_CMD last dispatched said, or NULL. */
const char *ftpd_phase_answer(pool *p);
/* POST_CMD and LOG_CMD or the *_ERR pair, with that response. */
void ftpd_phase_end(cmd_rec *cmd, bool ok, const char *code,
  const char *text);
/* session.xfer for a phase of an operation on path; and its end. */
void ftpd_xfer_begin(const char *path, int direction);
void ftpd_xfer_end(void);

/* ---- ftpd-limit.c */

/* <Limit> for one path; 0, or -1 with errno and op->refused (op may be NULL).
 * hidden may be NULL.
 */
int ftpd_limit(struct ftpd *h, struct ftpd_op *op, pool *p,
  const struct limit_rule *rule, const char *path, bool *hidden);
/* True when no rule can matter for looks of that kind at path. */
bool ftpd_limit_quiet(struct ftpd *h, enum ftpd_request req,
  const char *path);
/* The same for entries of dir that are no folders. */
bool ftpd_limit_quiet_dir(struct ftpd *h, enum ftpd_request req,
  const char *dir);
/* After a look was allowed at path: remember its folder if nothing is there. */
void ftpd_limit_learn(struct ftpd *h, const char *path);
/* PathAllowFilter and PathDenyFilter of the folder last checked. */
int ftpd_filter(struct ftpd_op *op, const char *path);
/* Sets op->refused for a PRE_CMD refusal. */
void ftpd_limit_explain(struct ftpd_op *op, cmd_rec *cmd, const char *path,
  int xerrno);
void ftpd_refuse(struct ftpd_op *op, const char *fmt, ...)
  SFTP_PRINTF(2, 3);

/* ---- ftpd-path.c */

/* True when the system's own functions serve the path. */
#define FTPD_FS_PLAIN(fs, member) \
  (ftpd_fs_member((fs), offsetof(pr_fs_t, member)))
bool ftpd_fs_member(pr_fs_t *fs, size_t offset);
/* Absolute, without ".", ".." and "//", as text. */
const char *ftpd_canon(struct ftpd *h, pool *p, const char *path);
/* The same with links resolved: all of it, or all but the last name. */
const char *ftpd_resolve(struct ftpd *h, pool *p, const char *path,
  bool follow);
/* Absolute as seen from outside any chroot, for the TransferLog. */
const char *ftpd_outside(pool *p, const char *path);

/* ---- ftpd-rename.c */

/* In the folder of an absolute path, a name that nobody can have put there. */
const char *ftpd_name_beside(pool *p, const char *path);

/* ---- ftpd-owners.c: DirFakeUser and its kin */

void ftpd_fake_of(struct ftpd *h, const char *dir, struct fake *fake);
void ftpd_fake_apply(const struct fake *fake, struct stat *st);

/* ---- ftpd-dir.c */

/* Whether listings would show a client the names of an absolute path that
 * stand behind path[known], a slash: what a pattern matched is learned from
 * them.
 */
bool ftpd_is_listed(struct ftpd *h, pool *p, const char *path, size_t known);

/* ---- ftpd-xfer.c: what the host knows of transfers */

/* session.xfer speaks of the file, or the command is that of the file. */
void ftpd_xfer_load(const struct ftpd_file *f);
void ftpd_xfer_command(const struct ftpd_file *f);
/* The same, and the notes of cmd do. */
void ftpd_file_describe(const struct ftpd_file *f, cmd_rec *cmd, bool moved);
/* Data moved: timers begin anew, not too often. */
void ftpd_tick(struct ftpd_files *s);
/* TimeoutStalled runs while a file is open. */
void ftpd_stalled_hold(struct ftpd *h);
void ftpd_stalled_release(struct ftpd *h);
/* What ftpwho shows: a command, unless it is there already, for each look and
 * change locks the scoreboard; a file was opened; data has moved.
 */
void ftpd_score_cmd(struct ftpd_files *s, const char *cmd);
void ftpd_score_open(struct ftpd_file *f);
void ftpd_score_moved(struct ftpd_file *f);
/* EFBIG when MaxStoreFileSize of the folder last checked is below size. */
int ftpd_max_store(off_t size);
/* MaxStoreFileSize of the folder last checked; 0: none. */
off_t ftpd_max_store_size(void);
/* EFBIG when max, unless it is 0, is below size. */
int ftpd_within(off_t max, off_t size);
/* Waits as long as TransferRate wants it; end: the transfer is over. */
void ftpd_rate_pause(struct ftpd_file *f, bool end);

/* ---- ftpd-open.c */

/* Gives a new file to UserOwner and GroupOwner of the folder last checked. */
void ftpd_give_away(pool *p, pr_fh_t *fh, const char *path);
/* Opens with the permissions that mode and the umask allow. */
pr_fh_t *ftpd_open_new(const char *path, int flags, mode_t mode, bool exists);
/* Which functions serve the data. */
void ftpd_choose_io(struct ftpd_file *f);
/* It is no open file of the session any more. */
void ftpd_file_unlink(struct ftpd_file *f);

/* ---- ftpd-file.c */

void ftpd_file_abort(struct ftpd_file *f);
/* The line of the TransferLog: how is 'c' or 'i'. */
void ftpd_log_transfer(struct ftpd_file *f, char how);

#endif /* MOD_SFTP_FTPD_FILES_H */
