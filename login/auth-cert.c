/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-cert.c -- checks of users' certificates that do not depend on their
 * authority.
 */

#include <time.h>

#include "auth-key.h"
#include "auth-method.h"
#include "auth-state.h"
#include "forced.h"
#include "ftpd-report.h"

/* The reason why it cannot be used, whatever its authority; NULL: it can. */
static const char *cert_objection(const struct sftp_auth_req *req,
    const struct sftp_cert *cert) {
  const char *why = sftp_cert_objection(req->pool, cert, CERT_USER,
    (uint64_t) time(NULL));
  struct sftp_forced forced;

  if (why != NULL) {
    return why;
  }

  if (cert->nprincipals == 0) {
    return "it names no principals";
  }

  if (cert->force_command != NULL && sftp_forced_parse(req->pool,
      cert->force_command, &forced, &why) != SFTP_OK) {
    return pstrcat(req->pool, "its force-command '", cert->force_command,
      "' cannot be obeyed: ", why, NULL);
  }

  return NULL;
}

struct sftp_cert *sftp_auth_cert(struct ssh_conn *c,
    struct sftp_auth_req *req) {
  struct sftp_cert *cert = NULL;
  const char *why = NULL;

  if (sftp_cert_read(req->pool, req->u.key.blob, c->set->ca_algs, &cert,
      &why) != SFTP_OK) {
    sftp_log_why(WHY_OBJECTION, "certificate of user '%s' refused: %s",
      req->user, why);
    return NULL;
  }

  req->u.key.cert = cert;
  why = cert_objection(req, cert);
  if (why != NULL) {
    sftp_log_why(WHY_OBJECTION, "certificate '%s', serial %llu, of user '%s' "
      "refused: %s", cert->key_id, (unsigned long long) cert->serial,
      req->user, why);
    return NULL;
  }

  return cert;
}

void sftp_auth_cert_log(struct ssh_conn *c, const struct sftp_auth_req *req) {
  const struct sftp_cert *cert = req->u.key.cert;
  const char *print = sftp_auth_print(c, req->pool, cert->ca->blob);
  char serial[24];

  snprintf(serial, sizeof(serial), "%llu", (unsigned long long) cert->serial);
  sftp_log("certificate '%s', serial %s, signed with %s by %s key %s",
    cert->key_id, serial, cert->ca_alg, cert->ca->type->name, print);
  if (c->auth->keys == NULL) {
    char *id = palloc(req->pool, 4 * strlen(cert->key_id) + 1);

    ftpd_note(c->ftpd, "SFTP_USER_CERT_ID", sftp_escape(id,
      4 * strlen(cert->key_id) + 1, cert->key_id, strlen(cert->key_id)));
    ftpd_note(c->ftpd, "SFTP_USER_CERT_SERIAL", serial);
    ftpd_note(c->ftpd, "SFTP_USER_CERT_CA_FINGERPRINT",
      strchr(print, ':') + 1);
  }
}
