/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-controls-whatif.c -- ftpdctl sftp whatif: who would no longer get in
 * without some algorithms.
 */

#include "ftpd-board.h"
#include "ftpd-controls-int.h"

#include "cipher.h"

#include <fnmatch.h>

#ifdef PR_USE_CTRLS

#define WORDS_MAX 16
#define LINES_MAX 200

/* Names in which a cut-off is told. */
static const char *const families[ALGS_NFAMILIES] = {
  [ALGS_KEX] = "key exchange",
  [ALGS_HOSTKEY] = "host key",
  [ALGS_CIPHER] = "cipher",
  [ALGS_MAC] = "digest",
  [ALGS_COMPRESS] = "compression",
  [ALGS_SIGNATURE] = "user key"
};

/* What was seen, and what becomes of it. */
struct seen {
  struct book_client_row row;
  const char *cut;              /* the family of which nothing is left; NULL */
};

/* ---- The question */

static bool take_word(const char *word, struct book_algs *without) {
  const struct sftp_alg *alg;
  unsigned int f, i;
  bool found = false;

  word += *word == '-';
  for (f = 0; f < ALGS_NFAMILIES; f++) {
    for (i = 0; i < BOOK_BITS && (alg = sftp_alg_at(f, i)) != NULL; i++) {
      if (fnmatch(word, alg->name, 0) == 0) {
        without->bits[f] |= UINT64_C(1) << i;
        found = true;
      }
    }
  }

  return found;
}

static int take_words(pr_ctrls_t *ctrl, int argc, char **argv,
    struct book_algs *without) {
  int i;

  if (argc < 1 || argc > WORDS_MAX) {
    return CONTROL_USAGE;
  }

  for (i = 0; i < argc; i++) {
    if (!take_word(argv[i], without)) {
      (void) pr_ctrls_add_response(ctrl, "'%s': there is no algorithm of that "
        "name", sftp_printable(ctrl->ctrls_tmp_pool, argv[i]));
      return -1;
    }
  }

  return 0;
}

/* ---- The answer to it */

static uint64_t left_of(const struct book_client_row *r,
    const struct book_algs *without, enum sftp_alg_family f) {
  return atomic_load(&r->shared[f]) & ~without->bits[f];
}

/* The cipher that would be negotiated is the client's first one that is left:
 * does it need a digest?
 */
static bool needs_mac(const struct book_client_row *r, uint64_t left) {
  size_t i;

  for (i = 0; i < BOOK_ORDER && r->key.ciphers[i] > 0; i++) {
    unsigned int n = r->key.ciphers[i] - 1U;

    if (n < BOOK_BITS && (left >> n & 1) != 0) {
      const struct sftp_alg *alg = sftp_alg_at(ALGS_CIPHER, n);

      return alg != NULL && ((const struct sftp_cipher_alg *) alg)->tag_len ==
        0;
    }
  }

  return true;
}

static const char *find_cut(const struct book_client_row *r,
    const struct book_algs *without) {
  uint64_t ciphers = left_of(r, without, ALGS_CIPHER);
  unsigned int f;

  for (f = 0; f < ALGS_NFAMILIES; f++) {
    bool is_needed = f == ALGS_MAC ? needs_mac(r, ciphers) :
      f == ALGS_SIGNATURE ? atomic_load(&r->shared[f]) != 0 : true;

    if (is_needed && left_of(r, without, f) == 0) {
      return families[f];
    }
  }

  return NULL;
}

static int by_name(const void *a, const void *b) {
  const struct book_client *x = &((const struct seen *) a)->row.key,
    *y = &((const struct seen *) b)->row.key;
  int res = strcmp(x->client, y->client);

  return res != 0 ? res : strcmp(x->user, y->user);
}

static unsigned int read_rows(struct book *b, const struct book_algs *without,
    struct seen *seen) {
  unsigned int at = 0, n = 0;

  while (n < BOOK_CLIENTS && ftpd_book_client(b, &at, &seen[n].row)) {
    seen[n].cut = find_cut(&seen[n].row, without);
    n++;
  }

  qsort(seen, n, sizeof(seen[0]), by_name);
  return n;
}

/* ---- Telling it */

static const char *user_of(const struct seen *s) {
  return s->row.key.user;
}

static const char *client_of(const struct seen *s) {
  return s->row.key.client;
}

/* How many names there are; cut: only of those who would be cut off; all: and
 * with all that they use.  tell gets them.
 */
struct names {
  const char *(*of)(const struct seen *s);
  bool cut, all;
  void (*tell)(pr_ctrls_t *ctrl, const char *name);
};

static bool is_counted(const struct names *n, const struct seen *seen,
    unsigned int nseen, unsigned int i) {
  const char *name = n->of(&seen[i]);
  unsigned int k;
  bool cut = false, all = true;

  for (k = 0; k < nseen; k++) {
    if (strcmp(n->of(&seen[k]), name) == 0) {
      if (k < i) {
        return false;
      }

      cut = cut || seen[k].cut != NULL;
      all = all && seen[k].cut != NULL;
    }
  }

  return n->all ? all : cut || !n->cut;
}

static unsigned int count_names(pr_ctrls_t *ctrl, const struct names *n,
    const struct seen *seen, unsigned int nseen) {
  unsigned int i, count = 0;

  for (i = 0; i < nseen; i++) {
    if (is_counted(n, seen, nseen, i)) {
      count++;
      if (n->tell != NULL && count <= LINES_MAX) {
        n->tell(ctrl, n->of(&seen[i]));
      }
    }
  }

  return count;
}

static void tell_user(pr_ctrls_t *ctrl, const char *name) {
  (void) pr_ctrls_add_response(ctrl, "user %s has no other client",
    sftp_printable(ctrl->ctrls_tmp_pool, name));
}

static void tell_cut(pr_ctrls_t *ctrl, const struct seen *s) {
  pool *p = ctrl->ctrls_tmp_pool;

  (void) pr_ctrls_add_response(ctrl, "no %s left: client %s, user %s, server "
    "%s, %s, last %s", s->cut, sftp_printable(p, s->row.key.client),
    sftp_printable(p, s->row.key.user), sftp_printable(p, s->row.key.server),
    ftpd_control_logins(p, atomic_load(&s->row.row.count)),
    ftpd_control_time(p, atomic_load(&s->row.row.last)));
}

static void tell_all(pr_ctrls_t *ctrl, struct book *b, const struct seen *seen,
    unsigned int n) {
  const struct names users = { user_of, false, false, NULL },
    clients = { client_of, false, false, NULL },
    cut_users = { user_of, true, false, NULL },
    cut_clients = { client_of, true, false, NULL },
    lost = { user_of, true, true, tell_user };
  uint64_t left_out = atomic_load(&b->left_out);
  unsigned int i, ncut = 0;

  for (i = 0; i < n; i++) {
    if (seen[i].cut != NULL && ncut++ < LINES_MAX) {
      tell_cut(ctrl, &seen[i]);
    }
  }

  if (ncut > LINES_MAX) {
    (void) pr_ctrls_add_response(ctrl, "and %u more", ncut - LINES_MAX);
  }

  (void) count_names(ctrl, &lost, seen, n);
  (void) pr_ctrls_add_response(ctrl, "cut off: %u of %u clients, %u of %u "
    "users, since %s", count_names(ctrl, &cut_clients, seen, n),
    count_names(ctrl, &clients, seen, n),
    count_names(ctrl, &cut_users, seen, n), count_names(ctrl, &users, seen, n),
    ftpd_control_time(ctrl->ctrls_tmp_pool, b->since));
  if (left_out > 0) {
    (void) pr_ctrls_add_response(ctrl, "not looked at: %s, for want of room",
      ftpd_control_logins(ctrl->ctrls_tmp_pool, left_out));
  }
}

int ftpd_control_whatif(pr_ctrls_t *ctrl, int argc, char **argv) {
  struct book_algs without = { { 0 } };
  struct book *b;
  struct seen *seen;
  pool *p;
  int res = take_words(ctrl, argc, argv, &without);

  if (res < 0) {
    return res;
  }

  b = ftpd_board_book();
  if (b == NULL) {
    (void) pr_ctrls_add_response(ctrl, "nothing is counted here");
    return -1;
  }

  p = make_sub_pool(ctrl->ctrls_tmp_pool);
  seen = pcalloc(p, BOOK_CLIENTS * sizeof(seen[0]));
  tell_all(ctrl, b, seen, read_rows(b, &without, seen));
  destroy_pool(p);
  return 0;
}

#endif /* PR_USE_CTRLS */
