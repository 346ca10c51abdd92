/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* shot.h -- what must stay as it is in a connection when a state is refused
 * that another process has handed over.
 */

#ifndef MOD_SFTP_FAKE_SHOT_H
#define MOD_SFTP_FAKE_SHOT_H

#include "conn.h"

#include "conn-loop.h"
#include "handover-int.h"

struct shot {
  struct ssh_conn conn;
  struct sftp_packets pkts;
  struct sftp_kex kex;
  struct sftp_loop loop;
  size_t bytes;                 /* of its pool */
};

/* Two of them can be compared by memcmp(). */
void shot_take(const struct ssh_conn *c, struct shot *s);

#endif /* MOD_SFTP_FAKE_SHOT_H */
