/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-int.h -- what the sources of ftpd/ and mod_sftp.c share among
 * themselves.  It includes ProFTPD's headers; no other layer includes it.
 *
 * A process serves one connection: ftpd_current() is its struct ftpd, NULL in
 * the master and in sessions of virtual hosts without SFTPEngine.
 */

#ifndef MOD_SFTP_FTPD_INT_H
#define MOD_SFTP_FTPD_INT_H

#include "conf.h"
#include "privs.h"

#include "mod_sftp.h"

/* From 1.3.9 on the public header numbers these in another way than
 * settings.h, which is what this module thinks in (ftpd-abi.c translates).
 */
#undef SFTP_OPT_FIDO_TOUCH_REQUIRED
#undef SFTP_OPT_FIDO_VERIFY_REQUIRED
#undef SFTP_OPT_NO_STRICT_KEX

#include "ftpd.h"
#include "settings.h"

#define SFTP_EXPORT __attribute__((visibility("default")))

/* Of messages that are no FTP command: keeps the host from taking STAT or
 * RENAME for the command of that name when it sorts log lines.
 */
#define FTPD_CMD_ID 128

/* What holds unless a directive says otherwise. */
#define FTPD_MIN_RSA_BITS 2048
#define FTPD_MIN_DSA_BITS 1024
#define FTPD_MIN_EC_BITS 160
#define FTPD_REKEY_SECS 3600
#define FTPD_REKEY_BYTES ((uint64_t) 2 << 30)
#define FTPD_MIN_REKEY_BYTES 16384      /* what an exchange itself takes */
#define FTPD_REKEY_PACKETS 0x7fffffffU
#define FTPD_MAX_CHANNELS 10
#define FTPD_MAX_LOGIN_ATTEMPTS 6

struct ftpd_login;              /* ftpd-login.c's and ftpd-auth.c's own */
struct ftpd_files;              /* ftpd-op.c's and ftpd-file.c's own */
struct ftpd_names;              /* ftpd-charset.c's own */

struct ftpd {
  pool *pool;                   /* as long as the session */
  server_rec *server;
  struct ssh_conn *conn;        /* NULL until the loop begins */
  struct sftp_settings *set;    /* ftpd-conf.c's; in force now */
  bool keyed;                   /* DISCONNECTs may be sent */
  bool logged_in;               /* USERAUTH_SUCCESS went out */
  bool tried;                   /* something was to be proven, rightly or not */
  bool ended;                   /* the exit event was handled */

  const char *remote_ip;        /* session.c is gone when the exit event is */
  const char *user;             /* after rewrites; NULL before a request */
  const char *orig_user;        /* as the client spelt it */

  bool read_only;               /* by the key of the login */
  const char *start_dir;        /* by it, too; or NULL */
  int forced_umask;             /* and this; or -1 */

  struct ftpd_login *login;
  struct ftpd_files *files;
  struct ftpd_names *names;     /* NULL: names of files stay as they are */
  pr_fh_t *display_login;       /* opened before any chroot, or NULL */

  bool idle;                    /* the scoreboard says so (ftpd_doing()
                                 * clears it) */
  uint64_t idle_reset_ms, xfer_reset_ms;        /* timers last touched */
  int wants_poll, wants_io;     /* listeners of those events; -1: not asked */
};

/* The host's lists of pending responses (no header of it declares them). */
extern pr_response_t *resp_list, *resp_err_list;

/* What other modules get to see of a message; its layout stands. */
struct ssh2_packet {
  pool *pool;
  module *m;
  uint32_t packet_len;
  unsigned char padding_len;
  unsigned char *payload;       /* the message number first */
  uint32_t payload_len;
  unsigned char *padding;
  unsigned char *aad;
  uint32_t aad_len;
  unsigned char *mac;
  uint32_t mac_len;
  uint32_t seqno;
};

struct ftpd *ftpd_current(void);

/* ---- ftpd-session.c */

/* The session's host side; called once, before anything is exchanged. */
struct ftpd *ftpd_new(pool *p, server_rec *s);

/* A command for single phases (never CMD): name and arg are copied, arg may
 * be NULL; id FTPD_CMD_ID, or the FTP command's own when ftp is true.
 */
cmd_rec *ftpd_cmd(pool *p, const char *name, const char *arg, int cls,
  bool ftp);
/* POST_CMD and LOG_CMD, or the *_ERR pair; clears the response lists. */
void ftpd_cmd_end(cmd_rec *cmd, bool ok);

/* Sends a DISCONNECT with that text if the client can read one, and ends
 * nothing.
 */
void ftpd_disconnect(unsigned int reason, const char *text);

/* ---- ftpd-conf.c */

/* Checks every virtual host with the engine on, loads host keys.  Returns the
 * number of faults, which are logged.
 */
int ftpd_conf_check(void);
/* Settings of the session's virtual host, in p. */
struct sftp_settings *ftpd_conf_settings(pool *p, server_rec *s);
/* What is decided per user: called by ftpd_logged_in() after PASS POST_CMD,
 * when mod_ifsession has merged its sections.  Returns h->set, changed.
 */
const struct sftp_settings *ftpd_conf_late(struct ftpd *h);
bool ftpd_conf_engine(server_rec *s);

/* The configuration records that others than ftpd-conf.c read:
 *   SFTPAuthorizedUserKeys, SFTPAuthorizedHostKeys
 *       argv[0..argc-1]: char *, "type:info" each, type known
 *   SFTPDisplayBanner     argv[0]: char *, path
 *   SFTPKeyBlacklist      argv[0]: char *, path or "none"
 */

/* ---- ftpd-abi.c: what companions registered */

struct ftpd_store {
  struct ftpd_store *next;
  const char *name;
  sftp_keystore_t *(*open)(pool *parent, int ktype, const char *info,
    const char *user);
  unsigned int ktypes;          /* SFTP_SSH2_*_KEY_STORE */
};

/* NULL when there is no store of that name for all kinds of ktypes. */
const struct ftpd_store *ftpd_store_find(const char *name, size_t len,
  unsigned int ktypes);
const struct ftpd_store *ftpd_store_first(void);
/* The registers that companions write into; call before any of them does. */
void ftpd_abi_init(void);
/* Puts the session's state into the symbols that others may look at. */
void ftpd_abi_publish(const struct ftpd *h);

/* ---- ftpd-exec.c */

struct sftp_service_row;
/* The built-in services and behind them the commands of other modules. */
const struct sftp_service_row *ftpd_exec_services(pool *p,
  const struct sftp_service_row *built_in);

/* ---- ftpd-hook.c: what other modules ask for by HOOK */

extern cmdtable ftpd_hooks[];
/* A copy of the message in p, as other modules know it. */
struct sftp_pkt;
struct ssh2_packet *ftpd_hook_packet(pool *p, const struct sftp_pkt *pkt);
/* The login that a module does in our place; NULL: ours. */
extern int (*ftpd_hook_login)(pool *p, const char *user);

/* ---- ftpd-deadline.c */

/* Ends the process some seconds behind TimeoutLogin, wherever it hangs; until
 * the login is done.
 */
void ftpd_deadline_begin(struct ftpd *h);
void ftpd_deadline_end(void);

/* ---- ftpd-event.c */

/* A connection ends with that error and without a login. */
void ftpd_event_stranger(struct ftpd *h, int err);
int ftpd_events_master(void);
void ftpd_events_session(struct ftpd *h);

/* ---- ftpd-run.c: programs that print something for us */

struct ftpd_run {
  const char *path;
  char *const *argv, *const *envp;      /* envp NULL: our environment */
  const char *user;             /* whom it runs as, NULL: root */
  uid_t uid;
  gid_t gid;
  unsigned int timeout_ms;
  size_t out_max;               /* bytes; more is a failure */
  bool any_status;              /* other exit statuses than 0 are none */
};

struct ftpd_output {
  char *text;                   /* len bytes, no NUL behind; wiped by nobody */
  size_t len, size;
  char err[1024];               /* the beginning of its stderr */
  size_t errlen;
};

/* Runs it to its end with stdin at /dev/null.  NULL when it exited with 0 in
 * time, else what was wrong.  Text is in p.
 */
const char *ftpd_run(pool *p, const struct ftpd_run *r, struct ftpd_output *o);
/* Why the program must not be run: whoever can change it, or a directory it is
 * in, would be who it runs as.  NULL: root alone can.
 */
const char *ftpd_run_objection(pool *p, const char *path);

/* ---- ftpd-penalty.c: SFTPPerSourcePenalties */

int ftpd_penalty_init(void);
/* The configuration is complete: in the master, at every (re)start. */
void ftpd_penalty_start(void);
/* Ends the session if its source is not let in; for every virtual host, with
 * the engine on or off.
 */
void ftpd_penalty_check(void);

/* ---- ftpd-log.c */

/* Opens SFTPLog of that virtual host; failures are logged and no more. */
void ftpd_log_open(server_rec *s);
void ftpd_log_close(void);
/* Opens SystemLog: while the server starts our checks come before the turn of
 * the module that does so otherwise, which reports errors then.
 */
void ftpd_log_system(void);
/* A new request: what was logged before is no reason for what becomes of it. */
void ftpd_log_forget(void);
/* Whatever else is logged, this is why a login is refused. */
void ftpd_log_because(const char *text);
/* Fills sftp_trace_levels from the Trace directives in force. */
void ftpd_trace_levels(void);

/* ---- directives.c */

extern conftable sftp_conftab[];
unsigned long ftpd_opts(server_rec *s);         /* SFTPOptions, all records */

/* ---- ftpd-keystore.c: the "file" store, registered from module init */

void ftpd_keystore_init(void);

/* ---- ftpd-charset.c: before any chroot, when all modules are ready */

void ftpd_charset_init(struct ftpd *h);

/* ---- ftpd-lock.c: PRE_CMD of transfers, in sessions of FTP, too */

modret_t *ftpd_lock_pre_read(cmd_rec *cmd);
modret_t *ftpd_lock_pre_write(cmd_rec *cmd);

/* ---- ftpd-op.c, ftpd-file.c */

/* Notes which functions of the system serve "/", in the master. */
void ftpd_files_init(void);
/* The session ends: open files are aborted, logged and cleaned up. */
void ftpd_abort_all(struct ftpd *h);

#endif /* MOD_SFTP_FTPD_INT_H */
