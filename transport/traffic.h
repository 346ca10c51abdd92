/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* traffic.h -- SFTPTrafficPolicy: IGNORE messages of random size, which hide
 * how much is sent and when (RFC 4251, section 9.3.9), and keep the IV of CBC
 * unpredictable (section 9.3.1).
 */

#ifndef MOD_SFTP_TRAFFIC_H
#define MOD_SFTP_TRAFFIC_H

#include "conn.h"

struct sftp_traffic_policy {
  const char *name;
  unsigned int one_in;          /* messages per IGNORE; 0: none */
  unsigned int min_len, max_len;        /* bytes of one */
  unsigned int min_secs, max_secs;      /* the silence before an IGNORE; 0:
                                         * never */
};

struct sftp_traffic;

/* The policy of that name, in any case; NULL when there is none. */
const struct sftp_traffic_policy *sftp_traffic_find(const char *name);
/* The names of all policies, for messages; in p. */
const char *sftp_traffic_names(pool *p);

struct sftp_traffic *sftp_traffic_new(struct ssh_conn *c);
/* New keys are in force: chooses the policy for them. */
void sftp_traffic_keyed(struct ssh_conn *c);
/* Sends an IGNORE after a silence that has lasted long enough. */
int sftp_traffic_check(struct ssh_conn *c) SFTP_MUST_CHECK;
/* Milliseconds until then; UINT64_MAX: never. */
uint64_t sftp_traffic_due_ms(const struct ssh_conn *c);

#endif /* MOD_SFTP_TRAFFIC_H */
