/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* channel-in.c -- input of a channel: data, windows, end of file. */

#include "channel-int.h"

/* Lets the service use the bytes in the queue that it refers to, before they
 * move.
 */
int sftp_channel_settle_in(struct sftp_channel *ch) {
  if (!ch->in.taken || ch->serve.ops == NULL) {
    ch->in.taken = false;
    return SFTP_OK;
  }

  ch->in.taken = false;
  sftp_channel_serve(ch);
  return ch->serve.ops->flush(ch->serve.state);
}

/* Offers bytes; returns how many were used.  If the service fails, its channel
 * ends and all bytes count as used.
 */
static size_t offer(struct sftp_channel *ch, const unsigned char *p,
    size_t n) {
  ssize_t used;

  if (ch->serve.ops == NULL) {
    /* Before the service starts, the bytes are kept; after its end, they are
     * dropped.
     */
    used = ch->end.finishing ? (ssize_t) n : 0;

  } else {
    sftp_channel_serve(ch);
    used = ch->serve.ops->input(ch->serve.state, p, n);
    if (used < 0) {
      (void) sftp_channel_service_failed(ch, (int) used);
      used = (ssize_t) n;
    }
  }

  ch->in.used += (uint32_t) used;
  return (size_t) used;
}

/* Offers the bytes that were left before; keeps the rest. */
int sftp_channel_offer_kept(struct sftp_channel *ch) {
  size_t n = sftp_queue_len(&ch->in.queue), used;
  int res = sftp_channel_settle_in(ch);

  if (res != SFTP_OK) {
    return sftp_channel_service_failed(ch, res);
  }

  if (n > 0) {
    used = offer(ch, ch->in.queue.buf + ch->in.queue.start, n);
    ch->in.taken = used > 0;
    if (sftp_queue_len(&ch->in.queue) >= used) {
      /* Only the offset moves: the bytes stay until sftp_channel_settle_in().
       */
      ch->in.queue.start += used;
    }
  }

  return SFTP_OK;
}

static int keep_bytes(struct sftp_channel *ch, const unsigned char *p,
    size_t n) {
  int res = sftp_channel_settle_in(ch);

  if (res == SFTP_OK) {
    if (sftp_queue_len(&ch->in.queue) == 0) {
      sftp_queue_drop(&ch->in.queue, 0);
    }

    res = sftp_queue_add(&ch->in.queue, p, n);
  }

  return res;
}

/* Adds new bytes to those that were left.  Only as many are copied as the
 * service needs to complete its request; the rest is offered in place.
 */
static int take_data(struct sftp_channel *ch, const unsigned char *p,
    size_t n) {
  int res = SFTP_OK;

  while (n > 0 && res == SFTP_OK) {
    size_t part = sftp_queue_len(&ch->in.queue);

    if (part == 0 && !ch->serve.stalled && !ch->serve.again) {
      part = offer(ch, p, n);
      p += part;
      n -= part;
      return n > 0 ? keep_bytes(ch, p, n) : SFTP_OK;
    }

    if (ch->serve.stalled || ch->serve.again || ch->serve.ops == NULL) {
      return keep_bytes(ch, p, n);
    }

    if (part < 1024) {
      part = 1024;
    }

    if (part > n) {
      part = n;
    }

    res = keep_bytes(ch, p, part);
    p += part;
    n -= part;
    if (res == SFTP_OK) {
      res = sftp_channel_offer_kept(ch);
    }
  }

  return res;
}

int sftp_on_channel_data(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t id = sftp_rd_u32(r);
  struct sftp_str data = sftp_rd_string(r);
  struct sftp_channel *ch;
  int res;

  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_DATA");
  }

  ch = sftp_channel_find(c, id);
  if (ch == NULL || ch->in.eof || ch->end.close_got) {
    return sftp_channel_unknown(c, "CHANNEL_DATA", id);
  }

  if (data.len > ch->in.window) {
    return sftp_fail(c, SFTP_ERR_LIMIT,
      "client sent %lu bytes into a window of %u", (unsigned long) data.len,
      ch->in.window);
  }

  ch->in.window -= (uint32_t) data.len;
  res = take_data(ch, data.ptr, data.len);
  return res == SFTP_OK ? sftp_channel_adjust_window(ch) :
    sftp_fail(c, res, "out of memory for channel %u", id);
}

int sftp_on_channel_extended_data(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t id = sftp_rd_u32(r);
  struct sftp_str data;
  struct sftp_channel *ch;

  (void) sftp_rd_u32(r);
  data = sftp_rd_string(r);
  if (sftp_rd_end(r) != SFTP_OK) {
    return sftp_fail(c, r->err, "malformed CHANNEL_EXTENDED_DATA");
  }

  ch = sftp_channel_find(c, id);
  if (ch == NULL || ch->in.eof) {
    return sftp_channel_unknown(c, "CHANNEL_EXTENDED_DATA", id);
  }

  if (data.len > ch->in.window) {
    return sftp_fail(c, SFTP_ERR_LIMIT, "client sent beyond its window");
  }

  /* No service reads a client's stderr. */
  ch->in.window -= (uint32_t) data.len;
  ch->in.used += (uint32_t) data.len;
  return sftp_channel_adjust_window(ch);
}
