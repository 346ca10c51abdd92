/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-sign.c -- signatures in a file of records: when they are due, and
 * what to do if a key fails.
 */

#include "ftpd-record-file-int.h"
#include "ftpd-session.h"

#include "sshsig.h"

#define SPACE "sftp-record"
/* Far behind any record. */
#define PLACE ((off_t) 1 << 62)
/* Until the next attempt. */
#define WAIT_MS 1000U
#define WAIT_MS_MAX 60000U

/* ---- Signatures */

static int write_signature(struct record_file *f, pool *p) {
  char hex[HEX_LEN + 2];
  const char *armored = NULL;
  struct record_note n;
  int res;

  (void) ftpd_record_hex(f->head.hash, hex);
  hex[HEX_LEN] = '\n';
  res = sftp_sshsig(p, f->key, SPACE, (struct sftp_str) {
    (unsigned char *) hex, HEX_LEN + 1 }, &armored);
  if (res != SFTP_OK) {
    if (!f->told_unsigned) {
      f->told_unsigned = true;
      pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": SFTPTransferRecord '%s': the "
        "host key %s does not sign: %s", f->path, f->print,
        sftp_strerror(res));
    }

    return -1;
  }

  f->told_unsigned = false;
  ftpd_record_note(&n, "signature");
  sftp_json_text(&n.j, "key", sftp_str_of(f->print));
  sftp_json_text(&n.j, "signature", sftp_str_of(armored));
  if (ftpd_record_note_write(f, &n) < 0) {
    return -1;
  }

  f->nunsigned = 0;
  return 0;
}

/* It cannot be signed: what waits for a signature goes on waiting, and so do
 * we, each time twice as long.
 */
static void wait_to_sign(struct record_file *f) {
  f->wait_ms = f->wait_ms == 0 ? WAIT_MS : f->wait_ms >=
    WAIT_MS_MAX / 2 ? WAIT_MS_MAX : 2 * f->wait_ms;
  f->again_ms = sftp_now_ms() + f->wait_ms;
}

void ftpd_record_sign(struct record_file *f) {
  pool *p = make_sub_pool(f->pool);

  if (write_signature(f, p) == 0) {
    f->sign_now = false;
    f->again_ms = f->wait_ms = 0;

  } else {
    wait_to_sign(f);
  }

  destroy_pool(p);
}

bool ftpd_record_is_shared(const struct record_file *f) {
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
    .l_start = PLACE, .l_len = 1 };

  return fcntl(f->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

void ftpd_record_show(const struct record_file *f) {
  struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET,
    .l_start = PLACE, .l_len = 1 };

  (void) fcntl(f->fd, F_OFD_SETLK, &lock);
}

int ftpd_record_file_due_ms(const struct record_file *f) {
  uint64_t due, now = sftp_now_ms();

  if (f->key == NULL || f->fd < 0 || f->nunsigned == 0) {
    return -1;
  }

  due = f->sign_now || f->nunsigned >= f->max_records ? 0 : f->unsigned_ms +
    (uint64_t) f->max_secs * 1000;
  due = due > f->again_ms ? due : f->again_ms;
  return due <= now ? 0 : (int) (due - now);
}

void ftpd_record_file_sign(struct record_file *f, bool all) {
  int due = ftpd_record_file_due_ms(f);

  if (due < 0 || (due > 0 && !all)) {
    return;
  }

  if (ftpd_record_append_begin(f) == 0) {
    ftpd_record_sign(f);
    ftpd_record_append_end(f);

  } else {
    wait_to_sign(f);
  }
}
