/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* accept-env.c -- which environment variables a client may set. */

#include <fnmatch.h>
#include <strings.h>

#include "accept-env.h"
#include "settings.h"

static bool is_denied_env(const char *name) {
  static const char *const denied[] = { "DYLD_LIBRARY_PATH", "HOME",
    "LD_CONFIG", "LD_CONFIG_32", "LD_CONFIG_64", "LD_LIBMAP",
    "LD_LIBRARY_PATH", "LD_NOCONFIG", "LD_NOCONFIG_32", "LD_NOCONFIG_64",
    "LD_PRELOAD", "LD_RUN_PATH", "LIBPATH", "PATH", "SFTP",
    "SFTP_LIBRARY_VERSION", "SFTP_CLIENT_CIPHER_ALGO",
    "SFTP_CLIENT_MAC_ALGO", "SFTP_CLIENT_COMPRESSION_ALGO", "SFTP_KEX_ALGO",
    "SFTP_SERVER_CIPHER_ALGO", "SFTP_SERVER_MAC_ALGO",
    "SFTP_SERVER_COMPRESSION_ALGO", "SHLIB_PATH", "TMP", "TMPDIR", "TZ",
    "USER", NULL };
  size_t i;

  for (i = 0; denied[i] != NULL; i++) {
    if (strcasecmp(denied[i], name) == 0) {
      return true;
    }
  }

  return false;
}

bool sftp_env_accepted(const struct sftp_settings *set, const char *name) {
  const char *const *pattern = set->accept_env;

  if (is_denied_env(name)) {
    return false;
  }

  for (; pattern != NULL && *pattern != NULL; pattern++) {
    if (fnmatch(*pattern, name, 0) == 0) {
      return true;
    }
  }

  return false;
}
