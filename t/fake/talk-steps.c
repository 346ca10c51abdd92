/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* talk-steps.c -- the steps that a program of the client of talk.h can take. A
 * step is a letter of the table at the end, and its arguments are the bytes
 * behind it; every other byte stands for the row that its value names.
 */

#include "talk.h"

#include "ftpd-auth.h"
#include "ftpd-file.h"
#include "kex.h"

/* Milliseconds of one step, and of all: each second may be another rekey. */
#define TIME_MAX 20000
#define TIME_ALL 100000

/* Steps of a program, with those that are repeated. */
#define STEPS_MAX 1000

/* ---- Values */

static struct sftp_rd *source(struct talk *t) {
  return t->before.left > 0 ? &t->before : &t->program;
}

uint8_t talk_byte(struct talk *t) {
  return source(t)->left > 0 ? sftp_rd_u8(source(t)) : 0;
}

struct sftp_str talk_bytes(struct talk *t) {
  size_t n = talk_byte(t);

  return sftp_rd_bytes(source(t), n < source(t)->left ? n :
    source(t)->left);
}

uint32_t talk_number(struct talk *t) {
  uint8_t n = talk_byte(t);

  return n < 128 ? n : n < 160 ? 1U << (n - 128) : n < 192 ?
    ~0U >> (n - 160) : (uint32_t) (n - 191) * 4096;
}

static const char *word(struct talk *t, const char *const *words, size_t n) {
  uint8_t i = talk_byte(t);

  return i != 0xff ? words[i % n] : sftp_str_dup(t->cl.pool, talk_bytes(t));
}

#define WORD(t, words) word(t, words, SFTP_NELEMS(words))

struct talk_channel *talk_channel(struct talk *t, uint8_t n, uint32_t *id) {
  struct talk_channel *ch = &t->channels[n % TALK_CHANNELS];

  /* Another number is one that the server does not know. */
  *id = ch->known ? ch->id : 1000U + n;
  t->tampered |= !ch->known;
  return ch;
}

static uint32_t any_channel(struct talk *t) {
  uint32_t id;

  (void) talk_channel(t, talk_byte(t), &id);
  return id;
}

/* ---- The line, and the client's manners */

static void step_wait(struct talk *t) {
  (void) t;
}

static void step_segment(struct talk *t) {
  uint8_t n = talk_byte(t);

  t->segment = n == 0 ? SIZE_MAX : n;
}

static void step_room(struct talk *t) {
  t->room = (size_t) talk_number(t) + 1;
}

static void step_time(struct talk *t) {
  uint32_t ms = talk_number(t) % TIME_MAX;

  if (t->given_ms < TIME_ALL) {
    t->given_ms += ms;
    t->pass_ms += ms;
  }
}

static void step_deaf(struct talk *t) {
  t->deaf = talk_byte(t);
}

static void step_cork(struct talk *t) {
  t->corked = 1U + talk_byte(t);
}

static void step_flip(struct talk *t) {
  t->flip_at = 1U + talk_number(t);
  t->flip = talk_byte(t);
}

static void step_cut(struct talk *t) {
  t->cut = 1U + talk_byte(t);
}

static void step_swap(struct talk *t) {
  t->swap = true;
}

static void step_twice(struct talk *t) {
  t->twice = true;
}

static void step_damage(struct talk *t) {
  struct talk_pipe *p = &t->to_server;
  uint32_t at = talk_number(t);

  t->tampered = true;
  if (p->end > p->start) {
    p->buf[p->start + at % (p->end - p->start)] ^= talk_byte(t);
  }
}

static void step_raw(struct talk *t) {
  struct sftp_str s = talk_bytes(t);

  t->tampered = true;
  talk_pipe_add(&t->to_server, s.ptr, s.len);
}

static void step_message(struct talk *t) {
  struct sftp_wr *w = talk_begin(t, talk_byte(t));
  struct sftp_str s = talk_bytes(t);

  t->tampered = true;
  sftp_wr_bytes(w, s.ptr, s.len);
  talk_end(t);
}

static void step_hang_up(struct talk *t) {
  t->loop.times = 0;
  t->program.left = 0;
}

static void step_fault(struct talk *t) {
  fake_files.fail_at = fake_files.calls + talk_byte(t);
}

static void step_setting(struct talk *t) {
  talk_setting(t, talk_settings);
}

/* ---- The transport */

static void step_greet(struct talk *t) {
  talk_greet(t);
  talk_exchange(t);
}

static void step_kexinit(struct talk *t) {
  talk_kexinit(t, (talk_byte(t) & 1) != 0);
}

static void step_lazy(struct talk *t) {
  t->lazy = !t->lazy;
  talk_exchange(t);
}

static void step_ignore(struct talk *t) {
  sftp_wr_str(talk_begin(t, SSH_MSG_IGNORE), talk_bytes(t));
  talk_end(t);
}

static void step_debug(struct talk *t) {
  struct sftp_wr *w = talk_begin(t, SSH_MSG_DEBUG);

  sftp_wr_bool(w, true);
  sftp_wr_str(w, talk_bytes(t));
  sftp_wr_text(w, "");
  talk_end(t);
}

static void step_unimplemented(struct talk *t) {
  sftp_wr_u32(talk_begin(t, SSH_MSG_UNIMPLEMENTED), talk_byte(t));
  talk_end(t);
}

static void step_ping(struct talk *t) {
  sftp_wr_str(talk_begin(t, SSH_MSG_PING), talk_bytes(t));
  talk_end(t);
}

static void step_ext_info(struct talk *t) {
  struct sftp_wr *w = talk_begin(t, SSH_MSG_EXT_INFO);

  sftp_wr_u32(w, 1);
  sftp_wr_text(w, "ext-info-in-auth@openssh.com");
  sftp_wr_text(w, "0");
  talk_end(t);
}

static void step_disconnect(struct talk *t) {
  struct sftp_wr *w = talk_begin(t, SSH_MSG_DISCONNECT);

  sftp_wr_u32(w, talk_byte(t));
  sftp_wr_str(w, talk_bytes(t));
  sftp_wr_text(w, "");
  talk_end(t);
}

/* ---- The login */

static void step_service(struct talk *t) {
  static const char *const names[] = { "ssh-userauth", "ssh-connection" };

  sftp_wr_text(talk_begin(t, SSH_MSG_SERVICE_REQUEST), WORD(t, names));
  talk_end(t);
}

static struct sftp_wr *begin_request(struct talk *t, const char *method) {
  static const char *const users[] = { "alice", "bob", "carol" };
  struct sftp_wr *w = talk_begin(t, SSH_MSG_USERAUTH_REQUEST);

  sftp_wr_text(w, WORD(t, users));
  sftp_wr_text(w, "ssh-connection");
  sftp_wr_text(w, method);
  return w;
}

static void step_none(struct talk *t) {
  (void) begin_request(t, "none");
  talk_end(t);
}

static void step_password(struct talk *t) {
  static const char *const words[] = { "secret", "wrong" };
  struct sftp_wr *w = begin_request(t, "password");

  sftp_wr_bool(w, false);
  sftp_wr_text(w, WORD(t, words));
  talk_end(t);
}

static void step_kbdint(struct talk *t) {
  struct sftp_wr *w = begin_request(t, "keyboard-interactive");

  sftp_wr_text(w, "");
  sftp_wr_text(w, "");
  talk_end(t);
}

static void step_answer(struct talk *t) {
  static const char *const words[] = { "secret", "wrong" };
  struct sftp_wr *w = talk_begin(t, SSH_MSG_USERAUTH_INFO_RESPONSE);
  unsigned int n = talk_byte(t) % 4U, i;

  sftp_wr_u32(w, n);
  for (i = 0; i < n; i++) {
    sftp_wr_text(w, WORD(t, words));
  }

  talk_end(t);
}

/* What a signature covers is the request before it (RFC 4252, section 7). */
static void sign_request(struct talk *t, struct sftp_wr *w, const char *alg) {
  struct sftp_wr data, sig;

  sftp_wr_init(&data, t->cl.pool, 1024, 65536);
  sftp_wr_str(&data, t->cl.session_id);
  sftp_wr_bytes(&data, w->ptr, w->len);
  sftp_wr_init(&sig, t->cl.pool, 128, 128);
  talk_put_signature(&sig, alg, sftp_wr_get(&data));
  sftp_wr_str(w, sftp_wr_get(&sig));
}

static void put_key(struct talk *t, struct sftp_wr *w, enum talk_key key) {
  sftp_wr_text(w, talk_key_alg(key));
  sftp_wr_str(w, key >= TALK_CERT ? talk_cert(t, key) : talk_key(key));
}

static enum talk_key choose_key(struct talk *t, uint8_t how) {
  return (how & 2) != 0 ? TALK_KEY_UNKNOWN : (how & 16) != 0 ?
    talk_byte(t) % TALK_KEYS : TALK_KEY;
}

static void step_publickey(struct talk *t) {
  uint8_t how = talk_byte(t);
  bool bound = (how & 4) != 0, is_signed = (how & 1) == 0;
  struct sftp_wr *w = begin_request(t, bound ?
    "publickey-hostbound-v00@openssh.com" : "publickey");
  enum talk_key key = choose_key(t, how);

  t->touch = how >> 5 & 3;
  sftp_wr_bool(w, is_signed);
  put_key(t, w, key);
  if (bound) {
    sftp_wr_str(w, sftp_kex_first_host_key(t->cl.server));
  }

  if (is_signed) {
    sign_request(t, w, (how & 8) != 0 ? "ssh-rsa" : talk_key_alg(key));
  }

  talk_end(t);
}

static void step_hostbased(struct talk *t) {
  uint8_t how = talk_byte(t);
  struct sftp_wr *w = begin_request(t, "hostbased");
  enum talk_key key = choose_key(t, how);

  put_key(t, w, key);
  sftp_wr_text(w, (how & 1) == 0 ? "client.example" : "other.example");
  sftp_wr_text(w, (how & 4) == 0 ? "alice" : "carol");
  sign_request(t, w, (how & 8) != 0 ? "ssh-rsa" : talk_key_alg(key));
  talk_end(t);
}

/* ---- Channels */

static void step_global(struct talk *t) {
  static const char *const names[] = { "hostkeys-prove-00@openssh.com",
    "no-more-sessions@openssh.com", "keepalive@openssh.com",
    "tcpip-forward" };
  struct sftp_wr *w = talk_begin(t, SSH_MSG_GLOBAL_REQUEST);
  uint8_t n = talk_byte(t);

  sftp_wr_text(w, names[n % SFTP_NELEMS(names)]);
  sftp_wr_bool(w, n < 128);
  if (n % SFTP_NELEMS(names) == 0) {
    sftp_wr_str(w, sftp_kex_first_host_key(t->cl.server));
  }

  talk_end(t);
}

static void step_open(struct talk *t) {
  static const char *const types[] = { "session", "direct-tcpip" };
  struct sftp_wr *w = talk_begin(t, SSH_MSG_CHANNEL_OPEN);
  uint32_t id = talk_byte(t) % TALK_CHANNELS;
  struct talk_channel *ch = &t->channels[id];

  t->tampered |= ch->known && !ch->closed;
  memset(ch, 0, sizeof(*ch));
  sftp_wr_text(w, WORD(t, types));
  ch->window = talk_number(t);
  ch->packet = talk_number(t);
  if (ch->window == 0 && ch->packet == 0) {
    ch->window = 1 << 21;
    ch->packet = 32768;
  }

  sftp_wr_u32(w, id);
  sftp_wr_u32(w, ch->window);
  sftp_wr_u32(w, ch->packet);
  talk_end(t);
}

static void step_adjust(struct talk *t) {
  struct sftp_wr *w = talk_begin(t, SSH_MSG_CHANNEL_WINDOW_ADJUST);
  uint32_t id, n;
  struct talk_channel *ch = talk_channel(t, talk_byte(t), &id);

  n = talk_number(t);
  ch->window = n > UINT32_MAX - ch->window ? UINT32_MAX : ch->window + n;
  sftp_wr_u32(w, id);
  sftp_wr_u32(w, n);
  talk_end(t);
}

void talk_data(struct talk *t, uint32_t id, struct sftp_str data) {
  struct sftp_wr *w = talk_begin(t, SSH_MSG_CHANNEL_DATA);

  sftp_wr_u32(w, id);
  sftp_wr_str(w, data);
  talk_end(t);
}

static void step_data(struct talk *t) {
  uint32_t id = any_channel(t);

  talk_data(t, id, talk_bytes(t));
}

static void step_extended(struct talk *t) {
  struct sftp_wr *w = talk_begin(t, SSH_MSG_CHANNEL_EXTENDED_DATA);

  sftp_wr_u32(w, any_channel(t));
  sftp_wr_u32(w, 1);
  sftp_wr_str(w, talk_bytes(t));
  talk_end(t);
}

static void about_channel(struct talk *t, uint8_t type) {
  uint32_t id = any_channel(t);

  sftp_wr_u32(talk_begin(t, type), id);
  talk_end(t);
}

static void step_eof(struct talk *t) {
  about_channel(t, SSH_MSG_CHANNEL_EOF);
}

static void step_close(struct talk *t) {
  about_channel(t, SSH_MSG_CHANNEL_CLOSE);
}

static void step_reply(struct talk *t) {
  static const uint8_t types[] = { SSH_MSG_REQUEST_SUCCESS,
    SSH_MSG_REQUEST_FAILURE };
  uint8_t n = talk_byte(t);

  if (n < 128) {
    (void) talk_begin(t, types[n % 2]);
    talk_end(t);

  } else {
    about_channel(t, n % 2 == 0 ? SSH_MSG_CHANNEL_SUCCESS :
      SSH_MSG_CHANNEL_FAILURE);
  }
}

static const char *const commands[] = { "scp -t .", "scp -f f",
  "scp -r -p -t d", "scp -r -p -f d", "scp -t new", "scp -f d/* f", "md5sum f",
  "md5sum d/*", "df -h .", "date", "pwd", "cd d && pwd",
  "echo a b; echo 'c'", "test -f f", "id", "true" };

static void step_request(struct talk *t) {
  static const char *const types[] = { "subsystem", "exec", "env", "shell",
    "signal", "pty-req" };
  static const char *const texts[] = { "sftp", "LANG", "TERM", "C" };
  struct sftp_wr *w = talk_begin(t, SSH_MSG_CHANNEL_REQUEST);
  uint32_t id;
  struct talk_channel *ch = talk_channel(t, talk_byte(t), &id);
  uint8_t how = talk_byte(t), kind = how % SFTP_NELEMS(types);
  const char *text;

  sftp_wr_u32(w, id);
  sftp_wr_text(w, types[kind]);
  sftp_wr_bool(w, how < 128);
  if (kind != 3) {
    text = kind == 1 ? WORD(t, commands) : WORD(t, texts);
    sftp_wr_text(w, text);
    ch->sftp |= kind == 0 && !ch->asked && strcmp(text, "sftp") == 0;
  }

  ch->asked |= kind < 2 || kind == 3;

  if (kind == 2) {
    sftp_wr_text(w, WORD(t, texts));
  }

  talk_end(t);
}

static void step_fxp(struct talk *t) {
  talk_fxp(t, any_channel(t));
}

/* ---- The table */

/* The same steps, up to 8, again and again: what grows by them is seen. */
static void step_repeat(struct talk *t) {
  unsigned int times = talk_byte(t), length = talk_byte(t) % 8U + 1;

  if (t->loop.times == 0) {
    t->loop.times = times;
    t->loop.length = length;
    t->loop.done = 0;
    t->loop.at = *source(t);
  }
}

static void go_back(struct talk *t) {
  if (t->loop.times > 0 && t->loop.done++ == t->loop.length) {
    t->loop.times--;
    t->loop.done = 1;
    *source(t) = t->loop.at;
  }
}

static const struct {
  char letter;
  void (*run)(struct talk *t);
} steps[] = {
  { '.', step_wait }, { '~', step_segment }, { '_', step_room },
  { '@', step_time }, { '!', step_deaf }, { '+', step_cork },
  { '^', step_flip }, { '-', step_cut }, { '%', step_swap },
  { '*', step_twice }, { '=', step_repeat }, { '#', step_damage },
  { '<', step_raw }, { '?', step_message }, { '$', step_hang_up },
  { '&', step_fault }, { 'F', talk_files }, { 'M', talk_login },
  { 'O', step_setting }, { 'T', talk_daemon }, { 'V', step_greet },
  { 'K', step_kexinit }, { 'L', step_lazy }, { 'I', step_ignore },
  { 'D', step_debug },
  { 'U', step_unimplemented }, { 'P', step_ping }, { 'E', step_ext_info },
  { 'X', step_disconnect }, { 'S', step_service }, { 'N', step_none },
  { 'W', step_password }, { 'Q', step_kbdint }, { 'A', step_answer },
  { 'B', step_publickey }, { 'H', step_hostbased }, { 'G', step_global },
  { 'o', step_open }, { 'a', step_adjust }, { 'd', step_data },
  { 'x', step_extended }, { 'e', step_eof }, { 'c', step_close },
  { 'y', step_reply }, { 'r', step_request }, { 'f', step_fxp }
};

bool talk_step(struct talk *t) {
  size_t i = 0;
  uint8_t c;

  go_back(t);
  if (source(t)->left == 0 || t->hung_up || ++t->steps > STEPS_MAX) {
    return false;
  }

  c = talk_byte(t);
  while (i < SFTP_NELEMS(steps) && steps[i].letter != (char) c) {
    i++;
  }

  steps[i < SFTP_NELEMS(steps) ? i : c % SFTP_NELEMS(steps)].run(t);
  return true;
}
