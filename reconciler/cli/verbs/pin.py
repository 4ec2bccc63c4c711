"""`pin`: a revision stays in force, whatever the source says."""

import click

from reconciler.cli import options
from reconciler.cli.asking import jot
from reconciler.cli.place import find
from reconciler.cli.text import echo
from reconciler.ledger import holder


@click.command("pin")
@click.argument("revision", metavar="REV")
@options.source_option
@options.operator_options
def command(revision: str, source: options.Where, operator: options.Chosen) -> None:
    """Stay on the revision REV, or one that begins so, until `unpin`.

    `history` lists the revisions; the last valid ones are kept, so that the source need not have
    them any more. A live `run` goes to it at once; without one, the next `apply` or `run` does.
    """
    place = find(source, operator)
    echo(jot(place, "pin", {"revision": revision}))
    if holder(place.folder) is None:
        echo(f"`{place.command('apply')}` brings it about")
