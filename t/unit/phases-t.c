/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* phases-t.c -- all 256 message numbers in every phase, alone and behind the
 * message that brings the phase about, against a list
 * written from the RFCs: 4253 (sections 7, 10, 11), 4252 (section 6), 4254,
 * 8308, and OpenSSH's strict key exchange and ping.
 */

#include "../fake/client.h"
#include "ftpd-auth.h"
#include "ftpd-session.h"
#include "tap.h"
#include "userauth.h"

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

static const struct rule first_newkeys[] = {
  { 1, 4, TAKEN }, { 5, 5, REFUSED }, { 7, 7, REFUSED }, { 20, 20, REFUSED },
  { 21, 21, TAKEN }, { 30, 49, REFUSED }, { 50, 255, REFUSED }, { 0, 0, 0 }
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

static struct client *at_auth(void) {
  struct client *cl = client_at_service();

  sftp_phase_enter(cl->server, PH_AUTH);
  return cl;
}

static struct client *at_open(void) {
  struct client *cl = client_at_service();

  client_login(cl);
  return cl;
}

static struct client *at_rekey(void) {
  struct client *cl = at_open();

  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  return cl;
}

/* ---- A message alone in a phase */

/* What was sent before does not count. */
static void forget_answers(struct client *cl) {
  struct sftp_pkt pkt;

  while (client_recv(cl, &pkt)) {
  }
}

/* An order error that names the message is a refusal by the table; other
 * failures come from the handler that took it.
 */
static enum outcome judge(struct client *cl, int res) {
  struct sftp_pkt pkt;

  if (res == SFTP_ERR_ORDER &&
      strncmp(cl->server->failure.why, "unable to handle", 16) == 0) {
    return REFUSED;
  }

  while (client_recv(cl, &pkt)) {
    if (pkt.type == SSH_MSG_UNIMPLEMENTED) {
      return UNIMPLEMENTED;
    }
  }

  return TAKEN;
}

static void send_zeros(struct client *cl, unsigned int type) {
  static const unsigned char zeros[64];

  client_send(cl, (uint8_t) type, zeros, sizeof(zeros));
}

static enum outcome try_alone(unsigned int type, struct client *cl) {
  forget_answers(cl);
  send_zeros(cl, type);
  return judge(cl, client_pump(cl));
}

static bool is_expected(const char *phase, unsigned int type,
    const struct rule *rules, enum outcome got, const struct client *cl) {
  enum outcome want = expected(rules, type);

  if (got != want) {
    diag("%s: message %u is %s, should be %s (%s)", phase, type,
      outcome_names[got], outcome_names[want],
      cl->server->failure.why != NULL ? cl->server->failure.why : "no error");
  }

  return got == want;
}

static void every_number(const char *phase, struct client *(*reach)(void),
    const struct rule *rules) {
  unsigned int type, good = 0;

  for (type = 0; type < 256; type++) {
    struct client *cl = reach();

    good += is_expected(phase, type, rules, try_alone(type, cl), cl);
    client_free(cl);
  }

  is_int(good, 256, "%s: every message number as the RFCs have it", phase);
}

/* ---- A message behind one that changes the phase, in one segment
 *
 * It counts as if it had come alone, after the change.
 */

static void put_request(struct client *cl, const char *method,
    struct sftp_wr *w) {
  sftp_wr_init(w, cl->pool, 256, 4096);
  sftp_wr_text(w, "alice");
  sftp_wr_text(w, "ssh-connection");
  sftp_wr_text(w, method);
}

static void send_kexinit(struct client *cl) {
  client_send_kexinit(cl, false);
}

static void send_kexdh_init(struct client *cl) {
  static const unsigned char point[36] = { 0, 0, 0, 32, 9 };

  client_send(cl, SSH_MSG_KEXDH_INIT, point, sizeof(point));
}

static void send_service(struct client *cl) {
  client_send(cl, SSH_MSG_SERVICE_REQUEST, "\0\0\0\14ssh-userauth", 16);
}

static void send_password(struct client *cl) {
  struct sftp_wr w;

  put_request(cl, "password", &w);
  sftp_wr_bool(&w, false);
  sftp_wr_text(&w, "secret");
  client_send(cl, SSH_MSG_USERAUTH_REQUEST, w.ptr, w.len);
}

static void send_kbdint(struct client *cl) {
  struct sftp_wr w;

  put_request(cl, "keyboard-interactive", &w);
  sftp_wr_text(&w, "");
  sftp_wr_text(&w, "");
  client_send(cl, SSH_MSG_USERAUTH_REQUEST, w.ptr, w.len);
}

static void send_conversation(struct client *cl) {
  send_kbdint(cl);
  client_send(cl, SSH_MSG_USERAUTH_INFO_RESPONSE,
    "\0\0\0\1\0\0\0\6secret", 14);
}

static enum ftpd_verdict ask_once(struct ssh_conn *c) {
  static const struct sftp_auth_prompt prompt = { "Password: ", false };
  const char **answers;
  pool *p = make_sub_pool(permanent_pool);
  enum ftpd_verdict v = FTPD_AUTH_BAD;

  if (sftp_auth_ask(c, "", "", 1, &prompt) == SFTP_OK &&
      sftp_auth_answers(c, p, 1, &answers) == SFTP_OK &&
      strcmp(answers[0], "secret") == 0) {
    v = FTPD_AUTH_OK;
  }

  destroy_pool(p);
  return v;
}

static void set_up_logins(struct client *cl) {
  static const struct fake_user users[] = {
    { "alice", "secret", { { NULL, 0 } }, false },
    { NULL, NULL, { { NULL, 0 } }, false }
  };
  static const struct fake_driver drivers[] = { { "ask", ask_once },
    { NULL, NULL } };
  static const struct sftp_chain_step pw[] = { { AUTH_PASSWORD, NULL } },
    ki[] = { { AUTH_KBDINT, NULL } };
  static const struct sftp_chain chains[] = { { pw, 1 }, { ki, 1 } };

  fake_auth_reset();
  fake_auth.users = users;
  fake_auth.drivers = drivers;
  fake_auth.conn = cl->server;
  fake_auth.late = cl->set;
  cl->set->chains = chains;
  cl->set->nchains = 2;
  cl->server->auth = sftp_auth_new(cl->server);
}

static struct client *at_login(void) {
  struct client *cl;

  /* The time for the login before this one may be over. */
  fake_idle = NULL;
  fake_auth_reset();
  cl = at_auth();
  set_up_logins(cl);
  return cl;
}

/* Our NEWKEYS wait for theirs, so that answers can be read. */
static struct client *at_first_kex_patient(void) {
  struct client *cl = client_new();

  cl->strict = false;
  cl->set->pessimistic_newkeys = true;
  (void) client_version(cl);
  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  return cl;
}

static void every_number_behind(const char *what, struct client *(*reach)(void),
    void (*send_first)(struct client *cl), const struct rule *rules) {
  unsigned int type, good = 0;

  for (type = 0; type < 256; type++) {
    struct client *cl = reach();
    enum outcome got;

    forget_answers(cl);
    send_first(cl);
    send_zeros(cl, type);
    got = judge(cl, client_pump(cl));
    good += is_expected(what, type, rules, got, cl);
    client_free(cl);
  }

  is_int(good, 256, "behind %s: as if it had come later", what);
}

/* ---- A question that waits for its answer
 *
 * A loop of its own takes the messages then.  It ends when no more have come:
 * by the time for logins, or, for a driver that asks somebody else, with yes.
 */

static void send_question(struct client *cl) {
  fake_idle = &fake_auth.login_time_over;
  send_kbdint(cl);
}

static enum ftpd_verdict ask_others(struct ssh_conn *c) {
  static const struct sftp_auth_prompt prompt = { "Look at it: ", false };
  bool answered = false;

  fake_idle = &answered;
  answered = sftp_auth_ask(c, "", "", 1, &prompt) == SFTP_OK &&
    c->run_until(c, &answered) == SFTP_OK;
  fake_idle = NULL;
  return answered ? FTPD_AUTH_OK : FTPD_AUTH_BAD;
}

/* Keys are exchanged while others are asked, who say yes before that ends. */
static struct client *at_login_within_exchange(void) {
  static const struct fake_driver others[] = { { "others", ask_others },
    { NULL, NULL } };
  struct client *cl = at_login();

  fake_auth.drivers = others;
  send_kbdint(cl);
  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  if (!cl->server->state.authenticated || cl->server->state.phase != PH_KEX) {
    bail_out("no login within the exchange");
  }

  return cl;
}

/* The same, and the exchange has ended. */
static struct client *at_login_behind_exchange(void) {
  struct client *cl = at_login_within_exchange();

  if (client_kex(cl) != SFTP_OK) {
    bail_out("the exchange does not go on");
  }

  return cl;
}

static void every_number_behind_newkeys(const char *what,
    struct client *(*reach)(void), const struct rule *rules) {
  unsigned int type, good = 0;

  for (type = 0; type < 256; type++) {
    struct client *cl = reach();
    int res;

    cl->send_behind = true;
    cl->behind = (uint8_t) type;
    res = client_kex(cl);
    good += is_expected(what, type, rules, judge(cl, res), cl);
    client_free(cl);
  }

  is_int(good, 256, "behind %s: as if it had come later", what);
}

static void nothing_follows_a_disconnect(void) {
  struct client *cl = at_open();

  client_send(cl, SSH_MSG_DISCONNECT, "\0\0\0\13\0\0\0\0\0\0\0\0", 12);
  send_zeros(cl, 21);
  is_int(client_pump(cl), SFTP_ERR_CLOSED, "behind DISCONNECT: nothing counts");
  client_free(cl);
}

static void service_requests_are_whole(void) {
  size_t n;

  for (n = 0; n <= 17; n++) {
    struct client *cl = client_at_service();

    client_send(cl, SSH_MSG_SERVICE_REQUEST, "\0\0\0\14ssh-userauth\0", n);
    is_int(client_pump(cl), n < 16 ? SFTP_ERR_SHORT : n > 16 ?
      SFTP_ERR_EXTRA : SFTP_OK, "SERVICE_REQUEST of %lu bytes",
      (unsigned long) n);
    client_free(cl);
  }
}

/* One answer is awaited. */
static void answers_are_whole(void) {
  static const unsigned char answers[] = { 0, 0, 0, 1, 0, 0, 0, 6, 's', 'e',
    'c', 'r', 'e', 't', 0 };
  size_t n;

  for (n = 4; n <= 15; n++) {
    struct client *cl = at_login();

    send_kbdint(cl);
    client_send(cl, SSH_MSG_USERAUTH_INFO_RESPONSE, answers, n);
    is_int(client_pump(cl), n < 14 ? SFTP_ERR_SHORT : n > 14 ?
      SFTP_ERR_EXTRA : SFTP_OK, "answers of %lu bytes", (unsigned long) n);
    client_free(cl);
  }
}

static struct client *at_version(void) {
  struct client *cl = client_new();

  (void) client_version(cl);
  return cl;
}

int main(void) {
  every_number("before KEXINIT", at_first_kexinit, first_kexinit);
  every_number("first exchange", at_first_kex, first_kex);
  every_number("first exchange, strict", at_strict_kex, strict_kex);
  every_number("before SERVICE_REQUEST", client_at_service, service);
  every_number("before login", at_auth, auth);
  every_number("after login", at_open, open_);
  every_number("rekey", at_rekey, rekey);

  every_number_behind("KEXINIT", at_first_kexinit, send_kexinit, first_kex);
  every_number_behind("KEXDH_INIT", at_first_kex_patient, send_kexdh_init,
    first_newkeys);
  every_number_behind_newkeys("NEWKEYS", at_version, service);
  every_number_behind("SERVICE_REQUEST", client_at_service, send_service, auth);
  every_number_behind("KEXINIT before login", at_auth, send_kexinit,
    first_kex);
  every_number_behind_newkeys("NEWKEYS before login", at_auth, auth);
  every_number_behind("a password", at_login, send_password, open_);
  every_number_behind("the last answer", at_login, send_conversation, open_);
  every_number_behind("a question that waits", at_login, send_question, auth);
  fake_idle = NULL;
  every_number("a login within an exchange", at_login_within_exchange, rekey);
  every_number("a login within an exchange that ended",
    at_login_behind_exchange, open_);
  every_number_behind("KEXINIT after login", at_open, send_kexinit, rekey);
  every_number_behind_newkeys("NEWKEYS after login", at_open, open_);
  nothing_follows_a_disconnect();
  service_requests_are_whole();
  answers_are_whole();
  return done_testing();
}
