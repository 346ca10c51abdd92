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

/* From 1.3.9 on the public header numbers these differently from settings.h,
 * which this module uses (ftpd-abi.c translates).
 */
#undef SFTP_OPT_FIDO_TOUCH_REQUIRED
#undef SFTP_OPT_FIDO_VERIFY_REQUIRED
#undef SFTP_OPT_NO_STRICT_KEX

#include "settings.h"

#define SFTP_EXPORT __attribute__((visibility("default")))

struct ftpd_login;              /* ftpd-login.c's and ftpd-auth.c's own */
struct ftpd_files;              /* ftpd-op.c's and ftpd-file.c's own */
struct ftpd_lookup;             /* ftpd-lookup.c */
struct ftpd_names;              /* ftpd-charset.c */
struct ftpd_note;
struct ftpd_listeners;          /* ftpd-listen.c's own */

struct ftpd {
  pool *pool;                   /* as long as the session */
  server_rec *server;
  struct ssh_conn *conn;        /* NULL until the loop begins */
  struct sftp_settings *set;    /* ftpd-conf.c's; in force now */
  bool keyed;                   /* DISCONNECTs may be sent */
  bool logged_in;               /* USERAUTH_SUCCESS went out */
  bool tried;                   /* the client tried to prove something */
  const char *serving;          /* "sftp", "scp": for whom records are now, or
                                 * NULL */
  bool suspect;                 /* ftpd-lines.c: a name had controls */
  bool ended;                   /* the exit event was handled */

  const char *remote_ip;        /* session.c is NULL when the exit event
                                 * comes */
  const char *user;             /* after rewrites; NULL before a request */
  const char *orig_user;        /* as the client sent it */

  const char *home;             /* ftpd-homedir.c's, once it was asked for */
  bool home_known;

  const char *protocol;         /* what the session's note says */
  struct ftpd_note *notes;      /* ftpd-session.c's own */

  bool read_only;               /* from the key of the login */
  const char *start_dir;        /* as well; or NULL */
  int forced_umask;             /* as well; or -1 */

  struct ftpd_lookup *lookups;  /* of keys, before the login */
  bool lookups_told;            /* the log has that there were too many */
  const char *asking;           /* what is asked of a module that may end the
                                 * session instead, for the log; or NULL */

  struct ftpd_login *login;
  struct ftpd_files *files;
  struct ftpd_names *names;     /* NULL: names of files stay as they are */
  pr_fh_t *display_login;       /* opened before any chroot, or NULL */

  bool idle;                    /* the scoreboard says so (ftpd_doing()
                                 * clears it) */
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

/* Records that are made now name the protocol of the service at work. */
void ftpd_protocol_settle(struct ftpd *h);

/* Sends a DISCONNECT with that text if the client can read one, and ends
 * nothing.
 */
void ftpd_disconnect(unsigned int reason, const char *text);

#endif /* MOD_SFTP_FTPD_SESSION_H */
