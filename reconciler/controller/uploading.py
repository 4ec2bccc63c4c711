"""The files of one container on their way into a bucket.

Only what differs from what was sent before is sent. Small files go side by side, large ones one
after the other and in parts, so that memory stays flat. Of a container that runs, files are taken
off it first and sent then: its engine keeps it locked as long as it is read. Decides nothing else:
where files go and which of them is given.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from msgspec import Struct

from reconciler.buckets.bucket import Bucket, fit
from reconciler.buckets.digesting import Digesting
from reconciler.controller.crew import Crew
from reconciler.controller.sent import Journal, SentFile
from reconciler.controller.spool import Spool
from reconciler.engines.folders import FolderFile
from reconciler.manifests.patterns import chosen
from reconciler.model.data import Upload
from reconciler.model.staging import PUT_IN_AT

_SMALL: Final = 4 * 2**20
_THREADS: Final = 8
_GATHERED: Final = 2**18


class StoredFile(Struct, frozen=True):
    """A file that is stored, by its path below the folder."""

    path: str
    size: int
    sha256: str


class _Small(Struct, frozen=True):
    """A file that is in memory, its path, its SHA-256 and its content."""

    file: FolderFile
    path: str
    sha256: str
    content: bytes


class Meter:
    """How much has been sent so far. Moved by any thread."""

    def __init__(self, told: Callable[[int], None]) -> None:
        """Nothing yet; `told` hears of bytes as they go."""
        self.files = 0
        self.bytes = 0
        self._told = told
        self._lock = threading.Lock()

    def add(self, files: int, sent: int) -> None:
        """Count files, and bytes."""
        with self._lock:
            self.files += files
            self.bytes += sent
            self._told(sent)


class Uploading:
    """One call's work: `take` the files, then `finish`."""

    def __init__(self, upload: Upload, bucket: Bucket, journal: Journal, meter: Meter) -> None:
        """Send to `bucket` what `journal` does not know of."""
        self._upload = upload
        self._bucket = bucket
        self._journal = journal
        self._meter = meter
        self._choose = chosen(upload.include, upload.exclude)
        self._crew = Crew("upload", _THREADS)
        self._stored: dict[str, StoredFile] = {}
        self._there: set[tuple[str, str]] | None = None
        self._gathered: list[_Small] = []
        self.unsure: set[str] = set()

    def check(self) -> None:
        """Ask the bucket what is there of what was sent before: somebody may have removed it."""
        if not self._journal.empty:
            listed = fit(self._bucket.list(self._upload.prefix))
            self._there = {(entry.name, entry.version) for entry in listed}

    def take(self, files: Iterable[FolderFile], only: set[str] | None = None) -> None:
        """Send files as they come. Those that are `unsure` afterwards are to be taken once more.

        They look as they did when they were sent, and do not hold what they did. With `only`,
        these alone are sent, and whatever they look like.
        """
        for file in files:
            path = spelled(file.path)
            if not self._wanted(file, path) or (only is not None and path not in only):
                continue
            if file.size <= _SMALL:
                self._take_small(file, path)
            elif only is None and self._looks_sent(file, path):
                self._look_closer(file, path)
            else:
                self._send(file, path, Digesting(file.pieces))

    def hold(self, files: Iterable[FolderFile], spool: Spool) -> None:
        """Take files off at once; what differs is sent by `finish`."""
        held = []
        for file in files:
            path = spelled(file.path)
            if not self._wanted(file, path):
                continue
            content = Digesting(file.pieces)
            begin = spool.put(content)
            if self._is_sent(path, content.sha256):
                spool.drop(begin)
                self._note(path, file.size, content.sha256)
            else:
                held.append((file, path, begin, content.sha256))
        for file, path, begin, digest in held:
            self._submit(file, path, digest, partial(spool.read, begin, file.size))

    def finish(self) -> list[StoredFile]:
        """Wait for all that is under way; return what is stored, by path."""
        self._send_gathered()
        self._crew.finish()
        return [self._stored[path] for path in sorted(self._stored)]

    def close(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        self._crew.close()
        self._journal.close()

    def _wanted(self, file: FolderFile, path: str) -> bool:
        put_in = self._upload.among_inputs and file.modified == PUT_IN_AT
        return not put_in and self._choose(path)

    def _take_small(self, file: FolderFile, path: str) -> None:
        content = b"".join(file.pieces)
        digest = hashlib.sha256(content).hexdigest()
        if self._is_sent(path, digest):
            self._note(path, file.size, digest)
        else:
            self._gather(_Small(file, path, digest, content))

    def _gather(self, small: _Small) -> None:
        """Send a file with as many others as the bucket would have at once, and no more memory."""
        self._gathered.append(small)
        held = sum(one.file.size for one in self._gathered)
        if len(self._gathered) >= self._bucket.together or held > _GATHERED:
            self._send_gathered()

    def _send_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []

        def send() -> None:
            smalls = {self._upload.prefix + one.path: one for one in gathered}
            contents = {name: one.content for name, one in smalls.items()}
            for entry in self._bucket.write_all(contents):
                small = smalls[entry.name]
                self._meter.add(0, entry.size)
                self._sent(small.file, small.path, small.sha256, entry.version)

        if gathered:
            self._crew.do(send)

    def _submit(
        self, file: FolderFile, path: str, digest: str, content: Callable[[], Iterator[bytes]]
    ) -> None:
        def send() -> None:
            entry = self._bucket.write(self._upload.prefix + path, content(), file.size)
            self._meter.add(0, file.size)
            self._sent(file, path, digest, entry.version)

        self._crew.do(send)

    def _look_closer(self, file: FolderFile, path: str) -> None:
        content = Digesting(file.pieces)
        for _ in content:
            pass
        if self._is_sent(path, content.sha256):
            self._note(path, file.size, content.sha256)
        else:
            self.unsure.add(path)

    def _send(self, file: FolderFile, path: str, content: Digesting) -> None:
        counted = self._counted(content)
        entry = self._bucket.write(self._upload.prefix + path, counted, file.size)
        self._sent(file, path, content.sha256, entry.version)

    def _counted(self, content: Iterable[bytes]) -> Iterator[bytes]:
        for piece in content:
            self._meter.add(0, len(piece))
            yield piece

    def _sent(self, file: FolderFile, path: str, digest: str, version: str) -> None:
        self._journal.add(SentFile(path, file.size, file.modified, digest, version))
        self._meter.add(1, 0)
        self._note(path, file.size, digest)

    def _note(self, path: str, size: int, digest: str) -> None:
        self._stored[path] = StoredFile(path, size, digest)

    def _looks_sent(self, file: FolderFile, path: str) -> bool:
        known = self._journal.find(path)
        looks = known is not None and (known.size, known.modified) == (file.size, file.modified)
        return looks and known is not None and self._is_sent(path, known.sha256)

    def _is_sent(self, path: str, digest: str) -> bool:
        """Whether just this content is stored already."""
        known = self._journal.find(path)
        if known is None or known.sha256 != digest:
            return False
        return self._there is None or (self._upload.prefix + path, known.version) in self._there


def spelled(path: str) -> str:
    """Return a path as objects are named: control characters, and what is not UTF-8, as %XX."""
    if path.isascii() and path.isprintable():
        return path
    return "".join(f"%{ord(one) & 0xFF:02X}" if _unfit(one) else one for one in path)


def _unfit(character: str) -> bool:
    """Whether no object's name may have it."""
    return character < " " or character == "\x7f" or "\udc80" <= character <= "\udcff"
