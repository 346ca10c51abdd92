/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-revoked-t.c -- revoked keys in files and answers of queries, and the
 * list of weak keys.
 */

#include "daemon.h"
#include "base64.h"
#include "crypto.h"
#include "ftpd-conf.h"
#include "ftpd-keyfile.h"
#include "ftpd-source.h"
#include "ftpd-usercert.h"
#include "krl.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

#include "../fake/ftpd-log.h"

static pool *p;
static server_rec server;
static struct sftp_settings set;
static struct ftpd ftpd = { .server = &server, .set = &set, .user = "alice" };
static unsigned char key[16];
static struct sftp_str blob = { key, sizeof(key) };

/* ---- Of the other files: files whose names say what is in them */

static struct ftpd_keyfile_rule rule;
static const char *seen[8];
static unsigned int nseen;
static bool no_md5;
static int list = -1;

unsigned long ftpd_opts(server_rec *s) {
  return s == &server ? SFTP_OPT_INSECURE_USERKEY_PERMS : 0;
}

int ftpd_keyfile_text(pool *in, const char *path,
    const struct ftpd_keyfile_rule *r, struct sftp_str *text,
    const char **why) {
  rule = *r;
  *why = strcmp(path, "/loose") == 0 ? pstrdup(in, "others may write it") :
    NULL;
  errno = ENOENT;
  if (*why != NULL || strcmp(path, "/none") == 0) {
    return -1;
  }

  *text = sftp_str_of(pstrdup(in, path));
  return 0;
}

int ftpd_keyfile_open(pool *in, const char *path,
    const struct ftpd_keyfile_rule *r, struct stat *st, const char **why) {
  struct sftp_str text;

  (void) st;
  if (ftpd_keyfile_text(in, path, r, &text, why) < 0) {
    errno = strcmp(path, "/none") == 0 ? ENOENT : EACCES;
    return -1;
  }

  errno = EACCES;
  return list < 0 ? -1 : dup(list);
}

int ftpd_keyfile_at(int fd, void *buf, size_t n, off_t offset) {
  errno = EINVAL;
  return pread(fd, buf, n, offset) == (ssize_t) n ? 0 : -1;
}

static struct ftpd_answer answer;
static bool no_answer;

const char *ftpd_source_info(const char *form, const char *name) {
  size_t n = strlen(name);

  return strncmp(form, name, n) == 0 && form[n] == ':' ? form + n + 1 : NULL;
}

int ftpd_source_read(const struct ftpd_ask *ask, const char *form,
    struct ftpd_answer *a) {
  (void) ask;
  (void) form;
  *a = answer;
  return no_answer ? -1 : 0;
}

int sftp_krl_check(pool *in, struct sftp_str text, struct sftp_str one,
    const struct sftp_cert *cert, const char **why) {
  const char *said = sftp_str_dup(in, text);

  (void) one;
  (void) cert;
  seen[nseen++ % 8] = pstrdup(p, said);
  *why = NULL;
  if (strstr(said, "revoked") != NULL) {
    *why = pstrdup(in, "its entry");
    return SFTP_ERR_DENIED;
  }

  if (strstr(said, "broken") != NULL) {
    *why = pstrdup(in, "line 1 is broken");
    return SFTP_ERR_FORMAT;
  }

  return SFTP_OK;
}

int sftp_crypto_fingerprint(const char *digest, struct sftp_str one,
    unsigned char *md, size_t *len) {
  if (no_md5 || strcmp(digest, "MD5") != 0) {
    return SFTP_ERR_CRYPTO;
  }

  memcpy(md, one.ptr, 16);
  *len = 16;
  return SFTP_OK;
}

/* ---- SFTPRevokedKeys */

static void set_lists(const char *one, const char *two, const char *weak) {
  const char *words[] = { one, two, NULL };

  daemon_forget_config();
  if (one != NULL) {
    (void) daemon_add_words("SFTPRevokedKeys", words);
  }

  if (weak != NULL) {
    daemon_set_param("SFTPKeyBlacklist", pstrdup(p, weak));
  }

  fake_log_reset();
  nseen = 0;
}

static bool is_bad(bool probe) {
  return ftpd_userkey_revoked(&ftpd, p, blob, NULL, "key", probe);
}

static void lists_are_checked_at_the_start(void) {
  const char *path, *why;

  set_lists(NULL, NULL, "none");
  is_int(ftpd_revoked_check(p, &server, &path, &why), 0, "no list");
  set_lists("/fine", "/good", "none");
  is_int(ftpd_revoked_check(p, &server, &path, &why), 0, "two lists");
  ok(rule.insecure && rule.user == NULL && rule.max == 64 * 1024 * 1024,
    "that root owns, of 64 MiB");
  is_int(nseen, 2, "both are read");
  set_lists("/fine", "/none", "none");
  is_int(ftpd_revoked_check(p, &server, &path, &why), -1, "a missing one");
  ok(strcmp(path, "/none") == 0 && strcmp(why, strerror(ENOENT)) == 0,
    "has a reason");
  set_lists("/loose", "/none", "none");
  is_int(ftpd_revoked_check(p, &server, &path, &why), -1, "one of others");
  ok(strcmp(path, "/loose") == 0 && strcmp(why, "others may write it") == 0,
    "has another one");
  set_lists("/broken", NULL, "none");
  is_int(ftpd_revoked_check(p, &server, &path, &why), -1, "a broken one");
  is_str(why, "line 1 is broken", "has its own");
  set_lists("sql:/broken", "/none", "none");
  is_int(ftpd_revoked_check(p, &server, &path, &why), -1, "a query is not");
  ok(nseen == 0 && strcmp(path, "/none") == 0, "asked then");
}

static void revoked_keys_are_refused(void) {
  set_lists(NULL, NULL, "none");
  ok(!is_bad(false), "no list");
  set_lists("/fine", "/good", "none");
  ok(!is_bad(false) && nseen == 2 && fake_log_lines == 0, "not on two lists");
  ok(!rule.insecure, "with the rules of this server");
  set.opts = SFTP_OPT_INSECURE_USERKEY_PERMS;
  ok(!is_bad(false) && rule.insecure, "or without them");
  set.opts = 0;
  set_lists("/fine", "/revoked", "none");
  ok(is_bad(false), "on the second one");
  is_str(fake_log_last, "key of user 'alice' refused: its entry "
    "(SFTPRevokedKeys '/revoked')", "which the log says");
  set_lists("/broken", NULL, "none");
  ok(is_bad(false), "a list that cannot be used refuses all");
  is_str(fake_log_last, "key of user 'alice' refused: SFTPRevokedKeys "
    "'/broken' cannot be used: line 1 is broken", "which the log says");
  set_lists("/none", NULL, "none");
  ok(is_bad(false), "so does a missing one");
}

/* ---- Answers of queries; the lists begin with "SSHKRL" and a line feed */

#define KRL_REVOKED "U1NIS1JMCgFyZXZva2Vk"
#define KRL_FINE "U1NIS1JMCgFmaW5l"
#define KRL_BROKEN "U1NIS1JMCgFicm9rZW4="

static bool answer_is_bad(const char *text) {
  set_lists("sql:/keys", NULL, "none");
  answer.text = sftp_str_of(text);
  return is_bad(false);
}

static void answers_have_keys_and_lists(void) {
  ok(!answer_is_bad("") && nseen == 1, "an empty answer");
  ok(!answer_is_bad("one\ntwo\n"), "keys of others");
  is_str(seen[0], "one\ntwo\n", "are all looked at");
  ok(answer_is_bad("one\nrevoked"), "a key");
  ok(answer_is_bad("broken\n"), "an unusable one");
  ok(!answer_is_bad("one\n" KRL_FINE "\ntwo\n" KRL_FINE), "two lists");
  is_int(nseen, 3, "and the keys");
  is_str(seen[0], "SSHKRL\n\001fine", "a list");
  is_str(seen[2], "one\n#1NIS1JMCgFmaW5l\ntwo\n#1NIS1JMCgFmaW5l", "the rest");
  ok(answer_is_bad(KRL_REVOKED "\none"), "a list that has it");
  ok(answer_is_bad(KRL_FINE "\none\n" KRL_REVOKED "\n"), "the last one");
  is_str(fake_log_last, "key of user 'alice' refused: its entry "
    "(SFTPRevokedKeys 'sql:/keys')", "which the log says");
  ok(answer_is_bad(KRL_BROKEN), "a broken list");
  ok(answer_is_bad("U1NIS1JMCg!!\n"), "no base64");
  is_str(fake_log_last, "key of user 'alice' refused: SFTPRevokedKeys "
    "'sql:/keys' cannot be used: a list in base64 is damaged", "its reason");
  ok(!answer_is_bad("U1NIS1JMC\n"), "a shorter word is no list");
}

static void no_answer_refuses(void) {
  no_answer = true;
  answer.why = "the database is gone";
  ok(answer_is_bad(""), "no answer");
  ok(fake_log_has("cannot be used: the database is gone"), "has a reason");
  answer.why = NULL;
  ok(answer_is_bad(""), "or none");
  ok(fake_log_has("cannot be used: it is not asked any more"), "that is new");
  no_answer = false;
}

/* ---- SFTPKeyBlacklist */

static unsigned char image[16 + 0x20000 + 64 * 14];
static size_t image_len;

static void put16(unsigned char *to, unsigned int n) {
  to[0] = (unsigned char) (n >> 8);
  to[1] = (unsigned char) n;
}

#define SHIFT 1000

/* A list of fingerprints in order, len bytes of each. */
static void make_list(const unsigned char (*md)[16], unsigned int n,
    unsigned int len) {
  unsigned int value, first = 0;

  memset(image, 0, sizeof(image));
  memcpy(image, "SSH-FP00", 8);
  image[8] = image[9] = 16;
  image[10] = (unsigned char) (8 * len);
  image[13] = (unsigned char) n;
  put16(image + 14, SHIFT);
  for (value = 0; value < 0x10000; value++) {
    while (first < n && (md[first][0] << 8 | md[first][1]) < (int) value) {
      first++;
    }

    put16(image + 16 + 2 * value, first - (value * n >> 16) + SHIFT);
  }

  for (first = 0; first < n; first++) {
    memcpy(image + 16 + 0x20000 + first * (len - 2), md[first] + 2, len - 2);
  }

  image_len = 16 + 0x20000 + n * (len - 2);
}

static void write_list(void) {
  char name[] = "/tmp/ftpd-revoked-XXXXXX";

  if (list >= 0) {
    (void) close(list);
  }

  list = mkstemp(name);
  (void) unlink(name);
  if (write(list, image, image_len) != (ssize_t) image_len) {
    bail_out("no list: %s", strerror(errno));
  }

  set_lists(NULL, NULL, "/weak");
}

static const unsigned char weak[][16] = {
  { 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 0x12, 0x34, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 },
  { 0x12, 0x34, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 },
  { 0x80, 0x01, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4 },
  { 0xff, 0xfe, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 },
  { 0xff, 0xff, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6 },
  { 0xff, 0xff, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7 } };

static bool is_weak(const unsigned char *md) {
  memcpy(key, md, sizeof(key));
  return is_bad(false);
}

static void weak_keys_are_found(void) {
  static const unsigned int lens[] = { 16, 10, 3 };
  unsigned char other[16];
  size_t i, k, good;

  for (k = 0; k < SFTP_NELEMS(lens); k++) {
    make_list(weak, SFTP_NELEMS(weak), lens[k]);
    write_list();
    for (i = good = 0; i < SFTP_NELEMS(weak); i++) {
      good += is_weak(weak[i]);
      memcpy(other, weak[i], 16);
      other[lens[k] - 1] ^= 0x40;
      good += !is_weak(other);
      memcpy(other, weak[i], 16);
      other[1] ^= 0x08;
      good += !is_weak(other);
    }

    is_int(good, 3 * SFTP_NELEMS(weak), "fingerprints of %u bytes", lens[k]);
  }

  memcpy(other, weak[0], 16);
  other[2] = 9;
  ok(!is_weak(other), "a record may have the end of another");
}

static void weak_keys_are_told(void) {
  make_list(weak, SFTP_NELEMS(weak), 16);
  write_list();
  ok(is_weak(weak[1]), "a weak key");
  is_str(fake_log_last, "key of user 'alice' refused: it is on the list of "
    "weak keys '/weak'", "the log says so");
  is_str(fake_auth_log_last, "USER alice (Login failed): requested key is "
    "blacklisted", "the authentication log, too");
  fake_log_reset();
  ok(is_bad(true), "a client asks whether it may");
  is_int(fake_auth_log_lines, 0, "that is no failure yet");
  set_lists(NULL, NULL, "NONE");
  ok(!is_bad(false), "no list");
  set_lists(NULL, NULL, NULL);
  ok(is_bad(false), "the list that has no directive");
}

static void authorities_may_be_weak(void) {
  struct sftp_key ca = { .blob = { weak[1], 16 } };
  struct sftp_cert cert = { .ca = &ca };

  memset(key, 0x55, sizeof(key));
  set_lists(NULL, NULL, "/weak");
  ok(!is_bad(false), "a key of a certificate");
  ok(ftpd_userkey_revoked(&ftpd, p, blob, &cert, "certificate", false),
    "its authority is weak");
  ok(fake_log_has("key of a certificate authority of user 'alice' refused"),
    "which the log says");
}

/* A change of one byte of the list; good: it can still be used. */
static bool usable_with(size_t at, unsigned int byte) {
  unsigned char old = image[at];
  bool bad;

  image[at] = (unsigned char) byte;
  write_list();
  memset(key, 0x55, sizeof(key));
  bad = is_bad(false);
  image[at] = old;
  return !bad && fake_log_lines == 0;
}

static void broken_lists_refuse_all(void) {
  static const struct { size_t at; unsigned int byte; bool good; } row[] = {
    { 0, 'S', true }, { 0, 'T', false }, { 7, '1', false }, { 8, 8, false },
    { 9, 8, false }, { 10, 8 * 16, true }, { 10, 8 * 17, false },
    { 10, 8 * 3, true }, { 10, 8 * 2, false }, { 10, 8 * 5 + 1, false },
    { 10, 0, false }, { 13, 0, false }, { 12, 1, true }, { 11, 5, false } };
  size_t i;

  make_list(weak, SFTP_NELEMS(weak), 16);
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    is_int(usable_with(row[i].at, row[i].byte), row[i].good,
      "byte %zu is %u", row[i].at, row[i].byte);
  }
}

static void sizes_have_limits(void) {
  make_list(weak, 0, 16);
  memset(image + 16, 0, 0x20000);
  image[11] = 300000 >> 16;
  put16(image + 12, 300000 & 0xffff);
  put16(image + 14, 300000 >> 16);
  put16(image + 16, 300000 >> 16);
  write_list();
  memset(key, 0, sizeof(key));
  ok(!is_bad(false), "300,000 records, none of that value");
  put16(image + 12, (300000 & 0xffff) + 1);
  write_list();
  ok(is_bad(false), "one more is too many");
  ok(fake_log_has("'/weak' cannot be used: Invalid argument"), "an error");
}

static void indexes_may_be_wrong(void) {
  make_list(weak, SFTP_NELEMS(weak), 16);
  put16(image + 16 + 2 * 0x5555, SHIFT + 5);
  write_list();
  memset(key, 0x55, sizeof(key));
  ok(is_bad(false), "the next value begins before");
  put16(image + 16 + 2 * 0x5555, 0);
  write_list();
  ok(is_bad(false), "it begins before the first record");
  make_list(weak, SFTP_NELEMS(weak), 16);
  put16(image + 16 + 2 * 0x5556, SHIFT + 6);
  write_list();
  ok(is_bad(false), "the next one begins behind the last record");
  make_list(weak, SFTP_NELEMS(weak), 16);
  put16(image + 16 + 2 * 0x5556, SHIFT + 5);
  write_list();
  ok(!is_bad(false), "all that are left have the value");
  image_len = 16 + 2 * 0x5555 + 3;
  write_list();
  ok(is_bad(false), "an index without an end");
  image_len = 15;
  write_list();
  ok(is_bad(false), "a header without one");
  make_list(weak, SFTP_NELEMS(weak), 16);
  image_len--;
  write_list();
  ok(is_weak(weak[6]) && fake_log_has("cannot be used"), "a record, too");
}

static void missing_lists_are_told(void) {
  set_lists(NULL, NULL, "/none");
  ok(is_bad(false), "a list that is named must be there");
  ok(fake_log_has("'/none' cannot be used: No such file"), "it is missed");
  set_lists(NULL, NULL, "/loose");
  ok(is_bad(false), "and be root's");
  ok(fake_log_has("'/loose' cannot be used: others may write it"), "alone");
  no_md5 = true;
  set_lists(NULL, NULL, "/weak");
  ok(is_bad(false), "and its digest be known");
  ok(fake_log_has("its fingerprints are MD5, which"), "for it is old");
  set_lists(NULL, NULL, NULL);
  ok(!is_bad(false), "the list without a directive refuses nothing then");
  ok(fake_log_has("cannot be used: its fingerprints are MD5"), "but is told");
  no_md5 = false;
  (void) close(list);
  list = -1;
  set_lists(NULL, NULL, "/weak");
  ok(is_bad(false), "a list that cannot be opened");
  ok(fake_log_has("'/weak' cannot be used: Permission denied"), "says why");
}

int main(void) {
  p = make_sub_pool(NULL);
  lists_are_checked_at_the_start();
  revoked_keys_are_refused();
  answers_have_keys_and_lists();
  no_answer_refuses();
  weak_keys_are_found();
  weak_keys_are_told();
  authorities_may_be_weak();
  broken_lists_refuse_all();
  sizes_have_limits();
  indexes_may_be_wrong();
  missing_lists_are_told();
  destroy_pool(p);
  return done_testing();
}
