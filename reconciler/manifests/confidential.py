"""The secrets of a task: how each is referred to, and under which name an instance finds it.

Secrets stand in `secrets`, and as values of `env`: by a reference of their own, or by a secret
constant that has one.

Decides by references alone; the values are never here. Must not know which references the
operator allows.
"""

import posixpath
from collections.abc import Iterable, Iterator
from typing import Final

from reconciler.manifests.documents import items_of
from reconciler.manifests.fields import Fields
from reconciler.manifests.paths import check_absolute, check_in_source
from reconciler.manifests.reporting import shorten
from reconciler.manifests.substitution import BUILTINS, names_in
from reconciler.manifests.tree import Mapping, Node, Scalar
from reconciler.model.confidence import Origin, RegistryLogin, UsedSecret

_FOLDER: Final = "/run/secrets"


def read_secrets(own: Fields) -> tuple[UsedSecret, ...]:
    """Return what is confidential of an instance, by name: their order means nothing."""
    found = [
        UsedSecret(
            name=fields.text("name"),
            origin=_origin(fields.node.mapping("from")),
            target="" if _as_variable(fields) else _target(fields),
        )
        for fields in _listed(own)
    ]
    for name, node in own.node.mapping("container", "env").items.items():
        if (origin := _origin_of(node)) is not None:
            found.append(UsedSecret(name=name, origin=_origin(origin)))
    return tuple(sorted(found, key=lambda one: (one.name, one.target)))


def read_login(image: Fields) -> RegistryLogin | None:
    """Return how an image's registry is asked, None where it is asked as anybody."""
    node = image.node.mapping("registryAuth")
    password, username = _of_scalar(node, "password"), _of_scalar(node, "username")
    if password is None and not node.text("credentials"):
        return None
    return RegistryLogin(
        credentials=node.text("credentials"),
        username=node.text("username"),
        username_from=_origin(username) if username is not None else None,
        password=_origin(password) if password is not None else None,
    )


def origins_of(tree: Mapping) -> Iterator[Mapping]:
    """Yield where each confidential value of a task is."""
    for secret in items_of(tree.get("secrets")):
        yield secret.mapping("from")
    auth = tree.mapping("container", "image", "registryAuth")
    for node in (*tree.mapping("container", "env").items.values(), *auth.items.values()):
        if (origin := _origin_of(node)) is not None:
            yield origin


def encrypted_in(spec: Mapping) -> Iterator[tuple[str, Scalar]]:
    """Yield the encrypted files that a task, or a profile, names itself, with their places."""
    values = [
        *items_of(spec.get("secrets")),
        *items_of(spec.get("task", "secrets")),
        *spec.mapping("env").items.values(),
        *spec.mapping("container", "env").items.values(),
    ]
    for constant in spec.mapping("constants").items.values():
        values.append(constant)
        if isinstance(constant, Mapping) and "default" in constant.items:
            values.append(constant.items["default"])
    for value in values:
        node = value.get("from", "age") if isinstance(value, Mapping) else None
        if isinstance(node, Scalar) and node.text:
            yield posixpath.normpath(node.text), node


def path_in_source(origin: Mapping) -> str:
    """Return the encrypted file that a value is in, empty for none."""
    text = origin.text("age")
    return posixpath.normpath(text) if text else ""


def check_secrets(own: Fields) -> None:
    """Report what is wrong with a task's secrets, each for itself and one with another."""
    for node in own.node.mapping("container", "env").items.values():
        if isinstance(node, Mapping):
            check_origin(Fields(node, own.report))
    names: set[str] = set()
    targets: set[str] = set()
    for fields in _listed(own):
        _check_name(fields, names)
        check_origin(fields)
        _check_target(fields, targets)


def secret_targets(spec: Fields) -> list[tuple[str, Fields]]:
    """Return the files that secrets appear as, each with the secret's fields."""
    return [(_target(fields), fields) for fields in _listed(spec) if not _as_variable(fields)]


def check_variables(own: Fields, taken: Iterable[str]) -> None:
    """Report secrets that are variables which instances have already from elsewhere."""
    known = set(taken)
    for fields in _listed(own):
        node, name = fields.node, fields.text("name")
        if _as_variable(fields) and name in known:
            message = f"instances have the variable {name} already, as a constant or in env"
            about = node.get("name") or node
            own.report.about(about, "duplicate-variable", message, "Choose another name.")


def _listed(own: Fields) -> list[Fields]:
    return [Fields(node, own.report) for node in items_of(own.node.get("secrets"))]


def _origin_of(node: Node) -> Mapping | None:
    """Return where a value is, None where it stands in the manifest."""
    if isinstance(node, Scalar):
        return node.origin
    origin = node.get("from") if isinstance(node, Mapping) else None
    return origin if isinstance(origin, Mapping) else None


def _of_scalar(owner: Mapping, name: str) -> Mapping | None:
    node = owner.get(name)
    return node.origin if isinstance(node, Scalar) else None


def _origin(node: Mapping) -> Origin:
    return Origin(env=node.text("env"), file=node.text("file"), age=path_in_source(node))


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


def check_origin(fields: Fields) -> None:
    """Report what is wrong with where a value is to come from."""
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
    for node in origin.node.items.values():
        if isinstance(node, Scalar) and names_in(node.text):
            message = f"{shorten(node.text)}: where a secret is stands there in so many words"
            fields.report.about(node, "misplaced-constant", message, "Write the value itself.")


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
