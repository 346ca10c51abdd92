/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-offer.c -- the server's offer in KEXINIT, and the clients that get
 * classic algorithms in addition.
 */

#include "kex-int.h"

#include "alg-table.h"
#include "cert.h"
#include "namelist.h"

/* The time that our first KEXINIT waits for that of an unknown client. */
#define FIRST_WAIT_MS 1000

/* ---- The offer to all clients */

const struct sftp_key *sftp_kex_host_key_for(const struct sftp_settings *set,
    const struct sftp_sig_alg *alg, struct sftp_str *blob) {
  unsigned int i;

  for (i = set->nhost_keys; i-- > 0; ) {
    const struct sftp_key *key = set->host_keys[i];
    const struct sftp_cert *cert =
      set->host_certs != NULL ? set->host_certs[i] : NULL;

    if (strcmp(key->type->name, alg->key_type) != 0 ||
        (alg->cert_type != NULL &&
          (cert == NULL || strcmp(cert->type, alg->cert_type) != 0))) {
      continue;
    }

    *blob = alg->cert_type != NULL ? cert->blob : key->blob;
    return key;
  }

  return NULL;
}

/* The configured host key algorithms for which there is a key. */
static const char *offered_hostkeys(pool *p, const struct sftp_settings *set) {
  struct sftp_str left = sftp_str_of(set->hostkeys), name;
  const char *res = "";

  while (sftp_names_next(&left, &name)) {
    const struct sftp_sig_alg *alg = sftp_sig_alg_find(name);
    struct sftp_str blob;

    if (alg != NULL && sftp_kex_host_key_for(set, alg, &blob) != NULL) {
      res = pstrcat(p, res, *res != '\0' ? "," : "", alg->alg.name, NULL);
    }
  }

  return res;
}

/* The list, and what was added for this client. */
static const char *also(pool *p, const char *list, const char *more) {
  return more == NULL ? list : pstrcat(p, list, ",", more, NULL);
}

static const char *with_markers(pool *p, const struct ssh_conn *c,
    const char *res) {
  if (!c->state.keyed && (c->set->opts & SFTP_OPT_NO_EXT_INFO) == 0) {
    res = pstrcat(p, res, ",ext-info-s", NULL);
  }

  /* The first KEXINIT counts (OpenSSH PROTOCOL, section 1.9), and clients must
   * ignore it later. phpseclib 2 uses the latest one instead, so all of ours
   * have the same, as in OpenSSH's server.
   */
  if (c->state.keyed ? c->state.strict_kex :
      (c->set->opts & SFTP_OPT_NO_STRICT_KEX) == 0) {
    res = pstrcat(p, res, ",kex-strict-s-v00@openssh.com", NULL);
  }

  return res;
}

static const char *offered_compression(const struct sftp_settings *set) {
  switch (set->compression) {
    case COMPRESS_ON:
      /* Newer clients only know the delayed one. */
      return "zlib,zlib@openssh.com,none";

    case COMPRESS_DELAYED:
      return "zlib@openssh.com,none";

    default:
      return "none";
  }
}

void sftp_kex_list_offer(pool *p, const struct sftp_settings *set,
    const struct sftp_kex_more *more, const char **offered) {
  offered[L_KEX] = also(p, set->kex, more->kex);
  offered[L_HOSTKEY] = offered_hostkeys(p, set);
  offered[L_CIPHER_C2S] = offered[L_CIPHER_S2C] = set->ciphers;
  offered[L_MAC_C2S] = offered[L_MAC_S2C] = also(p, set->macs, more->macs);
  offered[L_COMP_C2S] = offered[L_COMP_S2C] = offered_compression(set);
  offered[L_LANG_C2S] = offered[L_LANG_S2C] = "";
}

void sftp_kex_make_offer(struct sftp_kex *k) {
  struct kex_run *run = k->run;

  sftp_kex_list_offer(run->pool, k->conn->set, &k->more, run->offered);
  run->offered[L_KEX] = with_markers(run->pool, k->conn, run->offered[L_KEX]);
}

const struct sftp_key *sftp_kex_host_key(const struct sftp_kex *k,
    struct sftp_str *blob) {
  return sftp_kex_host_key_for(k->conn->set,
    (const struct sftp_sig_alg *) k->run->alg[L_HOSTKEY], blob);
}

/* ---- The addition for clients that know nothing of it
 *
 * RFC 4253, section 7.1, lets either side send its KEXINIT first.  Ours waits
 * for the client's if the client's name is unknown: if it shares nothing with a
 * list of ours, the classic algorithms are added to that list.  They are the
 * rows with ALG_CLASSIC, which are sound.  Both KEXINITs are part of the
 * exchange hash, which the host key signs, so no attacker in between can cause
 * this.
 */

static bool is_named(const struct sftp_settings *set, enum sftp_alg_family f) {
  return (set->named & 1U << f) != 0;
}

bool sftp_kex_waits(const struct ssh_conn *c) {
  return c->set->clients_known == 0 &&
    !(is_named(c->set, ALGS_KEX) && is_named(c->set, ALGS_MAC));
}

void sftp_kex_wait(struct sftp_kex *k) {
  k->wait_until_ms = sftp_now_ms() + FIRST_WAIT_MS;
}

static bool shares(struct sftp_str theirs, const char *ours) {
  return sftp_names_match(theirs, sftp_str_of(ours)).len > 0;
}

const char *sftp_kex_classics(pool *p, const struct sftp_settings *set,
    enum sftp_alg_family f) {
  return is_named(set, f) ? NULL : sftp_alg_list(p, f, ALG_CLASSIC, 0);
}

/* The same, or NULL if the client has none of them. */
static const char *classics(struct ssh_conn *c, enum sftp_alg_family f,
    struct sftp_str theirs, const char *kind) {
  const char *list = sftp_kex_classics(c->pool, c->set, f);

  if (list == NULL || !shares(theirs, list)) {
    return NULL;
  }

  sftp_log("offering %s in addition: this client supports no other %s "
    "algorithm of this server", list, kind);
  return list;
}

/* Whether the cipher of that direction needs a separate MAC. */
static bool needs_mac(const struct ssh_conn *c, struct sftp_str ciphers) {
  const struct sftp_alg *alg = sftp_alg_find(ALGS_CIPHER,
    sftp_names_match(ciphers, sftp_str_of(c->set->ciphers)));

  return alg != NULL && ((const struct sftp_cipher_alg *) alg)->tag_len == 0;
}

void sftp_kex_widen(struct sftp_kex *k, const struct sftp_str *theirs) {
  struct ssh_conn *c = k->conn;
  const struct sftp_settings *set = c->set;
  size_t i;

  if (!is_named(set, ALGS_KEX) && !shares(theirs[L_KEX], set->kex)) {
    k->more.kex = classics(c, ALGS_KEX, theirs[L_KEX],
      sftp_kex_lists[L_KEX].kind);
  }

  for (i = L_MAC_C2S; i <= L_MAC_S2C && !is_named(set, ALGS_MAC); i++) {
    if (k->more.macs == NULL && !shares(theirs[i], set->macs) &&
        needs_mac(c, theirs[i - L_MAC_C2S + L_CIPHER_C2S])) {
      k->more.macs = classics(c, ALGS_MAC, theirs[i], sftp_kex_lists[i].kind);
    }
  }
}
