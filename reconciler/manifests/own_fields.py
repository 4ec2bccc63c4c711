"""A task's own fields that no part of the model holds yet: what is wrong with each for itself.

Decides by one field at a time; what fields mean to each other is for `exclusions`. Must not
know profiles or constants, which are merged and substituted before.
"""

from typing import Final

from reconciler.manifests.confidential import check_secrets
from reconciler.manifests.documents import items_of
from reconciler.manifests.fields import Fields
from reconciler.manifests.patterns import progress
from reconciler.manifests.reporting import shorten
from reconciler.manifests.schedules import cron, time_zone
from reconciler.manifests.transfers import check_inputs, check_outputs
from reconciler.model.quantities import parse_duration

_CHOICES: Final = {
    "": ("onChange", "onScale"),
    "placement": ("onNodeLoss", "spread"),
    "schedule": ("overlap",),
    "outputs": ("onFailure", "onCancel"),
}
_WHOLE: Final = {"": ("priority",), "retry": ("total",), "success": ("minSucceeded",),
                 "rollout": ("maxSurge",)}  # fmt: skip
_FLAGS: Final = {"": ("cache",), "placement": ("gang",)}
_NESTED: Final = (_CHOICES.keys() | _WHOLE.keys() | _FLAGS.keys()) - {""}


def check_own_fields(own: Fields) -> None:
    """Report everything that single fields show."""
    _check_types(own)
    for name in ("timeout", "queueTimeout"):
        check_length(own, name)
    own.parsed("ttl", parse_duration, 0.0)
    _check_schedule(own)
    _check_dependencies(own)
    _check_progress(own)
    check_secrets(own)
    check_inputs(own)
    check_outputs(own)


def check_length(fields: Fields, name: str) -> None:
    """Report a length of time that is none, or zero."""
    node = fields.node.get(name)
    if node is not None and not fields.parsed(name, parse_duration, 1.0):
        message = f"{name}: no time at all"
        fields.report.about(node, "out-of-range", message, "Give more, or remove the field.")


def _check_types(own: Fields) -> None:
    """Read what the schema has checked, for constants that are escaped where none may stay."""
    for place in ("", *_NESTED & own.node.items.keys()):
        fields = own.below(place) if place else own
        for name in _CHOICES.get(place, ()):
            fields.choice(name, "")
        for name in _WHOLE.get(place, ()):
            fields.whole(name, 0)
        for name in _FLAGS.get(place, ()):
            fields.flag(name, default=False)


def _check_schedule(own: Fields) -> None:
    fields = own.below("schedule")
    fields.parsed("cron", cron, "")
    fields.parsed("timezone", time_zone, "")


def _check_dependencies(own: Fields) -> None:
    known: set[str] = set()
    for node in items_of(own.node.get("dependsOn")):
        Fields(node, own.report).choice("condition", "success")
        name, about = node.text("task"), node.get("task") or node
        if name in known:
            message = f"the task {shorten(name)} is waited for twice"
            own.report.about(about, "duplicate-value", message, "Remove one of them.")
        known.add(name)


def _check_progress(own: Fields) -> None:
    """Read each expression but the empty ones, which constants without a value leave."""
    own.each("progress", lambda text: progress(text) if text else 0)
