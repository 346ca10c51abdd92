/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-session.c -- one session as the host sees it: waiting with its timers
 * and signals, counters, notes, and commands that are only logged.
 */

#include "ftpd-int.h"

#include <netinet/tcp.h>
#include <poll.h>

#include "conn.h"
#include "ssh2.h"

/* A sleep shorter than this needs no look at signals first: they are noticed
 * when it is over.
 */
#define SHORT_WAIT_MS 50

/* Timers of the host count in seconds: touching one more often is wasted. */
#define TIMER_RESET_MS 1000

extern volatile unsigned int recvd_signal_flags;

static struct ftpd *current;

struct ftpd *ftpd_current(void) {
  return current;
}

static pr_fh_t *open_display_login(server_rec *s) {
  const char *path = get_param_ptr(s->conf, "DisplayLogin", FALSE);
  struct stat st;
  pr_fh_t *fh;

  /* A relative one is looked for where the login lands. */
  if (path == NULL || *path != '/') {
    return NULL;
  }

  fh = pr_fsio_open(path, O_RDONLY);
  if (fh != NULL && (pr_fsio_fstat(fh, &st) < 0 || !S_ISREG(st.st_mode))) {
    (void) pr_fsio_close(fh);
    fh = NULL;
  }

  if (fh == NULL) {
    sftp_log("unable to open DisplayLogin file '%s'", path);
  }

  return fh;
}

struct ftpd *ftpd_new(pool *p, server_rec *s) {
  struct ftpd *h = pcalloc(p, sizeof(struct ftpd));

  h->pool = p;
  h->server = s;
  h->remote_ip = pstrdup(p, pr_netaddr_get_ipstr(session.c->remote_addr));
  h->wants_poll = h->wants_io = -1;
  h->forced_umask = -1;
  h->set = ftpd_conf_settings(p, s);
  h->display_login = open_display_login(s);
  current = h;
  ftpd_abi_publish(h);
  return h;
}

/* ---- Waiting */

/* The host sleeps for 0.2 s when it finds errno at EINTR. */
static void handle_signals(void) {
  errno = 0;
  pr_signals_handle();
  run_schedule();
}

void ftpd_poll(struct ftpd *h) {
  (void) h;
  if (recvd_signal_flags != 0) {
    handle_signals();

  } else {
    run_schedule();
  }
}

static void block_signals(sigset_t *old) {
  static const int signals[] = { SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGTERM,
    SIGUSR1, SIGUSR2, SIGXCPU };
  sigset_t set;
  size_t i;

  sigemptyset(&set);
  for (i = 0; i < SFTP_NELEMS(signals); i++) {
    sigaddset(&set, signals[i]);
  }

  (void) sigprocmask(SIG_BLOCK, &set, old);
}

/* A long sleep: signals are let in only while asleep, so that none can slip
 * in between the look at the flags and the sleep.
 */
static int long_wait(struct pollfd *pfd, int timeout_ms) {
  struct timespec ts = {
    .tv_sec = timeout_ms / 1000,
    .tv_nsec = (long) (timeout_ms % 1000) * 1000000
  };
  sigset_t old;
  int res = 0;

  block_signals(&old);
  if (recvd_signal_flags == 0) {
    res = ppoll(pfd, 1, timeout_ms < 0 ? NULL : &ts, &old);
  }

  (void) sigprocmask(SIG_SETMASK, &old, NULL);
  return res;
}

/* Nothing to do for a while: ftpwho shows it. */
static void going_idle(struct ftpd *h, int timeout_ms) {
  if (!h->idle && h->logged_in && (timeout_ms < 0 || timeout_ms > 2000)) {
    h->idle = true;
    (void) pr_session_set_idle();
  }
}

static bool listened(int *known, const char *event) {
  if (*known < 0) {
    *known = pr_event_listening(event) > 0;
  }

  return *known == 1;
}

int ftpd_wait(struct ftpd *h, int fd, short events, int timeout_ms) {
  struct pollfd pfd = { .fd = fd, .events = events };
  int ms = timeout_ms, res;

  if (listened(&h->wants_poll, "mod_sftp.ssh2.read-poll")) {
    pr_event_generate("mod_sftp.ssh2.read-poll", NULL);
  }

  if (ms < 0 || ms > SHORT_WAIT_MS) {
    ms = SHORT_WAIT_MS;
  }

  res = poll(&pfd, 1, ms);
  if (res == 0 && timeout_ms != ms) {
    going_idle(h, timeout_ms);
    res = long_wait(&pfd, timeout_ms < 0 ? -1 : timeout_ms - ms);
  }

  handle_signals();
  return res > 0 ? pfd.revents : 0;
}

void ftpd_active(struct ftpd *h, enum ftpd_activity what) {
  uint64_t now = ftpd_now_ms();

  if (now - h->idle_reset_ms >= TIMER_RESET_MS) {
    h->idle_reset_ms = now;
    errno = 0;
    (void) pr_timer_reset(PR_TIMER_IDLE, ANY_MODULE);
  }

  if (what == FTPD_ACTIVE_TRANSFER &&
      now - h->xfer_reset_ms >= TIMER_RESET_MS) {
    h->xfer_reset_ms = now;
    errno = 0;
    (void) pr_timer_reset(PR_TIMER_NOXFER, ANY_MODULE);
    (void) pr_timer_reset(PR_TIMER_STALLED, ANY_MODULE);
  }
}

/* ---- Counters, notes, protocol */

static void io_event(const char *name, size_t n) {
  int bytes = n < INT_MAX ? (int) n : INT_MAX;

  if (bytes > 0) {
    pr_event_generate(name, &bytes);
  }
}

void ftpd_count_raw(struct ftpd *h, size_t in, size_t out) {
  session.total_raw_in += (off_t) in;
  session.total_raw_out += (off_t) out;

  if (h->wants_io < 0) {
    h->wants_io = pr_event_listening("ssh2.netio-read") > 0 ||
      pr_event_listening("ssh2.netio-write") > 0;
  }

  if (h->wants_io == 1) {
    io_event("ssh2.netio-read", in);
    io_event("ssh2.netio-write", out);
  }
}

void ftpd_env(struct ftpd *h, const char *name, const char *value) {
  if (pr_env_set(h->pool, name, value) < 0) {
    SFTP_TRACE(TRACE_SSH2, 3, "unable to set %s: %s", name, strerror(errno));
  }
}

void ftpd_note(struct ftpd *h, const char *name, const char *value) {
  const char *old = pr_table_get(session.notes, name, NULL);

  /* After a rekey most of them are what they were. */
  if (old != NULL && strcmp(old, value) == 0) {
    return;
  }

  if (old != NULL) {
    (void) pr_table_remove(session.notes, name, NULL);
  }

  (void) pr_table_add_dup(session.notes, pstrdup(h->pool, name), value, 0);
  ftpd_env(h, name, value);
}

void ftpd_set_protocol(struct ftpd *h, const char *protocol) {
  (void) h;
  if (pr_session_set_protocol(protocol) < 0) {
    SFTP_TRACE(TRACE_SSH2, 3, "unable to set protocol '%s': %s", protocol,
      strerror(errno));
  }

  /* The host's POST_CMD PASS made text transfers the rule, as FTP has it. */
  session.sf_flags &= ~(SF_ASCII|SF_ASCII_OVERRIDE);
}

void ftpd_keyed(struct ftpd *h) {
  h->keyed = true;
  ftpd_abi_publish(h);
}

const char *ftpd_remote_ip(struct ftpd *h) {
  return h->remote_ip;
}

/* ---- Commands for single phases */

cmd_rec *ftpd_cmd(pool *p, const char *name, const char *arg, int cls,
    bool ftp) {
  cmd_rec *cmd;

  /* The dispatcher writes the name in capitals, in place. */
  if (arg != NULL) {
    cmd = pr_cmd_alloc(p, 2, pstrdup(p, name), pstrdup(p, arg));

  } else {
    cmd = pr_cmd_alloc(p, 1, pstrdup(p, name));
  }

  cmd->arg = pstrdup(cmd->pool, arg != NULL ? arg : "");
  cmd->cmd_class = cls;
  cmd->cmd_id = ftp ? pr_cmd_get_id(name) : FTPD_CMD_ID;
  return cmd;
}

void ftpd_cmd_end(cmd_rec *cmd, bool ok) {
  int xerrno = errno;

  (void) pr_cmd_dispatch_phase(cmd, ok ? POST_CMD : POST_CMD_ERR, 0);
  (void) pr_cmd_dispatch_phase(cmd, ok ? LOG_CMD : LOG_CMD_ERR, 0);
  pr_response_clear(&resp_list);
  pr_response_clear(&resp_err_list);

  /* The command's pool dies before the session does. */
  session.curr_cmd_rec = NULL;
  session.curr_cmd = NULL;
  session.curr_cmd_id = 0;
  errno = xerrno;
}

void ftpd_ssh_cmd(struct ftpd *h, const char *name, const char *arg,
    enum ftpd_ssh_class cls, bool ok) {
  pool *p = make_sub_pool(h->pool);
  cmd_rec *cmd;

  pr_pool_tag(p, "SSH message command");
  cmd = ftpd_cmd(p, name, arg,
    CL_SSH | (cls == FTPD_SSH_AUTH ? CL_AUTH : CL_MISC), false);
  (void) pr_cmd_dispatch_phase(cmd, ok ? LOG_CMD : LOG_CMD_ERR, 0);
  session.curr_cmd_rec = NULL;
  session.curr_cmd = NULL;
  session.curr_cmd_id = 0;
  destroy_pool(p);
}

void ftpd_disconnect(unsigned int reason, const char *text) {
  if (current != NULL && current->conn != NULL && current->keyed) {
    sftp_disconnect(current->conn, reason, text);
  }
}
