# shellcheck shell=bash
# What every rig of real mail software needs: a throwaway Debian root, and a way into it that leaves
# nothing behind. To be sourced. A rig calls, in this order:
#
#   rig_need COMMAND...              exit 77, with the reason, where this machine cannot run a rig
#   rig_root NAME PACKAGES [SETUP]   make build/roots/NAME unless it is there and of the same list
#   rig_run HOSTNAME COMMAND...      run COMMAND on a scratch copy of that root, alone in the world
#
# and in its `refresh`:
#
#   rig_refresh RUN MODE:NAME...     run each mode and install what came out in tests/data/NAME
#
# PACKAGES is a file: a package a line, `#` begins a comment; a line `debconf: ...` is a preseed.
# SETUP is a shell script that runs in the new root once (with `sh`), for what all runs share.
#
# COMMAND runs outside the root, as a child of a new pid, net, uts and mount namespace, with
# RIG_ROOT set to the scratch copy: an overlay whose upper layer is in memory. When it ends, or is
# killed, or the terminal says ctrl-C, the kernel ends every daemon that was started in the namespace and
# the mounts go with it: there is no clean-up that could be missed.
# SPDX-License-Identifier: GPL-2.0-or-later

RIG_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
RIG_ROOTS=$RIG_TOP/build/roots
RIG_SKIP=77

rig_say() { printf 'rig: %s\n' "$*" >&2; }
rig_skip() { printf 'rig: cannot run here: %s\n' "$*" >&2; exit "$RIG_SKIP"; }

rig_need() {
    local command
    [ "$(id -u)" = 0 ] || rig_skip "must be root: the servers in the root run under their own user ids"
    for command in mmdebstrap unshare setpriv flock mount ip python3 "$@"; do
        command -v "$command" >/dev/null 2>&1 || rig_skip "no $command on this machine"
    done
    unshare --net --mount --pid --uts --fork true 2>/dev/null || rig_skip "unshare is not allowed to make namespaces"
}

# The Debian lines of this machine's own apt configuration, whatever its format, mirror or proxy.
# shellcheck disable=SC2016  # $(REPO_URI) and the like are apt's
rig_apt_sources() {
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' | sort -u
}

rig_packages() { sed -e 's/#.*//' -e '/^debconf:/d' "$1" | tr -s ' \n' ',' | sed -e 's/^,//' -e 's/,$//'; }
rig_preseeds() { sed -n 's/^debconf: *//p' "$1"; }

# What a root was made of: the packages, the preseeds and the set-up script.
rig_recipe() { rig_packages "$1"; rig_preseeds "$1"; [ -z "${2:-}" ] || cat "$2"; }

# Sets RIG_BASE. Makers of the same root wait for each other, and for the runs that use it: the lock stays with this
# shell.
rig_root() {
    local name=$1 packages=$2 setup=${3:-} lock
    RIG_BASE=$RIG_ROOTS/$name
    mkdir -p "$RIG_ROOTS"
    exec {lock}>"$RIG_ROOTS/$name.lock"
    flock -s "$lock"
    if rig_recipe "$packages" "$setup" | cmp -s - "$RIG_BASE.made"; then return; fi
    flock "$lock"
    if ! rig_recipe "$packages" "$setup" | cmp -s - "$RIG_BASE.made"; then
        rig_make_root "$packages" "$setup"
        rig_recipe "$packages" "$setup" >"$RIG_BASE.made"
    fi
    flock -s "$lock"
}

rig_make_root() {
    local packages=$1 setup=$2 sources=$RIG_BASE.list hooks=()
    rig_apt_sources >"$sources"
    [ -s "$sources" ] || rig_skip "apt knows no Debian archive (has apt-get update been run?)"
    rig_say "making $RIG_BASE"
    rm -rf --one-file-system "$RIG_BASE" "$RIG_BASE.made"
    rig_preseeds "$packages" >"$RIG_BASE.debconf"
    hooks+=(--essential-hook="printf '#!/bin/sh\nexit 101\n' >\"\$1\"/usr/sbin/policy-rc.d")
    hooks+=(--essential-hook="chmod 755 \"\$1\"/usr/sbin/policy-rc.d")
    hooks+=(--essential-hook="chroot \"\$1\" debconf-set-selections <'$RIG_BASE.debconf'")
    if [ -n "$setup" ]; then hooks+=(--customize-hook="chroot \"\$1\" sh -eu <'$setup'"); fi
    if ! mmdebstrap --mode=root --variant=minbase --include="$(rig_packages "$packages")" \
        --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' "${hooks[@]}" '' "$RIG_BASE" "$sources" \
        >"$RIG_BASE.log" 2>&1; then
        tail -n 20 "$RIG_BASE.log" >&2
        rm -rf --one-file-system "$RIG_BASE"
        rig_skip "mmdebstrap could not make the root (all of its output: $RIG_BASE.log)"
    fi
}

rig_run() {
    local hostname=$1
    shift
    # The death of this shell is unshare's (pdeathsig), and unshare's is that of the namespaces' first process.
    # shellcheck disable=SC2016  # the inner shell's
    setpriv --pdeathsig KILL -- unshare --net --mount --pid --uts --ipc --fork --kill-child=KILL --propagation=private \
        bash -c 'set -eu; . "$1"; shift; rig_inside "$@"' rig-inside "${BASH_SOURCE[0]}" "$RIG_BASE" "$hostname" "$@"
}

# The first process of the namespaces: its death ends them all.
rig_inside() {
    local base=$1 hostname=$2 scratch=$1.scratch
    shift 2
    hostname "$hostname"
    ip link set lo up
    mkdir -p "$scratch"
    mount -t tmpfs -o size=2g,mode=755 rig "$scratch"
    mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
    mount -t overlay overlay -o "lowerdir=$base,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root" ||
        rig_skip "no overlay file system"
    mount -t proc proc "$scratch/root/proc"
    mount -t proc proc /proc
    rig_devices "$scratch/root/dev"
    export RIG_ROOT=$scratch/root
    "$@"
}

# A /dev of its own: the syslog socket there must not be the machine's.
rig_devices() {
    local node
    mount -t tmpfs -o mode=755 rig-dev "$1"
    for node in null zero random urandom full tty; do
        touch "$1/$node"
        mount --bind "/dev/$node" "$1/$node"
    done
    mkdir "$1/shm" "$1/pts"
    ln -s /proc/self/fd "$1/fd"
}

rig_refresh() {
    local run=$1 pair mode name fresh code status=0
    shift
    fresh=$(mktemp -d)
    for pair in "$@"; do
        mode=${pair%%:*} name=${pair#*:} code=0
        "$run" "$mode" "$fresh/$name" || code=$?
        if [ "$code" = 0 ]; then
            mkdir -p "$RIG_TOP/tests/data/$name"
            cp "$fresh/$name"/* "$RIG_TOP/tests/data/$name/"
        elif [ "$code" = "$RIG_SKIP" ]; then
            status=$code
            break
        else
            printf 'refresh: %s is not installed\n' "$name" >&2
            status=1
        fi
    done
    rm -rf "$fresh"
    return "$status"
}
