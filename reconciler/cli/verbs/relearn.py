"""`relearn`: a person confirms that what Docker shows is all there is to know."""

import click

from reconciler.cli import options, outcome
from reconciler.cli.asking import Wish, ask, in_force
from reconciler.cli.place import find
from reconciler.cli.text import echo
from reconciler.controller.writing import Writer, reconciled


@click.command("relearn")
@options.source_argument
@options.operator_options
def command(source: options.Where, operator: options.Chosen) -> None:
    """Go on after the ledger was lost: what Docker shows counts, the rest begins anew."""
    place = find(source, operator)
    wish = Wish(verb="relearn", arguments={}, until=reconciled, afterwards=_show)
    echo(ask(place, in_force(place), wish)[0])


def _show(opened: Writer) -> None:
    outcome.show(opened.core)
