/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-callfilter.c -- the kernel's filter of system calls (seccomp), made of
 * the rows of ftpd-calls.c.
 */

#include "ftpd-calls.h"

#include "seccomp-arch.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifdef __s390x__
# define CLONE_FLAGS 1
#else
# define CLONE_FLAGS 0
#endif

/* Newer calls than those of Linux 6.18 are unknown, here and to the libraries
 * of today; their numbers are the same on these machines.
 */
#define NEWEST 470U

static void emit(struct ftpd_filter *f, uint16_t code, uint32_t k, uint8_t jt,
    uint8_t jf) {
  if (f->n < FTPD_FILTER_MAX) {
    f->code[f->n] = (struct sock_filter) { code, jt, jf, k };
  }

  f->n++;
}

static void emit_return(struct ftpd_filter *f, uint32_t action) {
  emit(f, BPF_RET|BPF_K, action, 0, 0);
}

static void emit_load(struct ftpd_filter *f, size_t offset) {
  emit(f, BPF_LD|BPF_W|BPF_ABS, (uint32_t) offset, 0, 0);
}

/* The low half of an argument: all that the kernel looks at in these. */
static size_t arg_at(unsigned int arg) {
  return offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) +
    SFTP_SECCOMP_LOW_HALF;
}

/* An argument and the value with which it allows the call. */
struct pass {
  unsigned int arg;
  uint16_t test;                /* BPF_JEQ, or BPF_JSET: has these bits */
  uint32_t value;
  bool others;                  /* any value but this */
};

static unsigned int passes_of(enum ftpd_call_check check, pid_t self,
    struct pass pass[2]) {
  unsigned int n = 0;

  switch (check) {
    case CALL_NEVER:
      break;

    case CALL_UNIX:
      pass[n++] = (struct pass) { 0, BPF_JEQ, AF_UNIX, false };
      break;

    case CALL_SELF_OR_0:
      pass[n++] = (struct pass) { 0, BPF_JEQ, 0, false };
      pass[n++] = (struct pass) { 0, BPF_JEQ, (uint32_t) self, false };
      break;

    case CALL_SELF_OR_TEST:
      pass[n++] = (struct pass) { 1, BPF_JEQ, 0, false };
      pass[n++] = (struct pass) { 0, BPF_JEQ, (uint32_t) self, false };
      break;

    case CALL_SELF:
      pass[n++] = (struct pass) { 0, BPF_JEQ, (uint32_t) self, false };
      break;

    case CALL_THREAD:
      pass[n++] = (struct pass) { CLONE_FLAGS, BPF_JSET, CLONE_THREAD, false };
      break;

    case CALL_NO_LINGER:
      pass[n++] = (struct pass) { 2, BPF_JEQ, SO_LINGER, true };
      break;
  }

  return n;
}

static void emit_call(struct ftpd_filter *f, const struct ftpd_call *call,
    pid_t self) {
  struct pass pass[2];
  unsigned int n = passes_of(call->check, self, pass), i;
  /* The C library asks clone3() first, and is used to not having it. */
  uint32_t err = call->nr == __NR_clone3 ? ENOSYS : EPERM;
  uint8_t far;

  emit(f, BPF_JMP|BPF_JEQ|BPF_K, (uint32_t) call->nr, 0,
    (uint8_t) (2 * n + (n > 0 ? 2 : 1)));

  for (i = 0; i < n; i++) {
    emit_load(f, arg_at(pass[i].arg));
    far = (uint8_t) (2 * (n - i - 1) + 1);
    emit(f, (uint16_t) (BPF_JMP|BPF_K|pass[i].test), pass[i].value,
      pass[i].others ? 0 : far, pass[i].others ? far : 0);
  }

  emit_return(f, SECCOMP_RET_ERRNO|err);
  if (n > 0) {
    emit_return(f, SECCOMP_RET_ALLOW);
  }
}

/* Calls by another way than this process's own are an attack, unless a program
 * of another kind may have been started.
 */
static void emit_machine(struct ftpd_filter *f, bool programs) {
  emit_load(f, offsetof(struct seccomp_data, arch));
  emit(f, BPF_JMP|BPF_JEQ|BPF_K, SFTP_SECCOMP_ARCH, 1, 0);
  emit_return(f, programs ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS);
  emit_load(f, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
  emit(f, BPF_JMP|BPF_JSET|BPF_K, SFTP_SECCOMP_X32, 0, 1);
  emit_return(f, SECCOMP_RET_ERRNO|ENOSYS);
#endif
}

/* ---- A search by halves, so that each call is decided in a few steps */

/* As many rows are compared one by one. */
#define LEAF 4U

static int by_number(const void *a, const void *b) {
  const struct ftpd_call *const *x = a, *const *y = b;

  return (*x)->nr - (*y)->nr;
}

/* -1: too far for the machine's jumps. */
static int emit_rows(struct ftpd_filter *f, const struct ftpd_call **rows,
    size_t n, pid_t self) {
  unsigned int branch = f->n, far;
  size_t half = n / 2, i;

  if (n <= LEAF) {
    for (i = 0; i < n; i++) {
      emit_call(f, rows[i], self);
    }

    emit_return(f, SECCOMP_RET_ALLOW);
    return 0;
  }

  emit(f, BPF_JMP|BPF_JGE|BPF_K, (uint32_t) rows[half]->nr, 0, 0);
  if (emit_rows(f, rows, half, self) < 0) {
    return -1;
  }

  far = f->n - branch - 1;
  if (far > UINT8_MAX || f->n > FTPD_FILTER_MAX) {
    return -1;
  }

  f->code[branch].jt = (uint8_t) far;
  return emit_rows(f, rows + half, n - half, self);
}

int ftpd_filter_build(struct ftpd_filter *f, unsigned int needs, pid_t self) {
  bool programs = (needs & NEED_PROGRAMS) != 0;
  const struct ftpd_call *rows[FTPD_FILTER_MAX / 2];
  size_t n = 0, i;

  f->n = 0;
  if (SFTP_SECCOMP_ARCH == 0U) {
    errno = ENOSYS;
    return -1;
  }

  emit_machine(f, programs);
  for (i = 0; i < ftpd_ncalls && n < SFTP_NELEMS(rows); i++) {
    if (ftpd_calls[i].nr >= 0 && (ftpd_calls[i].freed_by & needs) == 0) {
      rows[n++] = &ftpd_calls[i];
    }
  }

  qsort(rows, n, sizeof(rows[0]), by_number);
#if defined(__x86_64__) || defined(__aarch64__) || defined(__riscv)
  if (!programs) {
    emit(f, BPF_JMP|BPF_JGT|BPF_K, NEWEST, 0, 1);
    emit_return(f, SECCOMP_RET_ERRNO|ENOSYS);
  }
#endif

  if (emit_rows(f, rows, n, self) < 0 || f->n > FTPD_FILTER_MAX) {
    errno = E2BIG;
    return -1;
  }

  return 0;
}

void ftpd_filter_adopt(struct ftpd_filter *f, pid_t from, pid_t to) {
  unsigned int i;

  for (i = 0; i < f->n; i++) {
    if (f->code[i].k == (uint32_t) from) {
      f->code[i].k = (uint32_t) to;
    }
  }
}

int ftpd_filter_install(const struct ftpd_filter *f) {
  struct sock_fprog prog = { (unsigned short) f->n,
    (struct sock_filter *) (uintptr_t) f->code };
  long res;

  /* SPEC_ALLOW: the session runs nobody's code, and kernels before 5.16 would
   * slow it down.  TSYNC: libraries may have threads.
   */
  res = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
    SECCOMP_FILTER_FLAG_TSYNC|SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog);
  if (res != 0) {
    res = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
  }

  return res == 0 ? 0 : -1;
}
