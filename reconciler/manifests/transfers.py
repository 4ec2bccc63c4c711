"""A task's inputs and outputs: which objects go where, and which files come back.

Decides how prefixes, patterns and folders may be written. Must not know buckets, nor which of
them exist.
"""

from reconciler.manifests.documents import items_of
from reconciler.manifests.fields import Fields
from reconciler.manifests.paths import check_absolute
from reconciler.manifests.patterns import glob
from reconciler.manifests.reporting import shorten
from reconciler.manifests.tree import Scalar
from reconciler.model.quantities import parse_duration


def check_inputs(own: Fields) -> None:
    """Report what is wrong with inputs, each for itself."""
    for node in items_of(own.node.get("inputs")):
        fields = Fields(node, own.report)
        check_absolute(fields, "target")
        if _check_prefix(fields, "prefix") and _check_prefix(fields, "stripPrefix"):
            _check_strip(fields)


def check_outputs(own: Fields) -> None:
    """Report what is wrong with outputs."""
    fields = own.below("outputs")
    check_absolute(fields, "source")
    _check_prefix(fields, "prefix")
    fields.parsed("snapshotEvery", parse_duration, 0.0)
    fields.each("include", glob)
    fields.each("exclude", glob)


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
