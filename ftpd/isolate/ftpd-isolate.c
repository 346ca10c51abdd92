/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-isolate.c -- SFTPIsolation, and the program sftp-cell, which stands
 * beside this module.
 */

#include "ftpd-conf.h"
#include "ftpd-isolate-int.h"
#include "ftpd-log.h"
#include "ftpd-run.h"

#include "crypto.h"

#include <fcntl.h>
#include <sys/wait.h>

/* The host's list of virtual hosts (none of its headers declares it). */
extern xaset_t *server_list;

/* An account of nobody else, which packages make. */
#define OWN_ACCOUNT "_sftp-cell"
/* Without it, where the daemon's User is root. */
#define NOBODY 65534

static struct {
  const char *program;          /* path, until the next reload; or NULL */
  uid_t own_uid;                /* root: there is no such account */
  gid_t own_gid;
} state;

bool ftpd_isolate_wanted(server_rec *s) {
  const int *value = get_param_ptr(s->conf, "SFTPIsolation", FALSE);

  return value == NULL || *value == TRUE;
}

bool ftpd_isolate_wanted_anywhere(void) {
  server_rec *s;

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    if (ftpd_conf_engine(s) && ftpd_isolate_wanted(s)) {
      return true;
    }
  }

  return false;
}

/* ---- The program */

/* A stream from the first byte on cannot be handed over. */
static void tell_compression(server_rec *s) {
  const int *value = get_param_ptr(s->conf, "SFTPCompression", FALSE);

  if (ftpd_conf_engine(s) && ftpd_isolate_wanted(s) && value != NULL &&
      *value == COMPRESS_ON) {
    ftpd_log_server(s, PR_LOG_NOTICE, "SFTPCompression on: compression begins "
      "after the login (zlib@openssh.com), unless SFTPIsolation is off");
  }
}

/* Who the program becomes: an account of its own, or the daemon's User, as whom
 * sessions wait as well.
 */
static void choose_ids(uid_t *uid, gid_t *gid) {
  if (state.own_uid != PR_ROOT_UID && state.own_gid != PR_ROOT_GID &&
      getuid() == PR_ROOT_UID) {
    *uid = state.own_uid;
    *gid = state.own_gid;

  } else {
    *uid = geteuid() != PR_ROOT_UID ? geteuid() : NOBODY;
    *gid = getegid() != PR_ROOT_GID ? getegid() : NOBODY;
  }
}

/* In the file itself: a directory service that does not answer must not delay
 * the start.
 */
static void find_account(void) {
  FILE *file = fopen("/etc/passwd", "re");
  const struct passwd *pw = NULL;

  while (file != NULL && (pw = fgetpwent(file)) != NULL &&
      strcmp(pw->pw_name, OWN_ACCOUNT) != 0) {
    ;
  }

  state.own_uid = pw != NULL ? pw->pw_uid : PR_ROOT_UID;
  state.own_gid = pw != NULL ? pw->pw_gid : PR_ROOT_GID;
  if (file != NULL) {
    (void) fclose(file);
  }
}

void ftpd_isolate_tell_account(void) {
  if (state.own_uid == PR_ROOT_UID && getuid() == PR_ROOT_UID) {
    pr_log_pri(PR_LOG_NOTICE, MOD_SFTP_VERSION ": isolated logins run with the "
      "ids of the daemon's User: there is no account '" OWN_ACCOUNT "'");
  }
}

const char *ftpd_isolate_check(pool *p) {
  server_rec *s;
  int res;

  if (!ftpd_isolate_wanted_anywhere()) {
    return NULL;
  }

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    tell_compression(s);
  }

  state.program = ftpd_run_beside(p, "sftp-cell");
  if (state.program == NULL) {
    return "SFTPIsolation: unable to find this module's own directory";
  }

  find_account();
  PRIVS_ROOT
  res = access(state.program, X_OK);
  PRIVS_RELINQUISH
  return res == 0 ? NULL : pstrcat(p, "SFTPIsolation: unable to run '",
    state.program, "': ", strerror(errno), " (install it there, or set "
    "`SFTPIsolation off')", NULL);
}

/* The program's environment: libcrypto's, and what tests need. */
static char **environment(char **to, size_t n) {
  static const char *const names[] = { "OPENSSL_CONF=", "OPENSSL_MODULES=",
    "LD_PRELOAD=", "LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=",
    "LSAN_OPTIONS=" };
  size_t i, used = 0;
  char **e;

  for (e = environ; *e != NULL && used + 1 < n; e++) {
    for (i = 0; i < SFTP_NELEMS(names); i++) {
      if (strncmp(*e, names[i], strlen(names[i])) == 0 && used + 1 < n) {
        to[used++] = *e;
      }
    }
  }

  to[used] = NULL;
  return to;
}

static void close_from(int fd) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, (unsigned int) fd, ~0U, 0) == 0) {
    return;
  }
#endif

  for (; fd < 1024; fd++) {
    (void) close(fd);
  }
}

/* In the new process: descriptors from 3 on, no others, no signals blocked. */
static void exec_program(char *const *argv, char *const *envp,
    const int *fds, size_t nfds) {
  int aside[CELL_NFDS], null = open("/dev/null", O_RDWR);
  sigset_t none;
  size_t i;

  for (i = 0; i < nfds; i++) {
    aside[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 16);
  }

  for (i = 0; i < 3; i++) {
    (void) dup2(null, (int) i);
  }

  for (i = 0; i < nfds; i++) {
    (void) dup2(aside[i], 3 + (int) i);
  }

  close_from(3 + (int) nfds);

  sigemptyset(&none);
  (void) sigprocmask(SIG_SETMASK, &none, NULL);
  (void) execve(argv[0], argv, envp);
  _exit(127);
}

/* Whether clients can be offered what libcrypto has in its legacy provider:
 * that is loaded when a directive names it, except that the algorithms of
 * profiles and of SFTPClientMatch are chosen in sessions.
 */
static bool wants_legacy(void) {
  server_rec *s;

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    if (find_config(s->conf, CONF_PARAM, "SFTPAlgorithmProfile", FALSE) ||
        find_config(s->conf, CONF_PARAM, "SFTPClientMatch", FALSE)) {
      return true;
    }
  }

  return sftp_crypto_has_legacy();
}

/* Providers of libcrypto that the program loads. */
static void name_providers(char **argv) {
  if (sftp_crypto_fips()) {
    *argv++ = (char *) (uintptr_t) "fips";
  }

  if (wants_legacy()) {
    *argv++ = (char *) (uintptr_t) "legacy";
  }

  *argv = NULL;
}

const char *ftpd_isolate_program(void) {
  return state.program != NULL ? state.program : "sftp-cell";
}

int ftpd_isolate_run(const char *how, const int *fds, size_t nfds) {
  char uid_text[24], gid_text[24], *vars[16], **envp;
  char *argv[7] = { (char *) (uintptr_t) state.program,
    (char *) (uintptr_t) how, uid_text, gid_text };
  int xerrno;
  uid_t uid;
  gid_t gid;
  pid_t pid;

  if (state.program == NULL) {
    errno = ENOENT;
    return -1;
  }

  name_providers(argv + 4);
  choose_ids(&uid, &gid);
  snprintf(uid_text, sizeof(uid_text), "%lu", (unsigned long) uid);
  snprintf(gid_text, sizeof(gid_text), "%lu", (unsigned long) gid);
  envp = environment(vars, SFTP_NELEMS(vars));

  pr_signals_block();
  PRIVS_ROOT
  pid = fork();
  if (pid == 0) {
    if (fork() == 0) {
      exec_program(argv, envp, fds, nfds);
    }

    _exit(0);
  }

  xerrno = errno;
  PRIVS_RELINQUISH
  while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    ;
  }

  pr_signals_unblock();
  errno = xerrno;
  return pid > 0 ? 0 : -1;
}

int ftpd_isolate_high(int fd) {
  int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);

  (void) close(fd);
  return high;
}
