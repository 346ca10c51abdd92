/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* directives.c -- the directives: a row and a handler each; those for
 * algorithms and keys are in separate files.
 *
 * Error messages name the directive, the value and what is accepted; the daemon
 * adds file and line, and does not start.
 */

#include "directives-int.h"
#include "directives-set.h"
#include "directives.h"
#include "ftpd-conf.h"
#include "ftpd-confine.h"
#include "ftpd-log.h"

#include "exec.h"
#include "fxp.h"
#include "qos.h"
#include "traffic.h"

/* ---- What several handlers share */

long ftpd_multi_flag(void) {
  return pr_module_exists("mod_ifsession.c") ? CF_MULTI : 0;
}

bool ftpd_conf_in_global(const cmd_rec *cmd) {
  return cmd->config != NULL && cmd->config->config_type == CONF_GLOBAL;
}

config_rec *ftpd_conf_add_word(cmd_rec *cmd) {
  return add_config_param_str(cmd->argv[0], 1, cmd->argv[1]);
}

config_rec *ftpd_conf_add_words(cmd_rec *cmd) {
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

config_rec *ftpd_conf_add_value(cmd_rec *cmd, const void *value, size_t n) {
  config_rec *c;

  c = add_config_param(cmd->argv[0], 1, NULL);
  c->argv[0] = pcalloc(c->pool, n);
  memcpy(c->argv[0], value, n);
  return c;
}

/* ---- The rest, in the order of the alphabet */

/* usage: SFTPAcceptEnv pattern ... */
MODRET set_acceptenv(cmd_rec *cmd) {
  CHECK_SOME(cmd);
  ftpd_conf_add_words(cmd)->flags |= ftpd_multi_flag();
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

  if (!sftp_number(cmd->argv[1], 0, INT_MAX, &count)) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "max count '", cmd->argv[1],
      "' must be a number, 0 or greater", NULL));
  }

  if (!sftp_number(cmd->argv[2], 0, INT_MAX / 1000, &secs)) {
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

  ftpd_conf_add_value(cmd, &setting, sizeof(setting));
  return PR_HANDLED(cmd);
}

/* usage: SFTPCryptoDevice driver|ALL|none */
MODRET set_cryptodevice(cmd_rec *cmd) {
  CHECK_ONE(cmd);

  /* OpenSSL has replaced engines by providers, which its own configuration file
   * loads.
   */
  if (strcasecmp(cmd->argv[1], "none") != 0) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": SFTPCryptoDevice %s is ignored: OpenSSL 3 has no engines",
      (char *) cmd->argv[1]);
  }

  ftpd_conf_add_word(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPDisplayBanner path */
MODRET set_displaybanner(cmd_rec *cmd) {
  CHECK_ONE(cmd);
  ftpd_conf_add_word(cmd);
  return PR_HANDLED(cmd);
}

/* A switch: on or off. */
static modret_t *set_boolean(cmd_rec *cmd) {
  int on;

  CHECK_ONE(cmd);

  on = get_boolean(cmd, 1);
  if (on == -1) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "': expected Boolean parameter (on or off)", NULL));
  }

  ftpd_conf_add_value(cmd, &on, sizeof(on));
  return PR_HANDLED(cmd);
}

/* usage: SFTPEngine on|off */
MODRET set_engine(cmd_rec *cmd) {
  return set_boolean(cmd);
}

/* usage: SFTPIsolation on|off */
MODRET set_isolation(cmd_rec *cmd) {
  return set_boolean(cmd);
}

/* Words with bits, and their names in error messages. */
struct words {
  sftp_switches table;
  const char *kind;
  const char *expected;
  bool sets;                    /* "none" and "all" are words, too */
};

/* Changes *bits by "+word" or "-word"; NULL, or the error message. */
static const char *set_switch(cmd_rec *cmd, const struct words *w,
    const char *word, unsigned long *bits) {
  unsigned long bit;

  if (*word != '+' && *word != '-') {
    return pstrcat(cmd->tmp_pool, "bad option: '", word, "' (expected ",
      w->expected, ")", NULL);
  }

  bit = sftp_switch_find(w->table, word + 1);
  if (bit == 0) {
    return pstrcat(cmd->tmp_pool, "unknown ", w->kind, ": '", word + 1,
      "' (accepted: ", sftp_switch_words(cmd->tmp_pool, w->table), ")", NULL);
  }

  *bits = *word == '+' ? *bits | bit : *bits & ~bit;
  return NULL;
}

static modret_t *set_switches(cmd_rec *cmd, const struct words *w) {
  unsigned long bits = sftp_switch_defaults(w->table);
  unsigned int i;

  CHECK_SOME(cmd);

  for (i = 1; i < cmd->argc; i++) {
    const char *word = cmd->argv[i], *err = NULL;

    if (w->sets && strcasecmp(word, "none") == 0) {
      bits = 0;

    } else if (w->sets && strcasecmp(word, "all") == 0) {
      bits = sftp_switch_defaults(w->table);

    } else {
      err = set_switch(cmd, w, word, &bits);
    }

    if (err != NULL) {
      CONF_ERROR(cmd, err);
    }
  }

  ftpd_conf_add_value(cmd, &bits, sizeof(bits));
  return PR_HANDLED(cmd);
}

/* usage: SFTPExtensions +name|-name ... */
MODRET set_extensions(cmd_rec *cmd) {
  static const struct words words = { sftp_fxp_ext_switch, "extension",
    "a + or - in front of the name", false };

  return set_switches(cmd, &words);
}

/* usage: SFTPExecCommands none|all|+name|-name ... */
MODRET set_execcommands(cmd_rec *cmd) {
  static const struct words words = { sftp_exec_switch, "command",
    "none, all, or a + or - in front of a name", true };

  return set_switches(cmd, &words);
}

/* usage: SFTPLog path|syslog:level|none */
MODRET set_log(cmd_rec *cmd) {
  const char *word;

  CHECK_ONE(cmd);
  word = cmd->argv[1];

  if (strcasecmp(word, "none") != 0 && *word != '/' &&
      ftpd_log_syslog_level(word) < 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", word, "': expected an "
      "absolute path, syslog:level or none; levels are emerg, alert, crit, "
      "error, warn, notice, info and debug", NULL));
  }

  ftpd_conf_add_word(cmd);
  return PR_HANDLED(cmd);
}

/* usage: SFTPMaxChannels n */
MODRET set_maxchannels(cmd_rec *cmd) {
  unsigned int max;
  uint64_t n;

  CHECK_ONE(cmd);

  if (!sftp_number(cmd->argv[1], 0, UINT_MAX, &n)) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "' must be numeric", NULL));
  }

  if (n == 0) {
    CONF_ERROR(cmd, "'0' must be greater than zero");
  }

  max = (unsigned int) n;
  ftpd_conf_add_value(cmd, &max, sizeof(max));
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
  /* An old client reads the server's version first and decides by it. */
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

  ftpd_conf_add_value(cmd, &opts, sizeof(opts))->flags |= ftpd_multi_flag();
  return PR_HANDLED(cmd);
}

/* usage: SFTPQoS class [bulk-class] */
MODRET set_qos(cmd_rec *cmd) {
  struct sftp_qos_classes classes;
  int *const class[] = { &classes.interactive, &classes.bulk };
  unsigned int i;

  CHECK_CONF(cmd, CTXT_SERVER);

  if (cmd->argc != 2 && cmd->argc != 3) {
    CONF_ERROR(cmd, "wrong number of parameters: expected a class, or one for "
      "the login and one for transfers");
  }

  for (i = 0; i < 2; i++) {
    const char *word = cmd->argv[i + 1 < cmd->argc ? i + 1 : 1];

    if (!sftp_qos_find(word, class[i])) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unknown class: '", word,
        "' (accepted: ", sftp_qos_words, ")", NULL));
    }
  }

  ftpd_conf_add_value(cmd, &classes, sizeof(classes));
  return PR_HANDLED(cmd);
}

/* usage: SFTPRekey none|required [interval [size [timeout]]] */
MODRET set_rekey(cmd_rec *cmd) {
  struct rekey r = { false, FTPD_REKEY_SECS, 0, FTPD_REKEY_BYTES };
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
    if (!sftp_number(cmd->argv[2], 1, INT_MAX / 1000, &n)) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "interval '", cmd->argv[2],
        "' must be numeric, in seconds, and greater than zero", NULL));
    }

    r.secs = (unsigned int) n;
  }

  if (cmd->argc > 3) {
    /* Before there were units, plain numbers were MB. */
    if (!sftp_bytes(cmd->tmp_pool, cmd->argv[3], 20, UINT64_MAX, &n) ||
        n < FTPD_MIN_REKEY_BYTES) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "size '", cmd->argv[3],
        "' must be numeric, in MB or with B, KB, MB or GB, and at least 16KB",
        NULL));
    }

    r.bytes = n;
  }

  if (cmd->argc > 4) {
    if (!sftp_number(cmd->argv[4], 1, INT_MAX / 1000, &n)) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "timeout '", cmd->argv[4],
        "' must be numeric, in seconds, and greater than zero", NULL));
    }

    r.timeout_secs = (unsigned int) n;
  }

  ftpd_conf_add_value(cmd, &r, sizeof(r));
  return PR_HANDLED(cmd);
}

/* usage: SFTPSandbox on|off|strict */
MODRET set_sandbox(cmd_rec *cmd) {
  int setting;

  CHECK_ONE(cmd);

  setting = get_boolean(cmd, 1);
  if (strcasecmp(cmd->argv[1], "strict") == 0) {
    setting = SANDBOX_STRICT;

  } else if (setting == -1) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "': expected on, off or strict", NULL));

  } else {
    setting = setting ? SANDBOX_ON : SANDBOX_OFF;
  }

  ftpd_conf_add_value(cmd, &setting, sizeof(setting));
  return PR_HANDLED(cmd);
}

/* usage: SFTPTrafficPolicy policy */
MODRET set_trafficpolicy(cmd_rec *cmd) {
  const struct sftp_traffic_policy *policy;

  CHECK_ONE(cmd);
  policy = sftp_traffic_find(cmd->argv[1]);
  if (policy == NULL) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "' is not a recognized policy (accepted: ",
      sftp_traffic_names(cmd->tmp_pool), ")", NULL));
  }

  add_config_param_str(cmd->argv[0], 1, policy->name);
  return PR_HANDLED(cmd);
}

/* usage: SFTPUploadSync none|close */
MODRET set_uploadsync(cmd_rec *cmd) {
  const char *word;
  int on;

  CHECK_ONE(cmd);
  word = cmd->argv[1];
  on = strcasecmp(word, "close") == 0;
  if (!on && strcasecmp(word, "none") != 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", word,
      "': expected none or close", NULL));
  }

  ftpd_conf_add_value(cmd, &on, sizeof(on));
  return PR_HANDLED(cmd);
}

conftable sftp_conftab[] = {
  { "SFTPAcceptEnv", set_acceptenv, NULL },
  { "SFTPAlgorithmProfile", ftpd_set_algorithmprofile, NULL },
  { "SFTPAuthMethods", ftpd_set_authmethods, NULL },
  { "SFTPAuthorizedHostKeys", ftpd_set_authorizedhostkeys, NULL },
  { "SFTPAuthorizedPrincipals", ftpd_set_authorizedprincipals, NULL },
  { "SFTPAuthorizedKeysCommandUser", ftpd_set_authorizedkeyscommanduser, NULL },
  { "SFTPAuthorizedUserKeys", ftpd_set_authorizeduserkeys, NULL },
  { "SFTPAuthPublicKeys", ftpd_set_authpublickeys, NULL },
  { "SFTPCASignatureAlgorithms", ftpd_set_casignaturealgorithms, NULL },
  { "SFTPCiphers", ftpd_set_ciphers, NULL },
  { "SFTPClientAlive", set_clientalive, NULL },
  { "SFTPClientMatch", ftpd_set_clientmatch, NULL },
  { "SFTPCompression", set_compression, NULL },
  { "SFTPControlsACLs", ftpd_set_controlsacls, NULL },
  { "SFTPCryptoDevice", set_cryptodevice, NULL },
  { "SFTPDHParamFile", ftpd_set_dhparamfile, NULL },
  { "SFTPDigests", ftpd_set_digests, NULL },
  { "SFTPDisplayBanner", set_displaybanner, NULL },
  { "SFTPEngine", set_engine, NULL },
  { "SFTPExecCommands", set_execcommands, NULL },
  { "SFTPExtensions", set_extensions, NULL },
  { "SFTPHostCertificate", ftpd_set_hostcertificate, NULL },
  { "SFTPHostKey", ftpd_set_hostkey, NULL },
  { "SFTPHostKeys", ftpd_set_hostkeys, NULL },
  { "SFTPIsolation", set_isolation, NULL },
  { "SFTPKeyBlacklist", ftpd_set_keyblacklist, NULL },
  { "SFTPKeyExchanges", ftpd_set_keyexchanges, NULL },
  { "SFTPKeyFingerprints", ftpd_set_keyfingerprints, NULL },
  { "SFTPKeyLimits", ftpd_set_keylimits, NULL },
  { "SFTPLog", set_log, NULL },
  { "SFTPMaxChannels", set_maxchannels, NULL },
  { "SFTPMaxStartups", ftpd_set_startups, NULL },
  { "SFTPMetricsFile", ftpd_set_metricsfile, NULL },
  { "SFTPOptions", set_options, NULL },
  { "SFTPPassPhraseProvider", ftpd_set_passphraseprovider, NULL },
  { "SFTPPerSourceNetBlockSize", ftpd_set_netblock, NULL },
  { "SFTPPerSourcePenalties", ftpd_set_penalties, NULL },
  { "SFTPPerSourcePenaltyExemptList", ftpd_set_exempt, NULL },
  { "SFTPProxyProtocol", ftpd_set_proxyprotocol, NULL },
  { "SFTPQoS", set_qos, NULL },
  { "SFTPRekey", set_rekey, NULL },
  { "SFTPRevokedKeys", ftpd_set_revokedkeys, NULL },
  { "SFTPSandbox", set_sandbox, NULL },
  { "SFTPTrafficPolicy", set_trafficpolicy, NULL },
  { "SFTPTransferDigest", ftpd_set_transferdigest, NULL },
  { "SFTPTransferRecord", ftpd_set_transferrecord, NULL },
  { "SFTPTrustedUserCAKeys", ftpd_set_trustedusercakeys, NULL },
  { "SFTPUploadCheck", ftpd_set_uploadcheck, NULL },
  { "SFTPUploadSync", set_uploadsync, NULL },
  { NULL, NULL, NULL }
};
