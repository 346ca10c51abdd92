/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-words-t.c -- words of directives behind "exec:" and "sql:". */

#include "daemon.h"
#include "ftpd-login.h"
#include "ftpd-words.h"
#include "tap.h"

#include "cert.h"

static pool *p;
static struct passwd alice = { .pw_name = (char *) "alice", .pw_uid = 501,
  .pw_dir = (char *) "/home/alice" };
static struct passwd *entry = &alice;

struct passwd *ftpd_auth_entry(struct ftpd *h SFTP_UNUSED) {
  return entry;
}

const char *ftpd_auth_name(struct ftpd *h) {
  return h->user;
}

static struct ftpd host = { .user = "alice" };
static struct ftpd_ask ask;

/* The words, apart by |; "?" when the text is broken. */
static const char *words(const char *text) {
  char **w = ftpd_words(&ask, text);
  const char *res = w == NULL ? "?" : w[0];

  while (w != NULL && *++w != NULL) {
    res = pstrcat(p, res, "|", *w, NULL);
  }

  return res;
}

static void is_words(const char *text, const char *wanted) {
  const char *got = words(text);

  ok(strcmp(got, wanted) == 0, "%s: %s", text, wanted);
  if (strcmp(got, wanted) != 0) {
    printf("# got %s\n", got);
  }
}

static void words_are_split(void) {
  is_words("/bin/x", "/bin/x|alice");
  is_words("  /bin/x\ta  b ", "/bin/x|a|b");
  is_words("/bin/x 'a b' \"c d\" e\\ f", "/bin/x|a b|c d|e f");
  is_words("/bin/x '' \"\"", "/bin/x||");
  is_words("/bin/x a'b'\"c\"", "/bin/x|abc");
  is_words("/bin/x '\\' \"\\\"\"", "/bin/x|\\|\"");
  is_words("/bin/x 'a", "?");
  is_words("", "?");
  is_words(" \t", "?");
}

static const char *letter_of(pool *in, const void *data, char letter) {
  return pstrcat(in, data, pstrndup(in, &letter, 1), NULL);
}

static void other_tokens_add_no_name(void) {
  char **w = ftpd_words_fill(p, "/bin/x a%pb %%s", letter_of, "-");

  ok(w != NULL && strcmp(w[0], "/bin/x") == 0 && strcmp(w[1], "a-pb") == 0 &&
    strcmp(w[2], "%s") == 0 && w[3] == NULL, "words with tokens of others");
  w = ftpd_words_fill(p, "/bin/x", letter_of, "-");
  ok(w != NULL && w[1] == NULL, "no words");
  ok(ftpd_words_fill(p, "/bin/x 'a", letter_of, "-") == NULL, "a broken text");
}

static void nothing_of_a_client_becomes_a_word(void) {
  static const char *const names[] = { "a b", "a'b", "\"", "a\\", "%u", "%",
    "%%i", "$(x)", "" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    host.user = names[i];
    is_words("/bin/x %u-%u %u", pstrcat(p, "/bin/x|", names[i], "-", names[i],
      "|", names[i], NULL));
    is_words("/bin/x", pstrcat(p, "/bin/x|", names[i], NULL));
  }

  host.user = "alice";
}

static void tokens_are_filled_in(void) {
  static const unsigned char blob[] = "\0\0\0\3abc\0\0\0\1x",
    cert_blob[] = "\0\0\0\4cert\0\0\0\1x", ca_blob[] = "\0\0\0\2ca\0\0\0\1x";
  struct sftp_cert cert;
  struct sftp_key ca;

  ask.blob.ptr = blob;
  ask.blob.len = sizeof(blob) - 1;
  is_words("/x %u %U %h %t %k %%", "/x|alice|501|/home/alice|abc|"
    "AAAAA2FiYwAAAAF4|%");
  is_words("/x %F %K %T %i %s %D", "/x||||||");
  ok(strncmp(words("/x %f"), "/x|SHA256:", 10) == 0, "%%f is a fingerprint");

  memset(&cert, 0, sizeof(cert));
  memset(&ca, 0, sizeof(ca));
  cert.blob.ptr = cert_blob;
  cert.blob.len = sizeof(cert_blob) - 1;
  cert.ca = &ca;
  ca.blob.ptr = ca_blob;
  ca.blob.len = sizeof(ca_blob) - 1;
  cert.key_id = "its id";
  cert.serial = UINT64_MAX;
  ask.cert = &cert;
  is_words("/x %t %k", "/x|cert|AAAABGNlcnQAAAABeA==");
  is_words("/x %i %s %T %K", "/x|its id|18446744073709551615|ca|"
    "AAAAAmNhAAAAAXg=");
  ok(strcmp(words("/x %f"), words("/x %F")) != 0, "%%F is another fingerprint");
  ask.cert = NULL;

  entry = NULL;
  is_words("/x [%U] [%h] %u", "/x|[]|[]|alice");
  entry = &alice;
}

static void wrong_texts_are_told(void) {
  static const struct { const char *text, *why; } cases[] = {
    { "", "quotes" }, { "/x 'a", "quotes" }, { "/x%u", "path" },
    { "/x %", "'%'" }, { "/x a%q", "'%q'" }, { "/x %i", "%C %D %U %f" }
  };
  const char *first, *why;
  char *many = pstrdup(p, "/x");
  size_t i;

  for (i = 0; i < SFTP_NELEMS(cases); i++) {
    why = ftpd_words_check(p, cases[i].text, FTPD_TOKENS_KEY, &first);
    ok(why != NULL && strstr(why, cases[i].why) != NULL, "'%s': %s",
      cases[i].text, why != NULL ? why : "nothing");
  }

  ok(ftpd_words_check(p, "/x %i %%", FTPD_TOKENS_CERT, &first) == NULL &&
    strcmp(first, "/x") == 0, "what is right has its first word");
  for (i = 0; i < FTPD_WORDS_MAX; i++) {
    many = pstrcat(p, many, " a", NULL);
  }

  ok(ftpd_words_check(p, many, FTPD_TOKENS_KEY, &first) != NULL &&
    strcmp(words(many), "?") == 0, "too many words");
}

static void tokens_are_found(void) {
  ok(ftpd_words_have(p, "/x %u %i", 'i'), "%%i is found");
  ok(ftpd_words_have(p, "/x 'a%%%i'", 'i'), "behind %%%%, too");
  ok(!ftpd_words_have(p, "/x %%i %u", 'i'), "%%%%i is none");
  ok(!ftpd_words_have(p, "/x %", 'i'), "nor is a single %%");
}

static void control_characters_are_seen(void) {
  ok(ftpd_words_typed("alice's laptop \xc3\xa9"), "text");
  ok(!ftpd_words_typed("a\nb") && !ftpd_words_typed("\x1b[") &&
    !ftpd_words_typed("\x7f"), "LF, ESC and DEL");
}

int main(void) {
  p = make_sub_pool(NULL);
  ask.ftpd = &host;
  ask.pool = p;
  ask.what = "keys";
  words_are_split();
  other_tokens_add_no_name();
  nothing_of_a_client_becomes_a_word();
  tokens_are_filled_in();
  wrong_texts_are_told();
  tokens_are_found();
  control_characters_are_seen();
  return done_testing();
}
