"""Desired + Desired → Comparison: what one revision would change in another. Pure.

Knows neither what runs nor what has completed: it tells what is asked for, in the words in
which the plan gives its causes, and what a hold would keep back if all of it runs, or has
completed.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct, to_builtins
from msgspec.structs import asdict, replace

from reconciler.model.action import Cause, Hold
from reconciler.model.comparison import (
    Change,
    Comparison,
    Difference,
    Effect,
    NodeChange,
    TaskChange,
    Totals,
)
from reconciler.model.desired import Desired, DesiredTask, HoldLimits
from reconciler.model.hashing import SHAPE_FIELDS, WORK_FIELDS
from reconciler.model.quantities import format_ranges
from reconciler.planning import cause
from reconciler.planning.hold import too_much
from reconciler.planning.numbering import numbered_after, worded

# A task's fields that are compared as such; every other one is a setting, also those to come.
_APART: Final = {"name", "at", "where", "instances", "combinations", "spec", "work", "shape",
                 "rerun", "blocked"}  # fmt: skip
_SPELLED: Final = {
    "gang": "placement.gang",
    "maxSurge": "rollout.maxSurge",
    "maxUnavailable": "rollout.maxUnavailable",
}
# What it means where nothing is said, if that is not simply nothing.
_UNSET: Final = {"retry.perInstance": "unlimited"}
_NAMED: Final = 5


def compare(before: Desired | None, after: Desired) -> Comparison:
    """Return what `after` would change. Of an unknown `before` everything is new."""
    old, locked = (_carried(before.tasks, after), before.locks) if before else ({}, {})
    after = numbered_after(after, old)
    changes = [
        c
        for name in sorted({*old, *after.tasks})
        if (c := _task(old.get(name), after, name, locked))
    ]
    changed = {change.task for change in changes}
    holds = (_teardown(after.hold, old, changes), _rerun(after.hold, old, changes))
    return Comparison(
        project=after.project,
        tasks=tuple(changes),
        unchanged=tuple(name for name in after.tasks if name not in changed),
        nodes=_nodes(before, after) if before else (),
        before=_totals(before) if before else None,
        after=_totals(after),
        holds=tuple(hold for hold in holds if hold),
    )


def _carried(old: Mapping[str, DesiredTask], after: Desired) -> Mapping[str, DesiredTask]:
    """Return the older tasks by the names that they have now."""
    names = {t.renamed_from: t.name for t in after.tasks.values() if t.renamed_from}
    new = {old_name: name for old_name, name in names.items() if name not in old}
    return {
        new.get(name, name): replace(task, name=new.get(name, name)) for name, task in old.items()
    }


def _task(
    old: DesiredTask | None, after: Desired, name: str, locked: Mapping[str, str]
) -> TaskChange | None:
    """Return the change of a task, where images were `locked` so before."""
    new = after.tasks.get(name)
    if new is None:
        return _vanished(old, after) if old else None
    found = tuple(_differences(old, new, after, locked)) if old else ()
    if old and not found:
        return None
    if new.blocked:
        return _change(Change.KEEP, cause.stated(after, new, new.blocked), old, new, found)
    if old is None:
        why = cause.stated(after, new, cause.NEW)
        return _change(Change.CREATE, why, None, new)
    return _change(_kind(old, new, found), found[0].cause, old, new, found)


def _vanished(old: DesiredTask, after: Desired) -> TaskChange:
    change = Change.TEAR_DOWN if after.prunable and not old.protected else Change.KEEP
    reason = cause.GONE if after.prunable else cause.NOT_PRUNED
    if old.protected:
        reason = cause.PROTECTED
    return _change(change, Cause(reason, revision=after.revision), old, None)


def _change(
    change: Change,
    why: Cause,
    old: DesiredTask | None,
    new: DesiredTask | None,
    differences: tuple[Difference, ...] = (),
) -> TaskChange:
    task = new or old
    if task is None:
        raise TypeError("a change of no task")
    return TaskChange(
        task=task.name,
        change=change,
        cause=why,
        differences=differences,
        before=old.instances if old else (),
        after=new.instances if new else (),
        job=task.job,
        service=task.service,
        at_once=task.max_surge or task.max_unavailable,
    )


def _kind(old: DesiredTask, new: DesiredTask, found: tuple[Difference, ...]) -> Change:
    """Return what the differences amount to; the first effect that there is decides."""
    effects = {difference.effect for difference in found}
    kept = set(old.instances) & set(new.instances)
    if kept and Effect.WORK in effects:
        return Change.REPLACE if new.service else Change.RERUN
    if kept and Effect.SHAPE in effects:
        return Change.REPLACE
    return Change.SCALE if Effect.COUNT in effects else Change.SETTINGS


def _differences(
    old: DesiredTask, new: DesiredTask, after: Desired, locked: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield what differs, the gravest effect first."""
    work = cause.differences(old.work.text, new.work.text)
    shape = cause.differences(old.shape.text, new.shape.text)
    for effect, found in ((Effect.WORK, work), (Effect.SHAPE, shape)):
        for path, before, now in found:
            why = cause.moved(after, new, path, before, now, f"{path} changed")
            yield Difference(effect, why)
    known = locked.get(new.spec.image)
    relocked = cause.relocked(after, new, known) if known is not None else None
    if relocked is not None:
        yield Difference(Effect.SHAPE, relocked)
    if old.matrix != new.matrix:
        names = old.matrix, new.matrix
        why = cause.moved(after, new, "instances.matrix", *names, cause.OTHER_VALUES)
        yield Difference(Effect.WORK, why)
    if old.rerun != new.rerun:
        why = cause.moved(after, new, "rerun", old.rerun, new.rerun, cause.AGAIN)
        yield Difference(Effect.WORK, why)
    if old.instances != new.instances:
        yield Difference(Effect.COUNT, _scaled(old, new, after))
    if bool(old.blocked) != bool(new.blocked):  # its words hold places, which move
        why = cause.stated(after, new, new.blocked or f"no longer so: {old.blocked}")
        yield Difference(Effect.SETTING, why)
    for path, before, now in cause.between(_settings(old), _settings(new)):
        why = cause.moved(after, new, path, before, now, f"{path} changed")
        yield Difference(Effect.SETTING, why)


def _scaled(old: DesiredTask, new: DesiredTask, after: Desired) -> Cause:
    """Word another number of instances, or other ones."""
    before, now = len(old.instances), len(new.instances)
    if new.matrix and old.matrix == new.matrix:
        gone, added = _only_in(old, new), _only_in(new, old)
        return cause.moved(after, new, "instances.matrix", gone, added, "other combinations")
    if before == now:
        ids = format_ranges(old.instances), format_ranges(new.instances)
        return cause.moved(after, new, "instances", *ids, "other instances")
    reason = cause.SCALED_UP if now > before else cause.SCALED_DOWN
    return cause.moved(after, new, "instances", before, now, reason)


def _only_in(one: DesiredTask, other: DesiredTask) -> str:
    """Word the combinations that only one of two tasks has."""
    known = set(other.combinations)
    found = [worded(values) for values in one.combinations if values not in known]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more


def _settings(task: DesiredTask) -> dict[str, str]:
    """Return the fields that restart nothing, dotted as in a manifest."""
    own = {name: value for name, value in asdict(task).items() if name not in _APART}
    spec = asdict(task.spec)
    own |= {n: v for n, v in spec.items() if n not in {*WORK_FIELDS, *SHAPE_FIELDS}}
    return _flat(own)


def _flat(fields: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in fields.items():
        for path, text in cause.leaves(_plain(value), _camel(name)):
            said = _UNSET.get(path, "") if text == "null" else text
            if said not in {"", "[]"}:
                found[_SPELLED.get(path, path)] = said
    return found


def _plain(value: object) -> object:
    """Return a field as plain data, names spelled as in manifests and pairs as mappings."""
    if isinstance(value, Struct):
        return {_camel(name): _plain(inner) for name, inner in asdict(value).items()}
    if isinstance(value, tuple) and value and all(_is_pair(item) for item in value):
        return dict(value)
    return to_builtins(value)


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and all(isinstance(x, str) for x in item)  # noqa: PLR2004  # a pair


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def _nodes(before: Desired, after: Desired) -> tuple[NodeChange, ...]:
    changes = []
    for name in sorted({*before.nodes, *after.nodes}):
        old, new = before.nodes.get(name), after.nodes.get(name)
        if old is None or new is None:
            changes.append(NodeChange(name, Change.CREATE if new else Change.TEAR_DOWN))
        elif found := cause.between(_flat(asdict(old)), _flat(asdict(new))):
            differing = (
                Cause(f"{p} changed", p, a, b, revision=after.revision) for p, a, b in found
            )
            differences = tuple(Difference(Effect.SETTING, why) for why in differing)
            changes.append(NodeChange(name, Change.SETTINGS, differences))
    return tuple(changes)


def _totals(desired: Desired) -> Totals:
    cpus, memory, instances, no_cpus, no_memory = 0.0, 0, 0, 0, 0
    for task in desired.tasks.values():
        count, asked = len(task.instances), task.spec.resources
        instances += count
        cpus += asked.cpus * count
        memory += asked.memory * count
        no_cpus += 0 if asked.cpus else count
        no_memory += 0 if asked.memory else count
    return Totals(
        tasks=len(desired.tasks),
        instances=instances,
        cpus=round(cpus, 3),
        memory=memory,
        unlimited_cpus=no_cpus,
        unlimited_memory=no_memory,
    )


def _teardown(
    limits: HoldLimits, old: Mapping[str, DesiredTask], changes: list[TaskChange]
) -> Hold | None:
    """Return what keeps the vanished tasks, should all that was asked for run."""
    gone = {c.task: len(c.before) for c in changes if c.change is Change.TEAR_DOWN}
    total = sum(len(task.instances) for task in old.values())
    what = "if all of it runs, {} of {} running instances would be torn down"
    return _held(limits, "teardown", gone, total, what)


def _rerun(
    limits: HoldLimits, old: Mapping[str, DesiredTask], changes: list[TaskChange]
) -> Hold | None:
    """Return what keeps new runs back, should all that was asked for have completed."""
    again = {c.task: c.kept for c in changes if c.change is Change.RERUN}
    total = sum(len(task.instances) for task in old.values() if not task.service)
    what = "if all of it has completed, {} of {} completed instances would run again"
    return _held(limits, "rerun", again, total, what)


def _held(
    limits: HoldLimits, kind: str, counts: Mapping[str, int], total: int, what: str
) -> Hold | None:
    count = sum(counts.values())
    if not too_much(limits, count, total):
        return None
    names = tuple(sorted(name for name, number in counts.items() if number))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    said = f"{what.format(count, total)} ({', '.join(names[:_NAMED])}{more})"
    return Hold(kind, count, total, names, f"{said}: that waits for approve")
