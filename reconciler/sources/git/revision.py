"""One revision of a source that lies in a git repository, read whole from its objects.

Decides which commit a name means and what of its tree is the source. What is in the files is
not known here.
"""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from reconciler.sources.folder import MAX_BYTES, MAX_TOTAL
from reconciler.sources.folder import sentence as joined
from reconciler.sources.git.errors import RevisionError
from reconciler.sources.git.repository import Repository, opened
from reconciler.sources.git.tree import LINK, Entry, Selection, parse, select
from reconciler.sources.ignore import IGNORE_FILE
from reconciler.sources.ignore import MAX_BYTES as IGNORE_BYTES
from reconciler.sources.source import Snapshot, project_name

_LONGEST_LINK: Final = 4096
_MOST_LINKS: Final = 20_000
_NAMES_ASKED: Final = 10_000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# In place of a file that is too large: its reader refuses it by its size, in words of its own.
_TOO_LARGE: Final = bytes(MAX_BYTES + 1)


class RevisionReading(Struct, frozen=True):
    """A revision's content, and sentences on what one might miss in it."""

    snapshot: Snapshot
    notes: tuple[str, ...] = ()


def read_revision(folder: Path, revision: str) -> RevisionReading:
    """Return what a folder of a repository held at a revision; it need not exist today.

    Raises:
        RevisionError: when there is no such revision here, or it cannot be read.
    """
    if not revision or revision.startswith("-") or _CONTROL.search(revision):
        raise RevisionError(f"{revision!r} cannot be a revision: give a branch, a tag or a commit")
    folder = Path(os.path.realpath(folder))
    existing = next(place for place in (folder, *folder.parents) if place.is_dir())
    with opened(existing) as repository:
        if not folder.is_relative_to(repository.root):
            raise RevisionError(f"{folder} does not lie below {repository.root}")
        path = folder.relative_to(repository.root).as_posix()
        commit = _commit(repository, revision)
        tree = _tree(repository, commit, "" if path == "." else path)
        if tree is None:
            note = f"there is no folder {path} at {revision}: that is an empty source"
            return RevisionReading(_snapshot(folder, commit, {}, []), (note,))
        selection = _selected(repository, tree)
        files = _contents(repository, selection)
        return RevisionReading(
            _snapshot(folder, commit, files, selection.problems), tuple(selection.notes)
        )


def _snapshot(folder: Path, commit: str, files: dict[str, bytes], problems: list[str]) -> Snapshot:
    return Snapshot(
        root=str(folder),
        project=project_name(folder.name.removesuffix(".git")),
        revision=commit,
        files=files,
        complete=not problems,
        problem=joined(problems),
    )


def _commit(repository: Repository, revision: str) -> str:
    """Return the commit that a name means."""
    asked = f"{revision}^{{commit}}"
    status, out, said = repository.try_to("rev-parse", "--verify", "--quiet", asked)
    if status == 0:
        return out.decode("ascii").strip()
    if said.strip():
        repository.ask("rev-parse", "--verify", asked)  # which says what else is wrong
    raise RevisionError(_unknown(repository, revision))


def _unknown(repository: Repository, revision: str) -> str:
    """Return what to say of a name that means nothing here, and what may be meant."""
    names = _names(repository)
    near = [name for name in names if name.partition("/")[2] == revision]
    shallow = repository.ask("rev-parse", "--is-shallow-repository").strip() == b"true"
    if shallow and not near:
        return (
            f"there is no revision {revision} in this clone, which is shallow: fetch more of the "
            "history, such as by `git fetch --unshallow`"
        )
    near = near or difflib.get_close_matches(revision, names, n=1)
    if near:
        return f"there is no revision {revision}; did you mean {near[0]}?"
    return f"there is no revision {revision} in this repository"


def _names(repository: Repository) -> list[str]:
    listed = repository.ask(
        "for-each-ref", f"--count={_NAMES_ASKED}", "--format=%(refname:short)",
        "refs/heads", "refs/remotes", "refs/tags",
    )  # fmt: skip
    return ["HEAD", *listed.decode("utf-8", "replace").split()]


def _tree(repository: Repository, commit: str, path: str) -> str | None:
    """Return the name of a folder's tree, None where there is no such folder."""
    asked = f"{commit}:{path}"
    status, out, _ = repository.try_to("rev-parse", "--verify", "--quiet", asked)
    if status:
        return None
    name = out.decode("ascii").strip()
    return name if repository.ask("cat-file", "-t", name).strip() == b"tree" else None


def _selected(repository: Repository, tree: str) -> Selection:
    """Return what of a tree is to be read."""
    entries = parse(repository.ask("ls-tree", "-r", "-t", "-z", "--full-tree", tree))
    targets = _targets(repository, entries.values())
    return select(entries, targets, _ignoring(repository, entries))


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


def _contents(repository: Repository, selection: Selection) -> dict[str, bytes]:
    """Return the manifests by path, within the bounds that a folder has."""
    names = sorted(set(selection.files.values()))
    sizes = {name: size for name, size, _ in repository.objects("--batch-check", names)}
    wanted, room = {}, MAX_TOTAL
    for path, name in sorted(selection.files.items()):
        room -= min(sizes[name], len(_TOO_LARGE))
        if room < 0:
            selection.problems.append(f"the source is larger than {MAX_TOTAL >> 20} MiB")
            break
        wanted[path] = name
    small = sorted({name for name in wanted.values() if sizes[name] <= MAX_BYTES})
    read = {name: content for name, _, content in repository.objects("--batch", small)}
    return {path: read.get(name, _TOO_LARGE) for path, name in wanted.items()}
