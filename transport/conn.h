/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* conn.h -- one SSH connection: what transport and services share.
 *
 * It holds what all parts ask about, a struct for each topic, and pointers to
 * each part's own opaque struct.  Errors return; a part that fails a connection
 * says why with sftp_fail() and the loop in conn.c turns the first such reason
 * into one log line, one DISCONNECT and the end.  A connection that failed
 * stays failed.
 */

#ifndef MOD_SFTP_CONN_H
#define MOD_SFTP_CONN_H

#include "budget.h"
#include "packet.h"
#include "phase.h"
#include "settings.h"
#include "ssh2.h"

struct ftpd;
struct sftp_kex;
struct sftp_auth;
struct sftp_channels;
struct sftp_loop;
struct sftp_global;
struct sftp_qos;
struct sftp_traffic;
struct sftp_service_row;
struct sftp_times;
struct sftp_upper;
struct sftp_forced;
struct sftp_monitor;

/* Who is at the other end. */
struct sftp_peer {
  const char *ident;            /* "SSH-2.0-..." as received, no line end */
  const char *software;         /* behind "SSH-2.0-", up to the first space */
  bool ext_info;                /* client sent ext-info-c */
  bool gone;                    /* nothing more can be sent */
};

/* How far the connection has come. */
struct sftp_conn_state {
  enum sftp_phase phase;        /* both are set in phase.c alone */
  enum sftp_phase resume;       /* the phase after the current exchange */
  uint8_t msg_type;             /* of the message being handled */
  bool strict_kex;              /* in force (first KEXINITs agreed) */
  bool keyed;                   /* the first exchange is complete */
  bool keep_keys;               /* for their hand-over (handover.h) */
  bool authenticated;
};

/* What the client may request. */
struct sftp_services {
  const struct sftp_service_row *rows;  /* ends with a NULL request */
  const struct sftp_forced *forced;     /* by the key of the login, or NULL */
};

/* What ends the connection: the first failure (fail.c). */
struct sftp_failure {
  int err;                      /* or SFTP_OK */
  const char *why;              /* in the connection's pool */
  bool told;                    /* client and log know it already */
};

/* What another process does for this one (isolation/). */
struct sftp_elsewhere {
  /* Writes the host key's signature over the exchange hash. */
  int (*sign)(struct ssh_conn *c, struct sftp_str H, struct sftp_wr *sig);
  /* Reports several actions of the client at once; sets c->set. */
  void (*observed)(struct ssh_conn *c, const char *const *does, size_t n);
  /* Text of SFTPDHParamFile; empty: there is none. */
  struct sftp_str (*groups)(struct ssh_conn *c);
};

struct ssh_conn {
  pool *pool;
  int fd;
  const struct sftp_settings *set;
  struct ftpd *ftpd;            /* the daemon's side; opaque here */

  struct sftp_peer peer;
  struct sftp_conn_state state;
  struct sftp_services services;
  struct sftp_failure failure;
  struct sftp_spent spent;      /* before the login */

  const struct sftp_upper *upper;       /* conn-loop.h */
  const struct sftp_elsewhere *elsewhere;       /* NULL: all is done here */

  /* The parts; their definitions are private to their sources. */
  struct sftp_packets *pkts;
  struct sftp_kex *kex;
  struct sftp_auth *auth;
  struct sftp_channels *channels;
  struct sftp_global *global;   /* global.h */
  struct sftp_times *times;     /* times.h */
  struct sftp_traffic *traffic; /* traffic.h */
  struct sftp_qos *qos;         /* qos.h; NULL until it is needed */
  struct sftp_loop *loop;       /* private to conn.c */
  struct sftp_monitor *monitor; /* monitor.h; NULL: no cell serves the client */
  /* Serves until *stop is true or the connection fails; set by conn.c, for
   * drivers that exchange messages during a request.
   */
  int (*run_until)(struct ssh_conn *c, const bool *stop);
};

/* Records (fail.c) the first failure of the connection and returns err.  The
 * text is for the log and for the client's DISCONNECT.
 */
int sftp_fail(struct ssh_conn *c, int err, const char *fmt, ...)
  SFTP_PRINTF(3, 4);

/* Text for the user, who sees it if the client shows such: UTF-8, no control
 * characters.  It goes out as soon as it may; what is too much is cut off.
 */
void sftp_conn_say(struct ssh_conn *c, const char *text);

#endif /* MOD_SFTP_CONN_H */
