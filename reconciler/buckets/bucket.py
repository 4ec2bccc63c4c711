"""The common face of all buckets, and the ways in which they fail.

Objects are known by names relative to the bucket's own prefix: `a/b.csv`. A name is never seen
with half of what is written to it. Calls are synchronous and may come from several threads.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct


class BucketError(Exception):
    """A bucket said no. The message is a sentence for people that names the bucket."""


class UnavailableError(BucketError):
    """Worth trying again soon: the service does not answer, is busy, or broke off."""


class DeniedError(BucketError):
    """No credentials, wrong ones, or ones that do not suffice. Somebody has to do something."""


class AbsentError(BucketError):
    """There is no such bucket or object."""


class FullError(BucketError):
    """No room is left."""


class ChangedError(BucketError):
    """An object is not any more what was to be read."""


class UnfitNameError(BucketError):
    """An object's name is none that it could have here."""


class Entry(Struct, frozen=True):
    """An object: its name, its size in bytes, and what tells this content of it from another.

    `version` is the service's ETag; of a folder's file it is made of its identity, size and time.
    `modified` is in epoch seconds.
    """

    name: str
    size: int
    version: str
    modified: float = 0.0


class Bucket(Protocol):
    """One bucket. Every method may raise UnavailableError and DeniedError."""

    name: str
    together: int
    """How many small objects are best stored by one call."""

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the objects whose names begin with a prefix, in the order of their names.

        Raises:
            AbsentError: there is no such bucket.
            UnfitNameError: at the end, with the first of those that are left out for their names.
        """
        ...

    def look(self, name: str) -> Entry | None:
        """Return what is known of one object, None where there is none."""
        ...

    def read(self, entry: Entry, start: int = 0) -> Iterator[bytes]:
        """Yield an object's content from a byte on, in pieces of a few MiB at most.

        What breaks off is gone on with where it was.

        Raises:
            AbsentError: it is gone.
            ChangedError: it has another version.
        """
        ...

    def write(self, name: str, content: Iterable[bytes], size: int | None = None) -> Entry:
        """Store an object whole, or not at all; what had its name is replaced.

        Large ones go in parts. An exception of `content` leaves no object behind.

        Raises:
            AbsentError: there is no such bucket.
            FullError: there is no room.
        """
        ...

    def write_all(self, contents: Mapping[str, bytes]) -> Iterator[Entry]:
        """Store small objects, each as by `write`, and yield each once it is stored.

        Raises:
            as `write`; what was not yielded then may be stored or not.
        """
        ...

    def copy(self, source: str, target: str) -> Entry:
        """Store an object once more under another name, without its content coming here.

        Raises:
            AbsentError: there is no such object.
        """
        ...

    def remove(self, name: str) -> None:
        """Remove an object; gone is done."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...
