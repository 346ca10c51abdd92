/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* What is known of client programs: a version line for each word of a row. */

#include "alg-profile.h"
#include "clients.h"
#include "crypto.h"
#include "tap.h"
#include "traits.h"

static pool *p;

static struct sftp_settings set_for(const char *software) {
  struct sftp_settings set;

  memset(&set, 0, sizeof(set));
  set.sftp.max_version = 6;
  set.sftp.utf8_version = 4;
  set.kex = sftp_alg_profile(p, ALGS_KEX, PROFILE_DEFAULT);
  set.macs = sftp_alg_profile(p, ALGS_MAC, PROFILE_DEFAULT);
  (void) sftp_client_apply(p, software, NULL, &set);
  return set;
}

/* What clients were seen to do, whatever they call themselves. */
static const struct {
  const char *does;
  uint32_t readdir;
} did[] = {
  { "offers sk-ssh-ed25519-cert-v01@openssh.com", 65536 },
  { "asks limits@openssh.com", 65536 },
  { "offers ext-info-c", 0 }, { "offers curve25519-sha256", 0 },
  { "asks statvfs@openssh.com", 0 }, { "speaks SFTP 3", 0 },
  { "offers limits@openssh.com", 0 }, { "asks limits@openssh.com ", 0 },
  { "is VanDyke SecureFX 9", 0 }
};

static void what_is_observed_counts(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(did); i++) {
    struct sftp_settings set;

    memset(&set, 0, sizeof(set));
    ok(sftp_client_apply(p, "something", did[i].does, &set) ==
      (did[i].readdir > 0) && set.client.readdir_max == did[i].readdir,
      "who '%s' gets what that takes", did[i].does);
  }
}

/* As these clients were seen, and what they get: SYMLINK's order, check-file's
 * form, no rekey by us, bytes of a listing, packet, SFTP, UTF-8.
 */
static const struct seen {
  const char *software;
  bool link_first, tagged, never_rekey;
  uint32_t readdir, packet;
  unsigned int version, utf8;
} seen[] = {
  { "OpenSSH_9.2p1", false, false, false, 65536, 0, 6, 4 },
  { "OpenSSH_10.0p2", false, false, false, 65536, 0, 6, 4 },
  { "OpenSSH_for_Windows_9.5", false, false, false, 65536, 0, 6, 4 },
  { "OpenSSH-2.0-beta-1", false, false, true, 0, 0, 6, 4 },
  { "OpenSSH-2.1", false, false, true, 0, 0, 6, 4 },
  { "OpenSSH_2.1.1", false, false, true, 32768, 0, 6, 4 },
  { "OpenSSH_2.2.0p1", false, false, true, 32768, 0, 6, 4 },
  { "OpenSSH_2.3.0p1", false, false, true, 32768, 0, 6, 4 },
  { "OpenSSH_2.5.2p2", false, false, true, 32768, 0, 6, 4 },
  { "OpenSSH_3.9p1", false, false, false, 65536, 0, 6, 4 },
  { "OpenSSH_4.3", false, false, false, 65536, 0, 6, 4 },
  { "OpenSSH_5.3", false, false, false, 65536, 0, 6, 4 },
  { "OpenSSH_6.0p1", false, false, false, 65536, 0, 6, 4 },
  { "OpenSSH_6.1", false, false, false, 65536, 0, 6, 4 },
  { "OpenSSH_6.2", false, false, false, 65536, 0, 6, 4 },
  { "OpenSSH_6.3", false, false, false, 65536, 0, 6, 4 },
  { "OpenSSH_6.4", false, false, false, 65536, 0, 6, 4 },
  { "libssh_0.10.6", true, false, false, 0, 0, 6, 4 },
  { "libssh-0.5.2", true, false, false, 0, 0, 6, 4 },
  { "libssh2_1.10.0", false, false, false, 0, 0, 6, 4 },
  { "libssh2_1.11.1", false, false, false, 0, 0, 6, 4 },
  { "AsyncSSH_2.10.1", true, false, false, 0, 0, 6, 3 },
  { "ssh2js1.11.0", true, false, false, 0, 0, 6, 3 },
  { "Ruby/Net::SSH_7.0.1", true, false, false, 0, 0, 6, 4 },
  { "Erlang/4.15.2", true, false, false, 0, 0, 6, 4 },
  { "Erlang/5.2.11.1", true, false, false, 0, 0, 6, 4 },
  { "phpseclib_3.0", true, false, false, 0, 0, 6, 4 },
  { "phpseclib_2.0", true, false, false, 0, 0, 6, 4 },
  { "phpseclib_1.0", true, false, false, 0, 0, 6, 4 },
  { "APACHE-SSHD-2.9.2", false, true, false, 0, 0, 6, 3 },
  { "SSHD-CORE-1.7.0", false, true, false, 0, 0, 6, 3 },
  { "APACHE-SSHD-2.0.0", false, true, false, 0, 0, 6, 3 },
  { "APACHE-SSHD-2.1.0", false, true, false, 0, 0, 6, 3 },
  { "APACHE-SSHD-2.2.0", false, true, false, 0, 0, 6, 3 },
  { "ClientSftp", false, false, false, 0, 0, 3, 4 },
  { "EldoS.SSHBlackbox.3", false, false, false, 0, 0, 3, 4 },
  { "WeOnlyDo-wodSFTP", false, false, false, 0, 0, 3, 4 },
  { "SecureBlackbox.8", false, false, false, 0, 0, 3, 4 },
  { "1.7.2_J2SSH_Maverick_1.7.2", false, false, true, 0, 0, 6, 4 },
  { "Sun_SSH_1.0.1", false, false, true, 0, 0, 6, 4 },
  { "1.0", false, false, false, 0, 0, 2, 4 },
  { "1.00", false, false, false, 0, 0, 6, 4 },
  { "1.30", false, false, false, 0, 16384, 6, 4 },
  { "FileZilla_3.63.0", false, false, false, 0, 0, 6, 3 },
  { "JSCH-0.1.54", false, false, false, 0, 0, 6, 3 },
  { "JSCH_0.1.72", false, false, false, 0, 0, 6, 3 },
  { "JSCH_0.2.16", false, false, false, 0, 0, 6, 3 },
  { "JSCH_", false, false, false, 0, 0, 6, 3 },
  { "SSHJ_0.38.0", false, false, false, 0, 0, 6, 3 },
  { "paramiko_2.12.0", false, false, false, 0, 0, 6, 3 },
  { "paramiko_1.16.0", false, false, false, 0, 0, 6, 3 },
  { "Twisted_22.4.0", true, false, false, 0, 0, 6, 4 },
  { "Renci.SshNet.SshClient.0.0.1", false, false, false, 0, 0, 6, 4 },
  { "Go", false, false, false, 0, 0, 6, 3 },
  { "rclone/v1.60.1", false, false, false, 0, 0, 6, 3 },
  { "PuTTY_Release_0.78", false, false, false, 0, 0, 6, 4 },
  { "PuTTY_Release_0.83", false, false, false, 0, 0, 6, 4 },
  { "WinSCP_release_5.15.3", false, false, false, 0, 0, 6, 4 },
  { "WinSCP_release_5.17.10", false, false, false, 0, 0, 6, 4 },
  { "WinSCP_release_5.19.6", false, false, false, 0, 0, 6, 4 },
  { "WinSCP_release_5.21.8", false, false, false, 0, 0, 6, 4 },
  { "Cyberduck/8.7.1.40770", false, false, false, 0, 0, 6, 4 },
  { "russh_0.45.0", false, false, false, 0, 0, 6, 4 },
  { "WinSCP_release_6.3.5", false, false, false, 0, 0, 6, 4 },
  { "dropbear_2022.83", false, false, false, 0, 0, 6, 4 },
  { "", false, false, false, 0, 0, 6, 4 }
};

static void clients_get_what_they_need(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(seen); i++) {
    const struct seen *c = &seen[i];
    struct sftp_settings s = set_for(c->software);

    ok((s.client.link_order == LINK_ORDER_LINK) == c->link_first &&
      s.client.tagged_sums == c->tagged &&
      s.client.never_rekey == c->never_rekey &&
      s.client.readdir_max == c->readdir && s.max_packet == c->packet &&
      s.sftp.max_version == c->version && s.sftp.utf8_version == c->utf8,
      "'%s' gets what it needs", c->software);
  }
}

static void erlang_gets_what_it_reads(void) {
  size_t i, others = 0;

  for (i = 0; i < SFTP_NELEMS(seen); i++) {
    struct sftp_settings s = set_for(seen[i].software);

    if (strncmp(seen[i].software, "Erlang/", 7) == 0) {
      ok(s.client.data_alone && s.client.owner_numbers,
        "%s gets bare DATA and owners in digits", seen[i].software);

    } else {
      others += s.client.data_alone || s.client.owner_numbers;
    }
  }

  is_int(others, 0, "nobody else does");
}

/* ---- Lists of algorithms */

#define SOUND_KEX "mlkem768x25519-sha256,sntrup761x25519-sha512," \
  "sntrup761x25519-sha512@openssh.com,curve25519-sha256," \
  "curve25519-sha256@libssh.org,curve448-sha512," \
  "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512"
#define MORE_KEX "ecdh-sha2-nistp256,ecdh-sha2-nistp384," \
  "diffie-hellman-group14-sha256,diffie-hellman-group-exchange-sha256"
#define SOUND_MACS \
  "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com"
#define MORE_MACS "hmac-sha2-256,hmac-sha2-512"

static const char *const classics[] = {
  "libssh2_1.4.2", "libssh2_1.1", "libssh2_1.10.0", "JSCH-0.1.54",
  "JSCH_0.1.72", "Renci.SshNet.SshClient.0.0.1", "phpseclib_1.0",
  "phpseclib_2.0", "paramiko_1.16.0", "Ruby/Net::SSH_7.0.1", "Twisted_22.4.0",
  "SSHD-CORE-1.7.0", "APACHE-SSHD-2.0.0", "APACHE-SSHD-2.1.0",
  "APACHE-SSHD-2.2.0", "OpenSSH_3.9p1", "OpenSSH_4.3", "OpenSSH_5.3",
  "OpenSSH_6.0p1", "OpenSSH_6.1", "OpenSSH_6.2", "OpenSSH_6.3", "OpenSSH_6.4"
};

static void classic_programs_get_more(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(classics); i++) {
    struct sftp_settings s = set_for(classics[i]);

    is_str(s.kex, SOUND_KEX "," MORE_KEX, "%s: key exchange", classics[i]);
    is_str(s.macs, SOUND_MACS "," MORE_MACS, "%s: MACs", classics[i]);
  }
}

static bool is_classic(const char *software) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(classics); i++) {
    if (strcmp(software, classics[i]) == 0) {
      return true;
    }
  }

  return false;
}

static void others_get_the_default(void) {
  static const char *const near[] = { "libssh2_1.11", "libssh2_1.11.0_DEV",
    "libssh2_2.0", "a_libssh2_1.4", "JSCH-0.2.0", "phpseclib_10",
    "Renci.SshNet.SshClient.2024.0.0", "paramiko_10.0", "Ruby/Net::SSH" };
  size_t i, changed = 0;

  for (i = 0; i < SFTP_NELEMS(seen) + SFTP_NELEMS(near); i++) {
    const char *software = i < SFTP_NELEMS(seen) ? seen[i].software :
      near[i - SFTP_NELEMS(seen)];
    struct sftp_settings s = set_for(software);

    if (!is_classic(software) && (strcmp(s.kex, SOUND_KEX) != 0 ||
          strcmp(s.macs, SOUND_MACS) != 0)) {
      diag("%s: %s; %s", software, s.kex, s.macs);
      changed++;
    }
  }

  is_int(changed, 0, "nobody else gets more");
}

static void what_is_named_stays(void) {
  struct sftp_settings set;

  memset(&set, 0, sizeof(set));
  set.kex = "curve25519-sha256";
  set.macs = SOUND_MACS;
  set.named = 1U << ALGS_KEX;
  (void) sftp_client_apply(p, "JSCH-0.1.54", NULL, &set);
  is_str(set.kex, "curve25519-sha256", "a list that was named stays");
  is_str(set.macs, SOUND_MACS "," MORE_MACS, "... and the other one grows");

  set.macs = "hmac-sha2-512";
  set.named = 1U << ALGS_MAC;
  (void) sftp_client_apply(p, "Twisted_22.4.0", NULL, &set);
  is_str(set.kex, "curve25519-sha256," MORE_KEX, "so it is the other way");
  is_str(set.macs, "hmac-sha2-512", "... round");
}

/* ---- The table */

static bool was_seen(const struct sftp_client_row *row) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(seen); i++) {
    if (sftp_client_is(row, seen[i].software)) {
      return true;
    }
  }

  return false;
}

static bool was_done(const struct sftp_client_row *row) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(did); i++) {
    if (strcmp(row->does, did[i].does) == 0) {
      return true;
    }
  }

  return false;
}

/* How many of its words no trait has, or has not as a value. */
static size_t unread(const struct sftp_client_row *row) {
  const char *text = row->traits, *value;
  const struct sftp_trait *t;
  size_t bad = 0;

  while (sftp_traits_next(p, &text, &t, &value)) {
    struct sftp_settings set;

    memset(&set, 0, sizeof(set));
    set.kex = set.macs = set.ciphers = set.hostkeys = "";
    bad += !sftp_trait_set(t, p, value, &set) || *value == '\0';
    bad += sftp_trait_is_list(t) && *set.kex == '\0' && *set.macs == '\0';
  }

  return bad + strlen(text);
}

static void every_row_is_for_somebody(void) {
  const struct sftp_client_row *row;

  for (row = sftp_clients; row->name != NULL; row++) {
    const char *text = sftp_client_describe(p, row);
    const char *at = row->software != NULL ? row->software : "";
    size_t unseen = row->does != NULL && !was_done(row);

    while (*at != '\0') {
      struct sftp_client_row word = { .name = row->name };
      size_t len = strcspn(at, " ");

      word.software = pstrndup(p, at, len);
      unseen += *at != '!' && !was_seen(&word);
      at += len;
      at += strspn(at, " ");
    }

    is_int(unseen, 0, "%s was seen", row->name);
    ok(row->software != NULL || row->does != NULL, "... by something");
    ok((row->software == NULL || strstr(text, row->software) != NULL) &&
      (row->does == NULL || strstr(text, row->does) != NULL),
      "... which its row says");
    ok(strncmp(text, row->name, strlen(row->name)) == 0 &&
      text[strlen(text) - 1] != ' ', "... and its row says something: %s",
      text);
    is_int(unread(row), 0, "... all of it in the words of the table");
  }
}

/* ---- The traits */

/* Values of each kind: those of which one at least is taken by each trait, and
 * those that none takes.
 */
static const char *const good[] = { "on", "off", "global", "link", "legacy",
  "16KB", "3", "2-5", "hmac-sha2-512", "aes256-ctr", "curve25519-sha256",
  "ssh-ed25519" };
static const char *const bad[] = { "", "maybe", "0", "-1", "7-9", "5-2", "3-",
  "999GB", "16XB", "18446744073709551616" };

static bool changes(const struct sftp_trait *t, const char *value) {
  struct sftp_settings before, set;

  memset(&before, 0, sizeof(before));
  before.kex = before.macs = before.ciphers = before.hostkeys = "";
  set = before;
  return sftp_trait_set(t, p, value, &set) &&
    memcmp(&set, &before, sizeof(set)) != 0;
}

/* A trait takes its row in the table and nothing else: the row alone makes it
 * known to rows of clients, to what people see of them, and to SFTPClientMatch.
 */
static void each_trait_is_one_row(void) {
  const struct sftp_trait *t;
  size_t i, n;

  for (t = sftp_traits; t->word != NULL; t++) {
    struct sftp_client_row row = { .name = "somebody", .software = "any" };
    const char *value = NULL, *text;
    const struct sftp_trait *found;

    ok(sftp_trait_find(t->word, strlen(t->word)) == t, "%s: one row", t->word);
    ok(t->expected != NULL && *t->expected != '\0', "... says what it takes");
    for (i = 0; i < SFTP_NELEMS(good); i++) {
      value = value == NULL && changes(t, good[i]) ? good[i] : value;
    }

    ok(value != NULL, "... takes a value, and stores it: %s", value);
    value = value != NULL ? value : "";
    for (i = n = 0; i < SFTP_NELEMS(bad); i++) {
      n += changes(t, bad[i]) && !(t->min == 0 && strcmp(bad[i], "0") == 0);
    }

    ok(sftp_trait_is_list(t) || n == 0, "... and no wrong one");
    row.traits = pstrcat(p, t->word, " ", value, " ", NULL);
    is_str(sftp_client_describe(p, &row), pstrcat(p, "somebody (any): ",
      t->word, " ", value, sftp_trait_is_list(t) ? " unless configured" : "",
      NULL), "... is described in the word of the directive");
    text = row.traits;
    ok(sftp_traits_next(p, &text, &found, &value) && found == t &&
      !sftp_traits_next(p, &text, &found, &value), "... and read again");
  }
}

static void choices_are_stored_as_their_enum(void) {
  static const struct {
    const char *word, *value;
    unsigned int n;
  } cases[] = {
    { "keepalive", "channel", KEEPALIVE_CHANNEL },
    { "keepalive", "Global", KEEPALIVE_GLOBAL },
    { "keepalive", "ignore", KEEPALIVE_IGNORE },
    { "sftpLinkOrder", "target", LINK_ORDER_TARGET },
    { "sftpLinkOrder", "link", LINK_ORDER_LINK },
    { "sftpLinkOrder", "last", LINK_ORDER_LAST }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(cases); i++) {
    const struct sftp_trait *t = sftp_trait_find(cases[i].word,
      strlen(cases[i].word));
    struct sftp_settings set;
    uint32_t n;

    memset(&set, 0, sizeof(set));
    ok(sftp_trait_set(t, p, cases[i].value, &set), "%s %s", cases[i].word,
      cases[i].value);
    memcpy(&n, (char *) &set + t->at, sizeof(n));
    is_int(n, cases[i].n, "... is what the code knows by its name");
  }
}

static void values_go_where_they_belong(void) {
  struct sftp_settings set;
  const char *text = "channelPacketSize 16KB channelWindowSize 4GB rekey off "
    "sftpDataSize 8KB sftpReaddirSize 12KB sftpProtocolVersion 2-5 "
    "sftpUTF8ProtocolVersion 3 sftpTaggedSums yes sftpDataAlone 1 "
    "sftpOwnerNumbers TRUE pessimisticNewkeys on", *value;
  const struct sftp_trait *t;

  memset(&set, 0, sizeof(set));
  while (sftp_traits_next(p, &text, &t, &value)) {
    ok(sftp_trait_set(t, p, value, &set), "%s %s", t->word, value);
  }

  ok(*text == '\0', "all of it");
  ok(set.max_packet == 16384 && set.window == UINT32_MAX, "channels");
  ok(set.client.data_max == 8192 && set.client.readdir_max == 12288, "data");
  ok(set.sftp.min_version == 2 && set.sftp.max_version == 5, "versions");
  is_int(set.sftp.utf8_version, 3, "UTF-8");
  ok(set.client.tagged_sums && set.client.data_alone &&
    set.client.owner_numbers && set.client.never_rekey &&
    set.pessimistic_newkeys, "switches");
}

static void words_fit(void) {
  static const struct { const char *words, *software; bool fits; } cases[] = {
    { "ab cd", "abc", true }, { "ab cd", "cde", true },
    { "ab cd", "xab", false }, { "ab cd", "c", false }, { "ab", "", false },
    { "ab !abc", "abd", true }, { "ab !abc", "abcd", false },
    { "!abc ab", "abc", false }, { "!abc ab", "ab", true },
    { "!ab", "x", false }, { "=1.0 z", "1.0", true },
    { "=1.0 z", "1.00", false }, { "=1.0 z", "1.", false },
    { "*am z", "name", true }, { "*am z", "am", true },
    { "*am z", "a", false }, { "q *am", "zam", true }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(cases); i++) {
    struct sftp_client_row row = { .software = cases[i].words };

    ok(sftp_client_is(&row, cases[i].software) == cases[i].fits,
      "'%s' %s '%s'", cases[i].software, cases[i].fits ? "fits" :
      "does not fit", cases[i].words);
  }
}

int main(void) {
  p = make_sub_pool(NULL);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("libcrypto cannot be used");
  }

  clients_get_what_they_need();
  erlang_gets_what_it_reads();
  what_is_observed_counts();
  classic_programs_get_more();
  others_get_the_default();
  what_is_named_stays();
  every_row_is_for_somebody();
  words_fit();
  each_trait_is_one_row();
  choices_are_stored_as_their_enum();
  values_go_where_they_belong();

  destroy_pool(p);
  sftp_crypto_free();
  return done_testing();
}
