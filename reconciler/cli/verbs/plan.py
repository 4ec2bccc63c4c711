"""`plan`: what apply would do, and why; or what one revision would change in another."""

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli import options
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.text import complain, echo, json_text

if TYPE_CHECKING:
    from reconciler.cli.place import Place
    from reconciler.controller.preview import Preview
    from reconciler.model.policy import Policy

_FORMATS: Final = ["text", "json", "markdown"]


def _below(_: click.Context, __: click.Parameter, path: PurePosixPath) -> PurePosixPath:
    if path.is_absolute() or ".." in path.parts:
        raise click.BadParameter("give a folder below SOURCE, such as jobs/nightly")
    return path


@click.command("plan")
@options.source_argument
@options.hosts_options
@options.as_git_option
@options.no_cache_option
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="Text is for people, markdown for a pull request's comment; JSON is stable.",
)
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit with 2 if there is something to do now, 3 if all of it is held.",
)
@click.option("--from", "older", metavar="REV", help="Compare this git revision with --to.")
@click.option("--to", "newer", metavar="REV", help="By default, the folder as it is on disk.")
@click.option(
    "--path",
    "below",
    type=click.Path(path_type=PurePosixPath),
    default=PurePosixPath(),
    callback=_below,
    metavar="SUB",
    help="With --from: the folder below SOURCE to compare; it need not exist today.",
)
@click.option(
    "--out",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save the plan as well: `apply --plan FILE` does exactly that, or nothing.",
)
def command(
    source: Path,
    operator: options.Chosen,
    as_git: bool,
    afresh: bool,
    form: str,
    exit_code: bool,
    older: str | None,
    newer: str | None,
    below: PurePosixPath,
    file: Path | None,
) -> Exit:
    """Show what `apply` would do to make what runs agree with SOURCE, and why.

    Takes no lock and changes nothing. What depends on outcomes to come is shown as if all
    succeed, and marked.

    With --from, show what one revision of SOURCE would change in another, with no engine: both
    are read from the git repository that SOURCE lies in.
    """
    if older is not None:
        if file is not None:
            raise click.UsageError("--out saves what is to be done now, and --from compares")
        if operator.nodes is not None:
            raise click.UsageError("--nodes is for what is to be done now, and --from compares")
        from reconciler.cli.operator import consult, policy_of  # noqa: PLC0415  # as below

        policy = policy_of(consult(operator, source), operator, source, as_git=as_git)
        return _compare(source, below, (older, newer or ""), policy, form, exit_code=exit_code)
    if newer is not None or below != PurePosixPath():
        option = "--path" if newer is None else "--to"
        raise click.UsageError(f"{option} says what to compare with: give --from REV as well")
    from reconciler.cli.place import find  # noqa: PLC0415  # a comparison needs none of it

    place = find(source, operator, as_git=as_git)
    return _foresee(place, form, file, exit_code=exit_code, afresh=afresh)


def _foresee(
    place: "Place", form: str, file: Path | None, *, exit_code: bool, afresh: bool
) -> Exit:
    from reconciler.cli import agreed, session  # noqa: PLC0415  # a comparison needs none of these
    from reconciler.cli.foresight import foresee  # noqa: PLC0415  # as above
    from reconciler.cli.plan_output import live, markdown  # noqa: PLC0415  # as above

    _, desired = session.to_apply(place)
    seen = foresee(place, desired, afresh=afresh)
    desired = seen.desired
    if seen.blind:
        raise Failure(f"nothing could be looked at: {'; '.join(seen.unknown)}")
    if not seen.recorded:
        complain(f"there is no ledger in {place.folder} yet: nothing is known of earlier runs")
    if file is not None:
        agreed.save(file, place, desired, seen)
    notes = [*seen.unknown, *seen.refusals]
    notes += [f"{task}: {why}" for task, why in live.kept(seen.preview).items()]
    session.warn_all(notes)
    if form == "json":
        echo(json_text(live.as_json(desired, seen.preview)))
    elif form == "markdown":
        echo(markdown.of_preview(desired, seen.preview, notes))
    else:
        for line in live.as_text(desired, seen.preview):
            echo(line)
    return _code_of(seen.preview) if exit_code else Exit.DONE


def _compare(  # what the options say, each named
    source: Path,
    below: PurePosixPath,
    names: tuple[str, str],
    policy: "Policy",
    form: str,
    *,
    exit_code: bool,
) -> Exit:
    from reconciler.cli.comparing import compared  # noqa: PLC0415  # a live plan needs none
    from reconciler.cli.plan_output import comparison, markdown  # noqa: PLC0415  # as above

    made = compared(source, below, names, policy)
    if form == "json":
        echo(json_text(comparison.as_json(made)))
    elif form == "markdown":
        echo(markdown.of_comparison(made))
    else:
        for line in comparison.as_text(made):
            echo(line)
    changes = exit_code and not made.comparison.empty
    return Exit.CHANGES if changes else Exit.DONE


def _code_of(seen: "Preview") -> Exit:
    if seen.now:
        return Exit.CHANGES
    return Exit.HELD if seen.holds else Exit.DONE
