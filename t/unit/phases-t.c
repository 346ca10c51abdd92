/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* phases-t.c -- all 256 message numbers in every phase, against a list
 * written from the RFCs: 4253 (sections 7, 10, 11), 4252 (section 6), 4254,
 * 8308, and OpenSSH's strict key exchange and ping.
 */

#include "../fake/client.h"
#include "tap.h"

enum outcome { TAKEN, UNIMPLEMENTED, REFUSED };

static const char *const outcome_names[] = { "taken", "UNIMPLEMENTED",
  "refused" };

struct rule {
  unsigned int first, last;
  enum outcome outcome;
};

/* What holds for numbers that no rule names: unknown numbers of the transport
 * layer are answered with UNIMPLEMENTED, and so is everything unknown after
 * login; before it, nothing from 50 up has any business.
 */
static const struct rule first_kexinit[] = {
  { 1, 4, TAKEN }, { 5, 5, REFUSED }, { 7, 7, REFUSED }, { 20, 20, TAKEN },
  { 21, 21, REFUSED }, { 30, 49, REFUSED }, { 50, 255, REFUSED }, { 0, 0, 0 }
};

static const struct rule first_kex[] = {
  { 1, 4, TAKEN }, { 5, 5, REFUSED }, { 7, 7, REFUSED }, { 20, 21, REFUSED },
  { 30, 49, TAKEN }, { 50, 255, REFUSED }, { 0, 0, 0 }
};

static const struct rule strict_kex[] = {
  { 1, 1, TAKEN }, { 0, 29, REFUSED }, { 30, 49, TAKEN }, { 50, 255, REFUSED },
  { 0, 0, 0 }
};

static const struct rule service[] = {
  { 1, 5, TAKEN }, { 7, 7, TAKEN }, { 20, 20, TAKEN }, { 21, 21, REFUSED },
  { 30, 49, REFUSED }, { 192, 192, TAKEN }, { 50, 255, REFUSED }, { 0, 0, 0 }
};

static const struct rule auth[] = {
  { 1, 5, TAKEN }, { 7, 7, REFUSED }, { 20, 20, TAKEN }, { 21, 21, REFUSED },
  { 30, 49, REFUSED }, { 50, 50, TAKEN }, { 51, 60, REFUSED },
  { 61, 61, TAKEN }, { 192, 192, TAKEN }, { 62, 255, REFUSED }, { 0, 0, 0 }
};

static const struct rule open_[] = {
  { 1, 5, TAKEN }, { 7, 7, REFUSED }, { 20, 20, TAKEN }, { 21, 21, REFUSED },
  { 30, 49, REFUSED }, { 50, 50, TAKEN }, { 61, 61, REFUSED },
  { 80, 82, TAKEN }, { 90, 90, TAKEN }, { 93, 100, TAKEN },
  { 192, 192, TAKEN }, { 0, 0, 0 }
};

/* A rekey that the client began: its own messages of the connection protocol
 * are still taken, see conn.c.
 */
static const struct rule rekey[] = {
  { 1, 4, TAKEN }, { 5, 5, REFUSED }, { 7, 7, REFUSED }, { 20, 21, REFUSED },
  { 30, 49, TAKEN }, { 50, 50, REFUSED }, { 61, 61, REFUSED },
  { 80, 82, TAKEN }, { 90, 90, TAKEN }, { 93, 100, TAKEN },
  { 192, 192, TAKEN }, { 0, 0, 0 }
};

static enum outcome expected(const struct rule *rules, unsigned int type) {
  for (; rules->last != 0; rules++) {
    if (type >= rules->first && type <= rules->last) {
      return rules->outcome;
    }
  }

  return UNIMPLEMENTED;
}

static struct client *at_first_kexinit(void) {
  struct client *cl = client_new();

  cl->strict = false;
  (void) client_version(cl);
  return cl;
}

static struct client *at_first_kex(void) {
  struct client *cl = at_first_kexinit();

  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  return cl;
}

static struct client *at_strict_kex(void) {
  struct client *cl = client_new();

  (void) client_version(cl);
  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  return cl;
}

static struct client *at_service(void) {
  struct client *cl = client_new();

  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no key exchange");
  }

  return cl;
}

static struct client *at_auth(void) {
  struct client *cl = at_service();

  cl->server->phase = PH_AUTH;
  return cl;
}

static struct client *at_open(void) {
  struct client *cl = at_service();

  client_login(cl);
  return cl;
}

static struct client *at_rekey(void) {
  struct client *cl = at_open();

  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  return cl;
}

static enum outcome try(struct client *cl, unsigned int type) {
  static const unsigned char zeros[64];
  struct sftp_pkt pkt;
  int res;

  /* What was sent before does not count. */
  while (client_recv(cl, &pkt)) {
  }

  client_send(cl, (uint8_t) type, zeros, sizeof(zeros));
  res = client_pump(cl);

  /* An order error that names the message is a refusal by the table; other
   * failures come from the handler that took it.
   */
  if (res == SFTP_ERR_ORDER &&
      strncmp(cl->server->why, "unable to handle", 16) == 0) {
    return REFUSED;
  }

  while (client_recv(cl, &pkt)) {
    if (pkt.type == SSH_MSG_UNIMPLEMENTED) {
      return UNIMPLEMENTED;
    }
  }

  return TAKEN;
}

static void every_number(const char *phase, struct client *(*reach)(void),
    const struct rule *rules) {
  unsigned int type, good = 0;

  for (type = 0; type < 256; type++) {
    struct client *cl = reach();
    enum outcome got = try(cl, type), want = expected(rules, type);

    if (got == want) {
      good++;

    } else {
      diag("%s: message %u is %s, should be %s (%s)", phase, type,
        outcome_names[got], outcome_names[want],
        cl->server->why != NULL ? cl->server->why : "no error");
    }

    client_free(cl);
  }

  is_int(good, 256, "%s: every message number as the RFCs have it", phase);
}

int main(void) {
  every_number("before KEXINIT", at_first_kexinit, first_kexinit);
  every_number("first exchange", at_first_kex, first_kex);
  every_number("first exchange, strict", at_strict_kex, strict_kex);
  every_number("before SERVICE_REQUEST", at_service, service);
  every_number("before login", at_auth, auth);
  every_number("after login", at_open, open_);
  every_number("rekey", at_rekey, rekey);
  return done_testing();
}
