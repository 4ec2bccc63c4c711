"""One revision of a source that lies in a git repository, read whole from its objects.

Decides which commit a name means and what of its tree is the source. What is in the files is
not known here.
"""

import difflib
import os
import re
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from reconciler.sources.folder import sentence as joined
from reconciler.sources.git.blobs import GitContents
from reconciler.sources.git.content import contents, listed, selected, tree_of
from reconciler.sources.git.errors import RevisionError
from reconciler.sources.git.repository import Repository, opened
from reconciler.sources.source import Snapshot, project_name

_NAMES_ASKED: Final = 10_000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


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
        tree = tree_of(repository, commit, "" if path == "." else path)
        if tree is None:
            note = f"there is no folder {path} at {revision}: that is an empty source"
            return RevisionReading(_snapshot(folder, commit, {}, []), (note,))
        selection = selected(repository, listed(repository, tree))
        files = contents(repository, selection)
        return RevisionReading(
            replace(
                _snapshot(folder, commit, files, selection.problems),
                contents=GitContents(repository, commit, "" if path == "." else path, {}),
            ),
            tuple(selection.notes),
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
