"""Two revisions of a source, read and compared, with no engine and no ledger near.

Decides what an unreadable side means: the newer one is refused like any source with errors; of
an older one nothing is known, so that everything is new.
"""

from pathlib import Path, PurePosixPath

import click
from msgspec import Struct

from reconciler.cli.exits import Failure
from reconciler.controller import revisions
from reconciler.manifests import Memory
from reconciler.model.catalog import Catalog
from reconciler.model.comparison import Comparison
from reconciler.model.desired import Desired
from reconciler.model.policy import Policy
from reconciler.planning.compare import compare
from reconciler.sources.folder import FolderSource
from reconciler.sources.git import RevisionError, RevisionReading, read_revision
from reconciler.sources.source import Snapshot, project_name


class Side(Struct, frozen=True):
    """One of the two: the revision as it was named, empty for the folder as it is on disk.

    `commit` is what the name means, or the name of the folder's content.
    """

    name: str
    commit: str


class Compared(Struct, frozen=True):
    """A comparison, of what, and what its reader should know of how it was made."""

    comparison: Comparison
    before: Side
    after: Side
    notes: tuple[str, ...]


def compared(source: Path, path: PurePosixPath, names: tuple[str, str], policy: Policy) -> Compared:
    """Read both revisions of a folder within a source, an empty name being that on disk.

    Raises:
        Failure: when one cannot be read, or the newer one has errors, which are shown.
    """
    folder = source / path
    before, after = (_read(folder, name) for name in names)
    memory = Memory()  # the two are much alike
    newer = _valid(folder, _said(names[1]), _loaded(after.snapshot, policy, memory), after.snapshot)
    older = _loaded(before.snapshot, policy, memory)
    doubt = _doubt(_said(names[0]), before.snapshot, older)
    notes = [*before.notes, *after.notes, doubt, _renamed(older.project, newer.project)]
    return Compared(
        compare(None if doubt else older.desired, newer),
        Side(names[0], older.revision),
        Side(names[1], newer.revision),
        tuple(dict.fromkeys(note for note in notes if note)),
    )


def _said(name: str) -> str:
    return name or "the folder as it is"


def _read(folder: Path, name: str) -> RevisionReading:
    if not name:
        return _on_disk(folder)
    try:
        return read_revision(folder, name)
    except RevisionError as error:
        raise Failure(str(error)) from error


def _on_disk(folder: Path) -> RevisionReading:
    source = FolderSource(folder)
    if source.root.exists():
        return RevisionReading(source.read())
    note = f"there is no folder {folder}: that is an empty source"
    name = project_name(source.root.name)
    return RevisionReading(Snapshot(root=source.name, project=name, revision="", files={}), (note,))


def _loaded(snapshot: Snapshot, policy: Policy, memory: Memory) -> Catalog:
    return revisions.load(snapshot, snapshot.project, policy, memory)


def _valid(folder: Path, said: str, catalog: Catalog, snapshot: Snapshot) -> Desired:
    """Return what a revision asks for, once its problems have been shown."""
    if not snapshot.complete:
        raise Failure(f"{said} cannot be read whole: {snapshot.problem}")
    if catalog.problems:
        from reconciler.cli.findings.text import as_text  # noqa: PLC0415  # only mistakes need it

        for line in as_text(catalog.problems, catalog.files, folder.absolute()):
            click.echo(line, err=True)
    if catalog.desired is None:
        raise Failure(f"there is nothing to compare, for the manifests of {said} have errors")
    return catalog.desired


def _doubt(said: str, snapshot: Snapshot, catalog: Catalog) -> str:
    """Return why it is not known what the older revision asked for, empty if it is."""
    if not snapshot.complete:
        return f"{said} cannot be read whole, so that everything is new: {snapshot.problem}"
    if catalog.desired is None:
        first = revisions.summary(catalog.errors)
        return f"the manifests of {said} have errors, so that everything is new: {first}"
    return ""


def _renamed(older: str, newer: str) -> str:
    if older == newer:
        return ""
    return (
        f"the project's name changes from {older} to {newer}: what runs under the former name "
        "stays, and a reconciler that runs refuses the change"
    )
