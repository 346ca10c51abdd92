/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-frame.c -- splits the bytes of a channel into requests. */

#include "fxp-frame.h"
#include "fxp-limits.h"
#include "fxp-session.h"
#include "fxp-write.h"

/* The length field of a request; 0 when it ends the channel. */
static size_t check_length(struct fxp *f, const unsigned char *p) {
  uint32_t len = sftp_get_u32(p);

  if (len < FXP_REQUEST_MIN) {
    sftp_log("SFTP request of %lu bytes is too short",
      (unsigned long) len);
    f->err = SFTP_ERR_SHORT;
    return 0;
  }

  if (len > FXP_REQUEST_MAX) {
    sftp_log("SFTP request of %lu bytes is longer than the limit of %lu",
      (unsigned long) len, (unsigned long) FXP_REQUEST_MAX);
    f->err = SFTP_ERR_LIMIT;
    return 0;
  }

  return len;
}

size_t fxp_frame_next(struct fxp *f, const unsigned char *p, size_t n,
    struct sftp_str *whole) {
  size_t len, used;

  whole->ptr = NULL;
  whole->len = 0;
  if (n < 5) {
    f->need = n >= 4 ? 1 : 0;
    return 0;
  }

  len = check_length(f, p);
  if (len == 0) {
    return 0;
  }

  if (f->version == 0 && p[4] != SSH_FXP_INIT) {
    sftp_log("SFTP request of type %u before INIT", p[4]);
    f->err = SFTP_ERR_ORDER;
    return 0;
  }

  if (p[4] == SSH_FXP_WRITE) {
    used = fxp_write_header(f, p + 4, n - 4, len);
    f->need = used > 0 ? 0 : 4 + len - n;
    return used > 0 ? 4 + used : 0;
  }

  if (n - 4 < len) {
    f->need = 4 + len - n;
    return 0;
  }

  whole->ptr = p + 4;
  whole->len = len;
  return 4 + len;
}
