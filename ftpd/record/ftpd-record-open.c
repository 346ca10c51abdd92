/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-open.c -- the transfers of a session that have begun, in the
 * memory that it shares with the recorder.
 */

#include "ftpd-record-open.h"

#include "ftpd-lines.h"

#include <sys/mman.h>

static struct record_opens *opens;      /* NULL: nobody reads it */
static struct record_open unlisted;     /* stands for those without room */

int ftpd_record_open_new(void) {
  int fd = memfd_create("sftp-record", MFD_CLOEXEC);
  void *at;

  if (fd < 0) {
    return -1;
  }

  at = ftruncate(fd, sizeof(*opens)) == 0 ? mmap(NULL, sizeof(*opens),
    PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (at == MAP_FAILED) {
    (void) close(fd);
    return -1;
  }

  opens = at;
  return fd;
}

static struct record_open *find_room(void) {
  unsigned int i;

  for (i = 0; i < RECORD_OPEN_MAX; i++) {
    if (atomic_load(&opens->files[i].ways) == 0) {
      if (i >= atomic_load(&opens->nfiles)) {
        atomic_store(&opens->nfiles, i + 1);
      }

      return &opens->files[i];
    }
  }

  return NULL;
}

struct record_open *ftpd_record_open_add(const char *path,
    const char *protocol, unsigned int ways, bool counts) {
  uint64_t moved = counts ? 0 : RECORD_NOT_KNOWN;
  struct record_open *o;

  if (opens == NULL || path == NULL) {
    return NULL;
  }

  o = find_room();
  if (o == NULL) {
    atomic_fetch_add(&opens->nmore, 1);
    return &unlisted;
  }

  sstrncpy(o->path, path, sizeof(o->path));
  sstrncpy(o->protocol, protocol, sizeof(o->protocol));
  o->begun_us = sftp_now_us();
  memset(o->offset, 0, sizeof(o->offset));
  atomic_store(&o->moved[WAY_READ], moved);
  atomic_store(&o->moved[WAY_WRITE], moved);
  atomic_store(&o->ways, (unsigned char) ways);
  return o;
}

void ftpd_record_open_end(struct record_open **o, unsigned int ways) {
  if (*o == &unlisted) {
    atomic_fetch_sub(&opens->nmore, 1);
    *o = NULL;

  } else if (*o != NULL) {
    atomic_fetch_and(&(*o)->ways, (unsigned char) ~ways);
  }
}
