"""Carrying objects: what is the same, what is gone on with, and how damage is found."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.buckets import carrying
from reconciler.buckets.bucket import Bucket, BucketError, Entry, UnavailableError
from reconciler.buckets.carrying import Carrier, Errand, StoppedError
from reconciler.buckets.checksums import WHOLE, Sums, forms_of, is_checksum
from reconciler.buckets.folder import FolderBucket
from tests.buckets.conftest import Opens

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def _haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "_FIRST_PAUSE", 0.01)


class Told:
    """Counts the bytes that come by."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, count: int) -> None:
        self.count += count


class Faulty:
    """A bucket whose reading fails, or damages what is read, now and then."""

    def __init__(self, bucket: Bucket, after: int, times: int, *, damage: bool = False) -> None:
        self._bucket = bucket
        self._after = after
        self._times = times
        self._damage = damage
        self.name = bucket.name
        self.starts: list[int] = []

    def read(self, entry: Entry, start: int = 0) -> Iterator[bytes]:
        self.starts.append(start)
        seen = 0
        for piece in self._bucket.read(entry, start):
            seen += len(piece)
            if self._times and seen > self._after:
                self._times -= 1
                if not self._damage:
                    raise UnavailableError("gone for a moment")
                yield bytes([piece[0] ^ 1]) + piece[1:]
            else:
                yield piece

    def __getattr__(self, name: str) -> object:
        return getattr(self._bucket, name)


def folder(path: Path) -> FolderBucket:
    path.mkdir()
    return FolderBucket(path.name, str(path))


def carry(source: Bucket, target: Bucket, name: str) -> int:
    entry, told = source.look(name), Told()
    assert entry is not None
    Carrier(source, target, told).carry(Errand(entry, name))
    return told.count


def has(source: Bucket, target: Bucket, name: str) -> bool:
    entry = source.look(name)
    assert entry is not None
    return Carrier(source, target, Told()).has(Errand(entry, name), target.look(name))


@pytest.mark.parametrize("size", [0, 5, 8 * MIB, 8 * MIB + 1, 20 * MIB])
def test_there_and_back(opens: Opens, place: str, tmp_path: Path, size: int) -> None:
    here, bucket, back = folder(tmp_path / "a"), opens(f"s3://{place}"), folder(tmp_path / "b")
    (tmp_path / "a" / "x").write_bytes(os.urandom(size))
    for source, target in ((here, bucket), (bucket, back)):
        assert not has(source, target, "x")
        assert carry(source, target, "x") == size
        assert has(source, target, "x")
        assert has(target, source, "x")
    assert (tmp_path / "b" / "x").read_bytes() == (tmp_path / "a" / "x").read_bytes()
    assert has(here, back, "x")
    (tmp_path / "b" / "x").write_bytes(os.urandom(size))
    assert has(bucket, back, "x") == has(here, back, "x") == (size == 0)


def test_a_large_object_is_gone_on_with(opens: Opens, place: str, tmp_path: Path) -> None:
    bucket, here = opens(f"s3://{place}"), folder(tmp_path / "a")
    content = os.urandom(24 * MIB)
    bucket.write("x", [content])
    faulty = Faulty(bucket, 10 * MIB, 1)
    assert carry(faulty, here, "x") == 24 * MIB  # type: ignore[arg-type]  # as good as one
    assert faulty.starts[0] == 0
    assert faulty.starts[1] >= 8 * MIB
    assert (tmp_path / "a" / "x").read_bytes() == content
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x"]


def test_a_part_of_another_version_is_not_gone_on_with(
    opens: Opens, place: str, tmp_path: Path
) -> None:
    bucket, here = opens(f"s3://{place}"), folder(tmp_path / "a")
    bucket.write("x", [os.urandom(24 * MIB)])
    entry = bucket.look("x")
    assert entry is not None
    with pytest.raises(UnavailableError):
        Carrier(Faulty(bucket, 3 * MIB, 99), here, Told()).carry(Errand(entry, "x"))  # type: ignore[arg-type]
    assert [*here.list()] == []
    assert len([*(tmp_path / "a").iterdir()]) == 1
    content = os.urandom(24 * MIB)
    bucket.write("x", [content])
    assert carry(bucket, here, "x") == 24 * MIB
    assert (tmp_path / "a" / "x").read_bytes() == content
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x"]


@pytest.mark.parametrize("size", [100, 24 * MIB])
def test_damage_on_the_way_is_found(opens: Opens, place: str, tmp_path: Path, size: int) -> None:
    bucket, here = opens(f"s3://{place}"), folder(tmp_path / "a")
    bucket.write("x", [os.urandom(size)])
    faulty = Faulty(bucket, 0, 1, damage=True)
    with pytest.raises(BucketError, match="x was damaged on its way"):
        carry(faulty, here, "x")  # type: ignore[arg-type]  # as good as one
    assert [*here.list()] == []


def test_an_etag_that_is_no_checksum_costs_a_second_reading(tmp_path: Path) -> None:
    class Odd(FolderBucket):
        """Gives ETags as services do that encrypt with keys of their own."""

        def look(self, name: str) -> Entry | None:
            found = super().look(name)
            return found and Entry(name, found.size, f'"{"0" * 32}"', found.modified)

        def read(self, entry: Entry, start: int = 0) -> Iterator[bytes]:
            found = super().look(entry.name)
            assert found is not None
            reads.append(start)
            return super().read(found, start)

    reads: list[int] = []
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("content")
    carry(Odd("odd", str(tmp_path / "a")), folder(tmp_path / "b"), "x")
    assert reads == [0, 0]
    assert (tmp_path / "b" / "x").read_text() == "content"


def test_what_is_stopped_ends(opens: Opens, place: str, tmp_path: Path) -> None:
    bucket, here = opens(f"s3://{place}"), folder(tmp_path / "a")
    (tmp_path / "a" / "x").write_bytes(bytes(40 * MIB))
    entry = here.look("x")
    assert entry is not None
    carrier = Carrier(here, bucket, lambda _: carrier.stop())
    with pytest.raises(StoppedError):
        carrier.carry(Errand(entry, "x"))
    assert [*bucket.list()] == []


@pytest.mark.parametrize("size", [0, 1, 10, 11, 30, 31])
def test_etags_of_parts(size: int) -> None:
    content = os.urandom(size)
    sums = Sums([WHOLE, 10])
    for start in range(0, size, 7):
        sums.add(content[start : start + 7])
    parts = [content[start : start + 10] for start in range(0, max(size, 1), 10)]
    joined = b"".join(hashlib.md5(part).digest() for part in parts)  # noqa: S324  # as services do
    assert sums.etags() == {
        f'"{hashlib.md5(content).hexdigest()}"',  # noqa: S324  # as above
        f'"{hashlib.md5(joined).hexdigest()}-{len(parts)}"',  # noqa: S324  # as above
    }


def test_forms_that_an_object_can_have() -> None:
    md5 = "0" * 32
    assert forms_of(f'"{md5}"', 100, 8 * MIB) == (WHOLE,)
    assert forms_of(f'"{md5}-3"', 20 * MIB, 8 * MIB) == (8 * MIB,)
    assert forms_of(f'"{md5}-2"', 20 * MIB, 8 * MIB) == (10 * MIB, 15 * MIB, 16 * MIB)
    assert forms_of('"of-another-kind"', 100, 8 * MIB) == ()
    assert is_checksum(md5)
    assert not is_checksum("1-2-3")
