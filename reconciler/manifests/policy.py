"""A policy as it is written, by the operator or by a source → Policy.

Decides the names of a policy's settings, and which of a source's reach beyond the operator's.
Must not know what is held against a policy.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.manifests.fields import Fields
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.tree import Mapping, Scalar
from reconciler.manifests.vocabulary import capability
from reconciler.model.policy import Maximum, Policy, listed, matched, within
from reconciler.model.quantities import parse_bytes, parse_cpus

# What a setting is called in a policy's text, and in the model.
_FLAGS: Final = {
    "privileged": "privileged",
    "hostNetwork": "host_network",
    "usernsHost": "userns_host",
    "seccompUnconfined": "seccomp_unconfined",
    "newPrivileges": "new_privileges",
    "externalVolumes": "external_volumes",
    "builds": "builds",
    "encryptedSecrets": "encrypted_secrets",
}
_DIGEST: Final = "requireDigest"  # the one flag that forbids
_BOUNDS: Final = ("maximum", "quota")
_CLOSED: Final = "forbiddenBinds"
_LISTS: Final[dict[str, tuple[str, Callable[..., bool]]]] = {
    "registries": ("registries", matched),
    "images": ("images", matched),
    "capabilities": ("capabilities", matched),
    "devices": ("devices", matched),
    "binds": ("binds", within),
    "endpoints": ("endpoints", matched),
    "secrets": ("secrets", matched),
    "secretFiles": ("secret_files", within),
}


class Given(Struct, frozen=True):
    """What a policy's text says: the model's fields by name."""

    values: dict[str, Any] = field(default_factory=dict)

    def over(self, base: Policy) -> Policy:
        """Return a policy that is as `base` is wherever the text says nothing."""
        return replace(base, **self.values)


def read_policy(text: Mapping, report: Report) -> Given:
    """Return what a policy says that its schema has accepted."""
    fields, values = Fields(text, report), dict[str, Any]()
    for name, known in _FLAGS.items():
        if name in text.items:
            values[known] = fields.flag(name, default=True)
    for name, (known, _) in _LISTS.items():
        if name in text.items:
            values[known] = listed(value for _, value in _items(fields, name))
    if _DIGEST in text.items:
        values["undigested"] = not fields.flag(_DIGEST, default=False)
    if _CLOSED in text.items:
        values["closed"] = tuple(sorted(fields.texts(_CLOSED)))
    for name in _BOUNDS:
        if name in text.items:
            values[name] = _maximum(fields.below(name))
    return Given(values)


def warn_of_widening(text: Mapping, operator: Policy, report: Report) -> None:
    """Tell where a source's policy allows what the operator's does not, which changes nothing."""
    fields, asked = Fields(text, report), read_policy(text, report).over(Policy())
    for name, known in {**_FLAGS, _DIGEST: "undigested"}.items():
        if name in text.items and getattr(asked, known) and not getattr(operator, known):
            _warn(fields, name, f"policy.{name}", report)
    for name, (known, allows) in _LISTS.items():
        for item, value in _items(fields, name):
            if not allows(getattr(operator, known), value):
                _warn_of_item(item, f"policy.{name}", report)
    for bound in _BOUNDS:
        for name in text.mapping(bound).items:
            mine = getattr(getattr(asked, bound), name)
            limit = getattr(getattr(operator, bound), name)
            if mine is not None and limit is not None and mine > limit:
                _warn(fields.below(bound), name, f"policy.{bound}.{name}", report)


def _items(fields: Fields, name: str) -> Iterator[tuple[Scalar, str]]:
    """Yield the values of a list with where they stand."""
    for node in fields.scalars(name):
        value = node.text
        if name == "capabilities" and value != "*":
            single = Fields(Mapping(node.at, node.pointer, {name: node}), fields.report)
            value = single.parsed(name, _capability, "")
        if value:
            yield node, value


def _capability(text: str) -> str:
    known = capability(text)
    return "*" if known == "ALL" else known


def _maximum(fields: Fields) -> Maximum:
    def whole(name: str) -> int | None:
        return fields.whole(name, 0) if name in fields.node.items else None

    return Maximum(
        cpus=fields.parsed("cpus", parse_cpus, None),
        memory=fields.parsed("memory", parse_bytes, None),
        gpus=whole("gpus"),
        pids=whole("pids"),
        instances=whole("instances"),
    )


def _warn(fields: Fields, name: str, setting: str, report: Report) -> None:
    found = fields.node.get(name)
    if isinstance(found, Scalar):
        _warn_of_item(found, setting, report)


def _warn_of_item(item: Scalar, setting: str, report: Report) -> None:
    at, pointer = item.place()
    message = f"{setting}: {shorten(item.text)} is more than the operator allows, and is ignored"
    hint = "A source's policy can only narrow the operator's: remove it, or ask the operator."
    report.warn("policy-widened", at, pointer, message, hint)
