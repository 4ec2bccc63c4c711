"""What is remembered of a remote beside its objects: which revision is given, and by what right.

Decides how it is kept: one small file, replaced as a whole, so that a crash leaves the old or
the new one. What follows from it is not known here.
"""

import os
from pathlib import Path

import msgspec
from msgspec import Struct


class Record(Struct, frozen=True, kw_only=True):
    """A moment of a mirror.

    `of` is what was asked for: a record of something else counts for nothing. `fetched` is what
    the ref was last seen to be, `given` the commit that is read, judged by the signers of the
    digest `judged_by`; `allowed` is a held commit that somebody let pass.
    """

    of: str
    fetched: str = ""
    given: str = ""
    signer: str = ""
    judged_by: str = ""
    allowed: str = ""


def load(path: Path, of: str) -> Record:
    """Return what is on record; nothing, when there is none that can be read."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return Record(of=of)
    return found if found.of == of else Record(of=of)


def save(path: Path, record: Record) -> None:
    """Replace what is on record."""
    written = path.with_suffix(".new")
    with written.open("wb") as file:
        file.write(msgspec.json.encode(record))
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)
