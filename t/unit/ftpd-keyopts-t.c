/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keyopts-t.c -- options of users' keys, as the daemon's side reads them.
 */

#include "daemon.h"
#include "ftpd-keyopts.h"
#include "ftpd-userkey.h"
#include "tap.h"

static pool *p;
static struct ftpd_keyopts opts;
static const char *why;

/* NULL: the key counts; else why it does not. */
static const char *read_options(const char *text) {
  why = "no reason";
  return ftpd_keyopts_read(p, text, &opts, &why) ? NULL : why;
}

static void addresses_are_obeyed(void) {
  static const struct { const char *from; bool allowed; } cases[] = {
    { "192.0.2.7", true }, { "192.0.2.8", false },
    { "192.0.2.0/24", true }, { "198.51.100.0/24", false },
    { "192.0.2.*", true }, { "192.0.?.7", true }, { "10.*", false },
    { "client.example.org", true }, { "*.EXAMPLE.org", true },
    { "*.example.net", false },
    { "192.0.2.*,!192.0.2.7", false }, { "!192.0.2.8,192.0.2.*", true },
    { "!192.0.2.8", false },
    { "198.51.100.1,client.example.org", true },
    { "2001:db8::/32", false },
    { "192.0.2.0/33", false }, { "192.0.2.0/33,192.0.2.7", false },
    { "ALL", false }, { "", false }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(cases); i++) {
    const char *text = pstrcat(p, "from=\"", cases[i].from, "\"", NULL);

    ok((read_options(text) == NULL) == cases[i].allowed, "%s: the key %s",
      text, cases[i].allowed ? "counts" : "does not count");
  }

  daemon_client("2001:db8::7", "client.example.org");
  ok(read_options("from=\"2001:db8::/32\"") == NULL, "a network of IPv6");
  daemon_has_ipv6 = false;
  ok(read_options("from=\"2001:db8::/32\"") != NULL,
    "nobody is in one where the daemon has no IPv6");
  ok(read_options("from=\"2001:db8::/32,client.*\"") == NULL,
    "but what follows it still counts");
  daemon_has_ipv6 = true;
  daemon_client("192.0.2.7", "client.example.org");
}

static void certificates_name_sources(void) {
  ok(ftpd_source_allows(p, "198.51.100.1,192.0.2.0/24"), "a network");
  ok(!ftpd_source_allows(p, "198.51.100.0/24"), "another one");
  ok(!ftpd_source_allows(p, "client.example.org"), "no names");
  ok(!ftpd_source_allows(p, "192.0.2.*"), "no patterns");
  ok(!ftpd_source_allows(p, "192.0.2.7,nonsense"),
    "what is not understood allows nothing");
  ok(!ftpd_source_allows(p, ""), "nothing is nobody");
}

static void keys_expire(void) {
  static const char *const over[] = { "19700101", "20200229", "20200101Z",
    "202001011200", "20200101120059Z", "", "2099", "20991301", "20990101x",
    "2099-01-01", "209901011", "Z", "2037011x", "2037011Z" };
  static const char *const good[] = { "20370101", "20370101Z",
    "203701011200", "20370101120059z" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(over); i++) {
    ok(read_options(pstrcat(p, "expiry-time=\"", over[i], "\"", NULL)) != NULL,
      "'%s' is over, or no time", over[i]);
  }

  for (i = 0; i < SFTP_NELEMS(good); i++) {
    ok(read_options(pstrcat(p, "expiry-time=\"", good[i], "\"", NULL)) == NULL,
      "'%s' is to come", good[i]);
  }
}

static void what_is_said_is_kept(void) {
  struct ftpd_key_grant grant = { NULL, false, true, NULL, NULL };

  ok(read_options(NULL) == NULL && opts.env[0] == NULL &&
    opts.command == NULL && !opts.authority, "no options say nothing");
  ok(read_options("command=\"internal-sftp\",environment=\"A=b\","
    "environment=\"C=d e\",no-touch-required") == NULL, "several");
  is_str(opts.command, "internal-sftp", "the command");
  is_str(opts.env[0], "A=b", "a variable");
  is_str(opts.env[1], "C=d e", "another");
  ok(opts.env[2] == NULL, "and no more");
  ftpd_keyopts_grant(&opts, &grant);
  ok(grant.no_touch && grant.verify && grant.command == opts.command &&
    grant.env == opts.env, "they are granted, and narrow what was before");
  grant.verify = false;
  ftpd_keyopts_grant(&opts, &grant);
  ok(!grant.verify && read_options("verify-required") == NULL, "not asked for");
  ftpd_keyopts_grant(&opts, &grant);
  ok(grant.verify && !grant.no_touch, "a user that is verified");
  ok(read_options("CERT-authority,principals=\"a,b\"") == NULL &&
    opts.authority, "an authority, in any case");
  is_str(opts.principals, "a,b", "its principals");
  ok(read_options("restrict,no-pty,permitopen=\"host:1\",X11-forwarding")
    == NULL, "what this server never does changes nothing");
}

static void what_limits_is_never_ignored(void) {
  static const char *const bad[] = { "no-such-option", "from", "command",
    "expiry-time", "cert-authority=\"yes\"", "command=\"rm -rf /\"",
    "command=\"internal-sftp\",command=\"internal-sftp\"",
    "environment=\"novalue\"", "environment=\"=x\"",
    "principals=\"root\"",
    "cert-authority,principals=\"a\",principals=\"b\"", "from=\"192.0.2.7" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    ok(read_options(bad[i]) != NULL, "%s takes the key out", bad[i]);
    ok(strncmp(why, "option \"", 8) == 0, "... and is named: %s", why);
  }
}

static void variables_have_a_limit(void) {
  const char *text = "environment=\"A=b\"";
  unsigned int i;

  for (i = 1; i < 64; i++) {
    text = pstrcat(p, text, ",environment=\"A=b\"", NULL);
  }

  ok(read_options(text) == NULL, "64 of them");
  ok(read_options(pstrcat(p, text, ",environment=\"A=b\"", NULL)) != NULL,
    "not one more");
}

int main(void) {
  p = make_sub_pool(NULL);
  daemon_client("192.0.2.7", "client.example.org");
  addresses_are_obeyed();
  certificates_name_sources();
  keys_expire();
  what_is_said_is_kept();
  what_limits_is_never_ignored();
  variables_have_a_limit();
  destroy_pool(p);
  return done_testing();
}
