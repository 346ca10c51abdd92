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
#include "ftpd-record-open.h"
#include "ftpd-record.h"
#include "ftpd-vroot.h"

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
  return ftpd_outside(cmd->tmp_pool, ftpd_vroot_outside_ftp(cmd->tmp_pool,
    whole != NULL ? whole : path));
}

/* A path may have spaces; like the daemon, without those at its beginning. */
static char *words_from(cmd_rec *cmd, unsigned int at) {
  char *text = pstrdup(cmd->tmp_pool, "");

  for (; at < cmd->argc; at++) {
    text = pstrcat(cmd->tmp_pool, text, *text != '\0' ? " " : "",
      cmd->argv[at], NULL);
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

/* What the recorder tells of if the session is killed. */
static struct record_open *begun;

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

static bool is_transfer(enum record_what what) {
  return what == RECORD_UPLOAD || what == RECORD_DOWNLOAD;
}

static void end_transfer(void) {
  ftpd_record_open_end(&begun, 1U << WAY_WRITE | 1U << WAY_READ);
  begun = NULL;
}

/* The daemon tells nobody how far it is; STOU has no path yet. */
static void begin_transfer(cmd_rec *cmd, enum ftpd_way way) {
  const char *path = outside(cmd, cmd->arg);

  begun = ftpd_record_open_add(path != NULL ? path : "",
    pr_session_get_protocol(0), 1U << way, false);
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

/* A request that fails may have set the mode before. */
static bool put_done(struct record_event *e, cmd_rec *cmd, const char *path,
    const char *mode) {
  const char *there = dir_realpath(cmd->tmp_pool, pr_fs_decode_path(
    cmd->tmp_pool, path));
  char *end = NULL;
  unsigned long wanted = mode != NULL ? strtoul(mode, &end, 8) : 0;
  struct stat st;

  if (mode == NULL || *mode == '\0' || *end != '\0' || there == NULL ||
      pr_fsio_stat(there, &st) < 0 || (st.st_mode & 07777) != wanted) {
    return false;
  }

  ftpd_record_text(e, RECORD_DONE, "mode");
  return true;
}

/* What follows a word of SITE: PATH, mode or group and path, two paths. */
enum site_form { SITE_PATH, SITE_MODE, SITE_GROUP, SITE_LINK, SITE_PATHS,
  SITE_FROM, SITE_TO };

/* Those of mod_site, mod_site_misc and mod_copy.  RMDIR runs DELE and RMD for
 * what it removes; MKDIR runs MKD for each part of its path, which may exist.
 */
static const struct site {
  const char *word;
  enum record_what what;
  enum site_form form;
} sites[] = {
  { "CHMOD", RECORD_ATTRIBUTES, SITE_MODE },
  { "CHGRP", RECORD_ATTRIBUTES, SITE_GROUP },
  { "MKDIR", RECORD_MKDIR, SITE_PATH },
  { "SYMLINK", RECORD_SYMLINK, SITE_LINK },
  { "COPY", RECORD_COPY, SITE_PATHS },
  { "CPFR", RECORD_NWHATS, SITE_FROM },
  { "CPTO", RECORD_COPY, SITE_TO }
};

/* The path of the last SITE CPFR. */
static char *copied;
/* SITE MKDIR is running. */
static bool making;

static const struct site *find_site(const cmd_rec *cmd) {
  size_t i;

  for (i = 0; cmd->argc > 2 && strcmp(cmd->argv[0], C_SITE) == 0 &&
      i < SFTP_NELEMS(sites); i++) {
    if (strcasecmp(cmd->argv[1], sites[i].word) == 0) {
      return &sites[i];
    }
  }

  return NULL;
}

modret_t *ftpd_record_ftp_site(cmd_rec *cmd) {
  const struct site *site = find_site(cmd);

  making = site != NULL && site->what == RECORD_MKDIR;
  return PR_DECLINED(cmd);
}

static void put_site_words(struct record_event *e, cmd_rec *cmd,
    enum site_form form) {
  const char *first = cmd->argv[2];
  const char *rest = cmd->argc > 3 ? words_from(cmd, 3) : NULL;

  switch (form) {
    case SITE_MODE:
      ftpd_record_text(e, RECORD_PATH, outside(cmd, rest));
      ftpd_record_text(e, RECORD_MODE, first);
      break;

    case SITE_GROUP:
      ftpd_record_text(e, RECORD_PATH, outside(cmd, rest));
      put_group(e, cmd, first);
      break;

    case SITE_LINK:             /* SYMLINK text link */
      ftpd_record_text(e, RECORD_PATH, outside(cmd, rest));
      ftpd_record_text(e, RECORD_TO, first);
      break;

    case SITE_PATHS:
      ftpd_record_text(e, RECORD_PATH, outside(cmd, first));
      ftpd_record_text(e, RECORD_TO, outside(cmd, rest));
      break;

    case SITE_TO:
      ftpd_record_text(e, RECORD_PATH, copied);
      ftpd_record_text(e, RECORD_TO, outside(cmd, words_from(cmd, 2)));
      break;

    default:
      ftpd_record_text(e, RECORD_PATH, outside(cmd, words_from(cmd, 2)));
      break;
  }
}

/* false: it changes nothing that has a record. */
static bool put_site(struct record_event *e, cmd_rec *cmd, bool ok) {
  const struct site *site = find_site(cmd);
  const char *path;

  if (site == NULL) {
    return false;
  }

  if (site->form == SITE_FROM) {
    path = outside(cmd, words_from(cmd, 2));
    copied = path != NULL ? pstrdup(session.pool, path) : NULL;
    return false;
  }

  ftpd_record_begin(e, site->what);
  ftpd_record_text(e, RECORD_REQUEST, site->word);
  put_site_words(e, cmd, site->form);
  e->spare = !ok;
  return true;
}

/* MFF fact=value;... path.  Of several, the last counts.  false: it sets
 * neither mode nor group.
 */
static bool put_facts(struct record_event *e, cmd_rec *cmd, bool ok) {
  const char *mode = NULL, *group = NULL;
  char *fact, *left = NULL, *path;

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
  path = words_from(cmd, 2);
  ftpd_record_text(e, RECORD_PATH, outside(cmd, path));
  ftpd_record_text(e, RECORD_MODE, mode);
  e->spare = !ok && !put_done(e, cmd, path, mode);
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

  /* PASS after the login is none. */
  if (row != NULL && row->what == RECORD_LOGIN && ftpd_record_logged_in()) {
    return;
  }

  if (making && row != NULL) {
    return;
  }

  making = false;

  if (row != NULL) {
    ftpd_record_begin(&e, row->what);
    put_members(&e, cmd, row->what, ok);
    ftpd_record_text(&e, RECORD_REQUEST, cmd->argv[0]);

    e.spare = !ok && row->what != RECORD_LOGIN && session.xfer.p == NULL;

  } else if (!put_site(&e, cmd, ok) && !put_facts(&e, cmd, ok)) {
    return;
  }

  ftpd_record_text(&e, RECORD_PROTOCOL, pr_session_get_protocol(0));
  ftpd_record_text(&e, RECORD_END, ok ? "ok" : is_refusal(row) ? "refused" :
    "failed");
  if (!ok && pr_response_get_last(cmd->tmp_pool, &code, &text) == 0) {
    ftpd_record_text(&e, RECORD_WHY, text);
  }

  ftpd_record_send(&e);
  if (row != NULL && is_transfer(row->what)) {
    end_transfer();
  }
}

modret_t *ftpd_record_ftp_begins(cmd_rec *cmd) {
  const struct row *row = find_row(cmd->argv[0]);

  if (ftpd_record_on() && ftpd_current() == NULL && row != NULL) {
    end_transfer();
    begin_transfer(cmd, row->what == RECORD_UPLOAD ? WAY_WRITE : WAY_READ);
  }

  return PR_DECLINED(cmd);
}

modret_t *ftpd_record_ftp(cmd_rec *cmd) {
  record(cmd, true);
  return PR_DECLINED(cmd);
}

modret_t *ftpd_record_ftp_failed(cmd_rec *cmd) {
  record(cmd, false);
  return PR_DECLINED(cmd);
}
