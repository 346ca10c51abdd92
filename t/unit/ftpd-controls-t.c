/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-controls-t.c -- ftpdctl sftp: what each command accepts, and what it
 * answers.
 */

#include "daemon.h"

#include "base64.h"
#include "crypto.h"
#include "ftpd-board.h"
#include "ftpd-conf.h"
#include "ftpd-controls-int.h"
#include "ftpd-controls.h"
#include "ftpd-explain.h"
#include "ftpd-gauges.h"
#include "ftpd-keystore.h"
#include "ftpd-limits.h"
#include "ftpd-lines.h"
#include "ftpd-live.h"
#include "ftpd-log.h"
#include "ftpd-login.h"
#include "ftpd-place.h"
#include "ftpd-rules.h"
#include "ftpd-run.h"
#include "ftpd-source.h"
#include "ftpd-tally.h"
#include "keys.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#define ED \
  "AAAAC3NzaC1lZDI1NTE5AAAAIPhXwxpPiCBh0tKiC7jDK2TKcJtoB5ZQhUfQBQrW+Q8Z"
#define ED2 \
  "AAAAC3NzaC1lZDI1NTE5AAAAIOwGItz+O2s2/ZilFv5mFyCrvJdrt6k3gD1pQ6ZEA7s6"

module sftp_module;
xaset_t *server_list;
char ServerType = SERVER_STANDALONE;

static pool *p;
static pr_ctrls_t ctrl;
static xaset_t servers, conf1, conf2;
static server_rec one = { .ServerName = "First", .ServerAddress = "ftp.one",
  .ServerPort = 22, .conf = &conf1 };
static server_rec two = { .ServerName = "Second", .ServerAddress = "ftp.two",
  .ServerPort = 2222, .conf = &conf2 };
static bool engines[2];

/* ---- Of the daemon */

static int (*request)(pr_ctrls_t *, int, char **);
static bool registered, allowed;
static unsigned int nacls;
static char said[70000];

int pr_ctrls_init_acl(ctrls_acl_t *acl) {
  (void) acl;
  nacls++;
  return 0;
}

char **pr_ctrls_parse_acl(pool *in, const char *text) {
  char **names = pcalloc(in, 2 * sizeof(char *));

  names[0] = pstrdup(in, text);
  return names;
}

int pr_ctrls_set_module_acls2(ctrls_acttab_t *table, pool *in, char **names,
    const char *may, const char *who, char *list, const char **bad) {
  (void) in;
  *bad = names[0];
  return table[0].act_acl != NULL && strcmp(names[0], "keys") == 0 &&
    strcmp(may, "allow") == 0 && strcmp(who, "user") == 0 &&
    strcmp(list, "alice") == 0 ? 0 : -1;
}

int pr_ctrls_check_acl(const pr_ctrls_t *c, const ctrls_acttab_t *table,
    const char *action) {
  (void) c;
  (void) table;
  (void) action;
  return allowed ? TRUE : FALSE;
}

int pr_ctrls_log(const char *version, const char *fmt, ...) {
  (void) version;
  (void) fmt;
  return 0;
}

int pr_ctrls_register(const module *m, const char *action, const char *desc,
    int (*call)(pr_ctrls_t *, int, char **)) {
  (void) m;
  (void) action;
  (void) desc;
  if (registered) {
    errno = EEXIST;
    return -1;
  }

  registered = true;
  request = call;
  return 0;
}

int pr_ctrls_unregister(module *m, const char *action) {
  (void) m;
  (void) action;
  registered = false;
  return 0;
}

int pr_ctrls_add_response(pr_ctrls_t *c, const char *fmt, ...) {
  size_t n = strlen(said);
  va_list ap;

  (void) c;
  va_start(ap, fmt);
  vsnprintf(said + n, sizeof(said) - n, fmt, ap);
  va_end(ap);
  n = strlen(said);
  snprintf(said + n, sizeof(said) - n, "\n");
  return 0;
}

struct tm *pr_localtime(pool *in, const time_t *when) {
  (void) in;
  return gmtime(when);
}

int pr_netaddr_is_v4(const char *text) {
  return strcmp(text, "127.0.0.1") == 0;
}

int pr_netaddr_is_v6(const char *text) {
  return strcmp(text, "::1") == 0;
}

const pr_netaddr_t *pr_netaddr_get_addr(pool *in, const char *text,
    array_header **more) {
  (void) more;
  return (const pr_netaddr_t *) pstrdup(in, text);
}

static unsigned int nusers, user_at;
static const char *const accounts[] = { "alice", "bob" };

void pr_auth_setpwent(pool *in) {
  (void) in;
  user_at = 0;
}

struct passwd *pr_auth_getpwent(pool *in) {
  static struct passwd pw;

  (void) in;
  if (user_at == nusers) {
    return NULL;
  }

  pw.pw_name = (char *) accounts[user_at++];
  return &pw;
}

void pr_auth_endpwent(pool *in) {
  (void) in;
}

static pid_t killed;
static bool no_kill;

int kill(pid_t pid, int sig) {
  killed = sig == SIGTERM ? pid : -1;
  errno = ESRCH;
  return no_kill ? -1 : 0;
}

int pr_privs_root(const char *file, int line) {
  (void) file;
  (void) line;
  return 0;
}

int pr_privs_relinquish(const char *file, int line) {
  (void) file;
  (void) line;
  errno = 0;
  return 0;
}

/* ---- Of the other files of ftpd/ */

static struct book book;
static bool has_book = true, opened;
static uint64_t layout;

uint64_t ftpd_tally_init(void) {
  return 4711;
}

void ftpd_board_open(uint64_t number) {
  opened = true;
  layout = number;
}

struct book *ftpd_board_book(void) {
  return has_book ? &book : NULL;
}

bool ftpd_conf_engine(server_rec *s) {
  return engines[s == &two];
}

static struct sftp_settings set;

struct sftp_settings *ftpd_conf_lists(pool *in, server_rec *s) {
  (void) in;
  (void) s;
  return &set;
}

const char *ftpd_place_line(pool *in, const config_rec *c) {
  (void) in;
  (void) c;
  return ", line 7 of 'conf'";
}

const char *ftpd_place_of(pool *in, const config_rec *c) {
  (void) in;
  (void) c;
  return " in <Directory /srv>, line 9 of 'conf'";
}

const char *ftpd_place_words(const config_rec *c) {
  return c->argc > 0 && strcmp(c->argv[0], "unknown") != 0 ? c->argv[0] :
    NULL;
}

const char *ftpd_source_info(const char *form, const char *name) {
  size_t len = strlen(name);

  return strncmp(form, name, len) == 0 && form[len] == ':' ? form + len + 1 :
    NULL;
}

/* ---- The table of commands */

static int call(const char *words) {
  cmd_rec *cmd = daemon_directive(p, words);

  said[0] = '\0';
  return request(&ctrl, (int) cmd->argc, (char **) cmd->argv);
}

static bool has_said(const char *text) {
  if (strstr(said, text) == NULL) {
    diag("%s", said);
    return false;
  }

  return true;
}

static unsigned int lines(void) {
  unsigned int i, n = 0;

  for (i = 0; said[i] != '\0'; i++) {
    n += said[i] == '\n';
  }

  return n;
}

static void commands_have_rights(void) {
  struct controls_acl acl = { p, "keys", "allow", "user", (char *) "alice" };
  const char *bad = NULL;

  ftpd_controls_init();
  is_int(nacls, 7, "rights for each command");
  is_int(daemon_happens("core.restart", NULL), 1, "a reload");
  is_int(nacls, 14, "takes them back");
  is_int(ftpd_controls_allow(&acl, &bad), 0, "a rule");
  acl.commands = "fly";
  ok(ftpd_controls_allow(&acl, &bad) < 0 && strcmp(bad, "fly") == 0,
    "a command that does not exist");
  is_str(ftpd_controls_names(p),
    "config, counters, end, explain, keys, sessions, whatif", "their names");
  allowed = false;
  is_int(call("sessions"), -1, "who may not use it");
  is_str(said, "access denied (SFTPControlsACLs)\n", "... is told");
  allowed = true;
  is_int(call(""), -1, "no command");
  is_int(lines(), 7, "... shows all");
  is_int(request(&ctrl, 1, NULL), -1, "no words");
  is_int(call("fly"), -1, "another command");
  is_int(lines(), 7, "... shows all");
  is_int(call("sessions now"), -1, "too many words");
  is_str(said, "usage: ftpdctl sftp sessions\n", "... show its own");
  is_int(call("sessions"), 0, "a command");
}

static void the_name_may_be_taken(void) {
  unsigned int before = daemon_messages;

  ftpd_controls_init();
  ok(daemon_messages == before + 1 &&
    strstr(daemon_message, strerror(EEXIST)) != NULL, "a warning");
  ftpd_controls_end();
  ok(!registered, "the end");
  ftpd_controls_init();
  ok(registered && daemon_messages == before + 1, "it is free again");
}

static void boards_are_for_daemons(void) {
  ftpd_controls_start();
  ok(opened && layout == 4711, "a daemon has a board");
  opened = false;
  ServerType = SERVER_INETD;
  ftpd_controls_start();
  ok(!opened, "inetd has none");
  ServerType = SERVER_STANDALONE;
}

/* ---- config */

static void add(xaset_t *in, const char *name, const char *words) {
  const char *const all[] = { words, NULL };

  daemon_set = in;
  (void) daemon_add_words(name, all);
  daemon_set = NULL;
}

static void directives_are_shown(void) {
  static xaset_t inner;

  daemon_forget_config();
  engines[0] = engines[1] = true;
  main_server = &one;
  set.ciphers = "a,b";
  set.min_bits.rsa = 2048;
  set.min_bits.dsa = 1;
  set.min_bits.ec = 256;
  add(&conf1, "SFTPLog", "/log");
  add(&conf1, "SFTPLog", "/never");
  add(&conf1, "SFTPHostKey", "/k1");
  add(&conf1, "SFTPHostKey", "/k2");
  add(&conf1, "SFTPCompression", "unknown");
  add(&conf1, "SFTPAuthMethods for", "user alice publickey");
  add(&conf1, "SFTPAuthMethods for", "user bob password");
  add(&inner, "SFTPTransferDigest", "read");
  is_int(call("config"), 0, "both servers");
  ok(has_said("First (ftp.one:22)\n") && has_said("Second (ftp.two:2222)\n"),
    "have names");
  ok(has_said("  SFTPLog /log  # line 7 of 'conf'\n") &&
    strstr(said, "/never") == NULL, "the first line counts");
  ok(has_said("  SFTPLog none  # default\n"), "or none");
  ok(has_said("  SFTPHostKey /k1  #") && has_said("  SFTPHostKey /k2  #"),
    "or all of them");
  ok(has_said("  SFTPAuthMethods user alice publickey  #") &&
    has_said("  SFTPAuthMethods user bob password  #"), "also for users");
  ok(has_said("  SFTPCompression (set before LoadModule)  #"),
    "words may be unknown");
  ok(has_said("  SFTPCiphers a b  # default\n"), "lists of algorithms");
  ok(has_said("  SFTPKeyLimits MinimumRSASize 2048 MinimumDSASize 1 "
    "MinimumECSize 256  # default\n"), "limits");
  is_int(call("config first"), 0, "one by its name");
  ok(has_said("First") && strstr(said, "Second") == NULL, "that one");
  ok(has_said("  SFTPMetricsFile none  #"), "the main one has all");
  is_int(call("config 2222"), 0, "one by its port");
  ok(has_said("Second") && strstr(said, "First") == NULL, "that one");
  ok(strstr(said, "SFTPMetricsFile") == NULL, "... without those of the main");
  is_int(call("config ftp.two"), 0, "one by its address");
  is_int(call("config ftp.two:2222"), 0, "... and port");
  is_int(call("config ftp.two:22"), -1, "none");
  ok(has_said("there is no such server"), "... is told");
  is_int(call("config a b"), -1, "too many words");
  engines[1] = false;
  is_int(call("config second"), -1, "one without SFTPEngine");
  ok(ftpd_control_server(NULL) == &one && ftpd_control_server("second") ==
    NULL, "it is nobody's");
  engines[0] = false;
  is_int(call("config"), -1, "nor are others");
  engines[0] = engines[1] = true;
  ok(ftpd_control_server("second") == &two, "servers are found");
}

static void sections_are_shown(void) {
  static xaset_t inner;
  config_rec *copy;

  daemon_forget_config();
  daemon_set = NULL;
  add(NULL, "SFTPTransferDigest", "read");
  is_int(call("config first"), 0, "a line of <Directory>");
  ok(has_said("  SFTPTransferDigest read  # in <Directory /srv>, line 9"),
    "has its section");
  daemon_forget_config();
  add(NULL, "SFTPTransferDigest", "read");
  copy = daemon_add_words("SFTPTransferDigest",
    (const char *const[]) { "read", NULL });
  copy->argv[0] = find_config(&inner, CONF_PARAM, "SFTPTransferDigest",
    FALSE)->argv[0];
  is_int(call("config first"), 0, "a copy of it");
  ok(strstr(strstr(said, "in <Directory") + 1, "in <Directory") == NULL,
    "is shown once");
  daemon_forget_config();
  add(NULL, "SFTPTransferDigest", "unknown");
  is_int(call("config first"), 0, "a line without words");
  ok(strstr(said, "in <Directory") == NULL, "is not shown");
}

/* ---- counters */

static const char *letter(unsigned int i) {
  static const char *const letters[] = { "a", "b", NULL };

  return letters[i];
}

static const struct tally_label label_x = { "x", letter },
  label_y = { "y", letter };

#define PLAIN(n) { n, "", { NULL, NULL } }

const struct tally_row ftpd_tally_rows[TALLY_NCOUNTERS] = {
  PLAIN("sessions"), { "logins", "", { &label_x, &label_y } },
  { "bytes", "", { &label_x, NULL } }, PLAIN("c3"), PLAIN("c4"), PLAIN("c5"),
  PLAIN("c6"), PLAIN("c7"), PLAIN("c8"), PLAIN("c9"), PLAIN("c10"),
  PLAIN("c11"), PLAIN("c12"), PLAIN("c13"), PLAIN("c14"), PLAIN("c15"),
  PLAIN("c16"), PLAIN("c17")
};

unsigned int ftpd_tally_values(enum tally what, unsigned int label) {
  return ftpd_tally_rows[what].labels[label] != NULL ? 2 : 1;
}

unsigned int ftpd_tally_place(enum tally what, unsigned int i,
    unsigned int j) {
  return (unsigned int) what * 4 + i * 2 + j;
}

static uint64_t counts[BOARD_SERIES];

unsigned int ftpd_board_sum(uint64_t sums[BOARD_SERIES]) {
  memcpy(sums, counts, sizeof(counts));
  return 3;
}

static bool read_all(unsigned int running, uint64_t *now, uint64_t *max) {
  *now = running;
  *max = 10;
  return true;
}

static bool read_free(unsigned int running, uint64_t *now, uint64_t *max) {
  *now = running + 1;
  (void) max;
  return true;
}

static bool read_nothing(unsigned int running, uint64_t *now, uint64_t *max) {
  (void) running;
  (void) now;
  (void) max;
  return false;
}

const struct gauge ftpd_gauges[] = { { "running", "", read_all },
  { "free", "", read_free }, { "absent", "", read_nothing },
  { NULL, NULL, NULL } };

array_header *ftpd_limits(pool *in) {
  static const struct limit_use use = { "MaxClients\n", "ftp.one:22", 2, 5 };
  array_header *a = make_array(in, 1, sizeof(use));

  *((struct limit_use *) push_array(a)) = use;
  return a;
}

bool ftpd_book_alg(struct book *b, unsigned int *at, struct book_agreed *a) {
  (void) b;
  snprintf(a->client, sizeof(a->client), "OpenSSH");
  a->kind = "kex";
  a->alg = "curve";
  a->count = 6;
  return (*at)++ == 0;
}

static void counters_are_shown(void) {
  counts[ftpd_tally_place(TALLY_LOGINS, 1, 0)] = 5;
  counts[ftpd_tally_place(TALLY_BYTES, 1, 0)] = 7;
  is_int(call("counters"), 0, "all of them");
  ok(has_said("running 3 of 10\n") && has_said("free 4\n") &&
    strstr(said, "absent") == NULL, "gauges");
  ok(has_said("sessions 0\n") && has_said("logins x=b y=a 5\n") &&
    has_said("bytes x=b 7\n") && has_said("c17 0\n"), "counters");
  ok(strstr(said, "x=a") == NULL && strstr(said, "y=b") == NULL,
    "what has happened");
  ok(has_said("limit_used limit='MaxClients\\x0a' server=ftp.one:22 2 of 5\n"),
    "limits");
  ok(has_said("client_algorithms client='OpenSSH' kind=kex algorithm=curve "
    "6\n"), "clients");
  is_int(call("counters free"), 0, "a gauge");
  is_str(said, "free 4\n", "alone");
  is_int(call("counters logins"), 0, "a counter");
  is_str(said, "logins x=b y=a 5\n", "alone");
  is_int(call("counters c17"), 0, "the last counter");
  is_str(said, "c17 0\n", "alone");
  is_int(call("counters limit_used"), 0, "limits");
  is_int(lines(), 1, "alone");
  is_int(call("counters client_algorithms"), 0, "clients");
  is_int(lines(), 1, "alone");
  has_book = false;
  is_int(call("counters client_algorithms"), 0, "no clients");
  is_str(said, "", "... are none");
  has_book = true;
  is_int(call("counters absent"), 0, "a gauge without a value");
  is_int(call("counters fly"), -1, "no counter");
  is_str(said, "there is no counter of that name\n", "... is told");
  is_int(call("counters a b"), -1, "too many words");
}

/* ---- sessions and end */

static struct board_slot *slots[2];
static bool writing;            /* the first one always changes */

pid_t ftpd_board_next(unsigned int *at, struct board_slot **slot) {
  if (*at >= SFTP_NELEMS(slots) || slots[*at] == NULL) {
    return 0;
  }

  *slot = slots[*at];
  (*at)++;
  return (pid_t) (100 + *at);
}

bool ftpd_live_read(const struct board_slot *s, struct board_info *info) {
  memcpy(info, &s->info, sizeof(*info));
  return !(writing && s == slots[0]);
}

static void sessions_are_shown(void) {
  struct board_info *b;

  slots[0] = slots[1] = NULL;
  is_int(call("sessions"), 0, "nobody");
  is_str(said, "no sessions\n", "... is told");
  slots[0] = aligned_alloc(4096, sizeof(*slots[0]));
  slots[1] = aligned_alloc(4096, sizeof(*slots[1]));
  memset(slots[0], 0, sizeof(*slots[0]));
  memset(slots[1], 0, sizeof(*slots[1]));
  b = &slots[0]->info;
  b->since_ms = fake_now_ms - 2500;
  snprintf(b->user, sizeof(b->user), "alice");
  snprintf(b->protocol, sizeof(b->protocol), "sftp");
  b->version = 6;
  b->files[1].used = b->files[2].used = 1;
  b->files[1].in = 1;
  b->files[1].since_ms = fake_now_ms - 2000;
  atomic_store(&b->files[1].moved, 1000);
  snprintf(b->files[1].path, sizeof(b->files[1].path), "/up");
  b->files[2].size = 1000;
  b->files[2].since_ms = fake_now_ms;
  atomic_store(&b->files[2].moved, 250);
  snprintf(b->files[2].path, sizeof(b->files[2].path), "/down");
  b->nopen = 3;
  slots[1]->info.since_ms = fake_now_ms + 5000;
  is_int(call("sessions"), 0, "two");
  ok(has_said("101 user alice from - for 2 s, sftp 6, client -\n"), "one");
  ok(has_said("101 kex -, host key -\n") && has_said("101 ciphers - -, MACs "
    "- -, compression - -\n"), "its algorithms");
  ok(has_said("101 upload '/up', 1000 bytes, 500 per second, limited by "),
    "an upload");
  ok(has_said("101 download '/down', 250 of 1000 (25%) bytes, 250000 per "
    "second"), "a download");
  ok(has_said("101 and 1 more\n"), "for others is no room");
  ok(has_said("102 user - from - for 0 s, -, client -\n"), "another one");
  b->nopen = 2;
  writing = true;
  is_int(call("sessions"), 0, "one that always changes");
  ok(strstr(said, "101") == NULL && has_said("102"), "is not shown");
  writing = false;
  is_int(call("sessions"), 0, "all files are shown");
  ok(strstr(said, "more") == NULL, "there are no more");
}

static void sessions_end(void) {
  char *argv[] = { (char *) "end", (char *) "102", (char *) "the", NULL };
  char word[300];

  is_int(call("end 102 we close"), 0, "a session");
  is_str(said, "session 102 ends\n", "is told");
  ok(killed == 102 && atomic_load(&slots[1]->ending) == 1 &&
    atomic_load(&slots[0]->ending) == 0, "and ends");
  is_str(slots[1]->reason, "we close", "with a reason");
  is_int(call("end 101"), 0, "another one");
  is_str(slots[0]->reason, "", "without");
  memset(word, 'x', sizeof(word));
  word[sizeof(word) - 1] = '\0';
  argv[2] = word;
  is_int(request(&ctrl, 3, argv), 0, "a long reason");
  is_int(strlen(slots[1]->reason), sizeof(slots[1]->reason) - 1, "is cut");
  killed = 0;
  is_int(call("end 103"), -1, "no session");
  is_str(said, "there is no session 103\n", "is told");
  is_int(killed, 0, "and nothing ends");
  no_kill = true;
  is_int(call("end 102"), -1, "one that is gone");
  ok(has_said("unable to end session 102: No such process"), "is told");
  no_kill = false;
  is_int(call("end"), -1, "no number");
  ok(has_said("usage:"), "... usage");
  is_int(call("end 0"), -1, "not 0");
  ok(has_said("usage:"), "... usage");
  is_int(call("end x"), -1, "no number at all");
  ok(has_said("usage:"), "... usage");
  free(slots[0]);
  free(slots[1]);
  slots[0] = slots[1] = NULL;
}

static void times_are_local(void) {
  is_str(ftpd_control_time(p, 86399), "1970-01-01 23:59:59", "a time");
  is_str(ftpd_control_time(p, INT64_MAX), "", "one that has no words");
  is_str(ftpd_control_logins(p, 1), "1 login", "one login");
  is_str(ftpd_control_logins(p, 0), "0 logins", "none");
}

/* ---- explain */

static struct explain_request asked;
static const char *run_text, *run_why;
static bool runs;               /* the function, in place of a child */
static char out[70000];

const char *ftpd_run(pool *in, const struct ftpd_run *r,
    struct ftpd_output *o) {
  FILE *f;
  int fd;

  memset(o, 0, sizeof(*o));
  if (!runs) {
    memcpy(&asked, r->data, sizeof(asked));
    o->text = pstrdup(in, run_text != NULL ? run_text : "");
    o->len = strlen(o->text);
    return run_why;
  }

  f = tmpfile();
  fflush(stdout);
  fd = dup(STDOUT_FILENO);
  if (f == NULL || fd < 0 || dup2(fileno(f), STDOUT_FILENO) < 0) {
    bail_out("no file");
  }

  r->call(r->data);
  (void) dup2(fd, STDOUT_FILENO);
  (void) close(fd);
  rewind(f);
  o->len = fread(out, 1, sizeof(out) - 1, f);
  out[o->len] = '\0';
  o->text = out;
  (void) fclose(f);
  return run_why;
}

enum ftpd_request ftpd_explain_find(const char *word, bool scp,
    unsigned int *effects) {
  *effects = scp ? 1 : 2;
  return strcmp(word, "rename") == 0 ? FTPD_RENAME :
    strcmp(word, "mkdir") == 0 ? FTPD_MKDIR : FTPD_NREQUESTS;
}

bool ftpd_explain_two(enum ftpd_request req) {
  return req == FTPD_RENAME;
}

const char *ftpd_explain_words(pool *in, bool scp) {
  (void) in;
  return scp ? "scp words" : "sftp words";
}

void ftpd_explain_child(void *data) {
  (void) data;
}

static const char *long_word(size_t n) {
  char *word = palloc(p, n + 1);

  memset(word, 'w', n);
  word[n] = '\0';
  return word;
}

static void questions_have_words(void) {
  static char *empty[] = { (char *) "explain", (char *) "alice",
    (char *) "sftp", (char *) "mkdir", (char *) "", NULL };

  runs = false;
  run_text = "one\n\ntwo";
  run_why = NULL;
  is_int(call("explain alice sftp mkdir /d"), 0, "one path");
  is_str(said, "one\ntwo\n", "an answer of lines");
  ok(strcmp(asked.user, "alice") == 0 && !asked.scp &&
    asked.req == FTPD_MKDIR && asked.effects == 2 &&
    strcmp(asked.path, "/d") == 0 && asked.path2 == NULL &&
    asked.server == &one && strcmp((const char *) asked.from,
    "127.0.0.1") == 0, "a question");
  is_int(call("explain alice scp rename /a /b server second from ::1"), 0,
    "two paths, and options");
  ok(asked.scp && strcmp(asked.path2, "/b") == 0 && asked.server == &two &&
    strcmp((const char *) asked.from, "::1") == 0, "in any order");
  is_int(call("explain alice sftp rename /a"), -1, "one path of two");
  ok(has_said("usage:"), "... usage");
  is_int(call("explain alice sftp mkdir"), -1, "no path");
  ok(has_said("usage:"), "... usage");
  is_int(call("explain alice sftp mkdir /d to"), -1, "half an option");
  ok(has_said("usage:"), "... usage");
  is_int(call("explain alice sftp mkdir /d to x"), -1, "no option");
  ok(has_said("usage:"), "... usage");
  is_int(call("explain alice ftp mkdir /d"), -1, "no protocol");
  is_str(said, "protocol 'ftp': expected sftp or scp\n", "... is told");
  is_int(call("explain alice scp fly /d"), -1, "no operation");
  is_str(said, "operation 'fly': expected scp words\n", "... is told");
  is_int(call("explain alice sftp mkdir /d from host"), -1, "a name");
  is_str(said, "from 'host': expected an address\n", "... is none");
  is_int(call("explain alice sftp mkdir /d server x"), -1, "no server");
  ok(has_said("there is no such server"), "... is told");
  is_int(call(pstrcat(p, "explain alice sftp mkdir ", long_word(240), NULL)),
    0, "a long word");
  is_int(call(pstrcat(p, "explain alice sftp mkdir ", long_word(241), NULL)),
    -1, "one that is too long");
  ok(has_said("longer than 240 bytes"), "... is told");
  is_int(request(&ctrl, 5, empty), -1, "an empty one");
  ok(has_said("one that is empty"), "... is told");
  is_int(call("explain a sftp rename b c from ::1 server first"), 0,
    "nine words");
  is_int(call("explain a sftp rename b c from ::1 server first x y"), -1,
    "are enough");
  ok(has_said("too many words"), "... which is told");
  run_why = "a timeout";
  is_int(call("explain alice sftp mkdir /d"), -1, "a failure");
  ok(has_said("unknown: the look has failed: a timeout\n"), "... is told");
  run_why = NULL;
}

/* ---- whatif */

static struct book_client_row clients[3];
static unsigned int nclients;

bool ftpd_book_client(struct book *b, unsigned int *at,
    struct book_client_row *row) {
  (void) b;
  if (*at >= nclients) {
    return false;
  }

  memcpy(row, &clients[(*at)++ % SFTP_NELEMS(clients)], sizeof(*row));
  return true;
}

static uint64_t bit(enum sftp_alg_family f, const char *name) {
  const struct sftp_alg *alg;
  unsigned int i;

  for (i = 0; (alg = sftp_alg_at(f, i)) != NULL; i++) {
    if (strcmp(alg->name, name) == 0) {
      return UINT64_C(1) << i;
    }
  }

  bail_out("no algorithm %s", name);
}

static uint8_t place(const char *name) {
  uint64_t b = bit(ALGS_CIPHER, name);
  uint8_t n = 1;

  while ((b >>= 1) != 0) {
    n++;
  }

  return n;
}

static void client(unsigned int i, const char *name, const char *user) {
  struct book_client_row *r = &clients[i];

  memset(r, 0, sizeof(*r));
  snprintf(r->key.client, sizeof(r->key.client), "%s", name);
  snprintf(r->key.user, sizeof(r->key.user), "%s", user);
  snprintf(r->key.server, sizeof(r->key.server), "First");
  atomic_store(&r->shared[ALGS_KEX], bit(ALGS_KEX, "curve25519-sha256"));
  atomic_store(&r->shared[ALGS_HOSTKEY], bit(ALGS_HOSTKEY, "ssh-ed25519"));
  atomic_store(&r->shared[ALGS_CIPHER], bit(ALGS_CIPHER, "aes256-ctr"));
  atomic_store(&r->shared[ALGS_MAC], bit(ALGS_MAC, "hmac-sha2-256"));
  atomic_store(&r->shared[ALGS_COMPRESS], bit(ALGS_COMPRESS, "none"));
  r->key.ciphers[0] = place("aes256-ctr");
  atomic_store(&r->row.count, 1);
  nclients = i + 1;
}

static void algorithms_may_go(void) {
  has_book = true;
  client(0, "new", "alice");
  atomic_fetch_or(&clients[0].shared[ALGS_CIPHER],
    bit(ALGS_CIPHER, "aes256-gcm@openssh.com"));
  clients[0].key.ciphers[0] = place("aes256-gcm@openssh.com");
  clients[0].key.ciphers[1] = place("aes256-ctr");
  client(1, "old", "alice");
  client(2, "old", "bob");
  atomic_store(&clients[2].shared[ALGS_SIGNATURE],
    bit(ALGS_SIGNATURE, "ssh-ed25519"));
  is_int(call("whatif aes128-ctr"), 0, "one that nobody needs");
  ok(has_said("cut off: 0 of 2 clients, 0 of 2 users, since 1970-") &&
    lines() == 1, "nobody is cut off");
  is_int(call("whatif aes256-ctr"), 0, "one that some need");
  ok(has_said("no cipher left: client old, user alice, server First, 1 login, "
    "last 1970-01-01 00:00:00\n") && has_said("user bob has no other client\n")
    && has_said("cut off: 1 of 2 clients, 2 of 2 users"), "those");
  ok(strstr(said, "user alice has no other") == NULL,
    "another client still works");
  is_int(call("whatif -hmac-sha2-256"), 0, "a digest");
  ok(has_said("cut off: 1 of 2 clients") && has_said("no digest left: client "
    "old"), "those whose cipher has none of its own");
  is_int(call("whatif hmac-sha2-256 aes256-gcm@openssh.com"), 0, "both");
  ok(has_said("cut off: 2 of 2 clients"), "all of them");
  is_int(call("whatif ssh-ed25519"), 0, "keys");
  ok(has_said("no host key left"), "of hosts");
  atomic_store(&clients[0].shared[ALGS_HOSTKEY],
    bit(ALGS_HOSTKEY, "rsa-sha2-512"));
  atomic_store(&clients[1].shared[ALGS_HOSTKEY],
    bit(ALGS_HOSTKEY, "rsa-sha2-512"));
  atomic_store(&clients[2].shared[ALGS_HOSTKEY],
    bit(ALGS_HOSTKEY, "rsa-sha2-512"));
  is_int(call("whatif ssh-ed25519"), 0, "keys");
  ok(has_said("no user key left: client old, user bob") &&
    has_said("cut off: 1 of 2 clients, 1 of 2 users"), "of users who have "
    "any");
  is_int(call("whatif aes256-c*"), 0, "a pattern");
  ok(has_said("cut off: 1 of 2"), "is its names");
  is_int(call("whatif rot13"), -1, "no name");
  is_str(said, "'rot13': there is no algorithm of that name\n", "is told");
  is_int(call("whatif"), -1, "no words");
  ok(has_said("usage:"), "... usage");
  is_int(call("whatif a a a a a a a a a a a a a a a a"), -1, "sixteen words");
  ok(has_said("'a': there is no"), "... are read");
  is_int(call("whatif a a a a a a a a a a a a a a a a a"), -1, "seventeen");
  ok(has_said("usage:"), "... are not");
  atomic_store(&book.left_out, 2);
  is_int(call("whatif aes128-ctr"), 0, "some were left out");
  ok(has_said("not looked at: 2 logins, for want of room"), "... is told");
  atomic_store(&book.left_out, 0);
  has_book = false;
  is_int(call("whatif aes128-ctr"), -1, "nothing was counted");
  is_str(said, "nothing is counted here\n", "... is told");
  has_book = true;
}

static void long_answers_are_cut(void) {
  client(0, "a", "alice");
  client(1, "b", "alice");
  client(2, "c", "alice");
  nclients = 300;
  is_int(call("whatif aes256-ctr"), 0, "many clients");
  ok(has_said("and 100 more\n"), "... are cut");
  is_int(lines(), 203, "... after 200 lines");
  nclients = 200;
  is_int(call("whatif aes256-ctr"), 0, "200 clients");
  ok(strstr(said, "more\n") == NULL && lines() == 202, "... are not cut");
  nclients = BOOK_CLIENTS + 10;
  is_int(call("whatif aes256-ctr"), 0, "more than there can be");
  ok(has_said("and 824 more\n"), "... are not read");
}

/* ---- keys */

static struct book_key_row keys[3];
static unsigned int nkeys;
static struct ftpd child = { .server = &one };
static bool no_child;

bool ftpd_book_key(struct book *b, unsigned int *at,
    struct book_key_row *row) {
  (void) b;
  if (*at >= nkeys) {
    return false;
  }

  memcpy(row, &keys[(*at)++ % SFTP_NELEMS(keys)], sizeof(*row));
  return true;
}

struct ftpd *ftpd_explain_begin(const struct explain_request *q) {
  child.server = q->server;
  return no_child ? NULL : &child;
}

void ftpd_explain_quiet(void) {
}

static const char *pretended;

void ftpd_auth_pretend(struct ftpd *h, pool *in, const char *user) {
  (void) h;
  (void) in;
  pretended = user;
}

struct passwd *ftpd_auth_entry(struct ftpd *h) {
  static struct passwd pw;

  (void) h;
  return strcmp(pretended, "gone") == 0 ? NULL : &pw;
}

void ftpd_auth_forget_entry(struct ftpd *h) {
  (void) h;
}

void ftpd_log_forget(void) {
}

static const char *key_text;    /* of every file but those below */

int ftpd_keyfile_read(struct ftpd *h, pool *in, const char *info,
    const char **path, struct sftp_str *text) {
  (void) h;
  *path = pstrcat(in, info, "@", pretended, NULL);
  if (strcmp(info, "/absent") == 0 || strcmp(info, "/broken") == 0) {
    errno = strcmp(info, "/absent") == 0 ? ENOENT : EPERM;
    return -1;
  }

  *text = sftp_str_of(key_text);
  return 0;
}

static const char *ed_print;

static void key(unsigned int i, const char *user, const char *print,
    const char *ca) {
  struct book_key_row *r = &keys[i];

  memset(r, 0, sizeof(*r));
  snprintf(r->key.user, sizeof(r->key.user), "%s", user);
  snprintf(r->key.type, sizeof(r->key.type), "ssh-ed25519");
  snprintf(r->key.print, sizeof(r->key.print), "%s", print);
  snprintf(r->key.ca, sizeof(r->key.ca), "%s", ca);
  snprintf(r->use.source, sizeof(r->use.source), "::1");
  r->key.bits = 256;
  atomic_store(&r->row.count, 2);
  atomic_store(&r->row.last, time(NULL) - 3600);
  nkeys = i + 1;
}

static void used_keys_are_shown(void) {
  key(0, "bob", "SHA256:b", "");
  key(1, "alice", "SHA256:b", "SHA256:ca");
  key(2, "alice", "SHA256:a", "SHA256:ca");
  keys[0].key.of_host = 1;
  keys[2].use.expires = 86400;
  atomic_store(&keys[0].row.last, 0);
  is_int(call("keys"), 0, "all keys");
  ok(has_said("user bob, host key ssh-ed25519 256 SHA256:b, 2 logins, last "
    "1970-01-01 00:00:00 from ::1\n"), "a host's key");
  ok(has_said(", signed by SHA256:ca, expires 1970-01-02 00:00:00\n"),
    "a certificate");
  ok(has_said("from ::1, signed by SHA256:ca, never expires\n"),
    "one without an end");
  ok(strstr(said, "SHA256:a") < strstr(said, "SHA256:b") &&
    strstr(said, "user alice") < strstr(said, "user bob"), "in their order");
  ok(has_said("3 keys since 1970-01-01 00:00:00\n"), "their number");
  nkeys = 1;
  atomic_store(&book.keys_left_out, 1);
  is_int(call("keys"), 0, "one key");
  ok(has_said("not shown: 1 login, for want of room\n1 key since"),
    "... of more");
  atomic_store(&book.keys_left_out, 0);
  nkeys = 500;
  is_int(call("keys"), 0, "many keys");
  ok(has_said("and 100 more\n") && lines() == 402, "... are cut");
  nkeys = 400;
  is_int(call("keys"), 0, "400 keys");
  ok(strstr(said, "more\n") == NULL && lines() == 401, "... are not");
  nkeys = BOOK_KEYS + 1;
  is_int(call("keys"), 0, "more than there can be");
  ok(has_said("2048 keys since"), "... are not read");
  nkeys = 0;
  is_int(call("keys 0"), -1, "no days");
  is_int(call("keys 36501"), -1, "too many days");
  is_int(call("keys 1 1"), -1, "too many words");
  has_book = false;
  is_int(call("keys"), -1, "nothing was counted");
  is_str(said, "nothing is counted here\n", "... is told");
  has_book = true;
}

static void unused_keys_are_shown(void) {
  daemon_forget_config();
  runs = true;
  run_why = NULL;
  nusers = 2;
  engines[1] = false;
  key_text = "ssh-ed25519 " ED " mine\nssh-ed25519 " ED2 "\n";
  add(&conf1, "SFTPAuthorizedUserKeys", "file:/k/%u");
  add(&conf1, "SFTPTrustedUserCAKeys", "/ca");
  key(0, "alice", ed_print, "");
  is_int(call("keys 1"), 0, "a day");
  ok(has_said("1 key since") && strstr(said, "user alice, ssh-ed25519 256 "
    "SHA256:b") == NULL, "keys that were used are not shown");
  ok(has_said("not used in 'First' ("), "a server");
  ok(strstr(said, "'/k/%u@alice', line 1") == NULL &&
    has_said("'/k/%u@alice', line 2, user alice, ssh-ed25519 256 SHA256:"),
    "the one that alice has not used");
  ok(has_said("'/k/%u@bob', line 1, user bob, ssh-ed25519 256 SHA256:") &&
    has_said(", comment 'mine'\n"), "those of bob");
  ok(has_said("'/ca@root', line 2, ssh-ed25519") &&
    strstr(said, "'/ca@root', line 1,") == NULL, "authorities of all");
  atomic_store(&keys[0].row.last, time(NULL) - 2 * 86400);
  is_int(call("keys 1"), 0, "a day");
  ok(has_said("'/k/%u@alice', line 1"), "is too short for old keys");
  is_int(call("keys 3"), 0, "three days");
  ok(strstr(said, "'/k/%u@alice', line 1") == NULL, "are not");
  key(0, "alice", "SHA256:x", ed_print);
  is_int(call("keys 1"), 0, "an authority that has signed");
  ok(strstr(said, "'/ca@root', line 1,") == NULL, "is used");
  key(0, "gone", "SHA256:x", "");
  is_int(call("keys 1"), 0, "a user who is gone");
  ok(strstr(said, "user gone") == NULL, "has no files");
  key(0, "carol", "SHA256:x", "");
  is_int(call("keys 1"), 0, "one whom no list knows");
  ok(has_said("user carol"), "has");
}

static void files_may_be_broken(void) {
  daemon_forget_config();
  add(&conf1, "SFTPTrustedUserCAKeys", "/absent");
  add(&conf1, "SFTPTrustedUserCAKeys", "/broken");
  add(&conf1, "SFTPTrustedUserCAKeys", "sql:/q");
  fake_log_reset();
  sftp_log("because");
  is_int(call("keys 1"), 0, "a broken file");
  ok(has_said("  because\n") && strstr(said, "absent") == NULL, "is told");
  fake_log_reset();
  is_int(call("keys 1"), 0, "... without a reason");
  ok(has_said("  /broken\n"), "is named");
  no_child = true;
  is_int(call("keys 1"), 0, "no session");
  ok(strstr(said, "broken") == NULL, "looks at nothing");
  no_child = false;
  run_why = "a timeout";
  is_int(call("keys 1"), -1, "a failure");
  run_why = NULL;
}

static void rules_have_files(void) {
  const char *const words[] = { "x", "user", "alice", "/k/%h", NULL };

  daemon_forget_config();
  daemon_set = &conf1;
  (void) daemon_add_words(FTPD_KEYS_RULE, words);
  daemon_set = NULL;
  add(&conf2, "SFTPTrustedUserCAKeys", "/second");
  engines[1] = true;
  is_int(call("keys 1"), 0, "rules of some users");
  ok(has_said("'/k/%h@alice'") && strstr(said, "'x") == NULL, "have files");
  ok(has_said("not used in 'Second'") && has_said("'/second@root'"),
    "each server has");
  daemon_forget_config();
  add(&conf1, "SFTPAuthorizedUserKeys", "file:~/k");
  is_int(call("keys 1"), 0, "~");
  ok(has_said("'~/k@bob'"), "is personal");
}

static void many_unused_keys_are_cut(void) {
  const char *line = "ssh-ed25519 " ED "\n", *text = "";
  unsigned int i;

  daemon_forget_config();
  engines[1] = false;
  nkeys = 0;
  for (i = 0; i < 32; i++) {
    text = pstrcat(p, text, line, NULL);
  }

  key_text = text;
  add(&conf1, "SFTPAuthorizedUserKeys", "file:~/k");
  is_int(call("keys 1"), 0, "32 keys of a user");
  ok(strstr(said, "more") == NULL && lines() == 66, "are shown");
  key_text = pstrcat(p, text, line, NULL);
  is_int(call("keys 1"), 0, "33 keys of a user");
  ok(has_said("  and 1 more of user alice\n") &&
    has_said("  and 1 more of user bob\n"), "are cut");
  daemon_forget_config();
  add(&conf1, "SFTPTrustedUserCAKeys", "/k");
  for (i = 0, text = ""; i < 400; i++) {
    text = pstrcat(p, text, line, NULL);
  }

  key_text = text;
  is_int(call("keys 1"), 0, "400 keys of all");
  ok(strstr(said, "more") == NULL && lines() == 402, "are shown");
  key_text = pstrcat(p, text, line, NULL);
  is_int(call("keys 1"), 0, "401 keys of all");
  ok(has_said("  and 1 more\n") && lines() == 403, "are cut");
}

int main(void) {
  struct sftp_str ed;

  p = make_sub_pool(NULL);
  ctrl.ctrls_tmp_pool = p;
  child.pool = p;
  one.next = &two;
  servers.xas_list = (xasetmember_t *) &one;
  server_list = &servers;
  engines[0] = engines[1] = true;
  if (sftp_crypto_init() != SFTP_OK ||
      sftp_base64_decode(p, sftp_str_of(ED), &ed) != SFTP_OK) {
    bail_out("no key");
  }

  ed_print = pstrcat(p, "SHA256:", sftp_key_fingerprint(p, ed, "SHA256",
    false), NULL);
  commands_have_rights();
  the_name_may_be_taken();
  boards_are_for_daemons();
  directives_are_shown();
  sections_are_shown();
  counters_are_shown();
  sessions_are_shown();
  sessions_end();
  times_are_local();
  questions_have_words();
  algorithms_may_go();
  long_answers_are_cut();
  used_keys_are_shown();
  unused_keys_are_shown();
  files_may_be_broken();
  rules_have_files();
  many_unused_keys_are_cut();
  destroy_pool(p);
  return done_testing();
}
