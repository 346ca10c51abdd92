# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# root.sh -- sourced by t/run, t/interop/run and t/packages/run (bash): another
# release of Debian in a root made by debootstrap, kept in the cache directory.
#
#   make_root SUITE       makes $cache/SUITE-root, unless it is there
#   make_root SUITE NAME  makes $cache/NAME instead
#   in_root DIR CMD...    runs CMD with that root mounted; $scratch is inside
#   copy_source DIR       puts the source into DIR/src
#
# The caller has headline(), $scratch (a directory of its own) and $top.

cache=${MOD_SFTP_CACHE:-${XDG_CACHE_HOME:-/var/cache}/mod_sftp}

# The mirror is the one that this machine itself installs from.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
    'Origin: Debian' 'Label: Debian' 2>/dev/null | sort -u | sed 1q
}

make_root() {
  local suite=$1 dir=$cache/${2:-$1-root} uri
  [ -f "$dir/.complete" ] && return 0
  headline "making a root of Debian $suite in $dir"
  uri=$(mirror)
  [ -n "$uri" ] || { apt-get -qq update; uri=$(mirror); }
  [ -n "$uri" ] || { echo "no Debian mirror in apt's configuration"; return 1; }
  rm -rf --one-file-system "$dir"
  mkdir -p "$dir" || return 1
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$dir" \
    "$uri" </dev/null >"$scratch/debootstrap.log" 2>&1 || {
    tail -n 20 "$scratch/debootstrap.log"
    return 1
  }
  # How apt reaches its mirror is this machine's knowledge, too.
  grep -lsE '^[^/#]*(Acquire|Proxy)' /etc/apt/apt.conf.d/* |
    xargs -r cp -t "$dir/etc/apt/apt.conf.d/"
  cp -L /etc/resolv.conf "$dir/etc/resolv.conf" 2>/dev/null
  touch "$dir/.complete"
}

# in_root DIR CMD...: mounts are in a namespace of their own and vanish with
# the command, however it ends.  The scratch directory is the same inside.
in_root() {
  local dir=$1
  shift
  mkdir -p "$dir$scratch" "$dir/src"
  unshare --mount --propagation private bash -c '
    dir=$1 scratch=$2
    shift 2
    mount -t proc proc "$dir/proc" && mount --rbind /dev "$dir/dev" &&
      mount --bind "$scratch" "$dir$scratch" || exit 1
    exec "$@"' in_root "$dir" "$scratch" "$@"
  local status=$?
  rmdir "$dir$scratch" 2>/dev/null
  return $status
}

# A root that lies in the source itself is not copied into itself.
copy_source() {
  local within
  within=$(realpath -m --relative-to="$top" "$cache")
  rm -rf "$1/src"
  mkdir -p "$1/src"
  tar -C "$top" --exclude=./.git --exclude=./.quickstart --exclude=./obj \
    --exclude="./$within" -cf - . | tar -C "$1/src" -xf -
}
