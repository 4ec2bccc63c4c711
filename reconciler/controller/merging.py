"""What a set of inputs comes to: the listings of its origins as one, and the key of its content.

Decides which object wins where several have one path, and which paths are none. Must not know
how objects are read.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from reconciler.buckets.bucket import Bucket, Entry
from reconciler.engines.engine import PermanentError
from reconciler.model.data import Origin, Resolved

OURS: Final = ".reconciler"
"""The folder of what we say ourselves of results, which is nobody's input."""

_LENGTH: Final = 20


class Listing(Struct, frozen=True):
    """An origin, the bucket that it is in, and its objects."""

    origin: Origin
    bucket: Bucket
    entries: Sequence[Entry]


class Item(Struct, frozen=True):
    """A file of a set: its path, and the object that it is."""

    path: str
    origin: Origin
    bucket: Bucket
    entry: Entry


def merged(listings: Iterable[Listing]) -> list[Item]:
    """Return the files of listings in the order of their paths; of one path the last one wins.

    Raises:
        PermanentError: there is nothing where there is to be something, or a path is none.
    """
    found: dict[str, Item] = {}
    for listing in listings:
        origin = listing.origin
        if origin.prefix and not listing.entries:
            raise PermanentError(
                f"bucket {origin.bucket.name} has no object whose name begins with"
                f" {origin.prefix}: put some there, or mend the prefix"
            )
        for entry in listing.entries:
            path = _path(origin, entry)
            if path:
                found[path] = Item(path, origin, listing.bucket, entry)
    for path in found:
        _check_above(path, found)
    return [found[path] for path in sorted(found)]


def resolved(items: Sequence[Item]) -> Resolved:
    """Return what files come to. Equal keys mean equal paths and contents."""
    digest = hashlib.sha256()
    for item in items:
        bucket, entry = item.origin.bucket, item.entry
        told = (item.path, bucket.url, bucket.endpoint, entry.name, str(entry.size), entry.version)
        digest.update("\0".join(told).encode() + b"\0\0")
    size = sum(item.entry.size for item in items)
    return Resolved(digest.hexdigest()[:_LENGTH], size, len(items))


def _path(origin: Origin, entry: Entry) -> str:
    """Return a file's path, empty for what is no file, or none of anybody's."""
    if entry.name.endswith("/"):  # some tools make objects of folders
        return ""
    path = entry.name.removeprefix(origin.strip_prefix).lstrip("/")
    parts = path.split("/")
    if OURS in parts[:-1]:
        return ""
    if not path or {"", ".", ".."} & set(parts) or "\0" in path:
        raise PermanentError(
            f"bucket {origin.bucket.name}: the object {entry.name!r} is no path of a file"
            f" without {origin.strip_prefix!r}: rename it, or mend stripPrefix"
        )
    return path


def _check_above(path: str, found: dict[str, Item]) -> None:
    above = path
    while above := above.rpartition("/")[0]:
        if above in found:
            name = found[above].origin.bucket.name
            message = f"{above} (bucket {name}) would be a file and the folder of {path}"
            raise PermanentError(f"{message}: rename one of them, or leave it out by a prefix")
