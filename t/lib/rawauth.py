# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Messages of user authentication made by hand, over paramiko's transport."""

import logging
import queue

from server import PATIENCE

import paramiko
from paramiko.message import Message

logging.getLogger("paramiko").setLevel(logging.CRITICAL)

REQUEST, FAILURE, SUCCESS, BANNER, PK_OK, INFO_RESPONSE = 50, 51, 52, 53, 60, 61


class _Catcher:
    """Stands where paramiko's own handler of these messages would."""

    def __init__(self, inbox):
        def catch(number):
            # Before its version 3, paramiko handed over this object first.
            return lambda *args: inbox.put((number, args[-1]))
        self._handler_table = {number: catch(number)
                               for number in (6, *range(51, 80))}

    def abort(self):
        pass

    def is_authenticated(self):
        return False


class UnknownKey:
    """A key that nobody has."""

    def __init__(self):
        from cryptography.hazmat.primitives.asymmetric import ed25519
        from cryptography.hazmat.primitives import serialization
        self.raw = ed25519.Ed25519PrivateKey.generate().public_key() \
            .public_bytes(serialization.Encoding.Raw,
                          serialization.PublicFormat.Raw)

    def asbytes(self):
        m = Message()
        m.add_string("ssh-ed25519")
        m.add_string(self.raw)
        return m.asbytes()


class RawAuth:
    def __init__(self, sock, service="ssh-userauth"):
        self.inbox = queue.Queue()
        self.conn = paramiko.Transport(sock)
        self.conn.start_client(timeout=PATIENCE)
        self.conn.auth_handler = _Catcher(self.inbox)
        if service:
            m = Message()
            m.add_byte(b"\x05")
            m.add_string(service)
            self.conn._send_message(m)
            assert self.recv()[0] == 6

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.conn.close()

    def recv(self):
        """(number, message), or (None, None) when the connection is over."""
        while True:
            try:
                number, m = self.inbox.get(timeout=0.05)
                if number != BANNER:
                    return number, m
            except queue.Empty:
                if not self.conn.is_active() and self.inbox.empty():
                    return None, None

    def message(self, user, method, service=b"ssh-connection"):
        m = Message()
        m.add_byte(bytes([REQUEST]))
        m.add_string(user)
        m.add_string(service)
        m.add_string(method)
        return m

    def send(self, m):
        try:
            self.conn._send_user_message(m)
        except (EOFError, OSError):
            pass

    def password(self, user, password):
        m = self.message(user, "password")
        m.add_boolean(False)
        m.add_string(password)
        return m

    def change(self, user, old, new):
        m = self.message(user, "password")
        m.add_boolean(True)
        m.add_string(old)
        m.add_string(new)
        return m

    def kbdint(self, user):
        m = self.message(user, "keyboard-interactive")
        m.add_string("")
        m.add_string("")
        return m

    def key(self, user, key, sign=True, alg="ssh-ed25519"):
        m = self.message(user, "publickey")
        m.add_boolean(sign)
        m.add_string(alg)
        m.add_string(key.asbytes())
        if sign:
            m.add_string(self._sign(key, m))
        return m

    def hostbased(self, user, key, host, as_user, alg="ssh-ed25519"):
        m = self.message(user, "hostbased")
        m.add_string(alg)
        m.add_string(key.asbytes())
        m.add_string(host)
        m.add_string(as_user)
        m.add_string(self._sign(key, m))
        return m

    def _sign(self, key, m):
        data = Message()
        data.add_string(self.conn.session_id)
        data.add_bytes(m.asbytes())
        signed = key.sign_ssh_data(data.asbytes())
        return getattr(signed, "asbytes", lambda: signed)()

    def answer(self, m):
        """"success", "more: a,b", "refused: a,b", "pk_ok", "ask n", or "gone"."""
        self.send(m)
        number, reply = self.recv()
        if number is None:
            return "gone"
        if number == SUCCESS:
            return "success"
        if number == FAILURE:
            names = reply.get_text()
            return ("more: " if reply.get_boolean() else "refused: ") + names
        if number == PK_OK:
            # INFO_REQUEST of keyboard-interactive has the same number.
            return "pk_ok" if m.asbytes().find(b"publickey") > 0 else "ask"
        return "message %d" % number
