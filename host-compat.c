/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-compat.c -- programs that have nothing of what everybody is offered by
 * default, but something that is sound all the same.
 *
 * They get that in addition, by their software's name, where the administrator
 * has said nothing of the list.  What is broken (SHA-1, CBC) is never offered
 * in this way: that takes the profile "legacy".
 */

#include "directives.h"

static const char classic_kex[] = "+ecdh-sha2-nistp256,+ecdh-sha2-nistp384,"
  "+diffie-hellman-group14-sha256,+diffie-hellman-group-exchange-sha256";
static const char classic_macs[] = "+hmac-sha2-256,+hmac-sha2-512";

static const struct {
  const char *prefix;           /* of the software's name */
  const char *not;              /* unless it is one of these: prefix or NULL */
  const char *kex, *macs;
} programs[] = {
  /* libssh2 up to 1.10 knows MACs over the plaintext only, and no AEAD; the
   * oldest in use, no Curve25519 either.
   */
  { "libssh2_1.", "libssh2_1.11", classic_kex, classic_macs },
  { "JSCH-0.1.", NULL, classic_kex, classic_macs },
  { "JSCH_0.1.", NULL, classic_kex, classic_macs },
  { "Renci.SshNet.SshClient.0.", NULL, classic_kex, classic_macs },
  { "phpseclib_1.", NULL, classic_kex, classic_macs },
  { "phpseclib_2.", NULL, classic_kex, classic_macs },
  { "paramiko_1.", NULL, classic_kex, classic_macs },
  { "Ruby/Net::SSH_", NULL, classic_kex, classic_macs },
  { "Twisted_", NULL, classic_kex, classic_macs }
};

static bool is_free(server_rec *s, const char *directive) {
  return find_config(s->conf, CONF_PARAM, directive, FALSE) == NULL &&
    find_config(s->conf, CONF_PARAM, "SFTPAlgorithmProfile", FALSE) == NULL;
}

bool host_compat_early(server_rec *s) {
  return is_free(s, "SFTPKeyExchanges") || is_free(s, "SFTPDigests");
}

static bool begins(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

void host_compat_apply(pool *p, server_rec *s, const char *software,
    struct sftp_settings *set) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(programs); i++) {
    if (!begins(software, programs[i].prefix) ||
        (programs[i].not != NULL && begins(software, programs[i].not))) {
      continue;
    }

    if (is_free(s, "SFTPKeyExchanges")) {
      set->kex = sftp_alg_change(p, ALGS_KEX, set->kex, programs[i].kex);
    }

    if (is_free(s, "SFTPDigests")) {
      set->macs = sftp_alg_change(p, ALGS_MAC, set->macs, programs[i].macs);
    }

    SFTP_TRACE(TRACE_SSH2, 9, "offering more for %s", programs[i].prefix);
  }
}
