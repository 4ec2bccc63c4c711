"""How much a node, or a part of one, has."""

from msgspec import Struct


class Amounts(Struct, frozen=True, array_like=True):
    """Processors, bytes of memory, GPUs and processes; None is what nobody has said."""

    cpus: float | None = None
    memory: int | None = None
    gpus: int | None = None
    pids: int | None = None
