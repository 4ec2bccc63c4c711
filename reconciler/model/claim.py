"""What an instance takes of its node while it is there, and what is taken of a node in sum."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.model.amounts import Amounts
from reconciler.model.identity import (
    LABEL_CPUS,
    LABEL_GPUS,
    LABEL_MEMORY,
    LABEL_PIDS,
    LABEL_POOL,
    LABEL_PORTS,
    LABEL_SLOT,
)
from reconciler.model.spec import InstanceSpec

HostPort = tuple[int, str]
"""A port of the node and its protocol."""

_NANO: Final = 10**9
_SAID: Final = (
    LABEL_CPUS, LABEL_MEMORY, LABEL_GPUS, LABEL_PIDS, LABEL_PORTS, LABEL_POOL, LABEL_SLOT,
)  # fmt: skip


class Claim(Struct, frozen=True):
    """Processors, bytes of memory, GPUs, ports and processes of a node; what is not said is none.

    `slot` is the slot of a pool, POOL/NUMBER, in whose share of the node it is; empty for none.
    """

    cpus: float = 0.0
    memory: int = 0
    gpus: int = 0
    ports: tuple[HostPort, ...] = ()
    slot: str = ""
    pids: int = 0


class Taken(Struct):
    """What is taken of a node by how many instances. Processors in billionths, to sum exactly.

    What is in `slots` is kept apart, until it is settled which of them there are.
    """

    count: int = 0
    nano_cpus: int = 0
    memory: int = 0
    gpus: int = 0
    pids: int = 0
    ports: Counter[HostPort] = field(default_factory=Counter)
    slots: dict[str, "Taken"] = field(default_factory=dict)

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
        self.pids += other.pids
        if other.ports:
            self.ports.update(other.ports)

    def copy(self) -> "Taken":
        """Return the same, to be changed by itself."""
        made = self.above_slots()
        made.slots = {name: inner.copy() for name, inner in self.slots.items()}
        return made

    def above_slots(self) -> "Taken":
        """Return the same, in which all may be changed but what is taken in slots."""
        made = Taken(
            self.count, self.nano_cpus, self.memory, self.gpus, self.pids, slots={**self.slots}
        )
        if self.ports:
            made.ports.update(self.ports)
        return made

    def settle(self, slots: Mapping[str, Amounts]) -> None:
        """Take what these slots have for themselves, and count what is in them with them.

        What is in any other slot takes of the node what it claims.
        """
        for name, inner in self.slots.items():
            self.include(inner if name not in slots else inner.beside(slots[name]))
        self.slots = {}
        for room in slots.values():
            self.reserve(room)

    def beside(self, room: Amounts) -> "Taken":
        """Return what is taken in a slot, without all of which the slot has a share for itself."""
        return Taken(
            self.count,
            self.nano_cpus if room.cpus is None else 0,
            self.memory if room.memory is None else 0,
            self.gpus if room.gpus is None else 0,
            self.pids,
            self.ports,
        )

    def reserve(self, room: Amounts) -> None:
        """Take what a slot has for itself."""
        self.nano_cpus += round((room.cpus or 0.0) * _NANO)
        self.memory += room.memory or 0
        self.gpus += room.gpus or 0

    def _change(self, claim: Claim, sign: int) -> None:
        if claim.slot:
            inner = self.slots.setdefault(claim.slot, Taken())
            inner._change(replace(claim, slot=""), sign)  # noqa: SLF001  # of its own kind
            if not inner.count:
                del self.slots[claim.slot]
            return
        self.count += sign
        self.nano_cpus += sign * round(claim.cpus * _NANO)
        self.memory += sign * claim.memory
        self.gpus += sign * claim.gpus
        self.pids += sign * claim.pids
        for port in claim.ports:
            self.ports[port] += sign


def claim_of(spec: InstanceSpec) -> Claim:
    """Return what a container made from a spec takes."""
    limits = spec.resources
    fixed = tuple((port.host, port.protocol) for port in spec.ports if port.host)
    return Claim(limits.cpus, limits.memory, limits.gpus, fixed, pids=limits.pids)


def in_slot(claim: Claim, slot: str, room: Amounts) -> Claim:
    """Return what an instance takes in a slot: where it sets no limit, all that the slot has."""
    return replace(
        claim,
        cpus=claim.cpus or room.cpus or 0.0,
        memory=claim.memory or room.memory or 0,
        slot=slot,
    )


def beside(claim: Claim, room: Amounts) -> Claim:
    """Return what an instance in a slot takes of the node beyond the slot's own share."""
    return Claim(
        claim.cpus if room.cpus is None else 0.0,
        claim.memory if room.memory is None else 0,
        claim.gpus if room.gpus is None else 0,
        claim.ports,
        pids=claim.pids,
    )


def labels_of(claim: Claim) -> dict[str, str]:
    """Return the labels by which a container says what it takes; empty ones stand for nothing."""
    return {
        LABEL_CPUS: f"{claim.cpus:.9g}" if claim.cpus else "",
        LABEL_MEMORY: str(claim.memory or ""),
        LABEL_GPUS: str(claim.gpus or ""),
        LABEL_PIDS: str(claim.pids or ""),
        LABEL_PORTS: " ".join(f"{number}/{protocol}" for number, protocol in claim.ports),
        LABEL_POOL: claim.slot.partition("/")[0],
        LABEL_SLOT: claim.slot.partition("/")[2],
    }


def claim_in(labels: Mapping[str, str]) -> Claim:
    """Return what a container's labels say that it takes; what cannot be read is nothing."""
    return _read(*(labels.get(name, "") for name in _SAID))


@lru_cache(maxsize=1024)
def _read(*said: str) -> Claim:
    cpus, memory, gpus, pids, ports, pool, slot = said
    place = f"{pool}/{slot}" if pool and slot else ""
    try:
        known = Claim(
            float(cpus or 0),
            int(memory or 0),
            int(gpus or 0),
            tuple(_ports(ports)),
            place,
            int(pids or 0),
        )
    except ValueError:
        return Claim()
    return known


def _ports(text: str) -> Iterator[HostPort]:
    for part in text.split():
        number, _, protocol = part.partition("/")
        yield int(number), protocol
