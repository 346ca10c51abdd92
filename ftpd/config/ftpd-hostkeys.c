/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-hostkeys.c -- SFTPHostKey: the keys of a virtual host, from files and
 * agents.
 */

#include "ftpd-hostkeys.h"
#include "ftpd-hostload.h"
#include "ftpd-kept.h"
#include "ftpd-log.h"
#include "ftpd-parent-files.h"
#include "ftpd-secret.h"

/* The keys of a virtual host so far. */
struct ring {
  struct ftpd_hostload *load;
  unsigned int room;            /* in set->host_keys */
  unsigned int nglobal;         /* of them: those from <Global> */
};

void ftpd_hostload_fault(const struct ftpd_hostload *l, const char *directive,
    const char *path, const char *why) {
  ftpd_log_server(l->server, PR_LOG_ERR, "unable to use %s '%s': %s",
    directive, path, why);
}

static void log_fault(const struct ftpd_hostload *l, const char *form,
    const char *why) {
  ftpd_hostload_fault(l, "SFTPHostKey", form, why);
}

static bool long_enough(const struct ftpd_hostload *l, const char *path,
    const struct sftp_key *key) {
  const struct sftp_key_limits *limits = &l->set->min_bits;
  unsigned int bits = sftp_key_bits(key), min = 0;
  char why[128];

  if (strcmp(key->type->name, "ssh-rsa") == 0) {
    min = limits->rsa;

  } else if (strcmp(key->type->name, "ssh-dss") == 0) {
    min = limits->dsa;

  } else if (strncmp(key->type->name, "ecdsa-", 6) == 0) {
    min = limits->ec;
  }

  if (bits >= min) {
    return true;
  }

  snprintf(why, sizeof(why), "it has %u bits, SFTPKeyLimits wants %u", bits,
    min);
  log_fault(l, path, why);
  return false;
}

/* A key of the virtual host replaces those of its type from <Global>; if one
 * section has several, all stay and the last one signs.
 */
static void put_key(struct ring *r, struct sftp_key *key) {
  struct sftp_settings *set = r->load->set;
  unsigned int i, n = 0, left = 0;

  for (i = 0; i < set->nhost_keys; i++) {
    if (i < r->nglobal && set->host_keys[i]->type == key->type) {
      continue;
    }

    left += i < r->nglobal;
    set->host_keys[n++] = set->host_keys[i];
  }

  r->nglobal = left;
  set->nhost_keys = n;
  set->host_keys[set->nhost_keys++] = key;
}

/* Adds the keys of an agent to the array. */
static void put_agent_keys(struct ring *r, const char *form) {
  struct ftpd_hostload *l = r->load;
  const char *path = form + strlen("agent:"), *why = "";
  array_header *list = ftpd_agent_keys(l->pool, path, &why);
  struct sftp_settings *set = l->set;
  struct sftp_key **all;
  unsigned int i;

  if (list == NULL) {
    log_fault(l, form, why);
    l->faults += ftpd_kept_reloading() ? 0 : 1;
    return;
  }

  r->room += (unsigned int) list->nelts;
  all = pcalloc(l->pool, r->room * sizeof(struct sftp_key *));
  memcpy(all, set->host_keys, set->nhost_keys * sizeof(struct sftp_key *));
  set->host_keys = all;

  for (i = 0; i < (unsigned int) list->nelts; i++) {
    struct sftp_key *key = ((struct sftp_key **) list->elts)[i];

    if (!sftp_key_approved(key)) {
      if (l->starting) {
        log_fault(l, form, pstrcat(l->pool, "FIPS does not approve of keys "
          "of type ", key->type->name, NULL));
      }

    } else if (long_enough(l, form, key)) {
      put_key(r, key);
    }
  }
}

/* NoRSA and similar words: whether the word names this type. */
static bool form_drops(const char *form, const char *type) {
  static const struct { const char *form, *type; } drops[] = {
    { "NoRSA", "ssh-rsa" }, { "NoDSA", "ssh-dss" }, { "NoECDSA", "ecdsa-" },
    { "NoED25519", "ssh-ed25519" }, { "NoED448", "ssh-ed448" }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(drops); i++) {
    if (strcmp(form, drops[i].form) == 0) {
      return strncmp(type, drops[i].type, strlen(drops[i].type)) == 0;
    }
  }

  return false;
}

static void drop_keys(struct sftp_settings *set, const char *form) {
  unsigned int i, n = 0;

  for (i = 0; i < set->nhost_keys; i++) {
    if (!form_drops(form, set->host_keys[i]->type->name)) {
      set->host_keys[n++] = set->host_keys[i];
    }
  }

  set->nhost_keys = n;
}

static config_rec *next_record(server_rec *s, config_rec *c) {
  return c == NULL ?
    find_config(s->conf, CONF_PARAM, "SFTPHostKey", FALSE) :
    find_config_next(c, c->next, CONF_PARAM, "SFTPHostKey", FALSE);
}

static void load_keys(struct ring *r) {
  struct ftpd_hostload *l = r->load;
  struct sftp_settings *set = l->set;
  server_rec *s = l->server;
  config_rec *c = NULL;
  int pass;

  r->room = 1;
  while ((c = next_record(s, c)) != NULL) {
    r->room++;
  }

  set->host_keys = pcalloc(l->pool, r->room * sizeof(struct sftp_key *));
  set->nhost_keys = 0;

  /* ProFTPD puts records of <Global> after those of the virtual host, but the
   * latter must come last.
   */
  for (pass = 0; pass < 2; pass++) {
    while ((c = next_record(s, c)) != NULL) {
      const char *form = c->argv[0];
      bool global = strcmp(c->argv[1], "global") == 0;
      struct sftp_key *key;

      if (global != (pass == 0)) {
        continue;
      }

      if (strncmp(form, "agent:", 6) == 0) {
        put_agent_keys(r, form);

      } else if (*form == '/') {
        key = ftpd_hostkey_of_file(l, form);
        if (key != NULL && long_enough(l, form, key)) {
          put_key(r, key);
        }
      }
    }

    r->nglobal = pass == 0 ? set->nhost_keys : r->nglobal;
  }

  while ((c = next_record(s, c)) != NULL) {
    drop_keys(set, c->argv[0]);
  }
}

int ftpd_hostkeys_load(pool *p, server_rec *s, struct sftp_settings *set,
    bool starting) {
  struct ftpd_hostload l = { p, s, set, starting, 0 };
  struct ring r = { &l, 0, 0 };

  load_keys(&r);
  ftpd_hostcerts_load(&l);
  return l.faults;
}

static void mix_secret(const struct ftpd_parent_file *f) {
  const struct ftpd_kept *k = f->key != NULL ? ftpd_kept_find(f->path) : NULL;

  if (k != NULL) {
    ftpd_secret_mix(k->text);
  }
}

void ftpd_hostkeys_sweep(void) {
  ftpd_secret_begin();
  ftpd_parent_files_sweep(mix_secret);
  ftpd_secret_settle();
}

void ftpd_hostkeys_free(void) {
  ftpd_parent_files_free();
}
