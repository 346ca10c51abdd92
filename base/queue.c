/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* queue.c -- waiting bytes, first in, first out. */

#include "queue.h"

size_t sftp_queue_len(const struct sftp_queue *q) {
  return q->end - q->start;
}

int sftp_queue_add(struct sftp_queue *q, const void *p, size_t n) {
  if (n > q->size - q->end && q->start > 0) {
    memmove(q->buf, q->buf + q->start, sftp_queue_len(q));
    q->end -= q->start;
    q->start = 0;
  }

  if (n > q->size - q->end) {
    size_t want = q->size > 0 ? q->size : 1024;
    unsigned char *buf;

    while (want < q->end + n) {
      want *= 2;
    }

    buf = realloc(q->buf, want);
    if (buf == NULL) {
      return SFTP_ERR_LIMIT;
    }

    q->buf = buf;
    q->size = want;
  }

  memcpy(q->buf + q->end, p, n);
  q->end += n;
  return SFTP_OK;
}

void sftp_queue_drop(struct sftp_queue *q, size_t n) {
  q->start += n;
  if (q->start == q->end) {
    q->start = q->end = 0;
    if (q->size > SFTP_QUEUE_KEEP) {
      free(q->buf);
      q->buf = NULL;
      q->size = 0;
    }
  }
}

void sftp_queue_free(struct sftp_queue *q) {
  free(q->buf);
  memset(q, 0, sizeof(*q));
}
