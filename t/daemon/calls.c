/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* calls.c -- a trace of the calls of the file under test. */

#include "daemon.h"

static char trace[8192];

static struct {
  char name[40];
  unsigned int at;              /* 0: each call; n: the n-th from now on */
  int err;
} faults[8];

static unsigned int nfaults;

static int fault_of(const char *name, size_t len) {
  unsigned int i;

  for (i = 0; i < nfaults; i++) {
    if (strlen(faults[i].name) != len ||
        strncmp(faults[i].name, name, len) != 0) {
      continue;
    }

    if (faults[i].at == 0) {
      errno = faults[i].err;
      return -1;
    }

    if (--faults[i].at == 0) {
      faults[i].name[0] = '\0';
      errno = faults[i].err;
      return -1;
    }
  }

  return 0;
}

int daemon_call(const char *fmt, ...) {
  size_t n = strlen(trace);
  int res, xerrno = errno;
  va_list ap;

  va_start(ap, fmt);
  (void) vsnprintf(trace + n, sizeof(trace) - n - 3, fmt, ap);
  va_end(ap);
  errno = xerrno;
  res = fault_of(trace + n, strcspn(trace + n, " "));
  strcat(trace, "; ");
  return res;
}

void daemon_fails_at(const char *name, unsigned int n, int err) {
  unsigned int i;

  for (i = 0; i < nfaults && faults[i].name[0] != '\0'; i++) {
  }

  if (i >= SFTP_NELEMS(faults)) {
    abort();
  }

  snprintf(faults[i].name, sizeof(faults[i].name), "%s", name);
  faults[i].at = n;
  faults[i].err = err;
  nfaults = i == nfaults ? i + 1 : nfaults;
}

void daemon_fails(const char *name, int err) {
  daemon_fails_at(name, 0, err);
}

void daemon_calls_anew(void) {
  trace[0] = '\0';
  nfaults = 0;
}

/* Of a test's last two questions. */
static char *answer(void) {
  static char texts[2][sizeof(trace)];
  static unsigned int next;

  next = !next;
  texts[next][0] = '\0';
  return texts[next];
}

const char *daemon_calls(void) {
  char *text = strcpy(answer(), trace);

  trace[0] = '\0';
  return text;
}

const char *text(const char *fmt, ...) {
  static char texts[2][sizeof(trace)];
  static unsigned int next;
  va_list ap;

  next = !next;
  va_start(ap, fmt);
  (void) vsnprintf(texts[next], sizeof(texts[next]), fmt, ap);
  va_end(ap);
  return texts[next];
}

static bool is_one_of(const char *names, const char *name, size_t len) {
  while (*names != '\0') {
    size_t n = strcspn(names, " ");

    if (n == len && strncmp(names, name, n) == 0) {
      return true;
    }

    names += n + strspn(names + n, " ");
  }

  return false;
}

const char *daemon_calls_of(const char *names) {
  char *text = answer(), *at = trace;

  while (*at != '\0') {
    size_t n = (size_t) (strstr(at, "; ") - at) + 2;

    if (is_one_of(names, at, strcspn(at, " ;"))) {
      strncat(text, at, n);
    }

    at += n;
  }

  trace[0] = '\0';
  return text;
}
