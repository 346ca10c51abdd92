/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-agent.c -- SFTPHostKey agent:/path: host keys in an ssh-agent
 * (draft-ietf-sshm-ssh-agent).  The agent never reveals a private key; it
 * signs.
 */

#include "ftpd-hostkeys.h"

#include <sys/socket.h>
#include <sys/un.h>

#define AGENT_FAILURE 5
#define AGENTC_REQUEST_IDENTITIES 11
#define AGENT_IDENTITIES_ANSWER 12
#define AGENTC_SIGN_REQUEST 13
#define AGENT_SIGN_RESPONSE 14
#define AGENT_RSA_SHA2_256 2
#define AGENT_RSA_SHA2_512 4

#define REPLY_MAX (256 * 1024)
#define KEYS_MAX 1024
#define PATIENCE_SECS 5

struct agent {
  int fd;
  const char *path;
};

static void agent_close(void *data) {
  struct agent *a = data;

  if (a->fd >= 0) {
    (void) close(a->fd);
    a->fd = -1;
  }
}

/* Connects as root.  0, or -1 with errno. */
static int agent_open(struct agent *a, const char *path) {
  struct timeval patience = { PATIENCE_SECS, 0 };
  struct sockaddr_un addr;
  int res, xerrno;

  memset(&addr, 0, sizeof(addr));
  addr.sun_family = AF_UNIX;
  if (strlen(path) >= sizeof(addr.sun_path)) {
    errno = ENAMETOOLONG;
    return -1;
  }

  memcpy(addr.sun_path, path, strlen(path));
  a->fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0);
  if (a->fd < 0) {
    return -1;
  }

  (void) setsockopt(a->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
    sizeof(patience));
  (void) setsockopt(a->fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
    sizeof(patience));

  PRIVS_ROOT
  res = connect(a->fd, (struct sockaddr *) &addr, sizeof(addr));
  xerrno = errno;
  PRIVS_RELINQUISH

  if (res < 0) {
    agent_close(a);
    errno = xerrno;
  }

  return res;
}

static int write_all(int fd, const unsigned char *p, size_t n) {
  while (n > 0) {
    ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

    if (done < 0 && errno == EINTR) {
      continue;
    }

    if (done <= 0) {
      return -1;
    }

    p += done;
    n -= (size_t) done;
  }

  return 0;
}

static int read_all(int fd, unsigned char *p, size_t n) {
  while (n > 0) {
    ssize_t done = recv(fd, p, n, 0);

    if (done < 0 && errno == EINTR) {
      continue;
    }

    if (done <= 0) {
      errno = done == 0 ? EPIPE : errno;
      return -1;
    }

    p += done;
    n -= (size_t) done;
  }

  return 0;
}

/* Sends a request and reads the reply into p; the caller wipes it if it is
 * secret.  Fails if either cannot be transferred.
 */
static int agent_ask(struct agent *a, pool *p, struct sftp_str question,
    struct sftp_str *answer) {
  unsigned char head[4], *text;
  size_t len;

  sftp_put_u32(head, (uint32_t) question.len);
  if (a->fd < 0 || write_all(a->fd, head, sizeof(head)) < 0 ||
      write_all(a->fd, question.ptr, question.len) < 0 ||
      read_all(a->fd, head, sizeof(head)) < 0) {
    agent_close(a);             /* requests and replies must not mix */
    return SFTP_ERR_IO;
  }

  len = sftp_get_u32(head);
  if (len == 0 || len > REPLY_MAX) {
    agent_close(a);
    return SFTP_ERR_LIMIT;
  }

  text = palloc(p, len);
  if (read_all(a->fd, text, len) < 0) {
    sftp_wipe(text, len);
    agent_close(a);
    return SFTP_ERR_IO;
  }

  answer->ptr = text;
  answer->len = len;
  return SFTP_OK;
}

/* ---- Signing */

static uint32_t flags_for(const struct sftp_sig_alg *alg) {
  return strcmp(alg->sig_name, "rsa-sha2-512") == 0 ? AGENT_RSA_SHA2_512 :
    strcmp(alg->sig_name, "rsa-sha2-256") == 0 ? AGENT_RSA_SHA2_256 : 0;
}

/* The signature must be of the requested algorithm, and valid: otherwise the
 * client would end the connection, and nobody would know why.
 */
static int take_signature(const struct sftp_key *key,
    const struct sftp_sig_alg *alg, struct sftp_str answer,
    struct sftp_str data, struct sftp_wr *w) {
  struct sftp_rd r;
  struct sftp_str sig;
  uint8_t type;
  int res;

  sftp_rd_init_str(&r, answer);
  type = sftp_rd_u8(&r);
  if (type != AGENT_SIGN_RESPONSE) {
    return SFTP_ERR_DENIED;
  }

  sig = sftp_rd_string(&r);
  res = sftp_rd_end(&r);
  if (res == SFTP_OK) {
    res = sftp_key_verify(key, alg, sig, data);
  }

  if (res == SFTP_OK) {
    sftp_wr_bytes(w, sig.ptr, sig.len);
    res = sftp_wr_end(w);
  }

  return res;
}

static int sign_by_agent(const struct sftp_key *key,
    const struct sftp_sig_alg *alg, struct sftp_str data, struct sftp_wr *w) {
  struct agent *a = key->signer;
  pool *p = make_sub_pool(key->pool);
  struct sftp_str answer = { NULL, 0 };
  struct sftp_wr q;
  int res;

  sftp_wr_init(&q, p, 1024, REPLY_MAX);
  sftp_wr_u8(&q, AGENTC_SIGN_REQUEST);
  sftp_wr_str(&q, key->blob);
  sftp_wr_str(&q, data);
  sftp_wr_u32(&q, flags_for(alg));
  res = sftp_wr_end(&q);
  if (res == SFTP_OK) {
    res = agent_ask(a, p, sftp_wr_get(&q), &answer);
  }

  if (res == SFTP_OK) {
    res = take_signature(key, alg, answer, data, w);
  }

  if (res != SFTP_OK) {
    sftp_log("agent '%s' did not sign with the %s key: %s", a->path,
      key->type->name, sftp_strerror(res));
  }

  sftp_wr_wipe(&q);
  sftp_wipe((void *) answer.ptr, answer.len);
  destroy_pool(p);
  return res;
}

/* ---- Which keys it has */

/* Certificates, security keys and unknown types of keys are skipped. */
static struct sftp_key *agent_key(pool *p, struct agent *a,
    struct sftp_str blob) {
  struct sftp_key *key = NULL;

  if (sftp_key_from_blob(p, blob, &key) != SFTP_OK || sftp_key_is_sk(key)) {
    return NULL;
  }

  key->is_private = true;
  key->sign_by = sign_by_agent;
  key->signer = a;
  return key;
}

static int read_list(pool *p, struct agent *a, struct sftp_str answer,
    array_header *list) {
  struct sftp_rd r;
  uint32_t n, i;

  sftp_rd_init_str(&r, answer);
  if (sftp_rd_u8(&r) != AGENT_IDENTITIES_ANSWER) {
    return SFTP_ERR_DENIED;
  }

  n = sftp_rd_u32(&r);
  if (n > KEYS_MAX) {
    return SFTP_ERR_LIMIT;
  }

  for (i = 0; i < n && sftp_rd_ok(&r) == SFTP_OK; i++) {
    struct sftp_str blob = sftp_rd_string(&r);
    struct sftp_key *key;

    (void) sftp_rd_string(&r);  /* comment */
    key = sftp_rd_ok(&r) == SFTP_OK ? agent_key(p, a, blob) : NULL;
    if (key != NULL) {
      *((struct sftp_key **) push_array(list)) = key;
    }
  }

  return sftp_rd_end(&r);
}

array_header *ftpd_agent_keys(pool *p, const char *path, const char **why) {
  static const unsigned char question[] = { AGENTC_REQUEST_IDENTITIES };
  array_header *list = make_array(p, 4, sizeof(struct sftp_key *));
  struct agent *a = pcalloc(p, sizeof(struct agent));
  struct sftp_str answer;
  int res;

  a->path = pstrdup(p, path);
  if (agent_open(a, path) < 0) {
    *why = pstrdup(p, strerror(errno));
    return NULL;
  }

  register_cleanup2(p, a, agent_close);
  res = agent_ask(a, p, (struct sftp_str) { question, sizeof(question) },
    &answer);
  if (res == SFTP_OK) {
    res = read_list(p, a, answer, list);
  }

  if (res != SFTP_OK || list->nelts == 0) {
    *why = res != SFTP_OK ? sftp_strerror(res) :
      "the agent has no key that can be used";
    agent_close(a);
    return NULL;
  }

  return list;
}
