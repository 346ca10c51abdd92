/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-contradict.c -- directives that are right one by one, and wrong
 * together: found at the start, not by the first user who cannot log in.
 */

#include "cipher.h"
#include "curves.h"
#include "ftpd-conf.h"
#include "ftpd-contradict.h"
#include "ftpd-defaults.h"
#include "ftpd-log.h"
#include "ftpd-methods.h"
#include "ftpd-place.h"
#include "ftpd-rules.h"
#include "namelist.h"

static config_rec *record(server_rec *s, const char *name) {
  return find_config(s->conf, CONF_PARAM, name, FALSE);
}

/* ---- Services */

/* mod_ifsession may give users another list. */
static bool lacks_service(pool *p, server_rec *s,
    const struct sftp_settings *set) {
  config_rec *c = find_config(s->conf, CONF_PARAM, "Protocols", TRUE);

  (void) p;
  (void) set;
  if (record(s, "Protocols") == NULL) {
    return false;
  }

  for (; c != NULL; c = find_config_next(c, c->next, CONF_PARAM, "Protocols",
      TRUE)) {
    if (ftpd_conf_services(c) != 0) {
      return false;
    }
  }

  return true;
}

/* ---- Passwords without protection */

static bool all_have(const struct sftp_chain *chains, unsigned int n,
    unsigned int methods) {
  unsigned int i, j;

  for (i = 0; i < n; i++) {
    unsigned int found = 0;

    for (j = 0; j < chains[i].nsteps; j++) {
      found |= chains[i].steps[j].method & methods;
    }

    if (found == 0) {
      return false;
    }
  }

  return true;
}

/* Whether no user has a chain without a secret that is typed. */
static bool all_type_secrets(pool *p, server_rec *s,
    const struct sftp_settings *set) {
  const unsigned int typed = AUTH_PASSWORD|AUTH_KBDINT;
  struct sftp_settings other;
  struct ftpd_rule rule;
  config_rec *at = NULL;
  bool all = all_have(set->chains, set->nchains, typed);

  while (all && ftpd_rule_next(s, FTPD_METHODS_RULE, &at, &rule)) {
    memset(&other, 0, sizeof(other));
    ftpd_methods_of_rule(p, at, &other);
    all = all_have(other.chains, other.nchains, typed);
  }

  return all && (set->opts & SFTP_OPT_ALLOW_INSECURE_LOGIN) == 0;
}

static bool lacks_encryption(pool *p, server_rec *s,
    const struct sftp_settings *set) {
  return strcmp(set->ciphers, "none") == 0 && all_type_secrets(p, s, set);
}

static bool has_aead(const char *ciphers) {
  const struct sftp_cipher_alg *alg;

  for (alg = sftp_ciphers; alg->alg.name != NULL; alg++) {
    if (alg->tag_len > 0 &&
        sftp_names_have(sftp_str_of(ciphers), alg->alg.name)) {
      return true;
    }
  }

  return false;
}

static bool lacks_integrity(pool *p, server_rec *s,
    const struct sftp_settings *set) {
  return strcmp(set->macs, "none") == 0 && !has_aead(set->ciphers) &&
    all_type_secrets(p, s, set);
}

/* ---- Keys of users */

/* The sizes of elliptic curves are part of the algorithm. */
static bool can_be_large_enough(const struct sftp_sig_alg *alg,
    const struct sftp_settings *set) {
  const struct sftp_key_type *type = sftp_key_type_find(
    sftp_str_of(alg->key_type));
  const struct sftp_curve *curve = type != NULL && type->parameter != NULL &&
    strcmp(type->evp, "EC") == 0 ? sftp_curve_find(type->parameter) : NULL;

  return curve == NULL || curve->len * 8 >= set->min_bits.ec;
}

/* Whether an algorithm for users' keys is left that passes. */
static bool has_key_alg(const struct sftp_settings *set,
    bool (*passes)(const struct sftp_sig_alg *alg,
      const struct sftp_settings *set)) {
  struct sftp_str left = sftp_str_of(set->userkeys), name;

  while (sftp_names_next(&left, &name)) {
    const struct sftp_sig_alg *alg = sftp_sig_alg_find(name);

    if (alg != NULL && passes(alg, set)) {
      return true;
    }
  }

  return false;
}

static bool lacks_large_keys(pool *p, server_rec *s,
    const struct sftp_settings *set) {
  return *set->userkeys != '\0' &&
    ftpd_methods_use(p, s, set, AUTH_PUBLICKEY) &&
    !has_key_alg(set, can_be_large_enough);
}

static bool is_of_cert(const struct sftp_sig_alg *alg,
    const struct sftp_settings *set) {
  (void) set;
  return alg->cert_type != NULL;
}

/* Whether keys log in by certificates alone. */
static bool needs_certs(pool *p, server_rec *s,
    const struct sftp_settings *set) {
  return ftpd_methods_use(p, s, set, AUTH_PUBLICKEY) &&
    record(s, "SFTPTrustedUserCAKeys") != NULL &&
    record(s, "SFTPAuthorizedUserKeys") == NULL && !ftpd_rule_has_keys(s);
}

static bool lacks_cert_algs(pool *p, server_rec *s,
    const struct sftp_settings *set) {
  return *set->userkeys != '\0' && needs_certs(p, s, set) &&
    !has_key_alg(set, is_of_cert);
}

static bool lacks_ca_algs(pool *p, server_rec *s,
    const struct sftp_settings *set) {
  return *set->ca_algs == '\0' && needs_certs(p, s, set);
}

/* ---- All pairs */

static const struct {
  const char *one, *other;
  bool (*clash)(pool *p, server_rec *s, const struct sftp_settings *set);
  const char *why;
} pairs[] = {
  { "SFTPEngine", "Protocols", lacks_service,
    "no service is left (accepted: sftp, scp, date)" },
  { "SFTPAuthMethods", "SFTPCiphers", lacks_encryption,
    "every login needs a password, and none is accepted without encryption "
    "(except with SFTPOptions AllowInsecureLogin)" },
  { "SFTPAuthMethods", "SFTPDigests", lacks_integrity,
    "every login needs a password, and none is accepted without integrity "
    "(except with SFTPOptions AllowInsecureLogin)" },
  { "SFTPAuthPublicKeys", "SFTPKeyLimits", lacks_large_keys,
    "no key of these algorithms is large enough" },
  { "SFTPTrustedUserCAKeys", "SFTPAuthPublicKeys", lacks_cert_algs,
    "only certificates can log in, and no algorithm for them is left" },
  { "SFTPTrustedUserCAKeys", "SFTPCASignatureAlgorithms", lacks_ca_algs,
    "only certificates can log in, and no algorithm of authorities is left" }
};

static const char *with_place(pool *p, server_rec *s, const char *name) {
  const config_rec *c = record(s, name);

  return pstrcat(p, name, c != NULL ? ftpd_place_line(p, c) : " by default",
    NULL);
}

int ftpd_contradict_check(pool *p, server_rec *s,
    const struct sftp_settings *set) {
  int faults = 0;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(pairs); i++) {
    if (pairs[i].clash(p, s, set)) {
      ftpd_log_server(s, PR_LOG_ERR, "%s, and %s, exclude each other: %s",
        with_place(p, s, pairs[i].one), with_place(p, s, pairs[i].other),
        pairs[i].why);
      faults++;
    }
  }

  return faults;
}

/* ---- The same directive twice */

void ftpd_contradict_repeated(pool *p, server_rec *s) {
  const struct ftpd_default *row;

  for (row = ftpd_defaults; row->name != NULL; row++) {
    config_rec *first = record(s, row->name);
    config_rec *next = first == NULL || row->repeats ? NULL :
      find_config_next(first, first->next, CONF_PARAM, row->name, FALSE);

    if (next != NULL && ftpd_place_same_section(first, next)) {
      ftpd_log_server(s, PR_LOG_WARNING, "%s%s, stands here again%s: only the "
        "first counts", row->name, ftpd_place_line(p, first),
        ftpd_place_line(p, next));
    }
  }
}
