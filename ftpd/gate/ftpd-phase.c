/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-phase.c -- the command phases of an operation.
 *
 * A phase costs three pools, a table and a walk over every handler; at tens of
 * thousands of requests per second that is most of the work.  So a phase of a
 * request's own name is dispatched only if a module reacts to it
 * (ftpd-listen.c).
 *
 * The phases of FTP commands (STOR, RETR, MKD...) are always dispatched.
 */

#include "ftpd-cmd.h"
#include "ftpd-count.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-listen.h"
#include "ftpd-message.h"
#include "ftpd-phase.h"
#include "ftpd-quota.h"
#include "ftpd-request.h"
#include "ftpd-transfer.h"

struct phase_cache {            /* -1: not known yet */
  signed char need[FTPD_NREQUESTS][NPHASES];
  const xaset_t *filters_of;    /* directory whose filters were looked up ... */
  uint64_t filters_until;       /* ... which is valid for lookups until then */
  bool filters;
};

/* For lookups, a change of .ftpaccess may take effect this late. */
#define FILTERS_MS 1000

static struct phase_cache *cache_of(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->phases == NULL) {
    s->phases = palloc(s->pool, sizeof(*s->phases));
    memset(s->phases, -1, sizeof(*s->phases));
  }

  return s->phases;
}

static bool compute_need(struct ftpd *h, enum ftpd_request req,
    enum phase_set set) {
  static const int phases[NPHASES][2] = {
    { PRE_CMD, PRE_CMD },
    { POST_CMD, LOG_CMD },
    { POST_CMD_ERR, LOG_CMD_ERR }
  };
  unsigned int i;

  for (i = 0; i < 2; i++) {
    if (ftpd_listens(h, ftpd_requests[req].name, ftpd_own_class(req),
        phases[set][i])) {
      return true;
    }
  }

  return false;
}

/* mod_core's filters apply per directory: they are looked up where its handler
 * does so.  That takes longer than most lookups, hence the result is kept.
 */
static bool has_filters(struct phase_cache *s, enum ftpd_request req) {
  const xaset_t *conf = CURRENT_CONF;
  uint64_t now = ftpd_coarse_ms();

  if ((ftpd_requests[req].flags & ROW_LOOKS) == 0 || s->filters_of != conf ||
      now >= s->filters_until) {
    s->filters_of = conf;
    s->filters_until = now + FILTERS_MS;
    s->filters =
      get_param_ptr(CURRENT_CONF, "AllowFilter", FALSE) != NULL ||
      get_param_ptr(CURRENT_CONF, "DenyFilter", FALSE) != NULL;
  }

  return s->filters;
}

bool ftpd_phase_needed(struct ftpd *h, enum ftpd_request req,
    enum phase_set set) {
  struct phase_cache *s = cache_of(h);

  if (ftpd_requests[req].name == NULL) {
    return false;
  }

  if (s->need[req][set] < 0) {
    s->need[req][set] = compute_need(h, req, set);
  }

  if (s->need[req][set] == 1) {
    return true;
  }

  return set == PHASE_PRE && has_filters(s, req);
}

int ftpd_phase_pre(cmd_rec *cmd) {
  int xerrno;

  ftpd_protocol_settle(ftpd_current());
  pr_response_clear(&resp_err_list);
  errno = 0;

  if (ftpd_quota_pre(cmd) < 0) {
    return -1;
  }

  if (ftpd_cmd_pre(cmd) == 0) {
    ftpd_quota_forget();
    return 0;
  }

  /* For handlers of all commands, the dispatcher loses errno. */
  xerrno = errno;
  if (pr_cmd_get_errno(cmd) > 0) {
    xerrno = pr_cmd_get_errno(cmd);
  }

  errno = xerrno != 0 ? xerrno : EACCES;
  return -1;
}

const char *ftpd_phase_answer(pool *p) {
  pr_response_t *r;
  const char *text = NULL;

  for (r = resp_err_list; r != NULL; r = r->next) {
    if (r->msg != NULL && *r->msg != '\0') {
      text = r->msg;
    }
  }

  return text != NULL ? pstrdup(p, text) : NULL;
}

const char *ftpd_phase_code(pool *p) {
  pr_response_t *r;
  const char *code = NULL;

  for (r = resp_err_list; r != NULL; r = r->next) {
    if (r->num != NULL && *r->num >= '4') {
      code = r->num;
    }
  }

  return code != NULL ? pstrdup(p, code) : NULL;
}

void ftpd_phase_part(cmd_rec *cmd, unsigned int parts, bool ok,
    const char *code, const char *text) {
  pool *old = pr_response_get_pool();
  int xerrno = errno;

  ftpd_protocol_settle(ftpd_current());
  ftpd_message_check(ftpd_current());
  pr_response_set_pool(cmd->pool);
  pr_response_clear(ok ? &resp_list : &resp_err_list);
  if (ok) {
    pr_response_add(code, "%s", text);

  } else {
    pr_response_add_err(code, "%s", text);
  }

  if ((parts & PART_POST) != 0 && cmd->cmd_id != FTPD_CMD_ID) {
    ftpd_stand_for(cmd);
  }

  ftpd_cmd_end(cmd, parts, ok);
  if ((parts & PART_LOG) != 0 && cmd->cmd_id != FTPD_CMD_ID) {
    ftpd_count_logged(ftpd_current(), cmd);
  }

  pr_response_set_pool(old);
  errno = xerrno;
}

void ftpd_phase_end(cmd_rec *cmd, bool ok, const char *code,
    const char *text) {
  ftpd_phase_part(cmd, PART_BOTH, ok, code, text);
}

void ftpd_xfer_begin(const char *path, int direction) {
  ftpd_xfer_end();
  session.xfer.p = make_sub_pool(session.pool);
  pr_pool_tag(session.xfer.p, "SFTP transfer pool");
  session.xfer.path = pstrdup(session.xfer.p, path);
  session.xfer.filename = session.xfer.path;
  session.xfer.direction = direction;
  session.xfer.xfer_type = STOR_DEFAULT;
  gettimeofday(&session.xfer.start_time, NULL);
}

void ftpd_xfer_end(void) {
  pr_data_clear_xfer_pool();
  session.xfer.xfer_type = STOR_DEFAULT;
  session.restart_pos = 0;
  session.range_start = session.range_len = 0;
}
