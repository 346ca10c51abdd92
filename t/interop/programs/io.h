/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* io.h -- what the programs in C share: a command per line of stdin, its
 * words percent-encoded; see README.md of t/interop. */

#ifndef MOD_SFTP_T_IO_H
#define MOD_SFTP_T_IO_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char io_buf[262144];

__attribute__((format(printf, 1, 2), noreturn))
static void fail(const char *fmt, ...) {
  va_list ap;

  fflush(stdout);
  fputs("ERROR: ", stderr);
  va_start(ap, fmt);
  vfprintf(stderr, fmt, ap);
  va_end(ap);
  fputc('\n', stderr);
  exit(1);
}

static const char *setting(const char *name) {
  const char *value = getenv(name);

  if (value == NULL) {
    fail("%s is not set", name);
  }
  return value;
}

static FILE *open_local(const char *path, const char *mode) {
  FILE *file = fopen(path, mode);

  if (file == NULL) {
    fail("%s: cannot open the local file", path);
  }
  return file;
}

static int is(char **words, const char *name) {
  return strcmp(words[0], name) == 0;
}

static void say(const char *kind, const char *text) {
  printf("%s ", kind);
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char) *text;

    printf(c > ' ' && c < 127 && c != '%' ? "%c" : "%%%02x", c);
  }
  putchar('\n');
}

static void decode(char *word) {
  char *to = word;

  for (; *word != '\0'; word++) {
    unsigned int c = (unsigned char) *word;

    if (c == '%') {
      sscanf(word + 1, "%2x", &c);
      word += 2;
    }
    *to++ = (char) c;
  }
  *to = '\0';
}

static void commands(void (*run)(char **words)) {
  char line[16384];

  while (fgets(line, sizeof(line), stdin) != NULL) {
    char *words[5] = { NULL, NULL, NULL, NULL, NULL }, *next = line;
    int i;

    line[strcspn(line, "\n")] = '\0';
    for (i = 0; i < 4 && next != NULL; i++) {
      words[i] = strsep(&next, " ");
    }
    for (i = 0; i < 4 && words[i] != NULL; i++) {
      decode(words[i]);
    }
    run(words);
    fflush(stdout);
  }
}

#endif
