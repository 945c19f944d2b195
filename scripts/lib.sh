# shellcheck shell=bash
# Shared by the scripts of this directory: where the tree is, where things are built, how to say what is missing.
# To be sourced, after `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit
target=${CARGO_TARGET_DIR:-$root/target}
case $target in
    /*) ;;
    *) target=$root/$target ;;
esac
tools=$target/tools/bin
venv=$target/venv
export PATH="$tools:$PATH"

# Says what is missing and what to do about it, and stops.
stop() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Installs Debian packages if this machine can; else says which are needed.
need_packages() {
    local missing=()
    local package
    for package in "$@"; do
        dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || stop "please install ${missing[*]} and run this again"
    [ "$(id -u)" -eq 0 ] || stop "please run as root, or first: apt-get install ${missing[*]}"
    echo "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# What building needs: a toolchain, and a C compiler for SQLite and the cryptography.
need_build() {
    command -v cargo >/dev/null || stop "there is no cargo: install a Rust toolchain with rustup, then run this again"
    command -v cc >/dev/null || need_packages gcc libc6-dev
}

# What building the console needs.
need_node() {
    command -v npm >/dev/null || need_packages nodejs npm
    local major
    major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$major" -ge 20 ] || stop "the console needs Node 20 or newer, this is $(node --version): see https://nodejs.org"
}

# What looking at pages needs.
need_browser() {
    command -v chromium >/dev/null || need_packages chromium
}

# What stands beside patchbay where it is many: the tests start these themselves, on loopback. What Debian starts by itself
# when it is installed is no business of ours.
need_servers() {
    [ -x "$(echo /usr/lib/postgresql/*/bin/initdb)" ] || need_packages postgresql
    command -v redis-server >/dev/null || command -v valkey-server >/dev/null || need_packages redis-server
    command -v haproxy >/dev/null || need_packages haproxy
    command -v pgbouncer >/dev/null || need_packages pgbouncer
    command -v promtool >/dev/null || need_packages prometheus
    command -v systemd-analyze >/dev/null || need_packages systemd
    command -v openssl >/dev/null || need_packages openssl
}

# The version of a package in Cargo.lock.
locked() {
    awk -v name="$1" '$1 == "name" && $3 == "\"" name "\"" { getline; gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

# A tool of cargo in the version asked for: where it is already, else below the target directory.
install_tool() {
    local tool=$1 version=$2
    "$tool" --version 2>/dev/null | grep -qF "$version" && return
    cargo install --debug --locked --quiet --root "$target/tools" "$tool" --version "$version"
}

# What counting instructions needs: Valgrind, and the runner in the very version of the library.
need_callgrind() {
    command -v valgrind >/dev/null || need_packages valgrind libc6-dbg
    install_tool gungraun-runner "$(locked gungraun)"
}
