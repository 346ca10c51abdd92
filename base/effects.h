/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* effects.h -- what each request does, and which rules decide about that.
 *
 * A rule on a verb is a rule on its effect: `<Limit RETR>' is about bytes that
 * leave the server, whichever request asks for them.  So each request is
 * described by its effects, each effect by the names of <Limit> that stand for
 * it, and the gate asks what follows from the two.  The manual prints these
 * tables (t/unit/effects-t.c compares them); t/integration/effects.t walks
 * them.
 */

#ifndef MOD_SFTP_EFFECTS_H
#define MOD_SFTP_EFFECTS_H

#include "ftpd-gate.h"

#define SFTP_EFF_READ     0x00001U      /* bytes of a file, or their digest */
#define SFTP_EFF_MAKE     0x00002U      /* content where there was none */
#define SFTP_EFF_APPEND   0x00004U      /* bytes behind those of a file */
#define SFTP_EFF_REPLACE  0x00008U      /* bytes in place of others */
#define SFTP_EFF_NAME     0x00010U      /* a new name */
#define SFTP_EFF_UNNAME   0x00020U      /* a name goes */
#define SFTP_EFF_MODE     0x00040U
#define SFTP_EFF_OWNER    0x00080U
#define SFTP_EFF_TIME     0x00100U
#define SFTP_EFF_ATTR     0x00200U      /* extended attributes change */
#define SFTP_EFF_TELL     0x00400U      /* whether and what a file is */
#define SFTP_EFF_SHOW     0x00800U      /* what listings do not show: links'
                                         * texts, extended attributes, free
                                         * space */
#define SFTP_EFF_LIST     0x01000U      /* the names in a directory */
#define SFTP_EFF_GO       0x02000U      /* into a directory */
#define SFTP_EFF_UP       0x04000U      /* ... by ".." */
#define SFTP_EFF_HERE     0x08000U      /* ... where the login landed */
#define SFTP_EFF_LOCK     0x10000U      /* keeps others from a file */
#define SFTP_NEFFECTS     17

#define SFTP_EFF_NAMES    8

/* What attributes can set. */
#define SFTP_EFF_SETS     (SFTP_EFF_MODE|SFTP_EFF_OWNER|SFTP_EFF_TIME| \
  SFTP_EFF_ATTR|SFTP_EFF_REPLACE)
/* Changes something: refused to keys that are for reading only. */
#define SFTP_EFF_WRITES   (SFTP_EFF_SETS|SFTP_EFF_MAKE|SFTP_EFF_APPEND| \
  SFTP_EFF_NAME|SFTP_EFF_UNNAME|SFTP_EFF_LOCK)

/* An effect: any of the names may deny it; an explicit permission by one of
 * them, or by a name of the request, outweighs what the groups and ALL say.
 * Of two groups, both have to deny.
 */
struct sftp_effect {
  unsigned int bit;
  const char *text;             /* for the manual: "reads content" */
  const char *names[SFTP_EFF_NAMES];
  const char *groups[2];
};

extern const struct sftp_effect sftp_effects[SFTP_NEFFECTS];

/* What a request does to one of its paths: its own names of <Limit>, which
 * count for each of the effects.  Some effects depend on what the client asks
 * for (flags, attributes): `maybe' has those that are possible, and struct
 * ftpd_op those that apply.
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

/* Requests by the names that people know.
 *
 * A command that a key forces may list the requests that it allows (-p) or
 * denies (-P).  -P is about effects: it denies what carries one of its words,
 * in `names' or `does'.  -p names requests: one of the words in `names' has to
 * be there, where two are joined ("a+b") both.
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
