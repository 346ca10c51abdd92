/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* Logins with certificates and security keys, and what keys limit a session
 * to, over a keyed connection with the fake host behind it.
 */

#include <time.h>

#include "base64.h"
#include "cert.h"
#include "client.h"
#include "crypto.h"
#include "forced.h"
#include "ftpd-auth.h"
#include "ftpd-log.h"
#include "ftpd-session.h"
#include "kex.h"
#include "keyfile.h"
#include "tap.h"

static struct client *cl;
static struct sftp_pkt pkt;
static pool *top;
static struct sftp_key *ed, *rsa, *ec, *ca;

static struct fake_user users[] = {
  { "alice", NULL, { { NULL, 0 } }, false },
  { "bob", NULL, { { NULL, 0 } }, false },
  { NULL, NULL, { { NULL, 0 } }, false }
};

static const struct sftp_chain_step pk[] = { { AUTH_PUBLICKEY, NULL } },
  pk_pk[] = { { AUTH_PUBLICKEY, NULL }, { AUTH_PUBLICKEY, NULL } };
static const struct sftp_chain one_key[] = { { pk, 1 } },
  two_keys[] = { { pk_pk, 2 } };

static struct sftp_key *load(const char *name) {
  const char *dir = getenv("srcdir"), *why = NULL;
  const char *path = pstrcat(top, dir != NULL ? dir : ".", "/t/data/keys/",
    name, NULL);
  unsigned char *bytes = palloc(top, 65536);
  FILE *f = fopen(path, "rb");
  struct sftp_str text = { bytes, 0 };
  struct sftp_key *key;

  if (f == NULL) {
    bail_out("cannot read %s", path);
  }

  text.len = fread(bytes, 1, 65536, f);
  fclose(f);
  if (sftp_key_from_file(top, text, NULL, &key, &why) != SFTP_OK) {
    bail_out("cannot load %s: %s", path, why);
  }

  return key;
}

static void start(const struct sftp_chain *chain, unsigned long opts) {
  struct sftp_wr w;

  fake_auth_reset();
  fake_session_reset();
  fake_log_reset();
  fake_auth.users = users;
  cl = client_new();
  cl->set->chains = chain;
  cl->set->nchains = 1;
  cl->set->opts |= opts;
  cl->set->max_login_attempts = 50;
  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no key exchange, no tests");
  }

  fake_auth.conn = cl->server;
  fake_auth.late = cl->set;
  sftp_wr_init(&w, top, 64, 1024);
  sftp_wr_text(&w, "ssh-userauth");
  client_send(cl, SSH_MSG_SERVICE_REQUEST, w.ptr, w.len);
  if (!client_expect(cl, SSH_MSG_SERVICE_ACCEPT, &pkt)) {
    bail_out("no SERVICE_ACCEPT");
  }
}

static void stop(void) {
  client_free(cl);
  cl = NULL;
}

/* "yes", "more", "no", "PK_OK" or "nothing". */
static const char *answer(void) {
  if (!client_recv(cl, &pkt)) {
    return "nothing";
  }

  switch (pkt.type) {
    case SSH_MSG_USERAUTH_SUCCESS:
      return "yes";

    case SSH_MSG_USERAUTH_FAILURE:
      (void) sftp_rd_string(&pkt.in);
      return sftp_rd_bool(&pkt.in) ? "more" : "no";

    case SSH_MSG_USERAUTH_PK_OK:
      return "PK_OK";

    default:
      return "something else";
  }
}

/* ---- Certificates */

struct spec {
  const struct sftp_key *key;
  const char *type, *user, *command;
  unsigned int kind;
  int64_t after, before;        /* seconds from now */
};

static struct spec spec_of(const struct sftp_key *key, const char *type) {
  struct spec s = { key, type, "alice", NULL, CERT_USER, -60, 60 };

  return s;
}

static void put_fields(struct sftp_wr *w, const struct sftp_key *key) {
  struct sftp_rd r;
  struct sftp_str rest;

  sftp_rd_init_str(&r, key->blob);
  (void) sftp_rd_string(&r);
  rest = sftp_rd_rest(&r);
  sftp_wr_bytes(w, rest.ptr, rest.len);
}

static struct sftp_str make(const struct spec *s) {
  uint64_t now = (uint64_t) time(NULL);
  struct sftp_wr w, sig;
  size_t mark, inner;

  sftp_wr_init(&w, top, 1024, 65536);
  sftp_wr_text(&w, s->type);
  sftp_wr_text(&w, "nonce");
  put_fields(&w, s->key);
  sftp_wr_u64(&w, 17);
  sftp_wr_u32(&w, s->kind);
  sftp_wr_text(&w, "laptop");
  mark = sftp_wr_begin(&w);
  if (s->user != NULL) {
    sftp_wr_text(&w, s->user);
  }

  sftp_wr_finish(&w, mark);
  sftp_wr_u64(&w, now + (uint64_t) s->after);
  sftp_wr_u64(&w, now + (uint64_t) s->before);
  mark = sftp_wr_begin(&w);
  if (s->command != NULL) {
    sftp_wr_text(&w, "force-command");
    inner = sftp_wr_begin(&w);
    sftp_wr_text(&w, s->command);
    sftp_wr_finish(&w, inner);
  }

  sftp_wr_finish(&w, mark);
  sftp_wr_text(&w, "");
  sftp_wr_text(&w, "");
  sftp_wr_str(&w, ca->blob);
  sftp_wr_init(&sig, top, 512, 8192);
  if (sftp_key_sign(ca, sftp_sig_alg_find(sftp_str_of("rsa-sha2-512")),
      sftp_wr_get(&w), &sig) != SFTP_OK) {
    bail_out("cannot sign a certificate");
  }

  sftp_wr_str(&w, sftp_wr_get(&sig));
  return sftp_wr_get(&w);
}

/* ---- Requests */

static struct sftp_wr request;

static struct sftp_str signed_data(void) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 1024, 65536);
  sftp_wr_str(&w, sftp_kex_session_id(cl->server));
  sftp_wr_u8(&w, SSH_MSG_USERAUTH_REQUEST);
  sftp_wr_bytes(&w, request.ptr, request.len);
  return sftp_wr_get(&w);
}

static void put(const char *alg, struct sftp_str blob, bool with_sig) {
  sftp_wr_init(&request, top, 1024, 65536);
  sftp_wr_text(&request, "alice");
  sftp_wr_text(&request, "ssh-connection");
  sftp_wr_text(&request, "publickey");
  sftp_wr_bool(&request, with_sig);
  sftp_wr_text(&request, alg);
  sftp_wr_str(&request, blob);
}

static const char *ask(void) {
  client_send(cl, SSH_MSG_USERAUTH_REQUEST, request.ptr, request.len);
  return answer();
}

static const char *probe(const char *alg, struct sftp_str blob) {
  put(alg, blob, false);
  return ask();
}

static const char *login(const struct sftp_key *key, const char *alg,
    struct sftp_str blob, const char *with) {
  struct sftp_wr sig;

  put(alg, blob, true);
  sftp_wr_init(&sig, top, 1024, 65536);
  if (sftp_key_sign(key, sftp_sig_alg_find(sftp_str_of(with)), signed_data(),
      &sig) != SFTP_OK) {
    bail_out("cannot sign with %s", with);
  }

  sftp_wr_str(&request, sftp_wr_get(&sig));
  return ask();
}

#define ED_CERT "ssh-ed25519-cert-v01@openssh.com"
#define RSA_CERT "ssh-rsa-cert-v01@openssh.com"
#define RSA_512 "rsa-sha2-512-cert-v01@openssh.com"
#define RSA_256 "rsa-sha2-256-cert-v01@openssh.com"

/* SFTPKeyFingerprints. */
static void certificates_have_the_fingerprints_that_are_wanted(
    struct sftp_str cert) {
  const char *key = sftp_key_fingerprint(top, ed->blob, "MD5", true),
    *authority = sftp_key_fingerprint(top, ca->blob, "MD5", true);

  start(one_key, 0);
  cl->set->fingerprint.digest = "MD5";
  cl->set->fingerprint.form = FINGERPRINT_COLONS;
  cl->set->fingerprint.named = true;
  is_str(login(ed, ED_CERT, cert, "ssh-ed25519"), "yes",
    "a certificate logs in where MD5 is wanted");
  ok(fake_log_has(pstrcat(top, "by ssh-rsa key MD5:", authority, NULL)),
    "the authority's fingerprint is written so");
  ok(fake_log_has(pstrcat(top, " key MD5:", key, ", certificate 'laptop' "
    "serial 17 of CA ssh-rsa MD5:", authority, ": accepted", NULL)),
    "and both in the line on the login");
  is_str(fake_note("SFTP_USER_CERT_CA_FINGERPRINT"), authority,
    "and in the note");
  stop();
}

static void certificates_log_in(void) {
  struct spec s = spec_of(ed, ED_CERT), r = spec_of(rsa, RSA_CERT);
  struct sftp_str cert = make(&s);

  start(one_key, 0);
  is_str(probe(ED_CERT, cert), "PK_OK", "a certificate may be asked about");
  stop();
  start(one_key, 0);
  is_str(login(ed, ED_CERT, cert, "ssh-ed25519"), "yes", "and logs in");
  ok(fake_log_has("certificate 'laptop', serial 17, signed with rsa-sha2-512 "
    "by ssh-rsa key SHA256:"), "the log says whose and by whom");
  stop();
  certificates_have_the_fingerprints_that_are_wanted(cert);

  start(one_key, 0);
  is_str(login(rsa, RSA_512, make(&r), "rsa-sha2-512"), "yes",
    "one for RSA as well");
  stop();
  start(one_key, 0);
  is_str(login(rsa, RSA_256, make(&r), "rsa-sha2-256"), "yes",
    "with either algorithm");
  stop();
}

static void certificates_are_judged(void) {
  struct spec s = spec_of(ed, ED_CERT), r = spec_of(rsa, RSA_CERT), t;
  struct sftp_str cert = make(&s);

  start(one_key, 0);
  t = s;
  t.user = "bob";
  is_str(probe(ED_CERT, make(&t)), "no", "another's is refused");
  t = s;
  t.user = NULL;
  is_str(probe(ED_CERT, make(&t)), "no", "so is nobody's");
  ok(fake_log_has("serial 17, of user 'alice' refused: it names no "
    "principals"), "which is logged");
  t = s;
  t.before = -1;
  is_str(probe(ED_CERT, make(&t)), "no", "and an old one");
  t = s;
  t.after = 30;
  is_str(probe(ED_CERT, make(&t)), "no", "and one of tomorrow");
  t = s;
  t.kind = CERT_HOST;
  is_str(probe(ED_CERT, make(&t)), "no", "and a host's");
  ok(fake_log_has("it is a host's certificate"), "which is logged");
  t = s;
  t.command = "/bin/sh";
  is_str(probe(ED_CERT, make(&t)), "no", "and one that wants a shell");
  is_str(probe("ssh-ed25519", cert), "no",
    "a certificate is no bare key");
  is_str(probe(ED_CERT, ed->blob), "no", "nor a bare key a certificate");
  is_str(probe(RSA_512, cert), "no", "algorithm and certificate must agree");
  is_str(login(ec, ED_CERT, make(&s), "ecdsa-sha2-nistp256"), "no",
    "only its key signs for it");
  is_str(login(rsa, RSA_512, make(&r), "rsa-sha2-256"), "no",
    "as the algorithm says");
  is_str(probe(RSA_CERT, make(&r)), "no", "SHA-1 is for those who name it");
  cl->set->userkeys = "ssh-ed25519";
  is_str(probe(ED_CERT, cert), "no", "so are certificates where others are");
  cl->set->userkeys = ED_CERT;
  cl->set->ca_algs = "ssh-ed25519";
  is_str(probe(ED_CERT, cert), "no", "and what authorities sign with");
  ok(fake_log_has("SFTPCASignatureAlgorithms"), "which is logged");
  cl->set->ca_algs = "rsa-sha2-512";
  cl->set->min_bits.rsa = 16384;
  is_str(probe(ED_CERT, cert), "no", "and how large their keys are");
  cl->set->min_bits.rsa = 0;
  is_str(login(ed, ED_CERT, cert, "ssh-ed25519"), "yes",
    "the good one logs in after all of that");
  stop();
}

/* One key counts once, whatever it comes as. */
static void a_key_and_its_certificate_are_one_key(void) {
  struct spec s = spec_of(ed, ED_CERT), r = spec_of(rsa, RSA_CERT);

  start(two_keys, 0);
  is_str(login(ed, "ssh-ed25519", ed->blob, "ssh-ed25519"), "more",
    "the first key is one step");
  is_str(login(ed, ED_CERT, make(&s), "ssh-ed25519"), "no",
    "its certificate is not the second");
  is_str(login(rsa, RSA_512, make(&r), "rsa-sha2-512"), "yes",
    "that of another key is");
  stop();
}

/* ---- What a key forces */

static void commands_hold_for_the_session(void) {
  static const char *const env[] = { "LANG=C", "PATH=/tmp", NULL };
  struct spec s = spec_of(ed, ED_CERT), r = spec_of(rsa, RSA_CERT);

  s.command = "internal-sftp -R -u 027 -d /in";
  start(one_key, 0);
  fake_auth.grant.env = env;
  is_str(login(ed, ED_CERT, make(&s), "ssh-ed25519"), "yes", "a login");
  ok(cl->server->services.forced != NULL &&
    cl->server->services.forced->read_only &&
    cl->server->services.forced->service == SFTP_SERVICE_FL_SFTP, "is limited");
  ok(fake_auth.read_only && fake_auth.mask == 027 &&
    strcmp(fake_auth.dir, "/in") == 0, "and the host knows");
  ok(fake_log_has("environment variable 'PATH' of the key of user 'alice' is "
    "prohibited"), "environment follows the rule of clients");
  stop();

  start(one_key, 0);
  fake_auth.grant.command = "internal-sftp";
  is_str(login(ed, ED_CERT, make(&s), "ssh-ed25519"), "no",
    "certificate and authority must not contradict each other");
  fake_auth.grant.command = s.command;
  is_str(login(ed, ED_CERT, make(&s), "ssh-ed25519"), "yes",
    "but may say the same");
  stop();

  start(two_keys, 0);
  is_str(login(ed, ED_CERT, make(&s), "ssh-ed25519"), "more", "two keys");
  r.command = "scp -t /x";
  is_str(login(rsa, RSA_512, make(&r), "rsa-sha2-512"), "no",
    "must not contradict each other");
  r.command = NULL;
  is_str(login(rsa, RSA_512, make(&r), "rsa-sha2-512"), "yes",
    "one that says nothing may");
  ok(cl->server->services.forced != NULL, "and the limit stays");
  stop();

  start(two_keys, 0);
  is_str(login(ed, ED_CERT, make(&s), "ssh-ed25519"), "more", "one of two");
  r.command = s.command;
  is_str(login(rsa, RSA_512, make(&r), "rsa-sha2-512"), "yes",
    "they may say the same");
  stop();

  start(one_key, 0);
  s.command = "rm -rf /";
  is_str(login(ed, ED_CERT, make(&s), "ssh-ed25519"), "no",
    "a command that is not served");
  s.command = NULL;
  fake_auth.grant.command = "rm -rf /";
  is_str(login(ed, "ssh-ed25519", ed->blob, "ssh-ed25519"), "no",
    "... whoever says it");
  ok(fake_log_has("key of user 'alice' refused: command 'rm -rf /'"),
    "... and the log tells");
  stop();

  start(one_key, 0);
  is_str(login(ed, "ssh-ed25519", ed->blob, "ssh-ed25519"), "yes",
    "a key without a command");
  ok(cl->server->services.forced == NULL, "limits nothing");
  stop();
}

/* ---- Security keys */

#define SK "sk-ssh-ed25519@openssh.com"

static struct sftp_str sk_blob(void) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 256, 1024);
  sftp_wr_text(&w, SK);
  put_fields(&w, ed);
  sftp_wr_text(&w, "ssh:");
  return sftp_wr_get(&w);
}

static void put_hash(struct sftp_wr *w, struct sftp_str text) {
  unsigned char md[32];
  size_t len = sizeof(md);

  if (EVP_Q_digest(NULL, "SHA256", NULL, text.ptr, text.len, md, &len) != 1) {
    bail_out("no SHA-256");
  }

  sftp_wr_bytes(w, md, sizeof(md));
}

/* The device signs the hashes, its flags and its counter. */
static const char *sk_login(unsigned int flags) {
  struct sftp_wr text, sig, whole;
  struct sftp_rd r;

  put(SK, sk_blob(), true);
  sftp_wr_init(&text, top, 256, 1024);
  put_hash(&text, sftp_str_of("ssh:"));
  sftp_wr_u8(&text, (uint8_t) flags);
  sftp_wr_u32(&text, 1);
  put_hash(&text, signed_data());
  sftp_wr_init(&sig, top, 256, 1024);
  if (sftp_key_sign(ed, sftp_sig_alg_find(sftp_str_of("ssh-ed25519")),
      sftp_wr_get(&text), &sig) != SFTP_OK) {
    bail_out("cannot sign");
  }

  sftp_rd_init_str(&r, sftp_wr_get(&sig));
  (void) sftp_rd_string(&r);
  sftp_wr_init(&whole, top, 256, 1024);
  sftp_wr_text(&whole, SK);
  sftp_wr_str(&whole, sftp_rd_string(&r));
  sftp_wr_u8(&whole, (uint8_t) flags);
  sftp_wr_u32(&whole, 1);
  sftp_wr_str(&request, sftp_wr_get(&whole));
  return ask();
}

static void presence_is_a_matter_of_policy(void) {
  static const struct {
    unsigned long opts;
    bool no_touch, verify;
    unsigned int flags;
    const char *answer;
  } t[] = {
    { 0, false, false, 1, "yes" }, { 0, false, false, 0, "no" },
    { 0, false, false, 4, "no" }, { 0, true, false, 0, "yes" },
    { 0, false, true, 1, "no" }, { 0, false, true, 5, "yes" },
    { 0, true, true, 4, "yes" },
    { SFTP_OPT_FIDO_TOUCH_REQUIRED, true, false, 0, "no" },
    { SFTP_OPT_FIDO_TOUCH_REQUIRED, true, false, 1, "yes" },
    { SFTP_OPT_FIDO_VERIFY_REQUIRED, false, false, 1, "no" },
    { SFTP_OPT_FIDO_VERIFY_REQUIRED, false, false, 5, "yes" }
  };
  size_t i;

  users[0].keys[2] = sk_blob();
  for (i = 0; i < SFTP_NELEMS(t); i++) {
    start(one_key, t[i].opts);
    fake_auth.grant.no_touch = t[i].no_touch;
    fake_auth.grant.verify = t[i].verify;
    is_str(sk_login(t[i].flags), t[i].answer, "server %lx, key%s%s, flags %u",
      t[i].opts, t[i].no_touch ? " no-touch-required" : "",
      t[i].verify ? " verify-required" : "", t[i].flags);
    stop();
  }
}

/* What a browser's security key signs, or the same request signed as a key of
 * its own kind does.
 */
#define SK_EC "sk-ecdsa-sha2-nistp256@openssh.com"
#define WEBAUTHN "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"

static struct sftp_str web_blob(void) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, 256, 1024);
  sftp_wr_text(&w, SK_EC);
  put_fields(&w, ec);
  sftp_wr_text(&w, "here.example");
  return sftp_wr_get(&w);
}

/* The challenge is what is signed, as base64 of URLs has it. */
static const char *client_data(void) {
  char *text = pstrdup(top, sftp_base64_encode(top, signed_data(), false)), *c;

  for (c = text; *c != '\0'; c++) {
    *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
  }

  return pstrcat(top, "{\"type\":\"webauthn.get\",\"challenge\":\"", text,
    "\",\"origin\":\"https://here.example\",\"crossOrigin\":false}", NULL);
}

static const char *web_login(unsigned int flags) {
  struct sftp_wr text, sig, whole;
  struct sftp_rd r;
  const char *json;

  put(WEBAUTHN, web_blob(), true);
  json = client_data();
  sftp_wr_init(&text, top, 256, 1024);
  put_hash(&text, sftp_str_of("here.example"));
  sftp_wr_u8(&text, (uint8_t) flags);
  sftp_wr_u32(&text, 3);
  put_hash(&text, sftp_str_of(json));
  sftp_wr_init(&sig, top, 256, 1024);
  if (sftp_key_sign(ec, sftp_sig_alg_find(sftp_str_of("ecdsa-sha2-nistp256")),
      sftp_wr_get(&text), &sig) != SFTP_OK) {
    bail_out("cannot sign");
  }

  sftp_rd_init_str(&r, sftp_wr_get(&sig));
  (void) sftp_rd_string(&r);
  sftp_wr_init(&whole, top, 256, 4096);
  sftp_wr_text(&whole, WEBAUTHN);
  sftp_wr_str(&whole, sftp_rd_string(&r));
  sftp_wr_u8(&whole, (uint8_t) flags);
  sftp_wr_u32(&whole, 3);
  sftp_wr_text(&whole, "https://here.example");
  sftp_wr_text(&whole, json);
  sftp_wr_text(&whole, "");
  sftp_wr_str(&request, sftp_wr_get(&whole));
  return ask();
}

static void browsers_log_in(void) {
  users[0].keys[2] = web_blob();
  start(one_key, 0);
  is_str(probe(WEBAUTHN, web_blob()), "PK_OK", "a browser's key is known");
  is_str(web_login(4), "no", "untouched it is refused");
  is_str(web_login(1), "yes", "touched it logs in");
  is_str(fake_note("SFTP_USER_PUBLICKEY_ALGO"), WEBAUTHN, "by its algorithm");
  stop();
  start(one_key, SFTP_OPT_FIDO_VERIFY_REQUIRED);
  is_str(web_login(1), "no", "a server that wants more refuses it");
  is_str(web_login(5), "yes", "and takes it with that");
  stop();
  start(one_key, 0);
  cl->set->userkeys = SK_EC;
  is_str(probe(WEBAUTHN, web_blob()), "no",
    "not where only the other is named");
  stop();
}

int main(void) {
  top = make_sub_pool(permanent_pool);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto, no tests");
  }

  ed = load("ed25519");
  rsa = load("rsa");
  ec = load("ecdsa256");
  ca = load("rsa-pkcs1");
  users[0].keys[0] = ed->blob;
  users[0].keys[1] = ca->blob;

  certificates_log_in();
  certificates_are_judged();
  a_key_and_its_certificate_are_one_key();
  commands_hold_for_the_session();
  presence_is_a_matter_of_policy();
  browsers_log_in();

  destroy_pool(top);
  return done_testing();
}
