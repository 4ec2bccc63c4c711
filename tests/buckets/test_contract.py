"""What every bucket does alike: a folder, and a part of a bucket of a real S3 server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.buckets.bucket import AbsentError, Bucket, BucketError, ChangedError

MIB = 1024 * 1024
SIZES = [0, 1, MIB, 8 * MIB, 8 * MIB + 1, 17 * MIB]
NAMES = [
    "a", "a/b/c.csv", "with space", "ü/ñ/😀", "per%20cent", "ha#sh", "q?m", "st*r", "til~de",
    "pl+us", "co:lon", "<x>", "{y}", "..x", "x..", ".hidden", "'s'", 'q"q', "e&a=1",
    "x" * 200, "/".join("y" * 100 for _ in range(8)),
]  # fmt: skip
BAD_NAMES = [
    "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", "a\0b", "a\nb",
    "\x7f", "x" * 1025, "ü" * 513, ".reconciler-part-1", "a/.reconciler-part-1/b", "\udc80",
]  # fmt: skip


def put(bucket: Bucket, *names: str) -> None:
    for name in names:
        bucket.write(name, [name.encode()])


def names(bucket: Bucket, prefix: str = "") -> list[str]:
    return [entry.name for entry in bucket.list(prefix)]


def content(bucket: Bucket, name: str, start: int = 0) -> bytes:
    entry = bucket.look(name)
    assert entry is not None
    return b"".join(bucket.read(entry, start))


def pieces(size: int, piece: int = 300_000) -> Iterator[bytes]:
    data = bytes(range(251)) * (piece // 251 + 1)
    for start in range(0, size, piece):
        yield data[: min(piece, size - start)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("announced", [True, False])
def test_what_is_written_is_read(bucket: Bucket, size: int, announced: bool) -> None:
    written = bucket.write("a/b", pieces(size), size if announced else None)
    seen = bucket.look("a/b")
    assert seen is not None
    assert (written.name, written.size, written.version) == ("a/b", size, seen.version)
    assert seen.size == size
    assert abs(seen.modified - written.modified) < 60
    assert b"".join(bucket.read(written)) == b"".join(pieces(size))


def test_many_are_stored_by_one_call(bucket: Bucket) -> None:
    given = {
        f"{folder}{n}": f"{folder}{n}".encode() * n
        for folder in ("", "a/", "b/c/")
        for n in range(7)
    }
    put(bucket, "a/3")
    written = {entry.name: entry for entry in bucket.write_all(given)}
    assert written.keys() == given.keys()
    for name, told in given.items():
        assert content(bucket, name) == told
        seen = bucket.look(name)
        assert seen is not None
        assert (seen.size, seen.version) == (len(told), written[name].version)
    assert names(bucket) == sorted(given)
    with pytest.raises(BucketError, match="cannot be an object's name"):
        [*bucket.write_all({"x": b"1", "..": b"2"})]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_kept_as_they_are(bucket: Bucket, name: str) -> None:
    put(bucket, name)
    assert names(bucket) == [name]
    assert content(bucket, name) == name.encode()
    bucket.copy(name, "copy")
    bucket.remove(name)
    assert names(bucket) == ["copy"]
    assert content(bucket, "copy") == name.encode()


@pytest.mark.parametrize("name", BAD_NAMES)
def test_other_names_are_refused_wherever_they_are_given(bucket: Bucket, name: str) -> None:
    put(bucket, "a")
    entry = bucket.look("a")
    assert entry is not None
    for use in (
        lambda: bucket.look(name),
        lambda: bucket.write(name, [b"x"]),
        lambda: bucket.copy("a", name),
        lambda: bucket.copy(name, "a"),
        lambda: bucket.remove(name),
        lambda: [*bucket.read(type(entry)(name, 1, entry.version))],
    ):
        with pytest.raises(BucketError, match="cannot be an object's name"):
            use()
    assert names(bucket) == ["a"]


def test_lists_in_the_order_of_names(bucket: Bucket) -> None:
    given = ["a", "a-b", "a.b/c", "a/b", "a/b-c", "a/b/c", "a0", "B", "ä", "z/y/x", "🙂"]
    # A name that others go on from with a slash is a file, and files have nothing below them.
    given = [name for name in given if name not in {"a", "a/b"}]
    put(bucket, *reversed(given))
    assert names(bucket) == sorted(given, key=str.encode)


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("", ["b/1", "b/2/x", "b/2y", "b0", "c"]),
        ("b", ["b/1", "b/2/x", "b/2y", "b0"]),
        ("b/", ["b/1", "b/2/x", "b/2y"]),
        ("b/2", ["b/2/x", "b/2y"]),
        ("b/2/", ["b/2/x"]),
        ("b/2/x", ["b/2/x"]),
        ("b/2/x/", []),
        ("b/3", []),
        ("a", []),
        ("d/e/f", []),
    ],
)
def test_lists_what_begins_with_a_prefix(bucket: Bucket, prefix: str, found: list[str]) -> None:
    put(bucket, "b/1", "b/2/x", "b/2y", "b0", "c")
    assert names(bucket, prefix) == found


@pytest.mark.parametrize("prefix", ["/", "/a", "a//", "../", "a/../b", "a\nb"])
def test_no_prefix_leads_out(bucket: Bucket, prefix: str) -> None:
    with pytest.raises(BucketError, match="no object's name begins with"):
        names(bucket, prefix)


def test_goes_through_more_than_a_page(bucket: Bucket) -> None:
    given = [f"n{number:05}" for number in range(1010)]
    with ThreadPoolExecutor(8) as hands:
        list(hands.map(lambda name: put(bucket, name), given))
    assert names(bucket) == given


def test_what_is_not_there_is_none(bucket: Bucket) -> None:
    assert bucket.look("a") is None
    assert bucket.look("a/b/c") is None
    assert names(bucket) == []
    bucket.remove("a")
    bucket.remove("a/b/c")
    with pytest.raises(AbsentError, match="a"):
        bucket.copy("a", "b")


def test_what_had_the_name_is_replaced(bucket: Bucket) -> None:
    first = bucket.write("a", [b"one"])
    second = bucket.write("a", [b"two"])
    assert first.version != second.version
    assert content(bucket, "a") == b"two"
    with pytest.raises(ChangedError):
        [*bucket.read(first)]


def test_what_is_gone_cannot_be_read(bucket: Bucket) -> None:
    entry = bucket.write("a", [b"one"])
    bucket.remove("a")
    with pytest.raises(AbsentError):
        [*bucket.read(entry)]


@pytest.mark.parametrize("start", [0, 1, 5 * MIB, 9 * MIB - 1, 9 * MIB])
def test_reads_from_a_byte_on(bucket: Bucket, start: int) -> None:
    entry = bucket.write("a", pieces(9 * MIB))
    found = [*bucket.read(entry, start)]
    assert b"".join(found) == b"".join(pieces(9 * MIB))[start:]
    assert all(len(piece) <= 16 * MIB for piece in found)


@pytest.mark.parametrize("size", [10, 20 * MIB])
@pytest.mark.parametrize("error", [ValueError, FileNotFoundError, PermissionError])
def test_content_that_fails_leaves_nothing(
    bucket: Bucket, size: int, error: type[Exception]
) -> None:
    def failing() -> Iterator[bytes]:
        yield from pieces(size)
        raise error("the content's own")

    with pytest.raises(error, match="the content's own"):
        bucket.write("a/b", failing())
    assert bucket.look("a/b") is None
    assert names(bucket) == []


@pytest.mark.parametrize("size", [10, 20 * MIB])
@pytest.mark.parametrize("more", [-1, 1])
def test_content_of_another_length_leaves_what_was_there(
    bucket: Bucket, size: int, more: int
) -> None:
    put(bucket, "a")
    with pytest.raises(BucketError, match=f"{size} bytes came where {size + more} were announced"):
        bucket.write("a", pieces(size), size + more)
    assert content(bucket, "a") == b"a"


def test_nothing_is_seen_before_it_is_whole(bucket: Bucket) -> None:
    seen: list[object] = []

    def watched() -> Iterator[bytes]:
        for piece in pieces(20 * MIB):
            yield piece
            seen.append(bucket.look("a/b"))
        seen.append(names(bucket))

    bucket.write("a/b", watched())
    assert seen.pop() == []
    assert set(seen) == {None}


def test_an_object_is_copied_whatever_its_size(bucket: Bucket) -> None:
    bucket.write("a", pieces(20 * MIB))
    entry = bucket.copy("a", "b/c")
    assert entry == bucket.look("b/c")
    assert content(bucket, "b/c") == content(bucket, "a")
