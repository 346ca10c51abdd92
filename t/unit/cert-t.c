/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* Security keys, certificates, forced commands.  The device is a software one:
 * it signs with keys of t/data/keys.
 */

#include "alg-table.h"
#include "cert.h"
#include "crypto.h"
#include "forced.h"
#include "keyfile.h"
#include "settings.h"
#include "tap.h"

static pool *top;
static struct sftp_key *ed, *rsa, *ec, *dsa;
static const char *algs;        /* of authorities */

static const struct sftp_str data = {
  (const unsigned char *) "what is signed", 14
};

static struct sftp_str as_str(const void *p, size_t n) {
  struct sftp_str s = { p, n };

  return s;
}

static struct sftp_key *load(const char *name) {
  const char *dir = getenv("srcdir"), *why = NULL;
  const char *path = pstrcat(top, dir != NULL ? dir : ".", "/t/data/keys/",
    name, NULL);
  unsigned char *bytes = palloc(top, 65536);
  struct sftp_key *key;
  FILE *f = fopen(path, "rb");
  size_t n;

  if (f == NULL) {
    bail_out("cannot read %s", path);
  }

  n = fread(bytes, 1, 65536, f);
  fclose(f);
  if (sftp_key_from_file(top, as_str(bytes, n), NULL, &key, &why) != SFTP_OK) {
    bail_out("cannot load %s: %s", path, why);
  }

  return key;
}

/* The bytes of a signature without its name. */
static struct sftp_str inner_sig(const struct sftp_key *key, const char *alg,
    struct sftp_str text) {
  struct sftp_wr w;
  struct sftp_rd r;

  sftp_wr_init(&w, top, 512, 8192);
  if (sftp_key_sign(key, sftp_sig_alg_find(sftp_str_of(alg)), text,
      &w) != SFTP_OK) {
    bail_out("cannot sign with %s", alg);
  }

  sftp_rd_init_str(&r, sftp_wr_get(&w));
  (void) sftp_rd_string(&r);
  return sftp_rd_string(&r);
}

static struct sftp_str sha256(struct sftp_str text) {
  unsigned char *md = palloc(top, 32);
  size_t len = 32;

  if (EVP_Q_digest(NULL, "SHA256", NULL, text.ptr, text.len, md, &len) != 1) {
    bail_out("no SHA-256");
  }

  return as_str(md, len);
}

/* ---- Security keys */

#define SK_ED "sk-ssh-ed25519@openssh.com"
#define SK_EC "sk-ecdsa-sha2-nistp256@openssh.com"
#define WEBAUTHN "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"

/* The public fields of a bare key behind another type's name. */
static void put_fields(struct sftp_wr *w, const struct sftp_key *key) {
  struct sftp_rd r;
  struct sftp_str rest;

  sftp_rd_init_str(&r, key->blob);
  (void) sftp_rd_string(&r);
  rest = sftp_rd_rest(&r);
  sftp_wr_bytes(w, rest.ptr, rest.len);
}

static struct sftp_str sk_blob(const struct sftp_key *plain,
    const char *type, const char *application) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 256, 4096);
  sftp_wr_text(&w, type);
  put_fields(&w, plain);
  sftp_wr_text(&w, application);
  return sftp_wr_get(&w);
}

struct device {
  const struct sftp_key *plain;
  const char *plain_alg, *application;
  unsigned int flags;
  uint32_t counter;
  const char *extensions;
};

static struct sftp_str device_signs(const struct device *d,
    struct sftp_str hash) {
  struct sftp_str app = sha256(sftp_str_of(d->application));
  struct sftp_wr w;

  sftp_wr_init(&w, top, 256, 4096);
  sftp_wr_bytes(&w, app.ptr, app.len);
  sftp_wr_u8(&w, (uint8_t) d->flags);
  sftp_wr_u32(&w, d->counter);
  sftp_wr_bytes(&w, d->extensions, strlen(d->extensions));
  sftp_wr_bytes(&w, hash.ptr, hash.len);
  return inner_sig(d->plain, d->plain_alg, sftp_wr_get(&w));
}

static struct sftp_str sk_sig(const struct device *d, const char *alg) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 256, 4096);
  sftp_wr_text(&w, alg);
  sftp_wr_str(&w, device_signs(d, sha256(data)));
  sftp_wr_u8(&w, (uint8_t) d->flags);
  sftp_wr_u32(&w, d->counter);
  return sftp_wr_get(&w);
}

static struct sftp_str web_sig(const struct device *d, const char *origin,
    const char *client_data) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 256, 128 * 1024);
  sftp_wr_text(&w, WEBAUTHN);
  sftp_wr_str(&w, device_signs(d, sha256(sftp_str_of(client_data))));
  sftp_wr_u8(&w, (uint8_t) d->flags);
  sftp_wr_u32(&w, d->counter);
  sftp_wr_text(&w, origin);
  sftp_wr_text(&w, client_data);
  sftp_wr_text(&w, d->extensions);
  return sftp_wr_get(&w);
}

static struct sftp_key *key_of(struct sftp_str blob) {
  struct sftp_key *key = NULL;

  if (sftp_key_from_blob(top, blob, &key) != SFTP_OK) {
    bail_out("cannot read a key of the test");
  }

  return key;
}

static int check(struct sftp_key *key, const char *alg, struct sftp_str sig,
    struct sftp_sig_info *info) {
  unsigned char *copy = t_exact_copy(sig.ptr, sig.len);
  int res = sftp_key_verify_info(key, sftp_sig_alg_find(sftp_str_of(alg)),
    as_str(copy, sig.len), data, info);

  free(copy);
  return res;
}

static void damaged_signatures(struct sftp_key *key, const char *alg,
    struct sftp_str sig) {
  struct sftp_sig_info info;
  unsigned char *copy = palloc(top, sig.len + 1);
  size_t n, good = 0;
  unsigned int bit;

  for (n = 0; n < sig.len; n++) {
    good += check(key, alg, as_str(sig.ptr, n), &info) == SFTP_OK;
  }

  is_int(good, 0, "%s: no prefix of a signature verifies", alg);
  memcpy(copy, sig.ptr, sig.len);
  copy[sig.len] = 0;
  ok(check(key, alg, as_str(copy, sig.len + 1), &info) != SFTP_OK,
    "%s: nor one byte more", alg);
  for (n = 0; n < sig.len; n++) {
    for (bit = 0; bit < 8; bit++) {
      copy[n] ^= (unsigned char) (1 << bit);
      good += check(key, alg, as_str(copy, sig.len), &info) == SFTP_OK;
      copy[n] ^= (unsigned char) (1 << bit);
    }
  }

  is_int(good, 0, "%s: nor any flipped bit", alg);
}

static void security_keys_verify(const struct sftp_key *plain,
    const char *plain_alg, const char *type) {
  struct device d = { plain, plain_alg, "ssh:", 1, 77, "" };
  struct sftp_key *key = key_of(sk_blob(plain, type, "ssh:"));
  const struct sftp_sig_alg *alg = sftp_sig_alg_find(sftp_str_of(type));
  struct sftp_sig_info info;

  ok(sftp_key_is_sk(key) && !sftp_key_is_sk(plain) &&
    sftp_key_bits(key) == 256, "%s: it is a security key", type);
  is_int(check(key, type, sk_sig(&d, type), &info), SFTP_OK,
    "%s: its signature verifies", type);
  ok(info.touched && !info.verified && info.counter == 77,
    "%s: touched, by somebody", type);
  is_int(sftp_key_verify(key, alg, sk_sig(&d, type), data), SFTP_OK,
    "%s: that is enough if nobody asks", type);

  d.flags = 5;
  ok(check(key, type, sk_sig(&d, type), &info) == SFTP_OK && info.verified,
    "%s: by somebody known", type);
  d.flags = 0;
  ok(check(key, type, sk_sig(&d, type), &info) == SFTP_OK && !info.touched,
    "%s: by nobody", type);
  is_int(sftp_key_verify(key, alg, sk_sig(&d, type), data), SFTP_ERR_DENIED,
    "%s: which is not enough if nobody asks", type);
  d.flags = 1;
  d.application = "ssh:other";
  is_int(check(key, type, sk_sig(&d, type), &info), SFTP_ERR_MAC,
    "%s: what was signed for another application does not verify", type);
  d.application = "ssh:";
  ok(check(key, type, sk_sig(&d, plain_alg), &info) != SFTP_OK,
    "%s: a plain key's name is refused", type);
  damaged_signatures(key, type, sk_sig(&d, type));
}

static void security_key_blobs_are_read_whole(const struct sftp_key *plain,
    const char *type) {
  struct sftp_str blob = sk_blob(plain, type, "ssh:");
  struct sftp_key *key;
  size_t n, good = 0;
  unsigned char *more = palloc(top, blob.len + 1);

  for (n = 0; n < blob.len; n++) {
    unsigned char *copy = t_exact_copy(blob.ptr, n);

    good += sftp_key_from_blob(top, as_str(copy, n), &key) == SFTP_OK;
    free(copy);
  }

  memcpy(more, blob.ptr, blob.len);
  more[blob.len] = 0;
  good += sftp_key_from_blob(top, as_str(more, blob.len + 1),
    &key) == SFTP_OK;
  is_int(good, 0, "%s: neither less nor more is a key", type);
}

#define DATA_64 "d2hhdCBpcyBzaWduZWQ"   /* of the data, as in URLs */
#define BEGIN "{\"type\":\"webauthn.get\",\"challenge\":\"" DATA_64 \
  "\",\"origin\":\"https://here.example\""

static const char *text_of(const char *origin) {
  return pstrcat(top, "{\"type\":\"webauthn.get\",\"challenge\":\"" DATA_64
    "\",\"origin\":\"", origin, "\"}", NULL);
}

/* What a browser signs for here.example, of that length. */
static const char *data_of(size_t len) {
  char *text = palloc(top, len + 1);

  memset(text, ' ', len);
  memcpy(text, BEGIN ",", sizeof(BEGIN));
  text[len] = '\0';
  return text;
}

static void browsers_sign(void) {
  static const char origin[] = "https://here.example";
  static const struct {
    const char *origin, *text, *what;
  } bad[] = {
    { origin, "{\"type\":\"webauthn.get\",\"challenge\":\"AAAA\",\"origin\":"
      "\"https://here.example\"}", "other data" },
    { "https://there.example", BEGIN "}", "another origin" },
    { origin, "{\"type\":\"webauthn.create\",\"challenge\":\"" DATA_64
      "\",\"origin\":\"https://here.example\"}", "another purpose" },
    { origin, BEGIN, "no end" },
    { origin, BEGIN "x", "another end" },
    { "a\",\"b\":\"c", "{\"type\":\"webauthn.get\",\"challenge\":\"" DATA_64
      "\",\"origin\":\"a\",\"b\":\"c\"}", "an origin that ends early" },
    { origin, "", "nothing" }
  };
  struct device d = { ec, "ecdsa-sha2-nistp256", "here.example", 5, 9, "" };
  struct sftp_key *key = key_of(sk_blob(ec, SK_EC, "here.example"));
  struct sftp_sig_info info;
  char large[1026] = "";
  size_t i;

  is_int(check(key, WEBAUTHN, web_sig(&d, origin, BEGIN "}"), &info), SFTP_OK,
    "a browser's signature verifies");
  ok(info.touched && info.verified && info.counter == 9, "with its flags");
  is_int(check(key, WEBAUTHN, web_sig(&d, origin,
    BEGIN ",\"crossOrigin\":false}"), &info), SFTP_OK, "with more behind it");
  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    is_int(check(key, WEBAUTHN, web_sig(&d, bad[i].origin, bad[i].text),
      &info), SFTP_ERR_MAC, "not with %s", bad[i].what);
  }

  d.flags = 0x85;
  d.extensions = "ext";
  is_int(check(key, WEBAUTHN, web_sig(&d, origin, BEGIN "}"), &info), SFTP_OK,
    "extensions are signed, too");
  memset(large, 'x', sizeof(large) - 1);
  d.extensions = large;
  is_int(check(key, WEBAUTHN, web_sig(&d, origin, BEGIN "}"), &info),
    SFTP_ERR_LIMIT, "not 1,025 bytes of them");
  d.extensions = large + 1;
  is_int(check(key, WEBAUTHN, web_sig(&d, origin, BEGIN "}"), &info), SFTP_OK,
    "but 1,024");
  d.extensions = "";
  d.flags = 0x05;
  is_int(check(key, WEBAUTHN, web_sig(&d, large + 1, text_of(large + 1)),
    &info), SFTP_OK, "an origin of 1,024 bytes");
  is_int(check(key, WEBAUTHN, web_sig(&d, large, text_of(large)), &info),
    SFTP_ERR_LIMIT, "not of 1,025");
  is_int(check(key, WEBAUTHN, web_sig(&d, origin, data_of(65536)), &info),
    SFTP_OK, "64 KiB of a browser's data");
  is_int(check(key, WEBAUTHN, web_sig(&d, origin, data_of(65537)), &info),
    SFTP_ERR_LIMIT, "not a byte more");
  d.flags = 0x85;
  d.extensions = "ext";
  d.flags = 0x05;
  is_int(check(key, WEBAUTHN, web_sig(&d, origin, BEGIN "}"), &info),
    SFTP_ERR_MAC, "but not without their flag");
  d.flags = 0x85;
  d.extensions = "";
  is_int(check(key, WEBAUTHN, web_sig(&d, origin, BEGIN "}"), &info),
    SFTP_ERR_MAC, "nor the flag without them");
  d.flags = 0x45;
  is_int(check(key, WEBAUTHN, web_sig(&d, origin, BEGIN "}"), &info),
    SFTP_ERR_MAC, "and no enrolment is a signature");
  d.flags = 0x05;
  damaged_signatures(key, WEBAUTHN, web_sig(&d, origin, BEGIN "}"));
  ok(check(key, SK_EC, web_sig(&d, origin, BEGIN "}"), &info) != SFTP_OK,
    "it is no signature of the other kind");
}

/* ---- Certificates */

struct spec {
  const char *type;
  struct sftp_str fields;       /* of the key: put_fields() */
  uint32_t kind;
  struct sftp_str principals, critical, extensions;
  const struct sftp_key *ca;
  const char *ca_alg;
  uint64_t after, before;
};

static struct sftp_str fields_of(struct sftp_str blob) {
  struct sftp_rd r;

  sftp_rd_init_str(&r, blob);
  (void) sftp_rd_string(&r);
  return sftp_rd_rest(&r);
}

static struct sftp_str text_list(const char *const *texts) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 64, 65536);
  for (; *texts != NULL; texts++) {
    sftp_wr_text(&w, *texts);
  }

  return sftp_wr_get(&w);
}

#define TEXTS(...) text_list((const char *const []) { __VA_ARGS__, NULL })

static struct spec spec_of(const char *type, struct sftp_str blob) {
  struct spec s;

  memset(&s, 0, sizeof(s));
  s.type = type;
  s.fields = fields_of(blob);
  s.kind = CERT_USER;
  s.principals = TEXTS("alice", "admins");
  s.critical = s.extensions = sftp_str_of("");
  s.ca = ed;
  s.ca_alg = "ssh-ed25519";
  s.after = 1000;
  s.before = 2000;
  return s;
}

static struct sftp_str make(const struct spec *s) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 1024, 65536);
  sftp_wr_text(&w, s->type);
  sftp_wr_text(&w, "a nonce of some bytes");
  sftp_wr_bytes(&w, s->fields.ptr, s->fields.len);
  sftp_wr_u64(&w, 4711);
  sftp_wr_u32(&w, s->kind);
  sftp_wr_text(&w, "the id");
  sftp_wr_str(&w, s->principals);
  sftp_wr_u64(&w, s->after);
  sftp_wr_u64(&w, s->before);
  sftp_wr_str(&w, s->critical);
  sftp_wr_str(&w, s->extensions);
  sftp_wr_text(&w, "");
  sftp_wr_str(&w, s->ca->blob);
  if (s->ca_alg != NULL) {
    struct sftp_wr sig;

    sftp_wr_init(&sig, top, 512, 8192);
    if (sftp_key_sign(s->ca, sftp_sig_alg_find(sftp_str_of(s->ca_alg)),
        sftp_wr_get(&w), &sig) != SFTP_OK) {
      bail_out("cannot sign a certificate");
    }

    sftp_wr_str(&w, sftp_wr_get(&sig));
  }

  return sftp_wr_get(&w);
}

static const char *why;

static int read_in(pool *p, struct sftp_str blob, struct sftp_cert **cert) {
  unsigned char *copy = t_exact_copy(blob.ptr, blob.len);
  int res;

  why = NULL;
  res = sftp_cert_read(p, as_str(copy, blob.len), algs, cert, &why);
  free(copy);
  return res;
}

static int read_cert(const struct spec *s, struct sftp_cert **cert) {
  return read_in(top, make(s), cert);
}

static void every_type_is_read(void) {
  const struct {
    const char *type, *key_type;
    struct sftp_str blob;
  } t[] = {
    { "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", ed->blob },
    { "ssh-rsa-cert-v01@openssh.com", "ssh-rsa", rsa->blob },
    { "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256",
      ec->blob },
    { "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384",
      load("ecdsa384")->blob },
    { "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521",
      load("ecdsa521")->blob },
    { "ssh-dss-cert-v01@openssh.com", "ssh-dss", dsa->blob },
    { "sk-ssh-ed25519-cert-v01@openssh.com", SK_ED,
      sk_blob(ed, SK_ED, "ssh:") },
    { "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", SK_EC,
      sk_blob(ec, SK_EC, "ssh:") }
  };
  struct sftp_cert *cert;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    struct spec s = spec_of(t[i].type, t[i].blob);
    struct sftp_str blob = make(&s);
    int res = read_in(top, blob, &cert);

    is_int(res, SFTP_OK, "%s is read: %s", t[i].type, why ? why : "");
    if (res == SFTP_OK) {
      is_mem(cert->key->blob.ptr, cert->key->blob.len, t[i].blob.ptr,
        t[i].blob.len, "%s: its key is", t[i].type);
      is_str(cert->key->type->name, t[i].key_type, "%s: of its type",
        t[i].type);
      ok(sftp_str_same(cert->blob, blob) && strcmp(cert->type, t[i].type) == 0,
        "%s: it knows itself", t[i].type);
    }

    ok(sftp_cert_is_type(sftp_str_of(t[i].type)) && sftp_cert_is_blob(blob),
      "%s: it is known for one", t[i].type);
  }

  ok(!sftp_cert_is_type(sftp_str_of("ssh-ed25519")) &&
    !sftp_cert_is_blob(ed->blob) && !sftp_cert_is_blob(as_str("", 0)),
    "other things are not");
}

static void every_algorithm_of_certificates_has_a_type(void) {
  const struct sftp_sig_alg *a;

  for (a = sftp_sig_algs; a->alg.name != NULL; a++) {
    const struct sftp_sig_alg *plain =
      sftp_sig_alg_find(sftp_str_of(a->sig_name));

    ok(plain != NULL && plain->cert_type == NULL &&
      strcmp(plain->key_type, a->key_type) == 0, "%s: what signs is known",
      a->alg.name);
    if (a->cert_type != NULL) {
      ok(sftp_cert_is_type(sftp_str_of(a->cert_type)),
        "%s: its certificate is known", a->alg.name);
    }
  }

  ok(strstr(sftp_alg_list(top, ALGS_HOSTKEY, 0, 0), "sk-") == NULL,
    "hosts have no security keys");
}

static void authorities_sign_with_what_is_allowed(void) {
  const struct sftp_key *cas[] = { ed, rsa, rsa, ec, rsa, dsa };
  static const char *const with[] = { "ssh-ed25519", "rsa-sha2-256",
    "rsa-sha2-512", "ecdsa-sha2-nistp256", "ssh-rsa", "ssh-dss" };
  struct spec s = spec_of("ssh-ed25519-cert-v01@openssh.com", ed->blob);
  struct sftp_cert *cert;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(with); i++) {
    bool old = strcmp(with[i], "ssh-rsa") == 0 ||
      strcmp(with[i], "ssh-dss") == 0;

    s.ca = cas[i];
    s.ca_alg = with[i];
    is_int(read_cert(&s, &cert), old ? SFTP_ERR_DENIED : SFTP_OK, "%s is %s",
      with[i], old ? "refused" : "accepted");
    ok(old ? strstr(why, with[i]) != NULL :
      cert != NULL && strcmp(cert->ca_alg, with[i]) == 0, "by its name");
  }
}

/* The authority is no certificate, and its key not another one than that which
 * signed.
 */
static void authorities_are_bare_keys(void) {
  struct spec s = spec_of("ssh-ed25519-cert-v01@openssh.com", ed->blob);
  struct sftp_key fake = *ed;
  struct sftp_cert *cert;

  fake.blob = make(&s);
  s.ca = &fake;
  is_int(read_cert(&s, &cert), SFTP_ERR_UNSUPPORTED,
    "a certificate signs no certificate");
  fake.blob = ec->blob;
  ok(read_cert(&s, &cert) != SFTP_OK && cert == NULL,
    "another key does not verify it");
}

static struct sftp_str option(const char *name, const char *value) {
  struct sftp_wr w, inner;

  sftp_wr_init(&inner, top, 64, 1024);
  if (value != NULL) {
    sftp_wr_text(&inner, value);
  }

  sftp_wr_init(&w, top, 64, 1024);
  sftp_wr_text(&w, name);
  sftp_wr_str(&w, sftp_wr_get(&inner));
  return sftp_wr_get(&w);
}

static struct sftp_str both(struct sftp_str a, struct sftp_str b) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 64, 65536);
  sftp_wr_bytes(&w, a.ptr, a.len);
  sftp_wr_bytes(&w, b.ptr, b.len);
  return sftp_wr_get(&w);
}

static void options_are_read_or_refuse_it(void) {
  struct spec s = spec_of("ssh-ed25519-cert-v01@openssh.com", ed->blob);
  struct sftp_cert *cert;

  s.critical = both(option("force-command", "internal-sftp"),
    both(option("source-address", "192.0.2.0/24"),
    option("verify-required", NULL)));
  s.extensions = both(option("no-touch-required", NULL),
    option("permit-pty", NULL));
  ok(read_cert(&s, &cert) == SFTP_OK &&
    strcmp(cert->force_command, "internal-sftp") == 0 &&
    strcmp(cert->source_address, "192.0.2.0/24") == 0 &&
    cert->verify_required && cert->no_touch_required, "options are read");

  s.critical = option("no-such@here", "1");
  is_int(read_cert(&s, &cert), SFTP_ERR_UNSUPPORTED,
    "an unknown critical option refuses it");
  ok(strstr(why, "no-such@here") != NULL, "by its name");
  s.critical = option("no-touch-required", NULL);
  is_int(read_cert(&s, &cert), SFTP_ERR_UNSUPPORTED,
    "an extension is no critical option");
  s.critical = sftp_str_of("");
  s.extensions = option("no-such@here", "1");
  is_int(read_cert(&s, &cert), SFTP_OK, "an unknown extension does not");
  ok(cert != NULL && cert->force_command == NULL &&
    cert->source_address == NULL && !cert->verify_required &&
    !cert->no_touch_required, "and says nothing");

  s.extensions = both(option("permit-pty", NULL), option("permit-pty", NULL));
  is_int(read_cert(&s, &cert), SFTP_ERR_FORMAT, "nothing is said twice");
  s.extensions = sftp_str_of("");
  s.critical = option("verify-required", "yes");
  is_int(read_cert(&s, &cert), SFTP_ERR_FORMAT, "a flag has no value");
  s.critical = option("force-command", NULL);
  ok(read_cert(&s, &cert) != SFTP_OK, "a value is there");
  s.critical = as_str("\0\0\0\1", 4);
  ok(read_cert(&s, &cert) != SFTP_OK, "half an option refuses it");

  /* Hosts have none of them. */
  s.kind = CERT_HOST;
  s.critical = option("force-command", "internal-sftp");
  is_int(read_cert(&s, &cert), SFTP_ERR_UNSUPPORTED,
    "what users have is unknown for hosts");
}

static void principals_are_read(void) {
  struct spec s = spec_of("ssh-ed25519-cert-v01@openssh.com", ed->blob);
  struct sftp_cert *cert;

  ok(read_cert(&s, &cert) == SFTP_OK && cert->nprincipals == 2 &&
    sftp_cert_names(cert, "alice") && sftp_cert_names(cert, "admins") &&
    !sftp_cert_names(cert, "ali") && !sftp_cert_names(cert, ""),
    "who is named is, and nobody else");
  s.principals = sftp_str_of("");
  ok(read_cert(&s, &cert) == SFTP_OK && cert->nprincipals == 0 &&
    !sftp_cert_names(cert, "alice"), "nobody may be named");
  s.principals = as_str("\0\0\0\3al\0", 7);
  ok(read_cert(&s, &cert) != SFTP_OK, "no name holds a NUL");
  s.principals = as_str("\0\0\0\5al", 6);
  ok(read_cert(&s, &cert) != SFTP_OK, "nor ends early");
}

static void times_and_kinds_are_judged(void) {
  struct spec s = spec_of("ssh-ed25519-cert-v01@openssh.com", ed->blob);
  struct sftp_cert *cert;

  if (read_cert(&s, &cert) != SFTP_OK) {
    bail_out("no certificate");
  }

  ok(sftp_cert_objection(top, cert, CERT_USER, 1000) == NULL &&
    sftp_cert_objection(top, cert, CERT_USER, 1999) == NULL,
    "it is good from its first second to its last");
  ok(strstr(sftp_cert_objection(top, cert, CERT_USER, 999), "not valid yet") !=
    NULL, "not before");
  ok(strstr(sftp_cert_objection(top, cert, CERT_USER, 2000), "expired") !=
    NULL, "nor after");
  ok(sftp_cert_objection(top, cert, CERT_HOST, 1500) != NULL,
    "a user's is no host's");
  s.kind = CERT_HOST;
  ok(read_cert(&s, &cert) == SFTP_OK &&
    strstr(sftp_cert_objection(top, cert, CERT_USER, 1500), "host's") != NULL
    && sftp_cert_objection(top, cert, CERT_HOST, 1500) == NULL,
    "nor the other way round");
  s.kind = 3;
  is_int(read_cert(&s, &cert), SFTP_ERR_FORMAT, "there is no third kind");
  s.kind = CERT_USER;
  s.after = 0;
  s.before = UINT64_MAX;
  ok(read_cert(&s, &cert) == SFTP_OK &&
    sftp_cert_objection(top, cert, CERT_USER, 1500) == NULL,
    "it may be good for ever");
}

static void damaged_certificates_are_refused(void) {
  struct spec s = spec_of("ecdsa-sha2-nistp256-cert-v01@openssh.com",
    ec->blob);
  struct sftp_cert *cert;
  struct sftp_str blob;
  unsigned char *copy;
  size_t n, good = 0, silent = 0;
  unsigned int bit;

  s.critical = option("source-address", "192.0.2.1");
  s.extensions = option("permit-pty", NULL);
  blob = make(&s);
  for (n = 0; n < blob.len; n++) {
    pool *p = make_sub_pool(top);

    good += read_in(p, as_str(blob.ptr, n), &cert) == SFTP_OK;
    silent += why == NULL;
    destroy_pool(p);
  }

  is_int(good, 0, "no prefix is a certificate");
  copy = palloc(top, blob.len + 1);
  memcpy(copy, blob.ptr, blob.len);
  copy[blob.len] = 0;
  ok(read_in(top, as_str(copy, blob.len + 1), &cert) != SFTP_OK,
    "nor one with a byte more");
  for (n = 0; n < blob.len; n++) {
    for (bit = 0; bit < 8; bit++) {
      pool *p = make_sub_pool(top);

      copy[n] ^= (unsigned char) (1 << bit);
      good += read_in(p, as_str(copy, blob.len), &cert) == SFTP_OK;
      silent += why == NULL;
      copy[n] ^= (unsigned char) (1 << bit);
      destroy_pool(p);
    }
  }

  is_int(good, 0, "nor one with a flipped bit");
  is_int(silent, 0, "and each has its reason");
}

/* ---- Forced commands */

static void commands_are_read(void) {
  static const struct {
    const char *text;
    unsigned int service;
    const char *scp, *dir, *allowed, *denied;
    int mask;
    bool read_only;
  } t[] = {
    { "internal-sftp", SFTP_SERVICE_FL_SFTP, NULL, NULL, NULL, NULL, -1,
      false },
    { "/usr/lib/openssh/sftp-server -R", SFTP_SERVICE_FL_SFTP, NULL, NULL,
      NULL, NULL, -1, true },
    { "internal-sftp -e -f AUTH -l VERBOSE", SFTP_SERVICE_FL_SFTP, NULL, NULL,
      NULL, NULL, -1, false },
    { "internal-sftp -Rd '/a b' -u 027", SFTP_SERVICE_FL_SFTP, NULL, "/a b",
      NULL, NULL, 027, true },
    { "internal-sftp -p open,read -Pstat -u0", SFTP_SERVICE_FL_SFTP, NULL,
      NULL, "open,read", "stat", 0, false },
    { "scp", SFTP_SERVICE_FL_SCP, NULL, NULL, NULL, NULL, -1, false },
    { "/usr/bin/scp -p -t /in", SFTP_SERVICE_FL_SCP, " -p -t /in", NULL, NULL,
      NULL, -1, false },
    { "internal-sftp -d /it\\'s\\ \"\\\"\"", SFTP_SERVICE_FL_SFTP, NULL,
      "/it's \"", NULL, NULL, -1, false },
    { "scp -t -- -x", SFTP_SERVICE_FL_SCP, " -t -- -x", NULL, NULL, NULL, -1,
      false }
  };
  static const char *const bad[] = { "", "  ", "/bin/sh", "internal-sftpx",
    "internal-sftp; sh", "internal-sftp /dir", "internal-sftp -x",
    "internal-sftp -d", "internal-sftp -d ''", "internal-sftp -u 999",
    "internal-sftp -u 07777", "internal-sftp -u 22x", "internal-sftp '-R",
    "internal-sftp -", "scp -r /x", "scp -t", "scp /x", "sftp",
    "internal-sftp -p read -p open", "internal-sftp -P read -Popen",
    "internal-sftp -p '' -p open", "'internal-sftp", "internal-sftp -d '/x",
    "internal-sftp -R\"", "scp -t '/in", "scp '-t /in", "scp -t /in \"x",
    "scp -t --",
    "scp -f a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a",
    ("internal-sftp -e -e -e -e -e -e -e -e -e -e -e -e -e -e -e -e -e -e -e "
    "-e -e -e -e -e -e -e -e -e -e -e -e -e -R") };
  struct sftp_forced f;
  size_t i;

#define SAME(a, b) ((a) == NULL ? (b) == NULL : \
  (b) != NULL && strcmp((a), (b)) == 0)

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    ok(sftp_forced_parse(top, t[i].text, &f, &why) == SFTP_OK &&
      f.service == t[i].service && SAME(f.scp_args, t[i].scp) &&
      SAME(f.dir, t[i].dir) && SAME(f.allowed, t[i].allowed) &&
      SAME(f.denied, t[i].denied) && f.umask == t[i].mask &&
      f.read_only == t[i].read_only && strcmp(f.text, t[i].text) == 0,
      "command: %s", t[i].text);
  }

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    why = NULL;
    ok(sftp_forced_parse(top, bad[i], &f, &why) != SFTP_OK && why != NULL,
      "no command: %s (%s)", bad[i], why != NULL ? why : "no reason");
  }
}

static void commands_have_a_length(void) {
  static const struct { size_t len; int res; } t[] = {
    { 4096, SFTP_OK }, { 4097, SFTP_ERR_LIMIT } };
  char text[4098];
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    struct sftp_forced f;

    why = "";
    memset(text, 'x', sizeof(text));
    memcpy(text, "internal-sftp -d /", 18);
    text[t[i].len] = '\0';
    is_int(sftp_forced_parse(top, text, &f, &why), t[i].res,
      "a command of %lu bytes", (unsigned long) t[i].len);
    ok(t[i].res == SFTP_OK || strstr(why, "too long") != NULL, "... %s", why);
  }
}

static void commands_allow_requests(void) {
  struct sftp_forced f;

  if (sftp_forced_parse(top, "internal-sftp -p open,Read,fsync,stat -P stat",
      &f, &why) != SFTP_OK) {
    bail_out("%s", why);
  }

  ok(sftp_forced_allows(NULL, "WRITE", NULL),
    "nothing forced, nothing denied");
  ok(sftp_forced_allows(&f, "OPEN", NULL) &&
    sftp_forced_allows(&f, "READ", NULL) &&
    sftp_forced_allows(&f, "fsync@openssh.com", NULL),
    "what is named is allowed");
  ok(!sftp_forced_allows(&f, "WRITE", NULL) &&
    !sftp_forced_allows(&f, "OPENDIR", NULL) &&
    !sftp_forced_allows(&f, "RE", NULL) && !sftp_forced_allows(&f, "", NULL),
    "and nothing else");
  ok(!sftp_forced_allows(&f, "STAT", NULL), "-P goes before -p");
}

int main(void) {
  init_pools();
  top = make_sub_pool(permanent_pool);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto");
  }

  ed = load("ed25519");
  rsa = load("rsa");
  ec = load("ecdsa256");
  dsa = load("dsa");
  algs = sftp_alg_list(top, ALGS_SIGNATURE, ALG_DEFAULT, 0);

  security_keys_verify(ed, "ssh-ed25519", SK_ED);
  security_keys_verify(ec, "ecdsa-sha2-nistp256", SK_EC);
  security_key_blobs_are_read_whole(ed, SK_ED);
  security_key_blobs_are_read_whole(ec, SK_EC);
  browsers_sign();

  every_type_is_read();
  every_algorithm_of_certificates_has_a_type();
  authorities_sign_with_what_is_allowed();
  authorities_are_bare_keys();
  options_are_read_or_refuse_it();
  principals_are_read();
  times_and_kinds_are_judged();
  damaged_certificates_are_refused();

  commands_are_read();
  commands_have_a_length();
  commands_allow_requests();

  destroy_pool(top);
  sftp_crypto_free();
  free_pools();
  return done_testing();
}
