"""Little data as entries."""

import io
import tarfile

import pytest

from reconciler.engines.engine import TransientError
from reconciler.engines.staging import Entry
from reconciler.engines.unpacking import unpacked


def packed(*names: str, mtime: int = 7) -> bytes:
    """Return a tar as an engine gives it of `/data/.`; what ends with a slash is a folder."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name in names:
            header = tarfile.TarInfo(name)
            header.mode, header.mtime, header.uid = 0o644, mtime, 1000
            if name.endswith("/"):
                header.type, header.mode = tarfile.DIRTYPE, 0o755
            else:
                header.size = 3
            archive.addfile(header, io.BytesIO(b"abc"))
    return held.getvalue()


def test_files_and_folders_are_roots_and_keep_their_times() -> None:
    found = unpacked(packed("./", "./deep/", "./deep/a"))
    assert found == (
        Entry("deep", 0o755, 0, 0, None, 7),
        Entry("deep/a", 0o644, 0, 0, b"abc", 7),
    )


@pytest.mark.parametrize("end", [700, 1600, 2048, -1, 0])
def test_what_was_cut_off_is_told(end: int) -> None:
    with pytest.raises(TransientError, match="cut off"):
        unpacked(packed("./", "./a", "./b")[:end])
