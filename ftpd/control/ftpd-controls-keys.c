/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-controls-keys.c -- ftpdctl sftp keys: the keys that were used, and those
 * in key files that were not.
 */

#include "ftpd-board.h"
#include "ftpd-conf.h"
#include "ftpd-controls-int.h"
#include "ftpd-explain.h"
#include "ftpd-keystore.h"
#include "ftpd-log.h"
#include "ftpd-login.h"
#include "ftpd-rules.h"
#include "ftpd-source.h"

#include "ftpd-lines.h"
#include "keyfile.h"
#include "keys.h"
#include "number.h"

#ifdef PR_USE_CTRLS

extern xaset_t *server_list;

#define DAYS_MAX 36500
#define DAY ((int64_t) 24 * 60 * 60)
#define LINES_MAX 400
/* Of unused keys in the files of one user, who may have many. */
#define OWN_LINES_MAX 32
#define USERS_MAX 10000

/* ---- Keys that were used */

static int by_user(const void *a, const void *b) {
  const struct book_key *x = &((const struct book_key_row *) a)->key,
    *y = &((const struct book_key_row *) b)->key;
  int res = strcmp(x->user, y->user);

  res = res != 0 ? res : strcmp(x->print, y->print);
  return res != 0 ? res : strcmp(x->ca, y->ca);
}

static const char *expiry(pool *p, const struct book_key_row *r) {
  return r->key.ca[0] == '\0' ? "" : pstrcat(p, ", signed by ", r->key.ca,
    r->use.expires > 0 ? ", expires " : ", never expires", r->use.expires > 0 ?
    ftpd_control_time(p, r->use.expires) : "", NULL);
}

static void tell_used(pr_ctrls_t *ctrl, const struct book_key_row *r) {
  pool *p = make_sub_pool(ctrl->ctrls_tmp_pool);

  (void) pr_ctrls_add_response(ctrl, "user %s, %s%s %u %s, %s, last %s from "
    "%s%s", sftp_printable(p, r->key.user), r->key.of_host != 0 ?
    "host key " : "", r->key.type, r->key.bits, r->key.print,
    ftpd_control_logins(p, atomic_load(&r->row.count)),
    ftpd_control_time(p, atomic_load(&r->row.last)), r->use.source,
    expiry(p, r));
  destroy_pool(p);
}

/* ---- Keys in files */

/* For the child: what was used, and what is asked. */
struct look {
  struct explain_request q;     /* first: its server */
  const struct book_key_row *rows;
  unsigned int nrows;
  int64_t before;               /* used since then counts */
};

/* How many lines there would be. */
struct told {
  unsigned int all, own;        /* own: of this user */
};

/* One file of one user; user NULL: of all. */
struct key_list {
  const struct look *look;
  const char *path, *user;
  struct told *told;
};

static bool was_used(const struct key_list *f, const char *print) {
  unsigned int i;

  for (i = 0; i < f->look->nrows; i++) {
    const struct book_key_row *r = &f->look->rows[i];

    if ((strcmp(r->key.print, print) == 0 || strcmp(r->key.ca, print) == 0) &&
        (f->user == NULL || strcmp(r->key.user, f->user) == 0) &&
        atomic_load(&r->row.last) >= f->look->before) {
      return true;
    }
  }

  return false;
}

static void say_unused(pool *p, const struct key_list *f,
    const struct sftp_keyfile_entry *e, const char *print) {
  struct sftp_key *key;
  bool known = sftp_key_from_blob(p, e->blob, &key) == SFTP_OK;

  if ((f->user != NULL && ++f->told->own > OWN_LINES_MAX) ||
      ++f->told->all > LINES_MAX) {
    return;
  }

  (void) dprintf(STDOUT_FILENO, "  '%s', line %u, %s%s%s%s %u %s%s%s%s"
    "\n", sftp_printable(p, f->path), e->line, f->user != NULL ? "user " : "",
    f->user != NULL ? sftp_printable(p, f->user) : "", f->user != NULL ? ", " :
    "", known ? key->type->name : "key", known ? sftp_key_bits(key) : 0, print,
    e->comment != NULL ? ", comment '" : "", e->comment != NULL ?
    sftp_printable(p, e->comment) : "", e->comment != NULL ? "'" : "");
}

static void look_at_text(pool *p, const struct key_list *list,
    struct sftp_str text) {
  struct sftp_keyfile f;
  struct sftp_keyfile_entry e;

  sftp_keyfile_init(&f, p, text);
  while (sftp_keyfile_next(&f, &e)) {
    const char *print = sftp_key_fingerprint(p, e.blob, "SHA256", false);

    print = print != NULL ? pstrcat(p, "SHA256:", print, NULL) : NULL;
    if (print != NULL && !was_used(list, print)) {
      say_unused(p, list, &e, print);
    }
  }
}

/* Whether the users have files of their own. */
static bool is_personal(const char *info) {
  return *info == '~' || strstr(info, "%u") != NULL ||
    strstr(info, "%h") != NULL;
}

static const char *file_of(const char *form) {
  return *form == '/' ? form : ftpd_source_info(form, "file");
}

static void look_at_file(struct ftpd *h, const char *info,
    const struct look *look, const char *user, struct told *told) {
  struct key_list list = { look, NULL, user, told };
  pool *p = make_sub_pool(h->pool);
  struct sftp_str text;
  const char *why;

  ftpd_log_forget();
  errno = 0;
  if (ftpd_keyfile_read(h, p, info, &list.path, &text) == 0) {
    look_at_text(p, &list, text);

  } else if (errno != ENOENT && ++told->all <= LINES_MAX) {
    why = ftpd_log_reason(h);
    (void) dprintf(STDOUT_FILENO, "  %s\n", why != NULL ? why : info);
  }

  destroy_pool(p);
}

/* user NULL: the files of all. */
static void look_at_files(struct ftpd *h, const struct look *look,
    const char *user, struct told *told) {
  static const struct { const char *name; unsigned int first; } records[] = {
    { "SFTPAuthorizedUserKeys", 0 }, { FTPD_KEYS_RULE, FTPD_RULE_ARGS },
    { "SFTPTrustedUserCAKeys", 0 }
  };
  size_t k;
  unsigned int i;

  for (k = 0; k < SFTP_NELEMS(records); k++) {
    config_rec *c = find_config(h->server->conf, CONF_PARAM, records[k].name,
      FALSE);

    for (; c != NULL; c = find_config_next(c, c->next, CONF_PARAM,
        records[k].name, FALSE)) {
      for (i = records[k].first; i < c->argc; i++) {
        const char *info = file_of(c->argv[i]);

        if (info != NULL && is_personal(info) == (user != NULL)) {
          look_at_file(h, info, look, user, told);
        }
      }
    }
  }
}

/* ---- Users: those of the databases that can be listed, and of used keys */

static void add_name(pool *p, array_header *names, const char *name) {
  unsigned int i;

  for (i = 0; i < names->nelts; i++) {
    if (strcmp(((const char **) names->elts)[i], name) == 0) {
      return;
    }
  }

  if (names->nelts < USERS_MAX) {
    *((const char **) push_array(names)) = pstrdup(p, name);
  }
}

static array_header *find_users(pool *p, const struct look *look) {
  array_header *names = make_array(p, 64, sizeof(const char *));
  const struct passwd *pw;
  unsigned int i;

  pr_auth_setpwent(p);
  while (names->nelts < USERS_MAX && (pw = pr_auth_getpwent(p)) != NULL) {
    add_name(p, names, pw->pw_name);
  }

  pr_auth_endpwent(p);
  for (i = 0; i < look->nrows; i++) {
    add_name(p, names, look->rows[i].key.user);
  }

  return names;
}

static void look_as(struct ftpd *h, const struct look *look, const char *as,
    const char *user, struct told *told) {
  pool *p = make_sub_pool(h->pool);

  told->own = 0;
  ftpd_auth_pretend(h, p, as);
  ftpd_auth_forget_entry(h);
  if (user == NULL || ftpd_auth_entry(h) != NULL) {
    look_at_files(h, look, user, told);
  }

  ftpd_auth_forget_entry(h);
  if (told->own > OWN_LINES_MAX && ++told->all <= LINES_MAX) {
    (void) dprintf(STDOUT_FILENO, "  and %u more of user %s\n",
      told->own - OWN_LINES_MAX, sftp_printable(p, user));
  }

  destroy_pool(p);
}

static void look_child(void *data) {
  const struct look *look = data;
  struct ftpd *h = ftpd_explain_begin(&look->q);
  array_header *names;
  struct told told = { 0, 0 };
  unsigned int i;

  if (h == NULL) {
    return;
  }

  ftpd_explain_quiet();
  names = find_users(h->pool, look);
  look_as(h, look, "root", NULL, &told);
  for (i = 0; i < names->nelts; i++) {
    const char *name = ((const char **) names->elts)[i];

    look_as(h, look, name, name, &told);
  }

  if (told.all > LINES_MAX) {
    (void) dprintf(STDOUT_FILENO, "  and %u more\n", told.all - LINES_MAX);
  }
}

/* ---- The command */

static int tell_unused(pr_ctrls_t *ctrl, struct look *look) {
  int res = 0;

  look->q.from = pr_netaddr_get_addr(ctrl->ctrls_tmp_pool, "127.0.0.1", NULL);
  look->q.server = ftpd_control_server(NULL);
  while (res == 0 && look->q.server != NULL) {
    (void) pr_ctrls_add_response(ctrl, "not used in '%s' (%s:%u):",
      look->q.server->ServerName, pr_netaddr_get_ipstr(look->q.server->addr),
      look->q.server->ServerPort);
    res = ftpd_control_child(ctrl, look_child, look);
    do {
      look->q.server = look->q.server->next;
    } while (look->q.server != NULL && !ftpd_conf_engine(look->q.server));
  }

  return res;
}

static void tell_rest(pr_ctrls_t *ctrl, struct book *b, unsigned int n) {
  uint64_t left_out = atomic_load(&b->keys_left_out);

  if (left_out > 0) {
    (void) pr_ctrls_add_response(ctrl, "not shown: %s, for want of room",
      ftpd_control_logins(ctrl->ctrls_tmp_pool, left_out));
  }

  (void) pr_ctrls_add_response(ctrl, "%u key%s since %s", n, n == 1 ? "" : "s",
    ftpd_control_time(ctrl->ctrls_tmp_pool, b->since));
}

int ftpd_control_keys(pr_ctrls_t *ctrl, int argc, char **argv) {
  struct look look = { .nrows = 0 };
  struct book *b = ftpd_board_book();
  struct book_key_row *rows;
  unsigned int at = 0, i;
  uint64_t days = 0;

  if (argc > 1 || (argc == 1 && !sftp_number(argv[0], 1, DAYS_MAX, &days))) {
    return CONTROL_USAGE;
  }

  if (b == NULL) {
    (void) pr_ctrls_add_response(ctrl, "nothing is counted here");
    return -1;
  }

  rows = pcalloc(ctrl->ctrls_tmp_pool, BOOK_KEYS * sizeof(rows[0]));
  while (look.nrows < BOOK_KEYS && ftpd_book_key(b, &at, &rows[look.nrows])) {
    look.nrows++;
  }

  qsort(rows, look.nrows, sizeof(rows[0]), by_user);
  for (i = 0; i < look.nrows && i < LINES_MAX && argc == 0; i++) {
    tell_used(ctrl, &rows[i]);
  }

  if (argc == 0 && look.nrows > LINES_MAX) {
    (void) pr_ctrls_add_response(ctrl, "and %u more", look.nrows - LINES_MAX);
  }

  tell_rest(ctrl, b, look.nrows);
  look.rows = rows;
  look.before = (int64_t) time(NULL) - (int64_t) days * DAY;
  return argc == 0 ? 0 : tell_unused(ctrl, &look);
}

#endif /* PR_USE_CTRLS */
