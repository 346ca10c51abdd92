/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* packet.h -- the binary packet protocol (RFC 4253, section 6).
 *
 * Bytes come in by large reads into one buffer, are decrypted in place and
 * handed out as messages that point into it.  Messages go out by being written
 * behind room for the header in one large buffer, encrypted in place, and many
 * are sent at a time.
 *
 * Lengths are bytes.  Nothing here blocks; waiting is conn.c's.
 */

#ifndef MOD_SFTP_PACKET_H
#define MOD_SFTP_PACKET_H

#include <sys/uio.h>

#include "cipher.h"
#include "mac.h"
#include "wire.h"

#define SFTP_PACKET_MAX 262144          /* packet_length, either way */

/* Limits of one key in one direction: after the first number of packets a rekey
 * is due, after the second the key must not be used any more (RFC 4344, section
 * 3.1: no 32-bit sequence number may occur twice; it is the nonce of chacha20).
 * The margin to 2^32 is more than one turn of the loop sends or receives.
 */
#define SFTP_KEY_PACKETS_WORN 0x80000000U
#define SFTP_KEY_PACKETS_LAST 0xfff00000U

struct sftp_packets;

/* A message from the peer; valid until the next fill (see also stable()). */
struct sftp_pkt {
  uint8_t type;
  uint32_t seqno;
  struct sftp_rd in;            /* behind the type byte */
};

#define SFTP_MAC_KEY_MAX 64     /* bytes, of all rows */

/* What the keys of one direction were made of, for their hand-over
 * (handover.h).
 */
struct sftp_kept_keys {
  unsigned char key[SFTP_CIPHER_KEY_MAX], mac_key[SFTP_MAC_KEY_MAX];
};

/* New keys of one direction; the parts live until the next exchange. */
struct sftp_keys {
  pool *pool;                   /* destroyed when they are replaced */
  struct sftp_cipher *cipher;
  struct sftp_mac *mac;         /* NULL with AEAD */
  const struct sftp_alg *compression;    /* never NULL */
  struct sftp_kept_keys *kept;  /* NULL unless asked for; wiped with the pool */
};

/* What keys are made of: bytes in the lengths of the rows. */
struct sftp_key_parts {
  const struct sftp_cipher_alg *cipher;
  const struct sftp_mac_alg *mac;       /* NULL with AEAD */
  const struct sftp_alg *compression;
  const unsigned char *key, *iv, *mac_key;
  bool keep;                    /* key and mac_key: sets `kept' */
  bool goes_on;                 /* iv is that of sftp_cipher_iv() */
};

/* Makes the keys of one direction, in a pool of their own below p. */
int sftp_keys_new(pool *p, const struct sftp_key_parts *parts, bool in,
  struct sftp_keys *keys) SFTP_MUST_CHECK;

struct sftp_packet_stats {
  uint64_t bytes;               /* sum of packet lengths since NEWKEYS */
  uint32_t npackets;            /* since NEWKEYS */
  uint64_t keyed_ms;            /* when the keys came into force */
  uint64_t total;               /* bytes on the wire */
};

struct sftp_packets *sftp_packets_new(pool *p, int fd);

/* ---- In */

/* Reads what the socket has. 1: data arrived, 0: it would block, otherwise
 * SFTP_ERR_EOF or SFTP_ERR_IO.  Invalidates everything handed out before.
 */
int sftp_packets_fill(struct sftp_packets *pk) SFTP_MUST_CHECK;
/* What has arrived and was not read yet. */
struct sftp_str sftp_packets_arrived(const struct sftp_packets *pk);
/* One line of the version exchange, without CR LF, into line.  1: there is
 * one, 0: more bytes are needed, SFTP_ERR_LIMIT: more than size-1 bytes.
 */
int sftp_packets_line(struct sftp_packets *pk, char *line, size_t size)
  SFTP_MUST_CHECK;
/* The next message.  1: pkt is filled, 0: more bytes are needed, else an
 * error with its reason at *why.  Unless sftp_packets_stable() the message is
 * only valid until the next call.
 */
int sftp_packets_next(struct sftp_packets *pk, struct sftp_pkt *pkt,
  const char **why) SFTP_MUST_CHECK;
bool sftp_packets_stable(const struct sftp_packets *pk);
/* The number of bytes missing at least to complete the current packet. */
size_t sftp_packets_missing(const struct sftp_packets *pk);
/* Sets the keys for messages after the client's NEWKEYS. */
void sftp_packets_set_in(struct sftp_packets *pk, const struct sftp_keys *keys,
  bool reset_seqno);
const struct sftp_packet_stats *sftp_packets_in(const struct sftp_packets *pk);
uint32_t sftp_packets_seqno_in(const struct sftp_packets *pk);

/* ---- Out */

/* Begins a message: room for `max' payload bytes whose first is the message
 * number.  Its content goes through *w; sftp_packet_end() seals and queues it.
 * Messages above 49, and SERVICE_ACCEPT, are held back while a key exchange
 * runs, in order.
 */
struct sftp_wr *sftp_packet_begin(struct sftp_packets *pk, uint8_t type,
  size_t max);
int sftp_packet_end(struct sftp_packets *pk) SFTP_MUST_CHECK;
/* Sends a complete message: payload with its number first. */
int sftp_packet_send(struct sftp_packets *pk, struct sftp_str payload)
  SFTP_MUST_CHECK;

/* Reserves room for consecutive packets, so that data can be read straight into
 * place: n payloads of at most len bytes each, their addresses in at[].
 * Returns how many fit (0 if compression is on, a key exchange is in progress
 * or traffic is hidden).  Each sftp_packet_seal_next() then seals the next one
 * with its real length; the rest is dropped.
 */
int sftp_packet_layout(struct sftp_packets *pk, size_t len, int n,
  unsigned char **at);
int sftp_packet_seal_next(struct sftp_packets *pk, size_t len) SFTP_MUST_CHECK;

/* A caller that keeps a message open between calls (to collect channel data)
 * registers a function that completes it: it is called before any other message
 * begins.
 */
void sftp_packet_set_gather(struct sftp_packets *pk, int (*finish)(void *),
  void *arg);
void sftp_packet_gathering(struct sftp_packets *pk, bool open);

/* Registers a function that hides traffic: called before each message begins,
 * unless messages are held; it may send one of its own.  NULL: none.
 */
void sftp_packets_set_cover(struct sftp_packets *pk, int (*cover)(void *),
  void *arg);

/* Another process sends the messages: they are passed to relay, number first.
 * NULL: sent here.
 */
void sftp_packets_relay(struct sftp_packets *pk,
  int (*relay)(void *, struct sftp_str), void *arg);

/* Writes what the socket accepts.  1: everything was sent, 0: it would block.
 */
int sftp_packets_flush(struct sftp_packets *pk);
/* Raw text before the version exchange is done (no packet). */
int sftp_packets_raw(struct sftp_packets *pk, const char *text, size_t len)
  SFTP_MUST_CHECK;
size_t sftp_packets_pending(const struct sftp_packets *pk);
/* After SFTP_ERR_IO: the errno of the socket; 0: it was not the socket. */
int sftp_packets_errno(const struct sftp_packets *pk);
/* While true, such messages are held; false sends them. */
int sftp_packets_hold(struct sftp_packets *pk, bool on) SFTP_MUST_CHECK;
bool sftp_packets_held(const struct sftp_packets *pk);
void sftp_packets_set_out(struct sftp_packets *pk,
  const struct sftp_keys *keys, bool reset_seqno);
/* zlib@openssh.com begins with the next message, in both directions. */
void sftp_packets_authenticated(struct sftp_packets *pk);
const struct sftp_packet_stats *sftp_packets_out(const struct sftp_packets *pk);
uint32_t sftp_packets_seqno_out(const struct sftp_packets *pk);
/* Frees memory while the session sleeps. */
void sftp_packets_shrink(struct sftp_packets *pk);
int sftp_packets_fd(const struct sftp_packets *pk);

#endif /* MOD_SFTP_PACKET_H */
