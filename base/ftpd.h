/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd.h -- everything the protocol core needs of the host.
 *
 * Implemented over ProFTPD by the ftpd-*.c files and by a small fake in
 * t/fake/.  No wire format here, no host type there: the core passes names,
 * paths, bytes and plain libc structs.
 *
 * Functions return 0 or -1 with errno unless they say otherwise.  Strings
 * that are handed back live in the pool given, or as long as the host.
 */

#ifndef MOD_SFTP_FTPD_H
#define MOD_SFTP_FTPD_H

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <dirent.h>

#include "base.h"
#include "wire.h"

struct ftpd;                    /* the host's side of one connection */
struct ssh_conn;
struct sftp_settings;

/* ---- Log, trace, clock (sinks of log.c; text is already escaped) */

void ftpd_log_line(const char *line);
void ftpd_log_why_line(enum sftp_why why, const char *line);
void ftpd_auth_log_line(int level, const char *line);
void ftpd_trace_line(enum sftp_trace_channel chan, int level,
  const char *line);
uint64_t ftpd_now_ms(void);
/* Why a login was refused, as far as the logs know since ftpd_auth_begin(): an
 * objection, or else what was missing, the last line for the authentication
 * log, the last line of all; NULL: none.
 */
const char *ftpd_log_reason(struct ftpd *h);

/* ---- Waiting */

/* Sleeps until fd is ready for `events' (poll(2)), timeout_ms passed (-1:
 * none) or a signal was handled; runs the host's timers and signals.  Returns
 * poll's revents, 0 otherwise.  Does not return when the host ends the
 * session.
 */
int ftpd_wait(struct ftpd *h, int fd, short events, int timeout_ms);
/* Runs what the host has pending (timers, signals) without sleeping; cheap. */
void ftpd_poll(struct ftpd *h);
/* The client did something: idle timer; a transfer moves: no-transfer and
 * stalled timers.
 */
enum ftpd_activity { FTPD_ACTIVE_PACKET, FTPD_ACTIVE_TRANSFER };
void ftpd_active(struct ftpd *h, enum ftpd_activity what);

/* ---- Counters, notes, events, commands that are only logged */

/* Bytes on the wire since the last call. */
void ftpd_count_raw(struct ftpd *h, size_t in, size_t out);
/* Session note and environment variable of that name; replaces. */
void ftpd_note(struct ftpd *h, const char *name, const char *value);
/* Environment variable alone (`env' requests). */
void ftpd_env(struct ftpd *h, const char *name, const char *value);
/* An event that other modules listen to. */
void ftpd_event(struct ftpd *h, const char *name, const void *data);
/* A message came; other modules may take it from us.  1: one did, 0: it is
 * ours, else an error that ends the connection.
 */
struct sftp_pkt;
int ftpd_message(struct ftpd *h, const struct sftp_pkt *pkt);
/* LOG_CMD (or LOG_CMD_ERR) of a message of the SSH protocol. */
enum ftpd_ssh_class { FTPD_SSH_AUTH, FTPD_SSH_MISC };
void ftpd_ssh_cmd(struct ftpd *h, const char *name, const char *arg,
  enum ftpd_ssh_class cls, bool ok);
/* "ssh2", "sftp", "scp": what the scoreboard and the log variables say. */
void ftpd_set_protocol(struct ftpd *h, const char *protocol);
/* The client's software is known, or (does not NULL) what it does now, in the
 * words of clients.h: settings in force from now on, NULL if they stay.
 */
const struct sftp_settings *ftpd_client(struct ftpd *h, const char *software,
  const char *does);
/* The connection's exchange is complete (the host may send DISCONNECTs of its
 * own through sftp_disconnect() from now on).
 */
void ftpd_keyed(struct ftpd *h);

/* ---- Authentication
 *
 * One request is under way at a time: ftpd_auth_user(), ftpd_auth_user_end(),
 * ftpd_auth_begin(), then ftpd_auth_pass() and what the method verifies with,
 * and at last ftpd_auth_end() or, after USERAUTH_SUCCESS, ftpd_logged_in().
 * The order is auth.c's; the commands that other modules see on the way are
 * the host's.  Why a user was refused goes to the authentication log here;
 * the client only ever learns that they were.
 */

enum ftpd_verdict {
  FTPD_AUTH_OK = 0,
  FTPD_AUTH_NO_USER,
  FTPD_AUTH_BAD,                /* wrong password, key or answer */
  FTPD_AUTH_EMPTY,              /* empty password not allowed */
  FTPD_AUTH_EXPIRED,
  FTPD_AUTH_DISABLED,
  FTPD_AUTH_BLOCKED,            /* a PRE_CMD handler said no */
  FTPD_AUTH_ERROR
};

/* Takes the user name of a request: PRE_CMD of USER.  *user becomes what the
 * handlers made of it, in p.  -1: refused and ended; the connection must go.
 */
int ftpd_auth_user(struct ftpd *h, pool *p, const char **user);
/* Ends USER: POST_CMD and LOG_CMD, or the *_ERR pair. */
void ftpd_auth_user_end(struct ftpd *h, bool ok);
/* The request itself.  p lives until ftpd_auth_end() or ftpd_logged_in(); so
 * must user and method.  known: the method has a row, so that its name may be
 * shown in notes and environment.
 */
void ftpd_auth_begin(struct ftpd *h, pool *p, const char *user,
  const char *method, bool known);
/* PRE_CMD of PASS, for every method that proves something. */
enum ftpd_verdict ftpd_auth_pass(struct ftpd *h);
/* The same with the password, and its verification; equal work for users that
 * do not exist.  Copies made of the password are wiped.
 */
enum ftpd_verdict ftpd_auth_password(struct ftpd *h, const char *password);
/* What comes with a key of a user: where it is and its options, in the pool of
 * the question.
 */
struct ftpd_key_grant {
  const char *id;               /* which store, line, comment: for the log */
  bool no_touch;                /* a security key need not be touched */
  bool verify;                  /* it has to know who touches it */
  const char *command;          /* the only one (forced.h), or NULL */
  const char *const *env;       /* "NAME=value" ..., NULL ends; or NULL */
};

/* Whether a stored key of the user is this one, or a trusted authority's
 * certificate (NULL: a bare key) is good for them; neither if it is revoked.
 * Equal work for users that do not exist.  probe: nothing is proven yet.
 */
struct sftp_cert;
enum ftpd_verdict ftpd_auth_user_key(struct ftpd *h, pool *p,
  struct sftp_str blob, const struct sftp_cert *cert, bool probe,
  struct ftpd_key_grant *grant);
/* What a key limits its user to: only reading, where they begin (%d for their
 * home, %u for their name), the umask; NULL and -1 for what it does not say.
 */
void ftpd_auth_limit(struct ftpd *h, bool read_only, const char *dir,
  int mask);
/* The same for the key of the host that the client comes from, which vouches
 * for them: host is its name as the client says, client_user their name there.
 */
enum ftpd_verdict ftpd_auth_host_key(struct ftpd *h, pool *p,
  struct sftp_str blob, const char *host, const char *client_user,
  const char **id);
/* Account still valid (expiry and the like). */
enum ftpd_verdict ftpd_auth_authorize(struct ftpd *h);

/* Drivers of keyboard-interactive in the order to try them: the name of the
 * i-th, NULL behind the last.
 */
const char *ftpd_kbdint_driver(struct ftpd *h, unsigned int i);
/* One attempt with that driver, which converses through sftp_auth_ask() and
 * sftp_auth_answers() (userauth.h) meanwhile.
 */
enum ftpd_verdict ftpd_auth_kbdint(struct ftpd *h, const char *driver);

/* Milliseconds until the time for the login is over; UINT64_MAX: no limit.
 * Drivers may converse with signals blocked, and then no timer of the host
 * goes off.
 */
uint64_t ftpd_login_due_ms(struct ftpd *h);

enum ftpd_auth_result {
  FTPD_REQ_LISTED,              /* answered with the methods that are left */
  FTPD_REQ_UNKNOWN,             /* the same, for a method that nobody has */
  FTPD_REQ_PARTIAL,             /* proven, more is needed */
  FTPD_REQ_PROBE,               /* no attempt: a key was asked about */
  FTPD_REQ_FAILED,
  FTPD_REQ_BROKEN               /* this method cannot be used */
};

/* Ends a request that did not log in: the phases of PASS if it was begun, and
 * those of USERAUTH_REQUEST.
 */
void ftpd_auth_end(struct ftpd *h, enum ftpd_auth_result res);
/* Lets ms milliseconds pass, so that refusals take the same time. */
void ftpd_auth_pause(struct ftpd *h, unsigned int ms);
/* The limit of failed attempts was reached; follows ftpd_auth_end(). */
void ftpd_auth_max(struct ftpd *h, unsigned int max);

enum ftpd_login_result {
  FTPD_LOGIN_OK,
  FTPD_LOGIN_DENIED,            /* as if the method had failed */
  FTPD_LOGIN_BROKEN             /* half-way: the connection must end */
};

/* The whole login: identity, limits, home, chroot, privileges, log. */
enum ftpd_login_result ftpd_login(struct ftpd *h, pool *p);
/* After USERAUTH_SUCCESS went out: ends the request (PASS POST_CMD and
 * LOG_CMD) and reads late settings (per user).  Returns those in force from
 * now on.
 */
const struct sftp_settings *ftpd_logged_in(struct ftpd *h);

/* Text of SFTPDisplayBanner with its variables expanded; NULL when none. */
const char *ftpd_banner(struct ftpd *h, pool *p);
/* Text of DisplayLogin, for stderr of the first SFTP channel; NULL if none. */
const char *ftpd_login_message(struct ftpd *h, pool *p);
const char *ftpd_remote_ip(struct ftpd *h);

/* ---- The gate: one operation on files, from its name to its log line
 *
 * Every SFTP request and SCP action makes an operation, asks permission for
 * each path it names, acts, and ends it.  The row of the operation says its
 * own command name, its FTP equivalent, the <Limit> names and the filters.
 */

enum ftpd_request {
  FTPD_INIT, FTPD_OPEN_READ, FTPD_OPEN_WRITE, FTPD_OPEN_APPEND, FTPD_CLOSE,
  FTPD_READ, FTPD_WRITE, FTPD_LSTAT, FTPD_FSTAT, FTPD_STAT, FTPD_SETSTAT,
  FTPD_FSETSTAT, FTPD_OPENDIR, FTPD_READDIR, FTPD_REMOVE, FTPD_MKDIR,
  FTPD_RMDIR, FTPD_REALPATH, FTPD_RENAME, FTPD_READLINK, FTPD_SYMLINK,
  FTPD_LINK, FTPD_LOCK, FTPD_UNLOCK, FTPD_EXTENDED, FTPD_STATVFS, FTPD_FSYNC,
  FTPD_HARDLINK, FTPD_HOMEDIR, FTPD_LIMITS, FTPD_COPY, FTPD_DIGEST,
  FTPD_XATTR_GET, FTPD_XATTR_SET,
  FTPD_SCP_RECV, FTPD_SCP_SEND, FTPD_SCP_MKDIR,
  FTPD_LSETSTAT,                /* SETSTAT of a link itself */
  FTPD_NREQUESTS
};

/* What a file is opened for. */
#define FTPD_USE_READ   0x1U
#define FTPD_USE_WRITE  0x2U
#define FTPD_USE_DELETE 0x4U

struct ftpd_op {
  struct ftpd *ftpd;
  pool *pool;                   /* of this operation */
  enum ftpd_request req;
  const char *arg;              /* what logs show; of the one who begins */
  /* Set by the caller after ftpd_op_begin(), where there is one: the handle as
   * the client knows it (for logs), and the open file behind it.
   */
  const char *handle;
  struct ftpd_file *file;
  /* Set by the caller before ftpd_open(). */
  unsigned int deny;            /* FTPD_USE_* that are kept from others */
  bool deletes;                 /* its file is removed when it is closed */
  /* Set by the caller before ftpd_permit(): SFTP_EFF_* (effects.h) that the
   * request has because of what it asks for.
   */
  unsigned int effects;
  int blind;                    /* FTPD_REALPATH: 0, or the path is text alone
                                 * and this the errno of looking at it */
  const char *refused;          /* after a refusal: text naming the rule */
  void *state;                  /* the host's own */
};

/* Begins an operation; arg is what logs show (path, handle, "old new"), kept
 * by reference.  Costs nothing to speak of until something is asked of it.
 */
void ftpd_op_begin(struct ftpd *h, struct ftpd_op *op, pool *p,
  enum ftpd_request req, const char *arg);
/* PRE_CMD phases, rewrites, <Limit>, filters and hidden files for the path.
 * Returns the path to act on (absolute, after rewrites), or NULL with errno
 * and op->refused.  Paths are as the client sent them: relative to where the
 * login landed, "" is that place.  For operations of two paths (old and new,
 * existing and new, source and target), `second' goes through the same with
 * the second's rules and is replaced; NULL otherwise.  FTPD_SYMLINK: path is
 * the text of the link, checked as seen from the directory of `second' and
 * handed back as text, not made absolute.
 */
const char *ftpd_permit(struct ftpd_op *op, const char *path,
  const char **second);
/* The same for an open handle's path (as ftpd_file_path() gives it), without
 * FTP equivalent and without rewriting: FSTAT, FSETSTAT, LOCK, FSYNC...  READ
 * and WRITE need none: what a file may be used for is decided when it is
 * opened.
 */
int ftpd_permit_handle(struct ftpd_op *op, const char *path);
/* Within an operation: whether an effect (one of SFTP_EFF_*) is permitted that
 * comes along, like that of an attribute; errno and op->refused as
 * ftpd_permit().
 */
int ftpd_permit_effect(struct ftpd_op *op, const char *path,
  unsigned int effect);
/* Whether what came with OPEN may be set on the file it made: only what
 * SETSTAT could do afterwards, and no owner where UserOwner or GroupOwner give
 * the file to somebody.  Asks quietly: what may not be set is left out.  (The
 * permissions are ftpd_open()'s own business.)
 */
bool ftpd_may_set_new(struct ftpd_op *op, const char *path,
  unsigned int effect);
/* Whether the session may know what is at the path, for decisions that are no
 * request of the client: quietly, nothing is logged.
 */
bool ftpd_may_look(struct ftpd *h, pool *p, const char *path);
/* Ends it: POST_CMD and LOG_CMD with err 0, the *_ERR pair otherwise, of the
 * own name and the equivalent.  status and text are what the client was told.
 */
void ftpd_op_end(struct ftpd_op *op, int err, unsigned int status,
  const char *text);

/* ---- Files.  All paths are those ftpd_permit() returned. */

struct ftpd_file;

/* Opens for a transfer within op (FTPD_OPEN_*, FTPD_SCP_*): HiddenStores,
 * stalled timer, throttle, owner rules.  flags as open(2), mode for new files
 * (before the umask), of which only reading and writing is granted where the
 * user may not SITE_CHMOD.  The path is the one ftpd_permit() returned for op.
 * EAGAIN: others have the file for what op->deny keeps from them, or keep it
 * from us; ENOTSUP: they cannot be kept away from this one.
 */
struct ftpd_file *ftpd_open(struct ftpd_op *op, const char *path, int flags,
  mode_t mode);
/* Closes; op is the closing request's (FTPD_CLOSE, FTPD_SCP_*).  complete
 * false: the transfer was aborted.  -1 with errno when close or rename fails.
 */
int ftpd_close(struct ftpd_op *op, struct ftpd_file *f, bool complete);
const char *ftpd_file_path(const struct ftpd_file *f);
/* Which rule of the host failed the last read or write, or NULL. */
const char *ftpd_file_refused(const struct ftpd_file *f);
/* Reads up to the sum of iov; short only at the end of the file.  Keeps the
 * TransferRate: may pause.
 */
ssize_t ftpd_preadv(struct ftpd_file *f, const struct iovec *iov, int n,
  off_t offset);
/* Writes all of it or fails; *done gets the bytes written.  Append handles
 * ignore offset.  EFBIG: beyond MaxStoreFileSize, checked beforehand.
 */
int ftpd_pwritev(struct ftpd_file *f, const struct iovec *iov, int n,
  off_t offset, size_t *done);
int ftpd_fstat(struct ftpd_file *f, struct stat *st);
int ftpd_ftruncate(struct ftpd_file *f, off_t size);
int ftpd_fchmod(struct ftpd_file *f, mode_t mode);
int ftpd_fchown(struct ftpd_file *f, uid_t uid, gid_t gid);
int ftpd_futimes(struct ftpd_file *f, const struct timespec ts[2]);
int ftpd_fsync(struct ftpd_file *f);
int ftpd_fstatvfs(struct ftpd_file *f, struct statvfs *st);
/* Copies len bytes (0: to the end) between open files, in the kernel where
 * possible; runs ftpd_poll() between pieces.  *done gets the bytes copied, less
 * than len where the source ends early.
 */
int ftpd_copy_range(struct ftpd_file *from, off_t from_off,
  struct ftpd_file *to, off_t to_off, uint64_t len, uint64_t *done);

/* Regular files that the server itself works on (sums, copies): no transfer,
 * so no command of their own, no rate and no place among the open files.
 * Within op (FTPD_DIGEST, FTPD_COPY), the path as ftpd_permit() returned it;
 * O_CREAT makes a new file, with O_TRUNC over an existing one, which stays as
 * it is until ftpd_close_internal() wherever a new file can be put in its
 * place. size is what will be written: EFBIG if it cannot be.
 */
struct ftpd_file *ftpd_open_internal(struct ftpd_op *op, const char *path,
  int flags, mode_t mode, off_t size);
/* A new file that is not complete is removed; a complete one is logged. */
int ftpd_close_internal(struct ftpd_file *f, bool complete);
/* Bytes of an open file that go nowhere: not counted.  As pread(2), but short
 * only at the end of the file.
 */
ssize_t ftpd_peek(struct ftpd_file *f, void *buf, size_t n, off_t offset);

/* Extended attributes of an open file, or (f NULL) of what stands at a path;
 * follow: where its links lead.  Values are bytes.  ERANGE when more than size
 * bytes are there; ENODATA when there is no such attribute.
 */
struct ftpd_xattrs {
  struct ftpd *ftpd;
  struct ftpd_file *file;
  const char *path;
  bool follow;
};

ssize_t ftpd_getxattr(const struct ftpd_xattrs *x, pool *p, const char *name,
  void *value, size_t size);
/* Their names, NULL-terminated in p; NULL with errno. */
const char **ftpd_listxattr(const struct ftpd_xattrs *x, pool *p);
#define FTPD_XATTR_CREATE  0x1  /* EEXIST when it is there */
#define FTPD_XATTR_REPLACE 0x2  /* ENODATA when it is not */
int ftpd_setxattr(const struct ftpd_xattrs *x, pool *p, const char *name,
  const void *value, size_t len, int flags);
int ftpd_removexattr(const struct ftpd_xattrs *x, pool *p, const char *name);

int ftpd_stat(struct ftpd *h, const char *path, struct stat *st);
int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st);
int ftpd_truncate(struct ftpd *h, const char *path, off_t size);
int ftpd_chmod(struct ftpd *h, const char *path, mode_t mode);
int ftpd_chown(struct ftpd *h, const char *path, uid_t uid, gid_t gid);
int ftpd_lchown(struct ftpd *h, const char *path, uid_t uid, gid_t gid);
int ftpd_utimes(struct ftpd *h, const char *path, const struct timespec ts[2],
  bool follow);
int ftpd_mkdir(struct ftpd_op *op, const char *path, mode_t mode);
int ftpd_rmdir(struct ftpd *h, const char *path);
int ftpd_unlink(struct ftpd_op *op, const char *path);
int ftpd_rename(struct ftpd_op *op, const char *from, const char *to,
  bool overwrite);
int ftpd_link(struct ftpd *h, const char *from, const char *to);
int ftpd_symlink(struct ftpd *h, const char *target, const char *path);
/* The link's text as it is stored, NUL-terminated in p. */
int ftpd_readlink(struct ftpd *h, pool *p, const char *path,
  const char **target);
/* Canonical absolute path: what exists is resolved, the rest is kept. */
const char *ftpd_realpath(struct ftpd *h, pool *p, const char *path);
int ftpd_statvfs(struct ftpd *h, const char *path, struct statvfs *st);

/* What stat(2) does not say of an open file, or of a path if f is NULL. */
struct ftpd_extra_attrs {
  bool has_birth;
  struct timespec birth;
  bool encrypted, compressed, append_only, immutable;
};
int ftpd_extra_attrs(struct ftpd *h, struct ftpd_file *f, const char *path,
  bool follow, struct ftpd_extra_attrs *more);

/* The POSIX ACL of an open file, or of a path, as the system stores it: 4
 * bytes of version, then entries of 8, all little-endian.  Returns its bytes;
 * ENODATA: it has none.  size 0 takes it away.
 */
#define FTPD_ACL_MAX 4096
ssize_t ftpd_acl_get(struct ftpd *h, pool *p, struct ftpd_file *f,
  const char *path, void *buf, size_t size);
int ftpd_acl_set(struct ftpd *h, pool *p, struct ftpd_file *f,
  const char *path, const void *buf, size_t size);

/* Locks on bytes of an open file: they stand until they are taken away or the
 * file is closed, and keep other sessions from locking the same bytes and FTP
 * and SCP from transferring the file.  len 0: all that follow.  exclusive:
 * others may neither read nor write, else not write.  EAGAIN: somebody else
 * has the bytes.
 */
int ftpd_lock(struct ftpd_file *f, off_t offset, off_t len, bool exclusive);
/* ENOENT: nothing was locked there. */
int ftpd_unlock(struct ftpd_file *f, off_t offset, off_t len);

/* Names of files that are not in UTF-8 here: their charset, or NULL.  What
 * cannot be converted is NULL.
 */
const char *ftpd_charset(struct ftpd *h);
const char *ftpd_from_utf8(struct ftpd *h, pool *p, const char *name);
const char *ftpd_to_utf8(struct ftpd *h, pool *p, const char *name);

/* Directories: entries that rules hide are skipped.  st is the entry's lstat
 * as the client may see it (DirFakeUser and the like applied).
 */
struct ftpd_dir;
struct ftpd_dir *ftpd_opendir(struct ftpd_op *op, const char *path);
/* 1: *name and *st are filled, 0: end, -1: errno. */
int ftpd_readdir(struct ftpd_dir *d, const char **name, struct stat *st);
int ftpd_closedir(struct ftpd_op *op, struct ftpd_dir *d);
const char *ftpd_dir_path(const struct ftpd_dir *d);

/* Names for ids and back; the name lives in p, never NULL for an id. */
const char *ftpd_uid_name(struct ftpd *h, pool *p, uid_t uid);
const char *ftpd_gid_name(struct ftpd *h, pool *p, gid_t gid);
int ftpd_name_uid(struct ftpd *h, const char *name, uid_t *uid);
int ftpd_name_gid(struct ftpd *h, const char *name, gid_t *gid);
/* What DirFake* make of st for the client. */
void ftpd_fake_stat(struct ftpd *h, const char *path, struct stat *st);
bool ftpd_times_gmt(struct ftpd *h);

const char *ftpd_cwd(struct ftpd *h);           /* where the login landed */
const char *ftpd_user(struct ftpd *h);
/* Home of a user ("" = the own); NULL with errno. */
const char *ftpd_home(struct ftpd *h, pool *p, const char *user);
/* Paths matching a shell pattern inside the user's root, as far as listings
 * would show them; NULL-terminated.  With UseGlobbing off the pattern itself.
 */
const char **ftpd_glob(struct ftpd *h, pool *p, const char *pattern);
unsigned int ftpd_max_handles(struct ftpd *h);
/* Scoreboard: what the session does now (ftpwho). */
void ftpd_doing(struct ftpd *h, const char *cmd, const char *arg);

#endif /* MOD_SFTP_FTPD_H */
