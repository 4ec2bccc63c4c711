"""From a source's content to the revision in force.

The last valid revision stays in force while a newer one is invalid or the source cannot be
read whole. A task that vanishes from a watched folder is torn down only when the folder has
been quiet for a while, for editors and checkouts write one file after the other.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler import manifests
from reconciler.ledger import Ledger, LedgerError
from reconciler.model.catalog import Catalog
from reconciler.model.desired import Desired
from reconciler.model.policy import FOLDER, Policy
from reconciler.model.problem import Problem
from reconciler.sources.source import Snapshot, Source

# How soon a revision that the ledger had no room for is offered to it again, seconds.
KEEP_AGAIN_SECONDS = 1.0
# How long a watched source must have been quiet before anything missing is torn down, seconds.
QUIET_SECONDS = 2.0
_WARNINGS = 5


class Change(Struct, frozen=True):
    """What a reading means: a new revision or none, what to say, and when to read again."""

    desired: Desired | None = None
    said: tuple[tuple[str, str, str], ...] = ()
    again_in: float | None = None


class Revisions(Struct):
    """Reads one source, again and again, and remembers what was last said of it.

    `quiet_for` returns the seconds since the source last showed a sign of change.
    """

    source: Source
    ledger: Ledger
    project: str
    now: Callable[[], float]
    quiet_for: Callable[[], float]
    policy: Policy = FOLDER
    _memory: manifests.Memory = field(default_factory=manifests.Memory)
    _last_said: str = ""
    _kept: bool = True

    def read(self, in_force: Desired) -> Change:
        """Read the source and say what becomes of the revision in force."""
        snapshot = self.source.read()
        if not snapshot.complete:
            return self._refused(snapshot.revision, snapshot.problem)
        if snapshot.revision == in_force.revision and in_force.prunable:
            self._last_said = ""
            return self._keep_again(snapshot)
        catalog = load(snapshot, self.project, self.policy, self._memory)
        if catalog.desired is None:
            return self._refused(catalog.revision, summary(catalog.errors))
        if catalog.project != self.project:
            why = f"project {self.project} cannot become {catalog.project} while it runs"
            return self._refused(catalog.revision, why)
        return self._accepted(snapshot, catalog.desired, catalog.problems, in_force)

    def _accepted(
        self,
        snapshot: Snapshot,
        desired: Desired,
        warned: Sequence[Problem],
        in_force: Desired,
    ) -> Change:
        said: tuple[tuple[str, str, str], ...] = ()
        if desired.revision != in_force.revision:
            count = len(desired.tasks)
            said = (("revision", "info", f"revision {desired.revision} in force: {count} tasks"),)
            said += (*_warnings(warned), *self._keep(snapshot))
        self._last_said = ""
        missing = QUIET_SECONDS - self.quiet_for()
        if missing > 0 and not in_force.tasks.keys() <= desired.tasks.keys():
            return Change(replace(desired, prunable=False), said, missing)
        if missing > 0 and not in_force.prunable:
            return Change(replace(desired, prunable=False), said, missing)
        return Change(desired, said, None if self._kept else KEEP_AGAIN_SECONDS)

    def _keep(self, snapshot: Snapshot) -> tuple[tuple[str, str, str], ...]:
        said = keep(self.ledger, snapshot, self.now())
        self._kept = not said
        return said

    def _keep_again(self, snapshot: Snapshot) -> Change:
        """Put the revision in force on record where that has failed; it has been told of."""
        if not self._kept:
            self._keep(snapshot)
        return Change(again_in=None if self._kept else KEEP_AGAIN_SECONDS)

    def _refused(self, revision: str, why: str) -> Change:
        message = f"revision {revision} is refused, the last valid one stays in force: {why}"
        if message == self._last_said:
            return Change()
        self._last_said = message
        return Change(said=(("refused", "error", message),))


def load(
    snapshot: Snapshot, project: str, policy: Policy, memory: manifests.Memory | None = None
) -> Catalog:
    """Return the catalog of a snapshot; `memory` is of a former one that may be much like it."""
    return manifests.load(
        snapshot.files,
        project=project,
        revision=snapshot.revision,
        policy=policy,
        memory=memory,
    )


def keep(ledger: Ledger, snapshot: Snapshot, now: float) -> tuple[tuple[str, str, str], ...]:
    """Put a revision in force on record; return what to say where that fails."""
    try:
        ledger.keep_revision(snapshot.revision, snapshot.files, now)
    except LedgerError as error:
        return (("ledger", "error", str(error)),)
    return ()


def _warnings(problems: Sequence[Problem]) -> Iterator[tuple[str, str, str]]:
    """Yield what to say of problems that refuse nothing: the first few, and how many more."""
    for problem in problems[:_WARNINGS]:
        yield "warning", "warning", f"{problem.at}: {problem.message}"
    if len(problems) > _WARNINGS:
        yield "warning", "warning", f"and {len(problems) - _WARNINGS} more; `validate` shows all"


def summary(problems: Sequence[Problem]) -> str:
    """Return the first problem in a line, and how many more there are."""
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{first.at}: {first.message}{more}"
