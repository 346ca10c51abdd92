/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* conn.h -- one SSH connection: what rows 2 to 5 share.
 *
 * It holds only pointers to each part's own opaque struct.  Errors return; a
 * part that fails a connection says why with sftp_fail() and the loop in
 * conn.c turns the first such reason into one log line, one DISCONNECT and
 * the end.  A connection that failed stays failed.
 */

#ifndef MOD_SFTP_CONN_H
#define MOD_SFTP_CONN_H

#include "packet.h"
#include "settings.h"
#include "ssh2.h"

struct ftpd;
struct sftp_kex;
struct sftp_auth;
struct sftp_channels;
struct sftp_loop;
struct sftp_global;
struct sftp_traffic;
struct sftp_service_row;
struct sftp_forced;

/* What the client may send next; phase.c alone changes it. */
enum sftp_phase {
  PH_VERSION = 1,       /* its identification string */
  PH_KEXINIT = 2,       /* its KEXINIT */
  PH_KEX = 4,           /* messages of the method */
  PH_NEWKEYS = 8,
  PH_SERVICE = 16,      /* SERVICE_REQUEST */
  PH_AUTH = 32,         /* USERAUTH_REQUEST */
  PH_OPEN = 64,         /* channels */
  PH_DEAD = 128
};

#define PH_KEYED (PH_SERVICE|PH_AUTH|PH_OPEN)
#define PH_ANY (PH_KEXINIT|PH_KEX|PH_NEWKEYS|PH_KEYED)

struct ssh_conn {
  pool *pool;
  int fd;
  const struct sftp_settings *set;
  struct ftpd *ftpd;            /* the host's side; opaque here */

  const char *client_ident;     /* "SSH-2.0-..." as received, no line end */
  const char *client_software;  /* behind "SSH-2.0-", up to the first space */

  enum sftp_phase phase;
  enum sftp_phase resume;       /* what follows the exchange that runs */
  uint8_t msg_type;             /* of the message being handled */
  bool strict_kex;              /* in force (first KEXINITs agreed) */
  bool keyed;                   /* the first exchange is complete */
  bool client_ext_info;         /* client sent ext-info-c */
  bool authenticated;

  struct sftp_packets *pkts;
  struct sftp_kex *kex;
  struct sftp_auth *auth;
  struct sftp_channels *channels;
  struct sftp_global *global;   /* global.h */
  struct sftp_traffic *traffic; /* traffic.h */
  const struct sftp_service_row *services;      /* ends with a NULL request */
  const struct sftp_forced *forced;     /* by the key of the login, or NULL */
  struct sftp_loop *loop;       /* conn.c's own */

  int err;                      /* first failure, or SFTP_OK */
  const char *why;              /* its reason, in pool */
  bool peer_gone;               /* nothing more can be sent */
};

/* Records (fail.c) the first failure of the connection and returns err.  The
 * text is for the log and for the client's DISCONNECT.
 */
int sftp_fail(struct ssh_conn *c, int err, const char *fmt, ...)
  SFTP_PRINTF(3, 4);

/* ---- conn.c */

/* A connection over an accepted socket; nothing is sent yet. */
struct ssh_conn *sftp_conn_new(pool *p, int fd,
  const struct sftp_settings *set, struct ftpd *ftpd);
/* Serves it until its end; returns the error that ended it (SFTP_ERR_EOF and
 * SFTP_ERR_CLOSED are ordinary ends).  All channels are closed by then.
 */
int sftp_conn_run(struct ssh_conn *c);
/* Serves until *stop is non-zero (drivers that converse in the middle of a
 * request) or the connection fails.
 */
int sftp_conn_run_until(struct ssh_conn *c, const bool *stop) SFTP_MUST_CHECK;
/* One turn without waiting: for tests and for run().  1: something was done. */
int sftp_conn_turn(struct ssh_conn *c) SFTP_MUST_CHECK;

/* A message and what may be done with it when. */
struct sftp_msg {
  const char *name;
  unsigned int phases;          /* in which it may come */
  unsigned int strict;          /* the same before the first keys under strict
                                 * KEX */
  int (*run)(struct ssh_conn *c, struct sftp_rd *r);
};

extern const struct sftp_msg sftp_msgs[256];

/* ---- phase.c: the one setter of the phase */

void sftp_phase_begin(struct ssh_conn *c);
/* What the client may send next.  While keys are exchanged, a phase that needs
 * keys is what follows the exchange: the exchange itself goes on.
 */
void sftp_phase_enter(struct ssh_conn *c, enum sftp_phase next);
/* The exchange is over: what follows it begins. */
void sftp_phase_keyed(struct ssh_conn *c);
/* The phase as if no rekey ran. */
enum sftp_phase sftp_phase_beyond_exchange(const struct ssh_conn *c);

/* ---- disconnect.c */

/* The reason code of DISCONNECT (RFC 4253, section 11.1) for an error. */
unsigned int sftp_disconnect_reason(int err);
/* Sends DISCONNECT with that text and tries to get it out.  Only once. */
void sftp_disconnect(struct ssh_conn *c, unsigned int reason,
  const char *text);
int sftp_on_disconnect(struct ssh_conn *c, struct sftp_rd *r);

/* ---- version.c (RFC 4253, section 4.2) */

int sftp_version_send(struct ssh_conn *c) SFTP_MUST_CHECK;
/* 1: the client's line has been read and is acceptable, 0: not yet there. */
int sftp_version_read(struct ssh_conn *c) SFTP_MUST_CHECK;

/* The client was observed to do something by which clients.h knows programs:
 * how and what are in its words.
 */
void sftp_client_observed(struct ssh_conn *c, const char *how,
  struct sftp_str what);

/* ---- kex.c */

struct sftp_kex *sftp_kex_new(struct ssh_conn *c);
/* Sends our KEXINIT unless an exchange runs; why is for the log ("volume",
 * "time", ...).
 */
int sftp_kex_start(struct ssh_conn *c, const char *why) SFTP_MUST_CHECK;
/* The client's version is known: sends our first KEXINIT, or has it wait for
 * the client's a moment, since the offer follows what that knows.
 */
int sftp_kex_first(struct ssh_conn *c) SFTP_MUST_CHECK;
/* Starts a rekey when one is due; checks the time-out of one that runs. */
int sftp_kex_check(struct ssh_conn *c) SFTP_MUST_CHECK;
/* By volume one is due. */
bool sftp_kex_wanted(const struct ssh_conn *c);
/* No more data should leave with the keys in force: others are on their way, or
 * will be at the end of this turn.
 */
bool sftp_kex_holds(const struct ssh_conn *c);
/* The connection ends: says so of a rekey that runs. */
void sftp_kex_broken_off(struct ssh_conn *c, const char *why);
/* Milliseconds until sftp_kex_check() has something to do; UINT64_MAX: never.
 */
uint64_t sftp_kex_due_ms(const struct ssh_conn *c);
int sftp_on_kexinit(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_kex_message(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_newkeys(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_ext_info(struct ssh_conn *c, struct sftp_rd *r);
/* Before the first USERAUTH_REQUEST is served: a second EXT_INFO for clients
 * that can use one (ext-info-in-auth@openssh.com).
 */
int sftp_kex_auth_info(struct ssh_conn *c) SFTP_MUST_CHECK;
/* K_S of the first exchange; empty before. */
struct sftp_str sftp_kex_first_host_key(const struct ssh_conn *c);
/* The session identifier; empty before the first exchange. */
struct sftp_str sftp_kex_session_id(const struct ssh_conn *c);
/* Tells the host of compression that has begun: after NEWKEYS, after login. */
void sftp_kex_tell_compression(struct ssh_conn *c);
/* True while a KEXINIT of ours or theirs is out and NEWKEYS is not done. */
bool sftp_kex_running(const struct ssh_conn *c);

struct sftp_kex_names {
  const char *kex, *hostkey, *cipher_c2s, *cipher_s2c, *mac_c2s, *mac_s2c,
    *comp_c2s, *comp_s2c;       /* MAC "implicit" with AEAD */
};

/* What was agreed in the exchange last completed; NULL before. */
const struct sftp_kex_names *sftp_kex_agreed(const struct ssh_conn *c);

#endif /* MOD_SFTP_CONN_H */
