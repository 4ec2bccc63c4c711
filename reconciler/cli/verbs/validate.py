"""`validate`: every problem of a source, or of one of its files, and nothing else."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from reconciler import manifests
from reconciler.cli import problems as shown
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.operator import consult, policy_of
from reconciler.cli.options import (
    Chosen,
    as_git_option,
    format_option,
    operator_options,
    source_argument,
)
from reconciler.cli.text import complain, echo, plural
from reconciler.controller.writing import read
from reconciler.model.catalog import Catalog
from reconciler.model.position import NOWHERE
from reconciler.model.problem import Problem, Severity
from reconciler.sources.folder import FolderSource
from reconciler.sources.source import Snapshot


@click.command("validate")
@source_argument
@operator_options
@as_git_option
@format_option
def command(source: Path, operator: Chosen, as_git: bool, form: str) -> Exit:
    """Check a folder of manifests, or one file as a part of the source that it belongs to."""
    if not source.exists():
        raise Failure(f"there is no file or folder {source}")
    folder = FolderSource(source)
    policy = policy_of(consult(operator, folder.root), operator, as_git=as_git)
    snapshot, catalog = read(folder, policy)
    found = [*_unreadable(snapshot), *_in_focus(catalog, folder.focus)]
    checked = _checked(catalog, snapshot, folder.focus)
    if form == "json":
        echo(json.dumps(shown.as_json(checked, found), indent=2, ensure_ascii=False))
    else:
        for line in shown.as_text(found, snapshot.files, folder.root):
            echo(line)
        _sum_up(checked, found)
    errors = any(problem.severity is Severity.ERROR for problem in found)
    return Exit.FAILED if errors else Exit.DONE


def _unreadable(snapshot: Snapshot) -> list[Problem]:
    """Return what could not be read at all as a finding of its own."""
    if snapshot.complete:
        return []
    return [Problem("unreadable-source", Severity.ERROR, NOWHERE, "", snapshot.problem)]


def _in_focus(catalog: Catalog, focus: str) -> list[Problem]:
    """Return the findings that a check of one file is about: its own, and those of no file."""
    return [p for p in catalog.problems if not focus or p.at.path in {"", focus}]


def _checked(catalog: Catalog, snapshot: Snapshot, focus: str) -> int:
    if not focus or focus not in snapshot.files:
        return catalog.checked
    alone = {focus: snapshot.files[focus]}
    return manifests.load(alone, project=catalog.project, revision="").checked


def _sum_up(checked: int, found: Sequence[Problem]) -> None:
    errors = sum(problem.severity is Severity.ERROR for problem in found)
    warnings = len(found) - errors
    said = [plural(errors, "error")] if errors else []
    said += [plural(warnings, "warning")] if warnings else []
    what = plural(checked, "document")
    if errors:
        complain(f"{what} checked: {', '.join(said)}")
    else:
        echo(f"{what} checked: {', '.join(said) or 'valid'}")
