r"""The program that containers with ssh begin with: it starts sshd, then becomes their own program.

`START ROLE [PROGRAM ARGUMENT...]`, the program being the image's entrypoint or what a manifest has
in its place; without one, sshd is all that runs. A cluster's master begins once every peer has let
it in by ssh: that is asked, not guessed. It is one text for every container; what differs lies
beside it in files (`secure_shell`, `peering`). It must not know engines.

What it needs of an image: OpenSSH, a POSIX shell, coreutils or busybox, grep and sed. Where root
starts it, it needs the capabilities SETUID, SETGID and SYS_CHROOT, and AUDIT_WRITE for terminals
of Debian's sshd; anybody else needs none.

sshd forgets the variables that it was started with, so the script writes them into its settings, as
one line of SetEnv. A value with a line break cannot be written so, and is left out. sshd before 8.7
reads no quotes and backslashes, before 7.8 nothing of it: sessions have fewer variables then.
Shells such as dash drop variables whose names are no words of theirs (`a.b`), for the program too.
"""

from typing import Final, Literal

from reconciler.model.staging import SCRATCH

Role = Literal["master", "worker"]
START: Final = f"{SCRATCH}/start"

# What each line begins with that the script prints.
SAYS: Final = "reconciler: "
# What the script itself ends with, and what that means.
EXITS: Final = {
    115: "the image has no sshd",
    116: "the image has no ssh",
    117: "the container's user cannot log in",
    118: "sshd did not start",
    119: "not every peer could be reached by ssh",
}


def entrypoint(role: Role) -> tuple[str, ...]:
    """Return what goes before a container's own program. Only a master waits for its peers."""
    return (START, role)


SCRIPT: Final = r"""#!/bin/sh
# Made by reconciler: starts sshd, waits for a cluster's other instances, becomes the program.
role=$1
shift
home=/run/reconciler
ssh=$home/ssh
port=$(sed -n 's/^Port //p' "$ssh/sshd_config" | tail -n 1)  # the last that it listens at
patience=${CLUSTER_PATIENCE:-120}
trap 'exit 143' TERM
trap 'exit 130' INT

say() { printf 'reconciler: %s\n' "$*" >&2; }
fail() {
    code=$1
    shift
    say "$@"
    exit "$code"
}

# --- who logs in ------------------------------------------------------------------------------

uid=$(id -u)
name=
while IFS=: read -r entry _ number _ _ _ shell; do
    [ "$number" = "$uid" ] || continue
    name=$entry
    break
done </etc/passwd
[ "$name" ] || fail 117 "user $uid has no entry in /etc/passwd, so ssh knows no such user;" \
    "set container.account.entries: true"
case ${shell:-/bin/sh} in
*/nologin | */false)
    fail 117 "user $name cannot log in: its shell is $shell; choose another user" ;;
esac
[ -x "${shell:-/bin/sh}" ] || fail 117 "user $name cannot log in: there is no shell $shell"
! grep -q "^$name:!" /etc/shadow 2>/dev/null ||
    fail 117 "user $name cannot log in: it is locked in /etc/shadow; choose another user"

if [ "$uid" = 0 ]; then  # its sshd changes into a user without rights, in an empty folder
    rights=$((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)))
    [ $((rights & 0x400c0)) = $((0x400c0)) ] ||
        fail 117 "sshd needs SETUID, SETGID and SYS_CHROOT where it is started by root;" \
            "choose another user, or add these to container.security.capabilities"
fi

# --- sshd -------------------------------------------------------------------------------------

program() {  # sshd wants to be called by its whole path, and is seldom in the PATH
    for folder in /usr/sbin /usr/local/sbin /sbin /usr/bin /usr/local/bin /bin; do
        [ ! -x "$folder/$1" ] || { echo "$folder/$1" && return; }
    done
    command -v "$1"
}
sshd=$(program sshd) || fail 115 "the image has no sshd; install openssh-server in it"
[ "$role" != master ] || command -v ssh >/dev/null ||
    fail 116 "the image has no ssh; install openssh-client in it"

variables() {  # SetEnv NAME="VALUE" ..., of the variables that this script was started with
    export LC_ALL=C
    tr '\n\000' '\001\n' <"/proc/$$/environ" | grep -v "$(printf '\001')" |
        grep -Ev '^(_|PWD|OLDPWD|SHLVL|TERM|SSH_[A-Z_]*)=' | grep -E '^[^=]+=' |
        if [ "$1" = plain ]; then grep -v '["\\]'; else cat; fi |
        sed -e '/\\[\\"'"'"']/s/\\/\\\\/g; t quotes' -e 's/\\$/\\\\/; : quotes' \
            -e 's/"/\\"/g; s/.*/ "&"/' | tr -d '\n'
}
written() {
    cat "$ssh/sshd_config"
    echo "AllowUsers $name"
    [ "$1" = none ] || printf 'SetEnv%s\n' "$(variables "$1")"
}
[ "$uid" != 0 ] || [ -d /run/sshd ] || mkdir -m 755 /run/sshd 2>/dev/null
for said in all plain none; do
    written "$said" >"$ssh/sshd" || fail 118 "$ssh/sshd cannot be written"
    reason=$("$sshd" -t -f "$ssh/sshd" 2>&1) && break
    [ "$said" != none ] || fail 118 "sshd does not start: $reason"
done
[ "$said" = all ] || say "this sshd is too old to give sessions all the container's variables"

if [ $# = 0 ]; then
    exec "$sshd" -D -e -f "$ssh/sshd"
fi
# Not a child of what is executed below, which may wait for all its children.
server=$("$sshd" -D -e -f "$ssh/sshd" </dev/null >&2 & echo $!)
listening() {
    grep -q "$(printf ':%04X 0*:0000 0A ' "$port")" /proc/net/tcp /proc/net/tcp6 2>/dev/null
}
end=$(($(date +%s) + patience))
until listening; do
    kill -0 "$server" 2>/dev/null || fail 118 "sshd ended at once; what it said is above"
    [ "$(date +%s)" -lt "$end" ] || fail 118 "sshd did not listen within $patience s"
    sleep 0.05
done

# --- the others -------------------------------------------------------------------------------

answers() { ssh -F "$ssh/config" -n "$@" true; }
missing() {  # which of these do not let us in yet; all are asked at once
    for peer; do
        { answers "$peer" >/dev/null 2>&1 || echo "$peer"; } &
    done
    wait
}
if [ "$role" = master ]; then
    waiting=$(sed '1d; s/^[^ ]* //' "$home/peers")  # the first one is itself
    while waiting=$(missing $waiting) && [ "$waiting" ]; do
        if [ "$(date +%s)" -ge "$end" ]; then
            for peer in $waiting; do answers -o LogLevel=INFO "$peer"; done
            fail 119 "not reached by ssh within $patience s:" $waiting
        fi
        sleep 0.2
    done
fi
exec "$@"
"""
