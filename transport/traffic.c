/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* traffic.c -- the policies of SFTPTrafficPolicy. */

#include "kex.h"
#include "traffic.h"

#include <strings.h>

static const struct sftp_traffic_policy policies[] = {
  { "none", 0, 0, 0, 0, 0 },
  { "low", 1000, 64, 256, 15, 300 },
  { "medium", 100, 32, 768, 10, 60 },
  { "high", 10, 16, 2048, 5, 15 },
  { "paranoid", 1, 0, 8192, 1, 5 },
  { "rogaway", 1, 64, 256, 0, 0 }
};

struct sftp_traffic {
  const struct sftp_traffic_policy *policy;     /* NULL: none */
  uint64_t quiet_ms;            /* when the silence began */
  uint64_t patience_ms;         /* how long it may last */
};

const struct sftp_traffic_policy *sftp_traffic_find(const char *name) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(policies); i++) {
    if (strcasecmp(policies[i].name, name) == 0) {
      return &policies[i];
    }
  }

  return NULL;
}

const char *sftp_traffic_names(pool *p) {
  const char *names = policies[0].name;
  size_t i;

  for (i = 1; i < SFTP_NELEMS(policies); i++) {
    names = pstrcat(p, names, ", ", policies[i].name, (char *) NULL);
  }

  return names;
}

struct sftp_traffic *sftp_traffic_new(struct ssh_conn *c) {
  return pcalloc(c->pool, sizeof(struct sftp_traffic));
}

static unsigned int between(unsigned int min, unsigned int max) {
  uint32_t r = 0;

  sftp_random(&r, sizeof(r));
  return min + r % (max - min + 1);
}

static void begin_silence(struct sftp_traffic *t) {
  t->quiet_ms = sftp_now_ms();
  t->patience_ms = (uint64_t) between(t->policy->min_secs,
    t->policy->max_secs) * 1000;
}

static int send_ignore(struct ssh_conn *c) {
  const struct sftp_traffic_policy *policy = c->traffic->policy;
  unsigned char junk[8192];
  unsigned int len = between(policy->min_len, policy->max_len);
  struct sftp_wr *w;

  sftp_random(junk, len);
  w = sftp_packet_begin(c->pkts, SSH_MSG_IGNORE, 8 + len);
  sftp_wr_string(w, junk, len);
  return sftp_packet_end(c->pkts);
}

/* Some programs end the connection when an IGNORE comes before the login. */
static bool may_cover(const struct ssh_conn *c) {
  return c->traffic->policy != NULL && c->state.authenticated &&
    !sftp_kex_running(c);
}

/* Called before each outgoing message. */
static int cover(void *arg) {
  struct ssh_conn *c = arg;
  struct sftp_traffic *t = c->traffic;

  if (!may_cover(c)) {
    return SFTP_OK;
  }

  begin_silence(t);
  return between(1, t->policy->one_in) == 1 ? send_ignore(c) : SFTP_OK;
}

/* Programs of the 1990s that end the connection when they receive IGNORE. */
static bool is_frightened(const char *software) {
  static const char *const prefixes[] = { "1.2.18", "1.2.19", "1.2.20",
    "1.2.21", "1.2.22", "1.3.2", "3.2.9" };
  size_t i;

  for (i = 0; software != NULL && i < SFTP_NELEMS(prefixes); i++) {
    if (strncmp(software, prefixes[i], strlen(prefixes[i])) == 0) {
      return true;
    }
  }

  return false;
}

static bool is_cbc(const char *cipher) {
  size_t len = strlen(cipher);

  return len > 4 && strcmp(cipher + len - 4, "-cbc") == 0;
}

void sftp_traffic_keyed(struct ssh_conn *c) {
  const struct sftp_traffic_policy *policy = c->set->traffic;
  const struct sftp_kex_names *n = sftp_kex_agreed(c);

  if (policy == NULL && n != NULL && is_cbc(n->cipher_s2c)) {
    policy = sftp_traffic_find("rogaway");
  }

  if (policy == NULL || policy->one_in == 0 ||
      is_frightened(c->peer.software)) {
    c->traffic->policy = NULL;
    sftp_packets_set_cover(c->pkts, NULL, NULL);
    return;
  }

  c->traffic->policy = policy;
  begin_silence(c->traffic);
  sftp_packets_set_cover(c->pkts, cover, c);
}

uint64_t sftp_traffic_due_ms(const struct ssh_conn *c) {
  const struct sftp_traffic *t = c->traffic;
  uint64_t at, now;

  if (!may_cover(c) || t->policy->max_secs == 0) {
    return UINT64_MAX;
  }

  at = t->quiet_ms + t->patience_ms;
  now = sftp_now_ms();
  return at > now ? at - now : 0;
}

int sftp_traffic_check(struct ssh_conn *c) {
  /* The message itself may again cause one before it. */
  return sftp_traffic_due_ms(c) == 0 ? send_ignore(c) : SFTP_OK;
}
