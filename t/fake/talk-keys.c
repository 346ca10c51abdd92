/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* talk-keys.c -- the keys and certificates of the client of talk.h. */

#include "talk.h"

/* Each public key is one of RFC 8032 or RFC 8017's form: its private part is
 * never needed (talk-line.c).  The point is the base point of the curve.
 */
#define POINT "Xfffffffffffffffffffffffffffffff"

static const unsigned char ed25519[] = "\0\0\0\13ssh-ed25519\0\0\0\40" POINT;
static const unsigned char sk[] = "\0\0\0\32sk-ssh-ed25519@openssh.com"
  "\0\0\0\40" POINT "\0\0\0\4ssh:";
/* Of 1024 bits: shorter than the limit. */
static const unsigned char rsa[] = "\0\0\0\7ssh-rsa\0\0\0\3\1\0\1\0\0\0\201\0"
  "\351" POINT POINT POINT "Xffffffffffffffffffffffffffffffg";

static const struct {
  const char *alg;
  struct sftp_str blob;
} keys[TALK_KEYS] = {
  [TALK_KEY] = { "ssh-ed25519", { ed25519, sizeof(ed25519) - 1 } },
  [TALK_KEY_SK] = { "sk-ssh-ed25519@openssh.com", { sk, sizeof(sk) - 1 } },
  [TALK_KEY_SHORT] = { "rsa-sha2-256", { rsa, sizeof(rsa) - 1 } },
  [TALK_KEY_OTHER_ALG] = { "rsa-sha2-512", { ed25519, sizeof(ed25519) - 1 } },
  [TALK_KEY_UNKNOWN] = { "ssh-ed25519", { (const unsigned char *) "unknown",
    7 } },
  [TALK_CERT] = { "ssh-ed25519-cert-v01@openssh.com", { NULL, 0 } },
  [TALK_CERT_SK] = { "sk-ssh-ed25519-cert-v01@openssh.com", { NULL, 0 } }
};

struct sftp_str talk_key(enum talk_key key) {
  return keys[key].blob;
}

const char *talk_key_alg(enum talk_key key) {
  return keys[key].alg;
}

/* ---- Certificates (PROTOCOL.certkeys) */

static void put_option(struct sftp_wr *w, const char *name, const char *value) {
  size_t mark;

  sftp_wr_text(w, name);
  mark = sftp_wr_begin(w);
  if (value != NULL) {
    sftp_wr_text(w, value);
  }

  sftp_wr_finish(w, mark);
}

/* In the order of their names. */
static void put_options(struct sftp_wr *w, uint8_t critical,
    uint8_t extensions) {
  size_t mark = sftp_wr_begin(w);

  if ((critical & 1) != 0) {
    put_option(w, "force-command", (critical & 8) != 0 ? "/bin/false" :
      "internal-sftp");
  }

  if ((critical & 2) != 0) {
    put_option(w, "source-address", "127.0.0.0/8");
  }

  if ((critical & 4) != 0) {
    put_option(w, "verify-required", (critical & 16) != 0 ? "x" : NULL);
  }

  if ((critical & 32) != 0) {
    put_option(w, "x@example.com", "");
  }

  sftp_wr_finish(w, mark);
  mark = sftp_wr_begin(w);
  if ((extensions & 1) != 0) {
    put_option(w, "no-touch-required", NULL);
  }

  if ((extensions & 2) != 0) {
    put_option(w, "permit-pty", NULL);
  }

  sftp_wr_finish(w, mark);
}

static void put_names(struct talk *t, struct sftp_wr *w, uint8_t how) {
  size_t mark = sftp_wr_begin(w);

  if ((how & 1) == 0) {
    sftp_wr_text(w, (how & 2) == 0 ? "alice" : "bob");
  }

  if ((how & 4) != 0) {
    sftp_wr_str(w, talk_bytes(t));
  }

  sftp_wr_finish(w, mark);
}

struct sftp_str talk_cert(struct talk *t, enum talk_key key) {
  uint8_t how = talk_byte(t), names = talk_byte(t), critical = talk_byte(t);
  struct sftp_wr w, sig;

  sftp_wr_init(&w, t->cl.pool, 1024, 4096);
  sftp_wr_text(&w, keys[key].alg);
  sftp_wr_text(&w, "nonce");
  sftp_wr_text(&w, POINT);
  if (key == TALK_CERT_SK) {
    sftp_wr_text(&w, "ssh:");
  }

  sftp_wr_u64(&w, 7);
  sftp_wr_u32(&w, (how & 1) == 0 ? 1 : 2);
  sftp_wr_text(&w, "id");
  put_names(t, &w, names);
  sftp_wr_u64(&w, (how & 2) == 0 ? 0 : UINT64_MAX - 1);
  sftp_wr_u64(&w, (how & 4) == 0 ? UINT64_MAX : 1);
  put_options(&w, critical, how >> 3 & 3);
  sftp_wr_text(&w, "");
  sftp_wr_str(&w, keys[(how & 32) == 0 ? TALK_KEY : TALK_KEY_SHORT].blob);
  sftp_wr_init(&sig, t->cl.pool, 128, 128);
  talk_put_signature(&sig, (how & 64) == 0 ? "ssh-ed25519" : "ssh-rsa",
    sftp_wr_get(&w));
  sftp_wr_str(&w, sftp_wr_get(&sig));
  return sftp_wr_get(&w);
}
