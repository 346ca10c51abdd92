/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-live.c -- what a session is and does now: in its slot of the board. */

#include "ftpd-live.h"
#include "ftpd-openfile.h"

#include "ftpd-lines.h"
#include "ftpd-report.h"

/* ---- The session writes */

static struct board_info *begin_change(void) {
  struct board_slot *s = ftpd_board_own();

  if (s == NULL) {
    return NULL;
  }

  (void) atomic_fetch_add(&s->info.seq, 1);
  return &s->info;
}

static void end_change(struct board_info *info) {
  (void) atomic_fetch_add(&info->seq, 1);
}

void ftpd_live_begin(struct ftpd *h) {
  struct board_info *info = begin_change();

  if (info != NULL) {
    sstrncpy(info->address, h->remote_ip, sizeof(info->address));
    info->since_ms = ftpd_now_ms();
    end_change(info);
  }
}

static void copy_note(char *to, size_t size, const char *note) {
  const char *text = pr_table_get(session.notes, note, NULL);

  if (text != NULL) {
    sstrncpy(to, text, size);
  }
}

void ftpd_live_changed(struct ftpd *h) {
  static const char *const notes[BOARD_ALGS] = { "SFTP_KEX_ALGO",
    "SFTP_HOST_KEY_ALGO", "SFTP_CLIENT_CIPHER_ALGO",
    "SFTP_SERVER_CIPHER_ALGO", "SFTP_CLIENT_MAC_ALGO", "SFTP_SERVER_MAC_ALGO",
    "SFTP_CLIENT_COMPRESSION_ALGO", "SFTP_SERVER_COMPRESSION_ALGO" };
  struct board_info *info = begin_change();
  size_t i;

  if (info == NULL) {
    return;
  }

  for (i = 0; i < BOARD_ALGS; i++) {
    copy_note(info->algs[i], sizeof(info->algs[i]), notes[i]);
  }

  copy_note(info->client, sizeof(info->client), "SFTP_CLIENT_BANNER");
  if (h->logged_in && session.user != NULL) {
    sstrncpy(info->user, session.user, sizeof(info->user));
  }

  if (h->protocol != NULL) {
    sstrncpy(info->protocol, h->protocol, sizeof(info->protocol));
  }

  end_change(info);
}

void ftpd_live_version(unsigned int version) {
  struct board_slot *s = ftpd_board_own();

  if (s != NULL) {
    s->info.version = version;
  }
}

void ftpd_live_times(struct sftp_times *t) {
  struct board_slot *s = ftpd_board_own();

  if (s != NULL && t->shown != &s->info.times) {
    sftp_times_show(t, &s->info.times);
  }
}

void ftpd_live_opened(struct ftpd_file *f) {
  struct board_info *info = begin_change();
  unsigned int i;

  if (info == NULL) {
    return;
  }

  info->nopen++;
  for (i = 0; i < BOARD_FILES && info->files[i].used; i++) {
    ;
  }

  if (i < BOARD_FILES) {
    struct board_file *b = &info->files[i];

    f->live = b;
    b->used = true;
    b->in = f->wr;
    b->since_ms = ftpd_now_ms();
    b->size = f->wr || f->size < 0 ? 0 : (uint64_t) f->size;
    atomic_store(&b->moved, 0);
    memcpy(b->spent_us, f->spent_us, sizeof(b->spent_us));
    sstrncpy(b->path, f->path, sizeof(b->path));
  }

  end_change(info);
}

void ftpd_live_moved(struct ftpd_file *f, size_t n) {
  struct board_file *b = f->live;

  if (b != NULL) {
    atomic_store_explicit(&b->moved, atomic_load_explicit(&b->moved,
      memory_order_relaxed) + n, memory_order_relaxed);
  }
}

void ftpd_live_closed(struct ftpd_file *f) {
  struct board_info *info = begin_change();

  if (info == NULL) {
    return;
  }

  info->nopen--;
  if (f->live != NULL) {
    f->live->used = false;
    f->live = NULL;
  }

  end_change(info);
}

const char *ftpd_live_ending(pool *p) {
  const struct board_slot *s = ftpd_board_own();

  return s != NULL && atomic_load(&s->ending) != 0 ?
    pstrndup(p, s->reason, strnlen(s->reason, sizeof(s->reason))) : NULL;
}

/* ---- The master reads */

#define TRIES 100

static void end_text(char *text, size_t size) {
  text[size - 1] = '\0';
}

bool ftpd_live_read(const struct board_slot *s, struct board_info *info) {
  unsigned int i, seq = 1;

  for (i = 0; i < TRIES; i++) {
    seq = atomic_load(&s->info.seq);
    memcpy(info, &s->info, sizeof(*info));
    if (seq % 2 == 0 && atomic_load(&s->info.seq) == seq) {
      break;
    }
  }

  /* Whatever the session wrote. */
  end_text(info->address, sizeof(info->address));
  end_text(info->user, sizeof(info->user));
  end_text(info->client, sizeof(info->client));
  end_text(info->protocol, sizeof(info->protocol));
  for (i = 0; i < BOARD_ALGS; i++) {
    end_text(info->algs[i], sizeof(info->algs[i]));
  }

  for (i = 0; i < BOARD_FILES; i++) {
    end_text(info->files[i].path, sizeof(info->files[i].path));
  }

  return seq % 2 == 0;
}
