/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* packet-int.h -- private to the packet family: packet.c (keys, buffers,
 * numbers), packet-in.c (from the socket to a message) and packet-out.c (from a
 * message to the socket); and to handover*.c, which pass all of it on.
 */

#ifndef MOD_SFTP_PACKET_INT_H
#define MOD_SFTP_PACKET_INT_H

#include "packet.h"

#include "compress.h"
#include "ssh2.h"

#define HEADER_LEN 5            /* packet_length, padding_length */
#define MIN_PADDING 4

/* The first size of a read, and what is kept while the session is idle. */
#define IN_SMALL (16 * 1024)
/* Large enough for one read to take everything that a fast sender has queued,
 * and in any case for a whole packet.
 */
#define IN_LARGE (512 * 1024)

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
  int broken;                   /* the errno of the socket's end, or 0 */
  bool authenticated;

  struct {
    struct direction dir;
    unsigned char *buf;
    size_t size, start, end;
    size_t whole;               /* length of the packet at start, 0: unknown */
    bool first_block;           /* its first block has been decrypted */
    size_t doomed;              /* bytes to skip before the refusal */
    struct sftp_inflate *inflate;
    unsigned char *plain;       /* where messages are inflated to */
  } in;

  struct {
    struct direction dir;
    unsigned char *buf;
    size_t size, start, end;
    struct sftp_wr wr;          /* the message that is open */
    bool open, staged;
    unsigned char *stage;       /* its bytes if they cannot be written in
                                 * place */
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
    bool covering;              /* it is sending a message */
    int (*relay)(void *, struct sftp_str);
    void *relay_arg;
    unsigned char random[1024]; /* padding, used up piece by piece */
    size_t random_left;
  } out;
};

/* The socket has failed, as errno says; returns what that means. */
int sftp_packets_broken(struct sftp_packets *pk);
/* Makes a buffer larger, or smaller; SFTP_ERR_LIMIT: as it was. */
int sftp_packets_resize(unsigned char **buf, size_t *size, size_t want);

/* ---- How cipher and MAC affect the form of a packet */

static inline size_t block_len(const struct direction *d) {
  size_t n = d->keys.cipher != NULL ? d->keys.cipher->alg->block_len : 0;

  return n > 8 ? n : 8;         /* RFC 4253, section 6 */
}

static inline bool is_aead(const struct direction *d) {
  return d->keys.cipher != NULL && d->keys.cipher->alg->tag_len > 0;
}

static inline bool is_etm(const struct direction *d) {
  return d->keys.mac != NULL && d->keys.mac->alg->etm;
}

static inline size_t mac_len(const struct direction *d) {
  if (is_aead(d)) {
    return d->keys.cipher->alg->tag_len;
  }

  return d->keys.mac != NULL ? d->keys.mac->alg->mac_len : 0;
}

/* Its packet_length can be read only after its first block was decrypted. */
static inline bool hides_length(const struct direction *d) {
  return d->keys.cipher != NULL && !is_aead(d) && !is_etm(d);
}

/* Bytes in front of the padded part that are not encrypted. */
static inline size_t clear_len(const struct direction *d) {
  return is_aead(d) || is_etm(d) ? 4 : 0;
}

static inline void count(struct direction *d, size_t packet_length) {
  d->seqno++;
  d->stats.npackets++;
  d->stats.bytes += packet_length;
}

#endif /* MOD_SFTP_PACKET_INT_H */
