"""Pieces as a file: whatever sizes they come in, and whatever is asked for."""

import io
import tarfile
from collections.abc import Iterator

import pytest

from reconciler.engines.docker.pieces import Pieces

CONTENT = bytes(range(256)) * 40


def cut(size: int) -> Iterator[bytes]:
    return (CONTENT[at : at + size] for at in range(0, len(CONTENT), size))


@pytest.mark.parametrize("size", [1, 7, 512, 3000, 10_240])
def test_what_is_read_and_skipped_is_what_stands_there(size: int) -> None:
    source = Pieces(cut(size))
    assert source.read(10) == CONTENT[:10]
    assert source.read(0) == b""
    assert source.seek(5000) == source.tell() == 5000
    assert source.read(1000) == CONTENT[5000:6000]
    assert source.seek(6000) == 6000
    assert source.read() == CONTENT[6000:]
    assert source.read(1) == b""
    assert source.seek(20_000) == source.tell() == len(CONTENT)


def test_there_is_no_way_back() -> None:
    source = Pieces(cut(100))
    source.read(10)
    for place in ((9, io.SEEK_SET), (0, io.SEEK_CUR), (0, io.SEEK_END)):
        with pytest.raises(io.UnsupportedOperation):
            source.seek(*place)


def test_an_archive_is_gone_through_without_being_read() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("a" * 200, "ü", "c"):
            member = tarfile.TarInfo(name)
            member.size = len(CONTENT)
            archive.addfile(member, io.BytesIO(CONTENT))
    whole = made.getvalue()
    source = Pieces(whole[at : at + 700] for at in range(0, len(whole), 700))
    with tarfile.open(fileobj=source, mode="r:") as archive:
        found = []
        while (one := archive.next()) is not None:
            found.append((one.name, source.read(3)))
    assert found == [("a" * 200, CONTENT[:3]), ("ü", CONTENT[:3]), ("c", CONTENT[:3])]


def test_an_archive_that_is_cut_off_in_what_is_skipped_is_no_archive() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        member = tarfile.TarInfo("a")
        member.size = len(CONTENT)
        archive.addfile(member, io.BytesIO(CONTENT))
    source = Pieces(iter([made.getvalue()[:5000]]))
    with tarfile.open(fileobj=source, mode="r:") as archive, pytest.raises(tarfile.ReadError):
        archive.getmembers()
