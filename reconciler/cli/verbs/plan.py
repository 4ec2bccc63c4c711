"""`plan`: what apply would do, and why, without doing any of it."""

import json
from pathlib import Path

import click

from reconciler.cli import options, plan_output, session
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.foresight import foresee
from reconciler.cli.place import find
from reconciler.cli.text import complain, echo
from reconciler.controller.preview import Preview


@click.command("plan")
@options.source_argument
@options.operator_options
@options.as_git_option
@options.format_option
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit with 2 if there is something to do now, 3 if all of it is held.",
)
def command(
    source: Path, operator: options.Chosen, as_git: bool, form: str, exit_code: bool
) -> Exit:
    """Show what `apply` would do to make what runs agree with SOURCE, and why.

    Takes no lock and changes nothing. What depends on outcomes to come is shown as if all
    succeed, and marked.
    """
    place = find(source, operator, as_git=as_git)
    _, desired = session.read_valid(place)
    seen = foresee(place, desired)
    if seen.blind:
        raise Failure(f"nothing could be looked at: {'; '.join(seen.unknown)}")
    if not seen.recorded:
        complain(f"there is no ledger in {place.folder} yet: nothing is known of earlier runs")
    session.warn_all([*seen.unknown, *seen.refusals])
    if form == "json":
        echo(json.dumps(plan_output.as_json(desired, seen.preview), indent=2, ensure_ascii=False))
    else:
        for line in plan_output.as_text(desired, seen.preview):
            echo(line)
    return _code_of(seen.preview) if exit_code else Exit.DONE


def _code_of(seen: Preview) -> Exit:
    if seen.now:
        return Exit.CHANGES
    return Exit.HELD if seen.holds else Exit.DONE
