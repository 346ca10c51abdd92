# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""Values of sshd_config: those that sshd of Debian 12 and of 13 refuses, and
those that one of them takes.  t/unit/migrate-t.py asks sftp-migrate,
t/integration/migrate.t asks sshd."""

FLAGS = """AllowAgentForwarding DebianBanner DisableForwarding ExposeAuthInfo
  GSSAPIAuthentication GSSAPICleanupCredentials GSSAPIKeyExchange
  GSSAPIStoreCredentialsOnRekey GSSAPIStrictAcceptorCheck
  HostbasedAuthentication HostbasedUsesNameFromPacketOnly
  IgnoreUserKnownHosts KbdInteractiveAuthentication
  ChallengeResponseAuthentication KerberosAuthentication
  KerberosOrLocalPasswd KerberosTicketCleanup PasswordAuthentication
  PermitEmptyPasswords PermitTTY PermitUserRC PrintLastLog PrintMotd
  PubkeyAuthentication RefuseConnection StreamLocalBindUnlink StrictModes
  TCPKeepAlive UseDNS UsePAM X11Forwarding X11UseLocalhost""".split()
NUMBERS = "ClientAliveCountMax MaxSessions X11DisplayOffset".split()
# Debian 13 alone knows these; Debian 12 ignores the others.
ONLY_13 = ("PerSourcePenalties", "PerSourcePenaltyExemptList",
           "RefuseConnection")

NOT_12 = (("KexAlgorithms", "mlkem768x25519-sha256"),)

OTHERS = {
    "AcceptEnv": ("A=b|=", "LANG LC_*|LANG"),
    "AllowStreamLocalForwarding": ("x|on", "yes|local|ALL"),
    "AllowTcpForwarding": ("x|on", "yes|local|remote"),
    "AuthorizedKeysCommand": ("x|none x|x %u", "none"),
    "AuthorizedPrincipalsCommand": ("x|none x|x %u", "none"),
    "CASignatureAlgorithms": ("nosuch|+nosuch|ssh-ed25519,nosuch|"
                              "ssh-ed25519-cert-v01@openssh.com",
                              "ssh-ed25519|-nosuch|+rsa-sha2-256"),
    "ChannelTimeout": ("x|session|session=x|none a=5m|=5m",
                       "none|session=5m|*=1h x11-connection=0"),
    "Ciphers": ("nosuch|^nosuch|+nosuch|aes128-ctr,nosuch|aes*|+|none|"
                "blowfish-cbc",
                "aes128-ctr|-nosuch|^aes128-ctr|aes128-ctr,"),
    "Compression": ("x|on", "yes|delayed|NO"),
    "GSSAPIKexAlgorithms": ("nosuch|+nosuch",
                            "gss-gex-sha1-,gss-group14-sha256-"),
    "GatewayPorts": ("x|on", "no|clientspecified"),
    "PidFile": ("/a b", "/a|none"),
    "HostKeyAlgorithms": ("nosuch|nosuch*|ssh-ed25519,nosuch|ssh-ed448",
                          "ssh-ed25519*|+rsa-sha2-256|-nosuch"),
    "HostbasedAcceptedAlgorithms": ("nosuch|nosuch*", "ssh-ed25519"),
    "HostbasedAcceptedKeyTypes": ("nosuch", "ssh-ed25519"),
    "IPQoS": ("x|300|-1|none x|va", "EF|none|af21 cs1|32"),
    "IgnoreRhosts": ("x", "yes|shosts-only"),
    "KexAlgorithms": ("nosuch|+nosuch|curve*|rsa2048-sha256",
                      "curve25519-sha256|-curve*|mlkem768x25519-sha256"),
    "MACs": ("nosuch|^nosuch|hmac-*|hmac-ripemd160",
             "hmac-sha2-256|-hmac-sha1*"),
    "PerSourceMaxStartups": ("x|-1", "none|5"),
    "PerSourcePenalties": ("nosuch:1|crash:x|yes crash:1|overflow:x|"
                           "max-sources4:-1|crash",
                           "yes|NO|crash:1h authfail:5|overflow:permissive"),
    "PerSourcePenaltyExemptList": ("10.0.0.1/8|10.0.0.0/33",
                                   "10.0.0.0/8|::1"),
    "PermitListen": ("host|x:70000|x:y", "none|any|8080|localhost:*"),
    "PermitOpen": ("host|host:0|host:x", "none|any|host:22 [::1]:*"),
    "PermitTunnel": ("x|on", "yes|ethernet"),
    "PubkeyAcceptedAlgorithms": ("nosuch|nosuch*|+nosuch",
                                 "ssh-ed25519*|-nosuch"),
    "PubkeyAcceptedKeyTypes": ("nosuch", "ssh-ed25519"),
    "RekeyLimit": ("x|8E|99999999999G|9223372036854775808|10|1GB|none|1G x",
                   "default|1.5G|7E|16|0|1G 1h|default none"),
    "RequiredRSASize": ("x|-1|99999999999", "2048"),
    "UsePrivilegeSeparation": ("", "sandbox x"),
    "SetEnv": ("A|A=b C|=b", "A=b|A=b C=d|A=="),
    "StreamLocalBindMask": ("9|01777|x", "0177|77"),
    "SyslogFacility": ("KERN|local8|x", "AUTH|Local3|DAEMON"),
    "UnusedConnectionTimeout": ("x|1y", "none|5m"),
    "ListenAddress": ("no.such.host.invalid|1.2.3.4.5|[::1]:x",
                      "::1|127.0.0.1:23|*:24"),
}


def rows():
    """(keyword, wrong values, right values)"""
    for name in FLAGS:
        yield name, ["x", "true", "on", "1", "yes no"], ["yes", "No"]
    for name in NUMBERS:
        yield name, ["x", "-1", "99999999999", "5x"], ["5"]
    for name, (wrong, right) in OTHERS.items():
        yield name, wrong.split("|") if wrong else [], right.split("|")
