/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-calls.c -- which system calls a confined session is denied: what no
 * file server needs.  One row for each.
 */

#include "ftpd-calls.h"

#include <sys/syscall.h>

/* Calls that not every machine has, or not the headers. */
#ifndef __NR_fork
# define __NR_fork -1
#endif
#ifndef __NR_vfork
# define __NR_vfork -1
#endif
#ifndef __NR_create_module
# define __NR_create_module -1
#endif
#ifndef __NR_get_kernel_syms
# define __NR_get_kernel_syms -1
#endif
#ifndef __NR_query_module
# define __NR_query_module -1
#endif
#ifndef __NR_ioperm
# define __NR_ioperm -1
#endif
#ifndef __NR_iopl
# define __NR_iopl -1
#endif
#ifndef __NR_kexec_file_load
# define __NR_kexec_file_load -1
#endif
#ifndef __NR_lookup_dcookie
# define __NR_lookup_dcookie -1
#endif
#ifndef __NR_migrate_pages
# define __NR_migrate_pages -1
#endif
#ifndef __NR_modify_ldt
# define __NR_modify_ldt -1
#endif
#ifndef __NR_move_pages
# define __NR_move_pages -1
#endif
#ifndef __NR_nfsservctl
# define __NR_nfsservctl -1
#endif
#ifndef __NR_stime
# define __NR_stime -1
#endif
#ifndef __NR_sysfs
# define __NR_sysfs -1
#endif
#ifndef __NR__sysctl
# define __NR__sysctl -1
#endif
#ifndef __NR_umount
# define __NR_umount -1
#endif
#ifndef __NR_uselib
# define __NR_uselib -1
#endif
#ifndef __NR_ustat
# define __NR_ustat -1
#endif
#ifndef __NR_vm86
# define __NR_vm86 -1
#endif
#ifndef __NR_vm86old
# define __NR_vm86old -1
#endif
#ifndef __NR_accept
# define __NR_accept -1
#endif
#ifndef __NR_clock_settime64
# define __NR_clock_settime64 -1
#endif
#ifndef __NR_clock_adjtime64
# define __NR_clock_adjtime64 -1
#endif
#ifndef __NR_lsm_set_self_attr
# if defined(__x86_64__) || defined(__aarch64__)
#  define __NR_lsm_set_self_attr 460
#  define __NR_open_tree_attr 467
# else
#  define __NR_lsm_set_self_attr -1
# endif
#endif
#ifndef __NR_open_tree_attr
# if defined(__x86_64__) || defined(__aarch64__)
#  define __NR_open_tree_attr 467
# else
#  define __NR_open_tree_attr -1
# endif
#endif

#define ROW(name, check, freed_by) { #name, __NR_##name, check, freed_by }
/* Denied whatever modules need. */
#define NOBODY(name) ROW(name, CALL_NEVER, 0)
/* Programs that a module runs may need it. */
#define PROGRAM(name) ROW(name, CALL_NEVER, NEED_PROGRAMS)
/* Root's ids, where the configuration keeps them, and programs. */
#define IDS(name) ROW(name, CALL_NEVER, NEED_PROGRAMS|NEED_ROOT)

const struct ftpd_call ftpd_calls[] = {
  /* Programs and processes. */
  PROGRAM(execve),
  PROGRAM(execveat),
  PROGRAM(fork),
  PROGRAM(vfork),
  ROW(clone, CALL_THREAD, NEED_PROGRAMS),
  PROGRAM(clone3),

  /* Other processes: their memory, descriptors, limits and signals. */
  NOBODY(ptrace),
  NOBODY(process_vm_readv),
  NOBODY(process_vm_writev),
  NOBODY(process_madvise),
  NOBODY(kcmp),
  NOBODY(migrate_pages),
  NOBODY(move_pages),
  NOBODY(pidfd_getfd),
  PROGRAM(pidfd_open),
  ROW(pidfd_send_signal, CALL_NEVER, NEED_PROGRAMS|NEED_SIGNALS),
  ROW(kill, CALL_SELF_OR_TEST, NEED_PROGRAMS|NEED_SIGNALS),
  ROW(tgkill, CALL_SELF, NEED_PROGRAMS|NEED_SIGNALS),
  ROW(tkill, CALL_SELF, NEED_PROGRAMS|NEED_SIGNALS),
  ROW(rt_sigqueueinfo, CALL_SELF, NEED_PROGRAMS|NEED_SIGNALS),
  ROW(rt_tgsigqueueinfo, CALL_SELF, NEED_PROGRAMS|NEED_SIGNALS),
  ROW(prlimit64, CALL_SELF_OR_0, NEED_PROGRAMS),

  /* Sockets. */
  ROW(socket, CALL_UNIX, NEED_PROGRAMS|NEED_SOCKETS),
  /* A socket that lingers, sent to another process, holds it up. */
  ROW(setsockopt, CALL_NO_LINGER, NEED_PROGRAMS),
  ROW(bind, CALL_NEVER, NEED_PROGRAMS|NEED_SOCKETS),
  ROW(listen, CALL_NEVER, NEED_PROGRAMS|NEED_SOCKETS),
  ROW(accept, CALL_NEVER, NEED_PROGRAMS|NEED_SOCKETS),
  ROW(accept4, CALL_NEVER, NEED_PROGRAMS|NEED_SOCKETS),

  /* Identity. */
  IDS(setuid),
  IDS(setgid),
  IDS(setreuid),
  IDS(setregid),
  IDS(setresuid),
  IDS(setresgid),
  IDS(setgroups),
  IDS(setfsuid),
  IDS(setfsgid),

  /* Roots, mounts and namespaces. */
  PROGRAM(chroot),
  PROGRAM(pivot_root),
  PROGRAM(mount),
  PROGRAM(umount2),
  PROGRAM(umount),
  PROGRAM(mount_setattr),
  PROGRAM(move_mount),
  PROGRAM(open_tree),
  PROGRAM(open_tree_attr),
  PROGRAM(fsopen),
  PROGRAM(fsconfig),
  PROGRAM(fsmount),
  PROGRAM(fspick),
  PROGRAM(setns),
  PROGRAM(unshare),
  NOBODY(name_to_handle_at),
  NOBODY(open_by_handle_at),

  /* Keys of the kernel. */
  PROGRAM(add_key),
  PROGRAM(keyctl),
  PROGRAM(request_key),

  /* The kernel's large and rarely needed interfaces. */
  NOBODY(bpf),
  NOBODY(perf_event_open),
  NOBODY(userfaultfd),
  NOBODY(io_uring_setup),
  NOBODY(io_uring_enter),
  NOBODY(io_uring_register),
  NOBODY(fanotify_init),
  NOBODY(fanotify_mark),
  NOBODY(lookup_dcookie),
  NOBODY(lsm_set_self_attr),
  NOBODY(modify_ldt),
  NOBODY(nfsservctl),
  PROGRAM(personality),
  NOBODY(_sysctl),
  NOBODY(sysfs),
  NOBODY(uselib),
  NOBODY(ustat),
  NOBODY(vm86),
  NOBODY(vm86old),

  /* The machine. */
  NOBODY(acct),
  NOBODY(adjtimex),
  NOBODY(clock_adjtime),
  NOBODY(clock_adjtime64),
  NOBODY(clock_settime),
  NOBODY(clock_settime64),
  NOBODY(settimeofday),
  NOBODY(stime),
  NOBODY(create_module),
  NOBODY(delete_module),
  NOBODY(finit_module),
  NOBODY(get_kernel_syms),
  NOBODY(init_module),
  NOBODY(query_module),
  NOBODY(ioperm),
  NOBODY(iopl),
  NOBODY(kexec_file_load),
  NOBODY(kexec_load),
  PROGRAM(quotactl),
  PROGRAM(quotactl_fd),
  NOBODY(reboot),
  NOBODY(setdomainname),
  NOBODY(sethostname),
  NOBODY(swapoff),
  NOBODY(swapon),
  NOBODY(syslog),
  NOBODY(vhangup)
};

const size_t ftpd_ncalls = SFTP_NELEMS(ftpd_calls);
