/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keyopts.c -- options in front of a key in OpenSSH's format.
 *
 * An option that restricts the key is obeyed; if that is impossible, the key is
 * not used: a restriction is never ignored.
 */

#include "ftpd-keyopts.h"

#include <time.h>

#include "forced.h"
#include "ftpd-userkey.h"
#include "keyfile.h"

/* Maximum number of variables that a key may set. */
#define MAX_ENV 64

/* With UseIPv6 off the daemon does not parse IPv6 addresses, and no client has
 * one.
 */
static bool is_foreign(const char *item) {
  return strchr(item, ':') != NULL && !pr_netaddr_use_ipv6();
}

/* Whether the text has the form of an address or a network, not of a name. */
static bool is_numeric(const char *item) {
  return item[strspn(item, "0123456789abcdefABCDEF.:/")] == '\0';
}

/* An address, a network, or a pattern of either addresses or names.  The daemon
 * has more words (ALL, NONE, patterns in braces): here these are names. -1:
 * invalid.
 */
static int address_fits(pool *p, char *item) {
  const pr_netaddr_t *addr = session.c->remote_addr;
  pr_netacl_t *acl;

  if (pr_fnmatch(item, pr_netaddr_get_ipstr(addr), PR_FNM_CASEFOLD) == 0 ||
      pr_fnmatch(item, session.c->remote_name, PR_FNM_CASEFOLD) == 0) {
    return 1;
  }

  if (strpbrk(item, "*?") != NULL || !is_numeric(item) || is_foreign(item)) {
    return 0;
  }

  acl = pr_netacl_create(p, item);
  return acl != NULL ? pr_netacl_match(acl, addr) == 1 : -1;
}

static bool from_allows(pool *p, const char *list) {
  char *text = pstrdup(p, list), *item, *save = NULL;
  bool allowed = false;

  for (item = strtok_r(text, ", ", &save); item != NULL;
      item = strtok_r(NULL, ", ", &save)) {
    bool negated = *item == '!';
    int fits = address_fits(p, item + negated);

    if (fits < 0) {
      sftp_log("address '%s' in option \"from\" is not understood", item);
    }

    if (fits < 0 || (fits > 0 && negated)) {
      return false;
    }

    allowed |= fits > 0;
  }

  return allowed;
}

/* YYYYMMDD[HHMM[SS]][Z]: valid until then, in local time without the Z. */
static bool is_expired(const char *text) {
  static const char *const forms[] = { "%Y%m%d", "%Y%m%d%H%M",
    "%Y%m%d%H%M%S" };
  size_t len = strlen(text);
  bool utc = len > 0 && (text[len - 1] == 'Z' || text[len - 1] == 'z');
  const char *form, *end;
  struct tm tm;
  time_t when;

  len -= utc;
  form = len == 8 ? forms[0] : len == 12 ? forms[1] : len == 14 ? forms[2] :
    NULL;
  memset(&tm, 0, sizeof(tm));
  tm.tm_isdst = -1;
  end = form != NULL ? strptime(text, form, &tm) : NULL;
  if (end == NULL || (size_t) (end - text) != len) {
    return true;
  }

  when = utc ? timegm(&tm) : mktime(&tm);
  return when == (time_t) -1 || when <= time(NULL);
}

bool ftpd_source_allows(pool *p, const char *list) {
  const pr_netaddr_t *addr = session.c->remote_addr;
  char *text = pstrdup(p, list), *item, *save = NULL;
  bool allowed = false;

  for (item = strtok_r(text, ",", &save); item != NULL;
      item = strtok_r(NULL, ",", &save)) {
    pr_netacl_t *acl;

    if (is_foreign(item)) {
      continue;
    }

    acl = is_numeric(item) ? pr_netacl_create(p, item) : NULL;
    if (acl == NULL) {
      sftp_log("address '%s' in source-address is not understood", item);
      return false;
    }

    allowed |= pr_netacl_match(acl, addr) == 1;
  }

  return allowed;
}

/* Restrictions of features that this server does not offer anyway, and their
 * opposites: they have no effect.
 */
static const char *const moot_options[] = {
  "agent-forwarding", "no-agent-forwarding", "port-forwarding",
  "no-port-forwarding", "pty", "no-pty", "user-rc", "no-user-rc",
  "X11-forwarding", "no-X11-forwarding", "restrict", "permitopen",
  "permitlisten", "tunnel"
};

static bool is_moot(const char *name) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(moot_options); i++) {
    if (strcasecmp(moot_options[i], name) == 0) {
      return true;
    }
  }

  return false;
}

/* ---- Options with an effect; each gives NULL, or why the key cannot count */

struct reading {
  pool *pool;
  struct ftpd_keyopts *opts;
  array_header *env;
};

static const char *take_from(struct reading *r, const char *value) {
  return from_allows(r->pool, value) ? NULL :
    "it is not for this client's address";
}

static const char *take_expiry(struct reading *r, const char *value) {
  (void) r;
  return is_expired(value) ? "it has expired" : NULL;
}

static const char *take_command(struct reading *r, const char *value) {
  struct sftp_forced forced;
  const char *why = NULL;

  if (r->opts->command != NULL) {
    return "it stands there twice";
  }

  r->opts->command = value;
  return sftp_forced_parse(r->pool, value, &forced, &why) == SFTP_OK ? NULL :
    pstrcat(r->pool, "'", value, "': ", why, NULL);
}

static const char *take_principals(struct reading *r, const char *value) {
  if (r->opts->principals != NULL) {
    return "it stands there twice";
  }

  r->opts->principals = value;
  return NULL;
}

/* SFTPAcceptEnv is applied after the login. */
static const char *take_environment(struct reading *r, const char *value) {
  const char *equals = strchr(value, '=');

  if (equals == NULL || equals == value) {
    return "it is not NAME=value";
  }

  if (r->env->nelts >= MAX_ENV) {
    return "there are too many of them";
  }

  *((const char **) push_array(r->env)) = value;
  return NULL;
}

static const char *take_authority(struct reading *r, const char *value) {
  (void) value;
  r->opts->authority = true;
  return NULL;
}

static const char *take_no_touch(struct reading *r, const char *value) {
  (void) value;
  r->opts->no_touch = true;
  return NULL;
}

static const char *take_verify(struct reading *r, const char *value) {
  (void) value;
  r->opts->verify = true;
  return NULL;
}

static const struct option_row {
  const char *name;
  bool has_value;
  const char *(*take)(struct reading *r, const char *value);
} option_rows[] = {
  { "cert-authority", false, take_authority },
  { "command", true, take_command },
  { "environment", true, take_environment },
  { "expiry-time", true, take_expiry },
  { "from", true, take_from },
  { "no-touch-required", false, take_no_touch },
  { "principals", true, take_principals },
  { "verify-required", false, take_verify }
};

static const char *take_option(struct reading *r, const char *name,
    const char *value) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(option_rows); i++) {
    const struct option_row *row = &option_rows[i];

    if (strcasecmp(row->name, name) == 0) {
      return row->has_value != (value != NULL) ?
        (row->has_value ? "it lacks its value" : "it takes no value") :
        row->take(r, value);
    }
  }

  return is_moot(name) ? NULL : "it is not known here";
}

bool ftpd_keyopts_read(pool *p, const char *options, struct ftpd_keyopts *o,
    const char **why) {
  struct reading r = { p, o, make_array(p, 2, sizeof(char *)) };
  const char *name, *value;
  int more = 0;

  memset(o, 0, sizeof(*o));
  while (options != NULL &&
      (more = sftp_keyopts_next(p, &options, &name, &value)) > 0) {
    const char *text = take_option(&r, name, value);

    if (text != NULL) {
      *why = pstrcat(p, "option \"", name, "\": ", text, NULL);
      return false;
    }
  }

  if (more < 0) {
    *why = pstrcat(p, "option \"", name, "\": it is damaged", NULL);
    return false;
  }

  *((const char **) push_array(r.env)) = NULL;
  o->env = r.env->elts;

  /* Principals restrict an authority; they mean nothing for a plain key. */
  if (o->principals != NULL && !o->authority) {
    *why = "option \"principals\": it needs cert-authority";
    return false;
  }

  return true;
}

void ftpd_keyopts_grant(const struct ftpd_keyopts *o,
    struct ftpd_key_grant *grant) {
  grant->no_touch = o->no_touch;
  grant->verify |= o->verify;
  grant->command = o->command;
  grant->env = o->env;
}
