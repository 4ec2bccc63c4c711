"""`events`: the reconciler's own log, from the ledger."""

import json
import time
from collections.abc import Sequence

import click

from reconciler.cli import lines, options
from reconciler.cli.exits import Exit
from reconciler.cli.place import find
from reconciler.cli.text import echo
from reconciler.ledger import Ledger, LogEntry

_POLL_SECONDS = 0.5


@click.command("events")
@options.source_argument
@options.operator_options
@options.format_option
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens, until Ctrl-C.")
@click.option("--tail", type=click.IntRange(min=0), default=100, show_default=True, metavar="N",
              help="Begin with the last N entries.")  # fmt: skip
@click.option("--task", metavar="TASK", help="Only what concerns this task.")
def command(
    source: options.Where,
    operator: options.Chosen,
    form: str,
    follow: bool,
    tail: int,
    task: str | None,
) -> Exit:
    """Show what the reconciler of SOURCE did, decided and met; JSON is one object a line."""
    place = find(source, operator)
    with Ledger.open(place.folder, write=False, project=place.project) as ledger:
        version = ledger.data_version()
        newest = ledger.last_events(1)
        last = newest[-1].id if newest else 0
        shown = ledger.last_events(tail, task) if tail else []
        # What came in between is shown with what follows.
        _print([entry for entry in shown if not follow or entry.id <= last], form)
        while follow:
            time.sleep(_POLL_SECONDS)
            if version == (version := ledger.data_version()):
                continue
            fresh = ledger.events(last, task=task)
            _print(fresh, form)
            last = fresh[-1].id if fresh else last
    return Exit.DONE


def _print(entries: Sequence[LogEntry], form: str) -> None:
    now = time.time()
    for entry in entries:
        if form == "json":
            echo(json.dumps(lines.as_json(entry), ensure_ascii=False))
        else:
            echo(lines.as_text(entry, now))
