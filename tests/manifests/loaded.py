"""Shortcuts for tests that load manifests."""

from reconciler import manifests
from reconciler.model.catalog import Catalog
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.policy import Policy

# What the operator keeps for the reconciler itself.
CLOSED = Policy(closed=("/state",))
# Encrypted files that manifests of tests refer to.
SEALED = {"t.age": b"sealed", "secrets/cert.age": b"sealed"}
HEAD = "apiVersion: reconciler/v1\nkind: {}\nmetadata: {{name: {}}}\n"


def document(kind: str, name: str, spec: str) -> str:
    """Return a manifest with the given spec, which is indented by two."""
    body = "".join(f"  {line}\n" for line in spec.splitlines())
    return HEAD.format(kind, name) + ("spec:\n" + body if body else "spec: {}\n")


def task(spec: str = "", name: str = "pi") -> str:
    return document("Task", name, spec)


def profile(spec: str, name: str = "mine") -> str:
    return document("Profile", name, spec)


def load(text: str | dict[str, str], **options: object) -> Catalog:
    files = {"a.yaml": text} if isinstance(text, str) else text
    given: dict[str, object] = {"project": "project", "revision": "r1", **options}
    encoded = {path: said.encode() for path, said in files.items()} | SEALED
    return manifests.load(encoded, **given)  # type: ignore[arg-type]  # tests know what they pass


def desired(text: str | dict[str, str], **options: object) -> Desired:
    catalog = load(text, **options)
    assert catalog.errors == ()
    assert catalog.desired is not None
    return catalog.desired


def only(text: str | dict[str, str], **options: object) -> DesiredTask:
    (found,) = desired(text, **options).tasks.values()
    return found
