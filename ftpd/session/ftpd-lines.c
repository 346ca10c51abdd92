/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-lines.c -- lines that the daemon and other modules write into their logs
 * during a session of ours: a refused name in SystemLog, the original of a
 * rewritten one in RewriteLog.
 *
 * They write names as they are, because FTP has none with a line feed.  The
 * daemon shows each line to listeners before it writes it, in the buffer that
 * it writes: there control characters are replaced as in TransferLog.
 */

#include "ftpd-log.h"

/* LogFormat may contain a tab; in names ftpd-cmd.c has escaped it. */
static char may_keep[] = "\t";

static void on_line(const void *data, void *user_data) {
  const pr_log_event_t *line = data;
  const char *keep = user_data;
  char *text = (char *) (uintptr_t) line->log_msg;
  size_t len = text != NULL ? strnlen(text, line->log_msglen) : 0;

  /* The length of a line that was cut is that of the whole line. */
  if (len > 0 && text[len - 1] == '\n') {
    len--;
  }

  sftp_blank_controls(text, len, keep != NULL ? *keep : '\0');
}

static void watch(const char *name, char *keep) {
  (void) pr_event_register(&sftp_module, name, on_line, keep);
}

void ftpd_lines_suspect(struct ftpd *h, const char *text) {
  if (!h->suspect && text != NULL && sftp_has_controls(text)) {
    h->suspect = true;
    watch(PR_LOG_NAME_SYSLOG, NULL);
    watch(PR_LOG_NAME_SYSTEMLOG, NULL);
  }
}

/* With listeners the daemon formats lines of every level, whether they are
 * written or not: so SystemLog only gets one after the first suspicious name,
 * or where everything is written anyway.
 */
void ftpd_lines_watch(struct ftpd *h) {
  int level = pr_log_setdebuglevel(0);

  (void) pr_log_setdebuglevel(level);
  if (level > 0) {
    ftpd_lines_suspect(h, "\n");
  }

  if (pr_trace_get_table() != NULL) {
    watch(PR_LOG_NAME_TRACELOG, NULL);
  }

  watch(PR_LOG_NAME_UNSPEC, NULL);
  watch(PR_LOG_NAME_XFERLOG, NULL);
  watch(PR_LOG_NAME_EXTLOG, may_keep);
}
