# shellcheck shell=bash
# Shared by the scripts next to this file, which source it.

PYTHON=${PYTHON:-python3}

say() { echo "${0##*/}: $*" >&2; }

die() {
    say "$@"
    exit 1
}

have() { command -v "$1" >/dev/null; }

# Whether this script may install Debian packages itself.
can_install() { [ "$(id -u)" = 0 ] && have apt-get; }

# Silent while all goes well; the whole story when it doesn't.
quietly() {
    local log
    log=$(mktemp)
    if "$@" </dev/null >"$log" 2>&1; then
        rm -f "$log"
    else
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
}

apt_install() {
    say "installing $*"
    # An update fails for any one broken source; whether what we need is there shows next.
    quietly apt-get update || true
    DEBIAN_FRONTEND=noninteractive quietly apt-get install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 "$@" || die "apt-get could not install $*"
}

docker_api() { "$PYTHON" .dev/docker_api.py "$@"; }
