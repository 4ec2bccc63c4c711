"""Files of containers on their way into buckets, on an engine in memory."""

import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.buckets.bucket import UnavailableError, UnfitNameError
from reconciler.controller import uploading
from reconciler.controller.carrying import Carriage
from reconciler.controller.crew import Crew
from reconciler.controller.uploading import spelled
from reconciler.engines.engine import TransientError
from reconciler.engines.folders import FolderFile
from reconciler.engines.simulated import SimulatedEngine
from reconciler.model.action import Action, Cause, Verb
from reconciler.model.data import Bucket, Results, Upload
from reconciler.model.staging import PUT_IN_AT
from tests.support.counting_bucket import CountingBucket
from tests.support.engines import make_request, simulated_engine

NAME = "demo.work.1.0.1"
CONTENT = {"a.csv": b"one", "sub/b.csv": b"two", "sub/c.log": b"three"}


class Bench:
    """A container in memory with files, a bucket, and what carries the ones into the other."""

    def __init__(self, folder: Path) -> None:
        self.engine = Shelf()
        self.container = self.engine.create(make_request("demo", "work"))
        self.folder = folder
        self.bucket = CountingBucket()
        self.carrier = Carriage(lambda _: self.bucket, folder=folder)

    def put(self, files: dict[str, bytes], at: float = 100.0) -> None:
        self.engine.files |= {path: (content, at) for path, content in files.items()}

    def again(self) -> None:
        """Let another process go on."""
        self.carrier = Carriage(lambda _: self.bucket, folder=self.folder)

    def carry(self, verb: Verb = Verb.UPLOAD, **fields: Any) -> Results:  # noqa: ANN401
        manifest = {"manifest": "out/.reconciler/work.1.0.json", "about": '{"task": "work"}'}
        upload = Upload(
            **{
                "bucket": Bucket(name="results", url="file:///srv"),
                "prefix": "out/",
                "source": "/job",
                "include": ("**",),
                "exclude": (),
                **(manifest if verb is Verb.UPLOAD else {}),
                **fields,
            }
        )
        action = Action(
            verb=verb,
            node="local",
            subject=NAME if verb is Verb.UPLOAD else f"snapshot:{NAME}",
            task="work",
            run=1,
            cause=Cause("test"),
            container=self.container,
            upload=upload,
        )
        done = self.carrier.carry(self.engine, action)
        assert done.results is not None
        return done.results

    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.bucket.objects["out/.reconciler/work.1.0.json"])
        return found


class Shelf(SimulatedEngine):
    """An engine whose one folder is what a test says, with content in pieces of three bytes."""

    def __init__(self) -> None:
        super().__init__(simulated_engine().world)
        self.files: dict[str, tuple[bytes, float]] = {}
        self.there = True

    def read_folder(self, container: str, folder: str) -> Iterator[FolderFile] | None:
        del container, folder
        if not self.there:
            return None
        return iter(
            [
                FolderFile(path, len(content), at, pieces(content))
                for path, (content, at) in self.files.items()
            ]
        )


def pieces(content: bytes) -> Iterator[bytes]:
    return iter([content[at : at + 3] for at in range(0, len(content), 3)])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(params=["small", "large"])
def sized(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have all files be small, or all of them large."""
    monkeypatch.setattr(uploading, "_SMALL", 2**20 if request.param == "small" else 2)
    return str(request.param)


@pytest.mark.usefixtures("sized")
def test_files_are_stored_and_told_of_last(bench: Bench) -> None:
    bench.put(CONTENT)
    results = bench.carry(exclude=("**/*.log",))
    assert bench.bucket.calls[-1] == ("write", "out/.reconciler/work.1.0.json")
    told = bench.manifest()
    assert told["task"] == "work"
    assert told["files"] == [
        {"path": path, "size": 3, "sha256": hashlib.sha256(CONTENT[path]).hexdigest()}
        for path in ("a.csv", "sub/b.csv")
    ]
    assert {n: c for n, c in bench.bucket.objects.items() if n.endswith(".csv")} == {
        "out/a.csv": b"one", "out/sub/b.csv": b"two",
    }  # fmt: skip
    assert (results.files, results.bytes, results.sent, results.note) == (2, 6, 6, "")
    content = bench.bucket.objects[results.manifest]
    assert results.sha256 == hashlib.sha256(content).hexdigest()


def test_without_the_folder_nothing_is_stored_and_that_is_said(bench: Bench) -> None:
    bench.engine.there = False
    results = bench.carry()
    assert (results.files, results.note) == (0, "there is no /job in it")
    assert bench.manifest()["files"] == []


@pytest.mark.usefixtures("sized")
def test_snapshots_send_what_has_changed(bench: Bench) -> None:
    bench.put(CONTENT)
    first = bench.carry(Verb.SNAPSHOT)
    assert (first.files, first.sent) == (3, 11)
    bench.bucket.written()
    bench.put({"a.csv": b"ONE", "d": b"4"})  # also within the same second, of the same size
    second = bench.carry(Verb.SNAPSHOT)
    assert (second.files, second.sent) == (2, 4)
    assert bench.bucket.written() == ["out/a.csv", "out/d"]
    assert bench.bucket.objects["out/a.csv"] == b"ONE"
    assert bench.carry(Verb.SNAPSHOT).files == 0
    assert "out/.reconciler/work.1.0.json" not in bench.bucket.objects


@pytest.mark.usefixtures("sized")
def test_what_snapshots_have_stored_is_not_sent_again_in_the_end(bench: Bench) -> None:
    bench.put(CONTENT)
    bench.carry(Verb.SNAPSHOT)
    bench.bucket.written()
    bench.again()
    bench.put({"a.csv": b"ONE"})
    results = bench.carry()
    assert (results.files, results.bytes, results.sent) == (3, 11, 3)
    assert bench.bucket.written() == ["out/.reconciler/work.1.0.json", "out/a.csv"]
    assert bench.bucket.objects["out/a.csv"] == b"ONE"


@pytest.mark.usefixtures("sized")
def test_what_somebody_has_removed_or_written_over_is_sent_again(bench: Bench) -> None:
    bench.put(CONTENT)
    bench.carry(Verb.SNAPSHOT)
    del bench.bucket.objects["out/a.csv"]
    bench.bucket.objects["out/sub/b.csv"] = b"TWO"
    bench.bucket.written()
    bench.carry()
    assert bench.bucket.written()[1:] == ["out/a.csv", "out/sub/b.csv"]
    assert bench.bucket.objects["out/sub/b.csv"] == b"two"


def test_an_object_of_somebody_else_with_an_unfit_name_is_nothing_to_us(bench: Bench) -> None:
    bench.put(CONTENT)
    bench.carry(Verb.SNAPSHOT)
    bench.bucket.written()

    def fault(call: str, name: str) -> None:
        if call == "listed":
            raise UnfitNameError(f"bucket results: '{name}x//y' is left out")

    bench.bucket.fault = fault
    assert bench.carry().files == 3
    assert bench.bucket.written() == ["out/.reconciler/work.1.0.json"]


@pytest.mark.usefixtures("sized")
def test_an_upload_that_broke_off_goes_on_with_what_is_missing(bench: Bench) -> None:
    files = {f"{number:02}": b"xyz" * 20 for number in range(40)}
    bench.put(files)

    def fault(call: str, name: str) -> None:
        if call == "piece" and name == "out/30":
            raise UnavailableError("bucket results is away")

    bench.bucket.fault = fault
    with pytest.raises(TransientError, match="bucket results is away"):
        bench.carry()
    assert "out/30" not in bench.bucket.objects
    assert "out/.reconciler/work.1.0.json" not in bench.bucket.objects
    before = len(bench.bucket.objects)
    assert before >= 20
    bench.bucket.written()
    bench.bucket.fault = lambda *_: None
    bench.again()
    assert bench.carry().files == 40
    assert len(bench.bucket.written()) == 40 - before + 1
    assert len(bench.manifest()["files"]) == 40


def test_patterns_that_nothing_matches_are_told(bench: Bench) -> None:
    bench.put(CONTENT)
    results = bench.carry(include=("*.png",))
    assert (results.files, results.note) == (0, "no file of /job is to be stored")


def test_a_journal_that_was_cut_off_costs_no_more_than_what_it_lacks(bench: Bench) -> None:
    bench.put(CONTENT)
    bench.carry(Verb.SNAPSHOT)
    journal = bench.folder / "transfers" / f"{NAME}.jsonl"
    assert journal.stat().st_mode & 0o777 == 0o600
    whole = journal.read_bytes()
    journal.write_bytes(whole[: len(whole) - 20])
    bench.bucket.written()
    bench.again()
    assert len(bench.carry().manifest) > 0
    assert len(bench.bucket.written()) == 2
    assert len(journal.read_bytes().split()) == 4
    bench.carrier.forget(NAME)
    assert not journal.exists()


def test_what_was_put_in_and_left_alone_is_no_result(bench: Bench) -> None:
    bench.put({"input": b"1"}, PUT_IN_AT)
    bench.put({"output": b"2"})
    assert bench.carry(among_inputs=True).files == 1
    assert [file["path"] for file in bench.manifest()["files"]] == ["output"]
    assert bench.carry().files == 2


def test_names_that_are_not_utf8_are_spelled_out() -> None:
    assert spelled("grün/ok") == "grün/ok"
    assert spelled("b\udcffd/\udc80ü") == "b%FFd/%80ü"
    assert spelled("new\nline/\x7f\tü") == "new%0Aline/%7F%09ü"
    assert spelled('a b"#?%41') == 'a b"#?%41'


def test_a_disk_without_room_for_a_moment_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reconciler.controller.spool.Spool.put", full)
    bench.put(CONTENT)
    with pytest.raises(TransientError, match="No space left on device"):
        bench.carry(Verb.SNAPSHOT)


def test_how_far_it_is_can_be_seen_meanwhile(bench: Bench) -> None:
    bench.put({"a": b"123", "b": b"456"})
    gate, entered = threading.Event(), threading.Event()

    def fault(call: str, name: str) -> None:
        if (call, name) == ("write", "out/.reconciler/work.1.0.json"):
            entered.set()
            gate.wait(30)

    bench.bucket.fault = fault
    thread = threading.Thread(target=bench.carry)
    thread.start()
    assert entered.wait(30)
    seen = bench.carrier.with_transfers({})[NAME].transfer
    assert seen is not None
    assert (seen.done, seen.total) == (6, 0)
    gate.set()
    thread.join(30)
    assert bench.carrier.with_transfers({}) == {}


def test_a_crew_tells_what_failed_and_begins_nothing_more() -> None:
    crew, done = Crew("test", 2), []

    def fail() -> None:
        raise UnavailableError("away")

    crew.do(fail)
    with pytest.raises(UnavailableError):
        crew.finish()
    with pytest.raises(UnavailableError):
        crew.do(lambda: done.append(1))
    crew.close()
    assert done == []
