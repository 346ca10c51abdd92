/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* effects.h -- the effects of each request, and which rules decide about them.
 *
 * A rule on a command is a rule on its effect: `<Limit RETR>' is about content
 * that leaves the server, whichever request sends it.  So this table describes
 * each request by its effects, and each effect by the names of <Limit> that
 * apply to it; the gate derives its checks from both.  The manual prints these
 * tables (t/unit/effects-t.c compares them); t/integration/effects.t walks
 * them.
 */

#ifndef MOD_SFTP_EFFECTS_H
#define MOD_SFTP_EFFECTS_H

#include "ftpd-gate.h"

#define SFTP_EFF_READ     0x00001U      /* bytes of a file, or their digest */
#define SFTP_EFF_MAKE     0x00002U      /* new content */
#define SFTP_EFF_APPEND   0x00004U      /* content at the end of a file */
#define SFTP_EFF_REPLACE  0x00008U      /* content in place of other content */
#define SFTP_EFF_NAME     0x00010U      /* a new name */
#define SFTP_EFF_UNNAME   0x00020U      /* a name is removed */
#define SFTP_EFF_MODE     0x00040U
#define SFTP_EFF_OWNER    0x00080U
#define SFTP_EFF_TIME     0x00100U
#define SFTP_EFF_ATTR     0x00200U      /* extended attributes change */
#define SFTP_EFF_TELL     0x00400U      /* whether a file exists, and what it
                                         * is */
#define SFTP_EFF_SHOW     0x00800U      /* metadata that listings do not
                                         * show: texts of links, extended
                                         * attributes, free space */
#define SFTP_EFF_LIST     0x01000U      /* the names in a directory */
#define SFTP_EFF_GO       0x02000U      /* enters a directory */
#define SFTP_EFF_UP       0x04000U      /* ... by ".." */
#define SFTP_EFF_HERE     0x08000U      /* ... the directory after the login */
#define SFTP_EFF_LOCK     0x10000U      /* locks others out of a file */
#define SFTP_NEFFECTS     17

#define SFTP_EFF_NAMES    8

/* Effects of setting attributes. */
#define SFTP_EFF_SETS     (SFTP_EFF_MODE|SFTP_EFF_OWNER|SFTP_EFF_TIME| \
  SFTP_EFF_ATTR|SFTP_EFF_REPLACE)
/* Effects that change something: refused for read-only keys. */
#define SFTP_EFF_WRITES   (SFTP_EFF_SETS|SFTP_EFF_MAKE|SFTP_EFF_APPEND| \
  SFTP_EFF_NAME|SFTP_EFF_UNNAME|SFTP_EFF_LOCK)

/* An effect.  Each of its names may deny it.  If one of them, or a name of the
 * request, allows it explicitly, that has precedence over groups and ALL.  Of
 * two groups, both have to deny it.
 */
struct sftp_effect {
  unsigned int bit;
  const char *text;             /* for the manual: "reads content" */
  const char *names[SFTP_EFF_NAMES];
  const char *groups[2];
};

extern const struct sftp_effect sftp_effects[SFTP_NEFFECTS];

/* The effects of a request on one of its paths, and its own names of <Limit>,
 * which apply to each effect.  Some effects depend on what the client sends
 * (flags, attributes): `maybe' lists those that are possible, and struct
 * ftpd_op those that occur.
 */
struct sftp_rule {
  const char *names[SFTP_EFF_NAMES];
  unsigned int effects, maybe;
};

struct sftp_rules {
  struct sftp_rule first, second;
};

/* By the gate's kind of request. */
extern const struct sftp_rules sftp_rules[FTPD_NREQUESTS];

/* One word for each, as counters and ftpdctl sftp explain call it. */
extern const char *const sftp_operations[FTPD_NREQUESTS];

/* Requests by their common names.
 *
 * A forced command of a key may list allowed (-p) or denied (-P) requests. -P
 * is about effects: it denies every request with one of its words, in `names'
 * or `does'. -p names requests: one of the words in `names' has to be listed;
 * of words joined as "a+b", both.
 */
struct sftp_request {
  const char *name;             /* as in fxp.c and fxp-ext.c */
  const char *how;              /* which kind of it, or NULL */
  enum ftpd_request gate;       /* FTPD_NREQUESTS: needs no permission */
  const char *names;            /* NULL: the name up to its @; "": not an SFTP
                                 * request */
  const char *does;             /* OpenSSH's words, comma-separated; or NULL */
};

extern const struct sftp_request sftp_requests[];
extern const unsigned int sftp_nrequests;

/* The row of a request, or NULL. */
const struct sftp_request *sftp_request_find(const char *name,
  const char *how);

#endif /* MOD_SFTP_EFFECTS_H */
