/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* check.h -- what the files of sftp-check share. */

#ifndef MOD_SFTP_CHECK_H
#define MOD_SFTP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct check {
  unsigned int secs;
  char **words;                 /* NULL: it refuses */
};

struct upload_check_question;

/* ---- words.c */

/* text: words, each with its NUL.  False: it is not, or there is no memory. */
bool check_words_take(struct check *check, const char *text, size_t len);
/* The words about an upload; NULL: there is no memory. */
char **check_words_fill(char *const *words,
  const struct upload_check_question *q);
void check_words_free(char **words);

/* ---- serve.c */

/* Until the session ends. */
void check_serve(const struct check *checks, uint32_t n);

/* ---- run.c */

struct check_run {
  const char *path;
  char *const *argv;
  int in;                       /* its stdin */
  int until;                    /* a connection whose end ends it */
  unsigned int secs;            /* the time that it has */
};

struct check_output {
  char text[65536];             /* len bytes; more end the program */
  size_t len;
  char err[1024];               /* the beginning of its stderr */
  size_t errlen;
  int status;                   /* of its exit */
};

/* What a process that runs programs needs once. */
void check_run_init(void);
/* Runs a program to its end.  NULL if it exited in time, otherwise why it did
 * not.
 */
const char *check_run(const struct check_run *r, struct check_output *o);

#endif /* MOD_SFTP_CHECK_H */
