/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* packet.c -- both directions of a connection: their keys, buffers, numbers. */

#include "packet-int.h"

static void packets_free(void *data) {
  struct sftp_packets *pk = data;
  struct held *h, *next;

  for (h = pk->out.held; h != NULL; h = next) {
    next = h->next;
    sftp_wipe(h->payload, h->len);
    free(h);
  }

  free(pk->in.buf);
  free(pk->in.plain);
  free(pk->out.buf);
  free(pk->out.stage);
  pk->in.buf = pk->in.plain = pk->out.buf = pk->out.stage = NULL;
  pk->out.held = NULL;
}

struct sftp_packets *sftp_packets_new(pool *p, int fd) {
  struct sftp_packets *pk = pcalloc(p, sizeof(*pk));

  pk->pool = p;
  pk->fd = fd;
  pk->out.held_tail = &pk->out.held;
  register_cleanup2(p, pk, packets_free);
  return pk;
}

int sftp_packets_fd(const struct sftp_packets *pk) {
  return pk->fd;
}

int sftp_packets_resize(unsigned char **buf, size_t *size, size_t want) {
  unsigned char *p = realloc(*buf, want);

  if (p == NULL) {
    return SFTP_ERR_LIMIT;
  }

  *buf = p;
  *size = want;
  return SFTP_OK;
}

/* ---- Keys */

static void wipe_kept(void *data) {
  sftp_wipe(data, sizeof(struct sftp_kept_keys));
}

static void keep_keys(struct sftp_keys *keys,
    const struct sftp_key_parts *parts) {
  struct sftp_kept_keys *kept = pcalloc(keys->pool, sizeof(*kept));

  register_cleanup2(keys->pool, kept, wipe_kept);
  memcpy(kept->key, parts->key, parts->cipher->key_len);
  if (parts->mac != NULL) {
    memcpy(kept->mac_key, parts->mac_key, parts->mac->key_len);
  }

  keys->kept = kept;
}

int sftp_keys_new(pool *p, const struct sftp_key_parts *parts, bool in,
    struct sftp_keys *keys) {
  int res;

  memset(keys, 0, sizeof(*keys));
  keys->pool = make_sub_pool(p);
  pr_pool_tag(keys->pool, "SSH session keys");
  keys->compression = parts->compression;
  res = (parts->goes_on ? sftp_cipher_resume : sftp_cipher_new)(keys->pool,
    parts->cipher, parts->key, parts->iv, !in, &keys->cipher);
  if (res == SFTP_OK && parts->mac != NULL) {
    res = sftp_mac_new(keys->pool, parts->mac, parts->mac_key, &keys->mac);
  }

  if (res == SFTP_OK && parts->keep) {
    keep_keys(keys, parts);
  }

  if (res != SFTP_OK) {
    destroy_pool(keys->pool);
    memset(keys, 0, sizeof(*keys));
  }

  return res;
}

static void set_keys(struct direction *d, const struct sftp_keys *keys,
    bool reset_seqno) {
  pool *old = d->keys.pool;

  d->keys = *keys;
  if (old != NULL) {
    destroy_pool(old);
  }

  if (reset_seqno) {
    d->seqno = 0;
  }

  d->stats.bytes = 0;
  d->stats.npackets = 0;
  d->stats.keyed_ms = sftp_now_ms();
}

static bool compresses(const struct sftp_packets *pk,
    const struct sftp_alg *alg) {
  return sftp_compress_is_zlib(alg) &&
    (pk->authenticated || !sftp_compress_is_delayed(alg));
}

/* A stream starts again with every exchange (RFC 4253, section 6.2). */
static void start_inflate(struct sftp_packets *pk) {
  pk->in.inflate = compresses(pk, pk->in.dir.keys.compression) ?
    sftp_inflate_new(pk->in.dir.keys.pool) : NULL;
}

static void start_deflate(struct sftp_packets *pk) {
  pk->out.deflate = compresses(pk, pk->out.dir.keys.compression) ?
    sftp_deflate_new(pk->out.dir.keys.pool, SFTP_DEFLATE_LEVEL) : NULL;
}

void sftp_packets_set_in(struct sftp_packets *pk,
    const struct sftp_keys *keys, bool reset_seqno) {
  set_keys(&pk->in.dir, keys, reset_seqno);
  start_inflate(pk);
}

void sftp_packets_set_out(struct sftp_packets *pk,
    const struct sftp_keys *keys, bool reset_seqno) {
  set_keys(&pk->out.dir, keys, reset_seqno);
  start_deflate(pk);
}

void sftp_packets_authenticated(struct sftp_packets *pk) {
  pk->authenticated = true;
  if (pk->in.inflate == NULL && pk->in.dir.keys.pool != NULL) {
    start_inflate(pk);
  }

  if (pk->out.deflate == NULL && pk->out.dir.keys.pool != NULL) {
    start_deflate(pk);
  }
}

/* ---- State */

bool sftp_packets_stable(const struct sftp_packets *pk) {
  return pk->in.inflate == NULL;
}

const struct sftp_packet_stats *sftp_packets_in(const struct sftp_packets *pk) {
  return &pk->in.dir.stats;
}

uint32_t sftp_packets_seqno_in(const struct sftp_packets *pk) {
  return pk->in.dir.seqno;
}

const struct sftp_packet_stats *sftp_packets_out(
    const struct sftp_packets *pk) {
  return &pk->out.dir.stats;
}

uint32_t sftp_packets_seqno_out(const struct sftp_packets *pk) {
  return pk->out.dir.seqno;
}

void sftp_packets_shrink(struct sftp_packets *pk) {
  if (pk->in.start == pk->in.end && pk->in.size > IN_SMALL) {
    free(pk->in.buf);
    pk->in.buf = NULL;
    pk->in.size = pk->in.start = pk->in.end = 0;
  }

  if (!pk->out.gathering && pk->out.start == pk->out.end) {
    free(pk->out.buf);
    pk->out.buf = NULL;
    pk->out.size = pk->out.start = pk->out.end = 0;
    free(pk->out.stage);
    pk->out.stage = NULL;
    pk->out.stage_size = 0;
  }
}
