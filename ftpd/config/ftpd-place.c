/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-place.c -- where directives stand in the configuration, for logs.
 *
 * The daemon keeps no line numbers, but tells each line before it reads it: the
 * record that the line makes is there when the next one comes.  The daemon
 * copies records to other sections, with their values' addresses: a directive
 * is known by the address of its first value.
 */

#include "ftpd-place.h"

struct place {
  const void *key;
  const char *section, *file;
  const char *words;            /* of our directives, behind the name; or "" */
  unsigned int line;
};

static pool *place_pool;
static array_header *places;

/* What sessions read themselves (.ftpaccess), which may change at any time: the
 * last ones.
 */
#define RECENT 256

static struct place recent[RECENT];
static unsigned int nrecent;

static const void *key_of(const config_rec *c) {
  return c->argc > 0 && c->argv[0] != NULL ? c->argv[0] : (const void *) c;
}

/* ---- Noting */

/* The line that was told last: its record is looked for where it stands. */
static struct {
  struct place place;
  char name[80];                /* of the directive; "": there is none */
  pool *owner;
  server_rec *server;
  config_rec *section;
  bool dynamic;
} last;

static void drop_last(void *data) {
  (void) data;
  last.name[0] = '\0';
}

/* Some directives have records of their own for some of their forms: their name
 * and another word.
 */
static bool is_named(const config_rec *c, const char *name) {
  size_t len = strlen(name);

  return c->name != NULL && strncasecmp(c->name, name, len) == 0 &&
    (c->name[len] == '\0' || c->name[len] == ' ');
}

/* Sections are put before the others, directives behind them. */
static const config_rec *made(void) {
  const xaset_t *set = last.section != NULL ? last.section->subset :
    last.server->conf;
  const config_rec *c = set != NULL ? (const config_rec *) set->xas_list :
    NULL;

  if (c != NULL && strcasecmp(last.name, "<Limit>") == 0) {
    return c->config_type == CONF_LIMIT ? c : NULL;
  }

  while (c != NULL && c->next != NULL) {
    c = c->next;
  }

  return c != NULL && c->config_type == CONF_PARAM &&
    is_named(c, last.name) ? c : NULL;
}

static void settle(void) {
  const config_rec *c = last.name[0] != '\0' ? made() : NULL;

  if (c != NULL) {
    last.place.key = key_of(c);
    if (last.dynamic) {
      recent[nrecent++ % RECENT] = last.place;
    } else {
      *((struct place *) push_array(places)) = last.place;
    }
  }

  if (last.name[0] != '\0') {
    unregister_cleanup(last.owner, &last, drop_last);
    last.name[0] = '\0';
  }
}

static const char *section_name(pool *p, const server_rec *s,
    const config_rec *section) {
  while (section != NULL && section->config_type == CONF_LIMIT) {
    section = section->parent;
  }

  switch (section != NULL ? section->config_type : 0) {
    case CONF_DIR:
      return pstrcat(p, " in <Directory ", section->name, ">", NULL);

    case CONF_ANON:
      return pstrcat(p, " in <Anonymous ", section->name, ">", NULL);

    case CONF_GLOBAL:
      return " in <Global>";

    default:
      return s != main_server && s->ServerAddress != NULL ?
        pstrcat(p, " in <VirtualHost ", s->ServerAddress, ">", NULL) : "";
  }
}

/* Texts that the line before it has, too, are shared. */
static const char *share(const char *before, const char *text) {
  return before != NULL && strcmp(before, text) == 0 ? before :
    pstrdup(place_pool, text);
}

#define OWN_NAMES "SFTP"

static const char *words_of(const char *text) {
  const char *blanks = " \t";

  text = text != NULL ? text : "";
  text += strspn(text, blanks);
  text += strcspn(text, blanks);
  text += strspn(text, blanks);
  return pstrdup(place_pool, text);
}

static void describe(const char *name, const pr_parsed_line_t *line) {
  pool *p = make_sub_pool(place_pool);

  last.place.section = share(last.place.section, section_name(p, last.server,
    last.section));
  last.place.file = share(last.place.file, line->source_file);
  last.place.words = strncasecmp(name, OWN_NAMES, strlen(OWN_NAMES)) == 0 ?
    words_of(line->text) : "";
  destroy_pool(p);
}

static bool is_dynamic(const config_rec *section) {
  while (section != NULL && section->config_type != CONF_DYNDIR) {
    section = section->parent;
  }

  return section != NULL;
}

static void begin(void) {
  if (place_pool == NULL) {
    place_pool = make_sub_pool(permanent_pool);
    pr_pool_tag(place_pool, "mod_sftp: places of directives");
    places = make_array(place_pool, 64, sizeof(struct place));
  }
}

static void on_line(const void *data, void *user_data) {
  const pr_parsed_line_t *line = data;
  const char *name = line->cmd->argc > 0 ? line->cmd->argv[0] : "";

  (void) user_data;
  settle();
  if (*name == '\0' || strncmp(name, "</", 2) == 0 ||
      line->source_file == NULL) {
    return;
  }

  begin();
  last.server = pr_parser_server_ctxt_get();
  if (last.server == NULL) {
    return;
  }

  last.section = pr_parser_config_ctxt_get();
  last.dynamic = is_dynamic(last.section);
  last.place.line = line->source_lineno;
  last.place.words = "";
  if (!last.dynamic) {
    describe(name, line);
  }

  sstrncpy(last.name, name, sizeof(last.name));
  last.owner = last.section != NULL ? last.section->pool : last.server->pool;
  register_cleanup(last.owner, &last, drop_last, drop_last);
}

/* The configuration will be read again. */
static void on_restart(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
  if (place_pool != NULL) {
    if (last.name[0] != '\0') {
      unregister_cleanup(last.owner, &last, drop_last);
    }

    destroy_pool(place_pool);
    place_pool = NULL;
    places = NULL;
    memset(&last, 0, sizeof(last));
  }
}

static void on_module_unload(const void *data, void *user_data) {
  if (strcmp(data, "mod_sftp.c") == 0) {
    on_restart(NULL, user_data);
  }
}

void ftpd_place_init(void) {
  (void) pr_event_register(&sftp_module, "core.parsed-line", on_line, NULL);
  (void) pr_event_register(&sftp_module, "core.restart", on_restart, NULL);
  (void) pr_event_register(&sftp_module, "core.module-unload",
    on_module_unload, NULL);
}

/* ---- Telling */

static const struct place *find(const config_rec *c) {
  const struct place *all;
  const void *key = key_of(c);
  unsigned int i;

  settle();
  all = places != NULL ? places->elts : NULL;
  for (i = nrecent; i > 0 && i + RECENT > nrecent; i--) {
    if (recent[(i - 1) % RECENT].key == key) {
      return &recent[(i - 1) % RECENT];
    }
  }

  for (i = all != NULL ? (unsigned int) places->nelts : 0; i > 0; i--) {
    if (all[i - 1].key == key) {
      return &all[i - 1];
    }
  }

  return NULL;
}

static bool is_recent(const struct place *one) {
  return one >= recent && one < recent + RECENT;
}

const char *ftpd_place_line(pool *p, const config_rec *c) {
  const struct place *found = find(c);
  char line[32];

  if (found == NULL) {
    return "";
  }

  snprintf(line, sizeof(line), ", line %u", found->line);
  return is_recent(found) ? pstrdup(p, line) : pstrcat(p, line, " of '",
    found->file, "'", NULL);
}

/* The section of a record from .ftpaccess is the directory. */
static const char *own_section(pool *p, const config_rec *c) {
  const config_rec *dir = c->parent;

  return dir == NULL || dir->name == NULL ? " in an .ftpaccess" :
    pstrcat(p, " in '", dir->name, "/.ftpaccess'", NULL);
}

const char *ftpd_place_of(pool *p, const config_rec *c) {
  const struct place *found;

  if (c == NULL) {
    return " by default";
  }

  found = find(c);
  if (found == NULL) {
    return "";
  }

  return pstrcat(p, is_recent(found) ? own_section(p, c) : found->section,
    ftpd_place_line(p, c), NULL);
}

const char *ftpd_place_words(const config_rec *c) {
  const struct place *found = find(c);

  return found != NULL && !is_recent(found) ? found->words : NULL;
}

bool ftpd_place_same_section(const config_rec *a, const config_rec *b) {
  const struct place *one = find(a), *other = find(b);

  return one != NULL && other != NULL && !is_recent(one) &&
    !is_recent(other) && strcmp(one->section, other->section) == 0;
}
