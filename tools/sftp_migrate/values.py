# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The values that sshd takes, keyword by keyword.

What sshd of Debian 12 and 13 both refuse is refused here, also where this
server has no use for the value: a file that sshd does not start with was never
the configuration of a server.
"""

import ipaddress
import re
import socket

from .keywords import CIPHERS, KEX, MACS, USER_KEYS, seconds
from .patterns import glob_matches
from .sshd import printable

MOST_INT = 2147483647

# Key exchanges of other programs.
ONLY_HERE = ("curve448-sha512", "mlkem768nistp256-sha256",
             "mlkem1024nistp384-sha384", "rsa2048-sha256", "rsa1024-sha1")
GSSAPI_KEX = ["gss-%s-" % name for name in (
    "gex-sha1", "group1-sha1", "group14-sha1", "group14-sha256",
    "group16-sha512", "nistp256-sha256", "curve25519-sha256")]
FORWARDING = ("yes", "no", "all", "local", "remote")
FACILITIES = ["daemon", "user", "auth", "authpriv"] + \
    ["local%d" % n for n in range(8)]
CLASSES_OF_TRAFFIC = ["none", "ef", "le", "lowdelay", "throughput",
                      "reliability"] + \
    ["cs%d" % n for n in range(8)] + \
    ["af%d%d" % (row, column) for row in range(1, 5) for column in range(1, 4)]
PENALTIES = ("crash", "authfail", "invaliduser", "noauth", "grace-exceeded",
             "refuseconnection", "max", "min")
NUMBERED = ("max-sources4", "max-sources6")


def _shown(text):
    return printable(text, 60)


# ---- What one line may say: functions of a line

def one_of(*names):
    def check(line):
        if line.args[0].lower() not in names:
            line.fail("takes " + " or ".join(names))
    return check


def whole(least=0, none=False):
    def check(line):
        text = line.args[0]
        if none and text.lower() == "none":
            return
        if not re.fullmatch("[0-9]{1,20}", text) or \
                not least <= int(text) <= MOST_INT:
            line.fail("takes a number from %d to %d" % (least, MOST_INT))
    return check


def octal(line):
    if not re.fullmatch("[0-7]{1,10}", line.args[0]) or \
            int(line.args[0], 8) > 0o777:
        line.fail("takes an octal number up to 0777")


def traffic(line):
    for text in line.args:
        number = re.fullmatch("(?:0x[0-9a-fA-F]{1,4}|[0-9]{1,6})", text)
        if text.lower() not in CLASSES_OF_TRAFFIC and (
                not number or int(text, 16 if "x" in text else 10) > 255):
            line.fail("'%s' is no class of traffic" % _shown(text))


def assignments(line):
    for text in line.args:
        if "=" not in text[1:]:
            line.fail("'%s' is not NAME=VALUE" % _shown(text))


def names_of_variables(line):
    for text in line.args:
        if "=" in text:
            line.fail("'%s' is no name of a variable" % _shown(text))


def is_port(text, star):
    return star and text == "*" or re.fullmatch("[0-9]{1,6}", text) and \
        0 < int(text) < 65536


def destinations(words, host_needed):
    """host:port ...; or one of these words alone."""
    def check(line):
        if line.args[0].lower() in words:
            return
        for text in line.args:
            host, colon, port = text.rpartition(":")
            if not is_port(port, True) or host_needed and not colon:
                line.fail("'%s' has no port" % _shown(text))
    return check


def timeouts(line):
    if line.args[0].lower() == "none" and len(line.args) == 1:
        return
    for text in line.args:
        kind, equals, time = text.partition("=")
        if not kind or not equals:
            line.fail("'%s' is not KIND=TIME" % _shown(text))
        seconds(line, time, True)


def time_or_none(line):
    seconds(line, line.args[0], True)


def penalties(line):
    for text in line.args:
        kind, _, value = text.partition(":")
        if text.lower() in ("yes", "no"):
            if len(line.args) > 1:
                line.fail("'%s' stands alone" % text)
        elif kind in PENALTIES:
            seconds(line, value)
        elif kind in NUMBERED:
            if not re.fullmatch("[0-9]{1,10}", value) or \
                    int(value) > MOST_INT:
                line.fail("'%s' has no number" % _shown(text))
        elif kind not in ("overflow", "overflow6") or \
                value not in ("deny-all", "permissive"):
            line.fail("'%s' is not a penalty" % _shown(text))


def networks(line):
    """Addresses and networks whose last bits are zeros; names are patterns."""
    for text in ",".join(line.args).split(","):
        text = text.lstrip("!")
        if re.fullmatch(r"[0-9a-fA-F.:]+/[^/]*", text):
            try:
                ipaddress.ip_network(text)
            except ValueError:
                line.fail("'%s' is no network" % _shown(text))


def command(line):
    if not line.args[0].startswith("/") and (
            len(line.args) > 1 or line.args[0].lower() != "none"):
        line.fail("the path must be absolute")


def known_names(names, patterns=False, signs="+-^"):
    """A list that may begin with a sign.  Behind - anything may stand; patterns
    stand where sshd takes them."""
    def check(line):
        text = line.args[0]
        if text[0] == "-" and "-" in signs:
            return
        listed = [n for n in text[text[0] in signs:].split(",") if n]
        if not listed:
            line.fail("no names")
        if "none" in listed:
            line.fail("sshd takes no 'none'")
        for name in listed:
            if name not in names and not (patterns and any(
                    glob_matches(known, name) for known in names)):
                line.fail("'%s' is unknown" % _shown(name))
    return check


# ---- The table

YES_NO = one_of("yes", "no")
# What sshd of Debian 12 or 13 knows, whatever this module has.
OUTDATED = "cast128 3des-ctr blowfish arcfour ripemd160".split()
SSHD_KEYS = [name for name in USER_KEYS if name != "ssh-ed448"]


def of_sshd(names):
    return [name for name in names if not any(
        old in name for old in OUTDATED) and name not in ONLY_HERE]


OF_KEYWORD = dict.fromkeys("""allowagentforwarding
  challengeresponseauthentication debianbanner disableforwarding
  exposeauthinfo gssapiauthentication gssapicleanupcredentials
  gssapikeyexchange gssapistorecredentialsonrekey gssapistrictacceptorcheck
  hostbasedauthentication hostbasedusesnamefrompacketonly
  ignoreuserknownhosts kbdinteractiveauthentication kerberosauthentication
  kerberosorlocalpasswd kerberosticketcleanup passwordauthentication
  permitemptypasswords permittty permituserrc printlastlog printmotd
  pubkeyauthentication refuseconnection streamlocalbindunlink strictmodes
  tcpkeepalive usedns usepam x11forwarding x11uselocalhost""".split(), YES_NO)
OF_KEYWORD.update({
    "acceptenv": names_of_variables,
    "allowstreamlocalforwarding": one_of(*FORWARDING),
    "allowtcpforwarding": one_of(*FORWARDING),
    "authorizedkeyscommand": command,
    "authorizedprincipalscommand": command,
    "casignaturealgorithms": known_names(
        [name for name in SSHD_KEYS if "-cert-" not in name]),
    "channeltimeout": timeouts,
    "ciphers": known_names(of_sshd(CIPHERS)),
    "clientalivecountmax": whole(),
    "compression": one_of("yes", "no", "delayed"),
    "gatewayports": one_of("yes", "no", "clientspecified"),
    "gssapikexalgorithms": known_names(GSSAPI_KEX, signs=""),
    "hostbasedacceptedalgorithms": known_names(SSHD_KEYS, True),
    "hostbasedacceptedkeytypes": known_names(SSHD_KEYS, True),
    "hostkeyalgorithms": known_names(SSHD_KEYS, True),
    "ignorerhosts": one_of("yes", "no", "shosts-only"),
    "ipqos": traffic,
    "kexalgorithms": known_names(of_sshd(KEX)),
    "macs": known_names(of_sshd(MACS)),
    "maxsessions": whole(),
    "permitlisten": destinations(("any", "none"), False),
    "permitopen": destinations(("any", "none"), True),
    "permittunnel": one_of("yes", "no", "point-to-point", "ethernet"),
    "persourcemaxstartups": whole(none=True),
    "persourcepenalties": penalties,
    "persourcepenaltyexemptlist": networks,
    "pubkeyacceptedalgorithms": known_names(SSHD_KEYS, True),
    "pubkeyacceptedkeytypes": known_names(SSHD_KEYS, True),
    "requiredrsasize": whole(),
    "setenv": assignments,
    "streamlocalbindmask": octal,
    "syslogfacility": one_of(*FACILITIES),
    "unusedconnectiontimeout": time_or_none,
    "x11displayoffset": whole(),
})


def check(line):
    known = OF_KEYWORD.get(line.key)
    if known is not None:
        known(line)


# ---- What lines say together

def _check_subsystems(config):
    """A second one is an error for Debian 12, and has no effect for Debian 13,
    except in a Match."""
    for lines in [config.lines] + [match.lines for match in config.matches]:
        seen = set()
        for line in lines:
            if line.key == "subsystem":
                if line.args[0] in seen:
                    line.fail("'%s' is already defined"
                              % _shown(line.args[0]))
                seen.add(line.args[0])


def _check_addresses(config):
    """Names are looked up, as sshd does when it starts."""
    families = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
    family = next((families.get(line.args[0].lower(), 0)
                   for line in config.lines if line.key == "addressfamily"), 0)
    for line in config.lines:
        if line.key != "listenaddress":
            continue
        host = line.args[0]
        if host.startswith("["):
            host = host[1:].partition("]")[0]
        elif host.count(":") == 1:
            host = host.partition(":")[0]
        if host in ("*", ""):
            continue
        try:
            socket.getaddrinfo(host, None, family, socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            line.fail("'%s' is no address of this family, and no name that is "
                      "found" % _shown(host))


METHODS = {
    "publickey": (("pubkeyauthentication",), True),
    "password": (("passwordauthentication",), True),
    "keyboard-interactive": (("kbdinteractiveauthentication",
                              "challengeresponseauthentication"), True),
    "hostbased": (("hostbasedauthentication",), False),
    "gssapi-with-mic": (("gssapiauthentication",), False),
}


def _check_methods(config):
    """Outside of Match, a list may only name methods that are on."""
    def is_on(method):
        keys, on = METHODS[method]
        return next((line.args[0].lower() == "yes" for line in config.lines
                     if line.key in keys), on)

    line = next((line for line in config.lines
                 if line.key == "authenticationmethods"), None)
    for name in ",".join(line.args).split(",") if line else ():
        method = name.partition(":")[0]
        if method in METHODS and not is_on(method):
            line.fail("%s is off" % method)


def check_all(config):
    """What lines say together."""
    _check_subsystems(config)
    _check_addresses(config)
    _check_methods(config)
    present = {line.key for line in config.every()}
    for line in config.every():
        if line.key in ("authorizedkeyscommand",
                        "authorizedprincipalscommand") and \
                line.args[0].lower() != "none" and \
                line.key + "user" not in present:
            line.fail("needs %sUser" % line.name)
