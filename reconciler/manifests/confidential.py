"""The secrets of a task: how each is referred to, and under which name an instance finds it.

Decides by references alone; the values are never here. Must not know which references the
operator allows.
"""

from collections.abc import Iterable
from typing import Final

from reconciler.manifests.documents import items_of
from reconciler.manifests.fields import Fields
from reconciler.manifests.paths import check_absolute, check_in_source
from reconciler.manifests.reporting import shorten
from reconciler.manifests.substitution import BUILTINS

_FOLDER: Final = "/run/secrets"


def check_secrets(own: Fields) -> None:
    """Report what is wrong with a task's secrets, each for itself and one with another."""
    names: set[str] = set()
    targets: set[str] = set()
    for node in items_of(own.node.get("secrets")):
        fields = Fields(node, own.report)
        _check_name(fields, names)
        _check_origin(fields)
        _check_target(fields, targets)


def secret_targets(spec: Fields) -> list[tuple[str, Fields]]:
    """Return the files that secrets appear as, each with the secret's fields."""
    found = [Fields(node, spec.report) for node in items_of(spec.node.get("secrets"))]
    return [(_target(fields), fields) for fields in found if not _as_variable(fields)]


def check_variables(own: Fields, taken: Iterable[str]) -> None:
    """Report secrets that are variables which instances have already from elsewhere."""
    known = set(taken)
    for node in items_of(own.node.get("secrets")):
        fields, name = Fields(node, own.report), node.text("name")
        if _as_variable(fields) and name in known:
            message = f"instances have the variable {name} already, as a constant or in env"
            about = node.get("name") or node
            own.report.about(about, "duplicate-variable", message, "Choose another name.")


def _as_variable(fields: Fields) -> bool:
    return fields.text("as") == "env"


def _target(fields: Fields) -> str:
    return check_absolute(fields, "target") or f"{_FOLDER}/{fields.text('name')}"


def _check_name(fields: Fields, taken: set[str]) -> None:
    name, node = fields.text("name"), fields.node.get("name") or fields.node
    if name in BUILTINS and _as_variable(fields):
        message = f"{name} is a built-in that every instance has of its own"
        fields.report.about(node, "reserved-name", message, "Choose another name.")
    elif name in taken:
        message = f"two secrets have the name {shorten(name)}"
        fields.report.about(node, "duplicate-value", message, "Rename or remove one of them.")
    taken.add(name)


def _check_origin(fields: Fields) -> None:
    origin = fields.below("from")
    given = sorted(origin.node.items, key=lambda name: origin.node.place(name)[0])
    if not given:
        hint = "Give one of env, file and age."
        message = "the secret comes from nowhere"
        at, pointer = fields.node.place("from")
        fields.report.error("missing-field", at, pointer, message, hint)
    for name in given[1:]:
        message = f"the secret comes from {given[0]} already"
        origin.exclude(name, message, "Keep one of env, file and age.")
    check_in_source(origin, "age")


def _check_target(fields: Fields, taken: set[str]) -> None:
    if _as_variable(fields):
        if "target" in fields.node.items:
            fields.exclude("target", "a variable has no target", "Remove it, or use as: file.")
        return
    target = _target(fields)
    if target in taken and "target" in fields.node.items:
        message = f"two secrets have the target {target}"
        node = fields.node.get("target") or fields.node
        fields.report.about(node, "duplicate-target", message, "Choose another one.")
    taken.add(target)
