"""Four real engines side by side, each reached in another way, that fail as machines do.

n1 and n2 are asked over TCP with mutual TLS, n3 over ssh, n4 at its socket. Each has a network
namespace of its own, whose link can be cut.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.support.certificates import Authority
from tests.support.git_servers import Sshd
from tests.support.hub import Hub
from tests.support.private_engine import PrivateEngine

Json = dict[str, Any]
POSSIBLE: Final = os.geteuid() == 0 and all(
    shutil.which(tool) for tool in ("dockerd", "ip", "nsenter", "openssl", "ssh", "sshd")
)
NAMES: Final = ("n1", "n2", "n3", "n4")
_TLS_PORT: Final = 2376


class Nodes:
    """Runs from `start` to `close`. `config` is what ssh needs to reach n3."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hub = Hub()
        self.authority = Authority(folder / "tls")
        self.client = self.authority.sign("client")
        self.engines: dict[str, PrivateEngine] = {}
        self.config = folder / "ssh_config"
        self._places: dict[str, int] = {}
        self._sshd: Sshd | None = None

    def start(self) -> None:
        self.hub.start()
        for name in NAMES:
            place = self._places[name] = self.hub.add()
            self.engines[name] = self._engine(name, place)
        address, inside = self.address("n3"), self.hub.inside(self._places["n3"])
        self._sshd = Sshd(self.folder / "sshd", address, inside)
        self._sshd.start()
        self.trust(self._sshd.known_hosts())
        with ThreadPoolExecutor() as pool:
            list(pool.map(PrivateEngine.start, self.engines.values()))

    def address(self, name: str) -> str:
        return self.hub.address(self._places[name])

    def endpoint(self, name: str) -> str:
        """Return how a node is reached."""
        if name == "n4":
            return self.engines[name].url
        if name == "n3":
            assert self._sshd is not None
            socket = self.engines[name].url.removeprefix("unix://")
            return f"ssh://root@{self.address(name)}:{self._sshd.port}{socket}"
        return f"tcp://{self.address(name)}:{_TLS_PORT}"

    def tls(self, name: str) -> Json:
        """Return the files with which a node is asked, nothing where it is not by TLS."""
        if name not in {"n1", "n2"}:
            return {}
        certificate, key = self.client
        return {"ca": str(self.authority.ca), "cert": str(certificate), "key": str(key)}

    def manifest(self, name: str, labels: Mapping[str, str] | None = None, **spec: Any) -> Json:  # noqa: ANN401  # JSON
        """Return a Node's manifest."""
        reach = {"endpoint": self.endpoint(name)}
        tls = self.tls(name)
        return {
            "apiVersion": "reconciler/v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": dict(labels or {})},
            "spec": {**reach, **({"tls": tls} if tls else {}), **spec},
        }

    def trust(self, known_hosts: Path) -> None:
        """Have ssh believe this file, and no other, about who is who."""
        assert self._sshd is not None
        self.config.write_text(
            f"IdentityFile {self._sshd.key}\nIdentitiesOnly yes\n"
            f"UserKnownHostsFile {known_hosts}\nGlobalKnownHostsFile {os.devnull}\n"
        )

    def mistrust(self) -> None:
        """Have ssh believe that n3 has another key."""
        assert self._sshd is not None
        self.trust(self._sshd.known_hosts(self._sshd.make_key("other")))

    def cut(self, name: str) -> None:
        """Lose the way to a node. What runs there runs on."""
        self.hub.cut(self._places[name])

    def mend(self, name: str) -> None:
        self.hub.mend(self._places[name])

    def close(self) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(PrivateEngine.close, self.engines.values()))
        if self._sshd is not None:
            self._sshd.stop()
        self.hub.close()

    def _engine(self, name: str, place: int) -> PrivateEngine:
        options = ["--insecure-registry", f"{self.hub.address(254)}:5000"]
        if name in {"n1", "n2"}:
            address = self.hub.address(place)
            certificate, key = self.authority.sign(name, address)
            options += ["--host", f"tcp://{address}:{_TLS_PORT}", "--tlsverify"]
            options += ["--tlscacert", str(self.authority.ca)]
            options += ["--tlscert", str(certificate), "--tlskey", str(key)]
        named = ("unshare", "--uts", "sh", "-c", f'hostname {name}; exec "$@"', "sh")
        return PrivateEngine(*options, inside=(*self.hub.inside(place), *named))


@contextmanager
def four_nodes(folder: Path) -> Iterator[Nodes]:
    """Have them for the length of a block."""
    nodes = Nodes(folder)
    try:
        nodes.start()
        yield nodes
    finally:
        nodes.close()
