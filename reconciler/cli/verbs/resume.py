"""`resume`: a suspension is over."""

import click

from reconciler.cli import options
from reconciler.cli.asking import jot
from reconciler.cli.place import find
from reconciler.cli.suspending import target_options
from reconciler.cli.text import echo
from reconciler.ledger import holder


@click.command("resume")
@target_options
@options.source_option
@options.operator_options
def command(target: str, source: options.Where, operator: options.Chosen) -> None:
    """End the suspension of TASK, of a job, or with --all every one.

    What a manifest suspends stays so until the manifest says otherwise.
    """
    place = find(source, operator)
    echo(jot(place, "resume", {"target": target}))
    if holder(place.folder) is None:
        echo(f"nobody runs this project now; `{place.command('apply')}` goes on")
