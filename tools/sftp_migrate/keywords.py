# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)
"""The table of keywords: what becomes of each line of sshd_config.

A row says whether sshd takes the keyword in a Match, where it is handled, and
how.  The handler returns a verdict, the reason if there is one, and the
directives; see Row.
"""

import re

from .patterns import glob_matches
from .sshd import printable

CARRIED = "carried over"
DEFAULT = "default anyway"
CANNOT = "cannot be"

FILES_ONLY = "there are no shells, terminals, tunnels or agents here"


class Word(str):
    """A value of a directive that is written as it is."""


def word(line, value):
    """A value as one word of ProFTPD's configuration."""
    if not value.isprintable() or any(c in value for c in "\"\\") or \
            "%{" in value or "$" in value or not value:
        line.fail("this value cannot be written into ProFTPD's configuration")
    return '"%s"' % value if re.search(r"[\s#<>']", value) else value


def flag(line, more=()):
    value = line.args[0].lower()
    if len(line.args) != 1 or value not in ("yes", "no") + tuple(more):
        line.fail("takes yes or no" + "".join(", or " + m for m in more))
    return value


def number(line, index=0, least=0, most=2147483647):
    return number_of(line, line.args[index] if index < len(line.args) else "",
                     least, most)


def number_of(line, text, least=0, most=2147483647):
    if not re.fullmatch(r"[0-9]{1,10}", text) or not \
            least <= int(text) <= most:
        line.fail("takes a number from %d to %d" % (least, most))
    return int(text)


def seconds(line, text, none=False):
    """sshd's times: 90, 90s, 1h30m."""
    if none and text.lower() == "none":
        return 0
    found = re.fullmatch(r"(?:[0-9]{1,9}[smhdw]?)+", text, re.I)
    if not found:
        line.fail("'%s' is not a time" % text[:40])
    factors = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    total = sum(int(n) * factors[unit.lower()] for n, unit in
                re.findall(r"([0-9]+)([smhdw]?)", text, re.I))
    if total > 2147483647:
        line.fail("the time is too long")
    return total


def absolute(line, path):
    if not path.startswith("/"):
        line.fail("the path must be absolute")
    return word(line, path)


# ---- Algorithms: the names that this module knows; t/unit/migrate-t.py
# compares them with the tables of the source.

KEX = """mlkem768x25519-sha256 sntrup761x25519-sha512
  sntrup761x25519-sha512@openssh.com curve25519-sha256
  curve25519-sha256@libssh.org curve448-sha512 diffie-hellman-group16-sha512
  diffie-hellman-group18-sha512 mlkem768nistp256-sha256
  mlkem1024nistp384-sha384 ecdh-sha2-nistp256 ecdh-sha2-nistp384
  ecdh-sha2-nistp521 diffie-hellman-group14-sha256
  diffie-hellman-group-exchange-sha256 diffie-hellman-group-exchange-sha1
  diffie-hellman-group14-sha1 rsa2048-sha256 rsa1024-sha1
  diffie-hellman-group1-sha1""".split()
CIPHERS = """aes128-gcm@openssh.com aes256-gcm@openssh.com
  chacha20-poly1305@openssh.com aes128-ctr aes192-ctr aes256-ctr aes256-cbc
  aes192-cbc aes128-cbc cast128-cbc 3des-ctr 3des-cbc blowfish-ctr
  blowfish-cbc arcfour256 arcfour128 none""".split()
MACS = """hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com
  hmac-sha2-256 hmac-sha2-512 umac-128-etm@openssh.com umac-128@openssh.com
  umac-64-etm@openssh.com umac-64@openssh.com hmac-sha1-etm@openssh.com
  hmac-sha1 hmac-sha1-96-etm@openssh.com hmac-sha1-96
  hmac-md5-etm@openssh.com hmac-md5 hmac-md5-96-etm@openssh.com hmac-md5-96
  hmac-ripemd160 none""".split()
HOST_KEYS = """ssh-ed25519 ecdsa-sha2-nistp256 ecdsa-sha2-nistp384
  ecdsa-sha2-nistp521 rsa-sha2-512 rsa-sha2-256 ssh-rsa ssh-ed448
  ssh-dss""".split()
CERTIFICATES = """ssh-ed25519-cert-v01@openssh.com
  ecdsa-sha2-nistp256-cert-v01@openssh.com
  ecdsa-sha2-nistp384-cert-v01@openssh.com
  ecdsa-sha2-nistp521-cert-v01@openssh.com rsa-sha2-512-cert-v01@openssh.com
  rsa-sha2-256-cert-v01@openssh.com ssh-rsa-cert-v01@openssh.com
  ssh-dss-cert-v01@openssh.com""".split()
SECURITY_KEYS = """sk-ssh-ed25519@openssh.com
  sk-ecdsa-sha2-nistp256@openssh.com
  webauthn-sk-ecdsa-sha2-nistp256@openssh.com""".split()
USER_KEYS = HOST_KEYS + SECURITY_KEYS + CERTIFICATES + [
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"]


def algorithms(directive, known):
    def handle(line):
        text = ",".join(line.args)
        sign = text[0] if text[0] in "+-^" else ""
        names = [n for n in text[len(sign):].split(",") if n]
        if not names or "none" in names:
            line.fail("no names" if not names else "sshd takes no 'none'")
        kept, lost = [], []
        if sign == "-" and all(any(glob_matches(k, name) for name in names)
                               for k in known):
            line.fail("none is left")
        for name in names:
            found = [k for k in known if glob_matches(k, name)]
            wild = "*" in name or "?" in name
            if not found:
                lost.append(name)
            elif sign == "-" and wild:
                kept.append(name)
            else:
                kept += [k for k in found if k not in kept]
        why = "not known here: " + " ".join(lost) if lost else ""
        if not kept and sign != "-" and not sign:
            line.fail("this module has none of these")
        if not kept:
            return CANNOT if sign != "-" else DEFAULT, why, []
        kept = [word(line, name) for name in kept]
        kept[0] = sign + kept[0]
        if sign:
            why = (why + "; " if why else "") + \
                "the sign changes this module's own list"
        return CARRIED, why, ["%s %s" % (directive, " ".join(kept))]
    return handle


# ---- Handlers

def carried(make, why=""):
    def handle(line):
        return CARRIED, why, [make(line)]
    return handle


def never(reason, harmless=("no", "none")):
    """What this server does not have: off is the default anyway."""
    def handle(line):
        if line.args[0].lower() in harmless:
            return DEFAULT, "", []
        return CANNOT, reason, []
    return handle


def fixed(reason):
    def handle(_line):
        return DEFAULT, reason, []
    return handle


def cannot(reason):
    def handle(_line):
        return CANNOT, reason, []
    return handle


def policy(_line):
    """policy.py reads it."""
    return CARRIED, "see the directives below", []


def banner(line):
    if line.args[0].lower() == "none":
        return DEFAULT, "", []
    return CARRIED, "ProFTPD expands % in the text", [
        "SFTPDisplayBanner " + absolute(line, line.args[0])]


def grace(line):
    return CARRIED, "", ["TimeoutLogin %d" % seconds(line, line.args[0])]


# GB, and seconds: the daemon takes no more.
MOST_REKEY = 1 << 20
MOST_SECS = 2147483647 // 1000


def size_of(line, text):
    """Bytes; sshd's sizes: 1000, 512K, 1.5G."""
    found = re.fullmatch(r"([0-9]{0,19})(?:\.([0-9]{0,18}))?([KMGTPE]?)", text,
                         re.I)
    if not found or not found[1] and not found[2]:
        line.fail("'%s' is not a size" % printable(text, 40))
    unit = 1 << 10 * " KMGTPE".index(found[3].upper() or " ")
    part = found[2] or "0"
    size = int(found[1] or 0) * unit + int(part) * unit // 10 ** len(part)
    if size >= 1 << 63 or int(part) * unit >= 1 << 63:
        line.fail("'%s' is too large" % printable(text, 40))
    if 0 < size < 16:
        line.fail("the size is too small")
    return size


def rekey(line):
    text = line.args[0]
    size = 0 if text.lower() == "default" else size_of(line, text)
    time = seconds(line, line.args[1], True) if len(line.args) > 1 else 0
    if not size and not time:
        return DEFAULT, "a rekey after an hour or 2 GB", []
    if not size:
        text = "2GB"
    elif size > MOST_REKEY << 30:
        text = "%dGB" % MOST_REKEY
    else:
        for unit, letter in ((30, "GB"), (20, "MB"), (10, "KB")):
            if size % (1 << unit) == 0:
                text = "%d%s" % (size >> unit, letter)
                break
        else:
            text = "%dKB" % max(16, size >> 10)
        if re.fullmatch(r"[0-9]+KB", text) and int(text[:-2]) < 16:
            text = "16KB"
    return CARRIED, "", ["SFTPRekey required %d %s" % (
        min(time or 3600, MOST_SECS), text)]


def compression(line):
    value = flag(line, ("delayed",))
    return CARRIED, "after the login, as sshd's", [
        "SFTPCompression " + ("off" if value == "no" else "delayed")]


# What the daemon takes; sshd takes more.
MOST_PENALTY_SECS = 365 * 86400
MOST_SOURCES = 1 << 20
# Of sshd, and of this module.
PENALTY_MAX, PENALTY_MIN = 600, 15


def _penalty(line, name, value):
    """The value as the daemon takes it."""
    if name.startswith("max-sources"):
        return str(min(max(number_of(line, value), 1), MOST_SOURCES))
    if name.startswith("overflow"):
        return value
    return value if seconds(line, value) <= MOST_PENALTY_SECS else "365d"


def penalties(line):
    known = ("crash", "authfail", "invaliduser", "noauth", "grace-exceeded",
             "refuseconnection", "min", "max", "max-sources4",
             "max-sources6", "overflow", "overflow6")
    if line.args[0].lower() in ("yes", "no"):
        on = line.args[0].lower() == "yes"
        return CARRIED if on else DEFAULT, "", [
            "SFTPPerSourcePenalties " + ("on" if on else "off")]
    kept, lost, limits = [], [], {"max": PENALTY_MAX, "min": PENALTY_MIN}
    for arg in line.args:
        name, colon, value = arg.partition(":")
        if not colon or not re.fullmatch(r"[\w-]{1,30}", value):
            line.fail("'%s' is not a penalty" % arg[:60])
        if name not in known:
            lost.append("%s:%s" % (name, value))
            continue
        kept.append("%s:%s" % (name, _penalty(line, name, value)))
        if name in limits:
            limits[name] = seconds(line, value)
    if limits["max"] < limits["min"]:
        return CARRIED, "max is less than min: no penalty counts", [
            "SFTPPerSourcePenalties off"]
    why = "not known here: " + " ".join(lost) if lost else ""
    return (CARRIED if kept else CANNOT), why, [
        "SFTPPerSourcePenalties " + " ".join(kept or ["on"])]


MOST_STARTUPS = 2000


def startups(line):
    found = re.fullmatch("([0-9]{1,9})(?::([0-9]{1,3}):([0-9]{1,9}))?",
                         line.args[0])
    start, rate, full = (int(n) if n else None
                         for n in found.groups()) if found else (0,) * 3
    if start == 0 or rate is not None and not (
            1 <= rate <= 100 and start <= full):
        line.fail("is not a number, or start:rate:full")
    most = min(full or start, MOST_STARTUPS)
    text = str(most) if rate is None else "%d:%d:%d" % (
        min(start, most), rate, most)
    return CARRIED, "" if text == line.args[0] else "at most %d" \
        % MOST_STARTUPS, ["SFTPMaxStartups " + text]


def exempt(line):
    names = [a for arg in line.args for a in arg.split(",") if a]
    if any(not re.fullmatch(r"[0-9A-Fa-f.:]+(/[0-9]+)?", a) for a in names):
        return CANNOT, "only addresses and networks are possible", []
    return CARRIED, "", ["SFTPPerSourcePenaltyExemptList " + " ".join(names)]


def fingerprint(line):
    value = line.args[0].lower()
    if value not in ("md5", "sha256"):
        line.fail("takes md5 or sha256")
    return CARRIED, "", ["SFTPKeyFingerprints "
                         + ("sha256+base64" if value == "sha256" else "md5")]


def environment(line):
    names = [word(line, a) for a in line.args]
    return CARRIED, "", ["SFTPAcceptEnv " + " ".join(names)]


def strict_modes(line):
    if flag(line) == "yes":
        return DEFAULT, "", []
    return CARRIED, "anybody may then write to files of keys", [
        "SFTPOptions InsecureUserKeyPerms"]


def key_options(line):
    flags = []
    for arg in line.args:
        for name in arg.split(","):
            if name == "verify-required":
                flags.append("FIDOVerifyRequired")
            elif name == "touch-required":
                flags.append("FIDOTouchRequired")
            elif name != "none":
                line.fail("unknown option '%s'" % name[:40])
    if not flags:
        return DEFAULT, "", []
    return CARRIED, "", ["SFTPOptions " + " ".join(flags)]


def levels(line):
    value = line.args[0].upper()
    if value not in ("QUIET", "FATAL", "ERROR", "INFO", "VERBOSE", "DEBUG",
                     "DEBUG1", "DEBUG2", "DEBUG3"):
        line.fail("takes QUIET, FATAL, ERROR, INFO, VERBOSE or DEBUG")
    return SILENT(line)


def net_block(line):
    found = re.fullmatch("([0-9]{1,3})(?::([0-9]{1,3}))?", line.args[0])
    if not found or int(found[1]) > 32 or int(found[2] or 0) > 128:
        line.fail("takes bits, or bits:bits for IPv4 and IPv6")
    return CARRIED, "", ["SFTPPerSourceNetBlockSize " + line.args[0]]


def qos(line):
    return CARRIED, "", ["SFTPQoS " + " ".join(word(line, a) for a
                                               in line.args[:2])]


def host_key(line):
    if line.args[0].lower() == "none":
        return CANNOT, "", []
    return CARRIED, "", ["SFTPHostKey " + absolute(line, line.args[0])]


def version_addendum(_line):
    return DEFAULT, "the version line is this module's own", []


def empty_passwords(line):
    if flag(line) == "no":
        return CARRIED, "", []
    return CANNOT, "nobody logs in with an empty password", []


def hostbased(line):
    if flag(line) == "no":
        return DEFAULT, "", []
    return CANNOT, "sshd asks .shosts which hosts may vouch; " \
        "SFTPAuthorizedHostKeys has another model", []


SILENT = fixed("it has no effect on SFTP and SCP")
OLD = fixed("sshd itself ignores it")


class Row:
    """match: sshd takes it in a Match.
    place: "main" (outside of virtual hosts), "host" (in each), "login" (in
    the section of an address, if it depends on that), "user" (in the section
    of a user or group), "policy" (policy.py handles it), None.
    differs: what happens if it depends on the user, which only the places
    "user" and "policy" can have: "keys" (those users lose the method
    publickey), "least" (the smallest number counts for everybody), "noted".
    many: every line counts, not only the first.
    words: how many sshd takes in a line; None: any number.
    """

    def __init__(self, name, handler, place=None, match=False, differs="noted",
                 many=False):
        self.name = name
        self.handler = handler
        self.place = place
        self.match = match
        self.differs = differs
        self.many = many
        self.words = MORE_WORDS.get(name.lower(), 1)


# Of the others, sshd takes one.
MORE_WORDS = dict.fromkeys("""acceptenv allowgroups allowusers
  authenticationmethods authorizedkeyscommand authorizedkeysfile
  authorizedprincipalscommand channeltimeout denygroups denyusers forcecommand
  logverbose permitlisten permitopen persourcepenalties setenv subsystem
  versionaddendum""".split())
MORE_WORDS.update(ipqos=2, listenaddress=3, rekeylimit=2)
# sshd does not look at the values.
MORE_WORDS.update(dict.fromkeys("""authorizedkeysfile2 checkmail
  kerberosgetafstoken keyregenerationinterval pamauthenticationviakbdint
  protocol reversemappingcheck rhostsauthentication rhostsrsaauthentication
  rsaauthentication serverkeybits uselogin useprivilegeseparation""".split()))


def _rows():
    no_files = cannot(FILES_ONLY)
    silent, old = SILENT, OLD

    def own(name, **more):
        return Row(name, policy, "policy", True, **more)

    yield from (own(name) for name in (
        "AllowUsers", "AllowGroups", "DenyUsers", "DenyGroups"))
    yield from (own(name) for name in (
        "AuthenticationMethods", "PasswordAuthentication",
        "PubkeyAuthentication", "KbdInteractiveAuthentication",
        "PermitRootLogin", "ChrootDirectory", "ForceCommand", "Subsystem",
        "RefuseConnection"))
    yield from (own(name, differs="keys") for name in (
        "AuthorizedKeysFile", "AuthorizedKeysCommand",
        "AuthorizedKeysCommandUser", "TrustedUserCAKeys",
        "AuthorizedPrincipalsFile", "AuthorizedPrincipalsCommand",
        "AuthorizedPrincipalsCommandUser", "RevokedKeys"))
    yield Row("ChallengeResponseAuthentication", policy, "policy", True)
    yield Row("UsePAM", policy, "policy")
    yield Row("Port", policy, "policy", many=True)
    yield Row("ListenAddress", policy, "policy", many=True)
    yield Row("AddressFamily", policy, "policy")
    yield Row("UseDNS", policy, "policy")
    yield Row("PermitEmptyPasswords", empty_passwords, "login", True)

    yield Row("HostKey", host_key, "host", many=True)
    yield Row("HostKeyAgent", carried(
        lambda line: "SFTPHostKey agent:" + absolute(line, line.args[0]),
        "all keys of that agent"), "host")
    yield Row("HostCertificate", carried(
        lambda line: "SFTPHostCertificate " + absolute(line, line.args[0])),
        "host", many=True)
    yield Row("Ciphers", algorithms("SFTPCiphers", CIPHERS), "host")
    yield Row("MACs", algorithms("SFTPDigests", MACS), "host")
    yield Row("KexAlgorithms", algorithms("SFTPKeyExchanges", KEX), "host")
    yield Row("HostKeyAlgorithms", algorithms(
        "SFTPHostKeys", HOST_KEYS), "host")
    for name in ("PubkeyAcceptedAlgorithms", "PubkeyAcceptedKeyTypes"):
        yield Row(name, algorithms("SFTPAuthPublicKeys", USER_KEYS), "login",
                  True, "keys")
    yield Row("CASignatureAlgorithms", algorithms(
        "SFTPCASignatureAlgorithms", HOST_KEYS + SECURITY_KEYS), "login",
        True, "keys")
    yield Row("RequiredRSASize", carried(
        lambda line: "SFTPKeyLimits MinimumRSASize %d" % number(
            line, 0, 0, 16384)), "host")
    yield Row("PubkeyAuthOptions", key_options, "login", True, "keys")

    yield Row("ClientAliveInterval", policy, "policy", True)
    yield Row("ClientAliveCountMax", policy, "policy", True)
    yield Row("LoginGraceTime", grace, "host")
    yield Row("MaxAuthTries", carried(
        lambda line: "MaxLoginAttempts %d" % number(line, 0, 1)), "login",
        True, "least")
    yield Row("MaxSessions", policy, "policy", True)
    yield Row("RekeyLimit", rekey, "user", True)
    yield Row("Banner", banner, "login", True)
    yield Row("Compression", compression, "host")
    yield Row("StrictModes", strict_modes, "host")
    yield Row("FingerprintHash", fingerprint, "host")
    yield Row("AcceptEnv", environment, "login", True, many=True)
    yield Row("IPQoS", qos, "login", True)
    yield Row("PerSourcePenalties", penalties, "main")
    yield Row("PerSourcePenaltyExemptList", exempt, "main")
    yield Row("PerSourceNetBlockSize", net_block, "main")
    yield Row("MaxStartups", startups, "main")
    yield Row("PerSourceMaxStartups", cannot(
        "MaxConnectionsPerHost would count sessions after the login, too"))

    yield Row("HostbasedAuthentication", hostbased, None, True)
    for name in ("GSSAPIAuthentication", "KerberosAuthentication"):
        yield Row(name, never("there is no such method here"), None, True)
    for name in ("X11Forwarding", "AllowAgentForwarding", "AllowTcpForwarding",
                 "AllowStreamLocalForwarding", "GatewayPorts", "PermitTunnel",
                 "PermitOpen", "PermitListen"):
        yield Row(name, never(FILES_ONLY), None, True)
    for name in ("DisableForwarding",):
        yield Row(name, fixed("nothing is forwarded"), None, True)
    for name in ("PermitTTY", "PermitUserRC"):
        yield Row(name, never(FILES_ONLY), None, True)
    for name in ("X11DisplayOffset", "X11UseLocalhost", "StreamLocalBindMask",
                 "StreamLocalBindUnlink"):
        yield Row(name, silent, None, True)
    for name in ("PrintMotd", "PrintLastLog", "XAuthLocation",
                 "PermitUserEnvironment", "TCPKeepAlive", "PidFile",
                 "SecurityKeyProvider", "SshdSessionPath", "SshdAuthPath"):
        yield Row(name, silent)
    yield Row("LogLevel", levels, None, True)
    for name in ("ExposeAuthInfo", "IgnoreRhosts",
                 "HostbasedUsesNameFromPacketOnly",
                 "HostbasedAcceptedAlgorithms", "PAMServiceName"):
        yield Row(name, silent if name != "PAMServiceName" else policy,
                  None if name != "PAMServiceName" else "policy", True)
    for name in ("IgnoreUserKnownHosts", "HostbasedAcceptedKeyTypes",
                 "GSSAPICleanupCredentials", "GSSAPIStrictAcceptorCheck",
                 "GSSAPIKeyExchange", "GSSAPIStoreCredentialsOnRekey",
                 "GSSAPIKexAlgorithms", "KerberosOrLocalPasswd",
                 "KerberosTicketCleanup", "KerberosGetAFSToken", "DebianBanner",
                 "LogVerbose"):
        yield Row(name, silent)
    yield Row("SyslogFacility", carried(
        lambda line: "SyslogFacility " + word(line, {
            "AUTHPRIV": "AUTHPRIV"}.get(line.args[0].upper(),
                                        line.args[0].upper()))), "main")
    yield Row("SetEnv", no_files, None, True)
    for name in ("ChannelTimeout", "UnusedConnectionTimeout"):
        yield Row(name, never("TimeoutIdle ends whole sessions only"), None,
                  True)
    yield Row("RDomain", never("routing domains are not known here"), None,
              True)
    yield Row("ModuliFile", cannot(
        "SFTPDHParamFile takes PEM; built-in groups are used"))
    yield Row("VersionAddendum", version_addendum)
    for name in ("Protocol", "UsePrivilegeSeparation", "UseLogin",
                 "KeyRegenerationInterval", "ServerKeyBits", "RSAAuthentication",
                 "RhostsRSAAuthentication", "RhostsAuthentication",
                 "DSAAuthentication", "SkeyAuthentication", "CheckMail",
                 "PAMAuthenticationViaKbdInt", "ReverseMappingCheck",
                 "AuthorizedKeysFile2"):
        yield Row(name, old, None, True)


TABLE = {row.name.lower(): row for row in _rows()}


def row_of(line):
    row = TABLE.get(line.key)
    if row is None:
        line.fail("unknown keyword")
    if line.match is not None and not row.match:
        line.fail("sshd does not take it in a Match")
    if row.words is not None and len(line.args) > row.words:
        line.fail("'%s' is too much in this line"
                  % printable(line.args[row.words], 60))
    return row
