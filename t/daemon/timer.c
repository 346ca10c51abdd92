/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* timer.c -- the daemon's timers, which only run when a test says so: one with
 * functions of its own does without this file.
 */

#include "daemon.h"

struct daemon_timer daemon_timers[8];

/* As the daemon does, a number is given to those that have none. */
int pr_timer_add(int secs, int id, module *m, callback_t call,
    const char *what) {
  size_t i;

  (void) m;
  for (i = 0; i < SFTP_NELEMS(daemon_timers); i++) {
    struct daemon_timer *t = &daemon_timers[i];

    if (t->call == NULL) {
      t->call = call;
      t->secs = secs;
      t->id = id >= 0 ? id : 1024 + (int) i;
      t->what = what;
      return t->id;
    }
  }

  errno = ENOSPC;
  return -1;
}

struct daemon_timer *daemon_timer(const char *what) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(daemon_timers); i++) {
    if (daemon_timers[i].call != NULL &&
        strcmp(daemon_timers[i].what, what) == 0) {
      return &daemon_timers[i];
    }
  }

  return NULL;
}

int pr_timer_remove(int id, module *m) {
  size_t i;

  (void) m;
  for (i = 0; i < SFTP_NELEMS(daemon_timers); i++) {
    if (daemon_timers[i].call != NULL && daemon_timers[i].id == id) {
      daemon_timers[i].call = NULL;
      return 0;
    }
  }

  errno = ENOENT;
  return -1;
}

int daemon_expire(const char *what) {
  struct daemon_timer *t = daemon_timer(what);

  return t != NULL ? t->call(0, 0, 0, NULL) : -1;
}
