"""The files of a container in memory: those that were put into it."""

from collections.abc import Iterator

from reconciler.engines.folders import FolderFile
from reconciler.engines.simulated.box import Box


def files_below(box: Box, folder: str) -> Iterator[FolderFile] | None:
    """Return the files below a folder, None where there is no folder."""
    above = f"{folder.rstrip('/')}/"
    found = {path: entry for path, entry in box.staged.items() if path.startswith(above)}
    if not found and folder not in box.staged:
        return None
    return iter(
        [
            FolderFile(path.removeprefix(above), len(entry.content), 0.0, iter([entry.content]))
            for path, entry in sorted(found.items())
            if entry.content is not None
        ]
    )
