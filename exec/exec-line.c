/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* exec-line.c -- the command line of an "exec" request.  It supports a part of
 * a shell's grammar; a line with anything else is refused as a whole, before a
 * command runs.
 */

#include "exec-line.h"
#include "wire.h"

/* Characters that need a backslash in a pattern to be literal. */
#define SPECIAL "*?[]{},\\~"
#define WILD "*?["

struct reader {
  pool *pool;
  const char *at;
  exec_variable var;
  void *arg;
  array_header *commands;
  struct exec_command *cmd;     /* the current one; NULL between commands */
  array_header *words;
  unsigned int nwords;          /* of the line */
  unsigned int npatterns;       /* of the current command */
  const char *why;              /* the first error */
};

/* The word that is being read. */
struct builder {
  struct sftp_wr text, pattern;
  bool any;                     /* there is a word, even if it is empty ("") */
  bool wild;
};

static void refuse_line(struct reader *r, const char *why) {
  if (r->why == NULL) {
    r->why = why;
  }
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

static bool is_name_char(char c, bool first) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
    (!first && c >= '0' && c <= '9');
}

static void put_char(struct builder *b, char c, bool quoted) {
  b->any = true;
  sftp_wr_u8(&b->text, (uint8_t) c);
  if (quoted && strchr(SPECIAL, c) != NULL) {
    sftp_wr_u8(&b->pattern, '\\');
  }

  sftp_wr_u8(&b->pattern, (uint8_t) c);
  if (!quoted && strchr(WILD, c) != NULL) {
    b->wild = true;
  }
}

static void put_text(struct builder *b, const char *text) {
  for (; *text != '\0'; text++) {
    put_char(b, *text, true);
  }
}

/* $NAME or ${NAME}; a dollar before anything else is a dollar. */
static void read_variable(struct reader *r, struct builder *b) {
  const char *at = r->at + 1, *end, *value;
  bool braces = *at == '{';

  at += braces ? 1 : 0;
  for (end = at; is_name_char(*end, end == at); end++) {
  }

  if (end == at || (braces && *end != '}')) {
    if (braces || *at == '(' || strchr("?$!#@*-0123456789", *at) == NULL ||
        *at == '\0') {
      if (braces || *at == '(') {
        refuse_line(r, "substitutions are not supported");
      }

      put_char(b, *r->at++, true);
      return;
    }

    r->at += 2;                 /* special variables of a shell: not
                                 * supported */
    return;
  }

  value = r->var(r->arg, pstrndup(r->pool, at, (size_t) (end - at)));
  if (value != NULL) {
    put_text(b, value);
  }

  r->at = end + (braces ? 1 : 0);
}

static void read_single(struct reader *r, struct builder *b) {
  b->any = true;
  for (r->at++; *r->at != '\0' && *r->at != '\''; r->at++) {
    put_char(b, *r->at, true);
  }

  if (*r->at == '\0') {
    refuse_line(r, "a quote is not closed");
    return;
  }

  r->at++;
}

static void read_double(struct reader *r, struct builder *b) {
  b->any = true;
  r->at++;
  while (*r->at != '\0' && *r->at != '"') {
    if (*r->at == '$') {
      read_variable(r, b);
      continue;
    }

    if (*r->at == '`') {
      refuse_line(r, "substitutions are not supported");
    }

    if (*r->at == '\\' && r->at[1] != '\0' &&
        strchr("\"\\$`", r->at[1]) != NULL) {
      r->at++;
    }

    put_char(b, *r->at++, true);
  }

  if (*r->at == '\0') {
    refuse_line(r, "a quote is not closed");
    return;
  }

  r->at++;
}

static void read_open(struct reader *r, struct builder *b) {
  switch (*r->at) {
    case '\'':
      read_single(r, b);
      return;

    case '"':
      read_double(r, b);
      return;

    case '$':
      read_variable(r, b);
      return;

    case '\\':
      if (r->at[1] != '\0') {
        r->at++;
      }

      put_char(b, *r->at++, true);
      return;

    case '`':
      refuse_line(r, "substitutions are not supported");
      break;

    default:
      break;
  }

  put_char(b, *r->at, false);
  r->at++;
}

static bool ends_word(char c) {
  return c == '\0' || is_blank(c) || c == '\n' || strchr(";&|<>()", c) != NULL;
}

/* ~ and ~/...: HOME; home directories of other users are not supported. */
static void read_tilde(struct reader *r, struct builder *b) {
  const char *home;

  if (*r->at == '~' && (r->at[1] == '/' || ends_word(r->at[1]))) {
    home = r->var(r->arg, "HOME");
    if (home != NULL) {
      put_text(b, home);
      r->at++;
    }
  }
}

/* The next word; false if there is none. */
static bool read_word(struct reader *r, struct exec_word *w) {
  struct builder b;
  size_t max = 2 * EXEC_LINE_MAX;

  memset(&b, 0, sizeof(b));
  sftp_wr_init(&b.text, r->pool, 64, max);
  sftp_wr_init(&b.pattern, r->pool, 64, max);
  read_tilde(r, &b);
  while (!ends_word(*r->at) && r->why == NULL) {
    read_open(r, &b);
  }

  sftp_wr_u8(&b.text, 0);
  sftp_wr_u8(&b.pattern, 0);
  if (sftp_wr_end(&b.text) != SFTP_OK || sftp_wr_end(&b.pattern) != SFTP_OK) {
    refuse_line(r, "the line is too long");
    return false;
  }

  w->text = (const char *) b.text.ptr;
  w->pattern = b.wild ? (const char *) b.pattern.ptr : NULL;
  return b.any;
}

static struct exec_command *command(struct reader *r, enum exec_when when) {
  if (r->cmd == NULL) {
    r->cmd = pcalloc(r->pool, sizeof(struct exec_command));
    r->cmd->when = when;
    r->words = make_array(r->pool, 4, sizeof(struct exec_word));
    r->npatterns = 0;
  }

  return r->cmd;
}

/* Digits in front of < or > are a file descriptor, here 1 or 2. */
static bool read_redirection(struct reader *r) {
  const char *at = r->at;
  struct exec_command *c = r->cmd;
  int fd = 1;
  struct exec_word w;

  if ((*at == '1' || *at == '2') && at[1] == '>') {
    fd = *at++ - '0';
  }

  if (*at != '>' && *at != '<') {
    return false;
  }

  if (*at == '<') {
    fd = 0;
  }

  at++;
  if (at[-1] == '>' && *at == '>') {
    at++;
  }

  if (fd == 2 && at[0] == '&' && at[1] == '1') {
    r->at = at + 2;
    c->err_to_out = true;
    return true;
  }

  while (is_blank(*at)) {
    at++;
  }

  r->at = at;
  if (!read_word(r, &w) || strcmp(w.text, "/dev/null") != 0) {
    refuse_line(r, "redirections are not supported");
    return true;
  }

  c->no_input = c->no_input || fd == 0;
  c->quiet_out = c->quiet_out || fd == 1;
  c->quiet_err = c->quiet_err || fd == 2;
  return true;
}

/* The current command is complete. */
static void end_command(struct reader *r) {
  if (r->cmd == NULL || r->words->nelts == 0) {
    refuse_line(r, "a command is missing");
    return;
  }

  if (r->commands->nelts == EXEC_COMMANDS_MAX) {
    refuse_line(r, "too many commands");
    return;
  }

  r->cmd->words = r->words->elts;
  r->cmd->nwords = r->words->nelts;
  *((struct exec_command *) push_array(r->commands)) = *r->cmd;
  r->cmd = NULL;
}

/* Reads a separator of commands; false: something else, or the end. */
static bool read_operator(struct reader *r, enum exec_when *when) {
  const char *at = r->at;

  if (at[0] == '&' && at[1] == '&') {
    *when = EXEC_IF_OK;
    r->at += 2;

  } else if (at[0] == '|' && at[1] == '|') {
    *when = EXEC_IF_FAILED;
    r->at += 2;

  } else if (at[0] == '|') {
    *when = EXEC_PIPED;
    r->at++;
    if (r->cmd != NULL) {
      r->cmd->to_pipe = true;
    }

  } else if (at[0] == ';' || at[0] == '\n') {
    *when = EXEC_ALWAYS;
    r->at++;

  } else {
    return false;
  }

  return true;
}

static void add_word(struct reader *r, const struct exec_word *w) {
  if (r->nwords++ == EXEC_WORDS_MAX) {
    refuse_line(r, "too many words");

  } else if (w->pattern != NULL && r->npatterns++ == EXEC_PATTERNS_MAX) {
    refuse_line(r, "too many patterns");

  } else {
    *((struct exec_word *) push_array(r->words)) = *w;
  }
}

static void read_line(struct reader *r) {
  enum exec_when when = EXEC_ALWAYS, next;
  struct exec_word w;

  while (r->why == NULL) {
    while (is_blank(*r->at)) {
      r->at++;
    }

    if (*r->at == '\0') {
      break;
    }

    if (read_operator(r, &next)) {
      /* An empty line has no commands. */
      if (r->cmd != NULL || next != EXEC_ALWAYS) {
        end_command(r);
      }

      when = next;
      continue;
    }

    if (strchr("&()", *r->at) != NULL) {
      refuse_line(r, "unsupported shell syntax");
      return;
    }

    (void) command(r, when);
    if (!read_redirection(r) && read_word(r, &w)) {
      add_word(r, &w);
    }
  }

  if (r->why == NULL && (r->cmd != NULL || when != EXEC_ALWAYS)) {
    end_command(r);
  }
}

int sftp_exec_line_parse(pool *p, const char *line, exec_variable var,
    void *arg, struct exec_line *res) {
  struct reader r;

  memset(&r, 0, sizeof(r));
  r.pool = p;
  r.at = line;
  r.var = var;
  r.arg = arg;
  r.commands = make_array(p, 2, sizeof(struct exec_command));
  if (strlen(line) > EXEC_LINE_MAX) {
    refuse_line(&r, "the line is too long");

  } else {
    read_line(&r);
  }

  if (r.why == NULL && r.commands->nelts == 0) {
    refuse_line(&r, "a command is missing");
  }

  res->commands = r.commands->elts;
  res->ncommands = r.commands->nelts;
  res->why = r.why;
  return r.why == NULL ? SFTP_OK : SFTP_ERR_FORMAT;
}
