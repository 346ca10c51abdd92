/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-book.h -- which clients, users and algorithms have been seen: bounded
 * tables in the memory of ftpd-board.h.
 *
 * A session writes one record into its own slot, at its login.  Whoever empties
 * the slot, or asks, adds it to the tables.  That needs no lock: a row is
 * claimed by one atomic operation, and whoever dies in the middle of writing it
 * leaves one row that nobody uses.
 */

#ifndef MOD_SFTP_FTPD_BOOK_H
#define MOD_SFTP_FTPD_BOOK_H

#include "ftpd-session.h"

#include "alg-table.h"

#include <stdatomic.h>

#define BOOK_CLIENTS 1024
#define BOOK_ALGS 1024
#define BOOK_KEYS 2048

/* Algorithms of one family. */
#define BOOK_BITS 64

#define BOOK_CLIENT_LEN 128
#define BOOK_USER_LEN 64
/* Ciphers of one client. */
#define BOOK_ORDER 32

/* The i-th algorithm of a family is bit i. */
struct book_algs {
  uint64_t bits[ALGS_NFAMILIES];
};

/* A client program, its user, and what it offers.  Unused bytes are 0. */
struct book_client {
  char client[BOOK_CLIENT_LEN], user[BOOK_USER_LEN], server[BOOK_USER_LEN];
  /* ALGS_SIGNATURE: none. */
  struct book_algs offered;
  uint8_t ciphers[BOOK_ORDER];  /* in its order: 1 is the first of the table, 0
                                 * is the end */
};

/* An algorithm that was negotiated with a client program. */
struct book_alg {
  char client[BOOK_CLIENT_LEN];
  uint32_t family, alg;
};

/* A key that a user has logged in with. */
struct book_key {
  char user[BOOK_USER_LEN], type[48];
  char print[64], ca[64];       /* "SHA256:..."; ca "": it is no certificate */
  uint32_t bits;
  uint32_t of_host;             /* 1: their host's */
};

struct book_key_use {
  int64_t expires;              /* of certificates; 0: never */
  char source[48];              /* an address */
};

/* Keys that one login may need. */
#define BOOK_KEYS_OF_ONE 4

/* What a session writes. */
struct book_login {
  _Atomic int ready;            /* 1: written, and not in the tables yet */
  int64_t when;                 /* seconds since 1970 */
  struct book_client client;
  /* What client and server share, with what was negotiated.  ALGS_SIGNATURE:
   * what the user's key can sign with; none for other methods.
   */
  struct book_algs shared;
  uint8_t agreed[ALGS_NFAMILIES];       /* 1: the first of the table; 0: none */
  uint32_t nkeys;
  struct book_key keys[BOOK_KEYS_OF_ONE];
  struct book_key_use uses[BOOK_KEYS_OF_ONE];
};

/* ---- The tables */

enum book_state { BOOK_FREE, BOOK_WRITING, BOOK_READY };

/* The beginning of each row. */
struct book_row {
  _Atomic int state;
  _Atomic uint64_t owner, count;
  _Atomic int64_t last;
};

struct book_client_row {
  struct book_row row;
  struct book_client key;
  _Atomic uint64_t shared[ALGS_NFAMILIES];
};

struct book_alg_row {
  struct book_row row;
  struct book_alg key;
};

struct book_key_row {
  struct book_row row;
  struct book_key key;
  struct book_key_use use;      /* the last one */
};

struct book {
  int64_t since;
  /* Logins for which there is no row, or no longer. */
  _Atomic uint64_t left_out;
  _Atomic uint64_t keys_left_out;
  /* Of clients whose names have no row. */
  _Atomic uint64_t others[ALGS_SIGNATURE][BOOK_BITS];
  struct book_client_row clients[BOOK_CLIENTS];
  struct book_alg_row algs[BOOK_ALGS];
  struct book_key_row keys[BOOK_KEYS];
};

/* Adds the record of a slot, if it has one that was not added yet. */
void ftpd_book_take(struct book *b, struct book_login *l);

/* Copies the first valid row from *at on, and moves *at behind it.  False:
 * there is none.
 */
bool ftpd_book_client(struct book *b, unsigned int *at,
  struct book_client_row *row);

bool ftpd_book_key(struct book *b, unsigned int *at, struct book_key_row *row);

/* The same for what was negotiated, in words. */
#define BOOK_AGREED "client_algorithms"
#define BOOK_AGREED_HELP "algorithms that were negotiated, by the client's name"
#define BOOK_OTHERS "(other)"

struct book_agreed {
  char client[BOOK_CLIENT_LEN];         /* printable ASCII */
  const char *kind, *alg;
  uint64_t count;
};

bool ftpd_book_alg(struct book *b, unsigned int *at, struct book_agreed *a);

#endif /* MOD_SFTP_FTPD_BOOK_H */
