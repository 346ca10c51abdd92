/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* directives-keys.c -- directives for keys and certificates, and for their
 * stores.
 */

#include "directives-int.h"
#include "directives-set.h"
#include "directives.h"
#include "ftpd-abi.h"
#include "ftpd-conf.h"
#include "ftpd-kept.h"
#include "ftpd-keystore.h"
#include "ftpd-rules.h"
#include "ftpd-source.h"

static int stat_as_root(const char *path, struct stat *st) {
  int res, xerrno;

  PRIVS_ROOT
  res = stat(path, st);
  xerrno = errno;
  PRIVS_RELINQUISH
  errno = xerrno;
  return res;
}

/* Checks the path of a file, or of an agent's socket; NULL: it is valid.
 * Permissions are checked when all SFTPOptions are known.  On a reload the
 * daemon continues without missing files, or with the content that it has kept;
 * the code that reads them says so.
 */
static const char *hostkey_error(pool *p, const char *form) {
  struct stat st;

  if (strncmp(form, "agent:", 6) == 0) {
    return form[6] == '/' ? NULL : pstrcat(p, "'", form,
      "' must have an absolute path behind agent:", NULL);
  }

  if (*form != '/') {
    return pstrcat(p, "'", form, "' must be an absolute path (or agent:/path, "
      "NoRSA, NoDSA, NoECDSA, NoED25519, NoED448)", NULL);
  }

  if (stat_as_root(form, &st) < 0) {
    return ftpd_kept_reloading() ? NULL : pstrcat(p, "unable to check '", form,
      "': ", strerror(errno), NULL);
  }

  return S_ISREG(st.st_mode) || ftpd_kept_reloading() ? NULL : pstrcat(p, "'",
    form, "' is not a regular file", NULL);
}

/* usage: SFTPHostKey path|agent:path|NoRSA|NoDSA|NoECDSA|NoED25519|NoED448 */
modret_t *ftpd_set_hostkey(cmd_rec *cmd) {
  static const char *const no[] = { "NoRSA", "NoDSA", "NoECDSA", "NoED25519",
    "NoED448" };
  const char *form, *error;
  size_t i;

  CHECK_ONE(cmd);
  form = cmd->argv[1];

  for (i = 0; i < SFTP_NELEMS(no); i++) {
    if (strcasecmp(form, no[i]) == 0) {
      add_config_param_str(cmd->argv[0], 2, no[i],
        ftpd_conf_in_global(cmd) ? "global" : "");
      return PR_HANDLED(cmd);
    }
  }

  error = hostkey_error(cmd->tmp_pool, form);
  if (error != NULL) {
    CONF_ERROR(cmd, error);
  }

  add_config_param_str(cmd->argv[0], 2, form,
    ftpd_conf_in_global(cmd) ? "global" : "");
  return PR_HANDLED(cmd);
}

/* usage: SFTPHostCertificate path */
modret_t *ftpd_set_hostcertificate(cmd_rec *cmd) {
  CHECK_ONE(cmd);

  if (*((char *) cmd->argv[1]) != '/') {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "' must be an absolute path", NULL));
  }

  add_config_param_str(cmd->argv[0], 2, cmd->argv[1],
    ftpd_conf_in_global(cmd) ? "global" : "");
  return PR_HANDLED(cmd);
}

/* The names of all stores, for an error message. */
static const char *store_names(pool *p, unsigned int ktype) {
  const struct ftpd_store *s;
  const char *names = "";

  for (s = ftpd_store_first(); s != NULL; s = s->next) {
    if ((s->ktypes & ktype) == ktype) {
      names = pstrcat(p, names, *names ? ", " : "", s->name, ":", NULL);
    }
  }

  return names;
}

/* Whether the requirements of "exec:" and "ldap:" are met; NULL, or the error
 * message.
 */
static const char *own_store_error(pool *p, const char *store) {
  const char *why;

  if (strncmp(store, "exec:", 5) == 0) {
    why = ftpd_keyexec_check(p, store + 5, FTPD_TOKENS_KEY);
    return why != NULL ? pstrcat(p, "'", store, "': ", why, NULL) : NULL;
  }

  if (strncmp(store, "ldap:", 5) == 0 && !pr_module_exists("mod_ldap.c")) {
    return pstrcat(p, "'", store, "' needs LoadModule mod_ldap.c before",
      NULL);
  }

  return NULL;
}

/* NULL, or the error message. */
static const char *store_error(cmd_rec *cmd, const char *store,
    unsigned int ktype) {
  const char *colon = strchr(store, ':');

  if (colon == NULL) {
    return pstrcat(cmd->tmp_pool, "badly formatted parameter: '", store,
      "' (expected type:info, types here: ", store_names(cmd->tmp_pool, ktype),
      ")", NULL);
  }

  if (ftpd_store_find(store, (size_t) (colon - store), ktype) == NULL) {
    return pstrcat(cmd->tmp_pool, "unsupported key store: '", store,
      "' (types here: ", store_names(cmd->tmp_pool, ktype), ")", NULL);
  }

  return own_store_error(cmd->tmp_pool, store);
}

static const char *stores_error(cmd_rec *cmd, unsigned int first,
    unsigned int ktype) {
  const char *error = NULL;
  unsigned int i;

  for (i = first; i < cmd->argc && error == NULL; i++) {
    error = store_error(cmd, cmd->argv[i], ktype);
  }

  return error;
}

/* usage: SFTPAuthorizedKeysCommandUser name */
modret_t *ftpd_set_authorizedkeyscommanduser(cmd_rec *cmd) {
  const struct passwd *pw;
  config_rec *c;

  CHECK_ONE(cmd);
  pw = getpwnam(cmd->argv[1]);
  if (pw == NULL) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "': there is no such user", NULL));
  }

  if (pw->pw_uid == PR_ROOT_UID) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "' is root: expected a user without privileges", NULL));
  }

  c = add_config_param(cmd->argv[0], 3, NULL, NULL, NULL);
  c->argv[0] = pstrdup(c->pool, cmd->argv[1]);
  c->argv[1] = pcalloc(c->pool, sizeof(uid_t));
  *((uid_t *) c->argv[1]) = pw->pw_uid;
  c->argv[2] = pcalloc(c->pool, sizeof(gid_t));
  *((gid_t *) c->argv[2]) = pw->pw_gid;
  return PR_HANDLED(cmd);
}

static void add_keys_rule(cmd_rec *cmd) {
  config_rec *c = add_config_param(FTPD_KEYS_RULE, 0);
  unsigned int i;

  /* The words after the names follow the arguments of a rule. */
  c->argc = cmd->argc - 3 + FTPD_RULE_ARGS;
  c->argv = pcalloc(c->pool, (c->argc + 1) * sizeof(void *));
  ftpd_rule_set(cmd, c);
  for (i = 3; i < cmd->argc; i++) {
    c->argv[i - 3 + FTPD_RULE_ARGS] = pstrdup(c->pool, cmd->argv[i]);
  }
}

/* usage: SFTPAuthorizedUserKeys [user|group|class names] type:info ... */
modret_t *ftpd_set_authorizeduserkeys(cmd_rec *cmd) {
  const char *error;
  bool is_rule = ftpd_rule_is(cmd, &error);

  CHECK_SOME(cmd);

  if (is_rule && cmd->argc < 4) {
    CONF_ERROR(cmd, "wrong number of parameters: expected user, group or "
      "class, names joined by commas, and at least one store");
  }

  if (error == NULL) {
    error = stores_error(cmd, is_rule ? 3 : 1, SFTP_SSH2_USER_KEY_STORE);
  }

  if (error != NULL) {
    CONF_ERROR(cmd, error);
  }

  if (is_rule) {
    ftpd_rule_warn(cmd, is_rule,
      "SFTPAuthorizedUserKeys user|group|class NAME store:info ...");
    add_keys_rule(cmd);

  } else {
    ftpd_conf_add_words(cmd);
  }

  return PR_HANDLED(cmd);
}

/* usage: SFTPAuthorizedHostKeys type:info ... */
modret_t *ftpd_set_authorizedhostkeys(cmd_rec *cmd) {
  const char *error;

  CHECK_SOME(cmd);

  error = stores_error(cmd, 1, SFTP_SSH2_HOST_KEY_STORE);
  if (error != NULL) {
    CONF_ERROR(cmd, error);
  }

  ftpd_conf_add_words(cmd);
  return PR_HANDLED(cmd);
}

/* The fault of a path, which must exist, or of "sql:..."; NULL: none. */
static const char *file_error(pool *p, const char *form) {
  const char *info = ftpd_source_info(form, "sql"), *why;
  struct stat st;
  int res;

  if (info != NULL) {
    why = ftpd_keysql_check(p, info, FTPD_TOKENS_CERT);
    return why != NULL ? pstrcat(p, "'", form, "': ", why, NULL) : NULL;
  }

  if (*form != '/') {
    return pstrcat(p, "'", form, "' is not an absolute path (or sql:/query)",
      NULL);
  }

  res = stat_as_root(form, &st);
  if ((res < 0 || !S_ISREG(st.st_mode)) && !ftpd_kept_reloading()) {
    return pstrcat(p, "unable to use '", form, "': ", res < 0 ?
      strerror(errno) : "not a regular file", NULL);
  }

  return NULL;
}

static modret_t *set_files(cmd_rec *cmd) {
  unsigned int i;

  CHECK_SOME(cmd);

  for (i = 1; i < cmd->argc; i++) {
    const char *error = file_error(cmd->tmp_pool, cmd->argv[i]);

    if (error != NULL) {
      CONF_ERROR(cmd, error);
    }
  }

  ftpd_conf_add_words(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPTrustedUserCAKeys path|sql:/query ... */
modret_t *ftpd_set_trustedusercakeys(cmd_rec *cmd) {
  return set_files(cmd);
}

/* usage: SFTPRevokedKeys path|sql:/query ... */
modret_t *ftpd_set_revokedkeys(cmd_rec *cmd) {
  return set_files(cmd);
}

/* The same for principals. */
static const char *principals_error(pool *p, const char *form) {
  const char *exec = ftpd_source_info(form, "exec"), *why = NULL;
  const char *sql = ftpd_source_info(form, "sql");

  if (exec != NULL) {
    why = ftpd_keyexec_check(p, exec, FTPD_TOKENS_CERT);

  } else if (sql != NULL) {
    why = ftpd_keysql_check(p, sql, FTPD_TOKENS_CERT);

  } else if (*form != '/' && *form != '~' && strncmp(form, "%h/", 3) != 0) {
    return pstrcat(p, "'", form, "' is not an absolute path, nor one that "
      "begins with ~ or %h/ (or exec:/path, sql:/query)", NULL);
  }

  return why != NULL ? pstrcat(p, "'", form, "': ", why, NULL) : NULL;
}

/* usage: SFTPAuthorizedPrincipals path|exec:/path|sql:/query */
modret_t *ftpd_set_authorizedprincipals(cmd_rec *cmd) {
  const char *error;

  CHECK_ONE(cmd);

  error = principals_error(cmd->tmp_pool, cmd->argv[1]);
  if (error != NULL) {
    CONF_ERROR(cmd, error);
  }

  ftpd_conf_add_word(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPKeyBlacklist path|none */
modret_t *ftpd_set_keyblacklist(cmd_rec *cmd) {
  CHECK_ONE(cmd);

  if (strcasecmp(cmd->argv[1], "none") != 0) {
    if (*((char *) cmd->argv[1]) != '/') {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
        "' is not an absolute path (or none)", NULL));
    }

    if (!exists2(cmd->tmp_pool, cmd->argv[1]) && !ftpd_kept_reloading()) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
        "' not found", NULL));
    }
  }

  ftpd_conf_add_word(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPKeyLimits limit bits ... */
modret_t *ftpd_set_keylimits(cmd_rec *cmd) {
  struct sftp_key_limits l = { FTPD_BITS_UNNAMED, FTPD_BITS_UNNAMED,
    FTPD_BITS_UNNAMED };
  unsigned int i;
  uint64_t n;

  CHECK_CONF(cmd, CTXT_SERVER);

  if (cmd->argc < 3 || cmd->argc % 2 == 0) {
    CONF_ERROR(cmd, "wrong number of parameters: expected pairs of a limit "
      "and its bits");
  }

  for (i = 1; i < cmd->argc; i += 2) {
    unsigned int *at;

    if (strcasecmp(cmd->argv[i], "MinimumRSASize") == 0) {
      at = &l.rsa;

    } else if (strcasecmp(cmd->argv[i], "MinimumDSASize") == 0) {
      at = &l.dsa;

    } else if (strcasecmp(cmd->argv[i], "MinimumECSize") == 0) {
      at = &l.ec;

    } else {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unknown SFTPKeyLimit '",
        cmd->argv[i], "' (accepted: MinimumRSASize, MinimumDSASize, "
        "MinimumECSize)", NULL));
    }

    if (!sftp_number(cmd->argv[i + 1], 0, 65536, &n)) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[i + 1],
        "' is no number of bits (0 to 65536, 0 for no limit)", NULL));
    }

    *at = (unsigned int) n;
  }

  ftpd_conf_add_value(cmd, &l, sizeof(l));
  return PR_HANDLED(cmd);
}

/* A word of SFTPKeyFingerprints and its meaning. */
struct fingerprint_word {
  const char *word;
  const char *digest;           /* libcrypto's name, or NULL */
  enum sftp_fingerprint_form form;      /* of a digest: by default */
};

static const struct fingerprint_word digests[] = {
  { "sha256", "SHA256", FINGERPRINT_BASE64 },
  { "sha1", "SHA1", FINGERPRINT_BASE64 },
  /* MD5 fingerprints have always been written with colons. */
  { "md5", "MD5", FINGERPRINT_COLONS },
  { NULL, NULL, FINGERPRINT_HEX }
};

static const struct fingerprint_word encodings[] = {
  { "base64", NULL, FINGERPRINT_BASE64 },
  { "hex", NULL, FINGERPRINT_HEX },
  { "hex+colons", NULL, FINGERPRINT_COLONS },
  { "hex+colon", NULL, FINGERPRINT_COLONS },
  { NULL, NULL, FINGERPRINT_HEX }
};

/* Ignores case; NULL if there is no such word. */
static const struct fingerprint_word *find_word(
    const struct fingerprint_word *words, const char *word) {
  while (words->word != NULL && strcasecmp(words->word, word) != 0) {
    words++;
  }

  return words->word != NULL ? words : NULL;
}

/* usage: SFTPKeyFingerprints digest[+encoding] */
modret_t *ftpd_set_keyfingerprints(cmd_rec *cmd) {
  const struct fingerprint_word *digest, *encoding;
  char *word, *plus;
  config_rec *c;

  CHECK_ONE(cmd);

  word = pstrdup(cmd->tmp_pool, cmd->argv[1]);
  plus = strchr(word, '+');
  if (plus != NULL) {
    *plus++ = '\0';
  }

  digest = find_word(digests, word);
  if (digest == NULL) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool,
      "unsupported SFTPKeyFingerprint algorithm '", word,
      "' (accepted: sha256, sha1, md5)", NULL));
  }

  encoding = plus == NULL ? digest : find_word(encodings, plus);
  if (encoding == NULL) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool,
      "unsupported SFTPKeyFingerprint format '", plus,
      "' (accepted: base64, hex, hex+colons)", NULL));
  }

  c = add_config_param(cmd->argv[0], 2, NULL, NULL);
  c->argv[0] = pstrdup(c->pool, digest->digest);
  c->argv[1] = pcalloc(c->pool, sizeof(encoding->form));
  *((enum sftp_fingerprint_form *) c->argv[1]) = encoding->form;
  return PR_HANDLED(cmd);
}

/* usage: SFTPPassPhraseProvider path */
modret_t *ftpd_set_passphraseprovider(cmd_rec *cmd) {
  const char *path;
  struct stat st;

  if (cmd->argc != 2) {
    CONF_ERROR(cmd, "wrong number of parameters: expected one");
  }

  CHECK_CONF(cmd, CONF_ROOT);
  path = cmd->argv[1];

  if (*path != '/') {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", path,
      "' must be a full path", NULL));
  }

  errno = 0;
  if ((stat(path, &st) < 0 || !S_ISREG(st.st_mode)) &&
      !ftpd_kept_reloading()) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "error checking '", path, "': ",
      errno != 0 ? strerror(errno) : "Not a regular file", NULL));
  }

  ftpd_conf_add_word(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPDHParamFile path */
modret_t *ftpd_set_dhparamfile(cmd_rec *cmd) {
  CHECK_ONE(cmd);

  if (pr_fs_valid_path(cmd->argv[1]) < 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unable to use '", cmd->argv[1],
      "': expected an absolute path", NULL));
  }

  ftpd_conf_add_word(cmd);
  return PR_HANDLED(cmd);
}
