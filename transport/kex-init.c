/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-init.c -- KEXINIT, the server's and the client's, the agreement of both,
 * and the start of the agreed method (RFC 4253, section 7.1).
 */

#include "kex-int.h"

#include "alg-table.h"
#include "ftpd-report.h"
#include "kex.h"
#include "namelist.h"
#include "ssh-version.h"

#define COOKIE_LEN 16
#define MAX_KEXINIT SFTP_PACKET_MAX

#define LIST(kind, family, note) \
  { kind, " + Session " kind ": %s", family, note }

const struct kex_list sftp_kex_lists[L_LANG_C2S] = {
  LIST("key exchange", ALGS_KEX, "SFTP_KEX_ALGO"),
  LIST("server hostkey", ALGS_HOSTKEY, "SFTP_HOST_KEY_ALGO"),
  LIST("client-to-server encryption", ALGS_CIPHER, "SFTP_CLIENT_CIPHER_ALGO"),
  LIST("server-to-client encryption", ALGS_CIPHER, "SFTP_SERVER_CIPHER_ALGO"),
  LIST("client-to-server MAC", ALGS_MAC, "SFTP_CLIENT_MAC_ALGO"),
  LIST("server-to-client MAC", ALGS_MAC, "SFTP_SERVER_MAC_ALGO"),
  LIST("client-to-server compression", ALGS_COMPRESS,
    "SFTP_CLIENT_COMPRESSION_ALGO"),
  LIST("server-to-client compression", ALGS_COMPRESS,
    "SFTP_SERVER_COMPRESSION_ALGO")
};

static void wipe_secret(void *data) {
  sftp_wr_wipe(data);
}

/* ---- KEXINIT: ours */

int sftp_kex_send_init(struct sftp_kex *k) {
  struct kex_run *run = k->run;
  struct ssh_conn *c = k->conn;
  unsigned char cookie[COOKIE_LEN];
  struct sftp_wr w;
  size_t i;
  int res;

  sftp_kex_make_offer(k);
  sftp_random(cookie, sizeof(cookie));

  sftp_wr_init(&w, run->pool, 2048, MAX_KEXINIT);
  sftp_wr_u8(&w, SSH_MSG_KEXINIT);
  sftp_wr_bytes(&w, cookie, sizeof(cookie));
  for (i = 0; i < NLISTS; i++) {
    sftp_wr_text(&w, run->offered[i]);
  }

  sftp_wr_bool(&w, false);
  sftp_wr_u32(&w, 0);
  res = sftp_wr_end(&w);
  if (res != SFTP_OK) {
    return sftp_fail(c, res, "KEXINIT is too long");
  }

  run->ours = sftp_wr_get(&w);
  res = sftp_packet_send(c->pkts, run->ours);

  /* From now until our NEWKEYS, only messages 1 to 49 may be sent (RFC 4253,
   * section 7.1); replies wait.
   */
  return res == SFTP_OK ? sftp_packets_hold(c->pkts, true) : res;
}

/* ---- KEXINIT: what both agree on */

static int no_match(struct ssh_conn *c, size_t i, struct sftp_str theirs) {
  const char *client = sftp_str_dup(c->kex->run->pool, theirs);

  sftp_log("no shared %s algorithm found (client sent '%s', server sent '%s')",
    sftp_kex_lists[i].kind, client, c->kex->run->offered[i]);
  return sftp_fail(c, SFTP_ERR_NOMATCH,
    "no shared %s algorithm found (server offers %s)", sftp_kex_lists[i].kind,
    c->kex->run->offered[i]);
}

/* Whether a list is one of MACs, and the cipher of its direction authenticates
 * by itself.
 */
static bool is_implied(const struct sftp_alg *const *alg, size_t list) {
  const struct sftp_alg *cipher = list == L_MAC_C2S ? alg[L_CIPHER_C2S] :
    list == L_MAC_S2C ? alg[L_CIPHER_S2C] : NULL;

  return cipher != NULL &&
    ((const struct sftp_cipher_alg *) cipher)->tag_len > 0;
}

size_t sftp_kex_agree(const struct sftp_str *theirs,
    const struct sftp_str *ours, const struct sftp_alg **alg) {
  size_t i;

  for (i = 0; i < L_LANG_C2S; i++) {
    struct sftp_str name;

    alg[i] = NULL;
    if (is_implied(alg, i)) {
      continue;
    }

    /* A marker (such as ext-info-c) is in both lists but in no table. */
    name = sftp_names_match(theirs[i], ours[i]);
    alg[i] = name.len > 0 ?
      sftp_alg_find(sftp_kex_lists[i].family, name) : NULL;
    if (alg[i] == NULL) {
      break;
    }
  }

  return i;
}

static int agree_algorithms(struct ssh_conn *c, const struct sftp_str *theirs) {
  struct kex_run *run = c->kex->run;
  struct sftp_str ours[L_LANG_C2S];
  size_t i;

  for (i = 0; i < L_LANG_C2S; i++) {
    ours[i] = sftp_str_of(run->offered[i]);
  }

  i = sftp_kex_agree(theirs, ours, run->alg);
  return i < L_LANG_C2S ? no_match(c, i, theirs[i]) : SFTP_OK;
}

static struct sftp_str first_name(struct sftp_str list) {
  struct sftp_str name = { list.ptr, 0 };

  (void) sftp_names_next(&list, &name);
  return name;
}

/* RFC 4253, section 7: a guess is right when both sides prefer the same key
 * exchange and the same host key algorithm.
 */
static bool is_right_guess(const struct sftp_kex *k,
    const struct sftp_str *theirs) {
  return sftp_str_same(first_name(theirs[L_KEX]),
      first_name(sftp_str_of(k->run->offered[L_KEX]))) &&
    sftp_str_same(first_name(theirs[L_HOSTKEY]),
      first_name(sftp_str_of(k->run->offered[L_HOSTKEY])));
}

/* The names that a client offers identify the program.  No client has more
 * names than this.
 */
#define MAX_TOLD 512

static void tell_offers(struct ssh_conn *c, const struct sftp_str *theirs) {
  struct sftp_str names[MAX_TOLD];
  size_t i, n = 0;

  for (i = 0; i < L_LANG_C2S; i++) {
    struct sftp_str left = theirs[i];

    while (n < MAX_TOLD && sftp_names_next(&left, &names[n])) {
      n++;
    }
  }

  sftp_client_observed_all(c, c->kex->run->pool, "offers", names, n);
}

/* Reads the markers in a client's first KEXINIT. */
static int read_markers(struct ssh_conn *c, struct sftp_str kex_list) {
  c->peer.ext_info = sftp_names_have(kex_list, "ext-info-c") &&
    (c->set->opts & SFTP_OPT_NO_EXT_INFO) == 0;
  c->state.strict_kex = (c->set->opts & SFTP_OPT_NO_STRICT_KEX) == 0 &&
    sftp_names_have(kex_list, "kex-strict-c-v00@openssh.com");

  /* OpenSSH PROTOCOL, section 1.9: nothing may come before it. */
  if (c->state.strict_kex && sftp_packets_seqno_in(c->pkts) != 1) {
    return sftp_fail(c, SFTP_ERR_ORDER,
      "KEXINIT was not the first message of a client with strict KEX");
  }

  return SFTP_OK;
}

/* Only one method uses the text of SFTPDHParamFile, which is long. */
static void set_groups(struct ssh_conn *c, struct sftp_kex_exchange *x) {
  struct sftp_str text;

  if (c->elsewhere == NULL) {
    x->dh_param_file = c->set->dh_param_file;
    x->dh_param_len = c->set->dh_param_len;

  } else if (x->method->ops == &sftp_kex_gex) {
    text = c->elsewhere->groups(c);
    x->dh_param_file = text.len > 0 ? (const char *) text.ptr : NULL;
    x->dh_param_len = text.len;
  }
}

static void set_up_exchange(struct ssh_conn *c) {
  struct sftp_kex *k = c->kex;
  struct kex_run *run = k->run;
  struct sftp_kex_exchange *x = &run->x;
  struct sftp_str blob = { NULL, 0 };

  x->host_key = sftp_kex_host_key(k, &blob) != NULL ? blob : sftp_str_of("");
  x->pool = run->pool;
  x->method = (const struct sftp_kex_method *) run->alg[L_KEX];
  x->reply_type = SSH_MSG_KEXDH_REPLY;
  x->arg = c;
  x->weak_dh = (c->set->opts & SFTP_OPT_ALLOW_WEAK_DH) != 0;
  set_groups(c, x);
  /* Room for the hybrid methods: what a writer has grown out of stays. */
  sftp_wr_init(&x->hashed, run->pool, 4096, 65536);
  sftp_wr_init(&x->reply, run->pool, 2048, 65536);
  sftp_wr_init(&x->k, run->pool, 128, 4096);
  register_cleanup2(run->pool, &x->k, wipe_secret);
}

static int exchange_send(struct sftp_kex_exchange *x, struct sftp_str payload) {
  struct ssh_conn *c = x->arg;

  return sftp_packet_send(c->pkts, payload);
}

int sftp_kex_failed(struct ssh_conn *c, int err) {
  ftpd_event(c->ftpd, "mod_sftp.ssh2.kex.failed", NULL);
  return sftp_fail(c, err == SFTP_ERR_ORDER || err == SFTP_ERR_SHORT ||
    err == SFTP_ERR_EXTRA ? err : SFTP_ERR_KEX,
    "key exchange %s failed: %s", c->kex->run->x.method->alg.name,
    sftp_strerror(err));
}

/* RFC 4253, section 7.1. */
static int read_kexinit(struct sftp_rd *r, struct sftp_str *theirs,
    bool *follows) {
  bool valid = true;
  size_t i;
  int res;

  (void) sftp_rd_bytes(r, COOKIE_LEN);
  for (i = 0; i < NLISTS; i++) {
    theirs[i] = sftp_rd_string(r);
    valid = valid && sftp_names_valid(theirs[i]);
  }

  *follows = sftp_rd_bool(r);
  (void) sftp_rd_u32(r);
  res = sftp_rd_end(r);
  return res == SFTP_OK && !valid ? SFTP_ERR_FORMAT : res;
}

/* The method has been agreed on: its messages follow. */
static int start_method(struct ssh_conn *c) {
  struct kex_run *run = c->kex->run;
  int res = SFTP_OK;

  set_up_exchange(c);
  run->x.send = exchange_send;
  sftp_phase_enter(c, PH_KEX);
  if (run->x.method->ops->begin != NULL) {
    res = run->x.method->ops->begin(&run->x);
  }

  return res == SFTP_OK ? SFTP_OK : sftp_kex_failed(c, res);
}

int sftp_on_kexinit(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_kex *k = c->kex;
  struct sftp_str theirs[NLISTS], all = { r->ptr, r->left };
  struct sftp_wr w;
  bool follows;
  int res;

  res = read_kexinit(r, theirs, &follows);
  if (res != SFTP_OK) {
    ftpd_ssh_cmd(c->ftpd, "KEXINIT", "(data)", FTPD_SSH_AUTH, false);
    return sftp_fail(c, res, "malformed KEXINIT");
  }

  if (k->run != NULL && k->run->theirs.len > 0) {
    return sftp_fail(c, SFTP_ERR_ORDER,
      "KEXINIT while the one before it is being answered");
  }

  res = sftp_budget_use(c, BUDGET_EXCHANGES, 1);
  if (res != SFTP_OK) {
    return res;
  }

  if (k->run == NULL) {
    if (!c->state.keyed) {
      sftp_kex_widen(k, theirs);
    }

    sftp_kex_begin(k, "client", false);
    res = sftp_kex_send_init(k);
    if (res != SFTP_OK) {
      return res;
    }
  }

  sftp_wr_init(&w, k->run->pool, all.len + 1, all.len + 1);
  sftp_wr_u8(&w, SSH_MSG_KEXINIT);
  sftp_wr_bytes(&w, all.ptr, all.len);
  k->run->theirs = sftp_wr_get(&w);

  if (!c->state.keyed) {
    res = read_markers(c, theirs[L_KEX]);
    if (res != SFTP_OK) {
      return res;
    }

    tell_offers(c, theirs);
  }

  res = agree_algorithms(c, theirs);
  ftpd_ssh_cmd(c->ftpd, "KEXINIT", "(data)", FTPD_SSH_AUTH, res == SFTP_OK);
  if (res != SFTP_OK) {
    return res;
  }

  k->run->drop_guess = follows && !is_right_guess(k, theirs);
  return start_method(c);
}
