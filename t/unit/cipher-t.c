/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cipher-t.c -- encryption of packets: published vectors, round trips, and no
 * forged packet opened.
 */

#include <sodium.h>

#include "alg-table.h"
#include "cipher.h"
#include "crypto.h"
#include "tap.h"

#define TAG_BYTES 16

static pool *p;

static const struct sftp_cipher_alg *row(const char *name) {
  return (const void *) sftp_alg_find(ALGS_CIPHER, sftp_str_of(name));
}

/* A keyed cipher; NULL when this libcrypto does not have it. */
static struct sftp_cipher *keyed(const char *name, const unsigned char *key,
    const unsigned char *iv, bool encrypt) {
  struct sftp_cipher *c;

  if (sftp_cipher_new(p, row(name), key, iv, encrypt, &c) != SFTP_OK) {
    return NULL;
  }

  return c;
}

static struct sftp_cipher *keyed_hex(const char *name, const char *key,
    const char *iv, bool encrypt) {
  unsigned char *k = t_hex(key, NULL), *v = t_hex(iv, NULL);
  struct sftp_cipher *c = keyed(name, k, v, encrypt);

  free(k);
  free(v);
  return c;
}

/* ---- Published vectors */

#define AES_PLAIN \
  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" \
  "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define AES_KEY128 "2b7e151628aed2a6abf7158809cf4f3c"
#define AES_KEY192 "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"
#define AES_KEY256 \
  "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
#define CTR_IV "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
#define CBC_IV "000102030405060708090a0b0c0d0e0f"

static const struct {
  const char *name, *source, *key, *iv, *plain, *crypted;
} vectors[] = {
  { "aes128-ctr", "SP 800-38A, F.5.1", AES_KEY128, CTR_IV, AES_PLAIN,
    "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
    "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee" },
  { "aes192-ctr", "SP 800-38A, F.5.3", AES_KEY192, CTR_IV, AES_PLAIN,
    "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94"
    "1e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b050" },
  { "aes256-ctr", "SP 800-38A, F.5.5", AES_KEY256, CTR_IV, AES_PLAIN,
    "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
    "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6" },
  { "aes128-cbc", "SP 800-38A, F.2.1", AES_KEY128, CBC_IV, AES_PLAIN,
    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7" },
  { "aes192-cbc", "SP 800-38A, F.2.3", AES_KEY192, CBC_IV, AES_PLAIN,
    "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
    "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd" },
  { "aes256-cbc", "SP 800-38A, F.2.5", AES_KEY256, CBC_IV, AES_PLAIN,
    "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
    "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b" },
  { "3des-cbc", "SP 800-67",
    "0123456789abcdef23456789abcdef01456789abcdef0123",
    "0000000000000000", "5468652071756663", "a826fd8ce53b855f" },
  { "3des-ctr", "SP 800-67, its first block as counter",
    "0123456789abcdef23456789abcdef01456789abcdef0123",
    "5468652071756663", "0000000000000000", "a826fd8ce53b855f" },
  { "cast128-cbc", "RFC 2144, B.1", "0123456712345678234567893456789a",
    "0000000000000000", "0123456789abcdef", "238b4fe5847e44b2" },
  { "blowfish-cbc", "its author's", "0123456789abcdeff0e1d2c3b4a59687",
    "fedcba9876543210",
    "37363534333231204e6f77206973207468652074696d6520666f722000000000",
    "6b77b4d63006dee605b156e27403979358deb9e7154616d959f1652bd5ff92cc" },
  { "arcfour128", "RFC 6229, offset 1536",
    "0102030405060708090a0b0c0d0e0f10", "",
    "00000000000000000000000000000000", "ffa0b514647ec04f6306b892ae661181" },
  { "arcfour256", "RFC 6229, offset 1536",
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20", "",
    "00000000000000000000000000000000", "3e34135c79db010200767651cf263073" }
};

static void ciphers_give_published_bytes(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(vectors); i++) {
    struct sftp_cipher *c;
    unsigned char *plain, *crypted, *work;
    size_t len;

    c = keyed_hex(vectors[i].name, vectors[i].key, vectors[i].iv, true);
    if (c == NULL) {
      skip("%s: not in this libcrypto", vectors[i].name);
      skip("%s: not in this libcrypto", vectors[i].name);
      continue;
    }

    plain = t_hex(vectors[i].plain, &len);
    crypted = t_hex(vectors[i].crypted, &len);
    work = t_exact_copy(plain, len);
    ok(c->alg->ops->crypt(c, work, len) == SFTP_OK &&
      memcmp(work, crypted, len) == 0, "%s encrypts as in %s",
      vectors[i].name, vectors[i].source);

    c = keyed_hex(vectors[i].name, vectors[i].key, vectors[i].iv, false);
    ok(c != NULL && c->alg->ops->crypt(c, work, len) == SFTP_OK &&
      memcmp(work, plain, len) == 0, "%s decrypts it", vectors[i].name);

    free(plain);
    free(crypted);
    free(work);
  }
}

/* A packet sealed: its bytes with the tag. */
static void seals_to(const char *name, struct sftp_cipher *c, uint32_t seqno,
    const char *plain_hex, const char *sealed_hex) {
  unsigned char *plain, *sealed, *work;
  size_t plain_len, sealed_len;

  plain = t_hex(plain_hex, &plain_len);
  sealed = t_hex(sealed_hex, &sealed_len);
  work = calloc(1, sealed_len);
  memcpy(work, plain, plain_len);
  is_int(c->alg->ops->seal(c, seqno, work, plain_len - 4), SFTP_OK,
    "%s seals the packet", name);
  is_mem(work, plain_len + TAG_BYTES, sealed, sealed_len,
    "%s gives the expected bytes", name);
  free(plain);
  free(sealed);
  free(work);
}

#define GCM_IV "cafebabe00000000ffffffff"
#define GCM_PLAIN "00000020" \
  "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"

/* Computed with another library (Nettle) from the text of RFC 5647: the
 * length in clear and authenticated, the counter carried on to the second
 * packet.
 */
static void gcm_gives_known_packets(void) {
  struct sftp_cipher *c;

  c = keyed_hex("aes128-gcm@openssh.com", "000102030405060708090a0b0c0d0e0f",
    GCM_IV, true);
  seals_to("aes128-gcm", c, 0, GCM_PLAIN,
    "00000020d3930fbc58db5284d6c86131ce9a6aea3c428172cfcc3b1014efe361ca51e05b"
    "fe74635ecbf4f65333053a25098babbb");
  seals_to("aes128-gcm, next packet,", c, 1, GCM_PLAIN,
    "00000020f80cfe6060a331d68001f5f00bd6b6430499123119cf97c8c07ab3b02ae9b810"
    "6bf2a59094e44ebf917fc22e0f96395d");

  c = keyed_hex("aes256-gcm@openssh.com",
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    GCM_IV, true);
  seals_to("aes256-gcm", c, 0, GCM_PLAIN,
    "000000207f001ecb6af5fcabb08bbb00fe57aeb8bccac7aa02c6231742581b1051a99aa7"
    "ba328727d43dd630cc5b960ea9d99729");
  seals_to("aes256-gcm, next packet,", c, 1, GCM_PLAIN,
    "0000002098e20521f0298546a93aa0769171cced9ec4efbd5042d151f545b95a70b60cc4"
    "a5becb3f74ebf460ef4dd89f513fe5cb");
}

/* draft-ietf-sshm-chacha20-poly1305, appendix A. */
static void chacha_gives_the_published_packet(void) {
  struct sftp_cipher *c;

  c = keyed_hex("chacha20-poly1305@openssh.com",
    "8bbff6855fc102338c373e73aac0c914f076a905b2444a32eecaffeae22becc5"
    "e9b7a7a5825a8249346ec1c28301cf394543fc7569887d76e168f37562ac0740", "",
    true);
  seals_to("chacha20-poly1305", c, 7,
    "00000048065e00000000000000384c6f72656d20697073756d20646f6c6f7220"
    "73697420616d65742c20636f6e7365637465747572206164697069736963696e"
    "6720656c69744e43e804dc6c",
    "2c3ecce4a5bc05895bf07a7ba956b6c68829ac7c83b780b7000ecde745afc705"
    "bbc378ce03a280236b87b53bed5839662302b164b6286a48cd1e097138e3cb90"
    "9b8b2b829dd18d2a35ff82d995349e855bf02c298ef775f2d1a7e8b8");
}

/* ---- Against libsodium, an implementation with nothing in common */

static void chacha_agrees_with_libsodium(void) {
  static const size_t lens[] = { 8, 16, 56, 64, 72, 256, 264, 1000, 32784 };
  unsigned char key[64], *work, *ref;
  size_t i, same = 0;
  struct sftp_cipher *c;

  t_fill(key, sizeof(key), 1);
  c = keyed("chacha20-poly1305@openssh.com", key, NULL, true);
  for (i = 0; i < SFTP_NELEMS(lens); i++) {
    uint32_t seqno = UINT32_MAX - 3 + (uint32_t) i;
    unsigned char nonce[8], block[64];
    size_t len = lens[i];

    work = malloc(4 + len + TAG_BYTES);
    ref = malloc(4 + len + TAG_BYTES);
    t_fill(work, 4 + len, (unsigned int) i);
    sftp_put_u32(work, (uint32_t) len);
    memcpy(ref, work, 4 + len);

    sftp_put_u64(nonce, seqno);
    crypto_stream_chacha20_xor(ref, ref, 4, nonce, key + 32);
    crypto_stream_chacha20_xor_ic(ref + 4, ref + 4, len, nonce, 1, key);
    crypto_stream_chacha20(block, sizeof(block), nonce, key);
    crypto_onetimeauth_poly1305(ref + 4 + len, ref, 4 + len, block);

    same += c->alg->ops->seal(c, seqno, work, len) == SFTP_OK &&
      memcmp(work, ref, 4 + len + TAG_BYTES) == 0;
    free(work);
    free(ref);
  }

  is_int(same, SFTP_NELEMS(lens),
    "chacha20-poly1305 seals as libsodium would, also where seqno wraps");
}

static void gcm_agrees_with_libsodium(void) {
  static const size_t lens[] = { 16, 32, 48, 512, 1040, 32784 };
  unsigned char key[32], iv[12], *work, *ref;
  size_t i, same = 0;
  struct sftp_cipher *c;

  if (!crypto_aead_aes256gcm_is_available()) {
    skip("libsodium has no AES-GCM on this CPU");
    return;
  }

  t_fill(key, sizeof(key), 2);
  t_fill(iv, sizeof(iv), 3);
  sftp_put_u64(iv + 4, UINT64_MAX - 2);         /* it wraps on the way */
  c = keyed("aes256-gcm@openssh.com", key, iv, true);
  for (i = 0; i < SFTP_NELEMS(lens); i++) {
    size_t len = lens[i];

    work = malloc(4 + len + TAG_BYTES);
    ref = malloc(4 + len + TAG_BYTES);
    t_fill(work, 4 + len, (unsigned int) i);
    sftp_put_u32(work, (uint32_t) len);
    memcpy(ref, work, 4);
    crypto_aead_aes256gcm_encrypt(ref + 4, NULL, work + 4, len, work, 4,
      NULL, iv, key);
    sftp_put_u64(iv + 4, sftp_get_u64(iv + 4) + 1);

    same += c->alg->ops->seal(c, (uint32_t) i, work, len) == SFTP_OK &&
      memcmp(work, ref, 4 + len + TAG_BYTES) == 0;
    free(work);
    free(ref);
  }

  is_int(same, SFTP_NELEMS(lens),
    "aes256-gcm seals as libsodium would, its counter of 8 bytes wrapping");
}

/* ---- Every row */

static const size_t round_lens[] = { 16, 32, 64, 256, 272, 4096, 32768 + 16 };

static void a_stream_comes_back(const struct sftp_cipher_alg *alg) {
  unsigned char key[64], iv[16], *work, *plain;
  struct sftp_cipher *to = NULL, *from = NULL;
  size_t i, back = 0, hidden = 0;

  t_fill(key, sizeof(key), 5);
  t_fill(iv, sizeof(iv), 6);
  if (sftp_cipher_new(p, alg, key, iv, true, &to) != SFTP_OK ||
      sftp_cipher_new(p, alg, key, iv, false, &from) != SFTP_OK) {
    ok(false, "%s can be keyed", alg->alg.name);
    return;
  }

  /* The state goes on from call to call, and the cuts do not matter. */
  for (i = 0; i < SFTP_NELEMS(round_lens); i++) {
    size_t len = round_lens[i], cut = alg->block_len;

    plain = malloc(len);
    t_fill(plain, len, (unsigned int) i);
    work = t_exact_copy(plain, len);
    if (alg->ops->crypt(to, work, len) != SFTP_OK) {
      break;
    }

    hidden += memcmp(work, plain, len) != 0;
    back += alg->ops->crypt(from, work, cut) == SFTP_OK &&
      alg->ops->crypt(from, work + cut, len - cut) == SFTP_OK &&
      memcmp(work, plain, len) == 0;
    free(work);
    free(plain);
  }

  is_int(back, SFTP_NELEMS(round_lens), "%s: what went in comes out",
    alg->alg.name);
  is_int(hidden, alg->evp != NULL ? SFTP_NELEMS(round_lens) : 0,
    "%s: and was hidden on the way", alg->alg.name);
}

static void packets_come_back(const struct sftp_cipher_alg *alg) {
  unsigned char key[64], iv[16], *work, *plain;
  struct sftp_cipher *to = NULL, *from = NULL;
  size_t i, back = 0, hidden = 0;

  t_fill(key, sizeof(key), 7);
  t_fill(iv, sizeof(iv), 8);
  if (sftp_cipher_new(p, alg, key, iv, true, &to) != SFTP_OK ||
      sftp_cipher_new(p, alg, key, iv, false, &from) != SFTP_OK) {
    ok(false, "%s can be keyed", alg->alg.name);
    return;
  }

  for (i = 0; i < SFTP_NELEMS(round_lens); i++) {
    uint32_t seqno = UINT32_MAX - 1 + (uint32_t) i, said = 0;
    size_t len = round_lens[i];

    plain = malloc(4 + len);
    t_fill(plain, 4 + len, (unsigned int) i);
    sftp_put_u32(plain, (uint32_t) len);
    work = malloc(4 + len + TAG_BYTES);
    memcpy(work, plain, 4 + len);

    if (alg->ops->seal(to, seqno, work, len) == SFTP_OK) {
      hidden += memcmp(work + 4, plain + 4, len) != 0;
      back += alg->ops->length(from, seqno, work, &said) == SFTP_OK &&
        said == len && alg->ops->open(from, seqno, work, len) == SFTP_OK &&
        memcmp(work + 4, plain + 4, len) == 0;
    }

    free(work);
    free(plain);
  }

  is_int(back, SFTP_NELEMS(round_lens), "%s: what is sealed is opened",
    alg->alg.name);
  is_int(hidden, SFTP_NELEMS(round_lens), "%s: and was hidden on the way",
    alg->alg.name);
}

/* ---- A cipher goes on elsewhere */

/* Like c: the same key, and its IV as of now. */
static struct sftp_cipher *continued(const struct sftp_cipher *c,
    const unsigned char *key, bool encrypt) {
  size_t len = sftp_cipher_iv_len(c->alg);
  unsigned char *iv = malloc(len + 1);
  struct sftp_cipher *copy = NULL;

  iv[len] = 0x5a;
  if (sftp_cipher_iv(c, iv) != SFTP_OK || iv[len] != 0x5a ||
      sftp_cipher_resume(p, c->alg, key, iv, encrypt, &copy) != SFTP_OK) {
    copy = NULL;
  }

  free(iv);
  return copy;
}

/* The next len bytes of c, one way: a whole packet, or a part of a stream. */
static int run(struct sftp_cipher *c, uint32_t seqno, bool encrypt,
    unsigned char *work, size_t len) {
  const struct sftp_cipher_ops *ops = c->alg->ops;

  return c->alg->tag_len == 0 ? ops->crypt(c, work, len) :
    encrypt ? ops->seal(c, seqno, work, len) : ops->open(c, seqno, work, len);
}

/* Each length, then the next by the cipher and by one that goes on after it. */
static size_t times_continued(const struct sftp_cipher_alg *alg,
    bool encrypt) {
  unsigned char key[64], iv[16], *work, *same;
  struct sftp_cipher *to = NULL, *from = NULL, *copy;
  size_t i, good = 0;

  t_fill(key, sizeof(key), 21);
  memset(iv, 0xff, sizeof(iv));         /* counters carry over */
  if (sftp_cipher_new(p, alg, key, iv, true, &to) != SFTP_OK ||
      sftp_cipher_new(p, alg, key, iv, false, &from) != SFTP_OK) {
    return 0;
  }

  for (i = 0; i < SFTP_NELEMS(round_lens); i++) {
    size_t len = round_lens[i], all = 4 + len + TAG_BYTES;
    uint32_t seqno = (uint32_t) i;

    work = malloc(all);
    t_fill(work, all, (unsigned int) i);
    sftp_put_u32(work, (uint32_t) len);
    copy = continued(encrypt ? to : from, key, encrypt);
    if (!encrypt && run(to, seqno, true, work, len) != SFTP_OK) {
      copy = NULL;
    }

    same = t_exact_copy(work, all);
    good += copy != NULL && run(copy, seqno, encrypt, same, len) == SFTP_OK &&
      run(encrypt ? to : from, seqno, encrypt, work, len) == SFTP_OK &&
      memcmp(work, same, all) == 0;
    free(work);
    free(same);
  }

  return good;
}

static void every_row_goes_on_elsewhere(void) {
  const struct sftp_alg *alg;
  size_t i;

  for (i = 0; (alg = sftp_alg_at(ALGS_CIPHER, i)) != NULL; i++) {
    const struct sftp_cipher_alg *row_alg = (const void *) alg;

    if (!sftp_alg_usable(ALGS_CIPHER, alg)) {
      skip("%s: not in this libcrypto", alg->name);

    } else {
      is_int(times_continued(row_alg, true), SFTP_NELEMS(round_lens),
        "%s: encrypting goes on elsewhere", alg->name);
      is_int(times_continued(row_alg, false), SFTP_NELEMS(round_lens),
        "%s: decrypting goes on elsewhere", alg->name);
    }
  }
}

/* arcfour: the position comes from another process. */
static void impossible_positions_are_refused(void) {
  const struct sftp_cipher_alg *alg = (const void *) sftp_alg_find(ALGS_CIPHER,
    sftp_str_of("arcfour256"));
  unsigned char key[64] = { 0 }, position[8];
  struct sftp_cipher *c;

  if (alg == NULL || !sftp_alg_usable(ALGS_CIPHER, &alg->alg)) {
    skip("arcfour: not in this libcrypto");
    return;
  }

  sftp_put_u64(position, 1535);
  is_int(sftp_cipher_resume(p, alg, key, position, true, &c), SFTP_ERR_FORMAT,
    "arcfour: a position in what is discarded");
  sftp_put_u64(position, UINT64_MAX);
  is_int(sftp_cipher_resume(p, alg, key, position, true, &c), SFTP_ERR_LIMIT,
    "arcfour: a position that would take for ever");
}

static void every_row_fits_the_maximum(void) {
  const struct sftp_cipher_alg *alg;
  size_t bad = 0;

  for (alg = sftp_ciphers; alg->alg.name != NULL; alg++) {
    bad += alg->key_len > SFTP_CIPHER_KEY_MAX ||
      alg->iv_len > SFTP_CIPHER_IV_MAX;
  }

  is_int(bad, 0, "no key and no IV is longer than the maximum");
}

/* A new receiver of the first packet: what open() says of these bytes. */
static int opens(const struct sftp_cipher_alg *alg, const unsigned char *key,
    const unsigned char *iv, const unsigned char *bytes, size_t len,
    uint32_t seqno) {
  unsigned char *work = t_exact_copy(bytes, 4 + len + TAG_BYTES);
  pool *sub = make_sub_pool(p);
  struct sftp_cipher *c;
  int res;

  res = sftp_cipher_new(sub, alg, key, iv, false, &c);
  if (res == SFTP_OK) {
    res = alg->ops->open(c, seqno, work, len);
  }

  destroy_pool(sub);
  free(work);
  return res;
}

static void forged_packets_are_refused(const struct sftp_cipher_alg *alg,
    size_t len) {
  unsigned char key[64], iv[16], packet[4 + 320 + TAG_BYTES], other[64];
  struct sftp_cipher *c;
  size_t i, refused = 0, nbits = (4 + len + TAG_BYTES) * 8;

  t_fill(key, sizeof(key), 9);
  t_fill(iv, sizeof(iv), 10);
  t_fill(packet, sizeof(packet), 11);
  sftp_put_u32(packet, (uint32_t) len);
  if (sftp_cipher_new(p, alg, key, iv, true, &c) != SFTP_OK ||
      alg->ops->seal(c, 5, packet, len) != SFTP_OK) {
    ok(false, "%s seals", alg->alg.name);
    return;
  }

  for (i = 0; i < nbits; i++) {
    packet[i / 8] ^= (unsigned char) (1 << i % 8);
    refused += opens(alg, key, iv, packet, len, 5) == SFTP_ERR_MAC;
    packet[i / 8] ^= (unsigned char) (1 << i % 8);
  }

  is_int(refused, nbits, "%s: every flipped bit is refused", alg->alg.name);
  is_int(opens(alg, key, iv, packet, len, 5), SFTP_OK,
    "%s: the packet itself is opened", alg->alg.name);

  memcpy(other, key, sizeof(other));
  other[0] ^= 1;
  is_int(opens(alg, other, iv, packet, len, 5), SFTP_ERR_MAC,
    "%s: another key does not open it", alg->alg.name);
  is_int(opens(alg, key, iv, packet, len - 8, 5), SFTP_ERR_MAC,
    "%s: a shorter packet is another packet", alg->alg.name);

  /* A packet counts once: replayed, or out of its order, it is refused. */
  if (alg->iv_len > 0) {
    iv[11]++;
    is_int(opens(alg, key, iv, packet, len, 5), SFTP_ERR_MAC,
      "%s: in another place it is refused", alg->alg.name);

  } else {
    is_int(opens(alg, key, iv, packet, len, 6), SFTP_ERR_MAC,
      "%s: in another place it is refused", alg->alg.name);
  }
}

static void every_row_keeps_its_promise(void) {
  const struct sftp_alg *alg;
  size_t i;

  for (i = 0; (alg = sftp_alg_at(ALGS_CIPHER, i)) != NULL; i++) {
    const struct sftp_cipher_alg *row_alg = (const void *) alg;

    if (!sftp_alg_usable(ALGS_CIPHER, alg)) {
      skip("%s: not in this libcrypto", alg->name);

    } else if (row_alg->tag_len > 0) {
      packets_come_back(row_alg);
      forged_packets_are_refused(row_alg, 32);
      forged_packets_are_refused(row_alg, 320);

    } else {
      a_stream_comes_back(row_alg);
    }
  }
}

static void an_unknown_cipher_is_refused(void) {
  static const struct sftp_cipher_alg *gcm;
  static struct sftp_cipher_alg missing;        /* outlives its users */
  unsigned char key[64] = { 0 }, iv[16] = { 0 };
  struct sftp_cipher *c;

  gcm = row("aes128-gcm@openssh.com");
  missing = *gcm;
  missing.evp = "NO-SUCH-CIPHER";
  is_int(sftp_cipher_new(p, &missing, key, iv, true, &c),
    SFTP_ERR_UNSUPPORTED, "a cipher that libcrypto lacks cannot be keyed");
  ok(c == NULL, "and there is none");
  ok(!sftp_alg_usable(ALGS_CIPHER, &missing.alg), "its row is not usable");
}

int main(void) {
  p = make_sub_pool(NULL);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("libcrypto cannot be used");
  }

  ciphers_give_published_bytes();
  gcm_gives_known_packets();
  chacha_gives_the_published_packet();
  chacha_agrees_with_libsodium();
  gcm_agrees_with_libsodium();
  every_row_keeps_its_promise();
  every_row_goes_on_elsewhere();
  impossible_positions_are_refused();
  every_row_fits_the_maximum();
  an_unknown_cipher_is_refused();

  destroy_pool(p);
  sftp_crypto_free();
  return done_testing();
}
