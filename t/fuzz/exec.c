/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: a command line of an exec channel, up to the
 * first NUL, followed by the client's input.  The first byte says how the input
 * arrives.
 *
 * Promises: nothing is written, every operation is ended, every file closed,
 * and a line that has run to the end of its input has an exit status.
 */

#include "../fake/fake-channel.h"
#include "../fake/ftpd-file.h"
#include "conn.h"
#include "exec.h"
#include "target.h"

static void make_files(void) {
  fake_fs_reset();
  fake_fs_put("/home/user/f", "0123456789", 10, 0644);
  fake_fs_dir("/home/user/d");
  fake_fs_put("/home/user/d/a b", "yy", 2, 0600);
  fake_fs_put("/home/user/n\nl", "z", 1, 0600);
  fake_fs_put("/home/user/b\\s", "z", 1, 0600);
}

static void talk(struct sftp_channel *ch, const uint8_t *p, size_t n,
    unsigned int how) {
  size_t piece = (how & 1) != 0 ? 3 : n;

  (void) fake_channel_work(ch, 100);
  while (n > 0) {
    size_t part = piece < n ? piece : n;

    if (fake_channel_feed(ch, p, part) != SFTP_OK) {
      return;
    }

    (void) fake_channel_work(ch, 100);
    p += part;
    n -= part;
  }

  if ((how & 2) != 0) {
    return;                     /* the client just goes */
  }

  (void) fake_channel_eof(ch);
  (void) fake_channel_work(ch, 1000);
  (void) fake_channel_open_window(ch, SIZE_MAX);
  (void) fake_channel_work(ch, 1000);
  must(ch->finished && ch->status >= 0 && ch->status <= 127);
}

static int one_input(const uint8_t *data, size_t size) {
  pool *top;
  struct sftp_settings set;
  struct ssh_conn conn;
  struct sftp_channel *ch;
  const char *why = NULL;
  const uint8_t *nul;
  char *line;
  void *svc;

  nul = size > 1 ? memchr(data + 1, 0, size - 1) : NULL;
  if (nul == NULL) {
    return 0;
  }

  make_files();
  top = make_sub_pool(permanent_pool);
  memset(&set, 0, sizeof(set));
  memset(&conn, 0, sizeof(conn));
  set.services = SFTP_SERVICE_FL_SFTP|SFTP_SERVICE_FL_DATE;
  set.exec_commands = sftp_switch_defaults(sftp_exec_switch);
  conn.pool = top;
  conn.set = &set;
  line = strdup((const char *) data + 1);
  ch = fake_channel_new(&conn);
  if ((data[0] & 4) != 0) {
    ch->window = 0;
    ch->soft = 64;
  }

  svc = sftp_exec_start(&conn, ch, top, line, &why);
  free(line);
  must(svc != NULL);
  fake_channel_serve(ch, &sftp_exec_service, svc);
  talk(ch, nul + 1, (size_t) (data + size - nul - 1), data[0]);
  fake_channel_free(ch);
  must(fake_files.begun == fake_files.ended && fake_files.files == 0);
  must(fake_files.writes == 0 && fake_fs_is("/home/user/f", "0123456789", 10));
  destroy_pool(top);
  return 0;
}
