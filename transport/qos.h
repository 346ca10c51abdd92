/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* qos.h -- SFTPQoS: the network's class for outgoing data (the DS field of RFC
 * 2474), in the words of OpenSSH's IPQoS.
 */

#ifndef MOD_SFTP_QOS_H
#define MOD_SFTP_QOS_H

#include "conn.h"

/* No class: the socket keeps its initial value. */
#define SFTP_QOS_NONE (-1)

/* The byte of the header (Type of Service, Traffic Class), or NONE. */
struct sftp_qos_classes {
  int interactive;              /* the login, and while no channel is open */
  int bulk;                     /* while a channel is open */
};

struct sftp_qos;

/* The class of that name or number; false if there is none. */
bool sftp_qos_find(const char *word, int *class);
/* All names, for messages. */
extern const char sftp_qos_words[];

/* Sets the class of everything sent from now on.  Changes nothing without
 * SFTPQoS; if the network does not support classes, that is not an error.
 */
void sftp_qos_choose(struct ssh_conn *c, bool bulk);

#endif /* MOD_SFTP_QOS_H */
