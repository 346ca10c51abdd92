/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* event.c -- listeners to the daemon's events, and its timers: a test with
 * functions of its own does without this file.
 */

#include "daemon.h"

static struct {
  const char *event;
  void (*run)(const void *, void *);
  void *user_data;
} listeners[32];

static unsigned int nlisteners;

int pr_event_register(module *m, const char *event,
    void (*run)(const void *, void *), void *user_data) {
  (void) m;
  if (nlisteners >= SFTP_NELEMS(listeners)) {
    errno = ENOSPC;
    return -1;
  }

  listeners[nlisteners].event = event;
  listeners[nlisteners].user_data = user_data;
  listeners[nlisteners++].run = run;
  return 0;
}

unsigned int daemon_happens(const char *event, const void *data) {
  unsigned int i, n = 0;

  for (i = 0; i < nlisteners; i++) {
    if (strcmp(listeners[i].event, event) == 0) {
      listeners[i].run(data, listeners[i].user_data);
      n++;
    }
  }

  return n;
}

void daemon_forget_listeners(void) {
  nlisteners = 0;
}
