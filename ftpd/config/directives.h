/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* directives.h -- the configuration records that the directives leave for
 * ftpd-conf.c and others of ftpd/.
 *
 * A handler checks everything it can check at once, so that a wrong value
 * stops the start with the line it stands on.  <Global> sections are copied
 * into the virtual hosts record by record, by the host: argv is shared.
 *
 *   SFTPAcceptEnv            argv: char *, one pattern each
 *   SFTPAlgorithmProfile     [0] int *, enum sftp_alg_profile
 *   SFTPAuthMethods          [0] array_header * of struct sftp_auth_chain *
 *   SFTPAuthorizedPrincipals [0] char *path, with ~ %u %h
 *   SFTPAuthorizedUserKeys   argv: char *, "type:info" each
 *   SFTPAuthorizedHostKeys   the same
 *   SFTPCASignatureAlgorithms [0] char *, for sftp_alg_change()
 *   SFTPAuthorizedKeysCommandUser  [0] char *name [1] uid_t * [2] gid_t *
 *   SFTPCiphers, SFTPDigests, SFTPKeyExchanges, SFTPHostKeys,
 *   SFTPAuthPublicKeys       [0] char *, for sftp_alg_change()
 *   SFTPClientAlive          [0] unsigned int *count [1] unsigned int *seconds
 *   SFTPClientMatch          [0] struct client_match *
 *   SFTPCompression          [0] int *, enum sftp_compression_setting
 *   SFTPCryptoDevice         [0] char *
 *   SFTPDHParamFile          [0] char *path
 *   SFTPDisplayBanner        [0] char *path
 *   SFTPEngine               [0] int *
 *   SFTPExecCommands         [0] unsigned long *, bits of exec.h
 *   SFTPExtensions           [0] unsigned long *, bits of fxp.h
 *   SFTPHostCertificate      [0] char *path [1] char *, "global" or ""
 *   SFTPHostKey              [0] char *, as written [1] char *, "global" or ""
 *   SFTPKeyBlacklist         [0] char *path or "none"
 *   SFTPKeyFingerprints      [0] char *digest [1] char *encoding
 *   SFTPKeyLimits            [0] struct key_limits *
 *   SFTPLog                  [0] char *path or "none"
 *   SFTPMaxChannels          [0] unsigned int *
 *   SFTPOptions              [0] unsigned long *
 *   SFTPPassPhraseProvider   [0] char *path
 *   SFTPPerSourceNetBlockSize  [0] unsigned int *IPv4 [1] unsigned int *IPv6
 *   SFTPPerSourcePenalties   [0] struct penalties *
 *   SFTPPerSourcePenaltyExemptList  argv: pr_netacl_t *
 *   SFTPRekey                [0] struct rekey *
 *   SFTPRevokedKeys          argv: char *path each
 *   SFTPTrafficPolicy        [0] char *, lower case
 *   SFTPTrustedUserCAKeys    argv: char *path each
 */

#ifndef MOD_SFTP_DIRECTIVES_H
#define MOD_SFTP_DIRECTIVES_H

#include "ftpd-int.h"
#include "alg.h"

/* Of SFTPAuthMethods; read by mod_auth_otp too, so that the layout stands. */
struct sftp_auth_method {
  unsigned int method_id;       /* AUTH_* */
  const char *method_name;
  const char *submethod_name;   /* driver, or NULL */
  int succeeded;
  int failed;
};

struct sftp_auth_chain {
  pool *pool;
  array_header *methods;        /* struct sftp_auth_method *, at least one */
  int completed;
};

struct rekey {
  bool never;
  unsigned int secs, timeout_secs;
  uint64_t bytes;
};

struct key_limits {
  unsigned int min_rsa_bits, min_dsa_bits, min_ec_bits; /* 0: no limit */
};

/* One SFTPClientMatch; what is not set is 0 or NULL. */
struct client_match {
  const char *pattern;
  bool does;                    /* speaks of what clients do ... */
  bool done;                    /* ... and this one did it */
  pr_regex_t *regex;
  uint32_t window, max_packet;
  int pessimistic_newkeys;      /* -1: not set */
  unsigned int min_version, max_version, utf8_version;
  int profile;                  /* -1: not set */
  int link_order;               /* 0 target, 1 link, 2 last; -1: not set */
  int tagged_sums, data_alone, owner_numbers;   /* -1: not set */
  int rekey, keepalive;         /* -1: not set */
  uint32_t readdir_max, data_max;
  const char *ciphers, *macs, *hostkeys, *kex;  /* for sftp_alg_change() */
};

/* SFTPPerSourcePenalties: seconds for each reason. */
enum penalty { PENALTY_NONE, PENALTY_CRASH, PENALTY_AUTHFAIL,
  PENALTY_INVALIDUSER, PENALTY_NOAUTH, PENALTY_GRACE, PENALTY_REFUSED,
  PENALTY_NREASONS };

struct penalties {
  bool on;
  unsigned int secs[PENALTY_NREASONS], min_secs, max_secs;
  unsigned int max_sources[2];  /* of IPv4 and of IPv6 */
  bool deny_all[2];             /* when there are so many */
  /* Of the two other directives, when the server starts. */
  unsigned int bits4, bits6;
  config_rec *exempt;           /* argv: pr_netacl_t *; or NULL */
};

/* What kind of names an error text speaks of. */
extern const char *const ftpd_alg_kinds[ALGS_NFAMILIES];

/* Adds one name, perhaps with a sign, to the comma-separated list (NULL: none
 * yet) in p.  Names that cannot be used here are left out with a warning.
 * Returns NULL, or the error text.
 */
const char *ftpd_alg_add(cmd_rec *cmd, pool *p, enum sftp_alg_family f,
  const char *name, size_t len, const char **list);
/* The same for names joined by commas. */
const char *ftpd_alg_words(cmd_rec *cmd, pool *p, enum sftp_alg_family f,
  const char *text, const char **list);
/* The list, or an error text if it stayed empty, in *err. */
const char *ftpd_alg_done(cmd_rec *cmd, enum sftp_alg_family f,
  const char *list, const char **err);

/* Directives that have a file of their own. */
modret_t *ftpd_set_authmethods(cmd_rec *cmd);           /* ftpd-methods.c */
modret_t *ftpd_set_clientmatch(cmd_rec *cmd);           /* ftpd-match.c */
modret_t *ftpd_set_exempt(cmd_rec *cmd);           /* ftpd-penalty-conf.c */
modret_t *ftpd_set_netblock(cmd_rec *cmd);
modret_t *ftpd_set_penalties(cmd_rec *cmd);

/* ftpd-methods.c: the chains of SFTPAuthMethods, or of what could work. */
void ftpd_methods_chains(pool *p, server_rec *s, struct sftp_settings *set);
bool ftpd_methods_use(const struct sftp_settings *set, unsigned int method);

/* ftpd-keyexec.c: what is wrong with the text after "exec:"; NULL if
 * nothing is.
 */
const char *ftpd_keyexec_check(pool *p, const char *info);

/* ftpd-match.c.  Whether a rule of the virtual host names algorithms, so that
 * our KEXINIT has to wait for the client's version.
 */
bool ftpd_match_early(server_rec *s);
/* Whether a rule fits what is known of the client now: its software or (does
 * not NULL) what it does, in the words of clients.h.
 */
bool ftpd_match_note(server_rec *s, const char *software, const char *does);
/* Applies all that fit so far to set. */
void ftpd_match_apply(pool *p, server_rec *s, const char *software,
  struct sftp_settings *set);

/* ftpd-conf.c: the lists of algorithms of a profile. */
void ftpd_conf_profile(pool *p, struct sftp_settings *set,
  enum sftp_alg_profile profile);

/* ftpd-hostkeys.c: host keys and DH groups, read once in the parent and kept
 * over the fork.
 */

/* Fills in set->host_keys with those of the virtual host.  starting: in the
 * parent, files are looked at again and passphrases may be asked for; every
 * fault is logged.  Returns the number of keys that cannot be used at all.
 */
int ftpd_hostkeys_load(pool *p, server_rec *s, struct sftp_settings *set,
  bool starting);
/* Fills in set->dh_param_file and its length. */
void ftpd_dh_params(pool *p, server_rec *s, struct sftp_settings *set,
  bool starting);
/* After ftpd_hostkeys_load() of all virtual hosts: forgets what none of them
 * named since the last sweep.
 */
void ftpd_hostkeys_sweep(void);
void ftpd_hostkeys_free(void);

/* ftpd-revoked.c: whether every file of SFTPRevokedKeys can be used; -1 with
 * first that cannot, and why, in p.
 */
int ftpd_revoked_check(pool *p, server_rec *s, const char **path,
  const char **why);

/* ftpd-agent.c: the keys of the agent at that path, struct sftp_key * each, in
 * p; they sign as long as p lives.  NULL with the reason.
 */
array_header *ftpd_agent_keys(pool *p, const char *path, const char **why);

/* ftpd-passphrase.c: asks for the passphrase of a key, the provider or the
 * terminal.  Allocated in p and NUL-terminated, to be wiped by the caller;
 * NULL when there is none to be had.  attempt counts from 1.
 */
char *ftpd_passphrase(pool *p, server_rec *s, const char *path, int attempt,
  const char **why);

/* Flags for records of which all count: mod_ifsession would otherwise put
 * those of its sections in the place of the others.
 */
long ftpd_multi_flag(void);

/* Decimal number from min to max, nothing else; false if text is not one. */
bool ftpd_number(const char *text, uint64_t min, uint64_t max, uint64_t *n);
/* Bytes from 1 to max: a number with B, KB, MB or GB in either case; a bare one
 * is shifted by `bare' bits.
 */
bool ftpd_bytes(pool *p, const char *text, unsigned int bare, uint64_t max,
  uint64_t *n);

#endif /* MOD_SFTP_DIRECTIVES_H */
