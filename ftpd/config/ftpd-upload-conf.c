/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-upload-conf.c -- the configuration of SFTPUploadCheck. */

#include "directives-int.h"
#include "directives-set.h"
#include "ftpd-log.h"
#include "ftpd-place.h"
#include "ftpd-run.h"
#include "ftpd-source.h"
#include "ftpd-upload-conf.h"
#include "ftpd-words.h"

#include "upload-check.h"

#define CHECK_SECS 60
#define CHECK_MAX_SECS 600
#define CHECK_USER "nobody"

static const char *set_program(pool *p, const char *text,
    struct upload_check *check) {
  const char *info = ftpd_source_info(text, "exec"), *why;

  if (info == NULL) {
    return pstrcat(p, "'", text, "': expected exec:/path and words, or none",
      NULL);
  }

  why = ftpd_words_check(p, info, FTPD_TOKENS_UPLOAD, &check->program);
  if (why == NULL) {
    why = ftpd_run_objection(p, check->program);
  }

  if (why == NULL && !ftpd_words_typed(info)) {
    why = "control characters";
  }

  check->text = info;
  return why != NULL ? pstrcat(p, "'", text, "': ", why, NULL) : NULL;
}

static const char *set_user(pool *p, const char *name,
    struct upload_check *check) {
  const struct passwd *pw = getpwnam(name);

  if (pw == NULL) {
    return pstrcat(p, "user '", name, "': there is no such user", NULL);
  }

  if (pw->pw_uid == PR_ROOT_UID) {
    return pstrcat(p, "user '", name, "' is root: expected one without "
      "privileges", NULL);
  }

  check->user = name;
  check->uid = pw->pw_uid;
  check->gid = pw->pw_gid;
  return NULL;
}

/* The words after the program; NULL, or the error. */
static const char *set_words(cmd_rec *cmd, struct upload_check *check) {
  pool *p = cmd->tmp_pool;
  const char *why = NULL;
  unsigned int i;
  uint64_t secs;

  for (i = 2; i < cmd->argc && why == NULL; i++) {
    const char *word = cmd->argv[i];
    const char *value = i + 1 < cmd->argc ? cmd->argv[i + 1] : NULL;

    if (strcasecmp(word, "tell") == 0) {
      check->tells = true;

    } else if (strcasecmp(word, "user") == 0 && value != NULL) {
      why = set_user(p, value, check);
      i++;

    } else if (strcasecmp(word, "timeout") == 0 && value != NULL) {
      if (!sftp_number(value, 1, CHECK_MAX_SECS, &secs)) {
        return pstrcat(p, "timeout '", value, "' must be a number of seconds, "
          "1 to 600", NULL);
      }

      check->secs = (unsigned int) secs;
      i++;

    } else {
      return pstrcat(p, "unexpected word: '", word, "' (accepted: user NAME, "
        "timeout SECONDS, tell)", NULL);
    }
  }

  return why;
}

static void add_check(cmd_rec *cmd, const struct upload_check *check) {
  config_rec *c = ftpd_conf_add_value(cmd, check, sizeof(*check));
  struct upload_check *own = c->argv[0];

  /* Directories inherit it. */
  c->flags |= CF_MERGEDOWN;
  if (own->text != NULL) {
    own->text = pstrdup(c->pool, own->text);
    own->program = pstrdup(c->pool, own->program);
    own->user = pstrdup(c->pool, own->user);
  }
}

/* usage: SFTPUploadCheck exec:/path|none [user name] [timeout seconds] [tell]
 */
modret_t *ftpd_set_uploadcheck(cmd_rec *cmd) {
  struct upload_check check = { .secs = CHECK_SECS };
  const char *why = NULL;

  if (cmd->argc < 2) {
    CONF_ERROR(cmd, "wrong number of parameters: expected exec:/path and "
      "words, or none");
  }

  CHECK_CONF(cmd, CTXT_SERVER|CONF_ANON|CONF_DIR);
  if (cmd->argc > 2 || strcasecmp(cmd->argv[1], "none") != 0) {
    why = set_program(cmd->tmp_pool, cmd->argv[1], &check);
    why = why != NULL ? why : set_words(cmd, &check);
    if (why == NULL && check.user == NULL) {
      why = set_user(cmd->tmp_pool, CHECK_USER, &check);
    }
  }

  if (why != NULL) {
    CONF_ERROR(cmd, why);
  }

  add_check(cmd, &check);
  return PR_HANDLED(cmd);
}

/* ---- All of a server */

config_rec *ftpd_upload_conf_next(server_rec *s, config_rec *c) {
  return c == NULL ?
    find_config(s->conf, CONF_PARAM, "SFTPUploadCheck", TRUE) :
    find_config_next(c, c->next, CONF_PARAM, "SFTPUploadCheck", TRUE);
}

/* The program that runs the checks. */
static const char *missing_program(pool *p) {
  const char *program = ftpd_run_beside(p, UPLOAD_CHECK_PROGRAM);
  int res = -1;

  errno = ENOENT;
  PRIVS_ROOT
  if (program != NULL) {
    res = access(program, X_OK);
  }

  PRIVS_RELINQUISH
  return res == 0 ? NULL : pstrcat(p, "SFTPUploadCheck: unable to run '",
    program != NULL ? program : UPLOAD_CHECK_PROGRAM, "': ", strerror(errno),
    " (install it there)", NULL);
}

/* Processes of the same user may send signals to each other. */
static void warn_of_user(server_rec *s, const struct upload_check *check) {
  const uid_t *uid = get_param_ptr(main_server->conf, "UserID", FALSE);

  if (uid != NULL && *uid == check->uid && getuid() == PR_ROOT_UID) {
    ftpd_log_server(s, PR_LOG_WARNING, "the program of SFTPUploadCheck runs as "
      "'%s', the daemon's User: it could end logins and the recorder of "
      "SFTPTransferRecord; choose another user", check->user);
  }
}

/* Sessions have one process for all of their checks. */
const char *ftpd_upload_conf_check(pool *p, server_rec *s) {
  const struct upload_check *first = NULL, *check;
  config_rec *c = NULL, *at = NULL;

  while ((c = ftpd_upload_conf_next(s, c)) != NULL) {
    check = c->argv[0];
    if (check->text == NULL) {
      continue;
    }

    if (first == NULL) {
      first = check;
      at = c;

    } else if (first->uid != check->uid || first->gid != check->gid) {
      return pstrcat(p, "SFTPUploadCheck with user ", first->user,
        ftpd_place_line(p, at), ", and SFTPUploadCheck with user ",
        check->user, ftpd_place_line(p, c), ", exclude each other: all checks "
        "of a server run as one user", NULL);
    }
  }

  if (first == NULL) {
    return NULL;
  }

  warn_of_user(s, first);
  return missing_program(p);
}
