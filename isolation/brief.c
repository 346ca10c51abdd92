/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* brief.c -- the settings of a cell, written and read.
 *
 * uint32 options, string identification, string[6] name-lists (key exchange,
 * host keys, ciphers, MACs, users' keys, authorities), uint32 lists that were
 * set, byte compression, boolean NEWKEYS late, boolean never rekeyed, string
 * traffic policy, uint64 clients known, uint32 number of host keys, for each:
 * string blob, string type of its certificate, string certificate; string
 * remote address, boolean offers, uint32 trace level for each channel.
 */

#include "brief.h"

#include "cert.h"
#include "traffic.h"

#define HOST_KEYS_MAX 64

static void write_host_keys(struct sftp_wr *w,
    const struct sftp_settings *set) {
  unsigned int i;

  sftp_wr_u32(w, set->nhost_keys);
  for (i = 0; i < set->nhost_keys; i++) {
    const struct sftp_cert *cert = set->host_certs != NULL ?
      set->host_certs[i] : NULL;

    sftp_wr_str(w, set->host_keys[i]->blob);
    sftp_wr_text(w, cert != NULL ? cert->type : "");
    sftp_wr_str(w, cert != NULL ? cert->blob : sftp_str_of(""));
  }
}

void sftp_brief_write(struct sftp_wr *w, const struct sftp_settings *set,
    const char *remote_ip, bool offers) {
  size_t i;

  sftp_wr_u32(w, (uint32_t) set->opts);
  sftp_wr_text(w, set->ident);
  sftp_wr_text(w, set->kex);
  sftp_wr_text(w, set->hostkeys);
  sftp_wr_text(w, set->ciphers);
  sftp_wr_text(w, set->macs);
  sftp_wr_text(w, set->userkeys);
  sftp_wr_text(w, set->ca_algs);
  sftp_wr_u32(w, set->named);
  /* A stream from the first byte on cannot be handed over. */
  sftp_wr_u8(w, set->compression == COMPRESS_OFF ? COMPRESS_OFF :
    COMPRESS_DELAYED);
  sftp_wr_bool(w, set->pessimistic_newkeys);
  sftp_wr_bool(w, set->client.never_rekey);
  sftp_wr_text(w, set->traffic != NULL ? set->traffic->name : "");
  sftp_wr_u64(w, set->clients_known);
  write_host_keys(w, set);
  sftp_wr_text(w, remote_ip);
  sftp_wr_bool(w, offers);
  for (i = 0; i < TRACE_NCHANNELS; i++) {
    sftp_wr_u32(w, (uint32_t) sftp_trace_levels[i]);
  }
}

/* ---- Reading */

static void read_cert(pool *p, struct sftp_rd *r,
    const struct sftp_cert **cert) {
  const char *type = sftp_rd_text(r, p);
  struct sftp_str blob = sftp_rd_string(r);
  struct sftp_cert *c;

  if (blob.len > 0) {
    c = pcalloc(p, sizeof(*c));
    c->type = type;
    c->blob = sftp_str_copy(p, blob);
    *cert = c;
  }
}

/* The key of a blob: its type, and nothing to calculate with. */
static struct sftp_key *read_key(pool *p, struct sftp_rd *r) {
  struct sftp_str blob = sftp_rd_string(r);
  struct sftp_key *key = pcalloc(p, sizeof(*key));
  struct sftp_rd in;

  key->pool = p;
  key->blob = sftp_str_copy(p, blob);
  sftp_rd_init_str(&in, blob);
  key->type = sftp_key_type_find(sftp_rd_string(&in));
  if (key->type == NULL) {
    sftp_rd_fail(r, SFTP_ERR_UNSUPPORTED);
  }

  return key;
}

static void read_host_keys(pool *p, struct sftp_rd *r,
    struct sftp_settings *set) {
  uint32_t n = sftp_rd_u32(r), i;
  const struct sftp_cert **certs;

  if (n > HOST_KEYS_MAX) {
    sftp_rd_fail(r, SFTP_ERR_LIMIT);
    return;
  }

  set->host_keys = pcalloc(p, (n + 1) * sizeof(set->host_keys[0]));
  set->host_certs = certs = pcalloc(p, (n + 1) * sizeof(certs[0]));
  for (i = 0; i < n && sftp_rd_ok(r) == SFTP_OK; i++) {
    set->host_keys[i] = read_key(p, r);
    read_cert(p, r, &certs[i]);
  }

  set->nhost_keys = n;
}

int sftp_brief_read(pool *p, struct sftp_rd *r, struct sftp_brief *b) {
  struct sftp_settings *set = &b->set;
  size_t i;

  memset(b, 0, sizeof(*b));
  set->opts = sftp_rd_u32(r);
  set->ident = sftp_rd_text(r, p);
  set->kex = sftp_rd_text(r, p);
  set->hostkeys = sftp_rd_text(r, p);
  set->ciphers = sftp_rd_text(r, p);
  set->macs = sftp_rd_text(r, p);
  set->userkeys = sftp_rd_text(r, p);
  set->ca_algs = sftp_rd_text(r, p);
  set->named = sftp_rd_u32(r);
  set->compression = sftp_rd_u8(r);
  set->pessimistic_newkeys = sftp_rd_bool(r);
  set->client.never_rekey = sftp_rd_bool(r);
  set->traffic = sftp_traffic_find(sftp_rd_text(r, p));
  set->clients_known = sftp_rd_u64(r);
  read_host_keys(p, r, set);
  b->remote_ip = sftp_rd_text(r, p);
  b->offers = sftp_rd_bool(r);
  for (i = 0; i < TRACE_NCHANNELS; i++) {
    b->trace[i] = (int) sftp_rd_u32(r);
  }

  return sftp_rd_end(r);
}
