/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* qos.c -- SFTPQoS: classes of traffic, applied to the socket. */

#include "qos.h"

#include <ctype.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#define NOPTIONS 2

/* An IPv6 socket may carry IPv4, so each socket gets both options, if it
 * accepts them.
 */
static const struct {
  int level, name;
} options[NOPTIONS] = {
  { IPPROTO_IP, IP_TOS }, { IPPROTO_IPV6, IPV6_TCLASS }
};

struct sftp_qos {
  int before[NOPTIONS];         /* initial value of the socket; -1: no such
                                 * option */
};

/* ---- Names */

const char sftp_qos_words[] = "af11 to af43, cs0 to cs7, ef, le, lowdelay, "
  "throughput, reliability, none, or a number up to 255";

static bool is_between(char c, char first, char last) {
  return c >= first && c <= last;
}

/* RFC 2597, section 6; RFC 2474, section 4.2.2. */
static bool find_series(const char *word, int *class) {
  if (strncasecmp(word, "af", 2) == 0 && strlen(word) == 4 &&
      is_between(word[2], '1', '4') && is_between(word[3], '1', '3')) {
    *class = (word[2] - '0') << 5 | (word[3] - '0') << 3;
    return true;
  }

  if (strncasecmp(word, "cs", 2) == 0 && strlen(word) == 3 &&
      is_between(word[2], '0', '7')) {
    *class = (word[2] - '0') << 5;
    return true;
  }

  return false;
}

static bool find_number(const char *word, int *class) {
  char *end = NULL;
  long n;

  if (!isdigit((unsigned char) *word)) {
    return false;
  }

  n = strtol(word, &end, 0);
  *class = (int) n;
  return *end == '\0' && n >= 0 && n <= 255;
}

bool sftp_qos_find(const char *word, int *class) {
  static const struct {
    const char *name;
    int class;
  } names[] = {
    { "ef", 0xb8 },             /* RFC 3246 */
    { "le", 0x04 },             /* RFC 8622 */
    { "lowdelay", 0x10 },       /* RFC 1349 */
    { "throughput", 0x08 },
    { "reliability", 0x04 },
    { "none", SFTP_QOS_NONE }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    if (strcasecmp(word, names[i].name) == 0) {
      *class = names[i].class;
      return true;
    }
  }

  return find_series(word, class) || find_number(word, class);
}

/* ---- The socket */

static struct sftp_qos *look_before(struct ssh_conn *c) {
  struct sftp_qos *q = palloc(c->pool, sizeof(*q));
  size_t i;

  for (i = 0; i < NOPTIONS; i++) {
    socklen_t len = sizeof(q->before[i]);

    if (getsockopt(c->fd, options[i].level, options[i].name, &q->before[i],
        &len) < 0) {
      q->before[i] = -1;
    }
  }

  return q;
}

void sftp_qos_choose(struct ssh_conn *c, bool bulk) {
  const struct sftp_qos_classes *classes = c->set->qos;
  size_t i;
  int class;

  if (classes == NULL) {
    return;
  }

  if (c->qos == NULL) {
    c->qos = look_before(c);
  }

  class = bulk ? classes->bulk : classes->interactive;
  for (i = 0; i < NOPTIONS; i++) {
    int value = class != SFTP_QOS_NONE ? class : c->qos->before[i];

    if (c->qos->before[i] >= 0 && setsockopt(c->fd, options[i].level,
        options[i].name, &value, sizeof(value)) < 0) {
      SFTP_TRACE(TRACE_SSH2, 3, "unable to set the traffic class to %d: %s",
        value, strerror(errno));
    }
  }
}
