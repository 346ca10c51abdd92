/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-controls-sessions.c -- ftpdctl sftp sessions, and end. */

#include "ftpd-controls-int.h"
#include "ftpd-live.h"

#include "ftpd-lines.h"
#include "number.h"

#ifdef PR_USE_CTRLS

static const char *or_none(pool *p, const char *text) {
  return *text != '\0' ? sftp_printable(p, text) : "-";
}

const char *ftpd_control_time(pool *p, int64_t secs) {
  time_t when = (time_t) secs;
  struct tm *tm = pr_localtime(p, &when);
  char text[64];

  if (tm == NULL ||
      strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", tm) == 0) {
    text[0] = '\0';
  }

  return pstrdup(p, text);
}

const char *ftpd_control_logins(pool *p, uint64_t n) {
  char text[48];

  snprintf(text, sizeof(text), "%llu login%s", (unsigned long long) n,
    n == 1 ? "" : "s");
  return pstrdup(p, text);
}

static unsigned long long secs_since(uint64_t ms) {
  uint64_t now = ftpd_now_ms();

  return now > ms ? (now - ms) / 1000 : 0;
}

static void tell_session(pr_ctrls_t *ctrl, pool *p, pid_t pid,
    const struct board_info *b) {
  char version[16] = "";

  if (b->version > 0) {
    snprintf(version, sizeof(version), " %u", b->version % 100);
  }

  (void) pr_ctrls_add_response(ctrl, "%lu user %s from %s for %llu s, %s%s, "
    "client %s", (unsigned long) pid, or_none(p, b->user),
    or_none(p, b->address), secs_since(b->since_ms), or_none(p, b->protocol),
    version, or_none(p, b->client));
  (void) pr_ctrls_add_response(ctrl, "%lu kex %s, host key %s",
    (unsigned long) pid, or_none(p, b->algs[0]), or_none(p, b->algs[1]));
  (void) pr_ctrls_add_response(ctrl, "%lu ciphers %s %s, MACs %s %s, "
    "compression %s %s", (unsigned long) pid, or_none(p, b->algs[2]),
    or_none(p, b->algs[3]), or_none(p, b->algs[4]), or_none(p, b->algs[5]),
    or_none(p, b->algs[6]), or_none(p, b->algs[7]));
}

static void tell_file(pr_ctrls_t *ctrl, pool *p, pid_t pid,
    const struct board_info *b, const struct board_file *f) {
  uint64_t moved = atomic_load(&f->moved), now = ftpd_now_ms(),
    ms = now > f->since_ms ? now - f->since_ms : 1, us[NCAUSES];
  char progress[64] = "", limits[128];

  if (f->size > 0) {
    snprintf(progress, sizeof(progress), " of %llu (%.0f%%)",
      (unsigned long long) f->size, (double) moved * 100 / (double) f->size);
  }

  sftp_times_look(&b->times, ftpd_now_us(), us);
  sftp_times_between(f->spent_us, us, ms * 1000);
  sftp_times_text(us, limits, sizeof(limits));
  (void) pr_ctrls_add_response(ctrl, "%lu %s '%s', %llu%s bytes, %.0f per "
    "second, limited by %s", (unsigned long) pid, f->in ? "upload" : "download",
    sftp_printable(p, f->path), (unsigned long long) moved, progress,
    (double) moved * 1000 / (double) ms, limits);
}

static void tell_files(pr_ctrls_t *ctrl, pool *p, pid_t pid,
    const struct board_info *b) {
  unsigned int i, n = 0;

  for (i = 0; i < BOARD_FILES; i++) {
    if (b->files[i].used) {
      n++;
      tell_file(ctrl, p, pid, b, &b->files[i]);
    }
  }

  if (b->nopen > n) {
    (void) pr_ctrls_add_response(ctrl, "%lu and %u more", (unsigned long) pid,
      b->nopen - n);
  }
}

int ftpd_control_sessions(pr_ctrls_t *ctrl, int argc, char **argv) {
  struct board_slot *slot = NULL;
  unsigned int at = 0;
  pid_t pid;

  (void) argv;
  if (argc > 0) {
    return CONTROL_USAGE;
  }

  pid = ftpd_board_next(&at, &slot);
  if (pid == 0) {
    (void) pr_ctrls_add_response(ctrl, "no sessions");
  }

  while (pid > 0) {
    struct board_info info;
    pool *p = make_sub_pool(ctrl->ctrls_tmp_pool);

    if (ftpd_live_read(slot, &info)) {
      tell_session(ctrl, p, pid, &info);
      tell_files(ctrl, p, pid, &info);
    }

    destroy_pool(p);
    pid = ftpd_board_next(&at, &slot);
  }

  return 0;
}

/* ---- The end of one */

static struct board_slot *find_session(uint64_t id) {
  struct board_slot *slot = NULL;
  unsigned int at = 0;
  pid_t pid;

  do {
    pid = ftpd_board_next(&at, &slot);
  } while (pid > 0 && (uint64_t) pid != id);

  return pid > 0 ? slot : NULL;
}

/* The rest of the words, with blanks between them. */
static void set_reason(struct board_slot *s, int argc, char **argv) {
  size_t len = 0;
  int i;

  s->reason[0] = '\0';
  for (i = 1; i < argc && len < sizeof(s->reason) - 1; i++) {
    snprintf(s->reason + len, sizeof(s->reason) - len, "%s%s", i > 1 ? " " :
      "", argv[i]);
    len = strlen(s->reason);
  }

  atomic_store(&s->ending, 1);
}

static int send_end(pid_t pid) {
  int res, xerrno;

  PRIVS_ROOT
  res = kill(pid, SIGTERM);
  xerrno = errno;
  PRIVS_RELINQUISH
  errno = xerrno;
  return res;
}

int ftpd_control_end(pr_ctrls_t *ctrl, int argc, char **argv) {
  struct board_slot *slot;
  uint64_t id;

  if (argc < 1 || !sftp_number(argv[0], 1, INT_MAX, &id)) {
    return CONTROL_USAGE;
  }

  slot = find_session(id);
  if (slot == NULL) {
    (void) pr_ctrls_add_response(ctrl, "there is no session %llu",
      (unsigned long long) id);
    return -1;
  }

  set_reason(slot, argc, argv);
  if (send_end((pid_t) id) < 0) {
    (void) pr_ctrls_add_response(ctrl, "unable to end session %llu: %s",
      (unsigned long long) id, strerror(errno));
    return -1;
  }

  (void) pr_ctrls_add_response(ctrl, "session %llu ends",
    (unsigned long long) id);
  return 0;
}

#endif /* PR_USE_CTRLS */
