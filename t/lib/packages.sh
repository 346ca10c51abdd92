# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# packages.sh -- sourced by ./quickstart and t/run (POSIX sh).
#
#   as_root CMD...       runs CMD as root: directly, or through sudo
#   need_packages PKG... installs what is missing, as quietly as can be
#   packages_of FILE...  prints what these tests need, from a build on
#   named_needs FILE...  prints the packages that tests name in their heads
#   $build_packages      what a build needs; the unit tests in C as well
#   $test_packages       what every other test needs besides

build_packages="proftpd-core proftpd-dev gcc libc6-dev make autoconf
  pkg-config libssl-dev zlib1g-dev libsodium-dev"
test_packages="perl python3 openssl openssh-client util-linux iproute2"

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo -- "$@"
  else
    echo "root is needed for: $*" >&2
    echo "run this as root, or install sudo" >&2
    return 1
  fi
}

missing_packages() {
  for pkg in "$@"; do
    state=$(dpkg-query -W -f='${db:Status-Abbrev}' "$pkg" 2>/dev/null)
    case $state in
      ?i*) ;;
      *) printf ' %s' "$pkg" ;;
    esac
  done
}

# Maintainer scripts find these before the real ones: the daemons of the
# packages that we install (an FTP server, an SSH server) are neither started
# now nor enabled for the next boot.  What was there before stays as it is.
write_service_shims() {
  printf '#!/bin/sh\nexit 0\n' > "$1/invoke-rc.d"
  cp "$1/invoke-rc.d" "$1/deb-systemd-invoke"
  cat > "$1/update-rc.d" <<'SHIM'
#!/bin/sh
[ "$2" = defaults ] || exec /usr/sbin/update-rc.d "$@"
exec /usr/sbin/update-rc.d "$1" defaults-disabled
SHIM
  cat > "$1/deb-systemd-helper" <<'SHIM'
#!/bin/sh
case " $* " in
  *" was-enabled "*) exit 1 ;;
esac
exec /usr/bin/deb-systemd-helper "$@"
SHIM
  chmod 755 "$1" "$1"/*
}

apt_install() {
  dir=$1
  shift
  # A machine whose last installation was killed: finish that first.
  if [ -n "$(dpkg --audit 2>/dev/null)" ]; then
    as_root env DEBIAN_FRONTEND=noninteractive \
      dpkg --configure -a </dev/null >>"$dir/log" 2>&1
  fi
  as_root apt-get -qq -o DPkg::Lock::Timeout=300 update \
    </dev/null >>"$dir/log" 2>&1
  as_root env DEBIAN_FRONTEND=noninteractive \
    PATH="$dir:/usr/local/sbin:/usr/sbin:/sbin:$PATH" \
    apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 \
    install "$@" </dev/null >>"$dir/log" 2>&1
}

need_packages() {
  want=$(missing_packages "$@")
  [ -n "$want" ] || return 0

  if ! command -v apt-get >/dev/null 2>&1; then
    echo "please install:$want" >&2
    return 1
  fi

  echo "installing packages:$want"
  shims=$(mktemp -d) || return 1
  write_service_shims "$shims"
  # shellcheck disable=SC2086
  if apt_install "$shims" $want; then
    rm -rf "$shims"
    return 0
  fi

  tail -n 20 "$shims/log" >&2
  rm -rf "$shims"
  echo "could not install:$want" >&2
  return 1
}

packages_of() {
  echo $build_packages
  for test in "$@"; do
    case $test in
      *.c) ;;
      *) echo $test_packages; break ;;
    esac
  done
  named_needs "$@"
}

# Lines "# needs: lftp 13:openssl-provider-fips": a number is the release of
# Debian since which there is the package.  In C the line is a comment.
named_needs() {
  release=${VERSION_ID:-$(. /etc/os-release && echo "${VERSION_ID:-99}")}
  sed -n 's/^# needs: //p; s|^/\* needs: \(.*\) \*/$|\1|p' "$@" | tr ' ' '\n' |
    while IFS=: read -r since pkg; do
      [ -n "$pkg" ] || { pkg=$since since=0; }
      [ "${release%%.*}" -lt "$since" ] || echo "$pkg"
    done
}
