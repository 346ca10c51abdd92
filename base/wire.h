/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* wire.h -- the data types of RFC 4251, section 5.
 *
 * A reader reads borrowed bytes; a writer fills borrowed bytes, or grows bytes
 * in a pool up to a maximum.  Both remember their first error: from then on
 * getters return zero or empty and putters do nothing.  So a message can be
 * decoded or built straight through and checked once, at the end.
 *
 * Units: every length is in bytes.  Integers are big-endian on the wire.
 * Errors: SFTP_OK or a negative SFTP_ERR_*; nothing here logs.  Ownership: a
 * struct sftp_str points into the message and is valid as long as the message;
 * to keep it longer, copy it into a longer-lived pool.
 */

#ifndef MOD_SFTP_WIRE_H
#define MOD_SFTP_WIRE_H

#include "base.h"

struct sftp_str {
  const unsigned char *ptr;     /* never NULL from a getter */
  size_t len;
};

/* ---- Reading */

struct sftp_rd {
  const unsigned char *ptr;     /* next unread byte */
  size_t left;                  /* bytes not yet read */
  int err;                      /* first error met, or SFTP_OK */
};

void sftp_rd_init(struct sftp_rd *r, const void *ptr, size_t len);
void sftp_rd_init_str(struct sftp_rd *r, struct sftp_str s);

uint8_t sftp_rd_u8(struct sftp_rd *r);
bool sftp_rd_bool(struct sftp_rd *r);
uint32_t sftp_rd_u32(struct sftp_rd *r);
uint64_t sftp_rd_u64(struct sftp_rd *r);
struct sftp_str sftp_rd_bytes(struct sftp_rd *r, size_t len);
struct sftp_str sftp_rd_string(struct sftp_rd *r);
/* All remaining bytes; the reader is then at its end. */
struct sftp_str sftp_rd_rest(struct sftp_rd *r);

/* A non-negative mpint: its magnitude without leading zeros.  Negative
 * values, superfluous leading zeros and more than 16384 bits are FORMAT or
 * LIMIT errors.
 */
struct sftp_str sftp_rd_mpint(struct sftp_rd *r);

/* A string as a NUL-terminated copy in the pool.  A NUL inside is a FORMAT
 * error: text that C would cut short is never accepted.
 */
const char *sftp_rd_text(struct sftp_rd *r, pool *p);

/* Records err unless there is an earlier one. */
void sftp_rd_fail(struct sftp_rd *r, int err);

/* Ends a message: the first error, else SFTP_ERR_EXTRA if bytes remain. */
int sftp_rd_end(struct sftp_rd *r) SFTP_MUST_CHECK;
/* The same where more data may follow: only the first error. */
int sftp_rd_ok(const struct sftp_rd *r) SFTP_MUST_CHECK;

/* ---- Strings */

bool sftp_str_is(struct sftp_str s, const char *text);
bool sftp_str_same(struct sftp_str a, struct sftp_str b);
struct sftp_str sftp_str_of(const char *text);
/* NUL-terminated copy; the caller knows that s holds no NUL (see rd_text). */
char *sftp_str_dup(pool *p, struct sftp_str s);
struct sftp_str sftp_str_copy(pool *p, struct sftp_str s);

/* ---- Writing */

struct sftp_wr {
  unsigned char *ptr;           /* first byte */
  size_t len;                   /* bytes written */
  size_t size;                  /* bytes available without growing */
  size_t max;                   /* maximum size */
  pool *pool;                   /* NULL: fixed, size == max */
  int err;                      /* first error met, or SFTP_OK */
};

/* A writer over borrowed bytes; SFTP_ERR_LIMIT when they are full. */
void sftp_wr_init_fixed(struct sftp_wr *w, void *ptr, size_t size);
/* Grows in the pool to at most max.  When the buffer moves, the old copy is
 * wiped, because pools do not free memory.
 */
void sftp_wr_init(struct sftp_wr *w, pool *p, size_t size, size_t max);

void sftp_wr_u8(struct sftp_wr *w, uint8_t v);
void sftp_wr_bool(struct sftp_wr *w, bool v);
void sftp_wr_u32(struct sftp_wr *w, uint32_t v);
void sftp_wr_u64(struct sftp_wr *w, uint64_t v);
void sftp_wr_bytes(struct sftp_wr *w, const void *ptr, size_t len);
void sftp_wr_string(struct sftp_wr *w, const void *ptr, size_t len);
void sftp_wr_str(struct sftp_wr *w, struct sftp_str s);
void sftp_wr_text(struct sftp_wr *w, const char *text);
/* An unsigned big-endian number as mpint (RFC 4251, section 5). */
void sftp_wr_mpint(struct sftp_wr *w, const void *ptr, size_t len);

/* A string of unknown length: begin, write its content, end. */
size_t sftp_wr_begin(struct sftp_wr *w);
void sftp_wr_finish(struct sftp_wr *w, size_t mark);

void sftp_wr_fail(struct sftp_wr *w, int err);
int sftp_wr_end(const struct sftp_wr *w) SFTP_MUST_CHECK;
struct sftp_str sftp_wr_get(const struct sftp_wr *w);
/* Wipes what was written and empties the writer. */
void sftp_wr_wipe(struct sftp_wr *w);

/* ---- Plain integers, for code that writes to a known place */

static inline uint32_t sftp_get_u32(const unsigned char *p) {
  return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 |
    (uint32_t) p[2] << 8 | p[3];
}

static inline void sftp_put_u32(unsigned char *p, uint32_t v) {
  p[0] = (unsigned char) (v >> 24);
  p[1] = (unsigned char) (v >> 16);
  p[2] = (unsigned char) (v >> 8);
  p[3] = (unsigned char) v;
}

static inline uint64_t sftp_get_u64(const unsigned char *p) {
  return (uint64_t) sftp_get_u32(p) << 32 | sftp_get_u32(p + 4);
}

static inline void sftp_put_u64(unsigned char *p, uint64_t v) {
  sftp_put_u32(p, (uint32_t) (v >> 32));
  sftp_put_u32(p + 4, (uint32_t) v);
}

#endif /* MOD_SFTP_WIRE_H */
