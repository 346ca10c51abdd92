/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-pass.c -- messages of a socket that have descriptors with
 * them.
 */

#include "ftpd-record-pass.h"

#include <poll.h>
#include <sys/socket.h>

union room {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(RECORD_FDS * sizeof(int))];
};

int ftpd_record_pass(int to, const void *bytes, size_t len,
    const int fds[RECORD_FDS], int flags) {
  struct iovec iov = { (void *) (uintptr_t) bytes, len };
  struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
  union room room;
  size_t n = 0;
  ssize_t sent;

  while (n < RECORD_FDS && fds[n] >= 0) {
    n++;
  }

  if (n > 0) {
    memset(&room, 0, sizeof(room));
    msg.msg_control = &room;
    msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
    room.align.cmsg_level = SOL_SOCKET;
    room.align.cmsg_type = SCM_RIGHTS;
    room.align.cmsg_len = CMSG_LEN(n * sizeof(int));
    memcpy(CMSG_DATA(&room.align), fds, n * sizeof(int));
  }

  do {
    sent = sendmsg(to, &msg, flags|MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);

  return sent == (ssize_t) len ? 0 : -1;
}

int ftpd_record_pass_within(int to, const void *bytes, size_t len,
    const int fds[RECORD_FDS], unsigned int ms) {
  const uint64_t end = sftp_now_ms() + ms;
  struct pollfd pfd = { to, POLLOUT, 0 };
  uint64_t now;

  for (;;) {
    if (ftpd_record_pass(to, bytes, len, fds, MSG_DONTWAIT) == 0) {
      return 0;
    }

    now = sftp_now_ms();
    if (errno != EAGAIN || now >= end) {
      return -1;
    }

    (void) poll(&pfd, 1, (int) (end - now));
  }
}

void ftpd_record_close(int fds[RECORD_FDS]) {
  size_t i;

  for (i = 0; i < RECORD_FDS; i++) {
    if (fds[i] >= 0) {
      (void) close(fds[i]);
      fds[i] = -1;
    }
  }
}

ssize_t ftpd_record_passed(int from, void *to, size_t size,
    int fds[RECORD_FDS]) {
  struct iovec iov = { to, size };
  union room room;
  struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
    .msg_control = &room, .msg_controllen = sizeof(room) };
  struct cmsghdr *c;
  size_t i;
  ssize_t n;

  for (i = 0; i < RECORD_FDS; i++) {
    fds[i] = -1;
  }

  do {
    n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);

  c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
  if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
      c->cmsg_len > CMSG_LEN(0) && c->cmsg_len <= CMSG_LEN(RECORD_FDS *
        sizeof(int))) {
    memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
  }

  if (n > 0 && (msg.msg_flags & MSG_CTRUNC) != 0) {
    ftpd_record_close(fds);
    fds[0] = RECORD_FD_LOST;
  }

  return n;
}
