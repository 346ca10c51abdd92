/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-effect-t.c -- further effects of a request, and second names. */

#include "daemon.h"
#include "ftpd-ask.h"
#include "ftpd-limit.h"
#include "ftpd-openfile.h"
#include "tap.h"

static pool *p;
static struct ftpd ftpd;
static struct ftpd_op op = { .ftpd = &ftpd };
static const struct sftp_rule *last_rule;
static unsigned int denied;     /* effects, at /f; at /old all of `older' */
static unsigned int older;

const struct req_row ftpd_requests[FTPD_NREQUESTS] = {
  [FTPD_RENAME] = { "RENAME", CL_WRITE, ROW_TWO, EQUIV_NONE, NULL, 0, NULL },
};

const char *ftpd_op_name(const struct ftpd_op *one) {
  (void) one;
  return "LINK";
}

int ftpd_limit(struct ftpd_op *one, const struct sftp_rule *rule,
    unsigned int effects, const char *path) {
  (void) one;
  last_rule = rule;
  return daemon_call("limit %s 0x%x", path, effects);
}

unsigned int ftpd_limit_denies(struct ftpd *h, const struct sftp_rule *rule,
    unsigned int effects, bool hidden, const char *path,
    struct limit_answer *answer) {
  (void) h;
  (void) answer;
  last_rule = rule;
  (void) daemon_call("denies %s 0x%x%s", path, effects, hidden ? " hidden" :
    "");
  return effects & (strcmp(path, "/old") == 0 ? older : denied);
}

static void anew(enum ftpd_request req) {
  daemon_calls_anew();
  daemon_forget_config();
  op.req = req;
  op.file = NULL;
  denied = older = 0;
  session.fsuid = (uid_t) -1;
  session.fsgid = (gid_t) -1;
  daemon_refused = NULL;
  errno = EBADE;
}

static void replacing(void) {
  anew(FTPD_OPEN_WRITE);
  is_int(ftpd_may_replace(&op, "/f"), 0, "a file may be replaced");
  is_str(daemon_calls(), text("limit /f 0x%x; may_overwrite /f; ",
    SFTP_EFF_REPLACE), "by both rules");
  ok(last_rule == &sftp_rules[FTPD_OPEN_WRITE].first, "of the path");
  op.req = FTPD_RENAME;
  (void) ftpd_may_replace(&op, "/f");
  ok(last_rule == &sftp_rules[FTPD_RENAME].second, "of two, the second");
  daemon_fails("may_overwrite", EACCES);
  is_int(ftpd_may_replace(&op, "/f"), -1, "not without AllowOverwrite");
  (void) daemon_calls();
  daemon_fails("limit", EACCES);
  is_int(ftpd_may_replace(&op, "/f"), -1, "nor by <Limit>");
  is_str(daemon_calls_of("may_overwrite"), "", "which comes first");
  daemon_calls_anew();
  is_int(ftpd_may_take(&op, "/f", true), 0, "the same file has another name");
  is_str(daemon_calls(), "may_overwrite /f; ", "which is all that matters");
  daemon_fails("may_overwrite", EACCES);
  is_int(ftpd_may_take(&op, "/f", true), -1, "so AllowOverwrite holds");
  daemon_calls_anew();
  (void) ftpd_may_take(&op, "/f", false);
  ok(*daemon_calls_of("limit") != '\0', "another file is replaced");
}

static void further_effects(void) {
  static const enum ftpd_request sets[] = { FTPD_SETSTAT, FTPD_LSETSTAT,
    FTPD_FSETSTAT };
  struct ftpd_file f = { .made = true };
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(sets); i++) {
    anew(sets[i]);
    is_int(ftpd_permit_effect(&op, "/f", SFTP_EFF_MODE), 0, "SETSTAT (%u)", i);
    is_str(daemon_calls(), text("denies /f 0x%x; ", SFTP_EFF_MODE),
      "is in the directory that was entered");
    denied = SFTP_EFF_MODE;
    is_int(ftpd_permit_effect(&op, "/f", SFTP_EFF_MODE), 0, "or asks again");
    is_str(daemon_calls_of("limit"), text("limit /f 0x%x; ", SFTP_EFF_MODE),
      "to be refused with the reason");
    daemon_fails("limit", EACCES);
    is_int(ftpd_permit_effect(&op, "/f", SFTP_EFF_MODE), -1, "which it is");
  }

  anew(FTPD_OPEN_WRITE);
  is_int(ftpd_permit_effect(&op, "/f", SFTP_EFF_MODE), 0, "other requests");
  is_str(daemon_calls(), text("limit /f 0x%x; ", SFTP_EFF_MODE),
    "enter it");
  ok(last_rule == &ftpd_no_names, "without names");
  is_int(ftpd_permit_effect(&op, "/f", SFTP_EFF_REPLACE), 0, "replacing");
  is_str(daemon_calls_of("may_overwrite"), "may_overwrite /f; ",
    "has its rules");
  op.file = &f;
  is_int(ftpd_permit_effect(&op, "/f", SFTP_EFF_REPLACE), 0,
    "a file that the handle made");
  is_str(daemon_calls(), "", "has none");
  f.made = false;
  (void) ftpd_permit_effect(&op, "/f", SFTP_EFF_REPLACE);
  is_str(daemon_calls_of("may_overwrite"), "may_overwrite /f; ",
    "others have them");
}

static void attributes_of_new_files(void) {
  anew(FTPD_OPEN_WRITE);
  is_int(ftpd_new_mode(&op, "/f", 0755, 0666), 0755, "a mode");
  is_str(daemon_calls(), text("denies /f 0x%x; ", SFTP_EFF_MODE),
    "that may be set");
  denied = SFTP_EFF_MODE;
  is_int(ftpd_new_mode(&op, "/f", 0755, 0666), 0666, "or not");
  (void) daemon_calls();
  is_int(ftpd_new_mode(&op, "/f", S_IFREG|0666, 0666), S_IFREG|0666,
    "the plain one");
  is_str(daemon_calls(), "", "is not asked about");
  ok(!ftpd_may_set_new(&op, "/f", SFTP_EFF_MODE), "a mode that is denied");
  ok(ftpd_may_set_new(&op, "/f", SFTP_EFF_TIME), "a time that is not");
  ok(ftpd_may_set_new(&op, "/f", SFTP_EFF_OWNER), "an owner");
  session.fsuid = 5;
  ok(!ftpd_may_set_new(&op, "/f", SFTP_EFF_OWNER), "not over UserOwner");
  session.fsuid = (uid_t) -1;
  session.fsgid = 5;
  ok(!ftpd_may_set_new(&op, "/f", SFTP_EFF_OWNER), "or GroupOwner");
  ok(ftpd_may_set_new(&op, "/f", SFTP_EFF_TIME), "which are about owners");
}

static void second_names(void) {
  static unsigned char on = TRUE, off = FALSE;
  struct second_name n;

  anew(FTPD_LINK);
  denied = SFTP_EFF_READ;
  n = ftpd_second_name(&op, "/f");
  ok(n.denied == (SFTP_EFF_READ & sftp_rules[FTPD_LINK].first.maybe) &&
    n.keeps, "what is denied");
  is_str(daemon_calls(), text("denies /f 0x%x; ",
    sftp_rules[FTPD_LINK].first.maybe), "of all that is possible");
  daemon_set_param("AllowOverwrite", &off);
  ok(ftpd_second_name(&op, "/f").keeps, "AllowOverwrite off keeps files");
  daemon_set_param("AllowOverwrite", &on);
  ok(!ftpd_second_name(&op, "/f").keeps, "on does not");
}

static int linked(unsigned int was, bool kept) {
  struct second_name old = { was, kept };

  daemon_refused = NULL;
  return ftpd_check_link(&op, "/old", &old, "/f");
}

static void links(void) {
  static unsigned char on = TRUE, off = FALSE;
  const unsigned int all = sftp_rules[FTPD_LINK].first.maybe;
  const unsigned int some = all & ~(all - 1);

  anew(FTPD_LINK);
  daemon_set_param("AllowOverwrite", &on);
  is_int(linked(0, false), 0, "a link where nothing is denied");
  ok(linked(some, false) < 0 && errno == EACCES,
    "not where more is allowed");
  is_str(daemon_refused, "more is allowed with the new name than with the old "
    "one", "which is said");
  is_int(linked(0, true), -1, "nor where it may be overwritten");
  daemon_set_param("AllowOverwrite", &off);
  is_int(linked(0, true), 0, "only where it may not, either");
  is_int(linked(0, false), 0, "or where less is allowed");
  denied = ~0U;
  is_int(linked(some, true), 0, "as with other effects");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  replacing();
  further_effects();
  attributes_of_new_files();
  second_names();
  links();
  destroy_pool(p);
  return done_testing();
}
