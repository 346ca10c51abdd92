/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-hidden-t.c -- HiddenStores: temporary files of sessions that run, of
 * those that have ended, and of others.  The other session is a child.
 */

#include "daemon.h"
#include "ftpd-attrs.h"
#include "ftpd-conf.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-hidden.h"
#include "ftpd-locks.h"
#include "ftpd-path.h"
#include "ftpd-quota.h"
#include "tap.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fake/ftpd-log.h"

module sftp_module;
char ServerType = SERVER_STANDALONE;

static pool *p;
static struct ftpd ftpd;
static struct op_state state;
static struct ftpd_op op = { .ftpd = &ftpd };
static char top[] = "/tmp/ftpd-hidden-XXXXXX";
static bool plain = true, local = true, used, no_unlink, no_stat;
static unsigned int gone, held;
static config_rec *matched;

void sftp_random(void *to, size_t len) {
  memset(to, 7, len);
}

struct op_state *ftpd_op_state(struct ftpd_op *one) {
  (void) one;
  return &state;
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  return lstat(path, st);
}

int pr_fsio_stat(const char *path, struct stat *st) {
  return no_stat ? -1 : stat(path, st);
}

int pr_fsio_unlink(const char *path) {
  errno = EROFS;
  return no_unlink ? -1 : unlink(path);
}

int pr_fs_clear_cache2(const char *path) {
  (void) path;
  return 0;
}

int ftpd_hold(const char *path) {
  (void) path;
  held++;
  return 0;
}

int ftpd_let_go(int res) {
  return res;
}

const char *ftpd_held_name(const char *path) {
  return path;
}

bool ftpd_fs_member(pr_fs_t *fs, size_t offset) {
  (void) fs;
  (void) offset;
  return plain;
}

pr_fs_t *ftpd_fs_of(const char *path) {
  (void) path;
  return NULL;
}

bool ftpd_lock_is_local(int fd) {
  (void) fd;
  return local;
}

bool ftpd_open_lock_used(int fd) {
  (void) fd;
  return used;
}

void ftpd_quota_gone(struct ftpd *h, const char *path, const struct stat *st) {
  (void) h;
  gone += *path == '/' && st->st_size == 4;
}

char *pr_fs_decode_path(pool *in, const char *path) {
  return pstrdup(in, path);
}

char *dir_best_path(pool *in, const char *path) {
  return *path == '/' ? pstrdup(in, path) : NULL;
}

config_rec *dir_match_path(pool *in, char *path) {
  (void) in;
  (void) path;
  return matched;
}

const char *sreplace(pool *in, const char *text, ...) {
  const char *at = strstr(text, "%P");
  const char *pid;
  va_list ap;

  va_start(ap, text);
  (void) va_arg(ap, const char *);
  pid = va_arg(ap, const char *);
  va_end(ap);
  return at == NULL ? text : pstrcat(in, pstrndup(in, text,
    (size_t) (at - text)), pid, at + 2, NULL);
}

/* ---- Another session: a child that has taken a name */

static const char *at(const char *name) {
  return pstrcat(p, top, "/", name, NULL);
}

static int take(const char *path) {
  state.mark = 0;
  errno = 0;
  daemon_refused = NULL;
  return ftpd_hidden_take(&op, path);
}

/* What it could do: 0 if it has the name, else the errno. */
static int other_takes(const char *path) {
  int status = -1;
  pid_t pid = fork();

  if (pid == 0) {
    daemon_files.open = NULL;
    _exit(take(path) == 0 ? 0 : errno);
  }

  (void) waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

static void names_are_taken_once(void) {
  off_t first, second;

  is_int(take(at("x")), 0, "a name");
  first = state.mark;
  ok(first > 0, "has a mark");
  is_int(other_takes(at("x")), EAGAIN, "which another session sees");
  is_int(other_takes(at("y")), 0, "another name is free");
  is_int(take(at("y")), 0, "here as well");
  second = state.mark;
  ok(second > 0 && second != first, "with a mark of its own");
  is_int(take(pstrcat(p, "/", strrchr(at("x"), '/') + 1, NULL)), 0,
    "a directory above all");
  ok(state.mark > 0 && state.mark != first, "is another one");
  errno = ENOSPC;
  ftpd_hidden_free(state.mark);
  is_int(errno, ENOSPC, "errno stays");
  ftpd_hidden_free(0);
  is_int(other_takes(at("x")), EAGAIN, "a mark of 0 is none");
  ftpd_hidden_free(first);
  is_int(other_takes(at("x")), 0, "an end");
  is_int(other_takes(at("y")), EAGAIN, "of one of them");
  ftpd_hidden_free(second);
  state.mark = 5;
  is_int(ftpd_hidden_take(&op, at("x")), 0, "who has one");
  is_int(state.mark, 5, "keeps it");
  no_stat = true;
  is_int(take(at("x")), 0, "a directory that cannot be seen");
  is_int(state.mark, 0, "has no marks");
  no_stat = false;
  is_int(take("x"), 0, "nor has a name alone");
  is_int(state.mark, 0, "of no directory");
}

static void own_uploads_are_seen(void) {
  struct ftpd_file one = { .hidden = at("x") }, two = { .next = &one };

  daemon_files.open = &two;
  is_int(take(at("x")), -1, "this session has it");
  is_int(errno, EAGAIN, "now");
  ok(daemon_refused != NULL && strcmp(daemon_refused,
    "'x' is a file that this session is already uploading") == 0, "why");
  is_int(take(at("y")), 0, "another name");
  ftpd_hidden_free(state.mark);
  daemon_files.open = NULL;
}

/* ---- What is left */

static int on = TRUE, off = FALSE;

static config_rec *configure(int *is_on, const char *prefix,
    const char *suffix) {
  const char *words[] = { "", prefix, suffix, NULL };
  config_rec *c;

  daemon_forget_config();
  c = daemon_add_words("HiddenStores", words);
  c->argv[0] = is_on;
  return c;
}

static void make(const char *name) {
  int fd = open(at(name), O_WRONLY|O_CREAT|O_TRUNC, 0600);

  if (fd < 0 || write(fd, "data", 4) != 4 || close(fd) < 0) {
    bail_out("no file: %s", strerror(errno));
  }
}

static bool is_there(const char *name) {
  struct stat st;

  return lstat(at(name), &st) == 0;
}

static int clear(const char *path) {
  state.mark = 0;
  state.equivalent = pr_cmd_alloc(p, 1, C_STOR);
  if (path != NULL) {
    (void) pr_table_add(state.equivalent->notes, "mod_xfer.store-path", path,
      0);
  }

  errno = 0;
  gone = 0;
  daemon_refused = NULL;
  return ftpd_hidden_clear(&op);
}

/* Whether it is refused with that errno, and stays. */
static bool refuses(int err, const char *why) {
  bool good = clear(at("f")) == -1 && errno == err && daemon_refused != NULL &&
    strstr(daemon_refused, why) != NULL && is_there(".in.f.");

  if (!good) {
    printf("# %s: %s\n", strerror(errno), daemon_refused != NULL ?
      daemon_refused : "(not refused)");
  }

  ftpd_hidden_free(state.mark);
  return good;
}

static void what_is_left_is_removed(void) {
  (void) configure(&on, ".in.", ".");
  session.uid = session.fsuid = geteuid();
  make(".in.f.");
  is_int(clear(at("f")), 0, "a file of a session that has ended");
  ok(!is_there(".in.f.") && gone == 1 && state.mark > 0, "is removed");
  ok(fake_log_has("(4 bytes), left by a session that ended"), "and logged");
  is_int(other_takes(at(".in.f.")), EAGAIN, "its name is taken");
  ftpd_hidden_free(state.mark);
  is_int(clear(at("f")), 0, "no file");
  ftpd_hidden_free(state.mark);
  plain = false;
  make(".in.f.");
  used = true;
  is_int(clear(at("f")), 0, "another file system knows no uses");
  ftpd_hidden_free(state.mark);
  plain = true;
  used = false;
  (void) configure(&on, ".%P.", "-%P");
  session.pid = 123;
  make(".123.f-123");
  is_int(clear(at("f")), 0, "names may have a number");
  ok(!is_there(".123.f-123"), "the session's");
  ftpd_hidden_free(state.mark);
}

static void what_may_be_used_stays(void) {
  (void) configure(&on, ".in.", ".");
  make(".in.f.");
  used = true;
  ok(refuses(EEXIST, "is in use by a session"), "a file that is used");
  used = false;
  local = false;
  ok(refuses(EEXIST, "network"), "a network");
  local = true;
  no_unlink = true;
  ok(refuses(EROFS, "cannot be removed"), "a file that cannot be removed");
  no_unlink = false;
  session.uid = session.fsuid = geteuid() + 1;
  ok(refuses(EEXIST, "another user's"), "that of another user");
  session.fsuid = geteuid();
  is_int(link(at(".in.f."), at("second")), 0, "(a name)");
  ok(refuses(EEXIST, "one with other names"), "one with two names");
  (void) unlink(at("second"));
  (void) unlink(at(".in.f."));
  is_int(symlink("x", at(".in.f.")), 0, "(a link)");
  ok(refuses(EEXIST, "not a file"), "a link");
  (void) unlink(at(".in.f."));
  make(".in.f.");
  session.uid = geteuid();
  session.fsuid = geteuid() + 1;
  is_int(clear(at("f")), 0, "either user id may own it");
  ftpd_hidden_free(state.mark);
  session.fsuid = geteuid();
}

static void others_may_be_uploading(void) {
  int to[2], from[2], status;
  char byte;
  pid_t pid;

  make(".in.f.");
  if (pipe(to) < 0 || pipe(from) < 0) {
    bail_out("no pipe");
  }

  pid = fork();
  if (pid == 0) {
    (void) close(to[1]);
    byte = take(at(".in.f.")) == 0 ? 'y' : 'n';
    (void) !write(from[1], &byte, 1);
    (void) !read(to[0], &byte, 1);
    _exit(0);
  }

  (void) close(to[0]);
  is_int(read(from[0], &byte, 1), 1, "another session");
  is_int(byte, 'y', "uploads");
  ok(refuses(EAGAIN, "another session is uploading"), "it stays");
  (void) close(to[1]);
  (void) waitpid(pid, &status, 0);
  is_int(clear(at("f")), 0, "until that has ended, however it did");
  ftpd_hidden_free(state.mark);
  (void) close(from[0]);
  (void) close(from[1]);
}

static void without_the_directive_nothing_is_left(void) {
  config_rec *c = configure(&off, ".in.", ".");

  make(".in.f.");
  is_int(clear(at("f")), -1, "off");
  is_int(errno, EEXIST, "is as in FTP");
  c = configure(&on, ".in.", ".");
  c->argc = 2;
  is_int(clear(at("f")), -1, "half of a name");
  (void) configure(&on, ".in.", ".");
  is_int(clear("f"), -1, "no directory");
  is_int(clear(NULL), -1, "no path");
  daemon_forget_config();
  is_int(clear(at("f")), -1, "no directive");
  ok(is_there(".in.f."), "it stays");
  (void) configure(&on, ".in.", ".");
  no_stat = true;
  is_int(clear(at("f")), -1, "no mark");
  ok(daemon_refused != NULL && strstr(daemon_refused, "it is unknown") != NULL,
    "is a reason");
  no_stat = false;
  (void) unlink(at(".in.f."));
}

/* ---- Sessions of FTP */

static void ftp_takes_names_too(void) {
  cmd_rec *cmd = pr_cmd_alloc(make_sub_pool(p), 1, C_STOR);

  (void) configure(&on, ".in.", ".");
  cmd->arg = pstrdup(p, at("f"));
  ftpd_hidden_pre(cmd);
  is_int(other_takes(at(".in.f.")), EAGAIN, "an upload");
  destroy_pool(cmd->pool);
  is_int(other_takes(at(".in.f.")), 0, "and its end");
  cmd = pr_cmd_alloc(make_sub_pool(p), 1, C_STOR);
  cmd->arg = pstrdup(p, "f");
  ftpd_hidden_pre(cmd);
  cmd->arg = pstrdup(p, at("f"));
  (void) configure(&off, ".in.", ".");
  ftpd_hidden_pre(cmd);
  is_int(other_takes(at(".in.f.")), 0, "no path, or no directive");
  destroy_pool(cmd->pool);
}

/* ---- The memory of the names */

static void the_memory_outlives_the_module(void) {
  const char *before = pstrdup(p, getenv("MOD_SFTP_UPLOADS"));
  int status = -1, fd = atoi(before);
  pid_t pid;

  ok(fd >= 10, "a descriptor that daemons do not close");
  is_int(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC, "nor give away");
  ftpd_hidden_init();
  is_str(getenv("MOD_SFTP_UPLOADS"), before, "it stays the same");
  pid = fork();
  if (pid == 0) {
    ServerType = SERVER_INETD;
    (void) unsetenv("MOD_SFTP_UPLOADS");
    ftpd_hidden_init();
    _exit(getenv("MOD_SFTP_UPLOADS") != NULL ? 1 : 0);
  }

  (void) waitpid(pid, &status, 0);
  is_int(WEXITSTATUS(status), 0, "inetd has none");
}

/* Before the first start: what the environment may say. */
static void environments_are_checked(void) {
  static const unsigned char key[crypto_shorthash_KEYBYTES];
  int good = memfd_create("x", 0), bad = memfd_create("x", 0);
  char text[64];
  struct stat st;
  int i, status;

  if (good < 0 || bad < 0 || write(good, key, sizeof(key)) < 0 ||
      write(bad, key, sizeof(key) - 1) < 0) {
    bail_out("no memory: %s", strerror(errno));
  }

  for (i = 0; i < 4; i++) {
    pid_t pid;

    (void) fstat(i == 1 ? bad : good, &st);
    snprintf(text, sizeof(text), i == 3 ? "%d" : "%d:%llu", i == 1 ? bad :
      good, (unsigned long long) st.st_ino + (i == 2));
    (void) setenv("MOD_SFTP_UPLOADS", text, 1);
    pid = fork();
    if (pid == 0) {
      ftpd_hidden_init();
      _exit(strcmp(getenv("MOD_SFTP_UPLOADS"), text) == 0 ? 1 : 0);
    }

    (void) waitpid(pid, &status, 0);
    is_int(WEXITSTATUS(status), i == 0 ? 1 : 0, i == 0 ? "an earlier memory" :
      i == 1 ? "another size" : i == 2 ? "another file" : "no file");
  }

  (void) unsetenv("MOD_SFTP_UPLOADS");
  is_int(take(at("x")), 0, "without memory");
  is_int(state.mark, 0, "nothing is locked");
  (void) close(good);
  (void) close(bad);
}

int main(void) {
  p = daemon_files.pool = op.pool = make_sub_pool(NULL);
  main_server = pcalloc(p, sizeof(*main_server));
  if (mkdtemp(top) == NULL) {
    bail_out("no directory: %s", strerror(errno));
  }

  environments_are_checked();
  ftpd_hidden_init();
  the_memory_outlives_the_module();
  names_are_taken_once();
  own_uploads_are_seen();
  what_is_left_is_removed();
  what_may_be_used_stays();
  others_may_be_uploading();
  without_the_directive_nothing_is_left();
  ftp_takes_names_too();
  (void) rmdir(top);
  destroy_pool(p);
  return done_testing();
}
