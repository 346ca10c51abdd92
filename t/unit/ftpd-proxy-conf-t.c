/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-proxy-conf-t.c -- the words of SFTPProxyProtocol. */

#include "daemon.h"
#include "directives-set.h"
#include "ftpd-conf.h"
#include "tap.h"

static pool *p;
static bool engine = true;
static server_rec server;

bool ftpd_conf_engine(server_rec *s) {
  (void) s;
  return engine;
}

static const char *refusal(const char *words) {
  daemon_forget_config();
  return daemon_refusal(ftpd_set_proxyprotocol(daemon_directive(p, pstrcat(p,
    "SFTPProxyProtocol ", words, NULL))));
}

static void networks_are_taken(void) {
  static const struct { const char *words; unsigned int n; } row[] = {
    { "off", 0 }, { "on from 10.0.0.1", 1 }, { "on FROM 10.0.0.0/8 ::1", 2 },
    { "on from 10.0.0.0/1 10.0.0.1/32 2001:db8::/1 ::1/128", 4 } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    is_str(refusal(row[i].words), NULL, "'%s'", row[i].words);
    is_int(daemon_record->argc, row[i].n, "... is %u networks", row[i].n);
  }
}

static void anything_else_is_not(void) {
  static const char *const bad[] = { "", "x", "off from 10.0.0.1", "off x",
    "on", "on from", "on 10.0.0.1", "on for 10.0.0.1", "on from all",
    "on from 10.0.0.1/0", "on from 10.0.0.1/33", "on from ::1/129",
    "on from ::1/0", "on from 10.0.0.", "on from 10.0.0.1/", "on from a.b",
    "on from 10.0.0.1/x", "on from 10.0.0.1 all", "on from all 10.0.0.1" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    ok(refusal(bad[i]) != NULL, "'%s' is refused", bad[i]);
  }
}

static void ipv6_may_be_off(void) {
  daemon_has_ipv6 = false;
  ok(strstr(refusal("on from ::1"), "UseIPv6 is off") != NULL,
    "no network of IPv6 without UseIPv6");
  is_str(refusal("on from 10.0.0.1"), NULL, "but of IPv4");
  daemon_has_ipv6 = true;
}

static void proxies_are_for_servers_that_serve(void) {
  (void) refusal("on from 10.0.0.1");
  ok(ftpd_conf_proxies(&server) == daemon_record, "the record is found");
  engine = false;
  ok(ftpd_conf_proxies(&server) == NULL, "SFTPEngine off: none");
  engine = true;
  (void) refusal("off");
  ok(ftpd_conf_proxies(&server) == NULL, "off: none");
  daemon_forget_config();
  ok(ftpd_conf_proxies(&server) == NULL, "no line: none");
}

int main(void) {
  p = make_sub_pool(NULL);
  networks_are_taken();
  anything_else_is_not();
  ipv6_may_be_off();
  proxies_are_for_servers_that_serve();
  destroy_pool(p);
  return done_testing();
}
