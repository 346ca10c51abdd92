/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "ftpd-report.h"
#include "ftpd-session.h"
#include "clients.h"
#include "ftpd-user.h"
#include "ftpd-wait.h"

#include <poll.h>

#define MAX_NAMES 256

struct counted {
  char name[96], value[512];
  unsigned int n, bad;
};

static struct counted notes[MAX_NAMES], events[MAX_NAMES],
  commands[MAX_NAMES];

char fake_protocol[16];
unsigned int fake_waits;
int fake_wait_ms[2];
short fake_wait_events;
bool *fake_idle;
unsigned int fake_sftp_version;
struct sftp_settings *fake_client;
pool *fake_client_pool;

static struct counted *entry(struct counted *table, const char *name) {
  size_t i;

  for (i = 0; i < MAX_NAMES - 1 && table[i].name[0] != '\0'; i++) {
    if (strcmp(table[i].name, name) == 0) {
      return &table[i];
    }
  }

  snprintf(table[i].name, sizeof(table[i].name), "%s", name);
  return &table[i];
}

void fake_session_reset(void) {
  memset(notes, 0, sizeof(notes));
  memset(events, 0, sizeof(events));
  memset(commands, 0, sizeof(commands));
  fake_protocol[0] = '\0';
  fake_waits = 0;
  fake_idle = NULL;
  fake_sftp_version = 0;
}

const char *fake_note(const char *name) {
  return entry(notes, name)->value;
}

unsigned int fake_events(const char *name) {
  return entry(events, name)->n;
}

unsigned int fake_commands(const char *name) {
  return entry(commands, name)->n;
}

unsigned int fake_failures(const char *name) {
  return entry(commands, name)->bad;
}

int ftpd_wait(struct ftpd *h, int fd, short ev, int timeout_ms) {
  struct pollfd pfd = { fd, ev, 0 };

  (void) h;
  fake_wait_ms[0] = fake_wait_ms[1];
  fake_wait_ms[1] = timeout_ms;
  fake_wait_events = ev;
  fake_waits++;
  if (fake_idle != NULL && poll(&pfd, 1, 0) == 0) {
    *fake_idle = true;
    return 0;
  }

  return poll(&pfd, 1, 1000) > 0 ? pfd.revents : 0;
}

void ftpd_poll(struct ftpd *h) {
  (void) h;
}

void ftpd_active(struct ftpd *h, enum ftpd_activity what) {
  (void) h;
  (void) what;
}

/* Weak: the test of ftpd-conf.c has that one. */
__attribute__((weak)) const struct sftp_settings *ftpd_client(struct ftpd *h,
    const char *software, const char *does) {
  (void) h;
  if (does != NULL) {
    ftpd_note(h, "does", does);
  }

  if (fake_client != NULL && software != NULL) {
    (void) sftp_client_apply(fake_client_pool, software, does, fake_client);
  }

  return fake_client;
}

void ftpd_count_raw(struct ftpd *h, size_t in, size_t out) {
  (void) h;
  (void) in;
  (void) out;
}

void ftpd_note(struct ftpd *h, const char *name, const char *value) {
  struct counted *e = entry(notes, name);

  (void) h;
  e->n++;
  snprintf(e->value, sizeof(e->value), "%s", value);
}

void ftpd_env(struct ftpd *h, const char *name, const char *value) {
  ftpd_note(h, name, value);
}

void ftpd_event(struct ftpd *h, const char *name, const void *data) {
  (void) h;
  entry(events, name)->n++;
  if (strcmp(name, "mod_sftp.sftp.protocol-version") == 0) {
    unsigned int version = *(const unsigned int *) data;

    fake_sftp_version = version > fake_sftp_version ? version :
      fake_sftp_version;
  }
}

int ftpd_message(struct ftpd *h, const struct sftp_pkt *pkt) {
  (void) h;
  (void) pkt;
  return 0;
}

void ftpd_ssh_cmd(struct ftpd *h, const char *name, const char *arg,
    enum ftpd_ssh_class cls, bool good) {
  (void) h;
  (void) arg;
  (void) cls;
  entry(commands, name)->n++;
  entry(commands, name)->bad += !good;
}

void ftpd_ssh_adjust(struct ftpd *h, uint32_t channel, uint32_t bytes) {
  (void) h;
  (void) channel;
  (void) bytes;
  entry(commands, "CHANNEL_WINDOW_ADJUST")->n++;
}

void ftpd_set_protocol(struct ftpd *h, const char *protocol) {
  (void) h;
  snprintf(fake_protocol, sizeof(fake_protocol), "%s", protocol);
}

void ftpd_serving(struct ftpd *h, const char *service) {
  (void) h;
  (void) service;
}

void ftpd_sftp_version(struct ftpd *h, unsigned int version) {
  (void) h;
  (void) version;
}

void ftpd_keyed(struct ftpd *h) {
  (void) h;
}

const char *ftpd_remote_ip(struct ftpd *h) {
  (void) h;
  return "192.0.2.1";
}
