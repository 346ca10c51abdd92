/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* nursery.c -- the process that makes cells: it has nothing but a socket over
 * which sessions of the daemon send it their client, and what tells it that
 * these sessions need their cells no longer.
 */

#include "cell.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a cell gets for its last words when its session has no use for it. */
#define GRACE_MS 3000
/* So many at once: the rest must start their own. */
#define CELLS_MAX 10000

/* What a session sends with its three descriptors, or the daemon's call. */
enum { FD_CLIENT, FD_PAIR, FD_LIFE, NFDS };

struct request {
  char version[sizeof(SFTP_CELL_VERSION) + 1];
  int fd[NFDS];                 /* -1: not there */
  ssize_t len;
};

/* A cell, and a pipe that its session closes; -1: it has. */
struct child {
  pid_t pid;
  int life;
  uint64_t end_ms;
};

static struct child *children;
static struct pollfd *polled;   /* the control socket, then each life */
static size_t nchildren, room;

static void nothing(int sig) {
  (void) sig;                   /* poll() returns */
}

/* ---- Requests */

/* Those that there was room for: not all of them, at the limit of this process.
 */
static void take_descriptors(struct msghdr *msg, struct request *req) {
  struct cmsghdr *c = CMSG_FIRSTHDR(msg);
  size_t len;

  if (c != NULL && c->cmsg_level == SOL_SOCKET &&
      c->cmsg_type == SCM_RIGHTS && c->cmsg_len >= CMSG_LEN(0)) {
    len = c->cmsg_len - CMSG_LEN(0);
    memcpy(req->fd, CMSG_DATA(c), len < sizeof(req->fd) ? len :
      sizeof(req->fd));
  }
}

static void receive(int control, struct request *req) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(req->fd))];
  } space;
  struct iovec iov = { req->version, sizeof(req->version) };
  struct msghdr msg = {
    .msg_iov = &iov, .msg_iovlen = 1,
    .msg_control = &space, .msg_controllen = sizeof(space)
  };

  req->fd[FD_CLIENT] = req->fd[FD_PAIR] = req->fd[FD_LIFE] = -1;
  req->len = recvmsg(control, &msg, MSG_DONTWAIT);
  if (req->len > 0) {
    take_descriptors(&msg, req);
  }
}

static bool is_valid(const struct request *req) {
  return req->len == (ssize_t) sizeof(SFTP_CELL_VERSION) &&
    memcmp(req->version, SFTP_CELL_VERSION, sizeof(SFTP_CELL_VERSION)) == 0 &&
    req->fd[FD_CLIENT] >= 0 && req->fd[FD_PAIR] >= 0 && req->fd[FD_LIFE] >= 0;
}

static bool is_call(const struct request *req) {
  return req->len == (ssize_t) sizeof(SFTP_NURSERY_CALL) &&
    memcmp(req->version, SFTP_NURSERY_CALL, sizeof(SFTP_NURSERY_CALL)) == 0;
}

/* ---- Cells */

static bool make_room(void) {
  size_t want = room > 0 ? 2 * room : 64;
  void *p;

  if (nchildren < room || nchildren >= CELLS_MAX) {
    return nchildren < room;
  }

  p = realloc(children, want * sizeof(children[0]));
  if (p == NULL) {
    return false;
  }

  children = p;
  p = realloc(polled, (want + 1) * sizeof(polled[0]));
  if (p == NULL) {
    return false;
  }

  polled = p;
  room = want;
  return true;
}

static void make_cell(struct request *req, const struct cell_way *way,
    const char *missing) {
  pid_t pid = fork();

  if (pid == 0) {
    if (!cell_keep_descriptors(req->fd[FD_CLIENT], req->fd[FD_PAIR]) ||
        (way->filtered && !cell_filter(false))) {
      _exit(1);
    }

    cell_run(missing);
  }

  if (pid > 0) {
    children[nchildren++] = (struct child) { pid, req->fd[FD_LIFE], 0 };
    req->fd[FD_LIFE] = -1;
  }
}

/* Without a cell, the session sees the end of its pair. */
static void close_request(struct request *req) {
  size_t i;

  for (i = 0; i < NFDS; i++) {
    if (req->fd[i] >= 0) {
      (void) close(req->fd[i]);
    }
  }
}

/* False: nothing came. */
static bool serve_request(int control, const struct cell_way *way) {
  struct request req;

  receive(control, &req);
  if (is_valid(&req) && make_room()) {
    make_cell(&req, way, "");

  } else if (is_call(&req)) {
    /* Who does not read has answers enough. */
    (void) send(control, SFTP_NURSERY_HERE, sizeof(SFTP_NURSERY_HERE),
      MSG_DONTWAIT|MSG_NOSIGNAL);
  }

  close_request(&req);
  return req.len > 0;
}

/* Whether a signal ended a cell that nobody wanted to end. */
static bool has_crashed(const struct child *c, int status) {
  return WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM &&
    (c->life >= 0 || WTERMSIG(status) != SIGKILL);
}

/* Cells that have ended; true: one of them has crashed. */
static bool reap(void) {
  bool crashed = false;
  int status;
  pid_t pid;
  size_t i;

  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    for (i = 0; i < nchildren && children[i].pid != pid; i++) {
      ;
    }

    if (i < nchildren) {
      crashed = crashed || has_crashed(&children[i], status);
      if (children[i].life >= 0) {
        (void) close(children[i].life);
      }

      children[i] = children[--nchildren];
    }
  }

  return crashed;
}

/* Cells that nobody needs. */
static void end_cells(void) {
  uint64_t now = sftp_now_ms();
  size_t i;

  for (i = 0; i < nchildren; i++) {
    if (children[i].life < 0 && now >= children[i].end_ms) {
      (void) kill(children[i].pid, SIGKILL);
      children[i].end_ms = UINT64_MAX;
    }
  }
}

/* Whether a session has closed its pipe: polled[1 + i] is of children[i]. */
static void look_at_lives(void) {
  size_t i;

  for (i = 0; i < nchildren; i++) {
    if (children[i].life >= 0 && polled[1 + i].revents != 0) {
      (void) close(children[i].life);
      children[i].life = -1;
      children[i].end_ms = sftp_now_ms() + GRACE_MS;
    }
  }
}

static int wait_ms(void) {
  size_t i;

  for (i = 0; i < nchildren; i++) {
    if (children[i].life < 0) {
      return GRACE_MS / 4;
    }
  }

  return -1;
}

/* One wait, and what it brings; false: there will be no more requests. */
static bool turn(int control, const struct cell_way *way) {
  bool more = control >= 0;
  size_t i;

  polled[0] = (struct pollfd) { control, POLLIN, 0 };
  for (i = 0; i < nchildren; i++) {
    polled[1 + i] = (struct pollfd) { children[i].life, 0, 0 };
  }

  if (poll(polled, 1 + nchildren, wait_ms()) > 0) {
    look_at_lives();
    if (polled[0].revents != 0 && !serve_request(control, way) &&
        (polled[0].revents & POLLHUP) != 0) {
      more = false;             /* the daemon and its sessions are gone */
    }
  }

  more = !reap() && more;
  end_cells();
  return more;
}

static int serve(int control, const struct cell_way *way) {
  /* When the daemon is gone, its sessions may go on. */
  while (control >= 0 || nchildren > 0) {
    if (!turn(control, way) && control >= 0) {
      (void) close(control);
      control = -1;
    }
  }

  return 0;
}

int cell_nursery(int control, const struct cell_way *way) {
  (void) signal(SIGCHLD, nothing);
  return make_room() ? serve(control, way) : 1;
}

int cell_single(const struct cell_way *way) {
  struct request req = { .fd = { CELL_CLIENT, CELL_PAIR, CELL_LIFE } };

  (void) signal(SIGCHLD, nothing);
  if (!make_room()) {
    return 1;
  }

  make_cell(&req, way, way->missing);
  close_request(&req);
  return serve(-1, way);
}
