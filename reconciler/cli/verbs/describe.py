"""`describe`: everything there is to know of a task or an instance."""

import json

import click

from reconciler.cli import options
from reconciler.cli.describing import describe_instance, describe_task
from reconciler.cli.options import Target
from reconciler.cli.outline import outline
from reconciler.cli.place import find, look
from reconciler.cli.targets import require
from reconciler.cli.text import echo


@click.command("describe")
@options.target_argument
@options.source_option
@options.operator_options
@options.format_option
def command(target: Target, source: options.Where, operator: options.Chosen, form: str) -> None:
    """Show all of TARGET: a TASK with its effective spec and runs, or a TASK/INSTANCE."""
    report = look(find(source, operator))
    require(report, target)
    describe = describe_task if target.instance is None else describe_instance
    said = describe(report, target)
    if form == "json":
        echo(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        for line in outline(said):
            echo(line)
