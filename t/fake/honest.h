/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* honest.h -- what an honest cell has to send: a client and a server exchange
 * keys in this process, and the transcript is kept.
 */

#ifndef MOD_SFTP_FAKE_HONEST_H
#define MOD_SFTP_FAKE_HONEST_H

#include "client.h"
#include "ftpd-auth.h"

/* Alice's password is "secret", and nothing else is asked for. */
extern const struct fake_user honest_users[];

struct honest {
  struct client *cl;            /* its server's state can be handed over */
  struct sftp_str transcript;   /* kex-elsewhere.h; in the client's pool */
};

bool honest_meet(struct honest *h);

#endif /* MOD_SFTP_FAKE_HONEST_H */
