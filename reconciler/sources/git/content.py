"""What a tree of a repository holds as a source: its entries, its manifests, their bytes.

Decides what is asked for, in few questions, and within the bounds that a folder has. Which
commit the tree belongs to, and what is in the files, is not known here.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from reconciler.sources.folder import MAX_BYTES, MAX_TOTAL
from reconciler.sources.git.repository import Repository
from reconciler.sources.git.tree import LINK, Entry, Selection, parse, select
from reconciler.sources.ignore import IGNORE_FILE
from reconciler.sources.ignore import MAX_BYTES as IGNORE_BYTES

_LONGEST_LINK: Final = 4096
_MOST_LINKS: Final = 20_000
# In place of a file that is too large: its reader refuses it by its size, in words of its own.
_TOO_LARGE: Final = bytes(MAX_BYTES + 1)
_NOTHING_KNOWN: Final[Mapping[str, bytes]] = {}


def tree_of(repository: Repository, commit: str, path: str) -> str | None:
    """Return the name of a folder's tree, None where there is no such folder."""
    asked = f"{commit}:{path}"
    status, out, _ = repository.try_to("rev-parse", "--verify", "--quiet", asked)
    if status:
        return None
    name = out.decode("ascii").strip()
    return name if repository.ask("cat-file", "-t", name).strip() == b"tree" else None


def listed(repository: Repository, tree: str) -> dict[str, Entry]:
    """Return a tree's entries by path."""
    return parse(repository.ask("ls-tree", "-r", "-t", "-z", "--full-tree", tree))


def selected(repository: Repository, entries: Mapping[str, Entry]) -> Selection:
    """Return what of a tree is to be read."""
    targets = _targets(repository, entries.values())
    return select(entries, targets, _ignoring(repository, entries))


def contents(
    repository: Repository, selection: Selection, known: Mapping[str, bytes] = _NOTHING_KNOWN
) -> dict[str, bytes]:
    """Return the manifests by path, within the bounds that a folder has.

    `known` holds what was read before, by object name: it is not asked for again.
    """
    names = sorted(set(selection.files.values()) - known.keys())
    sizes = {name: size for name, size, _ in repository.objects("--batch-check", names)}
    small = sorted(_within(selection, sizes, known))
    read = {name: content for name, _, content in repository.objects("--batch", small)}
    return {
        path: known[name] if name in known else read.get(name, _TOO_LARGE)
        for path, name in sorted(selection.files.items())
    }


def _within(selection: Selection, sizes: Mapping[str, int], known: Mapping[str, bytes]) -> set[str]:
    """Return which objects are to be read; leave out of the selection what is beyond bounds."""
    room, kept, wanted = MAX_TOTAL, dict[str, str](), set[str]()
    for path, name in sorted(selection.files.items()):
        size = len(known[name]) if name in known else sizes[name]
        room -= min(size, len(_TOO_LARGE))
        if room < 0:
            selection.problems.append(f"the source is larger than {MAX_TOTAL >> 20} MiB")
            break
        kept[path] = name
        if name not in known and size <= MAX_BYTES:
            wanted.add(name)
    selection.files = kept
    return wanted


def _targets(repository: Repository, entries: Iterable[Entry]) -> dict[str, str]:
    """Return what links say, by object name; of too many, and of too long ones, nothing."""
    links = sorted({entry.name for entry in entries if entry.mode == LINK})[:_MOST_LINKS]
    sizes = repository.objects("--batch-check", links)
    short = [name for name, size, _ in sizes if size <= _LONGEST_LINK]
    return {
        name: content.decode("utf-8", "surrogateescape")
        for name, _, content in repository.objects("--batch", short)
    }


def _ignoring(repository: Repository, entries: Mapping[str, Entry]) -> dict[str, bytes]:
    """Return what is said of files to pass over, by object name; of too large a file nothing."""
    suffix = f"/{IGNORE_FILE}"
    found = {e.name for path, e in entries.items() if f"/{path}".endswith(suffix) and e.is_file}
    sizes = repository.objects("--batch-check", sorted(found))
    short = [name for name, size, _ in sizes if size <= IGNORE_BYTES]
    return {name: content for name, _, content in repository.objects("--batch", short)}
