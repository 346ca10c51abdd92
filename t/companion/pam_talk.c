/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* pam_talk.c -- a module for PAM that converses, for t/integration/pam.t: a
 * text, two questions in one message, and a third that depends on them.
 */

#define PAM_SM_AUTH
#include <security/pam_appl.h>
#include <security/pam_modules.h>

#include <stdlib.h>
#include <string.h>

static const struct pam_conv *conv;

/* Sends n messages at once; 1 if these are the answers (NULL: none). */
static int ask(int n, const struct pam_message *list,
    const char *const *wanted) {
  const struct pam_message *msgs[3] = { &list[0], &list[1], &list[2] };
  struct pam_response *got = NULL;
  int i, ok = 1;

  if (conv->conv(n, msgs, &got, conv->appdata_ptr) != PAM_SUCCESS) {
    return 0;
  }

  if (got == NULL) {
    return wanted[0] == NULL;   /* nothing was asked */
  }

  for (i = 0; i < n; i++) {
    if (wanted[i] != NULL && (got[i].resp == NULL ||
        strcmp(got[i].resp, wanted[i]) != 0)) {
      ok = 0;
    }

    free(got[i].resp);
  }

  free(got);
  return ok;
}

static const struct pam_message text[3] = {
  { PAM_TEXT_INFO, "Mind the gap" }
};

static const struct pam_message questions[3] = {
  { PAM_PROMPT_ECHO_ON, "Colour: " },
  { PAM_PROMPT_ECHO_OFF, "Number: " }
};

static const struct pam_message more[3] = {
  { PAM_PROMPT_ECHO_OFF, "And now? " }
};

static const struct pam_message mixed[3] = {
  { PAM_TEXT_INFO, "Mind the gap" },
  { PAM_PROMPT_ECHO_ON, "Colour: " },
  { PAM_PROMPT_ECHO_OFF, "Number: " }
};

int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv) {
  static const char *const none[] = { NULL, NULL, NULL };
  static const char *const first[] = { "green", "42", NULL };
  static const char *const last[] = { "ja, n\xc3\xbcn", NULL, NULL };
  static const char *const behind[] = { NULL, "green", "42" };
  const void *item = NULL;
  int ok;

  (void) flags;
  if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || item == NULL) {
    return PAM_AUTH_ERR;
  }

  conv = item;
  if (argc > 0 && strcmp(argv[0], "mixed") == 0) {
    ok = ask(3, mixed, behind);

  } else {
    ok = ask(1, text, none) && ask(2, questions, first) && ask(1, more, last);
  }

  return ok ? PAM_SUCCESS : PAM_AUTH_ERR;
}

int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc,
    const char **argv) {
  (void) pamh;
  (void) flags;
  (void) argc;
  (void) argv;
  return PAM_SUCCESS;
}
