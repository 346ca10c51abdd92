/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-charset-t.c -- names in the charset of UseEncoding. */

#include "daemon.h"
#include "ftpd-charset.h"
#include "ftpd-utf8.h"
#include "tap.h"

#include <locale.h>

static pool *p;
static server_rec server;
static struct ftpd ftpd;
static const char *charset;             /* of the daemon */

const char *pr_encode_get_charset(void) {
  return charset;
}

int pr_encode_is_utf8(const char *name) {
  return strcasecmp(name, "UTF-8") == 0 ? TRUE : FALSE;
}

static const char *begin(const char *name) {
  memset(&ftpd, 0, sizeof(ftpd));
  ftpd.pool = p;
  ftpd.server = &server;
  charset = name;
  ftpd_charset_init(&ftpd);
  return ftpd_charset(&ftpd);
}

static void some_charsets_are_converted(void) {
  static int off = FALSE, on = TRUE;
  config_rec *c;

  daemon_forget_config();
  is_str(begin("ISO-8859-1"), "ISO-8859-1", "Latin 1");
  is_str(begin("utf-8"), NULL, "not UTF-8");
  is_str(begin("US-ASCII"), NULL, "not ASCII");
  is_str(begin("ansi_x3.4-1968"), NULL, "by whatever name");
  is_str(begin(""), NULL, "not none");
  is_str(begin(NULL), NULL, "nor that of the locale C");
  is_str(begin("no-such-charset"), NULL, "nor one that is unknown");
  daemon_set_param("UseEncoding", &off);
  is_str(begin("ISO-8859-1"), NULL, "UseEncoding off: none");
  daemon_set_param("UseEncoding", &on);
  is_str(begin("ISO-8859-1"), "ISO-8859-1", "on: the charset");
  daemon_forget_config();
  c = add_config_param("UseEncoding", 2);
  c->argv[0] = c->argv[1] = &off;
  is_str(begin("ISO-8859-1"), "ISO-8859-1", "two charsets are no switch");
  daemon_forget_config();
}

static void names_are_converted_both_ways(void) {
  (void) begin("ISO-8859-1");
  is_str(ftpd_from_utf8(&ftpd, p, "a\xc3\xa9z"), "a\xe9z", "from UTF-8");
  is_str(ftpd_to_utf8(&ftpd, p, "a\xe9z"), "a\xc3\xa9z", "to UTF-8");
  is_str(ftpd_from_utf8(&ftpd, p, ""), "", "an empty name");
  is_str(ftpd_from_utf8(&ftpd, p, "\xe2\x82\xac"), NULL,
    "a character that the charset has not");
  is_str(ftpd_from_utf8(&ftpd, p, "a\xc3"), NULL, "half of one");
  is_str(ftpd_from_utf8(&ftpd, p, "a\xff"), NULL, "none at all");
  is_str(ftpd_from_utf8(&ftpd, p, "b\xc3\xa9"), "b\xe9", "the next is good");
  (void) begin("UTF-8");
  is_str(ftpd_from_utf8(&ftpd, p, "a\xff"), "a\xff", "without a charset a name "
    "is what it is");
  is_str(ftpd_to_utf8(&ftpd, p, "a\xff"), "a\xff", "both ways");
}

/* In UTF-16, "a" has a byte of 0. */
static void no_name_ends_early(void) {
  (void) begin("UTF-16LE");
  is_str(ftpd_from_utf8(&ftpd, p, "ab"), NULL, "a NUL inside of a name");
}

static void names_have_a_limit(void) {
  size_t max = 4 * PR_TUNABLE_PATH_MAX;
  char *name = palloc(p, max + 2);
  const char *res;

  (void) begin("ISO-8859-1");
  memset(name, 'a', max + 1);
  name[max + 1] = '\0';
  is_str(ftpd_to_utf8(&ftpd, p, name), NULL, "a name that is too long");
  memset(name, '\xe9', max);
  name[max] = '\0';
  res = ftpd_to_utf8(&ftpd, p, name);
  ok(res != NULL && strlen(res) == 2 * max, "the longest one");
}

int main(void) {
  (void) setlocale(LC_ALL, "C");
  p = make_sub_pool(NULL);
  some_charsets_are_converted();
  names_are_converted_both_ways();
  no_name_ends_early();
  names_have_a_limit();
  destroy_pool(p);
  return done_testing();
}
