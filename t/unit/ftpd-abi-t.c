/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-abi-t.c -- what other modules register, read and call: by functions, by
 * HOOKs, and messages of mod_msg.
 */

#include "daemon.h"

#include "base64.h"
#include "conn.h"
#include "crypto.h"
#include "ftpd-abi.h"
#include "ftpd-cmd.h"
#include "ftpd-locks.h"
#include "ftpd-message.h"
#include "ftpd-record.h"
#include "ftpd-report.h"
#include "kex.h"
#include "keys.h"
#include "phase.h"
#include "tap.h"
#include "userauth.h"

module sftp_module;
extern pool *sftp_pool;
extern conn_t *sftp_conn;
extern unsigned int sftp_sess_state, sftp_services;
extern unsigned long sftp_opts;

static pool *p;
static struct ssh_conn conn;
static struct sftp_settings set;
static server_rec server;
static struct ftpd ftpd = { .conn = &conn, .set = &set, .server = &server };
static struct ftpd *current = &ftpd;

/* ---- Of the core, the daemon, and the other files of ftpd/ */

static bool rekeying, has_msg, wrote;
static enum sftp_phase phase;
static int result, flush_result;    /* of the next call of the core */
static unsigned int nasked, nsent, nflushed;
static struct sftp_auth_prompt asked[3];

struct ftpd *ftpd_current(void) {
  return current;
}

bool sftp_kex_running(const struct ssh_conn *c) {
  (void) c;
  return rekeying;
}

enum sftp_phase sftp_phase_beyond_exchange(const struct ssh_conn *c) {
  (void) c;
  return phase;
}

int sftp_auth_ask(struct ssh_conn *c, const char *name,
    const char *instruction, unsigned int n,
    const struct sftp_auth_prompt *prompts) {
  unsigned int i;

  (void) c;
  (void) name;
  (void) instruction;
  nasked = n;
  for (i = 0; i < n && i < SFTP_NELEMS(asked); i++) {
    asked[i].text = pstrdup(p, prompts[i].text);
    asked[i].echo = prompts[i].echo;
  }

  return result;
}

int sftp_auth_answers(struct ssh_conn *c, pool *in, unsigned int n,
    const char ***answers) {
  static const char *all[] = { "one", "two" };

  (void) c;
  (void) in;
  nasked = n;
  *answers = all;
  return result;
}

int sftp_auth_banner(struct ssh_conn *c, const char *text) {
  (void) c;
  wrote = strcmp(text, "hello") == 0;
  return result;
}

int sftp_packet_send(struct sftp_packets *pk, struct sftp_str payload) {
  (void) pk;
  nsent = (unsigned int) payload.len;
  return result;
}

int sftp_packets_flush(struct sftp_packets *pk) {
  (void) pk;
  nflushed++;
  return flush_result;
}

static char said[100];

void sftp_conn_say(struct ssh_conn *c, const char *text) {
  (void) c;
  snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s;", text);
}

unsigned char pr_module_exists(const char *name) {
  return has_msg && strcmp(name, "mod_msg.c") == 0 ? TRUE : FALSE;
}

modret_t *ftpd_lock_pre_read(cmd_rec *cmd) {
  (void) cmd;
  return PR_DECLINED(cmd);
}

modret_t *ftpd_lock_pre_write(cmd_rec *cmd) {
  (void) cmd;
  return PR_DECLINED(cmd);
}

modret_t *ftpd_record_ftp_begins(cmd_rec *cmd) {
  (void) cmd;
  return PR_DECLINED(cmd);
}

modret_t *ftpd_record_ftp_site(cmd_rec *cmd) {
  (void) cmd;
  return PR_DECLINED(cmd);
}

modret_t *ftpd_record_ftp(cmd_rec *cmd) {
  (void) cmd;
  return PR_DECLINED(cmd);
}

modret_t *ftpd_record_ftp_failed(cmd_rec *cmd) {
  (void) cmd;
  return PR_DECLINED(cmd);
}

cmd_rec *ftpd_cmd(pool *in, const char *name, const char *arg, int cls,
    bool ftp) {
  (void) arg;
  (void) cls;
  (void) ftp;
  return pr_cmd_alloc(in, 1, name);
}

static unsigned int nmsg;

modret_t *ftpd_cmd_call(const char *module_name, const char *name, int when,
    cmd_rec *cmd) {
  (void) cmd;
  nmsg += strcmp(module_name, "msg") == 0 && strcmp(name, C_ANY) == 0 &&
    when == POST_CMD;
  daemon_respond("a\n");
  daemon_respond("b");
  return NULL;
}

/* ---- The tests */

static void fails(int res, int error, const char *what) {
  int xerrno = errno;

  ok(res == -1 && xerrno == error, "%s (errno %d)", what, xerrno);
}

static void drivers_have_names(void) {
  static sftp_kbdint_driver_t a, b, c;

  is_int(sftp_kbdint_have_drivers(), 0, "no driver at first");
  ok(sftp_kbdint_first_driver() == NULL, "... to walk along");
  is_int(sftp_kbdint_register_driver("a", &a), 0, "a driver");
  is_str(a.driver_name, "a", "has its name");
  fails(sftp_kbdint_register_driver("a", &b), EEXIST, "which is its own");
  fails(sftp_kbdint_register_driver(NULL, &b), EINVAL, "no name");
  fails(sftp_kbdint_register_driver("b", NULL), EINVAL, "no driver");
  is_int(sftp_kbdint_register_driver("b", &b), 0, "a second one");
  is_int(sftp_kbdint_register_driver("c", &c), 0, "a third one");
  is_int(sftp_kbdint_have_drivers(), 3, "three drivers");
  ok(sftp_kbdint_get_driver("a") == &a && sftp_kbdint_get_driver("b") == &b,
    "are found");
  ok(sftp_kbdint_get_driver("d") == NULL && errno == ENOENT, "others are not");
  ok(sftp_kbdint_get_driver(NULL) == NULL && errno == EINVAL, "nor no name");
  ok(sftp_kbdint_first_driver() == &c && sftp_kbdint_next_driver() == &b &&
    sftp_kbdint_next_driver() == &a && sftp_kbdint_next_driver() == NULL &&
    sftp_kbdint_next_driver() == NULL, "the newest comes first");
  (void) sftp_kbdint_first_driver();
  is_int(sftp_kbdint_unregister_driver("b"), 0, "one goes during a walk");
  ok(sftp_kbdint_next_driver() == &a, "which continues behind it");
  fails(sftp_kbdint_unregister_driver("b"), ENOENT, "it goes once");
  fails(sftp_kbdint_unregister_driver(NULL), EINVAL, "no name goes");
  (void) sftp_kbdint_first_driver();
  is_int(sftp_kbdint_unregister_driver("c"), 0, "the one before goes");
  ok(sftp_kbdint_next_driver() == &a, "a walk has passed it");
}

static const struct {
  int res, error;
} outcomes[] = { { SFTP_ERR_FORMAT, EPERM }, { SFTP_ERR_LIMIT, EPERM },
  { SFTP_ERR_CLOSED, EPERM }, { SFTP_ERR_ORDER, EPERM },
  { SFTP_ERR_CRYPTO, EIO } };

static void drivers_ask(void) {
  static sftp_kbdint_challenge_t c[501];
  size_t i;

  result = SFTP_OK;
  c[0].challenge = "Who?";
  c[0].display_response = TRUE;
  is_int(sftp_kbdint_send_challenge("u", "i", 2, c), 0, "questions");
  ok(nasked == 2 && strcmp(asked[0].text, "Who?") == 0 && asked[0].echo &&
    strcmp(asked[1].text, "") == 0 && !asked[1].echo, "are asked");
  is_int(sftp_kbdint_send_challenge(NULL, NULL, 500, c), 0, "many");
  is_int(nasked, 500, "all of them");
  fails(sftp_kbdint_send_challenge("u", "i", 501, c), EINVAL, "too many");
  fails(sftp_kbdint_send_challenge("u", "i", 0, c), EINVAL, "none");
  fails(sftp_kbdint_send_challenge("u", "i", 1, NULL), EINVAL, "nothing");
  for (i = 0; i < SFTP_NELEMS(outcomes); i++) {
    result = outcomes[i].res;
    fails(sftp_kbdint_send_challenge("u", "i", 1, c), outcomes[i].error,
      "a failure");
  }

  result = SFTP_OK;
  current = NULL;
  fails(sftp_kbdint_send_challenge("u", "i", 1, c), EPERM, "no session");
  current = &ftpd;
  ftpd.conn = NULL;
  fails(sftp_kbdint_send_challenge("u", "i", 1, c), EPERM, "no connection");
  ftpd.conn = &conn;
}

static void drivers_get_answers(void) {
  const char **answers = NULL;
  uint32_t n = 0;
  size_t i;

  result = SFTP_OK;
  ok(sftp_kbdint_recv_response(p, 2, &n, &answers) == 0 && n == 2 &&
    nasked == 2 && strcmp(answers[1], "two") == 0, "answers");
  ok(sftp_kbdint_recv_response(p, 500, &n, &answers) == 0 && nasked == 500,
    "many");
  fails(sftp_kbdint_recv_response(p, 501, &n, &answers), EPERM, "too many");
  fails(sftp_kbdint_recv_response(NULL, 2, &n, &answers), EINVAL, "no pool");
  fails(sftp_kbdint_recv_response(p, 2, NULL, &answers), EINVAL, "no number");
  fails(sftp_kbdint_recv_response(p, 2, &n, NULL), EINVAL, "no place");
  for (i = 0; i < SFTP_NELEMS(outcomes); i++) {
    result = outcomes[i].res;
    fails(sftp_kbdint_recv_response(p, 2, &n, &answers), outcomes[i].error,
      "a failure");
  }

  result = SFTP_OK;
  current = NULL;
  fails(sftp_kbdint_recv_response(p, 2, &n, &answers), EPERM, "no session");
  current = &ftpd;
  ftpd.conn = NULL;
  fails(sftp_kbdint_recv_response(p, 2, &n, &answers), EPERM,
    "no connection");
  ftpd.conn = &conn;
}

static void banners_are_sent_at_once(void) {
  result = SFTP_OK;
  nflushed = 0;
  ok(sftp_auth_send_banner("hello") == 0 && wrote && nflushed == 1,
    "a banner");
  fails(sftp_auth_send_banner(NULL), EINVAL, "no text");
  result = SFTP_ERR_CLOSED;
  fails(sftp_auth_send_banner("hello"), EIO, "a failure");
  is_int(nflushed, 1, "sends nothing");
  current = NULL;
  fails(sftp_auth_send_banner("hello"), EPERM, "no session");
  current = &ftpd;
  ftpd.conn = NULL;
  fails(sftp_auth_send_banner("hello"), EPERM, "no connection");
  ftpd.conn = &conn;
  result = SFTP_OK;
}

static sftp_keystore_t *open_store(pool *in, int ktype, const char *info,
    const char *user) {
  (void) in;
  (void) ktype;
  (void) info;
  (void) user;
  return NULL;
}

static void stores_have_kinds(void) {
  const unsigned int both = SFTP_SSH2_USER_KEY_STORE|SFTP_SSH2_HOST_KEY_STORE;

  ok(ftpd_store_first() == NULL, "no store at first");
  is_int(sftp_keystore_register_store("sql", open_store,
    SFTP_SSH2_USER_KEY_STORE), 0, "a store");
  fails(sftp_keystore_register_store("sql", open_store,
    SFTP_SSH2_USER_KEY_STORE), EEXIST, "is registered once");
  is_int(sftp_keystore_register_store("sql", open_store,
    SFTP_SSH2_HOST_KEY_STORE), 0, "for each kind");
  fails(sftp_keystore_register_store(NULL, open_store, both), EINVAL,
    "no name");
  fails(sftp_keystore_register_store("x", NULL, both), EINVAL, "no function");
  fails(sftp_keystore_register_store("x", open_store, 0), EINVAL, "no kind");
  ok(ftpd_store_find("sql:/x", 3, SFTP_SSH2_USER_KEY_STORE) ==
    ftpd_store_first()->next, "one is found");
  ok(ftpd_store_find("sq", 2, SFTP_SSH2_USER_KEY_STORE) == NULL &&
    ftpd_store_find("sqlx", 4, SFTP_SSH2_USER_KEY_STORE) == NULL &&
    ftpd_store_find("ldap", 4, SFTP_SSH2_USER_KEY_STORE) == NULL &&
    ftpd_store_find("abc", 3, SFTP_SSH2_USER_KEY_STORE) == NULL,
    "no other name is");
  ok(ftpd_store_find("sql", 3, both) == NULL, "it has one kind");
  fails(sftp_keystore_unregister_store(NULL, both), EINVAL, "no name goes");
  fails(sftp_keystore_unregister_store("sql", 0), EINVAL, "no kind goes");
  fails(sftp_keystore_unregister_store("sql", both), ENOENT,
    "both in one do not go");
  is_int(sftp_keystore_unregister_store("sql", SFTP_SSH2_USER_KEY_STORE), 0,
    "one goes");
  ok(ftpd_store_find("sql", 3, SFTP_SSH2_USER_KEY_STORE) == NULL &&
    ftpd_store_find("sql", 3, SFTP_SSH2_HOST_KEY_STORE) != NULL,
    "the other one stays");
}

static void keys_are_compared(void) {
  unsigned char a[51], b[51], bad[3] = "";
  const uint32_t n = sizeof(a);
  struct sftp_str key, other;

  if (sftp_crypto_init() != SFTP_OK || sftp_base64_decode(p, sftp_str_of(
        "AAAAC3NzaC1lZDI1NTE5AAAAIPhXwxpPiCBh0tKiC7jDK2TKcJtoB5ZQhUfQBQrW+Q8Z"),
        &key) != SFTP_OK || sftp_base64_decode(p, sftp_str_of(
        "AAAAC3NzaC1lZDI1NTE5AAAAIOwGItz+O2s2/ZilFv5mFyCrvJdrt6k3gD1pQ6ZEA7s6"),
        &other) != SFTP_OK || key.len != n || other.len != n) {
    bail_out("no keys");
  }

  memcpy(a, key.ptr, n);
  memcpy(b, key.ptr, n);
  is_int(sftp_keys_compare_keys(p, a, n, b, n), 1, "a key is itself");
  memcpy(b, other.ptr, n);
  is_int(sftp_keys_compare_keys(p, a, n, b, n), 0, "not another one");
  fails(sftp_keys_compare_keys(p, a, n, bad, 3), EINVAL, "nor is no key");
  fails(sftp_keys_compare_keys(p, bad, 3, a, n), EINVAL, "... the first");
  fails(sftp_keys_compare_keys(NULL, a, n, b, n), EINVAL, "no pool");
  fails(sftp_keys_compare_keys(p, NULL, n, b, n), EINVAL, "no key");
  fails(sftp_keys_compare_keys(p, a, n, NULL, n), EINVAL, "... the second");
  ok(sftp_crypto_get_errors() != NULL, "errors of libcrypto have a text");
}

static void states_are_published(void) {
  conn_t c;

  session.c = &c;
  set.services = SFTP_SERVICE_FL_SCP;
  set.opts = SFTP_OPT_IGNORE_FIFOS|SFTP_OPT_NO_STRICT_KEX|
    SFTP_OPT_TERSE_REFUSALS|SFTP_OPT_HOSTBASED_ANY_USER;
  phase = PH_SERVICE;
  ftpd_abi_publish(&ftpd);
  ok(sftp_conn == &c && sftp_services == SFTP_SERVICE_DEFAULT,
    "a connection, and the usual services");
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
  is_int(sftp_opts, SFTP_OPT_IGNORE_FIFOS|0x100000, "options");
#else
  is_int(sftp_opts, SFTP_OPT_IGNORE_FIFOS|SFTP_OPT_NO_STRICT_KEX, "options");
#endif
  is_int(sftp_sess_state, 0, "nothing is agreed");
  daemon_set_param("Protocols", "sftp");
  conn.state.keyed = true;
  ftpd_abi_publish(&ftpd);
  is_int(sftp_services, SFTP_SERVICE_FL_SCP, "services that were named");
  is_int(sftp_sess_state, SFTP_SESS_STATE_HAVE_KEX, "keys");
  phase = PH_AUTH;
  rekeying = true;
  ftpd_abi_publish(&ftpd);
  is_int(sftp_sess_state, SFTP_SESS_STATE_HAVE_KEX|
    SFTP_SESS_STATE_HAVE_SERVICE|SFTP_SESS_STATE_REKEYING, "a service");
  rekeying = false;
  conn.peer.ext_info = true;
  ftpd.logged_in = true;
  ftpd_abi_publish(&ftpd);
  is_int(sftp_sess_state, SFTP_SESS_STATE_HAVE_KEX|
    SFTP_SESS_STATE_HAVE_SERVICE|SFTP_SESS_STATE_HAVE_AUTH|
    SFTP_SESS_STATE_HAVE_EXT_INFO, "a login");
  set.opts = SFTP_OPT_NO_EXT_INFO;
  ftpd_abi_publish(&ftpd);
  is_int(sftp_sess_state & SFTP_SESS_STATE_HAVE_EXT_INFO, 0,
    "without extensions");
  conn.peer.ext_info = false;
  set.opts = 0;
  ftpd_abi_publish(&ftpd);
  is_int(sftp_sess_state & SFTP_SESS_STATE_HAVE_EXT_INFO, 0,
    "of either side");
  ftpd.conn = NULL;
  ftpd_abi_publish(&ftpd);
  is_int(sftp_sess_state, SFTP_SESS_STATE_HAVE_AUTH, "without a connection");
  ftpd.conn = &conn;
}

/* ---- HOOKs */

static const cmdtable *hook(const char *name) {
  const cmdtable *h = ftpd_hooks;

  while (h->command != NULL && strcmp(h->command, name) != 0) {
    h++;
  }

  return h;
}

static modret_t *call(const char *name, unsigned int argc, void *arg) {
  cmd_rec *cmd = pr_cmd_alloc(p, argc, arg, arg);

  return hook(name)->handler(cmd);
}

static int handler_result, handler_errno;
static struct ssh2_packet *handled;

static int handler(void *pkt) {
  struct ssh2_packet *got = pkt;

  handled = pcalloc(p, sizeof(*handled));
  *handled = *got;
  handled->payload = pcalloc(p, got->payload_len);
  memcpy(handled->payload, got->payload, got->payload_len);
  errno = handler_errno;
  return handler_result;
}

static int log_in(pool *in, const char *user) {
  (void) in;
  (void) user;
  return 0;
}

static void messages_are_seen_first(void) {
  struct sftp_pkt pkt = { 94, 7, { (const unsigned char *) "data", 4,
    SFTP_OK } };
  int (*fn)(void *) = handler;
  void *arg;

  memcpy(&arg, &fn, sizeof(arg));
  ok(!ftpd_hook_wants_messages() && ftpd_message(&ftpd, &pkt) == 0,
    "nobody wants messages");
  ok(MODRET_ISERROR(call("sftp_set_packet_handler", 2, arg)) &&
    !ftpd_hook_wants_messages(), "two functions are not one");
  ok(!MODRET_ISERROR(call("sftp_set_packet_handler", 1, arg)) &&
    ftpd_hook_wants_messages(), "a module wants them");
  sftp_sess_state = 99;
  is_int(ftpd_message(&ftpd, &pkt), 1, "it takes one");
  ok(handled->seqno == 7 && handled->payload_len == 5 &&
    handled->packet_len == 6 && handled->m == &sftp_module &&
    memcmp(handled->payload, "\136data", 5) == 0, "... whole");
  ok(sftp_sess_state != 99, "... with the state as it is");
  handler_result = -1;
  handler_errno = ENOSYS;
  is_int(ftpd_message(&ftpd, &pkt), 0, "it does not know one");
  handler_errno = EPERM;
  is_int(ftpd_message(&ftpd, &pkt), SFTP_ERR_DENIED, "it refuses one");
}

static void messages_are_sent(void) {
  struct ssh2_packet pkt = { .payload = palloc(p, 4), .payload_len = 4 };
  int (*send)(int, struct ssh2_packet *);
  void *data = call("sftp_get_packet_write", 1, NULL)->data;

  memcpy(&send, &data, sizeof(send));
  ok(MODRET_ISERROR(call("sftp_get_packet_write", 2, NULL)), "no arguments");
  nflushed = 0;
  result = SFTP_OK;
  ok(send(0, &pkt) == 0 && nsent == 4 && nflushed == 1, "a message goes out");
  fails(send(0, NULL), EINVAL, "no message");
  pkt.payload_len = 0;
  fails(send(0, &pkt), EINVAL, "an empty one");
  pkt.payload_len = SFTP_PACKET_MAX - 512;
  ok(send(0, &pkt) == 0 && nsent == SFTP_PACKET_MAX - 512, "a long one");
  pkt.payload_len++;
  fails(send(0, &pkt), EINVAL, "one that is too long");
  pkt.payload_len = 4;
  result = SFTP_ERR_CLOSED;
  fails(send(0, &pkt), EIO, "it fails");
  result = SFTP_OK;
  flush_result = -1;
  fails(send(0, &pkt), EIO, "... later");
  flush_result = 1;
  is_int(send(0, &pkt), 0, "what waits goes out later");
  flush_result = 0;
  is_int(send(0, &pkt), 0, "or at once");
  current = NULL;
  fails(send(0, &pkt), EPERM, "no session");
  current = &ftpd;
  ftpd.conn = NULL;
  fails(send(0, &pkt), EPERM, "no connection");
  ftpd.conn = &conn;
  pkt.payload = NULL;
  fails(send(0, &pkt), EINVAL, "no bytes");
}

static void logins_are_replaced(void) {
  int (*fn)(pool *, const char *) = log_in;
  void *arg;

  memcpy(&arg, &fn, sizeof(arg));
  ok(MODRET_ISERROR(call("sftp_set_auth_success_handler", 2, arg)) &&
    ftpd_hook_login == NULL, "two functions are not one");
  ok(!MODRET_ISERROR(call("sftp_set_auth_success_handler", 1, arg)) &&
    ftpd_hook_login == log_in, "another login");
}

/* ---- mod_msg */

static void administrators_talk(void) {
  pool *responses = make_sub_pool(p);
  pr_response_t *pending;

  ftpd_message_init();
  is_int(daemon_happens("core.signal.USR2", NULL), 0, "without mod_msg");
  has_msg = true;
  ftpd_message_init();
  pr_response_set_pool(responses);
  daemon_respond("pending");
  pending = resp_list;
  session.user = "alice";
  ftpd_message_check(&ftpd);
  is_int(nmsg, 0, "nothing was said");
  is_int(daemon_happens("core.signal.USR2", NULL), 1, "with mod_msg");
  ftpd.logged_in = false;
  ftpd_message_check(&ftpd);
  is_int(nmsg, 0, "strangers are told nothing");
  ftpd.logged_in = true;
  ftpd.conn = NULL;
  ftpd_message_check(&ftpd);
  is_int(nmsg, 0, "nor is nobody");
  ftpd.conn = &conn;
  ftpd_message_check(&ftpd);
  is_int(nmsg, 1, "users are");
  ok(strchr(said, '\n') == NULL && strstr(said, ";b;") != NULL,
    "every line, without controls: %s", said);
  ok(resp_list == pending && pr_response_get_pool() == responses,
    "other responses stay");
  ftpd_message_check(&ftpd);
  is_int(nmsg, 1, "once");
}

int main(void) {
  p = make_sub_pool(permanent_pool);
  ftpd.pool = session.pool = p;
  ftpd_abi_init();
  ok(sftp_pool != NULL, "a pool for registers");
  drivers_have_names();
  drivers_ask();
  drivers_get_answers();
  banners_are_sent_at_once();
  stores_have_kinds();
  keys_are_compared();
  states_are_published();
  messages_are_seen_first();
  messages_are_sent();
  logins_are_replaced();
  administrators_talk();
  destroy_pool(p);
  return done_testing();
}
