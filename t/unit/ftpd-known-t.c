/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-known-t.c -- SFTPAuthorizedHostKeys: names in front of keys, and the
 * stores of other modules.
 */

#include "daemon.h"
#include "ftpd-abi.h"
#include "ftpd-keystore.h"
#include "ftpd-login.h"
#include "keyfile.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

static pool *p;
static server_rec server;
static struct ftpd ftpd = { .server = &server };

/* ---- Files: the words of a text are entries, as NAMES=KEY */

static const char *file_text;

int ftpd_keyfile_read(struct ftpd *h, pool *in, const char *info,
    const char **path, struct sftp_str *text) {
  (void) h;
  (void) in;
  *path = info;
  *text = sftp_str_of(file_text != NULL ? file_text : "");
  return file_text != NULL ? 0 : -1;
}

void sftp_keyfile_init(struct sftp_keyfile *f, pool *in,
    struct sftp_str text) {
  memset(f, 0, sizeof(*f));
  f->pool = in;
  f->left = text;
}

bool sftp_keyfile_next(struct sftp_keyfile *f, struct sftp_keyfile_entry *e) {
  const char *at = (const char *) f->left.ptr, *hash;
  size_t len = strcspn(at, " ");

  memset(e, 0, sizeof(*e));
  if (*at == '\0') {
    return false;
  }

  e->line = ++f->line;
  f->left.ptr += len + (at[len] == ' ');
  at = pstrndup(f->pool, at, len);
  hash = strchr(at, '#');
  e->options = hash != NULL ? pstrndup(f->pool, at, (size_t) (hash - at)) :
    NULL;
  e->blob = sftp_str_of(hash != NULL ? hash + 1 : at);
  if (strcmp(at, "?") == 0) {
    f->nbroken++;
    f->broken_line = f->line;
    f->broken_why = "broken";
  }

  return true;
}

void pr_signals_handle(void) {
}

/* ---- Stores */

static bool has_store, can_open, can_verify, can_close;
static int store_result;
static unsigned int closes;
static char asked[200];

#if PROFTPD_VERSION_NUMBER >= 0x0001030900
pr_table_t *pr_table_nalloc(pool *in, int flags, unsigned int n) {
  (void) n;
  return pr_table_alloc(in, flags);
}
#endif

static int verify(sftp_keystore_t *store, pool *in, const char *user,
    const char *host, const char *client_user, unsigned char *key,
    uint32_t len SFTP_KEYSTORE_HEADERS) {
  (void) store;
  (void) in;
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
  (void) headers;
#endif
  snprintf(asked, sizeof(asked), "%s %s %s %.*s", user, host, client_user,
    (int) len, (const char *) key);
  errno = EPERM;
  return store_result;
}

static int close_store(sftp_keystore_t *store) {
  (void) store;
  closes++;
  return 0;
}

static sftp_keystore_t *open_store(pool *in, int type, const char *info,
    const char *user) {
  sftp_keystore_t *s = pcalloc(in, sizeof(*s));

  ok(type == SFTP_SSH2_HOST_KEY_STORE && strcmp(info, "/query") == 0 &&
    strcmp(user, "alice") == 0, "a store of hosts");
  s->verify_host_key = can_verify ? verify : NULL;
  s->store_close = can_close ? close_store : NULL;
  errno = ENOENT;
  return can_open ? s : NULL;
}

static const struct ftpd_store sql = { .open = open_store };

const struct ftpd_store *ftpd_store_find(const char *name, size_t len,
    unsigned int types) {
  return has_store && len == 3 && strncmp(name, "sql", 3) == 0 &&
    types == SFTP_SSH2_HOST_KEY_STORE ? &sql : NULL;
}

const char *ftpd_auth_name(struct ftpd *h) {
  (void) h;
  return "alice";
}

/* ---- The tests */

static const char *id;

static bool known(const char *host) {
  id = NULL;
  errno = 0;
  fake_log_reset();
  return ftpd_known_key(&ftpd, p, sftp_str_of("key"), host, "bob", &id) == 0;
}

static void set_stores(const char *a, const char *b) {
  const char *words[] = { a, b, NULL };

  daemon_forget_config();
  (void) daemon_add_words("SFTPAuthorizedHostKeys", words);
}

static void without_a_store_no_host_is_known(void) {
  daemon_forget_config();
  ok(!known("host"), "no directive");
  is_int(errno, ENOENT, "is an error");
  set_stores("nonsense", NULL);
  ok(!known("host"), "nor a word without a store");
  set_stores("file:/keys", NULL);
  ok(!known("host"), "nor a file that cannot be read");
  ok(!fake_log_has("no matching"), "of which nobody knows more");
}

static void keys_are_found(void) {
  set_stores("file:/keys", NULL);
  file_text = "other key";
  ok(known("host"), "a plain key");
  is_str(id, "'/keys', line 2", "and its line");
  file_text = "other ? more";
  ok(!known("host"), "no such key");
  ok(fake_log_has("no matching public key found for host 'host'"), "why");
  ok(fake_log_has("1 of its entries cannot be used, the last one in line 2"),
    "and what is broken");
  file_text = "other";
  ok(!known("host"), "another one");
  ok(!fake_log_has("cannot be used"), "in a good file");
  set_stores("file:/none", "file:/keys");
  file_text = "key";
  ok(known("host"), "several files");
}

static void names_are_for_hosts(void) {
  static const struct { const char *names; bool is; } row[] = {
    { "host", true }, { "HOST", true }, { "h*", true }, { "other", false },
    { "other,host", true }, { "host,other", true }, { "other,third", false },
    { "!host,*", false }, { "*,!host", false }, { "!other,*", true },
    { "!other", false }, { "[host]:2222", true }, { "[other]:22", false },
    { "[host", false }, { "198.51.100.7", true }, { "198.51.100.*", true },
    { "198.51.100.8", false }, { "|1|salt|hash", false },
    { "@cert-authority", false }, { "from=host", false },
    { "\"host\"", false } };
  size_t i;

  set_stores("file:/keys", NULL);
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    file_text = pstrcat(p, row[i].names, "#key", NULL);
    is_int(known("host"), row[i].is, "%s", row[i].names);
    ok(row[i].is || fake_log_has(strpbrk(row[i].names, "|@=\"") != NULL ?
      "is not understood" : "not for 'host'"), "and the log");
  }

  file_text = "other#key host#key";
  ok(known("host"), "another entry may be for it");
  file_text = "host#key";
  ok(known("host."), "the root's dot does not matter");
  ok(!known("."), "alone");
  ok(!known(""), "nor does no name");
}

static void modules_have_stores(void) {
  set_stores("sql:/query", NULL);
  ok(!known("host"), "a store that is not there");
  ok(fake_log_has("unable to open key store 'sql:/query'"), "is logged");
  has_store = true;
  ok(!known("host"), "one that cannot be opened");
  ok(fake_log_has("unable to open key store 'sql:/query': No such"),
    "is logged");
  can_open = true;
  ok(!known("host"), "one that has no hosts");
  ok(fake_log_has(strerror(ENOSYS)), "is logged");
  can_verify = can_close = true;
  ok(known("host."), "one that knows it");
  is_str(asked, "alice host bob key", "by all that is known");
  is_str(id, "'sql:/query'", "is told");
  is_int(closes, 1, "it is closed");
  store_result = -1;
  ok(!known("host"), "one that does not");
  ok(fake_log_has(strerror(EPERM)), "is logged");
  is_int(closes, 2, "and closed, too");
  set_stores("sql:/query", "file:/keys");
  file_text = "key";
  ok(known("host"), "the next store may know it");
  set_stores("file2:/query", NULL);
  ok(!known("host"), "a name that begins like a file's is a store");
}

int main(void) {
  p = make_sub_pool(NULL);
  daemon_client("198.51.100.7", "client");
  without_a_store_no_host_is_known();
  keys_are_found();
  names_are_for_hosts();
  modules_have_stores();
  destroy_pool(p);
  return done_testing();
}
