/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* directives-algs.c -- directives for lists of algorithms, and such lists in
 * other directives.
 */

#include "alg-profile.h"
#include "directives-int.h"
#include "directives-set.h"
#include "namelist.h"

const char *const ftpd_alg_kinds[ALGS_NFAMILIES] = {
  [ALGS_KEX] = "key exchange",
  [ALGS_HOSTKEY] = "host key",
  [ALGS_CIPHER] = "cipher",
  [ALGS_MAC] = "digest",
  [ALGS_COMPRESS] = "compression",
  [ALGS_SIGNATURE] = "auth public key"
};

/* The sign in front of a word, or 0. */
static char sign_of(const char *word) {
  return *word != '\0' && strchr("+-^", *word) != NULL ? *word : 0;
}

/* Words without a sign take the sign of the word before them; a list consists
 * either of names or of changes.
 */
static const char *alg_sign(cmd_rec *cmd, const char *list, const char *word,
    char *sign) {
  const char *comma = list != NULL ? strrchr(list, ',') : NULL;
  char before = list != NULL ? sign_of(comma != NULL ? comma + 1 : list) : 0;

  *sign = sign_of(word);
  if (*sign != 0 && list != NULL && before == 0) {
    return pstrcat(cmd->tmp_pool, "'", word, "': names with + - ^ change the "
      "profile's list, names without are the list: not both", NULL);
  }

  *sign = *sign != 0 ? *sign : before;
  return NULL;
}

static const char *alg_unknown(cmd_rec *cmd, enum sftp_alg_family f,
    const char *name) {
  return pstrcat(cmd->tmp_pool, "unsupported ", ftpd_alg_kinds[f],
    " algorithm: ", name, " (accepted: ",
    sftp_alg_list(cmd->tmp_pool, f, 0, 0), ")", NULL);
}

static void alg_put(pool *p, char sign, const char *name, const char **list) {
  char text[2] = { sign, '\0' };
  const char *word = pstrcat(p, text, name, NULL);

  if (*list == NULL) {
    *list = word;

  } else if (!sftp_names_have(sftp_str_of(*list), word)) {
    *list = pstrcat(p, *list, ",", word, NULL);
  }
}

const char *ftpd_alg_add(cmd_rec *cmd, pool *p, enum sftp_alg_family f,
    const char *text, size_t len, const char **list) {
  const char *word = pstrndup(cmd->tmp_pool, text, len), *name, *err;
  const struct sftp_alg *alg;
  char sign;

  err = alg_sign(cmd, *list, word, &sign);
  if (err != NULL) {
    return err;
  }

  name = word + (sign_of(word) != 0);
  alg = sftp_alg_find(f, sftp_str_of(name));
  if (sign == '-' && strpbrk(name, "*?") != NULL) {
    alg_put(p, sign, name, list);
    return NULL;
  }

  if (alg == NULL) {
    return alg_unknown(cmd, f, name);
  }

  if (sign != '-' && !sftp_alg_usable(f, alg)) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": %s: %s algorithm '%s' is not available here and is left out",
      (char *) cmd->argv[0], ftpd_alg_kinds[f], name);
    if (sign == 0) {
      return NULL;
    }
  }

  alg_put(p, sign, name, list);
  return NULL;
}

const char *ftpd_alg_done(cmd_rec *cmd, enum sftp_alg_family f,
    const char *list, const char **err) {
  if (list == NULL) {
    *err = pstrcat(cmd->tmp_pool, "none of the named ", ftpd_alg_kinds[f],
      " algorithms is available (accepted: ",
      sftp_alg_list(cmd->tmp_pool, f, 0, 0), ")", NULL);
  }

  return list;
}

const char *ftpd_alg_words(cmd_rec *cmd, pool *p, enum sftp_alg_family f,
    const char *text, const char **list) {
  struct sftp_str left = sftp_str_of(text), name;
  const char *err = NULL;

  while (err == NULL && sftp_names_next(&left, &name)) {
    err = ftpd_alg_add(cmd, p, f, (const char *) name.ptr, name.len, list);
  }

  return err;
}

static modret_t *set_algs(cmd_rec *cmd, enum sftp_alg_family f) {
  const char *list = NULL, *err = NULL;
  unsigned int i;

  CHECK_SOME(cmd);

  for (i = 1; i < cmd->argc && err == NULL; i++) {
    err = ftpd_alg_words(cmd, cmd->tmp_pool, f, cmd->argv[i], &list);
  }

  if (err != NULL || ftpd_alg_done(cmd, f, list, &err) == NULL) {
    CONF_ERROR(cmd, err);
  }

  add_config_param_str(cmd->argv[0], 1, list);
  return PR_HANDLED(cmd);
}

/* usage: SFTPAlgorithmProfile modern|default|legacy */
modret_t *ftpd_set_algorithmprofile(cmd_rec *cmd) {
  int profile;

  CHECK_ONE(cmd);

  profile = sftp_alg_profile_find(cmd->argv[1]);
  if (profile < 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unknown profile '", cmd->argv[1],
      "' (accepted: modern, default, legacy)", NULL));
  }

  ftpd_conf_add_value(cmd, &profile, sizeof(profile));
  return PR_HANDLED(cmd);
}

/* usage: SFTPCiphers algo ... */
modret_t *ftpd_set_ciphers(cmd_rec *cmd) {
  return set_algs(cmd, ALGS_CIPHER);
}

/* usage: SFTPDigests algo ... */
modret_t *ftpd_set_digests(cmd_rec *cmd) {
  return set_algs(cmd, ALGS_MAC);
}

/* usage: SFTPKeyExchanges algo ... */
modret_t *ftpd_set_keyexchanges(cmd_rec *cmd) {
  return set_algs(cmd, ALGS_KEX);
}

/* usage: SFTPHostKeys algo ... */
modret_t *ftpd_set_hostkeys(cmd_rec *cmd) {
  return set_algs(cmd, ALGS_HOSTKEY);
}

/* usage: SFTPAuthPublicKeys algo ... */
modret_t *ftpd_set_authpublickeys(cmd_rec *cmd) {
  return set_algs(cmd, ALGS_SIGNATURE);
}

/* usage: SFTPCASignatureAlgorithms algo ... */
modret_t *ftpd_set_casignaturealgorithms(cmd_rec *cmd) {
  const struct sftp_sig_alg *alg;
  unsigned int i;

  for (i = 1; i < cmd->argc; i++) {
    const char *name = cmd->argv[i];

    alg = sftp_sig_alg_find(sftp_str_of(name + strspn(name, "+-^")));
    if (alg != NULL && alg->cert_type != NULL) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", name,
        "' is an algorithm of certificates, which sign nothing; name that of "
        "the authority's key", NULL));
    }
  }

  return set_algs(cmd, ALGS_SIGNATURE);
}
