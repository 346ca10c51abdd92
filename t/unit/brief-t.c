/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* brief-t.c -- the settings of a cell: each arrives, and nothing else is read.
 */

#include "brief.h"
#include "cert.h"
#include "tap.h"
#include "traffic.h"

static pool *p;

/* Blobs: a type's name, and bytes that nobody calculates with. */
static struct sftp_str blob_of(const char *type) {
  struct sftp_wr w;

  sftp_wr_init(&w, p, 64, 256);
  sftp_wr_text(&w, type);
  sftp_wr_text(&w, "numbers");
  return sftp_wr_get(&w);
}

static struct sftp_key *key_of(const char *type) {
  struct sftp_key *key = pcalloc(p, sizeof(*key));

  key->type = sftp_key_type_find(sftp_str_of(type));
  key->blob = blob_of(type);
  return key;
}

/* Every field that the transport uses, and none has the default's value. */
static void fill(struct sftp_settings *set) {
  static struct sftp_key *keys[2];
  static const struct sftp_cert *certs[2];
  struct sftp_cert *cert = pcalloc(p, sizeof(*cert));

  memset(set, 0, sizeof(*set));
  keys[0] = key_of("ssh-ed25519");
  keys[1] = key_of("ssh-rsa");
  cert->type = "ssh-rsa-cert-v01@openssh.com";
  cert->blob = blob_of(cert->type);
  certs[0] = NULL;
  certs[1] = cert;
  set->opts = SFTP_OPT_PESSIMISTIC_KEXINIT|SFTP_OPT_INSECURE_USERKEY_PERMS;
  set->ident = "SSH-2.0-test";
  set->kex = "kex-a,kex-b";
  set->hostkeys = "ssh-ed25519,rsa-sha2-256";
  set->ciphers = "aes128-ctr,arcfour256";
  set->macs = "hmac-sha2-256";
  set->userkeys = "ssh-ed25519";
  set->ca_algs = "rsa-sha2-512";
  set->named = 5;
  set->compression = COMPRESS_DELAYED;
  set->pessimistic_newkeys = true;
  set->client.never_rekey = true;
  set->traffic = sftp_traffic_find("paranoid");
  set->clients_known = 0x8000000000000001ULL;
  set->host_keys = keys;
  set->host_certs = certs;
  set->nhost_keys = 2;
}

static struct sftp_str written(const struct sftp_settings *set) {
  struct sftp_wr w;

  sftp_wr_init(&w, p, 1024, SFTP_BRIEF_MAX);
  sftp_brief_write(&w, set, "192.0.2.1", true);
  return sftp_wr_get(&w);
}

static int read_brief(struct sftp_str bytes, struct sftp_brief *b) {
  struct sftp_rd r;

  sftp_rd_init_str(&r, bytes);
  return sftp_brief_read(p, &r, b);
}

static void lists_arrive(const struct sftp_settings *a,
    const struct sftp_settings *b) {
  is_str(b->ident, a->ident, "identification");
  is_str(b->kex, a->kex, "key exchanges");
  is_str(b->hostkeys, a->hostkeys, "host key algorithms");
  is_str(b->ciphers, a->ciphers, "ciphers");
  is_str(b->macs, a->macs, "MACs");
  is_str(b->userkeys, a->userkeys, "algorithms of users' keys");
  is_str(b->ca_algs, a->ca_algs, "algorithms of authorities");
}

static void keys_arrive(const struct sftp_settings *a,
    const struct sftp_settings *b) {
  unsigned int i;

  is_int(b->nhost_keys, a->nhost_keys, "number of host keys");
  for (i = 0; i < a->nhost_keys; i++) {
    ok(b->host_keys[i]->type == a->host_keys[i]->type &&
      sftp_str_same(b->host_keys[i]->blob, a->host_keys[i]->blob) &&
      !b->host_keys[i]->is_private, "host key %u, its public part", i);
  }

  ok(b->host_certs[0] == NULL, "no certificate");
  ok(b->host_certs[1] != NULL &&
    strcmp(b->host_certs[1]->type, a->host_certs[1]->type) == 0 &&
    sftp_str_same(b->host_certs[1]->blob, a->host_certs[1]->blob),
    "a certificate");
}

static void everything_arrives(void) {
  struct sftp_settings set;
  struct sftp_brief b;

  fill(&set);
  sftp_trace_levels[TRACE_SSH2] = 17;
  is_int(read_brief(written(&set), &b), SFTP_OK, "settings are read");
  sftp_trace_levels[TRACE_SSH2] = 0;
  lists_arrive(&set, &b.set);
  keys_arrive(&set, &b.set);
  ok(b.set.opts == set.opts, "options");
  is_int(b.set.named, 5, "lists that were set");
  is_int(b.set.compression, COMPRESS_DELAYED, "compression");
  ok(b.set.pessimistic_newkeys, "NEWKEYS late");
  ok(b.set.client.never_rekey, "never rekeyed");
  ok(b.set.traffic == set.traffic, "traffic policy");
  ok(b.set.clients_known == set.clients_known, "clients known");
  is_str(b.remote_ip, "192.0.2.1", "address");
  ok(b.offers, "offers");
  is_int(b.trace[TRACE_SSH2], 17, "trace level");
}

static void defaults_arrive(void) {
  struct sftp_settings set;
  struct sftp_brief b;

  fill(&set);
  set.traffic = NULL;
  set.compression = COMPRESS_ON;
  set.host_certs = NULL;
  is_int(read_brief(written(&set), &b), SFTP_OK, "settings are read");
  ok(b.set.traffic == NULL, "no traffic policy");
  is_int(b.set.compression, COMPRESS_DELAYED, "on becomes delayed");
  ok(b.set.host_certs[1] == NULL, "no certificates");
}

static void parts_are_refused(void) {
  struct sftp_settings set;
  struct sftp_brief b;
  struct sftp_str all, part;
  size_t taken = 0;

  fill(&set);
  all = written(&set);
  part = all;
  for (part.len = 0; part.len < all.len; part.len++) {
    taken += read_brief(part, &b) == SFTP_OK;
  }

  is_int(taken, 0, "no part of it is taken");
}

int main(void) {
  p = make_sub_pool(NULL);
  everything_arrives();
  defaults_arrive();
  parts_are_refused();
  destroy_pool(p);
  return done_testing();
}
