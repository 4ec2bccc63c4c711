"""A network of a test's own on this machine: a bridge, and namespaces that hang on it.

Its addresses are its name, and making a bridge is a test-and-set: what runs side by side never
meets. Links can be cut and mended.
"""

import random
import subprocess
from contextlib import suppress

from tests.support.git_servers import run


class Hub:
    """Exists from `start` to `close`. Places are numbered from 1."""

    def __init__(self) -> None:
        self.name = ""
        self._net = ""
        self._places: list[int] = []
        self._meet = False

    def start(self) -> None:
        while not self.name:
            second, third = random.randrange(128, 256), random.randrange(256)
            name = f"rt{second:02x}{third:02x}"
            if _ip("link", "add", name, "type", "bridge"):
                self.name, self._net = name, f"10.{second}.{third}"
        _must("addr", "add", f"{self._net}.254/24", "dev", self.name)
        _must("link", "set", self.name, "up")

    def add(self) -> int:
        """Make one more namespace with a link; return its number."""
        number = len(self._places) + 1
        self._places.append(number)
        space, link = self.space(number), self._link(number)
        _must("netns", "add", space)
        _must("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
        _must("link", "set", link, "master", self.name, "up")
        _must("-n", space, "addr", "add", f"{self.address(number)}/24", "dev", "eth0")
        _must("-n", space, "link", "set", "eth0", "up")
        _must("-n", space, "link", "set", "lo", "up")
        return number

    def space(self, number: int) -> str:
        return f"{self.name}n{number}"

    def address(self, number: int) -> str:
        return f"{self._net}.{number}"

    def inside(self, number: int) -> tuple[str, ...]:
        """Return the command that runs another one there. `ip netns exec` would hide cgroups."""
        return "nsenter", f"--net=/run/netns/{self.space(number)}"

    def cut(self, number: int) -> None:
        """Let nothing through any more, without a word to either side."""
        _must("link", "set", self._link(number), "down")

    def mend(self, number: int) -> None:
        _must("link", "set", self._link(number), "up")

    def let_meet(self) -> None:
        """Let what hangs on it reach each other: a machine with an engine forwards nothing else."""
        _must_forward("-I", self.name)
        self._meet = True

    def close(self) -> None:
        if self._meet:
            _must_forward("-D", self.name)
        for number in self._places:
            _ip("link", "del", self._link(number))
            _ip("netns", "del", self.space(number))
        if self.name:
            _ip("link", "del", self.name)

    def _link(self, number: int) -> str:
        return f"{self.name}v{number}"


def _must_forward(change: str, bridge: str) -> None:
    run("iptables", "-w", change, "FORWARD", "-i", bridge, "-o", bridge, "-j", "ACCEPT")


def _must(*words: str) -> None:
    run("ip", *words)


def _ip(*words: str) -> bool:
    with suppress(OSError):
        return subprocess.run(("ip", *words), check=False, capture_output=True).returncode == 0
    return False
