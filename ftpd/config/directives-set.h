/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* directives-set.h -- handlers for the table of directives that are in other
 * files.
 */

#ifndef MOD_SFTP_DIRECTIVES_SET_H
#define MOD_SFTP_DIRECTIVES_SET_H

#include "ftpd-session.h"

/* Directives with a separate file. */
modret_t *ftpd_set_authmethods(cmd_rec *cmd);           /* ftpd-methods.c */
modret_t *ftpd_set_clientmatch(cmd_rec *cmd);           /* ftpd-match.c */
modret_t *ftpd_set_controlsacls(cmd_rec *cmd);       /* ftpd-control-conf.c */
modret_t *ftpd_set_metricsfile(cmd_rec *cmd);
modret_t *ftpd_set_exempt(cmd_rec *cmd);               /* ftpd-penalty-conf.c */
modret_t *ftpd_set_netblock(cmd_rec *cmd);
modret_t *ftpd_set_startups(cmd_rec *cmd);
modret_t *ftpd_set_penalties(cmd_rec *cmd);
modret_t *ftpd_set_proxyprotocol(cmd_rec *cmd);         /* ftpd-proxy-conf.c */
modret_t *ftpd_set_transferdigest(cmd_rec *cmd);      /* ftpd-digest-conf.c */
modret_t *ftpd_set_transferrecord(cmd_rec *cmd);        /* ftpd-record-conf.c */
modret_t *ftpd_set_uploadcheck(cmd_rec *cmd);           /* ftpd-upload-conf.c */

/* Handlers of directives-algs.c and directives-keys.c. */
modret_t *ftpd_set_algorithmprofile(cmd_rec *cmd);
modret_t *ftpd_set_authorizedhostkeys(cmd_rec *cmd);
modret_t *ftpd_set_authorizedkeyscommanduser(cmd_rec *cmd);
modret_t *ftpd_set_authorizedprincipals(cmd_rec *cmd);
modret_t *ftpd_set_authorizeduserkeys(cmd_rec *cmd);
modret_t *ftpd_set_authpublickeys(cmd_rec *cmd);
modret_t *ftpd_set_casignaturealgorithms(cmd_rec *cmd);
modret_t *ftpd_set_ciphers(cmd_rec *cmd);
modret_t *ftpd_set_dhparamfile(cmd_rec *cmd);
modret_t *ftpd_set_digests(cmd_rec *cmd);
modret_t *ftpd_set_hostcertificate(cmd_rec *cmd);
modret_t *ftpd_set_hostkey(cmd_rec *cmd);
modret_t *ftpd_set_hostkeys(cmd_rec *cmd);
modret_t *ftpd_set_keyblacklist(cmd_rec *cmd);
modret_t *ftpd_set_keyexchanges(cmd_rec *cmd);
modret_t *ftpd_set_keyfingerprints(cmd_rec *cmd);
modret_t *ftpd_set_keylimits(cmd_rec *cmd);
modret_t *ftpd_set_passphraseprovider(cmd_rec *cmd);
modret_t *ftpd_set_revokedkeys(cmd_rec *cmd);
modret_t *ftpd_set_trustedusercakeys(cmd_rec *cmd);

#endif /* MOD_SFTP_DIRECTIVES_SET_H */
