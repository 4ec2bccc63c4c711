"""`restore`: the ledger as a copy has it, in the place of what is there."""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.place import find
from reconciler.cli.text import echo
from reconciler.ledger import Lock, prepare_state_folder, restore


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@options.source_option
@options.operator_options
def command(file: Path, source: options.Where, operator: options.Chosen) -> None:
    """Put the copy FILE, made by `backup`, in the place of the ledger.

    The ledger that is there is kept beside it under another name. The copy knows nothing of what
    happened since it was made: what Docker still shows is learned again, and no batch work begins
    until `relearn` confirms that this is all.
    """
    place = find(source, operator)
    folder = prepare_state_folder(place.folder)
    with Lock.take(folder, "restore"):
        kept = restore(folder, file, place.project)
    echo(f"the ledger of project {place.project} is as in {file}")
    if kept is not None:
        echo(f"what it was before is kept as {kept}")
    echo(
        f"`{place.command('apply')}` learns what Docker shows; `relearn` then lets batch work go on"
    )
