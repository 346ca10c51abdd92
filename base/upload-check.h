/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* upload-check.h -- what passes between a session and sftp-check, the program
 * that runs its checks of uploads (SFTPUploadCheck).
 *
 *   sftp-check PROTOCOL UID GID USER N
 *
 * Descriptor 3 is the session's, a pair of sockets that keep messages apart.
 * First come N messages, one for each check that may be run; then questions,
 * and an answer to each.  Both programs are of one machine and one build.
 */

#ifndef MOD_SFTP_UPLOAD_CHECK_H
#define MOD_SFTP_UPLOAD_CHECK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define UPLOAD_CHECK_PROGRAM "sftp-check"
/* Changes with these messages. */
#define UPLOAD_CHECK_PROTOCOL "1"
#define UPLOAD_CHECK_SOCK 3
#define UPLOAD_CHECKS_MAX 256

/* In the words of a check: where the path and the size of an upload go. */
#define UPLOAD_CHECK_PATH '\001'
#define UPLOAD_CHECK_SIZE '\002'

/* A check.  Its words follow, each with a NUL, the program first; none: it
 * refuses.
 */
struct upload_check_begin {
  uint32_t secs;
};

#define UPLOAD_CHECK_WORDS_BYTES 65536

/* About an upload, with its file; sent up to the NUL of the path. */
struct upload_check_question {
  uint64_t id;
  int64_t size;
  uint32_t which;               /* of the checks */
  char path[PATH_MAX];
};

struct upload_check_answer {
  uint64_t id;
  bool accepted;
  char line[512];
};

#endif /* MOD_SFTP_UPLOAD_CHECK_H */
