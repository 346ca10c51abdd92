/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-conf.c -- the configuration of a virtual host as struct sftp_settings,
 * and the final checks before the server starts.
 */

#include "directives.h"
#include "ftpd-abi.h"
#include "ftpd-conf.h"
#include "ftpd-contradict.h"
#include "ftpd-hostkeys.h"
#include "ftpd-kept.h"
#include "ftpd-log.h"
#include "ftpd-match.h"
#include "ftpd-methods.h"
#include "ftpd-rules.h"
#include "ftpd-seen.h"
#include "ftpd-session.h"
#include "ftpd-source.h"
#include "ftpd-upload-conf.h"
#include "ftpd-usercert.h"

#include "alg-profile.h"
#include "clients.h"
#include "exec.h"
#include "ftpd-report.h"
#include "fxp.h"
#include "namelist.h"
#include "traffic.h"
#include "traits.h"

/* The host's list of virtual hosts (none of its headers declares it). */
extern xaset_t *server_list;

static void *param(server_rec *s, const char *name) {
  return get_param_ptr(s->conf, name, FALSE);
}

bool ftpd_conf_engine(server_rec *s) {
  const int *on = param(s, "SFTPEngine");

  return on != NULL && *on == TRUE;
}

/* Whether the administrator has set the list. */
static bool is_named(server_rec *s, const char *directive) {
  return param(s, directive) != NULL ||
    param(s, "SFTPAlgorithmProfile") != NULL;
}

/* Whether our KEXINIT has to wait for the client's version. */
static bool depends_on_client(server_rec *s) {
  return ftpd_match_early(s) || !is_named(s, "SFTPKeyExchanges") ||
    !is_named(s, "SFTPDigests");
}

unsigned long ftpd_opts(server_rec *s) {
  unsigned long opts = depends_on_client(s) ? SFTP_OPT_PESSIMISTIC_KEXINIT : 0;
  config_rec *c;

  for (c = find_config(s->conf, CONF_PARAM, "SFTPOptions", FALSE); c != NULL;
      c = find_config_next(c, c->next, CONF_PARAM, "SFTPOptions", FALSE)) {
    opts |= *((unsigned long *) c->argv[0]);
  }

  return opts;
}

/* ---- The version line */

/* RFC 4253, section 4.2: printable US-ASCII, 255 bytes with CR LF. */
static bool ident_valid(const char *text) {
  size_t len = strlen(text), i;

  if (len == 0 || len > 253 - strlen(SFTP_ID_PREFIX) || *text == ' ') {
    return false;
  }

  for (i = 0; i < len; i++) {
    if (text[i] < ' ' || text[i] > '~') {
      return false;
    }
  }

  return true;
}

/* Expands the host's variables in the text of ServerIdent. */
static const char *ident_text(pool *p, server_rec *s, const char *text) {
  const pr_netaddr_t *addr = session.c != NULL ? session.c->local_addr :
    s->addr;

  return sreplace(p, text,
    "%L", addr != NULL ? pr_netaddr_get_ipstr(addr) : s->ServerAddress,
    "%V", s->ServerFQDN != NULL ? s->ServerFQDN : s->ServerAddress,
    "%v", s->ServerName != NULL ? s->ServerName : "",
    "%{version}", PROFTPD_VERSION_TEXT, NULL);
}

/* ServerIdent: off hides the version, on with a text sends that text. */
const char *ftpd_conf_ident(pool *p, server_rec *s) {
  config_rec *c = find_config(s->conf, CONF_PARAM, "ServerIdent", FALSE);
  const char *text;

  if (c == NULL) {
    return SFTP_ID_DEFAULT_STRING;
  }

  if (*((unsigned char *) c->argv[0]) == FALSE) {
    return SFTP_ID_PREFIX "mod_sftp";
  }

  text = c->argc > 1 ? ident_text(p, s, c->argv[1]) : "";
  if (ident_valid(text)) {
    return pstrcat(p, SFTP_ID_PREFIX, text, NULL);
  }

  return SFTP_ID_DEFAULT_STRING;
}

/* ---- Settings */

/* Changes the profile's list as the directive says. */
static void change_algs(pool *p, server_rec *s, const char *directive,
    enum sftp_alg_family f, const char **names) {
  const char *list = param(s, directive);

  if (list != NULL) {
    *names = sftp_alg_change(p, f, *names, list);
  }
}

static void set_algs(pool *p, server_rec *s, struct sftp_settings *set) {
  static const char weak[] = "diffie-hellman-group1-sha1";
  const int *profile = param(s, "SFTPAlgorithmProfile");
  const struct sftp_alg *alg;

  sftp_settings_profile(p, profile != NULL ?
    (enum sftp_alg_profile) *profile : PROFILE_DEFAULT, set);
  change_algs(p, s, "SFTPKeyExchanges", ALGS_KEX, &set->kex);
  change_algs(p, s, "SFTPHostKeys", ALGS_HOSTKEY, &set->hostkeys);
  change_algs(p, s, "SFTPCiphers", ALGS_CIPHER, &set->ciphers);
  change_algs(p, s, "SFTPDigests", ALGS_MAC, &set->macs);
  set->named =
    (is_named(s, "SFTPKeyExchanges") ? 1U << ALGS_KEX : 0) |
    (is_named(s, "SFTPHostKeys") ? 1U << ALGS_HOSTKEY : 0) |
    (is_named(s, "SFTPCiphers") ? 1U << ALGS_CIPHER : 0) |
    (is_named(s, "SFTPDigests") ? 1U << ALGS_MAC : 0);
  change_algs(p, s, "SFTPAuthPublicKeys", ALGS_SIGNATURE, &set->userkeys);
  set->ca_algs = sftp_alg_profile(p, ALGS_SIGNATURE, PROFILE_DEFAULT);
  change_algs(p, s, "SFTPCASignatureAlgorithms", ALGS_SIGNATURE,
    &set->ca_algs);

  alg = sftp_alg_find(ALGS_KEX, sftp_str_of(weak));
  if ((set->opts & SFTP_OPT_ALLOW_WEAK_DH) != 0 && alg != NULL &&
      sftp_alg_usable(ALGS_KEX, alg) && param(s, "SFTPKeyExchanges") == NULL) {
    set->kex = pstrcat(p, set->kex, ",", weak, NULL);
  }
}

static void set_limit(unsigned int named, unsigned int *bits) {
  if (named != FTPD_BITS_UNNAMED) {
    *bits = named;
  }
}

/* After the profile, whose limits they change. */
static void set_key_limits(server_rec *s, struct sftp_settings *set) {
  const struct sftp_key_limits *named = param(s, "SFTPKeyLimits");

  if (named != NULL) {
    set_limit(named->rsa, &set->min_bits.rsa);
    set_limit(named->dsa, &set->min_bits.dsa);
    set_limit(named->ec, &set->min_bits.ec);
    set->min_bits_named = true;
  }
}

static void set_rekey(server_rec *s, struct sftp_settings *set) {
  const struct rekey *r = param(s, "SFTPRekey");

  set->rekey.secs = FTPD_REKEY_SECS;
  set->rekey.bytes = FTPD_REKEY_BYTES;
  set->rekey.packets = FTPD_REKEY_PACKETS;
  set->rekey.timeout_secs = 0;

  if (r != NULL && r->never) {
    set->rekey.secs = 0;
    set->rekey.bytes = 0;
    set->rekey.packets = 0;

  } else if (r != NULL) {
    set->rekey.secs = r->secs;
    set->rekey.bytes = r->bytes;
    set->rekey.timeout_secs = r->timeout_secs;
  }
}

static void set_switches(server_rec *s, struct sftp_settings *set) {
  const unsigned long *extensions = param(s, "SFTPExtensions");
  const unsigned long *commands = param(s, "SFTPExecCommands");

  set->extensions = extensions != NULL ? *extensions :
    sftp_switch_defaults(sftp_fxp_ext_switch);
  set->exec_commands = commands != NULL ? *commands :
    sftp_switch_defaults(sftp_exec_switch);
}

static void set_numbers(server_rec *s, struct sftp_settings *set) {
  const unsigned int *n;
  const int *compression = param(s, "SFTPCompression");
  config_rec *c;

  set->compression = compression != NULL ?
    (enum sftp_compression_setting) *compression : COMPRESS_OFF;
  set_switches(s, set);

  n = param(s, "SFTPMaxChannels");
  set->max_channels = n != NULL ? *n : FTPD_MAX_CHANNELS;
  n = param(s, "MaxLoginAttempts");
  set->max_login_attempts = n != NULL ? *n : FTPD_MAX_LOGIN_ATTEMPTS;

  c = find_config(s->conf, CONF_PARAM, "SFTPClientAlive", FALSE);
  if (c != NULL) {
    set->alive.count = *((unsigned int *) c->argv[0]);
    set->alive.secs = *((unsigned int *) c->argv[1]);
  }
}

static void set_fingerprints(server_rec *s, struct sftp_settings *set) {
  config_rec *c = find_config(s->conf, CONF_PARAM, "SFTPKeyFingerprints",
    FALSE);

  /* As the packaged module does. */
  set->fingerprint.digest = "SHA256";
  set->fingerprint.form = FINGERPRINT_COLONS;
  if (c != NULL) {
    set->fingerprint.digest = c->argv[0];
    set->fingerprint.form = *((enum sftp_fingerprint_form *) c->argv[1]);
    set->fingerprint.named = true;
  }
}

static void set_accept_env(pool *p, server_rec *s,
    struct sftp_settings *set) {
  array_header *list = make_array(p, 4, sizeof(char *));
  config_rec *c;
  unsigned int i;

  for (c = find_config(s->conf, CONF_PARAM, "SFTPAcceptEnv", FALSE); c != NULL;
      c = find_config_next(c, c->next, CONF_PARAM, "SFTPAcceptEnv", FALSE)) {
    for (i = 0; i < c->argc; i++) {
      *((char **) push_array(list)) = c->argv[i];
    }
  }

  if (list->nelts == 0) {
    *((char **) push_array(list)) = pstrdup(p, "LANG");
  }

  *((char **) push_array(list)) = NULL;
  set->accept_env = list->elts;
}

static struct sftp_settings *settings(pool *p, server_rec *s, bool starting,
    int *faults) {
  struct sftp_settings *set = pcalloc(p, sizeof(struct sftp_settings));

  set->opts = ftpd_opts(s);
  set->ident = ftpd_conf_ident(p, s);
  set->services = SFTP_SERVICE_DEFAULT|SFTP_SERVICE_FL_DATE;
  set->sftp.min_version = 1;
  set->sftp.max_version = 6;
  set->sftp.utf8_version = 4;
  set_algs(p, s, set);
  set_key_limits(s, set);
  set_rekey(s, set);
  set_numbers(s, set);
  set_accept_env(p, s, set);
  set_fingerprints(s, set);
  set->traffic = param(s, "SFTPTrafficPolicy") != NULL ?
    sftp_traffic_find(param(s, "SFTPTrafficPolicy")) : NULL;
  set->qos = param(s, "SFTPQoS");
  ftpd_methods_chains(p, s, set);
  *faults += ftpd_hostkeys_load(p, s, set, starting);
  ftpd_dh_params(p, s, set, starting);
  return set;
}

struct sftp_settings *ftpd_conf_lists(pool *p, server_rec *s) {
  struct sftp_settings *set = pcalloc(p, sizeof(struct sftp_settings));

  set->opts = ftpd_opts(s);
  set_algs(p, s, set);
  set_key_limits(s, set);
  return set;
}

struct sftp_settings *ftpd_conf_settings(pool *p, server_rec *s) {
  int faults = 0;

  return settings(p, s, false, &faults);
}

unsigned int ftpd_conf_services(const config_rec *c) {
  unsigned int bits = 0;
  const array_header *list;
  unsigned int i;

  if (c == NULL) {
    return SFTP_SERVICE_DEFAULT|SFTP_SERVICE_FL_DATE;
  }

  list = c->argv[0];
  for (i = 0; i < list->nelts; i++) {
    const char *name = ((char **) list->elts)[i];

    bits |= strcasecmp(name, "sftp") == 0 ? SFTP_SERVICE_FL_SFTP :
      strcasecmp(name, "scp") == 0 ? SFTP_SERVICE_FL_SCP :
      strcasecmp(name, "date") == 0 ? SFTP_SERVICE_FL_DATE : 0;
  }

  return bits;
}

const struct sftp_settings *ftpd_conf_late(struct ftpd *h) {
  const unsigned int *n = param(h->server, "SFTPMaxChannels");

  h->set->max_channels = n != NULL ? *n : FTPD_MAX_CHANNELS;
  set_switches(h->server, h->set);
  h->set->services = ftpd_conf_services(find_config(h->server->conf, CONF_PARAM,
    "Protocols", FALSE));
  h->set->qos = param(h->server, "SFTPQoS");
  set_rekey(h->server, h->set);
  ftpd_abi_publish(h);
  return h->set;
}

const struct sftp_settings *ftpd_client(struct ftpd *h, const char *software,
    const char *does) {
  bool known = sftp_client_apply(h->pool, software, does, h->set);

  if (does != NULL) {
    ftpd_seen_does(does);
  }

  if (!ftpd_match_note(h->server, software, does) && !known) {
    return NULL;
  }

  /* The administrator's rules override the table, so they are applied last. */
  ftpd_match_apply(h->pool, h->server, software, h->set);
  return h->set;
}

/* ---- Checks before the start */

static int log_fault(server_rec *s, const char *text) {
  ftpd_log_server(s, PR_LOG_ERR, "%s", text);
  return 1;
}

/* Faults of files do not end a daemon that is already running. */
static int file_fault(server_rec *s, const char *text) {
  int n = log_fault(s, text);

  return ftpd_kept_reloading() ? 0 : n;
}

static void warn(server_rec *s, const char *text) {
  ftpd_log_server(s, PR_LOG_WARNING, "%s", text);
}

bool ftpd_conf_signs(const struct sftp_settings *set, struct sftp_str name) {
  const struct sftp_sig_alg *alg = sftp_sig_alg_find(name);
  unsigned int i;

  for (i = 0; alg != NULL && i < set->nhost_keys; i++) {
    if (strcmp(set->host_keys[i]->type->name, alg->key_type) == 0 &&
        (alg->cert_type == NULL || set->host_certs[i] != NULL)) {
      return true;
    }
  }

  return false;
}

/* Whether a host key can sign with one of the offered algorithms. */
static bool has_hostkey_alg(const struct sftp_settings *set) {
  struct sftp_str left = sftp_str_of(set->hostkeys), name;

  while (sftp_names_next(&left, &name)) {
    if (ftpd_conf_signs(set, name)) {
      return true;
    }
  }

  return false;
}

/* Lists from which all algorithms were removed. */
static int check_lists(server_rec *s, const struct sftp_settings *set) {
  const struct { const char *names, *text; } lists[] = {
    { set->kex, "SFTPKeyExchanges leaves no key exchange" },
    { set->ciphers, "SFTPCiphers leaves no cipher" },
    { set->macs, "SFTPDigests leaves no digest" },
    { set->userkeys, "SFTPAuthPublicKeys leaves no algorithm" }
  };
  int faults = 0;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(lists); i++) {
    faults += *lists[i].names == '\0' ? log_fault(s, lists[i].text) : 0;
  }

  return faults;
}

/* first: the first argument of the record that is a source. */
static int check_commands(pool *p, server_rec *s, const config_rec *c,
    unsigned int first, const char *directive) {
  unsigned int i;

  if (find_config(s->conf, CONF_PARAM, "SFTPAuthorizedKeysCommandUser",
        FALSE) != NULL) {
    return 0;
  }

  for (i = first; c != NULL && i < c->argc; i++) {
    if (ftpd_source_info(c->argv[i], "exec") != NULL) {
      return log_fault(s, pstrcat(p, directive, " exec: needs "
        "SFTPAuthorizedKeysCommandUser", NULL));
    }
  }

  return 0;
}

/* Queries may follow the directives that name them. */
static int check_queries(pool *p, server_rec *s, const char *directive) {
  config_rec *c = find_config(s->conf, CONF_PARAM, directive, FALSE);
  unsigned int i;
  int faults = 0;

  for (i = 0; c != NULL && i < c->argc; i++) {
    const char *info = ftpd_source_info(c->argv[i], "sql");
    const char *why = info != NULL ? ftpd_keysql_check_query(p, s, info) : NULL;

    if (why != NULL) {
      faults += log_fault(s, pstrcat(p, directive, " '", c->argv[i], "': ", why,
        NULL));
    }
  }

  return faults;
}

static int check_all_commands(pool *p, server_rec *s) {
  static const char *const names[] = { "SFTPAuthorizedUserKeys",
    "SFTPAuthorizedPrincipals" };
  struct ftpd_rule rule;
  config_rec *at = NULL;
  int faults = 0;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    faults += check_commands(p, s,
      find_config(s->conf, CONF_PARAM, names[i], FALSE), 0, names[i]);
  }

  while (ftpd_rule_next(s, FTPD_KEYS_RULE, &at, &rule)) {
    faults += check_commands(p, s, at, FTPD_RULE_ARGS, names[0]);
  }

  return faults;
}

static int check_sources(pool *p, server_rec *s) {
  return check_all_commands(p, s) +
    check_queries(p, s, "SFTPAuthorizedPrincipals") +
    check_queries(p, s, "SFTPTrustedUserCAKeys") +
    check_queries(p, s, "SFTPRevokedKeys");
}

static int check_methods(pool *p, server_rec *s,
    const struct sftp_settings *set) {
  int faults = 0;

  if (ftpd_methods_use(p, s, set, AUTH_PUBLICKEY) &&
      !ftpd_rule_has_keys(s) &&
      find_config(s->conf, CONF_PARAM, "SFTPTrustedUserCAKeys",
        FALSE) == NULL) {
    faults += log_fault(s, "SFTPAuthMethods names publickey, but there is no "
      "SFTPAuthorizedUserKeys and no SFTPTrustedUserCAKeys");
  }

  if (ftpd_methods_use(p, s, set, AUTH_HOSTBASED) &&
      find_config(s->conf, CONF_PARAM, "SFTPAuthorizedHostKeys",
        FALSE) == NULL) {
    faults += log_fault(s, "SFTPAuthMethods names hostbased, but there is no "
      "SFTPAuthorizedHostKeys");
  }

  return faults;
}

static int check_revoked(pool *p, server_rec *s) {
  const char *path = NULL, *why = NULL;

  if (ftpd_revoked_check(p, s, &path, &why) == 0) {
    return 0;
  }

  return file_fault(s, pstrcat(p, "SFTPRevokedKeys '", path,
    "' cannot be used: ", why, NULL));
}

static int check_uploads(pool *p, server_rec *s) {
  const char *why = ftpd_upload_conf_check(p, s);

  return why != NULL ? log_fault(s, why) : 0;
}

/* At the start the directive has checked it. */
static void check_weak(pool *p, server_rec *s) {
  const char *path = param(s, "SFTPKeyBlacklist");

  if (path != NULL && strcasecmp(path, "none") != 0 &&
      !exists2(p, path)) {
    warn(s, pstrcat(p, "SFTPKeyBlacklist '", path, "' is not there: keys of "
      "users are refused", NULL));
  }
}

static void check_authorities(pool *p, server_rec *s) {
  const char *path = NULL, *why = NULL;

  if (ftpd_usercert_check(p, s, &path, &why) < 0) {
    warn(s, pstrcat(p, "SFTPTrustedUserCAKeys '", path, "' cannot be used: ",
      why, NULL));
  }
}

/* Files without which the server works, but not as it was meant. */
static void check_files(pool *p, server_rec *s) {
  const char *path = param(s, "SFTPDisplayBanner"), *why;

  if (path != NULL && !exists2(p, path)) {
    warn(s, pstrcat(p, "SFTPDisplayBanner '", path, "' is not there", NULL));
  }

  path = param(s, "SFTPLog");
  why = path != NULL ? ftpd_log_objection(p, path) : NULL;
  if (why != NULL) {
    warn(s, pstrcat(p, "SFTPLog '", path, "' cannot be opened: ", why, NULL));
  }
}

static void check_unsupported(pool *p, server_rec *s) {
  config_rec *c;

  if (find_config(s->conf, CONF_PARAM, "ListOptions", TRUE) != NULL) {
    warn(s, "ListOptions has no effect with SFTPEngine");
  }

  c = find_config(s->conf, CONF_PARAM, "ServerIdent", FALSE);
  if (c != NULL && *((unsigned char *) c->argv[0]) == TRUE && c->argc > 1 &&
      !ident_valid(ident_text(p, s, c->argv[1]))) {
    warn(s, "the text of ServerIdent is no SSH version (printable ASCII, at "
      "most 245 characters): the built-in one is used");
  }
}

static int check_server(pool *p, server_rec *s) {
  const unsigned char *tls = param(s, "TLSEngine");     /* private to mod_tls */
  struct sftp_settings *set;
  int faults = 0;

  set = settings(p, s, true, &faults);

  if (tls != NULL && *tls == TRUE) {
    faults += log_fault(s, "cannot support both FTPS and SFTP: TLSEngine and "
      "SFTPEngine are on in one virtual host");
  }

  if (!pr_module_exists("mod_xfer.c")) {
    faults += log_fault(s, "SFTPEngine needs mod_xfer: add LoadModule "
      "mod_xfer.c");
  }

  if (set->nhost_keys == 0) {
    faults += file_fault(s, "no usable host key: SFTPEngine needs at least one "
      "SFTPHostKey");

  } else if (!has_hostkey_alg(set)) {
    faults += log_fault(s, "SFTPHostKeys leaves no algorithm for the keys of "
      "SFTPHostKey");
  }

  faults += check_lists(s, set);
  faults += ftpd_contradict_check(p, s, set);
  faults += check_methods(p, s, set);
  faults += check_sources(p, s);
  faults += check_revoked(p, s);
  faults += check_uploads(p, s);
  check_authorities(p, s);
  check_weak(p, s);
  check_files(p, s);
  check_unsupported(p, s);
  ftpd_contradict_repeated(p, s);
  return faults;
}

/* "proftpd -t -d 5" prints the table of clients. */
static void show_clients(void) {
  const struct sftp_client_row *row;
  pool *p = make_sub_pool(permanent_pool);

  for (row = sftp_clients; row->name != NULL; row++) {
    pr_log_debug(DEBUG5, MOD_SFTP_VERSION ": known client: %s",
      sftp_client_describe(p, row));
  }

  destroy_pool(p);
}

/* Other servers would take the header for a command. */
static void check_proxies(server_rec *s) {
  config_rec *c = find_config(s->conf, CONF_PARAM, "SFTPProxyProtocol", FALSE);

  if (c != NULL && c->argc > 0) {
    warn(s, "SFTPProxyProtocol has no effect without SFTPEngine");
  }
}

int ftpd_conf_check(void) {
  server_rec *s;
  int faults = 0;

  show_clients();
  ftpd_kept_open();
  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    if (ftpd_conf_engine(s)) {
      pool *p = make_sub_pool(permanent_pool);

      faults += check_server(p, s);
      destroy_pool(p);

    } else {
      check_proxies(s);
    }
  }

  ftpd_hostkeys_sweep();
  ftpd_kept_close();
  return faults;
}
