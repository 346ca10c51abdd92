/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-owners.c -- whose files are, and how: names of users and groups, and what
 * DirFakeUser, DirFakeGroup and DirFakeMode say instead.
 */

#include "ftpd-files.h"

#define FAKE_MS 1000            /* a folder's directives are asked for again */

/* ---- Names of users and groups */

const char *ftpd_uid_name(struct ftpd *h, pool *p, uid_t uid) {
  struct ftpd_files *s = ftpd_files_of(h);
  const char *name;

  if (s->last_user[0] == '\0' || s->last_uid != uid) {
    name = pr_auth_uid2name(p, uid);
    if (name == NULL) {
      return pr_uid2str(p, uid);
    }

    if (strlen(name) >= sizeof(s->last_user)) {
      return name;
    }

    s->last_uid = uid;
    snprintf(s->last_user, sizeof(s->last_user), "%s", name);
  }

  return pstrdup(p, s->last_user);
}

const char *ftpd_gid_name(struct ftpd *h, pool *p, gid_t gid) {
  struct ftpd_files *s = ftpd_files_of(h);
  const char *name;

  if (s->last_group[0] == '\0' || s->last_gid != gid) {
    name = pr_auth_gid2name(p, gid);
    if (name == NULL) {
      return pr_gid2str(p, gid);
    }

    if (strlen(name) >= sizeof(s->last_group)) {
      return name;
    }

    s->last_gid = gid;
    snprintf(s->last_group, sizeof(s->last_group), "%s", name);
  }

  return pstrdup(p, s->last_group);
}

int ftpd_name_uid(struct ftpd *h, const char *name, uid_t *uid) {
  pool *p = make_sub_pool(ftpd_files_of(h)->pool);

  *uid = pr_auth_name2uid(p, name);
  destroy_pool(p);
  if (*uid == (uid_t) -1) {
    errno = ENOENT;
    return -1;
  }

  return 0;
}

int ftpd_name_gid(struct ftpd *h, const char *name, gid_t *gid) {
  pool *p = make_sub_pool(ftpd_files_of(h)->pool);

  *gid = pr_auth_name2gid(p, name);
  destroy_pool(p);
  if (*gid == (gid_t) -1) {
    errno = ENOENT;
    return -1;
  }

  return 0;
}

/* ---- DirFakeUser, DirFakeGroup, DirFakeMode */

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
  struct ftpd_files *s = ftpd_files_of(h);
  const char *slash = strrchr(path, '/');
  size_t n = slash != NULL && slash != path ? (size_t) (slash - path) : 0;
  uint64_t now = ftpd_coarse_ms();

  if (now >= s->fake_until_ms || strlen(s->fake_dir) != n ||
      memcmp(s->fake_dir, path, n) != 0) {
    if (n >= sizeof(s->fake_dir)) {
      return;
    }

    memcpy(s->fake_dir, path, n);
    s->fake_dir[n] = '\0';
    ftpd_fake_of(h, n > 0 ? s->fake_dir : "/", &s->fake);
    s->fake_until_ms = now + FAKE_MS;
  }

  ftpd_fake_apply(&s->fake, st);
}
