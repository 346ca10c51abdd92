/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* alg-t.c -- the algorithm tables as the offer, the directives and FIPS mode
 * see them.
 */

#include <openssl/err.h>

#include "alg-profile.h"
#include "cipher.h"
#include "compress.h"
#include "crypto.h"
#include "kex-method.h"
#include "mac.h"
#include "namelist.h"
#include "tap.h"

static pool *p;

static const char *const family_names[ALGS_NFAMILIES] = {
  [ALGS_KEX] = "key exchange", [ALGS_HOSTKEY] = "host key",
  [ALGS_CIPHER] = "cipher", [ALGS_MAC] = "MAC",
  [ALGS_COMPRESS] = "compression", [ALGS_SIGNATURE] = "signature"
};

static void names_are_proper_and_unique(void) {
  const struct sftp_alg *alg;
  unsigned int f;

  for (f = 0; f < ALGS_NFAMILIES; f++) {
    size_t i, bad = 0;

    for (i = 0; (alg = sftp_alg_at(f, i)) != NULL; i++) {
      struct sftp_str name = sftp_str_of(alg->name);

      bad += !sftp_names_valid(name) || name.len == 0 ||
        memchr(name.ptr, ',', name.len) != NULL ||
        sftp_alg_find(f, name) != alg;
      bad += (alg->flags & ALG_DEFAULT) != 0 &&
        (alg->flags & ALG_OPT_IN) != 0;
    }

    ok(i > 0, "%s: there are rows", family_names[f]);
    is_int(bad, 0, "%s: each has its own proper name", family_names[f]);
    ok(sftp_alg_at(f, i) == NULL && sftp_alg_at(f, i + 100) == NULL,
      "%s: the table ends", family_names[f]);
    ok(sftp_alg_find(f, sftp_str_of("")) == NULL &&
      sftp_alg_find(f, sftp_str_of("no-such")) == NULL,
      "%s: what is unknown is not found", family_names[f]);
  }
}

static void lengths_fit(void) {
  const struct sftp_cipher_alg *c;
  const struct sftp_mac_alg *m;
  size_t bad = 0;

  for (c = sftp_ciphers; c->alg.name != NULL; c++) {
    bad += c->block_len < 8 || c->key_len > 64 || c->iv_len > 16;
    bad += (c->tag_len > 0) != (c->ops->seal != NULL) ||
      (c->tag_len > 0) != (c->ops->open != NULL) ||
      (c->tag_len > 0) != (c->ops->length != NULL) ||
      (c->tag_len > 0) != (c->ops->crypt == NULL);
  }

  is_int(bad, 0, "every cipher has the functions of its kind");
  for (m = sftp_macs, bad = 0; m->alg.name != NULL; m++) {
    bad += m->mac_len > SFTP_MAC_MAX_LEN || m->key_len > 64;
  }

  is_int(bad, 0, "every code fits its buffer");
}

static void the_default_offer_is_sound(void) {
  static const char *const weak[] = { "cbc", "arcfour", "blowfish", "cast",
    "3des", "none", "md5", "sha1", "96", "ripemd", "umac-64", "group1-",
    "group14-", "nistp", "rsa" };
  const char *ciphers, *macs, *kex;
  size_t i, found = 0;

  ciphers = sftp_alg_list(p, ALGS_CIPHER, ALG_DEFAULT, 0);
  macs = sftp_alg_list(p, ALGS_MAC, ALG_DEFAULT, 0);
  kex = sftp_alg_list(p, ALGS_KEX, ALG_DEFAULT, 0);
  is_str(ciphers, "aes128-gcm@openssh.com,aes256-gcm@openssh.com,"
    "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr",
    "ciphers");
  is_str(macs, "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com",
    "MACs");
  ok(strncmp(kex, "mlkem768x25519-sha256,sntrup761x25519-sha512,", 45) == 0,
    "what a quantum computer cannot break comes first");
  is_str(sftp_alg_list(p, ALGS_COMPRESS, ALG_DEFAULT, 0), "none",
    "compression");

  for (i = 0; i < SFTP_NELEMS(weak); i++) {
    found += strstr(ciphers, weak[i]) != NULL || strstr(macs, weak[i]) != NULL
      || strstr(kex, weak[i]) != NULL;
  }

  is_int(found, 0, "nothing weak is offered unless it is named");
}

/* What configurations of the packaged module may name. */
static void old_names_are_known(void) {
  static const char *const ciphers[] = { "aes256-ctr", "aes192-ctr",
    "aes128-ctr", "aes256-cbc", "aes192-cbc", "aes128-cbc", "cast128-cbc",
    "3des-ctr", "3des-cbc", "blowfish-ctr", "blowfish-cbc", "arcfour256",
    "arcfour128", "none" };
  static const char *const macs[] = { "hmac-sha1", "hmac-sha1-96",
    "hmac-md5", "hmac-md5-96", "hmac-ripemd160", "umac-64@openssh.com",
    "umac-128@openssh.com", "umac-64-etm@openssh.com",
    "umac-128-etm@openssh.com", "hmac-sha1-etm@openssh.com",
    "hmac-sha1-96-etm@openssh.com", "hmac-md5-etm@openssh.com",
    "hmac-md5-96-etm@openssh.com", "none" };
  size_t i, known = 0;

  for (i = 0; i < SFTP_NELEMS(ciphers); i++) {
    known += sftp_alg_find(ALGS_CIPHER, sftp_str_of(ciphers[i])) != NULL;
  }

  for (i = 0; i < SFTP_NELEMS(macs); i++) {
    known += sftp_alg_find(ALGS_MAC, sftp_str_of(macs[i])) != NULL;
  }

  is_int(known, SFTP_NELEMS(ciphers) + SFTP_NELEMS(macs),
    "every old name is still a row");
  ok(sftp_alg_find(ALGS_CIPHER, sftp_str_of("arcfour")) == NULL,
    "but for arcfour without its discarded bytes");
}

static void lists_choose_by_flags(void) {
  const char *approved, *offered;

  approved = sftp_alg_list(p, ALGS_MAC, ALG_FIPS, 0);
  ok(sftp_names_have(sftp_str_of(approved), "hmac-sha1") &&
    sftp_names_have(sftp_str_of(approved), "hmac-sha2-512-etm@openssh.com") &&
    !sftp_names_have(sftp_str_of(approved), "hmac-md5"),
    "with flags takes what has them");
  offered = sftp_alg_list(p, ALGS_MAC, ALG_FIPS, ALG_OPT_IN);
  ok(!sftp_names_have(sftp_str_of(offered), "hmac-sha1") &&
    sftp_names_have(sftp_str_of(offered), "hmac-sha2-512-etm@openssh.com"),
    "without flags leaves rows out");
  is_str(sftp_alg_list(p, ALGS_MAC, 0x8000, 0), "",
    "a list of nothing is empty");
  ok(sftp_names_valid(sftp_str_of(sftp_alg_list(p, ALGS_CIPHER, 0, 0))),
    "the list of everything is a name-list");
}

static bool has(const char *list, const char *name) {
  return sftp_names_have(sftp_str_of(list), name);
}

static void profiles_are_whole_offers(void) {
  const char *kex, *ciphers, *keys;
  size_t f, bad = 0;
  int i;

  is_int(sftp_alg_profile_find("default"), PROFILE_DEFAULT, "default");
  is_int(sftp_alg_profile_find("Modern"), PROFILE_MODERN,
    "modern, in any case");
  is_int(sftp_alg_profile_find("LEGACY"), PROFILE_LEGACY, "legacy");
  ok(sftp_alg_profile_find("") < 0 && sftp_alg_profile_find("old") < 0,
    "and no others");

  for (i = PROFILE_DEFAULT; i <= PROFILE_LEGACY; i++) {
    for (f = 0; f < ALGS_NFAMILIES; f++) {
      const char *list = sftp_alg_profile(p, f, i);

      bad += *list == '\0' || !sftp_names_valid(sftp_str_of(list));
    }
  }

  is_int(bad, 0, "each has a list for every family");

  kex = sftp_alg_profile(p, ALGS_KEX, PROFILE_MODERN);
  is_str(kex, "mlkem768x25519-sha256,sntrup761x25519-sha512,"
    "sntrup761x25519-sha512@openssh.com", "modern: post-quantum only");
  ciphers = sftp_alg_profile(p, ALGS_CIPHER, PROFILE_MODERN);
  ok(!has(ciphers, "aes128-ctr") && has(ciphers, "aes256-gcm@openssh.com"),
    "modern: AEAD only");
  keys = sftp_alg_profile(p, ALGS_HOSTKEY, PROFILE_MODERN);
  ok(!has(keys, "ecdsa-sha2-nistp256") && has(keys, "ssh-ed25519"),
    "modern: no ECDSA host keys");
  keys = sftp_alg_profile(p, ALGS_SIGNATURE, PROFILE_MODERN);
  ok(has(keys, "ecdsa-sha2-nistp256"), "but users keep theirs");
  keys = sftp_alg_profile(p, ALGS_SIGNATURE, PROFILE_LEGACY);
  ok(has(keys, "ssh-rsa") && has(keys, "ssh-dss") && has(keys, "rsa-sha2-512"),
    "legacy: users' keys of old and new");
  is_str(sftp_alg_profile(p, ALGS_CIPHER, PROFILE_LEGACY),
    "aes256-ctr,aes192-ctr,aes128-ctr,aes256-gcm@openssh.com,"
    "aes128-gcm@openssh.com,aes256-cbc,aes192-cbc,aes128-cbc,cast128-cbc,"
    "3des-cbc", "legacy: ciphers as the packaged module has them");

  ciphers = sftp_alg_profile(p, ALGS_CIPHER, PROFILE_DEFAULT);
  ok(strncmp(ciphers, sftp_crypto_fast_aes() ? "aes128-gcm" : "chacha20",
    8) == 0, "what this CPU does fastest comes first");
}

static void signs_change_a_list(void) {
  static const struct { const char *list, *want, *what; } cases[] = {
    { "aes256-ctr,aes128-ctr", "aes256-ctr,aes128-ctr",
      "names alone are the list" },
    { "aes256-ctr,no-such,aes256-ctr", "aes256-ctr",
      "unknown names and repeated ones drop out" },
    { "+aes256-cbc", "aes128-ctr,aes256-gcm@openssh.com,aes256-cbc",
      "+ adds at the end" },
    { "+aes128-ctr", "aes128-ctr,aes256-gcm@openssh.com",
      "+ of what is there changes nothing" },
    { "-aes128-ctr", "aes256-gcm@openssh.com", "- takes away" },
    { "-*ctr", "aes256-gcm@openssh.com", "- takes patterns" },
    { "-*", "", "- may leave nothing" },
    { "^aes256-cbc", "aes256-cbc,aes128-ctr,aes256-gcm@openssh.com",
      "^ puts in front" },
    { "^aes256-gcm@openssh.com", "aes256-gcm@openssh.com,aes128-ctr",
      "^ moves to the front" },
    { "^aes256-cbc,^aes192-cbc",
      "aes256-cbc,aes192-cbc,aes128-ctr,aes256-gcm@openssh.com",
      "several ^ keep their order" },
    { "^aes256-cbc,+aes256-cbc",
      "aes256-cbc,aes128-ctr,aes256-gcm@openssh.com", "never twice" },
    { "^aes256-cbc,-aes256-cbc", "aes128-ctr,aes256-gcm@openssh.com",
      "the last word counts" },
    { "-aes*,+aes256-cbc,^aes192-cbc", "aes192-cbc,aes256-cbc",
      "one after the other" },
    { "+no-such", "aes128-ctr,aes256-gcm@openssh.com",
      "+ of what is unknown changes nothing" },
    { "+", "aes128-ctr,aes256-gcm@openssh.com", "a bare sign is nothing" },
    { "", "", "nothing is nothing" }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(cases); i++) {
    is_str(sftp_alg_change(p, ALGS_CIPHER,
      "aes128-ctr,aes256-gcm@openssh.com", cases[i].list), cases[i].want,
      "%s", cases[i].what);
  }
}

static void fips_leaves_approved_rows(void) {
  const char *ciphers, *macs, *kex;

  sftp_crypto_set_fips(true);
  ok(sftp_crypto_fips(), "FIPS is demanded");
  ciphers = sftp_alg_list(p, ALGS_CIPHER, ALG_DEFAULT, 0);
  macs = sftp_alg_list(p, ALGS_MAC, 0, 0);
  is_str(ciphers, "aes128-gcm@openssh.com,aes256-gcm@openssh.com,"
    "aes128-ctr,aes192-ctr,aes256-ctr", "AES stays, ChaCha20 goes");
  ok(strstr(macs, "umac") == NULL && strstr(macs, "md5") == NULL &&
    strstr(macs, "ripemd") == NULL && strstr(macs, "none") == NULL &&
    strstr(macs, "hmac-sha2-256") != NULL, "HMAC with SHA stays alone");
  is_str(sftp_alg_list(p, ALGS_COMPRESS, ALG_DEFAULT, 0), "none",
    "compression is not its business");
  kex = sftp_alg_profile(p, ALGS_KEX, PROFILE_DEFAULT);
  ok(has(kex, "ecdh-sha2-nistp256") && !has(kex, "curve25519-sha256") &&
    !has(kex, "diffie-hellman-group14-sha1"),
    "NIST's curves take the place of Curve25519");
  ok(has(kex, "mlkem768nistp256-sha256") ==
    sftp_crypto_has_kem("ML-KEM-768") && strstr(kex, "25519") == NULL &&
    strstr(kex, "448") == NULL, "ML-KEM only as libcrypto's, on such a curve");
  ciphers = sftp_alg_list(p, ALGS_CIPHER, 0, 0);
  ok(strstr(ciphers, "3des") == NULL && has(ciphers, "aes128-cbc"),
    "3DES is not approved any more");
  ok(*sftp_alg_profile(p, ALGS_KEX, PROFILE_MODERN) != '\0',
    "no profile is left without key exchange");
  sftp_crypto_set_fips(false);
}

static void libcrypto_is_asked_once(void) {
  const EVP_CIPHER *gcm = sftp_crypto_cipher("AES-128-GCM");
  char name[] = "SHA256";

  ok(gcm != NULL, "a cipher is there");
  ok(sftp_crypto_cipher("AES-128-GCM") == gcm, "the same one each time");
  ok(sftp_crypto_digest(name) == sftp_crypto_digest("SHA256"),
    "found by its text");
  ok(sftp_crypto_mac("HMAC") != NULL, "a MAC is there");
  ok(sftp_crypto_cipher("NO-SUCH") == NULL &&
    sftp_crypto_cipher("NO-SUCH") == NULL, "what is missing stays missing");
  ok(sftp_crypto_digest(NULL) == NULL, "no name, no object");
  ok(ERR_peek_error() == 0, "missing things leave no error behind");
  is_int(sftp_crypto_init(), SFTP_OK, "a second start is no harm");
}

static void errors_are_told(void) {
  is_str(sftp_crypto_errors(p), "(unknown)", "no error is unknown");
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_KEY_LENGTH);
  ERR_raise(ERR_LIB_EVP, EVP_R_CIPHER_PARAMETER_ERROR);
  ok(strstr(sftp_crypto_errors(p), "; ") != NULL, "two errors are both told");
  is_str(sftp_crypto_errors(p), "(unknown)", "and then forgotten");
}

int main(void) {
  p = make_sub_pool(NULL);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("libcrypto cannot be used");
  }

  names_are_proper_and_unique();
  lengths_fit();
  the_default_offer_is_sound();
  old_names_are_known();
  lists_choose_by_flags();
  profiles_are_whole_offers();
  signs_change_a_list();
  fips_leaves_approved_rows();
  libcrypto_is_asked_once();
  errors_are_told();

  destroy_pool(p);
  sftp_crypto_free();
  return done_testing();
}
