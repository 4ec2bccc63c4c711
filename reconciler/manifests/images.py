"""Where an image comes from: a registry, a build, or an archive of the source.

Decides which of them may stand together, and that the registry's password is none that a
manifest holds. Must not know how an image is fetched or made.
"""

import posixpath
from typing import Final

from reconciler.manifests import references
from reconciler.manifests.documents import pairs
from reconciler.manifests.fields import Fields
from reconciler.manifests.paths import check_in_source
from reconciler.manifests.tree import Mapping, Scalar
from reconciler.model.images import Archive, Build, Origin

ORIGINS: Final = ("name", "build", "archive")
_EXCLUDED: Final = {
    "build": {"digest": "what is built has no digest before"},
    "archive": {
        "digest": "an archive is what it is",
        "pull": "an archive is not pulled",
        "registryAuth": "an archive comes from no registry",
    },
}


def read_image(fields: Fields) -> str:
    """Return an image's reference, empty for one that has none; reports what is wrong with it."""
    _check_origin(fields)
    _check_login(fields.below("registryAuth"))
    check_in_source(fields, "archive")
    check_in_source(fields.below("build"), "context")
    check_in_source(fields.below("build"), "file")
    name, digest = fields.node.get("name"), fields.text("digest")
    if not isinstance(name, Scalar):
        return ""
    try:
        reference = references.parse(name.text)
    except references.ReferenceFaultError as fault:
        at, pointer = name.place(fault.offset)
        message = f"image {name.text.lstrip('/')!r}: {fault.message}"
        fields.report.error("bad-image", at, pointer, message, fault.hint)
        return name.text
    return f"{reference.partition('@')[0]}@{digest}" if digest else reference


def read_origin(fields: Fields) -> Origin | None:
    """Return what of the source an image is made of, None where it comes from a registry."""
    image, build = fields.node, fields.below("build")
    if "name" in image.items:
        return None
    if "build" in image.items:
        context = posixpath.normpath(build.text("context", "."))
        file = posixpath.normpath(build.text("file", "Dockerfile"))
        return Build(context=context, file=file, args=pairs(build.node.mapping("args")))
    if "archive" in image.items:
        return Archive(path=posixpath.normpath(fields.text("archive")))
    return None


def has_origin(image: Mapping) -> bool:
    """Return whether anything tells where the image comes from."""
    return any(name in image.items for name in ORIGINS)


def _check_origin(fields: Fields) -> None:
    node = fields.node
    given: list[str] = [name for name in ORIGINS if name in node.items]
    given.sort(key=lambda name: node.place(name)[0])
    for name in given[1:]:
        message = f"the image has {given[0]} already"
        fields.exclude(name, message, "Keep one of name, build and archive.")
    for name, why in _EXCLUDED.get(given[0] if len(given) == 1 else "", {}).items():
        if name in node.items:
            fields.exclude(name, why, f"Remove it, or give the image by name: not {given[0]}.")


def _check_login(fields: Fields) -> None:
    node, password = fields.node, fields.node.get("password")
    if isinstance(password, Scalar) and password.text:  # a secret constant leaves nothing here
        message = "the password of a registry may not stand in a manifest"
        hint = "Use a secret constant: ${DOCKER_REGISTRY_PASSWORD}."
        fields.report.about(password, "secret-literal", message, hint)
    for name in ("username", "password"):
        if "credentials" in node.items and name in node.items:
            fields.exclude(name, f"credentials hold the {name}", "Remove one of the two.")
