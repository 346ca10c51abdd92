/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* handover-read.c -- the state of a connection's transport, read.  First
 * everything is decoded, then checked, then made aside; only then does the
 * connection change, and nothing can fail any more.
 */

#include "handover-int.h"

#include "cert.h"
#include "compress.h"
#include "namelist.h"
#include "ssh-version.h"
#include "traffic.h"

#define NAME_MAX_LEN 64         /* RFC 4251, section 6 */
#define SESSION_ID_MIN 20       /* SHA-1 */

/* What is read of one direction, and what is made of it. */
struct half {
  struct sftp_str key, iv, mac_key;
  uint64_t age_ms, told;
  struct direction dir;
};

struct state {
  pool *pool;                   /* for the time of reading */
  unsigned int flags;
  struct sftp_str ident, session_id, first_host_key;
  struct sftp_str names[L_LANG_C2S];
  struct half in, out;
  struct sftp_str input, output;

  struct sftp_kex_more more;
  const struct sftp_alg *alg[L_LANG_C2S];       /* NULL: MAC with AEAD */
  unsigned char *in_buf, *out_buf;
  size_t in_size, out_size;
};

/* ---- Decoding */

static void read_half(struct sftp_rd *r, struct half *h) {
  h->key = sftp_rd_string(r);
  h->iv = sftp_rd_string(r);
  h->mac_key = sftp_rd_string(r);
  h->dir.seqno = sftp_rd_u32(r);
  h->dir.stats.npackets = sftp_rd_u32(r);
  h->dir.stats.bytes = sftp_rd_u64(r);
  h->age_ms = sftp_rd_u64(r);
  h->dir.stats.total = sftp_rd_u64(r);
  h->told = sftp_rd_u64(r);
}

static int read_state(struct sftp_rd *r, struct state *s) {
  size_t i;

  if (sftp_rd_u8(r) != HANDOVER_VERSION) {
    sftp_rd_fail(r, SFTP_ERR_UNSUPPORTED);
  }

  s->flags = sftp_rd_u8(r);
  s->ident = sftp_rd_string(r);
  s->session_id = sftp_rd_string(r);
  s->first_host_key = sftp_rd_string(r);
  for (i = 0; i < SFTP_NELEMS(s->names); i++) {
    s->names[i] = sftp_rd_string(r);
  }

  read_half(r, &s->in);
  read_half(r, &s->out);
  s->input = sftp_rd_string(r);
  s->output = sftp_rd_string(r);
  return sftp_rd_end(r);
}

/* ---- Checks */

/* Whether nothing was received or sent by c itself. */
static bool is_unused(const struct ssh_conn *c) {
  const struct sftp_packets *pk = c->pkts;

  return c->failure.err == SFTP_OK && c->kex->run == NULL &&
    pk->in.dir.keys.pool == NULL && pk->out.dir.keys.pool == NULL &&
    pk->in.start == pk->in.end && pk->in.doomed == 0 &&
    pk->out.start == pk->out.end && !pk->out.hold && pk->out.held == NULL &&
    !pk->out.open && !pk->out.gathering;
}

/* Whether a is unknown so far, or b. */
static bool is_known_as(struct sftp_str a, struct sftp_str b) {
  return a.len == 0 || sftp_str_same(a, b);
}

static bool is_our_host_key(const struct sftp_settings *set,
    struct sftp_str blob) {
  unsigned int i;

  for (i = 0; i < set->nhost_keys; i++) {
    if (sftp_str_same(blob, set->host_keys[i]->blob) ||
        (set->host_certs != NULL && set->host_certs[i] != NULL &&
          sftp_str_same(blob, set->host_certs[i]->blob))) {
      return true;
    }
  }

  return false;
}

static int check_ident(const struct ssh_conn *c, const struct state *s) {
  if (c->peer.ident != NULL) {
    return sftp_str_is(s->ident, c->peer.ident) ? SFTP_OK : SFTP_ERR_DENIED;
  }

  return s->ident.len > 0 &&
    memchr(s->ident.ptr, '\0', s->ident.len) == NULL &&
    sftp_version_is_acceptable(c, sftp_str_dup(s->pool, s->ident)) ? SFTP_OK :
    SFTP_ERR_FORMAT;
}

static int check_identity(const struct ssh_conn *c,
    const struct sftp_settings *set, const struct state *s) {
  if ((s->flags & ~HANDOVER_ALL) != 0 ||
      s->session_id.len < SESSION_ID_MIN ||
      s->session_id.len > KEX_MAX_DIGEST) {
    return SFTP_ERR_FORMAT;
  }

  if (!is_known_as(c->kex->session_id, s->session_id) ||
      !is_known_as(c->kex->first_host_key, s->first_host_key) ||
      !is_our_host_key(set, s->first_host_key)) {
    return SFTP_ERR_DENIED;
  }

  return check_ident(c, s);
}

/* Classic algorithms that were added, by the rules of their addition. */
static int find_more(const struct sftp_settings *set, struct state *s) {
  bool kex = (s->flags & HANDOVER_MORE_KEX) != 0,
    macs = (s->flags & HANDOVER_MORE_MACS) != 0;

  s->more.kex = kex ? sftp_kex_classics(s->pool, set, ALGS_KEX) : NULL;
  s->more.macs = macs ? sftp_kex_classics(s->pool, set, ALGS_MAC) : NULL;
  return kex == (s->more.kex != NULL) && macs == (s->more.macs != NULL) ?
    SFTP_OK : SFTP_ERR_DENIED;
}

/* Whether the MAC of that list is not used: its cipher was found before. */
static bool is_implicit(const struct state *s, size_t list) {
  const struct sftp_cipher_alg *cipher = (const struct sftp_cipher_alg *)
    (list == L_MAC_C2S ? s->alg[L_CIPHER_C2S] :
     list == L_MAC_S2C ? s->alg[L_CIPHER_S2C] : NULL);

  return cipher != NULL && cipher->tag_len > 0;
}

static int check_found(enum sftp_alg_family f, const struct sftp_alg *alg) {
  if (!sftp_alg_usable(f, alg)) {
    return SFTP_ERR_UNSUPPORTED;
  }

  /* This has a state that is not passed on. */
  return f == ALGS_COMPRESS && sftp_compress_is_zlib(alg) &&
    !sftp_compress_is_delayed(alg) ? SFTP_ERR_UNSUPPORTED : SFTP_OK;
}

static int find_names(const struct sftp_settings *set, struct state *s) {
  const char *offered[NLISTS];
  int res = find_more(set, s);
  size_t i;

  sftp_kex_list_offer(s->pool, set, &s->more, offered);
  for (i = 0; i < L_LANG_C2S && res == SFTP_OK; i++) {
    enum sftp_alg_family f = sftp_kex_lists[i].family;

    if (is_implicit(s, i)) {
      res = sftp_str_is(s->names[i], SFTP_MAC_IMPLICIT) ? SFTP_OK :
        SFTP_ERR_FORMAT;
      continue;
    }

    s->alg[i] = s->names[i].len <= NAME_MAX_LEN ?
      sftp_alg_find(f, s->names[i]) : NULL;
    res = s->alg[i] == NULL ? SFTP_ERR_UNSUPPORTED :
      !sftp_names_have(sftp_str_of(offered[i]), s->alg[i]->name) ?
      SFTP_ERR_DENIED : check_found(f, s->alg[i]);
  }

  return res;
}

static void put_names(const struct state *s, const char **names) {
  size_t i;

  for (i = 0; i < L_LANG_C2S; i++) {
    names[i] = s->alg[i] != NULL ? s->alg[i]->name : SFTP_MAC_IMPLICIT;
  }
}

static int check_names(const struct ssh_conn *c, const struct state *s) {
  const struct sftp_kex_names *known = sftp_kex_agreed(c);
  const char *names[L_LANG_C2S];

  if (known == NULL) {
    return SFTP_OK;
  }

  put_names(s, names);
  return strcmp(names[L_KEX], known->kex) == 0 &&
    strcmp(names[L_HOSTKEY], known->hostkey) == 0 &&
    strcmp(names[L_CIPHER_C2S], known->cipher_c2s) == 0 &&
    strcmp(names[L_CIPHER_S2C], known->cipher_s2c) == 0 &&
    strcmp(names[L_MAC_C2S], known->mac_c2s) == 0 &&
    strcmp(names[L_MAC_S2C], known->mac_s2c) == 0 &&
    strcmp(names[L_COMP_C2S], known->comp_c2s) == 0 &&
    strcmp(names[L_COMP_S2C], known->comp_s2c) == 0 ? SFTP_OK :
    SFTP_ERR_DENIED;
}

static int check_counters(const struct state *s, const struct half *h) {
  const struct sftp_packet_stats *stats = &h->dir.stats;
  bool strict = (s->flags & HANDOVER_STRICT_KEX) != 0;

  return stats->npackets < SFTP_KEY_PACKETS_LAST &&
    stats->bytes <= (uint64_t) stats->npackets * SFTP_PACKET_MAX &&
    h->told <= stats->total && h->age_ms <= sftp_now_ms() &&
    (!strict || h->dir.seqno == stats->npackets) ? SFTP_OK : SFTP_ERR_FORMAT;
}

/* ---- Making */

static int make_half(struct ssh_conn *c, const struct state *s, bool in,
    struct half *h) {
  struct sftp_key_parts parts = {
    .cipher = (const struct sftp_cipher_alg *)
      s->alg[in ? L_CIPHER_C2S : L_CIPHER_S2C],
    .mac = (const struct sftp_mac_alg *) s->alg[in ? L_MAC_C2S : L_MAC_S2C],
    .compression = s->alg[in ? L_COMP_C2S : L_COMP_S2C],
    .key = h->key.ptr, .iv = h->iv.ptr, .mac_key = h->mac_key.ptr,
    .keep = c->state.keep_keys, .goes_on = true
  };
  int res = check_counters(s, h);

  if (res != SFTP_OK) {
    return res;
  }

  if (h->key.len != parts.cipher->key_len ||
      h->iv.len != sftp_cipher_iv_len(parts.cipher) ||
      h->mac_key.len != (parts.mac != NULL ? parts.mac->key_len : 0u)) {
    return SFTP_ERR_FORMAT;
  }

  h->dir.stats.keyed_ms = sftp_now_ms() - h->age_ms;
  return sftp_keys_new(c->pool, &parts, in, &h->dir.keys);
}

static int make_buffer(struct sftp_str bytes, unsigned char **buf,
    size_t *size) {
  int res = sftp_packets_resize(buf, size, bytes.len > IN_SMALL ? bytes.len :
    IN_SMALL);

  if (res == SFTP_OK && bytes.len > 0) {
    memcpy(*buf, bytes.ptr, bytes.len);
  }

  return res;
}

static int make_buffers(struct state *s) {
  const struct direction *in = &s->in.dir;
  int res;

  if (s->input.len > SFTP_HANDOVER_INPUT_MAX ||
      s->output.len > SFTP_HANDOVER_OUTPUT_MAX) {
    return SFTP_ERR_LIMIT;
  }

  if ((s->flags & HANDOVER_FIRST_BLOCK) != 0 &&
      (!hides_length(in) || s->input.len < block_len(in))) {
    return SFTP_ERR_FORMAT;
  }

  res = make_buffer(s->input, &s->in_buf, &s->in_size);
  return res == SFTP_OK ? make_buffer(s->output, &s->out_buf, &s->out_size) :
    res;
}

/* Frees what the connection did not get. */
static void drop(struct state *s) {
  free(s->in_buf);
  free(s->out_buf);
  if (s->in.dir.keys.pool != NULL) {
    destroy_pool(s->in.dir.keys.pool);
  }

  if (s->out.dir.keys.pool != NULL) {
    destroy_pool(s->out.dir.keys.pool);
  }
}

/* ---- The connection changes */

static void take_packets(struct sftp_packets *pk, const struct state *s) {
  free(pk->in.buf);
  pk->in.dir = s->in.dir;
  pk->in.buf = s->in_buf;
  pk->in.size = s->in_size;
  pk->in.start = 0;
  pk->in.end = s->input.len;
  pk->in.whole = 0;             /* is found out again */
  pk->in.first_block = (s->flags & HANDOVER_FIRST_BLOCK) != 0;
  free(pk->out.buf);
  pk->out.dir = s->out.dir;
  pk->out.buf = s->out_buf;
  pk->out.size = s->out_size;
  pk->out.start = 0;
  pk->out.end = s->output.len;
  if (pk->authenticated) {
    sftp_packets_authenticated(pk);
  }
}

static void take_kex(struct sftp_kex *k, const struct state *s) {
  pool *p = k->conn->pool;
  const char *names[L_LANG_C2S];

  k->session_id = sftp_str_copy(p, s->session_id);
  k->first_host_key = sftp_str_copy(p, s->first_host_key);
  k->ext_info_seen = (s->flags & HANDOVER_EXT_INFO_SEEN) != 0;
  k->ext_info_in_auth = (s->flags & HANDOVER_EXT_INFO_IN_AUTH) != 0;
  k->more.kex = s->more.kex != NULL ? pstrdup(p, s->more.kex) : NULL;
  k->more.macs = s->more.macs != NULL ? pstrdup(p, s->more.macs) : NULL;
  put_names(s, names);
  sftp_kex_set_names(k, names);
}

static void take_state(struct ssh_conn *c, const struct state *s) {
  if (c->peer.ident == NULL) {
    sftp_version_know(c, sftp_str_dup(s->pool, s->ident));
  }

  c->peer.ext_info = (s->flags & HANDOVER_EXT_INFO) != 0;
  c->state.strict_kex = (s->flags & HANDOVER_STRICT_KEX) != 0;
  c->state.keyed = true;
  take_packets(c->pkts, s);
  take_kex(c->kex, s);
  c->loop->told_in = s->in.told;
  c->loop->told_out = s->out.told;
  c->loop->alive.heard_ms = sftp_now_ms();
  sftp_conn_wait_afresh(c);
  sftp_traffic_keyed(c);
}

int sftp_handover_read(struct ssh_conn *c,
    const struct sftp_settings *offered, struct sftp_rd *r) {
  struct state s;
  int res;

  memset(&s, 0, sizeof(s));
  s.pool = make_sub_pool(c->pool);
  pr_pool_tag(s.pool, "SSH hand-over");
  res = is_unused(c) ? read_state(r, &s) : SFTP_ERR_ORDER;
  if (res == SFTP_OK) {
    res = check_identity(c, offered, &s);
  }

  if (res == SFTP_OK) {
    res = find_names(offered, &s);
  }

  if (res == SFTP_OK) {
    res = check_names(c, &s);
  }

  if (res == SFTP_OK) {
    res = make_half(c, &s, true, &s.in);
  }

  if (res == SFTP_OK) {
    res = make_half(c, &s, false, &s.out);
  }

  if (res == SFTP_OK) {
    res = make_buffers(&s);
  }

  if (res == SFTP_OK) {
    take_state(c, &s);

  } else {
    drop(&s);
  }

  destroy_pool(s.pool);
  return res;
}

void sftp_handover_open(struct ssh_conn *c) {
  c->state.authenticated = true;
  sftp_phase_enter(c, PH_OPEN);
  sftp_packets_authenticated(c->pkts);
  sftp_kex_tell_compression(c);
}
