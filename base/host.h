/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host.h -- everything the protocol core needs of the host.
 *
 * Implemented over ProFTPD by the host-*.c files and by a small fake in
 * t/fake/.  No wire format here, no host type there: the core passes names,
 * paths, bytes and plain libc structs.
 *
 * Functions return 0 or -1 with errno unless they say otherwise.  Strings
 * that are handed back live in the pool given, or as long as the host.
 */

#ifndef MOD_SFTP_HOST_H
#define MOD_SFTP_HOST_H

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <dirent.h>

#include "base.h"
#include "wire.h"

struct host;                    /* the host's side of one connection */
struct ssh_conn;
struct sftp_settings;

/* ---- Log, trace, clock (sinks of log.c; text is already escaped) */

void host_log_line(const char *line);
void host_log_why_line(enum sftp_why why, const char *line);
void host_auth_log_line(int level, const char *line);
void host_trace_line(enum sftp_trace_channel chan, int level,
  const char *line);
uint64_t host_now_ms(void);
/* Why a login was refused, as far as the logs know since host_auth_begin(): an
 * objection, or else what was missing, the last line for the authentication
 * log, the last line of all; NULL: none.
 */
const char *host_log_reason(struct host *h);

/* ---- Waiting */

/* Sleeps until fd is ready for `events' (poll(2)), timeout_ms passed (-1:
 * none) or a signal was handled; runs the host's timers and signals.  Returns
 * poll's revents, 0 otherwise.  Does not return when the host ends the
 * session.
 */
int host_wait(struct host *h, int fd, short events, int timeout_ms);
/* Runs what the host has pending (timers, signals) without sleeping; cheap. */
void host_poll(struct host *h);
/* The client did something: idle timer; a transfer moves: no-transfer and
 * stalled timers.
 */
enum host_activity { HOST_ACTIVE_PACKET, HOST_ACTIVE_TRANSFER };
void host_active(struct host *h, enum host_activity what);

/* ---- Counters, notes, events, commands that are only logged */

/* Bytes on the wire since the last call. */
void host_count_raw(struct host *h, size_t in, size_t out);
/* Session note and environment variable of that name; replaces. */
void host_note(struct host *h, const char *name, const char *value);
/* Environment variable alone (`env' requests). */
void host_env(struct host *h, const char *name, const char *value);
/* An event that other modules listen to. */
void host_event(struct host *h, const char *name, const void *data);
/* A message came; other modules may take it from us.  1: one did, 0: it is
 * ours, else an error that ends the connection.
 */
struct sftp_pkt;
int host_message(struct host *h, const struct sftp_pkt *pkt);
/* LOG_CMD (or LOG_CMD_ERR) of a message of the SSH protocol. */
enum host_ssh_class { HOST_SSH_AUTH, HOST_SSH_MISC };
void host_ssh_cmd(struct host *h, const char *name, const char *arg,
  enum host_ssh_class cls, bool ok);
/* "ssh2", "sftp", "scp": what the scoreboard and the log variables say. */
void host_set_protocol(struct host *h, const char *protocol);
/* The client's software is known, or (does not NULL) what it does now, in the
 * words of clients.h: settings in force from now on, NULL if they stay.
 */
const struct sftp_settings *host_client(struct host *h, const char *software,
  const char *does);
/* The connection's exchange is complete (the host may send DISCONNECTs of its
 * own through sftp_disconnect() from now on).
 */
void host_keyed(struct host *h);

/* ---- Authentication
 *
 * One request is under way at a time: host_auth_user(), host_auth_user_end(),
 * host_auth_begin(), then host_auth_pass() and what the method verifies with,
 * and at last host_auth_end() or, after USERAUTH_SUCCESS, host_logged_in().
 * The order is auth.c's; the commands that other modules see on the way are
 * the host's.  Why a user was refused goes to the authentication log here;
 * the client only ever learns that he was.
 */

enum host_verdict {
  HOST_AUTH_OK = 0,
  HOST_AUTH_NO_USER,
  HOST_AUTH_BAD,                /* wrong password, key or answer */
  HOST_AUTH_EMPTY,              /* empty password not allowed */
  HOST_AUTH_EXPIRED,
  HOST_AUTH_DISABLED,
  HOST_AUTH_BLOCKED,            /* a PRE_CMD handler said no */
  HOST_AUTH_ERROR
};

/* Takes the user name of a request: PRE_CMD of USER.  *user becomes what the
 * handlers made of it, in p.  -1: refused and ended; the connection must go.
 */
int host_auth_user(struct host *h, pool *p, const char **user);
/* Ends USER: POST_CMD and LOG_CMD, or the *_ERR pair. */
void host_auth_user_end(struct host *h, bool ok);
/* The request itself.  p lives until host_auth_end() or host_logged_in(); so
 * must user and method.  known: the method has a row, so that its name may be
 * shown in notes and environment.
 */
void host_auth_begin(struct host *h, pool *p, const char *user,
  const char *method, bool known);
/* PRE_CMD of PASS, for every method that proves something. */
enum host_verdict host_auth_pass(struct host *h);
/* The same with the password, and its verification; equal work for users that
 * do not exist.  Copies made of the password are wiped.
 */
enum host_verdict host_auth_password(struct host *h, const char *password);
/* What comes with a key of a user: where it is and its options, in the pool of
 * the question.
 */
struct host_key_grant {
  const char *id;               /* which store, line, comment: for the log */
  bool no_touch;                /* a security key need not be touched */
  bool verify;                  /* it has to know who touches it */
  const char *command;          /* the only one (forced.h), or NULL */
  const char *const *env;       /* "NAME=value" ..., NULL ends; or NULL */
};

/* Whether a stored key of the user is this one, or a trusted authority's
 * certificate (NULL: a bare key) is good for him; neither if it is revoked.
 * Equal work for users that do not exist.  probe: nothing is proven yet.
 */
struct sftp_cert;
enum host_verdict host_auth_user_key(struct host *h, pool *p,
  struct sftp_str blob, const struct sftp_cert *cert, bool probe,
  struct host_key_grant *grant);
/* What a key limits its user to: only reading, where he begins (%d for his
 * home, %u for his name), the umask; NULL and -1 for what it does not say.
 */
void host_auth_limit(struct host *h, bool read_only, const char *dir,
  int mask);
/* The same for the key of the host that the client comes from, which vouches
 * for him: host is its name as the client says, client_user his name there.
 */
enum host_verdict host_auth_host_key(struct host *h, pool *p,
  struct sftp_str blob, const char *host, const char *client_user,
  const char **id);
/* Account still valid (expiry and the like). */
enum host_verdict host_auth_authorize(struct host *h);

/* Drivers of keyboard-interactive in the order to try them: the name of the
 * i-th, NULL behind the last.
 */
const char *host_kbdint_driver(struct host *h, unsigned int i);
/* One attempt with that driver, which converses through sftp_auth_ask() and
 * sftp_auth_answers() (userauth.h) meanwhile.
 */
enum host_verdict host_auth_kbdint(struct host *h, const char *driver);

/* Milliseconds until the time for the login is over; UINT64_MAX: no limit.
 * Drivers may converse with signals blocked, and then no timer of the host
 * goes off.
 */
uint64_t host_login_due_ms(struct host *h);

enum host_auth_result {
  HOST_REQ_LISTED,              /* answered with the methods that are left */
  HOST_REQ_UNKNOWN,             /* the same, for a method that nobody has */
  HOST_REQ_PARTIAL,             /* proven, more is needed */
  HOST_REQ_PROBE,               /* no attempt: a key was asked about */
  HOST_REQ_FAILED,
  HOST_REQ_BROKEN               /* this method cannot be used */
};

/* Ends a request that did not log in: the phases of PASS if it was begun, and
 * those of USERAUTH_REQUEST.
 */
void host_auth_end(struct host *h, enum host_auth_result res);
/* Lets ms milliseconds pass, so that refusals take the same time. */
void host_auth_pause(struct host *h, unsigned int ms);
/* The limit of failed attempts was reached; follows host_auth_end(). */
void host_auth_max(struct host *h, unsigned int max);

enum host_login_result {
  HOST_LOGIN_OK,
  HOST_LOGIN_DENIED,            /* as if the method had failed */
  HOST_LOGIN_BROKEN             /* half-way: the connection must end */
};

/* The whole login: identity, limits, home, chroot, privileges, log. */
enum host_login_result host_login(struct host *h, pool *p);
/* After USERAUTH_SUCCESS went out: ends the request (PASS POST_CMD and
 * LOG_CMD) and reads late settings (per user).  Returns those in force from
 * now on.
 */
const struct sftp_settings *host_logged_in(struct host *h);

/* Text of SFTPDisplayBanner with its variables expanded; NULL when none. */
const char *host_banner(struct host *h, pool *p);
/* Text of DisplayLogin, for stderr of the first SFTP channel; NULL if none. */
const char *host_login_message(struct host *h, pool *p);
const char *host_remote_ip(struct host *h);

/* ---- The gate: one operation on files, from its name to its log line
 *
 * Every SFTP request and SCP action makes an operation, asks permission for
 * each path it names, acts, and ends it.  The row of the operation says its
 * own command name, its FTP twin, the <Limit> names and the filters.
 */

enum host_request {
  HOST_INIT, HOST_OPEN_READ, HOST_OPEN_WRITE, HOST_OPEN_APPEND, HOST_CLOSE,
  HOST_READ, HOST_WRITE, HOST_LSTAT, HOST_FSTAT, HOST_STAT, HOST_SETSTAT,
  HOST_FSETSTAT, HOST_OPENDIR, HOST_READDIR, HOST_REMOVE, HOST_MKDIR,
  HOST_RMDIR, HOST_REALPATH, HOST_RENAME, HOST_READLINK, HOST_SYMLINK,
  HOST_LINK, HOST_LOCK, HOST_UNLOCK, HOST_EXTENDED, HOST_STATVFS, HOST_FSYNC,
  HOST_HARDLINK, HOST_HOMEDIR, HOST_LIMITS, HOST_COPY, HOST_DIGEST,
  HOST_XATTR_GET, HOST_XATTR_SET,
  HOST_SCP_RECV, HOST_SCP_SEND, HOST_SCP_MKDIR,
  HOST_LSETSTAT,                /* SETSTAT of a link itself */
  HOST_NREQUESTS
};

/* What a file is opened for. */
#define HOST_USE_READ   0x1U
#define HOST_USE_WRITE  0x2U
#define HOST_USE_DELETE 0x4U

struct host_op {
  struct host *host;
  pool *pool;                   /* of this operation */
  enum host_request req;
  const char *arg;              /* what logs show; of the one who begins */
  /* Set by the caller after host_op_begin(), where there is one: the handle as
   * the client knows it (for logs), and the open file behind it.
   */
  const char *handle;
  struct host_file *file;
  /* Set by the caller before host_open(). */
  unsigned int deny;            /* HOST_USE_* that are kept from others */
  bool deletes;                 /* its file is removed when it is closed */
  const char *refused;          /* after a refusal: text naming the rule */
  void *state;                  /* the host's own */
};

/* Begins an operation; arg is what logs show (path, handle, "old new"), kept
 * by reference.  Costs nothing to speak of until something is asked of it.
 */
void host_op_begin(struct host *h, struct host_op *op, pool *p,
  enum host_request req, const char *arg);
/* PRE_CMD phases, rewrites, <Limit>, filters and hidden files for the path.
 * Returns the path to act on (absolute, after rewrites), or NULL with errno
 * and op->refused.  Paths are as the client sent them: relative to where the
 * login landed, "" is that place.  For operations of two paths (old and new,
 * existing and new, source and target), `second' goes through the same with
 * the second's rules and is replaced; NULL otherwise.  HOST_SYMLINK: path is
 * the text of the link, checked as seen from the folder of `second' and handed
 * back as text, not made absolute.
 */
const char *host_permit(struct host_op *op, const char *path,
  const char **second);
/* The same for an open handle's path (as host_file_path() gives it), without
 * FTP twin and without rewriting: FSTAT, FSETSTAT, LOCK, FSYNC...  READ and
 * WRITE need none: what a file may be used for is decided when it is opened.
 */
int host_permit_handle(struct host_op *op, const char *path);
/* Within HOST_SETSTAT, HOST_FSETSTAT: the <Limit> of the attribute itself
 * (SITE_CHMOD, SITE_CHGRP); errno and op->refused as host_permit().
 */
enum host_attr { HOST_ATTR_PERMS, HOST_ATTR_OWNER };
int host_permit_attr(struct host_op *op, const char *path,
  enum host_attr what);
/* Whether what came with OPEN may be set on the file it made: only what
 * SETSTAT could do afterwards, and no owner where UserOwner or GroupOwner give
 * the file to somebody.  Asks quietly: what may not be set is left out.  (The
 * permissions are host_open()'s own business.)
 */
bool host_may_set_new(struct host_op *op, const char *path, bool owner);
/* Ends it: POST_CMD and LOG_CMD with err 0, the *_ERR pair otherwise, of the
 * own name and the twin.  status and text are what the client was told.
 */
void host_op_end(struct host_op *op, int err, unsigned int status,
  const char *text);

/* ---- Files.  All paths are those host_permit() returned. */

struct host_file;

/* Opens for a transfer within op (HOST_OPEN_*, HOST_SCP_*): HiddenStores,
 * stalled timer, throttle, owner rules.  flags as open(2), mode for new files
 * (before the umask), of which only reading and writing is granted where the
 * user may not SITE_CHMOD.  The path is the one host_permit() returned for op.
 * EAGAIN: others have the file for what op->deny keeps from them, or keep it
 * from us; ENOTSUP: they cannot be kept away from this one.
 */
struct host_file *host_open(struct host_op *op, const char *path, int flags,
  mode_t mode);
/* Closes; op is the closing request's (HOST_CLOSE, HOST_SCP_*).  complete
 * false: the transfer was aborted.  -1 with errno when close or rename fails.
 */
int host_close(struct host_op *op, struct host_file *f, bool complete);
const char *host_file_path(const struct host_file *f);
/* Which rule of the host failed the last write, or NULL. */
const char *host_file_refused(const struct host_file *f);
/* Reads up to the sum of iov; short only at the end of the file.  Keeps the
 * TransferRate: may pause.
 */
ssize_t host_preadv(struct host_file *f, const struct iovec *iov, int n,
  off_t offset);
/* Writes all of it or fails; *done gets the bytes written.  Append handles
 * ignore offset.  EFBIG: beyond MaxStoreFileSize, checked beforehand.
 */
int host_pwritev(struct host_file *f, const struct iovec *iov, int n,
  off_t offset, size_t *done);
int host_fstat(struct host_file *f, struct stat *st);
int host_ftruncate(struct host_file *f, off_t size);
int host_fchmod(struct host_file *f, mode_t mode);
int host_fchown(struct host_file *f, uid_t uid, gid_t gid);
int host_futimes(struct host_file *f, const struct timespec ts[2]);
int host_fsync(struct host_file *f);
int host_fstatvfs(struct host_file *f, struct statvfs *st);
/* Copies len bytes (0: to the end) between open files, in the kernel where
 * possible; runs host_poll() between pieces.  *done gets the bytes copied, less
 * than len where the source ends early.
 */
int host_copy_range(struct host_file *from, off_t from_off,
  struct host_file *to, off_t to_off, uint64_t len, uint64_t *done);

/* Regular files that the server itself works on (sums, copies): no transfer,
 * so no command of their own, no rate and no place among the open files.
 * Within op (HOST_DIGEST, HOST_COPY), the path as host_permit() returned it;
 * O_CREAT makes a new file, with O_TRUNC over an existing one, which stays as
 * it is until host_close_work() wherever a new file can be put in its place.
 * size is what will be written: EFBIG if it cannot be.
 */
struct host_file *host_open_work(struct host_op *op, const char *path,
  int flags, mode_t mode, off_t size);
/* A new file that is not complete is removed; a complete one is logged. */
int host_close_work(struct host_file *f, bool complete);
/* Bytes of an open file that go nowhere: not counted.  As pread(2), but short
 * only at the end of the file.
 */
ssize_t host_peek(struct host_file *f, void *buf, size_t n, off_t offset);

/* Extended attributes of an open file, or (f NULL) of what stands at a path;
 * follow: where its links lead.  Values are bytes.  ERANGE when more than size
 * bytes are there; ENODATA when there is no such attribute.
 */
struct host_xattrs {
  struct host *host;
  struct host_file *file;
  const char *path;
  bool follow;
};

ssize_t host_getxattr(const struct host_xattrs *x, pool *p, const char *name,
  void *value, size_t size);
/* Their names, NULL-terminated in p; NULL with errno. */
const char **host_listxattr(const struct host_xattrs *x, pool *p);
#define HOST_XATTR_CREATE  0x1  /* EEXIST when it is there */
#define HOST_XATTR_REPLACE 0x2  /* ENODATA when it is not */
int host_setxattr(const struct host_xattrs *x, pool *p, const char *name,
  const void *value, size_t len, int flags);
int host_removexattr(const struct host_xattrs *x, pool *p, const char *name);

int host_stat(struct host *h, const char *path, struct stat *st);
int host_lstat(struct host *h, const char *path, struct stat *st);
int host_truncate(struct host *h, const char *path, off_t size);
int host_chmod(struct host *h, const char *path, mode_t mode);
int host_chown(struct host *h, const char *path, uid_t uid, gid_t gid);
int host_lchown(struct host *h, const char *path, uid_t uid, gid_t gid);
int host_utimes(struct host *h, const char *path, const struct timespec ts[2],
  bool follow);
int host_mkdir(struct host_op *op, const char *path, mode_t mode);
int host_rmdir(struct host *h, const char *path);
int host_unlink(struct host_op *op, const char *path);
int host_rename(struct host_op *op, const char *from, const char *to,
  bool overwrite);
int host_link(struct host *h, const char *from, const char *to);
int host_symlink(struct host *h, const char *target, const char *path);
/* The link's text as it is stored, NUL-terminated in p. */
int host_readlink(struct host *h, pool *p, const char *path,
  const char **target);
/* Canonical absolute path: what exists is resolved, the rest is kept. */
const char *host_realpath(struct host *h, pool *p, const char *path);
int host_statvfs(struct host *h, const char *path, struct statvfs *st);

/* What stat(2) does not say of an open file, or of a path if f is NULL. */
struct host_more {
  bool has_birth;
  struct timespec birth;
  bool encrypted, compressed, append_only, immutable;
};
int host_more(struct host *h, struct host_file *f, const char *path,
  bool follow, struct host_more *more);

/* The POSIX ACL of an open file, or of a path, as the system stores it: 4
 * bytes of version, then entries of 8, all little-endian.  Returns its bytes;
 * ENODATA: it has none.  size 0 takes it away.
 */
#define HOST_ACL_MAX 4096
ssize_t host_acl_get(struct host *h, pool *p, struct host_file *f,
  const char *path, void *buf, size_t size);
int host_acl_set(struct host *h, pool *p, struct host_file *f,
  const char *path, const void *buf, size_t size);

/* Locks on bytes of an open file: they stand until they are taken away or the
 * file is closed, and keep other sessions from locking the same bytes and FTP
 * and SCP from transferring the file.  len 0: all that follow.  exclusive:
 * others may neither read nor write, else not write.  EAGAIN: somebody else
 * has the bytes.
 */
int host_lock(struct host_file *f, off_t offset, off_t len, bool exclusive);
/* ENOENT: nothing was locked there. */
int host_unlock(struct host_file *f, off_t offset, off_t len);

/* Names of files that are not in UTF-8 here: their charset, or NULL.  What
 * cannot be converted is NULL.
 */
const char *host_charset(struct host *h);
const char *host_from_utf8(struct host *h, pool *p, const char *name);
const char *host_to_utf8(struct host *h, pool *p, const char *name);

/* Directories: entries that rules hide are skipped.  st is the entry's lstat
 * as the client may see it (DirFakeUser and the like applied).
 */
struct host_dir;
struct host_dir *host_opendir(struct host_op *op, const char *path);
/* 1: *name and *st are filled, 0: end, -1: errno. */
int host_readdir(struct host_dir *d, const char **name, struct stat *st);
int host_closedir(struct host_op *op, struct host_dir *d);
const char *host_dir_path(const struct host_dir *d);

/* Names for ids and back; the name lives in p, never NULL for an id. */
const char *host_uid_name(struct host *h, pool *p, uid_t uid);
const char *host_gid_name(struct host *h, pool *p, gid_t gid);
int host_name_uid(struct host *h, const char *name, uid_t *uid);
int host_name_gid(struct host *h, const char *name, gid_t *gid);
/* What DirFake* make of st for the client. */
void host_fake_stat(struct host *h, const char *path, struct stat *st);
bool host_times_gmt(struct host *h);

const char *host_cwd(struct host *h);           /* where the login landed */
const char *host_user(struct host *h);
/* Home of a user ("" = the own); NULL with errno. */
const char *host_home(struct host *h, pool *p, const char *user);
/* Paths matching a shell pattern inside the user's root, as far as listings
 * would show them; NULL-terminated.  With UseGlobbing off the pattern itself.
 */
const char **host_glob(struct host *h, pool *p, const char *pattern);
unsigned int host_max_handles(struct host *h);
/* Scoreboard: what the session does now (ftpwho). */
void host_doing(struct host *h, const char *cmd, const char *arg);

#endif /* MOD_SFTP_HOST_H */
