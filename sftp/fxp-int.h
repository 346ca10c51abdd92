/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-int.h -- inside the SFTP family.
 *
 * A session takes bytes and cuts them into requests (fxp-frame.c); each is
 * run by its row of the table (fxp.c).  A handler decodes, asks the gate, acts
 * and answers; it returns a status for the dispatcher to send, or FXP_REPLIED.
 * WRITE alone is not cut: its data goes to the file by reference as it comes
 * (fxp-write.c).
 */

#ifndef MOD_SFTP_FXP_INT_H
#define MOD_SFTP_FXP_INT_H

#include "conn.h"
#include "fxp.h"
#include "ftpd.h"

/* draft-ietf-secsh-filexfer-02, section 3 */
enum {
  SSH_FXP_INIT = 1,
  SSH_FXP_VERSION = 2,
  SSH_FXP_OPEN = 3,
  SSH_FXP_CLOSE = 4,
  SSH_FXP_READ = 5,
  SSH_FXP_WRITE = 6,
  SSH_FXP_LSTAT = 7,
  SSH_FXP_FSTAT = 8,
  SSH_FXP_SETSTAT = 9,
  SSH_FXP_FSETSTAT = 10,
  SSH_FXP_OPENDIR = 11,
  SSH_FXP_READDIR = 12,
  SSH_FXP_REMOVE = 13,
  SSH_FXP_MKDIR = 14,
  SSH_FXP_RMDIR = 15,
  SSH_FXP_REALPATH = 16,
  SSH_FXP_STAT = 17,
  SSH_FXP_RENAME = 18,
  SSH_FXP_READLINK = 19,
  SSH_FXP_SYMLINK = 20,
  SSH_FXP_LINK = 21,            /* since version 6 */
  SSH_FXP_BLOCK = 22,
  SSH_FXP_UNBLOCK = 23,
  SSH_FXP_STATUS = 101,
  SSH_FXP_HANDLE = 102,
  SSH_FXP_DATA = 103,
  SSH_FXP_NAME = 104,
  SSH_FXP_ATTRS = 105,
  SSH_FXP_EXTENDED = 200,
  SSH_FXP_EXTENDED_REPLY = 201
};

/* Section 7; draft -13, section 9.1 */
enum {
  SSH_FX_OK = 0,
  SSH_FX_EOF = 1,
  SSH_FX_NO_SUCH_FILE = 2,
  SSH_FX_PERMISSION_DENIED = 3,
  SSH_FX_FAILURE = 4,
  SSH_FX_BAD_MESSAGE = 5,
  SSH_FX_OP_UNSUPPORTED = 8,
  SSH_FX_INVALID_HANDLE = 9,
  SSH_FX_NO_SUCH_PATH = 10,
  SSH_FX_FILE_ALREADY_EXISTS = 11,
  SSH_FX_WRITE_PROTECT = 12,
  SSH_FX_NO_SPACE_ON_FILESYSTEM = 14,
  SSH_FX_QUOTA_EXCEEDED = 15,
  SSH_FX_UNKNOWN_PRINCIPAL = 16,
  SSH_FX_LOCK_CONFLICT = 17,
  SSH_FX_DIR_NOT_EMPTY = 18,
  SSH_FX_NOT_A_DIRECTORY = 19,
  SSH_FX_INVALID_FILENAME = 20,
  SSH_FX_LINK_LOOP = 21,
  SSH_FX_INVALID_PARAMETER = 23,
  SSH_FX_FILE_IS_A_DIRECTORY = 24,
  SSH_FX_BYTE_RANGE_LOCK_CONFLICT = 25,
  SSH_FX_NO_MATCHING_BYTE_RANGE_LOCK = 31
};

/* Not a status: the handler has sent its answer. */
#define FXP_REPLIED 0xffffffffU

/* Nor this: the request goes on in the next turn (fxp_later()). */
#define FXP_LATER 0xfffffffeU

/* The versions that are spoken here. */
#define FXP_VERSION_MIN 1
#define FXP_VERSION_MAX 6

#define FXP_REQUEST_MIN 5               /* type and id, or INIT's version */
#define FXP_REQUEST_MAX (512U * 1024U)
/* More data in one answer than this ends OpenSSH's client, whose limit is 256
 * KiB for all of a message.
 */
#define FXP_READ_MAX 261120U
#define FXP_WRITE_MAX 261120U
#define FXP_PACKET_MAX 262144U
#define FXP_REPLY_MAX FXP_PACKET_MAX
#define FXP_DATA_HEADER 13U             /* length, type, id, data length */

#define FXP_HANDLE_LEN 16               /* characters */
#define FXP_READ_IOV 64
#define FXP_BATCH_IOV 256
#define FXP_BATCH_REQS 256

/* ---- Handles (fxp-handle.c) */

struct fxp_handle {
  pool *pool;
  unsigned int slot;
  char text[FXP_HANDLE_LEN + 1];        /* as the client knows it */
  struct ftpd_file *file;               /* one of the two is set */
  struct ftpd_dir *dir;
  bool can_read, can_write;
  bool text_mode;                       /* offsets do not count */
  bool at_end;                          /* of a folder */
  uint64_t text_read, text_written;     /* text_mode: the next byte's place */
  bool permitted;                       /* READDIR passed the gate */
  bool write_failed;                    /* and nothing replaced it since */
  uint64_t failed_at;                   /* its offset */
};

/* ---- WRITEs (fxp-write.c) */

/* A WRITE whose data has come, and how it ended so far. */
struct fxp_written {
  uint32_t id, len;
  uint64_t offset;
  size_t end;                   /* its end in the batch */
  struct fxp_handle *handle;    /* NULL: there was none */
  uint32_t status;              /* what it is refused with, or OK */
  int err;                      /* errno of a failed write, or 0 */
};

/* Data on its way to one place of one file. */
struct fxp_batch {
  struct fxp_handle *handle;
  uint64_t offset;              /* of the first byte, in the file */
  size_t len;
  struct iovec iov[FXP_BATCH_IOV];
  int niov;
  struct fxp_written reqs[FXP_BATCH_REQS];
  unsigned int nreqs;
};

/* ---- A session */

#define FXP_NAME_SLOTS 8

struct fxp_name_slot {
  bool used;
  uint32_t id;
  char name[64];
};

struct fxp {
  struct ssh_conn *conn;
  struct sftp_channel *ch;
  struct ftpd *ftpd;
  pool *pool;                   /* the channel's */
  unsigned int version;         /* 0 before INIT */
  bool selectable;              /* version-select may come now */
  uint64_t asked;               /* rows of the table of extensions */
  bool translate;               /* names are not UTF-8 here, but there */
  bool leave;                   /* ends behind the answer at hand */
  bool done;                    /* whatever comes is dropped */
  int err;                      /* of the channel, sticky */
  size_t need;                  /* see sftp_service.missing */

  pool *req_pool;               /* of the requests at hand */
  unsigned int req_count;       /* since it was made */
  size_t req_bytes;
  pool *out_pool;               /* of out */
  struct sftp_wr out;           /* the answer being built */

  struct fxp_handle **handles;
  unsigned int nslots, nhandles, max_handles;

  struct fxp_job *job;          /* a request that goes on, or NULL */
  bool writing;                 /* a WRITE's data is not complete */
  struct fxp_written cur;       /* that WRITE */
  size_t cur_left;              /* bytes of it still to come */
  size_t cur_extra;             /* the last of them, which are no data */
  struct fxp_batch batch;

  /* READDIR: names of ids seen last. */
  struct fxp_name_slot users[FXP_NAME_SLOTS], groups[FXP_NAME_SLOTS];
};

/* ---- A request */

struct fxp_req {
  struct fxp *fxp;
  struct ftpd *ftpd;
  pool *pool;
  uint8_t type;
  uint32_t id;
  const char *name;             /* for logs */
  struct sftp_rd in;            /* the fields behind the id */
  struct ftpd_op op;
  bool op_open;                 /* op was begun, the dispatcher ends it */
  struct ftpd_op outer;         /* EXTENDED around it */
  bool outer_open;
  int err;                      /* errno behind the status, for the log */
  const char *text;             /* of the STATUS; NULL: the status' own */
  const char *data;             /* version 6: more about it, or NULL */
};

struct fxp_row {
  const char *name;
  uint8_t min, max;             /* versions that have it */
  uint32_t (*run)(struct fxp_req *req);
};

/* ---- fxp-gate.c */

/* Begins the operation of a request; arg is what logs show. */
void fxp_begin(struct fxp_req *req, enum ftpd_request what, const char *arg);
/* The same for an open handle; arg NULL: the handle's own text. */
void fxp_begin_handle(struct fxp_req *req, enum ftpd_request what,
  const char *arg, const struct fxp_handle *h);
/* Begins it and asks the gate; OK, or the status to return. */
uint32_t fxp_permit_handle(struct fxp_req *req, enum ftpd_request what,
  const char *arg, const struct fxp_handle *h);
/* Begins it and asks the gate for the path (and the second, if any); NULL
 * with errno when refused: return fxp_refused().
 */
const char *fxp_permit(struct fxp_req *req, enum ftpd_request what,
  const char *path, const char **second);
/* Whether the command that the user's key forces (forced.h) allows this
 * request; says so in the log if not.
 */
bool fxp_is_allowed(const struct fxp *f, const char *name);

/* ---- fxp-request.c */

/* A path; the empty one is the directory of the login. */
const char *fxp_read_path(struct fxp_req *req);
/* A name as files have it here, out of the client's charset; and back. */
const char *fxp_read_name(struct fxp_req *req);
const char *fxp_name_out(struct fxp_req *req, const char *name);

/* The pool of a request of len bytes: it lives until the request is done, and
 * perhaps a while longer.
 */
pool *fxp_request_pool(struct fxp *f, size_t len);
/* Answers with the status a handler returned and closes what it began. */
void fxp_finish_request(struct fxp_req *req, uint32_t status);

/* ---- fxp-frame.c */

/* Reads one request, or the beginning of a WRITE, from n bytes.  Returns the
 * bytes used, 0 when more are needed (f->need) or when f->err was set; *whole
 * is the request from its type on, with at least 5 bytes, or empty when it is
 * a WRITE.
 */
size_t fxp_frame_next(struct fxp *f, const unsigned char *p, size_t n,
  struct sftp_str *whole);

/* ---- fxp-init.c */

/* Answers INIT: p has its type, len bytes in all, at least 5. */
void fxp_on_init(struct fxp *f, const unsigned char *p, size_t len);

/* ---- fxp-limits.c */

/* Data of one READ or WRITE at most. */
uint32_t fxp_data_max(const struct fxp *f);

/* ---- fxp-job.c */

/* One piece of a request's work: FXP_LATER while there is more, else what a
 * handler returns.  What req->in pointed to is gone.
 */
typedef uint32_t (*fxp_step)(struct fxp_req *req, void *state);
/* For handlers, to be returned: runs step now, and once per turn until it is
 * done.  stop: the channel is gone meanwhile, let go of state.
 */
uint32_t fxp_later(struct fxp_req *req, fxp_step step,
  void (*stop)(void *state), void *state);
/* The request whose handler returned FXP_LATER. */
void fxp_job_hold(struct fxp *f, const struct fxp_req *req);
void fxp_job_go_on(struct fxp *f);
/* Ends it without an answer. */
void fxp_job_stop(struct fxp *f);

/* ---- fxp-status.c */

/* The status for an errno in the version spoken; notes err and text. */
uint32_t fxp_status(struct fxp_req *req, int err);
/* The same with a text of our own. */
uint32_t fxp_fail(struct fxp_req *req, uint32_t status, int err,
  const char *text);
/* After a refusal of the gate: by errno, naming the rule. */
uint32_t fxp_refused(struct fxp_req *req, int err);
uint32_t fxp_bad_handle(struct fxp_req *req);
/* The status alone and its text, for answers that have no request. */
uint32_t fxp_status_of(unsigned int version, int err, const char **text);
const char *fxp_status_text(uint32_t status);
/* The status for an invalid handle. */
uint32_t fxp_bad_handle_status(unsigned int version);

/* ---- fxp-reply.c */

/* Bytes to the client; a failure ends the channel. */
void fxp_send(struct fxp *f, const void *p, size_t n);
/* Makes the writer of answers hold at least n bytes, empties it. */
void fxp_out_reset(struct fxp *f, size_t n);
/* Gives back what only a large answer needed. */
void fxp_out_shrink(struct fxp *f);
/* Appends a whole STATUS message; data as in struct fxp_req. */
void fxp_put_status(struct sftp_wr *w, unsigned int version, uint32_t id,
  uint32_t status, const char *text, const char *data);
/* An answer: begin with its type, put the fields, send.  fxp_reply_send()
 * returns FXP_REPLIED, or a status when the answer did not fit.
 */
struct sftp_wr *fxp_reply(struct fxp_req *req, uint8_t type);
uint32_t fxp_reply_send(struct fxp_req *req);
/* NAME with one name, and attributes (NULL: none). */
struct fxp_attrs;
uint32_t fxp_reply_name(struct fxp_req *req, const char *name);
uint32_t fxp_reply_name_attrs(struct fxp_req *req, const char *name,
  const struct fxp_attrs *a);
uint32_t fxp_reply_handle(struct fxp_req *req, const struct fxp_handle *h);

/* ---- fxp-handle.c */

/* A handle for an open file or folder, NULL when there are too many. */
struct fxp_handle *fxp_handle_new(struct fxp *f, struct ftpd_file *file,
  struct ftpd_dir *dir);
bool fxp_handle_room(const struct fxp *f);
/* By the client's text; NULL when it is none of this channel's. */
struct fxp_handle *fxp_handle_find(const struct fxp *f, struct sftp_str text);
/* Forgets it; what it stood for is closed already. */
void fxp_handle_free(struct fxp *f, struct fxp_handle *h);
/* Closes everything as aborted. */
void fxp_handle_abort_all(struct fxp *f);
const char *fxp_handle_path(const struct fxp_handle *h);

/* ---- fxp-attrs.c */

#define FXP_ATTR_SIZE   0x0001U
#define FXP_ATTR_OWNER  0x0002U
#define FXP_ATTR_PERMS  0x0004U
#define FXP_ATTR_ATIME  0x0008U
#define FXP_ATTR_MTIME  0x0010U
#define FXP_ATTR_TIMES  (FXP_ATTR_ATIME|FXP_ATTR_MTIME)
#define FXP_ATTR_ALL    0x001fU         /* what version 3 knows */
#define FXP_ATTR_NSEC   0x0020U         /* times with nanoseconds */
#define FXP_ATTR_ALLOC  0x0040U
#define FXP_ATTR_CRTIME 0x0080U
#define FXP_ATTR_CTIME  0x0100U
#define FXP_ATTR_ACL    0x0200U
#define FXP_ATTR_BITS   0x0400U
#define FXP_ATTR_HINT   0x0800U
#define FXP_ATTR_MIME   0x1000U
#define FXP_ATTR_NLINK  0x2000U
#define FXP_ATTR_RAW    0x4000U

/* What clients of version 4 and later get unless they say what they want. */
#define FXP_ATTR_COMMON (FXP_ATTR_ALL|FXP_ATTR_NSEC)

/* File attributes, whatever version they came in. */
struct fxp_attrs {
  unsigned int has;             /* FXP_ATTR_* */
  uint8_t type;                 /* as the client said, for nothing */
  uint64_t size, alloc;
  uint32_t uid, gid;
  const char *owner, *group;    /* as the client said; NULL: ids alone */
  uint32_t perms;               /* with type bits when read from a file */
  struct timespec times[2];     /* as utimensat(2); UTIME_OMIT if not given */
  struct timespec crtime, ctime;
  struct sftp_str acl;          /* its wire form in the version spoken */
  uint32_t bits, bits_valid;
  uint8_t hint;
  const char *mime, *raw_name;
  uint32_t nlink;
  uint32_t npairs;              /* extended attributes: how many ... */
  struct sftp_str pairs;        /* ... strings of name and value */
};

/* Strings of what is read live in p, slices as long as the request. */
void fxp_attrs_read(struct sftp_rd *r, pool *p, unsigned int version,
  struct fxp_attrs *a);
void fxp_attrs_write(struct sftp_wr *w, unsigned int version,
  const struct fxp_attrs *a);
/* From a file's; has is FXP_ATTR_ALL. */
void fxp_attrs_of(struct fxp_attrs *a, const struct stat *st);
/* Between the flags of a version and FXP_ATTR_*. */
unsigned int fxp_attrs_wanted(unsigned int version, uint32_t flags);
uint32_t fxp_attrs_mask(unsigned int version, unsigned int has);

/* ---- fxp-stat.c */

/* The attribute bits that are looked at. */
#define FXP_BITS_KNOWN 0x000003e0U

/* All that can be said of a file in each version. */
unsigned int fxp_attrs_known(unsigned int version);
/* What the name of a file says about it. */
void fxp_attrs_guess(struct fxp_attrs *a, const char *name);
/* Fills in what is wanted of a file, as far as it can be said. */
struct fxp_target;
void fxp_attrs_describe(struct fxp_req *req, const struct fxp_target *t,
  const struct stat *st, unsigned int wanted, struct fxp_attrs *a);

/* ---- fxp-acl.c: draft -13, section 7.8 */

/* The ACL of a file in its wire form; NULL ptr when it has none. */
struct sftp_str fxp_acl_get(struct fxp_req *req, const struct fxp_target *t,
  const struct stat *st);
/* 0, or -1 with errno. */
int fxp_acl_set(struct fxp_req *req, struct sftp_str acl,
  const struct fxp_target *t, const struct stat *st);

/* ---- fxp-setattr.c */

/* What attributes are set on: an open file, or a path. */
struct fxp_target {
  struct ftpd_file *file;       /* or NULL */
  const char *path;
  bool follow;                  /* symbolic links */
};

/* SETSTAT and its kin: drops what SFTPOptions ignore, asks the gate for each
 * attribute, sets what differs.  Returns a status; the first failure ends it.
 */
uint32_t fxp_attrs_set(struct fxp_req *req, struct fxp_attrs *a,
  const struct fxp_target *t);

/* ---- fxp-owner.c */

/* The names of the owners, remembered from one to the next. */
void fxp_attrs_names(struct fxp_req *req, struct fxp_attrs *a);
/* A name of a user or group: it goes to the host's databases, so that it must
 * look like one, and not be longer than one.
 */
const char *fxp_read_who(struct sftp_rd *r, pool *p);
/* Ids for the names of owners, as they are, with a domain, or as numbers; -1
 * when there is none.
 */
int fxp_find_uid(struct fxp_req *req, const char *name, uint32_t *id);
int fxp_find_gid(struct fxp_req *req, const char *name, uint32_t *id);
/* Fills the ids of attributes that came with names; NULL, or the name that
 * nobody has.
 */
const char *fxp_attrs_ids(struct fxp_req *req, struct fxp_attrs *a,
  const struct stat *st);

/* ---- fxp-lock.c */

/* draft -13, section 8.1.1.3; -05, section 6.3 */
#define SSH_FXF_BLOCK_READ      0x00000040U
#define SSH_FXF_BLOCK_WRITE     0x00000080U
#define SSH_FXF_BLOCK_DELETE    0x00000100U
#define SSH_FXF_BLOCK_ADVISORY  0x00000200U

/* What flags of OPEN keep from others, as FTPD_USE_*. */
unsigned int fxp_lock_denies(uint32_t flags);

/* ---- fxp-xattr.c */

/* Sets the extended attributes that came along; 0, or -1 with errno. */
int fxp_xattrs_set(struct fxp_req *req, const struct fxp_attrs *a,
  const struct fxp_target *t);

/* ---- fxp-write.c */

/* Takes the header of a WRITE whose length field says len; p has have bytes
 * behind that field.  Returns the bytes used behind it, 0: more are needed.
 */
size_t fxp_write_header(struct fxp *f, const unsigned char *p, size_t have,
  size_t len);
/* Takes data of the WRITE at hand; returns how much. */
size_t fxp_write_data(struct fxp *f, const unsigned char *p, size_t n);
/* Writes what was gathered and answers the WRITEs that are complete. */
void fxp_write_out(struct fxp *f);

/* ---- Handlers */

uint32_t fxp_do_open(struct fxp_req *req);
uint32_t fxp_do_close(struct fxp_req *req);
uint32_t fxp_do_read(struct fxp_req *req);
uint32_t fxp_do_stat(struct fxp_req *req);
uint32_t fxp_do_lstat(struct fxp_req *req);
uint32_t fxp_do_fstat(struct fxp_req *req);
uint32_t fxp_do_setstat(struct fxp_req *req);
uint32_t fxp_do_fsetstat(struct fxp_req *req);
uint32_t fxp_do_lsetstat(struct fxp_req *req);
uint32_t fxp_do_opendir(struct fxp_req *req);
uint32_t fxp_do_readdir(struct fxp_req *req);
uint32_t fxp_do_mkdir(struct fxp_req *req);
uint32_t fxp_do_rmdir(struct fxp_req *req);
uint32_t fxp_do_remove(struct fxp_req *req);
uint32_t fxp_do_realpath(struct fxp_req *req);
uint32_t fxp_do_rename(struct fxp_req *req);
uint32_t fxp_do_posix_rename(struct fxp_req *req);
uint32_t fxp_do_readlink(struct fxp_req *req);
uint32_t fxp_do_symlink(struct fxp_req *req);
uint32_t fxp_do_hardlink(struct fxp_req *req);
uint32_t fxp_do_expand_path(struct fxp_req *req);
uint32_t fxp_do_home_directory(struct fxp_req *req);
uint32_t fxp_do_fsync(struct fxp_req *req);
uint32_t fxp_do_copy_data(struct fxp_req *req);
uint32_t fxp_do_copy_file(struct fxp_req *req);
uint32_t fxp_do_check_file(struct fxp_req *req);
uint32_t fxp_do_check_file_name(struct fxp_req *req);
uint32_t fxp_do_check_file_handle(struct fxp_req *req);
uint32_t fxp_do_md5_hash(struct fxp_req *req);
uint32_t fxp_do_md5_hash_handle(struct fxp_req *req);
uint32_t fxp_do_space_available(struct fxp_req *req);
uint32_t fxp_do_vendor_id(struct fxp_req *req);
uint32_t fxp_do_getxattr(struct fxp_req *req);
uint32_t fxp_do_fgetxattr(struct fxp_req *req);
uint32_t fxp_do_listxattr(struct fxp_req *req);
uint32_t fxp_do_flistxattr(struct fxp_req *req);
uint32_t fxp_do_removexattr(struct fxp_req *req);
uint32_t fxp_do_fremovexattr(struct fxp_req *req);
uint32_t fxp_do_setxattr(struct fxp_req *req);
uint32_t fxp_do_fsetxattr(struct fxp_req *req);
uint32_t fxp_do_statvfs(struct fxp_req *req);
uint32_t fxp_do_fstatvfs(struct fxp_req *req);
uint32_t fxp_do_limits(struct fxp_req *req);
uint32_t fxp_do_names_by_id(struct fxp_req *req);
uint32_t fxp_do_extended(struct fxp_req *req);
uint32_t fxp_do_link(struct fxp_req *req);
uint32_t fxp_do_block(struct fxp_req *req);
uint32_t fxp_do_unblock(struct fxp_req *req);
uint32_t fxp_do_version_select(struct fxp_req *req);
uint32_t fxp_do_translation_control(struct fxp_req *req);
uint32_t fxp_do_text_seek(struct fxp_req *req);

/* ---- fxp-open.c: the flags of OPEN that are served */
#define FXP_OPEN_FLAGS_V5       0x000000ffU
#define FXP_OPEN_FLAGS_V6       0x00000fffU

/* ---- fxp-version.c */

/* The version to speak with a client that asks for `wanted'; 0: none. */
unsigned int fxp_version_for(const struct fxp *f, uint32_t wanted);
/* Speaks it from now on; observers are told. */
void fxp_version_set(struct fxp *f, unsigned int version);
/* The pairs of VERSION. */
void fxp_version_pairs(struct sftp_wr *w, struct fxp *f);

/* ---- fxp-ext.c: the extensions' pairs of VERSION, and their names alone;
 * the latter returns how many.
 */
void fxp_put_extensions(struct sftp_wr *w, const struct fxp *f);
unsigned int fxp_put_extension_names(struct sftp_wr *w, const struct fxp *f);

#endif /* MOD_SFTP_FXP_INT_H */
