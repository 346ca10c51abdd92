/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* pair-t.c -- messages between a cell and its monitor: whole, in pieces, too
 * long, from a peer that does not read, and at its end.
 */

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pair.h"
#include "tap.h"

static pool *p;
static struct sftp_pair us, them;
static unsigned char big[2 * SFTP_PAIR_MAX];

static size_t any(uint8_t type) {
  (void) type;
  return SFTP_PAIR_MAX;
}

static size_t by_type(uint8_t type) {
  return type;
}

static void meet(void) {
  int fd[2];

  if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, fd) < 0) {
    bail_out("no sockets");
  }

  p = make_sub_pool(NULL);
  sftp_pair_init(&us, p, fd[0]);
  sftp_pair_init(&them, p, fd[1]);
}

static void part(void) {
  sftp_pair_close(&us);
  sftp_pair_close(&them);
  destroy_pool(p);
}

static struct sftp_str bytes(size_t len) {
  struct sftp_str s = { big, len };

  return s;
}

/* The next message is this one. */
static bool is_next(struct sftp_pair *pr, unsigned int type, size_t len) {
  struct sftp_rd r;
  uint8_t got = 0;
  int res = sftp_pair_next(pr, any, &got, &r);

  return res == 1 && got == type && r.left == len &&
    memcmp(r.ptr, big, len) == 0;
}

static bool is_none(struct sftp_pair *pr) {
  struct sftp_rd r;
  uint8_t got;

  return sftp_pair_next(pr, any, &got, &r) == 0;
}

static void messages_come_in_order(void) {
  meet();
  is_int(sftp_pair_fill(&them), 0, "nothing has come");
  ok(is_none(&them), "... nothing to read");
  is_int(sftp_pair_put(&us, 1, bytes(0)), SFTP_OK, "one without fields");
  is_int(sftp_pair_fill(&them), 0, "... waits");
  is_int(sftp_pair_put(&us, 2, bytes(5)), SFTP_OK, "another one");
  is_int(sftp_pair_send(&us, 255, bytes(1000)), SFTP_OK, "and a third");
  is_int(sftp_pair_fill(&them), 1, "all have come");
  ok(is_next(&them, 1, 0) && is_next(&them, 2, 5) &&
    is_next(&them, 255, 1000) && is_none(&them), "... in order");
  is_int(sftp_pair_fill(&them), 0, "... and no more");
  part();
}

/* Each byte alone: nothing is there before the last. */
static void pieces_are_put_together(void) {
  unsigned char msg[] = { 0, 0, 0, 4, 9, 0, 0, 0, 0, 0, 0, 1, 7 };
  size_t i;

  memcpy(msg + 5, big, 3);
  meet();
  for (i = 0; i < sizeof(msg); i++) {
    ok(is_none(&them), "%lu bytes are no message", (unsigned long) i % 8);
    if (send(us.fd, msg + i, 1, 0) != 1 || sftp_pair_fill(&them) != 1) {
      bail_out("a byte is lost");
    }

    if (i == 7) {
      ok(is_next(&them, 9, 3), "the last byte makes a message");
    }
  }

  ok(is_next(&them, 7, 0), "so does that of the next");
  part();
}

/* While a message is looked at, others come, and it stays. */
static void a_message_stays_until_the_next(void) {
  struct sftp_rd r;
  uint8_t type;
  int res = 1;

  meet();
  is_int(sftp_pair_send(&us, 3, bytes(100)), SFTP_OK, "a message");
  is_int(sftp_pair_fill(&them), 1, "... comes");
  is_int(sftp_pair_next(&them, any, &type, &r), 1, "... and is read");
  while (res == 1) {
    if (sftp_pair_send(&us, 4, bytes(500)) != SFTP_OK) {
      bail_out("no room");
    }

    res = sftp_pair_fill(&them);
  }

  is_int(res, SFTP_ERR_LIMIT, "more are read, up to a limit");
  ok(memcmp(r.ptr, big, 100) == 0, "... while it stays");
  ok(is_next(&them, 4, 500), "then the next one comes");
  ok(memcmp(r.ptr, big, 100) != 0, "... and the old one is wiped");
  part();
}

static void lengths_are_checked(void) {
  static const struct {
    unsigned char head[5];
    int res;
  } rows[] = {
    { { 0, 0, 0, 0, 9 }, SFTP_ERR_LIMIT }, { { 0, 0, 0, 10, 9 }, 0 },
    { { 0, 0, 0, 11, 9 }, SFTP_ERR_LIMIT }, { { 0, 0, 0, 1, 0 }, 1 },
    { { 0, 0, 0, 2, 0 }, SFTP_ERR_LIMIT },
    { { 255, 255, 255, 255, 255 }, SFTP_ERR_LIMIT }
  };
  struct sftp_rd r;
  uint8_t type;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    meet();
    if (send(us.fd, rows[i].head, 5, 0) != 5 || sftp_pair_fill(&them) != 1) {
      bail_out("no head");
    }

    is_int(sftp_pair_next(&them, by_type, &type, &r), rows[i].res,
      "a length of %u for type %u", sftp_get_u32(rows[i].head),
      rows[i].head[4]);
    part();
  }

  meet();
  is_int(sftp_pair_put(&us, 1, bytes(SFTP_PAIR_MAX)), SFTP_ERR_LIMIT,
    "what is too long is not put");
  is_int(us.out_len, 0, "... not a part of it");
  part();
}

/* The other side reads all, and keeps what is right. */
static void *read_all(void *arg) {
  size_t *len = arg;
  struct sftp_rd r;
  uint8_t type;
  int res = 0;

  while (res >= 0 && *len > 0) {
    res = sftp_pair_next(&them, any, &type, &r);
    if (res == 1) {
      *len = r.left == *len && memcmp(r.ptr, big, *len) == 0 ? 0 : *len;
      return NULL;
    }

    res = sftp_pair_fill(&them);
  }

  return NULL;
}

static void long_ones_are_sent_as_they_are_read(void) {
  static const size_t lens[] = { 4090, 4091, 4092, 32763, 65536,
    SFTP_PAIR_MAX - 1 };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(lens); i++) {
    size_t len = lens[i];
    pthread_t reader;

    meet();
    if (pthread_create(&reader, NULL, read_all, &len) != 0) {
      bail_out("no thread");
    }

    is_int(sftp_pair_send(&us, 5, bytes(lens[i])), SFTP_OK,
      "a message of %lu bytes is sent", (unsigned long) lens[i]);
    (void) shutdown(us.fd, SHUT_WR);
    (void) pthread_join(reader, NULL);
    is_int(len, 0, "... and read");
    part();
  }
}

/* Much output does not wait for a flush. */
static void much_output_leaves(void) {
  meet();
  is_int(sftp_pair_put(&us, 5, bytes(32 * 1024 - 6)), SFTP_OK,
    "one byte below 32 KiB");
  is_int(sftp_pair_fill(&them), 0, "... waits");
  is_int(sftp_pair_flush(&us), SFTP_OK, "... until it is flushed");
  part();
  meet();
  is_int(sftp_pair_put(&us, 5, bytes(32 * 1024 - 5)), SFTP_OK, "32 KiB");
  is_int(sftp_pair_fill(&them), 1, "... do not");
  part();
}

static void ends_are_told(void) {
  meet();
  is_int(sftp_pair_send(&us, 6, bytes(9)), SFTP_OK, "a last message");
  (void) close(us.fd);
  us.fd = -1;
  is_int(sftp_pair_fill(&them), 1, "... comes");
  ok(is_next(&them, 6, 9), "... and is read");
  is_int(sftp_pair_fill(&them), SFTP_ERR_EOF, "then the end");
  is_int(sftp_pair_send(&them, 6, bytes(9)), SFTP_ERR_EOF,
    "nothing is sent to nobody");
  is_int(them.out_len, 0, "... and nothing is kept");
  part();
  is_int(them.fd, -1, "a socket is closed");

  meet();
  (void) close(them.fd);
  them.fd = open("/dev/null", O_RDWR|O_CLOEXEC);
  is_int(sftp_pair_fill(&them), SFTP_ERR_IO, "what is no socket fails");
  is_int(sftp_pair_send(&them, 6, bytes(9)), SFTP_ERR_IO, "... both ways");
  part();
}

int main(void) {
  init_pools();
  t_fill(big, sizeof(big), 5);
  messages_come_in_order();
  pieces_are_put_together();
  a_message_stays_until_the_next();
  lengths_are_checked();
  long_ones_are_sent_as_they_are_read();
  much_output_leaves();
  ends_are_told();
  free_pools();
  return done_testing();
}
