/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* record.c -- what sessions tell the recorder of SFTPTransferRecord: two bytes
 * of length, then a message, and again.  Whatever it is, a record is one line
 * of ASCII, and no message changes whose it is.
 */

#include "ftpd-record-fields.h"
#include "target.h"

static void check_line(const char *text, size_t len) {
  size_t i;

  for (i = 0; i < len; i++) {
    if (text[i] < ' ' || text[i] > '~') {
      abort();
    }
  }
}

static int one_input(const uint8_t *data, size_t size) {
  static char text[RECORD_LINE_MAX];
  static struct record_pins pins, before;
  enum record_what what;
  struct sftp_json j;

  memset(&pins, 0, sizeof(pins));
  while (size > 2) {
    struct sftp_str message = { data + 2, (size_t) data[0] << 8 | data[1] };

    message.len = message.len < size - 2 ? message.len : size - 2;
    before = pins;
    sftp_json_init(&j, text, sizeof(text));
    if (ftpd_record_compose(&j, message, &pins, &what) != SFTP_OK &&
        j.len != 0) {
      abort();
    }

    check_line(text, j.len);
    if (before.set != 0 && memcmp(&before, &pins, sizeof(pins)) != 0) {
      abort();
    }

    data += 2 + message.len;
    size -= 2 + message.len;
  }

  return 0;
}
