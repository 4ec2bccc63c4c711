"""`history`: the revisions of the source and what became of each, or the runs of a target."""

from pathlib import Path

import click

from reconciler.cli import history_output, options, past_output, timeline
from reconciler.cli.exits import Exit
from reconciler.cli.options import Target
from reconciler.cli.past import runs_of
from reconciler.cli.place import find, look
from reconciler.cli.targets import or_job, require
from reconciler.cli.text import echo, json_text
from reconciler.controller.reading import Report


@click.command("history")
@click.argument("target", type=options.TargetType(jobs=True), required=False)
@options.source_option
@options.operator_options
@options.format_option
@click.option("--tail", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
              help="Only the last N revisions, or runs of each task.")  # fmt: skip
@click.option("--lines", type=click.IntRange(min=0), default=3, show_default=True, metavar="N",
              help="Of each attempt, the last N lines that it printed.")  # fmt: skip
@click.option("--timeline", "picture", type=click.Path(path_type=Path, dir_okay=False),
              metavar="FILE",
              help="Draw the runs and attempts over time: an SVG picture.")  # fmt: skip
def command(
    target: Target | None,
    source: options.Where,
    operator: options.Chosen,
    form: str,
    tail: int,
    lines: int,
    picture: Path | None,
) -> Exit:
    """List the revisions in the order seen, or the runs and attempts of TARGET.

    TARGET is a TASK, TASK/INSTANCE or job/JOB; a JOB's own name will do where no task has it.
    """
    report = look(find(source, operator))
    if target is None and picture is None:
        _tell_revisions(report, form, tail)
        return Exit.DONE
    if target is not None:
        target = or_job(report, target)
        require(report, target)
    if picture is not None:
        _draw(report, target, tail, picture)
    elif target is not None:
        _tell_runs(report, target, form, tail, lines)
    return Exit.DONE


def _tell_revisions(report: Report, form: str, tail: int) -> None:
    if form == "json":
        echo(json_text(history_output.as_json(report, tail)))
        return
    for line in history_output.as_text(report, tail):
        echo(line)


def _tell_runs(report: Report, target: Target, form: str, tail: int, lines: int) -> None:
    runs = runs_of(report, target, tail, lines)
    if form == "json":
        echo(json_text(past_output.as_json(report, str(target), runs)))
        return
    for line in past_output.as_text(report, runs):
        echo(line)


def _draw(report: Report, target: Target | None, tail: int, picture: Path) -> None:
    title = f"{report.desired.project}: {target or 'all tasks'}"
    drawn = timeline.draw(title, runs_of(report, target, tail), report.at)
    picture.write_text(drawn, "utf-8")
    echo(f"drawn in {picture}")
