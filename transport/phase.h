/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* phase.h -- what the client may send next, and its only setter. */

#ifndef MOD_SFTP_PHASE_H
#define MOD_SFTP_PHASE_H

struct ssh_conn;

/* What the client may send next; phase.c alone changes it. */
enum sftp_phase {
  PH_VERSION = 1,       /* the identification string */
  PH_KEXINIT = 2,       /* KEXINIT */
  PH_KEX = 4,           /* messages of the method */
  PH_NEWKEYS = 8,
  PH_SERVICE = 16,      /* SERVICE_REQUEST */
  PH_AUTH = 32,         /* USERAUTH_REQUEST */
  PH_OPEN = 64,         /* channels */
  PH_DEAD = 128
};

#define PH_KEYED (PH_SERVICE|PH_AUTH|PH_OPEN)
#define PH_ANY (PH_KEXINIT|PH_KEX|PH_NEWKEYS|PH_KEYED)

void sftp_phase_begin(struct ssh_conn *c);
/* Sets what the client may send next.  During a key exchange, a phase that
 * needs keys is stored for afterwards, and the exchange goes on.
 */
void sftp_phase_enter(struct ssh_conn *c, enum sftp_phase next);
/* The exchange is over: the stored phase begins. */
void sftp_phase_keyed(struct ssh_conn *c);
/* The phase without regard to a rekey. */
enum sftp_phase sftp_phase_beyond_exchange(const struct ssh_conn *c);

#endif /* MOD_SFTP_PHASE_H */
