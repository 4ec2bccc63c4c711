"""`backup`: a copy of the ledger, whether or not somebody writes it."""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.place import find
from reconciler.cli.text import echo
from reconciler.ledger import back_up


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@options.source_option
@options.operator_options
def command(file: Path, source: options.Where, operator: options.Chosen) -> None:
    """Copy the ledger to FILE, which must not exist yet.

    The ledger holds what has completed, and all else that is on record: it is what keeps finished
    work from running again. A live `run` is not disturbed. `restore` puts a copy back.
    """
    place = find(source, operator)
    back_up(place.folder, file)
    echo(f"the ledger of project {place.project} is copied to {file}")
