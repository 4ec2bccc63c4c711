"""What inputs come to on a node: merged, packed, stored once, and room made for them."""

import io
import tarfile
import threading

import pytest

from reconciler.buckets.bucket import (
    AbsentError,
    ChangedError,
    DeniedError,
    UnavailableError,
    UnfitNameError,
)
from reconciler.controller.carrying import Carriage
from reconciler.controller.execution import carry_out
from reconciler.controller.merging import Listing, merged, resolved
from reconciler.controller.packing import packed
from reconciler.engines.engine import EngineError, PermanentError, TransientError
from reconciler.engines.simulated import SimulatedEngine, World
from reconciler.model.action import Action, Cause, Verb
from reconciler.model.data import Bucket, Fetching, Origin, Resolved, Stored, Use
from tests.support.memory_bucket import MemoryBucket
from tests.support.process import eventually

MIB = 2**20


def origin(name: str = "data", prefix: str = "", strip: str = "") -> Origin:
    bucket = Bucket(name=name, url=f"file:///{name}")
    return Origin(bucket=bucket, prefix=prefix, strip_prefix=strip)


def listing(bucket: MemoryBucket, prefix: str = "", strip: str = "") -> Listing:
    asked = origin(bucket.name, prefix, strip)
    return Listing(asked, bucket, list(bucket.list(prefix)))


def unpacked(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        found = ((one.name, archive.extractfile(one)) for one in archive if one.isreg())
        return {name: told.read() for name, told in found if told}


def files(*listings: Listing) -> dict[str, bytes]:
    return unpacked(b"".join(packed(merged(listings), lambda _: None)))


# --- merging ---------------------------------------------------------------------------------


def test_of_one_path_the_last_one_wins() -> None:
    first, second = MemoryBucket("a", x=b"1", y=b"2"), MemoryBucket("b", in__y=b"3", in__z=b"4")
    assert files(listing(first), listing(second, "in/", "in/")) == {"x": b"1", "y": b"3", "z": b"4"}
    assert files(listing(second, "in/", "in/"), listing(first))["y"] == b"2"


def test_prefixes_choose_and_are_taken_off() -> None:
    bucket = MemoryBucket(pi__a=b"1", pi__b__c=b"2", other=b"3")
    assert files(listing(bucket, "pi/")) == {"pi/a": b"1", "pi/b/c": b"2"}
    assert files(listing(bucket, "pi/", "pi")) == {"a": b"1", "b/c": b"2"}
    assert files(listing(bucket, "pi/b", "pi/b/")) == {"c": b"2"}


def test_folders_and_what_we_say_of_results_are_no_inputs() -> None:
    bucket = MemoryBucket(a=b"1")
    bucket.objects |= {"empty/": b"", ".reconciler/x.json": b"{}", "b/.reconciler/y.json": b"{}"}
    assert files(listing(bucket)) == {"a": b"1"}


@pytest.mark.parametrize("name", ["a/../../etc/passwd", "..", "a//b", "./a"])
def test_paths_that_lead_elsewhere_are_refused(name: str) -> None:
    bucket = MemoryBucket()
    bucket.objects[f"in/{name}"] = b"1"
    with pytest.raises(PermanentError, match="is no path of a file"):
        merged([listing(bucket, "in/", "in/")])


def test_a_file_cannot_be_a_folder_as_well() -> None:
    with pytest.raises(PermanentError, match=r"a .bucket one. would be a file and the folder"):
        merged([listing(MemoryBucket("one", a=b"1")), listing(MemoryBucket("two", a__b=b"2"))])


def test_nothing_below_a_prefix_is_told_and_a_bucket_may_be_empty() -> None:
    with pytest.raises(PermanentError, match="bucket data has no object whose name begins with x/"):
        merged([listing(MemoryBucket(), "x/")])
    assert files(listing(MemoryBucket())) == {}


def test_the_key_is_that_of_paths_and_contents() -> None:
    def key(bucket: MemoryBucket, strip: str = "") -> str:
        return resolved(merged([listing(bucket, "", strip)])).key

    assert key(MemoryBucket(a=b"1")) == key(MemoryBucket(a=b"1"))
    others = {key(MemoryBucket(a=b"2")), key(MemoryBucket(b=b"1")), key(MemoryBucket("b", a=b"1"))}
    assert len(others - {key(MemoryBucket(a=b"1"))}) == 3
    found = resolved(merged([listing(MemoryBucket(a=b"12", b=b"345"))]))
    assert (found.size, found.files) == (5, 2)


# --- packing ---------------------------------------------------------------------------------


def test_large_and_small_ones_are_packed_in_order() -> None:
    contents = {f"f{i:03}": bytes([i]) * (3 * MIB if i % 40 == 7 else 11 * i) for i in range(200)}
    bucket = MemoryBucket()
    bucket.objects = contents
    told: list[int] = []
    found = unpacked(b"".join(packed(merged([listing(bucket)]), told.append)))
    assert found == contents
    assert sum(told) == sum(map(len, contents.values()))


def test_names_may_be_long_and_foreign() -> None:
    names = ["x" * 150 + "/" + "y" * 120, "größe/数据", "BZh9", "a b"]
    bucket = MemoryBucket()
    bucket.objects = {name: name.encode() for name in names}
    assert files(listing(bucket)) == bucket.objects


def test_no_more_than_a_part_is_in_memory() -> None:
    """Nothing is read that is far behind what was sent."""
    bucket = MemoryBucket()
    bucket.objects = {f"f{i:03}": b"x" * MIB for i in range(100)}
    pieces = packed(merged([listing(bucket)]), lambda _: None)
    next(pieces)
    eventually(lambda: bucket.asked["read"] >= 8, "some to be read ahead")
    assert bucket.asked["read"] <= 20
    del pieces


def test_what_changes_meanwhile_ends_it() -> None:
    bucket = MemoryBucket(a=b"1", b=b"2" * 2 * MIB)
    items = merged([listing(bucket)])
    bucket.objects["b"] = b"3"
    with pytest.raises(ChangedError):
        b"".join(packed(items, lambda _: None))


# --- fetching --------------------------------------------------------------------------------


class Bench:
    """A node, a bucket, and the way between them."""

    def __init__(self, bucket: MemoryBucket, limit: int = MIB) -> None:
        self.bucket = bucket
        self.world = World("local", lambda: 50.0)
        self.engine = SimulatedEngine(self.world)
        self.carriage = Carriage(lambda _: bucket, limit)

    def fetch(self, *prefixes: str, uses: tuple[Use, ...] = ()) -> Resolved | EngineError:
        fetching = Fetching(
            project="demo",
            description="d",
            origins=tuple(origin(prefix=prefix) for prefix in prefixes),
            uses=uses,
        )
        action = Action(
            verb=Verb.FETCH, node="local", subject="inputs:local:d", task="work", run=1,
            cause=Cause("asked"), fetching=fetching,
        )  # fmt: skip
        outcome = carry_out(self.engine, action, carry=self.carriage.carry).outcome
        if isinstance(outcome, EngineError):
            return outcome
        assert outcome.resolved is not None
        return outcome.resolved

    def kept(self) -> list[str]:
        return [key for _, key in self.world.data]


def test_the_same_content_is_read_once() -> None:
    bench = Bench(MemoryBucket(a=b"1", b=b"2"))
    first = bench.fetch("")
    assert first == bench.fetch("")
    assert bench.bucket.asked == {"list": 2, "read": 2}
    bench.bucket.objects["a"] = b"3"
    assert bench.fetch("") != first
    assert len(bench.kept()) == 2


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UnavailableError("bucket data: the service is busy"), TransientError),
        (ChangedError("bucket data: a has changed"), TransientError),
        (DeniedError("bucket data: no credentials"), PermanentError),
        (AbsentError("bucket data: there is no such folder"), PermanentError),
        (UnfitNameError("bucket data: 'a//b' is left out"), PermanentError),
    ],
)
@pytest.mark.parametrize("call", ["list", "read"])
def test_what_a_bucket_refuses_is_told_and_leaves_nothing(
    error: Exception, kind: type[EngineError], call: str
) -> None:
    bench = Bench(MemoryBucket(a=b"1"))
    bench.bucket.trouble = lambda asked: error if asked == call else None
    outcome = bench.fetch("")
    assert isinstance(outcome, kind)
    assert str(outcome) == f"could not fetch inputs: {error}"
    assert bench.kept() == []
    assert bench.carriage.transfers.seen() == {}


def test_a_full_disk_is_told() -> None:
    bench = Bench(MemoryBucket(a=b"1"))
    full = TransientError("could not store the data: the node's disk is full")
    bench.world.faults = lambda call, _, when: full if (call, when) == ("store", "before") else None
    assert bench.fetch("") is full


def test_what_was_of_no_use_for_longest_gives_way() -> None:
    bench = Bench(MemoryBucket(a=b"1" * 400_000, b=b"2" * 400_000, c=b"3" * 400_000))
    a, b = bench.fetch("a"), bench.fetch("b")
    assert isinstance(a, Resolved)
    assert isinstance(b, Resolved)
    bench.fetch("c", uses=(Use(a.key, 9.0), Use(b.key, 5.0)))
    assert a.key in bench.kept()
    assert b.key not in bench.kept()


def test_it_shows_how_far_it_is() -> None:
    bench = Bench(MemoryBucket(a=b"1" * 2 * MIB))
    held, go_on = threading.Event(), threading.Event()

    def wait(call: str) -> None:
        if call == "read":
            held.set()
            go_on.wait(30)

    bench.bucket.trouble = wait
    thread = threading.Thread(target=bench.fetch, args=("",), daemon=True)
    thread.start()
    held.wait(30)
    seen = bench.carriage.transfers.seen()["inputs:local:d"]
    go_on.set()
    thread.join(30)
    assert (seen.done, seen.total) == (0, 2 * MIB)


def test_data_of_another_project_are_let_be() -> None:
    bench = Bench(MemoryBucket(a=b"1" * MIB))
    bench.engine.store("other", Stored("k", MIB, 1), ())
    bench.fetch("")
    assert ("other", "k") in bench.world.data
