"""What a cluster's instances are told of each other, as recorded in golden/cluster.

`UPDATE_GOLDEN=1 pytest tests/planning/test_peering.py` writes the files anew; the diff is the
review.
"""

import os
from pathlib import Path

import pytest

from reconciler.model.cluster import Peer
from reconciler.planning.peering import (
    cluster_variables,
    hostfile,
    mpi_variables,
    peers_file,
)
from reconciler.planning.secure_shell import (
    client_config,
    known_hosts,
    peer_files,
    server_config,
    server_files,
)
from reconciler.planning.start_script import EXITS, SCRIPT, entrypoint

GOLDEN = Path(__file__).parents[1] / "golden" / "cluster"
HOSTS = "/job/hostfile"
PEERS = (Peer("pi-0", "10.1.2.2", 2), Peer("pi-1", "10.1.2.3", 2), Peer("pi-2", "10.1.2.4", 1))


def lines(pairs: tuple[tuple[str, str], ...]) -> str:
    return "".join(f"{name}={value}\n" for name, value in pairs)


TEXTS = {
    "hostfile": hostfile(PEERS),
    "peers": peers_file(PEERS),
    "variables": lines(cluster_variables(PEERS, 1, HOSTS)),
    "open_mpi": lines(mpi_variables(HOSTS)),
    "open_mpi_subnet": lines(mpi_variables(HOSTS, "10.1.2.0/24")),
    "ssh_config": client_config(PEERS, 2022),
    "sshd_config": server_config([2022]),
    "known_hosts": known_hosts("ssh-ed25519 AAAAC3Nz\n"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_reads_as_recorded(name: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(TEXTS[name])
    assert path.read_text() == TEXTS[name]


def test_nothing_is_put_outside_our_folder_where_the_root_is_read_only() -> None:
    files = (*server_files([2022]), *peer_files(PEERS, 2022, writable_root=False))
    assert all(path.startswith("/run/reconciler/") for path, _, _ in files)
    assert len({path for path, _, _ in files}) == len(files)


def test_where_the_root_is_writable_plain_ssh_finds_the_peers() -> None:
    files = {path: text for path, text, _ in peer_files(PEERS, 2022, writable_root=True)}
    leading = files["/etc/ssh/ssh_config.d/reconciler.conf"]
    assert leading.split() == ["Include", "/run/reconciler/ssh/config"]
    assert files[leading.split()[1]] == client_config(PEERS, 2022)


def test_what_is_executed_is_executable() -> None:
    modes = {path: mode for path, _, mode in server_files([2022])}
    assert modes[entrypoint("master")[0]] == modes[entrypoint("worker")[0]] == 0o755


def test_each_way_to_fail_has_its_own_meaning() -> None:
    used = {int(line.split("fail ")[1][:3]) for line in SCRIPT.splitlines() if "fail 1" in line}
    assert used == set(EXITS)
