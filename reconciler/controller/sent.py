"""What has been stored of a container's files, so that it need not be sent again.

A file in the state folder for each container, with a line for each of its files. Losing it, or a
part of it, means no more than that files are sent once more.
"""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

_FOLDER: Final = "transfers"
_SUFFIX: Final = ".jsonl"
_ADDING: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class SentFile(msgspec.Struct, frozen=True):
    """A file as it was stored: its path, size in bytes, time (epoch seconds) and content.

    `version` is what its object was given by the bucket.
    """

    path: str
    size: int
    modified: float
    sha256: str
    version: str


class Journal:
    """One container's file, read whole and added to. Added to by any thread."""

    def __init__(self, path: Path) -> None:
        """Read what is there; lines that were cut off tell nothing."""
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, SentFile] = {}
        self._file = -1
        with suppress(OSError):
            for line in path.read_bytes().splitlines():
                with suppress(msgspec.MsgspecError):
                    found = msgspec.json.decode(line, type=SentFile)
                    self._known[found.path] = found

    @property
    def empty(self) -> bool:
        """Whether nothing is known to have been stored."""
        return not self._known

    def find(self, path: str) -> SentFile | None:
        """Return what is known of a file."""
        with self._lock:
            return self._known.get(path)

    def add(self, sent: SentFile) -> None:
        """Know of a file from now on. A disk that refuses is no reason not to go on."""
        line = b"\n" + msgspec.json.encode(sent) + b"\n"  # after one that was cut off
        with self._lock, suppress(OSError):
            self._known[sent.path] = sent
            if self._file < 0:
                self._file = os.open(self._path, _ADDING, 0o600)
            os.write(self._file, line)

    def close(self) -> None:
        """Add nothing more for now."""
        with self._lock:
            file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


class Journals:
    """The files of all containers."""

    def __init__(self, state_folder: Path) -> None:
        """Look which there are."""
        self._folder = state_folder / _FOLDER
        self._names: set[str] = set()
        with suppress(OSError):
            self._names = {p.name.removesuffix(_SUFFIX) for p in self._folder.glob(f"*{_SUFFIX}")}

    def of(self, container: str) -> Journal:
        """Return a container's, by its name."""
        self._names.add(container)
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
        return Journal(self._path(container))

    def forget(self, container: str) -> None:
        """Take away a container's: nothing will be stored of it any more."""
        if container in self._names:
            self._names.discard(container)
            with suppress(OSError):
                self._path(container).unlink(missing_ok=True)

    def _path(self, container: str) -> Path:
        return self._folder / f"{container}{_SUFFIX}"
