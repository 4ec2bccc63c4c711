"""Verdicts of earlier checks, kept in the user's cache folder.

Decides when something remembered may be believed: it is of the very same bytes, by the same
program and policy, whole, and from a folder that nobody else can write to. Everything else is
as if it were not there: a cache that cannot be read or written costs time and nothing more.
One file per source, replaced as a whole, so that checks at the same time do not disturb each
other and what is no longer used goes away by itself. Must not know what a verdict says.
"""

import contextlib
import hashlib
import os
import time
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from reconciler import __version__
from reconciler.ledger import LedgerError, prepare_state_folder
from reconciler.model.policy import Policy

_SUFFIX: Final = ".verdicts"
_UNUSED: Final = 30 * 86_400.0  # seconds after which a source's file goes
_MOST: Final = 256 * 1024 * 1024  # bytes
_CHECKSUM: Final = 8  # characters


class Cache(Struct, frozen=True):
    """Where a source's verdicts are kept. `path` is None where there is no place for them."""

    path: Path | None

    def recall(self) -> dict[str, bytes]:
        """Return what is known, by digest; what is damaged is left out."""
        if self.path is None:
            return {}
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:  # noqa: PTH123 - from a descriptor
                lines = file.read(_MOST).split(b"\n")
        except OSError:
            return {}
        return dict(known for line in lines if (known := _entry(line)) is not None)

    def remember(self, verdicts: Mapping[str, bytes]) -> None:
        """Keep verdicts, by digest, instead of those from before."""
        if self.path is None:
            return
        with contextlib.suppress(OSError):
            _replace(self.path, b"".join(_line(*known) for known in verdicts.items()))
            _clear(self.path.parent)


def cache_for(source: str, policy: Policy, folder: Path | None = None) -> Cache:
    """Return the cache of a source under the operator's policy.

    `folder` is None for the platform's place.
    """
    whole = f"{_program()}\n{policy}\n{source}"
    key = hashlib.sha256(whole.encode("utf-8", "replace"))
    try:
        place = prepare_state_folder(folder or _default_folder())
    except LedgerError:
        return Cache(None)
    return Cache(place / f"{key.hexdigest()[:32]}{_SUFFIX}")


def _default_folder() -> Path:
    import platformdirs  # noqa: PLC0415 - only checks need it

    return Path(platformdirs.user_cache_dir("reconciler", appauthor=False)) / "validate"


@cache
def _program() -> str:
    """Return what this very program is recognised by: an edited checkout is another one."""
    package = Path(__file__).parents[1]
    rooms = [package / "manifests", package / "model", package / "_shipped" / "schemas" / "v1"]
    rooms += [package.parent / "schemas" / "v1", package.parent / "specs" / "profiles"]
    digest = hashlib.sha256(__version__.encode())
    for room in rooms:
        with contextlib.suppress(OSError), os.scandir(room) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                found = entry.stat()
                digest.update(f"{entry.path} {found.st_size} {found.st_mtime_ns}".encode())
    return digest.hexdigest()


def _entry(line: bytes) -> tuple[str, bytes] | None:
    content = line[_CHECKSUM + 1 :]
    if line[:_CHECKSUM] != b"%08x" % zlib.crc32(content):
        return None
    digest, _, verdict = content.partition(b" ")
    return digest.decode("ascii", "replace"), verdict


def _line(digest: str, verdict: bytes) -> bytes:
    content = b"%b %b" % (digest.encode(), verdict)
    return b"%08x %b\n" % (zlib.crc32(content), content)


def _replace(path: Path, content: bytes) -> None:
    import tempfile  # noqa: PLC0415  # slow to load, and most checks find all as it was

    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - from a descriptor
            file.write(content)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _clear(folder: Path) -> None:
    """Remove what has not been written to for long, half-written files of the dead included."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if time.time() - entry.stat(follow_symlinks=False).st_mtime > _UNUSED:
                Path(entry.path).unlink(missing_ok=True)
