/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-checker.c -- SFTPUploadCheck: a process of each session runs the
 * programs.
 *
 * After the login a session has no root, may have another root directory, and
 * is confined: it could not run them, nor become another user for them.  So the
 * process is started before, becomes the user of the checks at once, and keeps
 * nothing of the session but a connection.  It gets uploads as open files, and
 * runs only what the configuration names.  It ends when the session ends.
 */

#include "ftpd-checker.h"
#include "ftpd-lines.h"
#include "ftpd-run.h"
#include "ftpd-upload-conf.h"
#include "ftpd-words.h"

#include "ftpd-wait.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

extern volatile unsigned int recvd_signal_flags;

#define OUT_MAX 65536           /* bytes; more output ends the program */
#define LINE_MAX_LEN 512
/* What the process may need beyond the time limit, to end a program. */
#define MORE_MS 5000
/* How often a waiting session looks whether it is to end. */
#define LOOK_MS 250
/* How often, and how long each time, it waits for the end of the process. */
#define REAP_TRIES 20
#define REAP_MS 5

#define ENDS (RECEIVED_SIG_TERMINATE|RECEIVED_SIG_XCPU|RECEIVED_SIG_ABORT)

struct question {
  uint64_t id;
  uint32_t which;               /* in state.all */
  int64_t size;
  char path[PATH_MAX];
};

struct answer {
  uint64_t id;
  bool accepted;
  char line[LINE_MAX_LEN];
};

#define CHECKS_MAX 256

static struct {
  bool looked;                  /* at the configuration */
  const struct upload_check *all[CHECKS_MAX];
  unsigned int n;
  int sock;                     /* 0: there is no process */
  pid_t pid;
  uint64_t id;
} state;

/* ---- The checks of the server */

static int find_check(const struct upload_check *check) {
  unsigned int i;

  for (i = 0; i < state.n; i++) {
    if (state.all[i] == check) {
      return (int) i;
    }
  }

  return -1;
}

static void look_once(void) {
  config_rec *c = NULL;

  if (state.looked) {
    return;
  }

  state.looked = true;
  while ((c = ftpd_upload_conf_next(main_server, c)) != NULL) {
    const struct upload_check *check = c->argv[0];

    if (check->text != NULL && find_check(check) < 0 &&
        state.n < CHECKS_MAX) {
      state.all[state.n++] = check;
    }
  }
}

bool ftpd_checker_on(void) {
  look_once();
  return state.n > 0;
}

/* ---- Output */

void ftpd_checker_line(char *to, size_t max, const char *text, size_t len) {
  size_t n = 0;

  while (len > 0 && strchr(" \t\r\n", *text) != NULL) {
    text++;
    len--;
  }

  while (n < len && n + 1 < max && text[n] != '\n' && text[n] != '\0') {
    to[n] = text[n];
    n++;
  }

  while (n > 0 && strchr(" \t\r", to[n - 1]) != NULL) {
    n--;
  }

  to[n] = '\0';
}

/* ---- The process: a program for each question */

static const char *token(pool *p, const void *data, char letter) {
  const struct question *q = data;
  char size[24];

  switch (letter) {
    case 'C':
      return ftpd_words_connection(p);

    case 'p':
      return q->path;

    case 's':
      snprintf(size, sizeof(size), "%lld", (long long) q->size);
      return pstrdup(p, size);

    default:
      return session.user;
  }
}

/* A name that a program could take for an option. */
static const char *name_objection(pool *p, const struct upload_check *check) {
  return ftpd_words_have(p, check->text, 'u') && (*session.user == '-' ||
    !ftpd_words_typed(session.user)) ?
    "it is not run for a user of this name" : NULL;
}

static void judge(const struct ftpd_output *o, struct answer *a) {
  ftpd_checker_line(a->line, sizeof(a->line), o->text, o->len);
  if (*a->line == '\0') {
    ftpd_checker_line(a->line, sizeof(a->line), o->err, o->errlen);
  }

  a->accepted = o->status == 0;
  if (!a->accepted && *a->line == '\0') {
    snprintf(a->line, sizeof(a->line), "exit status %d", o->status);
  }
}

static void run_check(pool *p, const struct question *q, int fd, int sock,
    struct answer *a) {
  const struct upload_check *check = state.all[q->which];
  struct ftpd_run what = { .path = check->program, .in = fd, .until = sock,
    .timeout_ms = check->secs * 1000, .out_max = OUT_MAX, .any_status = true };
  const char *why = name_objection(p, check);
  struct ftpd_output o;
  char *env[5];

  /* It was checked when the server started; that may be long ago. */
  if (why == NULL) {
    why = ftpd_run_objection(p, check->program);
  }

  if (why == NULL) {
    env[0] = pstrdup(p, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
    env[1] = pstrcat(p, "USER=", check->user, NULL);
    env[2] = pstrcat(p, "LOGNAME=", check->user, NULL);
    env[3] = pstrcat(p, "SSH_CONNECTION=", ftpd_words_connection(p), NULL);
    env[4] = NULL;
    what.envp = env;
    what.argv = ftpd_words_fill(p, check->text, token, q);
    why = ftpd_run(p, &what, &o);
  }

  if (why == NULL) {
    judge(&o, a);

  } else {
    snprintf(a->line, sizeof(a->line), "the check failed: %s", why);
  }
}

/* The question and its file: 1, 0 if it makes no sense, or -1 at the end. */
static int read_question(int sock, struct question *q, int *fd) {
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec iov = { .iov_base = q, .iov_len = sizeof(*q) };
  struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
    .msg_control = control, .msg_controllen = sizeof(control) };
  struct cmsghdr *c;
  ssize_t n;

  *fd = -1;
  do {
    n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);

  if (n <= 0) {
    return -1;
  }

  c = CMSG_FIRSTHDR(&msg);
  if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
      c->cmsg_len == CMSG_LEN(sizeof(int))) {
    memcpy(fd, CMSG_DATA(c), sizeof(int));
  }

  return n == sizeof(*q) && *fd > STDERR_FILENO && q->which < state.n &&
    memchr(q->path, '\0', sizeof(q->path)) != NULL;
}

static void serve(int sock) {
  struct question q;
  struct answer a;
  int fd, res;
  pool *p;

  while ((res = read_question(sock, &q, &fd)) >= 0) {
    memset(&a, 0, sizeof(a));
    a.id = q.id;
    if (res > 0) {
      p = make_sub_pool(permanent_pool);
      run_check(p, &q, fd, sock, &a);
      destroy_pool(p);
    }

    if (fd >= 0) {
      (void) close(fd);
    }

    if (send(sock, &a, sizeof(a), MSG_NOSIGNAL) < 0) {
      return;
    }
  }
}

/* ---- ... and what it is */

/* A daemon without root has only its own user. */
static int become_user(const struct upload_check *check) {
  PRIVS_ROOT
  session.disable_id_switching = TRUE;
  if (geteuid() != PR_ROOT_UID) {
    return 0;
  }

  if (initgroups(check->user, check->gid) < 0 ||
      setresgid(check->gid, check->gid, check->gid) < 0 ||
      setresuid(check->uid, check->uid, check->uid) < 0) {
    return -1;
  }

  return getuid() == check->uid && setuid(PR_ROOT_UID) < 0 ? 0 : -1;
}

static void reset_signals(void) {
  sigset_t none;
  int signo;

  for (signo = 1; signo < NSIG; signo++) {
    (void) signal(signo, SIG_DFL);
  }

  sigemptyset(&none);
  (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Only the connection and empty standard descriptors are left. */
static int keep_only(int sock) {
  const int mine = STDERR_FILENO + 1;
  int null = open("/dev/null", O_RDWR);

  if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
      dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
      dup2(sock, mine) < 0 || fcntl(mine, F_SETFD, FD_CLOEXEC) < 0) {
    return -1;
  }

  ftpd_run_close_from(mine + 1);
  return mine;
}

static void be_checker(int sock) {
  int mine;

  reset_signals();
  mine = keep_only(sock);
  (void) umask(077);
  if (mine >= 0 && become_user(state.all[0]) == 0 && chdir("/") == 0) {
    /* Nobody reads in a copy of the session's memory. */
    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void) prctl(PR_SET_NAME, "upload checks", 0, 0, 0);
    serve(mine);
  }

  _exit(0);
}

/* Two descriptors that are not standard ones. */
static int make_pair(int pair[2]) {
  int low[2], i;

  if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, low) < 0) {
    return -1;
  }

  for (i = 0; i < 2; i++) {
    pair[i] = fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void) close(low[i]);
  }

  return pair[0] < 0 || pair[1] < 0 ? -1 : 0;
}

void ftpd_checker_begin(void) {
  int pair[2] = { -1, -1 };
  pid_t pid = -1;

  if (!ftpd_checker_on()) {
    return;
  }

  if (make_pair(pair) == 0) {
    pid = fork();
  }

  if (pid == 0) {
    be_checker(pair[1]);
  }

  if (pid < 0) {
    sftp_log("SFTPUploadCheck: unable to start the process that runs it, so "
      "uploads will be refused: %s", strerror(errno));
    (void) close(pair[0]);

  } else {
    state.sock = pair[0];
    state.pid = pid;
  }

  (void) close(pair[1]);
}

/* ---- The session */

static int send_question(const struct question *q, int fd) {
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec iov = { .iov_base = (void *) q, .iov_len = sizeof(*q) };
  struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
    .msg_control = control, .msg_controllen = sizeof(control) };
  struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

  memset(control, 0, sizeof(control));
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(c), &fd, sizeof(int));
  return sendmsg(state.sock, &msg, MSG_NOSIGNAL|MSG_DONTWAIT) < 0 ? -1 : 0;
}

/* Somebody has killed it, and nobody else waits for it. */
static void reap(void) {
  if (state.pid > 0 && waitpid(state.pid, NULL, WNOHANG) != 0) {
    state.pid = 0;
  }
}

/* It ends when the connection does, in a moment. */
static void close_connection(void) {
  int i;

  (void) close(state.sock);
  state.sock = 0;
  for (i = 0, reap(); state.pid > 0 && i < REAP_TRIES; i++) {
    (void) poll(NULL, 0, REAP_MS);
    reap();
  }
}

bool ftpd_checker_ending(void) {
  return (recvd_signal_flags & ENDS) != 0;
}

/* Answers to questions for which nobody waited long enough are dropped. NULL,
 * or why there is none.
 */
static const char *wait_answer(struct ftpd *h, uint64_t id,
    unsigned int secs, struct answer *a) {
  uint64_t until = ftpd_now_ms() + secs * 1000 + MORE_MS;
  struct pollfd pfd = { .fd = state.sock, .events = POLLIN };

  while (ftpd_now_ms() < until) {
    if (ftpd_checker_ending()) {
      return "the session is being ended";
    }

    /* In time: a timer that is late ends the session when another is reset. */
    ftpd_active(h, FTPD_ACTIVE_TRANSFER);
    if (poll(&pfd, 1, LOOK_MS) <= 0) {
      continue;
    }

    if (recv(state.sock, a, sizeof(*a), 0) != sizeof(*a)) {
      close_connection();
      return "the process that runs it has ended";
    }

    if (a->id == id) {
      a->line[sizeof(a->line) - 1] = '\0';
      return NULL;
    }
  }

  return "it took too long";
}

int ftpd_checker_ask(struct ftpd *h, pool *p,
    const struct upload_check *check, const struct ftpd_checked *upload,
    const char **line) {
  struct question q = { .id = ++state.id, .size = upload->size };
  int which = find_check(check);
  const char *why = NULL;
  struct answer a;

  memset(&a, 0, sizeof(a));
  q.which = (uint32_t) which;
  sstrncpy(q.path, upload->path, sizeof(q.path));
  reap();
  if (state.sock <= 0 || which < 0) {
    why = "the process that runs it is not there";

  } else if (strlen(upload->path) >= sizeof(q.path)) {
    why = strerror(ENAMETOOLONG);

  } else if (send_question(&q, upload->fd) < 0) {
    why = strerror(errno);

  } else {
    why = wait_answer(h, q.id, check->secs, &a);
  }

  *line = why != NULL ? pstrcat(p, "the check failed: ", why, NULL) :
    sftp_escape(palloc(p, 4 * LINE_MAX_LEN), 4 * LINE_MAX_LEN, a.line,
      strlen(a.line));
  return why == NULL && a.accepted ? 0 : -1;
}
