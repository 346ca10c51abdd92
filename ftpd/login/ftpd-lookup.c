/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-lookup.c -- limits how often a stranger can cause lookups of keys by
 * others.
 *
 * Asking whether a key would be accepted is not an attempt, so the limit of
 * attempts does not apply.  Each question is put once per connection, and a
 * store gets as many questions as MaxLoginAttempts allows attempts, at least
 * LOOKUPS_MIN.
 */

#include "ftpd-log.h"
#include "ftpd-lookup.h"

#define LOOKUPS_MIN 6

static bool is_too_many(const struct ftpd *h, unsigned int n) {
  unsigned int max = h->set->max_login_attempts;

  return max > 0 && n >= (max > LOOKUPS_MIN ? max : LOOKUPS_MIN);
}

static void tell_limit(struct ftpd *h, unsigned int n) {
  static const char text[] = "no more keys are looked up for this connection "
    "(see MaxLoginAttempts)";

  if (h->lookups_told) {
    ftpd_log_because(text);

  } else {
    h->lookups_told = true;
    sftp_log_why(WHY_OBJECTION, "%s: there were %u look-ups of user '%s'", text,
      n, h->user);
  }
}

struct ftpd_lookup *ftpd_lookup(struct ftpd *h, const char *store,
    const char *question, bool *fresh) {
  struct ftpd_lookup *l;
  unsigned int n = 0;
  pool *p;

  *fresh = false;
  for (l = h->lookups; l != NULL; l = l->next) {
    if (strcmp(l->store, store) != 0) {
      continue;
    }

    if (strcmp(l->question, question) == 0) {
      return l;
    }

    n++;
  }

  if (is_too_many(h, n)) {
    tell_limit(h, n);
    return NULL;
  }

  p = make_sub_pool(h->pool);
  pr_pool_tag(p, "sftp look-up of keys");
  l = pcalloc(p, sizeof(*l));
  l->pool = p;
  l->store = pstrdup(p, store);
  l->question = pstrdup(p, question);
  l->res = -1;
  l->next = h->lookups;
  h->lookups = l;
  *fresh = true;
  return l;
}
