/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* umac-poly-t.c -- the arithmetic inside UMAC, at the edges that messages
 * reach once in 2^32 times.
 */

#include "../../crypto/mac-umac.c"
#include "tap.h"

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide;

/* RFC 4418, section 5.3.2, literally. */
static uint64_t reference(uint64_t k, uint64_t y, uint64_t m) {
  if (m >= UINT64_C(0xffffffff00000000)) {
    y = (uint64_t) (((wide) k * y + (PRIME64 - 1)) % PRIME64);
    m -= 59;
  }

  return (uint64_t) (((wide) k * y + m) % PRIME64);
}

static void poly_is_the_rfcs(void) {
  static const uint64_t words[] = { 0, 1, 58, 59, UINT32_MAX,
    UINT64_C(0x100000000), UINT64_C(0x7fffffffffffffff),
    UINT64_C(0xfffffffeffffffff), UINT64_C(0xffffffff00000000),
    UINT64_C(0xffffffff0000003a), UINT64_C(0xffffffff0000003b),
    PRIME64 - 1, PRIME64, PRIME64 + 1, UINT64_MAX };
  static const uint64_t keys[] = { 0, 1, UINT64_C(0x1000000),
    UINT64_C(0x0100000000000000), L2_KEY_MASK, UINT64_C(0x0123456701234567) &
    L2_KEY_MASK };
  size_t k, y, m, same = 0, n = 0;

  for (k = 0; k < SFTP_NELEMS(keys); k++) {
    for (y = 0; y < SFTP_NELEMS(words); y++) {
      for (m = 0; m < SFTP_NELEMS(words); m++) {
        uint64_t from = words[y] % PRIME64;

        n++;
        same += poly64(keys[k], from, words[m]) ==
          reference(keys[k], from, words[m]);
      }
    }
  }

  is_int(same, n, "the polynomial is the RFC's at its edges");
}

static void poly_is_the_rfcs_anywhere(void) {
  unsigned int i, same = 0;

  for (i = 0; i < 20000; i++) {
    uint64_t v[3];

    t_fill(v, sizeof(v), i);
    v[0] &= L2_KEY_MASK;
    v[1] %= PRIME64;
    same += poly64(v[0], v[1], v[2]) == reference(v[0], v[1], v[2]);
  }

  is_int(same, 20000, "and anywhere else");
}
#endif

int main(void) {
#ifdef __SIZEOF_INT128__
  poly_is_the_rfcs();
  poly_is_the_rfcs_anywhere();
#else
  skip("no 128-bit integers to compare with");
#endif
  return done_testing();
}
