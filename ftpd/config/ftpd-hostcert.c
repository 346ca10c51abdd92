/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-hostcert.c -- SFTPHostCertificate: certificates of the host keys. */

#include "ftpd-hostload.h"
#include "ftpd-kept.h"
#include "ftpd-log.h"
#include "ftpd-parent-files.h"

#include "alg-profile.h"
#include "cert.h"
#include "crypto.h"
#include "keyfile.h"

static void log_fault(const struct ftpd_hostload *l, const char *path,
    const char *why) {
  ftpd_hostload_fault(l, "SFTPHostCertificate", path, why);
}

/* The text of the file, as the parent read it. */
static const char *read_text(const struct ftpd_hostload *l, const char *path) {
  struct ftpd_parent_file *f = ftpd_parent_file_find(path);
  struct ftpd_parent_text text;
  const char *why = NULL;

  if (f == NULL || (l->starting && !f->used)) {
    if (ftpd_parent_file_read(l->pool, path, FTPD_HOSTFILE_MAX, &text,
        &why) < 0) {
      log_fault(l, path, why);
      return NULL;
    }

    if (f != NULL) {
      ftpd_parent_file_drop(f);
    }

    f = ftpd_parent_file_add_text(path, &text.st,
      (const char *) text.bytes.ptr);
  }

  f->used = true;
  return f->text;
}

static void leave_out(const struct ftpd_hostload *l, const char *path,
    const char *why) {
  if (l->starting) {
    ftpd_log_server(l->server, PR_LOG_WARNING, "SFTPHostCertificate '%s' is "
      "left out: %s", path, why);

  } else {
    sftp_log("SFTPHostCertificate '%s' is left out: %s", path, why);
  }
}

/* Index of the certificate's key among the host keys, or nhost_keys. */
static unsigned int find_certified(const struct sftp_settings *set,
    const struct sftp_cert *cert) {
  unsigned int i;

  for (i = 0; i < set->nhost_keys &&
      !sftp_key_same(set->host_keys[i], cert->key); i++) {
  }

  return i;
}

/* Adds the certificate to its key.  Returns the number of faults: a certificate
 * that has expired, or that FIPS does not approve, is left out, and the server
 * starts nevertheless.
 */
static int put_cert(const struct ftpd_hostload *l, const config_rec *c,
    struct sftp_str blob) {
  struct sftp_settings *set = l->set;
  const char *path = c->argv[0];
  struct sftp_cert *cert = NULL;
  const char *why = NULL;
  unsigned int i;
  int res;

  res = sftp_cert_read(l->pool, blob, sftp_alg_profile(l->pool, ALGS_SIGNATURE,
    PROFILE_DEFAULT), &cert, &why);
  if (res == SFTP_ERR_DENIED && sftp_crypto_fips()) {
    leave_out(l, path, why);
    return 0;
  }

  if (res != SFTP_OK) {
    log_fault(l, path, why != NULL ? why : "it is malformed");
    return 1;
  }

  if (cert->kind != CERT_HOST) {
    log_fault(l, path, "it is a certificate for users");
    return 1;
  }

  i = find_certified(set, cert);
  if (i == set->nhost_keys && strcmp(c->argv[1], "global") == 0) {
    return 0;                   /* this virtual host has keys of its own */
  }

  why = !sftp_key_approved(cert->key) ? "so is its key" :
    sftp_cert_objection(l->pool, cert, CERT_HOST, (uint64_t) time(NULL));
  if (i == set->nhost_keys && sftp_key_approved(cert->key)) {
    log_fault(l, path, "it certifies no SFTPHostKey");
    return 1;
  }

  if (why == NULL) {
    set->host_certs[i] = cert;

  } else {
    leave_out(l, path, why);
  }

  return 0;
}

/* The certificates of a file's text; returns the number of faults. */
static int put_certs(const struct ftpd_hostload *l, const config_rec *c,
    const char *text) {
  struct sftp_keyfile_entry e;
  struct sftp_keyfile f;
  bool found = false;
  int faults = 0;

  sftp_keyfile_init(&f, l->pool, sftp_str_of(text));
  while (sftp_keyfile_next(&f, &e)) {
    found = true;
    faults += put_cert(l, c, e.blob);
  }

  if (!found) {
    log_fault(l, c->argv[0], f.broken_why != NULL ? f.broken_why :
      "it contains no certificate");
    faults++;
  }

  return faults;
}

/* A file has become unusable while the daemon is running: uses the kept
 * content.
 */
static void put_kept(const struct ftpd_hostload *l, const config_rec *c) {
  const char *path = c->argv[0], *text = NULL;
  const struct ftpd_kept *k = ftpd_kept_find(path);
  struct ftpd_parent_file *old = ftpd_parent_file_find(path);

  if (k != NULL) {
    text = pstrndup(l->pool, (const char *) k->text.ptr, k->text.len);
  }

  if (text == NULL || put_certs(l, c, text) > 0) {
    ftpd_log_server(l->server, PR_LOG_ERR, "SFTPHostCertificate '%s' is left "
      "out until the next reload", path);
    return;
  }

  ftpd_log_server(l->server, PR_LOG_ERR, "SFTPHostCertificate '%s': its "
    "previous certificate stays in use", path);
  if (old != NULL) {
    ftpd_parent_file_drop(old);
  }

  ftpd_parent_file_add_text(path, NULL, text);
}

void ftpd_hostcerts_load(struct ftpd_hostload *l) {
  struct sftp_settings *set = l->set;
  xaset_t *conf = l->server->conf;
  config_rec *c;

  set->host_certs = pcalloc(l->pool, (set->nhost_keys + 1) *
    sizeof(struct sftp_cert *));
  for (c = find_config(conf, CONF_PARAM, "SFTPHostCertificate", FALSE);
      c != NULL; c = find_config_next(c, c->next, CONF_PARAM,
        "SFTPHostCertificate", FALSE)) {
    const char *path = c->argv[0], *text = read_text(l, path);
    int n = text == NULL ? 1 : put_certs(l, c, text);

    if (n > 0 && l->starting && ftpd_kept_reloading()) {
      put_kept(l, c);

    } else if (n == 0 && l->starting) {
      struct ftpd_kept good = { path, sftp_str_of(text), NULL };

      ftpd_kept_put(&good);

    } else {
      l->faults += n;
    }
  }
}
