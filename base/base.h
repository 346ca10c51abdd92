/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* base.h -- what every file of the protocol core uses: libc, ProFTPD's pools,
 * error codes, wiping, and the log.
 *
 * The core includes nothing else of ProFTPD: pools and their strings are all
 * they share.  Everything else goes through ftpd-*.h.
 */

#ifndef MOD_SFTP_BASE_H
#define MOD_SFTP_BASE_H

#ifdef HAVE_CONFIG_H
# undef HAVE_CONFIG_H           /* ProFTPD's; the core does not need it */
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "pool.h"
#include "str.h"

#define SFTP_MUST_CHECK __attribute__((warn_unused_result))
#define SFTP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define SFTP_UNUSED __attribute__((unused))
#define SFTP_NELEMS(a) (sizeof(a) / sizeof((a)[0]))

/* Error codes of the core: 0 or one of these.  Functions that set errno instead
 * (file operations) say so in their header.
 */
enum sftp_err {
  SFTP_OK = 0,
  SFTP_ERR_SHORT = -1,          /* the message ends before its last field */
  SFTP_ERR_EXTRA = -2,          /* bytes follow the last field */
  SFTP_ERR_FORMAT = -3,         /* invalid content of a field */
  SFTP_ERR_LIMIT = -4,          /* exceeds its limit */
  SFTP_ERR_CRYPTO = -5,         /* libcrypto refused or failed */
  SFTP_ERR_MAC = -6,            /* a MAC or tag does not match */
  SFTP_ERR_ORDER = -7,          /* a message that is not allowed now */
  SFTP_ERR_NOMATCH = -8,        /* no algorithm in common */
  SFTP_ERR_KEX = -9,            /* the key exchange failed */
  SFTP_ERR_EOF = -10,           /* the peer closed the connection */
  SFTP_ERR_IO = -11,            /* the socket failed */
  SFTP_ERR_DENIED = -12,        /* refused by policy */
  SFTP_ERR_UNSUPPORTED = -13,   /* not known here */
  SFTP_ERR_TIMEOUT = -14,
  SFTP_ERR_CLOSED = -15,        /* the peer sent DISCONNECT */
  SFTP_ERR_VERSION = -16,       /* no common protocol version */
  SFTP_ERR_SERVICE = -17,       /* an unknown service */
  SFTP_ERR_TOOMANY = -18,       /* attempts, channels, connections */
  SFTP_ERR_BUDGET = -19,        /* too much before the login */
  SFTP_ERR_PASSPHRASE = -20,    /* a private key needs another passphrase */
  SFTP_ERR_KEY_SIZE = -21,      /* a key that would cost too much to use */
  SFTP_ERR_CELL = -22           /* the isolated process ended or misbehaved */
};

/* A short English text for a code; never NULL. */
const char *sftp_strerror(int err);

/* Overwrites n bytes in a way that no compiler removes. */
void sftp_wipe(void *p, size_t n);

/* True if the n bytes are equal; the time depends only on n. */
bool sftp_same(const void *a, const void *b, size_t n) SFTP_MUST_CHECK;

/* Fills n bytes from the CSPRNG.  Ends the process if the system has none. */
void sftp_random(void *p, size_t n);

/* Milliseconds of the monotonic clock (the daemon's, or a test's). */
uint64_t sftp_now_ms(void);
uint64_t sftp_now_us(void);

/* ---- Log and trace (log.c; the sinks are the host's, see ftpd-lines.h) */

enum sftp_trace_channel { TRACE_SSH2, TRACE_SFTP, TRACE_SCP, TRACE_NCHANNELS };

/* Highest level wanted per channel.  The host sets it when a session begins, so
 * that a trace call costs one comparison while tracing is off.
 */
extern int sftp_trace_levels[TRACE_NCHANNELS];

/* One line to SFTPLog.  Control characters and invalid UTF-8 in the finished
 * line are written as \xHH, so that text of the peer may be passed as it is.
 * Lines are cut at 4 KiB.
 */
void sftp_log(const char *fmt, ...) SFTP_PRINTF(1, 2);

/* The same; if a login is then refused, this line is the reason: nothing
 * acceptable was found, or what was found has a fault.
 */
enum sftp_why { WHY_MISSING, WHY_OBJECTION };
void sftp_log_why(enum sftp_why why, const char *fmt, ...) SFTP_PRINTF(2, 3);

/* One line to the system's authentication log: level is a syslog level
 * (LOG_NOTICE, LOG_INFO...).  Same escaping.
 */
void sftp_auth_log(int level, const char *fmt, ...) SFTP_PRINTF(2, 3);

void sftp_trace_msg(enum sftp_trace_channel chan, int level, const char *fmt,
  ...) SFTP_PRINTF(3, 4);

/* Levels: 1-3 errors, 7-8 a request with its arguments, 16-20 packets. */
#define SFTP_TRACE(chan, level, ...) \
  do { \
    if (__builtin_expect((level) <= sftp_trace_levels[(chan)], 0)) { \
      sftp_trace_msg((chan), (level), __VA_ARGS__); \
    } \
  } while (0)

/* Escapes len bytes for a log line or a terminal into dst of size dstsz:
 * printable ASCII and valid UTF-8 stay, the rest becomes \xHH.  Always
 * terminated, never longer than dst.  Returns dst.
 */
char *sftp_escape(char *dst, size_t dstsz, const void *src, size_t len);
/* Whether the text has control characters: C0, DEL, C1 in UTF-8, and the same
 * bytes outside of UTF-8.  Other bytes do not count: names may be in any
 * charset.
 */
bool sftp_has_controls(const char *text);
/* The text with control characters as \xHH: a copy in p, or the text itself if
 * it has none.
 */
const char *sftp_printable(pool *p, const char *text);
/* Replaces control characters by '_' in place, where there is no room for more;
 * the character keep stays.
 */
void sftp_blank_controls(char *text, size_t len, char keep);
/* A shell pattern, in p, that matches only the text itself. */
const char *sftp_escape_pattern(pool *p, const char *text);

#endif /* MOD_SFTP_BASE_H */
