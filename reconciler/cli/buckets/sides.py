"""What an argument of `buckets` means: a declared bucket or a part of it, or files of this machine.

Decides which is meant: what begins with a declared bucket's name is that bucket, and `./name` is a
folder of that name.
"""

import os
from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

from reconciler.buckets.bucket import Bucket
from reconciler.buckets.folder import FolderBucket
from reconciler.buckets.names import is_name
from reconciler.buckets.opening import Buckets
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.options import Chosen, Where
from reconciler.cli.place import find
from reconciler.controller import revisions
from reconciler.model import data


class Declared(Struct, frozen=True):
    """A project's buckets, and what opens them."""

    project: str
    buckets: dict[str, data.Bucket]
    opened: Buckets


class Side(Struct, frozen=True):
    """One of the two: a bucket, and what its objects' names begin with.

    `told` is how it is written. A `single` one is an object's own name.
    """

    bucket: Bucket
    prefix: str
    told: str

    @property
    def last(self) -> str:
        """The last part of what was written: a file's name, or a folder's."""
        return self.told.rstrip("/").rpartition("/")[2]

    @property
    def base(self) -> str:
        """The prefix as one of a folder: empty, or with a slash at its end."""
        return f"{self.prefix.rstrip('/')}/" if self.prefix.strip("/") else ""

    @property
    def single(self) -> bool:
        """Whether one object is meant, and not all below a prefix."""
        return bool(self.prefix) and not self.prefix.endswith("/")


def declared(source: Where, operator: Chosen) -> Declared:
    """Return the buckets that a source declares, as it is now.

    Raises:
        Failure: its manifests have errors.
    """
    place = find(source, operator)
    snapshot = place.source.read()
    catalog = revisions.load(snapshot, place.project, place.policy)
    if catalog.desired is None:
        if catalog.errors:
            first = catalog.errors[0]
            raise Failure(f"{first.at}: {first.message}; `validate` shows all that is wrong")
        raise Failure(f"the source cannot be read whole: {snapshot.problem}")
    buckets = dict(catalog.desired.buckets)
    return Declared(place.project, buckets, Buckets(buckets, place.data.credentials))


def side_of(text: str, known: Declared) -> Side:
    """Return the bucket, or the part of it, that is meant by `BUCKET` or `BUCKET/PREFIX`.

    Raises:
        Failure: it is no declared bucket.
        BucketError: it cannot be opened.
    """
    name, _, prefix = text.partition("/")
    if name not in known.buckets:
        there = f"there are {', '.join(known.buckets)}" if known.buckets else "there are none"
        raise Failure(f"no manifest declares a bucket {name!r}; {there}", Exit.USAGE)
    return Side(known.opened.open(name), prefix, text)


def is_bucket(text: str, known: Declared) -> bool:
    """Tell whether an argument means a bucket."""
    return text.partition("/")[0] in known.buckets


def folder_side(path: Path, *, make: bool = False) -> Side:
    """Return a folder of this machine as a side, or one file of its folder.

    Raises:
        Failure: there is none, and none is to be made.
    """
    real = Path(os.path.realpath(path))
    if real.is_file():
        if not is_name(real.name):
            raise Failure(f"no object can be called {real.name!r}")
        return Side(FolderBucket(str(path), str(real.parent)), real.name, str(path))
    if make:
        real.mkdir(parents=True, exist_ok=True)
    if not real.is_dir():
        raise Failure(f"there is no file or folder {path}")
    return Side(FolderBucket(str(path), str(real)), "", str(path))


def passed_over(folder: str, taken: Collection[str]) -> list[str]:
    """Return the links of a folder that are no objects of it: they lead to folders, or out."""
    found = []
    for where, folders, files in os.walk(folder):
        base = os.path.relpath(where, folder)
        for name in (*folders, *files):
            below = os.path.normpath(f"{base}/{name}")
            if below not in taken and Path(where, name).is_symlink():
                found.append(below)
    return sorted(found)
