"""`reconcile`: whoever keeps the project so looks at everything now."""

import click

from reconciler.cli import options
from reconciler.cli.asking import Wish, pass_on
from reconciler.cli.exits import Failure
from reconciler.cli.place import find
from reconciler.cli.text import echo
from reconciler.ledger import holder


@click.command("reconcile")
@options.source_argument
@options.operator_options
def command(source: options.Where, operator: options.Chosen) -> None:
    """Have the live `run` of SOURCE read its source, look at every node and plan everything, now.

    What engines refused before is tried again at once.
    """
    place = find(source, operator)
    writer = holder(place.folder)
    if writer is None:
        raise Failure(
            f"nobody runs this project now: `{place.command('apply')}` makes one pass, "
            f"`{place.command('run')}` goes on"
        )
    wish = Wish(verb="reconcile", arguments={}, until=lambda _: True)
    echo(pass_on(place, wish, writer)[0])
