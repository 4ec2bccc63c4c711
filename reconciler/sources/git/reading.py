"""Reading one revision after another: what two of them have in common is read once.

Decides, from what git says differs, what has to be listed, chosen or read anew. Where a
revision comes from, and whether it may be read, is decided before.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from reconciler.model.shared import SharedMap
from reconciler.sources.folder import MAX_TOTAL
from reconciler.sources.git.content import contents, listed, selected
from reconciler.sources.git.repository import Repository
from reconciler.sources.git.tree import FOLDER, LINK, Entry, Selection
from reconciler.sources.ignore import IGNORE_FILE

_GONE: Final = "000000"
_NO_GRAFTS: Final[Mapping[str, str]] = {}

Change = tuple[str, Entry | None, Entry | None]
"""A path, and what stood and stands there."""


class Content(Struct, frozen=True):
    """What a tree holds as a source: manifests by path, what is missing, what is not read."""

    files: SharedMap[bytes] = field(default_factory=SharedMap)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class _Read(Struct):
    """The last tree that was read.

    `names` is what its manifests are called in the repository, `size` their bytes altogether.
    """

    tree: str
    grafts: Mapping[str, str]
    entries: dict[str, Entry]
    names: dict[str, str]
    content: Content
    size: int
    linked: bool


class Reader:
    """Remembers the last tree that was read."""

    def __init__(self) -> None:
        self._last: _Read | None = None

    def read(
        self, repository: Repository, tree: str, grafts: Mapping[str, str] = _NO_GRAFTS
    ) -> Content:
        """Return what a tree holds. `grafts` are trees that stand in it for submodules, by path.

        Raises:
            RevisionError: when it cannot be read; then nothing is remembered.
        """
        last, self._last = self._last, None
        if last is None or grafts or last.grafts:
            last = self._whole(repository, tree, grafts, last)
        elif last.tree != tree:
            last = self._next(repository, tree, last)
        self._last = last
        return last.content

    def _whole(
        self, repository: Repository, tree: str, grafts: Mapping[str, str], last: _Read | None
    ) -> _Read:
        entries = listed(repository, tree)
        for path, grafted in grafts.items():
            entries[path] = Entry(FOLDER, grafted)
            below = listed(repository, grafted)
            entries |= {f"{path}/{name}": entry for name, entry in below.items()}
        read = _taken(repository, tree, entries, selected(repository, entries), _known(last))
        read.grafts = grafts
        return read

    def _next(self, repository: Repository, tree: str, last: _Read) -> _Read:
        said = repository.ask("diff-tree", "-r", "-t", "-z", "--no-renames", last.tree, tree)
        changes = changed(said)
        for path, _, after in changes:
            if after is None:
                last.entries.pop(path, None)
            else:
                last.entries[path] = after
        return _patched(repository, tree, changes, last) or _taken(
            repository, tree, last.entries, selected(repository, last.entries), _known(last)
        )


def _patched(repository: Repository, tree: str, changes: list[Change], last: _Read) -> _Read | None:
    """Return what is read where nothing but contents differ, None where that is not so.

    What this costs depends on what differs, and hardly on what there is.
    """
    # With links a manifest may be known by another path than that of its content.
    if last.linked or last.content.problems or not all(_is_plain(*change) for change in changes):
        return None
    names = {path: after.name for path, _, after in changes if after and path in last.names}
    selection = Selection(names)
    new, files = contents(repository, selection), last.content.files
    size = last.size + sum(len(data) - len(files[path]) for path, data in new.items())
    if selection.problems or size > MAX_TOTAL:
        return None
    last.names.update(names)
    content = Content(files.changed(new), (), last.content.notes)
    return _Read(tree, _NO_GRAFTS, last.entries, last.names, content, size, linked=False)


def _known(last: _Read | None) -> dict[str, bytes]:
    if last is None:
        return {}
    return {name: last.content.files[path] for path, name in last.names.items()}


def changed(listing: bytes) -> list[Change]:
    """Return the changes that `diff-tree -z` prints."""
    found: list[Change] = []
    parts = iter(listing.split(b"\0"))
    for about in parts:
        if not about.startswith(b":"):
            continue
        before, after, old, new, _ = about[1:].decode("ascii").split(" ")
        path = next(parts).decode("utf-8", "surrogateescape")
        found.append((path, _entry(before, old), _entry(after, new)))
    return found


def _entry(mode: str, name: str) -> Entry | None:
    return None if mode == _GONE else Entry(mode, name)


def _is_plain(path: str, before: Entry | None, after: Entry | None) -> bool:
    """Return whether only contents differ, and none that says what is passed over."""
    if before is None or after is None or path.rpartition("/")[2] == IGNORE_FILE:
        return False
    return before.is_file == after.is_file and (after.is_file or before.mode == after.mode)


def _taken(
    repository: Repository,
    tree: str,
    entries: dict[str, Entry],
    selection: Selection,
    known: Mapping[str, bytes],
) -> _Read:
    files = contents(repository, selection, known)
    content = Content(SharedMap(files), tuple(selection.problems), tuple(selection.notes))
    size = sum(map(len, files.values()))
    linked = any(entry.mode == LINK for entry in entries.values())
    return _Read(tree, _NO_GRAFTS, entries, selection.files, content, size, linked=linked)
