/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* settings.h -- the configuration, as the core sees it.
 *
 * ftpd-conf.c builds it from the configuration of one virtual host.  It is
 * constant during a session, but the daemon's side may hand over a changed
 * copy after the login (per-user and per-group values).
 */

#ifndef MOD_SFTP_SETTINGS_H
#define MOD_SFTP_SETTINGS_H

#include "base.h"
#include "keys.h"

struct sftp_cert;
struct sftp_qos_classes;
struct sftp_traffic_policy;

/* SFTPOptions.  The values up to NO_STRICT_KEX are those that the packaged
 * module exports in sftp_opts; the others are private.
 */
#define SFTP_OPT_IGNORE_SFTP_UPLOAD_PERMS       0x000001
#define SFTP_OPT_IGNORE_SCP_UPLOAD_PERMS        0x000002
#define SFTP_OPT_PESSIMISTIC_KEXINIT            0x000004
#define SFTP_OPT_OLD_PROTO_COMPAT               0x000008
#define SFTP_OPT_MATCH_KEY_SUBJECT              0x000010
#define SFTP_OPT_IGNORE_SFTP_SET_PERMS          0x000020
#define SFTP_OPT_IGNORE_SFTP_SET_TIMES          0x000040
#define SFTP_OPT_IGNORE_SFTP_SET_OWNERS         0x000080
#define SFTP_OPT_IGNORE_SCP_UPLOAD_TIMES        0x000100
#define SFTP_OPT_ALLOW_INSECURE_LOGIN           0x000200
#define SFTP_OPT_INSECURE_HOSTKEY_PERMS         0x000400
#define SFTP_OPT_ALLOW_WEAK_DH                  0x000800
#define SFTP_OPT_IGNORE_FIFOS                   0x001000
#define SFTP_OPT_IGNORE_SFTP_UPLOAD_XATTRS      0x002000
#define SFTP_OPT_IGNORE_SFTP_SET_XATTRS         0x004000
#define SFTP_OPT_INCLUDE_SFTP_TIMES             0x008000
#define SFTP_OPT_NO_EXT_INFO                    0x010000
#define SFTP_OPT_NO_HOSTKEY_ROTATION            0x020000
#define SFTP_OPT_NO_STRICT_KEX                  0x040000
#define SFTP_OPT_FIDO_TOUCH_REQUIRED            0x080000
#define SFTP_OPT_FIDO_VERIFY_REQUIRED           0x100000
/* Error messages of refusals do not name a directive. */
#define SFTP_OPT_TERSE_REFUSALS                 0x200000
/* hostbased: a user may log in under other names than their own. */
#define SFTP_OPT_HOSTBASED_ANY_USER             0x400000
/* Anybody may own authorized key files, and write to them. */
#define SFTP_OPT_INSECURE_USERKEY_PERMS         0x4000000

/* Services (Protocols directive). */
#define SFTP_SERVICE_FL_SFTP    0x0001
#define SFTP_SERVICE_FL_SCP     0x0002
#define SFTP_SERVICE_FL_DATE    0x0004

enum sftp_compression_setting { COMPRESS_OFF, COMPRESS_ON, COMPRESS_DELAYED };

/* One method of an authentication chain.  directives.h has the layout of the
 * chain that other modules read.
 */
#define AUTH_PUBLICKEY  0x1
#define AUTH_KBDINT     0x2
#define AUTH_PASSWORD   0x4
#define AUTH_HOSTBASED  0x8

struct sftp_chain_step {
  unsigned int method;          /* AUTH_* */
  const char *driver;           /* keyboard-interactive:driver, or NULL */
};

struct sftp_chain {
  const struct sftp_chain_step *steps;
  unsigned int nsteps;
};

enum sftp_fingerprint_form {
  FINGERPRINT_COLONS,
  FINGERPRINT_HEX,
  FINGERPRINT_BASE64
};

/* SFTPClientAlive: the message that asks for a reply. */
enum sftp_keepalive {
  KEEPALIVE_CHANNEL,            /* a channel request, while a channel is open */
  KEEPALIVE_GLOBAL,             /* always a global request */
  KEEPALIVE_IGNORE              /* IGNORE: asks nothing, counts nothing */
};

/* The position of the link's own name in SYMLINK and LINK. */
enum sftp_link_order {
  LINK_ORDER_TARGET,            /* SYMLINK: second, LINK: first */
  LINK_ORDER_LINK,              /* first in both */
  LINK_ORDER_LAST               /* second in both */
};

/* When we begin a rekey; 0: never for that reason. */
struct sftp_rekey_limits {
  unsigned int secs;
  uint64_t bytes;               /* per direction */
  uint32_t packets;
  unsigned int timeout_secs;    /* for the exchange itself */
};

/* Format of fingerprints of users' keys. */
struct sftp_fingerprints {
  const char *digest;           /* libcrypto's name */
  enum sftp_fingerprint_form form;
  bool named;                   /* by SFTPKeyFingerprints, not by default */
};

/* SFTPClientAlive: how often a client is asked, and after which silence. */
struct sftp_alive_limits {
  unsigned int count, secs;
};

/* Versions of SFTP; names are UTF-8 from utf8_version on. */
struct sftp_fxp_versions {
  unsigned int min_version, max_version, utf8_version;
};

/* Minimum key sizes in bits; 0: none. */
struct sftp_key_limits {
  unsigned int rsa, dsa, ec;
};

/* What this client needs: from clients.c's table, then SFTPClientMatch;
 * traits.c has a word for each field.
 */
struct sftp_client_traits {
  enum sftp_link_order link_order;
  bool tagged_sums;             /* replies to check-file begin with its name,
                                 * and each checksum with its length */
  bool data_alone;              /* nothing may follow the data of DATA */
  bool owner_numbers;           /* owners are sent as numbers */
  bool never_rekey;             /* by us */
  enum sftp_keepalive keepalive;
  uint32_t readdir_max;         /* bytes of a reply to READDIR; 0: built in */
  uint32_t data_max;            /* bytes of a READ or WRITE; 0: built in, and
                                 * READ returns more than limits reports */
};

struct sftp_settings {
  unsigned long opts;           /* SFTP_OPT_* */
  const char *ident;            /* "SSH-2.0-..." without line end */

  /* Offered names in order, comma-separated; never NULL. */
  const char *kex, *hostkeys, *ciphers, *macs;
  unsigned int named;           /* 1 << ALGS_*: lists that the administrator
                                 * has set, also by a profile: a known client
                                 * gets nothing in addition */
  const char *userkeys;         /* server-sig-algs, and what the login
                                 * accepts */
  const char *ca_algs;          /* algorithms of authorities' signatures */
  enum sftp_compression_setting compression;

  struct sftp_key **host_keys;  /* usable private keys; the last one of a
                                 * type signs */
  unsigned int nhost_keys;
  const struct sftp_cert **host_certs;  /* of each key, or NULL; may be NULL */
  struct sftp_key_limits min_bits;
  bool min_bits_named;          /* by SFTPKeyLimits */
  const char *dh_param_file;    /* text, or NULL */
  size_t dh_param_len;

  struct sftp_rekey_limits rekey;
  const struct sftp_traffic_policy *traffic;    /* NULL: not configured */
  const struct sftp_qos_classes *qos;   /* as well */

  struct sftp_fingerprints fingerprint;

  unsigned int max_channels;
  uint32_t window, max_packet;  /* of our channels; 0 = built in */
  struct sftp_alive_limits alive;
  unsigned int max_login_attempts;      /* 0 = unlimited */
  unsigned int services;        /* SFTP_SERVICE_FL_* */

  const struct sftp_chain *chains;
  unsigned int nchains;

  const char *const *accept_env;        /* glob patterns, NULL-terminated */
  struct sftp_fxp_versions sftp;
  unsigned long extensions;     /* bits of fxp-ext.c's table */
  unsigned long exec_commands;  /* bits of exec.c's table */
  struct sftp_client_traits client;
  uint64_t clients_known;       /* rows of clients.c that were applied */
  bool pessimistic_newkeys;
};

#endif /* MOD_SFTP_SETTINGS_H */
