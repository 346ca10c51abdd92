/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mac.c -- the table of MACs. */

#include "crypto.h"
#include "mac-int.h"

#define FIT (ALG_DEFAULT|ALG_MODERN|ALG_FIPS)

/* In order of preference.  MACs over the encrypted packet come first: with them
 * a receiver does not decrypt forged packets.  Lengths in bytes: key, code.
 */
const struct sftp_mac_alg sftp_macs[] = {
  { { "hmac-sha2-256-etm@openssh.com", FIT },
    &sftp_mac_hmac, "SHA256", 32, 32, true },
  { { "hmac-sha2-512-etm@openssh.com", FIT },
    &sftp_mac_hmac, "SHA512", 64, 64, true },

  /* Over the plaintext, which is then decrypted before it is known to be
   * genuine.
   */
  { { "hmac-sha2-256", ALG_OPT_IN|ALG_FIPS|ALG_CLASSIC },
    &sftp_mac_hmac, "SHA256", 32, 32, false },
  { { "hmac-sha2-512", ALG_OPT_IN|ALG_FIPS|ALG_CLASSIC },
    &sftp_mac_hmac, "SHA512", 64, 64, false },

  /* Sound, but few clients use it, and FIPS does not approve it. */
  { { "umac-128-etm@openssh.com", ALG_OPT_IN },
    &sftp_mac_umac, NULL, 16, 16, true },
  { { "umac-128@openssh.com", ALG_OPT_IN },
    &sftp_mac_umac, NULL, 16, 16, false },

  /* Codes of 64 bits, SHA-1, MD5. */
  { { "umac-64-etm@openssh.com", ALG_OPT_IN },
    &sftp_mac_umac, NULL, 16, 8, true },
  { { "umac-64@openssh.com", ALG_OPT_IN },
    &sftp_mac_umac, NULL, 16, 8, false },
  { { "hmac-sha1-etm@openssh.com", ALG_OPT_IN|ALG_FIPS },
    &sftp_mac_hmac, "SHA1", 20, 20, true },
  { { "hmac-sha1", ALG_OPT_IN|ALG_FIPS },
    &sftp_mac_hmac, "SHA1", 20, 20, false },
  { { "hmac-sha1-96-etm@openssh.com", ALG_OPT_IN|ALG_FIPS },
    &sftp_mac_hmac, "SHA1", 20, 12, true },
  { { "hmac-sha1-96", ALG_OPT_IN|ALG_FIPS },
    &sftp_mac_hmac, "SHA1", 20, 12, false },
  { { "hmac-md5-etm@openssh.com", ALG_OPT_IN },
    &sftp_mac_hmac, "MD5", 16, 16, true },
  { { "hmac-md5", ALG_OPT_IN }, &sftp_mac_hmac, "MD5", 16, 16, false },
  { { "hmac-md5-96-etm@openssh.com", ALG_OPT_IN },
    &sftp_mac_hmac, "MD5", 16, 12, true },
  { { "hmac-md5-96", ALG_OPT_IN }, &sftp_mac_hmac, "MD5", 16, 12, false },
  { { "hmac-ripemd160", ALG_OPT_IN },
    &sftp_mac_hmac, "RIPEMD160", 20, 20, false },
  { { "none", ALG_OPT_IN }, &sftp_mac_none, NULL, 0, 0, false },

  { { NULL, 0 }, NULL, NULL, 0, 0, false }
};

bool sftp_mac_is_usable(const struct sftp_alg *alg) {
  const struct sftp_mac_alg *mac = (const void *) alg;

  return sftp_crypto_permits(alg) &&
    (mac->digest == NULL || sftp_crypto_digest(mac->digest) != NULL) &&
    (mac->ops->cipher == NULL || sftp_crypto_cipher(mac->ops->cipher) != NULL);
}

static void free_mac(void *data) {
  struct sftp_mac *m = data;

  m->alg->ops->free(m);
}

int sftp_mac_new(pool *p, const struct sftp_mac_alg *alg,
    const unsigned char *key, struct sftp_mac **m) {
  int res;

  *m = pcalloc(p, sizeof(**m));
  (*m)->alg = alg;
  (*m)->pool = p;

  register_cleanup2(p, *m, free_mac);
  res = alg->ops->init(*m, key);
  if (res != SFTP_OK) {
    *m = NULL;
  }

  return res;
}

int sftp_mac_compute(struct sftp_mac *m, uint32_t seqno,
    const unsigned char *p, size_t n, unsigned char *out) {
  return m->alg->ops->compute(m, seqno, p, n, out);
}

int sftp_mac_check(struct sftp_mac *m, uint32_t seqno, const unsigned char *p,
    size_t n, const unsigned char *mac) {
  unsigned char right[SFTP_MAC_MAX_LEN];
  int res;

  res = m->alg->ops->compute(m, seqno, p, n, right);
  if (res == SFTP_OK && !sftp_same(right, mac, m->alg->mac_len)) {
    res = SFTP_ERR_MAC;
  }

  /* The right code of a forged packet is wiped: a forger could use it. */
  sftp_wipe(right, sizeof(right));
  return res;
}

/* ---- none (RFC 4253, section 6.4) */

static int none_init(struct sftp_mac *m, const unsigned char *key) {
  (void) m;
  (void) key;
  return SFTP_OK;
}

static void none_free(struct sftp_mac *m) {
  (void) m;
}

static int none_compute(struct sftp_mac *m, uint32_t seqno,
    const unsigned char *p, size_t n, unsigned char *out) {
  (void) m;
  (void) seqno;
  (void) p;
  (void) n;
  (void) out;
  return SFTP_OK;
}

const struct sftp_mac_ops sftp_mac_none = {
  none_init, none_free, none_compute, NULL
};
