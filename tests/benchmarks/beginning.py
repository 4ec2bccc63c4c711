"""(t) Instances whose inputs are on the node already, against as many without inputs."""

import io
import os
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.controller.workers import Limit
from reconciler.engines.docker.containers import epoch
from reconciler.model.identity import LABEL_DATA
from tests.benchmarks.bench import IMAGE, Bench, connect, new_name, project_label, timed, until
from tests.benchmarks.project import Project, project
from tests.benchmarks.table import Figure, Item, interleaved, ratio

_TARGET = 1.15
_INSTANCES = 10
_KIB, _MIB = 1024, 1024 * 1024
_FILE = "begun.yaml"
_COMMAND = "sleep 100000"
_SMALL = "1 MB"
# As many as begin to start containers at once.
_HANDS = Limit.FIRST
_WAYS = {"no inputs": None, "shared inputs": True, "copied inputs": False}
"""For each way whether inputs are read-only, None for no inputs."""


def measure(bench: Bench) -> Item:
    """Measure all in turns, of little data and of more."""
    item = Item("t", f"{_INSTANCES} instances whose inputs are on the node already")
    for what, files, size in _data(bench.sizes.inputs):
        with _warm(bench, what, files, size) as ours:
            takes = [partial(_begin, ours, read_only) for read_only in _WAYS.values()]
            takes += [partial(_bare, ours, tar) for tar in (b"", _tar(bench, what))]
            measured = interleaved(bench.sizes.begins, takes)
        names = (*_WAYS, "bare loop", "bare loop with docker cp")
        without, shared, copied, bare, filled = figures = [
            Figure(f"{what}: {name}", "ms", values)
            for name, values in zip(names, measured, strict=True)
        ]
        item.figures += figures
        item.claims.append(ratio(shared, without, _TARGET))
        item.claims.append(ratio(copied, without, _TARGET if what == _SMALL else None))
        item.claims.append(ratio(filled, bare))
    item.notes.append(
        "from before a task's file is written until the engine has started the last of its"
        " containers, by a `reconciler run` at rest; the bare loop makes, fills and starts as many"
        f" on {_HANDS} threads, from memory"
    )
    return item


def _data(megabytes: int) -> list[tuple[str, int, int]]:
    """Return the names of sets of data, how many files each has, and of how many bytes each."""
    return [(_SMALL, 5, 200 * _KIB), (f"{megabytes} MB", 20, megabytes * _MIB // 20)]


@contextmanager
def _warm(bench: Bench, what: str, files: int, size: int) -> Iterator[Project]:
    """Have a project at rest whose node has the data."""
    bucket = _bucket(bench, what)
    bucket.mkdir()
    for number in range(files):
        (bucket / str(number)).write_bytes(os.urandom(size))
    with project(bench, 1) as ours:
        spec = {"url": f"file://{bucket}"}
        ours.write("bucket.yaml", {"kind": "Bucket", "metadata": {"name": "d"}, "spec": spec})
        with ours.kept():
            bench.running(ours.label, 1)
            for read_only in _WAYS.values():
                _begin(ours, read_only)
            yield ours


def _begin(ours: Project, read_only: bool | None) -> float:
    """Return in how many milliseconds the last instance of a new task was started."""
    bench, others = ours.bench, {entry["Id"] for entry in _containers(ours)}
    began = time.time()
    ours.write(_FILE, _task(read_only))

    def begun() -> list[str]:
        found = bench.containers(ours.label)
        return [entry["Id"] for entry in found if entry["Id"] not in others]

    until(lambda: len(begun()) == _INSTANCES, "the last start")
    running = begun()
    started = [bench.client.inspect_container(one)["State"]["StartedAt"] for one in running]
    for one in running:
        bench.client.kill(one)
    until(lambda: len(_containers(ours)) <= len(others), "the end of what was begun")
    return (max(epoch(stamp) for stamp in started) - began) * 1000


def _task(read_only: bool | None) -> dict[str, object]:
    repository, _, tag = IMAGE.partition(":")
    constants = {"DOCKER_REPO": repository, "DOCKER_TAG": tag, "DOCKER_CMD": _COMMAND}
    spec: dict[str, object] = {
        "profile": "docker-batch",
        "restart": "never",
        "instances": _INSTANCES,
        "ttl": "1s",
        "constants": constants,
        "container": {"network": "none"},
    }
    if read_only is not None:
        spec["inputs"] = [{"bucket": "d", "target": "/job/in", "readOnly": read_only}]
    return {"kind": "Task", "metadata": {"name": new_name()}, "spec": spec}


def _bare(ours: Project, tar: bytes) -> float:
    """Return in how many milliseconds as many are started by calls alone, filled before."""
    (_, body, _), *_ = ours.configs()
    label = project_label(new_name())
    body = {**body, "Labels": dict([label.split("=")])}

    def begin(number: int) -> None:
        client = connect()
        made = client.create_container_from_config(body)["Id"]  # type: ignore[no-untyped-call]
        if tar:
            client.put_archive(made, "/", tar)
        client.start(made)
        client.close()

    with ours.bench.cleared(label), ThreadPoolExecutor(_HANDS) as hands:
        return timed(lambda: list(hands.map(begin, range(_INSTANCES)))) * 1000


def _tar(bench: Bench, what: str) -> bytes:
    """Return the files of a bucket as `docker cp` sends them."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        archive.add(_bucket(bench, what), "job/in")
    return held.getvalue()


def _bucket(bench: Bench, what: str) -> Path:
    return bench.scratch / f"inputs of {what}"


def _containers(ours: Project) -> list[dict[str, Any]]:
    found = ours.bench.containers(ours.label, everything=True)
    return [entry for entry in found if LABEL_DATA not in entry["Labels"]]
