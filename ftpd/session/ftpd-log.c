/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-log.c -- the destinations of lines: SFTPLog, the system's authentication
 * log, the host's trace log; and the clock.
 */

#include "ftpd-explain.h"
#include "ftpd-lines.h"
#include "ftpd-log.h"
#include "ftpd-session.h"
#include "log-budget.h"

#include <time.h>

SFTP_EXPORT int sftp_logfd = -1;
SFTP_EXPORT const char *sftp_logname = NULL;

static const char *const trace_names[TRACE_NCHANNELS] = {
  [TRACE_SSH2] = "ssh2",
  [TRACE_SFTP] = "sftp",
  [TRACE_SCP] = "scp"
};

/* The level of SFTPLog's lines in the daemon's log; -1: they are not written
 * there.
 */
static int syslog_level = -1;

#define SYSLOG  "syslog:"

int ftpd_log_syslog_level(const char *word) {
  size_t len = strlen(SYSLOG);

  return strncasecmp(word, SYSLOG, len) != 0 ? -1 :
    pr_log_str2sysloglevel(word + len);
}

static const char *open_error(int res, int xerrno) {
  switch (res) {
    case PR_LOG_WRITABLE_DIR:
      return "parent directory is world-writable";

    case PR_LOG_SYMLINK:
      return "it is a symbolic link";

    default:
      return strerror(xerrno);
  }
}

const char *ftpd_log_objection(pool *p, const char *path) {
  const char *slash = strrchr(path, '/');
  struct stat dir, st;

  if (slash == NULL) {
    return NULL;                /* "none", or "syslog:" and a level */
  }

  if (stat(pstrndup(p, path, (size_t) (slash - path) + 1), &dir) < 0) {
    return open_error(-1, errno);
  }

  if ((dir.st_mode & S_IWOTH) != 0) {
    return open_error(PR_LOG_WRITABLE_DIR, 0);
  }

  return lstat(path, &st) < 0 ? NULL :
    S_ISLNK(st.st_mode) ? open_error(PR_LOG_SYMLINK, 0) :
    S_ISDIR(st.st_mode) ? open_error(-1, EISDIR) : NULL;
}

void ftpd_log_open(server_rec *s) {
  config_rec *c = find_config(s->conf, CONF_PARAM, "SFTPLog", FALSE);
  int res, xerrno;

  if (c == NULL || strcasecmp(c->argv[0], "none") == 0) {
    return;
  }

  sftp_logname = c->argv[0];
  syslog_level = ftpd_log_syslog_level(sftp_logname);
  if (syslog_level >= 0) {
    return;
  }

  pr_signals_block();
  PRIVS_ROOT
  res = pr_log_openfile(sftp_logname, &sftp_logfd, PR_LOG_SYSTEM_MODE);
  xerrno = errno;
  PRIVS_RELINQUISH
  pr_signals_unblock();

  if (res < 0) {
    sftp_logfd = -1;
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": unable to open SFTPLog '%s': %s; logging is disabled", sftp_logname,
      open_error(res, xerrno));
  }
}

void ftpd_log_close(void) {
  if (sftp_logfd >= 0) {
    (void) close(sftp_logfd);
    sftp_logfd = -1;
  }

  syslog_level = -1;
}

void ftpd_log_system(void) {
  const char *path = get_param_ptr(main_server->conf, "SystemLog", FALSE);

  if (path == NULL || strcasecmp(path, "none") == 0) {
    return;
  }

  path = dir_canonical_path(main_server->pool, path);

  pr_signals_block();
  PRIVS_ROOT
  (void) log_opensyslog(path);
  PRIVS_RELINQUISH
  pr_signals_unblock();
}

/* The last reason, and its weight: a line may be replaced by one of the same
 * weight.
 */
static char reason[512];
static enum { WORTH_LINE, WORTH_AUTH, WORTH_MISSING, WORTH_OBJECTION,
  WORTH_ALL } worth;

static void keep_reason(int value, const char *line) {
  if (value >= (int) worth) {
    worth = value;
    sstrncpy(reason, line, sizeof(reason));
  }
}

void ftpd_log_forget(void) {
  reason[0] = '\0';
  worth = WORTH_LINE;
}

void ftpd_log_because(const char *text) {
  keep_reason(WORTH_ALL, text);
}

const char *ftpd_log_reason(struct ftpd *h) {
  (void) h;
  return reason[0] != '\0' ? reason : NULL;
}

static void write_line(const char *line) {
  if (syslog_level >= 0) {
    pr_log_pri(syslog_level, MOD_SFTP_VERSION ": %s", line);
    return;
  }

  (void) pr_log_writefile(sftp_logfd, MOD_SFTP_VERSION, "%s", line);
}

/* Lines for whoever asks why: true if there is no log. */
static bool is_explained(const char *line) {
  const struct ftpd *h = ftpd_current();

  if (h == NULL || !h->explains) {
    return false;
  }

  ftpd_explain("%s", line);
  return true;
}

/* Lines that users can cause repeatedly are limited.  Before the login the
 * number of requests is limited, and each line matters.
 */
static struct sftp_log_budget budget;

static bool is_bounded(void) {
  const struct ftpd *h = ftpd_current();

  return h != NULL && h->logged_in;
}

bool ftpd_log_tell_missing(bool all) {
  char line[512];

  while (budget.nmissing > 0 &&
      sftp_log_missing(&budget, all, ftpd_now_ms(), line, sizeof(line))) {
    write_line(line);
  }

  return budget.nmissing > 0;
}

void ftpd_log_line(const char *kind, const char *line) {
  keep_reason(WORTH_LINE, line);
  if (is_explained(line)) {
    return;
  }

  (void) ftpd_log_tell_missing(false);
  if (!is_bounded() || sftp_log_may(&budget, kind, line, ftpd_now_ms())) {
    write_line(line);
  }
}

void ftpd_log_why_line(enum sftp_why why, const char *line) {
  keep_reason(why == WHY_MISSING ? WORTH_MISSING : WORTH_OBJECTION, line);
  if (!is_explained(line)) {
    write_line(line);
  }
}

void ftpd_auth_log_line(int level, const char *line) {
  keep_reason(WORTH_AUTH, line);
  if (level >= PR_LOG_INFO || !is_explained(line)) {
    pr_log_auth(level, "%s", line);
  }
}

void ftpd_log_server(server_rec *s, int level, const char *fmt, ...) {
  char line[PR_TUNABLE_BUFFER_SIZE];
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(line, sizeof(line), fmt, ap);
  va_end(ap);
  pr_log_pri(level, MOD_SFTP_VERSION ": %s#%u: %s", s->ServerName,
    s->ServerPort, line);
}

void ftpd_trace_line(enum sftp_trace_channel chan, int level,
    const char *line) {
  (void) pr_trace_msg(trace_names[chan], level, "%s", line);
}

void ftpd_trace_levels(void) {
  int i;

  for (i = 0; i < TRACE_NCHANNELS; i++) {
    int level = pr_trace_get_level(trace_names[i]);

    sftp_trace_levels[i] = level > 0 ? level : 0;
  }
}

uint64_t ftpd_now_us(void) {
  struct timespec ts;

  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

uint64_t ftpd_now_ms(void) {
  return ftpd_now_us() / 1000;
}
