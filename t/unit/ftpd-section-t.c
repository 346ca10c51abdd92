/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-section-t.c -- which section a refusal names. */

#include "daemon.h"
#include "ftpd-limit.h"
#include "ftpd-place.h"
#include "tap.h"

static pool *p;
static xaset_t server_set;
static server_rec server = { .ServerName = "here", .conf = &server_set };

const char *ftpd_place_line(pool *in, const config_rec *c) {
  return pstrcat(in, " (line of ", (char *) c->argv[0], ")", NULL);
}

/* The <Limit> that denies, if it is asked alone. */
static const char *denies;
static unsigned int not_alone;

int dir_check_limits(cmd_rec *cmd, config_rec *dir, const char *name,
    int hidden) {
  const config_rec *limit = (const config_rec *) dir->subset->xas_list;

  (void) cmd;
  (void) name;
  (void) hidden;
  not_alone += main_server->conf != NULL || dir->parent != NULL ||
    limit->next != NULL || limit->prev != NULL;
  return denies != NULL && strcmp(limit->argv[0], denies) == 0 ? 0 : 1;
}

/* ---- <Limit A B> and so on, in sections */

static config_rec *limit_of(const char *first, const char *second) {
  config_rec *c = pcalloc(p, sizeof(*c));

  c->config_type = CONF_LIMIT;
  c->argc = 2;
  c->argv = pcalloc(p, 3 * sizeof(void *));
  c->argv[0] = pstrdup(p, first);
  c->argv[1] = second != NULL ? pstrdup(p, second) : NULL;
  return c;
}

static void put(xaset_t *set, config_rec *one, config_rec *other) {
  memset(set, 0, sizeof(*set));
  set->xas_list = (xasetmember_t *) one;
  if (other != NULL) {
    one->next = other;
    other->prev = one;
  }
}

static config_rec *section_of(int type, const char *name, config_rec *parent,
    config_rec *one, config_rec *other) {
  config_rec *c = pcalloc(p, sizeof(*c));

  c->config_type = type;
  c->name = pstrdup(p, name);
  c->parent = parent;
  c->subset = pcalloc(p, sizeof(xaset_t));
  put(c->subset, one, other);
  return c;
}

static void the_nearest_section_is_named(void) {
  config_rec *dir, *anon, *other = limit_of("STOR", NULL);

  put(&server_set, limit_of("RETR", "DELE"), NULL);
  is_str(ftpd_limit_section(p, NULL, "STOR"), "", "no section");
  is_str(ftpd_limit_section(p, NULL, "dele"), " in the server 'here' (line of "
    "RETR)", "the server's, in any letters");
  anon = section_of(CONF_ANON, "/guests", NULL, limit_of("MKD", "RETR"), NULL);
  is_str(ftpd_limit_section(p, anon, "RETR"), " in <Anonymous /guests> (line "
    "of MKD)", "that of guests comes first");
  dir = section_of(CONF_DIR, "/d", anon, limit_of("LIST", NULL), other);
  is_str(ftpd_limit_section(p, dir, "STOR"), " in <Directory /d> (line of "
    "STOR)", "the second one of a directory");
  is_str(ftpd_limit_section(p, dir, "MKD"), " in <Anonymous /guests> (line of "
    "MKD)", "what the directory does not name");
  other->flags |= CF_DYNAMIC;
  is_str(ftpd_limit_section(p, dir, "STOR"), " in '/d/.ftpaccess' (line of "
    "STOR)", "a file in the directory");
  other->config_type = CONF_PARAM;
  is_str(ftpd_limit_section(p, dir, "STOR"), "", "only <Limit> limits");
  dir->config_type = CONF_CLASS;
  is_str(ftpd_limit_section(p, dir, "LIST"), "", "other sections do not count");
}

static void the_one_that_denies_is_named(void) {
  config_rec *dir, *inner, *line = limit_of("x", NULL);
  cmd_rec *cmd = pr_cmd_alloc(p, 1, "STOR");
  config_rec *top = limit_of("top", "STOR"), *with = limit_of("b", "STOR");

  put(&server_set, limit_of("first", "RETR"), top);
  dir = section_of(CONF_DIR, "/d", NULL, limit_of("a", "STOR"), with);
  inner = section_of(CONF_DIR, "/d/e", dir, limit_of("c", "STOR"), NULL);
  denies = "b";
  is_str(ftpd_limit_decided(p, cmd, inner, "STOR", false), " in <Directory /d> "
    "(line of b)", "others above and below it allow");
  is_str(ftpd_limit_decided(p, cmd, inner, "RETR", false), "", "of that name");
  denies = "top";
  is_str(ftpd_limit_decided(p, cmd, inner, "STOR", false), " in the server "
    "'here' (line of top)", "the server's");
  denies = NULL;
  is_str(ftpd_limit_decided(p, cmd, inner, "STOR", false), "", "none");
  ok(main_server->conf == &server_set, "the server has its rules again");
  ok(with->prev != NULL && not_alone == 0, "each was asked alone");

  denies = "b";
  with->subset = pcalloc(p, sizeof(xaset_t));
  line->name = pstrdup(p, "DenyAll");
  put(with->subset, line, NULL);
  is_str(ftpd_limit_decided(p, cmd, dir, "STOR", false), " in <Directory /d> "
    "(line of b) (DenyAll)", "its content");
  put(with->subset, line, limit_of("y", NULL));
  line->next->name = pstrdup(p, "AllowUser");
  is_str(ftpd_limit_decided(p, cmd, dir, "STOR", false), " in <Directory /d> "
    "(line of b) (DenyAll, AllowUser)", "all of it");
  line->next->name = NULL;
  is_str(ftpd_limit_decided(p, cmd, dir, "STOR", false), " in <Directory /d> "
    "(line of b) (DenyAll)", "that has a name");
}

int main(void) {
  p = make_sub_pool(NULL);
  main_server = &server;
  session.pool = p;
  the_nearest_section_is_named();
  the_one_that_denies_is_named();
  destroy_pool(p);
  return done_testing();
}
