/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* client.h -- a small SSH client for tests, at the other end of a socket
 * pair.  It speaks with the packet layer of the module itself; what it
 * computes on its own (exchange hash, signature check, keys) comes straight
 * from the RFCs, so that both sides cannot be wrong in the same way.
 */

#ifndef MOD_SFTP_FAKE_CLIENT_H
#define MOD_SFTP_FAKE_CLIENT_H

#include "channel.h"
#include "conn.h"

struct client {
  pool *pool;
  int fd;                       /* the client's end */
  int server_fd;
  struct sftp_packets *pkts;
  struct ssh_conn *server;
  struct sftp_settings *set;    /* the server's, before it starts */

  const char *kex, *hostkey, *cipher, *mac, *comp;      /* lists to offer */
  bool strict, ext_info;
  bool kexinit_later;           /* the server sees our version before it sends
                                 * its KEXINIT */
  const char *ident;

  struct sftp_str session_id;
  char server_ident[256];
  struct sftp_str kexinit_c, kexinit_s;
  bool keyed;
  bool server_first;            /* its NEWKEYS did not wait for ours */

  bool send_behind;             /* message `behind' follows our NEWKEYS at */
  uint8_t behind;               /* once, with 64 bytes of zeros */

  /* Sees the messages that client_expect() skips; may be NULL. */
  void (*on_other)(void *arg, struct sftp_pkt *pkt);
  void *arg;
};

/* A connection with usable defaults: one Ed25519 host key, every default
 * algorithm offered.  Change set and the lists before client_start().
 */
struct client *client_new(void);
void client_free(struct client *cl);

/* Lets the server do everything that it can do without waiting, and passes data
 * in both directions.  Returns the server's error or SFTP_OK.
 */
int client_pump(struct client *cl);
/* The server is at work, not the client. */
extern bool client_serves;

/* Both identification strings. */
int client_version(struct client *cl);
/* Sends KEXINIT; the lists of the client, `first_follows' as given. */
void client_send_kexinit(struct client *cl, bool first_follows);
/* A whole exchange up to both NEWKEYS: the server's KEXINIT is read (it may
 * have started a rekey already).  SFTP_OK or the error.
 */
int client_kex(struct client *cl);
/* A new connection after its first exchange, before SERVICE_REQUEST. */
struct client *client_at_service(void);
/* Marks both sides as logged in, without the messages of RFC 4252. */
void client_login(struct client *cl);

/* Sends one message: type and the bytes behind it. */
void client_send(struct client *cl, uint8_t type, const void *p, size_t n);
/* The next message of the server; false if there is none. */
bool client_recv(struct client *cl, struct sftp_pkt *pkt);
/* Reads until a message of that type comes; passes others to on_other. */
bool client_expect(struct client *cl, uint8_t type, struct sftp_pkt *pkt);

/* ---- For a client that reads and sends by itself (talk.h) */

/* Its half of curve25519-sha256. */
struct client_secret {
  unsigned char pub[32], shared[32];
};

/* The exchange hash, from both identifications and KEXINITs of cl, the host key
 * ks and the server's point qs.
 */
void client_hash(struct client *cl, const struct client_secret *s,
  struct sftp_str ks, struct sftp_str qs, unsigned char H[32]);
/* The keys of one direction, after session_id is set. */
void client_keys(struct client *cl, const struct client_secret *s,
  const unsigned char H[32], bool out, struct sftp_keys *keys);

/* Throws away what the server has sent, so that the socket does not fill up. */
void client_drain(struct client *cl);

#endif /* MOD_SFTP_FAKE_CLIENT_H */
