/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* queue.h -- bytes that wait, first in, first out. */

#ifndef MOD_SFTP_QUEUE_H
#define MOD_SFTP_QUEUE_H

#include "base.h"

struct sftp_queue {
  unsigned char *buf;
  size_t start, end, size;
};

/* An empty queue gives memory beyond this back. */
#define SFTP_QUEUE_KEEP (64 * 1024)

size_t sftp_queue_len(const struct sftp_queue *q);
/* Appends n bytes; what is in the queue may move.  SFTP_ERR_LIMIT when there
 * is no memory.  How much may wait is for the caller to bound.
 */
int sftp_queue_add(struct sftp_queue *q, const void *p, size_t n)
  SFTP_MUST_CHECK;
/* Takes n bytes off the front. */
void sftp_queue_drop(struct sftp_queue *q, size_t n);
void sftp_queue_free(struct sftp_queue *q);

#endif /* MOD_SFTP_QUEUE_H */
