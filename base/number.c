/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* number.c -- numbers and switches in the words of an administrator. */

#include "number.h"

#include <ctype.h>
#include <strings.h>

bool sftp_number(const char *text, uint64_t min, uint64_t max, uint64_t *n) {
  char *end = NULL;

  if (!isdigit((unsigned char) *text)) {
    return false;
  }

  errno = 0;
  *n = strtoull(text, &end, 10);
  return errno == 0 && *end == '\0' && *n >= min && *n <= max;
}

bool sftp_bytes(pool *p, const char *text, unsigned int bare, uint64_t max,
    uint64_t *n) {
  const struct { const char *unit; unsigned int shift; } units[] = {
    { "GB", 30 }, { "MB", 20 }, { "KB", 10 }, { "B", 0 }, { "", bare }
  };
  size_t digits = strspn(text, "0123456789"), i;
  const char *number = pstrndup(p, text, digits);

  for (i = 0; i < SFTP_NELEMS(units); i++) {
    if (strcasecmp(text + digits, units[i].unit) == 0) {
      if (!sftp_number(number, 1, max >> units[i].shift, n)) {
        return false;
      }

      *n <<= units[i].shift;
      return true;
    }
  }

  return false;
}

int sftp_boolean(const char *text) {
  static const char *const words[][2] = {
    { "off", "on" }, { "no", "yes" }, { "false", "true" }, { "0", "1" }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(words); i++) {
    if (strcasecmp(text, words[i][0]) == 0) {
      return 0;
    }

    if (strcasecmp(text, words[i][1]) == 0) {
      return 1;
    }
  }

  return -1;
}
