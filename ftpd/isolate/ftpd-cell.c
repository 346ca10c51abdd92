/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-cell.c -- the cell of one session: from the daemon's nursery, or, where
 * there is none (inetd, or a nursery that has died or is stopped), from a
 * program of its own.
 */

#include "ftpd-isolate-int.h"
#include "ftpd-log.h"

#include "ftpd-user.h"
#include "ftpd-wait.h"
#include "pair.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

/* A nursery that makes no cell in this time is not waited for any longer. */
#define CELL_WAIT_MS 3000

/* The session's ends; -1: closed. */
struct ends {
  int pair;
  int life;                     /* open while the cell may live */
};

/* This session's cell. */
static struct ends cell = { -1, -1 };

void ftpd_isolate_leave(void) {
  ftpd_nursery_close();
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
  int control = ftpd_nursery_control();
  struct cmsghdr *c;
  ssize_t n;

  if (control < 0) {
    return -1;
  }

  memset(&room, 0, sizeof(room));
  c = CMSG_FIRSTHDR(&msg);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(CELL_NFDS * sizeof(int));
  memcpy(CMSG_DATA(c), fds, CELL_NFDS * sizeof(int));
  do {
    n = sendmsg(control, &msg, MSG_NOSIGNAL|MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);

  return n < 0 ? -1 : 0;
}

static void close_ends(struct ends *e) {
  if (e->pair >= 0) {
    (void) close(e->pair);
  }

  if (e->life >= 0) {
    (void) close(e->life);
  }

  e->pair = e->life = -1;
}

/* Asks for a cell.  0, or -1 with errno. */
static int ask(int client, bool nursery, struct ends *e) {
  int pair[2] = { -1, -1 }, life[2] = { -1, -1 }, fds[CELL_NFDS], res = -1;
  int xerrno;

  if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, pair) == 0) {
    e->pair = ftpd_isolate_high(pair[0]);
  }

  if (e->pair >= 0 && pipe2(life, O_CLOEXEC) == 0) {
    e->life = ftpd_isolate_high(life[1]);
    fds[0] = client;
    fds[1] = pair[1];
    fds[2] = life[0];
    res = nursery ? ask_nursery(fds) :
      ftpd_isolate_run("single", fds, CELL_NFDS);
  }

  xerrno = errno;
  (void) close(pair[1]);
  (void) close(life[0]);
  if (res < 0) {
    close_ends(e);
  }

  errno = xerrno;
  return res;
}

/* A cell begins with a word of its own (PAIR_HELLO), and touches the client
 * only when it has an answer: one that comes too late does no harm.
 */
static bool has_begun(struct ftpd *h, int pair) {
  uint64_t now = sftp_now_ms(), until = now + CELL_WAIT_MS;
  short events = 0;
  char byte;

  for (; events == 0 && now < until; now = sftp_now_ms()) {
    events = (short) ftpd_wait(h, pair, POLLIN, (int) (until - now));
  }

  return events != 0 && recv(pair, &byte, 1, MSG_PEEK|MSG_DONTWAIT) == 1;
}

int ftpd_isolate_cell(struct ftpd *h, int client) {
  int res = ask(client, true, &cell);

  ftpd_nursery_close();
  if (res == 0 && !has_begun(h, cell.pair)) {
    sftp_log("the nursery of isolated logins has made no cell: this session "
      "starts its own");
    close_ends(&cell);
    res = -1;
  }

  if (res < 0) {
    res = ask(client, false, &cell);
  }

  if (res < 0) {
    sftp_log("unable to isolate the login: '%s' does not start: %s",
      ftpd_isolate_program(), strerror(errno));
  }

  return cell.pair;
}

/* If it does not end by itself, it is ended; its pair is the monitor's. */
void ftpd_cell_over(struct ftpd *h) {
  (void) h;
  cell.pair = -1;
  close_ends(&cell);
}
