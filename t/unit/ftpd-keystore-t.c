/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keystore-t.c -- SFTPAuthorizedUserKeys: which stores are asked, how
 * often, and which of their entries count.
 */

#include "daemon.h"

#include "base64.h"
#include "cert.h"
#include "crypto.h"
#include "ftpd-abi.h"
#include "ftpd-home.h"
#include "ftpd-keyfile.h"
#include "ftpd-keyopts.h"
#include "ftpd-keystore.h"
#include "ftpd-log.h"
#include "ftpd-login.h"
#include "ftpd-lookup.h"
#include "ftpd-rules.h"
#include "ftpd-source.h"
#include "ftpd-usercert.h"
#include "ftpd-userkey.h"
#include "keys.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

#define ED \
  "AAAAC3NzaC1lZDI1NTE5AAAAIPhXwxpPiCBh0tKiC7jDK2TKcJtoB5ZQhUfQBQrW+Q8Z"
#define ED2 \
  "AAAAC3NzaC1lZDI1NTE5AAAAIOwGItz+O2s2/ZilFv5mFyCrvJdrt6k3gD1pQ6ZEA7s6"

module sftp_module;

static pool *p;
static struct sftp_settings set;
static struct ftpd_login state;
static server_rec server;
static struct ftpd ftpd = { .login = &state, .set = &set, .server = &server };
static struct ftpd *current;
static struct sftp_str ed, ed2;

/* ---- Of the daemon */

void pr_signals_handle(void) {
}

static bool no_home;

int pr_fs_interpolate(const char *path, char *to, size_t n) {
  return no_home ? -1 : snprintf(to, n, "/home/%s%s", session.user,
    path + 1);
}

/* ---- Of the other files of ftpd/ */

static const char *home;        /* of the user; NULL: there is no such user */
static bool up;                 /* the name would lead elsewhere */
static const char *texts[2][2]; /* of files: a path and its text */
static const char *file_why;
static const struct passwd *owner;
static bool insecure;
static const char *named;       /* by the options of an entry, or NULL */
static unsigned int nforgot;

struct ftpd *ftpd_current(void) {
  return current;
}

struct passwd *ftpd_auth_entry(struct ftpd *h) {
  static struct passwd pw;

  (void) h;
  pw.pw_dir = (char *) home;
  return home != NULL ? &pw : NULL;
}

const char *ftpd_auth_name(struct ftpd *h) {
  (void) h;
  return "alice";
}

const char *ftpd_subst_user(struct ftpd *h, pool *in, const char *path) {
  (void) h;
  return up ? NULL : sreplace(in, path, "%u", "alice", NULL);
}

int ftpd_keyfile_text(pool *in, const char *path,
    const struct ftpd_keyfile_rule *rule, struct sftp_str *text,
    const char **why) {
  size_t i;

  (void) in;
  owner = rule->user;
  insecure = rule->insecure;
  if (file_why != NULL) {
    *why = file_why;
    return -1;
  }

  for (i = 0; i < SFTP_NELEMS(texts); i++) {
    if (texts[i][0] != NULL && strcmp(texts[i][0], path) == 0) {
      *text = sftp_str_of(texts[i][1]);
      return 0;
    }
  }

  errno = ENOENT;
  return -1;
}

bool ftpd_keyopts_read(pool *in, const char *options, struct ftpd_keyopts *o,
    const char **why) {
  (void) in;
  memset(o, 0, sizeof(*o));
  if (options != NULL && strstr(options, "bad") != NULL) {
    *why = "bad options";
    return false;
  }

  o->authority = options != NULL && strstr(options, "authority") != NULL;
  o->principals = options != NULL && strstr(options, "principals") != NULL ?
    "bob" : NULL;
  o->command = options != NULL && strstr(options, "command") != NULL ?
    "internal-sftp" : NULL;
  return true;
}

void ftpd_keyopts_grant(const struct ftpd_keyopts *o,
    struct ftpd_key_grant *grant) {
  grant->command = o->command;
  grant->verify = o->verify;
  grant->no_touch = o->no_touch;
}

bool ftpd_usercert_is_for(struct ftpd *h, pool *in,
    const struct sftp_cert *cert, const char *principals) {
  (void) h;
  (void) in;
  (void) cert;
  named = principals;
  return principals == NULL ? state.name == NULL : false;
}

void ftpd_log_because(const char *text) {
  (void) text;
  nforgot++;
}

static unsigned int nexec, nldap, nsql;
static const char *exec_text, *exec_why;
static bool may_not, no_words;

char **ftpd_words(const struct ftpd_ask *ask, const char *text) {
  char **words = pcalloc(ask->pool, 3 * sizeof(char *));

  words[0] = pstrdup(ask->pool, text);
  words[1] = pstrdup(ask->pool, ask->blob.len == ed.len &&
    memcmp(ask->blob.ptr, ed.ptr, ed.len) == 0 ? "ed" : "other");
  return no_words ? NULL : words;
}

bool ftpd_keyexec_may(const struct ftpd_ask *ask, const char *info,
    char **words) {
  (void) ask;
  (void) info;
  (void) words;
  return !may_not;
}

int ftpd_keyexec_read(const struct ftpd_ask *ask, char **words,
    struct ftpd_answer *a) {
  (void) ask;
  (void) words;
  nexec++;
  a->why = exec_why;
  a->text = sftp_str_of(exec_text != NULL ? exec_text : "");
  return exec_text != NULL ? 0 : -1;
}

int ftpd_keyldap_read(const struct ftpd_ask *ask, char **words,
    struct ftpd_answer *a) {
  (void) ask;
  (void) a;
  nldap += strcmp(words[0], "ldap:") == 0;
  return -1;
}

int ftpd_keysql_read(const struct ftpd_ask *ask, char **words,
    struct ftpd_answer *a) {
  (void) ask;
  (void) words;
  (void) a;
  nsql++;
  return -1;
}

/* ---- A store of another module */

static bool no_store, no_open, no_verify;
static unsigned int nverified, nclosed;
static int verdict;

static int verify(sftp_keystore_t *store, pool *in, const char *user,
    unsigned char *key, uint32_t len SFTP_KEYSTORE_HEADERS) {
  (void) store;
  (void) in;
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
  (void) headers;
#endif
  nverified += strcmp(user, "alice") == 0 && len == ed.len && key != ed.ptr;
  return verdict;
}

static int close_store(sftp_keystore_t *store) {
  (void) store;
  nclosed++;
  return 0;
}

static sftp_keystore_t *open_store(pool *in, int ktype, const char *info,
    const char *user) {
  static sftp_keystore_t store;

  (void) in;
  (void) ktype;
  (void) user;
  store.verify_user_key = no_verify ? NULL : verify;
  store.store_close = strcmp(info, "/open/alice") == 0 ? NULL : close_store;
  return no_open ? NULL : &store;
}

const struct ftpd_store *ftpd_store_find(const char *name, size_t len,
    unsigned int ktypes) {
  static const struct ftpd_store store = { NULL, "other", open_store,
    SFTP_SSH2_USER_KEY_STORE };

  return !no_store && len == 5 && strncmp(name, "other", 5) == 0 &&
    ktypes == SFTP_SSH2_USER_KEY_STORE ? &store : NULL;
}

static struct {
  const char *name;
  sftp_keystore_t *(*open)(pool *, int, const char *, const char *);
  unsigned int ktypes;
} registered[4];

static unsigned int nregistered;
static int register_errno;

int sftp_keystore_register_store(const char *name,
    sftp_keystore_t *(*open)(pool *, int, const char *, const char *),
    unsigned int ktypes) {
  if (register_errno != 0) {
    errno = register_errno;
    return -1;
  }

  registered[nregistered].name = name;
  registered[nregistered].open = open;
  registered[nregistered++].ktypes = ktypes;
  return 0;
}

/* ---- The tests */

static struct ftpd_key_grant grant;

static void begin(const char *stores) {
  cmd_rec *line = daemon_directive(p, pstrcat(p, "SFTPAuthorizedUserKeys ",
    stores, NULL));

  daemon_forget_config();
  (void) daemon_add_words("SFTPAuthorizedUserKeys",
    (const char *const *) line->argv + 1);
  memset(&state, 0, sizeof(state));
  memset(texts, 0, sizeof(texts));
  set.opts = 0;
  set.max_login_attempts = 0;
  ftpd.lookups = NULL;
  ftpd.lookups_told = false;
  home = "/home/alice";
  up = no_home = may_not = no_words = false;
  file_why = exec_text = exec_why = NULL;
  no_store = no_open = no_verify = false;
  verdict = 0;
  nexec = nldap = nsql = nverified = nclosed = nforgot = 0;
  memset(&grant, 0, sizeof(grant));
  fake_log_reset();
}

static void file(unsigned int i, const char *path, const char *text) {
  texts[i][0] = path;
  texts[i][1] = text;
}

static bool has(struct sftp_str blob) {
  return ftpd_keystore_user_key(&ftpd, p, blob, NULL, &grant) == 0;
}

static void files_are_found(void) {
  begin("none file:/keys/%u");
  file(0, "/keys/alice", "# comment\nssh-ed25519 " ED " my key\n");
  ok(has(ed), "a key of a file");
  is_str(grant.id, "'/keys/alice', line 2, comment 'my key'", "its place");
  ok(owner != NULL && !insecure, "owners are checked");
  ok(!has(ed2) && errno == ENOENT, "another key is not there");
  ok(fake_log_has("no matching public key found for user"), "... in the log");
  file(0, "/keys/alice", "ssh-ed25519 " ED "\n");
  ok(has(ed), "a key without a comment");
  is_str(grant.id, "'/keys/alice', line 1", "its place");
  set.opts = SFTP_OPT_INSECURE_USERKEY_PERMS;
  ok(has(ed) && insecure, "or not");
  begin("file:/a file:/b");
  file(0, "/b", "ssh-ed25519 " ED "\n");
  ok(has(ed), "the second store has it");
  ok(fake_log_has("unable to open key file '/a': No such file"),
    "the first is missing");
  begin("file:/a");
  file_why = "it is not yours";
  ok(!has(ed) && fake_log_has("unable to use key file '/a': it is not yours"),
    "files are refused with a reason");
  daemon_forget_config();
  ok(!has(ed), "no store has no key");
}

static void paths_have_homes(void) {
  begin("file:~/.keys");
  file(0, "/home/alice/.keys", "ssh-ed25519 " ED "\n");
  session.user = "daemon";
  ok(has(ed), "~ is the user's");
  is_str(session.user, "daemon", "nobody else has changed");
  no_home = true;
  ok(!has(ed) && fake_log_has("unable to resolve key file '~/.keys'"),
    "or unknown");
  begin("file:%h/.keys");
  file(0, "/home/alice/.keys", "ssh-ed25519 " ED "\n");
  ok(has(ed), "%%h is the home directory");
  home = "relative";
  ok(!has(ed), "a path");
  home = NULL;
  ok(!has(ed), "of a user");
  begin("file:/keys/%u");
  up = true;
  ok(!has(ed), "names that lead up have no keys");
}

static void users_may_have_stores(void) {
  const char *const words[] = { "x", "user", "alice", "file:/own", NULL };

  begin("file:/all");
  file(0, "/all", "ssh-ed25519 " ED "\n");
  file(1, "/own", "ssh-ed25519 " ED2 "\n");
  ok(has(ed) && !has(ed2), "those of all");
  state.stores = daemon_add_words(FTPD_KEYS_RULE, words);
  ok(has(ed2) && !has(ed), "or their own");
}

static void subjects_are_names(void) {
  begin("file:/k");
  file(0, "/k", "---- BEGIN SSH2 PUBLIC KEY ----\nSubject: bob\n" ED
    "\n---- END SSH2 PUBLIC KEY ----\n");
  ok(has(ed), "subjects are not read");
  set.opts = SFTP_OPT_MATCH_KEY_SUBJECT;
  ok(!has(ed) && fake_log_has("is for subject 'bob', not for 'alice'"),
    "unless MatchKeySubject says so");
  file(0, "/k", "---- BEGIN SSH2 PUBLIC KEY ----\nSubject: alice\n" ED
    "\n---- END SSH2 PUBLIC KEY ----\n");
  ok(has(ed), "the right one");
  file(0, "/k", "ssh-ed25519 " ED "\n");
  ok(has(ed), "or none");
}

static void headers_are_options(void) {
  begin("file:/k");
  file(0, "/k", "---- BEGIN SSH2 PUBLIC KEY ----\nX-FIDO-Verify-Required: "
    "yes\n" ED "\n---- END SSH2 PUBLIC KEY ----\n");
  ok(has(ed) && grant.verify && !grant.no_touch, "verify-required");
  file(0, "/k", "---- BEGIN SSH2 PUBLIC KEY ----\nX-FIDO-Touch-Required: "
    "no\n" ED "\n---- END SSH2 PUBLIC KEY ----\n");
  ok(has(ed) && !grant.verify && grant.no_touch, "no-touch-required");
}

static void broken_entries_are_told(void) {
  begin("file:/k");
  file(0, "/k", "ssh-ed25519 !\nssh-ed25519 " ED "\n");
  ok(has(ed), "a key behind an error");
  ok(fake_log_has("1 unusable entry, the last one in line 1"), "one");
  file(0, "/k", "ssh-ed25519 !\nssh-ed25519 ?\n");
  ok(!has(ed) && fake_log_has("2 unusable entries, the last one in line 2"),
    "two");
  fake_log_reset();
  file(0, "/k", "ssh-ed25519 " ED "\n");
  ok(has(ed) && !fake_log_has("unusable"), "none");
}

/* ---- Options, and authorities */

static void options_count(void) {
  begin("file:/k");
  file(0, "/k", "bad ssh-ed25519 " ED "\nssh-ed25519 " ED "\n");
  ok(has(ed), "an entry that does not count");
  is_str(grant.id, "'/k', line 2", "... is passed over");
  ok(fake_log_has("key in '/k', line 1, does not count: bad options"),
    "... with its reason");
  file(0, "/k", "cert-authority ssh-ed25519 " ED "\n");
  ok(!has(ed) && fake_log_has("that of an authority, not of a user"),
    "an authority is no user");
}

static void authorities_sign(void) {
  struct sftp_key ca = { .blob = ed };
  struct sftp_cert cert = { .ca = &ca };

  begin("other:/x file:/k");
  file(0, "/k", "cert-authority ssh-ed25519 " ED "\n");
  is_int(ftpd_keystore_user_key(&ftpd, p, ed2, &cert, &grant), 0,
    "a certificate of an authority");
  is_int(nverified, 0, "other modules have none");
  state.name = "x";
  ok(ftpd_keystore_user_key(&ftpd, p, ed2, &cert, &grant) < 0 &&
    fake_log_has("the certificate does not name this user"), "of others");
  file(0, "/k", "cert-authority,principals ssh-ed25519 " ED "\n");
  ok(ftpd_keystore_user_key(&ftpd, p, ed2, &cert, &grant) < 0 &&
    fake_log_has("the certificate has none of its principals") &&
    strcmp(named, "bob") == 0, "of others that are named");
  file(0, "/k", "ssh-ed25519 " ED "\n");
  ok(ftpd_keystore_user_key(&ftpd, p, ed2, &cert, &grant) < 0 &&
    fake_log_has("not marked as that of an authority"), "of a user");
  ca.blob = ed2;
  ok(ftpd_keystore_user_key(&ftpd, p, ed, &cert, &grant) < 0 &&
    fake_log_has("no matching certificate authority"), "of no authority");
}

/* ---- Other sources */

static void questions_are_asked_once(void) {
  begin("exec:/prog");
  exec_text = "ssh-ed25519 " ED "\n";
  ok(has(ed) && has(ed) && nexec == 1, "one question, one answer");
  is_str(grant.id, "'/prog', line 1", "its place");
  ok(!has(ed2) && nexec == 2, "another one");
  begin("exec:/prog");
  ok(!has(ed) && !has(ed) && nexec == 1, "no answer is one");
  ok(fake_log_has("no keys of user") &&
    fake_log_has("as already answered in this connection"), "... as logged");
  begin("exec:/prog");
  exec_why = "it crashed";
  ok(!has(ed) && fake_log_has("command '/prog' for keys of user") &&
    fake_log_has("failed: it crashed"), "a failure has a reason");
  fake_log_reset();
  ok(!has(ed) && nexec == 1 && fake_log_has("it crashed") &&
    !fake_log_has("already answered"), "... each time");
  begin("exec:/prog");
  exec_text = "";
  may_not = true;
  ok(!has(ed) && nexec == 0, "some may not be asked");
  may_not = false;
  no_words = true;
  ok(!has(ed) && nexec == 0, "nor without words");
  begin("ldap:");
  ok(!has(ed) && nldap == 1, "a directory");
  begin("exec:/one exec:/two");
  ok(!has(ed) && nexec == 2, "two programs");
}

static void strangers_do_not_ask_for_ever(void) {
  struct ftpd_ask ask = { &ftpd, p, "principals", ed, NULL };
  struct ftpd_answer a;
  unsigned int i;

  begin("other:/x");
  set.max_login_attempts = 8;
  for (i = 0; i < 8; i++) {
    bool fresh = false;

    ok(ftpd_lookup(&ftpd, "store", pstrcat(p, "q", i % 2 == 0 ? "x" : "y",
      pstrndup(p, "12345678", i + 1), NULL), &fresh) != NULL && fresh,
      "question %u", i);
  }

  {
    bool fresh = true;

    ok(ftpd_lookup(&ftpd, "store", "new", &fresh) == NULL && !fresh,
      "one too many");
    ok(fake_log_has("no more keys are looked up") &&
      fake_log_has("there were 8 look-ups"), "... which is logged");
    fake_log_reset();
    ok(ftpd_lookup(&ftpd, "store", "newer", &fresh) == NULL && nforgot == 1 &&
      !fake_log_has("no more keys"), "... once");
    ok(ftpd_lookup(&ftpd, "store", "qx1", &fresh) != NULL && !fresh,
      "what is known is told");
    ok(ftpd_lookup(&ftpd, "other", "new", &fresh) != NULL && fresh,
      "another store is asked");
  }

  begin("other:/x");
  set.max_login_attempts = 2;
  for (i = 0; i < 6; i++) {
    (void) ftpd_source_read(&ask, pstrcat(p, "sql:/q", pstrndup(p, "123456",
      i + 1), NULL), &a);
  }

  is_int(nsql, 6, "each query is a store");
  begin("exec:/prog");
  set.max_login_attempts = 1;
  for (i = 0; i < 7; i++) {
    bool fresh;

    (void) ftpd_lookup(&ftpd, "s", pstrndup(p, "1234567", i + 1), &fresh);
  }

  ok(fake_log_has("there were 6 look-ups"), "six at least");
}

static void sources_are_read_as_files(void) {
  struct ftpd_ask ask = { &ftpd, p, "principals", ed, NULL };
  struct ftpd_answer a;

  begin("other:/x");
  file(0, "/p", "bob");
  ok(ftpd_source_read(&ask, "/p", &a) == 0 && a.text.len == 3 &&
    strcmp(a.where, "/p") == 0, "a path");
  ok(ftpd_source_read(&ask, "file:/p", &a) == 0 && a.text.len == 3, "a file");
  ok(ftpd_source_read(&ask, "/q", &a) < 0, "no file");
}

/* ---- Stores of other modules */

static void other_modules_have_stores(void) {
  begin("other:/x");
  ok(has(ed) && nverified == 1 && nclosed == 1, "a store knows the key");
  is_str(grant.id, "'other:/x'", "its place");
  ok(has(ed) && nverified == 1, "it is asked once");
  begin("other:/x");
  verdict = -1;
  ok(!has(ed) && fake_log_has("no matching public key found") && nclosed == 1,
    "it does not");
  ok(!has(ed) && nverified == 1 &&
    fake_log_has("as already answered in this connection"), "... once");
  begin("other:/open/%u");
  ok(has(ed) && nclosed == 0, "it needs no end");
  begin("other:/x");
  no_verify = true;
  ok(!has(ed) && fake_log_has(strerror(ENOSYS)) && nclosed == 1,
    "it knows no users");
  begin("other:/x");
  no_open = true;
  ok(!has(ed) && fake_log_has("unable to open key store"), "it is closed");
  begin("other:/x");
  no_store = true;
  ok(!has(ed) && fake_log_has("has been removed"), "it is gone");
  begin("other:/x");
  set.max_login_attempts = 1;
  verdict = -1;
  {
    unsigned int i;

    for (i = 0; i < 8; i++) {
      struct sftp_str other = ed;

      other.len -= i;
      (void) has(other);
    }
  }

  ok(fake_log_has("there were 6 look-ups"), "it is not asked for ever");
}

static void our_stores_are_public(void) {
  unsigned int i;

  begin("other:/x");
  file(0, "/k", "ssh-ed25519 " ED "\ncommand ssh-ed25519 " ED2 "\n");
  exec_text = "ssh-ed25519 " ED "\n";
  ftpd_keystore_init();
  is_int(nregistered, 3, "stores are registered");
  for (i = 0; i < nregistered; i++) {
    sftp_keystore_t *store = registered[i].open(p, SFTP_SSH2_USER_KEY_STORE,
      "/k", "alice");
    bool good = strcmp(registered[i].name, "ldap") != 0;
    unsigned char *key = palloc(p, ed.len);
    int res;

    memcpy(key, ed.ptr, ed.len);
    ok(store->store_ktypes == SFTP_SSH2_USER_KEY_STORE &&
      (registered[i].ktypes & SFTP_SSH2_USER_KEY_STORE) != 0, "%s: users'",
      registered[i].name);
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
# define VERIFY(s, k) (s)->verify_user_key((s), p, "alice", (k), \
  (uint32_t) ed.len, NULL)
#else
# define VERIFY(s, k) (s)->verify_user_key((s), p, "alice", (k), \
  (uint32_t) ed.len)
#endif
    current = NULL;
    ok(VERIFY(store, key) < 0 && errno == EPERM, "... in a session");
    current = &ftpd;
    res = VERIFY(store, key);
    is_int(res, good ? 0 : -1, "... a key");
    memcpy(key, ed2.ptr, ed2.len);
    res = VERIFY(store, key);
    ok(res < 0, "... restrictions cannot be told, or no key");
    is_int(store->store_close(store), 0, "... the end");
  }

  i = daemon_messages;
  register_errno = EEXIST;
  ftpd_keystore_init();
  is_int(daemon_messages, i, "they are registered once");
  register_errno = EINVAL;
  ftpd_keystore_init();
  is_int(daemon_messages, i + 3, "failures are logged");
}

int main(void) {
  p = make_sub_pool(NULL);
  ftpd.pool = p;
  ftpd.user = "alice";
  if (sftp_crypto_init() != SFTP_OK ||
      sftp_base64_decode(p, sftp_str_of(ED), &ed) != SFTP_OK ||
      sftp_base64_decode(p, sftp_str_of(ED2), &ed2) != SFTP_OK) {
    bail_out("no keys");
  }

  files_are_found();
  paths_have_homes();
  users_may_have_stores();
  subjects_are_names();
  headers_are_options();
  broken_entries_are_told();
  options_count();
  authorities_sign();
  questions_are_asked_once();
  strangers_do_not_ask_for_ever();
  sources_are_read_as_files();
  other_modules_have_stores();
  our_stores_are_public();
  destroy_pool(p);
  return done_testing();
}
