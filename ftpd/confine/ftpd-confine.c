/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-confine.c -- confines a session after the login: no new privileges, an
 * empty bounding set, a filter of system calls, Landlock, no core dump.  The
 * strongest form that works is applied, and one line in the log tells it.
 */

#include "ftpd-calls.h"
#include "ftpd-conf.h"
#include "ftpd-confine.h"
#include "ftpd-landlock.h"
#include "ftpd-log.h"
#include "ftpd-needs.h"
#include "ftpd-privs.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* The host's list of virtual hosts (none of its headers declares it). */
extern xaset_t *server_list;

/* What has been done, for the line in the log. */
static struct {
  struct ftpd_needs needs;
  struct stat root;             /* before the session entered its own */
  bool begun;
  bool bounded;                 /* the bounding set is empty */
  int unbounded;                /* or errno */
  bool filtered;
  int unfiltered;               /* or errno */
} state;

/* Made at the start, because it is the same for most sessions: but for the
 * process, which has this number until then.
 */
#define NO_PROCESS 0x7ffffff0

static struct {
  struct ftpd_filter filter;
  unsigned int bits;
  bool made;
} ready;

static enum ftpd_sandbox setting(server_rec *s) {
  const int *value = get_param_ptr(s->conf, "SFTPSandbox", FALSE);

  return value != NULL ? (enum ftpd_sandbox) *value : SANDBOX_ON;
}

/* Found at the start, for all sessions. */
struct known {
  struct known *next;
  const server_rec *server;
  struct ftpd_needs needs;
};

static pool *known_pool;
static struct known *all_known;

/* A virtual host that a module has made for a session is not known. */
static void find_needs(pool *p, server_rec *s, struct ftpd_needs *needs) {
  const struct known *k = all_known;

  while (k != NULL && k->server != s) {
    k = k->next;
  }

  memset(needs, 0, sizeof(*needs));
  if (k != NULL) {
    *needs = k->needs;

  } else if (setting(s) == SANDBOX_ON) {
    ftpd_needs_find(p, s, needs);
  }
}

/* ---- At the start */

static const char *describe(pool *p, const struct ftpd_needs *needs) {
  const char *text = "";

  if (needs->programs != NULL) {
    text = pstrcat(p, text, ", programs (", needs->programs, ")", NULL);
  }

  if (needs->sockets != NULL) {
    text = pstrcat(p, text, ", network sockets (", needs->sockets, ")", NULL);
  }

  if (needs->signals != NULL) {
    text = pstrcat(p, text, ", signals (", needs->signals, ")", NULL);
  }

  if ((needs->bits & NEED_ROOT) != 0) {
    text = pstrcat(p, text, ", root's ids (RootRevoke off)", NULL);
  }

  if ((needs->bits & NEED_ROOT_FILES) != 0) {
    text = pstrcat(p, text, ", root's rights to files (root's own login)",
      NULL);
  }

  if ((needs->bits & NEED_CHOWN) != 0) {
    text = pstrcat(p, text, ", CAP_CHOWN (UserOwner, GroupOwner)", NULL);
  }

  return *text != '\0' ? text + 2 : text;
}

static void check_server(server_rec *s) {
  struct known *k = pcalloc(known_pool, sizeof(*k));
  struct ftpd_needs needs;

  if (setting(s) == SANDBOX_OFF) {
    ftpd_log_server(s, PR_LOG_NOTICE, "SFTPSandbox off: sessions are not "
      "confined after the login");
    return;
  }

  find_needs(known_pool, s, &needs);
  k->server = s;
  k->needs = needs;
  k->next = all_known;
  all_known = k;
  if (!ready.made) {
    ready.bits = needs.bits;
    ready.made = ftpd_filter_build(&ready.filter, needs.bits, NO_PROCESS) == 0;
  }

  if (needs.unknown != NULL) {
    ftpd_log_server(s, PR_LOG_NOTICE, "SFTPSandbox does not know %s, and "
      "leaves it programs, network sockets and signals; `SFTPSandbox strict' "
      "does not", needs.unknown);

  } else if ((needs.bits & NEED_PROGRAMS) != 0) {
    ftpd_log_server(s, PR_LOG_NOTICE, "SFTPSandbox: sessions may run "
      "programs, for %s", needs.programs);
  }
}

void ftpd_confine_check(void) {
  server_rec *s;

  if (known_pool != NULL) {
    destroy_pool(known_pool);
  }

  all_known = NULL;
  ready.made = false;
  known_pool = make_sub_pool(permanent_pool);
  pr_pool_tag(known_pool, "SFTPSandbox");
  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    if (ftpd_conf_engine(s)) {
      check_server(s);
    }
  }
}

/* ---- While there is root */

static void empty_bounding_set(void) {
  unsigned long cap = 0;

  while (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0) {
    cap++;
  }

  /* EINVAL: the kernel knows no more of them. */
  state.unbounded = errno;
  state.bounded = cap > 0 && errno == EINVAL;
}

static void install_filter(void) {
  struct ftpd_filter *f = &ready.filter;
  int res = 0;

  if (ready.made && ready.bits == (state.needs.bits & NEEDS_OF_CALLS)) {
    ftpd_filter_adopt(f, NO_PROCESS, getpid());

  } else {
    res = ftpd_filter_build(f, state.needs.bits, getpid());
  }

  state.filtered = res == 0 && ftpd_filter_install(f) == 0;
  state.unfiltered = state.filtered ? 0 : errno;
}

void ftpd_confine_begin(void) {
  if (setting(main_server) == SANDBOX_OFF) {
    return;
  }

  find_needs(session.pool, main_server, &state.needs);
  state.begun = true;
  if (stat("/", &state.root) < 0) {
    memset(&state.root, 0, sizeof(state.root));
  }

  PRIVS_ROOT
  if ((state.needs.bits & NEED_PROGRAMS) != 0) {
    /* Programs may be set-id ones, so no_new_privs is out of the question: only
     * root can filter without it.
     */
    install_filter();

  } else {
    empty_bounding_set();
  }
  PRIVS_RELINQUISH
}

/* ---- After the login */

static bool has_own_root(void) {
  struct stat st;

  return stat("/", &st) == 0 && state.root.st_ino != 0 &&
    (st.st_dev != state.root.st_dev || st.st_ino != state.root.st_ino);
}

/* Beyond the filter, which cannot look into addresses. */
static unsigned int landlock_wants(void) {
  unsigned int needs = state.needs.bits;

  return (has_own_root() ? LANDLOCK_FILES : 0) |
    ((needs & NEED_SOCKETS) == 0 ? LANDLOCK_TCP|LANDLOCK_ABSTRACT : 0) |
    ((needs & NEED_SIGNALS) == 0 ? LANDLOCK_SIGNALS : 0);
}

static const char *add(pool *p, const char *text, const char *more) {
  return *text == '\0' ? more : pstrcat(p, text, ", ", more, NULL);
}

static const char *add_trouble(pool *p, const char *text, const char *what,
    int xerrno) {
  return add(p, text, pstrcat(p, what, " (", strerror(xerrno), ")", NULL));
}

static void log_result(pool *p, bool no_new_privs, unsigned int landlock,
    const char *missing) {
  const char *text = "";

  if (no_new_privs) {
    text = add(p, text, "no new privileges");
  }

  if (state.bounded) {
    text = add(p, text, "no capabilities to gain");
  }

  if (state.filtered) {
    text = add(p, text, "filtered system calls");
  }

  if ((landlock & LANDLOCK_FILES) != 0) {
    text = add(p, text, "files below its root");
  }

  if ((landlock & LANDLOCK_TCP) != 0) {
    text = add(p, text, "no TCP");
  }

  text = add(p, text, "no core dump");
  if (state.needs.bits != 0) {
    text = pstrcat(p, text, "; open: ", describe(p, &state.needs), NULL);
  }

  if (*missing != '\0') {
    text = pstrcat(p, text, "; this system refuses: ", missing, NULL);
  }

  sftp_log("session confined: %s", text);
}

static void no_core_dump(void) {
  static const struct rlimit none = { 0, 0 };

  (void) setrlimit(RLIMIT_CORE, &none);
  (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Without programs, which inherit all of this. */
static unsigned int shut(pool *p, bool *no_new_privs, const char **missing) {
  unsigned int wanted = landlock_wants(), landlock = 0;

  (void) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  *no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  if (!*no_new_privs) {
    *missing = add_trouble(p, *missing, "no_new_privs", errno);
  }

  if (!state.bounded) {
    *missing = add_trouble(p, *missing, "an empty bounding set",
      state.unbounded);
  }

  if (wanted != 0) {
    landlock = ftpd_landlock(wanted);
    if (landlock == 0) {
      *missing = add_trouble(p, *missing, "Landlock", errno);
    }
  }

  install_filter();
  return landlock;
}

void ftpd_confine(void) {
  const char *missing = "";
  bool no_new_privs = false;
  unsigned int landlock = 0;
  pool *p;

  if (!state.begun) {
    sftp_log("session not confined: %s", setting(main_server) == SANDBOX_OFF ?
      "SFTPSandbox off" : "another module has made the login");
    return;
  }

  p = make_sub_pool(session.pool);
  if (ftpd_privs_files_only()) {
    state.needs.bits |= NEED_ROOT_FILES;

  } else if (!session.disable_id_switching) {
    state.needs.bits |= NEED_ROOT;
  }

  if (ftpd_privs_keep_chown()) {
    state.needs.bits |= NEED_CHOWN;
  }

  no_core_dump();
  if ((state.needs.bits & NEED_PROGRAMS) == 0) {
    landlock = shut(p, &no_new_privs, &missing);
  }

  if (!state.filtered) {
    missing = add_trouble(p, missing, "a filter of system calls",
      state.unfiltered);
  }

  log_result(p, no_new_privs, landlock, missing);
  destroy_pool(p);
}
