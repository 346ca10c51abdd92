/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* proxy-header.c -- the header of the PROXY protocol (versions 1 and 2 of
 * HAProxy's specification).
 */

#include "proxy-header.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static const char prefix_v1[] = "PROXY ";
static const unsigned char prefix_v2[12] = { '\r', '\n', '\r', '\n', '\0',
  '\r', '\n', 'Q', 'U', 'I', 'T', '\n' };

#define PREFIX_V1_LEN (sizeof(prefix_v1) - 1)

/* Of version 2: bytes before the addresses, and of two addresses and ports. */
#define FIXED_LEN 16
#define INET_LEN 12
#define INET6_LEN 36

#define TLV_HEAD_LEN 3
#define TLV_CRC32C 0x03

static int refuse(int err, const char *text, const char **why) {
  *why = text;
  return err;
}

/* Whether the bytes that have arrived match the beginning of the prefix. */
static bool matches(const unsigned char *p, size_t n, const void *prefix,
    size_t len) {
  return memcmp(p, prefix, n < len ? n : len) == 0;
}

bool sftp_proxy_begins(const unsigned char *p, size_t n) {
  return (n >= PREFIX_V1_LEN && matches(p, n, prefix_v1, PREFIX_V1_LEN)) ||
    (n >= sizeof(prefix_v2) && matches(p, n, prefix_v2, sizeof(prefix_v2)));
}

/* ---- Addresses */

static void set_address(struct sftp_proxy *out, const unsigned char *addr,
    bool v6, unsigned int port) {
  static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

  /* A rule for an IPv4 address must not be avoided by writing it otherwise. */
  if (v6 && memcmp(addr, mapped, sizeof(mapped)) == 0) {
    addr += sizeof(mapped);
    v6 = false;
  }

  out->kind = SFTP_PROXY_CLIENT;
  out->v6 = v6;
  out->port = port;
  memset(out->addr, 0, sizeof(out->addr));
  memcpy(out->addr, addr, v6 ? 16 : 4);
}

/* Whether a client can have this address: it is not "any", and no group. */
static bool is_host(const struct sftp_proxy *out) {
  static const unsigned char any[16];
  const unsigned char *a = out->addr;

  if (out->v6) {
    return memcmp(a, any, sizeof(any)) != 0 && a[0] != 0xff;
  }

  return a[0] != 0 && a[0] < 224;
}

static int checked(const struct sftp_proxy *out, const char **why) {
  return is_host(out) ? 1 : refuse(SFTP_ERR_FORMAT,
    "the client's address is not that of a host", why);
}

/* ---- Version 1: a line of text */

/* The next word of the line, which one space ends; copied with a NUL.  False if
 * there is none, or if it is too long.
 */
static bool next_word(const unsigned char **p, const unsigned char *end,
    char *word, size_t size) {
  const unsigned char *space = memchr(*p, ' ', (size_t) (end - *p));
  size_t len = (size_t) ((space != NULL ? space : end) - *p);

  if (len == 0 || len >= size || memchr(*p, '\0', len) != NULL) {
    return false;
  }

  memcpy(word, *p, len);
  word[len] = '\0';
  *p += len + (space != NULL);
  return true;
}

static bool parse_port(const char *word, unsigned int *port) {
  size_t len = strlen(word);

  if (len > 5 || strspn(word, "0123456789") != len ||
      (len > 1 && *word == '0')) {
    return false;
  }

  *port = (unsigned int) strtoul(word, NULL, 10);
  return *port <= 65535;
}

/* "source destination port port"; the destination is only checked. */
static int parse_addresses(const unsigned char *p, const unsigned char *end,
    bool v6, struct sftp_proxy *out, const char **why) {
  unsigned char addr[2][16];
  unsigned int port[2];
  char word[INET6_ADDRSTRLEN];
  int i, family = v6 ? AF_INET6 : AF_INET;

  for (i = 0; i < 2; i++) {
    if (!next_word(&p, end, word, sizeof(word)) ||
        inet_pton(family, word, addr[i]) != 1) {
      return refuse(SFTP_ERR_FORMAT, "an address is invalid", why);
    }
  }

  for (i = 0; i < 2; i++) {
    if (!next_word(&p, end, word, sizeof(word)) ||
        !parse_port(word, &port[i])) {
      return refuse(SFTP_ERR_FORMAT, "a port is invalid", why);
    }
  }

  if (p != end || end[-1] == ' ') {
    return refuse(SFTP_ERR_FORMAT, "there is more after the ports", why);
  }

  set_address(out, addr[0], v6, port[0]);
  return checked(out, why);
}

static int parse_line(const unsigned char *p, const unsigned char *end,
    struct sftp_proxy *out, const char **why) {
  char word[8];

  p += PREFIX_V1_LEN;
  if (!next_word(&p, end, word, sizeof(word))) {
    return refuse(SFTP_ERR_FORMAT, "the family is missing", why);
  }

  /* Whatever follows means nothing. */
  if (strcmp(word, "UNKNOWN") == 0) {
    out->kind = SFTP_PROXY_UNKNOWN;
    return 1;
  }

  if (strcmp(word, "TCP4") != 0 && strcmp(word, "TCP6") != 0) {
    return refuse(SFTP_ERR_FORMAT, "the family is not TCP4, TCP6 or UNKNOWN",
      why);
  }

  return parse_addresses(p, end, word[3] == '6', out, why);
}

static int parse_v1(const unsigned char *p, size_t n, struct sftp_proxy *out,
    const char **why) {
  size_t most = n < SFTP_PROXY_MAX_V1 ? n : SFTP_PROXY_MAX_V1;
  const unsigned char *lf = memchr(p, '\n', most);

  if (lf == NULL) {
    return n < SFTP_PROXY_MAX_V1 ? 0 : refuse(SFTP_ERR_LIMIT,
      "the line is longer than 107 bytes", why);
  }

  out->len = (size_t) (lf - p) + 1;
  if (lf[-1] != '\r') {
    return refuse(SFTP_ERR_FORMAT, "the line does not end with CR LF", why);
  }

  return parse_line(p, lf - 1, out, why);
}

/* ---- Version 2: binary */

static unsigned int get_u16(const unsigned char *p) {
  return (unsigned int) p[0] << 8 | p[1];
}

/* CRC-32C (RFC 3720, appendix B.4), of a header in which the four bytes of the
 * checksum count as zero.
 */
static uint32_t header_crc(const unsigned char *p, size_t n,
    const unsigned char *zeros) {
  uint32_t crc = 0xffffffff;
  size_t i;
  int bit;

  for (i = 0; i < n; i++) {
    crc ^= p + i >= zeros && p + i < zeros + 4 ? 0 : p[i];
    for (bit = 0; bit < 8; bit++) {
      crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
    }
  }

  return ~crc;
}

/* The TLVs must fill the header exactly; of their contents, only the checksum
 * is used.
 */
static int check_tlvs(const unsigned char *header, size_t total, size_t at,
    const char **why) {
  while (at < total) {
    const unsigned char *tlv = header + at;
    size_t left = total - at, len;

    if (left < TLV_HEAD_LEN) {
      return refuse(SFTP_ERR_SHORT, "a TLV is cut", why);
    }

    len = get_u16(tlv + 1);
    if (len > left - TLV_HEAD_LEN) {
      return refuse(SFTP_ERR_SHORT, "a TLV is longer than the header", why);
    }

    tlv += TLV_HEAD_LEN;
    if (tlv[-TLV_HEAD_LEN] == TLV_CRC32C && (len != 4 ||
        header_crc(header, total, tlv) != ((uint32_t) get_u16(tlv) << 16 |
          get_u16(tlv + 2)))) {
      return refuse(SFTP_ERR_FORMAT, "its checksum is wrong", why);
    }

    at += TLV_HEAD_LEN + len;
  }

  return 1;
}

static int parse_proxied(const unsigned char *p, struct sftp_proxy *out,
    const char **why) {
  const unsigned char *addr = p + FIXED_LEN;
  size_t addrs;
  int res;

  switch (p[13]) {
    case 0x00:                  /* unspecified */
      out->kind = SFTP_PROXY_UNKNOWN;
      return 1;

    case 0x11:                  /* TCP over IPv4 */
      addrs = INET_LEN;
      break;

    case 0x21:                  /* TCP over IPv6 */
      addrs = INET6_LEN;
      break;

    default:
      return refuse(SFTP_ERR_UNSUPPORTED,
        "the family is not TCP over IPv4 or IPv6", why);
  }

  if (out->len - FIXED_LEN < addrs) {
    return refuse(SFTP_ERR_SHORT, "the addresses are cut", why);
  }

  set_address(out, addr, addrs == INET6_LEN, get_u16(addr + addrs - 4));
  res = checked(out, why);
  return res == 1 ? check_tlvs(p, out->len, FIXED_LEN + addrs, why) : res;
}

static int parse_v2(const unsigned char *p, size_t n, struct sftp_proxy *out,
    const char **why) {
  if (n >= 13 && p[12] != 0x20 && p[12] != 0x21) {
    return refuse(SFTP_ERR_UNSUPPORTED, p[12] >> 4 == 2 ?
      "the command is not LOCAL or PROXY" : "the version is not 1 or 2", why);
  }

  if (n < FIXED_LEN) {
    return 0;
  }

  out->len = FIXED_LEN + get_u16(p + 14);
  if (out->len > SFTP_PROXY_MAX) {
    return refuse(SFTP_ERR_LIMIT, "it is longer than 2048 bytes", why);
  }

  if (n < out->len) {
    return 0;
  }

  if (p[12] == 0x20) {
    out->kind = SFTP_PROXY_LOCAL;
    return 1;
  }

  return parse_proxied(p, out, why);
}

int sftp_proxy_parse(const unsigned char *p, size_t n, struct sftp_proxy *out,
    const char **why) {
  memset(out, 0, sizeof(*out));
  *why = NULL;

  if (n == 0) {
    return 0;
  }

  if (matches(p, n, prefix_v1, PREFIX_V1_LEN)) {
    return parse_v1(p, n, out, why);
  }

  if (matches(p, n, prefix_v2, sizeof(prefix_v2))) {
    return parse_v2(p, n, out, why);
  }

  return refuse(SFTP_ERR_FORMAT, "there is none", why);
}
