"""Carrying one object from one bucket to another, unless it is there already.

Decides what is the same, what is gone on with, how what has arrived is checked, and how often an
object is tried. A folder is a bucket here as well.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from msgspec import Struct

from reconciler.buckets.bucket import Bucket, BucketError, Entry, UnavailableError
from reconciler.buckets.checksums import WHOLE, Sums, forms_of, is_checksum
from reconciler.buckets.folder import FolderBucket
from reconciler.buckets.landing import land
from reconciler.buckets.service import PART, part_size

_TRIES: Final = 5
_FIRST_PAUSE: Final = 1.0

T = TypeVar("T")
Told = Callable[[int], None]


class StoppedError(Exception):
    """Whoever asked for it does not want it any more."""


class Errand(Struct, frozen=True):
    """An object, and the name that it gets."""

    entry: Entry
    name: str


class Carrier:
    """Carries objects from one bucket to another, in any number of threads, until it is stopped.

    `told` hears of bytes as they come by, and of those that are taken back as negative ones.
    """

    def __init__(self, source: Bucket, target: Bucket, told: Told) -> None:
        self._source = source
        self._target = target
        self._told = told
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let all that is under way end soon."""
        self._stopped.set()

    def has(self, errand: Errand, there: Entry | None) -> bool:
        """Tell whether the target has this very content; `there` is what it has by that name.

        Contents are compared where both are in folders, else checksums; where there are none
        that can be compared, it counts as another.
        """
        entry = errand.entry
        if there is None or there.size != entry.size:
            return False
        near, far = (isinstance(b, FolderBucket) for b in (self._source, self._target))
        if near and far:
            return self._equal(entry, there)
        if not near and not far:
            return entry.version == there.version
        local, bucket, remote = (
            (entry, self._source, there) if near else (there, self._target, entry)
        )
        sums = Sums(forms_of(remote.version, remote.size, part_size(remote.size)))
        for piece in self._until_stopped(bucket.read(local)):
            sums.add(piece)
        return remote.version in sums.etags()

    def carry(self, errand: Errand) -> None:
        """Store an object at the target, and see that it has arrived as it was.

        Raises:
            BucketError: it cannot be, after some tries.
            StoppedError: by `stop`.
        """
        for attempt in range(_TRIES):
            told: list[int] = []
            try:
                self._once(errand, told)
            except UnavailableError:
                if attempt == _TRIES - 1:
                    raise
            else:
                return
            self._told(-sum(told))
            if self._stopped.wait(_FIRST_PAUSE * 2**attempt):
                raise StoppedError

    def _once(self, errand: Errand, told: list[int]) -> None:
        entry = errand.entry
        expected = forms_of(entry.version, entry.size, part_size(entry.size))
        with Sums([*expected, *self._own_forms(entry)]).aside(large=entry.size > PART) as sums:

            def taken(piece: bytes) -> None:
                sums.add(piece)
                told.append(len(piece))
                self._told(len(piece))

            written = self._store(errand, taken)
        seen = sums.etags()
        if expected and entry.version not in seen:
            self._again(self._source, entry, sums, errand.name)
        if written and is_checksum(written.version) and written.version not in seen:
            self._again(self._target, written, sums, errand.name)

    def _own_forms(self, entry: Entry) -> tuple[int, ...]:
        """Return of which parts the target makes an object; none where that is a folder."""
        if isinstance(self._target, FolderBucket):
            return ()
        return (part_size(entry.size) if entry.size > PART else WHOLE,)

    def _store(self, errand: Errand, taken: Callable[[bytes], None]) -> Entry | None:
        """Store the content; return what a service says of it."""
        entry, target = errand.entry, self._target

        def read(start: int) -> Iterator[bytes]:
            return self._until_stopped(self._source.read(entry, start))

        if isinstance(target, FolderBucket) and entry.size > PART:
            land(target, errand.name, entry, read, taken)
            return None

        def content() -> Iterator[bytes]:
            for piece in read(0):
                taken(piece)
                yield piece

        written = target.write(errand.name, content(), entry.size)
        return None if isinstance(target, FolderBucket) else written

    def _again(self, bucket: Bucket, entry: Entry, sums: Sums, name: str) -> None:
        """Read an object once more whose ETag is no checksum of what came by, or is damaged."""
        second = Sums(sums.forms)
        for piece in self._until_stopped(bucket.read(entry)):
            second.add(piece)
        if second.etags() != sums.etags():
            self._target.remove(name)
            raise BucketError(
                f"bucket {bucket.name}: {entry.name} was damaged on its way, and is not kept"
            )

    def _equal(self, entry: Entry, there: Entry) -> bool:
        pairs = zip(self._source.read(entry), self._target.read(there), strict=True)
        return all(mine == theirs for mine, theirs in self._until_stopped(pairs))

    def _until_stopped(self, pieces: Iterable[T]) -> Iterator[T]:
        for piece in pieces:
            if self._stopped.is_set():
                raise StoppedError
            yield piece
