/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp.c -- shared by both directions, and the service itself. */

#include "ftpd-gate.h"
#include "ftpd-report.h"
#include "ftpd-user.h"
#include "scp-answer.h"
#include "scp-sink.h"
#include "scp-source.h"
#include "path.h"

/* ---- Names */

const char *scp_absolute(struct scp *s, pool *p, const char *path) {
  return sftp_path_from(p, ftpd_cwd(s->ftpd), path);
}

const char *scp_join(pool *p, const char *dir, const char *name) {
  const char *path = sftp_path_join(p, dir, name);

  if (strlen(path) >= PATH_MAX) {
    errno = ENAMETOOLONG;
    return NULL;
  }

  return path;
}

const char *scp_word_path(struct scp *s, pool *p, const struct scp_word *w) {
  const char *rest, *home;

  if (!w->tilde || w->text[0] != '~') {
    return w->text;
  }

  rest = w->text + 1 + strcspn(w->text + 1, "/");
  home = ftpd_home(s->ftpd, p,
    pstrndup(p, w->text + 1, (size_t) (rest - w->text - 1)));
  if (home == NULL) {
    return w->text;
  }

  return pstrcat(p, strcmp(home, "/") == 0 && *rest == '/' ? "" : home, rest,
    NULL);
}

const char *scp_reason(pool *p, int err, const char *refused) {
  const char *text = strerror(err);

  if (refused == NULL) {
    return text;
  }

  /* Rules use EPERM and EACCES, which mean the same to the client. */
  if (err == EPERM) {
    text = strerror(EACCES);
  }

  return pstrcat(p, text, " (", refused, ")", NULL);
}

void scp_op_end(struct ftpd_op *op, int err) {
  /* The codes of SFTP (filexfer-02, section 7): OK and FAILURE. */
  ftpd_op_end(op, err, err == 0 ? 0 : 4,
    err == 0 ? "OK" : scp_reason(op->pool, err, op->refused));
}

void scp_op_refuse(struct scp *s, pool *p, enum ftpd_request req,
    const char *path, int err) {
  struct ftpd_op op;

  ftpd_op_begin(s->ftpd, &op, p, req, scp_absolute(s, p, path));
  scp_op_end(&op, err);
}

/* ---- Talking */

int scp_say_ok(struct scp *s) {
  return sftp_channel_write(s->ch, "", 1);
}

/* Byte kind, "scp: ", the text without characters that end a record, LF. */
static int say(struct scp *s, unsigned char kind, const char *path,
    const char *reason) {
  char text[PATH_MAX + SCP_TEXT_MAX], shown[PATH_MAX], why[SCP_TEXT_MAX];
  int len;

  sftp_escape(shown, sizeof(shown), path, strlen(path));
  sftp_escape(why, sizeof(why), reason, strlen(reason));
  s->errors++;
  sftp_log("scp: %s%s%s", shown, *shown != '\0' ? ": " : "", why);

  len = snprintf(text, sizeof(text) - 1, "%cscp: %s%s%s", kind, shown,
    *shown != '\0' ? ": " : "", why);
  if (len < 0) {
    return SFTP_ERR_FORMAT;
  }

  if ((size_t) len >= sizeof(text) - 1) {
    len = sizeof(text) - 2;
  }

  text[len++] = '\n';
  return sftp_channel_write(s->ch, text, (size_t) len);
}

int scp_say_error(struct scp *s, const char *path, const char *reason) {
  return say(s, 1, path, reason);
}

int scp_say_fatal(struct scp *s, const char *reason) {
  int res = say(s, 2, "", reason);

  scp_finish(s);
  return res;
}

void scp_heard(struct scp *s, const char *text, size_t len) {
  s->errors++;
  sftp_log("scp: client says: %.*s", (int) len, text);
}

void scp_finish(struct scp *s) {
  if (s->done) {
    return;
  }

  s->done = true;
  sftp_channel_finish(s->ch, s->errors > 0 ? 1 : 0);
}

bool scp_orderly(const struct scp *s) {
  return s->conn->failure.err == SFTP_OK && !s->conn->peer.gone;
}

/* ---- Listening */

size_t scp_answer_read(struct scp_answer *a, const unsigned char *p,
    size_t len, enum scp_said *said) {
  size_t used = 0;

  *said = SCP_SAID_NOTHING;
  if (len == 0) {
    return 0;
  }

  if (a->kind == 0) {
    if (p[0] == 0) {
      *said = SCP_SAID_YES;
      return 1;
    }

    a->len = 0;
    a->kind = p[0] == 1 ? 1 : 2;
    if (p[0] > 2) {
      a->text[a->len++] = (char) p[0];  /* a text without its mark */
    }

    used = 1;
  }

  for (; used < len; used++) {
    if (p[used] == '\n') {
      *said = a->kind == 1 ? SCP_SAID_NO : SCP_SAID_STOP;
      a->kind = 0;
      return used + 1;
    }

    if (a->len < sizeof(a->text)) {
      a->text[a->len++] = (char) p[used];
    }
  }

  return used;
}

/* ---- The service */

/* All input of the client was used. */
static int at_end(struct scp *s) {
  if (!s->input_ended || s->input_left || s->done) {
    return SFTP_OK;
  }

  return s->sink != NULL ? scp_sink_eof(s) : scp_source_eof(s);
}

static ssize_t scp_input(void *svc, const unsigned char *p, size_t len) {
  struct scp *s = svc;
  ssize_t used;
  int res;

  if (s->done) {
    return (ssize_t) len;
  }

  used = s->sink != NULL ? scp_sink_input(s, p, len) :
    scp_source_input(s, p, len);
  if (used < 0) {
    return used;
  }

  if (s->done) {
    return (ssize_t) len;
  }

  s->input_left = (size_t) used < len;
  res = at_end(s);
  return res != SFTP_OK ? res : used;
}

static int scp_flush(void *svc) {
  struct scp *s = svc;

  return s->sink != NULL ? scp_sink_flush(s) : SFTP_OK;
}

static int scp_ready(void *svc) {
  struct scp *s = svc;
  int res;

  if (s->source == NULL || s->done) {
    return SFTP_OK;
  }

  res = scp_source_ready(s);
  return res != SFTP_OK ? res : at_end(s);
}

static int scp_eof(void *svc) {
  struct scp *s = svc;

  s->input_ended = true;
  return at_end(s);
}

static void scp_close(void *svc) {
  struct scp *s = svc;

  if (s->sink != NULL) {
    scp_sink_close(s);

  } else {
    scp_source_close(s);
  }

  s->done = true;
  ftpd_event(s->ftpd, "mod_sftp.scp.session-closed", NULL);
  ftpd_set_protocol(s->ftpd, "ssh2");
}

static size_t scp_missing(void *svc) {
  struct scp *s = svc;

  return s->sink != NULL && !s->done ? scp_sink_missing(s) : 0;
}

const struct sftp_service sftp_scp_service = {
  .name = "scp",
  .input = scp_input,
  .flush = scp_flush,
  .ready = scp_ready,
  .eof = scp_eof,
  .close = scp_close,
  .missing = scp_missing
};

void *sftp_scp_start(struct ssh_conn *c, struct sftp_channel *ch, pool *p,
    const char *args, const char **why) {
  struct scp *s = pcalloc(p, sizeof(*s));
  int res;

  s->conn = c;
  s->ftpd = c->ftpd;
  s->ch = ch;
  s->pool = p;

  SFTP_TRACE(TRACE_SCP, 7, "scp %s", args);
  if (scp_args_parse(p, args, &s->args, why) != SFTP_OK) {
    return NULL;
  }

  ftpd_set_protocol(s->ftpd, "scp");
  ftpd_event(s->ftpd, "mod_sftp.scp.session-opened", NULL);

  res = s->args.sink ? scp_sink_start(s) : scp_source_start(s);
  if (res != SFTP_OK) {
    scp_close(s);
    *why = sftp_strerror(res);
    return NULL;
  }

  return s;
}
