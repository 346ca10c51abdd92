/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* talk.h -- a client that follows a program of bytes while the server's own
 * loop runs: for t/fuzz/conversation.c.
 *
 * Whenever the server waits, the client reads what was sent and takes its next
 * step; when the program ends, it hangs up.  It exchanges keys as soon as it
 * can, unless the program says otherwise.  It checks every message that it
 * reads, and abort()s when the server breaks a promise.
 *
 * There is no socket, no time and no slow cryptography: the linker puts the
 * functions of talk-line.c in the place of recv(), send(), poll(),
 * ftpd_wait(), Curve25519 and signatures (FUZZ_WRAP_conversation of the
 * Makefile).
 */

#ifndef MOD_SFTP_FAKE_TALK_H
#define MOD_SFTP_FAKE_TALK_H

#include <sys/socket.h>

#include "client.h"

#define TALK_SERVER_FD 100000
#define TALK_CLIENT_FD 100001

#define TALK_CHANNELS 8
#define TALK_HANDLES 8
#define TALK_HANDLE_MAX 64

/* One direction of the line. */
struct talk_pipe {
  unsigned char *buf;
  size_t start, end, size;
};

/* A channel, by its number at the client. */
struct talk_channel {
  bool known, eof, closed;      /* as the server has said */
  bool asked, sftp;             /* a service was requested: this one */
  uint32_t id;                  /* at the server */
  uint32_t window, packet;      /* what it may send */
  unsigned char head[TALK_HANDLE_MAX + 16];     /* of a reply of SFTP */
  size_t nhead, skip;
};

struct talk {
  struct client cl;             /* names, packets, state of the exchange */
  struct sftp_rd before, program;       /* the steps: these first */
  struct talk_pipe to_server, to_client;

  /* What the program has chosen. */
  size_t segment;               /* the server reads at most so much at once */
  size_t room;                  /* of the line to the client */
  uint64_t pass_ms, given_ms;   /* time that is to pass, and all of it */
  unsigned int deaf;            /* steps until it reads again */
  unsigned int corked;          /* steps that the server sees together */
  struct talk_loop {            /* steps that are repeated */
    struct sftp_rd at;
    unsigned int times, length, done;
  } loop;
  bool lazy;                    /* does not take part in exchanges */
  struct sftp_str swapped;      /* goes out behind the next message */
  bool swap, twice;
  uint32_t flip_at, cut;        /* in the next message: 1 + place; bytes */
  uint8_t flip;
  bool hung_up;
  bool tampered;                /* no longer an honest client */

  /* The exchange. */
  struct client_secret secret;
  struct sftp_keys in;          /* from the server's NEWKEYS on */
  bool exchanging;              /* between the server's KEXINIT and NEWKEYS */

  /* What it knows of the server. */
  bool met;                     /* it has our identification */
  bool greeted, logged_in, disconnected;
  uint32_t nprompts;
  struct talk_channel channels[TALK_CHANNELS];
  unsigned char handles[TALK_HANDLES][TALK_HANDLE_MAX];
  size_t handle_len[TALK_HANDLES];
  unsigned int nhandles;
  uint32_t fxp_version, fxp_id;
  uint8_t touch;                /* what a security key has signed about it */

  unsigned int waits, polls, steps;
  unsigned int proofs;          /* good signatures and answers */

  /* The message that is being built. */
  struct sftp_wr w;
  unsigned char space[65536];   /* last: the only part without a beginning */
};

/* The one that talks now. */
extern struct talk *talk_now;

/* Checks what must hold at any time: the target's. */
void talk_check(const struct talk *t);

/* The settings of the server, which a step may change. */
extern struct sftp_settings *talk_settings;

/* ---- talk-line.c */

void talk_pipe_add(struct talk_pipe *p, const void *bytes, size_t n);
void talk_pipe_free(struct talk_pipe *p);
/* What the linker puts in the place of the real ones. */
ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags);
int __wrap_getsockopt(int fd, int level, int name, void *value,
  socklen_t *len);
int __wrap_setsockopt(int fd, int level, int name, const void *value,
  socklen_t len);
struct pollfd;
int __wrap_poll(struct pollfd *pfd, unsigned long n, int timeout_ms);
int __wrap_ftpd_wait(struct ftpd *h, int fd, short ev, int timeout_ms);
int __wrap_crypto_scalarmult_curve25519_base(unsigned char *q,
  const unsigned char *n);
int __wrap_crypto_scalarmult_curve25519(unsigned char *q,
  const unsigned char *n, const unsigned char *p);
int __wrap_sftp_key_sign(const struct sftp_key *key,
  const struct sftp_sig_alg *alg, struct sftp_str data, struct sftp_wr *w);
int __wrap_sftp_key_verify(const struct sftp_key *key,
  const struct sftp_sig_alg *alg, struct sftp_str sig, struct sftp_str data);
int __wrap_sftp_key_verify_info(const struct sftp_key *key,
  const struct sftp_sig_alg *alg, struct sftp_str sig, struct sftp_str data,
  struct sftp_sig_info *info);
/* The signature that they make and accept. */
void talk_put_signature(struct sftp_wr *w, const char *alg,
  struct sftp_str data);

/* ---- talk.c */

void talk_must(bool cond);
/* Reads all that the server has sent, and goes on with an exchange. */
void talk_read(struct talk *t);
/* Begins a message, and sends it, with the changes that the program wants. */
struct sftp_wr *talk_begin(struct talk *t, uint8_t type);
void talk_end(struct talk *t);
/* The identification; KEXINIT. */
void talk_greet(struct talk *t);
void talk_kexinit(struct talk *t, bool guess);
/* Answers the server's KEXINIT, if it has come. */
void talk_exchange(struct talk *t);

/* ---- talk-steps.c */

/* The next step; false when the program is over. */
bool talk_step(struct talk *t);
/* Values from the program; 0 behind its end. */
uint8_t talk_byte(struct talk *t);
struct sftp_str talk_bytes(struct talk *t);
/* A small number of the program stands for an interesting one. */
uint32_t talk_number(struct talk *t);
struct talk_channel *talk_channel(struct talk *t, uint8_t n, uint32_t *id);
/* CHANNEL_DATA, from what is in w. */
void talk_data(struct talk *t, uint32_t id, struct sftp_str data);

/* ---- talk-fxp.c */

/* One request of SFTP on that channel. */
void talk_fxp(struct talk *t, uint32_t id);

/* ---- talk-keys.c */

enum talk_key { TALK_KEY, TALK_KEY_SK, TALK_KEY_SHORT, TALK_KEY_OTHER_ALG,
  TALK_KEY_UNKNOWN, TALK_CERT, TALK_CERT_SK, TALK_KEYS };

struct sftp_str talk_key(enum talk_key key);
const char *talk_key_alg(enum talk_key key);
/* A certificate, as the program wants it; the authority's key is TALK_KEY. */
struct sftp_str talk_cert(struct talk *t, enum talk_key key);

/* ---- talk-daemon.c */

void talk_files(struct talk *t);
void talk_login(struct talk *t);
void talk_setting(struct talk *t, struct sftp_settings *set);
void talk_daemon(struct talk *t);

#endif /* MOD_SFTP_FAKE_TALK_H */
