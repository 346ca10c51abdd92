/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* handover-int.h -- the form of a state: shared by handover-write.c and
 * handover-read.c.
 *
 *   byte    HANDOVER_VERSION
 *   byte    HANDOVER_*
 *   string  the client's identification
 *   string  session id
 *   string  first host key
 *   string[8]  names agreed on, in the order of KEXINIT
 *   for what comes in, then for what goes out:
 *     string  key, string IV as of now, string key of the MAC
 *     uint32  next sequence number, uint32 packets under these keys
 *     uint64  bytes under these keys, uint64 milliseconds since they are used
 *     uint64  bytes on the wire, uint64 those of them that were reported
 *   string  input
 *   string  output
 */

#ifndef MOD_SFTP_HANDOVER_INT_H
#define MOD_SFTP_HANDOVER_INT_H

#include "handover.h"

#include "conn-int.h"
#include "kex-int.h"
#include "packet-int.h"

#define HANDOVER_VERSION 1

#define HANDOVER_STRICT_KEX 0x01
#define HANDOVER_EXT_INFO 0x02          /* the client sent ext-info-c */
#define HANDOVER_EXT_INFO_SEEN 0x04     /* it sent EXT_INFO */
#define HANDOVER_EXT_INFO_IN_AUTH 0x08
#define HANDOVER_MORE_KEX 0x10          /* it is offered classic algorithms */
#define HANDOVER_MORE_MACS 0x20
#define HANDOVER_FIRST_BLOCK 0x40       /* of the input: it is decrypted */
#define HANDOVER_ALL 0x7f

#endif /* MOD_SFTP_HANDOVER_INT_H */
