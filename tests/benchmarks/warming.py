"""(n) Time to the first instance in a prepared slot, against one whose image is to be pulled.

The image is of bytes that nothing compresses, and is nowhere but in a registry on the loopback
address: as near as a registry can be.
"""

import io
import os
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from docker.errors import ImageNotFound

from reconciler.engines.docker.containers import epoch
from tests.benchmarks.bench import IMAGE, Bench, until
from tests.benchmarks.project import Project, project, run
from tests.benchmarks.table import Figure, Item, interleaved, ratio
from tests.support.registry import POSSIBLE, free_port, serving

_TASK = "first"
_POOL = "warm"
_MEGABYTE = 1_000_000


def measure(bench: Bench) -> Item:
    """Measure both in turns; the image is removed before each pull."""
    item = Item("n", f"first instance of an image of {bench.sizes.image} MB")
    if not POSSIBLE:
        item.notes.append("not measured: docker-registry is not there")
        return item
    folder = bench.scratch / "registry"
    folder.mkdir(exist_ok=True)
    with serving(folder, free_port()) as address, _image(bench, f"{address}/big") as image:
        takes = {
            "in a prepared slot": lambda: _slot(bench, image),
            "without a slot": lambda: _pull(bench, image),
        }
        measured = interleaved(bench.sizes.pulls, list(takes.values()))
    slot, pull = item.figures = [
        Figure(name, "ms", values) for name, values in zip(takes, measured, strict=True)
    ]
    item.claims += [ratio(slot, pull, 1.0)]
    item.notes.append(
        "from before a task's file is written until the engine has started its container, by a"
        " `reconciler run` at rest; the registry is on the loopback address, and elsewhere the"
        " pull takes longer"
    )
    return item


def _slot(bench: Bench, image: str) -> float:
    with project(bench, 0) as ours:
        ours.write("pool.yaml", _pool(image))
        with ours.kept():
            until(lambda: '"Ready"' in _pools(ours), "a prepared slot")
            return _first(ours, image, pool=_POOL)


def _pull(bench: Bench, image: str) -> float:
    _remove(bench, image)
    with project(bench, 1) as ours, ours.kept():
        bench.running(ours.label, 1)
        return _first(ours, image)


def _first(ours: Project, image: str, **spec: str) -> float:
    """Ask for a task, and return in how many milliseconds its container was started."""
    label = ours.label
    others = {entry["Id"] for entry in ours.bench.containers(label)}
    spec |= {"restart": "never", "profile": "docker-batch"}
    began = time.time()
    ours.write("first.yaml", _asked("Task", _TASK, image, "sleep 100000", **spec))
    ours.bench.running(label, len(others) + 1)
    (made,) = (e["Id"] for e in ours.bench.containers(label) if e["Id"] not in others)
    started = ours.bench.client.inspect_container(made)["State"]["StartedAt"]
    return (epoch(started) - began) * 1000


def _pool(image: str) -> dict[str, object]:
    one = [{"name": "one", "slots": 1}]
    room = {"cpus": 0.5, "memory": "64Mi"}
    return _asked("Pool", _POOL, image, "", slot=room, scaling=one)


def _asked(kind: str, name: str, image: str, command: str, **spec: object) -> dict[str, object]:
    repository, _, tag = image.rpartition(":")
    constants = {"DOCKER_REPO": repository, "DOCKER_TAG": tag}
    constants |= {"DOCKER_CMD": command} if command else {}
    return {"kind": kind, "metadata": {"name": name}, "spec": {"constants": constants, **spec}}


@contextmanager
def _image(bench: Bench, repository: str) -> Iterator[str]:
    """Make the image and put it into the registry; the engine forgets it at the end."""
    image = f"{repository}:1"
    made = bench.client.create_container(IMAGE, ["true"])["Id"]
    try:
        bench.client.put_archive(made, "/", _archive(bench.sizes.image))
        bench.client.commit(made, repository, "1")
    finally:
        bench.client.remove_container(made, v=True)
    try:
        for line in bench.client.push(repository, "1", stream=True, decode=True):
            assert "error" not in line, line
        yield image
    finally:
        _remove(bench, image)


def _archive(megabytes: int) -> bytes:
    data, held = os.urandom(megabytes * _MEGABYTE), io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        entry = tarfile.TarInfo("data")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return held.getvalue()


def _remove(bench: Bench, image: str) -> None:
    """Remove the image, and whatever of it has no name any more."""
    with suppress(ImageNotFound):
        bench.client.remove_image(image, force=True)


def _pools(ours: Project) -> str:
    said = ["-s", str(ours.folder), "--state", str(ours.state), "--format", "json"]
    with suppress(RuntimeError):  # there is no ledger yet
        return run([ours.bench.command, "pools", *said])
    return ""
