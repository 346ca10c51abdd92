/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mod_watch.c -- a module that looks at what mod_sftp does, by the events, the
 * configuration records and the HOOKs that it has, for t/integration/abi.t.
 * The layouts are written down here a second time, on purpose.
 */

#include "mod_sftp.h"

module watch_module;

#define SAY(...) (void) pr_log_writefile(sftp_logfd, "mod_watch/0", __VA_ARGS__)

struct packet {
  pool *pool;
  module *m;
  uint32_t packet_len;
  unsigned char padding_len;
  unsigned char *payload;
  uint32_t payload_len;
  unsigned char *padding;
  unsigned char *aad;
  uint32_t aad_len;
  unsigned char *mac;
  uint32_t mac_len;
  uint32_t seqno;
};

struct chain {
  pool *pool;
  array_header *methods;
  int completed;
};

struct method {
  unsigned int method_id;
  const char *method_name;
  const char *submethod_name;
  int succeeded;
  int failed;
};

/* ---- Events */

static void on_event(const void *data, void *name) {
  SAY("event %s %s", (char *) name, data == NULL ? "NULL" : "data");
}

static void on_bytes(const void *data, void *name) {
  static int told;

  if ((told & (strstr(name, "read") != NULL ? 1 : 2)) == 0) {
    told |= strstr(name, "read") != NULL ? 1 : 2;
    SAY("event %s %s", (char *) name, *((int *) data) > 0 ? "some" : "none");
  }
}

static void on_poll(const void *data, void *name) {
  static int told;

  (void) data;
  if (told++ == 0) {
    SAY("event %s", (char *) name);
  }
}

static void on_packet(const void *data, void *name) {
  const struct packet *pkt = data;

  SAY("event %s: message %u, %u bytes, last 0x%02x, number %u, of %s",
    (char *) name, pkt->payload[0], pkt->payload_len,
    pkt->payload[pkt->payload_len - 1], pkt->seqno, pkt->m->name);
}

static void on_number(const void *data, void *name) {
  SAY("event %s %u", (char *) name, *((unsigned int *) data));
}

static void on_buffer(const void *data, void *name) {
  const pr_buffer_t *b = data;
  unsigned long sum = 0, i;

  for (i = 0; i < b->buflen; i++) {
    sum += (unsigned char) b->buf[i];
  }

  SAY("event %s: %lu bytes, %lu remaining, sum %lu, %s", (char *) name,
    (unsigned long) b->buflen, (unsigned long) b->remaining, sum,
    b->current == b->buf ? "from the start" : "from the middle");
}

static const struct {
  const char *name;
  void (*run)(const void *, void *);
} events[] = {
  { "mod_sftp.ssh2.read-poll", on_poll },
  { "ssh2.netio-read", on_bytes },
  { "ssh2.netio-write", on_bytes },
  { "ssh2.invalid-packet", on_packet },
  { "sftp.invalid-request", on_event },
  { "mod_sftp.ssh2.kex.failed", on_event },
  { "mod_sftp.ssh2.kex.completed", on_event },
  { "mod_sftp.ssh2.auth-publickey", on_event },
  { "mod_sftp.ssh2.auth-publickey.failed", on_event },
  { "mod_sftp.ssh2.auth-kbdint", on_event },
  { "mod_sftp.ssh2.auth-kbdint.failed", on_event },
  { "mod_sftp.ssh2.auth-password", on_event },
  { "mod_sftp.ssh2.auth-password.failed", on_event },
  { "mod_sftp.ssh2.auth-hostbased", on_event },
  { "mod_sftp.ssh2.auth-hostbased.failed", on_event },
  { "mod_sftp.ssh2.no-authentication", on_event },
  { "mod_sftp.ssh.client-compression", on_event },
  { "mod_sftp.ssh.server-compression", on_event },
  { "mod_sftp.ssh2.client-compression", on_event },
  { "mod_sftp.ssh2.server-compression", on_event },
  { "mod_sftp.sftp.session-opened", on_event },
  { "mod_sftp.sftp.session-closed", on_event },
  { "mod_sftp.sftp.protocol-version", on_number },
  { "mod_sftp.sftp.data-read", on_buffer },
  { "mod_sftp.sftp.data-write", on_buffer },
  { "mod_sftp.scp.session-opened", on_event },
  { "mod_sftp.scp.session-closed", on_event },
  { "mod_auth.authentication-code", on_number },
  { "mod_auth.empty-password", on_event },
  { "mod_auth.root-login", on_event },
  { "core.bad-protocol", on_event },
  { "core.timeout-stalled", on_event },
  { "mod_auth.max-login-attempts", on_event }
};

/* ---- HOOKs */

static int (*write_packet)(int, struct packet *);

/* Of the events that the daemon knows, in the order in which it looks. */
static unsigned int ndumped;

static void dump_event(const char *fmt, ...) {
  char line[256];
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(line, sizeof(line), fmt, ap);
  va_end(ap);
  if (ndumped++ < 3) {
    SAY("known event: %s", line);
  }
}

/* Takes the global request "watch@example.org", and answers it. */
static int on_message(void *data) {
  static const char wanted[] = "watch@example.org";
  struct packet *pkt = data, answer;
  unsigned char success = 81;

  if (pkt->payload[0] == 80 && pkt->payload_len > 5 + strlen(wanted) &&
      memcmp(pkt->payload + 5, wanted, strlen(wanted)) == 0) {
    memset(&answer, 0, sizeof(answer));
    answer.pool = pkt->pool;
    answer.payload = &success;
    answer.payload_len = 1;
    SAY("state 0x%02x, options 0x%lx, services %u, %s, %s, log %s",
      sftp_sess_state, sftp_opts, sftp_services, sftp_conn == session.c ?
      "our connection" : "another connection", sftp_pool != NULL ? "a pool" :
      "no pool", sftp_logname != NULL ? sftp_logname : "none");
    pr_event_dump(dump_event);
    if (write_packet(session.c->wfd, &answer) < 0) {
      return -1;
    }

    destroy_pool(pkt->pool);
    return 0;
  }

  errno = ENOSYS;
  return -1;
}

static int on_login(pool *p, const char *user) {
  SAY("login of %s instead", pstrdup(p, user));
  return 0;
}

static modret_t *call(const char *name, unsigned int argc, void *arg) {
  cmdtable *hook = pr_stash_get_symbol2(PR_SYM_HOOK, name, NULL, NULL, NULL);
  cmd_rec *cmd;

  if (hook == NULL) {
    return NULL;
  }

  cmd = pr_cmd_alloc(session.pool, argc, arg);
  return pr_module_call(hook->m, hook->handler, cmd);
}

static void use_hooks(void) {
  modret_t *mr = call("sftp_get_packet_write", 1, NULL);

  if (mr != NULL && MODRET_HASDATA(mr)) {
    memcpy(&write_packet, &mr->data, sizeof(write_packet));
    mr = call("sftp_set_packet_handler", 1, (void *) on_message);
  }

  if (mr == NULL || !MODRET_ISHANDLED(mr)) {
    pr_log_pri(PR_LOG_ERR, "mod_watch: the HOOKs are not there");
  }

  if (getenv("WATCH_LOGIN") != NULL) {
    mr = call("sftp_set_auth_success_handler", 1, (void *) on_login);
    if (mr == NULL || !MODRET_ISHANDLED(mr)) {
      pr_log_pri(PR_LOG_ERR, "mod_watch: no HOOK for the login");
    }
  }

  mr = call("sftp_get_packet_write", 0, NULL);
  if (mr == NULL || !MODRET_ISERROR(mr)) {
    pr_log_pri(PR_LOG_ERR, "mod_watch: a HOOK takes no argument");
  }
}

/* ---- Records */

static void show_records(void) {
  config_rec *c = find_config(main_server->conf, CONF_PARAM, "SFTPEngine",
    FALSE);
  unsigned int i, j;

  pr_log_pri(PR_LOG_NOTICE, "mod_watch: SFTPEngine %u: %d", c->argc,
    *((int *) c->argv[0]));

  c = find_config(main_server->conf, CONF_PARAM, "SFTPAuthMethods", FALSE);
  for (i = 0; c != NULL && i < ((array_header *) c->argv[0])->nelts; i++) {
    struct chain *chain =
      ((struct chain **) ((array_header *) c->argv[0])->elts)[i];

    for (j = 0; j < chain->methods->nelts; j++) {
      struct method *m = ((struct method **) chain->methods->elts)[j];

      pr_log_pri(PR_LOG_NOTICE, "mod_watch: SFTPAuthMethods %u/%u.%u: %u %s %s "
        "%d %d", c->argc, i, j, m->method_id, m->method_name,
        m->submethod_name != NULL ? m->submethod_name : "-", m->succeeded,
        m->failed + chain->completed);
    }
  }
}

static int watch_sess_init(void) {
  size_t i;

  for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
    if (pr_event_register(&watch_module, events[i].name, events[i].run,
        (void *) events[i].name) < 0) {
      return -1;
    }
  }

  use_hooks();
  show_records();
  return 0;
}

module watch_module = {
  NULL, NULL, 0x20, "watch", NULL, NULL, NULL, NULL, watch_sess_init,
  "mod_watch/0", NULL, 0
};
