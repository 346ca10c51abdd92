/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* talk-daemon.c -- steps of a program of talk.h that the client does not take:
 * what happens to the files, to the settings, and in the daemon.
 */

#include "talk.h"

#include "ftpd-auth.h"
#include "ftpd-file.h"
#include "times.h"
#include "traits.h"

static const int errors[] = { 0, EPERM, EACCES, EIO, ENOSPC, EDQUOT, ENOTSUP,
  EAGAIN, EBADF, EINVAL, ENOENT, EROFS, ELOOP, EFBIG, ERANGE, ENOTEMPTY };

static int error(uint8_t n) {
  return errors[n % SFTP_NELEMS(errors)];
}

static const mode_t kinds[] = { S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK };

/* How the files behave from now on. */
void talk_files(struct talk *t) {
  struct fake_files *f = &fake_files;
  uint8_t which = talk_byte(t), n = talk_byte(t);

  switch (which % 20) {
    case 0:
      f->fail_at = f->calls + n;
      break;

    case 1:
      f->deny[n % FTPD_NREQUESTS] = true;
      break;

    case 2:
      f->deny_errno = error(n);
      break;

    case 3:
      f->refused = (n & 1) != 0 ? "a rule" : NULL;
      f->set_refused = (n & 2) != 0 ? "a limit" : NULL;
      f->on_close_refused = (n & 4) != 0 ? "a check" : NULL;
      break;

    case 4:
      f->deny_effects = 1U << n % 20;
      break;

    case 5:
      f->may_not_look = (n & 1) != 0;
      f->no_extra_attrs = (n & 2) != 0;
      f->lock_taken = (n & 4) != 0;
      f->no_acl = (n & 8) != 0;
      break;

    case 6:
      f->write_errno = error(n);
      f->write_limit = n < 128 ? 0 : 100;
      break;

    case 7:
      f->close_errno = error(n);
      break;

    case 8:
      f->read_errno = error(n);
      break;

    case 9:
      f->readdir_errno = error(n);
      break;

    case 10:
      f->set_errno = error(n);
      break;

    case 11:
      f->glob_turns = (int8_t) n % 8;
      break;

    case 12:
      f->op_ms = n;
      break;

    case 13:
      f->hidden = n % 4;
      break;

    case 14:
      f->portion = n;
      break;

    case 15:
      f->charset = (n & 1) != 0 ? "X" : NULL;
      break;

    case 16:
      f->acl_len = n % 2 == 0 ? 28 : 0;
      break;

    case 17:
      f->cwd = (n & 1) != 0 ? "/home/user/d" : NULL;
      break;

    case 18:
      /* Other entries than files and directories. */
      (void) fake_fs_add("/home/user/d/odd", "", 0, kinds[n % 5] | 07751);
      break;

    default:
      (void) fake_fs_add("/home/user/t.txt", "one\ntwo\nthree\n", 14, 07777);
  }
}

/* How the daemon answers what a login needs. */
void talk_login(struct talk *t) {
  static const char *const env[] = { "LANG=C", "LD_PRELOAD=x", "broken",
    NULL };
  uint8_t n = talk_byte(t);

  fake_auth.login = (n & 3) == 1 ? FTPD_LOGIN_DENIED :
    (n & 3) == 2 ? FTPD_LOGIN_BROKEN : FTPD_LOGIN_OK;
  fake_auth.block_pass = (n & 28) == 4;
  fake_auth.refuse_user = (n & 28) == 8;
  fake_auth.rewrite = (n & 28) == 12 ? "alice" : NULL;
  fake_auth.login_time_over = (n & 28) == 16;
  fake_auth.grant.command = (n & 28) == 20 ? "internal-sftp -R" :
    fake_auth.grant.command;
  fake_auth.grant.env = (n & 32) != 0 ? env : NULL;
  fake_auth.grant.no_touch = (n & 64) != 0;
  fake_auth.grant.verify = (n & 128) != 0;
}

/* Another value of one setting: but not of what a key exchange has used. */
void talk_setting(struct talk *t, struct sftp_settings *set) {
  static const char *const values[] = { "on", "off", "1", "6", "3-6", "4096",
    "32KB", "global", "ignore", "target", "link", "last" };
  const unsigned long kex = SFTP_OPT_NO_STRICT_KEX|SFTP_OPT_NO_EXT_INFO|
    SFTP_OPT_PESSIMISTIC_KEXINIT|SFTP_OPT_ALLOW_WEAK_DH;
  const struct sftp_trait *row = sftp_traits;
  uint8_t which = talk_byte(t), n = talk_byte(t);

  if (which < 64) {
    set->opts ^= (1UL << which % 27) & ~kex;
    return;
  }

  if (which < 80) {
    set->services ^= 1U << which % 3;
    return;
  }

  for (which %= 32; which > 0 && row->word != NULL; which--) {
    row++;
  }

  if (row->word != NULL && !sftp_trait_is_offer(row)) {
    (void) sftp_trait_set(row, t->cl.pool, values[n % SFTP_NELEMS(values)],
      set);
  }
}

/* The daemon asks the connection for something. */
void talk_daemon(struct talk *t) {
  struct ssh_conn *c = t->cl.server;
  uint64_t us[NCAUSES];
  char text[100];
  uint8_t n = talk_byte(t);

  switch (n % 4) {
    case 0:
      sftp_times_read(c, us);
      sftp_times_text(us, text, sizeof(text));
      talk_must(*text != '\0');
      break;

    case 1:
      sftp_times_add(c, n / 4 % NCAUSES, n);
      break;

    default:
      sftp_conn_say(c, "the server goes down");
  }
}
