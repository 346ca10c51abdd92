/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* packet-in.c -- packets from the socket: read many at once, decrypted in
 * place, one message after the other (RFC 4253, section 6).
 */

#include "packet-int.h"

#include <sys/socket.h>

struct sftp_str sftp_packets_arrived(const struct sftp_packets *pk) {
  struct sftp_str in = { NULL, pk->in.end - pk->in.start };

  if (in.len > 0) {
    in.ptr = pk->in.buf + pk->in.start;
  }

  return in;
}

int sftp_packets_line(struct sftp_packets *pk, char *line, size_t size) {
  size_t n = pk->in.end - pk->in.start;
  const unsigned char *p, *lf;

  if (n == 0) {
    return 0;
  }

  p = pk->in.buf + pk->in.start;
  lf = memchr(p, '\n', n);
  if (lf == NULL) {
    return n >= size - 1 ? SFTP_ERR_LIMIT : 0;
  }

  n = (size_t) (lf - p);
  pk->in.start += n + 1;
  if (n > 0 && p[n - 1] == '\r') {
    n--;
  }

  if (n >= size) {
    return SFTP_ERR_LIMIT;
  }

  memcpy(line, p, n);
  line[n] = '\0';
  return memchr(line, '\0', n) == NULL ? 1 : SFTP_ERR_FORMAT;
}

/* Makes room behind `end' for the rest of the current packet and for a large
 * read.
 */
static int make_room(struct sftp_packets *pk) {
  size_t have = pk->in.end - pk->in.start, want = pk->in.size;

  if (pk->in.start > 0 &&
      (have == 0 || pk->in.size - pk->in.end < IN_SMALL ||
       pk->in.start + pk->in.whole > pk->in.size)) {
    if (have > 0) {
      memmove(pk->in.buf, pk->in.buf + pk->in.start, have);
    }

    pk->in.start = 0;
    pk->in.end = have;
  }

  if (want == 0) {
    want = IN_SMALL;
  }

  if (pk->in.whole > want || have == pk->in.size) {
    want = IN_LARGE;
  }

  return want > pk->in.size ?
    sftp_packets_resize(&pk->in.buf, &pk->in.size, want) : SFTP_OK;
}

int sftp_packets_broken(struct sftp_packets *pk) {
  if (errno == EPIPE || errno == ECONNRESET) {
    return SFTP_ERR_EOF;
  }

  pk->broken = errno;
  return SFTP_ERR_IO;
}

int sftp_packets_errno(const struct sftp_packets *pk) {
  return pk->broken;
}

int sftp_packets_fill(struct sftp_packets *pk) {
  ssize_t n;

  if (make_room(pk) != SFTP_OK) {
    return SFTP_ERR_IO;
  }

  do {
    n = recv(pk->fd, pk->in.buf + pk->in.end, pk->in.size - pk->in.end,
      MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);

  if (n == 0) {
    return SFTP_ERR_EOF;
  }

  if (n < 0) {
    return errno == EAGAIN || errno == EWOULDBLOCK ? 0 :
      sftp_packets_broken(pk);
  }

  pk->in.end += (size_t) n;
  pk->in.dir.stats.total += (size_t) n;
  if (pk->in.end == pk->in.size && pk->in.size < IN_LARGE) {
    /* The sender is faster than this buffer: reads more at a time. */
    (void) sftp_packets_resize(&pk->in.buf, &pk->in.size, IN_LARGE);
  }

  return 1;
}

size_t sftp_packets_missing(const struct sftp_packets *pk) {
  size_t have = pk->in.end - pk->in.start;

  return pk->in.whole > have ? pk->in.whole - have : 0;
}

/* Finds packet_length, decrypting as little as the mode allows.  1: known, 0:
 * more bytes are needed.
 */
static int read_length(struct sftp_packets *pk, uint32_t *len) {
  struct direction *d = &pk->in.dir;
  unsigned char *p = pk->in.buf + pk->in.start;
  size_t have = pk->in.end - pk->in.start, first = block_len(d);

  if (is_aead(d)) {
    if (have < 4) {
      return 0;
    }

    return d->keys.cipher->alg->ops->length(d->keys.cipher, d->seqno, p,
      len) == SFTP_OK ? 1 : SFTP_ERR_CRYPTO;
  }

  if (d->keys.cipher == NULL || is_etm(d)) {
    first = 4;
  }

  if (have < first) {
    return 0;
  }

  if (first > 4 && !pk->in.first_block) {
    if (d->keys.cipher->alg->ops->crypt(d->keys.cipher, p,
        first) != SFTP_OK) {
      return SFTP_ERR_CRYPTO;
    }

    pk->in.first_block = true;
  }

  *len = sftp_get_u32(p);
  return 1;
}

static int check_length(const struct sftp_packets *pk, uint32_t len,
    const char **why) {
  const struct direction *d = &pk->in.dir;

  if (len > SFTP_PACKET_MAX || len < 1 + 1 + MIN_PADDING) {
    *why = "invalid packet length";
    return SFTP_ERR_FORMAT;
  }

  if ((4 - clear_len(d) + len) % block_len(d) != 0) {
    *why = "packet length is not a multiple of the block size";
    return SFTP_ERR_FORMAT;
  }

  return SFTP_OK;
}

/* A wrong length under a CBC cipher without -etm leaks plaintext to an attacker
 * (CPNI-957037): as many bytes as in the longest packet, from the first of this
 * one, are skipped before the reply, so that length and MAC errors look alike.
 */
#define DOOMED_BYTES (4 + SFTP_PACKET_MAX + SFTP_MAC_MAX_LEN)

static int doom(struct sftp_packets *pk, const char **why) {
  size_t have = pk->in.end - pk->in.start;

  if (have < pk->in.doomed) {
    pk->in.doomed -= have;
    pk->in.start = pk->in.end;
    return 0;
  }

  *why = "corrupted MAC on input";
  return SFTP_ERR_MAC;
}

/* Checks the MAC of the whole packet at p and decrypts it in place. */
static int open_packet(struct sftp_packets *pk, unsigned char *p, size_t len) {
  struct direction *d = &pk->in.dir;
  struct sftp_cipher *c = d->keys.cipher;
  size_t first = pk->in.first_block ? block_len(d) : 0;
  int res = SFTP_OK;

  if (is_aead(d)) {
    return c->alg->ops->open(c, d->seqno, p, len);
  }

  if (is_etm(d)) {
    res = sftp_mac_check(d->keys.mac, d->seqno, p, 4 + len, p + 4 + len);
    return res != SFTP_OK || c == NULL ? res :
      c->alg->ops->crypt(c, p + 4, len);
  }

  if (c != NULL && 4 + len > first) {
    res = c->alg->ops->crypt(c, p + first, 4 + len - first);
  }

  if (res == SFTP_OK && d->keys.mac != NULL) {
    res = sftp_mac_check(d->keys.mac, d->seqno, p, 4 + len, p + 4 + len);
  }

  return res;
}

static int inflate_payload(struct sftp_packets *pk, const unsigned char **p,
    size_t *n, const char **why) {
  size_t out = 0;

  if (pk->in.plain == NULL) {
    pk->in.plain = malloc(SFTP_PACKET_MAX);
    if (pk->in.plain == NULL) {
      return SFTP_ERR_LIMIT;
    }
  }

  if (sftp_inflate(pk->in.inflate, *p, *n, pk->in.plain, SFTP_PACKET_MAX,
      &out) != SFTP_OK || out == 0) {
    *why = "compressed data is damaged or expands beyond 256 KiB";
    return SFTP_ERR_FORMAT;
  }

  *p = pk->in.plain;
  *n = out;
  return SFTP_OK;
}

/* Takes out the packet of length len at start, which is complete. */
static int take_packet(struct sftp_packets *pk, uint32_t len,
    struct sftp_pkt *pkt, const char **why) {
  unsigned char *p = pk->in.buf + pk->in.start;
  const unsigned char *payload;
  size_t n, padding;
  int res;

  if (pk->in.dir.stats.npackets == UINT32_MAX) {
    *why = "no packet number is left for the key";
    return SFTP_ERR_TOOMANY;
  }

  res = open_packet(pk, p, len);
  if (res != SFTP_OK) {
    if (hides_length(&pk->in.dir)) {
      pk->in.doomed = DOOMED_BYTES;
      return doom(pk, why);
    }

    *why = "corrupted MAC on input";
    return SFTP_ERR_MAC;
  }

  padding = p[4];
  if (padding < MIN_PADDING || padding + 2 > len) {
    *why = "invalid padding length";
    return SFTP_ERR_FORMAT;
  }

  payload = p + HEADER_LEN;
  n = len - 1 - padding;
  if (pk->in.inflate != NULL) {
    res = inflate_payload(pk, &payload, &n, why);
    if (res != SFTP_OK) {
      return res;
    }
  }

  pkt->type = payload[0];
  pkt->seqno = pk->in.dir.seqno;
  sftp_rd_init(&pkt->in, payload + 1, n - 1);

  pk->in.start += pk->in.whole;
  pk->in.whole = 0;
  pk->in.first_block = false;
  count(&pk->in.dir, len);
  if (pk->in.dir.seqno == 0 && pk->in.dir.keys.cipher == NULL) {
    *why = "sequence number wrapped before the first key exchange";
    return SFTP_ERR_ORDER;
  }

  return 1;
}

int sftp_packets_next(struct sftp_packets *pk, struct sftp_pkt *pkt,
    const char **why) {
  uint32_t len = 0;
  int res;

  if (pk->in.doomed > 0) {
    return doom(pk, why);
  }

  if (pk->in.end == pk->in.start) {
    return 0;                   /* there may be no buffer at all */
  }

  if (pk->in.whole == 0) {
    res = read_length(pk, &len);
    if (res != 1) {
      *why = "cannot decrypt";
      return res;
    }

    res = check_length(pk, len, why);
    if (res != SFTP_OK) {
      if (hides_length(&pk->in.dir)) {
        pk->in.doomed = DOOMED_BYTES;
        return doom(pk, why);
      }

      return res;
    }

    pk->in.whole = 4 + (size_t) len + mac_len(&pk->in.dir);
  }

  if (pk->in.end - pk->in.start < pk->in.whole) {
    return 0;
  }

  return take_packet(pk,
    (uint32_t) (pk->in.whole - 4 - mac_len(&pk->in.dir)), pkt, why);
}
