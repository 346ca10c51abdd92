/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: one SFTP session over files in memory, of
 * version 3; fxp-v4.c and others are the same for theirs.
 *
 * The first byte decides about the client's name, the window and the size of
 * the pieces; the rest is what the client sends, behind an INIT unless the
 * first byte says otherwise.  Handles are random, so no input could name one:
 * fifteen H and a letter stand for the handle in the place that the letter
 * says.  Whatever comes, every answer is whole, every file is closed and
 * every operation ended.
 */

#include "../fake/fake-channel.h"
#include "../fake/ftpd-file.h"
#include "../fake/ftpd-session.h"
#include "fxp-limits.h"
#include "fxp-session.h"
#include "fxp.h"
#include "target.h"

#ifndef FUZZ_VERSION
# define FUZZ_VERSION 3
#endif

#define HOW_BYTEWISE    1U
#define HOW_ODD_PIECES  2U
#define HOW_WINDOW      4U
#define HOW_NO_RESERVE  8U
#define HOW_EOF         16U
#define HOW_NO_INIT     32U
#define HOW_LIBSSH      64U
#define HOW_IGNORE      128U

static void make_files(void) {
  fake_fs_reset();
  fake_fs_put("/home/user/f", "0123456789", 10, 0644);
  fake_fs_put("/g", "x", 1, 0600);
  fake_fs_dir("/d");
  fake_fs_put("/d/h", "yy", 2, 0600);
  fake_fs_link("/d/up", "..");
  fake_fs_link("/d/lost", "nowhere");
  fake_fs_link("/d/loop", "loop");
  fake_fs_fill("/d", "entry", 40);
}

static void name_handles(const struct fxp *f, uint8_t *p, size_t n) {
  static const char stand_in[] = "HHHHHHHHHHHHHHH";
  const size_t len = sizeof(stand_in) - 1;
  size_t i;

  for (i = 0; i + FXP_HANDLE_LEN <= n; i++) {
    unsigned int slot;

    if (memcmp(p + i, stand_in, len) != 0) {
      continue;
    }

    slot = p[i + len] & 7U;
    if (slot < f->handles.nslots && f->handles.slots[slot] != NULL) {
      memcpy(p + i, f->handles.slots[slot]->text, FXP_HANDLE_LEN);
    }

    i += len;
  }
}

static int feed(struct sftp_channel *ch, const uint8_t *p, size_t n,
    unsigned int how) {
  size_t piece = (how & HOW_BYTEWISE) != 0 ? 1 :
    (how & HOW_ODD_PIECES) != 0 ? 37 : n;

  while (n > 0) {
    size_t part = piece < n ? piece : n;

    if (fake_channel_feed(ch, p, part) != SFTP_OK ||
        fake_channel_work(ch, 4) < 0) {
      return -1;
    }

    p += part;
    n -= part;
  }

  return (how & HOW_WINDOW) != 0 ? fake_channel_open_window(ch, 50) : 0;
}

/* Request by request, so that each can name what those before it opened. */
static void talk(struct sftp_channel *ch, const struct fxp *f, uint8_t *p,
    size_t n, unsigned int how) {
  unsigned int i;

  while (n > 0) {
    size_t part = n;

    if (n >= 4 && sftp_get_u32(p) <= n - 4) {
      part = 4 + sftp_get_u32(p);
    }

    name_handles(f, p, part);
    if (feed(ch, p, part, how) != SFTP_OK) {
      return;
    }

    p += part;
    n -= part;
  }

  for (i = 0; i < 20; i++) {
    if (fake_channel_open_window(ch, 4096) != SFTP_OK) {
      return;
    }
  }

  if ((how & HOW_EOF) != 0) {
    (void) fake_channel_eof(ch);
  }
}

/* Statuses that a version knows: the highest one that was spoken, since the
 * client may choose another.
 */
static uint32_t status_max(void) {
  return fake_sftp_version <= 3 ? SSH_FX_OP_UNSUPPORTED :
    SSH_FX_NO_MATCHING_BYTE_RANGE_LOCK;
}

/* The type, the id, the length, the data and version 6's end-of-file byte: READ
 * gets what it asks for, up to its own limit.
 */
static size_t message_max(uint8_t type) {
  return type == SSH_FXP_DATA ? FXP_DATA_HEADER - 4 + FXP_READ_MAX + 1 :
    FXP_PACKET_MAX;
}

static void check_answers(const struct sftp_channel *ch) {
  struct sftp_rd r;

  sftp_rd_init(&r, ch->out, ch->out_len);
  while (r.left > 0) {
    struct sftp_str s = sftp_rd_string(&r);

    must(sftp_rd_ok(&r) == SFTP_OK && s.len >= 5);
    must(s.len <= message_max(s.ptr[0]));
    must(s.ptr[0] == SSH_FXP_VERSION || s.ptr[0] == SSH_FXP_EXTENDED_REPLY ||
      (s.ptr[0] >= SSH_FXP_STATUS && s.ptr[0] <= SSH_FXP_ATTRS));
    must(s.ptr[0] != SSH_FXP_STATUS || (s.len >= 9 &&
      sftp_get_u32(s.ptr + 5) <= status_max()));
  }
}

static void session(uint8_t *p, size_t n, unsigned int how) {
  static const uint8_t init[] = { 0, 0, 0, 5, SSH_FXP_INIT, 0, 0, 0,
    FUZZ_VERSION };
  pool *top = make_sub_pool(permanent_pool);
  struct sftp_settings set;
  struct ssh_conn conn;
  struct sftp_channel *ch;
  const char *why = NULL;
  void *svc;

  memset(&set, 0, sizeof(set));
  memset(&conn, 0, sizeof(conn));
  set.extensions = sftp_switch_defaults(sftp_fxp_ext_switch);
  fake_files.charset = FUZZ_VERSION == 6 ? "X" : NULL;
  fake_files.acl_len = FUZZ_VERSION == 4 ? 28 : 0;
  set.opts = (how & HOW_IGNORE) != 0 ? SFTP_OPT_IGNORE_SFTP_SET_PERMS|
    SFTP_OPT_IGNORE_SFTP_UPLOAD_PERMS : 0;
  conn.pool = top;
  conn.set = &set;
  conn.peer.software = (how & HOW_LIBSSH) != 0 ? "libssh_0.10" :
    "OpenSSH_9.2p1";
  ch = fake_channel_new(&conn);
  ch->no_reserve = (how & HOW_NO_RESERVE) != 0;
  ch->piece = (how & HOW_ODD_PIECES) != 0 ? 61 : 32768;
  if ((how & HOW_WINDOW) != 0) {
    ch->window = 0;
    ch->soft = 64;
  }

  svc = sftp_fxp_start(&conn, ch, top, "", &why);
  must(svc != NULL);
  fake_channel_serve(ch, &sftp_fxp_service, svc);
  if ((how & HOW_NO_INIT) != 0 ||
      fake_channel_feed(ch, init, sizeof(init)) == SFTP_OK) {
    talk(ch, svc, p, n, how);
  }

  check_answers(ch);
  fake_channel_free(ch);
  destroy_pool(top);
}

static int one_input(const uint8_t *data, size_t size) {
  uint8_t *copy;

  if (size < 2) {
    return 0;
  }

  copy = malloc(size);
  must(copy != NULL);
  memcpy(copy, data, size);
  make_files();
  fake_session_reset();
  fake_files.max_handles = 8;
  session(copy + 1, size - 1, data[0]);
  free(copy);
  must(fake_files.begun == fake_files.ended && fake_files.files == 0 &&
    fake_files.dirs == 0);
  return 0;
}
