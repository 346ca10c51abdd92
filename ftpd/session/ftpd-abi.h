/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-abi.h -- the interface to other modules: key stores and the exported
 * symbols (ftpd-abi.c), commands of other modules (ftpd-exec.c), HOOKs
 * (ftpd-hook.c).
 */

#ifndef MOD_SFTP_FTPD_ABI_H
#define MOD_SFTP_FTPD_ABI_H

#include "ftpd-session.h"

/* A message as other modules see it; the layout must not change. */
struct ssh2_packet {
  pool *pool;
  module *m;
  uint32_t packet_len;
  unsigned char padding_len;
  unsigned char *payload;       /* the message number first */
  uint32_t payload_len;
  unsigned char *padding;
  unsigned char *aad;
  uint32_t aad_len;
  unsigned char *mac;
  uint32_t mac_len;
  uint32_t seqno;
};

struct ftpd_store {
  struct ftpd_store *next;
  const char *name;
  sftp_keystore_t *(*open)(pool *parent, int ktype, const char *info,
    const char *user);
  unsigned int ktypes;          /* SFTP_SSH2_*_KEY_STORE */
};

/* NULL if there is no store of that name for all kinds of ktypes. */
const struct ftpd_store *ftpd_store_find(const char *name, size_t len,
  unsigned int ktypes);
const struct ftpd_store *ftpd_store_first(void);
/* The registers for companions; must be called before any companion registers
 * something.
 */
void ftpd_abi_init(void);
/* Stores the session's state in the symbols that others may read. */
void ftpd_abi_publish(const struct ftpd *h);

/* ---- ftpd-exec.c */

struct sftp_service_row;
/* The built-in services, followed by the commands of other modules. */
const struct sftp_service_row *ftpd_exec_services(pool *p,
  const struct sftp_service_row *built_in);

/* ---- ftpd-hook.c: what other modules ask for by HOOK */

extern cmdtable ftpd_hooks[];
/* A copy of the message in p, in the form for other modules. */
struct sftp_pkt;
/* Whether a module wants to see every message. */
/* Whether a module wants to see every message. */
bool ftpd_hook_wants_messages(void);
struct ssh2_packet *ftpd_hook_packet(pool *p, const struct sftp_pkt *pkt);
/* The login function of another module that replaces ours, or NULL. */
extern int (*ftpd_hook_login)(pool *p, const char *user);

#endif /* MOD_SFTP_FTPD_ABI_H */
