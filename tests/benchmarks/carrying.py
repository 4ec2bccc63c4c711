"""(r) What carrying data to an S3 server and back takes, beside the library used directly."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import obstore
from obstore.store import S3Store

from reconciler.buckets.bucket import Bucket
from reconciler.buckets.carrying import Carrier, Errand
from reconciler.buckets.crew import HANDS, together
from reconciler.buckets.folder import FolderBucket
from reconciler.buckets.opening import Buckets
from reconciler.buckets.service import PART
from reconciler.model import data
from reconciler.model.operator import Credential, SecretPlace
from tests.benchmarks.bench import Bench, timed
from tests.benchmarks.table import Figure, Item, interleaved, ratio
from tests.support.s3 import OWNER, S3Server

MIB = 1024 * 1024
PLACE = "bench"
TARGET = 1.25


def measure(bench: Bench) -> Item:
    """Measure one large object and many small ones, there and back."""
    many, large = bench.sizes.objects, bench.sizes.megabytes
    item = Item("r", f"one object of {large} MiB, and {many} small ones, to an S3 server and back")
    folder = bench.scratch / "carrying"
    (folder / "server").mkdir(parents=True)
    fill(folder / "large", 1, large * MIB)
    fill(folder / "many", many, 64)
    with S3Server(folder / "server") as server:
        server.make(PLACE)
        rivals = (_Ours(folder, server), Plain(server))
        for what in ("large", "many"):
            for way, noun in (("put", "to the server"), ("get", "and back")):
                calls = [partial(_take, rival, way, folder, what) for rival in rivals]
                ours, plain = (
                    Figure(f"{what} {noun}: {name}", "s", values)
                    for name, values in zip(
                        ("ours", "plain"), interleaved(bench.sizes.rounds, calls), strict=True
                    )
                )
                item.figures += [ours, plain]
                item.claims.append(ratio(ours, plain, TARGET))
    item.notes.append("ours checks what has come, and has each file on the disk; so has the plain")
    return item


class _Ours:
    def __init__(self, folder: Path, server: S3Server) -> None:
        url = f"s3://{PLACE}/ours"
        lab = data.Bucket(name="lab", url=url, endpoint=server.url, credentials="lab")
        self._bucket = Buckets({"lab": lab}, {"lab": keys(folder)}).open("lab")

    def put(self, folder: Path) -> None:
        _carry(FolderBucket("here", str(folder)), self._bucket, folder.name, "")

    def get(self, prefix: str, folder: Path) -> None:
        _carry(self._bucket, FolderBucket("here", str(folder)), "", prefix)


class Plain:
    """The same requests, as few lines as do them; `sure` has each file on the disk."""

    def __init__(self, server: S3Server, *, sure: bool = True) -> None:
        self._sure = sure
        self._store = S3Store(
            PLACE,
            endpoint=server.url,
            access_key_id=OWNER.access,
            secret_access_key=OWNER.secret,
            client_options={"allow_http": True, "timeout": "1h"},
        )

    def put(self, folder: Path) -> None:
        _each(folder.iterdir(), lambda path: self._put(path, f"plain/{folder.name}/{path.name}"))

    def get(self, prefix: str, folder: Path) -> None:
        found = obstore.list(self._store, f"plain/{prefix}").collect()
        names = (str(entry["path"]) for entry in found)
        _each(names, lambda name: self._get(name, folder / name.rpartition("/")[2]))

    def _put(self, path: Path, name: str) -> None:
        obstore.put(self._store, name, path, chunk_size=PART, max_concurrency=4)

    def _get(self, name: str, path: Path) -> None:
        with path.open("wb") as file:
            for piece in obstore.get(self._store, name).stream(min_chunk_size=MIB):
                file.write(piece)
            if self._sure:
                file.flush()
                os.fsync(file.fileno())


def keys(folder: Path) -> Credential:
    """Return the server's keys, in files of a folder."""
    (folder / "access").write_text(OWNER.access)
    (folder / "secret").write_text(OWNER.secret)
    return Credential(
        access_key=SecretPlace(file=str(folder / "access")),
        secret_key=SecretPlace(file=str(folder / "secret")),
    )


def _take(rival: _Ours | Plain, way: str, folder: Path, what: str) -> float:
    """Return the seconds of one way for one rival; nothing is there before it comes back."""
    if way == "put":
        return timed(lambda: rival.put(folder / what))
    back = folder / "back"
    shutil.rmtree(back, ignore_errors=True)
    back.mkdir()
    return timed(lambda: rival.get(what, back))


def _carry(source: Bucket, target: Bucket, base: str, prefix: str) -> None:
    carrier = Carrier(source, target, lambda _: None)
    errands = [
        Errand(entry, f"{base}/{name}" if base else name)
        for entry in source.list(f"{prefix}/" if prefix else "")
        for name in (entry.name.rpartition("/")[2],)
    ]
    for done in together(errands, carrier.carry, carrier.stop):
        assert done.error is None, done.error


def _each(things: Iterator[Path] | Iterator[str], work: Callable[..., None]) -> None:
    with ThreadPoolExecutor(HANDS) as hands:
        for done in [hands.submit(work, thing) for thing in things]:
            done.result()


def fill(folder: Path, count: int, size: int) -> None:
    """Make a folder with so many files of so many bytes, each with other content."""
    folder.mkdir()
    block = os.urandom(min(size, MIB))
    for number in range(count):
        with (folder / str(number)).open("wb") as file:
            for part in range(0, size, len(block)):
                file.write((number + part).to_bytes(8, "big") + block[8:])
