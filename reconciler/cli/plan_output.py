"""What `plan` prints: steps grouped for people, or single calls for machines.

Knows how a preview looks, not how it is made.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final

from reconciler.cli.steps import Kind, Step, fold, summary
from reconciler.cli.text import columns, one_line, paint, plural
from reconciler.controller.preview import Preview
from reconciler.model.action import Action, Cause, Hold
from reconciler.model.desired import Desired
from reconciler.model.identity import InstanceKey

_SYMBOLS: Final = {
    Kind.PULL: ("↓", "pull", "blue"),
    Kind.CREATE: ("+", "create", "green"),
    Kind.REPLACE: ("~", "replace", "yellow"),
    Kind.RETRY: ("↻", "retry", "yellow"),
    Kind.START: (">", "start", "green"),
    Kind.TEAR_DOWN: ("-", "tear down", "red"),
    Kind.STOP: ("-", "stop", "red"),
    Kind.RECORD: (".", "record", ""),
    Kind.CLEAN: (".", "clean up", ""),
}
_ORDER: Final = list(_SYMBOLS)
_LONG: Final = 40
_AROUND: Final = 12
_COUNTED: Final = (Kind.CREATE, Kind.REPLACE, Kind.TEAR_DOWN, Kind.RETRY, Kind.START, Kind.STOP)


def as_text(desired: Desired, preview: Preview) -> list[str]:
    """Return the plan as lines for people, the summary last."""
    wanted = _wanted(desired)
    now = sorted(fold(preview.now, wanted), key=_rank)
    later = fold(preview.later, wanted)
    after = sorted((s for s in later if s.kind not in {Kind.RECORD, Kind.CLEAN}), key=_rank)
    lines = _lines(now)
    if after:
        lines += ["", paint("later, as if all succeed:", dim=True), *_lines(after)]
    lines += ["", *(paint(one_line(hold.message), "magenta") for hold in preview.holds)]
    return [*_trimmed(lines), _sum_up(summary(now, later, desired, preview), now)]


def as_json(desired: Desired, preview: Preview) -> dict[str, object]:
    """Return the plan for machines: every call in order."""
    wanted = _wanted(desired)
    counts = summary(fold(preview.now, wanted), fold(preview.later, wanted), desired, preview)
    actions = [_action(a, "now", desired.project) for a in preview.now]
    actions += [_action(a, "later", desired.project) for a in preview.later]
    return {
        "project": desired.project,
        "revision": desired.revision,
        "actions": actions,
        "holds": [hold_json(hold) for hold in preview.holds],
        "summary": counts,
    }


def hold_json(hold: Hold) -> dict[str, object]:
    """Return a hold as machines read it."""
    return {
        "kind": hold.kind,
        "count": hold.count,
        "total": hold.total,
        "tasks": list(hold.tasks),
        "message": hold.message,
    }


def _wanted(desired: Desired) -> set[InstanceKey]:
    return {key for task in desired.tasks.values() for key in task.keys()}  # noqa: SIM118


def _rank(step: Step) -> int:
    return _ORDER.index(step.kind)


def _lines(steps: Sequence[Step]) -> list[str]:
    rows = [(*_SYMBOLS[step.kind][:2], step.subject, _why(step.cause)) for step in steps]
    painted = {symbol: colour for symbol, _, colour in _SYMBOLS.values() if colour}
    return columns(rows, {0: painted})


def _why(cause: Cause) -> str:
    said = cause.reason
    if cause.field and (cause.old or cause.new):
        old, new = brief(cause.old, cause.new)
        difference = f"{cause.field}: {old or 'none'} → {new or 'none'}"
        # The reason names the field; with both values there is no need to say it twice.
        alone = said == f"{cause.field} changed"
        said = difference if alone else f"{said} ({difference})"
    return f"{said}  {cause.at}" if cause.at.path else said


def brief(old: str, new: str) -> tuple[str, str]:
    """Return two long values cut down to where they differ, with a little around it."""
    if max(len(old), len(new)) <= _LONG:
        return old, new
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    return _cut(old, start, end), _cut(new, start, end)


def _alike(old: str, new: str) -> int:
    """Return how many characters two texts begin with in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _cut(text: str, start: int, end: int) -> str:
    first, last = max(0, start - _AROUND), min(len(text), len(text) - end + _AROUND)
    middle = text[first:last]
    if len(middle) > 2 * _LONG:
        middle = f"{middle[:_LONG]}…{middle[-_AROUND:]}"
    return f"{'…' if first else ''}{middle}{'…' if last < len(text) else ''}"


def _trimmed(lines: Sequence[str]) -> Iterator[str]:
    """Drop empty lines at the beginning, and two in a row."""
    before = ""
    for line in lines:
        if line or before:
            yield line
        before = line


def _sum_up(counts: dict[str, int], now: Sequence[Step]) -> str:
    said = [
        f"{counts[kind.value]} to {_SYMBOLS[kind][1]}" for kind in _COUNTED if counts[kind.value]
    ]
    if counts["pull"]:
        said.append(f"{plural(counts['pull'], 'image')} to pull")
    if counts["later"]:
        said.append(f"{counts['later']} later")
    said.append(f"{counts['unchanged']} unchanged")
    begin = "Plan: " if now or counts["later"] else "Nothing to do: "
    again = ""
    if counts["rerun"]:
        again = f"; {plural(counts['rerun'], 'completed instance')} would run again"
    return paint(f"{begin}{', '.join(said)}{again}", bold=True)


def _action(action: Action, when: str, project: str) -> dict[str, object]:
    attempt, cause = action.attempt, action.cause
    return {
        "verb": action.verb.value,
        "node": action.node,
        "task": action.task,
        "instance": attempt.key.instance if attempt else None,
        "run": action.run,
        "attempt": attempt.attempt if attempt else None,
        "container": attempt.container_name(project) if attempt else None,
        "image": action.image or None,
        "when": when,
        "cause": {
            "reason": cause.reason,
            "field": cause.field or None,
            "old": cause.old or None,
            "new": cause.new or None,
            "path": cause.at.path or None,
            "line": cause.at.line or None,
            "column": cause.at.column or None,
            "revision": cause.revision or None,
        },
    }
