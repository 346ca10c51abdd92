/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-controls-explain.c -- ftpdctl sftp explain: its words, and its answer
 * from a child of the daemon.
 */

#include "ftpd-controls-int.h"
#include "ftpd-explain.h"
#include "ftpd-run.h"

#include "ftpd-lines.h"

#ifdef PR_USE_CTRLS

/* The daemon waits for no longer. */
#define EXPLAIN_MS 5000
#define EXPLAIN_MAX 65536
#define WORD_MAX 240            /* bytes */
#define WORDS_MAX 9

static int refuse_word(pr_ctrls_t *ctrl, const char *what, const char *word,
    const char *accepted) {
  (void) pr_ctrls_add_response(ctrl, "%s '%s': expected %s", what,
    sftp_printable(ctrl->ctrls_tmp_pool, word), accepted);
  return -1;
}

static bool are_short(int argc, char **argv) {
  int i;

  for (i = 0; i < argc; i++) {
    if (argv[i][0] == '\0' || strlen(argv[i]) > WORD_MAX) {
      return false;
    }
  }

  return argc <= WORDS_MAX;
}

/* "from ADDRESS" and "server SERVER", in pairs. */
static int take_options(pr_ctrls_t *ctrl, struct explain_request *q, int argc,
    char **argv) {
  const char *from = "127.0.0.1", *server = NULL;
  int i;

  for (i = 0; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "from") == 0) {
      from = argv[i + 1];

    } else if (strcmp(argv[i], "server") == 0) {
      server = argv[i + 1];

    } else {
      return CONTROL_USAGE;
    }
  }

  if (i != argc) {
    return CONTROL_USAGE;
  }

  /* Names would be looked up, which takes a while. */
  q->from = pr_netaddr_is_v4(from) == TRUE || pr_netaddr_is_v6(from) == TRUE ?
    pr_netaddr_get_addr(ctrl->ctrls_tmp_pool, from, NULL) : NULL;
  if (q->from == NULL) {
    return refuse_word(ctrl, "from", from, "an address");
  }

  q->server = ftpd_control_server(server);
  return q->server != NULL ? 0 : ftpd_control_no_server(ctrl);
}

static int take_words(pr_ctrls_t *ctrl, struct explain_request *q, int argc,
    char **argv) {
  int n = 4;

  if (argc < n) {
    return CONTROL_USAGE;
  }

  q->user = argv[0];
  q->scp = strcmp(argv[1], "scp") == 0;
  if (!q->scp && strcmp(argv[1], "sftp") != 0) {
    return refuse_word(ctrl, "protocol", argv[1], "sftp or scp");
  }

  q->req = ftpd_explain_find(argv[2], q->scp, &q->effects);
  if (q->req == FTPD_NREQUESTS) {
    return refuse_word(ctrl, "operation", argv[2],
      ftpd_explain_words(ctrl->ctrls_tmp_pool, q->scp));
  }

  q->path = argv[3];
  if (ftpd_explain_two(q->req)) {
    if (argc < ++n) {
      return CONTROL_USAGE;
    }

    q->path2 = argv[4];
  }

  return take_options(ctrl, q, argc - n, argv + n);
}

static void tell_lines(pr_ctrls_t *ctrl, const struct ftpd_output *o) {
  char *text = pstrndup(ctrl->ctrls_tmp_pool, o->text, o->len), *line;

  while ((line = strsep(&text, "\n")) != NULL) {
    if (*line != '\0') {
      (void) pr_ctrls_add_response(ctrl, "%s", line);
    }
  }
}

int ftpd_control_child(pr_ctrls_t *ctrl, void (*call)(void *data),
    void *data) {
  struct ftpd_run r = { .call = call, .data = data, .timeout_ms = EXPLAIN_MS,
    .out_max = EXPLAIN_MAX };
  struct ftpd_output o;
  const char *why = ftpd_run(ctrl->ctrls_tmp_pool, &r, &o);

  tell_lines(ctrl, &o);
  if (why != NULL) {
    (void) pr_ctrls_add_response(ctrl, "unknown: the look has failed: %s",
      why);
    return -1;
  }

  return 0;
}

int ftpd_control_explain(pr_ctrls_t *ctrl, int argc, char **argv) {
  struct explain_request q = { 0 };
  int res;

  if (!are_short(argc, argv)) {
    (void) pr_ctrls_add_response(ctrl, "too many words, or one that is empty "
      "or longer than %d bytes", WORD_MAX);
    return -1;
  }

  res = take_words(ctrl, &q, argc, argv);
  return res < 0 ? res : ftpd_control_child(ctrl, ftpd_explain_child, &q);
}

#endif /* PR_USE_CTRLS */
