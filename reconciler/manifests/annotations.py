"""Annotations that the program itself acts on; all others are for people.

Decides what each means for the manifest that it stands on. Whether a former name is free is for
`across`.
"""

import re
from typing import Final

from msgspec import Struct

from reconciler.manifests.declared import Place, Reference
from reconciler.manifests.reporting import Report, did_you_mean, shorten
from reconciler.manifests.tree import Mapping, Node, Scalar, place_of
from reconciler.model.identity import NAME_PATTERN

PREFIX: Final = "reconciler/"
PRUNE: Final = "reconciler/prune"
FORMER: Final = "reconciler/renamed-from"
OF_TASKS: Final = (PRUNE, FORMER)
OF_JOBS: Final = (PRUNE,)
_PROTECT: Final = "protect"
_NAME: Final = re.compile(NAME_PATTERN)


class Marks(Struct, frozen=True):
    """What annotations ask for: that instances outlive the manifest, and a former name."""

    protected: bool = False
    former: Reference | None = None


def read_annotations(
    annotations: Mapping, known: tuple[str, ...], report: Report, name: str = ""
) -> Marks:
    """Return what annotations ask for; those of ours that are not `known` here are told."""
    for key, node in annotations.items.items():
        if key.startswith(PREFIX) and key not in known:
            at, pointer = place_of(node)
            message = f"nothing acts on the annotation {shorten(key)} here"
            report.warn("unknown-annotation", at, pointer, message, did_you_mean(key, known))
    return Marks(
        _protected(annotations.get(PRUNE), report),
        _former(annotations.get(FORMER), name, report) if FORMER in known else None,
    )


def _protected(node: Node | None, report: Report) -> bool:
    if not isinstance(node, Scalar) or node.text == _PROTECT:
        return node is not None
    message = f"{PRUNE} takes no {shorten(node.text)}"
    report.about(node, "bad-annotation", message, f"Write {_PROTECT}, or remove the annotation.")
    return False


def _former(node: Node | None, name: str, report: Report) -> Reference | None:
    if not isinstance(node, Scalar):
        return None
    if not _NAME.fullmatch(node.text):
        message = f"{shorten(node.text)} cannot have been a task's name"
        hint = "Lower-case letters, digits and hyphens, at most 40."
        report.about(node, "bad-annotation", message, hint)
        return None
    if node.text == name:
        message = f"the task {name} cannot have been renamed from itself"
        report.about(node, "bad-annotation", message, "Give the former name.")
        return None
    return Reference("Task", node.text, Place(*place_of(node)))
