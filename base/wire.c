/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* wire.c -- reading and writing the data types of RFC 4251, section 5. */

#include "wire.h"

#define MPINT_MAX_BYTES (16384 / 8)

/* The empty value of every getter: readable, of no length. */
static const unsigned char nothing[1];

/* ---- Reading */

void sftp_rd_init(struct sftp_rd *r, const void *ptr, size_t len) {
  r->ptr = len > 0 ? ptr : nothing;
  r->left = len;
  r->err = SFTP_OK;
}

void sftp_rd_init_str(struct sftp_rd *r, struct sftp_str s) {
  sftp_rd_init(r, s.ptr, s.len);
}

void sftp_rd_fail(struct sftp_rd *r, int err) {
  if (r->err == SFTP_OK) {
    r->err = err;
  }
}

/* The only place that moves the read position. */
static const unsigned char *rd_take(struct sftp_rd *r, size_t n) {
  const unsigned char *p = r->ptr;

  if (r->err != SFTP_OK || n > r->left) {
    sftp_rd_fail(r, SFTP_ERR_SHORT);
    return NULL;
  }

  r->ptr += n;
  r->left -= n;
  return p;
}

uint8_t sftp_rd_u8(struct sftp_rd *r) {
  const unsigned char *p = rd_take(r, 1);

  return p != NULL ? p[0] : 0;
}

bool sftp_rd_bool(struct sftp_rd *r) {
  /* RFC 4251, section 5: every non-zero value is TRUE. */
  return sftp_rd_u8(r) != 0;
}

uint32_t sftp_rd_u32(struct sftp_rd *r) {
  const unsigned char *p = rd_take(r, 4);

  return p != NULL ? sftp_get_u32(p) : 0;
}

uint64_t sftp_rd_u64(struct sftp_rd *r) {
  const unsigned char *p = rd_take(r, 8);

  return p != NULL ? sftp_get_u64(p) : 0;
}

struct sftp_str sftp_rd_bytes(struct sftp_rd *r, size_t len) {
  const unsigned char *p = rd_take(r, len);
  struct sftp_str s = { nothing, 0 };

  if (p != NULL && len > 0) {
    s.ptr = p;
    s.len = len;
  }

  return s;
}

struct sftp_str sftp_rd_string(struct sftp_rd *r) {
  size_t len = sftp_rd_u32(r);

  return sftp_rd_bytes(r, len);
}

struct sftp_str sftp_rd_rest(struct sftp_rd *r) {
  return sftp_rd_bytes(r, r->left);
}

struct sftp_str sftp_rd_mpint(struct sftp_rd *r) {
  struct sftp_str none = { nothing, 0 }, s = sftp_rd_string(r);

  if (r->err != SFTP_OK || s.len == 0) {
    return none;
  }

  if (s.len > MPINT_MAX_BYTES + 1) {
    sftp_rd_fail(r, SFTP_ERR_LIMIT);
    return none;
  }

  if ((s.ptr[0] & 0x80) != 0) {
    sftp_rd_fail(r, SFTP_ERR_FORMAT);   /* negative */
    return none;
  }

  if (s.ptr[0] == 0) {
    if (s.len == 1 || (s.ptr[1] & 0x80) == 0) {
      sftp_rd_fail(r, SFTP_ERR_FORMAT); /* superfluous zero */
      return none;
    }

    s.ptr++;
    s.len--;
  }

  if (s.len > MPINT_MAX_BYTES) {
    sftp_rd_fail(r, SFTP_ERR_LIMIT);
    return none;
  }

  return s;
}

const char *sftp_rd_text(struct sftp_rd *r, pool *p) {
  struct sftp_str s = sftp_rd_string(r);

  if (r->err != SFTP_OK) {
    return "";
  }

  if (s.len > 0 && memchr(s.ptr, '\0', s.len) != NULL) {
    sftp_rd_fail(r, SFTP_ERR_FORMAT);
    return "";
  }

  return sftp_str_dup(p, s);
}

int sftp_rd_end(struct sftp_rd *r) {
  if (r->left > 0) {
    sftp_rd_fail(r, SFTP_ERR_EXTRA);
  }

  return r->err;
}

int sftp_rd_ok(const struct sftp_rd *r) {
  return r->err;
}

/* ---- Strings */

bool sftp_str_is(struct sftp_str s, const char *text) {
  size_t len = strlen(text);

  return s.len == len && memcmp(s.ptr, text, len) == 0;
}

bool sftp_str_same(struct sftp_str a, struct sftp_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

struct sftp_str sftp_str_of(const char *text) {
  struct sftp_str s = { (const unsigned char *) text, strlen(text) };

  return s;
}

char *sftp_str_dup(pool *p, struct sftp_str s) {
  char *copy = palloc(p, s.len + 1);

  if (s.len > 0) {
    memcpy(copy, s.ptr, s.len);
  }

  copy[s.len] = '\0';
  return copy;
}

struct sftp_str sftp_str_copy(pool *p, struct sftp_str s) {
  struct sftp_str copy;

  copy.ptr = (const unsigned char *) sftp_str_dup(p, s);
  copy.len = s.len;
  return copy;
}

/* ---- Writing */

void sftp_wr_init_fixed(struct sftp_wr *w, void *ptr, size_t size) {
  w->ptr = ptr;
  w->len = 0;
  w->size = w->max = size;
  w->pool = NULL;
  w->err = SFTP_OK;
}

void sftp_wr_init(struct sftp_wr *w, pool *p, size_t size, size_t max) {
  sftp_wr_init_fixed(w, NULL, 0);
  w->pool = p;
  w->max = max;
  w->size = size < max ? size : max;
  w->ptr = palloc(p, w->size > 0 ? w->size : 1);
}

void sftp_wr_fail(struct sftp_wr *w, int err) {
  if (w->err == SFTP_OK) {
    w->err = err;
  }
}

static void wr_grow(struct sftp_wr *w, size_t need) {
  unsigned char *bigger;
  size_t size = w->size > 32 ? w->size : 32;

  while (size < need) {
    size *= 2;
  }

  if (size > w->max) {
    size = w->max;
  }

  bigger = palloc(w->pool, size);
  if (w->len > 0) {
    memcpy(bigger, w->ptr, w->len);
    sftp_wipe(w->ptr, w->len);
  }

  w->ptr = bigger;
  w->size = size;
}

/* The only place that moves the write position. */
static unsigned char *wr_put(struct sftp_wr *w, size_t n) {
  unsigned char *p;

  if (w->err != SFTP_OK) {
    return NULL;
  }

  if (n > w->max - w->len) {
    w->err = SFTP_ERR_LIMIT;
    return NULL;
  }

  if (n > w->size - w->len) {
    wr_grow(w, w->len + n);
  }

  p = w->ptr + w->len;
  w->len += n;
  return p;
}

void sftp_wr_u8(struct sftp_wr *w, uint8_t v) {
  unsigned char *p = wr_put(w, 1);

  if (p != NULL) {
    p[0] = v;
  }
}

void sftp_wr_bool(struct sftp_wr *w, bool v) {
  sftp_wr_u8(w, v ? 1 : 0);
}

void sftp_wr_u32(struct sftp_wr *w, uint32_t v) {
  unsigned char *p = wr_put(w, 4);

  if (p != NULL) {
    sftp_put_u32(p, v);
  }
}

void sftp_wr_u64(struct sftp_wr *w, uint64_t v) {
  unsigned char *p = wr_put(w, 8);

  if (p != NULL) {
    sftp_put_u64(p, v);
  }
}

void sftp_wr_bytes(struct sftp_wr *w, const void *ptr, size_t len) {
  unsigned char *p = wr_put(w, len);

  if (p != NULL && len > 0) {
    memcpy(p, ptr, len);
  }
}

void sftp_wr_string(struct sftp_wr *w, const void *ptr, size_t len) {
  if (len > UINT32_MAX) {
    sftp_wr_fail(w, SFTP_ERR_LIMIT);
    return;
  }

  sftp_wr_u32(w, (uint32_t) len);
  sftp_wr_bytes(w, ptr, len);
}

void sftp_wr_str(struct sftp_wr *w, struct sftp_str s) {
  sftp_wr_string(w, s.ptr, s.len);
}

void sftp_wr_text(struct sftp_wr *w, const char *text) {
  sftp_wr_string(w, text, strlen(text));
}

void sftp_wr_mpint(struct sftp_wr *w, const void *ptr, size_t len) {
  const unsigned char *p = ptr;
  bool pad;

  while (len > 0 && p[0] == 0) {
    p++;
    len--;
  }

  /* The sign bit must be clear: RFC 4251, section 5. */
  pad = len > 0 && (p[0] & 0x80) != 0;
  sftp_wr_u32(w, (uint32_t) (len + (pad ? 1 : 0)));
  if (pad) {
    sftp_wr_u8(w, 0);
  }

  sftp_wr_bytes(w, p, len);
}

size_t sftp_wr_begin(struct sftp_wr *w) {
  sftp_wr_u32(w, 0);
  return w->len;
}

void sftp_wr_finish(struct sftp_wr *w, size_t mark) {
  if (w->err == SFTP_OK) {
    sftp_put_u32(w->ptr + mark - 4, (uint32_t) (w->len - mark));
  }
}

int sftp_wr_end(const struct sftp_wr *w) {
  return w->err;
}

struct sftp_str sftp_wr_get(const struct sftp_wr *w) {
  struct sftp_str s = { w->len > 0 ? w->ptr : nothing, w->len };

  return s;
}

void sftp_wr_wipe(struct sftp_wr *w) {
  if (w->len > 0) {
    sftp_wipe(w->ptr, w->len);
  }

  w->len = 0;
}
