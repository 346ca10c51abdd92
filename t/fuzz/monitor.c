/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: what a hostile cell sends to its monitor.
 *
 * The first byte has flags: alice exists; a module wants to see messages.  Then
 * messages follow: byte type, and
 * - below 0x80: uint16 length and fields, as they are sent;
 * - from 0x80 on: number `type & 0x07' of what an honest cell sends;
 * - from 0xc0 on: the same with one byte changed: uint16 place, byte.
 * Whatever it is, the connection ends, and only alice's password logs in.
 */

#include <sys/socket.h>
#include <unistd.h>

#include "../fake/client.h"
#include "../fake/ftpd-auth.h"
#include "../fake/ftpd-log.h"
#include "../fake/ftpd-session.h"
#include "../fake/honest.h"
#include "handover.h"
#include "kex-elsewhere.h"
#include "kex.h"
#include "messages.h"
#include "monitor.h"
#include "pair.h"
#include "ssh-version.h"
#include "ssh2.h"
#include "target.h"

#define ALICE 1
#define OFFERS 2
#define SCRIPT_MAX 100000

/* ---- An honest cell */

static struct client *cl;
static struct {
  enum sftp_pair_type type;
  struct sftp_str fields;
} honest[8];

static struct sftp_str keep(struct sftp_wr *w) {
  must(sftp_wr_end(w) == SFTP_OK);
  return sftp_wr_get(w);
}

static void begin(struct sftp_wr *w) {
  sftp_wr_init(w, cl->pool, 4096, SFTP_PAIR_MAX);
}

static void meet(void) {
  static struct honest h;

  must(honest_meet(&h));
  cl = h.cl;
  honest[1].type = PAIR_TRANSCRIPT;
  honest[1].fields = h.transcript;
}

static void keep_request(size_t i, uint8_t type, const char *pass) {
  struct sftp_wr w;

  begin(&w);
  sftp_wr_u32(&w, 3);
  sftp_wr_u8(&w, type);
  if (type == SSH_MSG_SERVICE_REQUEST) {
    sftp_wr_text(&w, "ssh-userauth");

  } else {
    sftp_wr_text(&w, "alice");
    sftp_wr_text(&w, "ssh-connection");
    sftp_wr_text(&w, "password");
    sftp_wr_bool(&w, false);
    sftp_wr_text(&w, pass);
  }

  honest[i].type = PAIR_REQUEST;
  honest[i].fields = keep(&w);
}

static void prepare(void) {
  struct sftp_wr w, *state;

  meet();
  begin(&w);
  sftp_wr_text(&w, cl->ident);
  honest[0].type = PAIR_CLIENT;
  honest[0].fields = keep(&w);
  begin(&w);
  sftp_agreed_write(cl->server, &w);
  honest[2].type = PAIR_AGREED;
  honest[2].fields = keep(&w);
  keep_request(3, SSH_MSG_SERVICE_REQUEST, NULL);
  keep_request(4, SSH_MSG_USERAUTH_REQUEST, "secret");
  keep_request(5, SSH_MSG_USERAUTH_REQUEST, "wrong");
  state = palloc(cl->pool, sizeof(*state));
  sftp_handover_begin(state, cl->pool);
  must(sftp_handover_write(cl->server, state) == SFTP_OK);
  begin(&w);
  sftp_wr_str(&w, sftp_wr_get(state));
  honest[6].type = PAIR_STATE;
  honest[6].fields = keep(&w);
  begin(&w);
  sftp_wr_u8(&w, SINK_LOG);
  sftp_wr_u32(&w, 0);
  sftp_wr_u32(&w, 7);
  sftp_wr_text(&w, "a line");
  honest[7].type = PAIR_LINE;
  honest[7].fields = keep(&w);
  /* The client has gone: what is handed over ends at once. */
  close(cl->fd);
}

/* ---- Scripts */

static void put(struct sftp_wr *w, uint8_t type, struct sftp_str fields) {
  sftp_wr_u32(w, (uint32_t) fields.len + 1);
  sftp_wr_u8(w, type);
  sftp_wr_bytes(w, fields.ptr, fields.len);
}

static void put_honest(struct sftp_wr *w, uint8_t type, struct sftp_rd *r) {
  size_t i = type & 7;
  uint32_t at;

  put(w, (uint8_t) honest[i].type, honest[i].fields);
  if (type >= 0xc0) {
    at = (uint32_t) sftp_rd_u8(r) << 8;
    at |= sftp_rd_u8(r);
    at %= (uint32_t) honest[i].fields.len;
    w->ptr[w->len - honest[i].fields.len + at] ^= sftp_rd_u8(r);
  }
}

static void write_script(struct sftp_wr *w, struct sftp_rd *r) {
  static const unsigned char empty[4];
  struct sftp_str hello = { empty, sizeof(empty) };

  put(w, PAIR_HELLO, hello);
  while (r->left > 0 && sftp_rd_ok(r) == SFTP_OK && w->len < SCRIPT_MAX / 2) {
    uint8_t type = sftp_rd_u8(r);
    struct sftp_str fields;
    size_t len;

    if (type >= 0x80) {
      put_honest(w, type, r);
      continue;
    }

    len = (size_t) sftp_rd_u8(r) << 8;
    len |= sftp_rd_u8(r);
    fields = sftp_rd_bytes(r, len < r->left ? len : r->left);
    if (sftp_rd_ok(r) == SFTP_OK) {
      put(w, type, fields);
    }
  }
}

static void run(unsigned int flags, struct sftp_str script) {
  struct ssh_conn *c;
  int fd[2], res;

  must(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
  must(send(fd[1], script.ptr, script.len, MSG_DONTWAIT) ==
    (ssize_t) script.len);
  close(fd[1]);
  fake_auth_reset();
  fake_session_reset();
  c = sftp_conn_new(make_sub_pool(cl->pool), cl->server_fd, cl->set, NULL);
  fake_auth.users = (flags & ALICE) != 0 ? honest_users : &honest_users[1];
  fake_auth.conn = c;
  fake_auth.late = cl->set;
  res = sftp_monitor_run(c, fd[0], (flags & OFFERS) != 0);
  must(res < 0 && (!c->state.authenticated || (flags & ALICE) != 0));
  must(!c->state.authenticated || strcmp(fake_auth.password, "secret") == 0);
  destroy_pool(c->pool);
}

/* Messages that a monitor has read, in all inputs together. */
static unsigned long long messages;

int __real_sftp_pair_next(struct sftp_pair *pr, size_t (*max)(uint8_t type),
  uint8_t *type, struct sftp_rd *r);
int __wrap_sftp_pair_next(struct sftp_pair *pr, size_t (*max)(uint8_t type),
  uint8_t *type, struct sftp_rd *r);

int __wrap_sftp_pair_next(struct sftp_pair *pr, size_t (*max)(uint8_t type),
    uint8_t *type, struct sftp_rd *r) {
  int res = __real_sftp_pair_next(pr, max, type, r);

  messages += res == 1;
  return res;
}

__attribute__((destructor)) static void tell_messages(void) {
  fprintf(stderr, "stat::messages: %llu\n", messages);
}

static int one_input(const uint8_t *data, size_t size) {
  struct sftp_rd r;
  struct sftp_wr w;
  unsigned int flags;
  pool *p;

  if (cl == NULL) {
    prepare();
  }

  p = make_sub_pool(permanent_pool);
  sftp_rd_init(&r, data, size);
  flags = sftp_rd_u8(&r);
  sftp_wr_init(&w, p, 4096, 2 * SCRIPT_MAX);
  write_script(&w, &r);
  if (w.len > 0 && w.len <= SCRIPT_MAX) {
    run(flags, sftp_wr_get(&w));
  }

  destroy_pool(p);
  return 0;
}
