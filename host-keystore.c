/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-keystore.c -- SFTPAuthorizedUserKeys: the stores in their order, and
 * the store "file".  "exec" and "ldap" have files of their own.
 */

#include "host-login.h"

#include <fcntl.h>

#include "keyfile.h"
#include "keys.h"

/* No file of keys is larger; nothing of one that is gets read. */
#define FILE_MAX (4 * 1024 * 1024)

/* ---- Reading the file */

static int open_file(const char *path) {
  int fd, xerrno;

  /* Not blocking, for the case that it is no file. */
  PRIVS_ROOT
  fd = open(path, O_RDONLY|O_NONBLOCK|O_NOCTTY|O_CLOEXEC);
  xerrno = errno;
  PRIVS_RELINQUISH
  errno = xerrno;
  return fd;
}

/* Whoever owns a file of keys says who may log in: root, the user himself,
 * the daemon.
 */
static bool may_own(struct host *h, pool *p, uid_t uid) {
  const struct passwd *pw;

  if (uid == PR_ROOT_UID || uid == geteuid()) {
    return true;
  }

  pw = host_auth_entry(h, p);
  return pw == NULL || pw->pw_uid == uid;
}

/* What a file, or the folder it is in, must not be for its keys to count;
 * NULL: it may.
 */
static const char *objection(struct host *h, pool *p, const char *path,
    const struct stat *st) {
  const char *slash = strrchr(path, '/');
  struct stat dir;
  int res;

  if (!S_ISREG(st->st_mode)) {
    return "not a regular file";
  }

  if (st->st_size > FILE_MAX) {
    return "too large";
  }

  if ((h->set->opts & SFTP_OPT_INSECURE_USERKEY_PERMS) != 0) {
    return NULL;
  }

  if (st->st_mode & S_IWOTH) {
    return "anybody may write to it";
  }

  if (!may_own(h, p, st->st_uid)) {
    char text[96];

    snprintf(text, sizeof(text), "it belongs to user %lu, neither to root nor "
      "to the user who logs in", (unsigned long) st->st_uid);
    return pstrdup(p, text);
  }

  PRIVS_ROOT
  res = stat(slash != NULL && slash != path ?
    pstrndup(p, path, (size_t) (slash - path)) : "/", &dir);
  PRIVS_RELINQUISH
  return res == 0 && (dir.st_mode & S_IWOTH) != 0 &&
    (dir.st_mode & S_ISVTX) == 0 ? "anybody may write to its folder" : NULL;
}

static int read_all(int fd, pool *p, size_t size, struct sftp_str *text) {
  unsigned char *buf = palloc(p, size + 1);
  size_t len = 0;
  ssize_t n = 1;

  while (len < size && n > 0) {
    n = read(fd, buf + len, size - len);
    if (n < 0 && errno == EINTR) {
      n = 1;
      continue;
    }

    len += n > 0 ? (size_t) n : 0;
  }

  text->ptr = buf;
  text->len = len;
  return n < 0 ? -1 : 0;
}

static int read_file(struct host *h, pool *p, const char *path,
    struct sftp_str *text) {
  const char *why = NULL;
  struct stat st;
  int fd = open_file(path), res = -1, xerrno = EPERM;

  if (fd < 0) {
    xerrno = errno;
    sftp_log("unable to open key file '%s': %s", path, strerror(xerrno));
    errno = xerrno;
    return -1;
  }

  if (fstat(fd, &st) < 0) {
    why = strerror(errno);

  } else {
    why = objection(h, p, path, &st);
  }

  if (why == NULL) {
    res = read_all(fd, p, (size_t) st.st_size, text);
    why = res < 0 ? strerror(errno) : NULL;
  }

  if (why != NULL) {
    sftp_log("unable to use key file '%s': %s", path, why);
  }

  (void) close(fd);
  errno = xerrno;
  return res;
}

/* The path with ~ and %u filled in; NULL when there is none. */
static const char *resolve(struct host *h, pool *p, const char *info) {
  const char *path = host_subst_user(h, p, info), *user = session.user;
  char *buf;
  int res;

  if (path == NULL || *path != '~') {
    return path;
  }

  buf = palloc(p, PR_TUNABLE_PATH_MAX + 1);
  session.user = h->user;
  res = pr_fs_interpolate(path, buf, PR_TUNABLE_PATH_MAX);
  session.user = user;
  return res >= 0 ? buf : NULL;
}

int host_keyfile_read(struct host *h, pool *p, const char *info,
    const char **path, struct sftp_str *text) {
  *path = resolve(h, p, info);
  if (*path == NULL) {
    sftp_log("unable to resolve key file '%s' for user '%s'", info, h->user);
    return -1;
  }

  return read_file(h, p, *path, text);
}

/* ---- Looking for a key */

static bool is_same_type(struct sftp_str a, struct sftp_str b) {
  struct sftp_rd ra, rb;

  sftp_rd_init_str(&ra, a);
  sftp_rd_init_str(&rb, b);
  return sftp_str_same(sftp_rd_string(&ra), sftp_rd_string(&rb));
}

bool host_key_is_same(pool *p, struct sftp_str a, struct sftp_str b) {
  struct sftp_key *ka, *kb;

  if (a.len == b.len && sftp_same(a.ptr, b.ptr, a.len)) {
    return true;
  }

  return is_same_type(a, b) && sftp_key_from_blob(p, a, &ka) == SFTP_OK &&
    sftp_key_from_blob(p, b, &kb) == SFTP_OK && sftp_key_same(ka, kb);
}

static bool subject_fits(const struct sftp_keyfile_entry *e, const char *user,
    unsigned long opts, const char *path) {
  if ((opts & SFTP_OPT_MATCH_KEY_SUBJECT) == 0 || e->subject == NULL ||
      strcmp(e->subject, user) == 0) {
    return true;
  }

  sftp_log("key in '%s', line %u, is for subject '%s', not for '%s'", path,
    e->line, e->subject, user);
  return false;
}

static bool options_allow(pool *p, const struct sftp_keyfile_entry *e,
    const char *path) {
  const char *refused = NULL;

  if (host_keyopts_allow(p, e->options, &refused)) {
    return true;
  }

  sftp_log("key in '%s', line %u, does not count: its option '%s' says no or "
    "is not supported", path, e->line, refused);
  return false;
}

static bool search(pool *p, const char *path, struct sftp_str text,
    const char *user, unsigned long opts, struct sftp_str blob,
    struct sftp_keyfile_entry *e) {
  struct sftp_keyfile f;
  bool found = false;

  sftp_keyfile_init(&f, p, text);
  while (!found && sftp_keyfile_next(&f, e)) {
    pr_signals_handle();
    found = host_key_is_same(p, blob, e->blob) &&
      subject_fits(e, user, opts, path) && options_allow(p, e, path);
  }

  if (f.nbroken > 0) {
    sftp_log("key file '%s': %u unusable entr%s, the last one in line %u: %s",
      path, f.nbroken, f.nbroken == 1 ? "y" : "ies", f.broken_line,
      f.broken_why);
  }

  return found;
}

int host_keystore_search(struct host *h, pool *p, const char *path,
    struct sftp_str text, struct sftp_str blob, const char **id) {
  struct sftp_keyfile_entry e;
  char line[16];

  if (!search(p, path, text, h->user, h->set->opts, blob, &e)) {
    sftp_log("no matching public key found for user '%s' in '%s'", h->user,
      path);
    return -1;
  }

  pr_snprintf(line, sizeof(line), "%u", e.line);
  *id = pstrcat(p, "'", path, "', line ", line, e.comment != NULL ?
    ", comment '" : "", e.comment != NULL ? e.comment : "",
    e.comment != NULL ? "'" : "", NULL);
  return 0;
}

static int file_has_key(struct host *h, pool *p, const char *info,
    struct sftp_str blob, const char **id) {
  struct sftp_str text;
  const char *path;

  return host_keyfile_read(h, p, info, &path, &text) < 0 ? -1 :
    host_keystore_search(h, p, path, text, blob, id);
}

/* The stores of this module. */
static const struct own_store {
  const char *name;
  int (*has_key)(struct host *h, pool *p, const char *info,
    struct sftp_str blob, const char **id);
  unsigned int ktypes;
} own_stores[] = {
  { "file", file_has_key, SFTP_SSH2_USER_KEY_STORE|SFTP_SSH2_HOST_KEY_STORE },
  { "exec", host_keyexec_has_key, SFTP_SSH2_USER_KEY_STORE },
  { "ldap", host_keyldap_has_key, SFTP_SSH2_USER_KEY_STORE }
};

static const struct own_store *own_store(const char *name, size_t len) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(own_stores); i++) {
    if (strlen(own_stores[i].name) == len &&
        strncmp(own_stores[i].name, name, len) == 0) {
      return &own_stores[i];
    }
  }

  return NULL;
}

/* ---- Stores of other modules */

static int ask_store(sftp_keystore_t *store, pool *p, const char *user,
    struct sftp_str blob) {
  unsigned char *copy = palloc(p, blob.len);

  if (store->verify_user_key == NULL) {
    errno = ENOSYS;
    return -1;
  }

  memcpy(copy, blob.ptr, blob.len);
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
  return store->verify_user_key(store, p, user, copy, (uint32_t) blob.len,
    pr_table_nalloc(p, 0, 4));
#else
  return store->verify_user_key(store, p, user, copy, (uint32_t) blob.len);
#endif
}

static int store_has_key(struct host *h, pool *p, const char *name,
    size_t len, const char *info, struct sftp_str blob, const char **id) {
  const struct host_store *s = host_store_find(name, len,
    SFTP_SSH2_USER_KEY_STORE);
  sftp_keystore_t *store;
  int res;

  if (s == NULL) {
    sftp_log("key store '%s' is not there any more", name);
    return -1;
  }

  info = host_subst_user(h, p, info);
  store = s->open(p, SFTP_SSH2_USER_KEY_STORE, info, h->user);
  if (store == NULL) {
    sftp_log("unable to open key store '%s': %s", name, strerror(errno));
    return -1;
  }

  res = ask_store(store, p, h->user, blob);
  if (res < 0) {
    sftp_log("no matching public key found for user '%s' in '%s': %s",
      h->user, name, strerror(errno));
  }

  if (store->store_close != NULL) {
    (void) store->store_close(store);
  }

  *id = pstrcat(p, "'", name, "'", NULL);
  return res;
}

int host_keystore_user_key(struct host *h, pool *p, struct sftp_str blob,
    const char **id) {
  config_rec *c = find_config(h->server->conf, CONF_PARAM,
    "SFTPAuthorizedUserKeys", FALSE);
  unsigned int i;

  for (i = 0; c != NULL && i < c->argc; i++) {
    const char *name = c->argv[i], *colon = strchr(name, ':');
    const struct own_store *own;
    size_t len;
    int res;

    if (colon == NULL) {
      continue;
    }

    len = (size_t) (colon - name);
    own = own_store(name, len);
    res = own != NULL ? own->has_key(h, p, colon + 1, blob, id) :
      store_has_key(h, p, name, len, colon + 1, blob, id);
    if (res == 0) {
      return 0;
    }
  }

  errno = ENOENT;
  return -1;
}

/* ---- Our stores by their public face, for whoever asks the registry */

struct own_data {
  const struct own_store *store;
  const char *info;
};

static int own_verify_user(sftp_keystore_t *store, pool *p, const char *user,
    unsigned char *key, uint32_t keylen SFTP_KEYSTORE_HEADERS) {
  const struct own_data *own = store->keystore_data;
  struct host *h = host_current();
  struct sftp_str blob = { key, keylen };
  const char *id = NULL;

  (void) user;
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
  (void) headers;
#endif
  if (h == NULL) {
    errno = EPERM;
    return -1;
  }

  return own->store->has_key(h, p, own->info, blob, &id);
}

static int own_close(sftp_keystore_t *store) {
  destroy_pool(store->keystore_pool);
  return 0;
}

static sftp_keystore_t *own_open(pool *parent, const char *name,
    const char *info) {
  pool *p = make_sub_pool(parent);
  sftp_keystore_t *store = pcalloc(p, sizeof(*store));
  struct own_data *own = pcalloc(p, sizeof(*own));

  pr_pool_tag(p, "sftp key store");
  own->store = own_store(name, strlen(name));
  own->info = pstrdup(p, info);
  store->keystore_pool = p;
  store->keystore_data = own;
  store->store_ktypes = SFTP_SSH2_USER_KEY_STORE;
  store->verify_user_key = own_verify_user;
  store->store_close = own_close;
  return store;
}

static sftp_keystore_t *file_open(pool *parent, int ktype SFTP_UNUSED,
    const char *info, const char *user SFTP_UNUSED) {
  return own_open(parent, "file", info);
}

static sftp_keystore_t *exec_open(pool *parent, int ktype SFTP_UNUSED,
    const char *info, const char *user SFTP_UNUSED) {
  return own_open(parent, "exec", info);
}

static sftp_keystore_t *ldap_open(pool *parent, int ktype SFTP_UNUSED,
    const char *info, const char *user SFTP_UNUSED) {
  return own_open(parent, "ldap", info);
}

void host_keystore_init(void) {
  static sftp_keystore_t *(*const opens[])(pool *, int, const char *,
    const char *) = { file_open, exec_open, ldap_open };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(own_stores); i++) {
    if (sftp_keystore_register_store(own_stores[i].name, opens[i],
          own_stores[i].ktypes) < 0 && errno != EEXIST) {
      pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION
        ": unable to register key store '%s': %s", own_stores[i].name,
        strerror(errno));
    }
  }
}
