/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-startups.c -- SFTPMaxStartups: connections without a login have a share
 * of their own, so that they never take all of MaxInstances.
 *
 * From a number on, a connection is dropped at random when another one comes.
 * Not always the new one: it is one of the source that has most of them.  So
 * whoever holds many half-open connections loses those, and others get in.
 *
 * A process that dies leaves its slot behind, which the next one clears.
 */

#include "ftpd-startups.h"

#include "ftpd-lines.h"
#include "ftpd-penalty.h"
#include "ftpd-tally.h"

#include "directives.h"
#include "ssh2.h"

#include <sodium.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define NSLOTS 2048
#define TELL_MS 60000           /* one line in the log for so long */
#define NOTICE_MS 1000          /* if the signal comes before the sleep */

struct slot {
  _Atomic int64_t pid;          /* 0: free */
  _Atomic uint64_t source;
  _Atomic bool leave;           /* another connection has taken its place */
};

struct board {
  unsigned char key[crypto_shorthash_KEYBYTES];
  _Atomic uint64_t tell_ms, ndropped;
  struct slot slots[NSLOTS];
};

/* The other connections that are there, and have not been told to leave. */
struct view {
  struct other {
    struct slot *slot;
    uint64_t source;
  } all[NSLOTS + 1];
  unsigned int n;
};

static struct sftp_startups limits;     /* full 0: none */
static struct board *board;
static struct slot *own;
static pid_t owner;

static void on_urgent(int signo SFTP_UNUSED) {
  ;                             /* it has interrupted the sleep */
}

static uint64_t source_of(const pr_netaddr_t *addr) {
  unsigned char hash[crypto_shorthash_BYTES];
  size_t len = pr_netaddr_get_inaddr_len(addr);
  uint64_t source;

  /* Of an IPv6 address, the network. */
  crypto_shorthash(hash, pr_netaddr_get_inaddr(addr),
    pr_netaddr_get_family(addr) == AF_INET || len < 8 ||
    pr_netaddr_is_v4mappedv6(addr) == TRUE ? len : 8, board->key);
  memcpy(&source, hash, sizeof(source));
  return source;
}

/* Whose process is gone is cleared. */
static void look(struct view *v) {
  unsigned int i;

  for (i = v->n = 0; i < NSLOTS; i++) {
    struct slot *s = &board->slots[i];
    int64_t pid = atomic_load(&s->pid);

    if (pid == 0 || s == own) {
      continue;
    }

    if (pid == (int64_t) owner ||
        (kill((pid_t) pid, 0) < 0 && errno == ESRCH)) {
      (void) atomic_compare_exchange_strong(&s->pid, &pid, 0);

    } else if (!atomic_load(&s->leave)) {
      v->all[v->n++] = (struct other) { s, atomic_load(&s->source) };
    }
  }
}

static struct slot *claim(uint64_t source) {
  unsigned int i, first = (unsigned int) getpid() % NSLOTS;

  for (i = 0; i < NSLOTS; i++) {
    struct slot *s = &board->slots[(first + i) % NSLOTS];
    int64_t none = 0;

    if (atomic_compare_exchange_strong(&s->pid, &none, (int64_t) getpid())) {
      atomic_store(&s->leave, false);
      atomic_store(&s->source, source);
      return s;
    }
  }

  return NULL;
}

/* As OpenSSH's MaxStartups: n others are there. */
static bool is_too_much(unsigned int n) {
  unsigned int percent;

  if (n < limits.start || n >= limits.full) {
    return n >= limits.full;
  }

  percent = limits.rate + (100 - limits.rate) * (n - limits.start) /
    (limits.full - limits.start);
  return randombytes_uniform(100) < percent;
}

static int by_source(const void *a, const void *b) {
  const struct other *x = a, *y = b;

  return (x->source > y->source) - (x->source < y->source);
}

/* How many from `from' on have the same source. */
static unsigned int run_length(const struct view *v, unsigned int from) {
  unsigned int i = from + 1;

  while (i < v->n && v->all[i].source == v->all[from].source) {
    i++;
  }

  return i - from;
}

/* One of those of the source that has most; of all sources if there are
 * several.  The new connection is one of them.
 */
static struct slot *choose(struct view *v) {
  unsigned int most = 0, i, len, n = 0;

  v->all[v->n++] = (struct other) { own, atomic_load(&own->source) };
  qsort(v->all, v->n, sizeof(v->all[0]), by_source);
  for (i = 0; i < v->n; i += len) {
    len = run_length(v, i);
    most = len > most ? len : most;
  }

  for (i = 0; i < v->n; i += len) {
    len = run_length(v, i);
    if (len == most) {
      memmove(&v->all[n], &v->all[i], len * sizeof(v->all[0]));
      n += len;
    }
  }

  return v->all[randombytes_uniform(n)].slot;
}

static void tell(void) {
  uint64_t now = ftpd_now_ms(), due = atomic_load(&board->tell_ms);

  atomic_fetch_add(&board->ndropped, 1);
  ftpd_tally(TALLY_STARTUPS, 0, 0, 1);
  if (now >= due && atomic_compare_exchange_strong(&board->tell_ms, &due,
      now + TELL_MS)) {
    pr_log_pri(PR_LOG_NOTICE, MOD_SFTP_VERSION ": too many connections "
      "without a login: %lu dropped since the last such line "
      "(SFTPMaxStartups %u:%u:%u)",
      (unsigned long) atomic_exchange(&board->ndropped, 0), limits.start,
      limits.rate, limits.full);
  }
}

/* Nobody is to blame. */
static void end_session(void) {
  ftpd_startups_leave();
  ftpd_penalty_spare();
  pr_session_disconnect(&sftp_module, PR_SESS_DISCONNECT_CONFIG_ACL,
    "SFTPMaxStartups");
}

static void refuse(void) {
  static const char text[] = "Too many connections\r\n";

  if (write(session.c->wfd, text, sizeof(text) - 1) < 0) {
    SFTP_TRACE(TRACE_SSH2, 5, "unable to tell the client: %s",
      strerror(errno));
  }

  end_session();
}

/* The signal is ignored by whatever process may have the number meanwhile.
 * False: somebody else has told it.
 */
static bool replace(struct slot *s) {
  int64_t pid = atomic_load(&s->pid);

  if (atomic_exchange(&s->leave, true)) {
    return false;
  }

  if (pid > 0) {
    PRIVS_ROOT
    (void) kill((pid_t) pid, SIGURG);
    PRIVS_RELINQUISH
  }

  return true;
}

static void make_room(struct view *v) {
  struct slot *victim;

  look(v);
  if (!is_too_much(v->n)) {
    return;
  }

  tell();
  victim = choose(v);
  while (victim != own && !replace(victim)) {
    look(v);
    victim = choose(v);
  }

  if (victim == own) {
    refuse();
  }
}

static void on_exit_session(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
  ftpd_startups_leave();
}

static void on_code(const void *data, void *user_data) {
  (void) user_data;
  if (*((const int *) data) >= 0) {
    ftpd_startups_leave();
  }
}

void ftpd_startups_enter(void) {
  struct sigaction action;
  struct view *v;

  if (board == NULL || limits.full == 0) {
    return;
  }

  v = palloc(session.pool, sizeof(*v));
  owner = getpid();
  own = claim(source_of(session.c->remote_addr));
  if (own == NULL) {
    return;
  }

  memset(&action, 0, sizeof(action));
  action.sa_handler = on_urgent;
  (void) sigaction(SIGURG, &action, NULL);
  (void) pr_event_register(&sftp_module, "core.exit", on_exit_session, NULL);
  (void) pr_event_register(&sftp_module, "mod_auth.authentication-code",
    on_code, NULL);
  make_room(v);
}

void ftpd_startups_leave(void) {
  if (own != NULL && owner == getpid()) {
    atomic_store(&own->pid, 0);
    own = NULL;
    (void) munmap(board, sizeof(*board));
    board = NULL;
    (void) signal(SIGURG, SIG_DFL);
  }
}

void ftpd_startups_check(struct ftpd *h) {
  if (own != NULL && !h->logged_in && atomic_load(&own->leave)) {
    ftpd_disconnect(SSH_DISCONNECT_TOO_MANY_CONNECTIONS,
      "too many connections without a login (SFTPMaxStartups)");
    end_session();
  }
}

int ftpd_startups_wait_ms(int timeout_ms) {
  return own != NULL && (timeout_ms < 0 || timeout_ms > NOTICE_MS) ?
    NOTICE_MS : timeout_ms;
}

/* Sessions keep what they have; the next ones count anew. */
static void on_restart(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
  if (board != NULL) {
    (void) munmap(board, sizeof(*board));
    board = NULL;
  }
}

static struct sftp_startups configured(void) {
  config_rec *c = find_config(main_server->conf, CONF_PARAM,
    "SFTPMaxStartups", FALSE);
  struct sftp_startups s = { 0, 0, 0 };

  if (c != NULL) {
    return *((struct sftp_startups *) c->argv[0]);
  }

  /* A third of MaxInstances without risk, two thirds at most. */
  if (ServerMaxInstances > 2 && ServerMaxInstances < NSLOTS) {
    s.start = (unsigned int) ServerMaxInstances / 3;
    s.rate = 30;
    s.full = (unsigned int) ServerMaxInstances * 2 / 3;
  }

  return s;
}

bool ftpd_startups_usage(uint64_t *now, uint64_t *max) {
  struct view v;

  if (board == NULL) {
    return false;
  }

  look(&v);
  *now = v.n;
  *max = limits.full;
  return true;
}

void ftpd_startups_start(void) {
  on_restart(NULL, NULL);
  limits = configured();
  if (limits.full == 0 || ServerType == SERVER_INETD) {
    return;
  }

  board = mmap(NULL, sizeof(*board), PROT_READ|PROT_WRITE,
    MAP_SHARED|MAP_ANONYMOUS, -1, 0);
  if (board == MAP_FAILED) {
    board = NULL;
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION
      ": SFTPMaxStartups has no effect: %s", strerror(errno));
    return;
  }

  sftp_random(board->key, sizeof(board->key));
  (void) pr_event_register(&sftp_module, "core.restart", on_restart, NULL);
}
