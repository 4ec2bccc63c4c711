"""From a source's content to the revision in force.

The last valid revision stays in force while a newer one is invalid or the source cannot be
read whole. A task that vanishes from a watched folder is torn down only when the folder has
been quiet for a while, for editors and checkouts write one file after the other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler import manifests
from reconciler.controller.materials import completed, without_record
from reconciler.ledger import Ledger, LedgerError
from reconciler.model.catalog import Catalog
from reconciler.model.desired import Desired
from reconciler.model.fact import Fact, RevisionSeen
from reconciler.model.hosts import Hosts, hosts_text
from reconciler.model.policy import FOLDER, Policy
from reconciler.model.problem import Problem
from reconciler.sources.source import Polled, Snapshot, Source

# How soon a revision that the ledger had no room for is offered to it again, seconds.
KEEP_AGAIN_SECONDS = 1.0
# How long a watched source must have been quiet before anything missing is torn down, seconds.
QUIET_SECONDS = 2.0
_WARNINGS = 5
_NAMED = 10


class Change(Struct, frozen=True):
    """What a reading means: a new revision or none, what to say, and when to read again."""

    desired: Desired | None = None
    said: tuple[tuple[str, str, str], ...] = ()
    again_in: float | None = None
    facts: tuple[Fact, ...] = ()


class Revisions(Struct):
    """Reads one source, again and again, and remembers what was last said of it.

    `quiet_for` returns the seconds since the source last showed a sign of change. `memory` may
    be of a reading that somebody else has done before. `hosts` are the nodes that the operator
    gives.
    """

    source: Source
    ledger: Ledger
    project: str
    now: Callable[[], float]
    quiet_for: Callable[[], float]
    policy: Policy = FOLDER
    memory: manifests.Memory = field(default_factory=manifests.Memory)
    hosts: Hosts | None = None
    _last_said: str = ""
    _kept: bool = True
    _pinned: str = ""

    def nudge(self) -> None:
        """Have a source that is looked at from time to time looked at now."""
        if isinstance(self.source, Polled):
            self.source.nudge()

    def allow(self) -> str:
        """Let pass what the source itself holds back, and return it; empty where it does not."""
        if not isinstance(self.source, Polled):
            return ""
        held = self.source.held()
        return held if held and self.source.allow(held) else ""

    def read(self, in_force: Desired, pinned: str = "") -> Change:
        """Read the source and say what becomes of the revision in force.

        A `pinned` one is in force whatever the source says; what it says is remembered.
        """
        if pinned and pinned != self._pinned:
            return self._to_pinned(pinned, in_force)
        self._pinned = pinned
        snapshot = self.source.read()
        if not snapshot.complete:
            return self._partial(snapshot, in_force)
        if snapshot.revision == in_force.revision and in_force.prunable:
            return self._keep_again(snapshot)
        catalog = self._load(snapshot)
        return self._judged(as_loaded(snapshot, catalog), catalog, in_force, pinned)

    def _judged(
        self, snapshot: Snapshot, catalog: Catalog, in_force: Desired, pinned: str
    ) -> Change:
        """Say what becomes of a reading that is whole, and named by all that it holds."""
        if snapshot.revision == in_force.revision and in_force.prunable:
            return self._keep_again(snapshot)
        if catalog.desired is None or catalog.project != self.project:
            return self._unfit(snapshot, catalog)
        if pinned:
            return self._waiting(snapshot, pinned)
        return self._accepted(snapshot, catalog.desired, catalog.problems, in_force)

    def listed(self, hosts: Hosts, in_force: Desired) -> Change:
        """Give the revision in force other hosts for nodes, if it fits on them."""
        before, self.hosts = self.hosts, hosts
        try:
            if not in_force.revision:
                return Change(said=give_hosts(self.ledger, hosts))
            files = self.ledger.revision_files(in_force.revision)
            desired, why = self._from_record(in_force.revision, files)
            if desired is not None:
                prunable = in_force.prunable and desired.prunable
                return Change(replace(desired, prunable=prunable), give_hosts(self.ledger, hosts))
        except LedgerError as error:
            why = str(error)
        self.hosts = before
        message = f"these hosts are refused, those that were listed before stay: {why}"
        return Change(said=(("hosts", "error", message),))

    def _from_record(
        self, revision: str, files: Mapping[str, bytes] | None
    ) -> tuple[Desired | None, str]:
        """Return what a revision's own copy asks for, or why that cannot be."""
        if files is None:
            return None, "its files are not kept any more"
        catalog = self._load(kept_snapshot(self.project, revision, files))
        return catalog.desired, summary(catalog.errors) if catalog.errors else ""

    def _load(self, snapshot: Snapshot) -> Catalog:
        return load(snapshot, self.project, self.policy, self.memory, self.hosts)

    def _partial(self, snapshot: Snapshot, in_force: Desired) -> Change:
        """Refuse what cannot be read whole; of a commit it is remembered, for it stays so."""
        new = snapshot.commit is not None and snapshot.revision != in_force.revision
        facts = (seen(snapshot, self.now(), snapshot.problem),) if new and not self._pinned else ()
        return self._refused(snapshot.revision, snapshot.problem, *facts)

    def _unfit(self, snapshot: Snapshot, catalog: Catalog) -> Change:
        why = f"project {self.project} cannot become {catalog.project} while it runs"
        if catalog.errors:
            why = summary(catalog.errors)
        return self._refused(catalog.revision, why, seen(snapshot, self.now(), why))

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
        facts = (seen(snapshot, self.now()),) if said else ()
        self._last_said = ""
        missing = QUIET_SECONDS - self.quiet_for()
        if missing > 0 and not in_force.tasks.keys() <= desired.tasks.keys():
            return Change(replace(desired, prunable=False), said, missing, facts)
        if missing > 0 and not in_force.prunable:
            return Change(replace(desired, prunable=False), said, missing, facts)
        return Change(desired, said, None if self._kept else KEEP_AGAIN_SECONDS, facts)

    def _to_pinned(self, pinned: str, in_force: Desired) -> Change:
        """Put a pinned revision in force, from the ledger's own copy of its files."""
        try:
            desired, why = self._from_record(pinned, self.ledger.revision_files(pinned))
            if desired is None:
                return self._refused(pinned, f"it is pinned, but cannot be applied: {why}")
            self.ledger.put_in_force(pinned)
        except LedgerError as error:
            said = (("ledger", "error", str(error)),)
            return Change(said=said, again_in=KEEP_AGAIN_SECONDS)
        self._pinned = pinned
        message = f"revision {pinned} in force: pinned, {len(desired.tasks)} tasks"
        new = pinned != in_force.revision
        # What the source says meanwhile is looked at next.
        return Change(desired, (("revision", "info", message),) if new else (), 0.0)

    def _waiting(self, snapshot: Snapshot, pinned: str) -> Change:
        """Remember a revision that is not put in force, for another one is pinned."""
        message = f"revision {snapshot.revision} is seen and not applied: {pinned} is pinned"
        if message == self._last_said:
            return Change()
        self._last_said = message
        said = keep(self.ledger, snapshot, self.now(), in_force=False)
        facts = (seen(snapshot, self.now()),)
        return Change(said=(("pinned", "info", message), *said), facts=facts)

    def _keep(self, snapshot: Snapshot) -> tuple[tuple[str, str, str], ...]:
        said = keep(self.ledger, snapshot, self.now())
        self._kept = not said
        return said

    def _keep_again(self, snapshot: Snapshot) -> Change:
        """Put the revision in force on record where that has failed; it has been told of."""
        self._last_said = ""
        if not self._kept:
            self._keep(snapshot)
        return Change(again_in=None if self._kept else KEEP_AGAIN_SECONDS)

    def _refused(self, revision: str, why: str, *facts: Fact) -> Change:
        message = f"revision {revision} is refused, the last valid one stays in force: {why}"
        if message == self._last_said:
            return Change()
        self._last_said = message
        return Change(said=(("refused", "error", message),), facts=facts)


def seen(snapshot: Snapshot, now: float, problem: str = "") -> RevisionSeen:
    """Return what is to be remembered of a revision."""
    commit = snapshot.commit
    return RevisionSeen(
        snapshot.revision,
        now,
        valid=not problem,
        problem=problem,
        author=commit.author if commit else "",
        subject=commit.subject if commit else "",
    )


def kept_snapshot(project: str, revision: str, files: Mapping[str, bytes]) -> Snapshot:
    """Return a revision as it was read once, from files that were kept."""
    return Snapshot(root="", project=project, revision=revision, files=files)


def load(
    snapshot: Snapshot,
    project: str,
    policy: Policy,
    memory: manifests.Memory | None = None,
    hosts: Hosts | None = None,
) -> Catalog:
    """Return the catalog of a snapshot, with the operator's `hosts` for nodes if there are some.

    `memory` is of a former one that may be much like it.
    """
    catalog = manifests.load(
        without_record(snapshot.files),
        project=project,
        revision=snapshot.revision,
        policy=policy,
        memory=memory,
        hosts=hosts,
    )
    return completed(snapshot, catalog)


def as_loaded(snapshot: Snapshot, catalog: Catalog) -> Snapshot:
    """Return a snapshot as it is to be kept: with all that its catalog was made from."""
    return replace(snapshot, files=catalog.files, revision=catalog.revision)


def keep(
    ledger: Ledger, snapshot: Snapshot, now: float, *, in_force: bool = True
) -> tuple[tuple[str, str, str], ...]:
    """Put a revision on record, as in force or not; return what to say where that fails."""
    try:
        ledger.keep_revision(snapshot.revision, snapshot.files, now, in_force=in_force)
    except LedgerError as error:
        return (("ledger", "error", str(error)),)
    return ()


def give_hosts(ledger: Ledger, hosts: Hosts | None) -> tuple[tuple[str, str, str], ...]:
    """Put on record which nodes the operator gives; return what to say, nothing if it is so."""
    if ledger.hosts() == hosts_text(hosts):
        return ()
    ledger.keep_hosts(hosts_text(hosts))
    if hosts is None:
        return (("hosts", "info", "no hosts are listed: nodes are those that are declared"),)
    names = ", ".join(host.name for host in hosts.nodes[:_NAMED])
    if len(hosts.nodes) > _NAMED:
        names += f" and {len(hosts.nodes) - _NAMED} more"
    return (("hosts", "info", f"nodes are the hosts that are listed: {names}"),)


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
