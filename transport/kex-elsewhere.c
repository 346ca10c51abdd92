/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-elsewhere.c -- what passes between the process that exchanges keys and
 * the one that signs: transcripts, and what was agreed.
 *
 * Transcript: string method, string host key algorithm, string KEXINIT of the
 * client, string KEXINIT of the server, string what is between K_S and K,
 * string K with its length field.  What was agreed: byte AGREED_*, string[8]
 * names in the order of KEXINIT.
 */

#include "kex-elsewhere.h"

#include "kex-int.h"

#include "ftpd-report.h"
#include "namelist.h"
#include "ssh2.h"

#define AGREED_STRICT_KEX 0x01
#define AGREED_EXT_INFO 0x02
#define AGREED_ALL 0x03

#define COOKIE_LEN 16
#define HASHED_MAX 65536
#define SECRET_MAX 4096

/* ---- In the process that exchanges keys */

void sftp_transcript_write(const struct ssh_conn *c, struct sftp_wr *w) {
  const struct kex_run *run = c->kex->run;

  sftp_wr_text(w, run->x.method->alg.name);
  sftp_wr_text(w, run->alg[L_HOSTKEY]->name);
  sftp_wr_str(w, run->theirs);
  sftp_wr_str(w, run->ours);
  sftp_wr_str(w, sftp_wr_get(&run->x.hashed));
  sftp_wr_str(w, sftp_wr_get(&run->x.k));
}

void sftp_agreed_write(const struct ssh_conn *c, struct sftp_wr *w) {
  const struct sftp_kex_names *n = &c->kex->names;

  sftp_wr_u8(w, (uint8_t) ((c->state.strict_kex ? AGREED_STRICT_KEX : 0) |
    (c->peer.ext_info ? AGREED_EXT_INFO : 0)));
  sftp_wr_text(w, n->kex);
  sftp_wr_text(w, n->hostkey);
  sftp_wr_text(w, n->cipher_c2s);
  sftp_wr_text(w, n->cipher_s2c);
  sftp_wr_text(w, n->mac_c2s);
  sftp_wr_text(w, n->mac_s2c);
  sftp_wr_text(w, n->comp_c2s);
  sftp_wr_text(w, n->comp_s2c);
}

/* ---- In the process that has the host keys: transcripts */

/* Reads a KEXINIT (RFC 4253, section 7.1); false: the bytes are none, so that
 * what is hashed would not have the form of an exchange.
 */
static bool read_kexinit(struct sftp_str payload, struct sftp_str *lists) {
  struct sftp_rd r;
  bool valid;
  size_t i;

  sftp_rd_init_str(&r, payload);
  valid = sftp_rd_u8(&r) == SSH_MSG_KEXINIT;
  (void) sftp_rd_bytes(&r, COOKIE_LEN);
  for (i = 0; i < NLISTS; i++) {
    lists[i] = sftp_rd_string(&r);
    valid = sftp_names_valid(lists[i]) && valid;
  }

  (void) sftp_rd_bool(&r);
  (void) sftp_rd_u32(&r);
  return sftp_rd_end(&r) == SFTP_OK && valid;
}

static bool is_offered(const char *list, const struct sftp_alg *alg) {
  return list != NULL && sftp_names_have(sftp_str_of(list), alg->name);
}

/* The algorithms must be what this server offers, to some client at least. */
static int find_algs(const struct sftp_settings *set, pool *p,
    struct sftp_str kex, struct sftp_str hostkey, struct sftp_transcript *t,
    const struct sftp_sig_alg **sig) {
  const struct sftp_alg *m = sftp_alg_find(ALGS_KEX, kex);

  *sig = sftp_sig_alg_find(hostkey);
  if (m == NULL || *sig == NULL) {
    return SFTP_ERR_UNSUPPORTED;
  }

  if ((!is_offered(set->kex, m) &&
       !is_offered(sftp_kex_classics(p, set, ALGS_KEX), m)) ||
      !is_offered(set->hostkeys, &(*sig)->alg)) {
    return SFTP_ERR_DENIED;
  }

  t->method = (const struct sftp_kex_method *) m;
  return sftp_kex_is_usable(m) ? SFTP_OK : SFTP_ERR_UNSUPPORTED;
}

/* What both KEXINITs lead to, and whether that is what the other process uses.
 */
static bool is_agreed(const struct sftp_str *theirs,
    const struct sftp_str *ours, struct sftp_str kex, struct sftp_str hostkey,
    struct sftp_kex_covered *covered) {
  const struct sftp_alg *alg[L_LANG_C2S];
  size_t i;

  if (sftp_kex_agree(theirs, ours, alg) < L_LANG_C2S) {
    return false;
  }

  for (i = 0; i < L_LANG_C2S; i++) {
    covered->names[i] = alg[i] != NULL ? alg[i]->name : SFTP_MAC_IMPLICIT;
  }

  covered->ext_info = sftp_names_have(theirs[L_KEX], "ext-info-c");
  covered->strict_kex = sftp_names_have(theirs[L_KEX],
    "kex-strict-c-v00@openssh.com");
  return sftp_str_is(kex, covered->names[L_KEX]) &&
    sftp_str_is(hostkey, covered->names[L_HOSTKEY]);
}

static int read_transcript(const struct sftp_settings *set, pool *p,
    struct sftp_rd *r, struct sftp_transcript *t,
    const struct sftp_sig_alg **sig, struct sftp_kex_covered *covered) {
  struct sftp_str kex = sftp_rd_string(r), hostkey = sftp_rd_string(r);
  struct sftp_str theirs[NLISTS], ours[NLISTS];
  int res;

  t->theirs = sftp_rd_string(r);
  t->ours = sftp_rd_string(r);
  t->hashed = sftp_rd_string(r);
  t->secret = sftp_rd_string(r);
  res = sftp_rd_end(r);
  if (res != SFTP_OK) {
    return res;
  }

  if (!read_kexinit(t->theirs, theirs) || !read_kexinit(t->ours, ours) ||
      !is_agreed(theirs, ours, kex, hostkey, covered) ||
      t->hashed.len > HASHED_MAX || t->secret.len < 4 ||
      t->secret.len > SECRET_MAX) {
    return SFTP_ERR_FORMAT;
  }

  return find_algs(set, p, kex, hostkey, t, sig);
}

/* The first exchange names the connection for good, and has the markers. */
static void keep_identity(struct ssh_conn *c, struct sftp_str H,
    struct sftp_str host_key, const struct sftp_kex_covered *covered) {
  struct sftp_kex *k = c->kex;

  memcpy(k->covered.names, covered->names, sizeof(covered->names));
  if (k->session_id.len == 0) {
    k->covered = *covered;
    k->session_id = sftp_str_copy(c->pool, H);
    k->first_host_key = sftp_str_copy(c->pool, host_key);
  }
}

static int sign(struct ssh_conn *c, pool *p, struct sftp_transcript *t,
    const struct sftp_sig_alg *alg, const struct sftp_kex_covered *covered,
    struct sftp_wr *w) {
  const struct sftp_key *key = sftp_kex_host_key_for(c->set, alg,
    &t->host_key);
  unsigned char hash[KEX_MAX_DIGEST];
  struct sftp_str H = { hash, 0 };
  struct sftp_wr sig;
  int res = key != NULL ? sftp_kex_hash_of(c, t, hash, &H.len) :
    SFTP_ERR_DENIED;

  if (res != SFTP_OK) {
    return res;
  }

  sftp_wr_init(&sig, p, 512, 8192);
  res = sftp_key_sign(key, alg, H, &sig);
  if (res == SFTP_OK) {
    res = sftp_wr_end(&sig);
  }

  if (res == SFTP_OK) {
    keep_identity(c, H, t->host_key, covered);
    sftp_wr_str(w, H);
    sftp_wr_str(w, sftp_wr_get(&sig));
    res = sftp_wr_end(w);
  }

  return res;
}

int sftp_transcript_sign(struct ssh_conn *c,
    const struct sftp_settings *offered, struct sftp_rd *r,
    struct sftp_wr *w) {
  const struct sftp_sig_alg *alg;
  struct sftp_kex_covered covered;
  struct sftp_transcript t;
  pool *p;
  int res = SFTP_ERR_ORDER;

  memset(&t, 0, sizeof(t));
  p = make_sub_pool(c->pool);
  pr_pool_tag(p, "SSH transcript");
  if (c->peer.ident != NULL) {
    res = read_transcript(offered, p, r, &t, &alg, &covered);
  }

  if (res == SFTP_OK) {
    res = sign(c, p, &t, alg, &covered, w);
  }

  destroy_pool(p);
  return res;
}

/* ---- What was agreed */

/* The name as the table has it; NULL: there is none. */
static const char *known_name(size_t list, struct sftp_str name) {
  const struct sftp_alg *alg = sftp_alg_find(sftp_kex_lists[list].family,
    name);

  if (alg == NULL && (list == L_MAC_C2S || list == L_MAC_S2C) &&
      sftp_str_is(name, SFTP_MAC_IMPLICIT)) {
    return SFTP_MAC_IMPLICIT;
  }

  return alg != NULL ? alg->name : NULL;
}

/* Whether the KEXINITs that were signed lead to these names and markers. */
static bool is_covered(const struct sftp_kex_covered *covered,
    unsigned int flags, const char *const *names) {
  bool same = ((flags & AGREED_STRICT_KEX) == 0 || covered->strict_kex) &&
    ((flags & AGREED_EXT_INFO) == 0 || covered->ext_info);
  size_t i;

  for (i = 0; i < L_LANG_C2S; i++) {
    same = same && strcmp(names[i], covered->names[i]) == 0;
  }

  return same;
}

int sftp_agreed_read(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_kex *k = c->kex;
  const struct sftp_kex_covered *covered = &k->covered;
  unsigned int flags = sftp_rd_u8(r);
  const char *names[L_LANG_C2S];
  size_t i;
  int res;

  for (i = 0; i < L_LANG_C2S; i++) {
    names[i] = known_name(i, sftp_rd_string(r));
    if (names[i] == NULL) {
      sftp_rd_fail(r, SFTP_ERR_FORMAT);
    }
  }

  res = sftp_rd_end(r);
  if (res == SFTP_OK && (flags & ~AGREED_ALL) != 0) {
    res = SFTP_ERR_FORMAT;
  }

  if (res == SFTP_OK && k->session_id.len == 0) {
    res = SFTP_ERR_ORDER;
  }

  if (res == SFTP_OK && !is_covered(covered, flags, names)) {
    res = SFTP_ERR_DENIED;
  }

  if (res != SFTP_OK) {
    return res;
  }

  c->state.strict_kex = (flags & AGREED_STRICT_KEX) != 0;
  c->peer.ext_info = (flags & AGREED_EXT_INFO) != 0;
  sftp_kex_set_names(k, names);
  for (i = 0; i < L_LANG_C2S; i++) {
    ftpd_note(c->ftpd, sftp_kex_lists[i].note, names[i]);
  }

  return SFTP_OK;
}
