/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* serve.c -- questions about uploads, and their answers. */

#include "check.h"
#include "program.h"
#include "upload-check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCK UPLOAD_CHECK_SOCK

static struct check_output output;

/* ---- Answers */

/* The first line that has text, without blanks around it. */
static void take_line(char *to, size_t max, const char *text, size_t len) {
  size_t n = 0;

  while (len > 0 && strchr(" \t\r\n", *text) != NULL) {
    text++;
    len--;
  }

  while (n < len && n + 1 < max && text[n] != '\n' && text[n] != '\0') {
    to[n] = text[n];
    n++;
  }

  while (n > 0 && strchr(" \t\r", to[n - 1]) != NULL) {
    n--;
  }

  to[n] = '\0';
}

static void judge(struct upload_check_answer *a) {
  take_line(a->line, sizeof(a->line), output.text, output.len);
  if (*a->line == '\0') {
    take_line(a->line, sizeof(a->line), output.err, output.errlen);
  }

  a->accepted = output.status == 0;
  if (!a->accepted && *a->line == '\0') {
    snprintf(a->line, sizeof(a->line), "exit status %d", output.status);
  }
}

static void run_check(const struct check *check,
    const struct upload_check_question *q, int fd,
    struct upload_check_answer *a) {
  struct check_run r = { .in = fd, .until = SOCK, .secs = check->secs };
  char text[PATH_MAX + 128], **words = NULL;
  const char *why = text;

  if (check->words == NULL) {
    why = "it is not run for a user of this name";

  /* It was checked when the server started; that may be long ago. */
  } else if (sftp_program_is_safe(check->words[0], text, sizeof(text))) {
    words = check_words_fill(check->words, q);
    r.path = check->words[0];
    r.argv = words;
    why = words != NULL ? check_run(&r, &output) : strerror(ENOMEM);
  }

  check_words_free(words);
  if (why == NULL) {
    judge(a);

  } else {
    snprintf(a->line, sizeof(a->line), "the check failed: %.400s", why);
  }
}

/* ---- Questions */

/* The question and its file: 1, 0 if it makes no sense, or -1 at the end. */
static int read_question(uint32_t nchecks, struct upload_check_question *q,
    int *fd) {
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec iov = { .iov_base = q, .iov_len = sizeof(*q) };
  struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
    .msg_control = control, .msg_controllen = CMSG_LEN(sizeof(int)) };
  const size_t head = offsetof(struct upload_check_question, path);
  struct cmsghdr *c;
  ssize_t n;

  *fd = -1;
  do {
    n = recvmsg(SOCK, &msg, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);

  if (n <= 0) {
    return -1;
  }

  c = CMSG_FIRSTHDR(&msg);
  if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
      c->cmsg_len == CMSG_LEN(sizeof(int))) {
    memcpy(fd, CMSG_DATA(c), sizeof(int));
  }

  return (size_t) n > head && *fd > SOCK && q->which < nchecks &&
    memchr(q->path, '\0', (size_t) n - head) != NULL;
}

void check_serve(const struct check *checks, uint32_t n) {
  struct upload_check_question q;
  struct upload_check_answer a;
  int fd, res;

  while ((res = read_question(n, &q, &fd)) >= 0) {
    memset(&a, 0, sizeof(a));
    if (res > 0) {
      a.id = q.id;
      run_check(&checks[q.which], &q, fd, &a);
    }

    if (fd >= 0) {
      (void) close(fd);
    }

    if (send(SOCK, &a, sizeof(a), MSG_NOSIGNAL) < 0) {
      return;
    }
  }
}
