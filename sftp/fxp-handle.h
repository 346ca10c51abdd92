/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-handle.h -- the open files and directories of a client, and their
 * handles.
 */

#ifndef MOD_SFTP_FXP_HANDLE_H
#define MOD_SFTP_FXP_HANDLE_H

#include "wire.h"

struct fxp;

#define FXP_HANDLE_LEN 16               /* characters */

struct fxp_handle {
  pool *pool;
  unsigned int slot;
  char text[FXP_HANDLE_LEN + 1];        /* as the client knows it */
  struct ftpd_file *file;               /* one of the two is set */
  struct ftpd_dir *dir;
  bool can_read, can_write;
  bool text_mode;                       /* offsets are ignored */
  bool at_end;                          /* of a directory */
  uint64_t text_read, text_written;     /* text_mode: offset of the next byte */
  bool permitted;                       /* READDIR passed the gate */
  bool write_failed;                    /* and the slot was not reused since */
  uint64_t failed_at;                   /* its offset */
};

/* The handles of a session. */
struct fxp_handles {
  struct fxp_handle **slots;    /* NULL: free */
  unsigned int nslots, count, max;
  unsigned int low;             /* no slot below is free */
};

/* A handle for an open file or directory, or NULL if there are too many. */
struct fxp_handle *fxp_handle_new(struct fxp *f, struct ftpd_file *file,
  struct ftpd_dir *dir);
bool fxp_handle_room(const struct fxp *f);
/* Finds a handle by the client's text; NULL if this channel has no such handle.
 */
struct fxp_handle *fxp_handle_find(const struct fxp *f, struct sftp_str text);
/* Removes a handle whose file or directory is already closed. */
void fxp_handle_free(struct fxp *f, struct fxp_handle *h);
/* Closes everything as aborted. */
void fxp_handle_abort_all(struct fxp *f);
const char *fxp_handle_path(const struct fxp_handle *h);

#endif /* MOD_SFTP_FXP_HANDLE_H */
