/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* traffic-t.c -- SFTPTrafficPolicy: how many IGNOREs come, how large, and how
 * soon after silence.
 */

#include "../fake/client.h"
#include "../fake/ftpd-log.h"
#include "tap.h"
#include "traffic.h"

/* Chance is the same in each run: sftp_random() gets its bytes here, not from
 * the system.
 */
ssize_t getrandom(void *buf, size_t n, unsigned int flags) {
  static uint64_t x = 20260101;
  unsigned char *at = buf;
  size_t i;

  (void) flags;
  for (i = 0; i < n; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    at[i] = (unsigned char) (x >> 32);
  }

  return (ssize_t) n;
}

struct seen {
  unsigned int nignores, nothers;
  size_t least, most;
};

static void look(struct seen *s, struct sftp_pkt *pkt) {
  if (pkt->type == SSH_MSG_IGNORE) {
    size_t len = sftp_rd_string(&pkt->in).len;

    s->least = s->nignores == 0 || len < s->least ? len : s->least;
    s->most = len > s->most ? len : s->most;
    s->nignores++;

  } else {
    s->nothers++;
  }
}

static struct client *stranger(const char *name, const char *cipher) {
  struct client *cl = client_new();

  cl->set->traffic = name != NULL ? sftp_traffic_find(name) : NULL;
  cl->set->ciphers = cl->cipher = cipher;
  cl->set->macs = cl->mac;
  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no key exchange");
  }

  return cl;
}

static struct client *with_policy(const char *name, const char *cipher) {
  struct client *cl = stranger(name, cipher);

  client_login(cl);
  return cl;
}

/* n requests that are answered with one message each. */
static struct seen ask(struct client *cl, unsigned int n) {
  struct seen s = { 0, 0, 0, 0 };
  struct sftp_pkt pkt;

  while (n-- > 0) {
    client_send(cl, SSH_MSG_GLOBAL_REQUEST, "\0\0\0\1x\1", 6);
    (void) client_pump(cl);
    while (client_recv(cl, &pkt)) {
      look(&s, &pkt);
    }
  }

  return s;
}

static void each_policy_has_its_measure(void) {
  /* So many requests that chance decides nothing: 40 are to be covered, or
   * none.
   */
  static const struct { const char *name; unsigned int n, one_in, min, max; }
    rows[] = { { "low", 400, 1000, 64, 256 },
      { "medium", 4000, 100, 32, 768 }, { "HIGH", 400, 10, 16, 2048 },
      { "paranoid", 400, 1, 0, 8192 } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    struct client *cl = with_policy(rows[i].name, "aes128-ctr");
    struct seen s = ask(cl, rows[i].n);
    unsigned int want = rows[i].n / rows[i].one_in;

    ok(s.nothers >= rows[i].n, "%s: every answer comes", rows[i].name);
    ok(s.nignores <= want * 3 + 8 && s.nignores * 3 + 1 >= want,
      "%s: %u of %u are covered", rows[i].name, s.nignores, rows[i].n);
    ok(s.nignores == 0 ||
      (s.least >= rows[i].min && s.most <= rows[i].max),
      "%s: of its size", rows[i].name);
    client_free(cl);
  }

  ok(sftp_traffic_find("") == NULL && sftp_traffic_find("lo") == NULL,
    "there are no others");
}

static void cbc_is_covered_unless_told_otherwise(void) {
  struct client *cl = with_policy(NULL, "aes128-cbc");
  struct seen s = ask(cl, 20);

  ok(s.nignores >= 20 && s.least >= 64 && s.most <= 256,
    "before each message of a CBC cipher");
  client_send_kexinit(cl, false);
  is_int(client_kex(cl), SFTP_OK, "a rekey goes well");
  ok(ask(cl, 5).nignores >= 5, "and it goes on");
  client_free(cl);

  cl = with_policy("none", "aes128-cbc");
  is_int(ask(cl, 20).nignores, 0, "not with the policy none");
  client_free(cl);
  cl = with_policy(NULL, "aes128-ctr");
  is_int(ask(cl, 20).nignores, 0, "not with other ciphers");
  ok(sftp_traffic_due_ms(cl->server) == UINT64_MAX, "nor ever in silence");
  client_free(cl);
}

static void not_before_the_login(void) {
  struct client *cl = stranger("paranoid", "aes128-cbc");
  struct seen s = { 0, 0, 0, 0 };
  struct sftp_pkt pkt;

  client_send(cl, SSH_MSG_SERVICE_REQUEST, "\0\0\0\14ssh-userauth", 16);
  (void) client_pump(cl);
  while (client_recv(cl, &pkt)) {
    look(&s, &pkt);
  }

  ok(s.nothers > 0 && s.nignores == 0, "a stranger gets answers, no IGNORE");
  ok(sftp_traffic_due_ms(cl->server) == UINT64_MAX, "nor in silence");
  client_login(cl);
  ok(ask(cl, 5).nignores >= 5, "a user does");
  client_free(cl);
}

static void silence_is_broken(void) {
  struct client *cl = with_policy("high", "aes128-ctr");
  struct seen s = ask(cl, 30);
  uint64_t due = sftp_traffic_due_ms(cl->server);
  struct sftp_pkt pkt;

  ok(due > 4000 && due <= 15000, "after 5 to 15 seconds");
  fake_now_ms += due;
  memset(&s, 0, sizeof(s));
  (void) client_pump(cl);
  while (client_recv(cl, &pkt)) {
    look(&s, &pkt);
  }

  ok(s.nignores >= 1 && s.nothers == 0, "something comes");
  ok(sftp_traffic_due_ms(cl->server) > 4000, "and the next one later");
  client_free(cl);
}

static void old_programs_are_spared(void) {
  struct client *cl = client_new();

  cl->set->traffic = sftp_traffic_find("paranoid");
  cl->ident = "SSH-2.0-3.2.9 SSH Secure Shell";
  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no key exchange");
  }

  client_login(cl);
  is_int(ask(cl, 20).nignores, 0, "programs that end over it see none");
  client_free(cl);
}

int main(void) {
  init_pools();
  each_policy_has_its_measure();
  cbc_is_covered_unless_told_otherwise();
  not_before_the_login();
  silence_is_broken();
  old_programs_are_spared();
  return done_testing();
}
