"""`apply`: make it so once, and say how it went."""

from pathlib import Path

import click

from reconciler.cli import agreed, options, outcome, session
from reconciler.cli.data import bucket_opener
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.needs import needs_run
from reconciler.cli.place import Place, find, opener
from reconciler.cli.telling import teller
from reconciler.cli.text import complain, echo, on_terminal, paint
from reconciler.controller.loop import Ending
from reconciler.controller.writing import (
    Options,
    Writer,
    bring_up_to_date,
    complete,
    reconciled,
    writer,
)


@click.command("apply")
@options.source_argument
@options.hosts_options
@options.take_over_option
@options.no_cache_option
@click.option("--wait", is_flag=True, help="Stay until batch has ended and services are ready.")
@click.option("--timeout", type=options.Duration(), help="Give up waiting after this long: 10m.")
@click.option(
    "--plan",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Do exactly what `plan --out FILE` has saved, or nothing if reality has moved.",
)
@options.quiet_option
@options.verbose_option
def command(
    source: options.Where,
    operator: options.Chosen,
    take_over: bool,
    afresh: bool,
    wait: bool,
    timeout: float | None,
    file: Path | None,
    quiet: bool,
    verbose: bool,
) -> Exit:
    """Make what runs agree with SOURCE, once.

    Returns when only the instances' own progress is awaited; with --wait, when every batch
    instance has ended and every service is ready.
    """
    place = _current(find(source, operator))
    bring_up_to_date(place.folder, place.project, "apply")
    saved = agreed.load(file, place) if file is not None else None
    snapshot, desired = session.to_apply(place)
    if saved is not None:
        agreed.refuse_other_revision(saved, desired)
    chosen = Options(
        verb="apply",
        state=place.state,
        policy=place.policy,
        take_over=take_over,
        afresh=afresh,
        open_engine=opener(place),
        open_bucket=bucket_opener(place.data),
        cache=place.data.cache,
        hosts=place.hosts,
        identities=place.identities,
        credentials=place.data.credentials,
    )
    with writer(place.source, desired, chosen) as opened:
        if saved is not None:
            agreed.hold_to(saved, opened, place, desired)
        speaker = teller(quiet=quiet, verbose=verbose)
        session.listen(opened, speaker)
        opened.apply_again()
        session.put_in_force(opened, snapshot)
        opened.give_hosts(place.hosts)
        until = session.heard(complete if wait else reconciled)
        ending = session.drive(opened, until, speaker, timeout)
        return _report(opened, place, ending, wait=wait)


def _current(place: Place) -> Place:
    """Return the place after a look at its remote, where it has one."""
    if not isinstance(place.written, options.Address):
        return place
    from reconciler.cli.remotes import looked_at  # noqa: PLC0415  # folders need no git

    return looked_at(place)


def _report(opened: Writer, place: Place, ending: Ending, *, wait: bool) -> Exit:
    core = opened.core
    if ending is Ending.CLAIM:
        raise Failure(opened.loop.claim_refusal, Exit.HELD)
    outcome.show(core)
    if wait:
        outcome.show_failures(opened, place)
    left = outcome.left_alone(core)
    session.warn_all([*outcome.waits_for_person(core), *outcome.obstacles(core), *left])
    if ending is Ending.HALTED:
        complain("not all is done; containers are left as they are")
        return Exit.FAILED
    code = outcome.code_of(core, wait=wait)
    if code is Exit.DONE and place.held():
        code = Exit.HELD
    if wait and on_terminal():
        outcome.show_outputs(opened)
    elif needs := needs_run(core):
        echo(needs)
    if on_terminal():
        _next(place)
    return code


def _next(place: Place) -> None:
    echo()
    for verb, what in (("status", "what runs, where and how it went"),
                       ("plan", "after an edit: what would change, and why")):  # fmt: skip
        echo(paint(f"next: {place.command(verb)}   {what}", dim=True))
