"""What a simulated engine keeps besides containers: volumes, claims, networks."""

import io
import tarfile
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from itertools import islice

from msgspec.structs import replace

from reconciler.engines.engine import ConflictError, TransientError
from reconciler.engines.ownership import (
    claim_labels,
    claim_name,
    is_claim,
    is_own_volume,
    network_of,
)
from reconciler.engines.simulated.box import Box
from reconciler.engines.simulated.calls import Calls
from reconciler.model.cluster import Network, NetworkRequest
from reconciler.model.data import Stored
from reconciler.model.identity import LABEL_PROJECT, LABEL_SUBNET, volume_name
from reconciler.model.observed import Phase

_PRIVATE = ip_network("172.16.0.0/12")


class Belongings(Calls):
    """The calls on volumes, claims and networks."""

    def claim(self, project: str, labels: dict[str, str]) -> dict[str, str]:
        """Put up the project's claim unless there is one."""
        name = claim_name(project)

        def act() -> dict[str, str]:
            if name not in self.world.volumes:
                self.world.volumes[name] = claim_labels(project, labels)
                self.world.tell_claim(project, "create")
            return dict(self.world.volumes[name])

        return self._act("claim", name, act)

    def claimed_by(self, project: str) -> dict[str, str] | None:
        """Return the labels of the project's claim."""
        name = claim_name(project)

        def ask() -> dict[str, str] | None:
            labels = self.world.volumes.get(name)
            return None if labels is None else dict(labels)

        return self._read("claimed_by", name, ask)

    def release(self, project: str) -> None:
        """Take the project's claim down."""
        name = claim_name(project)

        def act() -> None:
            if self._remove_volume(name, is_claim):
                self.world.tell_claim(project, "destroy")

        self._act("release", name, act)

    def volumes(self, project: str) -> tuple[str, ...]:
        """Return the names of the project's own volumes."""

        def ask() -> Iterable[str]:
            for name, labels in sorted(self.world.volumes.items()):
                if labels.get(LABEL_PROJECT) == project and is_own_volume(name, labels):
                    yield name

        return self._read("volumes", project, lambda: tuple(ask()))

    def remove_volume(self, name: str) -> None:
        """Remove a volume of ours."""

        def act() -> None:
            if any(_mounts(box, name) for box in self.world.boxes.values()):
                raise TransientError(f"could not remove the volume {name}: it is in use")
            self._remove_volume(name, is_own_volume)

        self._act("remove_volume", name, act)

    def stored(self, project: str) -> tuple[Stored, ...]:
        """Return the data that are kept for a project."""

        def ask() -> Iterable[Stored]:
            taken = {n for box in self.world.boxes.values() for n in box.mounted.values()}
            for (owner, _), hoard in sorted(self.world.data.items()):
                if owner == project:
                    yield replace(hoard.stored, used=hoard.number in taken)

        return self._read("stored", project, lambda: tuple(ask()))

    def store(self, project: str, data: Stored, content: Iterable[bytes]) -> None:
        """Keep data, whole or not at all."""
        files = _unpacked(b"".join(content))
        self._act("store", data.key, lambda: self.world.hoard(project, data, files))

    def discard(self, project: str, key: str) -> None:
        """Keep data no more."""

        def act() -> None:
            found = self.world.data.get((project, key))
            taken = {n for box in self.world.boxes.values() for n in box.mounted.values()}
            if found is not None and found.number in taken:
                raise TransientError(f"could not discard the data {key}: a container uses it")
            self.world.data.pop((project, key), None)

        self._act("discard", key, act)

    def sweep(self, project: str) -> None:
        """Nothing is ever left behind."""

    def networks(self, project: str) -> tuple[Network, ...]:
        """Return the project's own networks."""

        def ask() -> Iterable[Network]:
            for name, labels in sorted(self.world.networks.items()):
                reaches = bool(self.world.info.fabric.id)
                found = network_of(name, labels, reaches=reaches)
                if found and labels.get(LABEL_PROJECT) == project:
                    yield found

        return self._read("networks", project, lambda: tuple(ask()))

    def create_network(self, request: NetworkRequest) -> Network:
        """Make a network, or adopt the one that is there."""

        def act() -> Network:
            labels = dict(request.labels) | {LABEL_SUBNET: self._free_subnet()}
            there = self.world.networks.setdefault(request.name, labels)
            found = network_of(request.name, there, reaches=request.reaches)
            if found is None:
                message = f"the network {request.name} is there already and is not ours"
                raise ConflictError(message)
            return found

        return self._act("create_network", request.name, act)

    def remove_network(self, name: str) -> None:
        """Remove a network of ours."""

        def act() -> None:
            labels = self.world.networks.get(name)
            if labels is None:
                return
            if network_of(name, labels, reaches=False) is None:
                raise ConflictError(f"the network {name} is not ours, so it stays")
            if any(_is_in(box, name) for box in self.world.boxes.values()):
                raise TransientError(f"could not remove the network {name}: it is in use")
            del self.world.networks[name]

        self._act("remove_network", name, act)

    def _free_subnet(self) -> str:
        taken = {labels.get(LABEL_SUBNET) for labels in self.world.networks.values()}
        subnets = _PRIVATE.subnets(new_prefix=20)
        return next(str(one) for one in islice(subnets, len(taken) + 1) if str(one) not in taken)

    def _remove_volume(self, name: str, ours: Callable[[str, dict[str, str]], bool]) -> bool:
        labels = self.world.volumes.get(name)
        if labels is None:
            return False
        if not ours(name, labels):
            raise ConflictError(f"the volume {name} is not ours, so it stays")
        del self.world.volumes[name]
        return True


def _unpacked(content: bytes) -> dict[str, bytes]:
    if not content:
        return {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        inside = ((one.name, archive.extractfile(one)) for one in archive if one.isreg())
        return {name.removeprefix("./"): told.read() for name, told in inside if told}


def _is_in(box: Box, network: str) -> bool:
    membership = box.request.membership if box.request else None
    return box.phase is Phase.RUNNING and bool(membership and membership.network.name == network)


def _mounts(box: Box, volume: str) -> bool:
    if box.request is None:
        return False
    mounts = box.request.spec.mounts
    names = {m.source if m.external else volume_name(box.request.project, m.source) for m in mounts}
    return volume in names
