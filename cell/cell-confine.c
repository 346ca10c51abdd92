/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cell-confine.c -- what a nursery and its cells give up before they meet a
 * stranger: ids, groups, capabilities, files, and all system calls but a few.
 */

#include "cell.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seccomp-arch.h"

/* Sanitizers open files, use much memory, and more. */
#if defined(__SANITIZE_ADDRESS__)
# define SANITIZED true
#elif defined(__has_feature)
# if __has_feature(address_sanitizer)
#  define SANITIZED true
# endif
#endif
#ifndef SANITIZED
# define SANITIZED false
#endif

/* ---- Ids, capabilities, files */

#define CAPS_MAX 64     /* capabilities that there may ever be */

/* A root directory without anything in it, for ever: it has been removed. */
static bool enter_nothing(void) {
  char path[] = "/tmp/sftp-cell-XXXXXX";
  char run[] = "/run/sftp-cell-XXXXXX";
  const char *dir = mkdtemp(run);

  if (dir == NULL) {
    dir = mkdtemp(path);
  }

  if (dir == NULL || chdir(dir) < 0) {
    return false;
  }

  return rmdir(dir) == 0 && chroot(".") == 0;
}

static bool limit(int what, rlim_t max) {
  struct rlimit lim = { max, max };

  return setrlimit(what, &lim) == 0;
}

/* Also without root: the daemon may have been given some by systemd. */
static bool drop_capabilities(void) {
  struct __user_cap_header_struct head = {
    .version = _LINUX_CAPABILITY_VERSION_3
  };
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

  (void) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  memset(none, 0, sizeof(none));
  return syscall(__NR_capset, &head, none) == 0;
}

/* Notes what this system refuses, with errno. */
static void miss(char *missing, size_t size, const char *what) {
  size_t len = strlen(missing);

  snprintf(missing + len, size - len, "%s%s (%s)", len > 0 ? ", " : "", what,
    strerror(errno));
}

static bool drop_ids(uid_t uid, gid_t gid) {
  return setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
    setresuid(uid, uid, uid) == 0;
}

static bool empty_bounding_set(void) {
  unsigned long cap;

  for (cap = 0; cap < CAPS_MAX; cap++) {
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL) {
      return false;
    }
  }

  return true;
}

bool cell_give_up(uid_t uid, gid_t gid, char *missing, size_t size) {
  bool root = geteuid() == 0;

  *missing = '\0';
  if (root && !enter_nothing()) {
    miss(missing, size, "an empty root directory");
  }

  if (root && !empty_bounding_set()) {
    miss(missing, size, "an empty bounding set");
  }

  if ((root && !drop_ids(uid, gid)) || !drop_capabilities()) {
    return false;
  }

  if (!root) {
    errno = EPERM;
    miss(missing, size, "ids and a root directory of its own");
  }

  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
    miss(missing, size, "no_new_privs");
  }

  (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  (void) limit(RLIMIT_CORE, 0);
  (void) limit(RLIMIT_FSIZE, 0);
  return true;
}

/* Far beyond what a login needs: a cell that was taken over stays bounded. */
#define CPU_SECS 60
#define DATA_BYTES (256UL * 1024 * 1024)

static bool limit_cell(void) {
  if (!SANITIZED && (!limit(RLIMIT_CPU, CPU_SECS) ||
      !limit(RLIMIT_DATA, DATA_BYTES))) {
    return false;
  }

  return limit(RLIMIT_NOFILE, CELL_PAIR + 1);
}

bool cell_keep_descriptors(int client, int pair) {
  int fd, at[2];

  /* Aside first: one may be in the place of the other. */
  at[0] = fcntl(client, F_DUPFD_CLOEXEC, CELL_PAIR + 1);
  at[1] = fcntl(pair, F_DUPFD_CLOEXEC, CELL_PAIR + 1);
  if (at[0] < 0 || at[1] < 0 || dup2(at[0], CELL_CLIENT) < 0 ||
      dup2(at[1], CELL_PAIR) < 0) {
    return false;
  }

  for (fd = 0; fd < CELL_CLIENT; fd++) {
    (void) close(fd);
  }

#ifdef SYS_close_range
  if (syscall(SYS_close_range, CELL_PAIR + 1, ~0U, 0) == 0) {
    return limit_cell();
  }
#endif

  for (fd = CELL_PAIR + 1; fd < 1024; fd++) {
    (void) close(fd);
  }

  return limit_cell();
}

/* ---- The filter: a list of what is allowed */

/* When a call is allowed: always, or if an argument has only (or one of) these
 * values.
 */
enum check {
  ALWAYS,
  ANONYMOUS,                    /* mmap: without a file, not executable */
  NOT_EXECUTABLE,               /* mprotect */
  NO_ADDRESS,                   /* sendto: to the peer only */
  OPTION,                       /* options of the client's socket */
  IN_NURSERY                    /* only there */
};

static const struct {
  int nr;
  enum check check;
} allowed[] = {
  { __NR_read, ALWAYS }, { __NR_write, ALWAYS },
  { __NR_recvfrom, ALWAYS }, { __NR_sendto, NO_ADDRESS },
#ifdef __NR_recv
  { __NR_recv, ALWAYS }, { __NR_send, ALWAYS },
#endif
#ifdef __NR_poll
  { __NR_poll, ALWAYS },
#endif
  { __NR_ppoll, ALWAYS },
#ifdef __NR_ppoll_time64
  { __NR_ppoll_time64, ALWAYS },
#endif
  { __NR_close, ALWAYS },
#ifdef __NR_mmap
  { __NR_mmap, ANONYMOUS },
#endif
#ifdef __NR_mmap2
  { __NR_mmap2, ANONYMOUS },
#endif
  { __NR_munmap, ALWAYS }, { __NR_mremap, ALWAYS }, { __NR_brk, ALWAYS },
  { __NR_madvise, ALWAYS }, { __NR_mprotect, NOT_EXECUTABLE },
  { __NR_clock_gettime, ALWAYS },
#ifdef __NR_clock_gettime64
  { __NR_clock_gettime64, ALWAYS },
#endif
#ifdef __NR_time
  { __NR_time, ALWAYS },
#endif
  { __NR_gettimeofday, ALWAYS },
  { __NR_getrandom, ALWAYS }, { __NR_getpid, ALWAYS },
  { __NR_futex, ALWAYS },
#ifdef __NR_futex_time64
  { __NR_futex_time64, ALWAYS },
#endif
  { __NR_setsockopt, OPTION },
  { __NR_rt_sigreturn, ALWAYS }, { __NR_rt_sigprocmask, ALWAYS },
  { __NR_restart_syscall, ALWAYS },
  { __NR_exit, ALWAYS }, { __NR_exit_group, ALWAYS },

  { __NR_recvmsg, IN_NURSERY }, { __NR_clone, IN_NURSERY },
  { __NR_wait4, IN_NURSERY }, { __NR_kill, IN_NURSERY },
#ifdef __NR_fork
  { __NR_fork, IN_NURSERY },
#endif
  { __NR_set_robust_list, IN_NURSERY },
#ifdef __NR_rseq
  { __NR_rseq, IN_NURSERY },
#endif
  { __NR_gettid, IN_NURSERY },
  { __NR_fcntl, IN_NURSERY },
#ifdef __NR_fcntl64
  { __NR_fcntl64, IN_NURSERY },
#endif
#ifdef __NR_dup2
  { __NR_dup2, IN_NURSERY },
#endif
  { __NR_dup3, IN_NURSERY },
#ifdef __NR_close_range
  { __NR_close_range, IN_NURSERY },
#endif
  { __NR_prlimit64, IN_NURSERY },
#ifdef __NR_setrlimit
  { __NR_setrlimit, IN_NURSERY },
#endif
  { __NR_prctl, IN_NURSERY }, { __NR_seccomp, IN_NURSERY }
};

/* Level and name, of sockets. */
static const struct {
  uint32_t level, name;
} options[] = {
  { SOL_SOCKET, SO_RCVLOWAT }, { IPPROTO_TCP, TCP_QUICKACK }
};

#define FILTER_MAX 400

struct filter {
  struct sock_filter code[FILTER_MAX];
  unsigned int n;
};

static void emit(struct filter *f, uint16_t code, uint32_t k, uint8_t jt,
    uint8_t jf) {
  if (f->n < FILTER_MAX) {
    f->code[f->n++] = (struct sock_filter) { code, jt, jf, k };
  }
}

static void load(struct filter *f, size_t offset) {
  emit(f, BPF_LD|BPF_W|BPF_ABS, (uint32_t) offset, 0, 0);
}

static void load_arg(struct filter *f, unsigned int arg) {
  load(f, offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) +
    SFTP_SECCOMP_LOW_HALF);
}

static void done(struct filter *f, bool allow) {
  emit(f, BPF_RET|BPF_K, allow ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO|EPERM,
    0, 0);
}

/* Ends the check unless the half of an argument is 0. */
static void must_be_zero(struct filter *f, unsigned int arg, bool high) {
  load(f, offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) +
    (high ? 4 - SFTP_SECCOMP_LOW_HALF : SFTP_SECCOMP_LOW_HALF));
  emit(f, BPF_JMP|BPF_JEQ|BPF_K, 0, 1, 0);
  done(f, false);
}

/* Behind a call's number has matched; ends in a return on every path. */
static void emit_check(struct filter *f, enum check check) {
  size_t i;

  switch (check) {
    case ANONYMOUS:
      load_arg(f, 3);
      emit(f, BPF_JMP|BPF_JSET|BPF_K, MAP_ANONYMOUS, 1, 0);
      done(f, false);
      load_arg(f, 2);
      emit(f, BPF_JMP|BPF_JSET|BPF_K, PROT_EXEC, 0, 1);
      done(f, false);
      break;

    case NOT_EXECUTABLE:
      load_arg(f, 2);
      emit(f, BPF_JMP|BPF_JSET|BPF_K, PROT_EXEC, 0, 1);
      done(f, false);
      break;

    case NO_ADDRESS:
      must_be_zero(f, 4, false);
      must_be_zero(f, 4, true);
      break;

    case OPTION:
      for (i = 0; i < SFTP_NELEMS(options); i++) {
        load_arg(f, 1);
        emit(f, BPF_JMP|BPF_JEQ|BPF_K, options[i].level, 0, 3);
        load_arg(f, 2);
        emit(f, BPF_JMP|BPF_JEQ|BPF_K, options[i].name, 0, 1);
        done(f, true);
      }

      done(f, false);
      return;

    default:
      break;
  }

  done(f, true);
}

/* The nursery's, which its cells have, too. */
static void build_allowed(struct filter *f) {
  unsigned int at;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(allowed); i++) {
    load(f, offsetof(struct seccomp_data, nr));
    at = f->n;
    emit(f, BPF_JMP|BPF_JEQ|BPF_K, (uint32_t) allowed[i].nr, 0, 0);
    emit_check(f, allowed[i].check);
    f->code[at].jf = (uint8_t) (f->n - at - 1);
  }

  /* The C library asks for newer calls first, and is used to not having them.
   */
  emit(f, BPF_RET|BPF_K, SECCOMP_RET_ERRNO|ENOSYS, 0, 0);
}

/* What a cell adds: a short one, as each connection pays for it. */
static void build_cell(struct filter *f) {
  size_t i;

  load(f, offsetof(struct seccomp_data, nr));
  for (i = 0; i < SFTP_NELEMS(allowed); i++) {
    if (allowed[i].check == IN_NURSERY) {
      emit(f, BPF_JMP|BPF_JEQ|BPF_K, (uint32_t) allowed[i].nr, 0, 1);
      emit(f, BPF_RET|BPF_K, SECCOMP_RET_ERRNO|ENOSYS, 0, 0);
    }
  }

  done(f, true);
}

static void build(struct filter *f, bool nursery) {
  load(f, offsetof(struct seccomp_data, arch));
  emit(f, BPF_JMP|BPF_JEQ|BPF_K, SFTP_SECCOMP_ARCH, 1, 0);
  emit(f, BPF_RET|BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
  if (nursery) {
    build_allowed(f);

  } else {
    build_cell(f);
  }
}

/* A cell's is built with its nursery's: cells do without that work. */
static struct filter *built(bool nursery) {
  static struct filter filters[2];

  if (filters[nursery].n == 0) {
    build(&filters[false], false);
    build(&filters[true], true);
  }

  return &filters[nursery];
}

bool cell_filter(bool nursery) {
  struct filter *f = built(nursery);
  struct sock_fprog prog;

  if (SANITIZED) {
    return true;
  }

  if (SFTP_SECCOMP_ARCH == 0U) {
    errno = ENOSYS;
    return false;
  }

  prog.len = (unsigned short) f->n;
  prog.filter = f->code;
  if (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
      SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog) == 0) {
    return true;
  }

  return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0;
}
