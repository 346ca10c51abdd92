/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* pair.c -- messages over the pair of sockets: whole, in order, bounded. */

#include "pair.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LENGTH_LEN 4
#define SMALL (16 * 1024)
/* Reports wait in the output until it has so many bytes. */
#define OUT_WAITS (32 * 1024)
/* The most that is buffered: a whole message, and what a reader has ahead. */
#define BUFFER_MAX (2 * (size_t) SFTP_PAIR_MAX)
#define PATIENCE_MS 10000

static void pair_free(void *data) {
  struct sftp_pair *pr = data;

  sftp_wipe(pr->in, pr->in_end);
  sftp_wipe(pr->out, pr->out_len);
  free(pr->in);
  free(pr->out);
  pr->in = pr->out = NULL;
  pr->in_size = pr->in_start = pr->in_end = pr->used = 0;
  pr->out_size = pr->out_len = 0;
}

void sftp_pair_init(struct sftp_pair *pr, pool *p, int fd) {
  memset(pr, 0, sizeof(*pr));
  pr->pool = p;
  pr->fd = fd;
  register_cleanup2(p, pr, pair_free);
}

void sftp_pair_close(struct sftp_pair *pr) {
  pair_free(pr);
  if (pr->fd >= 0) {
    (void) close(pr->fd);
    pr->fd = -1;
  }
}

/* Room for n more bytes; the old place is wiped. */
static int reserve(unsigned char **buf, size_t *size, size_t len, size_t n) {
  size_t want = *size > 0 ? *size : SMALL;
  unsigned char *p;

  if (n > BUFFER_MAX || len > BUFFER_MAX - n) {
    return SFTP_ERR_LIMIT;
  }

  if (len + n <= *size) {
    return SFTP_OK;
  }

  while (want < len + n) {
    want *= 2;
  }

  p = malloc(want);
  if (p == NULL) {
    return SFTP_ERR_LIMIT;
  }

  if (len > 0) {
    memcpy(p, *buf, len);
    sftp_wipe(*buf, len);
  }

  free(*buf);
  *buf = p;
  *size = want;
  return SFTP_OK;
}

/* ---- Out */

int sftp_pair_put(struct sftp_pair *pr, enum sftp_pair_type type,
    struct sftp_str fields) {
  size_t n = LENGTH_LEN + 1 + fields.len;
  int res;

  if (fields.len >= SFTP_PAIR_MAX) {
    return SFTP_ERR_LIMIT;
  }

  res = reserve(&pr->out, &pr->out_size, pr->out_len, n);
  if (res != SFTP_OK) {
    return res;
  }

  sftp_put_u32(pr->out + pr->out_len, (uint32_t) (1 + fields.len));
  pr->out[pr->out_len + LENGTH_LEN] = (unsigned char) type;
  if (fields.len > 0) {
    memcpy(pr->out + pr->out_len + LENGTH_LEN + 1, fields.ptr, fields.len);
  }

  pr->out_len += n;
  return pr->out_len >= OUT_WAITS ? sftp_pair_flush(pr) : SFTP_OK;
}

/* The peer does not read: waits until it does, and takes what it sends. */
static int wait_for_peer(struct sftp_pair *pr) {
  struct pollfd pfd = { pr->fd, POLLIN|POLLOUT, 0 };
  int n = poll(&pfd, 1, PATIENCE_MS);

  if (n == 0) {
    return SFTP_ERR_TIMEOUT;
  }

  return n > 0 && (pfd.revents & POLLIN) != 0 ? sftp_pair_fill(pr) : SFTP_OK;
}

int sftp_pair_flush(struct sftp_pair *pr) {
  uint64_t until = sftp_now_ms() + PATIENCE_MS;
  size_t done = 0;
  int res = SFTP_OK;

  while (res >= 0 && done < pr->out_len) {
    ssize_t n = send(pr->fd, pr->out + done, pr->out_len - done,
      MSG_DONTWAIT|MSG_NOSIGNAL);

    if (n >= 0) {
      done += (size_t) n;

    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      /* A peer that sends drop by drop, and does not read, is as bad. */
      res = sftp_now_ms() < until ? wait_for_peer(pr) : SFTP_ERR_TIMEOUT;

    } else if (errno != EINTR) {
      res = errno == EPIPE || errno == ECONNRESET ? SFTP_ERR_EOF : SFTP_ERR_IO;
    }
  }

  sftp_wipe(pr->out, pr->out_len);
  pr->out_len = 0;
  return res < 0 ? res : SFTP_OK;
}

int sftp_pair_send(struct sftp_pair *pr, enum sftp_pair_type type,
    struct sftp_str fields) {
  int res = sftp_pair_put(pr, type, fields);

  return res == SFTP_OK ? sftp_pair_flush(pr) : res;
}

/* ---- In */

/* The message that was handed out is not needed any more. */
static void drop_used(struct sftp_pair *pr) {
  if (pr->used > 0) {
    sftp_wipe(pr->in + pr->in_start, pr->used);
    pr->in_start += pr->used;
    pr->used = 0;
  }

  if (pr->in_start == pr->in_end) {
    pr->in_start = pr->in_end = 0;
  }
}

static int make_room(struct sftp_pair *pr) {
  size_t pending;

  if (pr->in_start > 0 && pr->in_end == pr->in_size) {
    pending = pr->in_end - pr->in_start;
    memmove(pr->in, pr->in + pr->in_start, pending);
    sftp_wipe(pr->in + pending, pr->in_end - pending);
    pr->in_start = 0;
    pr->in_end = pending;
  }

  return pr->in_end < pr->in_size ? SFTP_OK :
    reserve(&pr->in, &pr->in_size, pr->in_end, SMALL);
}

int sftp_pair_fill(struct sftp_pair *pr) {
  ssize_t n;
  int res;

  if (pr->used == 0) {
    drop_used(pr);
  }

  /* A message that is in use must not move. */
  if (pr->used > 0 && pr->in_end == pr->in_size) {
    return SFTP_ERR_LIMIT;
  }

  res = pr->used > 0 ? SFTP_OK : make_room(pr);
  if (res != SFTP_OK) {
    return res;
  }

  n = recv(pr->fd, pr->in + pr->in_end, pr->in_size - pr->in_end,
    MSG_DONTWAIT);
  if (n > 0) {
    pr->in_end += (size_t) n;
    return 1;
  }

  if (n == 0) {
    return SFTP_ERR_EOF;
  }

  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 :
    errno == ECONNRESET ? SFTP_ERR_EOF : SFTP_ERR_IO;
}

int sftp_pair_next(struct sftp_pair *pr, size_t (*max)(uint8_t type),
    uint8_t *type, struct sftp_rd *r) {
  size_t have, len;

  drop_used(pr);
  have = pr->in_end - pr->in_start;
  if (have < LENGTH_LEN + 1) {
    return 0;
  }

  len = sftp_get_u32(pr->in + pr->in_start);
  *type = pr->in[pr->in_start + LENGTH_LEN];
  if (len == 0 || len - 1 > max(*type)) {
    return SFTP_ERR_LIMIT;
  }

  if (have - LENGTH_LEN < len) {
    return 0;
  }

  pr->used = LENGTH_LEN + len;
  sftp_rd_init(r, pr->in + pr->in_start + LENGTH_LEN + 1, len - 1);
  return 1;
}
