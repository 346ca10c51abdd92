/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-known.c -- SFTPAuthorizedHostKeys: hosts that may vouch for their users.
 *
 * A file contains plain keys, which are valid for a host of any name, or lines
 * of OpenSSH's known_hosts, which are valid for the names in front of the key.
 */

#include "ftpd-abi.h"
#include "ftpd-keystore.h"
#include "ftpd-login.h"
#include "ftpd-session.h"

#include "keyfile.h"

/* ---- Names in front of a key */

/* "[name]:port" of known_hosts; the port of a client is irrelevant. */
static const char *without_port(pool *p, const char *item) {
  const char *end = *item == '[' ? strchr(item, ']') : NULL;

  return end != NULL ? pstrndup(p, item + 1, (size_t) (end - item - 1)) : item;
}

static bool name_fits(pool *p, const char *item, const char *host) {
  item = without_port(p, item);
  return pr_fnmatch(item, host, PR_FNM_CASEFOLD) == 0 ||
    pr_fnmatch(item, pr_netaddr_get_ipstr(session.c->remote_addr), 0) == 0;
}

/* A match after a ! excludes the key. */
static bool names_fit(pool *p, const char *list, const char *host) {
  char *text = pstrdup(p, list), *item, *save = NULL;
  bool fits = false;

  for (item = strtok_r(text, ",", &save); item != NULL;
      item = strtok_r(NULL, ",", &save)) {
    bool negated = *item == '!';

    if (name_fits(p, item + negated, host)) {
      if (negated) {
        return false;
      }

      fits = true;
    }
  }

  return fits;
}

/* Whether the text before the key makes it valid for this host. */
static bool entry_fits(pool *p, const struct sftp_keyfile_entry *e,
    const char *host, const char *path) {
  const char *list = e->options;
  bool fits;

  if (list == NULL) {
    return true;
  }

  /* A hashed name, a marker, or an option for user keys. */
  if (*list == '|' || *list == '@' || strpbrk(list, "=\"") != NULL) {
    sftp_log_why(WHY_OBJECTION, "key in '%s', line %u, does not count: '%s' "
      "is not understood in a file of host keys", path, e->line, list);
    return false;
  }

  fits = names_fit(p, list, host);
  if (!fits) {
    sftp_log_why(WHY_OBJECTION, "key in '%s', line %u, is for '%s', not for "
      "'%s'", path, e->line, list, host);
  }

  return fits;
}

/* ---- Stores */

/* The search for a host's key. */
struct host_query {
  struct ftpd *ftpd;
  pool *pool;
  struct sftp_str blob;
  const char *host, *client_user;
};

static int file_has_key(const struct host_query *q, const char *info,
    const char **id) {
  struct sftp_keyfile_entry e;
  struct sftp_keyfile f;
  struct sftp_str text;
  pool *p = q->pool;
  const char *path;
  char line[16];

  if (ftpd_keyfile_read(q->ftpd, p, info, &path, &text) < 0) {
    return -1;
  }

  sftp_keyfile_init(&f, p, text);
  while (sftp_keyfile_next(&f, &e)) {
    pr_signals_handle();
    if (sftp_str_same(q->blob, e.blob) &&
        entry_fits(p, &e, q->host, path)) {
      pr_snprintf(line, sizeof(line), "%u", e.line);
      *id = pstrcat(p, "'", path, "', line ", line, NULL);
      return 0;
    }
  }

  if (f.nbroken > 0) {
    sftp_log("key file '%s': %u of its entries cannot be used, the last one "
      "in line %u: %s", path, f.nbroken, f.broken_line, f.broken_why);
  }

  sftp_log_why(WHY_MISSING, "no matching public key found for host '%s' in "
    "'%s'", q->host, path);
  return -1;
}

static int ask_store(sftp_keystore_t *store, const struct host_query *q) {
  unsigned char *copy = palloc(q->pool, q->blob.len);
  uint32_t len = (uint32_t) q->blob.len;
  const char *user = ftpd_auth_name(q->ftpd);

  if (store->verify_host_key == NULL) {
    errno = ENOSYS;
    return -1;
  }

  memcpy(copy, q->blob.ptr, q->blob.len);
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
  return store->verify_host_key(store, q->pool, user, q->host,
    q->client_user, copy, len, pr_table_nalloc(q->pool, 0, 4));
#else
  return store->verify_host_key(store, q->pool, user, q->host,
    q->client_user, copy, len);
#endif
}

static int store_has_key(const struct host_query *q, const char *name,
    size_t len, const char **id) {
  const struct ftpd_store *s = ftpd_store_find(name, len,
    SFTP_SSH2_HOST_KEY_STORE);
  sftp_keystore_t *store = NULL;
  int res;

  if (s != NULL) {
    store = s->open(q->pool, SFTP_SSH2_HOST_KEY_STORE, name + len + 1,
      ftpd_auth_name(q->ftpd));
  }

  if (store == NULL) {
    sftp_log_why(WHY_MISSING, "unable to open key store '%s': %s", name,
      strerror(errno));
    return -1;
  }

  res = ask_store(store, q);
  if (res < 0) {
    sftp_log_why(WHY_MISSING, "no matching public key found for host '%s' in "
      "'%s': %s", q->host, name, strerror(errno));
  }

  if (store->store_close != NULL) {
    (void) store->store_close(store);
  }

  *id = pstrcat(q->pool, "'", name, "'", NULL);
  return res;
}

int ftpd_known_key(struct ftpd *h, pool *p, struct sftp_str blob,
    const char *host, const char *client_user, const char **id) {
  config_rec *c = find_config(h->server->conf, CONF_PARAM,
    "SFTPAuthorizedHostKeys", FALSE);
  struct host_query q = { h, p, blob, host, client_user };
  size_t host_len = strlen(host);
  unsigned int i;

  /* OpenSSH appends the dot of the root, administrators do not. */
  if (host_len > 0 && host[host_len - 1] == '.') {
    q.host = pstrndup(p, host, host_len - 1);
  }

  for (i = 0; c != NULL && i < c->argc; i++) {
    const char *name = c->argv[i], *colon = strchr(name, ':');
    size_t len = colon != NULL ? (size_t) (colon - name) : 0;
    int res;

    if (colon == NULL) {
      continue;
    }

    res = len == 4 && strncmp(name, "file", 4) == 0 ?
      file_has_key(&q, colon + 1, id) : store_has_key(&q, name, len, id);
    if (res == 0) {
      return 0;
    }
  }

  errno = ENOENT;
  return -1;
}
