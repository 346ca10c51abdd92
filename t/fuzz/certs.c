/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: certificates, lists of revoked keys, signatures
 * of security keys, forced commands.
 *
 * The first byte selects one of them.
 */

#include "alg-table.h"
#include "cert.h"
#include "crypto.h"
#include "forced.h"
#include "krl.h"
#include "settings.h"
#include "target.h"

static const char *algs(pool *p) {
  return sftp_alg_list(p, ALGS_SIGNATURE, 0, 0);
}

static void certificate(pool *p, struct sftp_str in) {
  struct sftp_cert *cert = NULL;
  const char *why = NULL;

  if (sftp_cert_read(p, in, algs(p), &cert, &why) != SFTP_OK) {
    must(cert == NULL && why != NULL);
    return;
  }

  must(cert->key != NULL && cert->ca != NULL && cert->key_id != NULL);
  must(sftp_cert_is_blob(in) && sftp_cert_is_type(sftp_str_of(cert->type)));
  (void) sftp_cert_objection(p, cert, CERT_USER, cert->valid_after);
  (void) sftp_cert_names(cert, "alice");
}

/* A list, asked about a key and a certificate that no list was made for. */
static void revoked(pool *p, struct sftp_str in) {
  static const unsigned char point[] =
    "\0\0\0\013ssh-ed25519\0\0\0\040"
    "\327\132\230\001\202\261\012\267\325\113\376\323\311\144\007\072"
    "\016\341\162\363\332\246\043\045\257\002\032\150\367\007\121\032";
  struct sftp_str blob = { point, sizeof(point) - 1 };
  struct sftp_cert cert;
  const char *why = NULL;
  int res;

  memset(&cert, 0, sizeof(cert));
  must(sftp_key_from_blob(p, blob, &cert.ca) == SFTP_OK);
  cert.key = cert.ca;
  cert.blob = sftp_str_of("a certificate");
  cert.key_id = "id";
  cert.serial = 300;
  res = sftp_krl_check(p, in, blob, &cert, &why);
  must(res == SFTP_OK || why != NULL);
}

static void signature(pool *p, struct sftp_str in) {
  struct sftp_rd r;
  struct sftp_str blob, sig, text = sftp_str_of("data");
  struct sftp_key *key = NULL;
  struct sftp_sig_info info;
  size_t i;

  sftp_rd_init_str(&r, in);
  blob = sftp_rd_string(&r);
  sig = sftp_rd_rest(&r);
  if (sftp_rd_ok(&r) != SFTP_OK ||
      sftp_key_from_blob(p, blob, &key) != SFTP_OK) {
    return;
  }

  for (i = 0; sftp_sig_algs[i].alg.name != NULL; i++) {
    (void) !sftp_key_verify_info(key, &sftp_sig_algs[i], sig, text, &info);
  }
}

static void command(pool *p, struct sftp_str in) {
  struct sftp_forced f;
  const char *why = NULL, *text;

  if (memchr(in.ptr, '\0', in.len) != NULL) {
    return;
  }

  text = sftp_str_dup(p, in);
  if (sftp_forced_parse(p, text, &f, &why) != SFTP_OK) {
    must(why != NULL);
    return;
  }

  must(f.service == SFTP_SERVICE_FL_SFTP || f.service == SFTP_SERVICE_FL_SCP);
  must(f.umask >= -1 && f.umask <= 0777);
  (void) sftp_forced_allows(&f, "OPEN", NULL);
}

static int one_input(const uint8_t *data, size_t size) {
  static const fuzz_parser parsers[] = {
    certificate, revoked, signature, command
  };

  fuzz_one_of(parsers, SFTP_NELEMS(parsers), data, size);
  return 0;
}
