/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* version.c -- identification strings (RFC 4253, section 4.2), and observed
 * actions of clients.
 */

#include "conn.h"
#include "ftpd-report.h"
#include "ftpd-user.h"
#include "proxy-header.h"
#include "ssh-version.h"

/* The identification string is at most 255 bytes with CR LF (RFC 4253,
 * section 4.2).
 */
#define IDENT_MAX 255

int sftp_version_send(struct ssh_conn *c) {
  const char *line = pstrcat(c->pool, c->set->ident, "\r\n", NULL);

  sftp_log("sent server version '%s'", c->set->ident);
  return sftp_packets_raw(c->pkts, line, strlen(line));
}

/* The text after "SSH-2.0-", or NULL for another protocol. */
static const char *behind_prefix(const struct ssh_conn *c, const char *line) {
  if (strncmp(line, "SSH-2.0-", 8) == 0) {
    return line + 8;
  }

  if ((c->set->opts & SFTP_OPT_OLD_PROTO_COMPAT) != 0 &&
      strncmp(line, "SSH-1.99-", 9) == 0) {
    return line + 9;
  }

  return NULL;
}

static bool is_printable(const char *s) {
  for (; *s != '\0'; s++) {
    if ((unsigned char) *s < 0x20 || (unsigned char) *s > 0x7e) {
      return false;
    }
  }

  return true;
}

bool sftp_version_is_acceptable(const struct ssh_conn *c, const char *line) {
  const char *software = behind_prefix(c, line);

  return strlen(line) <= IDENT_MAX && software != NULL && *software != '\0' &&
    *software != ' ' && is_printable(software);
}

void sftp_version_know(struct ssh_conn *c, const char *line) {
  const char *software = behind_prefix(c, line);

  c->peer.ident = pstrdup(c->pool, line);
  c->peer.software = pstrndup(c->pool, software, strcspn(software, " "));
}

/* The action of a scanner; NULL for all others. */
static const char *scanner_does(const char *software) {
  return strstr(software, "SSH_Version_Mapper") != NULL ? "scan" :
    strncmp(software, "Probe-", 6) == 0 ? "probe" : NULL;
}

/* The peer may not be an SSH client: sends one line of text, without any of the
 * peer's own bytes.
 */
static void tell_mismatch(struct ssh_conn *c) {
  static const char text[] = "Protocol mismatch.\n";

  if (sftp_packets_raw(c->pkts, text, sizeof(text) - 1) == SFTP_OK) {
    (void) sftp_packets_flush(c->pkts);
  }

  c->peer.gone = true;
}

static int refuse_version(struct ssh_conn *c, const char *line) {
  tell_mismatch(c);
  sftp_log("Bad protocol version '%s' from %s", line,
    ftpd_remote_ip(c->ftpd));
  return sftp_fail(c, SFTP_ERR_VERSION, "protocol mismatch");
}

/* Trusted proxies have sent theirs before the session began. */
static int refuse_proxy(struct ssh_conn *c) {
  tell_mismatch(c);
  return sftp_fail(c, SFTP_ERR_VERSION, "PROXY header from %s, which "
    "SFTPProxyProtocol does not trust", ftpd_remote_ip(c->ftpd));
}

int sftp_version_read(struct ssh_conn *c) {
  struct sftp_str arrived = sftp_packets_arrived(c->pkts);
  char line[IDENT_MAX + 1];
  const char *software, *does;
  int res;

  if (sftp_proxy_begins(arrived.ptr, arrived.len)) {
    return refuse_proxy(c);
  }

  res = sftp_packets_line(c->pkts, line, sizeof(line));
  if (res == 0) {
    return 0;
  }

  if (res == SFTP_ERR_FORMAT) {
    return refuse_version(c, "(with a NUL byte)");
  }

  if (res < 0) {
    return refuse_version(c, "(longer than 255 bytes)");
  }

  software = behind_prefix(c, line);
  if (software == NULL || *software == '\0') {
    return refuse_version(c, line);
  }

  if (!sftp_version_is_acceptable(c, line)) {
    return sftp_fail(c, SFTP_ERR_VERSION,
      "illegal characters in client version '%s'", line);
  }

  sftp_log("received client version '%s'", line);
  does = scanner_does(software);
  software = pstrndup(c->pool, software, strcspn(software, " "));
  sftp_log("handling connection from SSH2 client '%s'", software);
  if (does != NULL) {
    c->peer.gone = true;
    sftp_log("SSH2 %s from '%s', disconnecting", does, software);
    return sftp_fail(c, SFTP_ERR_VERSION, "scanned by '%s'", software);
  }

  sftp_version_know(c, line);
  return 1;
}

/* Of the words for an action; more is cut off. */
#define DOES_LEN 128

static void put_words(char *text, const char *how, struct sftp_str what) {
  snprintf(text, DOES_LEN, "%s %.*s", how, (int) (what.len < DOES_LEN ?
    what.len : DOES_LEN), (const char *) what.ptr);
}

static void report(struct ssh_conn *c, const char *does) {
  const struct sftp_settings *set = ftpd_client(c->ftpd, c->peer.software,
    does);

  c->set = set != NULL ? set : c->set;
}

void sftp_client_observed(struct ssh_conn *c, const char *how,
    struct sftp_str what) {
  char text[DOES_LEN];

  put_words(text, how, what);
  report(c, text);
}

void sftp_client_observed_all(struct ssh_conn *c, pool *p, const char *how,
    const struct sftp_str *what, size_t n) {
  const char **does = palloc(p, (n + 1) * sizeof(does[0]));
  char text[DOES_LEN];
  size_t i;

  for (i = 0; i < n; i++) {
    put_words(text, how, what[i]);
    does[i] = pstrdup(p, text);
  }

  if (c->elsewhere != NULL) {
    c->elsewhere->observed(c, does, n);
    return;
  }

  for (i = 0; i < n; i++) {
    report(c, does[i]);
  }
}
