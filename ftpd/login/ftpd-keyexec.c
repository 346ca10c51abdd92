/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keyexec.c -- the store "exec": a command prints the keys of a user.
 *
 * What the directive says is split into words first, and then the tokens in the
 * words are replaced, so that no name of a client becomes a word of its own.
 * No shell is involved.
 */

#include "ftpd-keystore.h"
#include "ftpd-login.h"
#include "ftpd-run.h"
#include "ftpd-session.h"

#include "base64.h"
#include "keyfile.h"

#define EXEC_TIMEOUT_MS 10000
#define EXEC_OUT_MAX (4 * 1024 * 1024)
#define EXEC_WORDS_MAX 64

/* The letters that may follow a %. */
#define TOKENS "%CDUfhktu"

/* ---- The directive */

/* Splits into words at blanks, unless these are quoted by ' or ", or behind a
 * backslash.  NULL when a quote is not closed, or there are too many.
 */
static array_header *split(pool *p, const char *text) {
  array_header *words = make_array(p, 8, sizeof(char *));

  for (;;) {
    char quote = '\0', *word, *to;

    text += strspn(text, " \t");
    if (*text == '\0') {
      return words;
    }

    word = to = palloc(p, strlen(text) + 1);
    for (; *text != '\0' && (quote != '\0' || strchr(" \t", *text) == NULL);
        text++) {
      if (quote == '\0' && (*text == '\'' || *text == '"')) {
        quote = *text;

      } else if (*text == quote) {
        quote = '\0';

      } else {
        text += quote != '\'' && text[0] == '\\' && text[1] != '\0';
        *to++ = *text;
      }
    }

    *to = '\0';
    if (quote != '\0' || words->nelts >= EXEC_WORDS_MAX) {
      return NULL;
    }

    *((char **) push_array(words)) = word;
  }
}

const char *ftpd_keyexec_check(pool *p, const char *info) {
  array_header *words = split(p, info);
  unsigned int i;

  if (words == NULL || words->nelts == 0) {
    return "expected exec:/path with words behind it, quotes in pairs";
  }

  for (i = 0; i < words->nelts; i++) {
    const char *at = ((char **) words->elts)[i];

    if (i == 0 && strchr(at, '%') != NULL) {
      return "the path of the command cannot have tokens";
    }

    for (at = strchr(at, '%'); at != NULL; at = strchr(at + 2, '%')) {
      if (at[1] == '\0' || strchr(TOKENS, at[1]) == NULL) {
        return pstrcat(p, "unknown token '", pstrndup(p, at, 2),
          "' (accepted: %% %C %D %f %h %k %t %U %u)", NULL);
      }
    }
  }

  return ftpd_run_objection(p, ((char **) words->elts)[0]);
}

/* ---- A run */

struct request {
  struct ftpd *ftpd;
  pool *pool;
  struct sftp_str blob;
  const struct passwd *pw;      /* NULL: there is no such user */
};

static const char *number(pool *p, unsigned long n) {
  char text[24];

  snprintf(text, sizeof(text), "%lu", n);
  return pstrdup(p, text);
}

static const char *connection(pool *p) {
  const conn_t *c = session.c;

  return pstrcat(p, pr_netaddr_get_ipstr(c->remote_addr), " ",
    number(p, (unsigned long) c->remote_port), " ",
    pr_netaddr_get_ipstr(c->local_addr), " ",
    number(p, (unsigned long) c->local_port), NULL);
}

static const char *token(const struct request *r, char letter) {
  struct sftp_rd rd;
  const char *print;

  switch (letter) {
    case '%':
      return "%";

    case 'C':
      return connection(r->pool);

    case 'U':
      return r->pw != NULL ? number(r->pool, (unsigned long) r->pw->pw_uid) :
        "";

    case 'f':
      print = sftp_key_fingerprint(r->pool, r->blob, "SHA256", false);
      return print != NULL ? pstrcat(r->pool, "SHA256:", print, NULL) : "";

    case 'h':
      return r->pw != NULL && r->pw->pw_dir != NULL ? r->pw->pw_dir : "";

    case 'k':
      return sftp_base64_encode(r->pool, r->blob, true);

    case 't':
      sftp_rd_init_str(&rd, r->blob);
      return sftp_str_dup(r->pool, sftp_rd_string(&rd));

    case 'u':
      return r->ftpd->user;

    default:
      return "";                /* %D: there are no routing domains here */
  }
}

static char *fill_in(const struct request *r, const char *word) {
  const char *res = "", *at;

  while ((at = strchr(word, '%')) != NULL && at[1] != '\0') {
    res = pstrcat(r->pool, res, pstrndup(r->pool, word, (size_t) (at - word)),
      token(r, at[1]), NULL);
    word = at + 2;
  }

  return pstrcat(r->pool, res, word, NULL);
}

/* Without any words, the command gets the user's name. */
static char **arguments(const struct request *r, array_header *words) {
  unsigned int n = words->nelts, i;
  char **argv = pcalloc(r->pool, (n + 2) * sizeof(char *));

  argv[0] = ((char **) words->elts)[0];
  for (i = 1; i < n; i++) {
    argv[i] = fill_in(r, ((char **) words->elts)[i]);
  }

  if (n == 1) {
    argv[1] = pstrdup(r->pool, r->ftpd->user);
  }

  return argv;
}

/* A name that a command could take for an option, or for a path, or that has
 * bytes nobody types.
 */
static bool is_plain_name(const char *name) {
  const char *at;

  for (at = name; *at != '\0'; at++) {
    if ((unsigned char) *at < ' ' || *at == 0x7f || *at == '/') {
      return false;
    }
  }

  return *name != '-' && *name != '\0' && strcmp(name, ".") != 0 &&
    strcmp(name, "..") != 0;
}

static void log_complaint(const char *path, const struct ftpd_output *o) {
  char line[4 * sizeof(o->err) + 1];
  size_t len = o->errlen;

  while (len > 0 && (o->err[len - 1] == '\n' || o->err[len - 1] == '\r')) {
    len--;
  }

  if (len > 0) {
    sftp_log("command '%s' said: %s", path, sftp_escape(line, sizeof(line),
      o->err, len));
  }
}

static int run(const struct request *r, array_header *words,
    struct sftp_str *text) {
  config_rec *c = find_config(r->ftpd->server->conf, CONF_PARAM,
    "SFTPAuthorizedKeysCommandUser", FALSE);
  const char *path = ((char **) words->elts)[0], *why;
  struct ftpd_run what;
  struct ftpd_output o;
  char *env[5];

  if (c == NULL) {
    sftp_log_why(WHY_OBJECTION, "command '%s' is not run: there is no "
      "SFTPAuthorizedKeysCommandUser", path);
    return -1;
  }

  /* It was looked at when the server started; that may be long ago. */
  why = ftpd_run_objection(r->pool, path);
  if (why != NULL) {
    sftp_log_why(WHY_OBJECTION, "command for keys is not run: %s", why);
    return -1;
  }

  memset(&what, 0, sizeof(what));
  what.path = path;
  what.argv = arguments(r, words);
  what.envp = env;
  what.user = c->argv[0];
  what.uid = *((uid_t *) c->argv[1]);
  what.gid = *((gid_t *) c->argv[2]);
  what.timeout_ms = EXEC_TIMEOUT_MS;
  what.out_max = EXEC_OUT_MAX;
  env[0] = pstrdup(r->pool,
    "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
  env[1] = pstrcat(r->pool, "USER=", what.user, NULL);
  env[2] = pstrcat(r->pool, "LOGNAME=", what.user, NULL);
  env[3] = pstrcat(r->pool, "SSH_CONNECTION=", connection(r->pool), NULL);
  env[4] = NULL;

  why = ftpd_run(r->pool, &what, &o);
  log_complaint(path, &o);
  if (why != NULL) {
    sftp_log_why(WHY_OBJECTION, "command '%s' for keys of user '%s' failed: "
      "%s", path, r->ftpd->user, why);
    return -1;
  }

  text->ptr = (unsigned char *) o.text;
  text->len = o.len;
  return 0;
}

/* The words of the command, or NULL, and what fills their tokens. */
static array_header *prepare(struct request *r, struct ftpd *h, pool *p,
    const char *info, struct sftp_str blob) {
  array_header *words = split(p, info);

  *r = (struct request) { h, p, blob, ftpd_auth_entry(h) };
  return words != NULL && words->nelts > 0 ? words : NULL;
}

const char *ftpd_keyexec_question(struct ftpd *h, pool *p, const char *info,
    struct sftp_str blob) {
  struct request r;
  array_header *words = prepare(&r, h, p, info, blob);
  const char *res;
  char **argv;

  if (words == NULL) {
    return NULL;
  }

  res = ((char **) words->elts)[0];
  if (!is_plain_name(h->user)) {
    sftp_log_why(WHY_OBJECTION, "command '%s' is not run for a user of the "
      "name '%s'", res, h->user);
    return NULL;
  }

  for (argv = arguments(&r, words) + 1; *argv != NULL; argv++) {
    res = pstrcat(p, res, "\n", *argv, NULL);
  }

  return res;
}

int ftpd_keyexec_read(struct ftpd *h, pool *p, const char *info,
    struct sftp_str blob, const char **where, struct sftp_str *text) {
  struct request r;
  array_header *words = prepare(&r, h, p, info, blob);

  if (words == NULL) {
    return -1;
  }

  *where = ((char **) words->elts)[0];
  return run(&r, words, text);
}
