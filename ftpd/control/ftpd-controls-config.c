/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-controls-config.c -- ftpdctl sftp config: what is in force in a virtual
 * host, as lines of a configuration.
 */

#include "ftpd-conf.h"
#include "ftpd-controls-int.h"
#include "ftpd-defaults.h"
#include "ftpd-place.h"

#ifdef PR_USE_CTRLS

/* The host's list of virtual hosts (none of its headers declares it). */
extern xaset_t *server_list;

/* Lists that the directive, the profile or both have made. */
static const char *list_of(const struct sftp_settings *set, const char *name) {
  const struct { const char *name, *list; } lists[] = {
    { "SFTPAuthPublicKeys", set->userkeys },
    { "SFTPCASignatureAlgorithms", set->ca_algs },
    { "SFTPCiphers", set->ciphers },
    { "SFTPDigests", set->macs },
    { "SFTPHostKeys", set->hostkeys },
    { "SFTPKeyExchanges", set->kex }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(lists); i++) {
    if (strcmp(lists[i].name, name) == 0) {
      return lists[i].list;
    }
  }

  return NULL;
}

static const char *limits_of(pool *p, const struct sftp_settings *set) {
  char text[128];

  snprintf(text, sizeof(text), "MinimumRSASize %u MinimumDSASize %u "
    "MinimumECSize %u", set->min_bits.rsa, set->min_bits.dsa,
    set->min_bits.ec);
  return pstrdup(p, text);
}

static void tell_line(pr_ctrls_t *ctrl, pool *p, const char *name,
    const char *words, const config_rec *c) {
  const char *place = c != NULL ? ftpd_place_line(p, c) : ", default";

  (void) pr_ctrls_add_response(ctrl, "  %s%s%s%s%s", name,
    *words != '\0' ? " " : "", words, *place != '\0' ? "  #" : "",
    *place != '\0' ? place + 1 : "");
}

/* All records of a directive, or of its other form. */
static unsigned int tell_records(pr_ctrls_t *ctrl, pool *p, server_rec *s,
    const char *name, const char *record) {
  bool all = ftpd_default_repeats(name) || strcmp(name, record) != 0;
  config_rec *c = find_config(s->conf, CONF_PARAM, record, FALSE);
  unsigned int n = 0;

  for (; c != NULL && (n == 0 || all);
      c = find_config_next(c, c->next, CONF_PARAM, record, FALSE)) {
    const char *words = ftpd_place_words(c);

    tell_line(ctrl, p, name, words != NULL ? words : "(set before LoadModule)",
      c);
    n++;
  }

  return n;
}

/* The daemon copies records to the sections inside, with their values. */
static bool is_copy(server_rec *s, const config_rec *c) {
  config_rec *other = find_config(s->conf, CONF_PARAM, c->name, TRUE);

  while (other != NULL && other != c && (other->argc == 0 || c->argc == 0 ||
      other->argv[0] != c->argv[0])) {
    other = find_config_next(other, other->next, CONF_PARAM, c->name, TRUE);
  }

  return other != c;
}

/* Those of <Directory> and <Anonymous>, with their section. */
static void tell_sections(pr_ctrls_t *ctrl, pool *p, server_rec *s,
    const char *name) {
  config_rec *c = find_config(s->conf, CONF_PARAM, name, TRUE);

  for (; c != NULL;
      c = find_config_next(c, c->next, CONF_PARAM, name, TRUE)) {
    const char *words = ftpd_place_words(c);

    if (c->set != s->conf && words != NULL && !is_copy(s, c)) {
      (void) pr_ctrls_add_response(ctrl, "  %s %s  #%s", name, words,
        ftpd_place_of(p, c));
    }
  }
}

static void tell_directive(pr_ctrls_t *ctrl, pool *p, server_rec *s,
    const struct sftp_settings *set, const struct ftpd_default *row) {
  const char *list = list_of(set, row->name);
  config_rec *c = find_config(s->conf, CONF_PARAM, row->name, FALSE);

  if (list == NULL && strcmp(row->name, "SFTPKeyLimits") == 0) {
    list = limits_of(p, set);
  }

  if (list != NULL) {
    tell_line(ctrl, p, row->name, sreplace(p, list, ",", " ", NULL), c);

  } else if (tell_records(ctrl, p, s, row->name, row->name) == 0 &&
      (!row->main_only || s == main_server)) {
    tell_line(ctrl, p, row->name, row->words, NULL);
  }

  (void) tell_records(ctrl, p, s, row->name, pstrcat(p, row->name, " for",
    NULL));
  tell_sections(ctrl, p, s, row->name);
}

static void tell_server(pr_ctrls_t *ctrl, server_rec *s) {
  pool *p = make_sub_pool(permanent_pool);
  const struct sftp_settings *set = ftpd_conf_lists(p, s);
  const struct ftpd_default *row;

  (void) pr_ctrls_add_response(ctrl, "%s (%s:%u)", s->ServerName,
    s->addr != NULL ? pr_netaddr_get_ipstr(s->addr) : s->ServerAddress,
    s->ServerPort);
  for (row = ftpd_defaults; row->name != NULL; row++) {
    tell_directive(ctrl, p, s, set, row);
  }

  destroy_pool(p);
}

/* By its name, address, port, or address:port. */
static bool is_meant(server_rec *s, const char *word) {
  char port[16], both[256];

  snprintf(port, sizeof(port), "%u", s->ServerPort);
  snprintf(both, sizeof(both), "%s:%u", s->ServerAddress, s->ServerPort);
  return strcasecmp(word, s->ServerName) == 0 ||
    strcmp(word, s->ServerAddress) == 0 || strcmp(word, port) == 0 ||
    strcmp(word, both) == 0;
}

server_rec *ftpd_control_server(const char *word) {
  server_rec *s;

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    if (ftpd_conf_engine(s) && (word == NULL || is_meant(s, word))) {
      break;
    }
  }

  return s;
}

int ftpd_control_no_server(pr_ctrls_t *ctrl) {
  (void) pr_ctrls_add_response(ctrl, "there is no such server with "
    "SFTPEngine (its ServerName, address, port, or address:port)");
  return -1;
}

int ftpd_control_config(pr_ctrls_t *ctrl, int argc, char **argv) {
  server_rec *s;
  unsigned int n = 0;

  if (argc > 1) {
    return CONTROL_USAGE;
  }

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    if (ftpd_conf_engine(s) && (argc == 0 || is_meant(s, argv[0]))) {
      tell_server(ctrl, s);
      n++;
    }
  }

  return n > 0 ? 0 : ftpd_control_no_server(ctrl);
}

#endif /* PR_USE_CTRLS */
