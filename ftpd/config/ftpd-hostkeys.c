/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-hostkeys.c -- SFTPHostKey and SFTPDHParamFile: files that the parent
 * reads once and that virtual hosts and sessions share.
 *
 * What was read stays over a restart of the server as long as the file is the
 * same, if the host keeps this module loaded over it.  mod_dso does not: then
 * ftpd-kept.c has what was last good, because there may be nobody at the
 * terminal any more to type a passphrase, and a file may be damaged.
 */

#include "ftpd-hostkeys.h"
#include "ftpd-kept.h"
#include "ftpd-keyfile.h"
#include "ftpd-secret.h"

#include "alg-profile.h"
#include "cert.h"
#include "crypto.h"
#include "keyfile.h"

#define KEY_FILE_MAX 65536
#define DH_FILE_MAX (4 * 1024 * 1024)
#define PASSPHRASE_TRIES 3

struct cached {
  struct cached *next;
  pool *pool;
  const char *path;
  dev_t dev;
  ino_t ino;
  off_t size;
  struct timespec mtime;
  mode_t mode;
  bool used;                    /* since the last sweep */
  struct sftp_key *key;         /* a file has either key or text */
  const char *text;
  size_t len;
};

/* One for the process, like the daemon's configuration. */
static struct cached *cache;

static struct cached *cache_find(const char *path) {
  struct cached *c;

  for (c = cache; c != NULL && strcmp(c->path, path) != 0; c = c->next) {
  }

  return c;
}

static void cache_drop(struct cached *old) {
  struct cached **at;

  for (at = &cache; *at != NULL; at = &(*at)->next) {
    if (*at == old) {
      *at = old->next;
      destroy_pool(old->pool);
      return;
    }
  }
}

static struct cached *cache_new(const char *path, const struct stat *st) {
  pool *p = make_sub_pool(permanent_pool);
  struct cached *c = pcalloc(p, sizeof(struct cached));

  pr_pool_tag(p, "SFTP host key");
  c->pool = p;
  c->path = pstrdup(p, path);
  c->dev = st->st_dev;
  c->ino = st->st_ino;
  c->size = st->st_size;
  c->mtime = st->st_mtim;
  c->mode = st->st_mode;
  return c;
}

static void cache_add(struct cached *c) {
  c->next = cache;
  cache = c;
}

/* st NULL: it is not what the file has now. */
static struct cached *cache_text(const char *path, const struct stat *st,
    const char *text) {
  static const struct stat none;
  struct cached *c = cache_new(path, st != NULL ? st : &none);

  c->text = pstrdup(c->pool, text);
  c->len = strlen(c->text);
  c->used = true;
  cache_add(c);
  return c;
}

static bool cache_fresh(const struct cached *c, const struct stat *st) {
  return c->dev == st->st_dev && c->ino == st->st_ino &&
    c->size == st->st_size && c->mode == st->st_mode &&
    c->mtime.tv_sec == st->st_mtim.tv_sec &&
    c->mtime.tv_nsec == st->st_mtim.tv_nsec;
}

static void mix_secret(const struct cached *c) {
  const struct ftpd_kept *k = c->key != NULL ? ftpd_kept_find(c->path) : NULL;

  if (k != NULL) {
    ftpd_secret_mix(k->text);
  }
}

void ftpd_hostkeys_sweep(void) {
  struct cached *c, *next;

  ftpd_secret_begin();
  for (c = cache; c != NULL; c = next) {
    next = c->next;
    if (!c->used) {
      cache_drop(c);
      continue;
    }

    c->used = false;
    mix_secret(c);
  }

  ftpd_secret_settle();
}

void ftpd_hostkeys_free(void) {
  while (cache != NULL) {
    cache_drop(cache);
  }
}

/* Reads the whole file as root.  0, or -1 with errno. */
static int read_file(pool *p, const char *path, size_t max, struct stat *st,
    unsigned char **text, size_t *len) {
  int fd, xerrno = 0;

  PRIVS_ROOT
  fd = open(path, O_RDONLY|O_NONBLOCK|O_CLOEXEC);
  xerrno = errno;
  PRIVS_RELINQUISH

  if (fd < 0) {
    errno = xerrno;
    return -1;
  }

  *len = 0;
  xerrno = 0;

  if (fstat(fd, st) < 0) {
    xerrno = errno;

  } else if (!S_ISREG(st->st_mode)) {
    xerrno = EINVAL;

  } else if ((uint64_t) st->st_size > max) {
    xerrno = EFBIG;

  } else {
    *text = pcalloc(p, (size_t) st->st_size + 1);
    *len = (size_t) st->st_size;
    if (ftpd_keyfile_at(fd, *text, *len, 0) < 0) {
      xerrno = errno;
      sftp_wipe(*text, *len);
    }
  }

  (void) close(fd);
  errno = xerrno;
  return xerrno == 0 ? 0 : -1;
}

/* ---- Host keys */

static void fault(server_rec *s, const char *path, const char *why) {
  pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION
    ": %s#%u: unable to use SFTPHostKey '%s': %s", s->ServerName,
    s->ServerPort, path, why);
}

/* The keys of a virtual host while they are loaded. */
struct loading {
  pool *pool;
  server_rec *server;
  struct sftp_settings *set;
  bool starting;
  unsigned int room;            /* in set->host_keys */
  unsigned int nglobal;         /* of them: those that <Global> gave */
  int faults;                   /* that must stop the start */
};

/* The key of the file's bytes to c; asks for passphrases if that is possible.
 * A reload can use it again.
 */
static int parse_key(const struct loading *l, pool *tmp, struct cached *c,
    struct sftp_str file, const char **why) {
  struct ftpd_kept good = { c->path, file, NULL };
  int res, attempt;

  res = sftp_key_from_file(c->pool, file, NULL, &c->key, why);
  if (res == SFTP_OK && l->starting) {
    ftpd_kept_put(&good);
  }

  for (attempt = 1; res == SFTP_ERR_PASSPHRASE && l->starting &&
      attempt <= PASSPHRASE_TRIES; attempt++) {
    char *phrase = ftpd_passphrase(tmp, l->server, c->path, attempt, why);

    if (phrase == NULL) {
      return SFTP_ERR_PASSPHRASE;
    }

    res = sftp_key_from_file(c->pool, file, phrase, &c->key, why);
    if (res == SFTP_OK) {
      good.phrase = phrase;
      ftpd_kept_put(&good);
    }

    sftp_wipe(phrase, strlen(phrase));
  }

  return res;
}

/* Reads the key of a file into a new entry of the cache.  An entry without a
 * key stands for a kind of key that is not supported.
 */
static struct cached *read_key(struct loading *l, pool *tmp, const char *path,
    const struct stat *st, struct sftp_str file) {
  struct cached *c = cache_new(path, st);
  const char *why = NULL;
  int res;

  res = parse_key(l, tmp, c, file, &why);
  if (res == SFTP_OK) {
    return c;
  }

  /* A key of an unsupported kind does no harm if there are others. */
  fault(l->server, path, why != NULL ? why : sftp_strerror(res));
  if (res == SFTP_ERR_UNSUPPORTED) {
    c->key = NULL;
    return c;
  }

  l->faults++;
  destroy_pool(c->pool);
  return NULL;
}

/* A file cannot be used any more, and the daemon serves: what is kept of it.
 * For a key that is locked the passphrase is kept, too.
 */
static struct cached *kept_key(server_rec *s, const char *path) {
  const struct ftpd_kept *k = ftpd_kept_find(path);
  struct cached *c = cache_find(path);
  static const struct stat none;        /* of no file */
  const char *why;

  if (c != NULL && c->used) {
    return c;                   /* another virtual host has it */
  }

  if (k == NULL) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": %s#%u: SFTPHostKey '%s' is "
      "left out until the next reload", s->ServerName, s->ServerPort, path);
    return NULL;
  }

  c = cache_new(path, &none);
  if (sftp_key_from_file(c->pool, k->text, k->phrase, &c->key, &why) !=
      SFTP_OK) {
    destroy_pool(c->pool);
    return NULL;
  }

  pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": %s#%u: SFTPHostKey '%s': the key "
    "that it had before stays in use", s->ServerName, s->ServerPort, path);
  cache_add(c);
  return c;
}

/* The key of that file, from the cache or read; NULL: it cannot be used. */
static struct sftp_key *load_key(struct loading *l, const char *path) {
  struct cached *c = cache_find(path), *fresh = NULL;
  unsigned char *text = NULL;
  int before = l->faults;
  struct stat st;
  size_t len = 0;
  pool *tmp;

  if (c != NULL && !l->starting) {
    return c->key;
  }

  tmp = make_sub_pool(permanent_pool);

  if (read_file(tmp, path, KEY_FILE_MAX, &st, &text, &len) < 0) {
    fault(l->server, path, strerror(errno));
    l->faults++;

  } else if ((st.st_mode & (S_IRWXG|S_IRWXO)) != 0 &&
      (l->set->opts & SFTP_OPT_INSECURE_HOSTKEY_PERMS) == 0) {
    fault(l->server, path, "it is group- or world-accessible (chmod 0600, or "
      "SFTPOptions InsecureHostKeyPerms)");
    l->faults++;

  } else if (c != NULL && c->key != NULL && cache_fresh(c, &st)) {
    fresh = c;
    (void) ftpd_kept_find(path);

  } else {
    fresh = read_key(l, tmp, path, &st, (struct sftp_str) { text, len });
    if (fresh != NULL) {
      if (c != NULL) {
        cache_drop(c);
      }

      cache_add(fresh);
    }
  }

  sftp_wipe(text, len);
  destroy_pool(tmp);

  if (fresh == NULL && l->starting && ftpd_kept_reloading()) {
    l->faults = before;
    fresh = kept_key(l->server, path);
  }

  if (fresh == NULL) {
    return NULL;
  }

  fresh->used = true;
  return fresh->key;
}

static bool long_enough(server_rec *s, const char *path,
    const struct sftp_key *key, const struct sftp_settings *set) {
  unsigned int bits = sftp_key_bits(key), min = 0;
  char why[128];

  if (strcmp(key->type->name, "ssh-rsa") == 0) {
    min = set->min_bits.rsa;

  } else if (strcmp(key->type->name, "ssh-dss") == 0) {
    min = set->min_bits.dsa;

  } else if (strncmp(key->type->name, "ecdsa-", 6) == 0) {
    min = set->min_bits.ec;
  }

  if (bits >= min) {
    return true;
  }

  snprintf(why, sizeof(why), "it has %u bits, SFTPKeyLimits wants %u", bits,
    min);
  fault(s, path, why);
  return false;
}

/* A key of the virtual host takes the place of those of its type that <Global>
 * gave; if one section has several, all stay and the last one signs.
 */
static void put_key(struct loading *l, struct sftp_key *key) {
  struct sftp_settings *set = l->set;
  unsigned int i, n = 0, left = 0;

  for (i = 0; i < set->nhost_keys; i++) {
    if (i < l->nglobal && set->host_keys[i]->type == key->type) {
      continue;
    }

    left += i < l->nglobal;
    set->host_keys[n++] = set->host_keys[i];
  }

  l->nglobal = left;
  set->nhost_keys = n;
  set->host_keys[set->nhost_keys++] = key;
}

/* The array of keys grows by those of an agent. */
static void put_agent_keys(struct loading *l, const char *form) {
  const char *path = form + strlen("agent:"), *why = "";
  array_header *list = ftpd_agent_keys(l->pool, path, &why);
  struct sftp_settings *set = l->set;
  struct sftp_key **all;
  unsigned int i;

  if (list == NULL) {
    fault(l->server, form, why);
    l->faults += ftpd_kept_reloading() ? 0 : 1;
    return;
  }

  l->room += (unsigned int) list->nelts;
  all = pcalloc(l->pool, l->room * sizeof(struct sftp_key *));
  memcpy(all, set->host_keys, set->nhost_keys * sizeof(struct sftp_key *));
  set->host_keys = all;

  for (i = 0; i < (unsigned int) list->nelts; i++) {
    struct sftp_key *key = ((struct sftp_key **) list->elts)[i];

    if (!sftp_key_approved(key)) {
      if (l->starting) {
        fault(l->server, form, pstrcat(l->pool, "FIPS does not approve of keys "
          "of type ", key->type->name, NULL));
      }

    } else if (long_enough(l->server, form, key, set)) {
      put_key(l, key);
    }
  }
}

/* NoRSA and the like: whether the form names this type. */
static bool form_drops(const char *form, const char *type) {
  static const struct { const char *form, *type; } drops[] = {
    { "NoRSA", "ssh-rsa" }, { "NoDSA", "ssh-dss" }, { "NoECDSA", "ecdsa-" },
    { "NoED25519", "ssh-ed25519" }, { "NoED448", "ssh-ed448" }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(drops); i++) {
    if (strcmp(form, drops[i].form) == 0) {
      return strncmp(type, drops[i].type, strlen(drops[i].type)) == 0;
    }
  }

  return false;
}

static void drop_keys(struct sftp_settings *set, const char *form) {
  unsigned int i, n = 0;

  for (i = 0; i < set->nhost_keys; i++) {
    if (!form_drops(form, set->host_keys[i]->type->name)) {
      set->host_keys[n++] = set->host_keys[i];
    }
  }

  set->nhost_keys = n;
}

static config_rec *next_record(server_rec *s, config_rec *c) {
  return c == NULL ?
    find_config(s->conf, CONF_PARAM, "SFTPHostKey", FALSE) :
    find_config_next(c, c->next, CONF_PARAM, "SFTPHostKey", FALSE);
}

/* ---- Certificates of host keys */

static void cert_fault(server_rec *s, const char *path, const char *why) {
  pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION
    ": %s#%u: unable to use SFTPHostCertificate '%s': %s", s->ServerName,
    s->ServerPort, path, why);
}

/* The text of the file, as the parent read it. */
static const char *cert_text(pool *p, server_rec *s, const char *path,
    bool starting) {
  struct cached *c = cache_find(path);
  unsigned char *text = NULL;
  struct stat st;
  size_t len;

  if (c == NULL || (starting && !c->used)) {
    if (read_file(p, path, KEY_FILE_MAX, &st, &text, &len) < 0) {
      cert_fault(s, path, strerror(errno));
      return NULL;
    }

    if (c != NULL) {
      cache_drop(c);
    }

    c = cache_text(path, &st, (const char *) text);
  }

  c->used = true;
  return c->text;
}

static void leave_cert_out(server_rec *s, const char *path, const char *why,
    bool starting) {
  if (starting) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": %s#%u: SFTPHostCertificate '%s' is left out: %s", s->ServerName,
      s->ServerPort, path, why);

  } else {
    sftp_log("SFTPHostCertificate '%s' is left out: %s", path, why);
  }
}

/* Where the certificate's key is among ours, nhost_keys when it is not. */
static unsigned int find_certified(const struct sftp_settings *set,
    const struct sftp_cert *cert) {
  unsigned int i;

  for (i = 0; i < set->nhost_keys &&
      !sftp_key_same(set->host_keys[i], cert->key); i++) {
  }

  return i;
}

/* Puts the certificate beside its key.  Returns the number of faults: one that
 * has expired, or that FIPS does not approve, is left out, and the server
 * starts nevertheless.
 */
static int put_cert(pool *p, server_rec *s, struct sftp_settings *set,
    const config_rec *c, struct sftp_str blob, bool starting) {
  const char *path = c->argv[0];
  struct sftp_cert *cert = NULL;
  const char *why = NULL;
  unsigned int i;
  int res;

  res = sftp_cert_read(p, blob, sftp_alg_profile(p, ALGS_SIGNATURE,
    PROFILE_DEFAULT), &cert, &why);
  if (res == SFTP_ERR_DENIED && sftp_crypto_fips()) {
    leave_cert_out(s, path, why, starting);
    return 0;
  }

  if (res != SFTP_OK) {
    cert_fault(s, path, why != NULL ? why : "it is malformed");
    return 1;
  }

  if (cert->kind != CERT_HOST) {
    cert_fault(s, path, "it is a certificate for users");
    return 1;
  }

  i = find_certified(set, cert);
  if (i == set->nhost_keys && strcmp(c->argv[1], "global") == 0) {
    return 0;                   /* this virtual host has keys of its own */
  }

  why = !sftp_key_approved(cert->key) ? "so is its key" :
    sftp_cert_objection(p, cert, CERT_HOST, (uint64_t) time(NULL));
  if (i == set->nhost_keys && sftp_key_approved(cert->key)) {
    cert_fault(s, path, "no SFTPHostKey is the key that it certifies");
    return 1;
  }

  if (why == NULL) {
    set->host_certs[i] = cert;

  } else {
    leave_cert_out(s, path, why, starting);
  }

  return 0;
}

/* The certificates of a file's text; returns the number of faults. */
static int put_certs(pool *p, server_rec *s, struct sftp_settings *set,
    const config_rec *c, const char *text, bool starting) {
  struct sftp_keyfile_entry e;
  struct sftp_keyfile f;
  bool found = false;
  int faults = 0;

  sftp_keyfile_init(&f, p, sftp_str_of(text));
  while (sftp_keyfile_next(&f, &e)) {
    found = true;
    faults += put_cert(p, s, set, c, e.blob, starting);
  }

  if (!found) {
    cert_fault(s, c->argv[0], f.broken_why != NULL ? f.broken_why :
      "there is no certificate in it");
    faults++;
  }

  return faults;
}

/* As kept_key(). */
static void kept_cert(pool *p, server_rec *s, struct sftp_settings *set,
    const config_rec *c) {
  const char *path = c->argv[0], *text = NULL;
  const struct ftpd_kept *k = ftpd_kept_find(path);
  struct cached *old = cache_find(path);

  if (k != NULL) {
    text = pstrndup(p, (const char *) k->text.ptr, k->text.len);
  }

  if (text == NULL || put_certs(p, s, set, c, text, true) > 0) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": %s#%u: SFTPHostCertificate "
      "'%s' is left out until the next reload", s->ServerName, s->ServerPort,
      path);
    return;
  }

  pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": %s#%u: SFTPHostCertificate '%s': "
    "the certificate that it had before stays in use", s->ServerName,
    s->ServerPort, path);
  if (old != NULL) {
    cache_drop(old);
  }

  cache_text(path, NULL, text);
}

static void load_certs(pool *p, server_rec *s, struct sftp_settings *set,
    bool starting, int *faults) {
  config_rec *c;

  set->host_certs = pcalloc(p, (set->nhost_keys + 1) *
    sizeof(struct sftp_cert *));
  for (c = find_config(s->conf, CONF_PARAM, "SFTPHostCertificate", FALSE);
      c != NULL; c = find_config_next(c, c->next, CONF_PARAM,
        "SFTPHostCertificate", FALSE)) {
    const char *path = c->argv[0], *text = cert_text(p, s, path, starting);
    int n = text == NULL ? 1 : put_certs(p, s, set, c, text, starting);

    if (n > 0 && starting && ftpd_kept_reloading()) {
      kept_cert(p, s, set, c);

    } else if (n == 0 && starting) {
      struct ftpd_kept good = { path, sftp_str_of(text), NULL };

      ftpd_kept_put(&good);

    } else {
      *faults += n;
    }
  }
}

static void load_keys(struct loading *l) {
  struct sftp_settings *set = l->set;
  server_rec *s = l->server;
  config_rec *c = NULL;
  int pass;

  l->room = 1;
  while ((c = next_record(s, c)) != NULL) {
    l->room++;
  }

  set->host_keys = pcalloc(l->pool, l->room * sizeof(struct sftp_key *));
  set->nhost_keys = 0;

  /* ProFTPD puts records of <Global> behind those of the virtual host, but the
   * latter must come last.
   */
  for (pass = 0; pass < 2; pass++) {
    while ((c = next_record(s, c)) != NULL) {
      const char *form = c->argv[0];
      bool global = strcmp(c->argv[1], "global") == 0;
      struct sftp_key *key;

      if (global != (pass == 0)) {
        continue;
      }

      if (strncmp(form, "agent:", 6) == 0) {
        put_agent_keys(l, form);

      } else if (*form == '/') {
        key = load_key(l, form);
        if (key != NULL && long_enough(s, form, key, set)) {
          put_key(l, key);
        }
      }
    }

    l->nglobal = pass == 0 ? set->nhost_keys : l->nglobal;
  }

  while ((c = next_record(s, c)) != NULL) {
    drop_keys(set, c->argv[0]);
  }
}

int ftpd_hostkeys_load(pool *p, server_rec *s, struct sftp_settings *set,
    bool starting) {
  struct loading l = { p, s, set, starting, 0, 0, 0 };

  load_keys(&l);
  load_certs(p, s, set, starting, &l.faults);
  return l.faults;
}

/* ---- DH groups */

#define DH_DEFAULT_FILE PR_CONFIG_DIR "/dhparams.pem"

void ftpd_dh_params(pool *p, server_rec *s, struct sftp_settings *set,
    bool starting) {
  const char *named = get_param_ptr(s->conf, "SFTPDHParamFile", FALSE);
  const char *path = named != NULL ? named : DH_DEFAULT_FILE;
  struct cached *c = cache_find(path);
  unsigned char *text = NULL;
  struct stat st;
  size_t len = 0;

  if (c != NULL && starting && !c->used) {
    cache_drop(c);
    c = NULL;
  }

  if (c == NULL && starting) {
    if (read_file(p, path, DH_FILE_MAX, &st, &text, &len) < 0) {
      if (named != NULL) {
        pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
          ": %s#%u: unable to read SFTPDHParamFile '%s': %s; built-in groups "
          "are used", s->ServerName, s->ServerPort, path, strerror(errno));
      }

      return;
    }

    c = cache_text(path, &st, (const char *) text);
  }

  if (c != NULL && c->text != NULL) {
    c->used = true;
    set->dh_param_file = c->text;
    set->dh_param_len = c->len;
  }
}
