"""What a request is answered with, and what it is judged by."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from reconciler.model.desired import Desired
from reconciler.model.fact import Fact
from reconciler.model.history import History


class Judged(Struct, frozen=True):
    """Whether a request is granted, the sentence that answers it, and what goes on record.

    `reread`: the source is to be read now. `look`: everything is to be looked at and planned.
    """

    ok: bool
    message: str
    facts: tuple[Fact, ...] = ()
    reread: bool = False
    look: bool = False


Arguments = Mapping[str, object]
Handler = Callable[[Arguments, Desired, History, float], Judged]


def granted(message: str, *facts: Fact) -> Judged:
    """Say yes, and what goes on record for it."""
    return Judged(ok=True, message=message, facts=facts)


def refused(message: str) -> Judged:
    """Say no, and why."""
    return Judged(ok=False, message=message)
