"""Mounts of a container's tree → those of the model.

Must not know which paths of a node may be bound: that is for `guarding` to say.
"""

import re
from typing import Any, Final

from reconciler.manifests.documents import items_of
from reconciler.manifests.fields import Fields
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.tree import Mapping
from reconciler.model.policy import normal
from reconciler.model.quantities import parse_bytes
from reconciler.model.spec import Mount

_VOLUME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?")
_EXTERNAL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")


def read_mounts(container: Fields) -> tuple[Mount, ...]:
    """Return the mounts of a container."""
    found: list[Mount] = []
    targets: set[str] = set()
    for node in items_of(container.node.get("mounts")):
        fields = Fields(node, container.report)
        found.append(_mount(fields, _target(fields, targets), _source(fields)))
    return tuple(found)


def _mount(fields: Fields, target: str, source: str) -> Mount:
    choices: dict[str, Any] = {"type": fields.choice("type", "bind")}
    return Mount(
        target=target,
        source=source,
        read_only=fields.flag("readOnly", default=False),
        external=fields.flag("external", default=False),
        size=fields.parsed("size", parse_bytes, 0),
        **choices,
    )


def _target(fields: Fields, taken: set[str]) -> str:
    target = normal(fields.text("target"))
    node = fields.node.get("target") or fields.node
    if not target.startswith("/"):
        message = f"the target {shorten(target)} is no absolute path"
        fields.report.about(node, "bad-path", message, "Begin it with /.")
    elif target == "/":
        message = "a mount cannot take the place of the container's root"
        fields.report.about(node, "bad-path", message, "Mount it at a folder, such as /data.")
    elif target in taken:
        message = f"two mounts have the target {target}"
        fields.report.about(node, "duplicate-target", message, "Choose another one.")
    taken.add(target)
    return target


def _source(fields: Fields) -> str:
    kind, source, report = fields.text("type"), fields.text("source"), fields.report
    _check_surplus(kind, fields.node, report)
    if kind == "tmpfs":
        return ""
    node = fields.node.get("source")
    if node is None:
        hint = "An absolute path of the node." if kind == "bind" else "The volume's name."
        report.about(fields.node, "missing-field", f"a {kind} mount needs a source", hint)
        return ""
    if kind == "bind":
        return _check_bind(source, fields)
    external = fields.flag("external", default=False)
    if not (_EXTERNAL if external else _VOLUME).fullmatch(source):
        hint = "Lower-case letters, digits and hyphens, at most 40."
        if source.startswith(("/", ".")):
            hint = "For a path of the node, use type: bind."
        report.about(node, "bad-name", f"{shorten(source)} is no name of a volume", hint)
    return source


def _check_surplus(kind: str, node: Mapping, report: Report) -> None:
    """Report fields that this type of mount has not."""
    for name, only in (("size", "tmpfs"), ("external", "volume")):
        if name in node.items and kind != only:
            at, pointer = node.place(name)
            message = f"{name} is for {only} mounts only"
            report.error("excluded-field", at, pointer, message, f"Remove it, or use type: {only}.")
    if kind == "tmpfs" and "source" in node.items:
        at, pointer = node.place("source")
        report.error("excluded-field", at, pointer, "a tmpfs mount has no source", "Remove it.")


def _check_bind(source: str, fields: Fields) -> str:
    node, path = fields.node.get("source") or fields.node, normal(source)
    if not path.startswith("/"):
        message = f"the bind source {shorten(source)} is no absolute path"
        hint = "Write the whole path of the folder on the node."
        fields.report.about(node, "bad-path", message, hint)
    return path
