"""A folder of manifests as a source.

Decides which folder a path means, and when a reading of it can be trusted: only when nothing
moved while it was read. What is in the files is not known here.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from reconciler.sources.disk import DiskContents
from reconciler.sources.scan import Found, Scan, Signature, scan, signature_of
from reconciler.sources.source import (
    SOURCE_FILE,
    Snapshot,
    Watch,
    project_name,
    revision_of,
)

MAX_BYTES: Final = 1024 * 1024
MAX_TOTAL: Final = 256 * 1024 * 1024
_ROUNDS: Final = 12
_PAUSE: Final = 0.01
_NAMED: Final = 5
# A file written to this recently may be half of what it will be: emptied now, filled next.
_SETTLING: Final = 0.02


class _Content(Struct, frozen=True):
    """Bytes, what the file was recognised by when they were read, and whether it had settled."""

    signature: Signature
    settled: bool
    data: bytes


class FolderSource:
    """All manifests under a folder; for a single file, of the source that it belongs to.

    `focus` is that file's path within the source, empty for a folder.
    """

    def __init__(self, path: Path) -> None:
        if _is_file(path):
            path = path.resolve()
            self.root = enclosing_source(path)
            self.focus = path.relative_to(self.root).as_posix()
        else:
            self.root = path.absolute()
            self.focus = ""
        self._contents: dict[str, _Content] = {}  # what a file was when it was read last
        self._others = DiskContents(self.root)

    @property
    def name(self) -> str:
        """The folder's path."""
        return str(self.root)

    def read(self) -> Snapshot:
        """Return the whole folder as it is now: re-read until it holds still, within bounds.

        A file beyond `MAX_BYTES` is passed on with one byte too many, for the reader of
        manifests to refuse in its own words.
        """
        contents = self._contents
        before = scan(self.root)
        for _ in range(_ROUNDS):
            problems = _read_all(before.files, contents)
            after = scan(self.root)
            if after == before and _as_found(contents, after):
                return self._snapshot(contents, [*after.problems, *problems])
            before = after
            time.sleep(_PAUSE)
        restless = "files keep changing while they are read"
        return self._snapshot(contents, [restless, *before.problems])

    def contents(self, revision: str) -> DiskContents:
        """Return the files as they are now, whatever the revision."""
        del revision
        return self._others

    def watch(self, callback: Callable[[], None]) -> Watch:
        """Call back soon after a manifest, or a folder that may hold one, has changed."""
        from reconciler.sources.watch import FolderWatch  # noqa: PLC0415 - watchdog is slow to load

        return FolderWatch(self.root, callback, self._others)

    def _snapshot(self, contents: dict[str, _Content], problems: list[str]) -> Snapshot:
        files = {path: contents[path].data for path in sorted(contents)}
        return Snapshot(
            root=self.name,
            project=project_name(Path(os.path.realpath(self.root)).name),
            revision=revision_of(files),
            files=files,
            complete=not problems,
            problem=sentence(problems),
            contents=self._others,
            by_content=True,
        )


def sentence(problems: list[str]) -> str:
    """Return what is missing in one sentence, the first few things by name."""
    more = len(problems) - _NAMED
    return "; ".join([*problems[:_NAMED], *([f"and {more} more"] if more > 0 else [])])


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # reading will say why


def enclosing_source(file: Path) -> Path:
    """Return the source's root that a file belongs to: the nearest with a reconciler.yaml above.

    The search ends with the repository. What another user has put in a folder above is passed
    over, for it would turn that user's manifests into ours.
    """
    trusted = {os.geteuid()}
    with suppress(OSError):  # a file that is yet to be written is ours
        trusted.add(file.stat().st_uid)
    for folder in file.parents:
        try:
            if (folder / SOURCE_FILE).stat().st_uid in trusted:
                return folder
        except OSError:
            pass
        if (folder / ".git").exists():
            break
    return file.parent


def _read_all(wanted: dict[str, Found], contents: dict[str, _Content]) -> list[str]:
    """Bring contents up to what is wanted, and say what could not be read."""
    problems: list[str] = []
    for path in contents.keys() - wanted.keys():
        del contents[path]
    room = MAX_TOTAL
    for path, found in sorted(wanted.items()):
        known = contents.get(path)
        if known is None or not known.settled or known.signature != found.signature:
            contents.pop(path, None)
            try:
                contents[path] = _read(found)
            except OSError as error:
                problems.append(f"{path} cannot be read: {error.strerror}")
                continue
        room -= len(contents[path].data)
        if room < 0:
            problems.append(f"the source is larger than {MAX_TOTAL >> 20} MiB")
            contents.pop(path)
            break
    return problems


def _as_found(contents: dict[str, _Content], seen: Scan) -> bool:
    """Return whether all that was read is what a later look shows, and had settled."""
    return all(_has_settled(signature) for signature in seen.ignoring.values()) and all(
        contents[path].settled and contents[path].signature == found.signature
        for path, found in seen.files.items()
        if path in contents
    )


def _has_settled(signature: Signature) -> bool:
    *_, modified, _ = signature
    return not 0 <= time.time() - modified / 1e9 < _SETTLING


def _read(found: Found) -> _Content:
    # A file may be swapped for a pipe or a link after it was looked at: neither may hold us up.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(found.real, flags)
    try:
        before = os.fstat(descriptor)
        settled = _has_settled(signature_of(before))
        data = _bytes_of(descriptor, min(before.st_size, MAX_BYTES) + 1)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    unchanged = signature_of(before) == signature_of(after)
    return _Content(signature_of(after), settled and unchanged, data)


def _bytes_of(descriptor: int, most: int) -> bytes:
    """Return what a file holds, up to `most` bytes: room for more would cost more than reading."""
    data = os.read(descriptor, most)
    while len(data) < most and (part := os.read(descriptor, most - len(data))):
        data += part
    return data
