/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quota-t.c -- limits on what a user stores: what is counted, how much in
 * advance, and what is refused, with a tally that others change, too.
 */

#include "daemon.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"
#include "ftpd-quotatab.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

static pool *p;
static struct ftpd ftpd;
static struct sftp_settings set;

/* ---- The tables */

static struct quota_limit limit;
static struct quota_amounts table;
static bool has_limit, unreadable, has_other, open_here;
static unsigned int begun, forgotten, asked;
static double others_bytes, others_moved;       /* that another session adds
                                                 * at once */
static unsigned int others_files;
static double gone_of_other;
static char changes[400];

bool ftpd_quotatab_begin(struct ftpd *h, struct quota_limit *to) {
  begun += h == &ftpd;
  *to = limit;
  return has_limit;
}

int ftpd_quotatab_read(struct quota_amounts *used) {
  if (unreadable) {
    return -1;
  }

  *used = table;
  return 0;
}

static double plus(double a, double b) {
  return a + b > 0 ? a + b : 0;
}

void ftpd_quotatab_count(enum quota_event event, double bytes, double moved) {
  static const char *const names[] = { "size", "new", "again", "gone" };
  size_t n = strlen(changes);

  snprintf(changes + n, sizeof(changes) - n, "%s %.0f/%.0f, ", names[event],
    bytes, moved);
  table.bytes = plus(table.bytes, event == QUOTA_GONE ? -bytes : bytes);
  table.moved = plus(table.moved, moved);
  table.files += event == QUOTA_NEW;
  table.files -= event == QUOTA_GONE && table.files > 0;
  table.transfers += event == QUOTA_NEW || event == QUOTA_AGAIN;
  table.bytes += others_bytes;
  table.files += others_files;
  table.moved += others_moved;
  others_bytes = others_moved = 0;
  others_files = 0;
}

int ftpd_quotatab_gone_of(pool *in, uid_t uid, double bytes) {
  (void) in;
  (void) uid;
  gone_of_other = bytes;
  return has_other ? 0 : -1;
}

bool ftpd_quotatab_excludes(const char *path) {
  return strncmp(path, "/no", 3) == 0;
}

int ftpd_quotatab_pre(cmd_rec *cmd) {
  (void) cmd;
  asked++;
  return -1;
}

void ftpd_quotatab_forget(void) {
  forgotten++;
}

bool ftpd_quota_note_removed(struct ftpd *h, const struct stat *st) {
  (void) h;
  (void) st;
  return open_here;
}

struct ftpd *ftpd_current(void) {
  return &ftpd;
}

/* A new session, whose user has limits. */
static void begin(double bytes, double moved, unsigned int files,
    unsigned int transfers) {
  memset(&limit, 0, sizeof(limit));
  memset(&table, 0, sizeof(table));
  memset(&ftpd, 0, sizeof(ftpd));
  daemon_files.quota = NULL;
  limit.owner = "user alice";
  limit.hard = true;
  limit.max.bytes = bytes;
  limit.max.moved = moved;
  limit.max.files = files;
  limit.max.transfers = transfers;
  ftpd.pool = p;
  ftpd.set = &set;
  ftpd.logged_in = has_limit = true;
  unreadable = has_other = open_here = false;
  set.opts = 0;
  changes[0] = '\0';
  session.uid = 7;
}

static const char *changed(void) {
  static char last[sizeof(changes)];

  memcpy(last, changes, sizeof(last));
  changes[0] = '\0';
  return last;
}

static int pay(off_t bytes, off_t moved) {
  errno = 0;
  return ftpd_quota_pay(&ftpd, bytes, moved);
}

/* ---- Without a limit */

static void without_a_limit_nothing_is_done(void) {
  struct stat st = { .st_size = 5, .st_mode = S_IFREG };

  begin(100, 0, 0, 0);
  ftpd.logged_in = false;
  begun = 0;
  is_int(pay(500, 0), 0, "before the login");
  is_int(begun, 0, "nobody is asked");
  ok(ftpd_quota_pre(NULL) == 0 && !ftpd_quota_counts(NULL, "/a"),
    "nor without a session");
  ftpd.logged_in = true;
  has_limit = false;
  is_int(pay(500, 0), 0, "a user without a limit");
  ok(ftpd_quota_name(&ftpd, "/a", 5) == 0 && ftpd_quota_pre(NULL) == 0 &&
    !ftpd_quota_counts(&ftpd, "/a") && !ftpd_quota_has_dirs(&ftpd) &&
    ftpd_quota_why(&ftpd) == NULL, "may do everything");
  ftpd_quota_give_back(&ftpd, 5, 0);
  ftpd_quota_hold(&ftpd);
  ftpd_quota_release(&ftpd);
  ftpd_quota_again(&ftpd);
  ftpd_quota_unname(&ftpd, "/a", 5);
  ftpd_quota_gone(&ftpd, "/a", &st);
  ftpd_quota_forget();
  ok(*changed() == '\0' && forgotten == 0 && asked == 0, "nothing is counted");
  is_int(begun, 1, "one question");
}

static void with_one_it_is_asked(void) {
  begin(100, 0, 0, 0);
  ok(ftpd_quota_pre(NULL) == -1 && asked == 1, "about commands");
  ftpd_quota_forget();
  is_int(forgotten, 1, "and told");
  ok(ftpd_quota_counts(&ftpd, "/a") && !ftpd_quota_counts(&ftpd, "/no/a"),
    "paths may be excluded");
  ok(!ftpd_quota_has_dirs(&ftpd), "directories do not count");
  begin(100, 0, 0, 0);
  limit.directories = true;
  ok(ftpd_quota_has_dirs(&ftpd), "or do");
}

/* ---- Bytes */

static void bytes_have_a_limit(void) {
  begin(100, 0, 0, 0);
  is_int(pay(60, 60), 0, "some");
  is_str(changed(), "size 60/0, ", "are counted; those moved are not");
  is_int(pay(40, 0), 0, "all");
  is_str(changed(), "size 40/0, ", "are counted");
  is_int(pay(1, 0), -1, "one more");
  is_int(errno, EDQUOT, "is refused");
  is_str(changed(), "", "and not counted");
  is_str(ftpd_quota_why(&ftpd),
    "quota of user alice: 100 of 100 bytes are used", "why");
  set.opts = SFTP_OPT_TERSE_REFUSALS;
  is_str(ftpd_quota_why(&ftpd), NULL, "which may be hidden");
  is_int(pay(0, 0), 0, "nothing costs nothing");
}

static void moved_bytes_have_another(void) {
  begin(0, 100, 0, 0);
  is_int(pay(500, 100), 0, "all that may be moved");
  is_str(changed(), "size 0/100, ", "are counted");
  is_int(pay(0, 1), -1, "one more");
  is_str(ftpd_quota_why(&ftpd),
    "quota of user alice: 100 of 100 bytes to be moved are used", "why");
  begin(10, 10, 0, 0);
  is_int(pay(10, 10), 0, "both");
  is_str(changed(), "size 10/10, ", "are counted");
  table.bytes = 0;
  is_int(pay(5, 1), -1, "of which one is used up");
  is_str(changed(), "", "and neither is counted");
}

static void what_is_not_needed_is_not_checked(void) {
  begin(10, 10, 0, 0);
  table.bytes = 20;
  is_int(pay(0, 5), 0, "too much is stored: bytes may be moved");
  begin(10, 10, 0, 0);
  table.moved = 20;
  is_int(pay(5, 0), 0, "or stored, where too many were moved");
}

static void soft_limits_refuse_nothing(void) {
  begin(10, 10, 0, 0);
  limit.hard = false;
  is_int(pay(50, 50), 0, "a soft limit");
  is_str(changed(), "size 50/50, ", "only counts");
}

static void amounts_without_a_limit_are_not_counted(void) {
  begin(0, 0, 5, 0);
  is_int(pay(50, 50), 0, "bytes");
  ftpd_quota_give_back(&ftpd, 50, 50);
  is_str(changed(), "", "do not count");
  is_int(ftpd_quota_name(&ftpd, "/a", 50), 0, "files");
  is_str(changed(), "new 0/0, ", "do");
  begin(0, 0, 0, 5);
  is_int(ftpd_quota_name(&ftpd, "/a", 50), 0, "or uploads");
  is_str(changed(), "new 0/0, ", "do");
  begin(100, 0, 0, 0);
  is_int(ftpd_quota_name(&ftpd, "/a", 50), 0, "or bytes alone");
  is_str(changed(), "size 50/0, ", "without the name");
}

static void tables_may_be_unreadable(void) {
  begin(100, 0, 0, 0);
  is_int(pay(60, 0), 0, "readable");
  unreadable = true;
  is_int(pay(40, 0), 0, "not any more");
  is_int(pay(41, 0), -1, "the last amount counts");
  begin(100, 0, 0, 0);
  limit.per_session = true;
  unreadable = true;
  is_int(pay(60, 0), 0, "no table");
  is_int(pay(41, 0), -1, "the session counts by itself");
  is_int(pay(40, 0), 0, "exactly");
  ftpd_quota_give_back(&ftpd, 30, 0);
  is_int(pay(30, 0), 0, "what it has back, too");
  is_int(pay(1, 0), -1, "and not more");
}

static void others_use_the_same_room(void) {
  begin(100, 0, 0, 0);
  others_bytes = 50;
  is_int(pay(60, 0), -1, "somebody was faster");
  is_str(changed(), "size 60/0, size -60/0, ", "which is given back");
  is_int(table.bytes, 50, "theirs stays");
  begin(100, 0, 0, 0);
  ftpd_quota_hold(&ftpd);
  others_bytes = 38;
  is_int(pay(60, 0), 0, "there is just room without a reserve");
  is_str(changed(), "size 62/0, ", "with it, too");
  begin(100, 0, 0, 0);
  ftpd_quota_hold(&ftpd);
  others_bytes = 40;
  is_int(pay(60, 0), 0, "or only without");
  is_str(changed(), "size 62/0, size -62/0, size 60/0, ", "a second attempt");
  begin(100, 100, 0, 0);
  others_moved = 50;
  is_int(pay(60, 60), -1, "or moved more");
  is_str(ftpd_quota_why(&ftpd),
    "quota of user alice: 50 of 100 bytes to be moved are used", "why");
  begin(100, 100, 0, 0);
  others_bytes = 50;
  is_int(pay(60, 60), -1, "or stored more");
  is_str(ftpd_quota_why(&ftpd),
    "quota of user alice: 50 of 100 bytes are used", "why");
  begin(100, 0, 0, 0);
  limit.hard = false;
  others_bytes = 500;
  is_int(pay(60, 0), 0, "a soft limit does not care");
}

/* ---- The reserve */

static void writers_reserve_more(void) {
  begin(16000, 0, 0, 0);
  is_int(pay(1600, 0), 0, "without a writer");
  is_str(changed(), "size 1600/0, ", "nothing is reserved");
  ftpd_quota_hold(&ftpd);
  ftpd_quota_hold(&ftpd);
  is_int(pay(1600, 0), 0, "with one");
  is_str(changed(), "size 2400/0, ", "a sixteenth of what is left");
  is_int(pay(800, 0), 0, "for later");
  is_str(changed(), "", "needs no table");
  is_int(pay(16, 0), 0, "what is more");
  is_str(changed(), "size 765/0, ", "does");
  is_int(pay(700, 0), 0, "of which some is used");
  ftpd_quota_release(&ftpd);
  is_str(changed(), "", "one writer is left");
  ftpd_quota_release(&ftpd);
  is_str(changed(), "size -49/0, ", "the last one gives it back");
  begin(1e12, 1e12, 0, 0);
  ftpd_quota_hold(&ftpd);
  is_int(pay(1, 1), 0, "much room");
  is_str(changed(), "size 1048577/1048577, ", "a MiB at most");
  begin(100, 100, 0, 0);
  ftpd_quota_hold(&ftpd);
  is_int(pay(0, 1), 0, "what is not needed");
  is_str(changed(), "size 0/7, ", "is not reserved");
  begin(10, 0, 0, 0);
  limit.hard = false;
  ftpd_quota_hold(&ftpd);
  is_int(pay(20, 0), 0, "beyond a soft limit");
  is_str(changed(), "size 20/0, ", "neither");
}

static void what_is_given_back_is_reserved(void) {
  begin(3000000, 0, 0, 0);
  is_int(pay(3000, 0), 0, "bytes");
  (void) changed();
  ftpd_quota_give_back(&ftpd, 1000, 0);
  is_str(changed(), "size -1000/0, ", "without a writer, at once");
  ftpd_quota_give_back(&ftpd, 0, 0);
  is_str(changed(), "", "nothing");
  ftpd_quota_give_back(&ftpd, 5000, 0);
  is_str(changed(), "size -2000/0, ", "never more than was counted");
  is_int(pay(2500000, 0), 0, "a writer");
  ftpd_quota_hold(&ftpd);
  (void) changed();
  ftpd_quota_give_back(&ftpd, 1048576, 0);
  is_str(changed(), "", "keeps a MiB");
  ftpd_quota_give_back(&ftpd, 1, 0);
  is_str(changed(), "size -1048577/0, ", "and not more");
  begin(0, 3000000, 0, 0);
  is_int(pay(0, 2500000), 0, "moved");
  ftpd_quota_hold(&ftpd);
  (void) changed();
  ftpd_quota_give_back(&ftpd, 0, 1048576);
  is_str(changed(), "", "the same");
  ftpd_quota_give_back(&ftpd, 0, 1);
  is_str(changed(), "size 0/-1048577, ", "for those");
  ftpd_quota_give_back(&ftpd, 0, 1 << 30);
  is_int(table.moved, 0, "all of them");
}

/* ---- Names */

static void files_have_a_limit(void) {
  begin(100, 0, 2, 0);
  is_int(ftpd_quota_name(&ftpd, "/a", 10), 0, "a file");
  is_str(changed(), "size 10/0, new 0/0, ", "counts");
  is_int(ftpd_quota_name(&ftpd, "/no/a", 10), 0, "an excluded one");
  is_str(changed(), "", "does not");
  is_int(ftpd_quota_name(&ftpd, "/b", 91), -1, "one too large");
  is_str(changed(), "", "neither");
  is_int(ftpd_quota_name(&ftpd, "/b", 90), 0, "a second one");
  (void) changed();
  is_int(ftpd_quota_name(&ftpd, "/c", 0), -1, "a third one");
  is_int(errno, EDQUOT, "is refused");
  is_str(ftpd_quota_why(&ftpd), "quota of user alice: 2 of 2 files are used",
    "why");
  ftpd_quota_unname(&ftpd, "/no/b", 90);
  is_str(changed(), "", "an excluded name was never counted");
  errno = ENOSPC;
  ftpd_quota_unname(&ftpd, "/b", 90);
  is_int(errno, ENOSPC, "errno stays");
  is_str(changed(), "gone 0/0, size -90/0, ", "one that was not made");
  begin(100, 0, 2, 0);
  table.files = 1;
  others_files = 1;
  is_int(ftpd_quota_name(&ftpd, "/a", 0), -1, "somebody was faster");
  is_int(errno, EDQUOT, "a refusal");
  is_str(changed(), "new 0/0, gone 0/0, ", "given back");
  is_str(ftpd_quota_why(&ftpd), "quota of user alice: 2 of 2 files are used",
    "without one's own");
}

static void uploads_have_a_limit(void) {
  begin(0, 0, 0, 2);
  is_int(ftpd_quota_name(&ftpd, "/a", 0), 0, "an upload");
  ftpd_quota_again(&ftpd);
  is_str(changed(), "new 0/0, again 0/0, ", "and one over a file");
  is_int(ftpd_quota_name(&ftpd, "/b", 0), -1, "a third one");
  is_str(ftpd_quota_why(&ftpd), "quota of user alice: 2 of 2 uploads are used",
    "why");
  begin(0, 0, 0, 2);
  is_int(ftpd_quota_name(&ftpd, "/a", 0), 0, "two uploads");
  is_int(ftpd_quota_name(&ftpd, "/b", 0), 0, "are two");
  begin(0, 0, 2, 0);
  ftpd_quota_again(&ftpd);
  is_str(changed(), "", "without a limit they do not count");
}

static void sessions_count_names_themselves(void) {
  struct stat st = { .st_mode = S_IFREG, .st_nlink = 1, .st_uid = 9 };

  begin(0, 0, 2, 9);
  limit.per_session = true;
  unreadable = true;
  is_int(ftpd_quota_name(&ftpd, "/a", 0), 0, "one");
  is_int(ftpd_quota_name(&ftpd, "/b", 0), 0, "two");
  is_int(ftpd_quota_name(&ftpd, "/c", 0), -1, "not three");
  ftpd_quota_gone(&ftpd, "/b", &st);
  is_int(ftpd_quota_name(&ftpd, "/c", 0), 0, "but after one is gone");
  begin(0, 0, 1, 0);
  limit.per_session = true;
  unreadable = true;
  ftpd_quota_gone(&ftpd, "/b", &st);
  is_int(ftpd_quota_name(&ftpd, "/a", 0), 0, "one that was never counted");
  is_int(ftpd_quota_name(&ftpd, "/b", 0), -1, "makes no room");
  begin(0, 0, 9, 2);
  limit.per_session = true;
  unreadable = true;
  ftpd_quota_gone(&ftpd, "/b", &st);
  is_int(ftpd_quota_name(&ftpd, "/a", 0), 0, "an upload");
  ftpd_quota_again(&ftpd);
  is_int(ftpd_quota_name(&ftpd, "/c", 0), -1, "and another one");
}

static void names_are_gone(void) {
  static const struct {
    mode_t mode;
    nlink_t nlink;
    bool dirs, open;
    const char *path, *is;
  } row[] = {
    { S_IFREG, 1, false, false, "/a", "gone 50/0, " },
    { S_IFREG, 2, false, false, "/a", "gone 0/0, " },
    { S_IFREG, 1, false, true, "/a", "gone 0/0, " },
    { S_IFREG, 1, false, false, "/no", "" },
    { S_IFLNK, 1, false, true, "/a", "gone 50/0, " },
    { S_IFIFO, 1, false, false, "/a", "gone 0/0, " },
    { S_IFDIR, 2, false, false, "/a", "" },
    { S_IFDIR, 2, true, false, "/a", "gone 50/0, " } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    struct stat st = { .st_mode = row[i].mode, .st_nlink = row[i].nlink,
      .st_size = 50, .st_uid = 7 };

    begin(100, 0, 9, 0);
    limit.directories = row[i].dirs;
    open_here = row[i].open;
    errno = ENOSPC;
    ftpd_quota_gone(&ftpd, row[i].path, &st);
    is_str(changed(), row[i].is, "row %zu", i);
    is_int(errno, ENOSPC, "errno stays");
  }
}

static void files_of_others_are_theirs(void) {
  struct stat st = { .st_mode = S_IFREG, .st_nlink = 1, .st_size = 50,
    .st_uid = 9 };

  begin(100, 0, 9, 0);
  ftpd_quota_gone(&ftpd, "/a", &st);
  is_str(changed(), "gone 50/0, ", "one who has no limit: one's own");
  has_other = true;
  gone_of_other = 0;
  ftpd_quota_gone(&ftpd, "/a", &st);
  is_str(changed(), "", "one who has: theirs");
  is_int(gone_of_other, 50, "all of it");
  begin(100, 0, 9, 0);
  limit.per_session = has_other = true;
  ftpd_quota_gone(&ftpd, "/a", &st);
  is_str(changed(), "gone 50/0, ", "without a table, nobody has theirs");
}

static void renames_cross_the_filter(void) {
  struct stat st = { .st_mode = S_IFREG, .st_nlink = 1, .st_size = 50,
    .st_uid = 7 };

  begin(100, 0, 9, 0);
  is_int(ftpd_quota_rename(&ftpd, "/no/a", "/a", &st), 0, "to what counts");
  is_str(changed(), "size 50/0, new 0/0, ", "before it is done");
  ftpd_quota_renamed(&ftpd, "/no/a", "/a", &st, true);
  is_str(changed(), "", "then it is");
  ftpd_quota_renamed(&ftpd, "/no/a", "/a", &st, false);
  is_str(changed(), "gone 0/0, size -50/0, ", "or not");
  is_int(ftpd_quota_rename(&ftpd, "/a", "/no/a", &st), 0, "from there");
  ftpd_quota_renamed(&ftpd, "/a", "/no/a", &st, false);
  is_str(changed(), "", "costs nothing");
  ftpd_quota_renamed(&ftpd, "/a", "/no/a", &st, true);
  is_str(changed(), "gone 50/0, ", "and gives back");
  is_int(ftpd_quota_rename(&ftpd, "/a", "/b", &st), 0, "inside");
  ftpd_quota_renamed(&ftpd, "/a", "/b", &st, true);
  ftpd_quota_renamed(&ftpd, "/a", "/b", &st, false);
  is_str(changed(), "", "nothing changes");
  st.st_mode = S_IFDIR;
  is_int(ftpd_quota_rename(&ftpd, "/no/a", "/a", &st), 0, "a directory");
  is_str(changed(), "", "is not counted");
  st.st_mode = S_IFREG;
  st.st_size = 101;
  is_int(ftpd_quota_rename(&ftpd, "/no/a", "/a", &st), -1, "one too large");
  has_limit = false;
  daemon_files.quota = NULL;
  is_int(ftpd_quota_rename(&ftpd, "/no/a", "/a", &st), 0, "without a limit");
}

/* ---- Refusals */

static void refusals_are_told(void) {
  struct ftpd_op op = { .ftpd = &ftpd, .arg = "/a" };

  begin(10, 0, 0, 0);
  is_int(pay(11, 0), -1, "too much");
  fake_log_reset();
  daemon_refused = NULL;
  ftpd_quota_refuse(&op);
  is_int(errno, EDQUOT, "errno stays");
  is_str(daemon_refused, "quota of user alice: 0 of 10 bytes are used",
    "the client is told");
  ok(fake_log_has("'/a' refused: quota of user alice"), "and the log");
  op.arg = NULL;
  ftpd_quota_refuse(&op);
  ok(fake_log_has("'' refused"), "without a path");
  daemon_refused = NULL;
  errno = ENOSPC;
  ftpd_quota_refuse(&op);
  is_str(daemon_refused, NULL, "another error is not the quota's");
  has_limit = false;
  daemon_files.quota = NULL;
  errno = EDQUOT;
  ftpd_quota_refuse(&op);
  is_str(daemon_refused, NULL, "nor that of the file system");
}

int main(void) {
  p = daemon_files.pool = make_sub_pool(NULL);
  without_a_limit_nothing_is_done();
  with_one_it_is_asked();
  bytes_have_a_limit();
  moved_bytes_have_another();
  what_is_not_needed_is_not_checked();
  soft_limits_refuse_nothing();
  amounts_without_a_limit_are_not_counted();
  tables_may_be_unreadable();
  others_use_the_same_room();
  writers_reserve_more();
  what_is_given_back_is_reserved();
  files_have_a_limit();
  uploads_have_a_limit();
  sessions_count_names_themselves();
  names_are_gone();
  files_of_others_are_theirs();
  renames_cross_the_filter();
  refusals_are_told();
  destroy_pool(p);
  return done_testing();
}
