/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-callfilter-t.c -- the filter of system calls, run here as the kernel
 * does, for each row of the table, each need, and calls that are not in it.
 */

#include "daemon.h"
#include "ftpd-calls.h"
#include "tap.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SELF 4711

/* The table is another file of ftpd/. */
#include "../../ftpd/confine/ftpd-calls.c"

static struct ftpd_filter f;
static uint32_t machine;        /* that the filter asks for */

/* Runs the program on a call: the kernel's action. */
static uint32_t run_filter(const struct seccomp_data *call) {
  uint32_t a = 0, pc = 0;

  while (pc < f.n) {
    const struct sock_filter *i = &f.code[pc++];
    bool yes = false;

    switch (i->code) {
      case BPF_LD|BPF_W|BPF_ABS:
        memcpy(&a, (const char *) call + i->k, sizeof(a));
        continue;

      case BPF_JMP|BPF_JEQ|BPF_K:
        yes = a == i->k;
        break;

      case BPF_JMP|BPF_JGT|BPF_K:
        yes = a > i->k;
        break;

      case BPF_JMP|BPF_JGE|BPF_K:
        yes = a >= i->k;
        break;

      case BPF_JMP|BPF_JSET|BPF_K:
        yes = (a & i->k) != 0;
        break;

      case BPF_RET|BPF_K:
        return i->k;

      default:
        bail_out("unknown instruction 0x%x", i->code);
    }

    pc += yes ? i->jt : i->jf;
  }

  bail_out("the program has no end");
}

static uint64_t third = SO_LINGER;

static uint32_t ask(int nr, uint64_t first, uint64_t second) {
  struct seccomp_data call;

  memset(&call, 0, sizeof(call));
  call.nr = nr;
  call.arch = machine;
  call.args[0] = first;
  call.args[1] = second;
  call.args[2] = third;
  return run_filter(&call);
}

static void build(unsigned int needs) {
  if (ftpd_filter_build(&f, needs, SELF) < 0) {
    skip_all("no table for this machine");
  }

  machine = f.code[1].k;
}

static bool is_denied(uint32_t action) {
  return action == (SECCOMP_RET_ERRNO|EPERM) ||
    action == (SECCOMP_RET_ERRNO|ENOSYS);
}

/* No number but those of the rows is denied, and none above the known. */
static void test_numbers(unsigned int needs) {
  unsigned int wrong = 0;
  int nr;

  build(needs);
  for (nr = 0; nr <= 470; nr++) {
    bool denied = false;
    size_t i;

    for (i = 0; i < ftpd_ncalls; i++) {
      denied |= ftpd_calls[i].nr == nr && (ftpd_calls[i].freed_by & needs) == 0;
    }

    wrong += is_denied(ask(nr, 17, 17)) != denied ? 1 : 0;
  }

  is_int(wrong, 0, "needs 0x%x: every number from 0 to 470", needs);
}

/* Every row, with arguments that no check lets pass. */
static void test_rows(unsigned int needs) {
  unsigned int wrong = 0;
  size_t i;

  build(needs);
  for (i = 0; i < ftpd_ncalls; i++) {
    const struct ftpd_call *c = &ftpd_calls[i];
    bool denied = c->nr >= 0 && (c->freed_by & needs) == 0;

    if (c->nr >= 0 && is_denied(ask(c->nr, 17, 17)) != denied) {
      diag("%s should be %s", c->name, denied ? "denied" : "allowed");
      wrong++;
    }
  }

  is_int(wrong, 0, "needs 0x%x: every row, and nothing that it frees", needs);
}

static void test_others(void) {
  static const int needed[] = { __NR_read, __NR_pwritev, __NR_openat,
    __NR_fchmodat, __NR_fchownat, __NR_renameat2, __NR_copy_file_range,
    __NR_setitimer, __NR_mmap, __NR_munmap, __NR_fcntl, __NR_getrandom,
    __NR_exit_group, __NR_shmctl, __NR_semop, __NR_connect, __NR_umask };
  unsigned int wrong = 0;
  size_t i;

  build(0);
  for (i = 0; i < SFTP_NELEMS(needed); i++) {
    wrong += ask(needed[i], 17, 17) != SECCOMP_RET_ALLOW ? 1 : 0;
  }

  is_int(wrong, 0, "what a file server needs is allowed");
  ok(is_denied(ask(4000, 0, 0)), "calls of the future are not there");
  ok(is_denied(ask(-1, 0, 0)), "no call has a negative number");
  build(NEED_PROGRAMS);
  is_int(ask(4000, 0, 0), SECCOMP_RET_ALLOW, "but are for programs");
}

static void test_arguments(void) {
  build(0);
  ftpd_filter_adopt(&f, SELF, 4712);
  ok(is_denied(ask(__NR_kill, SELF, 9)), "a filter made for another");
  is_int(ask(__NR_kill, 4712, 9), SECCOMP_RET_ALLOW, "is this process's now");
  ftpd_filter_adopt(&f, 4712, SELF);
  is_int(ask(__NR_socket, AF_UNIX, 0), SECCOMP_RET_ALLOW, "AF_UNIX");
  ok(is_denied(ask(__NR_socket, AF_INET, AF_UNIX)), "AF_INET");
  is_int(ask(__NR_kill, SELF, 9), SECCOMP_RET_ALLOW, "a signal to itself");
  is_int(ask(__NR_kill, 1, 0), SECCOMP_RET_ALLOW, "signal 0 to anybody");
  ok(is_denied(ask(__NR_kill, 1, SELF)), "a signal to another");
  ok(is_denied(ask(__NR_kill, 0, 9)), "a signal to the group");
  ok(is_denied(ask(__NR_kill, (uint64_t) -1, 9)), "a signal to all");
  is_int(ask(__NR_tgkill, SELF, 6), SECCOMP_RET_ALLOW, "abort()");
  ok(is_denied(ask(__NR_tgkill, 0, 6)), "tgkill() of another");
  is_int(ask(__NR_prlimit64, 0, 7), SECCOMP_RET_ALLOW, "its own limits");
  is_int(ask(__NR_prlimit64, SELF, 7), SECCOMP_RET_ALLOW, "by number");
  ok(is_denied(ask(__NR_prlimit64, 1, 7)), "limits of another");
#ifndef __s390x__
  is_int(ask(__NR_clone, CLONE_THREAD|CLONE_VM, 0), SECCOMP_RET_ALLOW,
    "a thread");
  ok(is_denied(ask(__NR_clone, 17, 0)), "a process");
  ok(is_denied(ask(__NR_clone, CLONE_NEWUSER|17, 0)), "a namespace");
#endif
  ok(is_denied(ask(__NR_setsockopt, 9, SOL_SOCKET)), "SO_LINGER");
  third = SO_KEEPALIVE;
  is_int(ask(__NR_setsockopt, 9, SOL_SOCKET), SECCOMP_RET_ALLOW,
    "another option");
  third = SO_LINGER;
  is_int(ask(__NR_clone3, 0, 0), SECCOMP_RET_ERRNO|ENOSYS,
    "clone3() is missing, not forbidden: the C library uses clone()");
}

static void test_machines(void) {
  struct seccomp_data call;

  memset(&call, 0, sizeof(call));
  call.nr = __NR_read;
  build(0);
  call.arch = machine ^ 1U;
  is_int(run_filter(&call), SECCOMP_RET_KILL_PROCESS,
    "a call of another machine ends the process");
  build(NEED_PROGRAMS);
  is_int(run_filter(&call), SECCOMP_RET_ALLOW, "but programs may be such");
#ifdef __x86_64__
  build(0);
  is_int(ask(0x40000000 | __NR_read, 0, 0), SECCOMP_RET_ERRNO|ENOSYS,
    "there is no x32");
#endif
}

/* The kernel accepts the program, and does what it says. */
static void test_kernel(void) {
  int status = 0;
  pid_t pid = fork();

  if (pid == 0) {
    int res = 1;

    if (ftpd_filter_build(&f, 0, getpid()) == 0 &&
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
      res = ftpd_filter_install(&f) < 0 ? 2 :
        socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM ? 3 :
        socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? 4 :
        kill(getpid(), 0) < 0 ? 5 : fork() >= 0 ? 6 : 0;
    }

    _exit(res);
  }

  if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status)) {
    ok(false, "the kernel follows it");

  } else if (WEXITSTATUS(status) == 2) {
    skip("the kernel refuses filters here");

  } else {
    is_int(WEXITSTATUS(status), 0, "the kernel follows it");
  }
}

int main(void) {
  static const unsigned int needs[] = { 0, NEED_PROGRAMS, NEED_SOCKETS,
    NEED_SIGNALS, NEED_ROOT, NEED_PROGRAMS|NEED_SOCKETS|NEED_SIGNALS };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(needs); i++) {
    test_rows(needs[i]);
    test_numbers(needs[i]);
  }

  test_others();
  test_arguments();
  test_machines();
  test_kernel();
  return done_testing();
}
