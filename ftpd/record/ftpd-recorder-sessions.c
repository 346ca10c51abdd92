/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-recorder-sessions.c -- the sessions that the recorder serves, and what
 * becomes of their messages.
 *
 * A session's messages are values: the recorder knows whose they are from the
 * socket that they come through.
 */

#include "ftpd-record-open.h"
#include "ftpd-recorder-int.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#define KILLED "the session was killed, or crashed"

/* The members that all records of a session have. */
static void put_session(struct sftp_json *j, const struct record_hello *h) {
  sftp_json_text(j, "session", sftp_str_of(h->session));
  sftp_json_text(j, "from", sftp_str_of(h->from));
  sftp_json_number(j, "port", h->port);
  sftp_json_text(j, "server", sftp_str_of(h->server));
}

static int append(struct record_file *f, const struct sftp_json *j) {
  int err = ftpd_record_file_append(f, (struct sftp_str) {
    (unsigned char *) j->text, j->len });

  ftpd_recorder_keep_losses(f);
  return err;
}

int ftpd_recorder_watch(int fd, void *what) {
  struct epoll_event e = { .events = EPOLLIN, .data.ptr = what };

  return epoll_ctl(ftpd_recorder.epoll, EPOLL_CTL_ADD, fd, &e);
}

struct client *ftpd_recorder_add(int fds[RECORD_FDS],
    const struct record_hello *hello) {
  static uint64_t last_id;
  pool *p = make_sub_pool(ftpd_recorder.pool);
  struct client *c = pcalloc(p, sizeof(*c));

  c->pool = p;
  c->id = ++last_id;
  memcpy(c->fds, fds, sizeof(c->fds));
  fds[0] = fds[1] = -1;
  c->hello = *hello;
  c->hello.path[sizeof(c->hello.path) - 1] = '\0';
  c->hello.session[sizeof(c->hello.session) - 1] = '\0';
  c->hello.from[sizeof(c->hello.from) - 1] = '\0';
  c->hello.server[sizeof(c->hello.server) - 1] = '\0';
  c->file = ftpd_recorder_find(c->hello.path);
  if (c->file == NULL || ftpd_recorder_watch(c->fds[0], c) < 0) {
    ftpd_record_close(c->fds);  /* the session hears of it */
    destroy_pool(p);
    return NULL;
  }

  c->next = ftpd_recorder.clients;
  if (c->next != NULL) {
    c->next->prev = c;
  }

  ftpd_recorder.clients = c;
  return c;
}

void ftpd_recorder_drop(struct client *c) {
  if (c->prev != NULL) {
    c->prev->next = c->next;

  } else {
    ftpd_recorder.clients = c->next;
  }

  if (c->next != NULL) {
    c->next->prev = c->prev;
  }

  /* Its keeper has it as well: closing it is not enough. */
  (void) epoll_ctl(ftpd_recorder.epoll, EPOLL_CTL_DEL, c->fds[0], NULL);
  ftpd_record_close(c->fds);
  destroy_pool(c->pool);
}

/* Nothing of the session can be recorded: it tells the system log, too. */
void ftpd_recorder_unserved(const struct record_hello *hello) {
  static bool told = false;
  struct record_hello h = *hello;
  char text[RECORD_LINE_MAX];
  struct record_file *f;
  struct sftp_json j;

  if (!told) {
    told = true;
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": SFTPTransferRecord: the "
      "recorder has no descriptors left (RLIMIT_NOFILE): further sessions are "
      "not recorded");
  }

  h.path[sizeof(h.path) - 1] = h.session[sizeof(h.session) - 1] =
    h.from[sizeof(h.from) - 1] = h.server[sizeof(h.server) - 1] = '\0';
  f = ftpd_recorder_find(h.path);
  if (f != NULL) {
    sftp_json_init(&j, text, sizeof(text));
    put_session(&j, &h);
    sftp_json_text(&j, "what", sftp_str_of("lost"));
    sftp_json_text(&j, "why", sftp_str_of("no descriptor is left: nothing of "
      "this session is recorded"));
    (void) append(f, &j);
  }
}

/* ---- Messages */

/* The recorder before was killed when it had written this, and had not taken
 * it from the socket.  No two records of a session are the same: see seq.
 */
static bool is_repeated(const struct client *c, const struct sftp_json *j) {
  return c->repeats && ftpd_record_file_had(c->file, (struct sftp_str) {
    (unsigned char *) j->text, j->len });
}

static int record_message(struct client *c, const unsigned char *bytes,
    size_t len) {
  bool was = c->ended || c->pins.set == 0;
  struct sftp_str message = { bytes, len };
  enum record_what what = RECORD_NWHATS;
  char text[RECORD_LINE_MAX];
  struct sftp_json j;

  sftp_json_init(&j, text, sizeof(text));
  if (len > 0 && bytes[0] == RECORD_NWHATS) {
    return append(c->file, &j);         /* nothing but what is due */
  }

  put_session(&j, &c->hello);
  if (ftpd_record_compose(&j, message, &c->pins, &what) != SFTP_OK) {
    return EINVAL;
  }

  c->ended |= what == RECORD_LOGOUT;
  if (was != (c->ended || c->pins.set == 0)) {
    ftpd_recorder_keep(c);      /* it has logged in, or ends */
  }

  return is_repeated(c, &j) ? 0 : append(c->file, &j);
}

/* ---- Sessions that are gone without a word */

static void tell_transfer(struct client *c, const struct record_open *o,
    enum ftpd_way way) {
  uint64_t now = sftp_now_us(), moved = atomic_load(&o->moved[way]);
  struct record_event e;
  struct sftp_str message;

  ftpd_record_begin(&e, way == WAY_WRITE ? RECORD_UPLOAD : RECORD_DOWNLOAD);
  ftpd_record_text(&e, RECORD_PROTOCOL, o->protocol);
  ftpd_record_text(&e, RECORD_PATH, o->path);
  ftpd_record_text(&e, RECORD_DIRECTION, way == WAY_WRITE ? "in" : "out");
  if (moved != RECORD_NOT_KNOWN) {
    ftpd_record_number(&e, RECORD_BYTES, moved);
    ftpd_record_number(&e, RECORD_OFFSET, o->offset[way]);
  }

  ftpd_record_number(&e, RECORD_MS, now > o->begun_us ? (now - o->begun_us) /
    1000 : 0);
  ftpd_record_text(&e, RECORD_END, "incomplete");
  ftpd_record_text(&e, RECORD_WHY, c->ended ? "the session has ended" :
    KILLED);
  message = sftp_wr_get(&e.message);
  if (sftp_wr_end(&e.message) == SFTP_OK) {
    (void) record_message(c, message.ptr, message.len);
  }
}

/* Of a file that is open for both, what was used; else the upload. */
static void tell_file(struct client *c, struct record_open *o) {
  unsigned int ways = atomic_load(&o->ways);
  bool reads = (ways & 1U << WAY_READ) != 0;
  bool writes = (ways & 1U << WAY_WRITE) != 0;

  if (reads && writes) {
    reads = atomic_load(&o->moved[WAY_READ]) > 0;
    writes = !reads || atomic_load(&o->moved[WAY_WRITE]) > 0;
  }

  o->path[sizeof(o->path) - 1] = '\0';
  o->protocol[sizeof(o->protocol) - 1] = '\0';
  if (reads) {
    tell_transfer(c, o, WAY_READ);
  }

  if (writes) {
    tell_transfer(c, o, WAY_WRITE);
  }
}

/* Each transfer that the session has begun, and not told of.  Returns the
 * number of others, which its memory has no room for.
 */
static uint64_t tell_transfers(struct client *c) {
  uint64_t n[2], i;             /* as struct record_opens begins */
  struct record_open o;

  if (c->fds[1] < 0 || pread(c->fds[1], n, sizeof(n), 0) !=
      (ssize_t) sizeof(n)) {
    return 0;
  }

  for (i = 0; i < n[0] && i < RECORD_OPEN_MAX; i++) {
    if (pread(c->fds[1], &o, sizeof(o), (off_t) (offsetof(struct record_opens,
        files) + i * sizeof(o))) == (ssize_t) sizeof(o)) {
      tell_file(c, &o);
    }
  }

  return n[1];
}

static void tell_logout(struct client *c, uint64_t nmore) {
  char why[128], text[RECORD_LINE_MAX];
  struct sftp_json j;

  snprintf(why, sizeof(why), nmore > 0 ? "%s; %llu more files were open" :
    "%s", KILLED, (unsigned long long) nmore);
  sftp_json_init(&j, text, sizeof(text));
  put_session(&j, &c->hello);
  sftp_json_text(&j, "what", sftp_str_of(ftpd_record_whats[RECORD_LOGOUT]));
  ftpd_record_compose_pins(&j, &c->pins);
  sftp_json_text(&j, "end", sftp_str_of("lost"));
  sftp_json_text(&j, "why", sftp_str_of(why));
  if (!is_repeated(c, &j)) {
    (void) append(c->file, &j);
  }
}

static void on_end(struct client *c) {
  uint64_t nmore;

  if (c->pins.set != 0) {
    nmore = tell_transfers(c);
    if (!c->ended) {
      tell_logout(c, nmore);
    }
  }

  ftpd_recorder_keep_not(c);
  ftpd_recorder_drop(c);
}

void ftpd_recorder_on_client(struct client *c) {
  unsigned char bytes[RECORD_MESSAGE_MAX];
  struct record_file *f = c->file;
  int32_t answer;
  ssize_t n;

  /* If we are killed before it is written, the next recorder gets it. */
  n = recv(c->fds[0], bytes, sizeof(bytes), MSG_DONTWAIT|MSG_PEEK);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }

  if (n <= 0) {
    on_end(c);

  } else {
    answer = record_message(c, bytes, (size_t) n);
    (void) recv(c->fds[0], bytes, 1, MSG_DONTWAIT);
    c->repeats = false;
    if (c->hello.answers != 0) {
      (void) send(c->fds[0], &answer, sizeof(answer),
        MSG_DONTWAIT|MSG_NOSIGNAL);
    }
  }

  ftpd_record_file_sign(f, false);
}
