"""`unpin`: the source decides again."""

import click

from reconciler.cli import options
from reconciler.cli.asking import jot
from reconciler.cli.place import find
from reconciler.cli.text import echo


@click.command("unpin")
@options.source_option
@options.operator_options
def command(source: options.Where, operator: options.Chosen) -> None:
    """Follow the source again: at once under a live `run`, else with the next `apply` or `run`."""
    place = find(source, operator)
    echo(jot(place, "unpin", {}))
