"""A bucket of an S3 service, or a part of one.

Decides how much goes in one piece, how often a broken transfer is gone on with, and that names
below the bucket's own prefix stay below it. The requests, their signatures with SHA-256 and their
repetition are the library's. Must not know where credentials are from.
"""

import time
from bisect import bisect_left
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Final

from reconciler.buckets.bucket import (
    AbsentError,
    BucketError,
    ChangedError,
    Entry,
    UnavailableError,
    UnfitNameError,
)
from reconciler.buckets.failures import Where, worded
from reconciler.buckets.names import check_name, check_prefix, check_size
from reconciler.buckets.piecemeal import by_folders
from reconciler.buckets.upload import Upload

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta, PutResult
    from obstore.store import S3Store

PART: Final = 8 * 1024 * 1024
_MOST_PARTS: Final = 10_000
_UNKNOWN_PART: Final = 2 * PART
_AT_ONCE: Final = 4
_PIECE: Final = 1024 * 1024
_PAGE: Final = 1000
_COPYABLE: Final = 5 * 1024**3
_RESUMES: Final = 3
_FIRST_PAUSE: Final = 0.2


class ServiceBucket:
    """Objects of a service. One store reads and one writes: what they wait for differs."""

    together = 1

    def __init__(self, where: Where, prefix: str, reader: "S3Store", writer: "S3Store") -> None:
        self.name = where.name
        self._where = where
        self._base = "".join(f"{part}/" for part in prefix.split("/") if part)
        self._reader = reader
        self._writer = writer

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the objects whose names begin with a prefix, in the order of their names.

        Not every service lists in that order, so that all of a listing is held, some 300 bytes
        for each object.
        """
        check_prefix(prefix, self.name)
        with self._put_into_words():
            seen, unfit = self._found(self._base + prefix)
        found = sorted(seen, key=_order)
        names = [_order(entry) for entry in found]
        for entry in found:
            if entry.size or not _marks_folder(entry, names):
                yield entry
        if unfit:
            raise UnfitNameError(f"{self._where}: {unfit[0]}")

    def look(self, name: str) -> Entry | None:
        """Return what is known of one object, None where there is none."""
        with self._put_into_words(name):
            try:
                found = self._reader.head(self._full(name))
            except FileNotFoundError:
                return None
        return self._entry(name, found)

    def read(self, entry: Entry, start: int = 0) -> Iterator[bytes]:
        """Yield an object's content from a byte on; what breaks off is gone on with."""
        at, failures = start, 0
        while True:
            try:
                for piece in self._once(entry, at):
                    at, failures = at + len(piece), 0
                    yield piece
            except UnavailableError:
                failures += 1
                if failures > _RESUMES:
                    raise
                time.sleep(_FIRST_PAUSE * 2**failures)
            else:
                return

    def write(self, name: str, content: Iterable[bytes], size: int | None = None) -> Entry:
        """Store an object whole, or not at all; large ones in parts, which are not seen."""
        full, source = self._full(name), _Source(content)
        first = source.first()
        if len(first) <= PART:
            check_size(source.seen, size, name, self.name)
            with self._put_into_words(name):
                done = self._writer.put(full, first, use_multipart=False)
        else:
            done = self._in_parts(name, chain([first], source), size)
        if done["e_tag"] is None:
            return self._seen(name)
        return Entry(name, source.seen, done["e_tag"], time.time())

    def write_all(self, contents: Mapping[str, bytes]) -> Iterator[Entry]:
        """Store small objects, one after the other."""
        for name, content in contents.items():
            yield self.write(name, [content], len(content))

    def _in_parts(self, name: str, content: Iterable[bytes], size: int | None) -> "PutResult":
        def send(pieces: Iterator[bytes]) -> "PutResult":
            return self._writer.put(
                self._full(name),
                pieces,
                use_multipart=True,
                chunk_size=part_size(size),
                max_concurrency=_AT_ONCE,
            )

        seen = 0
        with Upload(send) as upload:
            for piece in content:
                seen += len(piece)
                with self._put_into_words(name):
                    upload.give(piece)
            check_size(seen, size, name, self.name)
            with self._put_into_words(name):
                return upload.finish()

    def copy(self, source: str, target: str) -> Entry:
        """Store an object once more under another name, by the service itself."""
        found = self.look(source)
        if found is None:
            raise AbsentError(f"{self._where} has no {source}")
        if found.size > _COPYABLE:  # more than a service copies in one request
            return self.write(target, self.read(found), found.size)
        with self._put_into_words(source):
            self._writer.copy(self._full(source), self._full(target))
        return self._seen(target)

    def remove(self, name: str) -> None:
        """Remove an object; gone is done."""
        with self._put_into_words(name):
            try:
                self._writer.delete(self._full(name))
            except FileNotFoundError:
                return

    def close(self) -> None:
        """Give back connections, which go with the last word about them."""

    def _full(self, name: str) -> str:
        check_name(name, self.name)
        return self._base + name

    def _found(self, full: str) -> tuple[Sequence[Entry], Sequence[str]]:
        """Return what begins so, and what is told of names for which something is left out."""
        from obstore.exceptions import InvalidPathError  # noqa: PLC0415  # as when it was opened

        try:
            return list(self._listed(full)), []
        except InvalidPathError:
            found, unfit = by_folders(self._reader, full)
        at = len(self._base)
        return [self._entry(one["path"][at:], one) for one in found if one["path"][at:]], unfit

    def _listed(self, full: str) -> Iterator[Entry]:
        """Yield what begins so: the library lists folders, so what is before it is left out."""
        folder, _, rest = full.rpartition("/")
        after = full[:-1] if rest and rest[:-1] not in {".", ".."} else None
        depth = len(full) - len(rest)
        for page in self._reader.list(folder or None, offset=after, chunk_size=_PAGE):
            for found in page:
                path = found["path"]
                if path.startswith(full) and len(path) > len(self._base):
                    yield self._entry(path[len(self._base) :], found)
                elif path[depth:].partition("/")[0].encode() > rest.encode():
                    return

    def _once(self, entry: Entry, start: int) -> Iterator[bytes]:
        with self._put_into_words(entry.name):
            if start >= entry.size:
                self._check(entry, self.look(entry.name))
                return
            options: GetOptions = {"if_match": entry.version, "range": {"offset": start}}
            try:
                got = self._reader.get(self._full(entry.name), options=options)
            except FileNotFoundError:
                raise AbsentError(f"{self._where}: {entry.name} is gone") from None
            self._check(entry, self._entry(entry.name, got.meta))
            left = entry.size - start
            for piece in got.stream(min_chunk_size=_PIECE):
                left -= len(piece)
                yield bytes(piece)
            if left:
                raise UnavailableError(f"{self._where}: {entry.name} broke off")

    def _check(self, entry: Entry, now: Entry | None) -> None:
        if now is None:
            raise AbsentError(f"{self._where}: {entry.name} is gone")
        if (now.version, now.size) != (entry.version, entry.size):
            raise ChangedError(f"{self._where}: {entry.name} has changed")

    def _seen(self, name: str) -> Entry:
        entry = self.look(name)
        if entry is None:
            raise ChangedError(f"{self._where}: {name} was stored, and is gone")
        return entry

    def _entry(self, name: str, found: "ObjectMeta") -> Entry:
        modified = found["last_modified"].timestamp()
        version = found["e_tag"] or f"{modified}-{found['size']}"
        return Entry(name, found["size"], version, modified)

    @contextmanager
    def _put_into_words(self, name: str = "") -> Generator[None]:
        try:
            yield
        except BucketError:
            raise
        except Exception as error:
            raise worded(error, self._where, name) from error


class _Source:
    """Content on its way out, and how much there was of it."""

    def __init__(self, content: Iterable[bytes]) -> None:
        self._content = iter(content)
        self.seen = 0

    def first(self) -> bytes:
        """Return all of it if that is little, else somewhat more than a part."""
        pieces = bytearray()
        for piece in self:
            pieces += piece
            if len(pieces) > PART:
                break
        return bytes(pieces)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._content:
            self.seen += len(piece)
            yield piece


def _order(entry: Entry) -> bytes:
    return entry.name.encode()


def _marks_folder(entry: Entry, names: Sequence[bytes]) -> bool:
    """Tell whether an object is there for programs that want to see folders: others are below."""
    below = _order(entry) + b"/"
    at = bisect_left(names, below)
    return at < len(names) and names[at].startswith(below)


def part_size(size: int | None) -> int:
    """Return how large parts are, so that there are not more of them than a service takes."""
    return _UNKNOWN_PART if size is None else max(PART, -(-size // (_MOST_PARTS - 1)))
