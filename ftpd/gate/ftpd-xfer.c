/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-xfer.c -- what the host knows of transfers: session.xfer, timers, the
 * scoreboard, limits of size and rate.
 *
 * session.xfer is one for the whole session and files are many: it is filled
 * from the file before others are told anything about it.
 */

#include "ftpd-files.h"
#include "conn.h"

#define TICK_MS 250             /* timers are touched at most that often */
#define SCORE_MS 1000

/* ---- session.xfer */

void ftpd_xfer_load(const struct ftpd_file *f) {
  if (session.xfer.p == NULL) {
    session.xfer.p = make_sub_pool(session.pool);
    pr_pool_tag(session.xfer.p, "SFTP transfer pool");
  }

  session.xfer.path = session.xfer.filename = f->path;
  session.xfer.path_hidden = f->hidden;
  session.xfer.direction = f->wr ? PR_NETIO_IO_RD : PR_NETIO_IO_WR;
  session.xfer.xfer_type = f->xfer_type;
  session.xfer.start_time = f->start;
  session.xfer.total_bytes = f->total;
  session.xfer.file_size = f->size;
}

void ftpd_xfer_command(const struct ftpd_file *f) {
  session.curr_cmd = f->cmd->argv[0];
  session.curr_cmd_id = f->cmd->cmd_id;
  session.curr_cmd_rec = f->cmd;
  session.curr_phase = CMD;
}

void ftpd_file_describe(const struct ftpd_file *f, cmd_rec *cmd,
    bool moved) {
  off_t *offset;

  ftpd_xfer_load(f);
  (void) pr_table_add_dup(cmd->notes, f->wr ? "mod_xfer.store-path" :
    "mod_xfer.retr-path", f->path, 0);
  if (f->modified && !moved) {
    (void) pr_table_add_dup(cmd->notes, "mod_xfer.file-modified", "true", 0);
  }

  if (moved) {
    offset = palloc(cmd->pool, sizeof(*offset));
    *offset = f->offset;
    (void) pr_table_add(cmd->notes, "mod_xfer.file-offset", offset,
      sizeof(*offset));
  }
}

/* ---- Timers */

static int stalled_cb(CALLBACK_FRAME) {
  struct ftpd *h = ftpd_current();

  (void) p1;
  (void) p2;
  (void) p3;
  (void) data;

  if (h == NULL) {
    return 0;
  }

  if (h->files != NULL && h->files->open != NULL) {
    ftpd_xfer_load(h->files->open);
    ftpd_xfer_command(h->files->open);
  }

  pr_event_generate("core.timeout-stalled", NULL);
  sftp_log("data stalled timeout (TimeoutStalled %d) reached",
    pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED));
  pr_log_pri(PR_LOG_NOTICE, "Data transfer stall timeout: %d seconds",
    pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED));
  ftpd_disconnect(11, "data stalled timeout reached");
  pr_session_disconnect(&sftp_module, PR_SESS_DISCONNECT_TIMEOUT,
    "TimeoutStalled during data transfer");
  return 0;
}

void ftpd_stalled_hold(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);
  int secs = pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED);

  if (s->nstalled++ == 0 && secs > 0) {
    (void) pr_timer_remove(PR_TIMER_STALLED, &sftp_module);
    (void) pr_timer_add(secs, PR_TIMER_STALLED, &sftp_module, stalled_cb,
      "TimeoutStalled");
  }
}

void ftpd_stalled_release(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->nstalled > 0 && --s->nstalled == 0) {
    (void) pr_timer_remove(PR_TIMER_STALLED, &sftp_module);
  }
}

void ftpd_tick(struct ftpd_files *s) {
  uint64_t now = ftpd_coarse_ms();

  if (now < s->tick_ms) {
    return;
  }

  s->tick_ms = now + TICK_MS;
  if (pr_data_get_timeout(PR_DATA_TIMEOUT_NO_TRANSFER) > 0) {
    (void) pr_timer_reset(PR_TIMER_NOXFER, ANY_MODULE);
  }

  if (s->nstalled > 0 && pr_data_get_timeout(PR_DATA_TIMEOUT_STALLED) > 0) {
    (void) pr_timer_reset(PR_TIMER_STALLED, &sftp_module);
  }
}

/* ---- Scoreboard */

void ftpd_score_cmd(struct ftpd_files *s, const char *cmd) {
  if (strncmp(s->score_cmd, cmd, sizeof(s->score_cmd)) != 0) {
    sstrncpy(s->score_cmd, cmd, sizeof(s->score_cmd));
    (void) pr_scoreboard_entry_update(session.pid,
      PR_SCORE_CMD, "%s", cmd, NULL, NULL);
  }
}

void ftpd_score_open(struct ftpd_file *f) {
  struct ftpd_files *s = ftpd_files_of(f->h);

  s->score_ms = ftpd_coarse_ms() + SCORE_MS;
  ftpd_score_cmd(s, f->cmd->argv[0]);
  /* Texts come last: where the host's list of arguments goes on behind one
   * depends on the machine.
   */
  (void) pr_scoreboard_entry_update(session.pid,
    PR_SCORE_XFER_SIZE, f->wr ? (off_t) 0 : f->size,
    PR_SCORE_XFER_DONE, (off_t) 0,
    PR_SCORE_CMD_ARG, "%s", f->path, NULL, NULL);
  pr_proctitle_set("%s - %s: %s %s", session.user, session.proc_prefix,
    (char *) f->cmd->argv[0], f->path);
}

void ftpd_score_moved(struct ftpd_file *f) {
  struct ftpd_files *s = ftpd_files_of(f->h);
  struct timeval now;
  uint64_t ms = ftpd_coarse_ms();
  unsigned long elapsed;

  if (ms < s->score_ms) {
    return;
  }

  s->score_ms = ms + SCORE_MS;
  gettimeofday(&now, NULL);
  elapsed = (unsigned long) ((now.tv_sec - f->start.tv_sec) * 1000L +
    (now.tv_usec - f->start.tv_usec) / 1000L);
  (void) pr_scoreboard_entry_update(session.pid,
    PR_SCORE_XFER_DONE, f->total,
    PR_SCORE_XFER_LEN, f->total,
    PR_SCORE_XFER_ELAPSED, elapsed, NULL);
}

/* ---- Limits of size and rate */

static bool applies(const config_rec *c) {
  char **items = (char **) &c->argv[3];

  if (c->argc <= 3) {
    return true;
  }

  if (strcasecmp(c->argv[2], "user") == 0) {
    return pr_expr_eval_user_or(items) == TRUE;
  }

  if (strcasecmp(c->argv[2], "group") == 0) {
    return pr_expr_eval_group_or(items) == TRUE;
  }

  return strcasecmp(c->argv[2], "class") == 0 &&
    pr_expr_eval_class_or(items) == TRUE;
}

/* MaxStoreFileSize of the folder last checked, the most special one; 0: none.
 */
off_t ftpd_max_store_size(void) {
  config_rec *c;
  unsigned int best = 0;
  off_t max = 0;

  c = find_config(CURRENT_CONF, CONF_PARAM, "MaxStoreFileSize", FALSE);
  while (c != NULL) {
    unsigned int weight = *((unsigned int *) c->argv[1]);

    if (weight > best && applies(c)) {
      best = weight;
      max = *((off_t *) c->argv[0]);
    }

    c = find_config_next(c, c->next, CONF_PARAM, "MaxStoreFileSize", FALSE);
  }

  return max;
}

int ftpd_within(off_t max, off_t size) {
  if (max > 0 && size > max) {
    pr_log_pri(PR_LOG_NOTICE, "MaxStoreFileSize (%" PR_LU " bytes) reached",
      (pr_off_t) max);
    sftp_log("MaxStoreFileSize (%lld bytes) reached", (long long) max);
    errno = EFBIG;
    return -1;
  }

  return 0;
}

int ftpd_max_store(off_t size) {
  return ftpd_within(ftpd_max_store_size(), size);
}

/* TransferRate: the host keeps one rate, that of the command last loaded. */
static void rate_load(struct ftpd_file *f) {
  struct ftpd_files *s = ftpd_files_of(f->h);
  pool *p;

  if (s->rate_of == f) {
    return;
  }

  p = make_sub_pool(s->pool);
  session.dir_config = dir_match_path(p, (char *) ftpd_outside(p, f->path));
  destroy_pool(p);
  pr_throttle_init(f->cmd);
  s->rate_of = f;
}

void ftpd_rate_pause(struct ftpd_file *f, bool end) {
  if (f->rated) {
    rate_load(f);
    ftpd_xfer_load(f);
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
    pr_throttle_pause(f->total, end, f->total);  /* the last for ftpwho */
#else
    pr_throttle_pause(f->total, end);
#endif
    errno = 0;
  }
}
