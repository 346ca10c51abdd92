/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* exec-commands.c -- df, date, pwd, cd, echo, true. */

#include "exec-commands.h"
#include "ftpd-attrs.h"
#include "ftpd-gate.h"
#include "ftpd-tree.h"
#include "ftpd-user.h"

#include <time.h>

/* ---- true, pwd */

int sftp_exec_run_true(struct exec *e) {
  (void) e;
  return 0;
}

int sftp_exec_run_pwd(struct exec *e) {
  sftp_exec_out(e, e->cwd, strlen(e->cwd));
  sftp_exec_out(e, "\n", 1);
  return 0;
}

/* ---- echo */

static bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

static int hex_value(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The character for a backslash and the text at *at with -e; -1: the backslash
 * itself, -2: no more output.  Advances *at.
 */
static int escaped(const char **at) {
  static const char letters[] = "abefnrtv\\", values[] =
    "\a\b\033\f\n\r\t\v\\";
  const char *known = **at != '\0' ? strchr(letters, **at) : NULL;
  int value = 0, i;

  if (known != NULL) {
    (*at)++;
    return (unsigned char) values[known - letters];
  }

  if (**at == 'c') {
    return -2;
  }

  if (**at == '0') {
    for ((*at)++, i = 0; i < 3 && is_octal(**at); i++, (*at)++) {
      value = value * 8 + (**at - '0');
    }

    return value & 0xff;
  }

  if (**at == 'x' && hex_value((*at)[1]) >= 0) {
    for ((*at)++, i = 0; i < 2 && hex_value(**at) >= 0; i++, (*at)++) {
      value = value * 16 + hex_value(**at);
    }

    return value;
  }

  return -1;
}

/* False: \c, which ends the output. */
static bool echo_escapes(struct exec *e, const char *word) {
  while (*word != '\0') {
    int value = -1;
    char c = *word++;

    if (c == '\\') {
      value = escaped(&word);
    }

    if (value == -2) {
      return false;
    }

    c = value >= 0 ? (char) value : c;
    sftp_exec_out(e, &c, 1);
  }

  return true;
}

int sftp_exec_run_echo(struct exec *e) {
  bool line = true, escapes = false;
  unsigned int i = 1, first;

  for (; i < e->argc && e->argv[i][0] == '-' && e->argv[i][1] != '\0' &&
      e->argv[i][1 + strspn(e->argv[i] + 1, "neE")] == '\0'; i++) {
    const char *c;

    for (c = e->argv[i] + 1; *c != '\0'; c++) {
      line = line && *c != 'n';
      escapes = *c == 'e' ? true : *c == 'E' ? false : escapes;
    }
  }

  for (first = i; i < e->argc; i++) {
    if (i > first) {
      sftp_exec_out(e, " ", 1);
    }

    if (!escapes) {
      sftp_exec_out(e, e->argv[i], strlen(e->argv[i]));

    } else if (!echo_escapes(e, e->argv[i])) {
      return 0;
    }
  }

  if (line) {
    sftp_exec_out(e, "\n", 1);
  }

  return 0;
}

/* ---- cd */

int sftp_exec_run_cd(struct exec *e) {
  const char *name = e->argc > 1 && strcmp(e->argv[1], "--") != 0 ?
    e->argv[1] : e->argc > 2 ? e->argv[2] : NULL;
  const char *path, *real = NULL;
  struct ftpd_op op;
  struct stat st;
  int err = 0;

  if (name == NULL) {
    name = ftpd_home(e->ftpd, e->cmd_pool, "");
    name = name != NULL ? name : ftpd_cwd(e->ftpd);
  }

  path = sftp_exec_path(e, *name != '\0' ? name : ".");
  ftpd_op_begin(e->ftpd, &op, e->cmd_pool, FTPD_REALPATH, path);
  path = ftpd_permit(&op, path, NULL);
  if (path != NULL && op.blind != 0) {
    err = op.blind;

  } else if (path == NULL || ftpd_stat(e->ftpd, path, &st) < 0) {
    err = errno != 0 ? errno : EIO;

  } else if (!S_ISDIR(st.st_mode)) {
    err = ENOTDIR;

  } else {
    real = ftpd_realpath(e->ftpd, e->pool, path);
    err = real != NULL ? 0 : errno != 0 ? errno : EIO;
  }

  ftpd_op_end(&op, err, err == 0 ? 0 : 4, strerror(err));
  if (err != 0) {
    sftp_exec_complain(e, "%s: %s", sftp_exec_quote(e, name),
      sftp_exec_reason(e, err, op.refused));
    return 1;
  }

  e->cwd = real;
  return 0;
}

/* ---- date */

static int put_date(struct exec *e, const char *format, bool utc) {
  time_t now = time(NULL);
  char text[512];
  struct tm tm;

  if ((utc ? gmtime_r(&now, &tm) : localtime_r(&now, &tm)) == NULL) {
    return 1;
  }

  if (*format != '\0' &&
      strftime(text, sizeof(text), format, &tm) == 0) {
    sftp_exec_complain(e, "invalid format");
    return 1;
  }

  sftp_exec_printf(e, "%s\n", *format != '\0' ? text : "");
  return 0;
}

int sftp_exec_run_date(struct exec *e) {
  const char *format = "%a %b %e %H:%M:%S %Z %Y";
  bool utc = false;
  unsigned int i;

  for (i = 1; i < e->argc; i++) {
    const char *word = e->argv[i];

    if (strcmp(word, "-u") == 0 || strcmp(word, "--utc") == 0 ||
        strcmp(word, "--universal") == 0) {
      utc = true;

    } else if (strcmp(word, "-R") == 0) {
      format = "%a, %d %b %Y %H:%M:%S %z";

    } else if (*word == '+') {
      format = word + 1;

    } else {
      sftp_exec_complain(e, "%s: this is not supported",
        sftp_exec_quote(e, word));
      return 1;
    }
  }

  return put_date(e, format, utc);
}

/* ---- df */

enum df_form { DF_PLAIN, DF_POSIX, DF_HUMAN, DF_SI };

struct df {
  enum df_form form;
  uint64_t unit;                /* bytes */
  const char *unit_name;        /* in the headline */
  const char **names;           /* NULL-terminated */
  unsigned int next;
  bool headline;                /* it has been written */
  int status;
};

/* File systems per turn, so that other channels get their turns. */
#define DF_TURN 64

/* 512, 1K, 1M, 1G, K, M ...; 0 for anything else. */
static uint64_t df_unit(const char *text) {
  uint64_t n = 0;
  size_t digits = strspn(text, "0123456789");

  if (digits > 6 || *text == '\0') {
    return 0;
  }

  n = digits > 0 ? strtoul(text, NULL, 10) : 1;
  text += digits;
  return *text == '\0' ? n : text[1] != '\0' ? 0 :
    *text == 'K' || *text == 'k' ? n << 10 : *text == 'M' ? n << 20 :
    *text == 'G' ? n << 30 : 0;
}

static bool df_size(struct exec *e, struct df *df, const char *text) {
  df->unit = text != NULL ? df_unit(text) : 0;
  df->unit_name = text;
  if (df->unit == 0) {
    sftp_exec_complain(e, "invalid block size");
    return false;
  }

  if (text[strspn(text, "0123456789")] == '\0') {
    df->unit_name = pstrcat(e->cmd_pool, text, "B", (char *) NULL);

  } else if (*text < '0' || *text > '9') {
    df->unit_name = pstrcat(e->cmd_pool, "1", text, (char *) NULL);
  }

  return true;
}

static bool df_letters(struct exec *e, struct df *df, const char *letters,
    unsigned int *i) {
  for (; *letters != '\0'; letters++) {
    switch (*letters) {
      case 'k':
        df->unit = 1024;
        df->unit_name = "1K";
        break;

      case 'm':
        df->unit = 1024 * 1024;
        df->unit_name = "1M";
        break;

      case 'P':
        df->form = DF_POSIX;
        break;

      case 'h':
        df->form = DF_HUMAN;
        break;

      case 'H':
        df->form = DF_SI;
        break;

      case 'B':
        return df_size(e, df, letters[1] != '\0' ? letters + 1 :
          e->argv[*i + 1] != NULL ? e->argv[++*i] : NULL);

      case 'a':
      case 'l':
        break;

      default:
        sftp_exec_complain(e, "invalid option -- '%c'", *letters);
        return false;
    }
  }

  return true;
}

/* 4.0K, 12M, 1.5G: rounded up, as df does. */
static const char *df_human(struct exec *e, uint64_t bytes, unsigned int base,
    char *text, size_t size) {
  static const char units[] = "BKMGTPE";
  long double n = (long double) bytes;
  uint64_t tenths;
  size_t i = 0;

  (void) e;
  while (n >= base && units[i + 1] != '\0') {
    n /= base;
    i++;
  }

  tenths = (uint64_t) (n * 10);
  tenths += (long double) tenths < n * 10 ? 1 : 0;
  if (i == 0) {
    snprintf(text, size, "%lu", (unsigned long) bytes);

  } else if (tenths < 100) {
    snprintf(text, size, "%lu.%lu%c", (unsigned long) (tenths / 10),
      (unsigned long) (tenths % 10), base == 1000 && i == 1 ? 'k' : units[i]);

  } else {
    snprintf(text, size, "%lu%c", (unsigned long) ((tenths + 9) / 10),
      base == 1000 && i == 1 ? 'k' : units[i]);
  }

  return text;
}

static const char *df_number(struct exec *e, const struct df *df,
    uint64_t blocks, uint64_t frsize, char *text, size_t size) {
  long double n;

  if (df->form == DF_HUMAN || df->form == DF_SI) {
    return df_human(e, blocks * frsize, df->form == DF_SI ? 1000 : 1024, text,
      size);
  }

  n = (long double) blocks * (long double) frsize / (long double) df->unit;
  snprintf(text, size, "%llu", (unsigned long long) (n +
    (n > (long double) (unsigned long long) n ? 1 : 0)));
  return text;
}

static void df_headline(struct exec *e, const struct df *df) {
  const char *size = df->form == DF_POSIX && df->unit == 1024 ?
    "1024-blocks" : pstrcat(e->cmd_pool, df->unit_name, "-blocks",
      (char *) NULL);

  if (df->form == DF_HUMAN || df->form == DF_SI) {
    sftp_exec_printf(e, "Filesystem      Size  Used Avail Use%% Mounted on\n");

  } else {
    sftp_exec_printf(e, "%-14s %11s %11s %11s %s Mounted on\n", "Filesystem",
      size, "Used", "Available", df->form == DF_POSIX ? "Capacity" : "Use%");
  }
}

/* Clients do not see devices and mount points, only one tree from "/" down. */
static void df_line(struct exec *e, const struct df *df,
    const struct statvfs *st) {
  uint64_t unit = st->f_frsize > 0 ? st->f_frsize : st->f_bsize;
  uint64_t used = st->f_blocks > st->f_bfree ? st->f_blocks - st->f_bfree : 0;
  uint64_t all = used + st->f_bavail;
  char total[32], taken[32], avail[32], share[16] = "-";
  bool human = df->form == DF_HUMAN || df->form == DF_SI;

  if (all > 0) {
    uint64_t pct = all < UINT64_MAX / 100 ? (used * 100 + all - 1) / all :
      used / (all / 100);

    snprintf(share, sizeof(share), "%lu%%", (unsigned long) pct);
  }

  (void) df_number(e, df, st->f_blocks, unit, total, sizeof(total));
  (void) df_number(e, df, used, unit, taken, sizeof(taken));
  (void) df_number(e, df, st->f_bavail, unit, avail, sizeof(avail));
  sftp_exec_printf(e, human ? "%-14s %5s %5s %5s %4s %s\n" :
    df->form == DF_POSIX ? "%-14s %11s %11s %11s %8s %s\n" :
    "%-14s %11s %11s %11s %4s %s\n", "-", total, taken, avail, share, "/");
}

static bool df_path(struct exec *e, const char *name, struct statvfs *st) {
  const char *path = sftp_exec_path(e, name);
  struct ftpd_op op;
  int err = 0;

  ftpd_op_begin(e->ftpd, &op, e->cmd_pool, FTPD_STATVFS, path);
  path = ftpd_permit(&op, path, NULL);
  if (path == NULL || ftpd_statvfs(e->ftpd, path, st) < 0) {
    err = errno != 0 ? errno : EIO;
  }

  ftpd_op_end(&op, err, err == 0 ? 0 : 4, strerror(err));
  if (err != 0) {
    sftp_exec_complain(e, "%s: %s", sftp_exec_quote(e, name),
      sftp_exec_reason(e, err, op.refused));
  }

  return err == 0;
}

/* Options may follow names, up to "--". */
static bool df_words(struct exec *e, struct df *df) {
  bool options = true;
  unsigned int i, n = 0;

  df->names = pcalloc(e->cmd_pool, (e->argc + 1) * sizeof(char *));
  for (i = 1; i < e->argc; i++) {
    const char *word = e->argv[i];

    if (options && strcmp(word, "--") == 0) {
      options = false;

    } else if (options && strncmp(word, "--block-size=", 13) == 0) {
      if (!df_size(e, df, word + 13)) {
        return false;
      }

    } else if (options && word[0] == '-' && word[1] != '\0') {
      if (!df_letters(e, df, word + 1, &i)) {
        return false;
      }

    } else {
      df->names[n++] = word;
    }
  }

  if (n == 0) {
    df->names[0] = ".";
  }

  return true;
}

static void df_name(struct exec *e, struct df *df, const char *name) {
  struct statvfs st;

  if (!df_path(e, name, &st)) {
    df->status = 1;
    return;
  }

  if (!df->headline) {
    df->headline = true;
    df_headline(e, df);
  }

  df_line(e, df, &st);
}

int sftp_exec_run_df(struct exec *e) {
  struct df *df = e->state;
  unsigned int n;

  if (df == NULL) {
    df = pcalloc(e->cmd_pool, sizeof(*df));
    df->form = DF_PLAIN;
    df->unit = 1024;
    df->unit_name = "1K";
    if (!df_words(e, df)) {
      return 1;
    }

    e->state = df;
  }

  for (n = 0; df->names[df->next] != NULL; n++) {
    if (n == DF_TURN || sftp_channel_room(e->ch) == 0) {
      return EXEC_MORE;
    }

    df_name(e, df, df->names[df->next++]);
  }

  return df->status;
}
