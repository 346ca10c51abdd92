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
 * - names the moment when it was stored, which is after the file's time: who
 *   writes to the file later changes that time;
 * - counts only if nothing has changed the inode since then: who restores the
 *   file's time, or the receipt itself, changes the inode.
 */

#include "ftpd-digest-receipt.h"
#include "ftpd-secret.h"

#include <sodium.h>
#include <sys/xattr.h>
#include <time.h>

#define NAME "user.mod_sftp.receipt"
#define TEXT_MAX 320
#define MAC_LEN 16U
#define NAMES_MAX 256           /* bytes of the names of few attributes */
/* The kernel's time of storing it, after the one that is in it. */
#define STORED_NS 100000000LL
/* Smaller files are read soon: nobody waits for their sake until the clock has
 * moved on since the last write.
 */
#define WAIT_BYTES (16 * 1024 * 1024)
#define TRIES 2

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

  return ns >= 0 && ns <= STORED_NS;
}

/* Whether a later write would show in the file's time. */
static bool is_after_writing(const struct receipt *r, const struct stat *st) {
  return ns_between(&st->st_mtim, &r->stored) > 0;
}

/* The kernel's clock for the times of files. */
static void now_for_files(struct timespec *now) {
  (void) clock_gettime(CLOCK_REALTIME_COARSE, now);
}

static void take_time(struct receipt *r, const struct stat *st) {
  struct timespec tick = { 0, 0 };

  now_for_files(&r->stored);
  if (!is_after_writing(r, st) && st->st_size >= WAIT_BYTES) {
    (void) clock_getres(CLOCK_REALTIME_COARSE, &tick);
    tick.tv_nsec += 1000000;
    if (tick.tv_sec == 0) {
      (void) nanosleep(&tick, NULL);
    }

    now_for_files(&r->stored);
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

/* 0; 1 if it took too long; or -1 with errno. */
static int try_put(int fd, const struct stat *st, struct receipt *r) {
  char text[TEXT_MAX];
  struct stat now;

  take_time(r, st);
  make_text(r, st, text);
  if (fsetxattr(fd, NAME, text, strlen(text), 0) < 0) {
    return -1;
  }

  if (fstat(fd, &now) == 0 && is_unchanged(st, &now) &&
      is_stored_then(r, &now)) {
    return 0;
  }

  (void) fremovexattr(fd, NAME);
  return 1;
}

void ftpd_receipt_put(int fd, const struct stat *st, const char *hex) {
  struct receipt r;
  unsigned int i;
  int res = 1;

  sstrncpy(r.hex, hex, sizeof(r.hex));
  for (i = 0; i < TRIES && res > 0; i++) {
    res = try_put(fd, st, &r);
  }

  if (res != 0) {
    SFTP_TRACE(TRACE_SFTP, 5, "no receipt of an upload: %s", res < 0 ?
      strerror(errno) : "the file was changed, or its times are not the "
      "kernel's");
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
      !is_stored_then(&r, &st) || !is_after_writing(&r, &st)) {
    return false;
  }

  sstrncpy(hex, r.hex, FTPD_RECEIPT_HEX);
  return true;
}
