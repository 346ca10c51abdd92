/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-ftp-t.c -- which commands of FTP have a record, and what is in
 * it.
 */

#include "daemon.h"

#include "ftpd-path.h"
#include "ftpd-record-open.h"
#include "ftpd-record.h"
#include "ftpd-vroot.h"
#include "tap.h"

#include <sys/stat.h>

static pool *p;
static struct ftpd ftpd, *current;

/* ---- Of the daemon: directories below /cwd, files with a mode of 0640 */

static bool no_stat, no_path;

char *dir_canonical_path(pool *in, const char *path) {
  return no_path ? NULL : pstrcat(in, *path == '/' ? "" : "/cwd/", path, NULL);
}

char *pr_fs_decode_path(pool *in, const char *path) {
  return pstrdup(in, path);
}

char *dir_realpath(pool *in, const char *path) {
  return strcmp(path, "absent") == 0 ? NULL : pstrdup(in, path);
}

int pr_fsio_stat(const char *path, struct stat *st) {
  (void) path;
  memset(st, 0, sizeof(*st));
  st->st_mode = S_IFREG|0640;
  return no_stat ? -1 : 0;
}

gid_t pr_auth_name2gid(pool *in, const char *name) {
  (void) in;
  return strcmp(name, "users") == 0 ? 100 : (gid_t) -1;
}

const char *pr_session_get_protocol(int flags) {
  (void) flags;
  return "ftp";
}

static const char *reply;

int pr_response_get_last(pool *in, const char **code, const char **text) {
  (void) in;
  *code = "550";
  *text = reply;
  return reply != NULL ? 0 : -1;
}

/* ---- Of the other files of ftpd/ */

struct ftpd *ftpd_current(void) {
  return current;
}

const char *ftpd_outside(pool *in, const char *path) {
  return pstrcat(in, "+", path, NULL);
}

const char *ftpd_vroot_outside_ftp(pool *in, const char *path) {
  return pstrcat(in, ":", path, NULL);
}

static bool on, logged_in;
static int told;                /* of a login: 1, 0; -1: nothing */

bool ftpd_record_on(void) {
  return on;
}

bool ftpd_record_logged_in(void) {
  return logged_in;
}

void ftpd_record_login_told(bool ok) {
  told = ok;
}

/* The record: its fields, each with its name. */
static char record[1000], opened[200];
static unsigned int nrecords, nended;
static bool spare;

static void put(const char *fmt, ...) SFTP_PRINTF(1, 2);

static void put(const char *fmt, ...) {
  size_t n = strlen(record);
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(record + n, sizeof(record) - n, fmt, ap);
  va_end(ap);
}

static const char *name_of(unsigned int field) {
  switch (field) {
    case RECORD_USER: return "user";
    case RECORD_METHOD: return "method";
    case RECORD_PATH: return "path";
    case RECORD_TO: return "to";
    case RECORD_DIRECTION: return "direction";
    case RECORD_BYTES: return "bytes";
    case RECORD_OFFSET: return "offset";
    case RECORD_GROUP: return "group";
    case RECORD_MODE: return "mode";
    case RECORD_DONE: return "done";
    case RECORD_REQUEST: return "request";
    case RECORD_PROTOCOL: return "protocol";
    case RECORD_END: return "end";
    case RECORD_WHY: return "why";
    default: return "?";
  }
}

void ftpd_record_begin(struct record_event *e, enum record_what what) {
  memset(e, 0, sizeof(*e));
  record[0] = '\0';
  put("%s", what == RECORD_LOGIN ? "login" : what == RECORD_UPLOAD ? "upload" :
    what == RECORD_DOWNLOAD ? "download" : what == RECORD_REMOVE ? "remove" :
    what == RECORD_RMDIR ? "rmdir" : what == RECORD_MKDIR ? "mkdir" :
    what == RECORD_RENAME ? "rename" : what == RECORD_ATTRIBUTES ?
    "attributes" : what == RECORD_SYMLINK ? "symlink" : what == RECORD_COPY ?
    "copy" : "?");
}

void ftpd_record_text(struct record_event *e, enum record_field field,
    const char *value) {
  (void) e;
  if (value != NULL) {
    put(" %s=%s", name_of(field), value);
  }
}

void ftpd_record_number(struct record_event *e, enum record_field field,
    uint64_t value) {
  (void) e;
  put(" %s=%llu", name_of(field), (unsigned long long) value);
}

void ftpd_record_send(struct record_event *e) {
  nrecords++;
  spare = e->spare;
}

struct record_open *ftpd_record_open_add(const char *path,
    const char *protocol, unsigned int ways, bool counts) {
  static int one;

  snprintf(opened, sizeof(opened), "%s %s %s %d", path, protocol,
    ways == 1U << WAY_WRITE ? "in" : ways == 1U << WAY_READ ? "out" : "?",
    counts);
  return (struct record_open *) &one;
}

void ftpd_record_open_end(struct record_open **at, unsigned int ways) {
  nended += *at != NULL && ways == (1U << WAY_WRITE | 1U << WAY_READ);
}

/* ---- The tests */

static void begin(void) {
  on = true;
  logged_in = no_stat = no_path = false;
  current = NULL;
  reply = NULL;
  told = -1;
  memset(&session.xfer, 0, sizeof(session.xfer));
  session.user = "alice";
  session.pool = p;
  session.notes = pr_table_alloc(p, 0);
}

static cmd_rec *command(const char *line) {
  cmd_rec *cmd = daemon_directive(p, line);
  const char *blank = strchr(line, ' ');

  cmd->notes = pr_table_alloc(p, 0);
  cmd->arg = pstrdup(p, blank != NULL ? blank + 1 : "");
  return cmd;
}

static void ends(cmd_rec *cmd, bool good) {
  nrecords = 0;
  record[0] = '\0';
  (void) (good ? ftpd_record_ftp(cmd) : ftpd_record_ftp_failed(cmd));
}

static void done(const char *line, const char *want) {
  ends(command(line), true);
  is_str(nrecords > 0 ? record : "none", want, "%s", line);
}

static void failed(const char *line, const char *want, bool is_spare) {
  ends(command(line), false);
  is_str(nrecords > 0 ? record : "none", want, "%s, which fails", line);
  ok(nrecords == 0 || spare == is_spare, "... %s", is_spare ?
    "if there is room" : "in any case");
}

static void logins_have_records(void) {
  begin();
  session.user = NULL;
  (void) pr_table_add(session.notes, "mod_auth.orig-user", "bob", 0);
  failed("PASS x", "login user=bob method=password request=PASS protocol=ftp "
    "end=failed", false);
  is_int(told, -1, "there may be another attempt");
  session.user = "alice";
  failed("PASS x", "login user=bob method=password request=PASS protocol=ftp "
    "end=refused", false);
  is_int(told, 0, "a refusal is the end");
  done("PASS x", "login user=alice method=password request=PASS protocol=ftp "
    "end=ok");
  ok(told == 1 && !spare, "a login is one");
  session.user = NULL;
  done("PASS x", "login user=bob method=password request=PASS protocol=ftp "
    "end=ok");
  is_int(told, 1, "... of whoever asked");
  logged_in = true;
  done("PASS x", "none");
  session.user = "alice";
  done("DELE x", "remove path=+:/cwd/x request=DELE protocol=ftp end=ok");
}

static void some_sessions_have_none(void) {
  begin();
  on = false;
  done("DELE x", "none");
  begin();
  current = &ftpd;
  done("DELE x", "none");
  opened[0] = '\0';
  (void) ftpd_record_ftp_begins(command("RETR x"));
  is_str(opened, "", "nothing has begun");
  current = NULL;
  on = false;
  (void) ftpd_record_ftp_begins(command("RETR x"));
  is_str(opened, "", "nor here");
}

static void transfers_have_records(void) {
  off_t offset = 5;
  cmd_rec *cmd;

  begin();
  nended = 0;
  (void) ftpd_record_ftp_begins(command("RETR a b"));
  is_str(opened, "+:/cwd/a b ftp out 0", "a download begins");
  session.xfer.p = p;
  session.xfer.total_bytes = 7;
  done("RETR a b", "download path=+:/cwd/a b direction=out bytes=7 offset=0 "
    "request=RETR protocol=ftp end=ok");
  is_int(nended, 1, "it has ended");
  (void) ftpd_record_ftp_begins(command("STOU"));
  is_str(opened, " ftp in 0", "an upload begins");
  (void) ftpd_record_ftp_begins(command("STOR /x"));
  is_str(opened, "+:/x ftp in 0", "another one");
  is_int(nended, 2, "... in its place");
  cmd = command("STOR /x");
  (void) pr_table_add(cmd->notes, "mod_xfer.file-offset", &offset, 0);
  session.xfer.path = "/y";
  ends(cmd, true);
  is_str(record, "upload path=+:/y direction=in bytes=7 offset=5 request=STOR "
    "protocol=ftp end=ok", "has a path and an offset");
  reply = "disk full";
  failed("APPE /x", "upload path=+:/y direction=in bytes=7 offset=0 request="
    "APPE protocol=ftp end=failed why=disk full", false);
  session.xfer.p = NULL;
  session.xfer.path = NULL;
  failed("STOR /x", "upload path=+:/x direction=in request=STOR protocol=ftp "
    "end=failed why=disk full", true);
  nended = 0;
  (void) ftpd_record_ftp_begins(command("RETR x"));
  done("DELE x", "remove path=+:/cwd/x request=DELE protocol=ftp end=ok");
  is_int(nended, 0, "other commands end no transfer");
  done("STOU", "upload direction=in request=STOU protocol=ftp end=ok");
  is_int(nended, 1, "its own end does");
  (void) ftpd_record_ftp_begins(command("NOOP"));
  is_int(nended, 1, "other commands begin none");
}

static void changes_have_records(void) {
  begin();
  done("RMD x", "rmdir path=+:/cwd/x request=RMD protocol=ftp end=ok");
  done("XRMD x", "rmdir path=+:/cwd/x request=XRMD protocol=ftp end=ok");
  done("MKD x", "mkdir path=+:/cwd/x request=MKD protocol=ftp end=ok");
  done("XMKD x", "mkdir path=+:/cwd/x request=XMKD protocol=ftp end=ok");
  (void) pr_table_add(session.notes, "mod_core.rnfr-path", "/old", 0);
  done("RNTO new", "rename path=+:/old to=+:/cwd/new request=RNTO "
    "protocol=ftp end=ok");
  failed("MKD x", "mkdir path=+:/cwd/x request=MKD protocol=ftp end=failed",
    true);
  no_path = true;
  done("MKD x", "mkdir path=+:x request=MKD protocol=ftp end=ok");
  no_path = false;
  done("LIST x", "none");
  done("SITE", "none");
  done("SITE HELP", "none");
  done("SITE UTIME a b", "none");
}

static void site_has_records(void) {
  begin();
  done("SITE chmod 0640 a b", "attributes request=CHMOD path=+:/cwd/a b "
    "mode=0640 protocol=ftp end=ok");
  done("SITE CHMOD 0640", "attributes request=CHMOD mode=0640 protocol=ftp "
    "end=ok");
  done("SITE CHGRP users a", "attributes request=CHGRP path=+:/cwd/a "
    "group=100 protocol=ftp end=ok");
  done("SITE CHGRP 55 a", "attributes request=CHGRP path=+:/cwd/a group=55 "
    "protocol=ftp end=ok");
  done("SITE CHGRP 55x a", "attributes request=CHGRP path=+:/cwd/a "
    "protocol=ftp end=ok");
  done("SITE SYMLINK text l k", "symlink request=SYMLINK path=+:/cwd/l k "
    "to=text protocol=ftp end=ok");
  done("SITE COPY a b c", "copy request=COPY path=+:/cwd/a to=+:/cwd/b c "
    "protocol=ftp end=ok");
  done("SITE CPTO b c", "copy request=CPTO to=+:/cwd/b c protocol=ftp "
    "end=ok");
  done("SITE CPFR a a", "none");
  done("SITE CPTO b c", "copy request=CPTO path=+:/cwd/a a to=+:/cwd/b c "
    "protocol=ftp end=ok");
  reply = "no";
  failed("SITE CHMOD 0640 a", "attributes request=CHMOD path=+:/cwd/a "
    "mode=0640 protocol=ftp end=failed why=no", true);
  done("SITE CHMOD 0640 a", "attributes request=CHMOD path=+:/cwd/a "
    "mode=0640 protocol=ftp end=ok");
  ok(!spare, "what was done is always recorded");
}

static void parts_of_site_mkdir_have_none(void) {
  begin();
  (void) ftpd_record_ftp_site(command("SITE MKDIR a b"));
  done("MKD a", "none");
  done("SITE MKDIR a b", "mkdir request=MKDIR path=+:/cwd/a b protocol=ftp "
    "end=ok");
  done("MKD a", "mkdir path=+:/cwd/a request=MKD protocol=ftp end=ok");
  (void) ftpd_record_ftp_site(command("SITE MKDIR a b"));
  (void) ftpd_record_ftp_site(command("SITE CHMOD 0 b"));
  done("MKD a", "mkdir path=+:/cwd/a request=MKD protocol=ftp end=ok");
  (void) ftpd_record_ftp_site(command("MKDIR MKDIR a"));
  done("MKD a", "mkdir path=+:/cwd/a request=MKD protocol=ftp end=ok");
}

static void facts_have_records(void) {
  begin();
  done("MFF UNIX.mode=0640; a b", "attributes request=MFF path=+:/cwd/a b "
    "mode=0640 protocol=ftp end=ok");
  done("MFF unix.mode=1;UNIX.mode=0640;UNIX.group=users; a",
    "attributes request=MFF path=+:/cwd/a mode=0640 group=100 protocol=ftp "
    "end=ok");
  done("MFF UNIX.group=7; a", "attributes request=MFF path=+:/cwd/a group=7 "
    "protocol=ftp end=ok");
  done("MFF Modify=2020; a", "none");
  done("MFF UNIX.mode=0640;", "none");
  done("MLST UNIX.mode=0640; a", "none");
  failed("MFF UNIX.mode=0640;UNIX.group=7; a", "attributes request=MFF "
    "path=+:/cwd/a mode=0640 done=mode group=7 protocol=ftp end=failed",
    false);
  failed("MFF UNIX.mode=0644; a", "attributes request=MFF path=+:/cwd/a "
    "mode=0644 protocol=ftp end=failed", true);
  failed("MFF UNIX.mode=0640x; a", "attributes request=MFF path=+:/cwd/a "
    "mode=0640x protocol=ftp end=failed", true);
  failed("MFF UNIX.mode=0640; absent", "attributes request=MFF "
    "path=+:/cwd/absent mode=0640 protocol=ftp end=failed", true);
  failed("MFF UNIX.group=7; a", "attributes request=MFF path=+:/cwd/a group=7 "
    "protocol=ftp end=failed", true);
  no_stat = true;
  failed("MFF UNIX.mode=0640; a", "attributes request=MFF path=+:/cwd/a "
    "mode=0640 protocol=ftp end=failed", true);
}

int main(void) {
  p = make_sub_pool(NULL);
  logins_have_records();
  some_sessions_have_none();
  transfers_have_records();
  changes_have_records();
  site_has_records();
  parts_of_site_mkdir_have_none();
  facts_have_records();
  destroy_pool(p);
  return done_testing();
}
