"""What manifests ask for, held against the policy in force.

Decides which rule of a policy a value comes under, and who could allow it: the operator, or the
source that has narrowed the operator's policy itself. Each rule has a code of its own, told
where the value was supplied. Must not know how a policy is written.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from reconciler.manifests import references
from reconciler.manifests.confidential import origins_of
from reconciler.manifests.documents import items_of
from reconciler.manifests.fields import Fields
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.tree import Mapping, Node, Scalar, place_of
from reconciler.manifests.vocabulary import UnknownNameError, capability
from reconciler.model.policy import Maximum, Policy, matched, normal, within
from reconciler.model.position import Position
from reconciler.model.quantities import format_bytes, format_cpus
from reconciler.model.spec import Resources

Allows = Callable[[Policy], bool]
_NO_MAXIMUM: Final = Maximum()
_SECURITY: Final[tuple[tuple[str, str, str, str, Allows], ...]] = (
    ("privileged", "true", "policy-privileged", "privileged", lambda p: p.privileged),
    ("userns", "host", "policy-userns-host", "usernsHost", lambda p: p.userns_host),
    ("seccomp", "unconfined", "policy-seccomp", "seccompUnconfined",
     lambda p: p.seccomp_unconfined),
    ("noNewPrivileges", "false", "policy-new-privileges", "newPrivileges",
     lambda p: p.new_privileges),
)  # fmt: skip


class Terms(Struct, frozen=True):
    """The operator's policy, and what the source has left of it."""

    operator: Policy
    effective: Policy

    @property
    def digest(self) -> str:
        """What equal terms are recognised by."""
        return _digest(self)


@lru_cache(8)
def _digest(terms: Terms) -> str:
    return hashlib.sha256(msgspec.json.encode(terms)).hexdigest()


class Guard(Struct, frozen=True):
    """The policies in force, and where findings go."""

    terms: Terms
    report: Report

    def require(self, code: str, setting: str, message: str, allows: Allows, at: "Place") -> None:
        """Report what the policy in force does not allow, and whose setting forbids it."""
        if allows(self.terms.effective):
            return
        said = f"the policy forbids {message}"
        if allows(self.terms.operator):
            hint = f"policy.{setting} in reconciler.yaml forbids it."
        else:
            hint = f"policy.{setting} in the operator's configuration would allow it."
        self.report.error(code, *at, said, hint)

    def path(self, path: str, node: Node) -> None:
        """Hold a path that a manifest reaches into against the roots."""
        at = place_of(node)
        if reason := self.terms.effective.closes(path):
            hint = "Name a folder of your own, or use a volume."
            self.report.error("forbidden-bind", *at, f"{path} may not be bound: {reason}", hint)
            return
        message = f"the folder {path}, which is in none of its roots"
        self.require("policy-bind", "binds", message, lambda p: within(p.binds, path), at)

    def endpoint(self, node: Scalar) -> None:
        """Hold a node's endpoint against the patterns; the local engine is always allowed."""
        if node.text:
            message = f"the endpoint {shorten(node.text)}"
            self.require("policy-endpoint", "endpoints", message,
                         lambda p: matched(p.endpoints, node.text), node.place())  # fmt: skip

    def secret(self, node: Node | None) -> None:
        """Hold the name of a secret or of credentials against the patterns."""
        if isinstance(node, Scalar) and node.text:
            name = node.text
            self.require("policy-secret", "secrets", f"references to {shorten(name)}",
                         lambda p: matched(p.secrets, name), node.place())  # fmt: skip

    def secret_file(self, node: Node | None) -> None:
        """Hold a file that is a secret against the folders that may have some."""
        if isinstance(node, Scalar) and node.text:
            path = normal(node.text)
            self.require("policy-secret", "secretFiles", f"secrets from the file {path}",
                         lambda p: within(p.secret_files, path), node.place())  # fmt: skip


Place = tuple[Position, str]


def check_task(tree: Mapping, guard: Guard) -> None:
    """Report what a task asks for in so many words and may not have."""
    container = tree.mapping("container")
    _image(container.mapping("image"), guard)
    _network(container, guard)
    _security(container.mapping("security"), guard)
    for mount in items_of(container.get("mounts")):
        _mount(mount, guard)
    for node in Fields(container.mapping("resources"), guard.report).scalars("devices"):
        _device(node, guard)
    for origin in origins_of(tree):
        _secret(origin, guard)


def check_maximum(
    tree: Mapping, resources: Resources, instances: int, guard: Guard, task: Node
) -> None:
    """Report what a task asks for in numbers and may not have, by asking for no limit too.

    Only for a task without other faults, whose numbers are what its author wants.
    """
    if guard.terms.effective.maximum == _NO_MAXIMUM:
        return
    given = tree.mapping("container", "resources")
    gpus = Fields(given, guard.report).whole("gpus", 0)
    for name, asked, said in (
        ("cpus", resources.cpus, format_cpus(resources.cpus)),
        ("memory", resources.memory, format_bytes(resources.memory)),
        ("pids", resources.pids, str(resources.pids)),
    ):
        node = given.get(name) or task
        _limit(name, asked or float("inf"), said if asked else "no limit", guard, node)
    _limit("gpus", gpus, str(gpus), guard, given.get("gpus") or task)
    _limit("instances", instances, str(instances), guard, tree.get("instances") or task)


def _limit(name: str, asked: float, said: str, guard: Guard, node: Node) -> None:
    def allows(policy: Policy) -> bool:
        limit = getattr(policy.maximum, name)
        return limit is None or asked <= limit

    limit = getattr(guard.terms.effective.maximum, name)
    shown = format_bytes(limit or 0) if name == "memory" else limit
    message = f"{name}: {said}; at most {shown} may be asked for"
    guard.require("policy-maximum", f"maximum.{name}", message, allows, place_of(node))


def _image(image: Mapping, guard: Guard) -> None:
    guard.secret(image.get("registryAuth", "credentials"))
    if "build" in image.items:
        guard.require("policy-build", "builds", "images that are built from the source",
                      lambda p: p.builds, image.place("build"))  # fmt: skip
    name = image.get("name")
    if not isinstance(name, Scalar):
        return
    try:
        found = references.familiar(references.parse(name.text))
    except references.ReferenceFaultError:
        return  # reported by who reads it
    _check_names(found, name, guard)
    if not found.digest and not image.text("digest"):
        guard.require("policy-digest", "requireDigest", "images that are given without digest",
                      lambda p: p.undigested, name.place())  # fmt: skip


def _check_names(found: references.Familiar, name: Scalar, guard: Guard) -> None:
    """Hold registry and repository against the patterns; of a foreign registry only that."""
    at = name.place(name.text.find(found.written))
    if matched(guard.terms.effective.registries, found.registry):
        guard.require("policy-image", "images", f"the image {found.names[0]}",
                      lambda p: matched(p.images, *found.names), at)  # fmt: skip
    else:
        whose = name.place(0) if name.text.lower().startswith(found.registry) else at
        guard.require("policy-registry", "registries", f"the registry {found.registry}",
                      lambda p: matched(p.registries, found.registry), whose)  # fmt: skip


def _network(container: Mapping, guard: Guard) -> None:
    network = container.get("network")
    if isinstance(network, Scalar) and network.text == "host":
        guard.require("policy-host-network", "hostNetwork", "the node's own network",
                      lambda p: p.host_network, network.place())  # fmt: skip


def _security(security: Mapping, guard: Guard) -> None:
    for name, value, code, setting, allows in _SECURITY:
        node = security.get(name)
        if isinstance(node, Scalar) and str(node.plain).lower() == value:
            guard.require(code, setting, f"{name}: {value}", allows, node.place())
    for node in Fields(security.mapping("capabilities"), guard.report).scalars("add"):
        _capability(node, guard)


def _capability(node: Scalar, guard: Guard) -> None:
    try:
        known = capability(node.text)
    except UnknownNameError:
        return  # reported by who reads it
    asked = "*" if known == "ALL" else known
    guard.require("policy-capability", "capabilities", f"the capability {known}",
                  lambda p: matched(p.capabilities, asked), node.place())  # fmt: skip


def _device(node: Scalar, guard: Guard) -> None:
    device = normal(node.text.partition(":")[0])
    guard.require("policy-device", "devices", f"the device {device}",
                  lambda p: matched(p.devices, device), node.place())  # fmt: skip


def _mount(mount: Mapping, guard: Guard) -> None:
    source, external = mount.get("source"), mount.get("external")
    if not isinstance(source, Scalar):
        return
    if mount.text("type") == "bind" and source.text.startswith("/"):
        guard.path(normal(source.text), source)
    elif isinstance(external, Scalar) and external.plain is True:
        guard.require("policy-volume", "externalVolumes", f"the external volume {source.text}",
                      lambda p: p.external_volumes, source.place())  # fmt: skip


def _secret(origin: Mapping, guard: Guard) -> None:
    guard.secret(origin.get("env"))
    guard.secret_file(origin.get("file"))
    age = origin.get("age")
    if isinstance(age, Scalar):
        guard.require("policy-secret", "encryptedSecrets", "secrets from encrypted files",
                      lambda p: p.encrypted_secrets, age.place())  # fmt: skip
