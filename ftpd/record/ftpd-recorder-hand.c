/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-recorder-hand.c -- what one recorder hands over to the next, and what
 * its keeper does in its place.
 *
 * The keeper is a process without files and rights: it holds the sockets of all
 * sessions as well.  When the recorder was killed, they are still open, with
 * the messages in them; the keeper hands them over to the next recorder.
 */

#include "ftpd-recorder-int.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* How long the one before, or the next one, may take. */
#define PATIENCE_MS 5000
/* And the keeper, for which sessions wait. */
#define KEEPER_MS 1000

/* What the recorder tells its keeper. */
enum kept_what { KEPT, KEPT_NOT, KEPT_NOTHING };

struct kept_message {
  enum kept_what what;
  uint64_t id;
  struct record_handed handed;
};

/* ---- To the next recorder */

static void describe(const struct client *c, struct record_handed *h) {
  memset(h, 0, sizeof(*h));
  h->is_client = 1;
  h->hello = c->hello;
  h->pins = c->pins;
  h->ended = c->ended ? 1 : 0;
}

static void describe_file(const struct record_file *f,
    struct record_handed *h) {
  memset(h, 0, sizeof(*h));
  sstrncpy(h->hello.path, f->path, sizeof(h->hello.path));
  h->head = f->head;
  h->stated = f->stated;
  h->nlost = f->nlost;
  h->lost_error = f->lost_error;
  h->told_error = f->told_error;
}

static int hand_over_files(int to) {
  static const int none[RECORD_FDS] = { -1, -1 };
  struct record_handed h;
  unsigned int i;

  for (i = 0; i < ftpd_recorder.nfiles; i++) {
    describe_file(ftpd_recorder.files[i], &h);
    if (ftpd_record_pass_within(to, &h, sizeof(h), none, PATIENCE_MS) < 0) {
      return -1;
    }
  }

  return 0;
}

int ftpd_recorder_hand_over(int to) {
  struct record_handed h;

  if (hand_over_files(to) < 0) {
    return -1;
  }

  while (ftpd_recorder.clients != NULL) {
    struct client *c = ftpd_recorder.clients;

    describe(c, &h);
    if (ftpd_record_pass_within(to, &h, sizeof(h), c->fds, PATIENCE_MS) < 0) {
      return -1;
    }

    ftpd_recorder_drop(c);
  }

  return 0;
}

/* ---- From the one before */

static void take(const struct record_handed *h, int fds[RECORD_FDS]) {
  struct record_file *f = ftpd_recorder_file(h->hello.path);
  struct client *c;

  if (h->is_client == 0) {
    f->head = h->head;
    f->stated = h->stated;
    f->nlost = h->nlost;
    f->lost_error = h->lost_error;
    f->told_error = h->told_error;
    if (f->max_records == 0) {  /* it is not configured any more */
      f->max_records = h->stated.records;
      f->max_secs = h->stated.secs;
    }

    ftpd_recorder_keep_losses(f);
    return;
  }

  if (fds[0] == RECORD_FD_LOST) {
    ftpd_recorder_unserved(&h->hello);
    return;
  }

  c = fds[0] >= 0 ? ftpd_recorder_add(fds, &h->hello) : NULL;
  if (c != NULL) {
    c->pins = h->pins;
    c->ended = h->ended != 0;
    c->repeats = ftpd_recorder.is->crashed;
    ftpd_recorder_keep(c);
  }
}

void ftpd_recorder_take_over(int from) {
  struct record_handed h;
  struct pollfd pfd = { from, POLLIN, 0 };
  ssize_t n = 1;
  int fds[RECORD_FDS];

  while (n > 0 && poll(&pfd, 1, PATIENCE_MS) > 0) {
    n = ftpd_record_passed(from, &h, sizeof(h), fds);
    if (n == (ssize_t) sizeof(h)) {
      h.hello.path[sizeof(h.hello.path) - 1] = '\0';
      take(&h, fds);
    }

    ftpd_record_close(fds);
  }

  (void) close(from);
}

/* ---- The recorder tells its keeper */

static void tell_keeper(const struct kept_message *m,
    const int fds[RECORD_FDS]) {
  if (ftpd_recorder.keeper < 0 || ftpd_record_pass_within(ftpd_recorder.keeper,
      m, sizeof(*m), fds, KEEPER_MS) == 0) {
    return;
  }

  /* The daemon sees that it was killed, but not that it is stopped. */
  if (errno == EAGAIN) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": SFTPTransferRecord: the "
      "recorder's keeper does not answer: another one is needed");
    ftpd_recorder.stuck = true;
  }

  (void) close(ftpd_recorder.keeper);
  ftpd_recorder.keeper = -1;
}

void ftpd_recorder_keep(const struct client *c) {
  struct kept_message m = { .what = KEPT, .id = c->id };

  describe(c, &m.handed);
  tell_keeper(&m, c->fds);
}

void ftpd_recorder_keep_losses(struct record_file *f) {
  static const int none[RECORD_FDS] = { -1, -1 };
  struct kept_message m = { .what = KEPT, .id = UINT64_MAX };
  unsigned int i;

  if (f->nlost == f->nkept) {
    return;
  }

  for (i = 0; ftpd_recorder.files[i] != f; i++) {
    m.id--;                     /* sessions have those from 1 on */
  }

  describe_file(f, &m.handed);
  /* The next recorder has to look for the end of the file. */
  memset(&m.handed.head, 0, sizeof(m.handed.head));
  tell_keeper(&m, none);
  f->nkept = f->nlost;
}

static void tell_short(enum kept_what what, uint64_t id) {
  static const int none[RECORD_FDS] = { -1, -1 };
  struct kept_message m = { .what = what, .id = id };

  tell_keeper(&m, none);
}

void ftpd_recorder_keep_not(const struct client *c) {
  tell_short(KEPT_NOT, c->id);
}

void ftpd_recorder_keep_nothing(void) {
  tell_short(KEPT_NOTHING, 0);
}

/* ---- The keeper */

struct kept {
  struct kept *next;
  pool *pool;
  uint64_t id;
  int fds[RECORD_FDS];
  struct record_handed handed;
};

static struct {
  pool *pool;
  struct kept *first;
  bool done;                    /* nothing has to be kept */
} keeper;

static struct kept **find_kept(uint64_t id) {
  struct kept **at = &keeper.first;

  while (*at != NULL && (*at)->id != id) {
    at = &(*at)->next;
  }

  return at;
}

static void keep(const struct kept_message *m, int fds[RECORD_FDS]) {
  struct kept *k = *find_kept(m->id);
  pool *p;

  if (k == NULL) {
    p = make_sub_pool(keeper.pool);
    k = pcalloc(p, sizeof(*k));
    k->pool = p;
    k->id = m->id;
    k->next = keeper.first;
    keeper.first = k;

  } else {
    ftpd_record_close(k->fds);
  }

  memcpy(k->fds, fds, sizeof(k->fds));
  fds[0] = fds[1] = -1;
  k->handed = m->handed;
}

static void keep_not(uint64_t id) {
  struct kept **at = find_kept(id), *k = *at;

  if (k != NULL) {
    *at = k->next;
    ftpd_record_close(k->fds);
    destroy_pool(k->pool);
  }
}

/* false: the recorder has ended. */
static bool on_recorder(int from) {
  struct kept_message m;
  int fds[RECORD_FDS];
  ssize_t n = ftpd_record_passed(from, &m, sizeof(m), fds);

  if (n == (ssize_t) sizeof(m) && m.what == KEPT) {
    keep(&m, fds);

  } else if (n == (ssize_t) sizeof(m) && m.what == KEPT_NOT) {
    keep_not(m.id);

  } else if (n == (ssize_t) sizeof(m)) {
    keeper.done = true;
  }

  ftpd_record_close(fds);
  return n > 0;
}

static void hand_over_kept(int to) {
  const struct kept *k;

  for (k = keeper.first; k != NULL; k = k->next) {
    (void) ftpd_record_pass(to, &k->handed, sizeof(k->handed), k->fds, 0);
  }
}

void ftpd_recorder_keeper(int from, int control) {
  int fds[RECORD_FDS];
  char byte;

  keeper.pool = make_sub_pool(permanent_pool);
  pr_pool_tag(keeper.pool, "SFTPTransferRecord's keeper");
  while (on_recorder(from)) {
    ;
  }

  (void) close(from);
  /* It was killed: the daemon starts another one. */
  if (!keeper.done && ftpd_record_passed(control, &byte, 1, fds) > 0 &&
      fds[0] >= 0) {
    hand_over_kept(fds[0]);
  }
}
