/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: KEXINIT, and the messages of every key exchange.
 *
 * The first byte selects a method or, after the last one, a connection that
 * gets a KEXINIT and the messages after it.  Then come messages: a byte for the
 * type, two for the length, the fields.
 */

#include <fcntl.h>
#include <sys/socket.h>

#include "../fake/client.h"
#include "alg-table.h"
#include "crypto.h"
#include "kex-method.h"
#include "target.h"

/* The next message; false at the end. */
static bool next(struct sftp_str *left, unsigned int *type,
    struct sftp_str *fields) {
  size_t len;

  if (left->len < 3) {
    return false;
  }

  *type = left->ptr[0];
  len = (size_t) left->ptr[1] << 8 | left->ptr[2];
  left->ptr += 3;
  left->len -= 3;
  fields->ptr = left->ptr;
  fields->len = len < left->len ? len : left->len;
  left->ptr += fields->len;
  left->len -= fields->len;
  return true;
}

/* ---- Methods */

static int swallow(struct sftp_kex_exchange *x, struct sftp_str payload) {
  (void) x;
  must(payload.len > 1);
  return SFTP_OK;
}

static struct sftp_kex_exchange *new_exchange(pool *p,
    const struct sftp_kex_method *m) {
  struct sftp_kex_exchange *x = pcalloc(p, sizeof(*x));

  x->pool = p;
  x->method = m;
  x->reply_type = 31;
  x->send = swallow;
  x->host_key = sftp_str_of("host key");
  sftp_wr_init(&x->hashed, p, 64, 65536);
  sftp_wr_init(&x->reply, p, 64, 65536);
  sftp_wr_init(&x->k, p, 64, 65536);
  return x;
}

/* A key of RSA takes too long to make for each input. */
static void *rsa_key(const struct sftp_kex_method *m) {
  static struct sftp_kex_exchange *kept;

  if (kept == NULL) {
    kept = new_exchange(make_sub_pool(permanent_pool), m);
    must(m->ops->begin(kept) == SFTP_OK);
  }

  return kept->state;
}

static void method(pool *p, const struct sftp_kex_method *m, bool weak,
    struct sftp_str left) {
  struct sftp_kex_exchange *x = new_exchange(p, m);
  struct sftp_str fields;
  unsigned int type;

  x->weak_dh = weak;
  if (m->ops->begin != NULL) {
    x->state = rsa_key(m);
  }

  while (next(&left, &type, &fields)) {
    struct sftp_rd r;
    bool was_done = x->done;
    int res;

    sftp_rd_init_str(&r, fields);
    res = m->ops->message(x, type, &r);
    must(res == SFTP_OK || x->done == was_done);
    if (res == SFTP_OK && x->done) {
      must(!was_done && x->k.len > 0 && sftp_wr_end(&x->k) == SFTP_OK);
      must(x->bare_reply || x->reply.len > 0);
    }
  }
}

/* ---- A connection */

static void drain(int fd) {
  char buf[4096];

  while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
  }
}

static void connection(struct sftp_str left) {
  struct client *cl = client_new();
  struct sftp_str fields;
  unsigned int type;

  cl->set->kex = sftp_alg_list(cl->pool, ALGS_KEX, 0, 0);
  cl->set->ciphers = sftp_alg_list(cl->pool, ALGS_CIPHER, 0, 0);
  cl->set->macs = sftp_alg_list(cl->pool, ALGS_MAC, 0, 0);
  (void) client_version(cl);
  while (next(&left, &type, &fields)) {
    client_send(cl, (uint8_t) type, fields.ptr, fields.len);
    if (client_pump(cl) != SFTP_OK) {
      break;
    }
  }

  drain(cl->fd);
  (void) client_pump(cl);
  client_free(cl);
}

static int one_input(const uint8_t *data, size_t size) {
  struct sftp_str left = { data + 1, size - 1 };
  size_t n = 0;
  pool *p;

  if (size < 1 || sftp_crypto_init() != SFTP_OK) {
    return 0;
  }

  while (sftp_kex_methods[n].alg.name != NULL) {
    n++;
  }

  if ((data[0] & 0x7f) % (n + 1) == n) {
    connection(left);
    return 0;
  }

  p = make_sub_pool(permanent_pool);
  method(p, &sftp_kex_methods[(data[0] & 0x7f) % (n + 1)],
    (data[0] & 0x80) != 0, left);
  destroy_pool(p);
  return 0;
}
