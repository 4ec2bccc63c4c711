"""One source kept in force, by a writer that follows it until it is told to stop.

Decides what a writer begins with: the pinned revision, what the source says, or what was in
force last. Any number of sources may be kept at once, each in a thread of its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from reconciler.cli import session, settle
from reconciler.cli.data import bucket_opener
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.hosts import followed
from reconciler.cli.place import Place, opener
from reconciler.cli.telling import Teller
from reconciler.cli.text import complain
from reconciler.controller.happenings import SourceChanged
from reconciler.controller.loop import Ending
from reconciler.controller.revisions import as_loaded, load
from reconciler.controller.writing import (
    Options,
    Writer,
    bring_up_to_date,
    last_valid_on,
    nothing_wanted,
    writer,
)
from reconciler.ledger import NoLedger
from reconciler.manifests import Memory
from reconciler.model.desired import Desired
from reconciler.sources.source import Snapshot


class Manner(Struct, frozen=True, kw_only=True):
    """How sources are kept: `resync` in seconds; `opened` hears of each writer before it works.

    `afresh`: no results are taken over.
    """

    take_over: bool
    afresh: bool = False
    resync: float
    speaker: Callable[[Place], Teller]
    opened: Callable[[Place, Writer], None] = lambda _, __: None


def keep(place: Place, manner: Manner) -> None:
    """Make what runs agree with a source, and keep it so.

    Raises:
        Failure: when the project is another writer's.
    """
    with _following(place, manner) as opened:
        manner.opened(place, opened)
        speaker = manner.speaker(place)
        if opened.core.history.destroyed(opened.core.desired.revision):
            complain("this revision has been destroyed; an edit or `apply` brings it back")
        # Read once more, for an edit may have come before the watch, and errors are to be told.
        opened.loop.put(SourceChanged())
        settle()
        with followed(place, opened.loop.put):
            ending = session.drive(opened, lambda _: False, speaker)
        if ending is Ending.CLAIM:
            raise Failure(opened.loop.claim_refusal, Exit.HELD)


@contextmanager
def _following(place: Place, manner: Manner) -> Iterator[Writer]:
    memory = Memory()
    snapshot, desired = _begin_with(place, memory)
    chosen = Options(
        verb="run",
        state=place.state,
        policy=place.policy,
        take_over=manner.take_over,
        afresh=manner.afresh,
        resync=manner.resync,
        open_engine=opener(place),
        open_bucket=bucket_opener(place.data),
        cache=place.data.cache,
        hosts=place.hosts,
        identities=place.identities,
        credentials=place.data.credentials,
    )
    # What is missing from the folder is torn down only once the folder has been quiet.
    desired = replace(desired, prunable=False)
    with writer(place.source, desired, chosen, follow=True, memory=memory) as opened:
        if snapshot is not None:
            session.put_in_force(opened, snapshot)
        opened.give_hosts(place.hosts)
        yield opened


def _begin_with(place: Place, memory: Memory) -> tuple[Snapshot | None, Desired]:
    """Return what the source asks for, or what it did when it was last valid.

    What is read is remembered, for it is read once more as soon as the source is watched.
    """
    bring_up_to_date(place.folder, place.project, "run")
    chosen = session.pinned(place)
    if chosen is not None:
        return chosen
    snapshot = place.source.read()
    catalog = load(snapshot, place.project, place.policy, memory, place.hosts)
    if snapshot.complete and catalog.desired is not None and catalog.project == place.project:
        return as_loaded(snapshot, catalog), catalog.desired
    if not snapshot.complete:
        complain(f"the source cannot be read whole: {snapshot.problem}")
    session.show_problems(place, catalog)
    before = _before(place)
    if before is None:
        complain("nothing valid has been in force before: nothing is changed until this is mended")
        return None, nothing_wanted(place.project)
    complain(f"going on from revision {before.revision}, the last valid one")
    return None, before


def _before(place: Place) -> Desired | None:
    try:
        return last_valid_on(place.hosts, place.folder, place.project, place.policy)
    except NoLedger:
        return None
