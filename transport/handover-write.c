/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* handover-write.c -- the state of a connection's transport, written. */

#include "handover-int.h"

static void wipe_state(void *data) {
  sftp_wr_wipe(data);
}

void sftp_handover_begin(struct sftp_wr *w, pool *p) {
  sftp_wr_init(w, p, 8192, SFTP_HANDOVER_MAX);
  register_cleanup2(p, w, wipe_state);
}

static int check_keys(const struct sftp_keys *keys) {
  return keys->cipher == NULL || keys->kept == NULL ? SFTP_ERR_ORDER : SFTP_OK;
}

/* Whether nothing is in between. */
static int check_moment(const struct ssh_conn *c) {
  const struct sftp_packets *pk = c->pkts;
  int res;

  if (c->failure.err != SFTP_OK || !c->state.keyed || c->peer.ident == NULL ||
      c->kex->run != NULL || c->kex->names_pool == NULL) {
    return SFTP_ERR_ORDER;
  }

  if (pk->out.hold || pk->out.held != NULL || pk->out.open ||
      pk->out.gathering || pk->out.covering || pk->in.doomed > 0 ||
      pk->in.inflate != NULL || pk->out.deflate != NULL) {
    return SFTP_ERR_ORDER;
  }

  if (pk->in.end - pk->in.start > SFTP_HANDOVER_INPUT_MAX ||
      sftp_packets_pending(pk) > SFTP_HANDOVER_OUTPUT_MAX) {
    return SFTP_ERR_LIMIT;
  }

  res = check_keys(&pk->in.dir.keys);
  return res == SFTP_OK ? check_keys(&pk->out.dir.keys) : res;
}

static unsigned int flags_of(const struct ssh_conn *c) {
  const struct sftp_kex *k = c->kex;

  return (c->state.strict_kex ? HANDOVER_STRICT_KEX : 0) |
    (c->peer.ext_info ? HANDOVER_EXT_INFO : 0) |
    (k->ext_info_seen ? HANDOVER_EXT_INFO_SEEN : 0) |
    (k->ext_info_in_auth ? HANDOVER_EXT_INFO_IN_AUTH : 0) |
    (k->more.kex != NULL ? HANDOVER_MORE_KEX : 0) |
    (k->more.macs != NULL ? HANDOVER_MORE_MACS : 0) |
    (c->pkts->in.first_block ? HANDOVER_FIRST_BLOCK : 0);
}

static void write_kex(const struct sftp_kex *k, struct sftp_wr *w) {
  const struct sftp_kex_names *n = &k->names;
  const char *names[] = { n->kex, n->hostkey, n->cipher_c2s, n->cipher_s2c,
    n->mac_c2s, n->mac_s2c, n->comp_c2s, n->comp_s2c };
  size_t i;

  sftp_wr_str(w, k->session_id);
  sftp_wr_str(w, k->first_host_key);
  for (i = 0; i < SFTP_NELEMS(names); i++) {
    sftp_wr_text(w, names[i]);
  }
}

static void write_direction(const struct direction *d, uint64_t told,
    struct sftp_wr *w) {
  const struct sftp_keys *keys = &d->keys;
  unsigned char iv[SFTP_CIPHER_IV_MAX];
  int res = sftp_cipher_iv(keys->cipher, iv);

  if (res != SFTP_OK) {
    sftp_wr_fail(w, res);
  }

  sftp_wr_string(w, keys->kept->key, keys->cipher->alg->key_len);
  sftp_wr_string(w, iv, sftp_cipher_iv_len(keys->cipher->alg));
  sftp_wr_string(w, keys->kept->mac_key,
    keys->mac != NULL ? keys->mac->alg->key_len : 0);
  sftp_wr_u32(w, d->seqno);
  sftp_wr_u32(w, d->stats.npackets);
  sftp_wr_u64(w, d->stats.bytes);
  sftp_wr_u64(w, sftp_now_ms() - d->stats.keyed_ms);
  sftp_wr_u64(w, d->stats.total);
  sftp_wr_u64(w, told);
  sftp_wipe(iv, sizeof(iv));
}

static struct sftp_str unsent(const struct sftp_packets *pk) {
  struct sftp_str out = { NULL, sftp_packets_pending(pk) };

  if (out.len > 0) {
    out.ptr = pk->out.buf + pk->out.start;
  }

  return out;
}

int sftp_handover_write(const struct ssh_conn *c, struct sftp_wr *w) {
  const struct sftp_packets *pk = c->pkts;
  int res = check_moment(c);

  if (res == SFTP_OK) {
    sftp_wr_u8(w, HANDOVER_VERSION);
    sftp_wr_u8(w, (uint8_t) flags_of(c));
    sftp_wr_text(w, c->peer.ident);
    write_kex(c->kex, w);
    write_direction(&pk->in.dir, c->loop->told_in, w);
    write_direction(&pk->out.dir, c->loop->told_out, w);
    sftp_wr_str(w, sftp_packets_arrived(pk));
    sftp_wr_str(w, unsent(pk));
    res = sftp_wr_end(w);
  }

  if (res != SFTP_OK) {
    sftp_wr_wipe(w);
  }

  return res;
}
