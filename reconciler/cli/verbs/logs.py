"""`logs`: what instances print, while their containers exist and after."""

import click

from reconciler.cli import options
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.following import Follower, expired, newest, read, unstarted
from reconciler.cli.options import Target
from reconciler.cli.output import Output
from reconciler.cli.place import find, look
from reconciler.cli.standing import values_of
from reconciler.cli.targets import known_instances, require
from reconciler.cli.text import complain
from reconciler.controller.reading import Report
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.plain import one_line
from reconciler.planning.numbering import worded


@click.command("logs")
@options.target_argument
@options.source_option
@options.operator_options
@options.format_option
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until all has ended.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="Of the newest run.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines.")
def command(
    target: Target,
    source: options.Where,
    operator: options.Chosen,
    form: str,
    follow: bool,
    attempt: int | None,
    tail: int | None,
) -> Exit:
    """Show what TARGET, a TASK or TASK/INSTANCE, has printed in its newest attempt.

    Of a task with several instances each line begins with `INSTANCE | `, and with what the
    instance sees of a matrix.
    """
    if follow and attempt is not None:
        raise click.UsageError("--follow goes on with the newest attempt: leave out --attempt")
    place = find(source, operator)
    report = look(place)
    require(report, target)
    output = Output(form, {})

    def meant(seen: Report) -> list[InstanceKey]:
        keys = _keys(seen, target)
        if target.instance is None and len(keys) > 1:
            output.names = {key.instance: _name(seen, key) for key in keys}
        return keys

    if follow:
        Follower(lambda: look(place), target, output, tail).run(meant)
    else:
        for key in meant(report):
            _print(report, key, attempt, tail, output)
    return Exit.DONE


def _name(report: Report, key: InstanceKey) -> str:
    """Return what tells an instance from the others of its task."""
    return one_line(f"{key.instance} {worded(values_of(report, key))}".rstrip())


def _print(
    report: Report, key: InstanceKey, attempt: int | None, tail: int | None, output: Output
) -> None:
    meant = newest(report, key)
    if meant is None:
        complain(unstarted(report, key))
        return
    if attempt is not None:
        meant = _numbered(report, meant, attempt)
    if gone := expired(report, meant):
        complain(gone)
    for chunk in read(report, meant, tail):
        output.feed(meant, chunk)
    output.end(meant)


def _numbered(report: Report, newest_one: AttemptKey, attempt: int) -> AttemptKey:
    meant = AttemptKey(newest_one.key, newest_one.run, attempt)
    if report.history.attempt(meant) is None:
        raise Failure(
            f"{meant.key} has no attempt {attempt} in run {meant.run}; "
            f"the newest is {newest_one.attempt}"
        )
    return meant


def _keys(report: Report, target: Target) -> list[InstanceKey]:
    numbers = known_instances(report, target.task) if target.instance is None else [target.instance]
    return [InstanceKey(target.task, number) for number in numbers]
