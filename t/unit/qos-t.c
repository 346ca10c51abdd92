/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* qos-t.c -- classes of traffic by name, and a socket that gets them. */

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qos.h"
#include "tap.h"

static void names_are_those_of_openssh(void) {
  static const struct {
    const char *word;
    int class;
  } good[] = {
    { "af11", 0x28 }, { "af12", 0x30 }, { "af13", 0x38 }, { "af21", 0x48 },
    { "af22", 0x50 }, { "af23", 0x58 }, { "af31", 0x68 }, { "af32", 0x70 },
    { "af33", 0x78 }, { "af41", 0x88 }, { "af42", 0x90 }, { "af43", 0x98 },
    { "cs0", 0x00 }, { "cs1", 0x20 }, { "cs2", 0x40 }, { "cs3", 0x60 },
    { "cs4", 0x80 }, { "cs5", 0xa0 }, { "cs6", 0xc0 }, { "cs7", 0xe0 },
    { "ef", 0xb8 }, { "le", 0x04 }, { "lowdelay", 0x10 },
    { "throughput", 0x08 }, { "reliability", 0x04 }, { "none", -1 },
    { "AF41", 0x88 }, { "Cs7", 0xe0 }, { "0", 0 }, { "255", 255 },
    { "0xb8", 0xb8 }, { "010", 8 }
  };
  static const char *const bad[] = { "", "af", "af1", "af10", "af14", "af01",
    "af51", "af111", "cs", "cs8", "cs-1", "cs00", "efs", "e", "-1", "256",
    "0x100", "1x", " 1", "+1", "99999999999999999999", "default" };
  size_t i;
  int class;

  for (i = 0; i < SFTP_NELEMS(good); i++) {
    class = -2;
    ok(sftp_qos_find(good[i].word, &class), "%s is known", good[i].word);
    is_int(class, good[i].class, "and is 0x%02x", good[i].class);
  }

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    ok(!sftp_qos_find(bad[i], &class), "'%s' is not", bad[i]);
  }
}

static int class_of(int fd, int level, int name) {
  int value = -1;
  socklen_t len = sizeof(value);

  (void) getsockopt(fd, level, name, &value, &len);
  return value;
}

static void the_socket_gets_them(int family, int level, int name) {
  static const struct sftp_qos_classes both = { 0xb8, 0x20 },
    bulk = { SFTP_QOS_NONE, 0x20 };
  struct sftp_settings set;
  struct ssh_conn c;
  int had = 0x48;

  memset(&set, 0, sizeof(set));
  memset(&c, 0, sizeof(c));
  c.pool = make_sub_pool(NULL);
  c.set = &set;
  c.fd = socket(family, SOCK_STREAM, 0);
  if (c.fd < 0) {
    skip("no such sockets here");
    destroy_pool(c.pool);
    return;
  }

  (void) setsockopt(c.fd, level, name, &had, sizeof(had));
  sftp_qos_choose(&c, true);
  is_int(class_of(c.fd, level, name), 0x48, "nothing is changed by default");
  set.qos = &both;
  sftp_qos_choose(&c, false);
  is_int(class_of(c.fd, level, name), 0xb8, "the first class");
  sftp_qos_choose(&c, true);
  is_int(class_of(c.fd, level, name), 0x20, "the second, in bulk");
  set.qos = &bulk;
  sftp_qos_choose(&c, false);
  is_int(class_of(c.fd, level, name), 0x48, "none is what was there");
  sftp_qos_choose(&c, true);
  is_int(class_of(c.fd, level, name), 0x20, "and back");
  close(c.fd);
  destroy_pool(c.pool);
}

int main(void) {
  names_are_those_of_openssh();
  the_socket_gets_them(AF_INET, IPPROTO_IP, IP_TOS);
  the_socket_gets_them(AF_INET6, IPPROTO_IPV6, IPV6_TCLASS);
  return done_testing();
}
