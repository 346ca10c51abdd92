/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-passphrase.c -- passphrases of host keys: from the program that
 * SFTPPassPhraseProvider names, or from the terminal.
 */

#include "ftpd-hostkeys.h"
#include "ftpd-run.h"

#include <termios.h>

#define PROVIDER_TIMEOUT_MS 10000
#define PASSPHRASE_MAX 1024

/* A passphrase is text: bytes after a NUL would be ignored. */
static char *text_of(pool *p, const char *bytes, size_t len,
    const char **why) {
  char *text;

  if (memchr(bytes, '\0', len) != NULL) {
    *why = "the passphrase has a NUL in it";
    return NULL;
  }

  text = pcalloc(p, len + 1);
  memcpy(text, bytes, len);
  return text;
}

/* Runs the provider; its stdout without line end, or NULL. */
static char *from_provider(pool *p, server_rec *s, const char *program,
    const char *path, const char **why) {
  struct ftpd_run r = { .path = program, .timeout_ms = PROVIDER_TIMEOUT_MS,
    .out_max = PASSPHRASE_MAX - 1, .any_status = true };
  struct ftpd_output o;
  char *argv[4], port[16], *res = NULL;
  const char *wrong;

  snprintf(port, sizeof(port), ":%u", s->ServerPort);
  argv[0] = pstrdup(p, program);
  argv[1] = pstrcat(p, s->ServerName, port, NULL);
  argv[2] = pstrdup(p, path);
  argv[3] = NULL;
  r.argv = argv;
  wrong = ftpd_run(p, &r, &o);

  if (o.errlen > 0) {
    char line[sizeof(o.err) * 4 + 1];

    pr_log_debug(DEBUG5, MOD_SFTP_VERSION ": stderr from '%s': %s", program,
      sftp_escape(line, sizeof(line), o.err, o.errlen));
  }

  if (wrong == NULL) {
    while (o.len > 0 && (o.text[o.len - 1] == '\n' ||
        o.text[o.len - 1] == '\r')) {
      o.len--;
    }

    res = text_of(p, o.text, o.len, why);

  } else {
    *why = pstrcat(p, "SFTPPassPhraseProvider '", program, "' failed: ", wrong,
      NULL);
  }

  sftp_wipe(o.text, o.size);
  return res;
}

/* A line without its end; its length, or -1. */
static ssize_t read_line(int fd, char *line, size_t size, const char **why) {
  size_t len = 0;
  ssize_t n;

  while (len < size) {
    n = read(fd, line + len, 1);
    if (n < 0 && errno == EINTR) {
      continue;
    }

    if (n <= 0) {
      *why = n < 0 ? strerror(errno) : "there was no passphrase";
      return -1;
    }

    if (line[len] == '\n') {
      return (ssize_t) len;
    }

    len++;
  }

  *why = "the passphrase is too long";
  return -1;
}

/* Asks at the terminal, with echo off. */
static char *from_terminal(pool *p, server_rec *s, const char *path,
    int attempt, const char **why) {
  struct termios old, quiet;
  char line[PASSPHRASE_MAX], *res = NULL;
  ssize_t len;
  int tty;

  tty = open("/dev/tty", O_RDWR|O_NOCTTY|O_CLOEXEC);
  if (tty < 0 || tcgetattr(tty, &old) < 0) {
    *why = "it has a passphrase, and there is neither an "
      "SFTPPassPhraseProvider nor a terminal to ask at";
    if (tty >= 0) {
      (void) close(tty);
    }

    return NULL;
  }

  quiet = old;
  quiet.c_lflag &= (tcflag_t) ~(ECHO|ECHOE|ECHOK|ECHONL);
  (void) tcsetattr(tty, TCSAFLUSH, &quiet);

  dprintf(tty, "%sPassphrase of %s\nHost key for the %s#%u (%s) server: ",
    attempt > 1 ? "Wrong passphrase, try again.\n" : "", path,
    pr_netaddr_get_ipstr(s->addr), s->ServerPort, s->ServerName);

  len = read_line(tty, line, sizeof(line), why);
  (void) tcsetattr(tty, TCSAFLUSH, &old);
  dprintf(tty, "\n");
  (void) close(tty);

  if (len >= 0) {
    res = text_of(p, line, (size_t) len, why);
  }

  sftp_wipe(line, sizeof(line));
  return res;
}

char *ftpd_passphrase(pool *p, server_rec *s, const char *path, int attempt,
    const char **why) {
  const char *program = get_param_ptr(main_server->conf,
    "SFTPPassPhraseProvider", FALSE);

  return program != NULL ? from_provider(p, s, program, path, why) :
    from_terminal(p, s, path, attempt, why);
}
