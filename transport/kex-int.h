/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-int.h -- the key exchange in progress: private to kex.c, kex-init.c,
 * kex-offer.c, kex-keys.c and rekey.c, which are its steps, and to handover*.c,
 * which pass its result on.
 */

#ifndef MOD_SFTP_KEX_INT_H
#define MOD_SFTP_KEX_INT_H

#include "conn.h"

#include "alg-table.h"
#include "kex.h"
#include "kex-method.h"
#include "keys.h"

#define KEX_MAX_DIGEST 64

/* The name-lists of KEXINIT in the order of RFC 4253, section 7.1. */
enum { L_KEX, L_HOSTKEY, L_CIPHER_C2S, L_CIPHER_S2C, L_MAC_C2S, L_MAC_S2C,
  L_COMP_C2S, L_COMP_S2C, L_LANG_C2S, L_LANG_S2C, NLISTS };

extern const struct kex_list {
  const char *kind;             /* for the log */
  const char *agreed;           /* format of its line: each is a separate
                                 * kind (log-budget.h) */
  enum sftp_alg_family family;
  const char *note;             /* of the session, with what was agreed */
} sftp_kex_lists[L_LANG_C2S];

/* The name of a MAC that AEAD makes unnecessary. */
#define SFTP_MAC_IMPLICIT "implicit"

/* The current exchange: each has a new one, in its own pool. */
struct kex_run {
  pool *pool;
  const char *why;              /* what started it; NULL: its end is logged */
  uint64_t started_ms;
  bool by_us;                   /* our KEXINIT was first */
  bool sent_newkeys;
  struct sftp_str ours, theirs; /* KEXINIT payloads; len 0: not yet */
  const char *offered[NLISTS];
  const struct sftp_alg *alg[L_LANG_C2S];       /* NULL: MAC with AEAD */
  bool drop_guess;
  struct sftp_kex_exchange x;
  struct sftp_keys in, out;
};

/* What the KEXINITs of the last signed transcript say (kex-elsewhere.c). */
struct sftp_kex_covered {
  const char *names[L_LANG_C2S];        /* agreed; NULL: nothing was signed */
  bool strict_kex, ext_info;    /* the client's first KEXINIT has the marker */
};

/* What was added to the offer for this client. */
struct sftp_kex_more {
  const char *kex, *macs;       /* or NULL */
};

struct sftp_kex {
  struct ssh_conn *conn;
  struct sftp_str session_id;
  struct sftp_str first_host_key;
  bool ext_info_seen;
  bool ext_info_in_auth;        /* another EXT_INFO may be sent */
  uint64_t wait_until_ms;       /* our first KEXINIT waits for the client's */
  struct sftp_kex_more more;
  struct kex_run *run;          /* NULL: none is in progress */

  struct sftp_kex_names names;  /* of the last complete exchange */
  pool *names_pool;
  struct sftp_kex_covered covered;
  bool told_c2s, told_s2c;      /* that compression has begun */
};

/* ---- kex.c */

/* Begins an exchange, ours (why says the reason) or the client's. */
void sftp_kex_begin(struct sftp_kex *k, const char *why, bool by_us);
/* What was agreed: names[L_LANG_C2S], which must last. */
void sftp_kex_set_names(struct sftp_kex *k, const char *const *names);

/* ---- kex-init.c */

int sftp_kex_send_init(struct sftp_kex *k) SFTP_MUST_CHECK;
/* Chooses from each pair of name-lists the first name of the client that the
 * server has (RFC 4253, section 7.1).  The index of the list where there is
 * none, or L_LANG_C2S: alg[L_LANG_C2S] is what both agree on.
 */
size_t sftp_kex_agree(const struct sftp_str *theirs,
  const struct sftp_str *ours, const struct sftp_alg **alg);
/* Ends the connection with the method's error. */
int sftp_kex_failed(struct ssh_conn *c, int err) SFTP_MUST_CHECK;

/* ---- kex-offer.c */

/* Whether our first KEXINIT must wait for the client's; and lets it wait. */
bool sftp_kex_waits(const struct ssh_conn *c);
void sftp_kex_wait(struct sftp_kex *k);
/* Offers the classic algorithms in addition where the client's first lists have
 * nothing in common with ours and the administrator has not set the list.
 */
void sftp_kex_widen(struct sftp_kex *k, const struct sftp_str *theirs);
/* The classic algorithms of a family, in p, which clients may get in addition;
 * NULL when the administrator has set the list.
 */
const char *sftp_kex_classics(pool *p, const struct sftp_settings *set,
  enum sftp_alg_family f);
/* The lists of names that such a client is offered, in p; markers (such as
 * ext-info-s) are not among them.
 */
void sftp_kex_list_offer(pool *p, const struct sftp_settings *set,
  const struct sftp_kex_more *more, const char **offered);
/* Fills the lists of the current exchange. */
void sftp_kex_make_offer(struct sftp_kex *k);
/* Our key for an algorithm, and its blob, which may be a certificate; NULL:
 * there is none.
 */
const struct sftp_key *sftp_kex_host_key_for(const struct sftp_settings *set,
  const struct sftp_sig_alg *alg, struct sftp_str *blob);
/* The same for the agreed algorithm. */
const struct sftp_key *sftp_kex_host_key(const struct sftp_kex *k,
  struct sftp_str *blob);

/* ---- kex-keys.c */

/* What the exchange hash covers, without the identifications. */
struct sftp_transcript {
  const struct sftp_kex_method *method;
  struct sftp_str theirs, ours; /* KEXINIT payloads */
  struct sftp_str host_key;     /* K_S */
  struct sftp_str hashed;       /* wire form of what is between K_S and K */
  struct sftp_str secret;       /* K with its length field */
};

/* The exchange hash H (RFC 4253, section 8) to out, of KEX_MAX_DIGEST bytes. */
int sftp_kex_hash_of(const struct ssh_conn *c,
  const struct sftp_transcript *t, unsigned char *out, size_t *len)
  SFTP_MUST_CHECK;
/* The same of the current exchange. */
int sftp_kex_hash(struct ssh_conn *c, struct sftp_str host_key,
  unsigned char *out, size_t *len) SFTP_MUST_CHECK;
/* Makes one direction's keys (RFC 4253, section 7.2), in a pool of their own.
 */
int sftp_kex_make_keys(struct ssh_conn *c, struct sftp_str H, bool in,
  struct sftp_keys *keys) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_KEX_INT_H */
