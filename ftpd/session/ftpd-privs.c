/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-privs.c -- privileges of a session beyond its user's own rights.
 *
 * If an owner directive or RootRevoke requires it, the daemon keeps root, or
 * mod_cap some capabilities, for every request.  This module ends that after
 * the login: the capability that UserOwner and GroupOwner need stays permitted,
 * and becomes effective only for their call.
 */

#include "ftpd-privs.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CHOWN (1U << CAP_CHOWN)

static uint32_t kept;           /* of the first 32 capabilities: permitted */

static int set_caps(uint32_t permitted, uint32_t effective) {
  struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

  memset(data, 0, sizeof(data));
  data[0].permitted = permitted;
  data[0].effective = effective;
  return (int) syscall(SYS_capset, &head, data);
}

/* The first 32, which include all that are relevant here; 0 on failure. */
static uint32_t permitted_caps(void) {
  struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

  memset(data, 0, sizeof(data));
  return syscall(SYS_capget, &head, data) == 0 ? data[0].permitted : 0;
}

static bool says_off(const char *name) {
  config_rec *c = find_config(main_server->conf, CONF_PARAM, name, FALSE);

  return c != NULL && *((int *) c->argv[0]) == FALSE;
}

static bool names_owners(void) {
  return find_config(main_server->conf, CONF_PARAM, "UserOwner", TRUE) != NULL
    || find_config(main_server->conf, CONF_PARAM, "GroupOwner", TRUE) != NULL;
}

bool ftpd_privs_rootless(void) {
  uid_t real, effective, saved;

  return getresuid(&real, &effective, &saved) == 0 && real != PR_ROOT_UID &&
    effective != PR_ROOT_UID && saved != PR_ROOT_UID;
}

bool ftpd_privs_keep_root(void) {
  if (find_config(main_server->conf, CONF_PARAM, "RootRevoke", FALSE) != NULL) {
    return says_off("RootRevoke");
  }

  /* Giving files to another owner requires root. */
  return find_config(main_server->conf, CONF_PARAM, "UserOwner", TRUE) != NULL;
}

/* Only an administrator who turns off both RootRevoke and mod_cap wants other
 * modules to have all of root: they raise it by PRIVS_ROOT.
 */
static bool root_stays(void) {
  return getuid() == PR_ROOT_UID && !session.disable_id_switching &&
    says_off("RootRevoke");
}

void ftpd_privs_settle(void) {
  uid_t uid = geteuid();
  int res;

  if (uid == PR_ROOT_UID || root_stays()) {
    return;
  }

  kept = names_owners() ? permitted_caps() & CHOWN : 0;
  pr_signals_block();
  (void) prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  res = setresuid(uid, uid, uid);
  if (res == 0) {
    res = set_caps(kept, 0);
  }

  (void) prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  session.disable_id_switching = TRUE;
  pr_signals_unblock();

  if (res < 0) {
    sftp_log("unable to drop privileges after the login: %s", strerror(errno));
    pr_session_disconnect(&sftp_module, PR_SESS_DISCONNECT_BY_APPLICATION,
      "privileges could not be dropped");
  }
}

bool ftpd_privs_keep_chown(void) {
  return kept != 0;
}

bool ftpd_privs_files_only(void) {
  static const uint32_t files = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE |
    1U << CAP_DAC_READ_SEARCH | 1U << CAP_FOWNER | 1U << CAP_FSETID |
    1U << CAP_SYS_RESOURCE;     /* the reserve of a full disk */
  uint32_t caps = permitted_caps() & files;

  if (geteuid() != PR_ROOT_UID || says_off("RootRevoke") ||
      set_caps(caps, caps) < 0) {
    return false;
  }

  session.disable_id_switching = TRUE;
  return true;
}

void ftpd_privs_chown_begin(void) {
  PRIVS_ROOT
  if (kept != 0) {
    (void) set_caps(kept, kept);
  }
}

void ftpd_privs_chown_end(void) {
  int xerrno = errno;

  if (kept != 0) {
    (void) set_caps(kept, 0);
  }

  PRIVS_RELINQUISH
  errno = xerrno;
}
