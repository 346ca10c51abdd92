/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-contradict-t.c -- which directives exclude each other, and which leave
 * enough.
 */

#include "daemon.h"
#include "directives.h"
#include "ftpd-conf.h"
#include "ftpd-contradict.h"
#include "ftpd-defaults.h"
#include "ftpd-log.h"
#include "ftpd-methods.h"
#include "ftpd-place.h"
#include "ftpd-rules.h"
#include "tap.h"

static pool *p;
static server_rec server;
static struct sftp_settings set;
static char lines[1024];

/* ---- Of the other files of ftpd/ */

const struct ftpd_default ftpd_defaults[] = {
  { "SFTPLog", "", false, false }, { "SFTPOptions", "", false, true },
  { NULL, NULL, false, false }
};

static const struct sftp_chain *rule_chains;
static bool one_section, rule_keys;

bool ftpd_rule_has_keys(server_rec *s) {
  (void) s;
  return rule_keys;
}

void ftpd_log_server(server_rec *s, int level, const char *fmt, ...) {
  size_t len = strlen(lines);
  va_list ap;

  (void) s;
  (void) level;
  va_start(ap, fmt);
  vsnprintf(lines + len, sizeof(lines) - len, fmt, ap);
  va_end(ap);
}

/* What each record enables is its first word. */
unsigned int ftpd_conf_services(const config_rec *c) {
  return strcmp(c->argv[0], "ftp") == 0 ? 0 : SFTP_SERVICE_FL_SFTP;
}

bool ftpd_methods_use(pool *in, server_rec *s, const struct sftp_settings *of,
    unsigned int method) {
  (void) in;
  (void) s;
  return of->chains[0].steps[0].method == method;
}

bool ftpd_rule_next(server_rec *s, const char *record, config_rec **at,
    struct ftpd_rule *rule) {
  static config_rec first;

  (void) s;
  (void) record;
  (void) rule;
  if (rule_chains == NULL || *at != NULL) {
    return false;
  }

  *at = &first;
  return true;
}

void ftpd_methods_of_rule(pool *in, const config_rec *c,
    struct sftp_settings *of) {
  (void) in;
  (void) c;
  of->chains = rule_chains;
  of->nchains = 1;
}

const char *ftpd_place_line(pool *in, const config_rec *c) {
  (void) in;
  (void) c;
  return ", line 7";
}

bool ftpd_place_same_section(const config_rec *a, const config_rec *b) {
  (void) a;
  (void) b;
  return one_section;
}

/* ---- Tests */

static const struct sftp_chain_step by_password[] = {
  { AUTH_PASSWORD, NULL }, { AUTH_PUBLICKEY, NULL }
};
static const struct sftp_chain_step by_key[] = { { AUTH_PUBLICKEY, NULL } };
static const struct sftp_chain_step by_questions[] = {
  { AUTH_KBDINT, NULL }
};
static struct sftp_chain chains[2];

/* A server that everybody can use. */
static void start(const struct sftp_chain_step *steps, unsigned int nsteps) {
  memset(&set, 0, sizeof(set));
  daemon_forget_config();
  set.ciphers = "aes128-ctr,aes128-gcm@openssh.com";
  set.macs = "hmac-sha2-256";
  set.userkeys = "ssh-ed25519,ssh-ed25519-cert-v01@openssh.com";
  set.ca_algs = "ssh-ed25519";
  chains[0].steps = steps;
  chains[0].nsteps = nsteps;
  set.chains = chains;
  set.nchains = 1;
  rule_chains = NULL;
}

static void add(const char *name, const char *word) {
  daemon_add_words(name, (const char *const []) { word, NULL });
}

static int check(void) {
  lines[0] = '\0';
  return ftpd_contradict_check(p, &server, &set);
}

static void tells(const char *one, const char *other, const char *what) {
  int faults = check();
  bool found = faults == 1 && strstr(lines, one) != NULL &&
    strstr(lines, other) != NULL;

  ok(found, "%s", what);
  if (!found) {
    diag("%d: %s", faults, lines);
  }
}

static void a_service_must_be_left(void) {
  start(by_key, 1);
  is_int(check(), 0, "nothing is wrong with the defaults");
  add("Protocols", "ftp");
  tells("SFTPEngine", "Protocols, line 7", "Protocols without ours");
  add("Protocols", "sftp");
  is_int(check(), 0, "one of its lines is enough");
}

static void a_secret_needs_protection(void) {
  static const struct sftp_chain keys = { by_key, 1 };

  start(by_password, 2);
  set.ciphers = "none";
  tells("SFTPAuthMethods by default", "SFTPCiphers", "no encryption");
  set.opts = SFTP_OPT_ALLOW_INSECURE_LOGIN;
  is_int(check(), 0, "AllowInsecureLogin");
  set.opts = 0;
  set.ciphers = "none,aes128-ctr";
  is_int(check(), 0, "a client may take the other cipher");
  start(by_questions, 1);
  set.ciphers = "aes128-ctr";
  set.macs = "none";
  tells("SFTPAuthMethods", "SFTPDigests", "no integrity");
  set.ciphers = "aes128-ctr,aes128-gcm@openssh.com";
  is_int(check(), 0, "an AEAD cipher has its own");
  set.ciphers = "aes128-ctr";
  rule_chains = &keys;
  is_int(check(), 0, "some users need no secret");
  rule_chains = NULL;
  chains[1] = keys;
  set.nchains = 2;
  is_int(check(), 0, "nor does another chain");
  start(by_key, 1);
  set.ciphers = set.macs = "none";
  is_int(check(), 0, "a key is no secret that is sent");
}

static void some_key_must_pass(void) {
  start(by_key, 1);
  set.userkeys = "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384";
  set.min_bits.ec = 384;
  is_int(check(), 0, "the second curve is large enough");
  set.min_bits.ec = 385;
  tells("SFTPAuthPublicKeys", "SFTPKeyLimits", "no curve is");
  set.userkeys = "ecdsa-sha2-nistp256,rsa-sha2-256";
  is_int(check(), 0, "RSA has keys of any size");
  set.userkeys = "ecdsa-sha2-nistp256";
  chains[0].steps = by_password;
  is_int(check(), 0, "keys are not asked for");
}

static void certificates_need_algorithms(void) {
  start(by_key, 1);
  add("SFTPTrustedUserCAKeys", "/ca");
  is_int(check(), 0, "nothing is missing");
  set.userkeys = "ssh-ed25519";
  tells("SFTPTrustedUserCAKeys, line 7", "SFTPAuthPublicKeys",
    "an algorithm of certificates");
  set.userkeys = "ssh-ed25519-cert-v01@openssh.com";
  set.ca_algs = "";
  tells("SFTPTrustedUserCAKeys", "SFTPCASignatureAlgorithms",
    "an algorithm of authorities");
  rule_keys = true;
  is_int(check(), 0, "keys of some users are enough");
  rule_keys = false;
  add("SFTPAuthorizedUserKeys", "file:/keys");
  is_int(check(), 0, "bare keys are enough");
}

static void repeats(bool same, const char *name, const char *wanted) {
  start(by_key, 1);
  one_section = same;
  lines[0] = '\0';
  add(name, "a");
  ftpd_contradict_repeated(p, &server);
  is_str(lines, "", "%s once", name);
  add(name, "b");
  ftpd_contradict_repeated(p, &server);
  is_str(lines, wanted, "%s twice", name);
}

int main(void) {
  p = make_sub_pool(NULL);
  a_service_must_be_left();
  a_secret_needs_protection();
  some_key_must_pass();
  certificates_need_algorithms();
  repeats(true, "SFTPLog", "SFTPLog, line 7, stands here again, line 7: only "
    "the first counts");
  repeats(false, "SFTPLog", "");
  repeats(true, "SFTPOptions", "");
  destroy_pool(p);
  return done_testing();
}
