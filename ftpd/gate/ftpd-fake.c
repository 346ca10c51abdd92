/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-fake.c -- DirFakeUser, DirFakeGroup and DirFakeMode. */

#include "ftpd-fake.h"
#include "ftpd-files.h"

#define FAKE_MS 1000            /* a directory's directives are read again */

struct fake_cache {
  char dir[PR_TUNABLE_PATH_MAX + 1];    /* "" for the root */
  struct fake fake;                     /* what holds there ... */
  uint64_t until_ms;                    /* ... until then */
};

static struct fake_cache *cache_of(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->fakes == NULL) {
    s->fakes = pcalloc(s->pool, sizeof(*s->fakes));
  }

  return s->fakes;
}

void ftpd_fake_of(struct ftpd *h, const char *dir, struct fake *fake) {
  pool *p = make_sub_pool(ftpd_files_of(h)->pool);
  xaset_t *set = get_dir_ctxt(p, (char *) dir);
  config_rec *c;
  mode_t *mode;

  memset(fake, 0, sizeof(*fake));
  c = find_config(set, CONF_PARAM, "DirFakeUser", FALSE);
  if (c != NULL && c->argc > 0 && c->argv[0] != NULL) {
    fake->uid = strcmp(c->argv[0], "~") == 0 ? session.uid :
      pr_auth_name2uid(p, c->argv[0]);
    fake->has_uid = fake->uid != (uid_t) -1;
  }

  c = find_config(set, CONF_PARAM, "DirFakeGroup", FALSE);
  if (c != NULL && c->argc > 0 && c->argv[0] != NULL) {
    fake->gid = strcmp(c->argv[0], "~") == 0 ? session.gid :
      pr_auth_name2gid(p, c->argv[0]);
    fake->has_gid = fake->gid != (gid_t) -1;
  }

  mode = get_param_ptr(set, "DirFakeMode", FALSE);
  if (mode != NULL) {
    fake->mode = *mode & 07777;
    fake->has_mode = true;
  }

  destroy_pool(p);
}

void ftpd_fake_apply(const struct fake *fake, struct stat *st) {
  if (fake->has_uid) {
    st->st_uid = fake->uid;
  }

  if (fake->has_gid) {
    st->st_gid = fake->gid;
  }

  if (fake->has_mode) {
    mode_t mode = fake->mode;

    if (S_ISDIR(st->st_mode)) {
      mode |= (mode & 0444) >> 2;
    }

    st->st_mode = (st->st_mode & S_IFMT) | mode;
  }
}

void ftpd_fake_stat(struct ftpd *h, const char *path, struct stat *st) {
  struct fake_cache *s = cache_of(h);
  const char *slash = strrchr(path, '/');
  size_t n = slash != NULL && slash != path ? (size_t) (slash - path) : 0;
  uint64_t now = ftpd_coarse_ms();

  if (now >= s->until_ms || strlen(s->dir) != n ||
      memcmp(s->dir, path, n) != 0) {
    if (n >= sizeof(s->dir)) {
      return;
    }

    memcpy(s->dir, path, n);
    s->dir[n] = '\0';
    ftpd_fake_of(h, n > 0 ? s->dir : "/", &s->fake);
    s->until_ms = now + FAKE_MS;
  }

  ftpd_fake_apply(&s->fake, st);
}
