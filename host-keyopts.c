/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-keyopts.c -- options in front of a key in OpenSSH's form.
 *
 * An option that narrows what the key is good for is obeyed or, where that is
 * not possible, takes the key out: what was meant as a limit is never ignored.
 */

#include "host-login.h"

#include <time.h>

/* -1: not understood. */
static int address_fits(pool *p, char *item) {
  const pr_netaddr_t *addr = session.c->remote_addr;
  pr_netacl_t *acl;

  if (strpbrk(item, "*?") != NULL) {
    return pr_fnmatch(item, pr_netaddr_get_ipstr(addr), 0) == 0 ||
      pr_fnmatch(item, session.c->remote_name, PR_FNM_CASEFOLD) == 0;
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

/* YYYYMMDD[HHMM[SS]][Z]: good until then, in local time without the Z. */
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

/* Restrictions of what this server does not do in the first place. */
static const char *const moot_options[] = {
  "agent-forwarding", "no-agent-forwarding", "port-forwarding",
  "no-port-forwarding", "pty", "no-pty", "user-rc", "no-user-rc",
  "X11-forwarding", "no-X11-forwarding", "restrict", "permitopen",
  "permitlisten", "environment", "tunnel", "no-touch-required"
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

static bool is_file_transfer(const char *command) {
  const char *base = strrchr(command, '/');

  base = base != NULL ? base + 1 : command;
  return strncmp(base, "internal-sftp", 13) == 0 ||
    strncmp(base, "sftp-server", 11) == 0;
}

static bool option_allows(pool *p, const char *name, const char *value) {
  if (strcasecmp(name, "from") == 0) {
    return from_allows(p, value);
  }

  if (strcasecmp(name, "expiry-time") == 0) {
    return !is_expired(value);
  }

  if (strcasecmp(name, "command") == 0) {
    return is_file_transfer(value);
  }

  return is_moot(name);
}

/* The next option of a list such as  from="a,b",no-pty ; false at the end. */
static bool next_option(pool *p, const char **list, const char **name,
    const char **value) {
  const char *at = *list, *begin;
  char *to;

  while (*at == ',' || *at == ' ' || *at == '\t') {
    at++;
  }

  if (*at == '\0') {
    return false;
  }

  begin = at;
  at += strcspn(at, ",=");
  *name = pstrndup(p, begin, (size_t) (at - begin));
  *value = to = pstrdup(p, at);
  if (*at == '=') {
    at++;
    if (*at == '"') {
      for (at++; *at != '\0' && *at != '"'; at++) {
        at += at[0] == '\\' && at[1] == '"';
        *to++ = *at;
      }

      at += *at == '"';

    } else {
      while (*at != '\0' && *at != ',') {
        *to++ = *at++;
      }
    }
  }

  *to = '\0';
  *list = at;
  return true;
}

bool host_keyopts_allow(pool *p, const char *options, const char **refused) {
  const char *name, *value;

  while (options != NULL && next_option(p, &options, &name, &value)) {
    if (!option_allows(p, name, value)) {
      *refused = name;
      return false;
    }
  }

  return true;
}
