/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-usercert-t.c -- whom a certificate may name: by the authorities of the
 * server, by lists of principals, and by the user's own keys.
 */

#include "daemon.h"
#include "cert.h"
#include "ftpd-conf.h"
#include "ftpd-keyfile.h"
#include "ftpd-keyopts.h"
#include "ftpd-keystore.h"
#include "ftpd-login.h"
#include "ftpd-source.h"
#include "ftpd-usercert.h"
#include "ftpd-userkey.h"
#include "keyfile.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

static pool *p;
static server_rec server;
static struct sftp_settings set;
static struct ftpd ftpd = { .server = &server, .set = &set, .user = "alice" };
static struct sftp_key key, ca;
static struct sftp_cert cert = { .key = &key, .ca = &ca, .key_id = "id",
  .serial = 7 };
static struct ftpd_key_grant grant;

/* ---- Of the other files.  A certificate names who is in `named'; a list of
 * keys has a word for each, "!" before those with options, and "?" for what is
 * broken.
 */

static const char *named = "alice";
static struct ftpd_keyfile_rule rule;
static const char *own_key;
static bool in_place = true;

bool sftp_cert_names(const struct sftp_cert *one, const char *principal) {
  (void) one;
  return strcmp(principal, named) == 0;
}

const char *ftpd_auth_name(struct ftpd *h) {
  (void) h;
  return "alice";
}

bool ftpd_source_allows(pool *in, const char *list) {
  (void) in;
  return in_place && strcmp(list, "10.0.0.0/8") == 0;
}

void sftp_keyfile_init(struct sftp_keyfile *f, pool *in,
    struct sftp_str text) {
  memset(f, 0, sizeof(*f));
  f->pool = in;
  f->left = text;
}

bool sftp_keyfile_next(struct sftp_keyfile *f, struct sftp_keyfile_entry *e) {
  const char *text = (const char *) f->left.ptr;
  size_t len = strcspn(text, " ");

  memset(e, 0, sizeof(*e));
  if (*text == '\0') {
    return false;
  }

  e->line = ++f->line;
  f->left.ptr += text[len] == ' ' ? len + 1 : len;
  if (*text == '?') {
    f->nbroken++;
    f->broken_line = f->line;
    f->broken_why = "it is odd";
    return sftp_keyfile_next(f, e);
  }

  e->options = *text == '!' ? "options" : NULL;
  e->blob.ptr = (const unsigned char *) text + (*text == '!');
  e->blob.len = len - (*text == '!');
  return true;
}

static struct ftpd_answer answer;
static unsigned int ntold;

const char *ftpd_source_info(const char *form, const char *name) {
  size_t n = strlen(name);

  return strncmp(form, name, n) == 0 && form[n] == ':' ? form + n + 1 : NULL;
}

/* "words" is the text itself; the text of a NUL is "a", NUL, "b". */
int ftpd_source_read(const struct ftpd_ask *ask, const char *form,
    struct ftpd_answer *a) {
  (void) ask;
  *a = answer;
  a->where = "there";
  a->text = sftp_str_of(form);
  if (strcmp(form, "NUL") == 0) {
    a->text.ptr = (const unsigned char *) "alice\0b";
    a->text.len = 7;
  }

  return strcmp(form, "gone") == 0 ? -1 : 0;
}

void ftpd_source_tell(const struct ftpd_ask *ask,
    const struct ftpd_answer *a) {
  (void) ask;
  (void) a;
  ntold++;
}

bool ftpd_keyopts_read(pool *in, const char *options, struct ftpd_keyopts *o,
    const char **why) {
  (void) in;
  memset(o, 0, sizeof(*o));
  if (options != NULL && strncmp(options, "bad", 3) == 0) {
    *why = "option \"bad\"";
    return false;
  }

  o->authority = options != NULL && strcmp(options, "cert-authority") == 0;
  return true;
}

static const char *granted;

void ftpd_keyopts_grant(const struct ftpd_keyopts *o,
    struct ftpd_key_grant *g) {
  (void) o;
  (void) g;
  granted = "yes";
}

int ftpd_keystore_user_key(struct ftpd *h, pool *in, struct sftp_str blob,
    const struct sftp_cert *one, struct ftpd_key_grant *g) {
  (void) h;
  (void) in;
  (void) one;
  ok(g->id == NULL, "nothing is left of the server's lists");
  g->no_touch = true;
  return own_key != NULL && blob.len == strlen(own_key) &&
    memcmp(blob.ptr, own_key, blob.len) == 0 ? 0 : -1;
}

unsigned long ftpd_opts(server_rec *s) {
  return s == &server ? set.opts : 0;
}

int ftpd_keyfile_text(pool *in, const char *path,
    const struct ftpd_keyfile_rule *r, struct sftp_str *text,
    const char **why) {
  rule = *r;
  *why = strcmp(path, "/loose") == 0 ? pstrdup(in, "others may write it") :
    NULL;
  errno = ENOENT;
  *text = sftp_str_of(strcmp(path, "/empty") == 0 ? "" : strcmp(path, "/odd")
    == 0 ? "?" : "key");
  return *why != NULL || strcmp(path, "/none") == 0 ? -1 : 0;
}

/* ---- Names in the options of a key */

static bool is_for(const char *principals) {
  return ftpd_usercert_is_for(&ftpd, p, &cert, principals);
}

static void keys_name_principals(void) {
  ok(is_for(NULL), "the user");
  ok(is_for("alice") && is_for("bob,alice") && is_for("alice,bob"), "names");
  ok(!is_for("bob") && !is_for("bob,carol") && !is_for(""), "others");
  named = "bob";
  ok(!is_for(NULL), "no longer the user");
  ok(is_for("bob"), "but who is named");
  named = "alice";
}

/* ---- The server's authorities, at the start */

static const char *check(const char *one, const char *two) {
  const char *words[] = { one, two, NULL }, *path = "", *why = "";

  daemon_forget_config();
  (void) daemon_add_words("SFTPTrustedUserCAKeys", words);
  return ftpd_usercert_check(p, &server, &path, &why) == 0 ? "good" :
    pstrcat(p, path, ": ", why, NULL);
}

static void authorities_are_read_at_the_start(void) {
  const char *path, *why;

  daemon_forget_config();
  is_int(ftpd_usercert_check(p, &server, &path, &why), 0, "none");
  is_str(check("/a", "/b"), "good", "two files");
  ok(!rule.insecure && rule.user == NULL && rule.max == FTPD_KEYFILE_MAX,
    "that root owns");
  set.opts = SFTP_OPT_INSECURE_USERKEY_PERMS;
  is_str(check("/a", NULL), "good", "InsecureUserKeyPerms");
  ok(rule.insecure, "is known");
  set.opts = 0;
  is_str(check("/a", "/none"), "/none: No such file or directory", "none");
  is_str(check("/loose", "/none"), "/loose: others may write it", "of others");
  is_str(check("/empty", NULL), "/empty: there is no public key in it",
    "an empty one");
  is_str(check("/odd", NULL), "/odd: there is no public key in it", "another");
  is_str(check("sql:/empty", "/empty"), "/empty: there is no public key in it",
    "a query is not asked");
}

/* ---- Certificates */

/* By these authorities, and principals or NULL. */
static int allows(const char *authorities, const char *principals) {
  const char *words[] = { "other", authorities, NULL };

  daemon_forget_config();
  if (authorities != NULL) {
    (void) daemon_add_words("SFTPTrustedUserCAKeys", words);
  }

  if (principals != NULL) {
    daemon_set_param("SFTPAuthorizedPrincipals", pstrdup(p, principals));
  }

  memset(&grant, 0, sizeof(grant));
  fake_log_reset();
  granted = NULL;
  ntold = 0;
  return ftpd_usercert_allows(&ftpd, p, &cert, &grant);
}

static void authorities_are_listed(void) {
  is_int(allows("a theca b", NULL), 0, "an authority");
  is_str(grant.id, "'there', line 2", "in its line");
  is_int(allows(NULL, NULL), -1, "none");
  ok(fake_log_has("certificate 'id', serial 7, refused: its authority is not "
    "trusted to name user 'alice'"), "which the log says");
  is_int(allows("a b", NULL), -1, "others");
  is_int(allows("!theca", NULL), -1, "one with options");
  ok(fake_log_has("authority in 'there', line 1, does not count: options are "
    "not possible there"), "does not count");
  is_int(allows("!theca theca", NULL), 0, "unless it comes again");
  is_int(allows("? a ?", NULL), -1, "a broken list");
  ok(fake_log_has("authorities in 'there': 2 unusable entries, the last one "
    "in line 3: it is odd"), "is told");
  is_int(allows("?", NULL), -1, "of one line");
  ok(fake_log_has("1 unusable entry, "), "as well");
  is_int(allows("a", NULL), -1, "a good list");
  ok(!fake_log_has("unusable"), "is not");
  is_int(allows("gone", NULL), -1, "a source that is gone");
  is_int(ntold, 1, "is told");
}

static void certificates_name_the_user(void) {
  named = "bob";
  is_int(allows("theca", NULL), -1, "another user's");
  ok(fake_log_has("certificate 'id' does not name user 'alice'"), "is told");
  own_key = "theca";
  is_int(allows("theca", NULL), 0, "unless the user trusts it");
  own_key = NULL;
  named = "alice";
}

static void clients_have_a_place(void) {
  cert.source_address = "10.0.0.0/8";
  is_int(allows("theca", NULL), 0, "a client at its place");
  in_place = false;
  is_int(allows("theca", NULL), -1, "elsewhere");
  ok(fake_log_has("certificate 'id', serial 7, of user 'alice' refused: the "
    "client is not at its source-address 10.0.0.0/8"), "which is told");
  cert.source_address = NULL;
  is_int(allows("theca", NULL), 0, "it needs none");
  in_place = true;
}

static void touches_are_for_both(void) {
  cert.no_touch_required = true;
  is_int(allows("theca", NULL), 0, "a certificate without touch");
  ok(grant.no_touch && !grant.verify, "needs none");
  cert.no_touch_required = false;
  is_int(allows("theca", NULL), 0, "another one");
  ok(!grant.no_touch, "does");
  cert.verify_required = true;
  is_int(allows("theca", NULL), 0, "one that is verified");
  ok(grant.verify, "is");
  cert.verify_required = false;
  cert.no_touch_required = true;
  is_int(allows("theca", "alice"), 0, "a principal without options");
  ok(grant.no_touch, "says nothing about touches");
  is_int(allows("theca", "opts alice"), 0, "one with options");
  ok(!grant.no_touch && granted != NULL, "does");
  cert.no_touch_required = false;
}

/* ---- SFTPAuthorizedPrincipals */

static void principals_are_listed(void) {
  static const struct { const char *text; bool good; } row[] = {
    { "alice", true }, { "", false }, { "bob", false }, { "bob\nalice", true },
    { "\n\nalice\n", true }, { "alic", false }, { "alice2", false },
    { " \talice \t", true }, { "alice\r\n", true }, { "# alice", false },
    { "#alice", false }, { "alice # of us", true }, { "alice\t# of us", true },
    { "alice#", false }, { "a#b alice", true }, { "opts alice", true },
    { "opts\talice", true }, { "o1,o2=\"a b\" alice", true },
    { "o=\"a alice\"", false }, { "o=\"a # b\" alice", true },
    { "o=\"a \\\" # b\" alice", true }, { "o=\"a \\\"\" alice", true },
    { "o=\\\" alice", true }, { "o=\"x\\y\" alice", true },
    { "alice bob", false }, { "o=\"a\" # \"alice", false },
    { "bad alice", false }, { "bad alice\nalice", true },
    { "cert-authority alice", false }, { "NUL", false }, { "gone", false } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    is_int(allows("theca", row[i].text), row[i].good ? 0 : -1, "'%s'",
      row[i].text);
  }
}

static void refusals_are_told(void) {
  (void) allows("theca", "bob\nbad alice");
  ok(fake_log_has("principal 'alice' in 'there', line 2, does not count: "
    "option \"bad\""), "options");
  ok(fake_log_has("no principal of the certificate 'id' found for user "
    "'alice' in 'there'"), "and the list");
  (void) allows("theca", "cert-authority alice");
  ok(fake_log_has("option \"cert-authority\": it belongs to a key"), "a key's");
  (void) allows("theca", "NUL");
  ok(fake_log_has("list of principals 'there' holds a NUL byte"), "bytes");
  (void) allows("theca", "gone");
  is_int(ntold, 1, "a source that is gone");
  ok(!fake_log_has("no principal"), "has no principals to miss");
  (void) allows("theca", "alice");
  ok(granted == NULL, "without options, none apply");
}

int main(void) {
  p = make_sub_pool(NULL);
  key.blob = sftp_str_of("thekey");
  ca.blob = sftp_str_of("theca");
  keys_name_principals();
  authorities_are_read_at_the_start();
  authorities_are_listed();
  certificates_name_the_user();
  clients_have_a_place();
  touches_are_for_both();
  principals_are_listed();
  refusals_are_told();
  destroy_pool(p);
  return done_testing();
}
