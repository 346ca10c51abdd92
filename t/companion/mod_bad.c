/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mod_bad.c -- drivers of keyboard-interactive that misbehave, for
 * t/integration/login-bad.t.
 */

#include "mod_sftp.h"

module bad_module;

static int open_ok(sftp_kbdint_driver_t *driver, const char *user) {
  (void) user;
  driver->driver_pool = make_sub_pool(permanent_pool);
  return 0;
}

static int open_fails(sftp_kbdint_driver_t *driver, const char *user) {
  (void) driver;
  (void) user;
  errno = ENOENT;
  return -1;
}

static int fails(sftp_kbdint_driver_t *driver, const char *user) {
  (void) driver;
  (void) user;
  errno = EIO;
  return -1;
}

static int hangs(sftp_kbdint_driver_t *driver, const char *user) {
  sigset_t all, old;

  (void) driver;
  (void) user;

  /* As libraries do that want to be left alone by their caller's timers. */
  sigemptyset(&all);
  sigaddset(&all, SIGALRM);
  sigaddset(&all, SIGTERM);
  (void) sigprocmask(SIG_BLOCK, &all, &old);
  while (sleep(1000) < 2000) {
  }

  return -1;
}

/* Judges the answers it got without a look at how many there are. */
static int asks(sftp_kbdint_driver_t *driver, const char *user) {
  sftp_kbdint_challenge_t ask[2] = { { "One? ", TRUE }, { "Two? ", FALSE } };
  const char **answers = NULL;
  uint32_t n = 0;

  if (sftp_kbdint_send_challenge(user, NULL, 2, ask) < 0 ||
      sftp_kbdint_recv_response(driver->driver_pool, 2, &n, &answers) < 0) {
    return -1;
  }

  errno = EPERM;
  return n == 2 && strcmp(answers[0], "1") == 0 &&
    strcmp(answers[1], "2") == 0 ? 0 : -1;
}

static int close_ok(sftp_kbdint_driver_t *driver) {
  destroy_pool(driver->driver_pool);
  driver->driver_pool = NULL;
  return 0;
}

static sftp_kbdint_driver_t closed = {
  NULL, NULL, NULL, open_fails, fails, close_ok
}, broken = {
  NULL, NULL, NULL, open_ok, fails, close_ok
}, hanging = {
  NULL, NULL, NULL, open_ok, hangs, close_ok
}, asking = {
  NULL, NULL, NULL, open_ok, asks, close_ok
};

static int bad_init(void) {
  return sftp_kbdint_register_driver("closed", &closed) |
    sftp_kbdint_register_driver("broken", &broken) |
    sftp_kbdint_register_driver("hanging", &hanging) |
    sftp_kbdint_register_driver("asking", &asking);
}

module bad_module = {
  NULL, NULL, 0x20, "bad", NULL, NULL, NULL, bad_init, NULL, "mod_bad/0",
  NULL, 0
};
