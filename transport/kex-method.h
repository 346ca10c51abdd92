/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-method.h -- one key exchange method: a row in kex.c's table and a struct
 * of functions in a kex-*.c.
 *
 * A method handles its own messages (30 to 49) and provides its specific parts:
 * the fields hashed between K_S and K, the fields of its reply, and K.
 * Exchange hash, host key signature and key derivation are implemented once, in
 * kex.c (RFC 4253, sections 7.2 and 8; RFC 5656, section 4; RFC 8731).
 */

#ifndef MOD_SFTP_KEX_METHOD_H
#define MOD_SFTP_KEX_METHOD_H

#include "alg.h"
#include "wire.h"

struct sftp_kex_exchange;
struct sftp_kex_method;

struct sftp_kex_ops {
  /* Handles message `type' whose fields behind the number are in r.  Sets
   * x->done when the reply can be made.  Peer values are checked here; secrets
   * are wiped before returning.
   */
  int (*message)(struct sftp_kex_exchange *x, unsigned int type,
    struct sftp_rd *r);
  /* For methods in which the server speaks first: called after both KEXINITs.
   * NULL if the client speaks first.
   */
  int (*begin)(struct sftp_kex_exchange *x);
  /* Names of these messages in command logs: "DH_INIT", "ECDH_INIT" ... */
  const char *command;
  /* Whether this process can do it, apart from the digest; fetches what is
   * needed.  NULL: always.
   */
  bool (*usable)(const struct sftp_kex_method *m);
};

struct sftp_kex_method {
  struct sftp_alg alg;
  const char *digest;           /* libcrypto's name: "SHA256" ... */
  const struct sftp_kex_ops *ops;
  const void *parameter;        /* curve or group name for the ops, or NULL */
};

struct sftp_kex_exchange {
  pool *pool;                   /* freed with the exchange */
  const struct sftp_kex_method *method;
  void *state;                  /* the method's state between its messages */

  struct sftp_wr hashed;        /* wire form of the fields between K_S and K */
  struct sftp_wr reply;         /* wire form of the fields between K_S and the
                                 * signature in the reply */
  struct sftp_wr k;             /* K as it is hashed, with its length field */
  unsigned int reply_type;      /* 31 unless the method says otherwise */
  bool bare_reply;              /* the reply is the signature alone */
  const char *command;          /* as in the ops; NULL: that one */
  struct sftp_str host_key;     /* K_S */
  bool done;

  /* For methods of more than one round trip: sends a message (type byte
   * first) at once.
   */
  int (*send)(struct sftp_kex_exchange *x, struct sftp_str payload);
  void *arg;                    /* private to kex.c */
  bool weak_dh;                 /* AllowWeakDH: small groups may be used */
  const char *dh_param_file;    /* text of SFTPDHParamFile, or NULL */
  size_t dh_param_len;
};

extern const struct sftp_kex_method sftp_kex_methods[]; /* kex.c */
/* Whether a row of it can be used in this process. */
bool sftp_kex_is_usable(const struct sftp_alg *alg);

/* Shared by all curves (RFC 5656, section 4; RFC 8731, section 3); hybrids use
 * the first: SSH_MSG_KEX_ECDH_INIT and its one string; SFTP_ERR_ORDER for any
 * other message, and for a second one.
 */
int sftp_kex_ecdh_init(const struct sftp_kex_exchange *x, unsigned int type,
  struct sftp_rd *r, struct sftp_str *theirs);
/* ... and its end: both points on the wire and K. */
void sftp_kex_ecdh_done(struct sftp_kex_exchange *x, struct sftp_str theirs,
  struct sftp_str mine, struct sftp_str secret);

extern const struct sftp_kex_ops sftp_kex_dh;           /* kex-dh.c */
extern const struct sftp_kex_ops sftp_kex_ecdh;         /* kex-ecdh.c */
extern const struct sftp_kex_ops sftp_kex_x25519;       /* kex-x25519.c */
extern const struct sftp_kex_ops sftp_kex_x448;         /* kex-x448.c */
extern const struct sftp_kex_ops sftp_kex_gex;          /* kex-gex.c */
extern const struct sftp_kex_ops sftp_kex_hybrid;       /* kex-hybrid.c */
extern const struct sftp_kex_ops sftp_kex_rsa;          /* kex-rsa.c */

#endif /* MOD_SFTP_KEX_METHOD_H */
