/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-conf-t.c -- directives as settings, and the checks of the whole
 * configuration before the server starts.
 */

#include "daemon.h"
#include "directives.h"
#include "ftpd-abi.h"
#include "ftpd-conf.h"
#include "ftpd-hostkeys.h"
#include "ftpd-kept.h"
#include "ftpd-log.h"
#include "ftpd-match.h"
#include "ftpd-methods.h"
#include "ftpd-rules.h"
#include "ftpd-report.h"
#include "ftpd-source.h"
#include "ftpd-upload-conf.h"
#include "ftpd-usercert.h"
#include "namelist.h"
#include "tap.h"

xaset_t *server_list;

static pool *p;
static server_rec server;
static xaset_t servers;

/* ---- Of the other files of ftpd/ */

static bool reloading, has_xfer, matches_early, is_known, clash;
static unsigned int methods;    /* AUTH_* that the chains have */
static const char *revoked_why, *authority_why, *uploads_why;
static unsigned int nkeys;
static char lines[4096];        /* that were logged, each with its level */

void ftpd_log_server(server_rec *s, int level, const char *fmt, ...) {
  size_t len = strlen(lines);
  va_list ap;

  (void) s;
  snprintf(lines + len, sizeof(lines) - len, "%d ", level);
  len = strlen(lines);
  va_start(ap, fmt);
  vsnprintf(lines + len, sizeof(lines) - len, fmt, ap);
  va_end(ap);
  len = strlen(lines);
  snprintf(lines + len, sizeof(lines) - len, "\n");
}

int ftpd_hostkeys_load(pool *in, server_rec *s, struct sftp_settings *set,
    bool starting) {
  static struct sftp_key_type type = { .name = "ssh-ed25519" };
  static struct sftp_key key = { .type = &type };

  (void) s;
  (void) starting;
  set->host_keys = pcalloc(in, sizeof(struct sftp_key *));
  set->host_certs = pcalloc(in, sizeof(struct sftp_cert *));
  set->host_keys[0] = &key;
  set->nhost_keys = nkeys;
  return 0;
}

void ftpd_dh_params(pool *in, server_rec *s, struct sftp_settings *set,
    bool starting) {
  (void) in;
  (void) s;
  (void) set;
  (void) starting;
}

void ftpd_hostkeys_sweep(void) {
}

void ftpd_kept_open(void) {
}

void ftpd_kept_close(void) {
}

bool ftpd_kept_reloading(void) {
  return reloading;
}

const char *ftpd_log_objection(pool *in, const char *path) {
  (void) in;
  return strcmp(path, "/no/log") == 0 ? "No such file" : NULL;
}

int ftpd_contradict_check(pool *in, server_rec *s,
    const struct sftp_settings *set) {
  (void) in;
  (void) set;
  if (clash) {
    ftpd_log_server(s, PR_LOG_ERR, "clash");
  }

  return clash ? 1 : 0;
}

void ftpd_contradict_repeated(pool *in, server_rec *s) {
  (void) in;
  (void) s;
}

void ftpd_seen_does(const char *does SFTP_UNUSED) {
}

bool ftpd_match_early(server_rec *s) {
  (void) s;
  return matches_early;
}

bool ftpd_match_note(server_rec *s, const char *software, const char *does) {
  (void) s;
  (void) software;
  (void) does;
  return is_known;
}

/* The administrator's rule: a window of 42 bytes, and links as they come. */
void ftpd_match_apply(pool *in, server_rec *s, const char *software,
    struct sftp_settings *set) {
  (void) in;
  (void) s;
  (void) software;
  if (is_known) {
    set->window = 42;
    set->client.link_order = LINK_ORDER_TARGET;
  }
}

void ftpd_methods_chains(pool *in, server_rec *s, struct sftp_settings *set) {
  (void) in;
  (void) s;
  set->nchains = 1;
}

bool ftpd_methods_use(pool *in, server_rec *s, const struct sftp_settings *set,
    unsigned int method) {
  (void) in;
  (void) s;
  (void) set;
  return (methods & method) != 0;
}

bool ftpd_rule_next(server_rec *s, const char *record, config_rec **at,
    struct ftpd_rule *rule) {
  (void) rule;
  *at = *at == NULL ? find_config(s->conf, CONF_PARAM, record, FALSE) : NULL;
  return *at != NULL;
}

bool ftpd_rule_has_keys(server_rec *s) {
  return find_config(s->conf, CONF_PARAM, FTPD_KEYS_RULE, FALSE) != NULL;
}

int ftpd_revoked_check(pool *in, server_rec *s, const char **path,
    const char **why) {
  (void) in;
  (void) s;
  *path = "/etc/revoked";
  *why = revoked_why;
  return revoked_why == NULL ? 0 : -1;
}

const char *ftpd_upload_conf_check(pool *in, server_rec *s) {
  (void) in;
  (void) s;
  return uploads_why;
}

int ftpd_usercert_check(pool *in, server_rec *s, const char **path,
    const char **why) {
  (void) in;
  (void) s;
  *path = "/etc/authorities";
  *why = authority_why;
  return authority_why == NULL ? 0 : -1;
}

const char *ftpd_source_info(const char *form, const char *name) {
  size_t len = strlen(name);

  return strncmp(form, name, len) == 0 && form[len] == ':' ? form + len + 1 :
    NULL;
}

const char *ftpd_keysql_check_query(pool *in, server_rec *s,
    const char *info) {
  (void) in;
  (void) s;
  return strcmp(info, "/known") == 0 ? NULL : "no SQLNamedQuery";
}

void ftpd_abi_publish(const struct ftpd *h) {
  (void) h;
}

/* ---- Of the daemon */

unsigned char pr_module_exists(const char *name) {
  return strcmp(name, "mod_xfer.c") == 0 && has_xfer ? TRUE : FALSE;
}

int exists2(pool *in, const char *path) {
  (void) in;
  return strcmp(path, "/etc/weak") == 0;
}

void pr_log_debug(int level, const char *fmt, ...) {
  (void) level;
  (void) fmt;
}

/* ---- Tests */

static void set_text(const char *name, const char *text) {
  daemon_set_param(name, pstrdup(p, text));
}

static void start(void) {
  static int on = TRUE;

  daemon_forget_config();
  daemon_set_param("SFTPEngine", &on);
  reloading = matches_early = is_known = false;
  has_xfer = true;
  methods = 0;
  nkeys = 1;
  revoked_why = authority_why = NULL;
}

static const char *version_line(unsigned char on, const char *text) {
  static unsigned char flag;
  config_rec *c;

  start();
  flag = on;
  c = daemon_add_words("ServerIdent", (const char *const []) { "", text,
    NULL });
  c->argv[0] = &flag;
  return ftpd_conf_settings(p, &server)->ident;
}

static void version_lines_are_what_rfcs_allow(void) {
  char *text = pcalloc(p, 300);

  start();
  is_str(ftpd_conf_settings(p, &server)->ident, SFTP_ID_DEFAULT_STRING,
    "without ServerIdent");
  is_str(version_line(FALSE, NULL), "SSH-2.0-mod_sftp", "off");
  is_str(version_line(TRUE, NULL), SFTP_ID_DEFAULT_STRING, "on alone");
  is_str(version_line(TRUE, "Files of %V"), "SSH-2.0-Files of ftp.example.org",
    "the host's variables");
  is_str(version_line(TRUE, " x"), SFTP_ID_DEFAULT_STRING, "a blank in front");
  is_str(version_line(TRUE, "a\nb"), SFTP_ID_DEFAULT_STRING, "a line feed");
  is_str(version_line(TRUE, "caf\303\251"), SFTP_ID_DEFAULT_STRING,
    "no US-ASCII");
  memset(text, 'x', 245);
  is_int(strlen(version_line(TRUE, text)), 253, "255 bytes with CR LF");
  text[245] = 'x';
  is_str(version_line(TRUE, text), SFTP_ID_DEFAULT_STRING, "and no more");
}

static void options_of_all_records_hold(void) {
  static unsigned long terse = SFTP_OPT_TERSE_REFUSALS,
    weak = SFTP_OPT_ALLOW_WEAK_DH;
  config_rec *c;

  start();
  daemon_add_words("SFTPOptions", (const char *const []) { "", NULL })->argv[0]
    = &terse;
  c = daemon_add_words("SFTPOptions", (const char *const []) { "", NULL });
  c->argv[0] = &weak;
  set_text("SFTPAlgorithmProfile", "");
  is_int(ftpd_opts(&server), terse | weak, "both");
}

static void our_offer_waits_where_it_depends_on_the_client(void) {
  static int profile = PROFILE_MODERN;

  start();
  is_int(ftpd_opts(&server), SFTP_OPT_PESSIMISTIC_KEXINIT,
    "known clients may get more than the default");
  set_text("SFTPKeyExchanges", "curve25519-sha256");
  is_int(ftpd_opts(&server), SFTP_OPT_PESSIMISTIC_KEXINIT,
    "digests are not named yet");
  set_text("SFTPDigests", "hmac-sha2-256");
  is_int(ftpd_opts(&server), 0, "all that could get more is named");
  start();
  daemon_set_param("SFTPAlgorithmProfile", &profile);
  is_int(ftpd_opts(&server), 0, "a profile names all");
  matches_early = true;
  is_int(ftpd_opts(&server), SFTP_OPT_PESSIMISTIC_KEXINIT,
    "a rule for some clients has other algorithms");
}

static void lists_change_those_of_the_profile(void) {
  static int profile = PROFILE_DEFAULT;
  static unsigned long opts = SFTP_OPT_ALLOW_WEAK_DH;
  struct sftp_settings *set;

  start();
  set_text("SFTPCiphers", "aes256-ctr");
  set = ftpd_conf_settings(p, &server);
  is_str(set->ciphers, "aes256-ctr", "a list");
  is_int(set->named, 1U << ALGS_CIPHER, "is named, and no other is");
  ok(*set->macs != '\0' && *set->kex != '\0', "the others are the profile's");
  ok(!sftp_names_have(sftp_str_of(set->kex), "diffie-hellman-group1-sha1"),
    "without what is weak");
  start();
  daemon_set_param("SFTPOptions", &opts);
  set = ftpd_conf_settings(p, &server);
  ok(sftp_names_have(sftp_str_of(set->kex), "diffie-hellman-group1-sha1"),
    "unless AllowWeakDH says so");
  set_text("SFTPKeyExchanges", "curve25519-sha256");
  set = ftpd_conf_settings(p, &server);
  is_str(set->kex, "curve25519-sha256", "which changes no list that is named");
  start();
  daemon_set_param("SFTPAlgorithmProfile", &profile);
  set = ftpd_conf_settings(p, &server);
  is_int(set->named, 1U << ALGS_KEX | 1U << ALGS_HOSTKEY | 1U << ALGS_CIPHER |
    1U << ALGS_MAC, "a profile names four lists");
}

static void limits_are_those_that_are_named(void) {
  static struct sftp_key_limits limits = { 3072, FTPD_BITS_UNNAMED, 0 };
  unsigned int dsa, ec;
  struct sftp_settings *set;

  start();
  set = ftpd_conf_settings(p, &server);
  dsa = set->min_bits.dsa;
  ec = set->min_bits.ec;
  ok(!set->min_bits_named && ec > 0, "the profile's");
  daemon_set_param("SFTPKeyLimits", &limits);
  set = ftpd_conf_settings(p, &server);
  ok(set->min_bits_named && set->min_bits.rsa == 3072, "one is named");
  is_int(set->min_bits.dsa, dsa, "one is not");
  is_int(set->min_bits.ec, 0, "0 is a limit that is named");
}

static void rekeys_have_defaults(void) {
  static struct rekey never = { .never = true },
    some = { false, 60, 5, 1 << 20 };
  struct sftp_settings *set;

  start();
  set = ftpd_conf_settings(p, &server);
  ok(set->rekey.secs == FTPD_REKEY_SECS && set->rekey.bytes == FTPD_REKEY_BYTES
    && set->rekey.packets == FTPD_REKEY_PACKETS &&
    set->rekey.timeout_secs == 0, "without SFTPRekey");
  daemon_set_param("SFTPRekey", &never);
  set = ftpd_conf_settings(p, &server);
  ok(set->rekey.secs == 0 && set->rekey.bytes == 0 && set->rekey.packets == 0,
    "none");
  daemon_set_param("SFTPRekey", &some);
  set = ftpd_conf_settings(p, &server);
  ok(set->rekey.secs == 60 && set->rekey.bytes == 1 << 20 &&
    set->rekey.timeout_secs == 5 && set->rekey.packets == FTPD_REKEY_PACKETS,
    "what is named, and packets as ever");
}

static void patterns_of_all_records_count(void) {
  const struct sftp_settings *set;

  start();
  set = ftpd_conf_settings(p, &server);
  ok(strcmp(set->accept_env[0], "LANG") == 0 && set->accept_env[1] == NULL,
    "LANG alone, by default");
  daemon_add_words("SFTPAcceptEnv", (const char *const []) { "LC_*", "TZ",
    NULL });
  daemon_add_words("SFTPAcceptEnv", (const char *const []) { "EDITOR", NULL });
  set = ftpd_conf_settings(p, &server);
  ok(strcmp(set->accept_env[0], "LC_*") == 0 &&
    strcmp(set->accept_env[1], "TZ") == 0 &&
    strcmp(set->accept_env[2], "EDITOR") == 0 && set->accept_env[3] == NULL,
    "what is named replaces it");
}

static unsigned int late_services(const char *const *names) {
  struct ftpd h = { .pool = p, .server = &server };
  array_header *list = make_array(p, 3, sizeof(char *));

  start();
  h.set = ftpd_conf_settings(p, &server);
  for (; names != NULL && *names != NULL; names++) {
    *((char **) push_array(list)) = pstrdup(p, *names);
  }

  if (names != NULL) {
    daemon_set_param("Protocols", list);
  }

  return ftpd_conf_late(&h)->services;
}

static void protocols_choose_services(void) {
  is_int(late_services(NULL), SFTP_SERVICE_FL_SFTP|SFTP_SERVICE_FL_SCP|
    SFTP_SERVICE_FL_DATE, "without Protocols all are on");
  is_int(late_services((const char *const []) { "sftp", NULL }),
    SFTP_SERVICE_FL_SFTP, "one");
  is_int(late_services((const char *const []) { "ftp", "SCP", "date", NULL }),
    SFTP_SERVICE_FL_SCP|SFTP_SERVICE_FL_DATE, "others do not count");
  is_int(late_services((const char *const []) { "ftps", NULL }), 0, "none");
}

static void rules_of_the_administrator_come_last(void) {
  struct ftpd h = { .pool = p, .server = &server };

  start();
  h.set = ftpd_conf_settings(p, &server);
  ok(ftpd_client(&h, "Nobody_1.0", NULL) == NULL, "nobody knows this client");
  ok(ftpd_client(&h, "libssh_0.10.6", NULL) == h.set &&
    h.set->client.link_order == LINK_ORDER_LINK, "the table knows this one");
  is_known = true;
  ok(ftpd_client(&h, "libssh_0.10.6", NULL) == h.set &&
    h.set->client.link_order == LINK_ORDER_TARGET && h.set->window == 42,
    "a rule has the last word");
}

/* The faults, if each was logged once, and no other line with that level. */
static int check(void) {
  int faults, nlines = 0;
  const char *at;

  lines[0] = '\0';
  faults = ftpd_conf_check();
  for (at = lines; at != NULL && *at != '\0'; at = strchr(at, '\n') + 1) {
    nlines += atoi(at) == PR_LOG_ERR;
  }

  if (nlines != faults && !reloading) {
    diag("%d lines of %d faults:\n%s", nlines, faults, lines);
    return -1;
  }

  return faults;
}

static bool one_fault(const char *text) {
  int faults = check();

  if (faults != 1 || strstr(lines, text) == NULL) {
    diag("%d faults:\n%s", faults, lines);
    return false;
  }

  return true;
}

static void every_fault_is_logged_once(void) {
  static unsigned char on = TRUE;
  static int off = FALSE;

  start();
  is_int(check(), 0, "a good configuration has none");
  is_str(lines, "", "and logs nothing");
  has_xfer = false;
  ok(one_fault("SFTPEngine needs mod_xfer"), "no mod_xfer");
  start();
  daemon_set_param("TLSEngine", &on);
  ok(one_fault("cannot support both FTPS and SFTP"), "TLSEngine");
  start();
  clash = true;
  ok(one_fault("clash"), "two directives that exclude each other");
  clash = false;
  start();
  nkeys = 0;
  ok(one_fault("no usable host key"), "no key, which is no second fault");
  start();
  set_text("SFTPHostKeys", "ssh-rsa");
  ok(one_fault("SFTPHostKeys leaves no algorithm"), "none for our keys");
  start();
  methods = AUTH_PUBLICKEY;
  ok(one_fault("names publickey"), "publickey without keys");
  daemon_add_words("SFTPTrustedUserCAKeys", (const char *const []) { "/ca",
    NULL });
  is_int(check(), 0, "authorities are enough");
  start();
  daemon_add_words(FTPD_KEYS_RULE, (const char *const []) { "", "", "",
    "file:/keys", NULL });
  is_int(check(), 0, "keys of some users are enough");
  start();
  methods = AUTH_HOSTBASED;
  ok(one_fault("names hostbased"), "hostbased without keys");
  start();
  daemon_add_words("SFTPAuthorizedUserKeys", (const char *const []) {
    "file:/keys", "exec:/bin/keys", NULL });
  ok(one_fault("SFTPAuthorizedUserKeys exec: needs"),
    "a command without its user");
  set_text("SFTPAuthorizedKeysCommandUser", "nobody");
  is_int(check(), 0, "and with it");
  start();
  daemon_add_words(FTPD_KEYS_RULE, (const char *const []) { "exec:/no/kind",
    "", "", "file:/keys", NULL });
  is_int(check(), 0, "what stands before the stores is none");
  start();
  daemon_add_words(FTPD_KEYS_RULE, (const char *const []) { "", "", "",
    "exec:/bin/keys", NULL });
  ok(one_fault("SFTPAuthorizedUserKeys exec: needs"),
    "a command of some users without its user");
  start();
  daemon_add_words("SFTPRevokedKeys", (const char *const []) { "sql:/known",
    "sql:/unknown", "/file", NULL });
  ok(one_fault("SFTPRevokedKeys 'sql:/unknown': no SQLNamedQuery"),
    "a query that is not there");
  start();
  has_xfer = false;
  nkeys = 0;
  revoked_why = "not there";
  is_int(check(), 3, "three of them are three");
  daemon_set_param("SFTPEngine", &off);
  is_int(check(), 0, "a server without the engine is not checked");
}

static void a_daemon_that_serves_goes_on_without_files(void) {
  start();
  reloading = true;
  revoked_why = "damaged";
  is_int(check(), 0, "a list of revoked keys");
  ok(strstr(lines, "SFTPRevokedKeys '/etc/revoked' cannot be used: damaged") !=
    NULL, "the log has it");
  start();
  reloading = true;
  nkeys = 0;
  is_int(check(), 0, "host keys");
  start();
  reloading = true;
  has_xfer = false;
  is_int(check(), 1, "what is no file still counts");
}

static void what_is_odd_is_a_warning(void) {
  static unsigned char on = TRUE;

  start();
  authority_why = "not there";
  set_text("SFTPKeyBlacklist", "/etc/missing");
  set_text("ListOptions", "-l");
  daemon_add_words("ServerIdent", (const char *const []) { "", "a\tb",
    NULL })->argv[0] = &on;
  is_int(check(), 0, "the server starts");
  ok(strstr(lines, "'/etc/authorities' cannot be used: not there") != NULL,
    "authorities");
  ok(strstr(lines, "'/etc/missing' is not there") != NULL, "weak keys");
  ok(strstr(lines, "ListOptions has no effect") != NULL, "ListOptions");
  ok(strstr(lines, "the text of ServerIdent is no SSH version") != NULL,
    "ServerIdent");
  start();
  set_text("SFTPLog", "/no/log");
  set_text("SFTPDisplayBanner", "/no/banner");
  is_int(check(), 0, "the server starts without a log and a banner");
  ok(strstr(lines, "SFTPLog '/no/log' cannot be opened: No such file") != NULL,
    "SFTPLog");
  ok(strstr(lines, "SFTPDisplayBanner '/no/banner' is not there") != NULL,
    "SFTPDisplayBanner");
  start();
  set_text("SFTPKeyBlacklist", "/etc/weak");
  check();
  is_str(lines, "", "a list that is there");
}

int main(void) {
  p = make_sub_pool(NULL);
  server.ServerName = "test";
  server.ServerAddress = server.ServerFQDN = "ftp.example.org";
  servers.xas_list = (xasetmember_t *) &server;
  server_list = &servers;
  version_lines_are_what_rfcs_allow();
  options_of_all_records_hold();
  our_offer_waits_where_it_depends_on_the_client();
  lists_change_those_of_the_profile();
  limits_are_those_that_are_named();
  rekeys_have_defaults();
  patterns_of_all_records_count();
  protocols_choose_services();
  rules_of_the_administrator_come_last();
  every_fault_is_logged_once();
  a_daemon_that_serves_goes_on_without_files();
  what_is_odd_is_a_warning();
  destroy_pool(p);
  return done_testing();
}
