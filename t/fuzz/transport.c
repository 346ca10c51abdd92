/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: a client's data to the transport and the
 * connection protocol, unencrypted.
 *
 * The first byte selects the phase of the connection; the rest is split into
 * messages at its own length bytes and framed as packets, or, with the highest
 * bit of the first byte, sent unchanged.  In every case, the server ends the
 * connection or continues; every channel is closed in the end.
 */

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../fake/client.h"
#include "crypto.h"
#include "kex.h"
#include "target.h"

static const enum sftp_phase phases[] = { PH_VERSION, PH_KEXINIT, PH_SERVICE,
  PH_AUTH, PH_OPEN, PH_NEWKEYS };

#define HOW_RAW 0x80
#define HOW_STRICT 0x40

static void set_phase(struct client *cl, uint8_t how) {
  struct ssh_conn *c = cl->server;
  enum sftp_phase ph = phases[how % SFTP_NELEMS(phases)];

  if (ph == PH_VERSION) {
    return;
  }

  (void) client_version(cl);
  if (ph == PH_KEXINIT) {
    return;
  }

  /* As if an exchange had led to the cipher "none". */
  if (sftp_packets_hold(c->pkts, false) != SFTP_OK) {
    abort();
  }

  c->kex = sftp_kex_new(c);
  c->state.keyed = ph != PH_NEWKEYS;
  c->state.authenticated = ph == PH_OPEN;
  c->state.strict_kex = (how & HOW_STRICT) != 0;
  sftp_phase_enter(c, ph == PH_NEWKEYS ? PH_KEXINIT : ph);
}

static void send_framed(struct client *cl, const uint8_t *p, size_t n) {
  while (n > 2) {
    size_t len = (size_t) p[0] << 8 | p[1];

    p += 2;
    n -= 2;
    len = len % 2048 + 1;
    if (len > n) {
      len = n;
    }

    if (len > 0) {
      client_send(cl, p[0], p + 1, len - 1);
      if (client_pump(cl) != SFTP_OK) {
        return;
      }
    }

    p += len;
    n -= len;
  }
}

/* Answers must not fill the socket up. */
static void drain(int fd) {
  char buf[4096];

  while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
  }
}

static int one_input(const uint8_t *data, size_t size) {
  struct client *cl;

  if (size < 2) {
    return 0;
  }

  cl = client_new();
  (void) client_pump(cl);
  set_phase(cl, data[0]);
  if ((data[0] & HOW_RAW) != 0 || cl->server->state.phase == PH_VERSION) {
    (void) !send(cl->fd, data + 1, size - 1, MSG_DONTWAIT);
    (void) client_pump(cl);

  } else {
    send_framed(cl, data + 1, size - 1);
  }

  drain(cl->fd);
  (void) client_pump(cl);
  client_free(cl);
  return 0;
}
