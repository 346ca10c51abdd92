/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */


/* host-penalty.c -- SFTPPerSourcePenalties: who misbehaves before the login
 * is not let in for a while, by whatever protocol.
 *
 * What is known of a source is kept in memory that all processes of the
 * daemon share.  Nothing is ever locked: an entry is two words that are
 * changed by atomic operations, so that a process may die anywhere.  Sources
 * are known by a keyed hash, and an entry that is pushed out by others only
 * forgets.  A process that becomes its user's lets go of that memory.
 */

#include "host-int.h"

#include <sodium.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "directives.h"

#define NSETS 8192
#define NWAYS 8
#define NSLOTS 4096

/* Says to the next instance of this module in this process where the memory
 * is; sessions do not keep it.
 */
#define TABLE_ENV "MOD_SFTP_PENALTIES"

/* A set of an entry is chosen by its tag; 0 is none.  state: milliseconds of
 * the clock until which it holds, then 7 bits for the reason, then one that
 * says whether it is enforced.
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

struct table {
  unsigned char key[crypto_shorthash_KEYBYTES];
  struct entry entries[NSETS][NWAYS];
  struct slot slots[NSLOTS];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "entries need no lock");

static const char *const reasons[PENALTY_NREASONS] = {
  [PENALTY_CRASH] = "a crash",
  [PENALTY_AUTHFAIL] = "failed authentication",
  [PENALTY_INVALIDUSER] = "an unknown user",
  [PENALTY_NOAUTH] = "no authentication",
  [PENALTY_GRACE] = "exceeding TimeoutLogin",
  [PENALTY_REFUSED] = "a refused connection"
};

static const struct penalties *conf;    /* NULL: off */
static struct table *table;     /* made once, kept over restarts */

/* This session's. */
static struct {
  pid_t pid;
  uint64_t tag;                 /* 0: is not looked at */
  struct slot *slot;
  bool failed, unknown, grace, refused;
} mine;

/* ---- Entries */

static uint64_t until_of(uint64_t state) {
  return state >> 8;
}

static uint64_t make_state(uint64_t until, enum penalty why, bool active) {
  return until << 8 | (uint64_t) why << 1 | (active ? 1 : 0);
}

static struct entry *set_of(uint64_t tag) {
  return table->entries[tag % NSETS];
}

/* The state in force, 0 when there is none. */
static uint64_t look_up(uint64_t tag, uint64_t now) {
  struct entry *set = set_of(tag);
  unsigned int i;

  for (i = 0; i < NWAYS; i++) {
    if (atomic_load(&set[i].tag) == tag) {
      uint64_t state = atomic_load(&set[i].state);

      if (until_of(state) > now) {
        return state;
      }
    }
  }

  return 0;
}

/* The entry of that tag, or one made for it in the place of the one that
 * would be over first.
 */
static struct entry *entry_for(uint64_t tag) {
  struct entry *set = set_of(tag), *worst = &set[0];
  uint64_t least = UINT64_MAX, old;
  unsigned int i;

  for (i = 0; i < NWAYS; i++) {
    uint64_t until = until_of(atomic_load(&set[i].state));

    if (atomic_load(&set[i].tag) == tag) {
      return &set[i];
    }

    if (until < least) {
      least = until;
      worst = &set[i];
    }
  }

  /* Never is one source taken for another: first nobody has the entry. */
  old = atomic_load(&worst->tag);
  if (!atomic_compare_exchange_strong(&worst->tag, &old, 0)) {
    return NULL;
  }

  atomic_store(&worst->state, 0);
  old = 0;
  return atomic_compare_exchange_strong(&worst->tag, &old, tag) ? worst : NULL;
}

static void penalise(uint64_t tag, enum penalty why) {
  uint64_t now = host_now_ms(), add = (uint64_t) conf->secs[why] * 1000,
    max = now + (uint64_t) conf->max_secs * 1000, old, fresh;
  struct entry *e;

  if (add == 0 || tag == 0) {
    return;
  }

  e = entry_for(tag);
  if (e == NULL) {
    return;                     /* somebody else was quicker: it forgets */
  }

  old = atomic_load(&e->state);
  do {
    uint64_t until = (until_of(old) > now ? until_of(old) : now) + add;
    bool active = until_of(old) > now && (old & 1) != 0;

    until = until < max ? until : max;
    active |= until - now >= (uint64_t) conf->min_secs * 1000;
    fresh = make_state(until, why, active);
  } while (!atomic_compare_exchange_weak(&e->state, &old, fresh));
}

/* ---- Sessions that end without a word */

static void leave_slot(void) {
  if (mine.slot != NULL) {
    atomic_store(&mine.slot->tag, 0);
    atomic_store(&mine.slot->pid, 0);
    mine.slot = NULL;
  }
}

static void take_slot(uint64_t tag) {
  unsigned int i, first = (unsigned int) mine.pid % NSLOTS;

  for (i = 0; i < NSLOTS; i++) {
    struct slot *s = &table->slots[(first + i) % NSLOTS];
    int64_t none = 0;

    if (atomic_compare_exchange_strong(&s->pid, &none, (int64_t) mine.pid)) {
      atomic_store(&s->tag, tag);
      mine.slot = s;
      return;
    }
  }
}

/* Sessions of which the process is gone and that did not leave have crashed. */
static void sweep(void) {
  unsigned int i;

  for (i = 0; i < NSLOTS; i++) {
    struct slot *s = &table->slots[i];
    int64_t pid = atomic_load(&s->pid);
    uint64_t tag;

    if (pid == 0 || (pid != (int64_t) mine.pid &&
        (kill((pid_t) pid, 0) == 0 || errno != ESRCH))) {
      continue;
    }

    tag = atomic_load(&s->tag);
    if (atomic_compare_exchange_strong(&s->pid, &pid, 0)) {
      penalise(tag, PENALTY_CRASH);
    }
  }
}

/* ---- A connection */

static void keep_bits(unsigned char *p, size_t n, unsigned int bits) {
  size_t i;

  for (i = 0; i < n; i++) {
    unsigned int have = bits > i * 8 ? bits - (unsigned int) i * 8 : 0;

    p[i] &= have >= 8 ? 0xff : (unsigned char) (0xff00 >> have);
  }
}

static uint64_t tag_of(const pr_netaddr_t *addr) {
  unsigned char text[17] = { 0 }, hash[crypto_shorthash_BYTES];
  const unsigned char *raw = pr_netaddr_get_inaddr(addr);
  uint64_t tag;

  if (pr_netaddr_get_family(addr) == AF_INET) {
    memcpy(text + 1, raw, 4);
    keep_bits(text + 1, 4, conf->bits4);

  } else if (pr_netaddr_is_v4mappedv6(addr) == TRUE) {
    memcpy(text + 1, raw + 12, 4);
    keep_bits(text + 1, 4, conf->bits4);

  } else {
    text[0] = 6;
    memcpy(text + 1, raw, 16);
    keep_bits(text + 1, 16, conf->bits6);
  }

  crypto_shorthash(hash, text, sizeof(text), table->key);
  memcpy(&tag, hash, sizeof(tag));
  return tag != 0 ? tag : 1;
}

static bool is_exempt(const pr_netaddr_t *addr) {
  config_rec *c = conf->exempt;
  unsigned int i;

  for (i = 0; c != NULL && i < c->argc; i++) {
    if (pr_netacl_match(c->argv[i], addr) == 1) {
      return true;
    }
  }

  return false;
}

/* What the end of the session says of its client; PENALTY_NONE: nothing. */
static enum penalty verdict(void) {
  const struct host *h = host_current();

  if (session.disconnect_reason == PR_SESS_DISCONNECT_SEGFAULT) {
    return PENALTY_CRASH;
  }

  if (mine.refused || session.user != NULL || (h != NULL && h->logged_in)) {
    return PENALTY_NONE;
  }

  if (mine.unknown) {
    return PENALTY_INVALIDUSER;
  }

  if (mine.failed || (h != NULL && h->tried)) {
    return PENALTY_AUTHFAIL;
  }

  if (mine.grace) {
    return PENALTY_GRACE;
  }

  switch (session.disconnect_reason) {
    case PR_SESS_DISCONNECT_CONFIG_ACL:
    case PR_SESS_DISCONNECT_MODULE_ACL:
    case PR_SESS_DISCONNECT_BANNED:
      return PENALTY_REFUSED;

    case PR_SESS_DISCONNECT_SESSION_INIT_FAILED:
    case PR_SESS_DISCONNECT_SIGNAL:
    case PR_SESS_DISCONNECT_NOMEM:
    case PR_SESS_DISCONNECT_SERVER_SHUTDOWN:
    case PR_SESS_DISCONNECT_BAD_CONFIG:
      return PENALTY_NONE;

    default:
      return PENALTY_NOAUTH;
  }
}

/* Before the process becomes its user's: he shall not reach this memory. */
static void let_go(void) {
  leave_slot();
  mine.tag = 0;
  if (table != NULL) {
    (void) munmap(table, sizeof(*table));
    table = NULL;
  }
}

static void on_exit_session(const void *data, void *user_data) {
  enum penalty why;

  (void) data;
  (void) user_data;
  if (mine.tag == 0 || mine.pid != getpid()) {
    return;
  }

  why = verdict();
  if (why != PENALTY_NONE) {
    penalise(mine.tag, why);
  }

  let_go();
}

static void on_code(const void *data, void *user_data) {
  int code = *((const int *) data);

  (void) user_data;
  if (code >= 0) {
    let_go();

  } else {
    mine.failed = true;
    mine.unknown |= code == PR_AUTH_NOPWD;
  }
}

static void on_timeout(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
  mine.grace = true;
}

static void on_connect(const void *data, void *user_data) {
  const conn_t *c = data;

  (void) user_data;
  memset(&mine, 0, sizeof(mine));
  (void) unsetenv(TABLE_ENV);
  if (conf == NULL || table == NULL || is_exempt(c->remote_addr)) {
    return;
  }

  mine.pid = getpid();
  mine.tag = tag_of(c->remote_addr);
  if (conf->secs[PENALTY_CRASH] > 0) {
    sweep();
    take_slot(mine.tag);
  }

  (void) pr_event_register(&sftp_module, "core.exit", on_exit_session, NULL);
  (void) pr_event_register(&sftp_module, "core.timeout-login", on_timeout,
    NULL);
  (void) pr_event_register(&sftp_module, "mod_auth.authentication-code",
    on_code, NULL);
}

void host_penalty_check(void) {
  uint64_t now = host_now_ms(), state;
  const char *text;

  if (mine.tag == 0) {
    return;
  }

  state = look_up(mine.tag, now);
  if ((state & 1) == 0) {
    return;
  }

  mine.refused = true;
  pr_log_pri(PR_LOG_NOTICE, MOD_SFTP_VERSION
    ": connection from %s refused: penalty for %s, %lu seconds left "
    "(SFTPPerSourcePenalties)",
    pr_netaddr_get_ipstr(session.c->remote_addr), reasons[state >> 1 & 127],
    (unsigned long) (until_of(state) - now + 999) / 1000);

  text = host_conf_engine(main_server) ? "Not allowed at this time\r\n" :
    "421 Not allowed at this time\r\n";
  if (write(session.c->wfd, text, strlen(text)) < 0) {
    SFTP_TRACE(TRACE_SSH2, 5, "unable to tell the client: %s",
      strerror(errno));
  }

  pr_session_disconnect(&sftp_module, PR_SESS_DISCONNECT_BANNED,
    "penalty of SFTPPerSourcePenalties");
}

/* ---- The daemon */

/* At a restart the host loads its modules anew, and all of their variables
 * with them.  The memory stays where it was; the environment says where.
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

static struct table *new_table(void) {
  struct table *t = mmap(NULL, sizeof(*t), PROT_READ|PROT_WRITE,
    MAP_SHARED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0);

  if (t == MAP_FAILED) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION
      ": SFTPPerSourcePenalties has no effect: %s", strerror(errno));
    return NULL;
  }

  sftp_random(t->key, sizeof(t->key));
  return t;
}

static void tell_next(void) {
  char text[64];

  if (table != NULL) {
    snprintf(text, sizeof(text), "%ld:%p", (long) getpid(), (void *) table);
    (void) setenv(TABLE_ENV, text, 1);
  }
}

/* The daemon has gone to the background: it is another process now. */
static void on_startup(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
  tell_next();
}

void host_penalty_start(void) {
  config_rec *c = find_config(main_server->conf, CONF_PARAM,
    "SFTPPerSourcePenalties", FALSE), *bits;
  struct penalties *fresh = c != NULL ? c->argv[0] : NULL;

  conf = NULL;
  if (fresh == NULL || !fresh->on) {
    return;
  }

  if (ServerType == SERVER_INETD) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": SFTPPerSourcePenalties has no effect with ServerType inetd");
    return;
  }

  bits = find_config(main_server->conf, CONF_PARAM,
    "SFTPPerSourceNetBlockSize", FALSE);
  fresh->bits4 = bits != NULL ? *((unsigned int *) bits->argv[0]) : 32;
  fresh->bits6 = bits != NULL ? *((unsigned int *) bits->argv[1]) : 128;
  fresh->exempt = find_config(main_server->conf, CONF_PARAM,
    "SFTPPerSourcePenaltyExemptList", FALSE);

  if (table == NULL) {
    table = old_table();
  }

  if (table == NULL) {
    table = new_table();
  }

  conf = table != NULL ? fresh : NULL;
  tell_next();
}

int host_penalty_init(void) {
  if (pr_event_register(&sftp_module, "core.startup", on_startup, NULL) < 0) {
    return -1;
  }

  return pr_event_register(&sftp_module, "core.connect", on_connect, NULL);
}

/* ---- The directives */

static const char *const names[PENALTY_NREASONS] = {
  [PENALTY_CRASH] = "crash",
  [PENALTY_AUTHFAIL] = "authfail",
  [PENALTY_INVALIDUSER] = "invaliduser",
  [PENALTY_NOAUTH] = "noauth",
  [PENALTY_GRACE] = "grace-exceeded",
  [PENALTY_REFUSED] = "refuseconnection"
};

/* Seconds, or numbers with s, m, h, d, w behind each; false if it is none. */
static bool duration(const char *text, unsigned int *secs) {
  uint64_t sum = 0;

  if (*text == '\0') {
    return false;
  }

  while (*text != '\0') {
    uint64_t n = 0, unit = 1;
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 9) {
      return false;
    }

    n = strtoull(text, NULL, 10);
    text += digits;
    switch (*text) {
      case 'w': case 'W':
        unit = 604800;
        break;

      case 'd': case 'D':
        unit = 86400;
        break;

      case 'h': case 'H':
        unit = 3600;
        break;

      case 'm': case 'M':
        unit = 60;
        break;

      case 's': case 'S': case '\0':
        break;

      default:
        return false;
    }

    text += *text != '\0';
    sum += n * unit;
    if (sum > 31536000) {
      return false;             /* more than a year */
    }
  }

  *secs = (unsigned int) sum;
  return true;
}

static bool set_one(struct penalties *pen, const char *word) {
  const char *colon = strchr(word, ':');
  size_t len, i;

  if (colon == NULL) {
    return false;
  }

  len = (size_t) (colon - word);
  if (len == 3 && strncasecmp(word, "max", 3) == 0) {
    return duration(colon + 1, &pen->max_secs);
  }

  if (len == 3 && strncasecmp(word, "min", 3) == 0) {
    return duration(colon + 1, &pen->min_secs);
  }

  for (i = 1; i < PENALTY_NREASONS; i++) {
    if (strlen(names[i]) == len && strncasecmp(word, names[i], len) == 0) {
      return duration(colon + 1, &pen->secs[i]);
    }
  }

  return false;
}

/* usage: SFTPPerSourcePenalties on|off|reason:duration ... */
modret_t *host_set_penalties(cmd_rec *cmd) {
  struct penalties pen = { .on = true, .max_secs = 600, .min_secs = 15, .secs = {
    [PENALTY_CRASH] = 90, [PENALTY_AUTHFAIL] = 5, [PENALTY_INVALIDUSER] = 5,
    [PENALTY_NOAUTH] = 1, [PENALTY_GRACE] = 10, [PENALTY_REFUSED] = 10 } };
  config_rec *c;
  unsigned int i;

  if (cmd->argc < 2) {
    CONF_ERROR(cmd, "wrong number of parameters: expected on, off, or some "
      "reason:duration");
  }

  CHECK_CONF(cmd, CONF_ROOT);
  if (cmd->argc == 2 && get_boolean(cmd, 1) != -1) {
    pen.on = get_boolean(cmd, 1) == TRUE;

  } else {
    for (i = 1; i < cmd->argc; i++) {
      if (!set_one(&pen, cmd->argv[i])) {
        CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[i],
          "' is no penalty (accepted: on, off, or crash, authfail, "
          "invaliduser, noauth, grace-exceeded, refuseconnection, max, min, "
          "each with :duration, like authfail:5s)", NULL));
      }
    }
  }

  c = add_config_param(cmd->argv[0], 1, NULL);
  c->argv[0] = pcalloc(c->pool, sizeof(pen));
  memcpy(c->argv[0], &pen, sizeof(pen));
  return PR_HANDLED(cmd);
}

/* usage: SFTPPerSourcePenaltyExemptList address[/bits] ... */
modret_t *host_set_exempt(cmd_rec *cmd) {
  config_rec *c;
  array_header *acls;
  unsigned int i;

  if (cmd->argc < 2) {
    CONF_ERROR(cmd, "wrong number of parameters: expected addresses");
  }

  CHECK_CONF(cmd, CONF_ROOT);
  c = add_config_param(cmd->argv[0], 0);
  acls = make_array(c->pool, cmd->argc, sizeof(void *));
  for (i = 1; i < cmd->argc; i++) {
    char *list = pstrdup(cmd->tmp_pool, cmd->argv[i]), *item, *save = NULL;

    for (item = strtok_r(list, ",", &save); item != NULL;
        item = strtok_r(NULL, ",", &save)) {
      pr_netacl_t *acl = pr_netacl_create(c->pool, item);

      if (acl == NULL) {
        CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[i],
          "' is no address or network", NULL));
      }

      *((void **) push_array(acls)) = acl;
    }
  }

  c->argc = acls->nelts;
  c->argv = acls->elts;
  return PR_HANDLED(cmd);
}

/* usage: SFTPPerSourceNetBlockSize bits[:bits] */
modret_t *host_set_netblock(cmd_rec *cmd) {
  uint64_t bits4 = 32, bits6 = 128;
  config_rec *c;
  char *text, *colon;

  if (cmd->argc != 2) {
    CONF_ERROR(cmd, "wrong number of parameters: expected one");
  }

  CHECK_CONF(cmd, CONF_ROOT);
  text = pstrdup(cmd->tmp_pool, cmd->argv[1]);
  colon = strchr(text, ':');
  if (colon != NULL) {
    *colon++ = '\0';
  }

  if (!host_number(text, 0, 32, &bits4) ||
      (colon != NULL && !host_number(colon, 0, 128, &bits6))) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "': expected bits of IPv4 (0 to 32), and of IPv6 (0 to 128) behind a "
      "colon, like 32:64", NULL));
  }

  c = add_config_param(cmd->argv[0], 2, NULL, NULL);
  c->argv[0] = pcalloc(c->pool, sizeof(unsigned int));
  c->argv[1] = pcalloc(c->pool, sizeof(unsigned int));
  *((unsigned int *) c->argv[0]) = (unsigned int) bits4;
  *((unsigned int *) c->argv[1]) = (unsigned int) bits6;
  return PR_HANDLED(cmd);
}
