/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* sshsig.c -- signatures of files in OpenSSH's form. */

#include "base64.h"
#include "checksum.h"
#include "sshsig.h"

#define MAGIC "SSHSIG"
#define VERSION 1
#define DIGEST "sha512"
#define COLUMNS 70
#define SIGNATURE_MAX 16384

/* In this order: ssh-keygen knows no other types of host keys. */
static const char *const names[] = { "ssh-ed25519", "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512" };

const struct sftp_sig_alg *sftp_sshsig_alg(const struct sftp_key *key) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    const struct sftp_sig_alg *alg = sftp_sig_alg_find(sftp_str_of(names[i]));

    if (alg != NULL && strcmp(alg->key_type, key->type->name) == 0 &&
        sftp_sig_is_usable(&alg->alg)) {
      return alg;
    }
  }

  return NULL;
}

static int digest_of(pool *p, struct sftp_str message, struct sftp_str *out) {
  struct sftp_sum *sum = sftp_sum_new(p, DIGEST);
  unsigned char *bytes = palloc(p, SFTP_SUM_MAX);
  int res;

  if (sum == NULL) {
    return SFTP_ERR_UNSUPPORTED;
  }

  res = sftp_sum_begin(sum);
  if (res == SFTP_OK) {
    res = sftp_sum_add(sum, message.ptr, message.len);
  }

  if (res == SFTP_OK) {
    res = sftp_sum_end(sum, bytes);
  }

  out->ptr = bytes;
  out->len = sftp_sum_len(sum);
  return res;
}

static const char *armor(pool *p, struct sftp_str blob) {
  const char *text = sftp_base64_encode(p, blob, true), *res;
  size_t len = strlen(text), at;

  res = "-----BEGIN SSH SIGNATURE-----\n";
  for (at = 0; at < len; at += COLUMNS) {
    res = pstrcat(p, res, pstrndup(p, text + at, COLUMNS), "\n", NULL);
  }

  return pstrcat(p, res, "-----END SSH SIGNATURE-----\n", NULL);
}

int sftp_sshsig(pool *p, const struct sftp_key *key, const char *space,
    struct sftp_str message, const char **armored) {
  const struct sftp_sig_alg *alg = sftp_sshsig_alg(key);
  struct sftp_str digest = { NULL, 0 };
  struct sftp_wr data, sig, blob;
  int res = alg != NULL ? digest_of(p, message, &digest) :
    SFTP_ERR_UNSUPPORTED;

  if (res != SFTP_OK) {
    return res;
  }

  sftp_wr_init(&data, p, 256, SIGNATURE_MAX);
  sftp_wr_bytes(&data, MAGIC, strlen(MAGIC));
  sftp_wr_text(&data, space);
  sftp_wr_text(&data, "");              /* reserved */
  sftp_wr_text(&data, DIGEST);
  sftp_wr_str(&data, digest);

  sftp_wr_init(&sig, p, 1024, SIGNATURE_MAX);
  res = sftp_wr_end(&data);
  if (res == SFTP_OK) {
    res = sftp_key_sign(key, alg, sftp_wr_get(&data), &sig);
  }

  sftp_wr_init(&blob, p, 2048, SIGNATURE_MAX);
  sftp_wr_bytes(&blob, MAGIC, strlen(MAGIC));
  sftp_wr_u32(&blob, VERSION);
  sftp_wr_str(&blob, key->blob);
  sftp_wr_text(&blob, space);
  sftp_wr_text(&blob, "");
  sftp_wr_text(&blob, DIGEST);
  sftp_wr_str(&blob, sftp_wr_get(&sig));
  if (res == SFTP_OK) {
    res = sftp_wr_end(&blob);
  }

  if (res == SFTP_OK) {
    *armored = armor(p, sftp_wr_get(&blob));
  }

  return res;
}
