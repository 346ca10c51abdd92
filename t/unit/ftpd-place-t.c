/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-place-t.c -- where directives stand: lines as the daemon tells them, and
 * the records that it makes of them.
 */

#include "daemon.h"
#include "ftpd-place.h"
#include "tap.h"

module sftp_module;

static pool *p;
static server_rec own, other;
static server_rec *reading = &own;
static config_rec *section;

server_rec *pr_parser_server_ctxt_get(void) {
  return reading;
}

config_rec *pr_parser_config_ctxt_get(void) {
  return section;
}

/* ---- A configuration that is read */

static xaset_t *set_of(void) {
  return section != NULL ? section->subset : reading->conf;
}

static config_rec *new_record(int type, const char *name) {
  config_rec *c = pcalloc(p, sizeof(*c));

  c->pool = p;
  c->config_type = type;
  c->name = pstrdup(p, name);
  c->argv = pcalloc(p, 2 * sizeof(void *));
  c->subset = pcalloc(p, sizeof(*c->subset));
  c->parent = section;
  return c;
}

/* Directives are put behind the others, sections before them. */
static config_rec *put(config_rec *c, bool first) {
  xaset_t *set = set_of();
  config_rec *last = (config_rec *) set->xas_list;

  if (first || last == NULL) {
    c->next = last;
    set->xas_list = (xasetmember_t *) c;
    return c;
  }

  while (last->next != NULL) {
    last = last->next;
  }

  last->next = c;
  return c;
}

static const char *file = "/etc/a.conf";

static void tell(const char *text, unsigned int number) {
  pr_parsed_line_t line = { .text = text, .source_file = file,
    .source_lineno = number };

  line.cmd = daemon_directive(p, text);
  (void) daemon_happens("core.parsed-line", &line);
}

static config_rec *param(const char *name, unsigned int number,
    const char *words) {
  config_rec *c = new_record(CONF_PARAM, name);

  tell(pstrcat(p, name, words, NULL), number);
  c->argc = 1;
  c->argv[0] = pstrdup(p, words);
  return put(c, false);
}

static void begin(void) {
  daemon_forget_listeners();
  ftpd_place_init();
  (void) daemon_happens("core.restart", NULL);
  own.pool = other.pool = p;
  own.conf = pcalloc(p, sizeof(*own.conf));
  other.conf = pcalloc(p, sizeof(*other.conf));
  reading = main_server = &own;
  section = NULL;
  file = "/etc/a.conf";
}

/* ---- Lines */

static void lines_are_known(void) {
  config_rec *a, *b, *c, *copy;

  begin();
  a = param("AllowOverwrite", 3, " off");
  b = param("SFTPLog", 4, "  /var/log/sftp.log");
  file = "/etc/b.conf";
  c = param("Umask", 5, " 022");
  is_str(ftpd_place_line(p, a), ", line 3 of '/etc/a.conf'", "the first");
  is_str(ftpd_place_line(p, b), ", line 4 of '/etc/a.conf'", "the second");
  is_str(ftpd_place_line(p, c), ", line 5 of '/etc/b.conf'",
    "the last, in another file");
  is_str(ftpd_place_of(p, c), ", line 5 of '/etc/b.conf'",
    "without a section");
  is_str(ftpd_place_of(p, NULL), " by default", "no directive");
  is_str(ftpd_place_words(b), "/var/log/sftp.log", "words of our own");
  is_str(ftpd_place_words(a), "", "and not of others");
  copy = new_record(CONF_PARAM, "Umask");
  copy->argc = 1;
  copy->argv[0] = c->argv[0];
  is_str(ftpd_place_line(p, copy), ", line 5 of '/etc/b.conf'", "a copy");
  copy->argv[0] = pstrdup(p, "022");
  is_str(ftpd_place_line(p, copy), "", "what is not known");
  is_str(ftpd_place_of(p, copy), "", "has no place");
  is_str(ftpd_place_words(copy), NULL, "nor words");
}

static void records_without_values_are_known(void) {
  config_rec *a, *b, *c;

  begin();
  a = param("RequireValidShell", 3, "");
  a->argc = 0;
  b = param("UseFtpUsers", 4, "");
  b->argv[0] = NULL;
  c = param("Umask", 5, "");
  c->argv[0] = a->argv[0];
  is_str(ftpd_place_line(p, a), ", line 3 of '/etc/a.conf'", "no value");
  is_str(ftpd_place_line(p, b), ", line 4 of '/etc/a.conf'", "an empty one");
  is_str(ftpd_place_line(p, c), ", line 5 of '/etc/a.conf'", "a value");
}

static void other_lines_make_no_records(void) {
  config_rec *a, *b;

  begin();
  a = param("Umask", 3, " 022");
  tell("</Directory>", 4);
  tell("LoadModule mod_x.c", 5);
  is_str(ftpd_place_line(p, a), ", line 3 of '/etc/a.conf'",
    "a line without a record leaves the one before");
  file = NULL;
  b = param("Umask", 6, " 0");
  is_str(ftpd_place_line(p, b), "", "a line without a file");
  file = "/etc/a.conf";
  reading = NULL;
  tell("Umask 1", 7);
  reading = &own;
  is_str(ftpd_place_line(p, b), "", "a line without a server");
  tell("", 8);
  is_str(ftpd_place_line(p, b), "", "an empty line");
}

static void names_may_have_another_word(void) {
  config_rec *a, *b, *c;

  begin();
  a = new_record(CONF_PARAM, "MaxClientsPerUser x");
  tell("maxclientsperuser 3", 3);
  (void) put(a, false);
  is_str(ftpd_place_line(p, a), ", line 3 of '/etc/a.conf'", "another word");
  b = new_record(CONF_PARAM, "MaxClientsPerUser");
  tell("MaxClients 3", 4);
  (void) put(b, false);
  is_str(ftpd_place_line(p, b), "", "a longer name is another one");
  c = new_record(CONF_DIR, "Umask");
  tell("Umask 3", 5);
  (void) put(c, false);
  is_str(ftpd_place_line(p, c), "", "a section is no directive");
}

/* ---- Sections */

static config_rec *in(int type, const char *name) {
  config_rec *c = new_record(type, name);

  (void) put(c, true);
  section = c;
  return c;
}

static void sections_are_told(void) {
  config_rec *dir, *limit, *anon, *global, *host, *a, *b;

  begin();
  other.ServerAddress = "192.0.2.7";
  dir = in(CONF_DIR, "/srv");
  a = param("Umask", 3, " 0");
  tell("<Limit>", 4);
  limit = new_record(CONF_LIMIT, "Limit");
  (void) put(limit, true);
  section = limit;
  b = param("AllowUser", 5, " x");
  is_str(ftpd_place_of(p, a), " in <Directory /srv>, line 3 of '/etc/a.conf'",
    "a directory");
  is_str(ftpd_place_of(p, limit),
    " in <Directory /srv>, line 4 of '/etc/a.conf'", "a <Limit> in it");
  is_str(ftpd_place_of(p, b), " in <Directory /srv>, line 5 of '/etc/a.conf'",
    "a rule in that");
  section = NULL;
  anon = in(CONF_ANON, "~ftp");
  a = param("Umask", 6, " 1");
  is_str(ftpd_place_of(p, a), " in <Anonymous ~ftp>, line 6 of '/etc/a.conf'",
    "an anonymous one");
  section = NULL;
  global = in(CONF_GLOBAL, "");
  a = param("Umask", 7, " 2");
  is_str(ftpd_place_of(p, a), " in <Global>, line 7 of '/etc/a.conf'",
    "all servers");
  section = NULL;
  reading = &other;
  host = param("Umask", 8, " 3");
  is_str(ftpd_place_of(p, host),
    " in <VirtualHost 192.0.2.7>, line 8 of '/etc/a.conf'", "another server");
  other.ServerAddress = NULL;
  a = param("Umask", 9, " 4");
  is_str(ftpd_place_of(p, a), ", line 9 of '/etc/a.conf'",
    "one without an address");
  ok(dir != anon && anon != global, "(sections)");
}

static void limits_stand_first(void) {
  config_rec *a, *b;

  begin();
  a = param("Umask", 3, " 0");
  tell("<Limit>", 4);
  is_str(ftpd_place_line(p, a), ", line 3 of '/etc/a.conf'",
    "a <Limit> that made nothing");
  b = new_record(CONF_LIMIT, "Limit");
  tell("<Limit>", 5);
  (void) put(b, true);
  is_str(ftpd_place_line(p, b), ", line 5 of '/etc/a.conf'", "one that did");
}

static void same_sections(void) {
  config_rec *a, *b, *c, *d;

  begin();
  a = param("Umask", 3, " 0");
  b = param("SFTPLog", 4, " x");
  (void) in(CONF_DIR, "/srv");
  c = param("Umask", 5, " 1");
  d = new_record(CONF_PARAM, "Umask");
  ok(ftpd_place_same_section(a, b), "two of one server");
  ok(!ftpd_place_same_section(a, c), "not one of a directory");
  ok(!ftpd_place_same_section(a, d) && !ftpd_place_same_section(d, a),
    "nor what is not known");
}

/* ---- .ftpaccess */

static void ftpaccess_is_told_by_its_directory(void) {
  config_rec *dyn, *a, *b, *limit;

  begin();
  b = param("SFTPLog", 1, " x");
  dyn = in(CONF_DYNDIR, "/srv/d");
  a = param("Umask", 3, " 0");
  is_str(ftpd_place_of(p, a), " in '/srv/d/.ftpaccess', line 3", "a directory");
  is_str(ftpd_place_line(p, a), ", line 3", "the line alone");
  is_str(ftpd_place_words(a), NULL, "words are not kept");
  ok(!ftpd_place_same_section(a, a) && !ftpd_place_same_section(a, b) &&
    !ftpd_place_same_section(b, a), "it is no section");
  a->parent = NULL;
  is_str(ftpd_place_of(p, a), " in an .ftpaccess, line 3", "no directory");
  dyn->name = NULL;
  a->parent = dyn;
  is_str(ftpd_place_of(p, a), " in an .ftpaccess, line 3", "no name");
  limit = in(CONF_LIMIT, "Limit");
  a = param("AllowUser", 7, " x");
  is_str(ftpd_place_line(p, a), ", line 7", "a <Limit> in it");
  ok(limit->parent == dyn, "(sections)");
}

static void the_last_lines_are_kept(void) {
  config_rec *a[300];
  unsigned int i, good = 0;

  begin();
  (void) in(CONF_DYNDIR, "/srv/d");
  for (i = 0; i < SFTP_NELEMS(a); i++) {
    a[i] = param("Umask", i, " 0");
  }

  for (i = SFTP_NELEMS(a) - 256; i < SFTP_NELEMS(a); i++) {
    char line[32];

    snprintf(line, sizeof(line), ", line %u", i);
    good += strcmp(ftpd_place_line(p, a[i]), line) == 0;
  }

  is_int(good, 256, "256 lines");
  is_str(ftpd_place_line(p, a[SFTP_NELEMS(a) - 257]), "", "not more");
}

/* ---- Ends */

static void pools_may_end(void) {
  pool *sub = make_sub_pool(p);
  config_rec *a;

  begin();
  section = new_record(CONF_DIR, "/srv");
  section->pool = sub;
  tell("Umask 0", 3);
  destroy_pool(sub);
  section = NULL;
  a = param("Umask", 4, " 1");
  is_str(ftpd_place_line(p, a), ", line 4 of '/etc/a.conf'",
    "a section that is gone has no line");
}

static void the_next_configuration_is_new(void) {
  config_rec *a;

  begin();
  a = param("Umask", 3, " 0");
  is_str(ftpd_place_line(p, a), ", line 3 of '/etc/a.conf'", "known");
  (void) daemon_happens("core.module-unload", "mod_other.c");
  is_str(ftpd_place_line(p, a), ", line 3 of '/etc/a.conf'",
    "another module is unloaded");
  tell("Umask 2", 5);
  (void) daemon_happens("core.module-unload", "mod_sftp.c");
  is_str(ftpd_place_line(p, a), "", "this one is");
  (void) daemon_happens("core.restart", NULL);
  is_str(ftpd_place_line(p, a), "", "twice");
  a = param("Umask", 6, " 0");
  is_str(ftpd_place_line(p, a), ", line 6 of '/etc/a.conf'", "another reading");
}

int main(void) {
  p = make_sub_pool(NULL);
  lines_are_known();
  records_without_values_are_known();
  other_lines_make_no_records();
  names_may_have_another_word();
  sections_are_told();
  limits_stand_first();
  same_sections();
  ftpaccess_is_told_by_its_directory();
  the_last_lines_are_kept();
  pools_may_end();
  the_next_configuration_is_new();
  destroy_pool(p);
  return done_testing();
}
