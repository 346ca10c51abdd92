/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */
/* ftpd-shadow-t.c -- which accounts have expired by the fields of shadow(5). */

#include "daemon.h"
#include "ftpd-login.h"
#include "tap.h"

#include <shadow.h>

static struct spwd entry;
static bool has_shadow;
static uid_t uid_of_system;

static struct passwd alice = { .pw_name = (char *) "alice",
  .pw_dir = (char *) "/home/alice", .pw_shell = (char *) "/bin/sh",
  .pw_uid = 1000 };

/* ---- The daemon, and the system below it */

struct passwd *getpwnam(const char *name) {
  static struct passwd own;

  own = alice;
  own.pw_uid = uid_of_system;
  return strcmp(name, "alice") == 0 ? &own : NULL;
}

/* Root alone may read it. */
struct spwd *getspnam(const char *name) {
  return daemon_root == 1 && has_shadow && strcmp(name, "alice") == 0 ?
    &entry : NULL;
}

/* ---- The account */

static void accounts_without_shadow_are_left_alone(void) {
  has_shadow = false;
  uid_of_system = 1000;
  is_int(ftpd_shadow_code(NULL), PR_AUTH_OK, "no account");
  is_int(ftpd_shadow_code(&alice), PR_AUTH_OK, "an account without shadow");
}

/* Days relative to today; 0: the field is not set. */
static const struct { int expire, changed, max, inact, code; } days[] = {
  { 0, 0, 0, 0, PR_AUTH_OK },
  { 1, 0, 0, 0, PR_AUTH_OK }, { 1000, 0, 0, 0, PR_AUTH_OK },
  { -1, 0, 0, 0, PR_AUTH_DISABLEDPWD },
  { -10000, 0, 0, 0, PR_AUTH_DISABLEDPWD },
  { 0, -30, 10, 10, PR_AUTH_AGEPWD }, { 0, -21, 10, 10, PR_AUTH_AGEPWD },
  { 0, -20, 10, 10, PR_AUTH_OK }, { 0, -19, 10, 10, PR_AUTH_OK },
  { 0, -30, 10, 0, PR_AUTH_OK }, { 0, -30, 0, 10, PR_AUTH_OK },
  { 0, -30, 99999, 10, PR_AUTH_OK },
  { 1, -30, 10, 10, PR_AUTH_AGEPWD }, { -1, -1, 10, 10, PR_AUTH_DISABLEDPWD }
};

static void set_days(size_t i) {
  long today = time(NULL) / 86400;

  entry.sp_expire = days[i].expire != 0 ? today + days[i].expire : -1;
  entry.sp_lstchg = days[i].changed != 0 ? today + days[i].changed : -1;
  entry.sp_max = days[i].max != 0 ? days[i].max : -1;
  entry.sp_inact = days[i].inact != 0 ? days[i].inact : -1;
}

static void expired_accounts_stay_out(void) {
  size_t i;

  has_shadow = true;
  for (i = 0; i < SFTP_NELEMS(days); i++) {
    set_days(i);
    is_int(ftpd_shadow_code(&alice), days[i].code,
      "expires %d, changed %d, for %d and %d", days[i].expire,
      days[i].changed, days[i].max, days[i].inact);
    ok(daemon_root == 0, "... and no privileges are left");
  }

  set_days(0);
  entry.sp_expire = time(NULL) / 86400;
  is_int(ftpd_shadow_code(&alice), PR_AUTH_DISABLEDPWD,
    "the day itself is too late");
  entry.sp_expire = 0;
  is_int(ftpd_shadow_code(&alice), PR_AUTH_DISABLEDPWD, "the first day is one");
}

/* In the other fields, 0 means that it is not used. */
static void zeros_are_no_limits(void) {
  long today = time(NULL) / 86400;
  const struct spwd none[] = {
    { .sp_expire = -1, .sp_lstchg = 0, .sp_max = 1, .sp_inact = 1 },
    { .sp_expire = -1, .sp_lstchg = today - 50, .sp_max = 0, .sp_inact = 1 },
    { .sp_expire = -1, .sp_lstchg = today - 50, .sp_max = 1, .sp_inact = 0 } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(none); i++) {
    entry = none[i];
    is_int(ftpd_shadow_code(&alice), PR_AUTH_OK, "0 in field %lu",
      (unsigned long) i);
  }
}

static void namesakes_are_not_asked(void) {
  set_days(3);
  uid_of_system = 1001;
  is_int(ftpd_shadow_code(&alice), PR_AUTH_OK,
    "a user of another database is not the system's of that name");
  uid_of_system = 1000;
  is_int(ftpd_shadow_code(&alice), PR_AUTH_DISABLEDPWD,
    "the system's own is");
}

int main(void) {
  accounts_without_shadow_are_left_alone();
  expired_accounts_stay_out();
  zeros_are_no_limits();
  namesakes_are_not_asked();
  return done_testing();
}
