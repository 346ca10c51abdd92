/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-crash.c -- the end of a session that crashes: a line in the log.
 *
 * The host would run what all modules do when a session ends, with memory that
 * may be anybody's by now.  The daemon finds the session's place empty, and
 * says what was lost (ftpd-lost.c).
 */

#include "ftpd-event.h"
#include "ftpd-log.h"

#include <link.h>
#include <signal.h>
#include <ucontext.h>

static const struct {
  int signo;
  const char *name;
} signals[] = {
  { SIGABRT, "SIGABRT" },
  { SIGBUS, "SIGBUS" },
  { SIGFPE, "SIGFPE" },
  { SIGILL, "SIGILL" },
  { SIGSEGV, "SIGSEGV" }
};

/* This module's code; base: what its symbols' addresses are added to. */
static struct {
  uintptr_t base, start, end;
} code;

/* The stack may be what is full. */
static _Alignas(16) unsigned char stack[32 * 1024];

/* ---- What a signal handler may do */

struct text {
  char bytes[256];
  size_t len;
};

static void put(struct text *t, const char *s) {
  while (*s != '\0' && t->len < sizeof(t->bytes)) {
    t->bytes[t->len++] = *s++;
  }
}

static void put_number(struct text *t, uintptr_t n, unsigned int base) {
  char digits[sizeof(n) * 8 + 1], *at = digits + sizeof(digits) - 1;

  *at = '\0';
  do {
    *--at = "0123456789abcdef"[n % base];
    n /= base;
  } while (n > 0);

  put(t, base == 16 ? "0x" : "");
  put(t, at);
}

/* The instruction; 0: unknown. */
static uintptr_t instruction(const void *context) {
#if defined(__x86_64__)
  return (uintptr_t) ((const ucontext_t *) context)->
    uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  return (uintptr_t) ((const ucontext_t *) context)->uc_mcontext.pc;
#else
  (void) context;
  return 0;
#endif
}

static void put_place(struct text *t, uintptr_t at) {
  put(t, " at ");
  if (at >= code.start && at < code.end) {
    put(t, "mod_sftp.so+");
    at -= code.base;
  }

  put_number(t, at, 16);
}

static bool is_sent(const siginfo_t *info) {
  return info->si_code <= 0 && info->si_pid != getpid();
}

static void write_line(const char *name, const siginfo_t *info,
    const void *context) {
  struct text t = { .len = 0 };

  put(&t, MOD_SFTP_VERSION "[");
  put_number(&t, (uintptr_t) getpid(), 10);
  put(&t, is_sent(info) ? "]: ended by " : "]: crashed: ");
  put(&t, name);
  if (is_sent(info)) {
    put(&t, " of process ");
    put_number(&t, (uintptr_t) info->si_pid, 10);

  } else {
    put_place(&t, instruction(context));
    put(&t, ", address ");
    put_number(&t, info->si_code > 0 ? (uintptr_t) info->si_addr : 0, 16);
  }

  put(&t, "\n");
  if (sftp_logfd >= 0 && write(sftp_logfd, t.bytes, t.len) < 0) {
    _exit(2);
  }
}

static void end_here(int signo, siginfo_t *info, void *context) {
  const char *name = "a signal";
  size_t i;

  for (i = 0; i < SFTP_NELEMS(signals); i++) {
    name = signals[i].signo == signo ? signals[i].name : name;
  }

  write_line(name, info, context);
  _exit(1);
}

/* ---- The session */

static int find_code(struct dl_phdr_info *info, size_t size, void *here) {
  size_t i;

  (void) size;
  for (i = 0; i < info->dlpi_phnum; i++) {
    uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    uintptr_t end = start + info->dlpi_phdr[i].p_memsz;

    if ((uintptr_t) here >= start && (uintptr_t) here < end) {
      code.base = info->dlpi_addr;
      code.start = start;
      code.end = end;
      return 1;
    }
  }

  return 0;
}

void ftpd_crash_watch(void) {
  stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
  struct sigaction action = { .sa_flags = SA_SIGINFO|SA_ONSTACK };
  size_t i;

  (void) dl_iterate_phdr(find_code, (void *) (uintptr_t) ftpd_crash_watch);
  (void) sigaltstack(&other, NULL);
  action.sa_sigaction = end_here;
  sigfillset(&action.sa_mask);
  for (i = 0; i < SFTP_NELEMS(signals); i++) {
    (void) sigaction(signals[i].signo, &action, NULL);
  }
}
