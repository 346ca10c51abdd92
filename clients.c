/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "clients.h"

#include <stdio.h>

#define LINK_FIRST { .link_first = true }
#define NO_REKEY { .never_rekey = true }

/* A row says what its client cannot do, or expects and no other does.
 *
 * SYMLINK: the draft has the link first, OpenSSH's server the target, and most
 * clients follow that.  Those here do so only for servers that call themselves
 * OpenSSH.
 *
 * UTF-8: clients that send names in UTF-8 in each version of SFTP, also where
 * files have names in another charset (UseEncoding).
 *
 * No early KEXINIT: nobody is here, since ours leaves before the client has
 * said who it is; that is SFTPOptions PessimisticKexinit.
 */
const struct sftp_client_row sftp_clients[] = {
  /* Its client takes messages of 256 KiB. */
  { .name = "OpenSSH", .software = "OpenSSH_",
    .traits = { .readdir_max = 65536 } },
  { .name = "OpenSSH 2.0", .software = "OpenSSH-2.0", .traits = NO_REKEY },
  { .name = "OpenSSH 2.1", .software = "OpenSSH-2.1", .traits = NO_REKEY },
  { .name = "OpenSSH 2.1", .software = "OpenSSH_2.1",
    .traits = { .never_rekey = true, .readdir_max = 32768 } },
  { .name = "OpenSSH 2.2", .software = "OpenSSH_2.2",
    .traits = { .never_rekey = true, .readdir_max = 32768 } },
  { .name = "OpenSSH 2.3", .software = "OpenSSH_2.3",
    .traits = { .never_rekey = true, .readdir_max = 32768 } },
  { .name = "OpenSSH 2.5", .software = "OpenSSH_2.5",
    .traits = { .never_rekey = true, .readdir_max = 32768 } },

  { .name = "libssh", .software = "libssh_", .traits = LINK_FIRST },
  { .name = "libssh before 0.9", .software = "libssh-", .traits = LINK_FIRST },
  { .name = "AsyncSSH", .software = "AsyncSSH_", .traits = LINK_FIRST,
    .utf8_version = 3 },
  { .name = "ssh2 of Node.js", .software = "ssh2js", .traits = LINK_FIRST,
    .utf8_version = 3 },
  { .name = "Net::SSH of Ruby", .software = "Ruby/Net::SSH",
    .traits = LINK_FIRST },
  { .name = "phpseclib", .software = "phpseclib", .traits = LINK_FIRST },
  /* Asks for version 6, and waits for ever when DATA says that it is the last.
   */
  { .name = "ssh_sftp of Erlang", .software = "Erlang/",
    .traits = { .link_first = true, .data_alone = true } },

  /* Reads check-file's answer as earlier drafts have it. */
  { .name = "Apache MINA SSHD", .software = "APACHE-SSHD-",
    .traits = { .tagged_sums = true }, .utf8_version = 3 },
  { .name = "Apache MINA SSHD before 2.0", .software = "SSHD-CORE-",
    .traits = { .tagged_sums = true }, .utf8_version = 3 },

  { .name = "J2SSH Maverick", .software = "*J2SSH_Maverick",
    .traits = NO_REKEY },
  { .name = "Sun SSH 1.0", .software = "Sun_SSH_1.0", .traits = NO_REKEY },
  { .name = "a client that calls itself 1.0", .software = "=1.0",
    .max_version = 2 },
  { .name = "a client that calls itself 1.30", .software = "=1.30",
    .max_packet = 16384 },

  { .name = "FileZilla", .software = "FileZilla_", .utf8_version = 3 },
  { .name = "JSch", .software = "JSCH", .utf8_version = 3 },
  { .name = "sshj", .software = "SSHJ_", .utf8_version = 3 },
  { .name = "paramiko", .software = "paramiko_", .utf8_version = 3 },
  { .name = "Go", .software = "Go", .utf8_version = 3 },
  { .name = "rclone", .software = "rclone/", .utf8_version = 3 },
  { .name = NULL }
};

bool sftp_client_is(const struct sftp_client_row *row, const char *software) {
  const char *want = row->software;

  switch (*want) {
    case '=':
      return strcmp(software, want + 1) == 0;

    case '*':
      return strstr(software, want + 1) != NULL;

    default:
      return strncmp(software, want, strlen(want)) == 0;
  }
}

static void apply(const struct sftp_client_row *row,
    struct sftp_settings *set) {
  const struct sftp_client_traits *t = &row->traits;
  struct sftp_client_traits *to = &set->client;

  to->link_first = to->link_first || t->link_first;
  to->tagged_sums = to->tagged_sums || t->tagged_sums;
  to->data_alone = to->data_alone || t->data_alone;
  to->never_rekey = to->never_rekey || t->never_rekey;
  to->keepalive = t->keepalive != KEEPALIVE_CHANNEL ? t->keepalive :
    to->keepalive;
  to->readdir_max = t->readdir_max > 0 ? t->readdir_max : to->readdir_max;
  to->data_max = t->data_max > 0 ? t->data_max : to->data_max;
  set->window = row->window > 0 ? row->window : set->window;
  set->max_packet = row->max_packet > 0 ? row->max_packet : set->max_packet;
  set->pessimistic_newkeys = set->pessimistic_newkeys || row->late_newkeys;
  set->sftp_max_version = row->max_version > 0 ? row->max_version :
    set->sftp_max_version;
  set->sftp_utf8_version = row->utf8_version > 0 ? row->utf8_version :
    set->sftp_utf8_version;
}

const struct sftp_client_row *sftp_client_apply(const char *software,
    struct sftp_settings *set) {
  const struct sftp_client_row *row, *first = NULL;

  for (row = sftp_clients; row->name != NULL; row++) {
    if (sftp_client_is(row, software)) {
      first = first != NULL ? first : row;
      apply(row, set);
    }
  }

  return first;
}

static const char *with_number(pool *p, const char *text, const char *what,
    unsigned long n) {
  char number[24];

  if (n == 0) {
    return text;
  }

  snprintf(number, sizeof(number), " %lu", n);
  return pstrcat(p, text, *text != '\0' ? ", " : "", what, number,
    (char *) NULL);
}

static const char *with(pool *p, const char *text, const char *what,
    bool wanted) {
  return !wanted ? text : pstrcat(p, text, *text != '\0' ? ", " : "", what,
    (char *) NULL);
}

const char *sftp_client_describe(pool *p, const struct sftp_client_row *row) {
  const struct sftp_client_traits *t = &row->traits;
  const char *text = "";

  text = with(p, text, "sftpLinkOrder link", t->link_first);
  text = with(p, text, "sftpTaggedSums on", t->tagged_sums);
  text = with(p, text, "sftpDataAlone on", t->data_alone);
  text = with(p, text, "rekey off", t->never_rekey);
  text = with(p, text, "keepalive global", t->keepalive == KEEPALIVE_GLOBAL);
  text = with(p, text, "keepalive ignore", t->keepalive == KEEPALIVE_IGNORE);
  text = with(p, text, "pessimisticNewkeys on", row->late_newkeys);
  text = with_number(p, text, "sftpReaddirSize", t->readdir_max);
  text = with_number(p, text, "sftpDataSize", t->data_max);
  text = with_number(p, text, "channelWindowSize", row->window);
  text = with_number(p, text, "channelPacketSize", row->max_packet);
  text = with_number(p, text, "sftpProtocolVersion 1 to", row->max_version);
  text = with_number(p, text, "sftpUTF8ProtocolVersion", row->utf8_version);
  return pstrcat(p, row->name, " (", row->software, "): ", text,
    (char *) NULL);
}
