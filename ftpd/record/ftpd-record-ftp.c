/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-ftp.c -- what FTP's sessions do, as events for the recorder: from
 * the log phases of FTP's commands.
 */

#include "ftpd-path.h"
#include "ftpd-record.h"

/* Which commands become records. */
static const struct row {
  const char *command;
  enum record_what what;
} rows[] = {
  { C_PASS, RECORD_LOGIN },
  { C_RETR, RECORD_DOWNLOAD },
  { C_STOR, RECORD_UPLOAD },
  { C_STOU, RECORD_UPLOAD },
  { C_APPE, RECORD_UPLOAD },
  { C_DELE, RECORD_REMOVE },
  { C_RMD, RECORD_RMDIR },
  { C_XRMD, RECORD_RMDIR },
  { C_MKD, RECORD_MKDIR },
  { C_XMKD, RECORD_MKDIR },
  { C_RNTO, RECORD_RENAME }
};

static const struct row *find_row(const char *command) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    if (strcmp(rows[i].command, command) == 0) {
      return &rows[i];
    }
  }

  return NULL;
}

/* As the daemon takes it: with its charset, from the current directory. */
static const char *outside(cmd_rec *cmd, const char *path) {
  const char *whole;

  if (path == NULL || *path == '\0') {
    return NULL;
  }

  whole = dir_canonical_path(cmd->tmp_pool, pr_fs_decode_path(cmd->tmp_pool,
    path));
  return ftpd_outside(cmd->tmp_pool, whole != NULL ? whole : path);
}

/* A path may have spaces. */
static char *words_from(cmd_rec *cmd, unsigned int at) {
  char *text = pstrdup(cmd->tmp_pool, cmd->argv[at]);

  for (at++; at < cmd->argc; at++) {
    text = pstrcat(cmd->tmp_pool, text, " ", cmd->argv[at], NULL);
  }

  return text;
}

static void put_login(struct record_event *e, bool ok) {
  const char *user = pr_table_get(session.notes, "mod_auth.orig-user", NULL);

  if (ok || session.user != NULL) {
    ftpd_record_login_told(ok);
  }

  ftpd_record_text(e, RECORD_USER, ok && session.user != NULL ? session.user :
    user);
  ftpd_record_text(e, RECORD_METHOD, "password");
}

static void put_transfer(struct record_event *e, cmd_rec *cmd, bool in) {
  const char *path = session.xfer.path != NULL ? session.xfer.path : cmd->arg;
  /* restart_pos is 0 again. */
  const off_t *offset = pr_table_get(cmd->notes, "mod_xfer.file-offset", NULL);

  ftpd_record_text(e, RECORD_PATH, outside(cmd, path));
  ftpd_record_text(e, RECORD_DIRECTION, in ? "in" : "out");
  if (session.xfer.p != NULL) {
    ftpd_record_number(e, RECORD_BYTES, (uint64_t) session.xfer.total_bytes);
    ftpd_record_number(e, RECORD_OFFSET, offset != NULL ?
      (uint64_t) *offset : 0);
  }
}

/* ---- Changes of mode and group */

static void put_group(struct record_event *e, cmd_rec *cmd, const char *name) {
  char *end = NULL;
  unsigned long number = strtoul(name, &end, 10);
  gid_t gid = *name != '\0' && *end == '\0' ? (gid_t) number :
    pr_auth_name2gid(cmd->tmp_pool, name);

  if (gid != (gid_t) -1) {
    ftpd_record_number(e, RECORD_GROUP, gid);
  }
}

/* SITE CHMOD mode path, SITE CHGRP group path; false: another one. */
static bool put_site(struct record_event *e, cmd_rec *cmd) {
  bool mode;

  if (cmd->argc < 4 || strcmp(cmd->argv[0], C_SITE) != 0) {
    return false;
  }

  mode = strcasecmp(cmd->argv[1], "CHMOD") == 0;
  if (!mode && strcasecmp(cmd->argv[1], "CHGRP") != 0) {
    return false;
  }

  ftpd_record_begin(e, RECORD_ATTRIBUTES);
  ftpd_record_text(e, RECORD_REQUEST, cmd->argv[1]);
  ftpd_record_text(e, RECORD_PATH, outside(cmd, words_from(cmd, 3)));
  if (mode) {
    ftpd_record_text(e, RECORD_MODE, cmd->argv[2]);

  } else {
    put_group(e, cmd, cmd->argv[2]);
  }

  return true;
}

/* MFF fact=value;... path.  Of several, the last counts.  false: it sets
 * neither mode nor group.
 */
static bool put_facts(struct record_event *e, cmd_rec *cmd) {
  const char *mode = NULL, *group = NULL;
  char *fact, *left = NULL;

  if (cmd->argc < 3 || strcmp(cmd->argv[0], C_MFF) != 0) {
    return false;
  }

  for (fact = strtok_r(pstrdup(cmd->tmp_pool, cmd->argv[1]), ";", &left);
      fact != NULL; fact = strtok_r(NULL, ";", &left)) {
    if (strncasecmp(fact, "UNIX.mode=", 10) == 0) {
      mode = fact + 10;

    } else if (strncasecmp(fact, "UNIX.group=", 11) == 0) {
      group = fact + 11;
    }
  }

  if (mode == NULL && group == NULL) {
    return false;
  }

  ftpd_record_begin(e, RECORD_ATTRIBUTES);
  ftpd_record_text(e, RECORD_REQUEST, cmd->argv[0]);
  ftpd_record_text(e, RECORD_PATH, outside(cmd, words_from(cmd, 2)));
  ftpd_record_text(e, RECORD_MODE, mode);
  if (group != NULL) {
    put_group(e, cmd, group);
  }

  return true;
}

/* ---- The commands */

static void put_members(struct record_event *e, cmd_rec *cmd,
    enum record_what what, bool ok) {
  switch (what) {
    case RECORD_LOGIN:
      put_login(e, ok);
      break;

    case RECORD_UPLOAD:
    case RECORD_DOWNLOAD:
      put_transfer(e, cmd, what == RECORD_UPLOAD);
      break;

    case RECORD_RENAME:
      ftpd_record_text(e, RECORD_PATH, outside(cmd, pr_table_get(
        session.notes, "mod_core.rnfr-path", NULL)));
      ftpd_record_text(e, RECORD_TO, outside(cmd, cmd->arg));
      break;

    default:
      ftpd_record_text(e, RECORD_PATH, outside(cmd, cmd->arg));
      break;
  }
}

/* The password was right, and a module refuses the session. */
static bool is_refusal(const struct row *row) {
  return row != NULL && row->what == RECORD_LOGIN && session.user != NULL;
}

static void record(cmd_rec *cmd, bool ok) {
  const struct row *row = find_row(cmd->argv[0]);
  const char *code = NULL, *text = NULL;
  struct record_event e;

  /* Sessions of this module have records of their own. */
  if (!ftpd_record_on() || ftpd_current() != NULL) {
    return;
  }

  if (row != NULL) {
    ftpd_record_begin(&e, row->what);
    put_members(&e, cmd, row->what, ok);
    ftpd_record_text(&e, RECORD_REQUEST, cmd->argv[0]);

  } else if (!put_site(&e, cmd) && !put_facts(&e, cmd)) {
    return;
  }

  e.spare = !ok && (row == NULL || row->what != RECORD_LOGIN) &&
    session.xfer.p == NULL;
  ftpd_record_text(&e, RECORD_PROTOCOL, pr_session_get_protocol(0));
  ftpd_record_text(&e, RECORD_END, ok ? "ok" : is_refusal(row) ? "refused" :
    "failed");
  if (!ok && pr_response_get_last(cmd->tmp_pool, &code, &text) == 0) {
    ftpd_record_text(&e, RECORD_WHY, text);
  }

  ftpd_record_send(&e);
}

modret_t *ftpd_record_ftp(cmd_rec *cmd) {
  record(cmd, true);
  return PR_DECLINED(cmd);
}

modret_t *ftpd_record_ftp_failed(cmd_rec *cmd) {
  record(cmd, false);
  return PR_DECLINED(cmd);
}
