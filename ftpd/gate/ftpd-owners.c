/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-owners.c -- names of users and groups for ids, and the reverse. */

#include "ftpd-fake.h"
#include "ftpd-files.h"

#include "ftpd-owners.h"

struct cached_name {            /* looked up last; "" for none */
  uint32_t id;
  char name[128];
};

struct owner_cache {
  struct cached_name user, group;
};

static struct owner_cache *cache_of(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->owners == NULL) {
    s->owners = pcalloc(s->pool, sizeof(*s->owners));
  }

  return s->owners;
}

/* The name of an id if it is known without a lookup, otherwise NULL. */
static const char *known_name(struct ftpd *h, pool *p,
    const struct cached_name *c, uint32_t id) {
  const char *name = ftpd_fake_name(h, id);

  return name != NULL ? name : c->name[0] != '\0' && c->id == id ?
    pstrdup(p, c->name) : NULL;
}

/* Remembers a name that was looked up, unless it is too long. */
static const char *learn_name(struct cached_name *c, uint32_t id,
    const char *name) {
  if (strlen(name) < sizeof(c->name)) {
    c->id = id;
    snprintf(c->name, sizeof(c->name), "%s", name);
  }

  return name;
}

const char *ftpd_uid_name(struct ftpd *h, pool *p, uid_t uid) {
  struct cached_name *c = &cache_of(h)->user;
  const char *name = known_name(h, p, c, (uint32_t) uid);

  if (name != NULL) {
    return name;
  }

  name = pr_auth_uid2name(p, uid);
  return name != NULL ? learn_name(c, (uint32_t) uid, pstrdup(p, name)) :
    pr_uid2str(p, uid);
}

const char *ftpd_gid_name(struct ftpd *h, pool *p, gid_t gid) {
  struct cached_name *c = &cache_of(h)->group;
  const char *name = known_name(h, p, c, (uint32_t) gid);

  if (name != NULL) {
    return name;
  }

  name = pr_auth_gid2name(p, gid);
  return name != NULL ? learn_name(c, (uint32_t) gid, pstrdup(p, name)) :
    pr_gid2str(p, gid);
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

/* The number of a user or a group; 0, or -1 with errno. */
static int look_up(struct ftpd *h, const char *name, bool group,
    uint32_t *id) {
  pool *p;

  if (ftpd_fake_id(h, name, id)) {
    return 0;
  }

  if (!is_name(name)) {
    return -1;
  }

  p = make_sub_pool(ftpd_files_of(h)->pool);
  *id = group ? (uint32_t) pr_auth_name2gid(p, name) :
    (uint32_t) pr_auth_name2uid(p, name);
  destroy_pool(p);
  if (*id == UINT32_MAX) {
    errno = ENOENT;
    return -1;
  }

  return 0;
}

int ftpd_name_uid(struct ftpd *h, const char *name, uid_t *uid) {
  uint32_t id;
  int res = look_up(h, name, false, &id);

  *uid = res == 0 ? (uid_t) id : (uid_t) -1;
  return res;
}

int ftpd_name_gid(struct ftpd *h, const char *name, gid_t *gid) {
  uint32_t id;
  int res = look_up(h, name, true, &id);

  *gid = res == 0 ? (gid_t) id : (gid_t) -1;
  return res;
}
