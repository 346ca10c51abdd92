/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-abi.c -- functions and variables for other modules (mod_sftp.h).
 *
 * Drivers and stores are registered in the parent, when modules are loaded:
 * their registers live as long as the process.
 */

#include "ftpd-abi.h"
#include "ftpd-session.h"

#include "conn.h"
#include "crypto.h"
#include "kex.h"
#include "keys.h"
#include "userauth.h"

/* More than any driver asks; prevents a broken one from flooding the client. */
#define MAX_PROMPTS 500

SFTP_EXPORT pool *sftp_pool = NULL;
SFTP_EXPORT conn_t *sftp_conn = NULL;
SFTP_EXPORT unsigned int sftp_sess_state = 0;
SFTP_EXPORT unsigned long sftp_opts = 0;
SFTP_EXPORT unsigned int sftp_services = SFTP_SERVICE_DEFAULT;

struct kbdint_row {
  struct kbdint_row *next;
  const char *name;
  sftp_kbdint_driver_t *driver;
};

static struct kbdint_row *drivers, *walk;       /* newest first */
static struct ftpd_store *stores;

/* The first use creates the register, because modules may be loaded before this
 * one.
 */
static pool *registers(void) {
  if (sftp_pool == NULL) {
    sftp_pool = make_sub_pool(permanent_pool);
    pr_pool_tag(sftp_pool, MOD_SFTP_VERSION);
  }

  return sftp_pool;
}

void ftpd_abi_init(void) {
  (void) registers();
}

/* Translates bits to the numbers of this version's public header. */
static unsigned long public_opts(unsigned long opts) {
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
  return (opts & (SFTP_OPT_NO_STRICT_KEX - 1)) |
    ((opts & SFTP_OPT_FIDO_TOUCH_REQUIRED) != 0 ? 0x040000UL : 0) |
    ((opts & SFTP_OPT_FIDO_VERIFY_REQUIRED) != 0 ? 0x080000UL : 0) |
    ((opts & SFTP_OPT_NO_STRICT_KEX) != 0 ? 0x100000UL : 0);
#else
  return opts & (SFTP_OPT_NO_STRICT_KEX | (SFTP_OPT_NO_STRICT_KEX - 1));
#endif
}

void ftpd_abi_publish(const struct ftpd *h) {
  const struct ssh_conn *c = h->conn;

  sftp_conn = session.c;
  sftp_opts = public_opts(h->set->opts);
  /* Commands without a word of their own are not a service. */
  sftp_services = find_config(h->server->conf, CONF_PARAM, "Protocols",
    FALSE) != NULL ? h->set->services : SFTP_SERVICE_DEFAULT;
  sftp_sess_state = h->logged_in ? SFTP_SESS_STATE_HAVE_AUTH : 0;
  if (c == NULL || !c->state.keyed) {
    return;
  }

  sftp_sess_state |= SFTP_SESS_STATE_HAVE_KEX;
  if (sftp_phase_beyond_exchange(c) != PH_SERVICE) {
    sftp_sess_state |= SFTP_SESS_STATE_HAVE_SERVICE;
  }

  if (sftp_kex_running(c)) {
    sftp_sess_state |= SFTP_SESS_STATE_REKEYING;
  }

  if (c->peer.ext_info && (h->set->opts & SFTP_OPT_NO_EXT_INFO) == 0) {
    sftp_sess_state |= SFTP_SESS_STATE_HAVE_EXT_INFO;
  }
}

/* ---- Drivers of keyboard-interactive */

static struct kbdint_row **driver_at(const char *name) {
  struct kbdint_row **at;

  for (at = &drivers; *at != NULL && strcmp((*at)->name, name) != 0;
      at = &(*at)->next) {
  }

  return at;
}

SFTP_EXPORT int sftp_kbdint_register_driver(const char *name,
    sftp_kbdint_driver_t *driver) {
  struct kbdint_row *row;

  if (name == NULL || driver == NULL) {
    errno = EINVAL;
    return -1;
  }

  if (*driver_at(name) != NULL) {
    errno = EEXIST;
    return -1;
  }

  row = pcalloc(registers(), sizeof(struct kbdint_row));
  row->name = pstrdup(registers(), name);
  row->driver = driver;
  row->next = drivers;
  drivers = row;
  driver->driver_name = name;
  return 0;
}

SFTP_EXPORT int sftp_kbdint_unregister_driver(const char *name) {
  struct kbdint_row **at;

  if (name == NULL) {
    errno = EINVAL;
    return -1;
  }

  at = driver_at(name);
  if (*at == NULL) {
    errno = ENOENT;
    return -1;
  }

  if (walk == *at) {
    walk = walk->next;
  }

  *at = (*at)->next;
  return 0;
}

SFTP_EXPORT sftp_kbdint_driver_t *sftp_kbdint_get_driver(const char *name) {
  struct kbdint_row *row = name != NULL ? *driver_at(name) : NULL;

  if (row == NULL) {
    errno = name != NULL ? ENOENT : EINVAL;
    return NULL;
  }

  return row->driver;
}

SFTP_EXPORT unsigned int sftp_kbdint_have_drivers(void) {
  struct kbdint_row *row;
  unsigned int n = 0;

  for (row = drivers; row != NULL; row = row->next) {
    n++;
  }

  return n;
}

SFTP_EXPORT sftp_kbdint_driver_t *sftp_kbdint_next_driver(void) {
  struct kbdint_row *row = walk;

  if (row == NULL) {
    return NULL;
  }

  walk = row->next;
  return row->driver;
}

SFTP_EXPORT sftp_kbdint_driver_t *sftp_kbdint_first_driver(void) {
  walk = drivers;
  return sftp_kbdint_next_driver();
}

/* The errno for drivers that corresponds to an error of the core. */
static int conversation_error(int res) {
  errno = res == SFTP_ERR_FORMAT || res == SFTP_ERR_LIMIT ||
    res == SFTP_ERR_CLOSED || res == SFTP_ERR_ORDER ? EPERM : EIO;
  return -1;
}

SFTP_EXPORT int sftp_kbdint_send_challenge(const char *user,
    const char *instruction, uint32_t count,
    sftp_kbdint_challenge_t *challenges) {
  struct ftpd *h = ftpd_current();
  struct sftp_auth_prompt *prompts;
  uint32_t i;
  pool *p;
  int res;

  if (count == 0 || count > MAX_PROMPTS || challenges == NULL) {
    errno = EINVAL;
    return -1;
  }

  if (h == NULL || h->conn == NULL) {
    errno = EPERM;
    return -1;
  }

  p = make_sub_pool(h->pool);
  prompts = pcalloc(p, count * sizeof(struct sftp_auth_prompt));
  for (i = 0; i < count; i++) {
    prompts[i].text = challenges[i].challenge != NULL ?
      challenges[i].challenge : "";
    prompts[i].echo = challenges[i].display_response != 0;
  }

  res = sftp_auth_ask(h->conn, user, instruction, count, prompts);
  destroy_pool(p);
  return res == SFTP_OK ? 0 : conversation_error(res);
}

SFTP_EXPORT int sftp_kbdint_recv_response(pool *p, uint32_t expected,
    uint32_t *rcvd, const char ***responses) {
  struct ftpd *h = ftpd_current();
  int res;

  if (p == NULL || rcvd == NULL || responses == NULL) {
    errno = EINVAL;
    return -1;
  }

  if (h == NULL || h->conn == NULL || expected > MAX_PROMPTS) {
    errno = EPERM;
    return -1;
  }

  res = sftp_auth_answers(h->conn, p, expected, responses);
  if (res != SFTP_OK) {
    return conversation_error(res);
  }

  *rcvd = expected;
  return 0;
}

SFTP_EXPORT int sftp_auth_send_banner(const char *text) {
  struct ftpd *h = ftpd_current();

  if (text == NULL) {
    errno = EINVAL;
    return -1;
  }

  if (h == NULL || h->conn == NULL) {
    errno = EPERM;
    return -1;
  }

  if (sftp_auth_banner(h->conn, text) != SFTP_OK) {
    errno = EIO;
    return -1;
  }

  /* The user may need some time to answer. */
  (void) sftp_packets_flush(h->conn->pkts);
  return 0;
}

/* ---- Stores of authorised keys */

static struct ftpd_store **store_at(const char *name, size_t len,
    unsigned int ktypes) {
  struct ftpd_store **at;

  for (at = &stores; *at != NULL; at = &(*at)->next) {
    if (strlen((*at)->name) == len && strncmp((*at)->name, name, len) == 0 &&
        ((*at)->ktypes & ktypes) == ktypes) {
      break;
    }
  }

  return at;
}

const struct ftpd_store *ftpd_store_find(const char *name, size_t len,
    unsigned int ktypes) {
  return *store_at(name, len, ktypes);
}

const struct ftpd_store *ftpd_store_first(void) {
  return stores;
}

SFTP_EXPORT int sftp_keystore_register_store(const char *name,
    sftp_keystore_t *(*store_open)(pool *, int, const char *, const char *),
    unsigned int ktypes) {
  struct ftpd_store *row;

  if (name == NULL || store_open == NULL || ktypes == 0) {
    errno = EINVAL;
    return -1;
  }

  if (*store_at(name, strlen(name), ktypes) != NULL) {
    errno = EEXIST;
    return -1;
  }

  row = pcalloc(registers(), sizeof(struct ftpd_store));
  row->name = pstrdup(registers(), name);
  row->open = store_open;
  row->ktypes = ktypes;
  row->next = stores;
  stores = row;
  return 0;
}

SFTP_EXPORT int sftp_keystore_unregister_store(const char *name,
    unsigned int ktypes) {
  struct ftpd_store **at;

  if (name == NULL || ktypes == 0) {
    errno = EINVAL;
    return -1;
  }

  at = store_at(name, strlen(name), ktypes);
  if (*at == NULL) {
    errno = ENOENT;
    return -1;
  }

  *at = (*at)->next;
  return 0;
}

/* ---- Helpers for stores */

SFTP_EXPORT int sftp_keys_compare_keys(pool *p, unsigned char *remote_key,
    uint32_t remote_keylen, unsigned char *local_key, uint32_t local_keylen) {
  struct sftp_str remote = { remote_key, remote_keylen },
    local = { local_key, local_keylen };
  struct sftp_key *a = NULL, *b = NULL;
  pool *tmp;
  int res = -1;

  /* mod_sftp_sql passes NULL for a column that it could not decode. */
  if (p == NULL || remote_key == NULL || local_key == NULL) {
    errno = EINVAL;
    return -1;
  }

  tmp = make_sub_pool(p);

  if (sftp_key_from_blob(tmp, remote, &a) == SFTP_OK &&
      sftp_key_from_blob(tmp, local, &b) == SFTP_OK) {
    res = sftp_key_same(a, b) ? 1 : 0;
  }

  destroy_pool(tmp);
  if (res < 0) {
    errno = EINVAL;
  }

  return res;
}

SFTP_EXPORT const char *sftp_crypto_get_errors(void) {
  return sftp_crypto_errors(session.pool != NULL ? session.pool : registers());
}
