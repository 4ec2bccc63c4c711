"""What `validate` looks at: the sources that its arguments mean, and which of their files.

Decides whose problems are told: those of the files that were named, and those of no file. A
folder is all of its files. What is a problem is not known here.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.cli.exits import Failure
from reconciler.cli.findings import Findings
from reconciler.controller import checking
from reconciler.controller.remembering import cache_for
from reconciler.model.policy import Policy
from reconciler.model.position import NOWHERE, Position
from reconciler.model.problem import Problem, Severity
from reconciler.sources.folder import FolderSource, enclosing_source
from reconciler.sources.source import Snapshot, project_name

STDIN: Final = "stdin.yaml"


class Part(Struct):
    """A source, and the files of it that were asked about: all of them where none is named.

    `saved`: it is what stands on disk.
    """

    source: FolderSource
    named: set[str] = field(default_factory=set)
    saved: bool = True


class Edited(FolderSource):
    """The source of a file, with what an editor holds of it in place of what is on disk."""

    def __init__(self, path: Path, content: bytes) -> None:
        path = path.resolve()
        super().__init__(path)
        self.root = enclosing_source(path)
        self.focus = path.relative_to(self.root).as_posix()
        self._content = content

    def read(self) -> Snapshot:
        """Return the folder as it would be with the file saved."""
        snapshot = super().read()
        return replace(snapshot, files={**snapshot.files, self.focus: self._content})


class Alone(FolderSource):
    """A document that belongs to no folder, and sees none."""

    def __init__(self, content: bytes) -> None:
        super().__init__(Path())
        self.focus = STDIN
        self._content = content

    def read(self) -> Snapshot:
        """Return the document, in the project that the current folder would be."""
        name = project_name(Path(os.path.realpath(self.root)).name)
        files = {STDIN: self._content}
        return Snapshot(root=self.name, project=name, revision="", files=files)


def parts_of(paths: Sequence[Path]) -> list[Part]:
    """Return the sources that paths mean, each once.

    Raises:
        Failure: when there is no such path.
    """
    parts: dict[str, Part] = {}
    whole: set[str] = set()
    for path in paths:
        if not path.exists():
            raise Failure(f"there is no file or folder {path}")
        source = FolderSource(path)
        root = os.path.realpath(source.root)
        part = parts.setdefault(root, Part(source))
        if source.focus:
            part.named.add(source.focus)
        else:
            whole.add(root)
    for root in whole:
        parts[root].named.clear()
    return list(parts.values())


def check(part: Part, policy: Policy, *, remember: bool) -> Findings:
    """Return what is wrong with a source, as far as it was asked about."""
    snapshot = part.source.read()
    cache = cache_for(os.path.realpath(part.source.root), policy) if remember else None
    checked = checking.check(
        snapshot.files,
        project=snapshot.project,
        policy=policy,
        cache=cache,
        keep=part.saved,
    )
    checked = checking.with_materials(checked, snapshot.contents)
    named = part.named
    problems = [*_unreadable(snapshot), *_unread(snapshot, named)]
    problems += [p for p in checked.problems if not named or p.at.path in {"", *named}]
    manifests = {p: data for p, data in sorted(snapshot.files.items()) if p in checked.counts}
    files = {p: data for p, data in manifests.items() if not named or p in named}
    found = Findings(
        checked=sum(count for path, count in checked.counts.items() if path in files),
        problems=sorted(problems, key=lambda problem: problem.at),
        files=files,
        root=part.source.root,
    )
    all_errors = sum(problem.severity is Severity.ERROR for problem in checked.problems)
    unreadable = 0 if snapshot.complete else 1
    return replace(found, elsewhere=all_errors + unreadable - found.errors)


def joined(found: Sequence[Findings]) -> Findings:
    """Return several sources' findings as those of the folder that they have in common."""
    if len(found) == 1:
        return found[0]
    root = Path(os.path.commonpath([one.root for one in found]))
    return Findings(
        checked=sum(one.checked for one in found),
        problems=[problem for one in found for problem in _moved(one, root)],
        files={_below(one, root, p): data for one in found for p, data in one.files.items()},
        root=root,
        elsewhere=sum(one.elsewhere for one in found),
    )


def _unreadable(snapshot: Snapshot) -> list[Problem]:
    """Return what could not be read at all as a finding of its own."""
    if snapshot.complete:
        return []
    hint = "Until all of it can be read, nothing of it is put in force."
    return [Problem("unreadable-source", Severity.ERROR, NOWHERE, "", snapshot.problem, hint)]


def _unread(snapshot: Snapshot, named: set[str]) -> Iterator[Problem]:
    """Yield a warning for each file that was named and that its source passes over."""
    for path in sorted(named - snapshot.files.keys()):
        message = "this file is not read, for its source passes it over"
        hint = "Manifests end in .yaml, .yml or .json, and neither they nor their folder is hidden."
        yield Problem("not-read", Severity.WARNING, Position(path, 1, 1), "", message, hint)


def _moved(found: Findings, root: Path) -> Iterator[Problem]:
    for problem in found.problems:
        at = problem.at
        if not at.path:
            yield replace(problem, message=f"{found.root}: {problem.message}")
        else:
            yield replace(problem, at=replace(at, path=_below(found, root, at.path)))


def _below(found: Findings, root: Path, path: str) -> str:
    return (found.root.relative_to(root) / path).as_posix()
