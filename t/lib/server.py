# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

"""A private ProFTPD with the module under test, on a free loopback port.

Set by t/run, all with a default:
  MOD_SFTP_SO           the module under test
  MOD_SFTP_PROFTPD      the daemon
  MOD_SFTP_PRELOAD      libraries that a sanitizer build needs first
  MOD_SFTP_CLIENT_ROOT  a root whose programs are the clients
  TMPDIR                where the servers' directories go, if nobody but root can
                        write on the way there; else they go to /var/lib:
                        files of keys count nowhere else
"""

import atexit
import fcntl
import functools
import glob
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from tap import Failed

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
MODULE = os.path.abspath(os.environ.get("MOD_SFTP_SO", "mod_sftp.so"))
PROFTPD = os.environ.get("MOD_SFTP_PROFTPD", "/usr/sbin/proftpd")
PRELOAD = os.environ.get("MOD_SFTP_PRELOAD", "")
ASAN = "detect_leaks=0:suppressions=" + os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "asan.supp")
CLIENT_ROOT = os.environ.get("MOD_SFTP_CLIENT_ROOT", "")

# Seconds that anything may take before a test gives up.  Sanitizers and a
# busy machine are slow; nothing waits for this long when all is well.
PATIENCE = 60
START_PATIENCE = 20

# What a server has is root's alone to write, whoever runs the test.
os.umask(0o022)

# Logged in, users have this uid, which nobody else on the machine has.
UID = 20001
GID = 20001

LOGS = ("start.log", "system.log", "sftp.log")


def module_folder():
    try:
        with open("/usr/include/proftpd/Make.rules") as rules:
            found = re.search(r"^LIBEXECDIR=(.+)$", rules.read(), re.M)
            return found.group(1)
    except (OSError, AttributeError):
        return "/usr/lib/proftpd"


def has_module(name):
    """True if the host has a companion as a file, "mod_quotatab.so"."""
    return os.path.exists(os.path.join(module_folder(), name))


def run(argv, timeout=PATIENCE, **more):
    """Runs a program to its end; stdout and stderr come back as bytes."""
    more.setdefault("stdin", subprocess.DEVNULL)
    if "input" in more:
        del more["stdin"]
    return subprocess.run(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout, **more)


def client(argv, **more):
    """run() for a client program, out of the client root if there is one."""
    if CLIENT_ROOT:
        argv = ["chroot", CLIENT_ROOT] + argv
    return run(argv, **more)


def said(result):
    """What a finished program printed, for a failure's text."""
    return "exit %d\n%s%s" % (result.returncode,
                              result.stdout.decode("utf-8", "replace"),
                              result.stderr.decode("utf-8", "replace"))


def must(result):
    if result.returncode != 0:
        raise Failed("%s: %s" % (" ".join(map(str, result.args)),
                                 said(result)))
    return result


def wait_for(condition, what, seconds=PATIENCE, every=0.02):
    """Polls until condition() is true and returns what it returned."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed("waited %d s in vain for %s" % (seconds, what))
        time.sleep(every)


def preload(server, name, text):
    """A library of that C text, which the server's processes load first."""
    source = server.local(name + ".c", text.encode())
    library = server.path(name + ".so")
    must(run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", library,
              source]))
    server.env["LD_PRELOAD"] = library


def trusted_place():
    """Where a directory can be that nobody but root can replace."""
    place = os.path.realpath(tempfile.gettempdir())
    at = place
    while True:
        st = os.stat(at)
        if st.st_uid != 0 or st.st_mode & 0o022:
            return place if CLIENT_ROOT else "/var/lib"
        if at == "/":
            return place
        at = os.path.dirname(at)


_given = set()
# Each byte of this file stands for a port; who has its lock has the port.
_claims = os.open("/tmp/mod_sftp-ports", os.O_RDWR | os.O_CREAT |
                  os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _claim(port):
    """No other test that runs now gets the port."""
    try:
        fcntl.lockf(_claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def free_port():
    """Nobody listens there, and below the range from which the system takes
    the ports of clients: several tests run at once.  Never the same twice."""
    while True:
        port = random.randrange(10240, 32768)
        if port in _given:
            continue
        _given.add(port)
        if not _claim(port):
            continue
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


@functools.lru_cache()
def alone():
    """How a command runs in a mount namespace of its own."""
    how = ["unshare", "--mount"]
    if run(how + ["true"]).returncode != 0:
        # In a root that is no mount point the namespace is private as it is.
        how += ["--propagation", "unchanged"]
    return how


def keygen(path, *args):
    must(run(["ssh-keygen", "-q", "-N", "", "-C", "test", "-f", path]
             + list(args)))
    return path


@functools.lru_cache()
def host_keys():
    """Files of the keys that all servers of a test have: they take time."""
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, *how in (("ed25519", "-t", "ed25519"),
                           ("ecdsa", "-t", "ecdsa", "-b", "256"),
                           ("rsa", "-t", "rsa", "-b", "2048")):
            keygen(os.path.join(folder, "host_" + name), *how)
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                files[name] = file.read()
    return files


class Server:
    """directives: lines for the server's configuration.
    drop: names of default lines to leave out.
    modules: companions to load, before ours.
    users: names; all have the password .password and the key .key.
    binds: what the daemon alone sees in other places: {place: file}; the
    files may be made until the start.
    """

    password = "correct horse 7"

    def __init__(self, directives="", drop=(), modules=(), users=("alice",),
                 env=None, binds=None):
        self.binds = dict(binds or {})
        self.directives = directives
        self.drop = drop
        self.modules = modules
        self.users = users
        self.env = env or {}
        self.user = users[0]
        self.process = None
        self.strays = []
        self.dir = tempfile.mkdtemp(prefix="mod_sftp-t-", dir=trusted_place())
        os.chmod(self.dir, 0o711)
        atexit.register(self.clean_up)
        self.choose_ports()
        self._link_modules()
        self._make_keys()
        self._make_users()

    def choose_ports(self):
        """Those of all its hosts; once more if another process took one."""
        self.port = free_port()

    # ---- Files

    def path(self, name):
        """A file of the server's directory: logs, keys, configuration."""
        return os.path.join(self.dir, name)

    def home(self, name="", user=None):
        """A file in the home of a user, who sees it below /."""
        return os.path.join(self.dir, "home", user or self.user, name)

    def put(self, name, data=b"", mode=0o644, user=None):
        """Makes a file in the home of a user, who owns it."""
        path = self.home(name, user)
        self.mkdir(os.path.dirname(name), user=user)
        with open(path, "wb") as out:
            out.write(data)
        os.chmod(path, mode)
        os.chown(path, UID, GID)
        return path

    def mkdir(self, name, mode=0o755, user=None):
        path = self.home(name, user)
        made, at = [], path
        while not os.path.isdir(at):
            made.append(at)
            at = os.path.dirname(at)
        os.makedirs(path, exist_ok=True)
        for at in made:
            os.chown(at, UID, GID)
        os.chmod(path, mode)
        return path

    def get(self, name, user=None):
        with open(self.home(name, user), "rb") as file:
            return file.read()

    def local(self, name, data=None):
        """A file on the client's side."""
        path = os.path.join(self.dir, "local", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if data is not None:
            with open(path, "wb") as out:
                out.write(data)
        return path

    def _link_modules(self):
        folder = self.path("modules")
        os.mkdir(folder)
        for path in glob.glob(os.path.join(module_folder(), "*.so")):
            os.symlink(path, os.path.join(folder, os.path.basename(path)))
        ours = os.path.join(folder, "mod_sftp.so")
        if os.path.lexists(ours):
            os.unlink(ours)
        os.symlink(MODULE, ours)

    def _make_keys(self):
        for name, data in host_keys().items():
            with open(self.path(name), "wb",
                      opener=lambda *how: os.open(*how, 0o600)) as out:
                out.write(data)
        self.key = keygen(self.path("id_ed25519"), "-t", "ed25519")
        self.authorize(self.key)

    def authorize(self, *keys, form="rfc4716", user=None):
        """Makes these the only keys of the users (or of one)."""
        text = b""
        for key in keys:
            if form == "rfc4716":
                text += must(run(["ssh-keygen", "-e", "-f",
                                  key + ".pub"])).stdout
            else:
                with open(key + ".pub", "rb") as pub:
                    text += pub.read()
        folder = self.path("keys")
        os.makedirs(folder, exist_ok=True)
        for name in [user] if user else self.users:
            with open(os.path.join(folder, name), "wb") as out:
                out.write(text)

    def edit(self, name, change):
        """passwd or group, line by line: change gets the fields of one, and
        returns False where it is to go."""
        with open(self.path(name)) as file:
            lines = [line.split(":") for line in file.read().splitlines()]
        with open(self.path(name), "w") as file:
            file.write("".join(":".join(fields) + "\n" for fields in lines
                               if change(fields) is not False))

    def _make_users(self):
        hashed = must(run(["openssl", "passwd", "-6", "-stdin"],
                          input=self.password.encode() + b"\n"))
        hashed = hashed.stdout.decode().strip()
        os.mkdir(self.path("home"))
        os.chmod(self.path("home"), 0o711)
        passwd = ""
        for number, name in enumerate(self.users):
            home = os.path.join(self.dir, "home", name)
            os.mkdir(home)
            os.chmod(home, 0o755)
            os.chown(home, UID, GID)
            passwd += "%s:%s:%d:%d::%s:/bin/sh\n" % (name, hashed, UID, GID,
                                                     home)
        for name, text in (("passwd", passwd),
                           ("group", "staff:x:%d:\n" % GID)):
            with open(os.open(self.path(name),
                              os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
                out.write(text)

    def _default_lines(self):
        yield "ServerName", "under test"
        yield "ServerType", "standalone"
        yield "DefaultAddress", "127.0.0.1"
        yield "UseIPv6", "off"
        yield "UseReverseDNS", "off"
        yield "Port", self.port
        yield "User", "nobody"
        yield "Group", "nogroup"
        yield "Umask", "022"
        yield "PidFile", self.path("pid")
        yield "ScoreboardFile", self.path("scoreboard")
        yield "SystemLog", self.path("system.log")
        yield "TransferLog", self.path("transfer.log")
        yield "WtmpLog", "off"
        yield "TimeoutLinger", "1"
        yield "AuthOrder", "mod_auth_file.c"
        yield "AuthUserFile", self.path("passwd")
        yield "AuthGroupFile", self.path("group")
        yield "RequireValidShell", "off"
        yield "DefaultRoot", "~"
        yield "AllowOverwrite", "on"
        yield "AllowStoreRestart", "on"
        yield "SFTPEngine", "on"
        yield "SFTPLog", self.path("sftp.log")
        yield "SFTPHostKey", self.path("host_ed25519")
        yield "SFTPHostKey", self.path("host_ecdsa")
        yield "SFTPHostKey", self.path("host_rsa")
        yield "SFTPAuthorizedUserKeys", "file:" + self.path("keys/%u")

    def config(self):
        lines = ["ModulePath " + self.path("modules")]
        for name in ("mod_xfer", "mod_ls", "mod_delay"):
            if has_module(name + ".so"):
                lines.append("LoadModule %s.c" % name)
        for name in self.modules:
            lines.append("LoadModule %s.c" % name)
        lines.append("LoadModule mod_sftp.c")
        lines.append("<IfModule mod_ctrls.c>\n  ControlsEngine off\n"
                     "</IfModule>")
        # Delays hide what a login costs, and slow every test down.
        lines.append("<IfModule mod_delay.c>\n  DelayEngine off\n"
                     "</IfModule>")
        for name, value in self._default_lines():
            if name not in self.drop:
                value = str(value)
                if " " in value:
                    value = '"%s"' % value
                lines.append("%s %s" % (name, value))
        lines.append(self.directives.replace("@DIR@", self.dir))
        return "\n".join(lines) + "\n"

    # ---- The daemon

    def command(self):
        return [PROFTPD, "-n", "-q", "-c", self.path("proftpd.conf")]

    def write_config(self):
        with open(self.path("proftpd.conf"), "w") as conf:
            conf.write(self.config())

    def known_clients(self):
        """What proftpd -t -d 5 prints, which has the table of clients."""
        self.write_config()
        env = dict(os.environ)
        if PRELOAD:
            env.update(LD_PRELOAD=PRELOAD, ASAN_OPTIONS=ASAN)
        return said(run([PROFTPD, "-t", "-d", "5", "-c",
                         self.path("proftpd.conf")], env=env))

    def launch(self):
        """Starts the daemon and does not wait for it."""
        self.write_config()
        env = dict(os.environ, **self.env)
        for name in ("MOD_SFTP_PRELOAD", "TMPDIR"):
            env.pop(name, None)
        if PRELOAD:
            env["LD_PRELOAD"] = " ".join(filter(None, (
                PRELOAD, env.get("LD_PRELOAD"))))
            env["ASAN_OPTIONS"] = (ASAN + ":handle_abort=1:"
                                   "detect_stack_use_after_return=0")
            env["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"
        argv = self.command()
        if self.binds:
            argv = self._bound(argv)
        with open(self.path("start.log"), "ab") as out:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env,
                cwd="/", start_new_session=True)

    def _bound(self, argv):
        """The command in a mount namespace of its own."""
        script = "".join("mount --bind '%s' '%s' && " % (source, place)
                         for place, source in self.binds.items())
        return alone() + ["sh", "-c", script + 'exec "$@"', "sh"] + argv

    def start(self):
        for attempt in range(5):
            self.launch()
            wait_for(lambda: self.greets() or self.process.poll() is not None,
                     "the daemon to answer", START_PATIENCE)
            if self.process.poll() is None:
                return self
            if "in use" not in (self.log("start.log")
                                + self.log("system.log")):
                break
            self.choose_ports()
        raise Failed("the daemon ended\n" + self.logs_since(None))

    def greets(self, connect=None):
        """Whether a connection gets an SSH identification."""
        try:
            with (connect or self.connect)() as sock:
                return sock.recv(4) == b"SSH-"
        except OSError:
            return False

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port),
                                        timeout=PATIENCE)
        return sock

    def refuses_to_start(self):
        """Starts a daemon that must end by itself; what it said."""
        self.launch()
        try:
            self.process.wait(START_PATIENCE)
        except subprocess.TimeoutExpired:
            self.stop()
            raise Failed("the daemon runs with a wrong configuration")
        code = self.process.returncode
        self.process = None
        if code == 0:
            raise Failed("the daemon ended with exit status 0")
        return self.log("start.log") + self.log("system.log")

    def sessions(self):
        """The process ids of the sessions."""
        return [pid for pid in self.children() if not self._is_zombie(pid)]

    def children(self):
        """The same, and of those whose end the daemon has not noticed yet."""
        if self.process is None:
            return []
        path = "/proc/%d/task/%d/children" % (self.process.pid,
                                              self.process.pid)
        try:
            with open(path) as children:
                return [int(pid) for pid in children.read().split()]
        except OSError:
            return []

    @staticmethod
    def _is_zombie(pid):
        try:
            with open("/proc/%d/stat" % pid) as stat:
                return stat.read().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    def session(self):
        """The process id of the only session, once there is just one: that
        of greets() may take a moment to end."""
        def only():
            pids = self.sessions()
            return len(pids) == 1 and pids

        return wait_for(only, "a single session")[0]

    def no_sessions(self):
        """Waits until every session has ended."""
        wait_for(lambda: not self.sessions(), "the sessions to end")

    def stop(self):
        if self.process is None:
            return
        left = self.sessions()
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        self._end_strays(left)

    def _end_strays(self, pids):
        """A session that outlives its daemon hangs or spins: a failure."""
        end = time.monotonic() + START_PATIENCE
        while pids and time.monotonic() < end:
            pids = [pid for pid in pids if not self._is_zombie(pid)]
            time.sleep(0.02)
        for pid in pids:
            self.strays.append(pid)
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass

    def daemon_output(self):
        return self.log("start.log") + self.log("system.log")

    def stop_clean(self):
        self.stop()
        if self.strays:
            raise Failed("sessions %r did not end" % self.strays)
        text = self.daemon_output()
        for sign in ("Sanitizer", "runtime error:", "signal 11", "signal 6",
                     "signal 7", "signal 4", "signal 8", "Segmentation",
                     "stack smashing", "malloc()", "free()"):
            if sign in text:
                raise Failed("%r in the daemon's output\n%s" % (sign, text))

    def clean_up(self):
        self.stop()
        if os.environ.get("MOD_SFTP_KEEP"):
            print("# kept " + self.dir)
            return
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- Logs

    def log(self, name):
        try:
            with open(self.path(name), encoding="utf-8",
                      errors="replace") as log:
                return log.read()
        except OSError:
            return ""

    def wait_log(self, name, pattern):
        """Waits for a line; the match object."""
        return wait_for(lambda: re.search(pattern, self.log(name), re.M),
                        "%r in %s" % (pattern, name))

    def mark_logs(self):
        return {name: len(self.log(name)) for name in LOGS}

    def logs_since(self, mark):
        text = ""
        for name in LOGS:
            new = self.log(name)[(mark or {}).get(name, 0):]
            for line in new.splitlines()[-12:]:
                text += "%s: %s\n" % (name, line)
        return text

    # ---- OpenSSH's clients

    def known_hosts(self):
        with open(self.path("known_hosts"), "w") as out:
            for pub in sorted(glob.glob(self.path("host_*.pub"))):
                with open(pub) as file:
                    words = file.read().split()
                out.write("[127.0.0.1]:%d %s %s\n" % (self.port, words[0],
                                                      words[1]))
        return self.path("known_hosts")

    def ssh_config(self):
        """For ssh -F: the host is called "srv"."""
        with open(self.path("ssh_config"), "w") as out:
            out.write("Host srv\n HostName 127.0.0.1\n Port %d\n User %s\n"
                      " IdentityFile %s\n IdentitiesOnly yes\n"
                      " UserKnownHostsFile %s\n StrictHostKeyChecking yes\n"
                      " UpdateHostKeys no\n LogLevel INFO\n"
                      % (self.port, self.user, self.key, self.known_hosts()))
        return self.path("ssh_config")

    def password_env(self, password=None):
        """The environment that lets OpenSSH read a password."""
        password = password or self.password
        path = self.path("askpass-%s" % password.split()[0])
        if not os.path.exists(path):
            with open(path, "w") as out:
                out.write("#!/bin/sh\necho '%s'\n" % password)
            os.chmod(path, 0o700)
        return dict(os.environ, SSH_ASKPASS=path, DISPLAY="none",
                    SSH_ASKPASS_REQUIRE="force")

    def ssh(self, *args, **more):
        return client(["ssh", "-F", self.ssh_config()] + list(args), **more)

    def sftp(self, batch, *options, **more):
        """Runs sftp's commands, one per line, until one fails."""
        path = self.local("batch", batch.encode("utf-8", "surrogateescape")
                          + b"\n")
        return client(["sftp", "-q", "-F", self.ssh_config(), "-b", path]
                      + list(options) + ["srv"], **more)

    def scp(self, *args, **more):
        return client(["scp", "-q", "-F", self.ssh_config()] + list(args),
                      **more)


NOBODY = 65534


class ByNobody:
    """A Server that an ordinary user starts, to whom all files belong."""

    def launch(self):
        for top, directories, files in os.walk(self.dir):
            for name in directories + files + ["."]:
                os.lchown(os.path.join(top, name), NOBODY, NOBODY)
        super().launch()

    def command(self):
        return ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY,
                "--clear-groups"] + super().command()
