/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* proxy-header.h -- the header of the PROXY protocol, versions 1 and 2, with
 * which a load balancer tells whose connection it forwards.  It precedes all
 * bytes of the client.
 *
 * Parsing needs nothing but the bytes: no pool, no socket, no daemon.
 */

#ifndef MOD_SFTP_PROXY_HEADER_H
#define MOD_SFTP_PROXY_HEADER_H

#include "base.h"

/* The longest line of version 1, with CR LF, by its specification; and the
 * longest header of version 2 that is accepted here, with all its TLVs.
 */
#define SFTP_PROXY_MAX_V1 107
#define SFTP_PROXY_MAX 2048

enum sftp_proxy_kind {
  SFTP_PROXY_CLIENT,            /* the address is the client's */
  SFTP_PROXY_LOCAL,             /* the balancer's own connection: a check */
  SFTP_PROXY_UNKNOWN            /* the balancer does not know the client */
};

struct sftp_proxy {
  enum sftp_proxy_kind kind;
  size_t len;                   /* bytes of the whole header */
  /* Of SFTP_PROXY_CLIENT.  IPv4-mapped addresses are IPv4 addresses. */
  bool v6;
  unsigned char addr[16];       /* 4 or 16 bytes, in network order */
  unsigned int port;
};

/* Parses the header at the beginning of n bytes.  Returns 1 if it is complete
 * and valid; 0 if all bytes belong to a header that is not complete yet; or
 * SFTP_ERR_* with the reason in *why, a constant text.
 */
int sftp_proxy_parse(const unsigned char *p, size_t n, struct sftp_proxy *out,
  const char **why) SFTP_MUST_CHECK;

/* Whether the bytes begin as a header does (12 bytes suffice to see that). */
bool sftp_proxy_begins(const unsigned char *p, size_t n);

#endif /* MOD_SFTP_PROXY_HEADER_H */
