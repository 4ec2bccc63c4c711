"""What an instance takes of its node while it is there, and what is taken of a node in sum."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct, field

from reconciler.model.identity import LABEL_CPUS, LABEL_GPUS, LABEL_MEMORY, LABEL_PORTS
from reconciler.model.spec import InstanceSpec

HostPort = tuple[int, str]
"""A port of the node and its protocol."""

_NANO: Final = 10**9


class Claim(Struct, frozen=True):
    """Processors, bytes of memory, GPUs and ports of a node. What is not said is not claimed."""

    cpus: float = 0.0
    memory: int = 0
    gpus: int = 0
    ports: tuple[HostPort, ...] = ()


class Taken(Struct):
    """What is taken of a node by how many instances. Processors in billionths, to sum exactly."""

    count: int = 0
    nano_cpus: int = 0
    memory: int = 0
    gpus: int = 0
    ports: Counter[HostPort] = field(default_factory=Counter)

    @property
    def cpus(self) -> float:
        """Processors taken."""
        return self.nano_cpus / _NANO

    def add(self, claim: Claim) -> None:
        """Take what an instance claims."""
        self._change(claim, 1)

    def give_back(self, claim: Claim) -> None:
        """Have what an instance claimed free again."""
        self._change(claim, -1)

    def include(self, other: "Taken") -> None:
        """Add what is taken elsewhere."""
        self.count += other.count
        self.nano_cpus += other.nano_cpus
        self.memory += other.memory
        self.gpus += other.gpus
        self.ports.update(other.ports)

    def copy(self) -> "Taken":
        """Return the same, to be changed by itself."""
        return Taken(self.count, self.nano_cpus, self.memory, self.gpus, Counter(self.ports))

    def _change(self, claim: Claim, sign: int) -> None:
        self.count += sign
        self.nano_cpus += sign * round(claim.cpus * _NANO)
        self.memory += sign * claim.memory
        self.gpus += sign * claim.gpus
        for port in claim.ports:
            self.ports[port] += sign


def claim_of(spec: InstanceSpec) -> Claim:
    """Return what a container made from a spec takes."""
    limits = spec.resources
    fixed = tuple((port.host, port.protocol) for port in spec.ports if port.host)
    return Claim(limits.cpus, limits.memory, limits.gpus, fixed)


def labels_of(claim: Claim) -> dict[str, str]:
    """Return the labels by which a container says what it takes; empty ones stand for nothing."""
    return {
        LABEL_CPUS: f"{claim.cpus:.9g}" if claim.cpus else "",
        LABEL_MEMORY: str(claim.memory or ""),
        LABEL_GPUS: str(claim.gpus or ""),
        LABEL_PORTS: " ".join(f"{number}/{protocol}" for number, protocol in claim.ports),
    }


def claim_in(labels: Mapping[str, str]) -> Claim:
    """Return what a container's labels say that it takes; what cannot be read is nothing."""
    said = (labels.get(name, "") for name in (LABEL_CPUS, LABEL_MEMORY, LABEL_GPUS, LABEL_PORTS))
    return _read(*said)


@lru_cache(maxsize=1024)
def _read(cpus: str, memory: str, gpus: str, ports: str) -> Claim:
    try:
        known = Claim(float(cpus or 0), int(memory or 0), int(gpus or 0), tuple(_ports(ports)))
    except ValueError:
        return Claim()
    return known


def _ports(text: str) -> Iterator[HostPort]:
    for part in text.split():
        number, _, protocol = part.partition("/")
        yield int(number), protocol
