/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-verify-t.c -- who gets in: what the daemon says of passwords and
 * accounts, what shadow(5) says, and what hosts say of their users.
 */

#include "daemon.h"
#include "ftpd-anon.h"
#include "ftpd-keystore.h"
#include "ftpd-log.h"
#include "ftpd-login.h"
#include "ftpd-usercert.h"
#include "tap.h"

#include "ftpd-user.h"
#include "ftpd-userkey.h"

#include <shadow.h>

#include "../fake/ftpd-log.h"

static pool *p;
static struct passwd alice = { .pw_name = (char *) "alice",
  .pw_dir = (char *) "/home/alice", .pw_shell = (char *) "/bin/sh" };
static int auth_code, account_code, shadow_code;
static unsigned int shadow_asked, checked;
static const char *checked_hash;
static bool has_key, revoked;

static struct sftp_settings settings;
static struct ftpd_login state;
static server_rec server;
static struct ftpd host = { .login = &state, .set = &settings,
  .server = &server };

/* ---- The daemon */

int ServerUseReverseDNS = FALSE;

struct passwd *pr_auth_getpwnam(pool *pl, const char *name) {
  (void) pl;
  return strcmp(name, "alice") == 0 || strcmp(name, "ALICE") == 0 ? &alice :
    NULL;
}

int pr_auth_authenticate(pool *pl, const char *name, const char *password) {
  (void) pl;
  (void) name;
  (void) password;
  return auth_code;
}

int pr_auth_authorize(pool *pl, const char *name) {
  (void) pl;
  (void) name;
  return account_code;
}

int pr_auth_check(pool *pl, const char *hash, const char *name,
    const char *password) {
  (void) pl;
  (void) name;
  checked++;
  checked_hash = pstrdup(p, hash);
  return strcmp(hash, password) == 0 ? PR_AUTH_OK : PR_AUTH_BADPWD;
}

void pr_auth_setpwent(pool *pl) {
  (void) pl;
}

void pr_auth_endpwent(pool *pl) {
  (void) pl;
}

/* Lists of accounts: so many without a hash, then one with that hash. */
static unsigned int nlisted[2], before_hash[2];
static const char *hash_of[2];          /* passwd, shadow; NULL: the end */
static const char *database;            /* a module */

struct passwd *pr_auth_getpwent(pool *pl) {
  static struct passwd pw;

  (void) pl;
  if (hash_of[0] == NULL) {
    return NULL;
  }

  nlisted[0]++;
  pw.pw_passwd = (char *) (nlisted[0] <= before_hash[0] ?
    nlisted[0] % 2 == 0 ? "x" : NULL : hash_of[0]);
  return &pw;
}

unsigned char pr_module_exists(const char *name) {
  return database != NULL && strcmp(name, database) == 0 ? TRUE : FALSE;
}

void setspent(void) {
}

struct spwd *getspent(void) {
  static struct spwd sp;

  if (hash_of[1] == NULL) {
    return NULL;
  }

  nlisted[1]++;
  sp.sp_pwdp = (char *) (nlisted[1] <= before_hash[1] ?
    nlisted[1] % 2 == 0 ? "!" : NULL : hash_of[1]);
  return &sp;
}

void endspent(void) {
}

static unsigned int nunknown;

void pr_event_generate(const char *event, const void *data) {
  (void) data;
  nunknown += strcmp(event, "mod_auth.authentication-code") == 0;
}

void pr_response_add_err(const char *code, const char *fmt, ...) {
  (void) code;
  (void) fmt;
}

/* ---- Other files */

static unsigned int nseen;

void ftpd_seen_key(const struct ftpd *h SFTP_UNUSED, pool *pl SFTP_UNUSED,
    struct sftp_str blob SFTP_UNUSED, const struct sftp_cert *cert SFTP_UNUSED,
    bool of_host) {
  nseen += of_host ? 0 : 1;
}

xaset_t *ftpd_anon_conf(const struct ftpd *h SFTP_UNUSED) {
  return NULL;
}

static bool anon_rejects, anon_free;

bool ftpd_anon_rejects(const struct ftpd *h SFTP_UNUSED,
    const char *password SFTP_UNUSED) {
  return anon_rejects;
}

bool ftpd_anon_wants_password(const struct ftpd *h SFTP_UNUSED) {
  return !anon_free;
}

static char *rewritten_to;      /* by a handler of PASS, or NULL */

enum ftpd_verdict ftpd_auth_begin_pass(struct ftpd *h SFTP_UNUSED,
    char *password, const char **rewritten) {
  *rewritten = rewritten_to != NULL ? rewritten_to : password;
  return FTPD_AUTH_OK;
}

const char *ftpd_auth_local_text(pool *pl SFTP_UNUSED, const char *text) {
  return text;
}

int ftpd_keystore_user_key(struct ftpd *h SFTP_UNUSED, pool *pl SFTP_UNUSED,
    struct sftp_str blob SFTP_UNUSED, const struct sftp_cert *cert SFTP_UNUSED,
    struct ftpd_key_grant *grant SFTP_UNUSED) {
  return has_key ? 0 : -1;
}

int ftpd_known_key(struct ftpd *h SFTP_UNUSED, pool *pl SFTP_UNUSED,
    struct sftp_str blob SFTP_UNUSED, const char *name SFTP_UNUSED,
    const char *client_user SFTP_UNUSED, const char **id SFTP_UNUSED) {
  return has_key ? 0 : -1;
}

int ftpd_usercert_allows(struct ftpd *h SFTP_UNUSED, pool *pl SFTP_UNUSED,
    const struct sftp_cert *cert SFTP_UNUSED,
    struct ftpd_key_grant *grant SFTP_UNUSED) {
  return -1;
}

bool ftpd_userkey_revoked(struct ftpd *h SFTP_UNUSED, pool *pl SFTP_UNUSED,
    struct sftp_str blob SFTP_UNUSED, const struct sftp_cert *cert SFTP_UNUSED,
    const char *what SFTP_UNUSED, bool probe SFTP_UNUSED) {
  return revoked;
}

void ftpd_log_because(const char *text SFTP_UNUSED) {
}

static unsigned int nforgot;

void ftpd_log_forget(void) {
  nforgot++;
}

int ftpd_shadow_code(const struct passwd *pw) {
  shadow_asked += pw != NULL;
  return shadow_code;
}

/* Two drivers, of which the second one asks. */
static int open_result, open_errno, driver_result, driver_errno;
static unsigned int nasked, nclosed;

static int open_driver(sftp_kbdint_driver_t *d SFTP_UNUSED,
    const char *user SFTP_UNUSED) {
  errno = open_errno != 0 ? open_errno : errno;
  return open_result;
}

static int run_driver(sftp_kbdint_driver_t *d SFTP_UNUSED,
    const char *user SFTP_UNUSED) {
  nasked++;
  errno = driver_errno != 0 ? driver_errno : errno;
  return driver_result;
}

static int close_driver(sftp_kbdint_driver_t *d SFTP_UNUSED) {
  nclosed++;
  errno = 0;
  return 0;
}

static sftp_kbdint_driver_t drivers[2] = { { .driver_name = "one" },
  { .driver_name = "two", .open = open_driver, .authenticate = run_driver,
    .close = close_driver } };
static unsigned int driver_at;

sftp_kbdint_driver_t *sftp_kbdint_first_driver(void) {
  driver_at = 0;
  return &drivers[0];
}

sftp_kbdint_driver_t *sftp_kbdint_next_driver(void) {
  return ++driver_at < 2 ? &drivers[driver_at] : NULL;
}

sftp_kbdint_driver_t *sftp_kbdint_get_driver(const char *name) {
  return strcmp(name, "two") == 0 ? &drivers[1] : NULL;
}

static void is_user(const char *name) {
  memset(&state, 0, sizeof(state));
  state.pool = p;
  state.given = name;
  host.pool = p;
  host.user = name;
  host.orig_user = name;
}

/* ---- Codes */

static const struct { int code; enum ftpd_verdict verdict; } codes[] = {
  { PR_AUTH_OK, FTPD_AUTH_OK }, { PR_AUTH_OK_NO_PASS, FTPD_AUTH_OK },
  { PR_AUTH_RFC2228_OK, FTPD_AUTH_OK }, { PR_AUTH_ERROR, FTPD_AUTH_ERROR },
  { PR_AUTH_NOPWD, FTPD_AUTH_NO_USER }, { PR_AUTH_BADPWD, FTPD_AUTH_BAD },
  { PR_AUTH_AGEPWD, FTPD_AUTH_EXPIRED },
  { PR_AUTH_DISABLEDPWD, FTPD_AUTH_DISABLED },
  { PR_AUTH_CRED_ERROR, FTPD_AUTH_ERROR },
  { PR_AUTH_NEW_TOKEN_REQUIRED, FTPD_AUTH_ERROR }, { -100, FTPD_AUTH_ERROR }
};

static void the_daemon_decides(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(codes); i++) {
    is_user("alice");
    auth_code = codes[i].code;
    is_int(ftpd_auth_password(&host, "x"), codes[i].verdict,
      "a password with code %d", codes[i].code);
    account_code = codes[i].code;
    shadow_code = PR_AUTH_OK;
    is_int(ftpd_auth_authorize(&host), codes[i].verdict,
      "an account with code %d", codes[i].code);
  }
}

static void shadow_decides_as_well(void) {
  is_user("alice");
  account_code = PR_AUTH_OK;
  shadow_asked = 0;
  shadow_code = PR_AUTH_DISABLEDPWD;
  is_int(ftpd_auth_authorize(&host), FTPD_AUTH_DISABLED,
    "an account that has expired");
  account_code = PR_AUTH_OK_NO_PASS;
  shadow_code = PR_AUTH_AGEPWD;
  is_int(ftpd_auth_authorize(&host), FTPD_AUTH_EXPIRED,
    "a password that has, without need of it");
  is_int(shadow_asked, 2, "... by what the system says of the user");
  account_code = PR_AUTH_DISABLEDPWD;
  shadow_code = PR_AUTH_OK;
  is_int(ftpd_auth_authorize(&host), FTPD_AUTH_DISABLED,
    "who is refused by the daemon is not let in by shadow");
  is_int(shadow_asked, 2, "... which is not asked");
}

static void unknown_users_cost_the_same(void) {
  is_user("nobody-here");
  auth_code = PR_AUTH_OK;
  checked = 0;
  is_int(ftpd_auth_password(&host, "x"), FTPD_AUTH_NO_USER,
    "an unknown user, whatever a module says");
  is_int(checked, 1, "... for whom a hash is computed");
}

/* The hash that is computed for them is that of some account. */
static void is_hash(const char *want, const char *why) {
  is_user("nobody-here");
  nlisted[0] = nlisted[1] = 0;
  checked_hash = NULL;
  (void) ftpd_auth_password(&host, "x");
  is_str(checked_hash, want, "%s", why);
}

static void unknown_users_have_a_hash(void) {
  database = NULL;
  hash_of[0] = hash_of[1] = NULL;
  is_user("nobody-here");
  (void) ftpd_auth_password(&host, "x");
  ok(strncmp(checked_hash, "$6$", 3) == 0, "one of its own, without any list");
  hash_of[0] = "$passwd";
  hash_of[1] = "$shadow";
  before_hash[0] = before_hash[1] = 31;
  is_hash("$passwd", "the first of the accounts");
  before_hash[0] = 32;
  is_hash("$shadow", "... if it is near");
  is_int(nlisted[0], 32, "... no more are read");
  database = "mod_sql.c";
  is_hash("$shadow", "databases are not listed");
  is_int(nlisted[0], 0, "... at all");
  database = "mod_ldap.c";
  is_hash("$shadow", "nor directories");
  before_hash[1] = 32;
  is_user("nobody-here");
  nlisted[1] = 0;
  (void) ftpd_auth_password(&host, "x");
  ok(nlisted[1] == 32 && strncmp(checked_hash, "$6$", 3) == 0,
    "or one of its own again");
  hash_of[0] = hash_of[1] = database = NULL;
  before_hash[0] = before_hash[1] = 0;
}

static void passwords_are_wiped(void) {
  char other[] = "other";

  is_user("alice");
  auth_code = PR_AUTH_OK;
  rewritten_to = other;
  is_int(ftpd_auth_password(&host, "x"), FTPD_AUTH_OK, "one that is rewritten");
  is_mem(other, sizeof(other), "\0\0\0\0\0", 6, "... is wiped");
  rewritten_to = NULL;
}

static void entries_are_found(void) {
  is_user("bob");
  state.anon_user = "alice";
  ok(ftpd_auth_entry(&host) == NULL, "an unknown user");
  is_user("bob");
  state.anon = (config_rec *) &state;
  ok(ftpd_auth_entry(&host) == NULL, "... of <Anonymous> without an account");
  state.anon_user = "alice";
  ftpd_auth_forget_entry(&host);
  ok(ftpd_auth_entry(&host) != NULL, "... and with one");
  is_str(ftpd_auth_name(&host), "bob", "... has its name");
  session.user = "carol";
  is_str(ftpd_auth_name(&host), "carol", "who is logged in has theirs");
  session.user = NULL;
}

static void empty_passwords(void) {
  int no = FALSE;

  is_user("alice");
  auth_code = PR_AUTH_OK;
  is_int(ftpd_auth_password(&host, ""), FTPD_AUTH_OK, "an empty password");
  daemon_set_param("AllowEmptyPasswords", &no);
  is_int(ftpd_auth_password(&host, ""), FTPD_AUTH_EMPTY,
    "... under AllowEmptyPasswords off");
  is_int(ftpd_auth_password(&host, "x"), FTPD_AUTH_OK, "... and another one");
  daemon_forget_config();
}

static void hashes_of_the_configuration(void) {
  static const char *const words[] = { "alice", "hers", NULL };

  daemon_add_words("UserPassword", words);
  is_user("alice");
  auth_code = PR_AUTH_BADPWD;
  is_int(ftpd_auth_password(&host, "hers"), FTPD_AUTH_OK, "UserPassword");
  auth_code = PR_AUTH_OK;
  is_int(ftpd_auth_password(&host, "other"), FTPD_AUTH_BAD,
    "... goes before the user's own");
  is_user("ALICE");
  is_int(ftpd_auth_password(&host, "other"), FTPD_AUTH_BAD,
    "... however the name is spelt");
  daemon_forget_config();
}

/* ---- Keys */

static enum ftpd_verdict by_key(void) {
  static const struct sftp_str blob;

  return ftpd_auth_user_key(&host, p, blob, NULL, false, NULL);
}

static enum ftpd_verdict by_host(const char *name, const char *user) {
  static const struct sftp_str blob;
  const char *id = NULL;

  return ftpd_auth_host_key(&host, p, blob, name, user, &id);
}

static void keys_are_told(void) {
  static const struct sftp_str blob;

  is_user("alice");
  has_key = true;
  revoked = false;
  nseen = nforgot = 0;
  (void) ftpd_auth_user_key(&host, p, blob, NULL, true, NULL);
  ok(nseen == 0 && nforgot == 1, "a question is not a login");
  (void) ftpd_auth_user_key(&host, p, blob, NULL, false, NULL);
  ok(nseen == 1 && nforgot == 2, "a proof is");
  has_key = false;
  (void) ftpd_auth_user_key(&host, p, blob, NULL, false, NULL);
  ok(nseen == 1 && nforgot == 2, "a key that is not known is not");
  is_user("nobody-here");
  has_key = true;
  nunknown = 0;
  is_int(ftpd_auth_user_key(&host, p, blob, NULL, true, NULL),
    FTPD_AUTH_NO_USER, "an unknown user");
  ok(nseen == 1 && nforgot == 2 && nunknown == 1, "... is told");
  (void) ftpd_auth_user_key(&host, p, blob, NULL, true, NULL);
  is_int(nunknown, 1, "... once, for questions");
  (void) ftpd_auth_user_key(&host, p, blob, NULL, false, NULL);
  is_int(nunknown, 2, "... and for each proof");
  has_key = false;
}

static void keys_that_are_known(void) {
  is_user("alice");
  has_key = true;
  is_int(by_key(), FTPD_AUTH_OK, "a key");
  revoked = true;
  is_int(by_key(), FTPD_AUTH_BAD, "a revoked one");
  is_int(by_host("client", "alice"), FTPD_AUTH_BAD, "... of a host");
  revoked = has_key = false;
  is_int(by_key(), FTPD_AUTH_BAD, "an unknown one");
  is_int(by_host("client", "alice"), FTPD_AUTH_BAD, "... of a host");
  has_key = true;
  is_user("nobody-here");
  is_int(by_key(), FTPD_AUTH_NO_USER, "a key without a user");
  is_int(by_host("client", "nobody-here"), FTPD_AUTH_NO_USER,
    "... nor by a host");
}

static void hosts_vouch_for_their_users(void) {
  static const struct {
    const char *name, *user;
    enum ftpd_verdict verdict;
  } hosts[] = {
    { "client.example", "alice", FTPD_AUTH_OK },
    { "CLIENT.example.", "alice", FTPD_AUTH_OK },
    { "client.example..", "alice", FTPD_AUTH_BAD },
    { "client", "alice", FTPD_AUTH_BAD }, { "", "alice", FTPD_AUTH_BAD },
    { ".", "alice", FTPD_AUTH_BAD }, { "client.example", "bob", FTPD_AUTH_BAD }
  };
  size_t i;

  is_user("alice");
  ServerUseReverseDNS = TRUE;
  for (i = 0; i < SFTP_NELEMS(hosts); i++) {
    is_int(by_host(hosts[i].name, hosts[i].user), hosts[i].verdict,
      "%s of host '%s'", hosts[i].user, hosts[i].name);
  }

  ServerUseReverseDNS = FALSE;
  is_int(by_host("other", "alice"), FTPD_AUTH_OK,
    "names of hosts count where names are looked up");
  settings.opts = SFTP_OPT_HOSTBASED_ANY_USER;
  is_int(by_host("other", "bob"), FTPD_AUTH_OK, "HostbasedAnyUser");
  settings.opts = 0;
  host.orig_user = "alias";
  is_int(by_host("other", "alias"), FTPD_AUTH_OK, "who has an alias here");
  is_int(by_host("other", "bob"), FTPD_AUTH_BAD, "... and who has not");
}

/* ---- Anonymous users */

static void anonymous_users_may_need_no_password(void) {
  config_rec anon;

  memset(&anon, 0, sizeof(anon));
  is_user("alice");
  auth_code = PR_AUTH_BADPWD;
  shadow_code = PR_AUTH_OK;
  anon_rejects = anon_free = true;
  is_int(ftpd_auth_password(&host, "x"), FTPD_AUTH_BAD, "a user needs one");
  ok(state.anon_password == NULL, "which is not kept");
  state.anon = &anon;
  auth_code = PR_AUTH_OK;
  is_int(ftpd_auth_password(&host, "x"), FTPD_AUTH_BAD, "one is rejected");
  anon_rejects = false;
  auth_code = PR_AUTH_BADPWD;
  is_int(ftpd_auth_password(&host, "x"), FTPD_AUTH_OK, "any other one is good");
  is_str(state.anon_password, "x", "and kept");
  anon_free = false;
  is_int(ftpd_auth_password(&host, "x"), FTPD_AUTH_BAD, "or is checked");
}

/* ---- Keyboard-interactive */

static enum ftpd_verdict by_driver(const char *user) {
  is_user(user);
  fake_log_reset();
  nasked = nclosed = 0;
  return ftpd_auth_kbdint(&host, "two");
}

static void drivers_decide(void) {
  is_str(ftpd_kbdint_driver(&host, 0), "one", "the first driver");
  is_str(ftpd_kbdint_driver(&host, 1), "two", "the second one");
  is_str(ftpd_kbdint_driver(&host, 2), NULL, "no more");
  is_str(ftpd_kbdint_driver(&host, 3), NULL, "than that");
  is_user("alice");
  is_int(ftpd_auth_kbdint(&host, "none"), FTPD_AUTH_ERROR, "no driver");
  is_int(by_driver("alice"), FTPD_AUTH_OK, "one that accepts");
  ok(nasked == 1 && nclosed == 1, "is asked, and closed");
  is_int(by_driver("nobody-here"), FTPD_AUTH_NO_USER, "a user without a name");
  ok(nasked == 1 && nclosed == 1, "is asked the same");
  driver_result = -1;
  is_int(by_driver("alice"), FTPD_AUTH_BAD, "one that refuses");
  ok(nclosed == 1 && fake_log_has(strerror(EPERM)), "without a reason");
  driver_errno = ENOENT;
  is_int(by_driver("alice"), FTPD_AUTH_BAD, "or with one");
  ok(fake_log_has("refused user 'alice'") && fake_log_has(strerror(ENOENT)),
    "which is logged");
  open_result = -1;
  is_int(by_driver("alice"), FTPD_AUTH_ERROR, "one that cannot be used");
  ok(nasked == 0 && nclosed == 0 && fake_log_has("cannot be used: Operation"),
    "without a reason");
  open_errno = ENOENT;
  is_int(by_driver("alice"), FTPD_AUTH_ERROR, "or with one");
  ok(fake_log_has("cannot be used: No such"), "which is logged");
  is_int(by_driver("nobody-here"), FTPD_AUTH_NO_USER, "nobody learns of that");
}

int main(void) {
  p = make_sub_pool(NULL);
  daemon_client("192.0.2.1", "client.example");
  the_daemon_decides();
  shadow_decides_as_well();
  unknown_users_cost_the_same();
  unknown_users_have_a_hash();
  passwords_are_wiped();
  entries_are_found();
  keys_are_told();
  empty_passwords();
  hashes_of_the_configuration();
  keys_that_are_known();
  hosts_vouch_for_their_users();
  anonymous_users_may_need_no_password();
  drivers_decide();
  return done_testing();
}
