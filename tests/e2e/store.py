"""A bucket on a real S3 server on loopback: the product asks it through a relay, we do directly."""

import json
from collections import Counter

from reconciler.buckets.bucket import Bucket
from reconciler.buckets.opening import Buckets
from reconciler.model import data
from reconciler.model.operator import Credential, SecretPlace
from tests.e2e.project import Json, Project
from tests.support.relay import Relay
from tests.support.s3 import OWNER, S3Server


class Store:
    """The bucket `lab` of one project, and what is in it."""

    def __init__(self, project: Project, server: S3Server, relay: Relay) -> None:
        """Make it, and declare it with an operator's credentials."""
        self.relay = relay
        self._name = f"lab-{project.name}"
        server.make(self._name)
        files = {kind: project.home / kind for kind in ("accessKey", "secretKey")}
        for file, value in zip(files.values(), OWNER, strict=True):
            file.write_text(value)
        config = project.home / "config.yaml"
        places = {kind: {"file": str(file)} for kind, file in files.items()}
        config.write_text(json.dumps({"credentials": {"own": places}}))
        project.reconciler.env["RECONCILER_CONFIG"] = str(config)
        url = f"s3://{self._name}"
        spec = {"url": url, "endpoint": relay.url, "credentials": {"name": "own"}}
        project.declare(bucket("lab", **spec))
        access, secret = (SecretPlace(file=str(file)) for file in files.values())
        own = {"own": Credential(access_key=access, secret_key=secret)}
        plain = data.Bucket(name="lab", url=url, endpoint=server.url, credentials="own")
        self.bucket: Bucket = Buckets({"lab": plain}, own).open("lab")

    def put(self, **objects: bytes) -> None:
        """Store objects; slashes of names are written as two underscores."""
        for name, content in objects.items():
            self.bucket.write(name.replace("__", "/"), [content], len(content))

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """Return name → bytes of the objects whose names begin so."""
        return {entry.name: entry.size for entry in self.bucket.list(prefix)}

    def versions(self, prefix: str = "") -> dict[str, str]:
        """Return name → version of the objects whose names begin so."""
        return {entry.name: entry.version for entry in self.bucket.list(prefix)}

    def read(self, name: str) -> bytes:
        entry = self.bucket.look(name)
        assert entry is not None, name
        return b"".join(self.bucket.read(entry))

    def manifest(self, prefix: str, task: str, run: int = 1, instance: int = 0) -> Json:
        """Return what tells of an instance's results."""
        told: Json = json.loads(self.read(f"{prefix}.reconciler/{task}.{run}.{instance}.json"))
        return told

    def asked(self, method: str, prefix: str) -> dict[str, int]:
        """Return object → how often it was asked for so, of those whose names begin so."""
        paths = (path.partition("?")[0] for how, path in self.relay.requests if how == method)
        names = (path.removeprefix(f"/{self._name}/") for path in paths)
        return dict(Counter(name for name in names if name.startswith(prefix)))


def bucket(name: str, **spec: object) -> Json:
    """Return a Bucket's manifest."""
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Bucket",
        "metadata": {"name": name},
        "spec": spec,
    }
