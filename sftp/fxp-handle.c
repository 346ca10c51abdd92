/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-handle.c -- handles: 16 hexadecimal characters, of which 12 are random.
 *
 * The rest is the index in the table, so that no search is needed.  There is a
 * table per channel: no channel can name the files of another.
 */

#include "ftpd-io.h"
#include "ftpd-tree.h"
#include "fxp-session.h"

#define RANDOM_BYTES 6
#define SLOTS_MAX 0xffffU

static const char hex[] = "0123456789abcdef";

static void name_handle(struct fxp_handle *h) {
  unsigned char raw[RANDOM_BYTES + 2];
  size_t i;

  sftp_random(raw, RANDOM_BYTES);
  raw[RANDOM_BYTES] = (unsigned char) (h->slot >> 8);
  raw[RANDOM_BYTES + 1] = (unsigned char) h->slot;
  for (i = 0; i < sizeof(raw); i++) {
    h->text[2 * i] = hex[raw[i] >> 4];
    h->text[2 * i + 1] = hex[raw[i] & 15];
  }

  h->text[FXP_HANDLE_LEN] = '\0';
}

static int hex_value(unsigned char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }

  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool fxp_handle_room(const struct fxp *f) {
  return f->handles.count < f->handles.max && f->handles.count < SLOTS_MAX;
}

/* Doubles the table; the old one stays in the pool, and is never larger than
 * the new one.
 */
static void grow_table(struct fxp *f) {
  unsigned int n = f->handles.nslots > 0 ? f->handles.nslots * 2 : 8;
  struct fxp_handle **bigger = pcalloc(f->pool, n * sizeof(*bigger));

  if (f->handles.nslots > 0) {
    memcpy(bigger, f->handles.slots, f->handles.nslots * sizeof(*bigger));
  }

  f->handles.slots = bigger;
  f->handles.nslots = n;
}

struct fxp_handle *fxp_handle_new(struct fxp *f, struct ftpd_file *file,
    struct ftpd_dir *dir) {
  unsigned int slot = f->handles.low;
  struct fxp_handle *h;
  pool *p;

  if (!fxp_handle_room(f)) {
    return NULL;
  }

  while (slot < f->handles.nslots && f->handles.slots[slot] != NULL) {
    slot++;
  }

  if (slot == f->handles.nslots) {
    grow_table(f);
  }

  p = make_sub_pool(f->pool);
  pr_pool_tag(p, "SFTP handle");
  h = pcalloc(p, sizeof(*h));
  h->pool = p;
  h->slot = slot;
  h->file = file;
  h->dir = dir;
  name_handle(h);
  f->handles.slots[slot] = h;
  f->handles.low = slot + 1;
  f->handles.count++;
  return h;
}

struct fxp_handle *fxp_handle_find(const struct fxp *f, struct sftp_str text) {
  struct fxp_handle *h;
  unsigned int slot = 0;
  size_t i;

  if (text.len != FXP_HANDLE_LEN) {
    return NULL;
  }

  for (i = 2 * RANDOM_BYTES; i < FXP_HANDLE_LEN; i++) {
    int v = hex_value(text.ptr[i]);

    if (v < 0) {
      return NULL;
    }

    slot = slot << 4 | (unsigned int) v;
  }

  h = slot < f->handles.nslots ? f->handles.slots[slot] : NULL;
  return h != NULL && sftp_same(h->text, text.ptr, FXP_HANDLE_LEN) ? h : NULL;
}

void fxp_handle_free(struct fxp *f, struct fxp_handle *h) {
  if (f->write.batch.handle == h) {
    f->write.batch.handle = NULL;
  }

  f->handles.slots[h->slot] = NULL;
  f->handles.low = h->slot < f->handles.low ? h->slot : f->handles.low;
  f->handles.count--;
  destroy_pool(h->pool);
}

void fxp_handle_abort_all(struct fxp *f) {
  unsigned int i;

  for (i = 0; i < f->handles.nslots; i++) {
    struct fxp_handle *h = f->handles.slots[i];
    struct ftpd_op op;

    if (h == NULL) {
      continue;
    }

    ftpd_op_begin(f->ftpd, &op, h->pool, FTPD_CLOSE, h->text);
    op.handle = h->text;
    op.file = h->file;
    if (h->file != NULL) {
      (void) ftpd_close(&op, h->file, ECONNABORTED);

    } else {
      (void) ftpd_closedir(&op, h->dir);
    }

    ftpd_op_end(&op, ECONNABORTED, SSH_FX_FAILURE, "Connection lost");
    fxp_handle_free(f, h);
  }
}

const char *fxp_handle_path(const struct fxp_handle *h) {
  return h->file != NULL ? ftpd_file_path(h->file) : ftpd_dir_path(h->dir);
}
