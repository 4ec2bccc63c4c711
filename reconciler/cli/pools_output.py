"""What `pools` prints, and `status` of pools. The JSON is a contract: schemas/output/pools.json."""

from collections import Counter
from typing import Final

from reconciler.cli.text import ago, columns, local_time, paint, rfc3339
from reconciler.controller.reading import Report
from reconciler.model.identity import InstanceKey
from reconciler.model.plain import one_line
from reconciler.model.pool import PoolView, SlotState, SlotView, preparer_of, slot_name

_COLOURS: Final = {
    SlotState.READY.value: "green",
    SlotState.BUSY.value: "green",
    SlotState.IDLE.value: "cyan",
    SlotState.PREPARING.value: "yellow",
    SlotState.CLOSING.value: "yellow",
    SlotState.FAILED.value: "red",
}
_SLOT: Final = ("SLOT", "STATE", "NODE", "SINCE", "INSTANCE", "WHY")


def as_json(report: Report) -> dict[str, object]:
    """Return all pools, for machines."""
    return {"project": report.desired.project, "pools": items(report)}


def items(report: Report) -> list[dict[str, object]]:
    """Return each pool with its slots, for machines."""
    return [
        {
            "name": pool.name,
            "policy": pool.policy or None,
            "until": rfc3339(pool.until),
            "wanted": pool.wanted,
            "declared": pool.name in report.desired.pools,
            "reason": pool.reason,
            "slots": [_slot_json(report, pool, slot) for slot in pool.slots],
        }
        for pool in report.plan.pools
    ]


def as_text(report: Report) -> list[str]:
    """Return all pools, for people."""
    lines = [paint(one_line(f"project {report.desired.project}: pools and their slots"), bold=True)]
    if not report.plan.pools:
        return [*lines, "", "no pool is asked for"]
    lines += summary(report)
    rows = [_slot(report, pool, slot) for pool in report.plan.pools for slot in pool.slots]
    return [*lines, "", *columns([_SLOT, *rows], {1: _COLOURS})] if rows else lines


def summary(report: Report) -> list[str]:
    """Return a line for each pool, after an empty one; nothing where there is none."""
    header = ("POOL", "POLICY", "WANTED", "SLOTS", "WHY")
    rows = [header, *(_pool(report, pool) for pool in report.plan.pools)]
    return ["", *columns(rows, {})] if report.plan.pools else []


def _pool(report: Report, pool: PoolView) -> tuple[str, ...]:
    found = Counter(slot.state.value.lower() for slot in pool.slots)
    counts = ", ".join(f"{number} {state}" for state, number in sorted(found.items())) or "none"
    asked = report.desired.pools.get(pool.name)
    until = f" until {local_time(pool.until, report.calendar.wall)}" if pool.until else ""
    policy = f"{pool.policy or ('none applies' if asked and asked.policies else '-')}{until}"
    number = "as many as fit" if pool.wanted is None else str(pool.wanted)
    why = pool.reason if asked else "not asked for any more"
    return pool.name, policy, number, counts, one_line(why)


def _slot(report: Report, pool: PoolView, slot: SlotView) -> tuple[str, ...]:
    return (
        slot_name(pool.name, slot.number),
        slot.state.value,
        slot.node,
        ago(slot.since, report.at) if slot.since else "-",
        slot.instance or "-",
        one_line(_why(report, pool, slot)),
    )


def _why(report: Report, pool: PoolView, slot: SlotView) -> str:
    """Return why a slot is as it is; while it is prepared, what is being done."""
    if slot.state is not SlotState.PREPARING:
        return slot.reason
    key = InstanceKey(preparer_of(pool.name), slot.number)
    found = next((v.reason for v in report.plan.verdicts if v.key == key), "")
    return found or slot.reason


def _slot_json(report: Report, pool: PoolView, slot: SlotView) -> dict[str, object]:
    return {
        "number": slot.number,
        "state": slot.state.value,
        "node": slot.node,
        "since": rfc3339(slot.since),
        "instance": slot.instance or None,
        "reason": _why(report, pool, slot),
    }
