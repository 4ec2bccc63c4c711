"""(s) What bucket → container and container → bucket take, beside `docker cp` of the same data.

Ours are the very calls that the controller makes between an instance's exit and the record of it,
and before its start: the reconciler's own, whole, with the journal and the result manifest. What a
whole `apply` takes besides has items of its own.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter

from reconciler.buckets.opening import Buckets
from reconciler.controller.carrying import Carriage
from reconciler.engines.docker import open_engine
from reconciler.engines.engine import Engine
from reconciler.model import data
from reconciler.model.action import Action, Cause, Verb
from tests.benchmarks.bench import IMAGE, SOCKET, Bench, new_name, project_label
from tests.benchmarks.carrying import MIB, PLACE, TARGET, Plain, fill, keys
from tests.benchmarks.table import Figure, Item, interleaved, ratio
from tests.support.engines import make_request
from tests.support.s3 import S3Server

_SMALL = 4096
_SOURCE = "/job"
_KINDS = ("folder", "S3")
_NAMES = ("ours", "docker cp", "docker cp, made sure of")


def measure(bench: Bench) -> Item:
    """Measure one large file and many small ones, both ways, for both kinds of bucket."""
    many, large = bench.sizes.objects, bench.sizes.megabytes
    item = Item("s", f"{many} small files, and one of {large} MiB, container to bucket and back")
    if shutil.which("docker") is None:
        item.notes.append("not measured: there is no docker on the path")
        return item
    folder = bench.scratch / "sending"
    for made in ("server", "folder", "state"):
        (folder / made).mkdir(parents=True)
    fill(folder / "many", many, _SMALL)
    fill(folder / "large", 1, large * MIB)
    with S3Server(folder / "server") as server, _place(bench, folder, server) as place:
        for what in ("many", "large"):
            place.have(what)
            for kind in _KINDS:
                _compare(item, bench, place, f"{what} to {kind}", place.outward(kind))
                _compare(item, bench, place, f"{what} from {kind}", place.inward(kind, what))
    item.notes += [
        "with S3, docker cp and a plain client that does eight at once, one after the other",
        "ours has each file in a folder sure to be on the disk; docker cp leaves that to who asks",
        "ours puts inputs into a volume that instances share; docker cp into one container's layer",
    ]
    return item


def _compare(
    item: Item, bench: Bench, place: "_Place", title: str, calls: "tuple[_Call, ...]"
) -> None:
    takes = [partial(place.timed, call) for call in calls]
    ours, rival, *sure = (
        Figure(f"{title}: {name}", "s", values)
        for name, values in zip(_NAMES, interleaved(bench.sizes.rounds, takes), strict=False)
    )
    item.figures += [ours, rival, *sure]
    item.claims.append(ratio(ours, rival, TARGET))
    item.claims += [ratio(ours, one) for one in sure]


_Call = Callable[[str], object]
"""Does it once; is given a name that was not used before."""


@contextmanager
def _place(bench: Bench, folder: Path, server: S3Server) -> Iterator["_Place"]:
    project = new_name()
    engine = open_engine("local", SOCKET)
    server.make(PLACE)
    with bench.cleared(project_label(project)):
        yield _Place(folder, server, engine, project)
    engine.close()


class _Place:
    """A container, a folder and a server, and what carries files between them."""

    def __init__(self, folder: Path, server: S3Server, engine: Engine, project: str) -> None:
        self._folder = folder
        self._engine = engine
        self._project = project
        self._plain = Plain(server, sure=False)
        self._declared = {
            "folder": data.Bucket(name="folder", url=f"file://{folder}/folder"),
            "S3": data.Bucket(
                name="S3", url=f"s3://{PLACE}", endpoint=server.url, credentials="lab"
            ),
        }
        opened = Buckets(self._declared, {"lab": keys(folder)})
        self._carriage = Carriage(lambda one: opened.open(one.name), folder=folder / "state")
        self._container = ""

    def have(self, what: str) -> None:
        """Have files in a container, in the folder and at the server."""
        self._container = self._made(what)
        _docker_cp(f"{self._folder / what}/.", f"{self._container}:{_SOURCE}")
        shutil.copytree(self._folder / what, self._folder / "folder" / "plain" / what)
        self._plain.put(self._folder / what)

    def timed(self, call: _Call) -> float:
        """Return the seconds of a call; what came of it in the project and the folder goes."""
        name = f"x{secrets.token_hex(4)}"
        began = perf_counter()
        call(name)
        took = perf_counter() - began
        for stored in self._engine.stored(self._project):
            self._engine.discard(self._project, stored.key)
        for left in ("folder", "."):
            shutil.rmtree(self._folder / left / name, ignore_errors=True)
        return took

    def outward(self, kind: str) -> tuple[_Call, ...]:
        """Return our way out of the container and theirs; of a folder's, a sure one besides."""

        def rival(name: str) -> None:
            (self._folder / name).mkdir()
            _docker_cp(f"{self._container}:{_SOURCE}/.", str(self._folder / name))
            if kind == "S3":
                self._plain.put(self._folder / name)

        def sure(name: str) -> None:
            rival(name)
            for path in (*(self._folder / name).iterdir(), self._folder / name):
                _sync(path)

        ways = partial(self._upload, kind), rival
        return (*ways, sure) if kind == "folder" else ways

    def inward(self, kind: str, what: str) -> tuple[_Call, ...]:
        """Return our way into a container and theirs."""

        def rival(name: str) -> None:
            source = self._folder / what
            if kind == "S3":
                source = self._folder / name
                source.mkdir()
                self._plain.get(what, source)
            _docker_cp(f"{source}/.", f"{self._container}:/{name}")

        return partial(self._fetch, kind, what), rival

    def _upload(self, kind: str, name: str) -> None:
        upload = data.Upload(
            bucket=self._declared[kind], prefix=f"{name}/", source=_SOURCE, include=("**",),
            exclude=(), manifest=f"{name}/.reconciler/work.json", about="{}",
        )  # fmt: skip
        self._carry(self._action(Verb.UPLOAD, name, upload=upload, container=self._container))

    def _fetch(self, kind: str, what: str, name: str) -> None:
        prefix = f"plain/{what}/"
        origin = data.Origin(bucket=self._declared[kind], prefix=prefix, strip_prefix=prefix)
        wanted = data.Fetching(project=self._project, description=name, origins=(origin,))
        self._carry(self._action(Verb.FETCH, name, fetching=wanted))

    def _carry(self, action: Action) -> None:
        self._carriage.carry(self._engine, action)

    def _action(self, verb: Verb, name: str, **fields: object) -> Action:
        return Action(verb=verb, node="local", subject=name, task="work", run=1,
                      cause=Cause("measured"), **fields)  # type: ignore[arg-type]  # fmt: skip

    def _made(self, what: str) -> str:
        return self._engine.create(make_request(self._project, what, image=IMAGE))


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _docker_cp(source: str, target: str) -> None:
    subprocess.run(["docker", "cp", source, target], check=True, capture_output=True)
