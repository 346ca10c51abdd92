# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""Public keys as on the wire, checked to their ends as keys/ does: a key that
the server cannot read is not given to a user."""


class Bad(Exception):
    """Why it is no key; the text goes behind `it'."""


class Reader:
    """The fields of RFC 4251, section 5."""

    def __init__(self, data):
        self.left = data

    def take(self, size):
        if size > len(self.left):
            raise Bad("is cut short")
        part, self.left = self.left[:size], self.left[size:]
        return part

    def string(self):
        return self.take(int.from_bytes(self.take(4), "big"))

    def number(self):
        text = self.string()
        if text[:1] > b"\x7f" or text[:1] == b"\0" and text[1:2] < b"\x80":
            raise Bad("has a number that is negative or has zeros in front")
        return int.from_bytes(text, "big")

    def end(self):
        if self.left:
            raise Bad("has bytes behind its end")


def must(good):
    if not good:
        raise Bad("has numbers that no such key has")


# RFC 8032: -x^2 + y^2 = 1 + d x^2 y^2 (Ed25519), x^2 + y^2 = 1 + d x^2 y^2
# (Ed448)
P25519 = 2**255 - 19
D25519 = -121665 * pow(121666, -1, P25519) % P25519
ORDER25519 = 2**252 + 27742317777372353535851937790883648493
P448 = 2**448 - 2**224 - 1
D448 = -39081


def is_square(number, prime):
    return pow(number, (prime - 1) // 2, prime) in (0, 1)


def plus(one, two):
    """The sum of points (X, Y, Z, T) of Ed25519: RFC 8032, section 5.1.4."""
    a = (one[1] - one[0]) * (two[1] - two[0])
    b = (one[1] + one[0]) * (two[1] + two[0])
    c, d = 2 * one[3] * two[3] * D25519, 2 * one[2] * two[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return tuple(part % P25519 for part in (e * f, g * h, f * g, e * h))


def of_prime_order(x, y):
    point, total, factor = (x, y, 1, x * y % P25519), (0, 1, 1, 0), ORDER25519
    while factor:
        if factor & 1:
            total = plus(total, point)
        point, factor = plus(point, point), factor >> 1
    return total[0] == 0 and total[1] == total[2]


def ed25519_point(text):
    must(len(text) == 32)
    y = int.from_bytes(text, "little") & (1 << 255) - 1
    must(1 < y < P25519 - 1)
    square = (y * y - 1) * pow(D25519 * y * y + 1, -1, P25519) % P25519
    must(is_square(square, P25519))
    x = pow(square, (P25519 + 3) // 8, P25519)
    if x * x % P25519 != square:
        x = x * pow(2, (P25519 - 1) // 4, P25519) % P25519
    # The sign does not change the order.
    must(of_prime_order(x, y))


def ed25519(reader):
    ed25519_point(reader.string())
    reader.end()


def ed448(reader):
    text = reader.string()
    reader.end()
    must(len(text) == 57 and text[56] & 0x7f == 0)
    y = int.from_bytes(text[:56], "little")
    must(1 < y < P448 - 1 and is_square(
        (y * y - 1) * (D448 * y * y - 1) % P448, P448))


def mldsa44_ed25519(reader):
    text = reader.string()
    reader.end()
    must(len(text) == 1312 + 32)
    ed25519_point(text[1312:])


def rsa(reader):
    e, n = reader.number(), reader.number()
    reader.end()
    must(505 <= n.bit_length() <= 16384 and n & e & 1
         and 3 <= e < 1 << 256)


def dsa(reader):
    p, q, g, y = (reader.number() for _ in range(4))
    reader.end()
    must(505 <= p.bit_length() <= 4096 and p & q & 1
         and 153 <= q.bit_length() <= 160 and 1 <= g < p
         and 1 < y < p - 1 and pow(y, q, p) == 1)


# SEC 2: y^2 = x^3 - 3 x + b
CURVES = {
    "nistp256": (
        2**256 - 2**224 + 2**192 + 2**96 - 1, int(
            "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
            16)),
    "nistp384": (
        2**384 - 2**128 - 2**96 + 2**32 - 1, int(
            "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
            "c656398d8a2ed19d2a85c8edd3ec2aef", 16)),
    "nistp521": (
        2**521 - 1, int(
            "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef1"
            "09e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b50"
            "3f00", 16))}


def ecdsa(curve):
    prime, b = CURVES[curve]
    size = (prime.bit_length() + 7) // 8

    def check(reader):
        name, point = reader.string(), reader.string()
        reader.end()
        must(name == curve.encode() and len(point) == 1 + 2 * size
             and point[0] == 4)
        x = int.from_bytes(point[1:1 + size], "big")
        y = int.from_bytes(point[1 + size:], "big")
        must(x < prime and y < prime
             and (y * y - x * x * x + 3 * x - b) % prime == 0)
    return check


def string(data):
    return len(data).to_bytes(4, "big") + data


def security_key(fields, check):
    """A key of these fields and the name of an application."""
    def read(reader):
        inner = b"".join(string(reader.string()) for _ in range(fields))
        reader.string()
        reader.end()
        check(Reader(inner))
    return read


TYPES = {
    "ssh-ed25519": ed25519,
    "ssh-ed448": ed448,
    "ssh-rsa": rsa,
    "ssh-dss": dsa,
    "ecdsa-sha2-nistp256": ecdsa("nistp256"),
    "ecdsa-sha2-nistp384": ecdsa("nistp384"),
    "ecdsa-sha2-nistp521": ecdsa("nistp521"),
    "sk-ssh-ed25519@openssh.com": security_key(1, ed25519),
    "sk-ecdsa-sha2-nistp256@openssh.com": security_key(2, ecdsa("nistp256")),
    "ssh-mldsa44-ed25519@openssh.com": mldsa44_ed25519,
}


def type_of(blob):
    """The type of a key that is whole."""
    reader = Reader(blob)
    name = reader.string().decode("ascii", "replace")
    if "-cert-v0" in name:
        raise Bad("is a certificate, which no file of keys needs: give the "
                  "key itself, or that of the authority behind "
                  "`cert-authority'")
    if name not in TYPES:
        raise Bad("is of the type %r, which the server does not know" % name)
    TYPES[name](reader)
    return name
