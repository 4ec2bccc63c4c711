"""What `history` prints. The JSON is a contract: schemas/output/history.json."""

import re
from collections.abc import Iterator
from typing import Final

from reconciler.cli.text import ago, columns, length, rfc3339
from reconciler.controller.reading import Report
from reconciler.model.revision import Revision, newest

_COMMIT: Final = re.compile(r"[0-9a-f]{40,}")
_SHORT: Final = 12
_HEADER: Final = ("REVISION", "SEEN", "STATE", "CREATED", "REPLACED", "TORN DOWN", "CONVERGED",
                  "AUTHOR", "WHAT")  # fmt: skip


def as_json(report: Report, tail: int) -> dict[str, object]:
    """Return the revisions for machines, the newest last."""
    return {
        "project": report.desired.project,
        "inForce": report.desired.revision or None,
        "pinned": report.history.pinned_revision or None,
        "revisions": [_plain(report, one, current) for one, current in _shown(report, tail)],
    }


def as_text(report: Report, tail: int) -> list[str]:
    """Return the revisions for people, the newest last."""
    rows = [_row(report, one, current) for one, current in _shown(report, tail)]
    if not rows:
        return ["no revision has been seen yet"]
    return columns([_HEADER, *rows], {2: {"refused": "red", "in force": "green"}})


def _shown(report: Report, tail: int) -> Iterator[tuple[Revision, bool]]:
    """Yield the last revisions, each with whether it is the one in force."""
    known = report.history.revisions
    current = newest(known, report.desired.revision)
    for position in range(max(0, len(known) - tail), len(known)):
        yield known[position], position == current


def _plain(report: Report, one: Revision, current: bool) -> dict[str, object]:  # as found
    return {
        "revision": one.revision,
        "seenAt": rfc3339(one.at),
        "valid": one.valid,
        "problem": one.problem or None,
        "author": one.author or None,
        "subject": one.subject or None,
        "created": one.created,
        "replaced": one.replaced,
        "tornDown": one.torn_down,
        "convergedAt": rfc3339(one.converged_at),
        "secondsToConverge": _taken(one),
        "inForce": current,
        "pinned": current and one.revision == report.history.pinned_revision,
        "held": current and bool(report.plan.holds),
    }


def _taken(one: Revision) -> float | None:
    return round(max(0.0, one.converged_at - one.at), 3) if one.converged_at else None


def _row(report: Report, one: Revision, current: bool) -> tuple[str, ...]:  # as found
    taken = _taken(one)
    counts = [str(n or "-") for n in (one.created, one.replaced, one.torn_down)]
    return (
        one.revision[:_SHORT] if _COMMIT.fullmatch(one.revision) else one.revision,
        ago(one.at, report.at),
        _state(report, one, current),
        *counts,
        "-" if taken is None else f"after {length(taken)}",
        one.author or "-",
        one.problem or one.subject or "-",
    )


def _state(report: Report, one: Revision, current: bool) -> str:  # as found
    said = ["in force"] if current else ["valid" if one.valid else "refused"]
    if current and one.revision == report.history.pinned_revision:
        said.append("pinned")
    if current and report.plan.holds:
        said.append("held")
    return ", ".join(said)
