/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-hostkey-file.c -- the key of an SFTPHostKey that names a file. */

#include "ftpd-hostkeys.h"
#include "ftpd-hostload.h"
#include "ftpd-kept.h"
#include "ftpd-log.h"
#include "ftpd-parent-files.h"

#include "keyfile.h"

#define PASSPHRASE_TRIES 3

static void log_fault(const struct ftpd_hostload *l, const char *path,
    const char *why) {
  ftpd_hostload_fault(l, "SFTPHostKey", path, why);
}

/* Reads the key from the file's bytes into f; asks for passphrases if possible.
 * A reload can use it again.
 */
static int parse_key(const struct ftpd_hostload *l, pool *tmp,
    struct ftpd_parent_file *f, struct sftp_str bytes, const char **why) {
  struct ftpd_kept good = { f->path, bytes, NULL };
  int res, attempt;

  res = sftp_key_from_file(f->pool, bytes, NULL, &f->key, why);
  if (res == SFTP_OK && l->starting) {
    ftpd_kept_put(&good);
  }

  for (attempt = 1; res == SFTP_ERR_PASSPHRASE && l->starting &&
      attempt <= PASSPHRASE_TRIES; attempt++) {
    char *phrase = ftpd_passphrase(tmp, l->server, f->path, attempt, why);

    if (phrase == NULL) {
      return SFTP_ERR_PASSPHRASE;
    }

    res = sftp_key_from_file(f->pool, bytes, phrase, &f->key, why);
    if (res == SFTP_OK) {
      good.phrase = phrase;
      ftpd_kept_put(&good);
    }

    sftp_wipe(phrase, strlen(phrase));
  }

  return res;
}

/* Reads the key of a file into a new entry of the list.  An entry without a key
 * stands for an unsupported type of key.
 */
static struct ftpd_parent_file *parse_file(struct ftpd_hostload *l, pool *tmp,
    const char *path, const struct ftpd_parent_text *text) {
  struct ftpd_parent_file *f = ftpd_parent_file_new(path, &text->st);
  const char *why = NULL;
  int res;

  res = parse_key(l, tmp, f, text->bytes, &why);
  if (res == SFTP_OK) {
    return f;
  }

  /* A key of an unsupported type is harmless if there are others. */
  log_fault(l, path, why != NULL ? why : sftp_strerror(res));
  if (res == SFTP_ERR_UNSUPPORTED) {
    f->key = NULL;
    return f;
  }

  destroy_pool(f->pool);
  return NULL;
}

/* A file has become unusable while the daemon is running: uses the kept
 * content, and the kept passphrase of an encrypted key.
 */
static struct ftpd_parent_file *kept_key(const struct ftpd_hostload *l,
    const char *path) {
  const struct ftpd_kept *k = ftpd_kept_find(path);
  struct ftpd_parent_file *f = ftpd_parent_file_find(path);
  const char *why;

  if (f != NULL && f->used) {
    return f;                   /* another virtual host has it */
  }

  if (k == NULL) {
    ftpd_log_server(l->server, PR_LOG_ERR, "SFTPHostKey '%s' is left out until "
      "the next reload", path);
    return NULL;
  }

  f = ftpd_parent_file_new(path, NULL);
  if (sftp_key_from_file(f->pool, k->text, k->phrase, &f->key, &why) !=
      SFTP_OK) {
    destroy_pool(f->pool);
    return NULL;
  }

  ftpd_log_server(l->server, PR_LOG_ERR, "SFTPHostKey '%s': its previous "
    "key stays in use", path);
  ftpd_parent_file_add(f);
  return f;
}

/* Reads the file, unless it is the one that was read before (old).  NULL: it is
 * unusable, which is logged.
 */
static struct ftpd_parent_file *read_key(struct ftpd_hostload *l, pool *tmp,
    const char *path, struct ftpd_parent_file *old) {
  struct ftpd_parent_file *fresh = NULL;
  struct ftpd_parent_text text;
  const char *why = NULL;

  if (ftpd_parent_file_read(tmp, path, FTPD_HOSTFILE_MAX, &text, &why) < 0) {
    log_fault(l, path, why);
    return NULL;
  }

  if ((text.st.st_mode & (S_IRWXG|S_IRWXO)) != 0 &&
      (l->set->opts & SFTP_OPT_INSECURE_HOSTKEY_PERMS) == 0) {
    log_fault(l, path, "it is group- or world-accessible (chmod 0600, or "
      "SFTPOptions InsecureHostKeyPerms)");

  } else if (old != NULL && old->key != NULL &&
      ftpd_parent_file_fresh(old, &text.st)) {
    fresh = old;
    (void) ftpd_kept_find(path);

  } else {
    fresh = parse_file(l, tmp, path, &text);
    if (fresh != NULL) {
      if (old != NULL) {
        ftpd_parent_file_drop(old);
      }

      ftpd_parent_file_add(fresh);
    }
  }

  sftp_wipe((void *) (uintptr_t) text.bytes.ptr, text.bytes.len);
  return fresh;
}

struct sftp_key *ftpd_hostkey_of_file(struct ftpd_hostload *l,
    const char *path) {
  struct ftpd_parent_file *f = ftpd_parent_file_find(path);
  pool *tmp;

  if (f != NULL && !l->starting) {
    return f->key;
  }

  tmp = make_sub_pool(permanent_pool);
  f = read_key(l, tmp, path, f);
  destroy_pool(tmp);

  if (f == NULL && l->starting && ftpd_kept_reloading()) {
    f = kept_key(l, path);

  } else if (f == NULL) {
    l->faults++;
  }

  if (f == NULL) {
    return NULL;
  }

  f->used = true;
  return f->key;
}
