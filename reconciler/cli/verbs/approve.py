"""`approve`: a person allows what the hold keeps back."""

import click

from reconciler.cli import options, outcome
from reconciler.cli.asking import Wish, ask, in_force
from reconciler.cli.place import find
from reconciler.cli.text import echo
from reconciler.controller.writing import Writer, reconciled


@click.command("approve")
@options.source_argument
@options.operator_options
def command(source: options.Where, operator: options.Chosen) -> None:
    """Allow what is held back in the revision that is in force, and carry it out."""
    place = find(source, operator)
    desired = in_force(place)
    wish = Wish(
        verb="approve", arguments={"revision": desired.revision}, until=reconciled, afterwards=_show
    )
    echo(ask(place, desired, wish)[0])


def _show(opened: Writer) -> None:
    outcome.show(opened.core)
