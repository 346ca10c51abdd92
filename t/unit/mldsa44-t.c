/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mldsa44-t.c -- keys of ML-DSA-44 and Ed25519, where libcrypto has ML-DSA.
 *
 * The vector is that of id-MLDSA44-Ed25519-SHA512 in
 * draft-ietf-lamps-pq-composite-sigs (October 2025, without a context); the
 * signature is in t/data.
 */

#include <openssl/evp.h>
#include <sodium.h>

#include "../fake/client.h"
#include "base64.h"
#include "crypto.h"
#include "keyfile.h"
#include "keys.h"
#include "tap.h"

#define NAME "ssh-mldsa44-ed25519@openssh.com"
#define ML_PUB_LEN 1312
#define PUB_LEN 1344
#define ML_SIG_LEN 2420
#define SIG_LEN 2484
#define BUF_LEN 8192

#define VECTOR_SEEDS "0e4a427aae407881ddd091eb40c0546a51b24ec4351b530e2a721" \
  "dead572223fe0500707a8c9d11db6bc361cd15a55b709ab8d2a96c976c78a011de4d9aa92" \
  "41"
#define VECTOR_DATA "The quick brown fox jumps over the lazy dog."

static pool *top;

static struct sftp_str as_str(const void *p, size_t n) {
  struct sftp_str s = { p, n };

  return s;
}

static struct sftp_str slurp(const char *name) {
  const char *dir = getenv("srcdir");
  const char *path = pstrcat(top, dir != NULL ? dir : ".", "/t/data/", name,
    NULL);
  FILE *f = fopen(path, "rb");
  unsigned char *bytes = palloc(top, BUF_LEN);
  size_t n;

  if (f == NULL) {
    bail_out("cannot read %s", path);
  }

  n = fread(bytes, 1, BUF_LEN, f);
  fclose(f);
  return as_str(bytes, n);
}

/* ---- Keys made of seeds, with libcrypto and libsodium alone */

static void derive(const unsigned char *seeds, unsigned char *pub) {
  unsigned char seed[32], ed[crypto_sign_SECRETKEYBYTES];
  OSSL_PARAM params[2];
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "ML-DSA-44", NULL);
  EVP_PKEY *pkey = NULL;
  size_t len = ML_PUB_LEN;

  memcpy(seed, seeds, sizeof(seed));
  params[0] = OSSL_PARAM_construct_octet_string("seed", seed, sizeof(seed));
  params[1] = OSSL_PARAM_construct_end();
  if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
      EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1 ||
      EVP_PKEY_get_raw_public_key(pkey, pub, &len) != 1 ||
      crypto_sign_seed_keypair(pub + ML_PUB_LEN, ed, seeds + 32) != 0) {
    bail_out("no key of these seeds");
  }

  EVP_PKEY_free(pkey);
  EVP_PKEY_CTX_free(ctx);
}

static int public_key(const unsigned char *pub, size_t len,
    struct sftp_key **key) {
  unsigned char buf[BUF_LEN];
  struct sftp_wr w;

  sftp_wr_init_fixed(&w, buf, sizeof(buf));
  sftp_wr_text(&w, NAME);
  sftp_wr_string(&w, pub, len);
  return sftp_key_from_blob(top, sftp_wr_get(&w), key);
}

/* As from a file, behind the type's name. */
static int private_key(const unsigned char *pub, const unsigned char *seeds,
    size_t nseeds, struct sftp_key **key) {
  unsigned char buf[BUF_LEN];
  struct sftp_rd r;
  struct sftp_wr w;
  int res;

  if (public_key(pub, PUB_LEN, key) != SFTP_OK) {
    return SFTP_ERR_UNSUPPORTED;
  }

  sftp_wr_init_fixed(&w, buf, sizeof(buf));
  sftp_wr_string(&w, pub, PUB_LEN);
  sftp_wr_string(&w, seeds, nseeds);
  sftp_rd_init_str(&r, sftp_wr_get(&w));
  res = (*key)->type->ops->read_private(*key, &r);
  (*key)->is_private = res == SFTP_OK;
  return res;
}

static const struct sftp_sig_alg *alg(void) {
  return sftp_sig_alg_find(sftp_str_of(NAME));
}

static int verify(const struct sftp_key *key, const unsigned char *sig,
    size_t len, struct sftp_str data) {
  unsigned char *buf = malloc(len + 100);
  struct sftp_wr w;
  int res;

  sftp_wr_init_fixed(&w, buf, len + 100);
  sftp_wr_text(&w, NAME);
  sftp_wr_string(&w, sig, len);
  res = sftp_key_verify(key, alg(), sftp_wr_get(&w), data);
  free(buf);
  return res;
}

/* ---- */

static void the_published_signature_verifies(void) {
  unsigned char *seeds = t_hex(VECTOR_SEEDS, NULL), pub[PUB_LEN];
  struct sftp_str sig = slurp("mldsa44-ed25519/signature"),
    data = sftp_str_of(VECTOR_DATA);
  struct sftp_key *key;

  derive(seeds, pub);
  is_int(public_key(pub, PUB_LEN, &key), SFTP_OK, "a public key");
  is_int(verify(key, sig.ptr, sig.len, data), SFTP_OK,
    "the published signature verifies");
  is_int(verify(key, sig.ptr, sig.len, sftp_str_of("another")),
    SFTP_ERR_MAC, "for that text alone");
  is_int(sftp_key_bits(key), 256, "it counts as 256 bits");
  free(seeds);
}

static size_t sign(const struct sftp_key *key, struct sftp_str data,
    unsigned char *inner) {
  unsigned char buf[BUF_LEN];
  struct sftp_rd r;
  struct sftp_wr w;
  struct sftp_str s;

  sftp_wr_init_fixed(&w, buf, sizeof(buf));
  is_int(sftp_key_sign(key, alg(), data, &w), SFTP_OK, "it signs");
  sftp_rd_init_str(&r, sftp_wr_get(&w));
  ok(sftp_str_is(sftp_rd_string(&r), NAME), "under its name");
  s = sftp_rd_string(&r);
  is_int(sftp_rd_end(&r), SFTP_OK, "with nothing behind it");
  memcpy(inner, s.ptr, s.len);
  return s.len;
}

static void both_halves_are_needed(void) {
  unsigned char *seeds = t_hex(VECTOR_SEEDS, NULL), pub[PUB_LEN];
  unsigned char sig[SIG_LEN + 1], other[SIG_LEN], mixed[SIG_LEN];
  struct sftp_str data = sftp_str_of("what is signed");
  struct sftp_key *key, *reader;
  size_t n, refused = 0, flips = 0;

  derive(seeds, pub);
  is_int(private_key(pub, seeds, 64, &key), SFTP_OK, "a private key");
  is_int(public_key(pub, PUB_LEN, &reader), SFTP_OK, "and its reader");
  is_int(sign(key, data, sig), SIG_LEN, "a signature has its length");
  is_int(verify(reader, sig, SIG_LEN, data), SFTP_OK, "and verifies");
  (void) sign(key, sftp_str_of("another"), other);

  memcpy(mixed, sig, SIG_LEN);
  memcpy(mixed + ML_SIG_LEN, other + ML_SIG_LEN, SIG_LEN - ML_SIG_LEN);
  is_int(verify(reader, mixed, SIG_LEN, data), SFTP_ERR_MAC,
    "ML-DSA alone is not enough");
  memcpy(mixed, other, ML_SIG_LEN);
  memcpy(mixed + ML_SIG_LEN, sig + ML_SIG_LEN, SIG_LEN - ML_SIG_LEN);
  is_int(verify(reader, mixed, SIG_LEN, data), SFTP_ERR_MAC,
    "nor is Ed25519");

  for (n = 0; n < SIG_LEN; n += n < 2300 ? 23 : 1, flips++) {
    sig[n] ^= (unsigned char) (1 << (n % 8));
    refused += verify(reader, sig, SIG_LEN, data) == SFTP_ERR_MAC;
    sig[n] ^= (unsigned char) (1 << (n % 8));
  }

  is_int(refused, flips, "no flipped bit is taken");
  sig[SIG_LEN] = 0;
  is_int(verify(reader, sig, SIG_LEN + 1, data), SFTP_ERR_MAC,
    "nor a byte more");
  is_int(verify(reader, sig, SIG_LEN - 1, data), SFTP_ERR_MAC,
    "nor one less");
  is_int(verify(reader, sig, ML_SIG_LEN, data), SFTP_ERR_MAC,
    "nor the first half");
  is_int(verify(reader, sig + ML_SIG_LEN, 64, data), SFTP_ERR_MAC,
    "nor the second");
  is_int(verify(reader, sig, 0, data), SFTP_ERR_MAC, "nor nothing");
  free(seeds);
}

static void keys_are_whole_or_not_at_all(void) {
  unsigned char *seeds = t_hex(VECTOR_SEEDS, NULL), pub[PUB_LEN + 1];
  struct sftp_key *key;

  derive(seeds, pub);
  pub[PUB_LEN] = 0;
  is_int(public_key(pub, PUB_LEN - 1, &key), SFTP_ERR_FORMAT,
    "a short key is refused");
  is_int(public_key(pub, PUB_LEN + 1, &key), SFTP_ERR_FORMAT,
    "and a long one");
  is_int(public_key(pub, 0, &key), SFTP_ERR_FORMAT, "and none");
  is_int(private_key(pub, seeds, 63, &key), SFTP_ERR_FORMAT,
    "half of the seeds are no key");
  seeds[0] ^= 1;
  is_int(private_key(pub, seeds, 64, &key), SFTP_ERR_FORMAT,
    "the first seed belongs to the public key");
  seeds[0] ^= 1;
  seeds[63] ^= 1;
  is_int(private_key(pub, seeds, 64, &key), SFTP_ERR_FORMAT,
    "and the second");
  memset(pub + ML_PUB_LEN, 0, 32);
  is_int(public_key(pub, PUB_LEN, &key), SFTP_ERR_FORMAT,
    "a point of small order is refused");
  free(seeds);
}

/* In OpenSSH's form; no code of ours has made it. */
static void a_file_of_openssh_is_read(void) {
  struct sftp_str file = slurp("keys/mldsa44-ed25519"),
    data = sftp_str_of("data");
  unsigned char sig[SIG_LEN];
  struct sftp_key *key = NULL, *reader;
  const char *why = "";

  is_int(sftp_key_from_file(top, file, NULL, &key, &why), SFTP_OK,
    "a file is read %s", why);
  is_str(key->type->name, NAME, "with its type");
  is_int(sftp_key_from_blob(top, key->blob, &reader), SFTP_OK,
    "its public part");
  (void) sign(key, data, sig);
  is_int(verify(reader, sig, SIG_LEN, data), SFTP_OK,
    "verifies what it signs");
}

static void a_host_proves_itself(void) {
  unsigned char *seeds = t_hex(VECTOR_SEEDS, NULL), pub[PUB_LEN];
  struct client *cl = client_new();
  struct sftp_key *key;

  derive(seeds, pub);
  is_int(private_key(pub, seeds, 64, &key), SFTP_OK, "a host key");
  cl->set->host_keys[0] = key;
  cl->hostkey = NAME;
  (void) client_version(cl);
  is_int(client_kex(cl), SFTP_ERR_KEX, "nothing is agreed unless it is named");
  client_free(cl);

  cl = client_new();
  cl->set->host_keys[0] = key;
  cl->set->hostkeys = cl->hostkey = NAME;
  (void) client_version(cl);
  is_int(client_kex(cl), SFTP_OK, "where it is, the exchange is signed");
  client_free(cl);
  free(seeds);
}

static void lines_of_authorized_keys_are_read(void) {
  unsigned char *seeds = t_hex(VECTOR_SEEDS, NULL), pub[PUB_LEN];
  struct sftp_keyfile_entry e;
  struct sftp_keyfile f;
  struct sftp_key *key;

  derive(seeds, pub);
  is_int(public_key(pub, PUB_LEN, &key), SFTP_OK, "a user's key");
  sftp_keyfile_init(&f, top, sftp_str_of(pstrcat(top, "restrict " NAME " ",
    sftp_base64_encode(top, key->blob, true), " user@host\n", NULL)));
  ok(sftp_keyfile_next(&f, &e) && sftp_str_same(e.blob, key->blob),
    "is read from its line");
  free(seeds);
}

static void nobody_is_offered_them(void) {
  is_int(alg()->alg.flags, ALG_OPT_IN, "it is offered to nobody");
  ok(sftp_sig_is_usable(&alg()->alg) == sftp_crypto_has_key("ML-DSA-44"),
    "and may be named where it works");
}

int main(void) {
  init_pools();
  top = make_sub_pool(NULL);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("libcrypto");
  }

  nobody_is_offered_them();
  if (!sftp_crypto_has_key("ML-DSA-44")) {
    skip("this libcrypto has no ML-DSA");
    return done_testing();
  }

  the_published_signature_verifies();
  both_halves_are_needed();
  keys_are_whole_or_not_at_all();
  a_host_proves_itself();
  lines_of_authorized_keys_are_read();
  a_file_of_openssh_is_read();
  return done_testing();
}
