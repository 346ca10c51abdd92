/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* login.pml -- a connection from its first KEXINIT to its channels, for spin:
 * key exchanges, login, rekeys of both sides, and the hand-over of the
 * connection from a cell to its monitor.  t/unit/model-t.py checks it.
 *
 * Four settings:
 *
 *   (none)    cell, monitor and a client that sends anything at any time, with
 *             old or new keys, and as much ahead as it likes
 *   DIRECT    the same client, SFTPIsolation off: one process.  Besides, a
 *             login may be decided while keys are exchanged.
 *   HONEST    a client that keeps the rules, and begins rekeys and sends ahead
 *             where it may, against cell and monitor; also with DIRECT
 *   ROGUE     an attacker who is inside the cell: anything to the monitor, at
 *             any time
 *
 * table.h is written by the test from the C source: the phases of messages
 * (transport-msgs.h, messages.c, cell-messages.c), those of strict KEX, and the
 * stages of questions (monitor-questions.c).  Messages with the same row and
 * handler are one message here (M_*).  The rest follows the functions that
 * comments name.
 *
 * Keys are numbers modulo 3, and the client uses those of the last two
 * exchanges, so that nothing limits the number of exchanges and messages.  Only
 * the honest client has an end, and each side begins at most two rekeys there.
 *
 * Left out: budgets and other limits (each only ends connections earlier);
 * bytes: lengths, contents, MACs (a message with another key is refused),
 * sequence numbers; cryptography: a proof is good or bad, signatures are right;
 * chains of methods, compression, the client's identification, more than one
 * channel, what a cell offers and reports, processes that are killed.
 *
 * `fault' puts one fault into the model, so that each property is seen to fail
 * (the environment's FAULT; 0: none).
 */

#include "table.h"

/* ---- Faults */

#define F_READ_ON 1             /* the cell reads on before GO */
#define F_OLD_KEY_IN 2          /* NEWKEYS changes no key: in */
#define F_OLD_KEY_OUT 3         /* ... out */
#define F_CHANNEL_EARLY 4       /* channel messages are allowed in PH_AUTH */
#define F_NO_HOLD 5             /* replies are sent during an exchange */
#define F_STATE_EARLY 6         /* STATE is taken without RELEASE */
#define F_UNSIGNED 7            /* AGREED is taken before a signature */
#define F_RESUME_OPEN 8         /* behind a rekey, the phase is PH_OPEN */
#define F_ENTER_NOW 9           /* a phase during an exchange begins at once */
#define F_KEXINIT_TWICE 10      /* a rekey begins during an exchange */
#define F_LAX 11                /* strict KEX is not enforced */
#define F_LOGIN_AGAIN 12        /* a request after the login is served */
#define F_NO_GO 13              /* the monitor forgets GO */
#define F_INPUT_LOST 14         /* a hand-over forgets input that was read */
#define F_KEY_LOST 15           /* ... has keys that were replaced */
#define F_NOT_BOTH 16           /* KEXINIT is refused after ours */
#define F_NEVER_RELEASED 17     /* held replies are forgotten */
#define F_ANSWER_UNASKED 18     /* an answer without a question is judged */
#define F_LATE_KEXINIT 19       /* strict KEX allows something before KEXINIT */
#define F_GUESS_KEPT 20         /* a wrong guess is taken for the message */
#define F_LOGIN_UNASKED 21      /* the cell is told to hand over at any time */
#define F_ACCEPT_NOW 22         /* SERVICE_ACCEPT is sent during an exchange */

hidden byte fault;

/* ---- Messages */

#define KEYS 3
#define NEXT(k) ((k + 1) % KEYS)
#define LAST(k) ((k + KEYS - 1) % KEYS)

/* Arguments: of KEXINIT, of SERVICE_REQUEST, of requests and answers. */
#define STRICT 1
#define GUESS 2
#define TO_LOG_IN 0
#define TO_CONNECT 1
#define BAD 0
#define GOOD 1
#define TALK 2

/* From the server: their numbers. */
#define S_DISCONNECT 1
#define S_UNIMPLEMENTED 3
#define S_SERVICE_ACCEPT 6
#define S_EXT_INFO 7
#define S_KEXINIT 20
#define S_NEWKEYS 21
#define S_KEX_GROUP 31
#define S_KEX_REPLY 33
#define S_FAILURE 51
#define S_SUCCESS 52
#define S_INFO_REQUEST 60
#define S_CHANNEL 91
#define S_PONG 193

#ifdef HONEST

/* The client's socket: type, argument, key. */
chan to_server = [1] of { byte, byte, byte };
chan to_client = [3] of { byte, byte };
/* What was read and not decoded yet; a state hands it over. */
chan ahead = [2] of { byte, byte, byte };

inline get_message() {
  ahead?t, arg, key
}

#else

/* Anything, with the old or the new keys.  Nothing depends on a message before
 * it is decoded, so it is chosen then: it may have been sent long before.
 */
inline get_message() {
  if
  :: key = made
  :: key = LAST(made)
  fi;
  if
  :: t = M_DISCONNECT
  :: t = M_IGNORE
  :: t = M_SERVICE; arg = TO_LOG_IN
  :: t = M_SERVICE; arg = TO_CONNECT
  :: t = M_EXT_INFO
  :: t = M_KEXINIT; arg = 0
  :: t = M_KEXINIT; arg = STRICT
  :: t = M_KEXINIT; arg = GUESS
  :: t = M_KEX
  :: t = M_NEWKEYS
  :: t = M_USERAUTH; arg = BAD
  :: t = M_USERAUTH; arg = TALK
  :: t = M_USERAUTH; arg = GOOD
  :: t = M_ANSWER; arg = BAD
  :: t = M_ANSWER; arg = GOOD
  :: t = M_CHANNEL
  :: t = M_PING
  :: t = M_UNKNOWN_LOW
  :: t = M_UNKNOWN_HIGH
  fi
}

#endif

/* Cell and monitor: what, type, argument. */
#ifdef ROGUE

/* Chosen when it is read, too; nobody needs the answers. */
inline get_question() {
  if
  :: question = Q_CLIENT
  :: question = Q_TRANSCRIPT
  :: question = Q_AGREED
  :: question = Q_STATE
  :: question = Q_REQUEST; get_message()
  fi
}

inline reply(what, u) {
  true
}

#else

chan to_monitor = [3] of { byte, byte, byte };
chan to_cell = [3] of { byte, byte };

inline get_question() {
  to_monitor?question, t, arg
}

inline reply(what, u) {
  to_cell!what, u
}

#endif

/* ---- Connections */

#define EXCHANGE (PH_KEX|PH_NEWKEYS)
#define KEYED (PH_SERVICE|PH_AUTH|PH_OPEN)

#define CELL 0
#define SESSION 1

typedef conn_t {
  byte phase, resume;
  bit keyed, strict, auth;
  bit seen;                     /* something came before this message */
  bit running, theirs, sent;    /* an exchange; its KEXINIT; our NEWKEYS */
  bit round, drop;
  bit hold;
  byte held;
  byte in_key, out_key
};

conn_t conn[2];

/* What has no more effect does not make different states. */
inline forget(c) {
  conn[c].phase = 0;
  conn[c].resume = 0;
  conn[c].keyed = 0;
  conn[c].strict = 0;
  conn[c].seen = 0;
  conn[c].round = 0;
  conn[c].in_key = 0;
  conn[c].out_key = 0
}

/* What is true on the wire, whoever serves it. */
byte made;                      /* keys of the last exchange */
byte keys_in, keys_out;         /* in force behind the last NEWKEYS */
bit exchanging;                 /* between our KEXINIT and our NEWKEYS */
bit proved;                     /* by what the monitor verified */
bit has_signed;                 /* an exchange hash */
bit served;                     /* a channel message */
bit done;                       /* the honest client has all it wants */
bit cell_gone, monitor_gone;

/* packet-out.c: seal() */
inline seal(c, t) {
#ifdef HONEST
  to_client!t, conn[c].out_key;
#endif
  assert(conn[c].out_key == keys_out)
}

/* packet-out.c: sftp_packet_end(), of a message that never waits ... */
inline emit_now(c, t) {
  assert(t <= KEX_LAST && t != S_SERVICE_ACCEPT);
  seal(c, t)
}

/* ... and of one that waits for the end of an exchange: must_wait().  Until
 * then, none may be on the wire (RFC 4253, section 7.1).
 */
inline emit(c, t) {
  if
  :: conn[c].hold && fault != F_NO_HOLD &&
      !(fault == F_ACCEPT_NOW && t == S_SERVICE_ACCEPT) ->
    if
    :: conn[c].held < 2 -> conn[c].held++
    :: else -> goto gone        /* HELD_MAX */
    fi
  :: else ->
    assert(!exchanging);
    seal(c, t)
  fi
}

/* phase.c: sftp_phase_enter() */
inline enter(c, next) {
  if
  :: (conn[c].phase & EXCHANGE) && (next & KEYED) && fault != F_ENTER_NOW ->
    conn[c].resume = next
  :: else ->
    if
    :: (next & EXCHANGE) && (conn[c].phase & KEYED) ->
      conn[c].resume = conn[c].phase
    :: else
    fi;
    conn[c].phase = next
  fi
}

/* kex.c: sftp_kex_start() and kex-init.c: sftp_kex_send_init() */
inline begin_exchange(c) {
  conn[c].running = 1;
  assert(!exchanging);
  emit_now(c, S_KEXINIT);
  exchanging = 1;
  conn[c].hold = 1
}

/* kex-init.c: sftp_on_kexinit() */
inline on_kexinit(c, arg) {
  if
  :: conn[c].running && (conn[c].theirs || fault == F_NOT_BOTH) -> goto gone
  :: conn[c].running && !conn[c].theirs && fault != F_NOT_BOTH
  :: !conn[c].running -> begin_exchange(c)
  fi;
  conn[c].theirs = 1;
  if
  :: !conn[c].keyed ->
    conn[c].strict = arg & STRICT;
    if
    :: conn[c].strict && conn[c].seen && fault != F_LATE_KEXINIT -> goto gone
    :: else
    fi;
    assert(!conn[c].strict || !conn[c].seen)
  :: else
  fi;
  conn[c].drop = (arg & GUESS) && fault != F_GUESS_KEPT;
  enter(c, PH_KEX)
}

/* kex.c: send_newkeys().  What was held may be any message that is held. */
inline send_newkeys(c) {
  assert(exchanging);
  emit_now(c, S_NEWKEYS);
  exchanging = 0;
  keys_out = made;
  if
  :: fault != F_OLD_KEY_OUT -> conn[c].out_key = made
  :: else
  fi;
  conn[c].sent = 1;
  if
  :: !conn[c].keyed -> emit_now(c, S_EXT_INFO)
  :: else
  fi;
  conn[c].hold = 0;
  do
  :: conn[c].held > 0 ->
    conn[c].held--;
    if
    :: fault != F_NEVER_RELEASED -> emit(c, S_CHANNEL)
    :: else
    fi
  :: else -> break
  od
}

/* kex.c: complete_exchange(), behind the signature; SFTPOptions decide when
 * our NEWKEYS are sent.
 */
inline complete_exchange(c) {
  emit_now(c, S_KEX_REPLY);
  made = NEXT(made);
  enter(c, PH_NEWKEYS);
  if
  :: send_newkeys(c)
  :: true
  fi
}

/* kex.c: sftp_on_newkeys() */
inline on_newkeys(c) {
  if
  :: !conn[c].sent -> send_newkeys(c)
  :: else
  fi;
  if
  :: fault != F_OLD_KEY_IN -> conn[c].in_key = made
  :: else
  fi;
  keys_in = made;
  conn[c].phase = (fault == F_RESUME_OPEN -> PH_OPEN : conn[c].resume);
  conn[c].keyed = 1;
  conn[c].resume = 0;
  conn[c].running = 0;
  conn[c].theirs = 0;
  conn[c].sent = 0;
  conn[c].round = 0;
  conn[c].drop = 0
}

/* conn.c: sftp_packets_next(); a message with another key is refused. */
inline decode(c, key) {
  if
  :: key != conn[c].in_key -> goto gone
  :: else
  fi;
  assert(conn[c].in_key == keys_in)
}

/* conn.c: sftp_conn_dispatch(), up to the handler.  t: 0 if none runs. */
#define IS_STRICT(c) (conn[c].strict && !conn[c].keyed && fault != F_LAX)
#define BEYOND(c) (conn[c].keyed && (conn[c].phase & EXCHANGE) -> \
  conn[c].resume : conn[c].phase)
#define PHASE_FOR(c, t) (BEYOND(c) == PH_OPEN && IS_CONNECTION(t) -> PH_OPEN : \
  conn[c].phase)

inline admit(c, t, may, may_strictly) {
  if
  :: t == M_UNKNOWN_LOW || t == M_UNKNOWN_HIGH ->
    if
    :: !IS_STRICT(c) && (t == M_UNKNOWN_LOW || conn[c].auth) ->
      emit_now(c, S_UNIMPLEMENTED);
      t = 0
    :: else -> goto gone
    fi
  :: else ->
    if
    :: ((IS_STRICT(c) -> may_strictly : may) & PHASE_FOR(c, t)) == 0 ->
      goto gone
    :: else
    fi;
    assert(!conn[c].strict || conn[c].keyed || t == M_DISCONNECT ||
      t == M_KEXINIT || t == M_KEX || t == M_NEWKEYS)
  fi
}

#define COHERENT(c) assert(((conn[c].phase & EXCHANGE) != 0) == \
  (conn[c].running && conn[c].theirs)); \
  assert((conn[c].running && !conn[c].sent) == conn[c].hold)

/* ---- The cell */

#ifndef DIRECT
#ifndef ROGUE

/* cell.c: send_message() and serve() */
inline serve_monitor(what, u) {
  if
  :: what == A_SEND ->
    if
    :: u == S_DISCONNECT -> goto gone
    :: else -> emit(CELL, u)
    fi;
    if
    :: u == S_SERVICE_ACCEPT -> enter(CELL, PH_AUTH)
    :: else
    fi
  :: what == A_GO -> asked = 0
  :: what == A_RELEASE -> goto hand_over
  :: else -> goto gone
  fi;
  what = 0; u = 0
}

/* cell.c: cell_ask() */
inline ask(question, answer) {
  to_monitor!question, 0, 0;
  do
  :: to_cell?what, u ->
    if
    :: what == answer -> what = 0; u = 0; break
    :: else -> serve_monitor(what, u)
    fi
  :: monitor_gone && empty(to_cell) -> goto gone
  od
}

/* cell-messages.c */
inline run_in_cell(t, arg) {
  if
  :: t == M_KEXINIT -> on_kexinit(CELL, arg)
  :: t == M_KEX ->
    if
    :: conn[CELL].drop -> conn[CELL].drop = 0
    :: !conn[CELL].drop && !conn[CELL].round ->
      conn[CELL].round = 1;
      emit_now(CELL, S_KEX_GROUP)
    :: !conn[CELL].drop ->
      ask(Q_TRANSCRIPT, A_SIGNATURE);
      complete_exchange(CELL)
    fi
  :: t == M_NEWKEYS ->
    on_newkeys(CELL);
    to_monitor!Q_AGREED, 0, 0
  :: t == M_SERVICE || t == M_USERAUTH || t == M_ANSWER ->
    if
    :: t == M_USERAUTH -> emit_now(CELL, S_EXT_INFO)
    :: true
    fi;
    to_monitor!Q_REQUEST, t, arg;
    asked = (fault != F_READ_ON)
  :: t == M_DISCONNECT || t == M_CHANNEL -> goto gone
  :: else
  fi
}

proctype cell() {
  byte t, arg, key, what, u;
  bit asked;

  conn[CELL].phase = PH_KEXINIT;
  conn[CELL].resume = PH_SERVICE;
  atomic { ask(Q_CLIENT, A_SETTINGS) };
  if
  :: begin_exchange(CELL)
  :: true                       /* it waits for the client's */
  fi;

end_idle:
  do
  :: atomic { to_cell?what, u -> serve_monitor(what, u) }
#ifdef HONEST
  :: atomic { nfull(ahead) && nempty(to_server) ->
    to_server?t, arg, key;
    ahead!t, arg, key }
#endif
  :: atomic { get_message();
    decode(CELL, key);
    admit(CELL, t, CELL_PHASES(t), CELL_STRICT(t));
    run_in_cell(t, arg);
    conn[CELL].seen = 1;
    COHERENT(CELL);
    t = 0; arg = 0; key = 0;

    /* cell.c: wait_for_go() */
    do
    :: !asked -> break
    :: to_cell?what, u -> serve_monitor(what, u)
    :: monitor_gone && empty(to_cell) -> goto gone
    od }
  :: monitor_gone && empty(to_cell) -> goto gone
  od;

  /* cell.c: hand_over(); handover-write.c: check_moment() */
hand_over:
  atomic {
    assert(conn[CELL].keyed && !conn[CELL].running && !conn[CELL].hold &&
      conn[CELL].held == 0);
    to_monitor!Q_STATE, 0, 0
  };

gone:
  cell_gone = 1
}

#endif
#endif

/* ---- The monitor, which then serves the session */

/* What a login sends: through the cell, or itself. */
inline say(u) {
  if
  :: relay -> reply(A_SEND, u)
  :: else -> emit(SESSION, u)
  fi
}

/* auth.c: log_in() */
inline log_in() {
  talk = 0;
  say(S_SUCCESS);
  conn[SESSION].auth = 1;
  enter(SESSION, PH_OPEN)
}

/* auth.c: run_method(), conclude() */
inline judge(proof) {
  assert(!conn[SESSION].auth);
  assert(has_signed);
  assert(conn[SESSION].keyed);
  talk = 0;
  if
  :: proof == GOOD ->
    proved = 1;
    log_in()
#ifndef HONEST
  :: proof == GOOD -> say(S_FAILURE)    /* another method is wanted */
  :: proof == GOOD && t == M_ANSWER ->  /* another question */
    say(S_INFO_REQUEST);
    talk = 1
  :: proof == BAD -> goto gone          /* too many attempts */
#endif
  :: proof == BAD -> say(S_FAILURE)
  :: proof == TALK ->
    say(S_INFO_REQUEST);
    talk = 1
  fi
}

/* messages.c, auth-service.c, auth.c, auth-kbdint.c */
inline run_request(t, arg) {
  if
  :: t == M_SERVICE && conn[SESSION].auth && arg == TO_LOG_IN
  :: t == M_SERVICE && conn[SESSION].auth && arg != TO_LOG_IN ->
    emit(SESSION, S_SERVICE_ACCEPT)
  :: t == M_SERVICE && !conn[SESSION].auth ->
    if
    :: arg == TO_LOG_IN ->
      say(S_SERVICE_ACCEPT);
      enter(SESSION, PH_AUTH)
    :: else -> goto gone
    fi
  :: t == M_USERAUTH && conn[SESSION].auth && fault != F_LOGIN_AGAIN
  :: t == M_USERAUTH && (!conn[SESSION].auth || fault == F_LOGIN_AGAIN) ->
    judge(arg)                  /* a dialogue is abandoned: park() */
  :: t == M_ANSWER ->
    if
    :: !talk && fault != F_ANSWER_UNASKED -> goto gone
    :: else
    fi;
    assert(talk);
    judge(arg)
  :: else
  fi
}

#define SESSION_MAY(t) (fault == F_CHANNEL_EARLY && t == M_CHANNEL -> \
  PH_AUTH|PH_OPEN : SESSION_PHASES(t))

inline run_in_session(t, arg) {
  if
  :: t == M_KEXINIT -> on_kexinit(SESSION, arg)
  :: t == M_KEX ->
    if
    :: conn[SESSION].drop -> conn[SESSION].drop = 0
    :: !conn[SESSION].drop && !conn[SESSION].round ->
      conn[SESSION].round = 1;
      emit_now(SESSION, S_KEX_GROUP)
    :: !conn[SESSION].drop ->
      has_signed = 1;
      complete_exchange(SESSION)
    fi
  :: t == M_NEWKEYS -> on_newkeys(SESSION)
  :: t == M_CHANNEL ->
    assert(conn[SESSION].auth && proved);
    served = 1;
    if
    :: emit(SESSION, S_CHANNEL)
#ifndef HONEST
    :: true
#endif
    fi
  :: t == M_PING && conn[SESSION].auth -> emit(SESSION, S_PONG)
  :: t == M_DISCONNECT -> goto gone
  :: else -> run_request(t, arg)
  fi
}

#ifdef HONEST
#define MORE_REKEYS (rekeys > 0 && !done)
#else
#define MORE_REKEYS true
#endif

proctype monitor() {
  byte t, arg, key, question;
  byte stage = STAGE_BEGUN;
  bit relay, talk;
#ifdef HONEST
  byte rekeys = 2;
#endif

  conn[SESSION].phase = PH_KEXINIT;
  conn[SESSION].resume = PH_SERVICE;

#ifdef DIRECT
  if
  :: begin_exchange(SESSION)
  :: true
  fi;
  goto end_session;
#else
  relay = 1;
#endif

  /* monitor.c: run_until(); monitor-questions.c: sftp_monitor_serve() */
end_login:
  do
  :: atomic { get_question();
    if
    :: (STAGES(question) & stage) == 0 &&
        !(fault == F_STATE_EARLY && question == Q_STATE) &&
        !(fault == F_UNSIGNED && question == Q_AGREED) -> goto gone
    :: else
    fi;
    if
    :: question == Q_CLIENT ->
      stage = STAGE_KNOWN;
      reply(A_SETTINGS, 0)
    :: question == Q_TRANSCRIPT ->
      stage = (stage == STAGE_KNOWN -> STAGE_SIGNED : stage);
      has_signed = 1;
      reply(A_SIGNATURE, 0)
    :: question == Q_AGREED ->
      if
      :: stage == STAGE_SIGNED || fault == F_UNSIGNED ->
        stage = STAGE_KEYED;
        conn[SESSION].keyed = 1;
        enter(SESSION, PH_SERVICE)
      :: else
      fi
    :: question == Q_REQUEST ->
      if
      :: !(t == M_SERVICE || t == M_USERAUTH || t == M_ANSWER) -> goto gone
      :: else
      fi;
      admit(SESSION, t, SESSION_PHASES(t), SESSION_STRICT(t));
      run_request(t, arg);
      if
      :: conn[SESSION].auth ->  /* monitor.c: take_over() */
        stage = STAGE_RELEASED;
        reply(A_RELEASE, 0)
      :: !conn[SESSION].auth && fault != F_NO_GO ->
        reply(A_GO, 0)
      :: else
      fi
    :: question == Q_STATE -> goto take_state
    :: else -> goto gone
    fi;
    question = 0; t = 0; arg = 0; key = 0 }
#ifndef ROGUE
  :: cell_gone && empty(to_monitor) -> goto gone
#endif
  :: atomic { fault == F_LOGIN_UNASKED && talk ->
    proved = 1;
    log_in();
    stage = STAGE_RELEASED;
    reply(A_RELEASE, 0) }
#ifndef HONEST
  :: atomic { reply(A_SEND, S_DISCONNECT);
    goto gone }                 /* a timeout */
#endif
  od;

  /* handover-read.c: take_state() */
take_state:
  atomic {
    assert(conn[SESSION].auth && proved);
    relay = 0;
#ifdef ROGUE
    goto gone;                  /* the attacker has what the user has */
#endif
    conn[SESSION].seen = 1;
    conn[SESSION].strict = conn[CELL].strict;
    conn[SESSION].in_key = conn[CELL].in_key;
    conn[SESSION].out_key = (fault == F_KEY_LOST -> LAST(conn[CELL].out_key) :
      conn[CELL].out_key);
#ifdef HONEST
    if
    :: fault == F_INPUT_LOST ->
      do
      :: ahead?t, arg, key
      :: empty(ahead) -> break
      od
    :: else
    fi;
#endif
    forget(CELL);
    question = 0; t = 0; arg = 0; key = 0
  };

end_session:
  do
#ifdef HONEST
  :: atomic { nfull(ahead) && nempty(to_server) ->
    to_server?t, arg, key;
    ahead!t, arg, key }
#endif
  :: atomic { get_message();
    decode(SESSION, key);
    admit(SESSION, t, SESSION_MAY(t), SESSION_STRICT(t));
    run_in_session(t, arg);
    conn[SESSION].seen = 1;
    COHERENT(SESSION);
    t = 0; arg = 0; key = 0 }

  /* rekey.c: may_rekey(), for volume or time */
  :: atomic { (!conn[SESSION].running || fault == F_KEXINIT_TWICE) &&
      conn[SESSION].phase == PH_OPEN && MORE_REKEYS ->
    begin_exchange(SESSION)
#ifdef HONEST
    ;
    rekeys--
#endif
    }

#ifdef DIRECT
#ifndef HONEST
  /* The driver of a dialogue has asked somebody else. */
  :: atomic { talk && !conn[SESSION].auth ->
    proved = 1;
    log_in();
    COHERENT(SESSION) }
#endif
#endif
  od;

gone:
#ifdef HONEST
  assert(done);
#endif
  monitor_gone = 1
}

/* ---- Those on the other side */

#ifdef HONEST

/* A client that keeps the rules.  step: 0 no exchange, 1 its KEXINIT is sent,
 * 2 a message of the method is due, 3 it is sent, 4 NEWKEYS are due, 5 they are
 * sent and the server's are missing.
 */
#define IDLE (keyed && (step == 0 || step == 5))

proctype client() {
  byte u, key;
  byte step, in_key, out_key, rekeys = 2;
  byte todo = M_SERVICE;
  bit keyed, theirs, newkeys, guess;
  bit accepted, asked, welcome, replied;

  do
  :: atomic { to_client?u, key ->
    assert(key == in_key);
    if
    :: u == S_KEXINIT -> assert(!theirs); theirs = 1
    :: u == S_KEX_GROUP -> assert(step == 3); step = 2
    :: u == S_KEX_REPLY -> assert(step == 3); step = 4
    :: u == S_NEWKEYS ->
      assert(step == 4 || step == 5);
      in_key = NEXT(in_key);
      newkeys = 1
    :: u == S_SERVICE_ACCEPT -> accepted = 1
    :: u == S_INFO_REQUEST -> assert(!asked); asked = 1
    :: u == S_SUCCESS -> assert(accepted && !welcome); welcome = 1
    :: u == S_CHANNEL -> assert(welcome && !replied); replied = 1
    :: u == S_EXT_INFO
    :: else -> assert(false)
    fi;
    if
    :: step == 1 && theirs -> step = 2
    :: step == 5 && newkeys -> step = 0; theirs = 0; newkeys = 0
    :: else
    fi }

  /* Its KEXINIT: the first one, a rekey, or the answer. */
  :: atomic { step == 0 && nfull(to_server) && todo != 0 &&
      (!keyed || theirs || rekeys > 0) ->
    if
    :: keyed && !theirs -> rekeys--
    :: else
    fi;
    if
    :: guess = 0
    :: !keyed -> guess = 1
    fi;
    to_server!M_KEXINIT, (guess -> STRICT|GUESS : STRICT), out_key;
    step = (theirs -> 2 : 1) }
  :: atomic { guess && step >= 1 && nfull(to_server) ->
    to_server!M_KEX, 0, out_key;
    guess = 0 }
  :: atomic { step == 2 && !guess && nfull(to_server) ->
    to_server!M_KEX, 0, out_key;
    step = 3 }
  :: atomic { step == 4 && nfull(to_server) ->
    to_server!M_NEWKEYS, 0, out_key;
    out_key = NEXT(out_key);
    keyed = 1;
    step = 5;
    if
    :: newkeys -> step = 0; theirs = 0; newkeys = 0
    :: else
    fi }

  /* It may send ahead, as soon as its own keys are in force. */
  :: atomic { IDLE && todo == M_SERVICE && nfull(to_server) ->
    to_server!M_SERVICE, TO_LOG_IN, out_key;
    todo = M_USERAUTH }
  :: atomic { IDLE && todo == M_USERAUTH && nfull(to_server) ->
    if
    :: to_server!M_USERAUTH, GOOD, out_key; todo = M_CHANNEL
    :: to_server!M_USERAUTH, TALK, out_key; todo = M_ANSWER
    fi }
  :: atomic { IDLE && todo == M_ANSWER && asked && nfull(to_server) ->
    to_server!M_ANSWER, GOOD, out_key;
    todo = M_CHANNEL }
  :: atomic { IDLE && todo == M_CHANNEL && nfull(to_server) ->
    to_server!M_CHANNEL, 0, out_key;
    todo = M_PING }
  :: atomic { todo == M_PING && replied && step == 0 && !theirs ->
    todo = 0;
    done = 1;
    break }
  od
}

#endif

init {
  c_code { fault = getenv("FAULT") ? atoi(getenv("FAULT")) : 0; };
  atomic {
#ifdef HONEST
    run client();
#endif
#ifndef DIRECT
#ifndef ROGUE
    run cell();
#endif
#endif
    run monitor()
  }
}

/* ---- With CLAIMS, for the honest client */

#ifdef CLAIMS
ltl logs_in { <> proved }
ltl is_served { [] (proved -> <> served) }
ltl is_done { <> done }
/* It may leave in the middle of one. */
ltl exchange_ends { [] (exchanging -> <> (!exchanging || done)) }
#endif
