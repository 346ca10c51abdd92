/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* queue.h -- waiting bytes, first in, first out. */

#ifndef MOD_SFTP_QUEUE_H
#define MOD_SFTP_QUEUE_H

#include "base.h"

struct sftp_queue {
  unsigned char *buf;
  size_t start, end, size;
};

/* An empty queue frees memory beyond this size. */
#define SFTP_QUEUE_KEEP (64 * 1024)

size_t sftp_queue_len(const struct sftp_queue *q);
/* Appends n bytes; this may move the content of the queue.  SFTP_ERR_LIMIT if
 * there is no memory.  The caller limits the length of the queue.
 */
int sftp_queue_add(struct sftp_queue *q, const void *p, size_t n)
  SFTP_MUST_CHECK;
/* Removes n bytes from the front. */
void sftp_queue_drop(struct sftp_queue *q, size_t n);
void sftp_queue_free(struct sftp_queue *q);

#endif /* MOD_SFTP_QUEUE_H */
