"""Paths as manifests write them: inside the source, or inside a container.

Decides by the written path alone: this room sees no file system, so whoever opens a path of
the source must not follow links out of it.
"""

import posixpath

from reconciler.manifests.fields import Fields
from reconciler.manifests.reporting import shorten
from reconciler.manifests.tree import Scalar
from reconciler.model.policy import normal


def check_in_source(fields: Fields, name: str) -> None:
    """Report a path that is not below the source's root, or not relative to it."""
    node = fields.node.get(name)
    if not isinstance(node, Scalar):
        return
    path = posixpath.normpath(node.text)
    if path.startswith("/"):
        hint = "Write it relative to the source's root."
        message = f"{name}: {shorten(node.text)} is an absolute path"
        fields.report.about(node, "bad-path", message, hint)
    elif path == ".." or path.startswith("../"):
        message = f"{name}: {shorten(node.text)} leads out of the source"
        fields.report.about(node, "bad-path", message, "Keep the file inside the source.")


def check_absolute(fields: Fields, name: str) -> str:
    """Return a path inside the container, normalised; reports one that is not absolute."""
    node = fields.node.get(name)
    if not isinstance(node, Scalar):
        return ""
    if not node.text.startswith("/"):
        message = f"{name}: {shorten(node.text)} is no absolute path"
        fields.report.about(node, "bad-path", message, "Begin it with /.")
        return ""
    return normal(node.text)
