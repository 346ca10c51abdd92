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

#include "ftpd-attrs.h"

#define FAKE_MS 1000            /* after this time, a directory's directives
                                 * are read again */

/* Names without an account get ids that no account has. */
#define NO_ONE 0x7f000000U
#define NO_ONES 32

struct fake_cache {
  const char *names[NO_ONES];           /* of the ids from NO_ONE on */
  unsigned int nnames;
  char dir[PR_TUNABLE_PATH_MAX + 1];    /* "" for the root */
  struct fake fake;                     /* its values ... */
  uint64_t until_ms;                    /* ... which are valid until then */
};

static struct fake_cache *cache_of(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->fakes == NULL) {
    s->fakes = pcalloc(s->pool, sizeof(*s->fakes));
  }

  return s->fakes;
}

bool ftpd_fake_id(struct ftpd *h, const char *name, uint32_t *id) {
  const struct fake_cache *s = cache_of(h);
  unsigned int i;

  for (i = 0; i < s->nnames; i++) {
    if (strcmp(s->names[i], name) == 0) {
      *id = NO_ONE + i;
      return true;
    }
  }

  return false;
}

const char *ftpd_fake_name(struct ftpd *h, uint32_t id) {
  const struct fake_cache *s = cache_of(h);

  return id - NO_ONE < s->nnames ? s->names[id - NO_ONE] : NULL;
}

/* An id for a name without an account; false if there are too many. */
static bool new_id(struct ftpd *h, const char *name, uint32_t *id) {
  struct fake_cache *s = cache_of(h);

  if (!ftpd_fake_id(h, name, id)) {
    if (s->nnames == NO_ONES) {
      return false;
    }

    *id = NO_ONE + s->nnames;
    s->names[s->nnames++] = pstrdup(ftpd_files_of(h)->pool, name);
  }

  return true;
}

/* The id of the user or group to show. */
static bool shown_id(struct ftpd *h, pool *p, const char *name, bool user,
    uint32_t *id) {
  if (strcmp(name, "~") == 0) {
    *id = user ? (uint32_t) session.uid : (uint32_t) session.gid;
    return true;
  }

  *id = user ? (uint32_t) pr_auth_name2uid(p, name) :
    (uint32_t) pr_auth_name2gid(p, name);
  return *id != UINT32_MAX || new_id(h, name, id);
}

void ftpd_fake_of(struct ftpd *h, const char *dir, struct fake *fake) {
  pool *p = make_sub_pool(ftpd_files_of(h)->pool);
  xaset_t *set = get_dir_ctxt(p, (char *) dir);
  config_rec *c;
  mode_t *mode;
  uint32_t id;

  memset(fake, 0, sizeof(*fake));
  c = find_config(set, CONF_PARAM, "DirFakeUser", FALSE);
  if (c != NULL && c->argc > 0 && c->argv[0] != NULL) {
    fake->has_uid = shown_id(h, p, c->argv[0], true, &id);
    fake->uid = (uid_t) id;
  }

  c = find_config(set, CONF_PARAM, "DirFakeGroup", FALSE);
  if (c != NULL && c->argc > 0 && c->argv[0] != NULL) {
    fake->has_gid = shown_id(h, p, c->argv[0], false, &id);
    fake->gid = (gid_t) id;
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
