/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-penalty-shm.c -- the sources with penalties (SFTPPerSourcePenalties).
 *
 * There are no locks: an entry is two words that are changed by atomic
 * operations, so that a process may die at any point.  If two processes collide
 * at an entry, the worst result is that the entry is lost.
 */

#include "ftpd-penalty-shm.h"

#include "ftpd-lines.h"

#include <sodium.h>
#include <stdatomic.h>
#include <sys/mman.h>

/* An entry belongs to one set.  There are so many more entries than permitted
 * sources that a set is rarely full before the limit is reached.
 */
#define NWAYS 8
#define PLACES_PER_SOURCE 4
#define NSLOTS 4096

/* Tells the next instance of this module in this process where the memory is;
 * sessions do not keep it.
 */
#define TABLE_ENV "MOD_SFTP_PENALTIES"

/* tag: 0 is a free entry. state: when it ends in milliseconds of the clock,
 * then 7 bits for the reason, then one bit for whether it is enforced.
 */
struct entry {
  _Atomic uint64_t tag;
  _Atomic uint64_t state;
};

/* A session before its login; pid 0: free. */
struct slot {
  _Atomic int64_t pid;
  _Atomic uint64_t tag;
};

struct kind {
  size_t max, nsets, first;     /* in entries */
  _Atomic uint64_t used;        /* entries with a tag, expired ones included */
  _Atomic uint64_t full_until;
};

struct table {
  size_t size;
  unsigned char key[crypto_shorthash_KEYBYTES];
  struct kind kinds[SOURCES_KINDS];
  struct slot slots[NSLOTS];
  struct entry entries[];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "entries need no lock");

static const struct penalties *conf;
static struct table *table;     /* created once, kept over restarts */
static struct slot *own_slot;

static uint64_t until_of(uint64_t state) {
  return state >> 8;
}

static uint64_t make_state(uint64_t until, enum penalty why, bool active) {
  return until << 8 | (uint64_t) why << 1 | (active ? 1 : 0);
}

static struct kind *kind_of(uint64_t tag) {
  return &table->kinds[tag & 1];
}

static struct entry *set_of(uint64_t tag) {
  const struct kind *k = kind_of(tag);

  return table->entries + k->first + (tag >> 1) % k->nsets * NWAYS;
}

uint64_t ftpd_penalty_shm_tag(unsigned int kind, const unsigned char *net,
    size_t len) {
  unsigned char hash[crypto_shorthash_BYTES];
  uint64_t tag;

  crypto_shorthash(hash, net, len, table->key);
  memcpy(&tag, hash, sizeof(tag));
  tag = tag << 1 | kind;
  return tag > 1 ? tag : tag | 2;
}

struct source_state ftpd_penalty_shm_state(uint64_t tag) {
  struct source_state found = { 0, PENALTY_NONE };
  struct entry *set = set_of(tag);
  uint64_t now = ftpd_now_ms();
  unsigned int i;

  for (i = 0; i < NWAYS; i++) {
    uint64_t state = atomic_load(&set[i].state);

    if (atomic_load(&set[i].tag) == tag && until_of(state) > now &&
        (state & 1) != 0) {
      found.left_ms = until_of(state) - now;
      found.why = (enum penalty) (state >> 1 & 127);
    }
  }

  return found;
}

/* ---- Room */

static bool let_go_of(struct entry *e, uint64_t tag) {
  if (tag == 0 || !atomic_compare_exchange_strong(&e->tag, &tag, 0)) {
    return false;
  }

  atomic_store(&e->state, 0);
  atomic_fetch_sub(&kind_of(tag)->used, 1);
  return true;
}

/* Drops expired entries, counts again (a process that died here may have left a
 * wrong count), and returns the entry that ends first; NULL if there is none.
 */
static struct entry *tidy(struct kind *k, uint64_t now) {
  struct entry *e = table->entries + k->first, *end = e + k->nsets * NWAYS,
    *soonest = NULL;
  uint64_t used = 0, least = UINT64_MAX;

  for (; e < end; e++) {
    uint64_t tag = atomic_load(&e->tag),
      until = until_of(atomic_load(&e->state));

    if (tag == 0 || (until <= now && let_go_of(e, tag))) {
      continue;
    }

    used++;
    if (until < least) {
      least = until;
      soonest = e;
    }
  }

  atomic_store(&k->used, used);
  atomic_store(&k->full_until, used >= k->max ? least : 0);
  return soonest;
}

bool ftpd_penalty_shm_full(unsigned int kind) {
  struct kind *k = &table->kinds[kind];
  uint64_t now = ftpd_now_ms();

  if (atomic_load(&k->used) < k->max) {
    return false;
  }

  if (atomic_load(&k->full_until) <= now) {
    (void) tidy(k, now);
  }

  return atomic_load(&k->used) >= k->max;
}

uint64_t ftpd_penalty_shm_usage(unsigned int kind) {
  (void) tidy(&table->kinds[kind], ftpd_now_ms());
  return atomic_load(&table->kinds[kind].used);
}

/* Makes room for one more; false if that is impossible. */
static bool make_room(uint64_t tag, uint64_t now) {
  struct kind *k = kind_of(tag);
  struct entry *soonest;

  if (atomic_load(&k->used) < k->max) {
    return true;
  }

  soonest = tidy(k, now);
  if (atomic_load(&k->used) < k->max) {
    return true;
  }

  return !conf->deny_all[tag & 1] && soonest != NULL &&
    let_go_of(soonest, atomic_load(&soonest->tag));
}

/* The entry of that tag, or a new one: a free one, or the one in its set that
 * ends first.
 */
static struct entry *entry_for(uint64_t tag, uint64_t now) {
  struct entry *set = set_of(tag), *worst = NULL;
  uint64_t least = UINT64_MAX, none = 0;
  unsigned int i;

  for (i = 0; i < NWAYS; i++) {
    if (atomic_load(&set[i].tag) == tag) {
      return &set[i];
    }
  }

  if (!make_room(tag, now)) {
    return NULL;
  }

  for (i = 0; i < NWAYS; i++) {
    uint64_t until = atomic_load(&set[i].tag) == 0 ? 0 :
      until_of(atomic_load(&set[i].state));

    if (until < least) {
      least = until;
      worst = &set[i];
    }
  }

  /* The entry is freed first, so that no source is mistaken for another. */
  (void) let_go_of(worst, atomic_load(&worst->tag));
  if (!atomic_compare_exchange_strong(&worst->tag, &none, tag)) {
    return NULL;
  }

  atomic_store(&worst->state, 0);
  atomic_fetch_add(&kind_of(tag)->used, 1);
  return worst;
}

void ftpd_penalty_shm_add(uint64_t tag, enum penalty why) {
  uint64_t now = ftpd_now_ms(), add = (uint64_t) conf->secs[why] * 1000,
    max = now + (uint64_t) conf->max_secs * 1000, old, fresh;
  struct entry *e;

  if (add == 0 || tag == 0) {
    return;
  }

  e = entry_for(tag, now);
  if (e == NULL) {
    return;                     /* no room, or another process was quicker */
  }

  old = atomic_load(&e->state);
  do {
    uint64_t until = (until_of(old) > now ? until_of(old) : now) + add;
    bool active = until_of(old) > now && (old & 1) != 0;

    until = until < max ? until : max;
    active |= until - now >= (uint64_t) conf->min_secs * 1000;
    fresh = make_state(until, why, active);
  } while (!atomic_compare_exchange_weak(&e->state, &old, fresh));

  if (atomic_load(&e->tag) != tag) {
    /* The entry now belongs to another source, which is not to blame. */
    (void) atomic_compare_exchange_strong(&e->state, &fresh, 0);
  }
}

/* ---- Sessions that crash */

void ftpd_penalty_shm_leave(void) {
  if (own_slot != NULL) {
    atomic_store(&own_slot->tag, 0);
    atomic_store(&own_slot->pid, 0);
    own_slot = NULL;
  }
}

/* Sessions whose process has ended without leave() have crashed. */
static void sweep(pid_t own) {
  unsigned int i;

  for (i = 0; i < NSLOTS; i++) {
    struct slot *s = &table->slots[i];
    int64_t pid = atomic_load(&s->pid);
    uint64_t tag;

    if (pid == 0 || (pid != (int64_t) own &&
        (kill((pid_t) pid, 0) == 0 || errno != ESRCH))) {
      continue;
    }

    tag = atomic_load(&s->tag);
    if (atomic_compare_exchange_strong(&s->pid, &pid, 0)) {
      ftpd_penalty_shm_add(tag, PENALTY_CRASH);
    }
  }
}

void ftpd_penalty_shm_enter(uint64_t tag) {
  pid_t own = getpid();
  unsigned int i, first = (unsigned int) own % NSLOTS;

  sweep(own);
  for (i = 0; i < NSLOTS; i++) {
    struct slot *s = &table->slots[(first + i) % NSLOTS];
    int64_t none = 0;

    if (atomic_compare_exchange_strong(&s->pid, &none, (int64_t) own)) {
      atomic_store(&s->tag, tag);
      own_slot = s;
      return;
    }
  }
}

/* ---- The memory */

/* At a restart the daemon loads its modules again, with new variables.  The
 * memory remains in place; the environment says where it is.
 */
static struct table *old_table(void) {
  const char *text = getenv(TABLE_ENV);
  struct table *t = NULL;
  long pid = 0;
  void *at = NULL;

  if (text != NULL && sscanf(text, "%ld:%p", &pid, &at) == 2 &&
      pid == (long) getpid()) {
    t = at;
  }

  return t;
}

static size_t places(size_t max) {
  return (max * PLACES_PER_SOURCE + NWAYS - 1) / NWAYS * NWAYS;
}

static struct table *new_table(void) {
  size_t n = 0, size;
  struct table *t;
  unsigned int i;

  for (i = 0; i < SOURCES_KINDS; i++) {
    n += places(conf->max_sources[i]);
  }

  size = sizeof(*t) + n * sizeof(struct entry);
  t = mmap(NULL, size, PROT_READ|PROT_WRITE,
    MAP_SHARED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0);
  if (t == MAP_FAILED) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION
      ": SFTPPerSourcePenalties has no effect: %s", strerror(errno));
    return NULL;
  }

  t->size = size;
  for (n = i = 0; i < SOURCES_KINDS; i++) {
    t->kinds[i].max = conf->max_sources[i];
    t->kinds[i].nsets = places(conf->max_sources[i]) / NWAYS;
    t->kinds[i].first = n;
    n += places(conf->max_sources[i]);
  }

  sftp_random(t->key, sizeof(t->key));
  return t;
}

static bool table_fits(const struct table *t) {
  return t->kinds[SOURCES_IPV4].max == conf->max_sources[SOURCES_IPV4] &&
    t->kinds[SOURCES_IPV6].max == conf->max_sources[SOURCES_IPV6];
}

void ftpd_penalty_shm_tell(void) {
  char text[64];

  if (table != NULL) {
    snprintf(text, sizeof(text), "%ld:%p", (long) getpid(), (void *) table);
    (void) setenv(TABLE_ENV, text, 1);
  }
}

void ftpd_penalty_shm_close(void) {
  ftpd_penalty_shm_leave();
  if (table == NULL) {
    table = old_table();
  }

  if (table != NULL) {
    (void) munmap(table, table->size);
    table = NULL;
  }

  (void) unsetenv(TABLE_ENV);
}

bool ftpd_penalty_shm_open(const struct penalties *fresh) {
  conf = fresh;
  if (table == NULL) {
    table = old_table();
  }

  if (table != NULL && !table_fits(table)) {
    ftpd_penalty_shm_close();
  }

  if (table == NULL) {
    table = new_table();
  }

  ftpd_penalty_shm_tell();
  return table != NULL;
}
