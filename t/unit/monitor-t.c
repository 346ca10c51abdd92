/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* monitor-t.c -- a monitor and a hostile cell: whatever that sends, in whatever
 * order, as long and as often as it likes, the connection ends, and nobody is
 * logged in.
 *
 * An honest exchange of keys provides the messages; the monitor reads them from
 * a socket, changed.
 */

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fake/client.h"
#include "../fake/ftpd-auth.h"
#include "../fake/ftpd-log.h"
#include "../fake/ftpd-session.h"
#include "../fake/honest.h"
#include "kex-elsewhere.h"
#include "kex.h"
#include "messages.h"
#include "monitor-int.h"
#include "monitor.h"
#include "ssh-version.h"
#include "ssh2.h"
#include "tap.h"

#define IDENT "SSH-2.0-test_1.0"
#define BYTES_MAX (16 * 1024 * 1024)    /* in one message */

/* ---- What an honest cell sends */

static pool *top;
static struct client *cl;
static struct sftp_str transcript, agreed, state;

static void meet(void) {
  static struct sftp_wr names, all;
  static struct honest h;

  if (!honest_meet(&h)) {
    bail_out("no connection");
  }

  cl = h.cl;
  transcript = sftp_str_copy(top, h.transcript);

  sftp_wr_init(&names, top, 256, SFTP_AGREED_MAX);
  sftp_agreed_write(cl->server, &names);
  agreed = sftp_wr_get(&names);
  sftp_handover_begin(&all, top);
  if (sftp_handover_write(cl->server, &all) != SFTP_OK) {
    bail_out("no state");
  }

  state = sftp_wr_get(&all);
}

/* ---- Scripts */

static struct sftp_wr script;

static void new_script(void) {
  sftp_wr_init(&script, make_sub_pool(top), 65536, 64 * 1024 * 1024);
}

static void put(unsigned int type, struct sftp_str fields) {
  sftp_wr_u32(&script, (uint32_t) fields.len + 1);
  sftp_wr_u8(&script, (uint8_t) type);
  sftp_wr_bytes(&script, fields.ptr, fields.len);
}

/* Fields: each letter is a uint8, 4, 8, string or rest of the arguments. */
static struct sftp_str fields(const char *form, ...) {
  struct sftp_wr w;
  va_list ap;

  sftp_wr_init(&w, top, 256, 1 << 20);
  va_start(ap, form);
  for (; *form != '\0'; form++) {
    switch (*form) {
      case '1':
        sftp_wr_u8(&w, (uint8_t) va_arg(ap, int));
        break;

      case '4':
        sftp_wr_u32(&w, va_arg(ap, unsigned int));
        break;

      case '8':
        sftp_wr_u64(&w, va_arg(ap, uint64_t));
        break;

      default:
        sftp_wr_text(&w, va_arg(ap, const char *));
    }
  }

  va_end(ap);
  return sftp_wr_get(&w);
}

static struct sftp_str service(void) {
  return fields("41s", 3U, SSH_MSG_SERVICE_REQUEST, "ssh-userauth");
}

static struct sftp_str password(const char *text) {
  return fields("41sss1s", 4U, SSH_MSG_USERAUTH_REQUEST, "alice",
    "ssh-connection", "password", 0, text);
}

static struct sftp_str whole_state(void) {
  struct sftp_wr w;

  sftp_wr_init(&w, top, state.len + 4, SFTP_PAIR_MAX);
  sftp_wr_str(&w, state);
  return sftp_wr_get(&w);
}

/* An honest cell until that stage. */
static void reach(unsigned int stage) {
  new_script();
  put(PAIR_HELLO, fields("s", ""));
  if (stage >= STAGE_KNOWN) {
    put(PAIR_CLIENT, fields("s", IDENT));
  }

  if (stage >= STAGE_SIGNED) {
    put(PAIR_TRANSCRIPT, transcript);
  }

  if (stage >= STAGE_KEYED) {
    put(PAIR_AGREED, agreed);
  }

  if (stage >= STAGE_RELEASED) {
    put(PAIR_REQUEST, service());
    put(PAIR_REQUEST, password("secret"));
  }
}

/* ---- Runs */

static struct {
  int res;
  bool logged_in, offers;
  char why[1024];
  unsigned int signatures, releases;
} got;

/* What the monitor has answered. */
static void read_answers(int fd) {
  static unsigned char bytes[1 << 20];
  size_t have = 0, at = 0;
  ssize_t n;

  while ((n = recv(fd, bytes + have, sizeof(bytes) - have, MSG_DONTWAIT)) > 0) {
    have += (size_t) n;
  }

  while (at + 5 <= have) {
    got.signatures += bytes[at + 4] == PAIR_SIGNATURE;
    got.releases += bytes[at + 4] == PAIR_RELEASE;
    at += 4 + sftp_get_u32(bytes + at);
  }
}

/* A process of its own, where there is more than a socket takes. */
static pid_t feed(int fd, int other, struct sftp_str s) {
  pid_t pid = fork();
  char junk[4096];

  if (pid != 0) {
    return pid;
  }

  close(other);
  while (s.len > 0) {
    struct pollfd pfd = { fd, POLLIN|POLLOUT, 0 };
    ssize_t n;

    (void) poll(&pfd, 1, -1);
    while (recv(fd, junk, sizeof(junk), MSG_DONTWAIT) > 0) {
    }

    n = send(fd, s.ptr, s.len, MSG_DONTWAIT|MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
      break;
    }

    s.ptr += n > 0 ? n : 0;
    s.len -= n > 0 ? (size_t) n : 0;
  }

  _exit(0);
}

static struct ssh_conn *new_monitor(void) {
  struct ssh_conn *c = sftp_conn_new(make_sub_pool(cl->pool), cl->server_fd,
    cl->set, NULL);

  fake_auth_reset();
  fake_session_reset();
  fake_log_reset();
  fake_auth.users = honest_users;
  fake_auth.conn = c;
  fake_auth.late = cl->set;
  return c;
}

static void run_on(int monitor, int cell) {
  struct ssh_conn *c = new_monitor();

  got.res = sftp_monitor_run(c, monitor, got.offers);
  got.logged_in = c->state.authenticated && got.res != SFTP_ERR_CELL;
  snprintf(got.why, sizeof(got.why), "%s", c->failure.why != NULL ?
    c->failure.why : "");
  destroy_pool(c->pool);
  if (cell >= 0) {
    read_answers(cell);
    close(cell);
  }
}

static void run_script(struct sftp_str s) {
  bool offers = got.offers;
  pid_t pid = -1;
  int fd[2];

  memset(&got, 0, sizeof(got));
  got.offers = offers;
  if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, fd) < 0) {
    bail_out("no sockets");
  }

  if (s.len > 65536) {
    pid = feed(fd[1], fd[0], s);
    close(fd[1]);
    fd[1] = -1;

  } else if (send(fd[1], s.ptr, s.len, MSG_NOSIGNAL) != (ssize_t) s.len ||
      shutdown(fd[1], SHUT_WR) < 0) {
    bail_out("the script is too long");
  }

  run_on(fd[0], fd[1]);
  if (pid > 0) {
    (void) waitpid(pid, NULL, 0);
  }
}

static void run(void) {
  pool *p = script.pool;

  run_script(sftp_wr_get(&script));
  destroy_pool(p);
}

/* The cell was caught, not only missed. */
static bool caught(const char *what) {
  bool good = got.res == SFTP_ERR_CELL && !got.logged_in &&
    strncmp(got.why, "attack on the monitor: ", 23) == 0 &&
    strstr(got.why, what) != NULL;

  if (!good) {
    diag("%d: %s", got.res, got.why);
  }

  return good;
}

/* ---- An honest cell */

static void honest_cells_hand_over(void) {
  reach(STAGE_RELEASED);
  put(PAIR_BYTES, fields("88", (uint64_t) BYTES_MAX, (uint64_t) BYTES_MAX));
  put(PAIR_STATE, whole_state());
  client_send(cl, SSH_MSG_DISCONNECT, "\0\0\0\013\0\0\0\0\0\0\0\0", 12);
  (void) sftp_packets_flush(cl->pkts);
  run();
  ok(got.res != SFTP_ERR_CELL && got.signatures == 1 && got.releases == 1,
    "an honest cell hands its connection over (%s)", got.why);
}

/* ---- Hostile cells */

static const unsigned int stages[] = { STAGE_BEGUN, STAGE_KNOWN, STAGE_SIGNED,
  STAGE_KEYED, STAGE_RELEASED };

/* Allowed stages, said once more. */
static unsigned int allowed(unsigned int type) {
  switch (type) {
    case PAIR_HELLO:
    case PAIR_CLIENT: return STAGE_BEGUN;
    case PAIR_OBSERVED:
    case PAIR_TRANSCRIPT:
    case PAIR_GROUPS:
    case PAIR_OFFER: return STAGE_KNOWN|STAGE_SIGNED|STAGE_KEYED;
    case PAIR_AGREED: return STAGE_SIGNED|STAGE_KEYED;
    case PAIR_REQUEST: return STAGE_KEYED;
    case PAIR_COMMAND:
    case PAIR_EVENT:
    case PAIR_INVALID:
    case PAIR_FAILED: return STAGE_BEGUN|STAGE_KNOWN|STAGE_SIGNED|STAGE_KEYED;
    case PAIR_BYTES:
    case PAIR_LINE: return 31;
    case PAIR_STATE: return STAGE_RELEASED;
    default: return 0;
  }
}

static void each_message_out_of_order_is_caught(void) {
  struct sftp_str none = { NULL, 0 };
  unsigned int i, type, good = 0, all = 0;

  for (i = 0; i < SFTP_NELEMS(stages); i++) {
    for (type = 0; type < 256; type++) {
      if ((allowed(type) & stages[i]) == 0) {
        reach(stages[i]);
        put(type, none);
        run();
        all++;
        good += caught("out of order");
      }
    }
  }

  is_int(good, all, "messages out of order are caught");
}

static void each_message_has_a_length(void) {
  static const unsigned int of[PAIR_LAST_OF_CELL + 1] = {
    [PAIR_HELLO] = STAGE_BEGUN, [PAIR_CLIENT] = STAGE_BEGUN,
    [PAIR_OBSERVED] = STAGE_KNOWN,
    [PAIR_TRANSCRIPT] = STAGE_KNOWN, [PAIR_GROUPS] = STAGE_KNOWN,
    [PAIR_AGREED] = STAGE_SIGNED, [PAIR_REQUEST] = STAGE_KEYED,
    [PAIR_OFFER] = STAGE_KNOWN, [PAIR_COMMAND] = STAGE_KNOWN,
    [PAIR_EVENT] = STAGE_KNOWN, [PAIR_INVALID] = STAGE_KNOWN,
    [PAIR_BYTES] = STAGE_KNOWN, [PAIR_LINE] = STAGE_KNOWN,
    [PAIR_FAILED] = STAGE_KNOWN, [PAIR_STATE] = STAGE_RELEASED
  };
  static const uint32_t huge[] = { 0, UINT32_MAX, 0x80000000U };
  unsigned int type, i, good = 0;

  for (type = 1; type <= PAIR_LAST_OF_CELL; type++) {
    reach(of[type]);
    sftp_wr_u32(&script, (uint32_t) sftp_monitor_max((uint8_t) type) + 2);
    sftp_wr_u8(&script, (uint8_t) type);
    run();
    good += caught("too long");
    for (i = 0; i < SFTP_NELEMS(huge); i++) {
      reach(of[type]);
      sftp_wr_u32(&script, huge[i]);
      sftp_wr_u8(&script, (uint8_t) type);
      run();
      good += caught("too long");
    }
  }

  is_int(good, PAIR_LAST_OF_CELL * 4, "each message has a longest form");
}

/* Cut at each place, and one byte longer. */
static void try_cuts(const char *name, unsigned int stage, unsigned int type,
    struct sftp_str whole) {
  struct sftp_str part = whole;
  unsigned int good = 0, all = 0;
  size_t step = whole.len > 200 ? 7 : 1;

  for (part.len = 0; part.len < whole.len; part.len += step) {
    reach(stage);
    put(type, part);
    run();
    all++;
    good += caught("");
  }

  reach(stage);
  sftp_wr_u32(&script, (uint32_t) whole.len + 2);
  sftp_wr_u8(&script, (uint8_t) type);
  sftp_wr_bytes(&script, whole.ptr, whole.len);
  sftp_wr_u8(&script, 0);
  run();
  good += caught("");
  is_int(good, all + 1, "%s: cut, and too long by a byte", name);
}

static void each_message_has_all_its_fields(void) {
  try_cuts("CLIENT", STAGE_BEGUN, PAIR_CLIENT, fields("s", IDENT));
  try_cuts("OBSERVED", STAGE_KNOWN, PAIR_OBSERVED, fields("s", "x"));
  try_cuts("TRANSCRIPT", STAGE_KNOWN, PAIR_TRANSCRIPT, transcript);
  try_cuts("AGREED", STAGE_SIGNED, PAIR_AGREED, agreed);
  try_cuts("COMMAND", STAGE_KNOWN, PAIR_COMMAND, fields("ss11", "KEXINIT",
    "(data)", 0, 1));
  try_cuts("EVENT", STAGE_KNOWN, PAIR_EVENT, fields("s",
    "mod_sftp.ssh2.kex.failed"));
  try_cuts("BYTES", STAGE_KNOWN, PAIR_BYTES, fields("88", (uint64_t) 1,
    (uint64_t) 2));
  try_cuts("LINE", STAGE_KNOWN, PAIR_LINE, fields("144s", 0, 0U, 7U, "line"));
  try_cuts("FAILED", STAGE_KNOWN, PAIR_FAILED, fields("4s", 1U, "why"));
  try_cuts("STATE", STAGE_RELEASED, PAIR_STATE, whole_state());
}

/* What follows the head of a client's message is the client's. */
static void heads_are_whole(void) {
  struct sftp_str head = fields("41", 1U, 7);
  struct sftp_str hello = fields("s", "x");

  for (head.len = 0; head.len < 5; head.len++) {
    reach(STAGE_KNOWN);
    put(PAIR_INVALID, head);
    run();
    ok(caught("malformed INVALID"), "INVALID of %lu bytes",
      (unsigned long) head.len);
  }

  for (hello.len = 0; hello.len < 5; hello.len++) {
    new_script();
    put(PAIR_HELLO, hello);
    run();
    ok(got.res < 0 && strstr(got.why, "malformed HELLO") != NULL,
      "HELLO of %lu bytes (%s)", (unsigned long) hello.len, got.why);
  }
}

/* Requests are the client's: what they lack ends the connection as ever. */
static void requests_are_judged(void) {
  struct sftp_str part = password("secret");
  size_t whole = part.len;
  unsigned int good = 0;

  for (part.len = 0; part.len < whole; part.len++) {
    reach(STAGE_KEYED);
    put(PAIR_REQUEST, service());
    put(PAIR_REQUEST, part);
    run();
    good += got.res < 0 && !got.logged_in && got.releases == 0;
  }

  is_int(good, whole, "no part of a request logs in");
}

/* AGREED with another name at a place (from 1), which is known. */
static struct sftp_str other_agreed(size_t place, const char *name) {
  static const size_t nnames = 8;
  struct sftp_wr w;
  struct sftp_rd r;
  size_t i;

  sftp_rd_init_str(&r, agreed);
  sftp_wr_init(&w, top, 256, SFTP_AGREED_MAX);
  sftp_wr_u8(&w, sftp_rd_u8(&r));
  for (i = 1; i <= nnames; i++) {
    struct sftp_str is = sftp_rd_string(&r);

    sftp_wr_str(&w, i == place ? sftp_str_of(name) : is);
  }

  return sftp_wr_get(&w);
}

struct wrong {
  unsigned int stage, type;
  struct sftp_str fields;
};

static void fields_are_checked(void) {
  const struct wrong wrong[] = {
    { STAGE_BEGUN, PAIR_CLIENT, fields("s", "") },
    { STAGE_BEGUN, PAIR_CLIENT, fields("s", "SSH-1.5-x") },
    { STAGE_BEGUN, PAIR_CLIENT, fields("s", "SSH-2.0-") },
    { STAGE_BEGUN, PAIR_CLIENT, fields("s", "SSH-2.0-a\nb") },
    { STAGE_KNOWN, PAIR_EVENT, fields("s", "core.exit") },
    { STAGE_KNOWN, PAIR_EVENT, fields("s", "mod_auth.authentication-code") },
    { STAGE_KNOWN, PAIR_COMMAND, fields("ss11", "STOR", "(data)", 0, 1) },
    { STAGE_KNOWN, PAIR_COMMAND, fields("ss11", "PASS", "", 0, 1) },
    { STAGE_KNOWN, PAIR_COMMAND, fields("ss11", "USERAUTH_REQUEST", "", 0,
      1) },
    { STAGE_KNOWN, PAIR_COMMAND, fields("ss11", "", "", 0, 1) },
    { STAGE_KNOWN, PAIR_COMMAND, fields("ss11", "KEXINIT", "/etc/x", 0, 1) },
    { STAGE_KNOWN, PAIR_COMMAND, fields("ss11", "KEXINIT", "", 99, 1) },
    { STAGE_KNOWN, PAIR_LINE, fields("144s", SINK_TRACE + 1, 0U, 0U, "x") },
    { STAGE_KNOWN, PAIR_LINE, fields("144s", SINK_AUTH, 0U, 0U, "USER root: "
      "Login successful") },
    { STAGE_KNOWN, PAIR_BYTES, fields("88", UINT64_MAX, (uint64_t) 0) },
    { STAGE_KNOWN, PAIR_BYTES, fields("88", (uint64_t) 0, UINT64_MAX) },
    { STAGE_KNOWN, PAIR_BYTES, fields("88", (uint64_t) BYTES_MAX + 1,
      (uint64_t) 0) },
    { STAGE_KNOWN, PAIR_BYTES, fields("88", (uint64_t) 0,
      (uint64_t) BYTES_MAX + 1) },
    { STAGE_KNOWN, PAIR_FAILED, fields("4s", 0U, "success") },
    { STAGE_KNOWN, PAIR_FAILED, fields("4s", 22U, "of itself") },
    { STAGE_KNOWN, PAIR_FAILED, fields("4s", UINT32_MAX, "") },
    { STAGE_KNOWN, PAIR_FAILED, fields("4s", 0x80000000U, "") },
    { STAGE_KNOWN, PAIR_OFFER, fields("41", 1U, 2) },
    { STAGE_KNOWN, PAIR_GROUPS, fields("1", 0) },
    { STAGE_SIGNED, PAIR_AGREED, fields("1ssssssss", 4, "curve25519-sha256",
      "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256",
      "hmac-sha2-256", "none", "none") },
    { STAGE_SIGNED, PAIR_AGREED, fields("1ssssssss", 0, "no-such-method",
      "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256",
      "hmac-sha2-256", "none", "none") },
    { STAGE_SIGNED, PAIR_AGREED, other_agreed(3, "none") },
    { STAGE_SIGNED, PAIR_AGREED, other_agreed(2, "ssh-rsa") },
    { STAGE_SIGNED, PAIR_AGREED, other_agreed(1, "ecdh-sha2-nistp256") },
    { STAGE_SIGNED, PAIR_AGREED, other_agreed(7, "zlib") },
    { STAGE_SIGNED, PAIR_AGREED, other_agreed(5, "no-such-mac") },
    { STAGE_SIGNED, PAIR_AGREED, other_agreed(6, "no-such-mac") },
    { STAGE_SIGNED, PAIR_AGREED, other_agreed(5, "hmac-sha2-256") },
    { STAGE_SIGNED, PAIR_AGREED, other_agreed(6, "hmac-sha2-256") },
    { STAGE_SIGNED, PAIR_AGREED, other_agreed(4, "<implicit>") },
    { STAGE_SIGNED, PAIR_AGREED, other_agreed(8, "<implicit>") },
    { STAGE_BEGUN, PAIR_HELLO, fields("s8", "x", (uint64_t) 0) },
    { STAGE_KEYED, PAIR_REQUEST, fields("41", 1U, SSH_MSG_USERAUTH_SUCCESS) },
    { STAGE_KEYED, PAIR_REQUEST, fields("41", 1U, SSH_MSG_CHANNEL_OPEN) },
    { STAGE_KEYED, PAIR_REQUEST, fields("41", 1U, SSH_MSG_KEXINIT) },
    { STAGE_KEYED, PAIR_STATE, whole_state() }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(wrong); i++) {
    reach(wrong[i].stage);
    put(wrong[i].type, wrong[i].fields);
    run();
    ok(caught(""), "wrong content %lu of message %u", (unsigned long) i,
      wrong[i].type);
  }
}

/* ---- What is signed */

enum { T_METHOD, T_HOSTKEY, T_THEIRS, T_OURS, T_HASHED, T_SECRET, T_NFIELDS };

static void try_transcript(size_t field, struct sftp_str other,
    const char *what) {
  struct sftp_rd r;
  struct sftp_wr w;
  size_t i;

  sftp_rd_init_str(&r, transcript);
  sftp_wr_init(&w, top, 8192, 2 * SFTP_TRANSCRIPT_MAX);
  for (i = 0; i < T_NFIELDS; i++) {
    struct sftp_str is = sftp_rd_string(&r);

    sftp_wr_str(&w, i == field ? other : is);
  }

  reach(STAGE_KNOWN);
  put(PAIR_TRANSCRIPT, sftp_wr_get(&w));
  run();
  ok(caught("not an exchange to sign") && got.signatures == 0,
    "%s is not signed", what);
}

/* A KEXINIT in which one list of names is another one. */
static struct sftp_str with_list(struct sftp_str kexinit, size_t which,
    const char *list) {
  struct sftp_str rest;
  struct sftp_rd r;
  struct sftp_wr w;
  size_t i;

  sftp_rd_init_str(&r, kexinit);
  sftp_wr_init(&w, top, 4096, 65536);
  sftp_wr_bytes(&w, sftp_rd_bytes(&r, 17).ptr, 17);
  for (i = 0; i < 10; i++) {
    struct sftp_str is = sftp_rd_string(&r);

    sftp_wr_str(&w, i == which ? sftp_str_of(list) : is);
  }

  rest = sftp_rd_rest(&r);
  sftp_wr_bytes(&w, rest.ptr, rest.len);
  return sftp_wr_get(&w);
}

/* Both KEXINITs are the cell's own: they agree on what is not offered. */
static bool signs_forged(size_t which, const char *name) {
  struct sftp_rd r;
  struct sftp_wr w;
  size_t i;

  sftp_rd_init_str(&r, transcript);
  sftp_wr_init(&w, top, 8192, 2 * SFTP_TRANSCRIPT_MAX);
  for (i = 0; i < T_NFIELDS; i++) {
    struct sftp_str is = sftp_rd_string(&r);

    if (i == T_THEIRS || i == T_OURS) {
      is = with_list(is, which, name);

    } else if (i == (which == 0 ? T_METHOD : T_HOSTKEY)) {
      is = sftp_str_of(name);
    }

    sftp_wr_str(&w, is);
  }

  reach(STAGE_KNOWN);
  put(PAIR_TRANSCRIPT, sftp_wr_get(&w));
  run();
  return got.signatures > 0;
}

static void forged_offers_are_not_signed(void) {
  ok(signs_forged(0, "curve25519-sha256") && signs_forged(1, "ssh-ed25519"),
    "what is offered is signed");
  ok(!signs_forged(0, "diffie-hellman-group1-sha1") &&
    caught("not an exchange to sign"), "not a method that is not offered");
  ok(!signs_forged(1, "ssh-dss") && caught("not an exchange to sign"),
    "not for a key that is not offered");
  ok(!signs_forged(1, "rsa-sha2-512") && caught("not an exchange to sign"),
    "... or not there");
}

static void nothing_else_is_signed(void) {
  static unsigned char zeros[70000];
  struct sftp_str junk = { zeros, 66000 };

  try_transcript(T_METHOD, sftp_str_of("no-such-method"), "an unknown method");
  try_transcript(T_METHOD, sftp_str_of("diffie-hellman-group1-sha1"),
    "a method that is not offered");
  try_transcript(T_METHOD, sftp_str_of(""), "no method");
  try_transcript(T_HOSTKEY, sftp_str_of("rsa-sha2-256"),
    "an algorithm without a key");
  try_transcript(T_HOSTKEY, sftp_str_of("ssh-dss"),
    "an algorithm that is not offered");
  try_transcript(T_THEIRS, sftp_str_of("root logs in"), "other text");
  try_transcript(T_OURS, sftp_str_of(""), "nothing as our KEXINIT");
  try_transcript(T_OURS, sftp_str_of("\x32 a USERAUTH_REQUEST"),
    "another message");
  try_transcript(T_HASHED, junk, "too much in the middle");
  junk.len = 3;
  try_transcript(T_SECRET, junk, "a secret without a length");
  junk.len = 5000;
  try_transcript(T_SECRET, junk, "too long a secret");

  new_script();
  put(PAIR_TRANSCRIPT, transcript);
  run();
  ok(caught("out of order") && got.signatures == 0, "an exchange with nobody");
}

/* ---- Logins */

static void only_proofs_log_in(void) {
  static const char *const bad[] = { "", "wrong", "secre", "secret1" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    reach(STAGE_KEYED);
    put(PAIR_REQUEST, service());
    put(PAIR_REQUEST, password(bad[i]));
    put(PAIR_STATE, whole_state());
    run();
    ok(caught("out of order") && got.releases == 0,
      "no state after the password '%s'", bad[i]);
  }

  reach(STAGE_KEYED);
  put(PAIR_REQUEST, password("secret"));
  run();
  ok(got.res < 0 && !got.logged_in && got.releases == 0,
    "no login without a service");

  reach(STAGE_KEYED);
  put(PAIR_REQUEST, service());
  put(PAIR_REQUEST, fields("41sss", 4U, SSH_MSG_USERAUTH_REQUEST, "alice",
    "ssh-connection", "none"));
  put(PAIR_REQUEST, fields("41sss1ss", 5U, SSH_MSG_USERAUTH_REQUEST, "alice",
    "ssh-connection", "publickey", 1, "ssh-ed25519", "key"));
  put(PAIR_REQUEST, fields("414", 6U, SSH_MSG_USERAUTH_INFO_RESPONSE, 0U));
  run();
  ok(got.res < 0 && !got.logged_in && got.releases == 0,
    "nor without a proof");
}

/* The state of one connection for the login of another one. */
static void states_of_others_are_refused(void) {
  struct sftp_str other;

  meet();
  other = whole_state();
  meet();
  reach(STAGE_RELEASED);
  put(PAIR_STATE, other);
  run();
  ok(caught("not a state to take over") && got.releases == 1,
    "the state of another session is refused");

  reach(STAGE_RELEASED);
  put(PAIR_REQUEST, password("secret"));
  run();
  ok(caught("out of order"), "nothing is asked after the login");
}

/* ---- How often */

/* Answers that the cell does not wait for may be too many before questions are.
 */
static void try_often(const char *name, unsigned int stage, unsigned int type,
    struct sftp_str what, unsigned int max) {
  unsigned int i;

  reach(stage);
  for (i = 0; i <= max; i++) {
    put(type, what);
  }

  run();
  ok(caught(type == PAIR_OBSERVED || type == PAIR_OFFER ? "" : "too many"),
    "%s: more than %u times", name, max);
}

static void nothing_comes_without_end(void) {
  unsigned int i;

  try_often("HELLO", STAGE_BEGUN, PAIR_HELLO, fields("s", ""), 1);
  try_often("OBSERVED", STAGE_KNOWN, PAIR_OBSERVED, fields("s", "x"), 10);
  try_often("GROUPS", STAGE_KNOWN, PAIR_GROUPS, fields(""), 10);
  try_often("AGREED", STAGE_SIGNED, PAIR_AGREED, agreed, 10);
  try_often("EVENT", STAGE_KNOWN, PAIR_EVENT, fields("s",
    "mod_sftp.ssh2.kex.failed"), 100);
  try_often("COMMAND", STAGE_KNOWN, PAIR_COMMAND, fields("ss11", "KEXINIT", "",
    0, 1), 2000);
  try_often("INVALID", STAGE_KNOWN, PAIR_INVALID, fields("41", 1U, 7), 10);
  try_often("LINE", STAGE_KNOWN, PAIR_LINE, fields("144s", 0, 0U, 7U, "line"),
    1000);
  try_often("trace", STAGE_KNOWN, PAIR_LINE, fields("144s", SINK_TRACE, 0U, 7U,
    "line"), 20000);
  try_often("BYTES", STAGE_KNOWN, PAIR_BYTES, fields("88", (uint64_t) 0,
    (uint64_t) 0), 100000);
  got.offers = true;
  try_often("OFFER", STAGE_KNOWN, PAIR_OFFER, fields("41", 1U, 7), 2000);
  got.offers = false;

  reach(STAGE_KNOWN);
  for (i = 0; i < 6; i++) {
    put(PAIR_TRANSCRIPT, transcript);
  }

  run();
  ok(got.res == SFTP_ERR_BUDGET && !got.logged_in, "six signatures");

  reach(STAGE_KEYED);
  put(PAIR_REQUEST, service());
  for (i = 0; i < 200; i++) {
    put(PAIR_REQUEST, password("wrong"));
  }

  run();
  ok(got.res < 0 && !got.logged_in && got.releases == 0, "200 passwords");
}

/* ---- The end of a cell, and silence */

static void each_end_is_noticed(void) {
  struct sftp_str whole, part;
  unsigned int good = 0, all = 0;

  reach(STAGE_RELEASED);
  put(PAIR_STATE, whole_state());
  whole = part = sftp_wr_get(&script);
  for (part.len = 0; part.len < whole.len; part.len += part.len < 8 ? 1 : 3) {
    bool began = part.len >= 9; /* HELLO */

    run_script(part);
    all++;
    good += got.res == (began ? SFTP_ERR_CELL : SFTP_ERR_IO) &&
      !got.logged_in && strstr(got.why, began ? "has ended" :
      "no isolated process could be started") != NULL;
  }

  destroy_pool(script.pool);
  is_int(good, all, "a cell may end at any byte");
}

/* The monitor says why, unless the cell has. */
static void an_end_has_a_line(void) {
  size_t told;

  for (told = 0; told < 2; told++) {
    reach(STAGE_KNOWN);
    if (told == 1) {
      put(PAIR_LINE, fields("144s", SINK_LOG, 0U, 0U, "it explains"));
    }

    put(PAIR_FAILED, fields("4s", (uint32_t) -SFTP_ERR_FORMAT, "of the end"));
    run();
    ok(fake_log_has("of the end") == (told == 0), "%s",
      told == 0 ? "a cell that ends without a word is explained" :
      "... not one that has explained itself");
  }
}

static void time_flies(int sig) {
  (void) sig;
  fake_now_ms += 1000;
}

static void set_timer(suseconds_t usec) {
  struct itimerval t = { { 0, usec }, { 0, usec } };

  (void) signal(SIGALRM, time_flies);
  (void) setitimer(ITIMER_REAL, &t, NULL);
}

/* It may send meanwhile, drop by drop. */
static pid_t drip(int fd, int other) {
  pid_t pid = fork();
  int i;

  if (pid == 0) {
    close(other);
    for (i = 0; i < 6000 && send(fd, "\0", 1, MSG_NOSIGNAL) == 1; i++) {
      (void) poll(NULL, 0, 10);
    }

    _exit(0);
  }

  return pid;
}

static void who_does_not_read_is_given_up(bool drops) {
  static char moduli[100000];
  pid_t pid = -1;
  int fd[2], i;

  memset(moduli, 'x', sizeof(moduli));
  cl->set->dh_param_file = moduli;
  cl->set->dh_param_len = sizeof(moduli);
  reach(STAGE_KNOWN);
  for (i = 0; i < 10; i++) {
    put(PAIR_GROUPS, fields(""));
  }

  if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, fd) < 0 ||
      send(fd[1], script.ptr, script.len, 0) != (ssize_t) script.len) {
    bail_out("no sockets");
  }

  pid = drops ? drip(fd[1], fd[0]) : -1;
  set_timer(20000);
  run_on(fd[0], -1);
  set_timer(0);
  close(fd[1]);
  if (pid > 0) {
    (void) waitpid(pid, NULL, 0);
  }

  destroy_pool(script.pool);
  cl->set->dh_param_file = NULL;
  cl->set->dh_param_len = 0;
  ok(caught("no answer is taken"), "a cell that reads nothing%s is given up",
    drops ? ", and drips," : "");
}

static void states_are_not_awaited_for_ever(void) {
  int fd[2];

  reach(STAGE_RELEASED);
  if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, fd) < 0 ||
      send(fd[1], script.ptr, script.len, 0) != (ssize_t) script.len) {
    bail_out("no sockets");
  }

  set_timer(20000);
  run_on(fd[0], fd[1]);
  set_timer(0);
  destroy_pool(script.pool);
  ok(caught("no state comes"), "a login without a state ends");
}

int main(void) {
  (void) signal(SIGPIPE, SIG_IGN);
  top = make_sub_pool(permanent_pool);
  meet();
  honest_cells_hand_over();
  meet();
  each_message_out_of_order_is_caught();
  each_message_has_a_length();
  each_message_has_all_its_fields();
  heads_are_whole();
  requests_are_judged();
  fields_are_checked();
  nothing_else_is_signed();
  forged_offers_are_not_signed();
  only_proofs_log_in();
  states_of_others_are_refused();
  nothing_comes_without_end();
  each_end_is_noticed();
  an_end_has_a_line();
  who_does_not_read_is_given_up(false);
  who_does_not_read_is_given_up(true);
  states_are_not_awaited_for_ever();
  return done_testing();
}
