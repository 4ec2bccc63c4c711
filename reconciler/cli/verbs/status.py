"""`status`: where every task and instance stands."""

import json
from collections.abc import Iterable

import click

from reconciler.cli import options, status_output
from reconciler.cli.place import Place, find, look
from reconciler.cli.standing import standings
from reconciler.cli.text import echo, on_terminal
from reconciler.cli.waiting import looks
from reconciler.controller.reading import Report

_WATCH_SECONDS = 1.0


@click.command("status")
@options.source_argument
@options.operator_options
@options.format_option
@click.option("-w", "--watch", is_flag=True, help="Go on showing it, until Ctrl-C.")
def command(source: options.Where, operator: options.Chosen, form: str, watch: bool) -> None:
    """Show where every task of SOURCE stands, by the revision that is in force.

    With --watch as a table that moves, or with --format json a line whenever it has changed.
    """
    if watch and form != "json" and not on_terminal():
        raise click.UsageError("--watch is for a terminal, or for --format json")
    place = find(source, operator)
    report = look(place)
    if watch and report.recorded:
        _watch(place, form)
        return
    if form == "json":
        echo(json.dumps(status_output.as_json(report), indent=2, ensure_ascii=False))
        return
    status_output.warn(report)
    for line in status_output.as_text(report):
        echo(line)


def _watch(place: Place, form: str) -> None:
    reports = looks(place, every=_WATCH_SECONDS)
    if form == "json":
        _print_changes(reports)
        return
    from rich.console import Group  # noqa: PLC0415  # only a terminal needs it
    from rich.live import Live  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415  # as above

    from reconciler.cli.table import line_of, table  # noqa: PLC0415  # as above

    with Live(auto_refresh=False) as live:
        for report in reports:
            head = [Text.from_ansi(line) for line in status_output.head(report)]
            found = [
                line_of(one.name, one.task, one.verdicts, report.glimpses)
                for one in standings(report)
            ]
            live.update(Group(*head, "", table(found)), refresh=True)


def _print_changes(reports: Iterable[Report]) -> None:
    before = ""
    for report in reports:
        said = json.dumps(_timeless(status_output.as_json(report)))
        if said != before:
            echo(json.dumps(status_output.as_json(report), ensure_ascii=False))
        before = said


def _timeless(said: object) -> object:
    """Return a value without what changes by time alone."""
    if isinstance(said, dict):
        return {k: _timeless(v) for k, v in said.items() if k != "wallSeconds"}
    return [_timeless(item) for item in said] if isinstance(said, list) else said
