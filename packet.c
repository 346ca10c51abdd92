/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "packet.h"

#include <sys/socket.h>

#include "compress.h"
#include "ssh2.h"

/* Sizes of the two buffers.  Incoming: large enough that one read() takes
 * what a fast sender queued, and that a whole packet always fits.  Outgoing:
 * what may wait for the socket before bulk data stops being laid out.
 */
#define IN_SMALL (16 * 1024)
#define IN_LARGE (512 * 1024)
#define OUT_SMALL (16 * 1024)
#define OUT_BULK (1024 * 1024)

/* Held messages during one key exchange: answers, not data (that waits in its
 * channel), so this is far more than any client needs.
 */
#define HELD_MAX (1024 * 1024)

#define HEADER_LEN 5            /* packet_length, padding_length */
#define MIN_PADDING 4
#define MAX_OVERHEAD (HEADER_LEN + 255 + SFTP_MAC_MAX_LEN)

/* What zlib may add to data that does not compress, and its flush. */
#define DEFLATE_SLACK(n) ((n) / 100 + 128)

struct direction {
  struct sftp_keys keys;        /* cipher NULL before the first NEWKEYS */
  uint32_t seqno;
  struct sftp_packet_stats stats;
};

struct held {
  struct held *next;
  size_t len;
  unsigned char payload[];
};

struct sftp_packets {
  pool *pool;
  int fd;
  bool authenticated;

  struct {
    struct direction dir;
    unsigned char *buf;
    size_t size, start, end;
    size_t whole;               /* length of the packet at start, 0: unknown */
    bool first_block;           /* its first block is decrypted already */
    size_t doomed;              /* bytes to swallow before the refusal */
    struct sftp_inflate *inflate;
    unsigned char *plain;       /* where messages are inflated to */
  } in;

  struct {
    struct direction dir;
    unsigned char *buf;
    size_t size, start, end;
    struct sftp_wr wr;          /* the message that is open */
    bool open, staged;
    unsigned char *stage;       /* its bytes when they cannot be in place */
    size_t stage_size;
    size_t layout_len;          /* of each packet laid out */
    struct sftp_deflate *deflate;
    bool hold;
    struct held *held, **held_tail;
    size_t held_bytes;
    int (*gather)(void *);
    void *gather_arg;
    bool gathering;
    int (*cover)(void *);
    void *cover_arg;
    bool covering;              /* it sends one right now */
    unsigned char random[1024]; /* padding, used up piece by piece */
    size_t random_left;
  } out;
};

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

/* ---- What cipher and MAC mean for the form of a packet */

static size_t block_len(const struct direction *d) {
  size_t n = d->keys.cipher != NULL ? d->keys.cipher->alg->block_len : 0;

  return n > 8 ? n : 8;         /* RFC 4253, section 6 */
}

static bool is_aead(const struct direction *d) {
  return d->keys.cipher != NULL && d->keys.cipher->alg->tag_len > 0;
}

static bool is_etm(const struct direction *d) {
  return d->keys.mac != NULL && d->keys.mac->alg->etm;
}

static size_t mac_len(const struct direction *d) {
  if (is_aead(d)) {
    return d->keys.cipher->alg->tag_len;
  }

  return d->keys.mac != NULL ? d->keys.mac->alg->mac_len : 0;
}

/* Bytes in front of the padded part that are not encrypted. */
static size_t clear_len(const struct direction *d) {
  return is_aead(d) || is_etm(d) ? 4 : 0;
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

static void count(struct direction *d, size_t packet_length) {
  d->seqno++;
  d->stats.npackets++;
  d->stats.bytes += packet_length;
}

/* ---- In */

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

static int resize(unsigned char **buf, size_t *size, size_t want) {
  unsigned char *p = realloc(*buf, want);

  if (p == NULL) {
    return SFTP_ERR_LIMIT;
  }

  *buf = p;
  *size = want;
  return SFTP_OK;
}

/* Makes room behind `end' for the rest of the packet at hand and for a large
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

  return want > pk->in.size ? resize(&pk->in.buf, &pk->in.size, want) :
    SFTP_OK;
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
      errno == ECONNRESET ? SFTP_ERR_EOF : SFTP_ERR_IO;
  }

  pk->in.end += (size_t) n;
  pk->in.dir.stats.total += (size_t) n;
  if (pk->in.end == pk->in.size && pk->in.size < IN_LARGE) {
    /* The sender is faster than this buffer: take more at a time. */
    (void) resize(&pk->in.buf, &pk->in.size, IN_LARGE);
  }

  return 1;
}

size_t sftp_packets_missing(const struct sftp_packets *pk) {
  size_t have = pk->in.end - pk->in.start;

  return pk->in.whole > have ? pk->in.whole - have : 0;
}

/* Finds out packet_length, decrypting as little as the mode allows.  1: known,
 * 0: more bytes are needed.
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

/* A wrong length under a CBC cipher without -etm tells an attacker about the
 * plaintext (CPNI-957037): swallow as much as the longest packet has before
 * the answer, so that length and MAC errors look alike.
 */
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

static bool hides_length(const struct direction *d) {
  return d->keys.cipher != NULL && !is_aead(d) && !is_etm(d);
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

/* The packet of length len at start is whole: takes it out. */
static int take_packet(struct sftp_packets *pk, uint32_t len,
    struct sftp_pkt *pkt, const char **why) {
  unsigned char *p = pk->in.buf + pk->in.start;
  const unsigned char *payload;
  size_t n, padding;
  int res;

  res = open_packet(pk, p, len);
  if (res != SFTP_OK) {
    if (hides_length(&pk->in.dir)) {
      pk->in.doomed = SFTP_PACKET_MAX;
      pk->in.start += pk->in.whole;
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
        pk->in.doomed = SFTP_PACKET_MAX;
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

bool sftp_packets_stable(const struct sftp_packets *pk) {
  return pk->in.inflate == NULL;
}

static bool compresses(const struct sftp_packets *pk,
    const struct sftp_alg *alg) {
  return sftp_compress_is_zlib(alg) &&
    (pk->authenticated || !sftp_compress_is_delayed(alg));
}

/* A stream begins anew with every exchange (RFC 4253, section 6.2). */
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

const struct sftp_packet_stats *sftp_packets_in(const struct sftp_packets *pk) {
  return &pk->in.dir.stats;
}

uint32_t sftp_packets_seqno_in(const struct sftp_packets *pk) {
  return pk->in.dir.seqno;
}

/* ---- Out */

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

  return resize(&pk->out.buf, &pk->out.size, want);
}

/* Encrypts the payload of len bytes that stands behind the room for the
 * header at `end', and appends padding and MAC.
 */
static int seal(struct sftp_packets *pk, size_t len) {
  struct direction *d = &pk->out.dir;
  struct sftp_cipher *c = d->keys.cipher;
  unsigned char *p = pk->out.buf + pk->out.end;
  size_t padding = padding_for(d, len), n = 1 + len + padding;
  int res = SFTP_OK;

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

struct sftp_wr *sftp_packet_begin(struct sftp_packets *pk, uint8_t type,
    size_t max) {
  struct sftp_wr *w = &pk->out.wr;
  int res = finish_gather(pk);

  if (res == SFTP_OK && pk->out.cover != NULL) {
    res = send_cover(pk);
  }

  pk->out.staged = pk->out.deflate != NULL ||
    (pk->out.hold && type > SSH_MSG_KEX_LAST);
  if (res == SFTP_OK && pk->out.staged && max > pk->out.stage_size) {
    res = resize(&pk->out.stage, &pk->out.stage_size, max);
  }

  if (res == SFTP_OK && !pk->out.staged) {
    res = out_room(pk, max + MAX_OVERHEAD);
  }

  if (res != SFTP_OK) {
    sftp_wr_init_fixed(w, NULL, 0);
    sftp_wr_fail(w, res);
    return w;
  }

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

  if (res != SFTP_OK) {
    return res;
  }

  if (pk->out.hold && payload.ptr[0] > SSH_MSG_KEX_LAST) {
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
        errno == EPIPE || errno == ECONNRESET ? SFTP_ERR_EOF : SFTP_ERR_IO;
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
