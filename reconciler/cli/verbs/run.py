"""`run`: make it so and keep it so, following source and engine until told to stop."""

from pathlib import Path

import click
from msgspec.structs import replace

from reconciler.cli import options, session
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.place import Place, find, open_engine
from reconciler.cli.telling import teller
from reconciler.cli.text import complain
from reconciler.controller.happenings import SourceChanged
from reconciler.controller.loop import Ending
from reconciler.controller.writing import (
    Options,
    last_valid,
    nothing_wanted,
    read,
    writer,
)
from reconciler.ledger import NoLedger
from reconciler.model.desired import Desired
from reconciler.sources.source import Snapshot


@click.command("run")
@options.source_argument
@options.operator_options
@options.take_over_option
@click.option(
    "--resync",
    type=options.Duration(),
    default=60.0,
    metavar="DURATION",
    help="How often to look at everything, events or not.  [default: 60s]",
)
@options.quiet_option
@options.verbose_option
def command(
    source: Path,
    operator: options.Chosen,
    take_over: bool,
    resync: float,
    quiet: bool,
    verbose: bool,
) -> Exit:
    """Make what runs agree with SOURCE, and keep it so until Ctrl-C or SIGTERM.

    Follows every edit; the last valid revision stays in force while a newer one has errors.
    Containers stay when it ends.
    """
    place = find(source, operator)
    snapshot, desired = _begin_with(place)
    chosen = Options(
        verb="run",
        state=place.state,
        policy=place.policy,
        take_over=take_over,
        resync=resync,
        open_engine=open_engine,
    )
    # What is missing from the folder is torn down only once the folder has been quiet.
    with writer(place.source, replace(desired, prunable=False), chosen, follow=True) as opened:
        speaker = teller(quiet=quiet, verbose=verbose)
        session.listen(opened, speaker)
        if snapshot is not None:
            session.put_in_force(opened, snapshot)
        if opened.core.history.destroyed_revision == desired.revision:
            complain("this revision has been destroyed; an edit or `apply` brings it back")
        # Read once more, for an edit may have come before the watch, and errors are to be told.
        opened.loop.put(SourceChanged())
        ending = session.drive(opened, lambda _: False, speaker)
        if ending is Ending.CLAIM:
            raise Failure(opened.loop.claim_refusal, Exit.HELD)
    return Exit.DONE


def _begin_with(place: Place) -> tuple[Snapshot | None, Desired]:
    """Return what the source asks for, or what it did when it was last valid."""
    chosen = session.pinned(place)
    if chosen is not None:
        return chosen
    snapshot, catalog = read(place.source, place.policy)
    if snapshot.complete and catalog.desired is not None:
        return snapshot, catalog.desired
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
        return last_valid(place.folder, place.project, place.policy)
    except NoLedger:
        return None
