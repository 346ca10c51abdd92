/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-recorder.c -- the process that writes the records of all sessions.
 *
 * It has no client and no rights but its open files and host keys.  A session's
 * messages are values: the recorder knows whose they are from the socket that
 * they come through.  At a reload, the next recorder takes over the sockets,
 * and what is known about each session and file.
 */

#include "ftpd-calls.h"
#include "ftpd-recorder-int.h"

#include <grp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define EVENTS 64
/* The daemon's own descriptors are below. */
#define FDS_MAX 4096
/* Each session needs two. */
#define FDS_WANTED 65536
#define NSOCKETS 4

struct recorder_state ftpd_recorder = { .epoll = -1, .keeper = -1 };

/* ---- The daemon and new sessions */

static void watch_no_more(int fd, bool *watched) {
  *watched = false;
  (void) epoll_ctl(ftpd_recorder.epoll, EPOLL_CTL_DEL, fd, NULL);
}

static void on_control(void) {
  struct recorder_state *r = &ftpd_recorder;
  char byte;
  int fds[RECORD_FDS];

  if (ftpd_record_passed(r->is->control, &byte, 1, fds) <= 0) {
    watch_no_more(r->is->control, &r->watched);

  } else if (fds[0] >= 0) {
    ftpd_recorder_sign(true);
    /* The next one did not wait: both serve what they have. */
    r->over = ftpd_recorder_hand_over(fds[0]) == 0;
  }

  ftpd_record_close(fds);
}

static void on_door(void) {
  struct recorder_state *r = &ftpd_recorder;
  struct record_hello hello;
  struct client *c;
  int fds[RECORD_FDS];
  ssize_t n;

  n = ftpd_record_passed(r->is->door, &hello, sizeof(hello), fds);
  if (n <= 0) {
    watch_no_more(r->is->door, &r->open);

  } else if (n == (ssize_t) sizeof(hello) && fds[0] >= 0) {
    c = ftpd_recorder_add(fds, &hello);
    if (c != NULL) {
      ftpd_recorder_keep(c);
    }

  } else if (n == (ssize_t) sizeof(hello) && fds[0] == RECORD_FD_LOST) {
    ftpd_recorder_unserved(&hello);
  }

  ftpd_record_close(fds);
}

/* ---- The process */

static void give_up(pool *p, uid_t uid, gid_t gid) {
  static const struct rlimit none = { 0, 0 };
  struct ftpd_filter *filter = pcalloc(p, sizeof(*filter));
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < FDS_WANTED) {
    limit.rlim_cur = limit.rlim_max = FDS_WANTED;
    (void) setrlimit(RLIMIT_NOFILE, &limit);    /* root may */
  }

  (void) setrlimit(RLIMIT_CORE, &none);
  if (getuid() == PR_ROOT_UID && (setgroups(0, NULL) < 0 ||
      setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION ": SFTPTransferRecord: the "
      "recorder keeps root's rights: %s", strerror(errno));
  }

  (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  (void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (ftpd_filter_build(filter, 0, getpid()) == 0) {
    (void) ftpd_filter_install(filter);
  }
}

/* The daemon's listeners, its control socket and others are not ours; what goes
 * to syslog is a datagram.
 */
static void close_sockets(const int except[NSOCKETS]) {
  struct rlimit limit;
  rlim_t fd;

  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
    return;
  }

  for (fd = 0; fd < limit.rlim_cur && fd < FDS_MAX; fd++) {
    int is = (int) fd, type = SOCK_DGRAM;
    socklen_t len = sizeof(type);

    if (is != except[0] && is != except[1] && is != except[2] &&
        is != except[3] &&
        getsockopt(is, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
        type != SOCK_DGRAM) {
      (void) close(is);
    }
  }

  /* Each session has some. */
  limit.rlim_cur = limit.rlim_max;
  (void) setrlimit(RLIMIT_NOFILE, &limit);
}

static void ignore_signals(void) {
  static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE,
    SIGALRM, SIGUSR1, SIGUSR2, SIGCHLD, SIGXFSZ };
  sigset_t none;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(signals); i++) {
    (void) signal(signals[i], SIG_IGN);
  }

  sigemptyset(&none);
  (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

static void serve_events(const struct epoll_event *events, int n) {
  int i;

  for (i = 0; i < n && !ftpd_recorder.over; i++) {
    if (events[i].data.ptr == &ftpd_recorder.is->control) {
      on_control();

    } else if (events[i].data.ptr == &ftpd_recorder.is->door) {
      on_door();

    } else {
      ftpd_recorder_on_client(events[i].data.ptr);
    }
  }
}

/* Only the daemon has the right to open a file, or to fork a keeper. */
static void ask_for_another(void) {
  struct recorder_state *r = &ftpd_recorder;

  if (!r->asked && (r->stuck || ftpd_recorder_lacks_file())) {
    r->asked = true;
    (void) send(r->is->control, "", 1, MSG_DONTWAIT|MSG_NOSIGNAL);
  }
}

static bool is_needed(void) {
  const struct recorder_state *r = &ftpd_recorder;

  return !r->over && (r->watched || r->open || r->clients != NULL);
}

static void serve(void) {
  struct epoll_event events[EVENTS];
  int n;

  while (is_needed()) {
    ask_for_another();
    n = epoll_wait(ftpd_recorder.epoll, events, EVENTS,
      ftpd_recorder_due_ms());
    serve_events(events, n);
    ftpd_recorder_sign(false);
  }

  if (!ftpd_recorder.over) {
    ftpd_recorder_sign(true);
  }

  ftpd_recorder_keep_nothing();
}

static void run_keeper(const struct recorder *r, int from) {
  const int except[NSOCKETS] = { r->keep, from, -1, -1 };

  (void) prctl(PR_SET_NAME, "sftp-keeper", 0, 0, 0);
  pr_proctitle_set("(keeper of SFTPTransferRecord)");
  close_sockets(except);
  give_up(permanent_pool, r->uid, r->gid);
  ftpd_recorder_keeper(from, r->keep);
  _exit(0);
}

/* The keeper is the process that goes on, the recorder is its child. */
static void start_keeper(const struct recorder *r) {
  int pair[2];
  pid_t pid;

  if (r->keep < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0,
      pair) < 0) {
    return;
  }

  pid = fork();
  if (pid > 0) {
    (void) close(pair[0]);
    run_keeper(r, pair[1]);
  }

  (void) close(pair[1]);
  if (pid < 0) {
    (void) close(pair[0]);
    return;
  }

  (void) close(r->keep);
  ftpd_recorder.keeper = pair[0];
}

void ftpd_recorder_run(const struct recorder *r) {
  struct recorder_state *is = &ftpd_recorder;
  const int except[NSOCKETS] = { r->door, r->control, r->before, r->keep };

  ignore_signals();
  close_sockets(except);
  start_keeper(r);
  is->is = r;
  is->pool = make_sub_pool(permanent_pool);
  pr_pool_tag(is->pool, "SFTPTransferRecord");
  is->epoll = epoll_create1(EPOLL_CLOEXEC);
  is->watched = ftpd_recorder_watch(r->control,
    (void *) (uintptr_t) &r->control) == 0;
  is->open = ftpd_recorder_watch(r->door,
    (void *) (uintptr_t) &r->door) == 0;
  ftpd_recorder_configure();
  if (r->before >= 0) {
    ftpd_recorder_take_over(r->before);
  }

  ftpd_recorder_open_files();
  give_up(is->pool, r->uid, r->gid);
  serve();
}
