/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-fields-t.c -- what a session says about an event, and what the
 * recorder makes of it, whoever controls the session.
 */

#include "daemon.h"
#include "ftpd-record-fields.h"
#include "tap.h"

static struct record_event event;
static struct record_pins pins;
static char made[RECORD_LINE_MAX];

static int compose(struct sftp_str message) {
  enum record_what what = RECORD_NWHATS;
  struct sftp_json j;
  int res;

  sftp_json_init(&j, made, sizeof(made) - 1);
  res = ftpd_record_compose(&j, message, &pins, &what);
  made[j.len] = '\0';
  return j.full ? SFTP_ERR_LIMIT : res;
}

static int compose_event(void) {
  return compose(sftp_wr_get(&event.message));
}

static void begin_login(const char *user, const char *end) {
  ftpd_record_begin(&event, RECORD_LOGIN);
  ftpd_record_text(&event, RECORD_USER, user);
  ftpd_record_text(&event, RECORD_METHOD, "password");
  ftpd_record_text(&event, RECORD_KEY, NULL);
  ftpd_record_number(&event, RECORD_SERIAL, 7);
  ftpd_record_text(&event, RECORD_END, end);
}

static void fields_become_members(void) {
  memset(&pins, 0, sizeof(pins));
  ftpd_record_begin(&event, RECORD_RENAME);
  ftpd_record_text(&event, RECORD_TO, "/b\n");
  ftpd_record_text(&event, RECORD_PATH, "/a");
  ftpd_record_number(&event, RECORD_BYTES, UINT64_MAX);
  is_int(compose_event(), SFTP_OK, "an event");
  is_str(made, "\"what\":\"rename\",\"path\":\"/a\",\"to\":\"/b\\u000a\","
    "\"bytes\":18446744073709551615", "in the order of the table");
}

static void the_first_login_counts(void) {
  memset(&pins, 0, sizeof(pins));
  begin_login("mallory", "failed");
  is_int(compose_event(), SFTP_OK, "a login that fails");
  ok(pins.set == 0, "fixes nothing");
  begin_login("alice", "ok");
  is_int(compose_event(), SFTP_OK, "a login");
  ok(pins.set == 1, "is fixed");
  begin_login("bob", "ok");
  is_int(compose_event(), SFTP_OK, "another login");
  ok(strstr(made, "\"user\":\"alice\"") != NULL && strstr(made, "bob") == NULL,
    "changes no name: %s", made);
  ftpd_record_begin(&event, RECORD_REMOVE);
  ftpd_record_text(&event, RECORD_USER, "bob");
  ftpd_record_text(&event, RECORD_KEY, "SHA256:another");
  is_int(compose_event(), SFTP_OK, "an event with another name");
  is_str(made, "\"what\":\"remove\",\"user\":\"alice\",\"method\":\"password\","
    "\"serial\":7", "has that of the login");
}

static void long_texts_are_cut(void) {
  static char path[8000];

  memset(&pins, 0, sizeof(pins));
  memset(path, 0xff, sizeof(path) - 1);
  begin_login(path, "ok");
  is_int(compose_event(), SFTP_OK, "a long user");
  ok(pins.len[RECORD_USER] == 256, "is fixed as far as there is room");
  ftpd_record_begin(&event, RECORD_RENAME);
  ftpd_record_text(&event, RECORD_CLIENT, path);
  ftpd_record_text(&event, RECORD_PATH, path);
  ftpd_record_text(&event, RECORD_TO, path);
  ftpd_record_text(&event, RECORD_WHY, path);
  is_int(sftp_wr_end(&event.message), SFTP_OK, "the longest texts fit");
  is_int(compose_event(), SFTP_OK, "and so does their record");
  ok(strlen(made) < RECORD_LINE_MAX - 1024 && strstr(made, ",\"cut\":true") !=
    NULL, "which says that they were cut");
  ftpd_record_text(&event, RECORD_END, "failed");
  is_int(compose_event(), SFTP_OK, "of a request that fails");
  ok(strlen(made) < 13000 && strstr(made, ",\"cut\":true") != NULL,
    "paths are shorter");
}

static void wrong_messages_write_nothing(void) {
  struct sftp_str m, part;
  size_t n, refused = 0;
  unsigned char bytes[64];

  memset(&pins, 0, sizeof(pins));
  begin_login("alice", "ok");
  m = sftp_wr_get(&event.message);
  for (n = 0; n < m.len; n++) {
    unsigned char *copy = t_exact_copy(m.ptr, n);

    part.ptr = copy;
    part.len = n;
    refused += compose(part) != SFTP_OK || pins.set == 0;
    free(copy);
  }

  ok(refused == m.len, "a part of a message logs nobody in");
  bytes[0] = RECORD_NWHATS;
  part.ptr = bytes;
  part.len = 1;
  ok(compose(part) != SFTP_OK && made[0] == '\0', "a kind that is none");
  bytes[0] = RECORD_LOGOUT;
  bytes[1] = RECORD_NFIELDS;
  part.len = 2;
  ok(compose(part) != SFTP_OK && made[0] == '\0', "a field that is none");
  ftpd_record_begin(&event, RECORD_LOGOUT);
  ftpd_record_text(&event, RECORD_WHY, "a");
  ftpd_record_text(&event, RECORD_WHY, "b");
  ok(compose_event() != SFTP_OK && made[0] == '\0', "a field that comes "
    "twice");
}

static void flipped_bits_are_no_harm(void) {
  struct sftp_str m;
  size_t bit, kept = 0;

  begin_login("alice", "ok");
  m = sftp_wr_get(&event.message);
  for (bit = 0; bit < 8 * m.len; bit++) {
    unsigned char *copy = t_exact_copy(m.ptr, m.len);
    struct sftp_str s = { copy, m.len };

    memset(&pins, 0, sizeof(pins));
    copy[bit / 8] ^= (unsigned char) (1U << bit % 8);
    kept += compose(s) != SFTP_OK ? made[0] == '\0' : strncmp(made,
      "\"what\":\"", 8) == 0 && strchr(made, '\n') == NULL;
    free(copy);
  }

  ok(kept == 8 * m.len, "each flipped bit: nothing, or a record");
}

static void all_rows_are_there(void) {
  unsigned int i, n = 0;

  for (i = 0; i < RECORD_NFIELDS; i++) {
    n += ftpd_record_rows[i].name != NULL;
  }

  for (i = 0; i < RECORD_NWHATS; i++) {
    n += ftpd_record_whats[i] != NULL;
  }

  ok(n == RECORD_NFIELDS + RECORD_NWHATS, "each field and kind has a name");
  n = 0;
  for (i = 0; i < RECORD_NPINS; i++) {
    n += ftpd_record_rows[i].max <= sizeof(pins.text[0]);
  }

  ok(n == RECORD_NPINS, "those of the login have room");
}

int main(void) {
  fields_become_members();
  the_first_login_counts();
  long_texts_are_cut();
  wrong_messages_write_nothing();
  flipped_bits_are_no_harm();
  all_rows_are_there();
  return done_testing();
}
