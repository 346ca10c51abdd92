/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-book-t.c -- which clients, users and algorithms have been seen. */

#include "daemon.h"
#include "ftpd-book.h"
#include "tap.h"

#include <sys/mman.h>
#include <sys/wait.h>

static struct book *book;

static void new_book(void) {
  if (book != NULL) {
    (void) munmap(book, sizeof(*book));
  }

  book = mmap(NULL, sizeof(*book), PROT_READ|PROT_WRITE,
    MAP_SHARED|MAP_ANONYMOUS, -1, 0);
  if (book == MAP_FAILED) {
    bail_out("no memory");
  }
}

static struct book_login record(const char *client, const char *user,
    uint64_t ciphers) {
  struct book_login l;

  memset(&l, 0, sizeof(l));
  snprintf(l.client.client, sizeof(l.client.client), "%s", client);
  snprintf(l.client.user, sizeof(l.client.user), "%s", user);
  l.client.offered.bits[ALGS_CIPHER] = ciphers;
  l.shared.bits[ALGS_CIPHER] = ciphers;
  l.agreed[ALGS_CIPHER] = 1;
  l.when = 1000;
  l.ready = 1;
  return l;
}

static void take(const char *client, const char *user, uint64_t ciphers,
    int64_t when) {
  struct book_login l = record(client, user, ciphers);

  l.when = when;
  ftpd_book_take(book, &l);
}

static unsigned int count_clients(const char *user, uint64_t *uses) {
  struct book_client_row row;
  unsigned int at = 0, n = 0;

  *uses = 0;
  while (ftpd_book_client(book, &at, &row)) {
    if (user == NULL || strcmp(row.key.user, user) == 0) {
      n++;
      *uses += row.row.count;
    }
  }

  return n;
}

static uint64_t agreed_with(const char *client, const char **alg) {
  struct book_agreed a;
  unsigned int at = 0;
  uint64_t n = 0;

  while (ftpd_book_alg(book, &at, &a)) {
    if (strcmp(a.client, client) == 0) {
      n += a.count;
      *alg = a.alg;
    }
  }

  return n;
}

static void records_are_rows(void) {
  struct book_login l = record("A_1", "alice", 3);
  const char *alg = "";
  uint64_t uses;

  new_book();
  is_int(count_clients(NULL, &uses), 0, "nobody was there");
  ftpd_book_take(book, &l);
  ftpd_book_take(book, &l);
  is_int(count_clients("alice", &uses), 1, "a record is a row");
  is_int(uses, 1, "and counts once");
  take("A_1", "alice", 3, 2000);
  is_int(count_clients("alice", &uses), 1, "the same is the same row");
  is_int(uses, 2, "which counts");
  take("A_1", "alice", 1, 2000);
  take("A_1", "bob", 3, 2000);
  is_int(count_clients("alice", &uses), 2, "another offer is another row");
  is_int(count_clients(NULL, &uses), 3, "so is another user");
  is_int(agreed_with("A_1", &alg), 4, "algorithms count by client");
  is_str(alg, sftp_alg_at(ALGS_CIPHER, 0)->name, "and have their names");
}

static void what_is_shared_is_of_the_last(void) {
  struct book_login l = record("A_1", "alice", 3);
  struct book_client_row row;
  unsigned int at = 0;

  new_book();
  ftpd_book_take(book, &l);
  l.ready = 1;
  l.shared.bits[ALGS_CIPHER] = 2;
  l.when = 1500;
  ftpd_book_take(book, &l);
  ok(ftpd_book_client(book, &at, &row), "a row");
  is_int(row.shared[ALGS_CIPHER], 2, "what was shared at the last login");
  is_int(row.row.last, 1500, "and when that was");
}

static void one_user_has_a_part(void) {
  struct book_client_row row;
  unsigned int i, at = 0;
  int64_t first = 1 << 30;
  uint64_t uses;

  new_book();
  take("B_1", "bob", 1, 1);
  for (i = 1; i <= 100; i++) {
    take("A_1", "alice", i, i);
  }

  is_int(count_clients("alice", &uses), 32, "one user has no more rows");
  is_int(book->left_out, 68, "those that are gone are counted");
  while (ftpd_book_client(book, &at, &row)) {
    if (strcmp(row.key.user, "alice") == 0 && row.row.last < first) {
      first = row.row.last;
    }
  }

  is_int(first, 69, "the latest remain");
  is_int(count_clients("bob", &uses), 1, "others remain");
}

static void a_full_table_counts_the_rest(void) {
  unsigned int i;
  char name[32];
  const char *alg = "";
  uint64_t uses;

  new_book();
  for (i = 0; i < 3000; i++) {
    snprintf(name, sizeof(name), "u%u", i);
    take(name, name, 1, i);
  }

  is_int(count_clients(NULL, &uses), BOOK_CLIENTS, "every row is used");
  is_int(book->left_out, 3000 - BOOK_CLIENTS, "the rest is counted");
  is_int(agreed_with(BOOK_OTHERS, &alg), 3000 - BOOK_ALGS,
    "algorithms of the rest count together");
  take(BOOK_OTHERS, "x", 1, 1);
  is_int(agreed_with(BOOK_OTHERS, &alg), 3001 - BOOK_ALGS,
    "a client of that name is one of them");
}

static void whatever_a_session_writes_ends(void) {
  struct book_login l = record("", "", 1);
  struct book_client_row row;
  struct book_agreed a;
  unsigned int at = 0, n = 0;

  new_book();
  memset(&l.client, 0xff, sizeof(l.client));
  memset(l.agreed, 0xff, sizeof(l.agreed));
  ftpd_book_take(book, &l);
  l = record("a\nb\"\x80", "u\x01", 1);
  l.agreed[ALGS_CIPHER] = BOOK_BITS;
  ftpd_book_take(book, &l);
  while (ftpd_book_client(book, &at, &row)) {
    n += strnlen(row.key.client, sizeof(row.key.client)) <
      sizeof(row.key.client) && strnlen(row.key.user, sizeof(row.key.user)) <
      sizeof(row.key.user);
  }

  is_int(n, 2, "texts end");
  at = 0;
  ok(!ftpd_book_alg(book, &at, &a), "there is no such algorithm");
  take("a\nb\"\x80", "u", 1, 1);
  at = 0;
  ok(ftpd_book_alg(book, &at, &a), "there is one");
  is_str(a.client, "a?b\"?", "names are printable");
}

static void use_key(const char *user, const char *print, int64_t when,
    const char *source) {
  struct book_login l = record("A_1", user, 1);

  l.when = when;
  l.nkeys = 1;
  snprintf(l.keys[0].print, sizeof(l.keys[0].print), "%s", print);
  snprintf(l.uses[0].source, sizeof(l.uses[0].source), "%s", source);
  ftpd_book_take(book, &l);
}

static void keys_are_rows(void) {
  struct book_key_row row;
  struct book_login l;
  unsigned int at = 0, n = 0;

  new_book();
  use_key("alice", "p1", 10, "192.0.2.1");
  use_key("alice", "p1", 20, "192.0.2.2");
  ok(ftpd_book_key(book, &at, &row), "a key is a row");
  is_int(row.row.count, 2, "which counts");
  is_int(row.row.last, 20, "and has the last time");
  is_str(row.use.source, "192.0.2.2", "and the last source");
  is_str(row.key.user, "alice", "and the user");
  ok(!ftpd_book_key(book, &at, &row), "the same is the same row");
  use_key("bob", "p1", 20, "");
  use_key("alice", "p2", 20, "");
  for (at = 0; ftpd_book_key(book, &at, &row); ) {
    n++;
  }

  is_int(n, 3, "another user or key is another row");
  l = record("A_1", "eve", 1);
  memset(l.keys, 0xff, sizeof(l.keys));
  memset(l.uses, 0xff, sizeof(l.uses));
  l.nkeys = UINT32_MAX;
  ftpd_book_take(book, &l);
  for (at = n = 0; ftpd_book_key(book, &at, &row); ) {
    n += strcmp(row.key.user, "eve") == 0 && strlen(row.key.print) ==
      sizeof(row.key.print) - 1 && row.key.print[0] == '?' &&
      strlen(row.use.source) == sizeof(row.use.source) - 1;
  }

  is_int(n, 1, "whatever a session writes ends, and is bounded");
}

static void a_row_of_a_dead_writer_is_left(void) {
  uint64_t uses;

  new_book();
  take("A_1", "alice", 1, 1);
  for (unsigned int i = 0; i < BOOK_CLIENTS; i++) {
    if (book->clients[i].row.state == BOOK_READY) {
      book->clients[i].row.state = BOOK_WRITING;
    }
  }

  is_int(count_clients(NULL, &uses), 0, "it is not shown");
  take("A_1", "alice", 1, 1);
  is_int(count_clients("alice", &uses), 1, "there is another");
}

static void many_at_once(void) {
  enum { N = 8, EACH = 500 };
  uint64_t uses;
  unsigned int i, k, n = N;
  pid_t pids[N];

  new_book();
  for (i = 0; i < n; i++) {
    pids[i] = fork();
    if (pids[i] == 0) {
      for (k = 0; k < EACH; k++) {
        take("A_1", "alice", 1 + k % 5, k);
        take("A_1", "bob", 1, k);
      }

      _exit(0);
    }
  }

  for (i = 0; i < n; i++) {
    (void) waitpid(pids[i], NULL, 0);
  }

  (void) count_clients("alice", &uses);
  is_int(uses, N * EACH, "nothing is lost, nothing twice");
  (void) count_clients("bob", &uses);
  is_int(uses, N * EACH, "for others neither");
  is_int(book->left_out, 0, "there was room");
}

int main(void) {
  records_are_rows();
  what_is_shared_is_of_the_last();
  one_user_has_a_part();
  a_full_table_counts_the_rest();
  whatever_a_session_writes_ends();
  keys_are_rows();
  a_row_of_a_dead_writer_is_left();
  many_at_once();
  return done_testing();
}
