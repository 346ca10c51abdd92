/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-file-t.c -- a file of records: its chain, whatever happens to the
 * file, and when a signature is due.
 */

#include "daemon.h"
#include "ftpd-record-file.h"
#include "tap.h"

#include "checksum.h"
#include "keys.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

static pool *p;
static const char *path;

static struct sftp_str members(const char *text) {
  return sftp_str_of(text);
}

static struct record_file *opened(void) {
  struct record_file *f = ftpd_record_file_new(p, path);

  f->max_records = 3;
  f->max_secs = 60;
  ftpd_record_file_open(f);
  return f;
}

static char *content(size_t *len) {
  FILE *in = fopen(path, "rb");
  char *text = pcalloc(p, 1000000);

  *len = in != NULL ? fread(text, 1, 999999, in) : 0;
  if (in != NULL) {
    fclose(in);
  }

  return text;
}

static bool hashes_to(const char *line, size_t len, const char *hex) {
  struct sftp_sum *sum = sftp_sum_new(p, "sha256");
  unsigned char hash[32];
  char text[65];
  size_t i;

  if (sftp_sum_begin(sum) != SFTP_OK ||
      sftp_sum_add(sum, line, len) != SFTP_OK ||
      sftp_sum_end(sum, hash) != SFTP_OK) {
    return false;
  }

  for (i = 0; i < 32; i++) {
    snprintf(text + 2 * i, 3, "%02x", hash[i]);
  }

  return memcmp(text, hex, 64) == 0;
}

/* The lines of the file; -1: one does not follow the one before. */
static int chain(void) {
  size_t len, n;
  char *line = content(&len), *end, *before = NULL;
  int lines = 0;

  for (; len > 0; line = end + 1, len -= n, lines++) {
    end = memchr(line, '\n', len);
    if (end == NULL) {
      return -1;
    }

    n = (size_t) (end - line) + 1;
    if (before != NULL && n > 80 &&
        !hashes_to(before, (size_t) (line - before), line + 9)) {
      return -1;
    }

    before = line;
  }

  return lines;
}

static unsigned int count(const char *what) {
  size_t len;
  const char *at = content(&len);
  unsigned int n = 0;

  for (; (at = strstr(at, what)) != NULL; at++) {
    n++;
  }

  return n;
}

static void add_bytes(const char *bytes) {
  FILE *out = fopen(path, "ab");

  fputs(bytes, out);
  fclose(out);
}

/* ---- The tests */

static void a_new_file_begins(void) {
  struct record_file *f = opened();

  ok(count("\"n\":1,") == 1 && count("\"what\":\"begin\"") == 1 &&
    count("{\"prev\":\"00000000") == 1 && count("\"first\":true") == 1,
    "it begins with a record that says so");
  is_int(ftpd_record_file_append(f, members("\"a\":1")), 0, "a record");
  is_int(chain(), 2, "follows");
  close(f->fd);
  f = opened();
  is_int(ftpd_record_file_append(f, members("\"a\":2")), 0, "another start");
  ok(chain() == 4 && f->head.n == 4 && count("\"first\"") == 1,
    "goes on in the chain");
  close(f->fd);
}

static void two_writers_have_one_chain(void) {
  struct record_file *a = opened(), *b = opened();
  int i, failed = 0, before = chain();

  for (i = 0; i < 10; i++) {
    failed += ftpd_record_file_append(a, members("\"a\":3")) != 0 ||
      ftpd_record_file_append(b, members("\"b\":3")) != 0;
  }

  ok(failed == 0 && chain() == before + 40 && count("\"foreign\"") == 20,
    "by turns, each says that it has found the other's line");
  ok(a->head.n + 2 == b->head.n && count("missing") == 0, "one numbering");
  ok(count("\"lines\":1}") == 1 && count("\"lines\":2}") == 19, "how many");
  close(b->fd);
  close(a->fd);
}

static void torn_lines_are_ended(void) {
  struct record_file *f = opened();
  int before = chain();

  add_bytes("{\"prev\":\"0123");
  is_int(ftpd_record_file_append(f, members("\"a\":4")), 0, "after half a "
    "line");
  ok(chain() == before + 3 && count("\"what\":\"torn\",\"bytes\":13") == 1,
    "the line has an end, and a record says so");
  close(f->fd);
  add_bytes("{");
  f = opened();
  ok(count("\"what\":\"torn\",\"bytes\":1}") == 1 && chain() > 0,
    "at the start as well");
  close(f->fd);
}

static void missing_lines_are_noticed(void) {
  struct record_file *f = opened();
  size_t len;
  char *text = content(&len);
  uint64_t n = f->head.n;

  text[len - 1] = '\0';
  ok(truncate(path, strrchr(text, '\n') - text + 1) == 0, "the last line is "
    "removed");
  is_int(ftpd_record_file_append(f, members("\"a\":5")), 0, "the next");
  text = pcalloc(p, 64);
  snprintf(text, 64, "\"what\":\"missing\",\"after\":%llu,",
    (unsigned long long) n);
  ok(chain() > 0 && count(text) == 1, "says up to where there were lines");
  ok(f->head.n == n + 2, "numbers go on");
  ok(truncate(path, 0) == 0, "all is removed (copytruncate)");
  is_int(ftpd_record_file_append(f, members("\"a\":6")), 0, "the next");
  ok(chain() == 2 && count("\"first\":true") == 1 &&
    count("{\"prev\":\"00000000") == 0 && f->head.n == n + 4,
    "begins with the hash of the last line");
  close(f->fd);
}

static void odd_files_are_no_harm(void) {
  struct record_file *f;
  FILE *out = fopen(path, "wb");
  int i;

  for (i = 0; i < 300000; i++) {
    fputc(i % 251 + 1, out);
  }

  fclose(out);
  f = opened();
  is_int(ftpd_record_file_append(f, members("\"a\":7")), 0, "after noise");
  ok(count("\"what\":\"begin\"") == 1, "it begins");
  close(f->fd);
  out = fopen(path, "wb");
  fprintf(out, "{\"prev\":\"%064d\",\"n\":18446744073709551615,\"a\":1}\n", 0);
  fclose(out);
  f = opened();
  is_int(ftpd_record_file_append(f, members("\"a\":8")), 0, "after the largest "
    "number");
  close(f->fd);
  unlink(path);
}

/* Who can write to the file adds a line with the right hash and number. */
static void added_lines_are_noticed(void) {
  struct record_file *f;
  struct record_head ours;
  char text[200];

  unlink(path);
  f = opened();
  is_int(ftpd_record_file_append(f, members("\"a\":1")), 0, "a record");
  ours = f->head;
  add_bytes("{\"prev\":\"0\",\"n\":3}\n{\"n\":4}\n");
  is_int(ftpd_record_file_append(f, members("\"a\":2")), 0, "the next");
  snprintf(text, sizeof(text), "\"what\":\"foreign\",\"after\":%llu,"
    "\"lines\":2}", (unsigned long long) ours.n);
  ok(count(text) == 1 && f->sign_now, "says how many are of somebody else");
  ours = f->head;
  close(f->fd);
  f = ftpd_record_file_new(p, path);
  f->head = ours;
  add_bytes("{\"n\":9}\n{\"half");
  ftpd_record_file_open(f);
  ok(count("\"torn\",\"bytes\":6,\"after\":4,\"lines\":1}") == 1 &&
    count("\"begin\"") == 1, "also after a reload, and with half a line");
  close(f->fd);
}

static void changed_lines_are_noticed(void) {
  struct record_file *f;
  size_t len;
  FILE *out;
  char *text;
  int i;

  unlink(path);
  f = opened();
  is_int(ftpd_record_file_append(f, members("\"a\":1")), 0, "a record");
  text = content(&len);
  out = fopen(path, "rb+");
  text[len - 3] = '7';
  for (i = 0; i < 2; i++) {
    fwrite(text, 1, len, out);
  }

  fclose(out);
  is_int(ftpd_record_file_append(f, members("\"a\":2")), 0, "after a change "
    "of the last");
  ok(count("\"what\":\"changed\",\"after\":2,") == 1 &&
    count("foreign") == 0, "a record says that it is not there");
  close(f->fd);
  unlink(path);
}

static void another_recorder_is_seen(void) {
  /* It does not sign, and that is said. */
  static const struct sftp_key_type type = { .name = "none" };
  static const struct sftp_key key = { .type = &type };
  struct record_file *a = opened(), *b;

  a->key = &key;
  a->sign_now = false;
  is_int(ftpd_record_file_append(a, members("\"a\":1")), 0, "alone");
  ok(!a->told_unsigned, "it does not sign each record");
  b = opened();
  is_int(ftpd_record_file_append(a, members("\"a\":2")), 0, "with another");
  ok(a->told_unsigned, "it does");
  a->told_unsigned = false;
  close(b->fd);
  is_int(ftpd_record_file_append(a, members("\"a\":3")), 0, "alone again");
  ok(!a->told_unsigned, "it does not");
  close(a->fd);
  unlink(path);
}

/* The file may grow by so many bytes. */
static void set_room(off_t room) {
  struct rlimit limit;
  struct stat st;

  (void) signal(SIGXFSZ, SIG_IGN);
  (void) getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = limit.rlim_max;
  if (room >= 0 && stat(path, &st) == 0) {
    limit.rlim_cur = (rlim_t) (st.st_size + room);
  }

  (void) setrlimit(RLIMIT_FSIZE, &limit);
}

static void full_disks_change_nothing(void) {
  struct record_file *f = opened();
  int before;

  is_int(ftpd_record_file_append(f, members("\"a\":1")), 0, "a record");
  before = chain();
  close(f->fd);
  add_bytes("{\"prev\":\"01");
  set_room(1);
  f = opened();
  ok(chain() == -1 && f->head.known == 0, "room for a line break alone does "
    "not end a torn line");
  set_room(-1);
  is_int(ftpd_record_file_append(f, members("\"a\":2")), 0, "later");
  ok(chain() == before + 4 && count("\"torn\",\"bytes\":11}") == 1,
    "it is ended");
  f->clock_us -= 7200000000;
  set_room(0);
  ok(ftpd_record_file_append(f, members("\"a\":3")) != 0, "full again, after a "
    "step of the clock");
  set_room(-1);
  is_int(ftpd_record_file_append(f, members("\"a\":4")), 0, "later");
  ok(count("\"what\":\"clock\",\"seconds\":\"+7200\"") == 1, "it is recorded");
  close(f->fd);
  unlink(path);
}

static void the_end_is_searched(void) {
  struct record_file *f;
  int i;

  unlink(path);
  f = opened();
  ok(!ftpd_record_file_had(f, members("\"a\":1")), "a new file had nothing");
  is_int(ftpd_record_file_append(f, members("\"a\":1,\"b\":2")), 0,
    "a record");
  ok(!ftpd_record_file_had(f, members("\"a\":1,\"b\":2")),
    "what comes later does not count");
  close(f->fd);
  f = opened();
  ok(ftpd_record_file_had(f, members("\"a\":1,\"b\":2")), "what was there "
    "is found");
  ok(!ftpd_record_file_had(f, members("\"a\":1")), "as a whole");
  ok(!ftpd_record_file_had(f, members("")), "which nothing is not");
  for (i = 0; i < 3000; i++) {
    (void) ftpd_record_file_append(f, members("\"c\":3"));
  }

  ok(ftpd_record_file_had(f, members("\"a\":1,\"b\":2")),
    "whatever follows");
  close(f->fd);
  f = opened();
  ok(ftpd_record_file_had(f, members("\"c\":3")) && !ftpd_record_file_had(f,
    members("\"a\":1,\"b\":2")), "near the end alone");
  (void) close(f->fd);
  f->fd = -1;
  ok(!ftpd_record_file_had(f, members("\"c\":3")), "without a file, nothing");
  unlink(path);
}

static void losses_are_counted(void) {
  struct record_file *f = opened();
  int other = open(path, O_RDWR);
  unsigned int told = daemon_messages;

  (void) flock(other, LOCK_EX);
  is_int(ftpd_record_file_append(f, members("\"a\":9")), EWOULDBLOCK,
    "somebody has locked it");
  is_int(ftpd_record_file_append(f, members("\"a\":10")), EWOULDBLOCK,
    "again");
  ok(daemon_messages == told + 1, "one line says so");
  close(other);
  is_int(ftpd_record_file_append(f, members("\"a\":11")), 0, "then it works");
  ok(daemon_messages == told + 2 && count("\"what\":\"lost\",\"records\":2,")
    == 1 && chain() >= 3, "a record says what was lost");
  close(f->fd);
}

static void signatures_are_due(void) {
  struct record_file *f;

  unlink(path);
  f = opened();
  is_int(ftpd_record_file_due_ms(f), -1, "without a key there are none");
  f->key = pcalloc(p, sizeof(struct sftp_key));
  is_int(ftpd_record_file_due_ms(f), 0, "the beginning is signed at once");
  f->sign_now = false;
  f->unsigned_ms = sftp_now_ms();
  ok(ftpd_record_file_due_ms(f) > 0 && ftpd_record_file_due_ms(f) <= 60000,
    "others wait, at most so long");
  f->unsigned_ms -= 60001;
  is_int(ftpd_record_file_due_ms(f), 0, "as it was configured");
  f->nunsigned = 0;
  is_int(ftpd_record_file_due_ms(f), -1, "nothing waits");
  close(f->fd);
}

static void a_signature_that_fails_is_tried_again(void) {
  static const struct sftp_key_type type = { .name = "none" };
  static const struct sftp_key key = { .type = &type };
  unsigned int told = daemon_messages;
  struct record_file *f;
  int i, due;

  unlink(path);
  f = opened();
  for (i = 0; i < 3; i++) {
    (void) ftpd_record_file_append(f, members("\"a\":1"));
  }

  f->key = &key;
  f->print = "SHA256:x";
  ftpd_record_file_sign(f, false);
  is_int(f->nunsigned, 4, "no record counts as signed");
  is_int(daemon_messages, told + 1, "the system log says why");
  due = ftpd_record_file_due_ms(f);
  ok(due > 0 && due <= 1000, "the next attempt comes soon");
  ftpd_record_file_sign(f, false);
  due = ftpd_record_file_due_ms(f);
  ok(due > 0 && due <= 1000, "and not before");
  f->again_ms = 0;
  ftpd_record_file_sign(f, false);
  due = ftpd_record_file_due_ms(f);
  ok(due > 1000 && due <= 2000, "then it waits longer");
  is_int(daemon_messages, told + 1, "which nobody is told");
  close(f->fd);
}

static void places_are_judged(void) {
  const char *dir = pstrcat(p, path, ".d", NULL);
  const char *in = pstrcat(p, dir, "/log", NULL), *why;

  (void) mkdir(dir, 0755);
  ok(ftpd_record_file_objection(p, in) == NULL, "a directory of one's own");
  (void) chmod(dir, 0757);
  why = ftpd_record_file_objection(p, in);
  ok(why != NULL && strstr(why, "others may write") != NULL, "of all");
  (void) chmod(dir, 0755);
  ok(symlink("/tmp/x", in) == 0, "made");
  why = ftpd_record_file_objection(p, in);
  ok(why != NULL && strstr(why, "symbolic link") != NULL, "a link");
  (void) unlink(in);
  (void) rmdir(dir);
  why = ftpd_record_file_objection(p, in);
  ok(why != NULL && strstr(why, "No such file") != NULL, "no directory");
}

int main(void) {
  char name[] = "/tmp/record-t-XXXXXX";
  int fd = mkstemp(name);

  p = make_sub_pool(NULL);
  path = name;
  close(fd);
  unlink(name);
  a_new_file_begins();
  two_writers_have_one_chain();
  torn_lines_are_ended();
  missing_lines_are_noticed();
  odd_files_are_no_harm();
  added_lines_are_noticed();
  changed_lines_are_noticed();
  another_recorder_is_seen();
  full_disks_change_nothing();
  the_end_is_searched();
  losses_are_counted();
  signatures_are_due();
  a_signature_that_fails_is_tried_again();
  places_are_judged();
  unlink(name);
  destroy_pool(p);
  return done_testing();
}
