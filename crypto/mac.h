/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mac.h -- message authentication codes of packets (RFC 4253, section 6.4;
 * RFC 6668; OpenSSH's -etm forms and UMAC, RFC 4418).
 */

#ifndef MOD_SFTP_MAC_H
#define MOD_SFTP_MAC_H

#include "alg.h"

#define SFTP_MAC_MAX_LEN 64

struct sftp_mac;

struct sftp_mac_ops {
  int (*init)(struct sftp_mac *m, const unsigned char *key);
  void (*free)(struct sftp_mac *m);
  /* The code over uint32 seqno and the n bytes at p into out, mac_len bytes. */
  int (*compute)(struct sftp_mac *m, uint32_t seqno, const unsigned char *p,
    size_t n, unsigned char *out);
  const char *cipher;           /* libcrypto's name of what it needs, or NULL */
};

struct sftp_mac_alg {
  struct sftp_alg alg;
  const struct sftp_mac_ops *ops;
  const char *digest;           /* libcrypto's name of the hash, or NULL */
  unsigned short key_len, mac_len;
  bool etm;                     /* over the encrypted packet */
};

struct sftp_mac {
  const struct sftp_mac_alg *alg;
  void *state;
  pool *pool;
};

extern const struct sftp_mac_alg sftp_macs[];   /* ends with a NULL name */
/* Whether a row of it can be used in this process. */
bool sftp_mac_is_usable(const struct sftp_alg *alg);

/* Keys a MAC; key has alg->key_len bytes.  Lives and is wiped with p. */
int sftp_mac_new(pool *p, const struct sftp_mac_alg *alg,
  const unsigned char *key, struct sftp_mac **m) SFTP_MUST_CHECK;
int sftp_mac_compute(struct sftp_mac *m, uint32_t seqno,
  const unsigned char *p, size_t n, unsigned char *out) SFTP_MUST_CHECK;
/* SFTP_ERR_MAC unless mac holds the right code; constant time. */
int sftp_mac_check(struct sftp_mac *m, uint32_t seqno, const unsigned char *p,
  size_t n, const unsigned char *mac) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_MAC_H */
