/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* talk-line.c -- the line between a server and the client of talk.h, its time,
 * and its cryptography.
 *
 * A point of the curve is its own secret number, and what two of them agree on
 * is their sum: both sides still compute it from what the other has sent.  A
 * signature is a checksum over the data that a real one would cover.
 */

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>

#include "ftpd-log.h"
#include "talk.h"

/* Waits of a connection: more would be a loop without an end. */
#define WAITS_MAX 200000

/* Waits after which a slow line is quick: a byte at a time takes long. */
#define SLOW_MAX 2000

struct talk *talk_now;
struct sftp_settings *talk_settings;

/* ---- Bytes in flight */

void talk_pipe_add(struct talk_pipe *p, const void *bytes, size_t n) {
  if (p->start == p->end) {
    p->start = p->end = 0;
  }

  if (p->end + n > p->size) {
    p->size = 2 * (p->end + n);
    p->buf = realloc(p->buf, p->size);
    talk_must(p->buf != NULL);
  }

  if (n > 0) {
    memcpy(p->buf + p->end, bytes, n);
    p->end += n;
  }
}

void talk_pipe_free(struct talk_pipe *p) {
  free(p->buf);
  p->buf = NULL;
  p->start = p->end = p->size = 0;
}

static size_t in_flight(const struct talk_pipe *p) {
  return p->end - p->start;
}

static size_t room(const struct talk *t) {
  return t->polls < SLOW_MAX ? t->room : 65536;
}

ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags) {
  struct talk *t = talk_now;
  bool server = fd == TALK_SERVER_FD;
  struct talk_pipe *p = server ? &t->to_server : &t->to_client;
  size_t have = in_flight(p);

  (void) flags;
  talk_must(n > 0 && (server || fd == TALK_CLIENT_FD));
  if (have == 0) {
    errno = EAGAIN;
    return server && t->hung_up ? 0 : -1;
  }

  n = n < have ? n : have;
  n = server && n > t->segment && t->polls < SLOW_MAX ? t->segment : n;
  memcpy(buf, p->buf + p->start, n);
  p->start += n;
  return (ssize_t) n;
}

ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags) {
  struct talk *t = talk_now;
  size_t have = in_flight(&t->to_client);

  (void) flags;
  if (fd == TALK_CLIENT_FD) {
    talk_pipe_add(&t->to_server, buf, n);
    return (ssize_t) n;
  }

  talk_must(fd == TALK_SERVER_FD);
  if (t->hung_up) {
    errno = EPIPE;
    return -1;
  }

  n = have >= room(t) ? 0 : n < room(t) - have ? n : room(t) - have;
  talk_pipe_add(&t->to_client, buf, n);
  errno = EAGAIN;
  return n > 0 ? (ssize_t) n : -1;
}

/* What the kernel would know of a line with this much in flight. */
int __wrap_getsockopt(int fd, int level, int name, void *value,
    socklen_t *len) {
  size_t waiting = in_flight(&talk_now->to_client);
  struct tcp_info info;

  talk_must(fd == TALK_SERVER_FD);
  if (level != IPPROTO_TCP || name != TCP_INFO) {
    memset(value, 0, *len);
    return 0;
  }

  memset(&info, 0, sizeof(info));
  info.tcpi_rtt = info.tcpi_min_rtt = 20000;
  info.tcpi_notsent_bytes = (uint32_t) waiting;
  info.tcpi_unacked = waiting > 10000 ? 10 : 0;
  info.tcpi_snd_cwnd = 10;
  info.tcpi_rwnd_limited = talk_now->deaf > 0 ? fake_now_ms * 1000 : 0;
  memcpy(value, &info, *len < sizeof(info) ? *len : sizeof(info));
  return 0;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value,
    socklen_t len) {
  talk_must(fd == TALK_SERVER_FD && value != NULL && len > 0);
  (void) level;
  (void) name;
  return 0;
}

/* ---- Waiting */

static short ready(const struct talk *t, short events) {
  short got = 0;

  if (in_flight(&t->to_server) > 0 || t->hung_up) {
    got |= POLLIN;
  }

  if (in_flight(&t->to_client) < room(t) || t->hung_up) {
    got |= POLLOUT;
  }

  got &= events;
  return (short) (got | (t->hung_up && in_flight(&t->to_server) == 0 ?
    POLLHUP : 0));
}

/* The client's turn: time passes, or it takes a step. */
static void client_turn(struct talk *t) {
  talk_must(++t->waits < WAITS_MAX);
  talk_check(t);
  do {
    if (t->deaf > 0) {
      t->deaf--;

    } else {
      talk_read(t);
    }

    if (!talk_step(t)) {
      t->deaf = 0;
      talk_read(t);
      t->hung_up = true;
      return;
    }

    t->corked -= t->corked > 0;
  } while (t->corked > 0);
}

/* Up to timeout_ms of the time that is to pass; whether that was all of it. */
static bool time_passes(struct talk *t, int timeout_ms) {
  uint64_t max = timeout_ms < 0 ? UINT64_MAX : (uint64_t) timeout_ms;
  uint64_t now = t->pass_ms < max ? t->pass_ms : max;

  fake_now_ms += now;
  t->pass_ms -= now;
  return now == max;
}

int __wrap_ftpd_wait(struct ftpd *h, int fd, short ev, int timeout_ms) {
  struct talk *t = talk_now;
  short got;

  (void) h;
  talk_must(fd == TALK_SERVER_FD);
  t->polls++;
  if (t->deaf == 0) {
    talk_read(t);
  }

  for (got = ready(t, ev); got == 0; got = ready(t, ev)) {
    if (time_passes(t, timeout_ms)) {
      talk_must(++t->waits < WAITS_MAX);
      return 0;
    }

    client_turn(t);
  }

  return got;
}

/* With a timeout of 0, the server has work: the client goes on meanwhile. */
int __wrap_poll(struct pollfd *pfd, unsigned long n, int timeout_ms) {
  struct talk *t = talk_now;

  talk_must(n == 1 && pfd->fd == TALK_SERVER_FD);
  if (ready(t, POLLIN) == 0 && timeout_ms == 0) {
    client_turn(t);
  }

  pfd->revents = ready(t, pfd->events);
  if (pfd->revents == 0 && timeout_ms > 0) {
    talk_must(++t->waits < WAITS_MAX);
    fake_now_ms += (uint64_t) timeout_ms;
  }

  return pfd->revents != 0;
}

/* ---- Cryptography that costs nothing */

int __wrap_crypto_scalarmult_curve25519_base(unsigned char *q,
    const unsigned char *n) {
  memcpy(q, n, 32);
  return 0;
}

int __wrap_crypto_scalarmult_curve25519(unsigned char *q,
    const unsigned char *n, const unsigned char *p) {
  size_t i;

  for (i = 0; i < 32; i++) {
    q[i] = n[i] ^ p[i];
  }

  return 0;
}

void talk_put_signature(struct sftp_wr *w, const char *alg,
    struct sftp_str data) {
  uint64_t sum = 14695981039346656037U;
  size_t i;

  for (i = 0; i < data.len; i++) {
    sum = (sum ^ data.ptr[i]) * 1099511628211U;
  }

  sftp_wr_text(w, alg);
  sftp_wr_u32(w, sizeof(sum));
  sftp_wr_u64(w, sum);
}

int __wrap_sftp_key_sign(const struct sftp_key *key,
    const struct sftp_sig_alg *alg, struct sftp_str data, struct sftp_wr *w) {
  talk_must(strcmp(key->type->name, alg->key_type) == 0);
  talk_put_signature(w, alg->alg.name, data);
  return sftp_wr_end(w);
}

/* What a login signs begins with the session id; a certificate does not. */
static bool is_login(struct sftp_str data) {
  struct sftp_str id = talk_now->cl.session_id;

  return id.len > 0 && data.len > 4 + id.len &&
    memcmp(data.ptr + 4, id.ptr, id.len) == 0;
}

int __wrap_sftp_key_verify(const struct sftp_key *key,
    const struct sftp_sig_alg *alg, struct sftp_str sig,
    struct sftp_str data) {
  unsigned char space[128];
  struct sftp_wr w;
  bool good;

  (void) key;
  sftp_wr_init_fixed(&w, space, sizeof(space));
  talk_put_signature(&w, alg->alg.name, data);
  good = sftp_wr_end(&w) == SFTP_OK && sftp_str_same(sftp_wr_get(&w), sig);
  if (talk_now != NULL && is_login(data)) {
    talk_now->proofs += good;
  }

  return good ? SFTP_OK : SFTP_ERR_MAC;
}

int __wrap_sftp_key_verify_info(const struct sftp_key *key,
    const struct sftp_sig_alg *alg, struct sftp_str sig, struct sftp_str data,
    struct sftp_sig_info *info) {
  info->touched = (talk_now->touch & 1) == 0;
  info->verified = (talk_now->touch & 2) == 0;
  info->counter = 1;
  return __wrap_sftp_key_verify(key, alg, sig, data);
}
