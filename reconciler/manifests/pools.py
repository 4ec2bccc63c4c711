"""What a Pool asks for, and what is wrong with it that its schema does not show.

Decides which scaling policies contradict themselves, which windows never open, and by which task
slots are prepared. Must not know the time.
"""

from typing import Final

from msgspec.structs import replace

from reconciler.manifests.documents import Entry, items_of, pairs
from reconciler.manifests.fields import Fields
from reconciler.manifests.literals import check_literal
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.schedules import time_zone
from reconciler.manifests.tasks import TaskEntry
from reconciler.manifests.tree import Mapping, Scalar, place_of
from reconciler.model.amounts import Amounts
from reconciler.model.desired import DesiredTask, Retry
from reconciler.model.pool import DesiredPool, Policy, Window, preparer_of
from reconciler.model.quantities import parse_bytes, parse_cpus, parse_duration

_BOUNDS: Final = ("minSlots", "maxSlots", "minIdleSlots", "idleFor", "step")
_CONSTANTS_ALLOWED: Final = ("constants", "prepare", "inputs")
_DAY: Final = 24 * 60
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TRIES: Final = 4
"""How often a slot's preparation is begun before it counts as failed."""


def profile_alone(profile: Entry) -> Entry:
    """Return a profile without what it says of tasks: a slot is prepared in its container alone."""
    spec = profile.spec
    kept = {name: node for name, node in spec.items.items() if name != "task"}
    return replace(profile, spec=spec.like(kept))


def preparing(entry: Entry) -> TaskEntry:
    """Return the task that prepares a pool's slots, as if somebody had written it."""
    spec, at, pointer = entry.spec, entry.at, entry.spec.pointer
    container = Mapping(at, pointer)
    inside = {"command": spec.get("prepare", "command"), "resources": spec.get("slot")}
    for name, node in inside.items():
        if node is not None:
            container.items[name], container.keys[name] = node, place_of(node)[0]
    said = Mapping(at, pointer)
    never = Scalar("never", "never", at, pointer)
    given = [(name, spec.get(name)) for name in ("profile", "constants", "inputs")]
    for name, node in (*given, ("container", container), ("restart", never)):
        if node is not None:
            said.items[name], said.keys[name] = node, place_of(node)[0]
    name = preparer_of(entry.name)
    return TaskEntry(name, at, (), "", said, Mapping(at, pointer), entry.sound, entry.usable)


def compile_pool(entry: Entry, task: DesiredTask) -> tuple[DesiredPool, DesiredTask]:
    """Return a pool whose check found no error, and the task that prepares its slots."""
    spec, quiet = entry.spec, Report()
    fields = Fields(spec, quiet)
    slot = fields.below("slot")
    room = Amounts(
        slot.parsed("cpus", parse_cpus, 0.0) if "cpus" in slot.node.items else None,
        slot.parsed("memory", parse_bytes, 0) if "memory" in slot.node.items else None,
        slot.whole("gpus", 0) if "gpus" in slot.node.items else None,
    )
    pool = DesiredPool(
        name=entry.name,
        at=entry.at,
        task=task.name,
        runs=bool(fields.below("prepare").words("command")),
        form=f"{task.work.hash} {task.shape.hash} {room.cpus} {room.memory} {room.gpus}",
        nodes=pairs(spec.mapping("nodes")),
        per_node=fields.whole("slotsPerNode", 1),
        room=room,
        policies=tuple(_policy(one, quiet) for one in items_of(spec.get("scaling"))),
    )
    retry = Retry(per_instance=TRIES - 1)
    return pool, replace(task, instances=(), prepares=entry.name, retry=retry)


def _policy(node: Mapping, report: Report) -> Policy:
    fields = Fields(node, report)
    given = node.items
    return Policy(
        name=fields.text("name"),
        window=_window(fields.below("when")) if "when" in given else None,
        slots=fields.whole("slots", 0) if "slots" in given else None,
        least=fields.whole("minSlots", 0),
        most=fields.whole("maxSlots", 0) if "maxSlots" in given else None,
        idle=fields.whole("minIdleSlots", 0),
        idle_for=fields.parsed("idleFor", parse_duration, 90.0),
        step=fields.number("step", 1.0),
    )


def _window(when: Fields) -> Window:
    days = [day.text for day in when.scalars("days")]
    return Window(
        days=tuple(sorted(_DAYS.index(day) for day in days)) or tuple(range(len(_DAYS))),
        begin=_minutes(when.text("from", "00:00")),
        end=_minutes(when.text("to", "24:00")),
        timezone=when.text("timezone", "UTC"),
    )


def check_pool(entry: Entry, report: Report) -> None:
    """Report what a pool cannot be."""
    spec = entry.spec
    if not entry.sound or not check_literal(spec, report, _CONSTANTS_ALLOWED):
        return
    slot = Fields(spec.mapping("slot"), report)
    slot.parsed("cpus", parse_cpus, 0.0)
    slot.parsed("memory", parse_bytes, 0)
    Fields(spec.mapping("prepare"), report).words("command")
    _check_scaling(items_of(spec.get("scaling")), report)


def _check_scaling(policies: list[Mapping], report: Report) -> None:
    known: dict[str, Scalar] = {}
    always = ""
    for policy in policies:
        name = policy.get("name")
        if isinstance(name, Scalar) and known.setdefault(name.text, name) is not name:
            message = f"there is a scaling policy {name.text} already, at {known[name.text].at}"
            report.about(name, "duplicate-name", message, "Rename one of them.")
        if always:
            message = f"this policy never applies, for {always} before it always does"
            hint = "Give the earlier one a window, or put it last."
            report.warn("unreachable-policy", policy.at, policy.pointer, message, hint)
        _check_bounds(Fields(policy, report))
        _check_window(Fields(policy.mapping("when"), report))
        always = always or ("" if "when" in policy.items else policy.text("name"))


def _check_bounds(policy: Fields) -> None:
    given, report = policy.node.items, policy.report
    policy.parsed("idleFor", parse_duration, 0.0)
    if "slots" in given:
        for name in _BOUNDS:
            if name in given:
                message = f"{name} means nothing where the number of slots is fixed"
                hint = "Remove it, or give minSlots and maxSlots instead of slots."
                report.error("excluded-field", *policy.node.place(name), message, hint)
        return
    if not {"minSlots", "maxSlots", "minIdleSlots"} & given.keys():
        message = "the policy gives no number of slots"
        hint = "Give slots, or minSlots and maxSlots."
        report.error("missing-field", policy.node.at, policy.node.pointer, message, hint)
    most = policy.whole("maxSlots", 0)
    for name in ("minSlots", "minIdleSlots"):
        if "maxSlots" in given and name in given and policy.whole(name, 0) > most:
            message = f"{name}: {policy.text(name)} is more than maxSlots, {most}"
            report.about(given[name], "out-of-range", message)


def _check_window(window: Fields) -> None:
    first, report = window.node.get("from"), window.report
    begin, end = _minutes(window.text("from", "00:00")), _minutes(window.text("to", "24:00"))
    if isinstance(first, Scalar) and begin == _DAY:
        message = "from: a window cannot begin at the end of the day"
        report.about(first, "out-of-range", message, "Write 00:00, on the following day.")
    elif begin == end:
        message = f"the window from {shorten(window.text('from', '00:00'))} is empty"
        hint = "For whole days leave out from and to."
        report.about(window.node.get("to") or window.node, "empty-window", message, hint)
    _check_days(window)
    window.parsed("timezone", time_zone, "")


def _check_days(window: Fields) -> None:
    known: set[str] = set()
    for day in window.scalars("days"):
        if day.text in known:
            message = f"days: {day.text} is given twice"
            window.report.about(day, "duplicate-value", message, "Remove one of them.")
        known.add(day.text)


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
