"""`wait`: until batch has ended and services are ready."""

import time
from collections.abc import Sequence

import click

from reconciler.cli import options
from reconciler.cli.exits import Exit
from reconciler.cli.options import Target
from reconciler.cli.place import Place, find, look
from reconciler.cli.targets import require
from reconciler.cli.text import COLOURS, columns, complain, echo, json_text, length
from reconciler.cli.waiting import Awaited, wait


@click.command("wait")
@click.argument("target", type=options.TargetType(jobs=True), required=False)
@options.source_option
@options.operator_options
@options.format_option
@click.option("--timeout", type=options.Duration(), help="Give up waiting after this long: 10m.")
def command(
    target: Target | None,
    source: options.Where,
    operator: options.Chosen,
    form: str,
    timeout: float | None,
) -> Exit:
    """Wait until TARGET, a TASK, TASK/INSTANCE or job/JOB, has ended, or without one everything.

    A service is waited for until it is ready. Exit code 0 where all went well, else 1.
    """
    place = find(source, operator)
    if target is not None:
        require(look(place), target)
    began = time.monotonic()
    found = wait(place, target, timeout)
    _tell(place, found, form, time.monotonic() - began)
    if not all(one.over for one in found):
        complain(f"not over within {length(timeout or 0.0)}")
    return Exit.DONE if all(one.good for one in found) else Exit.FAILED


def _tell(place: Place, found: Sequence[Awaited], form: str, seconds: float) -> None:
    if form == "json":
        echo(json_text(as_json(place.project, found, seconds)))
        return
    for line in columns([(one.target, one.state, one.reason) for one in found], {1: COLOURS}):
        echo(line)


def as_json(project: str, found: Sequence[Awaited], seconds: float) -> dict[str, object]:
    """Return the answer for machines: schemas/output/wait.json."""
    return {
        "project": project,
        "ended": all(one.over for one in found),
        "succeeded": all(one.good for one in found),
        "seconds": round(seconds, 3),
        "targets": [
            {
                "target": one.target,
                "state": one.state,
                "reason": one.reason,
                "ended": one.over,
                "succeeded": one.good,
            }
            for one in found
        ],
    }
