"""`stop`: end a task, an instance or a job in its present run, and leave it ended."""

import click

from reconciler.cli import options
from reconciler.cli.asking import Wish, ask, in_force, wait_until
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.options import Target
from reconciler.cli.place import Place, find, look
from reconciler.cli.targets import require, tasks_meant
from reconciler.cli.text import echo
from reconciler.controller.reading import Report
from reconciler.controller.writing import reconciled


@click.command("stop")
@options.target_or_job_argument
@options.source_option
@options.operator_options
@click.option("--discard", is_flag=True, help="Give up what is not stored of its results.")
@click.option("--timeout", type=options.Duration(), help="Give up waiting after this long: 1m.")
def command(
    target: Target,
    source: options.Where,
    operator: options.Chosen,
    timeout: float | None,
    *,
    discard: bool,
) -> Exit:
    """Stop TARGET, a TASK, TASK/INSTANCE or job/JOB, and wait until it has stopped.

    What is unfinished in this run stays so; `retry` of the same target, `rerun`, or a changed
    work goes on. Its results are stored as `onCancel` says, unless they are given up.
    """
    place = find(source, operator)
    desired = in_force(place)
    require(look(place), target)
    arguments = target.arguments() | ({"discard": True} if discard else {})
    wish = Wish(verb="stop", arguments=arguments, until=reconciled, timeout=timeout)
    message, carried_out_by = ask(place, desired, wish)
    echo(message)
    if carried_out_by is not None:
        _wait(place, target, timeout)
    return Exit.DONE


def _wait(place: Place, target: Target, timeout: float | None) -> None:
    if not wait_until(lambda: not _alive(look(place), target), timeout):
        raise Failure(f"{target} is asked to stop, and has not stopped yet")


def _alive(report: Report, target: Target) -> bool:
    names = tasks_meant(report, target)
    return any(
        container.occupies
        for view in report.observed.nodes.values()
        for container in view.containers.values()
        if container.key.task in names and target.instance in {None, container.key.instance}
    )
