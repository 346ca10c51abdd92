/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-conf.h -- the configuration of a virtual host, checked when the server
 * starts and converted to settings for the core.
 */

#ifndef MOD_SFTP_FTPD_CONF_H
#define MOD_SFTP_FTPD_CONF_H

#include "alg-profile.h"
#include "ftpd-session.h"

/* Defaults of the directives. */
#define FTPD_REKEY_SECS 3600
#define FTPD_REKEY_BYTES ((uint64_t) 2 << 30)
#define FTPD_MIN_REKEY_BYTES 16384      /* a key exchange needs this much */
#define FTPD_REKEY_PACKETS 0x7fffffffU
#define FTPD_MAX_CHANNELS 10
#define FTPD_MAX_LOGIN_ATTEMPTS 6

/* A limit that SFTPKeyLimits does not set: the profile's applies. */
#define FTPD_BITS_UNNAMED UINT_MAX

/* Checks every virtual host with the engine on, loads host keys.  Returns the
 * number of faults, which are logged.
 */
int ftpd_conf_check(void);
/* Settings of the session's virtual host, in p. */
struct sftp_settings *ftpd_conf_settings(pool *p, server_rec *s);
/* Of these, only the algorithms and the limits of keys: no file is read. */
struct sftp_settings *ftpd_conf_lists(pool *p, server_rec *s);
/* Reads the settings that may depend on the user; ftpd_logged_in() calls it
 * after PASS POST_CMD, when mod_ifsession has merged its sections.  Returns
 * h->set, changed.
 */
const struct sftp_settings *ftpd_conf_late(struct ftpd *h);
/* Whether a host key can sign with that algorithm. */
bool ftpd_conf_signs(const struct sftp_settings *set, struct sftp_str name);
bool ftpd_conf_engine(server_rec *s);
/* Which of sftp, scp and date a record of Protocols enables (SFTP_SERVICE_*).
 * Without it (c is NULL) all are, and SFTPExecCommands decides about date.
 */
unsigned int ftpd_conf_services(const config_rec *c);
/* The identification string, without CR LF. */
const char *ftpd_conf_ident(pool *p, server_rec *s);
/* SFTPProxyProtocol of a virtual host with the engine on; NULL: off. */
config_rec *ftpd_conf_proxies(server_rec *s);

extern conftable sftp_conftab[];
unsigned long ftpd_opts(server_rec *s);         /* SFTPOptions, all records */

#endif /* MOD_SFTP_FTPD_CONF_H */
