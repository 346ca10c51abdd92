/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-proxy.h -- SFTPProxyProtocol. */

#ifndef MOD_SFTP_FTPD_PROXY_H
#define MOD_SFTP_FTPD_PROXY_H

#include "ftpd-session.h"

/* A connection was accepted, and the daemon knows nothing about it yet but its
 * addresses.  If it comes from a trusted proxy, reads the PROXY header and puts
 * the client's address in the place of the proxy's.  Ends the process if there
 * is no valid header, or if nobody's connection is forwarded.
 */
void ftpd_proxy_connect(conn_t *conn);

/* The address and port of the proxy that forwarded this connection, or NULL. */
const char *ftpd_proxy_via(void);

#endif /* MOD_SFTP_FTPD_PROXY_H */
