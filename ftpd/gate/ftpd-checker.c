/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-checker.c -- SFTPUploadCheck: a program beside each session runs the
 * checks.
 *
 * After the login a session has no root, may have another root directory, and
 * is confined: it could not run them, nor become another user for them.  So
 * sftp-check is started before.  It has never seen the session's memory, gets
 * uploads as open files, and runs only what it was told at its start.  It ends
 * when the session ends.
 */

#include "ftpd-checker.h"
#include "ftpd-lines.h"
#include "ftpd-run.h"
#include "ftpd-upload-conf.h"
#include "ftpd-words.h"

#include "ftpd-wait.h"
#include "upload-check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

extern volatile unsigned int recvd_signal_flags;

/* What the program may need beyond the time limit, to end another. */
#define MORE_MS 5000
/* How often a waiting session looks whether it is to end. */
#define LOOK_MS 250
/* How often, and how long each time, it waits for the end of the process. */
#define REAP_TRIES 20
#define REAP_MS 5

#define ENDS (RECEIVED_SIG_TERMINATE|RECEIVED_SIG_XCPU|RECEIVED_SIG_ABORT)

static struct {
  bool looked;                  /* at the configuration */
  const struct upload_check *all[UPLOAD_CHECKS_MAX];
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
        state.n < UPLOAD_CHECKS_MAX) {
      state.all[state.n++] = check;
    }
  }
}

bool ftpd_checker_on(void) {
  look_once();
  return state.n > 0;
}

/* ---- What the program is told */

/* A name that a check could take for an option. */
static bool is_odd_name(pool *p, const struct upload_check *check) {
  return ftpd_words_have(p, check->text, 'u') && (*session.user == '-' ||
    !ftpd_words_typed(session.user));
}

/* What is different for each upload is filled in there. */
static const char *token(pool *p, const void *data, char letter) {
  static const char path[] = { UPLOAD_CHECK_PATH, '\0' };
  static const char size[] = { UPLOAD_CHECK_SIZE, '\0' };

  (void) data;
  switch (letter) {
    case 'C':
      return ftpd_words_connection(p);

    case 'p':
      return path;

    case 's':
      return size;

    default:
      return session.user;
  }
}

static int tell_check(pool *p, int sock, const struct upload_check *check) {
  struct upload_check_begin begin = { .secs = check->secs };
  char **words = is_odd_name(p, check) ? NULL :
    ftpd_words_fill(p, check->text, token, NULL);
  size_t len = sizeof(begin), n;
  char *text = palloc(p, sizeof(begin) + UPLOAD_CHECK_WORDS_BYTES);

  memcpy(text, &begin, sizeof(begin));
  for (; words != NULL && *words != NULL; words++) {
    n = strlen(*words) + 1;
    if (len + n > sizeof(begin) + UPLOAD_CHECK_WORDS_BYTES) {
      errno = E2BIG;
      return -1;
    }

    memcpy(text + len, *words, n);
    len += n;
  }

  return send(sock, text, len, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int tell_checks(pool *p, int sock) {
  unsigned int i;

  for (i = 0; i < state.n; i++) {
    if (tell_check(p, sock, state.all[i]) < 0) {
      return -1;
    }
  }

  return 0;
}

/* ---- Its start */

static char *number(pool *p, unsigned long n) {
  char text[24];

  snprintf(text, sizeof(text), "%lu", n);
  return pstrdup(p, text);
}

/* Its environment is that of the checks. */
static char **environment(pool *p, const char *user) {
  char **env = pcalloc(p, 5 * sizeof(char *));

  env[0] = pstrdup(p, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
  env[1] = pstrcat(p, "USER=", user, NULL);
  env[2] = pstrcat(p, "LOGNAME=", user, NULL);
  env[3] = pstrcat(p, "SSH_CONNECTION=", ftpd_words_connection(p), NULL);
  return env;
}

static char **arguments(pool *p, const char *program) {
  const struct upload_check *check = state.all[0];
  char **argv = pcalloc(p, 7 * sizeof(char *));

  argv[0] = pstrdup(p, program);
  argv[1] = pstrdup(p, UPLOAD_CHECK_PROTOCOL);
  argv[2] = number(p, check->uid);
  argv[3] = number(p, check->gid);
  argv[4] = pstrdup(p, check->user);
  argv[5] = number(p, state.n);
  return argv;
}

/* As root, if the daemon has root; sock is the program's.  0 or an errno. */
static int spawn(pool *p, const char *program, int sock, pid_t *pid) {
  char **argv = arguments(p, program), **env = environment(p, argv[4]);
  posix_spawn_file_actions_t files;
  int fd, res;

  res = posix_spawn_file_actions_init(&files);
  if (res != 0) {
    return res;
  }

  for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    (void) posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR,
      0);
  }

  (void) posix_spawn_file_actions_adddup2(&files, sock, UPLOAD_CHECK_SOCK);
  PRIVS_ROOT
  res = posix_spawn(pid, program, &files, NULL, argv, env);
  PRIVS_RELINQUISH
  (void) posix_spawn_file_actions_destroy(&files);
  return res;
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

/* 0, or an errno. */
static int start(pool *p, int pair[2]) {
  const char *program = ftpd_run_beside(p, UPLOAD_CHECK_PROGRAM);
  int res;

  if (make_pair(pair) < 0) {
    return errno;
  }

  res = program != NULL ? spawn(p, program, pair[1], &state.pid) : ENOENT;
  (void) close(pair[1]);
  pair[1] = -1;
  return res != 0 || tell_checks(p, pair[0]) == 0 ? res : errno;
}

void ftpd_checker_begin(void) {
  int pair[2] = { -1, -1 }, res;
  pool *p;

  if (!ftpd_checker_on()) {
    return;
  }

  p = make_sub_pool(permanent_pool);
  res = start(p, pair);
  destroy_pool(p);
  if (res == 0) {
    state.sock = pair[0];
    return;
  }

  sftp_log("SFTPUploadCheck: unable to start the program that runs it, so "
    "uploads will be refused: %s", strerror(res));
  (void) close(pair[0]);
  (void) close(pair[1]);
}

/* ---- The session */

static int send_question(const struct upload_check_question *q, int fd) {
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec iov = { .iov_base = (void *) q,
    .iov_len = (size_t) (strchr(q->path, '\0') + 1 - (const char *) q) };
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
    unsigned int secs, struct upload_check_answer *a) {
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
  struct upload_check_question q = { .id = ++state.id, .size = upload->size };
  int which = find_check(check);
  const char *why = NULL;
  struct upload_check_answer a;

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
    sftp_escape(palloc(p, 4 * sizeof(a.line)), 4 * sizeof(a.line), a.line,
      strlen(a.line));
  return why == NULL && a.accepted ? 0 : -1;
}
