/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-transfer-rules-t.c -- limits of sizes, restarts, and rates. */

#include "daemon.h"
#include "ftpd-bottleneck.h"
#include "ftpd-files.h"
#include "ftpd-io.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-transfer.h"
#include "tap.h"

static pool *p;
static server_rec server;
static struct sftp_settings set;
static struct ftpd ftpd = { .server = &server, .set = &set };
static struct ftpd_op op = { .ftpd = &ftpd };

/* ---- The daemon: alice in staff, from inside, and a rate or none */

static int is_one_of(char **list, const char *name) {
  for (; *list != NULL; list++) {
    if (strcmp(*list, name) == 0) {
      return TRUE;
    }
  }

  return FALSE;
}

int pr_expr_eval_user_or(char **list) {
  return is_one_of(list, "alice");
}

int pr_expr_eval_group_or(char **list) {
  return is_one_of(list, "staff");
}

int pr_expr_eval_class_or(char **list) {
  return is_one_of(list, "inside");
}

static bool has_rate;
static const cmd_rec *rate_of;
static unsigned int ninits, nends, npauses, nloads;

void pr_throttle_init(cmd_rec *cmd) {
  rate_of = cmd;
  ninits++;
}

int pr_throttle_have_rate(void) {
  return has_rate ? TRUE : FALSE;
}

#if PROFTPD_VERSION_NUMBER >= 0x0001030900
void pr_throttle_pause(off_t n, int end, off_t len) {
  (void) len;
#else
void pr_throttle_pause(off_t n, int end) {
#endif
  (void) n;
  (void) end;
  npauses++;
}

config_rec *dir_match_path(pool *in, char *path) {
  (void) in;
  (void) path;
  return NULL;
}

/* ---- The rest of the daemon's side */

void ftpd_xfer_end(void) {
  nends++;
}

void ftpd_xfer_load(const struct ftpd_file *f) {
  (void) f;
  nloads++;
}

void ftpd_bottleneck_add(const struct ftpd_file *f, enum sftp_cause cause,
    uint64_t begun_us) {
  (void) f;
  (void) cause;
  (void) begun_us;
}

const char *ftpd_outside(pool *in, const char *path) {
  (void) in;
  return path;
}

/* ---- Sizes */

/* MaxStoreFileSize and its like: how specific, and for whom. */
static void add_size(const char *directive, off_t max, unsigned int weight,
    const char *kind, const char *name) {
  config_rec *c = add_config_param(directive, kind != NULL ? 4 : 2);
  off_t *size = palloc(p, sizeof(max));
  unsigned int *depth = palloc(p, sizeof(weight));

  *size = max;
  *depth = weight;
  c->argv[0] = size;
  c->argv[1] = depth;
  if (kind != NULL) {
    c->argv[2] = pstrdup(p, kind);
    c->argv[3] = pstrdup(p, name);
  }
}

static void the_most_specific_limit_counts(void) {
  daemon_forget_config();
  is_int(ftpd_max_store_size(), 0, "no limit");
  add_size("MaxStoreFileSize", 100, 1, NULL, NULL);
  add_size("MaxStoreFileSize", 200, 3, NULL, NULL);
  add_size("MaxStoreFileSize", 300, 2, NULL, NULL);
  is_int(ftpd_max_store_size(), 200, "the one of the deepest section");
  add_size("MaxStoreFileSize", 400, 3, NULL, NULL);
  is_int(ftpd_max_store_size(), 200, "the first of two");
  add_size("MaxStoreFileSize", 500, 4, "user", "bob");
  add_size("MaxStoreFileSize", 500, 4, "group", "wheel");
  add_size("MaxStoreFileSize", 500, 4, "class", "outside");
  add_size("MaxStoreFileSize", 500, 4, "nobody", "alice");
  is_int(ftpd_max_store_size(), 200, "not those of others");
  add_size("MaxStoreFileSize", 5, 5, "user", "alice");
  is_int(ftpd_max_store_size(), 5, "the user's");
  add_size("MaxStoreFileSize", 6, 6, "GROUP", "staff");
  is_int(ftpd_max_store_size(), 6, "the group's");
  add_size("MaxStoreFileSize", 7, 7, "class", "inside");
  is_int(ftpd_max_store_size(), 7, "the class's");
}

static void sizes_are_bounded(void) {
  struct ftpd_file f = { .h = &ftpd, .path = "/f", .pool = p };

  daemon_forget_config();
  is_int(ftpd_max_retrieve(&op, "/f", 1000000), 0, "no limit of downloads");
  add_size("MaxRetrieveFileSize", 100, 1, NULL, NULL);
  add_size("DigestMaxSize", 50, 1, NULL, NULL);
  add_size("MaxStoreFileSize", 10, 1, NULL, NULL);
  is_int(ftpd_max_retrieve(&op, "/f", 100), 0, "a file of that size");
  is_int(ftpd_max_retrieve(&op, "/f", 101), -1, "one byte more");
  is_int(errno, EACCES, "is refused");
  is_str(daemon_refused, "MaxRetrieveFileSize is 100 bytes", "by that rule");
  is_int(ftpd_max_digest(&op, "/f", 50), 0, "a checksum");
  is_int(ftpd_max_digest(&op, "/f", 51), -1, "of a byte more");
  is_int(errno, EPERM, "is not permitted");
  is_int(ftpd_max_store(&op, "/f", 10), 0, "an upload");
  daemon_messages = 0;
  is_int(ftpd_max_store(&op, "/f", 11), -1, "of a byte more");
  is_int(errno, EFBIG, "is too big");
  is_str(daemon_refused, "MaxStoreFileSize is 10 bytes", "by that rule");

  is_int(ftpd_file_within(&f, 11), 0, "a file without a limit");
  f.max_size = 10;
  is_int(ftpd_file_within(&f, 10), 0, "one that has reached it");
  is_int(ftpd_file_within(&f, 11), -1, "one beyond it");
  is_int(errno, EFBIG, "is too big");
  is_str(f.refused, "MaxStoreFileSize is 10 bytes", "and has the reason");
  f.refused = "before";
  (void) ftpd_file_within(&f, 11);
  is_str(f.refused, "before", "the first one stays");
  f.refused = NULL;
  set.opts = SFTP_OPT_TERSE_REFUSALS;
  (void) ftpd_file_within(&f, 11);
  is_str(f.refused, NULL, "TerseRefusals: none");
  set.opts = 0;
  is_int(daemon_messages, 1, "the system log got it once");
}

/* ---- Restarts */

static struct ftpd_file opened(bool rd, bool wr, off_t size) {
  struct ftpd_file f = { .h = &ftpd, .path = "/f", .pool = p, .rd = rd,
    .wr = wr, .size = size };

  ftpd_restart_rules(&f);
  return f;
}

static void files_are_whole_where_restarts_are_off(void) {
  static unsigned char off = FALSE, on = TRUE;
  struct ftpd_file f;

  daemon_forget_config();
  f = opened(true, true, 10);
  ok(!f.whole_rd && !f.whole_wr, "no directive");
  daemon_set_param("AllowRetrieveRestart", &on);
  daemon_set_param("AllowStoreRestart", &on);
  f = opened(true, true, 10);
  ok(!f.whole_rd && !f.whole_wr, "both are on");
  daemon_set_param("AllowRetrieveRestart", &off);
  f = opened(true, true, 10);
  ok(f.whole_rd && !f.whole_wr, "reading from its beginning");
  daemon_set_param("AllowStoreRestart", &off);
  f = opened(true, true, 10);
  ok(f.whole_rd && f.whole_wr, "and writing");
  ok(!opened(false, true, 10).whole_rd && !opened(true, false, 10).whole_wr,
    "of what is done at all");
  ok(!opened(true, true, 0).whole_wr, "an empty file is no restart");
  f.stream = true;
  ftpd_restart_rules(&f);
  ok(!f.whole_rd && !f.whole_wr, "a FIFO has no beginning");
  f.stream = false;
  f.append = true;
  ftpd_restart_rules(&f);
  ok(!f.whole_wr, "appending has a rule of its own");
  f.append = false;
  f.made = true;
  ftpd_restart_rules(&f);
  ok(!f.whole_wr, "nor is a file that the session has made");
}

static void transfers_go_on_without_a_gap(void) {
  struct ftpd_file f = opened(true, true, 10);

  is_int(ftpd_restart_check(&f, 0, false), 0, "from the beginning");
  is_int(ftpd_restart_check(&f, 1, false), -1, "not from byte 1");
  is_int(errno, EACCES, "which is refused");
  is_str(f.refused, "AllowRetrieveRestart is off", "by that rule");
  is_int(ftpd_restart_check(&f, 1, true), -1, "nor is it written there");
  is_str(f.refused, "AllowStoreRestart is off", "by the other one");
  ftpd_restart_note(&f, 100, false);
  ftpd_restart_note(&f, 50, false);
  is_int(ftpd_restart_check(&f, 100, false), 0, "what follows goes on");
  is_int(ftpd_restart_check(&f, 100 + 4194304, false), 0,
    "and may overtake 4 MiB");
  is_int(ftpd_restart_check(&f, 101 + 4194304, false), -1, "not more");
  is_int(ftpd_restart_check(&f, 100, true), -1, "nothing was written yet");
  ftpd_restart_note(&f, 100, true);
  is_int(ftpd_restart_check(&f, 100, true), 0, "now it was");
  set.opts = SFTP_OPT_TERSE_REFUSALS;
  (void) ftpd_restart_check(&f, 9999999, true);
  is_str(f.refused, NULL, "TerseRefusals: no reason");
  set.opts = 0;
}

/* ---- Rates */

static void rates_are_loaded_for_their_file(void) {
  struct ftpd_file one = { .h = &ftpd, .pool = p, .path = "/1" };
  struct ftpd_file two = { .h = &ftpd, .pool = p, .path = "/2",
    .req = FTPD_COPY, .wr = true };

  one.cmd = pr_cmd_alloc(p, 1, "RETR");
  has_rate = true;
  ftpd_rate_begin(&one);
  ok(one.rated && rate_of == one.cmd && daemon_files.rate_of == &one,
    "a download");
  is_int(ftpd_portion(&one, 1 << 30), FTPD_PORTION, "goes in portions");
  is_int(ftpd_portion(&one, 1), 1, "of at most what is asked for");
  ninits = 0;
  ftpd_rate_pause(&one, false);
  is_int(ninits, 0, "its rate is there");
  ftpd_rate_begin(&two);
  ok(two.rated && strcmp(two.paced->argv[0], C_STOR) == 0, "a copy is like "
    "an upload");
  ninits = 0;
  ftpd_rate_pause(&one, false);
  ok(ninits == 1 && daemon_files.rate_of == &one,
    "the other's rate is loaded anew");
  ok(npauses == 2 && nloads == 2, "both have paused it");
  ftpd_rate_end(&two);
  ok(daemon_files.rate_of == &one, "one ends, the rate of the other stays");
  ftpd_rate_end(&one);
  ok(daemon_files.rate_of == NULL && nends == 2, "until that ends");

  has_rate = false;
  ftpd_rate_begin(&one);
  ok(!one.rated && daemon_files.rate_of == NULL, "without a rate");
  is_int(ftpd_portion(&one, 1 << 30), 1 << 30, "nothing is cut");
  ftpd_rate_pause(&one, false);
  ftpd_rate_end(&one);
  ok(npauses == 2 && nends == 2, "or paused");
}

int main(void) {
  p = make_sub_pool(NULL);
  op.pool = session.pool = daemon_files.pool = ftpd.pool = p;
  main_server = &server;
  the_most_specific_limit_counts();
  sizes_are_bounded();
  files_are_whole_where_restarts_are_off();
  transfers_go_on_without_a_gap();
  rates_are_loaded_for_their_file();
  destroy_pool(p);
  return done_testing();
}
