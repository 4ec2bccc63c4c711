"""What `retry` and `rerun` have in common: who carries it out, and what is told of it."""

from reconciler.cli import outcome
from reconciler.cli.asking import Wish, ask, in_force
from reconciler.cli.exits import Exit
from reconciler.cli.needs import needs_run
from reconciler.cli.options import Chosen, Target, Where
from reconciler.cli.place import find, look
from reconciler.cli.targets import require
from reconciler.cli.text import echo
from reconciler.controller.writing import Writer, reconciled


def again(verb: str, target: Target, source: Where, chosen: Chosen, timeout: float | None) -> Exit:
    """Have a target go on: by the process that writes, else here, until only it is awaited."""
    place = find(source, chosen)
    desired = in_force(place)
    require(look(place), target)
    wish = Wish(
        verb=verb,
        arguments=target.arguments(),
        until=reconciled,
        timeout=timeout,
        afterwards=_show,
    )
    echo(ask(place, desired, wish)[0])
    return Exit.DONE


def _show(opened: Writer) -> None:
    outcome.show(opened.core)
    if needs := needs_run(opened.core):
        echo(needs)
