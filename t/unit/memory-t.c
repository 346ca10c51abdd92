/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* memory-t.c -- 20,000 messages of a kind leave no more behind than a few:
 * every kind that may be repeated, in every phase.  What the host keeps of them
 * is t/integration/bounds.t's.
 */

#include "../fake/client.h"
#include "../fake/fake-pool.h"
#include "../fake/ftpd-auth.h"
#include "../fake/ftpd-file.h"
#include "kex.h"
#include "tap.h"

#define FIRST 500
#define MANY 20000
#define GROWTH_MAX 512
#define TEXT_LEN 1000

static char long_text[TEXT_LEN + 1];
static unsigned char space[8192];
static struct sftp_wr w;
static uint32_t channel;          /* the one that messages are about */
static uint32_t next_channel;     /* number that the server gives next */

static void begin(void) {
  sftp_wr_init_fixed(&w, space, sizeof(space));
}

static void end(struct client *cl, uint8_t type) {
  if (sftp_wr_end(&w) != SFTP_OK) {
    bail_out("a message is too long for the test");
  }

  client_send(cl, type, w.ptr, w.len);
}

static void send_text(struct client *cl, uint8_t type, const char *text) {
  begin();
  sftp_wr_text(&w, text);
  end(cl, type);
}

/* ---- Kinds of messages */

static void ignore(struct client *cl) {
  send_text(cl, SSH_MSG_IGNORE, long_text);
}

static void debug(struct client *cl) {
  begin();
  sftp_wr_bool(&w, true);
  sftp_wr_text(&w, long_text);
  sftp_wr_text(&w, "en");
  end(cl, SSH_MSG_DEBUG);
}

static void unimplemented(struct client *cl) {
  begin();
  sftp_wr_u32(&w, 7);
  end(cl, SSH_MSG_UNIMPLEMENTED);
}

static void ping(struct client *cl) {
  send_text(cl, SSH_MSG_PING, long_text);
}

static void service_request(struct client *cl) {
  send_text(cl, SSH_MSG_SERVICE_REQUEST, "ssh-userauth");
}

static void late_login(struct client *cl) {
  begin();
  sftp_wr_text(&w, long_text);
  sftp_wr_text(&w, "ssh-connection");
  sftp_wr_text(&w, "none");
  end(cl, SSH_MSG_USERAUTH_REQUEST);
}

static void put_global(struct client *cl, const char *name, bool want) {
  begin();
  sftp_wr_text(&w, name);
  sftp_wr_bool(&w, want);
  sftp_wr_text(&w, long_text);
  end(cl, SSH_MSG_GLOBAL_REQUEST);
}

static void global_unknown(struct client *cl) {
  put_global(cl, long_text, true);
}

static void global_quiet(struct client *cl) {
  put_global(cl, long_text, false);
}

static void global_prove(struct client *cl) {
  put_global(cl, "hostkeys-prove-00@openssh.com", true);
}

static void request_success(struct client *cl) {
  client_send(cl, SSH_MSG_REQUEST_SUCCESS, long_text, TEXT_LEN);
}

static void request_failure(struct client *cl) {
  client_send(cl, SSH_MSG_REQUEST_FAILURE, "", 0);
}

static void put_open(struct client *cl, const char *type) {
  begin();
  sftp_wr_text(&w, type);
  sftp_wr_u32(&w, 5);
  sftp_wr_u32(&w, 1 << 30);
  sftp_wr_u32(&w, 32768);
  end(cl, SSH_MSG_CHANNEL_OPEN);
}

static void open_other(struct client *cl) {
  put_open(cl, long_text);
}

static void put_close(struct client *cl, uint32_t id) {
  begin();
  sftp_wr_u32(&w, id);
  end(cl, SSH_MSG_CHANNEL_CLOSE);
}

static void open_and_close(struct client *cl) {
  put_open(cl, "session");
  put_close(cl, next_channel++);
}

static void window_adjust(struct client *cl) {
  begin();
  sftp_wr_u32(&w, channel);
  sftp_wr_u32(&w, 1);
  end(cl, SSH_MSG_CHANNEL_WINDOW_ADJUST);
}

static void channel_success(struct client *cl) {
  begin();
  sftp_wr_u32(&w, channel);
  end(cl, SSH_MSG_CHANNEL_SUCCESS);
}

static void channel_failure(struct client *cl) {
  begin();
  sftp_wr_u32(&w, channel);
  end(cl, SSH_MSG_CHANNEL_FAILURE);
}

static void empty_data(struct client *cl) {
  begin();
  sftp_wr_u32(&w, channel);
  sftp_wr_text(&w, "");
  end(cl, SSH_MSG_CHANNEL_DATA);
}

static void extended_data(struct client *cl) {
  begin();
  sftp_wr_u32(&w, channel);
  sftp_wr_u32(&w, 1);
  sftp_wr_text(&w, "");
  end(cl, SSH_MSG_CHANNEL_EXTENDED_DATA);
}

static void channel_eof(struct client *cl) {
  begin();
  sftp_wr_u32(&w, channel);
  end(cl, SSH_MSG_CHANNEL_EOF);
}

static void put_request(struct client *cl, uint32_t id, const char *type,
    const char *a, const char *b) {
  begin();
  sftp_wr_u32(&w, id);
  sftp_wr_text(&w, type);
  sftp_wr_bool(&w, !sftp_kex_running(cl->server));
  if (a != NULL) {
    sftp_wr_text(&w, a);
  }

  if (b != NULL) {
    sftp_wr_text(&w, b);
  }

  end(cl, SSH_MSG_CHANNEL_REQUEST);
}

static void unknown_request(struct client *cl) {
  put_request(cl, channel, long_text, long_text, long_text);
}

static void env_taken(struct client *cl) {
  put_request(cl, channel, "env", "LANG", long_text);
}

static void env_refused(struct client *cl) {
  put_request(cl, channel, "env", "LD_PRELOAD", long_text);
}

static void env_malformed(struct client *cl) {
  put_request(cl, channel, "env", long_text, long_text);
}

static void subsystem_unknown(struct client *cl) {
  put_request(cl, channel, "subsystem", long_text, NULL);
}

static void subsystem_again(struct client *cl) {
  put_request(cl, channel, "subsystem", "sftp", NULL);
}

static void exec_again(struct client *cl) {
  put_request(cl, channel, "exec", long_text, NULL);
}

static void signal_unknown(struct client *cl) {
  put_request(cl, channel, "signal", long_text, NULL);
}

static void signal_end(struct client *cl) {
  put_request(cl, channel, "signal", "TERM", NULL);
}

static void shell(struct client *cl) {
  put_request(cl, channel, "shell", NULL, NULL);
}

/* A channel that does its work and goes. */
static void one_channel(struct client *cl, const char *type, const char *text) {
  uint32_t id = next_channel++;

  put_open(cl, "session");
  put_request(cl, id, type, text, NULL);
  (void) client_pump(cl);
  put_close(cl, id);
}

static void sftp_channel(struct client *cl) {
  one_channel(cl, "subsystem", "sftp");
}

static void scp_down(struct client *cl) {
  one_channel(cl, "exec", "scp -r -f /no/where");
}

static void scp_up(struct client *cl) {
  one_channel(cl, "exec", "scp -t /");
}

static void scp_wrong(struct client *cl) {
  one_channel(cl, "exec", "scp -x");
}

static void exec_echo(struct client *cl) {
  one_channel(cl, "exec", "echo 'a b' | md5sum; cd /; pwd");
}

static void exec_unknown(struct client *cl) {
  one_channel(cl, "exec", long_text);
}

/* ---- Phases */

static struct client *at_auth(void) {
  struct client *cl = client_at_service();

  service_request(cl);
  (void) client_pump(cl);
  return cl;
}

static struct client *at_open(void) {
  struct client *cl = client_at_service();

  client_login(cl);
  next_channel = 0;
  return cl;
}

static struct client *with_channel(void) {
  struct client *cl = at_open();

  put_open(cl, "session");
  channel = next_channel++;
  (void) client_pump(cl);
  return cl;
}

static struct client *with_service(void) {
  struct client *cl = with_channel();

  put_request(cl, channel, "subsystem", "sftp", NULL);
  (void) client_pump(cl);
  return cl;
}

/* Its service has ended, and the client does not close it. */
static struct client *with_dead_channel(void) {
  struct client *cl = with_service();

  signal_end(cl);
  (void) client_pump(cl);
  return cl;
}

/* Answers are held back meanwhile, and not without end. */
static struct client *in_rekey(void) {
  struct client *cl = with_channel();
  struct sftp_pkt pkt;

  while (client_recv(cl, &pkt)) {
  }

  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  return cl;
}

struct kind {
  const char *name;
  void (*send)(struct client *cl);
};

static const struct kind any[] = {
  { "IGNORE", ignore }, { "DEBUG", debug }, { "UNIMPLEMENTED", unimplemented },
  { NULL, NULL }
};

static const struct kind keyed[] = {
  { "PING", ping }, { NULL, NULL }
};

static const struct kind logged_in[] = {
  { "SERVICE_REQUEST", service_request },
  { "a late USERAUTH_REQUEST", late_login },
  { "a GLOBAL_REQUEST", global_unknown },
  { "GLOBAL_REQUEST hostkeys-prove", global_prove },
  { "a CHANNEL_OPEN of another type", open_other },
  { "CHANNEL_OPEN and CLOSE", open_and_close },
  { "a channel with SFTP", sftp_channel },
  { "a channel with scp -f", scp_down },
  { "a channel with scp -t", scp_up },
  { "a channel with a wrong scp", scp_wrong },
  { "a channel with commands", exec_echo },
  { "a channel with an unknown command", exec_unknown },
  { NULL, NULL }
};

static const struct kind quiet[] = {
  { "a GLOBAL_REQUEST without an answer", global_quiet },
  { "REQUEST_SUCCESS", request_success },
  { "REQUEST_FAILURE", request_failure },
  { "WINDOW_ADJUST", window_adjust },
  { "CHANNEL_SUCCESS", channel_success },
  { "CHANNEL_FAILURE", channel_failure },
  { "an unknown CHANNEL_REQUEST", unknown_request },
  { "an env that is accepted", env_taken },
  { "an env that is refused", env_refused },
  { "an env that is malformed", env_malformed },
  { "an unknown subsystem", subsystem_unknown },
  { "an unknown signal", signal_unknown },
  { NULL, NULL }
};

static const struct kind data[] = {
  { "CHANNEL_DATA", empty_data }, { "EXTENDED_DATA", extended_data },
  { NULL, NULL }
};

static const struct kind served[] = {
  { "a second subsystem", subsystem_again }, { "a second exec", exec_again },
  { "a signal that ends", signal_end }, { "a shell", shell },
  { "CHANNEL_EOF", channel_eof }, { NULL, NULL }
};

static void send_many(struct client *cl, const struct kind *k, unsigned int n) {
  struct sftp_pkt pkt;
  unsigned int i;

  for (i = 1; i <= n; i++) {
    k->send(cl);
    if (i % 32 == 0 || i == n) {
      /* What is not counted uses no memory either. */
      memset(&cl->server->spent, 0, sizeof(cl->server->spent));
      while (client_recv(cl, &pkt)) {
      }
    }
  }
}

static void try_kind(const char *phase, struct client *(*reach)(void),
    const struct kind *k) {
  struct client *cl = reach();
  size_t before, after;

  send_many(cl, k, FIRST);
  before = fake_pool_bytes(cl->pool);
  send_many(cl, k, MANY);
  after = fake_pool_bytes(cl->pool);
  ok(cl->server->failure.err == SFTP_OK, "%s %s: %s", k->name, phase,
    cl->server->failure.err == SFTP_OK ? "taken" : cl->server->failure.why);
  ok(after <= before + GROWTH_MAX, "... nothing stays (%ld bytes)",
    (long) (after - before));
  client_free(cl);
}

static void try_kinds(const char *phase, struct client *(*reach)(void),
    const struct kind *k) {
  for (; k->name != NULL; k++) {
    try_kind(phase, reach, k);
  }
}

static void rekey_many(struct client *cl, unsigned int n) {
  while (n-- > 0) {
    client_send_kexinit(cl, false);
    if (client_kex(cl) != SFTP_OK) {
      bail_out("a rekey fails");
    }
  }
}

static void rekeys(void) {
  struct client *cl = at_open();
  size_t before, after;

  rekey_many(cl, 20);
  before = fake_pool_bytes(cl->server->pool);
  rekey_many(cl, 2000);
  after = fake_pool_bytes(cl->server->pool);
  ok(after <= before + GROWTH_MAX, "2,000 rekeys: nothing stays (%ld bytes)",
    (long) (after - before));
  client_free(cl);
}

int main(void) {
  memset(long_text, 'x', TEXT_LEN);
  fake_auth_reset();
  try_kinds("before the login is asked for", client_at_service, any);
  try_kinds("before the login is asked for", client_at_service, keyed);
  try_kinds("before login", at_auth, any);
  try_kinds("after login", at_open, any);
  try_kinds("after login", at_open, keyed);
  try_kinds("after login", at_open, logged_in);
  try_kinds("on a channel", with_channel, quiet);
  try_kinds("on a channel", with_channel, data);
  try_kinds("beside SFTP", with_service, quiet);
  try_kinds("beside SFTP", with_service, data);
  try_kinds("beside SFTP", with_service, served);
  try_kinds("on a channel that has ended", with_dead_channel, quiet);
  try_kinds("on a channel that has ended", with_dead_channel, served);
  try_kinds("while keys are exchanged", in_rekey, any);
  try_kinds("while keys are exchanged", in_rekey, quiet);
  rekeys();
  return done_testing();
}
