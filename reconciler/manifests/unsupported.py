"""Fields of the contract that this program reads and does not act on yet.

Ignoring one would start something wrong, so nothing of its task is started, and a warning says so.
A value that asks for nothing, a default for instance, is passed over. An entry goes when the
program acts on its field.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from reconciler.manifests.reporting import Report
from reconciler.manifests.tree import Mapping, Plain, Scalar
from reconciler.model.position import Position

_NAMED: Final = 3
_HINT: Final = "Remove it, or wait for a version that acts on it."


class Gap(Struct, frozen=True):
    """A field by its dotted path, and what it would mean to start a task without acting on it."""

    path: str
    means: str
    top: str = ""

    def __post_init__(self) -> None:
        force_setattr(self, "top", self.path.partition(".")[0])


OF_TASKS: Final = (Gap("container.resources.devices", "the task would not have its devices"),)


def check_unsupported(spec: Mapping, gaps: tuple[Gap, ...], report: Report) -> list[str]:
    """Warn of each field that is not acted on; return them, each with its place."""
    blocking = []
    for gap in gaps:
        if gap.top not in spec.items or (place := _place(spec, gap)) is None:
            continue
        at, pointer = place
        means = f"{gap.means}, so nothing of it is started"
        message = f"{gap.path} is not supported yet: {means}"
        report.warn("not-supported-yet", at, pointer, message, _HINT)
        blocking.append(f"{gap.path} ({at})")
    return blocking


def why_blocked(blocking: list[str]) -> str:
    """Return the sentence on why a task is not started, empty if nothing blocks it."""
    if not blocking:
        return ""
    rest = len(blocking) - _NAMED
    named = ", ".join(blocking[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    verb = "is" if len(blocking) == 1 else "are"
    return f"not started, for {named} {verb} not supported yet"


def _place(spec: Mapping, gap: Gap) -> tuple[Position, str] | None:
    """Return where a field stands, None where it is not given or asks for nothing."""
    *above, name = gap.path.split(".")
    owner = spec.mapping(*above)
    node = owner.get(name)
    if node is None or _says_nothing(node.plain):
        return None
    return node.place() if isinstance(node, Scalar) else owner.place(name)


def _says_nothing(value: Plain) -> bool:
    if isinstance(value, dict):
        return all(_says_nothing(item) for item in value.values())
    if isinstance(value, list):
        return all(_says_nothing(item) for item in value)
    return value is None or value == ""
