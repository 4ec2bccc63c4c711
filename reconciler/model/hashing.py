"""The two hashes of an instance's spec: what must run again, and what merely changed form.

`work` decides completion: what a changed value of it means is new work, hence a new run.
`shape` replaces services and unfinished attempts only. Neither may ever depend on key order,
spelled-out defaults, counts, labels, comments, file moves or a release of this program: the
canonical text leaves out every field that has its default, and every constant that is empty, so
that a field, or a profile's constant, added later changes no hash. The algorithm's version stands
in the prefix.
"""

import hashlib
import json
from functools import cache
from typing import Final

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields, replace

from reconciler.model.spec import InstanceSpec

WORK_FIELDS: Final = (
    "image", "entrypoint", "command", "master", "worker", "user", "groups", "workdir", "env",
    "constants", "mounts", "inputs", "secrets",
)  # fmt: skip
SHAPE_FIELDS: Final = (
    "hostname", "account", "network", "ports", "resources", "security", "init", "health", "stop",
    "logs", "nodes", "pool", "cluster", "ssh", "tty", "stdin",
)  # fmt: skip
_DIGEST_LENGTH: Final = 20


class Fingerprint(Struct, frozen=True):
    """A hash together with the canonical text behind it, from which differences are worded."""

    hash: str
    text: str


def work_of(spec: InstanceSpec) -> Fingerprint:
    """Return the fingerprint that decides whether completed work is still this work."""
    return fingerprints_of(spec)[0]


def shape_of(spec: InstanceSpec) -> Fingerprint:
    """Return the fingerprint of everything about the container that is not its work."""
    return fingerprints_of(spec)[1]


def fingerprints_of(spec: InstanceSpec) -> tuple[Fingerprint, Fingerprint]:
    """Return the fingerprints of work and shape."""
    said = _spoken(replace(spec, constants=tuple(c for c in spec.constants if c[1])))
    return _fingerprint("w1", said, WORK_FIELDS), _fingerprint("s1", said, SHAPE_FIELDS)


def _fingerprint(prefix: str, said: dict[str, object], names: tuple[str, ...]) -> Fingerprint:
    kept = {name: said[name] for name in names if name in said}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
    return Fingerprint(f"{prefix}-{digest}", text)


def _spoken(value: Struct) -> dict[str, object]:
    """Return a struct's fields that differ from their defaults, nested ones likewise."""
    said: dict[str, object] = {}
    for name, default in _defaults(type(value)):
        here = getattr(value, name)
        if here != default:
            said[name] = _plain(here, name)
    return said


@cache
def _defaults(kind: type[Struct]) -> tuple[tuple[str, object], ...]:
    """Return the name and the default of each field; NODEFAULT, which equals nothing, if none."""
    return tuple(
        (entry.name, entry.default)
        if entry.default_factory is NODEFAULT
        else (entry.name, entry.default_factory())
        for entry in fields(kind)
    )


def _plain(value: object, name: str = "") -> object:
    if isinstance(value, Struct):
        return _spoken(value)
    if name in {"env", "constants", "nodes"} and isinstance(value, tuple):
        return dict(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
