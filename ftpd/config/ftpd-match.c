/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-match.c -- SFTPClientMatch: other settings for some client programs,
 * chosen by the software name of their version line, or ("does:" before the
 * expression) by what they do.
 */

#include "directives-int.h"
#include "alg-profile.h"
#include "directives.h"
#include "ftpd-conf.h"
#include "ftpd-match.h"

/* The largest packet that a channel may be given (packet.h). */
#define MAX_CHANNEL_PACKET 262144

/* Before an expression for what clients do (clients.h). */
#define DOES "does:"

typedef const char *(*match_setter)(cmd_rec *cmd, pool *p,
  struct client_match *m, const char *value);

static const char *bad_value(cmd_rec *cmd, const char *value,
    const char *expected) {
  return pstrcat(cmd->tmp_pool, "badly formatted value '", value,
    "' (expected ", expected, ")", NULL);
}

static const char *set_window(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  uint64_t n;

  (void) p;
  if (!ftpd_bytes(cmd->tmp_pool, value, 0, UINT64_C(1) << 32, &n)) {
    return bad_value(cmd, value, "1 to 4 GB, as number with B, KB, MB or GB");
  }

  m->window = n > UINT32_MAX ? UINT32_MAX : (uint32_t) n;
  return NULL;
}

static const char *set_packet(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  uint64_t n;

  (void) p;
  if (!ftpd_bytes(cmd->tmp_pool, value, 0, MAX_CHANNEL_PACKET, &n)) {
    return bad_value(cmd, value, "1 to 262144, as number with B, KB or MB");
  }

  m->max_packet = (uint32_t) n;
  return NULL;
}

static const char *set_pessimistic(cmd_rec *cmd, pool *p,
    struct client_match *m, const char *value) {
  int on = pr_str_is_boolean(value);

  (void) p;
  if (on < 0) {
    return bad_value(cmd, value, "on or off");
  }

  m->pessimistic_newkeys = on;
  return NULL;
}

static const char *set_version(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  const char *dash = strchr(value, '-');
  uint64_t min, max;

  (void) p;
  if (dash != NULL) {
    if (!ftpd_number(pstrndup(cmd->tmp_pool, value, (size_t) (dash - value)),
          1, 6, &min) ||
        !ftpd_number(dash + 1, min, 6, &max)) {
      return bad_value(cmd, value, "N or N-M, from 1 to 6");
    }

  } else {
    if (!ftpd_number(value, 1, 6, &min)) {
      return bad_value(cmd, value, "N or N-M, from 1 to 6");
    }

    max = min;
  }

  m->min_version = (unsigned int) min;
  m->max_version = (unsigned int) max;
  return NULL;
}

static const char *set_utf8(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  uint64_t n;

  (void) p;
  if (!ftpd_number(value, 1, 6, &n)) {
    return bad_value(cmd, value, "1 to 6");
  }

  m->utf8_version = (unsigned int) n;
  return NULL;
}

static const char *set_names(cmd_rec *cmd, pool *p, enum sftp_alg_family f,
    const char *value, const char **list) {
  const char *err = ftpd_alg_words(cmd, p, f, value, list);

  if (err == NULL) {
    (void) ftpd_alg_done(cmd, f, *list, &err);
  }

  return err;
}

static const char *set_profile(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  (void) p;
  m->profile = sftp_alg_profile_find(value);
  return m->profile >= 0 ? NULL :
    bad_value(cmd, value, "modern, default or legacy");
}

static const char *set_ciphers(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  return set_names(cmd, p, ALGS_CIPHER, value, &m->ciphers);
}

static const char *set_digests(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  return set_names(cmd, p, ALGS_MAC, value, &m->macs);
}

static const char *set_hostkeys(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  return set_names(cmd, p, ALGS_HOSTKEY, value, &m->hostkeys);
}

static const char *set_kex(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  return set_names(cmd, p, ALGS_KEX, value, &m->kex);
}

static const char *set_switch(cmd_rec *cmd, const char *value, int *at) {
  *at = pr_str_is_boolean(value);
  return *at >= 0 ? NULL : bad_value(cmd, value, "on or off");
}

static const char *set_rekey(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  (void) p;
  return set_switch(cmd, value, &m->rekey);
}

static const char *set_tagged_sums(cmd_rec *cmd, pool *p,
    struct client_match *m, const char *value) {
  (void) p;
  return set_switch(cmd, value, &m->tagged_sums);
}

static const char *set_data_alone(cmd_rec *cmd, pool *p,
    struct client_match *m, const char *value) {
  (void) p;
  return set_switch(cmd, value, &m->data_alone);
}

static const char *set_owner_numbers(cmd_rec *cmd, pool *p,
    struct client_match *m, const char *value) {
  (void) p;
  return set_switch(cmd, value, &m->owner_numbers);
}

static const char *set_link_order(cmd_rec *cmd, pool *p,
    struct client_match *m, const char *value) {
  (void) p;
  m->link_order = strcasecmp(value, "target") == 0 ? 0 :
    strcasecmp(value, "link") == 0 ? 1 :
    strcasecmp(value, "last") == 0 ? 2 : -1;
  return m->link_order >= 0 ? NULL : bad_value(cmd, value,
    "target, link or last");
}

static const char *set_keepalive(cmd_rec *cmd, pool *p,
    struct client_match *m, const char *value) {
  (void) p;
  m->keepalive = strcasecmp(value, "channel") == 0 ? KEEPALIVE_CHANNEL :
    strcasecmp(value, "global") == 0 ? KEEPALIVE_GLOBAL :
    strcasecmp(value, "ignore") == 0 ? KEEPALIVE_IGNORE : -1;
  return m->keepalive >= 0 ? NULL : bad_value(cmd, value,
    "channel, global or ignore");
}

/* From 4 KB on. */
static const char *set_size(cmd_rec *cmd, const char *value, uint64_t max,
    uint32_t *at) {
  uint64_t n;

  if (!ftpd_bytes(cmd->tmp_pool, value, 0, max, &n) || n < 4096) {
    return bad_value(cmd, value, "4 KB to 255 KB");
  }

  *at = (uint32_t) n;
  return NULL;
}

static const char *set_readdir(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  (void) p;
  return set_size(cmd, value, 255 * 1024, &m->readdir_max);
}

static const char *set_data(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *value) {
  (void) p;
  return set_size(cmd, value, 255 * 1024, &m->data_max);
}

static const struct {
  const char *key;
  match_setter set;
} keys[] = {
  { "channelPacketSize", set_packet },
  { "channelWindowSize", set_window },
  { "keepalive", set_keepalive },
  { "pessimisticNewkeys", set_pessimistic },
  { "rekey", set_rekey },
  { "sftpAlgorithmProfile", set_profile },
  { "sftpCiphers", set_ciphers },
  { "sftpDataAlone", set_data_alone },
  { "sftpDataSize", set_data },
  { "sftpDigests", set_digests },
  { "sftpHostKeys", set_hostkeys },
  { "sftpKeyExchanges", set_kex },
  { "sftpLinkOrder", set_link_order },
  { "sftpOwnerNumbers", set_owner_numbers },
  { "sftpProtocolVersion", set_version },
  { "sftpReaddirSize", set_readdir },
  { "sftpTaggedSums", set_tagged_sums },
  { "sftpUTF8ProtocolVersion", set_utf8 }
};

static const char *key_names(pool *p) {
  const char *names = keys[0].key;
  size_t i;

  for (i = 1; i < SFTP_NELEMS(keys); i++) {
    names = pstrcat(p, names, ", ", keys[i].key, NULL);
  }

  return names;
}

/* One pair of key and value; NULL, or the error text. */
static const char *set_pair(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *key, const char *value, unsigned int *seen) {
  const char *err;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(keys); i++) {
    if (strcmp(key, keys[i].key) != 0) {
      continue;
    }

    if ((*seen & (1U << i)) != 0) {
      return pstrcat(cmd->tmp_pool, "error storing '", key,
        "' value: the key stands here twice", NULL);
    }

    *seen |= 1U << i;
    err = keys[i].set(cmd, p, m, value);
    return err == NULL ? NULL : pstrcat(cmd->tmp_pool, key, ": ", err, NULL);
  }

  return pstrcat(cmd->tmp_pool, "unknown SFTPClientMatch key: '", key,
    "' (accepted: ", key_names(cmd->tmp_pool), ")", NULL);
}

/* The expression compiled, or NULL and *err. */
static pr_regex_t *compile(pool *p, const char *pattern, const char **err) {
  pr_regex_t *re = pr_regexp_alloc(&sftp_module);
  char text[256] = "";
  int res;

  res = pr_regexp_compile_posix(re, pattern, REG_EXTENDED|REG_NOSUB);
  if (res != 0) {
    pr_regexp_error(res, re, text, sizeof(text));
    pr_regexp_free(&sftp_module, re);
    *err = pstrcat(p, "'", pattern, "' failed regex compilation: ", text,
      NULL);
    return NULL;
  }

  return re;
}

static bool names_algorithms(const struct client_match *m) {
  return m->ciphers != NULL || m->macs != NULL || m->hostkeys != NULL ||
    m->kex != NULL || m->profile >= 0;
}

/* usage: SFTPClientMatch regex key value [key value ...] */
modret_t *ftpd_set_clientmatch(cmd_rec *cmd) {
  struct client_match *m;
  const char *err = NULL;
  const char *pattern = cmd->argc > 1 ? cmd->argv[1] : "";
  unsigned int i, seen = 0;
  pr_regex_t *re;
  bool does;
  config_rec *c;

  if (cmd->argc < 4 || cmd->argc % 2 != 0) {
    CONF_ERROR(cmd, "Wrong number of parameters: expected a regular "
      "expression and pairs of key and value");
  }

  CHECK_CONF(cmd, CONF_ROOT|CONF_VIRTUAL|CONF_GLOBAL);

  /* Compiled in the parent, for all sessions. */
  does = strncmp(pattern, DOES, strlen(DOES)) == 0;
  re = compile(cmd->tmp_pool, pattern + (does ? strlen(DOES) : 0), &err);
  if (re == NULL) {
    CONF_ERROR(cmd, err);
  }

  c = add_config_param(cmd->argv[0], 1, NULL);
  m = pcalloc(c->pool, sizeof(struct client_match));
  m->pattern = pstrdup(c->pool, pattern);
  m->does = does;
  m->regex = re;
  m->pessimistic_newkeys = m->profile = -1;
  m->tagged_sums = m->data_alone = m->owner_numbers = -1;
  m->link_order = m->rekey = m->keepalive = -1;

  for (i = 2; i < cmd->argc; i += 2) {
    err = set_pair(cmd, c->pool, m, cmd->argv[i], cmd->argv[i + 1], &seen);
    if (err != NULL) {
      CONF_ERROR(cmd, err);
    }
  }

  if (m->does && names_algorithms(m)) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", pattern, "' cannot choose "
      "algorithms: they are offered before the client does anything", NULL));
  }

  c->argv[0] = m;
  c->flags |= ftpd_multi_flag();
  return PR_HANDLED(cmd);
}

/* ---- Use */

static struct client_match *next_match(server_rec *s, config_rec **c) {
  *c = *c == NULL ?
    find_config(s->conf, CONF_PARAM, "SFTPClientMatch", FALSE) :
    find_config_next(*c, (*c)->next, CONF_PARAM, "SFTPClientMatch", FALSE);

  return *c != NULL ? (*c)->argv[0] : NULL;
}

bool ftpd_match_early(server_rec *s) {
  struct client_match *m;
  config_rec *c = NULL;

  while ((m = next_match(s, &c)) != NULL) {
    if (names_algorithms(m)) {
      return true;
    }
  }

  return false;
}

static void change(pool *p, enum sftp_alg_family f, const char *list,
    const char **names) {
  if (list != NULL) {
    *names = sftp_alg_change(p, f, *names, list);
  }
}

static void apply_traits(const struct client_match *m,
    struct sftp_client_traits *t) {
  if (m->link_order >= 0) {
    t->link_first = m->link_order == 1;
    t->link_last = m->link_order == 2;
  }

  if (m->tagged_sums >= 0) {
    t->tagged_sums = m->tagged_sums != 0;
  }

  if (m->data_alone >= 0) {
    t->data_alone = m->data_alone != 0;
  }

  if (m->owner_numbers >= 0) {
    t->owner_numbers = m->owner_numbers != 0;
  }

  if (m->rekey >= 0) {
    t->never_rekey = m->rekey == 0;
  }

  if (m->keepalive >= 0) {
    t->keepalive = (enum sftp_keepalive) m->keepalive;
  }

  t->readdir_max = m->readdir_max > 0 ? m->readdir_max : t->readdir_max;
  t->data_max = m->data_max > 0 ? m->data_max : t->data_max;
}

static void apply(pool *p, const struct client_match *m,
    struct sftp_settings *set) {
  if (m->window > 0) {
    set->window = m->window;
  }

  if (m->max_packet > 0) {
    set->max_packet = m->max_packet;
  }

  if (m->pessimistic_newkeys >= 0) {
    set->pessimistic_newkeys = m->pessimistic_newkeys != 0;
  }

  if (m->min_version > 0) {
    set->sftp_min_version = m->min_version;
    set->sftp_max_version = m->max_version;
  }

  if (m->utf8_version > 0) {
    set->sftp_utf8_version = m->utf8_version;
  }

  apply_traits(m, &set->client);

  /* What is said of this client goes before what is said of all. */
  if (m->profile >= 0) {
    ftpd_conf_profile(p, set, (enum sftp_alg_profile) m->profile);
  }

  change(p, ALGS_CIPHER, m->ciphers, &set->ciphers);
  change(p, ALGS_MAC, m->macs, &set->macs);
  change(p, ALGS_HOSTKEY, m->hostkeys, &set->hostkeys);
  change(p, ALGS_KEX, m->kex, &set->kex);
}

static bool fits(const struct client_match *m, const char *text) {
  return pr_regexp_exec(m->regex, text, 0, NULL, 0, 0, 0) == 0;
}

bool ftpd_match_note(server_rec *s, const char *software, const char *does) {
  struct client_match *m;
  config_rec *c = NULL;
  bool any = false;

  while ((m = next_match(s, &c)) != NULL) {
    if (does == NULL) {
      any = any || (!m->does && fits(m, software));

    } else if (m->does && !m->done && fits(m, does)) {
      m->done = any = true;
    }
  }

  return any;
}

void ftpd_match_apply(pool *p, server_rec *s, const char *software,
    struct sftp_settings *set) {
  struct client_match *m;
  config_rec *c = NULL;

  while ((m = next_match(s, &c)) != NULL) {
    if (m->does ? m->done : fits(m, software)) {
      SFTP_TRACE(TRACE_SSH2, 9, "client matches SFTPClientMatch '%s'",
        m->pattern);
      apply(p, m, set);
    }
  }
}
