"""Loading on from the last revision gives what loading from the start gives, with less work."""

import random

import pytest

from reconciler import manifests
from reconciler.manifests import loading, stepping
from reconciler.manifests.examining import Sheet, read_sheet
from reconciler.model.catalog import Catalog
from tests.manifests.loaded import document, profile, task

NODE = document("Node", "n", "endpoint: unix:///n\ncapacity: {cpus: 4}")
SERVICE = "profile: docker-service\ncontainer: {image: x, ports: [{container: 80, host: 8080}]}"
BODIES = [
    "", "instances: 3", "job: j", "job: k", "profile: mine", "profile: gone", "priority: 3",
    "dependsOn: [{task: t1}]", SERVICE, "container: {resources: {cpus: 2}}", "x: 1", "pool: p",
    "container: {resources: {cpus: 9}}", "instances: nine", "constants: {DOCKER_TAG: '1'}",
]  # fmt: skip
OTHERS = {
    "job.yaml": [document("Job", "j", ""), document("Job", "j", "suspend: true")],
    "profile.yaml": [profile("container: {image: x}"), profile("container: {image: y}"), "a: [\n"],
    "node.yaml": [NODE, NODE.replace("cpus: 4", "cpus: 1"), ""],
    "reconciler.yaml": ["project: p\n", "project: q\n", "project: p\npolicy: {images: [a]}\n"],
}


class Steps:
    """Counts how often a step was enough."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken = self.declined = 0
        plain = stepping.step

        def step(*given: object) -> Catalog | None:
            catalog = plain(*given)  # type: ignore[arg-type]  # as it was called
            self.taken += catalog is not None
            self.declined += catalog is None
            return catalog

        monkeypatch.setattr(loading, "step", step)


def base() -> dict[str, bytes]:
    files = {f"{n:03}.yaml": task("", f"t{n}").encode() for n in range(30)}
    return files | {path: texts[0].encode() for path, texts in OTHERS.items()}


@pytest.mark.parametrize("seed", range(6))
def test_any_history(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance, steps = random.Random(seed), Steps(monkeypatch)
    files, memory = base(), manifests.Memory()
    for number in range(30):
        changed(files, chance)
        fresh = manifests.load(dict(files), project="p", revision=str(number))
        found = manifests.load(dict(files), project="p", revision=str(number), memory=memory)
        assert found == fresh
    assert steps.taken > 3
    assert steps.declined > 0


def changed(files: dict[str, bytes], chance: random.Random) -> None:
    """Change, add, remove or move a task, or now and then something that others refer to."""
    kind = chance.random()
    path = f"{chance.randrange(30):03}.yaml"
    if kind < 0.1:
        other = chance.choice(sorted(OTHERS))
        files[other] = chance.choice(OTHERS[other]).encode()
    elif kind < 0.2:
        files.pop(path, None)
    elif kind < 0.3 and path in files:
        files[f"moved-{chance.randrange(9)}.yaml"] = files.pop(path)
    elif kind < 0.7:
        # Mostly what does no harm, so that there is a revision without errors to go on from.
        body = chance.choice(BODIES[:3] + BODIES[6:7] + BODIES[9:10])
        files[path] = task(body, f"t{int(path[:3])}").encode()
    elif kind < 0.8:
        files[path] = task(chance.choice(BODIES), f"t{chance.randrange(40)}").encode()
    else:
        files.clear()
        files.update(base())


def test_one_change_of_many_is_one_file_read(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, files = manifests.Memory(), base()
    manifests.load(files, project="p", revision="1", memory=memory)
    read: list[str] = []

    def reading(path: str, data: bytes) -> Sheet:
        read.append(path)
        return read_sheet(path, data)

    monkeypatch.setattr(stepping, "read_sheet", reading)
    monkeypatch.setattr(loading, "read_sheet", lambda p, d: pytest.fail(f"{p} was read again"))
    files = files | {"007.yaml": task("instances: 4", "t7").encode()}
    found = manifests.load(files, project="p", revision="2", memory=memory)
    assert read == ["007.yaml"]
    assert found.desired is not None
    assert len(found.desired.tasks["t7"].instances) == 4
