/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* krl.c -- key revocation lists (PROTOCOL.krl of OpenSSH). */

#include <openssl/err.h>

#include "keyfile.h"
#include "keys-int.h"
#include "krl.h"

#define KRL_MAGIC 0x5353484b524c0a00ULL
#define KRL_FORMAT_VERSION 1

#define KRL_SECTION_CERTIFICATES 1
#define KRL_SECTION_EXPLICIT_KEY 2
#define KRL_SECTION_FINGERPRINT_SHA1 3
#define KRL_SECTION_SIGNATURE 4
#define KRL_SECTION_FINGERPRINT_SHA256 5
#define KRL_SECTION_EXTENSION 255

#define KRL_SECTION_CERT_SERIAL_LIST 0x20
#define KRL_SECTION_CERT_SERIAL_RANGE 0x21
#define KRL_SECTION_CERT_SERIAL_BITMAP 0x22
#define KRL_SECTION_CERT_KEY_ID 0x23
#define KRL_SECTION_CERT_EXTENSION 0x39

#define SHA1_LEN 20
#define SHA256_LEN 32

/* The key to look up, with its hashes. */
struct wanted {
  struct sftp_str blob;
  unsigned char sha1[SHA1_LEN], sha256[SHA256_LEN];
  const char *what;             /* "the key", for the log */
};

#define MAX_WANTED 3

struct walk {
  pool *pool;
  const struct sftp_cert *cert;
  struct wanted keys[MAX_WANTED];
  unsigned int nkeys;
  const char *found;            /* the reason, once there is one */
  const char *why;              /* what is wrong with the list */
};

static void note_found(struct walk *w, const char *how, const char *what) {
  if (w->found == NULL) {
    w->found = sftp_key_why(w->pool, "%s is revoked by %s", what, how);
  }
}

static bool digest(const char *name, struct sftp_str data, unsigned char *md,
    size_t len) {
  size_t n = len;
  bool good = EVP_Q_digest(NULL, name, NULL, data.ptr, data.len, md, &n) == 1 &&
    n == len;

  ERR_clear_error();
  return good;
}

static int want(struct walk *w, struct sftp_str blob, const char *what) {
  struct wanted *k = &w->keys[w->nkeys++];

  k->blob = blob;
  k->what = what;
  return digest("SHA1", blob, k->sha1, SHA1_LEN) &&
    digest("SHA256", blob, k->sha256, SHA256_LEN) ? SFTP_OK : SFTP_ERR_CRYPTO;
}

/* ---- Sections of keys */

static int read_keys(struct walk *w, struct sftp_rd *r) {
  unsigned int i;

  do {
    struct sftp_str blob = sftp_rd_string(r);

    for (i = 0; i < w->nkeys && sftp_rd_ok(r) == SFTP_OK; i++) {
      if (sftp_str_same(blob, w->keys[i].blob)) {
        note_found(w, "its key", w->keys[i].what);
      }
    }
  } while (sftp_rd_ok(r) == SFTP_OK && r->left > 0);

  return sftp_rd_end(r);
}

static int read_hashes(struct walk *w, struct sftp_rd *r, size_t len) {
  unsigned int i;

  do {
    struct sftp_str md = sftp_rd_string(r);

    if (md.len != len) {
      sftp_rd_fail(r, SFTP_ERR_FORMAT);
    }

    for (i = 0; i < w->nkeys && sftp_rd_ok(r) == SFTP_OK; i++) {
      if (memcmp(md.ptr, len == SHA1_LEN ? w->keys[i].sha1 :
          w->keys[i].sha256, len) == 0) {
        note_found(w, len == SHA1_LEN ? "its SHA-1 fingerprint" :
          "its SHA-256 fingerprint", w->keys[i].what);
      }
    }
  } while (sftp_rd_ok(r) == SFTP_OK && r->left > 0);

  return sftp_rd_end(r);
}

/* ---- Extensions: there are none that must be understood */

static int read_extension(struct walk *w, struct sftp_rd *r) {
  struct sftp_str name = sftp_rd_string(r);
  bool critical = sftp_rd_bool(r);
  int res;

  (void) sftp_rd_string(r);
  res = sftp_rd_end(r);
  if (res == SFTP_OK && critical) {
    char text[80];

    w->why = sftp_key_why(w->pool, "its extension '%s' is critical and not "
      "known here", sftp_escape(text, sizeof(text), name.ptr, name.len));
    return SFTP_ERR_UNSUPPORTED;
  }

  return res;
}

/* ---- Sections of certificates */

/* mine: the section concerns the authority of the certificate in question. */
static void found_serial(struct walk *w, bool mine, uint64_t low,
    uint64_t high) {
  if (mine && w->cert->serial >= low && w->cert->serial <= high) {
    note_found(w, "its serial number", "the certificate");
  }
}

static int read_serials(struct walk *w, struct sftp_rd *r, bool mine) {
  do {
    uint64_t serial = sftp_rd_u64(r);

    if (sftp_rd_ok(r) == SFTP_OK) {
      found_serial(w, mine, serial, serial);
    }
  } while (sftp_rd_ok(r) == SFTP_OK && r->left > 0);

  return sftp_rd_end(r);
}

static int read_range(struct walk *w, struct sftp_rd *r, bool mine) {
  uint64_t low = sftp_rd_u64(r), high = sftp_rd_u64(r);
  int res = sftp_rd_end(r);

  if (res == SFTP_OK && low > high) {
    return SFTP_ERR_FORMAT;
  }

  if (res == SFTP_OK) {
    found_serial(w, mine, low, high);
  }

  return res;
}

/* The bitmap is a number: its last bit stands for the serial `first'.  It has
 * its own rules for length, so that it is no mpint of wire.h.
 */
static int read_bitmap(struct walk *w, struct sftp_rd *r, bool mine) {
  uint64_t first = sftp_rd_u64(r), n;
  struct sftp_str bits = sftp_rd_string(r);
  int res = sftp_rd_end(r);

  if (res != SFTP_OK) {
    return res;
  }

  /* Not negative. */
  if (bits.len > 0 && (bits.ptr[0] & 0x80) != 0) {
    return SFTP_ERR_FORMAT;
  }

  while (bits.len > 0 && bits.ptr[0] == 0) {
    bits.ptr++;
    bits.len--;
  }

  if (bits.len > 0 && first + (bits.len * 8 - 8) < first) {
    return SFTP_ERR_FORMAT;
  }

  if (mine && w->cert->serial >= first) {
    n = w->cert->serial - first;
    if (n / 8 < bits.len &&
        (bits.ptr[bits.len - 1 - n / 8] & (1U << (n % 8))) != 0) {
      note_found(w, "its serial number", "the certificate");
    }
  }

  return SFTP_OK;
}

static int read_key_ids(struct walk *w, struct sftp_rd *r, bool mine) {
  do {
    struct sftp_str id = sftp_rd_string(r);

    if (sftp_rd_ok(r) == SFTP_OK && mine && sftp_str_is(id, w->cert->key_id)) {
      note_found(w, "its key id", "the certificate");
    }
  } while (sftp_rd_ok(r) == SFTP_OK && r->left > 0);

  return sftp_rd_end(r);
}

static int read_cert_section(struct walk *w, unsigned int type,
    struct sftp_rd *r, bool mine) {
  switch (type) {
    case KRL_SECTION_CERT_SERIAL_LIST:
      return read_serials(w, r, mine);

    case KRL_SECTION_CERT_SERIAL_RANGE:
      return read_range(w, r, mine);

    case KRL_SECTION_CERT_SERIAL_BITMAP:
      return read_bitmap(w, r, mine);

    case KRL_SECTION_CERT_KEY_ID:
      return read_key_ids(w, r, mine);

    case KRL_SECTION_CERT_EXTENSION:
      return read_extension(w, r);

    default:
      w->why = sftp_key_why(w->pool, "a section of certificates has the "
        "unknown type %u", type);
      return SFTP_ERR_UNSUPPORTED;
  }
}

static int read_certs(struct walk *w, struct sftp_rd *r) {
  struct sftp_str ca = sftp_rd_string(r);
  bool mine = w->cert != NULL && (ca.len == 0 ||
    sftp_str_same(ca, w->cert->ca->blob));
  int res;

  (void) sftp_rd_string(r);     /* reserved */
  res = sftp_rd_ok(r);
  while (res == SFTP_OK && r->left > 0) {
    unsigned int type = sftp_rd_u8(r);
    struct sftp_rd sub;

    sftp_rd_init_str(&sub, sftp_rd_string(r));
    res = sftp_rd_ok(r);
    if (res == SFTP_OK) {
      res = read_cert_section(w, type, &sub, mine);
    }
  }

  return res;
}

/* ---- The whole */

/* A signature on a list must be valid, otherwise the list is damaged.  It does
 * not matter whose it is: the list is the administrator's own file.
 */
static int read_signature(struct walk *w, struct sftp_str list,
    struct sftp_rd *r) {
  struct sftp_str blob = sftp_rd_string(r), sig, text = list, name;
  const struct sftp_sig_alg *alg;
  struct sftp_key *key;
  struct sftp_rd inner;
  int res;

  text.len = (size_t) (r->ptr - list.ptr);
  sig = sftp_rd_string(r);
  res = sftp_rd_ok(r);
  if (res != SFTP_OK) {
    return res;
  }

  w->why = "its signature does not verify";
  res = sftp_key_from_blob(w->pool, blob, &key);
  if (res != SFTP_OK) {
    return res;
  }

  sftp_rd_init_str(&inner, sig);
  name = sftp_rd_string(&inner);
  alg = sftp_sig_alg_find(name);
  return alg != NULL && (alg->alg.flags & ALG_DEFAULT) != 0 ?
    sftp_key_verify(key, alg, sig, text) : SFTP_ERR_UNSUPPORTED;
}

static int read_section(struct walk *w, struct sftp_str data,
    unsigned int type) {
  struct sftp_rd r;

  sftp_rd_init_str(&r, data);
  switch (type) {
    case KRL_SECTION_CERTIFICATES:
      return read_certs(w, &r);

    case KRL_SECTION_EXPLICIT_KEY:
      return read_keys(w, &r);

    case KRL_SECTION_FINGERPRINT_SHA1:
      return read_hashes(w, &r, SHA1_LEN);

    case KRL_SECTION_FINGERPRINT_SHA256:
      return read_hashes(w, &r, SHA256_LEN);

    case KRL_SECTION_EXTENSION:
      return read_extension(w, &r);

    default:
      w->why = sftp_key_why(w->pool, "a section has the unknown type %u",
        type);
      return SFTP_ERR_UNSUPPORTED;
  }
}

static int read_krl(struct walk *w, struct sftp_str list) {
  bool is_signed = false;
  struct sftp_rd r;
  int res;

  sftp_rd_init_str(&r, list);
  (void) sftp_rd_u64(&r);       /* magic: already checked */
  if (sftp_rd_u32(&r) != KRL_FORMAT_VERSION) {
    sftp_rd_fail(&r, SFTP_ERR_FORMAT);
  }

  (void) sftp_rd_u64(&r);       /* its own version */
  (void) sftp_rd_u64(&r);       /* made when */
  (void) sftp_rd_u64(&r);       /* flags: none exist */
  (void) sftp_rd_string(&r);    /* reserved */
  (void) sftp_rd_string(&r);    /* comment */
  res = sftp_rd_ok(&r);
  while (res == SFTP_OK && r.left > 0) {
    unsigned int type = sftp_rd_u8(&r);

    if (type == KRL_SECTION_SIGNATURE) {
      is_signed = true;
      res = read_signature(w, list, &r);

    } else {
      struct sftp_str data = sftp_rd_string(&r);

      /* Nothing may follow what the signatures cover. */
      res = is_signed ? SFTP_ERR_FORMAT : sftp_rd_ok(&r);
      if (res == SFTP_OK) {
        res = read_section(w, data, type);
      }
    }
  }

  return res;
}

/* A list of keys: a line that is not a key may have been meant as one, so it
 * makes the list unusable.
 */
static int read_plain(struct walk *w, struct sftp_str list) {
  struct sftp_keyfile f;
  struct sftp_keyfile_entry e;
  unsigned int i;

  sftp_keyfile_init(&f, w->pool, list);
  while (sftp_keyfile_next(&f, &e)) {
    for (i = 0; i < w->nkeys; i++) {
      if (sftp_str_same(e.blob, w->keys[i].blob)) {
        note_found(w, sftp_key_why(w->pool, "line %u", e.line),
          w->keys[i].what);
      }
    }
  }

  if (f.nbroken > 0) {
    w->why = sftp_key_why(w->pool, "line %u: %s", f.broken_line,
      f.broken_why);
    return SFTP_ERR_FORMAT;
  }

  return SFTP_OK;
}

static bool is_krl(struct sftp_str list) {
  return list.len >= 8 && sftp_get_u64(list.ptr) == KRL_MAGIC;
}

int sftp_krl_check(pool *p, struct sftp_str list, struct sftp_str key,
    const struct sftp_cert *cert, const char **why) {
  struct walk w;
  int res = SFTP_OK;

  memset(&w, 0, sizeof(w));
  w.pool = p;
  w.cert = cert;
  if (key.ptr != NULL) {
    res = want(&w, key, "the key");
  }

  if (res == SFTP_OK && cert != NULL) {
    res = want(&w, cert->ca->blob, "the authority");
  }

  if (res == SFTP_OK && cert != NULL) {
    res = want(&w, cert->blob, "the certificate");
  }

  if (res == SFTP_OK) {
    res = is_krl(list) ? read_krl(&w, list) : read_plain(&w, list);
  }

  if (res != SFTP_OK) {
    *why = w.why != NULL ? w.why : "it is damaged";
    return res == SFTP_ERR_DENIED ? SFTP_ERR_FORMAT : res;
  }

  *why = w.found;
  return w.found != NULL ? SFTP_ERR_DENIED : SFTP_OK;
}
