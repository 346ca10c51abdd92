/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-startups-conf.c -- the configuration of SFTPMaxStartups. */

#include "directives-int.h"
#include "directives-set.h"
#include "directives.h"

#define STARTUPS_MAX 2000

/* "10", or "10:30:20". */
static bool read_limits(char *text, struct sftp_startups *s) {
  unsigned int *fields[] = { &s->start, &s->rate, &s->full };
  char *word, *save = NULL;
  uint64_t value;
  size_t n = 0;

  for (word = strtok_r(text, ":", &save); word != NULL;
      word = strtok_r(NULL, ":", &save)) {
    if (n == SFTP_NELEMS(fields) || !sftp_number(word, 1, STARTUPS_MAX,
        &value)) {
      return false;
    }

    *fields[n++] = (unsigned int) value;
  }

  if (n == 1) {
    s->rate = 100;
    s->full = s->start;
    return true;
  }

  return n == 3 && s->rate <= 100 && s->start <= s->full;
}

/* usage: SFTPMaxStartups start:rate:full|full|none */
modret_t *ftpd_set_startups(cmd_rec *cmd) {
  struct sftp_startups s = { 0, 0, 0 };
  config_rec *c;

  if (cmd->argc != 2) {
    CONF_ERROR(cmd, "wrong number of parameters: expected one");
  }

  CHECK_CONF(cmd, CONF_ROOT);
  if (strcasecmp(cmd->argv[1], "none") != 0 &&
      !read_limits(pstrdup(cmd->tmp_pool, cmd->argv[1]), &s)) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1], "': expected "
      "none, a number from 1 to 2000, or start:rate:full like 10:30:20, with "
      "a rate from 1 to 100, and start not above full", NULL));
  }

  c = add_config_param(cmd->argv[0], 1, NULL);
  c->argv[0] = pcalloc(c->pool, sizeof(s));
  memcpy(c->argv[0], &s, sizeof(s));
  return PR_HANDLED(cmd);
}
