/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* What is known of client programs: a version line for each row. */

#include "clients.h"
#include "tap.h"

static struct sftp_settings set_for(const char *software) {
  struct sftp_settings set;

  memset(&set, 0, sizeof(set));
  set.sftp_max_version = 6;
  set.sftp_utf8_version = 4;
  (void) sftp_client_apply(software, &set);
  return set;
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
  { "libssh_0.10.6", true, false, false, 0, 0, 6, 4 },
  { "libssh-0.5.2", true, false, false, 0, 0, 6, 4 },
  { "libssh2_1.10.0", false, false, false, 0, 0, 6, 4 },
  { "AsyncSSH_2.10.1", true, false, false, 0, 0, 6, 3 },
  { "ssh2js1.11.0", true, false, false, 0, 0, 6, 3 },
  { "Ruby/Net::SSH_7.0.1", true, false, false, 0, 0, 6, 4 },
  { "Erlang/4.15.2", true, false, false, 0, 0, 6, 4 },
  { "phpseclib_3.0", true, false, false, 0, 0, 6, 4 },
  { "APACHE-SSHD-2.9.2", false, true, false, 0, 0, 6, 3 },
  { "SSHD-CORE-1.7.0", false, true, false, 0, 0, 6, 3 },
  { "1.7.2_J2SSH_Maverick_1.7.2", false, false, true, 0, 0, 6, 4 },
  { "Sun_SSH_1.0.1", false, false, true, 0, 0, 6, 4 },
  { "1.0", false, false, false, 0, 0, 2, 4 },
  { "1.00", false, false, false, 0, 0, 6, 4 },
  { "1.30", false, false, false, 0, 16384, 6, 4 },
  { "FileZilla_3.63.0", false, false, false, 0, 0, 6, 3 },
  { "JSCH-0.1.54", false, false, false, 0, 0, 6, 3 },
  { "JSCH_0.2.16", false, false, false, 0, 0, 6, 3 },
  { "SSHJ_0.38.0", false, false, false, 0, 0, 6, 3 },
  { "paramiko_2.12.0", false, false, false, 0, 0, 6, 3 },
  { "Go", false, false, false, 0, 0, 6, 3 },
  { "rclone/v1.60.1", false, false, false, 0, 0, 6, 3 },
  { "PuTTY_Release_0.78", false, false, false, 0, 0, 6, 4 },
  { "WinSCP_release_6.3.5", false, false, false, 0, 0, 6, 4 },
  { "dropbear_2022.83", false, false, false, 0, 0, 6, 4 },
  { "", false, false, false, 0, 0, 6, 4 }
};

static void clients_get_what_they_need(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(seen); i++) {
    const struct seen *c = &seen[i];
    struct sftp_settings s = set_for(c->software);

    ok(s.client.link_first == c->link_first &&
      s.client.tagged_sums == c->tagged &&
      s.client.never_rekey == c->never_rekey &&
      s.client.readdir_max == c->readdir && s.max_packet == c->packet &&
      s.sftp_max_version == c->version && s.sftp_utf8_version == c->utf8,
      "'%s' gets what it needs", c->software);
  }
}

static void every_row_is_for_somebody(void) {
  const struct sftp_client_row *row;
  pool *p = make_sub_pool(NULL);
  size_t i;

  for (row = sftp_clients; row->name != NULL; row++) {
    const char *text = sftp_client_describe(p, row);
    bool found = false;

    for (i = 0; i < SFTP_NELEMS(seen) && !found; i++) {
      found = sftp_client_is(row, seen[i].software);
    }

    ok(found, "%s (%s) was seen", row->name, row->software);
    ok(strncmp(text, row->name, strlen(row->name)) == 0 &&
      text[strlen(text) - 1] != ' ', "... and its row says something: %s",
      text);
  }

  destroy_pool(p);
}

int main(void) {
  clients_get_what_they_need();
  every_row_is_for_somebody();
  return done_testing();
}
