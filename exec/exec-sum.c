/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* exec-sum.c -- md5sum, sha1sum, sha256sum, sha512sum.
 *
 * The output has the format of the GNU tools, which clients compare with: the
 * checksum, two characters, the name.  In a name, backslashes and line ends are
 * escaped, and then the line begins with a backslash.
 */

#include "exec-commands.h"

#include <fcntl.h>

#include "crypto.h"
#include "checksum.h"
#include "ftpd-gate.h"
#include "ftpd-io.h"

#define BUF_BYTES (256 * 1024)
/* Maximum work per turn, so that other channels get their turns. */
#define TURN_BYTES (8 * 1024 * 1024)
#define TURN_PER_FILE (64 * 1024)

struct sums {
  struct sftp_sum *sum;
  const char *tag;              /* of --tag */
  bool binary, tagged, zero;
  const char **names;           /* NULL-terminated */
  unsigned int next;
  int status;
  unsigned char *buf;
  bool begun;                   /* the checksum of the current name has begun */

  /* A file that is open. */
  struct ftpd_file *file;
  struct ftpd_op op;
  off_t at;
};

/* ---- Options */

static bool set_letters(struct exec *e, struct sums *s, const char *letters) {
  for (; *letters != '\0'; letters++) {
    switch (*letters) {
      case 'b':
        s->binary = true;
        break;

      case 't':
        s->binary = false;
        break;

      case 'z':
        s->zero = true;
        break;

      default:
        sftp_exec_complain(e, "invalid option -- '%c'", *letters);
        return false;
    }
  }

  return true;
}

static bool set_option(struct exec *e, struct sums *s, const char *word) {
  if (word[1] != '-') {
    return set_letters(e, s, word + 1);
  }

  if (strcmp(word, "--tag") == 0) {
    s->tagged = true;

  } else if (strcmp(word, "--binary") == 0) {
    s->binary = true;

  } else if (strcmp(word, "--text") == 0) {
    s->binary = false;

  } else if (strcmp(word, "--zero") == 0) {
    s->zero = true;

  } else {
    sftp_exec_complain(e, "unrecognized option '%s'", word);
    return false;
  }

  return true;
}

/* Options may follow names, up to "--". */
static bool read_words(struct exec *e, struct sums *s) {
  bool options = true;
  unsigned int i, n = 0;

  s->names = pcalloc(e->cmd_pool, (e->argc + 1) * sizeof(char *));
  for (i = 1; i < e->argc; i++) {
    const char *word = e->argv[i];

    if (options && strcmp(word, "--") == 0) {
      options = false;

    } else if (options && word[0] == '-' && word[1] != '\0') {
      if (!set_option(e, s, word)) {
        return false;
      }

    } else {
      s->names[n++] = word;
    }
  }

  if (n == 0) {
    s->names[0] = "-";
  }

  return true;
}

/* ---- Output */

static bool needs_escape(const struct sums *s, const char *name) {
  return !s->zero && strpbrk(name, "\\\n\r") != NULL;
}

static void put_name(struct exec *e, const struct sums *s, const char *name) {
  if (!needs_escape(s, name)) {
    sftp_exec_out(e, name, strlen(name));
    return;
  }

  for (; *name != '\0'; name++) {
    switch (*name) {
      case '\\':
        sftp_exec_out(e, "\\\\", 2);
        break;

      case '\n':
        sftp_exec_out(e, "\\n", 2);
        break;

      case '\r':
        sftp_exec_out(e, "\\r", 2);
        break;

      default:
        sftp_exec_out(e, name, 1);
    }
  }
}

static void put_sum(struct exec *e, const struct sums *s, const char *name,
    const unsigned char *sum) {
  static const char digits[] = "0123456789abcdef";
  char hex[2 * SFTP_SUM_MAX];
  size_t len = sftp_sum_len(s->sum), i;

  for (i = 0; i < len; i++) {
    hex[2 * i] = digits[sum[i] >> 4];
    hex[2 * i + 1] = digits[sum[i] & 15];
  }

  if (needs_escape(s, name)) {
    sftp_exec_out(e, "\\", 1);
  }

  if (s->tagged) {
    sftp_exec_printf(e, "%s (", s->tag);
    put_name(e, s, name);
    sftp_exec_out(e, ") = ", 4);
    sftp_exec_out(e, hex, 2 * len);

  } else {
    sftp_exec_out(e, hex, 2 * len);
    sftp_exec_out(e, s->binary ? " *" : "  ", 2);
    put_name(e, s, name);
  }

  sftp_exec_out(e, s->zero ? "" : "\n", 1);
}

/* ---- One name after the other */

static void close_file(struct sums *s, int err) {
  /* The codes of SFTP (filexfer-02, section 7): OK and FAILURE. */
  if (s->file != NULL) {
    (void) ftpd_close_internal(s->file, true);
    s->file = NULL;
    ftpd_op_end(&s->op, err, err == 0 ? 0 : 4, strerror(err));
  }
}

static void end_name(struct sums *s) {
  close_file(s, 0);
  s->begun = false;
  s->next++;
}

static void fail_name(struct exec *e, struct sums *s, int err,
    const char *refused) {
  const char *name = s->names[s->next];

  sftp_exec_complain(e, "%s: %s", sftp_exec_quote(e, name),
    sftp_exec_reason(e, err, refused));
  s->status = 1;
  close_file(s, err);
  s->begun = false;
  s->next++;
}

static bool open_file(struct exec *e, struct sums *s) {
  const char *path = sftp_exec_path(e, s->names[s->next]);
  const char *refused;
  int err;

  ftpd_op_begin(e->ftpd, &s->op, e->cmd_pool, FTPD_DIGEST, path);
  path = ftpd_permit(&s->op, path, NULL);
  if (path != NULL) {
    s->file = ftpd_open_internal(&s->op, path, O_RDONLY, 0, 0);
  }

  if (s->file != NULL) {
    s->at = 0;
    return true;
  }

  err = errno != 0 ? errno : EIO;
  refused = s->op.refused;
  ftpd_op_end(&s->op, err, 4, strerror(err));
  fail_name(e, s, err, refused);
  return false;
}

/* The checksum that gives its name to a command such as "md5sum". */
static const char *sum_name(struct exec *e) {
  return pstrndup(e->cmd_pool, e->row->name, strlen(e->row->name) -
    strlen("sum"));
}

/* The server has the sum of the open file. */
static bool put_known(struct exec *e, struct sums *s) {
  unsigned char sum[SFTP_SUM_MAX];

  if (!ftpd_known_digest(s->file, sum_name(e), sum)) {
    return false;
  }

  put_sum(e, s, s->names[s->next], sum);
  end_name(s);
  return true;
}

static bool end_sum(struct exec *e, struct sums *s) {
  unsigned char sum[SFTP_SUM_MAX];

  if (sftp_sum_end(s->sum, sum) != SFTP_OK) {
    fail_name(e, s, EIO, NULL);
    return false;
  }

  put_sum(e, s, s->names[s->next], sum);
  end_name(s);
  return true;
}

/* Continues to read the open file, at most *budget bytes. */
static void sum_file(struct exec *e, struct sums *s, size_t *budget) {
  size_t part = ftpd_portion(s->file, BUF_BYTES);

  while (*budget > 0) {
    ssize_t n = ftpd_peek(s->file, s->buf, part, s->at);

    if (n < 0 || sftp_sum_add(s->sum, s->buf, (size_t) n) != SFTP_OK) {
      fail_name(e, s, n < 0 && errno != 0 ? errno : EIO, NULL);
      return;
    }

    s->at += n;
    if ((size_t) n < part) {
      (void) end_sum(e, s);
      return;
    }

    *budget = part < BUF_BYTES || *budget < BUF_BYTES ? 0 :
      *budget - BUF_BYTES;
  }
}

/* Adds the input to the checksum; false if more must come. */
static bool sum_input(struct exec *e, struct sums *s) {
  if (e->in_len > 0 &&
      sftp_sum_add(s->sum, e->in, e->in_len) != SFTP_OK) {
    fail_name(e, s, EIO, NULL);
    return true;
  }

  e->in_len = 0;
  if (!e->in_end) {
    return false;
  }

  (void) end_sum(e, s);
  return true;
}

static int go_on(struct exec *e, struct sums *s) {
  size_t budget = TURN_BYTES;

  while (s->names[s->next] != NULL) {
    bool input = strcmp(s->names[s->next], "-") == 0;

    if (budget == 0 || sftp_channel_room(e->ch) == 0) {
      return EXEC_MORE;
    }

    if (!s->begun) {
      if (sftp_sum_begin(s->sum) != SFTP_OK) {
        fail_name(e, s, EIO, NULL);
        continue;
      }

      if (!input && !open_file(e, s)) {
        continue;
      }

      s->begun = true;
      budget -= budget < TURN_PER_FILE ? budget : TURN_PER_FILE;
      if (!input && put_known(e, s)) {
        continue;
      }
    }

    if (!input) {
      sum_file(e, s, &budget);

    } else if (!sum_input(e, s)) {
      return EXEC_INPUT;
    }
  }

  return s->status;
}

static void stop_sums(struct exec *e) {
  close_file(e->state, ECANCELED);
}

int sftp_exec_run_sum(struct exec *e) {
  struct sums *s = e->state;

  if (s == NULL) {
    s = pcalloc(e->cmd_pool, sizeof(*s));
    s->tag = sftp_sum_label(sum_name(e));
    if (!read_words(e, s)) {
      return 1;
    }

    s->sum = sftp_sum_new(e->cmd_pool, sum_name(e));
    if (s->sum == NULL) {
      sftp_exec_complain(e, "%s is not available on this server%s", s->tag,
        sftp_crypto_fips() ? " (FIPS)" : "");
      return 1;
    }

    s->buf = palloc(e->cmd_pool, BUF_BYTES);
    e->state = s;
    e->stop = stop_sums;
  }

  return go_on(e, s);
}
