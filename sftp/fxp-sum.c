/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-sum.c -- checksums of files: check-file
 * (draft-ietf-secsh-filexfer-extensions-00, section 3) and md5-hash
 * (draft-ietf-secsh-filexfer-07, section 9.1.1).
 */

#include <fcntl.h>

#include "checksum.h"
#include "ftpd-attrs.h"
#include "ftpd-io.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-job.h"
#include "fxp-limits.h"
#include "fxp-reply.h"
#include "fxp-session.h"
#include "namelist.h"

/* Maximum amount that one turn reads. */
#define TURN_BYTES (8U * 1024 * 1024)
#define BUF_BYTES (256U * 1024)
#define BLOCK_MIN 256U          /* the draft's smallest block */
#define QUICK_BYTES 2048U       /* bytes of the quick check of md5-hash */

struct job {
  struct ftpd_file *file;
  bool own;                     /* opened by name */
  struct sftp_sum *sum;
  const char *tag, *name;       /* in front of the checksums; NULL: omitted */
  bool strings;                 /* each checksum is preceded by its length */
  uint64_t at, left;            /* the range still to read */
  bool whole;                   /* it is the file */
  uint32_t block;               /* 0: one checksum */
  uint64_t in_block;            /* bytes of the current block */
  bool begun;
  struct sftp_str quick;        /* md5-hash: the expected checksum of the
                                 * beginning */
  struct sftp_wr sums;
  unsigned char *buf;
};

static void close_file(void *state) {
  struct job *j = state;

  if (j->own) {
    (void) ftpd_close_internal(j->file, true);
    j->own = false;
  }
}

static uint32_t fail_job(struct fxp_req *req, struct job *j, int err) {
  close_file(j);
  return fxp_status(req, err != 0 ? err : EIO);
}

static uint32_t reply(struct fxp_req *req, struct job *j) {
  struct sftp_wr *w;

  close_file(j);
  if (sftp_wr_end(&j->sums) != SFTP_OK) {
    return fxp_fail(req, SSH_FX_FAILURE, E2BIG, "Too many blocks");
  }

  w = fxp_reply(req, SSH_FXP_EXTENDED_REPLY);
  if (j->tag != NULL) {
    sftp_wr_text(w, j->tag);
  }

  if (j->name != NULL) {
    sftp_wr_text(w, j->name);
    sftp_wr_bytes(w, j->sums.ptr, j->sums.len);

  } else {
    sftp_wr_string(w, j->sums.ptr, j->sums.len);
  }

  return fxp_reply_send(req);
}

/* ---- Summing up */

static void put_sum(struct job *j, const unsigned char *sum) {
  if (j->strings) {
    sftp_wr_u32(&j->sums, (uint32_t) sftp_sum_len(j->sum));
  }

  sftp_wr_bytes(&j->sums, sum, sftp_sum_len(j->sum));
}

static int end_block(struct job *j) {
  unsigned char sum[SFTP_SUM_MAX];

  if (sftp_sum_end(j->sum, sum) != SFTP_OK) {
    return -1;
  }

  put_sum(j, sum);
  j->begun = false;
  j->in_block = 0;
  return sftp_wr_end(&j->sums) == SFTP_OK ? 0 : -1;
}

/* Adds n bytes, cut into blocks; -1: EIO, or too many blocks. */
static int add_bytes(struct job *j, const unsigned char *p, size_t n) {
  while (n > 0) {
    size_t part = n;

    if (j->block > 0 && part > j->block - j->in_block) {
      part = (size_t) (j->block - j->in_block);
    }

    if (!j->begun && sftp_sum_begin(j->sum) != SFTP_OK) {
      return -1;
    }

    j->begun = true;
    if (sftp_sum_add(j->sum, p, part) != SFTP_OK) {
      return -1;
    }

    p += part;
    n -= part;
    j->in_block += part;
    if (j->block > 0 && j->in_block == j->block && end_block(j) < 0) {
      return -1;
    }
  }

  return 0;
}

/* The last block may be short; without blocks there is always one checksum. */
static uint32_t end_sums(struct fxp_req *req, struct job *j) {
  if (j->block == 0 && !j->begun) {
    if (sftp_sum_begin(j->sum) != SFTP_OK) {
      return fail_job(req, j, EIO);
    }

    j->begun = true;
  }

  if (j->begun && end_block(j) < 0 && sftp_wr_end(&j->sums) == SFTP_OK) {
    return fail_job(req, j, EIO);
  }

  return reply(req, j);
}

static uint32_t go_on(struct fxp_req *req, void *state) {
  struct job *j = state;
  size_t turn;

  for (turn = 0; turn < ftpd_portion(j->file, TURN_BYTES) && j->left > 0;
      turn += BUF_BYTES) {
    size_t part = ftpd_portion(j->file, BUF_BYTES);
    size_t want = j->left < part ? (size_t) j->left : part;
    ssize_t n = ftpd_peek(j->file, j->buf, want, (off_t) j->at);

    if (n < 0) {
      return fail_job(req, j, errno);
    }

    if (add_bytes(j, j->buf, (size_t) n) < 0) {
      return sftp_wr_end(&j->sums) != SFTP_OK ? reply(req, j) :
        fail_job(req, j, EIO);
    }

    j->at += (uint64_t) n;
    j->left = (size_t) n < want ? 0 : j->left - (uint64_t) n;
  }

  return j->left > 0 ? FXP_LATER : end_sums(req, j);
}

/* ---- What to sum up */

/* The first of the client's names that is known. */
static struct sftp_sum *choose_sum(struct fxp_req *req, const char *names,
    const char **name) {
  struct sftp_str left = sftp_str_of(names), one;
  struct sftp_sum *sum;

  while (sftp_names_next(&left, &one)) {
    *name = sftp_str_dup(req->pool, one);
    sum = sftp_sum_new(req->pool, *name);
    if (sum != NULL) {
      return sum;
    }
  }

  return NULL;
}

/* Opens the name, or finds the handle.  0, or a status that ends the request.
 */
static uint32_t open_name(struct fxp_req *req, struct job *j,
    const char *path) {
  fxp_begin(req, FTPD_DIGEST, req->name);
  path = ftpd_permit(&req->op, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  j->file = ftpd_open_internal(&req->op, path, O_RDONLY, 0, 0);
  j->own = j->file != NULL;
  return j->own ? SSH_FX_OK : fxp_refused(req, errno);
}

static uint32_t open_handle(struct fxp_req *req, struct job *j,
    struct sftp_str text) {
  const struct fxp_handle *h = fxp_handle_find(req->fxp, text);
  uint32_t status;

  if (h == NULL || h->file == NULL) {
    return fxp_bad_handle(req);
  }

  status = fxp_permit_handle(req, FTPD_DIGEST, req->name, h);
  if (status == SSH_FX_OK && !h->can_read) {
    return fxp_fail(req, SSH_FX_PERMISSION_DENIED, EBADF,
      "Handle is not open for reading");
  }

  j->file = h->file;
  return status;
}

/* The range, limited by the current end of the file. */
static int set_range(struct job *j) {
  struct stat st;
  uint64_t size;

  if (ftpd_fstat(j->file, &st) < 0) {
    return errno != 0 ? errno : EIO;
  }

  size = st.st_size > 0 ? (uint64_t) st.st_size : 0;
  if (j->at > size) {
    return EINVAL;
  }

  if (j->left == 0 || j->left > size - j->at) {
    j->left = size - j->at;
  }

  j->whole = j->left == size && (j->block == 0 || (size > 0 &&
    j->block >= size));
  return 0;
}

/* One sum of the whole file, which the server has. */
static bool put_known(struct job *j) {
  unsigned char sum[SFTP_SUM_MAX];

  if (!j->whole || j->name == NULL ||
      !ftpd_known_digest(j->file, j->name, sum)) {
    return false;
  }

  put_sum(j, sum);
  return true;
}

static uint32_t run_job(struct fxp_req *req, struct job *j) {
  int err = set_range(j);

  if (err != 0) {
    return fail_job(req, j, err);
  }

  sftp_wr_init(&j->sums, req->pool, SFTP_SUM_MAX, FXP_REPLY_MAX - 1024);
  if (put_known(j)) {
    return reply(req, j);
  }

  j->buf = palloc(req->pool, BUF_BYTES);
  return fxp_later(req, go_on, close_file, j);
}

/* ---- check-file: string path or handle, string names, u64 offset, u64 length
 * (0: to the end), u32 block size (0: one sum).
 *
 * The answer to check-file-name and check-file-handle begins with the name of
 * the sum, as WinSCP reads it.  Earlier drafts have "check-file" before it:
 * paramiko, which sends that as the request, expects it.  So does MINA, which
 * also expects each sum as a string.
 */

static uint32_t check_file(struct fxp_req *req, bool by_name, bool tagged,
    bool strings) {
  struct job *j = pcalloc(req->pool, sizeof(*j));
  struct sftp_str handle = { NULL, 0 };
  const char *path = NULL, *names;
  uint32_t status;

  if (by_name) {
    path = fxp_read_path(req);

  } else {
    handle = sftp_rd_string(&req->in);
  }

  names = sftp_rd_text(&req->in, req->pool);
  j->at = sftp_rd_u64(&req->in);
  j->left = sftp_rd_u64(&req->in);
  j->block = sftp_rd_u32(&req->in);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  status = by_name ? open_name(req, j, path) : open_handle(req, j, handle);
  if (status != SSH_FX_OK) {
    return status;
  }

  if ((j->block > 0 && j->block < BLOCK_MIN) || j->at > INT64_MAX) {
    return fail_job(req, j, EINVAL);
  }

  j->tag = tagged ? "check-file" : NULL;
  j->strings = strings;
  j->sum = choose_sum(req, names, &j->name);
  if (j->sum == NULL) {
    (void) fail_job(req, j, ENOSYS);
    return fxp_fail(req, SSH_FX_OP_UNSUPPORTED, ENOSYS,
      "None of these sums is known");
  }

  return run_job(req, j);
}

/* Whether the client expects its own form of the reply under the later names.
 */
static bool wants_tag(const struct fxp_req *req) {
  return req->fxp->conn->set->client.tagged_sums;
}

uint32_t fxp_do_check_file(struct fxp_req *req) {
  return check_file(req, false, true, false);
}

uint32_t fxp_do_check_file_name(struct fxp_req *req) {
  return check_file(req, true, wants_tag(req), wants_tag(req));
}

uint32_t fxp_do_check_file_handle(struct fxp_req *req) {
  return check_file(req, false, wants_tag(req), wants_tag(req));
}

/* ---- md5-hash: string path or handle, u64 offset, u64 length, string what the
 * first 2048 bytes should be ("": does not matter).  The answer is empty when
 * they have another sum.
 */

static uint32_t look_quickly(struct fxp_req *req, struct job *j) {
  unsigned char data[QUICK_BYTES], sum[SFTP_SUM_MAX];
  size_t want = j->left > 0 && j->left < QUICK_BYTES ? (size_t) j->left :
    QUICK_BYTES;
  ssize_t n;

  if (j->quick.len == 0) {
    return SSH_FX_OK;
  }

  n = ftpd_peek(j->file, data, want, (off_t) j->at);
  if (n < 0) {
    return fail_job(req, j, errno);
  }

  if (sftp_sum_begin(j->sum) != SFTP_OK ||
      sftp_sum_add(j->sum, data, (size_t) n) != SFTP_OK ||
      sftp_sum_end(j->sum, sum) != SFTP_OK) {
    return fail_job(req, j, EIO);
  }

  if (j->quick.len == sftp_sum_len(j->sum) &&
      memcmp(j->quick.ptr, sum, j->quick.len) == 0) {
    return SSH_FX_OK;
  }

  sftp_wr_init(&j->sums, req->pool, 1, 1);
  return reply(req, j);
}

static uint32_t md5_hash(struct fxp_req *req, bool by_name) {
  struct job *j = pcalloc(req->pool, sizeof(*j));
  struct sftp_str handle = { NULL, 0 };
  const char *path = NULL;
  uint32_t status;

  if (by_name) {
    path = fxp_read_path(req);

  } else {
    handle = sftp_rd_string(&req->in);
  }

  j->at = sftp_rd_u64(&req->in);
  j->left = sftp_rd_u64(&req->in);
  j->quick = sftp_rd_string(&req->in);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  status = by_name ? open_name(req, j, path) : open_handle(req, j, handle);
  if (status != SSH_FX_OK) {
    return status;
  }

  j->tag = "md5-hash";
  j->sum = sftp_sum_new(req->pool, "md5");
  if (j->sum == NULL) {
    close_file(j);
    return fxp_fail(req, SSH_FX_OP_UNSUPPORTED, ENOSYS, "No MD5 here");
  }

  if (j->at > INT64_MAX) {
    return fail_job(req, j, EINVAL);
  }

  status = look_quickly(req, j);
  return status == SSH_FX_OK ? run_job(req, j) : status;
}

uint32_t fxp_do_md5_hash(struct fxp_req *req) {
  return md5_hash(req, true);
}

uint32_t fxp_do_md5_hash_handle(struct fxp_req *req) {
  return md5_hash(req, false);
}
