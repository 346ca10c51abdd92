/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-hook.c -- HOOKs: functions that other modules call by name, to see every
 * message first, to send messages, and to replace the login.
 */

#include "ftpd-abi.h"
#include "ftpd-locks.h"
#include "ftpd-record.h"
#include "ftpd-session.h"

#include "conn.h"
#include "ftpd-report.h"

int (*ftpd_hook_login)(pool *p, const char *user);

static int (*handler)(void *pkt);

struct ssh2_packet *ftpd_hook_packet(pool *p, const struct sftp_pkt *pkt) {
  struct ssh2_packet *old = pcalloc(p, sizeof(*old));

  old->pool = make_sub_pool(p);
  pr_pool_tag(old->pool, "SSH message");
  old->m = &sftp_module;
  old->seqno = pkt->seqno;
  old->payload_len = (uint32_t) pkt->in.left + 1;
  old->packet_len = old->payload_len + 1;
  old->payload = palloc(old->pool, old->payload_len);
  old->payload[0] = pkt->type;
  memcpy(old->payload + 1, pkt->in.ptr, pkt->in.left);
  return old;
}

bool ftpd_hook_wants_messages(void) {
  return handler != NULL;
}

int ftpd_message(struct ftpd *h, const struct sftp_pkt *pkt) {
  int res, xerrno;
  pool *p;

  if (handler == NULL) {
    return 0;
  }

  /* The handler may destroy the packet's pool, or leave that to the caller. */
  ftpd_abi_publish(h);
  p = make_sub_pool(h->pool);
  res = handler(ftpd_hook_packet(p, pkt));
  xerrno = errno;
  destroy_pool(p);
  if (res >= 0) {
    return 1;
  }

  return xerrno == ENOSYS ? 0 : SFTP_ERR_DENIED;
}

/* One message to the client; the descriptor is that of the session. */
static int write_packet(int fd SFTP_UNUSED, struct ssh2_packet *pkt) {
  struct ftpd *h = ftpd_current();
  struct sftp_str payload;

  if (pkt == NULL || pkt->payload == NULL || pkt->payload_len == 0 ||
      pkt->payload_len > SFTP_PACKET_MAX - 512) {
    errno = EINVAL;
    return -1;
  }

  if (h == NULL || h->conn == NULL) {
    errno = EPERM;
    return -1;
  }

  payload.ptr = pkt->payload;
  payload.len = pkt->payload_len;
  if (sftp_packet_send(h->conn->pkts, payload) != SFTP_OK ||
      sftp_packets_flush(h->conn->pkts) < 0) {
    errno = EIO;
    return -1;
  }

  return 0;
}

/* ---- The HOOKs */

static modret_t *wrong_argc(cmd_rec *cmd) {
  return PR_ERROR_MSG(cmd, NULL, "wrong number of arguments");
}

MODRET get_packet_write(cmd_rec *cmd) {
  int (*fn)(int, struct ssh2_packet *) = write_packet;
  void *data;

  if (cmd->argc != 1) {
    return wrong_argc(cmd);
  }

  memcpy(&data, &fn, sizeof(data));
  return mod_create_data(cmd, data);
}

MODRET set_packet_handler(cmd_rec *cmd) {
  if (cmd->argc != 1) {
    return wrong_argc(cmd);
  }

  memcpy(&handler, &cmd->argv[0], sizeof(handler));
  return PR_HANDLED(cmd);
}

MODRET set_auth_success_handler(cmd_rec *cmd) {
  if (cmd->argc != 1) {
    return wrong_argc(cmd);
  }

  memcpy(&ftpd_hook_login, &cmd->argv[0], sizeof(ftpd_hook_login));
  return PR_HANDLED(cmd);
}

#define FTP_RECORD(name) \
  { LOG_CMD, name, G_NONE, ftpd_record_ftp, FALSE, FALSE, 0, NULL }, \
  { LOG_CMD_ERR, name, G_NONE, ftpd_record_ftp_failed, FALSE, FALSE, 0, NULL }

cmdtable ftpd_hooks[] = {
  { HOOK, "sftp_get_packet_write", G_NONE, get_packet_write, FALSE, FALSE, 0,
    NULL },
  { HOOK, "sftp_set_packet_handler", G_NONE, set_packet_handler, FALSE, FALSE,
    0, NULL },
  { HOOK, "sftp_set_auth_success_handler", G_NONE, set_auth_success_handler,
    FALSE, FALSE, 0, NULL },
  /* Transfers of every session respect locks, including those of FTP; before
   * the login there are no transfers.
   */
  { PRE_CMD, C_RETR, G_NONE, ftpd_lock_pre_read, TRUE, FALSE, 0, NULL },
  { PRE_CMD, C_STOR, G_NONE, ftpd_lock_pre_write, TRUE, FALSE, 0, NULL },
  { PRE_CMD, C_APPE, G_NONE, ftpd_lock_pre_write, TRUE, FALSE, 0, NULL },
  /* SFTPTransferRecord in sessions of FTP. */
  { PRE_CMD, C_RETR, G_NONE, ftpd_record_ftp_begins, TRUE, FALSE, 0, NULL },
  { PRE_CMD, C_STOR, G_NONE, ftpd_record_ftp_begins, TRUE, FALSE, 0, NULL },
  { PRE_CMD, C_STOU, G_NONE, ftpd_record_ftp_begins, TRUE, FALSE, 0, NULL },
  { PRE_CMD, C_APPE, G_NONE, ftpd_record_ftp_begins, TRUE, FALSE, 0, NULL },
  { PRE_CMD, C_SITE, G_NONE, ftpd_record_ftp_site, TRUE, FALSE, 0, NULL },
  FTP_RECORD(C_PASS),
  FTP_RECORD(C_RETR),
  FTP_RECORD(C_STOR),
  FTP_RECORD(C_STOU),
  FTP_RECORD(C_APPE),
  FTP_RECORD(C_DELE),
  FTP_RECORD(C_RMD),
  FTP_RECORD(C_XRMD),
  FTP_RECORD(C_MKD),
  FTP_RECORD(C_XMKD),
  FTP_RECORD(C_RNTO),
  FTP_RECORD(C_SITE),
  FTP_RECORD(C_MFF),
  { 0, NULL, NULL, NULL, FALSE, FALSE, 0, NULL }
};
