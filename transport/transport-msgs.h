/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* transport-msgs.h -- the rows of the transport's own messages, for the table
 * of those who are logged in (server/messages.c) and that of strangers
 * (cell/cell-messages.c).
 */

#ifndef MOD_SFTP_TRANSPORT_MSGS_H
#define MOD_SFTP_TRANSPORT_MSGS_H

#include "conn-loop.h"
#include "disconnect.h"
#include "kex.h"
#include "ssh2.h"

#define SFTP_KEX_MSG { "KEX", PH_KEX, PH_KEX, sftp_on_kex_message }

#define SFTP_TRANSPORT_MSGS \
  [SSH_MSG_DISCONNECT] = { "DISCONNECT", PH_ANY, PH_ANY, sftp_on_disconnect }, \
  [SSH_MSG_IGNORE] = { "IGNORE", PH_ANY, 0, sftp_on_ignore }, \
  [SSH_MSG_UNIMPLEMENTED] = { "UNIMPLEMENTED", PH_ANY, 0, \
    sftp_on_unimplemented }, \
  [SSH_MSG_DEBUG] = { "DEBUG", PH_ANY, 0, sftp_on_debug }, \
  [SSH_MSG_EXT_INFO] = { "EXT_INFO", PH_SERVICE, 0, sftp_on_ext_info }, \
  [SSH_MSG_KEXINIT] = { "KEXINIT", PH_KEXINIT|PH_KEYED, PH_KEXINIT, \
    sftp_on_kexinit }, \
  [SSH_MSG_NEWKEYS] = { "NEWKEYS", PH_NEWKEYS, PH_NEWKEYS, sftp_on_newkeys }, \
  [30] = SFTP_KEX_MSG, [31] = SFTP_KEX_MSG, [32] = SFTP_KEX_MSG, \
  [33] = SFTP_KEX_MSG, [34] = SFTP_KEX_MSG, [35] = SFTP_KEX_MSG, \
  [36] = SFTP_KEX_MSG, [37] = SFTP_KEX_MSG, [38] = SFTP_KEX_MSG, \
  [39] = SFTP_KEX_MSG, [40] = SFTP_KEX_MSG, [41] = SFTP_KEX_MSG, \
  [42] = SFTP_KEX_MSG, [43] = SFTP_KEX_MSG, [44] = SFTP_KEX_MSG, \
  [45] = SFTP_KEX_MSG, [46] = SFTP_KEX_MSG, [47] = SFTP_KEX_MSG, \
  [48] = SFTP_KEX_MSG, [49] = SFTP_KEX_MSG

#endif /* MOD_SFTP_TRANSPORT_MSGS_H */
