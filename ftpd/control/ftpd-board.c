/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-board.c -- memory that the daemon and its sessions share.
 *
 * Only the slot's process writes its slot while it runs.  The master knows
 * which of its children run; a session that finds no free slot asks the system.
 * A slot is emptied by exchanging each number for 0 and adding it to the total:
 * whoever dies in the middle of that leaves the rest for others.
 */

#include "ftpd-board.h"

#include <sys/mman.h>

#define BOARD_ENV "MOD_SFTP_BOARD"

#define SLOT_BYTES sizeof(struct board_slot)

/* pid: 0 is free; negative: -pid is emptying it. */
struct board {
  uint64_t layout;
  size_t size;
  _Atomic uint64_t totals[BOARD_SERIES];
  _Atomic uint64_t shown[BOARD_SERIES];         /* the largest sums told */
  _Atomic int64_t pids[BOARD_SLOTS];
  struct book book;
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "numbers need no lock");
_Static_assert(SLOT_BYTES % 4096 == 0, "a slot has pages of its own");

static struct board *board;     /* NULL in a session that has its slot */
static struct board_slot *own;
static ftpd_board_lost_t tell_lost;
static size_t slots_at;         /* from the beginning of the board */

static struct board_slot *slot_at(unsigned int i) {
  return (struct board_slot *) ((char *) board + slots_at) + i;
}

static size_t whole_pages(size_t n) {
  size_t page = (size_t) sysconf(_SC_PAGESIZE);

  return (n + page - 1) / page * page;
}

/* ---- Running sessions */

/* The master's children, sorted. */
struct running {
  pid_t *pids;
  size_t n;
  bool ask;                     /* the system knows: this is no master */
};

static int compare(const void *a, const void *b) {
  pid_t x = *((const pid_t *) a), y = *((const pid_t *) b);

  return x < y ? -1 : x > y;
}

static void find_running(pool *p, struct running *r) {
  pr_child_t *c;

  r->ask = false;
  r->n = 0;
  r->pids = pcalloc(p, (child_count() + 1) * sizeof(pid_t));
  /* Before the first child the daemon has no list, and would crash. */
  c = child_count() > 0 ? child_get(NULL) : NULL;
  for (; c != NULL && r->n < child_count(); c = child_get(c)) {
    if (!c->ch_dead) {
      r->pids[r->n++] = c->ch_pid;
    }
  }

  qsort(r->pids, r->n, sizeof(pid_t), compare);
}

static bool is_running(const struct running *r, pid_t pid) {
  if (r->ask) {
    return kill(pid, 0) == 0 || errno != ESRCH;
  }

  return bsearch(&pid, r->pids, r->n, sizeof(pid_t), compare) != NULL;
}

/* ---- Slots */

/* pid: the owner that is gone. */
static void empty_slot(unsigned int i, int64_t pid) {
  struct board_slot *s = slot_at(i);
  unsigned int k;

  if (!atomic_compare_exchange_strong(&board->pids[i], &pid,
      -(int64_t) getpid())) {
    return;
  }

  if (pid > 0 && atomic_load(&s->ended) == 0 && tell_lost != NULL) {
    tell_lost((pid_t) pid, s);
  }

  for (k = 0; k < BOARD_SERIES; k++) {
    uint64_t n = atomic_load_explicit(&s->counts[k], memory_order_relaxed);

    if (n != 0) {
      n = atomic_exchange(&s->counts[k], 0);
      atomic_fetch_add(&board->totals[k], n);
    }
  }

  ftpd_book_take(&board->book, &s->login);
  memset(&s->login, 0, sizeof(s->login));
  memset(&s->info, 0, sizeof(s->info));
  atomic_store(&s->ended, 0);
  atomic_store(&s->ending, 0);
  atomic_store(&board->pids[i], 0);
}

static void sweep(const struct running *r) {
  unsigned int i;

  for (i = 0; i < BOARD_SLOTS; i++) {
    int64_t pid = atomic_load(&board->pids[i]);

    if (pid != 0 && !is_running(r, (pid_t) (pid < 0 ? -pid : pid))) {
      empty_slot(i, pid);
    }
  }
}

/* An earlier process of this id is gone. */
static void empty_old(int64_t pid) {
  unsigned int i;

  for (i = 0; i < BOARD_SLOTS; i++) {
    int64_t is = atomic_load_explicit(&board->pids[i], memory_order_relaxed);

    if (is == pid || is == -pid) {
      empty_slot(i, is);
    }
  }
}

static bool take_slot(int64_t pid) {
  unsigned int i, first = (unsigned int) (pid % BOARD_SLOTS);

  for (i = 0; i < BOARD_SLOTS; i++) {
    unsigned int at = (first + i) % BOARD_SLOTS;
    int64_t none = 0;

    if (atomic_load_explicit(&board->pids[at], memory_order_relaxed) == 0 &&
        atomic_compare_exchange_strong(&board->pids[at], &none, pid)) {
      own = slot_at(at);
      return true;
    }
  }

  return false;
}

/* ---- A session */

/* Leaves the memory, but for the own slot. */
static void leave_rest(void) {
  char *from = (char *) board, *end = from + board->size;

  if (own == NULL) {
    (void) munmap(board, board->size);

  } else {
    char *keep = (char *) own;

    (void) munmap(from, (size_t) (keep - from));
    if (keep + SLOT_BYTES < end) {
      (void) munmap(keep + SLOT_BYTES, (size_t) (end - keep) - SLOT_BYTES);
    }
  }

  board = NULL;
  (void) unsetenv(BOARD_ENV);
}

bool ftpd_board_enter(void) {
  static const struct running ask = { NULL, 0, true };
  int64_t pid = (int64_t) getpid();

  if (board == NULL) {
    return own != NULL;
  }

  empty_old(pid);
  if (!take_slot(pid)) {
    sweep(&ask);
    (void) take_slot(pid);
  }

  if (own != NULL) {
    leave_rest();
  }

  return own != NULL;
}

struct board_slot *ftpd_board_own(void) {
  return own;
}

void ftpd_board_ended(void) {
  if (own != NULL) {
    atomic_store(&own->ended, 1);
  }
}

void ftpd_board_add(unsigned int series, uint64_t n) {
  if (own != NULL) {
    _Atomic uint64_t *at = &own->counts[series];

    atomic_store_explicit(at, atomic_load_explicit(at, memory_order_relaxed) +
      n, memory_order_relaxed);

  } else if (board != NULL) {
    atomic_fetch_add(&board->totals[series], n);
  }
}

/* ---- The master */

void ftpd_board_on_lost(ftpd_board_lost_t tell) {
  tell_lost = tell;
}

void ftpd_board_sweep(void) {
  pool *p;
  struct running r;

  if (board != NULL) {
    p = make_sub_pool(permanent_pool);
    find_running(p, &r);
    sweep(&r);
    destroy_pool(p);
  }
}

/* While a session empties a slot, its numbers are nowhere for a moment. */
static uint64_t never_less(unsigned int series, uint64_t sum) {
  uint64_t told = atomic_load(&board->shown[series]);

  if (sum > told) {
    atomic_store(&board->shown[series], sum);
    return sum;
  }

  return told;
}

unsigned int ftpd_board_sum(uint64_t sums[BOARD_SERIES]) {
  unsigned int i, k, running = 0;

  memset(sums, 0, BOARD_SERIES * sizeof(sums[0]));
  if (board == NULL) {
    return 0;
  }

  ftpd_board_sweep();
  for (k = 0; k < BOARD_SERIES; k++) {
    sums[k] = atomic_load(&board->totals[k]);
  }

  for (i = 0; i < BOARD_SLOTS; i++) {
    if (atomic_load(&board->pids[i]) <= 0) {
      continue;
    }

    running++;
    for (k = 0; k < BOARD_SERIES; k++) {
      sums[k] += atomic_load_explicit(&slot_at(i)->counts[k],
        memory_order_relaxed);
    }
  }

  for (k = 0; k < BOARD_SERIES; k++) {
    sums[k] = never_less(k, sums[k]);
  }

  return running;
}

pid_t ftpd_board_next(unsigned int *at, struct board_slot **slot) {
  if (board == NULL) {
    return 0;
  }

  if (*at == 0) {
    ftpd_board_sweep();
  }

  while (*at < BOARD_SLOTS) {
    unsigned int i = (*at)++;
    int64_t pid = atomic_load(&board->pids[i]);

    if (pid > 0) {
      *slot = slot_at(i);
      return (pid_t) pid;
    }
  }

  return 0;
}

struct book *ftpd_board_book(void) {
  struct board_slot *slot = NULL;
  unsigned int at = 0;

  while (ftpd_board_next(&at, &slot) > 0) {
    ftpd_book_take(&board->book, &slot->login);
  }

  return board != NULL ? &board->book : NULL;
}

/* ---- The memory */

/* At a restart the daemon loads its modules again, with new variables.  The
 * memory remains in place; the environment says where it is.
 */
static struct board *old_board(void) {
  const char *text = getenv(BOARD_ENV);
  long pid = 0;
  void *at = NULL;

  return text != NULL && sscanf(text, "%ld:%p", &pid, &at) == 2 &&
    pid == (long) getpid() ? at : NULL;
}

static struct board *new_board(uint64_t layout) {
  size_t size = slots_at + BOARD_SLOTS * SLOT_BYTES;
  struct board *b;

  b = mmap(NULL, size, PROT_READ|PROT_WRITE,
    MAP_SHARED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0);
  if (b == MAP_FAILED) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": nothing is counted: %s",
      strerror(errno));
    return NULL;
  }

  b->layout = layout;
  b->size = size;
  b->book.since = (int64_t) time(NULL);
  return b;
}

void ftpd_board_tell(void) {
  char text[64];

  if (board != NULL) {
    snprintf(text, sizeof(text), "%ld:%p", (long) getpid(), (void *) board);
    (void) setenv(BOARD_ENV, text, 1);
  }
}

void ftpd_board_close(void) {
  if (board != NULL) {
    leave_rest();
  }
}

void ftpd_board_open(uint64_t layout) {
  slots_at = whole_pages(sizeof(struct board));
  if (board == NULL) {
    board = old_board();
  }

  /* Another version of this module has left it. */
  if (board != NULL && (board->layout != layout ||
      board->size != slots_at + BOARD_SLOTS * SLOT_BYTES)) {
    leave_rest();
  }

  if (board == NULL) {
    board = new_board(layout);
  }

  ftpd_board_tell();
}
