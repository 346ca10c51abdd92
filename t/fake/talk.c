/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* talk.c -- what the client of talk.h reads, and its part of an exchange. */

#include "talk.h"

#include "fxp-limits.h"
#include "fxp-session.h"

__attribute__((noinline)) void talk_must(bool cond) {
  if (!cond) {
    abort();
  }
}

/* ---- Sending */

struct sftp_wr *talk_begin(struct talk *t, uint8_t type) {
  sftp_wr_init_fixed(&t->w, t->space, sizeof(t->space));
  sftp_wr_u8(&t->w, type);
  return &t->w;
}

static void transmit(struct talk *t, struct sftp_str payload) {
  talk_must(sftp_packet_send(t->cl.pkts, payload) == SFTP_OK);
  talk_must(sftp_packets_flush(t->cl.pkts) == 1);
}

static void change(struct talk *t) {
  t->tampered |= t->flip_at > 0 || t->cut > 0 || t->twice || t->swap ||
    t->swapped.len > 0;
  if (t->cut > 0) {
    t->w.len -= t->cut < t->w.len ? t->cut : t->w.len - 1;
    t->cut = 0;
  }

  if (t->flip_at > 0) {
    t->w.ptr[(t->flip_at - 1) % t->w.len] ^= t->flip;
    t->flip_at = 0;
  }
}

void talk_end(struct talk *t) {
  struct sftp_str payload, before = t->swapped;

  if (sftp_wr_end(&t->w) != SFTP_OK) {
    return;                     /* too long to be sent */
  }

  change(t);
  payload = sftp_wr_get(&t->w);
  if (t->swap) {
    t->swap = false;
    t->swapped = sftp_str_copy(t->cl.pool, payload);
    return;
  }

  t->swapped.len = 0;
  transmit(t, payload);
  if (before.len > 0) {
    transmit(t, before);
  }

  if (t->twice) {
    t->twice = false;
    transmit(t, payload);
  }
}

/* ---- The exchange (RFC 4253, sections 7 and 8; RFC 8731) */

void talk_greet(struct talk *t) {
  const char *line = pstrcat(t->cl.pool, t->cl.ident, "\r\n", NULL);

  talk_pipe_add(&t->to_server, line, strlen(line));
  t->tampered |= t->met;
  t->met = true;
}

void talk_kexinit(struct talk *t, bool guess) {
  const struct client *cl = &t->cl;
  const char *lists[10] = { cl->kex, cl->hostkey, cl->cipher, cl->cipher,
    cl->mac, cl->mac, cl->comp, cl->comp, "", "" };
  struct sftp_wr *w = talk_begin(t, SSH_MSG_KEXINIT);
  size_t i;

  if (!cl->keyed) {
    lists[0] = pstrcat(cl->pool, cl->kex, cl->ext_info ? ",ext-info-c" : "",
      cl->strict ? ",kex-strict-c-v00@openssh.com" : "", NULL);
  }

  t->tampered |= cl->kexinit_c.len > 0;
  sftp_wr_bytes(w, "0123456789abcdef", 16);
  for (i = 0; i < 10; i++) {
    sftp_wr_text(w, lists[i]);
  }

  sftp_wr_bool(w, guess);
  sftp_wr_u32(w, 0);
  t->cl.kexinit_c = sftp_str_copy(cl->pool, sftp_wr_get(w));
  talk_end(t);
}

void talk_exchange(struct talk *t) {
  if (!t->exchanging || t->lazy || !t->met || t->in.pool != NULL) {
    return;
  }

  if (t->cl.kexinit_c.len == 0) {
    talk_kexinit(t, false);
  }

  sftp_random(t->secret.pub, sizeof(t->secret.pub));
  sftp_wr_string(talk_begin(t, SSH_MSG_KEXDH_INIT), t->secret.pub,
    sizeof(t->secret.pub));
  talk_end(t);
}

static void on_kexinit(struct talk *t, struct sftp_rd *r) {
  static const char marker[] = "kex-strict-s-v00@openssh.com";
  struct client *cl = &t->cl;
  struct sftp_wr w;

  talk_must(cl->kexinit_s.len == 0 || t->tampered);
  if (!cl->keyed && memmem(r->ptr, r->left, marker, sizeof(marker) - 1) ==
      NULL) {
    cl->strict = false;
  }

  sftp_wr_init(&w, cl->pool, r->left + 1, r->left + 1);
  sftp_wr_u8(&w, SSH_MSG_KEXINIT);
  sftp_wr_bytes(&w, r->ptr, r->left);
  cl->kexinit_s = sftp_wr_get(&w);
  t->exchanging = true;
  talk_exchange(t);
}

/* The host's signature over the exchange hash, by the algorithm agreed on. */
static bool is_signed(const struct talk *t, struct sftp_str sig,
    struct sftp_str H) {
  unsigned char space[128];
  struct sftp_wr w;

  sftp_wr_init_fixed(&w, space, sizeof(space));
  talk_put_signature(&w, t->cl.hostkey, H);
  return sftp_str_same(sftp_wr_get(&w), sig);
}

static void on_kexdh_reply(struct talk *t, struct sftp_rd *r) {
  struct sftp_str ks = sftp_rd_string(r), qs = sftp_rd_string(r),
    sig = sftp_rd_string(r);
  struct client *cl = &t->cl;
  unsigned char hash[32];
  struct sftp_str H = { hash, sizeof(hash) };
  struct sftp_keys out;

  talk_must(sftp_rd_end(r) == SFTP_OK && qs.len == sizeof(t->secret.pub));
  (void) __wrap_crypto_scalarmult_curve25519(t->secret.shared, t->secret.pub,
    qs.ptr);
  client_hash(cl, &t->secret, ks, qs, hash);
  talk_must(t->tampered || is_signed(t, sig, H));
  if (cl->session_id.len == 0) {
    cl->session_id = sftp_str_copy(cl->pool, H);
  }

  client_keys(cl, &t->secret, hash, true, &out);
  client_keys(cl, &t->secret, hash, false, &t->in);
  (void) talk_begin(t, SSH_MSG_NEWKEYS);
  talk_end(t);
  sftp_packets_set_out(cl->pkts, &out, cl->strict);
  cl->kexinit_c.len = 0;
}

static void on_newkeys(struct talk *t) {
  struct client *cl = &t->cl;

  talk_must(t->in.pool != NULL || t->tampered);
  t->exchanging = false;
  cl->kexinit_s.len = 0;
  if (t->in.pool != NULL) {
    sftp_packets_set_in(cl->pkts, &t->in, cl->strict);
    memset(&t->in, 0, sizeof(t->in));
    cl->keyed = true;
  }
}

/* ---- Channels */

static struct talk_channel *named(struct talk *t, struct sftp_rd *r) {
  uint32_t n = sftp_rd_u32(r);

  talk_must(sftp_rd_ok(r) == SFTP_OK);
  talk_must(n < TALK_CHANNELS || t->tampered);
  return &t->channels[n % TALK_CHANNELS];
}

static void on_confirmation(struct talk *t, struct sftp_rd *r) {
  struct talk_channel *ch = named(t, r);

  ch->known = true;
  ch->id = sftp_rd_u32(r);
  (void) sftp_rd_u32(r);
  talk_must(sftp_rd_u32(r) > 0);
  talk_must(sftp_rd_end(r) == SFTP_OK);
}

/* A whole reply has come, or at least its first bytes. */
static void on_reply(struct talk *t, struct talk_channel *ch, size_t len) {
  struct sftp_rd r;
  struct sftp_str h;
  uint8_t type = ch->head[4];

  talk_must(type == SSH_FXP_VERSION || type == SSH_FXP_EXTENDED_REPLY ||
    (type >= SSH_FXP_STATUS && type <= SSH_FXP_ATTRS));
  if (type != SSH_FXP_HANDLE) {
    return;
  }

  sftp_rd_init(&r, ch->head + 9, len - 5);
  h = sftp_rd_string(&r);
  talk_must(sftp_rd_end(&r) == SFTP_OK && h.len <= TALK_HANDLE_MAX);
  memcpy(t->handles[t->nhandles % TALK_HANDLES], h.ptr, h.len);
  t->handle_len[t->nhandles++ % TALK_HANDLES] = h.len;
}

/* Splits what a service of SFTP has sent into its replies. */
static void on_stream(struct talk *t, struct talk_channel *ch,
    struct sftp_str s) {
  while (s.len > 0) {
    size_t part = ch->skip < s.len ? ch->skip : s.len, len, kept;

    s.ptr += part;
    s.len -= part;
    ch->skip -= part;
    if (s.len == 0) {
      return;
    }

    ch->head[ch->nhead++] = *s.ptr++;
    s.len--;
    len = ch->nhead >= 4 ? sftp_get_u32(ch->head) : 0;
    talk_must(ch->nhead < 4 || (len >= 5 &&
      len <= FXP_DATA_HEADER + FXP_READ_MAX));
    kept = 4 + len < sizeof(ch->head) ? 4 + len : sizeof(ch->head);
    if (ch->nhead >= 4 && ch->nhead == kept) {
      on_reply(t, ch, len);
      ch->skip = 4 + len - kept;
      ch->nhead = 0;
    }
  }
}

static void on_data(struct talk *t, struct sftp_rd *r, bool extended) {
  struct talk_channel *ch = named(t, r);
  struct sftp_str s;

  if (extended) {
    talk_must(sftp_rd_u32(r) == 1);
  }

  s = sftp_rd_string(r);
  talk_must(sftp_rd_end(r) == SFTP_OK);
  if (t->tampered) {
    return;
  }

  talk_must(ch->known && !ch->eof && !ch->closed && s.len <= ch->window &&
    s.len <= ch->packet);
  ch->window -= (uint32_t) s.len;
  if (ch->sftp && !extended) {
    on_stream(t, ch, s);
  }
}

static void on_channel(struct talk *t, uint8_t type, struct sftp_rd *r) {
  struct talk_channel *ch;

  switch (type) {
    case SSH_MSG_CHANNEL_OPEN_CONFIRMATION:
      on_confirmation(t, r);
      return;

    case SSH_MSG_CHANNEL_DATA:
    case SSH_MSG_CHANNEL_EXTENDED_DATA:
      on_data(t, r, type == SSH_MSG_CHANNEL_EXTENDED_DATA);
      return;
  }

  ch = named(t, r);
  talk_must(t->tampered || !ch->closed ||
    type == SSH_MSG_CHANNEL_OPEN_FAILURE);
  if (type == SSH_MSG_CHANNEL_EOF) {
    talk_must(t->tampered || !ch->eof);
    ch->eof = true;

  } else if (type == SSH_MSG_CHANNEL_CLOSE) {
    ch->closed = true;
  }
}

/* ---- Reading */

/* What the server may not send now (RFC 4253, section 7.1; RFC 4252). */
static void check_order(const struct talk *t, uint8_t type) {
  talk_must(!t->disconnected);
  talk_must(t->logged_in || type < SSH_MSG_GLOBAL_REQUEST);
  talk_must(!t->exchanging || (type <= SSH_MSG_KEX_LAST &&
    type != SSH_MSG_SERVICE_REQUEST && type != SSH_MSG_SERVICE_ACCEPT));
}

static void on_success(struct talk *t) {
  talk_must(!t->logged_in && t->cl.server->state.authenticated);
  t->logged_in = true;
  sftp_packets_authenticated(t->cl.pkts);
}

static void on_message(struct talk *t, struct sftp_pkt *pkt) {
  check_order(t, pkt->type);
  switch (pkt->type) {
    case SSH_MSG_DISCONNECT:
      t->disconnected = true;
      break;

    case SSH_MSG_KEXINIT:
      on_kexinit(t, &pkt->in);
      break;

    case SSH_MSG_KEXDH_REPLY:
      on_kexdh_reply(t, &pkt->in);
      break;

    case SSH_MSG_NEWKEYS:
      on_newkeys(t);
      break;

    case SSH_MSG_USERAUTH_SUCCESS:
      on_success(t);
      break;

    default:
      if (pkt->type >= SSH_MSG_CHANNEL_OPEN &&
          pkt->type <= SSH_MSG_CHANNEL_FAILURE &&
          pkt->type != SSH_MSG_CHANNEL_REQUEST) {
        on_channel(t, pkt->type, &pkt->in);
      }
  }
}

static bool read_greeting(struct talk *t) {
  if (!t->greeted) {
    t->greeted = sftp_packets_line(t->cl.pkts, t->cl.server_ident,
      sizeof(t->cl.server_ident)) == 1;
  }

  return t->greeted;
}

void talk_read(struct talk *t) {
  struct sftp_pkt pkt;
  const char *why;

  while (sftp_packets_fill(t->cl.pkts) == 1) {
    int res = 1;

    while (read_greeting(t) && res == 1) {
      res = sftp_packets_next(t->cl.pkts, &pkt, &why);
      if (res == 1) {
        on_message(t, &pkt);
      }
    }

    if (res < 0) {
      /* It no longer agrees with the server on keys, and is deaf for ever. */
      talk_must(t->tampered);
      t->hung_up = true;
      return;
    }
  }
}
