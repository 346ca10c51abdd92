/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: whole conversations, from the version line to
 * SFTP and SCP, with exchanges of keys, encryption, compression and rekeys by
 * both sides.  The server runs its own loop; the client of talk.h follows the
 * input.
 *
 * The first bytes select how far both have come already, the algorithms, the
 * client and the configuration (see struct choice); the rest is the program.
 * Whatever it is: nobody is logged in who has not proven who they are; before
 * that, there is no channel and no file, and no message says otherwise; the
 * connection ends; every file is closed; and what a connection keeps in memory
 * does not depend on how long it was.
 */

#include <malloc.h>

#include "../fake/talk.h"
#include "../fake/fake-pool.h"
#include "../fake/ftpd-auth.h"
#include "../fake/ftpd-file.h"
#include "../fake/ftpd-log.h"
#include "../fake/ftpd-session.h"
#include "alg-table.h"
#include "conn-loop.h"
#include "disconnect.h"
#include "exec.h"
#include "fxp.h"
#include "messages.h"
#include "qos.h"
#include "target.h"
#include "traffic.h"
#include "userauth.h"

/* What is left in the pool of a connection when it is over. */
#define KEPT_MAX 16384

#define CHOICES 10

enum choice { CH_STAGE, CH_CIPHER, CH_MAC, CH_COMPRESSION, CH_CLIENT,
  CH_SERVER, CH_LIMITS, CH_LOGIN, CH_FILES, CH_MORE };

/* ---- The users, and how they log in */

static struct fake_user users[] = {
  { "alice", "secret", { { NULL, 0 } }, false },
  { "bob", NULL, { { NULL, 0 } }, false },
  { "carol", "secret", { { NULL, 0 } }, true },
  { NULL, NULL, { { NULL, 0 } }, false }
};

static const struct sftp_chain_step pk_pw[] = { { AUTH_PUBLICKEY, NULL },
  { AUTH_PASSWORD, NULL } }, ki[] = { { AUTH_KBDINT, NULL } },
  hb[] = { { AUTH_HOSTBASED, NULL } };
static const struct sftp_chain any_chain[] = { { pk_pw + 1, 1 }, { pk_pw, 1 },
  { ki, 1 }, { hb, 1 } }, both_chain[] = { { pk_pw, 2 } };

/* Two questions, or one. */
static enum ftpd_verdict driver_says(struct ssh_conn *c) {
  const struct sftp_auth_prompt prompts[] = { { "Password: ", false },
    { "Again: ", true } };
  unsigned int n = talk_now->waits % 2 + 1, i;
  pool *p = make_sub_pool(permanent_pool);
  const char **answers;
  bool good = sftp_auth_ask(c, "", "", n, prompts) == SFTP_OK &&
    sftp_auth_answers(c, p, n, &answers) == SFTP_OK;

  for (i = 0; good && i < n; i++) {
    good = strcmp(answers[i], "secret") == 0;
  }

  talk_now->proofs += good;
  destroy_pool(p);
  return good ? FTPD_AUTH_OK : FTPD_AUTH_BAD;
}

static const struct fake_driver drivers[] = {
  { "pam", driver_says }, { NULL, NULL } };

static void make_users(struct ssh_conn *c, const uint8_t *how) {
  static const char *const commands[] = { NULL, "internal-sftp", "scp -t .",
    "/bin/false" };

  enum talk_key i;

  for (i = TALK_KEY; i <= TALK_KEY_SHORT; i++) {
    users[0].keys[i] = talk_key(i);
  }

  fake_auth_reset();
  fake_auth.users = users;
  fake_auth.drivers = drivers;
  fake_auth.host_name = "client.example";
  fake_auth.host_key = users[0].keys[0];
  fake_auth.conn = c;
  fake_auth.late = c->set;
  fake_auth.banner = (how[CH_LOGIN] & 4) != 0 ? "Welcome\n" : NULL;
  fake_auth.grant.command = commands[how[CH_LOGIN] >> 4 & 3];
}

/* ---- The files */

static void make_files(const uint8_t *how) {
  fake_fs_reset();
  fake_fs_put("/home/user/f", "0123456789\nabc\n", 15, 0644);
  fake_fs_put("/g", "x", 1, 0600);
  fake_fs_dir("/home/user/d");
  fake_fs_put("/home/user/d/h", "yy", 2, 0600);
  fake_fs_link("/home/user/d/up", "..");
  fake_fs_link("/home/user/d/lost", "nowhere");
  fake_fs_link("/home/user/d/loop", "loop");
  fake_fs_fill("/home/user/d", "entry", 8);
  fake_files.max_handles = 8;
  fake_files.write_limit = 1 << 20;
  fake_files.write_errno = ENOSPC;
  fake_files.deny[how[CH_FILES] % FTPD_NREQUESTS] = how[CH_FILES] >= 128;
  fake_files.portion = (how[CH_FILES] & 64) != 0 ? 7 : 0;
  fake_files.charset = (how[CH_FILES] & 32) != 0 ? "X" : NULL;
}

/* ---- The configuration */

/* A row of the table that libcrypto can do: that one, or one behind it. */
static const char *alg_name(enum sftp_alg_family f, uint8_t n) {
  size_t count = 0, i;

  while (sftp_alg_at(f, count) != NULL) {
    count++;
  }

  i = n % count;
  while (!sftp_alg_usable(f, sftp_alg_at(f, i))) {
    i = (i + 1) % count;
  }

  return sftp_alg_at(f, i)->name;
}

static void set_limits(struct sftp_settings *set, uint8_t how) {
  static const uint64_t bytes[] = { 0, 1, 2000, 20000 };

  set->rekey.bytes = bytes[how & 3];
  set->rekey.packets = (how & 4) != 0 ? 10 : 0;
  set->rekey.secs = (how & 8) != 0 ? 2 : 0;
  set->rekey.timeout_secs = (how & 16) != 0 ? 1 : 0;
  set->alive.secs = (how & 32) != 0 ? 1 : 0;
  set->alive.count = 2;
  set->window = (how & 64) != 0 ? 3000 : 0;
  set->max_packet = (how & 128) != 0 ? 1024 : 0;
}

static void set_server(struct sftp_settings *set, uint8_t how) {
  static const unsigned long opts[] = { 0, SFTP_OPT_PESSIMISTIC_KEXINIT,
    SFTP_OPT_NO_EXT_INFO, SFTP_OPT_NO_STRICT_KEX, SFTP_OPT_TERSE_REFUSALS,
    SFTP_OPT_ALLOW_INSECURE_LOGIN, SFTP_OPT_IGNORE_SFTP_SET_PERMS,
    SFTP_OPT_IGNORE_SCP_UPLOAD_PERMS };

  set->opts = opts[how & 7] | ((how & 8) != 0 ?
    SFTP_OPT_NO_HOSTKEY_ROTATION : 0);
  set->pessimistic_newkeys = (how & 16) != 0;
  set->traffic = (how & 32) != 0 ? sftp_traffic_find("interactive") : NULL;
  set->max_channels = (how & 64) != 0 ? 2 : TALK_CHANNELS;
  set->client.keepalive = (how & 128) != 0 ? KEEPALIVE_IGNORE :
    KEEPALIVE_CHANNEL;
}

static void set_more(struct sftp_settings *set, uint8_t how) {
  static const struct sftp_qos_classes qos = { 0x10, 0x08 };
  size_t i;

  for (i = 0; i < TRACE_NCHANNELS; i++) {
    sftp_trace_levels[i] = (how & 8) != 0 ? 30 : 0;
  }

  set->qos = (how & 1) != 0 ? &qos : NULL;
  set->min_bits.rsa = 2048;
  set->min_bits.ec = (how & 64) != 0 ? 512 : 0;
  if ((how & 2) != 0) {
    /* Only the best, unless a client has nothing of it. */
    set->named = 0;
    set->macs = "hmac-sha2-256-etm@openssh.com";
    set->kex = "curve25519-sha256";
  }
}

static void make_settings(struct sftp_settings *set, const uint8_t *how) {
  static const struct client *all;
  static const char *every[ALGS_COMPRESS + 1];
  enum sftp_alg_family f;

  if (all == NULL) {
    all = client_new();
    for (f = 0; f <= ALGS_COMPRESS; f++) {
      every[f] = sftp_alg_list(all->pool, f, 0, 0);
    }
  }

  *set = *all->set;
  set->ciphers = every[ALGS_CIPHER];
  set->macs = every[ALGS_MAC];
  set->compression = how[CH_COMPRESSION] % 3 == 1 ? COMPRESS_ON :
    COMPRESS_DELAYED;
  set->exec_commands = sftp_switch_defaults(sftp_exec_switch);
  set->extensions = ~0UL;
  set->named = ~0U;             /* a known client changes no list */
  set->max_login_attempts = 3;
  set->chains = (how[CH_LOGIN] & 1) != 0 ? both_chain : any_chain;
  set->nchains = (how[CH_LOGIN] & 1) != 0 ? SFTP_NELEMS(both_chain) :
    SFTP_NELEMS(any_chain);
  set_limits(set, how[CH_LIMITS]);
  set_server(set, how[CH_SERVER]);
  set_more(set, how[CH_MORE]);
}

/* ---- The client */

static void make_client(struct talk *t, pool *p, const uint8_t *how) {
  static const char *const idents[] = { "SSH-2.0-OpenSSH_9.2p1",
    "SSH-2.0-test_1.0", "SSH-2.0-libssh_0.10", "SSH-2.0-PuTTY_Release_0.78",
    "SSH-2.0-WinSCP_release_6.1", "SSH-2.0-JSCH-0.1.54",
    "SSH-2.0-AsyncSSH_2.10", "SSH-1.99-FileZilla_3.63" };
  static const char *const compressions[] = { "none", "zlib",
    "zlib@openssh.com" };

  memset(t, 0, offsetof(struct talk, space));
  t->segment = SIZE_MAX;
  t->room = 65536;
  t->fxp_version = 3;
  t->cl.pool = p;
  t->cl.pkts = sftp_packets_new(p, TALK_CLIENT_FD);
  t->cl.ident = idents[how[CH_CLIENT] & 7];
  t->cl.kex = (how[CH_MORE] & 4) != 0 ? "ecdh-sha2-nistp256" :
    "curve25519-sha256";
  t->cl.hostkey = "ssh-ed25519";
  t->cl.cipher = alg_name(ALGS_CIPHER, how[CH_CIPHER]);
  t->cl.mac = alg_name(ALGS_MAC, how[CH_MAC]);
  t->cl.comp = compressions[how[CH_COMPRESSION] % 3];
  t->cl.strict = (how[CH_CLIENT] & 8) == 0;
  t->cl.ext_info = (how[CH_CLIENT] & 16) == 0;
}

/* How far both have come before the input's own program begins. */
static void prologue(struct talk *t, uint8_t stage) {
  static const struct {
    const char *steps;
    size_t len;
  } stages[] = {
    { "", 0 },
    { "V", 1 },
    { "VS\0", 3 },
    { "VS\0W\0\0", 6 },
    { "VS\0W\0\0o\0\0\0\0", 11 },
    { "VS\0W\0\0o\0\0\0\0r\0\0\0", 15 },
    { "VS\0W\0\0o\0\0\0\0r\0\0\0f\0\0\2", 19 },
    { "VS\0B\0\0o\0\0\0\0r\0\0\0f\0\0\5", 19 }
  };

  stage %= SFTP_NELEMS(stages);
  sftp_rd_init(&t->before, (const uint8_t *) stages[stage].steps,
    stages[stage].len);
}

/* ---- Promises */

static bool is_proven(void) {
  return talk_now->proofs > 0 || strcmp(fake_auth.password, "secret") == 0;
}

void talk_check(const struct talk *t) {
  const struct ssh_conn *c = t->cl.server;

  if (c->state.authenticated) {
    must(is_proven() && strstr(fake_auth.calls, "logged-in") != NULL);

  } else {
    must(fake_files.begun == 0 && fake_files.files == 0 &&
      fake_files.dirs == 0 && sftp_channels_count(c) == 0);
  }
}

static void converse(const uint8_t *how, struct sftp_str program) {
  static struct talk t;
  pool *p = make_sub_pool(permanent_pool), *server_pool = make_sub_pool(p);
  struct sftp_settings set;
  size_t before;

  make_settings(&set, how);
  make_client(&t, p, how);
  prologue(&t, how[CH_STAGE]);
  sftp_rd_init_str(&t.program, program);
  talk_now = &t;
  t.cl.server = sftp_conn_new(server_pool, TALK_SERVER_FD, &set, NULL);
  make_users(t.cl.server, how);
  fake_client = talk_settings = &set;
  fake_client_pool = p;
  before = fake_pool_bytes(server_pool);
  must(sftp_conn_run(t.cl.server) < 0);
  sftp_disconnect_linger(t.cl.server);
  talk_check(&t);
  must(sftp_channels_count(t.cl.server) == 0);
  must(fake_files.begun == fake_files.ended && fake_files.files == 0 &&
    fake_files.dirs == 0);
  must(fake_pool_bytes(server_pool) <= before + KEPT_MAX);
  destroy_pool(p);
  talk_pipe_free(&t.to_server);
  talk_pipe_free(&t.to_client);
  talk_now = NULL;
  fake_client = talk_settings = NULL;
}

/* Without sanitizers, half of the time would go to the kernel, which gives and
 * takes the same pages for every input, and a quarter to filling them
 * (pool.c).
 */
static bool prepare(void) {
  static bool done;

  if (!done) {
    mallopt(M_TRIM_THRESHOLD, 1 << 28);
    mallopt(M_MMAP_THRESHOLD, 1 << 28);
    mallopt(M_PERTURB, 0);
    done = sftp_crypto_init() == SFTP_OK;
  }

  return done;
}

static int one_input(const uint8_t *data, size_t size) {
  struct sftp_str program = { data + CHOICES, size - CHOICES };

  if (size < CHOICES || !prepare()) {
    return 0;
  }

  fake_now_ms = 1000000;
  fake_log_reset();
  make_files(data);
  converse(data, program);
  return 0;
}
