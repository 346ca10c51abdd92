/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-proxy.c -- SFTPProxyProtocol: the client's address, as a trusted proxy
 * tells it.
 *
 * The header is read when the daemon reports the connection (core.connect),
 * before it finds the client's class and checks <Limit LOGIN>, and before the
 * first module begins its session.  So nobody sees the proxy's address, and no
 * decision has to be taken back.
 */

#include "ftpd-conf.h"
#include "ftpd-proxy.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "ftpd-lines.h"
#include "proxy-header.h"

/* Proxies send the header at once; this allows for a packet that is lost. */
#define WAIT_SECS 5

extern volatile unsigned int recvd_signal_flags;

static char via[INET6_ADDRSTRLEN + 8];

const char *ftpd_proxy_via(void) {
  return via[0] != '\0' ? via : NULL;
}

/* The proxy's address; an IPv4 address if it is one that is mapped. */
static const pr_netaddr_t *proxy_address(conn_t *conn) {
  return pr_netaddr_is_v4mappedv6(conn->remote_addr) == TRUE ?
    pr_netaddr_v6tov4(conn->pool, conn->remote_addr) : conn->remote_addr;
}

static bool is_trusted(const config_rec *proxies, conn_t *conn) {
  const pr_netaddr_t *addr = proxy_address(conn);
  unsigned int i;

  for (i = 0; addr != NULL && i < proxies->argc; i++) {
    if (pr_netacl_match(proxies->argv[i], addr) == 1) {
      return true;
    }
  }

  return false;
}

/* Waits for input or the end of it; false: until end_ms in vain, or the daemon
 * ends.  The daemon's timers do not run yet.
 */
static bool has_input(int fd, uint64_t end_ms) {
  struct pollfd pfd = { .fd = fd, .events = POLLIN };
  uint64_t now = ftpd_now_ms();
  int res = 0;

  while (res <= 0 && now < end_ms &&
      (recvd_signal_flags & RECEIVED_SIG_TERMINATE) == 0) {
    res = poll(&pfd, 1, (int) (end_ms - now));
    if (res < 0 && errno != EINTR) {
      return false;
    }

    now = ftpd_now_ms();
  }

  return res > 0;
}

/* Reads the header and not one byte more.  Returns SFTP_OK, or SFTP_ERR_* with
 * the reason; SFTP_ERR_EOF: the connection ended without any.
 */
static int read_header(int fd, uint64_t end_ms, struct sftp_proxy *header,
    const char **why) {
  unsigned char buf[SFTP_PROXY_MAX];
  size_t have = 0;
  int res = 0;

  while (res == 0) {
    ssize_t n;

    if (!has_input(fd, end_ms)) {
      *why = have == 0 ? "none has come within 5 seconds" :
        "it was not complete within 5 seconds";
      return SFTP_ERR_TIMEOUT;
    }

    n = recv(fd, buf + have, sizeof(buf) - have, MSG_PEEK);
    if (n <= 0) {
      *why = "it is cut";
      return have == 0 ? SFTP_ERR_EOF : SFTP_ERR_SHORT;
    }

    res = sftp_proxy_parse(buf, have + (size_t) n, header, why);
    n = res == 1 ? (ssize_t) (header->len - have) : n;
    if (res >= 0 && recv(fd, buf + have, (size_t) n, 0) != n) {
      *why = "it cannot be read";
      return SFTP_ERR_IO;
    }

    have += (size_t) n;
  }

  return res == 1 ? SFTP_OK : res;
}

/* ---- Connections that do not become sessions.  No module knows of them, so
 * that there is nobody to tell that they end.
 */

static _Noreturn void end_unlogged(void) {
  _exit(0);
}

static _Noreturn void refuse(conn_t *conn, const char *why) {
  static const char text[] = "PROXY header expected\r\n";

  pr_log_pri(PR_LOG_NOTICE, MOD_SFTP_VERSION
    ": connection from proxy %s#%d refused: PROXY header: %s "
    "(SFTPProxyProtocol)", pr_netaddr_get_ipstr(conn->remote_addr),
    conn->remote_port, why);
  (void) !send(conn->wfd, text, sizeof(text) - 1, MSG_NOSIGNAL);
  end_unlogged();
}

/* A health check: shows it that there is an SSH server, and waits until it
 * leaves.  If there is a client at the other end after all, its connection is
 * refused: nobody knows whose it is.
 */
static _Noreturn void answer_check(server_rec *s, conn_t *conn,
    uint64_t end_ms, enum sftp_proxy_kind kind) {
  const char *line = pstrcat(conn->pool, ftpd_conf_ident(conn->pool, s),
    "\r\n", NULL);
  char byte;

  if (send(conn->wfd, line, strlen(line), MSG_NOSIGNAL) > 0 &&
      has_input(conn->rfd, end_ms) && kind == SFTP_PROXY_UNKNOWN &&
      recv(conn->rfd, &byte, 1, 0) > 0) {
    refuse(conn, "it does not tell the client's address");
  }

  end_unlogged();
}

/* ---- A client */

static const pr_netaddr_t *client_address(pool *p,
    const struct sftp_proxy *header) {
  pr_netaddr_t *addr = pr_netaddr_alloc(p);
  struct sockaddr_in6 v6;
  struct sockaddr_in v4;

  memset(&v6, 0, sizeof(v6));
  memset(&v4, 0, sizeof(v4));
  v6.sin6_family = AF_INET6;
  v4.sin_family = AF_INET;
  memcpy(&v6.sin6_addr, header->addr, sizeof(v6.sin6_addr));
  memcpy(&v4.sin_addr, header->addr, sizeof(v4.sin_addr));

  if (pr_netaddr_set_family(addr, header->v6 ? AF_INET6 : AF_INET) < 0 ||
      pr_netaddr_set_sockaddr(addr, header->v6 ? (struct sockaddr *) &v6 :
        (struct sockaddr *) &v4) < 0 ||
      pr_netaddr_set_port2(addr, header->port) < 0) {
    return NULL;
  }

  return addr;
}

/* As the daemon has found the proxy's name. */
static const char *name_of(pool *p, const pr_netaddr_t *addr) {
  int before = pr_netaddr_set_reverse_dns(ServerUseReverseDNS);
  const char *name = pr_netaddr_get_dnsstr(addr);

  (void) pr_netaddr_set_reverse_dns(before);
  return pstrdup(p, name != NULL ? name : pr_netaddr_get_ipstr(addr));
}

/* In version 1, HAProxy's checks tell the address and port of their own end of
 * this connection, which no client can have.
 */
static bool is_own(conn_t *conn, const pr_netaddr_t *addr,
    const struct sftp_proxy *header) {
  const pr_netaddr_t *proxy = proxy_address(conn);

  return (int) header->port == conn->remote_port && proxy != NULL &&
    pr_netaddr_get_family(proxy) == pr_netaddr_get_family(addr) &&
    pr_netaddr_cmp(proxy, addr) == 0;
}

static void become_client(server_rec *s, conn_t *conn, uint64_t end_ms,
    const struct sftp_proxy *header) {
  const pr_netaddr_t *addr = client_address(conn->pool, header);

  if (addr == NULL) {
    refuse(conn, header->v6 ? "the client has an IPv6 address, and UseIPv6 is "
      "off" : "the client's address cannot be used");
  }

  if (is_own(conn, addr, header)) {
    answer_check(s, conn, end_ms, SFTP_PROXY_LOCAL);
  }

  snprintf(via, sizeof(via), "%s:%d", pr_netaddr_get_ipstr(conn->remote_addr),
    conn->remote_port);
  conn->remote_addr = addr;
  conn->remote_port = (int) header->port;
  conn->remote_name = name_of(conn->pool, addr);
}

void ftpd_proxy_connect(conn_t *conn) {
  server_rec *s = pr_ipbind_get_server(conn->local_addr,
    (unsigned int) conn->local_port);
  const config_rec *proxies = s != NULL ? ftpd_conf_proxies(s) : NULL;
  uint64_t end_ms = ftpd_now_ms() + WAIT_SECS * 1000;
  struct sftp_proxy header;
  const char *why = NULL;
  int res;

  via[0] = '\0';
  if (proxies == NULL || !is_trusted(proxies, conn)) {
    return;
  }

  res = read_header(conn->rfd, end_ms, &header, &why);

  /* A health check that only opens and closes the connection. */
  if (res == SFTP_ERR_EOF) {
    end_unlogged();
  }

  if (res != SFTP_OK) {
    refuse(conn, why);
  }

  if (header.kind != SFTP_PROXY_CLIENT) {
    answer_check(s, conn, end_ms, header.kind);
  }

  become_client(s, conn, end_ms, &header);
}
