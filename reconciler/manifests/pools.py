"""What is wrong with a Pool that its schema does not show.

Decides which scaling policies contradict themselves, and which windows never open. Must not
know the time.
"""

from typing import Final

from reconciler.manifests.documents import Entry, items_of
from reconciler.manifests.fields import Fields
from reconciler.manifests.literals import check_literal
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.schedules import time_zone
from reconciler.manifests.tree import Mapping, Scalar
from reconciler.model.quantities import parse_bytes, parse_cpus, parse_duration

_BOUNDS: Final = ("minSlots", "maxSlots", "minIdleSlots", "idleFor", "step")
_CONSTANTS_ALLOWED: Final = ("constants", "prepare", "inputs")
_DAY: Final = 24 * 60


def check_pool(entry: Entry, report: Report) -> None:
    """Report what a pool cannot be, and what is not done with it yet."""
    spec = entry.spec
    if not entry.sound or not check_literal(spec, report, _CONSTANTS_ALLOWED):
        return
    slot = Fields(spec.mapping("slot"), report)
    slot.parsed("cpus", parse_cpus, 0.0)
    slot.parsed("memory", parse_bytes, 0)
    Fields(spec.mapping("prepare"), report).words("command")
    _check_scaling(items_of(spec.get("scaling")), report)
    message = f"pool {entry.name}: pools are not supported yet, no slots are prepared"
    report.warn("not-supported-yet", entry.at, "", message)


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
