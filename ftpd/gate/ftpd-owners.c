/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-owners.c -- names of users and groups for ids, and back. */

#include "ftpd-fake.h"
#include "ftpd-files.h"

#include "ftpd-owners.h"

struct owner_cache {            /* looked up last; "" for none */
  uid_t uid;
  gid_t gid;
  char user[128], group[128];
};

static struct owner_cache *cache_of(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->owners == NULL) {
    s->owners = pcalloc(s->pool, sizeof(*s->owners));
  }

  return s->owners;
}

const char *ftpd_uid_name(struct ftpd *h, pool *p, uid_t uid) {
  struct owner_cache *s = cache_of(h);
  const char *name = ftpd_fake_name(h, (uint32_t) uid);

  if (name != NULL) {
    return name;
  }

  if (s->user[0] == '\0' || s->uid != uid) {
    name = pr_auth_uid2name(p, uid);
    if (name == NULL) {
      return pr_uid2str(p, uid);
    }

    if (strlen(name) >= sizeof(s->user)) {
      return name;
    }

    s->uid = uid;
    snprintf(s->user, sizeof(s->user), "%s", name);
  }

  return pstrdup(p, s->user);
}

const char *ftpd_gid_name(struct ftpd *h, pool *p, gid_t gid) {
  struct owner_cache *s = cache_of(h);
  const char *name = ftpd_fake_name(h, (uint32_t) gid);

  if (name != NULL) {
    return name;
  }

  if (s->group[0] == '\0' || s->gid != gid) {
    name = pr_auth_gid2name(p, gid);
    if (name == NULL) {
      return pr_gid2str(p, gid);
    }

    if (strlen(name) >= sizeof(s->group)) {
      return name;
    }

    s->gid = gid;
    snprintf(s->group, sizeof(s->group), "%s", name);
  }

  return pstrdup(p, s->group);
}

/* Names with control characters are not looked up: modules put them into logs
 * and queries.
 */
static bool is_name(const char *name) {
  if (sftp_has_controls(name)) {
    errno = ENOENT;
    return false;
  }

  return true;
}

int ftpd_name_uid(struct ftpd *h, const char *name, uid_t *uid) {
  uint32_t id;
  pool *p;

  if (ftpd_fake_id(h, name, &id)) {
    *uid = (uid_t) id;
    return 0;
  }

  if (!is_name(name)) {
    return -1;
  }

  p = make_sub_pool(ftpd_files_of(h)->pool);

  *uid = pr_auth_name2uid(p, name);
  destroy_pool(p);
  if (*uid == (uid_t) -1) {
    errno = ENOENT;
    return -1;
  }

  return 0;
}

int ftpd_name_gid(struct ftpd *h, const char *name, gid_t *gid) {
  uint32_t id;
  pool *p;

  if (ftpd_fake_id(h, name, &id)) {
    *gid = (gid_t) id;
    return 0;
  }

  if (!is_name(name)) {
    return -1;
  }

  p = make_sub_pool(ftpd_files_of(h)->pool);

  *gid = pr_auth_name2gid(p, name);
  destroy_pool(p);
  if (*gid == (gid_t) -1) {
    errno = ENOENT;
    return -1;
  }

  return 0;
}
