/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-defaults.c -- a row for each directive: its default in words, where it
 * may stand, and whether its lines add up.
 */

#include "ftpd-defaults.h"

#define NONE            "none"
#define OF_PROFILE      "(those of the profile)"

const struct ftpd_default ftpd_defaults[] = {
  { "SFTPAcceptEnv", "LANG", false, true },
  { "SFTPAlgorithmProfile", "default", false, false },
  { "SFTPAuthMethods", "(each method that is set up)", false, false },
  { "SFTPAuthorizedHostKeys", NONE, false, false },
  { "SFTPAuthorizedPrincipals", "(the user's name)", false, false },
  { "SFTPAuthorizedKeysCommandUser", NONE, false, false },
  { "SFTPAuthorizedUserKeys", NONE, false, false },
  { "SFTPAuthPublicKeys", OF_PROFILE, false, false },
  { "SFTPCASignatureAlgorithms", OF_PROFILE, false, false },
  { "SFTPCiphers", OF_PROFILE, false, false },
  { "SFTPClientAlive", "(off)", false, false },
  { "SFTPClientMatch", NONE, false, true },
  { "SFTPCompression", "off", false, false },
  { "SFTPControlsACLs", "(nobody)", true, true },
  { "SFTPCryptoDevice", NONE, false, false },
  { "SFTPDHParamFile", "(dhparams.pem)", false, false },
  { "SFTPDigests", OF_PROFILE, false, false },
  { "SFTPDisplayBanner", NONE, false, false },
  { "SFTPEngine", "off", false, false },
  { "SFTPExecCommands", "all", false, false },
  { "SFTPExtensions", "(all but vendorID and xattr)", false, false },
  { "SFTPHostCertificate", NONE, false, true },
  { "SFTPHostKey", NONE, false, true },
  { "SFTPHostKeys", OF_PROFILE, false, false },
  { "SFTPIsolation", "on", false, false },
  { "SFTPKeyBlacklist", "(blacklist.dat)", false, false },
  { "SFTPKeyExchanges", OF_PROFILE, false, false },
  { "SFTPKeyFingerprints", "sha256+hex+colons", false, false },
  { "SFTPKeyLimits", OF_PROFILE, false, false },
  { "SFTPLog", NONE, false, false },
  { "SFTPMaxChannels", "10", false, false },
  { "SFTPMaxStartups", "(1/3 of MaxInstances, 30, 2/3 of it)", true, false },
  { "SFTPMetricsFile", NONE, true, false },
  { "SFTPOptions", NONE, false, true },
  { "SFTPPassPhraseProvider", "(the terminal)", true, false },
  { "SFTPPerSourceNetBlockSize", "32:128", true, false },
  { "SFTPPerSourcePenalties", "off", true, false },
  { "SFTPPerSourcePenaltyExemptList", NONE, true, false },
  { "SFTPProxyProtocol", "off", false, false },
  { "SFTPQoS", NONE, false, false },
  { "SFTPRekey", "required 3600 2GB", false, false },
  { "SFTPRevokedKeys", NONE, false, false },
  { "SFTPSandbox", "on", false, false },
  { "SFTPTrafficPolicy", NONE, false, false },
  { "SFTPTransferDigest", "none", false, false },
  { "SFTPTransferRecord", NONE, false, false },
  { "SFTPTrustedUserCAKeys", NONE, false, false },
  { "SFTPUploadCheck", NONE, false, false },
  { "SFTPUploadSync", "none", false, false },
  { NULL, NULL, false, false }
};

bool ftpd_default_repeats(const char *name) {
  const struct ftpd_default *row = ftpd_defaults;

  while (row->name != NULL && strcmp(row->name, name) != 0) {
    row++;
  }

  return row->name != NULL && row->repeats;
}
