/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-isolate.c -- starts the program sftp-cell, which stands beside this
 * module: as a nursery when the daemon starts, and for one session where there
 * is none (inetd, or a nursery that has died).
 */

#include "ftpd-conf.h"
#include "ftpd-isolate.h"
#include "ftpd-kept.h"
#include "ftpd-log.h"

#include "crypto.h"
#include "ftpd-user.h"
#include "pair.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* The host's list of virtual hosts (none of its headers declares it). */
extern xaset_t *server_list;

/* An account of nobody else, which packages make. */
#define OWN_ACCOUNT "_sftp-cell"
/* Without it, where the daemon's User is root. */
#define NOBODY 65534

#define READY_MS 10000
#define WATCH_SECS 5

/* What a cell is made of: the client's socket, the pair's other end, and a pipe
 * that ends it when this session closes state.life.
 */
#define CELL_NFDS 3

static struct {
  const char *program;          /* path, until the next reload; or NULL */
  uid_t own_uid;                /* root: there is no such account */
  gid_t own_gid;
  int control;                  /* -1: no nursery */
  pid_t daemon;                 /* whose nursery it is */
  bool running;                 /* the daemon has started */
  int timer;                    /* -1: none */
  int life;                     /* of this session's cell; -1: none */
} state = { .control = -1, .timer = -1, .life = -1 };

bool ftpd_isolate_wanted(server_rec *s) {
  const int *value = get_param_ptr(s->conf, "SFTPIsolation", FALSE);

  return value == NULL || *value == TRUE;
}

static bool is_wanted_anywhere(void) {
  server_rec *s;

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    if (ftpd_conf_engine(s) && ftpd_isolate_wanted(s)) {
      return true;
    }
  }

  return false;
}

/* ---- The program */

/* Beside this module, wherever that is; NULL: unknown. */
static const char *find_program(pool *p) {
  char real[PATH_MAX], *slash;
  Dl_info info;

  if (dladdr(&sftp_module, &info) == 0 || info.dli_fname == NULL ||
      realpath(info.dli_fname, real) == NULL) {
    return NULL;
  }

  slash = strrchr(real, '/');
  *slash = '\0';
  return pstrcat(p, real, "/sftp-cell", NULL);
}

/* A stream from the first byte on cannot be handed over. */
static void tell_compression(server_rec *s) {
  const int *value = get_param_ptr(s->conf, "SFTPCompression", FALSE);

  if (ftpd_conf_engine(s) && ftpd_isolate_wanted(s) && value != NULL &&
      *value == COMPRESS_ON) {
    ftpd_log_server(s, PR_LOG_NOTICE, "SFTPCompression on: compression begins "
      "after the login (zlib@openssh.com), unless SFTPIsolation is off");
  }
}

/* Who the program becomes: an account of its own, or the daemon's User, as whom
 * sessions wait as well.
 */
static void choose_ids(uid_t *uid, gid_t *gid) {
  if (state.own_uid != PR_ROOT_UID && state.own_gid != PR_ROOT_GID &&
      getuid() == PR_ROOT_UID) {
    *uid = state.own_uid;
    *gid = state.own_gid;

  } else {
    *uid = geteuid() != PR_ROOT_UID ? geteuid() : NOBODY;
    *gid = getegid() != PR_ROOT_GID ? getegid() : NOBODY;
  }
}

/* In the file itself: a directory service that does not answer must not delay
 * the start.
 */
static void find_account(void) {
  FILE *file = fopen("/etc/passwd", "re");
  const struct passwd *pw = NULL;

  while (file != NULL && (pw = fgetpwent(file)) != NULL &&
      strcmp(pw->pw_name, OWN_ACCOUNT) != 0) {
    ;
  }

  state.own_uid = pw != NULL ? pw->pw_uid : PR_ROOT_UID;
  state.own_gid = pw != NULL ? pw->pw_gid : PR_ROOT_GID;
  if (file != NULL) {
    (void) fclose(file);
  }

  if (state.own_uid == PR_ROOT_UID && getuid() == PR_ROOT_UID) {
    pr_log_pri(PR_LOG_INFO, MOD_SFTP_VERSION ": isolated logins run with the "
      "ids of the daemon's User: there is no account '" OWN_ACCOUNT "'");
  }
}

const char *ftpd_isolate_check(pool *p) {
  server_rec *s;
  int res;

  if (!is_wanted_anywhere()) {
    return NULL;
  }

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    tell_compression(s);
  }

  state.program = find_program(p);
  if (state.program == NULL) {
    return "SFTPIsolation: unable to find this module's own directory";
  }

  find_account();
  PRIVS_ROOT
  res = access(state.program, X_OK);
  PRIVS_RELINQUISH
  return res == 0 ? NULL : pstrcat(p, "SFTPIsolation: unable to run '",
    state.program, "': ", strerror(errno), " (install it there, or set "
    "`SFTPIsolation off')", NULL);
}

/* The program's environment: libcrypto's, and what tests need. */
static char **environment(char **to, size_t n) {
  static const char *const names[] = { "OPENSSL_CONF=", "OPENSSL_MODULES=",
    "LD_PRELOAD=", "LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=",
    "LSAN_OPTIONS=" };
  size_t i, used = 0;
  char **e;

  for (e = environ; *e != NULL && used + 1 < n; e++) {
    for (i = 0; i < SFTP_NELEMS(names); i++) {
      if (strncmp(*e, names[i], strlen(names[i])) == 0 && used + 1 < n) {
        to[used++] = *e;
      }
    }
  }

  to[used] = NULL;
  return to;
}

static void close_from(int fd) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, (unsigned int) fd, ~0U, 0) == 0) {
    return;
  }
#endif

  for (; fd < 1024; fd++) {
    (void) close(fd);
  }
}

/* In the new process: descriptors from 3 on, no others, no signals blocked. */
static void exec_program(char *const *argv, char *const *envp,
    const int *fds, size_t nfds) {
  int aside[CELL_NFDS], null = open("/dev/null", O_RDWR);
  sigset_t none;
  size_t i;

  for (i = 0; i < nfds; i++) {
    aside[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 16);
  }

  for (i = 0; i < 3; i++) {
    (void) dup2(null, (int) i);
  }

  for (i = 0; i < nfds; i++) {
    (void) dup2(aside[i], 3 + (int) i);
  }

  close_from(3 + (int) nfds);

  sigemptyset(&none);
  (void) sigprocmask(SIG_SETMASK, &none, NULL);
  (void) execve(argv[0], argv, envp);
  _exit(127);
}

/* Starts the program; its parent is not this process, which need not wait for
 * it.  0, or -1 with errno.
 */
static int start(const char *how, const int *fds, size_t nfds) {
  char uid_text[24], gid_text[24], *vars[16], **envp;
  char *argv[] = { (char *) (uintptr_t) state.program,
    (char *) (uintptr_t) how, uid_text, gid_text, sftp_crypto_fips() ?
    (char *) (uintptr_t) "fips" : NULL, NULL };
  int xerrno;
  uid_t uid;
  gid_t gid;
  pid_t pid;

  if (state.program == NULL) {
    errno = ENOENT;
    return -1;
  }

  choose_ids(&uid, &gid);
  snprintf(uid_text, sizeof(uid_text), "%lu", (unsigned long) uid);
  snprintf(gid_text, sizeof(gid_text), "%lu", (unsigned long) gid);
  envp = environment(vars, SFTP_NELEMS(vars));

  pr_signals_block();
  PRIVS_ROOT
  pid = fork();
  if (pid == 0) {
    if (fork() == 0) {
      exec_program(argv, envp, fds, nfds);
    }

    _exit(0);
  }

  xerrno = errno;
  PRIVS_RELINQUISH
  while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    ;
  }

  pr_signals_unblock();
  errno = xerrno;
  return pid > 0 ? 0 : -1;
}

/* ---- The nursery */

/* Its first word, of which main.c of the program has the form; NULL: none. */
static const char *read_ready(pool *p, int fd) {
  struct pollfd pfd = { fd, POLLIN, 0 };
  char text[1024];
  ssize_t n = 0;

  if (poll(&pfd, 1, READY_MS) > 0) {
    n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
  }

  if (n <= 0) {
    return NULL;
  }

  text[n] = '\0';
  return pstrdup(p, text);
}

/* Sessions put the client's socket at 0 and 1, which the daemon may have
 * closed.
 */
static int beyond_standard(int fd) {
  int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);

  (void) close(fd);
  return high;
}

static void open_nursery(pool *p) {
  const char *word = NULL;
  int fd[2];

  if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, fd) < 0) {
    fd[0] = fd[1] = -1;

  } else if (start("nursery", &fd[1], 1) == 0) {
    (void) close(fd[1]);
    fd[1] = -1;
    word = read_ready(p, fd[0]);
  }

  if (word != NULL && *word == '+') {
    state.control = beyond_standard(fd[0]);
    if (word[1] != '\0') {
      pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION ": logins are isolated "
        "(SFTPIsolation), but this system refuses: %s", word + 1);
    }

    return;
  }

  pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": SFTPIsolation: '%s' does not "
    "start: %s; each session tries again", state.program != NULL ?
    state.program : "sftp-cell", word != NULL ? word + 1 : "it says nothing");
  (void) close(fd[0]);
  (void) close(fd[1]);
}

static void close_nursery(void) {
  if (state.control >= 0) {
    (void) close(state.control);
    state.control = -1;
  }
}

/* Whether nobody is at the other end. */
static bool is_dead(void) {
  struct pollfd pfd = { state.control, POLLIN, 0 };

  return state.control < 0 || poll(&pfd, 1, 0) != 0;
}

static int on_timer(CALLBACK_FRAME) {
  pool *p;

  (void) p1;
  (void) p2;
  (void) p3;
  (void) data;
  if (state.daemon == getpid() && is_dead()) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": the nursery of isolated logins has ended: starting another");
    close_nursery();
    p = make_sub_pool(permanent_pool);
    open_nursery(p);
    destroy_pool(p);
  }

  return 1;
}

void ftpd_isolate_stop(void) {
  if (state.daemon != getpid()) {
    return;
  }

  if (state.timer >= 0) {
    (void) pr_timer_remove(state.timer, &sftp_module);
    state.timer = -1;
  }

  close_nursery();
}

void ftpd_isolate_start(void) {
  pool *p;

  state.daemon = getpid();
  state.running = true;
  ftpd_isolate_stop();
  if (ServerType == SERVER_INETD || !is_wanted_anywhere()) {
    return;
  }

  p = make_sub_pool(permanent_pool);
  open_nursery(p);
  destroy_pool(p);
  state.timer = pr_timer_add(WATCH_SECS, -1, &sftp_module, on_timer,
    "SFTPIsolation");
}

/* The module may have been loaded anew: it remembers nothing then. */
void ftpd_isolate_restart(void) {
  if (state.running || ftpd_kept_reloading()) {
    ftpd_isolate_start();
  }
}

/* ---- A session */

void ftpd_isolate_leave(void) {
  close_nursery();
}

/* It may be busy, or stopped: nobody waits for it. */
static int ask_nursery(const int *fds) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(CELL_NFDS * sizeof(int))];
  } room;
  struct iovec iov = { (void *) (uintptr_t) SFTP_CELL_VERSION,
    sizeof(SFTP_CELL_VERSION) };
  struct msghdr msg = {
    .msg_iov = &iov, .msg_iovlen = 1,
    .msg_control = &room, .msg_controllen = sizeof(room)
  };
  struct cmsghdr *c;
  ssize_t n;

  if (state.control < 0) {
    return -1;
  }

  memset(&room, 0, sizeof(room));
  c = CMSG_FIRSTHDR(&msg);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(CELL_NFDS * sizeof(int));
  memcpy(CMSG_DATA(c), fds, CELL_NFDS * sizeof(int));
  do {
    n = sendmsg(state.control, &msg, MSG_NOSIGNAL|MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);

  return n < 0 ? -1 : 0;
}

/* If it does not end by itself, it is ended. */
void ftpd_cell_over(struct ftpd *h) {
  (void) h;
  if (state.life >= 0) {
    (void) close(state.life);
    state.life = -1;
  }
}

int ftpd_isolate_cell(int client) {
  int pair[2], life[2], fds[CELL_NFDS], res;

  if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, pair) < 0 ||
      pipe2(life, O_CLOEXEC) < 0) {
    sftp_log("unable to isolate the login: %s", strerror(errno));
    return -1;
  }

  pair[0] = beyond_standard(pair[0]);
  state.life = beyond_standard(life[1]);
  fds[0] = client;
  fds[1] = pair[1];
  fds[2] = life[0];
  res = ask_nursery(fds);
  if (res < 0) {
    res = start("single", fds, CELL_NFDS);
  }

  (void) close(pair[1]);
  (void) close(life[0]);
  close_nursery();
  if (res < 0) {
    sftp_log("unable to isolate the login: '%s' does not start: %s",
      state.program != NULL ? state.program : "sftp-cell", strerror(errno));
    (void) close(pair[0]);
    return -1;
  }

  return pair[0];
}
