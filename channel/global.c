/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* global.c -- global requests (RFC 4254, section 4). */

#include "global.h"
#include "kex.h"

/* Signatures are expensive: a connection may request this many proofs of each
 * key.
 */
#define MAX_PROOFS 4

struct sftp_global {
  bool told;                    /* hostkeys-00 was sent, or never will be */
  unsigned int nproofs;
  bool no_more_sessions;
};

static const char prove[] = "hostkeys-prove-00@openssh.com";

struct sftp_global *sftp_global_new(struct ssh_conn *c) {
  return pcalloc(c->pool, sizeof(struct sftp_global));
}

/* ---- Host keys */

static bool begins(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Programs that end the connection after an unknown request. */
static bool is_frightened(const char *software) {
  static const char *const prefixes[] = { "Cisco-1.", "TeraTerm SSH",
    "TTSSH/1.5.", "TTSSH/2.1", "TTSSH/2.2", "TTSSH/2.3", "TTSSH/2.4",
    "TTSSH/2.5", "TTSSH/2.6", "TTSSH/2.70", "TTSSH/2.71", "TTSSH/2.72" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(prefixes); i++) {
    if (software != NULL && begins(software, prefixes[i])) {
      return true;
    }
  }

  return false;
}

static bool rotates(const struct ssh_conn *c) {
  return (c->set->opts & SFTP_OPT_NO_HOSTKEY_ROTATION) == 0 &&
    c->set->nhost_keys > 0 && !is_frightened(c->peer.software);
}

static int tell_keys(struct ssh_conn *c) {
  const struct sftp_settings *set = c->set;
  size_t room = 64;
  struct sftp_wr *w;
  unsigned int i;

  for (i = 0; i < set->nhost_keys; i++) {
    room += 4 + set->host_keys[i]->blob.len;
  }

  w = sftp_packet_begin(c->pkts, SSH_MSG_GLOBAL_REQUEST, room);
  sftp_wr_text(w, "hostkeys-00@openssh.com");
  sftp_wr_bool(w, false);
  for (i = 0; i < set->nhost_keys; i++) {
    sftp_wr_str(w, set->host_keys[i]->blob);
  }

  return sftp_packet_end(c->pkts);
}

int sftp_global_check(struct ssh_conn *c) {
  if (c->global->told || !c->state.authenticated) {
    return SFTP_OK;
  }

  c->global->told = true;
  return rotates(c) ? tell_keys(c) : SFTP_OK;
}

static const struct sftp_key *own_key(const struct ssh_conn *c,
    struct sftp_str blob) {
  unsigned int i;

  for (i = 0; i < c->set->nhost_keys; i++) {
    if (sftp_str_same(c->set->host_keys[i]->blob, blob)) {
      return c->set->host_keys[i];
    }
  }

  return NULL;
}

static bool alg_fits(const struct sftp_key *key,
    const struct sftp_sig_alg *alg) {
  return strcmp(key->type->name, alg->key_type) == 0 && alg->cert_type == NULL;
}

/* An RSA key signs with the algorithm of the key exchange, if it was used
 * there.
 */
static const struct sftp_sig_alg *proof_alg(const struct ssh_conn *c,
    const struct sftp_key *key) {
  const struct sftp_kex_names *n = sftp_kex_agreed(c);
  const struct sftp_sig_alg *alg = NULL, *a;

  if (n != NULL) {
    alg = sftp_sig_alg_find(sftp_str_of(n->hostkey));
  }

  if (alg != NULL && alg_fits(key, alg)) {
    return alg;
  }

  for (a = sftp_sig_algs; a->alg.name != NULL; a++) {
    if (alg_fits(key, a) && sftp_sig_is_usable(&a->alg)) {
      return a;
    }
  }

  return NULL;
}

static int put_proof(const struct ssh_conn *c, pool *p, struct sftp_str blob,
    struct sftp_wr *proofs) {
  const struct sftp_key *key = own_key(c, blob);
  const struct sftp_sig_alg *alg = key != NULL ? proof_alg(c, key) : NULL;
  struct sftp_wr data, sig;
  int res;

  if (alg == NULL) {
    return SFTP_ERR_UNSUPPORTED;
  }

  sftp_wr_init(&data, p, 512, 65536);
  sftp_wr_text(&data, prove);
  sftp_wr_str(&data, sftp_kex_session_id(c));
  sftp_wr_str(&data, blob);
  sftp_wr_init(&sig, p, 512, 8192);
  res = sftp_wr_end(&data);
  if (res == SFTP_OK) {
    res = sftp_key_sign(key, alg, sftp_wr_get(&data), &sig);
  }

  sftp_wr_str(proofs, sftp_wr_get(&sig));
  return res == SFTP_OK ? sftp_wr_end(proofs) : res;
}

/* Proves all keys that the client asks for, or none of them. */
static int prove_keys(struct ssh_conn *c, pool *p, struct sftp_str left,
    struct sftp_wr *proofs) {
  struct sftp_rd r;
  int res = SFTP_OK;

  sftp_rd_init_str(&r, left);
  if (left.len == 0 || !rotates(c)) {
    return SFTP_ERR_UNSUPPORTED;
  }

  while (res == SFTP_OK && r.left > 0) {
    struct sftp_str blob = sftp_rd_string(&r);

    res = sftp_rd_ok(&r);
    if (res == SFTP_OK &&
        ++c->global->nproofs > MAX_PROOFS * c->set->nhost_keys) {
      res = SFTP_ERR_LIMIT;
    }

    if (res == SFTP_OK) {
      res = put_proof(c, p, blob, proofs);
    }
  }

  return res;
}

static int on_prove(struct ssh_conn *c, struct sftp_str keys, bool want) {
  pool *p = make_sub_pool(c->pool);
  struct sftp_wr proofs, *w;
  struct sftp_str all;
  int res;

  sftp_wr_init(&proofs, p, 1024, SFTP_PACKET_MAX / 2);
  res = prove_keys(c, p, keys, &proofs);
  if (res != SFTP_OK) {
    sftp_log("client asked for proofs of host keys: refused (%s)",
      sftp_strerror(res));
  }

  if (want) {
    all = sftp_wr_get(&proofs);
    w = sftp_packet_begin(c->pkts, res == SFTP_OK ? SSH_MSG_REQUEST_SUCCESS :
      SSH_MSG_REQUEST_FAILURE, 1 + all.len);
    if (res == SFTP_OK) {
      sftp_wr_bytes(w, all.ptr, all.len);
    }

    res = sftp_packet_end(c->pkts);

  } else {
    res = SFTP_OK;
  }

  destroy_pool(p);
  return res;
}

/* ---- Sessions */

bool sftp_global_no_more_sessions(const struct ssh_conn *c) {
  return c->global->no_more_sessions;
}

static int answer_global(struct ssh_conn *c, bool want, uint8_t type) {
  if (!want) {
    return SFTP_OK;
  }

  (void) sftp_packet_begin(c->pkts, type, 1);
  return sftp_packet_end(c->pkts);
}

/* ---- Messages */

int sftp_on_global_request(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_str name = sftp_rd_string(r), rest;
  bool want = sftp_rd_bool(r);

  rest = sftp_rd_rest(r);
  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed GLOBAL_REQUEST");
  }

  SFTP_TRACE(TRACE_SSH2, 8, "global request '%.*s'",
    name.len < 64 ? (int) name.len : 64, (const char *) name.ptr);
  if (sftp_str_is(name, prove)) {
    return on_prove(c, rest, want);
  }

  if (sftp_str_is(name, "no-more-sessions@openssh.com") && rest.len == 0) {
    c->global->no_more_sessions = true;
    return answer_global(c, want, SSH_MSG_REQUEST_SUCCESS);
  }

  return answer_global(c, want, SSH_MSG_REQUEST_FAILURE);
}

int sftp_on_ping(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_str data = sftp_rd_string(r);
  struct sftp_wr *w;

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed PING");
  }

  w = sftp_packet_begin(c->pkts, SSH_MSG_PONG, 8 + data.len);
  sftp_wr_str(w, data);
  return sftp_packet_end(c->pkts);
}
