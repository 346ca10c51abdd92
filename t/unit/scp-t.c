/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "effects.h"
#include "tap.h"

#include "../fake/fake-channel.h"
#include "../fake/ftpd-file.h"
#include "../fake/ftpd-log.h"
#include "../fake/ftpd-session.h"
#include "ftpd-tree.h"
#include "scp-answer.h"
#include "scp-int.h"
#include "scp-source.h"

/* One copy over a channel of its own. */
struct copy {
  pool *p;
  struct sftp_settings set;
  struct ssh_conn conn;
  struct sftp_channel *ch;
  const char *why;
  bool started;
};

static struct copy *copy_begin(const char *args, unsigned long opts) {
  pool *p = make_sub_pool(permanent_pool);
  struct copy *y = pcalloc(p, sizeof(*y));
  void *svc;

  y->p = p;
  y->set.opts = opts;
  y->conn.pool = p;
  y->conn.set = &y->set;
  y->ch = fake_channel_new(&y->conn);
  svc = sftp_scp_start(&y->conn, y->ch, p, args, &y->why);
  y->started = svc != NULL;
  fake_channel_serve(y->ch, &sftp_scp_service, svc);
  return y;
}

static void copy_end(struct copy *y) {
  fake_channel_free(y->ch);
  destroy_pool(y->p);
}

static int feed(struct copy *y, const void *p, size_t n) {
  return fake_channel_feed(y->ch, p, n);
}

/* Text of a literal, which may hold NULs. */
#define FEED(y, lit) feed((y), (lit), sizeof(lit) - 1)
#define IS_OUT(y, lit, ...) \
  is_mem((y)->ch->out, (y)->ch->out_len, (lit), sizeof(lit) - 1, __VA_ARGS__)

static bool out_has(const struct copy *y, const char *text) {
  return y->ch->out_len > 0 &&
    memmem(y->ch->out, y->ch->out_len, text, strlen(text)) != NULL;
}

/* Text for the name of a test. */
static const char *shown(const char *text) {
  static char buf[256];

  return sftp_escape(buf, sizeof(buf), text, strlen(text));
}

/* Every operation that was begun was ended, and nothing is open. */
static bool all_closed(void) {
  return fake_files.begun == fake_files.ended && fake_files.files == 0 &&
    fake_files.dirs == 0;
}

static unsigned int count_entries(const char *path) {
  struct ftpd_op op;
  struct ftpd_dir *d = ftpd_opendir(&op, path);
  const char *name;
  struct stat st;
  unsigned int n = 0;

  if (d == NULL) {
    return 0;
  }

  while (ftpd_readdir(d, &name, &st) == 1) {
    n++;
  }

  (void) ftpd_closedir(&op, d);
  return n - 2;
}

/* Nothing was made outside of the login's directory. */
static bool stayed_inside(void) {
  return count_entries("/") == 1 && count_entries("/home") == 1;
}

/* ---- The command line */

static const struct {
  const char *line, *text, *pattern;
  const char *flags;            /* of f t r p d */
  unsigned int nwords;
} lines[] = {
  { " -t file", "file", NULL, "t", 1 },
  { " -f file", "file", NULL, "f", 1 },
  { "-v -r -p -d -t -- -odd", "-odd", NULL, "trpd", 1 },
  { " -rpt x", "x", NULL, "trp", 1 },
  { " -pf 'it'\"'\"'s'", "it's", NULL, "fp", 1 },
  { " -t 'a b'", "a b", NULL, "t", 1 },
  { " -t \"a b\"", "a b", NULL, "t", 1 },
  { " -t a\\ b", "a b", NULL, "t", 1 },
  { " -t a\\ ", "a ", NULL, "t", 1 },
  { " -t ''", ".", NULL, "t", 1 },
  { " -t \"x\\\"y\\n\"", "x\"y\\n", NULL, "t", 1 },
  { " -f it's", "it's", NULL, "f", 1 },
  { " -f a\"b", "a\"b", NULL, "f", 1 },
  { " -f tail\\", "tail\\", NULL, "f", 1 },
  { " -f *.c", "*.c", "*.c", "f", 1 },
  { " -f '*'.c", "*.c", NULL, "f", 1 },
  { " -f \\*.[ch]", "*.[ch]", "\\*.[ch]", "f", 1 },
  { " -f 'a\nb'", "a\nb", NULL, "f", 1 },
  { " -f -", "-", NULL, "f", 1 },
  { " -q -Z -f x", "x", NULL, "f", 1 },
  { "  -t   x  ", "x", NULL, "t", 1 },
  { " -f one two", "one", NULL, "f", 2 },
  { " -f 'a'b\"c\"\\d", "abcd", NULL, "f", 1 },
};

static void the_command_line_is_read_as_clients_write_it(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(lines); i++) {
    pool *p = make_sub_pool(permanent_pool);
    struct scp_args a;
    const char *why = "";
    char flags[8] = "";
    char *copy = t_exact_copy(lines[i].line, strlen(lines[i].line) + 1);

    ok(scp_args_parse(p, copy, &a, &why) == SFTP_OK, "'%s' is accepted %s",
      shown(lines[i].line), why);
    free(copy);
    snprintf(flags, sizeof(flags), "%s%s%s%s%s", a.source ? "f" : "",
      a.sink ? "t" : "", a.recursive ? "r" : "", a.times ? "p" : "",
      a.directory ? "d" : "");
    is_str(flags, lines[i].flags, "its options");
    is_int(a.nwords, lines[i].nwords, "its number of paths");
    is_str(a.words[0].text, lines[i].text, "its first path");
    is_str(a.words[0].pattern, lines[i].pattern, "its pattern");
    destroy_pool(p);
  }
}

static void command_lines_without_sense_are_refused(void) {
  static const char *const bad[] = { "", " ", " -t", " -f", " x", " -f -t x",
    " -r x", " -t --", " -- -f", " --" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    struct copy *y;

    fake_fs_reset();
    y = copy_begin(bad[i], 0);
    ok(!y->started && y->why != NULL, "'%s' is refused: %s", bad[i],
      y->why != NULL ? y->why : "");
    copy_end(y);
  }
}

static void a_hostile_command_line_costs_little(void) {
  pool *p = make_sub_pool(permanent_pool);
  struct scp_args a;
  const char *why = NULL;
  size_t n = 64 * 1024, i;
  char *line = malloc(n + 1);

  memcpy(line, "-f ", 3);
  for (i = 3; i < n; i++) {
    line[i] = i % 2 == 0 ? ' ' : '\'';
  }

  line[n] = '\0';
  ok(scp_args_parse(p, line, &a, &why) == SFTP_OK && a.nwords > 1000,
    "thousands of words are read");

  memset(line + 3, 'x', n - 3);
  ok(scp_args_parse(p, line, &a, &why) == SFTP_ERR_FORMAT,
    "a path that cannot exist is refused");
  line[1] = 't';
  ok(scp_args_parse(p, line, &a, &why) == SFTP_ERR_FORMAT, "as a target, too");
  free(line);
  destroy_pool(p);
}

/* ---- Sink */

static void a_file_arrives(void) {
  struct copy *y;

  fake_fs_reset();
  fake_session_reset();
  y = copy_begin(" -t new", 0);
  IS_OUT(y, "\0", "the sink begins with its own answer");
  is_str(fake_protocol, "scp", "the session says scp");
  is_int(fake_events("mod_sftp.scp.session-opened"), 1, "and its event comes");

  FEED(y, "C0640 5 other\n");
  FEED(y, "hello");
  FEED(y, "\0");
  IS_OUT(y, "\0\0\0", "record and data are answered");
  ok(fake_fs_is("/home/user/new", "hello", 5), "the bytes are there");
  is_int(fake_fs_stat("/home/user/new").st_mode & 07777, 0640,
    "with the mode of the record");
  is_int(fake_files.count[FTPD_SCP_RECV], 1, "through the gate");
  is_str(fake_files.last_arg, "/home/user/new", "under its full name");

  is_int(fake_channel_eof(y->ch), SFTP_OK, "EOF is taken");
  ok(y->ch->finished && y->ch->status == 0, "the exit status is 0");
  copy_end(y);
  ok(all_closed() && fake_files.aborted == 0, "nothing stays open");
  is_int(fake_events("mod_sftp.scp.session-closed"), 1, "the end is told");
}

static void a_directory_gets_files_by_their_own_names(void) {
  struct copy *y;

  fake_fs_reset();
  fake_fs_dir("/home/user/d");
  y = copy_begin(" -d -t 'd/'", 0);
  FEED(y, "C0644 1 a b\nx");
  FEED(y, "\0C0600 0 \xff\xfe\\^J\n\0");
  ok(fake_fs_is("/home/user/d/a b", "x", 1), "a name with a blank");
  ok(fake_fs_is("/home/user/d/\xff\xfe\\^J", "", 0),
    "an empty file with bytes that are no text");
  IS_OUT(y, "\0\0\0\0\0", "all answered");
  copy_end(y);

  y = copy_begin(" -t .", 0);
  FEED(y, "C0644 1 here\nx\0");
  ok(fake_fs_is("/home/user/./here", "x", 1), "'.' is the login's directory");
  copy_end(y);

  y = copy_begin(" -t ~/d", 0);
  FEED(y, "C0644 1 tilde\nx\0");
  ok(fake_fs_is("/home/user/d/tilde", "x", 1), "'~' is the home");
  copy_end(y);
}

static const char tree[] =
  "T1000000000 5 1100000000 0\n"
  "D0750 0 top\n"
  "C0644 3 one\nabc\0"
  "D0500 0 sub dir\n"
  "T1200000000 250000 1300000000 0\n"
  "C0400 4 two\n\n\n\0\1\0"
  "\1cannot read that one\n"
  "C0644 0 empty\n\0"
  "E\n"
  "D0755 0 sub2\nE\n"
  "E\n"
  "C0600 2 last\nzz\0";
static const size_t tree_len = sizeof(tree) - 1;

static void check_tree(const char *how) {
  struct stat st;

  ok(fake_fs_is("/home/user/d/top/one", "abc", 3) &&
    fake_fs_is("/home/user/d/top/sub dir/two", "\n\n\0\1", 4) &&
    fake_fs_is("/home/user/d/top/sub dir/empty", "", 0) &&
    fake_fs_exists("/home/user/d/top/sub2") &&
    fake_fs_is("/home/user/d/last", "zz", 2), "%s: the tree is there", how);

  st = fake_fs_stat("/home/user/d/top");
  ok((st.st_mode & 07777) == 0750 && st.st_mtim.tv_sec == 1000000000 &&
    st.st_mtim.tv_nsec == 5000 && st.st_atim.tv_sec == 1100000000,
    "%s: a directory has its mode and times", how);
  is_int(fake_fs_stat("/home/user/d/top/sub dir").st_mode & 07777, 0500,
    "%s: also one that its owner may not write to", how);

  st = fake_fs_stat("/home/user/d/top/sub dir/two");
  ok((st.st_mode & 07777) == 0400 && st.st_mtim.tv_sec == 1200000000 &&
    st.st_mtim.tv_nsec == 250000000 && st.st_atim.tv_sec == 1300000000,
    "%s: and so has a file", how);
  is_int(fake_fs_stat("/home/user/d/top/one").st_mtim.tv_sec, 1700000000,
    "%s: times are of one record only", how);
}

static void a_tree_arrives_in_pieces_of_any_size(void) {
  static const size_t sizes[] = { 100000, 1, 2, 3, 7, 64 };
  size_t i, at;

  for (i = 0; i < SFTP_NELEMS(sizes); i++) {
    struct copy *y;
    char how[32];

    fake_fs_reset();
    fake_fs_dir("/home/user/d");
    y = copy_begin(" -r -p -t d", 0);
    for (at = 0; at < tree_len; at += sizes[i]) {
      feed(y, tree + at, tree_len - at < sizes[i] ? tree_len - at : sizes[i]);
    }

    snprintf(how, sizeof(how), "pieces of %zu", sizes[i]);
    check_tree(how);
    IS_OUT(y, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "%s: the answers", how);
    is_int(fake_files.count[FTPD_SCP_MKDIR], 3, "%s: made by the gate", how);
    fake_channel_eof(y->ch);
    is_int(y->ch->status, 1, "%s: a file was missing, says the status", how);
    copy_end(y);
    ok(all_closed() && stayed_inside(), "%s: all closed", how);
  }
}

/* The umask is the fake's: 022. */
static void modes_of_directories_without_p(void) {
  struct copy *y;

  fake_fs_reset();
  fake_fs_dir("/home/user/d");
  y = copy_begin(" -r -t d", 0);
  FEED(y, "D0555 0 ro\nC0644 1 f\nx\0E\nD0777 0 rw\nE\nD0070 0 no\nE\n");
  ok(fake_fs_is("/home/user/d/ro/f", "x", 1), "0555: a file gets into it");
  is_int(fake_fs_stat("/home/user/d/ro").st_mode & 07777, 0555,
    "... and then it is as its sender said");
  is_int(fake_fs_stat("/home/user/d/rw").st_mode & 07777, 0755,
    "0777: the umask remains");
  is_int(fake_fs_stat("/home/user/d/no").st_mode & 07777, 0050,
    "0070: its owner gets no rights for good");
  copy_end(y);
  ok(all_closed(), "all closed");
}

static void a_new_name_becomes_the_top_of_a_tree(void) {
  struct copy *y;

  fake_fs_reset();
  y = copy_begin(" -r -t fresh", 0);
  FEED(y, "D0755 0 top\nC0644 1 f\nx\0E\n");
  ok(fake_fs_is("/home/user/fresh/f", "x", 1), "no directory in between");
  fake_channel_eof(y->ch);
  is_int(y->ch->status, 0, "and the status is 0");
  copy_end(y);

  fake_fs_reset();
  y = copy_begin(" -t fresh/", 0);
  FEED(y, "C0644 1 f\n");
  ok(out_has(y, "\1scp: fresh: Not a directory\n"),
    "a slash at the end asks for a directory");
  copy_end(y);
}

static void shorter_files_replace_longer_ones(void) {
  struct copy *y;

  fake_fs_reset();
  fake_fs_put("/home/user/f", "0123456789", 10, 0604);
  y = copy_begin(" -t f", 0);
  FEED(y, "C0777 3 f\nabc\0");
  ok(fake_fs_is("/home/user/f", "abc", 3), "no byte of the old one is left");
  is_int(fake_fs_stat("/home/user/f").st_mode & 07777, 0604,
    "its mode stays without -p");
  copy_end(y);
}

static void options_keep_modes_and_times_away(void) {
  struct copy *y;
  struct stat st;

  fake_fs_reset();
  fake_fs_dir("/home/user/d");
  y = copy_begin(" -rpt d", SFTP_OPT_IGNORE_SCP_UPLOAD_PERMS|
    SFTP_OPT_IGNORE_SCP_UPLOAD_TIMES);
  FEED(y, "T1 0 1 0\nC0400 1 f\nx\0T1 0 1 0\nD0500 0 s\nE\n");
  st = fake_fs_stat("/home/user/d/f");
  ok((st.st_mode & 07777) == 0644 && st.st_mtim.tv_sec == 1700000000,
    "of a file");
  st = fake_fs_stat("/home/user/d/s");
  ok((st.st_mode & 07777) == 0755 && st.st_mtim.tv_sec == 1700000000,
    "of a directory");
  IS_OUT(y, "\0\0\0\0\0\0\0", "and nobody complains");
  copy_end(y);
}

static void a_directory_that_exists_is_changed_by_the_gate_only(void) {
  struct copy *y;

  fake_fs_reset();
  fake_fs_dir("/home/user/d");
  fake_fs_dir("/home/user/d/s");
  y = copy_begin(" -rt d", 0);
  FEED(y, "D0700 0 s\nE\n");
  is_int(fake_fs_stat("/home/user/d/s").st_mode & 07777, 0755,
    "without -p it keeps its mode");
  copy_end(y);

  fake_files.deny_effects = SFTP_EFF_MODE;
  fake_files.refused = "denied by <Limit SITE_CHMOD>";
  y = copy_begin(" -rpt d", 0);
  FEED(y, "D0700 0 s\nE\n");
  ok(out_has(y, "d/s: Permission denied (denied by <Limit SITE_CHMOD>)\n"),
    "with -p a refusal is told");
  is_int(fake_fs_stat("/home/user/d/s").st_mode & 07777, 0755,
    "and the mode stays");
  copy_end(y);
  ok(all_closed(), "all closed");
}

static void names_that_lead_away_are_refused(void) {
  static const struct {
    const char *name;
    size_t len;
  } bad[] = { { "..", 2 }, { ".", 1 }, { "", 0 }, { "a/b", 3 }, { "/etc", 4 },
    { "../../x", 7 }, { "x/", 2 }, { "a\0b", 3 }, { "..\0", 3 },
    { "\0", 1 } };
  size_t i, kind;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    for (kind = 0; kind < 2; kind++) {
      struct copy *y;

      fake_fs_reset();
      fake_fs_dir("/home/user/d");
      y = copy_begin(" -rt d", 0);
      feed(y, kind == 0 ? "C0644 0 " : "D0755 0 ", 8);
      feed(y, bad[i].name, bad[i].len);
      FEED(y, "\n");
      ok(y->ch->out_len > 2 && y->ch->out[1] == 1 &&
        y->ch->out[y->ch->out_len - 1] == '\n' && !y->ch->finished,
        "a %s called '%s' costs an error record", kind == 0 ? "file" :
        "directory", bad[i].name);
      FEED(y, "C0644 1 good\nx\0");
      ok(fake_fs_is("/home/user/d/good", "x", 1) &&
        count_entries("/home/user/d") == 1 && stayed_inside() &&
        count_entries("/home/user") == 1, "and the copy goes on");
      fake_channel_eof(y->ch);
      is_int(y->ch->status, 1, "with status 1");
      copy_end(y);
    }
  }
}

static void what_is_no_record_ends_the_copy(void) {
  static const char *const bad[] = { "\n", "X\n", "hello\n", "C644 1 x\n",
    "C0648 1 x\n", "C00644 1 x\n", "C0644  1 x\n", "C0644 x\n",
    "C0644 -1 x\n", "C0644 1\n", "C0644 9223372036854775808 x\n",
    "C0644 99999999999999999999999 x\n", "C0644 0x1 x\n", "C\n", "D\n", "T\n",
    "T1 0 1\n", "T1 0 1 0 \n", "T1 1000000 1 0\n", "T-1 0 1 0\n",
    "T1,0 1 0\n", "E\n", "Ex\n", "c0644 1 x\n" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    struct copy *y;

    fake_fs_reset();
    y = copy_begin(" -rpt .", 0);
    feed(y, bad[i], strlen(bad[i]));
    ok(y->ch->finished && y->ch->status == 1 && y->ch->out_len > 2 &&
      y->ch->out[1] == 2, "'%s' is refused for good", shown(bad[i]));
    FEED(y, "C0644 1 x\nx\0");
    is_int(count_entries("/home/user"), 0, "and nothing after it counts");
    copy_end(y);
  }

  {
    struct copy *y;
    char *line = malloc(SCP_RECORD_MAX + 2);

    fake_fs_reset();
    memset(line, 'n', SCP_RECORD_MAX + 1);
    memcpy(line, "C0644 1 ", 8);
    y = copy_begin(" -t .", 0);
    feed(y, line, SCP_RECORD_MAX);
    ok(!y->ch->finished, "a record may be long");
    feed(y, line, 1);
    ok(y->ch->finished && y->ch->out[1] == 2, "but not longer than that");
    copy_end(y);

    y = copy_begin(" -t .", 0);
    line[SCP_RECORD_MAX] = '\n';
    feed(y, line, SCP_RECORD_MAX + 1);
    ok(!y->ch->finished && out_has(y, "\1scp: "),
      "a name that cannot exist costs an error record");
    copy_end(y);
    free(line);
  }
}

static void a_refused_file_does_not_stop_the_others(void) {
  struct copy *y;

  fake_fs_reset();
  fake_fs_dir("/home/user/d");
  fake_fs_dir("/home/user/d/taken");
  fake_fs_put("/home/user/d/file", "x", 1, 0644);
  y = copy_begin(" -rt d", 0);
  FEED(y, "C0644 3 taken\n");
  ok(out_has(y, "\1scp: d/taken: Is a directory\n"), "a file onto a directory");
  fake_channel_clear(y->ch);
  FEED(y, "D0755 0 file\n");
  ok(out_has(y, "\1scp: d/file: Not a directory\n"), "a directory onto a file");

  fake_files.deny[FTPD_SCP_RECV] = fake_files.deny[FTPD_SCP_MKDIR] = true;
  fake_files.refused = "PathDenyFilter";
  fake_channel_clear(y->ch);
  FEED(y, "C0644 3 a\n");
  ok(out_has(y, "\1scp: d/a: Permission denied (PathDenyFilter)\n"),
    "a file that a rule refuses");
  FEED(y, "D0755 0 b\n");
  ok(out_has(y, "\1scp: d/b: Permission denied (PathDenyFilter)\n"),
    "a directory that a rule refuses");
  ok(fake_log_has("PathDenyFilter"), "the log knows it");

  fake_files.deny[FTPD_SCP_RECV] = fake_files.deny[FTPD_SCP_MKDIR] = false;
  FEED(y, "C0644 1 good\nx\0");
  ok(fake_fs_is("/home/user/d/good", "x", 1), "the next one arrives");
  ok(!fake_fs_exists("/home/user/d/a") && !fake_fs_exists("/home/user/d/b"),
    "those do not");
  copy_end(y);
  ok(all_closed(), "all closed");

  fake_fs_reset();
  y = copy_begin(" -t .", 0);
  FEED(y, "D0755 0 x\n");
  ok(out_has(y, "-r was not given") && !y->ch->finished &&
    count_entries("/home/user") == 0, "no directory without -r");
  copy_end(y);
}

static void a_file_that_cannot_be_written_is_told_at_its_end(void) {
  struct copy *y;

  fake_fs_reset();
  fake_files.write_errno = ENOSPC;
  fake_files.write_limit = 4;
  y = copy_begin(" -t .", 0);
  FEED(y, "C0644 10 full\n01234");
  FEED(y, "56789");
  IS_OUT(y, "\0\0", "its data is taken to the end");
  FEED(y, "\0");
  ok(out_has(y, "\1scp: full: No space left on device\n"),
    "then the reason is told");
  is_int(fake_files.aborted, 1, "the file is closed as incomplete");
  is_int(fake_files.last_err, ENOSPC, "and so says the gate");
  FEED(y, "C0644 1 next\nx\0");
  ok(fake_fs_is("/home/user/next", "x", 1), "the next one arrives");
  copy_end(y);

  fake_fs_reset();
  fake_files.close_errno = EDQUOT;
  y = copy_begin(" -t .", 0);
  FEED(y, "C0644 1 f\nx\0");
  ok(out_has(y, "\1scp: f: Disk quota exceeded\n"),
    "the same for what closing finds");
  copy_end(y);
  ok(all_closed(), "all closed");
}

static void the_clients_own_failure_makes_a_file_incomplete(void) {
  struct copy *y;

  fake_fs_reset();
  y = copy_begin(" -t .", 0);
  FEED(y, "C0644 3 f\nabc\1read error\n");
  is_int(fake_files.aborted, 1, "it is closed as incomplete");
  ok(y->ch->out[y->ch->out_len - 1] == '\n' && !y->ch->finished,
    "the answer is an error record");
  ok(fake_log_has("client says: read error"), "the log has its reason");
  FEED(y, "C0644 3 g\nabc\2gone\n");
  ok(y->ch->finished && y->ch->status == 1, "byte 2 ends the copy");
  is_int(fake_files.aborted, 2, "and that file");
  copy_end(y);
  ok(all_closed(), "all closed");
}

static void the_last_word_may_be_missing(void) {
  struct copy *y;

  fake_fs_reset();
  y = copy_begin(" -t f", 0);
  FEED(y, "C0644 3 f\nabc");
  fake_channel_eof(y->ch);
  ok(y->ch->finished && y->ch->status == 0 && fake_files.aborted == 0 &&
    fake_fs_is("/home/user/f", "abc", 3), "EOF after all bytes is success");
  copy_end(y);

  fake_fs_reset();
  y = copy_begin(" -t f", 0);
  FEED(y, "C0644 3 f\nabc");
  copy_end(y);
  ok(all_closed() && fake_files.aborted == 0, "and so is CLOSE");

  fake_fs_reset();
  y = copy_begin(" -t f", 0);
  FEED(y, "C0644 3 f\nab");
  fake_channel_eof(y->ch);
  ok(y->ch->status == 1 && fake_files.aborted == 1, "a byte less is not");
  copy_end(y);

  fake_fs_reset();
  y = copy_begin(" -t f", 0);
  FEED(y, "C0644 3 f\nabc");
  y->conn.failure.err = SFTP_ERR_EOF;
  copy_end(y);
  ok(all_closed() && fake_files.aborted == 1,
    "nor is a connection that breaks");

  fake_fs_reset();
  y = copy_begin(" -rt .", 0);
  FEED(y, "D0755 0 d\n");
  fake_channel_eof(y->ch);
  is_int(y->ch->status, 1, "nor a directory without its end");
  copy_end(y);
}

static void a_target_that_must_be_a_directory_is_checked(void) {
  struct copy *y;

  fake_fs_reset();
  fake_fs_put("/home/user/f", "x", 1, 0644);
  y = copy_begin(" -d -t f", 0);
  IS_OUT(y, "\1scp: f: Not a directory\n", "a file is none");
  ok(y->ch->finished && y->ch->status == 1, "the copy ends");
  copy_end(y);

  y = copy_begin(" -d -t nowhere", 0);
  IS_OUT(y, "\1scp: nowhere: No such file or directory\n", "nor is nothing");
  copy_end(y);
}

/* Every prefix, then the end; every single bit turned. */
static void damaged_uploads_leave_nothing_open_or_outside(void) {
  size_t n, bad = 0;
  int bit;

  for (n = 0; n <= tree_len; n++) {
    struct copy *y;

    fake_fs_reset();
    fake_fs_dir("/home/user/d");
    y = copy_begin(" -rpt d", 0);
    feed(y, tree, n);
    if (n % 2 == 0) {
      fake_channel_eof(y->ch);
      bad += !y->ch->finished;
    }

    copy_end(y);
    bad += !all_closed() || !stayed_inside();
  }

  is_int(bad, 0, "every truncation of a tree");

  for (bad = 0, n = 0; n < tree_len; n++) {
    for (bit = 0; bit < 8; bit++) {
      char *copy = t_exact_copy(tree, tree_len);
      struct copy *y;

      fake_fs_reset();
      fake_fs_dir("/home/user/d");
      copy[n] = (char) (copy[n] ^ (1 << bit));
      y = copy_begin(" -rpt d", 0);
      feed(y, copy, tree_len);
      fake_channel_eof(y->ch);
      bad += !y->ch->finished || count_entries("/home/user") != 1;
      copy_end(y);
      bad += !all_closed() || !stayed_inside();
      free(copy);
    }
  }

  is_int(bad, 0, "every bit of it turned");
}

static void a_client_that_reads_no_answers_is_not_served(void) {
  struct copy *y;
  unsigned int i;

  fake_fs_reset();
  y = copy_begin(" -t .", 0);
  y->ch->window = 0;
  y->ch->soft = 4096;
  for (i = 0; i < 2000; i++) {
    FEED(y, "C0644 1 ..\n");
  }

  ok(y->ch->waiting < 8192 && fake_channel_left(y->ch) > 0,
    "%zu bytes wait, not 2000 error records", y->ch->waiting);
  fake_channel_open_window(y->ch, SIZE_MAX);
  is_int(fake_channel_left(y->ch), 0, "with a window all is answered");
  FEED(y, "C0644 1 f\nx\0");
  ok(fake_fs_is("/home/user/f", "x", 1), "and the copy goes on");
  copy_end(y);
}

static void large_files_are_written_from_where_they_lie(void) {
  size_t n = 3 * 1024 * 1024 + 5, at, part = 30000;
  unsigned char *data = malloc(n);
  struct copy *y;
  char record[64];

  t_fill(data, n, 1);
  fake_fs_reset();
  y = copy_begin(" -t big", 0);
  snprintf(record, sizeof(record), "C0644 %zu big\n", n);
  feed(y, record, strlen(record));
  is_int(sftp_scp_service.missing(y->ch->svc), n + 1,
    "what must still come is known");
  for (at = 0; at < n; at += part) {
    feed(y, data + at, n - at < part ? n - at : part);
  }

  FEED(y, "\0");
  ok(fake_fs_is("/home/user/big", data, n), "all bytes are there");
  is_int(fake_files.writes, (n + part - 1) / part, "one write per flush");
  copy_end(y);
  free(data);
}

static void two_copies_do_not_know_each_other(void) {
  struct copy *a, *b;

  fake_fs_reset();
  a = copy_begin(" -t a", 0);
  b = copy_begin(" -rt b", 0);
  FEED(a, "C0644 4 x\nab");
  FEED(b, "D0755 0 y\nC06");
  FEED(a, "cd");
  FEED(b, "44 1 f\nx\0E\n");
  FEED(a, "\0");
  ok(fake_fs_is("/home/user/a", "abcd", 4) &&
    fake_fs_is("/home/user/b/f", "x", 1), "both arrive");
  copy_end(a);
  copy_end(b);
  ok(all_closed(), "all closed");
}

/* ---- Source */

static const char yes[64];      /* answers sent ahead */

static void a_file_leaves(void) {
  struct copy *y;

  fake_fs_reset();
  fake_session_reset();
  fake_fs_put("/home/user/f", "hello", 5, 0640);
  y = copy_begin(" -f f", 0);
  is_int(y->ch->out_len, 0, "the source waits for the client");
  FEED(y, "\0");
  IS_OUT(y, "C0640 5 f\n", "its record");
  FEED(y, "\0");
  IS_OUT(y, "C0640 5 f\nhello\0", "its data");
  is_int(y->ch->nreserved, 1, "read straight into the message");
  ok(!y->ch->finished, "the client has the last word");
  FEED(y, "\0");
  ok(y->ch->finished && y->ch->status == 0, "then the exit status is 0");
  is_int(fake_files.last_req, FTPD_SCP_SEND, "through the gate");
  is_str(fake_files.last_arg, "/home/user/f", "under its full name");
  copy_end(y);
  ok(all_closed() && fake_files.aborted == 0, "nothing stays open");
}

static void names_are_encoded_as_in_openssh(void) {
  static const struct { const char *name, *text; } t[] = {
    { "a b\tc", "a b\tc" }, { "!~", "!~" }, { "a\\b", "a\\\\b" },
    { "\n\001\037", "\\^J\\^A\\^_" }, { "\177", "\\^?" },
    { "\300\341", "\\M-@\\M-a" }, { "\201\377", "\\M^A\\M^?" },
    { "\240\257", "\\240\\257" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(t); i++) {
    pool *p = make_sub_pool(permanent_pool);

    is_str(scp_source_encoded(p, t[i].name), t[i].text, "name %lu is encoded",
      (unsigned long) i);
    destroy_pool(p);
  }
}

static void times_leave_with_p(void) {
  struct copy *y;

  fake_fs_reset();
  fake_fs_put("/home/user/f", "", 0, 0600);
  y = copy_begin(" -pf f", 0);
  feed(y, yes, 4);
  IS_OUT(y, "T1700000000 0 1700000000 0\nC0600 0 f\n\0", "before the record");
  ok(y->ch->finished && y->ch->status == 0, "status 0");
  copy_end(y);
}

static void make_tree(void) {
  fake_fs_reset();
  fake_fs_dir("/home/user/t");
  fake_fs_put("/home/user/t/a", "1", 1, 0644);
  fake_fs_dir("/home/user/t/s");
  fake_fs_put("/home/user/t/s/b c", "22", 2, 0600);
  fake_fs_link("/home/user/t/s/up", "..");
  fake_fs_put("/home/user/t/s/line\nfeed", "3", 1, 0644);
  fake_fs_link("/home/user/t/dangling", "nowhere");
  fake_fs_link("/home/user/t/z", "a");
}

static const char sent_tree[] =
  "D0755 0 t\n"
  "C0644 1 a\n1\0"
  "D0755 0 s\n"
  "C0600 2 b c\n22\0"
  "\1scp: t/s/up: is a link to a directory that contains it\n"
  "C0644 1 line\\^Jfeed\n3\0"
  "E\n"
  "\1scp: t/dangling: No such file or directory\n"
  "C0644 1 z\n1\0"
  "E\n";

static void a_tree_leaves(void) {
  static const struct {
    const char *how;
    bool copied, single;
    size_t window;
  } ways[] = { { "at once", false, false, SIZE_MAX },
    { "without room in messages", true, false, SIZE_MAX },
    { "answer by answer", false, true, SIZE_MAX },
    { "byte by byte", false, false, 1 } };
  size_t i, n;

  for (i = 0; i < SFTP_NELEMS(ways); i++) {
    struct copy *y;

    make_tree();
    y = copy_begin(" -r -f t/", 0);
    y->ch->no_reserve = ways[i].copied;
    if (ways[i].window != SIZE_MAX) {
      y->ch->window = 0;
      y->ch->soft = 1;
    }

    for (n = 0; n < 20; n += ways[i].single ? 1 : 20) {
      feed(y, yes, ways[i].single ? 1 : 20);
    }

    for (n = 0; n < 1000 && ways[i].window != SIZE_MAX; n++) {
      fake_channel_open_window(y->ch, ways[i].window);
    }

    IS_OUT(y, sent_tree, "%s", ways[i].how);
    ok(y->ch->finished && y->ch->status == 1,
      "%s: the status tells of the errors", ways[i].how);
    copy_end(y);
    ok(all_closed() && fake_files.aborted == 0, "%s: all closed", ways[i].how);
  }
}

static void a_directory_needs_r(void) {
  struct copy *y;

  make_tree();
  y = copy_begin(" -f t t/a", 0);
  feed(y, yes, 9);
  IS_OUT(y, "\1scp: t: is a directory, and -r was not given\n"
    "C0644 1 a\n1\0", "and is told so; the copy goes on");
  is_int(y->ch->status, 1, "with status 1");
  copy_end(y);
}

static void dots_get_a_name_that_clients_accept(void) {
  static const char *const names[] = { ".", "t/..", "~", "/home/user/.//" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    struct copy *y;
    char args[64];

    fake_fs_reset();
    fake_fs_dir("/home/user/t");
    snprintf(args, sizeof(args), " -rf %s", names[i]);
    y = copy_begin(args, 0);
    FEED(y, "\0");
    IS_OUT(y, "D0755 0 user\n", "%s", names[i]);
    copy_end(y);
    ok(all_closed(), "all closed");
  }
}

static void the_root_has_the_name_of_its_user(void) {
  struct copy *y;

  fake_fs_reset();
  y = copy_begin(" -rf /", 0);
  FEED(y, "\0");
  IS_OUT(y, "D0755 0 user\n", "/");
  copy_end(y);
}

/* '~' is the home; other patterns are below the session's directory. */
static void patterns_below_the_home(void) {
  static const struct { const char *args, *out; } row[] = {
    { " -f ~/s?", "C0644 1 s1\n" }, { " -f s?", "C0644 2 s2\n" },
    { " -f sub/s?", "C0644 3 s3\n" },
    { " -f /home/user/s?", "C0644 1 s1\n" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    struct copy *y;

    fake_fs_reset();
    fake_fs_dir("/home/user/w");
    fake_fs_dir("/home/user/w/sub");
    fake_fs_put("/home/user/s1", "1", 1, 0644);
    fake_fs_put("/home/user/w/s2", "12", 2, 0644);
    fake_fs_put("/home/user/w/sub/s3", "123", 3, 0644);
    fake_files.cwd = "/home/user/w";
    y = copy_begin(row[i].args, 0);
    FEED(y, "\0");
    is_mem(y->ch->out, y->ch->out_len, row[i].out, strlen(row[i].out),
      "%s", row[i].args);
    copy_end(y);
  }
}

static void patterns_and_several_names_are_sources(void) {
  struct copy *y;

  fake_fs_reset();
  fake_fs_put("/home/user/a.c", "", 0, 0644);
  fake_fs_put("/home/user/b.c", "", 0, 0644);
  fake_fs_put("/home/user/b.h", "", 0, 0644);
  fake_fs_put("/home/user/x y", "", 0, 0644);
  fake_fs_put("/home/user/[1]", "", 0, 0644);
  y = copy_begin(" -f *.c b.h", 0);
  feed(y, yes, 30);
  IS_OUT(y, "C0644 0 a.c\n\0C0644 0 b.c\n\0C0644 0 b.h\n\0", "each in turn");
  is_int(y->ch->status, 0, "status 0");
  copy_end(y);

  y = copy_begin(" -f *.nothing b.h", 0);
  feed(y, yes, 30);
  IS_OUT(y, "\1scp: *.nothing: No such file or directory\n"
    "C0644 0 b.h\n\0", "no match costs an error record");
  is_int(y->ch->status, 1, "status 1");
  copy_end(y);

  y = copy_begin(" -f '*.c'", 0);
  feed(y, yes, 30);
  IS_OUT(y, "\1scp: *.c: No such file or directory\n",
    "quoted wildcards are names");
  copy_end(y);

  y = copy_begin(" -f [1]", 0);
  feed(y, yes, 30);
  IS_OUT(y, "C0644 0 [1]\n\0", "a pattern without a match is a name");
  copy_end(y);

  y = copy_begin(" -f x y", 0);
  feed(y, yes, 30);
  IS_OUT(y, "C0644 0 x y\n\0", "an open blank may belong to a name");
  copy_end(y);
  ok(all_closed(), "all closed");
}

static void long_work_takes_several_turns(void) {
  struct copy *y;
  unsigned int i;
  char name[64];

  fake_fs_reset();
  fake_fs_dir("/home/user/t");
  fake_fs_put("/home/user/t/a", "", 0, 0644);
  fake_fs_put("/home/user/b.c", "", 0, 0644);
  fake_files.glob_turns = 3;
  y = copy_begin(" -f *.c", 0);
  feed(y, yes, 1);
  is_int(y->ch->out_len, 0, "a pattern is not matched at once");
  is_int(fake_channel_work(y->ch, 2), 2, "nor in the next turns");
  is_int(y->ch->out_len, 0, "... two of them");
  is_int(fake_channel_work(y->ch, 9), 1, "in the third");
  IS_OUT(y, "C0644 0 b.c\n", "it is");
  feed(y, yes, 9);
  ok(y->ch->finished && y->ch->status == 0, "status 0");
  copy_end(y);

  y = copy_begin(" -f *.c", 0);
  feed(y, yes, 1);
  fake_channel_close(y->ch);
  copy_end(y);
  ok(all_closed(), "the client may go meanwhile");

  fake_files.glob_turns = -1;
  y = copy_begin(" -f *.c b.c", 0);
  feed(y, yes, 9);
  IS_OUT(y, "\1scp: *.c: Argument list too long\nC0644 0 b.c\n\0",
    "a pattern that costs too much is told of");
  copy_end(y);

  fake_files.glob_turns = 0;
  fake_files.hidden = 2;
  y = copy_begin(" -rf t", 0);
  feed(y, yes, 2);
  is_int(fake_channel_work(y->ch, 1), 1, "hidden entries take turns");
  IS_OUT(y, "D0755 0 t\n", "... without a word");
  while (fake_channel_work(y->ch, 1) == 1) {
    ;
  }

  feed(y, yes, 3);
  while (fake_channel_work(y->ch, 1) == 1) {
    ;
  }

  feed(y, yes, 1);
  IS_OUT(y, "D0755 0 t\nC0644 0 a\n\0E\n", "then comes what is seen");
  copy_end(y);

  fake_files.hidden = 0;
  fake_fs_dir("/home/user/u");
  for (i = 0; i < 500; i++) {
    snprintf(name, sizeof(name), "/home/user/u/link%u", i);
    fake_fs_link(name, "/nowhere");
  }

  y = copy_begin(" -rf u", 0);
  feed(y, yes, 2);
  ok(fake_channel_work(y->ch, 1) == 1 && !out_has(y, "link400"),
    "a turn looks at some of many entries");
  ok(fake_channel_work(y->ch, 100) > 2 && out_has(y, "link499"),
    "... and the others at the rest");
  copy_end(y);
  ok(all_closed(), "all closed");
}

static void a_refusal_of_the_client_skips_one_entry(void) {
  struct copy *y;

  make_tree();
  y = copy_begin(" -rf t", 0);
  FEED(y, "\0\0\1no a\n\1no s\n\0\0\0");
  IS_OUT(y, "D0755 0 t\nC0644 1 a\nD0755 0 s\n"
    "\1scp: t/dangling: No such file or directory\nC0644 1 z\n1\0E\n",
    "neither its data nor its entries are sent");
  ok(fake_log_has("client says: no a"), "the log has the reason");
  is_int(fake_files.aborted, 1, "the file was not transferred");
  FEED(y, "\0");
  ok(y->ch->finished && y->ch->status == 1, "status 1");
  copy_end(y);
  ok(all_closed(), "all closed");

  make_tree();
  y = copy_begin(" -rf t", 0);
  FEED(y, "\0\0\2stop\n");
  ok(y->ch->finished && y->ch->status == 1, "byte 2 ends the copy");
  copy_end(y);
  ok(all_closed(), "all closed");
}

static void rules_refuse_sources(void) {
  struct copy *y;

  make_tree();
  fake_files.deny[FTPD_SCP_SEND] = true;
  fake_files.refused = "denied by <Limit RETR>";
  y = copy_begin(" -rf t/a t/s", 0);
  feed(y, yes, 30);
  ok(out_has(y, "\1scp: t/a: Permission denied (denied by <Limit RETR>)\n"),
    "a file");
  ok(out_has(y, "D0755 0 s\n") && !out_has(y, "C0"), "the copy goes on");
  copy_end(y);

  make_tree();
  fake_files.deny[FTPD_OPENDIR] = true;
  fake_files.refused = "denied by <Limit DIRS>";
  y = copy_begin(" -rf t", 0);
  feed(y, yes, 30);
  IS_OUT(y, "\1scp: t: Permission denied (denied by <Limit DIRS>)\n",
    "a directory");
  copy_end(y);
  ok(all_closed(), "all closed");
}

static void the_window_is_kept(void) {
  size_t n = 1024 * 1024 + 3;
  unsigned char *data = malloc(n);
  struct copy *y;
  unsigned int turns;

  t_fill(data, n, 2);
  fake_fs_reset();
  fake_fs_put("/home/user/big", data, n, 0644);
  y = copy_begin(" -f big", 0);
  y->ch->window = 0;
  feed(y, yes, 3);
  ok(y->ch->waiting < 300000 && !y->ch->finished,
    "a closed window stops the file after %zu bytes", y->ch->waiting);
  for (turns = 0; !y->ch->finished && turns < 100; turns++) {
    fake_channel_open_window(y->ch, 50000);
  }

  ok(y->ch->finished && y->ch->status == 0, "an open one lets it go on");
  ok(y->ch->out_len > n && memcmp(y->ch->out + y->ch->out_len - n - 1, data,
    n) == 0, "every byte is there");
  copy_end(y);

  y = copy_begin(" -f big", 0);
  feed(y, yes, 3);
  ok(y->ch->nreserved <= 5, "an open window costs few reads (%u)",
    y->ch->nreserved);
  copy_end(y);
  free(data);
  ok(all_closed(), "all closed");
}

static void a_file_that_changes_keeps_its_size(void) {
  static const unsigned char zeros[1000];
  size_t n = 200000;
  unsigned char *data = malloc(n);
  struct copy *y;

  t_fill(data, n, 3);
  fake_fs_reset();
  fake_fs_put("/home/user/f", data, n, 0644);
  y = copy_begin(" -f f", 0);
  y->ch->window = 100;
  y->ch->soft = 100;
  feed(y, yes, 2);
  ftpd_truncate(NULL, "/home/user/f", 150000);
  fake_channel_open_window(y->ch, SIZE_MAX);
  ok(out_has(y, "\1scp: f: became shorter while it was sent\n"),
    "one that shrinks is told at the end");
  is_int(y->ch->out_len, n + strlen("C0644 200000 f\n") +
    strlen("\1scp: f: became shorter while it was sent\n"),
    "all bytes that were promised came before");
  ok(memmem(y->ch->out, y->ch->out_len, zeros, sizeof(zeros)) != NULL,
    "as zeros");
  FEED(y, "\0");
  ok(y->ch->finished && y->ch->status == 1 && fake_files.aborted == 1,
    "it is incomplete");
  copy_end(y);

  fake_fs_reset();
  fake_fs_put("/home/user/f", data, n, 0644);
  y = copy_begin(" -f f", 0);
  y->ch->window = 100;
  y->ch->soft = 100;
  feed(y, yes, 2);
  ftpd_truncate(NULL, "/home/user/f", 300000);
  fake_channel_open_window(y->ch, SIZE_MAX);
  is_int(y->ch->out_len, n + strlen("C0644 200000 f\n") + 1,
    "one that grows ends where it was to end");
  copy_end(y);
  free(data);
  ok(all_closed(), "all closed");
}

static void a_file_that_cannot_be_read(bool in_place) {
  static const char error[] = "\1scp: f: Input/output error\n";
  struct copy *y;

  fake_fs_reset();
  fake_fs_put("/home/user/f", "0123456789", 10, 0644);
  fake_files.read_errno = EIO;
  y = copy_begin(" -f f", 0);
  y->ch->no_reserve = !in_place;
  feed(y, yes, 3);
  ok(out_has(y, error) && y->ch->status == 1,
    "a file that cannot be read is told at the end, %s",
    in_place ? "in place" : "copied");
  is_int(y->ch->out_len, strlen("C0644 10 f\n") + 10 + strlen(error),
    "... behind as many bytes as were promised");
  copy_end(y);
  ok(all_closed(), "all closed");
}

static void a_client_may_leave_when_it_has_all(void) {
  struct copy *y;

  fake_fs_reset();
  fake_fs_put("/home/user/f", "abc", 3, 0644);
  y = copy_begin(" -f f", 0);
  feed(y, yes, 2);
  fake_channel_eof(y->ch);
  ok(y->ch->finished && y->ch->status == 0 && fake_files.aborted == 0,
    "EOF instead of the last answer");
  copy_end(y);

  y = copy_begin(" -f f", 0);
  feed(y, yes, 2);
  copy_end(y);
  ok(all_closed() && fake_files.aborted == 0, "CLOSE instead of it");

  y = copy_begin(" -f f", 0);
  feed(y, yes, 2);
  y->conn.failure.err = SFTP_ERR_EOF;
  copy_end(y);
  ok(all_closed() && fake_files.aborted == 1,
    "a connection that breaks is something else");

  y = copy_begin(" -f f", 0);
  feed(y, yes, 1);
  fake_channel_eof(y->ch);
  ok(y->ch->finished && y->ch->status == 1 && all_closed(),
    "EOF before the data is a failure");
  copy_end(y);

  y = copy_begin(" -f f", 0);
  fake_channel_eof(y->ch);
  is_int(y->ch->status, 1, "and so is saying nothing");
  copy_end(y);

  y = copy_begin(" -f f", 0);
  y->ch->window = 0;
  y->ch->soft = 1;
  feed(y, yes, 3);
  fake_channel_eof(y->ch);
  ok(!y->ch->finished, "answers sent ahead count while data waits");
  fake_channel_open_window(y->ch, SIZE_MAX);
  ok(y->ch->finished && y->ch->status == 0, "and end the copy well");
  copy_end(y);
  ok(all_closed(), "all closed");
}

static void a_large_directory_of_errors_waits_for_the_client(void) {
  struct copy *y;
  char name[64];
  unsigned int i, turns;

  fake_fs_reset();
  fake_fs_dir("/home/user/d");
  for (i = 0; i < 1000; i++) {
    snprintf(name, sizeof(name), "/home/user/d/x%u", i);
    fake_fs_link(name, "nowhere");
  }

  y = copy_begin(" -rf d", 0);
  y->ch->window = 0;
  y->ch->soft = 4096;
  feed(y, yes, 3);
  ok(y->ch->waiting < 8192, "%zu bytes wait", y->ch->waiting);
  for (turns = 0; !y->ch->finished && turns < 100; turns++) {
    fake_channel_open_window(y->ch, 4096);
    (void) fake_channel_work(y->ch, 100);
  }

  ok(y->ch->finished && y->ch->out_len > 30000, "in the end all are told");
  copy_end(y);
  ok(all_closed(), "all closed");
}

static void deep_trees_end(void) {
  char path[4000] = "/home/user";
  struct copy *y;
  unsigned int i;

  fake_fs_reset();
  for (i = 0; i < SCP_SOURCE_DEPTH_MAX + 5; i++) {
    strcat(path, "/d");
    fake_fs_dir(path);
  }

  y = copy_begin(" -rf d", 0);
  for (i = 0; i < 400; i++) {
    FEED(y, "\0");
  }

  ok(y->ch->finished && y->ch->status == 1 &&
    out_has(y, "directories are too deep"), "with an error record");
  copy_end(y);
  ok(all_closed(), "all closed");

  fake_fs_reset();
  y = copy_begin(" -rt .", 0);
  for (i = 0; i < 3000; i++) {
    FEED(y, "D0755 0 d\n");
  }

  ok(!y->ch->finished && y->ch->out_len > 1000, "uploads as well");
  copy_end(y);
  ok(all_closed() && stayed_inside(), "all closed");
}

/* ---- Calls of the daemon that fail, one after the other */

static const char small_tree[] =
  "T1000000000 0 1100000000 0\n"
  "D0750 0 top\n"
  "C0640 3 one\nabc\0"
  "E\n"
  "C0600 2 old\nzz\0";

/* An upload or a download in which call n fails; its status, or -1 if it was
 * not told where it matters.
 */
static int fail_once(bool upload, unsigned int n, unsigned int *calls) {
  struct copy *y;
  int status;

  make_tree();
  fake_fs_dir("/home/user/d");
  fake_fs_put("/home/user/d/old", "a longer one", 12, 0644);
  fake_files.calls = 0;
  fake_files.fail_at = n;
  y = copy_begin(upload ? " -r -p -t d" : " -p -f t/s/*", 0);
  if (upload) {
    feed(y, small_tree, sizeof(small_tree) - 1);

  } else {
    feed(y, yes, 20);
  }

  fake_channel_eof(y->ch);
  fake_files.fail_at = 0;
  *calls = fake_files.calls;
  status = y->ch->finished ? (int) y->ch->status : -1;
  if ((status == 0) == (y->ch->out_len > 0 && memmem(y->ch->out,
        y->ch->out_len, "\1scp: ", 6) != NULL)) {
    status = -1;
  }

  if (upload && status == 0 &&
      !(fake_fs_is("/home/user/d/top/one", "abc", 3) &&
        fake_fs_is("/home/user/d/old", "zz", 2) &&
        (fake_fs_stat("/home/user/d/top").st_mode & 0777) == 0750 &&
        (fake_fs_stat("/home/user/d/top/one").st_mode & 0777) == 0640)) {
    status = -1;
  }

  copy_end(y);
  return all_closed() && count_entries("/") == 1 ? status : -1;
}

static void calls_that_fail_are_told(bool upload, int lax) {
  unsigned int calls, n, count;
  int good = 0, silent = 0;

  (void) fail_once(upload, 0, &calls);
  for (n = 1; n <= calls; n++) {
    int status = fail_once(upload, n, &count);

    good += status == 0;
    silent += status < 0;
  }

  is_int(silent, 0, "%s of %u calls: what fails is told, and all is closed",
    upload ? "an upload" : "a download", calls);
  is_int(good, lax, "... but for those that do not matter");
}

/* Whether the n-th write to the channel, which fails, is the last one. */
static bool ends_at_write(bool upload, const char *args, unsigned int n,
    unsigned int *writes) {
  struct copy *y;
  int res;

  make_tree();
  fake_fs_dir("/home/user/d");
  y = copy_begin(args, 0);
  y->ch->fail_at = n;
  res = upload ? feed(y, small_tree, sizeof(small_tree) - 1) :
    feed(y, yes, 20);
  (void) fake_channel_eof(y->ch);
  *writes = y->ch->writes;
  copy_end(y);
  return all_closed() && *writes == n && res == SFTP_ERR_IO;
}

static void writes_that_fail_end_it(bool upload, const char *args) {
  unsigned int writes, n, count, wrong = 0;

  (void) ends_at_write(upload, args, 0, &writes);
  for (n = 2; n <= writes; n++) {
    wrong += !ends_at_write(upload, args, n, &count);
  }

  is_int(wrong, 0, "scp%s: a write that fails is the last, of %u", args,
    writes);
}

int main(void) {
  the_command_line_is_read_as_clients_write_it();
  command_lines_without_sense_are_refused();
  a_hostile_command_line_costs_little();

  a_file_arrives();
  a_directory_gets_files_by_their_own_names();
  a_tree_arrives_in_pieces_of_any_size();
  modes_of_directories_without_p();
  a_new_name_becomes_the_top_of_a_tree();
  shorter_files_replace_longer_ones();
  options_keep_modes_and_times_away();
  a_directory_that_exists_is_changed_by_the_gate_only();
  names_that_lead_away_are_refused();
  what_is_no_record_ends_the_copy();
  a_refused_file_does_not_stop_the_others();
  a_file_that_cannot_be_written_is_told_at_its_end();
  the_clients_own_failure_makes_a_file_incomplete();
  the_last_word_may_be_missing();
  a_target_that_must_be_a_directory_is_checked();
  damaged_uploads_leave_nothing_open_or_outside();
  a_client_that_reads_no_answers_is_not_served();
  large_files_are_written_from_where_they_lie();
  two_copies_do_not_know_each_other();

  a_file_leaves();
  names_are_encoded_as_in_openssh();
  times_leave_with_p();
  a_tree_leaves();
  a_directory_needs_r();
  dots_get_a_name_that_clients_accept();
  the_root_has_the_name_of_its_user();
  patterns_below_the_home();
  patterns_and_several_names_are_sources();
  long_work_takes_several_turns();
  a_refusal_of_the_client_skips_one_entry();
  rules_refuse_sources();
  the_window_is_kept();
  a_file_that_changes_keeps_its_size();
  a_file_that_cannot_be_read(true);
  a_file_that_cannot_be_read(false);
  a_client_may_leave_when_it_has_all();
  a_large_directory_of_errors_waits_for_the_client();
  deep_trees_end();
  calls_that_fail_are_told(true, 1);
  calls_that_fail_are_told(false, 0);
  writes_that_fail_end_it(true, " -r -p -t d");
  writes_that_fail_end_it(true, " -t none/x");
  writes_that_fail_end_it(false, " -p -f t/s/* none");
  writes_that_fail_end_it(false, " -r -p -f t");
  return done_testing();
}
