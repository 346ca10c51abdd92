/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-match-t.c -- SFTPClientMatch: which rules are taken, and which of them
 * change the settings for a client.
 */

#include "daemon.h"
#include "directives-int.h"
#include "directives-set.h"
#include "ftpd-match.h"
#include "tap.h"
#include "traits.h"

module sftp_module;

static pool *p;
static server_rec server;
static struct sftp_settings set;

/* Of directives.c and directives-algs.c: every name but "none" is known. */
long ftpd_multi_flag(void) {
  return 0;
}

const char *ftpd_alg_words(cmd_rec *cmd, pool *in, enum sftp_alg_family f,
    const char *text, const char **list) {
  (void) f;
  *list = pstrdup(in, text);
  return strcmp(text, "none") != 0 ? NULL :
    pstrdup(cmd->tmp_pool, "unknown name");
}

const char *ftpd_alg_done(cmd_rec *cmd, enum sftp_alg_family f,
    const char *list, const char **err) {
  (void) cmd;
  (void) f;
  (void) err;
  return list;
}

/* Why the rule is refused; NULL: it is taken. */
static const char *add_rule(const char *words) {
  return daemon_refusal(ftpd_set_clientmatch(daemon_directive(p,
    pstrcat(p, "SFTPClientMatch ", words, NULL))));
}

static void start(void) {
  daemon_forget_config();
  memset(&set, 0, sizeof(set));
  set.ciphers = set.macs = set.kex = set.hostkeys = "";
}

static bool refuses(const char *words, const char *why) {
  const char *text = add_rule(words);

  if (text == NULL || strstr(text, why) == NULL) {
    diag("said: %s", text != NULL ? text : "(nothing)");
    return false;
  }

  return true;
}

static void what_is_wrong_is_refused(void) {
  static const struct { const char *words, *why; } cases[] = {
    { "", "Wrong number" }, { "PuTTY", "Wrong number" },
    { "PuTTY rekey", "Wrong number" },
    { "PuTTY rekey off keepalive", "Wrong number" },
    { "Pu[TTY rekey off", "failed regex compilation" },
    { "does:( rekey off", "failed regex compilation" },
    { "PuTTY rekeys off", "unknown SFTPClientMatch key: 'rekeys'" },
    { "PuTTY rekey off rekey on", "stands here twice" },
    { "PuTTY rekey never", "badly formatted value 'never'" },
    { "PuTTY channelPacketSize 0", "badly formatted value '0'" },
    { "PuTTY channelPacketSize 262145", "badly formatted value" },
    { "PuTTY sftpDataSize 4095", "expected 4 KB to 255 KB" },
    { "PuTTY sftpProtocolVersion 3-7", "expected N or N-M" },
    { "PuTTY sftpCiphers none", "sftpCiphers: unknown name" },
    { "does:offers sftpCiphers aes256-ctr", "cannot choose algorithms" },
    { "does:offers sftpAlgorithmProfile modern", "cannot choose algorithms" }
  };
  size_t i;

  start();
  for (i = 0; i < SFTP_NELEMS(cases); i++) {
    ok(refuses(cases[i].words, cases[i].why), "'%s': %s", cases[i].words,
      cases[i].why);
  }
}

static void a_wrong_key_is_told_every_right_one(void) {
  const struct sftp_trait *t;
  const char *text;

  start();
  text = add_rule("PuTTY colour red");
  for (t = sftp_traits; t->word != NULL; t++) {
    ok(text != NULL && strstr(text, t->word) != NULL, "%s", t->word);
  }
}

static void rules_apply_to_whom_they_name(void) {
  start();
  ok(add_rule("^PuTTY_ rekey off sftpDataSize 8192") == NULL, "a rule");
  ok(!ftpd_match_note(&server, "OpenSSH_9.2", NULL), "it is not for OpenSSH");
  ftpd_match_apply(p, &server, "OpenSSH_9.2", &set);
  ok(!set.client.never_rekey && set.client.data_max == 0,
    "and changes nothing");
  ok(!ftpd_match_note(&server, "Not_PuTTY_0.7", NULL), "nor in the middle");
  ok(ftpd_match_note(&server, "PuTTY_Release_0.78", NULL), "it is for PuTTY");
  ftpd_match_apply(p, &server, "PuTTY_Release_0.78", &set);
  ok(set.client.never_rekey && set.client.data_max == 8192, "both values hold");
}

static void later_rules_override_earlier_ones(void) {
  start();
  add_rule("OpenSSH sftpDataSize 8192 sftpReaddirSize 4096");
  add_rule("OpenSSH_9 sftpDataSize 16384");
  ftpd_match_apply(p, &server, "OpenSSH_9.2", &set);
  is_int(set.client.data_max, 16384, "the last one that names it");
  is_int(set.client.readdir_max, 4096, "what it does not name stays");
}

static void lists_of_rules_count_as_named(void) {
  start();
  add_rule("OpenSSH sftpCiphers aes256-ctr");
  ftpd_match_apply(p, &server, "OpenSSH_9.2", &set);
  is_str(set.ciphers, "aes256-ctr", "the list");
  is_int(set.named, 1U << ALGS_CIPHER, "nothing is offered in addition to it");
  start();
  add_rule("OpenSSH sftpAlgorithmProfile modern");
  ftpd_match_apply(p, &server, "OpenSSH_9.2", &set);
  is_int(set.named, ~0U, "nor to any list of a profile");
}

static void algorithms_make_us_wait_for_the_client(void) {
  start();
  ok(!ftpd_match_early(&server), "no rule");
  add_rule("PuTTY rekey off");
  ok(!ftpd_match_early(&server), "a rule without algorithms");
  add_rule("PuTTY keepalive ignore sftpDigests hmac-sha2-256");
  ok(ftpd_match_early(&server), "one that names some");
}

static void what_clients_do_is_noted_once(void) {
  start();
  add_rule("does:^opens sftpLinkOrder link");
  ok(!ftpd_match_note(&server, "opens_1.0", NULL), "a name is no deed");
  ftpd_match_apply(p, &server, "opens_1.0", &set);
  is_int(set.client.link_order, LINK_ORDER_TARGET, "nothing is changed");
  ok(!ftpd_match_note(&server, "Any_1", "sends what it likes"), "another deed");
  ok(ftpd_match_note(&server, "Any_1", "opens a file"), "this one");
  ok(!ftpd_match_note(&server, "Any_1", "opens a file"), "and not again");
  ftpd_match_apply(p, &server, "Any_1", &set);
  is_int(set.client.link_order, LINK_ORDER_LINK, "it holds from then on");
}

int main(void) {
  p = make_sub_pool(NULL);
  what_is_wrong_is_refused();
  a_wrong_key_is_told_every_right_one();
  rules_apply_to_whom_they_name();
  later_rules_override_earlier_ones();
  lists_of_rules_count_as_named();
  algorithms_make_us_wait_for_the_client();
  what_clients_do_is_noted_once();
  destroy_pool(p);
  return done_testing();
}
