/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-owners-t.c -- names of users and groups, and their numbers. */

#include "daemon.h"
#include "ftpd-fake.h"
#include "ftpd-files.h"
#include "ftpd-owners.h"
#include "tap.h"

static pool *p;
static struct ftpd ftpd = { .files = &daemon_files };
static const char *long_name;

const char *ftpd_fake_name(struct ftpd *h, uint32_t id) {
  (void) h;
  return id == 99 ? "faked" : NULL;
}

bool ftpd_fake_id(struct ftpd *h, const char *name, uint32_t *id) {
  (void) h;
  *id = 99;
  return strcmp(name, "faked") == 0;
}

const char *pr_auth_uid2name(pool *in, uid_t uid) {
  (void) in;
  (void) daemon_call("uid2name %u", uid);
  return uid == 1 ? "alice" : uid == 2 ? long_name : NULL;
}

const char *pr_auth_gid2name(pool *in, gid_t gid) {
  (void) in;
  (void) daemon_call("gid2name %u", gid);
  return gid == 1 ? "staff" : gid == 2 ? long_name : NULL;
}

const char *pr_uid2str(pool *in, uid_t uid) {
  (void) in;
  return text("uid %u", uid);
}

const char *pr_gid2str(pool *in, gid_t gid) {
  (void) in;
  return text("gid %u", gid);
}

uid_t pr_auth_name2uid(pool *in, const char *name) {
  (void) in;
  (void) daemon_call("name2uid %s", name);
  return strcmp(name, "alice") == 0 ? 1 : (uid_t) -1;
}

gid_t pr_auth_name2gid(pool *in, const char *name) {
  (void) in;
  (void) daemon_call("name2gid %s", name);
  return strcmp(name, "staff") == 0 ? 5 : (gid_t) -1;
}

static void anew(void) {
  daemon_calls_anew();
  memset(&daemon_files, 0, sizeof(daemon_files));
  daemon_files.pool = p;
  errno = EBADE;
}

static void names_of_users(void) {
  anew();
  is_str(ftpd_uid_name(&ftpd, p, 1), "alice", "a user");
  is_str(ftpd_uid_name(&ftpd, p, 1), "alice", "the same again");
  is_str(daemon_calls(), "uid2name 1; ", "is looked up once");
  is_str(ftpd_uid_name(&ftpd, p, 3), "uid 3", "one without a name");
  is_str(ftpd_uid_name(&ftpd, p, 1), "alice", "does not push out another");
  is_str(daemon_calls(), "uid2name 3; ", "and is looked up each time");
  is_str(ftpd_uid_name(&ftpd, p, 99), "faked", "one of DirFakeUser");
  is_str(daemon_calls(), "", "is not looked up");
  is_str(ftpd_uid_name(&ftpd, p, 0), "uid 0", "the number 0 is not known");
  is_str(daemon_calls(), "uid2name 0; ", "before");
}

static void names_of_groups(void) {
  anew();
  is_str(ftpd_gid_name(&ftpd, p, 1), "staff", "a group");
  is_str(ftpd_gid_name(&ftpd, p, 1), "staff", "the same again");
  is_str(daemon_calls(), "gid2name 1; ", "is looked up once");
  is_str(ftpd_uid_name(&ftpd, p, 1), "alice", "a user of that number");
  is_str(ftpd_gid_name(&ftpd, p, 3), "gid 3", "one without a name");
  is_str(ftpd_gid_name(&ftpd, p, 99), "faked", "one of DirFakeGroup");
}

static void long_names(void) {
  anew();
  long_name = memset(pcalloc(p, 129), 'x', 127);
  is_str(ftpd_uid_name(&ftpd, p, 2), long_name, "127 bytes");
  (void) ftpd_uid_name(&ftpd, p, 2);
  is_str(daemon_calls(), "uid2name 2; ", "are remembered");
  anew();
  long_name = memset(pcalloc(p, 129), 'x', 128);
  is_str(ftpd_uid_name(&ftpd, p, 2), long_name, "128 bytes");
  is_str(ftpd_uid_name(&ftpd, p, 2), long_name, "again");
  is_str(daemon_calls(), "uid2name 2; uid2name 2; ", "are not");
}

static void numbers(void) {
  uid_t uid = 7;
  gid_t gid = 7;

  anew();
  ok(ftpd_name_uid(&ftpd, "alice", &uid) == 0 && uid == 1, "a user");
  ok(ftpd_name_gid(&ftpd, "staff", &gid) == 0 && gid == 5, "a group");
  ok(ftpd_name_uid(&ftpd, "faked", &uid) == 0 && uid == 99, "a faked one");
  is_str(daemon_calls(), "name2uid alice; name2gid staff; ", "looked up");
  ok(ftpd_name_uid(&ftpd, "bob", &uid) < 0 && errno == ENOENT &&
    uid == (uid_t) -1, "a user that is not there");
  ok(ftpd_name_gid(&ftpd, "alice", &gid) < 0 && errno == ENOENT &&
    gid == (gid_t) -1, "a group that is not there");
  (void) daemon_calls();
  errno = EBADE;
  ok(ftpd_name_uid(&ftpd, "a\nb", &uid) < 0 && errno == ENOENT &&
    uid == (uid_t) -1, "a name with a control character");
  is_str(daemon_calls(), "", "is not looked up");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  names_of_users();
  names_of_groups();
  long_names();
  numbers();
  destroy_pool(p);
  return done_testing();
}
