"""What has happened → the message that says it: plain text, for any kind of reader.

Decides title, order and length. Pure; must not know how it is sent.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from reconciler.model.plain import cut, one_line
from reconciler.notices.happening import Failure, Happening

_MOST_LINES: Final = 20
_LONGEST_LINE: Final = 400
# What chats would take for a mention of somebody, or for markup of their own.
_CALLING: Final = re.compile(r"[@<](?=\S)")


class Message(Struct, frozen=True):
    """What is sent."""

    title: str
    body: str
    failing: bool


def message_of(project: str, happenings: Sequence[Happening]) -> Message:
    """Return one message about what has happened, which is at least one thing: failures first."""
    failures = [h for h in happenings if isinstance(h, Failure)]
    ordered = failures + [h for h in happenings if not isinstance(h, Failure)]
    lines = [_line(happening) for happening in ordered[:_MOST_LINES]]
    if len(ordered) > _MOST_LINES:
        lines.append(f"… and {len(ordered) - _MOST_LINES} more: see `reconciler status`")
    title = f"{project}: {_title(ordered, len(failures))}"
    return Message(_plain(title), "\n".join(lines), failing=bool(failures))


def _title(happenings: Sequence[Happening], failures: int) -> str:
    if len(happenings) == 1:
        return f"{happenings[0].subject} {'has failed' if failures else 'has recovered'}"
    recoveries = len(happenings) - failures
    counts = [(failures, "failure", "failures"), (recoveries, "recovery", "recoveries")]
    return ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts if n)


def _line(happening: Happening) -> str:
    return _plain(f"{happening.subject}: {happening.sentence}")


def _plain(text: str) -> str:
    """Return foreign text as one line that calls nobody: a character without width parts it."""
    return _CALLING.sub("\\g<0>\u200b", cut(one_line(text), _LONGEST_LINE))
