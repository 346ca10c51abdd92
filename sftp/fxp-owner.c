/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-owner.c -- owners and groups of files: names for ids, ids for names. */

#include <ctype.h>

#include "ftpd-owners.h"
#include "fxp-attrs.h"
#include "fxp-handlers.h"
#include "fxp-owner.h"
#include "fxp-reply.h"
#include "fxp-session.h"

#define OWNER_BYTES_MAX 256

/* ---- Names for ids */

static const char *slot_name(struct fxp_req *req, struct fxp_owner_slot *slots,
    uint32_t id, bool is_user) {
  struct fxp_owner_slot *slot = &slots[id % FXP_OWNER_SLOTS];
  const char *name;

  if (!slot->used || slot->id != id) {
    if (req->fxp->conn->set->client.owner_numbers) {
      snprintf(slot->name, sizeof(slot->name), "%lu", (unsigned long) id);

    } else {
      name = is_user ? ftpd_uid_name(req->ftpd, req->pool, (uid_t) id) :
        ftpd_gid_name(req->ftpd, req->pool, (gid_t) id);
      snprintf(slot->name, sizeof(slot->name), "%s", name);
    }

    slot->id = id;
    slot->used = true;
  }

  return slot->name;
}

void fxp_attrs_names(struct fxp_req *req, struct fxp_attrs *a) {
  a->owner = slot_name(req, req->fxp->owners.users, a->uid, true);
  a->group = slot_name(req, req->fxp->owners.groups, a->gid, false);
}

/* ---- Ids for names */

const char *fxp_read_who(struct sftp_rd *r, pool *p) {
  const char *name = sftp_rd_text(r, p);
  size_t i;

  for (i = 0; name[i] != '\0'; i++) {
    if ((unsigned char) name[i] < ' ' || name[i] == 0x7f ||
        i >= OWNER_BYTES_MAX) {
      sftp_rd_fail(r, SFTP_ERR_FORMAT);
      return "";
    }
  }

  return name;
}

static bool is_number(const char *name) {
  size_t i;

  for (i = 0; name[i] != '\0'; i++) {
    if (!isdigit((unsigned char) name[i])) {
      return false;
    }
  }

  return i > 0 && i <= 10;
}

/* Names may have a domain, as in NFSv4 (draft -13, section 7.5), or be a
 * number, which replaces an unknown name.
 */
static int find_id(struct fxp_req *req, const char *name, bool user,
    uint32_t *id) {
  const char *at = strchr(name, '@');
  unsigned long n;
  uid_t uid;
  gid_t gid;

  if (user ? ftpd_name_uid(req->ftpd, name, &uid) == 0 :
      ftpd_name_gid(req->ftpd, name, &gid) == 0) {
    *id = user ? (uint32_t) uid : (uint32_t) gid;
    return 0;
  }

  if (at != NULL && at > name) {
    return find_id(req, pstrndup(req->pool, name, (size_t) (at - name)), user,
      id);
  }

  if (is_number(name)) {
    n = strtoul(name, NULL, 10);
    if (n < UINT32_MAX) {
      *id = (uint32_t) n;
      return 0;
    }
  }

  errno = ENOENT;
  return -1;
}

int fxp_find_uid(struct fxp_req *req, const char *name, uint32_t *id) {
  return find_id(req, name, true, id);
}

int fxp_find_gid(struct fxp_req *req, const char *name, uint32_t *id) {
  return find_id(req, name, false, id);
}

/* An empty name leaves the owner or group unchanged (draft -13, section 7.5).
 */
const char *fxp_attrs_ids(struct fxp_req *req, struct fxp_attrs *a,
    const struct stat *st) {
  if (a->owner == NULL) {
    return NULL;                /* they were numbers */
  }

  a->uid = (uint32_t) st->st_uid;
  a->gid = (uint32_t) st->st_gid;
  if (a->owner[0] != '\0' && fxp_find_uid(req, a->owner, &a->uid) < 0) {
    return a->owner;
  }

  return a->group[0] != '\0' && fxp_find_gid(req, a->group, &a->gid) < 0 ?
    a->group : NULL;
}

/* ---- users-groups-by-id@openssh.com: string of uids, string of gids, each a
 * row of u32.  The answer has their names in two strings of strings, empty for
 * unknown ids.
 */

static void put_names(struct fxp_req *req, struct sftp_wr *w,
    struct sftp_str ids, bool users) {
  size_t mark = sftp_wr_begin(w), i;

  for (i = 0; i + 4 <= ids.len && sftp_wr_end(w) == SFTP_OK; i += 4) {
    uint32_t id = sftp_get_u32(ids.ptr + i);
    const char *name = users ?
      ftpd_uid_name(req->ftpd, req->pool, (uid_t) id) :
      ftpd_gid_name(req->ftpd, req->pool, (gid_t) id);
    char number[16];

    snprintf(number, sizeof(number), "%lu", (unsigned long) id);
    sftp_wr_text(w, strcmp(name, number) == 0 ? "" : name);
  }

  sftp_wr_finish(w, mark);
}

/* Maximum number of names in one request; clients ask for those of one listing.
 */
#define IDS_BYTES_MAX (1024 * 4)

uint32_t fxp_do_names_by_id(struct fxp_req *req) {
  struct sftp_str uids = sftp_rd_string(&req->in);
  struct sftp_str gids = sftp_rd_string(&req->in);
  struct sftp_wr *w;

  if (sftp_rd_end(&req->in) != SFTP_OK || uids.len % 4 != 0 ||
      gids.len % 4 != 0) {
    return SSH_FX_BAD_MESSAGE;
  }

  if (uids.len > IDS_BYTES_MAX || gids.len > IDS_BYTES_MAX) {
    return fxp_fail(req, SSH_FX_FAILURE, E2BIG, "Too many ids");
  }

  w = fxp_reply(req, SSH_FXP_EXTENDED_REPLY);
  put_names(req, w, uids, true);
  put_names(req, w, gids, false);
  return fxp_reply_send(req);
}
