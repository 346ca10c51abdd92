/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* exec-test.c -- test and id, which some programs use before SFTP. */

#include "exec-commands.h"
#include "ftpd-attrs.h"
#include "ftpd-gate.h"
#include "ftpd-user.h"

/* ---- test -e, -d or -f PATH, under the rules of STAT */

/* What is refused does not exist, as far as the user can see. */
static bool looks(struct exec *e, const char *name, struct stat *st) {
  const char *path = sftp_exec_path(e, name);
  struct ftpd_op op;
  int err = 0;

  ftpd_op_begin(e->ftpd, &op, e->cmd_pool, FTPD_STAT, path);
  path = ftpd_permit(&op, path, NULL);
  if (path == NULL || ftpd_stat(e->ftpd, path, st) < 0) {
    err = errno != 0 ? errno : EIO;
  }

  ftpd_op_end(&op, err, err == 0 ? 0 : 4, strerror(err));
  return err == 0;
}

int sftp_exec_run_test(struct exec *e) {
  const char *what = e->argc > 1 ? e->argv[1] : "";
  struct stat st;

  if (e->argc != 3 || what[0] != '-' || what[1] == '\0' || what[2] != '\0' ||
      strchr("edf", what[1]) == NULL) {
    sftp_exec_complain(e, "only -e, -d and -f with one path are supported");
    return 2;
  }

  if (*e->argv[2] == '\0' || !looks(e, e->argv[2], &st)) {
    return 1;
  }

  return what[1] == 'e' || (what[1] == 'd' && S_ISDIR(st.st_mode)) ||
    (what[1] == 'f' && S_ISREG(st.st_mode)) ? 0 : 1;
}

/* ---- id [-u|-g|-G] [-n] [USER] */

static void put_id(struct exec *e, const struct ftpd_id *id, bool name,
    const char *behind) {
  if (name && id->name != NULL) {
    sftp_exec_printf(e, "%s%s", id->name, behind);

  } else {
    sftp_exec_printf(e, "%lu%s", id->number, behind);
  }
}

static void put_both(struct exec *e, const char *what,
    const struct ftpd_id *id) {
  sftp_exec_printf(e, "%s%lu", what, id->number);
  if (id->name != NULL) {
    sftp_exec_printf(e, "(%s)", id->name);
  }
}

static void put_all(struct exec *e, const struct ftpd_ids *ids) {
  size_t i;

  put_both(e, "uid=", &ids->user);
  put_both(e, " gid=", &ids->group);
  for (i = 0; i < ids->ngroups; i++) {
    put_both(e, i == 0 ? " groups=" : ",", &ids->groups[i]);
  }

  sftp_exec_out(e, "\n", 1);
}

static void put_groups(struct exec *e, const struct ftpd_ids *ids,
    bool name) {
  size_t i;

  for (i = 0; i < ids->ngroups; i++) {
    put_id(e, &ids->groups[i], name, i + 1 < ids->ngroups ? " " : "\n");
  }
}

/* The letter of the requested part, 0 for everything; -1: wrong arguments. */
static int id_words(struct exec *e, bool *name) {
  const char *who = ftpd_user(e->ftpd);
  int what = 0;
  unsigned int i;

  for (i = 1; i < e->argc; i++) {
    const char *c = e->argv[i];

    if (*c != '-') {
      if (strcmp(c, who) != 0) {
        sftp_exec_complain(e, "%s: no such user", sftp_exec_quote(e, c));
        return -1;
      }

      continue;
    }

    for (c++; *c != '\0'; c++) {
      if (*c == 'n') {
        *name = true;

      } else if (strchr("ugG", *c) != NULL && (what == 0 || what == *c)) {
        what = *c;

      } else {
        sftp_exec_complain(e, "%s: this is not supported", sftp_exec_quote(e,
          e->argv[i]));
        return -1;
      }
    }
  }

  return what;
}

int sftp_exec_run_id(struct exec *e) {
  struct ftpd_ids ids;
  bool name = false;
  int what = id_words(e, &name);

  if (what < 0) {
    return 1;
  }

  ftpd_ids(e->ftpd, e->cmd_pool, &ids);
  switch (what) {
    case 'u':
      put_id(e, &ids.user, name, "\n");
      break;

    case 'g':
      put_id(e, &ids.group, name, "\n");
      break;

    case 'G':
      put_groups(e, &ids, name);
      break;

    default:
      put_all(e, &ids);
  }

  return 0;
}
