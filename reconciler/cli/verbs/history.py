"""`history`: the revisions of the source, and what became of each."""

import click

from reconciler.cli import history_output, options
from reconciler.cli.place import find, look
from reconciler.cli.text import echo, json_text


@click.command("history")
@options.source_option
@options.operator_options
@options.format_option
@click.option("--tail", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
              help="Only the last N revisions.")  # fmt: skip
def command(source: options.Where, operator: options.Chosen, form: str, tail: int) -> None:
    """List the revisions in the order seen: whether valid, what each brought about, how soon."""
    report = look(find(source, operator))
    if form == "json":
        echo(json_text(history_output.as_json(report, tail)))
        return
    for line in history_output.as_text(report, tail):
        echo(line)
