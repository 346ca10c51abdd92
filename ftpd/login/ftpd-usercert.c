/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-usercert.c -- which certificates are valid for which user:
 * SFTPTrustedUserCAKeys, SFTPAuthorizedPrincipals, and the cert-authority lines
 * of key stores.
 */

#include "ftpd-conf.h"
#include "ftpd-keyfile.h"
#include "ftpd-keyopts.h"
#include "ftpd-keystore.h"
#include "ftpd-login.h"
#include "ftpd-session.h"
#include "ftpd-source.h"
#include "ftpd-usercert.h"

#include "cert.h"
#include "ftpd-userkey.h"
#include "keyfile.h"

bool ftpd_usercert_is_for(struct ftpd *h, pool *p, const struct sftp_cert *cert,
    const char *principals) {
  char *text, *name, *save = NULL;

  if (principals == NULL) {
    return sftp_cert_names(cert, ftpd_auth_name(h));
  }

  text = pstrdup(p, principals);
  for (name = strtok_r(text, ",", &save); name != NULL;
      name = strtok_r(NULL, ",", &save)) {
    if (sftp_cert_names(cert, name)) {
      return true;
    }
  }

  return false;
}

/* ---- SFTPAuthorizedPrincipals: [options] principal, one a line */

struct line {
  const char *path;
  unsigned int number;
  char *options, *principal;    /* options NULL: none */
};

/* A comment begins with "#", at the beginning of the line or behind a blank
 * outside of quotes.
 */
static char *find_comment(char *text) {
  bool quoted = false, blank = true;

  for (; *text != '\0'; text++) {
    if (blank && !quoted && *text == '#') {
      break;
    }

    blank = *text == ' ' || *text == '\t';
    if (*text == '\\' && text[1] == '"') {
      text++;

    } else if (*text == '"') {
      quoted = !quoted;
    }
  }

  return text;
}

/* Splits a line at the last blank outside of quotes. false: the line is empty.
 */
static bool split_line(char *text, struct line *l) {
  char *at, *cut = NULL, *end;
  bool quoted = false;

  text += strspn(text, " \t");
  end = find_comment(text);
  *end = '\0';
  while (end > text && strchr(" \t\r", end[-1]) != NULL) {
    *--end = '\0';
  }

  if (*text == '\0') {
    return false;
  }

  for (at = text; *at != '\0'; at++) {
    if (*at == '\\' && at[1] == '"') {
      at++;

    } else if (*at == '"') {
      quoted = !quoted;

    } else if (!quoted && (*at == ' ' || *at == '\t')) {
      cut = at;
    }
  }

  l->options = cut != NULL ? text : NULL;
  l->principal = text;
  if (cut != NULL) {
    l->principal = cut + 1;
    *cut = '\0';
  }

  return true;
}

/* Whether the line's options make it valid; applies them. */
static bool line_allows(pool *p, const struct line *l,
    struct ftpd_key_grant *grant) {
  struct ftpd_keyopts o;
  const char *why = NULL;

  if (ftpd_keyopts_read(p, l->options, &o, &why) && o.authority) {
    why = "option \"cert-authority\": it belongs to a key";
  }

  if (why != NULL) {
    sftp_log_why(WHY_OBJECTION, "principal '%s' in '%s', line %u, does not "
      "count: %s", l->principal, l->path, l->number, why);
    return false;
  }

  /* If the line says nothing about touching, the certificate decides. */
  if (l->options != NULL) {
    ftpd_keyopts_grant(&o, grant);
  }

  grant->no_touch |= l->options == NULL;
  return true;
}

static int search_principals(struct ftpd *h, pool *p, const char *form,
    const struct sftp_cert *cert, struct ftpd_key_grant *grant) {
  struct ftpd_ask ask = { h, p, "principals", cert->key->blob, cert };
  struct line l = { NULL, 0, NULL, NULL };
  struct ftpd_answer a;
  char *rest, *next;

  if (ftpd_source_read(&ask, form, &a) < 0) {
    ftpd_source_tell(&ask, &a);
    return -1;
  }

  l.path = a.where;
  if (memchr(a.text.ptr, '\0', a.text.len) != NULL) {
    sftp_log_why(WHY_OBJECTION, "list of principals '%s' holds a NUL byte",
      l.path);
    return -1;
  }

  for (rest = sftp_str_dup(p, a.text); rest != NULL; rest = next) {
    next = strchr(rest, '\n');
    if (next != NULL) {
      *next++ = '\0';
    }

    l.number++;
    if (split_line(rest, &l) && sftp_cert_names(cert, l.principal) &&
        line_allows(p, &l, grant)) {
      return 0;
    }
  }

  sftp_log_why(WHY_MISSING, "no principal of the certificate '%s' found for "
    "user '%s' in '%s'", cert->key_id, h->user, l.path);
  return -1;
}

/* ---- SFTPTrustedUserCAKeys */

static bool is_listed(struct ftpd *h, pool *p, const char *form,
    const struct sftp_cert *cert, struct ftpd_key_grant *grant) {
  struct ftpd_ask ask = { h, p, "authorities", cert->key->blob, cert };
  struct sftp_keyfile_entry e;
  struct sftp_keyfile f;
  struct ftpd_answer a;
  char line[16];

  if (ftpd_source_read(&ask, form, &a) < 0) {
    ftpd_source_tell(&ask, &a);
    return false;
  }

  sftp_keyfile_init(&f, p, a.text);
  while (sftp_keyfile_next(&f, &e)) {
    if (!sftp_str_same(cert->ca->blob, e.blob)) {
      continue;
    }

    if (e.options != NULL) {
      sftp_log_why(WHY_OBJECTION, "authority in '%s', line %u, does not "
        "count: options are not possible there", a.where, e.line);
      continue;
    }

    pr_snprintf(line, sizeof(line), "%u", e.line);
    grant->id = pstrcat(p, "'", a.where, "', line ", line, NULL);
    return true;
  }

  if (f.nbroken > 0) {
    sftp_log("authorities in '%s': %u unusable entr%s, the last one in line "
      "%u: %s", a.where, f.nbroken, f.nbroken == 1 ? "y" : "ies",
      f.broken_line, f.broken_why);
  }

  return false;
}

static bool has_key(pool *p, struct sftp_str text) {
  struct sftp_keyfile_entry e;
  struct sftp_keyfile f;

  sftp_keyfile_init(&f, p, text);
  return sftp_keyfile_next(&f, &e);
}

int ftpd_usercert_check(pool *p, server_rec *s, const char **path,
    const char **why) {
  config_rec *c = find_config(s->conf, CONF_PARAM, "SFTPTrustedUserCAKeys",
    FALSE);
  struct ftpd_keyfile_rule rule = { NULL,
    (ftpd_opts(s) & SFTP_OPT_INSECURE_USERKEY_PERMS) != 0, FTPD_KEYFILE_MAX };
  struct sftp_str text;
  unsigned int i;

  for (i = 0; c != NULL && i < c->argc; i++) {
    *path = c->argv[i];
    if (ftpd_source_info(*path, "sql") != NULL) {
      continue;
    }

    if (ftpd_keyfile_text(p, *path, &rule, &text, why) < 0) {
      *why = *why != NULL ? *why : pstrdup(p, strerror(errno));
      return -1;
    }

    if (!has_key(p, text)) {
      *why = "there is no public key in it";
      return -1;
    }
  }

  return 0;
}

static int trusted_for_all(struct ftpd *h, pool *p,
    const struct sftp_cert *cert, struct ftpd_key_grant *grant) {
  config_rec *c = find_config(h->server->conf, CONF_PARAM,
    "SFTPTrustedUserCAKeys", FALSE);
  const char *principals = get_param_ptr(h->server->conf,
    "SFTPAuthorizedPrincipals", FALSE);
  bool found = false;
  unsigned int i;

  for (i = 0; c != NULL && i < c->argc && !found; i++) {
    found = is_listed(h, p, c->argv[i], cert, grant);
  }

  if (!found) {
    return -1;
  }

  if (principals != NULL) {
    return search_principals(h, p, principals, cert, grant);
  }

  if (!sftp_cert_names(cert, ftpd_auth_name(h))) {
    sftp_log_why(WHY_OBJECTION, "certificate '%s' does not name user '%s'",
      cert->key_id, h->user);
    return -1;
  }

  grant->no_touch = true;
  return 0;
}

int ftpd_usercert_allows(struct ftpd *h, pool *p, const struct sftp_cert *cert,
    struct ftpd_key_grant *grant) {
  struct ftpd_key_grant none = *grant;

  if (cert->source_address != NULL &&
      !ftpd_source_allows(p, cert->source_address)) {
    sftp_log_why(WHY_OBJECTION, "certificate '%s', serial %llu, of user '%s' "
      "refused: the client is not at its source-address %s", cert->key_id,
      (unsigned long long) cert->serial, h->user, cert->source_address);
    return -1;
  }

  if (trusted_for_all(h, p, cert, grant) < 0) {
    *grant = none;
    if (ftpd_keystore_user_key(h, p, cert->ca->blob, cert, grant) < 0) {
      sftp_log_why(WHY_MISSING, "certificate '%s', serial %llu, refused: "
        "its authority is not trusted to name user '%s'", cert->key_id,
        (unsigned long long) cert->serial, h->user);
      return -1;
    }
  }

  /* Both must permit skipping the touch; verification is required if one
   * requires it.
   */
  grant->no_touch &= cert->no_touch_required;
  grant->verify |= cert->verify_required;
  return 0;
}
