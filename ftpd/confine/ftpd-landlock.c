/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-landlock.c -- Landlock, by its system calls: headers and the C library
 * may not have it.
 */

#include "ftpd-landlock.h"

#include <sys/syscall.h>

/* The same numbers on all machines. */
#ifndef __NR_landlock_create_ruleset
# define __NR_landlock_create_ruleset 444
# define __NR_landlock_add_rule 445
# define __NR_landlock_restrict_self 446
#endif

#define ASK_VERSION 1U
#define RULE_PATH_BENEATH 1

/* Rights to files, in the order of the kernel's bits. */
#define RIGHT_EXECUTE (1ULL << 0)
#define RIGHT_MAKE_CHAR (1ULL << 6)
#define RIGHT_MAKE_BLOCK (1ULL << 11)
#define RIGHT_REFER (1ULL << 13)        /* version 2 */
#define RIGHT_TRUNCATE (1ULL << 14)     /* version 3 */
#define RIGHT_IOCTL_DEV (1ULL << 15)    /* version 5 */
#define RIGHTS_OF_1 ((1ULL << 13) - 1)
#define DENIED (RIGHT_EXECUTE|RIGHT_MAKE_CHAR|RIGHT_MAKE_BLOCK|RIGHT_IOCTL_DEV)

#define TCP_BIND_AND_CONNECT 3ULL       /* version 4 */
#define SCOPE_ABSTRACT 1ULL             /* version 6 */
#define SCOPE_SIGNALS 2ULL

struct ruleset {
  uint64_t files;
  uint64_t net;
  uint64_t scopes;
};

struct below {
  uint64_t allowed;
  int32_t fd;
} __attribute__((packed));

static long version(void) {
  return syscall(__NR_landlock_create_ruleset, NULL, 0, ASK_VERSION);
}

/* What this version knows of the wanted: *rules and the size of its struct. */
static unsigned int rules_for(long v, unsigned int wanted,
    struct ruleset *rules, size_t *size) {
  unsigned int done = wanted & (LANDLOCK_FILES|LANDLOCK_TCP|LANDLOCK_SIGNALS|
    LANDLOCK_ABSTRACT);

  memset(rules, 0, sizeof(*rules));
  *size = sizeof(uint64_t) * (v >= 6 ? 3 : v >= 4 ? 2 : 1);

  /* Version 1 would deny every rename to another directory. */
  done &= v >= 6 ? ~0U : v >= 4 ? LANDLOCK_FILES|LANDLOCK_TCP :
    v >= 2 ? LANDLOCK_FILES : 0;
  if ((done & LANDLOCK_FILES) != 0) {
    rules->files = RIGHTS_OF_1|RIGHT_REFER|(v >= 3 ? RIGHT_TRUNCATE : 0)|
      (v >= 5 ? RIGHT_IOCTL_DEV : 0);
  }

  rules->net = (done & LANDLOCK_TCP) != 0 ? TCP_BIND_AND_CONNECT : 0;
  rules->scopes = ((done & LANDLOCK_SIGNALS) != 0 ? SCOPE_SIGNALS : 0) |
    ((done & LANDLOCK_ABSTRACT) != 0 ? SCOPE_ABSTRACT : 0);
  return done;
}

/* Allows everything below "/" that is handled, but for the denied rights. */
static int allow_root(int set, uint64_t handled) {
  struct below below = { handled & ~DENIED, -1 };
  int res = -1, xerrno;

  below.fd = open("/", O_PATH|O_DIRECTORY|O_CLOEXEC);
  if (below.fd >= 0) {
    res = (int) syscall(__NR_landlock_add_rule, set, RULE_PATH_BENEATH, &below,
      0);
    xerrno = errno;
    (void) close(below.fd);
    errno = xerrno;
  }

  return res;
}

unsigned int ftpd_landlock(unsigned int wanted) {
  struct ruleset rules;
  unsigned int done = 0;
  long v = version();
  size_t size;
  int set, xerrno;

  if (v < 0) {
    return 0;
  }

  done = rules_for(v, wanted, &rules, &size);
  if (done == 0) {
    errno = EOPNOTSUPP;
    return 0;
  }

  set = (int) syscall(__NR_landlock_create_ruleset, &rules, size, 0);
  if (set < 0) {
    return 0;
  }

  if (((done & LANDLOCK_FILES) != 0 && allow_root(set, rules.files) < 0) ||
      syscall(__NR_landlock_restrict_self, set, 0) < 0) {
    done = 0;
  }

  xerrno = errno;
  (void) close(set);
  errno = xerrno;
  return done;
}
