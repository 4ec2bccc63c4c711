"""Results of one attempt, stored once more as another one's, between buckets in memory."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.buckets.bucket import DeniedError, Entry, UnavailableError
from reconciler.controller.carrying import Carriage
from reconciler.controller.happenings import Done
from reconciler.engines.engine import TransientError
from reconciler.engines.simulated import SimulatedEngine
from reconciler.model.action import Action, Cause, Verb
from reconciler.model.data import Bucket, Results, Taking, Upload
from reconciler.model.identity import AttemptKey, InstanceKey
from tests.support.counting_bucket import CountingBucket
from tests.support.engines import make_request, simulated_engine

MINE, OTHER = (Bucket(name=name, url=f"file:///srv/{name}") for name in ("mine", "other"))
FILES = {"a.csv": b"one", "sub/b.csv": b"two"}
SOURCE = AttemptKey(InstanceKey("first", 0), 3, 2)
SCHEMA = Path("schemas/output/result-manifest.json")


class Dated(CountingBucket):
    """A bucket that knows when each object was written: after all that were written before."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.written_at: dict[str, float] = {}

    def write(self, name: str, content: Any, size: int | None = None) -> Entry:  # noqa: ANN401  # as there
        super().write(name, content, size)
        return self._dated(name)

    def copy(self, source: str, target: str) -> Entry:
        super().copy(source, target)
        return self._dated(target)

    def _dated(self, name: str) -> Entry:
        self.written_at[name] = float(len(self.written_at) + 1)
        return self._entry(name)

    def _entry(self, name: str) -> Entry:
        return replace(super()._entry(name), modified=self.written_at.get(name, 0.0))


class Bench:
    """Buckets, and in the one of them the results of an attempt."""

    def __init__(self, folder: Path) -> None:
        self.buckets = {one.name: Dated(one.name) for one in (MINE, OTHER)}
        self.carrier = Carriage(lambda bucket: self.buckets[bucket.name], folder=folder)
        self.mine, self.other = self.buckets["mine"], self.buckets["other"]
        for path, content in FILES.items():
            self.mine.write(f"3/{path}", [content])
        self.results = self._manifest()
        self.mine.calls.clear()

    def _manifest(self) -> Results:
        told = {
            "exitCode": 0, "startedAt": 1.0, "finishedAt": 2.0, "task": "first",
            "results": {"bucket": "mine", "prefix": "3/", "source": "/job",
                        "include": ["**"], "exclude": []},
            "files": [
                {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                for path, content in FILES.items()
            ],
        }  # fmt: skip
        content = json.dumps(told).encode()
        self.mine.write("3/.reconciler/first.3.0.json", [content])
        return Results(
            bucket="mine",
            prefix="3/",
            manifest="3/.reconciler/first.3.0.json",
            sha256=hashlib.sha256(content).hexdigest(),
            files=2,
            bytes=6,
        )

    def take(self, to: Bucket = MINE, **fields: Any) -> Done:  # noqa: ANN401  # an upload's own
        given: dict[str, Any] = {
            "bucket": to,
            "prefix": "4/",
            "source": "/job",
            "include": ("**",),
            "exclude": (),
            "manifest": "4/.reconciler/second.4.0.json",
            "about": '{"task": "second"}',
        }
        upload = Upload(**(given | fields))
        taking = Taking(
            source=SOURCE, origin=SOURCE, equal="e1-a", count=1, revision="f-1",
            results=self.results, bucket=MINE,
        )  # fmt: skip
        action = Action(
            verb=Verb.REUSE, node="local", subject="demo.second.4.0.1", task="second", run=4,
            cause=Cause("test"), upload=upload, taking=taking,
        )  # fmt: skip
        engine: SimulatedEngine = simulated_engine()
        engine.create(make_request("demo", "second"))
        return self.carrier.carry(engine, action)


Harm = Callable[[Bench], object]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_within_a_bucket_nothing_but_the_manifest_comes_here(bench: Bench) -> None:
    done = bench.take()
    assert {name: bench.mine.objects[f"4/{name}"] for name in FILES} == FILES
    calls = bench.mine.calls
    assert sorted(name for call, name in calls if call == "copy") == ["3/a.csv", "3/sub/b.csv"]
    assert [name for call, name in calls if call == "read"] == ["3/.reconciler/first.3.0.json"]
    assert calls[-1] == ("write", "4/.reconciler/second.4.0.json")
    assert done.results is not None
    assert (done.results.files, done.results.bytes, done.results.prefix) == (2, 6, "4/")


def test_the_manifest_says_who_has_run(bench: Bench) -> None:
    done = bench.take()
    content = bench.mine.objects["4/.reconciler/second.4.0.json"]
    told = json.loads(content)
    assert told["task"] == "second"
    assert told["reusedFrom"] == {"task": "first", "run": 3, "instance": 0, "attempt": 2}
    assert (told["exitCode"], told["startedAt"], told["finishedAt"]) == (0, 1.0, 2.0)
    assert told["results"]["prefix"] == "4/"
    assert [file["path"] for file in told["files"]] == list(FILES)
    assert done.results is not None
    assert done.results.sha256 == hashlib.sha256(content).hexdigest()
    assert told.keys() - {"format"} <= json.loads(SCHEMA.read_bytes())["properties"].keys()


def test_between_buckets_contents_are_carried(bench: Bench) -> None:
    assert bench.take(OTHER).results is not None
    assert {name: bench.other.objects[f"4/{name}"] for name in FILES} == FILES
    assert "4/.reconciler/second.4.0.json" in bench.other.objects


def test_of_the_same_names_only_the_manifest_is_written(bench: Bench) -> None:
    done = bench.take(prefix="3/", manifest="3/.reconciler/second.4.0.json")
    assert bench.mine.written() == ["3/.reconciler/second.4.0.json"]
    assert done.results is not None
    assert done.results.sent == 0


def test_what_was_taken_over_can_be_taken_over_again(bench: Bench) -> None:
    done = bench.take()
    assert done.results is not None
    bench.results = done.results
    again = bench.take(prefix="5/", manifest="5/.reconciler/third.5.0.json")
    assert again.results is not None
    assert bench.mine.objects["5/a.csv"] == b"one"


def _without(name: str) -> Harm:
    return lambda bench: bench.mine.objects.pop(name)


def _written(name: str, content: bytes) -> Harm:
    return lambda bench: bench.mine.write(name, [content])


def _put(name: str, content: bytes) -> Harm:
    """Have another content at the same time."""
    return lambda bench: bench.mine.objects.update({name: content})


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_without("3/a.csv"), "has no 3/a.csv any more"),
        (_without("3/.reconciler/first.3.0.json"), "has no 3/.reconciler/first.3.0.json any more"),
        (_written("3/.reconciler/first.3.0.json", b"{}"), "is not what was stored there"),
        (_put("3/a.csv", b"longer"), "was written over since"),
    ],
)
def test_what_is_gone_or_else_is_told_and_nothing_is_made_of_it(
    bench: Bench, harm: Harm, said: str
) -> None:
    harm(bench)
    done = bench.take()
    assert said in done.gone
    assert done.results is None
    assert not [name for name in bench.mine.objects if name.startswith("4/")]


def test_what_was_written_over_by_as_many_bytes_is_seen_by_its_time(bench: Bench) -> None:
    bench.mine.write("3/a.csv", [b"two"])
    bench.mine.written_at["3/a.csv"] = 99.0
    assert "3/a.csv in bucket mine was written over since" in bench.take().gone


def test_between_buckets_contents_are_checked(bench: Bench) -> None:
    bench.mine.objects["3/a.csv"] = b"two"
    assert "3/a.csv is not what was stored there" in bench.take(OTHER).gone
    assert "4/.reconciler/second.4.0.json" not in bench.other.objects


@pytest.mark.parametrize("other", [{"source": "/other"}, {"exclude": ("*.csv",)}], ids=str)
def test_results_of_other_files_are_none(bench: Bench, other: dict[str, Any]) -> None:
    assert "is of other files" in bench.take(**other).gone


@pytest.mark.parametrize("call", ["look", "list", "read", "copy", "write"])
def test_a_bucket_that_is_away_is_to_be_asked_again(bench: Bench, call: str) -> None:
    for error in (UnavailableError("away"), DeniedError("closed")):

        def fault(asked: str, _: str, error: Exception = error) -> None:
            if asked == call:
                raise error

        bench.mine.fault = fault
        with pytest.raises(TransientError, match=r"could not take over results: (away|closed)"):
            bench.take()
        bench.mine.fault = lambda *_: None
    assert bench.take().results is not None


def test_where_no_files_are_kept_no_bucket_is_asked(bench: Bench) -> None:
    taking = Taking(source=SOURCE, origin=SOURCE, equal="e1-a", count=1, revision="f-1")
    action = Action(
        verb=Verb.REUSE, node="local", subject="demo.second.4.0.1", task="second", run=4,
        cause=Cause("test"), taking=taking,
    )  # fmt: skip
    assert bench.carrier.carry(simulated_engine(), action) == Done()
    assert bench.mine.calls == []
