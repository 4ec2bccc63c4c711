"""A tar of little data as entries, to be put into a container together with others.

Pure, and the same for every engine. All of it is in memory.
"""

import io
import tarfile
from typing import Final

from reconciler.engines.engine import TransientError
from reconciler.engines.staging import Entry

_END: Final = bytes(2 * tarfile.BLOCKSIZE)


def unpacked(content: bytes) -> tuple[Entry, ...]:
    """Return what is in a tar but its outermost folder, as root's, with paths as they are in it.

    Raises:
        TransientError: it is cut off.
    """
    if not content.endswith(_END) or len(content) % tarfile.BLOCKSIZE:
        # tarfile would take the beginning for all of it
        raise TransientError("what the engine gave of the data was cut off")
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            return tuple(
                Entry(path, member.mode, 0, 0, _inside(archive, member), int(member.mtime))
                for member in archive
                if (path := member.name.removeprefix("./").strip("/")) not in {"", "."}
            )
    except tarfile.TarError as error:
        raise TransientError(f"what the engine gave of the data was cut off: {error}") from error


def _inside(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    file = archive.extractfile(member) if member.isreg() else None
    return file.read() if file else None
