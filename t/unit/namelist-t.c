/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* namelist-t.c -- name-lists (RFC 4251, sections 5 and 6; RFC 4253, 7.1). */

#include "namelist.h"
#include "tap.h"

static void names_come_one_by_one(void) {
  struct sftp_str list = sftp_str_of("zlib,none,x"), name;

  ok(sftp_names_next(&list, &name) && sftp_str_is(name, "zlib"), "first");
  ok(sftp_names_next(&list, &name) && sftp_str_is(name, "none"), "second");
  ok(sftp_names_next(&list, &name) && sftp_str_is(name, "x"), "last");
  ok(!sftp_names_next(&list, &name), "the end");

  list = sftp_str_of("");
  ok(!sftp_names_next(&list, &name), "the empty list has no name");
}

static void lists_are_not_read_beyond_their_end(void) {
  const char *text = "aes128-ctr,none";
  size_t n, names = 0;

  for (n = 0; n <= strlen(text); n++) {
    unsigned char *copy = t_exact_copy(text, n);
    struct sftp_str list = { copy, n }, name;

    names += sftp_names_have(list, "none");
    names += !sftp_names_valid(list);
    while (sftp_names_next(&list, &name)) {
      names += name.len > n;
    }

    free(copy);
  }

  is_int(names, 1, "no prefix of a list holds more than it has");
}

static void whole_names_are_found(void) {
  struct sftp_str list = sftp_str_of("aes128-ctr,aes256-ctr");

  ok(sftp_names_have(list, "aes128-ctr"), "the first name");
  ok(sftp_names_have(list, "aes256-ctr"), "the last name");
  ok(!sftp_names_have(list, "aes256"), "not a part of a name");
  ok(!sftp_names_have(list, "aes128-ctr,aes256-ctr"), "not two names");
  ok(!sftp_names_have(list, ""), "not the empty name");
  ok(!sftp_names_have(list, "AES128-CTR"), "names have their case");
}

static bool match_is(const char *client, const char *server,
    const char *want) {
  struct sftp_str name;

  name = sftp_names_match(sftp_str_of(client), sftp_str_of(server));
  return sftp_str_is(name, want);
}

static void the_client_chooses(void) {
  ok(match_is("a,b,c", "c,b", "b"), "the client's first that the server has");
  ok(match_is("c,b", "b,c", "c"), "in the client's order");
  ok(match_is("a", "b", ""), "none in common");
  ok(match_is("", "b", ""), "an empty list of the client");
  ok(match_is("a", "", ""), "an empty list of the server");
  ok(match_is(",,b", ",b", "b"), "an empty name is not in common");
}

/* libssh 0.10 ends its list of ciphers with a comma. */
static void empty_names_do_no_harm(void) {
  static const char *const odd[] = { ",", "a,", ",a", "a,,b" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(odd); i++) {
    ok(sftp_names_valid(sftp_str_of(odd[i])), "odd list %zu is taken", i);
  }
  ok(match_is("aes128-ctr,", "aes128-ctr", "aes128-ctr"), "and used");
}

static void bad_lists_are_refused(void) {
  static const char *const bad[] = { "a b", "a\tb", "a\nb",
    "\x7f", "\xc3\xa4", "a,\x01" };
  char longest[130];
  struct sftp_str list;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    ok(!sftp_names_valid(sftp_str_of(bad[i])), "bad list %zu", i);
  }

  list.ptr = (const unsigned char *) "a\0b";
  list.len = 3;
  ok(!sftp_names_valid(list), "a list with a NUL");

  memset(longest, 'a', sizeof(longest));
  longest[64] = ',';
  list.ptr = (const unsigned char *) longest;
  list.len = 64;
  ok(sftp_names_valid(list), "a name of 64 bytes is good");
  list.len = 129;
  ok(sftp_names_valid(list), "two of them are too");
  list.len = 130;
  ok(!sftp_names_valid(list), "a name of 65 bytes is not");

  ok(sftp_names_valid(sftp_str_of("")), "the empty list is good");
  ok(sftp_names_valid(sftp_str_of("a,b@c.org,d")), "and so is a list");
}

int main(void) {
  names_come_one_by_one();
  lists_are_not_read_beyond_their_end();
  whole_names_are_found();
  the_client_chooses();
  empty_names_do_no_harm();
  bad_lists_are_refused();
  return done_testing();
}
