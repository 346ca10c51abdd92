/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-penalty.c -- SFTPPerSourcePenalties: sources that misbehave before the
 * login are blocked for a while, for all protocols. ftpd-penalty-shm.c stores
 * them, in memory that a process unmaps before it switches to its user.
 */

#include "ftpd-board.h"
#include "ftpd-conf.h"
#include "ftpd-penalty-shm.h"
#include "ftpd-penalty.h"
#include "ftpd-tally.h"

static const char *const reasons[PENALTY_NREASONS] = {
  [PENALTY_CRASH] = "a crash",
  [PENALTY_AUTHFAIL] = "failed authentication",
  [PENALTY_INVALIDUSER] = "an unknown user",
  [PENALTY_NOAUTH] = "no authentication",
  [PENALTY_GRACE] = "exceeding TimeoutLogin",
  [PENALTY_REFUSED] = "a refused connection",
  [PENALTY_BUDGET] = "using too much before the login"
};

static const struct penalties *conf;    /* NULL: off */

/* This session's. */
static struct {
  pid_t pid;
  uint64_t tag;                 /* 0: not checked */
  unsigned int kind;
  bool failed, unknown, grace, refused, overspent, crashed;
} mine;

/* ---- A connection */

static void keep_bits(unsigned char *p, size_t n, unsigned int bits) {
  size_t i;

  for (i = 0; i < n; i++) {
    unsigned int have = bits > i * 8 ? bits - (unsigned int) i * 8 : 0;

    p[i] &= have >= 8 ? 0xff : (unsigned char) (0xff00 >> have);
  }
}

static void identify(const pr_netaddr_t *addr) {
  const unsigned char *raw = pr_netaddr_get_inaddr(addr);
  unsigned char net[16];
  size_t len = 4;

  mine.kind = SOURCES_IPV4;
  if (pr_netaddr_get_family(addr) == AF_INET) {
    memcpy(net, raw, len);

  } else if (pr_netaddr_is_v4mappedv6(addr) == TRUE) {
    memcpy(net, raw + 12, len);

  } else {
    mine.kind = SOURCES_IPV6;
    len = 16;
    memcpy(net, raw, len);
  }

  keep_bits(net, len, mine.kind == SOURCES_IPV4 ? conf->bits4 : conf->bits6);
  mine.tag = ftpd_penalty_shm_tag(mine.kind, net, len);
}

static bool is_exempt(const pr_netaddr_t *addr) {
  config_rec *c = conf->exempt;
  unsigned int i;

  for (i = 0; c != NULL && i < c->argc; i++) {
    if (pr_netacl_match(c->argv[i], addr) == 1) {
      return true;
    }
  }

  return false;
}

/* The penalty for the way in which the session ended, or PENALTY_NONE. */
static enum penalty verdict(void) {
  const struct ftpd *h = ftpd_current();

  if (session.disconnect_reason == PR_SESS_DISCONNECT_SEGFAULT) {
    return PENALTY_CRASH;
  }

  if (mine.refused || session.user != NULL || (h != NULL && h->logged_in)) {
    return PENALTY_NONE;
  }

  if (mine.crashed) {
    return PENALTY_CRASH;
  }

  if (mine.overspent) {
    return PENALTY_BUDGET;
  }

  if (mine.unknown) {
    return PENALTY_INVALIDUSER;
  }

  if (mine.failed || (h != NULL && h->tried)) {
    return PENALTY_AUTHFAIL;
  }

  if (mine.grace) {
    return PENALTY_GRACE;
  }

  switch (session.disconnect_reason) {
    case PR_SESS_DISCONNECT_CONFIG_ACL:
    case PR_SESS_DISCONNECT_MODULE_ACL:
    case PR_SESS_DISCONNECT_BANNED:
      return PENALTY_REFUSED;

    case PR_SESS_DISCONNECT_SESSION_INIT_FAILED:
    case PR_SESS_DISCONNECT_SIGNAL:
    case PR_SESS_DISCONNECT_NOMEM:
    case PR_SESS_DISCONNECT_SERVER_SHUTDOWN:
    case PR_SESS_DISCONNECT_BAD_CONFIG:
      return PENALTY_NONE;

    default:
      return PENALTY_NOAUTH;
  }
}

/* Before the process switches to its user, who must not reach this memory. */
static void let_go(void) {
  mine.tag = 0;
  ftpd_penalty_shm_close();
  ftpd_board_close();
}

static void on_exit_session(const void *data, void *user_data) {
  enum penalty why;

  (void) data;
  (void) user_data;
  if (mine.tag == 0 || mine.pid != getpid()) {
    return;
  }

  why = verdict();
  if (why != PENALTY_NONE) {
    ftpd_tally(TALLY_PENALTIES, why - PENALTY_CRASH, 0, 1);
    ftpd_penalty_shm_add(mine.tag, why);
  }

  let_go();
}

static void on_code(const void *data, void *user_data) {
  int code = *((const int *) data);

  (void) user_data;
  if (code >= 0) {
    let_go();

  } else {
    mine.failed = true;
    mine.unknown |= code == PR_AUTH_NOPWD;
  }
}

void ftpd_penalty_spare(void) {
  mine.refused = true;
}

void ftpd_penalty_failed(int err) {
  mine.overspent |= err == SFTP_ERR_BUDGET;
  mine.crashed |= err == SFTP_ERR_CELL;
  mine.grace |= err == SFTP_ERR_TIMEOUT;
}

static void on_timeout(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
  mine.grace = true;
}

void ftpd_penalty_connect(const conn_t *c) {
  memset(&mine, 0, sizeof(mine));
  if (conf == NULL || is_exempt(c->remote_addr)) {
    ftpd_penalty_shm_close();
    return;
  }

  mine.pid = getpid();
  identify(c->remote_addr);
  if (conf->secs[PENALTY_CRASH] > 0) {
    ftpd_penalty_shm_enter(mine.tag);
  }

  (void) pr_event_register(&sftp_module, "core.exit", on_exit_session, NULL);
  (void) pr_event_register(&sftp_module, "core.timeout-login", on_timeout,
    NULL);
  (void) pr_event_register(&sftp_module, "mod_auth.authentication-code",
    on_code, NULL);
}

/* The reason why this source is blocked, or NULL. */
static const char *source_objection(pool *p) {
  struct source_state state = ftpd_penalty_shm_state(mine.tag);
  char secs[32];

  if (state.left_ms > 0) {
    snprintf(secs, sizeof(secs), "%lu",
      (unsigned long) (state.left_ms + 999) / 1000);
    return pstrcat(p, "penalty for ", reasons[state.why], ", ", secs,
      " seconds left", NULL);
  }

  if (conf->deny_all[mine.kind] && ftpd_penalty_shm_full(mine.kind)) {
    return mine.kind == SOURCES_IPV4 ?
      "as many sources as max-sources4 allows have a penalty" :
      "as many sources as max-sources6 allows have a penalty";
  }

  return NULL;
}

void ftpd_penalty_check(void) {
  const char *why, *text;

  why = mine.tag != 0 ? source_objection(session.pool) : NULL;
  if (why == NULL) {
    return;
  }

  mine.refused = true;
  ftpd_tally(TALLY_BLOCKED, 0, 0, 1);
  pr_log_pri(PR_LOG_NOTICE, MOD_SFTP_VERSION
    ": connection from %s refused: %s (SFTPPerSourcePenalties)",
    pr_netaddr_get_ipstr(session.c->remote_addr), why);

  text = ftpd_conf_engine(main_server) ? "Not allowed at this time\r\n" :
    "421 Not allowed at this time\r\n";
  if (write(session.c->wfd, text, strlen(text)) < 0) {
    SFTP_TRACE(TRACE_SSH2, 5, "unable to tell the client: %s",
      strerror(errno));
  }

  pr_session_disconnect(&sftp_module, PR_SESS_DISCONNECT_BANNED,
    "penalty of SFTPPerSourcePenalties");
}

/* ---- The daemon */

/* The daemon has gone into the background: it is another process now. */
static void on_startup(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
  ftpd_penalty_shm_tell();
}

static struct penalties *configured(void) {
  config_rec *c = find_config(main_server->conf, CONF_PARAM,
    "SFTPPerSourcePenalties", FALSE), *bits;
  struct penalties *fresh = c != NULL ? c->argv[0] : NULL;

  if (fresh == NULL || !fresh->on) {
    return NULL;
  }

  if (ServerType == SERVER_INETD) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": SFTPPerSourcePenalties has no effect with ServerType inetd");
    return NULL;
  }

  bits = find_config(main_server->conf, CONF_PARAM,
    "SFTPPerSourceNetBlockSize", FALSE);
  fresh->bits4 = bits != NULL ? *((unsigned int *) bits->argv[0]) : 32;
  fresh->bits6 = bits != NULL ? *((unsigned int *) bits->argv[1]) : 128;
  fresh->exempt = find_config(main_server->conf, CONF_PARAM,
    "SFTPPerSourcePenaltyExemptList", FALSE);
  return fresh;
}

bool ftpd_penalty_watches(void) {
  return mine.tag != 0;
}

bool ftpd_penalty_usage(unsigned int ipv6, uint64_t *now, uint64_t *max) {
  if (conf == NULL) {
    return false;
  }

  *max = conf->max_sources[ipv6];
  *now = ftpd_penalty_shm_usage(ipv6);
  return true;
}

void ftpd_penalty_start(void) {
  const struct penalties *fresh = configured();

  conf = NULL;
  if (fresh == NULL) {
    ftpd_penalty_shm_close();

  } else if (ftpd_penalty_shm_open(fresh)) {
    conf = fresh;
  }
}

int ftpd_penalty_init(void) {
  return pr_event_register(&sftp_module, "core.startup", on_startup, NULL);
}
