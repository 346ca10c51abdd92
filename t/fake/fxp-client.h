/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-client.h -- the client's side of SFTP for unit tests: a session on a fake
 * channel over the fake host's files; builds requests field by field, and
 * splits replies.
 */

#ifndef MOD_SFTP_FAKE_FXP_CLIENT_H
#define MOD_SFTP_FAKE_FXP_CLIENT_H

#include "fake-channel.h"
#include "ftpd-file.h"
#include "fxp-attrs.h"
#include "fxp-ext.h"
#include "fxp-limits.h"
#include "fxp-session.h"
#include "fxp.h"

struct fxc {
  pool *pool;
  struct sftp_settings set;
  struct ssh_conn conn;
  struct sftp_channel *ch;
  void *svc;
  struct sftp_wr w;             /* requests not sent yet */
  size_t mark;
  uint32_t id;                  /* of the request begun last */
  size_t at;                    /* answers read so far, in ch->out */
  int err;                      /* of the channel */
  int turns;                    /* of requests that take several; 0: all, -1:
                                 * none */
};

/* A reply. */
struct fxc_reply {
  uint8_t type;
  uint32_t id;                  /* VERSION: the version */
  struct sftp_rd in;            /* the remaining fields */
  uint32_t status;              /* of a STATUS, else 0xffffffff */
  struct sftp_str text;         /* of a STATUS */
};

/* A new file system and a session in it, before INIT.  The software may be
 * NULL.
 */
struct fxc *fxc_new_raw(const char *software);
/* The same behind INIT and VERSION: version 3, or another. */
struct fxc *fxc_new(const char *software);
struct fxc *fxc_new_version(unsigned int version);
/* Ends it; false if an operation was not ended or a file is still open. */
bool fxc_free(struct fxc *x);

/* Begins a request; the fields go to the writer that is returned. */
struct sftp_wr *fxc_begin(struct fxc *x, uint8_t type);
struct sftp_wr *fxc_begin_ext(struct fxc *x, const char *name);
void fxc_end(struct fxc *x);
/* Whole requests, not sent yet. */
void fxc_path(struct fxc *x, uint8_t type, const char *path);
void fxc_handle(struct fxc *x, uint8_t type, const char *handle);
void fxc_open(struct fxc *x, const char *path, uint32_t pflags);
void fxc_write(struct fxc *x, const char *handle, uint64_t offset,
  const void *data, size_t len);
void fxc_read(struct fxc *x, const char *handle, uint64_t offset,
  uint32_t len);
/* Sends what was built. */
void fxc_send(struct fxc *x);
/* Sends bytes as they are. */
void fxc_feed(struct fxc *x, const void *p, size_t n);

/* The next reply; false if there is none, or only a part of one. */
bool fxc_next(struct fxc *x, struct fxc_reply *r);
/* Sends INIT. */
void fxc_init(struct fxc *x, uint32_t version);
/* Ends and sends what was built; the status of its only answer, 0xffffffff
 * when that is no STATUS, 0xfffffffe when there is not exactly one.
 */
uint32_t fxc_status(struct fxc *x);
/* Sends what was built, reads the handle of the answer (in the pool); "" when
 * it is none.
 */
const char *fxc_take_handle(struct fxc *x);
const char *fxc_opened(struct fxc *x, const char *path, uint32_t pflags);

#define FXC_READ 1U
#define FXC_WRITE 2U
#define FXC_APPEND 4U
#define FXC_CREAT 8U
#define FXC_TRUNC 16U
#define FXC_EXCL 32U

#endif /* MOD_SFTP_FAKE_FXP_CLIENT_H */
