/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-session.h -- one session on the daemon's side.  A process serves
 * one connection: ftpd_current() is its struct ftpd, NULL in the master and in
 * sessions of virtual hosts without SFTPEngine.
 *
 * Includes ProFTPD's headers; no lower layer includes this one.
 */

#ifndef MOD_SFTP_FTPD_SESSION_H
#define MOD_SFTP_FTPD_SESSION_H

#include "conf.h"
#include "privs.h"

#include "mod_sftp.h"

/* Since 1.3.9 the public header numbers these differently from settings.h,
 * which this module uses (ftpd-abi.c translates).
 */
#undef SFTP_OPT_FIDO_TOUCH_REQUIRED
#undef SFTP_OPT_FIDO_VERIFY_REQUIRED
#undef SFTP_OPT_NO_STRICT_KEX

#include "settings.h"

#define SFTP_EXPORT __attribute__((visibility("default")))

struct ftpd_login;              /* private to ftpd-login.c and ftpd-auth.c */
struct ftpd_files;              /* private to ftpd-op.c and ftpd-file.c */
struct ftpd_lookup;             /* ftpd-lookup.c */
struct ftpd_names;              /* ftpd-charset.c */
struct ftpd_note;
struct ftpd_listeners;          /* private to ftpd-listen.c */

struct ftpd {
  pool *pool;                   /* as long as the session */
  server_rec *server;
  struct ssh_conn *conn;        /* NULL until the loop begins */
  struct sftp_settings *set;    /* current settings, from ftpd-conf.c */
  bool keyed;                   /* DISCONNECTs may be sent */
  bool logged_in;               /* USERAUTH_SUCCESS was sent */
  bool tried;                   /* the client has made an attempt */
  const char *serving;          /* "sftp", "scp": the service that records
                                 * name, or NULL */
  bool suspect;                 /* ftpd-lines.c: a name had controls */
  bool ended;                   /* the exit event was handled */

  const char *remote_ip;        /* session.c is NULL during the exit event */
  const char *user;             /* after rewrites; NULL before a request */
  const char *orig_user;        /* as the client sent it */

  const char *home;             /* from ftpd-homedir.c, once it was requested */
  bool home_known;

  const char *protocol;         /* the value of the session's note */
  struct ftpd_note *notes;      /* private to ftpd-session.c */

  bool explains;                /* ftpdctl sftp explain: nobody is connected,
                                 * and nothing leaves a trace */
  bool read_only;               /* from the key of the login */
  const char *start_dir;        /* as well; or NULL */
  int forced_umask;             /* as well; or -1 */

  struct ftpd_lookup *lookups;  /* of keys, before the login */
  bool lookups_told;            /* too many were logged */
  const char *asking;           /* the current question to a module that may
                                 * end the session instead, for the log; or
                                 * NULL */

  struct ftpd_login *login;
  struct ftpd_files *files;
  struct ftpd_names *names;     /* NULL: names of files are not converted */
  pr_fh_t *display_login;       /* opened before any chroot, or NULL */

  uint64_t begun_ms;            /* when the client connected */
  uint64_t idle_reset_ms, xfer_reset_ms;        /* timers last touched */
  struct ftpd_listeners *listeners;
  int wants_poll, wants_io;     /* whether there are listeners of those events;
                                 * -1: unknown */
  int wants_adjusts;            /* of CHANNEL_WINDOW_ADJUST, as well */
};

/* ---- ftpd-current.c */

struct ftpd *ftpd_current(void);
void ftpd_set_current(struct ftpd *h);
/* ---- ftpd-session.c */

/* The session's state; called once, before anything is exchanged. */
struct ftpd *ftpd_new(pool *p, server_rec *s);

/* New records name the protocol of the current service. */
void ftpd_protocol_settle(struct ftpd *h);

/* Sends a DISCONNECT with that text if the client can read it; does not end
 * anything.
 */
void ftpd_disconnect(unsigned int reason, const char *text);

#endif /* MOD_SFTP_FTPD_SESSION_H */
