/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-receipt.c -- SFTPTransferDigest: digests in an attribute of the
 * file, by which the server answers for its content.
 *
 * Users can set such attributes, and times, in other ways.  So a receipt
 * - has a MAC by a secret of the daemon, over the digest, size, time and inode,
 *   and over the user and the server that it is for: it deceives nobody else;
 * - names the moment when it was stored.  It counts only if nothing has changed
 *   the inode since then: who restores the file's time, or the receipt itself,
 *   changes the inode.
 *
 * Since Linux 6.13, files that are looked at have times of a fine clock.
 * Before, all changes within a tick, of some milliseconds, look alike: a
 * receipt that counts is stored in a later tick than the last byte, and the
 * client gets its answer in the next one.
 */

#include "ftpd-digest-receipt.h"
#include "ftpd-secret.h"

#include <sodium.h>
#include <sys/xattr.h>
#include <time.h>

#define NAME FTPD_RECEIPT_NAME
#define TEXT_MAX FTPD_RECEIPT_MAX
#define MAC_LEN 16U
#define NAMES_MAX 256           /* bytes of the names of few attributes */
/* The time in it may differ so much from the kernel's own of storing it. */
#define STORED_NS 50000LL
/* From asking the clock to that time: at first, and at most. */
#define GAP_NS 30000LL
#define GAP_MAX_NS 1000000LL
/* Smaller files are read soon: nobody waits for ticks for their sake. */
#define WAIT_BYTES (16 * 1024 * 1024)
#define TRIES 16
#define STRANGE_TRIES 6         /* ... with times of another clock */
#define COARSE_WORTH 3          /* of them, if it is the coarse one */
#define COARSE_TRIES 3

bool ftpd_receipt_is(const char *name) {
  return strcasecmp(name, NAME) == 0;
}

bool ftpd_receipt_alone(int fd) {
  char names[NAMES_MAX];
  ssize_t n = flistxattr(fd, names, sizeof(names)), at;

  if (n < 0) {
    return errno != ERANGE;
  }

  for (at = 0; at < n; at += (ssize_t) strlen(names + at) + 1) {
    if (!ftpd_receipt_is(names + at)) {
      return false;
    }
  }

  return true;
}

/* ---- What it says */

struct receipt {
  char hex[FTPD_RECEIPT_HEX];
  struct timespec stored;
};

/* For whom it is: strings, each with its end. */
static void mix(crypto_generichash_state *s, const char *text) {
  (void) crypto_generichash_update(s, (const unsigned char *) text,
    strlen(text) + 1);
}

static void make_mac(const char *text, char hex[2 * MAC_LEN + 1]) {
  const char *address = pr_netaddr_get_ipstr(main_server->addr);
  unsigned char key[FTPD_SECRET_LEN], mac[MAC_LEN];
  crypto_generichash_state s;
  char ids[64];

  ftpd_secret_derive("receipts of uploads", key);
  snprintf(ids, sizeof(ids), "%lu %u", (unsigned long) session.uid,
    main_server->ServerPort);
  (void) crypto_generichash_init(&s, key, sizeof(key), sizeof(mac));
  mix(&s, text);
  mix(&s, session.user);
  mix(&s, ids);
  mix(&s, address != NULL ? address : "");
  (void) crypto_generichash_final(&s, mac, sizeof(mac));
  (void) sodium_bin2hex(hex, 2 * MAC_LEN + 1, mac, sizeof(mac));
  sftp_wipe(key, sizeof(key));
  sftp_wipe(&s, sizeof(s));
}

/* The text that a file in that state has to have. */
static void make_text(const struct receipt *r, const struct stat *st,
    char text[TEXT_MAX]) {
  char mac[2 * MAC_LEN + 1];
  int n = snprintf(text, TEXT_MAX, "sha256=%s size=%lld mtime=%lld.%09ld "
    "inode=%llu stored=%lld.%09ld", r->hex, (long long) st->st_size,
    (long long) st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
    (unsigned long long) st->st_ino, (long long) r->stored.tv_sec,
    r->stored.tv_nsec);

  make_mac(text, mac);
  snprintf(text + n, (size_t) (TEXT_MAX - n), " mac=%s", mac);
}

static bool read_text(const char *text, struct receipt *r) {
  unsigned long long secs;
  unsigned long ns;

  if (sscanf(text, "sha256=%64[0-9a-f] size=%*s mtime=%*s inode=%*s "
      "stored=%18llu.%9lu mac=", r->hex, &secs, &ns) != 3 ||
      strlen(r->hex) != sizeof(r->hex) - 1) {
    return false;
  }

  r->stored.tv_sec = (time_t) secs;
  r->stored.tv_nsec = (long) ns;
  return true;
}

/* ---- Times */

static int64_t ns_between(const struct timespec *from,
    const struct timespec *to) {
  int64_t secs = (int64_t) to->tv_sec - (int64_t) from->tv_sec;

  /* More than that counts as much. */
  secs = secs > 1000000 ? 1000000 : secs < -1000000 ? -1000000 : secs;
  return secs * 1000000000 + to->tv_nsec - from->tv_nsec;
}

static bool is_stored_then(const struct receipt *r, const struct stat *st) {
  int64_t ns = ns_between(&r->stored, &st->st_ctim);

  return ns >= -STORED_NS && ns <= STORED_NS;
}

/* Whether a later write shows in the file's time. */
static bool is_after_writing(const struct stat *st) {
  return ns_between(&st->st_mtim, &st->st_ctim) > 0;
}

static struct timespec later(struct timespec t, int64_t ns) {
  ns += t.tv_nsec;
  t.tv_sec += (time_t) (ns / 1000000000);
  t.tv_nsec = (long) (ns % 1000000000);
  return t;
}

static struct timespec coarse_now(void) {
  struct timespec now;

  (void) clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now;
}

/* Until the coarse clock is after that time. */
static void wait_tick(const struct timespec *t) {
  const struct timespec ms = { 0, 1000000 };
  struct timespec now = coarse_now();
  unsigned int i;

  for (i = 0; i < 20 && ns_between(t, &now) <= 0; i++) {
    (void) nanosleep(&ms, NULL);
    now = coarse_now();
  }
}

/* ---- Write and read */

bool ftpd_receipt_possible(pool *p, pr_fh_t *fh) {
  char text[TEXT_MAX];

  if (session.user == NULL || session.anon_config != NULL) {
    return false;
  }

  return pr_fsio_fgetxattr(p, fh, NAME, text, sizeof(text)) >= 0 ||
    (errno != ENOSYS && errno != ENOTSUP && errno != EPERM);
}

static bool is_unchanged(const struct stat *a, const struct stat *b) {
  return a->st_ino == b->st_ino && a->st_size == b->st_size &&
    ns_between(&a->st_mtim, &b->st_mtim) == 0;
}

void ftpd_receipt_drop(int fd) {
  (void) fremovexattr(fd, NAME);
}

/* 0 with its new state, or -1 with errno. */
static int store(int fd, const struct receipt *r, const struct stat *st,
    struct stat *now) {
  char text[TEXT_MAX];

  make_text(r, st, text);
  if (fsetxattr(fd, NAME, text, strlen(text), 0) < 0 || fstat(fd, now) < 0) {
    return -1;
  }

  errno = ESTALE;
  return is_unchanged(st, now) ? 0 : -1;
}

/* A time of the coarse clock, or of a file system with whole seconds. */
static bool is_coarse(const struct stat *st, const struct timespec *before) {
  struct timespec after = coarse_now();

  return st->st_ctim.tv_nsec == 0 || ns_between(before, &st->st_ctim) == 0 ||
    ns_between(&after, &st->st_ctim) == 0;
}

/* With the fine clock: 0, 1 if the file has none, or -1 with errno. */
static int put_fine(int fd, const struct stat *st, struct receipt *r) {
  static int64_t gap = GAP_NS;
  unsigned int i, nstrange = 0;

  for (i = 0; i < TRIES && nstrange < STRANGE_TRIES; i++) {
    struct timespec before = coarse_now(), asked;
    struct stat now;

    (void) clock_gettime(CLOCK_REALTIME, &asked);
    r->stored = later(asked, gap);
    if (store(fd, r, st, &now) < 0) {
      return -1;
    }

    if (is_coarse(&now, &before)) {
      nstrange += COARSE_WORTH;
      continue;
    }

    if (is_stored_then(r, &now)) {
      return 0;
    }

    gap = ns_between(&asked, &now.st_ctim);
    if (gap < 0 || gap > GAP_MAX_NS) {
      gap = GAP_NS;
      nstrange++;
    }
  }

  return 1;
}

/* With the coarse clock.  A small file gets one that never counts. */
static int put_coarse(int fd, const struct stat *st, struct receipt *r) {
  unsigned int i;
  struct stat now;

  for (i = 0; i < COARSE_TRIES && st->st_size >= WAIT_BYTES; i++) {
    wait_tick(&st->st_mtim);
    r->stored = coarse_now();
    if (store(fd, r, st, &now) < 0) {
      return -1;
    }

    if (ns_between(&r->stored, &now.st_ctim) == 0) {
      wait_tick(&r->stored);
      return 0;
    }
  }

  memset(&r->stored, 0, sizeof(r->stored));
  return store(fd, r, st, &now);
}

void ftpd_receipt_put(int fd, const struct stat *st, const char *hex) {
  struct receipt r;
  int res;

  sstrncpy(r.hex, hex, sizeof(r.hex));
  res = put_fine(fd, st, &r);
  if (res > 0) {
    res = put_coarse(fd, st, &r);
  }

  if (res < 0) {
    SFTP_TRACE(TRACE_SFTP, 5, "no receipt of an upload: %s", strerror(errno));
    ftpd_receipt_drop(fd);
  }
}

bool ftpd_receipt_get(pool *p, pr_fh_t *fh, char hex[FTPD_RECEIPT_HEX]) {
  char text[TEXT_MAX], wanted[TEXT_MAX];
  struct receipt r;
  struct stat st;
  ssize_t n;

  if (session.user == NULL || session.anon_config != NULL ||
      (n = pr_fsio_fgetxattr(p, fh, NAME, text, sizeof(text) - 1)) <= 0 ||
      fstat(PR_FH_FD(fh), &st) < 0) {
    return false;
  }

  text[n] = '\0';
  if (!read_text(text, &r)) {
    return false;
  }

  make_text(&r, &st, wanted);
  if ((size_t) n != strlen(wanted) ||
      !sftp_same(text, wanted, (size_t) n) ||
      !is_stored_then(&r, &st) || !is_after_writing(&st)) {
    return false;
  }

  sstrncpy(hex, r.hex, FTPD_RECEIPT_HEX);
  return true;
}
