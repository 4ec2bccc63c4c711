"""Results fetched into a folder: whole and checked, or not there at all.

What is there already is left alone. Several files are fetched side by side.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from reconciler.cli.exits import Failure
from reconciler.cli.kept import Kept, KeptFile, manifest_of, opened
from reconciler.cli.place import Place

if TYPE_CHECKING:
    from reconciler.buckets.bucket import Bucket

_THREADS: Final = 8
_PIECE: Final = 1024 * 1024


class Fetched(Struct):
    """How many files are there, and how many of them have just come."""

    files: int = 0
    fetched: int = 0


def fetch(place: Place, kept: list[Kept], folder: Path) -> Fetched:
    """Fetch all files of results into FOLDER/INSTANCE.

    Raises:
        Failure: some of it cannot be had, or is not what was stored, or the disk refuses.
    """
    from reconciler.buckets.bucket import BucketError  # noqa: PLC0415  # a list needs none
    from reconciler.controller.crew import Crew  # noqa: PLC0415  # as above

    buckets, crew, done = opened(place, kept), Crew("fetch", _THREADS), Fetched()
    try:
        for one in kept:
            bucket, to = buckets[one.bucket], folder / str(one.instance)
            for file in manifest_of(bucket, one):
                work = _work(bucket, one, file, _inside(to, file.path), done)
                crew.do(work)
        crew.finish()
    except (BucketError, OSError) as error:
        raise Failure(f"not all is fetched: {error}") from error
    finally:
        crew.close()
    return done


def _work(
    bucket: "Bucket", kept: Kept, file: KeptFile, path: Path, done: Fetched
) -> Callable[[], None]:
    def work() -> None:
        done.files += 1
        if not _is_there(path, file):
            _fetch(bucket, kept, file, path)
            done.fetched += 1

    return work


def _fetch(bucket: "Bucket", kept: Kept, file: KeptFile, path: Path) -> None:
    name = kept.results.prefix + file.path
    entry = bucket.look(name)
    if entry is None:
        raise Failure(f"bucket {kept.results.bucket} has no {name} any more")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft, digest = path.with_name(f".{path.name}.{os.getpid()}.draft"), hashlib.sha256()
    try:
        with draft.open("wb") as target:
            for piece in bucket.read(entry):
                digest.update(piece)
                target.write(piece)
        if digest.hexdigest() != file.sha256:
            message = f"{name} in bucket {kept.results.bucket} is not what was stored there"
            raise Failure(message)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _is_there(path: Path, file: KeptFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as found:
        while piece := found.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest() == file.sha256


def _inside(folder: Path, path: str) -> Path:
    """Return where a file goes.

    Raises:
        Failure: it would lead out of the folder.
    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or {"..", "."} & {*path.split("/")}:
        raise Failure(f"a stored file is called {path!r}, which leads out of the folder")
    return folder.joinpath(*parts)
