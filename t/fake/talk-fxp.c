/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* talk-fxp.c -- requests of SFTP by the client of talk.h: a table of their
 * fields.
 */

#include "talk.h"

#include "fxp-session.h"

#define FXP_FRAME_MAX 40000

/* p: a path.  h: a handle.  o: an offset or another number of 64 bits.  n: one
 * of 32 bits.  w: flags.  b: a byte.  d: a string.  D: a longer one.  a:
 * attributes.  r: bytes as they are.
 */
static const struct request {
  uint8_t type;
  const char *name, *fields;
} requests[] = {
  { SSH_FXP_INIT, NULL, NULL },
  { SSH_FXP_OPEN, NULL, "pwa" },
  { SSH_FXP_OPEN, NULL, "pwwa" },
  { SSH_FXP_CLOSE, NULL, "h" },
  { SSH_FXP_READ, NULL, "hon" },
  { SSH_FXP_WRITE, NULL, "hod" },
  { SSH_FXP_WRITE, NULL, "hoD" },
  { SSH_FXP_LSTAT, NULL, "p" },
  { SSH_FXP_LSTAT, NULL, "pw" },
  { SSH_FXP_FSTAT, NULL, "h" },
  { SSH_FXP_FSTAT, NULL, "hw" },
  { SSH_FXP_SETSTAT, NULL, "pa" },
  { SSH_FXP_FSETSTAT, NULL, "ha" },
  { SSH_FXP_OPENDIR, NULL, "p" },
  { SSH_FXP_READDIR, NULL, "h" },
  { SSH_FXP_REMOVE, NULL, "p" },
  { SSH_FXP_MKDIR, NULL, "pa" },
  { SSH_FXP_RMDIR, NULL, "p" },
  { SSH_FXP_REALPATH, NULL, "p" },
  { SSH_FXP_REALPATH, NULL, "pbp" },
  { SSH_FXP_STAT, NULL, "p" },
  { SSH_FXP_STAT, NULL, "pw" },
  { SSH_FXP_RENAME, NULL, "pp" },
  { SSH_FXP_RENAME, NULL, "ppw" },
  { SSH_FXP_READLINK, NULL, "p" },
  { SSH_FXP_SYMLINK, NULL, "pp" },
  { SSH_FXP_LINK, NULL, "ppb" },
  { SSH_FXP_BLOCK, NULL, "hoow" },
  { SSH_FXP_UNBLOCK, NULL, "hoo" },
  { SSH_FXP_EXTENDED, "fsync@openssh.com", "h" },
  { SSH_FXP_EXTENDED, "posix-rename@openssh.com", "pp" },
  { SSH_FXP_EXTENDED, "statvfs@openssh.com", "p" },
  { SSH_FXP_EXTENDED, "fstatvfs@openssh.com", "h" },
  { SSH_FXP_EXTENDED, "hardlink@openssh.com", "pp" },
  { SSH_FXP_EXTENDED, "home-directory", "d" },
  { SSH_FXP_EXTENDED, "limits@openssh.com", "" },
  { SSH_FXP_EXTENDED, "users-groups-by-id@openssh.com", "dd" },
  { SSH_FXP_EXTENDED, "copy-data", "hooho" },
  { SSH_FXP_EXTENDED, "check-file-name", "pdoon" },
  { SSH_FXP_EXTENDED, "check-file-handle", "hdoon" },
  { SSH_FXP_EXTENDED, "md5-hash", "pood" },
  { SSH_FXP_EXTENDED, "md5-hash-handle", "hood" },
  { SSH_FXP_EXTENDED, "copy-file", "ppb" },
  { SSH_FXP_EXTENDED, "space-available", "p" },
  { SSH_FXP_EXTENDED, "vendor-id", "dddo" },
  { SSH_FXP_EXTENDED, "getxattr@proftpd.org", "pdn" },
  { SSH_FXP_EXTENDED, "fgetxattr@proftpd.org", "hdn" },
  { SSH_FXP_EXTENDED, "listxattr@proftpd.org", "pn" },
  { SSH_FXP_EXTENDED, "flistxattr@proftpd.org", "hn" },
  { SSH_FXP_EXTENDED, "setxattr@proftpd.org", "pddn" },
  { SSH_FXP_EXTENDED, "fsetxattr@proftpd.org", "hddn" },
  { SSH_FXP_EXTENDED, "removexattr@proftpd.org", "pd" },
  { SSH_FXP_EXTENDED, "fremovexattr@proftpd.org", "hd" },
  { SSH_FXP_EXTENDED, "lsetstat@openssh.com", "pa" },
  { SSH_FXP_EXTENDED, "expand-path@openssh.com", "p" },
  { SSH_FXP_EXTENDED, "version-select", "d" },
  { SSH_FXP_EXTENDED, "filename-translation-control", "b" },
  { SSH_FXP_EXTENDED, "text-seek", "ho" },
  { 0, NULL, "r" }
};

static const char *const paths[] = { "f", "d", "/", ".", "..", "new", "d/h",
  "/g", "d/up", "d/lost", "d/loop", "d/new", "~", "d/entry0", "", "d/z",
  "/home/user/f", "new/x" };

static void put_path(struct talk *t, struct sftp_wr *w) {
  uint8_t n = talk_byte(t);

  if (n == 0xff) {
    sftp_wr_str(w, talk_bytes(t));

  } else {
    sftp_wr_text(w, paths[n % SFTP_NELEMS(paths)]);
  }
}

static void put_handle(struct talk *t, struct sftp_wr *w) {
  uint8_t n = talk_byte(t);

  if (n == 0xff) {
    sftp_wr_str(w, talk_bytes(t));

  } else {
    /* 0: the one that was opened last. */
    n = (uint8_t) ((t->nhandles + TALK_HANDLES - 1 - n % TALK_HANDLES) %
      TALK_HANDLES);
    sftp_wr_string(w, t->handles[n], t->handle_len[n]);
  }
}

static void put_offset(struct talk *t, struct sftp_wr *w) {
  uint8_t n = talk_byte(t);

  sftp_wr_u64(w, n < 128 ? n : n < 192 ? (uint64_t) 1 << (n - 128) :
    ~(uint64_t) 0 >> (n - 192));
}

static void put_long(struct sftp_wr *w, uint8_t n) {
  static const unsigned char zeros[32768];

  sftp_wr_string(w, zeros, ((size_t) n + 1) * 128);
}

static void put_attrs(struct talk *t, struct sftp_wr *w) {
  uint32_t flags = talk_byte(t);
  struct sftp_str more;

  if (t->fxp_version > 3) {
    flags |= (uint32_t) talk_byte(t) << 8;
    more = talk_bytes(t);
    sftp_wr_u32(w, flags);
    sftp_wr_u8(w, talk_byte(t));
    sftp_wr_bytes(w, more.ptr, more.len);
    return;
  }

  flags &= 15;
  sftp_wr_u32(w, flags);
  if ((flags & 1) != 0) {
    put_offset(t, w);
  }

  if ((flags & 2) != 0) {
    sftp_wr_u32(w, 1000);
    sftp_wr_u32(w, talk_number(t));
  }

  if ((flags & 4) != 0) {
    sftp_wr_u32(w, talk_number(t));
  }

  if ((flags & 8) != 0) {
    sftp_wr_u32(w, talk_number(t));
    sftp_wr_u32(w, talk_number(t));
  }
}

static void put_field(struct talk *t, struct sftp_wr *w, char kind) {
  struct sftp_str s;
  uint32_t n;

  switch (kind) {
    case 'p':
      put_path(t, w);
      break;

    case 'h':
      put_handle(t, w);
      break;

    case 'o':
      put_offset(t, w);
      break;

    case 'n':
      sftp_wr_u32(w, talk_number(t));
      break;

    case 'w':
      n = talk_byte(t);
      sftp_wr_u32(w, n | (uint32_t) talk_byte(t) << 8);
      break;

    case 'b':
      sftp_wr_u8(w, talk_byte(t));
      break;

    case 'd':
      sftp_wr_str(w, talk_bytes(t));
      break;

    case 'D':
      put_long(w, talk_byte(t));
      break;

    case 'a':
      put_attrs(t, w);
      break;

    default:
      s = talk_bytes(t);
      sftp_wr_bytes(w, s.ptr, s.len);
  }
}

void talk_fxp(struct talk *t, uint32_t id) {
  static unsigned char space[FXP_FRAME_MAX];
  const struct request *q =
    &requests[talk_byte(t) % SFTP_NELEMS(requests)];
  const char *kind;
  struct sftp_wr w;
  size_t mark;

  sftp_wr_init_fixed(&w, space, sizeof(space));
  mark = sftp_wr_begin(&w);
  sftp_wr_u8(&w, q->type != 0 ? q->type : talk_byte(t));
  if (q->type == SSH_FXP_INIT) {
    t->fxp_version = 1 + talk_byte(t) % 6U;
    sftp_wr_u32(&w, t->fxp_version);

  } else {
    sftp_wr_u32(&w, ++t->fxp_id);
  }

  if (q->name != NULL) {
    sftp_wr_text(&w, q->name);
  }

  for (kind = q->fields; kind != NULL && *kind != '\0'; kind++) {
    put_field(t, &w, *kind);
  }

  sftp_wr_finish(&w, mark);
  if (sftp_wr_end(&w) == SFTP_OK) {
    talk_data(t, id, sftp_wr_get(&w));
  }
}
