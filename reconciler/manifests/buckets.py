"""What is wrong with a Bucket that its schema does not show.

Decides which addresses can be meant, and which fields go with which of them.
"""

import re
from typing import Final

from reconciler.manifests.documents import Entry
from reconciler.manifests.guarding import Guard
from reconciler.manifests.literals import check_literal
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.tree import Mapping, Scalar
from reconciler.model.data import Bucket
from reconciler.model.policy import Policy, matched, normal

AMBIENT: Final = "AWS_SECRET_ACCESS_KEY"
"""Who may refer to this variable may use all that the environment says of who one is at S3."""

_S3_ONLY: Final = ("endpoint", "region", "credentials")
_NAME: Final = re.compile(r"[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]")
_SERVICE: Final = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/?"
)


def check_bucket(entry: Entry, guard: Guard) -> None:
    """Report what a bucket cannot be, and what is not done with it yet."""
    spec, report = entry.spec, guard.report
    if not entry.sound or not check_literal(spec, report):
        return
    url = spec.get("url")
    if isinstance(url, Scalar):
        scheme, _, rest = url.text.partition("://")
        if scheme == "file":
            _check_folder(rest, url, guard)
            _check_surplus(spec, report)
        else:
            _check_s3(rest, url, report)
    _check_service(spec, report)
    guard.secret(spec.get("credentials", "name"))


def bucket_of(entry: Entry, policy: Policy) -> Bucket:
    """Return a bucket as its manifest asks for it, with what the policy in force lets it use."""
    spec = entry.spec
    return Bucket(
        name=entry.name,
        url=spec.text("url"),
        endpoint=spec.text("endpoint"),
        region=spec.text("region"),
        credentials=spec.mapping("credentials").text("name"),
        ambient=matched(policy.secrets, AMBIENT),
    )


def _check_folder(path: str, url: Scalar, guard: Guard) -> None:
    if not path.startswith("/"):
        host = path.partition("/")[0]
        message = (
            f"url: {shorten(url.text)} names a host, {shorten(host)}, and no folder of this one"
        )
        hint = f"Write three slashes: file:///{path}." if host else "Write file:///PATH."
        guard.report.about(url, "bad-url", message, hint)
    elif normal(path) == "/":
        message = "url: the root of all folders is no bucket"
        guard.report.about(url, "bad-url", message, "Name a folder: file:///srv/results.")
    else:
        guard.path(normal(path), url)


def _check_s3(rest: str, url: Scalar, report: Report) -> None:
    name, _, prefix = rest.partition("/")
    if "@" in name:
        _secret(url, report)
    elif not _NAME.fullmatch(name):
        message = f"url: {shorten(name)} is no name of a bucket" if name else "url: no bucket named"
        hint = "Write s3://BUCKET: 3 to 63 lower-case letters, digits, hyphens and dots."
        report.about(url, "bad-url", message, hint)
    elif "?" in prefix or "#" in prefix:
        message = f"url: {shorten(prefix)} is no prefix"
        report.about(url, "bad-url", message, "Give region and endpoint in fields of their own.")


def _check_service(spec: Mapping, report: Report) -> None:
    endpoint = spec.get("endpoint")
    if not isinstance(endpoint, Scalar) or not endpoint.text:
        return
    if "@" in endpoint.text:
        _secret(endpoint, report)
    elif not _SERVICE.fullmatch(endpoint.text):
        message = f"endpoint: {shorten(endpoint.text)} is no address of a service"
        report.about(endpoint, "bad-url", message, "Write https://HOST or https://HOST:PORT.")


def _secret(node: Scalar, report: Report) -> None:
    message = "an address with a user or a password in it: they may not stand in a manifest"
    hint = "Remove them, change the secret, and name the operator's: credentials: {name: …}."
    report.about(node, "secret-literal", message, hint)


def _check_surplus(spec: Mapping, report: Report) -> None:
    for name in _S3_ONLY:
        node = spec.get(name)
        if node is not None and node.plain != "":
            hint = "Remove it, or use an s3:// address."
            report.error("excluded-field", *spec.place(name), f"{name} is for s3:// only", hint)
