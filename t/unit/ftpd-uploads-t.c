/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-uploads-t.c -- the last 128 files that a session made. */

#include "daemon.h"
#include "ftpd-files.h"
#include "ftpd-uploads.h"
#include "tap.h"

static struct ftpd ftpd = { .files = &daemon_files };

static bool is_one(dev_t dev, ino_t ino) {
  struct stat st = { .st_dev = dev, .st_ino = ino };

  return ftpd_upload_is(&ftpd, &st);
}

static void note(dev_t dev, ino_t ino) {
  struct stat st = { .st_dev = dev, .st_ino = ino };

  ftpd_upload_note(&ftpd, &st);
}

int main(void) {
  ino_t i;

  daemon_files.pool = make_sub_pool(NULL);
  ok(!is_one(1, 1) && !is_one(0, 0), "none");
  note(1, 1);
  ok(is_one(1, 1) && !is_one(2, 1) && !is_one(1, 2) && !is_one(0, 0), "one");
  for (i = 2; i <= 128; i++) {
    note(1, i);
  }

  ok(is_one(1, 1) && is_one(1, 64) && is_one(1, 128), "128 are remembered");
  note(3, 129);
  ok(!is_one(1, 1) && is_one(1, 2) && is_one(3, 129) && is_one(1, 128),
    "the oldest one is forgotten");
  ok(!is_one(1, 130), "others are none");
  destroy_pool(daemon_files.pool);
  return done_testing();
}
