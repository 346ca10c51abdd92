/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-lines.c -- lines that the daemon and other modules write into their logs
 * during an SFTP session: a refused name in SystemLog, the original of a
 * rewritten one in RewriteLog.
 *
 * They write names unchanged, because FTP names cannot contain a line feed.
 * Before it writes a line, the daemon passes it to listeners in the same
 * buffer: there this module replaces control characters as in TransferLog.
 */

#include "ftpd-log.h"

/* LogFormat may contain a tab; tabs in names have been escaped by ftpd-cmd.c.
 */
static char may_keep[] = "\t";

static void on_line(const void *data, void *user_data) {
  const pr_log_event_t *line = data;
  const char *keep = user_data;
  char *text = (char *) (uintptr_t) line->log_msg;
  size_t len = text != NULL ? strnlen(text, line->log_msglen) : 0;

  /* The length of a truncated line is that of the whole line. */
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
 * written or not: so SystemLog gets one only after the first suspicious name,
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
