/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-exec.c -- commands of "exec" requests that other modules implement:
 * calls their functions as a service of a channel (service.h).
 *
 * Modules register in the session's process, before the connection begins.
 */

#include "ftpd-abi.h"
#include "ftpd-session.h"

#include "conn.h"
#include "service.h"

struct handler {
  struct handler *next;
  const char *command;
  int (*set_params)(pool *p, uint32_t channel_id, array_header *words);
  int (*prepare)(uint32_t channel_id);
  int (*postopen)(uint32_t channel_id);
  int (*data)(pool *p, void *pkt, uint32_t channel_id, unsigned char *data,
    uint32_t len);
  int (*finish)(uint32_t channel_id);
};

/* A channel on which such a command runs. */
struct running {
  struct running *next;
  const struct handler *handler;
  struct sftp_channel *channel;
  pool *pool;
  bool done;
};

static struct handler *handlers;
static struct running *all;

static struct handler *find_handler(const char *command) {
  struct handler *h;

  for (h = handlers; h != NULL && strcmp(h->command, command) != 0;
      h = h->next) {
  }

  return h;
}

/* Ends the channel when all output has been sent. */
static void finish_run(struct running *r, int status) {
  if (!r->done) {
    r->done = true;
    sftp_channel_finish(r->channel, status);
  }
}

/* ---- The service */

static ssize_t exec_input(void *svc, const unsigned char *p, size_t len) {
  struct running *r = svc;
  size_t n = len < UINT32_MAX ? len : UINT32_MAX;
  struct ssh2_packet pkt = { .m = &sftp_module };
  unsigned char *copy;
  int res;

  if (r->done || n == 0) {
    return (ssize_t) len;
  }

  /* Handlers may write to it, and keep it as long as the packet's pool. */
  pkt.pool = make_sub_pool(r->pool);
  pr_pool_tag(pkt.pool, "SSH exec data");
  copy = palloc(pkt.pool, n);
  memcpy(copy, p, n);
  pkt.payload = copy;
  pkt.payload_len = pkt.packet_len = (uint32_t) n;

  res = r->handler->data(pkt.pool, &pkt, sftp_channel_id(r->channel), copy,
    (uint32_t) n);
  destroy_pool(pkt.pool);

  if (res < 0) {
    sftp_log("exec command '%s' failed: %s", r->handler->command,
      strerror(errno));
    finish_run(r, 1);

  } else if (res == 1) {
    finish_run(r, 0);
  }

  return (ssize_t) n;
}

static int exec_nothing(void *svc) {
  (void) svc;
  return SFTP_OK;
}

static int exec_eof(void *svc) {
  finish_run(svc, 0);
  return SFTP_OK;
}

static void exec_close(void *svc) {
  struct running *r = svc, **at;

  r->done = true;
  for (at = &all; *at != NULL; at = &(*at)->next) {
    if (*at == r) {
      *at = r->next;
      break;
    }
  }

  if (r->handler->finish != NULL) {
    (void) r->handler->finish(sftp_channel_id(r->channel));
  }
}

static size_t exec_missing(void *svc) {
  (void) svc;
  return 0;
}

static const struct sftp_service exec_service = {
  "exec", exec_input, exec_nothing, exec_nothing, exec_eof, exec_close,
  exec_missing
};

/* The words of the command line, the command first. */
static array_header *split_args(pool *p, const char *word, const char *args) {
  array_header *words = make_array(p, 4, sizeof(char *));
  char *left = pstrdup(p, args), *next;

  *((const char **) push_array(words)) = pstrdup(p, word);
  while ((next = pr_str_get_word(&left, 0)) != NULL) {
    *((const char **) push_array(words)) = next;
  }

  return words;
}

static void *exec_start(struct ssh_conn *c, struct sftp_channel *ch, pool *p,
    const char *args, const char **why) {
  const struct handler *h = find_handler(sftp_channel_row(ch)->word);
  uint32_t id = sftp_channel_id(ch);
  struct running *r;
  int res;

  (void) c;
  r = pcalloc(p, sizeof(struct running));
  r->handler = h;
  r->channel = ch;
  r->pool = p;
  r->next = all;
  all = r;

  if (h->set_params(p, id, split_args(p, h->command, args)) < 0 ||
      h->prepare(id) < 0 || (res = h->postopen(id)) < 0) {
    *why = pstrcat(p, h->command, ": ", strerror(errno), NULL);
    exec_close(r);
    return NULL;
  }

  if (res == 1) {
    finish_run(r, 0);
  }

  return r;
}

/* ---- For other modules */

/* Data to the client, on the channel of a running command. */
static int write_data(pool *p, uint32_t channel_id, unsigned char *data,
    uint32_t len) {
  struct running *r;

  (void) p;
  for (r = all; r != NULL; r = r->next) {
    if (sftp_channel_id(r->channel) == channel_id) {
      if (sftp_channel_write(r->channel, data, len) == SFTP_OK) {
        return 0;
      }

      errno = EIO;
      return -1;
    }
  }

  errno = ENOENT;
  return -1;
}

SFTP_EXPORT int sftp_channel_register_exec_handler(module *m,
    const char *command,
    int (*set_params)(pool *, uint32_t, array_header *),
    int (*prepare)(uint32_t), int (*postopen)(uint32_t),
    int (*data)(pool *, void *, uint32_t, unsigned char *, uint32_t),
    int (*finish)(uint32_t),
    int (**write_fn)(pool *, uint32_t, unsigned char *, uint32_t)) {
  struct handler *h;

  if (m == NULL || command == NULL || set_params == NULL ||
      prepare == NULL || postopen == NULL || data == NULL ||
      finish == NULL || write_fn == NULL) {
    errno = EINVAL;
    return -1;
  }

  if (find_handler(command) != NULL) {
    errno = EEXIST;
    return -1;
  }

  h = pcalloc(sftp_pool, sizeof(struct handler));
  h->command = pstrdup(sftp_pool, command);
  h->set_params = set_params;
  h->prepare = prepare;
  h->postopen = postopen;
  h->data = data;
  h->finish = finish;
  h->next = handlers;
  handlers = h;

  *write_fn = write_data;
  return 0;
}

const struct sftp_service_row *ftpd_exec_services(pool *p,
    const struct sftp_service_row *built_in) {
  const struct sftp_service_row none = { .request = NULL };
  array_header *rows;
  struct handler *h;

  if (handlers == NULL) {
    return built_in;
  }

  rows = make_array(p, 8, sizeof(struct sftp_service_row));
  for (; built_in->request != NULL; built_in++) {
    *((struct sftp_service_row *) push_array(rows)) = *built_in;
  }

  for (h = handlers; h != NULL; h = h->next) {
    struct sftp_service_row row = { "exec", h->command, 0, &exec_service,
      exec_start };

    *((struct sftp_service_row *) push_array(rows)) = row;
  }

  *((struct sftp_service_row *) push_array(rows)) = none;
  return rows->elts;
}
