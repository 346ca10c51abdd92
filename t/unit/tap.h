/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* tap.h -- what unit tests say, in the Test Anything Protocol.
 *
 * A test program calls ok() and its friends and ends with
 * `return done_testing();'.  Every check returns its own result.
 */

#ifndef MOD_SFTP_TAP_H
#define MOD_SFTP_TAP_H

#include <stdbool.h>
#include <stddef.h>

#define T_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Optional: how many checks will come. */
void plan(unsigned int n);
/* The whole program has nothing to do here; does not return. */
void skip_all(const char *fmt, ...) T_PRINTF(1, 2)
  __attribute__((noreturn));
/* Prints the plan if there was none; the exit status of the program. */
int done_testing(void);

void diag(const char *fmt, ...) T_PRINTF(1, 2);
/* One check that cannot be made here. */
void skip(const char *fmt, ...) T_PRINTF(1, 2);
/* Ends the program at once, as failed. */
void bail_out(const char *fmt, ...) T_PRINTF(1, 2) __attribute__((noreturn));

/* ok(condition, "promise %d", n) */
#define ok(cond, ...) t_ok((cond), __FILE__, __LINE__, #cond, __VA_ARGS__)
/* is_int(got, wanted, "promise"): any integers */
#define is_int(got, want, ...) \
  t_is_int((long long) (got), (long long) (want), __FILE__, __LINE__, \
    __VA_ARGS__)
/* is_str(got, wanted, "promise"): NUL-terminated text, NULL allowed */
#define is_str(got, want, ...) \
  t_is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)
/* is_mem(got, gotlen, wanted, wantedlen, "promise") */
#define is_mem(got, gotlen, want, wantlen, ...) \
  t_is_mem((got), (gotlen), (want), (wantlen), __FILE__, __LINE__, \
    __VA_ARGS__)

bool t_ok(bool good, const char *file, int line, const char *expr,
  const char *fmt, ...) T_PRINTF(5, 6);
bool t_is_int(long long got, long long want, const char *file, int line,
  const char *fmt, ...) T_PRINTF(5, 6);
bool t_is_str(const char *got, const char *want, const char *file, int line,
  const char *fmt, ...) T_PRINTF(5, 6);
bool t_is_mem(const void *got, size_t gotlen, const void *want,
  size_t wantlen, const char *file, int line, const char *fmt, ...)
  T_PRINTF(7, 8);

/* A copy in a malloc'd block of exactly n bytes, so that a sanitizer sees the
 * first byte read too far (a pool would hide it).  The caller frees it.
 */
void *t_exact_copy(const void *p, size_t n);

/* The bytes of hexadecimal text (white space is ignored) in a malloc'd block
 * of exactly that size; *len may be NULL.  The caller frees it.
 */
unsigned char *t_hex(const char *hex, size_t *len);

/* Bytes that depend on seed alone: the same in every run. */
void t_fill(void *p, size_t n, unsigned int seed);

#endif /* MOD_SFTP_TAP_H */
