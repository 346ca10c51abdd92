/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "client.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "alg-table.h"
#include "compress.h"
#include "conn-loop.h"
#include "messages.h"
#include "crypto.h"
#include "namelist.h"
#include "../unit/tap.h"
#include "kex.h"
#include "ssh-version.h"

static const char *const cl_patterns[] = { "LANG", NULL };

static struct sftp_key *new_host_key(pool *p) {
  EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  BIO *bio = BIO_new(BIO_s_mem());
  struct sftp_key *key = NULL;
  const char *why = "no Ed25519 in this libcrypto";
  struct sftp_str pem = { NULL, 0 };
  char *text;

  if (pkey != NULL && bio != NULL && PEM_write_bio_PrivateKey(bio, pkey, NULL,
      NULL, 0, NULL, NULL) == 1) {
    pem.len = (size_t) BIO_get_mem_data(bio, &text);
    pem.ptr = (const unsigned char *) text;
  }

  if (pem.len == 0 ||
      sftp_key_from_file(p, pem, NULL, &key, &why) != SFTP_OK) {
    bail_out("no host key: %s", why);
  }

  BIO_free(bio);
  EVP_PKEY_free(pkey);
  return key;
}

/* One for all connections: a file of keys is decoded in a process of its own,
 * and tests make thousands of connections.
 */
static struct sftp_key *host_key(void) {
  static struct sftp_key *key = NULL;

  if (key == NULL) {
    key = new_host_key(permanent_pool);
  }

  return key;
}

struct client *client_new(void) {
  pool *p = make_sub_pool(permanent_pool);
  struct client *cl = pcalloc(p, sizeof(*cl));
  struct sftp_settings *set = pcalloc(p, sizeof(*set));
  int fds[2];

  if (sftp_crypto_init() != SFTP_OK ||
      socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0) {
    bail_out("cannot set up a connection");
  }

  cl->pool = p;
  cl->fd = fds[0];
  cl->server_fd = fds[1];
  cl->set = set;
  cl->pkts = sftp_packets_new(p, cl->fd);
  cl->ident = "SSH-2.0-test_1.0";
  cl->strict = cl->ext_info = true;

  /* Most tests look at each message: sends none that nobody asked for. */
  set->opts = SFTP_OPT_NO_HOSTKEY_ROTATION;
  set->ident = "SSH-2.0-mod_sftp/test";
  set->kex = sftp_alg_list(p, ALGS_KEX, ALG_DEFAULT, 0);
  set->ciphers = sftp_alg_list(p, ALGS_CIPHER, ALG_DEFAULT, 0);
  set->macs = sftp_alg_list(p, ALGS_MAC, ALG_DEFAULT, 0);
  set->hostkeys = set->userkeys = sftp_alg_list(p, ALGS_SIGNATURE,
    ALG_DEFAULT, 0);
  set->ca_algs = set->userkeys;
  set->host_keys = pcalloc(p, sizeof(*set->host_keys));
  set->host_keys[0] = host_key();
  set->nhost_keys = 1;
  set->max_channels = 10;
  set->max_login_attempts = 6;
  set->services = SFTP_SERVICE_FL_SFTP|SFTP_SERVICE_FL_SCP|
    SFTP_SERVICE_FL_DATE;
  set->accept_env = cl_patterns;
  set->sftp.min_version = 1;
  set->sftp.max_version = 6;
  set->extensions = ~0UL;

  cl->kex = "curve25519-sha256";
  cl->hostkey = "ssh-ed25519";
  cl->cipher = "aes128-gcm@openssh.com";
  cl->mac = "hmac-sha2-256";
  cl->comp = "none";
  return cl;
}

static void start_server(struct client *cl) {
  if (cl->server == NULL) {
    /* With a pool of its own: what the server keeps is measured. */
    cl->server = sftp_conn_new(make_sub_pool(cl->pool), cl->server_fd, cl->set,
      NULL);
    if (sftp_version_send(cl->server) != SFTP_OK || (!cl->kexinit_later &&
        sftp_kex_start(cl->server, "first") != SFTP_OK)) {
      bail_out("the server cannot begin");
    }
  }
}

void client_free(struct client *cl) {
  if (cl->server != NULL) {
    sftp_channels_close_all(cl->server);
  }

  close(cl->fd);
  close(cl->server_fd);
  destroy_pool(cl->pool);
}

bool client_serves = false;

int client_pump(struct client *cl) {
  int res = SFTP_OK, got = 1;

  start_server(cl);
  (void) sftp_packets_flush(cl->pkts);
  while (res == SFTP_OK && got == 1) {
    client_serves = true;
    res = sftp_conn_turn(cl->server);
    if (res == SFTP_OK) {
      got = sftp_packets_fill(cl->server->pkts);
    }

    client_serves = false;
  }

  return res;
}

void client_send(struct client *cl, uint8_t type, const void *p, size_t n) {
  struct sftp_wr *w = sftp_packet_begin(cl->pkts, type, n + 1);

  sftp_wr_bytes(w, p, n);
  if (sftp_packet_end(cl->pkts) != SFTP_OK) {
    bail_out("client cannot send");
  }

  (void) sftp_packets_flush(cl->pkts);
}

/* A KEXINIT may come at any time: it is kept for client_kex(). */
static void keep_kexinit(struct client *cl, const struct sftp_pkt *pkt) {
  struct sftp_wr w;

  sftp_wr_init(&w, cl->pool, pkt->in.left + 1, pkt->in.left + 1);
  sftp_wr_u8(&w, SSH_MSG_KEXINIT);
  sftp_wr_bytes(&w, pkt->in.ptr, pkt->in.left);
  cl->kexinit_s = sftp_wr_get(&w);
}

bool client_recv(struct client *cl, struct sftp_pkt *pkt) {
  const char *why = NULL;
  int res = sftp_packets_next(cl->pkts, pkt, &why);

  while (res == 0) {
    (void) client_pump(cl);
    if (sftp_packets_fill(cl->pkts) != 1) {
      break;
    }

    res = sftp_packets_next(cl->pkts, pkt, &why);
  }

  if (res < 0) {
    diag("client: %s", why);
  }

  if (res == 1 && pkt->type == SSH_MSG_KEXINIT) {
    keep_kexinit(cl, pkt);
  }

  return res == 1;
}

bool client_expect(struct client *cl, uint8_t type, struct sftp_pkt *pkt) {
  while (client_recv(cl, pkt)) {
    if (pkt->type == type) {
      return true;
    }

    if (cl->on_other != NULL) {
      cl->on_other(cl->arg, pkt);
    }
  }

  return false;
}

int client_version(struct client *cl) {
  const char *line = pstrcat(cl->pool, cl->ident, "\r\n", NULL);
  int ended, res;

  if (sftp_packets_raw(cl->pkts, line, strlen(line)) != SFTP_OK) {
    return SFTP_ERR_LIMIT;
  }

  ended = client_pump(cl);
  do {
    res = sftp_packets_fill(cl->pkts);
    if (res < 0 || (res == 0 && ended != SFTP_OK)) {
      return SFTP_ERR_EOF;
    }

    res = sftp_packets_line(cl->pkts, cl->server_ident,
      sizeof(cl->server_ident));
  } while (res == 0);

  return res == 1 ? SFTP_OK : res;
}

void client_send_kexinit(struct client *cl, bool first_follows) {
  const char *lists[10];
  struct sftp_wr w;
  size_t i;

  lists[0] = cl->kex;
  if (!cl->keyed) {
    lists[0] = pstrcat(cl->pool, cl->kex, cl->ext_info ? ",ext-info-c" : "",
      cl->strict ? ",kex-strict-c-v00@openssh.com" : "", NULL);
  }

  lists[1] = cl->hostkey;
  lists[2] = lists[3] = cl->cipher;
  lists[4] = lists[5] = cl->mac;
  lists[6] = lists[7] = cl->comp;
  lists[8] = lists[9] = "";

  sftp_wr_init(&w, cl->pool, 1024, 1 << 18);
  sftp_wr_u8(&w, SSH_MSG_KEXINIT);
  sftp_wr_bytes(&w, "0123456789abcdef", 16);
  for (i = 0; i < 10; i++) {
    sftp_wr_text(&w, lists[i]);
  }

  sftp_wr_bool(&w, first_follows);
  sftp_wr_u32(&w, 0);
  cl->kexinit_c = sftp_wr_get(&w);
  client_send(cl, SSH_MSG_KEXINIT, cl->kexinit_c.ptr + 1,
    cl->kexinit_c.len - 1);
}

/* ---- The client's half of curve25519-sha256 (RFC 8731) */

struct half {
  EVP_PKEY *mine;
  struct client_secret secret;
};

static void begin_x25519(struct half *h) {
  size_t len = sizeof(h->secret.pub);

  h->mine = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
  if (h->mine == NULL ||
      EVP_PKEY_get_raw_public_key(h->mine, h->secret.pub, &len) != 1) {
    bail_out("no X25519");
  }
}

static bool agree_x25519(struct half *h, struct sftp_str theirs) {
  EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL,
    theirs.ptr, theirs.len);
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(h->mine, NULL);
  size_t len = sizeof(h->secret.shared);
  bool good = peer != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
    EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
    EVP_PKEY_derive(ctx, h->secret.shared, &len) == 1;

  EVP_PKEY_CTX_free(ctx);
  EVP_PKEY_free(peer);
  return good;
}

void client_hash(struct client *cl, const struct client_secret *s,
    struct sftp_str ks, struct sftp_str qs, unsigned char H[32]) {
  struct sftp_wr w;
  unsigned int len = 32;

  sftp_wr_init(&w, cl->pool, 8192, 1 << 20);
  sftp_wr_text(&w, cl->ident);
  sftp_wr_text(&w, cl->server_ident);
  sftp_wr_str(&w, cl->kexinit_c);
  sftp_wr_str(&w, cl->kexinit_s);
  sftp_wr_str(&w, ks);
  sftp_wr_string(&w, s->pub, sizeof(s->pub));
  sftp_wr_str(&w, qs);
  sftp_wr_mpint(&w, s->shared, sizeof(s->shared));
  EVP_Digest(w.ptr, w.len, H, &len, EVP_sha256(), NULL);
}

static void letter(struct client *cl, const struct client_secret *s,
    const unsigned char *H, char X, unsigned char *out, size_t need) {
  size_t have = 0;

  while (have < need) {
    unsigned char block[32];
    unsigned int len = 32;
    struct sftp_wr w;
    size_t n;

    sftp_wr_init(&w, cl->pool, 256, 4096);
    sftp_wr_mpint(&w, s->shared, sizeof(s->shared));
    sftp_wr_bytes(&w, H, 32);
    if (have == 0) {
      sftp_wr_u8(&w, (uint8_t) X);
      sftp_wr_bytes(&w, cl->session_id.ptr, cl->session_id.len);

    } else {
      sftp_wr_bytes(&w, out, have);
    }

    EVP_Digest(w.ptr, w.len, block, &len, EVP_sha256(), NULL);
    n = need - have < 32 ? need - have : 32;
    memcpy(out + have, block, n);
    have += n;
  }
}

void client_keys(struct client *cl, const struct client_secret *s,
    const unsigned char H[32], bool out, struct sftp_keys *keys) {
  const struct sftp_cipher_alg *cipher = (const struct sftp_cipher_alg *)
    sftp_alg_find(ALGS_CIPHER, sftp_str_of(cl->cipher));
  const struct sftp_mac_alg *mac = cipher->tag_len > 0 ? NULL :
    (const struct sftp_mac_alg *) sftp_alg_find(ALGS_MAC,
      sftp_str_of(cl->mac));
  unsigned char iv[64], key[64], mk[64];

  memset(keys, 0, sizeof(*keys));
  keys->pool = make_sub_pool(cl->pool);
  keys->compression = sftp_alg_find(ALGS_COMPRESS, sftp_str_of(cl->comp));
  letter(cl, s, H, out ? 'A' : 'B', iv, cipher->iv_len);
  letter(cl, s, H, out ? 'C' : 'D', key, cipher->key_len);
  if (sftp_cipher_new(keys->pool, cipher, key, iv, out,
      &keys->cipher) != SFTP_OK) {
    bail_out("cipher %s", cl->cipher);
  }

  if (mac != NULL) {
    letter(cl, s, H, out ? 'E' : 'F', mk, mac->key_len);
    if (sftp_mac_new(keys->pool, mac, mk, &keys->mac) != SFTP_OK) {
      bail_out("mac %s", cl->mac);
    }
  }
}

/* By one of the algorithms that the client named. */
static int verify_host(const struct client *cl, const struct sftp_key *key,
    struct sftp_str sig, struct sftp_str data) {
  struct sftp_rd r;
  struct sftp_str name;

  sftp_rd_init_str(&r, sig);
  name = sftp_rd_string(&r);
  return sftp_names_have(sftp_str_of(cl->hostkey),
    sftp_str_dup(cl->pool, name)) ?
    sftp_key_verify(key, sftp_sig_alg_find(name), sig, data) : SFTP_ERR_MAC;
}

static int finish(struct client *cl, struct half *h) {
  static const unsigned char zeros[64];
  struct sftp_keys in, out;
  struct sftp_pkt pkt;
  struct sftp_str ks, qs, sig, data;
  struct sftp_key *host_key;
  unsigned char H[32];

  if (!client_expect(cl, SSH_MSG_KEXDH_REPLY, &pkt)) {
    return SFTP_ERR_KEX;
  }

  ks = sftp_str_copy(cl->pool, sftp_rd_string(&pkt.in));
  qs = sftp_str_copy(cl->pool, sftp_rd_string(&pkt.in));
  sig = sftp_str_copy(cl->pool, sftp_rd_string(&pkt.in));
  if (sftp_rd_end(&pkt.in) != SFTP_OK || !agree_x25519(h, qs)) {
    return SFTP_ERR_FORMAT;
  }

  client_hash(cl, &h->secret, ks, qs, H);
  data.ptr = H;
  data.len = 32;
  if (sftp_key_from_blob(cl->pool, ks, &host_key) != SFTP_OK ||
      verify_host(cl, host_key, sig, data) != SFTP_OK) {
    return SFTP_ERR_MAC;
  }

  if (cl->session_id.len == 0) {
    cl->session_id = sftp_str_copy(cl->pool, data);
  }

  client_keys(cl, &h->secret, H, true, &out);
  client_keys(cl, &h->secret, H, false, &in);
  cl->server_first = client_expect(cl, SSH_MSG_NEWKEYS, &pkt);
  if (cl->server_first) {
    sftp_packets_set_in(cl->pkts, &in, cl->strict);
  }

  client_send(cl, SSH_MSG_NEWKEYS, "", 0);
  sftp_packets_set_out(cl->pkts, &out, cl->strict);
  if (!cl->server_first) {
    if (!client_expect(cl, SSH_MSG_NEWKEYS, &pkt)) {
      return SFTP_ERR_ORDER;
    }

    sftp_packets_set_in(cl->pkts, &in, cl->strict);
  }

  cl->keyed = true;
  if (cl->send_behind) {
    client_send(cl, cl->behind, zeros, sizeof(zeros));
  }

  return client_pump(cl);
}

int client_kex(struct client *cl) {
  struct sftp_pkt pkt;
  struct half h;
  struct sftp_wr w;
  int res;

  if (cl->kexinit_c.len == 0) {
    client_send_kexinit(cl, false);
  }

  if (cl->kexinit_s.len == 0 && !client_expect(cl, SSH_MSG_KEXINIT, &pkt)) {
    return SFTP_ERR_KEX;
  }

  begin_x25519(&h);
  sftp_wr_init(&w, cl->pool, 64, 64);
  sftp_wr_string(&w, h.secret.pub, sizeof(h.secret.pub));
  client_send(cl, SSH_MSG_KEXDH_INIT, w.ptr, w.len);
  res = finish(cl, &h);
  EVP_PKEY_free(h.mine);
  cl->kexinit_c.len = cl->kexinit_s.len = 0;
  return res;
}

struct client *client_at_service(void) {
  struct client *cl = client_new();

  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no key exchange");
  }

  return cl;
}

void client_login(struct client *cl) {
  (void) client_pump(cl);
  cl->server->state.authenticated = true;
  sftp_phase_enter(cl->server, PH_OPEN);
  sftp_packets_authenticated(cl->pkts);
  sftp_packets_authenticated(cl->server->pkts);
}

void client_drain(struct client *cl) {
  char buf[4096];

  while (recv(cl->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
  }
}
