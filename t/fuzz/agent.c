/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: the replies of an agent with host keys.  Input
 * is what the agent sends: its list of keys, then a signature for each use of
 * each key.  The first byte says how many bytes arrive at once.
 *
 * No signature is used but one that was checked, whatever the agent sends.
 */

#include "daemon.h"
#include "ftpd-hostkeys.h"
#include "target.h"

#include <fcntl.h>
#include <sys/socket.h>

#define PATH "/run/agent"

/* The linker puts them in the place of the system's (Makefile). */
int __wrap_socket(int domain, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value,
  socklen_t len);
ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags);
/* And a check that can be passed without a private key. */
int __wrap_sftp_key_verify(const struct sftp_key *key,
  const struct sftp_sig_alg *alg, struct sftp_str sig, struct sftp_str data);
int __real_sftp_key_verify(const struct sftp_key *key,
  const struct sftp_sig_alg *alg, struct sftp_str sig, struct sftp_str data);

static const uint8_t *arriving;
static size_t left, at_once;
static struct sftp_str checked;         /* the last signature that was good */
static size_t asked, asked_len;         /* of the last request */
static unsigned char asked_head[4];

int __wrap_socket(int domain, int type, int protocol) {
  must(domain == AF_UNIX && (type & SOCK_CLOEXEC) != 0 && protocol == 0);
  return open("/dev/null", O_RDWR|O_CLOEXEC);
}

int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t len) {
  must(fd >= 0 && addr->sa_family == AF_UNIX && len > strlen(PATH));
  return 0;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value,
    socklen_t len) {
  must(fd >= 0 && level == SOL_SOCKET && value != NULL && len > 0);
  must(name == SO_RCVTIMEO || name == SO_SNDTIMEO);
  return 0;
}

/* The head of a request, then the request. */
ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags) {
  must(fd >= 0 && n > 0 && (flags & MSG_NOSIGNAL) != 0);
  if (asked == asked_len) {
    must(n == sizeof(asked_head));
    memcpy(asked_head, buf, n);
    asked_len = sftp_get_u32(asked_head);
    asked = 0;

  } else {
    asked += n;
    must(asked <= asked_len);
  }

  return (ssize_t) n;
}

/* No reply is read before all of its request was sent. */
ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags) {
  must(fd >= 0 && n > 0 && flags == 0 && asked == asked_len);
  n = n < at_once ? n : at_once;
  n = n < left ? n : left;
  memcpy(buf, arriving, n);
  arriving += n;
  left -= n;
  return (ssize_t) n;
}

/* Good is what has the name of the algorithm. */
int __wrap_sftp_key_verify(const struct sftp_key *key,
    const struct sftp_sig_alg *alg, struct sftp_str sig,
    struct sftp_str data) {
  struct sftp_rd r;

  (void) !__real_sftp_key_verify(key, alg, sig, data);
  sftp_rd_init_str(&r, sig);
  if (!sftp_str_is(sftp_rd_string(&r), alg->sig_name)) {
    return SFTP_ERR_CRYPTO;
  }

  checked = sftp_str_copy(key->pool, sig);
  return SFTP_OK;
}

static void sign(const struct sftp_key *key, const struct sftp_sig_alg *alg) {
  struct sftp_wr w;
  int res;

  checked = (struct sftp_str) { NULL, 0 };
  sftp_wr_init(&w, key->pool, 256, 256 * 1024);
  res = sftp_key_sign(key, alg, sftp_str_of("what the server signs"), &w);
  must(res != SFTP_OK || (checked.ptr != NULL &&
    sftp_str_same(sftp_wr_get(&w), checked)));
}

static void sign_with_all(const struct sftp_key *key) {
  size_t i;

  must(key->is_private && key->sign_by != NULL);
  for (i = 0; sftp_sig_algs[i].alg.name != NULL; i++) {
    sign(key, &sftp_sig_algs[i]);
  }
}

static int one_input(const uint8_t *data, size_t size) {
  array_header *keys;
  const char *why = NULL;
  pool *p;
  int i;

  if (size < 1 || sftp_crypto_init() != SFTP_OK) {
    return 0;
  }

  at_once = (size_t) data[0] + 1;
  arriving = data + 1;
  left = size - 1;
  asked = asked_len = 0;
  p = make_sub_pool(permanent_pool);
  keys = ftpd_agent_keys(p, PATH, &why);
  must((keys == NULL) == (why != NULL));
  must(keys == NULL || keys->nelts > 0);
  must(daemon_root == 0);
  for (i = 0; keys != NULL && i < keys->nelts; i++) {
    sign_with_all(((struct sftp_key **) keys->elts)[i]);
  }

  destroy_pool(p);
  return 0;
}
