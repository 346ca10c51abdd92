/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "fake-channel.h"

#define WEAK __attribute__((weak))

static void *must(void *p) {
  if (p == NULL) {
    fprintf(stderr, "fake channel: out of memory\n");
    abort();
  }

  return p;
}

struct sftp_channel *fake_channel_new(struct ssh_conn *c) {
  struct sftp_channel *ch = must(calloc(1, sizeof(*ch)));

  ch->conn = c;
  ch->window = SIZE_MAX;
  ch->soft = 65536;
  ch->piece = 32768;
  ch->status = -1;
  return ch;
}

void fake_channel_free(struct sftp_channel *ch) {
  fake_channel_close(ch);
  free(ch->out);
  free(ch->err);
  free(ch->left);
  free(ch);
}

void fake_channel_serve(struct sftp_channel *ch,
    const struct sftp_service *ops, void *svc) {
  ch->ops = ops;
  ch->svc = svc;
}

void fake_channel_close(struct sftp_channel *ch) {
  if (ch->svc != NULL && ch->ops != NULL) {
    ch->ops->close(ch->svc);
    ch->svc = NULL;
  }
}

void fake_channel_clear(struct sftp_channel *ch) {
  ch->out_len = ch->err_len = ch->waiting = 0;
}

size_t fake_channel_left(const struct sftp_channel *ch) {
  return ch->left_len;
}

/* ---- Output */

static unsigned char *grow(unsigned char **buf, size_t *size, size_t len,
    size_t n) {
  if (len + n > *size) {
    *size = 2 * (len + n);
    *buf = must(realloc(*buf, *size));
  }

  return *buf + len;
}

static void sent(struct sftp_channel *ch, size_t n) {
  size_t now = n < ch->window ? n : ch->window;

  if (ch->window != SIZE_MAX) {
    ch->window -= now;
  }

  ch->waiting += n - now;
}

WEAK uint32_t sftp_channel_id(const struct sftp_channel *ch) {
  (void) ch;
  return 0;
}

WEAK struct ssh_conn *sftp_channel_conn(const struct sftp_channel *ch) {
  return ch->conn;
}

WEAK size_t sftp_channel_room(struct sftp_channel *ch) {
  if (ch->waiting >= ch->soft) {
    ch->stalled = true;
    return 0;
  }

  return ch->soft - ch->waiting;
}

WEAK int sftp_channel_write(struct sftp_channel *ch, const void *p,
    size_t n) {
  if (++ch->writes == ch->fail_at) {
    return SFTP_ERR_IO;
  }

  if (n > 0) {
    memcpy(grow(&ch->out, &ch->out_size, ch->out_len, n), p, n);
    ch->out_len += n;
    sent(ch, n);
  }

  return SFTP_OK;
}

WEAK int sftp_channel_write_stderr(struct sftp_channel *ch, const void *p,
    size_t n) {
  memcpy(grow(&ch->err, &ch->err_size, ch->err_len, n), p, n);
  ch->err_len += n;
  return SFTP_OK;
}

WEAK int sftp_channel_reserve(struct sftp_channel *ch, size_t n,
    struct iovec *iov, int max) {
  size_t npieces = (n + ch->piece - 1) / ch->piece, i;
  unsigned char *p;

  ch->reserved = 0;
  if (n == 0 || ch->no_reserve || npieces > (size_t) max ||
      n > ch->window || ch->waiting > 0) {
    return 0;
  }

  p = grow(&ch->out, &ch->out_size, ch->out_len, n);
  ch->reserved = n;
  for (i = 0; i < npieces; i++) {
    iov[i].iov_base = p;
    iov[i].iov_len = n < ch->piece ? n : ch->piece;
    p += iov[i].iov_len;
    n -= iov[i].iov_len;
  }

  return (int) npieces;
}

WEAK int sftp_channel_commit(struct sftp_channel *ch, size_t n) {
  if (n > ch->reserved) {
    return SFTP_ERR_LIMIT;
  }

  ch->reserved = 0;
  if (++ch->writes == ch->fail_at) {
    return SFTP_ERR_IO;
  }

  ch->nreserved++;
  ch->out_len += n;
  sent(ch, n);
  return SFTP_OK;
}

WEAK void sftp_channel_finish(struct sftp_channel *ch, int status) {
  if (!ch->finished) {
    ch->finished = true;
    ch->status = status;
  }
}

WEAK void sftp_channel_again(struct sftp_channel *ch) {
  ch->again = true;
}

/* ---- Input */

/* Offers the remaining bytes in a block of exactly their size, which is freed
 * when the service returns from flush(): a later use shows under a sanitizer.
 */
static int offer(struct sftp_channel *ch) {
  unsigned char *block;
  ssize_t used;
  int res;

  if (ch->left_len == 0 || ch->stalled || ch->again || ch->dead) {
    return SFTP_OK;
  }

  block = must(malloc(ch->left_len));
  memcpy(block, ch->left, ch->left_len);
  used = ch->ops->input(ch->svc, block, ch->left_len);
  if (used < 0 || (size_t) used > ch->left_len) {
    ch->dead = true;
    free(block);
    return used < 0 ? (int) used : SFTP_ERR_LIMIT;
  }

  res = ch->ops->flush(ch->svc);
  memset(block, 0xdb, ch->left_len);
  free(block);
  ch->left_len -= (size_t) used;
  memmove(ch->left, ch->left + used, ch->left_len);
  return res;
}

int fake_channel_feed(struct sftp_channel *ch, const void *p, size_t n) {
  unsigned char *both = must(malloc(ch->left_len + n + 1));

  if (ch->left_len > 0) {
    memcpy(both, ch->left, ch->left_len);
  }

  if (n > 0) {
    memcpy(both + ch->left_len, p, n);
  }

  free(ch->left);
  ch->left = both;
  ch->left_len += n;
  return offer(ch);
}

static int resume(struct sftp_channel *ch) {
  int res;

  ch->stalled = ch->again = false;
  res = ch->ops->ready(ch->svc);
  return res != SFTP_OK ? res : offer(ch);
}

/* Like tell_eof() of channel.c: not while there is still output, or a turn. */
static int tell_eof(struct sftp_channel *ch) {
  if (!ch->eof_in || ch->stalled || ch->again || ch->dead) {
    return SFTP_OK;
  }

  ch->eof_in = false;
  return ch->ops->eof(ch->svc);
}

int fake_channel_open_window(struct sftp_channel *ch, size_t n) {
  int res = SFTP_OK;

  ch->window = n > SIZE_MAX - ch->window ? SIZE_MAX : ch->window + n;
  do {
    size_t waited = ch->waiting;

    ch->waiting = 0;
    sent(ch, waited);
    if (!ch->stalled || ch->waiting >= ch->soft) {
      break;
    }

    res = resume(ch);
  } while (res == SFTP_OK);

  return res != SFTP_OK ? res : tell_eof(ch);
}

int fake_channel_work(struct sftp_channel *ch, int n) {
  int done = 0, res;

  for (; ch->again && !ch->dead && done < n; done++) {
    res = resume(ch);
    if (res == SFTP_OK) {
      res = tell_eof(ch);
    }

    if (res != SFTP_OK) {
      return res;
    }
  }

  return done;
}

int fake_channel_eof(struct sftp_channel *ch) {
  ch->eof_in = true;
  return tell_eof(ch);
}
