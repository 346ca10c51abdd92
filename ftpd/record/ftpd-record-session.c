/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-session.c -- the socket from a session to the recorder. */

#include "ftpd-filter.h"
#include "ftpd-record-open.h"
#include "ftpd-record-pass.h"
#include "ftpd-record-start.h"
#include "ftpd-record.h"
#include "ftpd-recorder.h"

#include "ftpd-lines.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

/* How long a session waits for the recorder, once: after that it does not wait
 * until something was written again.  If the recorder was killed, the daemon
 * starts the next one sooner.
 */
#define PATIENCE_MS 8000

/* Requests that fail or are refused: so many records at once, and one more each
 * time that this has passed.
 */
#define SPARE_RECORDS 200
#define SPARE_MS 100

static struct {
  const struct record_conf *conf;       /* NULL: nothing is recorded */
  int fd;
  int error;                    /* of the last record; 0: it was taken */
  uint64_t seq;                 /* of the last record */
  uint64_t unsent;              /* records since the last that was sent */
  bool begun, logged_in, refused;
  unsigned int spare;           /* records that there is room for ... */
  uint64_t spare_ms;            /* ... at that time */
  uint64_t left_out;            /* since the last record */
} state = { NULL, -1, 0, 0, 0, false, false, false, SPARE_RECORDS, 0, 0 };

bool ftpd_record_on(void) {
  return state.conf != NULL;
}

bool ftpd_record_logged_in(void) {
  return state.logged_in;
}

void ftpd_record_login_told(bool ok) {
  state.logged_in = ok;
  state.refused = !ok;
}

/* ---- Sending */

static void set_error(int err) {
  if (err != 0 && state.error == 0) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": SFTPTransferRecord: this "
      "session is not recorded: %s", strerror(err));
  }

  state.error = err;
}

static bool wait_for(short what) {
  struct pollfd pfd = { state.fd, what, 0 };
  uint64_t until = ftpd_now_ms() + (state.error != ETIMEDOUT ? PATIENCE_MS
    : 0);
  int res;

  do {
    uint64_t now = ftpd_now_ms();

    res = poll(&pfd, 1, now < until ? (int) (until - now) : 0);
  } while (res < 0 && errno == EINTR);

  errno = res == 0 ? ETIMEDOUT : errno;
  return res > 0;
}

static int send_message(const void *bytes, size_t len) {
  ssize_t n;

  for (;;) {
    n = send(state.fd, bytes, len, MSG_NOSIGNAL|MSG_DONTWAIT);
    if (n >= 0) {
      return 0;
    }

    if (errno != EINTR && (errno != EAGAIN || !wait_for(POLLOUT))) {
      return errno;
    }
  }
}

/* Answers to earlier messages, that came too late, are skipped. */
static void skip_answers(void) {
  int32_t answer;

  while (recv(state.fd, &answer, sizeof(answer), MSG_DONTWAIT) > 0) {
    ;
  }
}

static int read_answer(void) {
  int32_t answer = EIO;
  ssize_t n;

  for (;;) {
    n = recv(state.fd, &answer, sizeof(answer), MSG_DONTWAIT);
    if (n == (ssize_t) sizeof(answer)) {
      return answer;
    }

    if (n >= 0) {
      return EPIPE;
    }

    if (errno != EINTR && (errno != EAGAIN || !wait_for(POLLIN))) {
      return errno;
    }
  }
}

static void ask(const void *bytes, size_t len) {
  int err;

  if (state.conf->stops && state.fd >= 0) {
    skip_answers();
  }

  err = state.fd >= 0 ? send_message(bytes, len) : EPIPE;
  state.unsent = err == 0 ? 0 : state.unsent + 1;
  state.left_out = err == 0 && len > 1 ? 0 : state.left_out;
  if (err == 0 && state.conf->stops) {
    err = read_answer();
  }

  set_error(err);
}

static bool has_room(void) {
  uint64_t now = ftpd_now_ms(), more = (now - state.spare_ms) / SPARE_MS;

  if (more > 0) {
    state.spare = more > SPARE_RECORDS - state.spare ? SPARE_RECORDS :
      state.spare + (unsigned int) more;
    state.spare_ms = now;
  }

  if (state.spare == 0) {
    return false;
  }

  state.spare--;
  return true;
}

void ftpd_record_send(struct record_event *e) {
  struct sftp_str message;

  if (state.conf == NULL) {
    return;
  }

  if (e->spare && !has_room()) {
    state.left_out++;
    return;
  }

  ftpd_record_number(e, RECORD_SEQ, ++state.seq);
  if (state.left_out > 0) {
    ftpd_record_number(e, RECORD_LEFT_OUT, state.left_out);
  }

  if (state.unsent > 0) {
    ftpd_record_number(e, RECORD_UNSENT, state.unsent);
  }

  message = sftp_wr_get(&e->message);
  if (sftp_wr_end(&e->message) != SFTP_OK) {
    set_error(EMSGSIZE);

  } else {
    ask(message.ptr, message.len);
  }
}

int ftpd_record_may(struct ftpd_op *op) {
  static const unsigned char probe = RECORD_NWHATS;
  uint64_t unsent;

  if (state.conf == NULL || !state.conf->stops || state.error == 0) {
    return 0;
  }

  unsent = state.unsent;
  ask(&probe, 1);
  state.unsent = unsent;        /* it is no record */
  if (state.error == 0) {
    return 0;
  }

  ftpd_refuse(op, "SFTPTransferRecord cannot be written");
  errno = EIO;
  return -1;
}

/* ---- The beginning and the end */

/* FTP may log in by other commands than PASS, which have no record. */
static bool is_turned_away(void) {
  return !state.logged_in && (ftpd_current() != NULL ?
    ftpd_current()->logged_in : session.disconnect_reason ==
    PR_SESS_DISCONNECT_CONFIG_ACL);
}

static void on_exit_session(const void *data, void *user_data) {
  struct record_event e;
  const char *why = NULL;

  (void) data;
  (void) user_data;
  if (!state.begun || session.user == NULL || state.refused) {
    return;
  }

  state.begun = false;
  (void) pr_session_get_disconnect_reason(&why);
  if (is_turned_away()) {
    ftpd_record_turned_away(why);
    return;
  }

  ftpd_record_begin(&e, RECORD_LOGOUT);
  ftpd_record_text(&e, RECORD_END, "ok");
  ftpd_record_text(&e, RECORD_WHY, why);
  ftpd_record_send(&e);
}

static void introduce(struct record_hello *hello) {
  struct timeval now;

  memset(hello, 0, sizeof(*hello));
  (void) gettimeofday(&now, NULL);
  sstrncpy(hello->path, state.conf->path, sizeof(hello->path));
  snprintf(hello->session, sizeof(hello->session), "%ld.%llx",
    (long) getpid(), (unsigned long long) now.tv_sec * 1000000 +
    (unsigned long long) now.tv_usec);
  sstrncpy(hello->from, pr_netaddr_get_ipstr(session.c->remote_addr),
    sizeof(hello->from));
  hello->port = (unsigned int) session.c->remote_port;
  snprintf(hello->server, sizeof(hello->server), "%s:%d",
    pr_netaddr_get_ipstr(session.c->local_addr), session.c->local_port);
  hello->answers = state.conf->stops ? 1 : 0;
}

static int connect_recorder(void) {
  struct record_hello hello;
  int door = ftpd_record_door(), pair[2], fds[RECORD_FDS], res;
  struct pollfd pfd = { door, POLLOUT, 0 };

  if (door < 0) {
    errno = ENOENT;
    return -1;
  }

  if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, pair) < 0) {
    return -1;
  }

  introduce(&hello);
  fds[0] = pair[1];
  fds[1] = ftpd_record_open_new();
  (void) poll(&pfd, 1, PATIENCE_MS);
  res = ftpd_record_pass(door, &hello, sizeof(hello), fds, MSG_DONTWAIT);
  ftpd_record_close(fds);
  state.fd = res == 0 ? fcntl(pair[0], F_DUPFD_CLOEXEC, 3) : -1;
  (void) close(pair[0]);
  return state.fd < 0 ? -1 : 0;
}

void ftpd_record_enter(void) {
  state.conf = ftpd_record_conf(main_server);
  if (state.conf != NULL) {
    state.begun = true;
    if (connect_recorder() < 0) {
      set_error(errno);
    }

    (void) pr_event_register(&sftp_module, "core.exit", on_exit_session,
      NULL);
  }

  ftpd_record_leave();
}
