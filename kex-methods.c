/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* In order of preference.  A new method is a row here and a kex-*.c. */

#include "kex-hybrid.h"

#define KEX_MODERN ALG_DEFAULT
#define KEX_DEFAULT (ALG_DEFAULT | ALG_LEGACY)
#define KEX_APPROVED (ALG_DEFAULT | ALG_LEGACY | ALG_FIPS)

const struct sftp_kex_method sftp_kex_methods[] = {
  { { "mlkem768x25519-sha256", KEX_MODERN },
    "SHA256", &sftp_kex_hybrid, &sftp_hybrid_mlkem768_x25519 },
  { { "sntrup761x25519-sha512", KEX_MODERN },
    "SHA512", &sftp_kex_hybrid, &sftp_hybrid_sntrup761_x25519 },
  { { "sntrup761x25519-sha512@openssh.com", KEX_MODERN },
    "SHA512", &sftp_kex_hybrid, &sftp_hybrid_sntrup761_x25519 },
  { { "mlkem768nistp256-sha256", KEX_MODERN },
    "SHA256", &sftp_kex_hybrid, &sftp_hybrid_mlkem768_p256 },
  { { "mlkem1024nistp384-sha384", KEX_MODERN },
    "SHA384", &sftp_kex_hybrid, &sftp_hybrid_mlkem1024_p384 },
  { { "curve25519-sha256", KEX_DEFAULT },
    "SHA256", &sftp_kex_x25519, NULL },
  { { "curve25519-sha256@libssh.org", KEX_DEFAULT },
    "SHA256", &sftp_kex_x25519, NULL },
  { { "curve448-sha512", KEX_DEFAULT },
    "SHA512", &sftp_kex_x448, NULL },
  { { "ecdh-sha2-nistp256", KEX_APPROVED },
    "SHA256", &sftp_kex_ecdh, "P-256" },
  { { "ecdh-sha2-nistp384", KEX_APPROVED },
    "SHA384", &sftp_kex_ecdh, "P-384" },
  { { "ecdh-sha2-nistp521", KEX_APPROVED },
    "SHA512", &sftp_kex_ecdh, "P-521" },
  { { "diffie-hellman-group16-sha512", KEX_APPROVED },
    "SHA512", &sftp_kex_dh, "modp_4096" },
  { { "diffie-hellman-group18-sha512", KEX_APPROVED },
    "SHA512", &sftp_kex_dh, "modp_8192" },
  { { "diffie-hellman-group14-sha256", KEX_APPROVED },
    "SHA256", &sftp_kex_dh, "modp_2048" },
  { { "diffie-hellman-group-exchange-sha256", ALG_OPT_IN | ALG_LEGACY },
    "SHA256", &sftp_kex_gex, NULL },
  { { "diffie-hellman-group-exchange-sha1", ALG_OPT_IN | ALG_LEGACY },
    "SHA1", &sftp_kex_gex, NULL },
  { { "diffie-hellman-group14-sha1", ALG_OPT_IN | ALG_LEGACY },
    "SHA1", &sftp_kex_dh, "modp_2048" },
  { { "diffie-hellman-group1-sha1", ALG_OPT_IN },
    "SHA1", &sftp_kex_dh, "oakley_1024" },
  { { NULL, 0 }, NULL, NULL, NULL }
};
