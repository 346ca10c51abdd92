/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* log-t.c -- nothing a peer sends can forge a log line or drive a terminal;
 * and the small helpers of base.h.
 */

#include <syslog.h>

#include "ftpd-log.h"
#include "tap.h"

static const char *esc(const void *src, size_t len) {
  static char out[256];

  return sftp_escape(out, sizeof(out), src, len);
}

static void text_is_escaped(void) {
  is_str(esc("plain text ~!", 13), "plain text ~!", "printable ASCII stays");
  is_str(esc("a\r\nb\t\x1b[0m\x7f\0z", 12),
    "a\\x0d\\x0ab\\x09\\x1b[0m\\x7f\\x00z",
    "control characters do not");
  is_str(esc("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9f", 15),
    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9f", "UTF-8 stays");
  is_str(esc("\xc2\xa0\xdf\xbf", 4), "\xc2\xa0\xdf\xbf",
    "the first and the last of two bytes");
  is_str(esc("", 0), "", "nothing is nothing");
}

static void bad_utf8_is_escaped(void) {
  is_str(esc("\xff\xfe", 2), "\\xff\\xfe", "bytes that UTF-8 never has");
  is_str(esc("\xc3", 1), "\\xc3", "a sequence cut short");
  is_str(esc("\xc3(", 2), "\\xc3(", "a sequence broken off");
  is_str(esc("\xc0\xaf", 2), "\\xc0\\xaf", "an overlong form of two bytes");
  is_str(esc("\xe0\x80\xaf", 3), "\\xe0\\x80\\xaf", "of three");
  is_str(esc("\xf0\x80\x80\xaf", 4), "\\xf0\\x80\\x80\\xaf", "of four");
  is_str(esc("\xed\xa0\x80", 3), "\\xed\\xa0\\x80", "a surrogate");
  is_str(esc("\xf4\x90\x80\x80", 4), "\\xf4\\x90\\x80\\x80",
    "a value above U+10FFFF");
  is_str(esc("\xc2\x9b" "2J", 4), "\\xc2\\x9b2J", "a C1 control character");
  is_str(esc("\x80", 1), "\\x80", "a lone continuation byte");
}

static void escaping_reads_what_it_was_given(void) {
  const char *text = "\xe2\x82\xac\xf0\x9f\x90\x9f";
  size_t n, whole = 0;

  for (n = 0; n <= strlen(text); n++) {
    unsigned char *copy = t_exact_copy(text, n);

    whole += strchr(esc(copy, n), '\\') == NULL;
    free(copy);
  }

  is_int(whole, 3, "a sequence is shown when it is whole");
}

static void escaping_keeps_to_its_buffer(void) {
  size_t size, good = 0;

  for (size = 1; size <= 12; size++) {
    char *out = malloc(size);

    sftp_escape(out, size, "a\x01\xc3\xbc" "b", 5);
    good += strlen(out) < size &&
      strncmp("a\\x01\xc3\xbc" "b", out, strlen(out)) == 0;
    good -= strlen(out) == 6 || (strlen(out) > 1 && strlen(out) < 5);
    free(out);
  }

  is_int(good, 12, "escapes and characters are written whole or not at all");
}

static const char *shown(pool *p, const char *text) {
  return sftp_printable(p, text);
}

static void printable_texts_keep_all_but_controls(void) {
  static const char name[] = "gr\xc3\xbc\xdf \\x \xe9\xa0";
  pool *p = make_sub_pool(NULL);
  char blank[] = "a\n\x1b\x9b\xc2\x85\xc3\x9b\t\xe9z";

  ok(shown(p, name) == name, "a name in whatever charset is not touched");
  is_str(shown(p, "a\r\nb\t\x1b[0m\x7f\x01z"),
    "a\\x0d\\x0ab\\x09\\x1b[0m\\x7f\\x01z", "C0 and DEL are escaped");
  is_str(shown(p, "\x80\x9b" "1m\xc2\x9b\xc2\x85"),
    "\\x80\\x9b1m\\xc2\\x9b\\xc2\\x85", "C1, bare and in UTF-8");
  is_str(shown(p, "\xc3\x9b\xe2\x80\x9c"), "\xc3\x9b\xe2\x80\x9c",
    "not what is part of a character");
  is_str(shown(p, "\xe0\x80\x8a\xc0\x8a\xe2\x80"),
    "\xe0\\x80\\x8a\xc0\\x8a\xe2\\x80",
    "what only pretends to be one is no hiding place");
  is_int(sftp_has_controls("plain"), false, "nothing in a plain text");
  is_int(sftp_has_controls("\xc2\x80"), true, "the first of C1");

  sftp_blank_controls(blank, strlen(blank), '\t');
  is_str(blank, "a_____\xc3\x9b\t\xe9z", "in place, with one that stays");
  destroy_pool(p);
}

static void a_line_is_one_line(void) {
  errno = ENOENT;
  sftp_log("user '%s' said %d", "x\nFeb 1 root: login", 5);
  is_str(fake_log_last, "user 'x\\x0aFeb 1 root: login' said 5",
    "a forged line stays inside its own");
  is_int(errno, ENOENT, "logging keeps errno");
  is_int(fake_log_lines, 1, "one call, one line");
}

static void long_lines_are_cut(void) {
  char text[20000];

  memset(text, 'x', sizeof(text) - 1);
  text[sizeof(text) - 1] = '\0';
  sftp_log("%s", text);
  is_int(strlen(fake_log_last), 4095, "a line ends at 4 KiB");

  memset(text, 1, sizeof(text) - 1);
  sftp_log("%s", text);
  is_int(strlen(fake_log_last), 4092, "also when it is all escapes");
}

static void each_sink_gets_its_lines(void) {
  sftp_auth_log(LOG_NOTICE, "login of %s", "\x07");
  is_str(fake_auth_log_last, "login of \\x07", "the authentication log");
  is_int(fake_auth_log_level, LOG_NOTICE, "with its level");

  sftp_trace_levels[TRACE_SFTP] = 7;
  SFTP_TRACE(TRACE_SFTP, 7, "path %s", "a\nb");
  is_str(fake_trace_last, "path a\\x0ab", "the trace");
  is_int(fake_trace_channel, TRACE_SFTP, "with its channel");
  is_int(fake_trace_level, 7, "and level");
  SFTP_TRACE(TRACE_SFTP, 8, "more");
  SFTP_TRACE(TRACE_SSH2, 1, "another");
  is_int(fake_trace_lines, 1, "what nobody asked for is not traced");
}

static void errors_have_texts(void) {
  int err;
  size_t unknown = 0;

  for (err = 0; err >= SFTP_ERR_PASSPHRASE; err--) {
    unknown += strcmp(sftp_strerror(err), sftp_strerror(-1000)) == 0;
  }

  is_int(unknown, 0, "every code has a text");
  ok(sftp_strerror(1) != NULL, "and so has what is none");
}

static void helpers_do_what_they_say(void) {
  unsigned char a[64], b[64], zero[64];

  memset(zero, 0, sizeof(zero));
  sftp_random(a, sizeof(a));
  sftp_random(b, sizeof(b));
  ok(!sftp_same(a, b, sizeof(a)), "random bytes differ");
  memcpy(b, a, sizeof(b));
  ok(sftp_same(a, b, sizeof(a)), "the same bytes are the same");
  b[63] ^= 1;
  ok(!sftp_same(a, b, sizeof(a)), "the last bit counts");
  ok(sftp_same(a, b, 63) && sftp_same(a, b, 0), "up to n only");
  sftp_wipe(a, sizeof(a));
  ok(sftp_same(a, zero, sizeof(a)), "wiped bytes are zero");
  sftp_wipe(NULL, 0);
  is_int(sftp_now_ms(), fake_now_ms, "the clock is the host's");
}

int main(void) {
  text_is_escaped();
  bad_utf8_is_escaped();
  escaping_reads_what_it_was_given();
  escaping_keeps_to_its_buffer();
  printable_texts_keep_all_but_controls();
  a_line_is_one_line();
  long_lines_are_cut();
  each_sink_gets_its_lines();
  errors_have_texts();
  helpers_do_what_they_say();
  return done_testing();
}
