/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex.c -- the methods of key exchange, and the course of the first and of
 * later exchanges.
 */

#include "alg-table.h"
#include "compress.h"
#include "crypto.h"
#include "ftpd-report.h"
#include "kex-hybrid.h"
#include "kex-int.h"
#include "kex.h"
#include "traffic.h"

#define MAX_CLIENT_EXT 32

/* ---- The methods, in order of preference.  A new one is a line here and a
 * kex-*.c.
 */

#define KEX_HYBRID (ALG_DEFAULT | ALG_MODERN)
#define KEX_APPROVED (ALG_DEFAULT | ALG_FIPS)
/* Scanners criticize the NIST curves and groups of 2048 bits. */
#define KEX_FIPS_ONLY (ALG_OPT_IN | ALG_FIPS | ALG_FIPS_OFFER)
#define KEX_CLASSIC (KEX_FIPS_ONLY | ALG_CLASSIC)

const struct sftp_kex_method sftp_kex_methods[] = {
  { { "mlkem768x25519-sha256", KEX_HYBRID },
    "SHA256", &sftp_kex_hybrid, &sftp_hybrid_mlkem768_x25519 },
  { { "sntrup761x25519-sha512", KEX_HYBRID },
    "SHA512", &sftp_kex_hybrid, &sftp_hybrid_sntrup761_x25519 },
  { { "sntrup761x25519-sha512@openssh.com", KEX_HYBRID },
    "SHA512", &sftp_kex_hybrid, &sftp_hybrid_sntrup761_x25519 },
  { { "curve25519-sha256", ALG_DEFAULT },
    "SHA256", &sftp_kex_x25519, NULL },
  { { "curve25519-sha256@libssh.org", ALG_DEFAULT },
    "SHA256", &sftp_kex_x25519, NULL },
  { { "curve448-sha512", ALG_DEFAULT },
    "SHA512", &sftp_kex_x448, NULL },
  { { "diffie-hellman-group16-sha512", KEX_APPROVED },
    "SHA512", &sftp_kex_dh, "modp_4096" },
  { { "diffie-hellman-group18-sha512", KEX_APPROVED },
    "SHA512", &sftp_kex_dh, "modp_8192" },
  { { "mlkem768nistp256-sha256", KEX_FIPS_ONLY },
    "SHA256", &sftp_kex_hybrid, &sftp_hybrid_mlkem768_p256 },
  { { "mlkem1024nistp384-sha384", KEX_FIPS_ONLY },
    "SHA384", &sftp_kex_hybrid, &sftp_hybrid_mlkem1024_p384 },
  { { "ecdh-sha2-nistp256", KEX_CLASSIC },
    "SHA256", &sftp_kex_ecdh, "P-256" },
  { { "ecdh-sha2-nistp384", KEX_CLASSIC },
    "SHA384", &sftp_kex_ecdh, "P-384" },
  { { "ecdh-sha2-nistp521", KEX_CLASSIC },
    "SHA512", &sftp_kex_ecdh, "P-521" },
  { { "diffie-hellman-group14-sha256", KEX_CLASSIC },
    "SHA256", &sftp_kex_dh, "modp_2048" },
  { { "diffie-hellman-group-exchange-sha256", ALG_OPT_IN | ALG_CLASSIC },
    "SHA256", &sftp_kex_gex, NULL },
  { { "diffie-hellman-group-exchange-sha1", ALG_OPT_IN },
    "SHA1", &sftp_kex_gex, NULL },
  { { "diffie-hellman-group14-sha1", ALG_OPT_IN },
    "SHA1", &sftp_kex_dh, "modp_2048" },
  { { "rsa2048-sha256", ALG_OPT_IN },
    "SHA256", &sftp_kex_rsa, NULL },
  { { "rsa1024-sha1", ALG_OPT_IN },
    "SHA1", &sftp_kex_rsa, NULL },
  { { "diffie-hellman-group1-sha1", ALG_OPT_IN },
    "SHA1", &sftp_kex_dh, "oakley_1024" },
  { { NULL, 0 }, NULL, NULL, NULL }
};

bool sftp_kex_is_usable(const struct sftp_alg *alg) {
  const struct sftp_kex_method *kex = (const void *) alg;

  return sftp_crypto_permits(alg) && sftp_crypto_digest(kex->digest) != NULL &&
    (kex->ops->usable == NULL || kex->ops->usable(kex));
}

/* ---- The course of an exchange */

static void forget_exchange(struct sftp_kex *k) {
  pool *p = k->run->pool;

  k->run = NULL;
  destroy_pool(p);
}

struct sftp_kex *sftp_kex_new(struct ssh_conn *c) {
  struct sftp_kex *k = pcalloc(c->pool, sizeof(*k));

  k->conn = c;
  return k;
}

struct sftp_str sftp_kex_first_host_key(const struct ssh_conn *c) {
  return c->kex->first_host_key;
}

struct sftp_str sftp_kex_session_id(const struct ssh_conn *c) {
  return c->kex->session_id;
}

bool sftp_kex_running(const struct ssh_conn *c) {
  return c->kex->run != NULL;
}

const struct sftp_kex_names *sftp_kex_agreed(const struct ssh_conn *c) {
  return c->kex->names_pool != NULL ? &c->kex->names : NULL;
}

/* ---- What the log says of a rekey: who started it, why, how it ended */

static const char *starter(const struct kex_run *run) {
  return run->by_us ? pstrcat(run->pool, "server: ", run->why, NULL) :
    "client";
}

static void tell_rekey_began(const struct sftp_kex *k) {
  if (k->conn->state.keyed) {
    sftp_log("rekeying (started by %s)", starter(k->run));
  }
}

static unsigned long took_ms(const struct kex_run *run) {
  return (unsigned long) (sftp_now_ms() - run->started_ms);
}

void sftp_kex_broken_off(struct ssh_conn *c, const char *why) {
  struct sftp_kex *k = c->kex;

  if (c->state.keyed && k->run != NULL && k->run->why != NULL) {
    sftp_log("rekeying failed (started by %s) after %lu ms: %s",
      starter(k->run), took_ms(k->run), why);
    k->run->why = NULL;
  }
}

void sftp_kex_begin(struct sftp_kex *k, const char *why, bool by_us) {
  pool *p = make_sub_pool(k->conn->pool);

  pr_pool_tag(p, "SSH key exchange");
  k->run = pcalloc(p, sizeof(*k->run));
  k->run->pool = p;
  k->run->why = pstrdup(p, why);
  k->run->by_us = by_us;
  k->run->started_ms = sftp_now_ms();
  tell_rekey_began(k);
}

int sftp_kex_first(struct ssh_conn *c) {
  if (c->kex->run == NULL && sftp_kex_waits(c)) {
    sftp_kex_wait(c->kex);
    return SFTP_OK;
  }

  return sftp_kex_start(c, "first");
}

int sftp_kex_start(struct ssh_conn *c, const char *why) {
  struct sftp_kex *k = c->kex;

  if (k->run != NULL) {
    return SFTP_OK;             /* never a second KEXINIT during an exchange */
  }

  sftp_kex_begin(k, why, true);
  return sftp_kex_send_init(k);
}

/* ---- Our reply, and what follows it */

static int send_reply(struct ssh_conn *c, const struct sftp_key *host_key,
    struct sftp_str H) {
  struct kex_run *run = c->kex->run;
  const struct sftp_sig_alg *alg =
    (const struct sftp_sig_alg *) run->alg[L_HOSTKEY];
  struct sftp_str fields = sftp_wr_get(&run->x.reply);
  struct sftp_wr sig, *w;
  int res;

  sftp_wr_init(&sig, run->pool, 512, 8192);
  res = c->elsewhere != NULL ? c->elsewhere->sign(c, H, &sig) :
    sftp_key_sign(host_key, alg, H, &sig);
  if (res != SFTP_OK || sftp_wr_end(&sig) != SFTP_OK) {
    return sftp_fail(c, SFTP_ERR_KEX, "cannot sign with the %s host key: %s",
      alg->alg.name, sftp_crypto_errors(run->pool));
  }

  w = sftp_packet_begin(c->pkts, (uint8_t) run->x.reply_type,
    run->x.host_key.len + fields.len + sig.len + 64);
  if (!run->x.bare_reply) {
    sftp_wr_str(w, run->x.host_key);
    sftp_wr_bytes(w, fields.ptr, fields.len);
  }

  sftp_wr_str(w, sftp_wr_get(&sig));
  return sftp_packet_end(c->pkts);
}

/* RFC 8308: right after our first NEWKEYS, and optionally once more. */
static int send_ext_info(struct ssh_conn *c, bool first) {
  const char *algs = c->set->userkeys;
  struct sftp_wr *w = sftp_packet_begin(c->pkts, SSH_MSG_EXT_INFO,
    strlen(algs) + 128);

  /* OpenSSH PROTOCOL, sections 1.10 and 3.1. */
  sftp_wr_u32(w, first ? 3 : 1);
  sftp_wr_text(w, "server-sig-algs");
  sftp_wr_text(w, algs);
  if (first) {
    sftp_wr_text(w, "publickey-hostbound@openssh.com");
    sftp_wr_text(w, "0");
    sftp_wr_text(w, "ping@openssh.com");
    sftp_wr_text(w, "0");
  }

  ftpd_ssh_cmd(c->ftpd, "EXT_INFO", "", FTPD_SSH_INFO, true);
  return sftp_packet_end(c->pkts);
}

/* Sends NEWKEYS and everything that waited for it. */
static int send_newkeys(struct ssh_conn *c) {
  struct kex_run *run = c->kex->run;
  bool first = !c->state.keyed;
  int res;

  (void) sftp_packet_begin(c->pkts, SSH_MSG_NEWKEYS, 1);
  res = sftp_packet_end(c->pkts);
  if (res != SFTP_OK) {
    return res;
  }

  sftp_packets_set_out(c->pkts, &run->out, c->state.strict_kex);
  memset(&run->out, 0, sizeof(run->out));
  run->sent_newkeys = true;

  if (first && c->peer.ext_info) {
    res = send_ext_info(c, true);
  }

  return res == SFTP_OK ? sftp_packets_hold(c->pkts, false) : res;
}

/* Completes the exchange, after the last message of the method. */
static int complete_exchange(struct ssh_conn *c) {
  struct sftp_kex *k = c->kex;
  struct kex_run *run = k->run;
  struct sftp_str blob;
  const struct sftp_key *host_key = sftp_kex_host_key(k, &blob);
  unsigned char hash[KEX_MAX_DIGEST];
  struct sftp_str H = { hash, 0 };
  int res = SFTP_ERR_KEX;

  if (host_key == NULL || sftp_wr_end(&run->x.hashed) != SFTP_OK ||
      sftp_wr_end(&run->x.reply) != SFTP_OK ||
      sftp_wr_end(&run->x.k) != SFTP_OK) {
    goto done;
  }

  res = sftp_kex_hash(c, run->x.host_key, hash, &H.len);
  if (res != SFTP_OK) {
    goto done;
  }

  if (k->session_id.len == 0) {
    k->session_id = sftp_str_copy(c->pool, H);
    k->first_host_key = sftp_str_copy(c->pool, run->x.host_key);
  }

  res = send_reply(c, host_key, H);
  if (res == SFTP_OK) {
    res = sftp_kex_make_keys(c, H, true, &run->in);
  }

  if (res == SFTP_OK) {
    res = sftp_kex_make_keys(c, H, false, &run->out);
  }

  if (res == SFTP_OK) {
    sftp_phase_enter(c, PH_NEWKEYS);
    res = c->set->pessimistic_newkeys ? SFTP_OK : send_newkeys(c);
  }

done:
  sftp_wipe(hash, sizeof(hash));
  sftp_wr_wipe(&run->x.k);
  return res;
}

int sftp_on_kex_message(struct ssh_conn *c, struct sftp_rd *r) {
  struct kex_run *run = c->kex->run;
  int res;

  if (run->drop_guess) {
    run->drop_guess = false;    /* RFC 4253, section 7.1 */
    return SFTP_OK;
  }

  res = run->x.method->ops->message(&run->x, c->state.msg_type, r);
  if (res == SFTP_OK && run->x.done) {
    res = complete_exchange(c);
  }

  ftpd_ssh_cmd(c->ftpd, run->x.command != NULL ? run->x.command :
    run->x.method->ops->command, "(data)", FTPD_SSH_AUTH, res == SFTP_OK);
  return res == SFTP_OK ? SFTP_OK : sftp_kex_failed(c, res);
}

/* ---- The end of an exchange */

void sftp_kex_set_names(struct sftp_kex *k, const char *const *names) {
  struct sftp_kex_names *n = &k->names;

  n->kex = names[L_KEX];
  n->hostkey = names[L_HOSTKEY];
  n->cipher_c2s = names[L_CIPHER_C2S];
  n->cipher_s2c = names[L_CIPHER_S2C];
  n->mac_c2s = names[L_MAC_C2S];
  n->mac_s2c = names[L_MAC_S2C];
  n->comp_c2s = names[L_COMP_C2S];
  n->comp_s2c = names[L_COMP_S2C];
  k->names_pool = k->conn->pool;
}

/* Stores, logs and notes what was agreed. */
static void tell_agreed(struct ssh_conn *c) {
  const struct kex_run *run = c->kex->run;
  const char *names[L_LANG_C2S];
  size_t i;

  for (i = 0; i < L_LANG_C2S; i++) {
    names[i] = run->alg[i] != NULL ? run->alg[i]->name : SFTP_MAC_IMPLICIT;
    if (i == L_HOSTKEY) {
      sftp_log(" + Session host key algorithm: %s", names[i]);
    }

    sftp_log(sftp_kex_lists[i].agreed, names[i]);
    ftpd_note(c->ftpd, sftp_kex_lists[i].note, names[i]);
  }

  sftp_kex_set_names(c->kex, names);
}

/* Logs the first time that a direction begins to compress. */
static void tell_one_compression(struct ssh_conn *c, const char *name,
    const char *event, bool *told) {
  const struct sftp_alg *alg = sftp_alg_find(ALGS_COMPRESS, sftp_str_of(name));

  if (!*told && sftp_compress_is_zlib(alg) &&
      (c->state.authenticated || !sftp_compress_is_delayed(alg))) {
    *told = true;
    ftpd_event(c->ftpd, event, NULL);
  }
}

void sftp_kex_tell_compression(struct ssh_conn *c) {
  struct sftp_kex *k = c->kex;

  if (k->names_pool != NULL) {
    tell_one_compression(c, k->names.comp_c2s,
      "mod_sftp.ssh.client-compression", &k->told_c2s);
    tell_one_compression(c, k->names.comp_s2c,
      "mod_sftp.ssh.server-compression", &k->told_s2c);
  }
}

int sftp_on_newkeys(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_kex *k = c->kex;
  int res = sftp_rd_end(r);

  ftpd_ssh_cmd(c->ftpd, "NEWKEYS", "", FTPD_SSH_AUTH, res == SFTP_OK);
  if (res != SFTP_OK) {
    return sftp_fail(c, res, "malformed NEWKEYS");
  }

  if (!k->run->sent_newkeys) {
    res = send_newkeys(c);
    if (res != SFTP_OK) {
      return res;
    }
  }

  sftp_packets_set_in(c->pkts, &k->run->in, c->state.strict_kex);
  memset(&k->run->in, 0, sizeof(k->run->in));
  tell_agreed(c);
  sftp_phase_keyed(c);
  if (c->state.keyed) {
    sftp_log("rekeying done (started by %s) after %lu ms", starter(k->run),
      took_ms(k->run));

  } else {
    c->state.keyed = true;
  }

  ftpd_keyed(c->ftpd);

  forget_exchange(k);
  sftp_traffic_keyed(c);
  sftp_kex_tell_compression(c);
  ftpd_event(c->ftpd, "mod_sftp.ssh2.kex.completed", NULL);
  return SFTP_OK;
}

int sftp_on_ext_info(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t n = sftp_rd_u32(r), i;
  int res;

  if (c->kex->ext_info_seen) {
    return sftp_fail(c, SFTP_ERR_ORDER, "more than one EXT_INFO");
  }

  if (n > MAX_CLIENT_EXT) {
    return sftp_fail(c, SFTP_ERR_LIMIT, "EXT_INFO of %u extensions", n);
  }

  c->kex->ext_info_seen = true;
  for (i = 0; i < n; i++) {
    struct sftp_str name = sftp_rd_string(r), value = sftp_rd_string(r);

    if (sftp_str_is(name, "ext-info-in-auth@openssh.com") &&
        sftp_str_is(value, "0")) {
      c->kex->ext_info_in_auth = true;
    }

    SFTP_TRACE(TRACE_SSH2, 12, "client extension '%.*s' (%lu bytes)",
      name.len < 64 ? (int) name.len : 64, (const char *) name.ptr,
      (unsigned long) value.len);
  }

  res = sftp_rd_end(r);
  return res == SFTP_OK ? SFTP_OK :
    sftp_fail(c, res, "malformed EXT_INFO");
}

int sftp_kex_auth_info(struct ssh_conn *c) {
  if (!c->kex->ext_info_in_auth || !c->peer.ext_info) {
    return SFTP_OK;
  }

  c->kex->ext_info_in_auth = false;
  return send_ext_info(c, false);
}
