/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* User authentication: requests, chains, attempts and answers (RFC 4252,
 * RFC 4256), over a keyed connection with the fake host behind it.
 */

#include "auth-state.h"
#include "auth-key.h"
#include "client.h"
#include "conn-loop.h"
#include "messages.h"
#include "crypto.h"
#include "disconnect.h"
#include "ftpd-auth.h"
#include "ftpd-log.h"
#include "ftpd-session.h"
#include "kex.h"
#include "keyfile.h"
#include "tap.h"
#include "userauth.h"

static struct client *cl;
static struct sftp_pkt pkt;
static pool *top;

static struct sftp_key *ed_key, *rsa_key, *ec_key;

static struct fake_user users[] = {
  { "alice", "secret", { { NULL, 0 } }, false },
  { "bob", "hunter2", { { NULL, 0 } }, false },
  { "late", "gone", { { NULL, 0 } }, true },
  { NULL, NULL, { { NULL, 0 } }, false }
};

/* ---- Keys of the tests */

static struct sftp_key *load(const char *name) {
  const char *dir = getenv("srcdir"), *why = NULL;
  const char *path = pstrcat(top, dir != NULL ? dir : ".", "/t/data/keys/",
    name, NULL);
  FILE *f = fopen(path, "rb");
  unsigned char *bytes = palloc(top, 65536);
  struct sftp_key *key;
  struct sftp_str text;

  if (f == NULL) {
    bail_out("cannot read %s", path);
  }

  text.ptr = bytes;
  text.len = fread(bytes, 1, 65536, f);
  fclose(f);
  if (sftp_key_from_file(top, text, NULL, &key, &why) != SFTP_OK) {
    bail_out("cannot load %s: %s", path, why);
  }

  return key;
}

/* ---- Chains */

#define PW { AUTH_PASSWORD, NULL }
#define PK { AUTH_PUBLICKEY, NULL }
#define KI { AUTH_KBDINT, NULL }
#define HB { AUTH_HOSTBASED, NULL }
#define CHAIN(steps) { steps, SFTP_NELEMS(steps) }

static const struct sftp_chain_step pw[] = { PW }, pk[] = { PK },
  ki[] = { KI }, pk_pw[] = { PK, PW }, pk_pk[] = { PK, PK },
  pk_ki[] = { PK, KI }, hb[] = { HB }, hb_pw[] = { HB, PW },
  ki_otp[] = { { AUTH_KBDINT, "otp" } }, ki_ki[] = { KI, KI },
  pin_pam[] = { { AUTH_KBDINT, "pin" }, { AUTH_KBDINT, "pam" } };
static const struct sftp_chain
  simple[] = { CHAIN(pk), CHAIN(ki), CHAIN(pw) },
  only_pw[] = { CHAIN(pw) },
  two_steps[] = { CHAIN(pk_pw) },
  two_keys[] = { CHAIN(pk_pk) },
  key_and_code[] = { CHAIN(pk_ki) },
  only_hb[] = { CHAIN(hb) },
  host_and_pw[] = { CHAIN(hb_pw) },
  only_otp[] = { CHAIN(ki_otp) },
  two_talks[] = { CHAIN(ki_ki) },
  pin_first[] = { CHAIN(pin_pam) },
  only_ki[] = { CHAIN(ki) };

/* ---- A connection that is ready for USERAUTH_REQUEST */

static void send_service(const char *name) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 64, 1024);
  sftp_wr_text(&w, name);
  client_send(cl, SSH_MSG_SERVICE_REQUEST, w.ptr, w.len);
}

static void prepare(const struct sftp_chain *chains, unsigned int n) {
  fake_auth_reset();
  fake_session_reset();
  fake_log_reset();
  fake_auth.users = users;
  cl = client_new();
  cl->set->chains = chains;
  cl->set->nchains = n;
}

static void begin(void) {
  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no key exchange, no tests");
  }

  fake_auth.conn = cl->server;
  fake_auth.late = cl->set;
  send_service("ssh-userauth");
  if (!client_expect(cl, SSH_MSG_SERVICE_ACCEPT, &pkt)) {
    bail_out("no SERVICE_ACCEPT");
  }
}

#define START(chains) \
  do { \
    prepare((chains), SFTP_NELEMS(chains)); \
    begin(); \
  } while (0)

static void stop(void) {
  client_free(cl);
  cl = NULL;
}

/* ---- Requests */

static struct sftp_wr request;

static struct sftp_wr *request_of(const char *user, const char *service,
    const char *method) {
  sftp_wr_init(&request, top, 256, 65536);
  sftp_wr_text(&request, user);
  sftp_wr_text(&request, service);
  sftp_wr_text(&request, method);
  return &request;
}

static void send_request(void) {
  client_send(cl, SSH_MSG_USERAUTH_REQUEST, request.ptr, request.len);
}

static void try_none(const char *user) {
  request_of(user, "ssh-connection", "none");
  send_request();
}

static void put_password(const char *user, const char *password) {
  struct sftp_wr *w = request_of(user, "ssh-connection", "password");

  sftp_wr_bool(w, false);
  sftp_wr_text(w, password);
}

static void try_password(const char *user, const char *password) {
  put_password(user, password);
  send_request();
}

static void put_key(const char *user, const struct sftp_key *key,
    const char *alg, bool with_sig) {
  struct sftp_wr *w = request_of(user, "ssh-connection", "publickey");

  sftp_wr_bool(w, with_sig);
  sftp_wr_text(w, alg);
  sftp_wr_str(w, key->blob);
}

static void try_probe(const char *user, const struct sftp_key *key,
    const char *alg) {
  put_key(user, key, alg, false);
  send_request();
}

/* The message with its signature behind it, made with alg `with'. */
static void put_signed(const char *user, const struct sftp_key *key,
    const char *alg, const char *with) {
  struct sftp_wr data, sig;

  put_key(user, key, alg, true);
  sftp_wr_init(&data, top, 1024, 65536);
  sftp_wr_str(&data, sftp_kex_session_id(cl->server));
  sftp_wr_u8(&data, SSH_MSG_USERAUTH_REQUEST);
  sftp_wr_bytes(&data, request.ptr, request.len);
  sftp_wr_init(&sig, top, 1024, 65536);
  if (sftp_key_sign(key, sftp_sig_alg_find(sftp_str_of(with)),
      sftp_wr_get(&data), &sig) != SFTP_OK) {
    bail_out("cannot sign with %s", with);
  }

  sftp_wr_str(&request, sftp_wr_get(&sig));
}

static void try_signed(const char *user, const struct sftp_key *key,
    const char *alg) {
  put_signed(user, key, alg, alg);
  send_request();
}

/* The host `from' vouches with its key for the user that it calls `as'. */
static void put_hostbased(const char *user, const struct sftp_key *key,
    const char *alg, const char *from, const char *as) {
  struct sftp_wr data, sig, *w;

  w = request_of(user, "ssh-connection", "hostbased");
  sftp_wr_text(w, alg);
  sftp_wr_str(w, key->blob);
  sftp_wr_text(w, from);
  sftp_wr_text(w, as);

  sftp_wr_init(&data, top, 1024, 65536);
  sftp_wr_str(&data, sftp_kex_session_id(cl->server));
  sftp_wr_u8(&data, SSH_MSG_USERAUTH_REQUEST);
  sftp_wr_bytes(&data, request.ptr, request.len);
  sftp_wr_init(&sig, top, 1024, 65536);
  if (sftp_key_sign(key, sftp_sig_alg_find(sftp_str_of(alg)),
      sftp_wr_get(&data), &sig) != SFTP_OK) {
    bail_out("cannot sign with %s", alg);
  }

  sftp_wr_str(&request, sftp_wr_get(&sig));
}

static void try_hostbased(const char *user, const struct sftp_key *key,
    const char *alg, const char *from, const char *as) {
  put_hostbased(user, key, alg, from, as);
  send_request();
}

/* ---- Answers */

/* "a,b" for a FAILURE with that list, "a,b+" when it is partial, "SUCCESS",
 * "PK_OK", "BANNER", "INFO", "DISCONNECT n", or "nothing".
 */
static const char *answer(void) {
  char number[32];
  const char *names;

  if (!client_recv(cl, &pkt)) {
    return "nothing";
  }

  switch (pkt.type) {
    case SSH_MSG_USERAUTH_FAILURE:
      names = sftp_str_dup(top, sftp_rd_string(&pkt.in));
      return sftp_rd_bool(&pkt.in) ? pstrcat(top, names, "+", NULL) : names;

    case SSH_MSG_USERAUTH_SUCCESS:
      return "SUCCESS";

    case SSH_MSG_USERAUTH_PK_OK:
      return sftp_conn_turn(cl->server) == SFTP_OK ? "PK_OK" : "error";

    case SSH_MSG_USERAUTH_BANNER:
      return "BANNER";

    default:
      snprintf(number, sizeof(number), "message %u", pkt.type);
      return pstrdup(top, number);
  }
}

#define ALL "publickey,keyboard-interactive,password"

static bool failed_with(int err) {
  (void) client_pump(cl);
  return cl->server->failure.err == err;
}

/* ---- Services */

static void services_come_in_order(void) {
  unsigned int i;

  prepare(simple, SFTP_NELEMS(simple));
  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no key exchange, no tests");
  }

  send_service("ssh-connection");
  ok(failed_with(SFTP_ERR_SERVICE), "ssh-connection is not to be had before "
    "login");
  stop();

  START(simple);
  send_service("ssh-userauth");
  ok(client_expect(cl, SSH_MSG_SERVICE_ACCEPT, &pkt),
    "ssh-userauth may be asked for twice");
  for (i = 0; i < 8; i++) {
    send_service("ssh-userauth");
    (void) client_expect(cl, SSH_MSG_SERVICE_ACCEPT, &pkt);
  }

  send_service("ssh-userauth");
  ok(failed_with(SFTP_ERR_BUDGET), "but not without end");
  stop();

  START(simple);
  send_service("ssh-nonsense");
  ok(failed_with(SFTP_ERR_SERVICE), "an unknown service ends it");
  stop();

  /* As Twisted does after each rekey. */
  START(simple);
  client_login(cl);
  send_service("ssh-userauth");
  ok(client_pump(cl) == SFTP_OK && !client_recv(cl, &pkt),
    "ssh-userauth is ignored after login");
  stop();
}

/* ---- Simple logins */

static void none_lists_the_methods(void) {
  START(simple);
  try_none("alice");
  is_str(answer(), ALL, "the method none is answered with all methods");
  is_int(cl->server->auth->nfailures, 0, "and is no attempt");
  is_str(fake_auth.calls, "USER USER+ (other) listed",
    "the host sees USER and the request");
  is_str(fake_note("SFTP_USER_AUTH_METHOD"), "", "but no method");
  stop();
}

static void a_password_logs_in(void) {
  START(simple);
  try_password("alice", "wrong");
  is_str(answer(), ALL, "a wrong password is refused");
  is_int(cl->server->auth->nfailures, 1, "and counted");
  is_int(fake_events("mod_sftp.ssh2.auth-password.failed"), 1,
    "and an event");
  is_int(fake_events("mod_sftp.ssh2.auth-password"), 0, "of failure only");
  fake_auth.calls[0] = '\0';
  try_password("alice", "secret");
  is_str(answer(), "SUCCESS", "the right one logs in");
  is_str(fake_auth.calls, "USER USER+ password PASS verify login logged-in",
    "the order is the host's");
  is_int(fake_events("mod_sftp.ssh2.auth-password"), 1, "with its event");
  ok(cl->server->state.authenticated && cl->server->state.phase == PH_OPEN,
    "channels may be opened now");
  ok(fake_log_has("user 'alice' authenticated via 'password' method"),
    "the log says who and how");
  ok(fake_log_has("login of 'alice' from 192.0.2.1 by password: accepted"),
    "and from where, in one line");

  fake_auth.calls[0] = '\0';
  try_password("alice", "secret");
  is_str(answer(), "nothing", "requests after success are ignored");
  is_str(fake_auth.calls, "", "by the host too");
  stop();
}

static void try_change(const char *user, const char *old) {
  struct sftp_wr *w = request_of(user, "ssh-connection", "password");

  sftp_wr_bool(w, true);
  sftp_wr_text(w, old);
  sftp_wr_text(w, "brand-new");
  send_request();
}

/* What a request to change a password gets: the answer and the calls. */
static const char *outcome_of_change(const char *user, const char *old) {
  const char *text;
  unsigned int ms;

  START(simple);
  try_change(user, old);
  text = answer();
  ms = fake_auth.paused_ms;
  text = pstrcat(top, text, ": ", fake_auth.calls, NULL);
  is_int(cl->server->auth->nfailures, 1, "it is an attempt");
  is_int(fake_events("mod_sftp.ssh2.auth-password.failed"), 1, "that failed");
  is_int(fake_events("mod_sftp.ssh2.auth-password"), 0, "and only failed");
  ok(ms > 0 && ms <= 250, "after the delay of other refusals");
  ok(fake_log_has("is to be changed, which is not supported"), "the log tells");
  ok(strcmp(fake_auth.password, old) != 0 &&
    strcmp(fake_auth.password, "brand-new") != 0, "no password was looked at");
  ok(!fake_log_has("brand-new"), "nor written down");
  stop();
  return text;
}

static void a_change_of_password_is_a_failure(void) {
  const char *right = outcome_of_change("alice", "secret"),
    *wrong = outcome_of_change("alice", "nonsense"),
    *unknown = outcome_of_change("nobody", "secret");

  ok(strncmp(right, ALL, strlen(ALL)) == 0, "the right old one is refused");
  is_str(right, wrong, "and the answer is that to a wrong one");
  is_str(unknown, wrong, "and that to a user who does not exist");

  START(simple);
  try_change("alice", "secret");
  is_str(answer(), ALL, "the user may go on");
  try_password("alice", "secret");
  is_str(answer(), "SUCCESS", "without a change the same password logs in");
  stop();
}

static void impossible_passwords_fail_as_others(void) {
  struct sftp_wr *w;
  char *lng = palloc(top, 3001);

  START(simple);
  memset(lng, 'x', 3000);
  lng[3000] = '\0';
  try_password("alice", lng);
  is_str(answer(), ALL, "a password of 3000 bytes is a wrong one");
  w = request_of("alice", "ssh-connection", "password");
  sftp_wr_bool(w, false);
  sftp_wr_string(w, "secret\0x", 8);
  send_request();
  is_str(answer(), ALL, "so is one with a NUL behind the right one");
  ok(strcmp(fake_auth.password, "secret") != 0, "it was not cut short");
  try_password("alice", "");
  is_str(answer(), ALL, "and the empty one");
  is_int(cl->server->auth->nfailures, 3, "all are attempts");
  stop();
}

static void unknown_users_are_not_told(void) {
  const char *known, *unknown;
  unsigned int known_ms, unknown_ms;

  START(simple);
  try_password("alice", "wrong");
  known = answer();
  known_ms = fake_auth.paused_ms;
  stop();

  START(simple);
  try_password("nobody", "wrong");
  unknown = answer();
  unknown_ms = fake_auth.paused_ms;
  is_str(unknown, known, "the answer is the same");
  is_int(unknown_ms, known_ms, "it takes the same time");
  ok(known_ms >= 100, "which is long enough to hide the difference");
  fake_auth.calls[0] = '\0';
  try_probe("nobody", ed_key, "ssh-ed25519");
  is_str(answer(), ALL, "a key of theirs is refused");
  is_str(fake_auth.calls, "USER USER+ publickey PASS lookup? probe",
    "after the same steps");
  stop();
}

/* ---- Attempts */

static void the_last_attempt_ends_it(void) {
  unsigned int i;

  START(simple);
  for (i = 0; i < 5; i++) {
    try_password("alice", "wrong");
    is_str(answer(), ALL, "attempt %u is refused", i + 1);
  }

  try_password("alice", "wrong");
  ok(failed_with(SFTP_ERR_DENIED), "the sixth ends the connection");
  is_int(sftp_disconnect_reason(cl->server->failure.err), 11, "by application");
  is_int(fake_auth.max, 6, "and the host is told");
  ok(strstr(fake_auth.calls, "failed max") != NULL,
    "after the attempt's own end");
  stop();
}

static void without_a_limit_only_requests_are_bounded(void) {
  unsigned int n = 0;

  prepare(simple, SFTP_NELEMS(simple));
  cl->set->max_login_attempts = 0;
  begin();
  while (cl->server->failure.err == SFTP_OK && n < 1000) {
    try_password("alice", "wrong");
    (void) answer();
    n++;
  }

  is_int(n, 101, "100 requests are answered, the next ends it");
  ok(failed_with(SFTP_ERR_BUDGET), "as too many before the login");
  is_int(fake_auth.max, 0, "that is no matter of attempts");
  stop();
}

static void few_signatures_are_checked(void) {
  uint64_t max = sftp_budget_max(BUDGET_CHECKS);

  START(simple);
  cl->server->spent.n[BUDGET_CHECKS] = max - 1;
  try_signed("alice", ed_key, "ssh-ed25519");
  is_str(answer(), "SUCCESS", "the last signature of the budget logs in");
  stop();

  START(simple);
  cl->server->spent.n[BUDGET_CHECKS] = max;
  try_signed("alice", ed_key, "ssh-ed25519");
  ok(failed_with(SFTP_ERR_BUDGET), "the next one is not looked at");
  ok(strncmp(cl->server->failure.why, "too many signatures", 19) == 0,
    "for that reason");
  stop();
}

static void the_time_for_a_login_ends(void) {
  START(simple);
  is_int(client_pump(cl), SFTP_OK, "a client that waits");
  fake_auth.login_time_over = true;
  is_int(client_pump(cl), SFTP_ERR_TIMEOUT, "does so until TimeoutLogin");
  stop();

  START(simple);
  client_login(cl);
  fake_auth.login_time_over = true;
  is_int(client_pump(cl), SFTP_OK, "which is for the login alone");
  stop();
}

static void what_is_no_attempt_is_not_counted(void) {
  unsigned int i;

  START(simple);
  for (i = 0; i < 10; i++) {
    try_none("alice");
    is_str(answer(), ALL, "none, time %u", i + 1);
    try_probe("alice", ec_key, "ecdsa-sha2-nistp256");
    is_str(answer(), ALL, "a key that is not authorised, time %u", i + 1);
    try_probe("alice", ed_key, "ssh-ed25519");
    is_str(answer(), "PK_OK", "one that is, time %u", i + 1);
  }

  is_int(cl->server->auth->nfailures, 0, "nothing was attempted");
  is_int(fake_auth_log_lines, 0, "nor does it look like an attack");
  try_signed("alice", ed_key, "ssh-ed25519");
  is_str(answer(), "SUCCESS", "the login still works");
  stop();
}

static void unknown_methods_are_answered(void) {
  struct sftp_wr *w;

  START(only_pw);
  w = request_of("alice", "ssh-connection", "gssapi-with-mic");
  sftp_wr_u32(w, 1);
  sftp_wr_text(w, "whatever");
  send_request();
  is_str(answer(), "password", "an unknown method fails");
  try_signed("alice", ed_key, "ssh-ed25519");
  is_str(answer(), "password", "so does one that is not offered");
  request_of("alice", "ssh-connection", "passwor");
  send_request();
  is_str(answer(), "password", "and the beginning of a name");
  is_int(cl->server->auth->nfailures, 3, "all are attempts");
  ok(strstr(fake_auth.calls, "lookup") == NULL, "no key was looked up");
  stop();
}

static void no_methods_left_ends_it(void) {
  START(only_pw);
  fake_auth.block_pass = true;
  try_password("alice", "secret");
  ok(failed_with(SFTP_ERR_DENIED),
    "a blocked PASS takes the method away, and the last one ends it");
  ok(strstr(fake_auth.calls, "verify") == NULL, "nothing was verified");
  stop();

  START(only_hb);
  fake_auth.block_pass = true;
  fake_auth.host_name = "here.example";
  fake_auth.host_key = ec_key->blob;
  try_hostbased("alice", ec_key, "ecdsa-sha2-nistp256", "here.example",
    "alice");
  ok(failed_with(SFTP_ERR_DENIED), "no host vouches where PASS is blocked");
  ok(strstr(fake_auth.calls, "host-lookup") == NULL, "nor is asked");
  stop();
}

/* ---- Keys */

/* The longest name of an algorithm, key and signature that are looked at. */
static void long_fields_of_a_key_are_refused(void) {
  static const struct { size_t alg, blob, sig; bool read; } row[] = {
    { 64, 100, 100, true }, { 65, 100, 100, false },
    { 10, 16384, 100, true }, { 10, 16385, 100, false },
    { 10, 100, 16384, true }, { 10, 100, 16385, false } };
  static unsigned char bytes[16385];
  size_t i;

  memset(bytes, 'x', sizeof(bytes));
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    struct sftp_wr *w;

    START(simple);
    w = request_of("alice", "ssh-connection", "publickey");
    sftp_wr_bool(w, true);
    sftp_wr_string(w, bytes, row[i].alg);
    sftp_wr_string(w, bytes, row[i].blob);
    sftp_wr_string(w, bytes, row[i].sig);
    send_request();
    if (row[i].read) {
      is_str(answer(), ALL, "fields of %lu, %lu and %lu bytes are read",
        (unsigned long) row[i].alg, (unsigned long) row[i].blob,
        (unsigned long) row[i].sig);
    } else {
      ok(failed_with(SFTP_ERR_LIMIT), "fields of %lu, %lu and %lu are not",
        (unsigned long) row[i].alg, (unsigned long) row[i].blob,
        (unsigned long) row[i].sig);
    }

    stop();
  }
}

static void long_fields_of_a_host_key_are_refused(void) {
  static const struct { size_t alg, blob, host, user, sig; bool read; }
    row[] = {
      { 64, 100, 9, 9, 100, true }, { 65, 100, 9, 9, 100, false },
      { 10, 8192, 9, 9, 100, true }, { 10, 8193, 9, 9, 100, false },
      { 10, 100, 255, 9, 100, true }, { 10, 100, 256, 9, 100, false },
      { 10, 100, 9, 256, 100, true }, { 10, 100, 9, 257, 100, false },
      { 10, 100, 9, 9, 8192, true }, { 10, 100, 9, 9, 8193, false } };
  static unsigned char bytes[8193];
  size_t i;

  memset(bytes, 'x', sizeof(bytes));
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    struct sftp_wr *w;

    START(only_hb);
    w = request_of("alice", "ssh-connection", "hostbased");
    sftp_wr_string(w, bytes, row[i].alg);
    sftp_wr_string(w, bytes, row[i].blob);
    sftp_wr_string(w, bytes, row[i].host);
    sftp_wr_string(w, bytes, row[i].user);
    sftp_wr_string(w, bytes, row[i].sig);
    send_request();
    if (row[i].read) {
      is_str(answer(), "hostbased", "a host's fields, row %lu, are read",
        (unsigned long) i);
    } else {
      ok(failed_with(SFTP_ERR_LIMIT), "a host's fields, row %lu, are not",
        (unsigned long) i);
    }

    stop();
  }
}

static void a_probe_tells_authorised_keys_only(void) {
  struct sftp_str blob;

  START(simple);
  try_probe("alice", ed_key, "ssh-ed25519");
  ok(client_recv(cl, &pkt) && pkt.type == SSH_MSG_USERAUTH_PK_OK,
    "an authorised key may be used");
  ok(sftp_str_is(sftp_rd_string(&pkt.in), "ssh-ed25519"), "by its algorithm");
  blob = sftp_rd_string(&pkt.in);
  ok(sftp_str_same(blob, ed_key->blob) && sftp_rd_end(&pkt.in) == SFTP_OK,
    "which is the one asked about");
  try_probe("bob", ed_key, "ssh-ed25519");
  stop();

  START(simple);
  try_probe("bob", ed_key, "ssh-ed25519");
  is_str(answer(), ALL, "one of another user may not");
  ok(fake_log_has("public key SHA256 fingerprint: "), "the log has it anyway");
  stop();
}

static void signatures_log_in(void) {
  static const struct { const char *alg; struct sftp_key **key; } rows[] = {
    { "ssh-ed25519", &ed_key },
    { "ecdsa-sha2-nistp256", &ec_key },
    { "rsa-sha2-256", &rsa_key },
    { "rsa-sha2-512", &rsa_key }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    START(simple);
    users[1].keys[0] = (*rows[i].key)->blob;
    try_signed("bob", *rows[i].key, rows[i].alg);
    is_str(answer(), "SUCCESS", "%s logs in", rows[i].alg);
    is_str(fake_auth.calls, "USER USER+ publickey PASS lookup authorize login "
      "logged-in", "by the host's steps");
    is_str(fake_note("SFTP_USER_PUBLICKEY_ALGO"), rows[i].alg,
      "and notes say so");
    stop();
  }
}

/* publickey-hostbound-v00@openssh.com: `claimed' is whom the client means;
 * covered: the signature says so, too.
 */
static void try_bound(struct sftp_str claimed, bool covered) {
  struct sftp_wr data, sig, *w;
  size_t len;

  w = request_of("alice", "ssh-connection",
    "publickey-hostbound-v00@openssh.com");
  sftp_wr_bool(w, true);
  sftp_wr_text(w, "ssh-ed25519");
  sftp_wr_str(w, ed_key->blob);
  len = request.len;
  sftp_wr_str(w, claimed);

  sftp_wr_init(&data, top, 1024, 65536);
  sftp_wr_str(&data, sftp_kex_session_id(cl->server));
  sftp_wr_u8(&data, SSH_MSG_USERAUTH_REQUEST);
  sftp_wr_bytes(&data, request.ptr, covered ? request.len : len);
  sftp_wr_init(&sig, top, 1024, 65536);
  if (sftp_key_sign(ed_key, sftp_sig_alg_find(sftp_str_of("ssh-ed25519")),
      sftp_wr_get(&data), &sig) != SFTP_OK) {
    bail_out("cannot sign");
  }

  sftp_wr_str(&request, sftp_wr_get(&sig));
  send_request();
}

static void logins_bound_to_our_host_key(void) {
  START(simple);
  users[0].keys[0] = ed_key->blob;
  try_bound(ed_key->blob, true);
  ok(strcmp(answer(), "SUCCESS") != 0, "bound to another host: refused");
  try_bound(cl->set->host_keys[0]->blob, false);
  ok(strcmp(answer(), "SUCCESS") != 0, "not signed as bound: refused");
  try_bound(cl->set->host_keys[0]->blob, true);
  is_str(answer(), "SUCCESS", "bound to ours: logs in");
  stop();
}

static void bad_signatures_do_not(void) {
  size_t i, len, refused = 0, tried = 0;

  START(simple);
  cl->server->set = cl->set;
  cl->set->max_login_attempts = 0;
  put_signed("alice", ed_key, "ssh-ed25519", "ssh-ed25519");
  len = request.len;
  /* The last 64 bytes are the signature itself. */
  for (i = len - 64; i < len; i += 9) {
    request.ptr[i] ^= 0x10;
    send_request();
    request.ptr[i] ^= 0x10;
    tried++;
    refused += strcmp(answer(), ALL) == 0;
  }

  is_int(refused, tried, "a flipped bit in the signature is refused");
  ok(strstr(fake_auth_log_last, "signature verification of 'ssh-ed25519' "
    "public key failed") != NULL, "and logged for those who ban");
  ok(strstr(fake_auth.calls, "login") == NULL, "nobody was logged in");

  put_key("alice", ed_key, "ssh-ed25519", true);
  sftp_wr_string(&request, "", 0);
  send_request();
  is_str(answer(), ALL, "an empty signature is none");
  stop();

  START(simple);
  put_signed("alice", ed_key, "ssh-ed25519", "ssh-ed25519");
  len = request.len;
  stop();
  START(simple);
  client_send(cl, SSH_MSG_USERAUTH_REQUEST, request.ptr, len);
  is_str(answer(), ALL, "a signature of another session is refused");
  stop();
}

static void algorithms_go_with_their_keys(void) {
  START(simple);
  put_signed("alice", rsa_key, "rsa-sha2-512", "rsa-sha2-256");
  send_request();
  is_str(answer(), ALL, "a signature by another algorithm is refused");
  try_probe("alice", ed_key, "rsa-sha2-512");
  is_str(answer(), ALL, "a key of another type is refused");
  try_probe("alice", ed_key, "sk-ssh-ed25519@openssh.com");
  is_str(answer(), ALL, "a plain key is no security key");
  try_probe("alice", rsa_key, "ssh-rsa");
  is_str(answer(), ALL, "ssh-rsa is off unless it is named");
  put_signed("alice", rsa_key, "rsa-sha2-256", "ssh-rsa");
  send_request();
  is_str(answer(), ALL, "also under another name");
  try_probe("alice", rsa_key, "no-such-algorithm");
  is_str(answer(), ALL, "an unknown algorithm is refused");
  is_int(cl->server->auth->nfailures, 2, "only signatures are attempts");
  stop();

  prepare(simple, SFTP_NELEMS(simple));
  cl->set->userkeys = "rsa-sha2-512,rsa-sha2-256,ssh-rsa";
  begin();
  put_signed("alice", rsa_key, "rsa-sha2-256", "ssh-rsa");
  send_request();
  is_str(answer(), "SUCCESS", "old clients that sign with ssh-rsa may, where "
    "ssh-rsa is on");
  stop();

  prepare(simple, SFTP_NELEMS(simple));
  cl->set->userkeys = "rsa-sha2-512,rsa-sha2-256,ssh-rsa";
  begin();
  put_signed("alice", rsa_key, "rsa-sha2-256", "ssh-rsa");
  sftp_crypto_set_fips(true);
  send_request();
  is_str(answer(), ALL, "but not where FIPS does without it");
  sftp_crypto_set_fips(false);
  stop();

  prepare(simple, SFTP_NELEMS(simple));
  cl->set->min_bits.rsa = 16384;
  begin();
  try_signed("alice", rsa_key, "rsa-sha2-256");
  is_str(answer(), ALL, "a key below the limit is refused");
  stop();
}

/* SFTPKeyLimits has a limit for each kind, and none is that of another. */
static void short_dsa_keys_are_refused(void) {
  struct sftp_key *dsa = load("dsa");
  unsigned int bits = sftp_key_bits(dsa);
  char line[80];

  users[0].keys[2] = dsa->blob;
  prepare(simple, SFTP_NELEMS(simple));
  cl->set->userkeys = "ssh-dss";
  cl->set->min_bits.dsa = bits + 1;
  begin();
  try_signed("alice", dsa, "ssh-dss");
  is_str(answer(), ALL, "a DSA key below its limit is refused");
  snprintf(line, sizeof(line), "public key of %u bits refused: at least %u",
    bits, bits + 1);
  ok(fake_log_has(line), "which the log explains");
  stop();

  prepare(simple, SFTP_NELEMS(simple));
  cl->set->userkeys = "ssh-dss";
  cl->set->min_bits.dsa = bits;
  cl->set->min_bits.rsa = cl->set->min_bits.ec = 16384;
  begin();
  try_signed("alice", dsa, "ssh-dss");
  is_str(answer(), "SUCCESS", "one of that size logs in, whatever the limits "
    "of others");
  stop();
  memset(&users[0].keys[2], 0, sizeof(users[0].keys[2]));
}

/* SFTPKeyFingerprints in the line on a login. */
static void fingerprints_have_forms(void) {
  struct sftp_str blob = { (const unsigned char *) "abc", 3 };

  START(simple);
  is_str(sftp_auth_print(cl->server, top, blob),
    "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0", "as by default");
  cl->set->fingerprint.digest = "MD5";
  is_str(sftp_auth_print(cl->server, top, blob),
    "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
    "... unless a digest is named");
  cl->set->fingerprint.named = true;
  cl->set->fingerprint.form = FINGERPRINT_COLONS;
  is_str(sftp_auth_print(cl->server, top, blob),
    "MD5:90:01:50:98:3c:d2:4f:b0:d6:96:3f:7d:28:e1:7f:72", "with colons");
  cl->set->fingerprint.form = FINGERPRINT_HEX;
  is_str(sftp_auth_print(cl->server, top, blob),
    "MD5:900150983cd24fb0d6963f7d28e17f72", "... without");
  cl->set->fingerprint.form = FINGERPRINT_BASE64;
  is_str(sftp_auth_print(cl->server, top, blob), "MD5:kAFQmDzST7DWlj99KOF/cg",
    "in base64");
  cl->set->fingerprint.digest = "none";
  is_str(sftp_auth_print(cl->server, top, blob), "none:(unknown)",
    "an unknown digest");
  stop();
}

static void fingerprints_are_written_as_the_directive_says(void) {
  const char *colons = sftp_key_fingerprint(top, ed_key->blob, "SHA1", true);

  prepare(simple, SFTP_NELEMS(simple));
  cl->set->fingerprint.digest = "SHA1";
  cl->set->fingerprint.form = FINGERPRINT_COLONS;
  cl->set->fingerprint.named = true;
  begin();
  try_signed("alice", ed_key, "ssh-ed25519");
  is_str(answer(), "SUCCESS", "a key logs in");
  ok(fake_log_has(pstrcat(top, "by publickey, ssh-ed25519 key SHA1:", colons,
    ": accepted", NULL)), "its line has the fingerprint that is wanted");
  stop();
}

/* ---- Hostbased */

static void hosts_vouch_for_their_users(void) {
  START(only_hb);
  fake_auth.host_name = "here.example";
  fake_auth.host_key = ec_key->blob;
  try_hostbased("alice", ed_key, "ssh-ed25519", "here.example", "alice");
  is_str(answer(), "hostbased", "a key that is not the host's is refused");
  ok(strstr(fake_auth_log_last, "(Login failed): authentication via "
    "'ssh-ed25519' host key failed") != NULL, "and logged");
  try_hostbased("alice", ec_key, "ecdsa-sha2-nistp256", "there.example",
    "alice");
  is_str(answer(), "hostbased", "so is another host's name");
  is_int(cl->server->auth->nfailures, 2, "both are attempts");
  is_int(fake_events("mod_sftp.ssh2.auth-hostbased.failed"), 2,
    "with their events");
  fake_auth.calls[0] = '\0';
  try_hostbased("alice", ec_key, "ecdsa-sha2-nistp256", "here.example",
    "alice");
  is_str(answer(), "SUCCESS", "the host's own word logs in");
  is_str(fake_auth.calls, "USER USER+ hostbased PASS host-lookup authorize "
    "login logged-in", "in the host's order");
  is_int(fake_events("mod_sftp.ssh2.auth-hostbased"), 1, "with its event");
  stop();

  START(host_and_pw);
  fake_auth.host_name = "here.example";
  fake_auth.host_key = ec_key->blob;
  try_hostbased("alice", ec_key, "ecdsa-sha2-nistp256", "here.example",
    "alice");
  is_str(answer(), "password+", "it may be a step of a chain");
  try_password("alice", "secret");
  is_str(answer(), "SUCCESS", "with another behind it");
  stop();

  START(only_hb);
  fake_auth.host_name = "here.example";
  fake_auth.host_key = ec_key->blob;
  try_hostbased("late", ec_key, "ecdsa-sha2-nistp256", "here.example",
    "late");
  is_str(answer(), "hostbased", "no host opens an expired account");
  try_hostbased("late", ec_key, "ecdsa-sha2-nistp256", "here.example",
    "alice");
  is_str(answer(), "hostbased", "nor one of another name");
  stop();
}

static void hosts_sign_what_they_say(void) {
  size_t i, n = 0;
  struct sftp_wr *w;
  char lng[400];

  /* The client's name, the user's and the host's are under the signature. */
  START(only_hb);
  fake_auth.host_name = "here.example";
  fake_auth.host_key = ec_key->blob;
  put_hostbased("alice", ec_key, "ecdsa-sha2-nistp256", "here.examplf",
    "alice");
  for (i = 0; i + 12 <= request.len; i++) {
    if (memcmp(request.ptr + i, "here.examplf", 12) == 0) {
      request.ptr[i + 11] = 'e';
      n++;
    }
  }

  is_int(n, 1, "one name is changed on the way");
  send_request();
  is_str(answer(), "hostbased", "and the signature does not cover it");
  ok(strstr(fake_auth_log_last, "signature verification of "
    "'ecdsa-sha2-nistp256' host key failed") != NULL, "which is logged");
  ok(fake_log_has(pstrcat(top, "login of 'alice' from 192.0.2.1 by hostbased "
    "(alice of here.example), ecdsa-sha2-nistp256 key SHA256:",
    sftp_key_fingerprint(top, ec_key->blob, "SHA256", false),
    ": refused: signature verification", NULL)),
    "with all that is known, in one line");

  try_hostbased("alice", rsa_key, "rsa-sha2-256", "here.example", "alice");
  is_str(answer(), "hostbased", "a key of another kind is refused");
  try_hostbased("nobody", ec_key, "ecdsa-sha2-nistp256", "here.example",
    "nobody");
  ok(failed_with(SFTP_ERR_FORMAT), "and the user does not change");
  stop();

  memset(lng, 'h', sizeof(lng));
  lng[sizeof(lng) - 1] = '\0';
  START(only_hb);
  try_hostbased("alice", ec_key, "ecdsa-sha2-nistp256", lng, "alice");
  ok(failed_with(SFTP_ERR_LIMIT), "a host's name of 399 bytes ends it");
  stop();

  START(only_hb);
  w = request_of("alice", "ssh-connection", "hostbased");
  sftp_wr_text(w, "ssh-ed25519");
  sftp_wr_str(w, ed_key->blob);
  sftp_wr_string(w, "he\0re", 5);
  sftp_wr_text(w, "alice");
  sftp_wr_text(w, "");
  send_request();
  ok(failed_with(SFTP_ERR_FORMAT), "so does a NUL in it");
  stop();
}

static void expired_accounts_stay_out(void) {
  START(simple);
  users[2].keys[0] = ed_key->blob;
  try_password("late", "gone");
  is_str(answer(), ALL, "by password");
  try_signed("late", ed_key, "ssh-ed25519");
  is_str(answer(), ALL, "and by key");
  ok(strstr(fake_auth.calls, "lookup authorize failed") != NULL,
    "the host was asked");
  stop();
}

/* ---- Chains */

static void a_chain_wants_all_its_steps(void) {
  START(two_steps);
  try_none("alice");
  is_str(answer(), "publickey", "the first step is offered");
  try_password("alice", "secret");
  is_str(answer(), "publickey", "the second cannot be taken first");
  ok(strstr(fake_auth.calls, "verify") == NULL, "nor tried out");
  try_signed("alice", ed_key, "ssh-ed25519");
  is_str(answer(), "password+", "a partial success asks for the rest");
  ok(fake_log_has(": accepted, and more is wanted") &&
    !fake_log_has("more is wanted: "), "... and is logged without a reason");
  ok(!cl->server->state.authenticated, "and is no login");
  try_signed("alice", ed_key, "ssh-ed25519");
  is_str(answer(), "password", "the first step is over");
  try_password("alice", "secret");
  is_str(answer(), "SUCCESS", "both together log in");
  stop();
}

static void two_keys_are_two_keys(void) {
  START(two_keys);
  try_signed("alice", ed_key, "ssh-ed25519");
  is_str(answer(), "publickey+", "one key is half a login");
  try_signed("alice", ed_key, "ssh-ed25519");
  is_str(answer(), "publickey", "the same once more is not the other half");
  ok(strstr(fake_auth_log_last, "reused previously verified public key")
    != NULL, "and is logged");
  try_probe("alice", rsa_key, "rsa-sha2-512");
  is_str(answer(), "PK_OK", "another may be offered");
  is_str(fake_note("SFTP_USER_PUBLICKEY_ALGO"), "ssh-ed25519",
    "which overwrites nothing");
  try_signed("alice", rsa_key, "rsa-sha2-512");
  is_str(answer(), "SUCCESS", "and logs in");
  is_str(fake_note("SFTP_USER_PUBLICKEY_ALGO"), "rsa-sha2-512",
    "notes follow the key that was proven last");
  stop();
}

static void a_denied_login_can_be_tried_again(void) {
  START(two_steps);
  fake_auth.login = FTPD_LOGIN_DENIED;
  try_signed("alice", ed_key, "ssh-ed25519");
  (void) answer();
  try_password("alice", "secret");
  is_str(answer(), "publickey", "everything is asked for again");
  is_int(cl->server->auth->nfailures, 1, "it counts as a wrong attempt does");
  ok(fake_auth.paused_ms > 0, "and takes as long: the password is not told");
  ok(!cl->server->state.authenticated, "nor a login");
  fake_auth.login = FTPD_LOGIN_OK;
  try_signed("alice", ed_key, "ssh-ed25519");
  is_str(answer(), "password+", "the key counts anew");
  try_password("alice", "secret");
  is_str(answer(), "SUCCESS", "and in the end it works");
  stop();

  START(simple);
  fake_auth.login = FTPD_LOGIN_BROKEN;
  try_password("alice", "secret");
  ok(failed_with(SFTP_ERR_DENIED), "a login that broke half-way ends it");
  ok(!cl->server->state.authenticated, "without success");
  stop();
}

/* ---- Names */

static void the_user_does_not_change(void) {
  START(simple);
  try_none("alice");
  (void) answer();
  fake_auth.calls[0] = '\0';
  try_password("bob", "hunter2");
  ok(failed_with(SFTP_ERR_FORMAT), "another user ends it");
  is_str(fake_auth.calls, "USER USER-", "before anything is verified");
  stop();

  START(simple);
  try_none("alice");
  (void) answer();
  request_of("alice", "ssh-userauth", "none");
  send_request();
  ok(failed_with(SFTP_ERR_SERVICE), "so does another service");
  stop();

  START(simple);
  sftp_wr_bool(request_of("alice", "ssh-userauth", "password"), false);
  sftp_wr_text(&request, "secret");
  send_request();
  ok(failed_with(SFTP_ERR_SERVICE), "the right password logs nobody in to "
    "another service");
  ok(strstr(fake_auth.calls, "PASS") == NULL, "and is not looked at");
  stop();

  START(simple);
  request_of("alice", "ssh-nonsense", "none");
  send_request();
  ok(failed_with(SFTP_ERR_SERVICE), "and one that nobody has");
  stop();

  START(simple);
  fake_auth.refuse_user = true;
  try_none("alice");
  ok(failed_with(SFTP_ERR_FORMAT), "a handler of USER may refuse");
  stop();
}

static void rewritten_names_are_the_hosts_matter(void) {
  START(simple);
  fake_auth.rewrite = "alice";
  try_signed("ALICE", ed_key, "ssh-ed25519");
  is_str(answer(), "SUCCESS", "the signature covers the name as sent, the "
    "host looks up the one it made of it");
  stop();
}

static void names_with_controls_are_refused(void) {
  static const struct { const char *name; size_t len; } bad[] = {
    { "al\0ice", 6 }, { "al\nice", 6 }, { "\x1b[2J", 4 }, { "x\x7f", 2 }
  };
  size_t i;
  char lng[300];

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    START(simple);
    sftp_wr_init(&request, top, 256, 4096);
    sftp_wr_string(&request, bad[i].name, bad[i].len);
    sftp_wr_text(&request, "ssh-connection");
    sftp_wr_text(&request, "none");
    send_request();
    ok(failed_with(SFTP_ERR_FORMAT), "bad name %zu ends it", i);
    is_str(fake_auth.calls, "", "before the host sees it");
    stop();
  }

  START(simple);
  memset(lng, 'a', sizeof(lng));
  lng[sizeof(lng) - 1] = '\0';
  try_none(lng);
  ok(failed_with(SFTP_ERR_FORMAT), "so does one of 299 bytes");
  stop();
}

/* ---- Banner */

static void the_banner_comes_once_in_lines(void) {
  struct sftp_str text;

  START(simple);
  fake_auth.banner = "one\ntwo\r\nthree";
  try_none("alice");
  is_str(answer(), "BANNER", "the banner comes first");
  text = sftp_rd_string(&pkt.in);
  is_mem(text.ptr, text.len, "one\r\ntwo\r\nthree\r\n", 17,
    "every line ends in CR LF");
  is_str(answer(), ALL, "then the answer");
  try_none("alice");
  is_str(answer(), ALL, "the banner is not repeated");

  ok(sftp_auth_banner(cl->server, "") == SFTP_OK, "an empty text is taken");
  is_str(answer(), "BANNER", "and sent");
  text = sftp_rd_string(&pkt.in);
  is_mem(text.ptr, text.len, "\r\n", 2, "as an empty line");
  ok(sftp_auth_banner(cl->server, "\n") == SFTP_OK, "so is an empty line");
  is_str(answer(), "BANNER", "and sent");
  text = sftp_rd_string(&pkt.in);
  is_mem(text.ptr, text.len, "\r\n", 2, "as it is");
  ok(sftp_auth_banner(cl->server, "x") == SFTP_OK, "so is a short one");
  (void) answer();

  try_password("alice", "secret");
  is_str(answer(), "SUCCESS", "login");
  ok(sftp_auth_banner(cl->server, "late") == SFTP_OK, "after the login");
  is_str(answer(), "nothing", "nothing is sent");
  stop();
}

static void long_banners_are_not_sent(void) {
  static const struct { size_t len; int res; } t[] = {
    { 65536, SFTP_OK }, { 65537, SFTP_ERR_LIMIT } };
  char *text = pcalloc(top, 65538);
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    START(simple);
    memset(text, 'x', t[i].len);
    is_int(sftp_auth_banner(cl->server, text), t[i].res,
      "a banner of %lu bytes", (unsigned long) t[i].len);
    stop();
  }

  START(simple);
  fake_auth.banner = text;
  try_none("alice");
  is_str(answer(), ALL, "one that is too long is left out");
  ok(fake_log_has("banner is too long"), "... and the log tells");
  stop();
}

/* ---- keyboard-interactive */

/* What sftp_auth_ask() says to so many prompts of this length. */
static struct {
  unsigned int n;
  size_t len;
  int res;
} asks;

static enum ftpd_verdict asks_much(struct ssh_conn *c) {
  struct sftp_auth_prompt *prompts = pcalloc(c->pool, 501 * sizeof(*prompts));
  char *text = pcalloc(c->pool, asks.len + 1);
  unsigned int i;

  memset(text, 'x', asks.len);
  for (i = 0; i < asks.n; i++) {
    prompts[i].text = text;
  }

  asks.res = sftp_auth_ask(c, "", "", asks.n, prompts);
  return FTPD_AUTH_BAD;
}

static const struct fake_driver much[] = { { "much", asks_much },
  { NULL, NULL } };

static void ask_kbdint(const char *user);

static void prompts_have_limits(void) {
  static const struct { unsigned int n; size_t len; int res; } t[] = {
    { 500, 1, SFTP_OK }, { 501, 1, SFTP_ERR_LIMIT }, { 1, 65000, SFTP_OK },
    { 1, 65536, SFTP_ERR_LIMIT }, { 500, 200, SFTP_ERR_LIMIT } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    START(simple);
    fake_auth.drivers = much;
    asks.n = t[i].n;
    asks.len = t[i].len;
    ask_kbdint("alice");
    (void) client_pump(cl);
    is_int(asks.res, t[i].res, "%u prompts of %lu bytes", asks.n,
      (unsigned long) asks.len);
    stop();
  }

  START(simple);
  is_int(sftp_auth_ask(cl->server, "", "", 0, NULL), SFTP_ERR_ORDER,
    "without a request, nobody asks");
  is_int(sftp_auth_answers(cl->server, top, 0, &(const char **) { NULL }),
    SFTP_ERR_ORDER, "... or waits for answers");
  stop();
}

static enum ftpd_verdict pam_says(struct ssh_conn *c) {
  const struct sftp_auth_prompt prompts[] = { { "Password: ", false },
    { "Colour: ", true } };
  pool *p = make_sub_pool(c->pool);
  const char **answers;
  enum ftpd_verdict v = FTPD_AUTH_BAD;

  if (sftp_auth_ask(c, "Hello", NULL, 2, prompts) == SFTP_OK &&
      sftp_auth_answers(c, p, 2, &answers) == SFTP_OK &&
      strcmp(answers[0], "secret") == 0 && strcmp(answers[1], "") == 0) {
    v = FTPD_AUTH_OK;
  }

  destroy_pool(p);
  return v;
}

static enum ftpd_verdict yes_says(struct ssh_conn *c) {
  (void) c;
  return FTPD_AUTH_OK;
}

static enum ftpd_verdict no_says(struct ssh_conn *c) {
  (void) c;
  return FTPD_AUTH_BAD;
}

static const struct fake_driver pam_only[] = {
  { "pam", pam_says }, { NULL, NULL } };
static const struct fake_driver yes_only[] = {
  { "otp", yes_says }, { NULL, NULL } };
static const struct fake_driver no_then_pam[] = {
  { "radius", no_says }, { "pam", pam_says }, { NULL, NULL } };

static void ask_kbdint(const char *user) {
  struct sftp_wr *w = request_of(user, "ssh-connection",
    "keyboard-interactive");

  sftp_wr_text(w, "");
  sftp_wr_text(w, "");
  send_request();
}

static void send_answers(uint32_t n, const char *one, const char *two) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 256, 4096);
  sftp_wr_u32(&w, n);
  sftp_wr_text(&w, one);
  if (two != NULL) {
    sftp_wr_text(&w, two);
  }

  client_send(cl, SSH_MSG_USERAUTH_INFO_RESPONSE, w.ptr, w.len);
}

static void drivers_converse(void) {
  START(simple);
  fake_auth.drivers = pam_only;
  ask_kbdint("alice");
  send_answers(2, "secret", "");
  ok(client_recv(cl, &pkt) && pkt.type == SSH_MSG_USERAUTH_INFO_REQUEST,
    "prompts are sent");
  ok(sftp_str_is(sftp_rd_string(&pkt.in), "Hello") &&
    sftp_str_is(sftp_rd_string(&pkt.in), "") &&
    sftp_str_is(sftp_rd_string(&pkt.in), ""), "with name and instruction");
  is_int(sftp_rd_u32(&pkt.in), 2, "all of them");
  ok(sftp_str_is(sftp_rd_string(&pkt.in), "Password: ") &&
    !sftp_rd_bool(&pkt.in) && sftp_str_is(sftp_rd_string(&pkt.in),
      "Colour: ") && sftp_rd_bool(&pkt.in) &&
    sftp_rd_end(&pkt.in) == SFTP_OK, "each with its echo");
  is_str(answer(), "SUCCESS", "the right answers log in");
  is_str(fake_auth.calls, "USER USER+ keyboard-interactive PASS pam authorize "
    "login logged-in", "by the host's steps");
  stop();
}

static void a_blocked_pass_opens_nothing(void) {
  START(two_keys);
  fake_auth.block_pass = true;
  try_signed("alice", ed_key, "ssh-ed25519");
  ok(failed_with(SFTP_ERR_DENIED), "no key counts where PASS is blocked");
  ok(strstr(fake_auth.calls, "lookup") == NULL, "nor is looked up");
  stop();

  START(only_ki);
  fake_auth.block_pass = true;
  fake_auth.drivers = pam_only;
  ask_kbdint("alice");
  ok(failed_with(SFTP_ERR_DENIED), "nothing is asked where PASS is blocked");
  ok(strstr(fake_auth.calls, "pam") == NULL, "nor does a driver begin");
  stop();
}

/* ---- Keys that change meanwhile */

/* A client may begin a rekey at any time, and what it sends arrives as it
 * likes: behind the last answer, in one segment with it.
 */
static void keys_change_behind_the_last_answer(void) {
  START(simple);
  fake_auth.drivers = pam_only;
  ask_kbdint("alice");
  send_answers(2, "secret", "");
  client_send_kexinit(cl, false);
  ok(client_expect(cl, SSH_MSG_USERAUTH_SUCCESS, &pkt),
    "a login is not disturbed by a KEXINIT behind its last answer");
  is_int(client_kex(cl), SFTP_OK, "and the exchange goes on");
  ok(cl->server->state.authenticated && cl->server->state.phase == PH_OPEN &&
    !sftp_kex_running(cl->server), "to channels");
  client_send(cl, SSH_MSG_GLOBAL_REQUEST, "\0\0\0\1x\1", 6);
  ok(client_expect(cl, SSH_MSG_REQUEST_FAILURE, &pkt), "with the new keys");
  stop();
}

static void begin_with_two_methods(void) {
  prepare(simple, SFTP_NELEMS(simple));
  cl->set->kex = "curve25519-sha256,rsa2048-sha256,"
    "diffie-hellman-group-exchange-sha256";
  begin();
  fake_auth.drivers = pam_only;
}

static void an_exchange_does_not_begin_twice(void) {
  struct sftp_rd r;

  begin_with_two_methods();
  ask_kbdint("alice");
  send_answers(2, "secret", "");
  cl->kex = "rsa2048-sha256";
  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  is_int(cl->server->state.phase, PH_KEX,
    "an exchange behind the last answer runs");
  cl->kex = "diffie-hellman-group-exchange-sha256";
  client_send_kexinit(cl, false);
  ok(failed_with(SFTP_ERR_ORDER), "and another KEXINIT ends the connection");
  stop();

  /* Whatever the phase says. */
  begin_with_two_methods();
  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  sftp_rd_init(&r, cl->kexinit_c.ptr + 1, cl->kexinit_c.len - 1);
  is_int(sftp_on_kexinit(cl->server, &r), SFTP_ERR_ORDER,
    "a KEXINIT while the one before it is answered is refused by the exchange");
  stop();
}

/* Drivers may succeed without an answer, while keys are exchanged. */
static void a_login_within_an_exchange_waits_for_its_end(void) {
  START(simple);
  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  sftp_phase_enter(cl->server, PH_OPEN);
  is_int(cl->server->state.phase, PH_KEX,
    "an exchange goes on whatever comes next");
  is_int(client_kex(cl), SFTP_OK, "up to its end");
  is_int(cl->server->state.phase, PH_OPEN, "and then that comes");
  stop();
}

static void wrong_answers_are_refused(void) {
  START(simple);
  fake_auth.drivers = pam_only;
  ask_kbdint("alice");
  send_answers(2, "wrong", "");
  (void) client_recv(cl, &pkt);
  is_str(answer(), ALL, "wrong answers fail");
  is_int(cl->server->auth->nfailures, 1, "as one attempt");
  ask_kbdint("alice");
  send_answers(3, "secret", "");
  (void) client_recv(cl, &pkt);
  is_str(answer(), ALL, "another number of answers fails");
  ask_kbdint("alice");
  send_answers(0xffffffffU, "secret", "");
  (void) client_recv(cl, &pkt);
  is_str(answer(), ALL, "however large it is");
  ok(strstr(fake_auth_log_last, "USER alice (Login failed): ") != NULL,
    "the log has a line for those who ban");
  send_answers(2, "secret", "");
  ok(failed_with(SFTP_ERR_ORDER), "an answer that nobody asked for ends it");
  stop();
}

/* A client that wants something else after each question. */
static unsigned int nchanges;

static enum ftpd_verdict changes_its_mind(struct ssh_conn *c) {
  struct sftp_auth_prompt prompt = { "Password: ", false };
  const char **answers = NULL;

  if (sftp_auth_ask(c, "", "", 1, &prompt) != SFTP_OK) {
    return FTPD_AUTH_ERROR;
  }

  if (nchanges++ == 0) {
    ask_kbdint("alice");

  } else {
    try_password("alice", "secret");
  }

  return sftp_auth_answers(c, top, 1, &answers) == SFTP_OK ? FTPD_AUTH_OK :
    FTPD_AUTH_BAD;
}

static const struct fake_driver fickle[] = {
  { "fickle", changes_its_mind }, { NULL, NULL } };

static void a_new_request_abandons_the_old(void) {
  START(simple);
  fake_auth.drivers = pam_only;
  ask_kbdint("alice");
  try_password("alice", "secret");
  ok(client_recv(cl, &pkt) && pkt.type == SSH_MSG_USERAUTH_INFO_REQUEST,
    "prompts are sent");
  is_str(answer(), "SUCCESS", "the request that came instead is served, and "
    "only that is answered");
  stop();

  START(simple);
  fake_auth.drivers = fickle;
  nchanges = 0;
  ask_kbdint("alice");
  ok(client_recv(cl, &pkt) && pkt.type == SSH_MSG_USERAUTH_INFO_REQUEST &&
    client_recv(cl, &pkt) && pkt.type == SSH_MSG_USERAUTH_INFO_REQUEST,
    "a conversation may be given up for another");
  is_str(answer(), "SUCCESS", "and that for a password");
  stop();
}

static void a_conversation_ends_with_the_time_for_it(void) {
  START(simple);
  fake_auth.drivers = pam_only;
  fake_auth.login_time_over = true;
  ask_kbdint("alice");
  ok(failed_with(SFTP_ERR_TIMEOUT), "nobody waits for answers for ever");
  is_int(sftp_disconnect_reason(cl->server->failure.err), 11, "by application");
  stop();
}

static void each_driver_is_an_attempt(void) {
  START(simple);
  fake_auth.drivers = no_then_pam;
  ask_kbdint("alice");
  send_answers(2, "wrong", "");
  (void) client_recv(cl, &pkt);
  is_str(answer(), ALL, "all drivers say no");
  is_int(cl->server->auth->nfailures, 2, "each counts");
  stop();

  START(only_otp);
  fake_auth.drivers = no_then_pam;
  ask_kbdint("alice");
  ok(failed_with(SFTP_ERR_DENIED),
    "a driver that is named but not there is none");
  ok(strstr(fake_auth.calls, "radius") == NULL &&
    strstr(fake_auth.calls, "pam") == NULL, "others are not asked instead");
  stop();
}

static enum ftpd_verdict pin_says(struct ssh_conn *c) {
  const struct sftp_auth_prompt prompt = { "PIN: ", false };
  const char **answers = NULL;

  return sftp_auth_ask(c, NULL, NULL, 1, &prompt) == SFTP_OK &&
    sftp_auth_answers(c, top, 1, &answers) == SFTP_OK &&
    strcmp(answers[0], "0000") == 0 ? FTPD_AUTH_OK : FTPD_AUTH_BAD;
}

static const struct fake_driver pam_and_pin[] = {
  { "pam", pam_says }, { "pin", pin_says }, { NULL, NULL } };

/* What the next question is: its number of prompts. */
static unsigned int asked(void) {
  if (!client_recv(cl, &pkt) || pkt.type != SSH_MSG_USERAUTH_INFO_REQUEST) {
    return 0;
  }

  (void) sftp_rd_string(&pkt.in);
  (void) sftp_rd_string(&pkt.in);
  (void) sftp_rd_string(&pkt.in);
  return sftp_rd_u32(&pkt.in);
}

static void two_drivers_are_two_talks(void) {
  START(two_talks);
  fake_auth.drivers = pam_and_pin;
  ask_kbdint("alice");
  send_answers(2, "secret", "");
  is_int(asked(), 2, "the first driver asks");
  is_str(answer(), "keyboard-interactive+", "and is half a login");
  ask_kbdint("alice");
  send_answers(1, "0000", NULL);
  is_int(asked(), 1, "the other one asks then, the first not again");
  is_str(answer(), "SUCCESS", "and both log in");
  stop();

  START(pin_first);
  fake_auth.drivers = pam_and_pin;
  ask_kbdint("alice");
  send_answers(1, "0000", NULL);
  is_int(asked(), 1, "a driver that is named comes first");
  is_str(answer(), "keyboard-interactive+", "in its place of the chain");
  ask_kbdint("alice");
  send_answers(2, "secret", "");
  is_int(asked(), 2, "then the other");
  is_str(answer(), "SUCCESS", "which completes it");
  stop();
}

static void silence_is_no_login(void) {
  START(only_ki);
  fake_auth.drivers = yes_only;
  ask_kbdint("alice");
  is_str(answer(), "keyboard-interactive",
    "a driver that asked nothing logs nobody in");
  ok(!cl->server->state.authenticated, "really");
  stop();

  START(key_and_code);
  fake_auth.drivers = yes_only;
  try_signed("alice", ed_key, "ssh-ed25519");
  is_str(answer(), "keyboard-interactive+", "behind a key");
  ask_kbdint("alice");
  is_str(answer(), "SUCCESS", "it may let pass");
  stop();
}

/* ---- Secrets in the clear */

static void secrets_want_encryption(void) {
  prepare(simple, SFTP_NELEMS(simple));
  cl->set->ciphers = cl->cipher = "none";
  cl->set->macs = cl->mac;
  begin();
  try_password("alice", "secret");
  is_str(answer(), "publickey,keyboard-interactive",
    "a password in the clear is refused and not asked for again");
  ok(strstr(fake_auth_log_last, "cipher algorithm 'none' or MAC algorithm "
    "'hmac-sha2-256' unsupported for password authentication") != NULL,
    "with the reason in the log");
  ok(strstr(fake_auth.calls, "verify") == NULL, "it is not even tried");
  try_signed("alice", ed_key, "ssh-ed25519");
  is_str(answer(), "SUCCESS", "a key is no secret");
  stop();

  prepare(simple, SFTP_NELEMS(simple));
  cl->set->ciphers = cl->cipher = "none";
  cl->set->macs = cl->mac;
  cl->set->opts |= SFTP_OPT_ALLOW_INSECURE_LOGIN;
  begin();
  try_password("alice", "secret");
  is_str(answer(), "SUCCESS", "AllowInsecureLogin allows it");
  ok(fake_log_has("WARNING"), "with a warning");
  stop();
}

/* ---- Malformed messages */

/* Hands the message to the server directly, in a block of its own size. */
static int deliver(const void *bytes, size_t len, bool *wiped) {
  unsigned char *copy = t_exact_copy(bytes, len);
  struct ssh_conn *c = cl->server;
  struct sftp_rd r;
  int res;

  c->failure.err = SFTP_OK;
  c->state.authenticated = false;
  memset(&c->spent, 0, sizeof(c->spent));
  sftp_phase_enter(c, PH_AUTH);
  c->auth = sftp_auth_new(c);
  fake_auth.calls[0] = '\0';
  sftp_rd_init(&r, copy, len);
  res = sftp_on_userauth_request(c, &r);
  if (wiped != NULL) {
    *wiped = memmem(copy, len, "secret", 6) == NULL;
  }

  free(copy);
  return res;
}

static void check_message(const char *what) {
  unsigned char *bytes = palloc(top, request.len + 1);
  size_t n, len = request.len, refused = 0, quiet = 0;

  memcpy(bytes, request.ptr, len);
  bytes[len] = 0;
  for (n = 0; n < len; n++) {
    refused += deliver(bytes, n, NULL) < 0;
    quiet += fake_auth.calls[0] == '\0';
  }

  is_int(refused, len, "%s: every truncation is refused", what);
  is_int(quiet, len, "%s: before the host hears of it", what);
  ok(deliver(bytes, len + 1, NULL) == SFTP_ERR_EXTRA &&
    fake_auth.calls[0] == '\0', "%s: so is one byte more", what);

  /* For the sanitizers: what a flipped bit means differs. */
  for (n = 0; n < len * 8; n++) {
    bytes[n / 8] ^= (unsigned char) (1U << (n % 8));
    (void) deliver(bytes, len, NULL);
    bytes[n / 8] ^= (unsigned char) (1U << (n % 8));
  }
}

static void malformed_messages_are_refused(void) {
  bool wiped = false;
  size_t i, n;
  unsigned char *bytes;

  START(simple);
  request_of("alice", "ssh-connection", "none");
  check_message("none");
  put_password("alice", "secret");
  check_message("password");
  put_key("alice", ed_key, "ssh-ed25519", false);
  check_message("publickey probe");
  sftp_wr_text(request_of("alice", "ssh-connection", "keyboard-interactive"),
    "");
  sftp_wr_text(&request, "pam");
  check_message("keyboard-interactive");
  put_signed("alice", ed_key, "ssh-ed25519", "ssh-ed25519");
  check_message("publickey");
  put_hostbased("alice", ed_key, "ssh-ed25519", "here.example", "alice");
  check_message("hostbased");

  /* Every bit of the signed part and of the signature counts, but those of
   * the boolean in front: all that is not zero is true (RFC 4251, section 5).
   */
  put_signed("alice", ed_key, "ssh-ed25519", "ssh-ed25519");
  bytes = request.ptr;
  for (i = n = 0; i < request.len * 8; i++) {
    if (i / 8 == 4 + 5 + 4 + 14 + 4 + 9) {
      continue;
    }

    bytes[i / 8] ^= (unsigned char) (1U << (i % 8));
    (void) deliver(bytes, request.len, NULL);
    n += cl->server->state.authenticated;
    bytes[i / 8] ^= (unsigned char) (1U << (i % 8));
  }

  is_int(n, 0, "no flipped bit of a signed request logs in");
  ok(deliver(bytes, request.len, NULL) == SFTP_OK &&
    cl->server->state.authenticated, "the request itself does");

  put_password("alice", "secret");
  ok(deliver(request.ptr, request.len, &wiped) == SFTP_OK && wiped,
    "a password does not stay in the buffer it came in");
  stop();
}

/* SFTPAuthMethods reads and names methods by the table that serves them. */
static void chains_know_the_methods_that_are_served(void) {
  const char *names = sftp_auth_method_names(top), *c;
  unsigned int seen = 0;

  for (c = names; *c != '\0'; c += *c != '\0' ? 2 : 0) {
    size_t n = strcspn(c, ",");
    const char *name = pstrndup(top, c, n);
    unsigned int bit = sftp_auth_method_bit(name);

    ok(bit != 0 && (seen & bit) == 0, "%s has a bit of its own", name);
    is_str(sftp_auth_method_name(bit), name, "... and is found by it");
    seen |= bit;
    c += n;
  }

  is_int(seen, AUTH_PUBLICKEY|AUTH_HOSTBASED|AUTH_KBDINT|AUTH_PASSWORD, "all");
  is_int(sftp_auth_method_bit("none"), 0, "none is in no chain");
  is_int(sftp_auth_method_bit("publickey-hostbound-v00@openssh.com"), 0,
    "nor is another name of publickey");
  is_int(sftp_auth_method_bit("Password"), 0, "names have their case");
}

int main(void) {
  top = make_sub_pool(permanent_pool);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto, no tests");
  }

  ed_key = load("ed25519");
  rsa_key = load("rsa");
  ec_key = load("ecdsa256");
  users[0].keys[0] = ed_key->blob;
  users[0].keys[1] = rsa_key->blob;

  chains_know_the_methods_that_are_served();
  services_come_in_order();
  none_lists_the_methods();
  a_password_logs_in();
  a_change_of_password_is_a_failure();
  impossible_passwords_fail_as_others();
  unknown_users_are_not_told();
  the_last_attempt_ends_it();
  without_a_limit_only_requests_are_bounded();
  few_signatures_are_checked();
  the_time_for_a_login_ends();
  what_is_no_attempt_is_not_counted();
  unknown_methods_are_answered();
  no_methods_left_ends_it();
  long_fields_of_a_key_are_refused();
  long_fields_of_a_host_key_are_refused();
  a_probe_tells_authorised_keys_only();
  signatures_log_in();
  logins_bound_to_our_host_key();
  bad_signatures_do_not();
  algorithms_go_with_their_keys();
  short_dsa_keys_are_refused();
  fingerprints_have_forms();
  fingerprints_are_written_as_the_directive_says();
  hosts_vouch_for_their_users();
  hosts_sign_what_they_say();
  expired_accounts_stay_out();
  a_chain_wants_all_its_steps();
  two_keys_are_two_keys();
  a_denied_login_can_be_tried_again();
  the_user_does_not_change();
  rewritten_names_are_the_hosts_matter();
  names_with_controls_are_refused();
  the_banner_comes_once_in_lines();
  long_banners_are_not_sent();
  prompts_have_limits();
  drivers_converse();
  a_blocked_pass_opens_nothing();
  keys_change_behind_the_last_answer();
  an_exchange_does_not_begin_twice();
  a_login_within_an_exchange_waits_for_its_end();
  wrong_answers_are_refused();
  a_new_request_abandons_the_old();
  a_conversation_ends_with_the_time_for_it();
  each_driver_is_an_attempt();
  two_drivers_are_two_talks();
  silence_is_no_login();
  secrets_want_encryption();
  malformed_messages_are_refused();

  destroy_pool(top);
  return done_testing();
}
