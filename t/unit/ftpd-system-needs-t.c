/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-system-needs-t.c -- which services of PAM run programs at the end of a
 * session, and which look-ups of users connect.
 */

#include "daemon.h"
#include "ftpd-system-needs.h"
#include "tap.h"

#include <fcntl.h>

static char dir[] = "/tmp/needs-t-XXXXXX";

static const char *path_of(const char *name) {
  static char path[128];

  (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
  return path;
}

static void put(const char *name, const char *text) {
  int fd = open(path_of(name), O_CREAT|O_TRUNC|O_WRONLY, 0600);

  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t) strlen(text)) {
    bail_out("cannot write %s", name);
  }

  (void) close(fd);
}

static bool pam(const char *text) {
  put("service", text);
  return ftpd_pam_runs_programs(dir, "service");
}

static bool nss(const char *text) {
  put("nsswitch.conf", text);
  return ftpd_nss_connects(path_of("nsswitch.conf"));
}

static void test_pam(void) {
  put("runs", "session\toptional pam_exec.so /bin/true\n");
  put("loop", "@include loop\nsession include loop\n");
  ok(!pam(""), "an empty service");
  ok(!pam("auth required pam_exec.so /bin/true\n"), "a program for the login");
  ok(!pam("session required pam_unix.so\n"), "sessions without programs");
  ok(!pam("# session required pam_exec.so x\n"), "a comment");
  ok(!pam("session required pam_unix.so # pam_exec.so\n"), "behind one");
  ok(!pam("session\n-session\n@include\nsession [a=b\n"), "lines cut short");
  ok(!pam("@include missing\n"), "a missing file");
  ok(!pam("@include loop\n"), "a circle ends");
  ok(pam("session required pam_exec.so /bin/true\n"), "a program");
  ok(pam("auth required pam_unix.so\n-session optional pam_script.so"),
    "the same, optional, without an end of the line");
  ok(pam("session [success=1 default=ignore] /lib/security/pam_exec.so x\n"),
    "a control in brackets, a path");
  ok(pam("@include runs\n"), "@include");
  ok(pam("session include runs\n"), "include");
  ok(pam("session substack runs\n"), "substack");
  ok(!pam("auth include runs\nauth required pam_unix.so\n"),
    "included for something else");
  ok(!ftpd_pam_runs_programs(dir, "none"), "no service");
}

static void test_nss(void) {
  ok(!nss("passwd: files systemd sss ldap\ngroup: files winbind\n"),
    "services of this machine");
  ok(!nss("hosts: nis dns\n"), "other databases");
  ok(!nss("passwd:\n#passwd: nis\npasswd: files # nis\n"), "comments");
  ok(nss("group: files\npasswd: files nis\n"), "nis");
  ok(nss("group:\tnis [NOTFOUND=return] files"), "nis first");
  ok(!ftpd_nss_connects(path_of("none")), "no file");
}

int main(void) {
  if (mkdtemp(dir) == NULL) {
    bail_out("no directory");
  }

  test_pam();
  test_nss();
  (void) unlink(path_of("runs"));
  (void) unlink(path_of("loop"));
  (void) unlink(path_of("service"));
  (void) unlink(path_of("nsswitch.conf"));
  (void) rmdir(dir);
  return done_testing();
}
