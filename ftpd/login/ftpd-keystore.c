/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keystore.c -- SFTPAuthorizedUserKeys: the stores in their order, and the
 * store "file". ftpd-source.c queries the others of this module.
 */

#include "ftpd-abi.h"
#include "ftpd-home.h"
#include "ftpd-keyfile.h"
#include "ftpd-keyopts.h"
#include "ftpd-keystore.h"
#include "ftpd-login.h"
#include "ftpd-lookup.h"
#include "ftpd-rules.h"
#include "ftpd-session.h"
#include "ftpd-source.h"
#include "ftpd-usercert.h"

#include "base64.h"
#include "cert.h"
#include "ftpd-userkey.h"
#include "keyfile.h"
#include "keys.h"

/* ---- Reading the file */

static int read_file(struct ftpd *h, pool *p, const char *path,
    struct sftp_str *text) {
  struct ftpd_keyfile_rule rule = { ftpd_auth_entry(h),
    (h->set->opts & SFTP_OPT_INSECURE_USERKEY_PERMS) != 0, FTPD_KEYFILE_MAX };
  const char *why = NULL;

  if (ftpd_keyfile_text(p, path, &rule, text, &why) == 0) {
    return 0;
  }

  if (why != NULL) {
    sftp_log_why(WHY_OBJECTION, "unable to use key file '%s': %s", path, why);
    errno = EPERM;

  } else {
    int xerrno = errno;

    sftp_log_why(WHY_MISSING, "unable to open key file '%s': %s", path,
      strerror(xerrno));
    errno = xerrno;
  }

  return -1;
}

/* %h is the user's home directory. */
static const char *subst_home(struct ftpd *h, pool *p, const char *path) {
  const struct passwd *pw;

  if (path == NULL || strstr(path, "%h") == NULL) {
    return path;
  }

  pw = ftpd_auth_entry(h);
  return pw != NULL && pw->pw_dir != NULL && *pw->pw_dir == '/' ?
    sreplace(p, path, "%h", pw->pw_dir, NULL) : NULL;
}

/* The path with ~, %u and %h expanded, or NULL. */
static const char *resolve(struct ftpd *h, pool *p, const char *info) {
  const char *path = subst_home(h, p, ftpd_subst_user(h, p, info));
  const char *user = session.user, *name = ftpd_auth_name(h);
  char *buf;
  int res;

  if (path == NULL || *path != '~') {
    return path;
  }

  buf = palloc(p, PR_TUNABLE_PATH_MAX + 1);
  session.user = name;
  res = pr_fs_interpolate(path, buf, PR_TUNABLE_PATH_MAX);
  session.user = user;
  return res >= 0 ? buf : NULL;
}

int ftpd_keyfile_read(struct ftpd *h, pool *p, const char *info,
    const char **path, struct sftp_str *text) {
  *path = resolve(h, p, info);
  if (*path == NULL) {
    sftp_log_why(WHY_MISSING, "unable to resolve key file '%s' for user '%s'",
      info, h->user);
    return -1;
  }

  return read_file(h, p, *path, text);
}

/* ---- Looking for a key */

static bool subject_fits(const struct sftp_keyfile_entry *e, const char *user,
    unsigned long opts, const char *path) {
  if ((opts & SFTP_OPT_MATCH_KEY_SUBJECT) == 0 || e->subject == NULL ||
      strcmp(e->subject, user) == 0) {
    return true;
  }

  sftp_log_why(WHY_OBJECTION, "key in '%s', line %u, is for subject '%s', not "
    "for '%s'", path, e->line, e->subject, user);
  return false;
}

/* The key to look for, and its place. */
struct search {
  struct ftpd *ftpd;
  const char *path;
  struct sftp_str blob;
  const struct sftp_cert *cert; /* a certificate, whose authority's key is
                                 * blob; or NULL */
};

/* Whether the options make the entry valid as a key, or as an authority. */
static bool options_allow(pool *p, const struct search *s,
    const struct sftp_keyfile_entry *e, struct ftpd_keyopts *o) {
  const char *why = NULL;

  if (ftpd_keyopts_read(p, e->options, o, &why)) {
    if (o->authority != (s->cert != NULL)) {
      /* An authority's key is not a key of the user, nor the reverse. */
      why = o->authority ? "it is that of an authority, not of a user" :
        "it is not marked as that of an authority (cert-authority)";

    } else if (s->cert != NULL &&
        !ftpd_usercert_is_for(s->ftpd, p, s->cert, o->principals)) {
      why = o->principals != NULL ?
        "the certificate has none of its principals" :
        "the certificate does not name this user";
    }
  }

  if (why == NULL) {
    return true;
  }

  sftp_log_why(WHY_OBJECTION, "key in '%s', line %u, does not count: %s",
    s->path, e->line, why);
  return false;
}

/* The headers of RFC 4716 that have the meaning of options. */
static void take_headers(const struct sftp_keyfile_entry *e,
    struct ftpd_keyopts *o) {
  o->verify |= e->fido_verify;
  o->no_touch |= e->fido_no_touch;
}

static bool search(pool *p, const struct search *s, struct sftp_str text,
    struct sftp_keyfile_entry *e, struct ftpd_keyopts *o) {
  struct sftp_keyfile f;
  bool found = false;

  sftp_keyfile_init(&f, p, text);
  while (!found && sftp_keyfile_next(&f, e)) {
    pr_signals_handle();
    /* A key has one encoding: others are not read (keys.h). */
    found = sftp_str_same(s->blob, e->blob) &&
      subject_fits(e, ftpd_auth_name(s->ftpd), s->ftpd->set->opts, s->path) &&
      options_allow(p, s, e, o);
  }

  if (f.nbroken > 0) {
    sftp_log("key file '%s': %u unusable entr%s, the last one in line %u: %s",
      s->path, f.nbroken, f.nbroken == 1 ? "y" : "ies", f.broken_line,
      f.broken_why);
  }

  return found;
}

/* Describes the search: for a user's key, or for that of the authority that
 * signed cert (not NULL).
 */
struct key_query {
  struct ftpd *ftpd;
  pool *pool;
  struct sftp_str blob;
  const struct sftp_cert *cert;
};

/* Whether it is in the text of a key file, which is `what' in the log. */
static int text_has_key(const struct key_query *q, const char *what,
    struct sftp_str text, struct ftpd_key_grant *grant) {
  struct search s = { q->ftpd, what, q->cert != NULL ? q->cert->ca->blob :
    q->blob, q->cert };
  struct sftp_keyfile_entry e;
  struct ftpd_keyopts o;
  char line[16];

  if (!search(q->pool, &s, text, &e, &o)) {
    sftp_log_why(WHY_MISSING, "no matching %s found for user '%s' in '%s'",
      q->cert != NULL ? "certificate authority" : "public key",
      q->ftpd->user, what);
    return -1;
  }

  take_headers(&e, &o);
  ftpd_keyopts_grant(&o, grant);
  pr_snprintf(line, sizeof(line), "%u", e.line);
  grant->id = pstrcat(q->pool, "'", what, "', line ", line, e.comment != NULL ?
    ", comment '" : "", e.comment != NULL ? e.comment : "",
    e.comment != NULL ? "'" : "", NULL);
  return 0;
}

/* ---- The stores of this module: each has a text for the user */

static const struct own_store {
  const char *name;
  unsigned int ktypes;
} own_stores[] = {
  { "file", SFTP_SSH2_USER_KEY_STORE|SFTP_SSH2_HOST_KEY_STORE },
  { "exec", SFTP_SSH2_USER_KEY_STORE },
  { "ldap", SFTP_SSH2_USER_KEY_STORE }
};

static bool is_own(const char *form) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(own_stores); i++) {
    if (ftpd_source_info(form, own_stores[i].name) != NULL) {
      return true;
    }
  }

  return false;
}

/* 0 and the data of the key, or -1. */
static int own_has_key(const struct key_query *q, const char *form,
    struct ftpd_key_grant *grant) {
  struct ftpd_ask ask = { q->ftpd, q->pool, "keys", q->blob, NULL };
  struct ftpd_answer a;

  if (ftpd_source_read(&ask, form, &a) < 0) {
    ftpd_source_tell(&ask, &a);
    return -1;
  }

  return text_has_key(q, a.where, a.text, grant);
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

static int open_and_ask(const struct key_query *q, const char *name,
    size_t len) {
  const struct ftpd_store *s = ftpd_store_find(name, len,
    SFTP_SSH2_USER_KEY_STORE);
  const char *user = ftpd_auth_name(q->ftpd), *info = name + len + 1;
  sftp_keystore_t *store;
  int res;

  if (s == NULL) {
    sftp_log_why(WHY_MISSING, "key store '%s' has been removed", name);
    return -1;
  }

  info = ftpd_subst_user(q->ftpd, q->pool, info);
  store = s->open(q->pool, SFTP_SSH2_USER_KEY_STORE, info, user);
  if (store == NULL) {
    sftp_log_why(WHY_MISSING, "unable to open key store '%s': %s", name,
      strerror(errno));
    return -1;
  }

  res = ask_store(store, q->pool, user, q->blob);
  if (res < 0) {
    sftp_log_why(WHY_MISSING, "no matching public key found for user '%s' in "
      "'%s': %s", user, name, strerror(errno));
  }

  if (store->store_close != NULL) {
    (void) store->store_close(store);
  }

  return res;
}

/* They accept or refuse a key: asked once for each. */
static int store_has_key(const struct key_query *q, const char *name,
    size_t len, const char **id) {
  const char *user = ftpd_auth_name(q->ftpd), *question = pstrcat(q->pool, user,
    "\n", sftp_base64_encode(q->pool, q->blob, true), NULL);
  bool fresh;
  struct ftpd_lookup *l = ftpd_lookup(q->ftpd, name, question, &fresh);

  if (l == NULL) {
    return -1;
  }

  if (fresh) {
    l->res = open_and_ask(q, name, len);

  } else if (l->res < 0) {
    sftp_log_why(WHY_MISSING, "no matching public key found for user '%s' in "
      "'%s', as already answered in this connection", user, name);
  }

  *id = pstrcat(q->pool, "'", name, "'", NULL);
  return l->res;
}

int ftpd_keystore_user_key(struct ftpd *h, pool *p, struct sftp_str blob,
    const struct sftp_cert *cert, struct ftpd_key_grant *grant) {
  const config_rec *own = h->login->stores, *c = own != NULL ? own :
    find_config(h->server->conf, CONF_PARAM, "SFTPAuthorizedUserKeys", FALSE);
  struct key_query q = { h, p, blob, cert };
  unsigned int i;

  for (i = own != NULL ? FTPD_RULE_ARGS : 0; c != NULL && i < c->argc; i++) {
    const char *name = c->argv[i], *colon = strchr(name, ':');
    int res;

    if (colon == NULL) {
      continue;
    }

    if (is_own(name)) {
      res = own_has_key(&q, name, grant);

    } else {
      /* Other modules' stores do not distinguish authorities from users. */
      res = cert != NULL ? -1 : store_has_key(&q, name,
        (size_t) (colon - name), &grant->id);
    }

    if (res == 0) {
      return 0;
    }
  }

  errno = ENOENT;
  return -1;
}

/* ---- Our stores by the public interface, for modules that use the registry */

static int own_verify_user(sftp_keystore_t *store, pool *p, const char *user,
    unsigned char *key, uint32_t keylen SFTP_KEYSTORE_HEADERS) {
  struct ftpd *h = ftpd_current();
  struct key_query q = { h, p, { key, keylen }, NULL };
  struct ftpd_key_grant grant = { NULL, false, false, NULL, NULL };

  (void) user;
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
  (void) headers;
#endif
  if (h == NULL) {
    errno = EPERM;
    return -1;
  }

  if (own_has_key(&q, store->keystore_data, &grant) < 0) {
    return -1;
  }

  /* This interface cannot return restrictions. */
  errno = EACCES;
  return grant.command == NULL && !grant.verify ? 0 : -1;
}

static int own_close(sftp_keystore_t *store) {
  destroy_pool(store->keystore_pool);
  return 0;
}

static sftp_keystore_t *own_open(pool *parent, const char *name,
    const char *info) {
  pool *p = make_sub_pool(parent);
  sftp_keystore_t *store = pcalloc(p, sizeof(*store));

  pr_pool_tag(p, "sftp key store");
  store->keystore_pool = p;
  store->keystore_data = pstrcat(p, name, ":", info, NULL);
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

void ftpd_keystore_init(void) {
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
