"""`suspend`: nothing new is created for a task, a job or everything."""

import click

from reconciler.cli import options
from reconciler.cli.asking import Wish, ask, in_force, jot, wait_until
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.place import Place, find, look
from reconciler.cli.suspending import Moment, target_options
from reconciler.cli.text import echo
from reconciler.controller.reading import Report
from reconciler.controller.writing import reconciled
from reconciler.planning.suspending import suspense_of


@click.command("suspend")
@target_options
@click.option("--until", type=Moment(), metavar="TIME",
              help="End by itself then: 18:00, or 2026-12-24T18:00.")  # fmt: skip
@click.option("--for", "lasting", type=options.Duration(), metavar="DURATION",
              help="End by itself after this long: 2h.")  # fmt: skip
@click.option("--reason", default="", metavar="TEXT", help="Why, for others to read.")
@click.option("--stop", is_flag=True, help="Stop what runs of batch; it counts for nothing.")
@options.source_option
@options.operator_options
def command(
    target: str,
    until: float | None,
    lasting: float | None,
    reason: str,
    stop: bool,
    source: options.Where,
    operator: options.Chosen,
) -> Exit:
    """Create nothing new for TASK, for a job's tasks, or for all, until `resume`.

    What runs goes on; with --stop batch instances are stopped, and get another attempt after
    `resume`. Services stay.
    """
    if until is not None and lasting is not None:
        raise click.UsageError("--until and --for both say when it ends; give one")
    place = find(source, operator)
    end: dict[str, object] = {"lasting": lasting} if lasting else {"until": until or 0.0}
    arguments = {"target": target, **end, "reason": reason, "stop": stop}
    if not stop:
        echo(jot(place, "suspend", arguments))
        return Exit.DONE
    wish = Wish(verb="suspend", arguments=arguments, until=reconciled)
    message, carried_out_by = ask(place, in_force(place), wish)
    echo(message)
    if carried_out_by is not None:
        _wait(place)
    return Exit.DONE


def _wait(place: Place) -> None:
    if not wait_until(lambda: not _stopping(look(place)), None):
        raise Failure("not everything has stopped yet")


def _stopping(report: Report) -> bool:
    """Whether batch instances that are to stop have not stopped yet."""
    stopped = {
        task.name
        for task in report.desired.tasks.values()
        if not task.service
        and (suspense := suspense_of(report.history, task, report.at)) is not None
        and suspense.stop
    }
    views = report.observed.nodes.values()
    seen = (container for view in views for container in view.containers.values())
    return any(c.occupies and c.key.task in stopped for c in seen)
