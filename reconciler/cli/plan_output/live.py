"""What would be done now: steps grouped for people, or single calls for machines."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from reconciler.cli.confidences import listed
from reconciler.cli.plan_output.values import cause_json, hold_json, trimmed, why
from reconciler.cli.steps import Kind, Step, fold, summary
from reconciler.cli.text import columns, paint, plural
from reconciler.controller.preview import Preview
from reconciler.model.action import Action, Verb
from reconciler.model.data import Fetching
from reconciler.model.desired import Desired
from reconciler.model.plain import one_line

SYMBOLS: Final = {
    Kind.PULL: ("↓", "pull", "blue"),
    Kind.FETCH: ("↓", "fetch", "blue"),
    Kind.BUILD: ("+", "build", "blue"),
    Kind.LOAD: ("+", "load", "blue"),
    Kind.FETCH: ("↓", "fetch", "blue"),
    Kind.REUSE: ("=", "reuse", "green"),
    Kind.NETWORK: ("+", "network", "green"),
    Kind.CREATE: ("+", "create", "green"),
    Kind.REPLACE: ("~", "replace", "yellow"),
    Kind.RETRY: ("↻", "retry", "yellow"),
    Kind.START: (">", "start", "green"),
    Kind.TEAR_DOWN: ("-", "tear down", "red"),
    Kind.STOP: ("-", "stop", "red"),
    Kind.RECORD: (".", "record", ""),
    Kind.CLEAN: (".", "clean up", ""),
}
_ORDER: Final = list(SYMBOLS)
_COUNTED: Final = (
    Kind.REUSE,
    Kind.CREATE,
    Kind.REPLACE,
    Kind.TEAR_DOWN,
    Kind.RETRY,
    Kind.START,
    Kind.STOP,
)


class Steps(Struct, frozen=True):
    """A preview as people think of it: what is possible now, what later, and how much."""

    now: list[Step]
    later: list[Step]
    counts: dict[str, int]


def steps_of(desired: Desired, preview: Preview) -> Steps:
    """Return the steps of a preview, in the order in which they are shown."""
    wanted = {key for task in desired.tasks.values() for key in task.keys()}  # noqa: SIM118
    # What prepares slots has an instance for each, of which there are more as slots are opened.
    wanted |= {a.key for a in (*preview.now, *preview.later) if a.key and a.verb is Verb.CREATE}
    now, later = fold(preview.now, wanted), fold(preview.later, wanted)
    after = [step for step in later if step.kind not in {Kind.RECORD, Kind.CLEAN}]
    counts = summary(now, later, desired, preview)
    return Steps(sorted(now, key=_rank), sorted(after, key=_rank), counts)


def as_text(desired: Desired, preview: Preview) -> list[str]:
    """Return the plan as lines for people, the summary last."""
    steps = steps_of(desired, preview)
    lines = _lines(steps.now)
    if steps.later:
        lines += ["", paint("later, as if all succeed:", dim=True), *_lines(steps.later)]
    lines += ["", *(paint(one_line(hold.message), "magenta") for hold in preview.holds)]
    return [*trimmed(lines), paint(sum_up(steps), bold=True)]


def as_json(desired: Desired, preview: Preview) -> dict[str, object]:
    """Return the plan for machines: every call in order."""
    actions = [action_json(a, "now") for a in preview.now]
    actions += [action_json(a, "later") for a in preview.later]
    return {
        "project": desired.project,
        "revision": desired.revision,
        "actions": actions,
        "holds": [hold_json(hold) for hold in preview.holds],
        "kept": [{"task": task, "reason": why} for task, why in kept(preview).items()],
        "summary": steps_of(desired, preview).counts,
    }


def kept(preview: Preview) -> dict[str, str]:
    """Return why tasks, or parts of them, are left as they are, or what others came to does it."""
    left = [v for v in preview.verdicts if v.suspended or v.protected or v.in_vain]
    found = {v.key.task: v.reason.removeprefix("running; ") for v in reversed(left)}
    unneeded = (v for v in preview.unneeded if v.key.task not in found)
    found |= {v.key.task: f"not run if all succeed: {v.reason}" for v in unneeded}
    return {**preview.notes, **found}


def sum_up(steps: Steps) -> str:
    """Return the plan in a line."""
    counts = steps.counts
    said = [
        f"{counts[kind.value]} to {SYMBOLS[kind][1]}" for kind in _COUNTED if counts[kind.value]
    ]
    said += [
        f"{plural(counts[kind.value], 'image')} to {SYMBOLS[kind][1]}"
        for kind in (Kind.PULL, Kind.BUILD, Kind.LOAD)
        if counts[kind.value]
    ]
    if counts["fetch"]:
        said.append(f"{counts['fetch']} to fetch")
    if counts["network"]:
        said.append(f"{plural(counts['network'], 'network')} to make")
    if counts["later"]:
        said.append(f"{counts['later']} later")
    said.append(f"{counts['unchanged']} unchanged")
    begin = "Plan: " if steps.now or counts["later"] else "Nothing to do: "
    again = ""
    if counts["rerun"]:
        again = f"; {plural(counts['rerun'], 'completed instance')} would run again"
    return f"{begin}{', '.join(said)}{again}"


def action_json(action: Action, when: str) -> dict[str, object]:
    """Return a call as machines read it."""
    attempt = action.attempt
    return {
        "verb": action.verb.value,
        "node": action.node,
        "task": action.task,
        "instance": attempt.key.instance if attempt else None,
        "run": action.run,
        "attempt": attempt.attempt if attempt else None,
        "container": action.subject if attempt else None,
        "image": action.image or None,
        "network": action.network.name if action.network else None,
        "inputs": _origins(action.fetching),
        "secrets": listed(action.request.spec.secrets) if action.request else None,
        "when": when,
        "cause": cause_json(action.cause),
    }


def _origins(fetching: Fetching | None) -> list[dict[str, str]] | None:
    if fetching is None:
        return None
    return [
        {"bucket": o.bucket.name, "prefix": o.prefix, "stripPrefix": o.strip_prefix}
        for o in fetching.origins
    ]


def _rank(step: Step) -> int:
    return _ORDER.index(step.kind)


def _lines(steps: Sequence[Step]) -> list[str]:
    rows = [(*SYMBOLS[step.kind][:2], step.subject, why(step.cause)) for step in steps]
    painted = {symbol: colour for symbol, _, colour in SYMBOLS.values() if colour}
    return columns(rows, {0: painted})
