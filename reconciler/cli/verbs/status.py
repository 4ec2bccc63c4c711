"""`status`: where every task and instance stands."""

import json

import click

from reconciler.cli import options, status_output
from reconciler.cli.place import find, look
from reconciler.cli.text import echo


@click.command("status")
@options.source_argument
@options.operator_options
@options.format_option
def command(source: options.Where, operator: options.Chosen, form: str) -> None:
    """Show where every task of SOURCE stands, by the revision that is in force."""
    report = look(find(source, operator))
    if form == "json":
        echo(json.dumps(status_output.as_json(report), indent=2, ensure_ascii=False))
        return
    status_output.warn(report)
    for line in status_output.as_text(report):
        echo(line)
