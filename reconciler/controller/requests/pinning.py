"""`pin` and `unpin`: a revision stays in force whatever the source says, or does not any more."""

from collections.abc import Sequence
from typing import Final

from reconciler.controller.requests.judged import Arguments, Judged, refused
from reconciler.model.desired import Desired
from reconciler.model.fact import Pinned
from reconciler.model.history import History

_NAMED: Final = 5


def pin(name: str, kept: Sequence[str], now: float) -> Judged:
    """Keep a revision in force, by its name or the beginning of it."""
    found = list(dict.fromkeys(r for r in kept if r == name or (name and r.startswith(name))))
    if name in found:
        found = [name]
    if len(found) == 1:
        message = f"revision {found[0]} is pinned: it stays in force whatever the source says"
        return Judged(ok=True, message=message, facts=(Pinned(found[0], now),), reread=True)
    if found:
        return refused(f"{name} may be any of {', '.join(found)}: give more of it")
    known = f"; kept: {', '.join(kept[:_NAMED])}" if kept else ""
    return refused(f"no revision {name} is kept to go back to{known}")


def unpin(arguments: Arguments, desired: Desired, history: History, now: float) -> Judged:
    """Follow the source again."""
    del arguments, desired
    if not history.pinned_revision:
        return refused("no revision is pinned")
    message = f"revision {history.pinned_revision} is not pinned any more: the source decides"
    return Judged(ok=True, message=message, facts=(Pinned("", now),), reread=True)
