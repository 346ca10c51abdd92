/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* exec.c -- the service: a command line, one command after the other. */

#include "exec-commands.h"
#include "path.h"
#include "ftpd-tree.h"
#include "ftpd-user.h"

/* The services of Protocols that allow a command: date has a separate word. */
#define ANY_FILES (SFTP_SERVICE_FL_SFTP|SFTP_SERVICE_FL_SCP)

/* The bit of a command in the directive is its position in the table. */
static const struct exec_row rows[] = {
  { "md5sum",    ANY_FILES, sftp_exec_run_sum },
  { "sha1sum",   ANY_FILES, sftp_exec_run_sum },
  { "sha256sum", ANY_FILES, sftp_exec_run_sum },
  { "sha512sum", ANY_FILES, sftp_exec_run_sum },
  { "df",        ANY_FILES, sftp_exec_run_df },
  { "date",      SFTP_SERVICE_FL_DATE, sftp_exec_run_date },
  { "pwd",       ANY_FILES, sftp_exec_run_pwd },
  { "cd",        ANY_FILES, sftp_exec_run_cd },
  { "echo",      ANY_FILES, sftp_exec_run_echo },
  { "true",      ANY_FILES, sftp_exec_run_true },
  { "test",      ANY_FILES, sftp_exec_run_test },
  { "id",        ANY_FILES, sftp_exec_run_id }
};

_Static_assert(SFTP_NELEMS(rows) <= 32, "a bit for each row");

bool sftp_exec_switch(size_t i, struct sftp_switch *s) {
  if (i >= SFTP_NELEMS(rows)) {
    return false;
  }

  s->word = rows[i].name;
  s->bit = 1UL << i;
  s->off = false;
  return true;
}

static const struct exec_row *find_row(const struct exec *e, const char *name,
    size_t len) {
  const struct sftp_settings *set = e->conn->set;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0) {
      return (set->exec_commands & 1UL << i) != 0 &&
        (set->services & rows[i].services) != 0 ? &rows[i] : NULL;
    }
  }

  return NULL;
}

/* ---- Output */

void sftp_exec_out(struct exec *e, const void *p, size_t n) {
  if (e->command->to_pipe) {
    sftp_wr_bytes(&e->pipe_out, p, n);

  } else if (!e->command->quiet_out && e->err == SFTP_OK) {
    e->err = sftp_channel_write(e->ch, p, n);
  }
}

void sftp_exec_printf(struct exec *e, const char *fmt, ...) {
  char text[1024];
  va_list ap;
  int n;

  va_start(ap, fmt);
  n = vsnprintf(text, sizeof(text), fmt, ap);
  va_end(ap);
  if (n > 0) {
    sftp_exec_out(e, text, (size_t) n < sizeof(text) ? (size_t) n :
      sizeof(text) - 1);
  }
}

/* "name: text" and a line feed, without control characters. */
static void complain(struct exec *e, const char *name, const char *text) {
  char shown[2048];
  size_t n = 0;

  sftp_escape(shown, sizeof(shown) - 1, name, strlen(name));
  n = strlen(shown);
  n += (size_t) snprintf(shown + n, sizeof(shown) - n, ": ");
  if (n < sizeof(shown) - 1) {
    sftp_escape(shown + n, sizeof(shown) - n - 1, text, strlen(text));
  }

  sftp_log("exec: %s", shown);
  n = strlen(shown);
  shown[n++] = '\n';
  if (e->command != NULL && e->command->quiet_err) {
    return;
  }

  if (e->command != NULL && e->command->err_to_out) {
    sftp_exec_out(e, shown, n);

  } else {
    (void) sftp_channel_write_stderr(e->ch, shown, n);
  }
}

void sftp_exec_complain(struct exec *e, const char *fmt, ...) {
  char text[2048];
  va_list ap;

  va_start(ap, fmt);
  (void) vsnprintf(text, sizeof(text), fmt, ap);
  va_end(ap);
  complain(e, e->row->name, text);
}

const char *sftp_exec_quote(struct exec *e, const char *name) {
  const char *c;

  for (c = name; *c != '\0'; c++) {
    if (strchr(" \t\n'\"\\$`;&|<>()*?[]{}#~!", *c) != NULL) {
      return pstrcat(e->cmd_pool, "'", name, "'", (char *) NULL);
    }
  }

  return *name != '\0' ? name : "''";
}

const char *sftp_exec_reason(struct exec *e, int err, const char *refused) {
  const char *text = strerror(err == EPERM && refused != NULL ? EACCES : err);

  return refused == NULL || *refused == '\0' ? text :
    pstrcat(e->cmd_pool, text, " (", refused, ")", (char *) NULL);
}

const char *sftp_exec_path(struct exec *e, const char *path) {
  return sftp_path_from(e->cmd_pool, e->cwd, path);
}

/* ---- Words */

static const char *variable(void *arg, const char *name) {
  struct exec *e = arg;

  return strcmp(name, "HOME") == 0 ? ftpd_home(e->ftpd, e->pool, "") :
    strcmp(name, "PWD") == 0 ? e->cwd :
    strcmp(name, "USER") == 0 || strcmp(name, "LOGNAME") == 0 ?
    ftpd_user(e->ftpd) : NULL;
}

static void add_word(struct exec *e, const char *word) {
  *((const char **) push_array(e->args)) = word;
}

/* Adds the matches of a pattern, in the pattern's form.  A pattern without a
 * match is a name, as in a shell.
 */
static void add_matches(struct exec *e, const struct exec_word *w,
    const char *full, size_t skip, const char **found) {
  if (found[0] == NULL ||
      (found[1] == NULL && strcmp(found[0], full) == 0)) {
    add_word(e, w->text);
    return;
  }

  for (; *found != NULL; found++) {
    add_word(e, pstrdup(e->cmd_pool, strlen(*found) > skip ? *found + skip :
      *found));
  }
}

/* 1: the word's matches are complete; 0: not yet; -1: errno. */
static int match(struct exec *e, const struct exec_word *w) {
  size_t skip = *w->pattern == '/' ? 0 : strlen(sftp_path_join(e->cmd_pool,
    e->cwd, ""));
  const char *full = sftp_path_from(e->cmd_pool,
    sftp_escape_pattern(e->cmd_pool, e->cwd), w->pattern);
  const char **found;
  int res;

  if (e->matched) {
    return 0;
  }

  if (e->glob == NULL) {
    e->glob = ftpd_glob_begin(e->ftpd, e->cmd_pool, full);
    if (e->glob == NULL) {
      return -1;
    }
  }

  res = ftpd_glob_step(e->glob, &found);
  if (res == 1) {
    e->matched = true;
    add_matches(e, w, full, skip, found);
    ftpd_glob_end(e->glob);
    e->glob = NULL;
  }

  return res;
}

/* The same for all words of the command. */
static int make_argv(struct exec *e) {
  const struct exec_command *c = e->command;
  int res = 1;

  if (e->args == NULL) {
    e->args = make_array(e->cmd_pool, c->nwords + 1, sizeof(char *));
  }

  while (res == 1 && e->nargs < c->nwords) {
    const struct exec_word *w = &c->words[e->nargs];

    if (e->nargs == 0 || w->pattern == NULL) {
      add_word(e, w->text);

    } else {
      res = match(e, w);
    }

    e->nargs += res == 1;
  }

  if (res == 1) {
    e->argc = (unsigned int) e->args->nelts;
    add_word(e, NULL);
    e->argv = e->args->elts;
  }

  return res;
}

/* ---- One command after the other */

static void finish_line(struct exec *e, int status) {
  if (!e->done) {
    e->done = true;
    sftp_channel_finish(e->ch, status);
  }
}

/* The output of the previous command is the input of this one. */
static void pass_pipe(struct exec *e) {
  e->pipe = e->command->when == EXEC_PIPED;
  e->pipe_in = e->pipe_out;
  sftp_wr_init(&e->pipe_out, e->pool, 256, EXEC_PIPE_MAX);
}

static int not_found(struct exec *e, const char *name) {
  complain(e, name, "command not found (this service is for file transfer "
    "only)");
  return 127;
}

/* Whether the status of the previous command lets this one run; the members of
 * a pipe share the decision about the first.
 */
static bool is_wanted(const struct exec *e, const struct exec_command *c,
    bool before) {
  return c->when == EXEC_PIPED ? before :
    c->when == EXEC_IF_OK ? e->status == 0 :
    c->when == EXEC_IF_FAILED ? e->status != 0 : true;
}

/* Begins the next command that has to run; false if there is none. */
static bool begin_command(struct exec *e) {
  bool wanted = e->next == 0 || e->command != NULL;
  const struct exec_command *c;

  for (;;) {
    if (e->next == e->line.ncommands) {
      e->command = NULL;
      return false;
    }

    c = &e->line.commands[e->next++];
    wanted = is_wanted(e, c, wanted);
    if (wanted) {
      break;
    }
  }

  e->command = c;
  e->cmd_pool = make_sub_pool(e->pool);
  pr_pool_tag(e->cmd_pool, "SSH exec command");
  pass_pipe(e);
  e->row = find_row(e, c->words[0].text, strlen(c->words[0].text));
  return true;
}

static void end_command(struct exec *e, int status) {
  if (e->stop != NULL) {
    e->stop(e);
  }

  if (sftp_wr_end(&e->pipe_out) != SFTP_OK) {
    complain(e, "exec", "too much output for a pipe");
    status = 1;
  }

  e->status = status;
  e->row = NULL;
  e->argv = NULL;
  e->args = NULL;
  e->nargs = 0;
  e->glob = NULL;               /* freed with the pool */
  e->state = NULL;
  e->stop = NULL;
  destroy_pool(e->cmd_pool);
  e->cmd_pool = NULL;
}

/* The input of a command: a pipe's, none, or the client's data. */
static void offer_pipe(struct exec *e) {
  if (e->pipe || e->command->no_input) {
    e->in = e->pipe ? e->pipe_in.ptr : NULL;
    e->in_len = e->pipe ? e->pipe_in.len : 0;
    e->in_end = true;

  } else if (e->input_ended) {
    e->in_end = true;
  }
}

/* The exit status of a command that shells could not start. */
#define NOT_STARTED 126

static int run_command(struct exec *e) {
  int res;

  if (e->row == NULL) {
    return not_found(e, e->command->words[0].text);
  }

  if (e->argv == NULL) {
    res = make_argv(e);
    if (res < 0) {
      sftp_exec_complain(e, "%s: %s", sftp_exec_quote(e,
        e->command->words[e->nargs].text), strerror(errno));
    }

    if (res != 1) {
      return res == 0 ? EXEC_MORE : NOT_STARTED;
    }

    offer_pipe(e);
  }

  return e->row->run(e);
}

static void go_on(struct exec *e) {
  e->matched = false;
  while (!e->done && e->err == SFTP_OK) {
    int status;

    if (sftp_channel_room(e->ch) == 0) {
      return;
    }

    if (e->cmd_pool == NULL && !begin_command(e)) {
      finish_line(e, e->status);
      return;
    }

    e->waiting = false;
    status = run_command(e);
    if (!e->pipe) {
      e->in = NULL;             /* used, or not needed */
      e->in_len = 0;
    }

    if (status == EXEC_MORE) {
      sftp_channel_again(e->ch);
      return;
    }

    if (status == EXEC_INPUT) {
      e->waiting = true;
      return;
    }

    e->in_end = false;
    end_command(e, status);
  }
}

/* ---- The service */

static ssize_t exec_input(void *svc, const unsigned char *p, size_t len) {
  struct exec *e = svc;

  if (e->done) {
    return (ssize_t) len;
  }

  if (!e->waiting || len == 0) {
    return 0;
  }

  e->in = p;
  e->in_len = len;
  go_on(e);
  return e->err != SFTP_OK ? e->err : (ssize_t) len;
}

static int exec_flush(void *svc) {
  (void) svc;
  return SFTP_OK;
}

static int exec_ready(void *svc) {
  struct exec *e = svc;

  if (!e->waiting) {
    go_on(e);
  }

  return e->err;
}

static int exec_eof(void *svc) {
  struct exec *e = svc;

  e->input_ended = true;
  if (e->waiting) {
    e->in_end = true;
    go_on(e);
  }

  return e->err;
}

static void exec_close(void *svc) {
  struct exec *e = svc;

  e->done = true;
  if (e->cmd_pool != NULL) {
    if (e->stop != NULL) {
      e->stop(e);
    }

    destroy_pool(e->cmd_pool);
    e->cmd_pool = NULL;
  }
}

static size_t exec_missing(void *svc) {
  (void) svc;
  return 0;
}

const struct sftp_service sftp_exec_service = {
  .name = "exec",
  .input = exec_input,
  .flush = exec_flush,
  .ready = exec_ready,
  .eof = exec_eof,
  .close = exec_close,
  .missing = exec_missing
};

void *sftp_exec_start(struct ssh_conn *c, struct sftp_channel *ch, pool *p,
    const char *args, const char **why) {
  struct exec *e;
  size_t len;

  if ((c->set->services & (SFTP_SERVICE_FL_SFTP|SFTP_SERVICE_FL_SCP|
       SFTP_SERVICE_FL_DATE)) == 0) {
    *why = "commands are not enabled (Protocols)";
    return NULL;
  }

  e = pcalloc(p, sizeof(*e));
  e->conn = c;
  e->ftpd = c->ftpd;
  e->ch = ch;
  e->pool = p;
  e->cwd = ftpd_cwd(c->ftpd);
  sftp_wr_init(&e->pipe_out, p, 256, EXEC_PIPE_MAX);
  args += strspn(args, " \t");
  len = strcspn(args, " \t\n;&|<>()");
  if (sftp_exec_line_parse(p, args, variable, e, &e->line) != SFTP_OK) {
    const char *name = pstrndup(p, args, len);

    if (len > 0 && find_row(e, args, len) != NULL) {
      complain(e, name, e->line.why);
      finish_line(e, 1);

    } else {
      finish_line(e, not_found(e, len > 0 ? name : "exec"));
    }

    return e;
  }

  go_on(e);
  return e;
}
