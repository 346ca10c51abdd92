/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-fake-t.c -- DirFakeUser, DirFakeGroup and DirFakeMode. */

#include "daemon.h"
#include "ftpd-attrs.h"
#include "ftpd-fake.h"
#include "ftpd-files.h"
#include "tap.h"

static pool *p;
static struct ftpd ftpd = { .files = &daemon_files };
static uint64_t now_ms;
static mode_t fake_mode;

uint64_t ftpd_coarse_ms(void) {
  return now_ms;
}

xaset_t *get_dir_ctxt(pool *in, char *dir) {
  (void) in;
  (void) daemon_call("dir %s", dir);
  return NULL;
}

uid_t pr_auth_name2uid(pool *in, const char *name) {
  (void) in;
  return strcmp(name, "alice") == 0 ? 1000 : (uid_t) -1;
}

gid_t pr_auth_name2gid(pool *in, const char *name) {
  (void) in;
  return strcmp(name, "staff") == 0 ? 50 : (gid_t) -1;
}

static void add(const char *directive, const char *name) {
  (void) daemon_add_words(directive, (const char *const[]) { name, NULL });
}

static void anew(void) {
  daemon_calls_anew();
  daemon_forget_config();
  memset(&daemon_files, 0, sizeof(daemon_files));
  daemon_files.pool = p;
  now_ms = 5000;
  session.uid = 7;
  session.gid = 8;
}

static void owners(void) {
  struct fake fake;

  anew();
  memset(&fake, 1, sizeof(fake));
  ftpd_fake_of(&ftpd, "/d", &fake);
  ok(!fake.has_uid && !fake.has_gid && !fake.has_mode, "nothing is faked");
  is_str(daemon_calls(), "dir /d; ", "in a directory");
  add("DirFakeUser", "alice");
  add("DirFakeGroup", "staff");
  ftpd_fake_of(&ftpd, "/d", &fake);
  ok(fake.has_uid && fake.uid == 1000 && fake.has_gid && fake.gid == 50,
    "names of accounts");
  anew();
  add("DirFakeUser", "~");
  add("DirFakeGroup", "~");
  ftpd_fake_of(&ftpd, "/d", &fake);
  ok(fake.has_uid && fake.uid == 7 && fake.has_gid && fake.gid == 8,
    "those of the session");
  anew();
  (void) add_config_param("DirFakeUser", 0);
  (void) add_config_param("DirFakeGroup", 0);
  ftpd_fake_of(&ftpd, "/d", &fake);
  ok(!fake.has_uid && !fake.has_gid, "directives that are off");
  anew();
  (void) add_config_param("DirFakeUser", 1);
  (void) add_config_param("DirFakeGroup", 1);
  ftpd_fake_of(&ftpd, "/d", &fake);
  ok(!fake.has_uid && !fake.has_gid, "or have no name");
}

static void names_without_accounts(void) {
  struct fake fake;
  char name[10];
  uint32_t id = 1;
  unsigned int i;

  anew();
  ok(!ftpd_fake_id(&ftpd, "ftp", &id), "a name that nobody has");
  ok(ftpd_fake_name(&ftpd, 0x7f000000U) == NULL, "and an id");
  add("DirFakeUser", "ftp");
  add("DirFakeGroup", "ftpg");
  ftpd_fake_of(&ftpd, "/d", &fake);
  ok(fake.has_uid && fake.has_gid && fake.uid == 0x7f000000U &&
    fake.gid == 0x7f000001U, "get ids that nobody has");
  ok(ftpd_fake_id(&ftpd, "ftpg", &id) && id == 0x7f000001U, "by name");
  is_str(ftpd_fake_name(&ftpd, 0x7f000001U), "ftpg", "and by id");
  ok(ftpd_fake_name(&ftpd, 0x7f000002U) == NULL &&
    ftpd_fake_name(&ftpd, 0x7effffffU) == NULL, "no others");
  ftpd_fake_of(&ftpd, "/d", &fake);
  ok(fake.uid == 0x7f000000U && fake.gid == 0x7f000001U, "the same each time");
  for (i = 2; i < 32; i++) {
    daemon_forget_config();
    snprintf(name, sizeof(name), "n%u", i);
    add("DirFakeUser", name);
    ftpd_fake_of(&ftpd, "/d", &fake);
  }

  ok(fake.has_uid && fake.uid == 0x7f00001fU, "32 of them");
  is_str(ftpd_fake_name(&ftpd, 0x7f00001fU), "n31", "the last one");
  ok(ftpd_fake_name(&ftpd, 0x7f000020U) == NULL, "and none behind it");
  daemon_forget_config();
  add("DirFakeUser", "more");
  ftpd_fake_of(&ftpd, "/d", &fake);
  ok(!fake.has_uid, "not more");
  daemon_forget_config();
  add("DirFakeUser", "ftp");
  ftpd_fake_of(&ftpd, "/d", &fake);
  ok(fake.has_uid && fake.uid == 0x7f000000U, "old ones stay");
}

static void modes(void) {
  struct fake fake;
  struct stat st = { .st_mode = S_IFREG|0600, .st_uid = 1, .st_gid = 2 };

  anew();
  fake_mode = S_IFDIR|01444;
  daemon_set_param("DirFakeMode", &fake_mode);
  ftpd_fake_of(&ftpd, "/d", &fake);
  ok(fake.has_mode && fake.mode == 01444, "permissions alone");
  ftpd_fake_apply(&fake, &st);
  ok(st.st_mode == (S_IFREG|01444) && st.st_uid == 1 && st.st_gid == 2,
    "a file shows them");
  st.st_mode = S_IFDIR|0700;
  ftpd_fake_apply(&fake, &st);
  is_int(st.st_mode, S_IFDIR|01555, "a directory can be entered as well");
  memset(&fake, 0, sizeof(fake));
  fake.has_uid = fake.has_gid = true;
  fake.uid = 5;
  fake.gid = 6;
  ftpd_fake_apply(&fake, &st);
  ok(st.st_uid == 5 && st.st_gid == 6 && st.st_mode == (S_IFDIR|01555),
    "owners alone");
}

static const char *looked(const char *path) {
  struct stat st = { .st_mode = S_IFREG|0600 };

  ftpd_fake_stat(&ftpd, path, &st);
  ok((st.st_mode & 0777) == 0444, "%.20s shows the mode", path);
  return daemon_calls();
}

static void directories_are_asked_once_a_second(void) {
  anew();
  fake_mode = 0444;
  daemon_set_param("DirFakeMode", &fake_mode);
  is_str(looked("/d/f"), "dir /d; ", "a directory");
  is_str(looked("/d/g"), "", "is asked once");
  is_str(looked("/e/g"), "dir /e; ", "another is another");
  is_str(looked("/e/g/h"), "dir /e/g; ", "one below, too");
  is_str(looked("/f"), "dir /; ", "and the root");
  is_str(looked("/g"), "", "which is asked once");
  is_str(looked("g"), "", "and has names without a slash");
  now_ms += 999;
  is_str(looked("/h"), "", "for a second");
  now_ms += 1;
  is_str(looked("/h"), "dir /; ", "not longer");
}

static void long_directories(void) {
  struct stat st = { .st_mode = S_IFREG|0600 };
  char *path = pcalloc(p, PR_TUNABLE_PATH_MAX + 10);

  anew();
  fake_mode = 0444;
  daemon_set_param("DirFakeMode", &fake_mode);
  memset(path, 'd', PR_TUNABLE_PATH_MAX + 5);
  path[0] = '/';
  path[PR_TUNABLE_PATH_MAX + 1] = '/';
  ftpd_fake_stat(&ftpd, path, &st);
  is_int(st.st_mode, S_IFREG|0600, "a directory that is too long");
  is_str(daemon_calls(), "", "is not asked");
  path[PR_TUNABLE_PATH_MAX + 1] = 'd';
  path[PR_TUNABLE_PATH_MAX] = '/';
  ftpd_fake_stat(&ftpd, path, &st);
  is_int(st.st_mode, S_IFREG|0444, "the longest is");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  owners();
  names_without_accounts();
  modes();
  directories_are_asked_once_a_second();
  long_directories();
  destroy_pool(p);
  return done_testing();
}
