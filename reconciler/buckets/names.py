"""Which names objects can have, in folders and at services alike.

Decides what a name may be made of: no name leads out of a bucket, and what has one here can have
it everywhere. Must not know how anything is stored.
"""

import re
from typing import Final

from reconciler.buckets.bucket import BucketError, UnfitNameError

MAX_BYTES: Final = 1024
PARTIAL: Final = ".reconciler-part-"
"""What a file is called that is being written: such a name no object has."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def check_name(name: str, bucket: str) -> None:
    """Refuse what cannot be an object's name.

    Raises:
        UnfitNameError: with the reason.
    """
    if fault := _fault(name):
        raise UnfitNameError(f"bucket {bucket}: {name[:120]!r} cannot be an object's name: {fault}")


def check_prefix(prefix: str, bucket: str) -> None:
    """Refuse what no object's name can begin with; the empty prefix is one of all.

    Raises:
        BucketError: with the reason.
    """
    head, _, last = prefix.rpartition("/")
    fault = _fault(head) if head or prefix.startswith("/") else ""
    if fault or (fault := _unfit(last)):
        raise BucketError(
            f"bucket {bucket}: no object's name begins with {prefix[:120]!r}: {fault}"
        )


def check_size(seen: int, size: int | None, name: str, bucket: str) -> None:
    """Refuse content that is not as long as was announced.

    Raises:
        BucketError: with both lengths.
    """
    if size is not None and seen != size:
        raise BucketError(
            f"bucket {bucket}: {name} is not stored: {seen} bytes came where {size} were announced"
        )


def is_name(name: str) -> bool:
    """Tell whether an object can be called so."""
    return not _fault(name)


def _fault(name: str) -> str:
    segments = name.split("/")
    if not all(segments):
        return "nothing stands before, after or between its slashes"
    if {".", ".."} & set(segments):
        return "it has a . or .. between slashes"
    if PARTIAL in name and any(segment.startswith(PARTIAL) for segment in segments):
        return f"{PARTIAL}… is what files are called that are being written"
    return _unfit(name)


def _unfit(text: str) -> str:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if size > MAX_BYTES:
        return f"it has {size} bytes, and {MAX_BYTES} are the most"
    if _CONTROL.search(text):
        return "it has control characters"
    return ""
