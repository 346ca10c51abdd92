/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-uploads.c -- files that the session created: clients may look at their
 * uploads even where they may not look at other files.
 */

#include "ftpd-files.h"
#include "ftpd-uploads.h"

#define UPLOADS_MAX 128         /* maximum number of remembered files */

struct upload_cache {
  struct { dev_t dev; ino_t ino; } made[UPLOADS_MAX];
  unsigned int n;               /* number of recorded files */
};

void ftpd_upload_note(struct ftpd *h, const struct stat *st) {
  struct ftpd_files *s = ftpd_files_of(h);
  unsigned int at;

  if (s->uploads == NULL) {
    s->uploads = pcalloc(s->pool, sizeof(*s->uploads));
  }

  at = s->uploads->n++ % UPLOADS_MAX;
  s->uploads->made[at].dev = st->st_dev;
  s->uploads->made[at].ino = st->st_ino;
}

bool ftpd_upload_is(struct ftpd *h, const struct stat *st) {
  const struct upload_cache *u = ftpd_files_of(h)->uploads;
  unsigned int i;

  for (i = 0; u != NULL && i < u->n && i < UPLOADS_MAX; i++) {
    if (u->made[i].dev == st->st_dev && u->made[i].ino == st->st_ino) {
      return true;
    }
  }

  return false;
}
