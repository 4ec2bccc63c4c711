"""A task's own fields, those beside its container: what they ask for, and what is wrong with each.

Decides by one field at a time; what fields mean to each other is for `exclusions`. Must not
know profiles or constants, which are merged and substituted before.
"""

from enum import StrEnum
from typing import Final, TypedDict, TypeVar

from reconciler.manifests.confidential import check_secrets
from reconciler.manifests.documents import items_of
from reconciler.manifests.fields import Fields
from reconciler.manifests.patterns import progress
from reconciler.manifests.reporting import shorten
from reconciler.manifests.retrying import read_retry
from reconciler.manifests.schedules import cron, time_zone
from reconciler.manifests.transfers import read_outputs
from reconciler.model.data import Outputs
from reconciler.model.desired import (
    EVENLY,
    Condition,
    Dependency,
    OnChange,
    OnScale,
    Overlap,
    Restart,
    Retry,
    Schedule,
)
from reconciler.model.quantities import parse_duration

_CHOICES: Final = {
    "placement": ("onNodeLoss",),
}
E = TypeVar("E", bound=StrEnum)


class OwnFields(TypedDict):
    """The fields of a DesiredTask that a task's own fields give."""

    restart: Restart
    retry: Retry
    parallelism: int | None
    min_succeeded: int | None
    timeout: float
    queue_timeout: float
    depends_on: tuple[Dependency, ...]
    schedule: Schedule | None
    gang: bool
    spread: str
    replaced: bool
    on_change: OnChange
    on_scale: OnScale
    priority: int
    progress: tuple[str, ...]
    ttl: float | None
    max_unavailable: int
    max_surge: int
    rerun: int
    outputs: Outputs | None
    cache: bool
    suspend: str


def read_own_fields(own: Fields) -> OwnFields:
    """Return what the fields ask for; reports everything that single ones show."""
    _check_rest(own)
    restart, rollout = _one_of(own, "restart", Restart.NEVER), own.below("rollout")
    succeeded = own.below("success").whole("minSucceeded", -1)
    return OwnFields(
        restart=restart,
        retry=read_retry(own.below("retry"), restart),
        parallelism=own.whole("parallelism", 0) or None,
        min_succeeded=None if succeeded < 0 else succeeded,
        timeout=read_length(own, "timeout"),
        queue_timeout=read_length(own, "queueTimeout"),
        depends_on=_dependencies(own),
        schedule=_schedule(own.below("schedule")),
        gang=is_gang(own),
        spread=own.below("placement").text("spread") or EVENLY,
        replaced=own.below("placement").text("onNodeLoss") == "replace",
        on_change=_one_of(own, "onChange", OnChange.REPLACE),
        on_scale=_one_of(own, "onScale", OnScale.KEEP),
        priority=own.whole("priority", 0),
        progress=tuple(text for text in own.texts("progress") if text),
        ttl=own.parsed("ttl", parse_duration, 0.0) if "ttl" in own.node.items else None,
        max_unavailable=rollout.whole("maxUnavailable", 1),
        max_surge=rollout.whole("maxSurge", 0),
        rerun=own.whole("rerun", 0),
        outputs=read_outputs(own),
        cache=own.flag("cache", default=False),
        suspend="task" if own.flag("suspend", default=False) else "",
    )


def read_length(fields: Fields, name: str) -> float:
    """Return a length of time in seconds, 0.0 where none is given; reports one that is zero."""
    node = fields.node.get(name)
    if node is None:
        return 0.0
    length = fields.parsed(name, parse_duration, 1.0)
    if not length:
        message = f"{name}: no time at all"
        fields.report.about(node, "out-of-range", message, "Give more, or remove the field.")
    return length


def is_gang(own: Fields) -> bool:
    """Whether instances start together: where that is asked for, or where they work as one."""
    joined = own.below("container").text("network") == "cluster"
    return own.below("placement").flag("gang", default=False) or joined


def _one_of(fields: Fields, name: str, default: E) -> E:
    """Return a choice as its member; one that the schema refuses is told by the schema."""
    kind, text = type(default), fields.choice(name, default)
    return kind(text) if text in set(kind) else default


def _check_rest(own: Fields) -> None:
    """Report what is wrong with the fields that are not acted on."""
    for place, names in _CHOICES.items():
        for name in names if place in own.node.items else ():
            own.below(place).choice(name, "")
    own.each("progress", lambda text: progress(text) if text else 0)
    check_secrets(own)


def _schedule(fields: Fields) -> Schedule | None:
    expression = fields.parsed("cron", cron, "")
    zone = fields.parsed("timezone", time_zone, "UTC")
    overlap = _one_of(fields, "overlap", Overlap.FORBID)
    return Schedule(expression, zone, overlap) if expression else None


def _dependencies(own: Fields) -> tuple[Dependency, ...]:
    known: dict[str, Dependency] = {}
    for node in items_of(own.node.get("dependsOn")):
        condition = _one_of(Fields(node, own.report), "condition", Condition.SUCCESS)
        name, about = node.text("task"), node.get("task") or node
        if name in known:
            message = f"the task {shorten(name)} is waited for twice"
            own.report.about(about, "duplicate-value", message, "Remove one of them.")
        known[name] = Dependency(name, condition)
    return tuple(known.values())
