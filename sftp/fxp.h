/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp.h -- the SFTP subsystem (draft-ietf-secsh-filexfer), for other parts.
 *
 * One session per channel: start() creates it, the service table feeds it.
 * flush() must be called before the loop waits, not only before bytes move: it
 * sends the replies to WRITE requests.
 */

#ifndef MOD_SFTP_FXP_H
#define MOD_SFTP_FXP_H

#include "service.h"
#include "switches.h"

extern const struct sftp_service sftp_fxp_service;

/* Begins SFTP on a channel; see sftp_service_start in service.h. */
void *sftp_fxp_start(struct ssh_conn *c, struct sftp_channel *ch, pool *p,
  const char *args, const char **why);

/* The words of SFTPExtensions, with the bits of settings->extensions; the rows
 * of fxp-ext.c contain them.
 */
bool sftp_fxp_ext_switch(size_t i, struct sftp_switch *s);

#endif /* MOD_SFTP_FXP_H */
