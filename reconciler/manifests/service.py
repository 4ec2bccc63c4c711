"""The operator's sources, credentials and addresses → what `run` serves.

Decides what of them cannot be meant together: names that mean nothing or two things, and
secrets that are in two places or in none. Must not know what a remote is.
"""

from collections.abc import Mapping as MappingLike
from typing import Final, TypeVar

from reconciler.manifests.documents import items_of
from reconciler.manifests.fields import Fields
from reconciler.manifests.reporting import Report, did_you_mean, shorten
from reconciler.manifests.tree import Mapping, Scalar
from reconciler.model.operator import (
    Credential,
    Forge,
    Hooks,
    SecretPlace,
    Service,
    SourceSpec,
    Target,
)
from reconciler.model.quantities import parse_duration

T = TypeVar("T")
_ADDRESS: Final = "127.0.0.1:8686"
_REFS: Final = ("branch", "tag", "commit")
_ONE_WAY: Final = "a credential is one of token, password, key, agent, accessKey and role"
_WAYS: Final = ("token", "password", "key", "agent", "accessKey", "role")


def read_service(root: Mapping, report: Report) -> Service:
    """Return what an operator's configuration says that its schema has accepted."""
    credentials = {
        name: _credential(node, report) for name, node in _named(root.mapping("credentials"))
    }
    forges = {name: _forge(node, report) for name, node in _named(root.mapping("forges"))}
    sources: dict[str, SourceSpec] = {}
    for node in items_of(root.get("sources")):
        source = _source(node, credentials, forges, report)
        if source.name in sources:
            message = f"there is a source {source.name} already"
            at = node.get("name") or node
            report.about(at, "duplicate-name", message, "Rename or remove one of them.")
        sources[source.name] = source
    return Service(
        credentials=credentials,
        sources=tuple(sources.values()),
        hooks=_hooks(root, report),
        metrics=root.text("metricsListen"),
        targets=tuple(_target(node, report) for node in items_of(root.get("notify"))),
    )


def _named(owner: Mapping) -> list[tuple[str, Mapping]]:
    return [(name, node) for name, node in owner.items.items() if isinstance(node, Mapping)]


def _source(
    node: Mapping,
    credentials: MappingLike[str, Credential],
    forges: MappingLike[str, Forge],
    report: Report,
) -> SourceSpec:
    fields, signers = Fields(node, report), node.mapping("signers")
    _check_one(node, _REFS, "a source follows one of branch, tag and commit", report)
    return SourceSpec(
        name=fields.text("name"),
        url=fields.text("url"),
        branch=fields.text("branch"),
        tag=fields.text("tag"),
        commit=fields.text("commit"),
        path=fields.text("path"),
        interval=fields.parsed("interval", _interval, 30.0),
        credential=_chosen(node, "credentials", credentials, report),
        openpgp=signers.text("openpgp"),
        ssh=signers.text("ssh"),
        on_rewrite=fields.text("onRewrite"),
        submodules=fields.flag("submodules", default=False),
        forge=_chosen(node, "forge", forges, report),
    )


def _interval(text: str) -> float:
    seconds = parse_duration(text)
    if seconds < 1:
        raise ValueError(f"{text!r} is less than a second")
    return seconds


def _chosen(node: Mapping, field: str, known: MappingLike[str, T], report: Report) -> T | None:
    """Return the entry that a field names."""
    said = node.get(field)
    if not isinstance(said, Scalar):
        return None
    if said.text not in known:
        noun = field.removesuffix("s")
        message = f"there is no {noun} {shorten(said.text)}"
        otherwise = "Add it to the configuration, or remove the field."
        hint = did_you_mean(said.text, known, otherwise)
        report.about(said, "unknown-reference", message, hint)
    return known.get(said.text)


def _credential(node: Mapping, report: Report) -> Credential:
    fields = Fields(node, report)
    _check_one(node, _WAYS, _ONE_WAY, report)
    if "password" in node.items and "user" not in node.items:
        report.about(node, "missing-field", "user is missing beside password", "Add user: … here.")
    for one, other in (("accessKey", "secretKey"), ("secretKey", "accessKey")):
        if one in node.items and other not in node.items:
            message = f"{other} is missing beside {one}"
            report.about(node, "missing-field", message, f"Add {other}: … here.")
    return Credential(
        token=_place(node, "token", report),
        user=fields.text("user"),
        password=_place(node, "password", report),
        key=_place(node, "key", report),
        agent=fields.flag("agent", default=False),
        access_key=_place(node, "accessKey", report),
        secret_key=_place(node, "secretKey", report),
        session_token=_place(node, "sessionToken", report),
        role=fields.flag("role", default=False),
        known_hosts=fields.text("knownHosts"),
        ca=fields.text("ca"),
        proxy=fields.text("proxy"),
    )


def _forge(node: Mapping, report: Report) -> Forge:
    token = _place(node, "token", report) or SecretPlace()
    return Forge(
        kind=node.text("kind"),
        token=token,
        api=node.text("api"),
        repository=node.text("repository"),
        link=node.text("link"),
        ca=node.text("ca"),
        proxy=node.text("proxy"),
    )


def _hooks(root: Mapping, report: Report) -> Hooks | None:
    listen = root.mapping("listen")
    secret = _place(listen, "secret", report)
    if "listen" not in root.items or secret is None:
        return None
    return Hooks(address=listen.text("address") or _ADDRESS, secret=secret)


def _target(node: Mapping, report: Report) -> Target:
    url = _place(node, "url", report) or SecretPlace()
    on = Fields(node, report).texts("on")
    return Target(url=url, on=on) if "on" in node.items else Target(url=url)


def _place(owner: Mapping, field: str, report: Report) -> SecretPlace | None:
    node = owner.get(field)
    if not isinstance(node, Mapping):
        return None
    if len(node.items) != 1:
        message = f"{field}: a secret is in one place, env or file"
        report.about(node, "excluded-field", message, "Give one of the two.")
    return SecretPlace(file=node.text("file"), env=node.text("env"))


def _check_one(node: Mapping, names: tuple[str, ...], message: str, report: Report) -> None:
    given = [name for name in names if name in node.items]
    for name in given[1:]:
        at, pointer = node.place(name)
        report.error(
            "excluded-field", at, pointer, message, f"Remove all but one of {', '.join(given)}."
        )
