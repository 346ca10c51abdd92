/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-directives-t.c -- the words that directives accept, and what they leave
 * in the configuration: those without a file of their own.
 */

#include "daemon.h"
#include "directives-set.h"
#include "directives.h"
#include "exec.h"
#include "ftpd-abi.h"
#include "ftpd-conf.h"
#include "ftpd-confine.h"
#include "ftpd-controls.h"
#include "ftpd-kept.h"
#include "ftpd-log.h"
#include "ftpd-source.h"
#include "fxp.h"
#include "qos.h"
#include "tap.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

module sftp_module;
extern conftable sftp_conftab[];

static pool *p;
static bool reloading, has_ifsession, has_ldap;
static char dir[] = "/tmp/mod_sftp-XXXXXX";
static const char *file;        /* a regular file in dir */

/* ---- Of the daemon, and of the other files of ftpd/ */

#define HANDLER(name) \
  modret_t *name(cmd_rec *cmd) { \
    return PR_HANDLED(cmd); \
  }

HANDLER(ftpd_set_authmethods)
HANDLER(ftpd_set_clientmatch)
HANDLER(ftpd_set_exempt)
HANDLER(ftpd_set_netblock)
HANDLER(ftpd_set_startups)
HANDLER(ftpd_set_penalties)
HANDLER(ftpd_set_proxyprotocol)
HANDLER(ftpd_set_transferdigest)
HANDLER(ftpd_set_transferrecord)
HANDLER(ftpd_set_uploadcheck)

int pr_privs_root(const char *path, int line) {
  (void) path;
  (void) line;
  errno = 0;
  return 0;
}

int pr_privs_relinquish(const char *path, int line) {
  return pr_privs_root(path, line);
}

unsigned char pr_module_exists(const char *name) {
  return (has_ifsession && strcmp(name, "mod_ifsession.c") == 0) ||
    (has_ldap && strcmp(name, "mod_ldap.c") == 0) ? TRUE : FALSE;
}

int pr_fs_valid_path(const char *path) {
  return *path == '/' ? 0 : -1;
}

int exists2(pool *in, const char *path) {
  (void) in;
  return access(path, F_OK) == 0;
}

struct passwd *getpwnam(const char *name) {
  static struct passwd pw = { .pw_uid = 4711, .pw_gid = 815 };

  pw.pw_uid = strcmp(name, "root") == 0 ? 0 : 4711;
  return strcmp(name, "nobody-here") == 0 ? NULL : &pw;
}

bool ftpd_kept_reloading(void) {
  return reloading;
}

int ftpd_log_syslog_level(const char *word) {
  return strcmp(word, "syslog:info") == 0 ? 6 : -1;
}

static struct ftpd_store stores[] = {
  { &stores[1], "file", NULL,
    SFTP_SSH2_USER_KEY_STORE|SFTP_SSH2_HOST_KEY_STORE },
  { &stores[2], "exec", NULL, SFTP_SSH2_USER_KEY_STORE },
  { NULL, "ldap", NULL, SFTP_SSH2_USER_KEY_STORE }
};

const struct ftpd_store *ftpd_store_first(void) {
  return stores;
}

const struct ftpd_store *ftpd_store_find(const char *name, size_t len,
    unsigned int ktypes) {
  const struct ftpd_store *s;

  for (s = stores; s != NULL; s = s->next) {
    if (strlen(s->name) == len && strncmp(s->name, name, len) == 0 &&
        (s->ktypes & ktypes) == ktypes) {
      return s;
    }
  }

  return NULL;
}

const char *ftpd_source_info(const char *form, const char *name) {
  size_t len = strlen(name);

  return strncmp(form, name, len) == 0 && form[len] == ':' ? form + len + 1 :
    NULL;
}

const char *ftpd_keyexec_check(pool *in, const char *info,
    const char *tokens) {
  (void) in;
  (void) tokens;
  return strcmp(info, "/good") == 0 ? NULL : "a bad program";
}

const char *ftpd_keysql_check(pool *in, const char *info,
    const char *tokens) {
  (void) in;
  (void) tokens;
  return strcmp(info, "/good") == 0 ? NULL : "a bad query";
}

static struct controls_acl acl;

int ftpd_controls_allow(const struct controls_acl *a, const char **bad) {
  acl.may = pstrdup(p, a->may);
  acl.who = pstrdup(p, a->who);
  acl.names = pstrdup(p, a->names);
  *bad = strcmp(a->commands, "list,fly") == 0 ? "fly" : NULL;
  return strstr(a->commands, "fly") != NULL ? -1 : 0;
}

const char *ftpd_controls_names(pool *in) {
  (void) in;
  return "list, kick";
}

/* ---- The tests */

static cmd_rec *cmd;

/* Why the line is refused; NULL: it is not. */
static const char *refusal(const char *line) {
  const conftable *row = sftp_conftab;

  cmd = daemon_directive(p, line);
  while (row->directive != NULL &&
      strcmp(row->directive, cmd->argv[0]) != 0) {
    row++;
  }

  return row->directive != NULL ? daemon_refusal(row->handler(cmd)) :
    "no such directive";
}

static void refuses(const char *line, const char *why) {
  const char *got = refusal(line);

  if (!ok(got != NULL && strstr(got, why) != NULL && daemon_record == NULL,
        "'%s' is refused", line)) {
    diag("%s", got != NULL ? got : "accepted");
  }
}

/* The record that an accepted line leaves. */
static config_rec *record(const char *line) {
  is_str(refusal(line), NULL, "'%s' is accepted", line);
  if (daemon_record == NULL) {
    bail_out("'%s' leaves no record", line);
  }

  return daemon_record;
}

static void leaves_int(const char *line, int value) {
  const config_rec *c = record(line);

  is_int(*((const int *) c->argv[0]), value, "... and is %d", value);
}

static void leaves_bits(const char *line, unsigned long value) {
  const config_rec *c = record(line);

  is_int(*((const unsigned long *) c->argv[0]), value, "... and has its bits");
}

static void leaves_word(const char *line, const char *word) {
  const config_rec *c = record(line);

  is_str(c->argv[0], word, "... and is '%s'", word);
}

static void leaves_words(const char *line, unsigned int n, const char *last) {
  const config_rec *c = record(line);

  is_int(c->argc, n, "... with %u words", n);
  is_str(c->argv[n - 1], last, "... the last one is '%s'", last);
}

static void numbers_of_words_are_checked(void) {
  static const char *const one[] = { "SFTPAlgorithmProfile",
    "SFTPAuthorizedKeysCommandUser", "SFTPAuthorizedPrincipals",
    "SFTPCompression", "SFTPCryptoDevice", "SFTPDHParamFile",
    "SFTPDisplayBanner", "SFTPEngine", "SFTPHostCertificate", "SFTPHostKey",
    "SFTPIsolation", "SFTPKeyBlacklist", "SFTPKeyFingerprints", "SFTPLog",
    "SFTPMaxChannels", "SFTPPassPhraseProvider", "SFTPSandbox",
    "SFTPTrafficPolicy", "SFTPUploadSync" };
  static const char *const some[] = { "SFTPAcceptEnv",
    "SFTPAuthorizedHostKeys", "SFTPAuthorizedUserKeys", "SFTPAuthPublicKeys",
    "SFTPCASignatureAlgorithms", "SFTPCiphers", "SFTPDigests",
    "SFTPExecCommands", "SFTPExtensions", "SFTPHostKeys", "SFTPKeyExchanges",
    "SFTPOptions", "SFTPRevokedKeys", "SFTPTrustedUserCAKeys" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(one); i++) {
    refuses(one[i], "expected one");
    refuses(pstrcat(p, one[i], " x x", NULL), "expected one");
  }

  for (i = 0; i < SFTP_NELEMS(some); i++) {
    refuses(some[i], "expected at least one");
  }
}

static void the_table_has_every_name_once(void) {
  size_t i, j, twice = 0;

  for (i = 0; sftp_conftab[i].directive != NULL; i++) {
    for (j = 0; j < i; j++) {
      twice += strcmp(sftp_conftab[i].directive,
        sftp_conftab[j].directive) == 0;
    }
  }

  is_int(twice, 0, "no directive has two rows");
}

static void words_are_kept(void) {
  leaves_words("SFTPAcceptEnv LANG LC_*", 2, "LC_*");
  is_int(daemon_record->flags & CF_MULTI, 0, "... and replaced by others");
  has_ifsession = true;
  leaves_words("SFTPAcceptEnv LANG", 1, "LANG");
  ok((daemon_record->flags & CF_MULTI) != 0, "... or kept beside them");
  leaves_bits("SFTPOptions IgnoreFIFOs", SFTP_OPT_IGNORE_FIFOS);
  ok((daemon_record->flags & CF_MULTI) != 0, "... as options are");
  has_ifsession = false;
  leaves_word("SFTPDisplayBanner banner", "banner");
}

static void switches_are_on_or_off(void) {
  leaves_int("SFTPEngine on", TRUE);
  leaves_int("SFTPEngine off", FALSE);
  refuses("SFTPEngine perhaps", "on or off");
  leaves_int("SFTPIsolation on", TRUE);
  refuses("SFTPIsolation perhaps", "on or off");
  leaves_int("SFTPCompression on", COMPRESS_ON);
  leaves_int("SFTPCompression off", COMPRESS_OFF);
  leaves_int("SFTPCompression Delayed", COMPRESS_DELAYED);
  refuses("SFTPCompression late", "on, off, delayed");
  leaves_int("SFTPSandbox on", SANDBOX_ON);
  leaves_int("SFTPSandbox off", SANDBOX_OFF);
  leaves_int("SFTPSandbox Strict", SANDBOX_STRICT);
  refuses("SFTPSandbox tight", "on, off or strict");
  leaves_int("SFTPUploadSync Close", 1);
  leaves_int("SFTPUploadSync None", 0);
  refuses("SFTPUploadSync on", "none or close");
}

static void crypto_devices_are_gone(void) {
  unsigned int before = daemon_messages;

  leaves_word("SFTPCryptoDevice None", "None");
  is_int(daemon_messages, before, "none is nothing to warn of");
  leaves_word("SFTPCryptoDevice ALL", "ALL");
  is_int(daemon_messages, before + 1, "any other is");
}

static void is_alive(const char *line, unsigned int count, unsigned int secs) {
  const config_rec *c = record(line);

  ok(*((unsigned int *) c->argv[0]) == count &&
    *((unsigned int *) c->argv[1]) == secs, "... with its numbers");
}

static void clients_are_asked_so_often(void) {
  is_alive("SFTPClientAlive 0 0", 0, 0);
  is_alive("SFTPClientAlive 2147483647 2147483", 2147483647, 2147483);
  refuses("SFTPClientAlive 3", "a count and an interval");
  refuses("SFTPClientAlive 3 4 5", "a count and an interval");
  refuses("SFTPClientAlive 2147483648 1", "max count");
  refuses("SFTPClientAlive 1 2147484", "interval");
  leaves_int("SFTPMaxChannels 1", 1);
  leaves_int("SFTPMaxChannels 4294967295", -1);
  refuses("SFTPMaxChannels 4294967296", "must be numeric");
  refuses("SFTPMaxChannels 0", "greater than zero");
}

static void bits_are_set_and_taken_away(void) {
  unsigned long all = sftp_switch_defaults(sftp_fxp_ext_switch),
    execs = sftp_switch_defaults(sftp_exec_switch),
    fsync = sftp_switch_find(sftp_fxp_ext_switch, "fsync"),
    md5 = sftp_switch_find(sftp_exec_switch, "md5sum");

  ok(fsync != 0 && md5 != 0, "words that exist");
  leaves_bits("SFTPExtensions -fsync", all & ~fsync);
  leaves_bits("SFTPExtensions -fsync +fsync", all | fsync);
  refuses("SFTPExtensions fsync", "a + or - in front");
  refuses("SFTPExtensions none", "a + or - in front");
  refuses("SFTPExtensions all", "a + or - in front");
  refuses("SFTPExtensions +fly", "unknown extension");
  leaves_bits("SFTPExecCommands None", 0);
  leaves_bits("SFTPExecCommands none +md5sum", md5);
  leaves_bits("SFTPExecCommands none All", execs);
  leaves_bits("SFTPExecCommands all -md5sum", execs & ~md5);
  refuses("SFTPExecCommands md5sum", "none, all");
  refuses("SFTPExecCommands +fly", "unknown command");
  leaves_bits("SFTPOptions AllowWeakDH TerseRefusals",
    SFTP_OPT_ALLOW_WEAK_DH|SFTP_OPT_TERSE_REFUSALS);
  leaves_bits("SFTPOptions OldProtocolCompat",
    SFTP_OPT_OLD_PROTO_COMPAT|SFTP_OPT_PESSIMISTIC_KEXINIT);
  refuses("SFTPOptions AllowWeakDH allowweakdh", "unknown SFTPOption");
  refuses("SFTPOptions Fly", "AllowInsecureLogin, AllowWeakDH");
}

static void logs_are_named(void) {
  leaves_word("SFTPLog None", "None");
  leaves_word("SFTPLog /log", "/log");
  leaves_word("SFTPLog syslog:info", "syslog:info");
  refuses("SFTPLog log", "absolute path");
  refuses("SFTPLog syslog:loud", "absolute path");
}

static void classes_of_traffic_are_named(void) {
  const struct sftp_qos_classes *q;

  q = record("SFTPQoS ef le")->argv[0];
  ok(q->interactive == 0xb8 && q->bulk == 4, "one for each");
  q = record("SFTPQoS ef")->argv[0];
  ok(q->interactive == 0xb8 && q->bulk == 0xb8, "or one for both");
  refuses("SFTPQoS", "wrong number");
  refuses("SFTPQoS ef ef ef", "wrong number");
  refuses("SFTPQoS fast", "unknown class: 'fast'");
  refuses("SFTPQoS ef fast", "unknown class: 'fast'");
  leaves_word("SFTPTrafficPolicy PARANOID", "paranoid");
  refuses("SFTPTrafficPolicy shy", "none, low");
}

static void is_rekey(const char *line, const struct rekey *want) {
  const struct rekey *r = record(line)->argv[0];

  ok(r->never == want->never && r->secs == want->secs &&
    r->timeout_secs == want->timeout_secs && r->bytes == want->bytes,
    "... with its limits");
}

static void keys_are_renewed(void) {
  static const struct rekey never = { true, FTPD_REKEY_SECS, 0,
    FTPD_REKEY_BYTES };
  static const struct rekey usual = { false, FTPD_REKEY_SECS, 0,
    FTPD_REKEY_BYTES };
  static const struct rekey often = { false, 1, 1, 16384 };
  static const struct rekey seldom = { false, 2147483, 2147483,
    (uint64_t) 3 << 20 };

  is_rekey("SFTPRekey None", &never);
  is_rekey("SFTPRekey Required", &usual);
  is_rekey("SFTPRekey required 1 16KB 1", &often);
  is_rekey("SFTPRekey required 2147483 3 2147483", &seldom);
  refuses("SFTPRekey", "wrong number");
  refuses("SFTPRekey required 1 1 1 1", "wrong number");
  refuses("SFTPRekey perhaps", "'none' or 'required'");
  refuses("SFTPRekey required 0", "interval '0'");
  refuses("SFTPRekey required 2147484", "interval '2147484'");
  refuses("SFTPRekey required 1 x", "size 'x'");
  refuses("SFTPRekey required 1 16383B", "size '16383B'");
  refuses("SFTPRekey required 1 1 0", "timeout '0'");
  refuses("SFTPRekey required 1 1 2147484", "timeout '2147484'");
}

/* ---- Algorithms */

static void lists_are_names_or_changes(void) {
  leaves_word("SFTPCiphers aes256-ctr aes128-ctr", "aes256-ctr,aes128-ctr");
  leaves_word("SFTPCiphers aes256-ctr,aes128-ctr,aes256-ctr",
    "aes256-ctr,aes128-ctr");
  leaves_word("SFTPCiphers +aes256-ctr,aes128-ctr",
    "+aes256-ctr,+aes128-ctr");
  leaves_word("SFTPCiphers -aes256-ctr,aes128-ctr ^aes192-ctr",
    "-aes256-ctr,-aes128-ctr,^aes192-ctr");
  leaves_word("SFTPCiphers -aes*", "-aes*");
  leaves_word("SFTPCiphers -aes?56-ctr", "-aes?56-ctr");
  refuses("SFTPCiphers aes256-ctr +aes128-ctr", "not both");
  refuses("SFTPCiphers +aes*", "unsupported cipher algorithm: aes*");
  refuses("SFTPCiphers aes*", "unsupported cipher algorithm");
  refuses("SFTPCiphers -rot13", "unsupported cipher algorithm: rot13");
  refuses("SFTPCiphers aes256-ctr,rot13 aes128-ctr", "rot13");
  refuses("SFTPCiphers ,", "unsupported cipher algorithm: ");
  leaves_word("SFTPDigests hmac-sha2-256", "hmac-sha2-256");
  refuses("SFTPDigests aes256-ctr", "unsupported digest");
  leaves_word("SFTPKeyExchanges curve25519-sha256", "curve25519-sha256");
  refuses("SFTPKeyExchanges aes256-ctr", "unsupported key exchange");
  leaves_word("SFTPHostKeys ssh-ed25519", "ssh-ed25519");
  refuses("SFTPHostKeys aes256-ctr", "unsupported host key");
  leaves_word("SFTPAuthPublicKeys ssh-ed25519", "ssh-ed25519");
  leaves_word("SFTPAuthPublicKeys ssh-ed25519-cert-v01@openssh.com",
    "ssh-ed25519-cert-v01@openssh.com");
  refuses("SFTPAuthPublicKeys aes256-ctr", "unsupported auth public key");
  leaves_word("SFTPCASignatureAlgorithms +ssh-ed25519", "+ssh-ed25519");
  refuses("SFTPCASignatureAlgorithms ssh-ed25519 "
    "+ssh-ed25519-cert-v01@openssh.com", "which sign nothing");
  refuses("SFTPCASignatureAlgorithms aes256-ctr", "unsupported");
}

static void profiles_are_named(void) {
  leaves_int("SFTPAlgorithmProfile modern",
    sftp_alg_profile_find("modern"));
  leaves_int("SFTPAlgorithmProfile legacy",
    sftp_alg_profile_find("legacy"));
  refuses("SFTPAlgorithmProfile antique", "modern, default, legacy");
}

/* ---- Keys */

static const char *with_file(const char *before, const char *after) {
  return pstrcat(p, before, file, after, NULL);
}

static const char *with_dir(const char *before) {
  return pstrcat(p, before, dir, NULL);
}

static void host_keys_are_files_or_in_agents(void) {
  static config_rec global = { .config_type = CONF_GLOBAL };
  static config_rec host = { .config_type = CONF_VIRTUAL };

  leaves_words("SFTPHostKey agent:/socket", 2, "");
  leaves_word("SFTPHostKey norsa", "NoRSA");
  leaves_word("SFTPHostKey noed448", "NoED448");
  leaves_word(with_file("SFTPHostKey ", ""), file);
  refuses("SFTPHostKey agent:socket", "behind agent:");
  refuses("SFTPHostKey key", "must be an absolute path");
  refuses(with_file("SFTPHostKey ", "-absent"), "No such file");
  refuses(with_dir("SFTPHostKey "), "is not a regular file");
  reloading = true;
  leaves_word(with_file("SFTPHostKey ", "-absent"),
    with_file("", "-absent"));
  leaves_word(with_dir("SFTPHostKey "), dir);
  refuses("SFTPHostKey key", "must be an absolute path");
  reloading = false;
  cmd->config = &global;
  cmd->argv[1] = "NoRSA";
  ok(daemon_refusal(ftpd_set_hostkey(cmd)) == NULL &&
    strcmp(daemon_record->argv[1], "global") == 0, "in <Global>");
  cmd->argv[1] = "agent:/socket";
  ok(daemon_refusal(ftpd_set_hostkey(cmd)) == NULL &&
    strcmp(daemon_record->argv[1], "global") == 0, "... and of an agent");
  cmd->argv[1] = "/cert";
  ok(daemon_refusal(ftpd_set_hostcertificate(cmd)) == NULL &&
    strcmp(daemon_record->argv[1], "global") == 0, "... and a certificate");
  cmd->config = &host;
  ok(daemon_refusal(ftpd_set_hostcertificate(cmd)) == NULL &&
    strcmp(daemon_record->argv[1], "") == 0, "not in another section");
  leaves_words("SFTPHostCertificate /cert", 2, "");
  leaves_word("SFTPHostCertificate /cert", "/cert");
  refuses("SFTPHostCertificate cert", "must be an absolute path");
}

static void stores_are_those_that_exist(void) {
  leaves_words("SFTPAuthorizedUserKeys file:/k exec:/good", 2, "exec:/good");
  leaves_words("SFTPAuthorizedHostKeys file:/k", 1, "file:/k");
  refuses("SFTPAuthorizedUserKeys /k", "types here: file:, exec:, ldap:)");
  refuses("SFTPAuthorizedHostKeys /k", "types here: file:)");
  refuses("SFTPAuthorizedUserKeys sql:/k", "unsupported key store");
  refuses("SFTPAuthorizedHostKeys exec:/good", "unsupported key store");
  refuses("SFTPAuthorizedUserKeys file:/k exec:/bad", "a bad program");
  refuses("SFTPAuthorizedUserKeys exec:/bad file:/k", "a bad program");
  refuses("SFTPAuthorizedUserKeys ldap:", "mod_ldap.c before");
  has_ldap = true;
  leaves_word("SFTPAuthorizedUserKeys ldap:", "ldap:");
  has_ldap = false;
}

static void stores_may_be_those_of_some_users(void) {
  config_rec *c = record("SFTPAuthorizedUserKeys group a,b file:/k exec:/good");
  static config_rec section = { .config_type = CONF_CLASS,
    .name = "<IfUser>" };
  unsigned int before = daemon_messages;

  is_str(c->name, "SFTPAuthorizedUserKeys for", "a rule");
  ok(c->argc == 5 && strcmp(c->argv[2], "a,b") == 0 &&
    strcmp(c->argv[3], "file:/k") == 0 &&
    strcmp(c->argv[4], "exec:/good") == 0, "... with names and stores");
  refuses("SFTPAuthorizedUserKeys user a", "at least one store");
  refuses("SFTPAuthorizedUserKeys user", "at least one store");
  refuses("SFTPAuthorizedUserKeys user a, file:/k", "empty name");
  refuses("SFTPAuthorizedUserKeys user a file:/k exec:/bad", "a bad program");
  cmd = daemon_directive(p, "SFTPAuthorizedUserKeys user a file:/k");
  cmd->config = &section;
  ok(daemon_refusal(ftpd_set_authorizeduserkeys(cmd)) == NULL &&
    daemon_messages == before + 1, "a section without effect is warned of");
}

static void commands_run_as_users(void) {
  config_rec *c = record("SFTPAuthorizedKeysCommandUser keys");

  ok(strcmp(c->argv[0], "keys") == 0 && *((uid_t *) c->argv[1]) == 4711 &&
    *((gid_t *) c->argv[2]) == 815, "with their numbers");
  refuses("SFTPAuthorizedKeysCommandUser nobody-here", "no such user");
  refuses("SFTPAuthorizedKeysCommandUser root", "is root");
}

static void lists_of_keys_are_files_or_queries(void) {
  leaves_words(with_file("SFTPRevokedKeys sql:/good ", ""), 2, file);
  leaves_words(with_file("SFTPTrustedUserCAKeys sql:/good ", ""), 2, file);
  refuses("SFTPRevokedKeys sql:/bad", "a bad query");
  refuses("SFTPRevokedKeys keys", "is not an absolute path");
  refuses(with_file("SFTPRevokedKeys ", "-absent"), "No such file");
  refuses(with_file("SFTPTrustedUserCAKeys sql:/good ", "-absent"),
    "No such file");
  refuses(with_dir("SFTPRevokedKeys "), "not a regular file");
  reloading = true;
  leaves_word(with_dir("SFTPRevokedKeys "), dir);
  leaves_word(with_file("SFTPRevokedKeys ", "-absent"),
    with_file("", "-absent"));
  refuses("SFTPRevokedKeys keys", "is not an absolute path");
  reloading = false;
}

static void principals_have_sources(void) {
  leaves_word("SFTPAuthorizedPrincipals /p/%u", "/p/%u");
  leaves_word("SFTPAuthorizedPrincipals ~/p", "~/p");
  leaves_word("SFTPAuthorizedPrincipals %h/p", "%h/p");
  leaves_word("SFTPAuthorizedPrincipals exec:/good", "exec:/good");
  leaves_word("SFTPAuthorizedPrincipals sql:/good", "sql:/good");
  refuses("SFTPAuthorizedPrincipals exec:/bad", "a bad program");
  refuses("SFTPAuthorizedPrincipals sql:/bad", "a bad query");
  refuses("SFTPAuthorizedPrincipals p", "begins with ~ or %h/");
  refuses("SFTPAuthorizedPrincipals %hp", "begins with ~ or %h/");
}

static void weak_keys_have_a_list(void) {
  leaves_word("SFTPKeyBlacklist None", "None");
  leaves_word(with_file("SFTPKeyBlacklist ", ""), file);
  refuses("SFTPKeyBlacklist list", "is not an absolute path");
  refuses(with_file("SFTPKeyBlacklist ", "-absent"), "not found");
  reloading = true;
  leaves_word(with_file("SFTPKeyBlacklist ", "-absent"),
    with_file("", "-absent"));
  reloading = false;
}

static void has_limits(const char *line, unsigned int rsa, unsigned int dsa,
    unsigned int ec) {
  const struct sftp_key_limits *l = record(line)->argv[0];

  ok(l->rsa == rsa && l->dsa == dsa && l->ec == ec, "... with its limits");
}

static void keys_have_limits(void) {
  has_limits("SFTPKeyLimits MinimumRSASize 2048", 2048, FTPD_BITS_UNNAMED,
    FTPD_BITS_UNNAMED);
  has_limits("SFTPKeyLimits minimumdsasize 0 MinimumECSize 65536",
    FTPD_BITS_UNNAMED, 0, 65536);
  refuses("SFTPKeyLimits", "expected pairs");
  refuses("SFTPKeyLimits MinimumRSASize", "expected pairs");
  refuses("SFTPKeyLimits MinimumRSASize 1 MinimumECSize", "expected pairs");
  refuses("SFTPKeyLimits MaximumRSASize 1", "unknown SFTPKeyLimit");
  refuses("SFTPKeyLimits MinimumRSASize 65537", "is no number of bits");
}

static void has_form(const char *words, const char *digest,
    enum sftp_fingerprint_form form) {
  const config_rec *c = record(pstrcat(p, "SFTPKeyFingerprints ", words,
    NULL));

  ok(strcmp(c->argv[0], digest) == 0 &&
    *((enum sftp_fingerprint_form *) c->argv[1]) == form, "... in that form");
}

static void fingerprints_have_forms(void) {
  has_form("sha256", "SHA256", FINGERPRINT_BASE64);
  has_form("SHA1", "SHA1", FINGERPRINT_BASE64);
  has_form("md5", "MD5", FINGERPRINT_COLONS);
  has_form("md5+base64", "MD5", FINGERPRINT_BASE64);
  has_form("sha256+HEX", "SHA256", FINGERPRINT_HEX);
  has_form("sha256+hex+colons", "SHA256", FINGERPRINT_COLONS);
  has_form("sha256+hex+colon", "SHA256", FINGERPRINT_COLONS);
  refuses("SFTPKeyFingerprints sha3", "sha256, sha1, md5");
  refuses("SFTPKeyFingerprints sha256+oct", "base64, hex, hex+colons");
}

static void other_files_exist(void) {
  leaves_word(with_file("SFTPPassPhraseProvider ", ""), file);
  refuses("SFTPPassPhraseProvider program", "must be a full path");
  refuses(with_file("SFTPPassPhraseProvider ", "-absent"), "No such file");
  refuses(with_dir("SFTPPassPhraseProvider "), "Not a regular file");
  reloading = true;
  leaves_word(with_dir("SFTPPassPhraseProvider "), dir);
  reloading = false;
  leaves_word("SFTPDHParamFile /params", "/params");
  refuses("SFTPDHParamFile params", "expected an absolute path");
}

/* ---- Control */

static void commands_have_rules(void) {
  leaves_words("SFTPControlsACLs list allow user a,b", 4, "a,b");
  ok(strcmp(acl.may, "allow") == 0 && strcmp(acl.who, "user") == 0 &&
    strcmp(acl.names, "a,b") == 0, "... that are applied");
  leaves_words("SFTPControlsACLs all deny group a", 4, "a");
  refuses("SFTPControlsACLs all deny group", "wrong number");
  refuses("SFTPControlsACLs all deny group a b", "wrong number");
  refuses("SFTPControlsACLs all forbid group a", "allow or deny");
  refuses("SFTPControlsACLs all deny class a", "user or group");
  refuses("SFTPControlsACLs list,fly deny user a",
    "unknown command: 'fly' (accepted: all, list, kick)");
  refuses("SFTPControlsACLs fly deny user a", "unknown command: 'fly'");
}

static void is_metrics(const char *line, const char *path, unsigned int secs) {
  const struct metrics *m = record(line)->argv[0];

  ok(strcmp(m->path, path) == 0 && m->secs == secs, "... with its seconds");
}

static void metrics_have_a_file(void) {
  is_metrics("SFTPMetricsFile /m", "/m", 15);
  is_metrics("SFTPMetricsFile /m 1", "/m", 1);
  is_metrics("SFTPMetricsFile /m 86400", "/m", 86400);
  refuses("SFTPMetricsFile", "wrong number");
  refuses("SFTPMetricsFile /m 1 1", "wrong number");
  refuses("SFTPMetricsFile m", "expected an absolute path");
  refuses("SFTPMetricsFile /m 0", "interval '0'");
  refuses("SFTPMetricsFile /m 86401", "interval '86401'");
}

static void make_file(void) {
  FILE *f;

  if (mkdtemp(dir) == NULL) {
    bail_out("no directory: %s", strerror(errno));
  }

  file = pstrcat(p, dir, "/file", NULL);
  f = fopen(file, "w");
  if (f == NULL || fclose(f) != 0) {
    bail_out("no file: %s", strerror(errno));
  }
}

int main(void) {
  p = make_sub_pool(NULL);
  make_file();
  numbers_of_words_are_checked();
  the_table_has_every_name_once();
  words_are_kept();
  switches_are_on_or_off();
  crypto_devices_are_gone();
  clients_are_asked_so_often();
  bits_are_set_and_taken_away();
  logs_are_named();
  classes_of_traffic_are_named();
  keys_are_renewed();
  lists_are_names_or_changes();
  profiles_are_named();
  host_keys_are_files_or_in_agents();
  stores_are_those_that_exist();
  stores_may_be_those_of_some_users();
  commands_run_as_users();
  lists_of_keys_are_files_or_queries();
  principals_have_sources();
  weak_keys_have_a_list();
  keys_have_limits();
  fingerprints_have_forms();
  other_files_exist();
  commands_have_rules();
  metrics_have_a_file();
  (void) unlink(file);
  (void) rmdir(dir);
  destroy_pool(p);
  return done_testing();
}
