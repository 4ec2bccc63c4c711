"""How ssh and sshd are configured in containers: the texts of their files, and where these are.

Decides who may log in and how: one user, by key alone. Keys are put beside these files by others.
It must not know engines.
"""

from collections.abc import Sequence
from typing import Final

from reconciler.model.cluster import Peer
from reconciler.planning.peering import PEERS, SSH, peers_file
from reconciler.planning.start_script import SCRIPT, START

# Keys, in OpenSSH's own form. Private ones are the user's alone, as ssh and sshd insist (0600).
IDENTITY: Final = f"{SSH}/id_ed25519"
HOST_KEY: Final = f"{SSH}/host_key"
KNOWN_HOSTS: Final = f"{SSH}/known_hosts"
AUTHORIZED_KEYS: Final = f"{SSH}/authorized_keys"

_CONFIG: Final = f"{SSH}/config"
_SSHD_CONFIG: Final = f"{SSH}/sshd_config"
# What the start script makes of that. The user's own, for the folder above may be root's.
_SSHD_MADE: Final = f"{SSH}/sshd"
_SYSTEM_CONFIG: Final = "/etc/ssh/ssh_config.d/reconciler.conf"
# A cluster's peers have one host key. Known by this name, no address and no port counts.
_ALIAS: Final = "reconciler-cluster"

# A file by its absolute path, with its text and mode. All of them are the user's.
File = tuple[str, str, int]


def server_files(ports: Sequence[int]) -> tuple[File, ...]:
    """Return what a container needs, keys aside, to run sshd beside its program."""
    return (
        (START, SCRIPT, 0o755),
        (_SSHD_CONFIG, server_config(ports), 0o644),
        (_SSHD_MADE, "", 0o600),
    )


def peer_files(peers: Sequence[Peer], port: int, *, writable_root: bool) -> tuple[File, ...]:
    """Return what it needs besides to reach its cluster's other peers.

    Where the root is writable, plain `ssh NAME` does, if the image's own ssh_config includes what
    lies in /etc/ssh/ssh_config.d; where not, `ssh -F /run/reconciler/ssh/config NAME`.
    """
    plain = ((_SYSTEM_CONFIG, f"Include {_CONFIG}\n", 0o644),) if writable_root else ()
    return (
        (PEERS, peers_file(peers), 0o644),
        (_CONFIG, client_config(peers, port), 0o644),
        *plain,
    )


def known_hosts(public_key: str) -> str:
    """Return the file by which a cluster's peers know each other, from their one host key."""
    return f"{_ALIAS} {public_key.strip()}\n"


def client_config(peers: Sequence[Peer], port: int) -> str:
    """Return how ssh reaches the peers by name or address; of others it says nothing."""
    names = " ".join((*(peer.name for peer in peers), *(peer.address for peer in peers)))
    return f"""\
Host {names}
    Port {port}
    IdentityFile {IDENTITY}
    IdentitiesOnly yes
    PreferredAuthentications publickey
    BatchMode yes
    UserKnownHostsFile {KNOWN_HOSTS}
    GlobalKnownHostsFile /dev/null
    HostKeyAlias {_ALIAS}
    StrictHostKeyChecking yes
    CheckHostIP no
    ConnectTimeout 10
    ServerAliveInterval 15
    LogLevel ERROR
"""


def server_config(ports: Sequence[int]) -> str:
    """Return how sshd runs, as root or not. The start script adds whom it admits, and variables.

    PAM is off by default; saying so would have a sshd that was built without it complain.
    """
    listening = "".join(f"Port {port}\n" for port in ports)
    return f"""\
{listening}HostKey {HOST_KEY}
AuthorizedKeysFile {AUTHORIZED_KEYS}
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitUserEnvironment no
StrictModes yes
LoginGraceTime 30
MaxStartups 100
X11Forwarding no
UseDNS no
PrintMotd no
PrintLastLog no
PidFile none
LogLevel ERROR
Subsystem sftp internal-sftp
"""
