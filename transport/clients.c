/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* clients.c -- the table of client programs and their needs. */

#include "clients.h"
#include "traits.h"

#define LINK_FIRST "sftpLinkOrder link "
#define NO_REKEY "rekey off "
#define BIG_LISTINGS "sftpReaddirSize 65536 "
/* No message of more than 256 KiB. */
#define SMALL_DATA "sftpDataSize 261120 "
#define UTF8_NAMES "sftpUTF8ProtocolVersion 3 "

/* For programs that know no algorithm of the default offer, but other sound
 * ones.  Broken algorithms (SHA-1, CBC) are never offered in this way: they
 * require the profile "legacy".
 */
#define CLASSIC "sftpKeyExchanges +ecdh-sha2-nistp256,+ecdh-sha2-nistp384," \
  "+diffie-hellman-group14-sha256,+diffie-hellman-group-exchange-sha256 " \
  "sftpDigests +hmac-sha2-256,+hmac-sha2-512 "

/* A row has what is special about a client: what it cannot do, or expects.  A
 * row depends on the client's behaviour if that says more than its name: many
 * programs use OpenSSH's code, or are new.
 *
 * SYMLINK: the draft has the link first, OpenSSH's server the target, and most
 * clients follow that.  The clients listed here do so only for servers that
 * identify themselves as OpenSSH, or never (Twisted). sshj follows the draft,
 * too, but its users swap the names themselves, because of OpenSSH.
 *
 * UTF-8: clients that send names in UTF-8 in each version of SFTP, even if
 * files have names in another charset (UseEncoding).
 *
 * There is no trait for a late KEXINIT: by default the server always waits for
 * the client's version, because the lists below depend on it.  For a client
 * without a row it waits for the client's KEXINIT, too (kex-offer.c).  If the
 * administrator has named the lists, KEXINIT is sent at once, before the client
 * is known; with SFTPOptions PessimisticKexinit it also waits for the version
 * then.
 */
const struct sftp_client_row sftp_clients[] = {
  /* OpenSSH's client accepts messages of 256 KiB. */
  { .name = "OpenSSH", .software = "OpenSSH_", .traits = BIG_LISTINGS },
  /* lftp and other programs run OpenSSH's ssh, and need the version that they
   * request: lftp supports 6.
   */
  { .name = "sftp of OpenSSH", .software = "OpenSSH_",
    .does = "speaks SFTP 3", .traits = SMALL_DATA },
  /* Other names of OpenSSH: clients that accept such host certificates are
   * based on it.
   */
  { .name = "a relative of OpenSSH",
    .does = "offers sk-ssh-ed25519-cert-v01@openssh.com",
    .traits = BIG_LISTINGS },
  /* The reply says how large messages may be. */
  { .name = "a client that asks for limits",
    .does = "asks limits@openssh.com", .traits = BIG_LISTINGS SMALL_DATA },
  { .name = "OpenSSH 2.0 and 2.1", .software = "OpenSSH-2.0 OpenSSH-2.1",
    .traits = NO_REKEY },
  { .name = "OpenSSH 2.1 to 2.5",
    .software = "OpenSSH_2.1 OpenSSH_2.2 OpenSSH_2.3 OpenSSH_2.5",
    .traits = NO_REKEY "sftpReaddirSize 32768" },

  { .name = "OpenSSH before 6.5",
    .software = "OpenSSH_3. OpenSSH_4. OpenSSH_5. OpenSSH_6.0 OpenSSH_6.1 "
      "OpenSSH_6.2 OpenSSH_6.3 OpenSSH_6.4",
    .traits = CLASSIC },
  /* These need nothing special; because they have a row, our KEXINIT does not
   * wait for theirs.
   */
  { .name = "a modern program",
    .software = "PuTTY_Release_0.7 PuTTY_Release_0.8 WinSCP_release_5.15. "
      "WinSCP_release_5.17. WinSCP_release_5.19. WinSCP_release_5.21. "
      "WinSCP_release_6. libssh2_1.11 dropbear_202 Cyberduck/ russh_",
    .traits = "" },

  { .name = "libssh", .software = "libssh_ libssh-", .traits = LINK_FIRST },
  /* Knows only MACs over the plaintext, and no AEAD; the oldest versions in use
   * do not know Curve25519 either.
   */
  { .name = "libssh2 before 1.11", .software = "libssh2_1. !libssh2_1.11",
    .traits = CLASSIC },
  { .name = "AsyncSSH", .software = "AsyncSSH_",
    .traits = LINK_FIRST UTF8_NAMES },
  { .name = "ssh2 of Node.js", .software = "ssh2js",
    .traits = LINK_FIRST UTF8_NAMES },
  { .name = "Net::SSH of Ruby", .software = "Ruby/Net::SSH_",
    .traits = LINK_FIRST CLASSIC },
  { .name = "phpseclib", .software = "phpseclib", .traits = LINK_FIRST },
  { .name = "phpseclib 1 and 2", .software = "phpseclib_1. phpseclib_2.",
    .traits = CLASSIC },
  /* Requests version 6, but hangs if DATA has its end-of-file flag, or if the
   * name of an owner is not a number (since OTP 27).
   */
  { .name = "ssh_sftp of Erlang", .software = "Erlang/",
    .traits = LINK_FIRST "sftpDataAlone on sftpOwnerNumbers on" },

  /* Expects its own form of check-file's reply, and names the existing file
   * first in LINK, too.
   */
  { .name = "Apache MINA SSHD", .software = "APACHE-SSHD- SSHD-CORE-",
    .traits = "sftpTaggedSums on sftpLinkOrder last " UTF8_NAMES },
  /* No AEAD and no MACs over the ciphertext. */
  { .name = "Apache MINA SSHD before 2.3",
    .software = "SSHD-CORE- APACHE-SSHD-2.0. APACHE-SSHD-2.1. APACHE-SSHD-2.2.",
    .traits = CLASSIC },

  /* These request a higher version, and then fail. */
  { .name = "a client that speaks SFTP 3 alone",
    .software = "ClientSftp *EldoS *WeOnlyDo *SecureBlackbox",
    .traits = "sftpProtocolVersion 1-3 " },

  { .name = "J2SSH Maverick", .software = "*J2SSH_Maverick",
    .traits = NO_REKEY },
  { .name = "Sun SSH 1.0", .software = "Sun_SSH_1.0", .traits = NO_REKEY },
  { .name = "a client that calls itself 1.0", .software = "=1.0",
    .traits = "sftpProtocolVersion 1-2" },
  { .name = "a client that calls itself 1.30", .software = "=1.30",
    .traits = "channelPacketSize 16384" },

  { .name = "FileZilla", .software = "FileZilla_", .traits = UTF8_NAMES },
  { .name = "JSch", .software = "JSCH", .traits = UTF8_NAMES },
  { .name = "JSch 0.1", .software = "JSCH-0.1. JSCH_0.1.", .traits = CLASSIC },
  { .name = "sshj", .software = "SSHJ_", .traits = UTF8_NAMES },
  { .name = "paramiko", .software = "paramiko_", .traits = UTF8_NAMES },
  { .name = "paramiko 1", .software = "paramiko_1.", .traits = CLASSIC },
  { .name = "Twisted", .software = "Twisted_",
    .traits = LINK_FIRST CLASSIC },
  { .name = "SSH.NET before 2024", .software = "Renci.SshNet.SshClient.0.",
    .traits = CLASSIC },
  { .name = "Go", .software = "Go", .traits = UTF8_NAMES },
  { .name = "rclone", .software = "rclone/", .traits = UTF8_NAMES },
  { .name = NULL }
};

_Static_assert(SFTP_NELEMS(sftp_clients) <= 64, "a bit for each row");

static bool begins(const char *software, const char *text, size_t len) {
  return strncmp(software, text, len) == 0;
}

static bool software_fits(const char *software, const char *word, size_t len) {
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
      is = is || software_fits(software, word, len);

    } else if (begins(software, word + 1, len - 1)) {
      return false;
    }

    word += len;
    word += strspn(word, " ");
  }

  return is;
}

/* A list that the administrator has set does not change. */
static void apply_row(pool *p, const struct sftp_client_row *row,
    struct sftp_settings *set) {
  const struct sftp_trait *t;
  const char *text = row->traits, *value;

  while (sftp_traits_next(p, &text, &t, &value)) {
    if (!sftp_trait_is_list(t) || (set->named & 1U << t->family) == 0) {
      (void) sftp_trait_set(t, p, value, set);
    }
  }
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
      apply_row(p, row, set);
      any = true;
    }
  }

  return any;
}

const char *sftp_client_describe(pool *p, const struct sftp_client_row *row) {
  const struct sftp_trait *t;
  const char *text = row->traits, *value, *shown = "";

  while (sftp_traits_next(p, &text, &t, &value)) {
    shown = pstrcat(p, shown, *shown != '\0' ? ", " : "", t->word, " ", value,
      sftp_trait_is_list(t) ? " unless configured" : "", (char *) NULL);
  }

  return pstrcat(p, row->name, " (", row->software != NULL ? row->software :
    "", row->software != NULL && row->does != NULL ? "; " : "", row->does !=
    NULL ? row->does : "", "): ", *shown != '\0' ? shown :
    "nothing of its own", (char *) NULL);
}
