"""Kinds whose values are written out: no constants stand for them.

Decides that a Node, a Pool and a Bucket mean one thing, whoever uses them.
"""

from collections.abc import Collection, Iterator

from reconciler.manifests.reporting import Report
from reconciler.manifests.substitution import names_in
from reconciler.manifests.tree import Mapping, Node, Scalar


def check_literal(spec: Mapping, report: Report, apart: Collection[str] = ()) -> bool:
    """Report constants in a spec, its fields `apart` left out; return whether there are none."""
    found = [
        (scalar, names)
        for name, node in spec.items.items()
        if name not in apart
        for scalar in _scalars(node)
        if (names := names_in(scalar.text))
    ]
    for scalar, names in found:
        message = f"${{{names[0]}}} stands for nothing here: constants belong to profiles and tasks"
        report.about(scalar, "misplaced-constant", message, "Write the value itself.")
    return not found


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
        return
    for item in node.items.values() if isinstance(node, Mapping) else node.items:
        yield from _scalars(item)
