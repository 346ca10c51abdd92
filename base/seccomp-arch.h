/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* seccomp-arch.h -- how the kernel's filter of system calls (seccomp) sees this
 * machine.
 */

#ifndef MOD_SFTP_SECCOMP_ARCH_H
#define MOD_SFTP_SECCOMP_ARCH_H

#include <linux/audit.h>

/* The one set of calls of this machine that a filter lets in; 0: unknown. */
#if defined(__x86_64__) && !defined(__ILP32__)
# define SFTP_SECCOMP_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
# define SFTP_SECCOMP_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
# define SFTP_SECCOMP_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
# define SFTP_SECCOMP_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
# define SFTP_SECCOMP_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
# define SFTP_SECCOMP_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
# define SFTP_SECCOMP_ARCH AUDIT_ARCH_S390X
#else
# define SFTP_SECCOMP_ARCH 0U
#endif

/* Where the low half of a 64-bit argument is. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
# define SFTP_SECCOMP_LOW_HALF 0
#else
# define SFTP_SECCOMP_LOW_HALF 4
#endif

/* Calls of x32 on x86_64 have this bit. */
#define SFTP_SECCOMP_X32 0x40000000U

#endif /* MOD_SFTP_SECCOMP_ARCH_H */
