/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-book.c -- which clients, users and algorithms have been seen. */

#include "ftpd-book.h"

/* Rows of one user, or of one client program. */
#define ROWS_OF_ONE 32
/* Looks at a row that somebody else is writing. */
#define TRIES 1000

struct table {
  char *rows;
  unsigned int nrows;
  size_t row_size, key_at, key_size;
  bool replaces;                /* what is too much for one owner replaces its
                                 * oldest row */
};

static struct table clients_of(struct book *b) {
  struct table t = { (char *) b->clients, BOOK_CLIENTS, sizeof(b->clients[0]),
    offsetof(struct book_client_row, key), sizeof(struct book_client), true };

  return t;
}

static struct table algs_of(struct book *b) {
  struct table t = { (char *) b->algs, BOOK_ALGS, sizeof(b->algs[0]),
    offsetof(struct book_alg_row, key), sizeof(struct book_alg), false };

  return t;
}

static struct table keys_of(struct book *b) {
  struct table t = { (char *) b->keys, BOOK_KEYS, sizeof(b->keys[0]),
    offsetof(struct book_key_row, key), sizeof(struct book_key), true };

  return t;
}

static struct book_row *row_at(const struct table *t, unsigned int i) {
  return (struct book_row *) (void *) (t->rows + i * t->row_size);
}

static void *key_of(const struct table *t, struct book_row *r) {
  return (char *) r + t->key_at;
}

static uint64_t hash_of(const char *text) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);

  while (*text != '\0') {
    hash = (hash ^ (unsigned char) *text++) * UINT64_C(0x100000001b3);
  }

  return hash;
}

/* ---- Finding and making a row */

static int state_of(struct book_row *r) {
  unsigned int i;
  int state = BOOK_WRITING;

  for (i = 0; i < TRIES && state == BOOK_WRITING; i++) {
    state = atomic_load(&r->state);
  }

  return state;
}

static bool write_row(const struct table *t, struct book_row *r, int from,
    uint64_t owner, const void *key) {
  if (!atomic_compare_exchange_strong(&r->state, &from, BOOK_WRITING)) {
    return false;
  }

  memcpy(key_of(t, r), key, t->key_size);
  memset((char *) key_of(t, r) + t->key_size, 0,
    t->row_size - t->key_at - t->key_size);
  atomic_store(&r->owner, owner);
  atomic_store(&r->count, 0);
  atomic_store(&r->last, 0);
  atomic_store(&r->state, BOOK_READY);
  return true;
}

/* The row of that key, which may be new; NULL: there is no room.  *replaced
 * gets the uses of the row that had to go.
 */
static struct book_row *find_row(const struct table *t, uint64_t owner,
    const void *key, uint64_t *replaced) {
  struct book_row *oldest = NULL;
  unsigned int i, mine = 0;

  *replaced = 0;
  for (i = 0; i < t->nrows && mine < ROWS_OF_ONE; i++) {
    struct book_row *r = row_at(t, (unsigned int) ((owner + i) % t->nrows));
    int state = state_of(r);

    if (state == BOOK_FREE && write_row(t, r, BOOK_FREE, owner, key)) {
      return r;
    }

    if (state_of(r) != BOOK_READY || atomic_load(&r->owner) != owner) {
      continue;
    }

    if (memcmp(key_of(t, r), key, t->key_size) == 0) {
      return r;
    }

    mine++;
    if (oldest == NULL || atomic_load(&r->last) < atomic_load(&oldest->last)) {
      oldest = r;
    }
  }

  if (mine < ROWS_OF_ONE || oldest == NULL || !t->replaces) {
    return NULL;
  }

  *replaced = atomic_load(&oldest->count);
  return write_row(t, oldest, BOOK_READY, owner, key) ? oldest : NULL;
}

/* *left_out: the uses that have no row, or no longer. */
static struct book_row *count_row(const struct table *t, const char *owner,
    const void *key, int64_t when, uint64_t *left_out) {
  struct book_row *r = find_row(t, hash_of(owner), key, left_out);

  if (r == NULL) {
    *left_out = 1;

  } else {
    (void) atomic_fetch_add(&r->count, 1);
    if (when > atomic_load(&r->last)) {
      atomic_store(&r->last, when);
    }
  }

  return r;
}

/* ---- Adding */

/* Whatever the session wrote: ends the text, with zeros behind it. */
static void end_text(char *text, size_t size) {
  size_t len = strnlen(text, size - 1);

  memset(text + len, 0, size - len);
}

/* A label of metrics: printable ASCII. */
static void end_name(char *text, size_t size) {
  size_t i;

  end_text(text, size);
  for (i = 0; text[i] != '\0'; i++) {
    text[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
  }
}

static void add_client(struct book *b, const struct book_login *l) {
  struct table t = clients_of(b);
  struct book_client_row *row;
  struct book_row *r;
  uint64_t left_out;
  unsigned int i;

  r = count_row(&t, l->client.user, &l->client, l->when, &left_out);
  (void) atomic_fetch_add(&b->left_out, left_out);
  row = (struct book_client_row *) (void *) r;
  for (i = 0; r != NULL && i < ALGS_NFAMILIES; i++) {
    atomic_store(&row->shared[i], l->shared.bits[i]);
  }
}

static void add_algs(struct book *b, const struct book_login *l) {
  struct table t = algs_of(b);
  struct book_alg key;
  uint64_t left_out;

  memset(&key, 0, sizeof(key));
  memcpy(key.client, l->client.client, sizeof(key.client));
  for (key.family = 0; key.family < ALGS_SIGNATURE; key.family++) {
    if (l->agreed[key.family] == 0 || l->agreed[key.family] > BOOK_BITS) {
      continue;
    }

    key.alg = l->agreed[key.family] - 1U;
    if (strcmp(key.client, BOOK_OTHERS) == 0 ||
        count_row(&t, key.client, &key, l->when, &left_out) == NULL) {
      (void) atomic_fetch_add(&b->others[key.family][key.alg], 1);
    }
  }
}

static void set_use(struct book_key_row *row, const struct book_key_use *use) {
  int ready = BOOK_READY;

  /* Whoever writes it now has seen it at the same time. */
  if (atomic_compare_exchange_strong(&row->row.state, &ready, BOOK_WRITING)) {
    row->use = *use;
    atomic_store(&row->row.state, BOOK_READY);
  }
}

static void add_keys(struct book *b, struct book_login *l) {
  struct table t = keys_of(b);
  uint64_t left_out;
  unsigned int i;

  for (i = 0; i < l->nkeys && i < BOOK_KEYS_OF_ONE; i++) {
    struct book_key *key = &l->keys[i];
    struct book_row *r;

    memcpy(key->user, l->client.user, sizeof(key->user));
    end_name(key->type, sizeof(key->type));
    end_name(key->print, sizeof(key->print));
    end_name(key->ca, sizeof(key->ca));
    end_name(l->uses[i].source, sizeof(l->uses[i].source));
    r = count_row(&t, key->user, key, l->when, &left_out);
    (void) atomic_fetch_add(&b->keys_left_out, left_out);
    if (r != NULL) {
      set_use((struct book_key_row *) (void *) r, &l->uses[i]);
    }
  }
}

void ftpd_book_take(struct book *b, struct book_login *l) {
  struct book_login copy;
  int ready = 1;

  if (!atomic_compare_exchange_strong(&l->ready, &ready, 0)) {
    return;
  }

  memcpy(&copy, l, sizeof(copy));
  end_name(copy.client.client, sizeof(copy.client.client));
  end_text(copy.client.user, sizeof(copy.client.user));
  end_text(copy.client.server, sizeof(copy.client.server));
  add_client(b, &copy);
  add_algs(b, &copy);
  add_keys(b, &copy);
}

/* ---- Reading */

static bool copy_row(const struct table *t, unsigned int *at, void *to) {
  while (*at < t->nrows) {
    struct book_row *r = row_at(t, (*at)++);

    if (state_of(r) == BOOK_READY) {
      memcpy(to, r, t->row_size);
      if (atomic_load(&r->state) == BOOK_READY) {
        return true;
      }
    }
  }

  return false;
}

bool ftpd_book_client(struct book *b, unsigned int *at,
    struct book_client_row *row) {
  struct table t = clients_of(b);

  return copy_row(&t, at, row);
}

bool ftpd_book_key(struct book *b, unsigned int *at, struct book_key_row *row) {
  struct table t = keys_of(b);

  return copy_row(&t, at, row);
}

/* Those without a name follow the rows. */
static bool next_agreed(struct book *b, unsigned int *at,
    struct book_alg_row *row) {
  struct table t = algs_of(b);
  uint64_t count = 0;

  if (copy_row(&t, at, row)) {
    return true;
  }

  memset(row, 0, sizeof(*row));
  while (count == 0 && *at < t.nrows + ALGS_SIGNATURE * BOOK_BITS) {
    unsigned int i = (*at)++ - t.nrows;

    row->key.family = i / BOOK_BITS;
    row->key.alg = i % BOOK_BITS;
    count = atomic_load(&b->others[row->key.family][row->key.alg]);
  }

  memcpy(row->key.client, BOOK_OTHERS, sizeof(BOOK_OTHERS));
  atomic_store(&row->row.count, count);
  return count > 0;
}

bool ftpd_book_alg(struct book *b, unsigned int *at, struct book_agreed *a) {
  static const char *const kinds[ALGS_NFAMILIES] = {
    [ALGS_KEX] = "key_exchange", [ALGS_HOSTKEY] = "host_key",
    [ALGS_CIPHER] = "cipher", [ALGS_MAC] = "mac",
    [ALGS_COMPRESS] = "compression"
  };
  struct book_alg_row row;
  const struct sftp_alg *alg = NULL;

  while (alg == NULL && next_agreed(b, at, &row)) {
    alg = sftp_alg_at(row.key.family, row.key.alg);
  }

  if (alg == NULL) {
    return false;
  }

  memcpy(a->client, row.key.client, sizeof(a->client));
  a->kind = kinds[row.key.family];
  a->alg = alg->name;
  a->count = atomic_load(&row.row.count);
  return true;
}
