/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* times-t.c -- what a connection waits for: sleeps, their parts, and the shares
 * of a transfer.
 */

#include "../fake/ftpd-log.h"
#include "conn.h"
#include "tap.h"
#include "times.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <linux/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static struct ssh_conn c;
static uint64_t before[NCAUSES];

/* What the kernel says, in place of the real one; and whether it does. */
static struct tcp_info *kernel;
static int kernel_res;

int getsockopt(int fd, int level, int name, void *value, socklen_t *len) {
  int (*real)(int, int, int, void *, socklen_t *);
  void *found = dlsym(RTLD_NEXT, "getsockopt");

  memcpy(&real, &found, sizeof(real));
  if (kernel == NULL || level != IPPROTO_TCP || name != TCP_INFO) {
    return real(fd, level, name, value, len);
  }

  memcpy(value, kernel, *len < sizeof(*kernel) ? *len : sizeof(*kernel));
  return kernel_res;
}

/* A socket that the kernel knows nothing about. */
static void begin(void) {
  memset(&c, 0, sizeof(c));
  memset(before, 0, sizeof(before));
  c.fd = -1;
  c.pool = make_sub_pool(NULL);
  c.times = sftp_times_new(c.pool);
}

static void end(void) {
  destroy_pool(c.pool);
}

static void sleep_for(enum sftp_sleep why, unsigned int ms) {
  sftp_times_sleep(&c, why, 0);
  fake_now_ms += ms;
  sftp_times_wake(&c);
}

static uint64_t ms_of(enum sftp_cause cause) {
  uint64_t us[NCAUSES];

  sftp_times_read(&c, us);
  return us[cause] / 1000;
}

static void every_sleep_has_its_cause(void) {
  static const struct {
    enum sftp_sleep why;
    enum sftp_cause in_trip, later;
  } rows[] = {
    { SLEEP_OUTPUT, CAUSE_NETWORK, CAUSE_NETWORK },
    { SLEEP_READER, CAUSE_CLIENT, CAUSE_CLIENT },
    { SLEEP_WINDOW, CAUSE_WINDOW, CAUSE_CLIENT },
    { SLEEP_PACKET, CAUSE_NETWORK, CAUSE_NETWORK },
    { SLEEP_REST, CAUSE_CLIENT, CAUSE_CLIENT },
    { SLEEP_REQUEST, CAUSE_REQUESTS, CAUSE_CLIENT }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    uint64_t us[NCAUSES] = { 0 }, once[NCAUSES] = { 0 };

    sftp_times_split(rows[i].why, 300, 300, once);
    is_int(once[rows[i].in_trip], 300, "sleep %zu of one round trip", i);
    sftp_times_split(rows[i].why, 1000, 300, us);
    us[rows[i].in_trip] -= 300;
    is_int(us[rows[i].later], 700, "sleep %zu: what it lasts longer", i);
  }
}

static void nothing_is_measured_before_somebody_asks(void) {
  begin();
  sleep_for(SLEEP_PACKET, 50);
  is_int(ms_of(CAUSE_NETWORK), 0, "no account before the first file");
  sleep_for(SLEEP_PACKET, 50);
  is_int(ms_of(CAUSE_NETWORK), 50, "one from then on");
  sftp_times_wake(&c);
  is_int(ms_of(CAUSE_NETWORK), 50, "who is awake does not wake up");
  end();
}

static void a_sleep_may_be_the_end(void) {
  begin();
  (void) ms_of(CAUSE_CPU);
  sftp_times_sleep(&c, SLEEP_PACKET, 0);
  fake_now_ms += 300;
  is_int(ms_of(CAUSE_NETWORK), 300, "who reads in a sleep has all of it");
  fake_now_ms += 200;
  sftp_times_wake(&c);
  is_int(ms_of(CAUSE_NETWORK), 500, "and nothing is counted twice");
  sftp_times_sleep(&c, SLEEP_OUTPUT, 0);
  fake_now_ms += 100;
  is_int(ms_of(CAUSE_NETWORK), 600, "the same for output");
  end();
}

static void output_is_settled_by_the_kernel(void) {
  begin();
  (void) ms_of(CAUSE_CPU);
  c.times->output_us = 100000;
  sftp_times_settle(c.times, 30000);
  is_int(ms_of(CAUSE_CLIENT), 30, "the client had no room");
  is_int(ms_of(CAUSE_NETWORK), 70, "the rest is the network");
  ok(!c.times->reads_slowly, "which is most of it");
  c.times->output_us = 100000;
  sftp_times_settle(c.times, 5000000);
  is_int(ms_of(CAUSE_CLIENT), 130, "no more than was slept");
  is_int(ms_of(CAUSE_NETWORK), 70, "nothing is left for the network");
  ok(c.times->reads_slowly, "the client reads slowly");
  sftp_times_settle(c.times, 5000000);
  is_int(ms_of(CAUSE_CLIENT), 130, "no sleep, nothing to settle");
  ok(c.times->reads_slowly, "nothing new is known of it");
  sftp_times_sleep(&c, SLEEP_OUTPUT, 0);
  is_int(c.times->shown->sleep, SLEEP_READER, "a sleep after that is its");
  fake_now_ms += 100;
  sftp_times_wake(&c);
  is_int(ms_of(CAUSE_NETWORK), 170, "until the kernel says otherwise");
  end();
}

static void answers_in_the_socket(void) {
  struct sftp_tcp tcp = { .unsent = 1000 };

  ok(!sftp_times_backlog(&tcp, 1000), "what was sent just now");
  ok(sftp_times_backlog(&tcp, 999), "and more");
  tcp.busy = true;
  ok(sftp_times_backlog(&tcp, 1000), "the network is busy");
  tcp.unsent = 0;
  ok(!sftp_times_backlog(&tcp, 0), "all is sent");
}

static void the_rest_is_work(void) {
  uint64_t us[NCAUSES];

  begin();
  sftp_times_read(&c, before);
  sleep_for(SLEEP_PACKET, 250);
  sftp_times_add(&c, CAUSE_DISK, 500000);
  sftp_times_read(&c, us);
  sftp_times_between(before, us, 1000000);
  is_int(us[CAUSE_NETWORK], 250000, "a sleep");
  is_int(us[CAUSE_DISK], 500000, "what was added");
  is_int(us[CAUSE_CPU], 250000, "the rest");
  is_int(sftp_times_most(us), CAUSE_DISK, "the largest");
  sftp_times_read(&c, us);
  sftp_times_between(before, us, 10);
  is_int(us[CAUSE_CPU], 0, "clocks disagree: no rest");
  end();
}

static const char *text(uint64_t cpu, uint64_t disk, uint64_t network,
    size_t size) {
  static char out[128];
  uint64_t us[NCAUSES] = { 0 };

  us[CAUSE_CPU] = cpu;
  us[CAUSE_DISK] = disk;
  us[CAUSE_NETWORK] = network;
  sftp_times_text(us, out, size);
  return out;
}

static void shares_in_words(void) {
  uint64_t us[NCAUSES] = { 0 };
  char out[128];
  enum sftp_cause i;

  is_str(text(17, 0, 83, 128), "network 83%, cpu 17%", "the largest first");
  is_str(text(1, 1, 998, 128), "network 100%", "little is left out");
  is_str(text(495, 505, 0, 128), "disk 51%, cpu 49%", "no more than 100%%");
  is_str(text(0, 0, 0, 128), "cpu 0%", "nothing at all");
  is_str(text(50, 25, 25, 10), "cpu 50%, ", "no more than fits");
  for (i = CAUSE_CPU; i < NCAUSES; i++) {
    us[i] = 1000000;
  }

  sftp_times_text(us, out, sizeof(out));
  is_str(out, "cpu 14%, disk 14%, rate 14%, window 14%, requests 14%, "
    "client 14%, network 14%", "all causes");
}

static void another_process_looks(void) {
  struct sftp_times_shown there;
  uint64_t us[NCAUSES];

  begin();
  memset(&there, 0xff, sizeof(there));
  sftp_times_show(c.times, &there);
  (void) ms_of(CAUSE_CPU);
  sleep_for(SLEEP_REST, 10);
  sftp_times_sleep(&c, SLEEP_PACKET, 0);
  sftp_times_look(&there, sftp_now_us() + 5000, us);
  is_int(us[CAUSE_CLIENT], 10000, "a sleep that has ended");
  is_int(us[CAUSE_NETWORK], 5000, "and the one that has not");
  sftp_times_look(&there, 1, us);
  is_int(us[CAUSE_NETWORK], 0, "it has not begun by another clock");
  there.sleep = 4711;
  sftp_times_look(&there, sftp_now_us() + 5000, us);
  is_int(us[CAUSE_CLIENT], 10000, "no reason is not in the table");
  end();
}

/* Both ends of a TCP connection. */
static bool connected(int fds[2]) {
  struct sockaddr_in sin = { .sin_family = AF_INET };
  socklen_t len = sizeof(sin);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  bool res;

  sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fds[0] = socket(AF_INET, SOCK_STREAM, 0);
  res = bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == 0 &&
    listen(fd, 1) == 0 &&
    getsockname(fd, (struct sockaddr *) &sin, &len) == 0 &&
    connect(fds[0], (struct sockaddr *) &sin, sizeof(sin)) == 0;
  fds[1] = res ? accept(fd, NULL, NULL) : -1;
  (void) close(fd);
  return fds[1] >= 0;
}

static void the_kernel_is_asked(void) {
  static char data[1024 * 1024];
  struct sftp_tcp tcp;
  int fds[2], i;

  sftp_tcp_look(-1, &tcp);
  is_int(tcp.rtt_us + tcp.min_rtt_us + tcp.unsent, 0, "no socket");
  if (!connected(fds)) {
    ok(false, "a connection on loopback");
    return;
  }

  sftp_tcp_look(fds[0], &tcp);
  ok(tcp.rtt_us > 0, "a round trip");
  is_int(tcp.unsent, 0, "nothing waits");
  for (i = 0; i < 100; i++) {
    (void) send(fds[0], data, sizeof(data), MSG_DONTWAIT);
  }

  sftp_tcp_look(fds[0], &tcp);
  ok(tcp.unsent > 0, "nobody reads");
  (void) close(fds[0]);
  (void) close(fds[1]);
}

static void the_kernels_words_are_understood(void) {
  static const struct { unsigned int sent, window; bool busy; } t[] = {
    { 5, 10, true }, { 4, 10, false }, { 5, 11, true }, { 5, 12, false },
    { 0, 1, true } };
  struct tcp_info info = { .tcpi_rtt = 5000, .tcpi_min_rtt = 4000,
    .tcpi_notsent_bytes = 7, .tcpi_rwnd_limited = 99 };
  struct sftp_tcp tcp;
  size_t i;

  kernel = &info;
  for (i = 0; i < SFTP_NELEMS(t); i++) {
    info.tcpi_unacked = t[i].sent;
    info.tcpi_snd_cwnd = t[i].window;
    sftp_tcp_look(-1, &tcp);
    is_int(tcp.busy, t[i].busy, "%u segments of %u", t[i].sent, t[i].window);
  }

  ok(tcp.rtt_us == 5000 && tcp.min_rtt_us == 4000 && tcp.unsent == 7 &&
    tcp.full_us == 99, "the rest is as the kernel says");
  info.tcpi_min_rtt = UINT32_MAX;
  sftp_tcp_look(-1, &tcp);
  is_int(tcp.min_rtt_us, 0, "no round trip was measured");
  kernel_res = -1;
  sftp_tcp_look(-1, &tcp);
  ok(tcp.rtt_us == 0 && tcp.unsent == 0 && !tcp.busy && tcp.full_us == 0,
    "a kernel that refuses says nothing");
  kernel_res = 0;
  kernel = NULL;
}

/* Few bytes travel faster than many. */
static void bulk_takes_longer(void) {
  static const struct { size_t sent, trip_us; } t[] = { { 0, 600 },
    { 4095, 600 }, { 4096, 1500 }, { 100000, 1500 } };
  struct tcp_info info = { .tcpi_rtt = 1000, .tcpi_min_rtt = 400 };
  uint64_t us[NCAUSES];
  size_t i, out = 0;

  begin();
  kernel = &info;
  sftp_times_read(&c, us);
  fake_now_ms += 1000;
  for (i = 0; i < SFTP_NELEMS(t); i++) {
    out += t[i].sent;
    sftp_times_sleep(&c, SLEEP_REST, out);
    is_int(c.times->shown->trip_us, t[i].trip_us, "behind %lu bytes",
      (unsigned long) t[i].sent);
    sftp_times_wake(&c);
  }

  kernel = NULL;
  end();
}

int main(void) {
  every_sleep_has_its_cause();
  nothing_is_measured_before_somebody_asks();
  a_sleep_may_be_the_end();
  output_is_settled_by_the_kernel();
  answers_in_the_socket();
  the_rest_is_work();
  shares_in_words();
  another_process_looks();
  the_kernel_is_asked();
  the_kernels_words_are_understood();
  bulk_takes_longer();
  return done_testing();
}
