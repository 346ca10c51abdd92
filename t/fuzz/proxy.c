/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: the header of a load balancer, as it arrives
 * byte by byte.
 */

#include "proxy-header.h"
#include "target.h"

static int one_input(const uint8_t *data, size_t size) {
  struct sftp_proxy whole, part;
  const char *why;
  int res = sftp_proxy_parse(data, size, &whole, &why), sooner;
  size_t n;

  must((res < 0) == (why != NULL));
  must(res != 0 || size < SFTP_PROXY_MAX);
  if (res != 1) {
    return 0;
  }

  must(sftp_proxy_begins(data, size));
  must(whole.len <= size && whole.len <= SFTP_PROXY_MAX && whole.port < 65536);

  /* The header ends at its last byte and no sooner, whatever follows. */
  for (n = 0; n <= whole.len; n++) {
    uint8_t *exact = malloc(n > 0 ? n : 1);

    must(exact != NULL);
    memcpy(exact, data, n);
    sooner = sftp_proxy_parse(exact, n, &part, &why);
    must(sooner == (n == whole.len));
    free(exact);
  }

  must(memcmp(&whole, &part, sizeof(whole)) == 0);
  return 0;
}
