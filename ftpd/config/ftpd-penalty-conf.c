/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-penalty-conf.c -- the configuration of SFTPPerSourcePenalties and its
 * two related directives.
 */

#include "directives-int.h"
#include "directives-set.h"
#include "directives.h"

#define MAX_SOURCES 1048576

static const char *const names[PENALTY_NREASONS] = {
  [PENALTY_CRASH] = "crash",
  [PENALTY_AUTHFAIL] = "authfail",
  [PENALTY_INVALIDUSER] = "invaliduser",
  [PENALTY_NOAUTH] = "noauth",
  [PENALTY_GRACE] = "grace-exceeded",
  [PENALTY_REFUSED] = "refuseconnection",
  [PENALTY_BUDGET] = "budget-exceeded"
};

const char *ftpd_penalty_name(unsigned int why) {
  return why < SFTP_NELEMS(names) ? names[why] : NULL;
}

/* Seconds of a unit, 1 for no unit; 0: not a unit. */
static unsigned int unit_secs(char unit) {
  switch (unit) {
    case 'w': case 'W':
      return 604800;

    case 'd': case 'D':
      return 86400;

    case 'h': case 'H':
      return 3600;

    case 'm': case 'M':
      return 60;

    case 's': case 'S': case '\0':
      return 1;
  }

  return 0;
}

/* Seconds, or numbers with s, m, h, d, w behind each, up to a year; false if
 * the text is not a duration.
 */
static bool duration(const char *text, unsigned int *secs) {
  uint64_t sum = 0;

  if (*text == '\0') {
    return false;
  }

  while (*text != '\0') {
    size_t digits = strspn(text, "0123456789");
    unsigned int unit = unit_secs(text[digits]);

    if (digits == 0 || digits > 9 || unit == 0) {
      return false;
    }

    sum += strtoull(text, NULL, 10) * unit;
    if (sum > 31536000) {
      return false;
    }

    text += digits;
    text += *text != '\0';
  }

  *secs = (unsigned int) sum;
  return true;
}

static bool is_word(const char *name, const char *word, size_t len) {
  return strlen(name) == len && strncasecmp(name, word, len) == 0;
}

static bool number(const char *text, unsigned int *value) {
  uint64_t n;

  if (!sftp_number(text, 1, MAX_SOURCES, &n)) {
    return false;
  }

  *value = (unsigned int) n;
  return true;
}

/* The behaviour when the number of max-sources is reached. */
static bool overflow(const char *text, int *deny_all) {
  *deny_all = strcasecmp(text, "deny-all") == 0;
  return *deny_all || strcasecmp(text, "permissive") == 0;
}

/* In deny_all, -1 means not set. */
static bool set_one(struct penalties *pen, int deny_all[2], const char *word) {
  const char *colon = strchr(word, ':');
  struct { const char *name; unsigned int *value;
      bool (*parse)(const char *, unsigned int *); } keys[] = {
    { "max", &pen->max_secs, duration },
    { "min", &pen->min_secs, duration },
    { "max-sources4", &pen->max_sources[0], number },
    { "max-sources6", &pen->max_sources[1], number }
  };
  size_t len, i;

  if (colon == NULL) {
    return false;
  }

  len = (size_t) (colon - word);
  for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
    if (is_word(keys[i].name, word, len)) {
      return keys[i].parse(colon + 1, keys[i].value);
    }
  }

  for (i = 1; i < PENALTY_NREASONS; i++) {
    if (is_word(names[i], word, len)) {
      return duration(colon + 1, &pen->secs[i]);
    }
  }

  if (is_word("overflow", word, len)) {
    return overflow(colon + 1, &deny_all[0]);
  }

  return is_word("overflow6", word, len) && overflow(colon + 1, &deny_all[1]);
}

static const char *seconds(pool *p, unsigned int secs) {
  char text[32];

  snprintf(text, sizeof(text), "%us", secs);
  return pstrdup(p, text);
}

/* usage: SFTPPerSourcePenalties on|off|name:value ... */
modret_t *ftpd_set_penalties(cmd_rec *cmd) {
  struct penalties pen = { .on = true, .max_secs = 600, .min_secs = 15,
    .max_sources = { 65536, 65536 }, .secs = {
      [PENALTY_CRASH] = 90, [PENALTY_AUTHFAIL] = 5, [PENALTY_INVALIDUSER] = 5,
      [PENALTY_NOAUTH] = 1, [PENALTY_GRACE] = 10, [PENALTY_REFUSED] = 10,
      [PENALTY_BUDGET] = 10
    } };
  int deny_all[2] = { -1, -1 };
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
      if (!set_one(&pen, deny_all, cmd->argv[i])) {
        CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[i],
          "' is no penalty (accepted: on, off, or crash, authfail, "
          "invaliduser, noauth, grace-exceeded, budget-exceeded, "
          "refuseconnection, max, min, each with :duration, like "
          "authfail:5s; max-sources4, max-sources6, each with :number, 1 to "
          "1048576; overflow, overflow6, each with :permissive or "
          ":deny-all)", NULL));
      }
    }
  }

  if (pen.min_secs > pen.max_secs) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "min (", seconds(cmd->tmp_pool,
      pen.min_secs), ") is greater than max (", seconds(cmd->tmp_pool,
      pen.max_secs), "): no source would ever be refused", NULL));
  }

  pen.deny_all[0] = deny_all[0] == 1;
  pen.deny_all[1] = deny_all[1] == -1 ? pen.deny_all[0] : deny_all[1] == 1;
  c = add_config_param(cmd->argv[0], 1, NULL);
  c->argv[0] = pcalloc(c->pool, sizeof(pen));
  memcpy(c->argv[0], &pen, sizeof(pen));
  return PR_HANDLED(cmd);
}

/* usage: SFTPPerSourcePenaltyExemptList address[/bits] ... */
modret_t *ftpd_set_exempt(cmd_rec *cmd) {
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
modret_t *ftpd_set_netblock(cmd_rec *cmd) {
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

  if (!sftp_number(text, 0, 32, &bits4) ||
      (colon != NULL && !sftp_number(colon, 0, 128, &bits6))) {
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
