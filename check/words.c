/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* words.c -- the words of a check: they come as one text, and an upload's path
 * and size are filled in later.
 */

#include "check.h"
#include "upload-check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool check_words_take(struct check *check, const char *text, size_t len) {
  size_t n = 0, i;
  const char *at;

  for (i = 0; i < len; i++) {
    n += text[i] == '\0';
  }

  if (n == 0) {
    return len == 0;
  }

  check->words = calloc(n + 1, sizeof(check->words[0]));
  for (at = text, i = 0; check->words != NULL && i < n; i++) {
    check->words[i] = strdup(at);
    if (check->words[i] == NULL) {
      return false;
    }

    at += strlen(at) + 1;
  }

  return check->words != NULL && text[len - 1] == '\0';
}

static char *fill_word(const char *word, const char *path, const char *size) {
  size_t tokens = 0;
  const char *at;
  char *res, *to;

  for (at = word; *at != '\0'; at++) {
    tokens += *at == UPLOAD_CHECK_PATH || *at == UPLOAD_CHECK_SIZE;
  }

  res = to = malloc(strlen(word) + tokens * (strlen(path) + strlen(size)) + 1);
  if (res == NULL) {
    return NULL;
  }

  for (at = word; *at != '\0'; at++) {
    if (*at == UPLOAD_CHECK_PATH) {
      to = stpcpy(to, path);

    } else if (*at == UPLOAD_CHECK_SIZE) {
      to = stpcpy(to, size);

    } else {
      *to++ = *at;
    }
  }

  *to = '\0';
  return res;
}

void check_words_free(char **words) {
  size_t i;

  for (i = 0; words != NULL && words[i] != NULL; i++) {
    free(words[i]);
  }

  free(words);
}

char **check_words_fill(char *const *words,
    const struct upload_check_question *q) {
  char size[24], **res;
  size_t n = 0, i;

  while (words[n] != NULL) {
    n++;
  }

  snprintf(size, sizeof(size), "%lld", (long long) q->size);
  res = calloc(n + 1, sizeof(*res));
  for (i = 0; res != NULL && i < n; i++) {
    res[i] = fill_word(words[i], q->path, size);
    if (res[i] == NULL) {
      check_words_free(res);
      res = NULL;
    }
  }

  return res;
}
