/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* tcp-info.c -- what the kernel knows about a TCP connection.  The C library's
 * own struct of it ends before the fields that count here, and the two headers
 * exclude each other.
 */

#include "times.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Without a measured round trip. */
#define NO_RTT UINT32_MAX

void sftp_tcp_look(int fd, struct sftp_tcp *tcp) {
  struct tcp_info info;
  socklen_t len = sizeof(info);

  memset(&info, 0, sizeof(info));       /* older kernels fill in less */
  memset(tcp, 0, sizeof(*tcp));
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0) {
    return;
  }

  tcp->rtt_us = info.tcpi_rtt;
  tcp->min_rtt_us = info.tcpi_min_rtt != NO_RTT ? info.tcpi_min_rtt : 0;
  tcp->unsent = info.tcpi_notsent_bytes;
  /* The kernel may wait until it can send some segments at once. */
  tcp->busy = info.tcpi_unacked >= info.tcpi_snd_cwnd / 2;
  tcp->full_us = info.tcpi_rwnd_limited;
}
