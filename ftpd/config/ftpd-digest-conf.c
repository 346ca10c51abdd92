/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-conf.c -- the configuration of SFTPTransferDigest. */

#include "directives-int.h"
#include "directives-set.h"

#define READ_SECS 30
#define READ_MAX_SECS 600

static const char *set_secs(pool *p, const char *value, unsigned int *to) {
  uint64_t secs;

  if (!sftp_number(value, 1, READ_MAX_SECS, &secs)) {
    return pstrcat(p, "timeout '", value, "' must be a number of seconds, 1 to "
      "600", NULL);
  }

  *to = (unsigned int) secs;
  return NULL;
}

/* The words after the digest; NULL, or the error. */
static const char *set_words(cmd_rec *cmd, struct transfer_digest *digest) {
  pool *p = cmd->tmp_pool;
  const char *how = NULL, *secs = NULL, *why = NULL;
  unsigned int i;

  for (i = 2; i < cmd->argc && why == NULL; i++) {
    const char *word = cmd->argv[i];

    if (strcasecmp(word, "omit") == 0 || strcasecmp(word, "read") == 0) {
      why = how == NULL ? NULL : pstrcat(p, "'", word, "' after '", how,
        "': expected one of omit and read", NULL);
      how = word;

    } else if (strcasecmp(word, "timeout") == 0 && i + 1 < cmd->argc) {
      why = secs == NULL ? set_secs(p, cmd->argv[i + 1], &digest->secs) :
        pstrcat(p, "timeout '", cmd->argv[i + 1], "' after timeout '", secs,
        "': expected one of them", NULL);
      secs = cmd->argv[++i];

    } else {
      why = pstrcat(p, "unexpected word: '", word, "' (accepted: omit, read, "
        "timeout SECONDS)", NULL);
    }
  }

  digest->reads = how != NULL && strcasecmp(how, "read") == 0;
  return why != NULL || secs == NULL || digest->reads ? why :
    "timeout makes sense with read alone";
}

/* usage: SFTPTransferDigest none|sha256 [omit|read [timeout seconds]] */
modret_t *ftpd_set_transferdigest(cmd_rec *cmd) {
  struct transfer_digest digest = { .secs = READ_SECS };
  const char *word, *why = NULL;

  if (cmd->argc < 2) {
    CONF_ERROR(cmd, "wrong number of parameters: expected none or sha256");
  }

  CHECK_CONF(cmd, CTXT_SERVER|CONF_ANON|CONF_DIR);
  word = cmd->argv[1];
  digest.on = strcasecmp(word, "sha256") == 0;
  if (digest.on) {
    why = set_words(cmd, &digest);

  } else if (strcasecmp(word, "none") != 0 || cmd->argc > 2) {
    why = pstrcat(cmd->tmp_pool, "'", cmd->argc > 2 ? cmd->argv[2] : word,
      "': expected none, or sha256 and options", NULL);
  }

  if (why != NULL) {
    CONF_ERROR(cmd, why);
  }

  /* Directories inherit it. */
  ftpd_conf_add_value(cmd, &digest, sizeof(digest))->flags |= CF_MERGEDOWN;
  return PR_HANDLED(cmd);
}
