/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mac-t.c -- message authentication codes: published vectors, and no other
 * message, number or code accepted.
 */

#include "alg-table.h"
#include "crypto.h"
#include "mac-int.h"
#include "tap.h"

static pool *p;

static struct sftp_mac *keyed(const char *name, const unsigned char *key) {
  const struct sftp_alg *alg = sftp_alg_find(ALGS_MAC, sftp_str_of(name));
  struct sftp_mac *m;

  if (alg == NULL ||
      sftp_mac_new(p, (const void *) alg, key, &m) != SFTP_OK) {
    return NULL;
  }

  return m;
}

/* ---- HMAC: RFC 4231 (SHA-2), RFC 2202 (MD5, SHA-1), RFC 2286 (RIPEMD).
 *
 * Our keys have the hash's length; HMAC fills short ones with zeros, so a
 * short key of a vector is the same key.  The sequence number is the first
 * four bytes of its message.
 */

#define HEX_AA20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_0B20 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define HEX_DD50 \
  "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd" \
  "dddddddddddddddddddddddddddddddd"
#define HEX_CD50 \
  "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd" \
  "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
#define HEX_HI "4869205468657265"
#define HEX_JEFE "4a656665"
#define HEX_WHAT "7768617420646f2079612077616e7420666f72206e6f7468696e673f"
#define HEX_COUNT "0102030405060708090a0b0c0d0e0f10111213141516171819"
#define HEX_TRUNCATION "546573742057697468205472756e636174696f6e"

static const struct {
  const char *name, *source, *key, *message, *code;
} vectors[] = {
  { "hmac-sha2-256", "RFC 4231, 4.2", HEX_0B20, HEX_HI,
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
  { "hmac-sha2-256", "RFC 4231, 4.3", HEX_JEFE, HEX_WHAT,
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
  { "hmac-sha2-256", "RFC 4231, 4.4", HEX_AA20, HEX_DD50,
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
  { "hmac-sha2-256-etm@openssh.com", "RFC 4231, 4.5", HEX_COUNT, HEX_CD50,
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
  { "hmac-sha2-512", "RFC 4231, 4.2", HEX_0B20, HEX_HI,
    "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
    "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
  { "hmac-sha2-512", "RFC 4231, 4.3", HEX_JEFE, HEX_WHAT,
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
  { "hmac-sha2-512-etm@openssh.com", "RFC 4231, 4.4", HEX_AA20, HEX_DD50,
    "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
    "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb" },
  { "hmac-sha1", "RFC 2202, 3.1", HEX_0B20, HEX_HI,
    "b617318655057264e28bc0b6fb378c8ef146be00" },
  { "hmac-sha1-etm@openssh.com", "RFC 2202, 3.2", HEX_JEFE, HEX_WHAT,
    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
  { "hmac-sha1-96", "RFC 2202, 3.5",
    "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c", HEX_TRUNCATION,
    "4c1a03424b55e07fe7f27be1" },
  { "hmac-md5", "RFC 2202, 2.1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", HEX_HI,
    "9294727a3638bb1c13f48ef8158bfc9d" },
  { "hmac-md5-96", "RFC 2202, 2.5", "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c",
    HEX_TRUNCATION, "56461ef2342edc00f9bab995" },
  { "hmac-ripemd160", "RFC 2286, 2.1", HEX_0B20, HEX_HI,
    "24cb4bd67d20fc1a5d2ed7732dcc39377f0a5668" }
};

static void hmac_gives_published_codes(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(vectors); i++) {
    unsigned char *k, *message, *code, key[64], got[SFTP_MAC_MAX_LEN + 1];
    size_t key_len, len, code_len;
    struct sftp_mac *m;

    k = t_hex(vectors[i].key, &key_len);
    message = t_hex(vectors[i].message, &len);
    code = t_hex(vectors[i].code, &code_len);
    memset(key, 0, sizeof(key));
    memcpy(key, k, key_len);
    memset(got, 0x77, sizeof(got));

    m = keyed(vectors[i].name, key);
    if (m == NULL) {
      skip("%s: not in this libcrypto", vectors[i].name);

    } else {
      ok(sftp_mac_compute(m, sftp_get_u32(message), message + 4, len - 4,
        got) == SFTP_OK && m->alg->mac_len == code_len &&
        memcmp(got, code, code_len) == 0 && got[code_len] == 0x77,
        "%s as in %s", vectors[i].name, vectors[i].source);
    }

    free(k);
    free(message);
    free(code);
  }
}

/* ---- UMAC: RFC 4418, appendix, key "abcdefghijklmnop", nonce "bcdefghi".
 * The RFC gives 64 and 96 bits.  The 128-bit code begins with the latter; its
 * last bytes are Nettle's.
 */

static const struct {
  const char *unit;
  size_t times;
  const char *code64, *code128;
} umac_vectors[] = {
  { "", 0, "6e155fad26900be1", "32fedb100c79ad58f07ff7643cc60465" },
  { "a", 3, "44b5cb542f220104", "185e4fe905cba7bd85e4c2dc3d117d8d" },
  { "a", 1 << 10, "26bf2f5d60118bd9", "7a54abe04af82d60fb298c3cbd195bcb" },
  { "a", 1 << 15, "27f8ef643b0d118d", "7b136bd911e4b734286ef2be" },
  { "a", 1 << 20, "a4477e87e9f55853", "f8acfa3ac31cfeea047f7b11" },
  { "abc", 1, "d4d7b9f6bd4fbfcf", "883c3d4b97a61976ffcf2323" },
  { "abc", 500, "d4cf26ddefd5c01a", "8824a260c53c66a36c9260a6" }
};

static bool umac_is(const char *name, const unsigned char *message, size_t len,
    const char *code_hex) {
  static const unsigned char key[] = "abcdefghijklmnop";
  static const unsigned char nonce[] = "bcdefghi";
  unsigned char got[16], *code;
  size_t code_len;
  struct sftp_mac *m = keyed(name, key);
  bool same;

  code = t_hex(code_hex, &code_len);
  same = m != NULL && code_len <= m->alg->mac_len &&
    sftp_umac_tag(m, nonce, message, len, got) == SFTP_OK &&
    memcmp(got, code, code_len) == 0;
  free(code);
  return same;
}

static void umac_gives_published_codes(void) {
  size_t i, n;

  for (i = 0; i < SFTP_NELEMS(umac_vectors); i++) {
    size_t unit = strlen(umac_vectors[i].unit);
    size_t len = unit * umac_vectors[i].times;
    unsigned char *message = malloc(len > 0 ? len : 1);

    for (n = 0; n < umac_vectors[i].times; n++) {
      memcpy(message + n * unit, umac_vectors[i].unit, unit);
    }

    ok(umac_is("umac-64@openssh.com", message, len, umac_vectors[i].code64),
      "umac-64 of '%s' * %zu", umac_vectors[i].unit, umac_vectors[i].times);
    ok(umac_is("umac-128@openssh.com", message, len,
      umac_vectors[i].code128), "umac-128 of '%s' * %zu",
      umac_vectors[i].unit, umac_vectors[i].times);
    free(message);
  }
}

static void umac_has_its_limit(void) {
  size_t len = (1u << 24) + 1;
  unsigned char *message = calloc(1, len), code[16], key[16] = { 0 };
  struct sftp_mac *m = keyed("umac-64@openssh.com", key);

  is_int(sftp_mac_compute(m, 0, message, len, code), SFTP_ERR_LIMIT,
    "umac refuses what one polynomial does not cover");
  free(message);
}

static void umac_uses_both_halves(void) {
  unsigned char key[16], even[8], odd[8], message[40];
  struct sftp_mac *m;

  t_fill(key, sizeof(key), 3);
  t_fill(message, sizeof(message), 4);
  m = keyed("umac-64@openssh.com", key);
  ok(sftp_mac_compute(m, 6, message, sizeof(message), even) == SFTP_OK &&
    sftp_mac_compute(m, 7, message, sizeof(message), odd) == SFTP_OK &&
    memcmp(even, odd, sizeof(even)) != 0,
    "numbers that share a block of AES have different codes");
}

/* ---- Every row */

static void codes_fit_one_packet_only(const struct sftp_mac_alg *alg) {
  static const size_t lens[] = { 0, 1, 16, 31, 32, 33, 1023, 1024, 1025, 1056,
    2048, 4112 };
  unsigned char key[64], code[SFTP_MAC_MAX_LEN];
  size_t i, good = 0, refused = 0, wanted = 0;
  struct sftp_mac *m, *other;

  t_fill(key, sizeof(key), 20);
  m = keyed(alg->alg.name, key);
  key[alg->key_len - 1] ^= 1;
  other = keyed(alg->alg.name, key);
  if (m == NULL || other == NULL) {
    ok(false, "%s can be keyed", alg->alg.name);
    return;
  }

  for (i = 0; i < SFTP_NELEMS(lens); i++) {
    uint32_t seqno = UINT32_MAX - 3 + (uint32_t) i;
    size_t len = lens[i], bit;
    unsigned char *packet = malloc(len);        /* exactly: no overread */

    t_fill(packet, len, (unsigned int) i);
    if (sftp_mac_compute(m, seqno, packet, len, code) != SFTP_OK) {
      free(packet);
      break;
    }

    good += sftp_mac_check(m, seqno, packet, len, code) == SFTP_OK;

    /* Other numbers, another key, other lengths. */
    wanted += 3;
    refused += sftp_mac_check(m, seqno + 1, packet, len, code) == SFTP_ERR_MAC;
    refused += sftp_mac_check(m, seqno ^ 0x80000000u, packet, len, code) ==
      SFTP_ERR_MAC;
    refused += sftp_mac_check(other, seqno, packet, len, code) ==
      SFTP_ERR_MAC;
    if (len > 0) {
      wanted++;
      refused += sftp_mac_check(m, seqno, packet, len - 1, code) ==
        SFTP_ERR_MAC;
    }

    /* Every bit of the code; bits at both ends of the packet. */
    for (bit = 0; bit < (size_t) alg->mac_len * 8; bit++) {
      wanted++;
      code[bit / 8] ^= (unsigned char) (1 << bit % 8);
      refused += sftp_mac_check(m, seqno, packet, len, code) == SFTP_ERR_MAC;
      code[bit / 8] ^= (unsigned char) (1 << bit % 8);
    }

    for (bit = 0; bit < len * 8; bit++) {
      if (bit == 64 && len > 16) {
        bit = len * 8 - 64;
      }

      wanted++;
      packet[bit / 8] ^= (unsigned char) (1 << bit % 8);
      refused += sftp_mac_check(m, seqno, packet, len, code) == SFTP_ERR_MAC;
      packet[bit / 8] ^= (unsigned char) (1 << bit % 8);
    }

    free(packet);
  }

  is_int(good, SFTP_NELEMS(lens), "%s: its own codes are right",
    alg->alg.name);
  is_int(refused, wanted, "%s: all %zu others are refused", alg->alg.name,
    wanted);
}

static void every_row_keeps_its_promise(void) {
  const struct sftp_alg *alg;
  size_t i;

  for (i = 0; (alg = sftp_alg_at(ALGS_MAC, i)) != NULL; i++) {
    const struct sftp_mac_alg *row = (const void *) alg;

    if (!sftp_alg_usable(ALGS_MAC, alg)) {
      skip("%s: not in this libcrypto", alg->name);
      continue;
    }

    is_int(row->etm, strstr(alg->name, "-etm") != NULL,
      "%s: says when it is computed", alg->name);
    ok(row->mac_len <= SFTP_MAC_MAX_LEN, "%s: fits", alg->name);
    if (row->mac_len > 0) {
      codes_fit_one_packet_only(row);
    }
  }
}

static void none_is_no_code(void) {
  struct sftp_mac *m = keyed("none", (const unsigned char *) "");
  unsigned char nothing[1];

  is_int(sftp_mac_compute(m, 1, (const void *) "abc", 3, nothing), SFTP_OK,
    "none computes nothing");
  is_int(sftp_mac_check(m, 1, (const void *) "abc", 3, nothing), SFTP_OK,
    "and finds it right");
}

/* It stands in crypto.c, as hashes for other purposes. */
static void fingerprints_need_their_room(void) {
  const struct sftp_str abc = { (const unsigned char *) "abc", 3 };
  unsigned char md[20] = { 0 };
  size_t len = 16;

  is_int(sftp_crypto_fingerprint("MD5", abc, md, &len), SFTP_OK,
    "a fingerprint fits into as many bytes as it has");
  is_mem(md, len, "\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d"
    "\x28\xe1\x7f\x72", 16, "... and is right");
  len = 15;
  is_int(sftp_crypto_fingerprint("MD5", abc, md, &len), SFTP_ERR_UNSUPPORTED,
    "... and into no fewer");
  len = 20;
  is_int(sftp_crypto_fingerprint("MD5", abc, md, &len), SFTP_OK, "more do");
  is_int(len, 16, "... and its length is told");
  is_int(sftp_crypto_fingerprint("MD6", abc, md, &len), SFTP_ERR_UNSUPPORTED,
    "one that nobody knows");
}

int main(void) {
  p = make_sub_pool(NULL);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("libcrypto cannot be used");
  }

  hmac_gives_published_codes();
  umac_gives_published_codes();
  umac_has_its_limit();
  umac_uses_both_halves();
  every_row_keeps_its_promise();
  none_is_no_code();
  fingerprints_need_their_room();

  destroy_pool(p);
  sftp_crypto_free();
  return done_testing();
}
