/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-conf.c -- the configuration of SFTPTransferRecord. */

#include "directives-int.h"
#include "directives-set.h"
#include "ftpd-conf.h"
#include "ftpd-kept.h"
#include "ftpd-log.h"
#include "ftpd-record-file.h"
#include "ftpd-record.h"

#include "sshsig.h"

/* The host's list of virtual hosts (none of its headers declares it). */
extern xaset_t *server_list;

#define RECORDS 1000
#define MINUTES 10
#define RECORDS_MAX 1000000
#define MINUTES_MAX 1440

static const char *set_number(pool *p, const char *word, const char *value,
    unsigned int max, unsigned int *to) {
  uint64_t n;
  char text[16];

  if (value == NULL || !sftp_number(value, 1, max, &n)) {
    snprintf(text, sizeof(text), "%u", max);
    return pstrcat(p, word, " '", value != NULL ? value : "", "': expected a "
      "number from 1 to ", text, NULL);
  }

  *to = (unsigned int) n;
  return NULL;
}

static const char *set_full(pool *p, const char *value, bool *stops) {
  if (value == NULL || (strcasecmp(value, "stop") != 0 &&
      strcasecmp(value, "go-on") != 0)) {
    return pstrcat(p, "when-full '", value != NULL ? value : "",
      "': expected stop or go-on", NULL);
  }

  *stops = strcasecmp(value, "stop") == 0;
  return NULL;
}

static bool is_repeated(const cmd_rec *cmd, unsigned int at) {
  unsigned int i;

  for (i = 2; i < at; i += 2) {
    if (strcasecmp(cmd->argv[i], cmd->argv[at]) == 0) {
      return true;
    }
  }

  return false;
}

/* The words after the path; NULL, or the error. */
static const char *set_words(cmd_rec *cmd, struct record_conf *conf) {
  const char *why = NULL;
  unsigned int i;

  for (i = 2; i < (unsigned int) cmd->argc && why == NULL; i += 2) {
    const char *word = cmd->argv[i], *value = i + 1 < (unsigned int) cmd->argc
      ? cmd->argv[i + 1] : NULL;

    if (is_repeated(cmd, i)) {
      why = pstrcat(cmd->tmp_pool, "'", word, "' is there twice", NULL);

    } else if (strcasecmp(word, "records") == 0) {
      why = set_number(cmd->tmp_pool, word, value, RECORDS_MAX,
        &conf->records);

    } else if (strcasecmp(word, "minutes") == 0) {
      why = set_number(cmd->tmp_pool, word, value, MINUTES_MAX,
        &conf->minutes);

    } else if (strcasecmp(word, "when-full") == 0) {
      why = set_full(cmd->tmp_pool, value, &conf->stops);

    } else {
      why = pstrcat(cmd->tmp_pool, "'", word, "': expected records, minutes or "
        "when-full", NULL);
    }
  }

  return why;
}

/* usage: SFTPTransferRecord none|path [records N] [minutes N]
 *   [when-full stop|go-on]
 */
modret_t *ftpd_set_transferrecord(cmd_rec *cmd) {
  struct record_conf conf = { NULL, RECORDS, MINUTES, false };
  const char *why;
  config_rec *c;

  if (cmd->argc < 2) {
    CONF_ERROR(cmd, "wrong number of parameters: expected none or a path");
  }

  CHECK_CONF(cmd, CTXT_SERVER);
  conf.path = cmd->argv[1];
  if (strcasecmp(conf.path, "none") == 0) {
    if (cmd->argc != 2) {
      CONF_ERROR(cmd, "none: expected nothing after it");
    }

    conf.path = NULL;

  } else if (*conf.path != '/' || strlen(conf.path) >= PATH_MAX ||
      conf.path[strlen(conf.path) - 1] == '/') {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", conf.path,
      "': expected none, or the absolute path of a file", NULL));
  }

  why = set_words(cmd, &conf);
  if (why != NULL) {
    CONF_ERROR(cmd, why);
  }

  c = ftpd_conf_add_value(cmd, &conf, sizeof(conf));
  if (conf.path != NULL) {
    ((struct record_conf *) c->argv[0])->path = pstrdup(c->pool, conf.path);
  }

  return PR_HANDLED(cmd);
}

const struct record_conf *ftpd_record_conf(server_rec *s) {
  const struct record_conf *conf = get_param_ptr(s->conf,
    "SFTPTransferRecord", FALSE);

  return conf != NULL && conf->path != NULL ? conf : NULL;
}

/* ---- Before the start */

static int fault(server_rec *s, const struct record_conf *conf,
    const char *why) {
  ftpd_log_server(s, PR_LOG_ERR, "SFTPTransferRecord '%s': %s", conf->path,
    why);
  return ftpd_kept_reloading() ? 0 : 1;
}

static bool signs(pool *p, server_rec *s) {
  const struct sftp_settings *set;
  unsigned int i;

  if (!ftpd_conf_engine(s)) {
    return false;
  }

  set = ftpd_conf_settings(p, s);
  for (i = 0; i < set->nhost_keys; i++) {
    if (sftp_sshsig_alg(set->host_keys[i]) != NULL) {
      return true;
    }
  }

  return false;
}

static bool somebody_signs(pool *p) {
  server_rec *s;

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    if (signs(p, s)) {
      return true;
    }
  }

  return false;
}

static bool is_same_directory(pool *p, const char *a, const char *b) {
  struct stat one, other;

  return stat(pstrndup(p, a, (size_t) (strrchr(a, '/') - a) + 1), &one) == 0 &&
    stat(pstrndup(p, b, (size_t) (strrchr(b, '/') - b) + 1), &other) == 0 &&
    one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static bool is_other_spelling(pool *p, const char *a, const char *b) {
  return strcmp(a, b) != 0 && strcmp(strrchr(a, '/'), strrchr(b, '/')) == 0 &&
    is_same_directory(p, a, b);
}

static const char *find_contradiction(pool *p,
    const struct record_conf *conf) {
  server_rec *s;

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    const struct record_conf *other = ftpd_record_conf(s);

    if (other != NULL && is_other_spelling(p, other->path, conf->path)) {
      return "another virtual host has the same file by another path: expected "
        "the same one";
    }

    if (other != NULL && strcmp(other->path, conf->path) == 0 &&
        (other->records != conf->records || other->minutes != conf->minutes)) {
      return "virtual hosts with the same file need the same records and "
        "minutes";
    }
  }

  return NULL;
}

int ftpd_record_check(pool *p) {
  const char *why;
  server_rec *s;
  int faults = 0;

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    const struct record_conf *conf = ftpd_record_conf(s);

    if (conf == NULL) {
      continue;
    }

    PRIVS_ROOT
    why = ftpd_record_file_objection(p, conf->path);
    PRIVS_RELINQUISH
    if (why == NULL) {
      why = find_contradiction(p, conf);
    }

    if (why == NULL && !somebody_signs(p)) {
      why = "there is no host key to sign with: expected SFTPEngine on and an "
        "SFTPHostKey of type Ed25519, ECDSA or RSA";
    }

    faults += why != NULL ? fault(s, conf, why) : 0;
  }

  return faults;
}
