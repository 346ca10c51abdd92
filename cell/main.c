/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* main.c -- sftp-cell, a program that mod_sftp starts; nobody else does.
 *
 *   sftp-cell nursery|single UID GID [fips] [legacy]
 *
 * Descriptor 3 is the control socket of a nursery, or the client of a single
 * cell, whose pair is 4.  A nursery says over its socket what it has given up,
 * or why it cannot; a single cell just ends.
 */

#include "cell.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alg-table.h"
#include "crypto.h"

#define CONTROL 3

/* No hole is larger, and there are no more of one size. */
#define HOLE_BYTES (64 * 1024)
#define HOLES_MAX 256

static int usage(void) {
  static const char text[] = "sftp-cell is a part of ProFTPD's mod_sftp, which "
    "starts it: it is of no use by itself.\n";

  return write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 2 : 1;
}

static bool read_id(const char *text, unsigned long *id) {
  char *end;

  errno = 0;
  *id = strtoul(text, &end, 10);
  return errno == 0 && end != text && *end == '\0';
}

/* What libcrypto has freed lies between what it keeps: a cell that used such a
 * hole would copy its page.  Holes are used up before there are cells.
 */
static void use_up_holes(void) {
  uintptr_t behind = (uintptr_t) malloc(HOLE_BYTES), p;
  size_t size, n;

  for (size = HOLE_BYTES / 16; size > 0; size -= size > 1024 ? size / 2 : 16) {
    for (n = 0, p = 0; n < HOLES_MAX && p < behind; n++) {
      p = (uintptr_t) malloc(size);
    }
  }
}

/* What the daemon has, and its cells. */
struct wants {
  bool fips, legacy;            /* providers of libcrypto */
};

/* Everything that a cell needs from files is in memory afterwards: what
 * libcrypto has in a provider of its own, too.
 */
static bool prepare(const struct wants *wants) {
  unsigned char random[32];
  const struct sftp_alg *alg;
  size_t i;
  int f;

  if (sftp_crypto_init() != SFTP_OK) {
    return false;
  }

  if (wants->fips) {
    sftp_crypto_set_fips(true);
  }

  if (!wants->legacy) {
    sftp_crypto_no_legacy();
  }

  for (f = 0; f < ALGS_NFAMILIES; f++) {
    for (i = 0; (alg = sftp_alg_at((enum sftp_alg_family) f, i)) != NULL;
        i++) {
      (void) sftp_alg_usable((enum sftp_alg_family) f, alg);
    }
  }

  sftp_random(random, sizeof(random));
  use_up_holes();
  return true;
}

/* A nursery's first word: "+" and what is missing, or "-" and why it ends. */
static bool say(char sign, const char *text) {
  char line[1024];

  snprintf(line, sizeof(line), "%c%s", sign, text);
  return send(CONTROL, line, strlen(line) + 1, MSG_NOSIGNAL) > 0;
}

/* A nursery has a descriptor for each cell. */
static void raise_limit(void) {
  struct rlimit lim;

  if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
    lim.rlim_cur = lim.rlim_max;
    (void) setrlimit(RLIMIT_NOFILE, &lim);
  }
}

/* NULL, or why this is no process to make cells in. */
static const char *confine(uid_t uid, gid_t gid,
    const struct wants *wants, struct cell_way *way) {
  static char why[128];
  size_t len;

  if (!prepare(wants)) {
    return "libcrypto does not work";
  }

  if (!cell_give_up(uid, gid, way->missing, sizeof(way->missing))) {
    snprintf(why, sizeof(why), "it cannot give up its ids and capabilities "
      "(%s)", strerror(errno));
    return why;
  }

  way->filtered = cell_filter(true);
  if (!way->filtered) {
    len = strlen(way->missing);
    snprintf(way->missing + len, sizeof(way->missing) - len, "%sa filter of "
      "system calls (%s)", len > 0 ? ", " : "", strerror(errno));
  }

  return NULL;
}

static int run_nursery(uid_t uid, gid_t gid, const struct wants *wants) {
  struct cell_way way;
  const char *why;

  (void) prctl(PR_SET_NAME, "sftp-nursery", 0, 0, 0);
  raise_limit();
  why = confine(uid, gid, wants, &way);
  if (why != NULL) {
    (void) say('-', why);
    return 1;
  }

  return say('+', way.missing) ? cell_nursery(CONTROL, &way) : 1;
}

/* Its session hears nothing of it, and misses the cell. */
static int run_single(uid_t uid, gid_t gid, const struct wants *wants) {
  struct cell_way way;

  return confine(uid, gid, wants, &way) == NULL ? cell_single(&way) : 1;
}

int main(int argc, char **argv) {
  unsigned long uid, gid;
  struct wants wants = { false, false };
  int i;

  if (argc < 4 || argc > 6 || !read_id(argv[2], &uid) ||
      !read_id(argv[3], &gid)) {
    return usage();
  }

  for (i = 4; i < argc; i++) {
    wants.fips = wants.fips || strcmp(argv[i], "fips") == 0;
    wants.legacy = wants.legacy || strcmp(argv[i], "legacy") == 0;
  }

  (void) signal(SIGPIPE, SIG_IGN);
  (void) signal(SIGHUP, SIG_IGN);
  (void) signal(SIGINT, SIG_IGN);
  return strcmp(argv[1], "nursery") == 0 ?
    run_nursery((uid_t) uid, (gid_t) gid, &wants) :
    strcmp(argv[1], "single") == 0 ?
    run_single((uid_t) uid, (gid_t) gid, &wants) : usage();
}
