"""A task's inputs and outputs: which objects go where, and which files come back.

Decides how prefixes, patterns and folders may be written. Must not know buckets, nor which of
them exist.
"""

from typing import Any

from reconciler.manifests.documents import items_of
from reconciler.manifests.fields import Fields
from reconciler.manifests.paths import check_absolute
from reconciler.manifests.patterns import glob
from reconciler.manifests.reporting import shorten
from reconciler.manifests.tree import Scalar
from reconciler.model.data import Input, Outputs
from reconciler.model.quantities import parse_duration


def read_inputs(own: Fields) -> tuple[Input, ...]:
    """Return a task's inputs; reports what is wrong with them, each for itself."""
    found = []
    for node in items_of(own.node.get("inputs")):
        fields = Fields(node, own.report)
        target = check_absolute(fields, "target")
        if _check_prefix(fields, "prefix") and _check_prefix(fields, "stripPrefix"):
            _check_strip(fields)
        found.append(
            Input(
                bucket=fields.text("bucket"),
                target=target,
                prefix=fields.text("prefix"),
                strip_prefix=fields.text("stripPrefix"),
                read_only=fields.flag("readOnly", default=False),
            )
        )
    return tuple(found)


def read_outputs(own: Fields) -> Outputs | None:
    """Return a task's outputs, None where it has none; reports what is wrong with them."""
    if "outputs" not in own.node.items:
        return None
    fields = own.below("outputs")
    _check_prefix(fields, "prefix")
    fields.each("include", glob)
    fields.each("exclude", glob)
    choices: dict[str, Any] = {
        "on_failure": fields.choice("onFailure", "upload"),
        "on_cancel": fields.choice("onCancel", "upload"),
    }
    given = "include" in fields.node.items
    return Outputs(
        bucket=fields.text("bucket"),
        source=check_absolute(fields, "source"),
        prefix=fields.text("prefix"),
        include=fields.texts("include") if given else ("**",),
        exclude=fields.texts("exclude"),
        snapshot_every=fields.parsed("snapshotEvery", parse_duration, 0.0),
        **choices,
    )


def _check_prefix(fields: Fields, name: str) -> bool:
    node = fields.node.get(name)
    if not isinstance(node, Scalar):
        return True
    fault = ""
    if node.text.startswith("/"):
        fault = "begins with /, which no object's name does"
    elif {".", ".."} & set(node.text.split("/")):
        fault = "has a . or .. between slashes"
    if fault:
        message = f"{name}: {shorten(node.text)} {fault}"
        hint = "Write what the objects' names begin with, such as pi/."
        fields.report.about(node, "bad-prefix", message, hint)
    return not fault


def _check_strip(fields: Fields) -> None:
    prefix, strip = fields.text("prefix"), fields.text("stripPrefix")
    if not prefix.startswith(strip) and not strip.startswith(prefix):
        message = f"no object whose name begins with {shorten(prefix)} begins with {strip!r}"
        node = fields.node.get("stripPrefix") or fields.node
        fields.report.about(node, "bad-prefix", message, "Make it a part of prefix.")
