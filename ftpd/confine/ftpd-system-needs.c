/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-system-needs.c -- what the system's own configuration needs of a session
 * after the login: services of PAM, and databases of users.
 */

#include "ftpd-system-needs.h"

#define MAX_DEPTH 8

/* Modules of PAM that run programs, or code of administrators. */
static const char *const runners[] = {
  "pam_exec.so", "pam_mount.so", "pam_perl.so", "pam_python.so",
  "pam_script.so"
};

static const char *const remote[] = { "hesiod", "nis", "nisplus" };

static bool is_one_of(const char *word, const char *const *list, size_t n) {
  size_t i;

  for (i = 0; i < n; i++) {
    if (strcmp(word, list[i]) == 0) {
      return true;
    }
  }

  return false;
}

/* The next word of the line, or "": brackets join several. */
static const char *next_word(char **line) {
  const char *end = " \t\r\n";
  char *word = *line + strspn(*line, end), *rest;

  if (*word == '[') {
    end = "]";
  }

  rest = word + strcspn(word, end);
  if (*rest != '\0') {
    *rest++ = '\0';
  }

  *line = rest;
  return *word != '#' ? word : "";
}

static bool file_runs(const char *dir, const char *service, unsigned int depth);

static bool line_runs(const char *dir, char *line, unsigned int depth) {
  const char *type = next_word(&line), *control = next_word(&line), *what,
    *slash;

  if (strcmp(type, "@include") == 0) {
    return file_runs(dir, control, depth + 1);
  }

  if (strcmp(type, "session") != 0 && strcmp(type, "-session") != 0) {
    return false;
  }

  what = next_word(&line);
  if (strcmp(control, "include") == 0 || strcmp(control, "substack") == 0) {
    return file_runs(dir, what, depth + 1);
  }

  slash = strrchr(what, '/');
  return is_one_of(slash != NULL ? slash + 1 : what, runners,
    SFTP_NELEMS(runners));
}

static bool file_runs(const char *dir, const char *service,
    unsigned int depth) {
  char path[PATH_MAX], line[1024];
  bool runs = false;
  FILE *file;

  if (depth > MAX_DEPTH || *service == '\0') {
    return false;
  }

  (void) snprintf(path, sizeof(path), "%s/%s", dir, service);
  file = fopen(*service == '/' ? service : path, "re");
  while (file != NULL && !runs && fgets(line, sizeof(line), file) != NULL) {
    runs = line_runs(dir, line, depth);
  }

  if (file != NULL) {
    (void) fclose(file);
  }

  return runs;
}

bool ftpd_pam_runs_programs(const char *dir, const char *service) {
  return file_runs(dir, service, 0);
}

static bool line_connects(char *line) {
  const char *word = next_word(&line);
  bool connects = false;

  if (strcmp(word, "passwd:") == 0 || strcmp(word, "group:") == 0 ||
      strcmp(word, "initgroups:") == 0) {
    for (word = next_word(&line); *word != '\0' && !connects;
        word = next_word(&line)) {
      connects = is_one_of(word, remote, SFTP_NELEMS(remote));
    }
  }

  return connects;
}

bool ftpd_nss_connects(const char *path) {
  char line[1024];
  bool connects = false;
  FILE *file = fopen(path, "re");

  while (file != NULL && !connects && fgets(line, sizeof(line), file) != NULL) {
    connects = line_connects(line);
  }

  if (file != NULL) {
    (void) fclose(file);
  }

  return connects;
}
