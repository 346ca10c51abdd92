/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-session-t.c -- a session as the daemon sees it: its notes, counters and
 * protocol, who listens to its commands, and commands of other modules.
 */

#include "daemon.h"

#include "conn.h"
#include "disconnect.h"
#include "ftpd-abi.h"
#include "ftpd-clock.h"
#include "ftpd-cmd.h"
#include "ftpd-conf.h"
#include "ftpd-lines.h"
#include "ftpd-listen.h"
#include "ftpd-live.h"
#include "ftpd-report.h"
#include "ftpd-tally.h"
#include "ftpd-user.h"
#include "service.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

#include <fcntl.h>
#include <jot.h>
#include <sys/stat.h>

module sftp_module;
pool *sftp_pool;

static pool *p;
static server_rec server;
static struct sftp_settings set;
static struct ftpd *current;

/* ---- Of the daemon */

static bool no_file, no_stat, is_dir;
static unsigned int nclosed;
static uint64_t clock_ms;

pr_fh_t *pr_fsio_open(const char *path, int flags) {
  static int fh;

  (void) path;
  return no_file || flags != O_RDONLY ? NULL : (pr_fh_t *) &fh;
}

int pr_fsio_close(pr_fh_t *fh) {
  (void) fh;
  nclosed++;
  return 0;
}

int pr_fsio_fstat(pr_fh_t *fh, struct stat *st) {
  (void) fh;
  st->st_mode = is_dir ? S_IFDIR : S_IFREG;
  return no_stat ? -1 : 0;
}

int pr_gettimeofday_millis(uint64_t *ms) {
  *ms = clock_ms;
  return 0;
}

static const char *listened;
static char seen[1000];

static void saw(const char *fmt, ...) SFTP_PRINTF(1, 2);

static void saw(const char *fmt, ...) {
  size_t n = strlen(seen);
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(seen + n, sizeof(seen) - n, fmt, ap);
  va_end(ap);
  n = strlen(seen);
  snprintf(seen + n, sizeof(seen) - n, ";");
}

static void happened(const char *want, const char *what) {
  is_str(seen, want, "%s", what);
  seen[0] = '\0';
}

int pr_event_listening(const char *event) {
  return listened != NULL && strcmp(event, listened) == 0;
}

void pr_event_generate(const char *event, const void *data) {
  saw("%s %d", event, *((const int *) data));
}

int pr_env_set(pool *in, const char *name, const char *value) {
  (void) in;
  saw("env %s %s", name, value);
  return 0;
}

int pr_table_set(pr_table_t *t, const char *name, const void *value,
    size_t len) {
  if (pr_table_remove(t, name, NULL) == NULL) {
    errno = ENOENT;
    return -1;
  }

  return pr_table_add(t, name, value, len);
}

int pr_session_set_protocol(const char *protocol) {
  saw("first protocol %s", protocol);
  (void) pr_table_remove(session.notes, "protocol", NULL);
  return pr_table_add(session.notes, "protocol", protocol, 0);
}

int pr_scoreboard_entry_update(pid_t pid, ...) {
  (void) pid;
  saw("score");
  return 0;
}

/* Words at blanks. */
char *pr_str_get_word(char **left, int flags) {
  char *word = strsep(left, " ");

  (void) flags;
  return word;
}

/* ---- Handlers of commands: two for the name, three for all */

static cmdtable handlers[5];
static module modules[5] = { { .name = "a" }, { .name = "b" },
  { .name = "log" }, { .name = "quotatab" }, { .name = "c" } };

void *pr_stash_get_symbol2(pr_stash_type_t type, const char *name, void *prev,
    int *idx, unsigned int *hash) {
  bool any = strcmp(name, C_ANY) == 0;
  unsigned int i = prev != NULL ? (unsigned int) ((cmdtable *) prev -
    handlers) + 1 : any ? 2 : 0;

  (void) type;
  (void) idx;
  (void) hash;
  return i < (any ? SFTP_NELEMS(handlers) : 2) ? &handlers[i] : NULL;
}

static int wanted_class, jot_errno;
static unsigned int njots;

int pr_jot_resolve_logfmt(pool *in, cmd_rec *cmd, pr_jot_filters_t *filters,
    unsigned char *format, pr_jot_ctx_t *ctx,
    int (*on_meta)(pool *, pr_jot_ctx_t *, unsigned char, const char *,
      const void *),
    int (*on_default)(pool *, pr_jot_ctx_t *, unsigned char),
    int (*on_other)(pool *, pr_jot_ctx_t *, unsigned char *, size_t)) {
  (void) in;
  (void) filters;
  (void) format;
  (void) ctx;
  (void) on_meta;
  (void) on_default;
  (void) on_other;
  njots++;
  errno = jot_errno;
  return (cmd->cmd_class & wanted_class) != 0 ? 0 : -1;
}

cmd_rec *ftpd_cmd(pool *in, const char *name, const char *arg, int cls,
    bool ftp) {
  cmd_rec *cmd = pr_cmd_alloc(in, 1, name);

  (void) arg;
  (void) ftp;
  cmd->cmd_class = cls;
  return cmd;
}

/* ---- Of the core, and of the other files of ftpd/ */

void sftp_disconnect(struct ssh_conn *c, unsigned int reason,
    const char *text) {
  (void) c;
  saw("disconnect %u %s", reason, text);
}

struct ftpd *ftpd_current(void) {
  return current;
}

void ftpd_set_current(struct ftpd *h) {
  current = h;
}

void ftpd_clock_begin(void) {
}

struct sftp_settings *ftpd_conf_settings(pool *in, server_rec *s) {
  (void) in;
  (void) s;
  return &set;
}

void ftpd_live_begin(struct ftpd *h) {
  (void) h;
}

static unsigned int nchanged, version;

void ftpd_live_changed(struct ftpd *h) {
  (void) h;
  nchanged++;
}

void ftpd_live_version(unsigned int v) {
  version = v;
}

void ftpd_abi_publish(const struct ftpd *h) {
  (void) h;
}

static bool again;

void ftpd_tally_keyed(bool more) {
  again = more;
}

static uint64_t wire[2];

void ftpd_tally(enum tally what, unsigned int i, unsigned int j, uint64_t n) {
  (void) j;
  wire[i] += what == TALLY_WIRE_BYTES ? n : 0;
}

/* ---- A session */

static struct ftpd *begin(void) {
  daemon_client("198.51.100.7", "client");
  session.notes = pr_table_alloc(p, 0);
  session.connect_time_ms = clock_ms = 5000;
  no_file = no_stat = is_dir = false;
  seen[0] = '\0';
  nclosed = nchanged = 0;
  listened = NULL;
  main_server = &server;
  fake_log_reset();
  return ftpd_new(p, &server);
}

static void sessions_begin(void) {
  struct ftpd *h;

  daemon_forget_config();
  h = begin();
  ok(h == current && h->server == &server && h->set == &set &&
    strcmp(h->remote_ip, "198.51.100.7") == 0 && h->wants_poll == -1 &&
    h->wants_io == -1 && h->wants_adjusts == -1 && h->forced_umask == -1,
    "a session");
  ok(h->begun_ms == fake_now_ms, "begins now");
  session.connect_time_ms = 5000;
  clock_ms = 5300;
  h = ftpd_new(p, &server);
  ok(h->begun_ms == fake_now_ms - 300, "or when the client came");
  clock_ms = 4000;
  h = ftpd_new(p, &server);
  ok(h->begun_ms == fake_now_ms, "a clock that was set back");
  clock_ms = 5000 + fake_now_ms;
  h = ftpd_new(p, &server);
  ok(h->begun_ms == 0, "or forward");
  is_str(ftpd_remote_ip(h), "198.51.100.7", "an address");
}

static void messages_are_opened(void) {
  const char *const path[] = { "/welcome", NULL };

  daemon_forget_config();
  ok(begin()->display_login == NULL, "no message");
  (void) daemon_add_words("DisplayLogin", path);
  ok(begin()->display_login != NULL && nclosed == 0, "a file");
  no_file = true;
  ok(ftpd_new(p, &server)->display_login == NULL &&
    fake_log_has("unable to open DisplayLogin file '/welcome'"), "none");
  no_file = false;
  no_stat = true;
  ok(ftpd_new(p, &server)->display_login == NULL && nclosed == 1, "an error");
  no_stat = false;
  is_dir = true;
  ok(ftpd_new(p, &server)->display_login == NULL && nclosed == 2,
    "a directory");
  daemon_forget_config();
  daemon_set_param("DisplayLogin", pstrdup(p, "welcome"));
  fake_log_reset();
  ok(begin()->display_login == NULL && fake_log_lines == 0,
    "a relative path comes later");
  daemon_forget_config();
}

static void bytes_are_counted(void) {
  struct ftpd *h = begin();
  off_t in = session.total_raw_in, out = session.total_raw_out;

  wire[0] = wire[1] = 0;
  ftpd_count_raw(h, 3, 4);
  ok(session.total_raw_in == in + 3 && session.total_raw_out == out + 4 &&
    wire[TALLY_IN] == 3 && wire[TALLY_OUT] == 4, "both ways");
  happened("", "nobody listens");
  listened = "ssh2.netio-write";
  ftpd_count_raw(h, 3, 4);
  happened("", "which was asked once");
  h = begin();
  listened = "ssh2.netio-write";
  ftpd_count_raw(h, 3, 4);
  happened("ssh2.netio-read 3;ssh2.netio-write 4;", "somebody listens");
  h = begin();
  listened = "ssh2.netio-read";
  ftpd_count_raw(h, 0, (size_t) INT_MAX + 5);
  happened("ssh2.netio-write 2147483647;", "numbers have a limit");
}

static void notes_are_kept(void) {
  struct ftpd *h = begin();
  const char *first;

  ftpd_note(h, "A", "one");
  happened("env A one;", "a note");
  first = pr_table_get(session.notes, "A", NULL);
  is_str(first, "one", "... has its value");
  ftpd_note(h, "A", "one");
  happened("", "it is unchanged");
  ftpd_note(h, "A", "two");
  happened("env A two;", "it changes");
  ok(pr_table_get(session.notes, "A", NULL) == first &&
    strcmp(first, "two") == 0, "... in its place");
  ftpd_note(h, "A", "three");
  is_str(pr_table_get(session.notes, "A", NULL), "three", "it is longer");
  first = pr_table_get(session.notes, "A", NULL);
  ftpd_note(h, "A", "eleven long");
  ok(pr_table_get(session.notes, "A", NULL) == first, "... it has more room");
  ftpd_note(h, "B", "x\ny");
  ok(strchr(pr_table_get(session.notes, "B", NULL), '\n') == NULL,
    "no controls");
  is_str(pr_table_get(session.notes, "A", NULL), "eleven long",
    "others stay");
}

static void protocols_are_told(void) {
  struct ftpd *h = begin();

  session.sf_flags = SF_ASCII|SF_ASCII_OVERRIDE|SF_ANON;
  ftpd_set_protocol(h, "ssh2");
  happened("first protocol ssh2;", "the first");
  is_int(session.sf_flags, SF_ANON, "no text transfers");
  is_int(nchanged, 1, "it is shown");
  ftpd_set_protocol(h, "ssh2");
  happened("", "the same");
  ftpd_set_protocol(h, "sftp");
  happened("score;", "another");
  is_str(pr_table_get(session.notes, "protocol", NULL), "sftp", "as a note");
  (void) pr_table_remove(session.notes, "protocol", NULL);
  ftpd_set_protocol(h, "scp");
  happened("", "no note, no score");
  is_str(h->protocol, "scp", "it is known");
  ftpd_serving(h, "exec");
  ftpd_protocol_settle(h);
  is_str(h->protocol, "scp", "commands have none");
  ftpd_serving(h, "sftp");
  ftpd_protocol_settle(h);
  is_str(h->protocol, "sftp", "services have");
  nchanged = 0;
  h->protocol = h->serving;
  ftpd_protocol_settle(h);
  is_int(nchanged, 0, "... once");
  ftpd_sftp_version(h, 6);
  is_int(version, 6, "a version");
}

static void ends_are_told(void) {
  static struct ssh_conn conn;
  struct ftpd *h = begin();

  ftpd_keyed(h);
  ok(h->keyed && !again, "the first keys");
  ftpd_keyed(h);
  ok(again, "others");
  ftpd_disconnect(11, "bye");
  happened("", "there is no connection");
  h->conn = &conn;
  ftpd_disconnect(11, "bye");
  happened("disconnect 11 bye;", "there is one");
  h->keyed = false;
  ftpd_disconnect(11, "bye");
  happened("", "without keys");
  current = NULL;
  ftpd_disconnect(11, "bye");
  happened("", "or a session");
}

/* ---- Listeners */

static void all(int phase) {
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(handlers); i++) {
    handlers[i].cmd_type = phase;
    handlers[i].m = &modules[i];
  }
}

static void modules_listen(void) {
  struct ftpd *h = begin();

  daemon_forget_config();
  all(POST_CMD);
  ok(!ftpd_listens(h, "X", CL_MISC, PRE_CMD), "nobody in that phase");
  handlers[1].cmd_type = PRE_CMD;
  ok(ftpd_listens(h, "X", CL_MISC, PRE_CMD), "somebody");
  is_str(ftpd_listeners(h, p, "X", CL_MISC, PRE_CMD, ""), "mod_b", "who");
  all(PRE_CMD);
  is_str(ftpd_listeners(h, p, "X", CL_MISC, PRE_CMD, ""),
    "mod_a, mod_b, mod_c", "all that are in use");
  is_str(ftpd_listeners(h, p, "X", CL_MISC, PRE_CMD, "mod_bb, mod_b"),
    "mod_bb, mod_b, mod_a, mod_c", "that are not named before");
  is_str(ftpd_listeners(h, p, "X", CL_MISC, PRE_CMD, "mod_bb, xmod_a"),
    "mod_bb, xmod_a, mod_a, mod_b, mod_c", "... with that name");
  (void) daemon_add_words("QuotaEngine", (const char *const[]) { "on", NULL });
  is_str(ftpd_listeners(h, p, "X", CL_MISC, PRE_CMD, ""),
    "mod_a, mod_b, mod_c", "it was asked once");
  h = begin();
  is_str(ftpd_listeners(h, p, "X", CL_MISC, PRE_CMD, ""),
    "mod_a, mod_b, mod_quotatab, mod_c", "with its directive");
  daemon_forget_config();
  h = begin();
  modules[3].name = "redis";
  (void) daemon_add_words("RedisLogOnEvent", (const char *const[]) { "x",
    NULL });
  is_str(ftpd_listeners(h, p, "X", CL_MISC, PRE_CMD, ""),
    "mod_a, mod_b, mod_redis, mod_c", "or any of them");
  modules[3].name = "quotatab";
}

static void logs_listen(void) {
  struct ftpd *h = begin();
  unsigned int i;

  daemon_forget_config();
  all(LOG_CMD);
  handlers[0].cmd_type = handlers[1].cmd_type = handlers[4].cmd_type =
    PRE_CMD;
  jot_errno = EPERM;
  wanted_class = CL_READ;
  ok(!ftpd_listens(h, "X", CL_READ, LOG_CMD), "there is no log");
  (void) daemon_add_words("ExtendedLog", (const char *const[]) { "/log",
    "x", NULL });
  (void) daemon_add_words("ExtendedLog", (const char *const[]) { "/log2",
    "x", NULL });
  h = begin();
  njots = 0;
  ok(!ftpd_listens(h, "X", CL_WRITE, LOG_CMD), "none for this class");
  is_int(njots, 2, "... of two");
  ok(!ftpd_listens(h, "X", CL_WRITE, LOG_CMD) && njots == 2,
    "... it was asked once");
  ok(ftpd_listens(h, "X", CL_READ, LOG_CMD) && njots == 3, "one for that");
  ok(ftpd_listens(h, "X", CL_READ, LOG_CMD) && njots == 3, "... once");
  (void) ftpd_listens(h, "X", CL_DIRS, LOG_CMD);
  (void) ftpd_listens(h, "X", CL_MISC, LOG_CMD);
  njots = 0;
  (void) ftpd_listens(h, "X", CL_DIRS, LOG_CMD);
  (void) ftpd_listens(h, "X", CL_MISC, LOG_CMD);
  is_int(njots, 0, "four classes are kept");
  for (i = 0; i < 3; i++) {
    ok(ftpd_listens(h, "X", CL_READ|CL_INFO, LOG_CMD) &&
      !ftpd_listens(h, "X", CL_AUTH, LOG_CMD), "others are asked again");
  }

  jot_errno = EINVAL;
  h = begin();
  ok(ftpd_listens(h, "X", CL_WRITE, LOG_CMD), "who does not know is asked");
}

/* ---- Commands of other modules */

static struct sftp_service_row row_of;
static uint32_t channel_id = 7;
static int write_result, finished;
static unsigned int nfinished;

const struct sftp_service_row *sftp_channel_row(
    const struct sftp_channel *ch) {
  (void) ch;
  return &row_of;
}

uint32_t sftp_channel_id(const struct sftp_channel *ch) {
  (void) ch;
  return channel_id;
}

int sftp_channel_write(struct sftp_channel *ch, const void *data, size_t n) {
  (void) ch;
  saw("write %.*s", (int) n, (const char *) data);
  return write_result;
}

void sftp_channel_finish(struct sftp_channel *ch, int status) {
  (void) ch;
  finished = status;
  nfinished++;
}

static int params_result, prepare_result, open_result, data_result;

static int set_params(pool *in, uint32_t id, array_header *words) {
  unsigned int i;

  (void) in;
  for (i = 0; i < (unsigned int) words->nelts; i++) {
    saw("%u %s", id, ((char **) words->elts)[i]);
  }

  errno = E2BIG;
  return params_result;
}

static int prepare(uint32_t id) {
  (void) id;
  errno = EBUSY;
  return prepare_result;
}

static int postopen(uint32_t id) {
  (void) id;
  errno = EIO;
  return open_result;
}

static int on_data(pool *in, void *pkt, uint32_t id, unsigned char *data,
    uint32_t len) {
  struct ssh2_packet *m = pkt;

  (void) in;
  saw("%u data %.*s %u", id, (int) len, (char *) data,
    (unsigned int) m->payload_len);
  errno = EPIPE;
  return data_result;
}

static int finish(uint32_t id) {
  saw("finish %u", id);
  return 0;
}

static int (*write_fn)(pool *, uint32_t, unsigned char *, uint32_t);

int sftp_channel_register_exec_handler(module *m, const char *command,
  int (*set_params_fn)(pool *, uint32_t, array_header *),
  int (*prepare_fn)(uint32_t), int (*postopen_fn)(uint32_t),
  int (*data_fn)(pool *, void *, uint32_t, unsigned char *, uint32_t),
  int (*finish_fn)(uint32_t),
  int (**write_at)(pool *, uint32_t, unsigned char *, uint32_t));

static void commands_are_registered(void) {
  static const struct sftp_service_row built_in[] = {
    { "subsystem", "sftp", 1, NULL, NULL }, { NULL, NULL, 0, NULL, NULL } };
  const struct sftp_service_row *rows;
  module *m = &sftp_module;

  sftp_pool = make_sub_pool(p);
  ok(ftpd_exec_services(p, built_in) == built_in, "no command");
#define REGISTER(m, c, s, r, o, d, f, w) \
  sftp_channel_register_exec_handler(m, c, s, r, o, d, f, w)
  is_int(REGISTER(m, "rsync", set_params, prepare, postopen, on_data, finish,
    &write_fn), 0, "a command");
  ok(REGISTER(m, "rsync", set_params, prepare, postopen, on_data, finish,
    &write_fn) < 0 && errno == EEXIST, "once");
  ok(REGISTER(NULL, "x", set_params, prepare, postopen, on_data, finish,
    &write_fn) < 0 && errno == EINVAL, "of a module");
  ok(REGISTER(m, NULL, set_params, prepare, postopen, on_data, finish,
    &write_fn) < 0 && errno == EINVAL, "with a name");
  ok(REGISTER(m, "x", NULL, prepare, postopen, on_data, finish, &write_fn) < 0
    && REGISTER(m, "x", set_params, NULL, postopen, on_data, finish,
    &write_fn) < 0 && REGISTER(m, "x", set_params, prepare, NULL, on_data,
    finish, &write_fn) < 0 && REGISTER(m, "x", set_params, prepare, postopen,
    NULL, finish, &write_fn) < 0 && REGISTER(m, "x", set_params, prepare,
    postopen, on_data, NULL, &write_fn) < 0 && REGISTER(m, "x", set_params,
    prepare, postopen, on_data, finish, NULL) < 0 && errno == EINVAL,
    "and all functions");
  rows = ftpd_exec_services(p, built_in);
  ok(strcmp(rows[0].word, "sftp") == 0 && strcmp(rows[1].word, "rsync") == 0
    && strcmp(rows[1].request, "exec") == 0 && rows[2].request == NULL,
    "it is a service");
  row_of = rows[1];
}

static void *start(const char *args, const char **why) {
  *why = NULL;
  seen[0] = '\0';
  nfinished = 0;
  return row_of.start(NULL, NULL, p, args, why);
}

static void commands_run(void) {
  unsigned char out[] = "out";
  const char *why;
  void *svc = start("-a b", &why);

  ok(svc != NULL && why == NULL, "a command begins");
  happened("7 rsync;7 -a;7 b;", "... with its words");
  is_int(nfinished, 0, "... and goes on");
  is_int(row_of.ops->input(svc, (const unsigned char *) "abc", 3), 3, "data");
  happened("7 data abc 3;", "... is told");
  is_int(row_of.ops->input(svc, (const unsigned char *) "", 0), 0, "no data");
  happened("", "... is not");
  is_int(write_fn(p, 7, out, 3), 0, "it may write");
  happened("write out;", "... to the client");
  write_result = SFTP_ERR_CLOSED;
  ok(write_fn(p, 7, out, 3) < 0 && errno == EIO, "... who may be gone");
  write_result = SFTP_OK;
  ok(write_fn(p, 8, out, 3) < 0 && errno == ENOENT, "to its channel alone");
  ok(row_of.ops->missing(svc) == 0 && row_of.ops->flush(svc) == SFTP_OK &&
    row_of.ops->ready(svc) == SFTP_OK, "it needs nothing else");
  seen[0] = '\0';
  data_result = 1;
  (void) row_of.ops->input(svc, (const unsigned char *) "d", 1);
  ok(nfinished == 1 && finished == 0, "it ends");
  happened("7 data d 1;", "... with the last data");
  is_int(row_of.ops->input(svc, (const unsigned char *) "abc", 3), 3, "more");
  happened("", "... is not told");
  (void) row_of.ops->eof(svc);
  is_int(nfinished, 1, "it ends once");
  row_of.ops->close(svc);
  happened("finish 7;", "the channel ends");
  ok(write_fn(p, 7, out, 3) < 0 && errno == ENOENT, "... for writers, too");
}

static void commands_fail(void) {
  unsigned char out[] = "out";
  const char *why;
  void *svc = start("", &why), *other;

  data_result = -1;
  fake_log_reset();
  (void) row_of.ops->input(svc, (const unsigned char *) "d", 1);
  ok(nfinished == 1 && finished == 1 &&
    fake_log_has("exec command 'rsync' failed: Broken pipe"), "data fails");
  data_result = 0;
  other = start("", &why);
  (void) row_of.ops->eof(other);
  ok(nfinished == 1 && finished == 0, "the client ends it");
  row_of.ops->close(svc);
  is_int(write_fn(p, 7, out, 3), 0, "another one still runs");
  row_of.ops->close(other);
  params_result = -1;
  ok(start("", &why) == NULL && strstr(why, strerror(E2BIG)) != NULL,
    "words");
  ok(strstr(seen, "finish 7;") != NULL, "... end it");
  params_result = 0;
  prepare_result = -1;
  ok(start("", &why) == NULL && strstr(why, strerror(EBUSY)) != NULL,
    "it is not ready");
  prepare_result = 0;
  open_result = -1;
  ok(start("", &why) == NULL && strstr(why, strerror(EIO)) != NULL,
    "it does not begin");
  ok(write_fn(p, 7, out, 3) < 0, "... and does not run");
  open_result = 1;
  svc = start("", &why);
  ok(svc != NULL && nfinished == 1 && finished == 0, "or ends at once");
  row_of.ops->close(svc);
  open_result = 0;
}

int main(void) {
  p = make_sub_pool(NULL);
  sessions_begin();
  messages_are_opened();
  bytes_are_counted();
  notes_are_kept();
  protocols_are_told();
  ends_are_told();
  modules_listen();
  logs_listen();
  commands_are_registered();
  commands_run();
  commands_fail();
  destroy_pool(p);
  return done_testing();
}
