/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* In order of preference.  A new method is a row here and a kex-*.c. */

#include "kex-hybrid.h"

#define KEX_HYBRID (ALG_DEFAULT | ALG_MODERN)
#define KEX_APPROVED (ALG_DEFAULT | ALG_FIPS)
/* Scanners mark the NIST curves and groups of 2048 bits down. */
#define KEX_FIPS_ONLY (ALG_OPT_IN | ALG_FIPS | ALG_FIPS_OFFER)

const struct sftp_kex_method sftp_kex_methods[] = {
  { { "mlkem768x25519-sha256", KEX_HYBRID },
    "SHA256", &sftp_kex_hybrid, &sftp_hybrid_mlkem768_x25519 },
  { { "sntrup761x25519-sha512", KEX_HYBRID },
    "SHA512", &sftp_kex_hybrid, &sftp_hybrid_sntrup761_x25519 },
  { { "sntrup761x25519-sha512@openssh.com", KEX_HYBRID },
    "SHA512", &sftp_kex_hybrid, &sftp_hybrid_sntrup761_x25519 },
  { { "curve25519-sha256", ALG_DEFAULT },
    "SHA256", &sftp_kex_x25519, NULL },
  { { "curve25519-sha256@libssh.org", ALG_DEFAULT },
    "SHA256", &sftp_kex_x25519, NULL },
  { { "curve448-sha512", ALG_DEFAULT },
    "SHA512", &sftp_kex_x448, NULL },
  { { "diffie-hellman-group16-sha512", KEX_APPROVED },
    "SHA512", &sftp_kex_dh, "modp_4096" },
  { { "diffie-hellman-group18-sha512", KEX_APPROVED },
    "SHA512", &sftp_kex_dh, "modp_8192" },
  { { "mlkem768nistp256-sha256", KEX_FIPS_ONLY },
    "SHA256", &sftp_kex_hybrid, &sftp_hybrid_mlkem768_p256 },
  { { "mlkem1024nistp384-sha384", KEX_FIPS_ONLY },
    "SHA384", &sftp_kex_hybrid, &sftp_hybrid_mlkem1024_p384 },
  { { "ecdh-sha2-nistp256", KEX_FIPS_ONLY },
    "SHA256", &sftp_kex_ecdh, "P-256" },
  { { "ecdh-sha2-nistp384", KEX_FIPS_ONLY },
    "SHA384", &sftp_kex_ecdh, "P-384" },
  { { "ecdh-sha2-nistp521", KEX_FIPS_ONLY },
    "SHA512", &sftp_kex_ecdh, "P-521" },
  { { "diffie-hellman-group14-sha256", KEX_FIPS_ONLY },
    "SHA256", &sftp_kex_dh, "modp_2048" },
  { { "diffie-hellman-group-exchange-sha256", ALG_OPT_IN },
    "SHA256", &sftp_kex_gex, NULL },
  { { "diffie-hellman-group-exchange-sha1", ALG_OPT_IN },
    "SHA1", &sftp_kex_gex, NULL },
  { { "diffie-hellman-group14-sha1", ALG_OPT_IN },
    "SHA1", &sftp_kex_dh, "modp_2048" },
  { { "rsa2048-sha256", ALG_OPT_IN },
    "SHA256", &sftp_kex_rsa, NULL },
  { { "rsa1024-sha1", ALG_OPT_IN },
    "SHA1", &sftp_kex_rsa, NULL },
  { { "diffie-hellman-group1-sha1", ALG_OPT_IN },
    "SHA1", &sftp_kex_dh, "oakley_1024" },
  { { NULL, 0 }, NULL, NULL, NULL }
};
