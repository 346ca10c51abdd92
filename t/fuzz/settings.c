/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: values in the words of an administrator, and the
 * settings that a monitor sends to its cell.
 */

#include "../fake/client.h"
#include "alg-table.h"
#include "userauth.h"
#include "brief.h"
#include "exec.h"
#include "fxp.h"
#include "namelist.h"
#include "number.h"
#include "qos.h"
#include "switches.h"
#include "target.h"
#include "times.h"
#include "traffic.h"
#include "traits.h"

static const struct sftp_settings *defaults(void) {
  static struct client *cl;

  if (cl == NULL) {
    cl = client_new();
    sftp_settings_profile(cl->pool, PROFILE_DEFAULT, cl->set);
    cl->set->sftp.min_version = cl->set->sftp.utf8_version = 1;
    cl->set->sftp.max_version = 6;
  }

  return cl->set;
}

static const char *text_of(pool *p, struct sftp_str in) {
  return memchr(in.ptr, '\0', in.len) == NULL ? sftp_str_dup(p, in) : NULL;
}

/* ---- What a monitor sends */

static void must_be_same(pool *p, const struct sftp_settings *set,
    const struct sftp_brief *b) {
  struct sftp_wr w, again;

  sftp_wr_init(&w, p, 4096, SFTP_BRIEF_MAX);
  sftp_wr_init(&again, p, 4096, SFTP_BRIEF_MAX);
  sftp_brief_write(&w, set, b->remote_ip, b->offers);
  sftp_brief_write(&again, &b->set, b->remote_ip, b->offers);
  must(sftp_wr_end(&w) == SFTP_OK && sftp_wr_end(&again) == SFTP_OK);
  must(sftp_str_same(sftp_wr_get(&w), sftp_wr_get(&again)));
}

static void send_and_read(pool *p, const struct sftp_settings *set) {
  struct sftp_brief b;
  struct sftp_rd r;
  struct sftp_wr w;

  sftp_wr_init(&w, p, 4096, SFTP_BRIEF_MAX);
  sftp_brief_write(&w, set, "192.0.2.1", true);
  must(sftp_wr_end(&w) == SFTP_OK);
  sftp_rd_init_str(&r, sftp_wr_get(&w));
  must(sftp_brief_read(p, &r, &b) == SFTP_OK);
  must_be_same(p, set, &b);
}

static void brief(pool *p, struct sftp_str in) {
  struct sftp_brief b;
  struct sftp_rd r;

  sftp_rd_init_str(&r, in);
  if (sftp_brief_read(p, &r, &b) == SFTP_OK) {
    send_and_read(p, &b.set);
  }
}

/* ---- Traits of a client */

static void check_names(enum sftp_alg_family f, const char *list) {
  struct sftp_str left = sftp_str_of(list), name;

  while (sftp_names_next(&left, &name)) {
    const struct sftp_alg *alg = sftp_alg_find(f, name);

    must(alg != NULL && sftp_alg_usable(f, alg));
  }
}

static void check_settings(const struct sftp_settings *set) {
  check_names(ALGS_KEX, set->kex);
  check_names(ALGS_HOSTKEY, set->hostkeys);
  check_names(ALGS_CIPHER, set->ciphers);
  check_names(ALGS_MAC, set->macs);
  must(set->sftp.min_version >= 1 &&
    set->sftp.min_version <= set->sftp.max_version &&
    set->sftp.max_version <= 6);
  must(set->max_packet <= SFTP_PACKET_MAX);
  must(set->client.keepalive <= KEEPALIVE_IGNORE &&
    set->client.link_order <= LINK_ORDER_LAST);
}

/* One is set, or nothing has changed. */
static void traits(pool *p, struct sftp_str in) {
  struct sftp_settings set = *defaults(), before;
  const char *text = text_of(p, in), *value;
  const struct sftp_trait *t;

  while (text != NULL && *text != '\0' &&
      sftp_traits_next(p, &text, &t, &value)) {
    before = set;
    if (!sftp_trait_set(t, p, value, &set)) {
      must(memcmp(&before, &set, sizeof(set)) == 0);
    }

    must(!sftp_trait_is_list(t) || sftp_trait_is_offer(t));
    check_settings(&set);
  }

  send_and_read(p, &set);
}

/* ---- Single words */

static void check_switch(pool *p, sftp_switches table, const char *word) {
  unsigned long bit = sftp_switch_find(table, word);

  must(bit == 0 || strcasestr(sftp_switch_words(p, table), word) != NULL);
}

static void check_blank(char *text, size_t len) {
  size_t i;

  sftp_blank_controls(text, len, '\t');
  for (i = 0; i < len; i++) {
    must((unsigned char) text[i] >= ' ' || text[i] == '\t');
  }
}

static void words(pool *p, struct sftp_str in) {
  const char *text = text_of(p, in);
  const struct sftp_traffic_policy *policy;
  uint64_t n;
  int class;

  if (text == NULL) {
    return;
  }

  must(!sftp_number(text, 5, 99, &n) || (n >= 5 && n <= 99));
  must(!sftp_bytes(p, text, 10, 1 << 20, &n) || (n > 0 && n <= 1 << 20));
  must(!sftp_qos_find(text, &class) || (class >= SFTP_QOS_NONE &&
    class <= 255));
  must(sftp_boolean(text) >= -1 && sftp_boolean(text) <= 1);
  policy = sftp_traffic_find(text);
  must(policy == NULL || strstr(sftp_traffic_names(p), policy->name) != NULL);
  must(sftp_auth_method_bit(text) == 0 ||
    strcmp(sftp_auth_method_name(sftp_auth_method_bit(text)), text) == 0);
  must(sftp_auth_method_bit(text) == 0 ||
    strstr(sftp_auth_method_names(p), text) != NULL);
  check_blank(pstrdup(p, text), in.len);
  check_switch(p, sftp_exec_switch, text);
  check_switch(p, sftp_fxp_ext_switch, text);
}

/* What limited a transfer: the parts of a whole. */
static void causes(pool *p, struct sftp_str in) {
  uint64_t us[NCAUSES] = { 0 }, before[NCAUSES] = { 0 };
  char text[100];
  struct sftp_rd r;
  size_t i;

  (void) p;
  sftp_rd_init_str(&r, in);
  for (i = 0; i < NCAUSES; i++) {
    before[i] = sftp_rd_u32(&r);
    us[i] = sftp_rd_u32(&r);
    us[i] = before[i] + us[i];
  }

  sftp_times_between(before, us, sftp_rd_u32(&r));
  sftp_times_split(sftp_rd_u8(&r) % (SLEEP_REQUEST + 1), sftp_rd_u32(&r),
    sftp_rd_u32(&r), us);
  sftp_times_text(us, text, sizeof(text));
  must(strncmp(text, sftp_cause_name(sftp_times_most(us)),
    strcspn(text, " ")) == 0);
}

static int one_input(const uint8_t *data, size_t size) {
  static const fuzz_parser parsers[] = { traits, words, brief, causes };

  fuzz_one_of(parsers, SFTP_NELEMS(parsers), data, size);
  return 0;
}
