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
 * A handler checks everything that it can check at once, so that a wrong value
 * stops the start and the error names its line.  <Global> sections are copied
 * into the virtual hosts record by record, by the host: argv is shared.
 *
 *   SFTPAcceptEnv            argv: char *, one pattern each
 *   SFTPAlgorithmProfile     [0] int *, enum sftp_alg_profile
 *   SFTPAuthMethods          [0] array_header * of struct sftp_auth_chain *
 *   SFTPAuthorizedPrincipals [0] char *path, with ~ %u %h, "exec:..." or
 *                            "sql:..."
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
 *   SFTPIsolation            [0] int *
 *   SFTPKeyBlacklist         [0] char *path, "syslog:level" or "none"
 *   SFTPKeyFingerprints      [0] char *digest [1] enum *form
 *   SFTPKeyLimits            [0] struct key_limits *
 *   SFTPLog                  [0] char *path or "none"
 *   SFTPMaxChannels          [0] unsigned int *
 *   SFTPMaxStartups          [0] struct sftp_startups *
 *   SFTPMetricsFile          [0] struct metrics *
 *   SFTPOptions              [0] unsigned long *
 *   SFTPPassPhraseProvider   [0] char *path
 *   SFTPPerSourceNetBlockSize  [0] unsigned int *IPv4 [1] unsigned int *IPv6
 *   SFTPPerSourcePenalties   [0] struct penalties *
 *   SFTPPerSourcePenaltyExemptList  argv: pr_netacl_t *
 *   SFTPProxyProtocol        argv: pr_netacl_t *; none: off
 *   SFTPRekey                [0] struct rekey *
 *   SFTPRevokedKeys          argv: char *, path or "sql:..." each
 *   SFTPTrafficPolicy        [0] char *, lower case
 *   SFTPTransferDigest       [0] struct transfer_digest *
 *   SFTPTransferRecord       [0] struct record_conf * (ftpd-record.h)
 *   SFTPTrustedUserCAKeys    argv: char *, path or "sql:..." each
 *   SFTPUploadCheck          [0] struct upload_check *
 *   SFTPUploadSync           [0] int *
 */

#ifndef MOD_SFTP_DIRECTIVES_H
#define MOD_SFTP_DIRECTIVES_H

#include "ftpd-session.h"

/* A method of SFTPAuthMethods. mod_auth_otp reads it, too, so the layout must
 * not change.
 */
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

/* One SFTPClientMatch. */
struct client_match {
  const char *pattern;
  bool does;                    /* applies to actions of clients ... */
  bool done;                    /* ... and this client has done it */
  pr_regex_t *regex;
  const char **values;          /* of each trait (traits.h), or NULL */
};

/* SFTPMetricsFile. */
struct metrics {
  const char *path;
  unsigned int secs;
};

/* SFTPUploadCheck. */
struct upload_check {
  const char *text;             /* a program and words; NULL: none */
  const char *program;
  const char *user;
  uid_t uid;
  gid_t gid;
  unsigned int secs;
  bool tells;                   /* what the program says, to the client */
};

/* SFTPTransferDigest. */
struct transfer_digest {
  bool on;
  bool reads;                   /* uploads that do not come in order */
  unsigned int secs;            /* ... for at most so long */
};

/* SFTPMaxStartups: so many connections without a login are never dropped, a
 * percentage is from then on, and more than `full' cannot be; 0: any number.
 */
struct sftp_startups {
  unsigned int start, rate, full;
};

/* SFTPPerSourcePenalties: seconds for each reason. */
enum penalty { PENALTY_NONE, PENALTY_CRASH, PENALTY_AUTHFAIL,
  PENALTY_INVALIDUSER, PENALTY_NOAUTH, PENALTY_GRACE, PENALTY_REFUSED,
  PENALTY_BUDGET, PENALTY_NREASONS };

/* The name of a reason, as the directive has it; NULL: there is none. */
const char *ftpd_penalty_name(unsigned int why);

struct penalties {
  bool on;
  unsigned int secs[PENALTY_NREASONS], min_secs, max_secs;
  unsigned int max_sources[2];  /* of IPv4 and of IPv6 */
  bool deny_all[2];             /* when that number is reached */
  /* From the two other directives, when the server starts. */
  unsigned int bits4, bits6;
  config_rec *exempt;           /* argv: pr_netacl_t *; or NULL */
};

#endif /* MOD_SFTP_DIRECTIVES_H */
