/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* needs: openssh-client */

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base64.h"
#include "bcrypt-pbkdf.h"
#include "crypto.h"
#include "keyfile.h"
#include "keys.h"
#include "keys-int.h"
#include "sshsig.h"
#include "tap.h"

#define PASSPHRASE "correct horse"
#define BUF_LEN 4096

static pool *top;

static const struct sftp_str data = {
  (const unsigned char *) "what is signed", 14
};

static struct sftp_str as_str(const void *p, size_t n) {
  struct sftp_str s = { p, n };

  return s;
}

/* ---- Test files */

static struct sftp_str slurp(const char *path) {
  FILE *f = fopen(path, "rb");
  unsigned char *bytes = palloc(top, 65536);
  size_t n;

  if (f == NULL) {
    bail_out("cannot read %s", path);
  }

  n = fread(bytes, 1, 65535, f);
  fclose(f);
  bytes[n] = '\0';
  return as_str(bytes, n);
}

static struct sftp_str test_file(const char *name) {
  const char *dir = getenv("srcdir");

  return slurp(pstrcat(top, dir != NULL ? dir : ".", "/t/data/keys/", name,
    NULL));
}

static struct sftp_key *load(const char *name) {
  struct sftp_key *key;
  const char *why;
  int res = sftp_key_from_file(top, test_file(name), PASSPHRASE, &key, &why);

  if (res != SFTP_OK) {
    diag("%s: %d, %s", name, res, why);
  }

  return key;
}

static struct sftp_str public_blob(struct sftp_str text) {
  struct sftp_keyfile_entry e;
  struct sftp_keyfile f;

  sftp_keyfile_init(&f, top, text);
  return sftp_keyfile_next(&f, &e) ? e.blob : as_str("", 0);
}

static const char *const good_files[] = {
  "ed25519", "rsa", "rsa-pkcs1", "rsa-pkcs8", "rsa-pkcs1-aes",
  "rsa-pkcs8-aes", "ecdsa256", "ecdsa384", "ecdsa521", "ecdsa256-sec1",
  "ecdsa384-sec1", "ecdsa384-pkcs8", "ed25519-ctr", "ed25519-aes128-ctr",
  "ed25519-aes256-cbc", "ed25519-aes128-gcm", "ed25519-aes256-gcm",
  "ed25519-chacha20-poly1305", "ed25519-3des-cbc", "rsa-ctr",
  "ed25519-pkcs8", "ed448", "ed448-pkcs8", "dsa", "dsa-pem"
};

static void private_key_files_of_every_form_are_read(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(good_files); i++) {
    const char *name = good_files[i];
    struct sftp_key *key = load(name);
    const char *pub = strncmp(name, "ed25519-", 8) == 0 ? "ed25519-ctr" :
      strcmp(name, "rsa-ctr") != 0 && strncmp(name, "rsa-", 4) == 0 ?
      "rsa-pkcs1" : strcmp(name, "ecdsa384-pkcs8") == 0 ? "ecdsa384-sec1" :
      name;

    ok(key != NULL && key->is_private, "%s is read", name);
    if (key != NULL && strcmp(name, "ed25519-pkcs8") != 0 &&
        strcmp(name, "ed448-pkcs8") != 0) {
      struct sftp_str blob = public_blob(test_file(pstrcat(top, pub, ".pub",
        NULL)));

      is_mem(key->blob.ptr, key->blob.len, blob.ptr, blob.len,
        "%s has the public key that ssh-keygen wrote", name);
    }
  }
}

static void unusable_files_say_what_is_wrong(void) {
  static const struct {
    const char *file;
    const char *passphrase;
    int err;
    const char *why;
  } t[] = {
    { "rsa.pub", NULL, SFTP_ERR_FORMAT, "it is a public key" },
    { "ecdsa256.pub", NULL, SFTP_ERR_FORMAT, "it is a public key" },
    { "rsa-4716.pub", NULL, SFTP_ERR_FORMAT, "it is a public key" },
    { "rsa-public-pem", NULL, SFTP_ERR_FORMAT, "it is a public key" },
    { "ed25519.ppk", NULL, SFTP_ERR_FORMAT, "PuTTY" },
    { "README", NULL, SFTP_ERR_FORMAT, "it is no private key" },
    { "dsa-q224", NULL, SFTP_ERR_UNSUPPORTED, "size" },
    { "k256-sec1", NULL, SFTP_ERR_UNSUPPORTED, "curve" },
    { "ed25519-ctr", NULL, SFTP_ERR_PASSPHRASE, "needs a passphrase" },
    { "ed25519-ctr", "", SFTP_ERR_PASSPHRASE, "needs a passphrase" },
    { "ed25519-ctr", "wrong", SFTP_ERR_PASSPHRASE, "is wrong" },
    { "ed25519-aes256-cbc", "wrong", SFTP_ERR_PASSPHRASE, "is wrong" },
    { "ed25519-aes256-gcm", "wrong", SFTP_ERR_PASSPHRASE, "is wrong" },
    { "ed25519-chacha20-poly1305", "wrong", SFTP_ERR_PASSPHRASE, "is wrong" },
    { "rsa-pkcs1-aes", NULL, SFTP_ERR_PASSPHRASE, "needs a passphrase" },
    { "rsa-pkcs1-aes", "wrong", SFTP_ERR_PASSPHRASE, "is wrong" },
    { "rsa-pkcs8-aes", NULL, SFTP_ERR_PASSPHRASE, "needs a passphrase" },
    { "rsa-pkcs8-aes", "wrong", SFTP_ERR_PASSPHRASE, "is wrong" },
  };
  struct sftp_key *key;
  const char *why;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    int res = sftp_key_from_file(top, test_file(t[i].file), t[i].passphrase,
      &key, &why);

    is_int(res, t[i].err, "%s with passphrase %s is refused", t[i].file,
      t[i].passphrase != NULL ? t[i].passphrase : "(none)");
    ok(why != NULL && strstr(why, t[i].why) != NULL, "%s: %s", t[i].file,
      why != NULL ? why : "(null)");
  }

  is_int(sftp_key_from_file(top, as_str("", 0), NULL, &key, &why),
    SFTP_ERR_FORMAT, "an empty file is refused");
  ok(strstr(why, "it is empty") != NULL && strstr(why, "ssh-ed25519") != NULL,
    "%s", why);
}

/* The bytes of an OpenSSH file without its armour. */
static struct sftp_str unarmoured(const char *name) {
  const char *text = (const char *) test_file(name).ptr;
  const char *from = strchr(text, '\n'), *to = strstr(text, "-----END");
  char *packed = palloc(top, 65536);
  struct sftp_str bytes;
  size_t n = 0;

  for (; from < to; from++) {
    if (*from != '\n') {
      packed[n++] = *from;
    }
  }

  if (sftp_base64_decode(top, as_str(packed, n), &bytes) != SFTP_OK) {
    bail_out("%s: not base64", name);
  }

  return bytes;
}

static int load_armoured(pool *p, struct sftp_str bytes) {
  const char *text = pstrcat(p, "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    sftp_base64_encode(p, bytes, true),
    "\n-----END OPENSSH PRIVATE KEY-----\n", NULL);
  struct sftp_key *key;
  const char *why = NULL;
  int res = sftp_key_from_file(p, sftp_str_of(text), NULL, &key, &why);

  if (res != SFTP_OK && (why == NULL || key != NULL)) {
    return 1;
  }

  return res;
}

static void damaged_openssh_files_are_refused(const char *name) {
  struct sftp_str bytes = unarmoured(name);
  size_t n, accepted = 0, silent = 0, other = 0;
  unsigned int bit;

  is_int(load_armoured(top, bytes), SFTP_OK, "%s is read again", name);
  for (n = 0; n < bytes.len; n++) {
    unsigned char *copy = t_exact_copy(bytes.ptr, n);
    pool *p = make_sub_pool(top);
    int res = load_armoured(p, as_str(copy, n));

    accepted += res == SFTP_OK;
    silent += res == 1;
    destroy_pool(p);
    free(copy);
  }

  is_int(accepted, 0, "no prefix of %s is a key", name);

  for (n = 0; n < bytes.len; n++) {
    for (bit = 0; bit < 8; bit += name[0] == 'r' ? 7 : 3) {
      unsigned char *copy = t_exact_copy(bytes.ptr, bytes.len);
      pool *p = make_sub_pool(top);
      int res;

      copy[n] ^= (unsigned char) (1 << bit);
      res = load_armoured(p, as_str(copy, bytes.len));
      silent += res == 1;
      if (res == SFTP_OK) {
        /* Only the comment may change. */
        other += n + 24 < bytes.len;
      }

      destroy_pool(p);
      free(copy);
    }
  }

  is_int(other, 0, "a flipped bit of %s outside the comment is noticed",
    name);
  is_int(silent, 0, "every refusal of %s has a reason", name);
}

/* Its last byte is padding: 1. */
static void padding_is_checked(const char *name) {
  struct sftp_str bytes = unarmoured(name);
  unsigned char *copy = t_exact_copy(bytes.ptr, bytes.len);

  is_int(copy[bytes.len - 1], 1, "%s ends in padding", name);
  copy[bytes.len - 1] = 2;
  is_int(load_armoured(top, as_str(copy, bytes.len)), SFTP_ERR_FORMAT,
    "... which is 1, 2, 3 and so on");
  free(copy);
}

/* PEM is libcrypto's to read; what we make of its answers is ours. */
static void damaged_pem_files_are_survived(const char *name, size_t step) {
  struct sftp_str file = test_file(name);
  size_t n, silent = 0, prefixes = 0, whole = file.len - 1;
  struct sftp_key *key, *good = load(name);
  const char *why;

  for (n = 0; n < file.len; n += step) {
    unsigned char *copy = t_exact_copy(file.ptr, n);
    pool *p = make_sub_pool(top);
    int res = sftp_key_from_file(p, as_str(copy, n), PASSPHRASE, &key, &why);

    prefixes += res == SFTP_OK && n < whole;
    silent += (res == SFTP_OK) != (why == NULL);
    destroy_pool(p);
    free(copy);
  }

  is_int(prefixes, 0, "%s: no prefix is a key", name);
  prefixes = 0;
  for (n = 0; n < file.len; n += step) {
    unsigned char *copy = t_exact_copy(file.ptr, file.len);
    pool *p = make_sub_pool(top);
    int res;

    copy[n] ^= (unsigned char) (1 << n % 7);
    res = sftp_key_from_file(p, as_str(copy, file.len), PASSPHRASE, &key,
      &why);
    silent += (res == SFTP_OK) != (why == NULL);
    prefixes += res == SFTP_OK && !sftp_key_same(key, good);
    destroy_pool(p);
    free(copy);
  }

  is_int(prefixes, 0, "%s: no flipped bit makes it another key", name);
  is_int(silent, 0, "%s: every refusal has a reason", name);
}

static void private_and_public_part_must_belong_together(void) {
  struct sftp_str a = unarmoured("ecdsa256"), b = test_file("ecdsa256.pub");
  unsigned char *copy = t_exact_copy(a.ptr, a.len);
  struct sftp_str blob = public_blob(b), other =
    public_blob(test_file("ecdsa256-sec1.pub"));
  unsigned char *at = memmem(copy, a.len, blob.ptr, blob.len);

  ok(at != NULL && other.len == blob.len, "the file names its public key");
  memcpy(at, other.ptr, other.len);
  is_int(load_armoured(top, as_str(copy, a.len)), SFTP_ERR_FORMAT,
    "a file with another key's public part is refused");
  at = memmem(at + 1, a.len - (size_t) (at + 1 - copy), blob.ptr, blob.len);
  ok(at != NULL, "the file repeats it in its private part");
  memcpy(at, other.ptr, other.len);
  is_int(load_armoured(top, as_str(copy, a.len)), SFTP_ERR_FORMAT,
    "so is one where both public parts are another key's");
  free(copy);
}

static void armour_is_whole(void) {
  static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    end[] = "-----END OPENSSH PRIVATE KEY-----\n";
  struct sftp_str file = test_file("ed25519");
  char *text = pcalloc(top, 65538);
  struct sftp_key *key;
  const char *why;

  is_int(sftp_key_from_file(top, sftp_str_of(pstrcat(top, begin, end, NULL)),
    NULL, &key, &why), SFTP_ERR_FORMAT, "armour around nothing");
  is_int(sftp_key_from_file(top, sftp_str_of(pstrcat(top, begin, "QUJD\n",
    NULL)), NULL, &key, &why), SFTP_ERR_FORMAT, "armour without an end");
  is_int(sftp_key_from_file(top, sftp_str_of(pstrcat(top, begin, "?\n", end,
    NULL)), NULL, &key, &why), SFTP_ERR_FORMAT, "no base64 in it");
  memset(text, '\n', 65537);
  memcpy(text, file.ptr, file.len);
  is_int(sftp_key_from_file(top, as_str(text, 65536), NULL, &key, &why),
    SFTP_OK, "a file of 64 KiB");
  is_int(sftp_key_from_file(top, as_str(text, 65537), NULL, &key, &why),
    SFTP_ERR_FORMAT, "one more byte");
}

/* An encrypted file whose head differs. */
struct head {
  const char *cipher, *kdf;
  struct sftp_str options, tag;
  uint32_t nkeys;
};

static struct sftp_str kdf_options(const char *salt, uint32_t rounds,
    const char *more) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 64, 1024);
  sftp_wr_text(&w, salt);
  sftp_wr_u32(&w, rounds);
  sftp_wr_bytes(&w, more, strlen(more));
  return sftp_wr_get(&w);
}

static const char *with_head(const struct head *h) {
  struct sftp_str bytes = unarmoured("ed25519-ctr");
  struct sftp_rd r;
  struct sftp_wr w;
  unsigned int i;

  sftp_rd_init_str(&r, bytes);
  sftp_wr_init(&w, top, 1024, 8192);
  sftp_wr_bytes(&w, sftp_rd_bytes(&r, 15).ptr, 15);
  for (i = 0; i < 3; i++) {
    (void) sftp_rd_string(&r);
  }

  (void) sftp_rd_u32(&r);
  sftp_wr_text(&w, h->cipher);
  sftp_wr_text(&w, h->kdf);
  sftp_wr_str(&w, h->options);
  sftp_wr_u32(&w, h->nkeys);
  sftp_wr_str(&w, sftp_rd_string(&r));
  sftp_wr_str(&w, sftp_rd_string(&r));
  sftp_wr_bytes(&w, h->tag.ptr, h->tag.len);
  return pstrcat(top, "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    sftp_base64_encode(top, sftp_wr_get(&w), true),
    "\n-----END OPENSSH PRIVATE KEY-----\n", NULL);
}

static void heads_of_encrypted_files_are_checked(void) {
  struct sftp_str good = kdf_options("salt", 1, ""), none = { NULL, 0 };
  const struct {
    struct head head;
    int err;
    const char *why;
  } t[] = {
    { { "aes256-ctr", "bcrypt", good, none, 1 }, SFTP_ERR_PASSPHRASE,
      "is wrong" },
    { { "aes256-ctr", "bcrypt", kdf_options("salt", 100000, ""), none, 1 },
      SFTP_ERR_PASSPHRASE, "needs a passphrase" },
    { { "aes256-ctr", "bcrypt", kdf_options("salt", 100001, ""), none, 1 },
      SFTP_ERR_LIMIT, "at most 100000" },
    { { "aes256-ctr", "bcrypt", kdf_options("salt", 0, ""), none, 1 },
      SFTP_ERR_FORMAT, "bad options" },
    { { "aes256-ctr", "bcrypt", kdf_options("", 1, ""), none, 1 },
      SFTP_ERR_FORMAT, "bad options" },
    { { "aes256-ctr", "bcrypt", kdf_options("salt", 1, "x"), none, 1 },
      SFTP_ERR_FORMAT, "bad options" },
    { { "aes256-ctr", "bcrypt", { good.ptr, good.len - 1 }, none, 1 },
      SFTP_ERR_FORMAT, "bad options" },
    { { "aes256-ctr", "scrypt", good, none, 1 }, SFTP_ERR_UNSUPPORTED,
      "is not bcrypt" },
    { { "aes256-ofb", "bcrypt", good, none, 1 }, SFTP_ERR_UNSUPPORTED,
      "cipher that is not supported" },
    { { "none", "bcrypt", good, none, 1 }, SFTP_ERR_FORMAT,
      "but no cipher" },
    { { "none", "none", good, none, 1 }, SFTP_ERR_FORMAT, "but no cipher" },
    { { "none", "bcrypt", none, none, 1 }, SFTP_ERR_FORMAT,
      "but no cipher" },
    { { "none", "none", none, none, 1 }, SFTP_ERR_FORMAT,
      "check numbers differ" },
    { { "aes256-ctr", "bcrypt", good, as_str("x", 1), 1 }, SFTP_ERR_FORMAT,
      "bad lengths" },
    { { "none", "none", none, as_str("x", 1), 1 }, SFTP_ERR_FORMAT,
      "bad lengths" },
    { { "aes256-gcm@openssh.com", "bcrypt", good, none, 1 },
      SFTP_ERR_FORMAT, "bad lengths" },
    { { "aes256-ctr", "bcrypt", good, none, 2 }, SFTP_ERR_LIMIT, "" },
    { { "aes256-ctr", "bcrypt", good, none, 0 }, SFTP_ERR_LIMIT, "" }
  };
  struct sftp_key *key;
  const char *why;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    const struct head *h = &t[i].head;

    is_int(sftp_key_from_file(top, sftp_str_of(with_head(h)),
      i == 1 ? NULL : PASSPHRASE, &key, &why), t[i].err,
      "%s, %s, row %lu", h->cipher, h->kdf, (unsigned long) i);
    ok(strstr(why, t[i].why) != NULL, "... %s", why);
  }
}

/* libcrypto has room for 1024 bytes. */
static void passphrases_may_be_long(void) {
  static const struct { size_t len; int res; } t[] = {
    { 1, SFTP_OK }, { 1023, SFTP_OK }, { 1024, SFTP_OK },
    { 1025, SFTP_ERR_PASSPHRASE } };
  EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  struct sftp_key *key;
  const char *why;
  char phrase[1026], *text;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    BIO *bio = BIO_new(BIO_s_mem());
    long len;

    memset(phrase, 'x', sizeof(phrase));
    phrase[t[i].len] = '\0';
    if (pkey == NULL || PEM_write_bio_PKCS8PrivateKey(bio, pkey,
        EVP_aes_128_cbc(), phrase, (int) t[i].len, NULL, NULL) != 1) {
      bail_out("no key");
    }

    len = BIO_get_mem_data(bio, &text);
    is_int(sftp_key_from_file(top, as_str(text, (size_t) len), phrase, &key,
      &why), t[i].res, "a passphrase of %lu bytes", (unsigned long) t[i].len);
    BIO_free(bio);
  }

  EVP_PKEY_free(pkey);
}

static void fips_approves_of_few_types(void) {
  static const struct { const char *file; bool approved; } t[] = {
    { "ed25519", false }, { "ed448", false }, { "dsa", false },
    { "rsa", true }, { "ecdsa256", true }, { "ecdsa521", true } };
  struct sftp_key *key;
  const char *why;
  size_t i;

  sftp_crypto_set_fips(true);
  for (i = 0; i < SFTP_NELEMS(t); i++) {
    int res = sftp_key_from_file(top, test_file(t[i].file), NULL, &key, &why);

    is_int(res, t[i].approved ? SFTP_OK : SFTP_ERR_UNSUPPORTED,
      "under FIPS, %s", t[i].file);
    ok(t[i].approved ? why == NULL : strstr(why, "FIPS does not approve") !=
      NULL, "... and why");
  }

  sftp_crypto_set_fips(false);
}

/* ---- bcrypt_pbkdf */

static void bcrypt_pbkdf_gives_the_published_keys(void) {
  /* From the test program of OpenBSD's libutil. */
  static const struct {
    const char *pass, *salt;
    unsigned int rounds;
    const char *key;
  } t[] = {
    { "password", "salt", 4, "5bbf0cc293587f1c3635555c27796598"
      "d47e579071bf427e9d8fbe842aba34d9" },
    { "password", "salt", 8, "e1367ec5151a33faac4cc1c144cd23fa"
      "15d5548493ecc99b9b5d9c0d3b27bec76227ea66088b849b20ab7aa478010246"
      "e74bba51723fefa9f9474d6508845e8d" },
    { "password", "salt", 42, "833cf0dcf56db65608e8f0dc0ce882bd" },
  };
  unsigned char got[64], *want;
  size_t i, len;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    want = t_hex(t[i].key, &len);
    is_int(sftp_bcrypt_pbkdf(sftp_str_of(t[i].pass), sftp_str_of(t[i].salt),
      t[i].rounds, got, len), SFTP_OK, "%u rounds are done", t[i].rounds);
    is_mem(got, len, want, len, "%zu bytes after %u rounds", len,
      t[i].rounds);
    free(want);
  }

  is_int(sftp_bcrypt_pbkdf(sftp_str_of(""), sftp_str_of("salt"), 4, got, 32),
    SFTP_ERR_FORMAT, "an empty passphrase is refused");
  is_int(sftp_bcrypt_pbkdf(sftp_str_of("p"), sftp_str_of("salt"), 0, got, 32),
    SFTP_ERR_FORMAT, "zero rounds are refused");
}

/* ---- Blobs */

static int parse(const unsigned char *blob, size_t n) {
  unsigned char *copy = t_exact_copy(blob, n);
  pool *p = make_sub_pool(top);
  struct sftp_key *key;
  int res = sftp_key_from_blob(p, as_str(copy, n), &key);

  if ((res == SFTP_OK) != (key != NULL)) {
    res = 1;
  }

  destroy_pool(p);
  free(copy);
  return res;
}

static void blobs_are_read_whole_or_not_at_all(const char *name) {
  struct sftp_key *key = load(name);
  size_t n, len = key->blob.len, refused = 0, point = 0;
  unsigned char *longer = palloc(top, len + 1);
  bool is_ec = strncmp(name, "ecdsa", 5) == 0;
  unsigned int bit;

  memcpy(longer, key->blob.ptr, len);
  longer[len] = 0;
  is_int(parse(longer, len), SFTP_OK, "%s: the blob is read", name);
  is_int(parse(longer, len + 1), SFTP_ERR_EXTRA, "%s: not with a byte more",
    name);
  for (n = 0; n < len; n++) {
    refused += parse(longer, n) == SFTP_ERR_SHORT;
  }

  is_int(refused, len, "%s: nor any prefix", name);

  /* Whatever bit flips: no crash; a point leaves its curve. */
  refused = 0;
  for (n = 0; n < len; n++) {
    for (bit = 0; bit < 8; bit++) {
      longer[n] ^= (unsigned char) (1 << bit);
      refused += parse(longer, len) < 0;
      longer[n] ^= (unsigned char) (1 << bit);
      point++;
    }
  }

  if (is_ec) {
    is_int(refused, point, "%s: every flipped bit is noticed", name);
  } else {
    ok(refused > 0, "%s: flips of names and lengths are noticed", name);
  }
}

static int parse_rsa(const char *e_hex, size_t n_len, unsigned char n_last) {
  unsigned char *e, *n = pcalloc(top, n_len);
  struct sftp_wr w;
  size_t e_len;
  int res;

  e = t_hex(e_hex, &e_len);
  sftp_wr_init(&w, top, 8192, 8192);
  memset(n, 0x5a, n_len);
  n[0] = 0xc1;
  n[n_len - 1] = n_last;
  sftp_wr_text(&w, "ssh-rsa");
  sftp_wr_mpint(&w, e, e_len);
  sftp_wr_mpint(&w, n, n_len);
  res = parse(w.ptr, w.len);
  free(e);
  return res;
}

static void impossible_rsa_keys_are_refused(void) {
  is_int(parse_rsa("010001", 256, 0x13), SFTP_OK, "e = 65537 is read");
  is_int(parse_rsa("03", 256, 0x13), SFTP_OK, "e = 3 is read");
  is_int(parse_rsa("010001", 2048, 0x13), SFTP_OK, "16384 bits are read");
  is_int(parse_rsa("", 256, 0x13), SFTP_ERR_FORMAT, "e = 0 is refused");
  is_int(parse_rsa("01", 256, 0x13), SFTP_ERR_FORMAT, "e = 1 is refused");
  is_int(parse_rsa("010000", 256, 0x13), SFTP_ERR_FORMAT, "so is an even e");
  is_int(parse_rsa("010001", 256, 0x12), SFTP_ERR_FORMAT, "and an even n");
  is_int(parse_rsa("010001", 63, 0x13), SFTP_ERR_KEY_SIZE, "and 504 bits");
  ok(parse_rsa("010001", 2049, 0x13) < 0, "and 16392 bits");
  is_int(parse_rsa("010000000000000000000000000000000000000000000000000000"
    "000000000001", 256, 0x13), SFTP_ERR_FORMAT, "and an e of 257 bits");
}

static int parse_ec(const char *type, const char *curve,
    const char *point_hex) {
  unsigned char *point, buf[512];
  struct sftp_wr w;
  size_t len;
  int res;

  point = t_hex(point_hex, &len);
  sftp_wr_init_fixed(&w, buf, sizeof(buf));
  sftp_wr_text(&w, type);
  sftp_wr_text(&w, curve);
  sftp_wr_string(&w, point, len);
  res = parse(buf, w.len);
  free(point);
  return res;
}

/* The base point of P-256, and what one can do to it. */
#define GX "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define GY "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define NEXT "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f6"
#define P256 "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define ZERO32 \
  "0000000000000000000000000000000000000000000000000000000000000000"

static void impossible_points_are_refused(void) {
  static const char type[] = "ecdsa-sha2-nistp256";

  is_int(parse_ec(type, "nistp256", "04" GX GY), SFTP_OK,
    "the base point is read");
  is_int(parse_ec(type, "nistp384", "04" GX GY), SFTP_ERR_FORMAT,
    "not with another curve's name");
  is_int(parse_ec(type, "P-256", "04" GX GY), SFTP_ERR_FORMAT,
    "nor libcrypto's name");
  is_int(parse_ec("ecdsa-sha2-nistp384", "nistp384", "04" GX GY),
    SFTP_ERR_FORMAT, "nor as a point of another curve");
  is_int(parse_ec(type, "nistp256", "04" GX NEXT), SFTP_ERR_FORMAT,
    "a point off the curve is refused");
  is_int(parse_ec(type, "nistp256", "00"), SFTP_ERR_FORMAT, "so is infinity");
  is_int(parse_ec(type, "nistp256", ""), SFTP_ERR_FORMAT, "so is nothing");
  is_int(parse_ec(type, "nistp256", "04" ZERO32 ZERO32), SFTP_ERR_FORMAT,
    "so is (0, 0)");
  is_int(parse_ec(type, "nistp256", "04" P256 GY), SFTP_ERR_FORMAT,
    "so is x = p");
  is_int(parse_ec(type, "nistp256", "03" GX), SFTP_ERR_FORMAT,
    "so is a compressed point");
  is_int(parse_ec(type, "nistp256", "07" GX GY), SFTP_ERR_FORMAT,
    "so is a hybrid one");
  is_int(parse_ec(type, "nistp256", "04" GX GY "00"), SFTP_ERR_FORMAT,
    "so is a byte too many");
}

static int parse_ed(const char *type, const char *hex) {
  unsigned char *pub, buf[128];
  struct sftp_wr w;
  size_t len;
  int res;

  pub = t_hex(hex, &len);
  sftp_wr_init_fixed(&w, buf, sizeof(buf));
  sftp_wr_text(&w, type);
  sftp_wr_string(&w, pub, len);
  res = parse(buf, w.len);
  free(pub);
  return res;
}

static void impossible_ed25519_keys_are_refused(void) {
  static const char *const bad[] = {
    /* the identity, orders 2, 4 and 8, and forms that are not canonical */
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    ZERO32,
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    /* y = 2: no such point */
    "0200000000000000000000000000000000000000000000000000000000000000",
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    is_int(parse_ed("ssh-ed25519", bad[i]), SFTP_ERR_FORMAT,
      "%.16s... is refused", bad[i]);
  }

  is_int(parse_ed("ssh-ed25519", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa6"
    "2325af021a68f707"), SFTP_ERR_FORMAT, "31 bytes are refused");
}

#define ZERO24 "000000000000000000000000000000000000000000000000"
#define ONES27 "ffffffffffffffffffffffffffffffffffffffffffffffffffffff"
/* RFC 8032, section 7.4, "1 octet" */
#define ED448_PUB "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c67" \
  "98c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a9480"

static void impossible_ed448_keys_are_refused(void) {
  static const char *const bad[] = {
    /* y = 0, 1, -1 with either sign, p, p + 1; 2 has no x */
    ZERO32 ZERO24 "00", ZERO32 ZERO24 "80",
    "01" ZERO24 ZERO24 "00000000000000" "00",
    "01" ZERO24 ZERO24 "00000000000000" "80",
    "fe" ONES27 "fe" ONES27 "00",
    "ff" ONES27 "fe" ONES27 "00",
    ZERO24 "00000000" "ff" ONES27 "00",
    /* beyond 448 bits */
    "02" ZERO24 ZERO24 "00000000000000" "01",
    "ff" ONES27 "ff" ONES27 "ff",
  };
  size_t i;

  is_int(parse_ed("ssh-ed448", ED448_PUB), SFTP_OK,
    "a key of RFC 8032 is read");
  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    is_int(parse_ed("ssh-ed448", bad[i]), SFTP_ERR_FORMAT,
      "Ed448: number %zu is refused", i);
  }

  is_int(parse_ed("ssh-ed448", ED448_PUB "00"), SFTP_ERR_FORMAT,
    "58 bytes are refused");
}

/* RFC 8032, section 7.4, "1 octet". */
static void ed448_has_the_vector_of_rfc_8032(void) {
  unsigned char blob[128], *pub, *raw;
  struct sftp_key *key;
  struct sftp_wr w;

  pub = t_hex(ED448_PUB, NULL);
  raw = t_hex("26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f43"
    "52541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cbcee1a"
    "fb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa"
    "4adafd1d234441cf807c03a00", NULL);
  sftp_wr_init_fixed(&w, blob, sizeof(blob));
  sftp_wr_text(&w, "ssh-ed448");
  sftp_wr_string(&w, pub, 57);
  ok(sftp_key_from_blob(top, sftp_wr_get(&w), &key) == SFTP_OK &&
    key->type->ops->verify(key, NULL, as_str(raw, 114), as_str("\3", 1)) ==
      SFTP_OK, "Ed448: RFC 8032's signature verifies");
  free(pub);
  free(raw);
}

static int parse_dsa(size_t which, unsigned char last) {
  struct sftp_key *key = load("dsa");
  unsigned char *n[4], buf[BUF_LEN];
  struct sftp_str s[4];
  struct sftp_rd r;
  struct sftp_wr w;
  size_t i;

  sftp_rd_init_str(&r, key->blob);
  sftp_wr_init_fixed(&w, buf, sizeof(buf));
  sftp_wr_str(&w, sftp_rd_string(&r));
  for (i = 0; i < 4; i++) {
    s[i] = sftp_rd_mpint(&r);
    n[i] = t_exact_copy(s[i].ptr, s[i].len);
    if (i == which && last > 1) {
      n[i][s[i].len - 1] ^= last;
    } else if (i == which) {
      n[i][0] = last;           /* 0 or 1 alone */
      s[i].len = 1;
    }

    sftp_wr_mpint(&w, n[i], s[i].len);
    free(n[i]);
  }

  return parse(buf, w.len);
}

static void impossible_dsa_keys_are_refused(void) {
  static const char *const names[] = { "p", "q", "g", "y" };
  size_t i;

  is_int(parse_dsa(4, 0), SFTP_OK, "DSA: the key is read");
  for (i = 0; i < 4; i++) {
    ok(parse_dsa(i, 0) < 0, "DSA: %s = 0 is refused", names[i]);
    ok(parse_dsa(i, 1) < 0 || i == 2, "DSA: %s = 1 is refused", names[i]);
    ok(parse_dsa(i, 3) < 0 || i == 2, "DSA: another %s is refused",
      names[i]);
  }
}

/* The first number after `skip' of them has that many bits. */
static int parse_sized(const char *type, unsigned int skip, size_t bits,
    unsigned int more) {
  static unsigned char blob[BUF_LEN * 8], number[BUF_LEN * 2];
  struct sftp_wr w;

  memset(number, 0xff, sizeof(number));
  sftp_wr_init_fixed(&w, blob, sizeof(blob));
  sftp_wr_text(&w, type);
  for (; skip > 0; skip--) {
    sftp_wr_mpint(&w, (const unsigned char *) "\1\0\1", 3);
  }

  sftp_wr_mpint(&w, number, bits / 8);
  for (; more > 0; more--) {
    sftp_wr_mpint(&w, number, 20);
  }

  return parse(blob, w.len);
}

static void sizes_are_refused_as_such(void) {
  is_int(parse_sized("ssh-dss", 0, 4104, 3), SFTP_ERR_KEY_SIZE,
    "DSA: 4104 bits are refused for their number");
  is_int(parse_sized("ssh-dss", 0, 504, 3), SFTP_ERR_KEY_SIZE, "DSA: 504");
  is_int(parse_sized("ssh-dss", 0, 4096, 3), SFTP_ERR_FORMAT,
    "DSA: 4096 bits are refused for what they are");
  is_int(parse_sized("ssh-rsa", 1, 16392, 0), SFTP_ERR_KEY_SIZE,
    "RSA: 16392 bits are refused for their number");
  is_int(parse_sized("ssh-rsa", 1, 504, 0), SFTP_ERR_KEY_SIZE, "RSA: 504");
  is_int(parse_sized("ssh-rsa", 1, 16384, 0), SFTP_OK, "RSA: 16384 are read");
  ok(strstr(sftp_strerror(SFTP_ERR_KEY_SIZE), "DSA 512 to 4096") != NULL,
    "the text names the sizes");
}

static void long_blobs_are_refused(void) {
  struct sftp_str blob = { pcalloc(top, 65537), 65536 };
  struct sftp_key *key;

  is_int(sftp_key_from_blob(top, blob, &key), SFTP_ERR_UNSUPPORTED,
    "64 KiB are looked at");
  blob.len++;
  is_int(sftp_key_from_blob(top, blob, &key), SFTP_ERR_LIMIT,
    "one byte more is not");
}

static void unknown_types_are_refused(void) {
  static const unsigned char blob[] = "\0\0\0\7ssh-foo\0\0\0\1x";

  is_int(parse(blob, sizeof(blob) - 1), SFTP_ERR_UNSUPPORTED,
    "an unknown type is refused");
}

/* ---- Signatures */

static int verify(const struct sftp_key *key, const char *alg,
    const unsigned char *sig, size_t len) {
  unsigned char *copy = t_exact_copy(sig, len);
  int res = sftp_key_verify(key, sftp_sig_alg_find(sftp_str_of(alg)),
    as_str(copy, len), data);

  free(copy);
  return res;
}

static void signatures_verify_and_nothing_else_does(const char *file,
    const char *alg) {
  const struct sftp_sig_alg *a = sftp_sig_alg_find(sftp_str_of(alg));
  struct sftp_key *key = load(file), *pub;
  unsigned char sig[BUF_LEN];
  size_t n, bit, refused = 0, flips = 0;
  struct sftp_wr w;

  if (sftp_key_from_blob(top, key->blob, &pub) != SFTP_OK) {
    bail_out("%s: no public key", file);
  }

  sftp_wr_init_fixed(&w, sig, sizeof(sig) - 1);
  is_int(sftp_key_sign(key, a, data, &w), SFTP_OK, "%s signs with %s", file,
    alg);
  is_int(verify(pub, alg, sig, w.len), SFTP_OK, "%s verifies", alg);
  is_int(sftp_key_verify(pub, a, as_str(sig, w.len), as_str("other", 5)),
    SFTP_ERR_MAC, "%s: not for other data", alg);
  is_int(sftp_key_sign(pub, a, data, &w), SFTP_ERR_UNSUPPORTED,
    "%s: a public key does not sign", alg);

  for (n = 0; n < w.len; n++) {
    refused += verify(pub, alg, sig, n) != SFTP_OK;
  }

  is_int(refused, w.len, "%s: no prefix verifies", alg);
  sig[w.len] = 0;
  is_int(verify(pub, alg, sig, w.len + 1), SFTP_ERR_EXTRA,
    "%s: nor with a byte more", alg);

  refused = 0;
  for (n = 0; n < w.len; n++) {
    for (bit = n % 3; bit < 8; bit += w.len > 200 ? 6 : 3, flips++) {
      sig[n] ^= (unsigned char) (1 << bit);
      refused += verify(pub, alg, sig, w.len) < 0;
      sig[n] ^= (unsigned char) (1 << bit);
    }
  }

  is_int(refused, flips, "%s: nor with a flipped bit", alg);
}

/* A signature blob with these inner bytes. */
static size_t wrap(const char *alg, const void *inner, size_t len,
    unsigned char *out) {
  struct sftp_wr w;

  sftp_wr_init_fixed(&w, out, BUF_LEN);
  sftp_wr_text(&w, alg);
  sftp_wr_string(&w, inner, len);
  return w.len;
}

/* Signatures of a fixed length, cut or longer. */
static void signatures_have_their_length(void) {
  static const struct { const char *file, *alg; size_t len; } t[] = {
    { "ed25519", "ssh-ed25519", 64 }, { "ed448", "ssh-ed448", 114 },
    { "dsa", "ssh-dss", 40 } };
  unsigned char sig[BUF_LEN], other[BUF_LEN];
  size_t i, len, head;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    struct sftp_key *key = load(t[i].file);
    struct sftp_wr w;

    sftp_wr_init_fixed(&w, sig, sizeof(sig));
    is_int(sftp_key_sign(key, sftp_sig_alg_find(sftp_str_of(t[i].alg)), data,
      &w), SFTP_OK, "%s signs", t[i].alg);
    head = w.len - t[i].len;
    for (len = t[i].len - 1; len <= t[i].len + 1; len++) {
      size_t n = wrap(t[i].alg, sig + head, len, other);

      is_int(verify(key, t[i].alg, other, n), len == t[i].len ? SFTP_OK :
        SFTP_ERR_MAC, "... with %lu bytes", (unsigned long) len);
    }

    is_int(verify(key, t[i].alg, sig, 3), SFTP_ERR_SHORT, "... not 3 alone");
  }
}

static void algorithm_key_and_signature_must_agree(void) {
  struct sftp_key *rsa = load("rsa"), *ed = load("ed25519");
  unsigned char sig[BUF_LEN], inner[BUF_LEN];
  struct sftp_wr w;
  size_t n;

  sftp_wr_init_fixed(&w, sig, sizeof(sig));
  ok(sftp_key_sign(rsa, sftp_sig_alg_find(sftp_str_of("rsa-sha2-512")), data,
    &w) == SFTP_OK, "an rsa-sha2-512 signature is made");
  ok(verify(rsa, "rsa-sha2-256", sig, w.len) == SFTP_ERR_FORMAT,
    "it is none of rsa-sha2-256");
  ok(verify(ed, "ssh-ed25519", sig, w.len) == SFTP_ERR_FORMAT,
    "and none of ssh-ed25519");
  ok(verify(ed, "rsa-sha2-512", sig, w.len) == SFTP_ERR_FORMAT,
    "an Ed25519 key verifies no RSA algorithm");
  n = w.len - 4 - 12 - 4;
  memcpy(inner, sig + 20, n);
  n = wrap("rsa-sha2-256", inner, n, sig);
  ok(verify(rsa, "rsa-sha2-256", sig, n) == SFTP_ERR_MAC,
    "a new label does not make it one");
  ok(sftp_key_sign(ed, sftp_sig_alg_find(sftp_str_of("rsa-sha2-512")), data,
    &w) == SFTP_ERR_UNSUPPORTED, "an Ed25519 key does not sign as RSA");
}

static void short_rsa_signatures_are_padded(void) {
  const struct sftp_sig_alg *a = sftp_sig_alg_find(
    sftp_str_of("rsa-sha2-256"));
  struct sftp_key *key = load("rsa");
  unsigned char text[4] = { 0 }, made[BUF_LEN], sig[BUF_LEN];
  struct sftp_wr w;
  size_t len;
  int i;

  /* One signature in 256 begins with a zero byte: find one. */
  for (i = 0; i < 20000; i++) {
    sftp_put_u32(text, (uint32_t) i);
    sftp_wr_init_fixed(&w, made, sizeof(made));
    if (sftp_key_sign(key, a, as_str(text, 4), &w) != SFTP_OK) {
      break;
    }

    if (made[4 + 12 + 4] == 0) {
      break;
    }
  }

  is_int(w.len, 4 + 12 + 4 + 256, "we write signatures at full length");
  is_int(made[20], 0, "one with a leading zero was found");
  len = wrap("rsa-sha2-256", made + 21, 255, sig);
  is_int(sftp_key_verify(key, a, as_str(sig, len), as_str(text, 4)), SFTP_OK,
    "without the zero it verifies (old PuTTYs)");
  made[19] = 0;
  len = wrap("rsa-sha2-256", made + 19, 257, sig);
  is_int(sftp_key_verify(key, a, as_str(sig, len), as_str(text, 4)),
    SFTP_ERR_MAC, "longer than the modulus it does not");
  len = wrap("rsa-sha2-256", "", 0, sig);
  is_int(sftp_key_verify(key, a, as_str(sig, len), as_str(text, 4)),
    SFTP_ERR_MAC, "nor does nothing");
}

/* One number in 256 begins with a zero byte, and one signature in 128 has one
 * that does.
 */
static void short_dsa_numbers_are_padded(void) {
  const struct sftp_sig_alg *a = sftp_sig_alg_find(sftp_str_of("ssh-dss"));
  struct sftp_key *key = load("dsa");
  unsigned char text[4], made[BUF_LEN];
  const size_t head = 4 + 7 + 4, half = 20;
  bool r_short = false, s_short = false;
  unsigned int i, bad = 0;
  struct sftp_wr w;

  for (i = 0; i < 20000 && !(r_short && s_short); i++) {
    sftp_put_u32(text, i);
    sftp_wr_init_fixed(&w, made, sizeof(made));
    bad += sftp_key_sign(key, a, as_str(text, 4), &w) != SFTP_OK ||
      w.len != head + 2 * half ||
      sftp_key_verify(key, a, as_str(made, w.len), as_str(text, 4)) != SFTP_OK;
    r_short |= made[head] == 0;
    s_short |= made[head + half] == 0;
  }

  ok(r_short && s_short, "both numbers of DSA began with a zero byte");
  is_int(bad, 0, "... and have their full length, in signatures that verify");
}

/* k of a signature (r, s) over a text, by somebody who has the key d:
 * (hash + r * d) / s.
 */
static BIGNUM *nonce_of(const struct sftp_key *key, const BIGNUM *order,
    struct sftp_str text, BN_CTX *ctx) {
  unsigned char made[BUF_LEN], hash[64];
  struct sftp_str r, s;
  BIGNUM *d = NULL, *k, *x;
  EVP_PKEY *whole;
  struct sftp_wr w;
  struct sftp_rd in;

  sftp_wr_init_fixed(&w, made, sizeof(made));
  is_int(sftp_key_sign(key, sftp_sig_alg_find(
    sftp_str_of("ecdsa-sha2-nistp521")), text, &w), SFTP_OK, "a signature");
  sftp_rd_init(&in, made, w.len);
  (void) sftp_rd_string(&in);
  (void) sftp_rd_u32(&in);
  r = sftp_rd_string(&in);
  s = sftp_rd_string(&in);
  (void) EVP_Q_digest(NULL, "SHA512", NULL, text.ptr, text.len, hash, NULL);
  whole = sftp_key_unguard(key);
  (void) EVP_PKEY_get_bn_param(whole, OSSL_PKEY_PARAM_PRIV_KEY, &d);
  EVP_PKEY_free(whole);
  k = BN_bin2bn(r.ptr, (int) r.len, NULL);
  x = BN_bin2bn(hash, sizeof(hash), NULL);
  (void) BN_mod_mul(k, k, d, order, ctx);
  (void) BN_mod_add(k, k, x, order, ctx);
  (void) BN_bin2bn(s.ptr, (int) s.len, x);
  (void) BN_mod_inverse(x, x, order, ctx);
  (void) BN_mod_mul(k, k, x, order, ctx);
  BN_free(x);
  BN_clear_free(d);
  return k;
}

/* CVE-2024-31497: nine bits were always 0. */
static void nonces_of_p521_have_all_bits(void) {
  static const char order_hex[] = "01ff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409";
  struct sftp_key *key = load("ecdsa521");
  unsigned char text[4];
  BN_CTX *ctx = BN_CTX_new();
  BIGNUM *order = NULL, *k[64];
  unsigned int i, bit, both = 0, same = 0;

  (void) BN_hex2bn(&order, order_hex);
  for (i = 0; i < SFTP_NELEMS(k); i++) {
    sftp_put_u32(text, i / 2);
    k[i] = nonce_of(key, order, as_str(text, 4), ctx);
    same += i > 0 && BN_cmp(k[i], k[i - 1]) == 0;
  }

  for (bit = 0; bit < 521; bit++) {
    unsigned int set = 0;

    for (i = 0; i < SFTP_NELEMS(k); i++) {
      set += BN_is_bit_set(k[i], (int) bit) != 0;
    }

    /* By chance beyond this: once in 10^12 runs. */
    both += set > 2 && set < SFTP_NELEMS(k) - 2;
  }

  is_int(both, 521, "each bit of 64 nonces is 0 and 1");
  is_int(same, 0, "and no two signatures have the same nonce");
  for (i = 0; i < SFTP_NELEMS(k); i++) {
    BN_clear_free(k[i]);
  }

  BN_free(order);
  BN_CTX_free(ctx);
}

/* s + L for the group order L: the same signature to a careless verifier. */
static void malleated_ed25519_is_refused(void) {
  static const unsigned char order[32] = {
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2,
    0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10
  };
  struct sftp_key *key = load("ed25519");
  unsigned char sig[BUF_LEN], *s;
  unsigned int carry = 0;
  struct sftp_wr w;
  size_t i;

  sftp_wr_init_fixed(&w, sig, sizeof(sig));
  ok(sftp_key_sign(key, sftp_sig_alg_find(sftp_str_of("ssh-ed25519")), data,
    &w) == SFTP_OK, "an Ed25519 signature is made");
  s = sig + 4 + 11 + 4 + 32;
  for (i = 0; i < 32; i++) {
    carry += s[i] + (unsigned int) order[i];
    s[i] = (unsigned char) carry;
    carry >>= 8;
  }

  is_int(verify(key, "ssh-ed25519", sig, w.len), SFTP_ERR_MAC,
    "S + L is refused");
}

static void ecdsa_numbers_out_of_range_are_refused(void) {
  struct sftp_key *key = load("ecdsa256");
  static const char order[] =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  unsigned char *n, inner[256], sig[BUF_LEN], one = 1;
  const struct {
    const void *r, *s;
    size_t r_len, s_len;
  } t[] = {
    { "", &one, 0, 1 }, { &one, "", 1, 0 }, { NULL, &one, 32, 1 },
    { &one, NULL, 1, 32 }, { "", "", 0, 0 }, { NULL, NULL, 32, 32 }
  };
  struct sftp_wr w;
  size_t i, len;

  n = t_hex(order, NULL);
  for (i = 0; i < SFTP_NELEMS(t); i++) {
    sftp_wr_init_fixed(&w, inner, sizeof(inner));
    sftp_wr_mpint(&w, t[i].r != NULL ? t[i].r : n, t[i].r_len);
    sftp_wr_mpint(&w, t[i].s != NULL ? t[i].s : n, t[i].s_len);
    len = wrap("ecdsa-sha2-nistp256", inner, w.len, sig);
    is_int(verify(key, "ecdsa-sha2-nistp256", sig, len), SFTP_ERR_MAC,
      "r of %zu bytes and s of %zu, 0 or the order, are refused",
      t[i].r_len, t[i].s_len);
  }

  free(n);
}

/* RFC 8032, section 7.1, tests 1 to 3, and SHA(abc). */
static void ed25519_has_the_vectors_of_rfc_8032(void) {
  static const struct {
    const char *pub, *msg, *sig;
  } t[] = {
    { "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
      "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
    { "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
    { "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
  };
  unsigned char blob[128], sig[BUF_LEN], *pub, *msg, *raw;
  struct sftp_key *key;
  struct sftp_wr w;
  size_t i, len, msg_len;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    pub = t_hex(t[i].pub, NULL);
    msg = t_hex(t[i].msg, &msg_len);
    raw = t_hex(t[i].sig, NULL);
    sftp_wr_init_fixed(&w, blob, sizeof(blob));
    sftp_wr_text(&w, "ssh-ed25519");
    sftp_wr_string(&w, pub, 32);
    len = wrap("ssh-ed25519", raw, 64, sig);
    ok(sftp_key_from_blob(top, sftp_wr_get(&w), &key) == SFTP_OK &&
      sftp_key_verify(key, sftp_sig_alg_find(sftp_str_of("ssh-ed25519")),
        as_str(sig, len), as_str(msg, msg_len)) == SFTP_OK,
      "RFC 8032, test %zu verifies", i + 1);
    free(pub);
    free(msg);
    free(raw);
  }
}

/* ---- What is known of a key */

/* ---- Signatures of files: OpenSSH's PROTOCOL.sshsig */

/* The bytes of a signature's armour, whose lines have 70 columns at most. */
static struct sftp_str sshsig_bytes(const char *text) {
  static const char begin[] = "-----BEGIN SSH SIGNATURE-----\n",
    end[] = "-----END SSH SIGNATURE-----\n";
  const char *to = text + strlen(text) - strlen(end), *from, *line;
  char *packed = pcalloc(top, strlen(text));
  struct sftp_str bytes = { NULL, 0 };

  ok(strncmp(text, begin, strlen(begin)) == 0 && strcmp(to, end) == 0,
    "the signature has its armour");
  for (from = text + strlen(begin); from < to; from = line + 1) {
    line = strchr(from, '\n');
    if (line - from > 70 || (line - from < 70 && line + 1 != to)) {
      ok(false, "a line has %ld columns", (long) (line - from));
    }

    strncat(packed, from, (size_t) (line - from));
  }

  ok(sftp_base64_decode(top, sftp_str_of(packed), &bytes) == SFTP_OK,
    "... with base64 inside");
  return bytes;
}

static void files_are_signed(const char *name, const char *alg_name) {
  struct sftp_key *key = load(name);
  const struct sftp_sig_alg *alg = sftp_sshsig_alg(key);
  const char *armored = "";
  unsigned char md[64];
  struct sftp_str sig;
  struct sftp_rd r;
  struct sftp_wr w;

  is_str(alg != NULL ? alg->alg.name : NULL, alg_name, "%s signs files",
    name);
  is_int(sftp_sshsig(top, key, "file", data, &armored), SFTP_OK, "... does");
  sftp_rd_init_str(&r, sshsig_bytes(armored));
  ok(memcmp(sftp_rd_bytes(&r, 6).ptr, "SSHSIG", 6) == 0 &&
    sftp_rd_u32(&r) == 1, "... in version 1");
  ok(sftp_str_same(sftp_rd_string(&r), key->blob), "... names its key");
  ok(sftp_str_is(sftp_rd_string(&r), "file") &&
    sftp_rd_string(&r).len == 0 && sftp_str_is(sftp_rd_string(&r), "sha512"),
    "... the name space, and the digest");
  sig = sftp_rd_string(&r);
  is_int(sftp_rd_end(&r), SFTP_OK, "... and nothing else");

  (void) EVP_Q_digest(NULL, "SHA512", NULL, data.ptr, data.len, md, NULL);
  sftp_wr_init(&w, top, 256, 1024);
  sftp_wr_bytes(&w, "SSHSIG\0\0\0\4file\0\0\0\0\0\0\0\6sha512", 28);
  sftp_wr_string(&w, md, sizeof(md));
  is_int(alg != NULL ? sftp_key_verify(key, alg, sig, sftp_wr_get(&w)) : -1,
    SFTP_OK, "... and the signature is right");
}

static void other_keys_sign_no_files(void) {
  static const char *const names[] = { "dsa", "ed448" };
  const char *armored;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    struct sftp_key *key = load(names[i]);

    ok(sftp_sshsig_alg(key) == NULL, "%s signs no files", names[i]);
    is_int(sftp_sshsig(top, key, "file", data, &armored),
      SFTP_ERR_UNSUPPORTED, "... not at all");
  }

  is_int(sftp_sshsig(top, load("ed25519"), memset(pcalloc(top, 16385), 'x',
    16384), data, &armored), SFTP_ERR_LIMIT, "name spaces have a limit");
}

static void keys_know_their_size_and_fingerprint(void) {
  struct sftp_key *rsa = load("rsa"), *ed = load("ed25519"), *again;

  is_int(sftp_key_bits(rsa), 2048, "the RSA key has 2048 bits");
  is_int(sftp_key_bits(load("rsa-pkcs1")), 3072, "the other one has 3072");
  is_int(sftp_key_bits(ed), 256, "Ed25519 has 256");
  is_int(sftp_key_bits(load("ecdsa384")), 384, "nistp384 has 384");
  is_int(sftp_key_bits(load("ecdsa521")), 521, "nistp521 has 521");
  ok(sftp_key_from_blob(top, rsa->blob, &again) == SFTP_OK &&
    sftp_key_same(rsa, again), "a key is the same as its public part");
  ok(!sftp_key_same(rsa, load("rsa-pkcs1")) && !sftp_key_same(rsa, ed),
    "and as no other");
  ok(sftp_key_fingerprint(top, rsa->blob, "no-such-digest", true) == NULL,
    "an unknown digest gives no fingerprint");
  is_str(sftp_key_fingerprint(top, as_str("abc", 3), "MD5", true),
    "90:01:50:98:3c:d2:4f:b0:d6:96:3f:7d:28:e1:7f:72", "MD5 in hex");
  is_str(sftp_key_fingerprint(top, as_str("abc", 3), "SHA256", false),
    "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0", "SHA256 in base64");
}

static void every_signature_algorithm_has_its_type(void) {
  const struct sftp_sig_alg *a;
  const struct sftp_key_type *t;

  for (a = sftp_sig_algs; a->alg.name != NULL; a++) {
    for (t = sftp_key_types; t->name != NULL &&
         strcmp(t->name, a->key_type) != 0; t++) {
      ;
    }

    ok(t->name != NULL, "%s signs with a key type that exists", a->alg.name);
    ok(sftp_sig_is_usable(&a->alg) == (t->needs == NULL ||
      sftp_crypto_has_key(t->needs)), "and is usable where libcrypto has it");
  }
}

/* ---- The other side: ssh-keygen, when it is installed */

static void keys_of_ssh_keygen_are_read(void) {
  static const char *const make[][2] = {
    { "ssh-ed25519", "-t ed25519" },
    { "ecdsa-sha2-nistp521", "-t ecdsa -b 521" },
    { "ssh-rsa", "-t rsa -b 2048" }, { "ssh-rsa", "-t rsa -b 2048 -m PKCS8" }
  };
  char dir[] = "/tmp/keys-t.XXXXXX";
  size_t i;

  if (system("ssh-keygen -Q sig >/dev/null 2>&1; test $? -ne 127") != 0 ||
      mkdtemp(dir) == NULL) {
    skip("no ssh-keygen here");
    return;
  }

  for (i = 0; i < SFTP_NELEMS(make); i++) {
    const char *cmd = pstrcat(top, "ssh-keygen -q -a 2 ", make[i][1], " -N '",
      PASSPHRASE, "' -f ", dir, "/k </dev/null", NULL);
    struct sftp_key *key = NULL;
    struct sftp_str blob;
    const char *why = "not made";

    if (system(cmd) == 0 && sftp_key_from_file(top, slurp(pstrcat(top, dir,
        "/k", NULL)), PASSPHRASE, &key, &why) == SFTP_OK) {
      blob = public_blob(slurp(pstrcat(top, dir, "/k.pub", NULL)));
      ok(sftp_str_same(key->blob, blob) &&
        strcmp(key->type->name, make[i][0]) == 0, "ssh-keygen %s is read",
        make[i][1]);
    } else {
      ok(false, "ssh-keygen %s: %s", make[i][1], why);
    }

    unlink(pstrcat(top, dir, "/k", NULL));
    unlink(pstrcat(top, dir, "/k.pub", NULL));
  }

  rmdir(dir);
}

int main(void) {
  init_pools();
  top = make_sub_pool(permanent_pool);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto");
  }

  private_key_files_of_every_form_are_read();
  unusable_files_say_what_is_wrong();
  damaged_openssh_files_are_refused("ed25519");
  padding_is_checked("ed25519");
  damaged_openssh_files_are_refused("ecdsa256");
  damaged_openssh_files_are_refused("rsa");
  damaged_openssh_files_are_refused("ed448");
  damaged_openssh_files_are_refused("dsa");
  damaged_pem_files_are_survived("ecdsa384-sec1", 1);
  damaged_pem_files_are_survived("rsa-pkcs1", 29);
  damaged_pem_files_are_survived("rsa-pkcs8", 29);
  damaged_pem_files_are_survived("rsa-pkcs1-aes", 29);
  private_and_public_part_must_belong_together();
  armour_is_whole();
  heads_of_encrypted_files_are_checked();
  passphrases_may_be_long();
  fips_approves_of_few_types();
  bcrypt_pbkdf_gives_the_published_keys();

  blobs_are_read_whole_or_not_at_all("ed25519");
  blobs_are_read_whole_or_not_at_all("ecdsa256");
  blobs_are_read_whole_or_not_at_all("ecdsa384");
  blobs_are_read_whole_or_not_at_all("ecdsa521");
  blobs_are_read_whole_or_not_at_all("rsa");
  blobs_are_read_whole_or_not_at_all("ed448");
  blobs_are_read_whole_or_not_at_all("dsa");
  impossible_rsa_keys_are_refused();
  impossible_points_are_refused();
  impossible_ed25519_keys_are_refused();
  impossible_ed448_keys_are_refused();
  ed448_has_the_vector_of_rfc_8032();
  impossible_dsa_keys_are_refused();
  sizes_are_refused_as_such();
  unknown_types_are_refused();
  long_blobs_are_refused();

  signatures_verify_and_nothing_else_does("ed25519", "ssh-ed25519");
  signatures_verify_and_nothing_else_does("ecdsa256", "ecdsa-sha2-nistp256");
  signatures_verify_and_nothing_else_does("ecdsa384", "ecdsa-sha2-nistp384");
  signatures_verify_and_nothing_else_does("ecdsa521", "ecdsa-sha2-nistp521");
  signatures_verify_and_nothing_else_does("rsa", "rsa-sha2-256");
  signatures_verify_and_nothing_else_does("rsa", "rsa-sha2-512");
  signatures_verify_and_nothing_else_does("rsa", "ssh-rsa");
  signatures_verify_and_nothing_else_does("ed448", "ssh-ed448");
  signatures_verify_and_nothing_else_does("ed448-pkcs8", "ssh-ed448");
  signatures_verify_and_nothing_else_does("dsa", "ssh-dss");
  signatures_have_their_length();
  algorithm_key_and_signature_must_agree();
  short_rsa_signatures_are_padded();
  short_dsa_numbers_are_padded();
  nonces_of_p521_have_all_bits();
  malleated_ed25519_is_refused();
  ecdsa_numbers_out_of_range_are_refused();
  ed25519_has_the_vectors_of_rfc_8032();

  files_are_signed("ed25519", "ssh-ed25519");
  files_are_signed("ecdsa256", "ecdsa-sha2-nistp256");
  files_are_signed("ecdsa384", "ecdsa-sha2-nistp384");
  files_are_signed("ecdsa521", "ecdsa-sha2-nistp521");
  files_are_signed("rsa", "rsa-sha2-512");
  other_keys_sign_no_files();
  keys_know_their_size_and_fingerprint();
  every_signature_algorithm_has_its_type();
  keys_of_ssh_keygen_are_read();

  destroy_pool(top);
  sftp_crypto_free();
  free_pools();
  return done_testing();
}
