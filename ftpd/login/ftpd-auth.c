/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-auth.c -- authentication as other modules see it: the phases of USER,
 * PASS and USERAUTH_REQUEST around the host's own verification.
 */

#include "ftpd-anon.h"
#include "ftpd-cmd.h"
#include "ftpd-log.h"
#include "ftpd-login.h"
#include "ftpd-record.h"
#include "ftpd-session.h"
#include "ftpd-seen.h"
#include "ftpd-tally.h"

#include "ftpd-lines.h"
#include "ftpd-report.h"
#include "ftpd-user.h"
#include "ftpd-wait.h"

static struct ftpd_login *login_of(struct ftpd *h) {
  if (h->login == NULL) {
    h->login = pcalloc(h->pool, sizeof(*h->login));
  }

  return h->login;
}

/* The daemon keeps its last response in this pool, and must forget it before
 * the pool is destroyed.
 */
static void leave_pool(void *data) {
  struct ftpd_login *l = data;

  if (l->pool != NULL && pr_response_get_pool() == l->pool) {
    pr_response_set_pool(NULL);
  }

  l->pool = NULL;
  l->user_cmd = l->auth_cmd = l->pass_cmd = NULL;
}

static void enter_pool(struct ftpd_login *l, pool *p) {
  l->pool = p;
  l->user_cmd = l->auth_cmd = l->pass_cmd = NULL;
  l->pass_ended = false;
  pr_response_set_pool(p);
  register_cleanup2(p, l, leave_pool);
}

static void set_note(const char *name, const char *value) {
  (void) pr_table_remove(session.notes, name, NULL);
  if (pr_table_add_dup(session.notes, name, value, 0) < 0) {
    pr_trace_msg("ssh2", 3, "unable to set note '%s': %s", name,
      strerror(errno));
  }
}

/* ---- USER */

const char *ftpd_auth_local_text(pool *p, const char *text) {
#ifdef PR_USE_NLS
  const char *charset = pr_encode_get_charset();
  size_t len = 0;
  char *res;

  if (charset != NULL && pr_encode_is_utf8(charset) != TRUE) {
    res = pr_decode_str(p, text, strlen(text), &len);
    return res != NULL ? pstrndup(p, res, len) : text;
  }
#endif /* PR_USE_NLS */

  (void) p;
  return text;
}

int ftpd_auth_user(struct ftpd *h, pool *p, const char **user) {
  struct ftpd_login *l = login_of(h);
  cmd_rec *cmd;

  enter_pool(l, p);
  if (h->orig_user == NULL) {
    h->orig_user = pstrdup(h->pool, *user);
  }

  cmd = ftpd_cmd(p, C_USER, ftpd_auth_local_text(p, *user), CL_AUTH|CL_SSH,
    true);
  l->user_cmd = cmd;
  if (ftpd_cmd_pre(cmd) < 0) {
    sftp_log_why(WHY_OBJECTION, "user '%s' refused by a handler of USER",
      *user);
    ftpd_auth_user_end(h, false);
    errno = EPERM;
    return -1;
  }

  /* mod_rewrite or a similar module may have changed it. */
  if (l->given == NULL || strcmp(l->given, cmd->arg) != 0) {
    l->given = pstrdup(h->pool, cmd->arg);
  }

  *user = ftpd_anon_resolve(h, p, l->given);
  if (h->user == NULL || strcmp(h->user, *user) != 0) {
    h->user = pstrdup(h->pool, *user);
  }

  return 0;
}

void ftpd_auth_user_end(struct ftpd *h, bool ok) {
  struct ftpd_login *l = h->login;

  if (ok) {
    pr_response_add(R_331, _("Password required for %s"), l->given);

  } else {
    pr_response_add_err(R_530, "%s", _("Login incorrect."));
  }

  ftpd_cmd_end(l->user_cmd, PART_BOTH, ok);
  l->user_cmd = NULL;
  if (ok) {
    /* Many modules look here for the user who logs in. */
    set_note("mod_auth.orig-user", l->given);
  }
}

void ftpd_auth_pretend(struct ftpd *h, pool *p, const char *user) {
  struct ftpd_login *l = login_of(h);

  enter_pool(l, p);
  l->method = "explain";
  l->given = h->orig_user = pstrdup(h->pool, user);
  h->user = ftpd_anon_resolve(h, h->pool, user);
  l->pass_cmd = ftpd_cmd(p, C_PASS, "(hidden)", CL_AUTH|CL_SSH, true);
  set_note("mod_auth.orig-user", user);
}

/* ---- USERAUTH_REQUEST and PASS */

void ftpd_auth_begin(struct ftpd *h, pool *p, const char *user,
    const char *method, bool known) {
  struct ftpd_login *l = login_of(h);
  cmd_rec *cmd = pr_cmd_alloc(p, 3, pstrdup(p, "USERAUTH_REQUEST"),
    pstrdup(p, user), pstrdup(p, method));

  cmd->arg = pstrcat(p, user, " ", method, NULL);
  cmd->cmd_class = CL_AUTH|CL_SSH;
  cmd->cmd_id = FTPD_CMD_ID;
  l->auth_cmd = cmd;
  l->method = method;
  if (strncmp(method, "publickey", 9) != 0) {
    ftpd_auth_forget_entry(h);
  }

  ftpd_log_forget();
  if (known) {
    ftpd_note(h, "SFTP_USER_AUTH_METHOD", method);
  }
}

static void end_pass(struct ftpd *h, bool nonfatal) {
  struct ftpd_login *l = h->login;

  if (l->pass_cmd == NULL || l->pass_ended) {
    return;
  }

  l->pass_ended = true;
  pr_response_add_err(R_530, "%s", _("Login incorrect."));
  if (nonfatal) {
    (void) pr_table_add_dup(l->pass_cmd->notes, "mod_sftp.nonfatal-attempt",
      l->method, 0);
  }

  ftpd_cmd_end(l->pass_cmd, PART_BOTH, false);
}

enum ftpd_verdict ftpd_auth_begin_pass(struct ftpd *h, char *password,
    const char **rewritten) {
  struct ftpd_login *l = h->login;
  cmd_rec *cmd = ftpd_cmd(l->pool, C_PASS, "(hidden)", CL_AUTH|CL_SSH, true);
  char *hidden = cmd->arg;
  void *hidden_arg = cmd->argv[1];
  int res;

  l->pass_cmd = cmd;
  l->pass_ended = false;
  if (password != NULL) {
    cmd->arg = password;
    cmd->argv[1] = password;
  }

  res = ftpd_cmd_pre(cmd);
  if (password != NULL) {
    *rewritten = cmd->arg;
    cmd->arg = hidden;
    cmd->argv[1] = hidden_arg;
  }

  if (res == 0) {
    return FTPD_AUTH_OK;
  }

  sftp_auth_log(PR_LOG_NOTICE, "USER %s (Login failed): blocked by '%s' "
    "handler", h->user, (const char *) cmd->argv[0]);
  end_pass(h, false);
  return FTPD_AUTH_BLOCKED;
}

enum ftpd_verdict ftpd_auth_pass(struct ftpd *h) {
  return ftpd_auth_begin_pass(h, NULL, NULL);
}

/* ---- The end of a request */

uint64_t ftpd_login_due_ms(struct ftpd *h) {
  const int *secs = get_param_ptr(h->server->conf, "TimeoutLogin", FALSE);
  uint64_t limit = (uint64_t) (secs != NULL ? *secs :
    PR_TUNABLE_TIMEOUTLOGIN) * 1000, now;

  if (limit == 0) {
    return UINT64_MAX;
  }

  /* One second more than the daemon's own timer, which comes first if it can.
   */
  limit += h->begun_ms + 1000;
  now = ftpd_now_ms();
  return now < limit ? limit - now : 0;
}

void ftpd_auth_end(struct ftpd *h, enum ftpd_auth_result res) {
  struct ftpd_login *l = h->login;

  h->tried |= res == FTPD_REQ_PARTIAL || res == FTPD_REQ_FAILED ||
    res == FTPD_REQ_BROKEN;

  switch (res) {
    case FTPD_REQ_PROBE:
      end_pass(h, true);
      break;

    case FTPD_REQ_PARTIAL:
      ftpd_tally_login(l->method, TALLY_PARTIAL);
      ftpd_record_login(h, l->method, "partial");
      ftpd_seen_proof(h, l->method);
      break;

    case FTPD_REQ_FAILED:
    case FTPD_REQ_BROKEN:
      ftpd_tally_login(l->method, res == FTPD_REQ_FAILED ? TALLY_FAILED :
        TALLY_BROKEN);
      ftpd_record_login(h, l->method, "failed");
      end_pass(h, false);
      break;

    default:
      break;
  }

  ftpd_cmd_end(l->auth_cmd, PART_BOTH, res != FTPD_REQ_UNKNOWN &&
    res != FTPD_REQ_BROKEN);
  l->auth_cmd = NULL;
}

void ftpd_auth_pause(struct ftpd *h, uint64_t begin_us,
    unsigned int floor_ms) {
  uint64_t floor_us = (uint64_t) floor_ms * 1000, now = ftpd_now_us();
  uint64_t until = now + floor_us - (now - begin_us) % floor_us;
  struct timespec ts = { .tv_sec = (time_t) (until / 1000000),
    .tv_nsec = (long) (until % 1000000) * 1000 };

  /* Signals may end each wait early. */
  while (now + 1000 < until) {
    (void) ftpd_wait(h, -1, 0, (int) ((until - now) / 1000));
    now = ftpd_now_us();
  }

  (void) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

void ftpd_auth_odd(struct ftpd *h, const char *user, const char *why) {
  (void) h;
  ftpd_record_odd_login(user, why);
}

void ftpd_auth_max(struct ftpd *h, unsigned int max) {
  struct ftpd_login *l = h->login;

  sftp_auth_log(PR_LOG_NOTICE, "Maximum login attempts (%u) exceeded, "
    "connection refused", max);
  if (l->pass_cmd == NULL) {
    l->pass_cmd = ftpd_cmd(l->pool, C_PASS, "(hidden)", CL_AUTH|CL_SSH, true);
    end_pass(h, false);
  }

  /* The handlers of a failed PASS remove the note that rules of mod_ban for
   * this event need.
   */
  set_note("mod_auth.orig-user", l->given);
  pr_event_generate("mod_auth.max-login-attempts", session.c);
}
