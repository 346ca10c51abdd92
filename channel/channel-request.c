/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* channel-request.c -- requests of a channel: env, exec, subsystem and signal
 * (RFC 4254, section 6).
 */

#include "accept-env.h"
#include "channel-int.h"
#include "forced.h"
#include "ftpd-report.h"

#define MAX_ENV 64
#define MAX_ENV_NAME 128
#define MAX_ENV_VALUE 4096

/* Limits for all channels of a connection together: they share the process's
 * environment, and every change of it uses memory permanently.
 */
#define MAX_ENV_BYTES (256 * 1024)

static const char file_transfer_only[] =
  "This service is for file transfer only (SFTP and SCP).\r\n";

static const struct sftp_service_row *find_service(
    const struct sftp_channel *ch, const char *request, const char *word,
    size_t len) {
  const struct sftp_service_row *row;

  for (row = ch->conn->services.rows; row->request != NULL; row++) {
    if (strcmp(row->request, request) == 0 && strlen(row->word) == len &&
        memcmp(row->word, word, len) == 0) {
      return row;
    }
  }

  return NULL;
}

static bool start_service(struct sftp_channel *ch,
    const struct sftp_service_row *row, const char *args) {
  struct ssh_conn *c = ch->conn;
  const char *why = "refused";

  if ((c->set->services & row->need) != row->need) {
    sftp_log("%s is not enabled (Protocols)", row->word);
    return false;
  }

  if (c->services.forced != NULL) {
    if ((row->need & c->services.forced->service) == 0) {
      sftp_log("%s refused: the key of the user forces the command '%s'",
        row->word, c->services.forced->text);
      return false;
    }

    args = c->services.forced->scp_args != NULL ?
      c->services.forced->scp_args : args;
  }

  ch->serve.starting = true;
  ch->serve.row = row;
  ch->serve.state = row->start(c, ch, ch->pool, pstrdup(ch->pool, args), &why);
  if (ch->serve.state == NULL) {
    sftp_log("unable to start %s: %s", row->word, why);
    (void) sftp_channel_write_stderr(ch, why, strlen(why));
    (void) sftp_channel_write_stderr(ch, "\r\n", 2);
    return false;
  }

  ch->serve.ops = row->ops;
  ch->in.early = sftp_queue_len(&ch->in.queue) > 0;
  return true;
}

/* A channel has only one service during its life. */
static bool is_free(const struct sftp_channel *ch) {
  return ch->serve.ops == NULL && !ch->end.finishing;
}

/* Tells the user what this server is for, and ends the channel. */
static bool explain(struct sftp_channel *ch, int status) {
  if (sftp_queue_len(&ch->out.err) == 0) {
    (void) sftp_channel_write_stderr(ch, file_transfer_only,
      sizeof(file_transfer_only) - 1);
  }

  sftp_channel_finish(ch, status);
  return true;
}

static bool request_subsystem(struct sftp_channel *ch, const char *name) {
  const struct sftp_service_row *row =
    find_service(ch, "subsystem", name, strlen(name));

  sftp_log("'subsystem' channel request for '%s' subsystem", name);
  return row != NULL && is_free(ch) && start_service(ch, row, "");
}

static bool request_exec(struct sftp_channel *ch, const char *command) {
  const struct sftp_service_row *row;
  size_t len;

  command += strspn(command, " \t");
  len = strcspn(command, " \t");
  row = find_service(ch, "exec", command, len);
  sftp_log("'exec' channel request for '%s'", command);
  if (row == NULL) {
    len = 0;
    row = find_service(ch, "exec", "", 0);
  }

  if (!is_free(ch)) {
    return false;
  }

  if (row == NULL) {
    sftp_log("unsupported exec command '%s'", command);
    return explain(ch, 127);
  }

  if (!start_service(ch, row, command + len)) {
    return explain(ch, 1);
  }

  return true;
}

static bool request_env(struct sftp_channel *ch, const char *name,
    const char *value) {
  struct sftp_channels *all = ch->conn->channels;
  size_t bytes = strlen(name) + strlen(value);

  if (*name == '\0' || strlen(name) > MAX_ENV_NAME ||
      strchr(name, '=') != NULL || strlen(value) > MAX_ENV_VALUE ||
      ch->nenv >= MAX_ENV || bytes > MAX_ENV_BYTES - all->env_bytes) {
    return false;
  }

  if (sftp_env_accepted(ch->conn->set, name)) {
    ch->nenv++;
    all->env_bytes += bytes;
    ftpd_env(ch->conn->ftpd, name, value);
    return true;
  }

  sftp_log("environment variable '%s' is prohibited by policy "
    "(SFTPAcceptEnv)", name);
  return false;
}

/* No signal is ever raised: a signal that would end a command ends the channel.
 */
static bool request_signal(struct sftp_channel *ch, const char *name) {
  static const char *const ends[] = { "ABRT", "INT", "KILL", "QUIT", "TERM",
    NULL };
  size_t i;

  for (i = 0; ends[i] != NULL; i++) {
    if (strcmp(ends[i], name) == 0) {
      sftp_log("client sent signal %s: closing channel %u", name, ch->id);
      sftp_channel_stop_service(ch);
      sftp_channel_finish(ch, -1);
      return true;
    }
  }

  return false;
}

struct request {
  const char *type;
  unsigned int ntexts;          /* strings that follow */
  bool (*run)(struct sftp_channel *ch, const char *const *text);
};

static bool run_subsystem(struct sftp_channel *ch, const char *const *text) {
  return request_subsystem(ch, text[0]);
}

static bool run_exec(struct sftp_channel *ch, const char *const *text) {
  return request_exec(ch, text[0]);
}

static bool run_env(struct sftp_channel *ch, const char *const *text) {
  return request_env(ch, text[0], text[1]);
}

static bool run_signal(struct sftp_channel *ch, const char *const *text) {
  return request_signal(ch, text[0]);
}

static bool run_shell(struct sftp_channel *ch, const char *const *text) {
  (void) text;
  sftp_log("unsupported 'shell' channel requested, ignoring");
  return is_free(ch) && explain(ch, 1);
}

static const struct request requests[] = {
  { "subsystem", 1, run_subsystem },
  { "exec", 1, run_exec },
  { "env", 2, run_env },
  { "signal", 1, run_signal },
  { "shell", 0, run_shell },
  { NULL, 0, NULL }
};

static int answer_request(struct sftp_channel *ch, bool wanted, bool ok) {
  int res = SFTP_OK;

  ch->serve.starting = false;
  if (wanted && !ch->end.close_sent) {
    res = sftp_channel_send_id(ch, ok ? SSH_MSG_CHANNEL_SUCCESS :
      SSH_MSG_CHANNEL_FAILURE);
  }

  return res;
}

static const struct request *find_request(struct sftp_str type) {
  const struct request *req = requests;

  while (req->type != NULL && !sftp_str_is(type, req->type)) {
    req++;
  }

  return req;
}

/* The texts are in p: anything needed after the message is copied. */
static int run_request(struct sftp_channel *ch, pool *p,
    const struct request *req, const char *name, struct sftp_rd *r, bool *ok) {
  const char *text[2] = { "", "" };
  unsigned int i;

  for (i = 0; i < req->ntexts; i++) {
    text[i] = sftp_rd_text(r, p);
  }

  if (req->type == NULL) {
    sftp_log("unsupported '%s' channel requested, ignoring", name);

  } else if (sftp_rd_end(r) == SFTP_OK) {
    *ok = req->run(ch, text);

  } else if (r->err != SFTP_ERR_FORMAT) {
    return sftp_fail(ch->conn, r->err, "malformed '%s' channel request", name);
  }

  return SFTP_OK;
}

int sftp_on_channel_request(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t id = sftp_rd_u32(r);
  struct sftp_str type = sftp_rd_string(r);
  bool want = sftp_rd_bool(r), ok = false;
  const struct request *req = find_request(type);
  struct sftp_channel *ch = sftp_channel_find(c, id);
  char name[64];
  pool *p;
  int res;

  if (sftp_rd_ok(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_REQUEST");
  }

  if (ch == NULL) {
    return sftp_channel_unknown(c, "CHANNEL_REQUEST", id);
  }

  sftp_escape(name, sizeof(name), type.ptr, type.len);
  p = make_sub_pool(c->pool);
  pr_pool_tag(p, "SSH channel request");
  res = run_request(ch, p, req, name, r, &ok);
  destroy_pool(p);
  if (res != SFTP_OK) {
    return res;
  }

  ftpd_ssh_cmd(c->ftpd, "CHANNEL_REQUEST", name, FTPD_SSH_MISC,
    ok || req->type == NULL);
  return answer_request(ch, want, ok);
}
