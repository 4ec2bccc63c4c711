"""What is written about results beside them, and read again where they are taken over.

Decides how it looks. Must not know where it is stored.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from reconciler.controller.uploading import StoredFile
from reconciler.model.data import Upload

FORMAT: Final = 1
"""The version of result manifests."""


class Chosen(Struct, frozen=True):
    """Which files were stored, as a manifest tells it."""

    source: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class Told(Struct, frozen=True, rename="camel"):
    """What is read of a manifest: its files, which they are, and how the program has ended."""

    files: tuple[StoredFile, ...]
    results: Chosen
    exit_code: int | None = None
    started_at: float = 0.0
    finished_at: float = 0.0


def manifest_of(upload: Upload, ended: Mapping[str, object], files: Sequence[StoredFile]) -> bytes:
    """Return what tells of results: all that it takes to do them again, and what they are.

    `ended` is how the program has ended, and what else is known only then.
    """
    about: dict[str, object] = {"format": FORMAT, **json.loads(upload.about), **ended}
    about["results"] = {
        "bucket": upload.bucket.name,
        "prefix": upload.prefix,
        "source": upload.source,
        "include": upload.include,
        "exclude": upload.exclude,
    }
    about["files"] = [asdict(file) for file in files]
    return json.dumps(about, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
