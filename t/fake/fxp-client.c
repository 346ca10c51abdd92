/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "fxp-client.h"

#include "alg-table.h"
#include "clients.h"
#include "ftpd-session.h"

#define BUILD_MAX (16 * 1024 * 1024)

struct fxc *fxc_new_raw(const char *software) {
  pool *p = make_sub_pool(NULL);
  struct fxc *x = pcalloc(p, sizeof(*x));
  const char *why = NULL;

  fake_fs_reset();
  x->pool = p;
  x->set.extensions = sftp_switch_defaults(sftp_fxp_ext_switch);
  x->conn.pool = p;
  x->conn.set = &x->set;
  x->conn.peer.software = software;
  x->ch = fake_channel_new(&x->conn);
  x->set.named = 1U << ALGS_KEX | 1U << ALGS_MAC;
  fake_client = &x->set;
  fake_client_pool = p;
  if (software != NULL) {
    (void) sftp_client_apply(p, software, NULL, &x->set);
  }

  x->svc = sftp_fxp_start(&x->conn, x->ch, p, "", &why);
  fake_channel_serve(x->ch, &sftp_fxp_service, x->svc);
  sftp_wr_init(&x->w, p, 1024, BUILD_MAX);
  return x;
}

void fxc_init(struct fxc *x, uint32_t version) {
  unsigned char init[] = { 0, 0, 0, 5, SSH_FXP_INIT, 0, 0, 0, 0 };

  sftp_put_u32(init + 5, version);
  fxc_feed(x, init, sizeof(init));
}

struct fxc *fxc_new(const char *software) {
  struct fxc *x = fxc_new_raw(software);

  fxc_init(x, 3);
  fake_channel_clear(x->ch);
  return x;
}

struct fxc *fxc_new_version(unsigned int version) {
  struct fxc *x = fxc_new_raw(NULL);

  x->set.extensions = sftp_switch_defaults(sftp_fxp_ext_switch);
  fxc_init(x, version);
  fake_channel_clear(x->ch);
  return x;
}

bool fxc_free(struct fxc *x) {
  bool clean;

  fake_channel_free(x->ch);
  clean = fake_files.begun == fake_files.ended && fake_files.files == 0 &&
    fake_files.dirs == 0;
  fake_client = NULL;
  destroy_pool(x->pool);
  return clean;
}

/* ---- Requests */

struct sftp_wr *fxc_begin(struct fxc *x, uint8_t type) {
  x->mark = sftp_wr_begin(&x->w);
  sftp_wr_u8(&x->w, type);
  sftp_wr_u32(&x->w, ++x->id);
  return &x->w;
}

struct sftp_wr *fxc_begin_ext(struct fxc *x, const char *name) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_EXTENDED);

  sftp_wr_text(w, name);
  return w;
}

void fxc_end(struct fxc *x) {
  sftp_wr_finish(&x->w, x->mark);
}

void fxc_path(struct fxc *x, uint8_t type, const char *path) {
  sftp_wr_text(fxc_begin(x, type), path);
  fxc_end(x);
}

void fxc_handle(struct fxc *x, uint8_t type, const char *handle) {
  fxc_path(x, type, handle);
}

void fxc_open(struct fxc *x, const char *path, uint32_t pflags) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_OPEN);

  sftp_wr_text(w, path);
  sftp_wr_u32(w, pflags);
  sftp_wr_u32(w, 0);
  fxc_end(x);
}

void fxc_write(struct fxc *x, const char *handle, uint64_t offset,
    const void *data, size_t len) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_WRITE);

  sftp_wr_text(w, handle);
  sftp_wr_u64(w, offset);
  sftp_wr_string(w, data, len);
  fxc_end(x);
}

void fxc_read(struct fxc *x, const char *handle, uint64_t offset,
    uint32_t len) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_READ);

  sftp_wr_text(w, handle);
  sftp_wr_u64(w, offset);
  sftp_wr_u32(w, len);
  fxc_end(x);
}

void fxc_feed(struct fxc *x, const void *p, size_t n) {
  int res = fake_channel_feed(x->ch, p, n);

  if (res == SFTP_OK && x->turns >= 0) {
    res = fake_channel_work(x->ch, x->turns > 0 ? x->turns : 10000);
  }

  if (x->err == SFTP_OK && res < 0) {
    x->err = res;
  }
}

void fxc_send(struct fxc *x) {
  struct sftp_str s = sftp_wr_get(&x->w);

  fxc_feed(x, s.ptr, s.len);
  x->w.len = 0;
}

/* ---- Answers */

bool fxc_next(struct fxc *x, struct fxc_reply *r) {
  struct sftp_rd rd;
  struct sftp_str s;

  memset(r, 0, sizeof(*r));
  r->status = 0xffffffffU;
  if (x->at > x->ch->out_len) {
    x->at = 0;                  /* the output was cleared */
  }

  sftp_rd_init(&rd, x->ch->out + x->at, x->ch->out_len - x->at);
  s = sftp_rd_string(&rd);
  if (sftp_rd_ok(&rd) != SFTP_OK) {
    return false;
  }

  x->at += 4 + s.len;
  sftp_rd_init_str(&r->in, s);
  r->type = sftp_rd_u8(&r->in);
  r->id = sftp_rd_u32(&r->in);
  if (r->type == SSH_FXP_STATUS) {
    unsigned int version = ((struct fxp *) x->svc)->version;

    r->status = sftp_rd_u32(&r->in);
    if (version >= 3) {
      r->text = sftp_rd_string(&r->in);
      (void) sftp_rd_string(&r->in);
    }

    /* Version 6 may say more. */
    return version >= 6 ? sftp_rd_ok(&r->in) == SFTP_OK :
      sftp_rd_end(&r->in) == SFTP_OK;
  }

  return sftp_rd_ok(&r->in) == SFTP_OK;
}

uint32_t fxc_status(struct fxc *x) {
  struct fxc_reply r, more;

  fxc_send(x);
  return fxc_next(x, &r) && r.id == x->id && !fxc_next(x, &more) ? r.status :
    0xfffffffeU;
}

const char *fxc_take_handle(struct fxc *x) {
  struct fxc_reply r;

  fxc_send(x);
  return fxc_next(x, &r) && r.type == SSH_FXP_HANDLE ?
    sftp_rd_text(&r.in, x->pool) : "";
}

const char *fxc_opened(struct fxc *x, const char *path, uint32_t pflags) {
  fxc_open(x, path, pflags);
  return fxc_take_handle(x);
}
