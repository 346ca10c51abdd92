/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: one SCP session over files in memory.
 *
 * The input is a command line up to LF, followed by the client's data.  Its
 * first byte determines the window and the size of the pieces.  In every case,
 * every file is closed, every operation ended, and nothing is created outside
 * of the directory after the login.
 */

#include "../fake/fake-channel.h"
#include "../fake/ftpd-file.h"
#include "conn.h"
#include "ftpd-tree.h"
#include "scp.h"
#include "target.h"

static void make_files(void) {
  fake_fs_reset();
  fake_fs_put("/home/user/f", "0123456789", 10, 0644);
  fake_fs_dir("/home/user/d");
  fake_fs_put("/home/user/d/g", "x", 1, 0600);
  fake_fs_put("/home/user/d/a b", "yy", 2, 0600);
  fake_fs_put("/home/user/d/n\nl", "z", 1, 0600);
  fake_fs_link("/home/user/d/up", "..");
  fake_fs_link("/home/user/d/lost", "nowhere");
  fake_fs_dir("/home/user/d/e");
}

static unsigned int entries(const char *path) {
  struct ftpd_op op;
  struct ftpd_dir *d = ftpd_opendir(&op, path);
  const char *name;
  struct stat st;
  unsigned int n = 0;

  must(d != NULL);
  while (ftpd_readdir(d, &name, &st) == 1) {
    n++;
  }

  (void) ftpd_closedir(&op, d);
  return n - 2;
}

static void talk(struct sftp_channel *ch, const uint8_t *p, size_t n,
    unsigned int how) {
  size_t piece = (how & 3) == 0 ? n : (how & 3) == 1 ? 1 : 37;
  unsigned int i;

  while (n > 0) {
    size_t part = piece < n ? piece : n;

    if (fake_channel_feed(ch, p, part) != SFTP_OK) {
      return;
    }

    p += part;
    n -= part;
    if ((how & 8) != 0 && fake_channel_open_window(ch, 16) != SFTP_OK) {
      return;
    }
  }

  for (i = 0; i < 8; i++) {
    if (fake_channel_open_window(ch, 4096) != SFTP_OK) {
      return;
    }
  }

  if ((how & 16) != 0) {
    (void) fake_channel_eof(ch);
    (void) fake_channel_open_window(ch, SIZE_MAX);
  }
}

static void session(const char *args, const uint8_t *p, size_t n,
    unsigned int how) {
  pool *top = make_sub_pool(permanent_pool);
  struct sftp_settings set;
  struct ssh_conn conn;
  struct sftp_channel *ch;
  const char *why = NULL;
  void *svc;

  memset(&set, 0, sizeof(set));
  memset(&conn, 0, sizeof(conn));
  set.opts = (how & 32) != 0 ? SFTP_OPT_IGNORE_SCP_UPLOAD_PERMS : 0;
  conn.pool = top;
  conn.set = &set;
  ch = fake_channel_new(&conn);
  if ((how & 4) != 0) {
    ch->window = 0;
    ch->soft = 64;
  }

  svc = sftp_scp_start(&conn, ch, top, args, &why);
  must(svc != NULL || why != NULL);
  fake_channel_serve(ch, &sftp_scp_service, svc);
  if (svc != NULL) {
    talk(ch, p, n, how);
  }

  conn.failure.err = (how & 64) != 0 ? SFTP_ERR_EOF : SFTP_OK;
  fake_channel_free(ch);
  destroy_pool(top);
}

static int one_input(const uint8_t *data, size_t size) {
  char args[512];
  size_t len;
  const uint8_t *lf;

  if (size < 2) {
    return 0;
  }

  lf = memchr(data + 1, '\n', size - 1);
  if (lf == NULL) {
    return 0;
  }

  len = (size_t) (lf - data - 1);
  if (len >= sizeof(args) || memchr(data + 1, 0, len) != NULL) {
    return 0;
  }

  memcpy(args, data + 1, len);
  args[len] = '\0';
  make_files();
  session(args, lf + 1, size - len - 2, data[0]);

  must(fake_files.begun == fake_files.ended && fake_files.files == 0 &&
    fake_files.dirs == 0);

  /* A client may name any target; one record may not leave it. */
  if (strchr(args, '/') == NULL && strstr(args, "..") == NULL) {
    must(entries("/") == 1 && entries("/home") == 1);
  }

  return 0;
}
