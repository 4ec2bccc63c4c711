"""Containers that reach each other by ssh, made by hand: no more of the product than its texts.

Each is as the product makes one: without capabilities and new privileges, with an anonymous volume
for what is put into it before it starts.
"""

import io
import subprocess
import tarfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from docker import APIClient
from docker.errors import NotFound

from reconciler.model.cluster import Peer
from reconciler.model.staging import SCRATCH as HOME
from reconciler.planning.peering import cluster_variables, hostfile, mpi_variables
from reconciler.planning.secure_shell import (
    AUTHORIZED_KEYS,
    HOST_KEY,
    IDENTITY,
    KNOWN_HOSTS,
    File,
    known_hosts,
    peer_files,
    server_files,
)
from reconciler.planning.start_script import entrypoint
from tests.support.engines import SOCKET, new_project
from tests.support.mpi import JOB, MPI_IMAGE, PROGRAMS

PORT: Final = 2022
USER: Final = 1000
_HOSTS: Final = f"{HOME}/hostfile"
_PASSWD: Final = """\
root:x:0:0:root:/root:/bin/sh
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
mpi:x:1000:1000::/tmp:/bin/sh
shut:x:1001:1001::/tmp:/usr/sbin/nologin
"""


class Cluster:
    """Containers on a network of their own; `close` removes all of it."""

    def __init__(self, home: Path) -> None:
        self.client = APIClient(base_url=SOCKET, version="1.41", timeout=60)
        self.home = home
        self.name = new_project()
        self.client.create_network(self.name)
        self.peers: tuple[Peer, ...] = ()
        self._ids: list[str] = []
        (home / "passwd").write_text(_PASSWD)
        self._keys = {name: _key(home / name) for name in ("identity", "host")}

    def make(
        self,
        size: int,
        *program: str,
        user: int = USER,
        image: str = MPI_IMAGE,
        read_only: bool = False,
        env: dict[str, str] | None = None,
        **host: Any,  # noqa: ANN401
    ) -> None:
        """Make the containers, ready to start; only the master has a program."""
        self.peers = tuple(Peer(f"{self.name}-{n}", f"10.9.8.{n + 2}") for n in range(size))
        for rank, peer in enumerate(self.peers):
            variables = dict(mpi_variables(_HOSTS)) | (env or {})
            variables |= dict(cluster_variables(self.peers, rank, _HOSTS))
            binds = [f"{self.home}/passwd:/etc/passwd:ro", f"{PROGRAMS}:{JOB}:ro"]
            made = self.client.create_container(
                image, [*program] if rank == 0 else [], name=peer.name, hostname=peer.name,
                user=f"{user}:{user}", environment=variables, volumes=[HOME],
                entrypoint=[*entrypoint("worker" if rank else "master")],
                host_config=self.client.create_host_config(**{
                    "init": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"],
                    "binds": binds, "read_only": read_only, "tmpfs": {"/tmp": ""}, **host,
                }),
                networking_config={"EndpointsConfig": {self.name: {"Aliases": [peer.name]}}},
            )["Id"]  # fmt: skip
            self._ids.append(made)
            self._stage(made, user, writable_root=not read_only)

    def start(self, *ranks: int) -> None:
        """Start these, or all, workers first."""
        for rank in ranks or reversed(range(len(self._ids))):
            self.client.start(self._ids[rank])

    def ends(self, rank: int = 0) -> tuple[int, str]:
        """Wait until one has ended; return its exit code and what it printed."""
        code = self.client.wait(self._ids[rank], timeout=100)["StatusCode"]
        return int(code), self.said(rank)

    def said(self, rank: int = 0) -> str:
        printed: bytes = self.client.logs(self._ids[rank])
        return printed.decode()

    def stop(self, rank: int = 0) -> int:
        """Send SIGTERM, and SIGKILL much later; return the exit code."""
        self.client.stop(self._ids[rank], timeout=60)
        return self.ends(rank)[0]

    def close(self) -> None:
        for made in self._ids:
            with suppress(NotFound):
                self.client.remove_container(made, v=True, force=True)
        self.client.remove_network(self.name)
        self.client.close()

    def _stage(self, container: str, user: int, *, writable_root: bool) -> None:
        files = (
            *server_files([PORT]),
            *peer_files(self.peers, PORT, writable_root=writable_root),
            (_HOSTS, hostfile(self.peers), 0o644),
            (IDENTITY, self._keys["identity"][0], 0o600),
            (AUTHORIZED_KEYS, self._keys["identity"][1], 0o644),
            (HOST_KEY, self._keys["host"][0], 0o600),
            (KNOWN_HOSTS, known_hosts(self._keys["host"][1]), 0o644),
        )
        ours = [file for file in files if file[0].startswith(HOME)]
        self.client.put_archive(container, HOME, _packed(HOME, ours, user))
        if theirs := [file for file in files if not file[0].startswith(HOME)]:
            self.client.put_archive(container, "/", _packed("", theirs, user))


def _key(path: Path) -> tuple[str, str]:
    """Make a pair of keys; return the private one and the public one."""
    make = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path))
    subprocess.run(make, check=True)
    return path.read_text(), path.with_suffix(".pub").read_text()


def _packed(base: str, files: Sequence[File], user: int) -> bytes:
    """Return a tar of files that are this user's, in folders that are root's."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, text, mode in files:
            entry = tarfile.TarInfo(path.removeprefix(f"{base}/"))
            content = text.encode()
            entry.size, entry.mode, entry.uid, entry.gid = len(content), mode, user, user
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
