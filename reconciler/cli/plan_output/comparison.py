"""Two revisions compared: a line for each field for people, or a documented object for machines."""

from collections import Counter
from typing import Final

from reconciler.cli.comparing import Compared, Side
from reconciler.cli.plan_output.values import cause_json, difference_of, hold_json, trimmed
from reconciler.cli.text import columns, paint, plural
from reconciler.model.action import Cause
from reconciler.model.comparison import Change, Comparison, NodeChange, TaskChange, Totals
from reconciler.model.plain import one_line
from reconciler.model.quantities import format_bytes, format_cpus, format_ranges

# How a change is marked, what becomes of one task, and of several; in the order of showing.
SYMBOLS: Final = {
    Change.CREATE: ("+", "create", "to create"),
    Change.RERUN: ("↻", "run again", "to run again"),
    Change.REPLACE: ("~", "replace", "to replace"),
    Change.SCALE: ("±", "scale", "to scale"),
    Change.TEAR_DOWN: ("-", "tear down", "to tear down"),
    Change.KEEP: (".", "leave alone", "left alone"),
    Change.SETTINGS: (".", "settings", "with other settings"),
}
_COLOURS: Final = {"+": "green", "↻": "yellow", "~": "yellow", "±": "cyan", "-": "red"}
_ORDER: Final = list(SYMBOLS)
NODE_WORDS: Final = {Change.CREATE: "declared", Change.TEAR_DOWN: "not declared any more"}
_HASH: Final = 12


def as_text(made: Compared) -> list[str]:
    """Return the comparison as lines for people, the summary last."""
    comparison = made.comparison
    lines = [paint(f"{_side(made.before)} → {_side(made.after)}", dim=True), ""]
    lines += columns(_rows(comparison), {0: _COLOURS})
    nodes = [f"node {change.node}: {_node_words(change)}" for change in comparison.nodes]
    lines += ["", *(one_line(node) for node in nodes)]
    lines += ["", *columns([(n, f"{b} → {a}") for n, b, a in totals(comparison)], {})]
    lines += ["", *(paint(one_line(note), "yellow") for note in made.notes)]
    lines += [paint(one_line(f"held: {hold.message}"), "magenta") for hold in comparison.holds]
    return [*trimmed([*lines, ""]), paint(sum_up(comparison), bold=True)]


def as_json(made: Compared) -> dict[str, object]:
    """Return the comparison for machines."""
    comparison = made.comparison
    return {
        "project": comparison.project,
        "from": _side_json(made.before),
        "to": _side_json(made.after),
        "tasks": [_task_json(change) for change in comparison.tasks],
        "unchanged": list(comparison.unchanged),
        "nodes": [_node_json(change) for change in comparison.nodes],
        "totals": {
            "before": _totals_json(comparison.before) if comparison.before else None,
            "after": _totals_json(comparison.after),
        },
        "holds": [hold_json(hold) for hold in comparison.holds],
        "notes": list(made.notes),
    }


def sum_up(comparison: Comparison) -> str:
    """Return the comparison in a line."""
    counts = Counter(change.change for change in comparison.tasks)
    said = [f"{counts[change]} {SYMBOLS[change][2]}" for change in SYMBOLS if counts[change]]
    said.append(f"{len(comparison.unchanged)} unchanged")
    nodes = f"; {plural(len(comparison.nodes), 'node')} changed" if comparison.nodes else ""
    return f"{'Nothing changes' if comparison.empty else 'Tasks'}: {', '.join(said)}{nodes}"


def totals(comparison: Comparison) -> list[tuple[str, str, str]]:
    """Return what is asked for in all: what of, before, after."""
    after = _sums(comparison.after)
    before = _sums(comparison.before) if comparison.before else ["unknown"] * len(after)
    names = ("tasks", "instances", "cpus", "memory")
    return list(zip(names, before, after, strict=True))


def concerned(change: TaskChange) -> int:
    """Return how many instances a change is about."""
    if change.change in {Change.RERUN, Change.REPLACE}:
        return change.kept
    return len(change.after) or len(change.before)


def instances(change: TaskChange) -> str:
    """Return how many instances a change is about, and how they are replaced."""
    said = plural(concerned(change), "instance")
    if change.change is not Change.REPLACE:
        return said
    how = f"{change.at_once} at a time" if change.service else "unless completed"
    return f"{said}, {how}"


def causes(change: TaskChange) -> list[Cause]:
    """Return all that a change is told by: why, then each field that differs."""
    found = [difference.cause for difference in change.differences]
    return found if change.cause in found else [change.cause, *found]


def _side(side: Side) -> str:
    if not side.name:
        return "the folder as it is"
    name = one_line(side.name)
    return name if side.commit.startswith(name) else f"{name} ({side.commit[:_HASH]})"


def _rows(comparison: Comparison) -> list[tuple[str, str, str, str, str]]:
    ordered = sorted(comparison.tasks, key=lambda change: _ORDER.index(change.change))
    return [row for change in ordered for row in _task_rows(change)]


def _task_rows(change: TaskChange) -> list[tuple[str, str, str, str, str]]:
    rows = []
    for number, cause in enumerate(causes(change)):
        lead = (*SYMBOLS[change.change][:2], change.task, instances(change))
        where = f"  {cause.at}" if cause.at.path else ""
        shown = f"{difference_of(cause) or cause.reason}{where}"
        rows.append((*(lead if number == 0 else ("", "", "", "")), shown))
    return rows


def _node_words(change: NodeChange) -> str:
    """Return what becomes of a node."""
    if change.change in NODE_WORDS:
        return NODE_WORDS[change.change]
    return ", ".join(difference_of(difference.cause) for difference in change.differences)


def _sums(totals: Totals) -> list[str]:
    return [
        str(totals.tasks),
        str(totals.instances),
        _bounded(format_cpus(totals.cpus), totals.unlimited_cpus, totals.instances),
        _bounded(format_bytes(totals.memory), totals.unlimited_memory, totals.instances),
    ]


def _bounded(amount: str, unlimited: int, count: int) -> str:
    if unlimited and unlimited == count:
        return f"{unlimited} unlimited"
    return f"{amount} and {unlimited} unlimited" if unlimited else amount


def _side_json(side: Side) -> dict[str, object]:
    return {"name": side.name or None, "revision": side.commit}


def _task_json(change: TaskChange) -> dict[str, object]:
    return {
        "name": change.task,
        "job": change.job or None,
        "change": change.change.value,
        "service": change.service,
        "instances": {
            "before": len(change.before),
            "after": len(change.after),
            "added": format_ranges(tuple(sorted(set(change.after) - set(change.before)))),
            "removed": format_ranges(tuple(sorted(set(change.before) - set(change.after)))),
        },
        "cause": cause_json(change.cause),
        "differences": [
            {"effect": difference.effect.value, **cause_json(difference.cause)}
            for difference in change.differences
        ],
    }


def _node_json(change: NodeChange) -> dict[str, object]:
    return {
        "name": change.node,
        "change": change.change.value,
        "differences": [cause_json(difference.cause) for difference in change.differences],
    }


def _totals_json(totals: Totals) -> dict[str, object]:
    return {
        "tasks": totals.tasks,
        "instances": totals.instances,
        "cpus": totals.cpus,
        "memory": totals.memory,
        "unlimitedCpus": totals.unlimited_cpus,
        "unlimitedMemory": totals.unlimited_memory,
    }
