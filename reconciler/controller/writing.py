"""A writer's session: the lock, the ledger, the revision to apply, and the loop over them.

What `apply`, `run` and the changing verbs have in common. Everything is opened in an order in
which a refusal leaves nothing behind, and let go of in the reverse one.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from reconciler.controller import requests, revisions
from reconciler.controller.almanac import Wall
from reconciler.controller.carrying import Carriage
from reconciler.controller.chronicle import said_of
from reconciler.controller.claim import Claimant
from reconciler.controller.clock import SteadyClock, clock_of, keep_clock
from reconciler.controller.core import Core
from reconciler.controller.fetching import OpenBucket
from reconciler.controller.folders import state_folder
from reconciler.controller.happenings import SourceChanged
from reconciler.controller.logins import NO_CREDENTIALS
from reconciler.controller.loop import Loop
from reconciler.controller.manning import OpenEngine
from reconciler.controller.node_watch import Rhythm
from reconciler.controller.requests import Judged
from reconciler.ledger import Ledger, LedgerOutdated, Lock, NoLedger, prepare_state_folder
from reconciler.manifests import Memory
from reconciler.model.action import InstanceState
from reconciler.model.catalog import Catalog
from reconciler.model.data import CACHE
from reconciler.model.desired import Desired, NodeSpec
from reconciler.model.fact import Destroyed
from reconciler.model.hosts import Hosts, hosts_of
from reconciler.model.operator import Credential
from reconciler.model.policy import FOLDER, Policy
from reconciler.sources.source import Snapshot, Source, Watch

_TERMINAL = {InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED}


class Options(Struct, frozen=True, kw_only=True):
    """What the operator decides: `state` None is the platform's folder. Seconds for `resync`.

    `hosts` are the nodes that the operator gives, None where manifests declare them. `open_bucket`
    is None where there is no way to buckets; `cache` is how many bytes of data nodes keep.
    `identities` are files that open what age has encrypted. `afresh`: no results are taken over.
    """

    verb: str
    state: Path | None = None
    policy: Policy = FOLDER
    take_over: bool = False
    afresh: bool = False
    resync: float = 60.0
    open_engine: OpenEngine
    open_bucket: OpenBucket | None = None
    cache: int = CACHE
    hosts: Hosts | None = None
    identities: tuple[str, ...] = ()
    credentials: Mapping[str, Credential] = NO_CREDENTIALS


class Writer(Struct):
    """An open session. `folder` is the state folder, `loop` ready to run."""

    project: str
    folder: Path
    ledger: Ledger
    core: Core
    loop: Loop
    clock: SteadyClock

    def give_hosts(self, hosts: Hosts | None) -> None:
        """Put on record whose nodes count from now on, for those who only look."""
        for kind, level, message in revisions.give_hosts(self.ledger, hosts):
            self.core.say(kind, message, level=level)

    def apply_again(self) -> None:
        """Undo an earlier `destroy`, and try again at once what an engine refused before."""
        self.core.try_again()
        if self.core.history.destroyed_revision:
            self.core.note([Destroyed("", self.clock.now())])


def read(
    source: Source, project: str, policy: Policy, hosts: Hosts | None = None
) -> tuple[Snapshot, Catalog]:
    """Read a source and check it; `project` is its name where it says none itself."""
    snapshot = source.read()
    catalog = revisions.load(snapshot, project, policy, hosts=hosts)
    return revisions.as_loaded(snapshot, catalog), catalog


@contextmanager
def writer(
    source: Source,
    desired: Desired,
    options: Options,
    *,
    follow: bool = False,
    memory: Memory | None = None,
) -> Iterator[Writer]:
    """Open a session for a project.

    `follow` keeps reading the event stream and the source, as `run` does. `memory` is of a
    reading before it.

    Raises:
        LockHeld: when another process writes.
        LedgerError: when the state folder or the ledger cannot be used.
    """
    project = desired.project
    folder = prepare_state_folder(state_folder(project, options.state))
    with (
        Lock.take(folder, options.verb),
        Ledger.open(folder, write=True, project=project) as ledger,
    ):
        clock = keep_clock(ledger)
        core = Core(desired, ledger, clock.now, Wall(time.time))
        core.afresh = options.afresh
        claimant = Claimant(project, ledger.state_id, folder, source.name)
        watch: list[Watch] = []
        reader = revisions.Revisions(
            source,
            ledger,
            project,
            clock.now,
            lambda: time.monotonic() - watch[0].quiet_since if watch else float("inf"),
            options.policy,
            memory or Memory(),
            options.hosts,
        )
        loop = Loop(
            core,
            ledger,
            clock,
            claimant,
            options.open_engine,
            Rhythm(options.resync, follow=follow),
            revisions=reader,
            take_over=options.take_over,
            identities=options.identities,
            credentials=options.credentials,
            carriage=Carriage(options.open_bucket, options.cache, folder),
        )
        if follow:
            watch.append(source.watch(lambda: loop.put(SourceChanged())))
        try:
            yield Writer(project, folder, ledger, core, loop, clock)
        finally:
            for one in watch:
                one.stop()


def last_valid(folder: Path, project: str, policy: Policy) -> Desired | None:
    """Return the revision that was in force last, from the ledger's own copy of its files.

    Its nodes are those that it had: the operator's hosts, where there were some.
    """
    with Ledger.open(folder, write=False, project=project) as ledger:
        hosts = hosts_of(ledger.hosts())
    return last_valid_on(hosts, folder, project, policy)


def last_valid_on(
    hosts: Hosts | None, folder: Path, project: str, policy: Policy
) -> Desired | None:
    """Return the same with these hosts for nodes, or with those that it declares itself."""
    with Ledger.open(folder, write=False, project=project) as ledger:
        kept = ledger.revision_in_force()
    if kept is None:
        return None
    snapshot = revisions.kept_snapshot(project, *kept)
    return revisions.load(snapshot, project, policy, hosts=hosts).desired


def pinned(
    folder: Path, project: str, policy: Policy, hosts: Hosts | None = None
) -> tuple[Snapshot, Catalog] | None:
    """Return the revision that a person has pinned, None where none is or there is no ledger."""
    try:
        with Ledger.open(folder, write=False, project=project) as ledger:
            name = ledger.pinned_revision()
            files = ledger.revision_files(name) if name else None
    except NoLedger:
        return None
    if files is None:
        return None
    snapshot = revisions.kept_snapshot(project, name, files)
    return snapshot, revisions.load(snapshot, project, policy, hosts=hosts)


def bring_up_to_date(folder: Path, project: str, verb: str) -> None:
    """Have a ledger of an earlier version as this one needs it, before anybody looks into it.

    Raises:
        LockHeld: when another process writes.
        LedgerError: when the ledger cannot be used.
    """
    try:
        with Ledger.open(folder, write=False, project=project):
            return
    except NoLedger:
        return
    except LedgerOutdated:
        with Lock.take(folder, verb), Ledger.open(folder, write=True, project=project):
            return


def note(
    folder: Path, project: str, desired: Desired, verb: str, arguments: Mapping[str, object]
) -> Judged:
    """Put what is asked for on record where nobody else writes, and carry nothing out.

    Raises:
        LockHeld: when another process writes.
        LedgerError: when the ledger cannot be used.
    """
    with Lock.take(folder, verb), Ledger.open(folder, write=True, project=project) as ledger:
        kept = ledger.kept_revisions()
        now = clock_of(ledger).now()
        judged = requests.judge(verb, arguments, desired, ledger.load(), now, kept)
        entries = [e for fact in judged.facts if (e := said_of(fact))]
        ledger.record(judged.facts, entries)
    return judged


def nothing_wanted(project: str) -> Desired:
    """Return a revision that asks for nothing and tears nothing down."""
    local = NodeSpec("local", "")
    return Desired(project=project, revision="", tasks={}, nodes={"local": local}, prunable=False)


def reconciled(core: Core) -> bool:
    """Whether only the instances' own progress, or a person, is awaited."""
    return core.at_rest()


def complete(core: Core) -> bool:
    """Whether every batch instance is terminal and every service ready, with nothing to do.

    What waits for another task is as far as that one is.
    """
    if not core.at_rest():
        return False
    for name, task in core.effective().tasks.items():
        for verdict in core.verdicts.get(name, ()):
            good = verdict.ready if task.service else verdict.state in _TERMINAL
            stopped = verdict.state in {InstanceState.FAILED, InstanceState.CANCELLED}
            stopped = stopped or verdict.suspended or bool(verdict.after)
            waiting = verdict.state is InstanceState.PENDING
            stuck = waiting and bool(task.blocked)
            between = waiting and verdict.settled and task.schedule is not None
            if not (good or stopped or stuck or between or verdict.left_alone or held(core, name)):
                return False
    return True


def held(core: Core, task: str) -> bool:
    """Whether a person's approval is what a task waits for."""
    return any(task in hold.tasks for hold in core.holds)


def gone(core: Core) -> bool:
    """Whether nothing of the project is left on any node, all of them being known."""
    nodes = core.board.nodes.values()
    return core.at_rest() and all(node.known and not node.containers for node in nodes)
