/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-file.h -- the fake host's files: a file system in memory for the gate
 * and file functions of ftpd-*.h, and what tests see and set of it.
 *
 * Nothing here accesses the machine's own files, so a fuzzer may do anything.
 * Files are sparse: offsets beyond 4 GiB cost a page.
 */

#ifndef MOD_SFTP_FAKE_FTPD_FILE_H
#define MOD_SFTP_FAKE_FTPD_FILE_H

#include "ftpd-attrs.h"
#include "ftpd-gate.h"

/* Removes everything; "/" and the home directory, "/home/user", remain. */
void fake_fs_reset(void);

/* Creates and reads entries; directories above must exist. */
void fake_fs_put(const char *path, const void *data, size_t len, mode_t mode);
/* The same, unless there is something of that name, or no directory for it; of
 * any kind but a directory or a link.
 */
bool fake_fs_add(const char *path, const void *data, size_t len, mode_t mode);
void fake_fs_dir(const char *path);
void fake_fs_link(const char *path, const char *target);
/* n entries "prefix0" ... in a directory, without checking for duplicates. */
void fake_fs_fill(const char *path, const char *prefix, unsigned int n);
bool fake_fs_exists(const char *path);
/* Whether the file contains exactly these bytes. */
bool fake_fs_is(const char *path, const void *data, size_t len);
/* lstat(2) of it; aborts if it does not exist. */
struct stat fake_fs_stat(const char *path);

/* Faults to simulate, and observations; all zero after fake_fs_reset(). */
struct statvfs;

struct fake_files {
  /* Set by tests. */
  bool deny[FTPD_NREQUESTS];    /* the gate refuses ... */
  int deny_errno;               /* ... with that; 0: EACCES */
  const char *refused;          /* with this text */
  unsigned int deny_effects;    /* SFTP_EFF_* that occur as well */
  bool may_not_look;
  int write_errno;              /* writes fail with it ... */
  uint64_t write_limit;         /* ... from this offset on */
  int close_errno, read_errno, readdir_errno;
  int set_errno;                /* changes of attributes and fsync fail */
  size_t portion;               /* of files at a time; 0: any */
  unsigned int fail_at;         /* the call that fails with EIO, 0: none */
  const char *set_refused;      /* then this is what the file's reason is */
  bool no_extra_attrs;          /* the system does not tell them */
  unsigned int max_handles;     /* 0: 100 */
  int glob_turns;               /* that a pattern takes before the last; -1:
                                 * too costly */
  unsigned int open_turns;      /* that an open takes before the last ... */
  int open_errno;               /* ... which fails with that */
  unsigned int op_ms;           /* that an operation takes */
  unsigned int hidden;          /* times that readdir says 2 before each entry
                                 */
  const char *login_message;
  const char *cwd;              /* NULL: the home directory */
  const char *charset;          /* of names: "X" swaps a and A, what has a z
                                 * cannot be converted */
  bool lock_taken;              /* by another session */
  unsigned int lookups;         /* names of users and groups */
  const char *on_close_refused; /* then nothing is removed on close */
  bool no_acl;                  /* the file system has none */
  size_t xattr_bytes;           /* longest value that was to be set, or room
                                 * for one that was asked for */
  const unsigned char *known_sha256;    /* of every file; or NULL */
  const struct statvfs *fs;     /* the file system; NULL: a small one */

  /* Seen. */
  unsigned int calls;           /* that may fail */
  unsigned int begun, ended;    /* operations */
  unsigned int count[FTPD_NREQUESTS];
  enum ftpd_request last_req;   /* of the last ended operation */
  char last_arg[256];
  int last_err;
  unsigned int last_status;
  char last_text[256];
  unsigned int files, dirs;     /* open now */
  unsigned int aborted;         /* closed as incomplete */
  unsigned int reads, writes;   /* calls of ftpd_preadv(), ftpd_pwritev() */
  unsigned int locks;           /* that stand */
  bool last_exclusive;          /* the lock taken last */
  unsigned int last_deny;       /* of the file opened last */
  unsigned int removed;         /* files, when they were closed */
  unsigned char acl[FTPD_ACL_MAX];      /* of all files, as it was set */
  size_t acl_len;
};

extern struct fake_files fake_files;

#endif /* MOD_SFTP_FAKE_FTPD_FILE_H */
