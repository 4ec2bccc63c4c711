"""What people have been told, kept over a restart.

Decides how it is kept: in one small file of our own, replaced as a whole, once a message is out.
A crash leaves the old or the new one: what was just told may be told twice, and nothing is lost.
It is no table of the ledger, which only the controller's thread writes: that thread never waits
for those who tell, nor they for it. What counts as told is not decided here.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from reconciler.notices.happening import Failure
from reconciler.notices.memory import Told

_PRIVATE = 0o600


class _Line(Struct, frozen=True):
    """A failure that was told at a time of the calendar, in epoch seconds."""

    subject: str
    sentence: str
    cause: str
    at: float


def load(path: Path, wall: float, now: float) -> list[Told]:
    """Return what was told, by a clock that shows `now` while the calendar says `wall`.

    There is nothing where no file is, or none that can be read: then it is told again.
    """
    try:
        lines = msgspec.json.decode(path.read_bytes(), type=list[_Line])
    except (OSError, msgspec.DecodeError):
        return []
    # A calendar that was set back makes nothing younger than it can be.
    return [
        Told(Failure(line.subject, line.sentence, line.cause), now - max(0.0, wall - line.at))
        for line in lines
    ]


def save(path: Path, told: Sequence[Told], wall: float, now: float) -> None:
    """Replace what is on record, by the same two clocks.

    Raises:
        OSError: when it cannot be written.
    """
    lines = [_Line(t.failure.subject, t.failure.sentence, t.failure.cause, wall - (now - t.at))
             for t in told]  # fmt: skip
    draft = path.with_suffix(".new")
    with open(draft, "wb", opener=_private) as file:
        file.write(msgspec.json.encode(lines))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _PRIVATE)
