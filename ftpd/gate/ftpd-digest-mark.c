/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-mark.c -- SFTPTransferDigest: sessions that write one file at a
 * time notice each other, whatever they do to its times.
 *
 * Each sets a mark of its own before its first byte, and has a shared lock as
 * long as the file is open.  One that came later has replaced the mark; one
 * that has ended took it away, unless it was alone; one that was there before
 * still has the lock.  Uploads by FTP, and changes of the size by path, take it
 * away before and afterwards.
 */

#include "ftpd-digest-mark.h"
#include "ftpd-digest-receipt.h"

#include <sodium.h>
#include <sys/file.h>
#include <sys/xattr.h>

#define WORD "writing "

void ftpd_mark_set(struct ftpd_mark *m, int fd) {
  unsigned char id[16];
  char hex[2 * sizeof(id) + 1];

  m->alone = flock(fd, LOCK_SH|LOCK_NB) == 0;
  randombytes_buf(id, sizeof(id));
  (void) sodium_bin2hex(hex, sizeof(hex), id, sizeof(id));
  snprintf(m->text, sizeof(m->text), WORD "%s", hex);
  /* A mode without w: only times tell. */
  m->set = true;
  if (fsetxattr(fd, FTPD_RECEIPT_NAME, m->text, strlen(m->text), 0) < 0) {
    *m->text = '\0';
    m->set = errno != ENOTSUP && errno != ENOSYS && errno != EPERM &&
      errno != EACCES;
  }
}

bool ftpd_mark_read(int fd, char *text, size_t size) {
  ssize_t n = fgetxattr(fd, FTPD_RECEIPT_NAME, text, size - 1);

  text[n > 0 ? n : 0] = '\0';
  return n > 0;
}

/* The mark comes first: who finds another one has the lock until it has taken
 * that away.
 */
bool ftpd_mark_is_kept(const struct ftpd_mark *m, int fd) {
  char text[sizeof(m->text) + 1];

  if (!m->set) {
    return true;
  }

  if (*m->text == '\0' || !m->alone ||
      !ftpd_mark_read(fd, text, sizeof(text))) {
    return false;
  }

  return strcmp(text, m->text) == 0 && flock(fd, LOCK_EX|LOCK_NB) == 0;
}
