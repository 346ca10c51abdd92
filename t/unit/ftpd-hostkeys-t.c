/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-hostkeys-t.c -- the keys of a virtual host: from files, agents and
 * <Global>, with their certificates and passphrases, also after a reload.
 */

#include "daemon.h"

#include "base64.h"
#include "cert.h"
#include "crypto.h"
#include "ftpd-hostkeys.h"
#include "ftpd-hostload.h"
#include "ftpd-kept.h"
#include "ftpd-keyfile.h"
#include "ftpd-log.h"
#include "ftpd-parent-files.h"
#include "ftpd-run.h"
#include "ftpd-secret.h"
#include "keys.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define CERT_TYPE "ssh-ed25519-cert-v01@openssh.com"

module sftp_module;

static pool *p;
static xaset_t conf;
static server_rec server = { .ServerName = "Here", .ServerPort = 22,
  .conf = &conf };
static struct sftp_settings set;

/* ---- Files of the system */

static struct file {
  const char *path;
  struct sftp_str text;
  mode_t mode;
  time_t changed;
} files[8];

static unsigned int nopened;

static struct file *file_at(const char *path) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(files); i++) {
    if (files[i].path != NULL && strcmp(files[i].path, path) == 0) {
      return &files[i];
    }
  }

  return NULL;
}

static void put_file(const char *path, struct sftp_str text) {
  struct file *f = file_at(path);
  size_t i;

  for (i = 0; f == NULL; i++) {
    f = files[i].path == NULL ? &files[i] : NULL;
  }

  f->path = path;
  f->text = text;
  f->mode = S_IFREG|0600;
  f->changed++;
}

int ftpd_keyfile_open(pool *in, const char *path,
    const struct ftpd_keyfile_rule *rule, struct stat *st, const char **why) {
  struct file *f = file_at(path);

  (void) in;
  ok(rule->insecure && rule->user == NULL && rule->max > 0, "others check");
  if (f == NULL || f->text.ptr == NULL) {
    *why = f != NULL ? "it is broken" : NULL;
    errno = ENOENT;
    return -1;
  }

  memset(st, 0, sizeof(*st));
  st->st_mode = f->mode;
  st->st_size = (off_t) f->text.len;
  st->st_mtim.tv_sec = f->changed;
  st->st_ino = (ino_t) (f - files + 1);
  nopened++;
  return (int) (f - files);
}

int ftpd_keyfile_whole(pool *in, int fd, off_t size, struct sftp_str *text) {
  unsigned char *copy = palloc(in, (size_t) size + 1);

  memcpy(copy, files[fd].text.ptr, (size_t) size);
  copy[size] = '\0';
  text->ptr = copy;
  text->len = (size_t) size;
  return 0;
}

/* ---- What the daemon keeps over reloads */

static bool reloading;
static struct ftpd_kept kept[8];
static unsigned int nkept, nputs;

bool ftpd_kept_reloading(void) {
  return reloading;
}

const struct ftpd_kept *ftpd_kept_find(const char *path) {
  unsigned int i;

  for (i = 0; i < nkept; i++) {
    if (strcmp(kept[i].path, path) == 0) {
      return &kept[i];
    }
  }

  return NULL;
}

void ftpd_kept_put(const struct ftpd_kept *good) {
  struct ftpd_kept *k = (struct ftpd_kept *) ftpd_kept_find(good->path);

  k = k != NULL ? k : &kept[nkept++];
  k->path = pstrdup(p, good->path);
  k->text.ptr = memcpy(palloc(p, good->text.len), good->text.ptr,
    good->text.len);
  k->text.len = good->text.len;
  k->phrase = good->phrase != NULL ? pstrdup(p, good->phrase) : NULL;
  nputs++;
}

/* ---- Logs */

static char said[4096];

void ftpd_log_server(server_rec *s, int level, const char *fmt, ...) {
  size_t n = strlen(said);
  va_list ap;

  (void) s;
  (void) level;
  va_start(ap, fmt);
  vsnprintf(said + n, sizeof(said) - n, fmt, ap);
  va_end(ap);
  n = strlen(said);
  snprintf(said + n, sizeof(said) - n, "\n");
}

static bool has_said(const char *text) {
  if (strstr(said, text) == NULL) {
    diag("%s", said);
    return false;
  }

  return true;
}

void pr_log_debug(int level, const char *fmt, ...) {
  (void) level;
  (void) fmt;
  sftp_log("debug");
}

/* ---- Passphrases: a program, or a terminal */

static const char *phrases[4];  /* of one attempt after another */
static unsigned int nphrases;
static const char *run_why, *run_err;
static char run_argv[200];   /* its words */

const char *ftpd_run(pool *in, const struct ftpd_run *r,
    struct ftpd_output *o) {
  const char *text = phrases[nphrases < 3 ? nphrases : 3];

  nphrases++;
  snprintf(run_argv, sizeof(run_argv), "%s %s %s%s", r->argv[0], r->argv[1],
    r->argv[2], r->argv[3] == NULL ? "" : " and more");
  memset(o, 0, sizeof(*o));
  text = text != NULL ? text : "";
  o->len = o->size = strcmp(text, "nul") == 0 ? 5 : strlen(text);
  o->text = pcalloc(in, o->size + 8);
  memcpy(o->text, text, strlen(text));
  if (run_err != NULL) {
    snprintf(o->err, sizeof(o->err), "%s", run_err);
    o->errlen = strlen(run_err);
  }

  return run_why;
}

static const char *typed;       /* NULL: no terminal */
static bool no_tty;             /* it is not one */
static int tty = -1;
static tcflag_t echo;

int open(const char *path, int flags, ...) {
  int fd[2];
  va_list ap;

  /* What the compiler adds to programs opens files, too. */
  if (strcmp(path, "/dev/tty") != 0) {
    va_start(ap, flags);
    fd[0] = openat(AT_FDCWD, path, flags, va_arg(ap, unsigned int));
    va_end(ap);
    return fd[0];
  }

  if (typed == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0) {
    errno = ENXIO;
    return -1;
  }

  (void) !write(fd[1], typed, strlen(typed));
  (void) shutdown(fd[1], SHUT_WR);
  if (tty >= 0) {
    (void) close(tty);
  }

  tty = fd[1];
  return fd[0];
}

int tcgetattr(int fd, struct termios *t) {
  (void) fd;
  memset(t, 0, sizeof(*t));
  t->c_lflag = ECHO;
  return no_tty ? -1 : 0;
}

int tcsetattr(int fd, int when, const struct termios *t) {
  (void) fd;
  (void) when;
  echo = t->c_lflag;
  return 0;
}

/* ---- An agent: its answers, one after another */

static struct sftp_str answers[3];
static unsigned int nanswers;
static int agent_fd = -1, connect_errno;

int socket(int domain, int type, int protocol) {
  int fd[2];

  if (domain != AF_UNIX || (type & SOCK_CLOEXEC) == 0 ||
      socketpair(AF_UNIX, SOCK_STREAM, protocol, fd) < 0) {
    errno = EPERM;
    return -1;
  }

  if (agent_fd >= 0) {
    (void) close(agent_fd);
  }

  agent_fd = fd[1];
  return fd[0];
}

int connect(int fd, const struct sockaddr *addr, socklen_t len) {
  unsigned char head[4];
  unsigned int i;

  (void) fd;
  (void) addr;
  (void) len;
  errno = connect_errno;
  if (connect_errno != 0) {
    return -1;
  }

  for (i = 0; i < nanswers; i++) {
    sftp_put_u32(head, (uint32_t) answers[i].len);
    if (answers[i].ptr != NULL) {
      (void) !write(agent_fd, head, 4);
      (void) !write(agent_fd, answers[i].ptr, answers[i].len);
    }
  }

  (void) shutdown(agent_fd, SHUT_WR);
  return 0;
}

/* ---- Certificates: the byte behind the type says what they are */

static struct sftp_key *ed, *ed_pkcs8, *rsa;
static bool cert_denied;

int sftp_cert_read(pool *in, struct sftp_str blob, const char *ca_algs,
    struct sftp_cert **cert, const char **why) {
  unsigned char what = blob.ptr[blob.len - 1];

  ok(ca_algs != NULL && *ca_algs != '\0', "authorities sign with algorithms");
  if (what == 'b') {
    *why = cert_denied ? "a reason" : NULL;
    return SFTP_ERR_FORMAT;
  }

  *cert = pcalloc(in, sizeof(**cert));
  (*cert)->kind = what == 'u' ? CERT_USER : CERT_HOST;
  (*cert)->key = what == 'r' ? rsa : ed;
  (*cert)->serial = what;
  return SFTP_OK;
}

const char *sftp_cert_objection(pool *in, const struct sftp_cert *cert,
    enum sftp_cert_kind kind, uint64_t now) {
  (void) in;
  return kind == CERT_HOST && now > 0 && cert->serial == 'x' ?
    "it has expired" : NULL;
}

static const char *cert_line(char what) {
  struct sftp_wr w;

  sftp_wr_init(&w, p, 64, 1024);
  sftp_wr_string(&w, CERT_TYPE, strlen(CERT_TYPE));
  sftp_wr_u8(&w, (uint8_t) what);
  return pstrcat(p, CERT_TYPE, " ", sftp_base64_encode(p, sftp_wr_get(&w),
    true), "\n", NULL);
}

/* ---- The tests */

static struct sftp_str data(const char *name) {
  const char *dir = getenv("srcdir");
  char *text = palloc(p, 8192);
  FILE *f = fopen(pstrcat(p, dir != NULL ? dir : "..", "/t/data/keys/", name,
    NULL), "r");
  size_t n = f != NULL ? fread(text, 1, 8192, f) : 0;

  if (f == NULL || n == 0) {
    bail_out("no key '%s'", name);
  }

  (void) fclose(f);
  return (struct sftp_str) { (unsigned char *) text, n };
}

static struct sftp_key *key_of(struct sftp_str text) {
  struct sftp_key *key = NULL;
  const char *why = NULL;

  if (sftp_key_from_file(p, text, NULL, &key, &why) != SFTP_OK) {
    bail_out("no key: %s", why != NULL ? why : "?");
  }

  return key;
}

static struct sftp_str str_of(const char *t) {
  return sftp_str_of(t);
}

static void add(const char *form, const char *global) {
  const char *const words[] = { form, global, NULL };

  (void) daemon_add_words("SFTPHostKey", words);
}

static void add_cert(const char *path, const char *global) {
  const char *const words[] = { path, global, NULL };

  (void) daemon_add_words("SFTPHostCertificate", words);
}

static void begin(void) {
  ftpd_hostkeys_free();
  daemon_forget_config();
  memset(files, 0, sizeof(files));
  memset(&set, 0, sizeof(set));
  memset(phrases, 0, sizeof(phrases));
  put_file("/ed", data("ed25519"));
  put_file("/ed2", data("ed25519-pkcs8"));
  put_file("/rsa", data("rsa"));
  put_file("/ec", data("ecdsa256"));
  put_file("/closed", data("ed25519-aes128-ctr"));
  reloading = no_tty = cert_denied = false;
  nkept = nputs = nphrases = nopened = nanswers = 0;
  run_why = run_err = typed = NULL;
  connect_errno = 0;
  said[0] = '\0';
  fake_log_reset();
  main_server = &server;
}

static int load(bool starting) {
  said[0] = '\0';
  return ftpd_hostkeys_load(p, &server, &set, starting);
}

/* The types of the keys, joined by commas. */
static const char *types(void) {
  const char *all = "";
  unsigned int i;

  for (i = 0; i < set.nhost_keys; i++) {
    all = pstrcat(p, all, *all != '\0' ? "," : "",
      set.host_keys[i]->type->name, NULL);
  }

  return all;
}

static void keys_are_read(void) {
  begin();
  add("/ed", "");
  add("/rsa", "");
  is_int(load(true), 0, "two files");
  is_str(types(), "ssh-ed25519,ssh-rsa", "two keys");
  is_int(nputs, 2, "are kept");
  ok(set.host_keys[0]->is_private, "with their private parts");
  nopened = 0;
  is_int(load(false), 0, "a session");
  ok(nopened == 0 && set.nhost_keys == 2, "has them");
  is_int(load(true), 0, "another virtual host");
  ok(nopened == 2 && nputs == 2, "looks at the same files");
  put_file("/ed", data("ed25519-pkcs8"));
  is_int(load(true), 0, "another file");
  is_int(nputs, 3, "is another key");
  begin();
  add("/absent", "");
  add("/ed", "");
  is_int(load(true), 1, "a file that is missing");
  ok(has_said("unable to use SFTPHostKey '/absent': No such file"),
    "... is a fault");
  put_file("/absent", (struct sftp_str) { NULL, 0 });
  is_int(load(true), 1, "one that is broken");
  ok(has_said("'/absent': it is broken"), "... has a reason");
  is_int(load(false), 1, "... in a session, too");
  put_file("/absent", str_of("no key\n"));
  is_int(load(true), 1, "one that is no key");
  is_str(types(), "ssh-ed25519", "the other one is used");
}

static void unknown_keys_are_left_out(void) {
  begin();
  add("/k256", "");
  add("/ed", "");
  put_file("/k256", data("k256-sec1"));
  is_int(load(true), 0, "a type that nobody knows");
  is_str(types(), "ssh-ed25519", "is left out");
  ok(has_said("unable to use SFTPHostKey '/k256'"), "... with a line");
  nopened = 0;
  is_int(load(true), 0, "... each time");
  is_int(nopened, 2, "it is read again");
}

static void others_may_not_read_keys(void) {
  begin();
  add("/ed", "");
  file_at("/ed")->mode = S_IFREG|0640;
  is_int(load(true), 1, "the group may read it");
  ok(has_said("group- or world-accessible"), "... is a fault");
  file_at("/ed")->mode = S_IFREG|0604;
  is_int(load(true), 1, "others may read it");
  set.opts = SFTP_OPT_INSECURE_HOSTKEY_PERMS;
  is_int(load(true), 0, "InsecureHostKeyPerms");
}

static void the_last_key_of_a_type_counts(void) {
  begin();
  add("/ed2", "");
  add("/rsa", "global");
  add("/ed", "global");
  is_int(load(true), 0, "<Global> and a virtual host");
  is_str(types(), "ssh-rsa,ssh-ed25519", "its own key replaces the other's");
  ok(sftp_key_same(set.host_keys[1], ed_pkcs8), "... and comes last");
  begin();
  add("/ed", "");
  add("/ed2", "");
  is_int(load(true), 0, "two of one type");
  is_int(set.nhost_keys, 2, "stay for a change");
  begin();
  add("/ed", "global");
  add("/ed2", "global");
  is_int(load(true), 0, "two of <Global>");
  is_int(set.nhost_keys, 2, "stay, too");
  add("/ed2", "");
  is_int(load(true), 0, "one of the host");
  is_int(set.nhost_keys, 1, "replaces both");
}

static void words_drop_keys(void) {
  static const struct { const char *word, *left; } row[] = {
    { "NoRSA", "ssh-ed25519,ecdsa-sha2-nistp256" },
    { "NoED25519", "ssh-rsa,ecdsa-sha2-nistp256" },
    { "NoECDSA", "ssh-ed25519,ssh-rsa" },
    { "NoDSA", "ssh-ed25519,ssh-rsa,ecdsa-sha2-nistp256" },
    { "NoED448", "ssh-ed25519,ssh-rsa,ecdsa-sha2-nistp256" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    begin();
    add(row[i].word, "global");
    add("/ed", "");
    add("/rsa", "");
    add("/ec", "");
    is_int(load(true), 0, "%s", row[i].word);
    is_str(types(), row[i].left, "... drops them");
  }
}

static void short_keys_are_left_out(void) {
  begin();
  add("/rsa", "");
  add("/ec", "");
  add("/ed", "");
  set.min_bits.rsa = 2048;
  set.min_bits.ec = 256;
  set.min_bits.dsa = 4096;
  is_int(load(true), 0, "keys that are long enough");
  is_int(set.nhost_keys, 3, "are used");
  set.min_bits.rsa = 2049;
  is_int(load(true), 0, "a short one");
  is_str(types(), "ecdsa-sha2-nistp256,ssh-ed25519", "is left out");
  ok(has_said("'/rsa': it has 2048 bits, SFTPKeyLimits wants 2049"),
    "... with a line");
  set.min_bits.ec = 257;
  is_int(load(true), 0, "two");
  is_str(types(), "ssh-ed25519", "others have no limit");
}

/* ---- Reloads */

static void reloads_go_on(void) {
  begin();
  add("/ed", "");
  add("/rsa", "");
  is_int(load(true), 0, "a start");
  ftpd_hostkeys_sweep();
  reloading = true;
  put_file("/ed", str_of("broken\n"));
  is_int(load(true), 0, "a reload with a broken file");
  ok(set.nhost_keys == 2 && has_said("'/ed': its previous key stays in use"),
    "uses what was there");
  is_int(load(true), 0, "another virtual host");
  ok(set.nhost_keys == 2 && strstr(said, "previous") == NULL,
    "... has the same");
  ftpd_hostkeys_sweep();
  put_file("/ed", data("ed25519"));
  is_int(load(true), 0, "a reload with a good file");
  ok(set.nhost_keys == 2 && said[0] == '\0', "reads it");
  ftpd_hostkeys_free();
  nkept = 0;
  put_file("/ed", str_of("broken\n"));
  is_int(load(true), 0, "nothing was there");
  ok(set.nhost_keys == 1 && has_said("'/ed' is left out until the next"),
    "... it is left out");
  kept[0].path = "/ed";
  kept[0].text = str_of("broken");
  nkept = 1;
  is_int(load(true), 0, "what was there is broken");
  is_int(set.nhost_keys, 1, "... it is left out");
  reloading = false;
  begin();
  add("/ed", "");
  put_file("/ed", str_of("broken\n"));
  is_int(load(true), 1, "the first start ends");
}

static void files_are_forgotten(void) {
  struct ftpd_parent_file *f;

  begin();
  add("/ed", "");
  is_int(load(true), 0, "a start");
  f = ftpd_parent_file_find("/ed");
  ok(f != NULL && f->used && ftpd_parent_file_find("/rsa") == NULL,
    "one file is used");
  ftpd_hostkeys_sweep();
  ok(ftpd_parent_file_find("/ed") == f && !f->used, "... until now");
  ftpd_hostkeys_sweep();
  ok(ftpd_parent_file_find("/ed") == NULL, "or no longer");
}

static void files_change(void) {
  struct stat st, other;
  struct ftpd_parent_file *f;
  unsigned int i;

  memset(&st, 0, sizeof(st));
  begin();
  f = ftpd_parent_file_add_text("/x", &st, "text");
  ok(ftpd_parent_file_fresh(f, &st) && f->len == 4, "the same file");
  for (i = 0; i < 6; i++) {
    other = st;
    other.st_dev += i == 0;
    other.st_ino += i == 1;
    other.st_size += i == 2;
    other.st_mode += i == 3;
    other.st_mtim.tv_sec += i == 4;
    other.st_mtim.tv_nsec += i == 5;
    ok(!ftpd_parent_file_fresh(f, &other), "another file (%u)", i);
  }
}

static void secrets_follow_keys(void) {
  unsigned char a[FTPD_SECRET_LEN], b[FTPD_SECRET_LEN], c[FTPD_SECRET_LEN];

  begin();
  add("/ed", "");
  (void) load(true);
  ftpd_hostkeys_sweep();
  ftpd_secret_derive("one", a);
  ftpd_secret_derive("two", b);
  ok(memcmp(a, b, sizeof(a)) != 0, "each purpose has a secret");
  (void) load(true);
  ftpd_hostkeys_sweep();
  ftpd_secret_derive("one", b);
  ok(memcmp(a, b, sizeof(a)) == 0, "the same with the same keys");
  add("/rsa", "");
  (void) load(true);
  ftpd_hostkeys_sweep();
  ftpd_secret_derive("one", b);
  ok(memcmp(a, b, sizeof(a)) != 0, "another one with others");
  begin();
  add("/rsa", "");
  add("/ed", "");
  (void) load(true);
  ftpd_hostkeys_sweep();
  ftpd_secret_derive("one", c);
  ok(memcmp(b, c, sizeof(b)) == 0, "in any order");
  begin();
  ftpd_hostkeys_sweep();
  ftpd_secret_derive("one", a);
  is_int(nputs, 1, "without files, one is drawn");
  ftpd_hostkeys_sweep();
  ftpd_secret_derive("one", b);
  ok(nputs == 1 && memcmp(a, b, sizeof(a)) == 0, "... and kept");
  kept[0].text.len = 3;
  ftpd_hostkeys_sweep();
  ftpd_secret_derive("one", b);
  ok(memcmp(a, b, sizeof(a)) != 0, "one of another length is not");
  ok(ftpd_secret_pick("x", 10) < 10 && ftpd_secret_pick("x", 10) ==
    ftpd_secret_pick("x", 10), "a number is picked");
}

/* ---- Passphrases */

static void provider(void) {
  const char *const words[] = { "/provider", NULL };

  (void) daemon_add_words("SFTPPassPhraseProvider", words);
}

static void programs_know_passphrases(void) {
  begin();
  add("/closed", "");
  provider();
  phrases[0] = "correct horse\r\n\n";
  is_int(load(true), 0, "a passphrase");
  ok(set.nhost_keys == 1 && nphrases == 1 && nputs == 1, "opens the key");
  is_str(kept[0].phrase, "correct horse", "... and is kept");
  is_str(run_argv, "/provider Here:22 /closed", "the program is told which");
  ok(!fake_log_has("debug"), "it has said nothing else");
  reloading = true;
  ftpd_hostkeys_free();
  put_file("/closed", str_of("broken"));
  is_int(load(true), 0, "a reload");
  is_int(set.nhost_keys, 1, "needs it no more");
  begin();
  add("/closed", "");
  provider();
  phrases[0] = phrases[1] = "wrong";
  phrases[2] = "correct horse";
  run_err = "trying";
  is_int(load(true), 0, "the third one");
  is_int(nphrases, 3, "... of three");
  ok(fake_log_has("debug"), "what it says is logged");
  begin();
  add("/closed", "");
  provider();
  phrases[0] = phrases[1] = phrases[2] = "wrong";
  phrases[3] = "correct horse";
  is_int(load(true), 1, "three wrong ones");
  is_int(nphrases, 3, "are enough");
  begin();
  add("/closed", "");
  provider();
  phrases[0] = "nul";
  is_int(load(true), 1, "bytes");
  ok(has_said("the passphrase has a NUL in it"), "are no text");
  begin();
  add("/closed", "");
  provider();
  run_why = "it crashed";
  is_int(load(true), 1, "a failure");
  ok(has_said("SFTPPassPhraseProvider '/provider' failed: it crashed"),
    "has a reason");
  is_int(nphrases, 1, "... and no second try");
  begin();
  add("/closed", "");
  provider();
  phrases[0] = "correct horse";
  is_int(load(false), 1, "sessions ask nobody");
  is_int(nphrases, 0, "... at all");
}

static bool tty_has(const char *want) {
  char got[2048];
  ssize_t n = recv(tty, got, sizeof(got) - 1, MSG_DONTWAIT);

  got[n > 0 ? n : 0] = '\0';
  return strstr(got, want) != NULL;
}

static char *ask(const char *line, int attempt, const char **why) {
  typed = line;
  *why = NULL;
  return ftpd_passphrase(p, &server, "/k", attempt, why);
}

static void people_know_passphrases(void) {
  char longest[1100];
  const char *why;

  begin();
  is_str(ask("secret\nmore", 1, &why), "secret", "a line");
  ok(echo == ECHO, "echo is on again");
  ok(tty_has("Passphrase of /k\nHost key for the "), "the question");
  is_str(ask("secret\n", 2, &why), "secret", "again");
  ok(tty_has("Wrong passphrase, try again.\nPassphrase"), "the question");
  is_str(ask("secret\n", 1, &why), "secret", "the first time");
  ok(!tty_has("Wrong"), "nothing was wrong");
  is_str(ask("secret", 1, &why), NULL, "no line");
  is_str(why, "there was no passphrase", "... has a reason");
  is_str(ask("\n", 1, &why), "", "an empty one");
  memset(longest, 'x', sizeof(longest));
  longest[1023] = '\n';
  longest[1024] = '\0';
  is_int(strlen(ask(longest, 1, &why)), 1023, "a long one");
  longest[1023] = 'x';
  longest[1024] = '\n';
  longest[1025] = '\0';
  is_str(ask(longest, 1, &why), NULL, "one that is too long");
  is_str(why, "the passphrase is too long", "... has a reason");
  is_str(ask(NULL, 1, &why), NULL, "no terminal");
  ok(strstr(why, "nor a terminal to ask at") != NULL, "... has a reason");
  no_tty = true;
  is_str(ask("secret\n", 1, &why), NULL, "something else");
  ok(strstr(why, "nor a terminal to ask at") != NULL, "... has a reason");
}

/* ---- Agents */

static struct sftp_str list_of(struct sftp_str a, struct sftp_str b,
    uint32_t n) {
  struct sftp_wr w;

  sftp_wr_init(&w, p, 1024, 65536);
  sftp_wr_u8(&w, 12);
  sftp_wr_u32(&w, n);
  sftp_wr_str(&w, a);
  sftp_wr_string(&w, "comment", 7);
  if (b.len > 0) {
    sftp_wr_str(&w, b);
    sftp_wr_string(&w, "", 0);
  }

  return sftp_wr_get(&w);
}

static void answer(unsigned int i, struct sftp_str a) {
  answers[i] = a;
  nanswers = i + 1;
}

static void agent_fails(const char *what, const char *why) {
  is_int(load(true), 1, "%s", what);
  ok(has_said(why), "... %s", why);
}

static void agents_have_keys(void) {
  static const struct sftp_str none = { NULL, 0 };
  struct sftp_str good, part;
  unsigned char zero[4] = { 0, 0, 0, 0 };

  begin();
  add("agent:/socket", "");
  add("/rsa", "");
  good = list_of(ed->blob, none, 1);
  answer(0, good);
  is_int(load(true), 0, "an agent");
  ok(set.nhost_keys == 2 && sftp_key_same(set.host_keys[0], ed) &&
    set.host_keys[0]->is_private, "has a key");
  answer(0, list_of(str_of("junk"), rsa->blob, 2));
  set.min_bits.rsa = 2048;
  is_int(load(true), 0, "some are no keys");
  is_str(types(), "ssh-rsa,ssh-rsa", "others are");
  set.min_bits.rsa = 4096;
  is_int(load(true), 0, "some are short");
  ok(has_said("'agent:/socket': it has 2048 bits"), "... which is logged");
  set.min_bits.rsa = 0;
  answer(0, list_of(str_of("junk"), none, 1));
  agent_fails("no key", "the agent has no key that can be used");
  part = good;
  part.len--;
  answer(0, part);
  agent_fails("half a list", "SFTPHostKey 'agent:/socket'");
  answer(0, list_of(ed->blob, none, 2));
  agent_fails("a list that is too short", "SFTPHostKey 'agent:/socket'");
  answer(0, list_of(ed->blob, none, 1025));
  agent_fails("a list that is too long", sftp_strerror(SFTP_ERR_LIMIT));
  answer(0, list_of(ed->blob, none, 1024));
  agent_fails("the longest list", sftp_strerror(SFTP_ERR_SHORT));
  answer(0, str_of("\5"));
  agent_fails("a refusal", sftp_strerror(SFTP_ERR_DENIED));
  nanswers = 0;
  agent_fails("no answer", sftp_strerror(SFTP_ERR_IO));
  answer(0, (struct sftp_str) { zero, 0 });
  agent_fails("an empty one", sftp_strerror(SFTP_ERR_LIMIT));
  connect_errno = ECONNREFUSED;
  agent_fails("no agent", strerror(ECONNREFUSED));
  reloading = true;
  is_int(load(true), 0, "a reload goes on");
  reloading = false;
  connect_errno = 0;
  answer(0, good);
  daemon_forget_config();
  add(pstrcat(p, "agent:/", pstrndup(p, "1234567890123456789012345678901234567"
    "89012345678901234567890123456789012345678901234567890123456789012345678"
    "90", 106), NULL), "");
  is_int(load(true), 0, "a long path");
  daemon_forget_config();
  add(pstrcat(p, "agent:/", pstrndup(p, "1234567890123456789012345678901234567"
    "89012345678901234567890123456789012345678901234567890123456789012345678"
    "90", 107), NULL), "");
  agent_fails("one that is too long", strerror(ENAMETOOLONG));
}

static struct sftp_str signature(const struct sftp_key *key,
    const struct sftp_sig_alg *alg, const char *what, uint8_t type) {
  struct sftp_wr w, s;

  sftp_wr_init(&s, p, 1024, 65536);
  if (sftp_key_sign(key, alg, str_of(what), &s) != SFTP_OK) {
    bail_out("no signature");
  }

  sftp_wr_init(&w, p, 1024, 65536);
  sftp_wr_u8(&w, type);
  sftp_wr_str(&w, sftp_wr_get(&s));
  return sftp_wr_get(&w);
}

static int sign_by_agent(struct sftp_key *key, const struct sftp_sig_alg *alg,
    struct sftp_str a, struct sftp_wr *w) {
  array_header *list;
  const char *why = "";

  answer(0, list_of(key->blob, (struct sftp_str) { NULL, 0 }, 1));
  answer(1, a);
  list = ftpd_agent_keys(p, "/socket", &why);
  if (list == NULL) {
    bail_out("no agent: %s", why);
  }

  sftp_wr_init(w, p, 1024, 65536);
  return sftp_key_sign(((struct sftp_key **) list->elts)[0], alg,
    str_of("data"), w);
}

static unsigned int asked_flags(size_t blob_len) {
  unsigned char got[4096];
  ssize_t n = recv(agent_fd, got, sizeof(got), MSG_DONTWAIT);
  size_t want = 5 + 4 + 1 + 4 + blob_len + 4 + 4 + 4;

  return n == (ssize_t) want && got[9] == 13 ? sftp_get_u32(got + n - 4) :
    99;
}

static void agents_sign(void) {
  const struct sftp_sig_alg *alg = sftp_sig_alg_find(str_of("ssh-ed25519")),
    *r256 = sftp_sig_alg_find(str_of("rsa-sha2-256")),
    *r512 = sftp_sig_alg_find(str_of("rsa-sha2-512"));
  struct sftp_wr w;
  struct sftp_str good = signature(ed, alg, "data", 14), longer;
  unsigned char *more = palloc(p, good.len + 1);

  begin();
  is_int(sign_by_agent(ed, alg, good, &w), SFTP_OK, "a signature");
  is_mem(sftp_wr_get(&w).ptr, sftp_wr_get(&w).len, good.ptr + 5, good.len - 5,
    "is the agent's");
  is_int(asked_flags(ed->blob.len), 0, "without flags");
  is_int(sign_by_agent(rsa, r256, signature(rsa, r256, "data", 14), &w),
    SFTP_OK, "RSA with SHA-256");
  is_int(asked_flags(rsa->blob.len), 2, "... has a flag");
  is_int(sign_by_agent(rsa, r512, signature(rsa, r512, "data", 14), &w),
    SFTP_OK, "RSA with SHA-512");
  is_int(asked_flags(rsa->blob.len), 4, "... has another");
  ok(sign_by_agent(rsa, r512, signature(rsa, r256, "data", 14), &w) !=
    SFTP_OK, "another algorithm is refused");
  ok(fake_log_has("agent '/socket' did not sign with the ssh-rsa key"),
    "... which is logged");
  ok(sign_by_agent(ed, alg, signature(ed, alg, "date", 14), &w) != SFTP_OK,
    "so is that of other data");
  is_int(sign_by_agent(ed, alg, signature(ed, alg, "data", 5), &w),
    SFTP_ERR_DENIED, "a refusal");
  memcpy(more, good.ptr, good.len);
  more[good.len] = 0;
  longer.ptr = more;
  longer.len = good.len + 1;
  ok(sign_by_agent(ed, alg, longer, &w) != SFTP_OK, "one byte too many");
  is_int(sign_by_agent(ed, alg, (struct sftp_str) { NULL, 0 }, &w),
    SFTP_ERR_IO, "no answer");
}

/* ---- Certificates */

static void certificates_certify_keys(void) {
  begin();
  add("/rsa", "");
  add("/ed", "");
  add_cert("/cert", "");
  put_file("/cert", str_of(cert_line('h')));
  is_int(load(true), 0, "a certificate");
  ok(set.host_certs[0] == NULL && set.host_certs[1] != NULL,
    "is that of its key");
  nopened = 0;
  is_int(load(false), 0, "a session");
  ok(nopened == 0 && set.host_certs[1] != NULL, "has it");
  put_file("/cert", str_of(pstrcat(p, cert_line('r'), cert_line('h'), NULL)));
  ftpd_hostkeys_sweep();
  is_int(load(true), 0, "two in a file");
  ok(set.host_certs[0] != NULL && set.host_certs[1] != NULL, "are both used");
  is_int(load(true), 0, "another virtual host");
  put_file("/cert", str_of(cert_line('u')));
  ftpd_hostkeys_sweep();
  is_int(load(true), 1, "a user's");
  ok(has_said("it is a certificate for users"), "... is a fault");
  ftpd_hostkeys_free();
  put_file("/cert", str_of(cert_line('b')));
  is_int(load(true), 1, "a broken one");
  ok(has_said("it is malformed"), "... is a fault");
  ftpd_hostkeys_free();
  cert_denied = true;
  is_int(load(true), 1, "a broken one");
  ok(has_said("a reason"), "... has a reason");
  ftpd_hostkeys_free();
  put_file("/cert", str_of("\n"));
  is_int(load(true), 1, "an empty file");
  ok(has_said("it contains no certificate"), "... is a fault");
  ftpd_hostkeys_free();
  put_file("/cert", str_of(CERT_TYPE " !\n"));
  is_int(load(true), 1, "no certificate");
  ok(!strstr(said, "it contains no"), "... has a reason");
  ftpd_hostkeys_free();
  daemon_forget_config();
  add("/ed", "");
  add_cert("/absent", "");
  is_int(load(true), 1, "a file that is missing");
  ok(has_said("unable to use SFTPHostCertificate '/absent'"), "... is a fault");
  is_int(load(false), 1, "... in a session, too");
}

static void certificates_may_be_left_out(void) {
  begin();
  add("/ed", "");
  add_cert("/cert", "");
  put_file("/cert", str_of(cert_line('x')));
  is_int(load(true), 0, "one that has expired");
  ok(set.host_certs[0] == NULL && has_said("is left out: it has expired"),
    "is left out");
  is_int(load(false), 0, "in a session");
  ok(said[0] == '\0' && fake_log_has("is left out: it has expired"),
    "... by its own log");
  begin();
  add("/ed", "");
  add_cert("/cert", "");
  put_file("/cert", str_of(cert_line('r')));
  is_int(load(true), 1, "of no key");
  ok(has_said("it certifies no SFTPHostKey"), "... is a fault");
  begin();
  add("/ed", "");
  add_cert("/cert", "global");
  put_file("/cert", str_of(cert_line('r')));
  is_int(load(true), 0, "unless it is of <Global>");
  ok(said[0] == '\0' && set.host_certs[0] == NULL, "... for others");
}

static void certificates_are_kept(void) {
  begin();
  add("/ed", "");
  add_cert("/cert", "");
  put_file("/cert", str_of(cert_line('h')));
  is_int(load(true), 0, "a start");
  ftpd_hostkeys_sweep();
  reloading = true;
  put_file("/cert", str_of("broken\n"));
  is_int(load(true), 0, "a reload with a broken file");
  ok(set.host_certs[0] != NULL &&
    has_said("'/cert': its previous certificate stays in use"),
    "uses what was there");
  is_int(load(false), 0, "a session");
  ok(set.host_certs[0] != NULL, "... as well");
  ftpd_hostkeys_free();
  nkept = 0;
  is_int(load(true), 0, "nothing was there");
  ok(set.host_certs[0] == NULL && has_said("is left out until the next"),
    "... it is left out");
}

/* ---- Groups of Diffie-Hellman */

static void groups_are_read(void) {
  const char *const words[] = { "/dh", NULL };

  begin();
  ftpd_dh_params(p, &server, &set, true);
  ok(set.dh_param_file == NULL && said[0] == '\0', "there need not be any");
  (void) daemon_add_words("SFTPDHParamFile", words);
  ftpd_dh_params(p, &server, &set, true);
  ok(set.dh_param_file == NULL && has_said("unable to read SFTPDHParamFile"),
    "unless they are named");
  put_file("/dh", str_of("params"));
  ftpd_dh_params(p, &server, &set, false);
  ok(set.dh_param_file == NULL, "sessions read nothing");
  ftpd_dh_params(p, &server, &set, true);
  ok(set.dh_param_file != NULL && set.dh_param_len == 6, "they are read");
  nopened = 0;
  set.dh_param_file = NULL;
  ftpd_dh_params(p, &server, &set, false);
  ok(set.dh_param_file != NULL && nopened == 0, "and sessions have them");
  ftpd_dh_params(p, &server, &set, true);
  is_int(nopened, 0, "so has another virtual host");
  ftpd_hostkeys_sweep();
  put_file("/dh", str_of("others"));
  ftpd_dh_params(p, &server, &set, true);
  ok(nopened == 1 && strcmp(set.dh_param_file, "others") == 0,
    "a reload reads them again");
}

int main(void) {
  p = make_sub_pool(NULL);
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto");
  }

  ed = key_of(data("ed25519"));
  ed_pkcs8 = key_of(data("ed25519-pkcs8"));
  rsa = key_of(data("rsa"));
  keys_are_read();
  unknown_keys_are_left_out();
  others_may_not_read_keys();
  the_last_key_of_a_type_counts();
  words_drop_keys();
  short_keys_are_left_out();
  reloads_go_on();
  files_are_forgotten();
  files_change();
  secrets_follow_keys();
  programs_know_passphrases();
  people_know_passphrases();
  agents_have_keys();
  agents_sign();
  certificates_certify_keys();
  certificates_may_be_left_out();
  certificates_are_kept();
  groups_are_read();
  ftpd_hostkeys_free();
  destroy_pool(p);
  return done_testing();
}
