/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* target.h -- shared by all fuzz targets: the entry point, a promise that ends
 * the program when it is broken, and random bytes that are the same for the
 * same input, so that a finding can be reproduced from its file.
 */

#ifndef MOD_SFTP_FUZZ_TARGET_H
#define MOD_SFTP_FUZZ_TARGET_H

#include <stdint.h>

#include "crypto.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* The linker puts it in the place of the system's (Makefile). */
ssize_t __wrap_getrandom(void *buf, size_t n, unsigned int flags);

/* What a target does with one input; always 0. */
static int one_input(const uint8_t *data, size_t size);

static uint64_t chance;

ssize_t __wrap_getrandom(void *buf, size_t n, unsigned int flags) {
  unsigned char *p = buf;
  size_t i;

  (void) flags;
  for (i = 0; i < n; i++) {
    chance = chance * 6364136223846793005U + 1442695040888963407U;
    p[i] = (unsigned char) (chance >> 56);
  }

  return (ssize_t) n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  chance = size;
  return one_input(data, size);
}

static inline void must(bool cond) {
  if (!cond) {
    abort();
  }
}

typedef void (*fuzz_parser)(pool *p, struct sftp_str in);

/* For targets of several parsers: the first byte chooses, the rest is read. */
static inline void fuzz_one_of(const fuzz_parser *parsers, size_t count,
    const uint8_t *data, size_t size) {
  struct sftp_str in;
  pool *p;

  if (size < 1 || sftp_crypto_init() != SFTP_OK) {
    return;
  }

  p = make_sub_pool(permanent_pool);
  in.ptr = data + 1;
  in.len = size - 1;
  parsers[data[0] % count](p, in);
  destroy_pool(p);
}

#endif /* MOD_SFTP_FUZZ_TARGET_H */
