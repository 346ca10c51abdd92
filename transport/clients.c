/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* clients.c -- the table of client programs and of what they need. */

#include "clients.h"

#include <stdio.h>

#include "alg-profile.h"

#define LINK_FIRST { .link_first = true }
#define NO_REKEY { .never_rekey = true }
#define CLASSIC .kex = classic_kex, .macs = classic_macs

/* For programs that have nothing of what everybody is offered by default, but
 * something that is sound all the same.  What is broken (SHA-1, CBC) is never
 * offered in this way: that takes the profile "legacy".
 */
static const char classic_kex[] = "+ecdh-sha2-nistp256,+ecdh-sha2-nistp384,"
  "+diffie-hellman-group14-sha256,+diffie-hellman-group-exchange-sha256";
static const char classic_macs[] = "+hmac-sha2-256,+hmac-sha2-512";

/* A row says what its client cannot do, or expects and no other does.  What a
 * client does counts where it says more than the name: any program may be
 * OpenSSH's beneath, or new.
 *
 * SYMLINK: the draft has the link first, OpenSSH's server the target, and most
 * clients follow that.  Those here do so only for servers that call themselves
 * OpenSSH, or never: Twisted.  sshj is as the draft, too, and its users swap
 * the names themselves, for OpenSSH's sake.
 *
 * UTF-8: clients that send names in UTF-8 in each version of SFTP, also where
 * files have names in another charset (UseEncoding).
 *
 * No early KEXINIT: no column, since by default ours waits for everybody's
 * version: the lists below depend on it.  Where the administrator has named the
 * lists it leaves at once, when nobody knows for whom; SFTPOptions
 * PessimisticKexinit makes it wait there, too.
 */
const struct sftp_client_row sftp_clients[] = {
  /* Its client takes messages of 256 KiB. */
  { .name = "OpenSSH", .software = "OpenSSH_",
    .traits = { .readdir_max = 65536 } },
  /* So does it under another name: who else takes such certificates of hosts
   * takes as much.
   */
  { .name = "a relative of OpenSSH",
    .does = "offers sk-ssh-ed25519-cert-v01@openssh.com",
    .traits = { .readdir_max = 65536 } },
  /* The answer says how large messages may be. */
  { .name = "a client that asks for limits",
    .does = "asks limits@openssh.com", .traits = { .readdir_max = 65536 } },
  { .name = "OpenSSH 2.0 and 2.1", .software = "OpenSSH-2.0 OpenSSH-2.1",
    .traits = NO_REKEY },
  { .name = "OpenSSH 2.1 to 2.5",
    .software = "OpenSSH_2.1 OpenSSH_2.2 OpenSSH_2.3 OpenSSH_2.5",
    .traits = { .never_rekey = true, .readdir_max = 32768 } },

  { .name = "libssh", .software = "libssh_ libssh-", .traits = LINK_FIRST },
  /* Knows MACs over the plaintext only, and no AEAD; the oldest in use, no
   * Curve25519 either.
   */
  { .name = "libssh2 before 1.11", .software = "libssh2_1. !libssh2_1.11",
    CLASSIC },
  { .name = "AsyncSSH", .software = "AsyncSSH_", .traits = LINK_FIRST,
    .utf8_version = 3 },
  { .name = "ssh2 of Node.js", .software = "ssh2js", .traits = LINK_FIRST,
    .utf8_version = 3 },
  { .name = "Net::SSH of Ruby", .software = "Ruby/Net::SSH_",
    .traits = LINK_FIRST, CLASSIC },
  { .name = "phpseclib", .software = "phpseclib", .traits = LINK_FIRST },
  { .name = "phpseclib 1 and 2", .software = "phpseclib_1. phpseclib_2.",
    CLASSIC },
  /* Asks for version 6, and waits for ever when DATA says that it is the last,
   * or when an owner has a name that is no number (since OTP 27).
   */
  { .name = "ssh_sftp of Erlang", .software = "Erlang/",
    .traits = { .link_first = true, .data_alone = true,
      .owner_numbers = true } },

  /* Has a form of its own for check-file's answer, and names what exists
   * first in LINK, too.
   */
  { .name = "Apache MINA SSHD", .software = "APACHE-SSHD- SSHD-CORE-",
    .traits = { .tagged_sums = true, .link_last = true },
    .utf8_version = 3 },
  /* Neither AEAD nor MACs over the ciphertext. */
  { .name = "Apache MINA SSHD before 2.3",
    .software = "SSHD-CORE- APACHE-SSHD-2.0. APACHE-SSHD-2.1. APACHE-SSHD-2.2.",
    CLASSIC },

  { .name = "J2SSH Maverick", .software = "*J2SSH_Maverick",
    .traits = NO_REKEY },
  { .name = "Sun SSH 1.0", .software = "Sun_SSH_1.0", .traits = NO_REKEY },
  { .name = "a client that calls itself 1.0", .software = "=1.0",
    .max_version = 2 },
  { .name = "a client that calls itself 1.30", .software = "=1.30",
    .max_packet = 16384 },

  { .name = "FileZilla", .software = "FileZilla_", .utf8_version = 3 },
  { .name = "JSch", .software = "JSCH", .utf8_version = 3 },
  { .name = "JSch 0.1", .software = "JSCH-0.1. JSCH_0.1.", CLASSIC },
  { .name = "sshj", .software = "SSHJ_", .utf8_version = 3 },
  { .name = "paramiko", .software = "paramiko_", .utf8_version = 3 },
  { .name = "paramiko 1", .software = "paramiko_1.", CLASSIC },
  { .name = "Twisted", .software = "Twisted_", .traits = LINK_FIRST,
    CLASSIC },
  { .name = "SSH.NET before 2024", .software = "Renci.SshNet.SshClient.0.",
    CLASSIC },
  { .name = "Go", .software = "Go", .utf8_version = 3 },
  { .name = "rclone", .software = "rclone/", .utf8_version = 3 },
  { .name = NULL }
};

_Static_assert(SFTP_NELEMS(sftp_clients) <= 64, "a bit for each row");

static bool begins(const char *software, const char *text, size_t len) {
  return strncmp(software, text, len) == 0;
}

static bool fits(const char *software, const char *word, size_t len) {
  switch (*word) {
    case '=':
      return strlen(software) == len - 1 && begins(software, word + 1, len - 1);

    case '*':
      return memmem(software, strlen(software), word + 1, len - 1) != NULL;

    default:
      return begins(software, word, len);
  }
}

bool sftp_client_is(const struct sftp_client_row *row, const char *software) {
  const char *word = row->software;
  bool is = false;

  if (word == NULL) {
    return true;
  }

  while (*word != '\0') {
    size_t len = strcspn(word, " ");

    if (*word != '!') {
      is = is || fits(software, word, len);

    } else if (begins(software, word + 1, len - 1)) {
      return false;
    }

    word += len;
    word += strspn(word, " ");
  }

  return is;
}

static void apply(pool *p, const struct sftp_client_row *row,
    struct sftp_settings *set) {
  const struct sftp_client_traits *t = &row->traits;
  struct sftp_client_traits *to = &set->client;

  to->link_first = to->link_first || t->link_first;
  to->link_last = to->link_last || t->link_last;
  to->tagged_sums = to->tagged_sums || t->tagged_sums;
  to->data_alone = to->data_alone || t->data_alone;
  to->owner_numbers = to->owner_numbers || t->owner_numbers;
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
  set->kex = row->kex != NULL && !set->kex_named ?
    sftp_alg_change(p, ALGS_KEX, set->kex, row->kex) : set->kex;
  set->macs = row->macs != NULL && !set->macs_named ?
    sftp_alg_change(p, ALGS_MAC, set->macs, row->macs) : set->macs;
}

static bool is_same(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool sftp_client_apply(pool *p, const char *software, const char *does,
    struct sftp_settings *set) {
  const struct sftp_client_row *row;
  bool any = false;

  for (row = sftp_clients; row->name != NULL; row++) {
    uint64_t bit = UINT64_C(1) << (row - sftp_clients);

    if ((set->clients_known & bit) == 0 && is_same(row->does, does) &&
        sftp_client_is(row, software)) {
      set->clients_known |= bit;
      sftp_log("client is known as %s", sftp_client_describe(p, row));
      apply(p, row, set);
      any = true;
    }
  }

  return any;
}

static const char *with_list(pool *p, const char *text, const char *what,
    const char *list) {
  return list == NULL ? text : pstrcat(p, text, *text != '\0' ? ", " : "",
    what, " ", list, " unless configured", (char *) NULL);
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
  text = with(p, text, "sftpLinkOrder last", t->link_last);
  text = with(p, text, "sftpTaggedSums on", t->tagged_sums);
  text = with(p, text, "sftpDataAlone on", t->data_alone);
  text = with(p, text, "sftpOwnerNumbers on", t->owner_numbers);
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
  text = with_list(p, text, "sftpKeyExchanges", row->kex);
  text = with_list(p, text, "sftpDigests", row->macs);
  return pstrcat(p, row->name, " (", row->software != NULL ? row->software :
    "", row->software != NULL && row->does != NULL ? "; " : "", row->does !=
    NULL ? row->does : "", "): ", text, (char *) NULL);
}
