/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "fxp-later.h"

#define ENDS_MAX 8

/* Places, counted from the length field, where a request may end. */
struct ends {
  size_t at[ENDS_MAX];
  unsigned int n;
};

static const char *file_handle, *dir_handle;

/* ---- Words */

static unsigned int hex_digit(char c) {
  return c <= '9' ? (unsigned int) (c - '0') :
    (unsigned int) ((c | 0x20) - 'a') + 10;
}

static void put_hex(struct sftp_wr *w, const char *p, size_t len) {
  size_t mark = sftp_wr_begin(w), i;

  for (i = 0; i + 1 < len; i += 2) {
    sftp_wr_u8(w, (uint8_t) (hex_digit(p[i]) << 4 | hex_digit(p[i + 1])));
  }

  sftp_wr_finish(w, mark);
}

static void put_word(struct sftp_wr *w, const char *p, size_t len,
    struct ends *ends) {
  uint64_t v = strtoull(p + 1, NULL, 0);

  switch (p[0]) {
    case 's':
      sftp_wr_string(w, p + 1, len - 1);
      return;

    case 'x':
      put_hex(w, p + 1, len - 1);
      return;

    case 'b':
      sftp_wr_u8(w, (uint8_t) v);
      return;

    case 'u':
      sftp_wr_u32(w, (uint32_t) v);
      return;

    case 'q':
      sftp_wr_u64(w, v);
      return;

    case 'F':
      sftp_wr_text(w, file_handle);
      return;

    case 'D':
      sftp_wr_text(w, dir_handle);
      return;

    case '|':
      if (ends->n < ENDS_MAX) {
        ends->at[ends->n++] = w->len;
      }

      return;

    default:
      bail_out("a word that nobody knows: %s", p);
  }
}

static void put_words(struct sftp_wr *w, const char *p, struct ends *ends) {
  while (*p != '\0') {
    size_t len = strcspn(p, " ");

    put_word(w, p, len, ends);
    p += len;
    p += strspn(p, " ");
  }
}

static void build(struct fxc *x, uint8_t type, const char *words,
    struct ends *ends) {
  ends->n = 0;
  put_words(fxc_begin(x, type), words, ends);
  fxc_end(x);
}

/* ---- One request */

struct fxc *later_new(unsigned int version) {
  struct fxc *x = fxc_new_version(version);

  fake_fs_put("/a", "0123456789", 10, 0644);
  fake_fs_put("/b", "b", 1, 0600);
  fake_fs_put("/t.html", "<p>", 3, 0644);
  fake_fs_link("/link", "/a");
  fake_fs_dir("/d");
  fake_fs_put("/d/e", "", 0, 0644);
  fake_fs_dir("/empty");
  file_handle = later_open(x, "/a");
  dir_handle = later_opendir(x, "/d");
  if (file_handle[0] == '\0' || dir_handle[0] == '\0') {
    bail_out("no handles in version %u", version);
  }

  return x;
}

static unsigned int version_of(const struct fxc *x) {
  return ((const struct fxp *) x->svc)->version;
}

const char *later_open(struct fxc *x, const char *path) {
  struct sftp_wr *w = fxc_begin(x, SSH_FXP_OPEN);

  sftp_wr_text(w, path);
  sftp_wr_u32(w, 3);            /* read and write, old and new */
  if (version_of(x) >= 5) {
    sftp_wr_u32(w, 2);          /* what is there */
  }

  sftp_wr_u32(w, 0);
  sftp_wr_u8(w, 1);
  fxc_end(x);
  return fxc_take_handle(x);
}

const char *later_opendir(struct fxc *x, const char *path) {
  fxc_path(x, SSH_FXP_OPENDIR, path);
  return fxc_take_handle(x);
}

void later_send(struct fxc *x, uint8_t type, const char *words) {
  struct ends ends;

  build(x, type, words, &ends);
  fxc_send(x);
}

bool later_ask(struct fxc *x, uint8_t type, const char *words,
    struct fxc_reply *r) {
  struct fxc_reply more;

  later_send(x, type, words);
  return fxc_next(x, r) && r->id == x->id && !fxc_next(x, &more);
}

uint32_t later_status(struct fxc *x, uint8_t type, const char *words) {
  struct fxc_reply r;

  return later_ask(x, type, words, &r) ? r.status : 0xfffffffeU;
}

bool later_answers(struct fxc *x, uint8_t type, const char *request,
    uint8_t answer, const char *words) {
  struct fxc_reply r;
  struct sftp_wr w;
  struct ends ends = { { 0 }, 0 };
  bool same;

  if (!later_ask(x, type, request, &r) || r.type != answer) {
    diag("type %u, status %lu", r.type, (unsigned long) r.status);
    return false;
  }

  sftp_wr_init(&w, x->pool, 256, 65536);
  put_words(&w, words, &ends);
  same = w.len == r.in.left && memcmp(w.ptr, r.in.ptr, w.len) == 0;
  if (!same) {
    char text[1024];

    diag("got    %s", sftp_escape(text, sizeof(text), r.in.ptr, r.in.left));
    diag("wanted %s", sftp_escape(text, sizeof(text), w.ptr, w.len));
  }

  return same;
}

/* ---- Tables */

void later_good_ones_work(unsigned int version, const struct later *rows,
    size_t n) {
  size_t i;

  for (i = 0; i < n; i++) {
    struct fxc *x = later_new(version);
    uint32_t status = later_status(x, rows[i].type, rows[i].words);

    ok(status == SSH_FX_OK || status == 0xffffffffU,
      "version %u: type %u with %s works (%lu)", version, rows[i].type,
      rows[i].words, (unsigned long) status);
    ok(fxc_free(x), "... and the session ends clean");
  }
}

static bool may_end(const struct ends *ends, size_t at) {
  unsigned int i;

  for (i = 0; i < ends->n; i++) {
    if (ends->at[i] == at) {
      return true;
    }
  }

  return false;
}

/* Sends the first len bytes of a built request, from bytes of their own. */
static uint32_t send_part(struct fxc *x, size_t len, size_t more) {
  unsigned char *copy = calloc(1, len + more);
  struct fxc_reply r, rest;
  uint32_t status = 0xfffffffeU;

  if (copy == NULL) {
    bail_out("no memory");
  }

  memcpy(copy, x->w.ptr, len);
  sftp_put_u32(copy, (uint32_t) (len + more - 4));
  x->w.len = 0;
  fxc_feed(x, copy, len + more);
  free(copy);
  if (fxc_next(x, &r) && r.id == x->id && !fxc_next(x, &rest)) {
    status = r.status;
  }

  return status;
}

void later_cut_ones_are_refused(unsigned int version, const struct later *rows,
    size_t n) {
  size_t i;

  for (i = 0; i < n; i++) {
    unsigned int wrong = 0;
    size_t len = 10, at;

    for (at = 9; at <= len; at++) {
      struct fxc *x = later_new(version);
      struct ends ends;
      bool whole;

      build(x, rows[i].type, rows[i].words, &ends);
      len = x->w.len;
      whole = at == len;
      if (!may_end(&ends, at)) {
        uint32_t status = send_part(x, at, whole ? 1 : 0);

        /* What follows the data of a WRITE is swallowed, for rclone. */
        if (status != SSH_FX_BAD_MESSAGE && (!whole ||
            rows[i].type != SSH_FXP_WRITE)) {
          diag("cut at %lu: status %lu", (unsigned long) at,
            (unsigned long) status);
          wrong++;
        }

      } else {
        wrong += send_part(x, at, 0) == SSH_FX_BAD_MESSAGE;
      }

      wrong += !fxc_free(x);
    }

    ok(wrong == 0, "version %u: type %u with %s, cut at each byte and one byte"
      " longer, is malformed", version, rows[i].type, rows[i].words);
  }
}

void later_flipped_ones_are_answered(unsigned int version,
    const struct later *rows, size_t n) {
  unsigned int wrong = 0;
  size_t i;

  for (i = 0; i < n; i++) {
    size_t len = 10, bit;

    for (bit = 9 * 8; bit < len * 8; bit++) {
      struct fxc *x = later_new(version);
      struct ends ends;

      build(x, rows[i].type, rows[i].words, &ends);
      len = x->w.len;
      x->w.ptr[bit / 8] ^= (unsigned char) (1U << bit % 8);
      wrong += send_part(x, len, 0) == 0xfffffffeU;
      wrong += !fxc_free(x);
    }
  }

  ok(wrong == 0, "version %u: with any bit turned there is one answer, and the"
    " session ends clean", version);
}

void later_others_are_unknown(unsigned int version, const uint8_t *types,
    size_t n) {
  size_t i;

  for (i = 0; i < n; i++) {
    struct fxc *x = later_new(version);

    is_int(later_status(x, types[i], "s/a s/z b0"), SSH_FX_OP_UNSUPPORTED,
      "version %u has no request of type %u", version, types[i]);
    (void) fxc_free(x);
  }
}
