/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* queue-t.c -- waiting bytes come out as they went in, and take little room. */

#include <dlfcn.h>

#include "queue.h"
#include "tap.h"

static unsigned char bytes[200000];
static bool no_memory;

void *realloc(void *old, size_t n) {
  static void *(*real)(void *, size_t);

  if (real == NULL) {
    void *found = dlsym(RTLD_NEXT, "realloc");

    memcpy(&real, &found, sizeof(real));
  }

  return no_memory ? NULL : real(old, n);
}

static void add(struct sftp_queue *q, size_t n) {
  is_int(sftp_queue_add(q, bytes, n), SFTP_OK, "%lu bytes are added",
    (unsigned long) n);
}

static void bytes_keep_their_order(void) {
  struct sftp_queue q = { NULL, 0, 0, 0 };
  size_t in = 0, out = 0, i, wrong = 0;

  for (i = 0; i < 5000; i++) {
    size_t add = i * 7919 % 1500, drop = i * 104729 % 1500;

    add = in + add <= sizeof(bytes) ? add : sizeof(bytes) - in;
    wrong += add > 0 && sftp_queue_add(&q, bytes + in, add) != SFTP_OK;
    in += add;
    drop = drop < in - out ? drop : in - out;
    sftp_queue_drop(&q, drop);
    out += drop;
    wrong += sftp_queue_len(&q) != in - out || (in > out &&
      memcmp(q.buf + q.start, bytes + out, in - out) != 0);
  }

  ok(wrong == 0 && in == sizeof(bytes), "%lu bytes come in their order",
    (unsigned long) in);
  sftp_queue_free(&q);
  ok(q.buf == NULL && q.size == 0 && sftp_queue_len(&q) == 0,
    "nothing is left of it");
}

static void room_grows_when_it_is_full(void) {
  struct sftp_queue q = { NULL, 0, 0, 0 };

  is_int(sftp_queue_add(&q, bytes, 1024), SFTP_OK, "1 KiB");
  is_int(q.size, 1024, "... fits exactly");
  sftp_queue_drop(&q, 24);
  is_int(sftp_queue_add(&q, bytes, 24), SFTP_OK, "as much as was dropped");
  is_int(q.size, 1024, "... takes its place");
  is_int(q.start, 0, "... at the end of what moved");
  is_int(sftp_queue_add(&q, bytes, 1), SFTP_OK, "one byte more");
  is_int(q.size, 2048, "... doubles the room");
  is_int(sftp_queue_add(&q, bytes, 7167), SFTP_OK, "much more");
  is_int(q.size, 8192, "... takes what it needs");
  sftp_queue_free(&q);
}

static void an_empty_queue_is_small(void) {
  struct sftp_queue q = { NULL, 0, 0, 0 };

  add(&q, SFTP_QUEUE_KEEP);
  sftp_queue_drop(&q, SFTP_QUEUE_KEEP - 1);
  is_int(q.start, SFTP_QUEUE_KEEP - 1, "a byte is left");
  sftp_queue_drop(&q, 1);
  ok(q.size == SFTP_QUEUE_KEEP && q.start == 0, "64 KiB are kept");
  add(&q, SFTP_QUEUE_KEEP + 1);
  sftp_queue_drop(&q, SFTP_QUEUE_KEEP + 1);
  ok(q.size == 0 && q.buf == NULL, "more are not");
  is_int(sftp_queue_add(&q, bytes, 5), SFTP_OK, "and it goes on");
  sftp_queue_free(&q);
}

static void too_much_is_refused(void) {
  struct sftp_queue q = { NULL, 0, 0, 0 };

  add(&q, 5);
  no_memory = true;
  is_int(sftp_queue_add(&q, bytes, 2000), SFTP_ERR_LIMIT,
    "there is no memory");
  no_memory = false;
  ok(sftp_queue_len(&q) == 5 && memcmp(q.buf, bytes, 5) == 0,
    "... what was there stays");
  sftp_queue_free(&q);
}

int main(void) {
  t_fill(bytes, sizeof(bytes), 3);
  bytes_keep_their_order();
  room_grows_when_it_is_full();
  an_empty_queue_is_small();
  too_much_is_refused();
  return done_testing();
}
