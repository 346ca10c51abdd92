/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "host-session.h"
#include "clients.h"

#include <poll.h>

#define MAX_NAMES 256

struct counted {
  char name[96], value[512];
  unsigned int n;
};

static struct counted notes[MAX_NAMES], events[MAX_NAMES],
  commands[MAX_NAMES];

char fake_protocol[16];
unsigned int fake_waits;
unsigned int fake_sftp_version;
struct sftp_settings *fake_client;

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

int host_wait(struct host *h, int fd, short ev, int timeout_ms) {
  struct pollfd pfd = { fd, ev, 0 };

  (void) h;
  (void) timeout_ms;
  fake_waits++;
  return poll(&pfd, 1, 1000) > 0 ? pfd.revents : 0;
}

void host_poll(struct host *h) {
  (void) h;
}

void host_active(struct host *h, enum host_activity what) {
  (void) h;
  (void) what;
}

const struct sftp_settings *host_client(struct host *h,
    const char *software, const char *does) {
  (void) h;
  if (does != NULL) {
    host_note(h, "does", does);
  }

  if (fake_client != NULL && software != NULL) {
    pool *p = make_sub_pool(NULL);

    (void) sftp_client_apply(p, software, does, fake_client);
    destroy_pool(p);
  }

  return fake_client;
}

void host_count_raw(struct host *h, size_t in, size_t out) {
  (void) h;
  (void) in;
  (void) out;
}

void host_note(struct host *h, const char *name, const char *value) {
  struct counted *e = entry(notes, name);

  (void) h;
  e->n++;
  snprintf(e->value, sizeof(e->value), "%s", value);
}

void host_env(struct host *h, const char *name, const char *value) {
  host_note(h, name, value);
}

void host_event(struct host *h, const char *name, const void *data) {
  (void) h;
  entry(events, name)->n++;
  if (strcmp(name, "mod_sftp.sftp.protocol-version") == 0) {
    unsigned int version = *(const unsigned int *) data;

    fake_sftp_version = version > fake_sftp_version ? version :
      fake_sftp_version;
  }
}

int host_message(struct host *h, const struct sftp_pkt *pkt) {
  (void) h;
  (void) pkt;
  return 0;
}

void host_ssh_cmd(struct host *h, const char *name, const char *arg,
    enum host_ssh_class cls, bool good) {
  (void) h;
  (void) arg;
  (void) cls;
  (void) good;
  entry(commands, name)->n++;
}

void host_set_protocol(struct host *h, const char *protocol) {
  (void) h;
  snprintf(fake_protocol, sizeof(fake_protocol), "%s", protocol);
}

void host_keyed(struct host *h) {
  (void) h;
}

const char *host_remote_ip(struct host *h) {
  (void) h;
  return "192.0.2.1";
}
