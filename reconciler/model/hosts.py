"""The nodes that the operator gives a project by name, whatever Node manifests it has.

Plain data, as it is kept on record; where it comes from is not known here.
"""

import msgspec
from msgspec import Struct

from reconciler.model.desired import NodeSpec


class Hosts(Struct, frozen=True):
    """The nodes that count, ascending by name, each with the operator's way to it."""

    nodes: tuple[NodeSpec, ...] = ()


def hosts_text(hosts: Hosts | None) -> str:
    """Return hosts as they are kept; empty where the operator gives none."""
    return msgspec.json.encode(hosts).decode() if hosts is not None else ""


def hosts_of(text: str) -> Hosts | None:
    """Return the hosts that were kept, None where there are none that are understood."""
    try:
        return msgspec.json.decode(text, type=Hosts) if text else None
    except msgspec.DecodeError:
        return None
