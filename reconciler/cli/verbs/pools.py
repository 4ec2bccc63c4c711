"""`pools`: the pools with their slots, and which scaling policy applies."""

import json

import click

from reconciler.cli import options, pools_output
from reconciler.cli.place import find, look
from reconciler.cli.status_output import warn
from reconciler.cli.text import echo


@click.command("pools")
@options.source_option
@options.operator_options
@options.format_option
def command(source: options.Where, operator: options.Chosen, form: str) -> None:
    """List the pools: how many slots each is to have and why, and what each slot is doing."""
    report = look(find(source, operator))
    if form == "json":
        echo(json.dumps(pools_output.as_json(report), indent=2, ensure_ascii=False))
        return
    warn(report)
    for line in pools_output.as_text(report):
        echo(line)
