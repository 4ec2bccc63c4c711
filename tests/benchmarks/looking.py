"""(u) What it takes to see that inputs have not changed, beside a plain listing of the same."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import obstore
from obstore.store import LocalStore, S3Store

from reconciler.buckets.opening import Buckets
from reconciler.controller.fetching import Fetcher
from reconciler.controller.transfers import Transfers
from reconciler.engines.engine import Engine
from reconciler.engines.simulated import SimulatedEngine, World
from reconciler.model import data
from reconciler.model.action import Action, Cause, Verb
from reconciler.model.data import Fetching, Origin
from reconciler.model.operator import Credential
from tests.benchmarks.bench import Bench, computed, timed
from tests.benchmarks.carrying import PLACE, keys
from tests.benchmarks.table import Figure, Item, excess, interleaved
from tests.support.s3 import OWNER, S3Server

_PREFIX = "in"
_FOLDERS = 10
_EXTRA_MS = 100.0


def measure(bench: Bench) -> Item:
    """Measure a folder and a server, each with as many small objects."""
    many = bench.sizes.listed
    item = Item("u", f"no-change check of an input of {many} objects")
    folder = bench.scratch / "looking"
    names = _fill(folder / "here" / _PREFIX, many)
    (folder / "server").mkdir()
    here = data.Bucket(name="here", url=f"file://{folder / 'here'}")
    _compare(bench, item, "folder", partial(_plain, LocalStore(folder / "here")), _check(here, {}))
    with S3Server(folder / "server") as server:
        server.make(PLACE)
        store = _store(server)
        for name in names:
            obstore.put(store, f"{_PREFIX}/{name}", b"x", use_multipart=False)
        there = data.Bucket(
            name="there", url=f"s3://{PLACE}", endpoint=server.url, credentials="lab"
        )
        check = _check(there, {"lab": keys(folder)})
        _compare(bench, item, "S3 server", partial(_plain, store), check)
    item.notes.append("the check is all that a fetch does where the node has the data already")
    return item


def _compare(
    bench: Bench, item: Item, where: str, plain: Callable[[], int], check: Callable[[], object]
) -> None:
    assert plain() == bench.sizes.listed
    check()  # from now on the data are there
    takes = {"by the clock": timed, "by the processor": computed}
    for way, take in takes.items():
        calls = [lambda call=call, take=take: take(call) * 1000 for call in (check, plain)]
        measured = interleaved(bench.sizes.checks, calls)
        ours, listing = (
            Figure(f"{where}: {name}, {way}", "ms", values)
            for name, values in zip(("check", "plain listing"), measured, strict=True)
        )
        item.figures += [ours, listing]
        item.claims.append(excess(ours, listing, _EXTRA_MS))


def _check(bucket: data.Bucket, credentials: dict[str, Credential]) -> Callable[[], object]:
    """Return a fetch of what a node has, once it was made."""
    buckets = Buckets({bucket.name: bucket}, credentials)
    fetcher = Fetcher(lambda one: buckets.open(one.name), Transfers())
    engine: Engine = SimulatedEngine(World("local", time.time))
    origins = (Origin(bucket=bucket, prefix=f"{_PREFIX}/", strip_prefix=f"{_PREFIX}/"),)
    fetching = Fetching(project="bench", description="d", origins=origins)
    action = Action(
        verb=Verb.FETCH,
        node="local",
        subject="inputs:local:d",
        task="work",
        run=1,
        cause=Cause("measured"),
        fetching=fetching,
    )
    return partial(fetcher.fetch, engine, action)


def _plain(store: Any) -> int:  # noqa: ANN401  # a store of the library's
    return len(obstore.list(store, _PREFIX).collect())


def _store(server: S3Server) -> S3Store:
    return S3Store(
        PLACE,
        endpoint=server.url,
        access_key_id=OWNER.access,
        secret_access_key=OWNER.secret,
        client_options={"allow_http": True},
    )


def _fill(folder: Path, count: int) -> list[str]:
    """Make small files in a few folders; return their names."""
    names = [f"{number % _FOLDERS}/{number}" for number in range(count)]
    for number in range(_FOLDERS):
        (folder / str(number)).mkdir(parents=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return names
