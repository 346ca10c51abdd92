/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* Commands on exec channels: the line, and what they say. */

#include <dlfcn.h>
#include <openssl/evp.h>
#include <sys/statvfs.h>
#include <time.h>

#include "exec-int.h"
#include "fake-channel.h"
#include "ftpd-file.h"
#include "tap.h"

static pool *p;
static struct sftp_settings set;
static struct ssh_conn conn;
static struct sftp_channel *ch;

static char asked[64];          /* the variable looked up last */

static const char *var(void *arg, const char *name) {
  (void) arg;
  snprintf(asked, sizeof(asked), "%s", name);
  return strcmp(name, "HOME") == 0 ? "/home/user" :
    strcmp(name, "STARS") == 0 ? "****************" : NULL;
}

static time_t now = 1000000000;

time_t time(time_t *t) {
  return t != NULL ? (*t = now) : now;
}

/* The step of a checksum that fails; 0: none. */
static unsigned int sum_steps, sum_fails_at;

static bool step_fails(void) {
  return ++sum_steps == sum_fails_at;
}

static void find_real(const char *name, void *real) {
  void *found = dlsym(RTLD_NEXT, name);

  memcpy(real, &found, sizeof(found));
}

int EVP_DigestInit_ex2(EVP_MD_CTX *c, const EVP_MD *t,
    const OSSL_PARAM params[]) {
  int (*real)(EVP_MD_CTX *, const EVP_MD *, const OSSL_PARAM *);

  find_real("EVP_DigestInit_ex2", &real);
  return step_fails() ? 0 : real(c, t, params);
}

int EVP_DigestUpdate(EVP_MD_CTX *c, const void *d, size_t n) {
  int (*real)(EVP_MD_CTX *, const void *, size_t);

  find_real("EVP_DigestUpdate", &real);
  return step_fails() ? 0 : real(c, d, n);
}

int EVP_DigestFinal_ex(EVP_MD_CTX *c, unsigned char *md, unsigned int *n) {
  int (*real)(EVP_MD_CTX *, unsigned char *, unsigned int *);

  find_real("EVP_DigestFinal_ex", &real);
  return step_fails() ? 0 : real(c, md, n);
}

/* ---- The line */

static struct exec_command *cmds;
static unsigned int ncmds;
static const char *why;

static int parse(const char *line) {
  char *copy = strdup(line);    /* exact: overreads show */
  struct exec_line parsed;
  int res = sftp_exec_line_parse(p, copy, var, NULL, &parsed);

  cmds = parsed.commands;
  ncmds = parsed.ncommands;
  why = parsed.why;
  free(copy);
  return res;
}

static void words_are_read_as_a_shell_would(void) {
  static const struct { const char *line, *word; } good[] = {
    { "x a", "a" }, { "x 'a b'", "a b" }, { "x \"a b\"", "a b" },
    { "x a\\ b", "a b" }, { "x 'a'\\''b'", "a'b" }, { "x \"a\\\"b\"", "a\"b" },
    { "x \"a\\b\"", "a\\b" }, { "x ''", "" }, { "x $HOME/a", "/home/user/a" },
    { "x ${HOME}a", "/home/usera" }, { "x '$HOME'", "$HOME" },
    { "x \\$HOME", "$HOME" }, { "x ${none}%c%", "%c%" },
    { "x ~", "/home/user" }, { "x ~/a", "/home/user/a" },
    { "x ~a", "~a" }, { "x a~", "a~" },
    { "x a$", "a$" }, { "x 'a\nb'", "a\nb" }, { "x \"$HOME\"", "/home/user" },
    { "\t x  a  ", "a" }, { "x a>/dev/null", "a" }, { "x a;y", "a" },
    { "x a\\", "a\\" }, { "x a2>/dev/null", "a2" }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(good); i++) {
    ok(parse(good[i].line) == SFTP_OK && cmds[0].nwords == 2,
      "'%s' is read", good[i].line);
    if (cmds[0].nwords == 2) {
      is_str(cmds[0].words[1].text, good[i].word, "... as it should");
    }
  }
}

static void names_of_variables_end_where_they_do(void) {
  static const struct { const char *name, *rest; } good[] = {
    { "a", "" }, { "z", "" }, { "A", "" }, { "Z", "" }, { "_", "" },
    { "a0", "" }, { "a9", "" }, { "_Z", "" }, { "a", "/" }, { "a", ":" },
    { "a", "@" }, { "a", "[" }, { "a", "^" }, { "a", "{" }, { "a", "-" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(good); i++) {
    char line[64];

    asked[0] = '\0';
    snprintf(line, sizeof(line), "x \"$%s%s\"", good[i].name, good[i].rest);
    ok(parse(line) == SFTP_OK, "'%s' is read", line);
    is_str(asked, good[i].name, "... its variable is %s", good[i].name);
    is_str(cmds[0].words[1].text, good[i].rest, "... the rest is text");
  }

  asked[0] = '\0';
  ok(parse("x $1 $9a") == SFTP_OK && asked[0] == '\0',
    "no name begins with a digit");
}

static void patterns_are_those_that_stand_open(void) {
  ok(parse("x a* 'b*' \"c*\" d\\* e[1]'*'") == SFTP_OK, "wildcards");
  ok(cmds[0].words[1].pattern != NULL && cmds[0].words[2].pattern == NULL &&
    cmds[0].words[3].pattern == NULL && cmds[0].words[4].pattern == NULL,
    "only open ones make a pattern");
  is_str(cmds[0].words[5].pattern, "e[1]\\*", "quoted ones mean themselves");
}

static void commands_are_joined(void) {
  ok(parse("a && b || c; d | e\nf 2>&1 >/dev/null </dev/null;") == SFTP_OK,
    "a list of commands");
  is_int(ncmds, 6, "six of them");
  ok(cmds[0].when == EXEC_ALWAYS && cmds[1].when == EXEC_IF_OK &&
    cmds[2].when == EXEC_IF_FAILED && cmds[3].when == EXEC_ALWAYS &&
    cmds[4].when == EXEC_PIPED && cmds[5].when == EXEC_ALWAYS,
    "each knows when");
  ok(cmds[3].to_pipe && !cmds[4].to_pipe, "the pipe is one");
  ok(cmds[5].err_to_out && cmds[5].quiet_out && cmds[5].no_input,
    "/dev/null is served");
}

static void shells_are_not_served(void) {
  static const char *const bad[] = {
    "", " ", ";", "a | ", "| a", "a &&", "&& a", "a ||", "a &", "a $(b)",
    "a `b`", "a \"`b`\"", "a \"$(b)\"", "a ${b:-c}", "a ${", "a $(", "a 'b",
    "a \"b", "a \"b\\", "a > b", "a >> /etc/x", "a < b", "a >", "a 2> b",
    "(a)", "a ( b", ">/dev/null", "a > /dev/null/x", "a <<EOF"
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    ok(parse(bad[i]) == SFTP_ERR_FORMAT && why != NULL, "'%s' is refused",
      bad[i]);
  }
}

/* What is quoted is twice as long in a pattern. */
static void words_have_a_limit_after_expansion(void) {
  static const struct { size_t times; int res; const char *what; } tried[] = {
    { EXEC_LINE_MAX / 16 - 1, SFTP_OK, "a word and a pattern that fit" },
    { EXEC_LINE_MAX / 16, SFTP_ERR_FORMAT, "a pattern that is too long" },
    { EXEC_LINE_MAX / 8, SFTP_ERR_FORMAT, "a word that is too long, too" }
  };
  char *line = calloc(1, EXEC_LINE_MAX + 8);
  size_t i, k;

  for (i = 0; i < SFTP_NELEMS(tried); i++) {
    memcpy(line, "x ", 3);
    for (k = 0; k < tried[i].times; k++) {
      memcpy(line + 2 + 6 * k, "$STARS", 7);
    }

    is_int(parse(line), tried[i].res, "%s", tried[i].what);
  }

  free(line);
}

static void lines_have_a_limit(void) {
  char *line = calloc(1, EXEC_LINE_MAX + 8);
  size_t i;

  memset(line, 'a', EXEC_LINE_MAX + 1);
  ok(parse(line) == SFTP_ERR_FORMAT, "a line that is too long");
  line[0] = '\0';
  for (i = 0; i <= EXEC_COMMANDS_MAX; i++) {
    memcpy(line + 2 * i, "a;", 3);
  }

  ok(parse(line) == SFTP_ERR_FORMAT, "too many commands");
  line[2 * EXEC_COMMANDS_MAX] = '\0';
  ok(parse(line) == SFTP_OK && ncmds == EXEC_COMMANDS_MAX, "as many as may");
  for (i = 0; i <= EXEC_WORDS_MAX; i++) {
    memcpy(line + 2 * i, i % 100 == 99 ? "a;" : "a ", 3);
  }

  ok(parse(line) == SFTP_ERR_FORMAT, "too many words, of all commands");
  line[2 * EXEC_WORDS_MAX] = '\0';
  ok(parse(line) == SFTP_OK, "as many as may");
  for (i = 0; i <= EXEC_PATTERNS_MAX + 1; i++) {
    memcpy(line + 3 * i, i == 0 ? "x  " : "a* ", 4);
  }

  ok(parse(line) == SFTP_ERR_FORMAT, "too many patterns");
  line[3 * EXEC_PATTERNS_MAX + 3] = '\0';
  memcpy(line + strlen(line), ";a a*", 6);
  ok(parse(line) == SFTP_OK, "as many as may, and more for another command");
  free(line);
}

static void nothing_breaks_the_reader(void) {
  static const char alphabet[] = "a '\"\\$({|&;>2~*`\n";
  char line[8];
  unsigned int i, k, n;
  size_t base = sizeof(alphabet) - 1;

  for (i = 0; i < base * base * base * base; i += 3) {
    for (k = 0, n = i; k < 4; k++, n /= base) {
      line[k] = alphabet[n % base];
    }

    line[4] = '\0';
    (void) parse(line);
  }

  ok(true, "short lines of everything are read to their end");
}

/* ---- The service */

static const char *refused_why;

static bool start(const char *line) {
  void *svc;

  ch = fake_channel_new(&conn);
  svc = sftp_exec_start(&conn, ch, p, line, &refused_why);
  if (svc != NULL) {
    fake_channel_serve(ch, &sftp_exec_service, svc);
    (void) fake_channel_work(ch, 1000);
  }

  return svc != NULL;
}

static void says(const char *line, int status, const char *out,
    const char *err) {
  ok(start(line) && ch->finished && ch->status == status,
    "'%s' ends with %d", line, status);
  is_mem(ch->out, ch->out_len, out, strlen(out), "... its output");
  is_mem(ch->err, ch->err_len, err, strlen(err), "... its errors");
  fake_channel_free(ch);
}

static void commands_answer(void) {
  fake_fs_put("/home/user/a", "hello\n", 6, 0644);
  fake_fs_put("/home/user/b\\c", "", 0, 0644);
  fake_fs_dir("/home/user/d");
  says("pwd", 0, "/home/user\n", "");
  says("echo a 'b  c'", 0, "a b  c\n", "");
  says("echo -n a", 0, "a", "");
  says("echo -e 'a\\tb\\0101\\x41\\cz' c", 0, "a\tbAA", "");
  says("echo -z", 0, "-z\n", "");
  says("true", 0, "", "");
  says("id", 0, "uid=1000(user) gid=100(users) groups=100(users),7\n", "");
  says("id -u", 0, "1000\n", "");
  says("id -un user", 0, "user\n", "");
  says("id -g -n", 0, "users\n", "");
  says("id -G", 0, "100 7\n", "");
  says("id -Gn", 0, "users 7\n", "");
  says("id other", 1, "", "id: other: no such user\n");
  says("id -ug", 1, "", "id: -ug: this is not supported\n");
  says("test -e a && test -f a && test -d d && echo y", 0, "y\n", "");
  says("test -d a", 1, "", "");
  says("test -f d", 1, "", "");
  says("test -e no", 1, "", "");
  says("test -e ''", 1, "", "");
  says("test a", 2, "", "test: only -e, -d and -f with one path are "
    "supported\n");
  says("cd d; pwd; cd; pwd", 0, "/home/user/d\n/home/user\n", "");
  says("cd no || pwd", 0, "/home/user\n", "cd: no: No such file or "
    "directory\n");
  says("cd a && pwd", 1, "", "cd: a: Not a directory\n");
  says("true || echo a && echo b", 0, "b\n", "");
  says("cd no && echo a | md5sum; echo c", 0, "c\n", "cd: no: No such file "
    "or directory\n");
  says("md5sum a", 0, "b1946ac92492d2347c6235b4d2611184  a\n", "");
  says("md5sum -b /home/user/a", 0,
    "b1946ac92492d2347c6235b4d2611184 */home/user/a\n", "");
  says("md5sum 'b\\c'", 0, "\\d41d8cd98f00b204e9800998ecf8427e  b\\\\c\n", "");
  says("sha1sum --tag a", 0,
    "SHA1 (a) = f572d396fae9206628714fb2ce00f72e94f2258f\n", "");
  says("sha256sum a d", 1, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08"
    "286a2e846f6be03  a\n", "sha256sum: d: Is a directory\n");
  says("md5sum no 2>/dev/null", 1, "", "");
  fake_files.known_sha256 = (const unsigned char *)
    "0123456789abcdef0123456789abcdef";
  says("sha256sum a d; md5sum a; echo abc | sha256sum", 0,
    "3031323334353637383961626364656630313233343536373839616263646566  a\n"
    "b1946ac92492d2347c6235b4d2611184  a\n"
    "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb  -\n",
    "sha256sum: d: Is a directory\n");
  fake_files.known_sha256 = NULL;
  says("echo abc | md5sum", 0, "0bee89b07a248e27c83fc3d5951213c1  -\n", "");
  says("md5sum < /dev/null", 0, "d41d8cd98f00b204e9800998ecf8427e  -\n", "");
  says("df -k", 0, "Filesystem       1K-blocks        Used   Available Use% "
    "Mounted on\n-                     4000        2000        1600  56% /\n",
    "");
}

static void options_of_sums_and_sizes(void) {
  static const char sum[] = "d41d8cd98f00b204e9800998ecf8427e  b\\c";

  ok(start("md5sum --zero a") && ch->status == 0, "a sum with --zero");
  is_mem(ch->out, ch->out_len, "b1946ac92492d2347c6235b4d2611184  a", 36,
    "... ends with a NUL");
  fake_channel_free(ch);
  says("md5sum --zer a", 1, "", "md5sum: unrecognized option '--zer'\n");
  ok(start("md5sum -z 'b\\c'") && ch->status == 0, "a sum with -z");
  is_mem(ch->out, ch->out_len, sum, sizeof(sum),
    "... ends in a zero byte, so its name needs no escapes");
  fake_channel_free(ch);
  says("df -h", 0, "Filesystem      Size  Used Avail Use% Mounted on\n"
    "-               4.0M  2.0M  1.6M  56% /\n", "");
  says("df -H", 0, "Filesystem      Size  Used Avail Use% Mounted on\n"
    "-               4.1M  2.1M  1.7M  56% /\n", "");
  says("df -Pk", 0, "Filesystem     1024-blocks        Used   Available "
    "Capacity Mounted on\n-                     4000        2000        1600"
    "      56% /\n", "");
  says("df --block-size=1X a", 1, "", "df: invalid block size\n");
  says("df -B 0 a", 1, "", "df: invalid block size\n");
  says("echo -e '\\x6a\\x4fk\\x6F\\x7g'", 0, "jOko\ag\n", "");
  says("md5sum -x a", 1, "", "md5sum: invalid option -- 'x'\n");
  says("df --help", 1, "", "df: invalid option -- '-'\n");
}

static void echo_knows_its_escapes(void) {
  ok(start("echo -e '\\a\\b\\e\\f\\n\\r\\t\\v\\\\\\q\\'") &&
    ch->status == 0, "escapes");
  is_mem(ch->out, ch->out_len, "\a\b\033\f\n\r\t\v\\\\q\\\n", 13,
    "... all of them, and what is none");
  fake_channel_free(ch);
  says("echo -e '\\0607\\0678\\06' '\\xg\\x30F\\x3'", 0,
    "\20778\006 \\xg0F\003\n", "");
  says("echo -e '\\x:\\x/\\x@\\xG\\x`'", 0, "\\x:\\x/\\x@\\xG\\x`\n", "");
  says("echo -E -e '\\x41' -n", 0, "A -n\n", "");
  says("echo -eE '\\x41'", 0, "\\x41\n", "");
  says("echo -ne '\\x41'", 0, "A", "");
  says("echo - a", 0, "- a\n", "");
  says("echo", 0, "\n", "");
}

static void cd_takes_a_word(void) {
  says("cd -- d && pwd", 0, "/home/user/d\n", "");
  says("cd d && cd -- && pwd", 0, "/home/user\n", "");
  says("cd d && cd '' && pwd", 0, "/home/user/d\n", "");
}

static void patterns_become_names(void) {
  fake_fs_put("/home/user/g1", "", 0, 0644);
  fake_fs_put("/home/user/g2", "", 0, 0644);
  fake_fs_put("/home/user/d/g3", "", 0, 0644);
  says("echo g* x", 0, "g1 g2 x\n", "");
  says("echo /home/user/g*", 0, "/home/user/g1 /home/user/g2\n", "");
  says("echo d/g*", 0, "d/g3\n", "");
  says("cd d; echo g*", 0, "g3\n", "");
  says("echo h* 'g*'", 0, "h* g*\n", "");
  fake_files.glob_turns = 3;
  says("echo g* d/*", 0, "g1 g2 d/g3\n", "");
  fake_files.glob_turns = -1;
  ok(start("echo g*; echo x") && ch->finished && ch->status == 0,
    "a pattern that costs too much");
  is_mem(ch->out, ch->out_len, "x\n", 2, "... is not echoed");
  ok(ch->err_len > 0 && strncmp((const char *) ch->err, "echo: 'g*': ", 12) ==
    0, "... but named");
  fake_channel_free(ch);
  fake_files.glob_turns = 0;
}

static void variables_have_values(void) {
  says("echo $USER $LOGNAME; echo $HOME", 0, "user user\n/home/user\n", "");
  says("echo $PWD; echo \"$SHELL\"", 0, "/home/user\n\n", "");
}

static void names_are_quoted_where_needed(void) {
  static const char special[] = " \"$`;&|<>()*?[]{}#~!";
  const char *line, *err;
  size_t i;

  says("md5sum plain-_.:,%+@^=/x", 1, "", "md5sum: plain-_.:,%+@^=/x: No such "
    "file or directory\n");
  says("md5sum ''", 1, "", "md5sum: '': Is a directory\n");
  for (i = 0; i < sizeof(special) - 1; i++) {
    line = pstrcat(p, "md5sum 'n", pstrndup(p, special + i, 1), "'", NULL);
    err = pstrcat(p, "md5sum: ", line + 7, ": No such file or directory\n",
      NULL);
    says(line, 1, "", err);
  }
}

static void input_behind_the_end_is_dropped(void) {
  ok(start("true") && ch->finished, "a command ends");
  is_int(fake_channel_feed(ch, "more", 4), SFTP_OK, "more comes");
  is_int(fake_channel_left(ch), 0, "... and is dropped");
  fake_channel_free(ch);
}

static void dates_are_told(void) {
  (void) setenv("TZ", "XYZ-2", 1);
  tzset();
  says("date", 0, "Sun Sep  9 03:46:40 XYZ 2001\n", "");
  says("date -R", 0, "Sun, 09 Sep 2001 03:46:40 +0200\n", "");
  says("date -u -R", 0, "Sun, 09 Sep 2001 01:46:40 +0000\n", "");
  says("date --utc +%H%%", 0, "01%\n", "");
  says("date +%s --universal", 0, "999992800\n", "");
  says("date +", 0, "\n", "");
  says("date +%t%t%t", 0, "\t\t\t\n", "");
  says("date -s x", 1, "", "date: -s: this is not supported\n");
  says("date now", 1, "", "date: now: this is not supported\n");
  now = INT64_MAX;
  says("date", 1, "", "");
  now = 1000000000;
}

static void sums_that_fail_are_told(void) {
  static const char *const lines[] = { "md5sum a", "echo x | md5sum" };
  unsigned int n, steps;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(lines); i++) {
    sum_steps = 0;
    ok(start(lines[i]) && ch->status == 0, "'%s'", lines[i]);
    fake_channel_free(ch);
    steps = sum_steps;
    for (n = 1; n <= steps; n++) {
      sum_steps = 0;
      sum_fails_at = n;
      ok(start(lines[i]) && ch->finished && ch->status == 1 &&
        ch->out_len == 0 && ch->err_len > 0, "... step %u of %u fails", n,
        steps);
      sum_fails_at = 0;
      fake_channel_free(ch);
    }
  }

  ok(fake_files.files == 0 && fake_files.begun == fake_files.ended,
    "nothing stays open");
}

/* The second line of df, for a file system of so many bytes of which none is
 * free.
 */
static void df_says(const char *line, uint64_t bytes, const char *want) {
  struct statvfs fs = { .f_frsize = 1, .f_blocks = bytes };
  const char *second;

  fake_files.fs = &fs;
  ok(start(line) && ch->status == 0, "'%s' of %lu bytes", line,
    (unsigned long) bytes);
  second = memchr(ch->out, '\n', ch->out_len);
  second = second != NULL ? pstrndup(p, second + 1, ch->out_len - 1 -
    (size_t) (second - (const char *) ch->out)) : "";
  is_str(second, want, "... its line");
  fake_channel_free(ch);
  fake_files.fs = NULL;
}

#define DF_TEXT(size) "-               " size "  " size "     0 100% /\n"

static void sizes_are_rounded_up(void) {
  df_says("df -h", 1023, DF_TEXT("1023"));
  df_says("df -h", 1024, DF_TEXT("1.0K"));
  df_says("df -h", 1025, DF_TEXT("1.1K"));
  df_says("df -h", 10137, DF_TEXT("9.9K"));
  df_says("df -h", 10138, DF_TEXT(" 10K"));
  df_says("df -h", 10241, DF_TEXT(" 11K"));
  df_says("df -h", 1048576, DF_TEXT("1.0M"));
  df_says("df -h", 3221225472, DF_TEXT("3.0G"));
  df_says("df -H", 999, DF_TEXT(" 999"));
  df_says("df -H", 1000, DF_TEXT("1.0k"));
  df_says("df -H", 10001, DF_TEXT(" 11k"));
  df_says("df -H", 1000000, DF_TEXT("1.0M"));
  df_says("df -k", 1025, "-                        2           2           0 "
    "100% /\n");
  df_says("df -B1", UINT64_MAX / 100, "-              184467440737095516 "
    "184467440737095516           0 100% /\n");
  df_says("df -BG", 3221225472, "-                        3           3"
    "           0 100% /\n");
  df_says("df -BM", 3145728, "-                        3           3"
    "           0 100% /\n");
  df_says("df -h", 0, "-                  0     0     0    - /\n");
}

static void sizes_have_units(void) {
  static const struct { const char *words, *unit, *total; } rows[] = {
    { "-m", "1M", "4" }, { "-km", "1M", "4" }, { "-mk", "1K", "4000" },
    { "-B1", "1B", "4096000" }, { "-B 512", "512B", "8000" },
    { "-B999999", "999999B", "5" }, { "-B2K", "2K", "2000" },
    { "-Bk", "1k", "4000" }, { "--block-size=M", "1M", "4" },
    { "-BG", "1G", "1" }, { "--block-size=1000", "1000B", "4096" },
    { "-alk", "1K", "4000" }, { "-Pm", "1M", "4" }, { "-kP", "1024", "4000" }
  };
  static const char *const bad[] = { "-B", "-B1KB", "-B1T", "-B1000000X",
    "--block-size=", "-B9999999", "-B0K" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    const char *text, *head = pstrcat(p, " ", rows[i].unit, "-blocks ", NULL);

    ok(start(pstrcat(p, "df ", rows[i].words, NULL)) && ch->status == 0,
      "df %s", rows[i].words);
    text = pstrndup(p, (const char *) ch->out, ch->out_len);
    ok(strstr(text, head) != NULL && strstr(text, pstrcat(p, " ",
      rows[i].total, " ", NULL)) != NULL, "... counts in %s", rows[i].unit);
    fake_channel_free(ch);
  }

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    says(pstrcat(p, "df ", bad[i], NULL), 1, "", "df: invalid block size\n");
  }
}

/* More free than there is, and sizes in blocks of the other kind. */
static void strange_file_systems_are_told(void) {
  static const struct statvfs strange = { .f_bsize = 1024, .f_blocks = 10,
    .f_bfree = 20, .f_bavail = 5 }, even = { .f_frsize = 1024, .f_blocks = 10,
    .f_bfree = 10, .f_bavail = 10 }, third = { .f_frsize = 1024,
    .f_blocks = 3, .f_bfree = 2, .f_bavail = 2 };

  fake_files.fs = &strange;
  says("df -h a", 0, "Filesystem      Size  Used Avail Use% Mounted on\n"
    "-                10K     0  5.0K   0% /\n", "");
  fake_files.fs = &even;
  says("df -h -- a", 0, "Filesystem      Size  Used Avail Use% Mounted on\n"
    "-                10K     0   10K   0% /\n", "");
  fake_files.fs = &third;
  says("df a -h a", 0, "Filesystem      Size  Used Avail Use% Mounted on\n"
    "-               3.0K  1.0K  2.0K  34% /\n"
    "-               3.0K  1.0K  2.0K  34% /\n", "");
  fake_files.fs = NULL;
  says("df -- -h", 1, "", "df: -h: No such file or directory\n");
  says("df -", 1, "", "df: -: No such file or directory\n");
}

static void others_are_not_found(void) {
  says("ls", 127, "", "ls: command not found (this service is for file "
    "transfer only)\n");
  says("sh -c $(x)", 127, "", "sh: command not found (this service is for "
    "file transfer only)\n");
  says("echo $(x)", 1, "", "echo: substitutions are not supported\n");
  set.exec_commands = sftp_switch_defaults(sftp_exec_switch) &
    ~sftp_switch_find(sftp_exec_switch, "echo");
  says("echo x", 127, "", "echo: command not found (this service is for file "
    "transfer only)\n");
  set.exec_commands = sftp_switch_defaults(sftp_exec_switch);
  set.services = 0;
  ok(!start("true"), "nothing without a service");
  fake_channel_free(ch);
  set.services = SFTP_SERVICE_FL_SFTP|SFTP_SERVICE_FL_DATE;
}

static void the_gate_is_asked(void) {
  fake_files.deny[FTPD_DIGEST] = true;
  fake_files.refused = "denied by <Limit SITE_DIGEST>";
  says("md5sum a", 1, "", "md5sum: a: Permission denied (denied by <Limit "
    "SITE_DIGEST>)\n");
  fake_files.refused = "DigestMaxSize is 100 bytes";
  fake_files.deny_errno = EPERM;
  says("md5sum a", 1, "", "md5sum: a: Permission denied (DigestMaxSize is 100 "
    "bytes)\n");
  fake_files.refused = NULL;
  says("md5sum a", 1, "", "md5sum: a: Operation not permitted\n");
  fake_files.refused = "the name has a tab";
  fake_files.deny_errno = EINVAL;
  says("md5sum a", 1, "", "md5sum: a: Invalid argument (the name has a tab)"
    "\n");
  fake_files.deny_errno = 0;
  fake_files.refused = "denied by <Limit SITE_DIGEST>";
  fake_files.deny[FTPD_DIGEST] = false;
  fake_files.deny[FTPD_STATVFS] = true;
  says("df a", 1, "", "df: a: Permission denied (denied by <Limit "
    "SITE_DIGEST>)\n");
  fake_files.deny[FTPD_STATVFS] = false;
  is_int(fake_files.begun, fake_files.ended, "every operation was ended");
  is_int(fake_files.files, 0, "every file was closed");
}

static void input_of_the_client(void) {
  ok(start("md5sum") && !ch->finished, "md5sum waits for its input");
  (void) fake_channel_feed(ch, "hel", 3);
  (void) fake_channel_feed(ch, "lo\n", 3);
  ok(!ch->finished, "... to its end");
  (void) fake_channel_eof(ch);
  is_mem(ch->out, ch->out_len, "b1946ac92492d2347c6235b4d2611184  -\n", 36,
    "... and sums it up");
  ok(ch->finished && ch->status == 0, "... with status 0");
  fake_channel_free(ch);
  ok(start("md5sum"), "a client that goes away");
  fake_channel_free(ch);
}

/* What one turn does is bounded: others have channels, too. */
static void many_names_take_turns(void) {
  char *line = calloc(1, 4096);
  unsigned int i, lines = 0;
  size_t k;

  strcpy(line, "df");
  for (i = 0; i < 1000; i++) {
    strcat(line, " a");
  }

  ch = fake_channel_new(&conn);
  fake_channel_serve(ch, &sftp_exec_service, sftp_exec_start(&conn, ch, p,
    line, &refused_why));
  ok(!ch->finished && ch->out_len < 64 * 1024 / 8, "df of many names pauses");
  (void) fake_channel_work(ch, 1000);
  for (k = 0; k < ch->out_len; k++) {
    lines += ch->out[k] == '\n';
  }

  ok(ch->finished && ch->status == 0, "... and ends");
  is_int(lines, 1001, "... with a line for each, and one above them");
  fake_channel_free(ch);
  free(line);
}

static void large_files_take_turns(void) {
  static unsigned char block[1024 * 1024];
  char *all = calloc(1, 20 * sizeof(block));
  void *svc;

  fake_fs_put("/home/user/large", all, 20 * sizeof(block), 0644);
  free(all);
  ch = fake_channel_new(&conn);
  svc = sftp_exec_start(&conn, ch, p, "md5sum large", &refused_why);
  fake_channel_serve(ch, &sftp_exec_service, svc);
  ok(!ch->finished && fake_channel_work(ch, 100) >= 2 && ch->finished,
    "a large file takes several turns");
  is_mem(ch->out, ch->out_len, "8f4e33f3dc3e414ff94e5fb6905cba8c  large\n",
    40, "... and its sum is right");
  fake_channel_free(ch);

  ch = fake_channel_new(&conn);
  svc = sftp_exec_start(&conn, ch, p, "md5sum large", &refused_why);
  fake_channel_serve(ch, &sftp_exec_service, svc);
  fake_channel_free(ch);
  ok(fake_files.files == 0 && fake_files.begun == fake_files.ended,
    "a channel that closes in the middle leaves nothing open");
}

static void slow_files_take_small_turns(void) {
  void *svc;

  fake_files.portion = 3;
  ch = fake_channel_new(&conn);
  svc = sftp_exec_start(&conn, ch, p, "md5sum a", &refused_why);
  fake_channel_serve(ch, &sftp_exec_service, svc);
  ok(!ch->finished && fake_channel_work(ch, 100) >= 2 && ch->finished,
    "a file that TransferRate holds back takes several turns");
  is_mem(ch->out, ch->out_len, "b1946ac92492d2347c6235b4d2611184  a\n", 36,
    "... and its sum is right");
  fake_channel_free(ch);
  fake_files.portion = 0;
}

/* A command is known by its row alone. */
static void each_command_has_its_bit(void) {
  struct sftp_switch s;
  unsigned long seen = 0;
  size_t i;

  for (i = 0; sftp_exec_switch(i, &s); i++) {
    ok(s.bit != 0 && (s.bit & (s.bit - 1)) == 0 && (seen & s.bit) == 0,
      "%s has a bit, which no other has", s.word);
    ok(sftp_switch_find(sftp_exec_switch, s.word) == s.bit,
      "... and is found by its word");
    seen |= s.bit;
    set.exec_commands = ~s.bit;
    ok(start(s.word) && ch->finished && ch->status == 127,
      "... which switches it off");
    fake_channel_free(ch);
    set.exec_commands = s.bit;
    ok(start(s.word) && !(ch->finished && ch->status == 127), "... and on");
    fake_channel_free(ch);
  }

  set.exec_commands = sftp_switch_defaults(sftp_exec_switch);
  ok(set.exec_commands == seen && i > 5, "all are on by default");
}

/* Calls of the daemon that fail, one after the other. */
static void calls_that_fail_are_told(void) {
  static const struct { const char *line; unsigned int lax; } rows[] = {
    { "md5sum a", 1 }, { "sha256sum a a", 2 }, { "df a", 0 },
    { "test -f a", 0 }, { "cd d", 0 }
  };
  char good[512];
  size_t i, len;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    unsigned int calls, n, lax = 0, silent = 0;

    fake_files.calls = 0;
    (void) start(rows[i].line);
    calls = fake_files.calls;
    len = ch->out_len < sizeof(good) ? ch->out_len : sizeof(good);
    if (len > 0) {
      memcpy(good, ch->out, len);
    }

    fake_channel_free(ch);
    for (n = 1; n <= calls; n++) {
      fake_files.calls = 0;
      fake_files.fail_at = n;
      (void) start(rows[i].line);
      fake_files.fail_at = 0;
      if (ch->finished && ch->status == 0 && ch->out_len == len &&
          (len == 0 || memcmp(ch->out, good, len) == 0)) {
        lax++;

      } else {
        silent += !ch->finished || ch->status == 0 ||
          (ch->err_len == 0 && strncmp(rows[i].line, "test", 4) != 0);
      }

      fake_channel_free(ch);
    }

    is_int(silent, 0, "'%s': what fails of %u calls is told", rows[i].line,
      calls);
    is_int(lax, rows[i].lax, "... but for those that do not matter");
  }

  ok(fake_files.files == 0 && fake_files.begun == fake_files.ended,
    "nothing stays open");
}

int main(void) {
  p = make_sub_pool(NULL);
  fake_fs_reset();
  set.services = SFTP_SERVICE_FL_SFTP|SFTP_SERVICE_FL_DATE;
  set.exec_commands = sftp_switch_defaults(sftp_exec_switch);
  conn.pool = p;
  conn.set = &set;
  words_are_read_as_a_shell_would();
  names_of_variables_end_where_they_do();
  patterns_are_those_that_stand_open();
  commands_are_joined();
  shells_are_not_served();
  words_have_a_limit_after_expansion();
  lines_have_a_limit();
  nothing_breaks_the_reader();
  commands_answer();
  options_of_sums_and_sizes();
  echo_knows_its_escapes();
  cd_takes_a_word();
  patterns_become_names();
  variables_have_values();
  names_are_quoted_where_needed();
  input_behind_the_end_is_dropped();
  dates_are_told();
  sums_that_fail_are_told();
  sizes_are_rounded_up();
  sizes_have_units();
  strange_file_systems_are_told();
  each_command_has_its_bit();
  others_are_not_found();
  the_gate_is_asked();
  input_of_the_client();
  many_names_take_turns();
  large_files_take_turns();
  slow_files_take_small_turns();
  calls_that_fail_are_told();
  destroy_pool(p);
  return done_testing();
}
