/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* qos.h -- SFTPQoS: the class in which the network carries what we send (the
 * DS field of RFC 2474), by the words of OpenSSH's IPQoS.
 */

#ifndef MOD_SFTP_QOS_H
#define MOD_SFTP_QOS_H

#include "conn.h"

/* No class of ours: the socket has what it came with. */
#define SFTP_QOS_NONE (-1)

/* The byte of the header (Type of Service, Traffic Class), or NONE. */
struct sftp_qos_classes {
  int interactive;              /* the login, and while no channel is open */
  int bulk;                     /* while one is */
};

struct sftp_qos;

/* The class of that name or number; false if there is none. */
bool sftp_qos_find(const char *word, int *class);
/* All names, for people. */
extern const char sftp_qos_words[];

/* What is sent from now on has that class.  Changes nothing without SFTPQoS;
 * a network that does not know classes is no error.
 */
void sftp_qos_choose(struct ssh_conn *c, bool bulk);

#endif /* MOD_SFTP_QOS_H */
