/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* directives.c -- the directives: a row and a handler each.
 *
 * Errors name the directive, the value and what is accepted; the host adds
 * file and line, and does not start.
 */

#include "directives.h"

#include "exec.h"
#include "fxp.h"

#define CTXT_SERVER (CONF_ROOT|CONF_VIRTUAL|CONF_GLOBAL)

/* ---- Checks that several handlers share */

#define CHECK_ONE(cmd) \
  do { \
    if ((cmd)->argc != 2) { \
      CONF_ERROR((cmd), "wrong number of parameters: expected one"); \
    } \
    CHECK_CONF((cmd), CTXT_SERVER); \
  } while (0)

#define CHECK_SOME(cmd) \
  do { \
    if ((cmd)->argc < 2) { \
      CONF_ERROR((cmd), "wrong number of parameters: expected at least one"); \
    } \
    CHECK_CONF((cmd), CTXT_SERVER); \
  } while (0)

long host_multi_flag(void) {
  return pr_module_exists("mod_ifsession.c") ? CF_MULTI : 0;
}

bool host_number(const char *text, uint64_t min, uint64_t max, uint64_t *n) {
  char *end = NULL;

  if (!PR_ISDIGIT((int) *text)) {
    return false;
  }

  errno = 0;
  *n = strtoull(text, &end, 10);
  return errno == 0 && *end == '\0' && *n >= min && *n <= max;
}

bool host_bytes(pool *p, const char *text, unsigned int bare, uint64_t max,
    uint64_t *n) {
  const struct { const char *unit; unsigned int shift; } units[] = {
    { "GB", 30 }, { "MB", 20 }, { "KB", 10 }, { "B", 0 }, { "", bare }
  };
  size_t digits = strspn(text, "0123456789"), i;
  const char *number = pstrndup(p, text, digits);

  for (i = 0; i < SFTP_NELEMS(units); i++) {
    if (strcasecmp(text + digits, units[i].unit) == 0) {
      if (!host_number(number, 1, max >> units[i].shift, n)) {
        return false;
      }

      *n <<= units[i].shift;
      return true;
    }
  }

  return false;
}

static bool in_global(const cmd_rec *cmd) {
  return cmd->config != NULL && cmd->config->config_type == CONF_GLOBAL;
}

/* A record with one word. */
static config_rec *add_word(cmd_rec *cmd) {
  return add_config_param_str(cmd->argv[0], 1, cmd->argv[1]);
}

/* A record with all words. */
static config_rec *add_words(cmd_rec *cmd) {
  config_rec *c;
  unsigned int i;

  c = add_config_param(cmd->argv[0], 0);
  c->argc = cmd->argc - 1;
  c->argv = pcalloc(c->pool, cmd->argc * sizeof(void *));

  for (i = 1; i < cmd->argc; i++) {
    c->argv[i - 1] = pstrdup(c->pool, cmd->argv[i]);
  }

  return c;
}

/* A record with a value of n bytes. */
static config_rec *add_value(cmd_rec *cmd, const void *value, size_t n) {
  config_rec *c;

  c = add_config_param(cmd->argv[0], 1, NULL);
  c->argv[0] = pcalloc(c->pool, n);
  memcpy(c->argv[0], value, n);
  return c;
}

/* ---- Lists of algorithms */

const char *const host_alg_kinds[ALGS_NFAMILIES] = {
  [ALGS_KEX] = "key exchange",
  [ALGS_HOSTKEY] = "host key",
  [ALGS_CIPHER] = "cipher",
  [ALGS_MAC] = "digest",
  [ALGS_COMPRESS] = "compression",
  [ALGS_SIGNATURE] = "auth public key"
};

/* The sign in front of a word, 0 when there is none. */
static char sign_of(const char *word) {
  return *word != '\0' && strchr("+-^", *word) != NULL ? *word : 0;
}

/* Words without a sign take that of the word before them; a list is either
 * names or changes.
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
  return pstrcat(cmd->tmp_pool, "unsupported ", host_alg_kinds[f],
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

const char *host_alg_add(cmd_rec *cmd, pool *p, enum sftp_alg_family f,
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
      (char *) cmd->argv[0], host_alg_kinds[f], name);
    if (sign == 0) {
      return NULL;
    }
  }

  alg_put(p, sign, name, list);
  return NULL;
}

const char *host_alg_done(cmd_rec *cmd, enum sftp_alg_family f,
    const char *list, const char **err) {
  if (list == NULL) {
    *err = pstrcat(cmd->tmp_pool, "none of the named ", host_alg_kinds[f],
      " algorithms is available (accepted: ",
      sftp_alg_list(cmd->tmp_pool, f, 0, 0), ")", NULL);
  }

  return list;
}

const char *host_alg_words(cmd_rec *cmd, pool *p, enum sftp_alg_family f,
    const char *text, const char **list) {
  struct sftp_str left = sftp_str_of(text), name;
  const char *err = NULL;

  while (err == NULL && sftp_names_next(&left, &name)) {
    err = host_alg_add(cmd, p, f, (const char *) name.ptr, name.len, list);
  }

  return err;
}

static modret_t *set_algs(cmd_rec *cmd, enum sftp_alg_family f) {
  const char *list = NULL, *err = NULL;
  unsigned int i;

  CHECK_SOME(cmd);

  for (i = 1; i < cmd->argc && err == NULL; i++) {
    err = host_alg_words(cmd, cmd->tmp_pool, f, cmd->argv[i], &list);
  }

  if (err != NULL || host_alg_done(cmd, f, list, &err) == NULL) {
    CONF_ERROR(cmd, err);
  }

  add_config_param_str(cmd->argv[0], 1, list);
  return PR_HANDLED(cmd);
}

/* usage: SFTPAlgorithmProfile modern|default|legacy */
MODRET set_algorithmprofile(cmd_rec *cmd) {
  int profile;

  CHECK_ONE(cmd);

  profile = sftp_alg_profile_find(cmd->argv[1]);
  if (profile < 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unknown profile '", cmd->argv[1],
      "' (accepted: modern, default, legacy)", NULL));
  }

  add_value(cmd, &profile, sizeof(profile));
  return PR_HANDLED(cmd);
}

/* usage: SFTPCiphers algo ... */
MODRET set_ciphers(cmd_rec *cmd) {
  return set_algs(cmd, ALGS_CIPHER);
}

/* usage: SFTPDigests algo ... */
MODRET set_digests(cmd_rec *cmd) {
  return set_algs(cmd, ALGS_MAC);
}

/* usage: SFTPKeyExchanges algo ... */
MODRET set_keyexchanges(cmd_rec *cmd) {
  return set_algs(cmd, ALGS_KEX);
}

/* usage: SFTPHostKeys algo ... */
MODRET set_hostkeys(cmd_rec *cmd) {
  return set_algs(cmd, ALGS_HOSTKEY);
}

/* usage: SFTPAuthPublicKeys algo ... */
MODRET set_authpublickeys(cmd_rec *cmd) {
  return set_algs(cmd, ALGS_SIGNATURE);
}

/* ---- Keys and stores */

/* usage: SFTPHostKey path|agent:path|NoRSA|NoDSA|NoECDSA|NoED25519|NoED448 */
MODRET set_hostkey(cmd_rec *cmd) {
  static const char *const no[] = { "NoRSA", "NoDSA", "NoECDSA", "NoED25519",
    "NoED448" };
  const char *form;
  struct stat st;
  size_t i;
  int res, xerrno;

  CHECK_ONE(cmd);
  form = cmd->argv[1];

  for (i = 0; i < SFTP_NELEMS(no); i++) {
    if (strcasecmp(form, no[i]) == 0) {
      add_config_param_str(cmd->argv[0], 2, no[i],
        in_global(cmd) ? "global" : "");
      return PR_HANDLED(cmd);
    }
  }

  if (strncmp(form, "agent:", 6) == 0) {
    if (form[6] != '/') {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", form,
        "' must have an absolute path behind agent:", NULL));
    }

  } else {
    if (*form != '/') {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", form,
        "' must be an absolute path (or agent:/path, NoRSA, NoDSA, NoECDSA, "
        "NoED25519, NoED448)", NULL));
    }

    PRIVS_ROOT
    res = stat(form, &st);
    xerrno = errno;
    PRIVS_RELINQUISH

    if (res < 0) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unable to check '", form, "': ",
        strerror(xerrno), NULL));
    }

    if (!S_ISREG(st.st_mode)) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", form,
        "' is not a regular file", NULL));
    }
  }

  /* Permissions are looked at when all SFTPOptions are known. */
  add_config_param_str(cmd->argv[0], 2, form, in_global(cmd) ? "global" : "");
  return PR_HANDLED(cmd);
}

/* usage: SFTPHostCertificate path */
MODRET set_hostcertificate(cmd_rec *cmd) {
  CHECK_ONE(cmd);

  if (*((char *) cmd->argv[1]) != '/') {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "' must be an absolute path", NULL));
  }

  add_config_param_str(cmd->argv[0], 2, cmd->argv[1],
    in_global(cmd) ? "global" : "");
  return PR_HANDLED(cmd);
}

/* The stores that could be named; in the text of an error. */
static const char *store_names(pool *p, unsigned int ktype) {
  const struct host_store *s;
  const char *names = "";

  for (s = host_store_first(); s != NULL; s = s->next) {
    if ((s->ktypes & ktype) == ktype) {
      names = pstrcat(p, names, *names ? ", " : "", s->name, ":", NULL);
    }
  }

  return names;
}

/* What "exec:" and "ldap:" want; NULL: it is there. */
static const char *own_store_error(pool *p, const char *store) {
  const char *why;

  if (strncmp(store, "exec:", 5) == 0) {
    why = host_keyexec_check(p, store + 5);
    return why != NULL ? pstrcat(p, "'", store, "': ", why, NULL) : NULL;
  }

  if (strncmp(store, "ldap:", 5) == 0 && !pr_module_exists("mod_ldap.c")) {
    return pstrcat(p, "'", store, "' needs LoadModule mod_ldap.c before",
      NULL);
  }

  return NULL;
}

static modret_t *set_stores(cmd_rec *cmd, unsigned int ktype) {
  unsigned int i;

  CHECK_SOME(cmd);

  for (i = 1; i < cmd->argc; i++) {
    const char *colon = strchr(cmd->argv[i], ':');

    if (colon == NULL) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "badly formatted parameter: '",
        cmd->argv[i], "' (expected type:info, types here: ",
        store_names(cmd->tmp_pool, ktype), ")", NULL));
    }

    if (host_store_find(cmd->argv[i], (size_t) (colon - (char *) cmd->argv[i]),
        ktype) == NULL) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unsupported key store: '",
        cmd->argv[i], "' (types here: ", store_names(cmd->tmp_pool, ktype),
        ")", NULL));
    }

    if (own_store_error(cmd->tmp_pool, cmd->argv[i]) != NULL) {
      CONF_ERROR(cmd, own_store_error(cmd->tmp_pool, cmd->argv[i]));
    }
  }

  add_words(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPAuthorizedKeysCommandUser name */
MODRET set_authorizedkeyscommanduser(cmd_rec *cmd) {
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

/* usage: SFTPAuthorizedUserKeys type:info ... */
MODRET set_authorizeduserkeys(cmd_rec *cmd) {
  return set_stores(cmd, SFTP_SSH2_USER_KEY_STORE);
}

/* usage: SFTPAuthorizedHostKeys type:info ... */
MODRET set_authorizedhostkeys(cmd_rec *cmd) {
  return set_stores(cmd, SFTP_SSH2_HOST_KEY_STORE);
}

/* Paths of files that are to be there. */
static modret_t *set_files(cmd_rec *cmd) {
  struct stat st;
  unsigned int i;
  int res, xerrno;

  CHECK_SOME(cmd);

  for (i = 1; i < cmd->argc; i++) {
    const char *path = cmd->argv[i];

    if (*path != '/') {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", path,
        "' is not an absolute path", NULL));
    }

    PRIVS_ROOT
    res = stat(path, &st);
    xerrno = errno;
    PRIVS_RELINQUISH

    if (res < 0 || !S_ISREG(st.st_mode)) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unable to use '", path, "': ",
        res < 0 ? strerror(xerrno) : "not a regular file", NULL));
    }
  }

  add_words(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPTrustedUserCAKeys path ... */
MODRET set_trustedusercakeys(cmd_rec *cmd) {
  return set_files(cmd);
}

/* usage: SFTPRevokedKeys path ... */
MODRET set_revokedkeys(cmd_rec *cmd) {
  return set_files(cmd);
}

/* usage: SFTPAuthorizedPrincipals path */
MODRET set_authorizedprincipals(cmd_rec *cmd) {
  const char *path;

  CHECK_ONE(cmd);

  path = cmd->argv[1];
  if (*path != '/' && *path != '~' && strncmp(path, "%h/", 3) != 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", path,
      "' is not an absolute path, nor one that begins with ~ or %h/", NULL));
  }

  add_word(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPCASignatureAlgorithms algo ... */
MODRET set_casignaturealgorithms(cmd_rec *cmd) {
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

/* usage: SFTPKeyBlacklist path|none */
MODRET set_keyblacklist(cmd_rec *cmd) {
  CHECK_ONE(cmd);

  if (strcasecmp(cmd->argv[1], "none") != 0) {
    if (*((char *) cmd->argv[1]) != '/') {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
        "' is not an absolute path (or none)", NULL));
    }

    if (!exists2(cmd->tmp_pool, cmd->argv[1])) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
        "' not found", NULL));
    }
  }

  add_word(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPKeyLimits limit bits ... */
MODRET set_keylimits(cmd_rec *cmd) {
  struct key_limits l = { HOST_MIN_RSA_BITS, HOST_MIN_DSA_BITS,
    HOST_MIN_EC_BITS };
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
      at = &l.min_rsa_bits;

    } else if (strcasecmp(cmd->argv[i], "MinimumDSASize") == 0) {
      at = &l.min_dsa_bits;

    } else if (strcasecmp(cmd->argv[i], "MinimumECSize") == 0) {
      at = &l.min_ec_bits;

    } else {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unknown SFTPKeyLimit '",
        cmd->argv[i], "' (accepted: MinimumRSASize, MinimumDSASize, "
        "MinimumECSize)", NULL));
    }

    if (!host_number(cmd->argv[i + 1], 0, 65536, &n)) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[i + 1],
        "' is no number of bits (0 to 65536, 0 for no limit)", NULL));
    }

    *at = (unsigned int) n;
  }

  add_value(cmd, &l, sizeof(l));
  return PR_HANDLED(cmd);
}

/* usage: SFTPKeyFingerprints digest[+encoding] */
MODRET set_keyfingerprints(cmd_rec *cmd) {
  static const char *const digests[] = { "sha256", "sha1", "md5" };
  static const char *const encodings[] = { "base64", "hex", "hex+colons" };
  const char *digest = NULL, *encoding = NULL, *plus;
  char *word;
  size_t i;

  CHECK_ONE(cmd);

  word = pstrdup(cmd->tmp_pool, cmd->argv[1]);
  plus = strchr(word, '+');

  if (plus != NULL) {
    const char *form = plus + 1;

    if (strcasecmp(form, "hex+colon") == 0) {
      form = "hex+colons";
    }

    for (i = 0; i < SFTP_NELEMS(encodings); i++) {
      if (strcasecmp(form, encodings[i]) == 0) {
        encoding = encodings[i];
      }
    }

    if (encoding == NULL) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool,
        "unsupported SFTPKeyFingerprint format '", form,
        "' (accepted: base64, hex, hex+colons)", NULL));
    }

    word[plus - word] = '\0';
  }

  for (i = 0; i < SFTP_NELEMS(digests); i++) {
    if (strcasecmp(word, digests[i]) == 0) {
      digest = digests[i];
    }
  }

  if (digest == NULL) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool,
      "unsupported SFTPKeyFingerprint algorithm '", word,
      "' (accepted: sha256, sha1, md5)", NULL));
  }

  /* MD5 fingerprints have always been written with colons. */
  if (encoding == NULL) {
    encoding = digest == digests[2] ? encodings[2] : encodings[0];
  }

  add_config_param_str(cmd->argv[0], 2, digest, encoding);
  return PR_HANDLED(cmd);
}

/* usage: SFTPPassPhraseProvider path */
MODRET set_passphraseprovider(cmd_rec *cmd) {
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

  if (stat(path, &st) < 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "error checking '", path, "': ",
      strerror(errno), NULL));
  }

  if (!S_ISREG(st.st_mode)) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", path,
      "': Not a regular file", NULL));
  }

  add_word(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPDHParamFile path */
MODRET set_dhparamfile(cmd_rec *cmd) {
  CHECK_ONE(cmd);

  if (pr_fs_valid_path(cmd->argv[1]) < 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unable to use '", cmd->argv[1],
      "': expected an absolute path", NULL));
  }

  add_word(cmd);
  return PR_HANDLED(cmd);
}

/* ---- The rest, in the order of the alphabet */

/* usage: SFTPAcceptEnv pattern ... */
MODRET set_acceptenv(cmd_rec *cmd) {
  CHECK_SOME(cmd);
  add_words(cmd)->flags |= host_multi_flag();
  return PR_HANDLED(cmd);
}

/* usage: SFTPClientAlive count interval */
MODRET set_clientalive(cmd_rec *cmd) {
  config_rec *c;
  uint64_t count, secs;

  CHECK_CONF(cmd, CTXT_SERVER);

  if (cmd->argc != 3) {
    CONF_ERROR(cmd, "wrong number of parameters: expected a count and an "
      "interval in seconds");
  }

  if (!host_number(cmd->argv[1], 0, INT_MAX, &count)) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "max count '", cmd->argv[1],
      "' must be a number, 0 or greater", NULL));
  }

  if (!host_number(cmd->argv[2], 0, INT_MAX / 1000, &secs)) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "interval '", cmd->argv[2],
      "' must be a number of seconds, 0 or greater", NULL));
  }

  c = add_config_param(cmd->argv[0], 2, NULL, NULL);
  c->argv[0] = pcalloc(c->pool, sizeof(unsigned int));
  c->argv[1] = pcalloc(c->pool, sizeof(unsigned int));
  *((unsigned int *) c->argv[0]) = (unsigned int) count;
  *((unsigned int *) c->argv[1]) = (unsigned int) secs;
  return PR_HANDLED(cmd);
}

/* usage: SFTPCompression on|off|delayed */
MODRET set_compression(cmd_rec *cmd) {
  int setting, on;

  CHECK_ONE(cmd);

  on = get_boolean(cmd, 1);
  if (on != -1) {
    setting = on ? COMPRESS_ON : COMPRESS_OFF;

  } else if (strcasecmp(cmd->argv[1], "delayed") == 0) {
    setting = COMPRESS_DELAYED;

  } else {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unknown compression setting: '",
      cmd->argv[1], "' (accepted: on, off, delayed)", NULL));
  }

  add_value(cmd, &setting, sizeof(setting));
  return PR_HANDLED(cmd);
}

/* usage: SFTPCryptoDevice driver|ALL|none */
MODRET set_cryptodevice(cmd_rec *cmd) {
  CHECK_ONE(cmd);

  /* OpenSSL has replaced engines by providers, which its own configuration
   * file loads.
   */
  if (strcasecmp(cmd->argv[1], "none") != 0) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": SFTPCryptoDevice %s is ignored: OpenSSL 3 has no engines",
      (char *) cmd->argv[1]);
  }

  add_word(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPDisplayBanner path */
MODRET set_displaybanner(cmd_rec *cmd) {
  CHECK_ONE(cmd);
  add_word(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPEngine on|off */
MODRET set_engine(cmd_rec *cmd) {
  int on;

  CHECK_ONE(cmd);

  on = get_boolean(cmd, 1);
  if (on == -1) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "': expected Boolean parameter (on or off)", NULL));
  }

  add_value(cmd, &on, sizeof(on));
  return PR_HANDLED(cmd);
}

static unsigned long ext_bits(const char *name) {
  const struct sftp_fxp_ext_word *w;

  for (w = sftp_fxp_ext_words; w->word != NULL; w++) {
    if (strcasecmp(w->word, name) == 0) {
      return w->bit;
    }
  }

  return 0;
}

static const char *ext_names(pool *p) {
  const struct sftp_fxp_ext_word *w;
  const char *names = "";

  for (w = sftp_fxp_ext_words; w->word != NULL; w++) {
    names = pstrcat(p, names, *names ? ", " : "", w->word, NULL);
  }

  return names;
}

/* usage: SFTPExtensions +name|-name ... */
MODRET set_extensions(cmd_rec *cmd) {
  unsigned long bits = FXP_EXT_DEFAULT;
  unsigned int i;

  CHECK_SOME(cmd);

  for (i = 1; i < cmd->argc; i++) {
    const char *word = cmd->argv[i];
    unsigned long bit;

    if (*word != '+' && *word != '-') {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "bad option: '", word,
        "' (expected a + or - in front of the name)", NULL));
    }

    bit = ext_bits(word + 1);
    if (bit == 0) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unknown extension: '", word + 1,
        "' (accepted: ", ext_names(cmd->tmp_pool), ")", NULL));
    }

    bits = *word == '+' ? bits | bit : bits & ~bit;
  }

  add_value(cmd, &bits, sizeof(bits));
  return PR_HANDLED(cmd);
}

static unsigned long exec_bit(const char *name) {
  const struct sftp_exec_word *w;

  for (w = sftp_exec_words; w->word != NULL; w++) {
    if (strcasecmp(w->word, name) == 0) {
      return w->bit;
    }
  }

  return 0;
}

static const char *exec_names(pool *p) {
  const struct sftp_exec_word *w;
  const char *names = "";

  for (w = sftp_exec_words; w->word != NULL; w++) {
    names = pstrcat(p, names, *names ? ", " : "", w->word, NULL);
  }

  return names;
}

/* usage: SFTPExecCommands none|all|+name|-name ... */
MODRET set_execcommands(cmd_rec *cmd) {
  unsigned long bits = EXEC_DEFAULT;
  unsigned int i;

  CHECK_SOME(cmd);

  for (i = 1; i < cmd->argc; i++) {
    const char *word = cmd->argv[i];
    unsigned long bit;

    if (strcasecmp(word, "none") == 0 || strcasecmp(word, "all") == 0) {
      bits = strcasecmp(word, "all") == 0 ? EXEC_DEFAULT : 0;
      continue;
    }

    if (*word != '+' && *word != '-') {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "bad option: '", word,
        "' (expected none, all, or a + or - in front of a name)", NULL));
    }

    bit = exec_bit(word + 1);
    if (bit == 0) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unknown command: '", word + 1,
        "' (accepted: ", exec_names(cmd->tmp_pool), ")", NULL));
    }

    bits = *word == '+' ? bits | bit : bits & ~bit;
  }

  add_value(cmd, &bits, sizeof(bits));
  return PR_HANDLED(cmd);
}

/* usage: SFTPLog path|none */
MODRET set_log(cmd_rec *cmd) {
  CHECK_ONE(cmd);

  if (strcasecmp(cmd->argv[1], "none") != 0 &&
      *((char *) cmd->argv[1]) != '/') {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "': expected an absolute path or none", NULL));
  }

  add_word(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPMaxChannels n */
MODRET set_maxchannels(cmd_rec *cmd) {
  unsigned int max;
  uint64_t n;

  CHECK_ONE(cmd);

  if (!host_number(cmd->argv[1], 0, UINT_MAX, &n)) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "' must be numeric", NULL));
  }

  if (n == 0) {
    CONF_ERROR(cmd, "'0' must be greater than zero");
  }

  max = (unsigned int) n;
  add_value(cmd, &max, sizeof(max));
  return PR_HANDLED(cmd);
}

static const struct {
  const char *name;
  unsigned long bit;
} options[] = {
  { "AllowInsecureLogin", SFTP_OPT_ALLOW_INSECURE_LOGIN },
  { "AllowWeakDH", SFTP_OPT_ALLOW_WEAK_DH },
  { "FIDOTouchRequired", SFTP_OPT_FIDO_TOUCH_REQUIRED },
  { "FIDOVerifyRequired", SFTP_OPT_FIDO_VERIFY_REQUIRED },
  { "HostbasedAnyUser", SFTP_OPT_HOSTBASED_ANY_USER },
  { "IgnoreFIFOs", SFTP_OPT_IGNORE_FIFOS },
  { "IgnoreSCPUploadPerms", SFTP_OPT_IGNORE_SCP_UPLOAD_PERMS },
  { "IgnoreSCPUploadTimes", SFTP_OPT_IGNORE_SCP_UPLOAD_TIMES },
  { "IgnoreSFTPSetExtendedAttributes", SFTP_OPT_IGNORE_SFTP_SET_XATTRS },
  { "IgnoreSFTPSetOwners", SFTP_OPT_IGNORE_SFTP_SET_OWNERS },
  { "IgnoreSFTPSetPerms", SFTP_OPT_IGNORE_SFTP_SET_PERMS },
  { "IgnoreSFTPSetTimes", SFTP_OPT_IGNORE_SFTP_SET_TIMES },
  { "IgnoreSFTPUploadExtendedAttributes", SFTP_OPT_IGNORE_SFTP_UPLOAD_XATTRS },
  { "IgnoreSFTPUploadPerms", SFTP_OPT_IGNORE_SFTP_UPLOAD_PERMS },
  { "IncludeSFTPTimes", SFTP_OPT_INCLUDE_SFTP_TIMES },
  { "InsecureHostKeyPerms", SFTP_OPT_INSECURE_HOSTKEY_PERMS },
  { "InsecureUserKeyPerms", SFTP_OPT_INSECURE_USERKEY_PERMS },
  { "MatchKeySubject", SFTP_OPT_MATCH_KEY_SUBJECT },
  { "NoExtensionNegotiation", SFTP_OPT_NO_EXT_INFO },
  { "NoHostkeyRotation", SFTP_OPT_NO_HOSTKEY_ROTATION },
  { "NoStrictKex", SFTP_OPT_NO_STRICT_KEX },
  /* An old peer sees our version first and judges by it. */
  { "OldProtocolCompat",
    SFTP_OPT_OLD_PROTO_COMPAT|SFTP_OPT_PESSIMISTIC_KEXINIT },
  { "PessimisticKexinit", SFTP_OPT_PESSIMISTIC_KEXINIT },
  { "TerseRefusals", SFTP_OPT_TERSE_REFUSALS }
};

static const char *option_names(pool *p) {
  const char *names = options[0].name;
  size_t i;

  for (i = 1; i < SFTP_NELEMS(options); i++) {
    names = pstrcat(p, names, ", ", options[i].name, NULL);
  }

  return names;
}

/* usage: SFTPOptions flag ... */
MODRET set_options(cmd_rec *cmd) {
  unsigned long opts = 0;
  unsigned int i;

  CHECK_SOME(cmd);

  for (i = 1; i < cmd->argc; i++) {
    unsigned long bit = 0;
    size_t j;

    for (j = 0; j < SFTP_NELEMS(options); j++) {
      if (strcmp(cmd->argv[i], options[j].name) == 0) {
        bit = options[j].bit;
      }
    }

    if (bit == 0) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unknown SFTPOption '",
        cmd->argv[i], "' (accepted: ", option_names(cmd->tmp_pool), ")",
        NULL));
    }

    opts |= bit;
  }

  add_value(cmd, &opts, sizeof(opts))->flags |= host_multi_flag();
  return PR_HANDLED(cmd);
}

/* usage: SFTPRekey none|required [interval [size [timeout]]] */
MODRET set_rekey(cmd_rec *cmd) {
  struct rekey r = { false, HOST_REKEY_SECS, 0, HOST_REKEY_BYTES };
  uint64_t n;

  CHECK_CONF(cmd, CTXT_SERVER);

  if (cmd->argc < 2 || cmd->argc > 5) {
    CONF_ERROR(cmd, "wrong number of parameters: expected none, or required "
      "[seconds [size [timeout]]]");
  }

  if (strcasecmp(cmd->argv[1], "none") == 0) {
    r.never = true;

  } else if (strcasecmp(cmd->argv[1], "required") != 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "': expected either 'none' or 'required'", NULL));
  }

  if (cmd->argc > 2) {
    if (!host_number(cmd->argv[2], 1, INT_MAX / 1000, &n)) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "interval '", cmd->argv[2],
        "' must be numeric, in seconds, and greater than zero", NULL));
    }

    r.secs = (unsigned int) n;
  }

  if (cmd->argc > 3) {
    /* Bare numbers were MB before there were units. */
    if (!host_bytes(cmd->tmp_pool, cmd->argv[3], 20, UINT64_MAX, &n) ||
        n < HOST_MIN_REKEY_BYTES) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "size '", cmd->argv[3],
        "' must be numeric, in MB or with B, KB, MB or GB, and at least 16KB",
        NULL));
    }

    r.bytes = n;
  }

  if (cmd->argc > 4) {
    if (!host_number(cmd->argv[4], 1, INT_MAX / 1000, &n)) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "timeout '", cmd->argv[4],
        "' must be numeric, in seconds, and greater than zero", NULL));
    }

    r.timeout_secs = (unsigned int) n;
  }

  add_value(cmd, &r, sizeof(r));
  return PR_HANDLED(cmd);
}

/* usage: SFTPTrafficPolicy none|low|medium|high|paranoid */
MODRET set_trafficpolicy(cmd_rec *cmd) {
  static const char *const policies[] = { "none", "low", "medium", "high",
    "paranoid", "rogaway" };
  size_t i;

  CHECK_ONE(cmd);

  for (i = 0; i < SFTP_NELEMS(policies); i++) {
    if (strcasecmp(cmd->argv[1], policies[i]) == 0) {
      add_config_param_str(cmd->argv[0], 1, policies[i]);
      return PR_HANDLED(cmd);
    }
  }

  CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
    "' is not a recognized policy (accepted: none, low, medium, high, "
    "paranoid)", NULL));
}

conftable sftp_conftab[] = {
  { "SFTPAcceptEnv", set_acceptenv, NULL },
  { "SFTPAlgorithmProfile", set_algorithmprofile, NULL },
  { "SFTPAuthMethods", host_set_authmethods, NULL },
  { "SFTPAuthorizedHostKeys", set_authorizedhostkeys, NULL },
  { "SFTPAuthorizedPrincipals", set_authorizedprincipals, NULL },
  { "SFTPAuthorizedKeysCommandUser", set_authorizedkeyscommanduser, NULL },
  { "SFTPAuthorizedUserKeys", set_authorizeduserkeys, NULL },
  { "SFTPAuthPublicKeys", set_authpublickeys, NULL },
  { "SFTPCASignatureAlgorithms", set_casignaturealgorithms, NULL },
  { "SFTPCiphers", set_ciphers, NULL },
  { "SFTPClientAlive", set_clientalive, NULL },
  { "SFTPClientMatch", host_set_clientmatch, NULL },
  { "SFTPCompression", set_compression, NULL },
  { "SFTPCryptoDevice", set_cryptodevice, NULL },
  { "SFTPDHParamFile", set_dhparamfile, NULL },
  { "SFTPDigests", set_digests, NULL },
  { "SFTPDisplayBanner", set_displaybanner, NULL },
  { "SFTPEngine", set_engine, NULL },
  { "SFTPExecCommands", set_execcommands, NULL },
  { "SFTPExtensions", set_extensions, NULL },
  { "SFTPHostCertificate", set_hostcertificate, NULL },
  { "SFTPHostKey", set_hostkey, NULL },
  { "SFTPHostKeys", set_hostkeys, NULL },
  { "SFTPKeyBlacklist", set_keyblacklist, NULL },
  { "SFTPKeyExchanges", set_keyexchanges, NULL },
  { "SFTPKeyFingerprints", set_keyfingerprints, NULL },
  { "SFTPKeyLimits", set_keylimits, NULL },
  { "SFTPLog", set_log, NULL },
  { "SFTPMaxChannels", set_maxchannels, NULL },
  { "SFTPOptions", set_options, NULL },
  { "SFTPPassPhraseProvider", set_passphraseprovider, NULL },
  { "SFTPPerSourceNetBlockSize", host_set_netblock, NULL },
  { "SFTPPerSourcePenalties", host_set_penalties, NULL },
  { "SFTPPerSourcePenaltyExemptList", host_set_exempt, NULL },
  { "SFTPRekey", set_rekey, NULL },
  { "SFTPRevokedKeys", set_revokedkeys, NULL },
  { "SFTPTrafficPolicy", set_trafficpolicy, NULL },
  { "SFTPTrustedUserCAKeys", set_trustedusercakeys, NULL },
  { NULL, NULL, NULL }
};
