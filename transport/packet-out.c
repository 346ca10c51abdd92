/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* packet-out.c -- packets for the socket: sealed in place, many sent at once;
 * messages that a key exchange holds back (RFC 4253, sections 6 and 7.1).
 */

#include "packet-int.h"

#include <sys/socket.h>

#define OUT_SMALL (16 * 1024)
/* The amount of output waiting for the socket above which no more bulk data is
 * added.
 */
#define OUT_BULK (1024 * 1024)

/* Held messages during one key exchange: these are replies, not data (which
 * waits in its channel), so this is far more than any client needs.
 */
#define HELD_MAX (1024 * 1024)

#define MAX_OVERHEAD (HEADER_LEN + 255 + SFTP_MAC_MAX_LEN)

/* The size that zlib adds to incompressible data, with its flush. */
#define DEFLATE_SLACK(n) ((n) / 100 + 128)

static void pad(struct sftp_packets *pk, unsigned char *p, size_t n) {
  if (n > pk->out.random_left) {
    sftp_random(pk->out.random, sizeof(pk->out.random));
    pk->out.random_left = sizeof(pk->out.random);
  }

  pk->out.random_left -= n;
  memcpy(p, pk->out.random + pk->out.random_left, n);
}

static size_t padding_for(const struct direction *d, size_t payload_len) {
  size_t block = block_len(d);
  size_t n = HEADER_LEN - clear_len(d) + payload_len;
  size_t padding = block - n % block;

  return padding < MIN_PADDING ? padding + block : padding;
}

static size_t sealed_len(const struct direction *d, size_t payload_len) {
  return HEADER_LEN + payload_len + padding_for(d, payload_len) + mac_len(d);
}

/* Ensures n free bytes behind `end'. */
static int out_room(struct sftp_packets *pk, size_t n) {
  size_t pending = pk->out.end - pk->out.start, want;

  if (n <= pk->out.size - pk->out.end) {
    return SFTP_OK;
  }

  if (pk->out.start > 0) {
    memmove(pk->out.buf, pk->out.buf + pk->out.start, pending);
    pk->out.start = 0;
    pk->out.end = pending;
    if (n <= pk->out.size - pending) {
      return SFTP_OK;
    }
  }

  for (want = OUT_SMALL; want < pending + n; want *= 2) {
  }

  return sftp_packets_resize(&pk->out.buf, &pk->out.size, want);
}

/* Encrypts the payload of len bytes that follows the room for the
 * header at `end', and appends padding and MAC.
 */
static int seal(struct sftp_packets *pk, size_t len) {
  struct direction *d = &pk->out.dir;
  struct sftp_cipher *c = d->keys.cipher;
  unsigned char *p = pk->out.buf + pk->out.end;
  size_t padding = padding_for(d, len), n = 1 + len + padding;
  int res = SFTP_OK;

  if (d->stats.npackets == UINT32_MAX) {
    return SFTP_ERR_TOOMANY;    /* conn.c's loop should have ended it before */
  }

  sftp_put_u32(p, (uint32_t) n);
  p[4] = (unsigned char) padding;
  pad(pk, p + HEADER_LEN + len, padding);

  if (is_aead(d)) {
    res = c->alg->ops->seal(c, d->seqno, p, n);

  } else if (is_etm(d)) {
    res = c != NULL ? c->alg->ops->crypt(c, p + 4, n) : SFTP_OK;
    if (res == SFTP_OK) {
      res = sftp_mac_compute(d->keys.mac, d->seqno, p, 4 + n, p + 4 + n);
    }

  } else {
    if (d->keys.mac != NULL) {
      res = sftp_mac_compute(d->keys.mac, d->seqno, p, 4 + n, p + 4 + n);
    }

    if (res == SFTP_OK && c != NULL) {
      res = c->alg->ops->crypt(c, p, 4 + n);
    }
  }

  if (res != SFTP_OK) {
    return res;
  }

  pk->out.end += 4 + n + mac_len(d);
  count(d, n);
  return SFTP_OK;
}

static int finish_gather(struct sftp_packets *pk) {
  return pk->out.gathering ? pk->out.gather(pk->out.gather_arg) : SFTP_OK;
}

static int send_cover(struct sftp_packets *pk) {
  int res;

  if (pk->out.hold || pk->out.covering) {
    return SFTP_OK;
  }

  pk->out.covering = true;
  res = pk->out.cover(pk->out.cover_arg);
  pk->out.covering = false;
  return res;
}

void sftp_packets_set_cover(struct sftp_packets *pk, int (*cover)(void *),
    void *arg) {
  pk->out.cover = cover;
  pk->out.cover_arg = arg;
}

void sftp_packets_relay(struct sftp_packets *pk,
    int (*relay)(void *, struct sftp_str), void *arg) {
  pk->out.relay = relay;
  pk->out.relay_arg = arg;
}

/* RFC 4253, section 7.1. */
static bool must_wait(const struct sftp_packets *pk, uint8_t type) {
  return pk->out.hold &&
    (type > SSH_MSG_KEX_LAST || type == SSH_MSG_SERVICE_ACCEPT);
}

struct sftp_wr *sftp_packet_begin(struct sftp_packets *pk, uint8_t type,
    size_t max) {
  struct sftp_wr *w = &pk->out.wr;
  int res = finish_gather(pk);

  if (res == SFTP_OK && pk->out.cover != NULL) {
    res = send_cover(pk);
  }

  pk->out.staged = pk->out.relay != NULL || pk->out.deflate != NULL ||
    must_wait(pk, type);
  if (res == SFTP_OK && pk->out.staged && max > pk->out.stage_size) {
    res = sftp_packets_resize(&pk->out.stage, &pk->out.stage_size, max);
  }

  if (res == SFTP_OK && !pk->out.staged) {
    res = out_room(pk, max + MAX_OVERHEAD);
  }

  if (res != SFTP_OK) {
    sftp_wr_init_fixed(w, NULL, 0);
    sftp_wr_fail(w, res);
    return w;
  }

  pk->out.open = true;

  sftp_wr_init_fixed(w, pk->out.staged ? pk->out.stage :
    pk->out.buf + pk->out.end + HEADER_LEN, max);
  sftp_wr_u8(w, type);
  return w;
}

static int hold_back(struct sftp_packets *pk, struct sftp_str payload) {
  struct held *h;

  if (pk->out.held_bytes + payload.len > HELD_MAX) {
    return SFTP_ERR_LIMIT;
  }

  h = malloc(sizeof(*h) + payload.len);
  if (h == NULL) {
    return SFTP_ERR_LIMIT;
  }

  h->next = NULL;
  h->len = payload.len;
  memcpy(h->payload, payload.ptr, payload.len);
  *pk->out.held_tail = h;
  pk->out.held_tail = &h->next;
  pk->out.held_bytes += payload.len;
  return SFTP_OK;
}

static int seal_compressed(struct sftp_packets *pk, struct sftp_str plain) {
  size_t max = plain.len + DEFLATE_SLACK(plain.len), len = 0;
  int res = out_room(pk, max + MAX_OVERHEAD);

  if (res == SFTP_OK) {
    res = sftp_deflate(pk->out.deflate, plain.ptr, plain.len,
      pk->out.buf + pk->out.end + HEADER_LEN, max, &len);
  }

  return res == SFTP_OK ? seal(pk, len) : res;
}

int sftp_packet_end(struct sftp_packets *pk) {
  struct sftp_str payload = sftp_wr_get(&pk->out.wr);
  int res = sftp_wr_end(&pk->out.wr);

  pk->out.open = false;
  if (res != SFTP_OK) {
    return res;
  }

  if (pk->out.relay != NULL) {
    return pk->out.relay(pk->out.relay_arg, payload);
  }

  if (must_wait(pk, payload.ptr[0])) {
    return hold_back(pk, payload);
  }

  return pk->out.deflate != NULL ? seal_compressed(pk, payload) :
    seal(pk, payload.len);
}

int sftp_packet_send(struct sftp_packets *pk, struct sftp_str payload) {
  struct sftp_wr *w = sftp_packet_begin(pk, payload.ptr[0], payload.len);

  sftp_wr_bytes(w, payload.ptr + 1, payload.len - 1);
  return sftp_packet_end(pk);
}

int sftp_packet_layout(struct sftp_packets *pk, size_t len, int n,
    unsigned char **at) {
  size_t each = sealed_len(&pk->out.dir, len);
  int i;

  if (pk->out.hold || pk->out.deflate != NULL || pk->out.cover != NULL ||
      sftp_packets_pending(pk) + each * (size_t) n > OUT_BULK ||
      finish_gather(pk) != SFTP_OK ||
      out_room(pk, each * (size_t) n + MAX_OVERHEAD) != SFTP_OK) {
    return 0;
  }

  for (i = 0; i < n; i++) {
    at[i] = pk->out.buf + pk->out.end + each * (size_t) i + HEADER_LEN;
  }

  return n;
}

int sftp_packet_seal_next(struct sftp_packets *pk, size_t len) {
  return seal(pk, len);
}

void sftp_packet_set_gather(struct sftp_packets *pk, int (*finish)(void *),
    void *arg) {
  pk->out.gather = finish;
  pk->out.gather_arg = arg;
}

void sftp_packet_gathering(struct sftp_packets *pk, bool open) {
  pk->out.gathering = open;
}

int sftp_packets_raw(struct sftp_packets *pk, const char *text, size_t len) {
  int res = out_room(pk, len);

  if (res == SFTP_OK) {
    memcpy(pk->out.buf + pk->out.end, text, len);
    pk->out.end += len;
  }

  return res;
}

size_t sftp_packets_pending(const struct sftp_packets *pk) {
  return pk->out.end - pk->out.start;
}

int sftp_packets_flush(struct sftp_packets *pk) {
  int res = finish_gather(pk);
  ssize_t n;

  while (res == SFTP_OK && pk->out.start < pk->out.end) {
    n = send(pk->fd, pk->out.buf + pk->out.start,
      pk->out.end - pk->out.start, MSG_DONTWAIT|MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) {
        continue;
      }

      return errno == EAGAIN || errno == EWOULDBLOCK ? 0 :
        sftp_packets_broken(pk);
    }

    pk->out.start += (size_t) n;
    pk->out.dir.stats.total += (size_t) n;
  }

  if (res != SFTP_OK) {
    return res;
  }

  pk->out.start = pk->out.end = 0;
  return 1;
}

/* Sends what was held back while the exchange ran, in order. */
static int release_held(struct sftp_packets *pk) {
  struct held *h;
  int res = SFTP_OK;

  while (res == SFTP_OK && (h = pk->out.held) != NULL) {
    struct sftp_str payload = { h->payload, h->len };

    pk->out.held = h->next;
    res = sftp_packet_send(pk, payload);
    sftp_wipe(h->payload, h->len);
    free(h);
  }

  if (pk->out.held == NULL) {
    pk->out.held_tail = &pk->out.held;
    pk->out.held_bytes = 0;
  }

  return res;
}

int sftp_packets_hold(struct sftp_packets *pk, bool on) {
  int res = finish_gather(pk);

  pk->out.hold = on;
  return res == SFTP_OK && !on ? release_held(pk) : res;
}

bool sftp_packets_held(const struct sftp_packets *pk) {
  return pk->out.hold;
}
