/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-scoreboard.c -- the session's entry for ftpwho and ftptop.
 *
 * Each change locks the scoreboard's file, so changes wait for the next second
 * unless a transfer begins.
 */

#include "ftpd-files.h"
#include "ftpd-transfer.h"

#include "ftpd-report.h"

#define SCORE_MS 1000

struct score_state {
  signed char counts;           /* whether transfers are counted; -1: not known
                                 * yet */
  uint64_t next_ms;             /* nothing is written before this time */
  char cmd[32];                 /* the current content of the scoreboard */
};

static struct score_state *score_of(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->score == NULL) {
    s->score = pcalloc(s->pool, sizeof(*s->score));
    s->score->counts = -1;
  }

  return s->score;
}

/* The daemon does without an entry if the file is locked for some seconds, as
 * by many sessions that begin at once.  Then all that it would have written is
 * missing.
 */
void ftpd_score_login(void) {
  if (pr_scoreboard_entry_add() == 0) {
    (void) pr_scoreboard_entry_update(session.pid,
      PR_SCORE_SERVER_PORT, (int) main_server->ServerPort,
      PR_SCORE_SERVER_ADDR, session.c->local_addr, session.c->local_port,
      PR_SCORE_SERVER_LABEL, main_server->ServerName,
      PR_SCORE_CLIENT_ADDR, session.c->remote_addr,
      PR_SCORE_CLIENT_NAME, session.c->remote_name,
      PR_SCORE_CLASS, session.conn_class != NULL ?
        session.conn_class->cls_name : "",
      PR_SCORE_PROTOCOL, pr_session_get_protocol(0),
      PR_SCORE_BEGIN_SESSION, time(NULL), NULL);
  }

  (void) pr_scoreboard_entry_update(session.pid,
    PR_SCORE_USER, session.user,
    PR_SCORE_CWD, session.cwd,
    NULL);
}

void ftpd_score_cmd(struct ftpd *h, const char *cmd) {
  struct score_state *s = score_of(h);

  if (strncmp(s->cmd, cmd, sizeof(s->cmd)) != 0) {
    sstrncpy(s->cmd, cmd, sizeof(s->cmd));
    (void) pr_scoreboard_entry_update(session.pid,
      PR_SCORE_CMD, "%s", cmd, NULL, NULL);
  }
}

void ftpd_score_idle(struct ftpd *h) {
  struct score_state *s = score_of(h);

  /* As in FTP, a transfer is not idle, however slow it is. */
  if (ftpd_files_of(h)->open == NULL && strcmp(s->cmd, "idle") != 0) {
    sstrncpy(s->cmd, "idle", sizeof(s->cmd));
    (void) pr_session_set_idle();
  }
}

void ftpd_score_open(struct ftpd_file *f) {
  struct score_state *s = score_of(f->h);
  const char *path = sftp_printable(f->pool, f->path);

  s->next_ms = ftpd_coarse_ms() + SCORE_MS;
  ftpd_score_cmd(f->h, f->cmd->argv[0]);
  /* Texts come last: the place where the daemon's list of arguments continues
   * after one depends on the machine.
   */
  (void) pr_scoreboard_entry_update(session.pid,
    PR_SCORE_XFER_SIZE, f->wr ? (off_t) 0 : f->size,
    PR_SCORE_XFER_DONE, (off_t) 0,
    PR_SCORE_CMD_ARG, "%s", path, NULL, NULL);
  pr_proctitle_set("%s - %s: %s %s", session.user, session.proc_prefix,
    (char *) f->cmd->argv[0], path);
}

/* MaxTransfersPerHost and MaxTransfersPerUser count the commands of the
 * scoreboard.
 */
static bool is_counted(struct score_state *s) {
  if (s->counts < 0) {
    s->counts = find_config(main_server->conf, CONF_PARAM,
      "MaxTransfersPerHost", TRUE) != NULL || find_config(main_server->conf,
      CONF_PARAM, "MaxTransfersPerUser", TRUE) != NULL;
  }

  return s->counts == 1;
}

void ftpd_score_closed(struct ftpd *h) {
  struct score_state *s = score_of(h);
  const struct ftpd_file *f = ftpd_files_of(h)->open;

  if (is_counted(s)) {
    ftpd_score_cmd(h, f != NULL ? (const char *) f->cmd->argv[0] : "CLOSE");
  }
}

void ftpd_score_moved(struct ftpd_file *f) {
  struct score_state *s = score_of(f->h);
  uint64_t ms = ftpd_coarse_ms();
  unsigned long elapsed;

  if (ms < s->next_ms) {
    return;
  }

  s->next_ms = ms + SCORE_MS;
  elapsed = (unsigned long) ((sftp_now_us() - f->begun_us) / 1000);
  (void) pr_scoreboard_entry_update(session.pid,
    PR_SCORE_XFER_DONE, f->total,
    PR_SCORE_XFER_LEN, f->total,
    PR_SCORE_XFER_ELAPSED, elapsed, NULL);
}

/* Updates the entry for ftpwho: at most once a second, because that locks the
 * file.
 */
void ftpd_doing(struct ftpd *h, const char *cmd, const char *arg) {
  struct score_state *s = score_of(h);
  uint64_t now = ftpd_coarse_ms();
  pool *p;

  if (now < s->next_ms) {
    return;
  }

  s->next_ms = now + SCORE_MS;
  p = make_sub_pool(ftpd_files_of(h)->pool);
  arg = arg != NULL ? sftp_printable(p, arg) : "";
  ftpd_score_cmd(h, cmd);
  (void) pr_scoreboard_entry_update(session.pid,
    PR_SCORE_CMD_ARG, "%s", arg, NULL, NULL);
  pr_proctitle_set("%s - %s: %s %s", session.user != NULL ? session.user :
    "(none)", session.proc_prefix != NULL ? session.proc_prefix : "", cmd,
    arg);
  destroy_pool(p);
}
