/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mod_intruder.c -- an attacker who runs code inside a session after the login,
 * for t/integration/confined.t.
 *
 * A request to make a directory `attack' starts all attacks; the file `result'
 * in the root of the session gets a line for each: its name and errno, 0 if it
 * has succeeded.  `attack-PID' also attacks that process.
 */

#include "mod_sftp.h"

#include <linux/capability.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

module intruder_module;

/* Descriptors that a careless module has left open. */
static int outside = -1, program = -1, inet = -1;

static FILE *out;

static void tell(const char *name, long res) {
  fprintf(out, "%s %d\n", name, res < 0 ? errno : 0);
}

#define TRY(name, call) errno = 0; tell(name, (long) (call))
#define TRY_NR(name, nr, ...) TRY(name, syscall(nr, __VA_ARGS__))

/* ---- Identity and files */

static long raise_capabilities(void) {
  struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct data[2] = { { 3, 3, 0 }, { 0, 0, 0 } };

  return syscall(SYS_capset, &head, data);
}

static void on_identity(void) {
  gid_t root = 0;

  TRY("setuid", setuid(0));
  TRY("setresuid", setresuid(0, 0, 0));
  TRY("setresgid", setresgid(0, 0, 0));
  TRY("setgroups", syscall(SYS_setgroups, 1, &root));
  TRY("capset", raise_capabilities());
  TRY("chown", chown("/secret", getuid(), getgid()));
}

/* The old way out of a root: another one below, and then up. */
static long leave_root(void) {
  int fd = open("/", O_RDONLY|O_DIRECTORY), i;

  (void) mkdir("/sub", 0700);
  if (chroot("/sub") < 0 || fchdir(fd) < 0) {
    return -1;
  }

  for (i = 0; i < 20; i++) {
    (void) chdir("..");
  }

  return chroot(".");
}

static void on_files(void) {
  TRY("chroot", leave_root());
  TRY("outside", openat(outside, "hostname", O_RDONLY));
  TRY("list outside", openat(outside, ".", O_RDONLY|O_DIRECTORY));
  TRY("up", openat(outside, "../tmp", O_RDONLY|O_DIRECTORY));
  TRY("mount", mount("none", "/sub", "tmpfs", 0, NULL));
  TRY("umount", umount2("/", MNT_DETACH));
  TRY("pivot_root", syscall(SYS_pivot_root, ".", "."));
  TRY("open_by_handle_at", syscall(SYS_open_by_handle_at, outside, NULL, 0));
  TRY("own file", open("/mine", O_RDWR|O_CREAT, 0600));
}

/* ---- Programs and processes */

static long start_child(void) {
  pid_t pid = fork();

  if (pid == 0) {
    _exit(0);
  }

  return pid < 0 ? -1 : waitpid(pid, NULL, 0);
}

static void on_processes(pid_t other) {
  char byte;
  struct iovec here = { &byte, 1 }, there = { &byte, 1 };
  struct rlimit limit = { 0, 0 };
  char *argv[] = { (char *) "true", NULL };

  TRY("fork", start_child());
  TRY("execve", execve("/bin/true", argv, argv));
  TRY("fexecve", fexecve(program, argv, argv));
  TRY("ptrace the daemon", ptrace(PTRACE_ATTACH, getppid(), 0, 0));
  TRY("read the daemon", process_vm_readv(getppid(), &here, 1, &there, 1, 0));
  TRY("kill the daemon", kill(getppid(), SIGHUP));
  TRY("kill itself with 0", kill(getpid(), 0));
  if (other > 0) {
    TRY("kill another", kill(other, SIGKILL));
    TRY("kill the group", kill(0, SIGURG));
    TRY("kill all", kill(-1, SIGURG));
    TRY("pidfd another", syscall(SYS_pidfd_open, other, 0));
    TRY("ptrace another", ptrace(PTRACE_ATTACH, other, 0, 0));
    TRY("read another", process_vm_readv(other, &here, 1, &there, 1, 0));
    TRY("limit another", prlimit(other, RLIMIT_NOFILE, &limit, NULL));
  }
}

/* ---- The network and the kernel */

static void on_network(void) {
  struct linger linger = { 1, 60 };
  struct sockaddr_in to;

  memset(&to, 0, sizeof(to));
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons((uint16_t) main_server->ServerPort);

  TRY("socket AF_UNIX", socket(AF_UNIX, SOCK_STREAM, 0));
  TRY("socket AF_INET", socket(AF_INET, SOCK_STREAM, 0));
  TRY("socket AF_INET6", socket(AF_INET6, SOCK_DGRAM, 0));
  TRY("socket AF_NETLINK", socket(AF_NETLINK, SOCK_RAW, 0));
  TRY("socket AF_PACKET", socket(AF_PACKET, SOCK_RAW, 0));
  TRY("listen", listen(inet, 1));
  TRY("linger", setsockopt(inet, SOL_SOCKET, SO_LINGER, &linger,
    sizeof(linger)));
  TRY("connect an old socket", connect(inet, (struct sockaddr *) &to,
    sizeof(to)));
}

static void on_kernel(void) {
  struct timespec ts = { 0, 0 };

  TRY("unshare", unshare(CLONE_NEWUSER));
  TRY("setns", setns(outside, 0));
  TRY_NR("keyctl", SYS_keyctl, KEYCTL_GET_KEYRING_ID, -3, 0);
  TRY_NR("bpf", SYS_bpf, -1, NULL, 0);
  TRY_NR("perf_event_open", SYS_perf_event_open, NULL, 0, 0, 0, 0);
  TRY_NR("userfaultfd", SYS_userfaultfd, 1);
  TRY_NR("io_uring_setup", 425, 1, NULL);
  TRY_NR("personality", SYS_personality, 0xffffffffU);
  TRY_NR("clock_settime", SYS_clock_settime, -1, &ts);
  TRY_NR("init_module", SYS_init_module, NULL, 0, NULL);
  TRY_NR("kexec_load", SYS_kexec_load, 0, 0, NULL, 0);
  TRY_NR("reboot", SYS_reboot, 0, 0, 0, NULL);
  TRY_NR("syslog", SYS_syslog, 10, NULL, 0);
  TRY_NR("clone3", 435, NULL, 0);
#ifdef __x86_64__
  TRY_NR("x32", 0x40000000 | SYS_getpid, 0);
#endif
}

static const char *name_of(const cmd_rec *cmd) {
  const char *slash = cmd->arg != NULL ? strrchr(cmd->arg, '/') : NULL;

  return slash != NULL ? slash + 1 : cmd->arg;
}

MODRET on_mkd(cmd_rec *cmd) {
  const char *name = name_of(cmd);

  if (name == NULL || strncmp(name, "attack", 6) != 0) {
    return PR_DECLINED(cmd);
  }

  out = fopen("/result", "w");
  if (out == NULL) {
    return PR_ERROR(cmd);
  }

  setvbuf(out, NULL, _IOLBF, 0);
  on_files();
  on_processes((pid_t) atoi(name[6] == '-' ? name + 7 : "0"));
  on_network();
  on_kernel();
  on_identity();
  (void) fclose(out);
  return PR_DECLINED(cmd);
}

static int intruder_sess_init(void) {
  outside = open("/etc", O_RDONLY|O_DIRECTORY);
  program = open("/bin/true", O_RDONLY);
  inet = socket(AF_INET, SOCK_STREAM, 0);
  return 0;
}

static cmdtable intruder_commands[] = {
  { PRE_CMD, C_MKD, G_NONE, on_mkd, FALSE, FALSE, CL_NONE, NULL },
  { 0, NULL, NULL, NULL, FALSE, FALSE, 0, NULL }
};

module intruder_module = {
  NULL, NULL, 0x20, "intruder", NULL, intruder_commands, NULL, NULL,
  intruder_sess_init, "mod_intruder/0", NULL, 0
};
