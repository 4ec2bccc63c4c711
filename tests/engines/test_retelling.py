"""A tar with another owner says all else as it did, in whatever pieces it comes."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engines.engine import TransientError
from reconciler.engines.retelling import owned

FILES = {"a": b"four", "d/" + "long" * 60: b"x" * 1025, "größe": b"", "uid": b"y" * 512}


def packed() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("./", "./d"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)
        for name, content in FILES.items():
            header = tarfile.TarInfo(name)
            header.size, header.mode, header.uname = len(content), 0o644, "root"
            archive.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


WHOLE = packed()


def told(content: bytes, uid: int = 1000, gid: int = 2000) -> list[tuple[str, int, int, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return [
            (one.name, one.uid, one.gid, inside.read() if inside else b"/")
            for one in archive
            for inside in [archive.extractfile(one) if one.isreg() else None]
        ]


@given(st.lists(st.integers(1, 700), max_size=40), st.sampled_from([0, 1000, 2097151, 3_000_000]))
def test_everything_belongs_to_the_user_and_the_outermost_folder_is_left_out(
    sizes: list[int], uid: int
) -> None:
    rest, pieces = WHOLE, []
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    found = told(b"".join(owned([*pieces, rest], uid, 2000)))
    files = [(name, uid, 2000, content) for name, content in FILES.items()]
    assert found == [("./d", uid, 2000, b"/"), *files]


def test_a_name_without_ascii_is_a_name_though_engines_tell_it_apart() -> None:
    header = tarfile.TarInfo("./")
    header.size, header.pax_headers = 4, {"path": "./世界"}
    content = header.tobuf(tarfile.PAX_FORMAT) + b"here".ljust(512, b"\0") + bytes(1024)
    assert told(b"".join(owned([content], 7, 8))) == [("./世界", 7, 8, b"here")]


@pytest.mark.parametrize("missing", [1024 + 1, 1024 + 300, 1024 + 512])
def test_what_is_cut_off_is_told(missing: int) -> None:
    whole = WHOLE.rstrip(b"\0") + bytes(1024)  # the last file's content fills its blocks
    with pytest.raises(TransientError, match="cut off"):
        b"".join(owned([whole[:-missing]], 0, 0))
