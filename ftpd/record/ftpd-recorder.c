/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-recorder.c -- the process that writes the records of all sessions.
 *
 * It has no client and no rights but its open files and host keys.  A session's
 * messages are values: the recorder knows whose they are from the socket that
 * they come through.  At a reload, the next recorder takes over the sockets,
 * and what is known about each session and file.
 */

#include "ftpd-calls.h"
#include "ftpd-conf.h"
#include "ftpd-record.h"
#include "ftpd-recorder.h"

#include "sshsig.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* The host's list of virtual hosts (none of its headers declares it). */
extern xaset_t *server_list;

#define EVENTS 64
/* The daemon's own descriptors are below. */
#define FDS_MAX 4096
/* Each session needs one. */
#define FDS_WANTED 65536
/* A message had a descriptor, for which there was no room. */
#define FD_LOST (-2)
/* How long the recorder before may take to hand over. */
#define PATIENCE_MS 5000

struct client {
  struct client *next, *prev;
  pool *pool;
  int fd;
  struct record_file *file;
  struct record_hello hello;
  struct record_pins pins;
  bool ended;                   /* it has said goodbye */
};

static struct {
  pool *pool;
  int epoll;
  struct record_file **files;
  unsigned int nfiles;
  struct client *clients;
  const struct recorder *is;
  bool watched, open;           /* the daemon and the door are there */
  bool over;                    /* another recorder goes on */
} state;

/* The members that all records of a session have. */
static void put_session(struct sftp_json *j, const struct record_hello *h) {
  sftp_json_text(j, "session", sftp_str_of(h->session));
  sftp_json_text(j, "from", sftp_str_of(h->from));
  sftp_json_number(j, "port", h->port);
  sftp_json_text(j, "server", sftp_str_of(h->server));
}

/* ---- Messages with a descriptor */

union room {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int))];
};

static ssize_t receive(int from, void *to, size_t size, int *fd) {
  struct iovec iov = { to, size };
  union room room;
  struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
    .msg_control = &room, .msg_controllen = sizeof(room) };
  struct cmsghdr *c;
  ssize_t n;

  *fd = -1;
  do {
    n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);

  c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
  if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
      c->cmsg_len == CMSG_LEN(sizeof(int))) {
    memcpy(fd, CMSG_DATA(c), sizeof(int));

  } else if (n > 0 && (msg.msg_flags & MSG_CTRUNC) != 0) {
    *fd = FD_LOST;
  }

  return n;
}

static int send_with(int to, const void *bytes, size_t len, int fd) {
  struct iovec iov = { (void *) (uintptr_t) bytes, len };
  union room room;
  struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
  ssize_t n;

  if (fd >= 0) {
    memset(&room, 0, sizeof(room));
    msg.msg_control = &room;
    msg.msg_controllen = sizeof(room);
    room.align.cmsg_level = SOL_SOCKET;
    room.align.cmsg_type = SCM_RIGHTS;
    room.align.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&room.align), &fd, sizeof(int));
  }

  do {
    n = sendmsg(to, &msg, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);

  return n == (ssize_t) len ? 0 : -1;
}

/* ---- Files */

static struct record_file *find_file(const char *path) {
  unsigned int i;

  for (i = 0; i < state.nfiles; i++) {
    if (strcmp(state.files[i]->path, path) == 0) {
      return state.files[i];
    }
  }

  return NULL;
}

static void add_file(struct record_file *f) {
  struct record_file **all = pcalloc(state.pool, (state.nfiles + 1) *
    sizeof(struct record_file *));

  if (state.nfiles > 0) {
    memcpy(all, state.files, state.nfiles * sizeof(struct record_file *));
  }

  all[state.nfiles++] = f;
  state.files = all;
}

/* The first host key that ssh-keygen knows. */
static void choose_key(struct record_file *f, server_rec *s) {
  const struct sftp_settings *set = ftpd_conf_settings(state.pool, s);
  unsigned int i;

  for (i = 0; i < set->nhost_keys && f->key == NULL; i++) {
    if (sftp_sshsig_alg(set->host_keys[i]) != NULL) {
      const char *print = sftp_key_fingerprint(state.pool,
        set->host_keys[i]->blob, "SHA256", false);

      f->key = set->host_keys[i];
      f->print = pstrcat(state.pool, "SHA256:", print, NULL);
    }
  }
}

static void configure_file(server_rec *s) {
  const struct record_conf *conf = ftpd_record_conf(s);
  struct record_file *f;

  if (conf == NULL) {
    return;
  }

  f = find_file(conf->path);
  if (f == NULL) {
    f = ftpd_record_file_new(state.pool, conf->path);
    f->max_records = conf->records;
    f->max_secs = conf->minutes * 60;
    add_file(f);
  }

  if (f->key == NULL && ftpd_conf_engine(s)) {
    choose_key(f, s);
  }
}

/* Only virtual hosts of FTP have it: the keys of another one sign. */
static void borrow_key(struct record_file *f) {
  server_rec *s;

  for (s = (server_rec *) server_list->xas_list; s != NULL && f->key == NULL;
      s = s->next) {
    if (ftpd_conf_engine(s)) {
      choose_key(f, s);
    }
  }
}

/* ---- Sessions */

static int watch(int fd, void *what) {
  struct epoll_event e = { .events = EPOLLIN, .data.ptr = what };

  return epoll_ctl(state.epoll, EPOLL_CTL_ADD, fd, &e);
}

static struct client *add_client(int fd, const struct record_hello *hello) {
  pool *p = make_sub_pool(state.pool);
  struct client *c = pcalloc(p, sizeof(*c));

  c->pool = p;
  c->fd = fd;
  c->hello = *hello;
  c->hello.path[sizeof(c->hello.path) - 1] = '\0';
  c->hello.session[sizeof(c->hello.session) - 1] = '\0';
  c->hello.from[sizeof(c->hello.from) - 1] = '\0';
  c->hello.server[sizeof(c->hello.server) - 1] = '\0';
  c->file = find_file(c->hello.path);
  if (c->file == NULL || watch(fd, c) < 0) {
    (void) close(fd);           /* the session hears of it */
    destroy_pool(p);
    return NULL;
  }

  c->next = state.clients;
  if (c->next != NULL) {
    c->next->prev = c;
  }

  state.clients = c;
  return c;
}

static void drop_client(struct client *c) {
  if (c->prev != NULL) {
    c->prev->next = c->next;

  } else {
    state.clients = c->next;
  }

  if (c->next != NULL) {
    c->next->prev = c->prev;
  }

  (void) close(c->fd);
  destroy_pool(c->pool);
}

/* It was logged in, and is gone without a word. */
static void tell_lost(struct client *c) {
  char text[RECORD_LINE_MAX];
  struct sftp_json j;

  sftp_json_init(&j, text, sizeof(text));
  put_session(&j, &c->hello);
  sftp_json_text(&j, "what", sftp_str_of(ftpd_record_whats[RECORD_LOGOUT]));
  ftpd_record_compose_pins(&j, &c->pins);
  sftp_json_text(&j, "end", sftp_str_of("lost"));
  sftp_json_text(&j, "why", sftp_str_of("the session was killed, or crashed"));
  (void) ftpd_record_file_append(c->file, (struct sftp_str) {
    (unsigned char *) text, j.len });
}

/* Nothing of the session can be recorded: it tells the system log, too. */
static void tell_unserved(const struct record_hello *hello) {
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
  f = find_file(h.path);
  if (f != NULL) {
    sftp_json_init(&j, text, sizeof(text));
    put_session(&j, &h);
    sftp_json_text(&j, "what", sftp_str_of("lost"));
    sftp_json_text(&j, "why", sftp_str_of("no descriptor is left: nothing of "
      "this session is recorded"));
    (void) ftpd_record_file_append(f, (struct sftp_str) {
      (unsigned char *) text, j.len });
  }
}

static int record_message(struct client *c, const unsigned char *bytes,
    size_t len) {
  struct sftp_str message = { bytes, len };
  enum record_what what = RECORD_NWHATS;
  char text[RECORD_LINE_MAX];
  struct sftp_json j;

  sftp_json_init(&j, text, sizeof(text));
  if (len > 0 && bytes[0] == RECORD_NWHATS) {
    return ftpd_record_file_append(c->file, (struct sftp_str) { bytes, 0 });
  }

  put_session(&j, &c->hello);
  if (ftpd_record_compose(&j, message, &c->pins, &what) != SFTP_OK) {
    return EINVAL;
  }

  c->ended |= what == RECORD_LOGOUT;
  return ftpd_record_file_append(c->file, (struct sftp_str) {
    (unsigned char *) text, j.len });
}

static void on_client(struct client *c) {
  unsigned char bytes[RECORD_MESSAGE_MAX];
  struct record_file *f = c->file;
  int32_t answer;
  ssize_t n;

  n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }

  if (n <= 0) {
    if (c->pins.set != 0 && !c->ended) {
      tell_lost(c);
    }

    drop_client(c);

  } else {
    answer = record_message(c, bytes, (size_t) n);
    if (c->hello.answers != 0) {
      (void) send(c->fd, &answer, sizeof(answer), MSG_DONTWAIT|MSG_NOSIGNAL);
    }
  }

  ftpd_record_file_sign(f, false);
}

/* ---- Handing over */

static void sign_files(bool all) {
  unsigned int i;

  for (i = 0; i < state.nfiles; i++) {
    ftpd_record_file_sign(state.files[i], all);
  }
}

static int hand_over(int to) {
  struct record_handed h;
  struct client *c;
  unsigned int i;

  memset(&h, 0, sizeof(h));
  for (i = 0; i < state.nfiles; i++) {
    sstrncpy(h.hello.path, state.files[i]->path, sizeof(h.hello.path));
    h.head = state.files[i]->head;
    if (send_with(to, &h, sizeof(h), -1) < 0) {
      return -1;
    }
  }

  h.is_client = 1;
  while (state.clients != NULL) {
    c = state.clients;
    h.hello = c->hello;
    h.pins = c->pins;
    h.ended = c->ended ? 1 : 0;
    if (send_with(to, &h, sizeof(h), c->fd) < 0) {
      return -1;
    }

    drop_client(c);
  }

  return 0;
}

/* A file that is not configured any more is written on for its sessions. */
static void take_file(const struct record_handed *h) {
  struct record_file *f = find_file(h->hello.path);

  if (f == NULL) {
    f = ftpd_record_file_new(state.pool, h->hello.path);
    add_file(f);
  }

  f->head = h->head;
}

static void take_client(const struct record_handed *h, int fd) {
  struct client *c = add_client(fd, &h->hello);

  if (c != NULL) {
    c->pins = h->pins;
    c->ended = h->ended != 0;
  }
}

static void take_over(int from) {
  struct record_handed h;
  struct pollfd pfd = { from, POLLIN, 0 };
  ssize_t n = 1;
  int fd;

  while (n > 0 && poll(&pfd, 1, PATIENCE_MS) > 0) {
    n = receive(from, &h, sizeof(h), &fd);
    if (n == (ssize_t) sizeof(h) && h.is_client == 0) {
      take_file(&h);

    } else if (n == (ssize_t) sizeof(h) && fd >= 0) {
      take_client(&h, fd);
      fd = -1;

    } else if (n == (ssize_t) sizeof(h) && fd == FD_LOST) {
      tell_unserved(&h.hello);
    }

    if (fd >= 0) {
      (void) close(fd);
    }
  }

  (void) close(from);
}

/* ---- The daemon and new sessions */

static void on_control(void) {
  char byte;
  int fd;

  if (receive(state.is->control, &byte, 1, &fd) <= 0) {
    state.watched = false;
    (void) epoll_ctl(state.epoll, EPOLL_CTL_DEL, state.is->control, NULL);
    return;
  }

  if (fd >= 0) {
    sign_files(true);
    /* The next one did not wait: both serve what they have. */
    state.over = hand_over(fd) == 0;
    (void) close(fd);
  }
}

static void on_door(void) {
  struct record_hello hello;
  ssize_t n;
  int fd;

  n = receive(state.is->door, &hello, sizeof(hello), &fd);
  if (n <= 0) {
    state.open = false;
    (void) epoll_ctl(state.epoll, EPOLL_CTL_DEL, state.is->door, NULL);

  } else if (n == (ssize_t) sizeof(hello) && fd >= 0) {
    (void) add_client(fd, &hello);

  } else if (n == (ssize_t) sizeof(hello) && fd == FD_LOST) {
    tell_unserved(&hello);

  } else if (fd >= 0) {
    (void) close(fd);
  }
}

/* ---- The process */

static void give_up(uid_t uid, gid_t gid) {
  static const struct rlimit none = { 0, 0 };
  struct ftpd_filter *filter = pcalloc(state.pool, sizeof(*filter));
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < FDS_WANTED) {
    limit.rlim_cur = limit.rlim_max = FDS_WANTED;
    (void) setrlimit(RLIMIT_NOFILE, &limit);    /* root may */
  }

  (void) setrlimit(RLIMIT_CORE, &none);
  if (getuid() == PR_ROOT_UID && (setgroups(0, NULL) < 0 ||
      setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION ": SFTPTransferRecord: the "
      "recorder keeps root's rights: %s", strerror(errno));
  }

  (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  (void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (ftpd_filter_build(filter, 0, getpid()) == 0) {
    (void) ftpd_filter_install(filter);
  }
}

/* The daemon's listeners, its control socket and others are not ours; what goes
 * to syslog is a datagram.
 */
static void close_sockets(const struct recorder *r) {
  struct rlimit limit;
  rlim_t fd;

  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
    return;
  }

  for (fd = 0; fd < limit.rlim_cur && fd < FDS_MAX; fd++) {
    int is = (int) fd, type = SOCK_DGRAM;
    socklen_t len = sizeof(type);

    if (is != r->door && is != r->control && is != r->before &&
        getsockopt(is, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
        type != SOCK_DGRAM) {
      (void) close(is);
    }
  }

  /* Each session has one. */
  limit.rlim_cur = limit.rlim_max;
  (void) setrlimit(RLIMIT_NOFILE, &limit);
}

static void ignore_signals(void) {
  static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE,
    SIGALRM, SIGUSR1, SIGUSR2, SIGCHLD, SIGXFSZ };
  sigset_t none;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(signals); i++) {
    (void) signal(signals[i], SIG_IGN);
  }

  sigemptyset(&none);
  (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

static void open_files(void) {
  server_rec *s;
  unsigned int i;

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    configure_file(s);
  }

  if (state.is->before >= 0) {
    take_over(state.is->before);
  }

  for (i = 0; i < state.nfiles; i++) {
    borrow_key(state.files[i]);
  }

  /* Again: loading keys may have given them up. */
  PRIVS_ROOT
  for (i = 0; i < state.nfiles; i++) {
    ftpd_record_file_open(state.files[i]);
  }
}

static int due_ms(void) {
  int ms = -1, due;
  unsigned int i;

  for (i = 0; i < state.nfiles; i++) {
    due = ftpd_record_file_due_ms(state.files[i]);
    ms = due >= 0 && (ms < 0 || due < ms) ? due : ms;
  }

  return ms;
}

static void serve_events(const struct epoll_event *events, int n) {
  int i;

  for (i = 0; i < n && !state.over; i++) {
    if (events[i].data.ptr == &state.is->control) {
      on_control();

    } else if (events[i].data.ptr == &state.is->door) {
      on_door();

    } else {
      on_client(events[i].data.ptr);
    }
  }
}

static bool is_needed(void) {
  return !state.over && (state.watched || state.open || state.clients != NULL);
}

void ftpd_recorder_run(const struct recorder *r, uid_t uid, gid_t gid) {
  struct epoll_event events[EVENTS];
  int n;

  ignore_signals();
  close_sockets(r);
  state.is = r;
  state.pool = make_sub_pool(permanent_pool);
  pr_pool_tag(state.pool, "SFTPTransferRecord");
  state.epoll = epoll_create1(EPOLL_CLOEXEC);
  state.watched = watch(r->control, (void *) (uintptr_t) &r->control) == 0;
  state.open = watch(r->door, (void *) (uintptr_t) &r->door) == 0;
  open_files();
  give_up(uid, gid);

  while (is_needed()) {
    n = epoll_wait(state.epoll, events, EVENTS, due_ms());
    serve_events(events, n);
    sign_files(false);
  }

  if (!state.over) {
    sign_files(true);
  }
}
