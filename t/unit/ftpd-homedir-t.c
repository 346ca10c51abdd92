/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */
/* ftpd-homedir-t.c -- the home directory as the client sees it: with and
 * without a chroot, and nobody else's.
 */

#include "daemon.h"
#include "ftpd-attrs.h"
#include "ftpd-user.h"
#include "tap.h"

static pool *p;
static struct passwd account = { .pw_name = (char *) "alice" };
static bool known;
static unsigned int lookups;

struct passwd *pr_auth_getpwnam(pool *in, const char *name) {
  (void) in;
  lookups++;
  return known && strcmp(name, "alice") == 0 ? &account : NULL;
}

const char *ftpd_canon(struct ftpd *h, pool *in, const char *path) {
  (void) h;
  return pstrcat(in, "canon:", path, NULL);
}

const char *ftpd_cwd(struct ftpd *h) {
  (void) h;
  return "/cwd";
}

static const char *home_of(const char *home, const char *root,
    const char *user) {
  struct ftpd ftpd = { .pool = p, .user = "alice" };

  known = home != NULL;
  account.pw_dir = pstrdup(p, home != NULL ? home : "");
  session.chroot_path = root;
  session.user = "alice";
  return ftpd_home(&ftpd, p, user);
}

static void homes_are_those_inside_of_the_root(void) {
  static const struct { const char *home, *root, *is; } row[] = {
    { "/home/alice", NULL, "canon:/home/alice" },
    { "/home/alice", "/", "canon:/home/alice" },
    { "/home/alice", "/home/alice", "canon:/" },
    { "/home/alice", "/home", "canon:/alice" },
    { "/home/alice", "/home/al", "/cwd" },
    { "/home/alice", "/home/alice/jail", "/cwd" },
    { "/srv", "/home", "/cwd" },
    { NULL, NULL, "/cwd" }, { NULL, "/home", "/cwd" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    is_str(home_of(row[i].home, row[i].root, ""), row[i].is, "%s in %s",
      row[i].home != NULL ? row[i].home : "no account",
      row[i].root != NULL ? row[i].root : "no chroot");
  }
}

static void homes_of_others_are_not_told(void) {
  is_str(home_of("/home/alice", NULL, "alice"), "canon:/home/alice",
    "one's own name");
  errno = 0;
  is_str(home_of("/home/alice", NULL, "bob"), NULL, "another one's");
  is_int(errno, EACCES, "is refused");
  is_str(home_of("/home/alice", NULL, "alic"), NULL, "the beginning of a name");
}

static void accounts_are_looked_up_once(void) {
  struct ftpd ftpd = { .pool = p, .user = "alice" };

  session.chroot_path = NULL;
  known = true;
  lookups = 0;
  (void) ftpd_home(&ftpd, p, "");
  (void) ftpd_home(&ftpd, p, "");
  is_int(lookups, 1, "two questions, one look-up");
  known = false;
  is_str(ftpd_home(&ftpd, p, ""), "canon:/home/alice", "which is kept");
}

static void times_are_gmt_unless_told(void) {
  static unsigned char on = TRUE, off = FALSE;
  server_rec server = { .conf = NULL };
  struct ftpd ftpd = { .pool = p, .server = &server };

  daemon_forget_config();
  ok(ftpd_times_gmt(&ftpd), "TimesGMT: the default");
  daemon_set_param("TimesGMT", &on);
  ok(ftpd_times_gmt(&ftpd), "on");
  daemon_set_param("TimesGMT", &off);
  ok(!ftpd_times_gmt(&ftpd), "off");
}

static void groups_have_the_names_that_are_known(void) {
  struct ftpd ftpd = { .pool = p, .user = "early" };
  array_header *gids = make_array(p, 2, sizeof(gid_t));
  array_header *names = make_array(p, 1, sizeof(char *));
  struct ftpd_ids ids;

  session.user = NULL;
  session.group = "own";
  session.uid = 7;
  session.gid = 8;
  session.gids = NULL;
  session.groups = NULL;
  ftpd_ids(&ftpd, p, &ids);
  ok(ids.user.number == 7 && ids.group.number == 8 && ids.ngroups == 0,
    "numbers, and no more groups");
  is_str(ids.user.name, "early", "the name before the login");
  is_str(ids.group.name, "own", "the group's");

  *((gid_t *) push_array(gids)) = 20;
  *((gid_t *) push_array(gids)) = 21;
  session.gids = gids;
  ftpd_ids(&ftpd, p, &ids);
  ok(ids.ngroups == 2 && ids.groups[0].number == 20 &&
    ids.groups[0].name == NULL, "groups without names");
  *((const char **) push_array(names)) = "users";
  session.groups = names;
  session.user = "alice";
  ftpd_ids(&ftpd, p, &ids);
  is_str(ids.groups[0].name, "users", "the name of the first");
  ok(ids.groups[1].number == 21 && ids.groups[1].name == NULL,
    "none of the second");
  is_str(ids.user.name, "alice", "the name after the login");
}

int main(void) {
  p = make_sub_pool(NULL);
  times_are_gmt_unless_told();
  groups_have_the_names_that_are_known();
  homes_are_those_inside_of_the_root();
  homes_of_others_are_not_told();
  accounts_are_looked_up_once();
  return done_testing();
}
